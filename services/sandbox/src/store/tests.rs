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
    start(listener, dir.path(), shutdown.clone()).await.unwrap();
    let client = http_client::local().build().unwrap();
    let answer = client.post(&url).json(&purchase()).send().await.unwrap();
    assert!(answer.status().is_success());
    let signed: SignedPurchase = answer.json().await.unwrap();
    assert_eq!(signed.signed_transaction.split('.').count(), 3);
    let answer = client.post(&url).json(&StorePurchase { quantity: 99, ..purchase() }).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_root_page_shows_a_purchase_that_works_and_everything_else_leads_there() {
    let dir = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    start(listener, dir.path(), shutdown.clone()).await.unwrap();
    let client = http_client::local().build().unwrap();
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("    curl ")).collect();
    assert_eq!(commands.len(), 1, "{page}");
    let output = std::process::Command::new("bash").args(["-c", &format!("curl -sf {}", commands[0])]).output().unwrap();
    let signed: SignedPurchase = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(signed.signed_transaction.split('.').count(), 3);
    let answer = client.get(format!("{url}/apple")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("; / lists"));
    shutdown.cancel();
}
