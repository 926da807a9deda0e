//! Unit tests of reasons, of what is recorded, and of outcomes' texts.
use super::*;
use crate::{methods::Methods, overload::OverloadLimits};
use http::HeaderValue;
use identity::{BookScope, Principal, access::Reach};
use money::{BookName, UserKey};
use std::time::SystemTime;

const GET_ACCOUNT: &str = "/largesse.ledger.v1.LedgerService/GetAccount";
const TRIAL_BALANCE: &str = "/largesse.ledger.v1.LedgerService/GetTrialBalance";

fn methods() -> Methods {
    Methods::try_new(OverloadLimits::default()).unwrap()
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
        assert_eq!(said(GET_ACCOUNT, role, Some(b"x")), Ok(None), "no reason is required of them");
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
        books: BookScope::Only(vec![BookName::try_new("demo").unwrap()]),
        issuer: "https://staff".into(),
        expires_at: SystemTime::now(),
        auth_time: None,
    };
    Caller {
        principal: Arc::new(principal),
        reach: Reach::Book,
        reason: Some("ticket 4711".into()),
        allowance: crate::Allowance::default(),
        approver: None,
        ending: None,
    }
}

fn framed(message: &impl prost::Message) -> Bytes {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), encoded.as_slice()].concat().into()
}

#[test]
fn what_was_asked_for_is_written_down_with_whom_it_concerns() {
    let (methods, shapes) = (methods(), RequestShapes::try_new().unwrap());
    let method = methods.find(GET_ACCOUNT).unwrap();
    let request = api::ledger::GetAccountRequest { book: String::new(), account: "viewer/ada/coins".to_owned() };
    let read = shapes.read(GET_ACCOUNT, &framed(&request));
    let act = act(method, &caller(), Some(&read.unwrap())).unwrap();
    assert_eq!((act.subject.as_str(), act.role.as_str(), act.issuer.as_str()), ("sue", "support", "https://staff"));
    assert_eq!((act.book.as_str(), act.user_id.as_str(), act.reason.as_str()), ("demo", "ada", "ticket 4711"));
    assert_eq!(act.rpc, "largesse.ledger.v1.LedgerService/GetAccount");
    assert_eq!(act.request_json, "{\"account\":\"viewer/ada/coins\"}");
}

#[test]
fn a_request_that_would_not_be_written_down_whole_is_refused() {
    let (methods, shapes) = (methods(), RequestShapes::try_new().unwrap());
    let request = api::ledger::GetAccountRequest { book: "demo".to_owned(), account: "viewer/ada/coins".to_owned() };
    let twice = [framed(&request), Bytes::from_static(&[0, 0, 0, 0, 0])].concat().into();
    assert!(shapes.read(GET_ACCOUNT, &twice).is_err(), "a handler would read the first message only");
    for bytes in
        [Bytes::new(), Bytes::from_static(&[0, 0, 0]), Bytes::from_static(&[1, 0, 0, 0, 0]), Bytes::from_static(&[0, 0, 0, 0, 1, 0xff])]
    {
        assert!(shapes.read(GET_ACCOUNT, &bytes).is_err());
    }
    // As long as a request may be, and cut in the middle of a character.
    let request = api::ledger::GetAccountRequest { book: String::new(), account: "ü".repeat(1 << 20) };
    let read = shapes.read(GET_ACCOUNT, &framed(&request)).unwrap();
    let act = act(methods.find(GET_ACCOUNT).unwrap(), &caller(), Some(&read)).unwrap();
    assert!((REQUEST_BYTES_MAX - 1..=REQUEST_BYTES_MAX).contains(&act.request_json.len()));
}

#[test]
fn every_rpc_has_a_shape() {
    let shapes = RequestShapes::try_new().unwrap();
    for row in identity::access::TABLE.iter().filter(|row| row.path.starts_with("/largesse.")) {
        assert!(shapes.0.contains_key(row.path), "{}", row.path);
    }
}

#[test]
fn an_ending_is_told_by_code_and_reason() {
    assert_eq!(outcome_text(Code::Ok, ""), "OK");
    assert_eq!(outcome_text(Code::NotFound, "PAYOUT_UNKNOWN: no such payout"), "NOT_FOUND PAYOUT_UNKNOWN");
    assert_eq!(outcome_text(Code::DeadlineExceeded, "Timeout expired"), "DEADLINE_EXCEEDED");
}

#[test]
fn a_request_says_whom_it_concerns_however_deep() {
    let user = |path: &str, message: &dyn Fn() -> Vec<u8>| {
        let shape = RequestShapes::try_new().unwrap().0[path].clone();
        concerned(&DynamicMessage::decode(shape, message().as_slice()).unwrap())
    };
    let propose = "/largesse.support.v1.SupportService/Propose";
    let transfer = |debit: &str, credit: &str| api::support::AdjustmentTransfer {
        debit_account: debit.to_owned(),
        credit_account: credit.to_owned(),
        amount: 1,
    };
    let adjustment = api::support::Adjustment { transfers: vec![transfer("house/coins/issued", "viewer/ada/coins")] };
    let act = api::support::propose_request::Act::Adjustment(adjustment);
    let request = api::support::ProposeRequest { act: Some(act), ..Default::default() };
    assert_eq!(user(propose, &|| prost::Message::encode_to_vec(&request)), Some("ada".to_owned()));
}
