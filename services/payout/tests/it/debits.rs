//! Booked debits of whole messages that nothing explains: kept, shown, and ended by a statement or by two people.

use crate::{
    crashes::without_worker_over,
    reviews::{new_id, refused, told},
    together::{CENTS, LATE_MS, beneficiary, config, ready, send_behind_a_slow_one},
    world::{BOOK, Running, World, on_both},
};
use api::payout::{
    ListUnexplainedDebitsRequest, PayoutOutcome, ResolvePayoutRequest, ResolveUnexplainedDebitRequest, UnexplainedDebit,
    UnexplainedDebitOutcome::{self, OtherMoney, ThesePayments},
    UnexplainedDebitState::{self, Explained, Open, Resolved},
};
use identity::Role;
use payout::{Config, domain::PayoutKey, payouts::Payouts};
use serde_json::json;
use std::time::Duration;
use tonic::{Code, Status};

const LETTER: &str = "the bank's list of debits of 2026-11-27, mail 4711";

/// One debit for each message, statements that are read all the time, and nobody who asks the bank about a payment before these tests are over.
fn patient(world: &World) -> Config {
    let mut config = config(world);
    (config.banks[0].batch_booking, config.statement_interval) = (true, Duration::from_millis(20));
    config.banks[0].rails.iter_mut().for_each(|rail| rail.time_out = Duration::from_secs(600));
    config
}

/// Three payouts in a message whose answer is lost: the bank pays the first two and books one debit, which it does not take apart.
struct LostMessage {
    running: Running,
    payouts: Payouts,
    keys: Vec<PayoutKey>,
}

impl LostMessage {
    async fn send(world: &World) -> LostMessage {
        let running = world.start_with(config(world)).await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000005", "behaviour": "late", "delay_ms": LATE_MS})).await;
        let (slow, cut) = (beneficiary(&running, "9000000005").await, beneficiary(&running, "9000000004").await);
        let (good, bad) = (beneficiary(&running, "9000000001").await, beneficiary(&running, "9000000003").await);
        running.stop().await;
        let mut keys = ready(world, &[slow, cut, good, bad]).await;
        let payouts = without_worker_over(world, patient(world)).await;
        send_behind_a_slow_one(&payouts, &keys[0], &keys[1..]).await;
        keys.remove(0);
        show(world, "bare_batches").await;
        LostMessage { running: world.start_with(patient(world)).await, payouts, keys }
    }

    async fn list(&self, state: UnexplainedDebitState) -> Vec<UnexplainedDebit> {
        let request = ListUnexplainedDebitsRequest { book: BOOK.into(), state: state.into(), ..Default::default() };
        self.running.client().list_unexplained_debits(self.running.staff(request)).await.unwrap().into_inner().debits
    }

    /// The debit, once it is listed so.
    async fn listed(&self, state: UnexplainedDebitState) -> UnexplainedDebit {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let wait = async {
            loop {
                if let [debit] = &self.list(state).await[..] {
                    return debit.clone();
                }
                ticks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it was never listed so")
    }

    async fn resolve(&self, world: &World, who: &str, request: ResolveUnexplainedDebitRequest) -> Result<(UnexplainedDebit, bool), Status> {
        let answer = self.running.client().resolve_unexplained_debit(world.bed.by(who, Role::Finance, request)).await?.into_inner();
        Ok((answer.debit.unwrap(), answer.replayed))
    }

    /// What sam gets who finds that a payout was not executed.
    async fn not_executed(&self, world: &World, key: &PayoutKey) -> Result<(), Status> {
        let outcome = PayoutOutcome::NotExecuted.into();
        let (request_id, payout_id) = (new_id(), key.payout_id.to_string());
        let request = ResolvePayoutRequest { request_id, book: BOOK.into(), payout_id, outcome, evidence: LETTER.into() };
        self.running.client().resolve_payout(world.bed.by("sam", Role::Finance, request)).await.map(drop)
    }

    async fn open_count(&self) -> u64 {
        let unfinished = self.payouts.unfinished().await.unwrap();
        unfinished.iter().find(|open| open.what == "unexplained_debit").unwrap().count
    }
}

async fn show(world: &World, fault: &str) {
    assert_eq!(world.command("statements/USD/faults", json!({"fault": fault})).await, 204);
}

fn found(debit: &UnexplainedDebit, outcome: UnexplainedDebitOutcome) -> ResolveUnexplainedDebitRequest {
    let debit_id = debit.debit_id.clone();
    ResolveUnexplainedDebitRequest { request_id: new_id(), book: BOOK.into(), debit_id, outcome: outcome.into(), evidence: LETTER.into() }
}

#[tokio::test]
async fn a_sum_that_nothing_explains_is_an_open_item_that_two_people_end() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let lost = LostMessage::send(&world).await;
        let debit = lost.listed(Open).await;
        assert_eq!(
            (debit.amount.as_ref().unwrap().minor_units, debit.bank.as_str(), debit.bank_account.as_str()),
            (2 * CENTS, "first", "main")
        );
        assert!(debit.bank_reference.starts_with("BUSD-") && !debit.message_ids.is_empty() && debit.booked_time.is_some(), "{debit:?}");
        let candidates: Vec<_> = debit.candidates.iter().map(|one| (one.payout_id.clone(), one.phase.as_str())).collect();
        let mut expected: Vec<_> = lost.keys.iter().map(|key| (key.payout_id.to_string(), "unknown")).collect();
        expected.sort();
        assert_eq!((debit.candidate_count, candidates), (3, expected));
        assert_eq!((lost.open_count().await, lost.list(Resolved).await.len()), (1, 0));
        let own = lost.running.client().list_unexplained_debits(lost.running.signed("ana", ListUnexplainedDebitsRequest::default())).await;
        assert_eq!(told(&own.unwrap_err()).0, Code::PermissionDenied);

        let alone = lost.not_executed(&world, &lost.keys[2]).await.unwrap_err();
        assert_eq!((told(&alone), &rpc::facts(&alone)["debit_id"]), (refused("DEBIT_UNEXPLAINED"), &debit.debit_id));
        let other = ResolveUnexplainedDebitRequest { debit_id: new_id(), ..found(&debit, OtherMoney) };
        assert_eq!(told(&lost.resolve(&world, "sam", other).await.unwrap_err()), (Code::NotFound, "DEBIT_UNKNOWN".to_owned()));
        let wordless = ResolveUnexplainedDebitRequest { evidence: "no".into(), ..found(&debit, OtherMoney) };
        assert_eq!(told(&lost.resolve(&world, "sam", wordless).await.unwrap_err()).1, "MALFORMED");
        let request = found(&debit, OtherMoney);
        let (first, replayed) = lost.resolve(&world, "sam", request.clone()).await.unwrap();
        assert_eq!((first.state(), first.proposed_by.as_str(), first.decided_by.as_str(), replayed), (Open, "sam", "", false));
        assert!(lost.resolve(&world, "sam", request).await.unwrap().1);
        assert_eq!(told(&lost.resolve(&world, "sam", found(&debit, OtherMoney)).await.unwrap_err()), refused("SAME_PERSON"));
        assert_eq!(told(&lost.resolve(&world, "eve", found(&debit, ThesePayments)).await.unwrap_err()), refused("RESOLUTION_DIFFERS"));
        assert_eq!(told(&lost.resolve(&world, "ana", found(&debit, OtherMoney)).await.unwrap_err()), refused("SAME_PERSON"));
        let alone = lost.not_executed(&world, &lost.keys[2]).await.unwrap_err();
        assert_eq!(told(&alone), refused("DEBIT_UNEXPLAINED"), "one person decides nothing");
        let (both, _) = lost.resolve(&world, "eve", found(&debit, OtherMoney)).await.unwrap();
        assert_eq!((both.state(), both.decided_by.as_str(), both.confirmation.as_str()), (Resolved, "eve", LETTER));
        assert!(both.end_time.is_some());
        assert_eq!((lost.open_count().await, lost.list(Open).await.len()), (0, 0));
        assert_eq!(told(&lost.resolve(&world, "eve", found(&debit, OtherMoney)).await.unwrap_err()), refused("DEBIT_ENDED"));
        // Reads the statement, which shows the debit as before: what people found stays.
        lost.not_executed(&world, &lost.keys[2]).await.unwrap();
        assert_eq!(lost.listed(Resolved).await.decided_by, "eve");
        lost.running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_people_find_to_be_these_payments_ends_none_of_them_as_not_executed() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let lost = LostMessage::send(&world).await;
        let debit = lost.listed(Open).await;
        for who in ["sam", "eve"] {
            lost.resolve(&world, who, found(&debit, ThesePayments)).await.unwrap();
        }
        for key in &lost.keys {
            assert_eq!(told(&lost.not_executed(&world, key).await.unwrap_err()), refused("DEBIT_UNEXPLAINED"));
        }
        lost.running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_later_statement_explains_a_sum_and_one_that_does_not_opens_it_again() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let lost = LostMessage::send(&world).await;
        let debit = lost.listed(Open).await;
        show(&world, "full_batches").await;
        let explained = lost.listed(Explained).await;
        assert_eq!((&explained.debit_id, explained.end_time.is_some(), lost.open_count().await), (&debit.debit_id, true, 0));
        assert_eq!(told(&lost.resolve(&world, "sam", found(&debit, OtherMoney)).await.unwrap_err()), refused("DEBIT_ENDED"));
        assert_eq!(told(&lost.not_executed(&world, &lost.keys[1]).await.unwrap_err()), refused("DEBIT_BOOKED"), "the bank lists it");
        lost.not_executed(&world, &lost.keys[2]).await.unwrap();
        show(&world, "bare_batches").await;
        assert_eq!(lost.listed(Open).await.end_time, None);
        lost.running.stop().await;
        // The bank answers at last, and what it has paid comes to the sum.
        let mut answered = config(&world);
        (answered.banks[0].batch_booking, answered.statement_interval) = (true, Duration::from_millis(20));
        let pool = world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE payout SET due_at_ms = 0 WHERE phase = 'unknown'").execute(&pool).await.unwrap();
        let lost = LostMessage { running: world.start_with(answered).await, ..lost };
        for key in &lost.keys {
            lost.running.end("ana", &key.payout_id.to_string()).await;
        }
        assert_eq!(lost.listed(Explained).await.debit_id, debit.debit_id);
        lost.running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_debit_that_may_have_paid_another_books_payouts_is_ended_by_who_covers_both() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let lost = LostMessage::send(&world).await;
        let debit = lost.listed(Open).await;
        let pool = world.database.open("payout", &payout::store::MIGRATIONS).await.unwrap();
        let plant = sqlx::query("INSERT INTO unexplained_debit_payout (debit_id, book, payout_id) VALUES ($1, 'app-eu', $2)");
        plant.bind(&debit.debit_id).bind(new_id()).execute(&pool).await.unwrap();
        let refusal = lost.resolve(&world, "sam", found(&debit, OtherMoney)).await.unwrap_err();
        assert_eq!(told(&refusal), (Code::PermissionDenied, "DEBIT_OF_OTHER_BOOKS".to_owned()));
        let open = lost.listed(Open).await;
        assert_eq!(
            (open.proposed_by.as_str(), open.candidates.len()),
            ("", 3),
            "nothing was changed, and another book's payouts are not shown"
        );
        for (who, state) in [("sam", Open), ("eve", Resolved)] {
            let mut request = world.bed.unexplained(who, Role::Finance, &[BOOK, "app-eu"], found(&debit, OtherMoney));
            request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
            let ended = lost.running.client().resolve_unexplained_debit(request).await.unwrap().into_inner().debit.unwrap();
            assert_eq!(ended.state(), state, "{who}");
        }
        lost.running.stop().await;
        world.close().await;
    })
    .await;
}
