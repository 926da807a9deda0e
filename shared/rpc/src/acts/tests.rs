//! Unit tests of reasons, of what is written down, and of how an ending is told.
use super::*;
use crate::{methods::Methods, overload::Limits};
use http::HeaderValue;
use identity::{Books, Principal, access::Reach};
use money::{BookName, UserKey};
use std::time::SystemTime;

const GET_ACCOUNT: &str = "/largesse.ledger.v1.LedgerService/GetAccount";
const TRIAL_BALANCE: &str = "/largesse.ledger.v1.LedgerService/GetTrialBalance";

fn methods() -> Methods {
    Methods::try_new(Limits::default()).unwrap()
}

fn said(path: &str, role: Role, value: Option<&[u8]>) -> Result<Option<String>, String> {
    let mut headers = HeaderMap::new();
    if let Some(value) = value {
        headers.insert(REASON, HeaderValue::from_bytes(value).unwrap());
    }
    let told = reason(methods().find(path).unwrap(), role, &headers);
    told.map(|reason| reason.map(|text| text.to_string())).map_err(|status| errors::reason(&status).unwrap())
}

#[test]
fn staff_say_why_where_it_concerns_somebody() {
    for role in [Role::Support, Role::Finance, Role::Auditor, Role::Admin] {
        assert_eq!(said(GET_ACCOUNT, role, None), Err("REASON_REQUIRED".to_owned()));
        assert_eq!(said(GET_ACCOUNT, role, Some(b"ticket 4711")), Ok(Some("ticket 4711".to_owned())));
        assert_eq!(said(TRIAL_BALANCE, role, None), Ok(None));
        assert_eq!(said(TRIAL_BALANCE, role, Some(b"monthly close")), Ok(Some("monthly close".to_owned())));
    }
    for role in [Role::Service, Role::Viewer, Role::Creator] {
        assert_eq!(said(GET_ACCOUNT, role, None), Ok(None));
        assert_eq!(said(GET_ACCOUNT, role, Some(b"x")), Ok(None), "nobody asked them");
    }
}

#[test]
fn a_reason_that_says_nothing_is_none() {
    let long = "x".repeat(501);
    for text in ["", "because", "        ", "a%00bcdefgh", "%ff%fe%fd%fc%fb%fa%f9%f8", &long] {
        assert_eq!(said(GET_ACCOUNT, Role::Support, Some(text.as_bytes())), Err("REASON_REQUIRED".to_owned()), "{text:?}");
        assert_eq!(said(TRIAL_BALANCE, Role::Support, Some(text.as_bytes())), Err("REASON_REQUIRED".to_owned()), "{text:?}");
    }
    assert_eq!(said(GET_ACCOUNT, Role::Support, Some("Überprüfung".as_bytes())), Err("REASON_REQUIRED".to_owned()));
    assert_eq!(said(GET_ACCOUNT, Role::Support, Some(b"%C3%9Cberpr%C3%BCfung")), Ok(Some("Überprüfung".to_owned())));
}

fn caller() -> Caller {
    let principal = Principal {
        subject: UserKey::try_new("sue").unwrap(),
        role: Role::Support,
        app: String::new(),
        books: Books::Only(vec![BookName::try_new("demo").unwrap()]),
        issuer: "https://staff".into(),
        expires_at: SystemTime::now(),
    };
    Caller { principal: Arc::new(principal), reach: Reach::Book, reason: Some("ticket 4711".into()) }
}

fn framed(message: &impl prost::Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), encoded.as_slice()].concat().into()
}

#[test]
fn what_was_asked_for_is_written_down_with_whom_it_concerns() {
    let (methods, shapes) = (methods(), Shapes::try_new().unwrap());
    let method = methods.find(GET_ACCOUNT).unwrap();
    let request = api::ledger::GetAccountRequest { book: String::new(), account: "viewer/ada/coins".to_owned() };
    let read = shapes.read(GET_ACCOUNT, &framed(&request));
    let act = act(method, &caller(), read.as_ref());
    assert_eq!((act.subject.as_str(), act.role.as_str(), act.issuer.as_str()), ("sue", "support", "https://staff"));
    assert_eq!((act.book.as_str(), act.user_id.as_str(), act.reason.as_str()), ("demo", "ada", "ticket 4711"));
    assert_eq!(act.rpc, "largesse.ledger.v1.LedgerService/GetAccount");
    assert_eq!(act.request_json, "{\"account\":\"viewer/ada/coins\"}");
}

#[test]
fn a_request_that_cannot_be_read_is_still_an_act() {
    let (methods, shapes) = (methods(), Shapes::try_new().unwrap());
    for bytes in
        [Bytes::new(), Bytes::from_static(&[0, 0, 0]), Bytes::from_static(&[1, 0, 0, 0, 0]), Bytes::from_static(&[0, 0, 0, 0, 1, 0xff])]
    {
        assert!(shapes.read(GET_ACCOUNT, &bytes).is_none());
    }
    let act = act(methods.find(GET_ACCOUNT).unwrap(), &caller(), None);
    assert_eq!((act.subject.as_str(), act.request_json.as_str()), ("sue", ""));
    // As long as a request may be, and cut in the middle of a letter.
    let request = api::ledger::GetAccountRequest { book: String::new(), account: "ü".repeat(1 << 20) };
    let act = super::act(methods.find(GET_ACCOUNT).unwrap(), &caller(), shapes.read(GET_ACCOUNT, &framed(&request)).as_ref());
    assert!((REQUEST_BYTES_MAX - 1..=REQUEST_BYTES_MAX).contains(&act.request_json.len()));
}

#[test]
fn every_rpc_has_a_shape() {
    let shapes = Shapes::try_new().unwrap();
    for row in identity::access::TABLE.iter().filter(|row| row.path.starts_with("/largesse.")) {
        assert!(shapes.0.contains_key(row.path), "{}", row.path);
    }
}

#[test]
fn an_ending_is_told_by_code_and_reason() {
    assert_eq!(told(Code::Ok, ""), "OK");
    assert_eq!(told(Code::NotFound, "PAYOUT_UNKNOWN: no such payout"), "NOT_FOUND PAYOUT_UNKNOWN");
    assert_eq!(told(Code::DeadlineExceeded, "Timeout expired"), "DEADLINE_EXCEEDED");
}

#[test]
fn an_account_says_whose_it_is() {
    assert_eq!((user_of("viewer/ada/coins"), user_of("creator/bob/payable/USD")), ("ada".to_owned(), "bob".to_owned()));
    assert_eq!((user_of("house/coins/issued"), user_of("viewer"), user_of("")), Default::default());
}
