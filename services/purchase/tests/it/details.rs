//! No paid purchase is left open: prices in unknown currencies, accounts that were erased, and receipts that were refused.

use api::purchase::{
    GetPurchaseRequest, ListRefusedReceiptsRequest, PurchaseState, RedeemPurchaseRequest, RefusedReceipt, StoreEnvironment,
};
use identity::Role;
use money::{BookName, UserKey};
use sandbox::store::{StorePurchase, receipt::new_transaction_id};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

use crate::house::{self, BOOK, House, new_id, reason, redeem_request, seventy};

async fn both() -> [House; 2] {
    [house::sqlite().await, house::postgres().await]
}

/// A receipt for 70 coins with these claims added.
fn saying(house: &House, claims: &[(&str, Value)]) -> String {
    let mut whole = seventy().claims(&new_transaction_id());
    for (name, value) in claims {
        whole[*name] = value.clone();
    }
    house.store.sign(&whole).unwrap()
}

#[tokio::test]
async fn currencies_in_force_are_known_and_the_price_lists_is_booked() {
    let house = house::sqlite().await;
    for code in ["XCG", "ZWG", "VED", "SLE"] {
        let receipt = saying(&house, &[("currency", json!(code)), ("price", json!(19_900))]);
        let purchase = house.redeem("ann", &new_id(), &receipt).await.unwrap().purchase.unwrap();
        let price = purchase.price.unwrap();
        let stated = format!("19.900 {code}");
        assert_eq!((price.currency_code.as_str(), price.minor_units, purchase.stated_price.as_str()), ("USD", 99, stated.as_str()));
    }
}

#[tokio::test]
async fn a_price_in_an_unknown_currency_is_kept_and_flagged_and_the_coins_are_credited() {
    for house in both().await {
        let mut coins = 0;
        for (code, price, stated) in [
            (json!("XQQ"), 19_900, "19.900 XQQ"),
            (json!("XXX"), 990, "0.990 XXX"),
            (json!("usd"), 990, "0.990 usd"),
            (Value::Null, 990, "0.990 (no currency)"),
            (json!("\u{1b}[31m longer than any"), 990, "0.990 31mlonge"),
        ] {
            let (receipt, id) = (saying(&house, &[("currency", code), ("price", json!(price))]), new_id());
            let answer = house.redeem("ann", &id, &receipt).await.unwrap();
            coins += 70;
            let purchase = answer.purchase.unwrap();
            assert_eq!((answer.coin_balance, purchase.state()), (coins, PurchaseState::Credited));
            // Booked at the list price, and flagged where people see it and in the posting.
            assert_eq!((purchase.price.clone().unwrap().minor_units, purchase.stated_price.as_str()), (99, stated));
            let posting = house.postings().await.pop().unwrap();
            let flag = posting.request_fields.iter().find(|field| field.name == "stated_price").map(|field| field.value.clone());
            assert_eq!(flag.as_deref(), Some(stated));
            assert_eq!(house.redeem("ann", &id, &receipt).await.unwrap().purchase.unwrap(), purchase, "kept");
        }
        // A free purchase is free in any currency; its price still differs from the list.
        let free = saying(&house, &[("currency", json!("XQQ")), ("price", json!(0))]);
        let purchase = house.redeem("ann", &new_id(), &free).await.unwrap().purchase.unwrap();
        assert_eq!((purchase.price.unwrap().minor_units, purchase.stated_price.as_str()), (0, "0.000 XQQ"));
    }
}

fn names(user: &str) -> (BookName, UserKey) {
    (BookName::try_new(BOOK).unwrap(), UserKey::try_new(user).unwrap())
}

/// A receipt bound to the user's present token.
async fn bound_to(house: &House, user: &str) -> String {
    let bought = StorePurchase { app_account_token: Some(house.token_of(user).await), ..seventy() };
    house.store.sell(&bought).unwrap().signed_transaction
}

#[tokio::test]
async fn a_receipt_credited_before_its_user_was_erased_is_answered_as_before() {
    for house in both().await {
        let receipt = bound_to(&house, "ann").await;
        let first = house.redeem("ann", &new_id(), &receipt).await.unwrap();
        let (book, ann) = names("ann");
        assert_eq!(house.service.store().erase(&book, &ann).await.unwrap(), 1);
        let again = house.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.purchase, first.purchase);
        assert_eq!(reason(house.redeem("bob", &new_id(), &receipt).await), "RECEIPT_ERASED_ACCOUNT");
        assert_eq!((house.coins("ann").await, house.coins("bob").await), (70, 0));
    }
}

#[tokio::test]
async fn a_receipt_paid_before_an_erasure_is_claimed_by_who_comes_back_or_with_supports_help() {
    for house in both().await {
        let (theirs, lost) = (bound_to(&house, "ann").await, bound_to(&house, "ann").await);
        let (book, ann) = names("ann");
        assert_eq!(house.service.store().erase(&book, &ann).await.unwrap(), 1);
        assert_eq!(house.service.store().erase(&book, &ann).await.unwrap(), 0, "twice changes nothing");
        // It has no owner: a stranger does not get it, and gets a helpful message.
        let status = house.redeem("bob", &new_id(), &lost).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("RECEIPT_ERASED_ACCOUNT"));
        assert!(status.message().contains("erased") && status.message().contains("support"), "{}", status.message());
        // Ann returns under the same key, with a new token or before she has one.
        assert_eq!(house.redeem("ann", &new_id(), &theirs).await.unwrap().coin_balance, 70);
        // The buyer returned as another user: support sees the store's mail and gives the reason.
        let for_bob = || RedeemPurchaseRequest { user_id: "bob".to_owned(), ..redeem_request(&new_id(), &lost) };
        let service = house.with_role("app", Role::Service, BOOK, for_bob());
        assert_eq!(reason(house.client().redeem_purchase(service).await), "RECEIPT_ERASED_ACCOUNT", "a service is no member of staff");
        let support = house.with_role("helper", Role::Support, BOOK, for_bob());
        assert_eq!(house.client().redeem_purchase(support).await.unwrap().into_inner().coin_balance, 70);
        // It is credited only once.
        let support = house.with_role("helper", Role::Support, BOOK, RedeemPurchaseRequest { user_id: "eve".to_owned(), ..for_bob() });
        assert_eq!(reason(house.client().redeem_purchase(support).await), "RECEIPT_ALREADY_REDEEMED");
        assert_eq!((house.coins("ann").await, house.coins("bob").await, house.postings().await.len()), (70, 70, 2));
    }
}

#[tokio::test]
async fn support_gives_what_is_nobodys_and_never_what_is_anothers() {
    let house = house::sqlite().await;
    let of_ann = bound_to(&house, "ann").await;
    let unknown = StorePurchase { app_account_token: Some(uuid::Uuid::new_v4().to_string()), ..seventy() };
    let unknown = house.store.sell(&unknown).unwrap().signed_transaction;
    let for_bob = |receipt: &str| {
        let message = RedeemPurchaseRequest { user_id: "bob".to_owned(), ..redeem_request(&new_id(), receipt) };
        house.with_role("helper", Role::Support, BOOK, message)
    };
    assert_eq!(reason(house.client().redeem_purchase(for_bob(&of_ann)).await), "RECEIPT_OTHER_ACCOUNT");
    assert_eq!(reason(house.redeem("bob", &new_id(), &unknown).await), "RECEIPT_OTHER_ACCOUNT");
    house.client().redeem_purchase(for_bob(&unknown)).await.unwrap();
}

async fn refused(house: &House, user_id: &str, transaction_id: &str) -> Vec<RefusedReceipt> {
    let (user_id, transaction_id) = (user_id.to_owned(), transaction_id.to_owned());
    let message = ListRefusedReceiptsRequest { user_id, transaction_id, ..Default::default() };
    let request = house.with_role("helper", Role::Support, BOOK, message);
    house.client().list_refused_receipts(request).await.unwrap().into_inner().receipts
}

#[tokio::test]
async fn a_refused_receipt_leaves_a_trace_that_support_finds_by_the_stores_number() {
    for house in both().await {
        let bought = StorePurchase { app_account_token: Some(house.token_of("ann").await), ..seventy() };
        let sold = house.store.sell(&bought).unwrap();
        let id = new_id();
        for _ in 0..2 {
            assert_eq!(reason(house.redeem("bob", &id, &sold.signed_transaction).await), "RECEIPT_OTHER_ACCOUNT");
        }
        let found = refused(&house, "", &sold.transaction_id).await;
        let [trace] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (trace.user_id.as_str(), trace.request_id.as_str(), trace.reason.as_str()),
            ("bob", id.as_str(), "RECEIPT_OTHER_ACCOUNT")
        );
        assert_eq!(
            (trace.authentic, trace.transaction_id.as_str(), trace.product_id.as_str()),
            (true, sold.transaction_id.as_str(), "coins.us.app.70")
        );
        assert_eq!((trace.bundle_id.as_str(), trace.store_environment()), (house::BUNDLE, StoreEnvironment::Sandbox));
        assert!(trace.refuse_time.is_some() && !trace.message.is_empty());
        // A forged receipt, or other data, is found by the user who submitted it.
        let forged = house.store.hostile(&seventy(), sandbox::store::HostileReceipt::ForeignKey).unwrap();
        house.redeem("bob", &new_id(), &forged).await.unwrap_err();
        house.redeem("bob", &new_id(), "a.b.c").await.unwrap_err();
        let of_bob = refused(&house, "bob", "").await;
        let reasons: Vec<_> = of_bob.iter().map(|trace| (trace.reason.as_str(), trace.authentic)).collect();
        assert_eq!(reasons, [("RECEIPT_MALFORMED", false), ("RECEIPT_SIGNATURE", false), ("RECEIPT_OTHER_ACCOUNT", true)], "newest first");
        assert!(refused(&house, "ann", "").await.is_empty() && refused(&house, "", "4711").await.is_empty());
        // A valid receipt is found by the same number.
        house.redeem("ann", &new_id(), &sold.signed_transaction).await.unwrap();
        let by_number = |number: &str| GetPurchaseRequest { transaction_id: number.to_owned(), ..Default::default() };
        let staff = house.with_role("helper", Role::Support, BOOK, by_number(&sold.transaction_id));
        let purchase = house.client().get_purchase(staff).await.unwrap().into_inner().purchase.unwrap();
        assert_eq!((purchase.user_id.as_str(), purchase.transaction_id), ("ann", sold.transaction_id.clone()));
        let stranger = house.from("bob", by_number(&sold.transaction_id));
        assert_eq!(reason(house.client().get_purchase(stranger).await), "PURCHASE_UNKNOWN");
        let both = GetPurchaseRequest { purchase_id: purchase.purchase_id, ..by_number("1") };
        assert_eq!(reason(house.client().get_purchase(house.from("ann", both)).await), "MALFORMED");
    }
}

#[tokio::test]
async fn traces_of_refused_receipts_page_are_staffs_and_go_with_their_user_or_in_time() {
    for house in both().await {
        for user in ["bob", "bob", "bob", "eve"] {
            house.redeem(user, &new_id(), "a.b.c").await.unwrap_err();
        }
        let page = async |token: &str| {
            let message = ListRefusedReceiptsRequest { page_size: 3, page_token: token.to_owned(), ..Default::default() };
            let request = house.with_role("helper", Role::Support, BOOK, message);
            house.client().list_refused_receipts(request).await.unwrap().into_inner()
        };
        let first = page("").await;
        let rest = page(&first.next_page_token).await;
        assert_eq!((first.receipts.len(), rest.receipts.len(), rest.next_page_token.as_str()), (3, 1, ""));
        for (user, role) in [("bob", Role::Viewer), ("app", Role::Service)] {
            let request = house.with_role(user, role, BOOK, ListRefusedReceiptsRequest::default());
            assert_eq!(reason(house.client().list_refused_receipts(request).await), "PERMISSION_DENIED");
        }
        let (book, bob) = names("bob");
        house.service.store().erase(&book, &bob).await.unwrap();
        assert_eq!((refused(&house, "bob", "").await.len(), refused(&house, "eve", "").await.len()), (0, 1));
        house.service.sweep(SystemTime::now() + Duration::from_secs(89 * 86_400)).await.unwrap();
        assert_eq!(refused(&house, "eve", "").await.len(), 1);
        house.service.sweep(SystemTime::now() + Duration::from_secs(91 * 86_400)).await.unwrap();
        assert!(refused(&house, "eve", "").await.is_empty());
    }
}
