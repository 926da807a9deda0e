//! Orders that we make and a wallet is paid for: over real sockets, against the pretend Alipay and the pretend WeChat Pay.

mod bills;
mod ended;
mod forged;
mod lost;
mod modes;
mod ours;
mod reference;
mod ways;
pub mod world;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::purchase::{CheckoutState, CreateCheckoutResponse, PurchaseState, StoreEnvironment};
use purchase::domain::event::EventState;
use serde_json::{Value, json};
use testbed::Storage;

use crate::fixture::{new_id, reason};
use crate::lots::ties;
use crate::notified::{kept, later};
use crate::refunds::settle;
use world::{PRODUCT, Wallet, World};

#[tokio::test]
async fn a_checkout_is_paid_in_the_wallet_and_credited_by_its_report() {
    for world in World::each().await {
        world.deliver(json!({})).await;
        let (id, wallet) = (new_id(), world.wallet);
        let made = world.create("ann", &id).await.unwrap();
        assert_eq!((made.coins, made.price.as_ref().unwrap().minor_units, made.replayed), (70, 498, false));
        assert_eq!(world.create("ann", &id).await.unwrap(), CreateCheckoutResponse { replayed: true, ..made.clone() });
        world.open(&made).await;
        assert_eq!(world.state("ann", &made).await, CheckoutState::Open);
        world.act("pay", &made).await;
        world.fixture.until_coins("ann", 70).await;
        let checkout = world.fixture.get_checkout("ann", &made.checkout_id).await.unwrap();
        assert_eq!((checkout.state(), checkout.pay_url.as_str(), checkout.note.as_str()), (CheckoutState::Paid, "", ""));
        assert_eq!(checkout.store_session_id, World::trade(&made));
        let purchase = world.fixture.purchase_of("ann", &checkout.purchase_id).await.purchase.unwrap();
        assert_eq!((purchase.store_kind(), purchase.store_environment()), (world.store_kind(), StoreEnvironment::Sandbox), "{wallet:?}");
        assert_eq!((purchase.state(), purchase.product_id.as_str(), purchase.coins), (PurchaseState::Credited, PRODUCT, 70));
        let postings = world.fixture.postings().await;
        assert_eq!((postings.len(), postings[0].kind.as_str()), (1, "purchase.web"));
        for (account, balance) in [("processor_receivable", -498), ("deferred_revenue", 452), ("tax_payable", 46)] {
            assert_eq!(world.fixture.balance(&format!("house/{account}/CNY")).await, balance, "{wallet:?} {account}");
        }
        // Another wallet's, or a card's, is not offered for this book, and what costs no yuan is not sold.
        let dollars = world.fixture.create_checkout("ann", world.asked(&new_id(), "coins.us.web.70")).await;
        assert_eq!(reason(dollars), "PRODUCT_UNKNOWN");
        let card = crate::checkouts::asked(api::purchase::StoreKind::Stripe, &new_id(), PRODUCT);
        assert_eq!(reason(world.fixture.create_checkout("ann", card).await), "STORE_NOT_OFFERED");
    }
}

#[tokio::test]
async fn two_hundred_reports_sweeps_and_calls_at_once_credit_once() {
    for world in [World::sqlite(Wallet::Alipay).await, World::on(Storage::postgres(), Wallet::Wechat).await] {
        let world = Arc::new(world);
        let id = new_id();
        let made = world.create("ann", &id).await.unwrap();
        world.open(&made).await;
        world.act("pay", &made).await;
        let paid = Arc::new(world.events().await.pop().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200_u32 {
            let (world, paid, id) = (world.clone(), paid.clone(), id.clone());
            tasks.spawn(async move {
                match number % 10 {
                    0 => drop(world.fixture.service.sweep_orders(later()).await.unwrap()),
                    1 => drop(world.fixture.service.sweep(later()).await.unwrap()),
                    2 => assert!(world.create("ann", &id).await.unwrap().replayed),
                    _ => {
                        // Some are repeated, some are others about the same payment.
                        let mut event = (*paid).clone();
                        event["id"] = json!(format!("{}", number % 40));
                        event["form"]["notify_id"] = event["id"].clone();
                        assert_eq!(world.say(&event).await, world.taken());
                    }
                }
            });
        }
        tasks.join_all().await;
        world.fixture.service.sweep(later()).await.unwrap();
        assert_eq!((world.fixture.coins("ann").await, world.fixture.postings().await.len()), (70, 1));
        assert!(kept(&world.fixture).await.iter().all(|(_, state, _)| *state == EventState::Kept));
    }
}

/// What the wallets report about a payment and its refunds, in its order: the kind, what became of it, and its note.
fn expected(wallet: Wallet) -> Vec<(&'static str, EventState, &'static str)> {
    use EventState::Kept;
    match wallet {
        Wallet::Alipay => vec![
            ("TRADE_SUCCESS", Kept, ""),
            ("TRADE_SUCCESS", Kept, "1.00 CNY refunded so far"),
            ("TRADE_CLOSED", Kept, "4.98 CNY refunded so far"),
        ],
        Wallet::Wechat => vec![
            ("TRANSACTION.SUCCESS", Kept, ""),
            ("REFUND.SUCCESS", Kept, "1.00 CNY refunded"),
            ("REFUND.ABNORMAL", Kept, "2.00 CNY not refunded"),
            ("REFUND.CLOSED", Kept, "2.00 CNY not refunded"),
            ("REFUND.SUCCESS", Kept, "3.98 CNY refunded"),
        ],
    }
}

#[tokio::test]
async fn reports_of_payments_and_refunds_in_any_order_end_in_the_same_state() {
    for world in World::each().await {
        world.fixture.stop_background();
        for reversed in [false, true] {
            let (user, before) = (format!("u{}", new_id()), world.events().await.len());
            let made = world.checkout(&user).await;
            world.act("pay", &made).await;
            let refund = |command: &str, amount: i64| json!({"command": command, "trade": World::trade(&made), "amount": amount});
            world.command(refund("refund", 100)).await;
            if world.wallet == Wallet::Wechat {
                world.command(refund("refund_abnormal", 200)).await;
                world.command(refund("refund_closed", 200)).await;
            }
            world.act("refund", &made).await;
            assert_eq!(world.try_command(&refund("refund", 1)).await, 409, "all of it is refunded");
            let mut events = world.events().await.split_off(before);
            if reversed {
                events.reverse();
            }
            for event in events.iter().chain(&events) {
                assert_eq!(world.say(event).await, world.taken());
                world.fixture.service.sweep(later()).await.unwrap();
            }
            settle(&world.fixture).await;
            assert_eq!((world.state(&user, &made).await, world.fixture.coins(&user).await), (CheckoutState::Paid, 0));
            assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, 0);
            ties(&world.fixture, &[&user]).await;
            let purchase_id = world.fixture.get_checkout(&user, &made.checkout_id).await.unwrap().purchase_id;
            let shown = world.fixture.purchase_of(&user, &purchase_id).await.store_reports;
            let mut shown: Vec<_> =
                shown.iter().map(|report| (report.kind.as_str(), report.state.as_str(), report.note.as_str())).collect();
            let mut expected: Vec<_> = expected(world.wallet).into_iter().map(|(kind, state, note)| (kind, state.name(), note)).collect();
            shown.sort_unstable();
            expected.sort_unstable();
            assert_eq!(shown, expected);
        }
        // Who paid is not kept.
        let payloads: Vec<String> =
            sqlx::query_scalar("SELECT payload FROM store_event").fetch_all(&world.fixture.pool().await).await.unwrap();
        let strangers = ["2088000000000001", "ada***", "oTESTopenid"];
        assert!(payloads.iter().all(|payload| strangers.iter().all(|who| !payload.contains(who))), "{payloads:?}");
    }
}

#[tokio::test]
async fn an_order_that_ends_unpaid_is_closed_at_the_wallet_and_a_finished_one_stays_paid() {
    for world in World::each().await {
        world.fixture.stop_background();
        let (never, open, finished) =
            (world.create("ann", &new_id()).await.unwrap(), world.checkout("bob").await, world.checkout("cid").await);
        world.act("pay", &finished).await;
        world.act("finish", &finished).await;
        let pool = world.fixture.pool().await;
        let ended = money::time::unix_ms(SystemTime::now()) - 1_000;
        sqlx::query("UPDATE store_order SET expires_at_ms = $1").bind(ended).execute(&pool).await.unwrap();
        for hours in 0..3 {
            world.fixture.service.sweep_orders(later() + Duration::from_secs(7_200 * hours)).await.unwrap();
        }
        assert_eq!((world.state("ann", &never).await, world.state("bob", &open).await), (CheckoutState::Expired, CheckoutState::Expired));
        assert_eq!((world.state("cid", &finished).await, world.fixture.coins("cid").await), (CheckoutState::Paid, 70));
        let pay = |of: &CreateCheckoutResponse| json!({"command": "pay", "trade": World::trade(of)});
        assert_eq!(world.try_command(&pay(&open)).await, 409, "it is closed there too");
        // What was finished is reported as finished, and credits nothing more.
        for event in world.events().await {
            assert_eq!(world.say(&event).await, world.taken());
        }
        world.fixture.service.sweep(later()).await.unwrap();
        assert_eq!(world.fixture.postings().await.len(), 1);
        let strange: Vec<Value> = kept(&world.fixture)
            .await
            .into_iter()
            .filter(|(_, state, _)| !state.is_over() && *state != EventState::Unknown)
            .map(|(_, _, note)| json!(note))
            .collect();
        assert_eq!(strange, Vec::<Value>::new());
    }
}
