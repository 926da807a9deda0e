//! What proves that a transfer was executed, or never will be; everything else leaves it as it is.
use super::{OwnAccountName, OwnTransfer, OwnTransferState};
use crate::domain::{
    BankAnswer,
    evidence::{BankEvidence, Doubt, ReportedSending},
};
use OwnTransferState::{Accepted, Refused, Sent, Settled};
use iso20022::StatusOutcome;
use money::{BookName, Currency, Money};
use uuid::Uuid;

fn transfer(seen: bool) -> OwnTransfer {
    let account = |bank: &str| OwnAccountName { bank: bank.to_owned(), bank_account: "main".to_owned() };
    OwnTransfer {
        sweep_id: Uuid::from_u128(7),
        book: BookName::try_new("treasury").unwrap(),
        from: account("first"),
        to: account("second"),
        rail: "us-rtp".to_owned(),
        amount: Money::try_new(Currency::try_new("USD").unwrap(), 400).unwrap(),
        state: Sent,
        seen,
        sent_at_ms: 1_000,
        ask_at_ms: 5_000,
        evidence: String::new(),
    }
}

fn said(outcome: StatusOutcome, duplicate: bool) -> BankEvidence {
    BankEvidence {
        sending: ReportedSending::This(1),
        outcome,
        duplicate,
        status: "CODE".to_owned(),
        reason_code: String::new(),
        words: String::new(),
        doubt: None,
    }
}

#[test]
fn only_proof_ends_a_transfer_and_a_bank_that_named_it_can_not_lose_it() {
    let ids = ["00000000000000000000000000000007", "00000000000000000000000000000007-1"];
    assert_eq!([transfer(false).end_to_end_id(), transfer(false).message_id()], ids);
    let named = |outcome, duplicate| BankAnswer::Named(said(outcome, duplicate));
    let lost = || BankAnswer::Lost("nothing".to_owned());
    let not_taken = || BankAnswer::NotTaken("busy".to_owned());
    let not_found = BankAnswer::NotFound { window_ms: 2_000 };
    // Answer, when it was asked for, whether the bank had named it before; state and whether it has then.
    let cases = [
        (named(StatusOutcome::Settled, false), 1_000, false, (Settled, true)),
        (named(StatusOutcome::Pending, false), 1_000, false, (Accepted, true)),
        (named(StatusOutcome::Rejected, false), 1_000, false, (Refused, true)),
        // To the sending, and to a question.
        (named(StatusOutcome::Rejected, true), 1_000, false, (Sent, true)),
        (named(StatusOutcome::Rejected, true), 9_000, false, (Refused, true)),
        (BankAnswer::Named(said(StatusOutcome::Rejected, true).doubted(Doubt::OtherMessage)), 9_000, false, (Sent, true)),
        (named(StatusOutcome::Unclear, false), 9_000, false, (Sent, true)),
        (BankAnswer::Named(said(StatusOutcome::Rejected, false).doubted(Doubt::OtherAmount)), 9_000, false, (Sent, true)),
        (not_found.clone(), 3_100, false, (Sent, false)),
        (not_found.clone(), 3_101, false, (Refused, false)),
        (not_found, 9_000, true, (Sent, true)),
        (not_taken(), 1_000, false, (Refused, false)),
        (not_taken(), 9_000, false, (Sent, false)),
        (not_taken(), 1_000, true, (Sent, true)),
        (lost(), 9_000, false, (Sent, false)),
        (lost(), 9_000, true, (Sent, true)),
    ];
    for (answer, asked_at_ms, seen, expected) in cases {
        let after = transfer(seen).answered(&answer, asked_at_ms, 100);
        assert_eq!((after.state, after.seen), expected, "{answer:?} at {asked_at_ms}, seen: {seen}");
        assert_eq!(after.evidence.is_empty(), after.state == Sent, "{answer:?}");
    }
    for state in [Sent, Accepted, Settled, Refused] {
        assert_eq!(OwnTransferState::from_name(state.name()), Some(state));
        assert_eq!(state.is_open(), matches!(state, Sent | Accepted));
    }
    // What was accepted is paid or refused later, and nothing else changes it.
    let accepted = transfer(false).answered(&named(StatusOutcome::Pending, false), 2_000, 100);
    assert_eq!((accepted.state, accepted.ask_at_ms), (Accepted, 602_000));
    let later = [
        (named(StatusOutcome::Settled, false), Settled),
        (named(StatusOutcome::Rejected, false), Refused),
        (named(StatusOutcome::Rejected, true), Refused),
        (named(StatusOutcome::Unclear, false), Accepted),
        (BankAnswer::NotFound { window_ms: 2_000 }, Accepted),
        (not_taken(), Accepted),
        (lost(), Accepted),
    ];
    for (answer, state) in later {
        assert_eq!(accepted.clone().answered(&answer, 900_000, 100).state, state, "{answer:?}");
    }
    // Whatever a bank writes as its codes, treasury takes the evidence.
    let odd = BankEvidence { status: "A\u{7}C".to_owned(), reason_code: "x".repeat(500), ..said(StatusOutcome::Rejected, false) };
    let evidence = transfer(false).answered(&BankAnswer::Named(odd), 1_000, 100).evidence;
    assert!(evidence.chars().count() == 140 && evidence.contains("-1 AC xx"), "{evidence}");
}

#[test]
fn a_bank_that_never_says_is_asked_ever_more_seldom() {
    let mut row = transfer(false);
    let doubtful = || BankAnswer::Named(said(StatusOutcome::Unclear, false));
    // Whoever sent it may still wait for the first answer.
    row = row.answered(&BankAnswer::Lost("nothing".to_owned()), 1_000, 100);
    assert_eq!(row.ask_at_ms, 5_000);
    let mut pauses = Vec::new();
    for answer in [doubtful(), BankAnswer::Lost("nothing".to_owned()), BankAnswer::NotTaken("busy".to_owned())].into_iter().cycle().take(12)
    {
        let asked_at_ms = row.ask_at_ms;
        row = row.answered(&answer, asked_at_ms, 100);
        assert_eq!(row.state, Sent);
        pauses.push(row.ask_at_ms - asked_at_ms);
    }
    assert_eq!(pauses[..4], [4_000, 8_000, 16_000, 32_000]);
    assert!(pauses[8..].iter().all(|pause| *pause == 600_000), "{pauses:?}");
}
