//! Unit tests that tuples which hide parameters are found wherever they are in a type, and that others are let through.
use super::{ALLOWED, check_tuples};

const FILE: &str = "services/gift/src/gifts.rs";

fn found(file: &str, text: &str) -> Vec<String> {
    check_tuples(file, text).iter().map(ToString::to_string).collect()
}

fn of_parameter(parameter: &str) -> Vec<String> {
    found(FILE, &format!("fn f(&self, first: u8, {parameter}) -> (i64, i64) {{\n    (1, 2)\n}}\n"))
}

#[test]
fn two_parts_of_one_type_are_found() {
    let planted = "//! A.\n\nfn move_coins(\n    tx: &mut AnyConnection,\n    between: (i64, i64),\n) {\n}\n";
    let why = "services/gift/src/gifts.rs:3: fn move_coins takes between as the tuple (i64, i64), of which two parts have one type; make it a struct, or parameters";
    assert_eq!(found(FILE, planted), [why]);
    for of in [
        "&(&str, &str)",
        "&'a (String, u8, String)",
        "Option<(Date, Date)>",
        "&[(String, String)]",
        "[(i64, i64); 4]",
        "&mut Vec<(String, String)>",
        "impl Iterator<Item = (&'a str, &'a str)> + Send",
        "impl IntoIterator<Item = (String, String)>",
        "Option<&'a [(i64, i64)]>",
        "&[((i64, i64), String)]",
        "(HashMap<String, u8>, HashMap<String, u8>)",
    ] {
        assert_eq!(of_parameter(&format!("x: {of}")).len(), 1, "{of}");
    }
}

#[test]
fn three_parts_are_found_whatever_their_types() {
    assert_eq!(of_parameter("x: (u8, &str, Uuid)").len(), 1);
    assert_eq!(of_parameter("routed: &mut [(usize, Payout, BankRoute)]").len(), 1);
}

#[test]
fn a_tuple_that_is_taken_apart_at_once_is_found() {
    assert_eq!(of_parameter("(book, user): (&BookName, &UserKey)").len(), 1, "it hides a parameter from the count");
    assert_eq!(of_parameter("(payout, steps): &(Payout, Steps)").len(), 0, "somebody's value is looked into");
}

#[test]
fn other_types_are_let_through() {
    for parameter in [
        "at: Option<(i64, Uuid)>",
        "fields: &[(&'static str, &str)]",
        "rows: &BTreeMap<(i64, i64), Row>",
        "with: impl Fn(u8, u8) -> (u8, u8)",
        "State(play): State<(u8, u8)>",
        "Path((package, token)): Path<(String, String)>",
        "Pair { one, other }: Pair",
        "unit: ()",
        "name: crate::a::Name",
    ] {
        assert_eq!(of_parameter(parameter), Vec::<String>::new(), "{parameter}");
    }
    assert!(found(FILE, "fn f() -> Vec<(String, String)> {\n}\n").is_empty(), "a result");
}

#[test]
fn tests_and_other_folders_may_have_them() {
    let planted = "fn f(x: (i64, i64)) {\n}\n";
    assert_eq!(found("shared/money/src/money.rs", planted).len(), 1);
    for file in
        ["services/gift/tests/it/main.rs", "services/gift/src/gifts/tests.rs", "shared/screening/src/fixtures.rs", "tests/src/tidy.rs"]
    {
        assert!(found(file, planted).is_empty(), "{file}");
    }
    assert!(found(FILE, &format!("fn g() {{\n}}\n\n#[cfg(test)]\nmod tests {{\n    {planted}}}\n")).is_empty());
}

#[test]
fn a_foreign_signature_is_allowed_where_it_is_and_nowhere_else() {
    for (file, name, reason) in ALLOWED {
        let planted = format!("fn {name}(pair: (i64, i64)) {{\n}}\n");
        assert!(found(file, &planted).is_empty(), "{file}: {reason}");
        assert_eq!(found(FILE, &planted).len(), 1, "{name}");
    }
}
