//! Where the counterparts of a sandbox listen.
use reqwest::Url;
use std::net::IpAddr;

/// The counterparts' addresses: `http://` with a host of this machine, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxAddresses {
    bank: String,
    store: String,
    webhooks: String,
}

impl SandboxAddresses {
    /// The pretend bank's address, the pretend stores', and where stores report: the installation's own HTTP listener. The error names the one that is not on this
    /// machine, or is none: what is pretended there must never reach a bank or a store that is real.
    pub fn try_new(bank: &str, store: &str, webhooks: &str) -> Result<Self, String> {
        let of = |name: &str, address: &str| on_this_machine(address).map_err(|why| format!("{name} {address:?}: {why}"));
        Ok(Self {
            bank: of("the bank's address", bank)?,
            store: of("the stores' address", store)?,
            webhooks: of("the address for webhooks", webhooks)?,
        })
    }

    pub(crate) fn bank(&self, path: &str) -> String {
        format!("{}{path}", self.bank)
    }

    pub(crate) fn store(&self, path: &str) -> String {
        format!("{}{path}", self.store)
    }

    /// Where a store reports.
    pub(crate) fn webhook(&self, store: &str) -> String {
        format!("{}/webhooks/store/{store}", self.webhooks)
    }
}

/// The address without a slash at its end.
fn on_this_machine(address: &str) -> Result<String, &'static str> {
    let url = Url::parse(address).map_err(|_| "is not an address such as http://127.0.0.1:7072")?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_here {
        return Err("is not on this machine; only a sandbox on 127.0.0.1, ::1 or localhost is driven");
    }
    let is_bare = url.scheme() == "http" && url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !is_bare || url.path() != "/" || url.fragment().is_some() {
        return Err("must be http:// with host and port, and nothing else");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
