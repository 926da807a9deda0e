//! The signature of a backup's manifest, by a key that is not stored beside the backup: somebody who can write into the folder can forge hashes, but not the
//! signature.
use super::{MANIFEST, OperationFault, SIGNATURE, files};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use identity::keys::{KeyPair, PublicKey};
use std::{fs, path::Path};

/// Prefix of the signed bytes, so that the key's signatures of anything else are invalid here.
const CONTEXT: &[u8] = b"largesse copy 1\n";

/// Signs the manifest of a backup.
pub fn sign(to: &Path, key: &KeyPair) -> Result<(), OperationFault> {
    let signature = key.sign(&signed(&files::text(&to.join(MANIFEST))?))?;
    let path = to.join(SIGNATURE);
    fs::write(&path, STANDARD.encode(signature) + "\n")?;
    fs::File::open(&path)?.sync_all()?;
    Ok(fs::File::open(to)?.sync_all()?)
}

/// Refuses a manifest that this key has not signed.
pub fn check(from: &Path, manifest: &[u8], key: &PublicKey) -> Result<(), OperationFault> {
    let path = from.join(SIGNATURE);
    let text = files::text(&path).map_err(|error| format!("{}: {error}; nothing was put anywhere", path.display()))?;
    let signature = STANDARD.decode(String::from_utf8_lossy(&text).trim()).unwrap_or_default();
    if key.verifies(&signed(manifest), &signature) {
        return Ok(());
    }
    Err(format!("{}: is no signature of this key over the manifest; nothing was restored", path.display()).into())
}

fn signed(manifest: &[u8]) -> Vec<u8> {
    [CONTEXT, manifest].concat()
}
