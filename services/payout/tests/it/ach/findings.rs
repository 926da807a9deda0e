//! Files that the bank never acknowledges: two people end the doubt, and what the bank knows is stronger than what they found.

use super::{AchTown, BANK, PAYABLE};
use crate::{
    reviews::{new_id, refused, told},
    world::{BOOK, FUNDS, Running, on_both, states},
};
use api::payout::{
    AchFileOutcome::{self, NeverReceived},
    AchFileResolution, Payout, PayoutOutcome,
    PayoutState::{Accepted, Held, OutcomeUnknown, Rejected, Requested, SettledReturnable, Submitted},
    ResolveAchFileRequest, ResolvePayoutRequest,
};
use identity::Role;
use payout::{
    Config,
    domain::ach::FileState,
    store::{MIGRATIONS, Store},
    vault::Vault,
};
use serde_json::json;
use std::time::Duration;
use tonic::{Code, Status};

pub const LETTER: &str = "list of files received on 2026-11-27, mail 4711";

fn quick(town: &AchTown) -> Config {
    let mut config = town.config();
    config.banks[0].nacha.poll = Duration::from_millis(50);
    config
}

async fn request(town: &AchTown, outcome: AchFileOutcome) -> ResolveAchFileRequest {
    let file_name = town.files().await.remove(0).file_name;
    let evidence = LETTER.to_owned();
    ResolveAchFileRequest { request_id: new_id(), book: BOOK.into(), bank: BANK.into(), file_name, outcome: outcome.into(), evidence }
}

async fn sent(town: &AchTown, running: &Running, who: &str, request: ResolveAchFileRequest) -> Result<(AchFileResolution, bool), Status> {
    let answer = running.client().resolve_ach_file(town.world.bed.by(who, Role::Finance, request)).await?.into_inner();
    Ok((answer.resolution.unwrap(), answer.replayed))
}

async fn resolve(town: &AchTown, running: &Running, who: &str, outcome: AchFileOutcome) -> Result<(AchFileResolution, bool), Status> {
    sent(town, running, who, request(town, outcome).await).await
}

/// A payout whose file never arrives.
async fn lost(town: &AchTown, running: &Running) -> Payout {
    town.command("scenarios", json!({"file": "*", "behaviour": "cut_before_storing", "times": 10_000})).await;
    let (payout, _) = town.request(running, "Ana Muller", 500).await;
    running.until("ana", &payout.payout_id, OutcomeUnknown).await
}

/// Returns once the file was tried so often again.
async fn tried_again(town: &AchTown, times: i64) {
    let tries = async || town.files().await[0].tries;
    let (before, mut ticks) = (tries().await, tokio::time::interval(Duration::from_millis(20)));
    while tries().await < before + times {
        ticks.tick().await;
    }
}

/// As if the first finding were older than any upload that may have begun before it.
async fn pass_the_last_upload(town: &AchTown) {
    let pool = town.world.database.open("payout", &MIGRATIONS).await.unwrap();
    sqlx::query("UPDATE ach_file_finding SET proposed_at_ms = proposed_at_ms - 60000").execute(&pool).await.unwrap();
}

#[tokio::test]
async fn two_people_with_evidence_give_the_money_of_a_file_that_never_arrived_back() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(quick(&town)).await;
        let payout = lost(&town, &running).await;
        let (request_id, payout_id) = (new_id(), payout.payout_id.clone());
        let outcome = PayoutOutcome::NotExecuted.into();
        let alone = ResolvePayoutRequest { request_id, book: BOOK.into(), payout_id, outcome, evidence: LETTER.into() };
        let alone = running.client().resolve_payout(town.world.bed.by("sam", Role::Finance, alone)).await;
        assert_eq!(told(&alone.unwrap_err()), refused("PAYOUT_IN_FILE"), "the file may still reach the bank");

        let other = ResolveAchFileRequest { file_name: "other.ach".into(), ..request(&town, NeverReceived).await };
        assert_eq!(told(&sent(&town, &running, "sam", other).await.unwrap_err()), (Code::NotFound, "FILE_UNKNOWN".to_owned()));
        let wordless = ResolveAchFileRequest { evidence: "no".into(), ..request(&town, NeverReceived).await };
        assert_eq!(told(&sent(&town, &running, "sam", wordless).await.unwrap_err()).1, "MALFORMED");
        let own = running.client().resolve_ach_file(running.signed("ana", request(&town, NeverReceived).await)).await;
        assert_eq!(told(&own.unwrap_err()).0, Code::PermissionDenied);

        let first = request(&town, NeverReceived).await;
        let (found, replayed) = sent(&town, &running, "sam", first.clone()).await.unwrap();
        assert_eq!((found.proposed_by.as_str(), found.decided_by.as_str(), found.entries, found.total_cents), ("sam", "", 1, 500));
        assert!(!replayed && sent(&town, &running, "sam", first).await.unwrap().1);
        assert_eq!(told(&resolve(&town, &running, "sam", NeverReceived).await.unwrap_err()), refused("SAME_PERSON"));
        assert_eq!(told(&resolve(&town, &running, "eve", AchFileOutcome::Accepted).await.unwrap_err()), refused("RESOLUTION_DIFFERS"));
        assert_eq!(told(&resolve(&town, &running, "eve", NeverReceived).await.unwrap_err()), refused("FILE_IN_FLIGHT"));

        // The bank would take it now, and it is asked, but nothing is sent any more.
        town.command("scenarios", json!({"file": "*", "behaviour": "take"})).await;
        tried_again(&town, 3).await;
        assert_eq!(town.world.balance("house/in_transit/USD").await.0, 500, "one person decides nothing");
        pass_the_last_upload(&town).await;
        let (both, _) = resolve(&town, &running, "eve", NeverReceived).await.unwrap();
        assert_eq!((both.decided_by.as_str(), both.confirmation.as_str()), ("eve", LETTER));
        let back = running.end("ana", &payout.payout_id).await;
        assert_eq!((back.state(), back.reason_code.as_str()), (Rejected, "NARR"), "{back:?}");
        assert!(back.reason.contains("never received"), "{}", back.reason);
        let late = resolve(&town, &running, "eve", NeverReceived).await.unwrap_err();
        assert_eq!(told(&late), refused("FILE_NOT_IN_DOUBT"));
        town.pass_a_week().await;
        assert!(town.booked().await.is_empty());
        town.check_books(0).await;
        assert_eq!(town.files().await.iter().map(|file| (file.entries, file.state)).collect::<Vec<_>>(), [(1, FileState::Rejected)]);
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_the_bank_knows_is_stronger_than_what_people_found() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(quick(&town)).await;
        let payout = lost(&town, &running).await;
        resolve(&town, &running, "sam", NeverReceived).await.unwrap();
        // The upload before that had arrived after all.
        let (store, vault) = (Store::inspect(&town.world.database).await.unwrap(), Vault::open(&town.world.key_file, false).unwrap());
        let file = town.files().await.remove(0);
        let content = store.file_content(&vault, &file).await.unwrap();
        let uploaded = town.http.put(format!("{}/files/{}", town.bank.url(), file.file_name)).body(content);
        town.command("scenarios", json!({"file": "*", "behaviour": "take"})).await;
        assert_eq!(uploaded.send().await.unwrap().status().as_u16(), 202);
        let refusal = told(&resolve(&town, &running, "eve", NeverReceived).await.unwrap_err()).1;
        assert!(["FILE_ACKNOWLEDGED", "FILE_NOT_IN_DOUBT"].contains(&refusal.as_str()), "{refusal}");
        let accepted = running.until("ana", &payout.payout_id, Accepted).await;
        assert_eq!(states(&accepted), [Requested, Held, Submitted, OutcomeUnknown, Accepted]);
        town.pass_a_week().await;
        running.until("ana", &payout.payout_id, SettledReturnable).await;
        assert_eq!(town.booked().await, [-500]);
        running.stop().await;
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_two_people_found_accepted_is_settled_by_the_statement_alone() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(quick(&town)).await;
        // The bank gives a receipt, and acknowledges the file in a month.
        town.behave("acknowledge_late:2592000").await;
        let (payout, _) = town.request(&running, "Ana Muller", 500).await;
        running.until("ana", &payout.payout_id, Submitted).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while !town.files().await.first().is_some_and(|file| file.taken) {
            ticks.tick().await;
        }
        assert_eq!(told(&resolve(&town, &running, "sam", NeverReceived).await.unwrap_err()), refused("FILE_RECEIVED"));
        for who in ["sam", "eve"] {
            resolve(&town, &running, who, AchFileOutcome::Accepted).await.unwrap();
        }
        running.until("ana", &payout.payout_id, Accepted).await;
        assert_eq!(town.world.balance(PAYABLE).await, (FUNDS - 500, FUNDS - 500));
        assert_eq!(town.world.balance("house/in_transit/USD").await.0, 500, "people's word settles nothing");
        town.pass_a_week().await;
        running.until("ana", &payout.payout_id, SettledReturnable).await;
        running.stop().await;
        town.close().await;
    })
    .await;
}
