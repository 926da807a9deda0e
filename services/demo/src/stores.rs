//! The pretend stores as buyers, their banks and the stores' own staff command them; what happens is reported to the purchase service, as the real ones report.
use crate::installation::Installation;
use runtime::{command::UntypedError, sandbox_bundle};
use sandbox::store::{SignedPurchase, StoreNotification, StorePurchase};
use serde::Deserialize;
use serde_json::{Value, json};

/// Paths of the stores that are paid for our orders.
pub const STRIPE: &str = "stripe";
/// See [`STRIPE`].
pub const ALIPAY: &str = "alipay";
/// See [`STRIPE`].
pub const WECHAT: &str = "wechat";

/// A client of the pretend stores.
#[derive(Debug, Clone)]
pub struct StoreClient {
    http: reqwest::Client,
    url: String,
    webhooks_url: String,
    bundle_id: String,
}

/// A sale at Google Play.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SoldAtGoogle {
    purchase_token: String,
}

impl StoreClient {
    /// A client of the installation's stores, which report to the HTTP listener at `http_url`.
    pub fn try_new(installation: &Installation, http_url: &str) -> Result<Self, UntypedError> {
        Ok(Self {
            http: http_client::local().build()?,
            url: installation.store_url.clone(),
            webhooks_url: format!("{http_url}/webhooks/store"),
            bundle_id: sandbox_bundle(installation.book.as_str()),
        })
    }

    /// Where a store reports.
    fn webhook(&self, store: &str) -> String {
        format!("{}/{store}", self.webhooks_url)
    }

    /// Tells the stores where to report. The App Store is told with each notification.
    pub async fn register(&self) -> Result<(), UntypedError> {
        let put = |path: String, store: &str| self.http.put(format!("{}/{path}", self.url)).json(&json!({"url": self.webhook(store)}));
        sent(put("google/subscription".to_owned(), "google")).await?;
        for store in [STRIPE, ALIPAY, WECHAT] {
            sent(put(format!("{store}/webhook"), store)).await?;
        }
        Ok(())
    }

    /// Sells in the App Store; the answer is for the buyer's app.
    pub async fn sell_at_apple(&self, order: &StorePurchase) -> Result<SignedPurchase, UntypedError> {
        Ok(sent(self.http.post(format!("{}/apple/purchases", self.url)).json(order)).await?.json().await?)
    }

    /// The App Store reports a sale, or what became of one; fails if the report is not taken.
    pub async fn notify_of_apple(&self, notification: StoreNotification) -> Result<(), UntypedError> {
        let notification = StoreNotification { url: self.webhook("apple"), ..notification };
        let answer: Value = sent(self.http.post(format!("{}/apple/notifications", self.url)).json(&notification)).await?.json().await?;
        if answer["answers"] == json!([200]) { Ok(()) } else { Err(format!("a notification was not taken: {}", answer["answers"]).into()) }
    }

    /// What a buyer orders in the App Store: of this product, at this price of one in thousandths of the currency's unit.
    pub fn order_at_apple(&self, product_id: &str, quantity: i32, price: i64, currency: &str, token: &str) -> StorePurchase {
        StorePurchase {
            bundle_id: self.bundle_id.clone(),
            product_id: product_id.to_owned(),
            app_account_token: Some(token.to_owned()),
            quantity,
            price,
            currency: currency.to_owned(),
            storefront: "USA".to_owned(),
        }
    }

    /// Sells at Google Play; the purchase token is for the buyer's app.
    pub async fn sell_at_google(&self, product_id: &str, quantity: i64, token: &str) -> Result<String, UntypedError> {
        let order = json!({
            "package_name": self.bundle_id,
            "product_id": product_id,
            "quantity": quantity,
            "obfuscated_account_id": token,
        });
        let sold: SoldAtGoogle = sent(self.http.post(format!("{}/google/purchases", self.url)).json(&order)).await?.json().await?;
        Ok(sold.purchase_token)
    }

    /// Google pays back so many pieces of a purchase.
    pub async fn void_at_google(&self, purchase_token: &str, quantity: i64) -> Result<(), UntypedError> {
        let url = format!("{}/google/purchases/{purchase_token}/refund", self.url);
        sent(self.http.post(url).json(&json!({"quantity": quantity}))).await.map(drop)
    }

    /// The buyer opens the page on which an order is paid.
    pub async fn open(&self, pay_url: &str) -> Result<(), UntypedError> {
        sent(self.http.get(pay_url)).await.map(drop)
    }

    /// Has a store that is paid for our orders do something.
    pub async fn command(&self, store: &str, command: &Value) -> Result<(), UntypedError> {
        sent(self.http.post(format!("{}/{store}/commands", self.url)).json(command)).await.map(drop)
    }
}

/// The answer to a request, or what the store says against it.
async fn sent(request: reqwest::RequestBuilder) -> Result<reqwest::Response, UntypedError> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().to_string());
    if status.is_success() { Ok(answer) } else { Err(format!("{url}: {status}: {}", answer.text().await?).into()) }
}
