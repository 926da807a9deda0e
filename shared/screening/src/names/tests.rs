//! Unit tests of `names`.
use super::*;
use proptest::prelude::*;

fn person(name: &str) -> String {
    normalise(name, NameShape::Person).texts().join(" ")
}

fn organisation(name: &str) -> String {
    normalise(name, NameShape::Organisation).texts().join(" ")
}

#[test]
fn marks_case_and_punctuation_do_not_matter() {
    for (name, expected) in [
        ("Térdzu DZUÖSTGHI", "terdzu dzuostghi"),
        ("AL-ZAIN, Marwan", "marwan al zain"),
        ("O’Brien-Sørensen, Zoë", "zoe obrien sorensen"),
        ("Łukasz Weiß", "lukasz weiss"),
        ("ＭＡＲＴＨＡ\u{a0}Ｑｕｅｅｎ", "martha queen"),
        ("Ma\u{200b}r\u{ad}ia \u{202e}Lopez", "maria lopez"),
        ("Ma\u{180e}r\u{e0041}i\u{1d173}a\u{61c} Lo\u{34f}p\u{3164}e\u{fe0f}z\u{0}", "maria lopez"),
        ("Maria\tLopez\r\nTest\u{2800}Queen", "maria lopez test queen"),
        ("İbrahim Yıldız", "ibrahim yildiz"),
        ("J.R. Testmann", "j r testmann"),
        ("Дмитрий Щукарь", "dmitrii shchukar"),
        ("Γιώργος", "giorgos"),
    ] {
        assert_eq!(person(name), expected, "{name}");
    }
}

#[test]
fn titles_go_but_never_the_name() {
    assert_eq!(person("Prof. Dr. Anna Testova"), "anna testova");
    assert_eq!(person("TESTMAN, Dr. Karl, Jr."), "karl testman");
    assert_eq!(person("Karl Testman Jr"), "karl testman");
    assert_eq!((person("Dr Eng"), person("Sir"), person("")), ("dr eng".into(), "sir".into(), String::new()));
}

#[test]
fn company_forms_go_but_never_the_name() {
    for name in ["KALIMBA TRADING S.A. DE C.V.", "Kalimba Trading CO., LTD.", "The Kalimba Trading Private Limited", "OOO Kalimba Trading"]
    {
        assert_eq!(organisation(name), "kalimba trading", "{name}");
    }
    assert_eq!(organisation("Co. Ltd."), "co");
    assert_eq!(organisation("The"), "the");
    assert_eq!(organisation("A. B. Limited Editions"), "ab limited editions");
}

#[test]
fn names_in_scripts_we_do_not_read_are_told_apart() {
    assert!(normalise("Иван Тестов", NameShape::Person).is_comparable());
    for name in ["", "!@#$%", "W. V.", "王小明", "علي", "Ali 王"] {
        assert!(!normalise(name, NameShape::Person).is_comparable(), "{name}");
    }
}

#[test]
fn countries_compare_by_letters() {
    assert_eq!(normalise_country(" Côte d'Ivoire "), normalise_country("COTE DIVOIRE"));
}

proptest! {
    #[test]
    fn normalising_is_stable_and_never_panics(name in "\\PC{0,60}") {
        for shape in [NameShape::Person, NameShape::Organisation] {
            let tokens = normalise(&name, shape).texts();
            prop_assert!(tokens.iter().all(|token| !token.is_empty() && !token.contains(' ')));
        }
    }

    #[test]
    fn order_of_surname_first_is_the_same_name(given in "[A-Za-z]{3,9}", surname in "[A-Za-z]{3,9}") {
        prop_assert_eq!(person(&format!("{surname}, {given}")), person(&format!("{given} {surname}")));
    }
}
