//! By what the wallets sign: a public key or a certificate, and both while one replaces the other. What is signed by anything else is refused.

use api::purchase::CheckoutState;
use purchase::stores::alipay::AlipayAccounts;
use purchase::stores::wechat::WechatAccounts;
use purchase::{Config, PretendCertificates};
use sandbox::wallet::certificates::PretendCertificate;
use sandbox::wallet::keys::{SELLER_KEY, WalletKey};
use sandbox::{alipay, wechat};
use serde_json::{Value, json};

use super::world::{Wallet, World};
use crate::checkouts::now_s;
use crate::fixture::{new_id, reason};
use crate::notified::later;
use crate::refunding::hours;

/// What proves what WeChat Pay says, by serial.
fn platform(keys: &[WalletKey]) -> Vec<(String, String)> {
    let pem = |key: WalletKey| match key {
        WalletKey::Certified => PretendCertificate::Wallet.pem(),
        WalletKey::Ended => PretendCertificate::Ended.pem(),
        WalletKey::First | WalletKey::Next | WalletKey::Stranger => key.public_pem().to_owned(),
    };
    keys.iter().map(|key| (wechat::serial(*key).to_owned(), pem(*key))).collect()
}

fn certificates(alipay: &[PretendCertificate]) -> PretendCertificates {
    PretendCertificates {
        app: PretendCertificate::App.pem(),
        alipay: alipay.iter().map(|one| one.pem()).collect(),
        roots: PretendCertificate::Root.pem(),
    }
}

impl World {
    async fn trust_platform(&mut self, keys: &[WalletKey]) {
        let known = platform(keys);
        self.fixture.reconfigure(|config| config.sandbox_wechat[0].platform_keys = known).await;
        self.restart().await;
    }

    async fn trust_alipay(&mut self, keys: &[WalletKey], certified: Option<&[PretendCertificate]>) {
        let (keys, certified) = (keys.iter().map(|key| key.public_pem()).collect(), certified.map(certificates));
        self.fixture
            .reconfigure(|config| {
                (config.sandbox_alipay[0].alipay_public_keys, config.sandbox_alipay[0].certificates) = (keys, certified);
            })
            .await;
        self.restart().await;
    }

    async fn mode(&self, mode: &str) {
        self.command(json!({"command": "key_mode", "mode": mode})).await;
    }

    /// A checkout that is paid, reported and credited.
    async fn bought(&self, user: &str) {
        self.deliver(json!({})).await;
        let made = self.checkout(user).await;
        self.act("pay", &made).await;
        self.fixture.until_coins(user, 70).await;
        assert_eq!(self.state(user, &made).await, CheckoutState::Paid);
        self.deliver(json!({"held": true})).await;
    }

    /// A checkout that is paid, of which the wallet is asked.
    async fn found(&self, user: &str) {
        self.deliver(json!({"dropped": 1})).await;
        let made = self.checkout(user).await;
        self.act("pay", &made).await;
        self.fixture.service.sweep_orders(later()).await.unwrap();
        assert_eq!(self.fixture.coins(user).await, 70, "{user}");
        self.deliver(json!({"held": true})).await;
    }

    /// The newest event, as it is reported.
    async fn newest(&self) -> Value {
        self.events().await.pop().unwrap()
    }
}

#[tokio::test]
async fn wechat_pay_signs_by_certificate_by_public_key_and_by_both_while_it_changes() {
    let mut world = World::sqlite(Wallet::Wechat).await;
    assert_eq!(world.try_command(&json!({"command": "key_mode", "mode": "other"})).await, 409);
    world.mode("certificate").await;
    world.trust_platform(&[WalletKey::Certified]).await;
    world.bought("ann").await;
    world.found("bob").await;
    assert_eq!(world.post(wechat::report(&world.newest().await, WalletKey::First, now_s())).await.0, 401, "no such key is known yet");
    // While it changes: requests name the public key, so answers are signed by it; reports are signed by either.
    world.mode("changing").await;
    world.trust_platform(&[WalletKey::Certified, WalletKey::First]).await;
    for user in ["cleo", "dora", "emma", "finn", "gaby", "hugo"] {
        world.bought(user).await;
    }
    world.found("ida").await;
    let newest = world.newest().await;
    for key in [WalletKey::Certified, WalletKey::First] {
        assert_eq!(world.post(wechat::report(&newest, key, now_s())).await, world.taken());
    }
    // Each only under its own name.
    for (key, other) in [(WalletKey::Certified, WalletKey::First), (WalletKey::First, WalletKey::Certified)] {
        let mut report = wechat::report(&newest, key, now_s());
        report
            .headers
            .iter_mut()
            .filter(|(name, _)| *name == "wechatpay-serial")
            .for_each(|(_, serial)| *serial = wechat::serial(other).to_owned());
        assert_eq!(world.post(report).await.0, 401, "{key:?} under the serial of {other:?}");
    }
    world.mode("public_key").await;
    world.trust_platform(&[WalletKey::First]).await;
    world.bought("jan").await;
    world.found("kim").await;
    assert_eq!(world.post(wechat::report(&newest, WalletKey::Certified, now_s())).await.0, 401, "the certificate is not known any more");
}

#[tokio::test]
async fn what_a_certificate_that_has_ended_signs_proves_nothing() {
    let mut world = World::sqlite(Wallet::Wechat).await;
    world.trust_platform(&[WalletKey::First, WalletKey::Ended]).await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    let event = world.newest().await;
    assert_eq!(world.post(wechat::report(&event, WalletKey::Ended, now_s())).await.0, 401);
    world.mode("ended").await;
    assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 0, "its answers neither");
    assert_eq!(world.fixture.coins("ann").await, 0);
    let probe = format!("WECHATPAY/SIGNTEST/{}", wechat::signed(String::new(), WalletKey::Certified, now_s()).headers.pop().unwrap().1);
    let mut report = wechat::report(&event, WalletKey::Ended, now_s());
    report.headers.last_mut().unwrap().1 = probe;
    assert_eq!(world.post(report).await.0, 401);
    world.mode("public_key").await;
    assert_eq!(world.post(wechat::report(&event, WalletKey::First, now_s())).await, world.taken());
    world.fixture.until_coins("ann", 70).await;

    let mut world = World::sqlite(Wallet::Alipay).await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    let event = world.newest().await;
    world.trust_alipay(&[], Some(&[PretendCertificate::Ended])).await;
    world.mode("ended").await;
    assert_eq!(world.post(alipay::form(&event["form"], WalletKey::Ended)).await.0, 401);
    assert_eq!(world.fixture.service.sweep_orders(hours(2)).await.unwrap(), 0);
    world.trust_alipay(&[], Some(&[PretendCertificate::Wallet])).await;
    assert_eq!(world.fixture.service.sweep_orders(hours(6)).await.unwrap(), 0, "answers name a certificate that is not configured");
    world.mode("certificate").await;
    assert_eq!(world.fixture.service.sweep_orders(hours(10)).await.unwrap(), 1);
}

#[tokio::test]
async fn alipay_signs_by_certificate_by_public_key_and_by_both_while_one_replaces_the_other() {
    let mut world = World::sqlite(Wallet::Alipay).await;
    world.mode("certificate").await;
    // The pretend one refuses whoever does not name both certificates by their right numbers.
    let made = world.create("ann", &new_id()).await.unwrap();
    world.open(&made).await;
    world.act("pay", &made).await;
    assert_eq!(world.fixture.service.sweep_orders(hours(2)).await.unwrap(), 0);
    world.trust_alipay(&[], Some(&[PretendCertificate::Wallet])).await;
    assert_eq!(world.fixture.service.sweep_orders(hours(6)).await.unwrap(), 1);
    world.bought("bob").await;
    let event = world.newest().await;
    assert_eq!(world.post(alipay::form(&event["form"], WalletKey::First)).await.0, 401);
    // A report that names a certificate is proved by that one only.
    let mut form = event["form"].clone();
    form["alipay_cert_sn"] = json!(PretendCertificate::Ended.alipay_number());
    assert_eq!(world.post(alipay::form(&form, WalletKey::Certified)).await.0, 401);
    form["alipay_cert_sn"] = json!(PretendCertificate::Wallet.alipay_number());
    assert_eq!(world.post(alipay::form(&form, WalletKey::Certified)).await, world.taken());
    // One mode replaces the other.
    world.mode("changing").await;
    world.trust_alipay(&[WalletKey::First], Some(&[PretendCertificate::Wallet])).await;
    for user in ["cleo", "dora", "emma", "finn", "gaby", "hugo"] {
        world.bought(user).await;
    }
    world.found("ida").await;
    world.trust_alipay(&[WalletKey::First], None).await;
    world.found("jan").await;
    world.mode("public_key").await;
    world.bought("kim").await;
    assert_eq!(reason(world.create("kim", "1").await), "MALFORMED");
}

#[test]
fn keys_and_certificates_that_do_not_belong_together_are_refused_before_anything_starts() {
    let account = purchase::WechatAccount::new(wechat::TEST_MERCHANT, wechat::TEST_APP, "demo");
    let of_wechat = |serial: &str, pem: String| {
        let merchant = purchase::PretendWechat {
            account: purchase::WechatAccount { live: false, ..account.clone() },
            private_key: SELLER_KEY.to_owned(),
            api_v3_keys: wechat::TEST_API_V3_KEY.to_owned(),
            platform_keys: vec![(serial.to_owned(), pem)],
        };
        let config = Config { sandbox_wechat: vec![merchant], ..Config::default() };
        WechatAccounts::load(&config).map(drop).map_err(|error| error.to_string())
    };
    let wallet = PretendCertificate::Wallet;
    assert_eq!(of_wechat(&wallet.serial(), wallet.pem()), Ok(()));
    assert_eq!(of_wechat(&format!("00{}", wallet.serial().to_lowercase()), wallet.pem()), Ok(()), "the same number");
    assert_eq!(wechat::serial(WalletKey::Certified), wallet.serial());
    assert_eq!(wechat::serial(WalletKey::Ended), PretendCertificate::Ended.serial());
    let broken = wallet.pem().replacen("MII", "MIJ", 1);
    for (serial, pem, said) in [
        (PretendCertificate::Ended.serial(), wallet.pem(), "its file has the certificate with the serial 6E1A2B3C4D5E6F70"),
        ("PUB_KEY_ID_1".to_owned(), wallet.pem(), "names a public key"),
        (wallet.serial(), wallet.pem() + &PretendCertificate::App.pem(), "must have one certificate"),
        (wallet.serial(), broken, "platform_keys: not"),
        (wallet.serial(), SELLER_KEY.to_owned(), "public key"),
    ] {
        let refused = of_wechat(&serial, pem).unwrap_err();
        assert!(refused.starts_with("purchase.wechat") && refused.contains(said), "{said}: {refused}");
    }
    let of_alipay = |certificates: PretendCertificates| {
        let account = purchase::AlipayAccount::new(alipay::TEST_APP, alipay::TEST_SELLER, "demo");
        let app = purchase::PretendAlipay {
            account: purchase::AlipayAccount { live: false, ..account },
            private_key: SELLER_KEY.to_owned(),
            alipay_public_keys: String::new(),
            certificates: Some(certificates),
        };
        let config = Config { sandbox_alipay: vec![app], ..Config::default() };
        AlipayAccounts::load(&config).map(drop).map_err(|error| error.to_string())
    };
    let good = || certificates(&[wallet]);
    assert_eq!(of_alipay(good()), Ok(()));
    assert_eq!(of_alipay(certificates(&[PretendCertificate::Ended, wallet])), Ok(()), "one that has ended beside another");
    for (wrong, said) in [
        (PretendCertificates { app: wallet.pem(), ..good() }, "app_cert_file: it is not the certificate of private_key_file"),
        (certificates(&[PretendCertificate::Stranger]), "does not lead to"),
        (
            PretendCertificates { alipay: vec![WalletKey::First.public_pem().to_owned()], ..good() },
            "alipay_cert_files: not PEM with a certificate",
        ),
        (PretendCertificates { roots: "x".to_owned(), ..good() }, "alipay_root_cert_file: not PEM with a certificate"),
        (PretendCertificates { roots: PretendCertificate::App.pem(), ..good() }, "does not lead to"),
    ] {
        let refused = of_alipay(wrong).unwrap_err();
        assert!(refused.starts_with("purchase.alipay") && refused.contains(said), "{said}: {refused}");
    }
}
