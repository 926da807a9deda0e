//! Money that the law blocks, where payouts reserve with treasury: it leaves the leaf that would have paid, for a leaf of its own.

use crate::{
    closing::set_state,
    leaves::Treasury,
    reviews::{
        BLOCKED, LISTED, asked, decide, decision, end, in_review, open_review, recorded, screening, unblock, until_balance, until_blocked,
    },
    world::{FUNDS, on_both},
};
use api::{
    ledger::AccountState,
    payout::{PayoutState, ReviewDecision},
};

const PAYABLE: &str = "creator/ana/payable/USD";
const BLOCKED_LEAF: &str = "house/main/virtual_account/main-usd-blocked/USD";

#[tokio::test]
async fn blocked_money_leaves_the_leaf_until_two_people_record_a_licence() {
    on_both(async |database| {
        let (world, running, _list) = screening(database, |config| config.reserve_at_treasury = Some(true)).await;
        let treasury = Treasury::start(&world).await;
        running.service.use_treasury(treasury.way());
        treasury.fund("house/bank_cash/USD", 700).await;
        let beneficiary = recorded(&running, "ana", LISTED, "9000000001").await;
        let payout = in_review(&running, &asked(&running, &beneficiary, 500).await).await;
        let review = open_review(&world, &running, &payout).await;
        assert_eq!((treasury.leaf("main").await, treasury.free(BLOCKED_LEAF).await.0), ((700, 700, 0), 0), "a suspicion blocks nothing");
        for who in ["fay", "gus"] {
            decide(&world, &running, who, decision(&review, ReviewDecision::TrueMatch)).await.unwrap();
        }
        until_blocked(&world, &running, &payout, 500).await;
        assert_eq!((treasury.leaf("main").await, treasury.free(BLOCKED_LEAF).await.0), ((200, 200, 0), 500));
        treasury.follow().await;
        assert_eq!((treasury.leaf("main").await, treasury.free(BLOCKED_LEAF).await.0), ((200, 200, 0), 500));
        for who in ["adam", "eve"] {
            unblock(&world, &running, who, &payout, "L-1").await.unwrap();
        }
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Rejected);
        assert_eq!((treasury.leaf("main").await, treasury.free(BLOCKED_LEAF).await.0), ((700, 700, 0), 0));

        // The leaf has not that much: the law blocks it all the same, and the leaf keeps what it has.
        let large = in_review(&running, &asked(&running, &beneficiary, 701).await).await;
        let review = open_review(&world, &running, &large).await;
        for who in ["fay", "gus"] {
            decide(&world, &running, who, decision(&review, ReviewDecision::TrueMatch)).await.unwrap();
        }
        until_balance(&world, &running, BLOCKED, 701).await;
        assert_eq!((treasury.leaf("main").await, treasury.free(BLOCKED_LEAF).await.0), ((700, 700, 0), 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_unblocked_for_an_account_that_was_closed_meanwhile_waits_in_suspense() {
    on_both(async |database| {
        let (world, running, _list) = screening(database, |_| {}).await;
        // All that the account has.
        world.bed.post("conversion", PAYABLE, "house/accrued_creator_liability/USD", FUNDS - 500).await;
        let beneficiary = recorded(&running, "ana", LISTED, "9000000001").await;
        let payout = in_review(&running, &asked(&running, &beneficiary, 500).await).await;
        let review = open_review(&world, &running, &payout).await;
        for who in ["fay", "gus"] {
            decide(&world, &running, who, decision(&review, ReviewDecision::TrueMatch)).await.unwrap();
        }
        until_blocked(&world, &running, &payout, 500).await;
        set_state(&world, PAYABLE, AccountState::Closed).await.unwrap();
        for who in ["adam", "eve"] {
            unblock(&world, &running, who, &payout, "L-1").await.unwrap();
        }
        until_balance(&world, &running, "house/suspense/USD", 500).await;
        assert_eq!((world.balance(BLOCKED).await.0, world.balance(PAYABLE).await), (0, (0, 0)));
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Rejected);
        running.stop().await;
        world.close().await;
    })
    .await;
}
