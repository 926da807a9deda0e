//! Verifies that the audit log was not tampered with. Works on a copy, with nothing running.
use crate::{
    domain::GENESIS,
    store::{ProposalBond, Store},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Lines per read.
const PAGE: i64 = 1_000;

/// The result of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActsCheck {
    /// Lines whose chain is intact.
    pub lines: i64,
    /// Lines whose texts were erased.
    pub erased: i64,
    /// Heads written outside the database that are in the chain.
    pub heads: usize,
    /// The first line that breaks the chain, and why.
    pub problem: Option<(i64, &'static str)>,
    /// Proposals that match the lines that proposed and approved them.
    pub proposals: usize,
    /// The first proposal that does not match its lines, and why.
    pub proposal_problem: Option<(Uuid, &'static str)>,
}

/// Verifies the chain from its first line to its last and against the heads that were written outside the database; then compares every proposal with its
/// lines.
pub async fn check(store: &Store, heads: &[(i64, [u8; 32])]) -> Result<ActsCheck, sqlx::Error> {
    let mut report = chain(store, heads).await?;
    // A broken chain proves nothing about proposals.
    if report.problem.is_none() {
        (report.proposals, report.proposal_problem) = proposals(store).await?;
    }
    Ok(report)
}

/// How many proposals match their lines, and the first that does not.
async fn proposals(store: &Store) -> Result<(usize, Option<(Uuid, &'static str)>), sqlx::Error> {
    if let Some(gone) = store.proposal_without_row().await? {
        return Ok((0, Some((gone, "it was proposed, and its row is gone"))));
    }
    let bound_since = store.bound_since().await?;
    let (mut held, mut after) = (0, None);
    loop {
        let page = store.proposals_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok((held, None)) };
        after = Some((last.book.to_string(), last.number));
        for proposal in page {
            let why = match store.bond(&proposal).await? {
                ProposalBond::Holds if !store.approved_by_another(&proposal).await? => "nobody else's approval of it is in the record",
                ProposalBond::Holds => {
                    held += 1;
                    continue;
                }
                ProposalBond::Broken => "it is not what was proposed",
                ProposalBond::Unrecorded if proposal.proposed_at_ms >= bound_since => "nobody proposed it, as far as the record says",
                // Proposed before every line was recorded with its proposal, or erased.
                ProposalBond::Unrecorded | ProposalBond::Unknown => continue,
            };
            return Ok((held, Some((proposal.id, why))));
        }
    }
}

async fn chain(store: &Store, heads: &[(i64, [u8; 32])]) -> Result<ActsCheck, sqlx::Error> {
    let heads: BTreeMap<i64, [u8; 32]> = heads.iter().copied().collect();
    let mut report = ActsCheck { lines: 0, erased: 0, heads: 0, problem: None, proposals: 0, proposal_problem: None };
    let mut previous = GENESIS;
    // Includes lines that somebody inserted before the first.
    let mut from = i64::MIN;
    loop {
        let page = match store.acts_from(from, PAGE).await {
            Err(sqlx::Error::Decode(_)) => {
                report.problem = Some((report.lines + 1, "a line from here on can't be read"));
                return Ok(report);
            }
            page => page?,
        };
        if page.is_empty() {
            if heads.keys().next_back().is_some_and(|last| *last > report.lines) {
                report.problem = Some((report.lines + 1, "it is gone, and its head was recorded outside the database"));
            }
            return Ok(report);
        }
        for line in page {
            let problem = if line.seq != report.lines + 1 {
                Some("a line is missing or too much before it")
            } else if line.chained(&previous) != line.hash {
                Some("it does not follow from the line before it")
            } else if heads.get(&line.seq).is_some_and(|head| *head != line.hash) {
                Some("it is not the line whose head was recorded outside the database")
            } else if !line.texts_hold() {
                Some("its reason or request is not what was written")
            } else {
                None
            };
            if let Some(why) = problem {
                report.problem = Some((line.seq, why));
                return Ok(report);
            }
            previous = line.hash;
            report.lines = line.seq;
            from = line.seq + 1;
            report.erased += i64::from(line.erased);
            report.heads += usize::from(heads.contains_key(&line.seq));
        }
    }
}
