//! The table of money that came back.

use super::{Error, PageStart, Store, book as read_book, money as read_money, uuid};
use crate::domain::{
    NEVER_MS,
    returns::{BankCredit, PayoutReturn, ReturnState},
};
use ::money::BookName;
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

/// A page of the returns of a book, and of those that name no payment.
#[derive(Debug, Clone, Copy)]
pub struct ListedReturns {
    /// Only in this state; in any when none.
    pub state: Option<ReturnState>,
    /// Only those found in this time.
    pub found: TimeRange,
    /// Where the page begins.
    pub after: PageStart,
    /// How many rows at the most.
    pub limit: i64,
}

fn read(row: &AnyRow) -> Result<PayoutReturn, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    let book = text("book")?;
    let of = if book.is_empty() { None } else { Some((read_book(&book)?, uuid(&text("payout_id")?)?)) };
    let state = text("state")?;
    let code = text("code")?;
    Ok(PayoutReturn {
        return_id: uuid(&text("return_id")?)?,
        of,
        attempt_no: number("attempt_no")?,
        bank: text("bank")?,
        bank_account: text("bank_account")?,
        credit: BankCredit {
            place: 0,
            bank_reference: text("bank_reference")?,
            end_to_end_id: text("end_to_end_id")?,
            amount: read_money(&text("currency")?, number("minor_units")?)?,
            charge_minor_units: number("charge_minor_units")?,
            is_return: !code.is_empty(),
            code,
            value_date: text("value_date")?,
            booked_at_ms: number("booked_at_ms")?,
        },
        charge_borne_minor_units: number("charge_borne_minor_units")?,
        found_at_ms: number("found_at_ms")?,
        state: ReturnState::from_name(&state).ok_or(Error::Row("return state"))?,
        why: text("why")?,
        suspended: number("suspended")? != 0,
        step_key: uuid(&text("step_key")?)?,
        posting_id: text("posting_id")?,
        tries: number("tries")?,
        due_at_ms: number("due_at_ms")?,
        version: number("version")?,
    })
}

fn all(rows: &[AnyRow]) -> Result<Vec<PayoutReturn>, Error> {
    rows.iter().map(read).collect()
}

/// Stores a return that was not known. False: it is there already.
pub async fn insert(tx: &mut AnyConnection, back: &PayoutReturn) -> Result<bool, Error> {
    let (book, payout_id) = place(back);
    let inserted = sqlx::query(
        "INSERT INTO payout_return (return_id, book, payout_id, attempt_no, bank, bank_account, bank_reference, end_to_end_id, currency, minor_units,
             charge_minor_units, charge_borne_minor_units, code, value_date, booked_at_ms, found_at_ms, state, why, suspended, step_key, posting_id, tries,
             due_at_ms, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0, $19, '', 0, $20, 1)
         ON CONFLICT (return_id) DO NOTHING",
    )
    .bind(back.return_id.to_string())
    .bind(book)
    .bind(payout_id)
    .bind(back.attempt_no)
    .bind(back.bank.clone())
    .bind(back.bank_account.clone())
    .bind(back.credit.bank_reference.clone())
    .bind(back.credit.end_to_end_id.clone())
    .bind(back.credit.amount.currency().code().to_owned())
    .bind(back.credit.amount.minor_units())
    .bind(back.credit.charge_minor_units)
    .bind(back.charge_borne_minor_units)
    .bind(back.credit.code.clone())
    .bind(back.credit.value_date.clone())
    .bind(back.credit.booked_at_ms)
    .bind(back.found_at_ms)
    .bind(back.state.name())
    .bind(back.why.clone())
    .bind(back.step_key.to_string())
    .bind(back.due_at_ms)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

fn place(back: &PayoutReturn) -> (String, String) {
    back.of.as_ref().map_or_else(Default::default, |(book, payout_id)| (book.as_str().to_owned(), payout_id.to_string()))
}

/// Writes `back` over the version that was read: all but its id. `None`: another writer was first, and nothing changed.
pub async fn update(tx: &mut AnyConnection, mut back: PayoutReturn) -> Result<Option<PayoutReturn>, Error> {
    let (book, payout_id) = place(&back);
    let updated = sqlx::query(
        "UPDATE payout_return SET version = version + 1, book = $3, payout_id = $4, attempt_no = $5, minor_units = $6, charge_minor_units = $7,
             charge_borne_minor_units = $8, code = $9, value_date = $10, booked_at_ms = $11, state = $12, why = $13, suspended = $14, step_key = $15,
             posting_id = $16, tries = $17, due_at_ms = $18, end_to_end_id = $19
         WHERE return_id = $1 AND version = $2",
    )
    .bind(back.return_id.to_string())
    .bind(back.version)
    .bind(book)
    .bind(payout_id)
    .bind(back.attempt_no)
    .bind(back.credit.amount.minor_units())
    .bind(back.credit.charge_minor_units)
    .bind(back.charge_borne_minor_units)
    .bind(back.credit.code.clone())
    .bind(back.credit.value_date.clone())
    .bind(back.credit.booked_at_ms)
    .bind(back.state.name())
    .bind(back.why.clone())
    .bind(i64::from(back.suspended))
    .bind(back.step_key.to_string())
    .bind(back.posting_id.clone())
    .bind(back.tries)
    .bind(back.due_at_ms)
    .bind(back.credit.end_to_end_id.clone())
    .execute(tx)
    .await?;
    back.version += 1;
    Ok((updated.rows_affected() == 1).then_some(back))
}

/// What came back of a payout in minor units, whether or not it is posted yet; without this return.
pub async fn returned_besides(tx: &mut AnyConnection, of: &(BookName, Uuid), return_id: Uuid, is_booked: bool) -> Result<i64, Error> {
    let sql = "SELECT minor_units, charge_minor_units FROM payout_return
         WHERE book = $1 AND payout_id = $2 AND return_id <> $3 AND (state = 'booked' OR (state = 'matched' AND $4 = 0))";
    let query = sqlx::query_as(sql).bind(of.0.as_str().to_owned()).bind(of.1.to_string()).bind(return_id.to_string());
    let rows: Vec<(i64, i64)> = query.bind(i64::from(is_booked)).fetch_all(tx).await?;
    Ok(rows.into_iter().fold(0, |sum, (amount, charge)| sum.saturating_add(amount).saturating_add(charge)))
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, return_id: Uuid) -> Result<Option<PayoutReturn>, Error> {
    let query = sqlx::query("SELECT * FROM payout_return WHERE return_id = $1").bind(return_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Returns that name no payment of ours, by the payment that brought the money.
pub async fn unmatched(tx: &mut AnyConnection, bank: &str, end_to_end_id: &str) -> Result<Vec<PayoutReturn>, Error> {
    let query = sqlx::query("SELECT * FROM payout_return WHERE end_to_end_id = $1 AND bank = $2 AND state = 'unmatched'");
    all(&query.bind(end_to_end_id.to_owned()).bind(bank.to_owned()).fetch_all(tx).await?)
}

impl Store {
    /// Money of payouts that came back, the first one first.
    pub async fn returns_of(&self, book: &BookName, payout_ids: &[Uuid]) -> Result<Vec<PayoutReturn>, Error> {
        if payout_ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (2..).take(payout_ids.len()).map(|place| format!("${place}")).collect();
        let sql =
            format!("SELECT * FROM payout_return WHERE book = $1 AND payout_id IN ({}) ORDER BY found_at_ms, return_id", places.join(", "));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
        for id in payout_ids {
            query = query.bind(id.to_string());
        }
        all(&query.fetch_all(self.pool()).await?)
    }

    /// Returns of a book, and those that name no payment, newest first.
    pub async fn listed_returns(&self, book: &BookName, listed: ListedReturns) -> Result<Vec<PayoutReturn>, Error> {
        let query = sqlx::query(
            "SELECT * FROM payout_return
             WHERE book IN ($1, '') AND (found_at_ms < $2 OR (found_at_ms = $2 AND return_id < $3)) AND ($4 = '' OR state = $4)
                 AND found_at_ms >= $5 AND found_at_ms < $6
             ORDER BY found_at_ms DESC, return_id DESC LIMIT $7",
        );
        let query = query
            .bind(book.as_str().to_owned())
            .bind(listed.after.created_at_ms)
            .bind(listed.after.id.to_string())
            .bind(listed.state.map_or("", ReturnState::name))
            .bind(listed.found.from_ms)
            .bind(listed.found.until_ms)
            .bind(listed.limit);
        all(&query.fetch_all(self.pool()).await?)
    }

    /// Returns that are due to be booked, longest waiting first.
    pub async fn due_returns(&self, now_ms: i64, limit: i64) -> Result<Vec<PayoutReturn>, Error> {
        let query = sqlx::query("SELECT * FROM payout_return WHERE due_at_ms <= $1 AND due_at_ms < $2 ORDER BY due_at_ms LIMIT $3");
        all(&query.bind(now_ms).bind(NEVER_MS).bind(limit).fetch_all(self.pool()).await?)
    }

    /// As [`update`], in a transaction of its own.
    pub async fn save_return(&self, back: PayoutReturn) -> Result<Option<PayoutReturn>, Error> {
        let mut tx = self.begin().await?;
        let saved = update(&mut tx, back).await?;
        tx.commit().await?;
        Ok(saved)
    }
}
