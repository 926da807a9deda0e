//! Payouts whose payees are on a sanctions list: their money waits on a leaf of its own until a licence frees it.
use crate::{
    fixture::{BOOK, Fixture, both},
    reason,
    reserving::{AppPayout, LEAF, TRANSIT},
};
use api::treasury::{FundsReservationState as State, MoveFundsRequest};
use testbed::crash;

const BLOCKED: &str = "house/main/virtual_account/bank-usd-blocked/USD";
const BLOCKED_COVER: &str = "house/main/claim_cover/bank-usd-blocked/USD";

const UNALLOCATED: &str = "house/main/virtual_account/bank-usd-unallocated/USD";
const UNALLOCATED_COVER: &str = "house/main/claim_cover/bank-usd-unallocated/USD";

/// A leaf for clients' funds.
fn clients(id: &str, claims: &str, state: &str) -> String {
    format!(
        "[[leaf]]\nid = \"{id}\"\nparent = \"us\"\nname = \"{id}\"\nentity = \"main\"\nfunds = \"client\"\nclaims = [{claims}]\nstate = \"{state}\"\n"
    )
}

impl Fixture {
    /// An installation whose creators' leaf has this much in transit and blocked, and nothing else any more: another leaf covers the app's claims.
    async fn succeeded(self, in_transit: i64, blocked: i64) -> (Self, [AppPayout; 2]) {
        let fixture = self.with_dollars(in_transit + blocked).await;
        let payouts = [fixture.payout(in_transit).await, fixture.payout(blocked).await];
        for payout in &payouts {
            fixture.reserve(payout).await.unwrap();
            fixture.submit(payout).await;
        }
        fixture.follower().round().await.unwrap();
        assert_eq!(fixture.block(&payouts[1]).await, State::Blocked);
        fixture.change(&(clients("us-creators", "", "open") + &clients("us-next", "\"app\"", "open"))).await.unwrap();
        fixture.change(&clients("us-creators", "", "pending_close")).await.unwrap();
        (fixture, payouts)
    }

    async fn move_on(&self, minor_units: i64) {
        let [from_leaf, to_leaf] = ["us-creators", "us-next"].map(str::to_owned);
        let (book, request_id, currency_code) = (BOOK.to_owned(), testbed::new_id(), "USD".to_owned());
        let request = MoveFundsRequest { book, request_id, from_leaf, to_leaf, minor_units, currency_code };
        self.client().move_funds(self.by(request)).await.unwrap();
    }

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

#[tokio::test]
async fn a_leaf_to_which_money_may_come_back_is_not_closed() {
    for fixture in both().await {
        let (fixture, [sent, blocked]) = fixture.succeeded(300, 200).await;
        let closed = clients("us-creators", "", "closed");
        for (payout, amount) in [(sent, 300), (blocked, 200)] {
            assert_eq!(fixture.free(LEAF).await.0, 0);
            let refused = fixture.plan(&closed).await.unwrap_err();
            assert_eq!((reason(&refused).as_str(), rpc::errors::facts(&refused)["rule"].as_str()), ("STRUCTURE_REFUSED", "money"));
            let why = "line 2: us-creators can't be closed: a payout has reserved money of it, and is not over";
            assert!(refused.message().contains(why), "{}", refused.message());
            assert_eq!(fixture.release(&payout).await.unwrap(), State::Released);
            assert_eq!(fixture.free(LEAF).await.0, amount);
            fixture.move_on(amount).await;
        }
        fixture.change(&closed).await.unwrap();
    }
}

#[tokio::test]
async fn money_that_comes_back_to_a_leaf_that_is_closed_all_the_same_is_unallocated_with_its_cover() {
    for fixture in both().await {
        let (fixture, [sent, blocked]) = fixture.succeeded(300, 200).await;
        fixture.close_leaf("us-creators", &clients("us-other", "", "open")).await;
        for (payout, back) in [(sent, 300), (blocked, 500)] {
            for _ in 0..2 {
                assert_eq!(fixture.release(&payout).await.unwrap(), State::Released);
                let sums = [LEAF, UNALLOCATED, UNALLOCATED_COVER].map(|account| fixture.free(account));
                let sums = futures::future::join_all(sums).await;
                assert_eq!(sums.iter().map(|(booked, _)| *booked).collect::<Vec<_>>(), [0, back, back]);
            }
        }
        // What came to it while it was being closed is moved on.
        fixture.adjust("house/main/physical_cash/bank-usd/USD", LEAF, 5).await;
        fixture.move_on(5).await;
        assert_eq!(fixture.free(LEAF).await.0, 0);
    }
}
