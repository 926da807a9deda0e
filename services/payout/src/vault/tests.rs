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

#[test]
fn a_rotated_file_seals_under_the_new_key_and_opens_what_is_under_the_old() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("payout.key");
    let running = Vault::open(&path, true).unwrap();
    let (before, digest) = (running.seal("row 1", b"DE89").unwrap(), running.digest("a"));
    assert_eq!(running.resealed("row 1", &before).unwrap(), None, "never rotated");
    let first = running.key_ids().remove(0);
    let second = rotate(&path).unwrap();
    let rotated = Vault::open(&path, false).unwrap();
    assert_eq!(rotated.key_ids(), [second.clone(), first.clone()]);
    assert_eq!((rotated.unseal("row 1", &before).unwrap(), rotated.digest("a")), (b"DE89".to_vec(), digest.clone()));
    // A process that still has the old file reads the new one when a row names its key.
    let after = rotated.seal("row 1", b"FR76").unwrap();
    assert_eq!(running.unseal("row 1", &after).unwrap(), b"FR76");
    let moved = rotated.resealed("row 1", &before).unwrap().unwrap();
    assert_eq!(rotated.resealed("row 1", &moved).unwrap(), None);
    let third = rotate(&path).unwrap();
    rotated.reload().unwrap();
    let again = rotated.resealed("row 1", &moved).unwrap().unwrap();
    assert_eq!(again[HEADER_BYTES..], moved[HEADER_BYTES..], "only its key is wrapped anew");
    for sealed in [&before, &moved, &again] {
        assert_eq!(rotated.unseal("row 1", sealed).unwrap(), b"DE89");
    }
    for at in 0..again.len() {
        let mut altered = again.clone();
        altered[at] ^= 1;
        assert!(rotated.unseal("row 1", &altered).is_err(), "byte {at}");
    }
    assert!(rotated.unseal("row 2", &again).is_err());
    // Without the earlier keys: data under the new one opens, and the rest does not.
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    fs::write(&path, format!("{}\n{}\n", lines[0], lines[3])).unwrap();
    let last = Vault::open(&path, false).unwrap();
    assert_eq!((last.key_ids(), last.digest("a")), (vec![third], digest));
    assert_eq!(last.unseal("row 1", &again).unwrap(), b"DE89");
    assert!(last.unseal("row 1", &moved).is_err() && last.unseal("row 1", &before).is_err());
    for text in [format!("{}\n{}\n", lines[0], lines[1]), lines[3].to_owned(), format!("{text}{}\n", lines[3]), format!("{text}x\n")] {
        fs::write(&path, text).unwrap();
        assert!(matches!(Vault::open(&path, false), Err(Error::Form(_))));
    }
}
