//! The table of the items of runs.

use super::{Error, Store};
use crate::domain::run::{FAULTS_SHOWN_MAX, PayoutRun, RunItem, RunItemState};
use ::money::BookName;
use db::sets::{self, SetValue};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Lines of one user in one run whose amounts are added up; a user with more has the later ones checked by the ledger alone.
const USER_LINES_MAX: i64 = 1_000;

/// The amounts of a user's lines up to one. `+ 0` keeps SQLite from reading every earlier line of the run by the primary key instead of the user's own.
const USER_AMOUNTS: &str = "SELECT minor_units FROM payout_run_item
    WHERE book = $1 AND run_id = $2 AND user_id = $3 AND currency = $4 AND line_no + 0 <= $5 LIMIT $6";
/// The first line from one on that has not ended.
const FIRST_UNENDED: &str = "SELECT item.line_no FROM payout_run_item AS item
    LEFT JOIN payout ON payout.book = item.book AND payout.payout_id = item.payout_id
    WHERE item.book = $1 AND item.run_id = $2 AND item.line_no >= $3 AND (item.state IN ('pending', 'starting') OR (item.state = 'started'
        AND payout.phase NOT IN ('refused', 'settled', 'rejected', 'returnable', 'cancelled', 'blocked'))) ORDER BY item.line_no LIMIT 1";

/// The state of an item, that of its payout, and a currency.
pub type RunSumKey = (RunItemState, String, String);

/// Which items of a run to list.
#[derive(Debug, Clone, Copy)]
pub struct ListedItems<'a> {
    /// After this line.
    pub after: i64,
    /// Only in this state; in any when none.
    pub state: Option<RunItemState>,
    /// Only those whose payout is in this state; any when empty.
    pub payout_state: &'a str,
    /// At most so many.
    pub limit: i64,
}

fn read(row: &AnyRow) -> Result<RunItem, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(RunItem {
        line_no: number("line_no")?,
        user: text("user_id")?,
        beneficiary_id: text("beneficiary_id")?,
        currency: text("currency")?,
        minor_units: number("minor_units")?,
        state: RunItemState::from_name(&text("state")?).ok_or(Error::Row("state of an item"))?,
        claimed_at_ms: number("claimed_at_ms")?,
        payout_id: text("payout_id")?,
        reason: text("reason")?,
    })
}

/// Stores lines.
pub async fn insert(tx: &mut AnyConnection, run: &PayoutRun, items: &[RunItem]) -> Result<(), Error> {
    let row = |item: &RunItem| {
        let [user, beneficiary_id, currency, reason] =
            [&item.user, &item.beneficiary_id, &item.currency, &item.reason].map(|text| text.clone().into());
        let (book, run_id) = (run.book.as_str().into(), run.run_id.to_string().into());
        [book, run_id, item.line_no.into(), user, beneficiary_id, currency, item.minor_units.into(), item.state.name().into(), reason]
    };
    let rows: Vec<[SetValue; 9]> = items.iter().map(row).collect();
    let sql =
        "INSERT INTO payout_run_item (book, run_id, line_no, user_id, beneficiary_id, currency, minor_units, state, reason) VALUES {rows}";
    sets::changed(tx, sql, &rows).await?;
    Ok(())
}

/// Lines of a run after one, in their order.
pub async fn page(tx: &mut AnyConnection, run: &PayoutRun, after: i64, limit: i64) -> Result<Vec<RunItem>, Error> {
    let sql = "SELECT * FROM payout_run_item WHERE book = $1 AND run_id = $2 AND line_no > $3 ORDER BY line_no LIMIT $4";
    let query = sqlx::query(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string()).bind(after).bind(limit);
    query.fetch_all(tx).await?.iter().map(read).collect()
}

/// Keeps why a line is bad.
pub async fn set_fault(tx: &mut AnyConnection, run: &PayoutRun, line_no: i64, why: &str) -> Result<(), Error> {
    let sql = "UPDATE payout_run_item SET reason = $4 WHERE book = $1 AND run_id = $2 AND line_no = $3";
    let query = sqlx::query(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string()).bind(line_no).bind(why.to_owned());
    query.execute(tx).await?;
    Ok(())
}

/// An item as it was read, and as it is written.
#[derive(Clone, Copy)]
pub struct RunItemAdvance<'a> {
    /// As it was read.
    pub before: &'a RunItem,
    /// With its new state, payout and reason.
    pub next: &'a RunItem,
}

/// Writes an item's state over the one that was read, with its payout and reason; false: another writer was first.
pub async fn advance(tx: &mut AnyConnection, run: &PayoutRun, before: &RunItem, next: &RunItem) -> Result<bool, Error> {
    Ok(!advance_all(tx, run, &[RunItemAdvance { before, next }]).await?.is_empty())
}

/// The same of items that differ: the lines that were written.
pub async fn advance_all(tx: &mut AnyConnection, run: &PayoutRun, items: &[RunItemAdvance<'_>]) -> Result<BTreeSet<i64>, Error> {
    let row = |RunItemAdvance { before, next }: &RunItemAdvance<'_>| {
        let (line_no, was, claimed_at_ms) = (before.line_no.into(), before.state.name().into(), before.claimed_at_ms.into());
        let (state, now_claimed_at_ms) = (next.state.name().into(), next.claimed_at_ms.into());
        let (payout_id, reason) = (next.payout_id.clone().into(), next.reason.clone().into());
        [run.book.as_str().into(), run.run_id.to_string().into(), line_no, was, claimed_at_ms, state, now_claimed_at_ms, payout_id, reason]
    };
    let rows: Vec<[SetValue; 9]> = items.iter().map(row).collect();
    let sql = "UPDATE payout_run_item SET state = v.column6, claimed_at_ms = v.column7, payout_id = v.column8, reason = v.column9
         FROM (VALUES {rows}) AS v
         WHERE payout_run_item.book = v.column1 AND payout_run_item.run_id = v.column2 AND payout_run_item.line_no = v.column3
             AND payout_run_item.state = v.column4 AND payout_run_item.claimed_at_ms = v.column5 RETURNING payout_run_item.line_no";
    let written = sets::returned(tx, sql, &rows).await?;
    Ok(written.iter().map(|row| row.try_get("line_no")).collect::<Result<_, _>>()?)
}

impl Store {
    /// One item.
    pub async fn run_item(&self, run: &PayoutRun, line_no: i64) -> Result<Option<RunItem>, Error> {
        let sql = "SELECT * FROM payout_run_item WHERE book = $1 AND run_id = $2 AND line_no = $3";
        let query = sqlx::query(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string()).bind(line_no);
        query.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()
    }

    /// The first bad lines.
    pub async fn run_faults(&self, run: &PayoutRun) -> Result<Vec<(i64, String)>, Error> {
        let sql = "SELECT line_no, reason FROM payout_run_item WHERE book = $1 AND run_id = $2 AND reason <> '' ORDER BY line_no LIMIT $3";
        let query = sqlx::query_as(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string());
        Ok(query.bind(i64::try_from(FAULTS_SHOWN_MAX).unwrap_or(i64::MAX)).fetch_all(self.pool()).await?)
    }

    /// The first line before this one that pays the same beneficiary.
    pub async fn run_line_twice(&self, run: &PayoutRun, item: &RunItem) -> Result<Option<i64>, Error> {
        let sql = "SELECT line_no FROM payout_run_item
             WHERE book = $1 AND run_id = $2 AND user_id = $3 AND beneficiary_id = $4 AND line_no < $5 ORDER BY line_no LIMIT 1";
        let query = sqlx::query_scalar(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string());
        let query = query.bind(item.user.clone()).bind(item.beneficiary_id.clone()).bind(item.line_no);
        Ok(query.fetch_optional(self.pool()).await?)
    }

    /// What a run pays a user in a line's currency, up to and with that line.
    pub async fn run_user_total(&self, run: &PayoutRun, item: &RunItem) -> Result<i128, Error> {
        let query = sqlx::query_scalar(USER_AMOUNTS).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string());
        let query = query.bind(item.user.clone()).bind(item.currency.clone()).bind(item.line_no).bind(USER_LINES_MAX);
        let amounts: Vec<i64> = query.fetch_all(self.pool()).await?;
        Ok(amounts.into_iter().map(i128::from).sum())
    }

    /// Items that can be requested now: not begun, or begun before `claimed_before_ms` by a process that crashed.
    pub async fn startable(&self, run: &PayoutRun, claimed_before_ms: i64, limit: i64) -> Result<Vec<RunItem>, Error> {
        let sql =
            "SELECT * FROM payout_run_item WHERE book = $1 AND run_id = $2 AND state IN ('pending', 'starting') AND claimed_at_ms < $3
             ORDER BY line_no LIMIT $4";
        let query = sqlx::query(sql).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string()).bind(claimed_before_ms).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// The first line, from `from` on, whose item has not ended; none if all have.
    pub async fn first_unended(&self, run: &PayoutRun, from: i64) -> Result<Option<i64>, Error> {
        let query = sqlx::query_scalar(FIRST_UNENDED).bind(run.book.as_str().to_owned()).bind(run.run_id.to_string()).bind(from);
        Ok(query.fetch_optional(self.pool()).await?)
    }

    /// How many payouts each bank is busy with: from the hold to the end, but none that waits for a rail, for money or for people.
    pub async fn busy_banks(&self) -> Result<BTreeMap<String, i64>, Error> {
        let sql = "SELECT bank, COUNT(*) FROM payout WHERE phase NOT IN ('refused', 'settled', 'rejected')
             AND phase IN ('requested', 'held', 'intent', 'sent', 'accepted', 'unknown', 'settling', 'returning', 'suspending') GROUP BY bank";
        let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(self.pool()).await?;
        Ok(rows.into_iter().collect())
    }

    /// Items with the states of their payouts (empty where there is none), in the order of their lines.
    pub async fn listed_items(&self, book: &BookName, run_id: Uuid, listed: ListedItems<'_>) -> Result<Vec<(RunItem, String)>, Error> {
        let sql = "SELECT item.*, COALESCE(payout.state, '') AS payout_state FROM payout_run_item AS item
             LEFT JOIN payout ON payout.book = item.book AND payout.payout_id = item.payout_id
             WHERE item.book = $1 AND item.run_id = $2 AND item.line_no > $3
                 AND ($4 = '' OR item.state = $4 OR ($4 = 'pending' AND item.state = 'starting')) AND ($5 = '' OR payout.state = $5)
             ORDER BY item.line_no LIMIT $6";
        let query = sqlx::query(sql)
            .bind(book.as_str().to_owned())
            .bind(run_id.to_string())
            .bind(listed.after)
            .bind(listed.state.map_or("", RunItemState::name))
            .bind(listed.payout_state.to_owned())
            .bind(listed.limit);
        query.fetch_all(self.pool()).await?.iter().map(|row| Ok((read(row)?, row.try_get("payout_state")?))).collect()
    }
}
