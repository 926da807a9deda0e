//! The part of staff in a story: proposals with their reasons, and postings reversed by a proposal.
use super::{
    StoryTeller,
    seek::ExplainedThing,
    words::{StoryWords, facts, made_ms, parsed, time_ms},
};
use crate::audit::ReadFault;
use books::{
    domain::{
        decide::reversal_guard,
        event::{Body, Event},
    },
    stamp,
};
use serde_json::{Map, Value, json};
use support::tables::{AccountAct, ActPhase, LimitedTime, Proposal, ProposalFilter, ProposalState, ProposedAct};
use uuid::Uuid;

/// Proposals per read.
const PAGE: i64 = 500;
/// The field by which a posting names the proposal that it carries out.
const PROPOSAL_ID: &str = "proposal_id";
/// Maximum events searched for a reversal that no proposal names.
const EVENTS_MAX: i64 = 100_000;
/// Events per read.
const EVENTS: i64 = 5_000;

/// A filter for proposals in any state, or in one.
fn any(state: Option<ProposalState>) -> ProposalFilter {
    ProposalFilter { state, ..ProposalFilter::ANY }
}

/// The proposed action in words, and the accounts that it names.
fn act_words(act: &ProposedAct) -> (String, Vec<String>) {
    let owners = |names: &[&str]| names.iter().filter_map(|name| chart::account::owner(name)).map(str::to_owned).collect::<Vec<_>>();
    match act {
        ProposedAct::Adjustment(lines) => {
            let told = lines.iter().map(|line| {
                let amount = chart::form(&line.debit).map_or_else(|| line.amount.to_string(), |form| form.unit.amount_text(line.amount));
                format!("{amount} from {} to {}", line.debit, line.credit)
            });
            let names: Vec<&str> = lines.iter().flat_map(|line| [line.debit.as_str(), &line.credit]).collect();
            (format!("an adjustment of {}", told.collect::<Vec<_>>().join(", ")), owners(&names))
        }
        ProposedAct::Account(account, act) => {
            let act = match act {
                AccountAct::Freeze => "freezing",
                AccountAct::Thaw => "thawing",
                AccountAct::Close => "closing",
            };
            (format!("{act} {account}"), owners(&[account.as_str()]))
        }
        ProposedAct::Reversal(posting) => (format!("the reversal of posting {posting}"), Vec::new()),
        ProposedAct::Limit(limit) => {
            let window = match limit.window {
                LimitedTime::Hour => "an hour",
                LimitedTime::Day => "a day",
                LimitedTime::Month => "a month",
            };
            let most = chart::form(&limit.account).map_or_else(|| limit.max.to_string(), |form| form.unit.amount_text(limit.max));
            let told = match limit.max {
                0 => format!("lifting the limit on what leaves {} in {window}", limit.account),
                _ => format!("limiting what leaves {} to {most} in {window} of {}", limit.account, limit.zone),
            };
            (told, owners(&[limit.account.as_str()]))
        }
    }
}

/// The state's name; a proposal that expired is still open in the table.
fn state_name(state: ProposalState) -> &'static str {
    match state {
        ProposalState::Open => "open",
        ProposalState::Approved => "approved",
        ProposalState::Done => "done",
        ProposalState::Rejected => "rejected",
        ProposalState::Refused => "refused by the ledger",
    }
}

/// Who proposed it and who decided, each with their reason.
fn decided_words(proposal: &Proposal) -> String {
    let Proposal { proposed_by, proposal_reason, decided_by, decision_reason, state, .. } = proposal;
    let decided = match state {
        ProposalState::Open => "nobody has decided".to_owned(),
        ProposalState::Rejected => format!("{decided_by} rejected it ({decision_reason})"),
        ProposalState::Approved | ProposalState::Done | ProposalState::Refused => format!("{decided_by} approved it ({decision_reason})"),
    };
    format!("{proposed_by} proposed it ({proposal_reason}), {decided}")
}

/// A proposal's facts.
fn proposal_facts(proposal: &Proposal) -> Map<String, Value> {
    let decided = if proposal.decided_at_ms > 0 { time_ms(proposal.decided_at_ms) } else { String::new() };
    facts(json!({
        "proposal_id": proposal.id.to_string(), "state": state_name(proposal.state), "proposed_by": proposal.proposed_by.as_str(),
        "proposal_reason": proposal.proposal_reason, "propose_time": time_ms(proposal.proposed_at_ms), "decided_by": proposal.decided_by,
        "decision_reason": proposal.decision_reason, "decide_time": decided, "expire_time": time_ms(proposal.expire_at_ms),
        "result": proposal.result,
    }))
}

/// A proposal as the words of a story.
pub(super) fn proposal_words(proposal: &Proposal) -> StoryWords {
    let (act, users) = act_words(&proposal.act);
    StoryWords {
        what: "proposal".to_owned(),
        id: proposal.id.to_string(),
        told: format!("{act}: {}; {}", state_name(proposal.state), decided_words(proposal)),
        made_at: made_ms(proposal.proposed_at_ms),
        users,
        facts: proposal_facts(proposal),
        postings: parsed([&proposal.result]),
    }
}

/// A proposal as an entry of a list.
pub(super) fn proposal_line(proposal: &Proposal) -> Value {
    let (act, _) = act_words(&proposal.act);
    json!({ "proposal_id": proposal.id.to_string(), "told": act, "state": state_name(proposal.state), "time": time_ms(proposal.proposed_at_ms) })
}

/// What is added to a story because staff took part in it.
#[derive(Default)]
pub(super) struct StaffPart {
    /// Appended to the sentence.
    pub told: String,
    /// Added to the facts.
    pub facts: Map<String, Value>,
}

impl StoryTeller {
    /// A proposal by its id.
    pub(super) async fn proposal(&self, id: Uuid) -> Result<Option<Proposal>, ReadFault> {
        let Some(tables) = &self.support else { return Ok(None) };
        Ok(tables.proposal(&self.name, id).await?)
    }

    /// An entry of the audit log, with how it ended.
    pub(super) async fn act(&self, id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.support else { return Ok(None) };
        let lines = tables.lines_of(id).await?;
        let Some(first) = lines.first() else { return Ok(None) };
        let act = &first.act;
        if act.book != self.name.as_str() && !(act.book.is_empty() && self.with_bookless) {
            return Ok(None);
        }
        let ended = lines.iter().find(|line| line.act.phase == ActPhase::Ended);
        let outcome = ended.map_or("its end is not recorded", |line| &line.act.outcome);
        let words = StoryWords {
            what: "staff action".to_owned(),
            id: id.to_string(),
            told: format!("{} ({}) called {}: {outcome}", act.subject, act.role, act.rpc),
            made_at: made_ms(first.time_ms),
            users: if act.user_id.is_empty() { Vec::new() } else { vec![act.user_id.clone()] },
            facts: facts(json!({
                "seq": first.seq, "issuer": act.issuer, "reason": act.reason, "request": act.request_json, "erased": first.erased,
                "time": time_ms(first.time_ms), "end_time": ended.map(|line| time_ms(line.time_ms)).unwrap_or_default(),
            })),
            postings: Vec::new(),
        };
        Ok(Some(ExplainedThing::Described(words.into())))
    }

    /// The part of staff in these postings: who proposed them, who approved, and whether they were reversed.
    pub(super) async fn staff_part(&self, events: &[Event]) -> Result<StaffPart, ReadFault> {
        let mut part = StaffPart::default();
        for event in events {
            let Body::Posting(posting) = &event.body else { continue };
            let named = posting.field(PROPOSAL_ID).and_then(|value| Uuid::try_parse(value).ok());
            if let Some(id) = named
                && let Some(proposal) = self.proposal(id).await?
            {
                part.told.push_str(&format!("; {}", decided_words(&proposal)));
                part.facts.insert("proposal".to_owned(), Value::Object(proposal_facts(&proposal)));
            }
            if let Some(told) = self.undone(event, &mut part.facts).await? {
                part.told.push_str(&told);
            }
        }
        Ok(part)
    }

    /// Whether a posting was reversed: by what, when, and by whom.
    async fn undone(&self, event: &Event, facts: &mut Map<String, Value>) -> Result<Option<String>, ReadFault> {
        let guards = self.store.guards(self.book.key, &[reversal_guard(event.id)]).await?;
        if guards.iter().all(|(_, guard)| guard.value == 0) {
            return Ok(None);
        }
        let proposal = self.reversal_of(event.id).await?;
        let by = proposal.as_ref().and_then(|proposal| Uuid::try_parse(&proposal.result).ok());
        let reversal = match by {
            Some(id) => self.store.event_by_id(self.book.key, id).await?,
            None => self.reversal_after(event).await?,
        };
        let Some(reversal) = reversal else {
            facts.insert("reversed_by".to_owned(), json!("a posting that was not looked for"));
            return Ok(Some("; REVERSED".to_owned()));
        };
        let time = self.store.commit_time(self.book.key, reversal.seq).await?.map(stamp::text).unwrap_or_default();
        let told = proposal.as_ref().map(|proposal| format!(": {}", decided_words(proposal))).unwrap_or_default();
        facts.insert("reversed_by".to_owned(), json!(reversal.id));
        facts.insert("reverse_time".to_owned(), json!(time));
        if let Some(proposal) = &proposal {
            facts.insert("reversal".to_owned(), Value::Object(proposal_facts(proposal)));
        }
        Ok(Some(format!("; REVERSED by {} at {time}{told}", reversal.id)))
    }

    /// The proposal by which a posting was reversed.
    async fn reversal_of(&self, posting: Uuid) -> Result<Option<Proposal>, ReadFault> {
        let Some(tables) = &self.support else { return Ok(None) };
        let mut before = i64::MAX;
        loop {
            let page = tables.proposals(&self.name, any(Some(ProposalState::Done)), before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(None) };
            before = last.number;
            let found = page.into_iter().find(|proposal| matches!(proposal.act, ProposedAct::Reversal(reversed) if reversed == posting));
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// The reversal of a posting, where no proposal is known: it is searched in the events after the posting.
    async fn reversal_after(&self, event: &Event) -> Result<Option<Event>, ReadFault> {
        let (mut from, end) = (event.seq + 1, event.seq + EVENTS_MAX);
        while from <= end {
            let page = self.store.events(self.book.key, from, EVENTS).await?;
            let Some(last) = page.last() else { return Ok(None) };
            from = last.event.seq + 1;
            let reverses = |body: &Body| matches!(body, Body::Posting(posting) if posting.reverses == Some(event.id));
            if let Some(found) = page.into_iter().find(|stored| reverses(&stored.event.body)) {
                return Ok(Some(found.event));
            }
        }
        Ok(None)
    }

    /// A user's proposals, newest first: those that would change, or changed, an account of the user.
    pub(super) async fn proposals_of(&self, user: &money::UserKey) -> Result<Vec<Value>, ReadFault> {
        let Some(tables) = &self.support else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for id in tables.proposals_about(&self.name, user).await? {
            if let Ok(id) = Uuid::try_parse(&id) {
                found.extend(tables.proposal(&self.name, id).await?.as_ref().map(proposal_line));
            }
            if found.len() >= self.scope.most {
                break;
            }
        }
        Ok(found)
    }
}
