//! Every check is seen to fail on a planted violation, and to leave alone what only looks like one.
use super::*;

fn rust(text: &str) -> Vec<String> {
    check_rust("services/gift/src/gifts.rs", text).iter().map(ToString::to_string).collect()
}

fn of(file: &str, text: &str) -> Vec<String> {
    check_rust(file, text).iter().map(ToString::to_string).collect()
}

#[test]
fn a_tidy_file_passes() {
    assert_eq!(rust("//! Gifts.\nfn send() {}\n"), Vec::<String>::new());
}

#[test]
fn a_long_file_is_named() {
    let text = format!("//! Long.\n{}", "// x.\n".repeat(500));
    assert_eq!(rust(&text), ["services/gift/src/gifts.rs:501: 501 lines, more than 500"]);
    let text = format!("//! Long.\n{}", "// x.\n".repeat(499));
    assert_eq!(rust(&text).len(), 0);
}

#[test]
fn a_long_function_is_named_with_its_line() {
    let body = "    step();\n".repeat(69);
    let text = format!("//! M.\n\n    pub(crate) async fn long<T: Fn(u8) -> u8>(&self) -> Result<(), [u8; 4]> {{\n{body}    }}\n");
    assert_eq!(rust(&text), ["services/gift/src/gifts.rs:3: fn long has 71 lines, more than 70"]);
    let body = "    step();\n".repeat(68);
    assert_eq!(rust(&format!("//! M.\nfn ok() {{\n{body}}}\n")).len(), 0);
}

#[test]
fn braces_in_strings_and_comments_do_not_end_a_function() {
    let body = "    // }\n    s(\"}\\\"}\", r#\"}\"}\"#, '}', b'\\'', br\"}\");\n    let x: &'a str;\n/* } /* } */ } */\n".repeat(18);
    let found = rust(&format!("//! M.\nfn long() {{\n{body}}}\n"));
    assert_eq!(found, ["services/gift/src/gifts.rs:2: fn long has 74 lines, more than 70"]);
}

#[test]
fn seven_arguments_are_too_many_and_self_is_none() {
    let six = "//! M.\nfn f(&mut self, a: A<B, C>, b: (A, B), c: [u8; 3], d: impl Fn(A, B) -> C, e: E, f: F) {}\n";
    assert_eq!(rust(six).len(), 0);
    let seven =
        "//! M.\npub fn f(\n    self: Arc<Self>,\n    a: A,\n    b: B,\n    c: C,\n    d: D,\n    e: E,\n    f: F,\n    g: G,\n) {\n}\n";
    assert_eq!(rust(seven), ["services/gift/src/gifts.rs:2: fn f takes 7 arguments, more than 6"]);
}

#[test]
fn names_without_meaning_are_refused() {
    assert_eq!(of("shared/db/src/store/mod.rs", "//! M.\n"), ["shared/db/src/store/mod.rs:1: mod.rs; use `foo.rs` beside `foo/`"]);
    assert_eq!(of("shared/db/src/utils.rs", "//! M.\n"), ["shared/db/src/utils.rs:1: a module named `utils`"]);
    assert_eq!(of("shared/db/src/core/x.rs", "//! M.\n"), ["shared/db/src/core/x.rs:1: a module named `core`"]);
    assert_eq!(rust("//! M.\n    pub(crate) mod helpers {\n}\n"), ["services/gift/src/gifts.rs:2: a module named `helpers`"]);
    assert_eq!(of("shared/types/src/lib.rs", "//! M.\nuse core::fmt;\n").len(), 0);
}

#[test]
fn leftovers_are_refused_in_code_and_comments_but_not_in_strings() {
    for (line, word) in [
        ("    todo!()", "todo!"),
        ("    std::unimplemented!()", "unimplemented!"),
        ("    dbg!(x);", "dbg!"),
        ("#[ignore = \"slow\"]", "#[ignore"),
        ("// TODO: later", "TODO"),
        ("/* FIXME */", "FIXME"),
    ] {
        assert_eq!(rust(&format!("//! M.\n{line}\n")), [format!("services/gift/src/gifts.rs:2: {word} left in")]);
    }
    assert_eq!(rust("//! M.\nfn f() { refuse(\"todo! TODO #[ignore\", my_dbg!()) }\n").len(), 0);
}

#[test]
fn sleeping_is_refused_in_tests_only() {
    let text = "//! M.\nfn f() { tokio::time::sleep(d) }\n";
    assert_eq!(of("services/gift/tests/it/main.rs", text), ["services/gift/tests/it/main.rs:2: sleep in a test"]);
    assert_eq!(of("services/gift/src/gifts/tests.rs", text), ["services/gift/src/gifts/tests.rs:2: sleep in a test"]);
    assert_eq!(rust(text).len(), 0);
    assert_eq!(of("services/gift/tests/it/main.rs", "//! M.\nfn f() { sql(\"pg_sleep(1)\") }\n").len(), 0);
}

#[test]
fn a_module_says_what_it_is() {
    assert_eq!(rust("use x;\n"), ["services/gift/src/gifts.rs:1: doesn't start with a `//!` comment"]);
}

fn manifest(file: &str, text: &str) -> Vec<String> {
    check_manifest(file, text).iter().map(ToString::to_string).collect()
}

#[test]
fn money_stays_free_of_async() {
    let text = "[package]\nname = \"money\"\n[dependencies]\nuuid.workspace = true\ntokio.workspace = true\n[dev-dependencies]\ntokio.workspace = true\n";
    let found = manifest("shared/money/Cargo.toml", text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("shared/money/Cargo.toml:5: depends on `tokio`: "));
    assert_eq!(manifest("shared/money/Cargo.toml", "[dependencies.sqlx]\nversion = \"1\"\n").len(), 1);
    assert_eq!(manifest("shared/money/Cargo.toml", "[dependencies]\nrpc.workspace = true\n").len(), 1);
    assert_eq!(manifest("shared/rpc/Cargo.toml", text).len(), 0);
}

#[test]
fn dependencies_point_one_way() {
    for section in ["dependencies", "build-dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
        let text = format!("[{section}]\nledger.workspace = true\n");
        assert_eq!(manifest("shared/rpc/Cargo.toml", &text).len(), 1, "{section}");
    }
    let normal = "[dependencies]\nmoney = { workspace = true }\nbooks = { package = \"ledger\", path = \"../ledger\" }\n";
    let found = manifest("services/gift/Cargo.toml", normal);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("services/gift/Cargo.toml:3: depends on `ledger`: "));
    assert_eq!(manifest("services/gift/Cargo.toml", "[dev-dependencies]\nledger.workspace = true\n").len(), 0);
    assert_eq!(manifest("services/largesse/Cargo.toml", normal).len(), 0);
    assert_eq!(manifest("services/gift/Cargo.toml", "[dependencies]\nlargesse.workspace = true\n").len(), 1);
    assert_eq!(manifest("Cargo.toml", "[workspace.dependencies]\nledger = { path = \"services/ledger\" }\n").len(), 0);
}

#[test]
fn a_contract_explains_itself() {
    let good = "syntax = \"proto3\";\n// S.\nservice S {\n  // R.\n  rpc R(A) returns (B);\n}\nmessage A {\n  // F.\n  string f = 1;\n  // O.\n  oneof o {\n    // G.\n    int32 g = 2;\n  }\n  reserved 3;\n}\n";
    assert_eq!(check_proto("p.proto", good), Vec::new());
    for comment in ["// S.", "// R.", "// F.", "// O.", "// G."] {
        let bad = good.replacen(comment, "", 1);
        assert_eq!(check_proto("p.proto", &bad).len(), 1, "{comment}");
    }
    let found = check_proto("p.proto", "// E.\nenum E {\n  E_UNSPECIFIED = 0;\n}\n");
    assert_eq!(found[0].to_string(), "p.proto:3: field or value E_UNSPECIFIED has no comment");
}

#[test]
fn strangers_at_the_top_are_named() {
    let found = check_top_level(["Cargo.toml", "notes.txt", "services"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].file, "notes.txt");
}
