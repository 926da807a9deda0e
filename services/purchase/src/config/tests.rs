//! Unit tests of the purchase service's options.
use super::*;

fn account() -> StripeAccount {
    StripeAccount::new("acct_1", "demo")
}

const REPORTS: &str = "https://shop.example/webhooks/store/a";

fn alipay() -> AlipayAccount {
    let alipay_public_key_file = "alipay.pem".into();
    AlipayAccount {
        notify_url: REPORTS.to_owned(),
        alipay_public_key_file,
        ..AlipayAccount::new("2021000000000001", "2088000000000002", "demo")
    }
}

fn wechat() -> WechatAccount {
    let platform_keys = vec![WechatKey { serial: "PUB_KEY_ID_1".to_owned(), file: "wechat.pem".into() }];
    let certificate_serial = "5157F09E".to_owned();
    WechatAccount { notify_url: REPORTS.to_owned(), certificate_serial, platform_keys, ..WechatAccount::new("1900000001", "wx01", "demo") }
}

fn under_serial(serial: &str) -> WechatAccount {
    WechatAccount { platform_keys: vec![WechatKey { serial: serial.to_owned(), file: "wechat.pem".into() }], ..wechat() }
}

#[test]
fn options_that_mean_nothing_are_refused_by_name() {
    assert!(Config { stripe: vec![account()], alipay: vec![alipay()], wechat: vec![wechat()], ..Config::default() }.check().is_ok());
    type Change = fn(&mut Config);
    let cases: [(&str, Change); 26] = [
        ("store_commission_basis_points", |config| config.store_commission_basis_points = 10_001),
        ("included_tax_basis_points", |config| config.included_tax_basis_points = 10_001),
        ("sweep_interval_s", |config| config.sweep_interval = Duration::ZERO),
        ("sweep_interval_s", |config| config.sweep_interval = Duration::MAX),
        ("order_sweep_interval_s", |config| config.order_sweep_interval = Duration::ZERO),
        ("order_check_after_s", |config| config.order_check_after = Duration::MAX),
        ("stripe", |config| config.stripe = vec![StripeAccount { api_url: "http://stripe.example".to_owned(), ..account() }]),
        ("stripe", |config| config.stripe = vec![StripeAccount { pay_within: Duration::from_secs(1_800), ..account() }]),
        ("stripe", |config| config.stripe = vec![StripeAccount { included_tax_basis_points: 10_001, ..account() }]),
        ("stripe", |config| config.stripe = vec![StripeAccount { return_origins: vec!["https://a.example/".to_owned()], ..account() }]),
        ("alipay", |config| config.alipay = vec![AlipayAccount { notify_url: "http://shop.example/".to_owned(), ..alipay() }]),
        ("alipay", |config| config.alipay = vec![AlipayAccount { notify_url: "https://shop.example/?a=b".to_owned(), ..alipay() }]),
        ("alipay", |config| config.alipay = vec![AlipayAccount { seller_id: "2088/1".to_owned(), ..alipay() }]),
        ("alipay", |config| config.alipay = vec![AlipayAccount { pay_within: Duration::from_secs(60), ..alipay() }]),
        ("alipay", |config| config.alipay = vec![AlipayAccount { alipay_public_key_file: PathBuf::new(), ..alipay() }]),
        ("alipay", |config| {
            let certificates = AlipayCertificates {
                app_cert_file: "app.crt".into(),
                alipay_cert_files: Vec::new(),
                alipay_root_cert_file: "root.crt".into(),
            };
            config.alipay = vec![AlipayAccount { certificates: Some(certificates), ..alipay() }];
        }),
        ("wechat", |config| config.wechat = vec![WechatAccount { platform_keys: Vec::new(), ..wechat() }]),
        ("wechat", |config| config.wechat = vec![under_serial("PUB_KEY_ID_")]),
        ("wechat", |config| config.wechat = vec![under_serial("5157 F09E")]),
        ("wechat", |config| config.wechat = vec![WechatAccount { certificate_serial: "1\", x=\"".to_owned(), ..wechat() }]),
        ("wechat", |config| config.wechat = vec![WechatAccount { pay_within: Duration::from_secs(7_201), ..wechat() }]),
        ("sweep_after_s", |config| config.sweep_after = Duration::MAX),
        ("sweep_batch_max", |config| config.sweep_batch_max = 0),
        ("refusal_retention_s", |config| config.refusal_retention = Duration::ZERO),
        ("refused_receipt_retention_s", |config| config.refused_receipt_retention = Duration::ZERO),
        ("refused_receipt_retention_s", |config| config.refused_receipt_retention = Duration::MAX),
    ];
    for (option, change) in cases {
        let mut config = Config::default();
        change(&mut config);
        assert_eq!(config.check().unwrap_err().option, option);
    }
}
