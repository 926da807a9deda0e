//! Every service is replaced in turn under load, each in a process of its own: every failed request succeeds when it is retried, and nothing is done twice.
use crate::fleets::{assert_sound, book, databases, options};
use api::gift::SendGiftRequest;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tonic::Code;
use uuid::Uuid;

const VIEWERS: usize = 4;
/// A rose, which costs a coin.
const GIFT_ID: i64 = 5655;

/// Sends gifts one after another, each until it is accepted; returns the number of gifts.
async fn give(installation: Installation, user: String, enough: Arc<AtomicBool>, given: Arc<AtomicU64>) -> u64 {
    let token = installation.token(&user, Role::Viewer).unwrap();
    let mut mine = 0;
    while !enough.load(Ordering::SeqCst) {
        let gift = SendGiftRequest {
            request_id: Uuid::now_v7().to_string(),
            room_id: "r".into(),
            creator_id: "c1".into(),
            gift_id: GIFT_ID,
            quantity: 1,
            ..Default::default()
        };
        loop {
            let mut request = authorised(gift.clone(), &token).unwrap();
            request.set_timeout(Duration::from_secs(5));
            match installation.gift().send_gift(request).await {
                Ok(_) => break,
                Err(status) => {
                    let again = [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted];
                    assert!(again.contains(&status.code()), "{status:?}");
                    tokio::task::yield_now().await;
                }
            }
        }
        mine += 1;
        given.fetch_add(1, Ordering::SeqCst);
    }
    mine
}

async fn more(given: &AtomicU64, by: u64) {
    let wanted = given.load(Ordering::SeqCst) + by;
    while given.load(Ordering::SeqCst) < wanted {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_replaced_under_load_and_each_gift_is_charged_once() {
    let databases = databases();
    for database in [databases.sqlite.clone(), databases.postgres.clone()] {
        let dir = tempfile::tempdir().unwrap();
        let mut fleet = Fleet::start(options(dir.path(), database.clone(), &Service::ALL)).await.unwrap();
        let installation = Installation::of_fleet(&fleet, book()).unwrap();
        let shop = Shop::open(&installation).await.unwrap();
        for viewer in 0..VIEWERS {
            shop.buy(&format!("u{viewer}"), 100_000).await.unwrap();
        }
        let (enough, given) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let givers: Vec<_> = (0..VIEWERS)
            .map(|viewer| tokio::spawn(give(installation.clone(), format!("u{viewer}"), enough.clone(), given.clone())))
            .collect();
        for service in Service::ALL {
            more(&given, 20).await;
            // Once for each process; the two services that share one are replaced together.
            fleet.replace(service).await.unwrap();
        }
        more(&given, 20).await;
        enough.store(true, Ordering::SeqCst);
        let mut sent = 0;
        for giver in givers {
            sent += giver.await.unwrap();
        }
        fleet.stop().await.unwrap();
        let report = assert_sound(&database).await;
        assert_eq!(report.books[0].coins.redeemed, i128::from(sent), "each gift costs a coin");
    }
}
