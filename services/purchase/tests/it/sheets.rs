//! What a price sheet decides of a sale.

use api::purchase::{ListCoinPackagesRequest, ListCoinPackagesResponse, PriceChannel, SalesChannel};
use testbed::Storage;

use crate::fixture::{self, Fixture, new_id, reason};

const SHEET: &str = r#"
version = "2026-11"

[[price]]
product_id = "coins.us.app.70"
market = "US"
channel = "app_store"
entity = "acme-us"
coins = 65
bonus_coins = 5
currency = "USD"
price = "1.10"
valid_from = "2026-01-01"

[[price]]
product_id = "coins.us.70"
market = "US"
channel = "stripe"
coins = 70
currency = "USD"
price = "0.74"
valid_from = "2026-01-01"

[[tax]]
market = "US"
channel = "app_store"
basis_points = 1000
valid_from = "2026-01-01"
source = "invented"

[[commission]]
market = "*"
channel = "app_store"
basis_points = 1500
valid_from = "2026-01-01"
source = "invented"
"#;

async fn with_sheet(credit_other_prices: bool) -> Fixture {
    let storage = Storage::sqlite();
    let file = storage.dir.path().join("sheet.toml");
    std::fs::write(&file, SHEET).unwrap();
    fixture::with(storage, |config| {
        config.packages = Some(file.clone());
        config.credit_other_prices = credit_other_prices;
    })
    .await
}

async fn listed(fixture: &Fixture, through: PriceChannel) -> ListCoinPackagesResponse {
    let message = ListCoinPackagesRequest { market: "US".to_owned(), price_channel: through.into(), ..Default::default() };
    fixture.client().list_coin_packages(fixture.from("ann", message)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_sale_is_split_and_posted_as_the_sheet_says_and_another_price_is_flagged() {
    let fixture = with_sheet(true).await;
    let purchase = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap();
    assert_eq!((purchase.coins, purchase.price.unwrap().minor_units, purchase.stated_price.as_str()), (70, 110, "0.990 USD"));
    for (account, amount) in [("store_receivable", -85), ("prepaid_commission", -15), ("deferred_revenue", 100)] {
        assert_eq!(fixture.balance(&format!("house/acme-us/{account}/USD")).await, amount, "{account}");
    }
    let book = money::BookName::try_new(fixture::BOOK).unwrap();
    let stored = fixture.service.store().credited(&book, None).await.unwrap().pop().unwrap().sold;
    assert_eq!((stored.market.as_str(), stored.entity.as_str(), stored.bonus.get()), ("US", "acme-us", 5));
    let everything = listed(&fixture, PriceChannel::Unspecified).await.packages;
    let shown: Vec<_> = everything.iter().map(|one| (one.product_id.as_str(), one.coins, one.bonus_coins, one.price_channel())).collect();
    let expected = [("coins.us.70", 70, 0, PriceChannel::Stripe), ("coins.us.app.70", 70, 5, PriceChannel::AppStore)];
    assert_eq!(shown, expected);
    let [app] = listed(&fixture, PriceChannel::AppStore).await.packages.try_into().unwrap();
    let (price, tax) = (app.price.clone().unwrap(), app.tax.clone().unwrap());
    assert_eq!((price.minor_units, tax.minor_units, app.sales_channel()), (110, 10, SalesChannel::App));
    assert!(listed(&fixture, PriceChannel::Alipay).await.packages.is_empty());
}

#[tokio::test]
async fn an_operator_may_refuse_receipts_of_other_prices() {
    let fixture = with_sheet(false).await;
    let receipt = fixture.receipt();
    assert_eq!(reason(fixture.redeem("ann", &new_id(), &receipt).await), "RECEIPT_PRICE");
    assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (0, 0));
    let agreed = fixture.store.sell(&sandbox::store::StorePurchase { price: 1_100, ..fixture::seventy() }).unwrap();
    assert_eq!(fixture.redeem("ann", &new_id(), &agreed.signed_transaction).await.unwrap().coin_balance, 70);
}
