//! A LIVE book sells the catalogue that its operator names and never the built-in one.
use api::{
    gift::{ListGiftsRequest, SendGiftRequest, SendGiftsRequest, gift_service_client::GiftServiceClient, send_gifts_response::Outcome},
    ledger::BookMode,
};
use futures::StreamExt as _;
use gift::Config;
use identity::Role;
use std::path::PathBuf;
use testbed::{Storage, Testbed, TestbedOptions};
use tonic::Code;

use crate::fixture::rose;

const BOOKS: &[(&str, BookMode)] = &[("live", BookMode::Live), ("test", BookMode::Test)];

async fn over(bed: &Testbed, catalogue: Option<PathBuf>) -> GiftServiceClient<rpc::Transport> {
    let config = Config { catalogue, ..Config::default() };
    let service = gift::start(crate::fixture::deps(bed), config).await.unwrap();
    GiftServiceClient::new(bed.lay(service.routes()))
}

fn told(status: &tonic::Status) -> (Code, String) {
    (status.code(), rpc::reason(status).unwrap())
}

#[tokio::test]
async fn what_is_built_in_is_not_sold_in_a_live_book_and_an_accepted_gift_keeps_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("gifts.toml");
    std::fs::write(&own, "version = \"1\"\ngifts = [{ id = 5655, name = \"Pear\", cost_coins = 5 }]\n").unwrap();
    // A copy with another version still counts as built in.
    let copied = dir.path().join("copied.toml");
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue.toml")).unwrap();
    std::fs::write(&copied, text.replace("version = \"", "version = \"ours-")).unwrap();

    let bed = Testbed::on(Storage::sqlite(), TestbedOptions { books: BOOKS, recorded: false }).await;
    bed.post("purchase.test", "house/coins/issued", "viewer/ann/coins", 100).await;
    let by = |book: &str, message| bed.unexplained("ann", Role::Viewer, &[book], message);
    let accepted = rose();
    let first = over(&bed, Some(own)).await.send_gift(by("live", accepted.clone())).await.unwrap().into_inner();
    assert_eq!(first.cost_coins, 5);
    for catalogue in [None, Some(copied)] {
        let mut gifts = over(&bed, catalogue).await;
        let list = |book| bed.unexplained("ann", Role::Viewer, &[book], ListGiftsRequest::default());
        let no = gifts.list_gifts(list("live")).await.unwrap_err();
        assert_eq!(told(&no), (Code::FailedPrecondition, "LIST_BUILT_IN".to_owned()), "{no:?}");
        assert!(!gifts.list_gifts(list("test")).await.unwrap().into_inner().gifts.is_empty());
        let no = gifts.send_gift(by("live", rose())).await.unwrap_err();
        assert_eq!(told(&no), (Code::FailedPrecondition, "LIST_BUILT_IN".to_owned()), "{no:?}");
        let again = gifts.send_gift(by("live", accepted.clone())).await.unwrap().into_inner();
        assert_eq!((again.replayed, again.cost_coins), (true, 5));
        let items = [rose(), accepted.clone()].map(|gift: SendGiftRequest| SendGiftsRequest { gift: Some(gift) });
        let sent = bed.unexplained("ann", Role::Viewer, &["live"], futures::stream::iter(items));
        let answers: Vec<_> = gifts.send_gifts(sent).await.unwrap().into_inner().map(Result::unwrap).collect().await;
        let charged: Vec<i64> = answers
            .iter()
            .filter_map(|answer| match &answer.outcome {
                Some(Outcome::Accepted(accepted)) => Some(accepted.cost_coins),
                _ => None,
            })
            .collect();
        assert_eq!((answers.len(), charged), (2, vec![5]), "{answers:?}");
    }
    assert_eq!(bed.balance("viewer/ann/coins").await, 95);
}
