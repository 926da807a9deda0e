//! Requests and the rows that they were answered with. Both are written in one transaction, and both are kept.

use money::BookName;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::store::{Error, Store};
use db::text;

/// The place of a request in the order of callers, RPCs and ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestPlace {
    pub(super) subject: String,
    pub(super) rpc: String,
    pub(super) request_id: String,
}

/// A request that was answered with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredRequest {
    pub(super) place: RequestPlace,
    /// The row; nil where the answer names none.
    pub(super) row_id: Uuid,
}

impl Store {
    /// Whether a caller's request was answered with this row.
    pub(super) async fn is_answer(
        &self,
        book: &BookName,
        (subject, rpc, request_id): (&str, &str, Uuid),
        row_id: Uuid,
    ) -> Result<bool, Error> {
        let sql = "SELECT outcome FROM request WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4 AND state = 1";
        let query = sqlx::query_scalar(sql).bind(book.as_str()).bind(subject).bind(rpc).bind(text(request_id));
        let outcome: Option<Option<Vec<u8>>> = query.fetch_optional(&self.pool).await?;
        Ok(outcome.flatten().is_some_and(|bytes| bytes == row_id.as_bytes()))
    }

    /// Of the next `rows_max` requests those of these RPCs that were answered, and where to continue; `None`: those were the last.
    pub(super) async fn answered(
        &self,
        book: &BookName,
        rpcs: &[&str],
        after: &RequestPlace,
        rows_max: i64,
    ) -> Result<(Vec<AnsweredRequest>, Option<RequestPlace>), Error> {
        let listed: Vec<String> = rpcs.iter().map(|rpc| format!("'{rpc}'")).collect();
        let sql = format!(
            "SELECT subject, rpc, request_id, state, CASE WHEN rpc IN ({}) THEN outcome END AS outcome FROM request
             WHERE book = $1 AND (subject > $2 OR (subject = $2 AND (rpc > $3 OR (rpc = $3 AND request_id > $4))))
             ORDER BY subject, rpc, request_id LIMIT $5",
            listed.join(", ")
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(after.subject.clone());
        let rows = query.bind(after.rpc.clone()).bind(after.request_id.clone()).bind(rows_max).fetch_all(&self.pool).await?;
        let (mut found, mut last) = (Vec::new(), None);
        for row in &rows {
            let place = place(row)?;
            if rpcs.contains(&place.rpc.as_str()) && row.try_get::<i64, _>("state")? == 1 {
                let bytes: Option<Vec<u8>> = row.try_get("outcome")?;
                let row_id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).unwrap_or(Uuid::nil());
                found.push(AnsweredRequest { place: place.clone(), row_id });
            }
            last = Some(place);
        }
        Ok((found, last.filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count >= rows_max))))
    }
}

fn place(row: &AnyRow) -> Result<RequestPlace, Error> {
    Ok(RequestPlace { subject: row.try_get("subject")?, rpc: row.try_get("rpc")?, request_id: row.try_get("request_id")? })
}
