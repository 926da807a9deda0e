//! Callbacks without a signature, of banks that show the HTTP listener a certificate (mutual TLS).

use super::CallbackRefusal;
use rpc::ShownCertificate;
use std::path::PathBuf;

/// A bank that is known by its certificate. The listener has checked that the caller has the certificate's key; its authorities are those of all banks, so that
/// the bank's own one is checked again here.
#[derive(Debug, Clone)]
pub struct CertifiedBank {
    ca: PathBuf,
    names: Vec<String>,
}

impl CertifiedBank {
    /// Known by any of these names in a certificate that an authority of this PEM file vouches for. The file is read with every callback, so that it may be replaced.
    #[must_use]
    pub fn new(ca: PathBuf, names: Vec<String>) -> Self {
        Self { ca, names }
    }

    /// Whether the caller is this bank.
    pub(super) async fn check(&self, shown: ShownCertificate) -> Result<(), CallbackRefusal> {
        if !shown.is_given() {
            return Err(CallbackRefusal::NoCertificate);
        }
        let names = shown.names();
        if !self.names.iter().any(|name| names.contains(name)) {
            return Err(CallbackRefusal::OtherName(names.join(", ")));
        }
        let ca = self.ca.clone();
        let checked = tokio::task::spawn_blocking(move || shown.is_vouched_for_by(&ca)).await;
        match checked.map_err(|error| error.to_string()).and_then(|read| read.map_err(|error| error.to_string())) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CallbackRefusal::OtherAuthority),
            Err(why) => Err(CallbackRefusal::KeysUnavailable(why)),
        }
    }
}
