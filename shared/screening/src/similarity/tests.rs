//! Unit tests of `similarity`.
use super::*;
use crate::fixtures::policy;
use proptest::prelude::*;

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn score(listed: &str, subject: &str) -> u32 {
    token_score(&NameToken::new(listed), &NameToken::new(subject), &policy())
}

#[test]
fn textbook_values() {
    // Winkler 1990, to four digits.
    for (a, b, expected) in [("martha", "marhta", 961_111), ("dixon", "dicksonx", 813_334), ("dwayne", "duane", 840_000)] {
        assert_eq!(jaro_winkler(&chars(a), &chars(b), &policy()), expected, "{a} {b}");
    }
    assert_eq!(jaro(&chars("jellyfish"), &chars("smellyfish")), 896_296);
    assert_eq!(jaro(&chars("martha"), &chars("marhta")), 944_444);
    assert_eq!((jaro(&[], &[]), jaro(&chars("a"), &[]), jaro(&chars("a"), &chars("b"))), (WHOLE, 0, 0));
}

#[test]
fn first_letters_and_lengths_lower_the_score() {
    assert_eq!(score("mavosh", "mavosh"), WHOLE);
    assert!(score("vladimir", "wladimir") > 800_000, "transcriptions of one sound");
    assert!(score("sibvekfel", "tibvekfel") > 800_000, "a slip in a long name");
    assert_eq!(score("argument", "jscargument"), 0, "more than a slip");
    assert_eq!(score("ian", "tian"), 0, "short names with other sounds are other names");
    assert!(score("ann", "annabella") < jaro_winkler(&chars("ann"), &chars("annabella"), &policy()));
}

#[test]
fn an_initial_has_its_own_score() {
    assert_eq!((score("worba", "w"), score("w", "worba")), (600_000, 600_000));
    assert_eq!(score("worba", "v"), 0);
    assert_eq!((score("7", "7"), score("7", "77") == 600_000), (WHOLE, false));
}

#[test]
fn long_tokens_are_compared_too() {
    let long = "ab".repeat(200);
    assert_eq!(score(&long, &long), WHOLE);
    assert!(score(&long, &format!("{long}c")) > 990_000);
}

proptest! {
    #[test]
    fn the_bound_is_never_below_the_score(a in "[a-fwy]{1,9}", b in "[a-fwy]{1,9}") {
        let (a, b) = (NameToken::new(&a), NameToken::new(&b));
        let score = token_score(&a, &b, &policy());
        prop_assert!(score <= token_score_max(&a, &b, &policy()));
        prop_assert_eq!(score, token_score(&b, &a, &policy()));
        prop_assert!(score <= WHOLE);
    }

    #[test]
    fn short_and_long_texts_pair_alike(a in "[a-d]{1,64}", b in "[a-d]{1,64}", window in 0..32_usize) {
        let (a, b) = (chars(&a), chars(&b));
        prop_assert_eq!(paired(&a, &b, window), paired_long(&a, &b, window));
    }

    #[test]
    fn any_text_is_scored(a in "\\PC{1,80}", b in "\\PC{1,80}") {
        let (a, b) = (NameToken::new(&a), NameToken::new(&b));
        prop_assert!(token_score(&a, &b, &policy()) <= token_score_max(&a, &b, &policy()));
    }
}
