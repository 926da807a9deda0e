//! Stripe's webhook signatures: HMAC-SHA256 over the time and the raw body, in the header `stripe-signature` (docs.stripe.com/webhooks/signature).

use ring::hmac;

/// The header.
pub const HEADER: &str = "stripe-signature";
/// A signature's time may differ from ours by this many seconds: what is replayed later is refused.
pub const TOLERANCE_S: i64 = 300;
/// Signatures of one header that are looked at: one for each secret that is valid while secrets change.
const SIGNATURES_MAX: usize = 8;

/// Why no secret proves a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// The header is absent or lacks its time or a signature.
    #[error("the header stripe-signature is absent, or lacks a time or a v1")]
    Header,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than {TOLERANCE_S} seconds before or after now")]
    Time,
    /// None of its signatures is by one of our secrets.
    #[error("no signature was made with one of our secrets")]
    Signature,
}

/// A header's time and signatures. Other schemes than `v1` are ignored, as Stripe demands.
fn read(header: &str) -> Option<(i64, Vec<Vec<u8>>)> {
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = value.parse().ok(),
            Some(("v1", value)) if signatures.len() < SIGNATURES_MAX => signatures.extend(hex::decode(value)),
            _ => {}
        }
    }
    let time = time.filter(|time: &i64| *time >= 0 && !signatures.is_empty())?;
    Some((time, signatures))
}

/// Whether a secret's owner signed `body` just now; the place of that secret. Every `v1` is compared with every secret.
pub fn check(secrets: &[&str], header: Option<&str>, body: &[u8], now_s: i64) -> Result<usize, Unsigned> {
    let (time, signatures) = header.and_then(read).ok_or(Unsigned::Header)?;
    if now_s.abs_diff(time) > TOLERANCE_S.unsigned_abs() {
        return Err(Unsigned::Time);
    }
    let mut signed = format!("{time}.").into_bytes();
    signed.extend_from_slice(body);
    let is_by = |secret: &&str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
    };
    secrets.iter().position(is_by).ok_or(Unsigned::Signature)
}

#[cfg(test)]
mod tests;
