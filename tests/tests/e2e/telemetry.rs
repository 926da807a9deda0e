//! The telemetry of a running installation: `/metrics` of every process, the same and more at a collector, and dashboards and alerts that query nothing else.
use crate::{
    fleets::{book, databases, options},
    hops,
};
use api::gift::SendGiftRequest;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use metrics::Exported;
use testbed::collector::{OtlpCollector, hex};
use tonic::Request;
use uuid::Uuid;

mod console;
mod metrics;
mod queries;

const SEND_GIFT: &str = "largesse.gift.v1.GiftService/SendGift";
const GIFT_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER_SPAN: &str = "b7ad6b7169203331";

/// Every metric of every process, after each of the operations has happened once.
async fn lived_through(installation: &Installation, fleet: &Fleet) -> Exported {
    Shop::open(installation).await.unwrap().buy("u1", 1_000).await.unwrap();
    let viewer = installation.token("u1", Role::Viewer).unwrap();
    let gift = |gift_id| SendGiftRequest {
        request_id: Uuid::now_v7().to_string(),
        room_id: "r".into(),
        creator_id: "c1".into(),
        gift_id,
        quantity: 20,
        ..Default::default()
    };
    let mut traced = authorised(gift(5879), &viewer).unwrap();
    traced.metadata_mut().insert("traceparent", format!("00-{GIFT_TRACE}-{CALLER_SPAN}-01").parse().unwrap());
    installation.gift().send_gift(traced).await.unwrap();
    installation.gift().send_gift(authorised(gift(-1), &viewer).unwrap()).await.unwrap_err();
    // Costs more than the viewer has, so the ledger refuses it.
    installation.gift().send_gift(authorised(gift(5879), &viewer).unwrap()).await.unwrap_err();
    hops::payout::settled(installation, |request: Request<_>| request).await;
    let client = http_client::local().build().unwrap();
    loop {
        let mut exported = Exported::default();
        for url in fleet.http_urls() {
            let answer = client.get(format!("{url}/metrics")).send().await.unwrap();
            assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
            exported.read(&answer.text().await.unwrap());
        }
        // On a busy machine the monitor's first audit run over this book may still be running, or the rest after the previous run.
        if exported.has("largesse_audit_failed") {
            return exported;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_counts_calls_and_money_and_tells_a_collector_too() {
    let databases = databases();
    let (collector, url) = OtlpCollector::start().await;
    let mut options = options(databases.dir.path(), databases.sqlite.clone(), &Service::ALL);
    options.environment.push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url));
    // Books are created after the services have started, so the first audit run may come before.
    options.environment.push(("LARGESSE_MONITOR_EVERY_MS".to_owned(), "200".to_owned()));
    let fleet = Fleet::start(options).await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    let mut exported = lived_through(&installation, &fleet).await;

    // Rate, errors and duration of calls.
    let calls = |code| [("rpc_method", SEND_GIFT), ("rpc_response_status_code", code)];
    assert_eq!(exported.sum("rpc_server_call_duration_seconds_count", &calls("OK")), 1.0);
    assert_eq!(exported.sum("rpc_server_call_duration_seconds_count", &calls("INVALID_ARGUMENT")), 1.0);
    assert!(exported.sum("rpc_server_call_duration_seconds_sum", &calls("OK")) > 0.0);
    assert!(exported.sum("largesse_refusals_total", &[("largesse_service", "gift")]) >= 1.0);
    // Amounts of money moved.
    let moved = |kind, unit| exported.sum("largesse_ledger_moved_total", &[("book", "demo"), ("kind", kind), ("unit", unit)]);
    assert!(moved("purchase.apple", "COIN") >= 1_000.0);
    assert_eq!(exported.sum("largesse_ledger_events_total", &[("kind", "gift")]), 1.0);
    assert!(moved("gift", "COIN") > 0.0 && moved("gift", "DIAMOND") > 0.0);
    for state in ["held", "submitted", "settled"] {
        assert_eq!(exported.sum("largesse_payouts_total", &[("book", "demo"), ("state", state)]), 1.0, "{state}");
    }
    assert_eq!(exported.sum("largesse_bank_duration_seconds_count", &[("what", "send"), ("outcome", "verdict")]), 1.0);
    assert_eq!(exported.sum("largesse_unfinished", &[("what", "payout"), ("state", "outcome_unknown")]), 0.0);
    assert_eq!(exported.sum("largesse_ledger_writer", &[("book", "demo")]), 1.0);
    assert!(exported.sum("process_memory_usage_bytes", &[]) > 0.0);
    // A fleet has no console; one process more has.
    let visited = tempfile::tempdir().unwrap();
    exported.read(&console::visited(visited.path()).await);
    for (page, status) in [("/", "200"), ("none", "404"), ("/console/callback", "303")] {
        assert_eq!(exported.sum("largesse_console_requests_total", &[("page", page), ("status", status)]), 1.0, "{page}");
    }
    for outcome in ["signed_in", "not_finished"] {
        assert_eq!(exported.sum("largesse_console_logins_total", &[("outcome", outcome)]), 1.0, "{outcome}");
    }
    assert_eq!(exported.sum("largesse_console_sessions", &[]), 1.0);
    assert_eq!(exported.sum("largesse_console_request_duration_seconds_count", &[("page", "/")]), 1.0);
    queries::check(&exported);

    // Stopping exports what is left.
    fleet.stop().await.unwrap();
    let names = collector.metrics();
    for name in ["rpc.server.call.duration", "largesse.ledger.moved", "largesse.payouts", "largesse.unfinished.age"] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    assert!(collector.logs().iter().any(|line| line.contains("book loaded")), "{:?}", collector.logs());
    // A commit contains many calls, so its span is linked to each, including the gift's.
    let spans = collector.spans();
    let commits = spans.iter().filter(|span| span.name == "ledger.commit");
    let linked = |span: &&opentelemetry_proto::tonic::trace::v1::Span| span.links.iter().any(|link| hex(&link.trace_id) == GIFT_TRACE);
    let commit = commits.clone().find(linked).expect("the gift's commit");
    let members: Vec<_> = commit.links.iter().map(|link| link.span_id.clone()).collect();
    assert!(spans.iter().any(|span| members.contains(&span.span_id) && span.name.contains("LedgerService/Post")), "{commit:?}");
    assert!(commit.end_time_unix_nano > commit.start_time_unix_nano);
}
