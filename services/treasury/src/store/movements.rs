//! Decided postings: recorded before they are posted, so that a crash leaves nothing half done and a retry decides nothing twice.
use super::{Error, Store};
use crate::domain::sweep::record::AccountSweep;
use chart::PostingKind;
use money::{BookName, Currency};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How far a movement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementState {
    /// Recorded; perhaps posted.
    Decided,
    /// In the ledger.
    Posted,
    /// The ledger refused it, so it never happens.
    Refused,
}

/// A transfer of a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementTransfer {
    /// The account debited.
    pub debit: String,
    /// The account credited.
    pub credit: String,
    /// The currency of both.
    pub currency: Currency,
    /// How much, in minor units.
    pub minor_units: i64,
}

/// A movement to write down.
#[derive(Debug, Clone)]
pub struct NewMovement {
    /// What asked for it.
    pub request_key: String,
    /// Which part of that.
    pub part: i64,
    /// What happens.
    pub kind: PostingKind,
    /// What was asked for, as JSON.
    pub asked: String,
    /// The request id of its posting.
    pub posting_key: Uuid,
    /// When it was decided, in Unix milliseconds.
    pub decided_at_ms: i64,
    /// The subject of the token of who asked for it.
    pub decided_by: String,
    /// When it counts from, in Unix milliseconds.
    pub effective_at_ms: i64,
    /// How the amounts came about, as JSON.
    pub calculation: String,
    /// What it moves.
    pub transfers: Vec<MovementTransfer>,
}

/// A movement as it was recorded.
#[derive(Debug, Clone)]
pub struct MovementRow {
    /// Its number in the book.
    pub movement_no: i64,
    /// What was decided.
    pub movement: NewMovement,
    /// How far it is.
    pub state: MovementState,
}

impl MovementState {
    const fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Posted => "posted",
            Self::Refused => "refused",
        }
    }
}

pub(super) const COLUMNS: &str =
    "movement_no, request_key, part, kind, asked, posting_key, decided_at_ms, decided_by, effective_at_ms, state, calculation";

impl Store {
    /// Number of the last movement that was decided; 0: none was.
    pub async fn last_movement(&self, book: &BookName) -> Result<i64, Error> {
        let sql = "SELECT movement_no FROM movement WHERE book = $1 ORDER BY movement_no DESC LIMIT 1";
        let row = sqlx::query(sql).bind(book.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("movement_no")).transpose()?.unwrap_or_default())
    }

    /// All parts of what was asked for under a key.
    pub async fn movements_of(&self, book: &BookName, request_key: &str) -> Result<Vec<MovementRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM movement WHERE book = $1 AND request_key = $2 ORDER BY part");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(request_key).fetch_all(&self.pool).await?;
        self.whole(book, rows).await
    }

    /// The oldest movements that were decided and are not known to be posted.
    pub async fn open_movements(&self, book: &BookName, rows_max: i64) -> Result<Vec<MovementRow>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM movement WHERE book = $1 AND state = 'decided' ORDER BY movement_no LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(rows_max).fetch_all(&self.pool).await?;
        self.whole(book, rows).await
    }

    /// Movements of a kind, the newest first, below a number.
    pub async fn movements(&self, book: &BookName, kind: PostingKind, below: i64, rows_max: i64) -> Result<Vec<MovementRow>, Error> {
        let sql =
            format!("SELECT {COLUMNS} FROM movement WHERE book = $1 AND kind = $2 AND movement_no < $3 ORDER BY movement_no DESC LIMIT $4");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(kind.name()).bind(below).bind(rows_max);
        let rows = query.fetch_all(&self.pool).await?;
        self.whole(book, rows).await
    }

    /// The key of the newest request of a kind whose key begins so, of those that happened.
    pub async fn last_request(&self, book: &BookName, kind: PostingKind, prefix: &str) -> Result<Option<String>, Error> {
        let sql =
            "SELECT request_key FROM movement WHERE book = $1 AND kind = $2 AND state <> 'refused' AND substr(request_key, 1, $3) = $4
            ORDER BY movement_no DESC LIMIT 1";
        let length = i32::try_from(prefix.len()).unwrap_or(i32::MAX);
        let query = sqlx::query(sql).bind(book.as_str()).bind(kind.name()).bind(length).bind(prefix);
        Ok(query.fetch_optional(&self.pool).await?.map(|row| row.try_get("request_key")).transpose()?)
    }

    /// Records movements, all or none, with the numbers after `last`, and the sweep that they begin; false: others have taken these, or the key is used.
    pub async fn decide(&self, book: &BookName, last: i64, movements: &[NewMovement], sweep: Option<&AccountSweep>) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        for (movement, movement_no) in movements.iter().zip(last + 1..) {
            if !insert(&mut tx, book, movement_no, movement).await? {
                return Ok(false);
            }
        }
        if let Some(sweep) = sweep {
            super::sweeps::add(&mut tx, book.as_str(), sweep).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Notes what the ledger answered to a movement. One that never happens gives up its key, so that the same can be asked for again.
    pub async fn resolve(&self, book: &BookName, movement: &MovementRow, state: MovementState) -> Result<(), Error> {
        let (number, key) = (movement.movement_no, &movement.movement.request_key);
        let key = if state == MovementState::Refused { format!("{key}/refused/{number}") } else { key.clone() };
        let sql = "UPDATE movement SET state = $3, request_key = $4 WHERE book = $1 AND movement_no = $2 AND state = 'decided'";
        sqlx::query(sql).bind(book.as_str()).bind(number).bind(state.name()).bind(key).execute(&self.pool).await?;
        Ok(())
    }

    /// Rows with their transfers.
    pub(super) async fn whole(&self, book: &BookName, rows: Vec<AnyRow>) -> Result<Vec<MovementRow>, Error> {
        let mut found = rows.iter().map(movement).collect::<Result<Vec<_>, _>>()?;
        let numbers = found.iter().map(|row| row.movement_no);
        let (Some(first), Some(last)) = (numbers.clone().min(), numbers.max()) else { return Ok(found) };
        let sql = "SELECT movement_no, debit_account, credit_account, currency, minor_units FROM movement_transfer
            WHERE book = $1 AND movement_no BETWEEN $2 AND $3 ORDER BY movement_no, transfer_no";
        let mut transfers: BTreeMap<i64, Vec<MovementTransfer>> = BTreeMap::new();
        for row in sqlx::query(sql).bind(book.as_str()).bind(first).bind(last).fetch_all(&self.pool).await? {
            let code: String = row.try_get("currency")?;
            transfers.entry(row.try_get("movement_no")?).or_default().push(MovementTransfer {
                debit: row.try_get("debit_account")?,
                credit: row.try_get("credit_account")?,
                currency: Currency::try_new(&code).map_err(|_| Error::Row("currency", code))?,
                minor_units: row.try_get("minor_units")?,
            });
        }
        for row in &mut found {
            row.movement.transfers = transfers.remove(&row.movement_no).unwrap_or_default();
        }
        Ok(found)
    }
}

pub(super) async fn insert(tx: &mut AnyConnection, book: &BookName, movement_no: i64, movement: &NewMovement) -> Result<bool, Error> {
    let sql = "INSERT INTO movement
        (book, movement_no, request_key, part, kind, asked, posting_key, decided_at_ms, decided_by, effective_at_ms, state, calculation)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
    let NewMovement { request_key, part, kind, asked, posting_key, decided_at_ms, decided_by, effective_at_ms, calculation, transfers } =
        movement;
    let query = sqlx::query(sql).bind(book.as_str()).bind(movement_no).bind(request_key).bind(part).bind(kind.name()).bind(asked);
    let query = query.bind(posting_key.hyphenated().to_string()).bind(decided_at_ms).bind(decided_by).bind(effective_at_ms);
    if query.bind(MovementState::Decided.name()).bind(calculation).execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO movement_transfer (book, movement_no, transfer_no, debit_account, credit_account, currency, minor_units)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (transfer, transfer_no) in transfers.iter().zip(0_i64..) {
        let MovementTransfer { debit, credit, currency, minor_units } = transfer;
        let query = sqlx::query(sql).bind(book.as_str()).bind(movement_no).bind(transfer_no).bind(debit).bind(credit);
        query.bind(currency.code().to_owned()).bind(minor_units).execute(&mut *tx).await?;
    }
    Ok(true)
}

fn movement(row: &AnyRow) -> Result<MovementRow, Error> {
    let (kind, key, state): (String, String, String) = (row.try_get("kind")?, row.try_get("posting_key")?, row.try_get("state")?);
    let known = [MovementState::Decided, MovementState::Posted, MovementState::Refused];
    Ok(MovementRow {
        movement_no: row.try_get("movement_no")?,
        state: known.into_iter().find(|known| known.name() == state).ok_or(Error::Row("state", state))?,
        movement: NewMovement {
            request_key: row.try_get("request_key")?,
            part: row.try_get("part")?,
            kind: PostingKind::parse(&kind).ok_or(Error::Row("kind", kind))?,
            asked: row.try_get("asked")?,
            posting_key: Uuid::try_parse(&key).map_err(|_| Error::Row("posting_key", key))?,
            decided_at_ms: row.try_get("decided_at_ms")?,
            decided_by: row.try_get("decided_by")?,
            effective_at_ms: row.try_get("effective_at_ms")?,
            calculation: row.try_get("calculation")?,
            transfers: Vec::new(),
        },
    })
}
