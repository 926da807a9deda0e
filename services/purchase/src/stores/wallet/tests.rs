//! Unit tests of what the wallets have in common.
use super::*;
use crate::config::{AlipayAccount, Config, WechatAccount, WechatKey};
use crate::stores::alipay::AlipayAccounts;
use crate::stores::wechat::WechatAccounts;
use sandbox::wallet::keys::{SELLER_KEY, WalletKey};
use std::path::PathBuf;

#[test]
fn yuan_are_read_exactly_or_not_at_all() {
    for (text, fen) in [("44.80", 4_480), ("44.8", 4_480), ("0.01", 1), ("44", 4_400), ("0", 0)] {
        assert_eq!(yuan(text).unwrap().minor_units(), fen, "{text}");
    }
    for text in ["", "44.801", "-1.00", "+1.00", "1e2", " 1", "1,00", "\u{ff11}", "1_0", "99999999999999999999", ".", "1.2.3"] {
        assert_eq!(yuan(text), None, "{text}");
    }
    assert_eq!(fen(-1), None);
}

#[test]
fn times_are_beijings() {
    assert_eq!(beijing(1_795_516_345_000), "2026-11-24 18:32:25");
    assert_eq!(beijing_rfc3339(1_795_516_345_000), "2026-11-24T18:32:25+08:00");
    assert_eq!(from_beijing("2026-11-24 18:32:25"), Some(1_795_516_345_000));
    assert_eq!(from_rfc3339("2026-11-24T18:32:25+08:00"), Some(1_795_516_345_000));
    assert_eq!((from_beijing("24.11.2026"), from_rfc3339("2026-11-24 18:32:25")), (None, None));
}

#[test]
fn an_order_is_known_by_its_own_id_only() {
    let id = Uuid::now_v7();
    assert_eq!(order_id(&out_trade_no(id)), Some(id));
    for other in [id.hyphenated().to_string(), out_trade_no(id).to_uppercase() + "A", "LGS2026112000000002".to_owned(), String::new()] {
        assert_eq!(order_id(&other), None, "{other}");
    }
}

struct Files(tempfile::TempDir);

impl Files {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn alipay(&self, app_id: &str, book: &str) -> AlipayAccount {
        AlipayAccount {
            private_key_file: self.file("ours.pem", SELLER_KEY),
            alipay_public_key_file: self.file("theirs.pem", &(WalletKey::First.public_pem().to_owned() + WalletKey::Next.public_pem())),
            ..AlipayAccount::new(app_id, "2088000000000002", book)
        }
    }

    fn wechat(&self, mchid: &str, book: &str) -> WechatAccount {
        WechatAccount {
            private_key_file: self.file("ours.pem", SELLER_KEY),
            api_v3_key_file: self.file("v3.key", "0123456789abcdef0123456789abcdef\n"),
            platform_keys: vec![WechatKey {
                serial: "PUB_KEY_ID_1".to_owned(),
                file: self.file("wechat.pem", WalletKey::First.public_pem()),
            }],
            ..WechatAccount::new(mchid, "wx0000000000000001", book)
        }
    }
}

#[test]
fn keys_are_read_from_files_and_never_repeated() {
    let files = Files(tempfile::tempdir().unwrap());
    let (alipay, wechat) = (files.alipay("2021000000000001", "live-us"), files.wechat("1900000001", "live-us"));
    let load = |alipay: Vec<AlipayAccount>, wechat: Vec<WechatAccount>| {
        let config = Config { alipay, wechat, ..Config::default() };
        let shown = format!("{:?}", AlipayAccounts::load(&config).map_err(|error| error.to_string())?);
        Ok::<_, String>(shown + &format!("{:?}", WechatAccounts::load(&config).map_err(|error| error.to_string())?))
    };
    let shown = load(vec![alipay.clone(), files.alipay("2021000000000002", "test-us")], vec![wechat.clone()]).unwrap();
    assert!(shown.contains("2021000000000001/2088000000000002") && shown.contains("wx0000000000000001/1900000001"), "{shown}");
    assert!(!shown.contains("0123456789abcdef") && shown.contains("RsaSigningKey(***)") && shown.contains("ApiV3Key(***)"), "{shown}");
    let secret = files.file("wrong.pem", "0123456789abcdef");
    let short = files.file("short.key", "0123456789abcdef\n");
    let two = vec![WechatKey { serial: "1".to_owned(), file: secret.clone() }];
    let refused = [
        load(vec![AlipayAccount { private_key_file: secret.clone(), ..alipay.clone() }], vec![]),
        load(vec![AlipayAccount { alipay_public_key_file: secret.clone(), ..alipay.clone() }], vec![]),
        load(vec![AlipayAccount { private_key_file: "/nowhere".into(), ..alipay.clone() }], vec![]),
        load(vec![alipay.clone(), files.alipay("2021000000000001", "test-us")], vec![]),
        load(vec![alipay, files.alipay("2021000000000002", "live-us")], vec![]),
        load(vec![], vec![WechatAccount { api_v3_key_file: short, ..wechat.clone() }]),
        load(vec![], vec![WechatAccount { platform_keys: two, ..wechat.clone() }]),
        load(vec![], vec![wechat.clone(), files.wechat("1900000001", "test-us")]),
        load(vec![], vec![wechat, files.wechat("1900000002", "live-us")]),
    ];
    let words = ["private key", "public key", "/nowhere", "twice", "same book", "32 characters", "public key", "twice", "same book"];
    for (refused, word) in refused.into_iter().zip(words) {
        let refused = refused.unwrap_err();
        assert!(refused.starts_with("purchase.") && refused.contains(word) && !refused.contains("0123456789abcdef"), "{refused}");
    }
}
