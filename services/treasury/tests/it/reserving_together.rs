//! Reservations that are asked for at the same time are decided together, and each as if it had been decided alone.
use crate::{
    fixture::{BOOK, both},
    reason,
    reserving::LEAF,
};
use api::treasury::FundsReservationState as State;
use chart::PostingKind;
use money::BookName;
use std::collections::BTreeSet;
use testbed::Fault;

const CALLS: usize = 40;

#[tokio::test]
async fn calls_at_the_same_time_share_decisions_and_never_the_money() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(300).await;
        let mut payouts = Vec::new();
        for _ in 0..CALLS {
            payouts.push(fixture.payout(10).await);
        }
        let answers = futures::future::join_all(payouts.iter().map(|payout| fixture.reserve(payout))).await;
        let held =
            answers.iter().flatten().filter(|answer| answer.reservation.as_ref().unwrap().state() == State::Reserved && !answer.replayed);
        assert_eq!(held.count(), 30);
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!((reason(refused).as_str(), rpc::errors::facts(refused)["rule"].as_str()), ("FUNDS_REFUSED", "leaf_available"));
        }
        assert_eq!(fixture.free(LEAF).await, (300, 0));
        let store = fixture.store().await;
        let rows = store.movements(&BookName::try_new(BOOK).unwrap(), PostingKind::TreasuryReserve, i64::MAX, 100).await.unwrap();
        let decisions: BTreeSet<i64> = rows.iter().map(|row| row.movement.decided_at_ms).collect();
        assert_eq!(rows.len(), 30);
        assert!(decisions.len() <= 10, "{} decisions", decisions.len());
        // Asked again, all at once, nothing more is held.
        let again = futures::future::join_all(payouts.iter().map(|payout| fixture.reserve(payout))).await;
        assert_eq!(again.iter().flatten().filter(|answer| answer.replayed).count(), 30);
        assert_eq!(fixture.free(LEAF).await, (300, 0));
    }
}

#[tokio::test]
async fn a_lost_answer_to_many_holds_keeps_each_once() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        for fault in [Fault::Down, Fault::AnswerLost] {
            let before = fixture.free(LEAF).await.1;
            let mut payouts = Vec::new();
            for _ in 0..10 {
                payouts.push(fixture.payout(10).await);
            }
            fixture.bed.fault.fail(fault);
            let lost = futures::future::join_all(payouts.iter().map(|payout| fixture.reserve(payout))).await;
            fixture.bed.fault.fail(Fault::None);
            assert!(lost.iter().any(Result::is_err), "{lost:?}");
            let again = futures::future::join_all(payouts.iter().map(|payout| fixture.reserve(payout))).await;
            assert!(
                again.iter().all(|answer| answer.as_ref().unwrap().reservation.as_ref().unwrap().state() == State::Reserved),
                "{again:?}"
            );
            assert_eq!(fixture.free(LEAF).await, (1_000, before - 100));
        }
    }
}
