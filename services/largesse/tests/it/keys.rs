//! `largesse keys`: a new key is put first, and no key is lost.
use std::process::{Command, Output};

fn keys(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_largesse")).arg("keys").args(arguments).env_remove("RUST_LOG").output().unwrap()
}

#[test]
fn a_rotation_puts_a_new_key_in_front_and_lists_ids_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("seal.key");
    let named = file.to_str().unwrap();
    let nowhere = keys(&["list", "--payout-key-file", named]);
    assert!(nowhere.status.code() == Some(1) && String::from_utf8_lossy(&nowhere.stderr).contains("seal.key"), "{nowhere:?}");
    assert!(keys(&["rotate", "--payout-key-file", named]).status.code() == Some(1) && !file.exists(), "none is made in its place");
    payout_key(&file);
    let ids = |arguments: &[&str]| {
        let output = keys(&[arguments, &["--payout-key-file", named]].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let before = ids(&["list"]);
    assert!(before.len() == 1 && before[0].ends_with(" in use"), "{before:?}");
    let after = ids(&["rotate"]);
    assert_eq!(after[1], before[0].replace("in use", "earlier"));
    assert_eq!(ids(&["list"]), after);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!after.iter().any(|line| text.contains(line.split(' ').next().unwrap())), "an id is no part of a key");
}

fn payout_key(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
