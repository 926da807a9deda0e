//! Accounts from files, and their rules.
use super::*;
use crate::config::{PretendStripe, PriceFrom};
use chart::BookKind;
use money::{Currency, Money};
use std::path::PathBuf;

struct Files(tempfile::TempDir);

impl Files {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn account(&self, book: &str, key: &str, secrets: &str) -> StripeAccount {
        StripeAccount {
            secret_key_file: self.file(&format!("{book}.key"), key),
            webhook_secret_file: self.file(&format!("{book}.secrets"), secrets),
            api_url: "http://127.0.0.1:1".to_owned(),
            return_origins: vec!["https://app.example".to_owned()],
            three_d_secure_markets: vec!["IN".to_owned()],
            three_d_secure_from: vec![PriceFrom { currency: "EUR".to_owned(), minor_units: 3_000 }],
            ..StripeAccount::new(&format!("acct_{book}"), book)
        }
    }
}

fn load(stripe: Vec<StripeAccount>) -> Result<Merchants, String> {
    Merchants::load(&Config { stripe, ..Config::default() }).map_err(|error| error.to_string())
}

fn of_book(merchants: &Merchants, book: &str) -> Option<Arc<dyn OrderAccount>> {
    merchants.accounts().find(|account| account.book().as_str() == book)
}

#[test]
fn keys_and_secrets_are_read_from_files_and_told_from_others() {
    let files = Files(tempfile::tempdir().unwrap());
    let good = files.account("live-us", "rk_live_1\n", "whsec_1\n\nwhsec_2\n");
    let test = files.account("test-us", "sk_test_1", "whsec_3");
    let merchants = load(vec![good.clone(), test]).unwrap();
    let of = |book: &str| of_book(&merchants, book);
    assert_eq!((of("live-us").unwrap().kind(), of("live-us").unwrap().environment()), (BookKind::Live, "live"));
    assert_eq!((of("test-us").unwrap().kind(), of("test-us").unwrap().environment()), (BookKind::Test, "test"));
    assert!(of("test-jp").is_none());
    assert!(!format!("{merchants:?}").contains("rk_live_1") && !format!("{merchants:?}").contains("whsec_1"));
    for (key, secrets) in
        [("", "whsec_1"), ("pk_live_1", "whsec_1"), ("sk_live_1 x", "whsec_1"), ("sk_live_1", ""), ("sk_live_1", "secret")]
    {
        let refused = load(vec![files.account("a", key, secrets)]).unwrap_err();
        assert!(refused.starts_with("purchase.stripe: acct_a: ") && !refused.contains("sk_live_1"), "{refused}");
    }
    let shared = files.account("b", "sk_live_2", "whsec_2");
    assert!(load(vec![good.clone(), shared]).unwrap_err().contains("the same webhook secret"));
    assert!(
        load(vec![good.clone(), StripeAccount { webhook_secret_file: files.file("c", "whsec_9"), ..good.clone() }])
            .unwrap_err()
            .contains("the same book")
    );
    assert!(load(vec![StripeAccount { secret_key_file: "/nowhere".into(), ..good.clone() }]).unwrap_err().contains("/nowhere"));
    let pretend = PretendStripe { account: good, secret_key: "sk_live_1".to_owned(), webhook_secrets: vec!["whsec_1".to_owned()] };
    assert!(Merchants::load(&Config { sandbox_stripe: vec![pretend], ..Config::default() }).is_err(), "real money at a pretend processor");
}

#[test]
fn buyers_go_back_to_listed_origins_and_are_authenticated_by_market_or_price() {
    let files = Files(tempfile::tempdir().unwrap());
    let merchants = load(vec![files.account("live-us", "sk_live_1", "whsec_1"), files.account("test-us", "sk_test_1", "whsec_3")]).unwrap();
    let merchant = of_book(&merchants, "live-us").unwrap();
    for (address, allowed) in [
        ("https://app.example/paid?a=b", true),
        ("https://app.example:443/", true),
        ("https://app.example:8443/", false),
        ("https://app.example.evil.example/", false),
        ("https://app.example@evil.example/", false),
        ("http://app.example/", false),
        ("http://localhost/", false),
        ("app.example", false),
    ] {
        assert_eq!(merchant.may_return_to(address), allowed, "{address}");
    }
    let open = StripeAccount { return_origins: Vec::new(), ..files.account("d", "sk_test_1", "whsec_4") };
    let test = load(vec![open]).unwrap();
    let test = of_book(&test, "d").unwrap();
    assert!(
        test.may_return_to("http://localhost:3000/")
            && test.may_return_to("https://any.example/")
            && !test.may_return_to("http://any.example/")
    );
    let euros = |minor_units| Money::try_new(Currency::try_new("EUR").unwrap(), minor_units).unwrap();
    for (market, price, asked) in [("DE", 2_999, false), ("DE", 3_000, true), ("IN", 1, true)] {
        assert_eq!(merchant.authenticates(market, euros(price)), asked, "{market} {price}");
    }
    let dollars = Money::try_new(Currency::try_new("USD").unwrap(), 1_000_000).unwrap();
    assert!(!merchant.authenticates("US", dollars));
}
