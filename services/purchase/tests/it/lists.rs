//! Packages and purchases.

use api::ledger::{AccountState, LimitWindow, SetDebitLimitRequest, ledger_service_client::LedgerServiceClient};
use api::purchase::{CoinPackage, GetPurchaseRequest, GetWalletRequest, ListCoinPackagesRequest, ListPurchasesRequest, SalesChannel};
use identity::Role;
use prost_types::Timestamp;

use crate::fixture::{self, BOOK, new_id, reason};

#[tokio::test]
async fn packages_are_listed_by_market_and_channel() {
    let fixture = fixture::sqlite().await;
    let list = |market: &str, channel: &str, sales_channel: i32| {
        #[allow(deprecated)]
        let message =
            ListCoinPackagesRequest { market: market.to_owned(), channel: channel.to_owned(), sales_channel, ..Default::default() };
        let request = fixture.from("ann", message);
        let mut client = fixture.client();
        async move { client.list_coin_packages(request).await.map(tonic::Response::into_inner) }
    };
    let (any, app, web) = (0, SalesChannel::App.into(), SalesChannel::Web.into());
    let sold = |channel: SalesChannel| move |package: &CoinPackage| package.sales_channel() == channel;
    assert!(list("US", "", web).await.unwrap().packages.iter().all(sold(SalesChannel::Web)));
    // Clients of before name it so.
    assert_eq!(list("US", "app", any).await.unwrap(), list("US", "", app).await.unwrap());
    assert_eq!(list("US", "app", app).await.unwrap(), list("US", "", app).await.unwrap());
    assert_eq!(violated(list("US", "app", web).await), ["channel"]);
    assert_eq!(violated(list("", "shop", any).await), ["market", "channel"]);
    assert_eq!(violated(list("US", "", 9).await), ["sales_channel"]);
    let app = list("US", "", app).await.unwrap();
    assert!(app.packages.iter().all(sold(SalesChannel::App)));
    let coins: Vec<i64> = app.packages.iter().map(|package| package.coins).collect();
    assert_eq!(coins, [70, 350, 700, 1400, 3500, 7000]);
    assert_eq!(app.packages[0].price.as_ref().unwrap().minor_units, 99);
    assert!(!app.version.is_empty());
    assert_eq!(list("JP", "", any).await.unwrap().packages.len(), 6);
    assert_eq!(list("VN", "app", any).await.unwrap().packages[0].price.as_ref().unwrap().minor_units, 6_999_000);
    assert_eq!(reason(list("XX", "", any).await), "MARKET_UNKNOWN");
}

#[tokio::test]
async fn packages_are_listed_in_pages_that_together_are_the_whole_list() {
    let fixture = fixture::sqlite().await;
    let ask = async |market: &str, page_size, page_token: &str| {
        let message =
            ListCoinPackagesRequest { market: market.to_owned(), page_size, page_token: page_token.to_owned(), ..Default::default() };
        fixture.client().list_coin_packages(fixture.from("ann", message)).await.map(tonic::Response::into_inner)
    };
    let whole = ask("US", 0, "").await.unwrap();
    assert!(whole.next_page_token.is_empty() && whole.packages.len() > 6);
    let (mut packages, mut token) = (Vec::new(), String::new());
    loop {
        let page = ask("US", 4, &token).await.unwrap();
        assert!(!page.packages.is_empty() && page.packages.len() <= 4);
        packages.extend(page.packages);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(packages, whole.packages);
    let token = ask("US", 1, "").await.unwrap().next_page_token;
    assert_eq!(violated(ask("US", -1, "").await), ["page_size"]);
    assert_eq!(reason(ask("JP", 1, &token).await), "PAGE_TOKEN", "another market's");
    for forged in ["x", &token[1..], &token.repeat(50)] {
        assert_eq!(reason(ask("US", 1, forged).await), "PAGE_TOKEN", "{forged}");
    }
}

/// The fields that a refusal names.
fn violated<T: std::fmt::Debug>(answer: Result<T, tonic::Status>) -> Vec<String> {
    rpc::violations(&answer.unwrap_err()).into_iter().map(|(field, _)| field).collect()
}

#[tokio::test]
async fn purchases_are_listed_newest_first_in_pages() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap().purchase_id);
        }
        fixture.redeem("bob", &new_id(), &fixture.receipt()).await.unwrap();
        made.reverse();
        let page = |user: &str, page_token: &str| {
            let message = ListPurchasesRequest { page_size: 2, page_token: page_token.to_owned(), ..Default::default() };
            let request = fixture.from(user, message);
            let mut client = fixture.client();
            async move { client.list_purchases(request).await.map(tonic::Response::into_inner) }
        };
        let (mut seen, mut token) = (Vec::new(), String::new());
        for expected in [2, 2, 1] {
            let answer = page("ann", &token).await.unwrap();
            assert_eq!(answer.purchases.len(), expected);
            seen.extend(answer.purchases.into_iter().map(|purchase| purchase.purchase_id));
            token = answer.next_page_token;
        }
        assert_eq!((seen, token.as_str()), (made, ""));
        let between = |from: &Option<Timestamp>, until: &Option<Timestamp>| {
            let message = ListPurchasesRequest { created_from: *from, created_until: *until, ..Default::default() };
            let request = fixture.from("ann", message);
            let mut client = fixture.client();
            async move { client.list_purchases(request).await.map(tonic::Response::into_inner) }
        };
        let all = between(&None, &None).await.unwrap().purchases;
        let (newest, oldest) = (all[0].create_time, all[4].create_time);
        let since = between(&newest, &None).await.unwrap().purchases;
        assert!(since.iter().all(|purchase| at(&purchase.create_time) >= at(&newest)) && !since.is_empty());
        assert_eq!(between(&oldest, &newest).await.unwrap().purchases.len() + since.len(), 5);
        assert!(between(&None, &oldest).await.unwrap().purchases.is_empty());
        let never = Some(Timestamp { seconds: i64::MAX, nanos: 0 });
        assert_eq!(violated(between(&never, &never).await), ["created_from", "created_until"]);
        let anns = page("ann", "").await.unwrap().next_page_token;
        assert_eq!(reason(page("bob", &anns).await), "PAGE_TOKEN");
        assert_eq!(reason(page("ann", "é").await), "PAGE_TOKEN");
    }
}

#[tokio::test]
async fn a_wallet_says_what_stops_its_coins() {
    let fixture = fixture::sqlite().await;
    let wallet = || async { fixture.client().get_wallet(fixture.from("ann", GetWalletRequest::default())).await.unwrap().into_inner() };
    let before = wallet().await;
    assert_eq!((before.account_state(), before.debit_limits.len()), (AccountState::Open, 0));
    fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
    fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
    let limit = SetDebitLimitRequest {
        book: BOOK.to_owned(),
        request_id: new_id(),
        account: "viewer/ann/coins".to_owned(),
        window: LimitWindow::Day.into(),
        time_zone: "UTC".to_owned(),
        max_amount: 5,
    };
    let mut ledger = LedgerServiceClient::new(fixture.bed.ledger_as("support"));
    ledger.set_debit_limit(limit).await.unwrap();
    let frozen = wallet().await;
    assert_eq!((frozen.account_state(), frozen.coin_balance), (AccountState::Frozen, 70));
    assert_eq!(frozen.debit_limits.iter().map(|limit| (limit.window(), limit.max_amount)).collect::<Vec<_>>(), [(LimitWindow::Day, 5)]);
}

#[tokio::test]
async fn a_mistyped_name_is_not_a_user_with_an_empty_wallet() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let staff = async |user: &str| {
            let ask = GetWalletRequest { user_id: user.to_owned(), ..Default::default() };
            fixture.client().get_wallet(fixture.with_role("sam", Role::Support, BOOK, ask)).await.map(tonic::Response::into_inner)
        };
        let listed = async |user: &str| {
            let ask = ListPurchasesRequest { user_id: user.to_owned(), ..Default::default() };
            fixture.client().list_purchases(fixture.with_role("sam", Role::Support, BOOK, ask)).await.map(tonic::Response::into_inner)
        };
        let pool = fixture.pool().await;
        let wallets = async || -> i64 { sqlx::query_scalar("SELECT COUNT(*) FROM wallet").fetch_one(&pool).await.unwrap() };
        for refused in [staff("annn").await.map(drop), listed("annn").await.map(drop)] {
            let refused = refused.unwrap_err();
            assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (tonic::Code::NotFound, Some("USER_UNKNOWN")));
            assert_eq!(rpc::facts(&refused)["user_id"], "annn");
        }
        assert_eq!(wallets().await, 0, "a question stores nothing");
        // The app asks for a new user, and so does the user.
        let of_app = GetWalletRequest { user_id: "eve".to_owned(), ..Default::default() };
        let of_app = fixture.client().get_wallet(fixture.with_role("app", Role::Service, BOOK, of_app)).await.unwrap().into_inner();
        let own = fixture.token_of("ann").await;
        assert!(own.len() == 36 && of_app.app_account_token.len() == 36);
        assert_eq!(staff("ann").await.unwrap().app_account_token, own);
        assert_eq!(listed("ann").await.unwrap().purchases.len(), 0);
        // Known to the ledger alone: there is no token, and none is made.
        fixture.set_coins_state("cleo", AccountState::Frozen).await.unwrap();
        let frozen = staff("cleo").await.unwrap();
        assert_eq!((frozen.account_state(), frozen.app_account_token.as_str()), (AccountState::Frozen, ""));
        assert!(listed("cleo").await.unwrap().purchases.is_empty());
        assert_eq!(wallets().await, 2);
        pool.close().await;
    }
}

#[tokio::test]
async fn a_purchase_is_seen_by_its_owner_and_by_staff() {
    let fixture = fixture::sqlite().await;
    let purchase_id = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap().purchase_id;
    let message = || GetPurchaseRequest { purchase_id: purchase_id.clone(), ..Default::default() };
    let mut client = fixture.client();
    let own = client.get_purchase(fixture.from("ann", message())).await.unwrap().into_inner();
    assert_eq!(own.purchase.unwrap().purchase_id, purchase_id);
    let staff = fixture.with_role("helper", Role::Support, BOOK, message());
    client.get_purchase(staff).await.unwrap();
    assert_eq!(reason(client.get_purchase(fixture.from("bob", message())).await), "PURCHASE_UNKNOWN");
    let elsewhere = fixture.with_role("ann", Role::Viewer, "test-jp", message());
    assert_eq!(reason(client.get_purchase(elsewhere).await), "PURCHASE_UNKNOWN");
    let none = GetPurchaseRequest { purchase_id: new_id(), ..Default::default() };
    assert_eq!(reason(client.get_purchase(fixture.from("ann", none)).await), "PURCHASE_UNKNOWN");
}

/// Orders moments.
fn at(time: &Option<Timestamp>) -> Option<(i64, i32)> {
    time.as_ref().map(|time| (time.seconds, time.nanos))
}
