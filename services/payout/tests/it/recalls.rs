//! Requests for the money of paid payouts: accepted, refused, unanswered, repeated.

use crate::{
    limits::set,
    world::{BOOK, FUNDS, Running, World, aba, iban, on_both},
};
use api::payout::{Payout, PayoutRecall, PayoutState, RecallPayoutRequest, RecallPayoutResponse, RecallState, ReturnState};
use serde_json::json;
use std::time::Duration;
use testbed::{new_id, reason};

/// How long a recall on a rail without a rule waits for its answer: not the time that nobody sets.
const EXPIRY: Duration = Duration::from_secs(3 * 86_400);

fn request(payout: &Payout, code: &str) -> RecallPayoutRequest {
    RecallPayoutRequest {
        request_id: new_id(),
        book: BOOK.into(),
        payout_id: payout.payout_id.clone(),
        code: code.into(),
        asked_by_creator: false,
    }
}

async fn recall(running: &Running, request: &RecallPayoutRequest) -> Result<RecallPayoutResponse, String> {
    reason(running.client().recall_payout(running.staff(request.clone())).await)
}

fn ended(payout: &Payout, state: RecallState) -> bool {
    payout.recalls.last().is_some_and(|recall| recall.state() == state)
}

#[tokio::test]
async fn an_accepted_recall_brings_the_money_back_as_a_return() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "EUR").await;
        let paid = running.pay("ana", iban("DE08500105170900000001"), 500).await;
        let ask = request(&paid, "DUPL");
        let first = recall(&running, &ask).await.unwrap();
        assert_eq!((first.replayed, first.recall.unwrap().state()), (false, RecallState::Requested));
        assert!(recall(&running, &ask).await.unwrap().replayed);
        assert_eq!(recall(&running, &RecallPayoutRequest { code: "FRAD".into(), ..ask }).await, Err("REQUEST_ID_REUSED".to_owned()));
        let back = running.once("ana", &paid.payout_id, |payout| payout.returned_minor_units == 500).await;
        assert!(ended(&back, RecallState::Accepted) && back.state() == PayoutState::Settled, "{back:?}");
        assert_eq!(world.balance("creator/ana/payable/EUR").await, (FUNDS, FUNDS));
        assert_eq!(recall(&running, &request(&paid, "DUPL")).await, Err("NOT_RECALLABLE".to_owned()));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn money_that_comes_back_over_rtp_is_a_new_payment_tied_by_the_answer_to_the_recall() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        recall(&running, &request(&paid, "TECH")).await.unwrap();
        let back = running.once("ana", &paid.payout_id, |payout| payout.returned_minor_units == 500).await;
        let named: &PayoutRecall = back.recalls.last().unwrap();
        assert!(!named.repaid_by.is_empty() && named.repaid_by != paid.end_to_end_id, "{named:?}");
        assert_eq!(back.returns.iter().map(|back| back.state()).collect::<Vec<_>>(), [ReturnState::Booked]);
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_recall_leaves_the_payment_and_may_be_asked_for_again() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "EUR").await;
        let paid = running.pay("ana", iban("DE08500105170900000001"), 500).await;
        let scenario = json!({"end_to_end_id": paid.end_to_end_id, "behaviour": "recall_refuse", "code": "CUST"});
        world.scenario(scenario).await;
        recall(&running, &request(&paid, "CUST")).await.unwrap();
        let stands = running.once("ana", &paid.payout_id, |payout| ended(payout, RecallState::Refused)).await;
        assert_eq!((stands.recalls[0].answer_code.as_str(), stands.returned_minor_units), ("CUST", 0));
        assert_eq!(recall(&running, &request(&paid, "FRAD")).await.map(|answer| answer.replayed), Ok(false));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_recall_that_is_never_answered_expires_and_what_is_not_paid_is_not_recalled() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.watchful();
        config.returns.recall_expiry = EXPIRY;
        let running = world.start_with(config).await;
        for currency in ["EUR", "USD"] {
            world.fund("ana", currency).await;
        }
        let refused = running.pay("ana", iban("DE51500105170900000003"), 500).await;
        assert_eq!(recall(&running, &request(&refused, "DUPL")).await, Err("NOT_RECALLABLE".to_owned()));
        // SEPA has a rule of its own; RTP has none, so the option counts.
        let slow = running.pay("ana", iban("DE08500105170900000001"), 500).await;
        let asked = recall(&running, &request(&slow, "DUPL")).await.unwrap().recall.unwrap();
        // Fifteen banking days are three weeks less what is left of the weekend that they begin on: never less than 18 days.
        assert!(asked.expire_time.unwrap().seconds - asked.create_time.unwrap().seconds > 18 * 86_400, "{asked:?}");
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        world.scenario(json!({"end_to_end_id": paid.end_to_end_id, "behaviour": "recall_silent"})).await;
        let open = recall(&running, &request(&paid, "DUPL")).await.unwrap().recall.unwrap();
        let waits_s = open.expire_time.unwrap().seconds - open.create_time.unwrap().seconds;
        assert_eq!(waits_s.unsigned_abs(), EXPIRY.as_secs(), "{open:?}");
        assert_eq!(recall(&running, &request(&paid, "DUPL")).await, Err("RECALL_OPEN".to_owned()));
        // Its time passes.
        set(&world, format!("UPDATE payout_recall SET expires_at_ms = 1 WHERE payout_id = '{}'", paid.payout_id)).await;
        let over = running.once("ana", &paid.payout_id, |payout| ended(payout, RecallState::Expired)).await;
        assert_eq!(over.returned_minor_units, 0);
        for (code, id) in [("", ""), ("dupl", "7"), ("XXXX", "'; --"), ("DUPLDUPL", "00000000-0000-0000-0000-000000000000")] {
            let ask = RecallPayoutRequest {
                request_id: id.into(),
                book: BOOK.into(),
                payout_id: id.into(),
                code: code.into(),
                asked_by_creator: false,
            };
            assert_eq!(recall(&running, &ask).await, Err("MALFORMED".to_owned()), "{code} {id}");
        }
        let own = running.client().recall_payout(running.signed("ana", request(&paid, "DUPL"))).await;
        assert_eq!(reason(own), Err("PERMISSION_DENIED".to_owned()));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_fee_of_a_recall_is_booked_once_and_borne_by_whoever_asked_for_it() {
    on_both(async |database| {
        let world = World::open_charging(database, 60, 150).await;
        let mut config = world.watchful();
        config.banks[0].rails.iter_mut().for_each(|rail| (rail.minor_units_max, rail.recall_fee_minor_units) = (0, 150));
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let (cash, cost, payable) = ("house/bank_cash/USD", "house/recall_cost/USD", "creator/ana/payable/USD");
        let mut expected = (0, 0, FUNDS);
        // The house; then the creator; then the creator again, who has nothing left.
        for (asked_by_creator, borne_by_creator, minor_units) in [(false, false, 500), (true, true, 500), (true, false, FUNDS - 1_150)] {
            let paid = running.pay("ana", aba("9000000001"), minor_units).await;
            world.scenario(json!({"end_to_end_id": paid.end_to_end_id, "behaviour": "recall_refuse", "code": "CUST"})).await;
            let ask = RecallPayoutRequest { asked_by_creator, ..request(&paid, "CUST") };
            let asked = recall(&running, &ask).await.unwrap().recall.unwrap();
            assert_eq!((asked.fee_minor_units, asked.fee_borne_by_creator), (150, asked_by_creator));
            if asked_by_creator {
                let other = RecallPayoutRequest { asked_by_creator: false, ..ask };
                assert_eq!(recall(&running, &other).await, Err("REQUEST_ID_REUSED".to_owned()));
            }
            let is_booked = |payout: &Payout| ended(payout, RecallState::Refused) && !payout.recalls[0].fee_posting_id.is_empty();
            let booked = running.once("ana", &paid.payout_id, is_booked).await;
            assert_eq!(booked.recalls[0].fee_borne_by_creator, borne_by_creator);
            expected.0 += minor_units + 150;
            expected.1 -= if borne_by_creator { 0 } else { 150 };
            expected.2 -= minor_units + if borne_by_creator { 150 } else { 0 };
            let found = (world.balance(cash).await.0, world.balance(cost).await.0, world.balance(payable).await.0);
            assert_eq!(found, expected);
            // The bank books it too.
            let statement = world.statement("USD").await;
            let moved = statement.closing.signed_minor_units() - statement.opening.signed_minor_units();
            assert_eq!(-moved, i128::from(expected.0), "our cash is what the bank says");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}
