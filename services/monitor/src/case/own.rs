//! What happened to a thing itself: its states, its postings, and the messages to and from its bank.
use super::{CaseSide, StepClass, StepFound};
use crate::{
    audit::ReadFault,
    explain::{StoryTeller, seek::ExplainedThing, summaries::ThingSummary},
};
use books::domain::event::{Body, Event};
use payout::tables::{Payout, PayoutKey, STEPS_SHOWN_MAX};
use std::collections::HashMap;

/// Maximum steps of a thing itself; of more, the earliest are shown.
const OWN_STEPS_MAX: usize = 1_000;

/// The steps of a thing itself, in the order of their time, and its postings.
pub(super) struct OwnSteps {
    pub(super) steps: Vec<StepFound>,
    pub(super) events: Vec<Event>,
}

pub(super) async fn steps(teller: &StoryTeller, thing: &ExplainedThing, summary: &ThingSummary) -> Result<OwnSteps, ReadFault> {
    let events = teller.events_of(thing).await?;
    let mut steps = postings(teller, &events, summary).await?;
    if let ExplainedThing::Payout(payout) = thing {
        steps.extend(of_payout(teller, payout, summary).await?);
    }
    // What has no time comes last; of one time, states come before the postings that they led to.
    steps.sort_by_key(|step| (step.time.unwrap_or(i64::MAX), step.class != StepClass::State));
    steps.truncate(OWN_STEPS_MAX);
    if let Some(first) = steps.first_mut() {
        first.ids = ids(thing);
    }
    Ok(OwnSteps { steps, events })
}

fn step(class: StepClass, time: Option<i64>, state: String, summary: &ThingSummary) -> StepFound {
    StepFound {
        class,
        side: CaseSide::Itself,
        depth: 0,
        thing: summary.clone(),
        time,
        amount: None,
        posting_id: String::new(),
        told: state.clone(),
        state,
        ids: Vec::new(),
    }
}

async fn postings(teller: &StoryTeller, events: &[Event], summary: &ThingSummary) -> Result<Vec<StepFound>, ReadFault> {
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    let times: HashMap<i64, i64> = teller.store.commit_times(teller.book.key, &seqs).await?.into_iter().collect();
    let accounts = teller.account_rows(events).await?;
    let posting = |event: &Event| {
        let first = event.transfers.first();
        let amount = first.and_then(|moved| Some((accounts.get(&moved.debit)?.unit.to_string(), moved.amount)));
        let moved: Vec<String> = event.transfers.iter().map(|transfer| crate::explain::moved(transfer, &accounts)).collect();
        let kind = posting_kind(event);
        StepFound {
            amount,
            posting_id: event.id.to_string(),
            told: format!("{kind}: {}", moved.join(", ")),
            ..step(StepClass::Posting, times.get(&event.seq).copied(), kind, summary)
        }
    };
    Ok(events.iter().map(posting).collect())
}

async fn of_payout(teller: &StoryTeller, payout: &Payout, summary: &ThingSummary) -> Result<Vec<StepFound>, ReadFault> {
    let Some(tables) = &teller.payout else { return Ok(Vec::new()) };
    let place = PayoutKey { book: payout.book.clone(), payout_id: payout.payout_id };
    let mut steps = Vec::new();
    for entered in tables.steps(&place, STEPS_SHOWN_MAX).await?.steps {
        let state = entered.state.name().to_owned();
        let told = if entered.note.is_empty() { state.clone() } else { format!("{state}: {}", entered.note) };
        steps.push(StepFound { told, ..step(StepClass::State, Some(entered.at_ms.saturating_mul(1_000)), state, summary) });
    }
    for passed in tables.passed(&place).await? {
        let (direction, kind) = (passed.direction, passed.kind);
        let times = if passed.times > 1 { format!(", {} times", passed.times) } else { String::new() };
        let told = format!("{kind} {direction}{times}");
        steps.push(StepFound { told, ..step(StepClass::Message, Some(passed.at_ms.saturating_mul(1_000)), kind.to_string(), summary) });
    }
    Ok(steps)
}

/// The kind of a posting, or what else the event is.
pub(super) fn posting_kind(event: &Event) -> String {
    match &event.body {
        Body::Posting(posting) => posting.kind.clone(),
        Body::AccountOpened { .. } => "opening of an account".to_owned(),
        Body::AccountStateSet { .. } => "account state".to_owned(),
        Body::LimitSet { .. } => "debit limit".to_owned(),
        Body::HoldExpired => books::read::HOLD_EXPIRED.to_owned(),
    }
}

/// Further ids of a thing.
pub(super) fn ids(thing: &ExplainedThing) -> Vec<String> {
    match thing {
        ExplainedThing::Payout(payout) => {
            let messages = (1..=payout.sends).map(|send| payout.message_id(send));
            [payout.request_id.to_string(), payout.end_to_end_id()].into_iter().chain(messages).collect()
        }
        ExplainedThing::Purchase(purchase) => vec![purchase.request_id.to_string(), purchase.transaction_id.clone()],
        ExplainedThing::Posting(_)
        | ExplainedThing::Quote(_)
        | ExplainedThing::Refusal(_)
        | ExplainedThing::Proposal(_)
        | ExplainedThing::Beneficiary(_)
        | ExplainedThing::Account(_)
        | ExplainedThing::User(_)
        | ExplainedThing::Described(_) => Vec::new(),
    }
}
