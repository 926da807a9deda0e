//! Unit tests that names put together are found, and that paths and tests are ignored.
use super::check_accounts;

fn lines(file: &str, text: &str) -> Vec<usize> {
    check_accounts(file, text).into_iter().map(|violation| violation.line).collect()
}

#[test]
fn a_name_put_together_outside_the_chart_is_found() {
    let text = "fn a(user: &str) -> String {\n    format!(\"viewer/{user}/coins\")\n}\nconst B: &str = \"house/coins/issued\";\n";
    assert_eq!(lines("services/gift/src/wire.rs", text), [2, 4]);
    assert_eq!(lines("tests/bench/src/load.rs", "const B: &str = \"house/bank_cash/USD\";\n"), [1]);
    assert_eq!(lines("shared/rpc/src/acts.rs", "x(\"creator/\", user)\n"), [1]);
    assert_eq!(lines("services/demo/src/story.rs", "sum(&format!(\"at house/{purpose}/USD\"))\n"), [1]);
}

#[test]
fn the_chart_tests_comments_and_paths_may_say_it() {
    let text = "let a = \"viewer/ann/coins\";\n";
    for file in ["shared/chart/src/account.rs", "services/gift/src/wire/tests.rs", "services/gift/tests/it/main.rs", "tests/src/fuzz.rs"] {
        assert!(lines(file, text).is_empty(), "{file}");
    }
    assert!(lines("services/gift/src/wire.rs", "// as viewer/ann/coins\nmod x; // \nload(\"src/house/x.rs\");\n").is_empty());
}
