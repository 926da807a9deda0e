//! Unit tests of `screener`.
use super::*;
use crate::{
    fixtures::{edition, next_edition, person, policy},
    names::NameShape,
};
use jiff::civil::date;

fn screen(subject: &ScreeningSubject) -> Screening {
    Screener::new(Arc::new(edition()), policy()).screen(subject)
}

fn born(year: i16) -> ScreeningSubject {
    person("s-1", "Mirosh Tadek Al-Quenbar").born(Birth::in_year(year).unwrap())
}

/// A country counts against a match only if the list knows it.
fn with_borduria() -> Edition {
    next_edition(&[("cut in mid-w", "nationality Borduria; cut in mid-w")])
}

fn scores(subject: &ScreeningSubject) -> Vec<(u32, u32, u32, MatchBand)> {
    screen(subject).hits.iter().map(|hit| (hit.entry, hit.name_score, hit.score, hit.band)).collect()
}

#[test]
fn a_hit_says_what_matched_and_why() {
    let screening = screen(&person("s-1", "Mirosh Kuenbar"));
    let [hit] = screening.hits.as_slice() else { panic!("{screening:?}") };
    assert_eq!(
        (&hit.edition, hit.entry, hit.name.as_str(), hit.source),
        (edition().id(), 101, "EL-KUENBAR, Mirosh", NameSource::Alternate(501))
    );
    assert_eq!((hit.score, hit.band, hit.birth, hit.country), (hit.name_score, MatchBand::Block, FactCheck::Unknown, FactCheck::Unknown));
    let pairs: Vec<_> = hit.pairs.iter().map(|pair| (pair.listed.as_str(), pair.subject.as_str(), pair.score)).collect();
    assert_eq!(pairs, [("kuenbar", "kuenbar", 1000), ("mirosh", "mirosh", 1000)]);
    assert!(screening.holds() && screening.comparable && screening.band() == Some(MatchBand::Block));
}

#[test]
fn nobody_else_is_a_hit() {
    for name in ["Maria Garcia", "Wei Chen", "Anna Kowalska", "Olga Ivanova"] {
        let screening = screen(&person("s-1", name));
        assert!(!screening.holds() && screening.band().is_none(), "{screening:?}");
    }
}

#[test]
fn dates_of_birth_raise_and_lower() {
    assert_eq!(scores(&born(1960)), [(101, 1000, 1000, MatchBand::Block)]);
    assert_eq!(scores(&born(1990)), [(101, 1000, 900, MatchBand::Review)]);
    assert_eq!(screen(&born(1961)).hits[0].birth, FactCheck::Near);
    let typo = person("s-1", "Mirosch Tadk Quanbar");
    let [(_, name, alone, _)] = scores(&typo)[..] else { panic!() };
    let with = |birth| scores(&typo.clone().born(birth)).first().map(|hit| hit.2);
    assert_eq!((alone, with(Birth::on(date(1960, 11, 5)))), (name, Some(name + 20)));
    assert_eq!(with(Birth::in_year(1990).unwrap()), Some(name - 100));
}

#[test]
fn countries_raise_and_lower() {
    let screener = Screener::new(Arc::new(with_borduria()), policy());
    let of = |country| screener.screen(&born(1990).of_country(country).unwrap()).hits[0].score;
    assert_eq!((of("NOWHERELAND"), of("Elsewhere"), of("Borduria")), (910, 910, 880));
}

#[test]
fn facts_never_clear_a_whole_name() {
    let strict = ScreeningPolicy { birth_differs: 1000, country_differs: 1000, ..policy() };
    let screener = Screener::new(Arc::new(with_borduria()), strict);
    let screening = screener.screen(&born(1990).of_country("Borduria").unwrap());
    assert_eq!(screening.hits.iter().map(|hit| hit.score).collect::<Vec<_>>(), [850]);
}

#[test]
fn a_weak_alias_counts_only_beside_another_name() {
    assert_eq!(screen(&person("s-1", "Zimbo")).hits, []);
    let hit = &screen(&person("s-1", "Zimbo Mirosh Al-Quenbar")).hits[0];
    assert_eq!(hit.weak_alias, None, "the alias is not the whole of this name");
    let next = next_edition(&[("AL-QUENBAR, Mirosh Tadek", "ZIMBOE, Al")]);
    let hits = Screener::new(Arc::new(next), policy()).screen(&person("s-1", "Zimbo")).hits;
    assert_eq!((hits[0].weak_alias.as_deref(), hits[0].score), (Some("ZIMBO"), hits[0].name_score + 10));
}

#[test]
fn initials_and_joined_names_are_for_review_at_most() {
    for name in ["M. T. Al-Quenbar", "MiroshTadekAlQuenbar"] {
        let subject = person("s-1", name).born(Birth::in_year(1960).unwrap()).of_country("Nowhereland").unwrap();
        let hit = &screen(&subject).hits[0];
        assert!(hit.band == MatchBand::Review && (hit.initial || hit.joined), "{hit:?}");
    }
}

#[test]
fn organisations_match_without_their_form_and_vessels_by_name() {
    let of = |name| {
        let subject = ScreeningSubject::try_new("s-1", name, NameShape::Organisation).unwrap();
        screen(&subject).hits.iter().map(|hit| (hit.entry, hit.score)).collect::<Vec<_>>()
    };
    assert_eq!(of("Kalimba Trading GmbH"), [(102, 1000)]);
    assert_eq!(of("VARELDA IMPORT"), [(102, 1000)]);
    assert_eq!(of("MV Testship One"), [(103, 1000)]);
}

#[test]
fn a_wrong_shape_loses_no_listed_name() {
    let primary = [
        ("SURNAME-ONE, Dr. Giver", "individual"),
        ("OOO KALIMBA S.A. DE C.V.", ""),
        ("The Testbank of Zembla", ""),
        ("MISS ZEMBLA II", "vessel"),
        ("A.B.C. VARELDA, LTD.", ""),
    ];
    let lines = primary.iter().zip(1..).map(|((name, kind), id)| {
        format!("{id},\"{name}\",{},-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\r\n", if kind.is_empty() { "-0-" } else { kind })
    });
    let text = lines.collect::<String>() + "\x1a";
    let files = crate::ListFiles { primary: text.as_bytes(), alternate: b"\x1a", address: b"\x1a", comments: b"\x1a" };
    let screener = Screener::new(Arc::new(crate::import::import("TEST", crate::fixtures::DAY, &files).unwrap()), policy());
    for ((name, _), id) in primary.iter().zip(1..) {
        for shape in [NameShape::Person, NameShape::Organisation] {
            let screening = screener.screen(&ScreeningSubject::try_new("s-1", name, shape).unwrap());
            let hit = screening.hits.iter().find(|hit| hit.entry == id).unwrap_or_else(|| panic!("{name} {shape:?}"));
            assert!(hit.name_score == 1000 && hit.band >= MatchBand::Review, "{shape:?} {hit:?}");
        }
    }
}

#[test]
fn a_kind_that_differs_takes_no_hit_below_review() {
    for name in 0..=1000 {
        let name = NameScore { millionths: name * 1000, ..NameScore::default() };
        let with = |kind| weigh(name, [FactCheck::Unknown, FactCheck::Unknown, kind], false, &policy());
        let (same, other) = (with(FactCheck::Agrees), with(FactCheck::Differs));
        assert_eq!(other >= policy().review_min, same >= policy().review_min, "{name:?}");
        assert!(other <= same && same - other <= policy().kind_differs, "{name:?}");
    }
}

#[test]
fn words_around_a_listed_name_never_clear_it() {
    for (name, entry) in [
        ("Mirosh Tadek Al-Quenbar and Maria Garcia Consulting Partners", 101),
        ("Mirosh Kuenbar El trading as Sunrise Bakery", 101),
        ("Sunrise Kalimba Trading Holding International", 102),
        ("Varelda Import Export Logistics and Shipping Services", 102),
    ] {
        for shape in [NameShape::Person, NameShape::Organisation] {
            let subject = ScreeningSubject::try_new("s-1", name, shape).unwrap().born(Birth::in_year(1990).unwrap());
            let screening = screen(&subject);
            let hit = screening.hits.iter().find(|hit| hit.entry == entry).unwrap_or_else(|| panic!("{name}"));
            assert!(hit.band >= MatchBand::Review, "{shape:?} {hit:?}");
        }
    }
}

#[test]
fn a_date_of_birth_that_nobody_can_have_is_ignored() {
    let birth = |subject: &ScreeningSubject| screen(subject).hits.first().map(|hit| (hit.birth, hit.score));
    for year in [2027, 9999, 1890, 1000] {
        assert_eq!(birth(&born(year)), Some((FactCheck::Unknown, 1000)), "{year}");
    }
    assert_eq!(birth(&born(2026)), Some((FactCheck::Differs, 900)));
    assert_eq!(birth(&person("s-1", "Mirosh Tadek Al-Quenbar").born(Birth::on(date(2026, 11, 28)))), Some((FactCheck::Unknown, 1000)));
    // Nor does such a date of the list say that the subject's differs.
    let next = Screener::new(Arc::new(next_edition(&[("DOB 05 Nov 1960", "DOB 05 Nov 2060; alt. DOB 1965")])), policy());
    assert_eq!(next.screen(&born(1990)).hits[0].birth, FactCheck::Unknown);
    assert_eq!(next.screen(&born(1965)).hits[0].birth, FactCheck::Agrees);
}

#[test]
fn a_country_that_the_list_does_not_know_never_differs() {
    let country = |names: &[&str]| {
        let subject = names.iter().fold(born(1960), |subject, name| subject.of_country(name).unwrap());
        Screener::new(Arc::new(with_borduria()), policy()).screen(&subject).hits[0].country
    };
    assert_eq!((country(&["NW"]), country(&["Syldavia"])), (FactCheck::Unknown, FactCheck::Unknown));
    assert_eq!((country(&["Borduria"]), country(&["Borduria", "NW"])), (FactCheck::Differs, FactCheck::Unknown));
    assert_eq!(country(&["NW", "Nowhereland"]), FactCheck::Agrees);
}

#[test]
fn a_name_that_cannot_be_compared_holds() {
    let screening = screen(&person("s-1", "王小明"));
    assert!(screening.hits.is_empty() && !screening.comparable && screening.holds());
}

#[test]
fn the_index_gives_the_hits_of_comparing_all() {
    let screener = Screener::new(Arc::new(edition()), policy());
    for name in ["Mirosh Al-Quenbar", "Kalimba", "AlQuenbar Mirosh", "Testship", "Varelda Trading", "T. Mirosh", "Maria Garcia"] {
        let subject = person("s-1", name);
        assert_eq!(screener.screen(&subject), screener.screen_with(&subject, NameIndex::matches_of_all), "{name}");
    }
}
