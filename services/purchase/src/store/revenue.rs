//! The table `revenue_posting`: what days earned, as it is posted.

use std::collections::BTreeMap;

use jiff::civil::Date;
use money::{BookName, Currency};
use sqlx::{AnyConnection, Row as _};

use super::lots::{LotPlace, LotRowsError};
use super::{Error, Store};
use crate::lots::revenue::{RevenuePosting, SignedMoney};
use crate::lots::working::LotOverflow;
use crate::meters;

const PLANNED: i64 = 1;
const POSTED: i64 = 2;

/// What a day brought of an entity and a currency, in minor units.
#[derive(Debug, Clone, Copy, Default)]
struct DaySums {
    revenue: i64,
    breakage: i64,
    commission: i64,
    /// How many editions there are.
    editions: i64,
}

impl DaySums {
    fn add(&mut self, revenue: i64, breakage: i64, commission: i64) -> Result<(), LotOverflow> {
        add(&mut self.revenue, revenue)?;
        add(&mut self.breakage, breakage)?;
        add(&mut self.commission, commission)
    }

    fn is_nothing(&self) -> bool {
        (self.revenue, self.breakage, self.commission) == (0, 0, 0)
    }
}

/// By day, entity and currency.
type DayEarned = BTreeMap<(String, String, String), DaySums>;

fn add(sum: &mut i64, more: i64) -> Result<(), LotOverflow> {
    *sum = sum.checked_add(more).ok_or(LotOverflow)?;
    Ok(())
}

impl Store {
    /// Plans what the days up to `last` earned beyond what was planned of them before, if lots are still where they were.
    pub(crate) async fn plan_revenue(&self, book: &BookName, at: &LotPlace, last: Date, now_ms: i64) -> Result<(), LotRowsError> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE lot_cursor SET planned_day = $2 WHERE book = $1 AND seq >= $3 AND planned_day = $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(last.to_string()).bind(at.journal.seq).bind(at.planned_day.as_str());
        // Lots were forgotten, or another process plans: the next run sees.
        if query.execute(&mut *tx).await.map_err(Error::from)?.rows_affected() != 1 {
            return Ok(());
        }
        let days = (at.planned_day.as_str(), last.to_string());
        let mut earned = earned(&mut tx, book, days.0, &days.1).await?;
        for (key, before) in planned(&mut tx, book, days.0, &days.1).await? {
            let sums = earned.entry(key).or_default();
            sums.add(-before.revenue, -before.breakage, -before.commission)?;
            sums.editions = before.editions;
        }
        for ((day, entity, currency), sums) in earned {
            if sums.is_nothing() {
                continue;
            }
            let sql =
                "INSERT INTO revenue_posting (book, day, entity, currency, edition, revenue_minor_units, commission_minor_units, state,
                     attempt, planned_at_ms, posting_id, breakage_minor_units) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, '', $10)";
            let query = sqlx::query(sql).bind(book.as_str()).bind(day).bind(entity).bind(currency).bind(sums.editions + 1);
            let query = query.bind(sums.revenue).bind(sums.commission).bind(PLANNED).bind(now_ms).bind(sums.breakage);
            query.execute(&mut *tx).await.map_err(Error::from)?;
        }
        tx.commit().await.map_err(Error::from)?;
        Ok(())
    }

    /// What is planned and not known to be posted, the oldest day first.
    pub(crate) async fn planned_revenue(&self, book: &BookName) -> Result<Vec<RevenuePosting>, Error> {
        let sql = "SELECT * FROM revenue_posting WHERE book = $1 AND state = 1 ORDER BY day, entity, currency, edition";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        // A sum beyond what can be stored is damage too: none was planned that is.
        let too_large = |_| Error::Damaged { purchase_id: "of a day's revenue".to_owned(), column: "an amount of revenue_posting" };
        let readable = super::due::readable(&rows, |row| {
            read(book, row).map_err(|error| match error {
                LotRowsError::Store(error) => error,
                LotRowsError::Overflow(overflow) => too_large(overflow),
            })
        });
        let (planned, damaged) = readable?;
        damaged.iter().for_each(|damage| meters::damaged("revenue_posting", damage));
        Ok(planned)
    }

    /// Every edition of a book, by day, entity, currency and edition: what it earned, and the posting's id, empty until it is known.
    pub async fn revenue_editions(&self, book: &BookName) -> Result<Vec<(RevenuePosting, String)>, LotRowsError> {
        let sql = "SELECT * FROM revenue_posting WHERE book = $1 ORDER BY day, entity, currency, edition";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await.map_err(Error::from)?;
        rows.iter().map(|row| Ok((read(book, row)?, row.try_get("posting_id").map_err(Error::from)?))).collect()
    }

    /// Records the posting of an edition.
    pub(crate) async fn revenue_posted(&self, planned: &RevenuePosting, posting_id: &str) -> Result<(), Error> {
        let sql = "UPDATE revenue_posting SET state = $6, posting_id = $7
            WHERE book = $1 AND day = $2 AND entity = $3 AND currency = $4 AND edition = $5 AND state = 1";
        let query = sqlx::query(sql).bind(planned.book.as_str()).bind(planned.day.to_string()).bind(planned.entity.as_str());
        let query = query.bind(planned.revenue.amount.currency().code().to_owned()).bind(planned.edition);
        query.bind(POSTED).bind(posting_id).execute(&self.pool).await?;
        Ok(())
    }

    /// Gives an edition another id, because the ledger finally refused this attempt's.
    pub(crate) async fn plan_again(&self, planned: &RevenuePosting, now_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE revenue_posting SET attempt = attempt + 1, planned_at_ms = $7
            WHERE book = $1 AND day = $2 AND entity = $3 AND currency = $4 AND edition = $5 AND state = 1 AND attempt = $6";
        let query = sqlx::query(sql).bind(planned.book.as_str()).bind(planned.day.to_string()).bind(planned.entity.as_str());
        let query = query.bind(planned.revenue.amount.currency().code().to_owned()).bind(planned.edition);
        query.bind(planned.attempt).bind(now_ms).execute(&self.pool).await?;
        Ok(())
    }
}

pub(super) fn read(book: &BookName, row: &sqlx::any::AnyRow) -> Result<RevenuePosting, LotRowsError> {
    let text = |column: &'static str| row.try_get::<String, _>(column).map_err(Error::from);
    let number = |column: &'static str| row.try_get::<i64, _>(column).map_err(Error::from);
    let (day, code) = (text("day")?, text("currency")?);
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of the revenue of {day}"), column };
    let currency = Currency::try_new(&code).map_err(|_| damaged("currency"))?;
    Ok(RevenuePosting {
        book: book.clone(),
        day: day.parse().map_err(|_| damaged("day"))?,
        entity: text("entity")?,
        edition: number("edition")?,
        revenue: SignedMoney::try_new(currency, number("revenue_minor_units")?)?,
        breakage: SignedMoney::try_new(currency, number("breakage_minor_units")?)?,
        commission: SignedMoney::try_new(currency, number("commission_minor_units")?)?,
        attempt: number("attempt")?,
        planned_at_ms: number("planned_at_ms")?,
    })
}

/// What lots earned on days after the first up to the last.
async fn earned(connection: &mut AnyConnection, book: &BookName, after: &str, last: &str) -> Result<DayEarned, LotRowsError> {
    let sql = "SELECT day, entity, currency, revenue_minor_units, breakage_minor_units, commission_minor_units FROM lot_day
        WHERE book = $1 AND day > $2 AND day <= $3 AND currency <> ''";
    let query = sqlx::query_as::<_, (String, String, String, i64, i64, i64)>(sql).bind(book.as_str()).bind(after).bind(last);
    let mut earned = DayEarned::new();
    for (day, entity, currency, revenue, breakage, commission) in query.fetch_all(connection).await.map_err(Error::from)? {
        earned.entry((day, entity, currency)).or_default().add(revenue, breakage, commission)?;
    }
    Ok(earned)
}

/// What all editions of these days say.
async fn planned(connection: &mut AnyConnection, book: &BookName, after: &str, last: &str) -> Result<DayEarned, LotRowsError> {
    let sql =
        "SELECT day, entity, currency, revenue_minor_units, breakage_minor_units, commission_minor_units, edition FROM revenue_posting
        WHERE book = $1 AND day > $2 AND day <= $3";
    let query = sqlx::query_as::<_, (String, String, String, i64, i64, i64, i64)>(sql).bind(book.as_str()).bind(after).bind(last);
    let mut planned = DayEarned::new();
    for (day, entity, currency, revenue, breakage, commission, edition) in query.fetch_all(connection).await.map_err(Error::from)? {
        let sums = planned.entry((day, entity, currency)).or_default();
        sums.add(revenue, breakage, commission)?;
        sums.editions = sums.editions.max(edition);
    }
    Ok(planned)
}
