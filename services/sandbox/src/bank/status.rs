//! What the bank says of payments: pain.002.
use super::{
    books::KeptPayment,
    clock::{fresh_id, moment},
};
use iso20022::{
    ReasonCode, TransactionStatus,
    pain001::{MESSAGE_NAME, TransferAmount},
    pain002::{ADDITIONAL_CHARS_MAX, PaymentReport, StatusReason, StatusReport, TransactionReport},
};

/// A report about payments of a message.
pub fn report(original_message_id: &str, payments: Vec<PaymentReport>, now_ms: i64) -> StatusReport {
    StatusReport {
        message_id: fresh_id("R"),
        created: moment(now_ms),
        original_message_id: original_message_id.to_owned(),
        original_message_name: MESSAGE_NAME.to_owned(),
        group_status: None,
        group_reasons: Vec::new(),
        payments,
    }
}

/// Refuses a whole message.
pub fn group_rejected(original_message_id: &str, code: &str, words: &str, now_ms: i64) -> StatusReport {
    let words = words.chars().filter(|c| !c.is_control()).take(ADDITIONAL_CHARS_MAX).collect::<String>();
    let mut report = report(original_message_id, Vec::new(), now_ms);
    report.group_status = Some(TransactionStatus::Rjct);
    report.group_reasons = vec![StatusReason { reason: Some(ReasonCode::from_code(code)), additional: vec![words.trim().to_owned()] }];
    report
}

/// The status of a payment.
pub fn report_of(payment: &KeptPayment) -> TransactionReport {
    let reason = (!payment.reason.is_empty())
        .then(|| StatusReason { reason: Some(ReasonCode::from_code(&payment.reason)), additional: vec![payment.words.clone()] });
    TransactionReport {
        end_to_end_id: Some(payment.end_to_end_id.clone()),
        status: Some(TransactionStatus::from_code(&payment.status)),
        reasons: reason.into_iter().collect(),
        accepted: Some(moment(payment.received_at_ms)),
        bank_reference: None,
        instructed_amount: payment.money().map(TransferAmount::Instructed),
        settled_amount: None,
    }
}

/// A report that names the payment and no status.
pub fn not_found(end_to_end_id: &str, now_ms: i64) -> StatusReport {
    let reason = StatusReason { reason: Some(ReasonCode::from_code("AG09")), additional: vec!["no such payment here".to_owned()] };
    let transaction = TransactionReport {
        end_to_end_id: Some(end_to_end_id.to_owned()),
        status: None,
        reasons: vec![reason],
        accepted: None,
        bank_reference: None,
        instructed_amount: None,
        settled_amount: None,
    };
    let original_payment_id = "NOTPROVIDED".to_owned();
    let payment = PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions: vec![transaction] };
    report("NOTPROVIDED", vec![payment], now_ms)
}
