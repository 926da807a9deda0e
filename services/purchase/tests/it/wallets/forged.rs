//! What is not the wallet's is refused, what contradicts the order is flagged, and keys change in mid-stream.

use super::world::{Wallet, World};
use crate::checkouts::now_s;
use crate::notified::{kept, later};
use api::purchase::CheckoutState;
use purchase::domain::event::EventState;
use sandbox::wallet::keys::WalletKey;
use sandbox::wallet::report::WalletReport;
use sandbox::wechat;
use serde_json::{Value, json};

/// A change of a report that its signature must not survive.
fn changed(report: &WalletReport, from: &str, to: &str) -> WalletReport {
    assert!(report.body.contains(from), "{from} in {}", report.body);
    WalletReport { body: report.body.replace(from, to), headers: report.headers.clone() }
}

fn with_header(report: &WalletReport, name: &str, value: &str) -> WalletReport {
    let headers = report.headers.iter().map(|(known, old)| (*known, if *known == name { value.to_owned() } else { old.clone() }));
    WalletReport { headers: headers.collect(), body: report.body.clone() }
}

/// Reports that nothing proves, with the status that each gets.
fn unproved(world: &World, event: &Value) -> Vec<(u16, WalletReport)> {
    let good = world.report(event, WalletKey::First);
    let stranger = world.report(event, WalletKey::Stranger);
    let plain = |body: &str| WalletReport { headers: good.headers.clone(), body: body.to_owned() };
    match world.wallet {
        Wallet::Alipay => {
            let mut other_app = event["form"].clone();
            other_app["app_id"] = json!("2021000000000009");
            vec![
                (401, stranger),
                (401, changed(&good, "total_amount=4.98", "total_amount=0.01")),
                (401, changed(&good, "sign_type=RSA2", "sign_type=RSA")),
                (401, changed(&good, "&trade_no=", "&x=1&trade_no=")),
                (401, sandbox::alipay::form(&other_app, WalletKey::First)),
                (401, sandbox::alipay::form(&json!({"app_id": sandbox::alipay::TEST_APP}), WalletKey::First)),
                (400, changed(&good, "&trade_no=", "&total_amount=4.98&trade_no=")),
                (400, plain("")),
                (400, plain("trade_status=TRADE_SUCCESS")),
                (400, plain("\u{0}\u{fffd}")),
                (413, plain(&"x".repeat(10 * 1024 * 1024))),
            ]
        }
        Wallet::Wechat => {
            let probe = format!("{}{}", "WECHATPAY/SIGNTEST/", good.headers.last().unwrap().1);
            let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
            vec![
                (401, stranger),
                (401, changed(&good, "TRANSACTION.SUCCESS", "TRANSACTION.SUCCES ")),
                (401, changed(&good, "{", " {")),
                (401, with_header(&good, "wechatpay-signature", &probe)),
                (401, with_header(&good, "wechatpay-signature", "")),
                (401, with_header(&good, "wechatpay-serial", wechat::serial(WalletKey::Next))),
                (401, with_header(&good, "wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3")),
                (401, with_header(&good, "wechatpay-timestamp", &(now_s() - 1).to_string())),
                (401, wechat::report(event, WalletKey::First, now_s() - 361)),
                (401, wechat::report(event, WalletKey::First, now_s() + 361)),
                (401, wechat::signed("{}".to_owned(), WalletKey::First, now_s())),
                (401, wechat::signed(deep, WalletKey::First, now_s())),
                (401, WalletReport { headers: Vec::new(), body: good.body.clone() }),
                (413, plain(&"x".repeat(10 * 1024 * 1024))),
            ]
        }
    }
}

#[tokio::test]
async fn only_what_the_wallet_signed_is_taken_and_its_keys_may_change() {
    for mut world in World::each().await {
        let made = world.checkout("ann").await;
        world.act("pay", &made).await;
        let event = world.events().await.pop().unwrap();
        for (place, (status, report)) in unproved(&world, &event).into_iter().enumerate() {
            let (answered, said) = world.post(report).await;
            assert_eq!(answered, status, "{:?} {place}: {said}", world.wallet);
            assert!(said != "success");
            if world.wallet == Wallet::Wechat && status == 401 {
                assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["code"], "FAIL");
            }
        }
        assert!(kept(&world.fixture).await.is_empty());
        // The wallet changes its key: first both are known, then the next alone.
        world.trust(&[WalletKey::First, WalletKey::Next]).await;
        assert_eq!(world.say(&event).await, world.taken());
        world.fixture.until_coins("ann", 70).await;
        world.command(json!({"command": "rotate"})).await;
        world.deliver(json!({"copies": 3})).await;
        let second = world.checkout("ann").await;
        world.act("pay", &second).await;
        world.fixture.until_coins("ann", 140).await;
        world.trust(&[WalletKey::Next]).await;
        assert_eq!(world.say(&event).await.0, 401, "its first key proves nothing any more");
        let third = world.checkout("ann").await;
        world.deliver(json!({"dropped": 1})).await;
        world.act("pay", &third).await;
        assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 1, "answers are signed by the next key too");
        assert_eq!(world.fixture.coins("ann").await, 210);
    }
}

#[tokio::test]
async fn another_amount_currency_seller_app_or_order_is_flagged_and_not_credited() {
    for world in World::each().await {
        world.fixture.stop_background();
        let wrongs = match world.wallet {
            Wallet::Alipay => vec![
                (json!({"amount": 1}), "0.01 yuan is paid, and the order's price is 4.98 CNY"),
                (
                    json!({"seller": "2088000000000009"}),
                    "account 2021000000000001/2088000000000009 is paid, not 2021000000000001/2088000000000002",
                ),
            ],
            Wallet::Wechat => vec![
                (json!({"amount": 499}), "499 hundredths of CNY is paid, and the order's price is 4.98 CNY"),
                (json!({"currency": "HKD"}), "498 hundredths of HKD is paid"),
                (json!({"seller": "1900000009"}), "account wx0000000000000001/1900000009 is paid"),
                (json!({"app": "wx0000000000000009"}), "account wx0000000000000009/1900000001 is paid"),
            ],
        };
        for (place, (wrong, note)) in wrongs.into_iter().enumerate() {
            let user = format!("user{place}");
            let made = world.checkout(&user).await;
            let mut pay = json!({"command": "pay", "trade": World::trade(&made)});
            pay.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
            world.command(pay).await;
            assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
            world.fixture.service.sweep(later()).await.unwrap();
            world.fixture.service.sweep_orders(later()).await.unwrap();
            let checkout = world.fixture.get_checkout(&user, &made.checkout_id).await.unwrap();
            assert_eq!((checkout.state(), world.fixture.coins(&user).await), (CheckoutState::Flagged, 0), "{wrong}");
            assert!(checkout.note.contains(note), "{}", checkout.note);
        }
        assert!(kept(&world.fixture).await.iter().all(|(_, state, _)| *state == EventState::WaitsForStaff));
        // An order that is none of ours.
        let mut stranger = world.events().await.pop().unwrap();
        for (part, field) in [("form", "out_trade_no"), ("content", "out_trade_no")] {
            if stranger[part].is_object() {
                stranger[part][field] = json!("LGS2026112000000002");
            }
        }
        stranger["id"] = json!("another");
        stranger["form"]["notify_id"] = json!("another");
        assert_eq!(world.say(&stranger).await, world.taken());
        world.fixture.service.sweep(later()).await.unwrap();
        let noted = kept(&world.fixture).await.into_iter().filter(|(_, state, _)| *state == EventState::Noted).count();
        assert_eq!((noted, world.fixture.postings().await.len()), (1, 0));
    }
}

#[tokio::test]
async fn a_report_that_our_keys_do_not_decrypt_is_asked_for_again() {
    let mut world = World::sqlite(Wallet::Wechat).await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    let event = world.events().await.pop().unwrap();
    let set = |keys: &str| {
        let keys = keys.to_owned();
        move |config: &mut purchase::Config| config.sandbox_wechat[0].api_v3_keys = keys
    };
    world.fixture.reconfigure(set("another-key-of-32-characters-000")).await;
    world.restart().await;
    let (status, said) = world.say(&event).await;
    assert_eq!((status, &serde_json::from_str::<Value>(&said).unwrap()["code"]), (503, &json!("FAIL")));
    assert!(kept(&world.fixture).await.is_empty());
    world.fixture.reconfigure(set(&format!("another-key-of-32-characters-000\n{}\n", wechat::TEST_API_V3_KEY))).await;
    world.restart().await;
    assert_eq!(world.say(&event).await, world.taken());
    world.fixture.until_coins("ann", 70).await;
}
