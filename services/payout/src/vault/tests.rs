//! Unit tests of `vault`.
use super::*;

#[test]
fn sealed_data_opens_only_in_its_place_unaltered_and_with_its_key() {
    let vault = Vault::from_key(&[7; 32]).unwrap();
    let sealed = vault.seal("row 1", b"DE89370400440532013000").unwrap();
    assert_eq!(vault.unseal("row 1", &sealed).unwrap(), b"DE89370400440532013000");
    assert!(!sealed.windows(4).any(|part| part == b"DE89"));
    assert!(vault.unseal("row 2", &sealed).is_err());
    assert!(Vault::from_key(&[8; 32]).unwrap().unseal("row 1", &sealed).is_err());
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert!(vault.unseal("row 1", &altered).is_err());
        assert!(vault.unseal("row 1", &sealed[..at]).is_err());
    }
}

#[test]
fn a_key_file_is_made_once_and_only_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("payout.key");
    assert!(matches!(Vault::open(&path, false), Err(Error::File { .. })));
    let sealed = Vault::open(&path, true).unwrap().seal("x", b"y").unwrap();
    assert_eq!(Vault::open(&path, true).unwrap().unseal("x", &sealed).unwrap(), b"y");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("payout.key");
    Vault::open(&path, true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Vault::open(&path, true), Err(Error::Exposed(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "short").unwrap();
    assert!(matches!(Vault::open(&path, true), Err(Error::Form(_))));
}

#[test]
fn digests_tell_values_apart() {
    let vault = Vault::from_key(&[7; 32]).unwrap();
    assert_eq!(vault.digest("a"), vault.digest("a"));
    assert_ne!(vault.digest("a"), vault.digest("b"));
    assert_ne!(vault.digest("a"), Vault::from_key(&[8; 32]).unwrap().digest("a"));
}
