//! Payouts whose payees are on a sanctions list: their money waits on a leaf of its own until a licence frees it.
use crate::{
    fixture::{Fixture, both},
    reserving::{AppPayout, LEAF, TRANSIT},
};
use api::treasury::FundsReservationState as State;
use testbed::crash;

const BLOCKED: &str = "house/main/virtual_account/bank-usd-blocked/USD";
const BLOCKED_COVER: &str = "house/main/claim_cover/bank-usd-blocked/USD";

impl Fixture {
    async fn block(&self, payout: &AppPayout) -> State {
        self.give_up(payout, true).await.unwrap()
    }

    /// What is on the leaf, in transit, and blocked; the books prove, and the claim is covered where the money is.
    async fn sums(&self) -> (i64, i64, i64) {
        let proof = self.prove("").await;
        assert!(proof.ok && proof.items.is_empty(), "{:?} {:?}", proof.problems, proof.items);
        let blocked = self.free(BLOCKED).await.0;
        assert_eq!(self.free(BLOCKED_COVER).await.0, blocked, "what covers the claim is where the money is");
        (self.free(LEAF).await.0, self.free(TRANSIT).await.0, blocked)
    }
}

#[tokio::test]
async fn blocked_money_pays_nobody_until_it_is_freed_and_each_is_done_once() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let payout = fixture.payout(300).await;
        fixture.reserve(&payout).await.unwrap();
        // The follower has not seen the submission yet.
        fixture.submit(&payout).await;
        for _ in 0..2 {
            assert_eq!(fixture.block(&payout).await, State::Blocked);
            assert_eq!(fixture.sums().await, (700, 0, 300));
        }
        fixture.follower().round().await.unwrap();
        assert_eq!(fixture.reserve(&payout).await.unwrap().reservation.unwrap().state(), State::Blocked, "it reserves nothing any more");
        assert_eq!(fixture.sums().await, (700, 0, 300));
        let large = fixture.payout(701).await;
        let refused = fixture.reserve(&large).await.unwrap_err();
        assert_eq!(rpc::errors::facts(&refused)["rule"], "leaf_available");
        for _ in 0..2 {
            assert_eq!(fixture.release(&payout).await.unwrap(), State::Released);
            assert_eq!(fixture.sums().await, (1_000, 0, 0));
        }
        // What is back on the leaf is not blocked by a call that comes late.
        assert_eq!(fixture.block(&payout).await, State::Released);
        assert_eq!(fixture.sums().await, (1_000, 0, 0));
    }
}

#[tokio::test]
async fn a_call_dropped_anywhere_blocks_once_and_frees_once() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(100_000).await;
        let (mut polls, mut blocked) = (0, 0);
        loop {
            let payout = fixture.payout(10).await;
            fixture.reserve(&payout).await.unwrap();
            fixture.submit(&payout).await;
            let done = crash(fixture.give_up(&payout, true), polls).await.is_some();
            fixture.follower().round().await.unwrap();
            assert_eq!(fixture.block(&payout).await, State::Blocked);
            blocked += 10;
            assert_eq!(fixture.sums().await, (100_000 - blocked, 0, blocked));
            if done {
                break;
            }
            let freed = fixture.payout(10).await;
            fixture.reserve(&freed).await.unwrap();
            fixture.submit(&freed).await;
            fixture.block(&freed).await;
            drop(crash(fixture.release(&freed), polls).await);
            fixture.follower().round().await.unwrap();
            assert_eq!(fixture.release(&freed).await.unwrap(), State::Released);
            assert_eq!(fixture.sums().await, (100_000 - blocked, 0, blocked));
            polls += 1 + polls / 8;
        }
        assert!(blocked > 40, "the crashes must fall between the steps: {blocked}");
    }
}
