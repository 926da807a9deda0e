//! Unit tests of `keys`.
use super::*;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn key_files_are_private_and_stay_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let first = KeyPair::load_or_create(dir.path()).unwrap();
    let again = KeyPair::load_or_create(dir.path()).unwrap();
    assert_eq!(first.public, again.public);
    let mode = fs::metadata(dir.path().join(PRIVATE_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(PublicKey::read(&dir.path().join(PUBLIC_FILE)).unwrap(), first.public);
}

#[test]
fn a_file_that_is_no_key_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(PRIVATE_FILE);
    fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    let error = KeyPair::load_or_create(dir.path()).err().unwrap();
    assert!(error.to_string().contains(PRIVATE_FILE), "{error}");
}
