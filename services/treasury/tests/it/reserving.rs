//! What payouts take of leaves is held before they are submitted, in transit until the bank paid or refused, and back on the leaf if nothing was paid.
use crate::{
    TREE,
    fixture::{BOOK, Fixture, SECOND_APP, both},
    reason,
    twins::{Numbers, structure, transfer},
};
use api::{
    ledger::{GetAccountRequest, PostPendingRequest, RequestField, Transfer},
    treasury::{FundsReservationState as State, ReleaseFundsRequest, ReserveFundsRequest, ReserveFundsResponse},
    r#type::Money,
};
use testbed::{Fault, Storage, crash};
use tonic::Status;
use uuid::Uuid;

const DOLLARS: &str = "house/main/bank_cash/bank-usd/USD";
pub const LEAF: &str = "house/main/virtual_account/us-creators/USD";
pub const TRANSIT: &str = "house/main/virtual_account/bank-usd-in-transit/USD";
const CASH: &str = "house/main/physical_cash/bank-usd/USD";
const APP_TRANSIT: &str = "house/in_transit/USD";
const PAYABLE: &str = "house/accrued_creator_liability/USD";

/// A payout of the app's book.
#[derive(Debug, Clone)]
pub struct AppPayout {
    id: String,
    reservation: String,
    /// The request id of its submission.
    submit_key: Uuid,
    hold: i64,
    pub amount: i64,
}

impl Fixture {
    /// A payout whose money is held in the app's book.
    pub async fn payout(&self, amount: i64) -> AppPayout {
        let held = vec![Transfer { pending: true, ..transfer(PAYABLE, APP_TRANSIT, amount) }];
        let hold = self.app_post("app", &testbed::new_id(), held).await;
        let submit_key = testbed::new_id().parse().unwrap();
        AppPayout { id: testbed::new_id(), reservation: testbed::new_id(), submit_key, hold, amount }
    }

    pub async fn reserve(&self, payout: &AppPayout) -> Result<ReserveFundsResponse, Status> {
        self.as_payout().reserve_funds(asked(payout)).await.map(tonic::Response::into_inner)
    }

    pub async fn release(&self, payout: &AppPayout) -> Result<State, Status> {
        self.give_up(payout, false).await
    }

    pub async fn give_up(&self, payout: &AppPayout, blocked: bool) -> Result<State, Status> {
        let ReserveFundsRequest { book, reservation_id, payout_id, entity, bank_account, amount, .. } = asked(payout);
        let request = ReleaseFundsRequest { book, reservation_id, payout_id, entity, bank_account, amount, blocked };
        self.as_payout().release_funds(request).await.map(|answer| answer.into_inner().reservation.unwrap().state())
    }

    pub async fn submit(&self, payout: &AppPayout) {
        let request = PostPendingRequest {
            book: "app".to_owned(),
            request_id: payout.submit_key.to_string(),
            transfer_no: payout.hold,
            kind: "payout.submit".to_owned(),
            request_fields: vec![RequestField { name: "payout_id".to_owned(), value: payout.id.clone() }],
            ..Default::default()
        };
        self.bed.client().post_pending(request).await.unwrap();
    }

    pub async fn settle(&self, payout: &AppPayout) {
        let paid = vec![transfer(APP_TRANSIT, DOLLARS, payout.amount)];
        self.app_post_for("app", &testbed::new_id(), paid, &payout.id).await;
    }

    pub async fn reject(&self, payout: &AppPayout) {
        self.release(payout).await.unwrap();
        self.app_post_for("app", &testbed::new_id(), vec![transfer(APP_TRANSIT, PAYABLE, payout.amount)], &payout.id).await;
    }

    /// What an account of the treasury book has, and what of that is not held.
    pub async fn free(&self, account: &str) -> (i64, i64) {
        let request = GetAccountRequest { book: BOOK.to_owned(), account: account.to_owned() };
        let answer = self.bed.client().get_account(request).await;
        answer.map_or((0, 0), |answer| answer.into_inner().account.map_or((0, 0), |account| (account.balance, account.available)))
    }

    /// Leaf, what of it is not held, and what is in transit; the books prove.
    async fn leaf_sums(&self) -> (i64, i64, i64) {
        let proof = self.prove("").await;
        assert!(proof.ok && proof.items.is_empty(), "{:?} {:?}", proof.problems, proof.items);
        let (leaf, free) = self.free(LEAF).await;
        (leaf, free, self.free(TRANSIT).await.0)
    }

    async fn follow(&self) -> usize {
        self.follower().round().await.unwrap()
    }

    /// An installation in which the app claims this much.
    pub async fn with_dollars(self, amount: i64) -> Self {
        self.change(&structure()).await.unwrap();
        self.app_moves("app", DOLLARS, amount).await;
        self.follow().await;
        self
    }
}

/// Payouts of a random day that are not over, and whether each is submitted.
#[derive(Debug, Default)]
pub struct RandomPayouts(Vec<(AppPayout, bool)>);

impl RandomPayouts {
    /// Lets something happen to one of them, with lost answers and lost calls; returns what a settlement took from the bank account.
    pub async fn step(&mut self, fixture: &Fixture, numbers: &mut Numbers) -> Option<i64> {
        let below = |numbers: &mut Numbers, end: usize| usize::try_from(numbers.below(u64::try_from(end).unwrap())).unwrap();
        let what = below(numbers, 5);
        if what < 2 || self.0.is_empty() {
            let payout = fixture.payout(i64::try_from(1 + numbers.below(200)).unwrap()).await;
            fixture.bed.fault.fail([Fault::Down, Fault::AnswerLost, Fault::None, Fault::None][below(numbers, 4)].clone());
            // It may be refused, and the call may be lost at any await.
            drop(crash(fixture.reserve(&payout), below(numbers, 80)).await);
            fixture.bed.fault.fail(Fault::None);
            self.0.push((payout, false));
            return None;
        }
        let at = below(numbers, self.0.len());
        let (payout, submitted) = self.0[at].clone();
        match (what, submitted) {
            (2, false) => {
                if fixture.reserve(&payout).await.is_ok_and(|answer| state(&answer) == State::Reserved) {
                    fixture.submit(&payout).await;
                    self.0[at].1 = true;
                }
                None
            }
            (2 | 3, true) => {
                fixture.settle(&payout).await;
                self.0.remove(at);
                Some(payout.amount)
            }
            _ => {
                drop(crash(fixture.release(&payout), below(numbers, 80)).await);
                self.give_up_one(fixture, at).await;
                None
            }
        }
    }

    async fn give_up_one(&mut self, fixture: &Fixture, at: usize) {
        let (payout, submitted) = self.0.remove(at);
        assert_eq!(fixture.release(&payout).await.unwrap(), State::Released);
        if submitted {
            fixture.reject(&payout).await;
        }
    }

    /// None of those that are left is paid.
    pub async fn end(mut self, fixture: &Fixture) {
        while !self.0.is_empty() {
            self.give_up_one(fixture, 0).await;
        }
    }
}

fn asked(payout: &AppPayout) -> ReserveFundsRequest {
    ReserveFundsRequest {
        book: "app".to_owned(),
        reservation_id: payout.reservation.clone(),
        payout_id: payout.id.clone(),
        entity: "main".to_owned(),
        bank_account: "bank-usd".to_owned(),
        amount: Some(Money { currency_code: "USD".to_owned(), minor_units: payout.amount }),
        intent_posting_id: chart::id::pending_posted(payout.submit_key, "app").to_string(),
    }
}

fn rule(status: &Status) -> String {
    assert_eq!(reason(status), "FUNDS_REFUSED");
    rpc::errors::facts(status)["rule"].clone()
}

fn state(answer: &ReserveFundsResponse) -> State {
    answer.reservation.as_ref().unwrap().state()
}

#[tokio::test]
async fn a_payouts_money_is_held_then_in_transit_then_paid_and_the_books_prove_at_each_step() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let payout = fixture.payout(300).await;
        let reserved = fixture.reserve(&payout).await.unwrap();
        assert_eq!((state(&reserved), reserved.replayed), (State::Reserved, false));
        assert_eq!(reserved.reservation.unwrap().leaf, "us-creators");
        assert_eq!(fixture.leaf_sums().await, (1_000, 700, 0));
        let again = fixture.reserve(&payout).await.unwrap();
        assert_eq!((state(&again), again.replayed), (State::Reserved, true));
        assert_eq!(fixture.leaf_sums().await, (1_000, 700, 0), "held once");
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (1_000, 700, 0), "there is no intent");

        fixture.submit(&payout).await;
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (700, 700, 300));
        assert_eq!(state(&fixture.reserve(&payout).await.unwrap()), State::InTransit);
        fixture.settle(&payout).await;
        assert_eq!(fixture.follow().await, 1);
        assert_eq!(fixture.leaf_sums().await, (700, 700, 0));
        assert_eq!(-fixture.free(CASH).await.0, 700);
        assert_eq!(
            (fixture.release(&payout).await.unwrap(), fixture.follow().await),
            (State::Settled, 0),
            "what is paid is not given back"
        );

        // The bank returns it: straight to the leaf, as any money that comes.
        fixture.app_post_for("app", &testbed::new_id(), vec![transfer(DOLLARS, PAYABLE, 300)], &payout.id).await;
        assert_eq!(fixture.follow().await, 1);
        assert_eq!((fixture.leaf_sums().await, -fixture.free(CASH).await.0), ((1_000, 1_000, 0), 1_000));
    }
}

#[tokio::test]
async fn a_settlement_that_comes_before_the_follower_saw_the_intent_takes_the_money_out_of_transit_once() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let (reserved, plain) = (fixture.payout(300).await, fixture.payout(200).await);
        fixture.reserve(&reserved).await.unwrap();
        for payout in [&reserved, &plain] {
            fixture.submit(payout).await;
            fixture.settle(payout).await;
        }
        assert_eq!(fixture.follow().await, 2, "one with a reservation, one without");
        assert_eq!((fixture.leaf_sums().await, -fixture.free(CASH).await.0), ((500, 500, 0), 500));
        // Another amount than was reserved: the leaf pays it, and has back what was in transit.
        let short = fixture.payout(100).await;
        fixture.reserve(&short).await.unwrap();
        fixture.submit(&short).await;
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (400, 400, 100));
        fixture.settle(&AppPayout { amount: 90, ..short.clone() }).await;
        assert_eq!(fixture.follow().await, 1);
        assert_eq!((fixture.leaf_sums().await, -fixture.free(CASH).await.0), ((410, 410, 0), 410));
    }
}

#[tokio::test]
async fn what_is_given_up_is_back_on_the_leaf_and_its_id_is_used_up() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let held = fixture.payout(300).await;
        fixture.reserve(&held).await.unwrap();
        for _ in 0..2 {
            assert_eq!(fixture.release(&held).await.unwrap(), State::Released);
            assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
        }
        assert_eq!(state(&fixture.reserve(&held).await.unwrap()), State::Released);
        // The next id of the same payout reserves again; then the bank refuses.
        let again = AppPayout { reservation: testbed::new_id(), ..held.clone() };
        fixture.reserve(&again).await.unwrap();
        fixture.submit(&again).await;
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (700, 700, 300));
        fixture.reject(&again).await;
        assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
        // Given up before it was asked for: the late call reserves nothing.
        let late = fixture.payout(10).await;
        assert_eq!(fixture.release(&late).await.unwrap(), State::Released);
        assert_eq!(state(&fixture.reserve(&late).await.unwrap()), State::Released);
        assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
    }
}

#[tokio::test]
async fn a_hold_without_an_intent_ends_in_time_and_one_with_an_intent_never_does() {
    for tables in testbed::both() {
        let fixture = Fixture::on_one_clock(tables).await.with_dollars(1_000).await;
        let (lost, late, sent) = (fixture.payout(100).await, fixture.payout(200).await, fixture.payout(400).await);
        for payout in [&lost, &late, &sent] {
            fixture.reserve(payout).await.unwrap();
        }
        fixture.submit(&sent).await;
        fixture.days_later(1);
        // The payout service still wants it: the hold is prolonged.
        assert_eq!(state(&fixture.reserve(&late).await.unwrap()), State::Reserved);
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (600, 400, 400), "one is released, one is held, one is in transit");
        assert_eq!(state(&fixture.reserve(&lost).await.unwrap()), State::Released);
        fixture.days_later(1);
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (600, 600, 400));
        // Released is not forgotten: what is submitted all the same is paid by the leaf.
        fixture.submit(&late).await;
        fixture.settle(&late).await;
        fixture.settle(&sent).await;
        fixture.follow().await;
        assert_eq!((fixture.leaf_sums().await, -fixture.free(CASH).await.0), ((400, 400, 0), 400));
    }
}

#[tokio::test]
async fn leaf_and_bank_must_have_the_money_and_an_id_means_one_thing() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let large = fixture.payout(1_001).await;
        assert_eq!(rule(&fixture.reserve(&large).await.unwrap_err()), "leaf_available");
        assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
        // More comes: the same id is decided anew.
        fixture.app_moves("app", DOLLARS, 1).await;
        fixture.follow().await;
        assert_eq!(state(&fixture.reserve(&large).await.unwrap()), State::Reserved);
        let other = AppPayout { amount: 1_000, ..large.clone() };
        let status = fixture.reserve(&other).await.unwrap_err();
        assert_eq!((reason(&status), rpc::errors::facts(&status)["differing"].as_str()), ("REQUEST_ID_REUSED".to_owned(), "amount"));
        assert_eq!(reason(&fixture.release(&other).await.unwrap_err()), "REQUEST_ID_REUSED");
        fixture.release(&large).await.unwrap();
        // The leaf is rich, and the account is not: another leaf is overdrawn by what is on its way out.
        fixture.adjust("house/acme/virtual_account/us-costs/USD", TRANSIT, 900).await;
        let payout = fixture.payout(102).await;
        assert_eq!(rule(&fixture.reserve(&payout).await.unwrap_err()), "physical_available");
        let covered = AppPayout { amount: 101, ..fixture.payout(101).await };
        assert_eq!(state(&fixture.reserve(&covered).await.unwrap()), State::Reserved);
    }
}

#[tokio::test]
async fn what_treasury_does_not_hold_needs_no_reservation_and_only_payouts_reserve() {
    for fixture in both().await {
        let payout = fixture.payout(10).await;
        assert_eq!(state(&fixture.reserve(&payout).await.unwrap()), State::NotCovered, "there is no treasury book");
        let fixture = fixture.with_dollars(1_000).await;
        for other in [
            ReserveFundsRequest { bank_account: "elsewhere".to_owned(), ..asked(&payout) },
            ReserveFundsRequest { entity: "acme".to_owned(), ..asked(&payout) },
            ReserveFundsRequest { amount: Some(Money { currency_code: "GBP".to_owned(), minor_units: 1 }), ..asked(&payout) },
        ] {
            assert_eq!(state(&fixture.as_payout().reserve_funds(other).await.unwrap().into_inner()), State::NotCovered);
        }
        for (wrong, field) in [
            (ReserveFundsRequest { reservation_id: "1".to_owned(), ..asked(&payout) }, "reservation_id"),
            (ReserveFundsRequest { intent_posting_id: String::new(), ..asked(&payout) }, "intent_posting_id"),
            (ReserveFundsRequest { bank_account: "A/b".to_owned(), ..asked(&payout) }, "bank_account"),
            (ReserveFundsRequest { amount: None, ..asked(&payout) }, "amount"),
        ] {
            let status = fixture.as_payout().reserve_funds(wrong).await.unwrap_err();
            assert_eq!(reason(&status), "MALFORMED");
            assert!(status.message().contains(field), "{}", status.message());
        }
        for book in [BOOK, "nowhere"] {
            let status = fixture.as_payout().reserve_funds(ReserveFundsRequest { book: book.to_owned(), ..asked(&payout) }).await;
            assert_eq!(reason(&status.unwrap_err()), "BOOK_UNKNOWN");
        }
        let gift = fixture.bed.service_token("gift");
        let status = fixture.service_client(gift).reserve_funds(asked(&payout)).await.unwrap_err();
        assert_eq!((reason(&status), rpc::errors::facts(&status)["subject"].as_str()), ("PERMISSION_DENIED".to_owned(), "gift"));
        let status = fixture.client().reserve_funds(fixture.by_finance_of(&["app"], asked(&payout))).await.unwrap_err();
        assert_eq!(reason(&status), "PERMISSION_DENIED");
        assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
    }
}

#[tokio::test]
async fn clients_money_pays_for_no_other_entity() {
    let fixture = Fixture::start(Storage::sqlite(), api::ledger::BookMode::Test).await;
    let client = TREE.replace("uses = [\"sweep\"]", "funds = \"client\"\nclaims = [\"app\"]");
    fixture.change(&client).await.unwrap();
    fixture.app_moves("app", DOLLARS, 1_000).await;
    fixture.follow().await;
    let payout = fixture.payout(10).await;
    assert_eq!(rule(&fixture.reserve(&payout).await.unwrap_err()), "funds");
}

#[tokio::test]
async fn calls_at_the_same_time_in_two_processes_never_reserve_the_same_money() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let second = fixture.bed.lay(fixture.second_service().await.routes()).with_token(fixture.bed.service_token("payout"));
        let second = api::treasury::treasury_service_client::TreasuryServiceClient::new(second);
        let mut payouts = Vec::new();
        for _ in 0..10 {
            payouts.push(fixture.payout(300).await);
        }
        let calls = payouts.iter().zip(0..).map(|(payout, at)| {
            let (mut client, request) = (if at % 2 == 0 { fixture.as_payout() } else { second.clone() }, asked(payout));
            async move { client.reserve_funds(request).await }
        });
        let answers = futures::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
        assert_eq!(fixture.leaf_sums().await, (1_000, 100, 0));
        // One id, from two processes at once.
        let payout = fixture.payout(100).await;
        let (one, other) = (asked(&payout), asked(&payout));
        let (mut here, mut there) = (fixture.as_payout(), second.clone());
        let both = futures::future::join(here.reserve_funds(one), there.reserve_funds(other)).await;
        let replayed = [both.0, both.1].map(|answer| answer.unwrap().into_inner().replayed);
        assert_eq!(replayed.iter().filter(|replayed| !**replayed).count(), 1, "{replayed:?}");
        assert_eq!(fixture.leaf_sums().await, (1_000, 0, 0));
    }
}

#[tokio::test]
async fn a_call_dropped_anywhere_holds_once_and_gives_back_once() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(100_000).await;
        let mut held = 0;
        for polls in 0.. {
            let payout = fixture.payout(10).await;
            let done = crash(fixture.reserve(&payout), polls).await.is_some();
            assert_eq!(state(&fixture.reserve(&payout).await.unwrap()), State::Reserved);
            held += 10;
            assert_eq!(fixture.leaf_sums().await, (100_000, 100_000 - held, 0));
            if done {
                break;
            }
        }
        assert!(held > 40, "the crashes must fall between the steps: {held}");
        for submitted in [false, true] {
            for polls in 0.. {
                let payout = fixture.payout(10).await;
                fixture.reserve(&payout).await.unwrap();
                if submitted {
                    fixture.submit(&payout).await;
                    // A follower that is lost too.
                    drop(crash(fixture.follower().round(), polls).await);
                }
                let done = crash(fixture.release(&payout), polls).await.is_some();
                fixture.follow().await;
                assert_eq!(fixture.release(&payout).await.unwrap(), State::Released);
                assert_eq!(fixture.leaf_sums().await, (100_000, 100_000 - held, 0));
                if done {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_frozen_leaf_stops_what_takes_its_money_and_nothing_is_lost_when_it_thaws() {
    for fixture in both().await {
        let fixture = fixture.with_dollars(1_000).await;
        let (payout, other) = (fixture.payout(300).await, fixture.payout(100).await);
        fixture.reserve(&payout).await.unwrap();
        fixture.submit(&payout).await;
        fixture.freeze(LEAF, true).await;
        assert_eq!(reason(&fixture.reserve(&other).await.unwrap_err()), "ACCOUNT_FROZEN");
        assert!(fixture.follower().round().await.is_err());
        assert!(fixture.follower().round().await.is_err());
        fixture.freeze(LEAF, false).await;
        fixture.follow().await;
        assert_eq!(fixture.leaf_sums().await, (700, 700, 300));
        assert_eq!(state(&fixture.reserve(&other).await.unwrap()), State::Released, "the refused hold's id is used up");
        // A fault of the ledger between any two steps.
        for fault in [Fault::Down, Fault::AnswerLost] {
            fixture.bed.fault.fail(fault);
            assert!(fixture.release(&payout).await.is_err());
            fixture.bed.fault.fail(Fault::None);
        }
        fixture.reject(&payout).await;
        assert_eq!(fixture.leaf_sums().await, (1_000, 1_000, 0));
    }
}

#[tokio::test]
async fn two_apps_with_one_reservation_id_are_two_reservations() {
    let fixture = Fixture::start(Storage::sqlite(), api::ledger::BookMode::Test).await.with_dollars(1_000).await;
    fixture.app_moves(SECOND_APP, DOLLARS, 500).await;
    fixture.follow().await;
    let payout = fixture.payout(300).await;
    fixture.reserve(&payout).await.unwrap();
    let other = ReserveFundsRequest { book: SECOND_APP.to_owned(), ..asked(&payout) };
    let answer = fixture.as_payout().reserve_funds(other).await.unwrap().into_inner();
    assert_eq!((state(&answer), answer.replayed), (State::Reserved, false));
    assert_eq!(answer.reservation.unwrap().leaf, "bank-usd-unallocated");
    assert_eq!(fixture.free("house/main/virtual_account/bank-usd-unallocated/USD").await, (500, 200));
    assert_eq!(fixture.leaf_sums().await, (1_000, 700, 0));
}
