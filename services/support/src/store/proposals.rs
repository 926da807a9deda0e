//! The table of proposals.
use super::{Store, stored_act, text, unreadable};
use crate::domain::{Proposal, ProposalState, ProposedAct};
use db::{
    WaitingRows,
    requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields},
    waiting,
};
use money::{BookName, UserKey, time::from_unix_ms};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

const COLUMNS: &str =
    "book, proposal_id, number, state, act, proposed_by, proposal_reason, proposed_at_ms, expire_at_ms, decided_by, decision_reason,
    decided_at_ms, result";

/// Of the end of an act: none of the outcomes of a call that proposed nothing. An outcome begins with the code's name.
const NOT_REFUSED: &str =
    "l.outcome NOT LIKE '%REQUEST_ID_REUSED' AND l.outcome NOT LIKE 'FAILED_PRECONDITION%' AND l.outcome NOT LIKE 'INVALID_ARGUMENT%'
    AND l.outcome NOT LIKE 'NOT_FOUND%' AND l.outcome NOT LIKE 'PERMISSION_DENIED%'";

/// How often a proposal is retried after another one took its number. Each failed try means that another insert succeeded.
const ATTEMPTS_MAX: usize = 32;

/// Which proposals to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposalFilter {
    /// In this state; `None` for any.
    pub state: Option<ProposalState>,
    /// Only those that may be approved until after this time.
    pub expire_after: i64,
    /// Only those that may be approved until this time at the latest.
    pub expire_until: i64,
    /// Proposed in this time.
    pub proposed: TimeRange,
}

impl ProposalFilter {
    /// All of them.
    pub const ANY: Self = Self { state: None, expire_after: i64::MIN, expire_until: i64::MAX, proposed: TimeRange::ANY };
}

/// Whom and what to list proposals about. An empty text matches any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposalSubject {
    /// The user whose accounts they would change.
    pub user_id: String,
    /// An account that they name.
    pub account: String,
}

/// A proposal that has no number yet, with the request id under which it was sent.
pub struct NewProposal<'a> {
    /// The request id, its book and its sender.
    pub key: RequestKey<'a>,
    /// The fields that were sent.
    pub fields: SentFields,
    /// The proposal to store.
    pub proposal: Proposal,
}

/// What became of a new proposal, or of a request that decides about one.
pub enum Proposed {
    /// It is stored.
    Kept {
        /// Whether it was stored by an earlier call.
        replayed: bool,
    },
    /// The id was used before with other fields.
    Reused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
}

impl Store {
    /// Stores a proposal under its request id.
    pub async fn propose(&self, new: &NewProposal<'_>) -> Result<Proposed, sqlx::Error> {
        let now = from_unix_ms(new.proposal.proposed_at_ms);
        for _ in 0..ATTEMPTS_MAX {
            let mut tx = db::begin(&self.pool).await?;
            match requests::begin(&mut tx, new.key, &new.fields, now).await? {
                RequestStanding::Reused { differing } => return Ok(Proposed::Reused { differing }),
                RequestStanding::Replay(_) => return Ok(Proposed::Kept { replayed: true }),
                RequestStanding::New | RequestStanding::Unfinished { .. } => {}
            }
            if !insert(&mut tx, &new.proposal).await? {
                continue;
            }
            // The answer to a retry is the proposal's current state, so no answer is kept here.
            requests::finish(&mut tx, new.key, &KeptAnswer::done(), now).await?;
            tx.commit().await?;
            return Ok(Proposed::Kept { replayed: false });
        }
        Err(sqlx::Error::PoolTimedOut)
    }

    /// One proposal.
    pub async fn proposal(&self, book: &BookName, id: Uuid) -> Result<Option<Proposal>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM proposal WHERE book = $1 AND proposal_id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(text(id)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Proposals of a book below this number, newest first.
    pub async fn proposals(&self, book: &BookName, listed: ProposalFilter, before: i64, limit: i64) -> Result<Vec<Proposal>, sqlx::Error> {
        self.proposals_on(book, listed, &ProposalSubject::default(), before, limit).await
    }

    /// The same, of a user or an account. A call of Propose that was refused may name accounts that are not in the proposal: its id proposed something else,
    /// before or later.
    pub async fn proposals_on(
        &self,
        book: &BookName,
        listed: ProposalFilter,
        subject: &ProposalSubject,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Proposal>, sqlx::Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM proposal WHERE book = $1 AND number < $2 AND ($3 = 0 OR state = $3) AND expire_at_ms > $4 AND expire_at_ms <= $5
                AND proposed_at_ms >= $6 AND proposed_at_ms < $7
                AND ($9 = '' OR proposal_id IN (SELECT proposal_id FROM proposal_user WHERE user_id = $9 AND book = $1))
                AND ($10 = '' OR proposal_id IN (SELECT p.proposal_id FROM act_account a
                    JOIN act_proposal p ON p.book = a.book AND p.act_id = a.act_id
                    LEFT JOIN act l ON l.act_id = a.act_id AND l.phase = 2
                    WHERE a.account = $10 AND a.book = $1 AND (l.outcome IS NULL OR ({NOT_REFUSED}))))
            ORDER BY number DESC LIMIT $8"
        );
        let query =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(before).bind(listed.state.map_or(0, ProposalState::number));
        let query = query.bind(listed.expire_after).bind(listed.expire_until);
        let query = query.bind(listed.proposed.from_ms).bind(listed.proposed.until_ms).bind(limit);
        let query = query.bind(subject.user_id.as_str()).bind(subject.account.as_str());
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Proposals of a book that somebody may still approve after this time, the oldest first; after this one when given: when it was proposed, and its id.
    pub async fn open_proposals(
        &self,
        book: &BookName,
        expire_after: i64,
        after: Option<(i64, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Proposal>, sqlx::Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM proposal WHERE book = $1 AND state = 1 AND (proposed_at_ms, proposal_id) > ($2, $3) AND expire_at_ms > $4
            ORDER BY proposed_at_ms, proposal_id LIMIT $5"
        );
        let (at_ms, id) = after.map_or((i64::MIN, String::new()), |(at_ms, id)| (at_ms, text(id)));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(at_ms).bind(id).bind(expire_after).bind(limit);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// All proposals ordered by book and number, those after this one.
    pub async fn proposals_after(&self, after: Option<&(String, i64)>, limit: i64) -> Result<Vec<Proposal>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM proposal WHERE book > $1 OR (book = $1 AND number > $2) ORDER BY book, number LIMIT $3");
        let (book, number) = after.map_or(("", 0), |(book, number)| (book.as_str(), *number));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book).bind(number).bind(limit);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Approved proposals of a book by number, after this one, at most `limit`: those that were carried out, or may have been.
    pub async fn carried_out(&self, book: &BookName, after: i64, limit: i64) -> Result<Vec<Proposal>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM proposal WHERE book = $1 AND number > $2 AND state IN (2, 3) ORDER BY number LIMIT $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(after).bind(limit);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Ids of a book's proposals that would change an account of this user, or did, newest first.
    pub async fn proposals_about(&self, book: &BookName, user: &UserKey) -> Result<Vec<String>, sqlx::Error> {
        const PAGE: i64 = 1_000;
        let noted = self.noted_proposals(book, user).await?;
        let (mut about, mut before) = (Vec::new(), i64::MAX);
        loop {
            let page = self.proposals(book, ProposalFilter::ANY, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(about) };
            before = last.number;
            let of_user = |account: &str| chart::account::may_belong_to(account, user.as_str());
            let concerned = page.iter().filter(|proposal| match &proposal.act {
                ProposedAct::Adjustment(transfers) => transfers.iter().any(|line| of_user(&line.debit) || of_user(&line.credit)),
                ProposedAct::Account(account, _) => of_user(account),
                ProposedAct::Limit(limit) => of_user(&limit.account),
                // Only the journal says whose posting it is; that was recorded when it was proposed.
                ProposedAct::Reversal(_) => noted.contains(&proposal.id),
            });
            about.extend(concerned.map(|proposal| text(proposal.id)));
        }
    }

    /// Makes due what would wait longer than `longest_ms`: a clock was ahead when it was written. Of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self, longest_ms: i64, now_ms: i64) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        waiting::end_impossible(&self.pool, &[WaitingRows::work("proposal", "due_at_ms", "state = 2", longest_ms)], now_ms).await
    }

    /// Proposals approved before `approved_before_ms`, not carried out yet and due at `now_ms`, with how often each was tried; the longest due first. One that was
    /// approved by a clock that was ahead waits until that time: its request id has the time in it, and the ledger may refuse it before.
    pub async fn due(&self, now_ms: i64, approved_before_ms: i64, limit: i64) -> Result<Vec<(Proposal, i64)>, sqlx::Error> {
        let sql = format!(
            "SELECT {COLUMNS}, tries FROM proposal WHERE state = $1 AND due_at_ms <= $2 AND decided_at_ms < $3 ORDER BY due_at_ms, decided_at_ms LIMIT $4"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ProposalState::Approved.number()).bind(now_ms);
        let rows = query.bind(approved_before_ms).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((read(row)?, row.try_get("tries")?))).collect()
    }

    /// Counts a try of an approved proposal, and names the time of the next.
    pub async fn put_off(&self, proposal: &Proposal, again_at_ms: i64) -> Result<(), sqlx::Error> {
        let sql = "UPDATE proposal SET tries = tries + 1, due_at_ms = $3 WHERE book = $1 AND proposal_id = $2 AND state = 2";
        sqlx::query(sql).bind(proposal.book.as_str()).bind(text(proposal.id)).bind(again_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether this request decided before, and about the same; keeps it when it is new. What is answered is the proposal as it is when asked again, so
    /// nothing is kept of it here.
    pub async fn deciding(&self, key: RequestKey<'_>, fields: &SentFields, now_ms: i64) -> Result<Proposed, sqlx::Error> {
        let now = from_unix_ms(now_ms);
        let mut tx = db::begin(&self.pool).await?;
        match requests::begin(&mut tx, key, fields, now).await? {
            RequestStanding::Reused { differing } => return Ok(Proposed::Reused { differing }),
            RequestStanding::Replay(_) => return Ok(Proposed::Kept { replayed: true }),
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        Ok(Proposed::Kept { replayed: false })
    }

    /// Writes a decision down; false when somebody else decided first. The proposer can't approve, even if the caller did not check that.
    pub async fn decide(
        &self,
        proposal: &Proposal,
        state: ProposalState,
        by: &UserKey,
        reason: &str,
        now_ms: i64,
    ) -> Result<bool, sqlx::Error> {
        let sql = "UPDATE proposal SET state = $3, decided_by = $4, decision_reason = $5, decided_at_ms = $6
            WHERE book = $1 AND proposal_id = $2 AND state = 1 AND ($3 <> 2 OR proposed_by <> $4)";
        let query = sqlx::query(sql).bind(proposal.book.as_str()).bind(text(proposal.id)).bind(state.number());
        let query = query.bind(by.as_str()).bind(reason).bind(now_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Records the result of an approved proposal. Safe to repeat.
    pub async fn settle(&self, proposal: &Proposal, state: ProposalState, result: &str) -> Result<(), sqlx::Error> {
        let sql = "UPDATE proposal SET state = $3, result = $4 WHERE book = $1 AND proposal_id = $2 AND state = 2";
        sqlx::query(sql).bind(proposal.book.as_str()).bind(text(proposal.id)).bind(state.number()).bind(result).execute(&self.pool).await?;
        Ok(())
    }
}

/// False when its number was taken meanwhile.
async fn insert(connection: &mut AnyConnection, proposal: &Proposal) -> Result<bool, sqlx::Error> {
    let free = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) + 1 FROM proposal WHERE book = $1");
    let free: i64 = free.bind(proposal.book.as_str()).fetch_one(&mut *connection).await?;
    let sql = format!("INSERT INTO proposal ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', 0, '') ON CONFLICT DO NOTHING");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(proposal.book.as_str()).bind(text(proposal.id)).bind(free);
    let query = query
        .bind(proposal.state.number())
        .bind(stored_act::write(&proposal.act))
        .bind(proposal.proposed_by.as_str())
        .bind(proposal.proposal_reason.as_str());
    Ok(query.bind(proposal.proposed_at_ms).bind(proposal.expire_at_ms).execute(connection).await?.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<Proposal, sqlx::Error> {
    columns(row).map_err(|error| db::in_row(row, "proposal", "proposal_id", error))
}

fn columns(row: &AnyRow) -> Result<Proposal, sqlx::Error> {
    let act: Vec<u8> = row.try_get("act")?;
    Ok(Proposal {
        id: Uuid::try_parse(row.try_get("proposal_id")?).map_err(unreadable)?,
        book: BookName::try_new(row.try_get("book")?).map_err(unreadable)?,
        number: row.try_get("number")?,
        state: ProposalState::of(row.try_get("state")?).ok_or_else(|| unreadable("an unknown state"))?,
        act: stored_act::read(&act)?,
        proposed_by: UserKey::try_new(row.try_get("proposed_by")?).map_err(unreadable)?,
        proposal_reason: row.try_get("proposal_reason")?,
        proposed_at_ms: row.try_get("proposed_at_ms")?,
        expire_at_ms: row.try_get("expire_at_ms")?,
        decided_by: row.try_get("decided_by")?,
        decision_reason: row.try_get("decision_reason")?,
        decided_at_ms: row.try_get("decided_at_ms")?,
        result: row.try_get("result")?,
    })
}
