//! Statements that were issued.
use super::{Error, Store, read::date};
use crate::domain::statement::{
    AccountOnDay, DayStatement, StatementKind, StatementMember, StatementTotal, members_hash, members_text, read_members,
};
use jiff::civil::Date;
use money::Currency;
use sqlx::{Row as _, any::AnyRow};
use std::collections::BTreeSet;

impl Store {
    /// The newest statement of a node.
    pub async fn last_statement(&self, book: &str, node: &str) -> Result<Option<DayStatement>, Error> {
        let query = sqlx::query("SELECT * FROM statement WHERE book = $1 AND node_id = $2 ORDER BY number DESC LIMIT 1");
        query.bind(book).bind(node).fetch_optional(&self.pool).await?.as_ref().map(statement).transpose()
    }

    /// The statement of a day.
    pub async fn statement_of(&self, book: &str, node: &str, day: Date) -> Result<Option<DayStatement>, Error> {
        let query = sqlx::query("SELECT * FROM statement WHERE book = $1 AND node_id = $2 AND day = $3");
        query.bind(book).bind(node).bind(day.to_string()).fetch_optional(&self.pool).await?.as_ref().map(statement).transpose()
    }

    /// The statement of a number.
    pub async fn statement_numbered(&self, book: &str, node: &str, number: i64) -> Result<Option<DayStatement>, Error> {
        let query = sqlx::query("SELECT * FROM statement WHERE book = $1 AND node_id = $2 AND number = $3");
        query.bind(book).bind(node).bind(number).fetch_optional(&self.pool).await?.as_ref().map(statement).transpose()
    }

    /// Statements with numbers below this one, the newest first.
    pub async fn statements_before(&self, book: &str, node: &str, number: i64, count: i64) -> Result<Vec<DayStatement>, Error> {
        let sql = "SELECT * FROM statement WHERE book = $1 AND node_id = $2 AND number < $3 ORDER BY number DESC LIMIT $4";
        let query = sqlx::query(sql).bind(book).bind(node).bind(number).bind(count);
        query.fetch_all(&self.pool).await?.iter().map(statement).collect()
    }

    /// The members of statements that have this hash of them.
    pub async fn statement_members(&self, book: &str, hash: &str) -> Result<Vec<StatementMember>, Error> {
        let query = sqlx::query("SELECT members FROM statement_members WHERE book = $1 AND members_hash = $2");
        let row = query.bind(book).bind(hash).fetch_one(&self.pool).await?;
        let text: String = row.try_get("members")?;
        read_members(&text).ok_or(Error::Row("members", text))
    }

    /// Writes a statement; false: another process has issued that number, and nothing was written.
    pub async fn issue(&self, book: &str, issued: &DayStatement, members: &[StatementMember]) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        let text = members_text(members);
        let sql = "INSERT INTO statement_members (book, members_hash, members) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(book).bind(members_hash(&text)).bind(&text).execute(&mut *tx).await?;
        let sql = "INSERT INTO statement
            (book, node_id, kind, day, account_number, name, entity, bank, branch, currency, members_hash, content_hash, number,
             opening_minor_units, closing_minor_units, credit_count, credit_minor_units, debit_count, debit_minor_units, position, issued_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING";
        let DayStatement { account, number, day, opening, closing, credits, debits, position, members_hash, hash, issued_at_ms } = issued;
        let AccountOnDay { node, kind, number: own_number, name, entity, bank, branch, currency } = account;
        let day = day.to_string();
        let texts = [book, node, kind.name(), &day, own_number, name, entity, bank, branch, currency.code(), members_hash, hash];
        let sums = [credits.count, credits.minor_units, debits.count, debits.minor_units];
        let numbers = [*number, *opening, *closing].into_iter().chain(sums).chain([*position, *issued_at_ms]);
        let query = texts.into_iter().fold(sqlx::query(sql), |query, text| query.bind(text.to_owned()));
        let inserted = numbers.fold(query, sqlx::query::Query::bind).execute(&mut *tx).await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The first day of a node or physical account; `None`: there is none of that id.
    pub async fn first_day(&self, book: &str, node: &str) -> Result<Option<Date>, Error> {
        let sql = "SELECT from_date AS first FROM node_parent WHERE book = $1 AND node_id = $2
            UNION ALL SELECT added_date AS first FROM physical_account WHERE book = $1 AND account_id = $2
            ORDER BY first LIMIT 1";
        sqlx::query(sql).bind(book).bind(node).fetch_optional(&self.pool).await?.as_ref().map(|row| date(row, "first")).transpose()
    }

    /// The days of a period, with its ends, on which the structure changed.
    pub async fn changed_days(&self, book: &str, from: Date, until: Date) -> Result<BTreeSet<Date>, Error> {
        let sql =
            "SELECT DISTINCT effective_date FROM structure_revision WHERE book = $1 AND effective_date >= $2 AND effective_date <= $3";
        let query = sqlx::query(sql).bind(book).bind(from.to_string()).bind(until.to_string());
        query.fetch_all(&self.pool).await?.iter().map(|row| date(row, "effective_date")).collect()
    }
}

fn statement(row: &AnyRow) -> Result<DayStatement, Error> {
    let (kind, currency): (String, String) = (row.try_get("kind")?, row.try_get("currency")?);
    let account = AccountOnDay {
        node: row.try_get("node_id")?,
        kind: StatementKind::from_name(&kind).ok_or(Error::Row("kind", kind))?,
        number: row.try_get("account_number")?,
        name: row.try_get("name")?,
        entity: row.try_get("entity")?,
        bank: row.try_get("bank")?,
        branch: row.try_get("branch")?,
        currency: Currency::try_new(&currency).map_err(|_| Error::Row("currency", currency))?,
    };
    let total =
        |count, sum| -> Result<StatementTotal, Error> { Ok(StatementTotal { count: row.try_get(count)?, minor_units: row.try_get(sum)? }) };
    Ok(DayStatement {
        account,
        number: row.try_get("number")?,
        day: date(row, "day")?,
        opening: row.try_get("opening_minor_units")?,
        closing: row.try_get("closing_minor_units")?,
        credits: total("credit_count", "credit_minor_units")?,
        debits: total("debit_count", "debit_minor_units")?,
        position: row.try_get("position")?,
        members_hash: row.try_get("members_hash")?,
        hash: row.try_get("content_hash")?,
        issued_at_ms: row.try_get("issued_at_ms")?,
    })
}
