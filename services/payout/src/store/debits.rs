//! The tables of booked debits that nothing explains.

use super::{Error, PageStart, Store, book as read_book, money as read_money, statements::StatementAccount, uuid};
use crate::domain::{
    PayoutKey,
    debit::{DebitFinding, DebitOutcome, DebitStanding, UnexplainedDebit},
};
use ::money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::unfinished::UnfinishedCount;
use uuid::Uuid;

/// A page of the debits of a book, and of those that name no payment of ours.
#[derive(Debug, Clone, Copy)]
pub struct ListedDebits {
    /// Only these; none: all.
    pub standing: Option<DebitStanding>,
    /// Only those found in this time.
    pub found: TimeRange,
    /// Where the page begins.
    pub after: PageStart,
    /// How many rows at the most.
    pub limit: i64,
}

fn read(row: &AnyRow) -> Result<UnexplainedDebit, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    let (proposed_by, outcome) = (text("proposed_by")?, text("outcome")?);
    let finding = if proposed_by.is_empty() {
        None
    } else {
        Some(DebitFinding {
            outcome: DebitOutcome::from_name(&outcome).ok_or(Error::Row("outcome of a debit"))?,
            evidence: text("evidence")?,
            proposed_by,
            confirmation: text("confirmation")?,
            decided_by: text("decided_by")?,
        })
    };
    Ok(UnexplainedDebit {
        debit_id: uuid(&text("debit_id")?)?,
        bank: text("bank")?,
        bank_account: text("bank_account")?,
        amount: read_money(&text("currency")?, number("minor_units")?)?,
        bank_reference: text("bank_reference")?,
        message_ids: text("message_ids")?.split_whitespace().map(str::to_owned).collect(),
        statement_id: text("statement_id")?,
        booked_at_ms: number("booked_at_ms")?,
        found_at_ms: number("found_at_ms")?,
        candidates: number("candidates")?,
        standing: DebitStanding::from_name(&text("state")?).ok_or(Error::Row("state of a debit"))?,
        ended_at_ms: number("ended_at_ms")?,
        finding,
    })
}

/// A debit by its id. Within a transaction that writes, nobody else changes it before the end of that.
pub async fn get(tx: &mut AnyConnection, debit_id: Uuid) -> Result<Option<UnexplainedDebit>, Error> {
    let query = sqlx::query("SELECT * FROM unexplained_debit WHERE debit_id = $1").bind(debit_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// The payouts that were sent in a debit's message.
pub async fn candidates(tx: &mut AnyConnection, debit_id: Uuid) -> Result<Vec<PayoutKey>, Error> {
    let sql = "SELECT book, payout_id FROM unexplained_debit_payout WHERE debit_id = $1 ORDER BY book, payout_id";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(debit_id.to_string()).fetch_all(tx).await?;
    rows.iter().map(|(name, id)| Ok(PayoutKey { book: read_book(name)?, payout_id: uuid(id)? })).collect()
}

/// Whether a candidate of a debit is this user's.
pub async fn pays(tx: &mut AnyConnection, debit_id: Uuid, user: &UserKey) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM unexplained_debit_payout AS candidate JOIN payout
        ON payout.book = candidate.book AND payout.payout_id = candidate.payout_id WHERE candidate.debit_id = $1 AND payout.user_id = $2";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(debit_id.to_string()).bind(user.as_str().to_owned());
    Ok(query.fetch_one(tx).await? > 0)
}

/// The debit of which a payout is perhaps a part: one that is open, or one of which two people have found that its payouts are in it.
pub async fn perhaps_debited(tx: &mut AnyConnection, payout: &PayoutKey) -> Result<Option<Uuid>, Error> {
    let sql = "SELECT debit.debit_id FROM unexplained_debit_payout AS candidate JOIN unexplained_debit AS debit ON debit.debit_id = candidate.debit_id
        WHERE candidate.book = $1 AND candidate.payout_id = $2
            AND (debit.state = 'open' OR (debit.state = 'resolved' AND debit.outcome = 'these_payments')) LIMIT 1";
    let query = sqlx::query_scalar::<_, String>(sql).bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
    query.fetch_optional(tx).await?.as_deref().map(uuid).transpose()
}

/// Keeps a debit with its candidates, and opens one again that was explained before. False: it is open already, or people have found what it is.
async fn insert(tx: &mut AnyConnection, debit: &UnexplainedDebit, candidates: &[PayoutKey]) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO unexplained_debit (debit_id, bank, bank_account, currency, minor_units, bank_reference, message_ids, statement_id, booked_at_ms,
             found_at_ms, candidates, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open')
         ON CONFLICT (debit_id) DO UPDATE SET state = 'open', ended_at_ms = 0 WHERE unexplained_debit.state = 'explained'",
    )
    .bind(debit.debit_id.to_string())
    .bind(debit.bank.clone())
    .bind(debit.bank_account.clone())
    .bind(debit.amount.currency().code().to_owned())
    .bind(debit.amount.minor_units())
    .bind(debit.bank_reference.clone())
    .bind(debit.message_ids.join(" "))
    .bind(debit.statement_id.clone())
    .bind(debit.booked_at_ms)
    .bind(debit.found_at_ms)
    .bind(i64::try_from(candidates.len()).unwrap_or(i64::MAX))
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    for candidate in candidates {
        let sql = "INSERT INTO unexplained_debit_payout (debit_id, book, payout_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(debit.debit_id.to_string()).bind(candidate.book.as_str().to_owned());
        query.bind(candidate.payout_id.to_string()).execute(&mut *tx).await?;
    }
    Ok(true)
}

/// Writes what people found of an open debit, and ends it if two of them agree. False: it is not open any more.
pub async fn save_finding(tx: &mut AnyConnection, debit_id: Uuid, finding: &DebitFinding, now_ms: i64) -> Result<bool, Error> {
    let is_decided = !finding.decided_by.is_empty();
    let (standing, ended_at_ms) = if is_decided { (DebitStanding::Resolved, now_ms) } else { (DebitStanding::Open, 0) };
    let updated = sqlx::query(
        "UPDATE unexplained_debit SET outcome = $2, evidence = $3, proposed_by = $4, confirmation = $5, decided_by = $6, state = $7, ended_at_ms = $8
         WHERE debit_id = $1 AND state = 'open'",
    )
    .bind(debit_id.to_string())
    .bind(finding.outcome.name())
    .bind(finding.evidence.clone())
    .bind(finding.proposed_by.clone())
    .bind(finding.confirmation.clone())
    .bind(finding.decided_by.clone())
    .bind(standing.name())
    .bind(ended_at_ms)
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

impl Store {
    /// Keeps the debits of a statement that nothing explains, and ends those that are explained now. Returns the ids of those that were not open before.
    pub async fn keep_debits(
        &self,
        unexplained: &[(UnexplainedDebit, Vec<PayoutKey>)],
        explained: &[Uuid],
        now_ms: i64,
    ) -> Result<Vec<Uuid>, Error> {
        if unexplained.is_empty() && explained.is_empty() {
            return Ok(Vec::new());
        }
        let (mut tx, mut new) = (self.begin().await?, Vec::new());
        for (debit, candidates) in unexplained {
            if insert(&mut tx, debit, candidates).await? {
                new.push(debit.debit_id);
            }
        }
        for debit_id in explained {
            let sql = "UPDATE unexplained_debit SET state = 'explained', ended_at_ms = $2 WHERE debit_id = $1 AND state = 'open'";
            sqlx::query(sql).bind(debit_id.to_string()).bind(now_ms).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(new)
    }

    /// The open debits of an account, each with the payouts that were sent in its message.
    pub async fn open_debits(&self, account: &StatementAccount) -> Result<Vec<(Uuid, Vec<PayoutKey>)>, Error> {
        let mut connection = self.pool().acquire().await?;
        let sql = "SELECT debit_id FROM unexplained_debit WHERE bank = $1 AND bank_account = $2 AND currency = $3 AND state = 'open'";
        let query = sqlx::query_scalar(sql).bind(account.bank.clone()).bind(account.bank_account.clone());
        let ids: Vec<String> = query.bind(account.currency.code().to_owned()).fetch_all(&mut *connection).await?;
        let mut open = Vec::with_capacity(ids.len());
        for id in ids {
            let debit_id = uuid(&id)?;
            open.push((debit_id, candidates(&mut connection, debit_id).await?));
        }
        Ok(open)
    }

    /// Ids of a debit's candidates in a book, at most `limit`.
    pub async fn candidates_of(&self, debit_id: Uuid, book: &BookName, limit: i64) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT payout_id FROM unexplained_debit_payout WHERE debit_id = $1 AND book = $2 ORDER BY payout_id LIMIT $3";
        let query = sqlx::query_scalar(sql).bind(debit_id.to_string()).bind(book.as_str().to_owned()).bind(limit);
        let ids: Vec<String> = query.fetch_all(self.pool()).await?;
        ids.iter().map(|id| uuid(id)).collect()
    }

    /// A debit with the payouts that were sent in its message.
    pub async fn debit(&self, debit_id: Uuid) -> Result<Option<(UnexplainedDebit, Vec<PayoutKey>)>, Error> {
        let mut connection = self.pool().acquire().await?;
        let Some(debit) = get(&mut connection, debit_id).await? else { return Ok(None) };
        Ok(Some((debit, candidates(&mut connection, debit_id).await?)))
    }

    /// Debits with a candidate of the book, or with none at all, newest first.
    pub async fn listed_debits(&self, book: &BookName, listed: ListedDebits) -> Result<Vec<UnexplainedDebit>, Error> {
        let query = sqlx::query(
            "SELECT * FROM unexplained_debit
             WHERE (candidates = 0 OR EXISTS (SELECT 1 FROM unexplained_debit_payout AS candidate
                     WHERE candidate.debit_id = unexplained_debit.debit_id AND candidate.book = $1))
                 AND (found_at_ms < $2 OR (found_at_ms = $2 AND debit_id < $3)) AND ($4 = '' OR state = $4)
                 AND found_at_ms >= $5 AND found_at_ms < $6
             ORDER BY found_at_ms DESC, debit_id DESC LIMIT $7",
        );
        let query = query
            .bind(book.as_str().to_owned())
            .bind(listed.after.created_at_ms)
            .bind(listed.after.id.to_string())
            .bind(listed.standing.map_or("", DebitStanding::name))
            .bind(listed.found.from_ms)
            .bind(listed.found.until_ms)
            .bind(listed.limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// How many debits are open, and since when the oldest is known.
    pub async fn unfinished_debits(&self) -> Result<UnfinishedCount, Error> {
        let sql = "SELECT COUNT(*), COALESCE(MIN(found_at_ms), 0) FROM unexplained_debit WHERE state = 'open'";
        let (count, since_ms): (i64, i64) = sqlx::query_as(sql).fetch_one(self.pool()).await?;
        let since_ms = (count > 0).then_some(since_ms);
        Ok(UnfinishedCount { what: "unexplained_debit", state: "open", count: count.unsigned_abs(), since_ms })
    }
}
