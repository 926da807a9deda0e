//! App Store Server Notifications, version 2, on command: signed with the store's chain, and delivered to any address, as often as asked.

use super::desk::SaidNotification;
use super::{Error, HostileReceipt, Store, StorePurchase, receipt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// The most copies of one notification.
const COPIES_MAX: u32 = 16;

/// What the store says, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreNotification {
    /// Apple's type, such as `ONE_TIME_CHARGE` or `REFUND`; any text, also types that do not exist.
    pub notification_type: String,
    /// Apple's subtype; empty for none.
    #[serde(default)]
    pub subtype: String,
    /// The id of the notification; a new one if empty.
    #[serde(default)]
    pub notification_uuid: String,
    /// The sale that it is about. Its app is also the app of a notification about no sale.
    pub purchase: StorePurchase,
    /// The transaction that it is about; a new one if empty.
    #[serde(default)]
    pub transaction_id: String,
    /// For `REFUND`: how much of the price is paid back, in thousandths of a percent; all of it if 0.
    #[serde(default)]
    pub refunded_milliunits: i32,
    /// Where it is delivered; signed only if empty, as one that is lost: the history of notifications has it.
    #[serde(default)]
    pub url: String,
    /// How often it is delivered, 1 to 16, all at once.
    #[serde(default = "one")]
    pub copies: u32,
    /// Signed by a stranger's chain.
    #[serde(default)]
    pub forged: bool,
}

const fn one() -> u32 {
    1
}

/// What the store says of a transaction that it sold; the fields are those of a [`StoreNotification`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationOfSold {
    notification_type: String,
    #[serde(default)]
    subtype: String,
    #[serde(default)]
    refunded_milliunits: i32,
    #[serde(default)]
    url: String,
    #[serde(default = "one")]
    copies: u32,
}

impl NotificationOfSold {
    /// The notification about that transaction.
    pub(super) fn about(self, purchase: StorePurchase, transaction_id: String) -> StoreNotification {
        let Self { notification_type, subtype, refunded_milliunits, url, copies } = self;
        let about = StoreNotification::about(&notification_type, purchase);
        StoreNotification { subtype, refunded_milliunits, url, copies, transaction_id, ..about }
    }
}

/// A notification, and what the receiver answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedNotification {
    /// Compact JWS.
    pub signed_payload: String,
    /// The id of the notification.
    #[serde(rename = "notificationUUID")]
    pub notification_uuid: String,
    /// The transaction that it is about.
    pub transaction_id: String,
    /// The HTTP status of each delivery; 0 where none came.
    pub answers: Vec<u16>,
}

impl StoreNotification {
    /// A notification of this type about a new sale, delivered nowhere.
    #[must_use]
    pub fn about(notification_type: &str, purchase: StorePurchase) -> Self {
        Self {
            notification_type: notification_type.to_owned(),
            subtype: String::new(),
            notification_uuid: String::new(),
            purchase,
            transaction_id: String::new(),
            refunded_milliunits: 0,
            url: String::new(),
            copies: 1,
            forged: false,
        }
    }

    /// The notification in Apple's field names. Tests change single fields and sign it with [`Store::sign`].
    pub fn claims(&self, store: &Store, id: &str, transaction_id: &str) -> Result<Value, Error> {
        let bundle_id = self.purchase.bundle_id.as_str();
        // Read once: nothing is paid back after the notification that says so was signed.
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let mut claims = json!({
            "notificationType": self.notification_type,
            "notificationUUID": id,
            "version": "2.0",
            "signedDate": now_ms,
        });
        if !self.subtype.is_empty() {
            claims["subtype"] = json!(self.subtype);
        }
        match self.notification_type.as_str() {
            "TEST" => claims["data"] = json!({"bundleId": bundle_id, "environment": "Sandbox"}),
            "RESCIND_CONSENT" => {
                let app = json!({"appTransactionId": self.purchase.app_transaction_id(transaction_id), "bundleId": bundle_id});
                claims["appData"] = json!({"bundleId": bundle_id, "environment": "Sandbox", "signedAppTransactionInfo": store.sign(&app)?});
            }
            "EXTERNAL_PURCHASE_TOKEN" => {
                let token = format!("SANDBOX_{}", Uuid::new_v4());
                claims["externalPurchaseToken"] = json!({"bundleId": bundle_id, "externalPurchaseId": token});
            }
            kind => {
                let mut transaction = self.purchase.claims(transaction_id);
                // A sale keeps the time at which it was first said.
                if let Some(known) = store.desk().transaction(transaction_id) {
                    for date in ["purchaseDate", "originalPurchaseDate"] {
                        transaction[date] = known[date].clone();
                    }
                }
                if kind == "REFUND" {
                    transaction["revocationDate"] = json!(now_ms);
                    transaction["revocationReason"] = json!(0);
                    if self.refunded_milliunits > 0 {
                        transaction["revocationType"] = json!("REFUND_PRORATED");
                        transaction["revocationPercentage"] = json!(self.refunded_milliunits);
                    }
                }
                let mut data = json!({"bundleId": bundle_id, "environment": "Sandbox", "signedTransactionInfo": store.sign(&transaction)?});
                if !self.forged {
                    store.desk().remember(transaction_id, transaction);
                }
                if kind == "CONSUMPTION_REQUEST" {
                    data["consumptionRequestReason"] = json!("UNINTENDED_PURCHASE");
                }
                claims["data"] = data;
            }
        }
        Ok(claims)
    }
}

impl Store {
    /// Signs a notification.
    pub fn notification(&self, asked: &StoreNotification) -> Result<SignedNotification, Error> {
        asked.purchase.check()?;
        if !(1..=COPIES_MAX).contains(&asked.copies) {
            return Err(Error::Purchase { field: "copies", why: "1 to 16" });
        }
        let given = |text: &str, new: fn() -> String| if text.is_empty() { new() } else { text.to_owned() };
        let notification_uuid = given(&asked.notification_uuid, || Uuid::new_v4().to_string());
        let transaction_id = given(&asked.transaction_id, receipt::new_transaction_id);
        let claims = asked.claims(self, &notification_uuid, &transaction_id)?;
        if asked.notification_type == "REFUND" {
            self.remember(&asked.purchase, -1);
        } else if asked.notification_type == "ONE_TIME_CHARGE" && asked.transaction_id.is_empty() {
            self.remember(&asked.purchase, 1);
        }
        let signed_payload =
            if asked.forged { receipt::hostile(&self.chain, &claims, HostileReceipt::ForeignChain)? } else { self.sign(&claims)? };
        if !asked.forged {
            self.desk().say(SaidNotification {
                bundle_id: asked.purchase.bundle_id.clone(),
                kind: asked.notification_type.clone(),
                notification_uuid: notification_uuid.clone(),
                said_at_ms: claims["signedDate"].as_i64().unwrap_or_default(),
                signed_payload: signed_payload.clone(),
                is_taken: false,
            });
        }
        Ok(SignedNotification { signed_payload, notification_uuid, transaction_id, answers: Vec::new() })
    }

    /// Signs a notification and delivers it.
    pub async fn notify(&self, asked: &StoreNotification) -> Result<SignedNotification, Error> {
        let mut signed = self.notification(asked)?;
        if asked.url.is_empty() {
            return Ok(signed);
        }
        let url = reqwest::Url::parse(&asked.url).map_err(|_| Error::Purchase { field: "url", why: "http:// with a host" })?;
        let mut sent = tokio::task::JoinSet::new();
        for _ in 0..asked.copies {
            let call = self.client.post(url.clone()).json(&json!({"signedPayload": signed.signed_payload}));
            sent.spawn(async move { call.send().await.map_or(0, |answer| answer.status().as_u16()) });
        }
        signed.answers = sent.join_all().await;
        if signed.answers.contains(&200) {
            self.desk().taken(&signed.notification_uuid);
        }
        Ok(signed)
    }
}
