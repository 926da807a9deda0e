//! The latest row that has begun counts, of the market before that of all; a file with a mistake is refused with its line.
use super::*;

fn read(text: &str) -> Result<WalletRules, String> {
    WalletRules::read(&DocumentText::new(WHAT, "rules.toml", text)).map_err(|error| error.to_string())
}

fn row(market: &str, from: &str, rest: &str) -> String {
    format!("[[closure]]\nmarket = \"{market}\"\nfrom = \"{from}\"\nsource = \"a test\"\n{rest}\n")
}

#[test]
fn the_latest_row_that_has_begun_counts() {
    let text = [
        "version = \"1\"\n".to_owned(),
        row("*", "2026-01-01", "rule = \"forfeit\""),
        row("DE", "2026-03-01", "rule = \"refund\"\nnot_refundable = \"forfeit\""),
        row("DE", "2026-06-01", "rule = \"wait\""),
    ];
    let rules = read(&text.concat()).unwrap();
    let on = |market, day: &str| rules.closure(market, day.parse().unwrap());
    assert_eq!(on("US", "2025-12-31"), (ClosureRule::Wait, ClosureRule::Wait), "before the first row");
    assert_eq!(on("US", "2026-01-01").0, ClosureRule::Forfeit);
    assert_eq!(on("", "2026-01-01").0, ClosureRule::Forfeit, "a market that is not known");
    assert_eq!(on("DE", "2026-02-28").0, ClosureRule::Forfeit);
    assert_eq!(on("DE", "2026-05-31"), (ClosureRule::Refund, ClosureRule::Forfeit));
    assert_eq!(on("DE", "2026-06-01").0, ClosureRule::Wait);
    assert_eq!(WalletRules::default().closure("US", "2026-06-01".parse().unwrap()).0, ClosureRule::Wait, "without a file");
}

#[test]
fn dormancy_is_that_of_the_market_or_else_of_all() {
    let of = |market, from, years: i32| row(market, from, &format!("years = {years}")).replace("closure", "dormancy");
    let rules =
        read(&["version = \"1\"\n".to_owned(), of("*", "2026-01-01", 5), of("US", "2026-02-01", 3), of("US", "2027-01-01", 0)].concat());
    let rules = rules.unwrap();
    let on = |market, day: &str| rules.dormancy(market, day.parse().unwrap()).map(|row| row.years);
    assert_eq!(
        [on("US", "2025-12-31"), on("US", "2026-01-31"), on("US", "2026-12-31"), on("US", "2027-01-01")],
        [None, Some(5), Some(3), Some(0)]
    );
    assert_eq!(WalletRules::default().dormancy("US", "2026-12-31".parse().unwrap()), None);
}

#[test]
fn breakage_is_never_of_coins_that_a_state_may_claim() {
    let breakage = |market, from, months: i32| row(market, from, &format!("months = {months}")).replace("closure", "breakage");
    let dormancy = |market, from, years: i32| row(market, from, &format!("years = {years}")).replace("closure", "dormancy");
    let of = |rows: &[String]| read(&format!("version = \"1\"\n{}", rows.concat()));
    let rules = of(&[
        breakage("*", "2026-01-01", 24),
        breakage("US", "2026-01-01", 0),
        breakage("DE", "2026-06-01", 36),
        dormancy("US", "2026-01-01", 3),
        dormancy("DE", "2025-01-01", 5),
        dormancy("DE", "2026-06-01", 0),
        breakage("DE", "2025-01-01", 0),
    ]);
    let rules = rules.unwrap();
    let on = |market, day: &str| rules.breakage(market, day.parse().unwrap()).map(|row| row.months);
    assert_eq!([on("FR", "2025-12-31"), on("FR", "2026-01-01"), on("", "2026-01-01")], [None, Some(24), Some(24)]);
    assert_eq!([on("US", "2030-01-01"), on("DE", "2026-05-31"), on("DE", "2026-06-01")], [None, None, Some(36)]);
    let since = |rules: &WalletRules, day: &str| rules.left_since(day.parse().unwrap()).map(|day| day.to_string());
    assert_eq!((since(&rules, "2026-07-31"), since(&rules, "2024-12-31")), (Some("2024-07-31".to_owned()), None));
    assert_eq!(since(&WalletRules::default(), "2030-01-01"), None, "off without a file");
    for rows in [
        [breakage("US", "2026-01-01", 24), dormancy("US", "2026-01-01", 3)],
        [breakage("US", "2026-01-01", 24), dormancy("*", "2020-01-01", 3)],
        [breakage("US", "2026-01-01", 24), dormancy("US", "2029-01-01", 3)],
        [breakage("*", "2026-01-01", 24), dormancy("US", "2027-01-01", 3)],
    ] {
        let why = of(&rows).unwrap_err();
        assert!(why.contains("they can't be both") && why.contains("rules.toml"), "{why}");
    }
    assert!(of(&[breakage("US", "2026-01-01", -1)]).unwrap_err().contains("months: must be 0 to 1200"));
}

#[test]
fn a_file_with_a_mistake_is_refused_with_its_line() {
    let dormancy = |years: i32| row("US", "2026-01-01", &format!("years = {years}")).replace("closure", "dormancy");
    for (rows, why) in [
        (dormancy(-1), "years: must be 0 to 100"),
        (dormancy(3).repeat(2), "has two rows from 2026-01-01"),
        (row("usa", "2026-01-01", "rule = \"forfeit\""), "market: must be two capital letters"),
        (row("US", "soon", "rule = \"forfeit\""), "from: must be a day"),
        (row("US", "2026-01-01", "rule = \"burn\""), "unknown variant `burn`"),
        (row("US", "2026-01-01", "rule = \"refund\"\nnot_refundable = \"refund\""), "not_refundable: must be forfeit or wait"),
        (row("US", "2026-01-01", "rule = \"wait\"").replace("a test", " "), "source: must say"),
        (row("US", "2026-01-01", "rule = \"wait\"").repeat(2), "has two rows from 2026-01-01"),
        (row("US", "2026-01-01", "rule = \"wait\"\nrules = 1"), "unknown field"),
    ] {
        let error = read(&format!("version = \"1\"\n{rows}")).unwrap_err();
        assert!(error.contains(why) && error.contains("rules.toml"), "{error}");
    }
}

#[test]
fn owners_wait_as_long_as_the_row_of_their_market_says_and_ask_nothing_without_one() {
    let of = |market, from, rest: &str| row(market, from, rest).replace("closure", "waiting");
    let head = "version = \"1\"\n".to_owned();
    let rules = read(
        &[
            head.clone(),
            of("*", "2026-01-01", "days = 14"),
            of("DE", "2026-02-01", "days = 0"),
            of("US", "2026-02-01", "days = 30\nallowed = false"),
        ]
        .concat(),
    );
    let rules = rules.unwrap();
    let on = |market, day: &str| rules.waiting(market, day.parse().unwrap());
    assert_eq!([on("DE", "2025-12-31"), on("DE", "2026-01-31"), on("DE", "2026-02-01")], [None, Some(14), Some(0)]);
    assert_eq!([on("US", "2026-01-31"), on("US", "2026-02-01"), on("", "2026-02-01")], [Some(14), None, Some(14)]);
    assert_eq!(WalletRules::default().waiting("US", "2026-06-01".parse().unwrap()), None, "without a file");
    for (rest, said) in
        [("days = 91", "days: must be 0 to 90"), ("days = -1", "line "), ("", "line "), ("days = 1\nday = 1", "unknown field")]
    {
        let refused = read(&[head.clone(), of("*", "2026-01-01", rest)].concat()).unwrap_err();
        assert!(refused.contains(said), "{rest}: {refused}");
    }
    let twice = read(&[head, of("*", "2026-01-01", "days = 1"), of("*", "2026-01-01", "days = 2")].concat()).unwrap_err();
    assert!(twice.contains("two rows"), "{twice}");
}
