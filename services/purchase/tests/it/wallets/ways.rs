//! Other ways to pay than the usual one: what the buyer's app or page needs is made and signed as the wallet wants it, is paid there, and is credited once.

use api::purchase::{CheckoutState, CreateCheckoutRequest, CreateCheckoutResponse, PayMethod};
use bankapi::RsaCheckingKey;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use purchase::stores::alipay::signature::{content, read_form};
use purchase::stores::wechat::prepaid::signed_text;
use sandbox::wallet::keys::WalletKey;
use serde_json::Value;
use testbed::Storage;

use super::world::{PRODUCT, Wallet, World};
use crate::fixture::{new_id, reason};
use crate::lots::ties;
use crate::notified::later;

impl World {
    fn paid_by(&self, id: &str, method: PayMethod) -> CreateCheckoutRequest {
        let needs =
            |wanted: PayMethod, text: &str| if self.wallet == Wallet::Wechat && method == wanted { text.to_owned() } else { String::new() };
        CreateCheckoutRequest {
            pay_method: method.into(),
            payer_id: needs(PayMethod::InWallet, "oTESTopenid-0000000000000_1"),
            client_address: needs(PayMethod::PhonePage, "2001:db8::1"),
            ..self.asked(id, PRODUCT)
        }
    }

    /// The buyer has the wallet pay, from what their app, page or camera gave it.
    async fn given_to_wallet(&self, made: &CreateCheckoutResponse, method: PayMethod) {
        let opened = async |url: &str| self.client.get(url).send().await.unwrap().status().as_u16();
        let sellers = RsaCheckingKey::all_from_pem(WalletKey::Stranger.public_pem().as_bytes()).unwrap().remove(0);
        let is_sellers = |text: &str, sign: &str| sellers.accepts(text.as_bytes(), &STANDARD.decode(sign).unwrap());
        let (url, parameters) = (made.pay_url.as_str(), made.pay_parameters.as_str());
        match (self.wallet, method) {
            (Wallet::Alipay, PayMethod::Code) => assert!(url.starts_with("https://qr.alipay.com/"), "{url}"),
            (Wallet::Alipay, PayMethod::App) => {
                let form = read_form(parameters.as_bytes()).unwrap();
                assert!(is_sellers(&content(&form, &["sign"]), &form["sign"]) && form["method"] == "alipay.trade.app.pay", "{parameters}");
                assert_eq!(opened(&format!("{}/gateway.do?{parameters}", self.url)).await, 200);
            }
            (Wallet::Alipay, _) => assert_eq!(opened(url).await, 200, "{url}"),
            (Wallet::Wechat, PayMethod::PhonePage) => {
                let back = "&redirect_url=https%3A%2F%2Fapp.example%2Fpaid";
                assert!(url.starts_with("https://wx.tenpay.com/") && url.contains(back), "{url}");
            }
            (Wallet::Wechat, PayMethod::App | PayMethod::InWallet) => {
                let given: Value = serde_json::from_str(parameters).unwrap();
                let field = |name: &str| given[name].as_str().unwrap();
                let names = if method == PayMethod::App {
                    assert_eq!((field("package"), field("partnerid")), ("Sign=WXPay", sandbox::wechat::TEST_MERCHANT));
                    ["appid", "timestamp", "noncestr", "prepayid", "sign"]
                } else {
                    assert_eq!(field("signType"), "RSA");
                    ["appId", "timeStamp", "nonceStr", "package", "paySign"]
                };
                let [appid, at, nonce, prepaid, sign] = names.map(field);
                assert!(prepaid.ends_with(&World::trade(made)) && appid == sandbox::wechat::TEST_APP, "{parameters}");
                assert!(is_sellers(&signed_text(&[appid, at, nonce, prepaid]), sign), "{parameters}");
            }
            (Wallet::Wechat, _) => assert!(url.starts_with("weixin://"), "{url}"),
        }
        assert_eq!(url.is_empty(), !parameters.is_empty());
    }
}

fn ways(wallet: Wallet) -> Vec<PayMethod> {
    let others = [PayMethod::Code, PayMethod::PhonePage, PayMethod::App];
    others.into_iter().chain([if wallet == Wallet::Alipay { PayMethod::Page } else { PayMethod::InWallet }]).collect()
}

#[tokio::test]
async fn every_way_to_pay_is_made_once_paid_and_credited_once() {
    for world in [World::on(Storage::postgres(), Wallet::Alipay).await, World::sqlite(Wallet::Wechat).await] {
        world.fixture.stop_background();
        for (paid, method) in (1..).zip(ways(world.wallet)) {
            let id = new_id();
            let made = world.fixture.create_checkout("ann", world.paid_by(&id, method)).await.unwrap();
            let again = world.fixture.create_checkout("ann", world.paid_by(&id, method)).await.unwrap();
            assert_eq!(again, CreateCheckoutResponse { replayed: true, ..made.clone() }, "{method:?}");
            world.given_to_wallet(&made, method).await;
            let shown = world.fixture.get_checkout("ann", &made.checkout_id).await.unwrap();
            assert_eq!((shown.pay_method(), &shown.pay_url, &shown.pay_parameters), (method, &made.pay_url, &made.pay_parameters));
            world.act("pay", &made).await;
            assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
            world.fixture.service.sweep(later()).await.unwrap();
            assert_eq!((world.fixture.coins("ann").await, world.state("ann", &made).await), (70 * paid, CheckoutState::Paid), "{method:?}");
            let shown = world.fixture.get_checkout("ann", &made.checkout_id).await.unwrap();
            assert_eq!((shown.pay_url.as_str(), shown.pay_parameters.as_str()), ("", ""), "nobody is sent to pay again");
            // Another way under the same request id is another request.
            let other = CreateCheckoutRequest {
                pay_method: 0,
                payer_id: String::new(),
                client_address: String::new(),
                ..world.paid_by(&id, method)
            };
            assert_eq!(reason(world.fixture.create_checkout("ann", other).await), "REQUEST_ID_REUSED");
        }
        ties(&world.fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn what_a_way_needs_is_checked_and_what_it_does_not_need_is_not_kept() {
    for world in World::each().await {
        let is_wechat = world.wallet == Wallet::Wechat;
        let (app, page, inside) = (PayMethod::App, PayMethod::PhonePage, PayMethod::InWallet);
        let long = "o".repeat(129);
        for (method, payer_id, client_address, expected) in [
            (app, "oTEST", "", "MALFORMED"),
            (app, "", "192.0.2.1", "MALFORMED"),
            (page, "oTEST", "192.0.2.1", "MALFORMED"),
            (page, "", if is_wechat { "" } else { "192.0.2.1" }, "MALFORMED"),
            (page, "", "192.0.2.256", "MALFORMED"),
            (page, "", "localhost", "MALFORMED"),
            (inside, "o TEST", "", "MALFORMED"),
            (inside, "o\"}TEST", "", "MALFORMED"),
            (inside, &long, "", "MALFORMED"),
            (inside, "", "", if is_wechat { "MALFORMED" } else { "STORE_NOT_OFFERED" }),
            (PayMethod::Page, "", "", if is_wechat { "STORE_NOT_OFFERED" } else { "" }),
        ] {
            let asked = CreateCheckoutRequest {
                pay_method: method.into(),
                payer_id: payer_id.to_owned(),
                client_address: client_address.to_owned(),
                ..world.asked(&new_id(), PRODUCT)
            };
            let made = world.fixture.create_checkout("ann", asked).await;
            let refused = if made.is_ok() { String::new() } else { reason(made) };
            assert_eq!(refused, expected, "{:?} {method:?} {payer_id} {client_address}", world.wallet);
        }
        let unknown = CreateCheckoutRequest { pay_method: 99, ..world.asked(&new_id(), PRODUCT) };
        assert_eq!(reason(world.fixture.create_checkout("ann", unknown).await), "MALFORMED");
    }
}

#[tokio::test]
async fn a_code_of_alipay_that_was_paid_although_its_answer_was_lost_is_not_paid_again() {
    let world = World::sqlite(Wallet::Alipay).await;
    world.fixture.stop_background();
    for fault in ["down", "500", "cut", "forged", "garbage"] {
        let id = new_id();
        world.command(serde_json::json!({"command": "fault", "fault": fault, "times": 1})).await;
        let asked = || world.paid_by(&id, PayMethod::Code);
        assert_eq!(reason(world.fixture.create_checkout("bob", asked()).await), "STORE_UNAVAILABLE", "{fault}");
        let made = world.fixture.create_checkout("bob", asked()).await.unwrap();
        assert!(made.pay_url.starts_with("https://qr.alipay.com/bax"), "{fault}");
    }
    let id = new_id();
    world.command(serde_json::json!({"command": "fault", "fault": "cut", "times": 1})).await;
    assert_eq!(reason(world.fixture.create_checkout("cid", world.paid_by(&id, PayMethod::Code)).await), "STORE_UNAVAILABLE");
    let pool = world.fixture.pool().await;
    let order: String = sqlx::query_scalar("SELECT order_id FROM store_order WHERE user_id = 'cid'").fetch_one(&pool).await.unwrap();
    world.command(serde_json::json!({"command": "pay", "trade": order.replace('-', "")})).await;
    let made = world.fixture.create_checkout("cid", world.paid_by(&id, PayMethod::Code)).await.unwrap();
    assert_eq!(made.pay_url, "", "nobody is sent to pay again");
    world.fixture.service.sweep_orders(later()).await.unwrap();
    assert_eq!((world.state("cid", &made).await, world.fixture.coins("cid").await), (CheckoutState::Paid, 70));
}
