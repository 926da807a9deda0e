//! Unit tests of `subject`.
use super::*;

fn subject(name: &str) -> ScreeningSubject {
    ScreeningSubject::try_new("s-1", name, NameShape::Person).unwrap()
}

#[test]
fn years_apart_are_counted_between_the_nearest_days() {
    let year = |year| Birth::in_year(year).unwrap();
    let day = Birth::on(date(1960, 11, 5));
    assert_eq!((day.years_apart(day), day.years_apart(year(1960)), year(1960).years_apart(day)), (0, 0, 0));
    assert_eq!((day.years_apart(year(1961)), year(1962).years_apart(day), year(1957).years_apart(day)), (1, 2, 3));
    let span = Birth::between(date(1961, 1, 1), date(1963, 12, 31)).unwrap();
    assert_eq!((span.years_apart(year(1962)), span.years_apart(year(1975))), (0, 11));
    assert!(Birth::between(date(1962, 1, 1), date(1961, 12, 31)).is_err());
    for year in [0, -1960, 999, i16::MAX, i16::MIN] {
        assert!(Birth::in_year(year).is_err(), "{year}");
    }
}

#[test]
fn what_is_screened_makes_the_fingerprint() {
    let plain = subject("Karl Testman");
    assert_eq!(plain.fingerprint(), ScreeningSubject::try_new("s-2", "Karl Testman", NameShape::Person).unwrap().fingerprint());
    let others = [
        subject("Karla Testman"),
        plain.clone().born(Birth::in_year(1970).unwrap()),
        plain.clone().of_country("Nowhereland").unwrap(),
        ScreeningSubject::try_new("s-1", "Karl Testman", NameShape::Organisation).unwrap(),
    ];
    for other in &others {
        assert_ne!(plain.fingerprint(), other.fingerprint());
    }
    assert_ne!(others[1].fingerprint(), others[2].fingerprint());
    let [ab, ba] = [["Aland", "Borduria"], ["Borduria", "Åland"]]
        .map(|names| names.into_iter().fold(plain.clone(), |subject, name| subject.of_country(name).unwrap()));
    assert_eq!(ab.fingerprint(), ba.fingerprint());
}

#[test]
fn wrong_values_are_refused() {
    let long = "x".repeat(351);
    for (id, name) in [("", "Karl"), ("s", ""), ("s", "  "), ("s", long.as_str()), (long.as_str(), "Karl")] {
        assert!(ScreeningSubject::try_new(id, name, NameShape::Person).is_err());
    }
    assert!(subject("Karl").of_country(" - ").is_err());
    let many = (0..32).fold(subject("Karl"), |subject, at| subject.of_country(&format!("Country {at}")).unwrap());
    assert!(many.of_country("Country 33").is_err());
}

#[test]
fn debug_shows_no_name() {
    assert!(!format!("{:?}", subject("Karl Testman")).contains("Testman"));
}
