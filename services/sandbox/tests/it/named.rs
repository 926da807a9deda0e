//! Whatever the counterparts can be told to do has a name (`scenarios`), and they take what the name sends.

use crate::{stripe::form, town::on_both, wallets::page};
use db::Database;
use sandbox::{
    achbank, alipay,
    bank::{self, ANY_ACCOUNT, MAGIC, NOT_BY_ACCOUNT, TownConfig},
    globalbank::{self, API_BEHAVIOURS},
    google::SandboxGooglePlay,
    store::{self, StoreNeighbours},
    stripe, wallet, wechat,
};
use scenarios::{NotSent, SandboxAddresses, ScenarioTerms, all, client, find, send};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The name of a behaviour without its details.
fn bare(behaviour: &str) -> String {
    behaviour.split(':').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_behaviour_of_the_banks_has_a_name_and_is_taken() {
    on_both(async |database| {
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = TownConfig { bank: bank::Config::default(), ach: achbank::Config::default(), global: globalbank::Config::default() };
        let town = bank::start_with_others(listener, &database, config, shutdown.clone()).await.unwrap();
        let addresses = SandboxAddresses::try_new(&town.url(), &town.url(), &town.url()).unwrap();
        let http = client().unwrap();
        let (mut of_bank, mut of_json) = (BTreeSet::new(), BTreeSet::new());
        for scenario in all().filter(|scenario| scenario.takes.contains(&"account") || scenario.takes.contains(&"holder")) {
            let mut terms = ScenarioTerms { times: Some(1), ..ScenarioTerms::default() };
            if scenario.takes.contains(&"holder") {
                terms.holder = Some("Nobody".to_owned());
            }
            let call = scenario.calls(&terms, &addresses).unwrap().remove(0);
            send(&http, &call).await.unwrap();
            let behaviour = bare(call.body["behaviour"].as_str().unwrap());
            assert!(if call.url.contains("/global/") { of_json.insert(behaviour) } else { of_bank.insert(behaviour) }, "{call:?}");
        }
        let known = MAGIC.iter().map(|magic| magic.behaviour).chain(NOT_BY_ACCOUNT).map(bare).collect::<BTreeSet<_>>();
        assert_eq!(of_bank, known);
        assert_eq!(of_json, API_BEHAVIOURS.into_iter().map(bare).collect());
        let refused = ScenarioTerms { payout: Some("no-such-payment".to_owned()), ..ScenarioTerms::default() };
        let call = find("payout.returned").unwrap().calls(&refused, &addresses).unwrap().remove(0);
        assert!(matches!(send(&http, &call).await, Err(NotSent::Refused { status: 404, .. })));
        for name in ["ach.days_passed", "statement.unknown_credit"] {
            let call = find(name).unwrap().calls(&ScenarioTerms::default(), &addresses).unwrap().remove(0);
            send(&http, &call).await.unwrap();
        }
        assert_eq!(ANY_ACCOUNT, "*", "as the next payment is named");
        shutdown.cancel();
        drop(http);
        town.stopped().await.unwrap();
    })
    .await;
}

/// The stores behind one listener, as a sandbox has them.
async fn stores(database: &Database, dir: &std::path::Path, shutdown: &CancellationToken) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let google = SandboxGooglePlay::open(database, format!("http://{address}")).await.unwrap();
    let below = |path: &str| format!("{address}{}", path.trim_end_matches('/'));
    let cards = stripe::open(database, stripe::Config::default(), below(stripe::STRIPE_PATH), shutdown.clone()).await.unwrap();
    let of_alipay = alipay::open(database, wallet::Config::default(), below(alipay::ALIPAY_PATH), shutdown.clone()).await.unwrap();
    let of_wechat = wechat::open(database, wallet::Config::default(), below(wechat::WECHAT_PATH), shutdown.clone()).await.unwrap();
    let others = vec![(stripe::STRIPE_PATH, cards), (alipay::ALIPAY_PATH, of_alipay), (wechat::WECHAT_PATH, of_wechat)];
    store::start(listener, dir, StoreNeighbours { google: Some(&google), others }, shutdown.clone()).await.unwrap();
    format!("http://{address}")
}

#[tokio::test]
async fn a_purchase_is_paid_and_refunded_by_the_ids_that_it_shows() {
    on_both(async |database| {
        let (dir, shutdown) = (tempfile::tempdir().unwrap(), CancellationToken::new());
        let url = stores(&database, dir.path(), &shutdown).await;
        // What is reported reaches an address that takes everything.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhooks = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(async || "success")).await });
        let addresses = SandboxAddresses::try_new(&url, &url, &webhooks).unwrap();
        let http = client().unwrap();
        let answered = async |name: &str, store: &str, id: &str| -> Result<Value, NotSent> {
            let terms = ScenarioTerms { store: Some(store.to_owned()), transaction: Some(id.to_owned()), ..ScenarioTerms::default() };
            let call = find(name).unwrap().calls(&terms, &addresses).unwrap().remove(0);
            Ok(serde_json::from_str(&send(&http, &call).await?).unwrap_or_default())
        };
        let post = async |path: &str, body: Value| -> Value {
            http.post(format!("{url}{path}")).json(&body).send().await.unwrap().json().await.unwrap()
        };
        for name in ["webhooks.late", "webhooks.twice", "webhooks.disorder", "webhooks.lost", "webhooks.delivered"] {
            for call in find(name).unwrap().calls(&ScenarioTerms::default(), &addresses).unwrap() {
                send(&http, &call).await.unwrap();
            }
        }

        let sold = post("/apple/purchases", json!({"bundle_id": "a.b", "product_id": "coins", "price": 4990, "currency": "USD"})).await;
        let said = answered("purchase.refunded", "apple", sold["transactionId"].as_str().unwrap()).await.unwrap();
        assert_eq!((&said["transactionId"], &said["answers"]), (&sold["transactionId"], &json!([200])));
        assert!(matches!(answered("purchase.refunded", "apple", "4711").await, Err(NotSent::Refused { status: 404, .. })));

        let sold = post("/google/purchases", json!({"package_name": "a.b", "product_id": "coins", "quantity": 2})).await;
        answered("purchase.refunded", "google", sold["orderId"].as_str().unwrap()).await.unwrap();
        let again = answered("purchase.refunded", "google", sold["purchaseToken"].as_str().unwrap()).await;
        assert!(matches!(again, Err(NotSent::Refused { status: 400, .. })), "{again:?}");
        assert!(answered("purchase.refunded", "google", "GPA.0").await.is_err());

        let made = http.post(format!("{url}/stripe/v1/checkout/sessions")).bearer_auth(stripe::TEST_KEY).body(form("one"));
        let session: Value = made.send().await.unwrap().json().await.unwrap();
        let paid = answered("purchase.paid", "stripe", session["id"].as_str().unwrap()).await.unwrap();
        let payment = paid["payment_intent"].as_str().unwrap();
        assert_eq!(answered("purchase.refunded", "stripe", payment).await.unwrap()["amount"], json!(99));
        assert!(matches!(answered("purchase.refunded", "stripe", "pi_0").await, Err(NotSent::Refused { status: 409, .. })));

        assert!(http.get(format!("{url}/alipay/gateway.do?{}", page("one", true))).send().await.unwrap().status().is_success());
        let trade = answered("purchase.paid", "alipay", "o-n-e").await.unwrap();
        let refunded = answered("purchase.refunded", "alipay", trade["number"].as_str().unwrap()).await.unwrap();
        assert_eq!(refunded["refunded_fen"], json!(498));
        shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn a_report_that_its_receiver_refuses_is_no_success() {
    let (dir, shutdown) = (tempfile::tempdir().unwrap(), CancellationToken::new());
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let url = stores(&database, &dir.path().join("store"), &shutdown).await;
    let order = json!({"bundle_id": "a.b", "product_id": "coins", "price": 4990, "currency": "USD"});
    let http = client().unwrap();
    let sold: Value = http.post(format!("{url}/apple/purchases")).json(&order).send().await.unwrap().json().await.unwrap();
    // The stores themselves are no receiver of reports.
    let addresses = SandboxAddresses::try_new(&url, &url, &url).unwrap();
    let terms = ScenarioTerms {
        store: Some("apple".to_owned()),
        transaction: Some(sold["transactionId"].as_str().unwrap().to_owned()),
        ..ScenarioTerms::default()
    };
    let call = find("purchase.refunded").unwrap().calls(&terms, &addresses).unwrap().remove(0);
    let error = send(&http, &call).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    shutdown.cancel();
}
