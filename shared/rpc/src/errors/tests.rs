//! Unit tests of `errors`.
use super::*;

#[test]
fn message_repeats_reason_and_facts() {
    let facts_given = [("balance_coins", "3".to_owned()), ("cost_coins", "5".to_owned())];
    let status = refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", "not enough coins".into(), &facts_given);
    assert_eq!(status.message(), "INSUFFICIENT_FUNDS: not enough coins (balance_coins=3, cost_coins=5)");
    assert_eq!(reason(&status).as_deref(), Some("INSUFFICIENT_FUNDS"));
    assert_eq!(facts(&status)["cost_coins"], "5");
}

#[test]
fn malformed_names_the_field_in_a_bad_request() {
    let status = malformed("gift_id", "must be positive");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "gift_id");
}

#[test]
fn overload_says_when_to_retry() {
    let status = overload(Duration::from_millis(50));
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_millis(50)));
}

#[test]
fn internal_text_never_leaves() {
    let status = internal(&std::io::Error::other("password=hunter2"));
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("hunter2"));
    assert!(!String::from_utf8_lossy(status.details()).contains("hunter2"));
}

#[test]
fn a_foreign_reason_is_not_taken_for_ours() {
    let details = ErrorDetails::with_error_info("INSUFFICIENT_FUNDS", "elsewhere", HashMap::new());
    assert_eq!(reason(&Status::with_error_details(Code::Unavailable, "", details)), None);
    assert_eq!(reason(&Status::unavailable("bare")), None);
}

#[tokio::test]
async fn internal_names_the_trace_of_the_call_or_one_that_can_be_found_in_the_log() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let fault = || std::io::Error::other("disk");
    let told = crate::trace::with_traceparent("test", Some(TRACE), async { internal(&fault()) }).await;
    assert_eq!(facts(&told)["trace"], "0af7651916cd43dd8448eb211c80319c");
    assert!(told.message().contains("trace=0af7651916cd43dd8448eb211c80319c"), "{}", told.message());
    let (first, second) = (facts(&internal(&fault())), facts(&internal(&fault())));
    assert_eq!((first["trace"].len(), second["trace"].len()), (32, 32));
    assert_ne!(first["trace"], second["trace"]);
    assert_eq!(facts(&crate::StickyRefusal::internal(&fault()).status())["trace"].len(), 32);
    assert_eq!(facts(&crate::contain::contained(&"crashed"))["trace"].len(), 32);
}

#[test]
fn a_list_of_names_has_an_end() {
    let few = ["a".to_owned(), "b".to_owned()];
    assert_eq!(named(&few), few);
    let many: Vec<String> = (0..100).map(|at| format!("{at:064}")).collect();
    let listed = named(&many);
    assert_eq!((listed.len(), listed.last().map(String::as_str)), (16, Some("85 more")));
}

#[test]
fn a_message_that_is_too_large_is_told_how_large_it_may_be() {
    let mut headers = http::HeaderMap::new();
    headers.insert("grpc-status", http::HeaderValue::from_static("11"));
    let status = crate::contain::unreadable(&headers, 4_194_304).unwrap();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("MALFORMED")));
    assert_eq!((facts(&status)["bytes_max"].as_str(), facts(&status)["field"].as_str()), ("4194304", "message"));
}

#[test]
fn a_page_token_that_is_not_good_is_named() {
    let status = page_token();
    assert_eq!((status.code(), facts(&status)["field"].as_str()), (Code::InvalidArgument, "page_token"));
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "page_token");
}
