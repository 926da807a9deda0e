//! Unit tests of `deadline`.
use super::*;

fn header(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap()
}

#[test]
fn every_unit_is_read() {
    let cases = [("1H", 3_600_000), ("2M", 120_000), ("3S", 3_000), ("4m", 4), ("5000u", 5), ("6000000n", 6)];
    for (text, ms) in cases {
        assert_eq!(parse(&header(text)), Some(Duration::from_millis(ms)), "{text}");
    }
    for text in ["", "S", "1", "123456789S", "-1S", "1 S", "1x"] {
        assert_eq!(parse(&header(text)), None, "{text}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for given in [Duration::from_micros(1), Duration::from_millis(1_500), Duration::from_secs(200), Duration::from_secs(300_000)] {
        assert_eq!(parse(&format(given)), Some(given));
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_hop_gets_less() {
    let context = CallContext { deadline: Some(Instant::now() + Duration::from_secs(1)), ..CallContext::default() };
    let mut headers = HeaderMap::new();
    outbound(&context, &mut headers).unwrap();
    assert_eq!(parse(&headers[&GRPC_TIMEOUT]), Some(Duration::from_millis(995)));
    headers.insert(GRPC_TIMEOUT, header("100m"));
    outbound(&context, &mut headers).unwrap();
    assert_eq!(parse(&headers[&GRPC_TIMEOUT]), Some(Duration::from_millis(100)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_without_time() {
    let context = CallContext { deadline: Some(Instant::now()), ..CallContext::default() };
    let status = outbound(&context, &mut HeaderMap::new()).unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
}

#[test]
fn who_takes_a_stream_and_answers_once_is_given_the_time_that_was_asked_for_and_no_other() {
    let methods = crate::methods::Methods::try_new(crate::overload::OverloadLimits::default()).unwrap();
    let stream = methods.find("/largesse.treasury.v1.TreasuryService/ImportStatementStream").unwrap();
    let unary = methods.find("/largesse.treasury.v1.TreasuryService/ImportStatement").unwrap();
    let given = |method, asked: Option<&str>| {
        let mut headers = HeaderMap::new();
        asked.map(|asked| headers.insert(GRPC_TIMEOUT, header(asked)));
        inbound(DeadlineLimits::default(), method, &headers).unwrap().map(|until| until.saturating_duration_since(Instant::now()))
    };
    assert_eq!(given(stream, None), None);
    assert!(given(stream, Some("2H")).unwrap() > Duration::from_secs(7_000));
    assert!(given(stream, Some("2S")).unwrap() <= Duration::from_secs(2));
    assert!(given(unary, None).unwrap() <= Duration::from_secs(10));
    assert!(given(unary, Some("2H")).unwrap() <= Duration::from_secs(60));
}
