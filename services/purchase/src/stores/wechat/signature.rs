//! The signatures of WeChat Pay, of answers and notifications alike: RSA with SHA-256 over time, nonce and raw body, by a key that the headers name
//! (pay.weixin.qq.com, "Verifying signatures", read in the source of wechatpay-go).

use axum::http::HeaderMap;

use crate::stores::wallet::{self, proving::ProvingKey};

/// Its time may differ from ours by this many seconds: what is replayed later is refused.
pub const TOLERANCE_S: i64 = 300;
/// How signatures begin with which WeChat Pay tests whether anybody checks them.
pub const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// How the ids of WeChat Pay's public keys begin; other serials are those of its certificates.
pub(super) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
/// The only kind of signature, where the headers say which.
const RSA: &str = "WECHATPAY2-SHA256-RSA2048";
/// The longest header that is read, in bytes.
const HEADER_BYTES_MAX: usize = 2_048;

/// Why nothing proves a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// A header is absent or not of its form.
    #[error("a header of the signature is absent, or not of its form")]
    Header,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than {TOLERANCE_S} seconds before or after now")]
    Time,
    /// No key of this serial is configured.
    #[error("no key with the serial of its header is configured")]
    Serial,
    /// WeChat Pay tests whether signatures are checked.
    #[error("it is a probe, which nobody signed")]
    Probe,
    /// The certificate of its serial is not valid now.
    #[error("the certificate with the serial of its header has ended, or has not begun")]
    Expired,
    /// The key of its serial did not make it.
    #[error("the signature was not made with the key of its serial")]
    Signature,
}

/// What our key signs of a request; `path` is with its query.
#[must_use]
pub fn request_text(method: &str, path: &str, at_s: i64, nonce: &str, body: &str) -> String {
    format!("{method}\n{path}\n{at_s}\n{nonce}\n{body}\n")
}

/// The headers of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureHeaders<'a> {
    timestamp: &'a str,
    nonce: &'a str,
    signature: &'a str,
    serial: &'a str,
}

impl<'a> SignatureHeaders<'a> {
    /// Reads them.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, Unsigned> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| text.len() <= HEADER_BYTES_MAX);
        if text("wechatpay-signature-type").is_some_and(|kind| kind != RSA) {
            return Err(Unsigned::Header);
        }
        let must = |name: &str| text(name).filter(|text| !text.is_empty()).ok_or(Unsigned::Header);
        Ok(Self {
            timestamp: must("wechatpay-timestamp")?,
            nonce: must("wechatpay-nonce")?,
            signature: must("wechatpay-signature")?,
            serial: must("wechatpay-serial")?,
        })
    }

    /// Whether a key of their serial signed `body` just now.
    pub fn check(&self, keys: &[ProvingKey], body: &[u8], now_s: i64) -> Result<(), Unsigned> {
        let at: i64 = self.timestamp.parse().map_err(|_| Unsigned::Header)?;
        if now_s.abs_diff(at) > TOLERANCE_S.unsigned_abs() {
            return Err(Unsigned::Time);
        }
        if self.signature.starts_with(PROBE) {
            return Err(Unsigned::Probe);
        }
        let named: Vec<&ProvingKey> = keys.iter().filter(|key| key.name() == self.serial).collect();
        if named.is_empty() {
            return Err(Unsigned::Serial);
        }
        if !named.iter().any(|key| key.is_valid(now_s)) {
            return Err(Unsigned::Expired);
        }
        let mut signed = format!("{}\n{}\n", self.timestamp, self.nonce).into_bytes();
        signed.extend_from_slice(body);
        signed.push(b'\n');
        let valid = named.into_iter().filter(|key| key.is_valid(now_s)).map(ProvingKey::key);
        if wallet::is_signed(valid, &signed, self.signature) { Ok(()) } else { Err(Unsigned::Signature) }
    }
}
