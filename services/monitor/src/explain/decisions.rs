//! What people decided of payouts: reviews, blocked money, resolutions, and runs.
use super::{
    StoryTeller,
    seek::ExplainedThing,
    words::{StoryWords, facts, made_ms, time_ms},
};
use crate::audit::ReadFault;
use payout::tables::{PayoutKey, PayoutRun};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The part of a payout's story.
#[derive(Default)]
pub(super) struct DecidedOfPayout {
    /// What is added to its sentence.
    pub told: String,
    /// Facts by name.
    pub facts: Map<String, Value>,
}

/// A time, or nothing where there is none.
fn time(ms: i64) -> String {
    if ms == 0 { String::new() } else { time_ms(ms) }
}

impl StoryTeller {
    pub(super) async fn decided_of(&self, place: &PayoutKey) -> Result<DecidedOfPayout, ReadFault> {
        let Some(tables) = &self.payout else { return Ok(DecidedOfPayout::default()) };
        let (mut told, mut known) = (String::new(), Map::new());
        let reviews = tables.reviews_of(place).await?;
        for row in reviews.iter().filter(|row| !row.decided_by.is_empty()) {
            told.push_str(&format!("; a review ({}) was decided by {}: {}", row.kind.name(), row.decided_by, row.standing.name()));
        }
        // What a screening found, and why it was decided so, is for reviewers.
        let line = |row: &payout::tables::ReviewRow| {
            json!({
                "review_id": row.review_id, "kind": row.kind.name(), "state": row.standing.name(),
                "proposed_by": row.proposed_by, "decided_by": row.decided_by, "decided": time(row.decided_at_ms),
            })
        };
        known.insert("reviews".to_owned(), reviews.iter().map(line).collect());
        if let Some(row) = tables.blocked_payout(place).await? {
            told.push_str("; its money is blocked by law");
            if !row.unblocked_by.is_empty() {
                told.push_str(&format!(", freed by licence {} of {} and {}", row.licence_number, row.licence_by, row.unblocked_by));
            }
            let blocked = json!({
                "blocked": time(row.blocked_at_ms), "report_due": row.report_due, "licence_number": row.licence_number, "licence_by": row.licence_by,
                "unblocked_by": row.unblocked_by,
            });
            known.insert("blocked".to_owned(), blocked);
        }
        if let Some(row) = tables.resolution(place).await? {
            let by = if row.decided_by.is_empty() {
                "which a second person has not confirmed".to_owned()
            } else {
                format!("and {}", row.decided_by)
            };
            told.push_str(&format!("; {} found that it is {}, {by}", row.proposed_by, row.outcome.name()));
            let resolution = json!({
                "outcome": row.outcome.name(), "evidence": row.evidence, "proposed_by": row.proposed_by, "proposed": time(row.proposed_at_ms),
                "confirmation": row.confirmation, "decided_by": row.decided_by, "decided": time(row.decided_at_ms),
            });
            known.insert("resolution".to_owned(), resolution);
        }
        Ok(DecidedOfPayout { told, facts: known })
    }

    /// The payout of a review, or a run of payouts.
    pub(super) async fn of_decisions(&self, id: Uuid) -> Result<Vec<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.payout else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        if let Some(review) = tables.review(&self.name, id).await? {
            found.extend(self.payout_of(review.payout_id).await?);
        }
        let of_request = tables.runs_looked_up(&self.name, id).await?;
        for run in tables.run(&self.name, id).await?.into_iter().chain(of_request) {
            found.push(run_thing(&run));
        }
        Ok(found)
    }
}

/// A run of payouts.
pub(crate) fn run_thing(run: &PayoutRun) -> ExplainedThing {
    ExplainedThing::Described(run_words(run).into())
}

fn run_words(run: &PayoutRun) -> StoryWords {
    let decided = match (run.approved_by.as_str(), run.rejected_by.as_str()) {
        ("", "") => String::new(),
        ("", by) => format!(", rejected by {by}"),
        (by, _) => format!(", approved by {by}"),
    };
    StoryWords {
        what: "payout run".to_owned(),
        id: run.run_id.to_string(),
        told: format!("{} lines of {}{decided}: {}", run.lines, run.created_by, run.state.name()),
        made_at: made_ms(run.created_at_ms),
        users: Vec::new(),
        facts: facts(json!({
            "request_id": run.request_id, "checked": run.checked, "faults": run.faults, "problem": run.problem,
            "above": run.above.map(|above| above.to_string()), "create_time": time(run.created_at_ms),
            "approve_time": time(run.approved_at_ms), "end_time": time(run.ended_at_ms),
        })),
        postings: Vec::new(),
    }
}
