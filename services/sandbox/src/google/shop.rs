//! What was sold, and what becomes of it: every SQL statement, and the resources in Google's words.

use super::{Error, SandboxGooglePlay, now_ms, push::PlayPush};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row as _;
use std::ops::ControlFlow;
use uuid::Uuid;

/// Voided purchases of one page: few, so that every reader meets a second page.
pub const PAGE: i64 = 2;

/// A purchase to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaySale {
    /// The app.
    pub package_name: String,
    /// The product.
    pub product_id: String,
    /// The number of pieces, from 1.
    #[serde(default = "one")]
    pub quantity: i32,
    /// What the app gave as `obfuscatedAccountId`: the user's `app_account_token`.
    #[serde(default)]
    pub obfuscated_account_id: Option<String>,
    /// Not paid yet, as with cash.
    #[serde(default)]
    pub pending: bool,
    /// By a tester, with test money.
    #[serde(default = "yes")]
    pub test: bool,
    /// Without an order, as a promotion may be.
    #[serde(default)]
    pub no_order: bool,
}

const fn one() -> i32 {
    1
}

const fn yes() -> bool {
    true
}

/// Where a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayState {
    /// Paid.
    Purchased,
    /// Not paid, or paid back.
    Cancelled,
    /// Waits for payment.
    Pending,
}

/// A purchase as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldProduct {
    /// Names the purchase to everybody but the buyer.
    pub purchase_token: String,
    /// Names it to the buyer, once it is paid.
    pub order_id: Option<String>,
    /// What was bought.
    pub sale: PlaySale,
    /// Where it stands.
    pub state: PlayState,
    /// How many of it were paid back.
    pub refunded: i32,
    /// Whether anybody acknowledged or consumed it.
    pub acknowledged: bool,
    /// Whether anybody consumed it.
    pub consumed: bool,
    /// How often it was asked to be acknowledged or consumed.
    pub duties_asked: u32,
    /// When it was paid, in Unix milliseconds.
    pub completed_at_ms: Option<i64>,
    /// A refund of all that is left is on its way.
    #[serde(default)]
    pub refund_pending: bool,
}

impl SoldProduct {
    fn new(sale: PlaySale) -> Self {
        let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
        let purchase_token = URL_SAFE_NO_PAD.encode([first.as_bytes().as_slice(), second.as_bytes().as_slice()].concat());
        let mut sold = Self {
            purchase_token,
            order_id: None,
            state: PlayState::Pending,
            refunded: 0,
            acknowledged: false,
            consumed: false,
            duties_asked: 0,
            completed_at_ms: None,
            refund_pending: false,
            sale,
        };
        if !sold.sale.pending {
            sold.pay();
        }
        sold
    }

    fn pay(&mut self) {
        self.state = PlayState::Purchased;
        self.completed_at_ms = Some(now_ms());
        // Seventeen digits in groups, as Google's.
        let digits = format!("{:017}", Uuid::new_v4().as_u128() % 100_000_000_000_000_000);
        let order = format!("GPA.{}-{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..12], &digits[12..]);
        self.order_id = (!self.sale.no_order).then_some(order);
    }

    /// `ProductPurchaseV2`.
    #[must_use]
    pub fn resource(&self) -> Value {
        let state = match self.state {
            PlayState::Purchased => "PURCHASED",
            PlayState::Cancelled => "CANCELLED",
            PlayState::Pending => "PENDING",
        };
        let acknowledged = if self.acknowledged { "ACKNOWLEDGED" } else { "PENDING" };
        let consumed = if self.consumed { "CONSUMED" } else { "YET_TO_BE_CONSUMED" };
        let mut resource = json!({
            "kind": "androidpublisher#productPurchaseV2",
            "regionCode": "US",
            "acknowledgementState": format!("ACKNOWLEDGEMENT_STATE_{acknowledged}"),
            "purchaseStateContext": {"purchaseState": state},
            "productLineItem": [{
                "productId": self.sale.product_id,
                "productOfferDetails": {
                    "quantity": self.sale.quantity,
                    "refundableQuantity": self.sale.quantity - self.refunded,
                    "consumptionState": format!("CONSUMPTION_STATE_{consumed}"),
                },
            }],
        });
        if let Some(order_id) = &self.order_id {
            resource["orderId"] = json!(order_id);
        }
        if let Some(paid) = self.completed_at_ms.map(money::time::moment_ms) {
            resource["purchaseCompletionTime"] = json!(paid.to_string());
        }
        if let Some(account) = &self.sale.obfuscated_account_id {
            resource["obfuscatedExternalAccountId"] = json!(account);
        }
        if self.sale.test {
            resource["testPurchaseContext"] = json!({"fopType": "TEST"});
        }
        resource
    }

    /// `Order`, as far as its refunds are concerned.
    #[must_use]
    pub fn order(&self) -> Value {
        let state = match self.state {
            PlayState::Pending => "PENDING",
            _ if self.refund_pending => "PENDING_REFUND",
            _ if self.refunded == self.sale.quantity => "REFUNDED",
            PlayState::Cancelled => "CANCELED",
            PlayState::Purchased if self.refunded > 0 => "PARTIALLY_REFUNDED",
            PlayState::Purchased => "PROCESSED",
        };
        json!({"orderId": self.order_id, "purchaseToken": self.purchase_token, "state": state})
    }

    fn voided(&self, quantity: Option<i32>, at_ms: i64) -> Value {
        let mut void = json!({
            "kind": "androidpublisher#voidedPurchase",
            "purchaseToken": self.purchase_token,
            "orderId": self.order_id,
            "purchaseTimeMillis": self.completed_at_ms.unwrap_or_default().to_string(),
            "voidedTimeMillis": at_ms.to_string(),
            "voidedSource": 0,
            "voidedReason": 1,
        });
        if let Some(quantity) = quantity {
            void["voidedQuantity"] = json!(quantity);
        }
        void
    }
}

impl PlayPush {
    /// A purchase was paid (1) or, while it was pending, cancelled (2).
    #[must_use]
    pub fn product(sold: &SoldProduct, notification_type: i32) -> Self {
        let content = json!({
            "version": "1.0",
            "notificationType": notification_type,
            "purchaseToken": sold.purchase_token,
            "sku": sold.sale.product_id,
        });
        Self::about(&sold.sale.package_name, "oneTimeProductNotification", content)
    }

    /// A purchase was paid back in whole, or in part.
    #[must_use]
    pub fn voided(sold: &SoldProduct, in_part: bool) -> Self {
        let content = json!({
            "purchaseToken": sold.purchase_token,
            "orderId": sold.order_id,
            "productType": 2,
            "refundType": if in_part { 2 } else { 1 },
        });
        Self::about(&sold.sale.package_name, "voidedPurchaseNotification", content)
    }
}

impl SandboxGooglePlay {
    /// Sells, and announces what is paid.
    pub async fn sell(&self, sale: PlaySale) -> Result<SoldProduct, Error> {
        if sale.package_name.is_empty() || sale.product_id.is_empty() || sale.quantity < 1 {
            return Err(Error::Asked("package_name and product_id are required, and quantity is at least 1"));
        }
        let sold = SoldProduct::new(sale);
        let sql = "INSERT INTO google_purchase (purchase_token, package_name, sold) VALUES ($1, $2, $3)";
        let query = sqlx::query(sql).bind(sold.purchase_token.as_str()).bind(sold.sale.package_name.as_str());
        query.bind(serde_json::to_string(&sold)?).execute(&self.shared.pool).await?;
        if sold.state == PlayState::Purchased {
            self.announce(PlayPush::product(&sold, 1)).await?;
        }
        Ok(sold)
    }

    /// A pending purchase is paid, and announced.
    pub async fn pay(&self, purchase_token: &str) -> Result<SoldProduct, Error> {
        let sold = self.change(purchase_token, |sold| {
            if sold.state != PlayState::Pending {
                return Err(Error::Asked("only a pending purchase can be paid"));
            }
            sold.pay();
            Ok(())
        });
        let sold = sold.await?;
        self.announce(PlayPush::product(&sold, 1)).await?;
        Ok(sold)
    }

    /// A pending purchase is given up, and that is announced.
    pub async fn cancel(&self, purchase_token: &str) -> Result<SoldProduct, Error> {
        let sold = self.change(purchase_token, |sold| {
            if sold.state != PlayState::Pending {
                return Err(Error::Asked("only a pending purchase can be cancelled"));
            }
            sold.state = PlayState::Cancelled;
            Ok(())
        });
        let sold = sold.await?;
        self.announce(PlayPush::product(&sold, 2)).await?;
        Ok(sold)
    }

    /// Pays back `quantity` of a purchase, or all that is left of it; lists it as voided and announces it.
    pub async fn refund(&self, purchase_token: &str, quantity: Option<i32>) -> Result<SoldProduct, Error> {
        let mut part = None;
        let sold = self.change(purchase_token, |sold| {
            let left = sold.sale.quantity - sold.refunded;
            if sold.state != PlayState::Purchased || !(1..=left).contains(&quantity.unwrap_or(left)) {
                return Err(Error::Asked("only what was paid, and not paid back before, can be refunded"));
            }
            sold.refunded += quantity.unwrap_or(left);
            part = quantity.filter(|_| sold.sale.quantity > 1);
            if sold.refunded == sold.sale.quantity {
                sold.state = PlayState::Cancelled;
            }
            Ok(())
        });
        let sold = sold.await?;
        let at_ms = now_ms();
        let sql = "INSERT INTO google_void (void_id, package_name, voided_at_ms, void) VALUES ($1, $2, $3, $4)";
        let query = sqlx::query(sql).bind(Uuid::now_v7().to_string()).bind(sold.sale.package_name.as_str()).bind(at_ms);
        query.bind(sold.voided(part, at_ms).to_string()).execute(&self.shared.pool).await?;
        self.announce(PlayPush::voided(&sold, part.is_some())).await?;
        Ok(sold)
    }

    /// The token of a purchase that is named by its token or by its order.
    pub(super) async fn token_of(&self, name: &str) -> Result<String, Error> {
        if self.sold(name).await?.is_some() {
            return Ok(name.to_owned());
        }
        let all: Vec<String> = sqlx::query_scalar("SELECT sold FROM google_purchase").fetch_all(&self.shared.pool).await?;
        for sold in all {
            let sold: SoldProduct = serde_json::from_str(&sold)?;
            if sold.order_id.as_deref() == Some(name) {
                return Ok(sold.purchase_token);
            }
        }
        Err(Error::Asked("nothing was sold under this token or order"))
    }

    /// The purchase of an order.
    pub(super) async fn ordered(&self, package_name: &str, order_id: &str) -> Result<Option<SoldProduct>, Error> {
        let sql = "SELECT sold FROM google_purchase WHERE package_name = $1";
        let all: Vec<String> = sqlx::query_scalar(sql).bind(package_name).fetch_all(&self.shared.pool).await?;
        for sold in all {
            let sold: SoldProduct = serde_json::from_str(&sold)?;
            if sold.order_id.as_deref() == Some(order_id) {
                return Ok(Some(sold));
            }
        }
        Ok(None)
    }

    /// Pays back all that is left of an order, at once or, as commanded, later.
    pub(super) async fn refund_order(&self, purchase_token: &str) -> Result<(), Error> {
        if !self.memory().fault.refunds_pending {
            return self.refund(purchase_token, None).await.map(drop);
        }
        let change = self.change(purchase_token, |sold| {
            if sold.state != PlayState::Purchased || sold.refund_pending {
                return Err(Error::Asked("only what was paid, and not paid back before, can be refunded"));
            }
            sold.refund_pending = true;
            Ok(())
        });
        change.await.map(drop)
    }

    /// A refund that is on its way is paid back.
    pub async fn settle_refund(&self, purchase_token: &str) -> Result<SoldProduct, Error> {
        let change = self.change(purchase_token, |sold| {
            if !sold.refund_pending {
                return Err(Error::Asked("no refund of it is on its way"));
            }
            sold.refund_pending = false;
            Ok(())
        });
        change.await?;
        self.refund(purchase_token, None).await
    }

    /// One purchase.
    pub async fn sold(&self, purchase_token: &str) -> Result<Option<SoldProduct>, Error> {
        let sql = "SELECT sold FROM google_purchase WHERE purchase_token = $1";
        let found: Option<String> = sqlx::query_scalar(sql).bind(purchase_token).fetch_optional(&self.shared.pool).await?;
        Ok(found.map(|sold| serde_json::from_str(&sold)).transpose()?)
    }

    /// Acknowledges or consumes. `Break`: it was done before, or can't be.
    pub(super) async fn fulfil(&self, purchase_token: &str, consume: bool) -> Result<ControlFlow<()>, Error> {
        let mut done = ControlFlow::Continue(());
        let change = self.change(purchase_token, |sold| {
            sold.duties_asked += 1;
            if sold.state != PlayState::Purchased || (consume && sold.consumed) {
                done = ControlFlow::Break(());
                return Ok(());
            }
            sold.acknowledged = true;
            sold.consumed = sold.consumed || consume;
            Ok(())
        });
        change.await?;
        Ok(done)
    }

    /// Lists so many voided purchases on a page from now on.
    pub fn list_by(&self, page: i64) {
        self.memory().page = Some(page);
    }

    /// A page of what was voided since, and whether there is more after it.
    pub(super) async fn voids(&self, package_name: &str, since_ms: i64, after: &str) -> Result<(Vec<Value>, Option<String>), Error> {
        let sql = "SELECT void_id, void FROM google_void WHERE package_name = $1 AND voided_at_ms >= $2 AND void_id > $3
             ORDER BY void_id LIMIT $4";
        let page = self.memory().page.unwrap_or(PAGE);
        let query = sqlx::query(sql).bind(package_name).bind(since_ms).bind(after).bind(page + 1);
        let rows = query.fetch_all(&self.shared.pool).await?;
        let page = usize::try_from(page).unwrap_or_default();
        let mut voids = Vec::new();
        let mut last = String::new();
        for row in rows.iter().take(page) {
            last = row.try_get("void_id")?;
            voids.push(serde_json::from_str(&row.try_get::<String, _>("void")?)?);
        }
        Ok((voids, (rows.len() > page).then_some(last)))
    }

    async fn change(&self, purchase_token: &str, change: impl FnOnce(&mut SoldProduct) -> Result<(), Error>) -> Result<SoldProduct, Error> {
        let _one = self.shared.changing.lock().await;
        let mut sold = self.sold(purchase_token).await?.ok_or(Error::Asked("nothing was sold under this token"))?;
        change(&mut sold)?;
        let sql = "UPDATE google_purchase SET sold = $2 WHERE purchase_token = $1";
        sqlx::query(sql).bind(purchase_token).bind(serde_json::to_string(&sold)?).execute(&self.shared.pool).await?;
        Ok(sold)
    }
}
