//! Unit tests of `rules`: what is refused of a payee, and that everything wrong is named at once.
use super::*;
use accounts::AddressField as F;
use proptest::prelude::*;

fn given(kind: AddressKind, fields: &[(F, &str)]) -> GivenPayee {
    GivenPayee {
        holder_name: "Ana M\u{fc}ller".to_owned(),
        account: GivenAccount { kind, fields: fields.iter().map(|(field, text)| (*field, (*text).to_owned())).collect() },
        postal: None,
        tax_id: String::new(),
        holder_name_kana: String::new(),
        purpose_code: String::new(),
        is_company: false,
        currency_code: String::new(),
    }
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 27)
}

fn check(given: &GivenPayee) -> Result<CheckedPayee, BeneficiaryRefusal> {
    PayeeRules::default().check(given, today())
}

fn paths(given: &GivenPayee) -> Vec<String> {
    let refusal = check(given).err().expect("it is refused");
    refusal.faults().iter().map(|fault| fault.path.clone()).collect()
}

fn iban(text: &str) -> GivenPayee {
    given(AddressKind::Iban, &[(F::Iban, text)])
}

fn currency(given: &GivenPayee) -> Option<String> {
    check(given).ok().map(|checked| checked.currency.code().to_owned())
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let mut wrong = given(AddressKind::UkAccount, &[(F::SortCode, "1"), (F::AccountNumber, "")]);
    wrong.account.fields.push((F::Bic, "DEUTDEFF".to_owned()));
    wrong.postal = Some(vec![(F::Country, "Germany".to_owned()), (F::AddressLine, "x".repeat(71))]);
    wrong.tax_id = "1".repeat(36);
    wrong.holder_name_kana = "\u{5c71}\u{7530}".to_owned();
    wrong.purpose_code = "sala".to_owned();
    let expected = [
        "bic",
        "uk_account.sort_code",
        "uk_account.account_number",
        "postal_address.lines",
        "postal_address.town",
        "postal_address.country",
        "tax_id",
        "holder_name_kana",
        "purpose_code",
    ];
    let mut found = paths(&wrong);
    found.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let told = check(&wrong).err().unwrap().to_string();
    assert!(!told.contains("Germany") && !told.contains("sala"), "it repeats what was entered: {told}");
}

#[test]
fn kinds_of_the_first_contract_keep_their_reasons_and_limits() {
    let aba = |routing, number| given(AddressKind::UsAccount, &[(F::RoutingNumber, routing), (F::AccountNumber, number)]);
    for (payee, reason) in [
        (iban("DE00500105170900000001"), "IBAN_INVALID"),
        (iban(""), "IBAN_INVALID"),
        (aba("1", "1234"), "ROUTING_NUMBER_INVALID"),
        (aba("1", ""), "ROUTING_NUMBER_INVALID"),
        (aba("121000248", "123"), "ACCOUNT_NUMBER_INVALID"),
        (aba("121000248", "111111111111111111"), "ACCOUNT_NUMBER_INVALID"),
        (GivenPayee { purpose_code: "?".to_owned(), ..iban("DE89370400440532013000") }, "ADDRESS_INVALID"),
        (given(AddressKind::Clabe, &[(F::Clabe, "646180157000000005")]), "ADDRESS_INVALID"),
    ] {
        assert_eq!(rpc::reason(&check(&payee).err().unwrap().status()).as_deref(), Some(reason));
    }
    let mut letters = aba("121000248", "00-AB 12");
    letters.account.fields.push((F::AccountType, "savings".to_owned()));
    let checked = check(&letters).ok().unwrap();
    assert_eq!(checked.details.address.value(F::AccountType), Some("savings"));
}

#[test]
fn the_currency_is_what_rails_pay_there() {
    let with = |payee: &GivenPayee, code: &str| currency(&GivenPayee { currency_code: code.to_owned(), ..payee.clone() });
    let (german, swedish, british) = (iban("DE89370400440532013000"), iban("SE4550000000058398257466"), iban("GB29NWBK60161331926819"));
    assert_eq!([&german, &swedish, &british].map(currency), [const { Some("EUR") }; 3].map(|code| code.map(str::to_owned)));
    assert_eq!(with(&british, "GBP").as_deref(), Some("GBP"));
    assert_eq!([with(&swedish, "SEK"), with(&german, "USD"), with(&german, "eur"), with(&german, "EURO")], [None, None, None, None]);
    let hong_kong = given(AddressKind::HongKongAccount, &[(F::BankCode, "004"), (F::AccountNumber, "123456789838")]);
    assert_eq!((currency(&hong_kong), paths(&hong_kong)), (None, vec!["currency_code".to_owned()]));
    assert_eq!(
        (with(&hong_kong, "CNY").as_deref(), with(&hong_kong, "HKD").as_deref(), with(&hong_kong, "USD")),
        (Some("CNY"), Some("HKD"), None)
    );
    let paypal = given(AddressKind::Wallet, &[(F::Wallet, "paypal"), (F::AliasType, "email"), (F::Alias, "ana@example.com")]);
    assert_eq!((currency(&paypal), with(&paypal, "MXN").as_deref()), (None, Some("MXN")));
    let venmo = given(AddressKind::Wallet, &[(F::Wallet, "venmo"), (F::AliasType, "user_name"), (F::Alias, "ada-l_1")]);
    assert_eq!((currency(&venmo).as_deref(), with(&venmo, "EUR")), (Some("USD"), None));
}

#[test]
fn an_account_that_no_rail_reaches_is_refused_by_its_country() {
    let refusal = check(&iban("BR1800360305000010009795493C1")).err();
    assert_eq!(refusal, Some(BeneficiaryRefusal::CountryUnsupported));
}

#[test]
fn a_name_is_refused_only_if_no_rail_carries_it() {
    let named = |payee: GivenPayee, name: &str| check(&GivenPayee { holder_name: name.to_owned(), ..payee });
    let us =
        || given(AddressKind::UsAccount, &[(F::RoutingNumber, "021000021"), (F::AccountNumber, "12345678"), (F::AccountType, "checking")]);
    // ACH carries 22 characters, RTP 140.
    assert!(named(us(), &"C".repeat(140)).is_ok());
    let Some(BeneficiaryRefusal::HolderName { field, rail, chars_max, .. }) = named(us(), "\u{418}\u{432}\u{430}\u{43d}").err() else {
        panic!("no rail to the US carries Cyrillic letters");
    };
    assert_eq!((field, rail.as_str(), chars_max), ("holder_name", "us-rtp", 140));
    let Some(BeneficiaryRefusal::HolderName { rail, chars_max, .. }) = named(iban("DE89370400440532013000"), &"A".repeat(71)).err() else {
        panic!("SEPA carries 70 characters");
    };
    assert_eq!((rail.as_str(), chars_max), ("sepa-instant", 70));
    // Bacs carries 18 characters of ASCII; of Faster Payments no limit is known.
    let uk = || given(AddressKind::UkAccount, &[(F::SortCode, "601613"), (F::AccountNumber, "31926819")]);
    assert!(named(uk(), "Ana M\u{fc}ller of Somewhere").is_ok());
    let mut rules = PayeeRules::default();
    rules.needs.retain(|needs| needs.rail != "gb-fps");
    assert!(rules.check(&uk(), today()).is_ok(), "a mark more or less is no reason");
    let long = GivenPayee { holder_name: "Ana M\u{fc}ller of Somewhere".to_owned(), ..uk() };
    let refusal = rules.check(&long, today()).err();
    assert!(matches!(refusal, Some(BeneficiaryRefusal::HolderName { chars_max: 18, .. })), "{refusal:?}");
}

#[test]
fn an_account_in_japan_needs_a_name_that_its_banks_exchange() {
    let japan = given(
        AddressKind::Zengin,
        &[(F::BankCode, "0001"), (F::BranchCode, "001"), (F::AccountType, "ordinary"), (F::AccountNumber, "12345")],
    );
    let refused = check(&japan).err().unwrap();
    assert_eq!(rpc::reason(&refused.status()).as_deref(), Some("HOLDER_NAME_INVALID"));
    assert!(matches!(refused, BeneficiaryRefusal::HolderName { field: "holder_name_kana", .. }));
    assert!(check(&GivenPayee { holder_name: "ana mueller".to_owned(), ..japan.clone() }).is_ok());
    let kana = GivenPayee { holder_name_kana: "\u{30a2}\u{30ca}".to_owned(), ..japan };
    let checked = check(&kana).ok().unwrap();
    assert_eq!(checked.details.holder_name_kana.as_deref(), Some("\u{ff71}\u{ff85}"));
    assert!(checked.details.field_names().contains("name"));
}

#[test]
fn tax_ids_of_brazil_have_check_digits() {
    let pix = given(
        AddressKind::PixAccount,
        &[(F::Ispb, "00360305"), (F::BranchCode, "1"), (F::AccountType, "CACC"), (F::AccountNumber, "123456")],
    );
    let with = |tax_id: &str| check(&GivenPayee { tax_id: tax_id.to_owned(), ..pix.clone() });
    assert_eq!(with("529.982.247-25").ok().unwrap().details.tax_id.as_deref(), Some("52998224725"));
    for wrong in ["529.982.247-26", "11111111111", "x", " "] {
        assert_eq!(with(wrong).err().unwrap().faults()[0].path, "tax_id", "{wrong}");
    }
    assert_eq!(with("").ok().unwrap().details.tax_id, None);
}

proptest! {
    #[test]
    fn hostile_texts_are_refused_by_name_and_never_repeated(text in "[^0-9A-Za-z ]{1,40}", at in 0_usize..4) {
        let mut payee = iban("DE89370400440532013000");
        match at {
            0 => payee.account.fields[0].1.clone_from(&text),
            1 => payee.purpose_code.clone_from(&text),
            2 => payee.currency_code.clone_from(&text),
            _ => payee.account.fields.push((F::Bic, text.clone())),
        }
        if let Err(refusal) = check(&payee) {
            prop_assert!(!refusal.faults().is_empty());
            let told = refusal.status();
            prop_assert_eq!(told.code(), tonic::Code::InvalidArgument);
        } else {
            // Only blanks count as nothing.
            prop_assert!(text.trim().is_empty() && at == 3);
        }
    }
}

#[test]
fn a_name_with_marks_is_recorded_as_it_is_and_sent_by_ach_in_ascii() {
    let fields = [(F::RoutingNumber, "121000248"), (F::AccountNumber, "9000000001"), (F::AccountType, "checking")];
    let given = GivenPayee { holder_name: "Mar\u{ed}a M\u{fc}ller".to_owned(), ..given(AddressKind::UsAccount, &fields) };
    let details = check(&given).ok().unwrap().details;
    assert_eq!(details.holder_name, given.holder_name);
    let rules = PayeeRules::default();
    assert!(!rules.rails_refusing(&details, today()).contains_key("us-ach"));
    for (rail, sent) in [("us-ach", "Maria Muller"), ("us-ach-same-day", "Maria Muller"), ("us-rtp", given.holder_name.as_str())] {
        assert_eq!(rules.as_sent(details.clone(), rail, today()).holder_name, sent, "{rail}");
    }
    // What has no base letters is refused where only they are taken, and says so.
    let clabe =
        GivenPayee { holder_name: "\u{5c71}\u{7530}".to_owned(), ..self::given(AddressKind::Clabe, &[(F::Clabe, "646180157000000004")]) };
    let refusal = check(&clabe).err().unwrap().to_string();
    assert!(refusal.contains("Latin letters, which are sent in ASCII") && refusal.contains("mx-spei"), "{refusal}");
}
