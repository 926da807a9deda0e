//! The bank's decisions: take a request, execute it once per key, and tell how it goes.

use super::{
    Config,
    behaviour::{ApiBehaviour, ApiScenario},
    own_account,
    request::{self, ApiRequestError, RequestedPayment},
    store::{self, ApiStore, KeptApiPayment, KeptEvent},
};
use crate::{
    delivery::AnswerDelivery,
    vault::{self, BankVault, VaultEntry, VaultResult, VaultStatement, moment},
};
use money::Currency;
use ring::digest;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Transaction};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// The longest idempotency key.
const KEY_CHARS_MAX: usize = 36;

/// Keys of requests that are being worked on.
#[derive(Debug, Clone, Default)]
struct KeysInFlight(Arc<Mutex<HashSet<String>>>);

/// A key that is in flight until this is dropped.
#[derive(Debug)]
pub struct KeyInFlight {
    keys: KeysInFlight,
    key: String,
}

impl KeysInFlight {
    fn take(&self, key: &str) -> Option<KeyInFlight> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
        taken.then(|| KeyInFlight { keys: self.clone(), key: key.to_owned() })
    }
}

impl Drop for KeyInFlight {
    fn drop(&mut self) {
        self.keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// A request that was worked on: its answer, how that is delivered, and the key that stays in flight until then.
#[derive(Debug)]
pub struct WorkedRequest {
    pub answer: Result<Value, ApiRequestError>,
    pub delivery: AnswerDelivery,
    /// The payment whose callbacks come before the answer.
    pub after_callbacks: Option<String>,
    pub in_flight: Option<KeyInFlight>,
}

impl WorkedRequest {
    fn refused(error: ApiRequestError) -> Self {
        Self { answer: Err(error), delivery: AnswerDelivery::Now, after_callbacks: None, in_flight: None }
    }
}

/// Takes payments and answers queries about them.
#[derive(Debug, Clone)]
pub struct ApiDesk {
    books: BankVault,
    store: ApiStore,
    config: Config,
    in_flight: KeysInFlight,
    /// Notified when a callback was queued.
    pub queued: Arc<Notify>,
    /// Notified when one was delivered.
    pub delivered: Arc<Notify>,
}

impl ApiDesk {
    pub fn new(books: BankVault, store: ApiStore, config: Config) -> Self {
        Self {
            books,
            store,
            config,
            in_flight: KeysInFlight::default(),
            queued: Arc::new(Notify::new()),
            delivered: Arc::new(Notify::new()),
        }
    }

    pub fn store(&self) -> &ApiStore {
        &self.store
    }

    /// Takes a request. What was taken is durable before this returns.
    pub async fn pay(&self, bytes: &[u8], key: Option<&str>, now_ms: i64) -> Result<WorkedRequest, sqlx::Error> {
        let wrong_key = |key: &str| !(1..=KEY_CHARS_MAX).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic());
        if key.is_some_and(wrong_key) {
            let words = "The idempotency key must have 1 to 36 printable characters";
            return Ok(WorkedRequest::refused(ApiRequestError::new(400, "10103", words, Some("Idempotency-Key"))));
        }
        let mut in_flight = None;
        if let Some(key) = key {
            in_flight = self.in_flight.take(key);
            if in_flight.is_none() {
                let words = "A request with this key is being worked on";
                return Ok(WorkedRequest::refused(ApiRequestError::new(400, "10107", words, Some("Idempotency-Key"))));
            }
        }
        let requested = match request::read(bytes, money::time::utc_day(moment(now_ms))) {
            Ok(requested) => requested,
            Err(error) => return Ok(WorkedRequest::refused(error)),
        };
        let hash: String = digest::digest(&digest::SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut tx = self.books.begin().await?;
        if let Some(key) = key
            && let Some((first_hash, payment_id)) = store::request_of_key(&mut tx, key, now_ms).await?
        {
            if first_hash != hash {
                let words = "The key was used with another body";
                return Ok(WorkedRequest::refused(ApiRequestError::new(400, "10106", words, Some("Idempotency-Key"))));
            }
            let answer = Ok(taken(&requested, &payment_id, true));
            return Ok(WorkedRequest { answer, delivery: AnswerDelivery::Now, after_callbacks: None, in_flight });
        }
        let behaviour = behaviour(&mut tx, &requested).await?;
        let (answer, delivery) = self.work(tx, &requested, &behaviour, key, &hash, now_ms).await?;
        self.queued.notify_one();
        // A request that is never answered would block its key until the bank stops.
        let in_flight = in_flight.filter(|_| matches!(delivery, AnswerDelivery::After(_)));
        let after_callbacks = (behaviour == ApiBehaviour::CallbackFirst).then(|| requested.end_to_end_id.clone());
        Ok(WorkedRequest { answer, delivery, after_callbacks, in_flight })
    }

    async fn work(
        &self,
        mut tx: Transaction<'static, sqlx::Any>,
        requested: &RequestedPayment,
        behaviour: &ApiBehaviour,
        key: Option<&str>,
        hash: &str,
        now_ms: i64,
    ) -> Result<(Result<Value, ApiRequestError>, AnswerDelivery), sqlx::Error> {
        let mut payment = KeptApiPayment {
            payment_id: Uuid::now_v7().to_string(),
            end_to_end_id: requested.end_to_end_id.clone(),
            payment_type: requested.payment_type.word().to_owned(),
            currency: requested.amount.currency().code().to_owned(),
            minor_units: requested.amount.minor_units(),
            request: requested.body.to_string(),
            status: "RECEIVED".to_owned(),
            sub_status: "RECEIVED".to_owned(),
            exception: String::new(),
            planned: String::new(),
            updated_at_ms: now_ms,
        };
        let duplicate = *behaviour == ApiBehaviour::DuplicateRequest;
        let answer = taken(requested, &payment.payment_id, duplicate);
        let not_taken = match behaviour {
            ApiBehaviour::Silent => Some((Ok(answer.clone()), AnswerDelivery::Never)),
            ApiBehaviour::Lose => Some((Ok(answer.clone()), AnswerDelivery::Cut)),
            ApiBehaviour::Refuse(code) => {
                let refused = ApiRequestError::new(if code.starts_with("125") { 503 } else { 400 }, code, "Refused on command", None);
                Some((Err(refused), AnswerDelivery::Now))
            }
            _ => None,
        };
        if let Some(not_taken) = not_taken {
            // The scenario's count is kept.
            tx.commit().await?;
            return Ok(not_taken);
        }
        store::insert_payment(&mut tx, &payment).await?;
        if let Some(key) = key {
            let until_ms = now_ms.saturating_add(money::time::millis(self.config.key_retention));
            let kept = store::keep_key(&mut tx, key, hash, &payment.payment_id, until_ms).await?;
            assert!(kept, "a key that is in flight is used by one request only");
        }
        push(&mut tx, &payment, false).await?;
        move_on(&mut tx, &mut payment, behaviour).await?;
        tx.commit().await?;
        let delivery = match behaviour {
            ApiBehaviour::Cut => AnswerDelivery::Cut,
            ApiBehaviour::Late(delay_ms) => AnswerDelivery::After(delay_ms.map_or(self.config.late_answer, Duration::from_millis)),
            ApiBehaviour::SilentExecuted => AnswerDelivery::Never,
            ApiBehaviour::Garbage => AnswerDelivery::Garbage,
            _ => AnswerDelivery::Now,
        };
        Ok((Ok(answer), delivery))
    }

    /// Returns when nothing about a payment is to be delivered any more, or after a time.
    pub async fn callbacks_delivered(&self, end_to_end_id: &str, at_most: Duration) -> Result<(), sqlx::Error> {
        let wait = async {
            loop {
                let changed = self.delivered.notified();
                if self.store.events_about(end_to_end_id).await? == 0 {
                    return Ok(());
                }
                changed.await;
            }
        };
        tokio::time::timeout(at_most, wait).await.unwrap_or(Ok(()))
    }

    /// The payments under an id, each in the API's words; what waits for a query happens now.
    pub async fn find(&self, end_to_end_id: &str, payment_type: Option<&str>, full: bool) -> Result<Vec<Value>, sqlx::Error> {
        let mut tx = self.books.begin().await?;
        store::lock_payments(&mut tx, end_to_end_id).await?;
        let mut found = store::payments(&mut tx, end_to_end_id).await?;
        found.retain(|payment| payment_type.is_none_or(|asked| asked == payment.payment_type));
        self.asked(tx, found, full).await
    }

    /// One payment by the bank's id; never one by ACH or wire.
    pub async fn get(&self, payment_id: &str, full: bool) -> Result<Option<Value>, sqlx::Error> {
        let mut tx = self.books.begin().await?;
        store::lock_payments(&mut tx, payment_id).await?;
        let found = store::payment(&mut tx, payment_id).await?;
        let found = found.into_iter().filter(|payment| !matches!(payment.payment_type.as_str(), "ACH" | "WIRE")).collect();
        Ok(self.asked(tx, found, full).await?.pop())
    }

    async fn asked(
        &self,
        mut tx: Transaction<'static, sqlx::Any>,
        mut found: Vec<KeptApiPayment>,
        full: bool,
    ) -> Result<Vec<Value>, sqlx::Error> {
        let mut answers = Vec::with_capacity(found.len());
        for payment in &mut found {
            let planned = ApiBehaviour::parse(&payment.planned);
            // A return comes after the answer that the payment is completed.
            let told = matches!(planned, Some(ApiBehaviour::Return(_))).then(|| described(payment, full));
            if let Some(planned) = planned {
                move_on(&mut tx, payment, &planned).await?;
            }
            answers.push(told.unwrap_or_else(|| described(payment, full)));
        }
        tx.commit().await?;
        self.queued.notify_one();
        Ok(answers)
    }

    /// Stores a scenario. One that decides about waiting payments does so at once.
    pub async fn set_scenario(&self, scenario: &ApiScenario) -> Result<(), sqlx::Error> {
        self.store.set_scenario(scenario).await?;
        let Some(behaviour) = ApiBehaviour::parse(&scenario.behaviour) else { return Ok(()) };
        if scenario.target != "end_to_end_id" {
            return Ok(());
        }
        let mut tx = self.books.begin().await?;
        store::lock_payments(&mut tx, &scenario.value).await?;
        for mut payment in store::payments(&mut tx, &scenario.value).await? {
            let decides = match behaviour {
                ApiBehaviour::Settle | ApiBehaviour::Reject(_) | ApiBehaviour::Cancel => payment.status == "PROCESSING",
                ApiBehaviour::Return(_) => payment.status == "COMPLETED" && payment.payment_type == "ACH",
                _ => false,
            };
            if decides {
                move_on(&mut tx, &mut payment, &behaviour).await?;
            }
        }
        tx.commit().await?;
        self.queued.notify_one();
        Ok(())
    }

    /// The account's statement. `None`: no such account.
    pub async fn statement(&self, currency: Currency, now_ms: i64) -> Result<Option<VaultStatement>, sqlx::Error> {
        self.books.statement(&own_account(currency), currency, now_ms, false).await
    }
}

fn taken(requested: &RequestedPayment, payment_id: &str, duplicate: bool) -> Value {
    let mut answer = json!({"endToEndId": requested.end_to_end_id, "paymentId": payment_id});
    if duplicate {
        answer["duplicateRequest"] = json!(true);
    }
    answer
}

async fn behaviour(tx: &mut AnyConnection, requested: &RequestedPayment) -> Result<ApiBehaviour, sqlx::Error> {
    for (target, value) in [("end_to_end_id", &requested.end_to_end_id), ("holder", &requested.creditor_name)] {
        let taken = store::take_scenario(tx, target, value).await?;
        if let Some(behaviour) = taken.and_then(|text| ApiBehaviour::parse(&text)).filter(|behaviour| *behaviour != ApiBehaviour::Cancel) {
            return Ok(behaviour);
        }
    }
    Ok(ApiBehaviour::of_name(&requested.creditor_name))
}

/// Moves a payment on as a behaviour says, stores it and queues the callback. The payment is new, or locked by this transaction.
async fn move_on(tx: &mut AnyConnection, payment: &mut KeptApiPayment, behaviour: &ApiBehaviour) -> Result<(), sqlx::Error> {
    let before = payment.clone();
    // Milliseconds may be equal for two changes; a status must not be.
    payment.updated_at_ms = super::now_ms().max(before.updated_at_ms + 1);
    payment.planned.clear();
    let mut told = None;
    match behaviour {
        ApiBehaviour::CallbackForged => push(tx, &rejected(payment), true).await?,
        ApiBehaviour::CallbackForeign => {
            let foreign = Uuid::now_v7().simple().to_string();
            push(tx, &KeptApiPayment { end_to_end_id: foreign.clone(), payment_id: foreign, ..payment.clone() }, false).await?;
        }
        _ => {}
    }
    match behaviour {
        ApiBehaviour::SettleLater => {
            set(payment, "PROCESSING", "PROCESSING_BY_JPM");
            payment.planned = "settle".to_owned();
        }
        ApiBehaviour::Pending => set(payment, "PROCESSING", "PENDING_JPM_REVIEW"),
        ApiBehaviour::ComplianceReview => set(payment, "PROCESSING", "PENDING_COMPLIANCE_REVIEW"),
        ApiBehaviour::Reject(code) => {
            set(payment, "REJECTED", "REJECTED");
            payment.exception.clone_from(code);
        }
        ApiBehaviour::Cancel => set(payment, "CANCELED", "CANCELED"),
        ApiBehaviour::Return(code) if before.status == "COMPLETED" => {
            let entry = entry(payment, &format!("return {}", payment.payment_id), payment.minor_units, &format!("returned {code}"));
            vault::book(tx, &payment.currency, &entry).await?;
            set(payment, "RETURNED", "RETURNED");
            payment.exception.clone_from(code);
        }
        _ => {
            execute(tx, payment).await?;
            if let ApiBehaviour::Return(code) = behaviour
                && payment.payment_type == "ACH"
                && payment.status == "COMPLETED"
            {
                payment.planned = format!("return:{code}");
            }
            told = (*behaviour == ApiBehaviour::Contradict).then(|| rejected(payment));
        }
    }
    let updated = store::update_payment(tx, payment, before.updated_at_ms).await?;
    assert!(updated, "a locked payment is changed by nobody else");
    push(tx, told.as_ref().unwrap_or(payment), false).await
}

/// The same payment, as a lie has it.
fn rejected(payment: &KeptApiPayment) -> KeptApiPayment {
    let mut told = payment.clone();
    set(&mut told, "REJECTED", "REJECTED");
    told.exception = "11500".to_owned();
    told
}

fn set(payment: &mut KeptApiPayment, status: &str, sub_status: &str) {
    (payment.status, payment.sub_status) = (status.to_owned(), sub_status.to_owned());
}

fn entry(payment: &KeptApiPayment, reference: &str, minor_units: i64, information: &str) -> VaultEntry {
    VaultEntry {
        reference: reference.to_owned(),
        end_to_end_id: payment.end_to_end_id.clone(),
        information: information.to_owned(),
        details: Vec::new(),
        minor_units,
        booked_at_ms: payment.updated_at_ms,
    }
}

/// Books the payment; without enough money it waits for funding, until the next query.
async fn execute(tx: &mut AnyConnection, payment: &mut KeptApiPayment) -> Result<(), sqlx::Error> {
    let information = format!("{} payment", payment.payment_type);
    let entry = entry(payment, &payment.payment_id, -payment.minor_units, &information);
    if vault::book(tx, &payment.currency, &entry).await? == VaultResult::Refused {
        set(payment, "PROCESSING", "PENDING_FUNDING_REVIEW");
        payment.planned = "settle".to_owned();
        return Ok(());
    }
    let sub_status = if matches!(payment.payment_type.as_str(), "ACH" | "WIRE") { "COMPLETED_BY_JPM" } else { "DELIVERED_TO_RECIPIENT" };
    set(payment, "COMPLETED", sub_status);
    Ok(())
}

/// Queues a callback about a payment as it is given.
async fn push(tx: &mut AnyConnection, payment: &KeptApiPayment, is_forged: bool) -> Result<(), sqlx::Error> {
    let (payload, about) = (described(payment, false).to_string(), payment.end_to_end_id.clone());
    let event = KeptEvent { event_id: Uuid::now_v7().to_string(), about, payload, is_forged, created_at_ms: super::now_ms() };
    store::queue_event(tx, &event).await
}

/// A payment in the API's words; in full with the request's fields.
fn described(payment: &KeptApiPayment, full: bool) -> Value {
    let request: Value = serde_json::from_str(&payment.request).unwrap_or_default();
    let mut answer = if full { request.clone() } else { json!({}) };
    answer["paymentId"] = json!(payment.payment_id);
    answer["paymentStatus"] = json!(payment.status);
    answer["paymentSubStatus"] = json!(payment.sub_status);
    answer["statusUpdatedAt"] = json!(moment(payment.updated_at_ms).to_string());
    answer["requestedExecutionDate"] = request["requestedExecutionDate"].clone();
    answer["paymentIdentifiers"] = json!({"endToEndId": payment.end_to_end_id});
    answer["paymentType"] = json!(payment.payment_type);
    answer["transferType"] = json!("CREDIT");
    if !payment.exception.is_empty() {
        answer["exceptions"] = json!([exception(&payment.exception)]);
    }
    answer
}

/// A code of five digits is the API's own; others are those of a standard beside it.
fn exception(code: &str) -> Value {
    if code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return json!({"code": code, "message": "Rejected on command"});
    }
    let kind = if bankfiles::nacha::return_code(code).is_some() { "CLEARING_NACHA" } else { "ISO20022" };
    json!({"code": "11500", "message": "Rejected on command", "additionalContext": [{"type": kind, "code": code, "message": "On command"}]})
}
