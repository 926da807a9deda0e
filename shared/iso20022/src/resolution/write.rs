//! Answers to requests for cancellation as a bank writes them, `camt.029.001.09`.

use super::{CancellationReason, CancelledTransaction, Repayment, Resolution};
use crate::{
    Error,
    cancellation::named_party,
    codes::write_reason_code,
    returns::OriginalMessage,
    value::{REFERENCE_CHARS_MAX, amount_leaf, day_leaf, text_leaf, time_leaf},
    xml::{self, Element},
};

/// The message's namespace.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.029.001.09";
/// `Max105Text`.
const ADDITIONAL_CHARS_MAX: usize = 105;

impl Resolution {
    /// Writes the answer of `bank` to `customer`: per transaction. Refuses answers for whole messages and payments, which are only read.
    pub fn write(&self, bank: &str, customer: &str) -> Result<String, Error> {
        if !self.groups.is_empty() || self.transactions.iter().any(|transaction| transaction.payment_id.is_some()) {
            return Err(Error::value("CxlDtls", "answers per transaction"));
        }
        let confirmation = self.confirmation.as_deref().ok_or_else(|| Error::value("Sts", "a confirmation"))?;
        let assignment = Element::new("Assgnmt")
            .with(reference("Id", &self.assignment_id)?)
            .with(named_party("Assgnr", Some(bank))?)
            .with(named_party("Assgne", Some(customer))?)
            .with(time_leaf("CreDtTm", self.created));
        let mut message = Element::new("RsltnOfInvstgtn").with(assignment);
        if let Some(case) = &self.case_id {
            message = message.with(write_case(case, customer)?);
        }
        message = message.with(Element::new("Sts").with(text_leaf("Conf", confirmation, 4)?));
        let transactions = self.transactions.iter().map(|transaction| write_transaction(transaction, customer));
        let transactions = transactions.collect::<Result<Vec<_>, _>>()?;
        if !transactions.is_empty() {
            message = message.with(Element::new("CxlDtls").with_all(transactions));
        }
        Ok(xml::write(message, NAMESPACE))
    }
}

fn reference(name: &str, text: &str) -> Result<Element, Error> {
    text_leaf(name, text, REFERENCE_CHARS_MAX)
}

fn write_case(case: &str, creator: &str) -> Result<Element, Error> {
    Ok(Element::new("RslvdCase").with(reference("Id", case)?).with(named_party("Cretr", Some(creator))?))
}

fn write_transaction(transaction: &CancelledTransaction, customer: &str) -> Result<Element, Error> {
    let mut element = Element::new("TxInfAndSts");
    let texts = |element: Element, parts: &[(&str, &Option<String>)]| -> Result<Element, Error> {
        let mut element = element;
        for (name, text) in parts {
            if let Some(text) = text {
                element = element.with(reference(name, text)?);
            }
        }
        Ok(element)
    };
    element = texts(element, &[("CxlStsId", &transaction.status_id)])?;
    if let Some(case) = &transaction.case_id {
        element = element.with(write_case(case, customer)?);
    }
    if let Some(original) = &transaction.original {
        element = element.with(write_original(original)?);
    }
    element = texts(
        element,
        &[
            ("OrgnlInstrId", &transaction.instruction_id),
            ("OrgnlEndToEndId", &transaction.end_to_end_id),
            ("OrgnlTxId", &transaction.transaction_id),
        ],
    )?;
    if let Some(uetr) = &transaction.uetr {
        element = element.with(text_leaf("OrgnlUETR", uetr, REFERENCE_CHARS_MAX + 1)?);
    }
    if let Some(outcome) = &transaction.outcome {
        element = element.with(text_leaf("TxCxlSts", outcome.code(), 4)?);
    }
    element = element.with_all(transaction.reasons.iter().map(write_reason).collect::<Result<Vec<_>, _>>()?);
    if let Some(repayment) = &transaction.repayment {
        element = element.with(write_repayment(repayment)?);
    }
    if let Some(amount) = transaction.original_amount {
        element = element.with(amount_leaf("OrgnlIntrBkSttlmAmt", amount));
    }
    if let Some(day) = transaction.original_date {
        element = element.with(day_leaf("OrgnlIntrBkSttlmDt", day));
    }
    Ok(element)
}

fn write_original(original: &OriginalMessage) -> Result<Element, Error> {
    let mut element =
        Element::new("OrgnlGrpInf").with(reference("OrgnlMsgId", &original.id)?).with(reference("OrgnlMsgNmId", &original.name)?);
    if let Some(created) = original.created {
        element = element.with(time_leaf("OrgnlCreDtTm", created));
    }
    Ok(element)
}

fn write_reason(reason: &CancellationReason) -> Result<Element, Error> {
    let mut element = Element::new("CxlStsRsnInf");
    if let Some(code) = &reason.reason {
        element = element.with(write_reason_code(code)?);
    }
    for line in &reason.additional {
        element = element.with(text_leaf("AddtlInf", line, ADDITIONAL_CHARS_MAX)?);
    }
    Ok(element)
}

fn write_repayment(repayment: &Repayment) -> Result<Element, Error> {
    if !repayment.charges.is_empty() {
        return Err(Error::value("Chrgs", "absent: charges of a repayment are only read"));
    }
    let mut element = Element::new("RsltnRltdInf");
    if let Some(id) = &repayment.end_to_end_id {
        element = element.with(reference("EndToEndId", id)?);
    }
    if let Some(uetr) = &repayment.uetr {
        element = element.with(text_leaf("UETR", uetr, REFERENCE_CHARS_MAX + 1)?);
    }
    if let Some(amount) = repayment.amount {
        element = element.with(amount_leaf("IntrBkSttlmAmt", amount));
    }
    if let Some(day) = repayment.date {
        element = element.with(day_leaf("IntrBkSttlmDt", day));
    }
    Ok(element)
}

#[cfg(test)]
mod tests;
