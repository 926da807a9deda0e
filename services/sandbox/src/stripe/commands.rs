//! What buyers, cards and banks do, on command. Each command changes the objects and makes the events that Stripe makes for it.

use super::{
    Desk,
    command::{NothingDone, StripeCommand},
    now_ms, objects, payouts, webhook,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const NO_SESSION: NothingDone = "no such session";
const NOT_PAID: NothingDone = "nothing was paid in this session";
/// What a dispute costs, in the smallest unit of the payment's currency.
const DISPUTE_FEE: i64 = 1_500;

/// The fault that is set.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct StripeFault {
    pub fault: String,
    pub times: u32,
}

/// Faults that requests may meet.
pub const FAULTS: [&str; 5] = ["down", "429", "409", "500", "cut"];
/// Under which name the fault is stored.
const FAULT: &str = "fault";
/// What becomes of refunds: paid back at once, on their way until `refund_settled` or `refund_failed`, refused.
pub const REFUND_STATES: [&str; 3] = ["succeeded", "pending", "refused"];
/// Under which name that is stored.
const REFUNDS: &str = "refunds_become";

impl Desk {
    /// Does what is commanded; the session or the object that it made, or why nothing was done.
    pub async fn command(&self, command: &StripeCommand) -> Result<Result<Value, NothingDone>, sqlx::Error> {
        let _one_at_a_time = self.lock.lock().await;
        let command = &StripeCommand { session: self.session_of(&command.session).await?, ..command.clone() };
        match command.command.as_str() {
            "pay" => pay(self, command).await,
            "pay_late" => pay_late(self, &command.session).await,
            "settle" => settle(self, &command.session).await,
            "fail_late" => fail_late(self, &command.session).await,
            "fail" => fail(self, &command.session).await,
            "expire" => expire(self, &command.session).await,
            "refund" => match self.payment_of(&command.session).await? {
                Some(payment) => refund(self, payment["id"].as_str().unwrap_or_default(), command.amount, &json!({})).await,
                None => Ok(Err(NOT_PAID)),
            },
            "refund_pending" => refund_pending(self, &command.session, command.amount).await,
            "refund_settled" | "refund_failed" => end_refund(self, &command.session, command.command == "refund_settled").await,
            "refunds_become" if REFUND_STATES.contains(&command.state.as_str()) => {
                self.store.set(REFUNDS, &command.state).await?;
                Ok(Ok(json!({})))
            }
            "inquire" => inquire(self, &command.session).await,
            "inquiry_closed" => close_inquiry(self, &command.session).await,
            "dispute" => dispute(self, &command.session, command.amount).await,
            "dispute_won" => end_dispute(self, &command.session, Some(if command.fee_back { -DISPUTE_FEE } else { 0 })).await,
            "dispute_lost" => end_dispute(self, &command.session, None).await,
            "warn" => warn(self, &command.session).await,
            "pay_out" => payouts::pay_out(self, command).await,
            "move_payout" => payouts::move_payout(self, &command.payout, &command.status).await,
            "repeat" => {
                let repeated = self.store.repeat(&command.event).await?;
                self.queued.notify_one();
                Ok(if repeated { Ok(json!({})) } else { Err("no such event") })
            }
            "forget_keys" => self.store.forget_keys().await.map(|()| Ok(json!({}))),
            "fault" if FAULTS.contains(&command.fault.as_str()) => {
                let fault = json!(StripeFault { fault: command.fault.clone(), times: command.times });
                self.store.set(FAULT, &fault.to_string()).await?;
                Ok(Ok(fault))
            }
            _ => Ok(Err("no such command, or no such fault")),
        }
    }

    /// The fault of the next request; uses up one of its times.
    pub async fn take_fault(&self) -> Result<String, sqlx::Error> {
        let _one_at_a_time = self.lock.lock().await;
        let fault = self.store.setting(FAULT).await?.and_then(|text| serde_json::from_str::<StripeFault>(&text).ok()).unwrap_or_default();
        if fault.times == 0 {
            return Ok(String::new());
        }
        let left = json!(StripeFault { times: fault.times - 1, ..fault.clone() });
        self.store.set(FAULT, &left.to_string()).await?;
        Ok(fault.fault)
    }

    /// The session of a payment, where one is named in place of a session.
    async fn session_of(&self, name: &str) -> Result<String, sqlx::Error> {
        if !name.starts_with("pi_") {
            return Ok(name.to_owned());
        }
        let all = self.store.all("session").await?;
        let paid = all.iter().find(|session| session["payment_intent"] == name);
        Ok(paid.and_then(|session| session["id"].as_str()).unwrap_or(name).to_owned())
    }

    pub(super) async fn payment_of(&self, session: &str) -> Result<Option<Value>, sqlx::Error> {
        let session = self.store.get("session", session).await?.unwrap_or_default();
        self.store.get("payment_intent", session["payment_intent"].as_str().unwrap_or_default()).await
    }

    async fn charge_of(&self, payment: &str) -> Result<Option<Value>, sqlx::Error> {
        Ok(self.store.all("charge").await?.into_iter().find(|charge| charge["payment_intent"] == *payment))
    }

    /// The charge of what was paid in a session.
    async fn charged(&self, session: &str) -> Result<Option<Value>, sqlx::Error> {
        match self.payment_of(session).await? {
            Some(payment) => self.charge_of(payment["id"].as_str().unwrap_or_default()).await,
            None => Ok(None),
        }
    }

    /// The first dispute about what was paid in a session that has this status.
    async fn dispute_of(&self, session: &str, status: &str) -> Result<Option<Value>, sqlx::Error> {
        let Some(charge) = self.charged(session).await? else { return Ok(None) };
        let is_it = |dispute: &Value| dispute["charge"] == charge["id"] && dispute["status"] == status;
        Ok(self.store.all("dispute").await?.into_iter().find(is_it))
    }

    /// Makes an event, to be delivered or, on command, lost.
    pub(super) async fn happened(&self, kind: &str, object: &Value) -> Result<(), sqlx::Error> {
        let registration = webhook::registration(self).await?;
        let dropped = registration.as_ref().is_some_and(|registration| registration.dropped > 0);
        if let Some(mut registration) = registration.filter(|_| dropped) {
            registration.dropped -= 1;
            self.store.set(webhook::SETTING, &json!(registration).to_string()).await?;
        }
        let mut event = objects::event(kind, object);
        if let Some(fields) = event["data"]["object"].as_object_mut() {
            fields.remove("payment_intent_data");
        }
        self.store.add_event(&event, dropped, now_ms()).await?;
        self.queued.notify_one();
        Ok(())
    }

    async fn open_session(&self, id: &str) -> Result<Option<Value>, sqlx::Error> {
        Ok(self.store.get("session", id).await?.filter(|session| session["status"] == "open"))
    }

    /// Pays a session with a payment in this state, and charges it if it succeeded.
    async fn completed(&self, mut session: Value, status: &str) -> Result<Value, sqlx::Error> {
        let (amount, currency) = (session["amount_total"].as_i64().unwrap_or(0), session["currency"].as_str().unwrap_or_default());
        let payment = objects::payment_intent(amount, currency, &session["payment_intent_data"], status);
        session["payment_intent"] = payment["id"].clone();
        session["status"] = json!("complete");
        session["customer_details"] = json!({"email": "ada@example.com", "name": "Ada Buyer", "address": {"country": "US"}});
        self.store.put("payment_intent", &payment).await?;
        if status == "succeeded" {
            session["payment_status"] = json!("paid");
            self.charge(&payment).await?;
        } else {
            self.happened("payment_intent.processing", &payment).await?;
        }
        self.store.put("session", &session).await?;
        Ok(session)
    }

    async fn charge(&self, payment: &Value) -> Result<(), sqlx::Error> {
        let charge = objects::charge(payment);
        self.store.put("charge", &charge).await?;
        self.happened("payment_intent.succeeded", payment).await?;
        self.happened("charge.succeeded", &charge).await
    }
}

async fn pay(desk: &Desk, command: &StripeCommand) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut session) = desk.open_session(&command.session).await? else { return Ok(Err(NO_SESSION)) };
    if let Some(amount) = command.amount {
        session["amount_total"] = json!(amount);
    }
    if let Some(currency) = &command.currency {
        session["currency"] = json!(currency);
    }
    if let Some(livemode) = command.livemode {
        session["livemode"] = json!(livemode);
    }
    let session = desk.completed(session, "succeeded").await?;
    desk.happened("checkout.session.completed", &session).await?;
    Ok(Ok(session))
}

async fn pay_late(desk: &Desk, id: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(session) = desk.open_session(id).await? else { return Ok(Err(NO_SESSION)) };
    let session = desk.completed(session, "processing").await?;
    desk.happened("checkout.session.completed", &session).await?;
    Ok(Ok(session))
}

/// The session and the payment that it still waits for.
async fn waiting(desk: &Desk, id: &str) -> Result<Option<(Value, Value)>, sqlx::Error> {
    let session = desk.store.get("session", id).await?;
    let payment = desk.payment_of(id).await?.filter(|payment| payment["status"] == "processing");
    Ok(session.zip(payment))
}

async fn settle(desk: &Desk, id: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some((mut session, mut payment)) = waiting(desk, id).await? else { return Ok(Err("no payment of it is processing")) };
    payment["status"] = json!("succeeded");
    payment["amount_received"] = payment["amount"].clone();
    session["payment_status"] = json!("paid");
    desk.store.put("payment_intent", &payment).await?;
    desk.store.put("session", &session).await?;
    desk.charge(&payment).await?;
    desk.happened("checkout.session.async_payment_succeeded", &session).await?;
    Ok(Ok(session))
}

async fn fail_late(desk: &Desk, id: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some((session, mut payment)) = waiting(desk, id).await? else { return Ok(Err("no payment of it is processing")) };
    payment["status"] = json!("requires_payment_method");
    desk.store.put("payment_intent", &payment).await?;
    desk.happened("payment_intent.payment_failed", &payment).await?;
    desk.happened("checkout.session.async_payment_failed", &session).await?;
    Ok(Ok(session))
}

async fn fail(desk: &Desk, id: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(session) = desk.open_session(id).await? else { return Ok(Err(NO_SESSION)) };
    let (amount, currency) = (session["amount_total"].as_i64().unwrap_or(0), session["currency"].as_str().unwrap_or_default());
    let payment = objects::payment_intent(amount, currency, &session["payment_intent_data"], "requires_payment_method");
    desk.happened("payment_intent.payment_failed", &payment).await?;
    Ok(Ok(session))
}

pub async fn expire(desk: &Desk, id: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut session) = desk.open_session(id).await? else { return Ok(Err("only an open session can be expired")) };
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    desk.store.put("session", &session).await?;
    desk.happened("checkout.session.expired", &session).await?;
    Ok(Ok(session))
}

/// Refunds a payment, as it becomes of refunds now. One that is on its way counts as refunded already.
pub async fn refund(desk: &Desk, payment: &str, amount: Option<i64>, metadata: &Value) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let becomes = desk.store.setting(REFUNDS).await?.unwrap_or_else(|| REFUND_STATES[0].to_owned());
    if becomes == "refused" {
        return Ok(Err("refunds of this charge are not allowed"));
    }
    let Some(mut charge) = desk.charge_of(payment).await? else { return Ok(Err(NOT_PAID)) };
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let left = number(&charge["amount"]) - number(&charge["amount_refunded"]);
    let amount = amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Ok(Err("more than is left of the charge"));
    }
    charge["amount_refunded"] = json!(number(&charge["amount_refunded"]) + amount);
    charge["refunded"] = json!(left == amount);
    let mut refund = objects::refund(&charge, amount, &becomes);
    refund["metadata"] = metadata.clone();
    desk.store.put("charge", &charge).await?;
    desk.store.put("refund", &refund).await?;
    desk.happened("refund.created", &refund).await?;
    desk.happened("charge.refunded", &charge).await?;
    Ok(Ok(refund))
}

/// A refund that the bank takes its time for.
async fn refund_pending(desk: &Desk, session: &str, amount: Option<i64>) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut charge) = desk.charged(session).await? else { return Ok(Err(NOT_PAID)) };
    let number = |value: &Value| value.as_i64().unwrap_or(0);
    let left = number(&charge["amount"]) - number(&charge["amount_refunded"]);
    let amount = amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Ok(Err("more than is left of the charge"));
    }
    charge["amount_refunded"] = json!(number(&charge["amount_refunded"]) + amount);
    let refund = objects::refund(&charge, amount, "pending");
    desk.store.put("charge", &charge).await?;
    desk.store.put("refund", &refund).await?;
    desk.happened("refund.created", &refund).await?;
    desk.happened("charge.refunded", &charge).await?;
    Ok(Ok(refund))
}

/// Ends the first refund that is on its way; fails one that succeeded where none is.
async fn end_refund(desk: &Desk, session: &str, succeeds: bool) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut charge) = desk.charged(session).await? else { return Ok(Err(NOT_PAID)) };
    let refunds: Vec<Value> = desk.store.all("refund").await?.into_iter().filter(|refund| refund["charge"] == charge["id"]).collect();
    let of = |status: &str| refunds.iter().find(|refund| refund["status"] == status).cloned();
    let found = of("pending").or_else(|| of("succeeded").filter(|_| !succeeds));
    let Some(mut refund) = found else { return Ok(Err("nothing was refunded")) };
    if succeeds {
        refund["status"] = json!("succeeded");
        desk.store.put("refund", &refund).await?;
        desk.happened("refund.updated", &refund).await?;
        desk.happened("charge.refund.updated", &refund).await?;
        return Ok(Ok(refund));
    }
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("lost_or_stolen_card");
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) - refund["amount"].as_i64().unwrap_or(0);
    charge["amount_refunded"] = json!(refunded);
    charge["refunded"] = json!(false);
    desk.store.put("charge", &charge).await?;
    desk.store.put("refund", &refund).await?;
    desk.happened("refund.failed", &refund).await?;
    desk.happened("charge.refund.updated", &refund).await?;
    Ok(Ok(refund))
}

/// The buyer's bank asks about a payment; nothing is withdrawn.
async fn inquire(desk: &Desk, session: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(charge) = desk.charged(session).await? else { return Ok(Err(NOT_PAID)) };
    let dispute = objects::dispute(&charge, charge["amount"].as_i64().unwrap_or(0), "warning_needs_response");
    desk.store.put("dispute", &dispute).await?;
    desk.happened("charge.dispute.created", &dispute).await?;
    Ok(Ok(dispute))
}

async fn close_inquiry(desk: &Desk, session: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut dispute) = desk.dispute_of(session, "warning_needs_response").await? else { return Ok(Err("no inquiry is open")) };
    dispute["status"] = json!("warning_closed");
    desk.store.put("dispute", &dispute).await?;
    desk.happened("charge.dispute.closed", &dispute).await?;
    Ok(Ok(dispute))
}

/// Disputes a payment: one that was inquired about, or another. The money is withdrawn after that.
async fn dispute(desk: &Desk, session: &str, amount: Option<i64>) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut charge) = desk.charged(session).await? else { return Ok(Err(NOT_PAID)) };
    let all = charge["amount"].as_i64().unwrap_or(0);
    charge["disputed"] = json!(true);
    desk.store.put("charge", &charge).await?;
    let inquired = desk.dispute_of(session, "warning_needs_response").await?;
    let was_inquired = inquired.is_some();
    let mut dispute = inquired.unwrap_or_else(|| objects::dispute(&charge, amount.unwrap_or(all), "needs_response"));
    dispute["status"] = json!("needs_response");
    desk.happened(if was_inquired { "charge.dispute.updated" } else { "charge.dispute.created" }, &dispute).await?;
    let withdrawn = -dispute["amount"].as_i64().unwrap_or(0);
    dispute["balance_transactions"] = json!([objects::dispute_movement(&dispute, withdrawn, DISPUTE_FEE)]);
    desk.store.put("dispute", &dispute).await?;
    desk.happened("charge.dispute.funds_withdrawn", &dispute).await?;
    Ok(Ok(dispute))
}

/// Decides a dispute: it is won, with so much of a fee after it, or lost.
async fn end_dispute(desk: &Desk, session: &str, won: Option<i64>) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut dispute) = desk.dispute_of(session, "needs_response").await? else { return Ok(Err("no dispute is open")) };
    dispute["status"] = json!(if won.is_some() { "won" } else { "lost" });
    if let (Some(fee), Some(amount)) = (won, dispute["amount"].as_i64()) {
        let movement = objects::dispute_movement(&dispute, amount, fee);
        dispute["balance_transactions"].as_array_mut().expect("it was made with a list").push(movement);
        desk.happened("charge.dispute.funds_reinstated", &dispute).await?;
    }
    desk.store.put("dispute", &dispute).await?;
    desk.happened("charge.dispute.closed", &dispute).await?;
    Ok(Ok(dispute))
}

async fn warn(desk: &Desk, session: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(charge) = desk.charged(session).await? else { return Ok(Err(NOT_PAID)) };
    let warning = objects::warning(&charge);
    desk.happened("radar.early_fraud_warning.created", &warning).await?;
    Ok(Ok(warning))
}
