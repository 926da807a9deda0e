//! Payouts whose outcome no answer will ever tell: two people end them on evidence, and a booked debit is stronger than both.

use crate::{
    api_bank::ApiTown,
    reviews::{new_id, refused, told},
    world::{BOOK, Running, aba, on_both, payout_request},
};
use api::payout::{
    GetPayoutRequest, Payout, PayoutOutcome, PayoutResolution,
    PayoutState::{OutcomeUnknown, Rejected, Settled},
    ResolvePayoutRequest,
};
use identity::Role;
use payout::Config;
use serde_json::json;
use std::time::Duration;
use tonic::{Code, Status};

const LETTER: &str = "letter of the bank of 2026-11-26, file 4711";

/// A configuration in which nobody asks the bank again before these tests are over.
fn patient(town: &ApiTown) -> Config {
    let mut config = town.config();
    config.banks[0].rails.iter_mut().for_each(|rail| rail.time_out = Duration::from_secs(600));
    config
}

/// A payout whose answer is lost while the bank does this.
async fn unknown(town: &ApiTown, running: &Running, behaviour: &str) -> Payout {
    town.scenario(json!({"holder": "Ana Müller", "behaviour": behaviour, "times": 1})).await;
    let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
    let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
    running.until("ana", &payout.payout_id, OutcomeUnknown).await
}

fn found(payout: &Payout, outcome: PayoutOutcome) -> ResolvePayoutRequest {
    let (request_id, payout_id) = (new_id(), payout.payout_id.clone());
    ResolvePayoutRequest { request_id, book: BOOK.into(), payout_id, outcome: outcome.into(), evidence: LETTER.into() }
}

async fn resolve(town: &ApiTown, running: &Running, who: &str, request: ResolvePayoutRequest) -> Result<(PayoutResolution, bool), Status> {
    let answer = running.client().resolve_payout(town.world.bed.by(who, Role::Finance, request)).await?.into_inner();
    Ok((answer.resolution.unwrap(), answer.replayed))
}

async fn seen_by_staff(running: &Running, payout: &Payout) -> Payout {
    let request = GetPayoutRequest { book: BOOK.into(), payout_id: payout.payout_id.clone() };
    running.client().get_payout(running.staff(request)).await.unwrap().into_inner().payout.unwrap()
}

#[tokio::test]
async fn two_people_with_evidence_give_the_money_of_a_lost_payment_back() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(patient(&town)).await;
        let payout = unknown(&town, &running, "lose").await;
        for wrong in ["too short", "", " a blank before it", "two\nlines of it", &"x".repeat(501)] {
            let request = ResolvePayoutRequest { evidence: wrong.into(), ..found(&payout, PayoutOutcome::NotExecuted) };
            assert_eq!(told(&resolve(&town, &running, "sam", request).await.unwrap_err()).1, "MALFORMED", "{wrong}");
        }
        let unspecified = resolve(&town, &running, "sam", found(&payout, PayoutOutcome::Unspecified)).await;
        assert_eq!(told(&unspecified.unwrap_err()).1, "MALFORMED");
        let own = running.client().resolve_payout(running.signed("ana", found(&payout, PayoutOutcome::NotExecuted))).await;
        assert_eq!(told(&own.unwrap_err()).0, Code::PermissionDenied);
        assert!(seen_by_staff(&running, &payout).await.next_step.contains("ResolvePayout"));
        let request = found(&payout, PayoutOutcome::NotExecuted);
        let (first, replayed) = resolve(&town, &running, "sam", request.clone()).await.unwrap();
        assert_eq!((first.proposed_by.as_str(), first.decided_by.as_str(), replayed), ("sam", "", false));
        assert!(resolve(&town, &running, "sam", request).await.unwrap().1);
        let shown = seen_by_staff(&running, &payout).await;
        assert_eq!((shown.state(), shown.resolution.unwrap().evidence.as_str()), (OutcomeUnknown, LETTER));
        assert_eq!(running.once("ana", &payout.payout_id, |_| true).await.resolution, None, "not for the creator");
        let again = resolve(&town, &running, "sam", found(&payout, PayoutOutcome::NotExecuted)).await;
        assert_eq!(told(&again.unwrap_err()), refused("SAME_PERSON"));
        let other = resolve(&town, &running, "eve", found(&payout, PayoutOutcome::Paid)).await;
        assert_eq!(told(&other.unwrap_err()), refused("RESOLUTION_DIFFERS"));
        let (both, _) = resolve(&town, &running, "eve", found(&payout, PayoutOutcome::NotExecuted)).await.unwrap();
        assert_eq!((both.decided_by.as_str(), both.confirmation.as_str()), ("eve", LETTER));
        let back = running.end("ana", &payout.payout_id).await;
        assert_eq!((back.state(), back.attempts.len(), town.executed(&back).await), (Rejected, 1, 0));
        town.check(0).await;
        let late = resolve(&town, &running, "eve", found(&payout, PayoutOutcome::NotExecuted)).await;
        assert_eq!(told(&late.unwrap_err()), refused("OUTCOME_KNOWN"));
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_booked_debit_is_stronger_than_what_people_found() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(patient(&town)).await;
        let payout = unknown(&town, &running, "lose").await;
        resolve(&town, &running, "sam", found(&payout, PayoutOutcome::NotExecuted)).await.unwrap();
        // Of another payout, which was executed.
        let paid = unknown(&town, &running, "cut").await;
        let refusal = resolve(&town, &running, "sam", found(&paid, PayoutOutcome::NotExecuted)).await;
        assert_eq!(told(&refusal.unwrap_err()), refused("DEBIT_BOOKED"));
        assert_eq!(town.world.balance("house/in_transit/USD").await.0, 1_000);
        for who in ["sam", "eve"] {
            resolve(&town, &running, who, found(&paid, PayoutOutcome::Paid)).await.unwrap();
        }
        let settled = running.end("ana", &paid.payout_id).await;
        assert_eq!((settled.state(), town.executed(&settled).await), (Settled, 1));
        resolve(&town, &running, "eve", found(&payout, PayoutOutcome::NotExecuted)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), Rejected);
        town.check(500).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn without_a_statement_nobody_says_that_nothing_was_executed() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let running = town.world.start_with(patient(&town)).await;
        let payout = unknown(&town, &running, "cut").await;
        running.stop().await;
        // It forgot our key, so it shows us nothing.
        let town = town.restart_bank("OTHER").await;
        let running = town.world.start_with(patient(&town)).await;
        let refusal = resolve(&town, &running, "sam", found(&payout, PayoutOutcome::NotExecuted)).await.unwrap_err();
        assert_eq!(told(&refusal), (Code::Unavailable, "STATEMENT_UNREADABLE".to_owned()));
        assert_eq!(seen_by_staff(&running, &payout).await.resolution, None);
        for who in ["sam", "eve"] {
            resolve(&town, &running, who, found(&payout, PayoutOutcome::Paid)).await.unwrap();
        }
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), Settled);
        running.stop().await;
        town.close().await;
    })
    .await;
}
