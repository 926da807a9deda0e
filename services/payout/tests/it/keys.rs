//! Keys are rotated while the service runs: old rows stay readable, and all of them are resealed.
use crate::world::{BOOK, World, aba, iban, on_both, payout_request};
use api::payout::PayoutState;
use payout::{
    resealing,
    store::Store,
    vault::{Vault, rotate},
};

#[tokio::test]
async fn after_a_rotation_everything_opens_and_follows_in_the_background() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        world.fund("bob", "EUR").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let settled = running.pay("bob", iban("DE89370400440532013000"), 500).await;
        let old = std::fs::read_to_string(&world.key_file).unwrap();
        rotate(&world.key_file).unwrap();
        // The running service still has the old file, and it can read both kinds of rows.
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        running.stop().await;

        let vault = Vault::open(&world.key_file, false).unwrap();
        let store = Store::open(&world.database, &vault).await.unwrap();
        let resealed = resealing::look(&store, &vault).await.unwrap();
        assert!(resealed >= 2 + 4 + 2, "two accounts, the messages of two payouts, and whom they named: {resealed}");
        assert!(!store.all_resealed(&vault).await.unwrap(), "a second walk says so");
        assert_eq!(resealing::look(&store, &vault).await.unwrap(), 0);
        assert!(store.all_resealed(&vault).await.unwrap());

        // The old key is no longer needed.
        let text = std::fs::read_to_string(&world.key_file).unwrap();
        assert!(text.contains(old.trim()));
        let kept: Vec<&str> = text.lines().filter(|line| *line != old.trim()).collect();
        std::fs::write(&world.key_file, kept.join("\n")).unwrap();
        let running = world.start().await;
        let book = money::BookName::try_new(BOOK).unwrap();
        let messages = running.service.messages(&book, settled.payout_id.parse().unwrap()).await.unwrap();
        assert!(messages.iter().any(|message| message.body.windows(9).any(|part| part == b"DE8937040")), "they open");
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 300)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        running.stop().await;
        // The next rotation starts over.
        rotate(&world.key_file).unwrap();
        let vault = Vault::open(&world.key_file, false).unwrap();
        assert!(!Store::open(&world.database, &vault).await.unwrap().all_resealed(&vault).await.unwrap());
        world.close().await;
    })
    .await;
}
