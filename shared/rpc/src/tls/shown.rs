//! Certificates that callers of an HTTP listener show, for services that know a caller by its certificate and not by a token.
use super::{files, peer};
use crate::Error;
use rustls::{
    pki_types::{CertificateDer, UnixTime},
    server::WebPkiClientVerifier,
};
use std::{path::Path, sync::Arc};

/// Whether a PEM file has certificates of authorities that can be used; the error says what is wrong.
pub fn check_authorities(ca: &Path) -> Result<(), Error> {
    files::roots(ca).map(drop)
}

/// The certificates that a caller showed, its own first; none if it showed none. The caller has the key of the first, and one of the listener's authorities
/// vouches for it: which one, [`Self::is_vouched_for_by`] says.
#[derive(Debug, Clone, Default)]
pub struct ShownCertificate {
    chain: Arc<[CertificateDer<'static>]>,
}

impl ShownCertificate {
    pub(crate) fn new(chain: &[CertificateDer<'static>]) -> Self {
        Self { chain: chain.into() }
    }

    /// Whether the caller showed one.
    #[must_use]
    pub fn is_given(&self) -> bool {
        !self.chain.is_empty()
    }

    /// Its names: URIs and DNS names, and the common name as `CN=`.
    #[must_use]
    pub fn names(&self) -> Arc<[String]> {
        self.chain.first().map(peer::names).unwrap_or_default()
    }

    /// Whether an authority of this PEM file vouches for it now: a listener's authorities are those of all its callers, and one of them could give a certificate
    /// any name.
    pub fn is_vouched_for_by(&self, ca: &Path) -> Result<bool, Error> {
        let Some((own, others)) = self.chain.split_first() else { return Ok(false) };
        let roots = Arc::new(files::roots(ca)?);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build().map_err(|error| files::failed(ca, &error))?;
        Ok(verifier.verify_client_cert(own, others, UnixTime::now()).is_ok())
    }
}
