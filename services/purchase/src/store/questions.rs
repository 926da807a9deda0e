//! The table `store_question`: what stores ask before they decide about refunds.

use std::time::SystemTime;

use futures::FutureExt as _;
use money::{BookName, UserKey, time::unix_ms};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::newest::newest;
use super::{Error, Store};
use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;
use crate::questions::answer::{NewQuestion, RefundAnswer, StoreQuestion};

/// `state` in the table.
const OPEN: i64 = 1;
/// `state` in the table.
const ANSWERED: i64 = 2;
/// `state` in the table.
const MISSED: i64 = 3;
/// `state` in the table.
const REFUSED: i64 = 4;
/// `state` in the table.
const WITHOUT_CONSENT: i64 = 5;

/// How a question ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuestionEnd {
    /// The store has the answer.
    Answered,
    /// Its time is over.
    Missed,
    /// The store takes no answer.
    Refused,
    /// Its time is over, and the buyer consented to none.
    WithoutConsent,
}

/// A row as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionRow {
    /// Its notification.
    pub event_id: String,
    /// 1 open, 2 answered, 3 over without an answer, 4 the store takes none, 5 over without consent.
    pub state: i64,
    /// Until when the store takes an answer, in Unix milliseconds.
    pub deadline_ms: i64,
    /// The buyer's consent is missing.
    pub lacks_consent: bool,
    /// How much was spent, in thousandths of a percent; less than nothing: not known.
    pub consumed_milliunits: i64,
    /// What the store was told of the delivery; empty if nothing was sent.
    pub delivery: String,
    /// What we would like; empty if nothing was said.
    pub preference: String,
    /// Why it is open, or how it ended.
    pub note: String,
    /// How often it was tried in vain.
    pub tries: i64,
    /// Whether anything is kept that the store could be answered with.
    pub has_token: bool,
}

/// A question, as staff are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptQuestion {
    pub(crate) of: StoreQuestion,
    /// How it ended; `None`: it has not.
    pub(crate) end: Option<QuestionEnd>,
    pub(crate) lacks_consent: bool,
    /// Less than nothing: not known, or not answered.
    pub(crate) consumed_milliunits: i64,
    pub(crate) delivery: String,
    pub(crate) preference: String,
    pub(crate) note: String,
    /// 0: it has not.
    pub(crate) done_at_ms: i64,
}

impl KeptQuestion {
    /// Where it is in the list: questions of the same millisecond are in the order of digests, because what names them is too long for a place.
    pub(crate) fn place(&self) -> (i64, Uuid) {
        let digest = Sha256::digest(format!("{}/{}", self.of.store.as_str(), self.of.key));
        (self.of.asked_at_ms, Uuid::from_slice(&digest[..16]).expect("16 bytes"))
    }
}

/// Which questions are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QuestionFilter {
    /// Only this store's; any where absent.
    pub(crate) store: Option<StoreKind>,
    /// Only those that ended so, or have not; any where absent.
    pub(crate) end: Option<Option<QuestionEnd>>,
}

impl QuestionEnd {
    /// All of them.
    const ALL: [Self; 4] = [Self::Answered, Self::Missed, Self::Refused, Self::WithoutConsent];

    /// The number in the table; never changed.
    fn number(self) -> i64 {
        match self {
            Self::Answered => ANSWERED,
            Self::Missed => MISSED,
            Self::Refused => REFUSED,
            Self::WithoutConsent => WITHOUT_CONSENT,
        }
    }
}

fn kept(row: &AnyRow) -> Result<KeptQuestion, Error> {
    let of = question(row)?;
    let state: i64 = row.try_get("state")?;
    let end = QuestionEnd::ALL.into_iter().find(|end| end.number() == state);
    if end.is_none() && state != OPEN {
        return Err(Error::Damaged { purchase_id: format!("of question {}", of.key), column: "store_question.state" });
    }
    let is_answered: bool = !row.try_get::<String, _>("delivery")?.is_empty();
    let consumed_milliunits = if is_answered { row.try_get("consumed_milliunits")? } else { -1 };
    Ok(KeptQuestion {
        of,
        end,
        lacks_consent: row.try_get::<i64, _>("lacks_consent")? == 1,
        consumed_milliunits,
        delivery: row.try_get("delivery")?,
        preference: row.try_get("preference")?,
        note: row.try_get("note")?,
        done_at_ms: row.try_get("done_at_ms")?,
    })
}

fn question(row: &AnyRow) -> Result<StoreQuestion, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let key = text("question_key")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of question {key}"), column };
    Ok(StoreQuestion {
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store_question.store"))?,
        event_id: text("event_id")?,
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("store_question.book"))?,
        environment: text("environment")?,
        bundle_id: text("bundle_id")?,
        transaction_id: text("transaction_id")?,
        token: text("question_token")?,
        asked_at_ms: row.try_get("asked_at_ms")?,
        deadline_ms: row.try_get("deadline_ms")?,
        lacks_consent: row.try_get::<i64, _>("lacks_consent")? == 1,
        lots_seq: row.try_get("lots_seq")?,
        was_sent: !text("delivery")?.is_empty(),
        tries: row.try_get("tries")?,
        key: key.clone(),
    })
}

async fn insert(
    connection: &mut AnyConnection,
    event: &StoreEvent,
    asked: &NewQuestion,
    asked_at_ms: i64,
    deadline_ms: i64,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO store_question (store, question_key, event_id, book, environment, bundle_id, transaction_id, question_token, asked_at_ms,
             deadline_ms, state, lacks_consent, lots_seq, consented_at_ms, consumed_milliunits, delivery, preference, tries,
             next_attempt_at_ms, note, done_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, 0, 0, 0, -1, '', '', 0, 0, '', 0) ON CONFLICT DO NOTHING",
    )
    .bind(event.store.as_str())
    .bind(asked.key.as_str())
    .bind(event.event_id.as_str())
    .bind(event.book.as_str())
    .bind(event.environment.as_str())
    .bind(event.bundle_id.as_str())
    .bind(event.transaction_id.as_str())
    .bind(asked.token.as_str())
    .bind(asked_at_ms)
    .bind(deadline_ms)
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// Keeps a notification with the question that it asks, until when it is to be answered. False: it was delivered before, and what was kept then stands.
    pub(crate) async fn keep_asked(
        &self,
        event: &StoreEvent,
        asked: &NewQuestion,
        asked_at_ms: i64,
        deadline_ms: i64,
        received_at_ms: i64,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let is_new = super::events::insert(&mut tx, event, received_at_ms).await?;
        if is_new {
            insert(&mut tx, event, asked, asked_at_ms, deadline_ms).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    }

    /// Questions to be answered that are due, those that end first before the others.
    pub(crate) async fn due_questions(&self, now_ms: i64, count_max: i64) -> Result<Vec<StoreQuestion>, Error> {
        let sql = "SELECT * FROM store_question WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY deadline_ms, question_key LIMIT $2";
        self.due_rows("store_question", sql, now_ms, count_max, question).await
    }

    /// Records up to which event lots must be read before a question is answered.
    pub(crate) async fn plan_lots(&self, of: &StoreQuestion, seq: i64) -> Result<(), Error> {
        let sql = "UPDATE store_question SET lots_seq = $3 WHERE store = $1 AND question_key = $2 AND state = 1 AND lots_seq = 0";
        sqlx::query(sql).bind(of.store.as_str()).bind(of.key.as_str()).bind(seq).execute(&self.pool).await?;
        Ok(())
    }

    /// Records what a question is answered, before it is sent. False: it has ended.
    pub(crate) async fn plan_answer(&self, of: &StoreQuestion, answer: &RefundAnswer) -> Result<bool, Error> {
        let sql =
            "UPDATE store_question SET consented_at_ms = $3, consumed_milliunits = $4, delivery = $5, preference = $6, lacks_consent = 0
             WHERE store = $1 AND question_key = $2 AND state = 1";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.key.as_str()).bind(answer.consented_at_ms);
        let query = query.bind(answer.consumed_milliunits.unwrap_or(-1)).bind(answer.delivery.word()).bind(answer.preference.word());
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Ends a question; the first end stays.
    pub(crate) async fn end_question(&self, of: &StoreQuestion, end: QuestionEnd, note: &str, now_ms: i64) -> Result<(), Error> {
        let state = end.number();
        let sql = "UPDATE store_question SET state = $3, note = $4, done_at_ms = $5, question_token = ''
             WHERE store = $1 AND question_key = $2 AND state = 1";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.key.as_str()).bind(state).bind(note).bind(now_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Postpones a question that can't be answered yet, with the reason.
    pub(crate) async fn put_off_question(
        &self,
        of: &StoreQuestion,
        why: &str,
        lacks_consent: bool,
        next_attempt_at_ms: i64,
    ) -> Result<(), Error> {
        let sql = "UPDATE store_question SET tries = tries + 1, note = $3, lacks_consent = $4, next_attempt_at_ms = $5
             WHERE store = $1 AND question_key = $2 AND state = 1";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.key.as_str()).bind(why).bind(i64::from(lacks_consent));
        query.bind(next_attempt_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Questions of a book, the newest first, after this place; at most `count_max`.
    pub(crate) async fn kept_questions(
        &self,
        book: &BookName,
        filter: QuestionFilter,
        after: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<KeptQuestion>, Error> {
        let state = filter.end.map_or(0, |end| end.map_or(OPEN, QuestionEnd::number));
        let between = move |from_ms: i64, until_ms: i64, count_max: i64| {
            async move {
                let sql = "SELECT * FROM store_question WHERE book = $1 AND (store = $2 OR $2 = '') AND (state = $3 OR $3 = 0)
                AND asked_at_ms >= $4 AND asked_at_ms <= $5 ORDER BY asked_at_ms DESC LIMIT $6";
                let query = sqlx::query(sql).bind(book.as_str()).bind(filter.store.map_or("", StoreKind::as_str)).bind(state);
                query.bind(from_ms).bind(until_ms).bind(count_max).fetch_all(&self.pool).await?.iter().map(kept).collect()
            }
            .boxed()
        };
        newest(after, count_max, between, KeptQuestion::place).await
    }

    /// Every question of a book, in the order in which they were asked.
    pub async fn questions(&self, book: &BookName) -> Result<Vec<QuestionRow>, Error> {
        let sql = "SELECT * FROM store_question WHERE book = $1 ORDER BY asked_at_ms, question_key";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        let read = |row: &AnyRow| {
            Ok(QuestionRow {
                event_id: row.try_get("event_id")?,
                state: row.try_get("state")?,
                deadline_ms: row.try_get("deadline_ms")?,
                lacks_consent: row.try_get::<i64, _>("lacks_consent")? == 1,
                consumed_milliunits: row.try_get("consumed_milliunits")?,
                delivery: row.try_get("delivery")?,
                preference: row.try_get("preference")?,
                note: row.try_get("note")?,
                tries: row.try_get("tries")?,
                has_token: !row.try_get::<String, _>("question_token")?.is_empty(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// What is open, what of it has less than a third of its time left, what waits for consent, and what ended without an answer.
    pub(super) async fn open_questions(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let now_ms = unix_ms(SystemTime::now());
        let counted = |state, (count, since_ms): (i64, Option<i64>)| UnfinishedCount {
            what: "store_question",
            state,
            count: count.unsigned_abs(),
            since_ms,
        };
        let sql = "SELECT COUNT(*), MIN(asked_at_ms) FROM store_question WHERE state = 1 AND lacks_consent = $1";
        let answerable: (i64, Option<i64>) = sqlx::query_as(sql).bind(0_i64).fetch_one(&self.pool).await?;
        let (lacking, _): (i64, Option<i64>) = sqlx::query_as(sql).bind(1_i64).fetch_one(&self.pool).await?;
        let sql = "SELECT COUNT(*) FROM store_question
             WHERE state = 1 AND lacks_consent = 0 AND deadline_ms - (deadline_ms - asked_at_ms) / 3 < $1";
        let near: i64 = sqlx::query_scalar(sql).bind(now_ms).fetch_one(&self.pool).await?;
        let mut found =
            vec![counted("open", answerable), counted("near_deadline", (near, None)), counted("lacks_consent", (lacking, None))];
        for (name, state) in [("missed", MISSED), ("refused", REFUSED), ("without_consent", WITHOUT_CONSENT)] {
            let sql = "SELECT COUNT(*) FROM store_question WHERE state = $1";
            let count: i64 = sqlx::query_scalar(sql).bind(state).fetch_one(&self.pool).await?;
            found.push(counted(name, (count, None)));
        }
        Ok(found)
    }
}

/// Has the questions about a user's purchases be answered that waited for the user's consent.
pub(super) async fn wake(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<(), Error> {
    let sql = "UPDATE store_question SET next_attempt_at_ms = 0 WHERE book = $1 AND state = $3 AND lacks_consent = 1
         AND transaction_id IN (SELECT transaction_id FROM purchase WHERE book = $1 AND user_id = $2)";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(OPEN).execute(connection).await?;
    Ok(())
}
