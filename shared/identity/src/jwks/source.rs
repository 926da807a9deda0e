//! Where an issuer's keys come from: files, or an address.
use super::{Key, SET_BYTES_MAX, parse};
use crate::{
    Error,
    issuers::{Issuer, is_address},
    keys::PublicKey,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};
use std::{fs, io::Read as _, path::Path, sync::Arc, time::Duration};

/// An answer that takes longer is none.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Where keys are.
pub(crate) enum Source {
    /// Given once; never looked at again.
    Fixed,
    /// In files, read again so that they can be replaced while running.
    Files,
    /// At an address.
    Address(Box<Address>),
}

/// An address and what fetches from it.
pub(crate) struct Address {
    uri: http::Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Source {
    /// Where `issuer` says its keys are. Nothing is fetched.
    pub(crate) fn try_new(issuer: &Issuer) -> Result<Self, Error> {
        if !is_address(&issuer.jwks) {
            return Ok(Self::Files);
        }
        let uri = issuer.jwks.parse().map_err(|_| issuer.unreadable("not an address"))?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls(issuer)?).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self::Address(Box::new(Address { uri, client })))
    }

    /// The keys as they are now; nothing where they never change.
    pub(crate) async fn fetch(&self, issuer: &Issuer) -> Result<Option<Vec<Key>>, Error> {
        match self {
            Self::Fixed => Ok(None),
            Self::Files => read_files(issuer).map(Some),
            Self::Address(address) => {
                let fetched = tokio::time::timeout(FETCH_TIMEOUT, address.get()).await;
                let json = fetched.unwrap_or_else(|_| Err(format!("no answer within {} s", FETCH_TIMEOUT.as_secs())));
                usable(issuer, &json.map_err(|why| issuer.unreadable(why))?).map(Some)
            }
        }
    }
}

/// The keys of an issuer whose keys are in files.
pub(crate) fn read_files(issuer: &Issuer) -> Result<Vec<Key>, Error> {
    if issuer.jwks.is_empty() {
        return issuer.keys.iter().map(|path| PublicKey::read(path).map(|key| key.to_key())).collect();
    }
    let read = || -> std::io::Result<Vec<u8>> {
        let mut json = Vec::new();
        fs::File::open(Path::new(&issuer.jwks))?.take(SET_BYTES_MAX as u64 + 1).read_to_end(&mut json)?;
        Ok(json)
    };
    let json = read().map_err(|error| issuer.unreadable(error.to_string()))?;
    if json.len() > SET_BYTES_MAX {
        return Err(issuer.unreadable(format!("longer than {SET_BYTES_MAX} bytes")));
    }
    usable(issuer, &json)
}

fn usable(issuer: &Issuer, json: &[u8]) -> Result<Vec<Key>, Error> {
    let (keys, left_out) = parse(json, &issuer.algorithms).map_err(|why| issuer.unreadable(why))?;
    if !left_out.is_empty() {
        // Told at every look, so not at a level that fills a log.
        tracing::debug!(issuer = issuer.issuer, left_out = left_out.join("; "), "keys of the set that are not used");
    }
    Ok(keys)
}

impl Address {
    async fn get(&self) -> Result<Bytes, String> {
        let answer = self.client.get(self.uri.clone()).await.map_err(|error| chain(&error))?;
        // A redirect would be another address than the one that was vouched for.
        if answer.status() != http::StatusCode::OK {
            return Err(format!("answered {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), SET_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
        Ok(body.to_bytes())
    }
}

/// An error and its causes in one line: a client's own text only says that it failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        text = format!("{text}: {current}");
        cause = current.source();
    }
    text
}

fn tls(issuer: &Issuer) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if issuer.jwks_ca.as_os_str().is_empty() {
        // Single certificates of the system that can't be read are its affair, as long as there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        let failed = |why: String| issuer.unreadable(format!("{}: {why}", issuer.jwks_ca.display()));
        let certificates = CertificateDer::pem_file_iter(&issuer.jwks_ca).map_err(|error| failed(error.to_string()))?;
        for certificate in certificates {
            let added = certificate.map_err(|error| error.to_string()).and_then(|der| roots.add(der).map_err(|error| error.to_string()));
            added.map_err(failed)?;
        }
        if roots.is_empty() {
            return Err(failed("no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| issuer.unreadable(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
