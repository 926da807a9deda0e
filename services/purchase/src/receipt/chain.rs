//! Whether the certificates lead to a trusted root. The library checks it again together with Apple's marks and does not tell the two
//! apart; this check makes a chain that fails there fail for its marks.

use std::time::{SystemTime, UNIX_EPOCH};

use x509_validator::store::CertificateStore;
use x509_validator::{Certificate, FromDer, RFC5280Policy, Validator};

use crate::error::{Refusal, Refused};

/// Whether `der` is one whole certificate.
pub(super) fn is_certificate(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Checks leaf, intermediate, root against the trusted roots at the time of signing; now, when the receipt does not say.
pub(super) fn check(certificates: &[Vec<u8>; 3], roots: &[Vec<u8>], signed_at_s: Option<i64>) -> Result<(), Refused> {
    let refused = |why: &str| Refused::new(Refusal::Chain, why);
    let [leaf, intermediate, root] = certificates;
    if !roots.contains(root) {
        return Err(refused("the root certificate is not trusted for this book"));
    }
    let parse = |der: &'_ [u8]| -> Result<(), Refused> { if is_certificate(der) { Ok(()) } else { Err(refused("not a certificate")) } };
    parse(leaf)?;
    parse(intermediate)?;
    let read = |der| Certificate::from_der(der).map(|(_, certificate)| certificate).map_err(|_| refused("not a certificate"));
    let mut trusted = CertificateStore::new();
    trusted.append(read(root)?);
    let mut intermediates = CertificateStore::new();
    intermediates.append(read(intermediate)?);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    let validator = Validator::with_policy(trusted, RFC5280Policy::new(signed_at_s.unwrap_or_else(now)));
    match validator.validate(&read(leaf)?, &intermediates) {
        Ok(chain) if chain.iter().count() == certificates.len() => Ok(()),
        Ok(_) => Err(refused("the certificates do not form a chain of three")),
        Err(_) => Err(refused("the certificates do not lead to the root, or were not valid when it was signed")),
    }
}
