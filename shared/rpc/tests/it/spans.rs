//! What a collector receives: one span per side and hop, each under the one that caused it.
use crate::fixture::{Fixture, Way, room};
use identity::Role;
use opentelemetry_proto::tonic::{
    common::v1::any_value::Value,
    trace::v1::{Span, span::SpanKind},
};
use testbed::collector::{OtlpCollector, hex};
use tonic::Request;

/// A trace that its caller wants to be kept.
const STRANGER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.as_ref()).and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?} in {span:?}"),
    }
}

/// Has its own process under nextest; otherwise the other tests' spans go to the same collector and are distinguished by their
/// trace.
#[tokio::test(flavor = "multi_thread")]
async fn every_hop_has_a_span_under_its_cause() {
    let (collector, endpoint) = OtlpCollector::start().await;
    let config = telemetry::Config {
        log_filter: "off".into(),
        otlp_endpoint: endpoint,
        otlp_signals: vec![telemetry::Signal::Traces],
        sample_ratio: 1.0,
        ..telemetry::Config::default()
    };
    let guard = telemetry::init("test", &config).unwrap();

    for way in [Way::InProcess, Way::Socket] {
        let fixture = Fixture::start(way, 10).await;
        fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap();
        // A caller without a token can't make us keep a trace.
        let mut gifts = fixture.gifts();
        let stranger = rpc::trace::with_traceparent("test", Some(STRANGER), gifts.send_gift(Request::new(room("r"))));
        assert_eq!(stranger.await.unwrap_err().code(), tonic::Code::Unauthenticated);
    }
    guard.shutdown().await;

    let spans = collector.spans();
    let theirs = |kind| spans.iter().filter(move |span| hex(&span.trace_id) == STRANGER[3..35] && span.kind() == kind).count();
    assert_eq!(theirs(SpanKind::Client), 2, "they did ask for it, once per way: {spans:#?}");
    assert_eq!(theirs(SpanKind::Server), 0, "{spans:#?}");
    let handled: Vec<_> =
        spans.iter().filter(|span| span.name.ends_with("GetAccount") && attribute(span, "largesse.service") == "ledger").collect();
    assert_eq!(handled.len(), 2, "one per way: {spans:#?}");
    for ledger in handled {
        let cause = |span: &Span| spans.iter().find(|other| other.span_id == span.parent_span_id).cloned().unwrap();
        assert_eq!(attribute(ledger, "rpc.grpc.status_code"), "0");
        let asked = cause(ledger);
        assert_eq!((asked.name.as_str(), attribute(&asked, "largesse.service").as_str()), (ledger.name.as_str(), "gift"));
        let gift = cause(&asked);
        assert_eq!(gift.name, "largesse.gift.v1.GiftService/SendGift");
        let client = cause(&gift);
        assert_eq!((client.name.as_str(), client.parent_span_id.len()), ("largesse.gift.v1.GiftService/SendGift", 0));
        assert_eq!(client.trace_id, ledger.trace_id);
    }
}
