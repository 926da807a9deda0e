//! Customer credit transfer initiation, `pain.001.001.09`.
//!
//! - [`party`]: the ends of a transfer; [`Party::paid_to`] makes one of an account of any kind.
//! - [`payment_type`]: the codes by which a rail is asked for.

pub mod party;
pub mod payment_type;

pub use party::{AccountId, Agent, Party, PostalAddress, TaxId};
pub use payment_type::{PaymentType, TypeCode};

pub(crate) use party::{read_account, write_account};

use crate::{
    Error,
    value::{
        NAME_CHARS_MAX, REFERENCE_CHARS_MAX, amount, amount_leaf, count, day_leaf, decimal, flag, moment_or_day, text_leaf, time, time_leaf,
    },
    xml::{self, Element},
};
use jiff::{Timestamp, civil::Date};
use money::Money;
use party::{read_account_type, read_agent, read_party, write_agent, write_party, write_typed_account};
use rust_decimal::Decimal;

/// The message's namespace.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// The message's name in `OrgnlMsgNmId`.
pub const MESSAGE_NAME: &str = "pain.001.001.09";
/// Most transfers one message may have here; the clearings pay them one by one anyway.
pub const TRANSFERS_MAX: usize = 10_000;

/// One message: the initiating party, and one or more payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initiation {
    /// `MsgId`, at most 35 characters, new for every message sent.
    pub message_id: String,
    /// `CreDtTm`.
    pub created: Timestamp,
    /// `InitgPty`: the party that sends the message.
    pub initiating_party: Option<String>,
    /// `NbOfTxs` as written; [`Initiation::check_totals`] compares it.
    pub stated_count: u64,
    /// `CtrlSum` as written.
    pub stated_sum: Option<Decimal>,
    /// `PmtInf`, at least one.
    pub payments: Vec<PaymentInstruction>,
}

/// Transfers from one account on one rail (`PmtInf`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentInstruction {
    /// `PmtInfId`.
    pub payment_id: String,
    /// `PmtTpInf`: which rail it asks for.
    pub payment_type: PaymentType,
    /// `BtchBookg`: whether the bank may debit all transfers in one entry. Absent in a message: false.
    pub batch_booking: bool,
    /// When the bank is to execute it (`ReqdExctnDt`).
    pub execution: ExecutionTime,
    /// The payer and the account to debit.
    pub debtor: Party,
    /// Its transfers, at least one.
    pub transfers: Vec<CreditTransfer>,
}

/// When a bank is to execute a payment (`ReqdExctnDt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionTime {
    /// `Dt`: on that day of the rail's calendar.
    Day(Date),
    /// `DtTm`: at that time.
    Moment(Timestamp),
}

/// One transfer (`CdtTrfTxInf`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditTransfer {
    /// `EndToEndId`, at most 35 characters: the id that both sides use.
    pub end_to_end_id: String,
    /// `UETR`, a lower-case UUID of version 4.
    pub uetr: Option<String>,
    /// `InstdAmt`.
    pub amount: TransferAmount,
    /// `UltmtDbtr/Nm`: on whose behalf it is paid, where that is not the payer. In a message it may also stand once for all transfers of an account.
    pub ultimate_debtor: Option<String>,
    /// Who is paid.
    pub creditor: Party,
    /// `Purp`, such as `OTHR`: rails such as FAST ask for it.
    pub purpose: Option<TypeCode>,
    /// `RmtInf/Ustrd`, the first line.
    pub remittance: Option<String>,
}

/// The amount of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferAmount {
    /// In the currency it arrives in.
    Instructed(Money),
    /// Converted by the bank into another (`EqvtAmt`). Read, never written.
    Equivalent(Money),
}

impl TransferAmount {
    /// Reads the choice in `Amt`.
    pub(crate) fn read(amounts: &Element) -> Result<Self, Error> {
        match (amounts.optional("InstdAmt")?, amounts.optional("EqvtAmt")?) {
            (Some(instructed), None) => Ok(Self::Instructed(amount(instructed)?)),
            (None, Some(equivalent)) => Ok(Self::Equivalent(amount(equivalent.one("Amt")?)?)),
            _ => Err(Error::value("Amt", "either InstdAmt or EqvtAmt")),
        }
    }

    /// The amount of either variant.
    #[must_use]
    pub fn money(self) -> Money {
        match self {
            Self::Instructed(money) | Self::Equivalent(money) => money,
        }
    }
}

impl Initiation {
    /// Reads a message. Totals are not compared here: a bank answers wrong ones with a status, see [`Self::check_totals`].
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let document = xml::read(bytes, NAMESPACE)?;
        let message = document.one("CstmrCdtTrfInitn")?;
        let header = message.one("GrpHdr")?;
        let payments = message.all("PmtInf").map(read_payment).collect::<Result<Vec<_>, _>>()?;
        if payments.is_empty() {
            return Err(Error::Missing { parent: "CstmrCdtTrfInitn".to_owned(), element: "PmtInf" });
        }
        if payments.iter().map(|payment| payment.transfers.len()).sum::<usize>() > TRANSFERS_MAX {
            return Err(Error::TooLarge { what: "the number of transfers", max: TRANSFERS_MAX });
        }
        Ok(Self {
            message_id: header.text_of("MsgId")?.to_owned(),
            created: time(header.one("CreDtTm")?)?,
            initiating_party: header.one("InitgPty")?.optional_text("Nm")?.map(str::to_owned),
            stated_count: count(header.one("NbOfTxs")?)?,
            stated_sum: header.optional("CtrlSum")?.map(decimal).transpose()?,
            payments,
        })
    }

    /// Compares the header's count and sum with the transfers.
    pub fn check_totals(&self) -> Result<(), Error> {
        let (transfers, sum) = totals(&self.payments);
        if transfers != self.stated_count {
            return Err(Error::Total { element: "NbOfTxs" });
        }
        match self.stated_sum {
            Some(stated) if Some(stated) != sum => Err(Error::Total { element: "CtrlSum" }),
            _ => Ok(()),
        }
    }

    /// Makes a message with the right count and sum.
    #[must_use]
    pub fn new(message_id: String, created: Timestamp, initiating_party: &str, payments: Vec<PaymentInstruction>) -> Self {
        let (stated_count, stated_sum) = totals(&payments);
        Self { message_id, created, initiating_party: Some(initiating_party.to_owned()), stated_count, stated_sum, payments }
    }

    /// Writes the message. Refuses what violates the schema: empty or too long texts, a payment without a payment type or transfers, a missing
    /// account.
    pub fn write(&self) -> Result<String, Error> {
        if self.payments.is_empty() {
            return Err(Error::Missing { parent: "CstmrCdtTrfInitn".to_owned(), element: "PmtInf" });
        }
        let mut header = Element::new("GrpHdr")
            .with(text_leaf("MsgId", &self.message_id, REFERENCE_CHARS_MAX)?)
            .with(time_leaf("CreDtTm", self.created))
            .with_leaf("NbOfTxs", self.stated_count.to_string());
        if let Some(sum) = self.stated_sum {
            header = header.with_leaf("CtrlSum", sum.to_string());
        }
        let mut party = Element::new("InitgPty");
        if let Some(name) = &self.initiating_party {
            party = party.with(text_leaf("Nm", name, NAME_CHARS_MAX)?);
        }
        let payments = self.payments.iter().map(write_payment).collect::<Result<Vec<_>, _>>()?;
        let message = Element::new("CstmrCdtTrfInitn").with(header.with(party)).with_all(payments);
        Ok(xml::write(message, NAMESPACE))
    }
}

fn totals(payments: &[PaymentInstruction]) -> (u64, Option<Decimal>) {
    let transfers = payments.iter().flat_map(|payment| &payment.transfers);
    let sum = transfers.clone().try_fold(Decimal::ZERO, |sum, transfer| sum.checked_add(transfer.amount.money().to_decimal()));
    (transfers.count() as u64, sum)
}

fn read_payment(element: &Element) -> Result<PaymentInstruction, Error> {
    let ultimate_debtor = read_ultimate_debtor(element)?;
    let read = |transfer| -> Result<CreditTransfer, Error> {
        let transfer = read_transfer(transfer)?;
        Ok(CreditTransfer { ultimate_debtor: transfer.ultimate_debtor.or_else(|| ultimate_debtor.clone()), ..transfer })
    };
    let transfers = element.all("CdtTrfTxInf").map(read).collect::<Result<Vec<_>, _>>()?;
    if transfers.is_empty() {
        return Err(Error::Missing { parent: "PmtInf".to_owned(), element: "CdtTrfTxInf" });
    }
    if element.text_of("PmtMtd")? != "TRF" {
        return Err(Error::value("PmtMtd", "TRF"));
    }
    Ok(PaymentInstruction {
        payment_id: element.text_of("PmtInfId")?.to_owned(),
        payment_type: element.optional("PmtTpInf")?.map(PaymentType::read).transpose()?.unwrap_or_default(),
        batch_booking: element.optional("BtchBookg")?.map(flag).transpose()?.unwrap_or(false),
        execution: read_execution(element.one("ReqdExctnDt")?)?,
        debtor: Party {
            account: Some(read_account(element.one("DbtrAcct")?)?),
            account_type: read_account_type(element.one("DbtrAcct")?)?,
            agent: read_agent(element.one("DbtrAgt")?)?,
            ..read_party(element.one("Dbtr")?)?
        },
        transfers,
    })
}

/// The name on whose behalf is paid. One without a name, such as a bare id, is no reason to refuse a payment.
fn read_ultimate_debtor(element: &Element) -> Result<Option<String>, Error> {
    Ok(element.optional("UltmtDbtr")?.map(read_party).transpose()?.and_then(|party| party.name))
}

fn read_transfer(element: &Element) -> Result<CreditTransfer, Error> {
    let id = element.one("PmtId")?;
    let instructed = TransferAmount::read(element.one("Amt")?)?;
    let account = element.optional("CdtrAcct")?;
    let remittance = element.optional("RmtInf")?.and_then(|remittance| remittance.all("Ustrd").next());
    Ok(CreditTransfer {
        end_to_end_id: id.text_of("EndToEndId")?.to_owned(),
        uetr: id.optional_text("UETR")?.map(str::to_owned),
        amount: instructed,
        ultimate_debtor: read_ultimate_debtor(element)?,
        creditor: Party {
            account: account.map(read_account).transpose()?,
            account_type: account.map(read_account_type).transpose()?.flatten(),
            agent: element.optional("CdtrAgt")?.map(read_agent).transpose()?.unwrap_or_default(),
            ..element.optional("Cdtr")?.map(read_party).transpose()?.unwrap_or_default()
        },
        purpose: element.optional("Purp")?.and_then(TypeCode::read_if_any),
        remittance: remittance.map(Element::text).transpose()?.map(str::to_owned),
    })
}

fn read_execution(element: &Element) -> Result<ExecutionTime, Error> {
    match moment_or_day(element)? {
        (_, Some(moment)) => Ok(ExecutionTime::Moment(moment)),
        (day, None) => Ok(ExecutionTime::Day(day)),
    }
}

fn write_payment(payment: &PaymentInstruction) -> Result<Element, Error> {
    if payment.payment_type.is_empty() {
        return Err(Error::value("PmtTpInf", "a service level or a local instrument"));
    }
    let (transfers, sum) = totals(std::slice::from_ref(payment));
    let sum = sum.filter(|_| transfers > 0).ok_or_else(|| Error::value("PmtInf", "at least one transfer"))?;
    let account = payment.debtor.account.as_ref().ok_or_else(|| Error::value("DbtrAcct", "an account"))?;
    let when = match payment.execution {
        ExecutionTime::Day(day) => day_leaf("Dt", day),
        ExecutionTime::Moment(moment) => time_leaf("DtTm", moment),
    };
    Ok(Element::new("PmtInf")
        .with(text_leaf("PmtInfId", &payment.payment_id, REFERENCE_CHARS_MAX)?)
        .with_leaf("PmtMtd", "TRF")
        .with_leaf("BtchBookg", if payment.batch_booking { "true" } else { "false" })
        .with_leaf("NbOfTxs", transfers.to_string())
        .with_leaf("CtrlSum", sum.to_string())
        .with(payment.payment_type.write()?)
        .with(Element::new("ReqdExctnDt").with(when))
        .with(write_party("Dbtr", &payment.debtor)?)
        .with(write_typed_account("DbtrAcct", account, payment.debtor.account_type.as_ref())?)
        .with(write_agent("DbtrAgt", &payment.debtor.agent)?)
        .with_leaf("ChrgBr", "SLEV")
        .with_all(payment.transfers.iter().map(write_transfer).collect::<Result<Vec<_>, _>>()?))
}

fn write_transfer(transfer: &CreditTransfer) -> Result<Element, Error> {
    let TransferAmount::Instructed(money) = transfer.amount else {
        return Err(Error::value("Amt", "an instructed amount"));
    };
    let account = transfer.creditor.account.as_ref().ok_or_else(|| Error::value("CdtrAcct", "an account"))?;
    let mut id = Element::new("PmtId").with(text_leaf("EndToEndId", &transfer.end_to_end_id, REFERENCE_CHARS_MAX)?);
    if let Some(uetr) = &transfer.uetr {
        id = id.with(text_leaf("UETR", uetr, REFERENCE_CHARS_MAX + 1)?);
    }
    let mut element = Element::new("CdtTrfTxInf").with(id).with(Element::new("Amt").with(amount_leaf("InstdAmt", money)));
    if let Some(name) = &transfer.ultimate_debtor {
        element = element.with(Element::new("UltmtDbtr").with(text_leaf("Nm", name, NAME_CHARS_MAX)?));
    }
    if transfer.creditor.agent != Agent::default() {
        element = element.with(write_agent("CdtrAgt", &transfer.creditor.agent)?);
    }
    let kind = transfer.creditor.account_type.as_ref();
    element = element.with(write_party("Cdtr", &transfer.creditor)?).with(write_typed_account("CdtrAcct", account, kind)?);
    if let Some(purpose) = &transfer.purpose {
        element = element.with(purpose.write("Purp")?);
    }
    if let Some(remittance) = &transfer.remittance {
        element = element.with(Element::new("RmtInf").with(text_leaf("Ustrd", remittance, NAME_CHARS_MAX)?));
    }
    Ok(element)
}

#[cfg(test)]
mod tests;
