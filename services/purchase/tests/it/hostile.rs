//! Receipts that must be refused, and the reason given.

use identity::Role;
use proptest::prelude::*;
use sandbox::store::{HostileReceipt, StorePurchase, receipt::new_transaction_id};
use serde_json::{Value, json};

use crate::fixture::{self, Fixture, new_id, reason, redeem_request, seventy};

async fn refused(fixture: &Fixture, receipt: &str) -> String {
    let id = new_id();
    let first = reason(fixture.redeem("ann", &id, receipt).await);
    assert_eq!(reason(fixture.redeem("ann", &id, receipt).await), first, "refusals stick");
    first
}

fn expected(hostile: HostileReceipt) -> &'static str {
    match hostile {
        HostileReceipt::LeafPurpose | HostileReceipt::IntermediatePurpose => "RECEIPT_CERTIFICATE_PURPOSE",
        HostileReceipt::ChainOfTwo | HostileReceipt::ChainOfFour | HostileReceipt::NoChain => "RECEIPT_CHAIN_LENGTH",
        HostileReceipt::ForeignChain => "RECEIPT_CHAIN",
        HostileReceipt::AlgorithmNone | HostileReceipt::AlgorithmHmac => "RECEIPT_ALGORITHM",
        HostileReceipt::AlteredPayload | HostileReceipt::AlteredSignature | HostileReceipt::ForeignKey => "RECEIPT_SIGNATURE",
        HostileReceipt::Truncated => "RECEIPT_MALFORMED",
    }
}

#[tokio::test]
async fn receipts_signed_wrongly_are_refused_with_the_reason() {
    let fixture = fixture::sqlite().await;
    for hostile in HostileReceipt::ALL {
        let receipt = fixture.store.hostile(&seventy(), hostile).unwrap();
        assert_eq!(refused(&fixture, &receipt).await, expected(hostile), "{hostile:?}");
    }
    assert!(fixture.postings().await.is_empty());
}

#[tokio::test]
async fn receipts_that_say_the_wrong_thing_are_refused_with_the_reason() {
    let fixture = fixture::sqlite().await;
    let claims = |field: &str, value: Value| {
        let mut claims = seventy().claims(&new_transaction_id());
        claims[field] = value;
        fixture.store.sign(&claims).unwrap()
    };
    for (field, value, expected) in [
        ("bundleId", json!("com.example.other"), "RECEIPT_BUNDLE"),
        ("bundleId", json!("com.example.japan"), "RECEIPT_BUNDLE"),
        ("bundleId", json!(""), "RECEIPT_BUNDLE"),
        ("bundleId", Value::Null, "RECEIPT_BUNDLE"),
        ("environment", json!("Production"), "RECEIPT_ENVIRONMENT"),
        ("environment", json!("Xcode"), "RECEIPT_ENVIRONMENT"),
        ("environment", json!("LocalTesting"), "RECEIPT_ENVIRONMENT"),
        ("environment", json!("sandbox"), "RECEIPT_ENVIRONMENT"),
        ("environment", Value::Null, "RECEIPT_ENVIRONMENT"),
        ("type", json!("Non-Consumable"), "RECEIPT_TYPE"),
        ("type", json!("Auto-Renewable Subscription"), "RECEIPT_TYPE"),
        ("type", Value::Null, "RECEIPT_TYPE"),
        ("revocationDate", json!(1_700_000_000_000_i64), "RECEIPT_REVOKED"),
        ("revocationReason", json!(1), "RECEIPT_REVOKED"),
        ("quantity", json!(0), "RECEIPT_QUANTITY"),
        ("quantity", json!(11), "RECEIPT_QUANTITY"),
        ("quantity", json!(-1), "RECEIPT_QUANTITY"),
        ("quantity", Value::Null, "RECEIPT_QUANTITY"),
        ("quantity", json!(1e30), "RECEIPT_MALFORMED"),
        ("productId", json!("coins.us.app.1000000"), "PRODUCT_UNKNOWN"),
        ("productId", json!("coins.us.web.70"), "PRODUCT_UNKNOWN"),
        ("transactionId", json!(""), "RECEIPT_MALFORMED"),
        ("transactionId", json!("9".repeat(300)), "RECEIPT_MALFORMED"),
        ("price", json!(-990), "RECEIPT_MALFORMED"),
        ("appAccountToken", json!("not a uuid"), "RECEIPT_MALFORMED"),
    ] {
        let receipt = claims(field, value.clone());
        assert_eq!(refused(&fixture, &receipt).await, expected, "{field} = {value}");
    }
    assert!(fixture.postings().await.is_empty());
}

#[tokio::test]
async fn the_sandbox_is_not_trusted_for_a_live_book() {
    let fixture = fixture::sqlite().await;
    let mut claims = StorePurchase { bundle_id: "com.example.live".to_owned(), ..seventy() }.claims(&new_transaction_id());
    claims["environment"] = json!("Production");
    let receipt = fixture.store.sign(&claims).unwrap();
    let request = fixture.with_role("ann", Role::Viewer, "live-us", redeem_request(&new_id(), &receipt));
    assert_eq!(reason(fixture.client().redeem_purchase(request).await), "RECEIPT_CHAIN");
}

#[tokio::test]
async fn empty_and_huge_receipts_are_malformed_and_leave_no_trace() {
    let fixture = fixture::sqlite().await;
    let id = new_id();
    for receipt in [String::new(), "a".repeat(16 * 1024 + 1), format!("{}.", fixture.receipt()).repeat(8)] {
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "MALFORMED");
    }
    let request = fixture.from("ann", api::purchase::RedeemPurchaseRequest { request_id: new_id(), ..Default::default() });
    assert_eq!(reason(fixture.client().redeem_purchase(request).await), "MALFORMED");
    assert_eq!(reason(fixture.redeem("ann", "no id", &fixture.receipt()).await), "MALFORMED");
    // None of them used up the id.
    fixture.redeem("ann", &id, &fixture.receipt()).await.unwrap();
}

#[tokio::test]
async fn shapes_that_are_no_receipt_are_malformed() {
    let fixture = fixture::sqlite().await;
    for receipt in ["a", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "W10.W10.W10", "\u{0}.\u{0}.\u{0}"] {
        let given = refused(&fixture, receipt).await;
        // `{}` is an object: it is read as a header without an algorithm.
        assert!(["RECEIPT_MALFORMED", "RECEIPT_ALGORITHM"].contains(&given.as_str()), "{receipt}: {given}");
    }
}

#[tokio::test]
async fn a_refused_id_stays_refused_and_a_new_id_is_judged_anew() {
    let fixture = fixture::sqlite().await;
    let token = fixture.token_of("ann").await;
    let bought = StorePurchase { app_account_token: Some(token), ..seventy() };
    let receipt = fixture.store.sell(&bought).unwrap().signed_transaction;
    let id = new_id();
    assert_eq!(reason(fixture.redeem("bob", &id, &receipt).await), "RECEIPT_OTHER_ACCOUNT");
    fixture.redeem("ann", &id, &receipt).await.unwrap();
    assert_eq!(reason(fixture.redeem("bob", &id, &receipt).await), "RECEIPT_OTHER_ACCOUNT");
}

proptest! {
    /// No byte of a receipt can be changed and no piece cut off so that anything but the same transaction is accepted.
    #[test]
    fn no_mutation_of_a_receipt_is_another_good_one(at in 0..4_000_usize, byte in 0x20..0x7f_u8, cut in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let store = sandbox::store::Store::open(dir.path()).unwrap();
        let bundle = purchase::Bundle { bundle_id: fixture::BUNDLE.to_owned(), book: fixture::BOOK.to_owned(), app_apple_id: 1 };
        let config = purchase::Config { sandbox_roots: vec![store.root_der().to_vec()], bundles: vec![bundle], ..Default::default() };
        let verifier = purchase::stores::apple::ReceiptVerifier::load(&config).unwrap();
        let book = money::BookName::try_new(fixture::BOOK).unwrap();
        let signed = store.sell(&seventy()).unwrap();
        let mut bytes = signed.signed_transaction.into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let mutated = String::from_utf8(bytes).unwrap();
        if let Ok(transaction) = verifier.verify(&mutated, &book, chart::BookKind::Test) {
            prop_assert_eq!(transaction.transaction_id, signed.transaction_id);
            prop_assert_eq!((transaction.quantity, transaction.product_id.as_str()), (1, "coins.us.app.70"));
        }
    }
}
