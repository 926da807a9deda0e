//! Unit tests of `evidence`.
use super::*;
use std::collections::BTreeSet;

fn of(status: &str, sub: &str, sent_as: ApiPaymentType) -> ApiEvidence {
    evidence(status, (!sub.is_empty()).then_some(sub), &[], sent_as)
}

#[test]
fn every_pair_is_in_the_table_once() {
    let pairs: BTreeSet<_> = known_pairs().collect();
    assert_eq!(pairs.len(), TABLE.len());
}

#[test]
fn ach_is_never_final() {
    for (status, sub) in known_pairs() {
        assert_ne!(of(status, sub, ApiPaymentType::Ach), ApiEvidence::Settled, "{status} {sub}");
    }
    assert_eq!(of("COMPLETED", "COMPLETED_BY_JPM", ApiPaymentType::Ach), ApiEvidence::SettledReturnable);
    assert_eq!(of("COMPLETED", "DELIVERED_TO_RECIPIENT", ApiPaymentType::Ach), ApiEvidence::SettledReturnable);
    assert_eq!(of("COMPLETED", "SENT_TO_CLEARING", ApiPaymentType::Ach), ApiEvidence::SentToClearing);
}

#[test]
fn only_delivery_or_a_completed_wire_is_settled() {
    for sent_as in ApiPaymentType::all().filter(|kind| *kind != ApiPaymentType::Ach) {
        assert_eq!(of("COMPLETED", "DELIVERED_TO_RECIPIENT", sent_as), ApiEvidence::Settled);
        assert_eq!(of("COMPLETED", "SENT_TO_CLEARING", sent_as), ApiEvidence::SentToClearing);
        let settled = of("COMPLETED", "COMPLETED_BY_JPM", sent_as) == ApiEvidence::Settled;
        assert_eq!(settled, sent_as == ApiPaymentType::Wire);
        assert_eq!(of("COMPLETED", "", sent_as), ApiEvidence::SentToClearing);
    }
}

#[test]
fn money_goes_back_only_on_the_words_that_say_so() {
    let free = |found: &ApiEvidence| matches!(found, ApiEvidence::Rejected(_) | ApiEvidence::Cancelled);
    let words: Vec<_> = known_pairs().filter(|(status, sub)| free(&of(status, sub, ApiPaymentType::Rtp))).collect();
    let expected =
        [("CANCELED", "CANCELED"), ("REJECTED", "REJECTED"), ("REJECTED", "REJECTED_BY_JPM"), ("CANCELED", ""), ("REJECTED", "")];
    assert_eq!(words, expected);
}

#[test]
fn unknown_words_and_pairs_that_do_not_fit_prove_nothing() {
    for (status, sub) in [
        ("SETTLED", ""),
        ("completed", ""),
        ("", ""),
        ("REJECTED", "DELIVERED_TO_RECIPIENT"),
        ("COMPLETED", "REJECTED"),
        ("COMPLETED", "SOMETHING_NEW"),
        ("RECEIVED", "COMPLETED_BY_JPM"),
        ("REJECTED\u{202e}", ""),
    ] {
        assert!(matches!(of(status, sub, ApiPaymentType::Rtp), ApiEvidence::Unclear(_)), "{status} {sub}");
    }
    let ApiEvidence::Unclear(why) = of("RE\u{202e}J", "X", ApiPaymentType::Rtp) else { panic!() };
    assert_eq!(why, "the status RE\\u202eJ with X is not known");
}

#[test]
fn reviews_are_cases() {
    let case = |sub| match of("PROCESSING", sub, ApiPaymentType::Rtp) {
        ApiEvidence::NeedsUs(case) => Some(case),
        _ => None,
    };
    assert_eq!(case("PENDING_CLIENT_ACTION"), Some(ApiCase::ClientAction));
    assert_eq!(case("PENDING_COMPLIANCE_REVIEW"), Some(ApiCase::ComplianceReview));
    assert_eq!(case("PENDING_FRAUD_REVIEW"), Some(ApiCase::FraudReview));
    assert_eq!(case("PENDING_FUNDING_REVIEW"), Some(ApiCase::Funding));
    assert_eq!(case("PENDING_JPM_REVIEW"), None);
}

/// Every word of the reference list has a row, and no row but those without a sub-status is of our own making.
#[test]
fn the_reference_list_of_statuses_is_covered() {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let folder = std::path::PathBuf::from(root).join("bank/jpm");
    let listed = std::fs::read_to_string(folder.join("statuses.csv")).unwrap();
    let pairs = listed.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    });
    let pairs: Vec<_> = pairs.collect();
    assert_eq!(pairs.len(), 17);
    for (status, sub) in &pairs {
        assert!(known_pairs().any(|pair| pair == (status.as_str(), sub.as_str())), "{status} {sub}");
    }
    let first = std::fs::read_to_string(folder.join("statuses_v1.csv")).unwrap();
    for status in first.lines().skip(1).filter_map(|line| line.split(',').next()) {
        assert!(known_pairs().any(|pair| pair == (status, "")), "{status}");
    }
}
