//! No paid purchase is left open: prices in unknown currencies, accounts that were erased, and receipts that were refused.

use api::ledger::{PostingStanding, ReverseRequest};
use api::purchase::{
    GetPurchaseRequest, ListRefusedReceiptsRequest, PurchaseState, RedeemPurchaseRequest, RefusedReceipt, StoreEnvironment,
};
use identity::Role;
use ledger_client::LedgerReason;
use money::{BookName, UserKey};
use sandbox::store::{StorePurchase, receipt::new_transaction_id};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use testbed::Fault;

use crate::fixture::{self, BOOK, Fixture, new_id, reason, redeem_request, seventy};

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

/// A receipt for 70 coins with these claims added.
fn saying(fixture: &Fixture, claims: &[(&str, Value)]) -> String {
    let mut whole = seventy().claims(&new_transaction_id());
    for (name, value) in claims {
        whole[*name] = value.clone();
    }
    fixture.store.sign(&whole).unwrap()
}

/// Purchases of before the ledger refused this: the row says nothing of the reversal.
#[tokio::test]
async fn a_purchase_whose_posting_was_reversed_says_so_and_is_answered_while_the_ledger_is_away() {
    for fixture in both().await {
        let answer = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
        let purchase = answer.purchase.unwrap();
        let get = || GetPurchaseRequest { purchase_id: purchase.purchase_id.clone(), ..Default::default() };
        let got = async || fixture.client().get_purchase(fixture.from("ann", get())).await.unwrap().into_inner();
        assert_eq!(got().await.posting_standing(), PostingStanding::InForce);
        let reverse = ReverseRequest {
            book: BOOK.to_owned(),
            request_id: new_id(),
            posting_id: purchase.posting_id.clone(),
            kind: "reversal".to_owned(),
            ..Default::default()
        };
        fixture.bed.client().reverse(reverse).await.unwrap();
        let reversed = got().await;
        assert_eq!((reversed.posting_standing(), reversed.purchase.as_ref()), (PostingStanding::Reversed, Some(&purchase)));
        fixture.ledger.fail(Fault::Answer(testbed::insides::answer(&LedgerReason::Overloaded)));
        let unknown = got().await;
        assert_eq!((unknown.posting_standing(), unknown.purchase), (PostingStanding::Unspecified, Some(purchase)));
    }
}

#[tokio::test]
async fn currencies_in_force_are_known_and_the_price_lists_is_booked() {
    let fixture = fixture::sqlite().await;
    for code in ["XCG", "ZWG", "VED", "SLE"] {
        let receipt = saying(&fixture, &[("currency", json!(code)), ("price", json!(19_900))]);
        let purchase = fixture.redeem("ann", &new_id(), &receipt).await.unwrap().purchase.unwrap();
        let price = purchase.price.unwrap();
        let stated = format!("19.900 {code}");
        assert_eq!((price.currency_code.as_str(), price.minor_units, purchase.stated_price.as_str()), ("USD", 99, stated.as_str()));
    }
}

#[tokio::test]
async fn a_price_in_an_unknown_currency_is_kept_and_flagged_and_the_coins_are_credited() {
    for fixture in both().await {
        let mut coins = 0;
        for (code, price, stated) in [
            (json!("XQQ"), 19_900, "19.900 XQQ"),
            (json!("XXX"), 990, "0.990 XXX"),
            (json!("usd"), 990, "0.990 usd"),
            (Value::Null, 990, "0.990 (no currency)"),
            (json!("\u{1b}[31m longer than any"), 990, "0.990 31mlonge"),
        ] {
            let (receipt, id) = (saying(&fixture, &[("currency", code), ("price", json!(price))]), new_id());
            let answer = fixture.redeem("ann", &id, &receipt).await.unwrap();
            coins += 70;
            let purchase = answer.purchase.unwrap();
            assert_eq!((answer.coin_balance, purchase.state()), (coins, PurchaseState::Credited));
            // Booked at the list price, and flagged where people see it and in the posting.
            assert_eq!((purchase.price.clone().unwrap().minor_units, purchase.stated_price.as_str()), (99, stated));
            let posting = fixture.postings().await.pop().unwrap();
            assert_eq!(posting.field("stated_price"), Some(stated));
            assert_eq!(fixture.redeem("ann", &id, &receipt).await.unwrap().purchase.unwrap(), purchase, "kept");
        }
        // A free purchase is free in any currency; its price still differs from the list.
        let free = saying(&fixture, &[("currency", json!("XQQ")), ("price", json!(0))]);
        let purchase = fixture.redeem("ann", &new_id(), &free).await.unwrap().purchase.unwrap();
        assert_eq!((purchase.price.unwrap().minor_units, purchase.stated_price.as_str()), (0, "0.000 XQQ"));
    }
}

fn names(user: &str) -> (BookName, UserKey) {
    (BookName::try_new(BOOK).unwrap(), UserKey::try_new(user).unwrap())
}

/// A receipt bound to the user's present token.
async fn bound_to(fixture: &Fixture, user: &str) -> String {
    let bought = StorePurchase { app_account_token: Some(fixture.token_of(user).await), ..seventy() };
    fixture.store.sell(&bought).unwrap().signed_transaction
}

#[tokio::test]
async fn a_receipt_credited_before_its_user_was_erased_is_answered_as_before() {
    for fixture in both().await {
        let receipt = bound_to(&fixture, "ann").await;
        let first = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        let (book, ann) = names("ann");
        assert_eq!(fixture.service.store().erase(&book, &ann).await.unwrap(), 1);
        let again = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.purchase, first.purchase);
        assert_eq!(reason(fixture.redeem("bob", &new_id(), &receipt).await), "RECEIPT_ERASED_ACCOUNT");
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (70, 0));
    }
}

#[tokio::test]
async fn a_receipt_paid_before_an_erasure_is_claimed_by_who_comes_back_or_with_supports_help() {
    for fixture in both().await {
        let (theirs, lost) = (bound_to(&fixture, "ann").await, bound_to(&fixture, "ann").await);
        let (book, ann) = names("ann");
        assert_eq!(fixture.service.store().erase(&book, &ann).await.unwrap(), 1);
        assert_eq!(fixture.service.store().erase(&book, &ann).await.unwrap(), 0, "twice changes nothing");
        // It has no owner: a stranger does not get it, and gets a helpful message.
        let status = fixture.redeem("bob", &new_id(), &lost).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("RECEIPT_ERASED_ACCOUNT"));
        assert!(status.message().contains("erased") && status.message().contains("support"), "{}", status.message());
        // Ann returns under the same key, with a new token or before she has one.
        assert_eq!(fixture.redeem("ann", &new_id(), &theirs).await.unwrap().coin_balance, 70);
        // The buyer returned as another user: support sees the store's mail and gives the reason.
        let for_bob = || RedeemPurchaseRequest { user_id: "bob".to_owned(), ..redeem_request(&new_id(), &lost) };
        let service = fixture.with_role("app", Role::Service, BOOK, for_bob());
        assert_eq!(reason(fixture.client().redeem_purchase(service).await), "RECEIPT_ERASED_ACCOUNT", "a service is no member of staff");
        let support = fixture.with_role("helper", Role::Support, BOOK, for_bob());
        assert_eq!(fixture.client().redeem_purchase(support).await.unwrap().into_inner().coin_balance, 70);
        // It is credited only once.
        let support = fixture.with_role("helper", Role::Support, BOOK, RedeemPurchaseRequest { user_id: "eve".to_owned(), ..for_bob() });
        assert_eq!(reason(fixture.client().redeem_purchase(support).await), "RECEIPT_ALREADY_REDEEMED");
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await, fixture.postings().await.len()), (70, 70, 2));
    }
}

#[tokio::test]
async fn support_gives_what_is_nobodys_and_never_what_is_anothers() {
    let fixture = fixture::sqlite().await;
    let of_ann = bound_to(&fixture, "ann").await;
    let unknown = StorePurchase { app_account_token: Some(uuid::Uuid::new_v4().to_string()), ..seventy() };
    let unknown = fixture.store.sell(&unknown).unwrap().signed_transaction;
    let for_bob = |receipt: &str| {
        let message = RedeemPurchaseRequest { user_id: "bob".to_owned(), ..redeem_request(&new_id(), receipt) };
        fixture.with_role("helper", Role::Support, BOOK, message)
    };
    assert_eq!(reason(fixture.client().redeem_purchase(for_bob(&of_ann)).await), "RECEIPT_OTHER_ACCOUNT");
    assert_eq!(reason(fixture.redeem("bob", &new_id(), &unknown).await), "RECEIPT_OTHER_ACCOUNT");
    fixture.client().redeem_purchase(for_bob(&unknown)).await.unwrap();
}

async fn refused(fixture: &Fixture, user_id: &str, transaction_id: &str) -> Vec<RefusedReceipt> {
    let (user_id, transaction_id) = (user_id.to_owned(), transaction_id.to_owned());
    let message = ListRefusedReceiptsRequest { user_id, transaction_id, ..Default::default() };
    let request = fixture.with_role("helper", Role::Support, BOOK, message);
    fixture.client().list_refused_receipts(request).await.unwrap().into_inner().receipts
}

#[tokio::test]
async fn a_refused_receipt_leaves_a_trace_that_support_finds_by_the_stores_number() {
    for fixture in both().await {
        let bought = StorePurchase { app_account_token: Some(fixture.token_of("ann").await), ..seventy() };
        let sold = fixture.store.sell(&bought).unwrap();
        let id = new_id();
        for _ in 0..2 {
            assert_eq!(reason(fixture.redeem("bob", &id, &sold.signed_transaction).await), "RECEIPT_OTHER_ACCOUNT");
        }
        let found = refused(&fixture, "", &sold.transaction_id).await;
        let [trace] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (trace.user_id.as_str(), trace.request_id.as_str(), trace.reason.as_str()),
            ("bob", id.as_str(), "RECEIPT_OTHER_ACCOUNT")
        );
        assert_eq!(
            (trace.authentic, trace.transaction_id.as_str(), trace.product_id.as_str()),
            (true, sold.transaction_id.as_str(), "coins.us.app.70")
        );
        assert_eq!((trace.bundle_id.as_str(), trace.store_environment()), (fixture::BUNDLE, StoreEnvironment::Sandbox));
        assert!(trace.refuse_time.is_some() && !trace.message.is_empty());
        // A forged receipt, or other data, is found by the user who submitted it.
        let forged = fixture.store.hostile(&seventy(), sandbox::store::HostileReceipt::ForeignKey).unwrap();
        fixture.redeem("bob", &new_id(), &forged).await.unwrap_err();
        fixture.redeem("bob", &new_id(), "a.b.c").await.unwrap_err();
        let of_bob = refused(&fixture, "bob", "").await;
        let reasons: Vec<_> = of_bob.iter().map(|trace| (trace.reason.as_str(), trace.authentic)).collect();
        assert_eq!(reasons, [("RECEIPT_MALFORMED", false), ("RECEIPT_SIGNATURE", false), ("RECEIPT_OTHER_ACCOUNT", true)], "newest first");
        assert!(refused(&fixture, "ann", "").await.is_empty() && refused(&fixture, "", "4711").await.is_empty());
        // A valid receipt is found by the same number.
        fixture.redeem("ann", &new_id(), &sold.signed_transaction).await.unwrap();
        let by_number = |number: &str| GetPurchaseRequest { transaction_id: number.to_owned(), ..Default::default() };
        let staff = fixture.with_role("helper", Role::Support, BOOK, by_number(&sold.transaction_id));
        let purchase = fixture.client().get_purchase(staff).await.unwrap().into_inner().purchase.unwrap();
        assert_eq!((purchase.user_id.as_str(), purchase.transaction_id), ("ann", sold.transaction_id.clone()));
        let stranger = fixture.from("bob", by_number(&sold.transaction_id));
        assert_eq!(reason(fixture.client().get_purchase(stranger).await), "PURCHASE_UNKNOWN");
        let both = GetPurchaseRequest { purchase_id: purchase.purchase_id, ..by_number("1") };
        assert_eq!(reason(fixture.client().get_purchase(fixture.from("ann", both)).await), "MALFORMED");
    }
}

#[tokio::test]
async fn traces_of_refused_receipts_page_are_staffs_and_go_with_their_user_or_in_time() {
    for fixture in both().await {
        for user in ["bob", "bob", "bob", "eve"] {
            fixture.redeem(user, &new_id(), "a.b.c").await.unwrap_err();
        }
        let page = async |token: &str| {
            let message = ListRefusedReceiptsRequest { page_size: 3, page_token: token.to_owned(), ..Default::default() };
            let request = fixture.with_role("helper", Role::Support, BOOK, message);
            fixture.client().list_refused_receipts(request).await.unwrap().into_inner()
        };
        let first = page("").await;
        let rest = page(&first.next_page_token).await;
        assert_eq!((first.receipts.len(), rest.receipts.len(), rest.next_page_token.as_str()), (3, 1, ""));
        for (user, role) in [("bob", Role::Viewer), ("app", Role::Service)] {
            let request = fixture.with_role(user, role, BOOK, ListRefusedReceiptsRequest::default());
            assert_eq!(reason(fixture.client().list_refused_receipts(request).await), "PERMISSION_DENIED");
        }
        let (book, bob) = names("bob");
        fixture.service.store().erase(&book, &bob).await.unwrap();
        assert_eq!((refused(&fixture, "bob", "").await.len(), refused(&fixture, "eve", "").await.len()), (0, 1));
        fixture.service.sweep(SystemTime::now() + Duration::from_secs(89 * 86_400)).await.unwrap();
        assert_eq!(refused(&fixture, "eve", "").await.len(), 1);
        fixture.service.sweep(SystemTime::now() + Duration::from_secs(91 * 86_400)).await.unwrap();
        assert!(refused(&fixture, "eve", "").await.is_empty());
    }
}
