//! `largesse verify` on databases that contain nothing to check.
use std::{
    path::Path,
    process::{Command, Output},
};

fn verify(dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["verify", "--json", "--database"]).arg(format!("sqlite:{}", dir.display())).output().unwrap()
}

#[test]
fn a_wiped_or_empty_ledger_is_not_called_green_and_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ledger.db");
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    let nothing = verify(dir.path());
    assert_eq!(nothing.status.code(), Some(1));
    assert!(told(&nothing).contains("no ledger") && !file.exists(), "{nothing:?}");

    std::fs::write(&file, "").unwrap();
    let wiped = verify(dir.path());
    assert_eq!(wiped.status.code(), Some(1));
    assert!(told(&wiped).contains("no ledger"), "{wiped:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);

    std::fs::write(&file, "not a database").unwrap();
    assert_eq!(verify(dir.path()).status.code(), Some(1));
    std::fs::remove_file(&file).unwrap();

    let mut migrate = Command::new(env!("CARGO_BIN_EXE_largesse"));
    assert!(migrate.args(["migrate", "--database"]).arg(format!("sqlite:{}", dir.path().display())).status().unwrap().success());
    let empty = verify(dir.path());
    assert_eq!(empty.status.code(), Some(1));
    assert!(told(&empty).contains("no book"), "{empty:?}");
}
