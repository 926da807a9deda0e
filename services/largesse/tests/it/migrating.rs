//! `largesse treasury migrate` and `picture` beside a running installation.
use crate::{
    process::{output, serving},
    treasury::{TREE, token, written},
};
use serde_json::Value;

const HEAD: &str =
    "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n";

/// What a bank says of both accounts.
const STATEMENTS: &str = "01,BANK,US,260131,2130,1,,,2/
02,US,BANK,1,260131,2359,USD,2/
03,old-1,USD,010,10025,,,015,10025,,/
49,20050,2/
03,old-2,USD,010,5000,,,015,5000,,/
49,10000,2/
98,30050,2,6/
99,30050,1,8/
";

/// A file with two accounts.
fn file() -> String {
    let row = |id: &str, balance: &str, mandates: &str| {
        format!("{id},{id},B bank,TESTGB22,USD,main,Old {id},own,costs,{balance},S1,2026-01-31,12.50,price list,{mandates}\n")
    };
    format!("{HEAD}{}{}total,2,,,USD,,,,,150.25,,,,,\n", row("old-1", "100.25", "RENT-7"), row("old-2", "50", ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn old_accounts_are_imported_moved_reported_and_drawn_and_a_wrong_file_imports_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let (finance, auditor) = (token(dir.path(), "finance").await, token(dir.path(), "auditor").await);
    let called = async |token: &str, task: &[&str]| {
        let place = ["--url", &url, "--token-file", token, "--reason", "accounts of November"];
        output(&[&["treasury"], task, &place[..]].concat()).await
    };
    let tree = written(dir.path(), "tree.toml", TREE);
    let tree = tree.to_str().unwrap();
    let (_, text, _) = called(&finance, &["plan", tree]).await;
    let hash = text.lines().find_map(|line| line.strip_prefix("hash ")).unwrap().to_owned();
    assert!(called(&finance, &["apply", tree, "--plan", &hash]).await.0);

    let old = written(dir.path(), "old.csv", &file());
    let old = old.to_str().unwrap();
    let (ok, text, error) = called(&auditor, &["migrate", "plan", old]).await;
    assert!(ok && text.contains("  USD  2 accounts, 150.25, which cost 25.00 a month\n"), "{text} {error}");
    let hash = text.lines().find_map(|line| line.strip_prefix("hash ")).unwrap().to_owned();
    // Balances by statements: what is empty is set, so it is the same file; what differs is named.
    let statements = written(dir.path(), "january.bai", STATEMENTS);
    let statements = ["--statements", statements.to_str().unwrap()];
    let open = written(dir.path(), "open.csv", &file().replace("costs,100.25,", "costs,,"));
    let (ok, text, error) = called(&auditor, &[&["migrate", "plan", open.to_str().unwrap()], &statements[..]].concat()).await;
    assert!(ok && text.contains(&hash), "{text} {error}");
    let differs = written(dir.path(), "differs.csv", &file().replace("costs,100.25,", "costs,100.26,"));
    let (ok, text, error) = called(&auditor, &[&["migrate", "plan", differs.to_str().unwrap()], &statements[..]].concat()).await;
    let named = "old-1: its balance is 100.26, but its statement of 2026-01-31";
    assert!(!ok && text.is_empty() && error.contains(named) && error.contains("nothing was sent"), "{text} {error}");
    let (ok, text, error) = called(&auditor, &["migrate", "apply", old, "--plan", &hash]).await;
    assert!(!ok && text.is_empty() && error.contains("PERMISSION_DENIED"), "{text} {error}");
    let apply = ["migrate", "apply", open.to_str().unwrap(), "--plan", &hash];
    let (ok, text, error) = called(&finance, &[&apply[..], &statements[..]].concat()).await;
    assert!(ok && text == "imported: 2 accounts; opened now: 2\n", "{text} {error}");
    let (ok, text, error) = called(&finance, &["migrate", "move"]).await;
    assert!(ok && text == "moved:\n  USD  2 accounts, 150.25\n", "{text} {error}");
    let (ok, text, error) = called(&finance, &["migrate", "close", "old-2"]).await;
    assert!(ok && text.starts_with("closed: 0 accounts\n  old-2 stays open: ") && text.contains("92 days"), "{text} {error}");
    let (ok, text, error) = called(&auditor, &["migrate", "report"]).await;
    assert!(ok && text.contains("2 open with 0.00") && text.contains("150.25 were moved"), "{text} {error}");
    assert!(text.contains("  old-1  Old old-1  to costs, mandates RENT-7\n"), "{text}");
    let (ok, text, _) = called(&auditor, &["migrate", "report", "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json["accounts"][1]["state"] == "open" && json["summaries"][0]["cost_before_minor_units"] == 2_500, "{text}");

    let picture = dir.path().join("tree.svg");
    let (ok, text, error) = called(&auditor, &["picture", "--out", picture.to_str().unwrap()]).await;
    assert!(ok && text.ends_with("a picture of 9 items\n"), "{text} {error}");
    let svg = std::fs::read_to_string(picture).unwrap();
    assert!(svg.contains(">150.25</text>") && svg.contains("150.25 USD at the bank"), "{svg}");

    for (name, text, said) in [
        ("sum.csv", file().replace("150.25", "150.26"), "line 4: total of USD says 2 accounts with 15026 minor units"),
        ("leaf.csv", file().replace("own,costs,50", "own,nowhere,50"), "line 3: old-2 was imported before"),
        ("cell.csv", file().replace("price list", "=cmd()"), "line 2: cost_source must not begin with ="),
    ] {
        let wrong = written(dir.path(), name, &text);
        let (ok, text, error) = called(&finance, &["migrate", "plan", wrong.to_str().unwrap()]).await;
        assert!(!ok && text.is_empty() && error.contains(said), "{name}: {text} {error}");
    }
    let latin = dir.path().join("latin.csv");
    std::fs::write(&latin, [file().as_bytes(), b"caf\xe9"].concat()).unwrap();
    let (ok, _, error) = called(&finance, &["migrate", "plan", latin.to_str().unwrap()]).await;
    assert!(!ok && error.contains("latin.csv") && error.contains("UTF-8"), "{error}");
    child.kill().await.unwrap();
}
