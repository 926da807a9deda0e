//! Postings, and rows of services, as somebody with access to a database could write them.
use api::ledger::{CompareAndSet, Guard, PostRequest, Posting, RequestField, Transfer, guard::Operation};
use db::Database;
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
