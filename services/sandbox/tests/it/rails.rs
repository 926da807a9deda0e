//! Every rail and every currency: what is paid, and what the bank refuses.

use crate::town::{Town, address, on_both, over, verdict};
use accounts::{AddressField as F, AddressKind as K, PayoutAddress};
use iso20022::{
    TransactionStatus,
    pain001::{PaymentType, TypeCode},
};
use money::{Currency, Money};
use sandbox::bank::{Config, own_currencies};

fn alias(kind: K, alias_type: &str, text: &str) -> PayoutAddress {
    address(kind, &[(F::AliasType, alias_type), (F::Alias, text)])
}

/// Each rail with its currency and the kinds of accounts that it reaches.
fn rails() -> Vec<(&'static str, &'static str, Vec<PayoutAddress>)> {
    let us =
        || vec![address(K::UsAccount, &[(F::RoutingNumber, "121000248"), (F::AccountNumber, "5512345678"), (F::AccountType, "savings")])];
    let iban = |text| address(K::Iban, &[(F::Iban, text)]);
    let uk = || address(K::UkAccount, &[(F::SortCode, "089999"), (F::AccountNumber, "66374958")]);
    let canada = || address(K::CanadianAccount, &[(F::RoutingNumber, "000312345"), (F::AccountNumber, "1234567")]);
    let pix = [(F::Ispb, "60701190"), (F::BranchCode, "1"), (F::AccountType, "current"), (F::AccountNumber, "12345678")];
    let zengin = [(F::BankCode, "0001"), (F::BranchCode, "001"), (F::AccountType, "ordinary"), (F::AccountNumber, "1234567")];
    vec![
        ("us-rtp", "USD", us()),
        ("us-fednow", "USD", us()),
        ("us-fedwire", "USD", us()),
        ("us-ach-same-day", "USD", us()),
        ("us-ach", "USD", us()),
        ("sepa-instant", "EUR", vec![iban("DE46910579234762349724")]),
        ("sepa-ct", "EUR", vec![iban("VA59001123000012345678")]),
        ("gb-fps", "GBP", vec![uk(), iban("GB29NWBK60161331926819")]),
        ("gb-bacs", "GBP", vec![uk()]),
        (
            "br-pix",
            "BRL",
            vec![alias(K::PixKey, "cpf", "52998224725"), alias(K::PixKey, "email", "ana@example.com"), address(K::PixAccount, &pix)],
        ),
        ("mx-spei", "MXN", vec![address(K::Clabe, &[(F::Clabe, "002010077777777771")])]),
        (
            "sg-fast",
            "SGD",
            vec![
                address(K::SingaporeAccount, &[(F::Bic, "DBSSSGSG"), (F::AccountNumber, "1234567890")]),
                alias(K::PayNow, "phone", "+6591234567"),
            ],
        ),
        (
            "hk-fps",
            "HKD",
            vec![
                address(K::HongKongAccount, &[(F::BankCode, "004"), (F::AccountNumber, "123456789")]),
                alias(K::FpsProxy, "fps_id", "1234567"),
            ],
        ),
        ("in-imps", "INR", vec![address(K::IndianAccount, &[(F::Ifsc, "HDFC0000001"), (F::AccountNumber, "123456789")])]),
        ("in-upi", "INR", vec![address(K::Upi, &[(F::UpiId, "ana@okbank")])]),
        ("jp-zengin", "JPY", vec![address(K::Zengin, &zengin)]),
        (
            "au-npp",
            "AUD",
            vec![
                address(K::AustralianAccount, &[(F::Bsb, "062000"), (F::AccountNumber, "12345678")]),
                alias(K::PayId, "email", "ana@example.com"),
            ],
        ),
        ("ca-interac", "CAD", vec![alias(K::Interac, "email", "ana@example.com"), canada()]),
        ("ca-eft", "CAD", vec![canada()]),
    ]
}

fn money(currency: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(currency).unwrap(), minor_units).unwrap()
}

async fn outcome(town: &Town, message: &iso20022::pain001::Initiation, id: &str) -> (String, String) {
    let verdict = verdict(town.send(message.write().unwrap()).await.unwrap(), id).await;
    (verdict.status.code().to_owned(), verdict.reason().map_or(String::new(), |reason| reason.code().to_owned()))
}

#[tokio::test]
async fn every_rail_pays_its_currency_to_every_kind_of_account_that_it_reaches() {
    on_both(async |database| {
        let town = Town::open_with(&database, Config::default()).await;
        for (rail, currency, addresses) in rails() {
            for (at, to) in addresses.iter().enumerate() {
                let id = format!("{rail}-{at}");
                assert_eq!(outcome(&town, &over(rail, &[(&id, "Ana")], to, money(currency, 7)), &id).await.0, "ACSC", "{id}");
                // The name selects a behaviour whatever the account.
                let bad = format!("{id}-bad");
                let rejected = outcome(&town, &over(rail, &[(&bad, "Sandbox reject:AC06")], to, money(currency, 7)), &bad).await;
                assert_eq!(rejected, ("RJCT".to_owned(), "AC06".to_owned()), "{bad}");
            }
        }
        for currency in own_currencies() {
            let report = town.report(currency.code()).await;
            let paid: i128 = report.entries.iter().map(|entry| entry.direction.signed(entry.amount)).sum();
            assert!(paid < 0, "{}", currency.code());
            assert_eq!(report.balances[1].signed_minor_units(), 1_000_000_000 + paid, "{}", currency.code());
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rail_that_does_not_fit_is_refused_with_its_code() {
    on_both(async |database| {
        let town = Town::open_with(&database, Config::default()).await;
        let all = rails();
        let to = |rail: &str| all.iter().find(|(id, ..)| *id == rail).unwrap().2[0].clone();
        for (rail, account_of, currency, code) in [
            ("sepa-instant", "us-rtp", "EUR", "AC14"),
            ("us-rtp", "sepa-instant", "USD", "AC14"),
            ("br-pix", "mx-spei", "BRL", "AC14"),
            ("mx-spei", "br-pix", "MXN", "AC14"),
            ("in-upi", "in-imps", "INR", "AC14"),
            ("ca-eft", "ca-interac", "CAD", "AC14"),
            ("gb-fps", "sepa-instant", "GBP", "AC14"),
            ("br-pix", "br-pix", "USD", "AM03"),
            ("us-rtp", "us-rtp", "EUR", "AM03"),
        ] {
            let id = format!("{rail}-{account_of}-{currency}");
            let refused = outcome(&town, &over(rail, &[(&id, "Ana")], &to(account_of), money(currency, 7)), &id).await;
            assert_eq!(refused, ("RJCT".to_owned(), code.to_owned()), "{id}");
        }
        let mut nowhere = over("br-pix", &[("A", "Ana")], &to("br-pix"), money("BRL", 7));
        nowhere.payments[0].payment_type = PaymentType {
            service_level: Some(TypeCode::Code("URGP".into())),
            local_instrument: Some(TypeCode::Own("ted".into())),
            category_purpose: None,
        };
        assert_eq!(outcome(&town, &nowhere, "A").await, ("RJCT".to_owned(), "FF03".to_owned()));
        // No account in Swiss francs pays.
        let strange = over("sepa-ct", &[("B", "Ana")], &to("sepa-ct"), money("CHF", 7));
        assert_eq!(outcome(&town, &strange, "B").await.0, TransactionStatus::Rjct.code());
        town.close().await;
    })
    .await;
}
