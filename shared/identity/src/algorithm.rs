//! The algorithms that tokens may be signed with.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signature's algorithm. A closed list: others are never accepted, `none` and shared secrets least of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
    /// RSA PKCS #1 v1.5 with SHA-256 (RFC 7518 section 3.3), keys of 2,048 to 8,192 bits.
    RS256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::ES256, Self::EdDSA, Self::RS256];
}
