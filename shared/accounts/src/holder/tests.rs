//! Unit tests of `holder`.
use super::*;
use jiff::civil::date;

const DAY: Date = date(2026, 11, 26);

fn address(given: &[(AddressField, &str)]) -> HolderAddress {
    HolderAddress::parse(given).unwrap()
}

#[test]
fn names_are_checked_by_the_rail() {
    let rules = default_name_rules();
    let passes = |rail: &str, name: &str| check_name(&rules, rail, &HolderName::parse(name).unwrap(), DAY).is_ok();
    assert!(passes("us-ach", &"A".repeat(22)) && !passes("us-ach", &"A".repeat(23)) && !passes("us-ach", "Zoë"));
    assert!(passes("sepa-ct", &"ș".repeat(70)) && !passes("sepa-ct", &"a".repeat(71)) && !passes("sepa-instant", "Ωμ"));
    assert!(passes("jp-zengin", "ヤマダ") && !passes("jp-zengin", "山田") && !passes("jp-zengin", &"ガ".repeat(16)));
    assert!(passes("unknown", "山田"));
}

#[test]
fn a_rail_of_fewer_letters_carries_the_name_in_base_letters_or_not_at_all() {
    let rules = default_name_rules();
    let carried = |rail: &str, name: &str| carried_name(&rules, rail, &HolderName::parse(name).unwrap(), DAY).ok().map(Cow::into_owned);
    for (rail, name, sent) in [
        ("mx-spei", "María José Nuñez", "Maria Jose Nunez"),
        ("mx-spei", "Mari\u{301}a", "Maria"),
        ("us-ach", "Jürgen Großmüller", "Jurgen Grossmuller"),
        ("ca-eft", "Søren Łukasz Þór D\u{2019}Œuvre", "Soren Lukasz THor D'OEuvre"),
        // Kept where the rail takes it, and only there.
        ("sepa-ct", "Müller", "Müller"),
        ("sepa-ct", "Nguyễn Müller", "Nguyen Müller"),
        ("gb-fps", "Müller", "Müller"),
    ] {
        assert_eq!(carried(rail, name).as_deref(), Some(sent), "{name} on {rail}");
    }
    for (rail, name) in [
        ("mx-spei", "山田"),
        ("mx-spei", "Иван"),
        ("us-ach", "\u{301}"),
        // 22 characters, and 23 as they are sent.
        ("us-ach", "Maximiliana von Grauß-W"),
    ] {
        let fault = carried_name(&rules, rail, &HolderName::parse(name).unwrap(), DAY).unwrap_err();
        assert!(fault.to_string().contains(rail), "{fault}");
    }
    assert!(check_name(&rules, "us-ach", &HolderName::parse("Zoë").unwrap(), DAY).is_err(), "our own name is sent as it is");
}

#[test]
fn a_later_row_replaces_an_earlier_one() {
    let mut rules: Vec<NameRule> = default_name_rules().into_iter().filter(|rule| rule.rail == "us-ach").collect();
    rules.insert(0, NameRule { chars_max: 30, from: date(2027, 1, 1), ..rules[0].clone() });
    let name = HolderName::parse(&"A".repeat(25)).unwrap();
    assert!(check_name(&rules, "us-ach", &name, DAY).is_err());
    assert!(check_name(&rules, "us-ach", &name, date(2027, 1, 1)).is_ok());
}

#[test]
fn names_have_no_hidden_characters_and_debug_hides_them() {
    assert_eq!(HolderName::parse("  Ada \u{a0} Lovelace ").unwrap().as_str(), "Ada Lovelace");
    for bad in ["", " ", "A\u{202e}B", "A\u{0}", "A\nB", &"a".repeat(141)] {
        assert!(HolderName::parse(bad).is_err(), "{bad:?}");
    }
    assert!(!format!("{:?}", HolderName::parse("Ada").unwrap()).contains("Ada"));
}

#[test]
fn sepa_refuses_unstructured_addresses_from_a_day_on() {
    let rules = default_postal_rules();
    let lines =
        address(&[(AddressField::AddressLine, "1 High Street"), (AddressField::AddressLine, "Cork"), (AddressField::Country, "ie")]);
    assert_eq!((lines.form(), lines.country(), lines.lines().count()), (PostalForm::Unstructured, "IE", 2));
    assert!(check_postal(&rules, "sepa-ct", &lines, date(2026, 11, 14)).is_ok());
    let fault = check_postal(&rules, "sepa-instant", &lines, date(2026, 11, 15)).unwrap_err();
    assert_eq!(fault.to_string(), "town must be given in a field of its own on sepa-instant since 2026-11-15");
    assert!(check_postal(&rules, "us-ach", &lines, DAY).is_ok());
}

#[test]
fn structured_and_hybrid_addresses_pass() {
    let rules = default_postal_rules();
    let parts = [
        (AddressField::Town, "Cork"),
        (AddressField::Country, "IE"),
        (AddressField::Street, "High Street"),
        (AddressField::Building, "1a"),
    ];
    let structured = address(&parts);
    assert_eq!((structured.form(), structured.value(AddressField::Street)), (PostalForm::Structured, Some("High Street")));
    assert!(check_postal(&rules, "sepa-ct", &structured, DAY).is_ok());
    let mut hybrid: Vec<_> = parts[..2].into();
    hybrid.extend([(AddressField::AddressLine, "1"), (AddressField::AddressLine, "2")]);
    assert_eq!(address(&hybrid).form(), PostalForm::Hybrid);
    assert!(check_postal(&rules, "sepa-ct", &address(&hybrid), DAY).is_ok());
    hybrid.push((AddressField::AddressLine, "3"));
    assert!(check_postal(&rules, "sepa-ct", &address(&hybrid), DAY).unwrap_err().names(AddressField::AddressLine));
    assert!(!format!("{structured:?}").contains("Cork"));
}

#[test]
fn every_wrong_part_of_an_address_is_named() {
    let given = [(AddressField::PostalCode, "12345678901234567"), (AddressField::Country, "UK"), (AddressField::Iban, "x")];
    let faults = HolderAddress::parse(&given).unwrap_err();
    for field in [AddressField::PostalCode, AddressField::Country, AddressField::Town, AddressField::Iban] {
        assert!(faults.names(field), "{faults}");
    }
    let many = vec![(AddressField::AddressLine, "x"); LINES_MAX + 1];
    assert!(HolderAddress::parse(&many).unwrap_err().names(AddressField::AddressLine));
    let long = "x".repeat(LINE_CHARS_MAX + 1);
    assert!(HolderAddress::parse(&[(AddressField::AddressLine, long.as_str())]).unwrap_err().names(AddressField::AddressLine));
}
