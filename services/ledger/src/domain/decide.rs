//! Request in, events or a refusal out. Nothing of the state changes until every check has passed.
//!
//! Order of precedence: the caller's own refusal, what a resolution or reversal refers to, accounts (unknown, frozen, closed), guards,
//! overflow, funds.

use super::{
    account::{Account, AccountState, Counters, Side},
    chart::Form,
    event::{Body, Checkpoint, Event, GuardSet, GuardState, Hold, Posting, Transfer, TransferKind, transfer_no},
    refusal::Refusal,
    request::{AccountName, Action, Guard, GuardOperation, NewTransfer, Request},
    state::State,
};
use money::{Amount, derive_id};
use std::sync::Arc;
use uuid::Uuid;

mod resolve;

pub use resolve::reversal_guard;

/// Decides a request on a state that holds everything the request names. Returns the events in order, the request's own last; none when
/// there was nothing to do (opening accounts that are open).
pub fn decide(state: &mut State, request: &Request) -> Result<Vec<Event>, Refusal> {
    match &request.action {
        Action::Post { refusal: Some(refusal), .. } => {
            Err(Refusal::Caller { reason: refusal.reason.clone(), detail: refusal.detail.clone() })
        }
        Action::Post { transfers, guards, refusal: None } => post(state, request, transfers, guards),
        Action::PostPending { transfer_no, amount } => resolve::post_pending(state, request, *transfer_no, *amount),
        Action::VoidPending { transfer_no } => resolve::void_pending(state, request, *transfer_no),
        Action::Reverse { posting, allow_debt } => resolve::reverse(state, request, *posting, *allow_debt),
        Action::Open { accounts } => Ok(open(state, accounts)),
        Action::SetState { account, state: to } => set_state(state, request, account, *to),
    }
}

/// The event of a newly opened account has an id of its own that follows from the name: the store can't hold two.
fn opened_id(name: &str) -> Uuid {
    derive_id(Uuid::nil(), &["account", name])
}

fn fresh(name: &str, form: Form, key: i64) -> Account {
    Account {
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
    accounts: Vec<Account>,
    /// The first so many are in the state already; the rest come to be with this posting.
    new_from_key: i64,
    /// What its transfers make due, in order.
    checkpoints: Vec<Checkpoint>,
}

impl Draft {
    fn new(state: &State) -> Self {
        Self { accounts: Vec::with_capacity(4), new_from_key: state.next_key, checkpoints: Vec::new() }
    }

    fn position(&mut self, state: &State, name: &AccountName) -> usize {
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

    fn position_of_key(&mut self, state: &State, key: i64) -> usize {
        if let Some(at) = self.accounts.iter().position(|account| account.key == key) {
            return at;
        }
        self.accounts.push(state.account(key).expect("the writer reads what a request refers to first").clone());
        self.accounts.len() - 1
    }

    fn is_new(&self, account: &Account) -> bool {
        account.key >= self.new_from_key
    }
}

/// One transfer, its accounts placed in the draft.
struct Leg {
    debit: usize,
    credit: usize,
    amount: Amount,
    kind: TransferKind,
    /// What a resolution releases of its hold.
    released: i64,
    pending_no: i64,
    allow_debt: bool,
}

impl Leg {
    /// What it adds to the posted and to the pending counters of both sides.
    fn moves(&self) -> (i64, i64) {
        match self.kind {
            TransferKind::Posted => (self.amount.get(), 0),
            TransferKind::Pending => (0, self.amount.get()),
            TransferKind::PostOfPending => (self.amount.get(), -self.released),
            TransferKind::VoidOfPending => (0, -self.released),
        }
    }
}

fn post(state: &mut State, request: &Request, transfers: &[NewTransfer], guards: &[Guard]) -> Result<Vec<Event>, Refusal> {
    let mut draft = Draft::new(state);
    let mut legs = Vec::with_capacity(transfers.len());
    for transfer in transfers {
        let (debit, credit) = (draft.position(state, &transfer.debit), draft.position(state, &transfer.credit));
        legs.push(Leg {
            debit,
            credit,
            amount: transfer.amount,
            kind: if transfer.pending { TransferKind::Pending } else { TransferKind::Posted },
            released: 0,
            pending_no: 0,
            allow_debt: transfer.allow_debt,
        });
    }
    draft.accounts.iter().try_for_each(State::may_move)?;
    let (guards, advance) = check_guards(state, guards)?;
    match advance {
        Some(0) => {
            legs.clear();
            draft.accounts.clear();
        }
        Some(times) => {
            for leg in &mut legs {
                leg.amount = leg.amount.checked_mul(times).ok_or(Refusal::Overflow)?;
            }
        }
        None => {}
    }
    finish(state, request, draft, Plan { legs, guards, reverses: None })
}

/// The guards with the values they would get, and how far an advancing one would go.
fn check_guards(state: &State, guards: &[Guard]) -> Result<(Vec<GuardSet>, Option<i64>), Refusal> {
    let mut advance = None;
    let mut sets = Vec::with_capacity(guards.len());
    for guard in guards {
        let now = state.guards.get(&guard.key).copied().unwrap_or_default();
        let after = match guard.operation {
            GuardOperation::CompareAndSet { expected, next } if now.value == expected => GuardState { value: next, ..now },
            GuardOperation::CompareAndSet { expected, .. } => {
                return Err(Refusal::GuardMismatch { key: guard.key.clone(), expected, actual: now.value });
            }
            GuardOperation::AdvanceTo(to) => {
                if let Some(cap) = now.cap.filter(|cap| to > *cap) {
                    return Err(Refusal::GuardCapped { key: guard.key.clone(), cap, wanted: to });
                }
                let value = now.value.max(to);
                advance = Some(value.checked_sub(now.value).ok_or(Refusal::Overflow)?);
                GuardState { value, ..now }
            }
            GuardOperation::CapAt(cap) => GuardState { cap: Some(cap.max(now.value).max(now.cap.unwrap_or(cap))), ..now },
        };
        sets.push(GuardSet { guard: guard.clone(), after });
    }
    Ok((sets, advance))
}

/// A posting whose references and guards are good.
struct Plan {
    legs: Vec<Leg>,
    guards: Vec<GuardSet>,
    reverses: Option<Uuid>,
}

/// Arithmetic and funds, then the changes.
fn finish(state: &mut State, request: &Request, mut draft: Draft, plan: Plan) -> Result<Vec<Event>, Refusal> {
    let opened: Vec<Account> = draft.accounts.iter().filter(|account| draft.is_new(account)).cloned().collect();
    let opened_count = i64::try_from(opened.len()).expect("at most two accounts for each of 64 transfers");
    let seq = state.next_seq + opened_count;
    let transfers = apply(&mut draft, &plan.legs, seq)?;

    // Every check has passed; from here on the state changes.
    let mut events = Vec::with_capacity(opened.len() + 1);
    for (account, seq) in opened.into_iter().zip(state.next_seq..) {
        events.push(open_event(state, account, seq));
    }
    state.checkpoints.append(&mut draft.checkpoints);
    for account in draft.accounts {
        *state.touch(account.key) = Account { seq, ..account };
    }
    for set in &plan.guards {
        state.set_guard(&set.guard.key, set.after);
    }
    for transfer in &transfers {
        if transfer.kind == TransferKind::Pending {
            let Transfer { no, debit, credit, amount, .. } = *transfer;
            state.set_hold(Hold { no, debit, credit, amount, resolved_seq: 0 });
        }
    }
    state.next_seq = seq + 1;
    let posting = Posting {
        kind: request.kind.clone(),
        fields: request.fields.clone(),
        guards: plan.guards,
        effective_time: request.effective_time,
        reverses: plan.reverses,
    };
    events.push(Event { seq, id: request.id, body: Body::Posting(posting), transfers });
    Ok(events)
}

/// The transfers of the legs in order, and the draft's accounts after them. An overflow anywhere goes before missing funds anywhere.
fn apply(draft: &mut Draft, legs: &[Leg], seq: i64) -> Result<Vec<Transfer>, Refusal> {
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
            amount: if leg.kind == TransferKind::VoidOfPending { leg.released } else { leg.amount.get() },
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

fn open_event(state: &mut State, account: Account, seq: i64) -> Event {
    let event = Event {
        seq,
        id: opened_id(&account.name),
        body: Body::AccountOpened { key: account.key, name: account.name.to_string() },
        transfers: Vec::new(),
    };
    state.open(Account { seq, ..account });
    event
}

fn open(state: &mut State, accounts: &[AccountName]) -> Vec<Event> {
    let mut events = Vec::new();
    for name in accounts {
        if state.by_name(&name.text).is_none() {
            let (key, seq) = (state.next_key, state.next_seq);
            let account = fresh(&name.text, name.form, key);
            events.push(open_event(state, account, seq));
            state.next_seq += 1;
        }
    }
    events
}

fn set_state(state: &mut State, request: &Request, name: &AccountName, to: AccountState) -> Result<Vec<Event>, Refusal> {
    let account = state.by_name(&name.text).ok_or_else(|| Refusal::AccountUnknown { account: name.text.as_str().into() })?;
    let (key, counters) = (account.key, account.counters);
    if account.state == AccountState::Closed && to != AccountState::Closed {
        return Err(Refusal::AccountClosed { account: account.name.clone() });
    }
    let empty = counters.balance() == 0 && counters.debits_pending == 0 && counters.credits_pending == 0;
    if to == AccountState::Closed && !empty {
        return Err(Refusal::AccountNotEmpty { account: account.name.clone() });
    }
    let seq = state.next_seq;
    let account = state.touch(key);
    account.state = to;
    account.seq = seq;
    state.next_seq += 1;
    let body = Body::AccountStateSet { key, state: to, fields: request.fields.clone() };
    Ok(vec![Event { seq, id: request.id, body, transfers: Vec::new() }])
}

#[cfg(test)]
mod tests;
