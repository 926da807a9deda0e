//! Files that operators write, checked before their services read them; and the examples of their documentation.
use super::settings::run;
use std::fs;

const PAGE: &str = include_str!("../../../../deploy/LISTS.md");

/// The file that a section of the page shows, in one or several pieces.
fn example(heading: &str) -> String {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let shown = section.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with("largesse "));
    shown.fold(String::new(), |file, line| file + line + "\n")
}

#[test]
fn the_examples_of_the_page_are_valid_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    for (heading, kind, found) in [
        ("Gifts", "gifts", "ok: version 2026-11, 1 gifts on sale"),
        ("Coin packages", "packages", "ok: version 2026-11, 2 coin packages on sale"),
        ("Limits of purchases", "spending_rules", "ok: version 2026-11, 1 rule of 1 market"),
        (
            "Coins left in wallets",
            "wallet_rules",
            "ok: version 2026-11-28, 1 rule of closures, 1 rule of dormancy, 1 rule of breakage, 1 rule of waiting",
        ),
        ("Rates", "rates", "ok: version 2026-11, 1 currencies"),
    ] {
        fs::write(dir.path().join("file.toml"), example(heading)).unwrap();
        let (code, out, error) = run(dir.path(), &["lists", "check", kind, "file.toml"]);
        assert_eq!((code, out.trim_end()), (Some(0), found), "{heading}: {error}");
    }
}

#[test]
fn rules_of_markets_that_can_t_be_used_are_refused_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let (spending, wallets) = (example("Limits of purchases"), example("Coins left in wallets"));
    for (kind, text, words) in [
        ("spending_rules", spending.replace("from_age = 18", "from_age = 8"), "file.toml, line 2: rule CN, band: from_age must increase"),
        ("spending_rules", spending.replace("Asia/Shanghai", "Mars/Olympus"), "file.toml, line 2: rule CN, time_zone: "),
        ("spending_rules", spending.replace("minimum_age", "minimum"), "file.toml, line 8: unknown field `minimum`"),
        (
            "spending_rules",
            format!("{spending}\n{}", &spending[spending.find("[[rule]]").unwrap()..]),
            "file.toml, line 17: rule CN, valid_from: there is a rule for the same market and day",
        ),
        ("spending_rules", wallets.clone(), "file.toml, line 13: unknown field `breakage`"),
        ("wallet_rules", wallets.replace("\"FR\"", "\"US\""), "file.toml, line 13: market: on 2026-01-01 coins of US would be breakage"),
        ("wallet_rules", wallets.replace("years = 3", "years = -1"), "file.toml, line 8: years: must be 0 to 100"),
        ("wallet_rules", wallets.replace("source", "sauce"), "file.toml, line 17: unknown field `sauce`"),
        ("wallet_rules", "version = \"\"".to_owned(), "file.toml, line 1: version: must have 1 to "),
        ("wallet_rules", "\u{feff}{}".to_owned(), "file.toml, line 1: "),
    ] {
        fs::write(dir.path().join("file.toml"), text).unwrap();
        let (code, out, error) = run(dir.path(), &["lists", "check", kind, "file.toml"]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{words}: {error}");
        assert!(error.contains(words), "{words}: {error}");
    }
    let (code, _, error) = run(dir.path(), &["lists", "check", "wallet_rules", "nope.toml"]);
    assert!(code == Some(1) && error.contains("nope.toml"), "{error}");
    let (code, _, error) = run(dir.path(), &["lists", "check", "rules", "file.toml"]);
    assert!(code == Some(2) && error.contains("spending_rules or wallet_rules"), "{error}");
}
