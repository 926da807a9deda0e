//! Whether the certificates lead to a trusted root. The library checks that again together with Apple's marks and does not distinguish the two; thanks
//! to this check, a chain that fails there fails for its marks.

use x509_validator::store::CertificateStore;
use x509_validator::{Certificate, FromDer, RFC5280Policy, Validator};

use crate::domain::refusal::ReceiptRefusal;
use crate::stores::receipt::RefusedReceipt;

/// Whether `der` is one whole certificate.
pub(super) fn is_certificate(der: &[u8]) -> bool {
    read(der).is_ok()
}

/// Checks leaf, intermediate, root against the trusted roots at the time of signing; or now, if the receipt does not state that time.
///
/// The root in the receipt is never trusted itself. It must have the same name and key as a trusted one: roots are reissued with other dates, and
/// receipts contain the one that was current.
pub(super) fn check(certificates: &[Vec<u8>; 3], roots: &[Vec<u8>], signed_at_s: Option<i64>) -> Result<(), RefusedReceipt> {
    let refused = |why: &str| RefusedReceipt::new(ReceiptRefusal::Chain, why);
    let [leaf, intermediate, root] = certificates;
    let (leaf, intermediate, root) = (read(leaf)?, read(intermediate)?, read(root)?);
    let mut trusted = CertificateStore::new();
    let mut known = false;
    for der in roots {
        let ours = read(der)?;
        let (ours_tbs, theirs_tbs) = (&ours.tbs_certificate, &root.tbs_certificate);
        known |= ours_tbs.subject_pki.raw == theirs_tbs.subject_pki.raw && ours_tbs.subject.as_raw() == theirs_tbs.subject.as_raw();
        trusted.append(ours);
    }
    if !known {
        return Err(refused("the root certificate is not trusted for this book"));
    }
    let mut intermediates = CertificateStore::new();
    intermediates.append(intermediate);
    let now = || money::time::now_ms() / 1_000;
    let validator = Validator::with_policy(trusted, RFC5280Policy::new(signed_at_s.unwrap_or_else(now)));
    match validator.validate(&leaf, &intermediates) {
        Ok(chain) if chain.iter().count() == certificates.len() => Ok(()),
        Ok(_) => Err(refused("the certificates do not form a chain of three")),
        Err(_) => Err(refused("the certificates do not lead to the root, or were not valid when it was signed")),
    }
}

fn read(der: &[u8]) -> Result<Certificate<'_>, RefusedReceipt> {
    let whole = Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty());
    whole.map(|(_, certificate)| certificate).ok_or_else(|| RefusedReceipt::new(ReceiptRefusal::Chain, "not a certificate"))
}
