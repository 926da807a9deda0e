//! Payment status report, `pain.002.001.10`: the status of a `pain.001` and its transfers.

use crate::{
    Error, ReasonCode, TransactionStatus,
    codes::write_reason_code,
    pain001::TransferAmount,
    value::{REFERENCE_CHARS_MAX, amount, amount_leaf, text_leaf, time, time_leaf},
    xml::{self, Element},
};
use jiff::Timestamp;
use money::Money;

mod parts;
mod verdict;

pub use verdict::Verdict;

/// The message's namespace, as it is written.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10";
/// The versions that are read: in all of them the elements read here have the same names, places and meanings (compared: the schemas of 03 and 10; statuses and
/// reasons became external lists in between, and no version after 10 moved what is read). In older ones (02 and before) transfers are elsewhere.
const VERSIONS: [&str; 12] = [
    NAMESPACE,
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.04",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.05",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.06",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.07",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.08",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.09",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.11",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.13",
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.14",
];
/// `AddtlInf` is `Max105Text`; a longer text is cut when it is read.
pub const ADDITIONAL_CHARS_MAX: usize = 105;
/// `OrgnlMsgId` of a report that names no message.
pub const NOT_PROVIDED: &str = "NOTPROVIDED";
/// Length of a code of an external list (`ExternalStatusReason1Code`). A longer one is not of the list, and kept as the bank's own text.
const CODE_CHARS_MAX: usize = 4;

/// One report about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// `MsgId` of this report.
    pub message_id: String,
    /// `CreDtTm` of this report.
    pub created: Timestamp,
    /// `OrgnlMsgId`: the message it reports on.
    pub original_message_id: String,
    /// `OrgnlMsgNmId`, such as `pain.001.001.09`.
    pub original_message_name: String,
    /// `GrpSts`: the status of the message as a whole.
    pub group_status: Option<TransactionStatus>,
    /// The reasons for the group's status.
    pub group_reasons: Vec<StatusReason>,
    /// `OrgnlPmtInfAndSts`.
    pub payments: Vec<PaymentReport>,
}

/// The report on one `PmtInf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReport {
    /// `OrgnlPmtInfId`.
    pub original_payment_id: String,
    /// `PmtInfSts`: the status of all its transfers.
    pub status: Option<TransactionStatus>,
    /// The reasons for that status.
    pub reasons: Vec<StatusReason>,
    /// `TxInfAndSts`.
    pub transactions: Vec<TransactionReport>,
}

/// The report on one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionReport {
    /// `OrgnlEndToEndId`.
    pub end_to_end_id: Option<String>,
    /// `TxSts`.
    pub status: Option<TransactionStatus>,
    /// `StsRsnInf`.
    pub reasons: Vec<StatusReason>,
    /// `AccptncDtTm`: when the bank accepted it.
    pub accepted: Option<Timestamp>,
    /// `AcctSvcrRef`: the bank's own reference.
    pub bank_reference: Option<String>,
    /// `OrgnlTxRef/Amt`: the requested amount, as the bank repeats it.
    pub instructed_amount: Option<TransferAmount>,
    /// `OrgnlTxRef/IntrBkSttlmAmt`: the amount it settles.
    pub settled_amount: Option<Money>,
}

/// A reason, with text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReason {
    /// `Rsn/Cd` or `Rsn/Prtry`.
    pub reason: Option<ReasonCode>,
    /// `AddtlInf`, each cut to at most 105 characters.
    pub additional: Vec<String>,
}

impl StatusReport {
    /// Reads a report.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let document = xml::read(bytes, xml::version(bytes, &VERSIONS)?)?;
        let message = document.one("CstmrPmtStsRpt")?;
        let header = message.one("GrpHdr")?;
        let group = message.one("OrgnlGrpInfAndSts")?;
        Ok(Self {
            message_id: header.text_of("MsgId")?.to_owned(),
            created: time(header.one("CreDtTm")?)?,
            original_message_id: group.text_of("OrgnlMsgId")?.to_owned(),
            original_message_name: group.text_of("OrgnlMsgNmId")?.to_owned(),
            group_status: read_status(group, "GrpSts")?,
            group_reasons: read_reasons(group)?,
            payments: message.all("OrgnlPmtInfAndSts").map(read_payment).collect::<Result<_, _>>()?,
        })
    }

    /// Writes the report. Refuses what violates the schema.
    pub fn write(&self) -> Result<String, Error> {
        let header = Element::new("GrpHdr")
            .with(text_leaf("MsgId", &self.message_id, REFERENCE_CHARS_MAX)?)
            .with(time_leaf("CreDtTm", self.created));
        let mut group = Element::new("OrgnlGrpInfAndSts")
            .with(text_leaf("OrgnlMsgId", &self.original_message_id, REFERENCE_CHARS_MAX)?)
            .with(text_leaf("OrgnlMsgNmId", &self.original_message_name, REFERENCE_CHARS_MAX)?);
        if let Some(status) = &self.group_status {
            group = group.with(text_leaf("GrpSts", status.code(), 4)?);
        }
        group = group.with_all(write_reasons(&self.group_reasons)?);
        let payments = self.payments.iter().map(write_payment).collect::<Result<Vec<_>, _>>()?;
        let message = Element::new("CstmrPmtStsRpt").with(header).with(group).with_all(payments);
        Ok(xml::write(message, NAMESPACE))
    }
}

fn read_status(element: &Element, name: &'static str) -> Result<Option<TransactionStatus>, Error> {
    let text = element.optional_text(name)?;
    if text.is_some_and(|code| code.chars().count() > 4) {
        return Err(Error::value(name, "a code of at most four characters"));
    }
    Ok(text.map(TransactionStatus::from_code))
}

fn read_reasons(element: &Element) -> Result<Vec<StatusReason>, Error> {
    element.all("StsRsnInf").map(read_reason).collect()
}

fn read_reason(element: &Element) -> Result<StatusReason, Error> {
    let reason = match element.optional("Rsn")? {
        None => None,
        Some(reason) => match (reason.optional_text("Cd")?, reason.optional_text("Prtry")?) {
            (Some(code), None) if code.chars().count() <= CODE_CHARS_MAX => Some(ReasonCode::from_code(code)),
            (Some(own), None) | (None, Some(own)) => Some(ReasonCode::Proprietary(cut(own, REFERENCE_CHARS_MAX))),
            _ => return Err(Error::value("Rsn", "either Cd or Prtry")),
        },
    };
    let additional = element.all("AddtlInf").map(|line| line.text().map(|text| cut(text, ADDITIONAL_CHARS_MAX)));
    Ok(StatusReason { reason, additional: additional.collect::<Result<_, _>>()? })
}

/// A text up to its type's length. Refusing a report because of a too long text would lose the bank's decision.
fn cut(text: &str, chars_max: usize) -> String {
    let end = text.char_indices().nth(chars_max).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end().to_owned()
}

fn read_payment(element: &Element) -> Result<PaymentReport, Error> {
    Ok(PaymentReport {
        original_payment_id: element.text_of("OrgnlPmtInfId")?.to_owned(),
        status: read_status(element, "PmtInfSts")?,
        reasons: read_reasons(element)?,
        transactions: element.all("TxInfAndSts").map(read_transaction).collect::<Result<_, _>>()?,
    })
}

fn read_transaction(element: &Element) -> Result<TransactionReport, Error> {
    let original = element.optional("OrgnlTxRef")?;
    let instructed = original.map(|original| original.optional("Amt")).transpose()?.flatten();
    let settled = original.map(|original| original.optional("IntrBkSttlmAmt")).transpose()?.flatten();
    Ok(TransactionReport {
        end_to_end_id: element.optional_text("OrgnlEndToEndId")?.map(str::to_owned),
        status: read_status(element, "TxSts")?,
        reasons: read_reasons(element)?,
        accepted: element.optional("AccptncDtTm")?.map(time).transpose()?,
        bank_reference: element.optional_text("AcctSvcrRef")?.map(str::to_owned),
        instructed_amount: instructed.map(TransferAmount::read).transpose()?,
        settled_amount: settled.map(amount).transpose()?,
    })
}

fn write_reasons(reasons: &[StatusReason]) -> Result<Vec<Element>, Error> {
    reasons.iter().map(write_reason).collect()
}

fn write_reason(reason: &StatusReason) -> Result<Element, Error> {
    let mut element = Element::new("StsRsnInf");
    if let Some(reason) = &reason.reason {
        element = element.with(write_reason_code(reason)?);
    }
    let lines = reason.additional.iter().map(|line| text_leaf("AddtlInf", line, ADDITIONAL_CHARS_MAX));
    Ok(element.with_all(lines.collect::<Result<Vec<_>, _>>()?))
}

fn write_payment(payment: &PaymentReport) -> Result<Element, Error> {
    let id = text_leaf("OrgnlPmtInfId", &payment.original_payment_id, REFERENCE_CHARS_MAX)?;
    let mut element = Element::new("OrgnlPmtInfAndSts").with(id);
    if let Some(status) = &payment.status {
        element = element.with(text_leaf("PmtInfSts", status.code(), 4)?);
    }
    let transactions = payment.transactions.iter().map(write_transaction).collect::<Result<Vec<_>, _>>()?;
    Ok(element.with_all(write_reasons(&payment.reasons)?).with_all(transactions))
}

fn write_transaction(transaction: &TransactionReport) -> Result<Element, Error> {
    let mut element = Element::new("TxInfAndSts");
    if let Some(id) = &transaction.end_to_end_id {
        element = element.with(text_leaf("OrgnlEndToEndId", id, REFERENCE_CHARS_MAX)?);
    }
    if let Some(status) = &transaction.status {
        element = element.with(text_leaf("TxSts", status.code(), 4)?);
    }
    element = element.with_all(write_reasons(&transaction.reasons)?);
    if let Some(accepted) = transaction.accepted {
        element = element.with(time_leaf("AccptncDtTm", accepted));
    }
    if let Some(reference) = &transaction.bank_reference {
        element = element.with(text_leaf("AcctSvcrRef", reference, REFERENCE_CHARS_MAX)?);
    }
    let mut original = Vec::new();
    original.extend(transaction.settled_amount.map(|settled| amount_leaf("IntrBkSttlmAmt", settled)));
    match transaction.instructed_amount {
        Some(TransferAmount::Instructed(instructed)) => {
            original.push(Element::new("Amt").with(amount_leaf("InstdAmt", instructed)));
        }
        Some(TransferAmount::Equivalent(_)) => return Err(Error::value("Amt", "InstdAmt: equivalents are read and never written")),
        None => {}
    }
    if !original.is_empty() {
        element = element.with(Element::new("OrgnlTxRef").with_all(original));
    }
    Ok(element)
}

#[cfg(test)]
mod tests;
