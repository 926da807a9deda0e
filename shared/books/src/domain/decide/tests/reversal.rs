//! A reversal undoes its posting exactly, once, whatever the posting was, and nothing else can be reversed.
use super::*;

fn told(state: &mut BookState, n: u128, action: Action) -> String {
    decide(state, NOW, &request(n, action)).map_or_else(|refusal| refusal.kept().reason, |_| "ok".to_owned())
}

fn reverse(posting: Uuid) -> Action {
    Action::Reverse { posting, allow_debt: false }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn reversal_restores_every_balance(legs in proptest::collection::vec((0..4usize, 0..4usize, 1..60i64, any::<bool>()), 1..12)) {
        const NAMES: [&str; 4] = ["viewer/a/coins", "viewer/b/coins", "viewer/c/coins", "house/coins/redeemed"];
        let mut state = BookState::starting_after(0, 0);
        for (at, who) in NAMES.iter().enumerate() {
            decide(&mut state, NOW, &plain(at as u128 + 1, vec![transfer("house/coins/issued", who, 100)])).unwrap();
        }
        let balances = |state: &BookState| NAMES.map(|who| balance(state, who));
        let before = balances(&state);
        let legs = legs.into_iter().filter(|(debit, credit, ..)| debit != credit);
        let legs: Vec<NewTransfer> =
            legs.map(|(debit, credit, amount, up_to)| NewTransfer { up_to, ..transfer(NAMES[debit], NAMES[credit], amount) }).collect();
        let Ok(mut events) = decide(&mut state, NOW, &plain(50, legs)) else { return Ok(()) };
        let event = events.pop().unwrap();
        let moved = !event.transfers.is_empty();
        state.load_source(event.clone());
        // No step back lacks funds: each finds what its original left.
        prop_assert_eq!(told(&mut state, 51, reverse(event.id)), if moved { "ok" } else { "NOT_REVERSIBLE" });
        prop_assert_eq!(balances(&state), before);
        prop_assert_eq!(told(&mut state, 52, reverse(event.id)), if moved { "ALREADY_REVERSED" } else { "NOT_REVERSIBLE" });
        prop_assert_eq!(balances(&state), before);
    }
}

#[test]
fn what_holds_and_ends_and_reverses_is_not_reversed() {
    let mut state = funded(100);
    let hold = |expire_time| NewTransfer { pending: true, expire_time, ..transfer("viewer/u1/coins", "house/coins/redeemed", 10) };
    let mixed = plain(2, vec![hold(Some(NOW + 5)), transfer("viewer/u1/coins", "house/coins/redeemed", 1)]);
    let mixed = decide(&mut state, NOW, &mixed).unwrap().pop().unwrap();
    state.load_source(mixed.clone());
    assert_eq!(told(&mut state, 3, reverse(mixed.id)), "NOT_REVERSIBLE");
    let held = *state.hold(mixed.transfers[0].no).unwrap();
    let ended = expire(&mut state, NOW + 5, held);
    state.load_source(ended.clone());
    for id in [mixed.id, ended.id] {
        assert_eq!(told(&mut state, 4, reverse(id)), "NOT_REVERSIBLE");
    }
    let gift = decide(&mut state, NOW, &plain(5, vec![transfer("viewer/u1/coins", "house/coins/redeemed", 9)])).unwrap().pop().unwrap();
    state.load_source(gift.clone());
    let freeze = |state| Action::SetState { account: name("viewer/u1/coins"), state };
    assert_eq!(told(&mut state, 6, freeze(AccountState::Frozen)), "ok");
    assert_eq!(told(&mut state, 7, reverse(gift.id)), "ACCOUNT_FROZEN");
    assert_eq!(told(&mut state, 8, freeze(AccountState::Open)), "ok");
    let back = decide(&mut state, NOW, &request(9, reverse(gift.id))).unwrap().pop().unwrap();
    state.load_source(back.clone());
    assert_eq!(told(&mut state, 10, reverse(back.id)), "NOT_REVERSIBLE");
    // Already reversed takes precedence over frozen; and limits and closed accounts are respected.
    assert_eq!(told(&mut state, 11, freeze(AccountState::Frozen)), "ok");
    assert_eq!(told(&mut state, 12, reverse(gift.id)), "ALREADY_REVERSED");
    assert_eq!(told(&mut state, 13, reverse(Uuid::from_u128(404))), "POSTING_UNKNOWN");
}
