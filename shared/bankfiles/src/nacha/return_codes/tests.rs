//! Unit tests of `return_codes`.
use super::*;

#[test]
fn a_code_says_who_acts_and_what_is_told() {
    let code = return_code("R03").unwrap();
    assert_eq!((code.owner, code.retry, code.window), (ReturnOwner::Creator, ReturnRetry::Never, ReturnWindow::BankingDays(2)));
    assert_eq!((code.sender, code.concerns_credits), (ReturnSender::ReceivingBank, true));
    assert!(code.words.contains("number and name") && code.next_step.contains("name"));
    assert!(!return_code("R10").unwrap().concerns_credits);
    assert_eq!(return_code("R39").unwrap().window, ReturnWindow::BankingDays(2));
    for unknown in ["R00", "r03", "R3", "R063", "", "C01", "R99"] {
        assert_eq!(return_code(unknown), None, "{unknown}");
    }
}

#[test]
fn codes_ascend_and_have_texts() {
    let codes: Vec<ReturnCode> = return_codes().collect();
    assert!(codes.windows(2).all(|pair| pair[0].code < pair[1].code));
    for code in codes {
        assert!(code.meaning.len() > 10 && code.next_step.ends_with(['.']) && code.words.ends_with('.'), "{code:?}");
        // Whoever is asked to do something is asked in words of the code's own.
        assert_eq!(code.owner == ReturnOwner::Nobody, code.next_step.starts_with("None"), "{code:?}");
        // A person who is suspected is told nothing of it.
        let tells =
            ["sanction", "fraud", "suspic", "complian", "OFAC", "died", "deceased"].into_iter().any(|word| code.words.contains(word));
        assert!(!tells, "{code:?}");
    }
}
