//! Unit tests that every check finds a planted violation, and ignores what only resembles one.
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
    let taken_apart = "//! M.\nfn f(&self, (a, b): (A, B), (c, (d, e)): (C, (D, E)), State(f): State<F>, g: G) {}\n";
    assert_eq!(rust(taken_apart), ["services/gift/src/gifts.rs:2: fn f takes 7 arguments, more than 6"]);
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
fn refusals_say_what_a_field_must_be_and_what_is_not_found() {
    let of = |file: &str, line: &str| check_refusals(file, line).iter().map(ToString::to_string).collect::<Vec<_>>();
    let file = "services/gift/src/gifts.rs";
    for good in [
        "rpc::malformed(\"book\", \"must be given\")",
        "malformed(\"posts\", format!(\"must have 1 to {MAX} posts\"))",
        "malformed(\"amount\", why.must())",
        "Malformed { field: \"id\", why: \"must be a UUID\" }",
        "rpc::refused(Code::NotFound, \"GIFT_UNKNOWN\", why, &[])",
        "rpc::refused(Code::FailedPrecondition, \"QUOTE_USED\", why, &[])",
    ] {
        assert_eq!(of(file, good), Vec::<String>::new());
    }
    for bad in
        ["malformed(\"book\", \"required\")", "malformed(\"posts\", &format!(\"1 to {MAX}\"))", "MalformedAct::new(\"act\", \"freeze\")"]
    {
        assert_eq!(of(file, bad).len(), 1, "{bad}");
        assert_eq!(of("services/gift/tests/it/main.rs", bad).len(), 0);
    }
    let code = "rpc::refused(Code::FailedPrecondition, \"GIFT_UNKNOWN\", why, &[])";
    assert_eq!(of(file, code), [format!("{file}:1: GIFT_UNKNOWN is of something that is not there; its code is NOT_FOUND")]);
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
    assert_eq!(manifest("services/gift/Cargo.toml", "[dev-dependencies]\ntestbed.workspace = true\n").len(), 0);
    assert_eq!(manifest("services/runtime/Cargo.toml", normal).len(), 0);
    for (file, allowed, refused) in [
        ("services/gift/Cargo.toml", "chart", "largesse"),
        ("services/monitor/Cargo.toml", "payout", "ledger"),
        ("services/operations/Cargo.toml", "monitor", "runtime"),
        ("services/demo/Cargo.toml", "operations", "gift"),
        ("services/largesse/Cargo.toml", "demo", "bench"),
        ("shared/books/Cargo.toml", "chart", "rpc"),
        ("shared/ledger_client/Cargo.toml", "rpc", "books"),
        ("tests/bench/Cargo.toml", "runtime", "monitor"),
    ] {
        assert_eq!(manifest(file, &format!("[dependencies]\n{allowed}.workspace = true\n")).len(), 0, "{file}");
        assert_eq!(manifest(file, &format!("[dependencies]\n{refused}.workspace = true\n")).len(), 1, "{file}");
    }
    assert_eq!(manifest("Cargo.toml", "[workspace.dependencies]\nledger = { path = \"services/ledger\" }\n").len(), 0);
}

#[test]
fn a_crate_nobody_has_told_of_is_refused() {
    for file in ["services/rewards/Cargo.toml", "shared/gift/Cargo.toml", "tests/other/Cargo.toml"] {
        let found = manifest(file, "[package]\nname = \"rewards\"\n");
        assert_eq!(found.len(), 1, "{file}");
        assert!(found[0].starts_with(&format!("{file}:1: a crate that `tests/src/tidy/crates.rs` doesn't know")), "{found:?}");
    }
}

#[test]
fn no_circle_is_allowed_by_the_table() {
    // Rows are ordered so that each depends only on rows above it.
    for (at, row) in crates::CRATES.iter().enumerate() {
        for below in &crates::CRATES[at..] {
            assert!(!row.allows(below.name(), false), "{} may depend on {}, which is below it", row.folder, below.name());
        }
        let known = row.may.iter().copied().flatten().chain(row.tests_may);
        known.for_each(|name| assert!(crates::is_ours(name), "{}: {name} is no crate", row.folder));
    }
}

fn unused(manifest: &str, sources: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<(String, String)> =
        sources.iter().map(|(file, text)| (format!("services/gift/{file}"), format!("//! M.\n{text}\n"))).collect();
    let of = CrateFiles { folder: "services/gift", manifest, sources: &sources };
    check_unused(&of).iter().map(ToString::to_string).collect()
}

#[test]
fn a_dependency_that_no_source_names_is_refused() {
    let manifest = "[dependencies]\nserde-saphyr.workspace = true\n";
    let no = "services/gift/Cargo.toml:2: depends on `serde-saphyr`, which no source names";
    let used = [
        "use serde_saphyr::Value;",
        "pub use serde_saphyr as yaml;",
        "fn f() { ::serde_saphyr::read() }",
        "#[serde_saphyr::main]\nfn f() {}",
        "    #[serde(with = \"serde_saphyr::text\")]",
    ];
    for used in used {
        assert_eq!(unused(manifest, &[("src/lib.rs", used)]), Vec::<String>::new(), "{used}");
    }
    let unnamed = [
        "// serde_saphyr::read()",
        "const TEXT: &str = \"serde_saphyr::read()\";",
        "use api::serde_saphyr;",
        "use api::{\n    serde_saphyr::Value,\n    other,\n};",
        "fn f() { api::serde_saphyr::read() }",
        "fn f(serde_saphyr: u8) {}",
        "fn f() { my_serde_saphyr::read() }",
    ];
    for unnamed in unnamed {
        assert_eq!(unused(manifest, &[("src/lib.rs", unnamed)]), [no], "{unnamed}");
    }
    // Dev-dependencies may be named anywhere, normal ones outside of tests, build dependencies in the build script.
    let names = "fn f() { serde_saphyr::read() }";
    assert_eq!(unused(manifest, &[("tests/it/main.rs", names)]), [no]);
    assert_eq!(unused("[dev-dependencies]\nserde-saphyr.workspace = true\n", &[("tests/it/main.rs", names)]).len(), 0);
    assert_eq!(unused("[build-dependencies]\nserde-saphyr.workspace = true\n", &[("src/lib.rs", names)]), [no]);
    assert_eq!(unused("[build-dependencies]\nserde-saphyr.workspace = true\n", &[("build.rs", names)]).len(), 0);
    assert_eq!(unused("[dependencies.serde-saphyr]\nversion = \"1\"\n", &[("src/lib.rs", "")]).len(), 1);
}

#[test]
fn a_dependency_that_is_offered_and_not_taken_is_refused() {
    let workspace =
        "[workspace.dependencies]\n# Wire.\ntonic = \"1\"\nhttp = { version = \"1\" }\n\n[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
    let found = check_offered(workspace, &["[dev-dependencies]\ntonic.workspace = true\n".to_owned()]);
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Cargo.toml:4: offers `http`, on which no crate depends"]);
}

#[test]
fn readers_of_rows_know_tables_only() {
    let of =
        |file: &str, text: &str| check_tables_only(file, &format!("//! M.\n{text}\n")).iter().map(ToString::to_string).collect::<Vec<_>>();
    for file in ["services/monitor/src/audit.rs", "services/operations/src/backup/sqlite.rs"] {
        for text in [
            "use payout::domain::Payout;",
            "use payout::{tables::Store, Config};",
            "fn f() {\n    purchase::Store::open()\n}",
            "pub use support::acts;",
        ] {
            let found = of(file, text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(file) && found[0].contains("beyond its `tables`"), "{found:?}");
        }
        for text in [
            "use payout::tables::{Payout, Store};",
            "use api::{\n    payout::PayoutState,\n};",
            "fn f() { purchase::tables::Store::open() }",
            "// payout::domain",
        ] {
            assert_eq!(of(file, text), Vec::<String>::new(), "{text}");
        }
    }
    assert_eq!(of("services/runtime/src/fit.rs", "use payout::Config;"), Vec::<String>::new());
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
fn a_service_names_the_reasons_of_all() {
    let text = "// Reasons: UNAUTHENTICATED, PERMISSION_DENIED, REASON_REQUIRED, QUOTA_EXCEEDED, IDENTITY_UNAVAILABLE,\n\
                // AUDIT_UNAVAILABLE, OVERLOADED, DEADLINE_EXCEEDED, SHUTTING_DOWN, INTERNAL.\nservice S {\n}\n";
    assert_eq!(check_reasons("p.proto", text), Vec::new());
    let found = check_reasons("p.proto", &text.replace("INTERNAL", "X").replace("OVERLOADED, ", ""));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["p.proto:3: the service's comment lacks OVERLOADED", "p.proto:3: the service's comment lacks INTERNAL"]);
    assert!(check_reasons("p.proto", "message M {\n}\n").is_empty());
}

#[test]
fn strangers_at_the_top_are_named() {
    let found = check_top_level(["Cargo.toml", "notes.txt", "services"]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].file, "notes.txt");
}

#[test]
fn a_crate_that_is_no_member_of_the_workspace_is_found() {
    let root = tempfile::tempdir().unwrap();
    let manifest = |file: &str, text: &str| {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    manifest("Cargo.toml", "[workspace]\nmembers = [\"shared/*\", \"services/gift\", \"tests\"]\n");
    manifest("tests/Cargo.toml", "");
    for folder in ["shared/chart", "services/gift"] {
        manifest(&format!("{folder}/Cargo.toml"), "");
    }
    let members = || {
        let mut found = Vec::new();
        let folders = check_members(root.path(), &mut found).unwrap();
        (folders, found.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(members(), (["shared/chart", "services/gift", "tests"].map(str::to_owned).to_vec(), Vec::new()));
    manifest("services/stray/Cargo.toml", "");
    assert_eq!(members().1, ["services/stray/Cargo.toml:1: a crate that is no member of the workspace"]);
}
