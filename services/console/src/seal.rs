//! Secrets: random ones, their hashes, and sealing by ChaCha20-Poly1305 (RFC 8439).
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{Context, SHA256},
    rand::{SecureRandom as _, SystemRandom},
};

/// Bytes of a secret: as many as a key has.
const SECRET_BYTES: usize = 32;

/// A new secret of 32 random bytes, as text. `None`: the system gives no randomness.
pub(crate) fn secret() -> Option<String> {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// A hash of a secret for one purpose; those of two purposes say nothing about each other.
pub(crate) fn hash(purpose: &str, secret: &str) -> [u8; SECRET_BYTES] {
    let mut context = Context::new(&SHA256);
    for part in [purpose.as_bytes(), &[0], secret.as_bytes()] {
        context.update(part);
    }
    let mut hash = [0; SECRET_BYTES];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Seals and opens texts. Each is sealed under a random nonce.
pub(crate) struct Seal(LessSafeKey);

impl Seal {
    /// With a key that was made for this purpose.
    pub(crate) fn new(key: &[u8; SECRET_BYTES]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has 32 bytes")))
    }

    /// A sealed text, which only this key opens.
    pub(crate) fn seal(&self, text: &str) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = text.as_bytes().to_vec();
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// The text of what this key sealed; `None` for anything else.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<String> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = rest.to_vec();
        let text = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut opened).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of sealing.
    use super::*;

    #[test]
    fn only_its_key_opens_what_was_sealed() {
        let (one, other) = (Seal::new(&hash("a", "secret")), Seal::new(&hash("b", "secret")));
        let sealed = one.seal("text").unwrap();
        assert_eq!(one.open(&sealed).unwrap(), "text");
        assert_ne!(sealed, one.seal("text").unwrap(), "every nonce differs");
        assert_eq!(other.open(&sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(one.open(&changed), None, "byte {at}");
            assert_eq!(one.open(&sealed[..at]), None, "cut at {at}");
        }
    }
}
