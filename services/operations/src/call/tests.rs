//! Unit tests of names, requests and descriptions.
use super::*;

fn methods() -> CallableMethods {
    CallableMethods::known().unwrap()
}

#[test]
fn an_rpc_has_a_short_and_a_long_name_and_one_that_is_none_names_its_like() {
    let methods = methods();
    for name in ["GetAccount", "LedgerService/GetAccount", "LedgerService.GetAccount", "/largesse.ledger.v1.LedgerService/GetAccount"] {
        assert_eq!(methods.find(name).unwrap().full_name(), "largesse.ledger.v1.LedgerService.GetAccount");
    }
    for (name, said) in [
        ("Account", "no RPC is named Account: "),
        ("getaccount", "LedgerService/GetAccount"),
        ("Service/GetAccount", "LedgerService/GetAccount"),
        ("xyz", "--list prints all of them"),
        ("", "--list prints all of them"),
        ("ExplainCase", "several RPCs: MonitorService/ExplainCase, TreasuryService/ExplainCase"),
    ] {
        let refused = methods.find(name).unwrap_err();
        assert!(refused.contains(said), "{name}: {refused}");
    }
}

#[test]
fn json_is_read_whole_or_refused_with_its_place() {
    let methods = methods();
    let (account, stream) = (methods.find("GetAccount").unwrap(), methods.find("PostStream").unwrap());
    let read = requests(account, r#"{"book": "demo", "account": "viewer/ann/coins"}"#).unwrap();
    assert_eq!(json(&read[0], true).unwrap(), r#"{"book":"demo","account":"viewer/ann/coins"}"#);
    assert_eq!(requests(account, " \n").unwrap().len(), 1);
    assert_eq!(requests(stream, "").unwrap().len(), 0);
    assert_eq!(requests(stream, "{} {}\n{}").unwrap().len(), 3);
    for (method, json, said) in [
        (account, "{} {}", "takes one request, and there are 2"),
        (account, r#"{"boook": "demo"}"#, "boook"),
        (account, r#"{"book": 7}"#, "request 1 is not a GetAccountRequest"),
        (account, "[]", "request 1 is not a GetAccountRequest"),
        (account, r#"{"book": "a", "book": "b"}"#, "`book` is there twice at line 1"),
        (account, r#"{"book": "#, "request 1 is not JSON: EOF"),
        (stream, "{} nonsense", "request 2 is not JSON"),
        (stream, r#"{} {"post": 7}"#, "request 2 is not a PostStreamRequest"),
    ] {
        let refused = requests(method, json).unwrap_err();
        assert!(refused.contains(said), "{json}: {refused}");
    }
}

#[test]
fn a_request_without_an_id_is_given_one_and_another_keeps_its_own() {
    let methods = methods();
    let mut request = requests(methods.find("SendGift").unwrap(), "{}").unwrap().remove(0);
    let id = give_id(&mut request).unwrap();
    assert!(Uuid::parse_str(&id).is_ok_and(|id| id.get_version_num() == 7));
    assert!(json(&request, true).unwrap().contains(&id));
    assert_eq!(give_id(&mut request), None);
    let mut without = requests(methods.find("GetAccount").unwrap(), "{}").unwrap().remove(0);
    assert_eq!(give_id(&mut without), None);
}

#[test]
fn every_rpc_is_described_with_its_callers_and_each_field_has_its_comment() {
    let methods = methods();
    assert!(methods.iter().count() > 100);
    for method in methods.iter() {
        let text = description(method);
        assert!(text.contains("For the roles ") || text.contains("Whoever reaches it"), "{text}");
        for field in method.input().fields() {
            let name = format!("\n  {}: ", field.name());
            let after = text.split_once(&name).map(|(_, after)| after).unwrap_or_default();
            assert!(after.lines().nth(1).is_some_and(|line| line.starts_with("      ")), "{name} {text}");
        }
    }
    let lines = listed(&methods, "ledgerservice/getaccount");
    assert!(
        matches!(&lines[..], [one] if one.starts_with("LedgerService/GetAccount  ") && one.ends_with("service, support, finance, auditor, admin")),
        "{lines:?}"
    );
}
