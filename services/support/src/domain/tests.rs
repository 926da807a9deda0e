//! Unit tests of the chain and of what may become of a proposal.
use super::*;
use proptest::prelude::*;

fn deed(text: &str) -> Deed {
    Deed {
        act_id: Uuid::from_u128(7),
        phase: Phase::Begun,
        subject: "sue".to_owned(),
        issuer: "login".to_owned(),
        role: "support".to_owned(),
        rpc: "largesse.payout.v1.PayoutService/GetPayout".to_owned(),
        book: "demo".to_owned(),
        user_id: "ada".to_owned(),
        outcome: String::new(),
        reason: text.to_owned(),
        request_json: "{}".to_owned(),
    }
}

#[test]
fn a_line_follows_from_the_one_before() {
    let first = Line::after(None, deed("ticket 1"), 1_000, [1; 16]);
    let second = Line::after(Some((first.seq, first.hash)), deed("ticket 2"), 2_000, [2; 16]);
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.chained(&GENESIS), first.hash);
    assert_eq!(second.chained(&first.hash), second.hash);
    assert_ne!(second.chained(&GENESIS), second.hash);
}

#[test]
fn every_field_counts() {
    let line = Line::after(None, deed("ticket 1"), 1_000, [1; 16]);
    type Change = fn(&mut Line);
    let changes: [Change; 11] = [
        |line| line.seq += 1,
        |line| line.time_ms += 1,
        |line| line.deed.act_id = Uuid::from_u128(8),
        |line| line.deed.phase = Phase::Ended,
        |line| line.deed.subject.push('x'),
        |line| line.deed.issuer.push('x'),
        |line| line.deed.role.push('x'),
        |line| line.deed.rpc.push('x'),
        |line| line.deed.book.push('x'),
        |line| line.deed.user_id.push('x'),
        |line| line.deed.outcome.push('x'),
    ];
    for change in changes {
        let mut changed = line.clone();
        change(&mut changed);
        assert_ne!(changed.chained(&GENESIS), line.hash);
    }
    for change in [
        |line: &mut Line| line.deed.reason.push('x'),
        |line: &mut Line| line.deed.request_json.push('x'),
        |line: &mut Line| line.salt[0] ^= 1,
    ] {
        let mut changed = line.clone();
        change(&mut changed);
        assert!(!changed.texts_hold());
        assert_eq!(changed.chained(&GENESIS), line.hash, "texts count by their digest, so that they can be erased");
    }
}

#[test]
fn an_erased_line_still_follows() {
    let mut line = Line::after(None, deed("ticket 1"), 1_000, [1; 16]);
    (line.deed.reason, line.deed.request_json, line.salt, line.erased) = (String::new(), String::new(), [0; 16], true);
    assert!(line.texts_hold());
    assert_eq!(line.chained(&GENESIS), line.hash);
    line.deed.reason = "put in later".to_owned();
    assert!(!line.texts_hold());
}

proptest! {
    #[test]
    fn texts_never_run_into_one_another(a in ".{0,9}", b in ".{0,9}", c in ".{0,9}", d in ".{0,9}") {
        let line = |subject: &str, issuer: &str| {
            let deed = Deed { subject: subject.to_owned(), issuer: issuer.to_owned(), ..deed("ticket 1") };
            Line::after(None, deed, 1, [0; 16]).hash
        };
        prop_assert_eq!(line(&a, &b) == line(&c, &d), a == c && b == d);
    }
}

fn proposal(state: State) -> Proposal {
    Proposal {
        id: Uuid::from_u128(1),
        book: BookName::try_new("demo").unwrap(),
        number: 1,
        state,
        act: Act::Reversal(Uuid::from_u128(2)),
        proposed_by: UserKey::try_new("sue").unwrap(),
        proposal_reason: "ticket 1".to_owned(),
        proposed_at_ms: 0,
        expire_at_ms: PROPOSAL_LIFE_MS,
        decided_by: String::new(),
        decision_reason: String::new(),
        decided_at_ms: 0,
        result: String::new(),
    }
}

#[test]
fn nobody_approves_what_they_proposed() {
    let (sue, ann) = (UserKey::try_new("sue").unwrap(), UserKey::try_new("ann").unwrap());
    for state in State::ALL {
        assert_eq!(proposal(state).approve(&sue, 1), Err(No::SamePerson));
    }
    let approved = |state, now_ms| proposal(state).approve(&ann, now_ms);
    assert_eq!(approved(State::Open, PROPOSAL_LIFE_MS - 1), Ok(Approval::Approve));
    assert_eq!(approved(State::Open, PROPOSAL_LIFE_MS), Err(No::Expired));
    // What was approved in time is done however late.
    assert_eq!(approved(State::Approved, i64::MAX), Ok(Approval::GoOn));
    assert_eq!(approved(State::Done, i64::MAX), Ok(Approval::Done));
    assert_eq!(approved(State::Rejected, 1), Err(No::Decided));
    assert_eq!(approved(State::Refused, 1), Err(No::Decided));
}

#[test]
fn only_what_is_open_is_turned_down() {
    let rejected = |state| proposal(state).reject();
    assert_eq!(rejected(State::Open), Ok(true));
    assert_eq!(rejected(State::Rejected), Ok(false));
    for state in [State::Approved, State::Done, State::Refused] {
        assert_eq!(rejected(state), Err(No::Decided));
    }
}
