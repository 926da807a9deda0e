//! Loads certificates and keys from PEM files for rustls.
use super::{Config, LoadedTls};
use crate::Error;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The files' contents when they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenFiles(Vec<Vec<u8>>);

impl SeenFiles {
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        let files = [&config.certificate, &config.key, &config.client_ca, &config.peer_ca];
        let read = files.into_iter().chain(&config.callback_cas).map(|path| match path.as_os_str().is_empty() {
            true => Ok(Vec::new()),
            false => fs::read(path).map_err(|error| failed(path, &error)),
        });
        Ok(Self(read.collect::<Result<_, _>>()?))
    }
}

/// Reads every file that `config` names.
pub(super) fn load(config: &Config) -> Result<LoadedTls, Error> {
    // Before the files are used: a file replaced meanwhile is noticed at the next check.
    let seen = SeenFiles::of(config)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let ours = match config.serves() {
        true => Some(OwnCertificate { chain: certificates(&config.certificate)?, key: private_key(&config.key)? }),
        false => None,
    };
    let ca = config.checks_clients().then_some(&config.client_ca);
    let speaking = |protocols: &[&[u8]], cas: &[&PathBuf]| match &ours {
        Some(ours) => {
            let mut server = server(config, cas, &provider, ours)?;
            server.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Ok::<_, Error>(Some(Arc::new(server)))
        }
        None => Ok(None),
    };
    let grpc = speaking(&[b"h2"], &ca.into_iter().collect::<Vec<_>>())?;
    let http = speaking(&[b"http/1.1"], &ca.into_iter().chain(&config.callback_cas).collect::<Vec<_>>())?;
    let web = speaking(&[b"h2", b"http/1.1"], &[])?;
    let client = Arc::new(client(config, &provider, ours)?);
    Ok(LoadedTls { grpc, http, web, client, seen })
}

/// The certificate of this process with its chain, and the key.
struct OwnCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// `cas`: the files with the authorities of callers.
fn server(config: &Config, cas: &[&PathBuf], provider: &Arc<CryptoProvider>, ours: &OwnCertificate) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| failed(&config.certificate, &error))?;
    let builder = if let Some(first) = cas.first() {
        let mut all = RootCertStore::empty();
        for ca in cas {
            all.roots.extend(roots(ca)?.roots);
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(all), provider.clone());
        // Users have no certificates; a token or a callback that needs one is refused when it is checked.
        let verifier = verifier.allow_unauthenticated().build().map_err(|error| failed(first, &error))?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    builder.with_single_cert(ours.chain.clone(), ours.key.clone_key()).map_err(|error| failed(&config.certificate, &error))
}

fn client(config: &Config, provider: &Arc<CryptoProvider>, ours: Option<OwnCertificate>) -> Result<ClientConfig, Error> {
    let roots = if config.peer_ca.as_os_str().is_empty() {
        let mut roots = RootCertStore::empty();
        // Single system certificates that can't be read are ignored, as long as there are others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    } else {
        roots(&config.peer_ca)?
    };
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| failed(&config.peer_ca, &error))?;
    let builder = builder.with_root_certificates(roots);
    let mut client = match ours {
        Some(ours) => builder.with_client_auth_cert(ours.chain, ours.key).map_err(|error| failed(&config.certificate, &error))?,
        None => builder.with_no_client_auth(),
    };
    client.alpn_protocols = vec![b"h2".to_vec()];
    Ok(client)
}

pub(super) fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| failed(path, &error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| failed(path, &error))?;
    let found: Vec<_> = read.collect::<Result<_, _>>().map_err(|error| failed(path, &error))?;
    if found.is_empty() { Err(failed(path, &"no certificate in it")) } else { Ok(found) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| failed(path, &error))
}

pub(super) fn failed(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Certificate { path: path.to_owned(), why: why.to_string() }
}
