//! Real and official formats, where the reference data is available.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chart::BookKind;
use money::BookName;
use purchase::domain::event::EventState;
use purchase::stores::apple::ReceiptVerifier;
use purchase::stores::google::answer::{ProductPurchase, PurchaseStanding};
use purchase::stores::google::notification::PushedMessage;
use purchase::stores::receipt::{GoogleReceipt, RefusedReceipt};
use purchase::{Bundle, Config};
use serde_json::json;

const BOOK: &str = "reference";
const BUNDLE: &str = "com.example";

fn data(store: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|dir| PathBuf::from(dir).join(store));
    if dir.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is unset");
    }
    dir
}

fn read(dir: &std::path::Path, name: &str) -> Vec<u8> {
    std::fs::read(dir.join(name)).unwrap()
}

fn text(dir: &std::path::Path, name: &str) -> String {
    String::from_utf8(read(dir, name)).unwrap().trim().to_owned()
}

fn verifier(dir: &std::path::Path, bundle: &str) -> ReceiptVerifier {
    ReceiptVerifier::load(&Config {
        sandbox_roots: vec![read(dir, "certs/testCA.der")],
        apple_roots: vec![dir.join("certs/AppleRootCA-G3.cer")],
        bundles: vec![Bundle { bundle_id: bundle.to_owned(), book: BOOK.to_owned(), app_apple_id: 1234 }],
        ..Config::default()
    })
    .unwrap()
}

fn verdict(verifier: &ReceiptVerifier, receipt: &str, mode: BookKind) -> String {
    match verifier.verify(receipt, &BookName::try_new(BOOK).unwrap(), mode) {
        Ok(_) => "accepted".to_owned(),
        Err(RefusedReceipt { refusal, .. }) => refusal.reason().to_owned(),
    }
}

/// A receipt with these certificates and an invalid signature.
fn forged(dir: &std::path::Path, certificates: [&str; 3], environment: &str, signed_at_ms: i64) -> String {
    let x5c: Vec<String> = certificates.iter().map(|name| STANDARD.encode(read(dir, &format!("certs/{name}")))).collect();
    let payload = json!({ "bundleId": BUNDLE, "environment": environment, "signedDate": signed_at_ms, "type": "Consumable" });
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode([1_u8; 64]);
    format!("{}.{}.{signature}", part(json!({ "alg": "ES256", "x5c": x5c })), part(payload))
}

#[test]
fn official_samples_are_judged_for_the_right_reason() {
    let Some(dir) = data("apple") else { return };
    let here = verifier(&dir, BUNDLE);
    for (sample, expected) in [
        // Its signature, bundle and environment are valid; its type is missing.
        ("mock_signed_data/transactionInfo", "RECEIPT_TYPE"),
        // Notifications and renewals: signed by the same chain, without a transaction's bundle.
        ("mock_signed_data/wrongBundleId", "RECEIPT_BUNDLE"),
        ("mock_signed_data/testNotification", "RECEIPT_BUNDLE"),
        ("mock_signed_data/renewalInfo", "RECEIPT_BUNDLE"),
        ("mock_signed_data/missingX5CHeaderClaim", "RECEIPT_CHAIN_LENGTH"),
        ("mock_signed_data/legacyTransaction", "RECEIPT_MALFORMED"),
        ("xcode/xcode-signed-transaction", "RECEIPT_CHAIN_LENGTH"),
        ("xcode/xcode-signed-renewal-info", "RECEIPT_CHAIN_LENGTH"),
        ("xcode/xcode-signed-app-transaction", "RECEIPT_CHAIN_LENGTH"),
        ("xcode/xcode-app-receipt-empty", "RECEIPT_MALFORMED"),
    ] {
        assert_eq!(verdict(&here, &text(&dir, sample), BookKind::Test), expected, "{sample}");
    }
    let transaction = text(&dir, "mock_signed_data/transactionInfo");
    assert_eq!(verdict(&verifier(&dir, "com.example.other"), &transaction, BookKind::Test), "RECEIPT_BUNDLE");
    // The test root is not Apple's.
    assert_eq!(verdict(&here, &transaction, BookKind::Live), "RECEIPT_CHAIN");
}

#[test]
fn certificates_without_apples_marks_are_told_from_broken_chains() {
    let Some(dir) = data("apple") else { return };
    let here = verifier(&dir, BUNDLE);
    const SIGNED: i64 = 1_681_312_846_000;
    for (certificates, expected) in [
        (["leaf_cert.der", "intermediate_ca.der", "root_ca.der"], "RECEIPT_SIGNATURE"),
        (["leaf_cert_invalid_oid.der", "intermediate_ca.der", "root_ca.der"], "RECEIPT_CERTIFICATE_PURPOSE"),
        (
            ["leaf_cert_for_intermediate_ca_invalid_oid.der", "intermediate_ca_invalid_oid.der", "root_ca.der"],
            "RECEIPT_CERTIFICATE_PURPOSE",
        ),
        (["leaf_cert.der", "leaf_cert.der", "root_ca.der"], "RECEIPT_CHAIN"),
        (["real_apple_signing_certificate.der", "real_apple_intermediate.der", "AppleRootCA-G3.cer"], "RECEIPT_CHAIN"),
    ] {
        assert_eq!(verdict(&here, &forged(&dir, certificates, "Sandbox", SIGNED), BookKind::Test), expected, "{certificates:?}");
    }
    // Long before the certificates were made.
    let early = forged(&dir, ["leaf_cert.der", "intermediate_ca.der", "root_ca.der"], "Sandbox", 1_000_000_000_000);
    assert_eq!(verdict(&here, &early, BookKind::Test), "RECEIPT_CHAIN");
}

#[test]
fn apples_real_chain_is_trusted_for_live_books_up_to_the_signature() {
    let Some(dir) = data("apple") else { return };
    let here = verifier(&dir, BUNDLE);
    let apples = ["real_apple_signing_certificate.der", "real_apple_intermediate.der", "AppleRootCA-G3.cer"];
    let forged = forged(&dir, apples, "Production", 1_764_000_000_000);
    assert_eq!(verdict(&here, &forged, BookKind::Live), "RECEIPT_SIGNATURE");
    assert_eq!(verdict(&here, &forged, BookKind::Test), "RECEIPT_CHAIN");
}

#[test]
fn googles_samples_are_read() {
    let Some(dir) = data("google") else { return };
    let purchase = ProductPurchase::read(&read(&dir, "product_purchase_v2.SYNTHETIC.json")).unwrap();
    assert_eq!((purchase.standing(), purchase.is_consumed()), (PurchaseStanding::Paid, false));
    assert!(purchase.check_product("coins_700").is_ok() && purchase.check_product("coins_70").is_err());
    assert!(purchase.check_environment(BookKind::Live).is_ok() && purchase.check_environment(BookKind::Test).is_err());
    let token = GoogleReceipt {
        package_name: "com.example.live".to_owned(),
        product_id: "coins_700".to_owned(),
        purchase_token: "opaque-token-1".to_owned(),
    };
    let sale = purchase.sale("com.example.live", &token).unwrap().transaction;
    assert_eq!((sale.transaction_id.as_str(), sale.quantity), ("GPA.1234-5678-9012-34567", 1));
    // The older resource has other fields, and says of nothing that it is paid.
    let older = ProductPurchase::read(&read(&dir, "product_purchase_v3.SYNTHETIC.json")).unwrap();
    assert_eq!(older.standing(), PurchaseStanding::Unknown);
    let said: Vec<serde_json::Value> = serde_json::from_slice(&read(&dir, "rtdn_examples.SYNTHETIC.json")).unwrap();
    let heard = |said: &serde_json::Value| {
        let push = json!({"message": {"data": STANDARD.encode(said.to_string()), "messageId": "1", "message_id": "1"}});
        let event = PushedMessage::read(push.to_string().as_bytes()).unwrap().into_event(BookName::try_new(BOOK).unwrap()).unwrap();
        (event.kind, event.subtype, event.state, event.signed_at_ms)
    };
    let product = |subtype: &str, at| ("oneTimeProductNotification".to_owned(), subtype.to_owned(), EventState::New, at);
    let voided = ("voidedPurchaseNotification".to_owned(), "1".to_owned(), EventState::WaitsForRefunds, 1_785_500_000_002);
    let test = ("testNotification".to_owned(), String::new(), EventState::Noted, 1_785_500_000_003);
    let heard: Vec<_> = said.iter().map(heard).collect();
    assert_eq!(heard, [product("1", 1_785_500_000_000), product("2", 1_785_500_000_001), voided, test]);
}
