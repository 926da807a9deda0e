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
fn a_name_in_an_example_a_part_of_one_and_one_that_is_taken_apart_are_found() {
    assert_eq!(lines("services/treasury/examples/closings.rs", "x(format!(\"house/main/virtual_account/leaf-{leaf:05}/USD\"))\n"), [1]);
    let text = "if let Some(viewer) = accounts.get(&key).and_then(|account| owner(account, \"viewer\")) {\n";
    assert_eq!(lines("services/monitor/src/explain/words.rs", text), [1]);
    let text = "    account.name.strip_prefix(kind)?.strip_prefix('/')?.split('/').next()\n";
    assert_eq!(lines("services/monitor/src/explain/words.rs", text), [1]);
    let text = "    let leaf = of_leaf\n        .account_name\n        .split('/')\n        .nth(3);\n    path.split('/')\n";
    assert_eq!(lines("services/monitor/src/audit/twins.rs", text), [3]);
    let text = "    name.split('/').nth(3).is_some_and(|leaf| leaf.ends_with(\"-unallocated\"))\n";
    assert_eq!(lines("services/monitor/src/audit/twins.rs", text), [1, 1]);
    assert_eq!(lines("services/demo/src/story/banking_day.rs", "format!(\"{ACCOUNT}-unallocated\")\n"), [1]);
    let others = "let name = path.split('/').next();\nSelf::Viewer => \"viewer\",\nlet rpc = path.rsplit('/').next();\nlet (a, b) = text.split_once('/')?;\nlet unallocated = \"unallocated\";\n";
    assert!(lines("shared/identity/src/principal.rs", others).is_empty());
}

#[test]
fn the_chart_tests_comments_and_paths_may_say_it() {
    let text = "let a = \"viewer/ann/coins\";\n";
    for file in ["shared/chart/src/account.rs", "services/gift/src/wire/tests.rs", "services/gift/tests/it/main.rs", "tests/src/fuzz.rs"] {
        assert!(lines(file, text).is_empty(), "{file}");
    }
    assert!(lines("services/gift/src/wire.rs", "// as viewer/ann/coins\nmod x; // \nload(\"src/house/x.rs\");\n").is_empty());
}
