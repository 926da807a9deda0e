//! Things that ids stand for: their kinds in words, and the pages that show them.
use crate::filters::Filters;
use api::monitor::ThingKind;
use money::text::shown;

/// What the names of kinds begin with in the contract.
const PREFIX: &str = "THING_KIND_";

/// The word of a kind in an address, such as `payout_run`; empty for none.
pub(crate) fn word(kind: ThingKind) -> String {
    let name = kind.as_str_name().strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    if kind == ThingKind::Unspecified { String::new() } else { name }
}

/// The kind of a word in an address; no word stands for any kind. `None`: there is no such kind.
pub(crate) fn read(word: &str) -> Option<ThingKind> {
    if word.is_empty() {
        return Some(ThingKind::Unspecified);
    }
    let kind = ThingKind::from_str_name(&format!("{PREFIX}{}", word.to_ascii_uppercase()))?;
    (kind != ThingKind::Unspecified).then_some(kind)
}

/// A kind for people.
pub(crate) fn label(kind: ThingKind) -> String {
    match kind {
        ThingKind::Unspecified => "thing".to_owned(),
        ThingKind::Act => "staff action".to_owned(),
        ThingKind::Case => "reconciliation case".to_owned(),
        _ => word(kind).replace('_', " "),
    }
}

/// The page of a thing: a user's money, or the case of anything else. Empty if there is no id.
pub(crate) fn href(kind: ThingKind, id: &str, book: &str) -> String {
    match kind {
        _ if id.is_empty() => String::new(),
        ThingKind::User => Filters::address("/user", &[("id", id)]),
        _ => Filters::address("/case", &[("id", id), ("kind", &word(kind)), ("book", book)]),
    }
}

/// A user, and the page of their money.
pub(crate) struct UserLink {
    pub(crate) user: String,
    pub(crate) href: String,
}

/// The users to whom a thing belongs.
pub(crate) fn users(ids: &[String]) -> Vec<UserLink> {
    ids.iter().map(|id| UserLink { user: shown(id).into_owned(), href: href(ThingKind::User, id, "") }).collect()
}

#[cfg(test)]
mod tests {
    //! Unit tests of kinds.
    use super::*;

    #[test]
    fn a_kind_is_read_from_its_word_and_nothing_else_is_one() {
        let all: Vec<ThingKind> = (0..100).filter_map(|number| ThingKind::try_from(number).ok()).collect();
        assert_eq!(all.len(), 22);
        for kind in all {
            assert_eq!(read(&word(kind)), Some(kind));
            assert!(!label(kind).is_empty() && !label(kind).contains('_'), "{kind:?}");
        }
        for wrong in ["unspecified", "no such kind", "<b>", "THING_KIND_GIFT", "payout run"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_link_leads_to_the_thing_whatever_its_id_is() {
        assert_eq!(href(ThingKind::PayoutRun, "a&b='\"<", "demo"), "/case?id=a%26b%3D%27%22%3C&kind=payout_run&book=demo");
        assert_eq!(href(ThingKind::User, "u1", "demo"), "/user?id=u1");
        assert_eq!(href(ThingKind::Gift, "", "demo"), "");
    }
}
