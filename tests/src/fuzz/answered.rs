//! Targets for what banks and issuers answer and call back with, and for files that operators keep: keys, manifests, structures, tables.

use bankapi::{
    ApiPaymentType, ApiStatus, BankKeySet, CallbackHeaders, CallbackVerifier, RsaCheckingKey, RsaSigningKey, SentApiPayment, StatusOrder,
    json, oauth, read_callback, read_initiation, read_query,
};
use identity::keys::KeyPair;
use iso20022::codes::StatusOutcome;
use money::{Currency, Money};
use payout::{
    banks::{
        api::{content::content, evidence},
        nacha::acknowledgement::{self, SentFile},
    },
    decoders,
    domain::{BankAnswer, ach::steps::FileVerdict, evidence::SentPayment},
};
use serde_json::{Value, json as value};
use std::{hint::black_box, sync::LazyLock};
use treasury::{document, migration};

const CALLBACK: &[u8] = br#"{"events":[{"id":"1"}]}"#;
const TOKEN_URL: &str = "https://bank.example/oauth2/token";
const NOW_S: i64 = 1_795_900_000;
const END_TO_END_ID: &str = "01933b0e8f1a7c3e9d2b0123456789ab";

fn texts(values: &[Value]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.to_string().into_bytes()).collect()
}

fn dollars(cents: i64) -> Money {
    Money::try_new(Currency::try_new("USD").expect("a currency"), cents).expect("an amount")
}

/// JSON of a bank, as an answer, a status and a callback: a payment is settled only where it is ours, of our amount.
pub(super) fn bank_json(bytes: &[u8]) {
    if let Ok(read) = json::parse(bytes) {
        let again = read.to_string();
        // Escaped, a text has up to six times its bytes.
        assert!(again.len() > 6 * bytes.len() || json::parse(again.as_bytes()).is_ok(), "{again}");
    }
    for status in [200, 201, 202, 400, 404, 409, 422, 500] {
        black_box((read_initiation(status, bytes), read_query(status, bytes), content(status, bytes).len()));
    }
    black_box(read_callback(bytes).is_ok());
    let amount = dollars(1_230);
    if let Ok(read) = ApiStatus::read(bytes) {
        black_box((
            read.evidence(&SentApiPayment { end_to_end_id: END_TO_END_ID, payment_type: ApiPaymentType::Rtp, amount }),
            read.money(),
        ));
        assert_ne!(read.order(&read), StatusOrder::Newer, "a status is not newer than itself");
    }
    let subject = SentPayment { end_to_end_id: END_TO_END_ID, rail: "us-rtp", sends: 1, shared: &[], amount };
    for answer in
        [evidence::of_initiation(202, bytes, subject), evidence::of_query(200, bytes, subject), evidence::of_part("cut", bytes, subject)]
    {
        if let BankAnswer::Named(named) = answer
            && matches!(named.outcome, StatusOutcome::Settled | StatusOutcome::Rejected)
            && named.doubt.is_none()
        {
            // What decides names the payment, as it is or escaped.
            assert!(String::from_utf8_lossy(bytes).contains(END_TO_END_ID) || bytes.contains(&b'\\'), "{named:?}");
        }
    }
}

pub(super) fn bank_documents() -> Vec<Vec<u8>> {
    let status = value!({
        "paymentId": "P1", "paymentStatus": "COMPLETED", "paymentSubStatus": "DELIVERED_TO_RECIPIENT", "paymentType": "RTP",
        "statusUpdatedAt": "2026-11-20T16:22:15.900Z", "paymentIdentifiers": {"endToEndId": END_TO_END_ID},
        "value": {"currency": "USD", "amount": "12.30"},
        "exceptions": [{"errorCode": "10001", "errorDescription": "x", "context": [{"field": "ISO20022", "value": "AC04"}]}],
    });
    let event = value!({"specversion": "1.0", "id": "EV", "time": "2026-11-20T16:22:16Z", "type": "t", "source": "s", "data": {"payments": [status]}});
    assert!(ApiStatus::read(status.to_string().as_bytes()).is_ok() && read_callback(event.to_string().as_bytes()).is_ok());
    texts(&[
        event,
        status,
        value!({"paymentId": "P1", "paymentStatus": "RECEIVED", "endToEndId": END_TO_END_ID}),
        value!({"errors": [{"errorCode": "11001", "errorDescription": "\u{1f381}", "ruleDescription": "r"}]}),
        value!([[[[{}, -0.5e-7, 9_007_199_254_740_993_i64, "\u{0}\u{d7ff}", true, null]]]]),
    ])
}

static KEY: LazyLock<RsaSigningKey> =
    LazyLock::new(|| RsaSigningKey::from_pem(sandbox::globalbank::TEST_CLIENT_KEY.as_bytes()).expect("a constant"));

fn key_set() -> Value {
    value!({"keys": [KEY.public_jwk("rsa"), {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})
}

static KEYS: LazyLock<BankKeySet> = LazyLock::new(|| BankKeySet::read(key_set().to_string().as_bytes()).expect("a set"));
static SIGNED: LazyLock<String> = LazyLock::new(|| oauth::signed_jwt("rsa", &value!({"jti": "j"}), &KEY).expect("it can be signed"));

/// A set of keys, as banks and issuers publish them, or keys in PEM.
pub(super) fn key_sets(bytes: &[u8]) {
    black_box(BankKeySet::read(bytes).is_ok());
    if let Some(usable) = identity::decoders::usable_keys(bytes) {
        assert!(usable <= bytes.len(), "{usable} keys");
    }
    black_box((RsaCheckingKey::all_from_pem(bytes).is_ok(), RsaSigningKey::from_pem(bytes).is_ok()));
}

pub(super) fn published_keys() -> Vec<Vec<u8>> {
    let set = key_set();
    assert_eq!(identity::decoders::usable_keys(set.to_string().as_bytes()), Some(2));
    let strange = value!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "alg": "EdDSA", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, {"kty": "oct", "k": "AA"}, {"kid": 7}]});
    let pem = KeyPair::generate().expect("keys can be made").public.to_pem();
    let wallet = sandbox::wallet::keys::WalletKey::First.public_pem();
    vec![set.to_string().into_bytes(), strange.to_string().into_bytes(), pem.into_bytes(), wallet.as_bytes().to_vec()]
}

/// A signature: of a header, alone and as a JWS that is the body. Only the one that was made proves anything.
pub(super) fn bank_proof(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let jws = CallbackVerifier::Jws(KEYS.clone());
    if jws.verify(CallbackHeaders::default(), bytes).is_ok() {
        assert_eq!(text.trim(), SIGNED.as_str());
    }
    for key_id in [Some("rsa"), Some("ec"), None] {
        let headers = CallbackHeaders { signature: Some(text), key_id, algorithm: None };
        assert!(
            jws.verify(headers, CALLBACK).is_err() && CallbackVerifier::Detached(KEYS.clone()).verify(headers, CALLBACK).is_err(),
            "{text}"
        );
    }
}

pub(super) fn bank_proofs() -> Vec<Vec<u8>> {
    let (header, rest) = SIGNED.split_once('.').expect("three parts");
    let (_, signature) = rest.split_once('.').expect("three parts");
    assert!(CallbackVerifier::Jws(KEYS.clone()).verify(CallbackHeaders::default(), SIGNED.as_bytes()).is_ok());
    let ec = oauth_header(&value!({"alg": "ES256", "kid": "ec", "b64": false, "crit": ["b64"]}));
    vec![
        SIGNED.clone().into_bytes(),
        format!("{header}..{signature}").into_bytes(),
        format!("{ec}..{}", "A".repeat(86)).into_bytes(),
        b"MEQCIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==".to_vec(),
    ]
}

fn oauth_header(header: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header.to_string())
}

/// An answer to the request for an access token; and the bank's side of it, a form with an assertion.
pub(super) fn oauth_answers(bytes: &[u8]) {
    for status in [200, 400, 401, 503] {
        if let Ok(token) = oauth::read_token(status, bytes) {
            assert!(status == 200 && token.authorization().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        }
    }
    if let Ok(checked) = oauth::check_form(bytes, |_| Some(KEYS.clone()), TOKEN_URL, NOW_S) {
        assert_eq!((checked.client_id.as_str(), checked.jti.as_str()), ("client", "j"), "an assertion that nobody made");
    }
}

pub(super) fn oauth_documents() -> Vec<Vec<u8>> {
    let claims = value!({"iss": "client", "sub": "client", "aud": TOKEN_URL, "iat": NOW_S, "exp": NOW_S + 300, "jti": "j"});
    let assertion = oauth::signed_jwt("rsa", &claims, &KEY).expect("it can be signed");
    let form = oauth::token_form("client", &assertion, "payments").into_bytes();
    assert!(oauth::check_form(&form, |_| Some(KEYS.clone()), TOKEN_URL, NOW_S).is_ok());
    let mut all = texts(&[
        value!({"access_token": "abc.def", "token_type": "Bearer", "expires_in": 3_599}),
        value!({"error": "invalid_client", "error_description": "x"}),
    ]);
    all.push(form);
    all
}

/// A callback of any kind of bank, a statement, and an answer on whose an account is.
pub(super) fn callbacks(bytes: &[u8]) {
    black_box((decoders::callbacks(bytes), decoders::statement(bytes), decoders::is_verification(bytes)));
    let sent = SentFile { name: "F1".to_owned(), sha256: "a7".repeat(32), entries: 2, cents: 1_230 };
    if let Ok(FileVerdict::Accepted) = acknowledgement::read(bytes, &sent) {
        assert!(serde_json::from_slice::<Value>(bytes).is_ok_and(|said| said["sha256"] == sent.sha256), "another file");
    }
}

pub(super) fn called_back() -> Vec<Vec<u8>> {
    let mut all = super::banking::files();
    let read = |file: &Vec<u8>| decoders::callbacks(file)[0].is_some() || decoders::statement(file).is_some();
    assert!(all.iter().filter(|file| read(file)).count() >= 3, "messages among them");
    let acknowledged = value!({"file": "F1", "sha256": "a7".repeat(32), "status": "accepted", "entries": 2, "credit_cents": 1_230});
    let refused = value!({"file": "F1", "sha256": "a7".repeat(32), "status": "rejected", "problems": [{"place": "line 2", "what": "no"}]});
    let verified = value!({"partyNameMatch": "CMTC", "matchedName": "Ana Example"});
    assert!(decoders::is_verification(verified.to_string().as_bytes()));
    all.extend(texts(&[acknowledged, refused, verified, value!({"partyNameMatch": "MTCH"})]));
    all.push(RESOLUTION.as_bytes().to_vec());
    assert_eq!(decoders::callbacks(RESOLUTION.as_bytes())[0], Some(1));
    all
}

const RESOLUTION: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"><RsltnOfInvstgtn><Assgnmt><Id>A1</Id><Assgnr><Agt><FinInstnId><BICFI>BANKBEBB</BICFI></FinInstnId></Agt></Assgnr><Assgne><Agt><FinInstnId><BICFI>LARGDEFF</BICFI></FinInstnId></Agt></Assgne><CreDtTm>2026-11-25T10:00:00Z</CreDtTm></Assgnmt><RslvdCase><Id>C1</Id><Cretr><Agt><FinInstnId><BICFI>LARGDEFF</BICFI></FinInstnId></Agt></Cretr></RslvdCase><Sts><Conf>RJCR</Conf></Sts></RsltnOfInvstgtn></Document>"#;

/// A key file: one that is taken can be written with another key, and read again.
pub(super) fn keyring(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        black_box(decoders::keyring(text));
    }
}

pub(super) fn keyrings() -> Vec<Vec<u8>> {
    const KEYS: [&str; 2] = ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="];
    let rotated = format!("{}\n{}\ndigest {}\n", KEYS[0], KEYS[1], KEYS[1]);
    assert!(decoders::keyring(KEYS[0]) && decoders::keyring(&rotated));
    vec![KEYS[0].as_bytes().to_vec(), rotated.into_bytes()]
}

/// The manifest of a backup: it names files beside it only, and is written as it is read.
pub(super) fn manifest(bytes: &[u8]) {
    use operations::backup::CopyManifest;
    if let Ok(manifest) = CopyManifest::read(bytes) {
        assert!(manifest.files.keys().all(|name| std::path::Path::new(name).components().count() <= 1), "{manifest:?}");
        let again = serde_json::to_vec(&manifest).expect("it can be written");
        assert_eq!(CopyManifest::read(&again), Ok(manifest));
    }
}

pub(super) fn manifests() -> Vec<Vec<u8>> {
    let whole = value!({
        "format": 1, "version": "1.0.0", "engine": "sqlite", "begin_time": "2026-11-20T16:22:15Z", "files": {"ledger.db": "a7".repeat(32)},
        "heads": {"demo": [3, "a7".repeat(32)]}, "caution": "x",
    });
    assert!(operations::backup::CopyManifest::read(whole.to_string().as_bytes()).is_ok());
    texts(&[whole])
}

/// What an operator writes for treasury: a structure, the accounts of before, expected items, the mapping to a general ledger. Faults name a line of the file.
pub(super) fn treasury_files(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        black_box(matching::expected::read_table(bytes).is_ok());
        return;
    };
    let lines = text.lines().count() + 1;
    let within = |line: usize| assert!((1..=lines + 1).contains(&line), "line {line} of {lines}");
    if let Err(faults) = document::read(text) {
        assert!(!faults.is_empty());
        faults.iter().for_each(|fault| within(fault.line));
    }
    if let Err(faults) = migration::file::read(text) {
        assert!(!faults.is_empty());
    }
    let balances = migration::balances::ClosingBalances::default();
    black_box(balances.filled(text).is_ok());
    if let Ok(mapping) = accounting::Mapping::read(text) {
        black_box(mapping.hash());
    }
    black_box(matching::expected::read_table(bytes).is_ok());
}

pub(super) fn treasury_documents() -> Vec<Vec<u8>> {
    const STRUCTURE: &str = "effective = \"2026-11-20\"\n\n[[account]]\nid = \"bank-usd\"\nname = \"Dollars\"\nbank = \"A bank\"\nbranch = \"1\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber_root = \"7001\"\n";
    const MIGRATION: &str = "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n\
        paris-1,FR76 3000,A bank,TESTFRPP,EUR,main,\"Paris, rent\",own,fr-costs,1250.5,2026-331,2026-11-27,15,price list 2026,RENT-7;POWER-2\n\
        total,1,,,EUR,,,,,1250.50,,,,,\n";
    const TABLE: &str = "amount,currency,direction,account,key,end_to_end_id,short_reference,payment_ids,trace,batch,company_id,effective_date,batch_total,first_day,last_day,standing,returned,duplicates\n\
        125.5,EUR,debit,DE89 3704 0044 0532 0130 00,P1,0192f0c0-a1b2-7c3d-8e4f-5a6b7c8d9e01,LGS1,TRN-1 IMAD2,091000010000001,B1,1234567890,2026-11-24,200.00,2026-11-23,2026-11-25,settled,0.50,1\n";
    const MAPPING: &str = "suspense = \"9990\"\n[[entity]]\nid = \"main\"\ncompany = \"C100\"\n[[account]]\ncode = \"1000\"\nname = \"Cash\"\ntype = \"asset\"\n[[account]]\ncode = \"9990\"\nname = \"Suspense\"\ntype = \"liability\"\n[[rule]]\nledger = \"house/bank_cash/*\"\naccount = \"1000\"\n";
    assert!(migration::file::read(MIGRATION).is_ok() && accounting::Mapping::read(MAPPING).is_ok());
    assert!(matching::expected::read_table(TABLE.as_bytes()).is_ok());
    [STRUCTURE, MIGRATION, TABLE, MAPPING].map(|text| text.as_bytes().to_vec()).to_vec()
}
