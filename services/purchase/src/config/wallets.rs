//! Options of our accounts at Alipay and WeChat Pay.

use std::path::PathBuf;
use std::time::Duration;

use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stripe::{is_origin, is_reachable};
use crate::domain::BASIS_POINTS;

/// One app of ours at Alipay's open platform. Its customers pay for the coins of one book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlipayAccount {
    /// The app's id, such as `2021000000000001`.
    pub app_id: String,
    /// Our id as a seller, such as `2088000000000002`: whoever else is paid is not us.
    pub seller_id: String,
    /// The book whose coins are sold.
    pub book: String,
    /// Whether real money is paid: for LIVE books. `false`: an app in Alipay's sandbox, for TEST books.
    #[serde(default = "yes")]
    pub live: bool,
    /// File with the app's private key (PEM, RSA of 2,048 bits or more), which signs requests.
    pub private_key_file: PathBuf,
    /// File with Alipay's public key for the app (PEM), which proves what Alipay says; two, one after the other, while one is replaced. Required without `certificates`.
    #[serde(default)]
    pub alipay_public_key_file: PathBuf,
    /// The certificates of an app that signs by certificate. With `alipay_public_key_file` beside them, both prove what Alipay says, while one mode replaces the other.
    #[serde(default)]
    pub certificates: Option<AlipayCertificates>,
    /// Where Alipay's gateway is.
    #[serde(default = "alipay_url")]
    pub gateway_url: String,
    /// PEM file with the CA certificates that may vouch for that address; the system's if absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Where Alipay reports payments: the public https:// address of `/webhooks/store/alipay`.
    pub notify_url: String,
    /// Where buyers may be sent back to, such as `https://app.example.com`: scheme, host and port, without a path. Without any, every https:// address.
    #[serde(default)]
    pub return_origins: Vec<String>,
    /// Seconds within which an order can be paid. 300 to 86,400.
    #[serde(rename = "pay_within_s", default = "half_an_hour", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub pay_within: Duration,
    /// Tax that the prices include and that we remit, in basis points of the price without tax. 0 to 10,000.
    #[serde(default)]
    pub included_tax_basis_points: u32,
}

/// The files that Alipay's console gives for an app that signs by certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlipayCertificates {
    /// The app's certificate (`appCertPublicKey_....crt`), for `private_key_file`.
    pub app_cert_file: PathBuf,
    /// Alipay's certificate (`alipayCertPublicKey_RSA2.crt`), which proves what Alipay says; two files while one is replaced.
    pub alipay_cert_files: Vec<PathBuf>,
    /// Alipay's root certificates (`alipayRootCert.crt`).
    pub alipay_root_cert_file: PathBuf,
}

/// One merchant of ours at WeChat Pay, with one app. Its customers pay for the coins of one book, by scanning a code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WechatAccount {
    /// The merchant's id, such as `1900000001`.
    pub mchid: String,
    /// The app's id, such as `wx0000000000000001`.
    pub appid: String,
    /// The book whose coins are sold.
    pub book: String,
    /// Whether real money is paid: for LIVE books.
    #[serde(default = "yes")]
    pub live: bool,
    /// File with the merchant's private key (PEM, RSA of 2,048 bits or more), which signs requests.
    pub private_key_file: PathBuf,
    /// Serial number of the merchant's certificate for that key, in hexadecimal.
    pub certificate_serial: String,
    /// File with the APIv3 key, 32 characters, which decrypts notifications; two, one a line, while one is replaced.
    pub api_v3_key_file: PathBuf,
    /// WeChat Pay's keys, which prove what it says; two while one is replaced, or a certificate and the public key while WeChat Pay changes from one to the other. With a
    /// public key (`PUB_KEY_ID_...`), answers are wanted by that one.
    pub platform_keys: Vec<WechatKey>,
    /// Where WeChat Pay's interface is.
    #[serde(default = "wechat_url")]
    pub api_url: String,
    /// PEM file with the CA certificates that may vouch for that address; the system's if absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Where WeChat Pay reports payments: the public https:// address of `/webhooks/store/wechat`, without a query.
    pub notify_url: String,
    /// Seconds within which an order can be paid. 300 to 7,200, for which a code is valid.
    #[serde(rename = "pay_within_s", default = "half_an_hour", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub pay_within: Duration,
    /// Tax that the prices include and that we remit, in basis points of the price without tax. 0 to 10,000.
    #[serde(default)]
    pub included_tax_basis_points: u32,
}

/// A public key of WeChat Pay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WechatKey {
    /// Its name in the header Wechatpay-Serial: `PUB_KEY_ID_...`, or the serial number of a platform certificate.
    pub serial: String,
    /// File with the key (PEM, `PUBLIC KEY`); or with the certificate (`CERTIFICATE`), which must have that serial number and proves nothing after its end.
    pub file: PathBuf,
}

/// The app at the pretend Alipay, for a TEST book. Set by the program in sandbox mode only.
#[derive(Clone, PartialEq)]
pub struct PretendAlipay {
    /// The app, as it could be in a file; its files are not read.
    pub account: AlipayAccount,
    /// The app's key, which is public.
    pub private_key: String,
    /// The pretend Alipay's key or keys; empty where it signs by certificate only.
    pub alipay_public_keys: String,
    /// The certificates, where the app signs by certificate.
    pub certificates: Option<PretendCertificates>,
}

/// The certificates of the app at the pretend Alipay, all PEM.
#[derive(Debug, Clone, PartialEq)]
pub struct PretendCertificates {
    /// The app's.
    pub app: String,
    /// The pretend Alipay's.
    pub alipay: Vec<String>,
    /// Its roots.
    pub roots: String,
}

/// The merchant at the pretend WeChat Pay, for a TEST book. Set by the program in sandbox mode only.
#[derive(Clone, PartialEq)]
pub struct PretendWechat {
    /// The merchant, as it could be in a file; its files are not read.
    pub account: WechatAccount,
    /// The merchant's key, which is public.
    pub private_key: String,
    /// The APIv3 key or keys, which are public as well.
    pub api_v3_keys: String,
    /// The pretend WeChat Pay's keys (PEM) by serial.
    pub platform_keys: Vec<(String, String)>,
}

impl std::fmt::Debug for PretendAlipay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PretendAlipay").field("account", &self.account).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for PretendWechat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PretendWechat").field("account", &self.account).finish_non_exhaustive()
    }
}

const fn yes() -> bool {
    true
}

fn alipay_url() -> String {
    "https://openapi.alipay.com/gateway.do".to_owned()
}

fn wechat_url() -> String {
    "https://api.mch.weixin.qq.com".to_owned()
}

const fn half_an_hour() -> Duration {
    Duration::from_secs(1_800)
}

const ALIPAY_PAY_WITHIN_S: std::ops::RangeInclusive<u64> = 300..=86_400;
const WECHAT_PAY_WITHIN_S: std::ops::RangeInclusive<u64> = 300..=7_200;

impl AlipayAccount {
    /// An app with the defaults of a file; its files don't exist yet.
    #[must_use]
    pub fn new(app_id: &str, seller_id: &str, book: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            seller_id: seller_id.to_owned(),
            book: book.to_owned(),
            live: true,
            private_key_file: PathBuf::new(),
            alipay_public_key_file: PathBuf::new(),
            certificates: None,
            gateway_url: alipay_url(),
            ca_file: None,
            notify_url: String::new(),
            return_origins: Vec::new(),
            pay_within: half_an_hour(),
            included_tax_basis_points: 0,
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let is_proved = !self.alipay_public_key_file.as_os_str().is_empty() || self.certificates.is_some();
        let has_certificate = self.certificates.as_ref().is_none_or(|certificates| !certificates.alipay_cert_files.is_empty());
        let rules = [
            (is_proved, "it needs alipay_public_key_file or certificates"),
            (has_certificate, "certificates needs a file in alipay_cert_files"),
            (is_id(&self.app_id) && is_id(&self.seller_id), "each needs an app_id and a seller_id, letters and digits"),
            (BookName::try_new(&self.book).is_ok(), "it needs a book"),
            (is_reachable(&self.gateway_url), "gateway_url must be an https:// address; http:// on this machine only"),
            (is_reported_to(&self.notify_url), "notify_url must be an https:// address without a query; http:// on this machine only"),
            (self.return_origins.iter().all(|text| is_origin(text)), "return_origins are scheme, host and port, without a path"),
            (ALIPAY_PAY_WITHIN_S.contains(&self.pay_within.as_secs()), "pay_within_s is 300 to 86,400"),
            (self.included_tax_basis_points <= BASIS_POINTS, "included_tax_basis_points is 0 to 10,000"),
        ];
        broken(&self.app_id, &rules)
    }
}

impl WechatAccount {
    /// A merchant with the defaults of a file; its files don't exist yet.
    #[must_use]
    pub fn new(mchid: &str, appid: &str, book: &str) -> Self {
        Self {
            mchid: mchid.to_owned(),
            appid: appid.to_owned(),
            book: book.to_owned(),
            live: true,
            private_key_file: PathBuf::new(),
            certificate_serial: String::new(),
            api_v3_key_file: PathBuf::new(),
            platform_keys: Vec::new(),
            api_url: wechat_url(),
            ca_file: None,
            notify_url: String::new(),
            pay_within: half_an_hour(),
            included_tax_basis_points: 0,
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let serials = || self.platform_keys.iter().map(|key| key.serial.as_str());
        let once = serials().enumerate().all(|(at, serial)| !serial.is_empty() && !serials().skip(at + 1).any(|other| other == serial));
        let rules = [
            (is_id(&self.mchid) && is_id(&self.appid), "each needs a mchid and an appid, letters and digits"),
            (BookName::try_new(&self.book).is_ok(), "it needs a book"),
            (is_id(&self.certificate_serial), "certificate_serial is a number in hexadecimal"),
            (!self.platform_keys.is_empty() && once, "platform_keys needs a key, each with a serial of its own"),
            (serials().all(is_serial), "a serial of platform_keys is PUB_KEY_ID_... or a number in hexadecimal"),
            (is_reachable(&self.api_url), "api_url must be an https:// address; http:// on this machine only"),
            (is_reported_to(&self.notify_url), "notify_url must be an https:// address without a query; http:// on this machine only"),
            (WECHAT_PAY_WITHIN_S.contains(&self.pay_within.as_secs()), "pay_within_s is 300 to 7,200"),
            (self.included_tax_basis_points <= BASIS_POINTS, "included_tax_basis_points is 0 to 10,000"),
        ];
        broken(&self.mchid, &rules)
    }
}

/// Ids and serials stand in signed texts and headers, where other letters would mean something else.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The name of a key in a header: a public key's, or the serial number of a certificate.
fn is_serial(text: &str) -> bool {
    let number = |text: &str, is_digit: fn(&u8) -> bool| (1..=64).contains(&text.len()) && text.as_bytes().iter().all(is_digit);
    match text.strip_prefix("PUB_KEY_ID_") {
        Some(id) => number(id, |byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        None => number(text, u8::is_ascii_hexdigit),
    }
}

/// A store reports there, so whoever reads along would see who pays what.
fn is_reported_to(address: &str) -> bool {
    is_reachable(address) && !address.contains(['?', '#'])
}

fn broken(account_id: &str, rules: &[(bool, &str)]) -> Option<String> {
    rules.iter().find(|(holds, _)| !holds).map(|(_, rule)| format!("{account_id}: {rule}"))
}
