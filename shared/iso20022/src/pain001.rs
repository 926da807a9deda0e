//! Customer credit transfer initiation, `pain.001.001.09`.

use crate::{
    BankAccount, Error, Rail,
    rail::ExecutionTime,
    value::{
        NAME_CHARS_MAX, REFERENCE_CHARS_MAX, amount, amount_leaf, count, day_leaf, decimal, moment_or_day, text_leaf, time, time_leaf,
    },
    xml::{self, Element},
};
use jiff::Timestamp;
use money::Money;
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
    /// The rail its `PmtTpInf` asks for; `None` if the codes are unknown.
    pub rail: Option<Rail>,
    /// When the bank is to execute it (`ReqdExctnDt`).
    pub execution: ExecutionTime,
    /// The payer and the account to debit.
    pub debtor: Party,
    /// Its transfers, at least one.
    pub transfers: Vec<CreditTransfer>,
}

/// One end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// `Nm`.
    pub name: Option<String>,
    /// The account, as written.
    pub account: Option<AccountId>,
    /// The account's bank.
    pub agent: Agent,
}

/// An account in a message; not checked, since a bank must be able to reject a wrong one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountId {
    /// `IBAN`.
    Iban(String),
    /// `Othr/Id`, such as a US account number.
    Other(String),
}

impl AccountId {
    /// The number.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Iban(number) | Self::Other(number) => number,
        }
    }
}

/// A bank in a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// `BICFI`.
    pub bic: Option<String>,
    /// `ClrSysId/Cd`, such as `USABA`.
    pub clearing_system: Option<String>,
    /// `MmbId`, such as a routing number.
    pub member_id: Option<String>,
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
    /// Who is paid.
    pub creditor: Party,
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

impl Party {
    /// A party with a checked account. The bank is named by its routing number; an IBAN includes its bank.
    #[must_use]
    pub fn with_account(name: &str, account: &BankAccount) -> Self {
        let (account, agent) = match account {
            BankAccount::Iban(iban) => (AccountId::Iban(iban.as_str().to_owned()), Agent::default()),
            BankAccount::Aba(aba) => {
                let member_id = Some(aba.routing_number().to_owned());
                let agent = Agent { bic: None, clearing_system: Some("USABA".to_owned()), member_id };
                (AccountId::Other(aba.account_number().to_owned()), agent)
            }
        };
        Self { name: Some(name.to_owned()), account: Some(account), agent }
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

    /// Writes the message. Refuses what violates the schema: empty or too long texts, a payment without a rail or transfers, a missing
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
    let kind = element.optional("PmtTpInf")?;
    let code = |element: &Element| -> Result<String, Error> {
        Ok(element.optional_text("Cd")?.map_or_else(|| element.text_of("Prtry"), Ok)?.to_owned())
    };
    // The schema allows several service levels per payment; ours name one, and the first decides.
    let level = kind.and_then(|kind| kind.all("SvcLvl").next()).map(code).transpose()?;
    let instrument = kind.map(|kind| kind.optional("LclInstrm")).transpose()?.flatten().map(code).transpose()?;
    let transfers = element.all("CdtTrfTxInf").map(read_transfer).collect::<Result<Vec<_>, _>>()?;
    if transfers.is_empty() {
        return Err(Error::Missing { parent: "PmtInf".to_owned(), element: "CdtTrfTxInf" });
    }
    if element.text_of("PmtMtd")? != "TRF" {
        return Err(Error::value("PmtMtd", "TRF"));
    }
    Ok(PaymentInstruction {
        payment_id: element.text_of("PmtInfId")?.to_owned(),
        rail: Rail::from_codes(level.as_deref(), instrument.as_deref()),
        execution: read_execution(element.one("ReqdExctnDt")?)?,
        debtor: Party {
            name: element.one("Dbtr")?.optional_text("Nm")?.map(str::to_owned),
            account: Some(read_account(element.one("DbtrAcct")?)?),
            agent: read_agent(element.one("DbtrAgt")?)?,
        },
        transfers,
    })
}

fn read_transfer(element: &Element) -> Result<CreditTransfer, Error> {
    let id = element.one("PmtId")?;
    let instructed = TransferAmount::read(element.one("Amt")?)?;
    let name = element.optional("Cdtr")?.map(|creditor| creditor.optional_text("Nm")).transpose()?.flatten();
    let remittance = element.optional("RmtInf")?.and_then(|remittance| remittance.all("Ustrd").next());
    Ok(CreditTransfer {
        end_to_end_id: id.text_of("EndToEndId")?.to_owned(),
        uetr: id.optional_text("UETR")?.map(str::to_owned),
        amount: instructed,
        creditor: Party {
            name: name.map(str::to_owned),
            account: element.optional("CdtrAcct")?.map(read_account).transpose()?,
            agent: element.optional("CdtrAgt")?.map(read_agent).transpose()?.unwrap_or_default(),
        },
        remittance: remittance.map(Element::text).transpose()?.map(str::to_owned),
    })
}

pub(crate) fn read_account(element: &Element) -> Result<AccountId, Error> {
    let id = element.one("Id")?;
    match (id.optional_text("IBAN")?, id.optional("Othr")?) {
        (Some(iban), None) => Ok(AccountId::Iban(iban.to_owned())),
        (None, Some(other)) => Ok(AccountId::Other(other.text_of("Id")?.to_owned())),
        _ => Err(Error::value(element.name(), "an account with either IBAN or Othr")),
    }
}

fn read_agent(element: &Element) -> Result<Agent, Error> {
    let institution = element.one("FinInstnId")?;
    let member = institution.optional("ClrSysMmbId")?;
    let system = member.map(|member| member.optional("ClrSysId")).transpose()?.flatten();
    Ok(Agent {
        bic: institution.optional_text("BICFI")?.map(str::to_owned),
        clearing_system: system.map(|system| system.optional_text("Cd")).transpose()?.flatten().map(str::to_owned),
        member_id: member.map(|member| member.text_of("MmbId")).transpose()?.map(str::to_owned),
    })
}

fn read_execution(element: &Element) -> Result<ExecutionTime, Error> {
    match moment_or_day(element)? {
        (_, Some(moment)) => Ok(ExecutionTime::Moment(moment)),
        (day, None) => Ok(ExecutionTime::Day(day)),
    }
}

fn write_payment(payment: &PaymentInstruction) -> Result<Element, Error> {
    let rail = payment.rail.ok_or_else(|| Error::value("PmtTpInf", "a rail"))?;
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
        .with_leaf("BtchBookg", "false")
        .with_leaf("NbOfTxs", transfers.to_string())
        .with_leaf("CtrlSum", sum.to_string())
        .with(rail.payment_type())
        .with(Element::new("ReqdExctnDt").with(when))
        .with(write_name("Dbtr", payment.debtor.name.as_deref())?)
        .with(write_account("DbtrAcct", account)?)
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
    if transfer.creditor.agent != Agent::default() {
        element = element.with(write_agent("CdtrAgt", &transfer.creditor.agent)?);
    }
    element = element.with(write_name("Cdtr", transfer.creditor.name.as_deref())?).with(write_account("CdtrAcct", account)?);
    if let Some(remittance) = &transfer.remittance {
        element = element.with(Element::new("RmtInf").with(text_leaf("Ustrd", remittance, NAME_CHARS_MAX)?));
    }
    Ok(element)
}

fn write_name(element: &str, name: Option<&str>) -> Result<Element, Error> {
    let name = name.ok_or_else(|| Error::value(element, "a party with a name"))?;
    Ok(Element::new(element).with(text_leaf("Nm", name, NAME_CHARS_MAX)?))
}

pub(crate) fn write_account(element: &str, account: &AccountId) -> Result<Element, Error> {
    let id = match account {
        AccountId::Iban(iban) => text_leaf("IBAN", iban, 34)?,
        AccountId::Other(number) => {
            Element::new("Othr").with(text_leaf("Id", number, 34)?).with(Element::new("SchmeNm").with_leaf("Cd", "BBAN"))
        }
    };
    Ok(Element::new(element).with(Element::new("Id").with(id)))
}

fn write_agent(element: &str, agent: &Agent) -> Result<Element, Error> {
    let mut institution = Element::new("FinInstnId");
    if let Some(bic) = &agent.bic {
        institution = institution.with(text_leaf("BICFI", bic, 11)?);
    }
    if let Some(member_id) = &agent.member_id {
        let mut member = Element::new("ClrSysMmbId");
        if let Some(system) = &agent.clearing_system {
            member = member.with(Element::new("ClrSysId").with(text_leaf("Cd", system, 5)?));
        }
        institution = institution.with(member.with(text_leaf("MmbId", member_id, REFERENCE_CHARS_MAX)?));
    }
    if agent.bic.is_none() && agent.member_id.is_none() {
        // The placeholder for a bank that is not named (EPC115-06): the account itself identifies it.
        institution = institution.with(Element::new("Othr").with_leaf("Id", "NOTPROVIDED"));
    }
    Ok(Element::new(element).with(institution))
}

#[cfg(test)]
mod tests;
