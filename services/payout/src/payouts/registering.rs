//! Registers requests for payouts: the ids, the rules and the rows in one transaction, and with the same few statements for all of them. Once it is committed, the
//! worker finishes payouts whose handler was dropped.

use super::{PayoutRequest, Payouts};
use crate::{
    banks::BankRoute,
    beneficiaries::{unseal, usable},
    domain::{CostBearer, Payout, PayoutKey, PayoutPhase, PayoutState, Sendings, SharedMessages, payee_check::Usable},
    error::{Error, PayoutRefusal},
    routes::{PayoutBounds, why_none},
    store::{
        attempts,
        beneficiaries::{self, Beneficiary},
        payouts,
    },
};
use chart::BookKind;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::time::{millis, unix_ms};
use rpc::StickyRefusal;
use sqlx::AnyConnection;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};
use uuid::Uuid;

/// The RPC's name in the table of requests.
pub(super) const RPC: &str = "RequestPayout";

/// The result of registering a request.
pub(super) enum Registered {
    /// The hold has to be placed.
    Open(Payout),
    /// It was answered before.
    Answered(Payout),
}

impl Payouts {
    /// Registers requests of one book, with ids that differ: what became of each, in their order. An error: nothing was stored of any of them.
    pub(super) async fn register_all(
        &self,
        asks: &[PayoutRequest],
        kind: BookKind,
        now: SystemTime,
    ) -> Result<Vec<Result<Registered, Error>>, Error> {
        let fields: Vec<SentFields> = asks.iter().map(sent_fields).collect();
        let mut tx = self.store.begin().await?;
        let keyed: Vec<_> = asks.iter().map(key_of).zip(&fields).collect();
        let standings = requests::begin_all(&mut tx, &keyed, now).await?;
        let mut registered = Vec::new();
        let mut new = BTreeMap::new();
        for (at, (ask, standing)) in asks.iter().zip(standings).enumerate() {
            registered.push(match standing {
                RequestStanding::Reused { differing } => Err(Error::Reused(differing)),
                RequestStanding::Replay(outcome) if outcome.refusal => {
                    Err(Error::Kept(StickyRefusal::from_bytes(&outcome.bytes).ok_or(crate::store::Error::Row("refusal"))?))
                }
                RequestStanding::Replay(_) => Ok(Registered::Answered(existing(&mut tx, ask).await?)),
                RequestStanding::Unfinished { .. } => Ok(Registered::Open(existing(&mut tx, ask).await?)),
                RequestStanding::New => {
                    // Replaced below, unless it is refused for its time. Checked before anything else is written: the hold's id keeps this time, and the
                    // ledger's refusal of it would be kept as the answer.
                    match money::IdTimeBounds::default().check(ask.request_id.uuid(), unix_ms(now).unsigned_abs()) {
                        Ok(()) => {
                            new.insert(at, ask);
                            Err(Error::HoldUnknown)
                        }
                        Err(untimely) => {
                            requests::forget(&mut tx, key_of(ask)).await?;
                            Err(Error::RequestIdTime(untimely))
                        }
                    }
                }
            });
        }
        for (at, answer) in self.store_new(&mut tx, new, kind, now).await? {
            registered[at] = answer;
        }
        tx.commit().await?;
        Ok(registered)
    }

    /// Checks and stores requests whose ids are new, each with its number.
    async fn store_new(
        &self,
        tx: &mut AnyConnection,
        new: BTreeMap<usize, &PayoutRequest>,
        kind: BookKind,
        now: SystemTime,
    ) -> Result<Vec<(usize, Result<Registered, Error>)>, Error> {
        let Some(book) = new.values().next().map(|ask| ask.book.clone()) else { return Ok(Vec::new()) };
        // Locked until the payouts are stored, so that an erasure of the user's data sees them.
        let ids: BTreeSet<Uuid> = new.values().map(|ask| ask.beneficiary_id).collect();
        let found = beneficiaries::hold_all(tx, &book, &ids).await?;
        let (mut answers, mut routed) = (Vec::new(), Vec::new());
        for (at, ask) in new {
            match self.check(ask, found.get(&ask.beneficiary_id), kind, unix_ms(now))? {
                Ok(route) => {
                    let payout = self.new_payout(ask, payout_id(ask), &route, unix_ms(now));
                    routed.push(RoutedPayout { at, payout, route });
                }
                Err(refusal) => {
                    let stored = refusal.kept();
                    requests::finish(tx, key_of(ask), &KeptAnswer { bytes: stored.to_bytes(), refusal: true }, now).await?;
                    answers.push((at, Err(Error::Kept(stored))));
                }
            }
        }
        take_references(tx, &mut routed).await?;
        let stored: Vec<&Payout> = routed.iter().map(|routed| &routed.payout).collect();
        payouts::insert_all(tx, &stored).await?;
        attempts::begin_all(tx, &stored, unix_ms(now)).await?;
        answers.extend(routed.into_iter().map(|routed| (routed.at, Ok(Registered::Open(routed.payout)))));
        Ok(answers)
    }

    /// This service's rules, in the contract's order; the rail and bank of a payout that passes them.
    fn check(
        &self,
        ask: &PayoutRequest,
        beneficiary: Option<&Beneficiary>,
        kind: BookKind,
        now_ms: i64,
    ) -> Result<Result<BankRoute, PayoutRefusal>, Error> {
        let Some(beneficiary) = beneficiary.filter(|found| found.user == ask.user && !found.is_deleted()) else {
            return Ok(Err(PayoutRefusal::BeneficiaryUnknown));
        };
        if usable(beneficiary, self.config.payee_unchecked) == Usable::NeedsConfirmation {
            return Ok(Err(PayoutRefusal::PayeeUnconfirmed));
        }
        if beneficiary.currency != ask.amount.currency() {
            return Ok(Err(PayoutRefusal::CurrencyUnsupported));
        }
        let payee = unseal(&self.vault, &ask.book, beneficiary)?;
        let options = self.options(&payee, ask.amount, PayoutBounds { kind, entity: None, rails_tried: "" }, now_ms);
        let Some(route) = options.choice.chosen.clone() else { return Ok(Err(why_none(&options))) };
        if options.bearer == CostBearer::Creator && options.cost_minor_units >= ask.amount.minor_units() {
            return Ok(Err(PayoutRefusal::AmountTooSmall { cost_minor_units: options.cost_minor_units }));
        }
        Ok(Ok(route))
    }

    fn new_payout(&self, ask: &PayoutRequest, payout_id: Uuid, route: &BankRoute, now_ms: i64) -> Payout {
        Payout {
            book: ask.book.clone(),
            payout_id,
            user: ask.user.clone(),
            beneficiary_id: ask.beneficiary_id,
            request_id: ask.request_id.uuid(),
            amount: ask.amount,
            attempt: self.banks.attempt(1, route, ask.amount),
            rails_tried: String::new(),
            bearer: self.banks.bearer(),
            reviewed: false,
            returned_minor_units: 0,
            returnable_until_ms: 0,
            phase: PayoutPhase::Requested,
            state: PayoutState::Requested,
            version: 1,
            // The handler's own time; after that the worker considers it lost.
            due_at_ms: now_ms.saturating_add(millis(self.config.lease)),
            claimed: false,
            attempts: 0,
            sends: 0,
            sendings: Sendings::default(),
            shared: SharedMessages::default(),
            sent_at_ms: 0,
            first_sent_at_ms: 0,
            seen: false,
            step_key: chart::id::payout_step_key(payout_id, PayoutPhase::Requested.name(), 0, now_ms),
            bank_status: String::new(),
            reason_code: String::new(),
            reason: String::new(),
            blocked_by: String::new(),
            hold_posting_id: String::new(),
            hold_transfer_no: 0,
            submit_posting_id: String::new(),
            final_posting_id: String::new(),
            unblock_posting_id: String::new(),
            bank_time_ms: 0,
            traceparent: rpc::trace::current_traceparent().unwrap_or_default(),
            created_at_ms: now_ms,
            final_at_ms: 0,
        }
    }
}

fn sent_fields(ask: &PayoutRequest) -> SentFields {
    SentFields::new()
        .with("beneficiary_id", ask.beneficiary_id)
        .with("amount.currency_code", ask.amount.currency())
        .with("amount.minor_units", ask.amount.minor_units())
}

fn key_of(ask: &PayoutRequest) -> RequestKey<'_> {
    RequestKey { book: &ask.book, subject: &ask.user, rpc: RPC, request_id: &ask.request_id }
}

/// The id of a request's payout, the same at every try.
fn payout_id(ask: &PayoutRequest) -> Uuid {
    chart::id::payout(ask.request_id.uuid(), &ask.book, ask.user.as_str())
}

async fn existing(tx: &mut AnyConnection, ask: &PayoutRequest) -> Result<Payout, Error> {
    let payout_key = PayoutKey { book: ask.book.clone(), payout_id: payout_id(ask) };
    Ok(payouts::get(tx, &payout_key).await?.ok_or(crate::store::Error::Row("payout"))?)
}

/// A new payout, and how it will be paid.
struct RoutedPayout {
    /// Its place among the requests.
    at: usize,
    payout: Payout,
    route: BankRoute,
}

/// Gives each payout the next short reference of the account that pays it.
async fn take_references(tx: &mut AnyConnection, routed: &mut [RoutedPayout]) -> Result<(), Error> {
    let account = |payout: &Payout| (payout.attempt.bank.clone(), format!("{}/{}", payout.attempt.bank_account, payout.amount.currency()));
    let mut next: BTreeMap<(String, String), i64> = BTreeMap::new();
    for RoutedPayout { payout, .. } in routed.iter() {
        *next.entry(account(payout)).or_default() += 1;
    }
    for ((bank, bank_account), number) in &mut next {
        *number = attempts::next_numbers(tx, bank, bank_account, *number).await?;
    }
    for RoutedPayout { payout, route, .. } in routed {
        let number = next.get_mut(&account(payout)).expect("each account was counted");
        payout.attempt.reference = attempts::numbered(&route.account.1, *number)?;
        *number += 1;
    }
    Ok(())
}
