//! Where banks may be: pretend banks on this machine, real ones elsewhere.

use super::InvalidPayoutOption;
use std::net::IpAddr;

/// Requires a literal loopback address: a name could be made to point elsewhere.
pub(super) fn check_loopback(url: &str) -> Result<(), InvalidPayoutOption> {
    let wrong = || InvalidPayoutOption::NotLoopback(url.to_owned());
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    let loopback = is_loopback(&parsed);
    let plain = parsed.scheme() == "http" && parsed.username().is_empty() && parsed.path().ends_with('/');
    if loopback && plain { Ok(()) } else { Err(wrong()) }
}

/// Requires TLS and a host that is not this machine: no pretend bank pays LIVE books.
pub(super) fn check_remote(url: &str) -> Result<(), InvalidPayoutOption> {
    let wrong = || InvalidPayoutOption::NotRemote(url.to_owned());
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    let here = is_this_machine(&parsed);
    let secure = parsed.scheme() == "https" && parsed.username().is_empty() && parsed.path().ends_with('/') && parsed.query().is_none();
    if secure && !here { Ok(()) } else { Err(wrong()) }
}

/// Whether the host is a literal loopback address.
pub(super) fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the host is this machine, by address or by name.
pub(super) fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.ends_with(".localhost") || is_loopback(url)
}
