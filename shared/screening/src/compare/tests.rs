//! Unit tests of `compare`.
use super::*;
use crate::{
    fixtures::policy,
    names::{NameShape, normalise},
};
use proptest::prelude::*;

fn person(listed: &str, subject: &str) -> NameScore {
    name_score(&normalise(listed, NameShape::Person), &normalise(subject, NameShape::Person), &policy())
}

#[test]
fn order_does_not_matter() {
    for subject in ["Mavosh Karl Sibvekfel", "Sibvekfel Mavosh Karl", "SIBVEKFEL, Mavosh Karl"] {
        assert_eq!(person("SIBVEKFEL, Mavosh Karl", subject), NameScore { millionths: WHOLE, initial: false, joined: false, within: true });
    }
}

#[test]
fn a_left_out_name_costs_less_than_an_added_one() {
    let left_out = person("SIBVEKFEL, Mavosh Karl", "Mavosh Sibvekfel").thousandths();
    let added = person("SIBVEKFEL, Mavosh", "Mavosh Karl Sibvekfel").thousandths();
    assert_eq!((left_out, added), (968, 882));
}

#[test]
fn initials_and_joined_names_are_marked() {
    let initial = person("SIBVEKFEL, Mavosh", "M. Sibvekfel");
    assert!(initial.initial && (850..950).contains(&initial.thousandths()), "{initial:?}");
    for subject in ["MavoshAlSibvekfel", "Mavosh AlSibvekfel"] {
        let joined = person("AL-SIBVEKFEL, Mavosh", subject);
        assert_eq!((joined.joined, joined.thousandths()), (true, 900), "{subject}");
    }
    let joined = person("ALSIBVEKFEL, Mavosh", "Mavosh Al-Sibvekfel");
    assert_eq!((joined.joined, joined.thousandths()), (true, 900), "the subject's words are joined too");
    let slip = person("ALSIBVEKFEL, Mavosh", "Mavosh Al-Sibvekfol");
    assert!(slip.joined && (850..900).contains(&slip.thousandths()), "{slip:?}");
}

#[test]
fn a_listed_name_within_a_longer_one_stays_at_review() {
    for (listed, subject) in [
        ("SIBVEKFEL, Mavosh", "Mavosh Sibvekfel and Maria Garcia"),
        ("SIBVEKFEL, Mavosh", "Sibvekfel trading as Sunrise Bakery, owner Mavosh"),
        ("SIBVEKFEL, Mavosh", "Mavosh Sibvekfell with Maria Garcia Lopez Consulting"),
        ("CHEN, Wei", "Wei Chen Import and Export Services of Zembla"),
    ] {
        let score = person(listed, subject).thousandths();
        assert!((850..950).contains(&score), "{subject}: {score}");
    }
    for (listed, subject) in [
        ("SIBVEKFEL", "Sibvekfel trading as Sunrise Bakery"),
        ("SIBVEKFEL, Mavosh", "Sibvekfel trading as Sunrise Bakery"),
        ("LI, Yu", "Yu Li trading as Sunrise Bakery"),
        ("ALI, Muhammad", "Muhammad Ali Sunrise Bakery of Zembla"),
        ("GENERAL TRADING", "Sunrise Bakery General Trading and Shipping"),
    ] {
        let score = person(listed, subject).thousandths();
        assert!(score < 850, "{subject}: {score}");
    }
}

#[test]
fn names_split_in_several_places_are_joined() {
    for subject in [
        "Te rter Yat hob fel",
        "Yat hob fel Te rter",
        "T e r t e r Y a t h o b f e l",
        "Ter teryathob fel",
        "Yath obfelter ter",
        "Te rter Yat hob fal",
    ] {
        let score = person("YATHOBFEL, Terter", subject);
        assert!(score.joined && score.thousandths() >= 850, "{subject}: {score:?}");
    }
    let both = person("AL-YATHOBFEL, Terter Karl", "Te rter Karl AlYat hobfel");
    assert!(both.joined && both.thousandths() >= 850, "{both:?}");
    let within = person("YATHOBFEL, Terter", "Te rter Yat hob fel and Maria Garcia");
    assert!(within.joined && within.thousandths() >= 700, "{within:?}");
}

#[test]
fn nothing_matches_nothing() {
    assert_eq!(person("", "Mavosh"), NameScore::default());
    assert_eq!(person("Mavosh", ""), NameScore::default());
    assert_eq!(person("", ""), NameScore::default());
}

#[test]
fn an_explanation_names_the_tokens() {
    let tokens = |name| normalise(name, NameShape::Person);
    let (score, pairs) = explain(&tokens("AL-SIBVEKFEL, Mavosh"), &tokens("Mavosh AlSibvekfel"), &policy());
    let pair = |text: &str| TokenPair { listed: text.into(), subject: text.into(), score: 1000 };
    assert_eq!((score.joined, pairs), (true, vec![pair("alsibvekfel"), pair("mavosh")]));
}

proptest! {
    #[test]
    fn equal_names_score_whole_and_nothing_scores_more(a in "[a-e]{2,6}( [a-e]{2,6}){0,3}", b in "[a-e]{1,6}( [a-e]{1,6}){0,3}") {
        prop_assert_eq!(person(&a, &a).millionths, WHOLE);
        prop_assert!(person(&a, &b).millionths <= WHOLE);
    }

    #[test]
    fn any_names_are_compared(a in "\\PC{0,40}", b in "\\PC{0,40}") {
        prop_assert!(person(&a, &b).millionths <= WHOLE);
    }
}
