//! Many payments in one message, each of which is answered for on its own.

use super::{Exchanged, Iso20022Bank, REPORT_NAMESPACE, instruction, note_doubt, transfer, weigh};
use crate::{
    banks::connector::{PaymentOrder, ReceivedAnswer, UnwritableOrder},
    domain::{
        BankAnswer,
        evidence::{BankEvidence, Doubt, SentPayment},
    },
};
use iso20022::{
    Error,
    pain001::{CreditTransfer, Initiation, PaymentInstruction},
    pain002::StatusReport,
    rail::RailTable,
    xml::DOCUMENT_BYTES_MAX,
};
use reqwest::{Method, StatusCode};
use std::{collections::HashSet, time::Duration};

/// As much of an answer that can't be read is kept with each payment; the rest says nothing else to people.
const UNREAD_BYTES_MAX: usize = 2 * 1024;

impl Iso20022Bank {
    /// How many payments one message to it has at most; at least two.
    #[must_use]
    pub fn payments_max(&self) -> usize {
        self.payments_max
    }

    /// Writes one message with these payments, which have its id, its time, and the payer's account, currency and rail in common.
    pub fn shared_message(&self, orders: &[PaymentOrder<'_>]) -> Result<String, UnwritableOrder> {
        let first = orders.first().ok_or_else(|| UnwritableOrder("a message without payments".to_owned()))?;
        let table = RailTable::default();
        let transfers: Vec<CreditTransfer> = orders.iter().map(transfer).collect();
        let is_batch = self.books_batches && transfers.len() > 1;
        let payment = PaymentInstruction { batch_booking: is_batch, ..instruction(&table, first, first.message_id.clone(), transfers)? };
        let message = Initiation::new(first.message_id.clone(), first.created, first.debtor_name, vec![payment]);
        message.write().map_err(|error| UnwritableOrder(error.to_string()))
    }

    /// Sends a message of these payments; what the answer means for each, in their order. One that the answer leaves out is undecided.
    pub async fn send_shared(&self, subjects: &[SentPayment<'_>], message: String, time_out: Duration) -> Vec<ReceivedAnswer> {
        match self.call(Method::POST, "payments", Some(message), time_out, DOCUMENT_BYTES_MAX).await {
            Ok(exchanged) => each(&exchanged, subjects),
            Err((http_status, why)) => subjects.iter().map(|_| super::lost(http_status, why)).collect(),
        }
    }
}

/// What one answer means for each payment of its message.
pub(super) fn each(exchanged: &Exchanged, subjects: &[SentPayment<'_>]) -> Vec<ReceivedAnswer> {
    let Exchanged { status, body, cut, .. } = exchanged;
    let report = match (cut, StatusReport::read(body)) {
        (Some(why), _) => return unread(*status, (*why).to_owned(), body, subjects, false),
        (None, Err(Error::Version { found })) => {
            let why = format!("HTTP {} with a {found}, a version that is not read here", status.as_u16());
            return unread(*status, why, body, subjects, true);
        }
        (None, Err(_)) => return unread(*status, format!("HTTP {} without a status report", status.as_u16()), body, subjects, false),
        (None, Ok(report)) => report,
    };
    let ids: Vec<&str> = subjects.iter().map(|subject| subject.end_to_end_id).collect();
    let answer = |(subject, part): (&SentPayment<'_>, Option<StatusReport>)| {
        let http_status = status.as_u16();
        let Some(part) = part else { return super::lost(http_status, "the bank's answer leaves this payment out") };
        let answer = weigh(*status, None, &part, *subject);
        note_doubt(&answer, *subject);
        // Only what a bank may not write can't be written: then the answer's meaning is kept, in words.
        let body = part.write().map(String::into_bytes).unwrap_or_default();
        ReceivedAnswer { http_status, body, answer, unread_version: false }
    };
    subjects.iter().zip(report.parts(&ids)).map(answer).collect()
}

/// An answer that can't be read proves of those that it names that they were seen.
fn unread(status: StatusCode, why: String, body: &[u8], subjects: &[SentPayment<'_>], unread_version: bool) -> Vec<ReceivedAnswer> {
    let is_report = body.windows(REPORT_NAMESPACE.len()).any(|place| place == REPORT_NAMESPACE);
    let texts: HashSet<&[u8]> = body.split(|byte| matches!(byte, b'<' | b'>')).map(<[u8]>::trim_ascii).collect();
    let answer = |subject: &SentPayment<'_>| {
        let is_named = status != StatusCode::NOT_FOUND && is_report && texts.contains(subject.end_to_end_id.as_bytes());
        let answer = if is_named { BankAnswer::Named(BankEvidence::only_seen(Doubt::Unreadable)) } else { BankAnswer::Lost(why.clone()) };
        let body = body.get(..UNREAD_BYTES_MAX).unwrap_or(body).to_vec();
        ReceivedAnswer { http_status: status.as_u16(), body, answer, unread_version }
    };
    subjects.iter().map(answer).collect()
}

#[cfg(test)]
mod tests;
