//! Unit tests of `domain`.
mod lying_bank;
mod reports;

use super::{
    evidence::{BankEvidence, ReportedSending},
    returns::{BankCredit, PayoutReturn, ReturnState},
    *,
};
use iso20022::TransactionStatus;
use money::Currency;
use proptest::prelude::*;

pub fn payout(phase: PayoutPhase) -> Payout {
    let blank = Payout {
        book: BookName::try_new("app-us").unwrap(),
        payout_id: Uuid::from_u128(7),
        user: UserKey::try_new("ana").unwrap(),
        beneficiary_id: Uuid::from_u128(8),
        request_id: Uuid::from_u128(9),
        amount: Money::try_new(Currency::try_new("USD").unwrap(), 500).unwrap(),
        attempt: Attempt {
            bank: "sandbox".to_owned(),
            entity: "main".to_owned(),
            bank_account: "main".to_owned(),
            ..Attempt::of_before("us-rtp".to_owned())
        },
        rails_tried: String::new(),
        bearer: CostBearer::House,
        reviewed: false,
        returned_minor_units: 0,
        returnable_until_ms: 0,
        phase: PayoutPhase::Requested,
        state: PayoutState::Requested,
        version: 1,
        due_at_ms: 0,
        claimed: false,
        attempts: 0,
        sends: 1,
        sendings: Sendings::open(1),
        shared: SharedMessages::default(),
        sent_at_ms: 1_000,
        first_sent_at_ms: 1_000,
        seen: false,
        step_key: Uuid::nil(),
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
        traceparent: String::new(),
        created_at_ms: 0,
        final_at_ms: 0,
    };
    blank.enter(phase, 0)
}

/// Money that came back for [`payout`].
pub fn returned(minor_units: i64, charge_minor_units: i64) -> PayoutReturn {
    let credit = BankCredit {
        place: 0,
        bank_reference: "B-1".to_owned(),
        end_to_end_id: Uuid::from_u128(7).simple().to_string(),
        amount: Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap(),
        charge_minor_units,
        is_return: true,
        code: "AC04".to_owned(),
        value_date: String::new(),
        booked_at_ms: 5_000,
    };
    PayoutReturn {
        return_id: PayoutReturn::id("sandbox", "main", &credit),
        of: None,
        attempt_no: 1,
        bank: "sandbox".to_owned(),
        bank_account: "main".to_owned(),
        credit,
        charge_borne_minor_units: charge_minor_units,
        found_at_ms: 6_000,
        state: ReturnState::Unmatched,
        why: String::new(),
        suspended: false,
        step_key: Uuid::nil(),
        posting_id: String::new(),
        tries: 0,
        due_at_ms: 0,
        version: 1,
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy { retry_delay_ms: 100, retry_delay_max_ms: 5_000, clock_skew_ms: 5_000, sends_max: 3 }
}

const TIME_OUT_MS: i64 = 10_000;

fn answered(payout: Payout, answer: BankAnswer, asked_at_ms: i64) -> Payout {
    judge(payout, answer, asked_at_ms, asked_at_ms + 20, &policy(), TIME_OUT_MS).0
}

/// The bank's answer about this sending.
fn said(send: i64, code: &str, reason: &str) -> BankEvidence {
    BankEvidence {
        sending: ReportedSending::This(send),
        outcome: TransactionStatus::from_code(code).outcome(),
        duplicate: reason == "AM05",
        status: code.into(),
        reason_code: reason.into(),
        words: String::new(),
        doubt: None,
    }
}

fn verdict(code: &str, reason: &str) -> BankAnswer {
    BankAnswer::Named(said(1, code, reason))
}

#[test]
fn final_statuses_decide_and_others_do_not() {
    for from in [PayoutPhase::Sent, PayoutPhase::Accepted, PayoutPhase::Unknown] {
        for (code, phase) in [
            ("ACSC", PayoutPhase::Settling),
            ("ACCC", PayoutPhase::Settling),
            ("RJCT", PayoutPhase::Returning),
            ("ACTC", PayoutPhase::Accepted),
            ("ACCP", PayoutPhase::Accepted),
            ("ACSP", PayoutPhase::Accepted),
            ("PDNG", PayoutPhase::Accepted),
            ("CANC", PayoutPhase::Unknown),
            ("ZZZZ", PayoutPhase::Unknown),
        ] {
            assert_eq!(answered(payout(from), verdict(code, ""), 2_000).phase, phase, "{from:?} {code}");
        }
    }
}

#[test]
fn a_duplicate_is_asked_after_and_not_given_back() {
    assert_eq!(answered(payout(PayoutPhase::Sent), verdict("RJCT", "AM05"), 2_000).phase, PayoutPhase::Unknown);
}

#[test]
fn a_duplicate_of_the_only_sending_is_the_banks_verdict_once_it_was_asked() {
    for phase in [PayoutPhase::Unknown, PayoutPhase::Accepted] {
        let rejected = answered(payout(phase), verdict("RJCT", "AM05"), 2_000);
        assert_eq!((rejected.phase, rejected.reason_code.as_str()), (PayoutPhase::Returning, "AM05"));
        // Sent twice: it may be about the first sending, which may have been paid.
        let sent_twice = Payout { sends: 2, sendings: Sendings::open(2), ..payout(phase) };
        let twice = answered(sent_twice, BankAnswer::Named(said(2, "RJCT", "AM05")), 2_000);
        assert_eq!((twice.phase, twice.reason_code.as_str()), (PayoutPhase::Unknown, "AM05"));
        let settled = answered(twice, verdict("ACSC", ""), 3_000);
        assert_eq!((settled.phase, settled.reason_code.as_str()), (PayoutPhase::Settling, ""));
    }
}

#[test]
fn a_lost_answer_is_asked_after_from_the_rails_time_out_on() {
    let payout = answered(payout(PayoutPhase::Sent), BankAnswer::Lost("cut".into()), 1_000);
    assert_eq!((payout.phase, payout.state, payout.due_at_ms), (PayoutPhase::Unknown, PayoutState::OutcomeUnknown, 11_000));
}

#[test]
fn a_lost_question_changes_nothing_known() {
    for phase in [PayoutPhase::Accepted, PayoutPhase::Unknown] {
        assert_eq!(answered(payout(phase), BankAnswer::Lost("cut".into()), 2_000).phase, phase);
    }
}

#[test]
fn not_found_is_no_proof_before_the_window_has_passed() {
    let answer = BankAnswer::NotFound { window_ms: 60_000 };
    // Sent at 1,000, window 60,000, skew 5,000.
    assert_eq!(answered(payout(PayoutPhase::Unknown), answer.clone(), 66_000).phase, PayoutPhase::Unknown);
    assert_eq!(answered(payout(PayoutPhase::Unknown), answer, 66_001).phase, PayoutPhase::Intent);
}

#[test]
fn after_the_last_sending_the_money_goes_back() {
    let mut last = payout(PayoutPhase::Unknown);
    last.sends = 3;
    last.sendings = Sendings::default().begun().last_not_found().begun().last_not_found().begun();
    let returned = answered(last, BankAnswer::NotFound { window_ms: 0 }, 100_000);
    assert_eq!(
        (returned.phase, returned.reason_code.as_str(), returned.state),
        (PayoutPhase::Returning, "AG09", PayoutState::OutcomeUnknown)
    );
}

#[test]
fn what_the_bank_once_had_is_never_sent_again() {
    let accepted = answered(payout(PayoutPhase::Sent), verdict("ACSP", ""), 2_000);
    let lost = answered(accepted, BankAnswer::NotFound { window_ms: 0 }, 10_000_000);
    assert_eq!(lost.phase, PayoutPhase::Unknown);
    assert_eq!(answered(lost, BankAnswer::NotFound { window_ms: 0 }, 20_000_000).phase, PayoutPhase::Unknown);
}

#[test]
fn names_lead_back() {
    assert!(PayoutState::ALL.iter().all(|state| PayoutState::from_name(state.name()) == Some(*state)));
    assert!(PayoutPhase::ALL.iter().all(|phase| PayoutPhase::from_name(phase.name()) == Some(*phase)));
}

#[test]
fn ids_fit_the_bank() {
    let payout = payout(PayoutPhase::Held);
    assert_eq!(payout.end_to_end_id().len(), 32);
    assert!(payout.message_id(99).len() <= 35);
}

#[test]
fn a_payout_is_under_way_until_it_is_final() {
    for state in PayoutState::ALL {
        let paid = state == PayoutState::SettledReturnable;
        assert_eq!(PayoutState::IN_FLIGHT.contains(&state), !state.is_final() && !paid, "{state:?}");
    }
}

#[test]
fn no_step_repeats_a_key() {
    let mut keys = std::collections::BTreeSet::new();
    let mut now = payout(PayoutPhase::Held);
    assert!(keys.insert(now.step_key));
    // All within one millisecond: the phases, refusals, and the same phases once more.
    for phase in
        [PayoutPhase::Intent, PayoutPhase::Sent, PayoutPhase::Unknown, PayoutPhase::Intent, PayoutPhase::Sent, PayoutPhase::Returning]
    {
        now.version += 1;
        now = now.enter(phase, 7);
        assert!(keys.insert(now.step_key), "{phase:?}");
        assert_eq!(now.clone().again(7, &policy()).step_key, now.step_key, "an unknown outcome keeps its id");
        for _ in 0..3 {
            now.version += 1;
            now = now.with_fresh_key(7);
            assert!(keys.insert(now.step_key), "a refusal at {phase:?}");
        }
    }
    let other = Payout { payout_id: Uuid::from_u128(8), ..now.clone() };
    assert!(keys.insert(other.with_fresh_key(7).step_key), "another payout");
    assert_eq!(money::id_time_ms(now.enter(PayoutPhase::Rejected, 1_800_000_000_123).step_key), Some(1_800_000_000_123));
}

fn any_phase() -> impl Strategy<Value = PayoutPhase> {
    prop::sample::select(PayoutPhase::ALL.to_vec())
}

fn any_answer() -> impl Strategy<Value = BankAnswer> {
    let code = prop::sample::select(vec!["ACTC", "ACCP", "ACSP", "PDNG", "CANC", "ZZZZ"]);
    prop_oneof![
        (code, prop::sample::select(vec!["", "AM05"])).prop_map(|(code, reason)| verdict(code, reason)),
        Just(verdict("RJCT", "AM05")),
        (0..200_000i64).prop_map(|window_ms| BankAnswer::NotFound { window_ms }),
        Just(BankAnswer::Lost("cut".into())),
    ]
}

proptest! {
    /// Whatever a bank answers, short of a final status or a final "not found" of a payment never seen: no money moves and nothing is sent again.
    #[test]
    fn nothing_is_guessed(answers in proptest::collection::vec((any_answer(), 1_000..400_000i64), 1..30)) {
        // No poll is made before it was sent, at 1,000; this is the second sending, so that a duplicate may be of the first.
        let sendings = Sendings::default().begun().last_not_found().begun();
        let mut now = Payout { sends: 2, sendings, ..payout(PayoutPhase::Sent) };
        for (answer, asked_at_ms) in answers {
            let before = now.clone();
            let proof = matches!(answer, BankAnswer::NotFound { window_ms } if asked_at_ms > 1_000 + window_ms + 5_000) && !before.seen;
            now = answered(now, answer, asked_at_ms);
            if now.phase == PayoutPhase::Intent || now.phase == PayoutPhase::Returning {
                prop_assert!(proof);
                return Ok(());
            }
            prop_assert!(matches!(now.phase, PayoutPhase::Accepted | PayoutPhase::Unknown));
            prop_assert!(now.seen >= before.seen);
            prop_assert!(now.due_at_ms <= asked_at_ms + 20 + 10_000);
        }
    }

    #[test]
    fn a_judgement_follows_from_what_is_given(
        phase in any_phase(),
        answer in prop_oneof![any_answer(), Just(verdict("ACSC", "")), Just(verdict("RJCT", "AC04"))],
        (version, seen, sends) in (1..1_000_i64, any::<bool>(), 1..5_i64),
        (asked_at_ms, took_ms) in (1_000..400_000_i64, 0..60_000_i64),
    ) {
        let given = Payout { version, seen, sends, sendings: Sendings::open(sends), ..payout(phase) };
        let judged = || judge(given.clone(), answer.clone(), asked_at_ms, asked_at_ms + took_ms, &policy(), TIME_OUT_MS);
        let (one, other) = (judged(), judged());
        prop_assert_eq!(&one, &other);
        prop_assert!(one.0.phase == phase || one.0.step_key != given.step_key);
    }

    #[test]
    fn the_back_off_is_bounded(attempts in any::<i64>()) {
        prop_assert!((100..=5_000).contains(&policy().backoff_ms(attempts)));
    }
}

#[test]
fn the_same_answer_makes_the_same_of_the_same_payout() {
    let answers = [
        verdict("ACSC", ""),
        verdict("RJCT", "AC04"),
        verdict("PDNG", ""),
        BankAnswer::NotFound { window_ms: 0 },
        BankAnswer::Lost("cut".into()),
    ];
    for phase in [PayoutPhase::Sent, PayoutPhase::Accepted, PayoutPhase::Unknown] {
        for answer in &answers {
            let judged = || judge(payout(phase), answer.clone(), 100_000, 100_020, &policy(), TIME_OUT_MS);
            assert_eq!(judged(), judged(), "{phase:?} {answer:?}");
        }
    }
}

#[test]
fn whatever_names_a_payment_leaves_not_found_without_proof() {
    for code in ["BLCK", "CANC", "PART", "ZZZZ", "ACSP", "RJCT"] {
        for from in [PayoutPhase::Sent, PayoutPhase::Unknown] {
            let reason = if code == "RJCT" { "AM05" } else { "" };
            let phase = if code == "RJCT" { PayoutPhase::Sent } else { from };
            let named = answered(payout(phase), verdict(code, reason), 2_000);
            let lost = answered(named, BankAnswer::NotFound { window_ms: 0 }, 10_000_000);
            assert_eq!((lost.phase, lost.sends), (PayoutPhase::Unknown, 1), "{code} {from:?}");
        }
    }
}

#[test]
fn a_word_about_one_sending_decides_no_other() {
    let second = Payout { sends: 2, sendings: Sendings::default().begun().last_not_found().begun(), ..payout(PayoutPhase::Unknown) };
    let late = answered(second.clone(), BankAnswer::Named(said(1, "RJCT", "TM01")), 2_000);
    assert_eq!((late.phase, late.sendings.letters().as_str()), (PayoutPhase::Unknown, "ro"));
    assert_eq!(answered(late.clone(), BankAnswer::Named(said(2, "RJCT", "AC04")), 3_000).phase, PayoutPhase::Returning);
    assert_eq!(answered(late, BankAnswer::Named(said(2, "ACSC", "")), 3_000).phase, PayoutPhase::Settling);
    // A duplicate of the second proves that the first arrived, even if "not found" was proof before.
    let duplicate = answered(second.clone(), BankAnswer::Named(said(2, "RJCT", "AM05")), 2_000);
    assert_eq!((duplicate.phase, duplicate.sendings.letters().as_str()), (PayoutPhase::Unknown, "od"));
    assert_eq!(answered(duplicate.clone(), BankAnswer::Named(said(1, "RJCT", "AM05")), 3_000).phase, PayoutPhase::Unknown);
    assert_eq!(answered(duplicate, BankAnswer::Named(said(1, "RJCT", "AC04")), 3_000).phase, PayoutPhase::Returning);
    // A message that is not one of ours proves that some sending arrived, but not which.
    let foreign = BankEvidence { sending: ReportedSending::Foreign, ..said(1, "RJCT", "AC04") };
    assert_eq!(answered(second, BankAnswer::Named(foreign), 2_000).sendings.letters(), "oo");
}

#[test]
fn patience_goes_on_whatever_the_bank_says() {
    let mut now = payout(PayoutPhase::Sent);
    let mut delays = Vec::new();
    for code in ["ACSP", "PART", "PDNG", "BLCK", "ACSP", "ZZZZ", "ACTC", "PART"] {
        now = answered(now, verdict(code, ""), 2_000);
        delays.push(now.due_at_ms - 2_020);
    }
    assert_eq!(delays, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    // A window that ends later with every answer.
    let mut moved = payout(PayoutPhase::Unknown);
    let mut at = 1_000;
    for _ in 0..20 {
        moved = answered(moved, BankAnswer::NotFound { window_ms: at }, at);
        at = moved.due_at_ms;
    }
    assert!(moved.due_at_ms - at < 1 && moved.attempts == 20);
    let next = answered(moved, BankAnswer::NotFound { window_ms: at }, at);
    assert_eq!(next.due_at_ms - at, 5_020);
}

#[test]
fn what_the_bank_did_not_take_is_sent_again_later_and_goes_back_in_the_end() {
    let not_taken = || BankAnswer::NotTaken("overloaded".to_owned());
    let mut now = Payout { sends: 0, sendings: Sendings::default(), ..payout(PayoutPhase::Intent) };
    for send in 1..=3 {
        now = answered(now.begin_sending(send * 100_000, send * 100_000 + TIME_OUT_MS), not_taken(), send * 100_000);
        let (phase, pause_ms) = if send < 3 { (PayoutPhase::Intent, now.due_at_ms - send * 100_000) } else { (PayoutPhase::Returning, 0) };
        assert_eq!((now.phase, now.sendings.letters()), (phase, "n".repeat(usize::try_from(send).unwrap())));
        assert!(send == 3 || pause_ms > 1_000, "it waits longer than for a poll: {pause_ms}");
    }
    // It proves nothing of a payment that the bank has named, nor as the answer to a question.
    let seen = Payout { seen: true, ..payout(PayoutPhase::Sent) };
    assert_eq!(answered(seen, not_taken(), 100_000).phase, PayoutPhase::Unknown);
    let unknown = answered(payout(PayoutPhase::Unknown), not_taken(), 100_000);
    assert_eq!((unknown.phase, unknown.sendings.letters().as_str()), (PayoutPhase::Unknown, "o"));
}
