//! Split: one process for each service, each with its own store only, and one trace through all of them.
use crate::fleets::{book, databases, options};
use api::gift::SendGiftRequest;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use testbed::collector::OtlpCollector;
use tonic::Request;
use uuid::Uuid;

/// Database files that a process has open.
fn open_stores(process: u32) -> Vec<String> {
    let links =
        std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let mut stores: Vec<String> = links
        .filter(|file| file.extension().is_some_and(|e| e == "db"))
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    stores.sort_unstable();
    stores.dedup();
    stores
}

fn traced<T>(mut request: Request<T>, trace: &str, span: &str) -> Request<T> {
    request.metadata_mut().insert("traceparent", format!("00-{trace}-{span}-01").parse().unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_and_a_payout_show_every_hop_and_no_process_opens_anothers_store() {
    let databases = databases();
    let (collector, url) = OtlpCollector::start().await;
    let mut options = options(databases.dir.path(), databases.sqlite.clone(), &Service::ALL);
    options.environment.push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url));
    let fleet = Fleet::start(options).await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 1_000).await.unwrap();

    let (gift_trace, payout_trace, span) = ("0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd8448eb211c80319d", "b7ad6b7169203331");
    let viewer = installation.token("u1", Role::Viewer).unwrap();
    let request_id = Uuid::now_v7().to_string();
    let gift =
        SendGiftRequest { request_id, room_id: "r".into(), creator_id: "c1".into(), gift_id: 5879, quantity: 20, ..Default::default() };
    installation.gift().send_gift(traced(authorised(gift, &viewer).unwrap(), gift_trace, span)).await.unwrap();
    crate::hops::payout::settled(&installation, |request| traced(request, payout_trace, span)).await;

    for (process, services) in fleet.processes() {
        let own: &[&str] = match services[0] {
            // These two share a process.
            Service::Ledger | Service::Support => &["ledger.db", "support.db"],
            Service::Sandbox => &[
                "sandbox_achbank.db",
                "sandbox_alipay.db",
                "sandbox_bank.db",
                "sandbox_globalbank.db",
                "sandbox_google.db",
                "sandbox_stripe.db",
                "sandbox_wechat.db",
            ],
            Service::Purchase => &["purchase.db"],
            Service::Gift => &["gift.db"],
            Service::Earnings => &["earnings.db"],
            Service::Payout => &["payout.db"],
            Service::Treasury => &["treasury.db"],
            // The monitor compares all stores, so it reads them all; and it has its own.
            Service::Monitor => {
                &["earnings.db", "gift.db", "ledger.db", "monitor.db", "payout.db", "purchase.db", "support.db", "treasury.db"]
            }
        };
        assert_eq!(open_stores(process.unwrap()), own, "{services:?}");
    }
    // Stopping exports every process's spans.
    fleet.stop().await.unwrap();
    let shows = |trace: &str, wanted: &[(&str, usize)]| {
        let names = collector.names(trace, span);
        for (part, least) in wanted {
            let found = names.iter().filter(|name| name.contains(part)).count();
            assert!(found >= *least, "{part} {found} times in {names:?}");
        }
    };
    // A client and a server span for a call between services; one server span for a call by the test.
    shows(gift_trace, &[("GiftService/SendGift", 1), ("LedgerService/Post", 2)]);
    shows(payout_trace, &[("PayoutService/RequestPayout", 1), ("LedgerService/Post", 2), ("LedgerService/PostPending", 2), ("bank", 1)]);
}

pub mod payout;
