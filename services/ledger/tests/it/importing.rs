//! RPCs of the rules through the whole stack: imports, limits, dry runs, and who may.
use crate::calls::{BOOK, coins, gift, house, on_both, reason};
use api::ledger::{
    GetAccountRequest, ImportBatchRequest, LimitWindow, PostRequest, PostResponse, SetDebitLimitRequest, post_batch_outcome::Outcome,
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
        let house = house(database).await;
        let posts = || {
            let timeless = PostRequest { effective_time: None, ..happened(coins("u1", 1), 3) };
            let ahead = PostRequest { effective_time: Some(Timestamp { seconds: 4_000_000_000, nanos: 0 }), ..happened(coins("u1", 1), 4) };
            let trial = PostRequest { dry_run: true, ..happened(gift("u1", "c1", 2), 5) };
            let refusal = PostRequest { refusal: "NO".to_owned(), transfers: Vec::new(), ..happened(coins("u1", 1), 6) };
            let poor = happened(gift("poor", "c1", 1), 7);
            vec![happened(coins("u1", 100), 1), happened(gift("u1", "c1", 40), 2), timeless, ahead, trial, refusal, poor]
        };
        let import = async |posts: Vec<PostRequest>| {
            let request = house.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts });
            told(house.anyone().import_batch(request).await.unwrap().into_inner().outcomes)
        };
        let first = import(posts()).await;
        let reasons: Vec<&str> = first.iter().map(|outcome| outcome.as_ref().map_or_else(String::as_str, |_| "ok")).collect();
        assert_eq!(reasons, ["ok", "ok", "MALFORMED", "MALFORMED", "ok", "MALFORMED", "INSUFFICIENT_FUNDS"]);
        // Anybody else who sends the same: the first answers.
        let request = house.by(Role::Service, ImportBatchRequest { book: BOOK.to_owned(), posts: posts() });
        let again = told(house.anyone().import_batch(request).await.unwrap().into_inner().outcomes);
        for (first, again) in first.iter().zip(&again).take(2) {
            let (first, again) = (first.as_ref().unwrap(), again.as_ref().unwrap());
            assert!(!first.replayed && again.replayed);
            assert_eq!(first.posting.as_ref().unwrap().seq, again.posting.as_ref().unwrap().seq);
        }
        // Other values under the same id are told apart, and Post would not have taken it.
        let other = import(vec![happened(coins("u1", 99), 1)]).await;
        assert_eq!(other[0].as_ref().unwrap_err(), "REQUEST_ID_REUSED");
        let old = house.client().post(happened(coins("u1", 1), 9)).await.unwrap_err();
        assert_eq!(reason(&old), "REQUEST_ID_TIME");
        let account = GetAccountRequest { book: BOOK.to_owned(), account: "viewer/u1/coins".to_owned() };
        assert_eq!(house.client().get_account(account).await.unwrap().into_inner().account.unwrap().balance, 60);
        let request = house.by(Role::Admin, ImportBatchRequest { book: BOOK.to_owned(), posts: posts() });
        assert_eq!(reason(&house.anyone().import_batch(request).await.unwrap_err()), "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_by_people_who_answer_for_them_and_shown() {
    on_both(async |database, _| {
        let house = house(database).await;
        house.post(coins("u1", 100)).await;
        let limit = |window: LimitWindow, zone: &str, max_amount| SetDebitLimitRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            account: "viewer/u1/coins".to_owned(),
            window: window.into(),
            time_zone: zone.to_owned(),
            max_amount,
        };
        let set = async |role, asked| house.anyone().set_debit_limit(house.by(role, asked)).await;
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
        let refused = house.client().post(gift("u1", "c1", 31)).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), rpc::facts(&refused)["window"].as_str()), ("LIMIT_EXCEEDED", "HOUR"));
        set(Role::Finance, limit(LimitWindow::Hour, "", 0)).await.unwrap();
        // A retry of what was set before does not set it again.
        set(Role::Finance, month).await.unwrap();
        house.post(gift("u1", "c1", 50)).await;
        let account = GetAccountRequest { book: BOOK.to_owned(), account: "viewer/u1/coins".to_owned() };
        assert_eq!(house.client().get_account(account).await.unwrap().into_inner().account.unwrap().limits.len(), 1);
    })
    .await;
}
