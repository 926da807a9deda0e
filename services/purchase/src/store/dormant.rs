//! Coin lots by owner, with what postings took of each, for reports as of a day.

use std::collections::BTreeMap;

use money::BookName;
use sqlx::Row as _;

use super::lots::{lot, spend};
use super::{Error, Store};
use crate::escheat::OwnedLots;

/// Lots of one read. Their spends are read with them.
const PAGE: i64 = 500;

/// After which lot, in the order of owners, reading goes on.
pub(crate) type OwnerPlace = (String, i64);

impl Store {
    /// The next lots in the order of owners, and what was taken of each; where to go on, `None` after the last. An owner may be cut between two pages.
    pub(crate) async fn lots_by_owner(
        &self,
        book: &BookName,
        (user, lot_no): &OwnerPlace,
    ) -> Result<(Vec<(String, OwnedLots)>, Option<OwnerPlace>), Error> {
        // As one comparison of both: with OR, PostgreSQL reads the index from the book's beginning for each page.
        let sql = "SELECT * FROM coin_lot WHERE book = $1 AND (user_id, lot_no) > ($2, $3) ORDER BY user_id, lot_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(*lot_no).bind(PAGE);
        let rows = query.fetch_all(&self.pool).await?;
        let mut found: Vec<(String, OwnedLots)> = Vec::new();
        let (mut next, mut taken) = (None, BTreeMap::new());
        let numbers = rows.iter().map(|row| row.try_get("lot_no")).collect::<Result<Vec<i64>, sqlx::Error>>()?;
        if let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) {
            // Each page's lots are few; those between them that are others' are left out by the join.
            let sql = "SELECT s.* FROM coin_lot l JOIN lot_spend s ON s.book = l.book AND s.lot_no = l.lot_no
                WHERE l.book = $1 AND l.user_id >= $2 AND l.user_id <= $3 AND l.lot_no >= $4 AND l.lot_no <= $5 ORDER BY s.lot_no, s.spend_no";
            let user_of = |row: Option<&sqlx::any::AnyRow>| row.map(|row| row.try_get::<String, _>("user_id")).transpose();
            let (first, last) = (user_of(rows.first())?.unwrap_or_default(), user_of(rows.last())?.unwrap_or_default());
            let query = sqlx::query(sql).bind(book.as_str()).bind(first).bind(last).bind(*least).bind(*most);
            for row in &query.fetch_all(&self.pool).await? {
                let read = spend(row)?;
                taken.entry(read.lot_no).or_insert_with(Vec::new).push(read);
            }
        }
        for row in &rows {
            let read = lot(row)?;
            next = Some((read.user_id.clone(), read.lot_no));
            let spends = taken.remove(&read.lot_no).unwrap_or_default();
            match found.last_mut() {
                Some((owner, owned)) if *owner == read.user_id => owned.lots.push((read, spends)),
                _ => found.push((read.user_id.clone(), OwnedLots { lots: vec![(read, spends)] })),
            }
        }
        Ok((found, next.filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE))))
    }
}
