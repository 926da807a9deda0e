//! What is settled by stores' reports is posted as its row says, and never without a row; damage in either is noticed.
use books::domain::request::{AccountName, Action, BookRequest, NewTransfer, RequestFields};
use db::Database;
use money::{Amount, BookName};
use monitor::{CheckResult, audit::continuous::ContinuousAudit};
use sqlx::{ConnectOptions as _, Connection as _};
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const SETTLEMENT: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f7";

/// Writes into purchase's tables as somebody with access to the database could.
async fn write(database: &Database, sql: &str) {
    let written = match database.sqlite_options("purchase").unwrap() {
        Some(options) => {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut options.connect().await.unwrap()).await.unwrap().rows_affected()
        }
        None => {
            let options = database.postgres_options("purchase").unwrap().unwrap();
            let mut connection = options.connect().await.unwrap();
            let written = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap().rows_affected();
            connection.close().await.unwrap();
            written
        }
    };
    assert_eq!(written, 1, "{sql}");
}

/// The row of an edition that claims 5 cents, which names this posting.
async fn planned(database: &Database, edition: i64, posting_id: Uuid) {
    let sql = format!(
        "INSERT INTO settlement_posting (book, settlement_id, edition, currency, store, entity, bank_account, fee_minor_units, fee_tax_minor_units,
             contra_minor_units, withheld_minor_units, reserved_minor_units, exchanged_minor_units, in_transit_minor_units, claimed_minor_units,
             difference_minor_units, state, attempt, planned_at_ms, posting_id, arrives_by, is_announced, note, tries, next_attempt_at_ms)
         VALUES ('{BOOK}', '{SETTLEMENT}', {edition}, 'USD', 'stripe', 'main', 'main', 0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 0, 1, '{posting_id}', '', 1, '', 0, 0)"
    );
    write(database, &sql).await;
}

/// Claims 5 cents, as the purchase service would. Returns the posting's id.
async fn posted(bed: &Testbed) -> Uuid {
    let account = |name: &str| AccountName::parse(name.to_owned()).unwrap();
    let amount = Amount::try_new(5).unwrap();
    let transfer = NewTransfer::try_new(account("house/bank_cash/USD"), account("house/processor_receivable/USD"), amount).unwrap();
    let action = Action::Post { transfers: vec![transfer], guards: Vec::new(), refusal: None };
    let id = money::derive_id(Uuid::now_v7(), &["test"]);
    let fields = RequestFields::new(vec![("settlement_id".to_owned(), SETTLEMENT.to_owned())]);
    let posting = BookRequest::new(id, fields, "processor.settle".to_owned(), action);
    bed.ledger.book(&BookName::try_new(BOOK).unwrap()).await.unwrap().submit(posting).await.unwrap();
    id
}

/// What a new monitor finds once it has looked twice.
async fn found(bed: &Testbed) -> CheckResult {
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
    monitor.look().await.unwrap();
    let found = monitor.look().await.unwrap();
    found.books[BOOK].checks.iter().find(|(name, _)| *name == "purchases").unwrap().1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn settlements_are_compared_with_the_journal_in_both_directions() {
    for storage in both() {
        let books = &[(BOOK, api::ledger::BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        drop(purchase::tables::Store::open(&bed.database).await.unwrap());
        let first = posted(&bed).await;
        planned(&bed.database, 1, first).await;
        assert_eq!(found(&bed).await, CheckResult::Passed);
        // A posting without a row.
        let second = posted(&bed).await;
        let CheckResult::Failed(why) = found(&bed).await else { panic!("a posting without a row was not noticed") };
        assert!(why.contains(&format!("posting {second}, settles by no report of a store")) && !why.contains(&first.to_string()), "{why}");
        planned(&bed.database, 2, second).await;
        assert_eq!(found(&bed).await, CheckResult::Passed);
        // Another amount than was posted.
        write(&bed.database, "UPDATE settlement_posting SET claimed_minor_units = 6 WHERE edition = 2").await;
        let CheckResult::Failed(why) = found(&bed).await else { panic!("another amount was not noticed") };
        assert!(why.contains(&second.to_string()) && why.contains(&format!("edition 2 of settlement {SETTLEMENT}")), "{why}");
        write(&bed.database, "UPDATE settlement_posting SET claimed_minor_units = 5 WHERE edition = 2").await;
        // A row without a posting.
        planned(&bed.database, 3, Uuid::now_v7()).await;
        let CheckResult::Failed(why) = found(&bed).await else { panic!("a row without a posting was not noticed") };
        assert!(why.contains(&format!("edition 3 of settlement {SETTLEMENT}")), "{why}");
        bed.ledger.shutdown().await;
    }
}
