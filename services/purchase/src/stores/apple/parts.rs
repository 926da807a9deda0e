//! The envelope of a compact JWS (RFC 7515), read before anything is trusted: form, algorithm, number of certificates.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::domain::refusal::ReceiptRefusal;
use crate::stores::receipt::RefusedReceipt;

/// Leaf, intermediate, root.
const CERTIFICATES: usize = 3;

/// Certificates in DER, leaf first.
pub(super) type ClaimedChain = [Vec<u8>; CERTIFICATES];

#[derive(Deserialize)]
struct JwsHeader {
    alg: Option<Value>,
    x5c: Option<Value>,
    crit: Option<Value>,
}

/// The certificates of a JWS of at most `bytes_max` bytes, and what it claims.
pub(super) fn read<T: DeserializeOwned>(jws: &str, bytes_max: usize) -> Result<(ClaimedChain, T), RefusedReceipt> {
    let malformed = |why: &str| RefusedReceipt::new(ReceiptRefusal::Malformed, format!("not a compact JWS of the store: {why}"));
    if jws.len() > bytes_max {
        return Err(malformed("too long"));
    }
    let segments: Vec<&str> = jws.split('.').collect();
    let [header, payload, _] = segments[..] else { return Err(malformed("not three parts")) };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| malformed("not base64url"));
    let header: JwsHeader = serde_json::from_slice(&decode(header)?).map_err(|_| malformed("its header is not an object"))?;
    let payload: T = serde_json::from_slice(&decode(payload)?).map_err(|_| malformed("its payload is not what such a JWS contains"))?;
    // RFC 7515, 4.1.11: a parameter marked as critical that we don't know makes a header invalid.
    if header.crit.is_some() {
        return Err(malformed("critical header parameters"));
    }
    if header.alg.as_ref().and_then(Value::as_str) != Some("ES256") {
        return Err(RefusedReceipt::new(ReceiptRefusal::Algorithm, "only ES256 is taken"));
    }
    let claimed = match &header.x5c {
        None => &[][..],
        Some(Value::Array(claimed)) => &claimed[..],
        Some(_) => return Err(malformed("x5c is not a list")),
    };
    let [leaf, intermediate, root] = claimed else {
        let message = format!("{} certificates, must be {CERTIFICATES}", claimed.len());
        return Err(RefusedReceipt::new(ReceiptRefusal::ChainLength, message));
    };
    let der = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        STANDARD.decode(text).map_err(|_| RefusedReceipt::new(ReceiptRefusal::Chain, "a certificate is not base64"))
    };
    Ok(([der(leaf)?, der(intermediate)?, der(root)?], payload))
}
