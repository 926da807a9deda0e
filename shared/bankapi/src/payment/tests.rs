//! Unit tests of `payment`.
use super::*;
use accounts::{AddressKind, AddressRules};
use money::Currency;

mod schema;

fn holder(name: &str) -> HolderName {
    HolderName::parse(name).unwrap()
}

fn money(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

fn address(kind: AddressKind, given: &[(AddressField, &str)]) -> PayoutAddress {
    PayoutAddress::parse(kind, given, &AddressRules::default()).unwrap_or_else(|faults| panic!("{faults}"))
}

fn debtor() -> ApiDebtor {
    ApiDebtor {
        name: "Largesse Inc".to_owned(),
        account_number: "000009102574986".to_owned(),
        account_type: ApiDebtorAccount::Demand,
        agent: (ApiAgentId::RoutingNumber, "021000021".to_owned()),
        company_id: Some("1234567890".to_owned()),
    }
}

fn on_behalf_of(name: &str) -> ApiUltimateDebtor {
    ApiUltimateDebtor { name: name.to_owned(), organization_id: "529900T8BM49AURSDO55".to_owned() }
}

fn payment(payment_type: ApiPaymentType, amount: Money, address: PayoutAddress) -> ApiPayment {
    ApiPayment {
        payment_type,
        end_to_end_id: "6f1e0d2c4b5a49788f7e6d5c4b3a2910".to_owned(),
        execution_date: Date::new(2026, 11, 27).unwrap(),
        amount,
        debtor: debtor(),
        ultimate_debtor: None,
        creditor: ApiCreditor { name: holder("Ana Costa"), address, postal: None, tax_id: None, is_company: false },
        remittance: Some("Creator earnings".to_owned()),
        same_day: false,
    }
}

/// One payment per kind of address that the API reaches.
fn samples() -> Vec<ApiPayment> {
    use AddressField as F;
    use ApiPaymentType::{Ach, Interac, Paypal, Rtp, Venmo, Wire};
    let us = || {
        let fields = [(F::RoutingNumber, "021000021"), (F::AccountNumber, "0004400005678"), (F::AccountType, "savings")];
        address(AddressKind::UsAccount, &fields)
    };
    let iban = || address(AddressKind::Iban, &[(F::Iban, "DE89370400440532013000"), (F::Bic, "COBADEFFXXX")]);
    let wallet = |wallet, kind, alias| address(AddressKind::Wallet, &[(F::Wallet, wallet), (F::AliasType, kind), (F::Alias, alias)]);
    let alias = |kind, alias_type, alias| address(kind, &[(F::AliasType, alias_type), (F::Alias, alias)]);
    let mut pix = payment(Rtp, money("BRL", 12_345), alias(AddressKind::PixKey, "email", "ana@example.com"));
    pix.creditor.tax_id = Some("52998224725".to_owned());
    let fields = [(F::Ispb, "33172537"), (F::BranchCode, "1"), (F::AccountNumber, "12902678"), (F::AccountType, "current")];
    let mut pix_account = payment(Rtp, money("BRL", 12_345), address(AddressKind::PixAccount, &fields));
    pix_account.creditor.tax_id = pix.creditor.tax_id.clone();
    let mut same_day = payment(Ach, money("USD", 10_000_000), us());
    (same_day.same_day, same_day.creditor.is_company) = (true, true);
    let mut postal = payment(Rtp, money("USD", 5_000), us());
    let fields = [
        (F::Street, "Main Street"),
        (F::Building, "5"),
        (F::Town, "Boston"),
        (F::Region, "MA"),
        (F::PostalCode, "02108"),
        (F::Country, "US"),
    ];
    postal.creditor.postal = Some(HolderAddress::parse(&fields).unwrap());
    postal.ultimate_debtor = Some(on_behalf_of("Acme & Co"));
    vec![
        payment(Rtp, money("USD", 1), us()),
        postal,
        payment(Ach, money("USD", 2_500), us()),
        same_day,
        payment(Wire, money("USD", 2_500), us()),
        payment(Rtp, money("EUR", 455_000), iban()),
        payment(Ach, money("EUR", 455_000), iban()),
        payment(Wire, money("USD", 455_000), iban()),
        payment(Rtp, money("GBP", 65_000), address(AddressKind::UkAccount, &[(F::SortCode, "185008"), (F::AccountNumber, "87654321")])),
        payment(Rtp, money("MXN", 9_900), address(AddressKind::Clabe, &[(F::Clabe, "002010077777777771")])),
        pix,
        pix_account,
        payment(
            Rtp,
            money("INR", 9_900),
            address(AddressKind::IndianAccount, &[(F::Ifsc, "HDFC0001234"), (F::AccountNumber, "123456789012")]),
        ),
        payment(Rtp, money("AUD", 9_900), address(AddressKind::AustralianAccount, &[(F::Bsb, "062000"), (F::AccountNumber, "12345678")])),
        payment(Rtp, money("AUD", 9_900), alias(AddressKind::PayId, "email", "ana@example.com")),
        payment(
            Rtp,
            money("SGD", 9_900),
            address(AddressKind::SingaporeAccount, &[(F::Bic, "OCBCSGSGXXX"), (F::AccountNumber, "999000000")]),
        ),
        payment(Rtp, money("SGD", 9_900), alias(AddressKind::PayNow, "phone", "+6581234567")),
        payment(Rtp, money("HKD", 9_900), address(AddressKind::HongKongAccount, &[(F::BankCode, "004"), (F::AccountNumber, "123226189")])),
        payment(Rtp, money("HKD", 9_900), alias(AddressKind::FpsProxy, "phone", "+85261234567")),
        payment(
            Ach,
            money("CAD", 9_900),
            address(AddressKind::CanadianAccount, &[(F::RoutingNumber, "000112345"), (F::AccountNumber, "1234567")]),
        ),
        payment(Interac, money("CAD", 9_900), alias(AddressKind::Interac, "email", "ana@example.com")),
        payment(Paypal, money("USD", 9_900), wallet("paypal", "email", "ana@example.com")),
        payment(Venmo, money("USD", 9_900), wallet("venmo", "user_name", "@Ana-Costa")),
    ]
}

#[test]
fn every_kind_that_the_api_reaches_has_a_body() {
    for payment in samples() {
        let body = payment.body(&ApiRules::default());
        let body = body.unwrap_or_else(|faults| panic!("{}: {faults:?}", payment.creditor.address.kind().name()));
        assert_eq!(body["paymentIdentifiers"]["endToEndId"], payment.end_to_end_id);
        assert_eq!(body["transferType"], "CREDIT");
    }
}

#[test]
fn amounts_have_the_digits_of_their_currency() {
    let amount = |code: &str, minor_units: i64| {
        let mut payment = samples().swap_remove(7);
        payment.amount = money(code, minor_units);
        payment.body(&ApiRules::default()).unwrap()["value"].clone()
    };
    assert_eq!(amount("USD", 1), json!({"currency": "USD", "amount": "0.01"}));
    assert_eq!(amount("JPY", 7), json!({"currency": "JPY", "amount": "7"}));
    assert_eq!(amount("BHD", 1_234), json!({"currency": "BHD", "amount": "1.234"}));
    assert_eq!(amount("USD", money::AMOUNT_MAX), json!({"currency": "USD", "amount": "90071992547409.92"}));
}

#[test]
fn an_ach_payment_names_class_type_of_account_and_the_wish_for_today() {
    let all = samples();
    let body = |at: usize| all[at].body(&ApiRules::default()).unwrap();
    assert_eq!(body(2)["paymentTypeInformation"], json!({"localInstrumentCode": {"code": "PPD"}}));
    assert_eq!(body(3)["paymentTypeInformation"], json!({"localInstrumentCode": {"code": "CCD"}, "serviceLevelCode": "SDVA"}));
    assert_eq!(body(2)["creditor"]["account"], json!({"accountNumber": "0004400005678", "accountType": "SVGS"}));
    assert_eq!(body(2)["debtor"]["account"]["companyId"], "1234567890");
    // Not supported on the instant rail.
    assert_eq!(body(0)["creditor"]["account"], json!({"accountNumber": "0004400005678"}));
}

#[test]
fn a_wallet_gets_no_bank_and_no_type_of_account() {
    let body = samples()[21].body(&ApiRules::default()).unwrap();
    assert_eq!(body.get("creditorAgent"), None);
    assert_eq!(body["debtor"]["account"].get("accountType"), None);
    let identifier = json!({"identifier": "ana@example.com", "idType": "PROPRIETARY", "proprietarySchemeName": "EMAL"});
    assert_eq!(body["creditor"]["account"], json!({"alternateAccountIdentifiers": [identifier]}));
}

fn faults(change: impl FnOnce(&mut ApiPayment)) -> Vec<String> {
    let mut payment = samples().swap_remove(2);
    change(&mut payment);
    payment.body(&ApiRules::default()).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_is_wrong_with_a_payment_is_named_at_once() {
    let all = faults(|payment| {
        payment.end_to_end_id = "x".repeat(36);
        payment.amount = money("EUR", 0);
        payment.debtor.name = String::new();
        payment.debtor.agent = (ApiAgentId::Bic, "021000021".to_owned());
        payment.debtor.company_id = None;
        payment.remittance = Some("a\u{202e}b".to_owned());
        payment.creditor.name = holder("A name that is longer than the twenty-two of ACH");
    });
    let fields: Vec<&str> = all.iter().filter_map(|fault| fault.split(' ').next()).collect();
    let expected = ["end_to_end_id", "amount", "debtor.name", "debtor.agent", "debtor.company_id", "amount", "creditor.name", "remittance"];
    assert_eq!(fields, expected);
}

#[test]
fn a_kind_of_payment_that_does_not_reach_the_address_is_refused() {
    let us = samples().swap_remove(0);
    for payment_type in ApiPaymentType::all() {
        let reaches = matches!(payment_type, ApiPaymentType::Rtp | ApiPaymentType::Ach | ApiPaymentType::Wire);
        let payment = ApiPayment { payment_type, ..us.clone() };
        assert_eq!(payment.body(&ApiRules::default()).is_ok(), reaches, "{payment_type:?}");
    }
    let wallet = samples().swap_remove(21);
    let crossed = ApiPayment { payment_type: ApiPaymentType::Venmo, ..wallet };
    let fault = crossed.body(&ApiRules::default()).unwrap_err();
    assert_eq!(fault[0].to_string(), "creditor.address must be of a kind that VENMO pays: wallet is not");
}

#[test]
fn rules_of_the_market_are_rows_that_an_operator_replaces() {
    let mut payment = samples().swap_remove(2);
    payment.creditor.name = holder("A name of twenty-five chr");
    assert!(payment.body(&ApiRules::default()).is_err());
    let mut rules = ApiRules::default();
    for limit in rules.limits.iter_mut().filter(|limit| limit.market == "US ACH") {
        limit.name_chars_max = 25;
    }
    assert!(payment.body(&rules).is_ok());
}

#[test]
fn pix_needs_a_tax_id_and_ach_a_type_of_account() {
    let mut pix = samples().swap_remove(10);
    pix.creditor.tax_id = None;
    assert_eq!(pix.body(&ApiRules::default()).unwrap_err()[0].to_string(), "creditor.tax_id must be given for Pix");
    let untyped = address(AddressKind::UsAccount, &[(AddressField::RoutingNumber, "021000021"), (AddressField::AccountNumber, "44")]);
    let all = faults(|payment| payment.creditor.address = untyped);
    assert_eq!(all, ["creditor.address must say whether the account is checking or savings, which ACH asks for"]);
}

#[test]
fn a_payment_on_behalf_of_a_company_names_it_with_its_id_beside_the_debtor() {
    let mut payment = samples().remove(1);
    let body = payment.body(&ApiRules::default()).unwrap();
    assert_eq!(body["debtor"]["name"], "Largesse Inc");
    let party = json!({"name": "Acme & Co", "organizationIds": [{"organizationId": "529900T8BM49AURSDO55"}]});
    assert_eq!(body["additionalParties"], json!({"ultimateDebtor": party}));
    payment.ultimate_debtor = Some(ApiUltimateDebtor { organization_id: String::new(), ..on_behalf_of("") });
    let fields: Vec<&str> = payment.body(&ApiRules::default()).unwrap_err().iter().map(|fault| fault.field).collect();
    assert_eq!(fields, ["ultimate_debtor.name", "ultimate_debtor.organization_id"]);
}
