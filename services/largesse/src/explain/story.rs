//! What is told of a thing: a sentence, facts, its postings, and the ways to others.
use super::{
    Teller,
    links::{Links, amount_text},
    seek::Thing,
};
use crate::{audit::Fault, export::kind_name};
use earnings::domain::State as QuoteState;
use ledger::{
    domain::{
        account::Account,
        event::{Body, Event},
    },
    stamp,
    store::RefusalRow,
};
use payout::{domain::Payout, store::payouts::Place};
use purchase::domain::State as PurchaseState;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// In which direction a story goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Where the money came from.
    From,
    /// What became of it.
    Into,
    /// Both.
    Both,
}

/// What is told of a thing.
#[derive(Debug, Serialize)]
pub struct Story {
    /// `purchase`, `gift`, `quote`, `payout`, `refusal`, or the kind of a posting.
    pub what: String,
    /// Its own id.
    pub id: String,
    /// Its book.
    pub book: String,
    /// In a sentence.
    pub told: String,
    /// By name.
    pub facts: Map<String, Value>,
    /// What the ledger has of it, in order.
    pub postings: Vec<Posted>,
    /// Where the money came from.
    pub from: Links,
    /// What became of it.
    pub into: Links,
}

/// A posting.
#[derive(Debug, Serialize)]
pub struct Posted {
    /// Its id.
    pub posting_id: String,
    /// Its place in the journal.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// When it was committed, RFC 3339.
    pub time: String,
    /// What it moved.
    pub transfers: Vec<Moved>,
}

/// A transfer.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// `POSTED`, `PENDING` and so on.
    pub kind: &'static str,
    /// From.
    pub debit_account: String,
    /// To.
    pub credit_account: String,
    /// In the unit's smallest part.
    pub amount: i64,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// As people read it.
    pub told: String,
}

/// A thing's own words, before its postings are looked up.
struct Words {
    what: String,
    id: String,
    told: String,
    facts: Map<String, Value>,
    /// Ids of its postings in the order of events, those that there are.
    postings: Vec<Uuid>,
}

fn facts(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

fn time_ms(ms: i64) -> String {
    stamp::text(ms.saturating_mul(1_000))
}

fn parsed<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<Uuid> {
    ids.into_iter().filter_map(|id| Uuid::try_parse(id).ok()).collect()
}

impl Teller {
    pub(super) async fn story(&self, thing: Thing, (way, depth): (Way, usize)) -> Result<Story, Fault> {
        let words = match &thing {
            Thing::Purchase(purchase) => purchase_words(purchase),
            Thing::Quote(quote) => quote_words(quote),
            Thing::Payout(payout) => self.payout_words(payout).await?,
            Thing::Refusal(refusal) => refusal_words(refusal),
            Thing::Posting(event) => {
                Words { what: String::new(), id: event.id.to_string(), told: String::new(), facts: Map::new(), postings: vec![event.id] }
            }
        };
        let mut events = Vec::new();
        for id in &words.postings {
            events.extend(self.store.event_by_id(self.book.key, *id).await?);
        }
        let accounts = self.accounts(&events).await?;
        let words = match &thing {
            Thing::Posting(event) => posting_words(event, &accounts),
            _ => words,
        };
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        let times: HashMap<i64, i64> = self.store.commit_times(self.book.key, &seqs).await?.into_iter().collect();
        let postings = events.iter().map(|event| posted(event, times.get(&event.seq).copied().unwrap_or(0), &accounts)).collect();
        let from = if way == Way::Into { Links::default() } else { self.links(&events, &accounts, (Way::From, depth)).await? };
        let into = if way == Way::From { Links::default() } else { self.links(&events, &accounts, (Way::Into, depth)).await? };
        let Words { what, id, told, facts, .. } = words;
        Ok(Story { what, id, book: self.book.name.clone(), told, facts, postings, from, into })
    }

    async fn payout_words(&self, payout: &Payout) -> Result<Words, Fault> {
        let place = Place { book: payout.book.clone(), payout_id: payout.payout_id };
        let (mut steps, mut messages, mut account) = (Vec::new(), Vec::new(), "an account that is not known any more".to_owned());
        if let Some(tables) = &self.payout {
            let step = |step: payout::store::payouts::Step| json!({ "state": step.state.name(), "time": time_ms(step.at_ms) });
            steps.extend(tables.steps(&place).await?.into_iter().map(step));
            let passed = |passed: payout::store::messages::Passed| {
                json!({
                    "direction": passed.direction, "kind": passed.kind, "http_status": passed.http_status, "time": time_ms(passed.at_ms),
                })
            };
            messages.extend(tables.passed(&place).await?.into_iter().map(passed));
            if let Some(beneficiary) = tables.beneficiary(&payout.book, payout.beneficiary_id).await? {
                account = beneficiary.masked_account;
            }
        }
        let message_ids: Vec<String> = (1..=payout.sends).map(|send| payout.message_id(send)).collect();
        let known = facts(json!({
            "state": payout.state.name(), "request_id": payout.request_id, "beneficiary_id": payout.beneficiary_id,
            "end_to_end_id": payout.end_to_end_id(), "message_ids": message_ids, "bank_status": payout.bank_status,
            "reason_code": payout.reason_code, "bank_time_ms": payout.bank_time_ms, "steps": steps, "messages": messages,
            "trace": payout.traceparent,
        }));
        let (user, amount, rail, state) = (&payout.user, payout.amount, payout.rail.name(), payout.state.name());
        Ok(Words {
            what: "payout".to_owned(),
            id: payout.payout_id.to_string(),
            told: format!("{user} is paid {amount} over {rail} to {account}: {state}"),
            facts: known,
            postings: parsed([&payout.hold_posting_id, &payout.submit_posting_id, &payout.final_posting_id]),
        })
    }
}

fn purchase_words(purchase: &purchase::domain::Purchase) -> Words {
    let (state, posting) = match &purchase.state {
        PurchaseState::Credited(credit) => ("credited", Uuid::try_parse(&credit.posting_id).ok()),
        // Perhaps posted and not recorded: then the ledger has it.
        PurchaseState::Verified => ("not known to be credited", Some(ledger::posted_id(purchase.credit_id(), purchase.book.as_str()))),
    };
    let value = &purchase.value;
    Words {
        what: "purchase".to_owned(),
        id: purchase.purchase_id.to_string(),
        told: format!("{} bought {} coins for {}: {state}", purchase.user, value.coins.get(), value.price),
        facts: facts(json!({
            "request_id": purchase.request_id, "transaction_id": purchase.transaction_id, "environment": purchase.environment,
            "bundle_id": purchase.bundle_id, "product_id": purchase.product_id, "quantity": purchase.quantity,
            "tax": value.tax.to_string(), "commission": value.commission.to_string(), "purchase_time": time_ms(purchase.purchased_at_ms),
            "verify_time": time_ms(purchase.created_at_ms),
        })),
        postings: posting.into_iter().collect(),
    }
}

fn quote_words(quote: &earnings::domain::Quote) -> Words {
    let amounts = &quote.amounts;
    let (did, posting) = match &quote.state {
        QuoteState::Used { posting_id } => ("turned", Some(posting_id)),
        QuoteState::Accepting(_) => ("is turning", None),
        QuoteState::Open => ("was offered to turn", None),
    };
    Words {
        what: "quote".to_owned(),
        id: quote.id.to_string(),
        told: format!("{} {did} {} diamonds into {}", quote.user, quote.diamonds.get(), amounts.net),
        facts: facts(json!({
            "rate": quote.rate.to_string(), "rate_date": quote.rate_date.to_string(), "rate_card_version": quote.rate_card_version,
            "gross": amounts.gross.to_string(), "withholding": amounts.withholding.to_string(), "fee": amounts.fee.to_string(),
            "create_time": quote.create_time.to_rfc3339(), "expire_time": quote.expire_time.to_rfc3339(),
        })),
        postings: parsed(posting),
    }
}

fn refusal_words(refusal: &RefusalRow) -> Words {
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>();
    Words {
        what: "refusal".to_owned(),
        id: refusal.id.to_string(),
        told: format!("refused: {}; nothing moved", refusal.told.reason),
        facts: facts(json!({ "time": stamp::text(refusal.time), "details": pairs(&refusal.told.facts), "asked": pairs(&refusal.fields) })),
        postings: Vec::new(),
    }
}

/// The user of an account of this form, `viewer/<user>/coins`.
fn owner<'a>(account: &'a Account, kind: &str) -> Option<&'a str> {
    account.name.strip_prefix(kind)?.strip_prefix('/')?.split('/').next()
}

fn posting_words(event: &Event, accounts: &HashMap<i64, Account>) -> Words {
    let (id, postings) = (event.id.to_string(), vec![event.id]);
    let (kind, fields) = match &event.body {
        Body::Posting(posting) => (posting.kind.clone(), posting.fields.clone()),
        Body::AccountOpened { name, .. } => (format!("opening of {name}"), Default::default()),
        Body::AccountStateSet { fields, .. } => ("account state".to_owned(), fields.clone()),
        Body::LimitSet { fields, .. } => ("debit limit".to_owned(), fields.clone()),
        Body::HoldExpired => ("end of a hold whose time had come".to_owned(), Default::default()),
    };
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let told = if kind == "gift" {
        let mut people = (String::new(), field("creator_id").to_owned());
        let mut moved = Vec::new();
        for transfer in &event.transfers {
            if let Some(viewer) = accounts.get(&transfer.debit).and_then(|account| owner(account, "viewer")) {
                people.0 = viewer.to_owned();
            }
            if let Some(creator) = accounts.get(&transfer.credit).and_then(|account| owner(account, "creator")) {
                people.1 = creator.to_owned();
            }
            moved.extend(accounts.get(&transfer.debit).map(|account| amount_text(transfer.amount, account.unit)));
        }
        let (quantity, gift_id, room) = (field("quantity"), field("gift_id"), field("room_id"));
        let quantity = if quantity.is_empty() { "1" } else { quantity };
        format!("{} gave {} {quantity} of gift {gift_id} in room {room}: {}", people.0, people.1, moved.join(", "))
    } else {
        kind.clone()
    };
    let mut known: Map<String, Value> = fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Body::Posting(posting) = &event.body
        && let Some(reversed) = posting.reverses
    {
        known.insert("reverses".to_owned(), json!(reversed));
    }
    Words { what: kind, id, told, facts: known, postings }
}

fn posted(event: &Event, time: i64, accounts: &HashMap<i64, Account>) -> Posted {
    let kind = match &event.body {
        Body::Posting(posting) => posting.kind.clone(),
        Body::AccountOpened { .. } | Body::AccountStateSet { .. } | Body::LimitSet { .. } | Body::HoldExpired => String::new(),
    };
    let name = |key: i64| accounts.get(&key).map(|account| account.name.to_string()).unwrap_or_default();
    let transfers = event.transfers.iter().map(|transfer| {
        let unit = accounts.get(&transfer.debit).map(|account| account.unit);
        Moved {
            kind: kind_name(transfer.kind),
            debit_account: name(transfer.debit),
            credit_account: name(transfer.credit),
            amount: transfer.amount,
            unit: unit.map(|unit| unit.to_string()).unwrap_or_default(),
            told: unit.map(|unit| amount_text(transfer.amount, unit)).unwrap_or_default(),
        }
    });
    Posted { posting_id: event.id.to_string(), seq: event.seq, kind, time: stamp::text(time), transfers: transfers.collect() }
}
