//! Valid receipts.

use std::sync::Arc;

use api::purchase::{GetWalletRequest, PurchaseState, RedeemPurchaseRequest, StoreEnvironment, StoreKind};
use identity::Role;
use sandbox::store::StorePurchase;

use crate::fixture::{self, BOOK, Fixture, new_id, reason, redeem_request, seventy};

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

#[tokio::test]
async fn a_receipt_credits_coins_and_fiat_in_one_posting() {
    for fixture in both().await {
        let token = fixture.token_of("ann").await;
        let bought = StorePurchase { quantity: 3, app_account_token: Some(token), ..seventy() };
        let receipt = fixture.store.sell(&bought).unwrap();
        let answer = fixture.redeem("ann", &new_id(), &receipt.signed_transaction).await.unwrap();
        assert!(!answer.replayed);
        assert_eq!(answer.coin_balance, 210);
        let wallet = fixture.client().get_wallet(fixture.from("ann", GetWalletRequest::default())).await.unwrap().into_inner();
        assert_eq!((wallet.coin_balance, wallet.balance_seq), (210, answer.balance_seq));
        let purchase = answer.purchase.unwrap();
        assert_eq!(purchase.state(), PurchaseState::Credited);
        assert_eq!((purchase.coins, purchase.quantity), (210, 3));
        assert_eq!(purchase.price.as_ref().unwrap().minor_units, 297);
        assert_eq!((purchase.store_kind(), purchase.store_environment()), (StoreKind::Apple, StoreEnvironment::Sandbox));
        // Older clients read these fields.
        #[allow(deprecated)]
        let words = (purchase.store.as_str(), purchase.environment.as_str());
        assert_eq!(words, ("apple", "Sandbox"));
        assert_eq!(purchase.transaction_id, receipt.transaction_id);
        let postings = fixture.postings().await;
        assert_eq!(postings.len(), 1);
        assert_eq!((postings[0].kind.as_str(), &postings[0].posting_id), ("purchase.apple", &purchase.posting_id));
        for (account, balance) in [
            ("house/coins/issued", -210),
            ("viewer/ann/coins", 210),
            ("house/store_receivable/USD", -208),
            ("house/prepaid_commission/USD", -89),
            ("house/deferred_revenue/USD", 297),
        ] {
            assert_eq!(fixture.balance(account).await, balance, "{account}");
        }
    }
}

#[tokio::test]
async fn the_same_request_gets_the_first_answer() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        let first = fixture.redeem("ann", &id, &receipt).await.unwrap();
        let other = fixture.receipt();
        fixture.redeem("ann", &new_id(), &other).await.unwrap();
        let again = fixture.redeem("ann", &id, &receipt).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.coin_balance, first.coin_balance, "the balance of then, not of now");
        assert_eq!(again.purchase, first.purchase);
        assert_eq!(fixture.coins("ann").await, 140);
    }
}

#[tokio::test]
async fn of_equal_calls_at_once_all_but_one_are_replays() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        let answers = futures::future::join_all((0..24).map(|_| fixture.redeem("ann", &id, &receipt))).await;
        let first = answers.into_iter().filter(|answer| !answer.as_ref().unwrap().replayed).count();
        assert_eq!((first, fixture.coins("ann").await), (1, 70));
    }
}

#[tokio::test]
async fn the_same_receipt_under_a_new_id_is_a_replay_for_its_owner_only() {
    for fixture in both().await {
        let receipt = fixture.receipt();
        let first = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        let again = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.purchase, first.purchase);
        let status = fixture.redeem("bob", &new_id(), &receipt).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("RECEIPT_ALREADY_REDEEMED"));
        assert!(!status.message().contains("ann"), "{}", status.message());
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (70, 0));
    }
}

#[tokio::test]
async fn an_id_used_with_another_receipt_is_refused_and_names_the_field() {
    for fixture in both().await {
        let id = new_id();
        fixture.redeem("ann", &id, &fixture.receipt()).await.unwrap();
        let status = fixture.redeem("ann", &id, &fixture.receipt()).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
        assert_eq!(rpc::facts(&status)["differing"], "apple_signed_transaction");
        // Another user's same id is another request.
        fixture.redeem("bob", &id, &fixture.receipt()).await.unwrap();
    }
}

#[tokio::test]
async fn a_receipt_is_bound_to_the_owner_of_its_token() {
    for fixture in both().await {
        let token = fixture.token_of("ann").await;
        assert_eq!(token, fixture.token_of("ann").await, "it never changes");
        assert_ne!(token, fixture.token_of("bob").await);
        let bought = StorePurchase { app_account_token: Some(token.to_uppercase()), ..seventy() };
        let receipt = fixture.store.sell(&bought).unwrap().signed_transaction;
        assert_eq!(reason(fixture.redeem("bob", &new_id(), &receipt).await), "RECEIPT_OTHER_ACCOUNT");
        fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert_eq!(reason(fixture.redeem("bob", &new_id(), &receipt).await), "RECEIPT_OTHER_ACCOUNT");
        let unknown = StorePurchase { app_account_token: Some(uuid::Uuid::new_v4().to_string()), ..seventy() };
        let receipt = fixture.store.sell(&unknown).unwrap().signed_transaction;
        assert_eq!(reason(fixture.redeem("ann", &new_id(), &receipt).await), "RECEIPT_OTHER_ACCOUNT");
    }
}

#[tokio::test]
async fn sixteen_callers_with_one_receipt_credit_it_once() {
    for fixture in both().await {
        let fixture = Arc::new(fixture);
        let receipt = fixture.receipt();
        let callers: Vec<_> = (0..16)
            .map(|caller| {
                let (fixture, receipt) = (fixture.clone(), receipt.clone());
                // Half of the calls are one user's retrying app, the others are strangers.
                let user = if caller % 2 == 0 { "ann".to_owned() } else { format!("stranger{caller}") };
                tokio::spawn(async move { (user.clone(), fixture.redeem(&user, &new_id(), &receipt).await) })
            })
            .collect();
        let mut credited = std::collections::HashSet::new();
        for caller in callers {
            let (user, answer) = caller.await.unwrap();
            match answer {
                Ok(answer) => {
                    assert_eq!(answer.coin_balance, 70);
                    credited.insert(user);
                }
                Err(status) => assert_eq!(rpc::reason(&status).as_deref(), Some("RECEIPT_ALREADY_REDEEMED")),
            }
        }
        assert_eq!(credited.len(), 1, "one user has it: {credited:?}");
        assert_eq!(fixture.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn the_same_request_sent_sixteen_times_at_once_has_one_effect() {
    for fixture in both().await {
        let fixture = Arc::new(fixture);
        let (receipt, id) = (fixture.receipt(), new_id());
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let (fixture, receipt, id) = (fixture.clone(), receipt.clone(), id.clone());
                tokio::spawn(async move { fixture.redeem("ann", &id, &receipt).await })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap().coin_balance, 70);
        }
        assert_eq!(fixture.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn free_coins_have_no_fiat_side() {
    let fixture = fixture::sqlite().await;
    let receipt = fixture.store.sell(&StorePurchase { price: 0, ..seventy() }).unwrap().signed_transaction;
    fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
    assert_eq!(fixture.postings().await[0].transfers.len(), 1);
}

#[tokio::test]
async fn support_redeems_for_a_user_and_viewers_do_not() {
    let fixture = fixture::sqlite().await;
    let for_ann = || RedeemPurchaseRequest { user_id: "ann".to_owned(), ..redeem_request(&new_id(), &fixture.receipt()) };
    let request = fixture.with_role("helper", Role::Support, BOOK, for_ann());
    let answer = fixture.client().redeem_purchase(request).await.unwrap().into_inner();
    assert_eq!(answer.purchase.unwrap().user_id, "ann");
    let request = fixture.from("bob", for_ann());
    assert_eq!(reason(fixture.client().redeem_purchase(request).await), "PERMISSION_DENIED");
    assert_eq!(fixture.coins("ann").await, 70);
}

#[tokio::test]
async fn a_wallet_starts_empty_and_shows_what_was_credited() {
    let fixture = fixture::sqlite().await;
    let wallet = |user: &'static str| {
        let request = fixture.from(user, GetWalletRequest::default());
        let mut client = fixture.client();
        async move { client.get_wallet(request).await.unwrap().into_inner() }
    };
    let before = wallet("ann").await;
    assert_eq!((before.coin_balance, before.debt_coins, before.balance_seq), (0, 0, 0));
    fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
    let after = wallet("ann").await;
    assert_eq!((after.coin_balance, after.debt_coins), (70, 0));
    assert_eq!(after.app_account_token, before.app_account_token);
}

#[tokio::test]
async fn an_unknown_book_is_said_to_be_unknown() {
    let fixture = fixture::sqlite().await;
    let request = fixture.with_role("ann", Role::Viewer, "nowhere", redeem_request(&new_id(), &fixture.receipt()));
    assert_eq!(reason(fixture.client().redeem_purchase(request).await), "BOOK_UNKNOWN");
}
