//! Targets for what stores report and answer. Where a store signs or encrypts what it says, the target does so with the pretend store's keys, so that changed
//! inputs reach what reads it; and proofs are changed themselves, which must then prove nothing.

use super::bought::SHOP;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bankapi::RsaCheckingKey;
use chart::BookKind;
use futures::FutureExt as _;
use money::BookName;
use purchase::{
    AlipayAccount, Config, PretendAlipay, PretendStripe, PretendWechat, StripeAccount, WechatAccount, decoders,
    domain::StoreKind,
    domain::event::StoreEvent,
    domain::refusal::ReceiptRefusal,
    stores::{
        HeardEvent, NotTaken, StoreConnector,
        alipay::{
            account::AlipayAccounts,
            refund_answer::{RefundAnswer, RefundQueryAnswer},
            signature as alipay_signature,
            trade::TradeDocument,
        },
        google::{
            answer::ProductPurchase,
            notification::{PushedMessage, VoidedPage},
        },
        receipt::GoogleReceipt,
        stripe::{merchant::Merchants, refund_document::RefundDocument, session::SessionDocument, signature as stripe_signature},
        wallet::proving::ProvingKey,
        wechat::{
            account::WechatAccounts,
            refund_document::RefundDocument as WechatRefund,
            signature::{SignatureHeaders, Unsigned},
            transaction::TransactionDocument,
        },
    },
};
use sandbox::{
    alipay,
    stripe::{self, signature_header},
    wallet::keys::{SELLER_KEY, WalletKey},
    wallet::report::WalletReport,
    wechat,
};
use serde_json::{Value, json};
use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// When everything here is signed, in Unix seconds.
const NOW_S: i64 = 1_795_900_000;
const BOOK: &str = "demo";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_S.unsigned_abs())
}

fn seeds(values: &[Value]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.to_string().into_bytes()).collect()
}

/// Everything that is read of an event when it is taken in, and later from its row.
fn kept(event: &StoreEvent, store: StoreKind) {
    assert_eq!((event.store, event.book.as_str()), (store, BOOK));
    assert!((1..=255).contains(&event.event_id.len()) && money::text::is_plain(&event.event_id), "{event:?}");
    std::hint::black_box(decoders::read_kept(event));
}

/// What an App Store notification claims, signed by the store: what is taken is about our app.
pub(super) fn apple(bytes: &[u8]) {
    std::hint::black_box(decoders::apple_payload(bytes));
    let Ok(claims) = serde_json::from_slice(bytes) else { return };
    let signed = SHOP.store.sign(&claims).expect("anything can be signed");
    if let Ok((kind, event)) = SHOP.verifier.notification(&signed) {
        assert_eq!((kind, event.bundle_id.as_str()), (BookKind::Test, super::bought::BUNDLE));
        kept(&event, StoreKind::Apple);
    }
}

pub(super) fn apple_claims() -> Vec<Vec<u8>> {
    let kinds =
        ["ONE_TIME_CHARGE", "REFUND", "REFUND_REVERSED", "CONSUMPTION_REQUEST", "TEST", "RESCIND_CONSENT", "EXTERNAL_PURCHASE_TOKEN"];
    let claims = kinds.map(|kind| {
        let said = sandbox::store::StoreNotification::about(kind, super::bought::one_of_coins());
        said.claims(&SHOP.store, "01933b0e-8f1a-7c3e-9d2b-0123456789ab", &SHOP.sold[0].1).expect("a known kind")
    });
    let mut all = seeds(&claims);
    let taken = |claims: &Value| SHOP.verifier.notification(&SHOP.store.sign(claims).expect("it can be signed")).is_ok();
    assert!(claims[..5].iter().all(taken), "the seeds are taken");
    all.push(json!({"signedPayload": "a.b.c"}).to_string().into_bytes());
    all
}

/// A page of the App Store's lists.
pub(super) fn apple_page(bytes: &[u8]) {
    std::hint::black_box(decoders::is_apple_page(bytes));
}

pub(super) fn apple_pages() -> Vec<Vec<u8>> {
    let more = json!({"hasMore": true, "paginationToken": "p", "revision": "r", "notificationHistory": [{"signedPayload": "a.b.c"}]});
    assert!(decoders::is_apple_page(more.to_string().as_bytes()));
    seeds(&[more, json!({"hasMore": false, "signedTransactions": ["a.b.c"]}), json!({"errorCode": 4_040_010, "errorMessage": "x"})])
}

/// What Pub/Sub pushes, alone and as the data of a message; and Google's answers.
pub(super) fn google(bytes: &[u8]) {
    use base64::Engine as _;
    let book = || BookName::try_new(BOOK).expect("a book's name");
    let wrapped = json!({"message": {"data": base64::engine::general_purpose::STANDARD.encode(bytes), "messageId": "1"}}).to_string();
    for body in [bytes, wrapped.as_bytes()] {
        if let Some(pushed) = PushedMessage::read(body)
            && let Ok(event) = pushed.into_event(book())
        {
            kept(&event, StoreKind::Google);
        }
    }
    if let Some(page) = VoidedPage::read(bytes, "com.example", &book()) {
        page.events.iter().for_each(|event| kept(event, StoreKind::Google));
    }
    let receipt =
        GoogleReceipt { package_name: "com.example".to_owned(), product_id: "coins.70".to_owned(), purchase_token: "t".to_owned() };
    if let Some(purchase) = ProductPurchase::read(bytes) {
        std::hint::black_box((purchase.standing(), purchase.is_consumed()));
        assert!(purchase.paid_back().is_none_or(|(back, of)| (0..=of).contains(&back)), "{purchase:?}");
        if let Ok(sale) = purchase.sale("com.example", &receipt) {
            assert!(sale.transaction.quantity >= 1 && !sale.transaction.transaction_id.is_empty(), "{sale:?}");
        }
    }
}

pub(super) fn google_documents() -> Vec<Vec<u8>> {
    let about = |field: &str, content: Value| json!({"version": "1.0", "packageName": "com.example", "eventTimeMillis": "1795900000000", field: content});
    let bought = json!({
        "orderId": "GPA.1", "purchaseStateContext": {"purchaseState": "PURCHASED"}, "purchaseCompletionTime": "2026-08-15T12:00:00Z",
        "obfuscatedExternalAccountId": "01933b0e-8f1a-7c3e-9d2b-0123456789ab", "testPurchaseContext": {},
        "productLineItem": [{"productId": "coins.70", "productOfferDetails": {"quantity": 3, "refundableQuantity": 2, "consumptionState": "CONSUMPTION_STATE_CONSUMED"}}],
    });
    let voided = json!({"voidedPurchases": [{"purchaseToken": "t", "orderId": "GPA.1", "voidedTimeMillis": "1795900000000", "voidedSource": 0, "voidedReason": 1, "kind": "androidpublisher#voidedPurchase"}], "tokenPagination": {"nextPageToken": "n"}});
    assert!(ProductPurchase::read(bought.to_string().as_bytes()).is_some());
    seeds(&[
        about("oneTimeProductNotification", json!({"version": "1.0", "notificationType": 1, "purchaseToken": "t", "sku": "coins.70"})),
        about("voidedPurchaseNotification", json!({"purchaseToken": "t", "orderId": "GPA.1", "productType": 2, "refundType": 1})),
        about("pendingRefundReviewNotification", json!({"orderId": "GPA.1", "refundReason": 7, "pendingRefundToken": "p"})),
        about("testNotification", json!({"version": "1.0"})),
        json!({"message": {"data": "e30=", "messageId": "1", "message_id": "1", "attributes": {}}, "subscription": "s"}),
        bought,
        voided,
    ])
}

static STRIPE: LazyLock<Merchants> = LazyLock::new(|| {
    let account = PretendStripe {
        account: StripeAccount::new(stripe::TEST_ACCOUNT, BOOK),
        secret_key: stripe::TEST_KEY.to_owned(),
        webhook_secrets: vec![stripe::TEST_WEBHOOK_SECRET.to_owned()],
    };
    Merchants::load(&Config { sandbox_stripe: vec![account], ..Config::default() }).expect("the pretend account")
});

fn stripe_header(body: &[u8]) -> String {
    signature_header(&[stripe::TEST_WEBHOOK_SECRET], NOW_S, body)
}

/// An event of Stripe's, signed with the webhook's secret; and its answers.
pub(super) fn stripe(bytes: &[u8]) {
    if let Ok((kind, event)) = STRIPE.event(Some(&stripe_header(bytes)), bytes, now()) {
        assert_eq!(kind, BookKind::Test);
        kept(&event, StoreKind::Stripe);
    }
    if let Ok(session) = serde_json::from_slice::<SessionDocument>(bytes) {
        std::hint::black_box((session.order_id(), session.facts("acct_1", 0)));
    }
    std::hint::black_box(serde_json::from_slice::<RefundDocument>(bytes).is_ok());
}

pub(super) fn stripe_events() -> Vec<Vec<u8>> {
    let event = |kind: &str, object: &Value| json!({"id": "evt_1", "object": "event", "type": kind, "livemode": false, "created": NOW_S, "account": stripe::TEST_ACCOUNT, "data": {"object": object}});
    let session = json!({
        "id": "cs_1", "object": "checkout.session", "url": "https://x", "status": "complete", "payment_status": "paid", "amount_total": 74,
        "currency": "usd", "livemode": false, "metadata": {"order_id": "01933b0e-8f1a-7c3e-9d2b-0123456789ab"},
        "payment_intent": {"id": "pi_1", "status": "succeeded"},
    });
    let charge = json!({"id": "ch_1", "object": "charge", "amount": 74, "amount_refunded": 20, "currency": "usd", "payment_intent": "pi_1", "status": "succeeded"});
    let refund = json!({"id": "re_1", "object": "refund", "amount": 20, "currency": "usd", "charge": "ch_1", "payment_intent": "pi_1", "status": "succeeded", "metadata": {"refund_id": "01933b0e-8f1a-7c3e-9d2b-0123456789ab"}});
    let dispute = json!({
        "id": "dp_1", "object": "dispute", "amount": 74, "currency": "usd", "charge": "ch_1", "payment_intent": "pi_1", "status": "needs_response",
        "reason": "fraudulent", "balance_transactions": [{"amount": -74, "currency": "usd", "fee": 1_500, "net": -1_574, "type": "adjustment"}],
    });
    let warning = json!({"id": "issfr_1", "object": "radar.early_fraud_warning", "charge": "ch_1", "payment_intent": "pi_1", "fraud_type": "misc", "actionable": true});
    let all = seeds(&[
        event("checkout.session.completed", &session),
        event("charge.refunded", &charge),
        event("refund.updated", &refund),
        event("charge.dispute.created", &dispute),
        event("radar.early_fraud_warning.created", &warning),
        session,
        refund,
    ]);
    let taken =
        |body: &Vec<u8>| STRIPE.event(Some(&stripe_header(body)), body, now()).is_ok_and(|(_, event)| decoders::read_kept(&event) > 0);
    assert!(all[..4].iter().all(taken), "the seeds are taken and read");
    all
}

const STRIPE_BODY: &[u8] = b"{}";

/// The header of a signature of Stripe's: only one that has the right one proves the body.
pub(super) fn stripe_proof(bytes: &[u8]) {
    let Ok(header) = std::str::from_utf8(bytes) else { return };
    if stripe_signature::check(&[stripe::TEST_WEBHOOK_SECRET], Some(header), STRIPE_BODY, NOW_S).is_err() {
        return;
    }
    let times = header.split(',').filter_map(|part| part.trim().strip_prefix("t=")?.trim().parse().ok());
    let mut right = times.map(|at_s| signature_header(&[stripe::TEST_WEBHOOK_SECRET], at_s, STRIPE_BODY));
    let given = header.to_ascii_lowercase();
    assert!(right.any(|right| right.split_once("v1=").is_some_and(|(_, signature)| given.contains(signature))), "{header}");
}

pub(super) fn stripe_headers() -> Vec<Vec<u8>> {
    let right = stripe_header(STRIPE_BODY);
    assert!(stripe_signature::check(&[stripe::TEST_WEBHOOK_SECRET], Some(&right), STRIPE_BODY, NOW_S).is_ok());
    let older = signature_header(&["other", stripe::TEST_WEBHOOK_SECRET], NOW_S - 299, STRIPE_BODY);
    vec![right.into_bytes(), older.into_bytes(), b"t=1,v0=00,v1=zz,v1=".to_vec()]
}

static ALIPAY: LazyLock<AlipayAccounts> = LazyLock::new(|| {
    let app = PretendAlipay {
        account: AlipayAccount { live: false, ..AlipayAccount::new(alipay::TEST_APP, alipay::TEST_SELLER, BOOK) },
        private_key: SELLER_KEY.to_owned(),
        alipay_public_keys: WalletKey::First.public_pem().to_owned(),
        certificates: None,
    };
    AlipayAccounts::load(&Config { sandbox_alipay: vec![app], ..Config::default() }).expect("the pretend app")
});

fn heard(store: &dyn StoreConnector, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
    store.event(headers, body).now_or_never().expect("it asks nobody")
}

/// A form of Alipay's, as it is and with its fields signed: as it is, it proves nothing unless it is a seed.
pub(super) fn alipay_form(bytes: &[u8]) {
    let none = HeaderMap::new();
    let content = |form: &[u8]| Some(alipay_signature::content(&alipay_signature::read_form(form)?, &["sign", "sign_type"]));
    if let Ok(HeardEvent { event, .. }) = heard(&*ALIPAY, &none, bytes) {
        assert!(alipay_forms().iter().any(|seed| content(seed) == content(bytes)), "nobody signed {event:?}");
        kept(&event, StoreKind::Alipay);
    }
    let Some(mut fields) = alipay_signature::read_form(bytes) else { return };
    fields.remove("sign");
    fields.remove("sign_type");
    let signed = alipay::form(&json!(fields), WalletKey::First);
    if let Ok(HeardEvent { event, of }) = heard(&*ALIPAY, &none, signed.body.as_bytes()) {
        assert_eq!(of, Some(BookKind::Test));
        kept(&event, StoreKind::Alipay);
    }
}

pub(super) fn alipay_forms() -> Vec<Vec<u8>> {
    let paid = json!({
        "notify_id": "n1", "notify_type": "trade_status_sync", "notify_time": "2026-11-28 09:00:05", "app_id": alipay::TEST_APP,
        "seller_id": alipay::TEST_SELLER, "out_trade_no": "01933b0e8f1a7c3e9d2b0123456789ab", "trade_no": "2026112822", "version": "1.0",
        "trade_status": "TRADE_SUCCESS", "total_amount": "6.00", "receipt_amount": "6.00", "gmt_payment": "2026-11-28 09:00:05", "charset": "utf-8",
    });
    let mut refunded = paid.clone();
    refunded["refund_fee"] = json!("2.00");
    refunded["gmt_refund"] = json!("2026-11-28 10:00:05.123");
    let all: Vec<Vec<u8>> = [paid, refunded].iter().map(|fields| alipay::form(fields, WalletKey::First).body.into_bytes()).collect();
    assert!(all.iter().all(|body| heard(&*ALIPAY, &HeaderMap::new(), body).is_ok()), "the seeds are taken");
    all
}

/// An answer of Alipay's: what is cut out of it to be checked is in it, and is what is read.
pub(super) fn alipay_answer(bytes: &[u8]) {
    if let Some(members) = alipay_signature::members(bytes) {
        let within = bytes.as_ptr_range();
        for (name, member) in &members {
            assert!(member.is_empty() || (within.contains(&member.as_ptr()) && member.as_ptr_range().end <= within.end), "{name}");
        }
        if let Ok(Value::Object(whole)) = serde_json::from_slice(bytes) {
            let read = |(name, member): &(String, &[u8])| serde_json::from_slice::<Value>(member).ok().as_ref() == whole.get(name);
            let once = |name: &String| members.iter().filter(|(other, _)| other == name).count() == 1;
            assert!(members.iter().filter(|(name, _)| once(name)).all(read), "{members:?}");
        }
    }
    if decoders::is_alipay_done(bytes) {
        std::hint::black_box(serde_json::from_slice::<TradeDocument>(bytes).is_ok());
        std::hint::black_box(serde_json::from_slice::<RefundAnswer>(bytes).is_ok());
        std::hint::black_box(serde_json::from_slice::<RefundQueryAnswer>(bytes).is_ok());
    }
}

pub(super) fn alipay_answers() -> Vec<Vec<u8>> {
    let trade = json!({"code": "10000", "msg": "Success", "out_trade_no": "o", "trade_no": "t", "trade_status": "TRADE_SUCCESS", "total_amount": "6.00", "send_pay_date": "2026-11-28 09:00:05"});
    assert!(decoders::is_alipay_done(trade.to_string().as_bytes()));
    let whole = json!({"alipay_trade_query_response": trade, "sign": "c2ln"}).to_string();
    assert_eq!(alipay_signature::members(whole.as_bytes()).expect("an answer").len(), 2);
    let refused = json!({"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST", "sub_msg": "x\"y\\"});
    let mut all = seeds(&[
        trade,
        refused,
        json!({"code": "10000", "fund_change": "Y", "refund_fee": "2.00", "out_request_no": "r", "refund_status": "REFUND_SUCCESS", "refund_amount": "2.00"}),
    ]);
    all.push(whole.into_bytes());
    all
}

static WECHAT: LazyLock<WechatAccounts> = LazyLock::new(|| {
    let account = WechatAccount::new(wechat::TEST_MERCHANT, wechat::TEST_APP, BOOK);
    let merchant = PretendWechat {
        account: WechatAccount { live: false, certificate_serial: wechat::TEST_CERTIFICATE_SERIAL.to_owned(), ..account },
        private_key: SELLER_KEY.to_owned(),
        api_v3_keys: wechat::TEST_API_V3_KEY.to_owned(),
        platform_keys: vec![(wechat::serial(WalletKey::First).to_owned(), WalletKey::First.public_pem().to_owned())],
    };
    WechatAccounts::load(&Config { sandbox_wechat: vec![merchant], ..Config::default() }).expect("the pretend merchant")
});

/// The clock that notifications of WeChat Pay are compared with is the system's.
fn system_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

fn headers(report: &WalletReport) -> HeaderMap {
    let named = report.headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a header")));
    named.collect()
}

/// The content of a notification of WeChat Pay, encrypted and signed; the same bytes as a signed body; and as an answer.
pub(super) fn wechat(bytes: &[u8]) {
    let mut reports = Vec::new();
    if let Ok(event @ Value::Object(_)) = serde_json::from_slice::<Value>(bytes) {
        reports.push(wechat::report(&event, WalletKey::First, system_s()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        reports.push(wechat::signed(text.to_owned(), WalletKey::First, system_s()));
    }
    for report in reports {
        if let Ok(HeardEvent { event, of }) = heard(&*WECHAT, &headers(&report), report.body.as_bytes()) {
            assert_eq!(of, Some(BookKind::Test));
            kept(&event, StoreKind::Wechat);
        }
    }
    if let Ok(transaction) = serde_json::from_slice::<TransactionDocument>(bytes) {
        std::hint::black_box(transaction.facts("Test", 0).is_some());
    }
    std::hint::black_box(serde_json::from_slice::<WechatRefund>(bytes).is_ok());
}

pub(super) fn wechat_contents() -> Vec<Vec<u8>> {
    let paid = json!({
        "appid": wechat::TEST_APP, "mchid": wechat::TEST_MERCHANT, "out_trade_no": "01933b0e8f1a7c3e9d2b0123456789ab", "transaction_id": "4200",
        "trade_state": "SUCCESS", "trade_type": "NATIVE", "success_time": "2026-11-28T09:00:05+08:00", "amount": {"total": 600, "currency": "CNY"},
    });
    let back = json!({
        "mchid": wechat::TEST_MERCHANT, "out_trade_no": "o", "transaction_id": "4200", "out_refund_no": "r", "refund_id": "5030",
        "refund_status": "SUCCESS", "amount": {"total": 600, "refund": 200, "payer_total": 600, "payer_refund": 200},
    });
    let event = |kind: &str, original: &str, content: &Value| json!({"id": "e1", "kind": kind, "original_type": original, "create_time": "2026-11-28T09:00:06+08:00", "content": content});
    let events = [
        event("TRANSACTION.SUCCESS", "transaction", &paid),
        event("REFUND.SUCCESS", "refund", &back),
        event("REFUND.ABNORMAL", "refund", &back),
    ];
    let taken = |event: &Value| {
        let report = wechat::report(event, WalletKey::First, system_s());
        heard(&*WECHAT, &headers(&report), report.body.as_bytes()).is_ok()
    };
    assert!(events.iter().all(taken), "the seeds are taken");
    let mut all = seeds(&events);
    all.extend(seeds(&[paid, back]));
    all
}

/// The headers of a signature of WeChat Pay, a line each: only the right ones prove the body.
pub(super) fn wechat_proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (text, proof) = renewed(text);
    let named = text.lines().filter_map(|line| line.split_once(": "));
    let named = named.filter_map(|(name, value)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?)));
    let given: HeaderMap = named.collect();
    if let Ok(read) = SignatureHeaders::read(&given) {
        let keys: Vec<ProvingKey> = STRANGER.iter().map(|key| ProvingKey::bare(wechat::serial(WalletKey::First), key.clone())).collect();
        assert!(read.check(&keys, WECHAT_BODY.as_bytes(), system_s()).is_err(), "another's key proves it: {text}");
    }
    let taken = heard(&*WECHAT, &given, WECHAT_BODY.as_bytes());
    let proved = !matches!(&taken, Err(NotTaken::Refused(refused)) if refused.refusal == ReceiptRefusal::Signature);
    let mut needed = proof.lines().filter(|line| PROVING.iter().any(|name| line.starts_with(name)));
    assert!(!proved || needed.all(|line| text.lines().any(|given| given.eq_ignore_ascii_case(line))), "{text}");
}

/// The headers without which nothing is proved.
const PROVING: [&str; 4] = ["wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial", "wechatpay-signature:"];
const WECHAT_BODY: &str = "{}";
/// For so long the headers prove the body, in seconds: less than the connector's bound.
const PROVES_S: i64 = 120;
/// A key that has signed nothing here.
static STRANGER: LazyLock<Vec<RsaCheckingKey>> =
    LazyLock::new(|| RsaCheckingKey::all_from_pem(WalletKey::Next.public_pem().as_bytes()).expect("a constant"));
/// The headers that the seeds have.
static PROOF: LazyLock<String> = LazyLock::new(|| proof_of(system_s()));
/// Headers that prove the body, and since when they do.
static FRESH: Mutex<(i64, String)> = Mutex::new((0, String::new()));

fn proof_of(signed_at_s: i64) -> String {
    let report = wechat::signed(WECHAT_BODY.to_owned(), WalletKey::First, signed_at_s);
    report.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

/// What was made of the seeds' headers, with those in their places that prove the body now: a long run outlasts a signature. And these headers.
fn renewed(text: &str) -> (String, String) {
    let mut fresh = FRESH.lock().unwrap_or_else(PoisonError::into_inner);
    if system_s() - fresh.0 > PROVES_S {
        *fresh = (system_s(), proof_of(system_s()));
    }
    let values = |proof: &str| proof.lines().filter_map(|line| Some(line.split_once(": ")?.1.to_owned())).collect::<Vec<_>>();
    let text = values(&PROOF).iter().zip(values(&fresh.1)).fold(text.to_owned(), |text, (old, new)| text.replace(old, &new));
    (text, fresh.1.clone())
}

pub(super) fn wechat_proofs() -> Vec<Vec<u8>> {
    let probe = PROOF.replace("wechatpay-signature: ", "wechatpay-signature: WECHATPAY/SIGNTEST/");
    let given = |text: &str| {
        text.lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    };
    let read: HeaderMap = given(&probe);
    assert_eq!(SignatureHeaders::read(&read).expect("all headers").check(&[], b"{}", system_s()), Err(Unsigned::Probe));
    let taken = heard(&*WECHAT, &given(&renewed(&PROOF).0), WECHAT_BODY.as_bytes());
    let unproved = matches!(&taken, Err(NotTaken::Refused(refused)) if refused.refusal == ReceiptRefusal::Signature);
    assert!(!unproved, "the seed proves the body: {taken:?}");
    vec![PROOF.clone().into_bytes(), probe.into_bytes()]
}
