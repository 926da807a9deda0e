//! What is encrypted in a notification: AES-256-GCM under the merchant's APIv3 key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;

/// Bytes of an APIv3 key, which are its letters and not hexadecimal.
pub const KEY_BYTES: usize = 32;
/// The only algorithm.
const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// A resource as it comes.
#[derive(Debug, Clone, Deserialize)]
pub struct EncryptedResource {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: String,
    nonce: String,
}

/// A key of a merchant. `Debug` never prints it.
#[derive(Clone)]
pub struct ApiV3Key(LessSafeKey);

impl std::fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiV3Key(***)")
    }
}

impl ApiV3Key {
    /// From its 32 letters and digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = text.len() == KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        let key = UnboundKey::new(&AES_256_GCM, text.as_bytes()).ok().filter(|_| fits)?;
        Some(Self(LessSafeKey::new(key)))
    }

    /// The content of a resource; `None` where it was not encrypted with this key, or changed since.
    #[must_use]
    pub fn open(&self, resource: &EncryptedResource) -> Option<Vec<u8>> {
        if resource.algorithm != ALGORITHM {
            return None;
        }
        let nonce: [u8; NONCE_LEN] = resource.nonce.as_bytes().try_into().ok()?;
        let mut bytes = STANDARD.decode(&resource.ciphertext).ok()?;
        let aad = Aad::from(resource.associated_data.as_bytes());
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?;
        Some(opened.to_vec())
    }
}
