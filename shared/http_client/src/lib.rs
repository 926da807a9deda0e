//! The one HTTP client: reqwest over rustls with ring, without proxies and redirects, and with responses of bounded length.
//!
//! Proxies and redirects are not followed, because either leads to another address than the configured one. Time-outs are left to the
//! caller, who knows how long a response is worth waiting for: set one on the builder or on each request.
use bytes::Bytes;
use reqwest::{ClientBuilder, Response, redirect::Policy};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

#[cfg(test)]
mod tests;

/// A file of CA certificates that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct UnusableRoots {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// Why a response's body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the reader allows.
    #[error("longer than {bytes_max} bytes")]
    TooLong {
        /// The reader's limit.
        bytes_max: usize,
    },
    /// The connection ended, or the request timed out.
    #[error(transparent)]
    Broken(#[from] reqwest::Error),
}

/// A client that trusts the CA certificates in the PEM file `ca`, or the system's when it is empty.
pub fn builder(ca: &Path) -> Result<ClientBuilder, UnusableRoots> {
    Ok(with_roots(roots(ca)?))
}

/// A client for plain HTTP on this machine: it checks no certificates, so no CA file is read.
pub fn local() -> ClientBuilder {
    with_roots(RootCertStore::empty())
}

fn with_roots(roots: RootCertStore) -> ClientBuilder {
    install();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.expect("ring knows the default versions").with_root_certificates(roots).with_no_client_auth();
    ClientBuilder::new().tls_backend_preconfigured(config).no_proxy().redirect(Policy::none())
}

/// Makes ring the process's default provider of rustls, once, for libraries that ask for the default.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a default is set already, which can only be ring: nothing else is compiled in.
        let _ = default_provider().install_default();
    });
}

/// The CA certificates of a PEM file, or the system's when `ca` is empty.
fn roots(ca: &Path) -> Result<RootCertStore, UnusableRoots> {
    let mut roots = RootCertStore::empty();
    if ca.as_os_str().is_empty() {
        // Single system certificates that can't be read are ignored, as long as there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    }
    let unusable = |why: String| UnusableRoots { path: ca.to_owned(), why };
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|error| unusable(error.to_string()))? {
        let added = certificate.map_err(|error| error.to_string()).and_then(|der| roots.add(der).map_err(|error| error.to_string()));
        added.map_err(unusable)?;
    }
    if roots.is_empty() {
        return Err(unusable("no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// The body of a response, `bytes_max` bytes at most. Reading stops as soon as it is longer.
pub async fn read(mut answer: Response, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > bytes_max {
            return Err(BodyError::TooLong { bytes_max });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.into())
}
