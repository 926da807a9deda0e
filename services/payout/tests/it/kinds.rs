//! Accounts of every kind: recorded, listed, opened and exported.

use crate::{
    payees::{create, listed, refusal, told},
    world::{BOOK, World, aba, beneficiary, iban, on_both},
};
use accounts::PayoutAddress;
use api::payout::{BeneficiaryState, CreateBeneficiaryRequest, PayeeCheck, PostalAddress, create_beneficiary_request::Account};
use money::{BookName, UserKey};
use payout::{beneficiaries::unseal, store::Store, vault::Vault};
use tonic::Code;

/// An account of every kind, its canonical text, and the currency to ask for where the account does not say it.
fn every_kind() -> Vec<(Account, &'static str, &'static str)> {
    [first_kinds(), other_kinds()].concat()
}

fn first_kinds() -> Vec<(Account, &'static str, &'static str)> {
    use api::payout as pb;
    let text = str::to_owned;
    vec![
        (iban("de89 3704 0044 0532 0130 00"), "iban:DE89370400440532013000", ""),
        (aba("00-12AB"), "us-account:121000248:0012AB", ""),
        (
            Account::UkAccount(pb::UkAccount { sort_code: text("60-16-13"), account_number: text("31926819") }),
            "uk-account:601613:31926819",
            "",
        ),
        (Account::Clabe(pb::Clabe { clabe: text("646180157000000004") }), "clabe:646180157000000004", ""),
        (Account::PixKey(pb::PixKey { alias_type: text("email"), alias: text("Ana@example.com") }), "pix-key:email:ana@example.com", ""),
        (
            Account::PixAccount(pb::PixAccount {
                ispb: text("00360305"),
                branch_code: text("1"),
                account_type: text("CACC"),
                account_number: text("123456"),
            }),
            "pix-account:00360305:0001:current:123456",
            "BRL",
        ),
        (Account::UpiId(pb::UpiId { upi_id: text("ada.l@okbank") }), "upi:ada.l@okbank", ""),
        (
            Account::IndianAccount(pb::IndianAccount { ifsc: text("HDFC0001234"), account_number: text("001234567890") }),
            "in-account:HDFC0001234:001234567890",
            "",
        ),
        (
            Account::AustralianAccount(pb::AustralianAccount { bsb: text("062-000"), account_number: text("12345678") }),
            "au-account:062000:12345678",
            "",
        ),
        (Account::PayId(pb::PayId { alias_type: text("phone"), alias: text("0412 345 678") }), "payid:phone:+61412345678", ""),
    ]
}

fn other_kinds() -> Vec<(Account, &'static str, &'static str)> {
    use api::payout as pb;
    let text = str::to_owned;
    vec![
        (
            Account::ZenginAccount(pb::ZenginAccount {
                bank_code: text("0001"),
                branch_code: text("001"),
                account_type: text("ordinary"),
                account_number: text("12345"),
            }),
            "zengin:0001:001:ordinary:0012345",
            "",
        ),
        (Account::PayNowProxy(pb::PayNowProxy { alias_type: text("nric"), alias: text("s1234567d") }), "paynow:nric:S1234567D", ""),
        (
            Account::SingaporeAccount(pb::SingaporeAccount { bic: text("DBSSSGSGXXX"), account_number: text("0123456789") }),
            "sg-account:DBSSSGSG:0123456789",
            "",
        ),
        (Account::FpsProxy(pb::FpsProxy { alias_type: text("hkid"), alias: text("A123456(3)") }), "fps-proxy:hkid:A1234563", "HKD"),
        (
            Account::HongKongAccount(pb::HongKongAccount { bank_code: text("004"), account_number: text("123-456789-838") }),
            "hk-account:004:123456789838",
            "CNY",
        ),
        (
            Account::InteracAddress(pb::InteracAddress { alias_type: text("phone"), alias: text("+1 416 555 0100") }),
            "interac:phone:+14165550100",
            "",
        ),
        (
            Account::CanadianAccount(pb::CanadianAccount { routing_number: text("12345-003"), account_number: text("1234567") }),
            "ca-account:000312345:1234567",
            "",
        ),
        (
            Account::WalletAddress(pb::WalletAddress {
                wallet: text("paypal"),
                alias_type: text("payer_id"),
                alias: text("abcdefgh12345"),
            }),
            "wallet:paypal:payer_id:ABCDEFGH12345",
            "USD",
        ),
    ]
}

/// A request with everything that can stand beside an account.
fn complete(account: Account, currency_code: &str) -> CreateBeneficiaryRequest {
    let is_brazilian = matches!(account, Account::PixKey(_) | Account::PixAccount(_));
    let postal = PostalAddress {
        street: "1 rue X".into(),
        town: "Lyon".into(),
        country: "fr".into(),
        lines: vec!["bat. 2".into()],
        ..Default::default()
    };
    CreateBeneficiaryRequest {
        postal_address: Some(postal),
        tax_id: if is_brazilian { "529.982.247-25" } else { "FR-1234" }.into(),
        holder_name_kana: "アナ".into(),
        purpose_code: "SALA".into(),
        currency_code: currency_code.into(),
        ..beneficiary(account)
    }
}

#[tokio::test]
async fn accounts_of_every_kind_are_recorded_listed_opened_and_exported() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let (vault, book) = (Vault::open(&world.key_file, false).unwrap(), BookName::try_new(BOOK).unwrap());
        let store = Store::open(&world.database, &vault).await.unwrap();
        for (account, canonical, currency) in every_kind() {
            let request = complete(account, currency);
            let created = create(&running, "ana", request.clone()).await.unwrap();
            let shown = created.beneficiary.clone().unwrap();
            assert_eq!((created.replayed, created.same_account_as.len()), (false, 0), "{canonical}");
            let again = create(&running, "ana", request.clone()).await.unwrap();
            assert_eq!((again.replayed, again.beneficiary.as_ref()), (true, Some(&shown)), "{canonical}");
            let address = PayoutAddress::from_canonical(canonical, &accounts::AddressRules::default()).unwrap();
            let row = store.beneficiary(&book, shown.beneficiary_id.parse().unwrap()).await.unwrap().unwrap();
            let details = unseal(&vault, &book, &row).ok().unwrap();
            assert_eq!(details.address.canonical(), canonical);
            assert_eq!(details.postal.as_ref().unwrap().lines().collect::<Vec<_>>(), ["bat. 2"]);
            assert_eq!((details.holder_name.as_str(), details.purpose_code.as_deref()), ("Ana Müller", Some("SALA")));
            assert_eq!((shown.kind.as_str(), shown.masked_account.as_str()), (address.kind().name(), details.address.masked().as_str()));
            assert_eq!(shown.country, address.country().unwrap_or("FR"), "{canonical}");
            assert_eq!((shown.state(), shown.payee_check()), (BeneficiaryState::Active, PayeeCheck::NotPossible));
            assert!(currency.is_empty() || shown.currency_code == currency);
            // The same id with another field of any sort.
            for other in [
                CreateBeneficiaryRequest { tax_id: "x".into(), ..request.clone() },
                CreateBeneficiaryRequest { postal_address: None, ..request.clone() },
                CreateBeneficiaryRequest { purpose_code: String::new(), ..request.clone() },
                CreateBeneficiaryRequest { account: Some(iban("FR1420041010050500013M02606")), ..request.clone() },
            ] {
                let status = create(&running, "ana", other).await.unwrap_err();
                assert_eq!(told(&status), refusal(Code::InvalidArgument, "REQUEST_ID_REUSED"), "{canonical}");
            }
        }
        assert_eq!(listed(&running, "ana").await.len(), 18);
        let export =
            payout::privacy::export(&world.database, &world.key_file, &book, &UserKey::try_new("ana").unwrap()).await.ok().unwrap();
        let text = serde_json::to_string(&export.beneficiaries).unwrap();
        for value in
            ["DE89370400440532013000", "ana@example.com", "001234567890", "+61412345678", "A1234563", "52998224725", "1 rue X", "bat. 2"]
        {
            assert!(text.contains(value), "the export lacks {value}");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}
