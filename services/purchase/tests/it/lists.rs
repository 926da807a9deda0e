//! Packages and purchases.

use api::purchase::{GetPurchaseRequest, ListCoinPackagesRequest, ListPurchasesRequest};
use identity::Role;

use crate::house::{self, BOOK, new_id, reason};

#[tokio::test]
async fn packages_are_listed_by_market_and_channel() {
    let house = house::sqlite().await;
    let list = |market: &str, channel: &str| {
        let message = ListCoinPackagesRequest { market: market.to_owned(), channel: channel.to_owned(), ..Default::default() };
        let request = house.from("ann", message);
        let mut client = house.client();
        async move { client.list_coin_packages(request).await.map(tonic::Response::into_inner) }
    };
    let app = list("US", "app").await.unwrap();
    let coins: Vec<i64> = app.packages.iter().map(|package| package.coins).collect();
    assert_eq!(coins, [70, 350, 700, 1400, 3500, 7000]);
    assert_eq!(app.packages[0].price.as_ref().unwrap().minor_units, 99);
    assert!(!app.version.is_empty());
    assert_eq!(list("JP", "").await.unwrap().packages.len(), 6);
    assert_eq!(list("VN", "app").await.unwrap().packages[0].price.as_ref().unwrap().minor_units, 6_999_000);
    assert_eq!(reason(list("XX", "").await), "MARKET_UNKNOWN");
    assert_eq!(reason(list("", "").await), "MALFORMED");
    assert_eq!(reason(list("US", "shop").await), "MALFORMED");
}

#[tokio::test]
async fn purchases_are_listed_newest_first_in_pages() {
    for house in [house::sqlite().await, house::postgres().await] {
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(house.redeem("ann", &new_id(), &house.receipt()).await.unwrap().purchase.unwrap().purchase_id);
        }
        house.redeem("bob", &new_id(), &house.receipt()).await.unwrap();
        made.reverse();
        let page = |user: &str, page_token: &str| {
            let message = ListPurchasesRequest { page_size: 2, page_token: page_token.to_owned(), ..Default::default() };
            let request = house.from(user, message);
            let mut client = house.client();
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
        let anns = page("ann", "").await.unwrap().next_page_token;
        assert_eq!(reason(page("bob", &anns).await), "PAGE_TOKEN");
        assert_eq!(reason(page("ann", "é").await), "PAGE_TOKEN");
    }
}

#[tokio::test]
async fn a_purchase_is_seen_by_its_owner_and_by_staff() {
    let house = house::sqlite().await;
    let purchase_id = house.redeem("ann", &new_id(), &house.receipt()).await.unwrap().purchase.unwrap().purchase_id;
    let message = || GetPurchaseRequest { purchase_id: purchase_id.clone(), ..Default::default() };
    let mut client = house.client();
    let own = client.get_purchase(house.from("ann", message())).await.unwrap().into_inner();
    assert_eq!(own.purchase.unwrap().purchase_id, purchase_id);
    let staff = house.with_role("helper", Role::Support, BOOK, message());
    client.get_purchase(staff).await.unwrap();
    assert_eq!(reason(client.get_purchase(house.from("bob", message())).await), "PURCHASE_UNKNOWN");
    let elsewhere = house.with_role("ann", Role::Viewer, "test-jp", message());
    assert_eq!(reason(client.get_purchase(elsewhere).await), "PURCHASE_UNKNOWN");
    let none = GetPurchaseRequest { purchase_id: new_id(), ..Default::default() };
    assert_eq!(reason(client.get_purchase(house.from("ann", none)).await), "PURCHASE_UNKNOWN");
}
