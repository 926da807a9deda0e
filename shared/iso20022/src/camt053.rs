//! Bank to customer statement, `camt.053.001.08`: balances and booked entries of one account.

use crate::{
    Error,
    pain001::{AccountId, read_account, write_account},
    value::{REFERENCE_CHARS_MAX, amount, amount_leaf, moment_or_day, text_leaf, time, time_leaf, utc},
    xml::{self, Element},
};
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};

/// The message's namespace, as it is written.
pub const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";

/// The versions that are read: in the schemas of 02, 04 and 08 the elements read here have the same names, places and meanings.
const VERSIONS: [&str; 7] = [
    NAMESPACE,
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.03",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.04",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.05",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.06",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.07",
];

/// One statement of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `MsgId` of the message.
    pub message_id: String,
    /// `CreDtTm` of the message.
    pub created: Timestamp,
    /// `Stmt/Id`.
    pub statement_id: String,
    /// The account.
    pub account: AccountId,
    /// `Acct/Ccy`.
    pub currency: Currency,
    /// `OPBD`: booked balance at the start.
    pub opening: StatementBalance,
    /// `CLBD`: booked balance at the end.
    pub closing: StatementBalance,
    /// Booked entries, in order.
    pub entries: Vec<StatementEntry>,
}

/// Direction of the money, seen from the account's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `CRDT`: money came in, or a positive balance.
    Credit,
    /// `DBIT`: money went out, or a negative balance.
    Debit,
}

/// A balance on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementBalance {
    /// The amount without its sign.
    pub amount: Money,
    /// Its sign.
    pub direction: Direction,
    /// The day.
    pub date: Date,
}

/// One booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementEntry {
    /// `NtryRef`.
    pub reference: Option<String>,
    /// The amount of money.
    pub amount: Money,
    /// Its direction.
    pub direction: Direction,
    /// `BookgDt`.
    pub booked: Option<Timestamp>,
    /// `NtryDtls/TxDtls/Refs/EndToEndId` of the first detail.
    pub end_to_end_id: Option<String>,
    /// `AddtlNtryInf`.
    pub additional: Option<String>,
}

impl Direction {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Credit => "CRDT",
            Self::Debit => "DBIT",
        }
    }

    /// Minor units with their sign for the owner: credits are positive.
    #[must_use]
    pub fn signed(self, amount: Money) -> i128 {
        match self {
            Self::Credit => i128::from(amount.minor_units()),
            Self::Debit => -i128::from(amount.minor_units()),
        }
    }
}

impl StatementBalance {
    /// Minor units, negative for a debit balance.
    #[must_use]
    pub fn signed_minor_units(&self) -> i128 {
        self.direction.signed(self.amount)
    }
}

impl Statement {
    /// Reads a message with one statement.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let document = xml::read(bytes, xml::version(bytes, &VERSIONS)?)?;
        let message = document.one("BkToCstmrStmt")?;
        let header = message.one("GrpHdr")?;
        let statement = message.one("Stmt")?;
        let account = statement.one("Acct")?;
        let currency = account.text_of("Ccy")?;
        Ok(Self {
            message_id: header.text_of("MsgId")?.to_owned(),
            created: time(header.one("CreDtTm")?)?,
            statement_id: statement.text_of("Id")?.to_owned(),
            account: read_account(account)?,
            currency: Currency::try_new(currency).map_err(|_| Error::value("Ccy", "an ISO 4217 code"))?,
            opening: balance(statement, "OPBD")?,
            closing: balance(statement, "CLBD")?,
            entries: statement.all("Ntry").map(read_entry).collect::<Result<_, _>>()?,
        })
    }

    /// Whether opening balance plus entries equals the closing balance, all in the account's currency.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let amounts = self.entries.iter().map(|entry| entry.amount).chain([self.opening.amount, self.closing.amount]);
        let moved: i128 = self.entries.iter().map(|entry| entry.direction.signed(entry.amount)).sum();
        amounts.into_iter().all(|amount| amount.currency() == self.currency)
            && self.opening.signed_minor_units() + moved == self.closing.signed_minor_units()
    }

    /// Writes the message. Refuses what violates the schema.
    pub fn write(&self) -> Result<String, Error> {
        let header = Element::new("GrpHdr")
            .with(text_leaf("MsgId", &self.message_id, REFERENCE_CHARS_MAX)?)
            .with(time_leaf("CreDtTm", self.created));
        let account = write_account("Acct", &self.account)?.with_leaf("Ccy", self.currency.code());
        let statement = Element::new("Stmt")
            .with(text_leaf("Id", &self.statement_id, REFERENCE_CHARS_MAX)?)
            .with(time_leaf("CreDtTm", self.created))
            .with(account)
            .with(write_balance("OPBD", &self.opening))
            .with(write_balance("CLBD", &self.closing))
            .with_all(self.entries.iter().map(write_entry).collect::<Result<Vec<_>, _>>()?);
        Ok(xml::write(Element::new("BkToCstmrStmt").with(header).with(statement), NAMESPACE))
    }
}

fn direction(element: &Element) -> Result<Direction, Error> {
    match element.text_of("CdtDbtInd")? {
        "CRDT" => Ok(Direction::Credit),
        "DBIT" => Ok(Direction::Debit),
        _ => Err(Error::value("CdtDbtInd", "CRDT or DBIT")),
    }
}

fn balance(statement: &Element, code: &'static str) -> Result<StatementBalance, Error> {
    let mut found = None;
    for element in statement.all("Bal") {
        if element.one("Tp")?.one("CdOrPrtry")?.optional_text("Cd")? != Some(code) {
            continue;
        }
        let balance =
            StatementBalance { amount: amount(element.one("Amt")?)?, direction: direction(element)?, date: date(element.one("Dt")?)? };
        if found.replace(balance).is_some() {
            return Err(Error::Duplicate { parent: "Stmt".to_owned(), element: code });
        }
    }
    found.ok_or(Error::Missing { parent: "Stmt".to_owned(), element: code })
}

fn date(element: &Element) -> Result<Date, Error> {
    Ok(moment_or_day(element)?.0)
}

fn booked(element: &Element) -> Result<Timestamp, Error> {
    match moment_or_day(element)? {
        (_, Some(moment)) => Ok(moment),
        (day, None) => utc(day.into()).ok_or_else(|| Error::value(element.name(), "a date")),
    }
}

fn read_entry(element: &Element) -> Result<StatementEntry, Error> {
    let detail = element.all("NtryDtls").next().and_then(|details| details.all("TxDtls").next());
    let refs = detail.map(|detail| detail.optional("Refs")).transpose()?.flatten();
    Ok(StatementEntry {
        reference: element.optional_text("NtryRef")?.map(str::to_owned),
        amount: amount(element.one("Amt")?)?,
        direction: direction(element)?,
        booked: element.optional("BookgDt")?.map(booked).transpose()?,
        end_to_end_id: refs.map(|refs| refs.optional_text("EndToEndId")).transpose()?.flatten().map(str::to_owned),
        additional: element.optional_text("AddtlNtryInf")?.map(str::to_owned),
    })
}

fn write_balance(code: &str, balance: &StatementBalance) -> Element {
    Element::new("Bal")
        .with(Element::new("Tp").with(Element::new("CdOrPrtry").with_leaf("Cd", code)))
        .with(amount_leaf("Amt", balance.amount))
        .with_leaf("CdtDbtInd", balance.direction.code())
        .with(Element::new("Dt").with_leaf("Dt", balance.date.to_string()))
}

fn write_entry(entry: &StatementEntry) -> Result<Element, Error> {
    // PMNT, issued or received credit transfers, instant: the closest codes of the bank transaction code list.
    let family = match entry.direction {
        Direction::Credit => "RRCT",
        Direction::Debit => "IRCT",
    };
    let code =
        Element::new("Domn").with_leaf("Cd", "PMNT").with(Element::new("Fmly").with_leaf("Cd", family).with_leaf("SubFmlyCd", "OTHR"));
    let mut element = Element::new("Ntry");
    if let Some(reference) = &entry.reference {
        element = element.with(text_leaf("NtryRef", reference, REFERENCE_CHARS_MAX)?);
    }
    element = element
        .with(amount_leaf("Amt", entry.amount))
        .with_leaf("CdtDbtInd", entry.direction.code())
        .with(Element::new("Sts").with_leaf("Cd", "BOOK"));
    if let Some(moment) = entry.booked {
        element = element.with(Element::new("BookgDt").with(time_leaf("DtTm", moment)));
    }
    element = element.with(Element::new("BkTxCd").with(code));
    if let Some(id) = &entry.end_to_end_id {
        let refs = Element::new("Refs").with(text_leaf("EndToEndId", id, REFERENCE_CHARS_MAX)?);
        element = element.with(Element::new("NtryDtls").with(Element::new("TxDtls").with(refs)));
    }
    if let Some(text) = &entry.additional {
        element = element.with(text_leaf("AddtlNtryInf", text, 500)?);
    }
    Ok(element)
}

#[cfg(test)]
mod tests;
