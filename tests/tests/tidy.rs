//! The whole repository keeps the rules of the house that a machine can check.
use std::path::Path;
use tests::tidy::check_repository;

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = check_repository(&root).expect("the repository can be read");
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
