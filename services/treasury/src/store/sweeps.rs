//! Sweeps between physical accounts.
use super::{Error, Store, items::SEPARATOR, optional_date, read::date, text};
use crate::domain::sweep::record::{AccountSweep, SweepPlace, SweepState};
use jiff::civil::Date;
use money::Currency;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

/// Sweeps that are not over and are read at once. More rules than the settings take would have to be open for days.
const OPEN_MAX: i64 = 10_000;
/// Sweeps that a run takes back: with as many rules, what its answer has room for. The next run takes up the rest.
const RETURNS_MAX: i64 = 1_000;

impl Store {
    /// A sweep.
    pub async fn sweep(&self, book: &str, id: Uuid) -> Result<Option<AccountSweep>, Error> {
        let query = sqlx::query("SELECT * FROM sweep WHERE book = $1 AND sweep_id = $2");
        query.bind(book).bind(id.hyphenated().to_string()).fetch_optional(&self.pool).await?.as_ref().map(sweep).transpose()
    }

    /// Sweeps of which something must still happen at a bank, the oldest first.
    pub async fn open_sweeps(&self, book: &str) -> Result<Vec<AccountSweep>, Error> {
        let sql = "SELECT * FROM sweep WHERE book = $1 AND state IN ('planned', 'instructing', 'sent', 'cancelling', 'debited')
            ORDER BY sweep_no LIMIT $2";
        sqlx::query(sql).bind(book).bind(OPEN_MAX).fetch_all(&self.pool).await?.iter().map(sweep).collect()
    }

    /// Sweeps that arrived and go back on this day or went back too late, the oldest first, and that nothing takes back yet.
    pub async fn sweeps_to_return(&self, book: &str, until: Date) -> Result<Vec<AccountSweep>, Error> {
        let sql = "SELECT * FROM sweep WHERE book = $1 AND state = 'credited' AND return_day <> '' AND return_day <= $2
            AND NOT EXISTS (SELECT 1 FROM sweep AS back WHERE back.book = $1 AND back.returns_id = sweep.sweep_id
                AND back.state IN ('planned', 'instructing', 'sent', 'cancelling', 'debited', 'credited'))
            ORDER BY sweep_no LIMIT $3";
        let query = sqlx::query(sql).bind(book).bind(until.to_string()).bind(RETURNS_MAX);
        query.fetch_all(&self.pool).await?.iter().map(sweep).collect()
    }

    /// Sweeps, the newest first, below a number.
    pub async fn sweeps(&self, book: &str, below: i64, rows_max: i64) -> Result<Vec<AccountSweep>, Error> {
        let sql = "SELECT * FROM sweep WHERE book = $1 AND sweep_no < $2 ORDER BY sweep_no DESC LIMIT $3";
        sqlx::query(sql).bind(book).bind(below).bind(rows_max).fetch_all(&self.pool).await?.iter().map(sweep).collect()
    }

    /// Sweeps between accounts of one entity of which the bank is to be instructed, or was and has not booked them: those first that were not, the oldest first.
    pub async fn sweep_instructions(&self, book: &str, rows_max: i64) -> Result<Vec<AccountSweep>, Error> {
        let sql = "SELECT * FROM sweep WHERE book = $1 AND state IN ('planned', 'instructing', 'sent') AND is_by_hand = 0
            AND from_account_entity = to_account_entity ORDER BY CASE state WHEN 'sent' THEN 1 ELSE 0 END, sweep_no LIMIT $2";
        sqlx::query(sql).bind(book).bind(rows_max).fetch_all(&self.pool).await?.iter().map(sweep).collect()
    }

    /// Keeps what shows that a bank was instructed, or refused.
    pub async fn keep_evidence(&self, book: &str, id: Uuid, evidence: &str) -> Result<(), Error> {
        let query = sqlx::query("UPDATE sweep SET bank_evidence = $3 WHERE book = $1 AND sweep_id = $2");
        query.bind(book).bind(id.hyphenated().to_string()).bind(evidence).execute(&self.pool).await?;
        Ok(())
    }

    /// Notes how far a sweep is, if it still is where it was.
    pub async fn sweep_became(&self, book: &str, id: Uuid, before: SweepState, now: SweepState) -> Result<(), Error> {
        let query = sqlx::query("UPDATE sweep SET state = $4 WHERE book = $1 AND sweep_id = $2 AND state = $3");
        query.bind(book).bind(id.hyphenated().to_string()).bind(before.name()).bind(now.name()).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether an entry of a bank's statement settles an item of an account. Only days from this one on are looked through.
    pub async fn is_settled_by_entry(&self, book: &str, account: &str, item: &str, since: Date) -> Result<bool, Error> {
        let sql = "SELECT items FROM bank_entry WHERE book = $1 AND account_id = $2 AND (closed_day = '' OR closed_day >= $3)
            AND result = 'settles' AND items LIKE $4";
        let query = sqlx::query(sql).bind(book).bind(account).bind(since.to_string()).bind(format!("%{item}%"));
        let rows = query.fetch_all(&self.pool).await?;
        let texts = rows.iter().map(|row| text(row, "items")).collect::<Result<Vec<_>, _>>()?;
        Ok(texts.iter().any(|items| items.split(SEPARATOR).any(|key| key == item)))
    }
}

/// Writes a sweep with its first movement.
pub(super) async fn add(tx: &mut AnyConnection, book: &str, sweep: &AccountSweep) -> Result<(), Error> {
    let sql =
        "INSERT INTO sweep (book, sweep_id, request_key, rule_id, business_day, from_account, from_account_entity, from_leaf, to_account,
        to_account_entity, to_leaf, entity, currency, return_day, returns_id, state, planned_by, sweep_no, minor_units, planned_at_ms,
        is_by_hand)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
    let AccountSweep { from, to, .. } = sweep;
    let (id, day) = (sweep.id.hyphenated().to_string(), sweep.day.to_string());
    let return_day = super::day_text(sweep.return_day);
    let returns = sweep.returns.map(|id| id.hyphenated().to_string()).unwrap_or_default();
    let texts = [
        book,
        &id,
        &sweep.request_key,
        &sweep.rule,
        &day,
        &from.account,
        &from.account_entity,
        &from.leaf,
        &to.account,
        &to.account_entity,
        &to.leaf,
        &sweep.entity,
        sweep.currency.code(),
        &return_day,
        &returns,
        sweep.state.name(),
        &sweep.planned_by,
    ];
    let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
    query.bind(sweep.number).bind(sweep.amount).bind(sweep.planned_at_ms).bind(i64::from(sweep.is_by_hand)).execute(tx).await?;
    Ok(())
}

fn sweep(row: &AnyRow) -> Result<AccountSweep, Error> {
    let (code, state, returns) = (text(row, "currency")?, text(row, "state")?, text(row, "returns_id")?);
    let id = |text: String| Uuid::try_parse(&text).map_err(|_| Error::Row("sweep_id", text));
    Ok(AccountSweep {
        id: id(text(row, "sweep_id")?)?,
        number: row.try_get("sweep_no")?,
        request_key: text(row, "request_key")?,
        rule: text(row, "rule_id")?,
        day: date(row, "business_day")?,
        from: SweepPlace {
            account: text(row, "from_account")?,
            account_entity: text(row, "from_account_entity")?,
            leaf: text(row, "from_leaf")?,
        },
        to: SweepPlace { account: text(row, "to_account")?, account_entity: text(row, "to_account_entity")?, leaf: text(row, "to_leaf")? },
        entity: text(row, "entity")?,
        currency: Currency::try_new(&code).map_err(|_| Error::Row("currency", code))?,
        amount: row.try_get("minor_units")?,
        return_day: optional_date(row, "return_day")?,
        returns: if returns.is_empty() { None } else { Some(id(returns)?) },
        state: SweepState::from_name(&state).ok_or(Error::Row("state", state))?,
        planned_at_ms: row.try_get("planned_at_ms")?,
        planned_by: text(row, "planned_by")?,
        evidence: text(row, "bank_evidence")?,
        is_by_hand: row.try_get::<i64, _>("is_by_hand")? != 0,
    })
}
