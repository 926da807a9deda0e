//! Whether a proposal's row is what was proposed, verified against the chained audit log.
use super::{
    Store,
    about::{pairs, proposals},
    acts::{COLUMNS, read},
    text,
};
use crate::{
    domain::{ActPhase, ActRecord, GENESIS, Proposal, ProposalState},
    whole::{self, APPROVE, PROPOSE},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the audit log says of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalBond {
    /// The row is what was proposed.
    Holds,
    /// The row differs from what was proposed, or the proposer does.
    Broken,
    /// The audit log has no line that proposed it.
    Unrecorded,
    /// It was proposed, but the proposed action is not kept: an earlier version truncated it, or it was erased since.
    Unknown,
}

impl Store {
    /// Compares a proposal with the line that proposed it: the first one that was not refused, since a later one under the same id changed nothing.
    pub async fn bond(&self, proposal: &Proposal) -> Result<ProposalBond, sqlx::Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM act WHERE act_id IN (SELECT act_id FROM act_proposal WHERE book = $1 AND proposal_id = $2) ORDER BY seq"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(proposal.book.as_str()).bind(text(proposal.id));
        let mut lines: Vec<ActRecord> = query.fetch_all(&self.pool).await?.iter().map(read).collect::<Result<_, _>>()?;
        if !lines.iter().any(|line| line.act.rpc.ends_with(PROPOSE)) {
            lines = self.unnoted_lines(proposal).await?;
        }
        let refused = |line: &ActRecord| {
            let ended = |other: &&ActRecord| other.act.act_id == line.act.act_id && other.act.phase == ActPhase::Ended;
            lines.iter().find(ended).is_some_and(|end| end.act.outcome != "OK")
        };
        let proposes = |line: &&ActRecord| line.act.phase == ActPhase::Begun && line.act.rpc.ends_with(PROPOSE) && !refused(line);
        let Some(line) = lines.iter().find(proposes) else { return Ok(ProposalBond::Unrecorded) };
        if line.act.subject != proposal.proposed_by.as_str() || line.act.book != proposal.book.as_str() || !self.follows(line).await? {
            return Ok(ProposalBond::Broken);
        }
        let same = match line.hashes.proposal.as_str() {
            "" if line.erased || !line.texts_hold() => None,
            "" => whole::asked_for(&line.act.request_json, proposal),
            hash => Some(hash == whole::hash_of(proposal)),
        };
        Ok(same.map_or(ProposalBond::Unknown, |same| if same { ProposalBond::Holds } else { ProposalBond::Broken }))
    }

    /// The lines that proposed it, from before lines were recorded with their proposals: found by the proposer and the id in their request.
    async fn unnoted_lines(&self, proposal: &Proposal) -> Result<Vec<ActRecord>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM act WHERE subject = $1 AND book = $2 AND rpc LIKE $3 ORDER BY seq");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(proposal.proposed_by.as_str()).bind(proposal.book.as_str());
        let rows = query.bind(format!("%{PROPOSE}")).fetch_all(&self.pool).await?;
        let mut lines: Vec<ActRecord> = rows.iter().map(read).collect::<Result<_, _>>()?;
        let makes = |line: &ActRecord| proposals(&line.act, &pairs(&line.act.request_json)).contains(&proposal.id);
        let acts: BTreeSet<Uuid> = lines.iter().filter(|line| makes(line)).map(|line| line.act.act_id).collect();
        lines.retain(|line| acts.contains(&line.act.act_id));
        Ok(lines)
    }

    /// Whether a line follows from the one before it.
    async fn follows(&self, line: &ActRecord) -> Result<bool, sqlx::Error> {
        let before = self.acts_from(line.seq - 1, 1).await?.into_iter().find(|before| before.seq == line.seq - 1);
        let previous = match before {
            Some(before) => before.hash,
            None if line.seq == 1 => GENESIS,
            None => return Ok(false),
        };
        Ok(line.chained(&previous) == line.hash)
    }

    /// Since when every proposal has a line that is bound to it, in milliseconds since the Unix epoch: when the migration was applied.
    pub async fn bound_since(&self) -> Result<i64, sqlx::Error> {
        let since: Option<i64> =
            sqlx::query_scalar("SELECT applied_at_ms FROM migration WHERE version = 5").fetch_optional(&self.pool).await?;
        Ok(since.unwrap_or(i64::MAX))
    }

    /// Whether the row claims no approval, or one by a person who did call Approve for this same content.
    pub async fn approved_by_another(&self, proposal: &Proposal) -> Result<bool, sqlx::Error> {
        match proposal.state {
            ProposalState::Open | ProposalState::Rejected => return Ok(true),
            ProposalState::Approved | ProposalState::Done | ProposalState::Refused => {}
        }
        if proposal.decided_by == proposal.proposed_by.as_str() {
            return Ok(false);
        }
        // Lines of earlier versions have no hash.
        let sql = "SELECT COUNT(*) FROM act WHERE act_id IN (SELECT act_id FROM act_proposal WHERE book = $1 AND proposal_id = $2)
            AND subject = $3 AND phase = 1 AND rpc LIKE $4 AND (proposal_hash = '' OR proposal_hash = $5)";
        let query = sqlx::query_scalar(sql).bind(proposal.book.as_str()).bind(text(proposal.id)).bind(proposal.decided_by.as_str());
        let found: i64 = query.bind(format!("%{APPROVE}")).bind(whole::hash_of(proposal)).fetch_one(&self.pool).await?;
        // Before lines were recorded with their proposals, an erasure leaves nothing by which to find the approval.
        Ok(found > 0 || proposal.proposed_at_ms < self.bound_since().await?)
    }

    /// A proposal that was made, according to its line, but has no row.
    pub async fn proposal_without_row(&self) -> Result<Option<Uuid>, sqlx::Error> {
        let sql = "SELECT a.proposal_id FROM act l JOIN act_proposal a ON a.act_id = l.act_id
            LEFT JOIN proposal p ON p.book = a.book AND p.proposal_id = a.proposal_id
            WHERE l.phase = 2 AND l.outcome = 'OK' AND l.rpc LIKE $1 AND p.proposal_id IS NULL LIMIT 1";
        let found: Option<String> = sqlx::query_scalar(sql).bind(format!("%{PROPOSE}")).fetch_optional(&self.pool).await?;
        found.map(|id| Uuid::try_parse(&id).map_err(super::unreadable)).transpose()
    }
}
