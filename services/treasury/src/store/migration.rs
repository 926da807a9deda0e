//! Old accounts, their runs and moves.
use super::{
    Error, Store,
    read::{date, word},
};
use crate::domain::{
    FundsClass,
    migration::{ImportedAccount, OldAccount, OldMove, OldReceipts, OldState},
};
use money::{Currency, Money};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A run to record.
#[derive(Debug, Clone, Copy)]
pub struct MigrationRun<'a> {
    /// The treasury's book.
    pub book: &'a str,
    /// The plan's hash.
    pub hash: &'a str,
    /// The hash of its file.
    pub file_hash: &'a str,
    /// Who applies it.
    pub by: &'a str,
    /// The time of the call, in Unix milliseconds.
    pub at_ms: i64,
    /// Its day.
    pub day: &'a str,
}

/// A move with how often the account's balance had been moved when it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedMove {
    /// The move.
    pub moved: OldMove,
    /// That number.
    pub moves_before: i64,
}

impl Store {
    /// How many accounts the run of this plan imported, if it was applied.
    pub async fn migration_run(&self, book: &str, hash: &str, file_hash: &str) -> Result<Option<i64>, Error> {
        let query = sqlx::query("SELECT account_count FROM import_run WHERE book = $1 AND plan_hash = $2 AND file_hash = $3");
        let row = query.bind(book).bind(hash).bind(file_hash).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("account_count")).transpose()?)
    }

    /// Records a run with its accounts; false: the run, or one of the accounts, is there already, and nothing was written.
    pub async fn import(&self, run: MigrationRun<'_>, accounts: &[OldAccount]) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        let sql = "INSERT INTO import_run (book, plan_hash, file_hash, account_count, applied_at_ms, applied_by)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let count = i64::try_from(accounts.len()).unwrap_or(i64::MAX);
        let query = sqlx::query(sql).bind(run.book).bind(run.hash).bind(run.file_hash).bind(count).bind(run.at_ms).bind(run.by);
        if query.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        for account in accounts {
            if !import(&mut tx, run, account).await? {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// All old accounts of a book, by id.
    pub async fn old_accounts(&self, book: &str) -> Result<BTreeMap<String, ImportedAccount>, Error> {
        let mut accounts = BTreeMap::new();
        for row in sqlx::query("SELECT * FROM old_account WHERE book = $1").bind(book).fetch_all(&self.pool).await? {
            let account = imported(&row)?;
            accounts.insert(account.account.id.clone(), account);
        }
        let sql = "SELECT account_id, CAST(SUM(amount_minor) AS BIGINT) AS moved FROM old_account_move WHERE book = $1 AND is_booked = 1
            GROUP BY account_id";
        for row in sqlx::query(sql).bind(book).fetch_all(&self.pool).await? {
            if let Some(account) = accounts.get_mut(&row.try_get::<String, _>("account_id")?) {
                account.moved = row.try_get("moved")?;
            }
        }
        let sql = "SELECT old_account, COUNT(*) AS receipts, CAST(SUM(amount_minor) AS BIGINT) AS received, MAX(value_date) AS last_date
            FROM receipt WHERE book = $1 AND old_account <> '' AND is_booked = 1 GROUP BY old_account";
        for row in sqlx::query(sql).bind(book).fetch_all(&self.pool).await? {
            if let Some(account) = accounts.get_mut(&row.try_get::<String, _>("old_account")?) {
                let last = Some(date(&row, "last_date")?);
                account.receipts =
                    OldReceipts { count: row.try_get("receipts")?, sum: row.try_get("received")?, last, payer: String::new() };
            }
        }
        self.add_payers(book, &mut accounts).await?;
        Ok(accounts)
    }

    /// Who paid the last receipt of each account that had one.
    async fn add_payers(&self, book: &str, accounts: &mut BTreeMap<String, ImportedAccount>) -> Result<(), Error> {
        let sql = "SELECT r.old_account, r.payer_masked FROM receipt r
            JOIN (SELECT old_account, MAX(value_date) AS last_date FROM receipt WHERE book = $1 AND old_account <> '' AND is_booked = 1
                GROUP BY old_account) newest ON newest.old_account = r.old_account AND newest.last_date = r.value_date
            WHERE r.book = $1 AND r.is_booked = 1 ORDER BY r.receipt_id";
        for row in sqlx::query(sql).bind(book).fetch_all(&self.pool).await? {
            if let Some(account) = accounts.get_mut(&row.try_get::<String, _>("old_account")?) {
                account.receipts.payer = row.try_get("payer_masked")?;
            }
        }
        Ok(())
    }

    /// Marks accounts whose opening balance is booked.
    pub async fn opened(&self, book: &str, accounts: &[&str]) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        for account in accounts {
            let sql = "UPDATE old_account SET state = 'open' WHERE book = $1 AND account_id = $2 AND state = 'planned'";
            sqlx::query(sql).bind(book).bind(*account).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Begins another attempt at an opening, whose id the ledger refused for good; false: another process did, or has booked it.
    pub async fn begin_opening(&self, book: &str, account: &str, before_ms: i64, begun_at_ms: i64) -> Result<bool, Error> {
        let sql = "UPDATE old_account SET begun_at_ms = $4 WHERE book = $1 AND account_id = $2 AND state = 'planned' AND begun_at_ms = $3";
        let query = sqlx::query(sql).bind(book).bind(account).bind(before_ms).bind(begun_at_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Records moves, all or none; false: one of the balances was moved since it was read.
    pub async fn decide_moves(&self, book: &str, moves: &[DecidedMove]) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        for DecidedMove { moved, moves_before } in moves {
            let sql = "UPDATE old_account SET move_count = move_count + 1 WHERE book = $1 AND account_id = $2 AND move_count = $3";
            let fenced = sqlx::query(sql).bind(book).bind(&moved.account_id).bind(*moves_before).execute(&mut *tx).await?;
            if fenced.rows_affected() == 0 {
                return Ok(false);
            }
            let sql = "INSERT INTO old_account_move (book, request_id, account_id, amount_minor, cash_account, cash_entity, decided_at_ms, is_booked)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
            let query = sqlx::query(sql).bind(book).bind(moved.request_id.hyphenated().to_string()).bind(&moved.account_id);
            let query = query.bind(moved.amount.minor_units()).bind(&moved.cash_account).bind(&moved.cash_entity);
            query.bind(moved.decided_at_ms).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The moves of a request.
    pub async fn moves_of(&self, book: &str, request_id: Uuid) -> Result<Vec<OldMove>, Error> {
        let sql = "SELECT m.*, a.entity, a.leaf_id, a.currency FROM old_account_move m JOIN old_account a ON a.book = m.book AND a.account_id = m.account_id
            WHERE m.book = $1 AND m.request_id = $2 ORDER BY m.account_id";
        let rows = sqlx::query(sql).bind(book).bind(request_id.hyphenated().to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(old_move).collect()
    }

    /// Moves that are decided and not posted, of any request.
    pub async fn unbooked_moves(&self, book: &str) -> Result<Vec<OldMove>, Error> {
        let sql = "SELECT m.*, a.entity, a.leaf_id, a.currency FROM old_account_move m JOIN old_account a ON a.book = m.book AND a.account_id = m.account_id
            WHERE m.book = $1 AND m.is_booked = 0 ORDER BY m.request_id, m.account_id";
        let rows = sqlx::query(sql).bind(book).fetch_all(&self.pool).await?;
        rows.iter().map(old_move).collect()
    }

    /// Marks moves as posted.
    pub async fn booked_moves(&self, book: &str, moves: &[&OldMove]) -> Result<(), Error> {
        self.each_move(book, moves, "UPDATE old_account_move SET is_booked = 1 WHERE book = $1 AND request_id = $2 AND account_id = $3")
            .await
    }

    /// Forgets moves that were never posted and never can be.
    pub async fn forget_moves(&self, book: &str, moves: &[&OldMove]) -> Result<(), Error> {
        let sql = "DELETE FROM old_account_move WHERE book = $1 AND request_id = $2 AND account_id = $3 AND is_booked = 0";
        self.each_move(book, moves, sql).await
    }

    async fn each_move(&self, book: &str, moves: &[&OldMove], sql: &'static str) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        for moved in moves {
            let query = sqlx::query(sql).bind(book).bind(moved.request_id.hyphenated().to_string()).bind(&moved.account_id);
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Closes an open account; false: it was moved or closed since it was read.
    pub async fn close_old(&self, book: &str, account: &ImportedAccount) -> Result<bool, Error> {
        let sql = "UPDATE old_account SET state = 'closed' WHERE book = $1 AND account_id = $2 AND state = 'open' AND move_count = $3";
        let query = sqlx::query(sql).bind(book).bind(&account.account.id).bind(account.moves);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }
}

async fn import(tx: &mut AnyConnection, run: MigrationRun<'_>, account: &OldAccount) -> Result<bool, Error> {
    let sql = "INSERT INTO old_account (book, account_id, plan_hash, account_number, bank, branch, currency, entity, name, funds_class, leaf_id,
            statement_id, statement_date, cost_source, mandates, imported_date, opening_minor, monthly_cost_minor, begun_at_ms, state, move_count)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'planned', 0) ON CONFLICT DO NOTHING";
    let OldAccount { id, number, bank, branch, currency, entity, name, funds, leaf, statement, cost_source, .. } = account;
    let (day, mandates) = (account.statement_day.to_string(), account.mandates.join(";"));
    let texts = [
        run.book,
        id,
        run.hash,
        number,
        bank,
        branch,
        currency.code(),
        entity,
        name,
        funds.name(),
        leaf,
        statement,
        &day,
        cost_source,
        &mandates,
        run.day,
    ];
    let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
    let inserted = query.bind(account.balance).bind(account.monthly_cost).bind(run.at_ms).execute(tx).await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) fn imported(row: &AnyRow) -> Result<ImportedAccount, Error> {
    let mandates: String = row.try_get("mandates")?;
    let account = OldAccount {
        id: row.try_get("account_id")?,
        number: row.try_get("account_number")?,
        bank: row.try_get("bank")?,
        branch: row.try_get("branch")?,
        currency: currency(row)?,
        entity: row.try_get("entity")?,
        name: row.try_get("name")?,
        funds: word(row, "funds_class", FundsClass::from_name)?,
        leaf: row.try_get("leaf_id")?,
        balance: row.try_get("opening_minor")?,
        statement: row.try_get("statement_id")?,
        statement_day: date(row, "statement_date")?,
        monthly_cost: row.try_get("monthly_cost_minor")?,
        cost_source: row.try_get("cost_source")?,
        mandates: mandates.split(';').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
    };
    Ok(ImportedAccount {
        account,
        state: word(row, "state", OldState::from_name)?,
        begun_at_ms: row.try_get("begun_at_ms")?,
        imported: date(row, "imported_date")?,
        moves: row.try_get("move_count")?,
        moved: 0,
        receipts: OldReceipts::default(),
    })
}

pub(super) fn old_move(row: &AnyRow) -> Result<OldMove, Error> {
    let request_id: String = row.try_get("request_id")?;
    Ok(OldMove {
        request_id: Uuid::try_parse(&request_id).map_err(|_| Error::Row("request_id", request_id))?,
        account_id: row.try_get("account_id")?,
        entity: row.try_get("entity")?,
        amount: amount(row, "amount_minor")?,
        leaf: row.try_get("leaf_id")?,
        cash_account: row.try_get("cash_account")?,
        cash_entity: row.try_get("cash_entity")?,
        decided_at_ms: row.try_get("decided_at_ms")?,
    })
}

pub(super) fn currency(row: &AnyRow) -> Result<Currency, Error> {
    let code: String = row.try_get("currency")?;
    Currency::try_new(&code).map_err(|_| Error::Row("currency", code))
}

pub(super) fn amount(row: &AnyRow, column: &'static str) -> Result<Money, Error> {
    let minor_units: i64 = row.try_get(column)?;
    Money::try_new(currency(row)?, minor_units).map_err(|_| Error::Row(column, minor_units.to_string()))
}
