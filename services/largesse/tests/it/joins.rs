//! Every service's rows and its postings: if one side is changed directly in the database, in user, amount, unit or account, the row or the posting is
//! reported.
use db::Database;
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, path::Path};
use tokio::process::Command;

/// The monitor's check, the file, the change, and the expected problem. In one copy at most one damage of each check is made: what is said of one service's
/// rows is then said because of this damage.
const DAMAGES: [(&str, &str, &str, &str); 31] = [
    (
        "gifts",
        "gift.db",
        "UPDATE catalogue SET content = REPLACE(content, '\"cost_coins\":1,', '\"cost_coins\":2,')",
        "is not what its hash says",
    ),
    ("gifts", "gift.db", "DELETE FROM catalogue", "can't be read: its content is no catalogue: there is none"),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET user_id = 'thief' WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "viewer/thief/coins",
    ),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET coins = 7777777 WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "7777777 from house/coins/issued",
    ),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET commission_minor_units = 1 WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "1 from house/prepaid_commission/USD",
    ),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET currency = 'EUR' WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "house/store_receivable/EUR",
    ),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET state = 3 WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "house/coins/suspense",
    ),
    (
        "purchases",
        "purchase.db",
        "DELETE FROM purchase WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "issues coins for no credited purchase",
    ),
    ("conversions", "earnings.db", "UPDATE quote SET user_id = 'thief' WHERE posting_id <> ''", "creator/thief/diamonds"),
    ("conversions", "earnings.db", "UPDATE quote SET diamonds = 7777777 WHERE posting_id <> ''", "7777777 from creator/"),
    ("conversions", "earnings.db", "UPDATE quote SET net_minor_units = net_minor_units + 1 WHERE posting_id <> ''", "says conversion of"),
    ("conversions", "earnings.db", "UPDATE quote SET currency = 'JPY' WHERE posting_id <> ''", "house/creator_cost/JPY"),
    (
        "conversions",
        "earnings.db",
        "UPDATE quote SET posting_id = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6' WHERE posting_id <> ''",
        "which the ledger does not have",
    ),
    ("conversions", "earnings.db", "DELETE FROM quote WHERE posting_id <> ''", "pays for diamonds by no accepted quote"),
    ("payout_postings", "payout.db", "UPDATE payout SET user_id = 'thief' WHERE phase = 'settled'", "creator/thief/payable/USD"),
    (
        "payout_postings",
        "payout.db",
        "UPDATE payout SET minor_units = 7777777 WHERE phase = 'settled'",
        "7777777 from house/in_transit/USD to house/bank_cash/USD",
    ),
    ("payout_postings", "payout.db", "UPDATE payout SET currency = 'GBP' WHERE phase = 'settled'", "house/bank_cash/GBP"),
    (
        "payout_postings",
        "payout.db",
        "UPDATE payout SET phase = 'settled', state = 'settled' WHERE phase = 'rejected'",
        "says payout.settle of",
    ),
    ("payout_postings", "payout.db", "DELETE FROM payout WHERE phase = 'rejected'", "moves the money of no payout"),
    ("proposals", "support.db", "DELETE FROM proposal WHERE number = 1", "was approved in no proposal"),
    ("proposals", "support.db", "UPDATE proposal SET state = 4 WHERE number = 1", "was approved in no proposal"),
    (
        "proposals",
        "support.db",
        "UPDATE proposal SET result = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6' WHERE number = 1",
        "which the ledger does not have",
    ),
    // Values that no version of the program writes: the row is named, and the check has failed instead of waiting for a better moment.
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET user_id = 'a b' WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "a row can't be read: purchase 0",
    ),
    (
        "purchases",
        "purchase.db",
        "UPDATE purchase SET coins = 'many' WHERE purchase_id = (SELECT MIN(purchase_id) FROM purchase)",
        "a row can't be read: purchase 0",
    ),
    ("conversions", "earnings.db", "UPDATE quote SET rate = 'x' WHERE posting_id <> ''", "a row can't be read: quote 0"),
    ("conversions", "earnings.db", "UPDATE quote SET currency = '' WHERE posting_id <> ''", "a row can't be read: quote 0"),
    ("payout_postings", "payout.db", "UPDATE payout SET phase = 'paid twice' WHERE phase = 'settled'", "the stored phase is invalid"),
    ("payout_postings", "payout.db", "UPDATE payout SET minor_units = -1 WHERE phase = 'settled'", "the stored amount is invalid"),
    ("payout_postings", "payout.db", "UPDATE payout SET state = '' WHERE phase = 'settled'", "the stored state is invalid"),
    ("proposals", "support.db", "UPDATE proposal SET act = x'ff' WHERE number = 1", "a row can't be read: proposal 0"),
    ("proposals", "support.db", "UPDATE proposal SET book = 'A B' WHERE number = 1 AND book LIKE 'demo%'", "was approved in no proposal"),
];

const NO_POSTING: &str = "names no posting of its own";
const NAMED_TWICE: &str = "or another row names too";

/// Rows that claim a posting that they lack: the monitor's check, the file, the change, the service's row, and the expected problem. All changes are made to
/// one copy, to unrelated rows. `$1` to `$9`: ids of added rows, younger than all; `$0`: an older one.
const LACKING: [(&str, &str, &str, &str, &str); 13] = [
    (
        "purchases",
        "purchase.db",
        "+ purchase: state = 2: purchase_id = '$0', transaction_id = 'a', posting_id = ''",
        "purchase $0 ",
        NO_POSTING,
    ),
    (
        "purchases",
        "purchase.db",
        "+ purchase: state = 2: purchase_id = '$1', transaction_id = 'b', posting_id = 'none'",
        "purchase $1 ",
        NO_POSTING,
    ),
    ("purchases", "purchase.db", "+ purchase: state = 2: purchase_id = '$2', transaction_id = 'c'", "purchase $2 ", NAMED_TWICE),
    ("conversions", "earnings.db", "+ quote: posting_id <> '': quote_id = '$1', posting_id = 'none'", "quote $1 ", NO_POSTING),
    ("conversions", "earnings.db", "+ quote: posting_id <> '': quote_id = '$2'", "quote $2 ", NAMED_TWICE),
    ("payout_postings", "payout.db", "+ payout: phase = 'settled': payout_id = '$1', $unposted", "payout $1 ", NO_POSTING),
    ("payout_postings", "payout.db", "+ payout: phase = 'rejected': payout_id = '$2', $unposted", "payout $2 ", NO_POSTING),
    (
        "payout_postings",
        "payout.db",
        "+ payout: phase = 'settled': payout_id = '$3', phase = 'unknown', $unposted",
        "payout $3 ",
        NO_POSTING,
    ),
    ("payout_postings", "payout.db", "+ payout: phase = 'settled': payout_id = '$4'", "payout $4 ", NAMED_TWICE),
    (
        "payout_postings",
        "payout.db",
        "+ payout: phase = 'settled': payout_id = '$5', submit_posting_id = ''",
        "payout $5 says payout.submit of ",
        NO_POSTING,
    ),
    (
        "payout_postings",
        "payout.db",
        "UPDATE payout SET phase = 'refused' WHERE payout_id = (SELECT MAX(payout_id) FROM payout WHERE phase = 'settled' AND payout_id < 'f' AND book LIKE 'demo%')",
        "event ",
        "moves the money of no payout",
    ),
    ("proposals", "support.db", "+ proposal: number = 1: proposal_id = '$1', number = 99, result = ''", "proposal $1 ", NO_POSTING),
    ("proposals", "support.db", "+ proposal: number = 1: proposal_id = '$2', number = 98", "proposal $2 ", NAMED_TWICE),
];

/// The same of treasury's rows and the treasury book, all in one copy: the change, and two parts of the expected problem.
const TREASURY: [(&str, [&str; 2]); 12] = [
    ("UPDATE old_account_move SET amount_minor = 7777777 WHERE account_id = 'old-10'", ["-10 says", "7777777 from"]),
    ("UPDATE old_account_move SET cash_entity = 'thief' WHERE account_id = 'old-11'", ["-11 says", "house/thief/physical_cash"]),
    ("DELETE FROM old_account_move WHERE account_id = 'old-12'", ["event ", "was decided in no row of treasury"]),
    ("UPDATE old_account SET opening_minor = 8888888 WHERE account_id = 'old-13'", ["-13 says", "treasury.migration of 8888888"]),
    ("UPDATE old_account SET begun_at_ms = begun_at_ms + 1 WHERE account_id = 'old-14'", ["-14 names", "does not have"]),
    ("UPDATE receipt SET amount_minor = 999 WHERE old_account = 'old-1'", ["receipt ", "treasury.receipt of 999 from"]),
    ("UPDATE receipt SET booked_on = 'thief' WHERE old_account = 'old-2'", ["receipt ", "to house/main/virtual_account/thief/SGD"]),
    ("DELETE FROM receipt WHERE old_account = 'old-3'", ["event ", "was decided in no row of treasury"]),
    (
        "CREATE TEMP TABLE added AS SELECT * FROM old_account_move WHERE account_id = 'old-15';
         UPDATE added SET request_id = '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6'; INSERT INTO old_account_move SELECT * FROM added; DROP TABLE added",
        ["move 01936f5e-7c3b-7000-9000-a1b2c3d4e5f6 of old account", "which the ledger does not have"],
    ),
    (
        "INSERT INTO movement SELECT book, 901, 'move/1', 0, 'treasury.leaf_move', '{}', '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6', 0, 'eve', 0, 'posted', ''
         FROM old_account LIMIT 1",
        ["movement 901 names", "which the ledger does not have"],
    ),
    (
        "INSERT INTO case_adjustment SELECT book, '01936f5e7c3b70009000a1b2c3d4e5f6', 'c', 'adjustment', '[]', 0, '', 'eve', 0, 'posted', 'eve', '', 0
         FROM old_account LIMIT 1;
         INSERT INTO bank_case SELECT book, 'c', (SELECT account_id FROM physical_account LIMIT 1), '', 'USD', 0, 0, '', '', '', '', '', 0, '[]', '[]', '',
         'resolved', '', '', '', '', 0, '' FROM old_account LIMIT 1",
        ["adjustment 01936f5e7c3b70009000a1b2c3d4e5f6 names", "which the ledger does not have"],
    ),
    (
        "INSERT INTO entry_booking SELECT book, account_id, '01936f5e7c3b70009000a1b2c3d4e5f6', 1, 'suspense', 'cash', 5, 0, 1, 0 FROM physical_account
         LIMIT 1",
        ["booking 1 of entry 01936f5e7c3b70009000a1b2c3d4e5f6", "which the ledger does not have"],
    ),
];

/// Rows of treasury that can't be read: the change, and what is said of it.
const UNREADABLE: [(&str, &str); 3] = [
    ("UPDATE receipt SET currency = ''", "a row can't be read: a row with an unknown currency"),
    ("UPDATE old_account SET entity = 'A B' WHERE account_id = 'old-10'", "a row can't be read: a row with an unknown old account"),
    (
        "UPDATE old_account_move SET amount_minor = -1 WHERE account_id = 'old-10'",
        "a row can't be read: a row with an unknown amount_minor",
    ),
];

/// Fills in the ids, and expands an added row into the statements that add it as a changed copy of another.
fn planted(text: &str) -> String {
    let text = text.replace("$unposted", "hold_posting_id = '', submit_posting_id = '', final_posting_id = ''");
    let text = text.replace("$0", "01936f5e-7c3b-7000-9000-a1b2c3d4e5f6");
    let text = (1..10).fold(text, |text, n| text.replace(&format!("${n}"), &format!("f{n}936f5e-7c3b-7000-9000-a1b2c3d4e5f6")));
    let Some((table, rest)) = text.strip_prefix("+ ").and_then(|rest| rest.split_once(": ")) else { return text };
    let (like, set) = rest.split_once(": ").unwrap();
    format!(
        "CREATE TEMP TABLE added AS SELECT * FROM {table} WHERE {like} AND {table}_id < 'f' AND book LIKE 'demo%' LIMIT 1; UPDATE added SET {set};
         INSERT INTO {table} SELECT * FROM added; DROP TABLE added"
    )
}

async fn problems(database: &Database) -> Vec<String> {
    problems_of(database, false).await
}

/// The problems of the treasury's book, or of the app's.
async fn problems_of(database: &Database, of_treasury: bool) -> Vec<String> {
    let report = audit::audit(database, None).await.unwrap();
    let found =
        report.books.into_iter().find(|found| found.ledger.book.starts_with(if of_treasury { "treasury" } else { "demo" })).unwrap();
    assert_eq!(found.ledger.problem, None, "the journal itself is whole");
    assert!(found.not_compared.is_empty(), "{:?}", found.not_compared);
    found.problems
}

/// The results of the monitor's checks after two runs from the beginning: a difference counts only in the second.
async fn checks(database: &Database) -> BTreeMap<&'static str, CheckResult> {
    let mut monitor = ContinuousAudit::new(database.clone(), None, monitor::Config::default());
    monitor.look().await.unwrap();
    let found = monitor.look().await.unwrap();
    found.books.into_iter().find(|(book, _)| book.starts_with("demo")).unwrap().1.checks.into_iter().collect()
}

/// Runs in which the monitor has compared each row of the treasury book twice.
const TREASURY_LOOKS: usize = 25;

/// The monitor's check of the treasury book's rows after that many runs, or after the first one with a result that ends it.
async fn treasury_looked(database: &Database, is_enough: impl Fn(&CheckResult) -> bool) -> CheckResult {
    let mut monitor = ContinuousAudit::new(database.clone(), None, monitor::Config::default());
    let mut looks = 0;
    loop {
        let found = monitor.look().await.unwrap();
        looks += 1;
        let book = found.books.into_iter().find(|(book, _)| book.starts_with("treasury")).map(|(_, found)| found.checks);
        let result = book.into_iter().flatten().find(|(name, _)| *name == "treasury").map(|(_, result)| result);
        match result {
            Some(result) if looks == TREASURY_LOOKS || is_enough(&result) => return result,
            _ => assert!(looks < TREASURY_LOOKS, "the treasury's rows were not compared"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|file| file.file_type().unwrap().is_file()) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Changes rows directly in the database.
async fn change(dir: &Path, file: &str, sql: &str) {
    let mut connection = SqliteConnectOptions::new().filename(dir.join(file)).connect().await.unwrap();
    let changed = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
    connection.close().await.unwrap();
}

/// The monitor's checks of the services' rows.
const CHECKS: [&str; 5] = ["gifts", "purchases", "conversions", "payout_postings", "proposals"];

/// Each check's first damage in one copy, each one's second in the next, and so on.
async fn one_by_one(whole: &Path) {
    let of = |check: &str| DAMAGES.iter().filter(|damage| damage.0 == check).collect::<Vec<_>>();
    let damages = CHECKS.map(of);
    assert_eq!(damages.iter().map(Vec::len).sum::<usize>(), DAMAGES.len());
    for number in 0..damages.iter().map(Vec::len).max().unwrap() {
        let made: Vec<_> = damages.iter().filter_map(|of_check| of_check.get(number)).collect();
        let dir = tempfile::tempdir().unwrap();
        copy(whole, dir.path());
        for (_, file, sql, _) in &made {
            change(dir.path(), file, sql).await;
        }
        let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        let (found, checks) = (problems(&database).await, checks(&database).await);
        for (check, _, sql, said) in &made {
            assert_eq!(made.iter().filter(|other| other.3.contains(said)).count(), 1, "another damage would be taken for {sql}");
            assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:?}");
            let CheckResult::Failed(why) = &checks[check] else { panic!("the monitor missed {sql}") };
            // Purchases are only summed by the monitor; the whole audit names them.
            assert!(*check == "purchases" || why.contains(said), "{sql}: {why}");
        }
        for check in CHECKS.iter().filter(|check| !made.iter().any(|damage| damage.0 == **check)) {
            assert_eq!(checks[check], CheckResult::Passed, "{check} failed of another service's damage: {made:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_rows_and_postings_do_not_say_alike_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, temporary) = (dir.path().join("whole"), dir.path().join("tmp"));
    std::fs::create_dir(&temporary).unwrap();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_largesse"));
    demo.args(["demo", "--json", "--data-dir"])
        .arg(&whole)
        .env("TMPDIR", &temporary)
        .env_remove("RUST_LOG")
        .env_remove("LARGESSE_DATABASE");
    let told = demo.kill_on_drop(true).output().await.unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let place = |dir: &Path| Database::parse(&format!("sqlite:{}", dir.display())).unwrap();
    // Only copies are opened, because closing a database removes files beside it.
    let sound = tempfile::tempdir().unwrap();
    copy(&whole, sound.path());
    assert_eq!(problems(&place(sound.path())).await, Vec::<String>::new());
    let first = checks(&place(sound.path())).await;
    for check in CHECKS {
        assert_eq!(first[check], CheckResult::Passed, "{check}");
    }
    assert_eq!(problems_of(&place(sound.path()), true).await, Vec::<String>::new());
    assert_eq!(treasury_looked(&place(sound.path()), |_| false).await, CheckResult::Passed);
    of_treasury(&whole).await;
    one_by_one(&whole).await;
    let dir = tempfile::tempdir().unwrap();
    copy(&whole, dir.path());
    for (_, file, change_of, ..) in LACKING {
        change(dir.path(), file, &planted(change_of)).await;
    }
    let found = problems(&place(dir.path())).await;
    let (checks, mut unnamed) = (checks(&place(dir.path())).await, Vec::new());
    for (check, _, change_of, row, said) in LACKING {
        let row = planted(row);
        let is_said = |text: &str| text.contains(&row) && text.contains(said);
        if !found.iter().any(|problem| is_said(problem)) {
            unnamed.push(format!("verify: {change_of}"));
        }
        let CheckResult::Failed(why) = &checks[check] else { panic!("the monitor missed {change_of}: {unnamed:#?}") };
        if check != "purchases" && !why.split("; ").any(is_said) {
            unnamed.push(format!("the monitor: {change_of}"));
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?} of {found:#?}");
}

/// The damages of treasury's rows, all in one copy, and one by one those that can't be read.
async fn of_treasury(whole: &Path) {
    let place = |dir: &Path| Database::parse(&format!("sqlite:{}", dir.display())).unwrap();
    let dir = tempfile::tempdir().unwrap();
    copy(whole, dir.path());
    for (sql, _) in TREASURY {
        change(dir.path(), "treasury.db", sql).await;
    }
    let found = problems_of(&place(dir.path()), true).await;
    let CheckResult::Failed(why) = treasury_looked(&place(dir.path()), |_| false).await else { panic!("the monitor noticed nothing") };
    for (sql, parts) in TREASURY {
        let is_said = |text: &str| parts.iter().all(|part| text.contains(part));
        assert!(found.iter().any(|problem| is_said(problem)), "{sql}: {found:#?}");
        assert!(why.split("; ").any(is_said), "the monitor: {sql}: {why}");
    }
    let is_failure = |result: &CheckResult| matches!(result, CheckResult::Failed(_));
    for (sql, said) in UNREADABLE {
        let dir = tempfile::tempdir().unwrap();
        copy(whole, dir.path());
        change(dir.path(), "treasury.db", sql).await;
        let found = problems_of(&place(dir.path()), true).await;
        assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:?}");
        let CheckResult::Failed(why) = treasury_looked(&place(dir.path()), is_failure).await else { panic!("the monitor missed {sql}") };
        assert!(why.contains(said), "{sql}: {why}");
    }
}
