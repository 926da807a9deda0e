//! Unit tests of the status and its exit codes.
use super::*;

const LEDGER: &str = "largesse.ledger.v1.LedgerService";

fn process(standby: bool, services: &[(&str, bool)]) -> ProcessStatus {
    let services = services.iter().map(|(name, serving)| ServiceStatus { name: (*name).to_owned(), serving: *serving });
    ProcessStatus { url: "http://here".to_owned(), services: services.collect(), standby, fault: None }
}

fn code(processes: Vec<ProcessStatus>, green: Option<bool>) -> String {
    format!("{:?}", StatusFound { processes, green, ..StatusFound::default() }.code())
}

fn number(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

#[test]
fn what_was_not_asked_is_neither_right_nor_wrong() {
    let all_serve = || vec![process(false, &[(LEDGER, true), (MONITOR, true)])];
    assert_eq!(code(all_serve(), Some(true)), number(0));
    assert_eq!(code(all_serve(), Some(false)), number(1));
    assert_eq!(code(all_serve(), None), number(MONEY_UNKNOWN));
    let one_does_not = || vec![process(false, &[(LEDGER, false), (MONITOR, true)])];
    assert_eq!((code(one_does_not(), Some(true)), code(one_does_not(), None)), (number(1), number(1)));
    let away = ProcessStatus { fault: Some("away".to_owned()), ..ProcessStatus::default() };
    assert_eq!(code(vec![away], Some(true)), number(UNREACHABLE));
}

#[test]
fn a_standby_is_no_fault_where_the_writer_is_asked_too() {
    let (writer, standby) = (|| process(false, &[(LEDGER, true)]), || process(true, &[(LEDGER, false), (MONITOR, true)]));
    assert_eq!(code(vec![writer(), standby()], Some(true)), number(0));
    assert_eq!(code(vec![standby(), standby()], Some(true)), number(1));
    assert_eq!(code(vec![standby()], Some(true)), number(1));
    // A process that is not a standby has to serve.
    assert_eq!(code(vec![writer(), process(false, &[(LEDGER, false)])], Some(true)), number(1));
}

#[test]
fn json_names_what_it_tells() {
    let book = BookStatus { book: "demo".to_owned(), checked_seq: 66, events_behind: 0 };
    let found = StatusFound { processes: vec![process(true, &[(LEDGER, false)])], books: vec![book], ..StatusFound::default() };
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["processes"][0]["services"][0], serde_json::json!({ "name": LEDGER, "serving": false }));
    assert_eq!((json["processes"][0]["standby"].as_bool(), json["books"][0]["checked_seq"].as_i64()), (Some(true), Some(66)));
}
