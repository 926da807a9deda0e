//! Why a wallet is not closed or merged, each with what is in the way, and nothing done.

use api::ledger::AccountState;
use api::purchase::{CloseWalletRequest, ListWalletChangesRequest, WalletChangeState};
use identity::Role;
use testbed::Storage;

use super::{bought_in_the_app, world};
use crate::fixture::{BOOK, new_id, reason};
use crate::lots::catch_up;
use crate::refunding::{hours, settle_from};
use crate::stripe::world::PRODUCT;

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let world = world(Storage::sqlite(), "rule = \"wait\"").await;
    let fixture = &world.fixture;
    assert_eq!(reason(fixture.close("sue", "nobody").await), "WALLET_UNKNOWN");
    assert_eq!(reason(fixture.close("sue", "").await), "MALFORMED");
    assert_eq!(reason(fixture.close("sue", &"x".repeat(65)).await), "MALFORMED");
    assert_eq!(reason(fixture.close_with(("sue", "1"), "ann").await), "MALFORMED");
    bought_in_the_app(fixture, "ann").await;
    assert_eq!(reason(fixture.close("ann", "ann").await), "SAME_PERSON");
    for role in [Role::Viewer, Role::Service, Role::Auditor] {
        let message = CloseWalletRequest { request_id: new_id(), user_id: "ann".to_owned(), ..Default::default() };
        assert_eq!(reason(fixture.client().close_wallet(fixture.with_role("ann", role, BOOK, message)).await), "PERMISSION_DENIED");
    }
    let waits = fixture.close("sue", "ann").await.unwrap_err();
    assert_eq!((rpc::reason(&waits).as_deref(), rpc::facts(&waits)["market"].as_str()), (Some("WALLET_MARKET_WAITS"), "US"));
    // Coins that nobody paid for are in no market's way; those that are read only later are.
    fixture.bed.post("campaign", "house/coins/issued", "viewer/bob/coins", 5).await;
    assert_eq!(reason(fixture.close("sue", "bob").await), "OVERLOADED", "the lots are behind");
    catch_up(fixture).await;
    world.checkout("bob").await;
    let busy = fixture.close("sue", "bob").await.unwrap_err();
    let facts = rpc::facts(&busy);
    assert_eq!((rpc::reason(&busy).as_deref(), facts["what"].as_str(), facts["count"].as_str()), (Some("WALLET_BUSY"), "checkouts", "1"));
    fixture.bed.post("refund.granted", "viewer/cleo/debt", "house/coins/issued", 3).await;
    fixture.bed.post("campaign", "house/coins/issued", "viewer/cleo/coins", 1).await;
    catch_up(fixture).await;
    assert_eq!(reason(fixture.close("sue", "cleo").await), "COINS_OWED");
    fixture.set_coins_state("dora", AccountState::Frozen).await.unwrap();
    assert_eq!(reason(fixture.close("sue", "dora").await), "WALLET_NOT_OPEN");
    // Two wallets.
    assert_eq!(reason(fixture.merge("sue", "ann", "ann").await), "MALFORMED");
    assert_eq!(reason(fixture.merge("sue", "ann", "nobody").await), "WALLET_UNKNOWN");
    assert_eq!(reason(fixture.merge("sue", "nobody", "ann").await), "WALLET_UNKNOWN");
    assert_eq!(reason(fixture.merge("sue", "ann", "dora").await), "WALLET_NOT_OPEN");
    assert_eq!(reason(fixture.merge("sue", "ann", "sue").await), "SAME_PERSON");
    let pool = fixture.pool().await;
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM wallet_change").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn one_change_of_a_wallet_at_a_time_and_each_request_once() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, "rule = \"forfeit\"").await;
        let fixture = &world.fixture;
        for user in ["ann", "bob", "cleo"] {
            bought_in_the_app(fixture, user).await;
        }
        let id = new_id();
        let (change, _) = fixture.close_with(("sue", &id), "ann").await.unwrap();
        assert_eq!(fixture.close_with(("sue", &id), "ann").await.unwrap(), (change.clone(), true));
        assert_eq!(reason(fixture.close_with(("sue", &id), "bob").await), "REQUEST_ID_REUSED");
        for refused in
            [fixture.close("tom", "ann").await, fixture.merge("tom", "ann", "bob").await, fixture.merge("tom", "bob", "ann").await]
        {
            let refused = refused.unwrap_err();
            assert_eq!(rpc::reason(&refused).as_deref(), Some("WALLET_CHANGE_OPEN"));
            assert_eq!(rpc::facts(&refused)["change_id"], change.change_id);
        }
        let many = futures::future::join_all((0..20).map(|_| fixture.close("sue", "bob"))).await;
        assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 1, "twenty at once make one");
        let rejected = fixture.reject_change("sue", &change).await.unwrap();
        assert_eq!((rejected.state(), rejected.decided_by.as_str()), (WalletChangeState::Rejected, "sue"));
        assert_eq!(reason(fixture.approve_change("tom", &change).await), "WALLET_CHANGE_DECIDED");
        fixture.service.sweep(hours(1)).await.unwrap();
        assert_eq!(fixture.coins("ann").await, 70);
        let unknown = api::purchase::WalletChange { change_id: new_id(), ..change.clone() };
        assert_eq!(reason(fixture.approve_change("tom", &unknown).await), "WALLET_CHANGE_UNKNOWN");
        let list = |user: &str, page_size, page_token: &str| {
            let (user_id, page_token) = (user.to_owned(), page_token.to_owned());
            fixture.with_role("sue", Role::Support, BOOK, ListWalletChangesRequest { user_id, page_size, page_token, ..Default::default() })
        };
        let first = fixture.client().list_wallet_changes(list("", 1, "")).await.unwrap().into_inner();
        assert_eq!((first.changes.len(), first.changes[0].user_id.as_str()), (1, "bob"));
        let second = fixture.client().list_wallet_changes(list("", 1, &first.next_page_token)).await.unwrap().into_inner();
        assert_eq!((second.changes[0].user_id.as_str(), second.next_page_token.as_str()), ("ann", ""));
        assert_eq!(reason(fixture.client().list_wallet_changes(list("ann", 1, &first.next_page_token)).await), "PAGE_TOKEN");
        assert!(fixture.client().list_wallet_changes(list("cleo", 0, "")).await.unwrap().into_inner().changes.is_empty());
    }
}

#[tokio::test]
async fn a_wallet_whose_owner_owes_coins_is_not_closed_by_the_ledger_either() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, "rule = \"forfeit\"").await;
        let fixture = &world.fixture;
        fixture.bed.post("refund.granted", "viewer/ann/debt", "house/coins/issued", 3).await;
        assert_eq!(fixture.set_coins_state("ann", AccountState::Closed).await.unwrap_err(), "COINS_OWED");
        fixture.bed.post("refund.reversed", "house/coins/issued", "viewer/ann/debt", 3).await;
        fixture.set_coins_state("ann", AccountState::Closed).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_sold_for_a_wallet_that_is_closed_or_is_being_closed() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, "rule = \"forfeit\"").await;
        let fixture = &world.fixture;
        for wallet in ["viewer/ann/coins", "viewer/bob/coins", "viewer/cleo/coins"] {
            fixture.bed.post("campaign", "house/coins/issued", wallet, 5).await;
        }
        catch_up(fixture).await;
        let (id, change) = (new_id(), fixture.close("sue", "ann").await.unwrap());
        assert_eq!(change.state(), WalletChangeState::Approved);
        let refused = world.create("ann", &id, PRODUCT).await.unwrap_err();
        let facts = rpc::facts(&refused);
        assert_eq!((rpc::reason(&refused).as_deref(), &facts["change_id"]), (Some("WALLET_CHANGE_OPEN"), &change.change_id));
        settle_from(fixture, 1).await;
        assert_eq!(fixture.change(&change).await.state(), WalletChangeState::Done);
        let refused = world.create("ann", &id, PRODUCT).await.unwrap_err();
        assert_eq!((rpc::reason(&refused).as_deref(), rpc::facts(&refused)["state"].as_str()), (Some("WALLET_NOT_OPEN"), "closed"));
        // Whose merge may still be rejected buys, and so does who gets the coins of another.
        assert_eq!(fixture.merge("sue", "bob", "cleo").await.unwrap().state(), WalletChangeState::Asked);
        for user in ["bob", "cleo"] {
            world.checkout(user).await;
        }
        let pool = fixture.pool().await;
        let orders: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM store_order").fetch_one(&pool).await.unwrap();
        assert_eq!(orders, 2);
    }
}

#[tokio::test]
async fn of_merges_that_cross_one_is_accepted() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, "rule = \"forfeit\"").await;
        let fixture = &world.fixture;
        for round in 0..25 {
            let [a, b, c] = ["a", "b", "c"].map(|user| format!("{user}{round}"));
            for user in [&a, &b, &c] {
                fixture.bed.post("campaign", "house/coins/issued", &format!("viewer/{user}/coins"), 1).await;
            }
            // Any two of these share a wallet.
            let pairs = if round % 2 == 0 { vec![(&a, &b), (&b, &a)] } else { vec![(&a, &b), (&b, &c), (&c, &a)] };
            let answers = futures::future::join_all(pairs.iter().map(|(user, into)| fixture.merge("sue", user, into))).await;
            let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
            assert_eq!(made.len(), 1, "{refused:?}");
            let change_id = made[0].as_ref().unwrap().change_id.as_str();
            for one in refused {
                let status = one.unwrap_err();
                assert_eq!(
                    (rpc::reason(&status).as_deref(), rpc::facts(&status)["change_id"].as_str()),
                    (Some("WALLET_CHANGE_OPEN"), change_id)
                );
            }
        }
    }
}
