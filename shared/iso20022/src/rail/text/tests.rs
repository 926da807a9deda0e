//! Unit tests of texts that rails accept.
use super::*;

const RAILS: [&str; 2] = ["us-rtp", "sepa-instant"];

#[test]
fn a_sepa_name_has_seventy_characters_and_an_rtp_name_twice_as_many() {
    for (name, most) in [("sepa-instant", 70), ("us-rtp", 140)] {
        let rail = RailTexts::of(name);
        assert_eq!(rail.check_name(&"\u{fc}".repeat(most)), Ok(()), "characters, not bytes");
        let fault = rail.check_name(&"A".repeat(most + 1)).unwrap_err();
        assert!(matches!(fault, RailTextFault::Long { chars, chars_max, .. } if chars == most + 1 && chars_max == most));
        let told = fault.to_string();
        assert!(told.contains(name) && told.contains(&most.to_string()) && told.contains(&(most + 1).to_string()), "{told}");
        assert_eq!(rail.check_name(""), Err(RailTextFault::Empty { rail: name.into() }));
    }
}

#[test]
fn letters_of_the_latin_script_are_carried_and_others_named() {
    for name in
        ["Ana M\u{fc}ller & S\u{f6}hne", "O'Neil-\u{17d}i\u{17e}ek, Jr.", "\u{218}tefan \u{21a}epe\u{219}", "\u{141}\u{f3}d\u{17a} (7)"]
    {
        for rail in RAILS {
            assert_eq!(RailTexts::of(rail).check_name(name), Ok(()), "{name}");
        }
    }
    for (name, code) in [
        ("\u{5c71}\u{7530}", "U+5C71"),
        ("\u{418}\u{432}\u{430}\u{43d}", "U+0418"),
        ("Ana \u{1f382}", "U+1F382"),
        ("a\u{d7}b", "U+00D7"),
        ("u\u{308}", "U+0308"),
    ] {
        for rail in RAILS {
            let told = RailTexts::of(rail).check_name(name).unwrap_err().to_string();
            assert!(told.contains(code) && told.contains(rail), "{told}");
        }
    }
}

#[test]
fn a_remittance_line_has_a_hundred_and_forty_characters() {
    for rail in RAILS.map(RailTexts::of) {
        assert_eq!(rail.check_remittance(&"a".repeat(140)), Ok(()));
        assert!(matches!(rail.check_remittance(&"a".repeat(141)), Err(RailTextFault::Long { chars_max: 140, .. })));
    }
}
