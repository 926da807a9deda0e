//! The one HTTP client: reqwest over rustls with ring, without proxies and redirects, and with responses of bounded length.
//!
//! Proxies and redirects are not followed, because either leads to another address than the configured one. Time-outs are left to the
//! caller, who knows how long a response is worth waiting for: set one on the builder or on each request. [`KeptValue`] keeps what is read for many;
//! [`SharedFetch`] what ends by itself and is fetched for whoever waits, such as access tokens.
use bytes::Bytes;
use reqwest::{ClientBuilder, Response, redirect::Policy};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore,
    client::WantsClientCert,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

mod fetch;
mod kept;
#[cfg(test)]
mod tests;

pub use fetch::{SharedFetch, Unfetched};
pub use kept::{KeptBounds, KeptValue};

/// A file of certificates, or of a key, that can't be used.
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

/// The same, and it shows its servers the certificates in the PEM file `certificate` (its own first), with the key in the PEM file `key`: mutual TLS.
pub fn identified(ca: &Path, certificate: &Path, key: &Path) -> Result<ClientBuilder, UnusableRoots> {
    let unusable = |path: &Path, why: String| UnusableRoots { path: path.to_owned(), why };
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(certificate).map_err(|error| unusable(certificate, error.to_string()))?.collect();
    let chain = chain.map_err(|error| unusable(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(certificate, "no certificate in it".to_owned()));
    }
    // Never with the content: an error of the reader names a place, not a byte.
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error.to_string()))?;
    let config = versions(roots(ca)?).with_client_auth_cert(chain, private);
    Ok(client(config.map_err(|error| unusable(certificate, format!("it and its key don't belong together: {error}")))?))
}

/// A client for plain HTTP on this machine: it checks no certificates, so no CA file is read.
pub fn local() -> ClientBuilder {
    with_roots(RootCertStore::empty())
}

fn with_roots(roots: RootCertStore) -> ClientBuilder {
    client(versions(roots).with_no_client_auth())
}

fn versions(roots: RootCertStore) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    config.expect("ring knows the default versions").with_root_certificates(roots)
}

fn client(config: ClientConfig) -> ClientBuilder {
    install();
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
