//! Rails of a payout: what is offered, a fallback with its attempts, waiting for a rail, and cancelling before anything is sent.

use crate::world::{BOOK, FUNDS, World, aba, on_both, payout_request, states};
use api::payout::{
    CancelPayoutRequest, CostBearer, GetPayoutOptionsRequest, GetPayoutOptionsResponse, Payout, PayoutState, PayoutState::*,
};
use money::BookName;
use payout::{BankRailConfig, Config, config::CostPolicy};
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

/// With these rails besides, and paused ones for the reason behind a colon.
fn with_rails(world: &World, rails: &[&str]) -> Config {
    let mut config = world.config();
    config.banks[0].rails = rails
        .iter()
        .map(|rail| {
            let (rail, paused) = rail.split_once(':').unwrap_or((rail, ""));
            BankRailConfig {
                rail: rail.to_owned(),
                paused: paused.to_owned(),
                // Longer than a busy machine takes: a lost answer would be asked for, and tried on no other rail.
                time_out: Duration::from_secs(60),
                ..BankRailConfig::default()
            }
        })
        .collect();
    config
}

async fn options(running: &crate::world::Running, beneficiary_id: &str, minor_units: i64) -> GetPayoutOptionsResponse {
    let request = payout_request(beneficiary_id, "USD", minor_units);
    let message = GetPayoutOptionsRequest {
        book: BOOK.into(),
        user_id: String::new(),
        beneficiary_id: beneficiary_id.into(),
        amount: request.amount,
    };
    running.client().get_payout_options(running.signed("ana", message)).await.unwrap().into_inner()
}

async fn cancel(running: &crate::world::Running, user: &str, request_id: &str, payout_id: &str) -> Result<(Payout, bool), Status> {
    let message = CancelPayoutRequest { request_id: request_id.into(), book: BOOK.into(), payout_id: payout_id.into() };
    let answer = running.client().cancel_payout(running.signed(user, message)).await?.into_inner();
    Ok((answer.payout.unwrap(), answer.replayed))
}

#[tokio::test]
async fn options_say_which_rail_pays_and_why_no_other_does() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = with_rails(&world, &["us-rtp", "us-ach", "sepa-instant"]);
        config.route.cost_bearer = CostPolicy::Creator;
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let shown = options(&running, &account, 5_000).await;
        let first = &shown.options[0];
        assert_eq!((first.rail.as_str(), first.chosen, first.instant), ("us-rtp", true, true));
        assert!(first.why_not.is_empty() && first.expected_time.is_some() && first.returnable_until.is_none());
        assert!(shown.options[1..].iter().all(|option| !option.chosen && !option.why_not.is_empty()));
        assert_eq!(shown.options.len(), rails::RailBook::built_in().ids().count());
        assert_eq!((shown.cost_minor_units, shown.cost_bearer(), shown.arriving_minor_units), (50, CostBearer::Creator, 4_950));
        // What was shown is what is paid; the fee is taken off only because it was paid.
        let paid = running.pay("ana", aba("9000000001"), 5_000).await;
        assert_eq!((paid.rail.as_str(), paid.sent_minor_units, paid.cost_minor_units), ("us-rtp", 4_950, 50));
        let booked = world.statement("USD").await.entries;
        assert_eq!(booked.iter().map(|entry| entry.amount.minor_units()).collect::<Vec<_>>(), [4_950]);
        assert_eq!(world.balance("house/fee_income/USD").await.0, 50);
        assert_eq!(world.balance("creator/ana/payable/USD").await.0, FUNDS - 5_000);
        let refused = running.pay("ana", aba("9000000003"), 5_000).await;
        assert_eq!((refused.state(), world.balance("creator/ana/payable/USD").await.0), (Rejected, FUNDS - 5_000), "no fee for nothing");
        let small = running.request("ana", payout_request(&account, "USD", 50)).await.unwrap_err();
        assert_eq!(rpc::reason(&small).as_deref(), Some("AMOUNT_TOO_SMALL"));
        // Of another user's account nothing is shown.
        let foreign = GetPayoutOptionsRequest {
            book: BOOK.into(),
            user_id: String::new(),
            beneficiary_id: account.clone(),
            amount: payout_request(&account, "USD", 1).amount,
        };
        let status = running.client().get_payout_options(running.signed("bob", foreign)).await.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::NotFound, Some("BENEFICIARY_UNKNOWN")));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_refusal_that_another_rail_may_mend_is_tried_there_and_paid_once() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_rails(&world, &["us-rtp", "us-fednow", "us-ach:down"])).await;
        world.fund("ana", "USD").await;
        // The first arrival is refused because of the receiving bank's service; the second, over another rail, is paid.
        world.scenario(serde_json::json!({"account": "5512345678", "behaviour": "reject", "code": "AB05", "times": 1})).await;
        let paid = running.pay("ana", aba("5512345678"), 500).await;
        let attempts: Vec<_> = paid.attempts.iter().map(|one| (one.number, one.rail.as_str(), one.reason_code.as_str())).collect();
        assert_eq!(attempts, [(1, "us-rtp", "AB05"), (2, "us-fednow", "")]);
        assert!(paid.attempts[0].end_time.is_some() && paid.attempts[1].end_time.is_none());
        assert_ne!(paid.attempts[0].end_to_end_id, paid.attempts[1].end_to_end_id);
        assert_ne!(paid.attempts[0].reference, paid.attempts[1].reference);
        assert_eq!((paid.rail.as_str(), &paid.end_to_end_id), ("us-fednow", &paid.attempts[1].end_to_end_id));
        let of_it = Uuid::try_parse(&paid.payout_id).unwrap();
        let tables = payout::tables::Store::inspect(&world.database).await.unwrap();
        let known = tables.end_to_end_ids_of(&BookName::try_new(BOOK).unwrap(), &[Uuid::nil(), of_it]).await.unwrap();
        let named = paid.attempts.iter().map(|one| one.end_to_end_id.clone()).collect::<Vec<_>>();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), [(of_it, named)]);
        assert_eq!(paid.state(), Settled);
        assert!(paid.steps.iter().any(|step| step.note.contains("us-rtp refused it (AB05), nothing was paid; trying us-fednow")));
        let entries = world.statement("USD").await.entries;
        assert_eq!(entries.len(), 1, "paid once");
        assert_eq!(entries[0].end_to_end_id.as_deref(), Some(paid.end_to_end_id.as_str()));
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        // A closed account is closed on every rail.
        let refused = running.pay("ana", aba("9000000003"), 500).await;
        assert_eq!((refused.attempts.len(), refused.attempts[0].reason_code.as_str()), (1, "AC04"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payout_without_an_open_rail_waits_and_can_be_cancelled_until_it_is_sent() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_rails(&world, &["us-rtp", "sepa-instant"])).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        running.stop().await;
        // No worker reaches it: it is held, and nothing else.
        let mut idle = with_rails(&world, &["us-rtp", "sepa-instant"]);
        idle.in_flight_max = 1;
        let paused = world.start_with(with_rails(&world, &["us-rtp:maintenance", "us-ach:maintenance"])).await;
        let status = paused.request("ana", payout_request(&account, "USD", 500)).await.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::FailedPrecondition, Some("NO_RAIL")));
        assert!(status.message().contains("maintenance"), "{}", status.message());
        paused.stop().await;

        let running = world.start_with(idle).await;
        let settled = running.pay("ana", aba("9000000001"), 500).await;
        let late = cancel(&running, "ana", &Uuid::now_v7().to_string(), &settled.payout_id).await.unwrap_err();
        assert_eq!((late.code(), rpc::reason(&late).as_deref()), (Code::FailedPrecondition, Some("NOT_CANCELLABLE")));
        let foreign = cancel(&running, "bob", &Uuid::now_v7().to_string(), &settled.payout_id).await.unwrap_err();
        assert_eq!(rpc::reason(&foreign).as_deref(), Some("PAYOUT_UNKNOWN"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_queued_payout_is_cancelled_once_and_its_hold_is_released() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_rails(&world, &["us-rtp"])).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        running.stop().await;
        // The rail is withdrawn while the payout is held: it waits for another one.
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        let without_worker = crate::crashes::without_worker(&world).await;
        let ask = payout::payouts::PayoutRequest {
            book: money::BookName::try_new(BOOK).unwrap(),
            user: money::UserKey::try_new("ana").unwrap(),
            request_id: money::RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
            beneficiary_id: account.parse().unwrap(),
            amount: money::Money::try_new(money::Currency::try_new("USD").unwrap(), 500).unwrap(),
        };
        let (held, _) = without_worker.request(&ask, std::time::SystemTime::now()).await.unwrap();
        let running = world.start_with(with_rails(&world, &["us-rtp:withdrawn"])).await;
        let id = held.payout_id.to_string();
        let queued = running.until("ana", &id, Queued).await;
        assert!(queued.blocked_by.starts_with("NO_RAIL: us-rtp: paused: withdrawn"), "{}", queued.blocked_by);
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS - 500));
        let request_id = Uuid::now_v7().to_string();
        let (_, replayed) = cancel(&running, "ana", &request_id, &id).await.unwrap();
        assert!(!replayed);
        let cancelled = running.end("ana", &id).await;
        assert_eq!(states(&cancelled).last(), Some(&Cancelled));
        assert!(!cancelled.hold_posting_id.is_empty() && cancelled.submit_posting_id.is_empty() && !cancelled.final_posting_id.is_empty());
        let (again, replayed) = cancel(&running, "ana", &request_id, &id).await.unwrap();
        assert_eq!((again.state(), replayed), (PayoutState::Cancelled, true));
        let another = cancel(&running, "ana", &Uuid::now_v7().to_string(), &id).await.unwrap();
        assert_eq!((another.0.state(), another.1), (PayoutState::Cancelled, false), "it has the effect that was asked for");
        world.check_books("ana", "USD", 0).await;
        // Nothing is in flight any more: the account can be closed.
        assert_eq!(store.payout(&held.key()).await.unwrap().unwrap().phase.name(), "cancelled");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn payouts_in_the_queue_of_a_rail_that_is_withdrawn_go_over_the_one_that_is_left() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_rails(&world, &["us-rtp"])).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        running.stop().await;
        let payouts = crate::crashes::without_worker_over(&world, with_rails(&world, &["us-rtp"])).await;
        let request_id = money::RequestId::parse(&Uuid::now_v7().to_string()).unwrap();
        let ask = payout::payouts::PayoutRequest {
            book: money::BookName::try_new(BOOK).unwrap(),
            user: money::UserKey::try_new("ana").unwrap(),
            request_id,
            beneficiary_id: account.parse().unwrap(),
            amount: money::Money::try_new(money::Currency::try_new("USD").unwrap(), 500).unwrap(),
        };
        let (held, _) = payouts.request(&ask, std::time::SystemTime::now()).await.unwrap();
        let id = held.payout_id.to_string();
        // Its scheme ends: the record is valid no more.
        let ours = rails::book::BUILT_IN.split("[[rail]]").find(|record| record.contains("id = \"us-rtp\"")).unwrap();
        let record =
            format!("[[rail]]{}", ours.replace("valid_from = \"2026-01-01\"", "valid_from = \"2020-01-01\"\nvalid_until = \"2020-12-31\""));
        let file = world.key_file.with_file_name("rails.toml");
        std::fs::write(&file, record).unwrap();
        let withdrawn = |rails: &[&str]| {
            let mut config = with_rails(&world, rails);
            config.route.rails_file.clone_from(&file);
            config
        };
        let running = world.start_with(withdrawn(&["us-rtp"])).await;
        let queued = running.until("ana", &id, Queued).await;
        assert!(queued.blocked_by.starts_with("NO_RAIL: "), "{}", queued.blocked_by);
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS - 500), "held, and nothing sent");
        let refused = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap_err();
        assert!(rpc::reason(&refused).is_some_and(|reason| reason != "OUTCOME_UNKNOWN"), "{refused:?}");
        running.stop().await;
        let running = world.start_with(withdrawn(&["us-rtp", "us-fednow"])).await;
        let paid = running.end("ana", &id).await;
        assert_eq!((paid.state(), paid.rail.as_str(), paid.attempts.len()), (Settled, "us-fednow", 1));
        world.check_books("ana", "USD", 500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rail_that_sends_back_as_a_matter_of_course_settles_returnable_and_is_final_later() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        // An operator's record: a rail that is always open, and on which payments may come back for two days.
        let ours = rails::book::BUILT_IN.split("[[rail]]").find(|record| record.contains("id = \"us-rtp\"")).unwrap();
        let record = format!("[[rail]]{}", ours.replace("{ kind = \"at-once\" }", "{ kind = \"returnable\", days = 2 }"));
        let file = world.key_file.with_file_name("rails.toml");
        std::fs::write(&file, record).unwrap();
        let mut config = with_rails(&world, &["us-rtp"]);
        config.route.rails_file = file;
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        assert!(options(&running, &account, 500).await.options[0].returnable_until.is_some());
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        let paid = running.until("ana", &payout.payout_id, SettledReturnable).await;
        let (until, created) = (paid.returnable_until.unwrap().seconds, paid.create_time.unwrap().seconds);
        assert!((86_400..=3 * 86_400 + 3_600).contains(&(until - created)), "{until} {created}");
        assert!(!paid.final_posting_id.is_empty() && paid.total_time_ms > 0);
        world.check_books("ana", "USD", 500).await;
        // The two days pass.
        let pool = world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE payout SET due_at_ms = 1").execute(&pool).await.unwrap();
        let ended = running.end("ana", &payout.payout_id).await;
        assert_eq!((ended.state(), &ended.final_posting_id), (Settled, &paid.final_posting_id), "becoming final posts nothing");
        world.check_books("ana", "USD", 500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}
