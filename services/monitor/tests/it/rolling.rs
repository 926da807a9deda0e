//! What the monitor found stays found, although a later read of the same run, or of a later one, fails.
use books::domain::request::{AccountName, Action, BookRequest, NewTransfer, RequestFields};
use db::Database;
use money::{Amount, BookName};
use monitor::{CheckResult, audit::continuous::ContinuousAudit};
use sqlx::{ConnectOptions as _, Connection as _};
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const SETTLED: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f6";

/// Writes into payout's tables as somebody with access to the database could.
async fn write(database: &Database, sql: &str) {
    let written = match database.sqlite_options("payout").unwrap() {
        Some(options) => {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut options.connect().await.unwrap()).await.unwrap().rows_affected()
        }
        None => {
            let options = database.postgres_options("payout").unwrap().unwrap();
            let mut connection = options.connect().await.unwrap();
            let written = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap().rows_affected();
            connection.close().await.unwrap();
            written
        }
    };
    assert_eq!(written, 1, "{sql}");
}

/// A settled payout that names no postings.
async fn settled(database: &Database) {
    payout::tables::Store::inspect(database).await.unwrap();
    let sql = format!(
        "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms,
             attempts, sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no,
             submit_posting_id, final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms)
         VALUES ('{BOOK}', '{SETTLED}', 'star', '{SETTLED}', '{SETTLED}', 'USD', 500, 'us-rtp', 'settled', 'settled', 1, 0, 0, 0, 0, 0, 0, '{SETTLED}', '',
             '', '', '', 0, '', '', 0, '', 0, 0)"
    );
    write(database, &sql).await;
}

/// Takes money out of the bank for no payout, as somebody with access to the ledger's database could. Returns the posting's id.
async fn drained(bed: &Testbed) -> Uuid {
    let account = |name: &str| AccountName::parse(name.to_owned()).unwrap();
    let amount = Amount::try_new(5).unwrap();
    let transfer = NewTransfer::try_new(account("house/in_transit/USD"), account("house/bank_cash/USD"), amount).unwrap();
    let action = Action::Post { transfers: vec![transfer], guards: Vec::new(), refusal: None };
    let id = money::derive_id(Uuid::now_v7(), &["test"]);
    let posting = BookRequest::new(id, RequestFields::default(), "payout.settle".to_owned(), action);
    bed.ledger.book(&BookName::try_new(BOOK).unwrap()).await.unwrap().submit(posting).await.unwrap();
    id
}

async fn looked(monitor: &mut ContinuousAudit) -> CheckResult {
    let found = monitor.look().await.unwrap();
    found.books[BOOK].checks.iter().find(|(name, _)| *name == "payout_postings").unwrap().1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differed_is_told_in_the_first_look_that_reads_everything_again() {
    for storage in both() {
        let books = &[(BOOK, api::ledger::BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        settled(&bed.database).await;
        let drained = drained(&bed).await;
        let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        assert!(matches!(looked(&mut monitor).await, CheckResult::Pending(why) if why.contains("being checked again")));
        // The posting is compared before the row is read, and that read fails each time.
        for _ in 0..2 {
            write(&bed.database, "UPDATE payout SET bearer = 'none'").await;
            let CheckResult::Failed(why) = looked(&mut monitor).await else { panic!("what can't be read was compared") };
            assert!(why.contains("a row can't be read: payout ") && why.contains("bearer"), "{why}");
            write(&bed.database, "UPDATE payout SET bearer = 'house'").await;
        }
        let CheckResult::Failed(why) = looked(&mut monitor).await else { panic!("what differed was forgotten") };
        assert!(why.contains(&drained.to_string()) && why.contains(SETTLED), "{why}");
        bed.ledger.shutdown().await;
    }
}

/// The row of money that came back of the settled payout, which names this posting.
async fn returned(database: &Database, posting_id: Uuid) {
    let sql = format!(
        "INSERT INTO payout_return (return_id, book, payout_id, attempt_no, bank, bank_account, bank_reference, end_to_end_id, currency, minor_units,
             charge_minor_units, charge_borne_minor_units, code, value_date, booked_at_ms, found_at_ms, state, why, suspended, step_key, posting_id, tries,
             due_at_ms, version)
         VALUES ('{posting_id}', '{BOOK}', '{SETTLED}', 1, 'first', 'main', 'B-1', 'E-1', 'USD', 5, 0, 0, 'AC04', '', 0, 0, 'booked', '', 0, '{SETTLED}',
             '{posting_id}', 0, 0, 1)"
    );
    write(database, &sql).await;
}

/// Brings money back to the creator, as the payout service would. Returns the posting's id.
async fn came_back(bed: &Testbed) -> Uuid {
    let account = |name: &str| AccountName::parse(name.to_owned()).unwrap();
    let amount = Amount::try_new(5).unwrap();
    let transfer = NewTransfer::try_new(account("house/bank_cash/USD"), account("creator/star/payable/USD"), amount).unwrap();
    let action = Action::Post { transfers: vec![transfer], guards: Vec::new(), refusal: None };
    let id = money::derive_id(Uuid::now_v7(), &["test"]);
    let fields = RequestFields::new(vec![("payout_id".to_owned(), SETTLED.to_owned())]);
    let posting = BookRequest::new(id, fields, "payout.return".to_owned(), action);
    bed.ledger.book(&BookName::try_new(BOOK).unwrap()).await.unwrap().submit(posting).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_came_back_is_posted_as_its_row_says_and_never_without_a_row() {
    for storage in both() {
        let books = &[(BOOK, api::ledger::BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        settled(&bed.database).await;
        let (with_row, without_row) = (came_back(&bed).await, came_back(&bed).await);
        returned(&bed.database, with_row).await;
        let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        looked(&mut monitor).await;
        let CheckResult::Failed(why) = looked(&mut monitor).await else { panic!("a posting without a row was not noticed") };
        assert!(why.contains(&format!("posting {without_row}, moves the money of no payout")), "{why}");
        assert!(!why.contains(&with_row.to_string()), "{why}");
        // Another amount than was posted.
        write(&bed.database, &format!("UPDATE payout_return SET minor_units = 6 WHERE return_id = '{with_row}'")).await;
        let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        looked(&mut monitor).await;
        let CheckResult::Failed(why) = looked(&mut monitor).await else { panic!("another amount was not noticed") };
        assert!(why.contains(&with_row.to_string()) && why.contains(&format!("return {with_row} of payout {SETTLED}")), "{why}");
        bed.ledger.shutdown().await;
    }
}
