//! The table of steps. Repetitions are counted: a bank that repeats its answer, or alternates between two, leaves a few rows and not one for each
//! answer.

use super::{Error, Store, uuid};
use crate::domain::{PayoutKey, PayoutState, evidence::plain};
use db::sets::{self, SetValue};
use money::BookName;
use sqlx::{AnyConnection, Row as _};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The beginning of a step's note that says why a payout is waiting.
pub const WAITING: &str = "waiting: ";
/// Longest note, in characters: a reason's code and words, and our text around them.
pub const NOTE_CHARS_MAX: usize = 500;
/// Steps that one payout keeps, besides its end. Beyond them a step replaces the newest one of its state: so many steps say nothing new.
const STEPS_MAX: i64 = 200;
/// The two newest steps of each payout.
const NEWEST: &str = "SELECT book, payout_id, step_no, state, note FROM (
         SELECT book, payout_id, step_no, state, note, ROW_NUMBER() OVER (PARTITION BY book, payout_id ORDER BY step_no DESC) AS age
         FROM (VALUES {rows}) AS v CROSS JOIN payout_step WHERE payout_step.book = v.column1 AND payout_step.payout_id = v.column2) AS numbered
     WHERE age <= 2 ORDER BY step_no DESC";
const INSERT: &str = "INSERT INTO payout_step (book, payout_id, step_no, state, at_ms, last_at_ms, note) VALUES {rows}";

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

/// Adds a step to each of these payouts, which differ. The caller has written the payouts' rows in the same transaction, so that no other writer takes the same
/// numbers.
pub(super) async fn insert_all(tx: &mut AnyConnection, steps: &[(PayoutKey, PayoutStep)]) -> Result<(), Error> {
    let keys: Vec<_> = steps.iter().map(|(key, _)| key.columns()).collect();
    let mut newest: HashMap<PayoutKey, Vec<(i64, String, String)>> = HashMap::new();
    for row in sets::returned(tx, NEWEST, &keys).await? {
        let key =
            PayoutKey { book: super::book(&row.try_get::<String, _>("book")?)?, payout_id: uuid(&row.try_get::<String, _>("payout_id")?)? };
        newest.entry(key).or_default().push((row.try_get("step_no")?, row.try_get("state")?, row.try_get("note")?));
    }
    let mut added = Vec::new();
    for (key, step) in steps {
        let note = plain(&step.note, NOTE_CHARS_MAX);
        let newest = newest.get(key).map_or(&[][..], Vec::as_slice);
        // Equal to the last one, or to the one before it: two that alternate are two rows.
        let equal = newest.iter().find(|(_, state, kept)| step.is_collapsed() && state == step.state.name() && *kept == note);
        let last = newest.iter().map(|(step_no, ..)| *step_no).max().unwrap_or(0);
        let mut replaced = equal.map(|(step_no, ..)| *step_no);
        if replaced.is_none() && last >= STEPS_MAX && !step.state.is_final() {
            replaced = newest_of_state(tx, key, step.state).await?;
        }
        match replaced {
            Some(step_no) => replace(tx, key, step_no, step, note).await?,
            None => added.push(row_of(key, last + 1, step, note)),
        }
    }
    sets::changed(tx, INSERT, &added).await?;
    Ok(())
}

/// Adds the first step of payouts that were stored in the same transaction.
pub(super) async fn insert_first(tx: &mut AnyConnection, steps: &[(PayoutKey, PayoutStep)]) -> Result<(), Error> {
    let rows: Vec<_> = steps.iter().map(|(key, step)| row_of(key, 1, step, plain(&step.note, NOTE_CHARS_MAX))).collect();
    sets::changed(tx, INSERT, &rows).await?;
    Ok(())
}

fn row_of(key: &PayoutKey, step_no: i64, step: &PayoutStep, note: String) -> [SetValue; 7] {
    let [book, payout_id] = key.columns();
    [book, payout_id, step_no.into(), step.state.name().into(), step.at_ms.into(), step.at_ms.into(), note.into()]
}

async fn newest_of_state(tx: &mut AnyConnection, key: &PayoutKey, state: PayoutState) -> Result<Option<i64>, Error> {
    let sql = "SELECT MAX(step_no) FROM payout_step WHERE book = $1 AND payout_id = $2 AND state = $3";
    let query = sqlx::query_scalar(sql).bind(key.book.as_str().to_owned()).bind(key.payout_id.to_string()).bind(state.name());
    Ok(query.fetch_one(tx).await?)
}

/// Counts a step as a repetition of this one.
async fn replace(tx: &mut AnyConnection, key: &PayoutKey, step_no: i64, step: &PayoutStep, note: String) -> Result<(), Error> {
    let sql = "UPDATE payout_step SET times = times + 1, last_at_ms = $5, note = $6, state = $4 WHERE book = $1 AND payout_id = $2 AND step_no = $3";
    let query = sqlx::query(sql).bind(key.book.as_str().to_owned()).bind(key.payout_id.to_string()).bind(step_no);
    query.bind(step.state.name()).bind(step.at_ms).bind(note).execute(tx).await?;
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
