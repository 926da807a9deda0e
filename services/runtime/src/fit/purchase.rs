//! Starts the purchase service, which needs the ledger, its own tables, and in a sandbox the pretend store's root certificate.
use super::sandbox;
use crate::command::UntypedError;
use crate::{IdentitySource, wiring::Wiring};
use identity::Service;

/// The app in the pretend store whose receipts credit the TEST book `book`.
pub fn sandbox_bundle(book: &str) -> String {
    format!("sandbox.largesse.{book}")
}

/// Our account at the pretend card processor, which sells the coins of the first book. `None` where the pretend stores run in another process without an address of
/// their own.
fn pretend_stripe(wiring: &Wiring) -> Option<purchase::PretendStripe> {
    let (store, book) = (store_url(wiring)?, wiring.options.books.first()?);
    let api_url = format!("{store}{}", ::sandbox::stripe::STRIPE_PATH);
    Some(purchase::PretendStripe {
        account: purchase::StripeAccount { api_url, ..purchase::StripeAccount::new(::sandbox::stripe::TEST_ACCOUNT, book) },
        secret_key: ::sandbox::stripe::TEST_KEY.to_owned(),
        webhook_secrets: vec![::sandbox::stripe::TEST_WEBHOOK_SECRET.to_owned()],
    })
}

/// Where the pretend App Store is answered and asked. `None` where the pretend stores run in another process without an address of their own.
fn pretend_apple(wiring: &Wiring) -> Option<purchase::PretendApple> {
    use ::sandbox::store::server;
    Some(purchase::PretendApple {
        api_url: store_url(wiring)?,
        issuer_id: server::ISSUER_ID.to_owned(),
        key_id: server::SERVER_KEY_ID.to_owned(),
        private_key: server::SERVER_KEY.to_owned(),
    })
}

/// Where the pretend stores are. In another process they have no address but the one that is configured for them.
fn store_url(wiring: &Wiring) -> Option<String> {
    let configured = Some(wiring.options.store_listen).filter(|address| address.port() != 0);
    Some(format!("http://{}", wiring.store.or(configured)?))
}

/// Our accounts at the pretend wallets, which sell the coins of the first book as well.
fn pretend_wallets(wiring: &Wiring) -> Option<(purchase::PretendAlipay, purchase::PretendWechat)> {
    use ::sandbox::{
        alipay,
        wallet::{certificates::PretendCertificate, keys},
        wechat,
    };
    let (store, book) = (store_url(wiring)?, wiring.options.books.first()?);
    let app = purchase::AlipayAccount::new(alipay::TEST_APP, alipay::TEST_SELLER, book);
    let gateway_url = format!("{store}{}{}", alipay::ALIPAY_PATH, alipay::GATEWAY);
    let merchant = purchase::WechatAccount::new(wechat::TEST_MERCHANT, wechat::TEST_APP, book);
    let (api_url, certificate_serial) = (format!("{store}{}", wechat::WECHAT_PATH), wechat::TEST_CERTIFICATE_SERIAL.to_owned());
    // One key now, and the one that replaces it on command; and a certificate.
    let known = [keys::WalletKey::First, keys::WalletKey::Next];
    let alipay = purchase::PretendAlipay {
        account: purchase::AlipayAccount { gateway_url, live: false, ..app },
        private_key: keys::SELLER_KEY.to_owned(),
        alipay_public_keys: known.iter().map(|key| key.public_pem()).collect(),
        certificates: Some(purchase::PretendCertificates {
            app: PretendCertificate::App.pem(),
            alipay: vec![PretendCertificate::Wallet.pem()],
            roots: PretendCertificate::Root.pem(),
        }),
    };
    let wechat = purchase::PretendWechat {
        account: purchase::WechatAccount { api_url, certificate_serial, live: false, ..merchant },
        private_key: keys::SELLER_KEY.to_owned(),
        api_v3_keys: wechat::TEST_API_V3_KEY.to_owned(),
        platform_keys: known
            .iter()
            .map(|key| (wechat::serial(*key).to_owned(), key.public_pem().to_owned()))
            .chain([(wechat::serial(keys::WalletKey::Certified).to_owned(), PretendCertificate::Wallet.pem())])
            .collect(),
    };
    Some((alipay, wechat))
}

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let mut config = wiring.options.settings.purchase.clone();
    if let IdentitySource::Sandbox = wiring.options.identity {
        let store = ::sandbox::store::Store::open(&sandbox::store_directory(&wiring.options))?;
        config.sandbox_roots.push(store.root_der().to_vec());
        for book in &wiring.options.books {
            let bundle_id = sandbox_bundle(book);
            if !config.bundles.iter().any(|bundle| bundle.bundle_id == bundle_id) {
                config.bundles.push(purchase::Bundle { bundle_id, book: book.clone(), app_apple_id: 0 });
            }
        }
        config.sandbox_apple = config.sandbox_apple.or_else(|| pretend_apple(wiring));
        if config.refunds == purchase::RefundOptions::default() {
            config.refunds = purchase::RefundOptions::pretend();
        }
        config.sandbox_stripe.extend(pretend_stripe(wiring));
        if let Some((alipay, wechat)) = pretend_wallets(wiring) {
            config.sandbox_alipay.push(alipay);
            config.sandbox_wechat.push(wechat);
        }
    }
    if let IdentitySource::Sandbox = wiring.options.identity
        && config.sandbox_google.is_none()
    {
        config.sandbox_google = google(wiring);
    }
    let deps = purchase::Deps {
        database: wiring.database.clone(),
        ledger: wiring.way(Service::Purchase, Service::Ledger)?,
        shutdown: wiring.shutdown.clone(),
    };
    let service = purchase::start(deps, config).await?;
    wiring.store_webhooks = Some(service.webhooks());
    wiring.add(Service::Purchase, service.routes());
    wiring.purchase = Some(service);
    Ok(())
}

/// The pretend Google Play, in which each TEST book has the app of [`sandbox_bundle`].
fn google(wiring: &Wiring) -> Option<purchase::SandboxGoogle> {
    use ::sandbox::google;
    let url = store_url(wiring)?;
    let app = |book: &String| purchase::GoogleApp { package_name: sandbox_bundle(book), book: book.clone() };
    Some(purchase::SandboxGoogle {
        options: purchase::GoogleOptions {
            apps: wiring.options.books.iter().map(app).collect(),
            push_audience: google::PUSH_AUDIENCE.to_owned(),
            push_email: google::PUSH_ACCOUNT.to_owned(),
            push_keys_url: format!("{url}{}", google::KEYS_PATH),
            api_url: url.clone(),
            ..purchase::GoogleOptions::default()
        },
        account: purchase::ServiceAccountKey {
            client_email: google::SERVICE_ACCOUNT.to_owned(),
            private_key_id: google::SERVICE_KEY_ID.to_owned(),
            private_key: ::sandbox::globalbank::TEST_CLIENT_KEY.to_owned(),
            token_uri: format!("{url}{}", google::TOKEN_PATH),
        },
    })
}
