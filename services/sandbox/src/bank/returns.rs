//! Payments that come back: all or a part of the money, once or several times, never more than was paid.

use super::{
    behaviour::{Behaviour, PlannedReturn},
    books::{
        self, BankEntry, BankEntryKind, Booking, BookingResult, KeptPayment,
        events::{DueEvent, take_due},
    },
    desk::{DeskError, PaymentDesk},
};
use money::Currency;
use sqlx::AnyConnection;

/// What another bank keeps of a partial return, in minor units, if the payment has as much left.
pub const RETURN_CHARGE: i64 = 100;

/// Money that comes back.
#[derive(Debug, Clone, Copy)]
pub struct GivenBack<'a> {
    /// A code of `ExternalReturnReason1Code`.
    pub code: &'a str,
    /// What is credited; all that is left if absent.
    pub minor_units: Option<i64>,
    /// What is kept back besides.
    pub charge: i64,
    /// The EndToEndId of a new payment, on rails without returns; absent: a return under the payment's own.
    pub as_new: Option<&'a str>,
}

/// What became of a request to return a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnResult {
    /// The credit.
    Done(Box<BankEntry>),
    /// No such payment.
    NotFound,
    /// Not executed, or less of it is left.
    TooMuch,
}

/// Books what comes back of an executed payment.
pub async fn give_back(
    tx: &mut AnyConnection,
    payment: &KeptPayment,
    back: GivenBack<'_>,
    now_ms: i64,
) -> Result<ReturnResult, sqlx::Error> {
    let left = payment.minor_units - payment.returned;
    let credit = back.minor_units.unwrap_or(left - back.charge);
    let taken = credit.checked_add(back.charge).filter(|taken| credit > 0 && back.charge >= 0 && *taken <= left);
    let Some(taken) = taken else { return Ok(ReturnResult::TooMuch) };
    if !books::count_return(tx, payment, taken).await? {
        return Ok(ReturnResult::TooMuch);
    }
    let own = format!("return {} {}", payment.returns + 1, payment.end_to_end_id);
    let booking = Booking {
        currency: &payment.currency,
        minor_units: credit,
        reference: back.as_new.unwrap_or(&own),
        end_to_end_id: back.as_new.unwrap_or(&payment.end_to_end_id),
        now_ms,
        kind: if back.as_new.is_some() { BankEntryKind::Received } else { BankEntryKind::Return },
        message_id: if back.as_new.is_some() { "" } else { &payment.message_id },
        payment_id: if back.as_new.is_some() { "" } else { &payment.payment_id },
        reason: back.code,
        charge: back.charge,
        original: payment.minor_units,
        ..Booking::default()
    };
    match books::book(tx, booking).await? {
        BookingResult::Done(entry) => Ok(ReturnResult::Done(entry)),
        // The account's row limits what it shows; the caller rolls back.
        BookingResult::Before | BookingResult::Refused => Ok(ReturnResult::TooMuch),
    }
}

/// The return that was planned for a payment, if it is still to come; only one caller gets it.
pub async fn give_back_planned(tx: &mut AnyConnection, payment: &KeptPayment, now_ms: i64) -> Result<Option<BankEntry>, sqlx::Error> {
    let Some(Behaviour::Return(planned)) = Behaviour::parse(&payment.behaviour) else { return Ok(None) };
    if payment.status != "ACSC" || !take_due(tx, DueEvent::Return, &payment.end_to_end_id).await? {
        return Ok(None);
    }
    let PlannedReturn { code, minor_units, .. } = planned;
    let left = payment.minor_units - payment.returned;
    let credit = minor_units.map(|part| part.min(left));
    let charge = credit.map_or(0, |credit| RETURN_CHARGE.min(left - credit));
    let back = GivenBack { code: code.code(), minor_units: credit, charge, as_new: None };
    match give_back(tx, payment, back, now_ms).await? {
        ReturnResult::Done(entry) => Ok(Some(*entry)),
        ReturnResult::NotFound | ReturnResult::TooMuch => Ok(None),
    }
}

impl PaymentDesk {
    /// Gives a payment back on command, as often as there is something left.
    pub async fn return_payment(&self, end_to_end_id: &str, back: GivenBack<'_>, now_ms: i64) -> Result<ReturnResult, DeskError> {
        let mut tx = self.books().begin().await?;
        let Some(payment) = books::payment(&mut tx, end_to_end_id).await? else { return Ok(ReturnResult::NotFound) };
        let result = give_back(&mut tx, &payment, back, now_ms).await?;
        let ReturnResult::Done(entry) = &result else {
            tx.rollback().await?;
            return Ok(result);
        };
        self.push_entries(&mut tx, &payment, std::slice::from_ref(entry.as_ref()), now_ms).await?;
        tx.commit().await?;
        self.wake();
        Ok(result)
    }

    /// Gives back what is due.
    pub async fn return_due(&self, end_to_end_id: &str, now_ms: i64) -> Result<(), DeskError> {
        let mut tx = self.books().begin().await?;
        let Some(payment) = books::payment(&mut tx, end_to_end_id).await? else { return Ok(()) };
        if let Some(entry) = give_back_planned(&mut tx, &payment, now_ms).await? {
            self.push_entries(&mut tx, &payment, &[entry], now_ms).await?;
        } else {
            // Nothing to give back: it would stay due for ever.
            take_due(&mut tx, DueEvent::Return, end_to_end_id).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Pushes a notification of entries of a payment.
    pub async fn push_entries(
        &self,
        tx: &mut AnyConnection,
        payment: &KeptPayment,
        entries: &[BankEntry],
        now_ms: i64,
    ) -> Result<(), DeskError> {
        if !self.mailbox().has_receivers() {
            return Ok(());
        }
        let Ok(currency) = Currency::try_new(&payment.currency) else { return Ok(()) };
        let body = super::statement::notification(currency, entries, now_ms).write()?;
        self.mailbox().push(tx, &payment.end_to_end_id, &[(body, false)], now_ms).await?;
        Ok(())
    }
}
