//! The peer of a connection, as its certificate names it, and whether a token may be used there.
use super::Config;
use crate::{
    connection::{ConnectionUse, counted_address},
    errors,
};
use identity::Principal;
use rustls::pki_types::CertificateDer;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The peer of a call's connection; in the extensions of every request.
#[derive(Debug, Clone)]
pub enum Peer {
    /// A client of this process, without a connection.
    Here,
    /// A client over a socket.
    Remote {
        /// Its address.
        address: SocketAddr,
        /// The names in its certificate, which one of our CAs signed. `None`: it showed none.
        names: Option<Arc<[String]>>,
        /// The connection's state, shared by its calls.
        connection: Arc<ConnectionUse>,
    },
}

impl Peer {
    /// The address that limits per address count, which of IPv6 is its network; `None` for a client of this process.
    #[must_use]
    pub fn counted_address(&self) -> Option<IpAddr> {
        self.remote().map(|(address, _)| address)
    }

    /// Cancelled when the connection is asked to close, also because the process is about to stop: an answer without an end then ends itself.
    #[must_use]
    pub fn ending(&self) -> CancellationToken {
        self.remote().map(|(_, connection)| connection.ending()).unwrap_or_default()
    }

    /// Its address and connection; `None` for a client of this process.
    pub(crate) fn remote(&self) -> Option<(IpAddr, &Arc<ConnectionUse>)> {
        match self {
            Self::Here => None,
            Self::Remote { address, connection, .. } => Some((counted_address(address.ip()), connection)),
        }
    }
}

/// The names of a certificate: URIs and DNS names, and its common name as `CN=`.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> Arc<[String]> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Arc::default() };
    let mut found = Vec::new();
    if let Ok(Some(alternatives)) = parsed.subject_alternative_name() {
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::URI(uri) => found.push((*uri).to_owned()),
                GeneralName::DNSName(name) => found.push((*name).to_owned()),
                _ => {}
            }
        }
    }
    found.extend(parsed.subject().iter_common_name().filter_map(|name| Some(format!("CN={}", name.as_str().ok()?))));
    found.into()
}

/// Refuses a token that needs a certificate if the connection's certificate does not allow it: a stolen token alone is then worthless.
pub(crate) fn check(config: Option<&Config>, principal: &Principal, peer: Option<&Peer>) -> Result<(), Status> {
    let Some(config) = config.filter(|config| config.checks_clients() && config.certificate_roles.contains(&principal.role)) else {
        return Ok(());
    };
    let names = match peer {
        Some(Peer::Here) => return Ok(()),
        Some(Peer::Remote { names: Some(names), .. }) => names,
        Some(Peer::Remote { names: None, .. }) | None => {
            return Err(refused("missing", "a token with this role needs a client certificate", principal));
        }
    };
    let mut known = config.clients.iter().filter(|client| names.contains(&client.identity)).peekable();
    if known.peek().is_none() {
        return Err(refused("unknown", "the client certificate belongs to no configured client", principal));
    }
    let allowed = known.any(|client| {
        client.role == principal.role
            && (client.subjects.is_empty() || client.subjects.iter().any(|subject| subject == principal.subject.as_str()))
    });
    if allowed { Ok(()) } else { Err(refused("another", "this client certificate may not use the token", principal)) }
}

fn refused(word: &str, why: &str, principal: &Principal) -> Status {
    let facts = [("certificate", word.to_owned()), ("role", principal.role.to_string())];
    errors::refused(Code::Unauthenticated, "UNAUTHENTICATED", why.to_owned(), &facts)
}
