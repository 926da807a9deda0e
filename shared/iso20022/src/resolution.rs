//! Answers of a bank to requests for cancellation, `camt.029`: what became of each payment that was to be cancelled, and why.

use crate::{
    Error, ReasonCode,
    report::{choice, read_reason},
    returns::{OriginalMessage, day, read_original},
    value::{amount, text, texts, time},
    xml::{
        Element,
        envelope::{self, Enveloped},
    },
};
use jiff::{Timestamp, civil::Date};
use money::Money;

mod write;

/// The versions that are read: the schema of 09 was compared, and the clearings' own forms of it.
const VERSIONS: [&str; 1] = ["urn:iso:std:iso:20022:tech:xsd:camt.029.001.09"];

/// What became of a request for cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CancellationOutcome {
    /// `ACCR`: accepted. The money itself comes with a return or a booking; this alone is none.
    Accepted,
    /// `RJCR`: refused; the payment stands.
    Refused,
    /// `PDCR`: not decided.
    Pending,
    /// `PACR`: accepted for some payments of a group.
    InPart,
    /// Another code, left to a person.
    Other(String),
}

impl CancellationOutcome {
    /// Reads the code.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "ACCR" => Self::Accepted,
            "RJCR" => Self::Refused,
            "PDCR" => Self::Pending,
            "PACR" => Self::InPart,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Accepted => "ACCR",
            Self::Refused => "RJCR",
            Self::Pending => "PDCR",
            Self::InPart => "PACR",
            Self::Other(other) => other,
        }
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// `Assgnmt/Id`.
    pub assignment_id: String,
    /// `Assgnmt/CreDtTm`.
    pub created: Timestamp,
    /// `RslvdCase/Id`.
    pub case_id: Option<String>,
    /// `Sts/Conf`: the answer to the case as a whole, such as `CNCL`, `RJCR`, `PDCR` or `IPAY`; see
    /// [`CodeList::InvestigationConfirmation`](crate::codes::handling::CodeList::InvestigationConfirmation).
    pub confirmation: Option<String>,
    /// `OrgnlGrpInfAndSts` and `OrgnlPmtInfAndSts`, in order: the answers for whole messages and payments.
    pub groups: Vec<GroupCancellation>,
    /// Every `TxInfAndSts`, in order, also those inside payments.
    pub transactions: Vec<CancelledTransaction>,
}

/// The answer for a whole message or payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCancellation {
    /// The message, if it is named.
    pub original: Option<OriginalMessage>,
    /// `OrgnlPmtInfId`, for the answer about a payment.
    pub payment_id: Option<String>,
    /// `GrpCxlSts` or `PmtInfCxlSts`.
    pub outcome: Option<CancellationOutcome>,
    /// `CxlStsRsnInf`.
    pub reasons: Vec<CancellationReason>,
}

/// The answer for one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledTransaction {
    /// `CxlStsId`.
    pub status_id: Option<String>,
    /// `RslvdCase/Id`.
    pub case_id: Option<String>,
    /// `OrgnlGrpInf`.
    pub original: Option<OriginalMessage>,
    /// `OrgnlPmtInfId` of the payment it is in.
    pub payment_id: Option<String>,
    /// `OrgnlInstrId`.
    pub instruction_id: Option<String>,
    /// `OrgnlEndToEndId`; `NOTPROVIDED` is none.
    pub end_to_end_id: Option<String>,
    /// `OrgnlTxId`.
    pub transaction_id: Option<String>,
    /// `OrgnlUETR`, or `UETR` in a customer's answer.
    pub uetr: Option<String>,
    /// `TxCxlSts`. If absent, the group's or the case's answer counts.
    pub outcome: Option<CancellationOutcome>,
    /// `CxlStsRsnInf`, in order.
    pub reasons: Vec<CancellationReason>,
    /// `OrgnlIntrBkSttlmAmt` or `OrgnlInstdAmt`.
    pub original_amount: Option<Money>,
    /// `OrgnlIntrBkSttlmDt`.
    pub original_date: Option<Date>,
    /// `RsltnRltdInf`: the payment with which the money comes back.
    pub repayment: Option<Repayment>,
}

/// How the money of a cancelled payment comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repayment {
    /// `EndToEndId`.
    pub end_to_end_id: Option<String>,
    /// `UETR`.
    pub uetr: Option<String>,
    /// `IntrBkSttlmAmt`.
    pub amount: Option<Money>,
    /// `IntrBkSttlmDt`.
    pub date: Option<Date>,
    /// `Chrgs/Amt`: kept back.
    pub charges: Vec<Money>,
}

/// A reason for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationReason {
    /// `Rsn`, a code of `ExternalPaymentCancellationRejection1Code` or a bank's own.
    pub reason: Option<ReasonCode>,
    /// `AddtlInf`, in order.
    pub additional: Vec<String>,
}

impl Resolution {
    /// Reads a `camt.029`, also behind a header or in an envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_enveloped(&envelope::read(bytes, &VERSIONS)?)
    }

    /// Reads one whose XML was read already.
    pub fn from_enveloped(enveloped: &Enveloped) -> Result<Self, Error> {
        let message = &enveloped.message;
        if message.name() != "RsltnOfInvstgtn" {
            return Err(Error::value(message.name(), "RsltnOfInvstgtn"));
        }
        let assignment = message.one("Assgnmt")?;
        let status = message.one("Sts")?;
        let confirmation = match status.optional("Conf")? {
            Some(conf) if !conf.children().is_empty() => Some(choice(conf)?),
            Some(conf) => Some(conf.text()?.to_owned()),
            None => None,
        };
        let (mut groups, mut transactions) = (Vec::new(), Vec::new());
        for details in message.all("CxlDtls") {
            for group in details.all("OrgnlGrpInfAndSts") {
                groups.push(read_group(group, Some(read_original(group)?), "GrpCxlSts")?);
            }
            for payment in details.all("OrgnlPmtInfAndSts") {
                let original = payment.optional("OrgnlGrpInf")?.map(read_original).transpose()?;
                let group = read_group(payment, original, "PmtInfCxlSts")?;
                for transaction in payment.all("TxInfAndSts") {
                    transactions.push(read_transaction(transaction, group.payment_id.clone())?);
                }
                groups.push(group);
            }
            for transaction in details.all("TxInfAndSts") {
                transactions.push(read_transaction(transaction, None)?);
            }
        }
        Ok(Self {
            assignment_id: assignment.text_of("Id")?.to_owned(),
            created: time(assignment.one("CreDtTm")?)?,
            case_id: case_id(message)?,
            confirmation,
            groups,
            transactions,
        })
    }
}

fn case_id(element: &Element) -> Result<Option<String>, Error> {
    Ok(element.optional("RslvdCase")?.map(|case| text(case, "Id")).transpose()?.flatten())
}

fn outcome(element: &Element, name: &'static str) -> Result<Option<CancellationOutcome>, Error> {
    Ok(element.optional_text(name)?.map(CancellationOutcome::from_code))
}

fn read_reasons(element: &Element) -> Result<Vec<CancellationReason>, Error> {
    let one = |info: &Element| {
        Ok(CancellationReason { reason: info.optional("Rsn")?.map(read_reason).transpose()?, additional: texts(info.all("AddtlInf"))? })
    };
    element.all("CxlStsRsnInf").map(one).collect()
}

fn read_group(element: &Element, original: Option<OriginalMessage>, status: &'static str) -> Result<GroupCancellation, Error> {
    Ok(GroupCancellation {
        original,
        payment_id: text(element, "OrgnlPmtInfId")?,
        outcome: outcome(element, status)?,
        reasons: read_reasons(element)?,
    })
}

fn read_transaction(element: &Element, payment_id: Option<String>) -> Result<CancelledTransaction, Error> {
    let between_banks = element.optional("OrgnlIntrBkSttlmAmt")?;
    let original_amount = if between_banks.is_some() { between_banks } else { element.optional("OrgnlInstdAmt")? };
    Ok(CancelledTransaction {
        status_id: text(element, "CxlStsId")?,
        case_id: case_id(element)?,
        original: element.optional("OrgnlGrpInf")?.map(read_original).transpose()?,
        payment_id,
        instruction_id: text(element, "OrgnlInstrId")?,
        end_to_end_id: text(element, "OrgnlEndToEndId")?.filter(|id| id != crate::pain002::NOT_PROVIDED),
        transaction_id: text(element, "OrgnlTxId")?,
        uetr: text(element, "OrgnlUETR")?.or(text(element, "UETR")?),
        outcome: outcome(element, "TxCxlSts")?,
        reasons: read_reasons(element)?,
        original_amount: original_amount.map(amount).transpose()?,
        original_date: day(element, "OrgnlIntrBkSttlmDt")?,
        repayment: element.optional("RsltnRltdInf")?.map(read_repayment).transpose()?,
    })
}

fn read_repayment(element: &Element) -> Result<Repayment, Error> {
    Ok(Repayment {
        end_to_end_id: text(element, "EndToEndId")?,
        uetr: text(element, "UETR")?,
        amount: element.optional("IntrBkSttlmAmt")?.map(amount).transpose()?,
        date: day(element, "IntrBkSttlmDt")?,
        charges: element.all("Chrgs").map(|charge| amount(charge.one("Amt")?)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests;
