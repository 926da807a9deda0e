//! Unit tests of the pretend app store.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use std::collections::HashSet;

use super::*;

fn purchase() -> StorePurchase {
    StorePurchase {
        bundle_id: "com.example.app".to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        app_account_token: None,
        quantity: 1,
        price: 990,
        currency: "USD".to_owned(),
        storefront: "USA".to_owned(),
    }
}

#[test]
fn the_chain_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = Store::open(dir.path()).unwrap();
    let again = Store::open(dir.path()).unwrap();
    assert_eq!(first.root_der(), again.root_der());
    again.sell(&purchase()).unwrap();
    again.hostile(&purchase(), HostileReceipt::IntermediatePurpose).unwrap();
}

#[test]
fn stores_that_open_at_once_agree_on_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let roots: HashSet<Vec<u8>> = std::thread::scope(|scope| {
        let opens: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(dir.path()).unwrap().root_der().to_vec())).collect();
        opens.into_iter().map(|open| open.join().unwrap()).collect()
    });
    assert_eq!(roots.len(), 1);
}

#[test]
fn transaction_ids_are_decimal_and_never_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let ids: HashSet<String> = (0..100).map(|_| store.sell(&purchase()).unwrap().transaction_id).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
}

#[test]
fn senseless_purchases_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for wrong in [
        StorePurchase { quantity: 0, ..purchase() },
        StorePurchase { quantity: 11, ..purchase() },
        StorePurchase { price: -1, ..purchase() },
        StorePurchase { currency: "dollars".to_owned(), ..purchase() },
        StorePurchase { product_id: String::new(), ..purchase() },
    ] {
        assert!(matches!(store.sell(&wrong), Err(Error::Purchase { .. })));
    }
}

#[tokio::test]
async fn it_sells_over_http() {
    let dir = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/apple/purchases", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    start(listener, dir.path(), StoreNeighbours::default(), shutdown.clone()).await.unwrap();
    let client = http_client::local().build().unwrap();
    let answer = client.post(&url).json(&purchase()).send().await.unwrap();
    assert!(answer.status().is_success());
    let signed: SignedPurchase = answer.json().await.unwrap();
    assert_eq!(signed.signed_transaction.split('.').count(), 3);
    let answer = client.post(&url).json(&StorePurchase { quantity: 99, ..purchase() }).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    shutdown.cancel();
}

#[tokio::test]
async fn it_delivers_copies_of_a_notification_and_says_what_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let hook = post(async move |Json(body): Json<serde_json::Value>| {
        heard.send(body["signedPayload"].as_str().unwrap().to_owned()).unwrap();
        StatusCode::ACCEPTED
    });
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/hook", hook)).await.unwrap() });
    let asked = StoreNotification { url, copies: 3, ..StoreNotification::about("REFUND", purchase()) };
    let said = store.notify(&asked).await.unwrap();
    assert_eq!(said.answers, [202; 3]);
    for _ in 0..3 {
        assert_eq!(hears.recv().await.unwrap(), said.signed_payload);
    }
    let forged = store.notification(&StoreNotification { forged: true, ..asked.clone() }).unwrap();
    assert_ne!(forged.signed_payload.split('.').next(), said.signed_payload.split('.').next(), "another chain");
    for wrong in [StoreNotification { copies: 0, ..asked.clone() }, StoreNotification { copies: 17, ..asked.clone() }] {
        assert!(matches!(store.notify(&wrong).await, Err(Error::Purchase { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_root_page_shows_a_purchase_that_works_and_everything_else_leads_there() {
    let dir = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    start(listener, dir.path(), StoreNeighbours::default(), shutdown.clone()).await.unwrap();
    let client = http_client::local().build().unwrap();
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    curl ")).collect();
    assert_eq!(commands.len(), 9, "{page}");
    let of = |path: &str| *commands.iter().find(|command| command.contains(path)).unwrap();
    let output = std::process::Command::new("bash").args(["-c", &format!("curl -sf {}", of("/apple/purchases"))]).output().unwrap();
    let signed: SignedPurchase = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(signed.signed_transaction.split('.').count(), 3);
    // To where nobody listens; the address in the page is the usual one, which somebody may have.
    let command = of("/apple/notifications").replace("127.0.0.1:7071", "127.0.0.1:1");
    let output = std::process::Command::new("bash").args(["-c", &format!("curl -sf {command}")]).output().unwrap();
    let said: SignedNotification = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((said.signed_payload.split('.').count(), said.answers), (3, vec![0, 0]));
    let answer = client.get(format!("{url}/apple")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("; / lists"));
    shutdown.cancel();
}
