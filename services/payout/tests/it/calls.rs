//! Answers to callers.

use crate::world::{BOOK, FUNDS, World, aba, beneficiary, iban, on_both, payout_request, states};
use api::payout::{GetPayoutRequest, ListBeneficiariesRequest, ListPayoutsRequest, PayoutState, WatchPayoutRequest};
use identity::Role;
use tonic::{Code, Status};

fn told(status: Status) -> (Code, String) {
    (status.code(), rpc::reason(&status).unwrap_or_default())
}

fn refusal(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn the_same_request_makes_one_payout() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let request = payout_request(&account, "USD", 500);
        let calls = (0..8).map(|_| running.request("ana", request.clone()));
        let answers: Vec<_> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let id = &answers[0].0.payout_id;
        assert!(answers.iter().all(|(payout, _)| payout.payout_id == *id && payout.state() != PayoutState::Requested));
        assert_eq!(answers.iter().filter(|(_, replayed)| !replayed).count(), 1, "all but one had it answered before");
        let settled = running.end("ana", id).await;
        assert_eq!(states(&settled)[3..], [PayoutState::Settled]);
        let (late, replayed) = running.request("ana", request.clone()).await.unwrap();
        assert_eq!((late, replayed), (settled.clone(), true));
        assert_eq!(world.executed(&settled).await, 1);
        world.check_books("ana", "USD", 500).await;

        let other = api::payout::RequestPayoutRequest { amount: payout_request(&account, "USD", 501).amount, ..request.clone() };
        let status = running.request("ana", other).await.unwrap_err();
        assert_eq!(rpc::facts(&status)["differing"], "amount.minor_units");
        assert_eq!(told(status), refusal(Code::InvalidArgument, "REQUEST_ID_REUSED"));
        // Another user with the same id and fields learns nothing of it.
        assert_eq!(told(running.request("bob", request).await.unwrap_err()), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn refusals_come_in_order_and_stay() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let nobody = "0199a5c2-8b7f-7a0b-b0c1-d2e3f4051627";
        for (request, expected) in [
            (payout_request(nobody, "EUR", FUNDS), refusal(Code::NotFound, "BENEFICIARY_UNKNOWN")),
            (payout_request(&account, "EUR", FUNDS), refusal(Code::FailedPrecondition, "CURRENCY_UNSUPPORTED")),
            (payout_request(&account, "USD", 50_001), refusal(Code::FailedPrecondition, "AMOUNT_TOO_LARGE")),
            (payout_request(&account, "USD", 0), refusal(Code::InvalidArgument, "MALFORMED")),
            (payout_request("x", "USD", 1), refusal(Code::InvalidArgument, "MALFORMED")),
        ] {
            for _ in 0..2 {
                assert_eq!(told(running.request("ana", request.clone()).await.unwrap_err()), expected);
            }
        }
        let poor = payout_request(&account, "USD", 500);
        let first = running.request("ana", poor.clone()).await.unwrap_err();
        assert_eq!(told(first.clone()), refusal(Code::FailedPrecondition, "INSUFFICIENT_FUNDS"));
        world.fund("ana", "USD").await;
        let again = running.request("ana", poor).await.unwrap_err();
        assert_eq!((rpc::facts(&again), told(again)), (rpc::facts(&first), told(first)));
        // A refused payout is not visible to anybody.
        let list = ListPayoutsRequest { book: BOOK.into(), ..Default::default() };
        assert!(running.client().list_payouts(running.signed("ana", list)).await.unwrap().into_inner().payouts.is_empty());
        world.check_books("ana", "USD", 0).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn live_books_do_not_reach_the_pretend_bank() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 60).await;
    let running = world.start().await;
    let mut account = beneficiary(aba("9000000001"));
    account.book = "app-live".into();
    let created = running.client().create_beneficiary(running.signed("ana", account)).await.unwrap().into_inner();
    let mut request = payout_request(&created.beneficiary.unwrap().beneficiary_id, "USD", 500);
    request.book = "app-live".into();
    assert_eq!(told(running.request("ana", request).await.unwrap_err()), refusal(Code::FailedPrecondition, "CURRENCY_UNSUPPORTED"));
    running.stop().await;
    world.close().await;
}

#[tokio::test]
async fn accounts_are_checked_masked_and_sealed() {
    on_both(async |database| {
        let world = World::open(database.clone(), 60).await;
        let running = world.start().await;
        for (account, reason) in [
            (iban("DE00500105170900000001"), "IBAN_INVALID"),
            (aba("123"), "ACCOUNT_NUMBER_INVALID"),
            (
                api::payout::create_beneficiary_request::Account::Aba(api::payout::AbaAccount {
                    routing_number: "1".into(),
                    account_number: "1234".into(),
                    ..Default::default()
                }),
                "ROUTING_NUMBER_INVALID",
            ),
        ] {
            assert_eq!(told(running.beneficiary("ana", account).await.unwrap_err()), refusal(Code::InvalidArgument, reason));
        }
        let brazil = running.beneficiary("ana", iban("BR1800360305000010009795493C1")).await.unwrap_err();
        assert_eq!(told(brazil), refusal(Code::FailedPrecondition, "COUNTRY_UNSUPPORTED"));

        let request = beneficiary(iban("DE08500105170900000001"));
        for replayed in [false, true] {
            let answer = running.client().create_beneficiary(running.signed("ana", request.clone())).await.unwrap().into_inner();
            let shown = answer.beneficiary.unwrap();
            assert_eq!((shown.masked_account.as_str(), shown.masked_holder_name.as_str()), ("******************0001", "A** M*****"));
            assert_eq!((shown.country.as_str(), shown.currency_code.as_str(), answer.replayed), ("DE", "EUR", replayed));
        }
        let mut other = request.clone();
        other.holder_name = "Eve".into();
        let status = running.client().create_beneficiary(running.signed("ana", other)).await.unwrap_err();
        assert_eq!(rpc::facts(&status)["differing"], "holder_name");
        assert_eq!(told(status), refusal(Code::InvalidArgument, "REQUEST_ID_REUSED"));
        world.fund("ana", "EUR").await;
        running.pay("ana", iban("DE08500105170900000001"), 5).await;
        running.stop().await;
        if let Some(dir) = database.sqlite_dir() {
            for name in ["payout.db", "payout.db-wal"] {
                let bytes = std::fs::read(dir.join(name)).unwrap_or_default();
                for personal in [&b"0900000001"[..], "Müller".as_bytes()] {
                    assert!(!bytes.windows(personal.len()).any(|part| part == personal), "{name} holds personal data in the clear");
                }
            }
        }
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn another_users_payouts_are_unknown_and_lists_page() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(running.request("ana", payout_request(&account, "USD", 5)).await.unwrap().0.payout_id);
        }
        let unknown = refusal(Code::NotFound, "PAYOUT_UNKNOWN");
        let get = GetPayoutRequest { book: BOOK.into(), payout_id: ids[0].clone() };
        assert_eq!(told(running.client().get_payout(running.signed("bob", get.clone())).await.unwrap_err()), unknown);
        assert!(running.client().get_payout(running.signed("ana", get)).await.is_ok());
        let watch = WatchPayoutRequest { book: BOOK.into(), payout_id: ids[0].clone() };
        assert_eq!(told(running.client().watch_payout(running.signed("bob", watch)).await.unwrap_err()), unknown);
        let beneficiaries = ListBeneficiariesRequest { book: BOOK.into(), ..Default::default() };
        let bobs = running.client().list_beneficiaries(running.signed("bob", beneficiaries)).await.unwrap().into_inner();
        assert!(bobs.beneficiaries.is_empty());

        let mut list = ListPayoutsRequest { book: BOOK.into(), page_size: 2, ..Default::default() };
        let first = running.client().list_payouts(running.signed("ana", list.clone())).await.unwrap().into_inner();
        list.page_token = first.next_page_token.clone();
        let second = running.client().list_payouts(running.signed("ana", list.clone())).await.unwrap().into_inner();
        let mut listed: Vec<_> = first.payouts.iter().chain(&second.payouts).map(|payout| payout.payout_id.clone()).collect();
        assert_eq!((first.payouts.len(), second.payouts.len(), second.next_page_token.as_str()), (2, 1, ""));
        listed.sort();
        ids.sort();
        assert_eq!(listed, ids);
        let (newest, oldest) = (first.payouts[0].create_time, second.payouts[0].create_time);
        let between = async |created_from, created_until| {
            let list = ListPayoutsRequest { book: BOOK.into(), created_from, created_until, ..Default::default() };
            running.client().list_payouts(running.signed("ana", list)).await.unwrap().into_inner().payouts
        };
        let since = between(newest, None).await;
        assert!(!since.is_empty() && since.iter().all(|payout| at(&payout.create_time) >= at(&newest)));
        assert_eq!(since.len() + between(oldest, newest).await.len(), 3);
        assert_eq!(between(None, oldest).await, []);
        list.state = PayoutState::Settled.into();
        let status = running.client().list_payouts(running.signed("ana", list)).await.unwrap_err();
        assert_eq!(told(status), refusal(Code::InvalidArgument, "PAGE_TOKEN"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_mistyped_name_is_not_a_creator_without_payouts() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let payouts = async |user: &str, role| {
            let request = ListPayoutsRequest { book: BOOK.into(), user_id: user.into(), ..Default::default() };
            running.client().list_payouts(world.bed.by("sue", role, request)).await.map(|answer| answer.into_inner().payouts.len())
        };
        let beneficiaries = async |user: &str, role| {
            let request = ListBeneficiariesRequest { book: BOOK.into(), user_id: user.into(), ..Default::default() };
            let answer = running.client().list_beneficiaries(world.bed.by("sue", role, request)).await;
            answer.map(|answer| answer.into_inner().beneficiaries.len())
        };
        let unknown = refusal(Code::NotFound, "USER_UNKNOWN");
        for role in [Role::Support, Role::Finance, Role::Auditor, Role::Admin] {
            // Ana has money, and neither a bank account nor a payout.
            assert_eq!((payouts("ana", role).await.unwrap(), beneficiaries("ana", role).await.unwrap()), (0, 0));
            assert_eq!(told(payouts("anna", role).await.unwrap_err()), unknown);
            assert_eq!(told(beneficiaries("anna", role).await.unwrap_err()), unknown);
        }
        // Apps ask for people who may come, and people about themselves.
        assert_eq!((payouts("anna", Role::Service).await.unwrap(), beneficiaries("anna", Role::Service).await.unwrap()), (0, 0));
        let own = ListPayoutsRequest { book: BOOK.into(), ..Default::default() };
        assert!(running.client().list_payouts(running.signed("anna", own)).await.unwrap().into_inner().payouts.is_empty());
        // A bank account is enough to be known.
        running.beneficiary("zoe", aba("9000000001")).await.unwrap();
        assert_eq!((payouts("zoe", Role::Support).await.unwrap(), beneficiaries("zoe", Role::Support).await.unwrap()), (0, 1));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_id_from_the_future_is_refused_and_not_remembered() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let ahead = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap() + 3_600_000;
        let request_id = uuid::Builder::from_unix_timestamp_millis(ahead, &[7; 10]).into_uuid().to_string();
        // Were the first kept, the second would be refused because its id is reused.
        for minor_units in [500, 501] {
            let request =
                api::payout::RequestPayoutRequest { request_id: request_id.clone(), ..payout_request(&account, "USD", minor_units) };
            let status = running.request("ana", request).await.unwrap_err();
            assert_eq!(told(status), refusal(Code::InvalidArgument, "REQUEST_ID_TIME"));
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// Orders moments.
fn at(time: &Option<prost_types::Timestamp>) -> Option<(i64, i32)> {
    time.as_ref().map(|time| (time.seconds, time.nanos))
}
