//! Tests against the reference data. They are not part of the project: `LARGESSE_REFERENCE_DATA` names their directory, and without it
//! these tests print `skipped`.

use accounts::{
    AddressField, AddressKind, AddressRules, ModulusTable, PayoutAddress,
    check_digits::{is_abn, is_creditor_reference},
    countries::is_in_sepa,
    rails::DEFAULT_RAIL_NEEDS,
};
use jiff::civil::date;
use std::{fs, path::Path};

fn data(file: &str) -> Option<String> {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    Some(fs::read_to_string(Path::new(&root).join("rails").join(file)).unwrap())
}

/// The rules with the excerpt of the weights. The one substitution that a vector needs is not among the data.
fn rules(weights: &str) -> AddressRules {
    let modulus = ModulusTable::read(weights, "938600 938611", date(2026, 11, 26)).unwrap();
    AddressRules { modulus, ..AddressRules::default() }
}

fn is_valid(kind: &str, value: &str, rules: &AddressRules) -> bool {
    let address = |kind, given: &[(AddressField, &str)]| PayoutAddress::parse(kind, given, rules).is_ok();
    let pix = |alias_type| address(AddressKind::PixKey, &[(AddressField::AliasType, alias_type), (AddressField::Alias, value)]);
    match kind {
        "ABA" => address(AddressKind::UsAccount, &[(AddressField::RoutingNumber, value), (AddressField::AccountNumber, "12345678")]),
        "IBAN" => address(AddressKind::Iban, &[(AddressField::Iban, value)]),
        "CLABE" => address(AddressKind::Clabe, &[(AddressField::Clabe, value)]),
        "CPF" => pix("cpf"),
        "CNPJ" => pix("cnpj"),
        "ABN" => {
            let payid = address(AddressKind::PayId, &[(AddressField::AliasType, "abn"), (AddressField::Alias, value)]);
            assert_eq!(payid, is_abn(value));
            payid
        }
        "RF" => is_creditor_reference(value),
        "GB-MODULUS" => {
            let (sort_code, number) = value.split_once(' ').unwrap();
            address(AddressKind::UkAccount, &[(AddressField::SortCode, sort_code), (AddressField::AccountNumber, number)])
        }
        other => panic!("{other} is no kind of the data that this test knows"),
    }
}

#[test]
fn reference_vectors_are_decided_as_they_say() {
    let Some(vectors) = data("check_digit_vectors.csv") else { return };
    let rules = rules(&data("uk_modulus_weights_excerpt.csv").unwrap());
    let mut decided = (0, 0);
    for line in vectors.lines().skip(1) {
        let [kind, value, expected, _] = line.splitn(4, ',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let valid = match expected {
            "valid" => true,
            "invalid" => false,
            other => panic!("{other} is neither valid nor invalid"),
        };
        assert_eq!(is_valid(kind, value, &rules), valid, "{line}");
        if valid { decided.0 += 1 } else { decided.1 += 1 }
    }
    assert!(decided.0 >= 30 && decided.1 >= 9, "{decided:?}");
}

/// A published case fails if its row of weights is changed: the vectors test the table and not only the absence of rows.
#[test]
fn reference_modulus_vectors_need_their_rows() {
    let Some(vectors) = data("check_digit_vectors.csv") else { return };
    let none = rules("");
    let invalid = vectors.lines().filter(|line| line.starts_with("GB-MODULUS,") && line.contains(",invalid,"));
    for line in invalid {
        assert!(is_valid("GB-MODULUS", line.split(',').nth(1).unwrap(), &none), "{line}");
    }
}

#[test]
fn reference_sepa_countries_are_ours() {
    let Some(rows) = data("sepa_countries.csv") else { return };
    // SEPA Instant has had another id in our contracts from the beginning.
    let ours_of = |id| if id == "sepa-inst" { "sepa-instant" } else { id };
    let listed: Vec<&str> = rows.lines().skip(1).map(|line| ours_of(line.split(',').next().unwrap())).collect();
    for (first, second) in ('A'..='Z').flat_map(|first| ('A'..='Z').map(move |second| (first, second))) {
        let code = format!("{first}{second}");
        assert_eq!(is_in_sepa(&code), listed.contains(&code.as_str()), "{code}");
    }
}

#[test]
fn reference_rails_all_have_needs() {
    let Some(rows) = data("rails.csv") else { return };
    // SEPA Instant has had another id in our contracts from the beginning.
    let ours_of = |id| if id == "sepa-inst" { "sepa-instant" } else { id };
    let listed: Vec<&str> = rows.lines().skip(1).map(|line| ours_of(line.split(',').next().unwrap())).collect();
    let ours: Vec<&str> = DEFAULT_RAIL_NEEDS.iter().map(|needs| needs.rail).collect();
    assert_eq!(ours, listed);
}
