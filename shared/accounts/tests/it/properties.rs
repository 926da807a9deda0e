//! Properties of every kind of address.

use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress, holder::HolderAddress, holder::HolderName, kana::KanaName};
use proptest::prelude::*;

const FIELDS: [AddressField; 15] = [
    AddressField::Iban,
    AddressField::Bic,
    AddressField::RoutingNumber,
    AddressField::SortCode,
    AddressField::Clabe,
    AddressField::Ispb,
    AddressField::Ifsc,
    AddressField::Bsb,
    AddressField::BankCode,
    AddressField::BranchCode,
    AddressField::AccountType,
    AddressField::AccountNumber,
    AddressField::UpiId,
    AddressField::Wallet,
    AddressField::AliasType,
];

/// Texts from any characters to nearly valid ones.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "[0-9]{0,18}",
        "[A-Z0-9 -]{0,35}",
        "[!-~]{1,17}",
        "\\+[0-9]{2,16}",
        "[a-z.]{1,8}@[a-z.-]{1,12}",
        "[A-Za-z0-9+.]{1,12}#[A-Za-z]{1,6}",
        "(phone|email|cpf|cnpj|evp|abn|acn|organisation|nric|uen|vpa|fps_id|hkid|payer_id|user_name)",
        "(paypal|venmo|checking|savings|ordinary|current|1|2|4|CACC|TRAN)",
        "(021000021|646180157000000004|DBSSSGSGXXX|HDFC0001234|DE89370400440532013000|GB29NWBK60161331926819)",
    ]
}

/// Values of the kind's own fields; nearly every kind parses often.
fn given(kind: AddressKind) -> impl Strategy<Value = Vec<(AddressField, String)>> {
    let fields: Vec<AddressField> = kind.fields().collect();
    fields.into_iter().map(|field| (Just(field), likely(kind, field))).collect::<Vec<_>>()
}

fn likely(kind: AddressKind, field: AddressField) -> BoxedStrategy<String> {
    use AddressField as F;
    match (kind, field) {
        (_, F::Iban) => "(DE89370400440532013000|gb29 nwbk 6016 1331 9268 19|SE45 5000 0000 0583 9825 7466)".boxed(),
        (_, F::Bic) => "(DBSSSGSG|dbsssgsgxxx|OCBCSGSGABC)".boxed(),
        (AddressKind::CanadianAccount, F::RoutingNumber) => "(0[0-9]{8}|[0-9]{5}-[0-9]{3})".boxed(),
        (_, F::RoutingNumber) => "(021000021|1210-00248)".boxed(),
        (_, F::SortCode) => "(08|09|12|60)-[0-9]{2}-?[0-9]{2}".boxed(),
        (_, F::Clabe) => "(646180157000000004|032180000118359719)".boxed(),
        (_, F::Ispb) => "[0-9]{8}".boxed(),
        (_, F::Ifsc) => "[A-Za-z]{4}0[A-Z0-9]{6}".boxed(),
        (_, F::Bsb) => "[0-9]{3}-?[0-9]{3}".boxed(),
        (AddressKind::Zengin, F::BankCode) => "[0-9]{4}".boxed(),
        (_, F::BankCode) => "[0-9]{3}".boxed(),
        (_, F::BranchCode) => "[0-9]{3}".boxed(),
        (AddressKind::UsAccount, F::AccountType) => "(checking|savings|)".boxed(),
        (_, F::AccountType) => "(current|savings)".boxed(),
        (AddressKind::UsAccount, F::AccountNumber) => "[ -~]{1,17}".boxed(),
        (_, F::AccountNumber) => "[0-9]{1,3}[ -]?[0-9]{4,9}".boxed(),
        (_, F::UpiId) => "[A-Za-z0-9._-]{2,9}@[A-Za-z]{2,6}".boxed(),
        (_, F::Wallet) => "(paypal|venmo)".boxed(),
        (_, F::AliasType) => "(phone|email|organisation|vpa|fps_id|payer_id|user_name)".boxed(),
        (_, F::Alias) => prop_oneof![
            "(\\+61 4[0-9]{8}|\\+65 9[0-9]{7}|\\+852 9[0-9]{7}|[2-9][0-9]{9})",
            "([A-Za-z]{1,9}@[a-z]{1,9}[.]com|[0-9]{7}|[A-Z0-9]{13}|a#B|[ -~]{1,20})",
        ]
        .boxed(),
        _ => text().boxed(),
    }
}

fn borrowed(given: &[(AddressField, String)]) -> Vec<(AddressField, &str)> {
    given.iter().map(|(field, text)| (*field, text.as_str())).collect()
}

fn check(address: &PayoutAddress) -> Result<(), TestCaseError> {
    let canonical = address.canonical();
    let again = PayoutAddress::from_canonical(&canonical, &AddressRules::default());
    prop_assert_eq!(again.map(|again| again.canonical()), Ok(canonical));
    let mask = address.masked();
    let shown = mask.chars().skip_while(|c| *c == '*').count();
    prop_assert!(shown <= 4);
    Ok(())
}

proptest! {
    #[test]
    fn no_text_panics(kind in 0_usize..18, values in prop::collection::vec((0_usize..16, text()), 0..8), canonical in any::<String>()) {
        let kind = AddressKind::ALL[kind];
        let field_at = |index: usize| *FIELDS.get(index).unwrap_or(&AddressField::Alias);
        let given: Vec<(AddressField, &str)> = values.iter().map(|(index, text)| (field_at(*index), text.as_str())).collect();
        let rules = AddressRules::default();
        if let Ok(address) = PayoutAddress::parse(kind, &given, &rules) {
            check(&address)?;
        }
        let _ = PayoutAddress::from_canonical(&canonical, &rules);
        let _ = PayoutAddress::from_canonical(&format!("{}:{canonical}", kind.name()), &rules);
        let _ = HolderAddress::parse(&given);
        let _ = HolderName::parse(&canonical);
        let _ = KanaName::parse(&canonical, 30);
    }

    #[test]
    fn canonical_texts_parse_to_themselves(
        given in (0_usize..18).prop_flat_map(|kind| (Just(AddressKind::ALL[kind]), given(AddressKind::ALL[kind])))
    ) {
        let (kind, given) = given;
        if let Ok(address) = PayoutAddress::parse(kind, &borrowed(&given), &AddressRules::default()) {
            check(&address)?;
            // What a bank is sent parses to the same address.
            let fields = address.fields();
            let values: Vec<(AddressField, &str)> = fields.iter().filter_map(|field| Some((*field, address.value(*field)?))).collect();
            let again = PayoutAddress::parse(kind, &values, &AddressRules::default());
            prop_assert_eq!(again, Ok(address.clone()));
        }
    }

    #[test]
    fn one_changed_digit_of_an_iban_is_refused(which in 0_usize..4, at in 2_usize..40, by in 1_u8..10) {
        let iban = ["DE89370400440532013000", "FR1420041010050500013M02606", "GB29NWBK60161331926819", "BE68539007547034"][which];
        let mut bytes = iban.as_bytes().to_vec();
        let at = at % bytes.len();
        prop_assume!(bytes[at].is_ascii_digit());
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(PayoutAddress::parse(AddressKind::Iban, &[(AddressField::Iban, changed.as_str())], &AddressRules::default()).is_err());
    }
}
