//! The table `coin_hold`: coins that are held while a refund or a dispute is not decided.

use api::ledger::Posting;
use money::{BookName, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::refunds::hold::{CoinHold, HoldChange, HoldEnd, HoldState, placed_transfer};
use crate::refunds::step::NextTry;
use db::text;

fn hold(row: &AnyRow) -> Result<CoinHold, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let purchase_id = text("purchase_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: purchase_id.clone(), column };
    let (state, ended_by) = (number("state")?, number("ended_by")?);
    let read = CoinHold {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("coin_hold.book"))?,
        purchase_id: Uuid::try_parse(&purchase_id).map_err(|_| damaged("coin_hold.purchase_id"))?,
        hold_no: number("hold_no")?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("coin_hold.user_id"))?,
        target: number("target_coins")?,
        wanted: number("wanted_coins")?,
        is_counted: number("is_counted")? == 1,
        state: HoldState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("coin_hold.state"))?,
        ended_by: HoldEnd::ALL.into_iter().find(|known| known.number() == ended_by).ok_or_else(|| damaged("coin_hold.ended_by"))?,
        ends_at_ms: number("ends_at_ms")?,
        tries: number("tries")?,
        created_at_ms: number("created_at_ms")?,
        coins: number("coins")?,
        attempt: number("attempt")?,
        planned_at_ms: number("planned_at_ms")?,
        posting_id: text("posting_id")?,
        seq: number("seq")?,
        transfer_no: number("transfer_no")?,
        taken: number("taken_coins")?,
        end_attempt: number("end_attempt")?,
        end_planned_at_ms: number("end_planned_at_ms")?,
        end_posting_id: text("end_posting_id")?,
    };
    if read.is_sound() { Ok(read) } else { Err(damaged("a number of coin_hold")) }
}

/// Asks for a hold. False: there is one of its number.
async fn insert(connection: &mut AnyConnection, new: &CoinHold) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO coin_hold (book, purchase_id, hold_no, user_id, target_coins, wanted_coins, is_counted, state, ended_by, ends_at_ms, note,
             tries, next_attempt_at_ms, created_at_ms, coins, attempt, planned_at_ms, posting_id, seq, transfer_no, taken_coins, end_attempt,
             end_planned_at_ms, end_posting_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, $8, '', 0, 0, $9, 0, 0, 0, '', 0, 0, 0, 0, 0, '') ON CONFLICT DO NOTHING",
    )
    .bind(new.book.as_str())
    .bind(text(new.purchase_id))
    .bind(new.hold_no)
    .bind(new.user.as_str())
    .bind(new.target)
    .bind(new.wanted)
    .bind(i64::from(new.is_counted))
    .bind(new.ends_at_ms)
    .bind(new.created_at_ms)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Has a hold be released that is not over and is not being taken. False: it is.
async fn release(connection: &mut AnyConnection, of: &CoinHold, ended_by: HoldEnd, now_ms: i64) -> Result<bool, Error> {
    let sql = "UPDATE coin_hold SET state = 4, ended_by = $4, end_planned_at_ms = $5, note = '', tries = 0, next_attempt_at_ms = 0
        WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state < 4";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no);
    let query = query.bind(ended_by.number()).bind(now_ms);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Changes the holds of a purchase. False: another process was first.
pub(super) async fn apply(connection: &mut AnyConnection, change: &HoldChange, now_ms: i64) -> Result<bool, Error> {
    if let Some(of) = &change.release {
        release(&mut *connection, of, HoldEnd::Decided, now_ms).await?;
    }
    for new in &change.new {
        if !insert(&mut *connection, new).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Store {
    /// The holds of a purchase, in order.
    pub async fn coin_holds(&self, book: &BookName, purchase_id: Uuid) -> Result<Vec<CoinHold>, Error> {
        let sql = "SELECT * FROM coin_hold WHERE book = $1 AND purchase_id = $2 ORDER BY hold_no";
        sqlx::query(sql).bind(book.as_str()).bind(text(purchase_id)).fetch_all(&self.pool).await?.iter().map(hold).collect()
    }

    /// Holds of which something is due, those with the fewest tries first; in the order in which those of a purchase follow one another.
    pub(crate) async fn due_holds(&self, now_ms: i64, count_max: i64) -> Result<Vec<CoinHold>, Error> {
        let sql = "SELECT * FROM coin_hold WHERE state < 6 AND state IN (1, 2, 4) AND next_attempt_at_ms <= $1
            ORDER BY tries, created_at_ms, hold_no LIMIT $2";
        self.due_rows("coin_hold", sql, now_ms, count_max, hold).await
    }

    /// Holds about which nobody decided until their date.
    pub(crate) async fn holds_past_date(&self, now_ms: i64, count_max: i64) -> Result<Vec<CoinHold>, Error> {
        let sql = "SELECT * FROM coin_hold WHERE state < 6 AND state < 4 AND ends_at_ms <= $1 ORDER BY ends_at_ms LIMIT $2";
        self.due_rows("coin_hold", sql, now_ms, count_max, hold).await
    }

    /// Postpones what is due of a hold.
    pub(crate) async fn put_off_hold(&self, of: &CoinHold, note: &str, next: NextTry) -> Result<(), Error> {
        let sql = "UPDATE coin_hold SET tries = $7, note = $4, next_attempt_at_ms = $5
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = $6";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(note);
        query.bind(next.at_ms).bind(of.state.number()).bind(next.tries).execute(&self.pool).await?;
        Ok(())
    }

    /// Has a hold be released.
    pub(crate) async fn release_hold(&self, of: &CoinHold, ended_by: HoldEnd, now_ms: i64) -> Result<(), Error> {
        release(&mut *self.pool.acquire().await?, of, ended_by, now_ms).await?;
        Ok(())
    }

    /// Records how many coins a posting is about to hold. False: another process planned it first.
    pub(crate) async fn plan_hold(&self, to: &CoinHold) -> Result<bool, Error> {
        let sql = "UPDATE coin_hold SET coins = $4, attempt = $5, planned_at_ms = $6
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 1
                AND ((attempt = $5 AND planned_at_ms = 0) OR attempt = $5 - 1)";
        let query = sqlx::query(sql).bind(to.book.as_str()).bind(text(to.purchase_id)).bind(to.hold_no).bind(to.coins);
        Ok(query.bind(to.attempt).bind(to.planned_at_ms).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// The ledger holds the coins. Where it is to be released meanwhile, it still is.
    pub(crate) async fn hold_placed(&self, of: &CoinHold, posting: &Posting) -> Result<(), Error> {
        let sql =
            "UPDATE coin_hold SET state = CASE WHEN state = 4 THEN 4 WHEN is_counted = 1 THEN 3 ELSE 2 END, posting_id = $4, seq = $5,
                transfer_no = $6, note = '', tries = 0, next_attempt_at_ms = 0
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state IN (1, 4) AND posting_id = ''";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no);
        let query = query.bind(posting.posting_id.as_str()).bind(posting.seq).bind(placed_transfer(posting));
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// There is nothing to hold.
    pub(crate) async fn nothing_to_hold(&self, of: &CoinHold) -> Result<(), Error> {
        let sql = "UPDATE coin_hold SET state = 6, ended_by = 3, coins = 0, note = ''
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 1";
        sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).execute(&self.pool).await?;
        Ok(())
    }

    /// A hold has no more than what is left of its purchase.
    pub(crate) async fn hold_counted(&self, of: &CoinHold) -> Result<(), Error> {
        let sql =
            "UPDATE coin_hold SET state = 3, note = '', tries = 0 WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 2";
        sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).execute(&self.pool).await?;
        Ok(())
    }

    /// A hold has more: it is released, and another takes its place, also for the step that takes it. False: another process changed it first.
    pub(crate) async fn shrink_hold(&self, of: &CoinHold, to: &CoinHold, now_ms: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let following = "UPDATE coin_hold SET hold_no = hold_no + 1 WHERE book = $1 AND purchase_id = $2 AND hold_no > $3 AND state = 1 AND planned_at_ms = 0";
        if !release(&mut tx, of, HoldEnd::Decided, now_ms).await? {
            return Ok(false);
        }
        // One that follows was not begun: it waits for this one.
        sqlx::query(following).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).execute(&mut *tx).await?;
        if !insert(&mut tx, to).await? {
            return Ok(false);
        }
        let sql = "UPDATE refund SET hold_no = $4 WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(to.hold_no);
        query.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A step is about to take the coins of a hold. False: another process does.
    pub(crate) async fn begin_taking(&self, of: &CoinHold) -> Result<bool, Error> {
        let sql = "UPDATE coin_hold SET state = 5, ended_by = 1, taken_coins = $4, end_planned_at_ms = $5
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 3";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(of.taken);
        Ok(query.bind(of.end_planned_at_ms).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// A step took the coins of a hold.
    pub(crate) async fn hold_taken(&self, of: &CoinHold, step_no: i64, posting_id: &str, seq: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE coin_hold SET state = 6, end_posting_id = $4, note = ''
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 5";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(posting_id);
        if query.execute(&mut *tx).await?.rows_affected() == 1 {
            let sql = "UPDATE refund SET held_coins = $4, seq = $5 WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 1";
            let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(step_no).bind(of.taken).bind(seq);
            query.execute(&mut *tx).await?;
        }
        super::debts::wake(&mut tx, &of.book, &of.user, false).await?;
        Ok(tx.commit().await?)
    }

    /// A hold is released, or was never placed.
    pub(crate) async fn hold_over(&self, of: &CoinHold, posting_id: &str) -> Result<(), Error> {
        let sql = "UPDATE coin_hold SET state = 6, end_posting_id = $4, note = ''
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND state = 4";
        let mut tx = self.begin().await?;
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(posting_id);
        query.execute(&mut *tx).await?;
        super::debts::wake(&mut tx, &of.book, &of.user, false).await?;
        Ok(tx.commit().await?)
    }

    /// A hold is ended under another id, because the ledger finally refused this one.
    pub(crate) async fn end_hold_again(&self, of: &CoinHold, now_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE coin_hold SET end_attempt = end_attempt + 1, end_planned_at_ms = $5
            WHERE book = $1 AND purchase_id = $2 AND hold_no = $3 AND end_attempt = $4 AND state IN (4, 5)";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.hold_no).bind(of.end_attempt).bind(now_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Holds that are not as they are to be, and those that ended although nobody decided: cases for staff.
    pub(super) async fn open_holds(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let counted = |state, (count, since_ms): (i64, Option<i64>)| UnfinishedCount {
            what: "coin_hold",
            state,
            count: count.unsigned_abs(),
            since_ms,
        };
        let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM coin_hold WHERE state < 6 AND state IN (1, 2, 4, 5)";
        let moving = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        let sql = "SELECT COUNT(*) FROM coin_hold WHERE ended_by = 2 AND ended_by = $1";
        let undecided: i64 = sqlx::query_scalar(sql).bind(HoldEnd::Date.number()).fetch_one(&self.pool).await?;
        let sql = "SELECT COUNT(*) FROM coin_hold WHERE state < 6 AND state = 3";
        let held: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
        Ok(vec![counted("not_posted", moving), counted("held", (held, None)), counted("ended_undecided", (undecided, None))])
    }
}
