//! Limits of rails, the duration of a watch, and what is deleted.

use crate::payees::create;
use crate::world::{BOOK, World, aba, beneficiary, iban, on_both, payout_request};
use api::payout::{
    CreateBeneficiaryRequest, GetPayoutRequest, ListPayoutsRequest, PayoutState, WatchPayoutRequest, WatchPayoutResponse,
    create_beneficiary_request::Account,
};
use futures::StreamExt as _;
use money::{BookName, Currency, UserKey};
use payout::store::{MIGRATIONS, Store};
use payout::vault::Vault;
use prost::Message as _;
use sandbox::bank::own_account;
use serde_json::json;
use std::time::{Duration, SystemTime};
use tokio::time::timeout;
use tonic::Code;

/// Longer than any of these streams may last.
const LONGEST: Duration = Duration::from_secs(120);
const GERMAN: &str = "DE89370400440532013000";

fn named(name: &str, account: Account) -> CreateBeneficiaryRequest {
    CreateBeneficiaryRequest { holder_name: name.to_owned(), ..beneficiary(account) }
}

#[tokio::test]
async fn a_name_that_the_accounts_rail_does_not_carry_is_refused_when_it_is_recorded() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let record = async |request: CreateBeneficiaryRequest| running.client().create_beneficiary(running.signed("ana", request)).await;
        for (name, account, rail, most) in [
            ("A".repeat(71), iban(GERMAN), "sepa-instant", "70"),
            ("\u{fc}".repeat(140), iban(GERMAN), "sepa-instant", "70"),
            ("\u{5c71}\u{7530}".to_owned(), iban(GERMAN), "sepa-instant", "70"),
            ("\u{418}\u{432}\u{430}\u{43d}".to_owned(), aba("9000000001"), "us-rtp", "140"),
        ] {
            let request = named(&name, account);
            let status = record(request.clone()).await.unwrap_err();
            assert_eq!(
                (status.code(), rpc::reason(&status).unwrap_or_default()),
                (Code::InvalidArgument, "HOLDER_NAME_INVALID".to_owned())
            );
            let facts = rpc::facts(&status);
            assert_eq!((facts["rail"].as_str(), facts["chars_max"].as_str()), (rail, most));
            assert!(status.message().contains(rail) && !status.message().contains(&name), "{}", status.message());
            // Nothing was kept: the same id can be used with the name as the bank has it.
            record(CreateBeneficiaryRequest { holder_name: "Ana M\u{fc}ller".to_owned(), ..request }).await.unwrap();
        }
        for (name, account) in [("B".repeat(70), iban(GERMAN)), ("C".repeat(140), aba("9000000001"))] {
            record(named(&name, account)).await.unwrap();
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_name_that_was_recorded_before_is_held_against_the_rail_before_money_is_held() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "EUR").await;
        let id = running.beneficiary("ana", iban(GERMAN)).await.unwrap();
        // As an older program recorded it: with a name that was not checked.
        let (name, account) = ("C".repeat(72), GERMAN.replace(' ', ""));
        let old = json!({"holder_name": name, "iban": account, "routing_number": "", "account_number": ""}).to_string();
        let sealed = Vault::open(&world.key_file, false).unwrap().seal(&format!("beneficiary {BOOK} ana {id}"), old.as_bytes()).unwrap();
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE beneficiary SET rail = 'sepa-instant', kind = '', sealed = $1").bind(sealed).execute(&pool).await.unwrap();
        let request = payout_request(&id, "EUR", 500);
        for _ in 0..2 {
            let status = running.request("ana", request.clone()).await.unwrap_err();
            assert_eq!((status.code(), rpc::reason(&status).unwrap()), (Code::FailedPrecondition, "HOLDER_NAME_INVALID".to_owned()));
            assert_eq!(rpc::facts(&status)["chars_max"], "70");
        }
        world.check_books("ana", "EUR", 0).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_name_is_sent_in_the_letters_that_the_rail_takes_and_kept_as_it_is() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        let bank = &mut config.banks[0];
        bank.rails.iter_mut().zip(["mx-spei", "gb-fps"]).for_each(|(rail, id)| rail.rail = id.to_owned());
        for (account, code) in bank.accounts.iter_mut().zip(["MXN", "GBP"]) {
            account.address = own_account(Currency::try_new(code).unwrap()).canonical();
            (account.currency, account.reference_prefix) = (code.to_owned(), format!("T{code}"));
        }
        let running = world.start_with(config).await;
        let clabe = Account::Clabe(api::payout::Clabe { clabe: "646180157000000004".into() });
        let british = Account::UkAccount(api::payout::UkAccount { sort_code: "601613".into(), account_number: "31926819".into() });
        for (account, currency, sent) in [(clabe, "MXN", "<Nm>Maria Muller</Nm>"), (british, "GBP", "<Nm>Mar\u{ed}a M\u{fc}ller</Nm>")] {
            world.fund("ana", currency).await;
            let created = create(&running, "ana", named("Mar\u{ed}a M\u{fc}ller", account)).await.unwrap().beneficiary.unwrap();
            assert_eq!(created.masked_holder_name, "M**** M*****");
            let (payout, _) = running.request("ana", payout_request(&created.beneficiary_id, currency, 500)).await.unwrap();
            let paid = running.end("ana", &payout.payout_id).await;
            assert_eq!(paid.state(), PayoutState::Settled, "{paid:?}");
            let messages = running.service.messages(&BookName::try_new(BOOK).unwrap(), paid.payout_id.parse().unwrap()).await.unwrap();
            assert!(
                String::from_utf8_lossy(&messages[0].body).contains(sent),
                "{currency}: {}",
                String::from_utf8_lossy(&messages[0].body)
            );
        }
        let (book, user) = (BookName::try_new(BOOK).unwrap(), UserKey::try_new("ana").unwrap());
        let export = payout::privacy::export(&world.database, &world.key_file, &book, &user).await.ok().unwrap();
        let kept = serde_json::to_string(&export.beneficiaries).unwrap();
        assert_eq!(kept.matches("Mar\u{ed}a M\u{fc}ller").count(), 2, "the real name is what is stored: {kept}");
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// A payout that the bank does not decide.
async fn undecided(world: &World, running: &crate::world::Running) -> WatchPayoutRequest {
    world.fund("ana", "USD").await;
    let account = running.beneficiary("ana", aba("9000000008")).await.unwrap();
    let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
    running.until("ana", &payout.payout_id, PayoutState::Accepted).await;
    WatchPayoutRequest { book: BOOK.into(), payout_id: payout.payout_id }
}

fn check_end(messages: &[WatchPayoutResponse]) {
    let (first, rest) = messages.split_first().unwrap();
    assert!(!first.heartbeat && !rest.is_empty());
    for message in rest {
        assert!(message.heartbeat);
        assert_eq!(message.payout.as_ref().unwrap().state(), PayoutState::Accepted);
    }
}

#[tokio::test]
async fn an_idle_watch_shows_that_it_lives_and_ends_in_time() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        (config.watch_heartbeat, config.watch_age_max) = (Duration::from_millis(20), Duration::from_secs(2));
        let running = world.start_with(config).await;
        let watched = running.signed("ana", undecided(&world, &running).await);
        let stream = running.client().watch_payout(watched).await.unwrap().into_inner();
        let messages: Vec<_> = timeout(LONGEST, stream.map(Result::unwrap).collect()).await.expect("it ends by itself");
        check_end(&messages);
        assert!(messages.len() > 3, "{} messages", messages.len());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_with_its_token() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let watched = running.signed_for("ana", Duration::from_secs(5), undecided(&world, &running).await);
        let stream = running.client().watch_payout(watched).await.unwrap().into_inner();
        let messages: Vec<_> = timeout(LONGEST, stream.map(Result::unwrap).collect()).await.expect("it ends by itself");
        check_end(&messages);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_every_payout_with_its_own_steps() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let mut paid = vec![running.pay("ana", aba("9000000001"), 500).await, running.pay("ana", aba("9000000003"), 500).await];
        paid.push(running.pay("ana", aba("9000000002"), 500).await);
        paid.reverse();
        // A list does not show attempts.
        assert!(paid.iter().all(|payout| payout.attempts.len() == 1));
        paid.iter_mut().for_each(|payout| payout.attempts.clear());
        let list =
            |state: PayoutState, page_size| ListPayoutsRequest { book: BOOK.into(), state: state.into(), page_size, ..Default::default() };
        let listed = async |request| running.client().list_payouts(running.signed("ana", request)).await.unwrap().into_inner().payouts;
        assert_eq!(listed(list(PayoutState::Unspecified, 0)).await, paid);
        assert_eq!(listed(list(PayoutState::Unspecified, 2)).await, paid[..2]);
        assert_eq!(listed(list(PayoutState::Rejected, 0)).await, paid[1..2]);
        assert!(listed(list(PayoutState::Held, 0)).await.is_empty());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_an_older_program_kept_without_bound_is_shown_within_bounds() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(running.pay("ana", aba("9000000003"), 500).await.payout_id);
        }
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        let long = "w".repeat(20_000);
        for id in &ids {
            for step_no in 100..400_i64 {
                let sql = "INSERT INTO payout_step (book, payout_id, step_no, state, at_ms, note) VALUES ($1, $2, $3, 'accepted', $3, $4)";
                let query = sqlx::query(sql).bind(BOOK).bind(id.clone()).bind(step_no).bind(if step_no == 100 { "first" } else { &long });
                query.execute(&pool).await.unwrap();
            }
        }
        sqlx::query("UPDATE payout SET reason = $1, reason_code = $1, bank_status = $1").bind(long).execute(&pool).await.unwrap();
        let get = GetPayoutRequest { book: BOOK.into(), payout_id: ids[0].clone() };
        let one = running.client().get_payout(running.signed("ana", get)).await.unwrap().into_inner().payout.unwrap();
        assert_eq!((one.steps.len(), one.steps_left_out), (100, 204));
        assert!(one.encoded_len() < 70_000, "{} bytes", one.encoded_len());
        assert_eq!((one.reason.len(), one.reason_code.len(), one.bank_status.len()), (350, 35, 35));
        let list = ListPayoutsRequest { book: BOOK.into(), ..Default::default() };
        let listed = running.client().list_payouts(running.signed("ana", list)).await.unwrap().into_inner();
        assert!(listed.payouts.iter().all(|payout| (payout.steps.len(), payout.steps_left_out) == (20, 284)));
        assert!(listed.encoded_len() < 50_000, "{} bytes", listed.encoded_len());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn refusals_are_forgotten_with_the_payouts_that_never_were() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        // Refused by the ledger, and by a rule of this service. Ids without a time, so that their age does not matter.
        let mut poor = payout_request(&account, "USD", 500);
        poor.request_id = uuid::Uuid::new_v4().to_string();
        let mut large = payout_request(&account, "USD", 50_001);
        large.request_id = uuid::Uuid::new_v4().to_string();
        for request in [&poor, &large] {
            running.request("ana", request.clone()).await.unwrap_err();
        }
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        let store = Store::inspect(&world.database).await.unwrap();
        let forget = async |before| {
            let mut forgotten = 0;
            while let step @ 1.. = store.forget_refusals(before, 1).await.unwrap() {
                forgotten += step;
            }
            forgotten
        };
        assert_eq!(forget(SystemTime::now() - Duration::from_secs(3_600)).await, 0, "not yet");
        assert_eq!(rpc::reason(&running.request("ana", poor.clone()).await.unwrap_err()).unwrap(), "INSUFFICIENT_FUNDS");
        assert_eq!(forget(SystemTime::now() + Duration::from_secs(3_600)).await, 3, "one payout and two requests");
        // The id is taken for new. The ledger keeps its own refusal under the hold's id for as long, so the answer is the same.
        assert_eq!(rpc::reason(&running.request("ana", poor).await.unwrap_err()).unwrap(), "INSUFFICIENT_FUNDS");
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        let kept: Vec<(String,)> = sqlx::query_as("SELECT payout_id FROM payout WHERE phase = 'settled'").fetch_all(&pool).await.unwrap();
        assert_eq!(kept, [(paid.payout_id,)], "what was accepted stays");
        running.stop().await;
        world.close().await;
    })
    .await;
}
