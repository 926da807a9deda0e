//! Properties of decisions that are true after any sequence of requests.
use super::*;

mod closing;
mod precedence;
mod reversal;

use crate::domain::request::{CallerRefusal, RequestFields};
use proptest::prelude::*;
use std::collections::HashMap;

/// A time to decide at.
const NOW: Micros = 1_800_000_000_000_000;

fn name(text: &str) -> AccountName {
    AccountName::parse(text.to_owned()).unwrap()
}

fn request(n: u128, action: Action) -> BookRequest {
    BookRequest::new(Uuid::from_u128(n), RequestFields::default(), "test".to_owned(), action)
}

fn transfer(debit: &str, credit: &str, amount: i64) -> NewTransfer {
    let amount = Amount::try_new(amount).unwrap();
    NewTransfer::try_new(name(debit), name(credit), amount).unwrap()
}

fn plain(n: u128, transfers: Vec<NewTransfer>) -> BookRequest {
    request(n, Action::Post { transfers, guards: Vec::new(), refusal: None })
}

fn funded(coins: i64) -> BookState {
    let mut state = BookState::starting_after(0, 0);
    decide(&mut state, NOW, &plain(1, vec![transfer("house/coins/issued", "viewer/u1/coins", coins)])).unwrap();
    state.seal();
    state.publish(i64::MAX);
    state
}

fn balance(state: &BookState, account: &str) -> i64 {
    state.by_name(account).map_or(0, |account| account.counters.balance())
}

const VIEWERS: [&str; 3] = ["viewer/a/coins", "viewer/b/coins", "viewer/c/coins"];

#[derive(Debug, Clone)]
enum Step {
    Buy(usize, i64),
    Gift(usize, i64, bool),
    Streak(usize, i64, i64),
    Hold(usize, i64),
    PostHold(usize, i64),
    VoidHold(usize),
    Reverse(usize),
    Freeze(usize, bool),
    Refund(usize, i64, bool),
    HoldUntil(usize, i64, i64),
    Wait(i64),
    Limit(usize, i64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..VIEWERS.len();
    let amount = prop_oneof![1..200i64, Just(money::AMOUNT_MAX)];
    prop_oneof![
        (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Buy(who, amount)),
        (who.clone(), amount.clone(), any::<bool>()).prop_map(|(who, amount, debt)| Step::Gift(who, amount, debt)),
        (who.clone(), 1..5i64, 0..9i64).prop_map(|(who, price, to)| Step::Streak(who, price, to)),
        (who.clone(), amount).prop_map(|(who, amount)| Step::Hold(who, amount)),
        (0..9usize, 0..300i64).prop_map(|(hold, amount)| Step::PostHold(hold, amount)),
        (0..9usize).prop_map(Step::VoidHold),
        (0..9usize).prop_map(Step::Reverse),
        (who.clone(), any::<bool>()).prop_map(|(who, frozen)| Step::Freeze(who, frozen)),
        (who.clone(), 1..300i64, any::<bool>()).prop_map(|(who, amount, held)| Step::Refund(who, amount, held)),
        (who.clone(), 1..200i64, 0..9i64).prop_map(|(who, amount, after)| Step::HoldUntil(who, amount, after)),
        (1..5i64).prop_map(Step::Wait),
        (who, 0..400i64).prop_map(|(who, max)| Step::Limit(who, max)),
    ]
}

/// Drives a state and remembers what happened, as a store would.
struct Drive {
    state: BookState,
    journal: Vec<Event>,
    next: u128,
    now: Micros,
}

impl Drive {
    fn new() -> Self {
        Self { state: BookState::starting_after(0, 0), journal: Vec::new(), next: 1, now: NOW }
    }

    fn action(&mut self, step: &Step) -> Action {
        let post = |transfers, guards| Action::Post { transfers, guards, refusal: None };
        let nth = |list: Vec<i64>, n: usize| list.get(n).copied().unwrap_or(7);
        let holds = || {
            let kinds = self.journal.iter().flat_map(|event| &event.transfers);
            kinds.filter(|t| t.kind == TransferKind::Pending).map(|t| t.no).collect::<Vec<_>>()
        };
        match *step {
            Step::Buy(who, amount) => post(vec![transfer("house/coins/issued", VIEWERS[who], amount)], Vec::new()),
            Step::Gift(who, amount, allow_debt) => {
                let coins = NewTransfer { allow_debt, ..transfer(VIEWERS[who], "house/coins/redeemed", amount) };
                post(vec![coins, transfer("house/diamonds/issued", "creator/x/diamonds", amount)], Vec::new())
            }
            Step::Streak(who, price, to) => post(
                vec![transfer(VIEWERS[who], "house/coins/redeemed", price)],
                vec![Guard { key: format!("streak/{who}"), operation: GuardOperation::AdvanceTo(to) }],
            ),
            Step::Hold(who, amount) => {
                post(vec![NewTransfer { pending: true, ..transfer(VIEWERS[who], "house/coins/redeemed", amount) }], Vec::new())
            }
            Step::PostHold(hold, amount) => Action::PostPending { transfer_no: nth(holds(), hold), amount: Amount::try_new(amount).ok() },
            Step::VoidHold(hold) => Action::VoidPending { transfer_no: nth(holds(), hold), guards: Vec::new() },
            Step::Reverse(at) => {
                let source = self.journal.get(at).cloned();
                let id = source.as_ref().map_or(Uuid::from_u128(999_999), |event| event.id);
                source.into_iter().for_each(|event| self.state.load_source(event));
                Action::Reverse { posting: id, allow_debt: false }
            }
            Step::Refund(who, amount, pending) => {
                let there = NewTransfer { up_to: true, pending, ..transfer(VIEWERS[who], "house/coins/issued", amount) };
                let other = NewTransfer { up_to: true, rest_of: Some(0), ..transfer(VIEWERS[(who + 1) % 3], "house/coins/issued", amount) };
                let debt = NewTransfer { rest_of: Some(1), ..transfer("viewer/a/debt", "house/coins/issued", amount) };
                post(vec![there, other, debt], Vec::new())
            }
            Step::HoldUntil(who, amount, after) => {
                let expire_time = Some(self.now + after * 1_800_000_000);
                let hold = NewTransfer { pending: true, expire_time, ..transfer(VIEWERS[who], "house/coins/redeemed", amount) };
                post(vec![hold], Vec::new())
            }
            Step::Wait(hours) => {
                self.now += hours * 1_800_000_000;
                Action::Open { accounts: Vec::new() }
            }
            Step::Limit(who, max) => {
                Action::SetLimit { account: name(VIEWERS[who]), window: crate::domain::limit::Window::Hour, zone: "UTC".to_owned(), max }
            }
            Step::Freeze(who, frozen) => {
                let state = if frozen { AccountState::Frozen } else { AccountState::Open };
                Action::SetState { account: name(VIEWERS[who]), state }
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Refusal> {
        let action = self.action(step);
        self.next += 1;
        let request = request(self.next, action);
        // What the writer does first.
        let due: Vec<(Micros, i64)> = self.state.due(self.now, usize::MAX).collect();
        for (_, no) in due {
            let hold = *self.state.hold(no).unwrap();
            assert_eq!(hold.resolved_seq, 0, "a resolved hold is still waited for");
            self.journal.push(expire(&mut self.state, self.now, hold));
        }
        let before = format!("{:?}", sorted(&self.state));
        let tried = try_out(&self.state, self.now, &request);
        assert_eq!(before, format!("{:?}", sorted(&self.state)), "a dry run changed something");
        let decided = decide(&mut self.state, self.now, &request);
        match (&tried, &decided) {
            (Ok(Some((event, _))), Ok(events)) => assert_eq!(Some(event), events.last()),
            (Ok(None), _) => {}
            (Err(tried), Err(decided)) => assert_eq!(tried, decided),
            (Ok(Some(_)), Err(_)) | (Err(_), Ok(_)) => panic!("tried {tried:?}, decided {decided:?}"),
        }
        if decided.is_err() {
            assert_eq!(before, format!("{:?}", sorted(&self.state)), "a refusal changed something");
        }
        self.journal.extend(decided?);
        self.state.seal();
        self.state.publish(i64::MAX);
        Ok(())
    }
}

type Whole<'a> = (Vec<&'a BookAccount>, Vec<(&'a String, &'a GuardState)>, Vec<&'a Hold>, i64, i64);

fn sorted(state: &BookState) -> Whole<'_> {
    let mut accounts: Vec<_> = state.accounts.values().collect();
    accounts.sort_by_key(|account| account.key);
    let mut guards: Vec<_> = state.guards.iter().collect();
    guards.sort();
    let mut holds: Vec<_> = state.holds.values().collect();
    holds.sort_by_key(|hold| hold.no);
    (accounts, guards, holds, state.next_seq, state.next_key)
}

impl PartialOrd for GuardState {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GuardState {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.value, self.cap).cmp(&(other.value, other.cap))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn money_is_conserved_and_replay_equals_state(steps in proptest::collection::vec(step(), 1..60)) {
        let mut drive = Drive::new();
        let mut allowed_debt = false;
        for step in &steps {
            let outcome = drive.step(step);
            allowed_debt |= outcome.is_ok() && matches!(step, Step::Gift(_, _, true));
            let mut sums: HashMap<_, (i128, i128, i128, i128)> = HashMap::new();
            for account in drive.state.accounts.values() {
                let sum = sums.entry(account.unit).or_default();
                sum.0 += i128::from(account.counters.debits_posted);
                sum.1 += i128::from(account.counters.credits_posted);
                sum.2 += i128::from(account.counters.debits_pending);
                sum.3 += i128::from(account.counters.credits_pending);
                prop_assert!(!account.floor || allowed_debt || account.counters.available() >= 0, "{account:?}");
            }
            for (unit, (debits, credits, held, announced)) in sums {
                prop_assert_eq!(debits, credits, "{}", unit);
                prop_assert_eq!(held, announced, "{}", unit);
            }
        }
        // Gap-free, and the last row of each account has its whole state.
        let mut last: HashMap<i64, (Counters, i64)> = HashMap::new();
        for (event, seq) in drive.journal.iter().zip(1..) {
            prop_assert_eq!(event.seq, seq);
            for t in &event.transfers {
                last.insert(t.debit, (t.debit_after, t.no));
                last.insert(t.credit, (t.credit_after, t.no));
            }
        }
        // The same for holds: those that the journal placed and nothing resolved are open, with their expiry.
        let mut open: HashMap<i64, Hold> = HashMap::new();
        for event in &drive.journal {
            if let Body::Posting(posting) = &event.body {
                open.extend(event.holds(&posting.expiries).map(|hold| (hold.no, hold)));
            }
            for t in event.transfers.iter().filter(|t| t.pending_no != 0) {
                prop_assert!(open.remove(&t.pending_no).is_some(), "resolved twice");
            }
        }
        let held: HashMap<i64, Hold> = drive.state.holds.iter().filter(|(_, hold)| hold.resolved_seq == 0).map(|(no, hold)| (*no, *hold)).collect();
        prop_assert_eq!(held, open);
        for account in drive.state.accounts.values() {
            let (counters, no) = last.get(&account.key).copied().unwrap_or_default();
            prop_assert_eq!((account.counters, account.last_transfer), (counters, no));
        }
    }

    #[test]
    fn a_streak_charges_each_tap_once(mut taps in proptest::collection::vec(1..40i64, 1..20), seed in any::<u64>()) {
        let price = 3;
        let most = *taps.iter().max().unwrap();
        let doubled = taps.clone();
        taps.extend(doubled);
        let shift = (seed as usize) % taps.len();
        taps.rotate_left(shift);
        let mut state = funded(1_000_000);
        for (tap, n) in taps.iter().zip(2..) {
            let guard = Guard { key: "streak".to_owned(), operation: GuardOperation::AdvanceTo(*tap) };
            let transfers = vec![transfer("viewer/u1/coins", "house/coins/redeemed", price)];
            decide(&mut state, NOW, &request(n, Action::Post { transfers, guards: vec![guard], refusal: None })).unwrap();
        }
        prop_assert_eq!(balance(&state, "viewer/u1/coins"), 1_000_000 - most * price);
    }
}

#[test]
fn refusals_come_in_their_order() {
    let mut state = funded(10);
    let poor = || vec![transfer("viewer/u1/coins", "house/coins/redeemed", 11)];
    let mismatch = || vec![Guard { key: "once".to_owned(), operation: GuardOperation::CompareAndSet { expected: 5, next: 6 } }];
    let no = || Some(CallerRefusal { reason: "GIFT_UNKNOWN".to_owned(), detail: String::new() });
    let huge = transfer("viewer/u1/coins", "house/coins/redeemed", money::AMOUNT_MAX);
    let post = |transfers, guards, refusal| request(9, Action::Post { transfers, guards, refusal });
    let told = |state: &mut BookState, request| decide(state, NOW, &request).unwrap_err().kept().reason;

    assert_eq!(told(&mut state, post(poor(), Vec::new(), None)), "INSUFFICIENT_FUNDS");
    let advance = Guard { key: "far".to_owned(), operation: GuardOperation::AdvanceTo(2) };
    assert_eq!(told(&mut state, post([poor(), vec![huge]].concat(), vec![advance], None)), "OVERFLOW");
    assert_eq!(told(&mut state, post(poor(), mismatch(), None)), "GUARD_MISMATCH");
    let freeze = Action::SetState { account: name("viewer/u1/coins"), state: AccountState::Frozen };
    decide(&mut state, NOW, &request(10, freeze)).unwrap();
    assert_eq!(told(&mut state, post(poor(), mismatch(), None)), "ACCOUNT_FROZEN");
    assert_eq!(told(&mut state, post(poor(), mismatch(), no())), "GIFT_UNKNOWN");
}

#[test]
fn a_refused_posting_opens_no_account() {
    let mut state = BookState::starting_after(0, 0);
    decide(&mut state, NOW, &plain(2, vec![transfer("viewer/poor/coins", "house/coins/redeemed", 1)])).unwrap_err();
    assert!(state.by_name("viewer/poor/coins").is_none() && state.by_name("house/coins/redeemed").is_none());
    assert_eq!(state.last_seq(), 0);
}

#[test]
fn a_cap_lets_late_taps_through_and_no_more() {
    let mut state = funded(100);
    let tap = |n, operation| {
        let transfers = vec![transfer("viewer/u1/coins", "house/coins/redeemed", 1)];
        let transfers = if matches!(operation, GuardOperation::CapAt(_)) { Vec::new() } else { transfers };
        request(n, Action::Post { transfers, guards: vec![Guard { key: "s".to_owned(), operation }], refusal: None })
    };
    decide(&mut state, NOW, &tap(2, GuardOperation::AdvanceTo(2))).unwrap();
    decide(&mut state, NOW, &tap(3, GuardOperation::CapAt(5))).unwrap();
    decide(&mut state, NOW, &tap(4, GuardOperation::AdvanceTo(5))).unwrap();
    let refused = decide(&mut state, NOW, &tap(5, GuardOperation::AdvanceTo(6))).unwrap_err();
    assert_eq!(refused.kept().reason, "GUARD_CAPPED");
    assert_eq!(balance(&state, "viewer/u1/coins"), 95);
}

#[test]
fn reversal_restores_and_happens_once() {
    let mut state = funded(100);
    let gift = plain(
        2,
        vec![transfer("viewer/u1/coins", "house/coins/redeemed", 30), transfer("house/diamonds/issued", "creator/c/diamonds", 30)],
    );
    let event = decide(&mut state, NOW, &gift).unwrap().pop().unwrap();
    state.seal();
    state.publish(i64::MAX);
    state.load_source(event.clone());
    let reverse = |n| request(n, Action::Reverse { posting: event.id, allow_debt: false });
    decide(&mut state, NOW, &reverse(3)).unwrap();
    assert_eq!((balance(&state, "viewer/u1/coins"), balance(&state, "creator/c/diamonds")), (100, 0));
    assert_eq!(decide(&mut state, NOW, &reverse(4)).unwrap_err().kept().reason, "ALREADY_REVERSED");
}

#[test]
fn holds_take_from_what_is_available_until_resolved() {
    let mut state = funded(100);
    let hold = NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", 70) };
    let no = decide(&mut state, NOW, &plain(2, vec![hold])).unwrap().pop().unwrap().transfers[0].no;
    let spend = |n, amount| plain(n, vec![transfer("viewer/u1/coins", "house/coins/redeemed", amount)]);
    assert_eq!(decide(&mut state, NOW, &spend(3, 31)).unwrap_err().kept().reason, "INSUFFICIENT_FUNDS");
    let part = Action::PostPending { transfer_no: no, amount: Amount::try_new(20).ok() };
    decide(&mut state, NOW, &request(4, part.clone())).unwrap();
    assert_eq!(decide(&mut state, NOW, &request(5, part)).unwrap_err().kept().reason, "PENDING_RESOLVED");
    decide(&mut state, NOW, &spend(6, 80)).unwrap();
    assert_eq!(balance(&state, "viewer/u1/coins"), 0);
}
