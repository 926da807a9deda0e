//! The table `lot_breakage`: lots whose coins were left for so long that what was deferred of them became breakage. [`crate::lots::breakage`] says when.

use jiff::civil::Date;
use money::BookName;
use sqlx::{AnyConnection, Row as _};

use super::lots::{LotPlace, LotRowsError, lot, save_changed, save_days};
use super::{Error, Store};
use crate::lots::breakage::{BrokenLot, LeftLot};
use crate::lots::working::WorkingLots;

/// Lots of one read, and of one transaction.
const PAGE: i64 = 500;

impl Store {
    /// The next lots that were bought, came up to this time, and of which coins are left that are no breakage, are not held and are no suspense's; and after which of
    /// them reading goes on, `None` after the last.
    pub(crate) async fn left_lots(&self, book: &BookName, after: i64, until_ms: i64) -> Result<(Vec<LeftLot>, Option<i64>), Error> {
        let sql = "SELECT l.*, (SELECT MAX(s.spent_at_ms) FROM lot_spend s WHERE s.book = l.book AND s.lot_no = l.lot_no AND s.coins > 0) AS last_used_ms
            FROM coin_lot l WHERE l.book = $1 AND l.lot_no > $2 AND l.issued_at_ms <= $3 AND l.origin = 1 AND l.currency <> '' AND l.reversed = 0
                AND l.broken_coins = 0 AND l.frozen_coins = 0 AND l.suspended_coins = 0 AND l.coins > l.spent_coins + l.removed_coins
            ORDER BY l.lot_no LIMIT $4";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(after).bind(until_ms).bind(PAGE).fetch_all(&self.pool).await?;
        let mut left = Vec::new();
        for row in &rows {
            left.push(LeftLot { lot: lot(row)?, last_used_ms: row.try_get::<Option<i64>, _>("last_used_ms")?.unwrap_or(0) });
        }
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
        let next = left.last().map(|last| last.lot.lot_no).filter(|_| is_full);
        Ok((left, next))
    }

    /// Keeps that lots are breakage of a day, which ends then, if lots are still at this place and the day is not planned. False: nothing is kept.
    pub(crate) async fn break_lots(
        &self,
        book: &BookName,
        at: &LotPlace,
        day: Date,
        at_ms: i64,
        lots: &[BrokenLot],
    ) -> Result<bool, LotRowsError> {
        let mut tx = self.begin().await?;
        let last = at.broken_no.saturating_add(i64::try_from(lots.len()).unwrap_or(i64::MAX));
        if !reach(&mut tx, book, at, last, Some(day)).await? {
            return Ok(false);
        }
        let mut working = WorkingLots::default();
        for (number, broken) in (at.broken_no + 1..).zip(lots) {
            let of = &broken.lot;
            let sql = "INSERT INTO lot_breakage (book, breakage_no, lot_no, posting_id, day, after_seq, coins, months, source)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            let query = sqlx::query(sql).bind(book.as_str()).bind(number).bind(of.lot_no).bind(of.posting_id.as_str());
            let query = query.bind(day.to_string()).bind(at.journal.seq).bind(of.left()).bind(i64::from(broken.months));
            query.bind(broken.source.as_str()).execute(&mut *tx).await.map_err(Error::from)?;
            working.lots.insert(of.lot_no, of.clone());
            working.break_lot(of.lot_no, at_ms)?;
        }
        save_changed(&mut tx, book, &working).await?;
        save_days(&mut tx, book, &working.days).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(true)
    }

    /// The event up to which the journal was read when the next breakage was decided that the lots don't have; `None`: they have all.
    pub(crate) async fn next_breakage(&self, book: &BookName, at: &LotPlace) -> Result<Option<i64>, Error> {
        let sql = "SELECT after_seq FROM lot_breakage WHERE book = $1 AND breakage_no > $2 ORDER BY breakage_no LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(book.as_str()).bind(at.broken_no).fetch_optional(&self.pool).await?)
    }

    /// Has the lots the next breakage that was decided up to this place, if they are still there.
    pub(crate) async fn break_again(&self, book: &BookName, at: &LotPlace) -> Result<(), LotRowsError> {
        let mut tx = self.begin().await?;
        let sql = "SELECT b.breakage_no, b.day AS broken_day, l.* FROM lot_breakage b
            LEFT JOIN coin_lot l ON l.book = b.book AND l.lot_no = b.lot_no AND l.posting_id = b.posting_id
            WHERE b.book = $1 AND b.breakage_no > $2 AND b.after_seq <= $3 ORDER BY b.breakage_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(at.broken_no).bind(at.journal.seq).bind(PAGE);
        let rows = query.fetch_all(&mut *tx).await.map_err(Error::from)?;
        let Some(last) = rows.last() else { return Ok(()) };
        if !reach(&mut tx, book, at, last.try_get("breakage_no").map_err(Error::from)?, None).await? {
            return Ok(());
        }
        let mut working = WorkingLots::default();
        for row in &rows {
            // One of a journal that is no longer this one.
            if row.try_get::<Option<i64>, _>("lot_no").map_err(Error::from)?.is_none() {
                continue;
            }
            let (of, day) = (lot(row)?, row.try_get::<String, _>("broken_day").map_err(Error::from)?);
            let damaged = |_| Error::Damaged { purchase_id: format!("of lot {}", of.lot_no), column: "lot_breakage.day" };
            let at_ms = crate::lots::breakage::end_ms(day.parse::<Date>().map_err(damaged)?);
            let lot_no = of.lot_no;
            working.lots.insert(lot_no, of);
            working.break_lot(lot_no, at_ms)?;
        }
        save_changed(&mut tx, book, &working).await?;
        save_days(&mut tx, book, &working.days).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(())
    }

    /// Forgets a book's lots, and which of them are breakage: their journal is no longer the book's.
    pub(crate) async fn forget_journal(&self, book: &BookName) -> Result<(), Error> {
        // First: as long as the lots are there, a process that is lost here finds again that their journal is not the book's.
        sqlx::query("DELETE FROM lot_breakage WHERE book = $1").bind(book.as_str()).execute(&self.pool).await?;
        self.forget_lots(book).await?;
        Ok(())
    }
}

/// Notes up to which breakage the lots have it. False: they are elsewhere, or the day is planned already.
async fn reach(connection: &mut AnyConnection, book: &BookName, at: &LotPlace, broken_no: i64, day: Option<Date>) -> Result<bool, Error> {
    let sql =
        "UPDATE lot_cursor SET broken_no = $4 WHERE book = $1 AND commit_no = $2 AND broken_no = $3 AND ($5 = '' OR planned_day < $5)";
    let query = sqlx::query(sql).bind(book.as_str()).bind(at.journal.commit_no).bind(at.broken_no).bind(broken_no);
    let query = query.bind(day.map_or_else(String::new, |day| day.to_string()));
    Ok(query.execute(connection).await?.rows_affected() == 1)
}
