//! Our merchants at WeChat Pay, with the keys that sign requests, those that prove what it says, and those that decrypt it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chart::BookKind;
use money::time::unix_ms;
use money::{BookName, Money};

use super::api::{ErrorCode, WechatApi, WechatFault};
use super::prepaid;
use super::resource::{ApiV3Key, EncryptedResource};
use super::signature::PUBLIC_KEY_ID;
use super::transaction::account_id;
use crate::config::{Config, WechatAccount};
use crate::domain::{OutOfRange, Package, Purchase, ReceiptValue, StoreKind};
use crate::orders::order::{Order, PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::orders::paying::PayMethod;
use crate::stores::billing::BillingAccount;
use crate::stores::payee::{self, NotOpened, OrderAccount};
use crate::stores::wallet::{
    self, Error, Naming,
    proving::{self, ProvingKey, ReadCertificate},
};

/// A merchant, ready for use.
#[derive(Debug)]
pub struct WechatMerchant {
    pub(super) account: WechatAccount,
    pub(super) book: BookName,
    account_id: String,
    /// By serial.
    pub(super) keys: Vec<ProvingKey>,
    api_v3_keys: Vec<ApiV3Key>,
    pub(super) api: WechatApi,
}

/// All merchants.
#[derive(Debug, Default)]
pub struct WechatAccounts(pub(super) Vec<Arc<WechatMerchant>>);

/// The contents of the files of a merchant.
struct WechatSecrets {
    private_key: String,
    api_v3_keys: String,
    platform_keys: Vec<(String, String)>,
}

impl WechatAccounts {
    /// Reads the files that `config` names, and makes the clients.
    pub fn load(config: &Config) -> Result<Self, Error> {
        let mut merchants = Vec::new();
        for account in &config.wechat {
            let naming = naming(account);
            let key = |key: &crate::config::WechatKey| Ok((key.serial.clone(), naming.read(&key.file)?));
            let secrets = WechatSecrets {
                private_key: naming.read(&account.private_key_file)?,
                api_v3_keys: naming.read(&account.api_v3_key_file)?,
                platform_keys: account.platform_keys.iter().map(key).collect::<Result<_, Error>>()?,
            };
            merchants.push(Arc::new(WechatMerchant::try_new(account, &secrets)?));
        }
        for sandbox in &config.sandbox_wechat {
            if sandbox.account.live {
                return Err(naming(&sandbox.account).no("the pretend WeChat Pay is for TEST books"));
            }
            let secrets = WechatSecrets {
                private_key: sandbox.private_key.clone(),
                api_v3_keys: sandbox.api_v3_keys.clone(),
                platform_keys: sandbox.platform_keys.clone(),
            };
            merchants.push(Arc::new(WechatMerchant::try_new(&sandbox.account, &secrets)?));
        }
        for (at, merchant) in merchants.iter().enumerate() {
            if merchants[..at].iter().any(|other| other.account.mchid == merchant.account.mchid) {
                return Err(naming(&merchant.account).no("it is listed twice"));
            }
            if merchants[..at].iter().any(|other| other.book == merchant.book) {
                return Err(naming(&merchant.account).no("another merchant sells the coins of the same book"));
            }
        }
        Ok(Self(merchants))
    }

    /// The account that was paid for a purchase.
    pub(crate) fn account_of(&self, of: &Purchase) -> Option<&WechatMerchant> {
        self.0.iter().map(|account| &**account).find(|account| account.account_id() == of.bundle_id && account.book == of.book)
    }

    /// Each of them, for bills.
    pub(crate) fn billing(&self) -> impl Iterator<Item = &dyn BillingAccount> {
        self.0.iter().map(|merchant| &**merchant as &dyn BillingAccount)
    }

    /// When each certificate ends that proves something, in Unix seconds.
    pub(crate) fn certificate_ends(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|merchant| merchant.keys.iter().filter_map(ProvingKey::ends_s))
    }

    /// Each of them, for orders.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = Arc<dyn OrderAccount>> {
        self.0.iter().map(|merchant| merchant.clone() as Arc<dyn OrderAccount>)
    }
}

fn naming(account: &WechatAccount) -> Naming<'_> {
    Naming { section: "wechat", account_id: &account.mchid }
}

/// The keys that a serial names: the public key of a `PUB_KEY_ID_...`; or that of a certificate, whose number it must be.
fn platform_keys(naming: Naming<'_>, serial: &str, pem: &str) -> Result<Vec<ProvingKey>, Error> {
    const OPTION: &str = "platform_keys";
    if !proving::has_certificates(pem) {
        return Ok(naming.checking_keys(OPTION, pem)?.into_iter().map(|key| ProvingKey::bare(serial, key)).collect());
    }
    if serial.starts_with(PUBLIC_KEY_ID) {
        return Err(naming.no(format!("{OPTION}: {serial} names a public key, and its file has a certificate")));
    }
    let found = proving::certificates(naming, OPTION, pem)?;
    let [certificate] = found.as_slice() else {
        return Err(naming.no(format!("{OPTION}: {serial}: its file must have one certificate")));
    };
    let read = ReadCertificate::new(naming, OPTION, certificate)?;
    if read.serial() != proving::plain_serial(serial) {
        return Err(naming.no(format!("{OPTION}: {serial}: its file has the certificate with the serial {}", read.serial())));
    }
    Ok(vec![read.proving_key(naming, OPTION, serial.to_owned())?])
}

impl WechatMerchant {
    fn try_new(account: &WechatAccount, secrets: &WechatSecrets) -> Result<Self, Error> {
        let naming = naming(account);
        let mut keys = Vec::new();
        for (serial, pem) in &secrets.platform_keys {
            keys.extend(platform_keys(naming, serial, pem)?);
        }
        let lines = secrets.api_v3_keys.lines().map(str::trim).filter(|line| !line.is_empty());
        let api_v3_keys: Option<Vec<ApiV3Key>> = lines.map(ApiV3Key::new).collect();
        let api_v3_keys = api_v3_keys.filter(|keys| !keys.is_empty());
        let api_v3_keys = api_v3_keys.ok_or_else(|| naming.no("api_v3_key_file must have a key a line, 32 characters"))?;
        let api = WechatApi::new(account, naming.signing_key(&secrets.private_key)?, keys.clone(), naming)?;
        let account_id = account_id(&account.appid, &account.mchid);
        Ok(Self { account: account.clone(), book: naming.book(&account.book)?, account_id, keys, api_v3_keys, api })
    }

    /// What is encrypted for this merchant; `None` where none of its keys opens it.
    pub(super) fn open_resource(&self, resource: &EncryptedResource) -> Option<Vec<u8>> {
        self.api_v3_keys.iter().find_map(|key| key.open(resource))
    }
}

#[tonic::async_trait]
impl OrderAccount for WechatMerchant {
    fn store(&self) -> StoreKind {
        StoreKind::Wechat
    }

    fn account_id(&self) -> &str {
        &self.account_id
    }

    fn book(&self) -> &BookName {
        &self.book
    }

    fn kind(&self) -> BookKind {
        wallet::kind(self.account.live)
    }

    fn pay_within(&self) -> Duration {
        self.account.pay_within
    }

    fn value(&self, package: &Package) -> Result<ReceiptValue, OutOfRange> {
        wallet::value(package, self.account.included_tax_basis_points)
    }

    fn takes(&self, method: PayMethod) -> bool {
        prepaid::path(method).is_some()
    }

    /// The wallet decides that.
    fn authenticates(&self, _market: &str, _price: Money) -> bool {
        false
    }

    /// Nobody is sent back from a code; the address must be a safe one all the same.
    fn may_return_to(&self, address: &str) -> bool {
        payee::may_return_to(address, &[], self.kind())
    }

    fn may_open(&self, order: &Order, now_ms: i64) -> bool {
        wallet::may_open(order.expires_at_ms, now_ms)
    }

    /// The same order again answers a code for the same order: it is known by our id.
    async fn open(&self, order: &Order, now: SystemTime) -> Result<PaymentFacts, NotOpened> {
        let pay_url = match self.api.order(order).await {
            Ok(code) => code,
            // It was paid, or ended, before this attempt.
            Err(WechatFault::Refused { code: ErrorCode::Orderpaid | ErrorCode::OrderClosed | ErrorCode::OutTradeNoUsed, .. }) => {
                return Err(NotOpened::Look);
            }
            Err(WechatFault::Refused { message, .. }) => return Err(NotOpened::Refused(message)),
            Err(WechatFault::Later(why)) => return Err(NotOpened::Later(why)),
        };
        Ok(PaymentFacts {
            order_id: Some(order.order_id),
            environment: self.environment().to_owned(),
            merchant: self.account_id.clone(),
            session_id: wallet::out_trade_no(order.order_id),
            pay_url,
            transaction_id: String::new(),
            amount: Some(order.value.price),
            amount_shown: String::new(),
            standing: PaymentStanding::Open,
            said_at_ms: unix_ms(now),
            refunded: RefundedSoFar::Unsaid,
        })
    }

    async fn standing(&self, order: &Order, now: SystemTime) -> Result<Option<PaymentFacts>, String> {
        match self.api.query(&wallet::out_trade_no(order.order_id)).await {
            Ok(transaction) => {
                let facts = transaction.facts(self.environment(), unix_ms(now));
                facts
                    .map(|facts| Some(wallet::of_order(facts, order)))
                    .ok_or_else(|| format!("a state that is not known: {}", wallet::shown(&transaction.trade_state)))
            }
            Err(WechatFault::Refused { code: ErrorCode::OrderNotExist | ErrorCode::Ordernotexist, .. }) => Ok(None),
            Err(fault) => Err(fault.to_string()),
        }
    }

    async fn close(&self, order: &Order) -> Result<(), String> {
        self.api.close(&wallet::out_trade_no(order.order_id)).await.map_err(|fault| fault.to_string())
    }
}
