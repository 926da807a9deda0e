//! States of payments as people see them: a word, and a class that never says more than the word.

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadgeView {
    pub(crate) class: &'static str,
    pub(crate) word: String,
}

/// States in which the money is where it should be.
const GOOD: [&str; 6] = ["settled", "settled_returnable", "credited", "succeeded", "booked", "done"];
/// States in which a person may have to do something.
const BAD: [&str; 11] = [
    "rejected",
    "outcome_unknown",
    "refused",
    "blocked",
    "suspended",
    "failed",
    "abnormal",
    "unknown_outcome",
    "unmatched",
    "unexpected",
    "open_case",
];

/// The badge of a state by its word in the contract, such as `outcome_unknown`.
pub(crate) fn badge(word: &str) -> BadgeView {
    let class = if GOOD.contains(&word) {
        "good"
    } else if BAD.contains(&word) {
        "bad"
    } else {
        "unknown"
    };
    let word = if word.is_empty() || word == "unspecified" { "unknown".to_owned() } else { word.replace('_', " ") };
    BadgeView { class, word }
}

/// The word of an enum's value in the contract, without the enum's own name.
pub(crate) fn word_of(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// Something that can be chosen in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChoiceView {
    pub(crate) word: &'static str,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// The choices of a filter; the first stands for any.
pub(crate) fn choices(words: &[&'static str], chosen: &str) -> Vec<ChoiceView> {
    words.iter().map(|word| ChoiceView { word, label: word.replace('_', " "), chosen: *word == chosen }).collect()
}

/// The choice of an address, of which the first is meant by none. `None`: there is no such choice.
pub(crate) fn choice(words: &[&'static str], asked: &str) -> Option<&'static str> {
    if asked.is_empty() { words.first().copied() } else { words.iter().copied().find(|word| *word == asked) }
}

#[cfg(test)]
mod tests {
    //! Unit tests of badges and choices.
    use super::*;

    #[test]
    fn a_word_is_shown_whatever_it_is() {
        assert_eq!(badge("outcome_unknown"), BadgeView { class: "bad", word: "outcome unknown".to_owned() });
        assert_eq!(badge("settled").class, "good");
        assert_eq!(badge(""), BadgeView { class: "unknown", word: "unknown".to_owned() });
        assert_eq!(word_of("PAYOUT_STATE_IN_REVIEW", "PAYOUT_STATE_"), "in_review");
    }

    #[test]
    fn only_what_there_is_can_be_chosen() {
        let words = ["any", "open_one"];
        assert_eq!((choice(&words, ""), choice(&words, "open_one"), choice(&words, "<b>")), (Some("any"), Some("open_one"), None));
        assert_eq!(choices(&words, "open_one")[1], ChoiceView { word: "open_one", label: "open one".to_owned(), chosen: true });
    }
}
