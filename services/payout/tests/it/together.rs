//! Many payments in one message: each is decided on its own, and paid once, whatever is lost or cut off.

use crate::{
    callbacks::{Listening, OwnKey, read},
    crashes::{crash, without_worker_over},
    outcomes::check_schemas,
    world::{BOOK, Running, World, aba, on_both, states},
};
use api::payout::PayoutState::{Held, OutcomeUnknown, Rejected, Requested, Settled, Submitted};
use futures::future::join_all;
use money::{BookName, Currency, Money, RequestId, UserKey};
use payout::{
    Config,
    domain::{Payout, PayoutKey, PayoutPhase},
    payouts::{PayoutRequest, Payouts},
    store::statements::StatementAccount,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};
use testbed::{bank_messages::report, crash_at};
use uuid::Uuid;

/// How often payments are sent until two of them wait for a third one.
const TRIES_MAX: usize = 20;
/// How late the bank answers the payment behind which others wait: longer than those take to get there on a busy machine.
pub const LATE_MS: i64 = 3_000;
/// What each payout pays.
pub const CENTS: i64 = 5;

pub fn config(world: &World) -> Config {
    let mut config = world.config();
    config.message_payments_max = 100;
    config.in_flight_max = 200;
    config.beneficiaries_max = 1_000;
    config.policy.sends_max = 50;
    for rail in &mut config.banks[0].rails {
        // Much longer than the bank's late answers take.
        rail.time_out = Duration::from_secs(8);
    }
    config
}

/// Payouts to these accounts of ana's, each just before it is sent: whoever drives them next sends them.
pub async fn ready(world: &World, beneficiaries: &[Uuid]) -> Vec<PayoutKey> {
    ready_by(&unable_to_write(world).await, beneficiaries).await
}

/// Use cases that send nothing: a payer without a name can't be written into a message.
async fn unable_to_write(world: &World) -> Payouts {
    let mut config = config(world);
    config.banks[0].debtor_name = String::new();
    without_worker_over(world, config).await
}

async fn ready_by(payouts: &Payouts, beneficiaries: &[Uuid]) -> Vec<PayoutKey> {
    let one = async |beneficiary_id: &Uuid| {
        let asked = PayoutRequest {
            book: BookName::try_new(BOOK).unwrap(),
            user: UserKey::try_new("ana").unwrap(),
            request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
            beneficiary_id: *beneficiary_id,
            amount: Money::try_new(Currency::try_new("USD").unwrap(), CENTS).unwrap(),
        };
        let key = Box::pin(payouts.request(&asked, SystemTime::now())).await.unwrap().0.key();
        // A ledger that is busy is tried again.
        loop {
            Box::pin(payouts.drive(&key)).await.unwrap();
            let row = payouts.store.payout(&key).await.unwrap().unwrap();
            let due = payout::domain::Payout { due_at_ms: 0, ..row };
            let row = payouts.store.save(due, None).await.unwrap().unwrap();
            if row.phase == PayoutPhase::Intent {
                assert_eq!(row.sends, 0);
                break;
            }
        }
        key
    };
    join_all(beneficiaries.iter().map(|beneficiary| Box::pin(one(beneficiary)))).await
}

pub async fn beneficiary(running: &Running, account: &str) -> Uuid {
    running.beneficiary("ana", aba(account)).await.unwrap().parse().unwrap()
}

/// Sends them, behind a payment that the bank is slow to answer: what waits meanwhile goes together.
pub async fn send_behind_a_slow_one(payouts: &Payouts, slow: &PayoutKey, others: &[PayoutKey]) {
    let first = async {
        Box::pin(payouts.drive(slow)).await.unwrap();
    };
    let then = async {
        while payouts.store.payout(slow).await.unwrap().unwrap().sends == 0 {
            tokio::task::yield_now().await;
        }
        for driven in join_all(others.iter().map(|key| Box::pin(payouts.drive(key)))).await {
            driven.unwrap();
        }
    };
    futures::future::join(Box::pin(first), Box::pin(then)).await;
}

/// The messages that payouts shared, each with how many.
async fn messages(payouts: &Payouts, keys: &[PayoutKey]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        let row = payouts.store.payout(key).await.unwrap().unwrap();
        for id in row.shared.ids().iter().flatten() {
            *counts.entry(id.clone()).or_default() += 1;
        }
    }
    counts
}

#[tokio::test]
async fn of_fifty_in_a_message_each_is_decided_on_its_own() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000005", "behaviour": "late", "delay_ms": LATE_MS})).await;
        world.scenario(json!({"account": "4400000001", "behaviour": "reject", "code": "AC01"})).await;
        world.scenario(json!({"account": "4400000002", "behaviour": "unreported"})).await;
        let mut accounts = vec!["9000000005", "9000000003", "4400000001", "4400000002"];
        accounts.resize(51, "9000000001");
        let mut recorded = BTreeMap::new();
        for account in &accounts {
            if !recorded.contains_key(account) {
                recorded.insert(*account, beneficiary(&running, account).await);
            }
        }
        running.stop().await;
        let beneficiaries: Vec<Uuid> = accounts.iter().map(|account| recorded[account]).collect();
        let keys = ready(&world, &beneficiaries).await;
        let payouts = without_worker_over(&world, config(&world)).await;
        send_behind_a_slow_one(&payouts, &keys[0], &keys[1..]).await;
        let shared = messages(&payouts, &keys).await;
        // On a busy machine some come too late to go with the others.
        assert!(shared.values().any(|count| *count >= 10), "what waits goes together: {shared:?}");
        let (message_id, count) = shared.iter().max_by_key(|(_, count)| **count).unwrap();
        let listed: BTreeSet<Uuid> =
            payouts.store.payouts_in_message("first", message_id).await.unwrap().into_iter().map(|key| key.payout_id).collect();
        assert_eq!((listed.len(), payouts.store.payouts_in_message("second", message_id).await.unwrap().len()), (*count, 0));

        let running = world.start_with(config(&world)).await;
        for (at, key) in keys.iter().enumerate() {
            let payout = running.end("ana", &key.payout_id.to_string()).await;
            let (state, code) = match at {
                1 => (Rejected, "AC04"),
                2 => (Rejected, "AC01"),
                _ => (Settled, ""),
            };
            assert_eq!((payout.state(), payout.reason_code.as_str()), (state, code), "{at}: {payout:?}");
            assert_eq!(world.executed(&payout).await, usize::from(state == Settled), "{at}");
            if at == 3 {
                assert_eq!(states(&payout), [Requested, Held, Submitted, OutcomeUnknown, Settled], "undecided, and asked for");
                assert!(payout.steps[3].note.contains("leaves this payment out"), "{payout:?}");
            } else {
                assert_eq!(states(&payout), [Requested, Held, Submitted, state], "{at}");
            }
            // Of an answer that leaves a payment out there is nothing to keep but that.
            if at < 6 && at != 3 {
                check_schemas(&running, &payout.payout_id).await;
            }
        }
        world.check_books("ana", "USD", 49 * CENTS).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_one_debit_of_a_message_is_explained_by_its_payments_and_shows_which_of_them_was_executed_though_refused() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let batched = |world: &World| {
            let mut config = config(world);
            config.banks[0].batch_booking = true;
            config.statement_interval = Duration::from_millis(20);
            config
        };
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000005", "behaviour": "late", "delay_ms": LATE_MS})).await;
        world.scenario(json!({"account": "4400000001", "behaviour": "reject_executed", "code": "AC01"})).await;
        let (slow, good) = (beneficiary(&running, "9000000005").await, beneficiary(&running, "9000000001").await);
        let (lies, bad) = (beneficiary(&running, "4400000001").await, beneficiary(&running, "9000000003").await);
        running.stop().await;
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        let currency = Currency::try_new("USD").unwrap();
        let account = StatementAccount { bank: "first".to_owned(), bank_account: "main".to_owned(), currency };
        let book = BookName::try_new(BOOK).unwrap();
        let mut lied = BTreeSet::new();
        // With its payments listed, and without.
        for (fault, others) in [("full_batches", vec![good, lies, good, bad]), ("bare_batches", vec![good, lies, good])] {
            assert_eq!(world.command("statements/USD/faults", json!({"fault": fault})).await, 204);
            let keys = ready(&world, &[vec![slow], others].concat()).await;
            let payouts = without_worker_over(&world, batched(&world)).await;
            send_behind_a_slow_one(&payouts, &keys[0], &keys[1..]).await;
            assert_eq!(messages(&payouts, &keys).await.into_values().collect::<Vec<_>>(), [keys.len() - 1], "{fault}");
            let debits: Vec<i64> = world.statement("USD").await.entries.iter().map(|entry| entry.amount.minor_units()).collect();
            assert_eq!(debits.last(), Some(&(3 * CENTS)), "one debit: {debits:?}");
            let running = world.start_with(batched(&world)).await;
            for (at, key) in keys.iter().enumerate() {
                let payout = running.end("ana", &key.payout_id.to_string()).await;
                assert_eq!(payout.state(), if [2, 4].contains(&at) { Rejected } else { Settled }, "{at}: {payout:?}");
            }
            lied.insert(keys[2].payout_id);
            let read = async || store.statement_read_at_ms(&account).await.unwrap().unwrap_or_default();
            let (ended, mut ticks) = (
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis(),
                tokio::time::interval(Duration::from_millis(20)),
            );
            // Twice, so that one was begun after the end.
            for _ in 0..2 {
                let before = read().await;
                while read().await == before || u128::try_from(read().await).unwrap() < ended {
                    ticks.tick().await;
                }
            }
            let found = store.unexpected_debits(&book).await.unwrap();
            assert_eq!(found.iter().map(|debit| debit.payout_id).collect::<BTreeSet<_>>(), lied, "{fault}");
            assert!(found.iter().all(|debit| debit.amount.minor_units() == CENTS), "{found:?}");
            running.stop().await;
        }
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_leaves_every_payment_of_the_message_unknown_and_each_is_asked_for() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000005", "behaviour": "late", "delay_ms": LATE_MS})).await;
        let (slow, cut) = (beneficiary(&running, "9000000005").await, beneficiary(&running, "9000000004").await);
        let (good, bad) = (beneficiary(&running, "9000000001").await, beneficiary(&running, "9000000003").await);
        running.stop().await;
        let keys = ready(&world, &[slow, cut, good, good, bad, good]).await;
        let payouts = without_worker_over(&world, config(&world)).await;
        send_behind_a_slow_one(&payouts, &keys[0], &keys[1..]).await;
        assert_eq!(messages(&payouts, &keys).await.into_values().collect::<Vec<_>>(), [5]);
        for key in &keys[1..] {
            let row = payouts.store.payout(key).await.unwrap().unwrap();
            assert_eq!((row.phase, row.seen, row.sends), (PayoutPhase::Unknown, false, 1), "{row:?}");
        }
        let running = world.start_with(config(&world)).await;
        for (at, key) in keys.iter().enumerate() {
            let payout = running.end("ana", &key.payout_id.to_string()).await;
            let state = if at == 4 { Rejected } else { Settled };
            assert_eq!((payout.state(), world.executed(&payout).await), (state, usize::from(at != 4)), "{payout:?}");
            assert_eq!(payouts.store.payout(key).await.unwrap().unwrap().sends, 1, "asked for, and not sent again");
        }
        world.check_books("ana", "USD", 5 * CENTS).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// Where a message of two can be cut off: before its sending is stored, then before the bank has it, then before its answer was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CutOff {
    Unsent,
    NeverArrived,
    Arrived,
}

/// Where those two payments are that share a message; none while none do.
async fn cut_off(world: &World, payouts: &Payouts, keys: &[PayoutKey]) -> Option<CutOff> {
    let mut rows = Vec::new();
    for key in keys {
        rows.push(payouts.store.payout(key).await.unwrap().unwrap());
    }
    if rows.iter().all(|row| row.phase == PayoutPhase::Intent) {
        return Some(CutOff::Unsent);
    }
    let is_shared = |row: &&Payout| row.phase == PayoutPhase::Sent && row.shared.ids().iter().any(Option::is_some);
    let shared: BTreeSet<String> = rows.iter().filter(is_shared).map(Payout::end_to_end_id).collect();
    let entries = world.statement("USD").await.entries;
    let booked = entries.iter().filter_map(|entry| entry.end_to_end_id.as_ref()).filter(|id| shared.contains(*id)).count();
    match (shared.len(), booked) {
        (2, 0) => Some(CutOff::NeverArrived),
        (2, 2) => Some(CutOff::Arrived),
        _ => None,
    }
}

#[tokio::test]
async fn a_message_cut_off_anywhere_pays_each_of_its_payments_once() {
    on_both(async |database| {
        let world = World::open(database, 2).await;
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        let good = beneficiary(&running, "9000000001").await;
        running.stop().await;
        let (before, payouts) = (unable_to_write(&world).await, without_worker_over(&world, config(&world)).await);
        let mut all: Vec<(PayoutKey, Option<CutOff>)> = Vec::new();
        // After one poll more every time, until all of it is done. One goes alone, and two behind it.
        for polls in 1.. {
            let keys = ready_by(&before, &[good; 3]).await;
            let ended = crash(join_all(keys.iter().map(|key| Box::pin(payouts.drive(key)))), polls).await.is_some();
            all.extend(keys.into_iter().map(|key| (key, None)));
            if ended {
                break;
            }
        }
        // And at each of the moments of interest, which are not met by number on every machine. What is to be lost on its way goes where nobody takes it.
        let (nobody, mut lost) = (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), config(&world));
        lost.banks[0].url = format!("http://{}", nobody.local_addr().unwrap());
        let losing = without_worker_over(&world, lost).await;
        for (wanted, sender) in [(CutOff::Unsent, &payouts), (CutOff::NeverArrived, &losing), (CutOff::Arrived, &payouts)] {
            let mut met = false;
            // Whether two wait while one is sent depends on which of them has read its rows first.
            for _ in 0..TRIES_MAX {
                let keys = ready_by(&before, &[good; 3]).await;
                let driven = join_all(keys.iter().map(|key| Box::pin(sender.drive(key))));
                met = crash_at(driven, async || cut_off(&world, &payouts, &keys).await == Some(wanted)).await.is_none();
                all.extend(keys.into_iter().map(|key| (key, met.then_some(wanted))));
                if met {
                    break;
                }
            }
            assert!(met, "no message was cut off where it is {wanted:?}");
        }
        let running = world.start_with(config(&world)).await;
        let mut sent: BTreeMap<(Option<CutOff>, bool, i64), usize> = BTreeMap::new();
        for (key, cut_off) in &all {
            let payout = running.end("ana", &key.payout_id.to_string()).await;
            assert_eq!(payout.state(), Settled, "{payout:?}");
            let row = payouts.store.payout(key).await.unwrap().unwrap();
            let letters = row.sendings.letters();
            let before = &letters[..letters.len() - 1];
            assert!(before.chars().all(|letter| letter == 'n'), "in another message only after proof: {letters}");
            let was_shared = row.shared.ids().first().is_some_and(Option::is_some);
            *sent.entry((*cut_off, was_shared, row.sends)).or_default() += 1;
        }
        let mut executed: BTreeMap<String, usize> = BTreeMap::new();
        for entry in world.statement("USD").await.entries {
            *executed.entry(entry.end_to_end_id.unwrap()).or_default() += 1;
        }
        assert!(executed.len() == all.len() && executed.values().all(|times| *times == 1), "{executed:?}");
        let shared_by = |cut_off| sent.iter().filter(move |((cut, shared, _), _)| *cut == Some(cut_off) && *shared);
        // Both of a message that never arrived are sent again, and neither of one that did.
        assert!(shared_by(CutOff::NeverArrived).all(|((_, _, sends), _)| *sends > 1), "{sent:?}");
        assert!(shared_by(CutOff::Arrived).all(|((_, _, sends), _)| *sends == 1), "{sent:?}");
        let both = |cut_off| shared_by(cut_off).map(|(_, count)| count).sum::<usize>() == 2;
        assert!(both(CutOff::NeverArrived) && both(CutOff::Arrived), "{sent:?}");
        world.check_books("ana", "USD", CENTS * i64::try_from(all.len()).unwrap()).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callback_about_the_whole_message_decides_nothing_and_has_each_payment_asked_for() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let own = OwnKey::new();
        let mut config = config(&world);
        // Nothing but callbacks makes anything due soon.
        let watched = own.config(&world);
        config.policy = watched.policy;
        config.banks[0].callback_keys_file.clone_from(&watched.banks[0].callback_keys_file);
        let running = world.start_with(config.clone()).await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000005", "behaviour": "late", "delay_ms": LATE_MS})).await;
        let (slow, pending) = (beneficiary(&running, "9000000005").await, beneficiary(&running, "9000000008").await);
        running.stop().await;
        let payouts = without_worker_over(&world, config.clone()).await;
        // On a busy machine one may come too late to go with the others.
        let (keys, message_id) = loop {
            let keys = ready(&world, &[slow, pending, pending, pending]).await;
            send_behind_a_slow_one(&payouts, &keys[0], &keys[1..]).await;
            let sent = messages(&payouts, &keys).await;
            if let Some((message_id, 3)) = sent.into_iter().next() {
                break (keys, message_id);
            }
        };
        let row = async |key: &PayoutKey| payouts.store.payout(key).await.unwrap().unwrap();
        for key in &keys[1..] {
            let row = row(key).await;
            assert_eq!((row.phase, row.message_id(1)), (PayoutPhase::Accepted, message_id.clone()));
            world.scenario(json!({"end_to_end_id": row.end_to_end_id(), "behaviour": "settle"})).await;
        }
        let running = world.start_with(config).await;
        let http = Listening::start(&running).await;
        let refused = report("X", 0, "<GrpSts>RJCT</GrpSts>", "").replace("X-0", &message_id).into_bytes();
        for _ in 0..2 {
            assert_eq!(http.post("first", Some(&own.sign(&refused)), refused.clone()).await, 204);
        }
        let callbacks = read(&payouts.store, 1).await;
        assert!(callbacks[0].1.contains("3 payouts are asked for at once"), "{callbacks:?}");
        for key in &keys {
            assert_eq!(running.end("ana", &key.payout_id.to_string()).await.state(), Settled, "by the bank's own answer");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}
