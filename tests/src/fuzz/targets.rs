//! The targets and their seeds.

use super::{Target, answered, banking, bought, listed, notified};
use books::{
    codec,
    domain::{
        account::{AccountState, Counters},
        event::Body,
        request::RequestFields,
        standing::Standing,
    },
    heads::Head,
    store::Mode,
};
use identity::{BookScope, Grant, Issuer, Role, Verifier, keys::KeyPair};
use money::{BookName, Currency, RequestId, UserKey};
use prost::Message;
use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

/// Every target.
pub const TARGETS: [Target; 48] = [
    Target { name: "codec", run: codec_body, seeds: codec_seeds },
    Target { name: "account_log", run: account_log, seeds: account_log_seeds },
    Target { name: "heads", run: heads, seeds: heads_seeds },
    Target {
        name: "stamp",
        run: stamp,
        seeds: || texts(&["2026-11-20T23:51:11.123456Z", "0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:60Z"]),
    },
    Target {
        name: "chart",
        run: chart,
        seeds: || texts(&["viewer/u1/coins", "house/coins/issued", "house/store_receivable/USD", "creator/c1/diamonds"]),
    },
    Target { name: "post", run: post, seeds: post_seeds },
    Target {
        name: "entries_page",
        run: |bytes| assert!(ledger::decoders::page_place(bytes).is_none_or(|place| place > 0)),
        seeds: entries_seeds,
    },
    Target { name: "gift", run: gift, seeds: gift_seeds },
    Target { name: "page", run: listed::page, seeds: listed::pages },
    Target { name: "payout_page", run: payout_page, seeds: || texts(&["MTIzNA", "eyJhIjoxfQ", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]) },
    Target { name: "money", run: money_texts, seeds: || texts(&["USD", "JPY", "demo", "u1", "01933b0e-8f1a-7c3e-9d2b-0123456789ab"]) },
    Target { name: "token", run: token, seeds: token_seeds },
    Target { name: "pain002", run: pain002, seeds: || texts(&[include_str!("seeds/pain002.xml")]) },
    Target { name: "camt053", run: camt053, seeds: || texts(&[include_str!("seeds/camt053.xml")]) },
    Target { name: "receipt", run: bought::receipt, seeds: bought::receipts },
    Target { name: "store_report", run: bought::report, seeds: bought::reports },
    Target { name: "gzip", run: bought::packed, seeds: bought::packings },
    Target { name: "prices", run: bought::prices, seeds: || texts(&[bought::PRICES]) },
    Target { name: "gifts", run: listed::gifts, seeds: || texts(&[listed::GIFTS]) },
    Target { name: "rates", run: listed::rates, seeds: || texts(&[listed::RATES]) },
    Target { name: "refusal", run: listed::refusal, seeds: listed::refusals },
    Target { name: "watch", run: listed::watch, seeds: listed::watches },
    Target { name: "import", run: import, seeds: || texts(&[include_str!("seeds/import.csv")]) },
    Target { name: "recording", run: |bytes| text(bytes, |text| drop(demo::replay::parse(text))), seeds: || texts(&[RECORDED]) },
    Target { name: "traceparent", run: traceparent, seeds: || texts(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]) },
    Target {
        name: "database",
        run: |bytes| text(bytes, |text| drop(db::Database::parse(text))),
        seeds: || texts(&["sqlite:data", "sqlite://data", "postgres://me:secret@localhost/largesse?host=%2Ftmp"]),
    },
    Target { name: "bank_file", run: banking::file, seeds: banking::files },
    Target { name: "bank_lines", run: banking::lines, seeds: banking::files },
    Target { name: "rails", run: banking::rails, seeds: banking::rail_files },
    Target { name: "account", run: banking::account, seeds: banking::account_fields },
    Target { name: "sanctions", run: banking::sanctions, seeds: banking::sanctions_files },
    Target { name: "apple_notification", run: notified::apple, seeds: notified::apple_claims },
    Target { name: "apple_page", run: notified::apple_page, seeds: notified::apple_pages },
    Target { name: "google", run: notified::google, seeds: notified::google_documents },
    Target { name: "stripe", run: notified::stripe, seeds: notified::stripe_events },
    Target { name: "stripe_proof", run: notified::stripe_proof, seeds: notified::stripe_headers },
    Target { name: "alipay_form", run: notified::alipay_form, seeds: notified::alipay_forms },
    Target { name: "alipay_answer", run: notified::alipay_answer, seeds: notified::alipay_answers },
    Target { name: "wechat", run: notified::wechat, seeds: notified::wechat_contents },
    Target { name: "wechat_proof", run: notified::wechat_proof, seeds: notified::wechat_proofs },
    Target { name: "bank_json", run: answered::bank_json, seeds: answered::bank_documents },
    Target { name: "key_sets", run: answered::key_sets, seeds: answered::published_keys },
    Target { name: "bank_proof", run: answered::bank_proof, seeds: answered::bank_proofs },
    Target { name: "oauth", run: answered::oauth_answers, seeds: answered::oauth_documents },
    Target { name: "callbacks", run: answered::callbacks, seeds: answered::called_back },
    Target { name: "keyring", run: answered::keyring, seeds: answered::keyrings },
    Target { name: "manifest", run: answered::manifest, seeds: answered::manifests },
    Target { name: "treasury_files", run: answered::treasury_files, seeds: answered::treasury_documents },
];

/// A gift of a recording.
const RECORDED: &str =
    r#"{"msg":"7","room":"r1","from_user":"u1","to_user":"c1","gift_id":5655,"repeat_count":3,"repeat_end":0,"combo":true,"group_id":9}"#;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn text(bytes: &[u8], run: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        run(text);
    }
}

/// A stored event's body: whatever decodes must encode to the same bytes.
fn codec_body(bytes: &[u8]) {
    if let Ok(body) = codec::decode(bytes) {
        assert_eq!(codec::encode(&body), bytes, "one body, one spelling");
    }
}

fn codec_seeds() -> Vec<Vec<u8>> {
    let fields = || RequestFields::new(vec![("a".to_owned(), "b".to_owned()), ("room".to_owned(), "r1".to_owned())]);
    let posting =
        books::domain::event::Posting { kind: "gift".to_owned(), fields: fields(), effective_time: Some(7), ..Default::default() };
    let bodies = [
        Body::Posting(posting),
        Body::AccountOpened { key: 300, name: "viewer/u1/coins".to_owned() },
        Body::AccountStateSet { key: 1, state: AccountState::Frozen, fields: fields() },
        Body::HoldExpired,
    ];
    bodies.iter().map(codec::encode).collect()
}

/// The log of accounts: whatever decodes must encode to the same bytes.
fn account_log(bytes: &[u8]) {
    if let Ok(standings) = codec::decode_log(bytes) {
        assert!(standings.is_sorted_by(|one, next| one.key < next.key), "each account once, in order");
        assert_eq!(codec::encode_log(&standings), bytes, "one log, one spelling");
    }
}

fn account_log_seeds() -> Vec<Vec<u8>> {
    let counters = Counters { debits_posted: 300, credits_posted: 1 << 40, debits_pending: 0, credits_pending: 7 };
    let standings = [(1, 64), (2, 1 << 50), (900_000, i64::MAX)];
    let standings = standings.map(|(key, last_transfer)| Standing { key, counters, last_transfer, entries: 3 });
    [&standings[..], &standings[..1], &[]].map(codec::encode_log).to_vec()
}

/// A line of heads.
fn heads(bytes: &[u8]) {
    text(bytes, |text| {
        if let Ok(head) = Head::parse(text) {
            assert_eq!(head.line(), text, "one head, one spelling");
        }
    });
}

fn heads_seeds() -> Vec<Vec<u8>> {
    let head = Head { time: 1_795_218_671_123_456, book: "demo".to_owned(), mode: Mode::Test, commit_no: 3, last_seq: 6, hash: [0xa7; 32] };
    vec![head.line().into_bytes(), Head { mode: Mode::Live, last_seq: 0, commit_no: i64::MAX, ..head }.line().into_bytes()]
}

/// A time as text, in exports and heads.
fn stamp(bytes: &[u8]) {
    text(bytes, |text| {
        if let Some(time) = books::stamp::parse(text) {
            assert_eq!(books::stamp::text(time), text, "one moment, one text");
        }
    });
}

/// An account's name.
fn chart(bytes: &[u8]) {
    text(bytes, |text| {
        let form = books::domain::chart::form(text);
        if let Some(form) = form {
            assert_eq!(books::domain::chart::Unit::parse(&form.unit.to_string()), Some(form.unit));
        }
        drop(books::domain::chart::group(text));
    });
}

/// A posting as a service or a member of staff sends it.
fn post(bytes: &[u8]) {
    let whole = ledger::decoders::post(bytes);
    assert!(!whole || api::ledger::PostRequest::decode(bytes).is_ok());
    if let Ok(request) = api::ledger::PostRequest::decode(bytes) {
        assert_eq!(api::ledger::PostRequest::decode(&*request.encode_to_vec()), Ok(request));
    }
}

fn post_seeds() -> Vec<Vec<u8>> {
    use api::ledger::{PostRequest, RequestField, Transfer};
    let transfer = |amount, pending| Transfer {
        debit_account: "viewer/u1/coins".to_owned(),
        credit_account: "house/coins/redeemed".to_owned(),
        amount,
        pending,
        ..Transfer::default()
    };
    let request = PostRequest {
        request_id: "01933b0e-8f1a-7c3e-9d2b-0123456789ab".to_owned(),
        kind: "gift".to_owned(),
        transfers: vec![transfer(5, false), transfer(1 << 53, true)],
        request_fields: vec![RequestField { name: "room".to_owned(), value: "r1".to_owned() }],
        ..PostRequest::default()
    };
    vec![request.encode_to_vec(), PostRequest { transfers: Vec::new(), refusal: "GIFT_UNKNOWN".to_owned(), ..request }.encode_to_vec()]
}

fn entries_seeds() -> Vec<Vec<u8>> {
    let request = |page_token: &str| api::ledger::ListEntriesRequest {
        account: "viewer/u1/coins".to_owned(),
        page_token: page_token.to_owned(),
        ..Default::default()
    };
    ["", "AQECAwQFBgcIAAAAAAAAAgA", "AQ", "-1.00"].map(|token| request(token).encode_to_vec()).to_vec()
}

/// A gift as a viewer's client sends it.
fn gift(bytes: &[u8]) {
    if let Ok(request) = api::gift::SendGiftRequest::decode(bytes) {
        assert_eq!(api::gift::SendGiftRequest::decode(&*request.encode_to_vec()), Ok(request));
    }
}

fn gift_seeds() -> Vec<Vec<u8>> {
    let request = api::gift::SendGiftRequest {
        request_id: "01933b0e-8f1a-7c3e-9d2b-0123456789ab".to_owned(),
        room_id: "r1".to_owned(),
        creator_id: "c1".to_owned(),
        gift_id: 7,
        ..Default::default()
    };
    vec![request.encode_to_vec()]
}

/// A page token of payouts.
fn payout_page(bytes: &[u8]) {
    let (book, user) = (BookName::try_new("demo").expect("a book's name"), UserKey::try_new("u1").expect("a user's key"));
    let list = payout::wire::payouts_list(&book, &user, None, rpc::wire::TimeRange::ANY);
    text(bytes, |text| drop(payout::wire::after(&list, text)));
}

/// Currencies, names and ids.
fn money_texts(bytes: &[u8]) {
    text(bytes, |text| {
        if let Ok(currency) = Currency::try_new(text) {
            assert_eq!(currency.code(), text);
        }
        if let Ok(user) = UserKey::try_new(text) {
            assert_eq!(user.as_str(), text);
        }
        if let Ok(book) = BookName::try_new(text) {
            assert_eq!(book.as_str(), text);
        }
        if let Ok(id) = RequestId::parse(text) {
            assert_eq!(RequestId::parse(&id.uuid().to_string()), Ok(id));
        }
    });
}

/// A verifier, and a token that it accepts.
static SIGNER: LazyLock<(Verifier, String)> = LazyLock::new(|| {
    let issuer = Issuer::from_keys(&KeyPair::generate().expect("keys can be made"));
    let book = BookName::try_new("demo").expect("a book's name");
    let grant = Grant {
        subject: UserKey::try_new("u1").expect("a user's key"),
        role: Role::Viewer,
        app: "live".into(),
        books: BookScope::Only(vec![book]),
    };
    let token = issuer.issue(&grant, Duration::from_secs(86_400)).expect("a grant in order");
    (Verifier::new(&[issuer.public_key()]), token)
});

/// A caller's token: only the one that was signed is valid.
fn token(bytes: &[u8]) {
    let (verifier, good) = &*SIGNER;
    text(bytes, |text| {
        drop(identity::expires_at(text));
        assert!(verifier.verify(text, SystemTime::now()).is_err() || text == good, "a token that nobody signed");
    });
}

fn token_seeds() -> Vec<Vec<u8>> {
    vec![SIGNER.1.clone().into_bytes()]
}

/// A bank's report on payments.
fn pain002(bytes: &[u8]) {
    if let Ok(report) = iso20022::pain002::StatusReport::read(bytes)
        && let Ok(written) = report.write()
    {
        assert_eq!(iso20022::pain002::StatusReport::read(written.as_bytes()).ok(), Some(report), "what is written is read");
    }
}

/// A bank's statement.
fn camt053(bytes: &[u8]) {
    if let Ok(statement) = iso20022::camt053::Statement::read(bytes) {
        std::hint::black_box(statement.adds_up());
        if let Ok(written) = statement.write() {
            assert_eq!(iso20022::camt053::Statement::read(written.as_bytes()).ok(), Some(statement), "what is written is read");
        }
    }
}

/// A file of postings. However it is damaged, every posting read from it moves something, between accounts and under an id that are in the file.
fn import(bytes: &[u8]) {
    if let Ok(posts) = operations::import::read(bytes) {
        let whole = String::from_utf8_lossy(bytes);
        for post in posts {
            assert!(!post.transfers.is_empty() && whole.contains(&post.request_id));
            for transfer in post.transfers {
                assert!(transfer.amount > 0 && whole.contains(&transfer.debit_account) && whole.contains(&transfer.credit_account));
            }
        }
    }
}

/// A trace context header.
fn traceparent(bytes: &[u8]) {
    text(bytes, |text| {
        if let Some(parent) = rpc::trace::TraceParent::parse(text) {
            let again = rpc::trace::TraceParent::parse(&parent.to_header()).expect("what is written is read");
            assert_eq!(again.to_header(), parent.to_header());
        }
    });
}
