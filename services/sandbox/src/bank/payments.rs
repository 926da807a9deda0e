//! The bank's decisions: accept a payment, execute it once, and repeat the first answer.

use super::{
    behaviour::{Behaviour, CallbackTrick},
    books::{self, Booking, BookingResult, KeptPayment},
    decide::{Execution, ReceivedTransfer, chosen, decide, first_answer},
    desk::{DeskError, PaymentDesk},
    news::News,
    returns::give_back_planned,
    scenario::{BankScenario, behaviour_of},
    status::{group_rejected, report, report_of},
};
use iso20022::{
    pain001::{Initiation, TRANSFERS_MAX},
    pain002::{PaymentReport, StatusReport},
};
use money::Money;
use sqlx::AnyConnection;
use std::{collections::HashMap, time::Duration};

/// Transfers that share a transaction: many at once are cheap, and others wait no longer than for so many.
const TRANSFERS_AT_ONCE: usize = 200;

/// What the peer receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The answer, at once.
    Now,
    /// The answer, after this delay.
    After(Duration),
    /// The answer, once the callbacks about this payment are delivered.
    AfterCallbacks(String),
    /// No answer; the connection is cut.
    Cut,
    /// No answer; the connection stays open.
    Never,
    /// Bytes that are no answer.
    Garbage,
}

/// The result of a transfer: the payment's current state (`None` if it was lost, or is left out of the answer), and how it is answered.
struct TakenTransfer {
    payment: Option<KeptPayment>,
    delivery: Delivery,
    trick: Option<CallbackTrick>,
}

/// What the books say of a message's payments, with those of the message that were taken before.
struct KnownPayments {
    kept: HashMap<String, KeptPayment>,
    has_scenarios: bool,
}

impl TakenTransfer {
    fn answered(payment: Option<KeptPayment>) -> Self {
        Self { payment, delivery: Delivery::Now, trick: None }
    }
}

impl PaymentDesk {
    /// Accepts every transfer of a message, some hundred in a transaction, and those of a batch in one; durable before the answer.
    pub async fn pay(&self, message: &Initiation, now_ms: i64) -> Result<(StatusReport, Delivery), DeskError> {
        if let Err(error) = message.check_totals() {
            let code = if matches!(error, iso20022::Error::Total { element: "NbOfTxs" }) { "AM18" } else { "AM10" };
            return Ok((group_rejected(&message.message_id, code, &error.to_string(), now_ms), Delivery::Now));
        }
        let mut delivery = Delivery::Now;
        let mut reports = Vec::new();
        for payment in &message.payments {
            let is_batched = payment.batch_booking && payment.transfers.len() > 1;
            let at_once = if is_batched { TRANSFERS_MAX } else { TRANSFERS_AT_ONCE };
            let mut transactions = Vec::new();
            for transfers in payment.transfers.chunks(at_once) {
                let instructions = transfers.iter().map(|transfer| ReceivedTransfer { message, payment, transfer, is_batched });
                for taken in self.take_all(instructions.collect(), now_ms).await? {
                    if taken.delivery != Delivery::Now {
                        delivery = taken.delivery;
                    }
                    transactions.extend(taken.payment.as_ref().map(report_of));
                }
            }
            let original_payment_id = payment.payment_id.clone();
            reports.push(PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions });
        }
        Ok((report(&message.message_id, reports, now_ms), delivery))
    }

    /// Takes transfers in one transaction, and pushes what happened.
    async fn take_all(&self, instructions: Vec<ReceivedTransfer<'_>>, now_ms: i64) -> Result<Vec<TakenTransfer>, DeskError> {
        let mut tx = self.books.begin().await?;
        let (mut all, mut news) = (Vec::new(), News::default());
        let ids = instructions.iter().map(|instruction| instruction.transfer.end_to_end_id.as_str()).collect();
        let mut known = KnownPayments { kept: books::payments(&mut tx, &ids).await?, has_scenarios: books::has_scenarios(&mut tx).await? };
        for instruction in &instructions {
            let mut own = News::default();
            let taken = self.take(&mut tx, instruction, &mut known, &mut own, now_ms).await?;
            match taken.trick {
                Some(trick) => self.push_news(&mut tx, &instruction.transfer.end_to_end_id, &own, Some(trick), now_ms).await?,
                None => {
                    news.payments.append(&mut own.payments);
                    news.entries.append(&mut own.entries);
                }
            }
            all.push(taken);
        }
        let about = instructions.first().map_or("", |instruction| instruction.message.message_id.as_str());
        self.push_news(&mut tx, about, &news, None, now_ms).await?;
        tx.commit().await?;
        self.wake();
        Ok(all)
    }

    async fn take(
        &self,
        tx: &mut AnyConnection,
        instruction: &ReceivedTransfer<'_>,
        known: &mut KnownPayments,
        news: &mut News,
        now_ms: i64,
    ) -> Result<TakenTransfer, sqlx::Error> {
        let end_to_end_id = &instruction.transfer.end_to_end_id;
        let mut payment = instruction.payment(now_ms);
        if let Some(first) = known.kept.get(end_to_end_id) {
            if first.same_instruction(&payment) {
                // The first answer applies to this message too, and queries refer to the latest message.
                books::set_message(tx, &payment).await?;
            }
            return Ok(TakenTransfer::answered(Some(first_answer(first.clone(), payment))));
        }
        payment.behaviour = match known.has_scenarios {
            true => chosen(tx, &payment, instruction.holder()).await?,
            false => behaviour_of(&payment.creditor_account, instruction.holder()),
        };
        let behaviour = Behaviour::parse(&payment.behaviour).unwrap_or(Behaviour::Settle);
        let lost = match behaviour {
            Behaviour::Silent => Some(Delivery::Never),
            Behaviour::Lose => Some(Delivery::Cut),
            Behaviour::LoseOnce if books::lose(tx, end_to_end_id).await? => Some(Delivery::Cut),
            _ => None,
        };
        if let Some(delivery) = lost {
            return Ok(TakenTransfer { payment: None, delivery, trick: None });
        }
        if !books::insert_payment(tx, &payment).await? {
            // PostgreSQL: a concurrent transaction with the same EndToEndId committed meanwhile; its answer counts.
            let first = books::payment(tx, end_to_end_id).await?;
            return Ok(TakenTransfer::answered(first.map(|first| first_answer(first, payment))));
        }
        match instruction.refusal(&self.config, now_ms) {
            Some((reason, words)) => payment.reject(reason, words, now_ms),
            None => {
                let execution = Execution { is_batched: instruction.is_batched, later_ms: self.later_ms(), now_ms };
                decide(tx, &mut payment, &behaviour, execution, &mut news.entries).await?;
            }
        }
        books::set_status(tx, &payment, "RCVD").await?;
        known.kept.insert(end_to_end_id.clone(), payment.clone());
        news.payments.push(payment.clone());
        if behaviour == Behaviour::Callback(CallbackTrick::Disorder) && payment.status == "ACSC" {
            // The answer is older than what the callbacks tell.
            payment.status = "ACSP".to_owned();
        }
        let (delivery, trick) = self.delivery(&behaviour, end_to_end_id);
        Ok(TakenTransfer { payment: (behaviour != Behaviour::Unreported).then_some(payment), delivery, trick })
    }

    fn delivery(&self, behaviour: &Behaviour, end_to_end_id: &str) -> (Delivery, Option<CallbackTrick>) {
        let trick = if let Behaviour::Callback(trick) = behaviour { Some(*trick) } else { None };
        let delivery = match behaviour {
            Behaviour::Cut => Delivery::Cut,
            Behaviour::Late(delay_ms) => Delivery::After(delay_ms.map_or(self.config.late_answer, Duration::from_millis)),
            Behaviour::SilentExecuted => Delivery::Never,
            Behaviour::Garbage => Delivery::Garbage,
            Behaviour::Callback(CallbackTrick::First) => Delivery::AfterCallbacks(end_to_end_id.to_owned()),
            _ => Delivery::Now,
        };
        (delivery, trick)
    }

    /// Reports a payment's status; one that settles later settles now. `None`: there is no such payment.
    pub async fn ask(&self, end_to_end_id: &str, now_ms: i64) -> Result<Option<StatusReport>, DeskError> {
        let mut tx = self.books.begin().await?;
        let Some(mut payment) = books::payment(&mut tx, end_to_end_id).await? else { return Ok(None) };
        if payment.status == "ACSP" {
            payment = self.move_on(tx, payment, &Behaviour::Settle, now_ms).await?;
        } else if let Some(entry) = give_back_planned(&mut tx, &payment, now_ms).await? {
            self.push_entries(&mut tx, &payment, &[entry], now_ms).await?;
            tx.commit().await?;
            self.wake();
        } else {
            // Nothing is written, but what is said may have been, by another writer of the same commit.
            tx.commit().await?;
        }
        let transactions = vec![report_of(&payment)];
        let original_payment_id = payment.payment_id.clone();
        let reports = vec![PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions }];
        Ok(Some(report(&payment.message_id, reports, now_ms)))
    }

    /// Stores a scenario. One that settles or rejects a waiting payment does so at once.
    pub async fn set_scenario(&self, scenario: &BankScenario, now_ms: i64) -> Result<(), DeskError> {
        self.books.set_scenario(scenario).await?;
        let Some(behaviour @ (Behaviour::Settle | Behaviour::Reject(_))) = Behaviour::parse(&scenario.behaviour) else { return Ok(()) };
        if scenario.target != "end_to_end_id" {
            return Ok(());
        }
        let mut tx = self.books.begin().await?;
        if let Some(payment) = books::payment(&mut tx, &scenario.value).await? {
            self.move_on(tx, payment, &behaviour, now_ms).await?;
        }
        Ok(())
    }

    async fn move_on(
        &self,
        mut tx: db::QueuedTransaction,
        mut payment: KeptPayment,
        behaviour: &Behaviour,
        now_ms: i64,
    ) -> Result<KeptPayment, DeskError> {
        let from = payment.status.clone();
        if !matches!(from.as_str(), "ACSP" | "PDNG") {
            return Ok(payment);
        }
        let mut news = News::default();
        let execution = Execution { is_batched: false, later_ms: self.later_ms(), now_ms };
        decide(&mut tx, &mut payment, behaviour, execution, &mut news.entries).await?;
        if books::set_status(&mut tx, &payment, &from).await? {
            news.payments.push(payment.clone());
            self.push_news(&mut tx, &payment.end_to_end_id, &news, None, now_ms).await?;
            tx.commit().await?;
            self.wake();
            return Ok(payment);
        }
        // Another transaction changed it first; our booking is rolled back.
        tx.rollback().await?;
        let mut tx = self.books.begin().await?;
        Ok(books::payment(&mut tx, &payment.end_to_end_id).await?.unwrap_or(payment))
    }

    /// Deposits money from elsewhere. False: no such account. Repeating a reference changes nothing.
    pub async fn deposit(&self, amount: Money, reference: &str, now_ms: i64) -> Result<bool, sqlx::Error> {
        let mut tx = self.books.begin().await?;
        let reference = format!("deposit {reference}");
        let currency = amount.currency();
        let (currency, minor_units) = (currency.code(), amount.minor_units());
        let booking = Booking { currency, minor_units, reference: &reference, now_ms, ..Booking::default() };
        let booked = books::book(&mut tx, booking).await?;
        tx.commit().await?;
        Ok(booked != BookingResult::Refused)
    }
}
