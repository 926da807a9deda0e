//! Every SQL statement of this service. The same on SQLite and PostgreSQL.
use crate::domain::{Acceptance, Amounts, Quote, QuoteState};
use db::{
    Migration, WaitingRows,
    requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields},
    text, waiting,
};
use jiff::{Timestamp, civil::Date};
use money::{BookName, Currency, Diamonds, Money, UserKey};
use rust_decimal::Decimal;
use sqlx::{Any, AnyPool, Row, any::AnyRow, query::Query};
use std::{error::Error as StdError, str::FromStr, time::SystemTime};
use telemetry::UnfinishedCount;
use uuid::Uuid;

/// The service's schema.
pub const MIGRATIONS: [Migration; 7] = [
    Migration::contract(1, include_str!("../migrations/0001_quote.sql")),
    Migration::expand(2, requests::TABLE),
    Migration::expand(3, include_str!("../migrations/0003_open.sql")),
    Migration::expand(4, include_str!("../migrations/0004_settle.sql")),
    Migration::expand(5, include_str!("../migrations/0005_unused.sql")),
    Migration::expand(6, include_str!("../migrations/0006_lookups.sql")),
    Migration::expand(7, include_str!("../migrations/0007_newest.sql")),
];

/// Refusals pruned in one statement: few, so that it never delays a quote.
const PRUNE_COUNT_MAX: i64 = 1_000;

const QUOTE: &str =
    "SELECT quote_id, user_id, diamonds, currency, rate, rate_date, rate_card_version, gross_minor_units, withholding_minor_units,
    fee_minor_units, net_minor_units, created_at_ms, expire_at_ms, accept_request_id, accept_user_named, posting_id
    FROM quote WHERE book = $1 AND quote_id = $2";

/// In no order: for an order, SQLite would read the whole book.
const ACCEPTED_BY: &str = "SELECT * FROM quote WHERE accept_request_id = $2 AND book = $1 LIMIT 100";

const OF_USER: &str = "SELECT * FROM quote WHERE book = $1 AND user_id = $2 AND quote_id > $3 ORDER BY quote_id LIMIT $4";

/// In the order of their times, which their ids need not have; by an index in this order, so that a page reads no more than its rows.
const NEWEST_OF: &str = "SELECT * FROM quote WHERE book = $1 AND user_id = $2 AND (created_at_ms, quote_id) < ($3, $4)
    ORDER BY created_at_ms DESC, quote_id DESC LIMIT $5";

const ACCEPTING: &str =
    "SELECT * FROM quote WHERE book = $1 AND accept_request_id <> '' AND posting_id = '' AND (created_at_ms, quote_id) > ($2, $3)
    AND created_at_ms < $4 ORDER BY created_at_ms, quote_id LIMIT $5";

const INSERT: &str = "INSERT INTO quote (book, quote_id, user_id, diamonds, currency, rate, rate_date, rate_card_version, gross_minor_units,
    withholding_minor_units, fee_minor_units, net_minor_units, created_at_ms, expire_at_ms, accept_request_id, accept_user_named, posting_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', '', '') ON CONFLICT DO NOTHING";

/// The service's tables.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens the tables, creating them if missing.
    pub async fn open(database: &db::Database) -> Result<Self, db::Error> {
        Ok(Self::new(database.open("earnings", &MIGRATIONS).await?))
    }

    /// A store over a pool whose migrations have run.
    #[must_use]
    pub fn new(pool: AnyPool) -> Self {
        Self { pool }
    }

    /// Registers a request id, or returns its status if it was registered before.
    pub async fn begin(&self, key: RequestKey<'_>, fields: &SentFields, now: SystemTime) -> Result<RequestStanding, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let begun = requests::begin(&mut tx, key, fields, now).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// Records a refusal under its id; returns the answer in force, which may be another call's.
    pub async fn refuse(&self, key: RequestKey<'_>, outcome: &KeptAnswer, now: SystemTime) -> Result<KeptAnswer, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let standing = requests::finish(&mut tx, key, outcome, now).await?;
        tx.commit().await?;
        Ok(standing.unwrap_or_else(|| outcome.clone()))
    }

    /// Keeps a quote together with the answer under its request id. When another call answered first, its answer is returned and this quote isn't kept.
    pub async fn keep(&self, key: RequestKey<'_>, outcome: &KeptAnswer, quote: &Quote, now: SystemTime) -> Result<KeptAnswer, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let standing = requests::finish(&mut tx, key, outcome, now).await?.unwrap_or_else(|| outcome.clone());
        if standing == *outcome {
            insert(key.book, quote).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(standing)
    }

    /// One quote.
    pub async fn quote(&self, book: &BookName, id: Uuid) -> Result<Option<Quote>, sqlx::Error> {
        let row = sqlx::query(QUOTE).bind(book.as_str()).bind(text(id)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Quotes of a book by the request that accepted them, for a person who searches for one.
    pub async fn looked_up(&self, book: &BookName, accept_request_id: Uuid) -> Result<Vec<Quote>, sqlx::Error> {
        let rows = sqlx::query(ACCEPTED_BY).bind(book.as_str()).bind(text(accept_request_id)).fetch_all(&self.pool).await?;
        let mut found = rows.iter().map(read).collect::<Result<Vec<Quote>, sqlx::Error>>()?;
        found.sort_by_key(|quote| quote.id);
        Ok(found)
    }

    /// Records that a quote was accepted, before the ledger is called for the first time. False when another acceptance came first, this one was
    /// recorded before, or the quote is used. The worker takes over at `settle_at_ms`.
    pub async fn accepting(&self, book: &BookName, id: Uuid, acceptance: &Acceptance, settle_at_ms: i64) -> Result<bool, sqlx::Error> {
        let sql = "UPDATE quote SET accept_request_id = $3, accept_user_named = $4, accept_attempts = 1, settle_at_ms = $5
            WHERE book = $1 AND quote_id = $2 AND posting_id = '' AND accept_request_id = ''";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(id)).bind(text(acceptance.request_id));
        let query = query.bind(acceptance.user_named.as_str()).bind(settle_at_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Records that the ledger is about to be called again for an acceptance. False when it is not open any more: it was settled or withdrawn.
    pub async fn accepting_again(
        &self,
        book: &BookName,
        id: Uuid,
        acceptance: &Acceptance,
        settle_at_ms: i64,
    ) -> Result<bool, sqlx::Error> {
        let sql = "UPDATE quote SET accept_attempts = accept_attempts + 1, settle_at_ms = $4
            WHERE book = $1 AND quote_id = $2 AND posting_id = '' AND accept_request_id = $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(id)).bind(text(acceptance.request_id)).bind(settle_at_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Acceptances that have no posting yet and are due, the longest waiting first, with their books.
    pub async fn to_settle(&self, now_ms: i64, count_max: i64) -> Result<Vec<(BookName, Quote)>, sqlx::Error> {
        let sql =
            "SELECT * FROM quote WHERE accept_request_id <> '' AND posting_id = '' AND settle_at_ms <= $1 ORDER BY settle_at_ms LIMIT $2";
        let rows = sqlx::query(sql).bind(now_ms).bind(count_max).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((BookName::try_new(row.try_get("book")?).map_err(unreadable)?, read(row)?))).collect()
    }

    /// Makes due what would wait longer than `longest_ms`: a clock was ahead when it was written. Of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self, longest_ms: i64, now_ms: i64) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        let accepted = WaitingRows::work("quote", "settle_at_ms", "accept_request_id <> '' AND posting_id = ''", longest_ms);
        waiting::end_impossible(&self.pool, &[accepted], now_ms).await
    }

    /// A user's quotes, oldest first, after this one when given, at most `count_max`; for showing them to their owner.
    pub async fn of_user(&self, book: &BookName, user: &UserKey, after: Option<Uuid>, count_max: i64) -> Result<Vec<Quote>, sqlx::Error> {
        let query = sqlx::query(OF_USER).bind(book.as_str()).bind(user.as_str()).bind(text(after.unwrap_or(Uuid::nil())));
        query.bind(count_max).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// A user's quotes, newest first, before this one when given: when it was made, and its id.
    pub async fn newest_of(
        &self,
        book: &BookName,
        user: &UserKey,
        before: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<Quote>, sqlx::Error> {
        let (at_ms, id) = before.unwrap_or((i64::MAX, Uuid::max()));
        let query = sqlx::query(NEWEST_OF).bind(book.as_str()).bind(user.as_str()).bind(at_ms).bind(text(id)).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Acceptances of a book without a posting whose quotes were made before this time, the oldest first; after this quote when given: when it was made, and its id.
    pub async fn accepting_since(
        &self,
        book: &BookName,
        before_ms: i64,
        after: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<Quote>, sqlx::Error> {
        let (at_ms, id) = after.map_or((i64::MIN, String::new()), |(at_ms, id)| (at_ms, text(id)));
        let query = sqlx::query(ACCEPTING).bind(book.as_str()).bind(at_ms).bind(id).bind(before_ms).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Accepted quotes of a book, in the order of their ids, after this one when given, at most `count_max`: each has a conversion, or may have one.
    pub async fn accepted(&self, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<Quote>, sqlx::Error> {
        let sql = "SELECT * FROM quote WHERE book = $1 AND quote_id > $2 AND (accept_request_id <> '' OR posting_id <> '')
            ORDER BY quote_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(after.unwrap_or(Uuid::nil()))).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Acceptances whose posting is not recorded: how many, and when the first of their quotes expired; it was accepted before that.
    pub async fn unfinished(&self) -> Result<Vec<UnfinishedCount>, sqlx::Error> {
        let sql = "SELECT COUNT(*), MIN(expire_at_ms) FROM quote WHERE accept_request_id <> '' AND posting_id = ''";
        let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        Ok(vec![UnfinishedCount { what: "conversion", state: "accepting", count: count.unsigned_abs(), since_ms }])
    }

    /// Withdraws an acceptance that the ledger refused. A quote that was marked as used meanwhile stays so.
    pub async fn not_accepted(&self, book: &BookName, id: Uuid, acceptance: &Acceptance) -> Result<(), sqlx::Error> {
        let sql = "UPDATE quote SET accept_request_id = '', accept_user_named = '', accept_attempts = 0
            WHERE book = $1 AND quote_id = $2 AND posting_id = '' AND accept_request_id = $3";
        sqlx::query(sql).bind(book.as_str()).bind(text(id)).bind(text(acceptance.request_id)).execute(&self.pool).await?;
        Ok(())
    }

    /// Withdraws an acceptance whose only attempt was not executed. False where there were more attempts: one of them may have been posted.
    pub async fn not_attempted(&self, book: &BookName, id: Uuid, acceptance: &Acceptance) -> Result<bool, sqlx::Error> {
        let sql = "UPDATE quote SET accept_request_id = '', accept_user_named = '', accept_attempts = 0
            WHERE book = $1 AND quote_id = $2 AND posting_id = '' AND accept_request_id = $3 AND accept_attempts = 1";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(id)).bind(text(acceptance.request_id));
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Marks a quote as used by this posting. Safe to repeat: a quote has one posting only.
    pub async fn used(&self, book: &BookName, id: Uuid, posting_id: &str) -> Result<(), sqlx::Error> {
        let sql = "UPDATE quote SET posting_id = $3 WHERE book = $1 AND quote_id = $2 AND posting_id = ''";
        sqlx::query(sql).bind(book.as_str()).bind(text(id)).bind(posting_id).execute(&self.pool).await?;
        Ok(())
    }

    /// Deletes some quotes that expired before `before_ms` and that nobody accepted; returns how many. An accepted one explains its conversion and is
    /// kept.
    pub async fn prune_quotes(&self, before_ms: i64) -> Result<u64, sqlx::Error> {
        let sql = "DELETE FROM quote WHERE accept_request_id = '' AND posting_id = '' AND (book, quote_id) IN (
            SELECT book, quote_id FROM quote WHERE accept_request_id = '' AND posting_id = '' AND expire_at_ms < $1 ORDER BY expire_at_ms LIMIT $2)";
        Ok(sqlx::query(sql).bind(before_ms).bind(PRUNE_COUNT_MAX).execute(&self.pool).await?.rows_affected())
    }

    /// Deletes some refusals that have been kept long enough; returns how many.
    pub async fn prune(&self, before: SystemTime) -> Result<u64, sqlx::Error> {
        requests::prune(&self.pool, before, PRUNE_COUNT_MAX).await
    }
}

fn insert<'q>(book: &'q BookName, quote: &'q Quote) -> Query<'q, Any, sqlx::any::AnyArguments> {
    let Amounts { gross, withholding, fee, net } = quote.amounts;
    sqlx::query(INSERT)
        .bind(book.as_str())
        .bind(text(quote.id))
        .bind(quote.user.as_str())
        .bind(quote.diamonds.get())
        .bind(gross.currency().code().to_owned())
        .bind(quote.rate.to_string())
        .bind(quote.rate_date.to_string())
        .bind(quote.rate_card_version.as_str())
        .bind(gross.minor_units())
        .bind(withholding.minor_units())
        .bind(fee.minor_units())
        .bind(net.minor_units())
        .bind(quote.create_time.as_millisecond())
        .bind(quote.expire_time.as_millisecond())
}

fn read(row: &AnyRow) -> Result<Quote, sqlx::Error> {
    columns(row).map_err(|error| db::in_row(row, "quote", "quote_id", error))
}

fn columns(row: &AnyRow) -> Result<Quote, sqlx::Error> {
    let currency = Currency::try_new(row.try_get("currency")?).map_err(unreadable)?;
    let money = |column| Money::try_new(currency, row.try_get(column)?).map_err(unreadable);
    let amounts = Amounts {
        gross: money("gross_minor_units")?,
        withholding: money("withholding_minor_units")?,
        fee: money("fee_minor_units")?,
        net: money("net_minor_units")?,
    };
    Ok(Quote {
        id: id(row, "quote_id")?,
        user: UserKey::try_new(row.try_get("user_id")?).map_err(unreadable)?,
        diamonds: Diamonds::try_new(row.try_get("diamonds")?).map_err(unreadable)?,
        rate: Decimal::from_str(row.try_get("rate")?).map_err(unreadable)?,
        rate_date: Date::from_str(row.try_get("rate_date")?).map_err(unreadable)?,
        rate_card_version: row.try_get("rate_card_version")?,
        amounts,
        create_time: time(row, "created_at_ms")?,
        expire_time: time(row, "expire_at_ms")?,
        state: state(row)?,
    })
}

fn state(row: &AnyRow) -> Result<QuoteState, sqlx::Error> {
    let posting_id: String = row.try_get("posting_id")?;
    let accepted: &str = row.try_get("accept_request_id")?;
    Ok(if !posting_id.is_empty() {
        QuoteState::Used { posting_id }
    } else if accepted.is_empty() {
        QuoteState::Open
    } else {
        QuoteState::Accepting(Acceptance { request_id: id(row, "accept_request_id")?, user_named: row.try_get("accept_user_named")? })
    })
}

fn id(row: &AnyRow, column: &str) -> Result<Uuid, sqlx::Error> {
    Uuid::try_parse(row.try_get(column)?).map_err(unreadable)
}

fn time(row: &AnyRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_millisecond(row.try_get(column)?).map_err(unreadable)
}

fn unreadable(error: impl Into<Box<dyn StdError + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

#[cfg(test)]
mod tests;
