//! The table of steps. Repetitions are counted: a bank that repeats its answer, or alternates between two, leaves a few rows and not one for each
//! answer.

use super::{Error, Store, payouts::PayoutKey, uuid};
use crate::{
    domain::{Payout, PayoutState, evidence::plain},
    drive::WAITING,
};
use money::BookName;
use sqlx::AnyConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Longest note, in characters: a reason's code and words, and our text around them.
pub const NOTE_CHARS_MAX: usize = 500;
/// Steps that one payout keeps, besides its end. Beyond them a step replaces the newest one of its state: so many steps say nothing new.
const STEPS_MAX: i64 = 200;

/// A publicly visible change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutStep {
    /// The state entered.
    pub state: PayoutState,
    /// When it happened first, in Unix milliseconds.
    pub at_ms: i64,
    /// A note, for people.
    pub note: String,
    /// How often it happened.
    pub times: i64,
    /// When it happened last.
    pub last_at_ms: i64,
}

impl PayoutStep {
    /// A step that happened once, now.
    #[must_use]
    pub fn once(state: PayoutState, at_ms: i64, note: String) -> Self {
        Self { state, at_ms, note, times: 1, last_at_ms: at_ms }
    }

    /// Whether an equal step is counted as a repetition. Sendings are recorded one by one: there are few, and each matters.
    fn is_collapsed(&self) -> bool {
        self.state != PayoutState::Submitted || self.note.starts_with(WAITING)
    }
}

/// The newest steps of a payout, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownSteps {
    /// At most as many as were requested.
    pub steps: Vec<PayoutStep>,
    /// How many older ones were left out.
    pub left_out: i64,
}

/// The caller has written the payout's row in the same transaction, so that no other writer takes the same number.
pub(super) async fn insert(tx: &mut AnyConnection, payout: &Payout, step: &PayoutStep) -> Result<(), Error> {
    let note = plain(&step.note, NOTE_CHARS_MAX);
    let newest = "SELECT step_no, state, note FROM payout_step WHERE book = $1 AND payout_id = $2 ORDER BY step_no DESC LIMIT 2";
    let newest = sqlx::query_as(newest).bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
    let newest: Vec<(i64, String, String)> = newest.fetch_all(&mut *tx).await?;
    // Equal to the last one, or to the one before it: two that alternate are two rows.
    let equal = newest.iter().find(|(_, state, kept)| step.is_collapsed() && state == step.state.name() && *kept == note);
    let last = newest.first().map_or(0, |(step_no, ..)| *step_no);
    let mut replaced = equal.map(|(step_no, ..)| *step_no);
    if replaced.is_none() && last >= STEPS_MAX && !step.state.is_final() {
        let of_state = "SELECT MAX(step_no) FROM payout_step WHERE book = $1 AND payout_id = $2 AND state = $3";
        let of_state = sqlx::query_scalar(of_state).bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
        replaced = of_state.bind(step.state.name()).fetch_one(&mut *tx).await?;
    }
    let sql = match replaced {
        Some(_) => {
            "UPDATE payout_step SET times = times + 1, last_at_ms = $5, note = $6, state = $4 WHERE book = $1 AND payout_id = $2 AND step_no = $3"
        }
        None => "INSERT INTO payout_step (book, payout_id, step_no, state, at_ms, last_at_ms, note) VALUES ($1, $2, $3, $4, $5, $5, $6)",
    };
    sqlx::query(sql)
        .bind(payout.book.as_str().to_owned())
        .bind(payout.payout_id.to_string())
        .bind(replaced.unwrap_or(last + 1))
        .bind(step.state.name())
        .bind(step.at_ms)
        .bind(note)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// The newest steps, oldest first.
    pub async fn steps(&self, payout_key: &PayoutKey, count_max: usize) -> Result<ShownSteps, Error> {
        let mut found = self.steps_of(&payout_key.book, &[payout_key.payout_id], count_max).await?;
        Ok(found.remove(&payout_key.payout_id).unwrap_or_default())
    }

    /// The newest steps of each of these payouts of a book, oldest first. One query for a page.
    pub async fn steps_of(&self, book: &BookName, ids: &[Uuid], count_max: usize) -> Result<BTreeMap<Uuid, ShownSteps>, Error> {
        let places: Vec<String> = (2..).take(ids.len()).map(|place| format!("${place}")).collect();
        // Older programs stored notes of any length.
        let sql = format!(
            "SELECT payout_id, state, at_ms, note, times, last_at_ms, total FROM (
                 SELECT payout_id, step_no, state, at_ms, SUBSTR(note, 1, {NOTE_CHARS_MAX}) AS note, times, last_at_ms,
                     COUNT(*) OVER (PARTITION BY payout_id) AS total,
                     ROW_NUMBER() OVER (PARTITION BY payout_id ORDER BY step_no DESC) AS age
                 FROM payout_step WHERE book = $1 AND payout_id IN ({})) AS numbered
             WHERE age <= {count_max} ORDER BY payout_id, step_no",
            places.join(", ")
        );
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
        for id in ids {
            query = query.bind(id.to_string());
        }
        let rows: Vec<(String, String, i64, String, i64, i64, i64)> = query.fetch_all(self.pool()).await?;
        let mut found: BTreeMap<Uuid, ShownSteps> = BTreeMap::new();
        for (id, state, at_ms, note, times, last_at_ms, total) in rows {
            let state = PayoutState::from_name(&state).ok_or(Error::Row("state"))?;
            let shown = found.entry(uuid(&id)?).or_insert_with(|| ShownSteps { steps: Vec::new(), left_out: total });
            shown.steps.push(PayoutStep { state, at_ms, note, times, last_at_ms: last_at_ms.max(at_ms) });
            shown.left_out -= 1;
        }
        Ok(found)
    }
}
