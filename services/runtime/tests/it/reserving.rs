//! Payouts reserve at treasury wherever there is one, without being asked to, unless the settings say otherwise.
use crate::{
    ach::{once, until},
    blocked::{adjust, fund, on_book, request, verified},
    options,
};
use api::{
    payout::PayoutState,
    treasury::{ApplyStructureRequest, PlanStructureRequest, treasury_service_client::TreasuryServiceClient},
};
use identity::{Role, Service};
use runtime::{Error, Options, Runtime};

/// The account that pays, whose leaf is of another entity and has nothing.
const TREE: &str = r#"
[[account]]
id = "main-usd"
name = "Main"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "1"

[[leaf]]
id = "creators"
parent = "main-usd"
name = "Creators"
entity = "acme"
claims = ["demo"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn payouts_reserve_where_treasury_has_a_leaf_for_their_book_unless_they_may_not() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    fund(&fixture).await;
    let uncovered = request(&fixture, "Ana Muller").await;
    until(&fixture, &uncovered.payout_id, PayoutState::Settled).await;

    let mut treasury = TreasuryServiceClient::new(fixture.transport_for(Service::Treasury).unwrap());
    let (book, file) = ("treasury".to_owned(), TREE.to_owned());
    let plan = PlanStructureRequest { book: book.clone(), file: file.clone() };
    let plan = treasury.plan_structure(on_book(&fixture, &book, ("fay", Role::Finance), plan)).await.unwrap().into_inner();
    let apply = ApplyStructureRequest { book: book.clone(), file, hash: plan.hash };
    treasury.apply_structure(on_book(&fixture, &book, ("fay", Role::Finance), apply)).await.unwrap();
    fixture.shutdown().await;

    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let payout_id = request(&fixture, "Ana Muller").await.payout_id;
    let short = once(&fixture, &payout_id, |payout| payout.blocked_by.contains("creators can't pay it at treasury")).await;
    assert_eq!((short.state(), short.submit_posting_id.as_str()), (PayoutState::Queued, ""));
    fixture.shutdown().await;
    let mut without = options(dir.path());
    without.settings.payout.reserve_at_treasury = Some(false);
    let fixture = Runtime::start(without).await.unwrap();
    until(&fixture, &payout_id, PayoutState::Settled).await;
    let statement = async |fixture: &Runtime| {
        let url = format!("http://{}/statements/USD", fixture.address("bank").unwrap());
        http_client::local().build().unwrap().get(url).send().await.unwrap().text().await.unwrap()
    };
    assert!(!statement(&fixture).await.contains("UltmtDbtr"));
    fixture.shutdown().await;

    // A sandbox knows the name of that entity.
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    adjust(&fixture, "house/bank_cash/USD", "house/treasury/USD", 2_000).await;
    let named = request(&fixture, "Ana Muller").await;
    until(&fixture, &named.payout_id, PayoutState::Settled).await;
    let text = statement(&fixture).await;
    assert!(text.contains("<UltmtDbtr><Pty><Nm>Acme Sandbox Ltd</Nm>"), "{text}");
    fixture.shutdown().await;
    verified(dir.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_without_treasury_start_unless_they_must_reserve() {
    let dir = tempfile::tempdir().unwrap();
    let services = vec![Service::Ledger, Service::Support, Service::Sandbox, Service::Payout];
    let mut options = Options { services, ..options(dir.path()) };
    Runtime::start(options.clone()).await.unwrap().shutdown().await;
    options.settings.payout.reserve_at_treasury = Some(true);
    let error = Runtime::start(options).await.err().unwrap();
    assert!(matches!(error, Error::PeerMissing { service: Service::Payout, needed: Service::Treasury }), "{error}");
}
