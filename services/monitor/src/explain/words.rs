//! Each thing in words: a sentence and facts, before its postings are read.
use super::StoryTeller;
use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        chart::Unit,
        event::{Body, Event, Transfer},
    },
    stamp,
    store::RefusalRow,
};
use chart::{Account, PostingKind};
use earnings::tables::{Quote, QuoteState};
use payout::tables::{PassedMessage, Payout, PayoutKey, PayoutStep, STEPS_SHOWN_MAX};
use purchase::tables::{Purchase, PurchaseState};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// A thing's own words, before its postings are read.
#[derive(Debug, Clone)]
pub struct StoryWords {
    pub(super) what: String,
    pub(super) id: String,
    pub(super) told: String,
    /// When it was made, in microseconds since the Unix epoch; `None` for what has always been there.
    pub(super) made_at: Option<i64>,
    /// The users to whom it belongs; owners of the accounts of its postings are added later.
    pub(super) users: Vec<String>,
    pub(super) facts: Map<String, Value>,
    /// Ids of its postings in the order of events, as far as they exist.
    pub(super) postings: Vec<Uuid>,
}

pub(super) fn facts(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// The time when a thing was made, from Unix milliseconds.
pub(super) fn made_ms(ms: i64) -> Option<i64> {
    Some(ms.saturating_mul(1_000))
}

pub(super) fn time_ms(ms: i64) -> String {
    stamp::text(ms.saturating_mul(1_000))
}

pub(super) fn parsed<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<Uuid> {
    ids.into_iter().filter_map(|id| Uuid::try_parse(id).ok()).collect()
}

impl StoryTeller {
    pub(super) async fn payout_words(&self, payout: &Payout) -> Result<StoryWords, ReadFault> {
        let place = PayoutKey { book: payout.book.clone(), payout_id: payout.payout_id };
        let (mut steps, mut messages, mut account) = (Vec::new(), Vec::new(), "an account that is not known any more".to_owned());
        if let Some(tables) = &self.payout {
            let step = |step: PayoutStep| json!({ "state": step.state.name(), "time": time_ms(step.at_ms), "note": step.note, "times": step.times });
            steps.extend(tables.steps(&place, STEPS_SHOWN_MAX).await?.steps.into_iter().map(step));
            let passed = |passed: PassedMessage| {
                json!({
                    "direction": passed.direction, "kind": passed.kind, "http_status": answered(&passed), "time": time_ms(passed.at_ms),
                    "times": passed.times,
                })
            };
            messages.extend(tables.passed(&place).await?.into_iter().map(passed));
            if let Some(beneficiary) = tables.beneficiary(&payout.book, payout.beneficiary_id).await? {
                account = beneficiary.masked_account;
            }
        }
        let after = self.after_payment(&place).await?;
        let message_ids: Vec<String> = (1..=payout.sends).map(|send| payout.message_id(send)).collect();
        let decided = self.decided_of(&place).await?;
        let mut known = facts(json!({
            "state": payout.state.name(), "request_id": payout.request_id, "beneficiary_id": payout.beneficiary_id,
            "end_to_end_id": payout.end_to_end_id(), "message_ids": message_ids, "bank_status": payout.bank_status,
            "reason_code": payout.reason_code, "blocked_by": payout.blocked_by, "bank_time_ms": payout.bank_time_ms, "steps": steps, "messages": messages,
            "trace": payout.traceparent, "returned_minor_units": payout.returned_minor_units, "returns": after.returns, "recalls": after.recalls,
        }));
        known.extend(decided.facts);
        Ok(StoryWords {
            what: "payout".to_owned(),
            id: payout.payout_id.to_string(),
            told: format!("{}{}{}", paid(payout, &account), after.told, decided.told),
            made_at: made_ms(payout.created_at_ms),
            users: vec![payout.user.to_string()],
            facts: known,
            postings: parsed(
                [&payout.hold_posting_id, &payout.submit_posting_id, &payout.final_posting_id].into_iter().chain(&after.postings),
            ),
        })
    }
}

/// A payout's own sentence.
pub(super) fn paid(payout: &Payout, account: &str) -> String {
    let (user, amount, rail, state) = (&payout.user, payout.amount, payout.attempt.rail.as_str(), payout.state.name());
    let is = if state == "rejected" { "is not" } else { "is" };
    format!("{user} {is} paid {amount} over {rail} to {account}: {state}")
}

pub(super) fn purchase_words(purchase: &Purchase) -> StoryWords {
    let (state, posting) = match &purchase.state {
        PurchaseState::Credited(credit) => ("credited", Uuid::try_parse(&credit.posting_id).ok()),
        PurchaseState::Suspended { posting_id } => ("in suspense, because the wallet is closed", Uuid::try_parse(posting_id).ok()),
        PurchaseState::Blocked => ("never to be credited as it is", None),
        // It may be posted without being recorded; then the ledger has the posting.
        PurchaseState::Verified => ("not known to be credited", Some(chart::id::posted(purchase.credit_id(), purchase.book.as_str()))),
    };
    let value = &purchase.value;
    StoryWords {
        what: "purchase".to_owned(),
        id: purchase.purchase_id.to_string(),
        told: format!("{} bought {} coins for {}: {state}", purchase.user, value.coins.get(), value.price),
        made_at: made_ms(purchase.created_at_ms),
        users: vec![purchase.user.to_string()],
        facts: facts(json!({
            "request_id": purchase.request_id, "transaction_id": purchase.transaction_id, "environment": purchase.environment,
            "bundle_id": purchase.bundle_id, "product_id": purchase.product_id, "quantity": purchase.quantity,
            "tax": value.tax.to_string(), "commission": value.commission.to_string(), "purchase_time": time_ms(purchase.purchased_at_ms),
            "verify_time": time_ms(purchase.created_at_ms), "blocked_by": purchase.blocked_by, "attempts": purchase.tries,
        })),
        postings: posting.into_iter().collect(),
    }
}

pub(super) fn quote_words(quote: &Quote) -> StoryWords {
    let amounts = &quote.amounts;
    let (did, posting) = match &quote.state {
        QuoteState::Used { posting_id } => ("turned", Some(posting_id)),
        QuoteState::Accepting(_) => ("is turning", None),
        QuoteState::Open => ("was offered to turn", None),
    };
    StoryWords {
        what: "quote".to_owned(),
        id: quote.id.to_string(),
        told: format!("{} {did} {} into {}", quote.user, Unit::Diamond.amount_text(quote.diamonds.get()), amounts.net),
        made_at: Some(quote.create_time.as_microsecond()),
        users: vec![quote.user.to_string()],
        facts: facts(json!({
            "rate": quote.rate.to_string(), "rate_date": quote.rate_date.to_string(), "rate_card_version": quote.rate_card_version,
            "gross": amounts.gross.to_string(), "withholding": amounts.withholding.to_string(), "fee": amounts.fee.to_string(),
            "create_time": stamp::text(quote.create_time.as_microsecond()), "expire_time": stamp::text(quote.expire_time.as_microsecond()),
        })),
        postings: parsed(posting),
    }
}

pub(super) fn refusal_words(refusal: &RefusalRow) -> StoryWords {
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>();
    let details: Vec<String> = refusal.told.facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    StoryWords {
        what: "refusal".to_owned(),
        id: refusal.id.to_string(),
        told: format!("refused: {}{details}; nothing moved", refusal.told.reason),
        made_at: Some(refusal.time),
        users: Vec::new(),
        facts: facts(json!({ "time": stamp::text(refusal.time), "details": pairs(&refusal.told.facts), "asked": pairs(&refusal.fields) })),
        postings: Vec::new(),
    }
}

/// What a bank answered, if it did.
fn answered(passed: &PassedMessage) -> Value {
    if passed.direction == "received" && passed.http_status == 0 { json!("none in time") } else { json!(passed.http_status) }
}

/// A transfer in words.
pub(crate) fn moved(transfer: &Transfer, accounts: &HashMap<i64, BookAccount>) -> String {
    let name = |key: i64| accounts.get(&key).map_or("?", |account| &*account.name);
    let amount =
        accounts.get(&transfer.debit).map_or_else(|| transfer.amount.to_string(), |account| account.unit.amount_text(transfer.amount));
    format!("{amount} from {} to {}", name(transfer.debit), name(transfer.credit))
}

impl StoryTeller {
    /// What was given by this posting, committed at this time in microseconds since the Unix epoch; empty where it is no gift's.
    pub(super) async fn gift_given(&self, event: &Event, time: Option<i64>) -> Result<String, ReadFault> {
        let Body::Posting(posting) = &event.body else { return Ok(String::new()) };
        if posting.kind != PostingKind::Gift.name() {
            return Ok(String::new());
        }
        let field = |name: &str| posting.field(name).unwrap_or_default();
        Ok(self.gift_names().await?.gift(field("quantity"), field("gift_id"), time.unwrap_or(i64::MAX)))
    }
}

/// `gift`: what was given, where it is a gift's posting.
pub(super) fn posting_words(event: &Event, accounts: &HashMap<i64, BookAccount>, gift: &str) -> StoryWords {
    let (id, postings) = (event.id.to_string(), vec![event.id]);
    let (kind, fields) = match &event.body {
        Body::Posting(posting) => (posting.kind.clone(), posting.fields.clone()),
        Body::AccountOpened { name, .. } => (format!("opening of {name}"), Default::default()),
        Body::AccountStateSet { fields, .. } => ("account state".to_owned(), fields.clone()),
        Body::LimitSet { fields, .. } => ("debit limit".to_owned(), fields.clone()),
        Body::HoldExpired => ("expiry of a hold".to_owned(), Default::default()),
    };
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let told = if kind == PostingKind::Gift.name() {
        let account = |key: i64| accounts.get(&key).and_then(|account| Account::parse(&account.name));
        let mut people = (String::new(), field("creator_id").to_owned());
        let mut moved = Vec::new();
        for transfer in &event.transfers {
            if let Some(Account::ViewerCoins(viewer)) = account(transfer.debit) {
                people.0 = viewer.as_str().to_owned();
            }
            if let Some(Account::CreatorDiamonds(creator)) = account(transfer.credit) {
                people.1 = creator.as_str().to_owned();
            }
            moved.extend(accounts.get(&transfer.debit).map(|account| account.unit.amount_text(transfer.amount)));
        }
        format!("{} gave {} {gift} in room {}: {}", people.0, people.1, field("room_id"), moved.join(", "))
    } else {
        kind.clone()
    };
    let mut known: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Body::Posting(posting) = &event.body
        && let Some(reversed) = posting.reverses
    {
        known.insert("reverses".to_owned(), json!(reversed));
    }
    let told = match &event.body {
        Body::Posting(posting) if posting.reverses.is_some() || kind == PostingKind::Adjustment.name() => {
            let moved = event.transfers.iter().map(|transfer| moved(transfer, accounts));
            format!("{told}: {}", moved.collect::<Vec<_>>().join(", "))
        }
        _ => told,
    };
    StoryWords { what: kind, id, told, made_at: None, users: Vec::new(), facts: known, postings }
}
