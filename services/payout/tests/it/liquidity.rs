//! Reservations of a bank account's money: who waits, in what order, and what goes back.

use crate::{
    crashes::{crash, without_worker_over},
    world::{BOOK, Running, World, aba, on_both, payout_request},
};
use api::payout::{CancelPayoutRequest, Payout, PayoutState};
use money::{BookName, Currency, Money, RequestId, UserKey, time::unix_ms};
use payout::{Config, domain::PayoutKey, payouts::PayoutRequest, store::Store};
use std::time::SystemTime;
use uuid::Uuid;

const SPENDABLE: &str = "house/bank_spendable/USD";
const COMMITTED: &str = "house/bank_committed/USD";

/// Payouts in USD need a reservation.
fn with_liquidity(world: &World) -> Config {
    let mut config = world.config();
    config.banks[0].accounts[0].liquidity = true;
    config
}

/// What support's adjustment does.
async fn top_up(world: &World, minor_units: i64) {
    world.bed.post("adjustment", COMMITTED, SPENDABLE, minor_units).await;
}

async fn spendable(world: &World) -> i64 {
    let (spendable, committed) = (world.balance(SPENDABLE).await.0, world.balance(COMMITTED).await.0);
    assert_eq!(spendable, -committed, "the two sides mirror each other");
    spendable.abs()
}

/// Waits until a payout waits for this.
async fn blocked(running: &Running, payout_id: &str, by: &str) -> Payout {
    let mut changes = running.service.changes();
    loop {
        let payout = running.until("ana", payout_id, PayoutState::Queued).await;
        if payout.blocked_by.contains(by) {
            return payout;
        }
        let _ = changes.recv().await;
    }
}

#[tokio::test]
async fn payouts_wait_for_money_oldest_first_and_a_small_one_does_not_overtake() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_liquidity(&world)).await;
        world.fund("ana", "USD").await;
        top_up(&world, 700).await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let mut ids = Vec::new();
        for (minor_units, waits_for) in
            [(500, ""), (600, "LIQUIDITY: there is not enough money at the bank account main"), (100, "LIQUIDITY: older payouts wait")]
        {
            let (payout, _) = running.request("ana", payout_request(&account, "USD", minor_units)).await.unwrap();
            if waits_for.is_empty() {
                assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
            } else {
                let waiting = blocked(&running, &payout.payout_id, waits_for).await;
                assert!(waiting.submit_posting_id.is_empty(), "nothing is submitted without money");
            }
            ids.push(payout.payout_id);
        }
        // There is money for the third, and the second is older.
        assert_eq!(spendable(&world).await, 200);
        top_up(&world, 400).await;
        let second = running.end("ana", &ids[1]).await;
        assert_eq!((second.state(), second.blocked_by.as_str()), (PayoutState::Settled, ""));
        // Now it is the third's turn, whose money is gone.
        blocked(&running, &ids[2], "LIQUIDITY: there is not enough money").await;
        top_up(&world, 100).await;
        assert_eq!(running.end("ana", &ids[2]).await.state(), PayoutState::Settled);
        assert_eq!(spendable(&world).await, 0, "what was paid stays reserved");
        world.check_books("ana", "USD", 1_200).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_not_paid_is_spendable_again_once() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_liquidity(&world)).await;
        world.fund("ana", "USD").await;
        top_up(&world, 700).await;
        let rejected = running.pay("ana", aba("9000000003"), 500).await;
        assert_eq!((rejected.state(), spendable(&world).await), (PayoutState::Rejected, 700));
        // One that waits, cancelled, lets the next one go.
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (large, _) = running.request("ana", payout_request(&account, "USD", 900)).await.unwrap();
        blocked(&running, &large.payout_id, "LIQUIDITY: there is not enough money").await;
        let (small, _) = running.request("ana", payout_request(&account, "USD", 300)).await.unwrap();
        blocked(&running, &small.payout_id, "LIQUIDITY: older payouts wait").await;
        let cancel = CancelPayoutRequest { request_id: Uuid::now_v7().to_string(), book: BOOK.into(), payout_id: large.payout_id.clone() };
        running.client().cancel_payout(running.signed("ana", cancel)).await.unwrap();
        assert_eq!(running.end("ana", &large.payout_id).await.state(), PayoutState::Cancelled);
        assert_eq!(running.end("ana", &small.payout_id).await.state(), PayoutState::Settled);
        assert_eq!(spendable(&world).await, 400);
        world.check_books("ana", "USD", 300).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// Payouts in USD are paid by RTP at the first bank, else by FedNow at the second, and each account needs reservations.
fn with_two_banks(world: &World) -> Config {
    let mut config = with_liquidity(world);
    config.banks[0].rails.retain(|rail| rail.rail == "us-rtp");
    config.banks[0].accounts.truncate(1);
    let mut second = config.banks[0].clone();
    second.name = "second".to_owned();
    second.rails[0].rail = "us-fednow".to_owned();
    (second.accounts[0].id, second.accounts[0].reference_prefix) = ("other".to_owned(), "OUSD".to_owned());
    config.banks.push(second);
    config
}

#[tokio::test]
async fn a_fallback_gives_the_first_accounts_money_back_and_waits_for_the_seconds() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_two_banks(&world)).await;
        world.fund("ana", "USD").await;
        let [spendable_there, committed_there] = ["spendable", "committed"].map(|side| format!("house/main/bank_{side}/other/USD"));
        top_up(&world, 700).await;
        world.bed.post("adjustment", &committed_there, &spendable_there, 900).await;
        let refuse_once = || serde_json::json!({"account": "5512345678", "behaviour": "reject", "code": "AB05", "times": 1});
        world.scenario(refuse_once()).await;
        let paid = running.pay("ana", aba("5512345678"), 500).await;
        let attempts: Vec<_> = paid.attempts.iter().map(|one| (one.rail.as_str(), one.reason_code.as_str())).collect();
        assert_eq!((paid.state(), attempts), (PayoutState::Settled, vec![("us-rtp", "AB05"), ("us-fednow", "")]));
        assert_eq!((spendable(&world).await, world.balance(&spendable_there).await.0), (700, 400));

        // There is no money at the second account: what is proved unpaid waits for it in transit, and the first account has its own back.
        world.scenario(refuse_once()).await;
        let account = running.beneficiary("ana", aba("5512345678")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 600)).await.unwrap();
        let short = "LIQUIDITY: there is not enough money at the bank account other";
        let waiting = running.once("ana", &payout.payout_id, |payout| payout.blocked_by.contains(short)).await;
        assert_eq!(waiting.state(), PayoutState::Submitted, "{waiting:?}");
        assert_eq!((spendable(&world).await, world.balance("house/in_transit/USD").await.0.abs()), (700, 600));
        world.bed.post("adjustment", &committed_there, &spendable_there, 200).await;
        let paid = running.end("ana", &payout.payout_id).await;
        assert_eq!((paid.state(), paid.rail.as_str(), paid.blocked_by.as_str()), (PayoutState::Settled, "us-fednow", ""));
        assert_eq!((spendable(&world).await, world.balance(&spendable_there).await), (700, (0, 0)));
        assert_eq!(world.balance(&committed_there).await.0, 0, "all of it is paid");
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_age_of_the_oldest_payout_that_waits_for_money_is_measured() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_liquidity(&world)).await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let store = Store::inspect(&world.database).await.unwrap();
        let measured = async || {
            let waiting = store.waiting_for_money().await.unwrap();
            (waiting.what, waiting.state, waiting.count, waiting.since_ms)
        };
        assert_eq!(measured().await, ("payout_liquidity", "queued", 0, None));
        let before_ms = unix_ms(SystemTime::now());
        let mut since = Vec::new();
        for count in 1..=2 {
            let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
            blocked(&running, &payout.payout_id, "LIQUIDITY: ").await;
            let (.., counted, since_ms) = measured().await;
            assert_eq!(counted, count);
            since.extend(since_ms);
        }
        assert!(since[0] >= before_ms && since[1] == since[0], "the oldest counts: {since:?}");
        top_up(&world, 1_000).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_reservation_dropped_anywhere_is_used_or_given_back_once() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start_with(with_liquidity(&world)).await;
        world.fund("ana", "USD").await;
        top_up(&world, 50_000).await;
        let mut accounts = Vec::new();
        for number in ["9000000001", "9000000003"] {
            accounts.push(running.beneficiary("ana", aba(number)).await.unwrap().parse::<Uuid>().unwrap());
        }
        running.stop().await;
        let payouts = without_worker_over(&world, with_liquidity(&world)).await;
        let (mut paid, mut keys) = (0, Vec::new());
        for (account, settles) in [(accounts[0], true), (accounts[1], false)] {
            for polls in 0.. {
                let (payout, _) = payouts.request(&ask(account, 5), SystemTime::now()).await.unwrap();
                keys.push((payout.key(), settles));
                paid += if settles { 5 } else { 0 };
                if crash(payouts.drive(&payout.key()), polls).await.is_some() {
                    break;
                }
            }
        }
        assert!(keys.len() > 20, "the crashes must fall between the steps");
        let mut config = with_liquidity(&world);
        config.policy.sends_max = 50;
        let running = world.start_with(config).await;
        for (key, settles) in &keys {
            let state = running.end("ana", &key.payout_id.to_string()).await.state();
            assert_eq!(state, if *settles { PayoutState::Settled } else { PayoutState::Rejected });
        }
        assert_eq!(spendable(&world).await, 50_000 - paid);
        world.check_books("ana", "USD", paid).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn returned_money_is_spendable_again_once_for_each_return_and_never_more_than_was_reserved() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(with_liquidity(&world)).await;
        world.fund("ana", "USD").await;
        top_up(&world, 700).await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        running.stop().await;
        let payouts = without_worker_over(&world, with_liquidity(&world)).await;
        let key = PayoutKey { book: BookName::try_new(BOOK).unwrap(), payout_id: paid.payout_id.parse().unwrap() };
        let payout = payouts.store.payout(&key).await.unwrap().unwrap();
        let usd = |minor_units| Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap();
        for (id, minor_units, left) in [(1, 200, 400), (1, 200, 400), (2, 900, 700), (3, 1, 700)] {
            payouts.give_back_returned(&payout, Uuid::from_u128(id), usd(minor_units)).await.unwrap();
            assert_eq!(spendable(&world).await, left, "return {id}");
        }
        world.close().await;
    })
    .await;
}

fn ask(account: Uuid, minor_units: i64) -> PayoutRequest {
    PayoutRequest {
        book: BookName::try_new(BOOK).unwrap(),
        user: UserKey::try_new("ana").unwrap(),
        request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
        beneficiary_id: account,
        amount: Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap(),
    }
}
