//! Price sheets that are loaded into a running service: from when they count, for whom, and what is refused.

use api::purchase::purchase_service_client::PurchaseServiceClient;
use api::purchase::{GetWalletRequest, ListCoinPackagesRequest, ListPriceSheetsRequest, LoadPriceSheetRequest, LoadPriceSheetResponse};
use futures::future::join_all;
use identity::Role;
use purchase::{Bundle, Config, Deps};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::fixture::{self, BOOK, BUNDLE, Fixture, new_id, reason};
use crate::lots::catch_up;
use crate::stripe::world::World;

/// A row of a sheet; those of a store's product, or of one of ours.
fn row(product_id: &str, channel: &str, price: &str, from: &str) -> String {
    format!(
        "\n[[price]]\nproduct_id = \"{product_id}\"\nmarket = \"US\"\nchannel = \"{channel}\"\ncoins = 65\nbonus_coins = 5\nentity = \"acme-us\"\n\
         currency = \"USD\"\nprice = \"{price}\"\nvalid_from = \"{from}\"\n"
    )
}

fn sheet(version: &str, rows: &[String]) -> String {
    format!("version = \"{version}\"\n{}", rows.concat())
}

async fn load_as(fixture: &Fixture, role: Role, book: &str, content: &str) -> Result<LoadPriceSheetResponse, Status> {
    let message = LoadPriceSheetRequest { book: book.to_owned(), content: content.to_owned() };
    fixture.client().load_price_sheet(fixture.with_role("fin", role, book, message)).await.map(tonic::Response::into_inner)
}

async fn load(fixture: &Fixture, content: &str) -> Result<LoadPriceSheetResponse, Status> {
    load_as(fixture, Role::Finance, BOOK, content).await
}

/// Another process over the same tables.
async fn beside(fixture: &Fixture) -> PurchaseServiceClient<rpc::Transport> {
    let bundles = vec![Bundle { bundle_id: BUNDLE.to_owned(), book: BOOK.to_owned(), app_apple_id: 1 }];
    let config = Config { sandbox_roots: vec![fixture.store.root_der().to_vec()], bundles, follow_lots: false, ..Config::default() };
    let deps =
        Deps { database: fixture.bed.database.clone(), ledger: fixture.bed.ledger_as("purchase"), shutdown: CancellationToken::new() };
    PurchaseServiceClient::new(fixture.bed.lay(purchase::start(deps, config).await.unwrap().routes()))
}

#[tokio::test]
async fn a_loaded_sheet_counts_in_every_process_and_for_what_is_sold_from_then_on() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let mut other = beside(&fixture).await;
        let mut listed = async || {
            let message = ListCoinPackagesRequest { market: "US".to_owned(), ..Default::default() };
            let answer = other.list_coin_packages(fixture.from("ann", message)).await.unwrap().into_inner();
            (answer.version, answer.packages.len())
        };
        assert_eq!(listed().await.0, "2024-1");
        let before = fixture.receipt();
        // A sheet begins at once: in a later millisecond than that sale.
        let sold_by = money::time::now_ms();
        while money::time::now_ms() == sold_by {
            std::hint::spin_loop();
        }
        let text = sheet("2026-12", &[row("coins.us.app.70", "app_store", "1.10", "2026-01-01")]);
        let loaded = load(&fixture, &text).await.unwrap();
        let shown = loaded.sheet.clone().unwrap();
        assert_eq!((shown.sheet_no, shown.version.as_str(), shown.loaded_by.as_str(), loaded.replayed), (1, "2026-12", "fin", false));
        assert_eq!(shown.effective_time, shown.load_time);
        assert_eq!(load(&fixture, &text).await.unwrap(), LoadPriceSheetResponse { replayed: true, ..loaded });
        assert_eq!(listed().await, ("2026-12".to_owned(), 1));
        // What was sold before keeps the price of its time, whenever it is presented.
        let old = other.redeem_purchase(fixture.from("ann", fixture::redeem_request(&new_id(), &before))).await.unwrap().into_inner();
        assert_eq!(old.purchase.unwrap().price.unwrap().minor_units, 99);
        let new = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap();
        assert_eq!((new.price.unwrap().minor_units, new.coins), (110, 70));
        // A product that the sheet does not have was paid for all the same.
        let dropped = sandbox::store::StorePurchase { product_id: "coins.us.app.350".to_owned(), price: 4_990, ..fixture::seventy() };
        let dropped = fixture.store.sell(&dropped).unwrap().signed_transaction;
        assert_eq!(fixture.redeem("ann", &new_id(), &dropped).await.unwrap().purchase.unwrap().coins, 350);
        // What was paid for the coins in the wallet: 0.99, 1.10, and 4.99 by the list that still has the product.
        catch_up(&fixture).await;
        let wallet = fixture.client().get_wallet(fixture.from("ann", GetWalletRequest::default())).await.unwrap().into_inner();
        let [paid] = wallet.paid_for.try_into().unwrap();
        assert_eq!((paid.coins, paid.price.unwrap().minor_units, wallet.bonus_coins), (490, 708, 5));
        let message = ListPriceSheetsRequest::default();
        let sheets = fixture.client().list_price_sheets(fixture.with_role("aud", Role::Auditor, BOOK, message)).await.unwrap();
        assert_eq!(sheets.into_inner().sheets, [shown]);
    }
}

#[tokio::test]
async fn a_sheet_that_is_refused_leaves_everything_as_it_was() {
    let fixture = fixture::sqlite().await;
    let good = sheet("1", &[row("coins.us.app.70", "app_store", "1.10", "2026-01-01")]);
    load(&fixture, &good).await.unwrap();
    let says = async |content: &str, line: &str, what: &str| {
        let refused = load(&fixture, content).await.unwrap_err();
        assert_eq!(rpc::reason(&refused).as_deref(), Some("PRICE_SHEET_REFUSED"), "{refused:?}");
        let facts = rpc::facts(&refused);
        assert!(facts["line"] == line && facts["why"].contains(what), "{facts:?}");
    };
    says(&good.replace("1.10", "1.20"), "1", "loaded before, with other content").await;
    let next =
        sheet("2", &[row("coins.us.app.70", "app_store", "1.10", "2026-01-01"), row("coins.us.app.70", "app_store", "1.30", "2090-01-01")]);
    says(&next.replace("1.10", "1.20"), "3", "is before the sheet begins").await;
    says(&sheet("2", &[row("coins.us.app.70", "app_store", "1.30", "2090-01-01")]), "1", "it is missing here").await;
    says(&next.replace("\"2\"\n", "\"2\"\neffective_from = \"2026-01-01\"\n"), "2", "is in the past").await;
    says(&next.replace("\"USD\"", "\"usd\""), "3", "currency").await;
    says("version = \"3\"\n", "1", "it sells nothing").await;
    says("version = ", "1", "").await;
    says("[[[[[[[[", "1", "").await;
    let send = async |role, book: &str, content: &str| reason(load_as(&fixture, role, book, content).await);
    assert_eq!(send(Role::Finance, BOOK, "").await, "MALFORMED");
    assert_eq!(send(Role::Finance, BOOK, &"#".repeat(250_001)).await, "MALFORMED");
    assert_eq!(send(Role::Finance, BOOK, &"#".repeat(300_000)).await, "MALFORMED", "the message is too large");
    for role in [Role::Viewer, Role::Creator, Role::Service, Role::Support, Role::Auditor] {
        assert_eq!(send(role, BOOK, &next).await, "PERMISSION_DENIED");
    }
    // A sheet of one book says nothing about others.
    let message = ListCoinPackagesRequest { market: "US".to_owned(), ..Default::default() };
    let elsewhere = fixture.client().list_coin_packages(fixture.with_role("ann", Role::Viewer, "test-jp", message)).await.unwrap();
    assert_eq!(elsewhere.into_inner().version, "2024-1");
    assert_eq!(load(&fixture, &next).await.unwrap().sheet.unwrap().sheet_no, 2);
}

#[tokio::test]
async fn a_live_book_sells_what_was_loaded_for_it_and_never_what_is_built_in() {
    let fixture = fixture::sqlite().await;
    let list = async || {
        let message = ListCoinPackagesRequest { market: "US".to_owned(), ..Default::default() };
        fixture.client().list_coin_packages(fixture.with_role("ann", Role::Viewer, "live-us", message)).await
    };
    assert_eq!(reason(list().await), "LIST_BUILT_IN");
    let built_in = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packages.toml")).unwrap();
    let renamed = built_in.replace("version = \"", "version = \"ours-");
    let refused = load_as(&fixture, Role::Finance, "live-us", &renamed).await.unwrap_err();
    assert!(rpc::facts(&refused)["why"].contains("built-in packages"), "{refused:?}");
    assert_eq!(reason(list().await), "LIST_BUILT_IN");
    let own = sheet("1", &[row("coins.us.app.70", "app_store", "1.10", "2026-01-01")]);
    load_as(&fixture, Role::Admin, "live-us", &own).await.unwrap();
    assert_eq!(list().await.unwrap().into_inner().packages.len(), 1);
}

#[tokio::test]
async fn sheets_that_come_at_once_are_numbered_one_after_the_other() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let texts: Vec<String> = (0..12)
            .map(|number| sheet(&format!("v{}", number % 6), &[row("coins.us.app.70", "app_store", "1.10", "2026-01-01")]))
            .collect();
        let answers = join_all(texts.iter().map(|text| load(&fixture, text))).await;
        let loaded: Vec<LoadPriceSheetResponse> = answers.into_iter().map(Result::unwrap).collect();
        let mut numbers: Vec<i64> = loaded.iter().filter(|one| !one.replayed).map(|one| one.sheet.as_ref().unwrap().sheet_no).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    }
}

#[tokio::test]
async fn an_order_is_sold_by_the_sheet_of_its_channel() {
    for world in World::both().await {
        let tax =
            "\n[[tax]]\nmarket = \"US\"\nchannel = \"stripe\"\nbasis_points = 2500\nvalid_from = \"2026-01-01\"\nsource = \"invented\"\n";
        let of_japan = row("coins.both", "stripe", "100", "2026-01-01").replace("\"US\"", "\"JP\"").replace("USD", "JPY");
        let rows = [row("coins.web", "stripe", "1.25", "2026-01-01"), row("coins.both", "stripe", "2.00", "2026-01-01"), of_japan];
        load(&world.fixture, &(sheet("1", &rows) + tax)).await.unwrap();
        assert_eq!(reason(world.create("ann", &new_id(), "coins.us.web.70").await), "PRODUCT_UNKNOWN");
        assert_eq!(reason(world.create("ann", &new_id(), "coins.both").await), "PRODUCT_UNKNOWN", "in two markets");
        let asked =
            api::purchase::CreateCheckoutRequest { market: "JP".to_owned(), ..crate::stripe::world::asked(&new_id(), "coins.both") };
        let yen = world.fixture.create_checkout("ann", asked.clone()).await.unwrap().price.unwrap();
        assert_eq!((yen.currency_code.as_str(), yen.minor_units), ("JPY", 100));
        let other = api::purchase::CreateCheckoutRequest { market: "US".to_owned(), ..asked };
        assert_eq!(reason(world.fixture.create_checkout("ann", other).await), "REQUEST_ID_REUSED");
        let made = world.create("ann", &new_id(), "coins.web").await.unwrap();
        assert_eq!((made.coins, made.price.as_ref().unwrap().minor_units), (70, 125));
        world.act("pay", &made).await;
        world.fixture.service.sweep_orders(crate::notified::later()).await.unwrap();
        world.until_coins("ann", 70).await;
        for (account, balance) in [("processor_receivable", -125), ("deferred_revenue", 100), ("tax_payable", 25)] {
            assert_eq!(world.fixture.balance(&format!("house/acme-us/{account}/USD")).await, balance, "{account}");
        }
        let purchase_id = world.get("ann", &made.checkout_id).await.unwrap().purchase_id;
        let book = money::BookName::try_new(BOOK).unwrap();
        let kept = world.fixture.service.store().credited(&book, None).await.unwrap().pop().unwrap();
        assert_eq!((kept.purchase_id.to_string(), kept.sold.entity.as_str(), kept.sold.bonus.get()), (purchase_id, "acme-us", 5));
    }
}
