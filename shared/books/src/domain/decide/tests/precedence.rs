//! If several reasons apply at once, the first in the documented order is reported.
use super::*;
use crate::domain::limit::Window;

/// The reasons in their documented order.
const REASONS: [&str; 11] = [
    "CALLER_SAYS_NO",
    "EXPIRY_OUT_OF_RANGE",
    "EXPIRY_FORBIDDEN",
    "ACCOUNT_FROZEN",
    "ACCOUNT_CLOSED",
    "GUARD_MISMATCH",
    "GUARD_CAPPED",
    "COINS_OWED",
    "LIMIT_EXCEEDED",
    "OVERFLOW",
    "INSUFFICIENT_FUNDS",
];

/// A book with an account for each reason.
fn book() -> BookState {
    let mut state = BookState::starting_after(0, 0);
    let mut n = 0;
    let mut act = |action| {
        n += 1;
        decide(&mut state, NOW, &request(n, action)).unwrap();
    };
    let post = |transfers, guards| Action::Post { transfers, guards, refusal: None };
    for user in ["rich", "limited", "frozen"] {
        act(post(vec![transfer("house/coins/issued", &format!("viewer/{user}/coins"), 100)], Vec::new()));
    }
    let owes = Guard { key: "debt/debtor".to_owned(), operation: GuardOperation::CompareAndSet { expected: 0, next: 1 } };
    act(post(vec![transfer("viewer/debtor/debt", "house/coins/issued", 7)], vec![owes]));
    act(post(vec![transfer("house/coins/issued", "viewer/debtor/coins", 5)], Vec::new()));
    act(Action::Open { accounts: vec![name("viewer/closed/coins")] });
    act(Action::SetState { account: name("viewer/frozen/coins"), state: AccountState::Frozen });
    act(Action::SetState { account: name("viewer/closed/coins"), state: AccountState::Closed });
    act(post(Vec::new(), vec![Guard { key: "capped".to_owned(), operation: GuardOperation::CapAt(1) }]));
    act(Action::SetLimit { account: name("viewer/limited/coins"), window: Window::Day, zone: "UTC".to_owned(), max: 110 });
    state
}

/// A posting that is refused for exactly these reasons. The weaker ones come first in it, if order could matter.
fn against(reasons: &[&str]) -> Action {
    let has = |reason: &str| reasons.contains(&reason);
    let spend = |user: &str, amount| transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", amount);
    let ends =
        |credit: &str, after| NewTransfer { pending: true, expire_time: Some(NOW + after), ..transfer("house/treasury/USD", credit, 1) };
    let mut transfers = vec![spend("rich", if has("INSUFFICIENT_FUNDS") { 101 } else { 1 })];
    let mut guards = Vec::new();
    let mut when = |reason, transfer| {
        if has(reason) {
            transfers.push(transfer);
        }
    };
    when("OVERFLOW", transfer("house/coins/issued", "viewer/other/coins", money::AMOUNT_MAX));
    when("LIMIT_EXCEEDED", spend("limited", 11));
    when("COINS_OWED", spend("debtor", 1));
    when("ACCOUNT_CLOSED", spend("closed", 1));
    when("ACCOUNT_FROZEN", spend("frozen", 1));
    when("EXPIRY_FORBIDDEN", ends("house/in_transit/USD", 1));
    when("EXPIRY_OUT_OF_RANGE", ends("house/revenue/USD", 0));
    if has("OVERFLOW") {
        guards.push(Guard { key: "far".to_owned(), operation: GuardOperation::AdvanceTo(2) });
    }
    if has("GUARD_CAPPED") {
        guards.push(Guard { key: "capped".to_owned(), operation: GuardOperation::AdvanceTo(2) });
    }
    if has("GUARD_MISMATCH") {
        guards.push(Guard { key: "once".to_owned(), operation: GuardOperation::CompareAndSet { expected: 5, next: 6 } });
    }
    let refusal = has("CALLER_SAYS_NO").then(|| CallerRefusal { reason: "CALLER_SAYS_NO".to_owned(), detail: String::new() });
    Action::Post { transfers, guards, refusal }
}

#[test]
fn of_all_reasons_that_hold_the_documented_first_is_told() {
    let mut state = book();
    // The limited account may give ten more, and lacks no money for that.
    decide(&mut state, NOW, &plain(90, vec![transfer("house/coins/issued", "viewer/limited/coins", 100)])).unwrap();
    decide(&mut state, NOW, &plain(91, vec![transfer("viewer/limited/coins", "house/coins/redeemed", 100)])).unwrap();
    for mask in 1..1_u32 << REASONS.len() {
        let holding: Vec<&str> = REASONS.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0).map(|(_, reason)| *reason).collect();
        let request = request(1_000 + u128::from(mask), against(&holding));
        let told = decide(&mut state, NOW, &request).unwrap_err().kept().reason;
        assert_eq!(told, holding[0], "{holding:?}");
    }
    decide(&mut state, NOW, &request(9_999, against(&[]))).unwrap();
}
