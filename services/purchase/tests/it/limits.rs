//! Limits of purchases: by age, day and month; what users set for themselves; and what is paid all the same.

use std::time::{Duration, SystemTime};

use api::purchase::{
    GetSpendingRulesRequest, GetWalletRequest, ListCoinPackagesRequest, PauseSpendingRequest, SetSpendingLimitRequest,
    SetSpendingProfileRequest, SetSpendingProfileResponse, SpendingAllowance, SpendingBound, SpendingLimitSetter, SpendingWindow,
};
use futures::future::join_all;
use identity::Role;
use money::{BookName, UserKey};
use prost_types::Timestamp;
use testbed::{Storage, crash};
use tonic::Status;

use crate::fixture::{BOOK, new_id, reason};
use crate::lots::catch_up;
use crate::refunding::{hours, options, settle_from};
use crate::stripe::world::{PRODUCT, World};

const RULES: &str = r#"
version = "rules-1"

[[rule]]
market = "US"
valid_from = "2026-01-01"
source = "invented"
currency = "USD"
time_zone = "UTC"
minimum_age = 13
unknown_counts_as = 18

[[rule.band]]
from_age = 13
purchase = "0.70"

[[rule.band]]
from_age = 18
day = "2.00"
month = "20.00"
"#;

async fn on(storage: Storage, rules: &str) -> World {
    let file = storage.dir.path().join("rules.toml");
    std::fs::write(&file, rules).unwrap();
    let mut world = World::on(storage).await;
    world
        .fixture
        .reconfigure(|config| {
            config.spending_rules = Some(file);
            config.refunds = options();
        })
        .await;
    world.fixture.stop_background();
    world
}

async fn both() -> [World; 2] {
    [on(Storage::sqlite(), RULES).await, on(Storage::postgres(), RULES).await]
}

async fn buy(world: &World, user: &str) -> Result<String, Status> {
    world.create(user, &new_id(), PRODUCT).await.map(|made| made.checkout_id)
}

/// The reason of a refusal, and these of its facts.
fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, facts: &[&str]) -> Vec<String> {
    let status = answer.unwrap_err();
    let found = rpc::facts(&status);
    let facts = facts.iter().map(|fact| found.get(*fact).cloned().unwrap_or_default());
    std::iter::once(rpc::reason(&status).unwrap()).chain(facts).collect()
}

async fn rules(world: &World, user: &str, market: &str) -> SpendingAllowance {
    let message = GetSpendingRulesRequest { market: market.to_owned(), ..Default::default() };
    let answer = world.fixture.client().get_spending_rules(world.fixture.from(user, message)).await.unwrap().into_inner();
    assert_eq!(answer.rules_version, "rules-1");
    answer.spending.unwrap()
}

fn bound(of: &SpendingAllowance, window: SpendingWindow, set_by: SpendingLimitSetter) -> SpendingBound {
    of.bounds.iter().find(|bound| (bound.window(), bound.set_by()) == (window, set_by)).cloned().unwrap_or_default()
}

fn units(of: &SpendingBound) -> [Option<i64>; 3] {
    [&of.limit, &of.spent, &of.left].map(|money| money.as_ref().map(|money| money.minor_units))
}

async fn set_profile(world: &World, role: Role, age: Option<i32>, zone: &str) -> Result<SetSpendingProfileResponse, Status> {
    let message =
        SetSpendingProfileRequest { user_id: "ann".to_owned(), age_at_least: age, time_zone: zone.to_owned(), ..Default::default() };
    let answer = world.fixture.client().set_spending_profile(world.fixture.with_role("app", role, BOOK, message)).await;
    answer.map(tonic::Response::into_inner)
}

async fn limit(world: &World, day: Option<i64>, month: Option<i64>) -> SpendingAllowance {
    let message =
        SetSpendingLimitRequest { currency_code: "USD".to_owned(), day_minor_units: day, month_minor_units: month, ..Default::default() };
    world.fixture.client().set_spending_limit(world.fixture.from("ann", message)).await.unwrap().into_inner().spending.unwrap()
}

async fn pause(world: &World, seconds: i64) -> Result<Timestamp, Status> {
    let until = Some(Timestamp { seconds, nanos: 0 });
    let message = PauseSpendingRequest { until, ..Default::default() };
    let answer = world.fixture.client().pause_spending(world.fixture.from("ann", message)).await;
    answer.map(|answer| answer.into_inner().paused_until.unwrap())
}

const DAY: (SpendingWindow, SpendingLimitSetter) = (SpendingWindow::Day, SpendingLimitSetter::Market);
const OWN_DAY: (SpendingWindow, SpendingLimitSetter) = (SpendingWindow::Day, SpendingLimitSetter::User);

#[tokio::test]
async fn orders_that_can_be_paid_count_and_what_ended_or_was_paid_back_does_not() {
    for world in both().await {
        let paid = world.create("ann", &new_id(), PRODUCT).await.unwrap();
        let open = world.create("ann", &new_id(), PRODUCT).await.unwrap();
        let expected = ["SPENDING_LIMIT", "day", "market", "USD", "200", "52"];
        let facts = ["window", "set_by", "currency", "limit_minor_units", "left_minor_units"];
        assert_eq!(refused(buy(&world, "ann").await, &facts), expected);
        let now = rules(&world, "ann", "US").await;
        let day = bound(&now, DAY.0, DAY.1);
        assert_eq!(units(&day), [Some(200), Some(148), Some(52)]);
        assert!(day.reset_time.unwrap().seconds % 86_400 == 0, "midnight in UTC");
        assert_eq!((now.time_zone.as_str(), now.age_allows, now.minimum_age), ("UTC", true, 13));
        // The same in the wallet and beside the packages.
        let message = GetWalletRequest { market: "US".to_owned(), ..Default::default() };
        let wallet = world.fixture.client().get_wallet(world.fixture.from("ann", message)).await.unwrap().into_inner();
        let message = ListCoinPackagesRequest { market: "US".to_owned(), ..Default::default() };
        let listed = world.fixture.client().list_coin_packages(world.fixture.from("ann", message)).await.unwrap().into_inner();
        assert_eq!((wallet.spending, listed.spending), (Some(now.clone()), Some(now)));
        world.act("pay", &paid).await;
        world.act("expire", &open).await;
        world.fixture.service.sweep_orders(hours(1)).await.unwrap();
        catch_up(&world.fixture).await;
        let day = async || units(&bound(&rules(&world, "ann", "US").await, DAY.0, DAY.1));
        assert_eq!(day().await, [Some(200), Some(74), Some(126)]);
        buy(&world, "ann").await.unwrap();
        assert_eq!(reason(buy(&world, "ann").await), "SPENDING_LIMIT");
        buy(&world, "bob").await.unwrap();
        let purchase_id = world.get("ann", &paid.checkout_id).await.unwrap().purchase_id;
        world.fixture.refund("ann", &purchase_id, None).await.unwrap();
        settle_from(&world.fixture, 2).await;
        assert_eq!(day().await, [Some(200), Some(74), Some(126)], "what was paid back counts no longer");
        let shown = world.purchase("ann", &purchase_id).await.purchase.unwrap();
        assert_eq!((shown.over_limit.as_str(), shown.refunded.unwrap().minor_units), ("", 74));
    }
}

#[tokio::test]
async fn orders_at_once_take_no_more_than_is_left() {
    for world in both().await {
        let answers = join_all((0..16).map(|_| buy(&world, "ann"))).await;
        let (made, not): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), not.len()), (2, 14));
        for answer in not {
            assert_eq!(reason(answer), "SPENDING_LIMIT");
        }
        // Wherever a call is lost, its order counts once.
        let id = new_id();
        for polls in 1..60 {
            let done = crash(world.create("bob", &id, PRODUCT), polls).await.is_some();
            let (orders, spent): (i64, i64) = sqlx::query_as(
                "SELECT (SELECT COUNT(*) FROM store_order WHERE user_id = 'bob'), (SELECT COUNT(*) FROM spending WHERE user_id = 'bob')",
            )
            .fetch_one(&world.fixture.pool().await)
            .await
            .unwrap();
            assert_eq!(orders, spent, "after {polls} polls");
            if done {
                break;
            }
        }
        world.create("bob", &id, PRODUCT).await.unwrap();
        assert_eq!(units(&bound(&rules(&world, "bob", "US").await, DAY.0, DAY.1))[1], Some(74));
    }
}

#[tokio::test]
async fn ages_are_set_by_the_app_and_bind_its_users() {
    for world in both().await {
        assert_eq!(reason(set_profile(&world, Role::Viewer, Some(50), "").await), "PERMISSION_DENIED");
        set_profile(&world, Role::Service, Some(12), "").await.unwrap();
        assert_eq!(refused(buy(&world, "ann").await, &["market", "minimum_age"]), ["AGE", "US", "13"]);
        assert!(!rules(&world, "ann", "US").await.age_allows);
        set_profile(&world, Role::Service, Some(13), "").await.unwrap();
        assert_eq!(refused(buy(&world, "ann").await, &["window", "limit_minor_units"]), ["SPENDING_LIMIT", "purchase", "70"]);
        set_profile(&world, Role::Support, Some(18), "America/New_York").await.unwrap();
        buy(&world, "ann").await.unwrap();
        assert_eq!(rules(&world, "ann", "US").await.time_zone, "America/New_York", "nothing had been spent");
        // From now on another zone waits until the day is over.
        let moved = set_profile(&world, Role::Service, Some(18), "Pacific/Auckland").await.unwrap();
        assert_eq!(moved.time_zone, "America/New_York");
        assert!(moved.time_zone_from.unwrap().seconds > crate::checkouts::now_s());
        for (age, zone) in [(Some(-1), ""), (Some(151), ""), (None, "Mars/Olympus"), (None, "../../etc/passwd"), (None, "\0")] {
            assert_eq!(reason(set_profile(&world, Role::Service, age, zone).await), "MALFORMED", "{age:?} {zone}");
        }
    }
}

#[tokio::test]
async fn less_counts_at_once_and_more_only_later() {
    for world in both().await {
        let now = limit(&world, Some(100), None).await;
        assert_eq!(units(&bound(&now, OWN_DAY.0, OWN_DAY.1)), [Some(100), Some(0), Some(100)]);
        buy(&world, "ann").await.unwrap();
        assert_eq!(refused(buy(&world, "ann").await, &["set_by", "left_minor_units"]), ["SPENDING_LIMIT", "user", "26"]);
        let raised = limit(&world, None, None).await;
        let day = bound(&raised, OWN_DAY.0, OWN_DAY.1);
        assert_eq!((day.limit.as_ref().unwrap().minor_units, &day.next_limit), (100, &None));
        assert!(day.next_time.unwrap().seconds > crate::checkouts::now_s() + 6 * 86_400);
        assert_eq!(reason(buy(&world, "ann").await), "SPENDING_LIMIT");
        assert_eq!(bound(&limit(&world, None, None).await, OWN_DAY.0, OWN_DAY.1).next_time, day.next_time, "not awaited longer");
        // As if the delay were over.
        sqlx::query("UPDATE spending_limit SET next_from_ms = 1 WHERE next_from_ms > 0")
            .execute(&world.fixture.pool().await)
            .await
            .unwrap();
        buy(&world, "ann").await.unwrap();
        let set = async |code: &str, day: Option<i64>| {
            let message = SetSpendingLimitRequest { currency_code: code.to_owned(), day_minor_units: day, ..Default::default() };
            reason(world.fixture.client().set_spending_limit(world.fixture.from("ann", message)).await)
        };
        for (code, day) in [("", None), ("usd", None), ("USDX", Some(1)), ("USD", Some(-1)), ("USD", Some(i64::MAX))] {
            assert_eq!(set(code, day).await, "MALFORMED", "{code} {day:?}");
        }
        let message = SetSpendingLimitRequest { currency_code: "USD".to_owned(), user_id: "bob".to_owned(), ..Default::default() };
        assert_eq!(reason(world.fixture.client().set_spending_limit(world.fixture.from("ann", message)).await), "PERMISSION_DENIED");
    }
}

#[tokio::test]
async fn a_pause_lasts_and_what_a_store_sold_meanwhile_is_credited_and_flagged() {
    for world in both().await {
        let now_s = crate::checkouts::now_s();
        let before = world.create("ann", &new_id(), PRODUCT).await.unwrap();
        assert_eq!(pause(&world, now_s + 3_600).await.unwrap().seconds, now_s + 3_600);
        assert_eq!(reason(buy(&world, "ann").await), "SPENDING_PAUSED");
        assert_eq!(refused(pause(&world, now_s + 60).await, &[])[0], "SPENDING_PAUSED");
        for wrong in [now_s - 1, 0, -1, i64::MAX, i64::MIN, now_s + 20 * 366 * 86_400] {
            assert_eq!(reason(pause(&world, wrong).await), "MALFORMED", "{wrong}");
        }
        assert_eq!(pause(&world, now_s + 7_200).await.unwrap().seconds, now_s + 7_200, "longer");
        assert_eq!(rules(&world, "ann", "").await.paused_until.unwrap().seconds, now_s + 7_200);
        let receipt = world.fixture.receipt();
        let bought = world.fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert_eq!(bought.coin_balance, 70);
        let shown = world.purchase("ann", &bought.purchase.unwrap().purchase_id).await.purchase.unwrap();
        assert_eq!(shown.over_limit, "SPENDING_PAUSED");
        // An order from before the pause that is paid in time was within the limits.
        world.act("pay", &before).await;
        world.fixture.service.sweep_orders(hours(1)).await.unwrap();
        let purchase_id = world.get("ann", &before.checkout_id).await.unwrap().purchase_id;
        assert_eq!(world.purchase("ann", &purchase_id).await.purchase.unwrap().over_limit, "");
        assert_eq!(world.fixture.coins("ann").await, 140);
        // 99 in the store, and 74 on the web.
        assert_eq!(units(&bound(&rules(&world, "ann", "US").await, DAY.0, DAY.1))[1], Some(173));
        // As if it were over.
        sqlx::query("UPDATE spending_profile SET paused_until_ms = 1").execute(&world.fixture.pool().await).await.unwrap();
        assert_eq!(reason(buy(&world, "ann").await), "SPENDING_LIMIT");
        let erased = (BookName::try_new(BOOK).unwrap(), UserKey::try_new("ann").unwrap());
        world.fixture.service.store().erase(&erased.0, &erased.1).await.unwrap();
        let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM spending").fetch_one(&world.fixture.pool().await).await.unwrap();
        assert_eq!(kept, 0);
    }
}

#[tokio::test]
async fn an_order_that_is_paid_too_late_is_credited_and_flagged() {
    let world = on(Storage::sqlite(), &RULES.replace("2.00", "1.00")).await;
    for (user, other, flagged) in [("ann", true, "SPENDING_LIMIT"), ("bob", false, "")] {
        let late = world.create(user, &new_id(), PRODUCT).await.unwrap();
        let sql = "UPDATE store_order SET state = 4 WHERE order_id = $1";
        sqlx::query(sql).bind(late.checkout_id.as_str()).execute(&world.fixture.pool().await).await.unwrap();
        if other {
            buy(&world, user).await.unwrap();
        }
        world.act("pay", &late).await;
        let paid = world.events().await.pop().unwrap();
        assert_eq!(world.say(&paid).await, 200);
        world.fixture.service.sweep(SystemTime::now() + Duration::from_secs(60)).await.unwrap();
        let purchase_id = world.get(user, &late.checkout_id).await.unwrap().purchase_id;
        let shown = world.purchase(user, &purchase_id).await.purchase.unwrap();
        assert_eq!((shown.over_limit.as_str(), world.fixture.coins(user).await), (flagged, 70), "{user}");
    }
}
