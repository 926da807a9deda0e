//! The keys of both pretend wallets and of the seller. They are public, so they protect nothing.

use bankapi::{RsaCheckingKey, RsaSigningKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The seller's private key, which signs requests.
pub const SELLER_KEY: &str = include_str!("merchant.pem");

/// A key that signs what a wallet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletKey {
    /// The wallet's first.
    First,
    /// The one that replaces it.
    Next,
    /// That of its certificate ([`super::certificates`]).
    Certified,
    /// The same, of its certificate that has ended.
    Ended,
    /// Nobody's that the seller knows as the wallet's.
    Stranger,
}

impl WalletKey {
    fn key(self) -> RsaSigningKey {
        let pem = match self {
            Self::First => include_str!("platform.pem"),
            Self::Next => include_str!("platform_next.pem"),
            Self::Certified | Self::Ended => include_str!("certified.pem"),
            Self::Stranger => SELLER_KEY,
        };
        RsaSigningKey::from_pem(pem.as_bytes()).expect("a constant")
    }

    /// A signature over a text, in base64.
    #[must_use]
    pub fn sign(self, text: &[u8]) -> String {
        STANDARD.encode(self.key().sign(text).expect("the system has randomness"))
    }

    /// Its public half, PEM.
    #[must_use]
    pub fn public_pem(self) -> &'static str {
        match self {
            Self::First => include_str!("platform_public.pem"),
            Self::Next => include_str!("platform_next_public.pem"),
            Self::Certified | Self::Ended => include_str!("certified_public.pem"),
            Self::Stranger => include_str!("merchant_public.pem"),
        }
    }
}

/// Whether the seller signed a text.
pub(crate) fn is_sellers(text: &[u8], signature: &str) -> bool {
    let key: RsaCheckingKey = WalletKey::Stranger.key().checking_key();
    STANDARD.decode(signature).is_ok_and(|signature| key.accepts(text, &signature))
}
