//! Rows of refunds, disputes and holds that differ from their postings, and postings that no row is for: each is named by the whole audit and by the monitor's runs.
use api::ledger::BookMode;
use db::Database;
use money::BookName;
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use sqlx::{AnyPool, Column as _, Row as _};
use std::time::{Duration, SystemTime};
use testbed::{Storage, Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const BOOK: &str = "demo";
/// The purchases: one of which a part is granted, and taken back in part; one whose dispute was lost, after its coins were held; and one of which a refund is on its
/// way. In `DAMAGES`, `$1` to `$3`.
type Purchases = [Uuid; 3];

/// The change, and what is said of it.
const DAMAGES: [(&str, &[&str]); 17] = [
    ("UPDATE refund SET user_id = 'thief' WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says", "viewer/thief/coins"]),
    ("UPDATE refund SET wallet_coins = wallet_coins + 1 WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says", "36 from viewer/ann/coins"]),
    ("UPDATE refund SET debt_coins = 7 WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says", "7 from viewer/ann/debt"]),
    ("UPDATE refund SET is_back = 1 WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says refund.reversed"]),
    ("UPDATE refund SET deferred_minor_units = deferred_minor_units - 1 WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says refund.money"]),
    ("UPDATE refund SET currency = 'EUR' WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says", "house/deferred_revenue/EUR"]),
    ("UPDATE refund SET posting_id = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6' WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 names posting 01936f5e", "does not have"]),
    ("UPDATE refund SET money_posting_id = 'none' WHERE purchase_id = '$1' AND step_no = 1", &["step 1 of the refunds of purchase $1 says", "names no posting of its own"]),
    ("UPDATE refund SET disputed_minor_units = 1 WHERE purchase_id = '$2' AND step_no = 1", &["step 1 of the refunds of purchase $2 says refund.money"]),
    ("DELETE FROM refund WHERE purchase_id = '$1'", &["belongs to no refund and no debt"]),
    (
        "INSERT INTO refund SELECT book, purchase_id, 9, user_id, is_back, coins, currency, amount_minor_units, coins_total, amount_total_minor_units, state, note,
             tries, next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, wallet_coins, debt_coins, debt_change_no, is_closed, restores, posting_id, seq,
             money_attempt, money_planned_at_ms, deferred_minor_units, prepaid_minor_units, contra_minor_units, commission_minor_units, tax_minor_units,
             money_posting_id, disputed_total_minor_units, disputed_minor_units, hold_no, held_coins, staff_coins FROM refund WHERE purchase_id = '$1' AND step_no = 1",
        &["step 9 of the refunds of purchase $1 says", "names no posting of its own"],
    ),
    ("UPDATE dispute_step SET withdrawn_minor_units = 75 WHERE purchase_id = '$2'", &["step 1 of the disputes of purchase $2 says", "75 from house/disputed_amounts/USD"]),
    ("UPDATE dispute_step SET fee_minor_units = 0 WHERE purchase_id = '$2'", &["step 1 of the disputes of purchase $2 says dispute.money of 74 from"]),
    ("DELETE FROM dispute_step WHERE purchase_id = '$2'", &["belongs to no refund and no debt"]),
    ("UPDATE coin_hold SET coins = 34 WHERE purchase_id = '$3'", &["hold 1 of coins of purchase $3 says refund.asked of 34 from viewer/eve/coins"]),
    ("UPDATE coin_hold SET taken_coins = 3 WHERE purchase_id = '$2' AND end_posting_id <> ''", &["of coins of purchase $2 says refund.taken of 3 from"]),
    ("DELETE FROM coin_hold WHERE purchase_id = '$3'", &["belongs to no refund and no debt"]),
];

fn named(text: &str, purchases: &Purchases) -> String {
    (1..).zip(purchases).fold(text.to_owned(), |text, (no, id)| text.replace(&format!("${no}"), &id.to_string()))
}

/// 70 coins for 74 cents on the web, verified and not credited.
fn bought(purchase_id: Uuid, user: &str) -> String {
    format!(
        "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq,
             next_attempt_at_ms, attempt)
         VALUES ('{purchase_id}', '{BOOK}', '{user}', '{purchase_id}', 1, 'stripe', 'test', 'acct', 'pi_{user}', 'coins.70', 1, 70, 'USD', 74, 7, 0, {at}, {at},
             '', 0, 0, 0, 0)",
        at = money::time::unix_ms(SystemTime::now()),
    )
}

/// A store's statement: of so many cents, in this state, with what it withdrew and charged.
fn said(user: &str, fact_id: &str, (part, status, order_no): (i64, i64, i64), withdrawn: i64) -> String {
    let fee = if withdrawn > 0 { 1_500 } else { 0 };
    format!(
        "INSERT INTO refund_fact (store, environment, bundle_id, transaction_id, fact_id, book, part, whole, currency, status, order_no, said_at_ms, state, note,
             created_at_ms, tries, next_attempt_at_ms, withdrawn_minor_units, fee_minor_units)
         VALUES ('stripe', 'test', 'acct', 'pi_{user}', '{fact_id}', '{BOOK}', {part}, 1, 'USD', {status}, {order_no}, 0, 1, '', 0, 0, 0, {withdrawn}, {fee})
         ON CONFLICT (store, environment, bundle_id, transaction_id, fact_id) DO UPDATE SET part = {part}, status = {status}, state = 1, tries = 0,
             next_attempt_at_ms = 0"
    )
}

async fn run(pool: &AnyPool, sql: &str) -> u64 {
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap().rows_affected()
}

/// Sweeps and reads lots until nothing is left to do.
async fn settle(service: &purchase::Service) {
    let book = BookName::try_new(BOOK).unwrap();
    for hour in 0..5 {
        service.sweep(SystemTime::now() + Duration::from_secs(2 * hour * 3_600)).await.unwrap();
        service.lots().catch_up(&book).await.unwrap();
    }
}

async fn problems(database: &Database) -> Vec<String> {
    let report = audit::audit(database, None).await.unwrap();
    let found = report.books.into_iter().find(|found| found.ledger.book == BOOK).unwrap();
    assert_eq!(found.ledger.problem, None, "the chain is whole");
    found.problems
}

/// The monitor's check after two runs from the beginning: a difference counts only in the second.
async fn looked(database: &Database) -> CheckResult {
    let mut monitor = ContinuousAudit::new(database.clone(), None, monitor::Config::default());
    monitor.look().await.unwrap();
    let found = monitor.look().await.unwrap();
    found.books[BOOK].checks.iter().find(|(name, _)| *name == "purchases").unwrap().1.clone()
}

/// Every row of a table, as statements that write it again.
async fn kept(pool: &AnyPool, table: &str) -> Vec<String> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(pool).await.unwrap();
    let value = |row: &sqlx::any::AnyRow, at: usize| match row.try_get::<String, _>(at) {
        Ok(text) => format!("'{text}'"),
        Err(_) => row.get::<i64, _>(at).to_string(),
    };
    let columns = |row: &sqlx::any::AnyRow| row.columns().iter().map(|column| column.name().to_owned()).collect::<Vec<_>>().join(", ");
    let insert = |row: &sqlx::any::AnyRow| {
        let values: Vec<String> = (0..row.len()).map(|at| value(row, at)).collect();
        format!("INSERT INTO {table} ({}) VALUES ({})", columns(row), values.join(", "))
    };
    rows.iter().map(insert).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_rows_of_refunds_and_postings_do_not_say_alike_is_named() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        let deps = purchase::Deps { database: bed.database.clone(), ledger: bed.ledger_as("purchase"), shutdown: CancellationToken::new() };
        let by_hand = purchase::Config { follow_lots: false, sweep_interval: Duration::from_secs(86_400), ..purchase::Config::default() };
        let closing = deps.shutdown.clone();
        let service = purchase::start(deps, by_hand).await.unwrap();
        closing.cancel();
        let pool = bed.database.open("purchase", &purchase::store::MIGRATIONS).await.unwrap();
        let purchases: Purchases = std::array::from_fn(|_| Uuid::now_v7());
        for (purchase_id, user) in purchases.iter().zip(["ann", "bob", "eve"]) {
            run(&pool, &bought(*purchase_id, user)).await;
        }
        settle(&service).await;
        run(&pool, &said("ann", "re_1", (37, 2, 1), 0)).await;
        run(&pool, &said("bob", "dp_1", (74, 4, 1), 74)).await;
        run(&pool, &said("eve", "re_2", (37, 1, 1), 0)).await;
        settle(&service).await;
        run(&pool, &said("bob", "dp_1", (74, 5, 1), 74)).await;
        run(&pool, &said("ann", "re_1", (10, 2, 1), 0)).await;
        settle(&service).await;
        assert_eq!(problems(&bed.database).await, Vec::<String>::new());
        assert_eq!(looked(&bed.database).await, CheckResult::Passed);
        for (sql, parts) in DAMAGES {
            let mut tables = Vec::new();
            for table in ["refund", "dispute_step", "coin_hold"] {
                tables.push((table, kept(&pool, table).await));
            }
            assert!(run(&pool, &named(sql, &purchases)).await > 0, "{sql}");
            let found = problems(&bed.database).await;
            let is_said = |text: &str| parts.iter().all(|part| text.contains(&named(part, &purchases)));
            assert!(found.iter().any(|problem| is_said(problem)), "{sql}: {found:#?}");
            let CheckResult::Failed(why) = looked(&bed.database).await else { panic!("the monitor missed {sql}") };
            assert!(why.split("; ").any(is_said), "the monitor: {sql}: {why}");
            for (table, rows) in tables {
                run(&pool, &format!("DELETE FROM {table}")).await;
                for row in rows {
                    run(&pool, &row).await;
                }
            }
        }
        assert_eq!(problems(&bed.database).await, Vec::<String>::new());
        bed.ledger.shutdown().await;
    }
}
