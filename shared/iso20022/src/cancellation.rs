//! Requests of a customer to call payments back, `camt.055.001.08`: which payments, and why. The bank answers with a `camt.029`.

use crate::{
    Error, ReasonCode,
    codes::write_reason_code,
    report::read_reason,
    value::{NAME_CHARS_MAX, REFERENCE_CHARS_MAX, amount, amount_leaf, text, text_leaf, texts, time, time_leaf},
    xml::{self, Element},
};
use jiff::Timestamp;
use money::Money;

/// The message's namespace.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.055.001.08";
/// `Max105Text`.
const ADDITIONAL_CHARS_MAX: usize = 105;
/// Most payments that one request may call back here.
pub const RECALLS_MAX: usize = 10_000;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationRequest {
    /// `Assgnmt/Id`, at most 35 characters, new for every request; the answer names it as its case.
    pub assignment_id: String,
    /// `Assgnmt/CreDtTm`.
    pub created: Timestamp,
    /// `Assgnr`: who asks.
    pub asker: Option<String>,
    /// `Assgne`: the bank that is asked.
    pub bank: Option<String>,
    /// `OrgnlPmtInfAndCxl`, at least one.
    pub payments: Vec<PaymentToCancel>,
}

/// Transfers of one payment that are to come back (`OrgnlPmtInfAndCxl`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentToCancel {
    /// `OrgnlPmtInfId`.
    pub original_payment_id: String,
    /// `OrgnlGrpInf/OrgnlMsgId`.
    pub original_message_id: Option<String>,
    /// `OrgnlGrpInf/OrgnlMsgNmId`, such as `pain.001.001.09`. Written with the message's id.
    pub original_message_name: Option<String>,
    /// `TxInf`, at least one.
    pub transactions: Vec<TransactionToCancel>,
}

/// One transfer that is to come back (`TxInf`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionToCancel {
    /// `CxlId`.
    pub cancellation_id: Option<String>,
    /// `OrgnlEndToEndId`.
    pub end_to_end_id: String,
    /// `OrgnlUETR`.
    pub uetr: Option<String>,
    /// `OrgnlInstdAmt`.
    pub amount: Option<Money>,
    /// `CxlRsnInf/Rsn`, a code of `ExternalCancellationReason1Code`, such as `DUPL`, or a bank's own.
    pub reason: Option<ReasonCode>,
    /// `CxlRsnInf/AddtlInf`, in order.
    pub additional: Vec<String>,
}

impl CancellationRequest {
    /// Reads a request. Whole messages and whole payments are not called back here: every transfer has to be named.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let document = xml::read(bytes, NAMESPACE)?;
        let message = document.one("CstmrPmtCxlReq")?;
        let assignment = message.one("Assgnmt")?;
        let mut payments = Vec::new();
        for underlying in message.all("Undrlyg") {
            for payment in underlying.all("OrgnlPmtInfAndCxl") {
                payments.push(read_payment(payment)?);
            }
        }
        if payments.is_empty() {
            return Err(Error::Missing { parent: "Undrlyg".to_owned(), element: "OrgnlPmtInfAndCxl" });
        }
        if payments.iter().map(|payment| payment.transactions.len()).sum::<usize>() > RECALLS_MAX {
            return Err(Error::TooLarge { what: "the number of payments", max: RECALLS_MAX });
        }
        Ok(Self {
            assignment_id: assignment.text_of("Id")?.to_owned(),
            created: time(assignment.one("CreDtTm")?)?,
            asker: assignment.optional("Assgnr")?.map(party_name).transpose()?.flatten(),
            bank: assignment.optional("Assgne")?.map(party_name).transpose()?.flatten(),
            payments,
        })
    }

    /// Writes the request. Refuses what violates the schema, and a payment without a transfer.
    pub fn write(&self) -> Result<String, Error> {
        let payments = self.payments.iter().map(write_payment).collect::<Result<Vec<_>, _>>()?;
        let count: usize = self.payments.iter().map(|payment| payment.transactions.len()).sum();
        if payments.is_empty() {
            return Err(Error::Missing { parent: "Undrlyg".to_owned(), element: "OrgnlPmtInfAndCxl" });
        }
        let assignment = Element::new("Assgnmt")
            .with(text_leaf("Id", &self.assignment_id, REFERENCE_CHARS_MAX)?)
            .with(named_party("Assgnr", self.asker.as_deref())?)
            .with(named_party("Assgne", self.bank.as_deref())?)
            .with(time_leaf("CreDtTm", self.created));
        let message = Element::new("CstmrPmtCxlReq")
            .with(assignment)
            .with(Element::new("CtrlData").with_leaf("NbOfTxs", count.to_string()))
            .with(Element::new("Undrlyg").with_all(payments));
        Ok(xml::write(message, NAMESPACE))
    }

    /// Every transfer, with its payment.
    pub fn transactions(&self) -> impl Iterator<Item = (&PaymentToCancel, &TransactionToCancel)> {
        self.payments.iter().flat_map(|payment| payment.transactions.iter().map(move |transaction| (payment, transaction)))
    }
}

/// `Pty` of `Party40Choice`, which the schema wants even where it has no name.
pub(crate) fn named_party(element: &str, name: Option<&str>) -> Result<Element, Error> {
    let mut party = Element::new("Pty");
    if let Some(name) = name {
        party = party.with(text_leaf("Nm", name, NAME_CHARS_MAX)?);
    }
    Ok(Element::new(element).with(party))
}

fn party_name(element: &Element) -> Result<Option<String>, Error> {
    element.optional("Pty")?.map(|party| text(party, "Nm")).transpose().map(Option::flatten)
}

fn read_payment(element: &Element) -> Result<PaymentToCancel, Error> {
    let original = element.optional("OrgnlGrpInf")?;
    let part = |name| original.map(|original| text(original, name)).transpose().map(Option::flatten);
    let transactions = element.all("TxInf").map(read_transaction).collect::<Result<Vec<_>, _>>()?;
    if transactions.is_empty() {
        return Err(Error::Missing { parent: "OrgnlPmtInfAndCxl".to_owned(), element: "TxInf" });
    }
    Ok(PaymentToCancel {
        original_payment_id: element.text_of("OrgnlPmtInfId")?.to_owned(),
        original_message_id: part("OrgnlMsgId")?,
        original_message_name: part("OrgnlMsgNmId")?,
        transactions,
    })
}

fn read_transaction(element: &Element) -> Result<TransactionToCancel, Error> {
    let info = element.all("CxlRsnInf").next();
    Ok(TransactionToCancel {
        cancellation_id: text(element, "CxlId")?,
        end_to_end_id: element.text_of("OrgnlEndToEndId")?.to_owned(),
        uetr: text(element, "OrgnlUETR")?,
        amount: element.optional("OrgnlInstdAmt")?.map(amount).transpose()?,
        reason: info.map(|info| info.optional("Rsn")).transpose()?.flatten().map(read_reason).transpose()?,
        additional: info.map(|info| texts(info.all("AddtlInf"))).transpose()?.unwrap_or_default(),
    })
}

fn write_payment(payment: &PaymentToCancel) -> Result<Element, Error> {
    if payment.transactions.is_empty() {
        return Err(Error::Missing { parent: "OrgnlPmtInfAndCxl".to_owned(), element: "TxInf" });
    }
    let mut element =
        Element::new("OrgnlPmtInfAndCxl").with(text_leaf("OrgnlPmtInfId", &payment.original_payment_id, REFERENCE_CHARS_MAX)?);
    if let Some(id) = &payment.original_message_id {
        let name = payment.original_message_name.as_deref().unwrap_or(crate::pain001::MESSAGE_NAME);
        let original = Element::new("OrgnlGrpInf").with(text_leaf("OrgnlMsgId", id, REFERENCE_CHARS_MAX)?).with(text_leaf(
            "OrgnlMsgNmId",
            name,
            REFERENCE_CHARS_MAX,
        )?);
        element = element.with(original);
    }
    Ok(element.with_all(payment.transactions.iter().map(write_transaction).collect::<Result<Vec<_>, _>>()?))
}

fn write_transaction(transaction: &TransactionToCancel) -> Result<Element, Error> {
    let mut element = Element::new("TxInf");
    if let Some(id) = &transaction.cancellation_id {
        element = element.with(text_leaf("CxlId", id, REFERENCE_CHARS_MAX)?);
    }
    element = element.with(text_leaf("OrgnlEndToEndId", &transaction.end_to_end_id, REFERENCE_CHARS_MAX)?);
    if let Some(uetr) = &transaction.uetr {
        element = element.with(text_leaf("OrgnlUETR", uetr, REFERENCE_CHARS_MAX + 1)?);
    }
    if let Some(money) = transaction.amount {
        element = element.with(amount_leaf("OrgnlInstdAmt", money));
    }
    let mut info = Element::new("CxlRsnInf");
    if let Some(reason) = &transaction.reason {
        info = info.with(write_reason_code(reason)?);
    }
    for line in &transaction.additional {
        info = info.with(text_leaf("AddtlInf", line, ADDITIONAL_CHARS_MAX)?);
    }
    Ok(if info.children().is_empty() { element } else { element.with(info) })
}

#[cfg(test)]
mod tests;
