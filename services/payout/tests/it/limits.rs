//! Limits by tier, thresholds that two people change, and the wait of first payouts.

use crate::{
    reviews::{asked, end, in_review, new_id, open_review, recorded, refused, reviews, told},
    world::{BOOK, World, on_both},
};
use api::payout::{
    ApprovePayoutThresholdRequest, ListReviewsRequest, PayoutReview, PayoutState, ProposePayoutThresholdRequest, ReviewKind, ReviewState,
    SetPayoutTierRequest,
};
use api::r#type::Money;
use identity::Role;
use payout::{
    config::{ApprovalConfig, TierConfig, TierLimitConfig},
    store::Store,
};
use std::time::Duration;
use tonic::Code;

/// Changes rows, as time would.
pub async fn set(world: &World, sql: String) {
    let mut tx = Store::inspect(&world.database).await.unwrap().begin().await.unwrap();
    let changed = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(&mut *tx).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_threshold_is_changed_by_two_people_below_its_bound() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        config.review.approvals = vec![ApprovalConfig { currency: "USD".into(), above_minor_units: 400, minor_units_max: 900 }];
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let propose = async |who: &str, currency: &str, minor_units: i64| {
            let threshold = Some(Money { currency_code: currency.into(), minor_units });
            let request = ProposePayoutThresholdRequest { request_id: new_id(), book: BOOK.into(), threshold };
            let answer = running.client().propose_payout_threshold(world.bed.by(who, Role::Finance, request)).await;
            answer.map(|answer| answer.into_inner().threshold.unwrap())
        };
        let approve = async |who: &str, id: &str| {
            let request = ApprovePayoutThresholdRequest { request_id: new_id(), book: BOOK.into(), threshold_id: id.into() };
            let answer = running.client().approve_payout_threshold(world.bed.by(who, Role::Finance, request)).await;
            answer.map(|answer| answer.into_inner().threshold.unwrap())
        };
        for (currency, minor_units) in [("USD", 901), ("EUR", 1)] {
            assert_eq!(told(&propose("fay", currency, minor_units).await.unwrap_err()), refused("THRESHOLD_ABOVE_BOUND"));
        }
        assert_eq!(told(&propose("fay", "USD", 0).await.unwrap_err()).0, Code::InvalidArgument);
        let proposed = propose("fay", "USD", 600).await.unwrap();
        assert_eq!(told(&approve("fay", &proposed.threshold_id).await.unwrap_err()), refused("SAME_PERSON"));
        assert_eq!(told(&approve("gus", &new_id()).await.unwrap_err()), (Code::NotFound, "THRESHOLD_UNKNOWN".to_owned()));
        let beneficiary_id = recorded(&running, "ana", "Ana Müller", "9000000001").await;
        in_review(&running, &asked(&running, &beneficiary_id, 500).await).await;
        let approved = approve("gus", &proposed.threshold_id).await.unwrap();
        assert_eq!((approved.approved_by.as_str(), approved.approve_time.is_some()), ("gus", true));
        let payout = asked(&running, &beneficiary_id, 500).await;
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);
        in_review(&running, &asked(&running, &beneficiary_id, 601).await).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_limits_of_a_tier_hold_across_midnight() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        let limit = TierLimitConfig {
            currency: "USD".into(),
            payout_minor_units_max: 700,
            window: Duration::from_secs(86_400),
            window_minor_units_max: 1_000,
            window_payouts_max: 0,
        };
        let tier = |name: &str, limits| TierConfig { name: name.into(), source: "a test".into(), limits };
        config.review.tiers = vec![tier("basic", vec![limit]), tier("known", Vec::new())];
        config.review.default_tier = "basic".into();
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let beneficiary_id = recorded(&running, "ana", "Ana Müller", "9000000001").await;
        let first = asked(&running, &beneficiary_id, 600).await;
        assert_eq!(end(&running, &first).await.state(), PayoutState::Settled);
        // Requested 23 hours earlier: before midnight, and within the window all the same.
        set(&world, format!("UPDATE payout SET created_at_ms = created_at_ms - 82800000 WHERE payout_id = '{}'", first.payout_id)).await;
        let second = in_review(&running, &asked(&running, &beneficiary_id, 401).await).await;
        assert_eq!(open_review(&world, &running, &second).await.kind(), ReviewKind::Velocity);
        // Once the first one is out of the window, the same amount is paid, although the second one waits.
        set(&world, format!("UPDATE payout SET created_at_ms = created_at_ms - 7200000 WHERE payout_id = '{}'", first.payout_id)).await;
        let third = asked(&running, &beneficiary_id, 599).await;
        assert_eq!(end(&running, &third).await.state(), PayoutState::Settled);
        let large = in_review(&running, &asked(&running, &beneficiary_id, 701).await).await;
        let both = reviews(&world, &running, ListReviewsRequest::default()).await;
        let mut kinds: Vec<ReviewKind> = both.iter().filter(|one| one.payout_id == large.payout_id).map(PayoutReview::kind).collect();
        kinds.sort();
        assert_eq!(kinds, [ReviewKind::Limit, ReviewKind::Velocity], "each needs its own decision");

        let tier = async |user: &str, tier: &str| {
            let request = SetPayoutTierRequest { request_id: new_id(), book: BOOK.into(), user_id: user.into(), tier: tier.into() };
            running.client().set_payout_tier(world.bed.unexplained("kyc", Role::Service, &[BOOK], request)).await
        };
        assert_eq!(told(&tier("ana", "gold").await.unwrap_err()), (Code::NotFound, "TIER_UNKNOWN".to_owned()));
        assert_eq!(told(&tier("no such/key", "known").await.unwrap_err()).0, Code::InvalidArgument);
        assert_eq!(tier("ana", "known").await.unwrap().into_inner().tier, "known");
        let unlimited = asked(&running, &beneficiary_id, 5_000).await;
        assert_eq!(end(&running, &unlimited).await.state(), PayoutState::Settled);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_first_payout_to_an_account_waits_for_its_time() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        config.review.first_payout_delay = Duration::from_secs(3_600);
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let beneficiary_id = recorded(&running, "ana", "Ana Müller", "9000000001").await;
        let payout = in_review(&running, &asked(&running, &beneficiary_id, 500).await).await;
        let review = open_review(&world, &running, &payout).await;
        let wait = review.due_time.unwrap().seconds - payout.create_time.unwrap().seconds;
        assert_eq!((review.kind(), wait), (ReviewKind::FirstPayout, 3_600));
        // An hour later.
        let place = format!("WHERE payout_id = '{}'", payout.payout_id);
        set(&world, format!("UPDATE payout_review SET ends_at_ms = ends_at_ms - 3600000 {place}")).await;
        let hour = "created_at_ms = created_at_ms - 3600000, due_at_ms = due_at_ms - 3600000, version = version + 1";
        set(&world, format!("UPDATE payout SET {hour} {place}")).await;
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);
        let passed = reviews(&world, &running, ListReviewsRequest::default()).await.remove(0);
        assert_eq!((passed.state(), passed.decided_by.as_str()), (ReviewState::Passed, ""));
        let next = asked(&running, &beneficiary_id, 500).await;
        assert_eq!(end(&running, &next).await.state(), PayoutState::Settled, "the second one does not wait");
        running.stop().await;
        world.close().await;
    })
    .await;
}
