//! Seals personal data: AES-256-GCM, bound to the row it belongs to, under a data key of the row's own that the key in use wraps.
//!
//! The key file may contain several keys: `largesse keys rotate` puts a new one in front. Rows name their key by its id, and those under earlier keys
//! are rewrapped in the background ([`crate::resealing`]). [`keyring`]: the content of the file.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

pub(crate) mod keyring;

use keyring::{KeyId, Keyring};

const KEY_BYTES: usize = 32;

/// Why something can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file can't be read or written.
    #[error("payout key file {path}: {source}")]
    File {
        /// The path of the file.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Others may read the key.
    #[error("payout key file {0}: readable by others; chmod 600 it, and create a new key if other users had access")]
    Exposed(String),
    /// Not a key.
    #[error("payout key file {0}: must hold 32 bytes in base64, or the output of `largesse keys rotate`")]
    Form(String),
    /// The file has no room for another key.
    #[error(
        "payout key file {0}: has the maximum number of keys; remove earlier ones that no row is sealed with any more; nothing was changed"
    )]
    Full(String),
    /// Altered, moved to another row, or sealed with another key.
    #[error("sealed data does not open with this key")]
    Sealed,
    /// No random numbers.
    #[error("the system has no random numbers")]
    Random,
}

/// The beginning of every sealed row of a rotated vault.
const ENVELOPE: &[u8; 8] = b"largess1";
/// Bytes of a tag of AES-256-GCM.
const TAG_BYTES: usize = 16;
/// Bytes before the body of an envelope: its mark, the id of the wrapping key, and the wrapped data key with its nonce.
const HEADER_BYTES: usize = ENVELOPE.len() + size_of::<KeyId>() + WRAPPED_BYTES;
/// A nonce, a data key and a tag.
const WRAPPED_BYTES: usize = NONCE_LEN + KEY_BYTES + TAG_BYTES;

/// The keys, ready for use. Clones share them.
#[derive(Clone)]
pub struct Vault(Arc<VaultParts>);

struct VaultParts {
    ring: RwLock<Arc<Keyring>>,
    /// Read again when a row names a key that is unknown here: another process may have read a newer file first.
    path: Option<PathBuf>,
    random: SystemRandom,
}

impl Vault {
    /// Reads the key file; creates it if it is missing and `create` is set.
    pub fn open(path: &Path, create: bool) -> Result<Self, Error> {
        match read(path) {
            Ok(ring) => Ok(Self::with(ring, Some(path.to_owned()))),
            Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound && create => Self::create(path),
            Err(error) => Err(error),
        }
    }

    fn with(ring: Keyring, path: Option<PathBuf>) -> Self {
        Self(Arc::new(VaultParts { ring: RwLock::new(Arc::new(ring)), path, random: SystemRandom::new() }))
    }

    fn create(path: &Path) -> Result<Self, Error> {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| Error::Random)?;
        let file = |source| Error::File { path: path.display().to_string(), source };
        // Written to a second file and linked into place: a process that starts now sees the whole key or none, and only one of two processes wins.
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        write_private(&beside, &BASE64_STANDARD.encode(key)).map_err(file)?;
        let linked = fs::hard_link(&beside, path);
        fs::remove_file(&beside).map_err(file)?;
        match linked {
            Ok(()) => Ok(Self::with(Keyring::of_key(&key)?, Some(path.to_owned()))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::open(path, false),
            Err(error) => Err(file(error)),
        }
    }

    /// A vault of one key of 32 bytes.
    pub fn from_key(key: &[u8]) -> Result<Self, Error> {
        Ok(Self::with(Keyring::of_key(key)?, None))
    }

    fn ring(&self) -> Arc<Keyring> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again, if the keys come from one. A file that can't be read leaves the keys unchanged.
    pub fn reload(&self) -> Result<(), Error> {
        let Some(path) = &self.0.path else { return Ok(()) };
        let ring = read(path)?;
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// The id of the key in use, in hexadecimal, followed by those of earlier ones.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.ring().keys.iter().map(|key| key.id.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
    }

    /// Whether the file was ever rotated, so that rows have to be resealed.
    #[must_use]
    pub fn is_rotated(&self) -> bool {
        self.ring().rotated
    }

    /// Seals data for a place, which must be given again to open it. Under a data key of its own, which the key in use wraps; before the first rotation
    /// under the key itself: random nonce, ciphertext, tag.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let ring = self.ring();
        if !ring.rotated {
            return self.closed(&ring.current().seal, place, plain);
        }
        let mut data_key = [0; KEY_BYTES];
        self.0.random.fill(&mut data_key).map_err(|_| Error::Random)?;
        let body = self.closed(&data_key_of(&data_key)?, place, plain)?;
        self.wrapped(&ring, place, &data_key, &body)
    }

    fn wrapped(&self, ring: &Keyring, place: &str, data_key: &[u8], body: &[u8]) -> Result<Vec<u8>, Error> {
        let key = ring.current();
        let wrapped = self.closed(&key.seal, &wrapped_for(place), data_key)?;
        Ok([ENVELOPE.as_slice(), &key.id, &wrapped, body].concat())
    }

    fn closed(&self, key: &LessSafeKey, place: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        self.0.random.fill(&mut nonce).map_err(|_| Error::Random)?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(place.as_bytes());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).map_err(|_| Error::Sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens data sealed for this place, under any of the keys.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        if let Some(envelope) = Envelope::of(sealed) {
            if self.ring().key(envelope.key_id).is_none() {
                self.reload()?;
            }
            if let Some(key) = self.ring().key(envelope.key_id)
                && let Ok(data_key) = opened(&key.seal, &wrapped_for(place), envelope.wrapped)
            {
                return opened(&data_key_of(&data_key)?, place, envelope.body);
            }
        }
        // Sealed before the first rotation.
        self.ring().keys.iter().find_map(|key| opened(&key.seal, place, sealed).ok()).ok_or(Error::Sealed)
    }

    /// The same data under the key in use; nothing if it is already, or if the file was never rotated. The body of an envelope is not opened for that.
    pub fn resealed(&self, place: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let ring = self.ring();
        let Some(envelope) = Envelope::of(sealed).filter(|_| ring.rotated) else {
            return if ring.rotated { self.unseal(place, sealed).and_then(|plain| self.seal(place, &plain)).map(Some) } else { Ok(None) };
        };
        if envelope.key_id == ring.current().id {
            return Ok(None);
        }
        let key = ring.key(envelope.key_id).ok_or(Error::Sealed)?;
        let data_key = opened(&key.seal, &wrapped_for(place), envelope.wrapped)?;
        self.wrapped(&ring, place, &data_key, envelope.body).map(Some)
    }

    /// A digest by which values are compared without storing them: for a retry's personal fields. The same after a rotation.
    #[must_use]
    pub fn digest(&self, value: &str) -> String {
        BASE64_STANDARD.encode(hmac::sign(&self.ring().digest, value.as_bytes()))
    }
}

/// Puts a new key in front of those in a file, and returns its id. Running processes continue, and use the new key within a minute, or at once when a
/// row names it.
pub fn rotate(path: &Path) -> Result<String, Error> {
    let ring = read(path)?;
    if !ring.has_room() {
        return Err(Error::Full(path.display().to_string()));
    }
    let mut key = [0; KEY_BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| Error::Random)?;
    let file = |source| Error::File { path: path.display().to_string(), source };
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let replaced = write_private(&beside, ring.text_with(&key).trim_end())
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(path)?.permissions()))
        .and_then(|()| fs::rename(&beside, path));
    if let Err(source) = replaced {
        let _gone = fs::remove_file(&beside);
        return Err(file(source));
    }
    Ok(Vault::open(path, false)?.key_ids().swap_remove(0))
}

/// The parts of a sealed row.
struct Envelope<'a> {
    key_id: &'a [u8],
    wrapped: &'a [u8],
    body: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn of(sealed: &'a [u8]) -> Option<Self> {
        let (header, body) = sealed.split_at_checked(HEADER_BYTES)?;
        let (key_id, wrapped) = header.strip_prefix(ENVELOPE.as_slice())?.split_at(size_of::<KeyId>());
        Some(Self { key_id, wrapped, body })
    }
}

/// The place to which a data key is bound: it can't be shown as another row's.
fn wrapped_for(place: &str) -> String {
    format!("data key of {place}")
}

fn data_key_of(key: &[u8]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Error::Sealed)
}

fn opened(key: &LessSafeKey, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::Sealed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Sealed)?;
    let mut body = body.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| Error::Sealed)?;
    Ok(plain.to_vec())
}

fn read(path: &Path) -> Result<Keyring, Error> {
    let file = |source| Error::File { path: path.display().to_string(), source };
    let text = fs::read_to_string(path).map_err(file)?;
    if is_exposed(path).map_err(file)? {
        return Err(Error::Exposed(path.display().to_string()));
    }
    Keyring::parse(&text).ok_or_else(|| Error::Form(path.display().to_string()))?
}

/// Whether others than the file's owner and its group may read it, or the group may write it.
#[cfg(unix)]
pub(crate) fn is_exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    // The group may read it: orchestrators provide a secret that way to a process that runs under an arbitrary user.
    Ok(fs::metadata(path)?.mode() & 0o037 != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_exposed(_: &Path) -> io::Result<bool> {
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
