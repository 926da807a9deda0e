//! Orders that we make and Stripe is paid for: over real sockets, against the pretend processor.

mod bounded;
mod disputes;
mod facts;
pub mod holds;
mod listed;
mod lost;
mod notes;
mod ours;
mod reference;
mod refunds;
pub mod world;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::purchase::{CheckoutState, GetWalletRequest, PurchaseState, StoreEnvironment, StoreKind};
use identity::Role;
use purchase::domain::event::EventState;
use serde_json::json;

use crate::checkouts::now_s;
use crate::fixture::{BOOK, new_id, reason};
use crate::notified::{kept, later};
use world::{NEXT_SECRET, PRODUCT, World, asked};

use sandbox::stripe::TEST_WEBHOOK_SECRET;

#[tokio::test]
async fn a_checkout_is_paid_on_stripes_page_and_credited_by_its_event() {
    for world in World::both().await {
        world.deliver(json!({})).await;
        let id = new_id();
        let made = world.create("ann", &id, PRODUCT).await.unwrap();
        assert_eq!((made.coins, made.price.as_ref().unwrap().minor_units, made.replayed), (70, 74, false));
        let again = world.create("ann", &id, PRODUCT).await.unwrap();
        assert_eq!(again, api::purchase::CreateCheckoutResponse { replayed: true, ..made.clone() });
        assert_eq!(reason(world.create("ann", &id, "coins.us.web.350").await), "REQUEST_ID_REUSED");
        assert_eq!(world.sessions().await, 1);
        let session = world.api(&format!("checkout/sessions/{}", World::session(&made))).await;
        assert_eq!(session["metadata"], json!({"order_id": made.checkout_id}));
        assert_eq!(session["payment_intent_data"], json!({"order_id": made.checkout_id}));
        assert_eq!((&session["amount_total"], &session["currency"]), (&json!(74), &json!("usd")));
        assert_eq!(session["expires_at"], json!(made.expire_time.unwrap().seconds));
        assert_eq!(session["adaptive_pricing"]["enabled"], json!(false), "the buyer pays in the order's currency");
        assert_eq!(world.state("ann", &made.checkout_id).await, CheckoutState::Open);
        assert_eq!(reason(world.get("bob", &made.checkout_id).await), "CHECKOUT_UNKNOWN");
        world.act("pay", &made).await;
        world.until_coins("ann", 70).await;
        let checkout = world.get("ann", &made.checkout_id).await.unwrap();
        assert_eq!((checkout.state(), checkout.pay_url.as_str(), checkout.note.as_str()), (CheckoutState::Paid, "", ""));
        // The request still answers what it answered.
        assert_eq!(world.create("ann", &id, PRODUCT).await.unwrap(), again);
        let found = world.purchase("ann", &checkout.purchase_id).await;
        let purchase = found.purchase.unwrap();
        assert_eq!((purchase.store_kind(), purchase.store_environment()), (StoreKind::Stripe, StoreEnvironment::Sandbox));
        assert!(purchase.transaction_id.starts_with("pi_"), "{}", purchase.transaction_id);
        assert_eq!((purchase.state(), purchase.product_id.as_str(), purchase.coins), (PurchaseState::Credited, PRODUCT, 70));
        let postings = world.fixture.postings().await;
        assert_eq!((postings.len(), postings[0].kind.as_str()), (1, "purchase.web"));
        for (account, balance) in [("processor_receivable", -74), ("deferred_revenue", 67), ("tax_payable", 7)] {
            assert_eq!(world.fixture.balance(&format!("house/{account}/USD")).await, balance, "{account}");
        }
    }
}

#[tokio::test]
async fn cheap_and_dear_orders_are_authenticated_by_rule() {
    let world = World::sqlite().await;
    for (product_id, wanted) in [(PRODUCT, "automatic"), ("coins.us.web.1400", "any")] {
        let made = world.create("ann", &new_id(), product_id).await.unwrap();
        let session = world.api(&format!("checkout/sessions/{}", World::session(&made))).await;
        assert_eq!(session["payment_method_options"]["card"]["request_three_d_secure"], json!(wanted), "{product_id}");
    }
}

#[tokio::test]
async fn what_is_not_sold_or_malformed_makes_no_order() {
    let world = World::sqlite().await;
    let fixture = &world.fixture;
    let create = async |role: Role, book: &str, change: fn(&mut api::purchase::CreateCheckoutRequest)| {
        let mut message = asked(&new_id(), PRODUCT);
        change(&mut message);
        reason(fixture.client().create_checkout(fixture.with_role("ann", role, book, message)).await)
    };
    for (change, refused) in [
        ((|request| request.product_id = "coins.us.app.70".to_owned()) as fn(&mut api::purchase::CreateCheckoutRequest), "PRODUCT_UNKNOWN"),
        (|request| request.product_id = "nothing".to_owned(), "PRODUCT_UNKNOWN"),
        (|request| request.product_id = String::new(), "MALFORMED"),
        (|request| request.store_kind = StoreKind::Apple.into(), "MALFORMED"),
        (|request| request.sales_channel = 0, "MALFORMED"),
        (|request| request.success_url = "http://app.example/".to_owned(), "MALFORMED"),
        (|request| request.success_url = "javascript:alert(1)".to_owned(), "MALFORMED"),
        (|request| request.cancel_url = "https://app.example/\n".to_owned(), "MALFORMED"),
        (|request| request.cancel_url = "x".repeat(2_001), "MALFORMED"),
        (|request| request.request_id = "1".to_owned(), "MALFORMED"),
    ] {
        assert_eq!(create(Role::Viewer, BOOK, change).await, refused);
    }
    assert_eq!(create(Role::Viewer, "test-jp", |_| {}).await, "STORE_NOT_OFFERED");
    assert_eq!(create(Role::Auditor, BOOK, |_| {}).await, "PERMISSION_DENIED");
    assert_eq!(world.sessions().await, 0);
    let pool = fixture.pool().await;
    let orders: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM store_order").fetch_one(&pool).await.unwrap();
    assert_eq!(orders, 0);
    // Nothing is kept under a request that found nothing to sell.
    let id = new_id();
    assert_eq!(reason(world.create("ann", &id, "nothing").await), "PRODUCT_UNKNOWN");
    assert_eq!(world.create("ann", &id, PRODUCT).await.unwrap().coins, 70);
}

#[tokio::test]
async fn two_hundred_deliveries_sweeps_and_calls_at_once_credit_once() {
    for world in World::both().await {
        let world = Arc::new(world);
        let id = new_id();
        let made = world.create("ann", &id, PRODUCT).await.unwrap();
        world.act("pay", &made).await;
        let completed = Arc::new(world.events().await.pop().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200_u32 {
            let (world, completed, id) = (world.clone(), completed.clone(), id.clone());
            tasks.spawn(async move {
                match number % 10 {
                    0 => drop(world.fixture.service.sweep_orders(later()).await.unwrap()),
                    1 => drop(world.fixture.service.sweep(later()).await.unwrap()),
                    2 => assert!(world.create("ann", &id, PRODUCT).await.unwrap().replayed),
                    _ => {
                        // Some are repeated, some are others about the same payment.
                        let mut event = (*completed).clone();
                        event["id"] = json!(format!("evt_{}", number % 40));
                        assert_eq!(world.say(&event).await, 200);
                    }
                }
            });
        }
        tasks.join_all().await;
        world.fixture.service.sweep(later()).await.unwrap();
        assert_eq!((world.fixture.coins("ann").await, world.fixture.postings().await.len(), world.sessions().await), (70, 1, 1));
        assert!(kept(&world.fixture).await.iter().all(|(_, state, _)| *state == EventState::Kept));
    }
}

#[tokio::test]
async fn only_a_fresh_signature_by_one_of_our_secrets_is_taken() {
    let world = World::sqlite().await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    let event = world.events().await.pop().unwrap();
    let now_s = now_s();
    for (secrets, at_s) in [
        (vec!["whsec_stranger"], now_s),
        (vec![], now_s),
        (vec![TEST_WEBHOOK_SECRET], now_s - 361),
        (vec![TEST_WEBHOOK_SECRET], now_s + 361),
        (vec![TEST_WEBHOOK_SECRET], 0),
    ] {
        assert_eq!(world.post_signed(&event, &secrets, at_s).await, 401, "{secrets:?} {at_s}");
    }
    assert_eq!(world.post(event.to_string(), None).await, 401);
    let header = sandbox::stripe::signature_header(&[TEST_WEBHOOK_SECRET], now_s, event.to_string().as_bytes());
    // The same content in other bytes.
    assert_eq!(world.post(event.to_string() + " ", Some(&header)).await, 401);
    assert_eq!(world.post(event.to_string().replace("\"usd\"", "\"eur\""), Some(&header)).await, 401);
    for body in ["{}".to_owned(), String::new(), format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000))] {
        let header = sandbox::stripe::signature_header(&[TEST_WEBHOOK_SECRET], now_s, body.as_bytes());
        assert_eq!(world.post(body, Some(&header)).await, 401, "signed, and no event");
    }
    assert_eq!(world.post("x".repeat(10 * 1024 * 1024), Some(&header)).await, 413);
    assert!(kept(&world.fixture).await.is_empty());
    // While secrets change, both sign; and afterwards the next one alone does.
    assert_eq!(world.post_signed(&event, &["whsec_stranger", NEXT_SECRET], now_s - 200).await, 200);
    world.until_coins("ann", 70).await;
    let other = world.checkout("ann").await;
    world.act("pay", &other).await;
    assert_eq!(world.post_signed(&world.events().await.pop().unwrap(), &[NEXT_SECRET], now_s).await, 200);
    world.until_coins("ann", 140).await;
}

#[tokio::test]
async fn events_in_any_order_end_in_the_same_state() {
    for world in [World::sqlite().await] {
        world.fixture.stop_background();
        for (commands, state, coins) in [
            (&["pay_late", "settle"][..], CheckoutState::Paid, 70),
            (&["pay_late", "fail_late"], CheckoutState::Failed, 0),
            (&["fail", "pay"], CheckoutState::Paid, 70),
            (&["fail", "expire"], CheckoutState::Expired, 0),
            (&["pay_late"], CheckoutState::Processing, 0),
        ] {
            for reversed in [false, true] {
                let (user, before) = (format!("u{}", new_id()), world.events().await.len());
                let made = world.checkout(&user).await;
                for command in commands {
                    world.act(command, &made).await;
                }
                let mut events = world.events().await.split_off(before);
                if reversed {
                    events.reverse();
                }
                for event in events.iter().chain(&events) {
                    assert_eq!(world.say(event).await, 200);
                    world.fixture.service.sweep(later()).await.unwrap();
                }
                assert_eq!(world.state(&user, &made.checkout_id).await, state, "{commands:?} {reversed}");
                assert_eq!(world.fixture.coins(&user).await, coins, "{commands:?} {reversed}");
            }
        }
    }
}

#[tokio::test]
async fn refunds_disputes_and_warnings_are_kept_on_the_purchase() {
    for world in [World::sqlite().await] {
        world.deliver(json!({})).await;
        let made = world.checkout("ann").await;
        world.act("pay", &made).await;
        world.until_coins("ann", 70).await;
        let session = World::session(&made);
        world.command(json!({"command": "refund", "session": session, "amount": 30})).await;
        for command in ["refund", "refund_failed", "dispute", "dispute_won", "warn"] {
            world.act(command, &made).await;
        }
        let expected = [
            ("charge.dispute.closed", "won", "0.74 USD disputed"),
            ("charge.dispute.created", "needs_response", "0.74 USD disputed"),
            ("charge.dispute.funds_reinstated", "won", "0.74 USD disputed"),
            ("charge.dispute.funds_withdrawn", "needs_response", "0.74 USD disputed"),
            ("charge.refund.updated", "failed", "0.44 USD refund"),
            ("charge.refunded", "succeeded", "0.30 USD refunded so far"),
            ("charge.refunded", "succeeded", "0.74 USD refunded so far"),
            ("charge.succeeded", "succeeded", ""),
            ("checkout.session.completed", "paid", ""),
            ("payment_intent.succeeded", "succeeded", "its session decides"),
            ("radar.early_fraud_warning.created", "", "warning: made_with_stolen_card"),
            ("refund.created", "succeeded", "0.30 USD refund"),
            ("refund.created", "succeeded", "0.44 USD refund"),
            ("refund.failed", "failed", "0.44 USD refund"),
        ];
        let purchase_id = world.get("ann", &made.checkout_id).await.unwrap().purchase_id;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let shown = tokio::time::timeout(Duration::from_secs(120), async {
            loop {
                ticks.tick().await;
                world.fixture.service.sweep(SystemTime::now()).await.unwrap();
                let events = world.purchase("ann", &purchase_id).await.store_reports;
                let read = events.iter().filter(|event| !event.note.is_empty()).count();
                if (events.len(), read) == (expected.len(), expected.len() - 2) {
                    return events;
                }
            }
        });
        let mut shown: Vec<_> = shown.await.unwrap().into_iter().map(|event| (event.kind, event.subtype, event.note)).collect();
        shown.sort();
        let shown: Vec<_> = shown.iter().map(|(kind, status, note)| (kind.as_str(), status.as_str(), note.as_str())).collect();
        assert_eq!(shown, expected);
        crate::refunds::settle(&world.fixture).await;
        assert_eq!(world.fixture.coins("ann").await, 42, "30 of 74 cents stay paid back");
        let waiting = kept(&world.fixture).await.iter().filter(|(_, state, _)| *state == EventState::WaitsForRefunds).count();
        assert_eq!(waiting, 1, "the warning");
        // Who paid, from where and with which card, is not kept.
        let pool = world.fixture.pool().await;
        let payloads: Vec<String> = sqlx::query_scalar("SELECT payload FROM store_event").fetch_all(&pool).await.unwrap();
        assert!(payloads.iter().all(|payload| !payload.contains("Ada") && !payload.contains("example.com")), "{payloads:?}");
        let wallet = world.fixture.client().get_wallet(world.fixture.from("ann", GetWalletRequest::default())).await.unwrap();
        assert_eq!(wallet.into_inner().coin_balance, 42);
    }
}
