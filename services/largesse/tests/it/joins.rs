//! Every service's rows and its postings: whichever side is changed behind their backs, in user, amount, unit or account, one of both is named.
use db::Database;
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::path::Path;
use tokio::process::Command;

/// The monitor's check, the file, what is done to it, and what is said of it.
const DAMAGES: [(&str, &str, &str, &str); 22] = [
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
];

async fn problems(database: &Database) -> Vec<String> {
    let mut report = audit::audit(database, None).await.unwrap();
    let found = report.books.remove(0);
    assert_eq!(found.ledger.problem, None, "the journal itself is whole");
    assert!(found.not_compared.is_empty(), "{:?}", found.not_compared);
    found.problems
}

/// What the monitor's check says once it has looked twice from the beginning: what differs is looked at once more.
async fn looked(database: &Database, name: &str) -> CheckResult {
    let mut monitor = ContinuousAudit::new(database.clone(), None, monitor::Config::default());
    monitor.look().await.unwrap();
    let found = monitor.look().await.unwrap();
    let book = found.books.into_values().next().unwrap();
    book.checks.into_iter().find(|(check, _)| *check == name).unwrap().1
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|file| file.file_type().unwrap().is_file()) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
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
    // Only copies are opened: who closes a database removes files beside it.
    let sound = tempfile::tempdir().unwrap();
    copy(&whole, sound.path());
    assert_eq!(problems(&place(sound.path())).await, Vec::<String>::new());
    for check in ["gifts", "purchases", "conversions", "payout_postings", "proposals"] {
        assert_eq!(looked(&place(sound.path()), check).await, CheckResult::Passed, "{check}");
    }
    for (check, file, sql, said) in DAMAGES {
        let dir = tempfile::tempdir().unwrap();
        copy(&whole, dir.path());
        let mut connection = SqliteConnectOptions::new().filename(dir.path().join(file)).connect().await.unwrap();
        assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0, "{sql}");
        connection.close().await.unwrap();
        let found = problems(&place(dir.path())).await;
        assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:?}");
        let CheckResult::Failed(why) = looked(&place(dir.path()), check).await else { panic!("the monitor is green over {sql}") };
        // Purchases are summed: who is which, the whole audit says.
        assert!(check == "purchases" || why.contains(said), "{sql}: {why}");
    }
}
