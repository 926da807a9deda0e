//! Mistakes of the bank in its own books, on command: what a statement shows then is for a person to explain.

use super::{
    books::{
        self, BankEntry, BankEntryKind, Booking, BookingResult,
        entries::{booked_payment, show_batches},
    },
    clock::fresh_id,
    desk::{DeskError, PaymentDesk},
};
use money::Currency;
use serde::Deserialize;
use sqlx::AnyConnection;

/// The body of `POST /statements/{currency}/faults`.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum StatementFault {
    /// The payment is debited again.
    DuplicateDebit {
        /// The payment.
        end_to_end_id: String,
    },
    /// The payment was debited with another amount.
    WrongAmount {
        /// The payment.
        end_to_end_id: String,
        /// What it is debited with in all.
        minor_units: i64,
    },
    /// Money comes in that nobody knows.
    UnknownCredit {
        /// Its amount in minor units.
        minor_units: i64,
    },
    /// Money goes out that nobody ordered.
    UnknownDebit {
        /// Its amount in minor units.
        minor_units: i64,
    },
    /// Batches are shown without their transactions from now on.
    BareBatches,
    /// Batches are shown with their transactions again.
    FullBatches,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultResult {
    /// It is in the books.
    Done,
    /// No such account or payment.
    NotFound,
    /// The amount is not above zero, or more than the account has.
    Refused,
}

impl PaymentDesk {
    /// Makes the mistake.
    pub async fn make_fault(&self, currency: Currency, fault: &StatementFault, now_ms: i64) -> Result<FaultResult, DeskError> {
        let mut tx = self.books().begin().await?;
        let result = match fault {
            StatementFault::BareBatches => show_batches(&mut tx, currency, true).await.map(|()| FaultResult::Done)?,
            StatementFault::FullBatches => show_batches(&mut tx, currency, false).await.map(|()| FaultResult::Done)?,
            StatementFault::UnknownCredit { minor_units } => wrong_booking(&mut tx, currency, "", *minor_units, now_ms).await?,
            StatementFault::UnknownDebit { minor_units } => {
                wrong_booking(&mut tx, currency, "", minor_units.saturating_neg(), now_ms).await?
            }
            StatementFault::DuplicateDebit { end_to_end_id } => match booked_payment(&mut tx, currency, end_to_end_id).await? {
                Some(booked) => wrong_booking(&mut tx, currency, end_to_end_id, booked, now_ms).await?,
                None => FaultResult::NotFound,
            },
            StatementFault::WrongAmount { end_to_end_id, minor_units } => rebook(&mut tx, currency, end_to_end_id, *minor_units).await?,
        };
        if result == FaultResult::Done {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok(result)
    }
}

async fn rebook(tx: &mut AnyConnection, currency: Currency, end_to_end_id: &str, minor_units: i64) -> Result<FaultResult, sqlx::Error> {
    if !(1..=money::AMOUNT_MAX).contains(&minor_units) {
        return Ok(FaultResult::Refused);
    }
    let Some(booked) = booked_payment(tx, currency, end_to_end_id).await? else { return Ok(FaultResult::NotFound) };
    let is_done = books::entries::change_amount(tx, currency, end_to_end_id, -minor_units - booked).await?;
    Ok(if is_done { FaultResult::Done } else { FaultResult::Refused })
}

async fn wrong_booking(
    tx: &mut AnyConnection,
    currency: Currency,
    end_to_end_id: &str,
    minor_units: i64,
    now_ms: i64,
) -> Result<FaultResult, sqlx::Error> {
    if minor_units == 0 || minor_units.unsigned_abs() > money::AMOUNT_MAX.unsigned_abs() {
        return Ok(FaultResult::Refused);
    }
    let reference = fresh_id("U");
    let currency = currency.code();
    let booking =
        Booking { currency, minor_units, reference: &reference, end_to_end_id, now_ms, kind: BankEntryKind::Fault, ..Booking::default() };
    let booked: Option<Box<BankEntry>> = match books::book(tx, booking).await? {
        BookingResult::Done(entry) => Some(entry),
        BookingResult::Before | BookingResult::Refused => None,
    };
    Ok(if booked.is_some() { FaultResult::Done } else { FaultResult::Refused })
}
