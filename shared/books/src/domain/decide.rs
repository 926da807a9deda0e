//! Request in, events or a refusal out. Nothing of the state changes until every check has passed.
//!
//! Order of precedence: the caller's own refusal, a hold's expiry, what a resolution or reversal refers to, accounts (unknown, frozen, closed),
//! guards, coins that are owed, limits, overflow, funds.

use super::{
    Micros,
    account::{AccountState, BookAccount, Counters, Side},
    chart::{self, AccountForm, GuardKey},
    debtors,
    event::{Body, Checkpoint, Event, GuardSet, GuardState, Hold, Posting, Transfer, TransferKind, transfer_no},
    refusal::Refusal,
    request::{AccountName, Action, BookRequest, Guard, GuardOperation, NewTransfer},
    state::BookState,
};
use money::{Amount, derive_id};
use std::sync::Arc;
use uuid::Uuid;

mod balancing;
mod expiry;
mod limits;
mod resolve;

pub use expiry::expire;
pub use resolve::reversal_guard;

/// Decides a request on a state that has everything the request names loaded. Returns the events in order, the request's own last; none when
/// there was nothing to do (opening accounts that are open).
pub fn decide(state: &mut BookState, now: Micros, request: &BookRequest) -> Result<Vec<Event>, Refusal> {
    match &request.action {
        Action::Open { accounts } => Ok(open(state, accounts)),
        Action::SetState { account, state: to } => set_state(state, request, account, *to),
        Action::SetLimit { account, window, zone, max } => {
            let change = limits::DebitLimitChange { account, window: *window, zone, max: *max };
            limits::set(state, now, request, change)
        }
        Action::Post { .. } | Action::PostPending { .. } | Action::VoidPending { .. } | Action::Reverse { .. } => {
            Ok(prepare(state, now, request)?.enact(state, now))
        }
    }
}

/// A posting that would be made: its event, and the accounts its transfers name. `None` if the request is no posting.
pub type Trial = Option<(Event, Vec<BookAccount>)>;

/// Decides as [`decide`] would, on the same state, without changing it.
pub fn try_out(state: &BookState, now: Micros, request: &BookRequest) -> Result<Trial, Refusal> {
    match &request.action {
        Action::Open { .. } | Action::SetState { .. } | Action::SetLimit { .. } => Ok(None),
        Action::Post { .. } | Action::PostPending { .. } | Action::VoidPending { .. } | Action::Reverse { .. } => {
            let PreparedPosting { event, accounts, .. } = prepare(state, now, request)?;
            Ok(Some((event, accounts)))
        }
    }
}

/// All checks of a posting are made in here, before anything changes.
fn prepare(state: &BookState, now: Micros, request: &BookRequest) -> Result<PreparedPosting, Refusal> {
    match &request.action {
        Action::Post { refusal: Some(refusal), .. } => {
            Err(Refusal::Caller { reason: refusal.reason.clone(), detail: refusal.detail.clone() })
        }
        Action::Post { transfers, guards, refusal: None } => post(state, now, request, transfers, guards),
        Action::PostPending { transfer_no, amount } => resolve::post_pending(state, now, request, *transfer_no, *amount),
        Action::VoidPending { transfer_no, guards } => resolve::void_pending(state, now, request, *transfer_no, guards),
        Action::Reverse { posting, allow_debt } => resolve::reverse(state, now, request, *posting, *allow_debt),
        Action::Open { .. } | Action::SetState { .. } | Action::SetLimit { .. } => unreachable!("not a posting: decided apart"),
    }
}

/// The opening of an account has an event id derived from the name: the store can't have it twice.
fn opened_id(name: &str) -> Uuid {
    derive_id(Uuid::nil(), &["account", name])
}

fn fresh(name: &str, form: AccountForm, key: i64) -> BookAccount {
    BookAccount {
        key,
        name: Arc::from(name),
        unit: form.unit,
        floor: form.debits_must_not_exceed_credits,
        state: AccountState::Open,
        counters: Counters::default(),
        last_transfer: 0,
        entries: 0,
        seq: 0,
    }
}

/// The accounts of one posting, as they would be after it.
struct Draft {
    accounts: Vec<BookAccount>,
    /// Accounts with lower keys are in the state already; the others are opened by this posting.
    new_from_key: i64,
    /// Checkpoints that its transfers make due, in order.
    checkpoints: Vec<Checkpoint>,
}

impl Draft {
    fn new(state: &BookState) -> Self {
        Self { accounts: Vec::with_capacity(4), new_from_key: state.next_key, checkpoints: Vec::new() }
    }

    fn position(&mut self, state: &BookState, name: &AccountName) -> usize {
        if let Some(at) = self.accounts.iter().position(|account| *account.name == *name.text) {
            return at;
        }
        let account = state.by_name(&name.text).cloned().unwrap_or_else(|| {
            let opened = self.accounts.iter().filter(|account| account.key >= self.new_from_key).count();
            fresh(&name.text, name.form, self.new_from_key + i64::try_from(opened).expect("at most two accounts for each of 64 transfers"))
        });
        self.accounts.push(account);
        self.accounts.len() - 1
    }

    fn position_of_key(&mut self, state: &BookState, key: i64) -> usize {
        if let Some(at) = self.accounts.iter().position(|account| account.key == key) {
            return at;
        }
        self.accounts.push(state.account(key).expect("the writer reads what a request refers to first").clone());
        self.accounts.len() - 1
    }

    fn is_new(&self, account: &BookAccount) -> bool {
        account.key >= self.new_from_key
    }
}

/// One transfer, its accounts placed in the draft.
struct DraftLeg {
    debit: usize,
    credit: usize,
    amount: Amount,
    kind: TransferKind,
    /// What a resolution releases of its hold.
    released: i64,
    pending_no: i64,
    allow_debt: bool,
    expire_time: Option<Micros>,
}

impl DraftLeg {
    /// What it adds to the posted and to the pending counters of both sides.
    fn moves(&self) -> (i64, i64) {
        match self.kind {
            TransferKind::Posted => (self.amount.get(), 0),
            TransferKind::Pending => (0, self.amount.get()),
            TransferKind::PostOfPending => (self.amount.get(), -self.released),
            TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => (0, -self.released),
        }
    }
}

fn post(
    state: &BookState,
    now: Micros,
    request: &BookRequest,
    transfers: &[NewTransfer],
    guards: &[Guard],
) -> Result<PreparedPosting, Refusal> {
    expiry::check(now, transfers)?;
    let mut draft = Draft::new(state);
    let mut legs = Vec::with_capacity(transfers.len());
    for transfer in transfers {
        let (debit, credit) = (draft.position(state, transfer.accounts.debit()), draft.position(state, transfer.accounts.credit()));
        legs.push(DraftLeg {
            debit,
            credit,
            amount: transfer.amount,
            kind: if transfer.pending { TransferKind::Pending } else { TransferKind::Posted },
            released: 0,
            pending_no: 0,
            allow_debt: transfer.allow_debt,
            expire_time: transfer.expire_time,
        });
    }
    BookState::may_move(&draft.accounts)?;
    let (guards, advance) = check_guards(state, guards)?;
    if advance == Some(0) {
        legs.clear();
        draft.accounts.clear();
    }
    if !legs.is_empty() {
        may_spend(state, transfers)?;
    }
    let amounts = balancing::amounts(&draft, &legs, transfers, advance.unwrap_or(1));
    // A merge spends nothing: the other wallet is the same person's.
    if request.kind != chart::PostingKind::WalletMerged.name() {
        limits::check(state, now, &draft, &legs, &amounts)?;
    }
    for (leg, amount) in legs.iter_mut().zip(&amounts).filter(|(_, amount)| **amount != 0) {
        leg.amount = i64::try_from(*amount).ok().and_then(|amount| Amount::try_new(amount).ok()).ok_or(Refusal::Overflow)?;
    }
    if amounts.contains(&0) {
        (draft, legs) = balancing::without_empty(state, transfers, &amounts, legs);
    }
    finish(state, request, draft, PostingPlan { legs, guards, ..PostingPlan::default() })
}

/// A viewer who owes coins spends none.
fn may_spend(state: &BookState, transfers: &[NewTransfer]) -> Result<(), Refusal> {
    for transfer in transfers {
        let debt = state.debt_of_spender(transfer).and_then(|name| state.by_name(&name));
        if let Some(debt) = debt.filter(|debt| debt.counters.balance() < 0) {
            let account = transfer.accounts.debit().text.as_str().into();
            return Err(Refusal::CoinsOwed { account, owed: debt.counters.balance().saturating_neg() });
        }
    }
    Ok(())
}

/// The guards with their new values, and by how much an advancing one would advance.
fn check_guards(state: &BookState, guards: &[Guard]) -> Result<(Vec<GuardSet>, Option<i64>), Refusal> {
    let value = |guard: &Guard| state.guards.get(&guard.key).copied().unwrap_or_default().value;
    // A mismatch anywhere takes precedence over a cap anywhere.
    for guard in guards {
        if let GuardOperation::CompareAndSet { expected, .. } = guard.operation
            && value(guard) != expected
        {
            return Err(Refusal::GuardMismatch { key: guard.key.clone(), expected, actual: value(guard) });
        }
    }
    let mut advance = None;
    let mut sets = Vec::with_capacity(guards.len());
    for guard in guards {
        let now = state.guards.get(&guard.key).copied().unwrap_or_default();
        let after = match guard.operation {
            GuardOperation::CompareAndSet { next, .. } => GuardState { value: next, ..now },
            GuardOperation::AdvanceTo(to) => {
                if let Some(cap) = now.cap.filter(|cap| to > *cap) {
                    return Err(Refusal::GuardCapped { key: guard.key.clone(), cap, wanted: to });
                }
                let value = now.value.max(to);
                advance = Some(value.checked_sub(now.value).ok_or(Refusal::Overflow)?);
                GuardState { value, ..now }
            }
            GuardOperation::CapAt(cap) => GuardState { cap: Some(cap.max(now.value).max(now.cap.unwrap_or(cap))), ..now },
            GuardOperation::Add(by) => GuardState { value: now.value.checked_add(by).ok_or(Refusal::Overflow)?.max(0), ..now },
        };
        sets.push(GuardSet { guard: guard.clone(), after });
    }
    Ok((sets, advance))
}

/// A posting whose references and guards are valid.
#[derive(Default)]
struct PostingPlan {
    legs: Vec<DraftLeg>,
    guards: Vec<GuardSet>,
    reverses: Option<Uuid>,
    resolves: Option<Hold>,
}

/// A posting that passed all checks.
struct PreparedPosting {
    event: Event,
    /// The accounts after it, including those to open, in the order of their keys.
    accounts: Vec<BookAccount>,
    checkpoints: Vec<Checkpoint>,
    /// The hold it resolves.
    resolves: Option<Hold>,
}

/// Does the arithmetic and checks funds.
fn finish(state: &BookState, request: &BookRequest, mut draft: Draft, plan: PostingPlan) -> Result<PreparedPosting, Refusal> {
    let opened = draft.accounts.iter().filter(|account| draft.is_new(account)).count();
    let seq = state.next_seq + i64::try_from(opened).expect("at most two accounts for each of 64 transfers");
    let transfers = apply(&mut draft, &plan.legs, seq)?;
    draft.accounts.iter_mut().for_each(|account| account.seq = seq);
    let expiries = plan.legs.iter().zip(0..).filter_map(|(leg, at)| leg.expire_time.map(|time| (at, time))).collect();
    let posting = Posting {
        kind: request.kind.clone(),
        fields: request.fields.clone(),
        guards: plan.guards,
        effective_time: request.effective_time,
        reverses: plan.reverses,
        expiries,
    };
    let event = Event { seq, id: request.id, body: Body::Posting(posting), transfers };
    Ok(PreparedPosting { event, accounts: draft.accounts, checkpoints: draft.checkpoints, resolves: plan.resolves })
}

impl PreparedPosting {
    /// Makes the changes. The only place where a posting changes the state.
    fn enact(self, state: &mut BookState, now: Micros) -> Vec<Event> {
        let Self { event, accounts, mut checkpoints, resolves } = self;
        state.checkpoints.append(&mut checkpoints);
        let mut events = Vec::with_capacity(accounts.len() + 1);
        let first_new = state.next_key;
        for account in accounts {
            if account.key >= first_new {
                let seq = state.next_seq;
                events.push(open_event(state, account, seq));
                state.next_seq += 1;
            } else {
                state.change(account, now);
            }
        }
        if let Body::Posting(posting) = &event.body {
            for set in &posting.guards {
                state.set_guard(&set.guard.key, set.after);
            }
            for hold in event.holds(&posting.expiries) {
                state.set_hold(hold);
            }
        }
        if let Some(hold) = resolves {
            state.set_hold(Hold { resolved_seq: event.seq, ..hold });
        }
        state.next_seq = event.seq + 1;
        events.push(event);
        events
    }
}

/// The transfers of the legs in order, and the draft's accounts after them. An overflow anywhere takes precedence over missing funds anywhere.
fn apply(draft: &mut Draft, legs: &[DraftLeg], seq: i64) -> Result<Vec<Transfer>, Refusal> {
    let mut short = None;
    let mut transfers = Vec::with_capacity(legs.len());
    for (leg, at) in legs.iter().zip(0..) {
        let no = transfer_no(seq, at);
        let (posted, pending) = leg.moves();
        let from = &draft.accounts[leg.debit];
        let before = from.counters;
        let debit_after = before.moved(Side::Debit, posted, pending).ok_or(Refusal::Overflow)?;
        let takes = debit_after.available() < before.available();
        if takes && from.floor && !leg.allow_debt && debit_after.available() < 0 && short.is_none() {
            short =
                Some(Refusal::InsufficientFunds { account: from.name.clone(), needed: leg.amount.get(), available: before.available() });
        }
        let credit_after = draft.accounts[leg.credit].counters.moved(Side::Credit, posted, pending).ok_or(Refusal::Overflow)?;
        let mut settle = |position: usize, after: Counters| {
            let account = &mut draft.accounts[position];
            account.counters = after;
            account.entries += 1;
            let previous = std::mem::replace(&mut account.last_transfer, no);
            draft.checkpoints.extend(Checkpoint::due(account));
            (account.key, previous)
        };
        let (debit, debit_prev) = settle(leg.debit, debit_after);
        let (credit, credit_prev) = settle(leg.credit, credit_after);
        transfers.push(Transfer {
            no,
            debit,
            credit,
            amount: leg.amount.get(),
            kind: leg.kind,
            pending_no: leg.pending_no,
            debit_after,
            credit_after,
            debit_prev,
            credit_prev,
        });
    }
    short.map_or(Ok(transfers), Err)
}

fn open_event(state: &mut BookState, account: BookAccount, seq: i64) -> Event {
    let event = Event {
        seq,
        id: opened_id(&account.name),
        body: Body::AccountOpened { key: account.key, name: account.name.to_string() },
        transfers: Vec::new(),
    };
    state.open(account);
    event
}

fn open(state: &mut BookState, accounts: &[AccountName]) -> Vec<Event> {
    let mut events = Vec::new();
    for name in accounts {
        if state.by_name(&name.text).is_none() {
            let (key, seq) = (state.next_key, state.next_seq);
            let account = BookAccount { seq, ..fresh(&name.text, name.form, key) };
            events.push(open_event(state, account, seq));
            state.next_seq += 1;
        }
    }
    events
}

fn set_state(state: &mut BookState, request: &BookRequest, name: &AccountName, to: AccountState) -> Result<Vec<Event>, Refusal> {
    let account = state.by_name(&name.text).ok_or_else(|| Refusal::AccountUnknown { account: name.text.as_str().into() })?;
    let key = account.key;
    if account.state == AccountState::Closed && to != AccountState::Closed {
        return Err(Refusal::AccountClosed { account: account.name.clone() });
    }
    if to == AccountState::Closed {
        may_close(state, account)?;
    }
    let seq = state.next_seq;
    let account = state.touch(key);
    account.state = to;
    account.seq = seq;
    state.next_seq += 1;
    let body = Body::AccountStateSet { key, state: to, fields: request.fields.clone() };
    Ok(vec![Event { seq, id: request.id, body, transfers: Vec::new() }])
}

/// An account with money in it, on hold, or in flight with a possible return can't be closed, nor the coins of a viewer who owes some, because nothing else pays for
/// that. Nor can what a viewer owes: it is the company's, and every later refund of that viewer needs it.
fn may_close(state: &BookState, account: &BookAccount) -> Result<(), Refusal> {
    let is_debt = matches!(chart::Account::parse(&account.name), Some(chart::Account::ViewerDebt(_)));
    if chart::account::is_house(&account.name) || is_debt {
        return Err(Refusal::HouseAccount { account: account.name.clone() });
    }
    let Counters { debits_pending, credits_pending, .. } = account.counters;
    let balance = account.counters.balance();
    if (balance, debits_pending, credits_pending) != (0, 0, 0) {
        return Err(Refusal::AccountNotEmpty { account: account.name.clone(), balance, pending: (debits_pending, credits_pending) });
    }
    let in_flight = state.guards.get(GuardKey::in_flight(&account.name).as_str()).map_or(0, |guard| guard.value);
    if in_flight > 0 {
        return Err(Refusal::AccountInFlight { account: account.name.clone(), count: in_flight });
    }
    let debt = debtors::debt_beside(&account.name).and_then(|name| state.by_name(&name));
    match debt.map_or(0, |debt| debt.counters.balance().saturating_neg()) {
        owed if owed > 0 => Err(Refusal::CoinsOwed { account: account.name.clone(), owed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
