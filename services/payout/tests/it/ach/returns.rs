//! Settlement by statement, and what comes back.

use super::{AchTown, PAYABLE};
use crate::world::{FUNDS, on_both, states};
use api::payout::{
    Payout,
    PayoutState::{Accepted, Held, Requested, SettledReturnable, Submitted},
    ReturnState,
};
use std::time::Duration;

/// Its return is booked, and the payout says so: both are read one after the other.
fn is_back(payout: &Payout) -> bool {
    payout.returned_minor_units > 0 && payout.returns.iter().any(|back| back.state() == ReturnState::Booked)
}

#[tokio::test]
async fn two_payouts_in_one_batch_settle_together_and_one_comes_back() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let (running, [kept, sent_back]) = town.in_one_file([("Ana Muller", 500), ("Sandbox return R03", 70)]).await;
        running.until("ana", &kept.payout_id, Accepted).await;
        running.until("ana", &sent_back.payout_id, Accepted).await;
        assert!(town.booked().await.is_empty(), "nothing is paid before its day");
        town.pass_a_week().await;
        let kept = running.until("ana", &kept.payout_id, SettledReturnable).await;
        assert_eq!(states(&kept), [Requested, Held, Submitted, Accepted, SettledReturnable]);
        let back = running.once("ana", &sent_back.payout_id, is_back).await;
        assert_eq!((back.state(), back.returned_minor_units, back.returns[0].code.as_str()), (SettledReturnable, 70, "R03"));
        assert_eq!(town.booked().await, [-570, 70]);
        let files = town.files().await;
        assert_eq!((files.len(), files[0].entries, files[0].cents), (1, 2, 570));
        assert_eq!(town.world.balance(PAYABLE).await, (FUNDS - 500, FUNDS - 500));
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_late_return_and_a_file_that_comes_twice_are_booked_once() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        town.behave("returns_twice").await;
        let (payout, _) = town.request(&running, "Sandbox return R10/40", 70).await;
        running.until("ana", &payout.payout_id, Accepted).await;
        town.pass_a_week().await;
        running.until("ana", &payout.payout_id, SettledReturnable).await;
        for _ in 0..9 {
            town.pass_a_week().await;
        }
        let back = running.once("ana", &payout.payout_id, is_back).await;
        assert_eq!((back.returns.len(), back.returned_minor_units, back.returns[0].code.as_str()), (1, 70, "R10"), "{back:?}");
        let told = bankfiles::nacha::return_code("R10").unwrap();
        assert_eq!((back.returns[0].payee_text.as_str(), back.returns[0].next_step.as_str()), (told.words, told.next_step));
        assert_eq!(town.booked().await, [-70, 70]);
        // Both copies are confirmed.
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while town.http.get(format!("{}/returns", town.bank.url())).send().await.unwrap().status().as_u16() != 204 {
            ticks.tick().await;
        }
        assert_eq!(town.world.balance(PAYABLE).await, (FUNDS, FUNDS));
        running.stop().await;
        // Read again by another process, from the beginning.
        let again = town.world.start_with(town.config()).await;
        let (next, _) = town.request(&again, "Ana Muller", 30).await;
        again.until("ana", &next.payout_id, Accepted).await;
        town.pass_a_week().await;
        again.until("ana", &next.payout_id, SettledReturnable).await;
        assert_eq!(town.world.balance(PAYABLE).await, (FUNDS - 30, FUNDS - 30));
        again.stop().await;
        town.close().await;
    })
    .await;
}
