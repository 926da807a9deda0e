//! What both audits say of books, and of rows of services, that somebody with access to a database wrote.
use crate::posted::change;
use api::ledger::{Posting, RequestField, VoidPendingRequest};
use db::Database;
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use testbed::Testbed;

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
