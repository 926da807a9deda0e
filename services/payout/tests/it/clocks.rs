//! A clock that was hours ahead and is put right: what it has put off goes on, and is old enough to be seen meanwhile.

use crate::world::{BOOK, World, aba, on_both, payout_request};
use api::payout::PayoutState::{Accepted, Settled};
use money::{BookName, time::now_ms};
use payout::store::Store;
use serde_json::json;

const AHEAD_MS: i64 = 14 * 3_600_000;

/// The tables as if this service had written them while its clock was ahead.
async fn written_ahead(world: &World) {
    let pool = world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
    for sql in [
        "UPDATE payout SET due_at_ms = due_at_ms + $1, created_at_ms = created_at_ms + $1, sent_at_ms = sent_at_ms + $1,
             first_sent_at_ms = first_sent_at_ms + $1 WHERE phase = 'accepted'",
        "UPDATE payout_step SET at_ms = at_ms + $1",
    ] {
        assert!(sqlx::query(sql).bind(AHEAD_MS).execute(&pool).await.unwrap().rows_affected() > 0, "{sql}");
    }
    pool.close().await;
}

#[tokio::test]
async fn a_payout_at_the_bank_goes_on_once_a_clock_that_was_ahead_is_put_right() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let beneficiary = running.beneficiary("ana", aba("9000000008")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
        running.until("ana", &payout.payout_id, Accepted).await;
        running.stop().await;
        written_ahead(&world).await;

        // PayoutStuck and the others count from this.
        let store = Store::inspect(&world.database).await.unwrap();
        let open = store.unfinished(now_ms()).await.unwrap();
        let since_ms = open.iter().find(|open| open.state == "accepted").unwrap().since_ms.unwrap();
        assert!(
            (now_ms() - AHEAD_MS - 600_000..=now_ms()).contains(&since_ms),
            "nobody knows its age, and it is not taken for new: {since_ms}"
        );

        world.scenario(json!({"end_to_end_id": payout.end_to_end_id, "behaviour": "settle"})).await;
        let running = world.start().await;
        let settled = running.end("ana", &payout.payout_id).await;
        assert_eq!((settled.state(), world.executed(&settled).await), (Settled, 1));
        assert!(settled.bank_time_ms >= 0 && settled.total_time_ms >= 0, "{settled:?}");
        running.stop().await;
        world.check_books("ana", "USD", 500).await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_waits_for_a_day_that_a_rule_names_is_left_alone() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let beneficiary = running.beneficiary("ana", aba("9000000008")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
        running.until("ana", &payout.payout_id, Accepted).await;
        running.stop().await;
        let payouts = crate::crashes::without_worker(&world).await;
        let key = payout::domain::PayoutKey { book: BookName::try_new(BOOK).unwrap(), payout_id: payout.payout_id.parse().unwrap() };
        let row = payouts.store.payout(&key).await.unwrap().unwrap();
        let until_ms = now_ms() + AHEAD_MS;
        // Its rail opens then; people decide until then; nobody does anything any more.
        let mut row = row;
        for (phase, due_at_ms, starts_at_ms) in [
            (payout::domain::PayoutPhase::Queued, until_ms, until_ms),
            (payout::domain::PayoutPhase::Review, until_ms, 0),
            (payout::domain::PayoutPhase::Returnable, until_ms, 0),
            (payout::domain::PayoutPhase::Settled, payout::domain::NEVER_MS, 0),
        ] {
            row.attempt.starts_at_ms = starts_at_ms;
            row = payouts.store.save(payout::domain::Payout { phase, due_at_ms, ..row }, None).await.unwrap().unwrap();
            assert_eq!(payouts.end_impossible_waits().await.unwrap(), [], "{phase:?}");
        }
        // As soon as it waits for nothing but its next try, it is due.
        row.phase = payout::domain::PayoutPhase::Unknown;
        row.due_at_ms = until_ms;
        let row = payouts.store.save(row, None).await.unwrap().unwrap();
        assert_eq!(payouts.end_impossible_waits().await.unwrap(), [("payout", 1)]);
        let now = payouts.store.payout(&key).await.unwrap().unwrap();
        assert!(now.due_at_ms <= now_ms() && now.version == row.version + 1, "{now:?}");
        assert_eq!(payouts.end_impossible_waits().await.unwrap(), []);
        world.close().await;
    })
    .await;
}
