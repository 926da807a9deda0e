//! RPCs of the rules through the whole stack: imports, limits, dry runs, and who may call them.
use crate::calls::{BOOK, coins, fixture, gift, on_both, reason};
use api::ledger::{
    GetAccountRequest, ImportBatchRequest, LimitWindow, OpenAccountsRequest, PostRequest, PostResponse, SetDebitLimitRequest,
    post_batch_outcome::Outcome,
};
use identity::Role;
use prost_types::Timestamp;
use uuid::Uuid;

/// An id as old as the first of them.
fn ancient(n: u8) -> String {
    uuid::Builder::from_unix_timestamp_millis(1_000 + u64::from(n), &[n; 10]).into_uuid().to_string()
}

fn happened(post: PostRequest, n: u8) -> PostRequest {
    PostRequest { request_id: ancient(n), effective_time: Some(Timestamp { seconds: 1_500_000_000 + i64::from(n), nanos: 0 }), ..post }
}

fn told(outcomes: Vec<api::ledger::PostBatchOutcome>) -> Vec<Result<PostResponse, String>> {
    let told = outcomes.into_iter().map(|outcome| match outcome.outcome.unwrap() {
        Outcome::Accepted(accepted) => Ok(accepted),
        Outcome::Refused(refused) => Err(refused.reason),
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_long_ago_is_imported_once() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let posts = || {
            let timeless = PostRequest { effective_time: None, ..happened(coins("u1", 1), 3) };
            let ahead = PostRequest { effective_time: Some(Timestamp { seconds: 4_000_000_000, nanos: 0 }), ..happened(coins("u1", 1), 4) };
            let trial = PostRequest { dry_run: true, ..happened(gift("u1", "c1", 2), 5) };
            let refusal = PostRequest { refusal: "NO".to_owned(), transfers: Vec::new(), ..happened(coins("u1", 1), 6) };
            let poor = happened(gift("poor", "c1", 1), 7);
            vec![happened(coins("u1", 100), 1), happened(gift("u1", "c1", 40), 2), timeless, ahead, trial, refusal, poor]
        };
        let import = async |posts: Vec<PostRequest>| {
            let request = fixture.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts });
            told(fixture.anyone().import_batch(request).await.unwrap().into_inner().outcomes)
        };
        let first = import(posts()).await;
        let reasons: Vec<&str> = first.iter().map(|outcome| outcome.as_ref().map_or_else(String::as_str, |_| "ok")).collect();
        assert_eq!(reasons, ["ok", "ok", "MALFORMED", "MALFORMED", "ok", "MALFORMED", "INSUFFICIENT_FUNDS"]);
        // Anybody else who sends the same gets the first answer.
        let request = fixture.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts: posts() });
        let again = told(fixture.anyone().import_batch(request).await.unwrap().into_inner().outcomes);
        for (first, again) in first.iter().zip(&again).take(2) {
            let (first, again) = (first.as_ref().unwrap(), again.as_ref().unwrap());
            assert!(!first.replayed && again.replayed);
            assert_eq!(first.posting.as_ref().unwrap().seq, again.posting.as_ref().unwrap().seq);
        }
        // Other values under the same id are detected, and Post would have refused the old id.
        let other = import(vec![happened(coins("u1", 99), 1)]).await;
        assert_eq!(other[0].as_ref().unwrap_err(), "REQUEST_ID_REUSED");
        let old = fixture.client().post(happened(coins("u1", 1), 9)).await.unwrap_err();
        assert_eq!(reason(&old), "REQUEST_ID_TIME");
        let account = GetAccountRequest { book: BOOK.to_owned(), account: "viewer/u1/coins".to_owned() };
        assert_eq!(fixture.client().get_account(account).await.unwrap().into_inner().account.unwrap().balance, 60);
        let request = fixture.by(Role::Admin, ImportBatchRequest { book: BOOK.to_owned(), posts: posts() });
        assert_eq!(reason(&fixture.anyone().import_batch(request).await.unwrap_err()), "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_marked_by_its_id_and_brings_back_nothing_that_is_there() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let own = fixture.post(coins("u1", 100)).await.posting.unwrap();
        let import = async |posts: Vec<PostRequest>| {
            let request = fixture.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts });
            told(fixture.anyone().import_batch(request).await.unwrap().into_inner().outcomes)
        };
        // From this book itself: imported, and as a dry run.
        let back = PostRequest { request_id: own.posting_id.clone(), ..happened(coins("u1", 100), 1) };
        let trial = PostRequest { dry_run: true, ..back.clone() };
        let forged = PostRequest {
            request_fields: vec![api::ledger::RequestField { name: "imported_id".to_owned(), value: ancient(9) }],
            ..happened(coins("u1", 5), 2)
        };
        let outcomes = import(vec![back, trial, forged]).await;
        let reasons: Vec<&str> = outcomes.iter().map(|outcome| outcome.as_ref().map_or_else(String::as_str, |_| "ok")).collect();
        assert_eq!(reasons, ["POSTING_EXISTS", "POSTING_EXISTS", "MALFORMED"]);
        // An import refused for lack of coins is accepted once they are there: its refusal is not kept for a week.
        let poor = happened(gift("u2", "c1", 10), 3);
        assert_eq!(import(vec![poor.clone()]).await[0].as_ref().unwrap_err(), "INSUFFICIENT_FUNDS");
        let both = import(vec![happened(coins("u2", 10), 4), poor]).await;
        let posted = both[1].as_ref().unwrap().posting.clone().unwrap();
        let ask = api::ledger::GetPostingRequest { book: BOOK.to_owned(), posting_id: posted.posting_id.clone(), ..Default::default() };
        let posting = fixture.client().get_posting(ask).await.unwrap().into_inner().posting.unwrap();
        let id = Uuid::try_parse(&posted.posting_id).unwrap();
        assert_eq!(chart::imported::origin(id, |name| posting.field(name), BOOK), Uuid::try_parse(&ancient(3)).ok());
        // A service's own token can't mark a posting as imported.
        let request = ImportBatchRequest { book: BOOK.to_owned(), posts: vec![happened(coins("u1", 1), 5)] };
        assert_eq!(reason(&fixture.client().import_batch(request).await.unwrap_err()), "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_program_imported_without_a_mark_is_there_all_the_same() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let post = happened(coins("u1", 100), 1);
        let fields = vec![
            ("effective_time".to_owned(), "1500000001000000".to_owned()),
            ("kind".to_owned(), "top_up".to_owned()),
            ("transfers[0]".to_owned(), "100 house/coins/issued viewer/u1/coins false false".to_owned()),
        ];
        let name = |text: &str| books::domain::request::AccountName::parse(text.to_owned()).unwrap();
        let amount = money::Amount::try_new(100).unwrap();
        let transfer = books::domain::request::NewTransfer::try_new(name("house/coins/issued"), name("viewer/u1/coins"), amount).unwrap();
        let action = books::domain::request::Action::Post { transfers: vec![transfer], guards: Vec::new(), refusal: None };
        let id = chart::imported::imported(Uuid::try_parse(&ancient(1)).unwrap(), BOOK);
        let older = books::domain::request::BookRequest {
            effective_time: Some(1_500_000_001_000_000),
            historical: true,
            ..books::domain::request::BookRequest::new(id, fields.into(), "top_up".to_owned(), action)
        };
        let book = fixture.ledger.book(&money::BookName::try_new(BOOK).unwrap()).await.unwrap();
        book.submit(older).await.unwrap();
        for (post, expected) in [(post, Ok(true)), (happened(coins("u1", 99), 1), Err("REQUEST_ID_REUSED".to_owned()))] {
            let request = fixture.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts: vec![post] });
            let outcome = told(fixture.anyone().import_batch(request).await.unwrap().into_inner().outcomes).remove(0);
            assert_eq!(outcome.map(|accepted| accepted.replayed), expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_by_people_who_answer_for_them_and_shown() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("u1", 100)).await;
        let limit = |window: LimitWindow, zone: &str, max_amount| SetDebitLimitRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            account: "viewer/u1/coins".to_owned(),
            window: window.into(),
            time_zone: zone.to_owned(),
            max_amount,
        };
        let set = async |role, asked| fixture.anyone().set_debit_limit(fixture.by(role, asked)).await;
        for (role, asked, why) in [
            (Role::Support, limit(LimitWindow::Day, "UTC", 1), "PERMISSION_DENIED"),
            (Role::Finance, limit(LimitWindow::Unspecified, "UTC", 1), "MALFORMED"),
            (Role::Finance, limit(LimitWindow::Day, "Mars/Olympus", 1), "MALFORMED"),
            (Role::Finance, limit(LimitWindow::Day, "UTC", -1), "MALFORMED"),
            (Role::Finance, limit(LimitWindow::Day, "UTC", i64::MAX), "MALFORMED"),
        ] {
            assert_eq!(reason(&set(role, asked).await.unwrap_err()), why);
        }
        let month = limit(LimitWindow::Month, "Asia/Tokyo", 50);
        set(Role::Finance, month.clone()).await.unwrap();
        let shown = set(Role::Admin, limit(LimitWindow::Hour, "UTC", 30)).await.unwrap().into_inner().account.unwrap().limits;
        let shown: Vec<_> = shown.into_iter().map(|limit| (limit.window(), limit.time_zone, limit.max_amount)).collect();
        assert_eq!(shown, [(LimitWindow::Hour, "UTC".to_owned(), 30), (LimitWindow::Month, "Asia/Tokyo".to_owned(), 50)]);
        let refused = fixture.client().post(gift("u1", "c1", 31)).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), rpc::facts(&refused)["window"].as_str()), ("LIMIT_EXCEEDED", "HOUR"));
        set(Role::Finance, limit(LimitWindow::Hour, "", 0)).await.unwrap();
        // A retry of an earlier limit does not set it again.
        set(Role::Finance, month).await.unwrap();
        fixture.post(gift("u1", "c1", 50)).await;
        let account = GetAccountRequest { book: BOOK.to_owned(), account: "viewer/u1/coins".to_owned() };
        assert_eq!(fixture.client().get_account(account).await.unwrap().into_inner().account.unwrap().limits.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_can_stop_a_book_or_a_payout_is_not_one_persons() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let open = OpenAccountsRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.to_owned(),
            accounts: ["creator/c1/payable/USD", "creator/c1/diamonds", "house/in_transit/USD"].map(str::to_owned).to_vec(),
        };
        fixture.post_all(vec![coins("u1", 100), gift("u1", "c1", 5)]).await;
        fixture.client().open_accounts(open).await.unwrap();
        let limit = |account: &str, max_amount| SetDebitLimitRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            account: account.to_owned(),
            window: LimitWindow::Hour.into(),
            time_zone: "UTC".to_owned(),
            max_amount,
        };
        for account in
            ["house/diamonds/issued", "house/in_transit/USD", "creator/c1/payable/USD", "creator/c1/diamonds", "agency/a1/diamonds"]
        {
            for (role, max) in [(Role::Finance, 1), (Role::Admin, 1), (Role::Admin, 0)] {
                let refused = fixture.anyone().set_debit_limit(fixture.by(role, limit(account, max))).await.unwrap_err();
                assert_eq!((reason(&refused).as_str(), rpc::facts(&refused)["account"].as_str()), ("PERMISSION_DENIED", account));
            }
        }
        fixture.post(gift("u1", "c1", 50)).await;
        fixture.anyone().set_debit_limit(fixture.by(Role::Finance, limit("viewer/u1/coins", 1))).await.unwrap();
        fixture.client().set_debit_limit(limit("house/diamonds/issued", 60)).await.unwrap();
    })
    .await;
}
