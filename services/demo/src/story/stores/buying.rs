//! How coins are bought in each store: by the receipt of the buyer's app, or by an order that is paid on a page.
use super::{
    BuyingDesk,
    cases::{BuyingPlan, price},
    until,
};
use crate::{installation::authorised, stores};
use api::purchase::{
    Checkout, CheckoutState, CoinPackage, CreateCheckoutRequest, GetCheckoutRequest, GooglePurchase, PayMethod, RedeemPurchaseRequest,
    SalesChannel, StoreKind, redeem_purchase_request::Receipt,
};
use money::Currency;
use runtime::command::UntypedError;
use sandbox::store::StorePurchase;
use serde_json::json;
use uuid::Uuid;

/// Where buyers come back to.
const APP: &str = "https://app.example/";

/// A purchase, and how its store knows it.
pub(super) struct StoreSale {
    /// Our id of it.
    pub(super) purchase_id: String,
    /// The App Store's transaction, Google's token, Stripe's session, or a wallet's trade.
    pub(super) store_id: String,
    /// What was ordered in the App Store.
    pub(super) order: Option<StorePurchase>,
}

/// Buys; returns when the coins are in the wallet.
pub(super) async fn buy(desk: &BuyingDesk<'_>, plan: &BuyingPlan, package: &CoinPackage) -> Result<StoreSale, UntypedError> {
    match plan.store {
        StoreKind::Apple => {
            let order = order(desk, plan, package, i32::try_from(plan.quantity)?).await?;
            let sold = desk.stores.sell_at_apple(&order).await?;
            let purchase_id = redeem(desk, plan.user, Receipt::AppleSignedTransaction(sold.signed_transaction)).await?;
            Ok(StoreSale { purchase_id, store_id: sold.transaction_id, order: Some(order) })
        }
        StoreKind::Google => {
            let token = desk.wallet(plan.user).await?.app_account_token;
            let purchase_token = desk.stores.sell_at_google(plan.product_id, plan.quantity, &token).await?;
            let (product_id, store_id) = (plan.product_id.to_owned(), purchase_token.clone());
            let receipt = GooglePurchase { package_name: String::new(), product_id, purchase_token };
            let purchase_id = redeem(desk, plan.user, Receipt::GooglePurchase(receipt)).await?;
            Ok(StoreSale { purchase_id, store_id, order: None })
        }
        StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => pay(desk, plan).await,
        StoreKind::Unspecified => Err("a plan has a store".into()),
    }
}

/// What the buyer orders in the App Store.
pub(super) async fn order(
    desk: &BuyingDesk<'_>,
    plan: &BuyingPlan,
    package: &CoinPackage,
    quantity: i32,
) -> Result<StorePurchase, UntypedError> {
    let (price, currency) = price(package)?;
    let milliunits = price * 1_000 / 10_i64.pow(Currency::try_new(currency)?.minor_digits());
    let token = desk.wallet(plan.user).await?.app_account_token;
    Ok(desk.stores.order_at_apple(&package.product_id, quantity, milliunits, currency, &token))
}

async fn redeem(desk: &BuyingDesk<'_>, user: &str, receipt: Receipt) -> Result<String, UntypedError> {
    let request = RedeemPurchaseRequest { request_id: Uuid::now_v7().to_string(), receipt: Some(receipt), ..Default::default() };
    let answer = desk.installation.purchase().redeem_purchase(authorised(request, &desk.token(user)?)?).await?.into_inner();
    Ok(answer.purchase.ok_or("a redeemed purchase is in the answer")?.purchase_id)
}

/// Orders, opens the page, and pays there; the store's report credits the coins.
async fn pay(desk: &BuyingDesk<'_>, plan: &BuyingPlan) -> Result<StoreSale, UntypedError> {
    let request = CreateCheckoutRequest {
        request_id: Uuid::now_v7().to_string(),
        store_kind: plan.store.into(),
        product_id: plan.product_id.to_owned(),
        sales_channel: SalesChannel::Web.into(),
        pay_method: plan.method.into(),
        success_url: APP.to_owned(),
        cancel_url: APP.to_owned(),
        ..Default::default()
    };
    let token = desk.token(plan.user)?;
    let made = desk.installation.purchase().create_checkout(authorised(request, &token)?).await?.into_inner();
    let (store, store_id, name) = match plan.store {
        StoreKind::Stripe => (stores::STRIPE, made.pay_url.rsplit('/').next().unwrap_or_default().to_owned(), "session"),
        StoreKind::Alipay => (stores::ALIPAY, made.checkout_id.replace('-', ""), "trade"),
        _ => (stores::WECHAT, made.checkout_id.replace('-', ""), "trade"),
    };
    // WeChat's is a code that the buyer scans, as one of Alipay's may be.
    if plan.store != StoreKind::Wechat && plan.method != PayMethod::Code {
        desk.stores.open(&made.pay_url).await?;
    }
    desk.stores.command(store, &json!({"command": "pay", name: store_id})).await?;
    let paid = until(async || checkout(desk, &token, &made.checkout_id).await, |found| found.state() == CheckoutState::Paid).await?;
    if paid.state() != CheckoutState::Paid {
        return Err(format!("the checkout is {}: {}", paid.state().as_str_name(), paid.note).into());
    }
    until(async || desk.wallet(plan.user).await, |wallet| wallet.coin_balance == paid.coins).await?;
    Ok(StoreSale { purchase_id: paid.purchase_id, store_id, order: None })
}

async fn checkout(desk: &BuyingDesk<'_>, token: &str, checkout_id: &str) -> Result<Checkout, UntypedError> {
    let request = GetCheckoutRequest { checkout_id: checkout_id.to_owned(), ..Default::default() };
    let answer = desk.installation.purchase().get_checkout(authorised(request, token)?).await?.into_inner();
    Ok(answer.checkout.ok_or("a checkout is in the answer")?)
}
