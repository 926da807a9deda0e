//! Sales and refunds as parts of what stores owe us.

use std::collections::HashMap;

use money::BookName;
use uuid::Uuid;

use super::refund_rows::step;
use super::rows::purchase;
use super::{Error, Store};
use crate::domain::{Purchase, StoreKind};
use crate::refunds::step::RefundStep;
use crate::settlements::own::{OwnPart, parts};

/// Rows that one statement asks for.
const ASKED_MAX: usize = 200;

impl Store {
    /// The parts of the purchases with these ids of the store, by that id.
    pub(crate) async fn parts_by_transaction(
        &self,
        book: &BookName,
        store: StoreKind,
        transactions: &[&str],
    ) -> Result<HashMap<String, Vec<OwnPart>>, Error> {
        let mut found: HashMap<String, Vec<OwnPart>> = HashMap::new();
        for chunk in transactions.chunks(ASKED_MAX) {
            let places: Vec<String> = (0..chunk.len()).map(|at| format!("${}", at + 3)).collect();
            let places = places.join(", ");
            let sql = format!("SELECT * FROM purchase WHERE book = $1 AND store = $2 AND state IN (2, 3) AND transaction_id IN ({places})");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned()).bind(store.as_str());
            let rows = chunk.iter().fold(query, |query, id| query.bind((*id).to_owned())).fetch_all(&self.pool).await?;
            let purchases = rows.iter().map(purchase).collect::<Result<Vec<_>, _>>()?;
            for part in self.parts_of(book, &purchases).await? {
                found.entry(part.transaction_id.clone()).or_default().push(part);
            }
        }
        Ok(found)
    }

    /// The parts of a store's purchases of this time that no settlement covers but this one, the oldest first.
    pub(crate) async fn open_parts(
        &self,
        book: &BookName,
        store: StoreKind,
        settlement_id: Uuid,
        from_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<OwnPart>, Error> {
        // Purchases and what covers them may be on different nodes of a cluster, where no statement compares them row by row. So all ids are read, then a
        // portion of the purchases at a time.
        let sql = "SELECT purchase_id FROM purchase
            WHERE book = $1 AND store = $2 AND state IN (2, 3) AND purchased_at_ms >= $3 AND purchased_at_ms < $4
            ORDER BY purchased_at_ms, purchase_id";
        let query = sqlx::query_scalar(sql).bind(book.as_str()).bind(store.as_str()).bind(from_ms).bind(until_ms);
        let ids: Vec<String> = query.fetch_all(&self.pool).await?;
        let mut open = Vec::new();
        for chunk in ids.chunks(ASKED_MAX) {
            let places: Vec<String> = (0..chunk.len()).map(|at| format!("${}", at + 2)).collect();
            let places = places.join(", ");
            let sql = format!("SELECT * FROM purchase WHERE book = $1 AND purchase_id IN ({places}) ORDER BY purchased_at_ms, purchase_id");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            let rows = chunk.iter().fold(query, |query, id| query.bind(id.clone())).fetch_all(&self.pool).await?;
            let purchases = rows.iter().map(purchase).collect::<Result<Vec<_>, _>>()?;
            let is_open = |part: &OwnPart| part.at_ms < until_ms && part.settled_by.is_none_or(|by| by == settlement_id);
            open.extend(self.parts_of(book, &purchases).await?.into_iter().filter(is_open));
        }
        Ok(open)
    }

    async fn parts_of(&self, book: &BookName, purchases: &[Purchase]) -> Result<Vec<OwnPart>, Error> {
        let ids: Vec<Uuid> = purchases.iter().map(|purchase| purchase.purchase_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (0..ids.len()).map(|at| format!("${}", at + 2)).collect();
        let sql = format!("SELECT * FROM refund WHERE book = $1 AND purchase_id IN ({}) ORDER BY step_no", places.join(", "));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
        let rows = ids.iter().fold(query, |query, id| query.bind(id.hyphenated().to_string())).fetch_all(&self.pool).await?;
        let mut steps: HashMap<Uuid, Vec<RefundStep>> = HashMap::new();
        for row in &rows {
            let step = step(row)?;
            steps.entry(step.purchase_id).or_default().push(step);
        }
        let covered = self.covered_by(book, &ids).await?;
        let of = |purchase: &Purchase| {
            let steps = steps.get(&purchase.purchase_id).map_or(&[][..], Vec::as_slice);
            parts(purchase, steps, |step_no| covered.get(&(purchase.purchase_id, step_no)).copied())
        };
        Ok(purchases.iter().flat_map(of).collect())
    }
}
