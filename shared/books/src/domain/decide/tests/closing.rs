//! Closing an account: refused while it has money, holds or payments in flight.
use super::*;
use crate::domain::refusal::KeptRefusal;

const WALLET: &str = "viewer/u1/coins";

fn close(state: &mut BookState, n: u128, account: &str) -> Result<Vec<Event>, KeptRefusal> {
    let act = Action::SetState { account: name(account), state: AccountState::Closed };
    decide(state, NOW, &request(n, act)).map_err(|refusal| refusal.kept())
}

fn refused(reason: &str, facts: &[(&str, &str)]) -> Result<Vec<Event>, KeptRefusal> {
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Err(KeptRefusal { reason: reason.to_owned(), facts })
}

fn count(state: &mut BookState, n: u128, by: i64) -> Result<i64, Refusal> {
    let key = GuardKey::in_flight(WALLET).into_string();
    let guards = vec![Guard { key: key.clone(), operation: GuardOperation::Add(by) }];
    decide(state, NOW, &request(n, Action::Post { transfers: Vec::new(), guards, refusal: None }))?;
    Ok(state.guards[&key].value)
}

#[test]
fn an_account_with_payments_on_their_way_is_not_closed() {
    let mut state = BookState::starting_after(0, 0);
    decide(&mut state, NOW, &request(1, Action::Open { accounts: vec![name(WALLET)] })).unwrap();
    assert_eq!(count(&mut state, 2, 1), Ok(1));
    assert_eq!(count(&mut state, 3, 1), Ok(2));
    let on_their_way = |count| refused("ACCOUNT_IN_FLIGHT", &[("account", WALLET), ("in_flight", count)]);
    assert_eq!(close(&mut state, 4, WALLET), on_their_way("2"));
    // Meanwhile it may be frozen and thawed.
    for (n, to) in [(5, AccountState::Frozen), (6, AccountState::Open)] {
        decide(&mut state, NOW, &request(n, Action::SetState { account: name(WALLET), state: to })).unwrap();
    }
    assert_eq!(count(&mut state, 7, -1), Ok(1));
    assert_eq!(close(&mut state, 8, WALLET), on_their_way("1"));
    assert_eq!(count(&mut state, 9, -1), Ok(0));
    assert!(close(&mut state, 10, WALLET).is_ok());
}

#[test]
fn a_wallet_whose_owner_owes_coins_is_not_closed() {
    let mut state = BookState::starting_after(0, 0);
    decide(&mut state, NOW, &request(1, Action::Open { accounts: vec![name(WALLET), name("viewer/u2/coins")] })).unwrap();
    // By a posting that no guard counts, as an adjustment is.
    decide(&mut state, NOW, &plain(2, vec![transfer("viewer/u1/debt", "house/coins/issued", 7)])).unwrap();
    assert_eq!(close(&mut state, 3, WALLET), refused("COINS_OWED", &[("account", WALLET), ("owed", "7")]));
    // Another viewer's debt is in nobody else's way.
    assert!(close(&mut state, 4, "viewer/u2/coins").is_ok());
    decide(&mut state, NOW, &plain(5, vec![transfer("house/coins/issued", "viewer/u1/debt", 7)])).unwrap();
    assert!(close(&mut state, 6, WALLET).is_ok());
}

#[test]
fn a_count_stops_at_zero_and_at_its_range() {
    let mut state = BookState::starting_after(0, 0);
    // Payments from before the counting began can still end.
    assert_eq!(count(&mut state, 1, -1), Ok(0));
    assert_eq!(count(&mut state, 2, 1), Ok(1));
    assert_eq!(count(&mut state, 3, i64::MAX), Err(Refusal::Overflow));
    assert_eq!(count(&mut state, 4, 1), Ok(2));
}

#[test]
fn an_account_with_something_in_it_or_held_is_not_closed() {
    let mut state = funded(10);
    count(&mut state, 2, 1).unwrap();
    let holds = |balance, debits, credits| {
        let facts = [("account", WALLET), ("balance", balance), ("debits_pending", debits), ("credits_pending", credits)];
        refused("ACCOUNT_NOT_EMPTY", &facts)
    };
    // Takes precedence over payments in flight, which callers can't see.
    assert_eq!(close(&mut state, 3, WALLET), holds("10", "0", "0"));
    decide(&mut state, NOW, &plain(4, vec![transfer(WALLET, "house/coins/redeemed", 10)])).unwrap();
    let announced = NewTransfer { pending: true, ..transfer("house/coins/issued", WALLET, 3) };
    decide(&mut state, NOW, &plain(5, vec![announced])).unwrap();
    assert_eq!(close(&mut state, 6, WALLET), holds("0", "0", "3"));
}

#[test]
fn the_company_s_own_accounts_are_never_closed() {
    let mut state = BookState::starting_after(0, 0);
    for (n, account) in [(1, "house/in_transit/USD"), (2, "house/suspense/USD"), (3, "house/coins/suspense"), (4, "house/bank_cash/USD")] {
        decide(&mut state, NOW, &request(n, Action::Open { accounts: vec![name(account)] })).unwrap();
        assert_eq!(close(&mut state, 10 + n, account), refused("HOUSE_ACCOUNT", &[("account", account)]));
    }
}

#[test]
fn what_a_viewer_owes_is_never_closed_and_every_other_account_of_a_user_is() {
    let mut state = BookState::starting_after(0, 0);
    let accounts = [
        "viewer/u1/debt",
        "viewer/u1/coins",
        "viewer/debt/coins",
        "creator/u1/diamonds",
        "creator/u1/payable/USD",
        "agency/u1/diamonds",
        "agency/u1/payable/USD",
    ];
    for (n, account) in (1..).zip(accounts) {
        decide(&mut state, NOW, &request(n, Action::Open { accounts: vec![name(account)] })).unwrap();
        let closed = close(&mut state, 10 + n, account);
        match account {
            "viewer/u1/debt" => assert_eq!(closed, refused("HOUSE_ACCOUNT", &[("account", account)])),
            _ => assert!(closed.is_ok(), "{account}"),
        }
    }
    // It can be frozen and thawed.
    for (n, to) in [(20, AccountState::Frozen), (21, AccountState::Open)] {
        decide(&mut state, NOW, &request(n, Action::SetState { account: name("viewer/u1/debt"), state: to })).unwrap();
    }
}

#[test]
fn what_waits_in_suspense_is_not_taken_twice() {
    let mut state = BookState::starting_after(0, 0);
    decide(&mut state, NOW, &plain(1, vec![transfer("house/in_transit/USD", "house/suspense/USD", 5)])).unwrap();
    decide(&mut state, NOW, &plain(2, vec![transfer("house/suspense/USD", "house/treasury/USD", 5)])).unwrap();
    let again = decide(&mut state, NOW, &plain(3, vec![transfer("house/suspense/USD", "house/treasury/USD", 1)]));
    assert!(matches!(again, Err(Refusal::InsufficientFunds { .. })), "{again:?}");
}
