//! Unit tests of the chain and of the state changes of a proposal.
use super::*;
use proptest::prelude::*;

fn staff_act(text: &str) -> StaffAct {
    StaffAct {
        act_id: Uuid::from_u128(7),
        phase: ActPhase::Begun,
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
    let first = ActRecord::after(None, staff_act("ticket 1"), 1_000, [1; 16]);
    let second = ActRecord::after(Some((first.seq, first.hash)), staff_act("ticket 2"), 2_000, [2; 16]);
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.chained(&GENESIS), first.hash);
    assert_eq!(second.chained(&first.hash), second.hash);
    assert_ne!(second.chained(&GENESIS), second.hash);
}

#[test]
fn every_field_counts() {
    let line = ActRecord::after(None, staff_act("ticket 1"), 1_000, [1; 16]);
    type Change = fn(&mut ActRecord);
    let changes: [Change; 11] = [
        |line| line.seq += 1,
        |line| line.time_ms += 1,
        |line| line.act.act_id = Uuid::from_u128(8),
        |line| line.act.phase = ActPhase::Ended,
        |line| line.act.subject.push('x'),
        |line| line.act.issuer.push('x'),
        |line| line.act.role.push('x'),
        |line| line.act.rpc.push('x'),
        |line| line.act.book.push('x'),
        |line| line.act.user_id.push('x'),
        |line| line.act.outcome.push('x'),
    ];
    for change in changes {
        let mut changed = line.clone();
        change(&mut changed);
        assert_ne!(changed.chained(&GENESIS), line.hash);
    }
    for change in [
        |line: &mut ActRecord| line.act.reason.push('x'),
        |line: &mut ActRecord| line.act.request_json.push('x'),
        |line: &mut ActRecord| line.salt[0] ^= 1,
    ] {
        let mut changed = line.clone();
        change(&mut changed);
        assert!(!changed.texts_hold());
        assert_eq!(changed.chained(&GENESIS), line.hash, "texts count by their digest, so that they can be erased");
    }
}

#[test]
fn an_erased_line_still_follows() {
    let mut line = ActRecord::after(None, staff_act("ticket 1"), 1_000, [1; 16]);
    (line.act.reason, line.act.request_json, line.salt, line.erased) = (String::new(), String::new(), [0; 16], true);
    assert!(line.texts_hold());
    assert_eq!(line.chained(&GENESIS), line.hash);
    line.act.reason = "put in later".to_owned();
    assert!(!line.texts_hold());
}

proptest! {
    #[test]
    fn texts_never_run_into_one_another(a in ".{0,9}", b in ".{0,9}", c in ".{0,9}", d in ".{0,9}") {
        let line = |subject: &str, issuer: &str| {
            let act = StaffAct { subject: subject.to_owned(), issuer: issuer.to_owned(), ..staff_act("ticket 1") };
            ActRecord::after(None, act, 1, [0; 16]).hash
        };
        prop_assert_eq!(line(&a, &b) == line(&c, &d), a == c && b == d);
    }
}

fn proposal(state: ProposalState) -> Proposal {
    Proposal {
        id: Uuid::from_u128(1),
        book: BookName::try_new("demo").unwrap(),
        number: 1,
        state,
        act: ProposedAct::Reversal(Uuid::from_u128(2)),
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
    for state in ProposalState::ALL {
        assert_eq!(proposal(state).approve(&sue, 1), Err(ProposalRefusal::SamePerson));
    }
    let approved = |state, now_ms| proposal(state).approve(&ann, now_ms);
    assert_eq!(approved(ProposalState::Open, PROPOSAL_LIFE_MS - 1), Ok(Approval::Approve));
    assert_eq!(approved(ProposalState::Open, PROPOSAL_LIFE_MS), Err(ProposalRefusal::Expired));
    // A proposal approved in time is carried out however late.
    assert_eq!(approved(ProposalState::Approved, i64::MAX), Ok(Approval::Resume));
    assert_eq!(approved(ProposalState::Done, i64::MAX), Ok(Approval::Done));
    assert_eq!(approved(ProposalState::Rejected, 1), Err(ProposalRefusal::Decided));
    assert_eq!(approved(ProposalState::Refused, 1), Err(ProposalRefusal::Decided));
}

#[test]
fn only_what_is_open_is_turned_down() {
    let rejected = |state| proposal(state).reject();
    assert_eq!(rejected(ProposalState::Open), Ok(true));
    assert_eq!(rejected(ProposalState::Rejected), Ok(false));
    for state in [ProposalState::Approved, ProposalState::Done, ProposalState::Refused] {
        assert_eq!(rejected(state), Err(ProposalRefusal::Decided));
    }
}

#[test]
fn each_try_waits_twice_as_long_as_the_one_before_up_to_an_hour() {
    let waits: Vec<i64> = (0..=9).map(|tries| PutOff::SWEEPER.after_ms(tries) / 1_000).collect();
    assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600]);
    for tries in [i64::MIN, -1, 40, 63, 64, i64::MAX] {
        assert!((10_000..=3_600_000).contains(&PutOff::SWEEPER.after_ms(tries)), "{tries}");
    }
}
