//! Unit tests of `verification`: answers and what they allow.
use super::*;
use accounts::AddressKind;
use money::{Currency, UserKey};
use std::time::Duration;

fn row(payee_check: PayeeStanding, deleted_at_ms: i64) -> Beneficiary {
    Beneficiary {
        beneficiary_id: Uuid::from_u128(5),
        user: UserKey::try_new("ana").unwrap(),
        kind: AddressKind::Iban,
        country: "DE".to_owned(),
        currency: Currency::try_new("EUR").unwrap(),
        masked_account: String::new(),
        masked_holder_name: String::new(),
        account_digest: String::new(),
        payee_check,
        sealed: Vec::new(),
        payee_tries: 0,
        payee_due_at_ms: 0,
        created_at_ms: 1,
        deleted_at_ms,
        correction_code: String::new(),
        corrected_at_ms: 0,
    }
}

#[test]
fn an_account_is_paid_without_questions_only_if_its_bank_or_the_policy_says_so() {
    use UncheckedPayees::{Allow, Review};
    for (standing, allowed, reviewed) in [
        (PayeeStanding::NotPossible, Usable::Yes, Usable::NeedsReview),
        (PayeeStanding::Pending, Usable::NeedsReview, Usable::NeedsReview),
        (PayeeStanding::Match, Usable::Yes, Usable::Yes),
        (PayeeStanding::CloseMatch, Usable::NeedsConfirmation, Usable::NeedsConfirmation),
        (PayeeStanding::NoMatch, Usable::NeedsReview, Usable::NeedsReview),
        (PayeeStanding::Confirmed, Usable::Yes, Usable::Yes),
    ] {
        assert_eq!((usable(&row(standing, 0), Allow), usable(&row(standing, 0), Review)), (allowed, reviewed), "{}", standing.name());
        assert_eq!(usable(&row(standing, 1), Allow), Usable::Deleted, "{}", standing.name());
        assert_eq!(PayeeStanding::from_name(standing.name()), Some(standing));
    }
    assert_eq!(PayeeStanding::from_name(""), None);
}

#[test]
fn a_bank_that_gives_no_answer_is_asked_again_four_times_later_each_time_and_not_for_ever() {
    let retries = PayeeRetries { delay: Duration::from_secs(60), tries_max: 6 };
    let waits: Vec<_> = (1..=6).map(|tries| retries.next_ms(tries, 1_000).map(|due_ms| (due_ms - 1_000) / 60_000)).collect();
    assert_eq!(waits, [Some(1), Some(4), Some(16), Some(64), Some(256), None]);
    let patient = PayeeRetries { tries_max: 20, ..retries };
    assert_eq!(patient.next_ms(19, 0), Some(86_400_000), "a day at the most");
    // Meanwhile it is as if nobody could be asked.
    let asked = |payee_tries| Beneficiary { payee_tries, ..row(PayeeStanding::Pending, 0) };
    assert_eq!((usable(&asked(0), UncheckedPayees::Allow), usable(&asked(1), UncheckedPayees::Allow)), (Usable::NeedsReview, Usable::Yes));
    assert_eq!(usable(&asked(1), UncheckedPayees::Review), Usable::NeedsReview);
}
