//! Decoders of what issuers publish that are public only for the fuzz targets in `tests`.
use crate::{algorithm::Algorithm, jwks};

/// How many keys of an issuer's set can be used; `None` if it is no set.
#[must_use]
pub fn usable_keys(json: &[u8]) -> Option<usize> {
    jwks::read(json, &[Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256]).ok().map(|(keys, _)| keys.len())
}
