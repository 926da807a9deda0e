//! A LIVE book sells the packages that its operator configures and never the built-in ones; a receipt that was paid for is not lost by that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use api::purchase::{ListCoinPackagesRequest, purchase_service_client::PurchaseServiceClient};
use identity::Role;
use purchase::{Bundle, Config, Deps, StripeAccount};
use sandbox::store::StorePurchase;
use sandbox::store::receipt::new_transaction_id;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fixture::{self, Fixture, new_id, reason, redeem_request, seventy};
use crate::stripe::world::{PRODUCT as WEB, asked};

const LIVE: &str = "live-us";
const OWN: &str = "version = \"1\"\n[[package]]\nproduct_id = \"coins.us.app.70\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = 70\n\
    currency = \"USD\"\nprice = \"0.99\"\n";

/// The same tables under a process that trusts this store for LIVE books.
async fn over(fixture: &Fixture, packages: Option<PathBuf>, root: PathBuf) -> PurchaseServiceClient<rpc::Transport> {
    let bundles = vec![Bundle { bundle_id: "com.example.live".to_owned(), book: LIVE.to_owned(), app_apple_id: 1 }];
    let dir = root.parent().unwrap();
    let secret = |name: &str, text: &str| {
        let file = dir.join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file
    };
    let stripe = StripeAccount {
        secret_key_file: secret("stripe.key", "sk_live_invented"),
        webhook_secret_file: secret("stripe.webhook", "whsec_invented"),
        // Nobody is there.
        api_url: "http://127.0.0.1:1".to_owned(),
        ..StripeAccount::new("acct_live", LIVE)
    };
    let config = Config { packages, apple_roots: vec![root], bundles, stripe: vec![stripe], ..Config::default() };
    let deps =
        Deps { database: fixture.bed.database.clone(), ledger: fixture.bed.ledger_as("purchase"), shutdown: CancellationToken::new() };
    let service = purchase::start(deps, config).await.unwrap();
    PurchaseServiceClient::new(fixture.bed.lay(service.routes()))
}

#[tokio::test]
async fn what_is_built_in_is_not_sold_in_a_live_book_and_a_paid_receipt_waits() {
    let fixture = fixture::sqlite().await;
    let dir = tempfile::tempdir().unwrap();
    let (root, own, copied) = (dir.path().join("root.der"), dir.path().join("own.toml"), dir.path().join("copied.toml"));
    std::fs::write(&root, fixture.store.root_der()).unwrap();
    std::fs::write(&own, OWN).unwrap();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/packages.toml")).unwrap();
    std::fs::write(&copied, text.replace("version = \"", "version = \"ours-")).unwrap();
    let mut claims = StorePurchase { bundle_id: "com.example.live".to_owned(), ..seventy() }.claims(&new_transaction_id());
    claims["environment"] = json!("Production");
    let receipt = fixture.store.sign(&claims).unwrap();
    let (id, order) = (new_id(), new_id());
    let redeem = |id: &str| fixture.with_role("ann", Role::Viewer, LIVE, redeem_request(id, &receipt));
    for packages in [None, Some(copied)] {
        let mut client = over(&fixture, packages, root.clone()).await;
        let list = |book| {
            let message = ListCoinPackagesRequest { market: "US".to_owned(), ..Default::default() };
            fixture.with_role("ann", Role::Viewer, book, message)
        };
        assert_eq!(reason(client.list_coin_packages(list(LIVE)).await), "LIST_BUILT_IN");
        assert!(!client.list_coin_packages(list(fixture::BOOK)).await.unwrap().into_inner().packages.is_empty());
        assert_eq!(reason(client.redeem_purchase(redeem(&id)).await), "LIST_BUILT_IN");
        // Whether an amount is within bounds depends on the list as well.
        claims["price"] = json!(i64::MAX);
        let checkout = fixture.with_role("ann", Role::Viewer, LIVE, asked(&order, WEB));
        assert_eq!(reason(client.create_checkout(checkout).await), "LIST_BUILT_IN");
        let dear = fixture.with_role("ann", Role::Viewer, LIVE, redeem_request(&new_id(), &fixture.store.sign(&claims).unwrap()));
        assert_eq!(reason(client.redeem_purchase(dear).await), "LIST_BUILT_IN");
    }
    // The refusal is not kept: the same request succeeds once the operator has configured a list.
    let mut client = over(&fixture, Some(own), root).await;
    let redeemed = client.redeem_purchase(redeem(&id)).await.unwrap().into_inner();
    assert_eq!((redeemed.purchase.unwrap().coins, redeemed.replayed), (70, false));
    // So does a checkout, of what the operator's list has; this one sells nothing on the web.
    let checkout = fixture.with_role("ann", Role::Viewer, LIVE, asked(&order, WEB));
    assert_eq!(reason(client.create_checkout(checkout).await), "PRODUCT_UNKNOWN");
    // An answered request keeps its answer.
    let mut client = over(&fixture, None, dir.path().join("root.der")).await;
    assert!(client.redeem_purchase(redeem(&id)).await.unwrap().into_inner().replayed);
}
