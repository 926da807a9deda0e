//! Receipts, and what was announced.
use super::{
    Error, Store,
    migration::{amount, currency},
    read::{date, word},
};
use crate::domain::receipt::{Allocation, BankReceipt, Expected};
use jiff::civil::Date;
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

/// Rows that one read of announced receipts gives at most: a leaf rarely waits for more, and a match is the one that ends first.
const OPEN_MAX: i64 = 10_000;

impl Store {
    /// Records an announcement, unless its id is used.
    pub async fn expect_receipt(&self, book: &str, expected: &Expected, at_ms: i64, by: &str) -> Result<bool, Error> {
        let sql = "INSERT INTO expected_receipt (book, expected_id, leaf_id, currency, from_date, until_date, source, created_by, min_minor, max_minor,
                created_at_ms, receipt_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '') ON CONFLICT DO NOTHING";
        let (from, until) = (expected.from.to_string(), expected.until.to_string());
        let texts = [book, &expected.expected_id, &expected.leaf, expected.currency.code(), &from, &until, &expected.source, by];
        let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        Ok(query.bind(expected.min).bind(expected.max).bind(at_ms).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// An announcement.
    pub async fn expected(&self, book: &str, expected_id: &str) -> Result<Option<Expected>, Error> {
        let query = sqlx::query("SELECT * FROM expected_receipt WHERE book = $1 AND expected_id = $2");
        query.bind(book).bind(expected_id).fetch_optional(&self.pool).await?.as_ref().map(expected).transpose()
    }

    /// What is announced for a leaf and has not come, the one that ends first at the front.
    pub async fn open_expected(&self, book: &str, leaf: &str) -> Result<Vec<Expected>, Error> {
        let sql =
            "SELECT * FROM expected_receipt WHERE book = $1 AND leaf_id = $2 AND receipt_id = '' ORDER BY until_date, expected_id LIMIT $3";
        let rows = sqlx::query(sql).bind(book).bind(leaf).bind(OPEN_MAX).fetch_all(&self.pool).await?;
        rows.iter().map(expected).collect()
    }

    /// What is announced for any leaf until this day or a later one and has not come, the one that ends first at the front.
    pub async fn all_open_expected(&self, book: &str, from: Date) -> Result<Vec<Expected>, Error> {
        let sql = "SELECT * FROM expected_receipt WHERE book = $1 AND receipt_id = '' AND until_date >= $2
            ORDER BY until_date, expected_id LIMIT $3";
        sqlx::query(sql).bind(book).bind(from.to_string()).bind(OPEN_MAX).fetch_all(&self.pool).await?.iter().map(expected).collect()
    }

    /// Records a receipt, unless its id is used.
    pub async fn decide_receipt(&self, book: &str, receipt: &BankReceipt) -> Result<bool, Error> {
        let sql = "INSERT INTO receipt (book, receipt_id, account_id, cash_entity, booked_on, leaf_entity, leaf_id, allocation, old_account, number,
                currency, value_date, payer_masked, bank_reference, amount_minor, decided_at_ms, expected_id, is_booked)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', 0) ON CONFLICT DO NOTHING";
        let (id, day) = (receipt.receipt_id.hyphenated().to_string(), receipt.value_date.to_string());
        let BankReceipt { account, cash_entity, booked_on, leaf_entity, leaf, allocation, old_account, number, .. } = receipt;
        let (code, name) = (receipt.amount.currency(), allocation.name());
        let texts =
            [book, &id, account, cash_entity, booked_on, leaf_entity, leaf, name, old_account, number, code.code(), &day, &receipt.payer];
        let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        let query = query.bind(&receipt.bank_reference).bind(receipt.amount.minor_units()).bind(receipt.decided_at_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// A receipt.
    pub async fn receipt(&self, book: &str, receipt_id: Uuid) -> Result<Option<BankReceipt>, Error> {
        let query = sqlx::query("SELECT * FROM receipt WHERE book = $1 AND receipt_id = $2");
        let row = query.bind(book).bind(receipt_id.hyphenated().to_string()).fetch_optional(&self.pool).await?;
        row.as_ref().map(receipt).transpose()
    }

    /// Forgets a receipt that the ledger refused.
    pub async fn forget_receipt(&self, book: &str, receipt_id: Uuid) -> Result<(), Error> {
        let query = sqlx::query("DELETE FROM receipt WHERE book = $1 AND receipt_id = $2 AND is_booked = 0");
        query.bind(book).bind(receipt_id.hyphenated().to_string()).execute(&self.pool).await?;
        Ok(())
    }

    /// Marks a receipt as posted, with what had announced it if that has not come yet, and opens the old account that it came to.
    pub async fn booked_receipt(&self, book: &str, receipt: &BankReceipt, expected_id: &str) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let id = receipt.receipt_id.hyphenated().to_string();
        let sql = "UPDATE receipt SET is_booked = 1 WHERE book = $1 AND receipt_id = $2 AND is_booked = 0";
        if sqlx::query(sql).bind(book).bind(&id).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(());
        }
        let sql = "UPDATE expected_receipt SET receipt_id = $3 WHERE book = $1 AND expected_id = $2 AND receipt_id = ''";
        if sqlx::query(sql).bind(book).bind(expected_id).bind(&id).execute(&mut *tx).await?.rows_affected() == 1 {
            let sql = "UPDATE receipt SET expected_id = $3 WHERE book = $1 AND receipt_id = $2";
            sqlx::query(sql).bind(book).bind(&id).bind(expected_id).execute(&mut *tx).await?;
        }
        if receipt.allocation == Allocation::OldAccount {
            let sql = "UPDATE old_account SET state = 'open' WHERE book = $1 AND account_id = $2 AND state = 'closed'";
            sqlx::query(sql).bind(book).bind(&receipt.account).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn expected(row: &AnyRow) -> Result<Expected, Error> {
    Ok(Expected {
        expected_id: row.try_get("expected_id")?,
        leaf: row.try_get("leaf_id")?,
        currency: currency(row)?,
        min: row.try_get("min_minor")?,
        max: row.try_get("max_minor")?,
        from: date(row, "from_date")?,
        until: date(row, "until_date")?,
        source: row.try_get("source")?,
        receipt_id: row.try_get("receipt_id")?,
    })
}

pub(super) fn receipt(row: &AnyRow) -> Result<BankReceipt, Error> {
    let id: String = row.try_get("receipt_id")?;
    Ok(BankReceipt {
        receipt_id: Uuid::try_parse(&id).map_err(|_| Error::Row("receipt_id", id))?,
        account: row.try_get("account_id")?,
        cash_entity: row.try_get("cash_entity")?,
        booked_on: row.try_get("booked_on")?,
        leaf_entity: row.try_get("leaf_entity")?,
        leaf: row.try_get("leaf_id")?,
        allocation: word(row, "allocation", Allocation::from_name)?,
        old_account: row.try_get("old_account")?,
        number: row.try_get("number")?,
        amount: amount(row, "amount_minor")?,
        value_date: date(row, "value_date")?,
        payer: row.try_get("payer_masked")?,
        bank_reference: row.try_get("bank_reference")?,
        expected_id: row.try_get("expected_id")?,
        is_booked: row.try_get::<i64, _>("is_booked")? != 0,
        decided_at_ms: row.try_get("decided_at_ms")?,
    })
}
