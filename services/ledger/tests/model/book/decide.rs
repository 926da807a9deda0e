//! The book's expected answer to a request under a new id.
use super::{AMOUNT_MAX, Book, BookAccount, Change, Decision, Hold, Moment, Sums, told_account};
use crate::{ask::Answer, chart};
use api::ledger as pb;
use pb::guard::Operation;
use std::collections::HashMap;
use tonic::Code;

/// A posting being decided.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// In the order they are first named; `true`: opened by it.
    pub(super) accounts: Vec<(String, Moment, bool)>,
    pub(super) guards: Vec<(String, (i64, Option<i64>))>,
    pub(super) reverses: Option<String>,
    pub(super) resolves: Option<i64>,
    pub(super) plain: bool,
    /// When its legs' holds expire, in microseconds.
    pub(super) ends: Vec<Option<i64>>,
}

/// A leg: from, to, amount, and what it does.
#[derive(Clone, Copy, PartialEq)]
enum Move {
    Now,
    Hold,
    /// Posts some of a hold and releases all of it.
    OfHold(i64),
    /// Releases a hold.
    Release(i64),
}

struct Leg {
    debit: String,
    credit: String,
    amount: i128,
    what: Move,
    allow_debt: bool,
}

fn failed(reason: &str, facts: &[(&str, String)]) -> Answer {
    let code = match reason {
        "PENDING_UNKNOWN" | "POSTING_UNKNOWN" | "ACCOUNT_UNKNOWN" => Code::NotFound,
        _ => Code::FailedPrecondition,
    };
    Answer::refused(code, reason, facts)
}

impl Book {
    pub(super) fn post(&self, post: &pb::PostRequest, now_ms: u64) -> Result<Decision, Answer> {
        if !post.refusal.is_empty() {
            let detail = [("detail", post.refusal_detail.clone())];
            return Err(failed(&post.refusal, if post.refusal_detail.is_empty() { &[] } else { &detail }));
        }
        ends_in_range(&post.transfers, now_ms)?;
        let mut draft = Draft { plain: !post.transfers.is_empty(), ..Draft::default() };
        for transfer in &post.transfers {
            self.draw(&mut draft, &transfer.debit_account);
            self.draw(&mut draft, &transfer.credit_account);
        }
        unlocked(&draft)?;
        let mut times = None;
        let mut told = Vec::new();
        // A counter with another value than expected is reported before one that is capped.
        let mismatch = |guard: &&pb::Guard| matches!(guard.operation, Some(Operation::CompareAndSet(_)));
        for guard in post.guards.iter().filter(mismatch) {
            self.guard(guard)?;
        }
        for guard in &post.guards {
            let (after, shown, advance) = self.guard(guard)?;
            times = times.or(advance);
            draft.guards.push((guard.key.clone(), after));
            told.push(pb::Guard { key: guard.key.clone(), operation: Some(shown) });
        }
        let amounts = balanced(&draft, &post.transfers, times);
        if amounts.iter().any(|amount| *amount > i128::from(AMOUNT_MAX)) {
            return Err(failed("OVERFLOW", &[]));
        }
        draft.accounts.clear();
        let mut legs = Vec::new();
        for (transfer, amount) in post.transfers.iter().zip(amounts).filter(|(_, amount)| *amount != 0) {
            self.draw(&mut draft, &transfer.debit_account);
            self.draw(&mut draft, &transfer.credit_account);
            let what = if transfer.pending { Move::Hold } else { Move::Now };
            let (debit, credit) = (transfer.debit_account.clone(), transfer.credit_account.clone());
            legs.push(Leg { debit, credit, amount, what, allow_debt: transfer.allow_debt });
            draft.ends.push(transfer.expire_time.map(micros));
        }
        self.finish(draft, legs, &post.kind, told, post.effective_time)
    }

    /// The counter after it, the guard as reported, and the factor for the amounts.
    #[allow(clippy::type_complexity)]
    fn guard(&self, guard: &pb::Guard) -> Result<((i64, Option<i64>), Operation, Option<i128>), Answer> {
        let (value, cap) = self.guards.get(&guard.key).copied().unwrap_or_default();
        let key = ("guard", guard.key.clone());
        match guard.operation.expect("well formed") {
            Operation::CompareAndSet(set) if set.expected == value => Ok(((set.next, cap), Operation::CompareAndSet(set), None)),
            Operation::CompareAndSet(set) => {
                Err(failed("GUARD_MISMATCH", &[key, ("expected", set.expected.to_string()), ("actual", value.to_string())]))
            }
            Operation::AdvanceTo(to) => match cap {
                Some(cap) if to > cap => Err(failed("GUARD_CAPPED", &[key, ("cap", cap.to_string()), ("wanted", to.to_string())])),
                _ => {
                    let after = value.max(to);
                    Ok(((after, cap), Operation::AdvanceTo(after), Some(i128::from(after) - i128::from(value))))
                }
            },
            Operation::CapAt(asked) => {
                // Values up to the present one, and up to the earlier cap, stay allowed.
                let after = asked.max(value).max(cap.unwrap_or(asked));
                Ok(((value, Some(after)), Operation::CapAt(after), None))
            }
            Operation::Add(by) => match value.checked_add(by) {
                Some(after) => Ok(((after.max(0), cap), Operation::Add(by), None)),
                None => Err(failed("OVERFLOW", &[])),
            },
        }
    }

    fn open_hold(&self, no: i64) -> Result<&Hold, Answer> {
        let number = [("transfer_no", no.to_string())];
        let hold = self.holds.get(&no).ok_or_else(|| failed("PENDING_UNKNOWN", &number))?;
        if hold.expired {
            return Err(failed("PENDING_EXPIRED", &number));
        }
        if hold.open { Ok(hold) } else { Err(failed("PENDING_RESOLVED", &number)) }
    }

    pub(super) fn post_pending(&self, post: &pb::PostPendingRequest) -> Result<Decision, Answer> {
        let hold = self.open_hold(post.transfer_no)?;
        let amount = if post.amount == 0 { hold.amount } else { post.amount };
        if amount > hold.amount {
            return Err(failed("PENDING_EXCEEDED", &[("held", hold.amount.to_string()), ("wanted", amount.to_string())]));
        }
        self.resolve(post.transfer_no, amount, Move::OfHold(hold.amount), &post.kind)
    }

    pub(super) fn void_pending(&self, void: &pb::VoidPendingRequest) -> Result<Decision, Answer> {
        let hold = self.open_hold(void.transfer_no)?;
        self.resolve(void.transfer_no, hold.amount, Move::Release(hold.amount), &void.kind)
    }

    fn resolve(&self, no: i64, amount: i64, what: Move, kind: &str) -> Result<Decision, Answer> {
        let hold = &self.holds[&no];
        let mut draft = Draft { resolves: Some(no), ..Draft::default() };
        self.draw(&mut draft, &hold.debit);
        self.draw(&mut draft, &hold.credit);
        if matches!(what, Move::OfHold(_)) {
            unlocked(&draft)?;
        }
        let leg = Leg { debit: hold.debit.clone(), credit: hold.credit.clone(), amount: amount.into(), what, allow_debt: false };
        self.finish(draft, vec![leg], kind, Vec::new(), None)
    }

    pub(super) fn reverse(&self, reverse: &pb::ReverseRequest) -> Result<Decision, Answer> {
        let which = [("posting_id", reverse.posting_id.clone())];
        let source = self.postings.get(&reverse.posting_id).ok_or_else(|| failed("POSTING_UNKNOWN", &which))?;
        if source.reversed {
            return Err(failed("ALREADY_REVERSED", &which));
        }
        if !source.reversible {
            return Err(failed("NOT_REVERSIBLE", &which));
        }
        let mut draft = Draft { reverses: Some(reverse.posting_id.clone()), ..Draft::default() };
        let mut legs = Vec::new();
        for transfer in source.told.transfers.iter().rev() {
            let (debit, credit) = (transfer.credit_account.clone(), transfer.debit_account.clone());
            self.draw(&mut draft, &debit);
            self.draw(&mut draft, &credit);
            legs.push(Leg { debit, credit, amount: transfer.amount.into(), what: Move::Now, allow_debt: reverse.allow_debt });
        }
        unlocked(&draft)?;
        self.finish(draft, legs, &reverse.kind, Vec::new(), None)
    }

    pub(super) fn set_state(&self, set: &pb::SetAccountStateRequest) -> Result<Decision, Answer> {
        let name = [("account", set.account.clone())];
        let Moment { sums, state, .. } = self.accounts.get(&set.account).ok_or_else(|| failed("ACCOUNT_UNKNOWN", &name))?.now();
        if state == pb::AccountState::Closed && set.state() != state {
            return Err(failed("ACCOUNT_CLOSED", &name));
        }
        if set.state() == pb::AccountState::Closed {
            let [account] = name;
            let fact = |name, value: i128| (name, value.to_string());
            if set.account.starts_with("house/") || set.account.ends_with("/debt") {
                return Err(failed("HOUSE_ACCOUNT", &[account]));
            }
            if sums.credits != sums.debits || sums.debits_pending != 0 || sums.credits_pending != 0 {
                let facts = [
                    account,
                    fact("balance", sums.credits - sums.debits),
                    fact("debits_pending", sums.debits_pending),
                    fact("credits_pending", sums.credits_pending),
                ];
                return Err(failed("ACCOUNT_NOT_EMPTY", &facts));
            }
            let (in_flight, _) = self.guards.get(&format!("in_flight/{}", set.account)).copied().unwrap_or_default();
            if in_flight > 0 {
                return Err(failed("ACCOUNT_IN_FLIGHT", &[account, fact("in_flight", in_flight.into())]));
            }
            let debt = set.account.strip_prefix("viewer/").and_then(|rest| rest.strip_suffix("/coins"));
            let debt = debt.and_then(|user| self.accounts.get(&format!("viewer/{user}/debt"))).map(BookAccount::now);
            let owed = debt.map_or(0, |debt| debt.sums.debits - debt.sums.credits);
            if owed > 0 {
                return Err(failed("COINS_OWED", &[account, fact("owed", owed)]));
            }
        }
        Ok(Decision { answer: Answer::Done(Vec::new()), change: Change::State(set.clone()) })
    }

    fn draw(&self, draft: &mut Draft, name: &str) {
        if draft.accounts.iter().all(|(drawn, ..)| drawn != name) {
            let fresh = Moment { sums: Sums::default(), state: pb::AccountState::Open, seq: 0 };
            let there = self.accounts.get(name).map(BookAccount::now);
            draft.accounts.push((name.to_owned(), there.unwrap_or(fresh), there.is_none()));
        }
    }

    /// Sums and funds. A sum out of range anywhere is reported before missing funds anywhere.
    fn finish(
        &self,
        mut draft: Draft,
        legs: Vec<Leg>,
        kind: &str,
        guards: Vec<pb::Guard>,
        effective_time: Option<prost_types::Timestamp>,
    ) -> Result<Decision, Answer> {
        let opened = draft.accounts.iter().filter(|(_, _, new)| *new).count();
        let seq = self.next_seq + i64::try_from(opened).expect("few");
        let mut short = None;
        let mut transfers = Vec::new();
        for leg in &legs {
            let (posted, debit_held) = match leg.what {
                Move::Now => (leg.amount, 0),
                Move::Hold => (0, leg.amount),
                Move::OfHold(held) => (leg.amount, -i128::from(held)),
                Move::Release(held) => (0, -i128::from(held)),
            };
            let mut after = Vec::new();
            for (name, debit) in [(&leg.debit, true), (&leg.credit, false)] {
                let (_, moment, _) = draft.accounts.iter_mut().find(|(drawn, ..)| drawn == name).expect("drawn first");
                let before = moment.sums;
                let sums = &mut moment.sums;
                if debit {
                    (sums.debits, sums.debits_pending) = (sums.debits + posted, sums.debits_pending + debit_held);
                } else {
                    (sums.credits, sums.credits_pending) = (sums.credits + posted, sums.credits_pending + debit_held);
                }
                if !sums.in_range() {
                    return Err(failed("OVERFLOW", &[]));
                }
                let takes = sums.available() < before.available();
                if debit && takes && chart::floor(name) && !leg.allow_debt && sums.available() < 0 && short.is_none() {
                    let facts =
                        [("account", name.clone()), ("needed", leg.amount.to_string()), ("available", before.available().to_string())];
                    short = Some(failed("INSUFFICIENT_FUNDS", &facts));
                }
                moment.seq = seq;
                after.push(told_account(name, moment));
            }
            let (debit_after, credit_after) = (after.first().cloned(), after.pop());
            transfers.push(pb::PostedTransfer {
                debit_account: leg.debit.clone(),
                credit_account: leg.credit.clone(),
                amount: i64::try_from(leg.amount).expect("at most 2^53"),
                unit: chart::unit(&leg.debit).expect("well formed"),
                debit_after,
                credit_after,
                pending: leg.what == Move::Hold,
                released: matches!(leg.what, Move::Release(_)),
                ..pb::PostedTransfer::default()
            });
        }
        if let Some(short) = short {
            return Err(short);
        }
        draft.plain &= legs.iter().all(|leg| leg.what == Move::Now) && !legs.is_empty();
        let posting = pb::Posting { seq, kind: kind.to_owned(), transfers, guards, effective_time, ..pb::Posting::default() };
        let answer = Answer::Posted { posting: Box::new(posting), replayed: false, brief: false };
        Ok(Decision { answer, change: Change::Post(Box::new(draft)) })
    }
}

fn micros(time: prost_types::Timestamp) -> i64 {
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000
}

/// A hold expires in the future, within 400 days, and never if a bank may have the money.
fn ends_in_range(transfers: &[pb::Transfer], now_ms: u64) -> Result<(), Answer> {
    let now = i64::try_from(now_ms).expect("a clock of our time") * 1_000;
    let mut ends = transfers.iter().filter_map(|transfer| transfer.expire_time.map(|time| (micros(time), transfer)));
    let out = ends.clone().find(|(end, _)| *end <= now || *end - now > 400 * 86_400 * 1_000_000);
    if let Some((end, _)) = out {
        return Err(failed("EXPIRY_OUT_OF_RANGE", &[("expire_time_us", end.to_string())]));
    }
    match ends.find(|(_, transfer)| transfer.credit_account.starts_with("house/in_transit/")) {
        Some((_, transfer)) => Err(failed("EXPIRY_FORBIDDEN", &[("account", transfer.credit_account.clone())])),
        None => Ok(()),
    }
}

/// How much each transfer moves: as requested, up to what is available at its turn, or what an earlier one could not move.
fn balanced(draft: &Draft, transfers: &[pb::Transfer], times: Option<i128>) -> Vec<i128> {
    let mut there: HashMap<&str, i128> = draft.accounts.iter().map(|(name, moment, _)| (name.as_str(), moment.sums.available())).collect();
    let (mut moved, mut left): (Vec<i128>, Vec<i128>) = (Vec::new(), Vec::new());
    for transfer in transfers {
        let wanted = match usize::try_from(transfer.rest_of).expect("well formed") {
            0 => i128::from(transfer.amount) * times.unwrap_or(1),
            of => left[of - 1],
        };
        let most = there[transfer.debit_account.as_str()].max(0);
        let amount = if transfer.up_to { wanted.min(most) } else { wanted };
        *there.get_mut(transfer.debit_account.as_str()).expect("drawn") -= amount;
        if !transfer.pending {
            *there.get_mut(transfer.credit_account.as_str()).expect("drawn") += amount;
        }
        left.push(wanted - amount);
        moved.push(amount);
    }
    moved
}

/// A frozen account anywhere is reported before a closed one anywhere.
fn unlocked(draft: &Draft) -> Result<(), Answer> {
    for (state, reason) in [(pb::AccountState::Frozen, "ACCOUNT_FROZEN"), (pb::AccountState::Closed, "ACCOUNT_CLOSED")] {
        if let Some((name, ..)) = draft.accounts.iter().find(|(_, moment, _)| moment.state == state) {
            return Err(failed(reason, &[("account", name.clone())]));
        }
    }
    Ok(())
}
