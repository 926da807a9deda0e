//! The installation's Ed25519 key: a private PKCS#8 PEM only its owner can read, and the public PEM beside it.
use crate::{Error, algorithm::Algorithm};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::DecodingKey;
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

#[cfg(test)]
mod tests;

/// Name of the private key's file.
pub const PRIVATE_FILE: &str = "identity.key.pem";
/// Name of the public key's file; the one to hand to other machines.
pub const PUBLIC_FILE: &str = "identity.pub.pem";

/// RFC 8410 section 7: PKCS#8 version 1 with the Ed25519 algorithm, before the 32 bytes of the seed.
const PRIVATE_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// RFC 8410 section 4: SubjectPublicKeyInfo with the Ed25519 algorithm, before the 32 bytes of the key.
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A public key, 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl PublicKey {
    /// Reads a public key from a PEM file (`-----BEGIN PUBLIC KEY-----`).
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = || Error::KeyFormat { path: path.to_owned(), expected: "BEGIN PUBLIC KEY" };
        let der = from_pem("PUBLIC KEY", &read(path)?).ok_or_else(wrong)?;
        let raw = der.strip_prefix(PUBLIC_PREFIX.as_slice()).ok_or_else(wrong)?;
        Ok(Self(raw.try_into().map_err(|_| wrong())?))
    }

    /// The key for checking tokens; without an id, so that tokens naming any key may use it.
    pub(crate) fn to_key(self) -> VerificationKey {
        VerificationKey { id: None, algorithm: Algorithm::EdDSA, decoding: DecodingKey::from_ed_der(&self.0) }
    }

    /// A name for the key in logs and tables: SHA-256 of its 32 bytes, in hexadecimal.
    #[must_use]
    pub fn fingerprint(self) -> String {
        digest(&SHA256, &self.0).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether this key made the signature over exactly this message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }

    /// The key as PEM.
    pub fn to_pem(self) -> String {
        to_pem("PUBLIC KEY", &[PUBLIC_PREFIX.as_slice(), self.0.as_slice()].concat())
    }
}

/// A public key of any issuer, with the one algorithm it may be used with.
#[derive(Clone)]
pub(crate) struct VerificationKey {
    /// `kid`.
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) decoding: DecodingKey,
}

/// A private key with its public half.
pub struct KeyPair {
    pub(crate) pkcs8_der: Vec<u8>,
    /// The public half.
    pub public: PublicKey,
}

impl KeyPair {
    /// A new random key.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::Signing)?;
        Self::from_seed(&seed).ok_or(Error::Signing)
    }

    fn from_seed(seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pkcs8_der: [PRIVATE_PREFIX.as_slice(), seed].concat(), public })
    }

    /// An Ed25519 signature over a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.pkcs8_der).map_err(|_| Error::Signing)?;
        Ok(pair.sign(message).as_ref().to_vec())
    }

    /// Loads the key of `dir`, or creates one there. Two processes that start at once end up with the same key: the file is
    /// created only if there is none, and the second process reads it.
    pub fn load_or_create(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(PRIVATE_FILE);
        let failed = |source| Error::KeyFile { path: path.clone(), source };
        // Accessible to its owner only: this also creates a sandbox's data directory.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        if !path.exists() {
            let made = Self::generate()?;
            // Written completely under another name first, then linked: a reader never sees half a key.
            let draft = dir.join(format!("{PRIVATE_FILE}.{}", std::process::id()));
            write_new(&draft, 0o600, &to_pem("PRIVATE KEY", &made.pkcs8_der)).map_err(failed)?;
            let linked = fs::hard_link(&draft, &path);
            fs::remove_file(&draft).map_err(failed)?;
            match linked {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
                Ok(()) | Err(_) => {}
            }
        }
        let pair = Self::read(&path)?;
        let public = dir.join(PUBLIC_FILE);
        if !public.exists() {
            fs::write(&public, pair.public.to_pem()).map_err(|source| Error::KeyFile { path: public, source })?;
        }
        Ok(pair)
    }

    /// Reads a private key from a PKCS#8 PEM file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let wrong = || Error::KeyFormat { path: path.to_owned(), expected: "BEGIN PRIVATE KEY" };
        let der = from_pem("PRIVATE KEY", &read(path)?).ok_or_else(wrong)?;
        let seed = der.strip_prefix(PRIVATE_PREFIX.as_slice()).ok_or_else(wrong)?;
        Self::from_seed(seed).ok_or_else(wrong)
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::KeyFile { path: path.to_owned(), source })
}

fn write_new(path: &Path, mode: u32, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn to_pem(label: &str, der: &[u8]) -> String {
    // Both forms are shorter than one line of 64 characters of base64.
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn from_pem(label: &str, text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}
