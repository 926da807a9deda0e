//! What limits the owners of wallets that are merged, or closed.

use api::purchase::{
    GetSpendingRulesRequest, PauseSpendingRequest, SetSpendingLimitRequest, SetSpendingProfileRequest, SpendingAllowance, SpendingBound,
    SpendingWindow, WalletChangeState,
};
use identity::Role;
use prost_types::Timestamp;
use testbed::Storage;

use super::{bought_in_the_app, world};
use crate::fixture::{BOOK, Fixture, new_id, reason};
use crate::refunding::settle_from;
use crate::stripe::world::PRODUCT;

const FORFEIT: &str = "rule = \"forfeit\"";

async fn rules(fixture: &Fixture, user: &str) -> SpendingAllowance {
    let asked = fixture.from(user, GetSpendingRulesRequest::default());
    fixture.client().get_spending_rules(asked).await.unwrap().into_inner().spending.unwrap()
}

async fn limit(fixture: &Fixture, user: &str, day: Option<i64>, month: Option<i64>) {
    let message =
        SetSpendingLimitRequest { currency_code: "USD".to_owned(), day_minor_units: day, month_minor_units: month, ..Default::default() };
    fixture.client().set_spending_limit(fixture.from(user, message)).await.unwrap();
}

async fn pause(fixture: &Fixture, user: &str, seconds: i64) {
    let message = PauseSpendingRequest { until: Some(Timestamp { seconds, nanos: 0 }), ..Default::default() };
    fixture.client().pause_spending(fixture.from(user, message)).await.unwrap();
}

async fn age(fixture: &Fixture, user: &str, age_at_least: Option<i32>) {
    let message = SetSpendingProfileRequest { user_id: user.to_owned(), age_at_least, ..Default::default() };
    fixture.client().set_spending_profile(fixture.with_role("app", Role::Service, BOOK, message)).await.unwrap();
}

/// The limit by a window and what replaces it, in minor units, and when.
fn own(of: &SpendingAllowance, window: SpendingWindow) -> (Option<i64>, Option<i64>, Option<Timestamp>) {
    let found: SpendingBound = of.bounds.iter().find(|bound| bound.window() == window).cloned().unwrap_or_default();
    (found.limit.map(|limit| limit.minor_units), found.next_limit.map(|limit| limit.minor_units), found.next_time)
}

async fn merged(fixture: &Fixture, user: &str, into: &str) {
    let change = fixture.merge("sue", user, into).await.unwrap();
    fixture.approve_change("tom", &change).await.unwrap();
    settle_from(fixture, 1).await;
    assert_eq!(fixture.change(&change).await.state(), WalletChangeState::Done);
}

/// How often each user's purchases are counted.
async fn counted(fixture: &Fixture) -> Vec<(String, i64)> {
    let sql = "SELECT user_id, COUNT(*) FROM spending GROUP BY user_id ORDER BY user_id";
    sqlx::query_as(sql).fetch_all(&fixture.pool().await).await.unwrap()
}

#[tokio::test]
async fn a_merge_takes_along_what_limits_its_person_and_what_was_spent_counts_together() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let (fixture, pool) = (&world.fixture, world.fixture.pool().await);
        for user in ["ann", "bob"] {
            bought_in_the_app(fixture, user).await;
        }
        let until = crate::checkouts::now_s() + 7_200;
        limit(fixture, "ann", Some(300), None).await;
        limit(fixture, "ann", Some(900), None).await;
        let awaited = own(&rules(fixture, "ann").await, SpendingWindow::Day);
        assert_eq!((awaited.0, awaited.1), (Some(300), Some(900)));
        limit(fixture, "bob", Some(500), Some(1_000)).await;
        pause(fixture, "ann", until).await;
        pause(fixture, "bob", until - 3_600).await;
        age(fixture, "ann", Some(16)).await;
        merged(fixture, "ann", "bob").await;
        let joined = rules(fixture, "bob").await;
        assert_eq!(own(&joined, SpendingWindow::Day), (Some(300), Some(500), awaited.2), "the lower, and later no more than bob's own");
        assert_eq!(own(&joined, SpendingWindow::Month), (Some(1_000), None, None), "ann had none");
        assert_eq!(joined.paused_until.unwrap().seconds, until);
        let known: i64 =
            sqlx::query_scalar("SELECT age_at_least FROM spending_profile WHERE user_id = 'bob'").fetch_one(&pool).await.unwrap();
        assert_eq!((known, counted(fixture).await), (16, vec![("bob".to_owned(), 2)]));
        assert_eq!(reason(world.create("bob", &new_id(), PRODUCT).await), "SPENDING_PAUSED");
        // As if the pause were over: 99 twice and 74 are within 300, and 74 more are not.
        sqlx::query("UPDATE spending_profile SET paused_until_ms = 1").execute(&pool).await.unwrap();
        world.checkout("bob").await;
        let refused = world.create("bob", &new_id(), PRODUCT).await.unwrap_err();
        assert_eq!((rpc::reason(&refused).as_deref(), rpc::facts(&refused)["left_minor_units"].as_str()), (Some("SPENDING_LIMIT"), "28"));
        // What ann's app buys all the same counts for bob too.
        assert_eq!(reason(fixture.redeem("ann", &new_id(), &fixture.receipt()).await), "ACCOUNT_CLOSED");
        assert_eq!(counted(fixture).await, [("bob".to_owned(), 4)]);
        let flagged: String = sqlx::query_scalar("SELECT over_limit FROM spending WHERE over_limit <> ''").fetch_one(&pool).await.unwrap();
        assert_eq!(flagged, "SPENDING_LIMIT");
    }
}

#[tokio::test]
async fn limits_move_on_with_a_second_merge_and_only_once() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        for user in ["ann", "bob", "cleo"] {
            bought_in_the_app(fixture, user).await;
        }
        limit(fixture, "ann", None, Some(700)).await;
        merged(fixture, "ann", "bob").await;
        // Bob asks for less, and then for more; ann's limit does not come a second time.
        limit(fixture, "bob", None, Some(600)).await;
        merged(fixture, "bob", "cleo").await;
        assert_eq!(own(&rules(fixture, "cleo").await, SpendingWindow::Month), (Some(600), None, None));
        assert_eq!(counted(fixture).await, [("cleo".to_owned(), 3)]);
        assert_eq!(own(&rules(fixture, "bob").await, SpendingWindow::Month), (None, None, None), "it moved");
    }
}

#[tokio::test]
async fn a_closure_leaves_what_limits_its_owner() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        bought_in_the_app(fixture, "ann").await;
        limit(fixture, "ann", Some(300), Some(900)).await;
        pause(fixture, "ann", crate::checkouts::now_s() + 7_200).await;
        let limits = async || {
            let of = rules(fixture, "ann").await;
            (own(&of, SpendingWindow::Day), own(&of, SpendingWindow::Month), of.paused_until)
        };
        let before = limits().await;
        let change = fixture.close("sue", "ann").await.unwrap();
        if change.state() == WalletChangeState::Asked {
            fixture.approve_change("tom", &change).await.unwrap();
        }
        settle_from(fixture, 1).await;
        assert_eq!(fixture.change(&change).await.state(), WalletChangeState::Done);
        assert_eq!(limits().await, before);
        assert_eq!(counted(fixture).await, [("ann".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn a_parent_s_withdrawal_goes_with_a_merge() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        for user in ["ann", "bob"] {
            bought_in_the_app(fixture, user).await;
        }
        sqlx::query("UPDATE spending_profile SET consent_withdrawn_ms = 5 WHERE user_id = 'ann'")
            .execute(&fixture.pool().await)
            .await
            .unwrap();
        merged(fixture, "ann", "bob").await;
        assert_eq!(reason(world.create("bob", &new_id(), PRODUCT).await), "PARENT_WITHDREW_CONSENT");
    }
}
