//! What an id stands for that somebody has: for a person who searches for one. Each id has an index.

use super::{
    Error, PageStart, Store, book as read_book, payouts,
    reviews::{ReviewRow, review},
    runs, uuid,
};
use crate::domain::{Payout, PayoutKey, PayoutState, run::PayoutRun};
use money::{BookName, UserKey};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Not more than a page can show. By one statement for each column, and in no order: with `OR` or an order, SQLite reads the whole book.
const PAYOUTS: &str = "SELECT * FROM payout WHERE request_id = $2 AND book = $1 UNION SELECT * FROM payout WHERE hold_posting_id = $2 AND book = $1 LIMIT 100";
const RUNS: &str = "SELECT * FROM payout_run WHERE request_id = $2 AND book = $1 LIMIT 100";
/// As for metrics, a payout's time in its state counts from its last step but for notes of why it waits.
const IN_FLIGHT: &str = "SELECT * FROM payout WHERE book = $1 AND state = $2 AND phase NOT IN ('refused', 'settled', 'rejected')
        AND ($7 < 0 OR $7 = CASE WHEN phase IN ('settling', 'returning', 'suspending') THEN 1 ELSE 0 END)
        AND (created_at_ms, payout_id) > ($3, $4) AND created_at_ms < $5
        AND COALESCE((SELECT MAX(at_ms) FROM payout_step WHERE payout_step.book = payout.book AND payout_step.payout_id = payout.payout_id
            AND payout_step.state IN ('requested', 'held', 'in_review', 'queued', 'submitted') AND payout_step.note NOT LIKE 'waiting: %'), created_at_ms) < $5
    ORDER BY created_at_ms, payout_id LIMIT $6";
const UNHELD_OF: &str = "SELECT * FROM payout WHERE book = $1 AND user_id = $2 AND phase = 'requested' AND hold_posting_id = ''
        AND (created_at_ms, payout_id) < ($3, $4)
    ORDER BY created_at_ms DESC, payout_id DESC LIMIT $5";
const OPEN_REVIEWS: &str = "SELECT * FROM payout_review WHERE book = $1 AND state = 'open' AND (created_at_ms, review_id) > ($2, $3)
    ORDER BY created_at_ms, review_id LIMIT $4";
const IN_MESSAGES: &str = "SELECT payouts FROM shared_message WHERE message_id = $1";

/// Where a list begins.
fn begin(after: Option<(i64, Uuid)>) -> (i64, String) {
    after.map_or((i64::MIN, String::new()), |(at_ms, id)| (at_ms, id.to_string()))
}

impl Store {
    /// Payouts of a book by the request that created them, the posting that held their money, or the `EndToEndId` of any of their attempts but the first, which is the
    /// payout's own id.
    pub async fn looked_up(&self, book: &BookName, id: Uuid) -> Result<Vec<Payout>, Error> {
        let query = sqlx::query(PAYOUTS).bind(book.as_str().to_owned()).bind(id.to_string());
        let mut found = query.fetch_all(self.pool()).await?.iter().map(payouts::read).collect::<Result<Vec<Payout>, Error>>()?;
        for (_, of, payout_id) in self.payouts_of(&[id.simple().to_string()]).await? {
            if of == *book && found.iter().all(|payout| payout.payout_id != payout_id) {
                found.extend(self.payout(&PayoutKey { book: of, payout_id }).await?);
            }
        }
        found.sort_by_key(|payout| payout.payout_id);
        Ok(found)
    }

    /// Ids of a book's payouts that were sent in a message of many payments with this `MsgId`, of whichever bank, in order.
    pub async fn payouts_in_messages(&self, book: &BookName, message_id: &str) -> Result<BTreeSet<Uuid>, Error> {
        let messages: Vec<String> = sqlx::query_scalar(IN_MESSAGES).bind(message_id.to_owned()).fetch_all(self.pool()).await?;
        let mut found = BTreeSet::new();
        for line in messages.iter().flat_map(|payouts| payouts.lines()) {
            let (of, payout_id) = line.split_once('/').ok_or(Error::Row("list of a message's payouts"))?;
            if read_book(of)? == *book {
                found.insert(uuid(payout_id)?);
            }
        }
        Ok(found)
    }

    /// Payouts of a book that have been in a state since before this time, the oldest first; after this one when given: when it was requested, and its id.
    /// `decided`: only those whose outcome is decided and not posted yet, or only the others.
    pub async fn in_flight_since(
        &self,
        book: &BookName,
        state: PayoutState,
        decided: Option<bool>,
        before_ms: i64,
        after: Option<(i64, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Payout>, Error> {
        let (at_ms, id) = begin(after);
        let query =
            sqlx::query(IN_FLIGHT).bind(book.as_str().to_owned()).bind(state.name()).bind(at_ms).bind(id).bind(before_ms).bind(limit);
        let query = query.bind(decided.map_or(-1, i64::from));
        query.fetch_all(self.pool()).await?.iter().map(payouts::read).collect()
    }

    /// Payouts of a user whose money is not known to be held yet, newest first, before this place.
    pub async fn unheld_of(&self, book: &BookName, user: &UserKey, before: PageStart, limit: i64) -> Result<Vec<Payout>, Error> {
        let query = sqlx::query(UNHELD_OF).bind(book.as_str().to_owned()).bind(user.as_str().to_owned());
        let query = query.bind(before.created_at_ms).bind(before.id.to_string()).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(payouts::read).collect()
    }

    /// Reviews of a book that wait, the oldest first; after this one when given: when it was made, and its id.
    pub async fn open_reviews(&self, book: &BookName, after: Option<(i64, Uuid)>, limit: i64) -> Result<Vec<ReviewRow>, Error> {
        let (at_ms, id) = begin(after);
        let query = sqlx::query(OPEN_REVIEWS).bind(book.as_str().to_owned()).bind(at_ms).bind(id).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(review).collect()
    }

    /// Runs of a book by the request that created them.
    pub async fn runs_looked_up(&self, book: &BookName, request_id: Uuid) -> Result<Vec<PayoutRun>, Error> {
        let query = sqlx::query(RUNS).bind(book.as_str().to_owned()).bind(request_id.to_string());
        let mut found = query.fetch_all(self.pool()).await?.iter().map(runs::read).collect::<Result<Vec<PayoutRun>, Error>>()?;
        found.sort_by_key(|run| run.run_id);
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
