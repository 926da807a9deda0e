//! Standing orders: one payout for each due moment, whatever crashes, and what is refused is shown.

use crate::{
    crashes::{crash, without_worker},
    world::{BOOK, FUNDS, World, aba, on_both},
};
use api::payout::{
    DeleteStandingOrderRequest, GetStandingOrderRequest, PayoutWeekday, SetStandingOrderRequest, StandingOrderTerms,
    standing_order_terms::{Amount, Day},
};
use money::{BookName, Currency, UserKey, time::unix_ms};
use payout::{
    domain::standing::{Schedule, StandingAmount, StandingOrder, StandingState},
    payouts::Payouts,
    store::{PageStart, payouts::ListedPayouts, standing},
};
use rpc::wire::TimeRange;
use std::time::SystemTime;
use tonic::Code;
use uuid::Uuid;

const WEEK_MS: i64 = 7 * 24 * 3_600_000;

fn user() -> UserKey {
    UserKey::try_new("ana").unwrap()
}

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// Stores an order of its own that is due since more than three weeks.
async fn overdue(payouts: &Payouts, beneficiary_id: Uuid, amount: StandingAmount) -> StandingOrder {
    let order = StandingOrder {
        book: book(),
        order_id: Uuid::now_v7(),
        user: user(),
        beneficiary_id,
        currency: Currency::try_new("USD").unwrap(),
        amount,
        schedule: Schedule::parse("weekly:5", "12:00", "America/New_York").unwrap(),
        next_due_ms: unix_ms(SystemTime::now()) - 3 * WEEK_MS - 1,
    };
    let mut tx = payouts.store.begin().await.unwrap();
    standing::set(&mut tx, &order).await.unwrap();
    tx.commit().await.unwrap();
    order
}

async fn requested(payouts: &Payouts) -> usize {
    let all = ListedPayouts { state: None, created: TimeRange::ANY, after: PageStart::NEWEST, limit: 1_000 };
    payouts.store.payouts(&book(), &user(), all).await.unwrap().len()
}

#[tokio::test]
async fn every_due_moment_pays_once_wherever_its_worker_is_dropped_and_missed_ones_are_not_made_up_for() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account: Uuid = running.beneficiary("ana", aba("9000000001")).await.unwrap().parse().unwrap();
        running.stop().await;
        let payouts = without_worker(&world).await;
        let mut orders = 0;
        for polls in 0.. {
            let order = overdue(&payouts, account, StandingAmount::Fixed(5)).await;
            orders += 1;
            let finished = crash(payouts.carry_out_orders(SystemTime::now()), polls).await.is_some();
            // The next process, and one that finds nothing to do.
            for _ in 0..2 {
                payouts.carry_out_orders(SystemTime::now()).await.unwrap();
            }
            let moments = payouts.store.standing_moments(&book(), order.order_id, 10).await.unwrap();
            assert_eq!((moments.len(), requested(&payouts).await), (1, orders), "of four moments the newest");
            assert_eq!(moments[0].state, StandingState::Requested);
            let now = unix_ms(SystemTime::now());
            assert!(moments[0].moment_ms <= now && moments[0].moment_ms > now - WEEK_MS - 3_600_000);
            let next = payouts.store.standing_order(&book(), &user(), order.currency).await.unwrap().unwrap();
            assert!(next.next_due_ms > now);
            if finished {
                break;
            }
        }
        assert!(orders > 5, "the crashes must fall between the steps");
        drop(payouts);
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn everything_above_an_amount_is_paid_and_what_is_refused_is_shown() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account: Uuid = running.beneficiary("ana", aba("9000000001")).await.unwrap().parse().unwrap();
        running.stop().await;
        let payouts = without_worker(&world).await;
        let outcome = async |amount| {
            let order = overdue(&payouts, account, amount).await;
            payouts.carry_out_orders(SystemTime::now()).await.unwrap();
            let moment = payouts.store.standing_moments(&book(), order.order_id, 10).await.unwrap().remove(0);
            (moment.state, moment.minor_units, moment.reason)
        };
        let above = StandingAmount::Above(FUNDS - 500);
        assert_eq!(outcome(above).await, (StandingState::Requested, 500, String::new()));
        assert_eq!(outcome(above).await, (StandingState::NothingToPay, 0, String::new()));
        assert_eq!(outcome(StandingAmount::Fixed(50_000)).await.0, StandingState::Requested);
        // Less than that is left.
        let (state, minor_units, reason) = outcome(StandingAmount::Fixed(50_000)).await;
        assert_eq!((state, minor_units), (StandingState::Refused, 50_000));
        assert!(reason.contains("495.00 USD available"), "{reason}");
        let (state, _, reason) = outcome(StandingAmount::Fixed(50_001)).await;
        assert!(state == StandingState::Refused && reason.contains("above the cap"), "{reason}");
        drop(payouts);
        world.close().await;
    })
    .await;
}

fn terms(beneficiary_id: &str) -> StandingOrderTerms {
    StandingOrderTerms {
        beneficiary_id: beneficiary_id.to_owned(),
        currency_code: "USD".to_owned(),
        amount: Some(Amount::AboveMinorUnits(5_000)),
        day: Some(Day::Weekday(PayoutWeekday::Friday.into())),
        time_of_day: "18:00".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
    }
}

#[tokio::test]
async fn an_order_is_set_replaced_and_deleted_and_nobody_sees_another_s() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start().await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let set = |terms| SetStandingOrderRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.into(),
            user_id: String::new(),
            terms: Some(terms),
        };
        let get = GetStandingOrderRequest { book: BOOK.into(), user_id: String::new(), currency_code: "USD".into() };
        let first = set(terms(&account));
        let answer = running.client().set_standing_order(running.signed("ana", first.clone())).await.unwrap().into_inner();
        let order = answer.order.unwrap();
        assert_eq!((order.terms.as_ref(), answer.replayed), (first.terms.as_ref(), false));
        assert!(running.client().set_standing_order(running.signed("ana", first.clone())).await.unwrap().into_inner().replayed);
        let reused =
            SetStandingOrderRequest { terms: Some(StandingOrderTerms { time_of_day: "18:01".into(), ..terms(&account) }), ..first };
        let status = running.client().set_standing_order(running.signed("ana", reused)).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
        let monthly = StandingOrderTerms { day: Some(Day::DayOfMonth(31)), amount: Some(Amount::FixedMinorUnits(7)), ..terms(&account) };
        running.client().set_standing_order(running.signed("ana", set(monthly.clone()))).await.unwrap();
        let shown = running.client().get_standing_order(running.signed("ana", get.clone())).await.unwrap().into_inner().order.unwrap();
        assert_eq!(shown.terms, Some(monthly));
        assert_ne!(shown.order_id, order.order_id);
        for wrong in [
            StandingOrderTerms { amount: None, ..terms(&account) },
            StandingOrderTerms { amount: Some(Amount::FixedMinorUnits(0)), ..terms(&account) },
            StandingOrderTerms { amount: Some(Amount::AboveMinorUnits(-1)), ..terms(&account) },
            StandingOrderTerms { amount: Some(Amount::FixedMinorUnits(i64::MAX)), ..terms(&account) },
            StandingOrderTerms { day: None, ..terms(&account) },
            StandingOrderTerms { day: Some(Day::Weekday(0)), ..terms(&account) },
            StandingOrderTerms { day: Some(Day::DayOfMonth(i32::MAX)), ..terms(&account) },
            StandingOrderTerms { time_of_day: "25:00".into(), ..terms(&account) },
            StandingOrderTerms { time_zone: "../../etc/passwd".into(), ..terms(&account) },
            StandingOrderTerms { currency_code: "usd".into(), ..terms(&account) },
            StandingOrderTerms { beneficiary_id: "x".repeat(1_000), ..terms(&account) },
        ] {
            let status = running.client().set_standing_order(running.signed("ana", set(wrong.clone()))).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{wrong:?}");
        }
        // Another user's beneficiary is as good as none, and so is another user's order.
        let status = running.client().set_standing_order(running.signed("bob", set(terms(&account)))).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("BENEFICIARY_UNKNOWN"));
        let status = running.client().get_standing_order(running.signed("bob", get.clone())).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("STANDING_ORDER_UNKNOWN"));
        let delete = DeleteStandingOrderRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.into(),
            user_id: String::new(),
            currency_code: "USD".into(),
        };
        assert!(!running.client().delete_standing_order(running.signed("ana", delete.clone())).await.unwrap().into_inner().replayed);
        assert!(running.client().delete_standing_order(running.signed("ana", delete)).await.unwrap().into_inner().replayed);
        let status = running.client().get_standing_order(running.signed("ana", get)).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        running.stop().await;
        world.close().await;
    })
    .await;
}
