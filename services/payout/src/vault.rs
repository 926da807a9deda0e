//! Seals what is personal: AES-256-GCM under one key, bound to the row it belongs to.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

const KEY_BYTES: usize = 32;

/// Why something can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file.
    #[error("payout key file {path}: {source}")]
    File {
        /// Where.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Others may read the key.
    #[error("payout key file {0}: readable by others; chmod 600 it, and make a new key if others were there")]
    Exposed(String),
    /// Not a key.
    #[error("payout key file {0}: must hold 32 bytes in base64")]
    Form(String),
    /// Altered, moved to another row, or sealed with another key.
    #[error("sealed data does not open with this key")]
    Sealed,
    /// No randomness.
    #[error("the system has no random numbers")]
    Random,
}

/// The key, ready for use. Clones share it.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    seal: LessSafeKey,
    digest: hmac::Key,
    random: SystemRandom,
}

impl Vault {
    /// Reads the key file; makes it when told to and it is missing.
    pub fn open(path: &Path, create: bool) -> Result<Self, Error> {
        let file = |source| Error::File { path: path.display().to_string(), source };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => return Self::create(path),
            Err(error) => return Err(file(error)),
        };
        if is_exposed(path).map_err(file)? {
            return Err(Error::Exposed(path.display().to_string()));
        }
        let key = BASE64_STANDARD.decode(text.trim()).ok().filter(|key| key.len() == KEY_BYTES);
        Self::from_key(&key.ok_or_else(|| Error::Form(path.display().to_string()))?)
    }

    fn create(path: &Path) -> Result<Self, Error> {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| Error::Random)?;
        let file = |source| Error::File { path: path.display().to_string(), source };
        // Written beside and linked into place: a second process that starts now sees the whole key or none, and only one of the two wins.
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        write_private(&beside, &BASE64_STANDARD.encode(key)).map_err(file)?;
        let linked = fs::hard_link(&beside, path);
        fs::remove_file(&beside).map_err(file)?;
        match linked {
            Ok(()) => Self::from_key(&key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open(path, false),
            Err(error) => Err(file(error)),
        }
    }

    /// From 32 bytes.
    pub fn from_key(key: &[u8]) -> Result<Self, Error> {
        let unbound = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::Sealed)?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let digest = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, b"largesse payout request fields").as_ref());
        Ok(Self(Arc::new(Keys { seal: LessSafeKey::new(unbound), digest, random: SystemRandom::new() })))
    }

    /// Random nonce, ciphertext, tag. `place` must be told again to open it.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        self.0.random.fill(&mut nonce).map_err(|_| Error::Random)?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(place.as_bytes());
        self.0.seal.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).map_err(|_| Error::Sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed at this place.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed)?;
        let mut body = body.to_vec();
        let plain = self.0.seal.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| Error::Sealed)?;
        Ok(plain.to_vec())
    }

    /// Tells two values apart without keeping them: for comparing a retry's personal fields.
    #[must_use]
    pub fn digest(&self, value: &str) -> String {
        BASE64_STANDARD.encode(hmac::sign(&self.0.digest, value.as_bytes()))
    }
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    // The group may read it: that is how an orchestrator lends a secret to a process that runs as nobody in particular.
    Ok(fs::metadata(path)?.mode() & 0o037 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &Path) -> io::Result<bool> {
    Ok(false)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
