//! Unit tests that circles are found however their paths are written, and that parents and children make none.
use super::{check_circles, circles};

fn sources(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(file, text)| (format!("services/gift/src/{file}"), (*text).to_owned())).collect()
}

#[test]
fn files_that_need_each_other_are_found_however_they_say_it() {
    for (a, b) in [
        ("use crate::b::B;\n", "use crate::{c, a::{self, A}};\n"),
        ("pub(crate) use super::{\n    b as other,\n    c,\n};\n", "fn f() -> super::a::A {}\n"),
        ("fn f(x: crate::b::B) {}\n", "use self::super::a::*;\n"),
        ("#[cfg(unix)]\nuse crate::b;\n", "mod m {}\nuse crate::a;\n"),
    ] {
        let found = circles("services/gift", &sources(&[("lib.rs", "mod a;\nmod b;\nmod c;\n"), ("a.rs", a), ("b.rs", b), ("c.rs", "")]));
        assert_eq!(found, [["a", "b"]], "{a}{b}");
    }
    let over_three =
        [("a.rs", "use crate::b::x;\n"), ("b.rs", "use crate::c::x;\n"), ("c.rs", "use crate::a::x;\n"), ("d.rs", "use crate::a;\n")];
    assert_eq!(circles("services/gift", &sources(&over_three)), [["a", "b", "c"]]);
}

#[test]
fn what_a_parent_re_exports_is_not_the_parents() {
    let through_the_crate = [
        ("lib.rs", "mod a;\nmod b;\npub use a::{Other, A};\npub use b::B;\n"),
        ("a.rs", "use crate::B;\n"),
        ("b.rs", "fn f(a: crate::A) {}\n"),
    ];
    assert_eq!(circles("services/gift", &sources(&through_the_crate)), [["a", "b"]]);
    let through_a_child = [
        ("lib.rs", "mod a;\nmod b;\nuse a::C;\n"),
        ("a.rs", "mod c;\npub use c::C;\n"),
        ("a/c.rs", "use crate::b;\n"),
        ("b.rs", "use super::C;\n"),
    ];
    assert_eq!(circles("services/gift", &sources(&through_a_child)), [["a", "a::c", "b"]]);
    let of_the_child_alone = [
        ("lib.rs", "mod a;\nmod b;\npub use a::c::C;\n"),
        ("a.rs", "mod c;\npub use c::C;\nuse crate::b::B;\n"),
        ("a/c.rs", ""),
        ("b.rs", "use crate::C;\n"),
    ];
    assert_eq!(circles("services/gift", &sources(&of_the_child_alone)), Vec::<Vec<String>>::new());
    let of_the_parent_itself =
        [("lib.rs", "mod a;\nmod b;\npub struct A;\npub use b::B;\n"), ("a.rs", "use crate::B;\n"), ("b.rs", "use crate::A;\n")];
    assert_eq!(circles("services/gift", &sources(&of_the_parent_itself)), Vec::<Vec<String>>::new());
}

#[test]
fn parents_tests_strings_and_other_crates_make_no_circle() {
    let files = [
        ("lib.rs", "pub mod a;\nuse a::A;\nuse a::b::B;\n"),
        ("a.rs", "mod b;\npub use b::B;\nuse money::a;\n"),
        ("a/b.rs", "use super::A;\nuse crate::Error;\n// use crate::c;\nlet x = \"crate::c::C\";\n"),
        ("a/tests.rs", "use crate::c::C;\n"),
        ("c.rs", "use crate::a::A;\n"),
    ];
    assert_eq!(circles("services/gift", &sources(&files)), Vec::<Vec<String>>::new());
}

#[test]
fn a_circle_is_refused_with_its_files() {
    let two = sources(&[("a.rs", "use crate::b;\n"), ("b.rs", "use crate::a;\n")]);
    assert_eq!(check_circles("services/gift", &two)[0].to_string(), "services/gift/src:1: these files need each other: a, b");
    let opened = sources(&[("a.rs", "use crate::b;\n"), ("b.rs", "")]);
    assert!(check_circles("services/gift", &opened).is_empty());
}
