//! Payments that came back, `pacs.004`: which payment, how much of it, and why.

use crate::{
    Error, ReasonCode,
    report::read_reason,
    value::{amount, count, date, decimal, text, texts, time},
    xml::{
        Element,
        envelope::{self, Enveloped},
    },
};
use jiff::{Timestamp, civil::Date};
use money::Money;
use rust_decimal::Decimal;

/// The versions that are read. Compared: the schemas of 09 and 10, which differ in accounts of the return's chain only.
const VERSIONS: [&str; 2] = ["urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09", "urn:iso:std:iso:20022:tech:xsd:pacs.004.001.10"];

/// One message of returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReturns {
    /// `MsgId`.
    pub message_id: String,
    /// `CreDtTm`.
    pub created: Timestamp,
    /// `NbOfTxs`.
    pub stated_count: u64,
    /// `CtrlSum`, in major units.
    pub stated_sum: Option<Decimal>,
    /// `TtlRtrdIntrBkSttlmAmt`.
    pub stated_total: Option<Money>,
    /// `IntrBkSttlmDt`: when the money moves back, unless a return has its own.
    pub settlement_date: Option<Date>,
    /// `GrpRtr`: the whole original message comes back.
    pub is_whole_group: bool,
    /// `OrgnlGrpInf`: the original message of all returns.
    pub original: Option<OriginalMessage>,
    /// `OrgnlGrpInf/RtrRsnInf`.
    pub reasons: Vec<ReturnReason>,
    /// `TxInf`, in order. May be empty if the whole group comes back.
    pub returns: Vec<PaymentReturn>,
}

/// The message that had the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalMessage {
    /// `OrgnlMsgId`.
    pub id: String,
    /// `OrgnlMsgNmId`, such as `pacs.008.001.08`.
    pub name: String,
    /// `OrgnlCreDtTm`.
    pub created: Option<Timestamp>,
}

/// One payment that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReturn {
    /// `RtrId`.
    pub return_id: Option<String>,
    /// `OrgnlGrpInf`, if it differs from payment to payment.
    pub original: Option<OriginalMessage>,
    /// `OrgnlInstrId`.
    pub instruction_id: Option<String>,
    /// `OrgnlEndToEndId`; `NOTPROVIDED` is none.
    pub end_to_end_id: Option<String>,
    /// `OrgnlTxId`.
    pub transaction_id: Option<String>,
    /// `OrgnlUETR`.
    pub uetr: Option<String>,
    /// `OrgnlClrSysRef`.
    pub clearing_reference: Option<String>,
    /// `OrgnlIntrBkSttlmAmt`.
    pub original_amount: Option<Money>,
    /// `OrgnlIntrBkSttlmDt`.
    pub original_date: Option<Date>,
    /// `RtrdIntrBkSttlmAmt`: what comes back between the banks. May be less than the original.
    pub returned: Money,
    /// `IntrBkSttlmDt`.
    pub settlement_date: Option<Date>,
    /// `RtrdInstdAmt`: before charges and exchange.
    pub instructed: Option<Money>,
    /// `XchgRate`.
    pub exchange_rate: Option<Decimal>,
    /// `CompstnAmt`: paid for the trouble.
    pub compensation: Option<Money>,
    /// `ChrgBr`.
    pub charge_bearer: Option<String>,
    /// `ChrgsInf/Amt`, in order.
    pub charges: Vec<Money>,
    /// `RtrRsnInf`, in order.
    pub reasons: Vec<ReturnReason>,
}

/// Why a payment came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnReason {
    /// `Rsn`.
    pub reason: Option<ReasonCode>,
    /// `AddtlInf`, in order.
    pub additional: Vec<String>,
}

impl PaymentReturns {
    /// Reads a `pacs.004`, also behind a header or in an envelope. Totals are compared by [`Self::check_totals`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_enveloped(&envelope::read(bytes, &VERSIONS)?)
    }

    /// Reads one whose XML was read already.
    pub fn from_enveloped(enveloped: &Enveloped) -> Result<Self, Error> {
        let message = &enveloped.message;
        if message.name() != "PmtRtr" {
            return Err(Error::value(message.name(), "PmtRtr"));
        }
        let header = message.one("GrpHdr")?;
        let group = message.optional("OrgnlGrpInf")?;
        let returns: Vec<PaymentReturn> = message.all("TxInf").map(read_return).collect::<Result<_, _>>()?;
        let is_whole_group = header.optional_text("GrpRtr")?.is_some_and(|flag| matches!(flag, "true" | "1"));
        if returns.is_empty() && !is_whole_group {
            return Err(Error::Missing { parent: "PmtRtr".to_owned(), element: "TxInf" });
        }
        Ok(Self {
            message_id: header.text_of("MsgId")?.to_owned(),
            created: time(header.one("CreDtTm")?)?,
            stated_count: count(header.one("NbOfTxs")?)?,
            stated_sum: header.optional("CtrlSum")?.map(decimal).transpose()?,
            stated_total: header.optional("TtlRtrdIntrBkSttlmAmt")?.map(amount).transpose()?,
            settlement_date: day(header, "IntrBkSttlmDt")?,
            is_whole_group,
            original: group.map(read_original).transpose()?,
            reasons: group.map(read_reasons).transpose()?.unwrap_or_default(),
            returns,
        })
    }

    /// Compares the header's count, control sum and total with the returns. A whole group without its payments has nothing to compare.
    pub fn check_totals(&self) -> Result<(), Error> {
        if self.returns.is_empty() {
            return Ok(());
        }
        if self.returns.len() as u64 != self.stated_count {
            return Err(Error::Total { element: "NbOfTxs" });
        }
        let sum = self.returns.iter().try_fold(Decimal::ZERO, |sum, item| sum.checked_add(item.returned.to_decimal()));
        if self.stated_sum.is_some_and(|stated| Some(stated) != sum) {
            return Err(Error::Total { element: "CtrlSum" });
        }
        let Some(total) = self.stated_total else { return Ok(()) };
        let same_currency = self.returns.iter().all(|item| item.returned.currency() == total.currency());
        if same_currency && Some(total.to_decimal()) == sum { Ok(()) } else { Err(Error::Total { element: "TtlRtrdIntrBkSttlmAmt" }) }
    }
}

/// The message an `OrgnlGrpInf` names.
pub(crate) fn read_original(element: &Element) -> Result<OriginalMessage, Error> {
    Ok(OriginalMessage {
        id: element.text_of("OrgnlMsgId")?.to_owned(),
        name: element.text_of("OrgnlMsgNmId")?.to_owned(),
        created: element.optional("OrgnlCreDtTm")?.map(time).transpose()?,
    })
}

/// An optional child that is an `ISODate`.
pub(crate) fn day(element: &Element, name: &'static str) -> Result<Option<Date>, Error> {
    let text = element.optional_text(name)?;
    text.map(|text| date(text).ok_or_else(|| Error::value(name, "an ISO 8601 date"))).transpose()
}

fn read_reasons(element: &Element) -> Result<Vec<ReturnReason>, Error> {
    let one = |info: &Element| {
        Ok(ReturnReason { reason: info.optional("Rsn")?.map(read_reason).transpose()?, additional: texts(info.all("AddtlInf"))? })
    };
    element.all("RtrRsnInf").map(one).collect()
}

fn read_return(element: &Element) -> Result<PaymentReturn, Error> {
    let money = |name| element.optional(name)?.map(amount).transpose();
    Ok(PaymentReturn {
        return_id: text(element, "RtrId")?,
        original: element.optional("OrgnlGrpInf")?.map(read_original).transpose()?,
        instruction_id: text(element, "OrgnlInstrId")?,
        end_to_end_id: text(element, "OrgnlEndToEndId")?.filter(|id| id != crate::pain002::NOT_PROVIDED),
        transaction_id: text(element, "OrgnlTxId")?,
        uetr: text(element, "OrgnlUETR")?,
        clearing_reference: text(element, "OrgnlClrSysRef")?,
        original_amount: money("OrgnlIntrBkSttlmAmt")?,
        original_date: day(element, "OrgnlIntrBkSttlmDt")?,
        returned: amount(element.one("RtrdIntrBkSttlmAmt")?)?,
        settlement_date: day(element, "IntrBkSttlmDt")?,
        instructed: money("RtrdInstdAmt")?,
        exchange_rate: element.optional("XchgRate")?.map(decimal).transpose()?,
        compensation: money("CompstnAmt")?,
        charge_bearer: text(element, "ChrgBr")?,
        charges: element.all("ChrgsInf").map(|charge| amount(charge.one("Amt")?)).collect::<Result<_, _>>()?,
        reasons: read_reasons(element)?,
    })
}

#[cfg(test)]
mod tests;
