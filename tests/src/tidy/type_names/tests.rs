//! Unit tests that a name in two crates is found, wherever it is declared, and that common names are ignored.
use super::*;

fn found(sources: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = sources.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    check_types(&sources).iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_in_two_crates_is_found() {
    let one = ("services/gift/src/a.rs", "//! A.\npub(crate) struct Place<'a>(&'a str);\n");
    let two = ("shared/rpc/src/b/c.rs", "//! B.\n\nenum Place {}\n");
    assert_eq!(found(&[one, two]), ["services/gift/src/a.rs:2: `Place` means something else in shared/rpc/src/b/c.rs:3"]);
    assert!(found(&[one, one]).is_empty(), "one crate may have two of them in two modules");
}

#[test]
fn what_every_crate_has_inner_types_and_tests_may_repeat() {
    let texts = ["pub enum Error {}\n", "fn a() {\n    struct Inner;\n}\n", "pub struct Only1;\n"];
    let sources: Vec<_> = texts.iter().flat_map(|text| [("services/a/src/x.rs", *text), ("services/b/src/x.rs", *text)]).collect();
    assert_eq!(found(&sources).len(), 1, "`Only1` alone");
    assert!(found(&[("services/a/src/x/tests.rs", "struct T;\n"), ("services/b/src/x/tests.rs", "struct T;\n")]).is_empty());
    assert_eq!(found(&[("services/a/src/x.rs", "pub type Way = u8;\n"), ("services/b/src/x.rs", "pub trait Way {}\n")]).len(), 1);
}
