//! Books, and rows of services, as somebody with access to a database could write them; and what both audits say of them.
use api::ledger::{CompareAndSet, Guard, PostRequest, Posting, RequestField, Transfer, VoidPendingRequest, guard::Operation};
use db::Database;
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use sqlx::{ConnectOptions as _, Connection as _};
use testbed::Testbed;
use uuid::Uuid;

/// Writes into a service's tables; how many rows it changed.
pub async fn change(database: &Database, service: &'static str, sql: &str) -> u64 {
    match database.sqlite_options(service).unwrap() {
        Some(options) => {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut options.connect().await.unwrap()).await.unwrap().rows_affected()
        }
        None => {
            let options = database.postgres_options(service).unwrap().unwrap();
            let mut connection = options.connect().await.unwrap();
            let changed = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap().rows_affected();
            connection.close().await.unwrap();
            changed
        }
    }
}

/// A posting: debited and credited account and amount of each transfer, a hold where the amount is negative.
pub struct Planted<'a> {
    pub book: &'a str,
    pub kind: &'a str,
    pub id: Uuid,
    pub moved: Vec<(String, String, i64)>,
    pub fields: Vec<(&'a str, String)>,
    /// Guards that are set once.
    pub guards: Vec<String>,
}

pub async fn post(bed: &Testbed, of: Planted<'_>) -> Posting {
    let transfers = of.moved.into_iter().map(|(debit_account, credit_account, amount)| Transfer {
        debit_account,
        credit_account,
        amount: amount.abs(),
        pending: amount < 0,
        ..Transfer::default()
    });
    let once = |key| Guard { key, operation: Some(Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 })) };
    let request = PostRequest {
        book: of.book.to_owned(),
        request_id: of.id.to_string(),
        kind: of.kind.to_owned(),
        transfers: transfers.collect(),
        request_fields: of.fields.into_iter().map(|(name, value)| RequestField { name: name.to_owned(), value }).collect(),
        guards: of.guards.into_iter().map(once).collect(),
        ..PostRequest::default()
    };
    bed.client().post(request).await.unwrap().into_inner().posting.unwrap()
}

/// Releases the hold of a posting.
pub async fn release(bed: &Testbed, (book, kind): (&str, &str), hold: &Posting, fields: &[(&str, String)]) -> Posting {
    let request = VoidPendingRequest {
        book: book.to_owned(),
        request_id: testbed::new_id(),
        transfer_no: hold.transfers[0].transfer_no,
        kind: kind.to_owned(),
        request_fields: fields.iter().map(|(name, value)| RequestField { name: (*name).to_owned(), value: value.clone() }).collect(),
        ..VoidPendingRequest::default()
    };
    bed.client().void_pending(request).await.unwrap().into_inner().posting.unwrap()
}

/// The problems of a book, by `verify` and by the monitor's check, which counts a difference in the second run only. Of `verify` those that have any of these parts,
/// since the books of these tests have no tables of some services.
pub async fn problems(bed: &Testbed, (book, check): (&str, &str), parts: &[&str]) -> [Vec<String>; 2] {
    let report = audit::audit(&bed.database, None).await.unwrap();
    let found = report.books.into_iter().find(|found| found.ledger.book == book).unwrap();
    assert_eq!(found.ledger.problem, None, "the chain is whole");
    let whole = found.problems.into_iter().filter(|problem| parts.iter().any(|part| problem.contains(part))).collect();
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
    monitor.look().await.unwrap();
    let looked = monitor.look().await.unwrap();
    let result = &looked.books[book].checks.iter().find(|(name, _)| *name == check).unwrap().1;
    let rolling = match result {
        CheckResult::Passed => Vec::new(),
        CheckResult::Failed(why) => why.split("; ").map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    };
    [whole, rolling]
}

/// Changes a table, sees what both audits find, and undoes it.
pub async fn damaged(
    database: &Database,
    (service, table, sql): (&'static str, &str, &str),
    found: impl AsyncFn() -> [Vec<String>; 2],
) -> [Vec<String>; 2] {
    change(database, service, &format!("CREATE TABLE kept AS SELECT * FROM {table}")).await;
    assert!(change(database, service, sql).await > 0, "{sql}");
    let found = found().await;
    let undo = format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept");
    change(database, service, &undo).await;
    found
}
