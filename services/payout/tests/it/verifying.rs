//! Payees whom the bank verifies: what each of its answers means for payouts, and what becomes of those that it does not give.

use crate::{
    payees::{create, listed, refusal, told},
    reviews::{asked_in, decide, decision, open_review},
    world::{BOOK, Running, World, aba, beneficiary, iban, on_both, payout_request},
};
use api::payout::{
    Beneficiary, ConfirmBeneficiaryRequest, CreateBeneficiaryRequest, PayeeCheck, PayoutState, ReviewDecision, ReviewKind,
    create_beneficiary_request::Account,
};
use payout::{Config, domain::payee_check::UncheckedPayees, store::MIGRATIONS};
use std::time::Duration;
use tonic::Code;
use uuid::Uuid;

const GERMAN: &str = "DE89370400440532013000";

fn verifying(world: &World) -> Config {
    let mut config = world.config();
    // Longer than an answer takes on a busy machine; a silent bank is waited for so long.
    config.banks[0].payee_time_out = Duration::from_secs(3);
    config
}

/// Records an account of that holder in a book.
async fn recorded(running: &Running, book: &str, holder_name: &str, account: Account) -> Beneficiary {
    let request = CreateBeneficiaryRequest { holder_name: holder_name.into(), book: book.into(), ..beneficiary(account) };
    create(running, "ana", request).await.unwrap().beneficiary.unwrap()
}

async fn standing(running: &Running, book: &str, holder_name: &str, account: Account) -> PayeeCheck {
    recorded(running, book, holder_name, account).await.payee_check()
}

#[tokio::test]
async fn the_banks_answer_is_asked_for_where_the_rail_looks_holders_up_and_recorded_with_its_time() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(verifying(&world)).await;
        for (name, said) in [
            ("Ana Müller", PayeeCheck::Match),
            ("Sandbox vop:close Anna Muller", PayeeCheck::CloseMatch),
            ("Sandbox vop:none", PayeeCheck::NoMatch),
            ("Sandbox vop:unknown", PayeeCheck::NotPossible),
            // The bank never answers.
            ("Sandbox vop:silent", PayeeCheck::Retrying),
        ] {
            assert_eq!(standing(&running, BOOK, name, iban(GERMAN)).await, said, "{name}");
        }
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        let undated = "SELECT COUNT(*) FROM beneficiary WHERE payee_checked_at_ms = 0";
        assert_eq!(sqlx::query_scalar::<_, i64>(undated).fetch_one(&pool).await.unwrap(), 1, "only of the silent one");
        // No American rail looks holders up, and a pretend bank is asked nothing for a LIVE book.
        assert_eq!(standing(&running, BOOK, "Sandbox vop:none", aba("9000000001")).await, PayeeCheck::NotPossible);
        assert_eq!(standing(&running, "app-live", "Sandbox vop:none", iban(GERMAN)).await, PayeeCheck::NotPossible);
        running.stop().await;

        // A bank that is away or paused is asked later, and beneficiaries are recorded all the same.
        let mut away = verifying(&world);
        away.banks[0].url = "http://127.0.0.1:9".to_owned();
        let running = world.start_with(away).await;
        assert_eq!(standing(&running, BOOK, "Ana Müller", iban(GERMAN)).await, PayeeCheck::Retrying);
        running.stop().await;
        let mut paused = verifying(&world);
        paused.banks[0].paused = "moving".to_owned();
        let running = world.start_with(paused).await;
        assert_eq!(standing(&running, BOOK, "Ana Müller", iban(GERMAN)).await, PayeeCheck::Retrying);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_close_name_waits_for_its_owner_and_another_holders_for_the_staff_before_the_first_payout() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(verifying(&world)).await;
        world.fund("ana", "EUR").await;
        let close = recorded(&running, BOOK, "Sandbox vop:close Anna Muller", iban(GERMAN)).await;
        assert_eq!(close.bank_holder_name, "Anna Muller");
        let early = running.request("ana", payout_request(&close.beneficiary_id, "EUR", 100)).await.unwrap_err();
        assert_eq!(told(&early), refusal(Code::FailedPrecondition, "PAYEE_UNCONFIRMED"));
        let confirm = ConfirmBeneficiaryRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.into(),
            beneficiary_id: close.beneficiary_id.clone(),
            bank_holder_name: close.bank_holder_name,
            ..Default::default()
        };
        running.client().confirm_beneficiary(running.signed("ana", confirm)).await.unwrap();
        assert_eq!(listed(&running, "ana").await[0].payee_check(), PayeeCheck::Confirmed);
        let (paid, _) = running.request("ana", payout_request(&close.beneficiary_id, "EUR", 100)).await.unwrap();
        assert_eq!(running.end("ana", &paid.payout_id).await.state(), PayoutState::Settled);

        let other = recorded(&running, BOOK, "Sandbox vop:none", iban(GERMAN)).await;
        let payout = asked_in(&running, &other.beneficiary_id, "EUR", 200).await;
        let payout = running.until("ana", &payout.payout_id, PayoutState::InReview).await;
        let review = open_review(&world, &running, &payout).await;
        assert_eq!(review.kind(), ReviewKind::Payee);
        decide(&world, &running, "fay", decision(&review, ReviewDecision::Clear)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        let next = asked_in(&running, &other.beneficiary_id, "EUR", 300).await;
        let next = running.end("ana", &next.payout_id).await;
        assert!(next.steps.iter().all(|step| step.state() != PayoutState::InReview), "only the first payout is reviewed: {next:?}");
        running.stop().await;
        world.check_books("ana", "EUR", 600).await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn policy_decides_about_an_account_that_the_bank_does_not_verify_in_time() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        world.fund("ana", "EUR").await;
        for (policy, state) in [(UncheckedPayees::Allow, PayoutState::Settled), (UncheckedPayees::Review, PayoutState::InReview)] {
            let running = world.start_with(Config { payee_unchecked: policy, ..verifying(&world) }).await;
            let silent = recorded(&running, BOOK, "Sandbox vop:silent", iban(GERMAN)).await;
            let payout = asked_in(&running, &silent.beneficiary_id, "EUR", 100).await;
            running.until("ana", &payout.payout_id, state).await;
            running.stop().await;
        }
        world.close().await;
    })
    .await;
}

/// Returns once the newest account of ana has this standing.
async fn until(running: &Running, standing: PayeeCheck) -> Beneficiary {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let newest = listed(running, "ana").await.remove(0);
        if newest.payee_check() == standing {
            return newest;
        }
    }
}

#[tokio::test]
async fn a_bank_that_gave_no_answer_is_asked_again_and_its_answer_counts_before_the_first_payout() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        world.fund("ana", "EUR").await;
        let quick = |config: Config| Config { payee_retry_delay: Duration::from_millis(30), ..config };
        let mut away = quick(verifying(&world));
        (away.banks[0].url, away.payee_tries_max) = ("http://127.0.0.1:9".to_owned(), 100);
        away.payee_retry_delay = Duration::from_millis(400);
        let running = world.start_with(away).await;
        let other = recorded(&running, BOOK, "Sandbox vop:none", iban(GERMAN)).await;
        assert_eq!(other.payee_check(), PayeeCheck::Retrying);
        running.stop().await;

        // The bank is there again: the account is another holder's, which a person has to see before anything is paid.
        let running = world.start_with(quick(verifying(&world))).await;
        until(&running, PayeeCheck::NoMatch).await;
        let payout = asked_in(&running, &other.beneficiary_id, "EUR", 200).await;
        running.until("ana", &payout.payout_id, PayoutState::InReview).await;
        running.stop().await;

        // One that never answers is asked so often, and then policy decides.
        let running = world.start_with(Config { payee_tries_max: 2, ..quick(verifying(&world)) }).await;
        assert_eq!(recorded(&running, BOOK, "Sandbox vop:silent", iban(GERMAN)).await.payee_check(), PayeeCheck::Retrying);
        let silent = until(&running, PayeeCheck::NotPossible).await;
        let payout = asked_in(&running, &silent.beneficiary_id, "EUR", 100).await;
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        running.stop().await;
        world.close().await;
    })
    .await;
}
