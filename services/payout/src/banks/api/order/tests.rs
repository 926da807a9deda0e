//! Unit tests of `order`.

use super::*;
use crate::domain::payee::PayeeDetails;
use accounts::{AddressField, AddressKind, AddressRules};
use jiff::{Timestamp, tz::TimeZone};
use money::{Currency, Money};
use serde_json::Value;

fn address(text: &str) -> PayoutAddress {
    PayoutAddress::from_canonical(text, &AddressRules::default()).unwrap()
}

fn payee(text: &str) -> PayeeDetails {
    PayeeDetails {
        holder_name: "Ana Souza".to_owned(),
        address: address(text),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: false,
        purpose_code: None,
    }
}

fn checking(number: &str) -> PayeeDetails {
    let fields =
        [(AddressField::RoutingNumber, "121000248"), (AddressField::AccountNumber, number), (AddressField::AccountType, "checking")];
    PayeeDetails { address: PayoutAddress::parse(AddressKind::UsAccount, &fields, &AddressRules::default()).unwrap(), ..payee(USD) }
}

/// The body of 12.30 over a rail, from an account to a payee.
fn body(rail: &str, currency: &str, debtor: &str, payee: &PayeeDetails) -> Result<Value, String> {
    let (debtor, amount) = (address(debtor), Money::try_new(Currency::try_new(currency).unwrap(), 1_230).unwrap());
    let order = PaymentOrder {
        message_id: "M-1".to_owned(),
        end_to_end_id: "00000000000000000000000000000007",
        reference: "T00000000000001",
        uetr: String::new(),
        amount,
        rail,
        zone: TimeZone::get("America/New_York").unwrap(),
        created: "2026-12-04T03:00:00Z".parse::<Timestamp>().unwrap(),
        debtor_name: "Largesse",
        debtor: &debtor,
        on_behalf_of: None,
        payee,
        remittance: "Creator payout",
    };
    let config = ApiBankConfig { branch_bic: "CHASDEFX".to_owned(), company_id: "1234567890".to_owned(), ..ApiBankConfig::default() };
    ApiOrders::new(&config).body(&order).map(|text| serde_json::from_str(&text).unwrap()).map_err(|fault| fault.to_string())
}

const USD: &str = "us-account:021000021:5500001234";
const EUR: &str = "iban:DE44500105175407324931";

#[test]
fn each_rail_has_the_apis_word_and_the_day_of_its_zone() {
    let us = checking("9000000001");
    let rtp = body("us-rtp", "USD", USD, &us).unwrap();
    assert_eq!((rtp["paymentType"].as_str(), rtp["value"]["amount"].as_str()), (Some("RTP"), Some("12.30")));
    // In New York it is still the day before.
    assert_eq!(rtp["requestedExecutionDate"], "2026-12-03");
    assert_eq!(rtp["debtorAgent"]["financialInstitutionIds"][0]["id"], "021000021");
    assert_eq!(rtp["paymentIdentifiers"]["endToEndId"].as_str().unwrap().len(), 32);
    let ach = body("us-ach", "USD", USD, &us).unwrap();
    assert_eq!((ach["paymentType"].as_str(), &ach["debtor"]["account"]["companyId"]), (Some("ACH"), &Value::from("1234567890")));
    assert_eq!(ach["paymentTypeInformation"].get("serviceLevelCode"), None);
    assert_eq!(body("us-ach-same-day", "USD", USD, &us).unwrap()["paymentTypeInformation"]["serviceLevelCode"], "SDVA");
    let sepa = body("sepa-instant", "EUR", EUR, &payee("iban:DE89370400440532013000")).unwrap();
    assert_eq!(
        (sepa["paymentType"].as_str(), sepa["debtorAgent"]["financialInstitutionIds"][0]["id"].as_str()),
        (Some("RTP"), Some("CHASDEFX"))
    );
    let wallet = body("ewallet-paypal", "USD", USD, &payee("wallet:paypal:email:ana@example.com")).unwrap();
    let alias = &wallet["creditor"]["account"]["alternateAccountIdentifiers"][0];
    assert_eq!((wallet["paymentType"].as_str(), alias["identifier"].as_str()), (Some("PAYPAL"), Some("ana@example.com")));
    let british = body("gb-fps", "GBP", "uk-account:601613:31926819", &payee("iban:GB33BUKB20201555555555")).unwrap();
    assert_eq!(
        (&british["creditor"]["account"]["accountNumber"], &british["creditorAgent"]["financialInstitutionIds"][0]["id"]),
        (&"55555555".into(), &"202015".into())
    );
}

#[test]
fn what_the_api_does_not_carry_is_refused_by_name() {
    let us = payee("us-account:121000248:9000000001");
    for (rail, debtor, to, says) in [
        ("us-fednow", USD, us.clone(), "rail must be one that the API carries: us-fednow is not"),
        ("jp-zengin", USD, us.clone(), "rail must"),
        ("us-rtp", "pix-key:email:ana@example.com", us.clone(), "debtor must"),
        ("us-ach", USD, us.clone(), "creditor.address must say whether"),
        ("in-imps", USD, payee("upi:ada.l@okbank"), "creditor.address must be of a kind that RTP pays"),
        ("ewallet-paypal", USD, us.clone(), "creditor.address must be of a kind that PAYPAL pays"),
        ("us-rtp", USD, PayeeDetails { holder_name: String::new(), ..us.clone() }, "creditor.name must"),
        ("us-ach", USD, PayeeDetails { holder_name: "A".repeat(23), ..checking("90001") }, "creditor.name must"),
        ("br-pix", USD, payee("pix-key:email:ana@example.com"), "creditor.tax_id must be given for Pix"),
    ] {
        let currency = if rail == "br-pix" { "BRL" } else { "USD" };
        let told = body(rail, currency, debtor, &to).unwrap_err();
        assert!(told.contains(says), "{rail}: {told}");
        assert!(!told.contains("9000000001"), "nothing personal is repeated");
    }
}
