//! Recalls: the payer asks for money back, the other bank answers later or never.

use super::{
    behaviour::{Behaviour, RecallAnswer},
    books::{
        self, BankEntry, BankEntryKind, Booking, KeptPayment,
        events::{self, DueEvent, KeptRecall},
    },
    clock::{fresh_id, moment},
    desk::{DeskError, PaymentDesk},
    returns::{GivenBack, ReturnResult, give_back},
    statement::{BANK_NAME, OWNER},
};
use iso20022::{
    ReasonCode,
    cancellation::CancellationRequest,
    pain001::MESSAGE_NAME,
    resolution::{CancellationOutcome, CancellationReason, CancelledTransaction, Repayment, Resolution},
    returns::OriginalMessage,
};
use money::Currency;
use sqlx::AnyConnection;

/// The rail that has no returns: money comes back as a payment of its own.
const RAIL_WITHOUT_RETURNS: &str = "us-rtp";
/// A return that follows a recall (`ExternalReturnReason1Code`).
const AFTER_RECALL: &str = "FOCR";

impl PaymentDesk {
    /// Takes a recall; one that came before is answered as it stands. The first answer is always "pending".
    pub async fn recall(&self, request: &CancellationRequest, now_ms: i64) -> Result<String, DeskError> {
        let mut tx = self.books().begin().await?;
        let mut is_new = false;
        for (payment, transaction) in request.transactions() {
            let recall = KeptRecall {
                recall_id: request.assignment_id.clone(),
                end_to_end_id: transaction.end_to_end_id.clone(),
                message_id: payment.original_message_id.clone().unwrap_or_default(),
                outcome: String::new(),
                reason: String::new(),
                repaid_by: String::new(),
                received_at_ms: now_ms,
                decided_at_ms: 0,
            };
            let is_first = events::insert_recall(&mut tx, &recall).await?;
            is_new |= is_first;
            let paid = books::payment(&mut tx, &recall.end_to_end_id).await?;
            let differs = transaction.amount.is_some_and(|amount| paid.as_ref().is_some_and(|paid| paid.money() != Some(amount)));
            if is_first && differs {
                events::decide_recall(&mut tx, &refused(recall, "NARR", now_ms)).await?;
            }
        }
        if is_new {
            let at_ms = now_ms.saturating_add(self.later_ms());
            events::set_due(&mut tx, DueEvent::Recall, &request.assignment_id, at_ms).await?;
        }
        let answer = self.resolution(&mut tx, &request.assignment_id, now_ms).await?;
        tx.commit().await?;
        self.wake();
        Ok(answer.map(|answer| answer.write(BANK_NAME, OWNER)).transpose()?.unwrap_or_default())
    }

    /// The answer to a recall, decided now if it was to be decided later. `None`: no such recall.
    pub async fn ask_recall(&self, recall_id: &str, now_ms: i64) -> Result<Option<String>, DeskError> {
        self.answer_recall(recall_id, now_ms).await?;
        let mut tx = self.books().begin().await?;
        let answer = self.resolution(&mut tx, recall_id, now_ms).await?;
        tx.rollback().await?;
        Ok(answer.map(|answer| answer.write(BANK_NAME, OWNER)).transpose()?)
    }

    /// Decides a recall that is due, once.
    pub async fn answer_recall(&self, recall_id: &str, now_ms: i64) -> Result<(), DeskError> {
        let mut tx = self.books().begin().await?;
        if !events::take_due(&mut tx, DueEvent::Recall, recall_id).await? {
            return Ok(tx.rollback().await?);
        }
        let mut is_answered = false;
        for recall in events::recall(&mut tx, recall_id).await? {
            if !recall.outcome.is_empty() {
                is_answered = true;
                continue;
            }
            let payment = books::payment(&mut tx, &recall.end_to_end_id).await?;
            let Some((decided, entry)) = decide(&mut tx, recall, payment.as_ref(), now_ms).await? else { continue };
            is_answered = true;
            events::decide_recall(&mut tx, &decided).await?;
            if let Some(payment) = &payment {
                book_fee(&mut tx, &decided, payment, self.recall_fee(), now_ms).await?;
            }
            if let (Some(entry), Some(payment)) = (entry, &payment) {
                self.push_entries(&mut tx, payment, &[entry], now_ms).await?;
            }
        }
        if is_answered && self.mailbox().has_receivers() {
            let answer = self.resolution(&mut tx, recall_id, now_ms).await?;
            if let Some(answer) = answer {
                self.mailbox().push(&mut tx, recall_id, &[(answer.write(BANK_NAME, OWNER)?, false)], now_ms).await?;
            }
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    async fn resolution(&self, tx: &mut AnyConnection, recall_id: &str, now_ms: i64) -> Result<Option<Resolution>, DeskError> {
        let recalls = events::recall(tx, recall_id).await?;
        if recalls.is_empty() {
            return Ok(None);
        }
        let count = |outcome: &str| recalls.iter().filter(|recall| recall.outcome == outcome).count();
        let confirmation = match (count(""), count("ACCR"), count("RJCR")) {
            (0, _, 0) => "CNCL",
            (0, 0, _) => "RJCR",
            (0, _, _) => "PECR",
            _ => "PDCR",
        };
        let mut transactions = Vec::new();
        for recall in &recalls {
            let payment = books::payment(tx, &recall.end_to_end_id).await?;
            transactions.push(transaction(recall, payment.as_ref()));
        }
        Ok(Some(Resolution {
            assignment_id: fresh_id("A"),
            created: moment(now_ms),
            case_id: Some(recall_id.to_owned()),
            confirmation: Some(confirmation.to_owned()),
            groups: Vec::new(),
            transactions,
        }))
    }
}

/// Books what the recall of a payment costs, whatever was decided, once.
async fn book_fee(tx: &mut AnyConnection, recall: &KeptRecall, payment: &KeptPayment, fee: i64, now_ms: i64) -> Result<(), sqlx::Error> {
    if fee == 0 {
        return Ok(());
    }
    let reference = format!("fee for recall {} of {}", recall.recall_id, recall.end_to_end_id);
    let kind = BankEntryKind::Fee;
    let booking = Booking { currency: &payment.currency, minor_units: -fee, reference: &reference, now_ms, kind, ..Booking::default() };
    books::book(tx, booking).await?;
    Ok(())
}

fn refused(recall: KeptRecall, code: &str, now_ms: i64) -> KeptRecall {
    KeptRecall { outcome: "RJCR".to_owned(), reason: code.to_owned(), decided_at_ms: now_ms, ..recall }
}

/// The recall as it is decided, with the credit if money comes back. `None`: it is never answered.
async fn decide(
    tx: &mut AnyConnection,
    recall: KeptRecall,
    payment: Option<&KeptPayment>,
    now_ms: i64,
) -> Result<Option<(KeptRecall, Option<BankEntry>)>, sqlx::Error> {
    let Some(payment) = payment else { return Ok(Some((refused(recall, "NOOR", now_ms), None))) };
    let scenario = books::take_scenario(tx, "end_to_end_id", &payment.end_to_end_id).await?;
    let chosen = scenario.as_deref().and_then(Behaviour::parse).filter(|chosen| matches!(chosen, Behaviour::Recalled(_)));
    let answer = match chosen.or_else(|| Behaviour::parse(&payment.behaviour)) {
        Some(Behaviour::Recalled(answer)) => answer,
        _ => RecallAnswer::Accept,
    };
    match (answer, payment.status.as_str()) {
        (RecallAnswer::Never, _) => Ok(None),
        (RecallAnswer::Refuse(code), _) => Ok(Some((refused(recall, code.code(), now_ms), None))),
        (RecallAnswer::Accept, "ACSP" | "PDNG") => {
            let cancelled = KeptPayment { status: "CANC".to_owned(), decided_at_ms: now_ms, ..payment.clone() };
            books::set_status(tx, &cancelled, &payment.status).await?;
            Ok(Some((accepted(recall, now_ms), None)))
        }
        (RecallAnswer::Accept, "ACSC") => {
            let own = (payment.rail == RAIL_WITHOUT_RETURNS).then(|| fresh_id("N"));
            let back = GivenBack { code: AFTER_RECALL, minor_units: None, charge: 0, as_new: own.as_deref() };
            match give_back(tx, payment, back, now_ms).await? {
                ReturnResult::Done(entry) => {
                    let recall = KeptRecall { repaid_by: own.unwrap_or_default(), ..accepted(recall, now_ms) };
                    Ok(Some((recall, Some(*entry))))
                }
                ReturnResult::NotFound | ReturnResult::TooMuch => Ok(Some((refused(recall, "ARDT", now_ms), None))),
            }
        }
        (RecallAnswer::Accept, _) => Ok(Some((refused(recall, "ARJT", now_ms), None))),
    }
}

fn accepted(recall: KeptRecall, now_ms: i64) -> KeptRecall {
    KeptRecall { outcome: "ACCR".to_owned(), decided_at_ms: now_ms, ..recall }
}

fn transaction(recall: &KeptRecall, payment: Option<&KeptPayment>) -> CancelledTransaction {
    let amount = payment.and_then(KeptPayment::money);
    let outcome = match recall.outcome.as_str() {
        "" => CancellationOutcome::Pending,
        decided => CancellationOutcome::from_code(decided),
    };
    let reason = CancellationReason { reason: Some(ReasonCode::from_code(&recall.reason)), additional: Vec::new() };
    let day = |payment: &KeptPayment| {
        let currency = Currency::try_new(&payment.currency).ok()?;
        Some(super::rails::day_of(currency, moment(recall.decided_at_ms)))
    };
    let original = (!recall.message_id.is_empty()).then(|| OriginalMessage {
        id: recall.message_id.clone(),
        name: MESSAGE_NAME.to_owned(),
        created: None,
    });
    CancelledTransaction {
        status_id: None,
        case_id: None,
        original,
        payment_id: None,
        instruction_id: None,
        end_to_end_id: Some(recall.end_to_end_id.clone()),
        transaction_id: None,
        uetr: None,
        outcome: Some(outcome),
        reasons: if recall.reason.is_empty() { Vec::new() } else { vec![reason] },
        original_amount: amount,
        original_date: None,
        repayment: (!recall.repaid_by.is_empty()).then(|| Repayment {
            end_to_end_id: Some(recall.repaid_by.clone()),
            uetr: None,
            amount,
            date: payment.and_then(day),
            charges: Vec::new(),
        }),
    }
}
