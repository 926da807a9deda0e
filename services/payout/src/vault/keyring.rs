//! The keys in a key file: the one in use first, earlier ones after it, and the key of digests, which stays when keys change.
use super::{Error, KEY_BYTES};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    digest::{Context, SHA256},
    hmac,
};

/// The beginning of the line with the key of digests.
const DIGEST: &str = "digest ";
/// Most keys in a file. An operator with more has not waited until rows were resealed.
const KEYS_MAX: usize = 16;

/// The name of a key in sealed rows. Derived from the key without revealing it.
pub type KeyId = [u8; 8];

/// One key.
pub struct WrappingKey {
    pub id: KeyId,
    pub seal: LessSafeKey,
    bytes: Vec<u8>,
}

/// All keys of a file.
pub struct Keyring {
    /// The key in use first.
    pub keys: Vec<WrappingKey>,
    pub digest: hmac::Key,
    digest_bytes: Vec<u8>,
    /// Whether it was ever rotated. A file of one key and nothing else can be read by programs that know no ids, and so can data sealed with it.
    pub rotated: bool,
}

impl Keyring {
    /// A keyring of one key.
    pub fn of_key(key: &[u8]) -> Result<Self, Error> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, key);
        let digest = hmac::sign(&root, b"largesse payout request fields").as_ref().to_vec();
        Self::of(vec![key.to_vec()], digest, false)
    }

    fn of(keys: Vec<Vec<u8>>, digest_bytes: Vec<u8>, rotated: bool) -> Result<Self, Error> {
        let keys = keys.into_iter().map(|bytes| {
            let seal = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| Error::Sealed)?);
            Ok(WrappingKey { id: id(&bytes), seal, bytes })
        });
        let digest = hmac::Key::new(hmac::HMAC_SHA256, &digest_bytes);
        Ok(Self { keys: keys.collect::<Result<_, Error>>()?, digest, digest_bytes, rotated })
    }

    /// Parses a file's text; `None` if it is not a key file.
    pub fn parse(text: &str) -> Option<Result<Self, Error>> {
        let bytes = |text: &str| BASE64_STANDARD.decode(text.trim()).ok().filter(|key| key.len() == KEY_BYTES);
        let (mut keys, mut digest) = (Vec::new(), None);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.strip_prefix(DIGEST) {
                Some(key) if digest.is_none() => digest = Some(bytes(key)?),
                Some(_) => return None,
                None => keys.push(bytes(line)?),
            }
        }
        match (keys.as_slice(), digest) {
            ([only], None) => Some(Self::of_key(only)),
            ([], _) | (_, None) => None,
            (keys, Some(_)) if keys.len() > KEYS_MAX => None,
            (_, Some(digest)) => Some(Self::of(keys, digest, true)),
        }
    }

    /// The file's text with another key in use.
    pub fn text_with(&self, new: &[u8]) -> String {
        let keys = [new].into_iter().chain(self.keys.iter().map(|key| key.bytes.as_slice()));
        let lines = keys.map(|key| BASE64_STANDARD.encode(key)).collect::<Vec<_>>().join("\n");
        format!("{lines}\n{DIGEST}{}\n", BASE64_STANDARD.encode(&self.digest_bytes))
    }

    /// Whether one more key fits into a file.
    pub fn has_room(&self) -> bool {
        self.keys.len() < KEYS_MAX
    }

    /// The key in use.
    pub fn current(&self) -> &WrappingKey {
        &self.keys[0]
    }

    /// The key of this id.
    pub fn key(&self, id: &[u8]) -> Option<&WrappingKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

fn id(key: &[u8]) -> KeyId {
    let mut digest = Context::new(&SHA256);
    digest.update(b"largesse payout key id 1");
    digest.update(key);
    let mut id = KeyId::default();
    id.copy_from_slice(&digest.finish().as_ref()[..8]);
    id
}
