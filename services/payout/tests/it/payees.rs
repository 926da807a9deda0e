//! Recorded accounts: what is refused, duplicates, deletion, confirmation, erasure, and what staff find.

use crate::world::{BOOK, Running, World, aba, beneficiary, iban, on_both, payout_request};
use api::payout::{
    Beneficiary, BeneficiaryState, ConfirmBeneficiaryRequest, CreateBeneficiaryRequest, CreateBeneficiaryResponse,
    DeleteBeneficiaryRequest, DeleteBeneficiaryResponse, FindBeneficiariesRequest, FindBeneficiariesResponse, ListBeneficiariesRequest,
    PayeeCheck, PayoutState, PostalAddress, create_beneficiary_request::Account, find_beneficiaries_request::Account as Sought,
};
use futures::{FutureExt as _, future::BoxFuture};
use identity::Role;
use money::{BookName, UserKey};
use payout::{
    banks::payees::{PayeeQuestion, PayeeVerifier},
    beneficiaries::verification::{PayeeAsking, verify, verify_waiting},
    domain::payee_check::{PayeeAnswer, PayeeRetries},
    store::{MIGRATIONS, Store},
    vault::Vault,
};
use std::time::{Duration, SystemTime};
use tonic::{Code, Status};
use uuid::Uuid;

const GERMAN: &str = "DE89370400440532013000";

pub fn told(status: &Status) -> (Code, String) {
    (status.code(), rpc::reason(status).unwrap_or_default())
}

pub fn refusal(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

pub async fn create(running: &Running, user: &str, request: CreateBeneficiaryRequest) -> Result<CreateBeneficiaryResponse, Status> {
    running.client().create_beneficiary(running.signed(user, request)).await.map(tonic::Response::into_inner)
}

pub async fn listed(running: &Running, user: &str) -> Vec<Beneficiary> {
    let request = running.signed(user, ListBeneficiariesRequest { book: BOOK.to_owned(), ..Default::default() });
    running.client().list_beneficiaries(request).await.unwrap().into_inner().beneficiaries
}

fn deletion(beneficiary_id: &str) -> DeleteBeneficiaryRequest {
    DeleteBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        book: BOOK.into(),
        user_id: String::new(),
        beneficiary_id: beneficiary_id.to_owned(),
    }
}

async fn delete(running: &Running, user: &str, request: DeleteBeneficiaryRequest) -> Result<DeleteBeneficiaryResponse, Status> {
    running.client().delete_beneficiary(running.signed(user, request)).await.map(tonic::Response::into_inner)
}

async fn find(world: &World, running: &Running, request: FindBeneficiariesRequest) -> Result<FindBeneficiariesResponse, Status> {
    let request = FindBeneficiariesRequest { book: BOOK.into(), ..request };
    running.client().find_beneficiaries(world.bed.by("sue", Role::Support, request)).await.map(tonic::Response::into_inner)
}

fn sought(account: Sought) -> FindBeneficiariesRequest {
    FindBeneficiariesRequest { account: Some(account), ..Default::default() }
}

#[tokio::test]
async fn everything_wrong_with_an_account_is_named_in_one_answer_and_nothing_is_kept() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let uk = api::payout::UkAccount { sort_code: "60".into(), account_number: String::new() };
        let good = CreateBeneficiaryRequest { account: Some(iban(GERMAN)), ..beneficiary(aba("9000000001")) };
        let wrong = CreateBeneficiaryRequest {
            account: Some(Account::UkAccount(uk)),
            bic: "DEUTDEFF".into(),
            purpose_code: "x".into(),
            postal_address: Some(PostalAddress { country: "XX".into(), town: "y".repeat(36), ..Default::default() }),
            ..good.clone()
        };
        let status = create(&running, "ana", wrong.clone()).await.unwrap_err();
        assert_eq!(told(&status), refusal(Code::InvalidArgument, "ADDRESS_INVALID"));
        let mut fields: Vec<String> = rpc::violations(&status).into_iter().map(|(field, _)| field).collect();
        fields.sort();
        let expected =
            ["bic", "postal_address.country", "postal_address.town", "purpose_code", "uk_account.account_number", "uk_account.sort_code"];
        assert_eq!(fields, expected);
        // Beside a malformed request, they are named as well.
        let malformed = CreateBeneficiaryRequest { request_id: "1".into(), holder_name: " ".into(), ..wrong };
        let status = create(&running, "ana", malformed).await.unwrap_err();
        assert_eq!(told(&status), refusal(Code::InvalidArgument, "MALFORMED"));
        assert_eq!(rpc::violations(&status).len(), expected.len() + 2, "{status:?}");
        // Nothing was kept under the id.
        create(&running, "ana", good.clone()).await.unwrap();
        for (request, reason) in [
            (CreateBeneficiaryRequest { account: None, ..beneficiary(iban("")) }, "MALFORMED"),
            (beneficiary(iban(&"9".repeat(65))), "MALFORMED"),
            (beneficiary(iban("")), "IBAN_INVALID"),
            (beneficiary(Account::UpiId(api::payout::UpiId { upi_id: "a".repeat(600) })), "ADDRESS_INVALID"),
            (beneficiary(Account::Clabe(api::payout::Clabe { clabe: "\u{202e}646180157000000004".into() })), "ADDRESS_INVALID"),
            (CreateBeneficiaryRequest { currency_code: "USD".into(), ..beneficiary(iban(GERMAN)) }, "ADDRESS_INVALID"),
            (CreateBeneficiaryRequest { postal_address: Some(PostalAddress::default()), ..beneficiary(iban(GERMAN)) }, "ADDRESS_INVALID"),
        ] {
            let status = create(&running, "ana", request).await.unwrap_err();
            assert_eq!(told(&status), refusal(Code::InvalidArgument, reason), "{status:?}");
        }
        assert_eq!(listed(&running, "ana").await.len(), 1);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_second_record_of_an_account_is_allowed_and_says_so() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let first = running.beneficiary("ana", iban("GB29NWBK60161331926819")).await.unwrap();
        running.beneficiary("bob", iban("GB29NWBK60161331926819")).await.unwrap();
        // The same account in the country's own form.
        let uk = api::payout::UkAccount { sort_code: "601613".into(), account_number: "31926819".into() };
        let request = beneficiary(Account::UkAccount(uk));
        for replayed in [false, true] {
            let second = create(&running, "ana", request.clone()).await.unwrap();
            assert_eq!((second.replayed, second.same_account_as), (replayed, vec![first.clone()]), "only those of the same user");
        }
        delete(&running, "ana", deletion(&first)).await.unwrap();
        assert!(create(&running, "ana", request).await.unwrap().same_account_as.is_empty(), "deleted ones don't count");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_account_is_paid_no_more_and_a_payout_in_flight_ends_with_it() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000008")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        running.until("ana", &payout.payout_id, PayoutState::Accepted).await;
        assert_eq!(told(&delete(&running, "bob", deletion(&account)).await.unwrap_err()), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        let request = deletion(&account);
        for replayed in [false, true] {
            let deleted = delete(&running, "ana", request.clone()).await.unwrap();
            let shown = deleted.beneficiary.unwrap();
            assert_eq!((deleted.replayed, shown.state(), shown.delete_time.is_some()), (replayed, BeneficiaryState::Deleted, true));
        }
        let other = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let reused = delete(&running, "ana", DeleteBeneficiaryRequest { beneficiary_id: other.clone(), ..request }).await.unwrap_err();
        assert_eq!((told(&reused).1, rpc::facts(&reused)["differing"].as_str()), ("REQUEST_ID_REUSED".to_owned(), "beneficiary_id"));
        assert!(!delete(&running, "ana", deletion(&account)).await.unwrap().replayed, "again, under another id");
        let refused = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap_err();
        assert_eq!(told(&refused), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        assert_eq!(listed(&running, "ana").await.iter().map(|row| row.beneficiary_id.clone()).collect::<Vec<_>>(), [other]);
        // In flight, it is kept, however long ago it was deleted.
        let years = |years: u64| SystemTime::now() + Duration::from_secs(years * 366 * 86_400);
        let store = Store::inspect(&world.database).await.unwrap();
        let (book, id) = (BookName::try_new(BOOK).unwrap(), account.parse().unwrap());
        running.service.forget_beneficiaries(years(30)).await.unwrap();
        assert!(store.beneficiary(&book, id).await.unwrap().is_some());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payout_ends_with_an_account_that_was_deleted_meanwhile_which_is_kept_for_ten_years() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000002")).await.unwrap();
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        delete(&running, "ana", deletion(&account)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        world.check_books("ana", "USD", 500).await;
        let years = |years: u64| SystemTime::now() + Duration::from_secs(years * 366 * 86_400);
        assert_eq!(running.service.forget_beneficiaries(years(9)).await.unwrap(), 0);
        assert_eq!(running.service.forget_beneficiaries(years(11)).await.unwrap(), 1);
        let store = Store::inspect(&world.database).await.unwrap();
        assert!(store.beneficiary(&BookName::try_new(BOOK).unwrap(), account.parse().unwrap()).await.unwrap().is_none());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn deletions_of_nothing_are_refused_and_not_kept() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let mut request = deletion(&Uuid::now_v7().to_string());
        assert_eq!(told(&delete(&running, "ana", request.clone()).await.unwrap_err()), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        request.beneficiary_id = account;
        delete(&running, "ana", request.clone()).await.unwrap();
        for wrong in ["", "x", "0199a5c2-8b7f-7a0b"] {
            let status = delete(&running, "ana", deletion(wrong)).await.unwrap_err();
            assert_eq!(
                (told(&status), rpc::facts(&status)["field"].as_str()),
                (refusal(Code::InvalidArgument, "MALFORMED"), "beneficiary_id")
            );
        }
        let unnamed = DeleteBeneficiaryRequest { request_id: String::new(), beneficiary_id: "x".into(), ..request };
        assert_eq!(rpc::violations(&delete(&running, "ana", unnamed).await.unwrap_err()).len(), 2);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn staff_find_everybody_who_shares_an_account_page_by_page() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let mut ids = Vec::new();
        for user in ["ana", "bob", "cyn"] {
            ids.push(running.beneficiary(user, iban(GERMAN)).await.unwrap());
        }
        running.beneficiary("dan", iban("FR1420041010050500013M02606")).await.unwrap();
        delete(&running, "bob", deletion(&ids[1])).await.unwrap();
        let users = |found: &FindBeneficiariesResponse| found.beneficiaries.iter().map(|row| row.user_id.clone()).collect::<Vec<_>>();
        let request = sought(Sought::Iban("de89 3704 0044 0532 0130 00".into()));
        let all = find(&world, &running, request.clone()).await.unwrap();
        let mut sorted = users(&all);
        sorted.sort();
        assert_eq!((sorted.join(" ").as_str(), all.next_page_token.as_str()), ("ana bob cyn", ""));
        assert!(all.beneficiaries.iter().all(|row| row.masked_account.ends_with("3000") && row.masked_account.starts_with("****")));
        let first = find(&world, &running, FindBeneficiariesRequest { page_size: 2, ..request.clone() }).await.unwrap();
        let next = FindBeneficiariesRequest { page_size: 2, page_token: first.next_page_token.clone(), ..request.clone() };
        let second = find(&world, &running, next.clone()).await.unwrap();
        assert_eq!([users(&first), users(&second)].concat(), users(&all));
        let other = FindBeneficiariesRequest { account: Some(Sought::Iban("FR1420041010050500013M02606".into())), ..next };
        assert_eq!(told(&find(&world, &running, other).await.unwrap_err()), refusal(Code::InvalidArgument, "PAGE_TOKEN"));
        let of = FindBeneficiariesRequest { beneficiary_id: ids[0].clone(), ..Default::default() };
        assert_eq!(find(&world, &running, of.clone()).await.unwrap(), all);
        for (request, code, reason) in [
            (FindBeneficiariesRequest::default(), Code::InvalidArgument, "MALFORMED"),
            (FindBeneficiariesRequest { account: request.account.clone(), ..of.clone() }, Code::InvalidArgument, "MALFORMED"),
            (
                FindBeneficiariesRequest { beneficiary_id: Uuid::now_v7().to_string(), ..Default::default() },
                Code::NotFound,
                "BENEFICIARY_UNKNOWN",
            ),
            (sought(Sought::Iban("DE00".into())), Code::InvalidArgument, "IBAN_INVALID"),
            (sought(Sought::Clabe(api::payout::Clabe { clabe: "1".into() })), Code::InvalidArgument, "ADDRESS_INVALID"),
            (FindBeneficiariesRequest { page_size: -1, ..request.clone() }, Code::InvalidArgument, "MALFORMED"),
        ] {
            assert_eq!(told(&find(&world, &running, request).await.unwrap_err()), refusal(code, reason));
        }
        let curious = FindBeneficiariesRequest { book: BOOK.into(), ..of };
        for role in [Role::Creator, Role::Viewer, Role::Service] {
            let status = running.client().find_beneficiaries(world.bed.by("ana", role, curious.clone())).await.unwrap_err();
            assert_eq!(status.code(), Code::PermissionDenied, "{role}");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn rows_of_older_programs_are_paid_exported_and_found() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "EUR").await;
        let id = running.beneficiary("ana", iban("DE08500105170900000001")).await.unwrap();
        running.stop().await;
        // As an older program recorded it.
        let vault = Vault::open(&world.key_file, false).unwrap();
        let old = r#"{"holder_name":"Ana M","iban":"DE08500105170900000001","routing_number":"","account_number":""}"#;
        let sealed = vault.seal(&format!("beneficiary {BOOK} ana {id}"), old.as_bytes()).unwrap();
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE beneficiary SET kind = '', rail = 'sepa-instant', account_digest = '', sealed = $1")
            .bind(sealed)
            .execute(&pool)
            .await
            .unwrap();

        let running = world.start().await;
        assert_eq!(listed(&running, "ana").await[0].kind, "iban");
        let book = BookName::try_new(BOOK).unwrap();
        let export =
            payout::privacy::export(&world.database, &world.key_file, &book, &UserKey::try_new("ana").unwrap()).await.ok().unwrap();
        assert_eq!(serde_json::to_value(&export.beneficiaries[0]).unwrap()["iban"], "DE08500105170900000001");
        let (payout, _) = running.request("ana", payout_request(&id, "EUR", 500)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        // The service digests it at its start; here, nobody has to wait for that.
        let _done = running.service.digest_accounts().await.unwrap();
        let found = find(&world, &running, sought(Sought::Iban("DE08500105170900000001".into()))).await.unwrap();
        assert_eq!(found.beneficiaries.len(), 1);
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// A bank that answers one thing, whatever is asked.
struct OneAnswer(PayeeAnswer);

impl PayeeVerifier for OneAnswer {
    fn ask<'a>(&'a self, _question: PayeeQuestion<'a>) -> BoxFuture<'a, PayeeAnswer> {
        async { self.0.clone() }.boxed()
    }
}

fn asking(verifier: &OneAnswer) -> PayeeAsking<'_> {
    PayeeAsking { verifier, retries: PayeeRetries { delay: Duration::from_secs(60), tries_max: 6 } }
}

#[tokio::test]
async fn a_close_name_is_shown_to_its_owner_who_confirms_it_as_seen() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let id = running.beneficiary("ana", iban(GERMAN)).await.unwrap();
        let (vault, book) = (Vault::open(&world.key_file, false).unwrap(), BookName::try_new(BOOK).unwrap());
        let store = Store::open(&world.database, &vault).await.unwrap();
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        let named = |name: &str| ConfirmBeneficiaryRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.into(),
            beneficiary_id: id.clone(),
            bank_holder_name: name.to_owned(),
            ..Default::default()
        };
        let confirm = async |user: &str, request| {
            running.client().confirm_beneficiary(running.signed(user, request)).await.map(tonic::Response::into_inner)
        };
        let early = confirm("ana", named("Anna Muller")).await.unwrap_err();
        assert_eq!(
            (told(&early), rpc::facts(&early)["payee_check"].as_str()),
            (refusal(Code::FailedPrecondition, "NOTHING_TO_CONFIRM"), "not_possible")
        );

        sqlx::query("UPDATE beneficiary SET payee_check = 'pending'").execute(&pool).await.unwrap();
        let ask = async |answer: PayeeAnswer| {
            let row = verify(&store, &vault, asking(&OneAnswer(answer)), &book, id.parse().unwrap(), SystemTime::now())
                .await
                .ok()
                .unwrap()
                .unwrap();
            row.payee_check.name()
        };
        assert_eq!(ask(PayeeAnswer::Later).await, "pending");
        assert_eq!(ask(PayeeAnswer::CloseMatch("Anna Muller".into())).await, "close_match");
        assert_eq!(ask(PayeeAnswer::NoMatch).await, "close_match", "the first answer stays");

        let shown = &listed(&running, "ana").await[0];
        assert_eq!((shown.payee_check(), shown.bank_holder_name.as_str()), (PayeeCheck::CloseMatch, "Anna Muller"));
        let unconfirmed = running.request("ana", payout_request(&id, "EUR", 500)).await.unwrap_err();
        assert_eq!(told(&unconfirmed), refusal(Code::FailedPrecondition, "PAYEE_UNCONFIRMED"));
        let of = FindBeneficiariesRequest { beneficiary_id: id.clone(), ..Default::default() };
        assert_eq!(find(&world, &running, of).await.unwrap().beneficiaries[0].bank_holder_name, "A*** M*****");
        assert_eq!(told(&confirm("ana", named("Anna Moller")).await.unwrap_err()), refusal(Code::FailedPrecondition, "PAYEE_NAME_DIFFERS"));
        assert_eq!(told(&confirm("ana", named("")).await.unwrap_err()), refusal(Code::InvalidArgument, "MALFORMED"));
        assert_eq!(told(&confirm("bob", named("Anna Muller")).await.unwrap_err()), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        let request = named("Anna Muller");
        for replayed in [false, true] {
            let confirmed = confirm("ana", request.clone()).await.unwrap();
            let shown = confirmed.beneficiary.unwrap();
            assert_eq!((confirmed.replayed, shown.payee_check(), shown.bank_holder_name.as_str()), (replayed, PayeeCheck::Confirmed, ""));
        }
        let reused = confirm("ana", ConfirmBeneficiaryRequest { bank_holder_name: "Eve".into(), ..request }).await.unwrap_err();
        assert_eq!(rpc::facts(&reused)["differing"], "bank_holder_name");
        delete(&running, "ana", deletion(&id)).await.unwrap();
        assert_eq!(told(&confirm("ana", named("Anna Muller")).await.unwrap_err()), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn those_who_wait_for_their_banks_answer_are_asked_about_again_and_one_broken_row_stops_nobody() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let mut ids = Vec::new();
        for account in ["9000000001", "9000000002", "9000000003", "9000000004"] {
            ids.push(running.beneficiary("ana", aba(account)).await.unwrap());
        }
        delete(&running, "ana", deletion(&ids[0])).await.unwrap();
        let vault = Vault::open(&world.key_file, false).unwrap();
        let store = Store::open(&world.database, &vault).await.unwrap();
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE beneficiary SET payee_check = 'pending'").execute(&pool).await.unwrap();
        let broken = vault.seal("elsewhere", b"{}").unwrap();
        sqlx::query("UPDATE beneficiary SET sealed = $1 WHERE beneficiary_id = $2")
            .bind(broken)
            .bind(&ids[2])
            .execute(&pool)
            .await
            .unwrap();
        let round = async |answer| {
            sqlx::query("UPDATE beneficiary SET payee_due_at_ms = 0").execute(&pool).await.unwrap();
            verify_waiting(&store, &vault, asking(&OneAnswer(answer)), SystemTime::now()).await.ok().unwrap().0
        };
        assert_eq!(round(PayeeAnswer::Later).await, 0);
        assert_eq!(round(PayeeAnswer::Match).await, 2, "neither the deleted one nor the broken one");
        assert_eq!(round(PayeeAnswer::NoMatch).await, 0, "the first answer stays");
        let book = BookName::try_new(BOOK).unwrap();
        let row = store.beneficiary(&book, ids[1].parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(row.payee_check.name(), "match");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_erasure_leaves_nothing_of_an_account_not_even_of_a_deleted_one() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let id = running.beneficiary("ana", iban(GERMAN)).await.unwrap();
        delete(&running, "ana", deletion(&id)).await.unwrap();
        let (book, user) = (BookName::try_new(BOOK).unwrap(), UserKey::try_new("ana").unwrap());
        let erased = Store::inspect(&world.database).await.unwrap().erase(&book, &user).await.unwrap();
        assert_eq!(erased.beneficiaries, 1);
        let pool = world.database.open("payout", &MIGRATIONS).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM request WHERE subject = 'ana'").fetch_one(&pool).await.unwrap();
        assert_eq!(left, 0, "digests of what was sent are left");
        assert!(find(&world, &running, sought(Sought::Iban(GERMAN.into()))).await.unwrap().beneficiaries.is_empty());
        running.stop().await;
        world.close().await;
    })
    .await;
}
