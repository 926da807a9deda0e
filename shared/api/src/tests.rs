//! The files under `generated/` belong to the contracts in `proto/`.
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

#[cfg(feature = "regenerate")]
mod regenerate;

/// Digests of the sources and of the generated files, one per line, as sha256sum prints them.
const DIGESTS: &str = "digests.txt";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Paths of the files under `dir`, from the top of the repository.
fn files(dir: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(dir)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{dir}/{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            files(&path, found);
        } else if entry.file_name() != DIGESTS {
            found.push(path);
        }
    }
}

fn digests() -> String {
    let mut paths = Vec::new();
    files("proto", &mut paths);
    files("shared/api/src/generated", &mut paths);
    paths.sort();
    let mut text = String::new();
    for path in paths {
        let digest = Sha256::digest(fs::read(root().join(&path)).unwrap());
        writeln!(text, "{}  {path}", hex::encode(digest)).unwrap();
    }
    text
}

#[test]
fn nothing_was_changed_since_it_was_generated() {
    let committed = fs::read_to_string(root().join("shared/api/src/generated").join(DIGESTS)).unwrap_or_default();
    let now = digests();
    let changed: Vec<_> =
        now.lines().filter(|line| !committed.contains(line)).chain(committed.lines().filter(|line| !now.contains(line))).collect();
    assert!(
        changed.is_empty(),
        "a contract or what is generated from it was changed: run `make proto`, and commit what it writes\n{changed:#?}"
    );
}
