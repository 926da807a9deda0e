//! Targets for what buyers send, and for the prices they pay.

use chart::BookKind;
use money::BookName;
use purchase::{Bundle, Config, PackageCatalogue, catalogue::PackageOffer, stores::apple::ReceiptVerifier};
use sandbox::store::{Store, StorePurchase};
use std::sync::LazyLock;

/// A list of packages.
pub(super) const PRICES: &str = "version = \"1\"\n[[package]]\nproduct_id = \"coins.70\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = 70\n\
                                 currency = \"USD\"\nprice = \"0.99\"\n[[price]]\nproduct_id = \"coins.700\"\nmarket = \"US\"\n\
                                 channel = \"stripe\"\ncoins = 650\nbonus_coins = 50\ncurrency = \"USD\"\nprice = \"7.40\"\n\
                                 valid_from = \"2026-11-01\"\n[[tax]]\nmarket = \"*\"\nbasis_points = 1000\nvalid_from = \"2026-01-01\"\n\
                                 source = \"invented\"\n";

const BUNDLE: &str = "com.example.app";

/// A pretend store, the verifier that trusts it, and two receipts with their transactions' ids.
struct FuzzShop {
    verifier: ReceiptVerifier,
    book: BookName,
    sold: [(String, String); 2],
}

static SHOP: LazyLock<FuzzShop> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory can be made");
    let store = Store::open(dir.path()).expect("certificates can be made");
    let book = BookName::try_new("demo").expect("a book's name");
    let bundle = Bundle { bundle_id: BUNDLE.to_owned(), book: book.to_string(), app_apple_id: 0 };
    let config = Config { sandbox_roots: vec![store.root_der().to_vec()], bundles: vec![bundle], ..Config::default() };
    let sell = |quantity, token: Option<&str>| {
        let purchase = StorePurchase {
            bundle_id: BUNDLE.to_owned(),
            product_id: "coins.70".to_owned(),
            app_account_token: token.map(str::to_owned),
            quantity,
            price: 990,
            currency: "USD".to_owned(),
            storefront: "USA".to_owned(),
        };
        let sold = store.sell(&purchase).expect("a purchase can be signed");
        (sold.signed_transaction, sold.transaction_id)
    };
    let sold = [sell(1, None), sell(10, Some("01933b0e-8f1a-7c3e-9d2b-0123456789ab"))];
    FuzzShop { verifier: ReceiptVerifier::load(&config).expect("the root is a certificate"), book, sold }
});

/// A receipt: a mutated one never buys what was not sold.
pub(super) fn receipt(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let FuzzShop { verifier, book, sold } = &*SHOP;
    let sale = sold.iter().find(|(signed, _)| signed == text);
    match (verifier.verify(text, book, BookKind::Test), sale) {
        (Ok(transaction), _) => assert!(sold.iter().any(|(_, id)| *id == transaction.transaction_id), "nobody sold {transaction:?}"),
        (Err(refused), sale) => assert!(sale.is_none(), "a genuine receipt was refused: {refused:?}"),
    }
    assert!(verifier.verify(text, book, BookKind::Live).is_err(), "pretend money is no money");
}

pub(super) fn receipts() -> Vec<Vec<u8>> {
    SHOP.sold.iter().map(|(signed, _)| signed.clone().into_bytes()).collect()
}

/// A list of prices.
pub(super) fn prices(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(catalogue) = PackageCatalogue::parse("packages.toml", text)
    {
        let book = BookName::try_new("demo").expect("a book's name");
        for day in [0, 365, 20_000, 40_000] {
            let offers = catalogue.offers(&book, "US", day * 86_400_000).unwrap_or_default();
            let sold = |offer: &PackageOffer<'_>| offer.bonus < offer.package.coins && offer.package.price.minor_units() > 0;
            assert!(offers.iter().all(sold), "{offers:?}");
        }
    }
}
