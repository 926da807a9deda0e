//! Payment status report, `pain.002.001.10`: what became of a `pain.001`.

use crate::{
    Error, ReasonCode, StatusOutcome, TransactionStatus,
    value::{REFERENCE_CHARS_MAX, text_leaf, time, time_leaf},
    xml::{self, Element},
};
use jiff::Timestamp;

/// The message's namespace, as it is written.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10";
/// The versions that are read: in all of them the elements read here have the same names, places and meanings (compared: the schemas of 03 and 10; statuses and
/// reasons became external lists in between, and none of the versions after 10 moved what is read). Of an older one (02 and before) transfers are elsewhere.
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
/// `AddtlInf` is `Max105Text`.
pub const ADDITIONAL_CHARS_MAX: usize = 105;

/// One report about one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// `MsgId` of this report.
    pub message_id: String,
    /// `CreDtTm` of this report.
    pub created: Timestamp,
    /// `OrgnlMsgId`: the message it speaks of.
    pub original_message_id: String,
    /// `OrgnlMsgNmId`, such as `pain.001.001.09`.
    pub original_message_name: String,
    /// `GrpSts`: of the message as a whole.
    pub group_status: Option<TransactionStatus>,
    /// Why, for the group.
    pub group_reasons: Vec<StatusReason>,
    /// `OrgnlPmtInfAndSts`.
    pub payments: Vec<PaymentReport>,
}

/// About one `PmtInf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReport {
    /// `OrgnlPmtInfId`.
    pub original_payment_id: String,
    /// `PmtInfSts`: of all its transfers.
    pub status: Option<TransactionStatus>,
    /// Why, for all of them.
    pub reasons: Vec<StatusReason>,
    /// `TxInfAndSts`.
    pub transactions: Vec<TransactionReport>,
}

/// About one transfer.
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
}

/// A reason with words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReason {
    /// `Rsn/Cd` or `Rsn/Prtry`.
    pub reason: Option<ReasonCode>,
    /// `AddtlInf`, each at most 105 characters.
    pub additional: Vec<String>,
}

/// What a report says of one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The nearest status: the transfer's own, else its payment's, else the group's.
    pub status: TransactionStatus,
    /// The reasons given with it.
    pub reasons: Vec<StatusReason>,
}

impl Verdict {
    /// What it means for money.
    #[must_use]
    pub fn outcome(&self) -> StatusOutcome {
        self.status.outcome()
    }

    /// The first code.
    #[must_use]
    pub fn reason(&self) -> Option<&ReasonCode> {
        self.reasons.iter().find_map(|reason| reason.reason.as_ref())
    }

    /// The bank's own words, joined.
    #[must_use]
    pub fn additional(&self) -> String {
        self.reasons.iter().flat_map(|reason| reason.additional.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }
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

    /// What it says of a transfer of the message `message_id`; `None` where it says nothing of it. A status of the whole group counts only
    /// for that message, and only where the report does not name the transfer: a report about another message must not decide this one.
    #[must_use]
    pub fn verdict(&self, end_to_end_id: &str, message_id: &str) -> Option<Verdict> {
        for payment in &self.payments {
            let named = |transaction: &&TransactionReport| transaction.end_to_end_id.as_deref() == Some(end_to_end_id);
            let Some(transaction) = payment.transactions.iter().find(named) else { continue };
            let nearest = [(&transaction.status, &transaction.reasons), (&payment.status, &payment.reasons)];
            return nearest.into_iter().find_map(|(status, reasons)| Some(Verdict { status: status.clone()?, reasons: reasons.clone() }));
        }
        let lone = self.payments.iter().all(|payment| payment.transactions.is_empty());
        let status = self.group_status.clone().filter(|_| lone && self.original_message_id == message_id)?;
        Some(Verdict { status, reasons: self.group_reasons.clone() })
    }

    /// True where the report names the transfer at all, with or without a status.
    #[must_use]
    pub fn names(&self, end_to_end_id: &str) -> bool {
        let mut transactions = self.payments.iter().flat_map(|payment| &payment.transactions);
        transactions.any(|transaction| transaction.end_to_end_id.as_deref() == Some(end_to_end_id))
    }

    /// Writes the report. Refuses what the schema would.
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
            (Some(code), None) => Some(ReasonCode::from_code(code)),
            (None, Some(own)) => Some(ReasonCode::Proprietary(own.to_owned())),
            _ => return Err(Error::value("Rsn", "either Cd or Prtry")),
        },
    };
    let additional = element.all("AddtlInf").map(|line| line.text().map(str::to_owned)).collect::<Result<_, _>>()?;
    Ok(StatusReason { reason, additional })
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
    Ok(TransactionReport {
        end_to_end_id: element.optional_text("OrgnlEndToEndId")?.map(str::to_owned),
        status: read_status(element, "TxSts")?,
        reasons: read_reasons(element)?,
        accepted: element.optional("AccptncDtTm")?.map(time).transpose()?,
        bank_reference: element.optional_text("AcctSvcrRef")?.map(str::to_owned),
    })
}

fn write_reasons(reasons: &[StatusReason]) -> Result<Vec<Element>, Error> {
    reasons.iter().map(write_reason).collect()
}

fn write_reason(reason: &StatusReason) -> Result<Element, Error> {
    let mut element = Element::new("StsRsnInf");
    if let Some(reason) = &reason.reason {
        let code = match reason {
            ReasonCode::Known(_) | ReasonCode::Other(_) => text_leaf("Cd", reason.code(), 4)?,
            ReasonCode::Proprietary(own) => text_leaf("Prtry", own, REFERENCE_CHARS_MAX)?,
        };
        element = element.with(Element::new("Rsn").with(code));
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
    Ok(element)
}

#[cfg(test)]
mod tests;
