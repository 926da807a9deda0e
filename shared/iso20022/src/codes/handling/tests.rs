//! Unit tests of `codes::handling`.
use super::*;
use std::collections::BTreeSet;

const LISTS: [CodeList; 9] = [
    CodeList::TransactionStatus,
    CodeList::GroupStatus,
    CodeList::StatusReason,
    CodeList::ReturnReason,
    CodeList::CancellationReason,
    CodeList::CancellationRejection,
    CodeList::CancellationStatus,
    CodeList::InvestigationConfirmation,
    CodeList::EntryStatus,
];

#[test]
fn every_row_is_found_and_has_words() {
    for list in LISTS {
        assert!(rows(list).is_sorted_by(|a, b| a.0 < b.0), "{list:?} is not in order");
        for (code, cause, meaning) in rows(list) {
            let advice = CodeAdvice::of(list, code);
            assert_eq!((advice.cause, advice.meaning, advice.code.as_str()), (Some(*cause), *meaning, *code));
            assert!(code.len() == 4 && !meaning.is_empty() && meaning.len() <= 80, "{code}");
            assert_eq!(causes::CAUSES.iter().filter(|row| row.0 == *cause).count(), 1, "{cause:?}");
            assert!(advice.next_step.ends_with('.') && advice.payee_text.ends_with('.'));
        }
    }
}

#[test]
fn payee_checks_are_neither_rejections_nor_settlements() {
    for code in ["RCVC", "RVNA", "RVMC", "RVNM"] {
        let advice = CodeAdvice::of(CodeList::TransactionStatus, code);
        assert!(advice.cause.unwrap().is_payee_check(), "{code}");
        assert_eq!(crate::TransactionStatus::from_code(code).outcome(), crate::StatusOutcome::Unclear, "{code}");
    }
    assert!(!CodeAdvice::of(CodeList::TransactionStatus, "RJCT").cause.unwrap().is_payee_check());
}

#[test]
fn a_code_is_never_sent_again_where_it_may_have_been_paid() {
    let resend = |code| CodeAdvice::of(CodeList::StatusReason, code).resend;
    assert_eq!(resend("AM05"), Resend::Never);
    assert_eq!(resend("DUPL"), Resend::Never);
    assert_eq!(resend("AB03"), Resend::AfterInquiry);
    assert_eq!(resend("AC04"), Resend::AfterCorrection);
    assert!(resend("AM04").is_retryable() && !resend("FRAD").is_retryable());
    for code in known_codes(CodeList::ReturnReason) {
        let advice = CodeAdvice::of(CodeList::ReturnReason, code);
        assert!(advice.cause != Some(Cause::Settled), "{code}");
    }
}

#[test]
fn unknown_codes_are_kept_and_left_to_a_person() {
    for code in ["ZZZZ", "", "rjct", " RJCT", "RJCT\u{0}"] {
        let advice = CodeAdvice::of(CodeList::TransactionStatus, code);
        assert!(advice.is_for_a_person() && advice.code == code && advice.resend == Resend::Never && advice.owner == CodeOwner::Operations);
    }
}

mod reference {
    //! Against the registration authority's list.
    use super::*;

    #[test]
    fn reference_every_payment_code_of_the_list_is_known() {
        let Ok(root) = std::env::var("LARGESSE_REFERENCE_DATA") else {
            println!("skipped: LARGESSE_REFERENCE_DATA is not set");
            return;
        };
        let text = std::fs::read_to_string(format!("{root}/bank/iso20022_external_codes_2Q2026.csv")).unwrap();
        let lists = [
            ("ExternalPaymentTransactionStatus1Code", CodeList::TransactionStatus),
            ("ExternalPaymentGroupStatus1Code", CodeList::GroupStatus),
            ("ExternalStatusReason1Code", CodeList::StatusReason),
            ("ExternalReturnReason1Code", CodeList::ReturnReason),
            ("ExternalCancellationReason1Code", CodeList::CancellationReason),
            ("ExternalPaymentCancellationRejection1Code", CodeList::CancellationRejection),
            ("ExternalEntryStatus1Code", CodeList::EntryStatus),
        ];
        for (name, list) in lists {
            let official: BTreeSet<&str> =
                text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(',')?.split(',').next()).collect();
            let ours: BTreeSet<&str> = known_codes(list).collect();
            assert!(!official.is_empty(), "{name}");
            assert_eq!(ours, official, "{name}");
        }
    }
}
