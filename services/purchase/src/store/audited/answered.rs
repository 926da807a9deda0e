//! Requests and the rows that they were answered with. Both are written in one transaction, and both are kept.

use money::BookName;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use crate::store::{Error, Store};
use db::{requests::SentFields, text};

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
    /// What a caller sent with the request that was answered with this row; `None`: no such request was. Fields that can't be read are none.
    pub(super) async fn asked_with(
        &self,
        book: &BookName,
        subject: &str,
        rpc: &str,
        request_id: Uuid,
        row_id: Uuid,
    ) -> Result<Option<SentFields>, Error> {
        let sql = "SELECT outcome, fields FROM request WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4 AND state = 1";
        let query = sqlx::query_as::<_, (Option<Vec<u8>>, String)>(sql).bind(book.as_str()).bind(subject).bind(rpc).bind(text(request_id));
        let found = query.fetch_optional(&self.pool).await?;
        let sent = found.filter(|(outcome, _)| outcome.as_deref() == Some(row_id.as_bytes()));
        Ok(sent.map(|(_, fields)| SentFields::kept(&fields).unwrap_or_default()))
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
