//! Google Play over real sockets: a pretend store that pushes, repeats, refunds and fails on command.

mod ours;
mod pushed;
mod refunded;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::purchase::{GooglePurchase, PurchaseState, StoreEnvironment, StoreKind};
use money::{BookName, UserKey};
use purchase::store::outbox::OutboxRow;
use sandbox::google::{PlayFault, PlaySale, PlaySubscription, SandboxGooglePlay, SoldProduct};
use testbed::{Fault, Storage};
use tonic::Code;

use crate::dying::Dying;
use crate::fixture::{self, BOOK, BUNDLE, Fixture, new_id, reason};
use crate::listening::Listening;
use crate::lots::catch_up;

async fn sqlite() -> Fixture {
    fixture::with_google(Storage::sqlite()).await
}

async fn both() -> [Fixture; 2] {
    [sqlite().await, fixture::with_google(Storage::postgres()).await]
}

fn play(fixture: &Fixture) -> &SandboxGooglePlay {
    fixture.google.as_ref().unwrap()
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// One package of 70 coins by a tester who is nobody's buyer.
fn seventy() -> PlaySale {
    PlaySale {
        package_name: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        quantity: 1,
        obfuscated_account_id: None,
        pending: false,
        test: true,
        no_order: false,
    }
}

/// The same for a user.
async fn seventy_of(fixture: &Fixture, user: &str) -> PlaySale {
    PlaySale { obfuscated_account_id: Some(fixture.token_of(user).await), ..seventy() }
}

async fn sold(fixture: &Fixture, sale: PlaySale) -> SoldProduct {
    play(fixture).sell(sale).await.unwrap()
}

/// Has the store announce what it sells.
async fn listening(fixture: &Fixture) -> Listening {
    let http = Listening::start(fixture).await;
    play(fixture).subscribe(PlaySubscription { url: http.of("google"), ..PlaySubscription::default() });
    http
}

async fn outbox(fixture: &Fixture) -> Vec<OutboxRow> {
    fixture.service.store().outbox(&book()).await.unwrap()
}

async fn is_consumed(fixture: &Fixture, sold: &SoldProduct) -> bool {
    play(fixture).sold(&sold.purchase_token).await.unwrap().unwrap().consumed
}

#[tokio::test]
async fn a_purchase_is_credited_once_and_consumed() {
    for fixture in both().await {
        let bought = sold(&fixture, PlaySale { quantity: 3, ..seventy_of(&fixture, "ann").await }).await;
        let id = new_id();
        let answer = fixture.redeem_google("ann", &id, &bought).await.unwrap();
        let purchase = answer.purchase.unwrap();
        assert_eq!((answer.coin_balance, answer.replayed, purchase.coins, purchase.quantity), (210, false, 210, 3));
        assert_eq!((purchase.store_kind(), purchase.store_environment()), (StoreKind::Google, StoreEnvironment::Sandbox));
        assert_eq!((Some(&purchase.transaction_id), purchase.state()), (bought.order_id.as_ref(), PurchaseState::Credited));
        assert_eq!(purchase.price.unwrap().minor_units, 297);
        fixture.service.sweep(later()).await.unwrap();
        assert!(is_consumed(&fixture, &bought).await);
        let rows = outbox(&fixture).await;
        assert_eq!((rows.len(), rows[0].state, rows[0].has_receipt), (1, 3, false));
        // Neither the same request nor another one of the user needs the store.
        play(&fixture).fail(PlayFault { status: 503, times: 100, ..PlayFault::default() });
        assert!(fixture.redeem_google("ann", &id, &bought).await.unwrap().replayed);
        assert!(fixture.redeem_google("ann", &new_id(), &bought).await.unwrap().replayed);
        let postings = fixture.postings().await;
        assert_eq!((postings.len(), postings[0].kind.as_str(), fixture.coins("ann").await), (1, "purchase.google", 210));
        assert_eq!(fixture.balance("house/store_receivable/USD").await, -208, "three of 0.99 less 30 %");
        assert_eq!(play(&fixture).tokens(), 2, "one access token for all requests of each of the two ways to the store");
    }
}

#[tokio::test]
async fn a_pending_purchase_is_credited_only_once_it_is_paid() {
    for fixture in both().await {
        fixture.stop_background();
        let ann = seventy_of(&fixture, "ann").await;
        let [paid, given_up, asked] = [
            sold(&fixture, PlaySale { pending: true, ..ann.clone() }).await,
            sold(&fixture, PlaySale { pending: true, ..ann.clone() }).await,
            sold(&fixture, PlaySale { pending: true, ..ann.clone() }).await,
        ];
        let id = new_id();
        let refused = fixture.redeem_google("ann", &id, &paid).await.unwrap_err();
        assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (Code::FailedPrecondition, Some("PURCHASE_PENDING")));
        for pending in [&given_up, &asked] {
            assert_eq!(reason(fixture.redeem_google("ann", &new_id(), pending).await), "PURCHASE_PENDING");
        }
        fixture.service.sweep(later()).await.unwrap();
        assert!(fixture.postings().await.is_empty() && outbox(&fixture).await.is_empty());
        play(&fixture).pay(&paid.purchase_token).await.unwrap();
        play(&fixture).pay(&asked.purchase_token).await.unwrap();
        play(&fixture).cancel(&given_up.purchase_token).await.unwrap();
        // The same request is good after the payment, and nobody has to make it.
        assert_eq!(fixture.redeem_google("ann", &id, &paid).await.unwrap().coin_balance, 70);
        fixture.service.sweep(later() + Duration::from_secs(7_200)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (140, 2));
        let mut tokens: Vec<i64> = fixture.service.store().tokens(&book()).await.unwrap().into_iter().map(|(state, _)| state).collect();
        tokens.sort_unstable();
        assert_eq!(tokens, [2, 2, 3], "two kept, one never paid");
        assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &given_up).await), "RECEIPT_REVOKED");
        assert!(outbox(&fixture).await.iter().all(|row| row.state == 3));
    }
}

#[tokio::test]
async fn a_hundred_presentations_of_a_token_credit_once() {
    for fixture in both().await {
        let fixture = Arc::new(fixture);
        let http = Arc::new(listening(&fixture).await);
        play(&fixture).subscribe(PlaySubscription { url: http.of("google"), held: true, ..PlaySubscription::default() });
        let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
        let push = sandbox::google::PlayPush { url: http.of("google"), ..sandbox::google::PlayPush::product(&bought, 1) };
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100_u32 {
            let (fixture, bought, push) = (fixture.clone(), bought.clone(), push.clone());
            tasks.spawn(async move {
                match number % 10 {
                    0..5 => drop(fixture.redeem_google("ann", &new_id(), &bought).await.unwrap()),
                    5..9 => {
                        // Some are repeated, some are others about the same sale.
                        let push = sandbox::google::PlayPush { message_id: format!("m{}", number % 4), ..push };
                        assert_eq!(play(&fixture).push(&push).await.unwrap().answers, [200]);
                    }
                    _ => drop(fixture.service.sweep(later()).await.unwrap()),
                }
            });
        }
        tasks.join_all().await;
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        assert!(is_consumed(&fixture, &bought).await);
        assert_eq!(outbox(&fixture).await.iter().map(|row| row.state).collect::<Vec<_>>(), [3]);
    }
}

#[tokio::test]
async fn what_the_store_does_not_confirm_for_the_book_and_the_user_credits_nobody() {
    let fixture = sqlite().await;
    let sale = seventy_of(&fixture, "ann").await;
    let bought = sold(&fixture, sale.clone()).await;
    let sent = |change: fn(&mut GooglePurchase)| {
        let mut sent = GooglePurchase {
            package_name: BUNDLE.to_owned(),
            product_id: bought.sale.product_id.clone(),
            purchase_token: bought.purchase_token.clone(),
        };
        change(&mut sent);
        sent
    };
    let asked = async |user: &str, book: &str, sent: GooglePurchase| reason(fixture.redeem_purchase(user, book, &new_id(), sent).await);
    for (change, expected) in [
        ((|sent| sent.purchase_token = "nobodys".to_owned()) as fn(&mut GooglePurchase), "RECEIPT_UNKNOWN"),
        (|sent| sent.purchase_token = "../../../../x".to_owned(), "RECEIPT_UNKNOWN"),
        (|sent| sent.product_id = "coins.us.app.7000".to_owned(), "RECEIPT_UNKNOWN"),
        (|sent| sent.package_name = "com.example.other".to_owned(), "RECEIPT_UNKNOWN"),
        (|sent| sent.package_name = "com.example.japan".to_owned(), "RECEIPT_BUNDLE"),
        (|sent| sent.package_name = "com.example.nobodys".to_owned(), "RECEIPT_BUNDLE"),
        // The book has several apps.
        (|sent| sent.package_name = String::new(), "RECEIPT_BUNDLE"),
        (|sent| sent.purchase_token = String::new(), "MALFORMED"),
        (|sent| sent.product_id = "a b".to_owned(), "MALFORMED"),
        (|sent| sent.purchase_token = "x".repeat(1_025), "MALFORMED"),
    ] {
        assert_eq!(asked("ann", BOOK, sent(change)).await, expected, "{:?}", sent(change));
    }
    assert_eq!(asked("bob", BOOK, sent(|_| {})).await, "RECEIPT_OTHER_ACCOUNT");
    let strange = sold(&fixture, PlaySale { obfuscated_account_id: Some("sha256-of-user-id".to_owned()), ..sale.clone() }).await;
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &strange).await), "RECEIPT_OTHER_ACCOUNT");
    let unlisted = sold(&fixture, PlaySale { product_id: "coins.us.app.1000000".to_owned(), ..sale.clone() }).await;
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &unlisted).await), "PRODUCT_UNKNOWN");
    let many = sold(&fixture, PlaySale { quantity: 11, ..sale.clone() }).await;
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &many).await), "RECEIPT_QUANTITY");
    let refunded = sold(&fixture, sale.clone()).await;
    play(&fixture).refund(&refunded.purchase_token, None).await.unwrap();
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &refunded).await), "RECEIPT_REVOKED");
    let real = sold(&fixture, PlaySale { test: false, ..sale }).await;
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &real).await), "RECEIPT_ENVIRONMENT");
    assert!(fixture.postings().await.is_empty() && outbox(&fixture).await.is_empty());
}

#[tokio::test]
async fn live_books_take_nothing_of_testers() {
    let fixture = sqlite().await;
    let live = PlaySale { package_name: "com.example.live".to_owned(), ..seventy() };
    let redeem = async |bought: SoldProduct| {
        // The book has one app, which need not be named.
        let sent = GooglePurchase { product_id: bought.sale.product_id, purchase_token: bought.purchase_token, ..Default::default() };
        reason(fixture.redeem_purchase("ann", "live-us", &new_id(), sent).await)
    };
    assert_eq!(redeem(sold(&fixture, live.clone()).await).await, "RECEIPT_ENVIRONMENT");
    assert_eq!(
        redeem(sold(&fixture, PlaySale { test: false, ..live }).await).await,
        "LIST_BUILT_IN",
        "paid, and worth what its operator says"
    );
    // Reached as the real store is, and bought by a tester.
    let tester = sold(&fixture, PlaySale { package_name: "com.example.testers".to_owned(), ..seventy() }).await;
    assert_eq!(fixture.redeem_google("ann", &new_id(), &tester).await.unwrap().coin_balance, 70);
}

#[tokio::test]
async fn two_users_with_one_token_and_one_without_an_order_credit_one() {
    for fixture in both().await {
        for sale in [seventy(), PlaySale { no_order: true, ..seventy() }] {
            let bought = sold(&fixture, sale).await;
            assert!(!fixture.redeem_google("ann", &new_id(), &bought).await.unwrap().replayed);
            assert_eq!(reason(fixture.redeem_google("bob", &new_id(), &bought).await), "RECEIPT_ALREADY_REDEEMED");
            assert!(fixture.redeem_google("ann", &new_id(), &bought).await.unwrap().replayed);
        }
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await, fixture.postings().await.len()), (140, 0, 2));
    }
}

#[tokio::test]
async fn a_store_that_is_away_refuses_nothing_and_is_told_later() {
    for fixture in both().await {
        fixture.stop_background();
        let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
        let (id, away) = (new_id(), |status| PlayFault { status, times: 1_000, ..PlayFault::default() });
        for status in [503, 429, 500, 403] {
            play(&fixture).fail(away(status));
            let refused = fixture.redeem_google("ann", &id, &bought).await.unwrap_err();
            assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (Code::Unavailable, Some("STORE_UNAVAILABLE")), "{status}");
        }
        play(&fixture).fail(PlayFault { forget_tokens: true, ..PlayFault::default() });
        assert_eq!(fixture.redeem_google("ann", &id, &bought).await.unwrap().coin_balance, 70, "with a new access token");
        play(&fixture).fail(away(503));
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        let rows = outbox(&fixture).await;
        assert_eq!((rows[0].state, rows[0].tries), (2, 1));
        assert!(rows[0].last_error.contains("503"), "{}", rows[0].last_error);
        let open = fixture.service.store().unfinished().await.unwrap();
        let count = |state: &str| open.iter().find(|open| (open.what, open.state) == ("store_outbox", state)).map(|open| open.count);
        assert_eq!((count("open"), count("near_deadline")), (Some(1), Some(0)));
        // Executed, and its answer lost: the store says no to the repetition, and the purchase says why.
        play(&fixture).fail(PlayFault { status: 500, times: 1, after: true, ..PlayFault::default() });
        fixture.service.sweep(later()).await.unwrap();
        assert!(is_consumed(&fixture, &bought).await && outbox(&fixture).await[0].state == 2);
        fixture.service.sweep(later() + Duration::from_secs(3_600)).await.unwrap();
        assert_eq!(outbox(&fixture).await[0].state, 3);
        assert!(play(&fixture).sold(&bought.purchase_token).await.unwrap().unwrap().duties_asked >= 2);
    }
}

#[tokio::test]
async fn an_acknowledgement_near_its_deadline_is_counted_and_one_of_a_refunded_purchase_is_given_up() {
    let fixture = sqlite().await;
    fixture.stop_background();
    let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
    fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
    sqlx::query("UPDATE store_outbox SET deadline_ms = deadline_ms - 172800001").execute(&fixture.pool().await).await.unwrap();
    let open = fixture.service.store().unfinished().await.unwrap();
    assert!(open.iter().any(|open| (open.what, open.state, open.count) == ("store_outbox", "near_deadline", 1)), "{open:?}");
    play(&fixture).refund(&bought.purchase_token, None).await.unwrap();
    fixture.service.sweep(later()).await.unwrap();
    let rows = outbox(&fixture).await;
    assert_eq!((rows[0].state, rows[0].has_receipt), (4, false));
    assert_eq!(fixture.coins("ann").await, 0, "the list showed the refund");
}

#[tokio::test]
async fn a_crash_between_any_two_steps_credits_once_and_acknowledges_at_least_once() {
    for fixture in both().await {
        fixture.stop_background();
        let sale = seventy_of(&fixture, "ann").await;
        let (mut coins, mut polls, mut ended) = (0, 1, false);
        while !ended {
            let bought = sold(&fixture, sale.clone()).await;
            let whole = async {
                let _lost = fixture.redeem_google("ann", &new_id(), &bought).await;
                fixture.service.sweep(SystemTime::now()).await.unwrap();
            };
            ended = Dying::after(polls, whole).await;
            fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
            fixture.service.sweep(later()).await.unwrap();
            coins += 70;
            assert_eq!(fixture.coins("ann").await, coins, "dropped after {polls} polls");
            assert!(is_consumed(&fixture, &bought).await, "dropped after {polls} polls");
            polls += 1;
        }
        assert!(polls > 10, "it waits more often than {polls} times");
        assert_eq!(fixture.postings().await.len(), usize::try_from(coins / 70).unwrap());
        assert!(outbox(&fixture).await.iter().all(|row| row.state == 3));
    }
}

#[tokio::test]
async fn the_ledger_away_delays_the_credit_and_the_acknowledgement() {
    let fixture = sqlite().await;
    fixture.stop_background();
    let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
    fixture.redeem_google("ann", &new_id(), &sold(&fixture, seventy()).await).await.unwrap();
    fixture.ledger.fail(Fault::AnswerLost);
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &bought).await), "OUTCOME_UNKNOWN");
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert!(!is_consumed(&fixture, &bought).await, "nobody knows yet that the buyer has the coins");
    fixture.ledger.fail(Fault::None);
    fixture.service.sweep(later()).await.unwrap();
    assert!(is_consumed(&fixture, &bought).await);
    assert_eq!(fixture.coins("ann").await, 140);
}

#[tokio::test]
async fn an_unpaid_purchase_of_an_erased_user_is_forgotten() {
    let fixture = sqlite().await;
    let pending = sold(&fixture, PlaySale { pending: true, ..seventy_of(&fixture, "ann").await }).await;
    assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &pending).await), "PURCHASE_PENDING");
    fixture.service.store().erase(&book(), &UserKey::try_new("ann").unwrap()).await.unwrap();
    assert!(fixture.service.store().tokens(&book()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wallet_is_not_closed_while_a_payment_of_its_owner_is_pending() {
    for fixture in both().await {
        fixture.stop_background();
        for user in ["ann", "bob"] {
            fixture.bed.post("campaign", "house/coins/issued", &format!("viewer/{user}/coins"), 5).await;
        }
        catch_up(&fixture).await;
        let pending = sold(&fixture, PlaySale { pending: true, ..seventy_of(&fixture, "ann").await }).await;
        assert_eq!(reason(fixture.redeem_google("ann", &new_id(), &pending).await), "PURCHASE_PENDING");
        for refused in [fixture.close("sue", "ann").await, fixture.merge("sue", "ann", "bob").await] {
            let busy = refused.unwrap_err();
            let facts = rpc::facts(&busy);
            assert_eq!(
                (rpc::reason(&busy).as_deref(), facts["what"].as_str(), facts["count"].as_str()),
                (Some("WALLET_BUSY"), "receipts", "1")
            );
        }
        // Once the store says that it is never paid, nothing is in the way.
        play(&fixture).cancel(&pending.purchase_token).await.unwrap();
        fixture.service.sweep(later()).await.unwrap();
        fixture.close("sue", "ann").await.unwrap();
    }
}
