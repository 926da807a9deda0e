//! Unit tests of `beneficiaries`.
use super::*;

#[test]
fn names_are_masked_by_word() {
    assert_eq!(masked_name("Ana  Müller-Lüdenscheidt"), "A** M******************");
    assert_eq!(masked_name(""), "");
}
