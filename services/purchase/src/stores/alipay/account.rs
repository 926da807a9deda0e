//! Our apps at Alipay, with the keys that sign requests and those that prove what it says.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chart::BookKind;
use money::time::unix_ms;
use money::{BookName, Money};

use super::gateway::{AlipayFault, Gateway};
use super::keys::{AlipayKeys, NotProved};
use super::trade;
use crate::config::{AlipayAccount, Config, PretendCertificates};
use crate::domain::{OutOfRange, Package, Purchase, ReceiptValue, StoreKind};
use crate::orders::order::{Order, PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::orders::paying::PayMethod;
use crate::stores::billing::BillingAccount;
use crate::stores::payee::{self, NotOpened, OrderAccount};
use crate::stores::wallet::{self, Error, Naming};

/// An app, ready for use.
#[derive(Debug)]
pub struct AlipayApp {
    pub(super) account: AlipayAccount,
    pub(super) book: BookName,
    account_id: String,
    keys: AlipayKeys,
    pub(super) gateway: Gateway,
}

/// All apps.
#[derive(Debug, Default)]
pub struct AlipayAccounts(Vec<Arc<AlipayApp>>);

/// The id of an app as orders keep it: both the app and who is paid through it.
pub(super) fn account_id(app_id: &str, seller_id: &str) -> String {
    format!("{app_id}/{seller_id}")
}

impl AlipayAccounts {
    /// Reads the files that `config` names, and makes the clients.
    pub fn load(config: &Config) -> Result<Self, Error> {
        let mut apps = Vec::new();
        for account in &config.alipay {
            let naming = naming(account);
            let has_keys = !account.alipay_public_key_file.as_os_str().is_empty();
            let keys = if has_keys { naming.read(&account.alipay_public_key_file)? } else { String::new() };
            let certificates = match &account.certificates {
                Some(files) => Some(PretendCertificates {
                    app: naming.read(&files.app_cert_file)?,
                    alipay: files.alipay_cert_files.iter().map(|file| naming.read(file)).collect::<Result<_, _>>()?,
                    roots: naming.read(&files.alipay_root_cert_file)?,
                }),
                None => None,
            };
            apps.push(Arc::new(AlipayApp::try_new(account, &naming.read(&account.private_key_file)?, &keys, certificates.as_ref())?));
        }
        for sandbox in &config.sandbox_alipay {
            if sandbox.account.live {
                return Err(naming(&sandbox.account).no("the pretend Alipay is for TEST books"));
            }
            let (keys, certificates) = (sandbox.alipay_public_keys.as_str(), sandbox.certificates.as_ref());
            apps.push(Arc::new(AlipayApp::try_new(&sandbox.account, &sandbox.private_key, keys, certificates)?));
        }
        for (at, app) in apps.iter().enumerate() {
            let others = || apps[..at].iter();
            if others().any(|other| other.account.app_id == app.account.app_id) {
                return Err(naming(&app.account).no("it is listed twice"));
            }
            if others().any(|other| other.book == app.book) {
                return Err(naming(&app.account).no("another app sells the coins of the same book"));
            }
        }
        Ok(Self(apps))
    }

    /// The account that was paid for a purchase.
    pub(crate) fn account_of(&self, of: &Purchase) -> Option<&AlipayApp> {
        self.0.iter().map(|account| &**account).find(|account| account.account_id() == of.bundle_id && account.book == of.book)
    }

    /// Each of them, for bills.
    pub(crate) fn billing(&self) -> impl Iterator<Item = &dyn BillingAccount> {
        self.0.iter().map(|app| &**app as &dyn BillingAccount)
    }

    /// When each certificate ends that proves something, in Unix seconds.
    pub(crate) fn certificate_ends(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|app| app.keys.certificate_ends())
    }

    /// Each of them, for orders.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = Arc<dyn OrderAccount>> {
        self.0.iter().map(|app| app.clone() as Arc<dyn OrderAccount>)
    }

    /// The app of an id.
    pub(super) fn app(&self, app_id: &str) -> Option<&AlipayApp> {
        self.0.iter().find(|app| app.account.app_id == app_id).map(|app| &**app)
    }
}

fn naming(account: &AlipayAccount) -> Naming<'_> {
    Naming { section: "alipay", account_id: &account.app_id }
}

impl AlipayApp {
    fn try_new(
        account: &AlipayAccount,
        private_key: &str,
        public_keys: &str,
        certificates: Option<&PretendCertificates>,
    ) -> Result<Self, Error> {
        let naming = naming(account);
        let key = naming.signing_key(private_key)?;
        let keys = AlipayKeys::read(naming, public_keys, certificates.map(|found| (found, &key)))?;
        let gateway = Gateway::new(account, key, keys.clone(), naming)?;
        let account_id = account_id(&account.app_id, &account.seller_id);
        Ok(Self { account: account.clone(), book: naming.book(&account.book)?, account_id, keys, gateway })
    }

    /// Whether Alipay signed a text for this app, by the certificate of this number if it names one.
    pub(super) fn check(&self, number: Option<&str>, text: &str, signature: &str) -> Result<(), NotProved> {
        self.keys.check(number, text.as_bytes(), signature)
    }
}

#[tonic::async_trait]
impl OrderAccount for AlipayApp {
    fn store(&self) -> StoreKind {
        StoreKind::Alipay
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
        method != PayMethod::InWallet
    }

    /// The wallet decides that.
    fn authenticates(&self, _market: &str, _price: Money) -> bool {
        false
    }

    fn may_return_to(&self, address: &str) -> bool {
        payee::may_return_to(address, &self.account.return_origins, self.kind())
    }

    fn may_open(&self, order: &Order, now_ms: i64) -> bool {
        wallet::may_open(order.expires_at_ms, now_ms)
    }

    /// An address follows from the order alone, and nobody is asked: it is the same each time. A code is asked for, and again for the same order.
    async fn open(&self, order: &Order, now: SystemTime) -> Result<PaymentFacts, NotOpened> {
        let pay_url = match order.paying.method {
            PayMethod::Code => self.gateway.code(order, unix_ms(now)).await.map_err(|fault| match fault {
                AlipayFault::Refused { code, .. } if trade::WAS_MADE.contains(&code.as_str()) => NotOpened::Look,
                AlipayFault::Refused { code, message } => NotOpened::Refused(format!("{code}: {message}")),
                AlipayFault::Later(why) => NotOpened::Later(why),
            })?,
            _ => self.gateway.link(order).map_err(NotOpened::Later)?,
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
        let out_trade_no = wallet::out_trade_no(order.order_id);
        match self.gateway.query(&out_trade_no, unix_ms(now)).await {
            Ok(answer) => {
                let facts = trade::facts_of_query(&answer, self.environment(), &self.account_id, unix_ms(now));
                Ok(Some(wallet::of_order(facts, order)))
            }
            Err(AlipayFault::Refused { code, .. }) if code == trade::NOT_EXIST => Ok(None),
            Err(fault) => Err(fault.to_string()),
        }
    }

    /// Where the buyer has not opened the page, there is nothing to close, and the page's own end keeps it from being opened.
    async fn close(&self, order: &Order) -> Result<(), String> {
        match self.gateway.close(&wallet::out_trade_no(order.order_id)).await {
            Ok(()) => Ok(()),
            Err(AlipayFault::Refused { code, .. }) if code == trade::NOT_EXIST => Ok(()),
            Err(fault) => Err(fault.to_string()),
        }
    }
}
