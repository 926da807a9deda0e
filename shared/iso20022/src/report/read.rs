//! Reads account reports out of the elements.

use super::{
    AccountReport, AccountReports, AmountConversion, BankTransactionCode, CodeTotal, EntryBatch, EntryCharge, EntryReferences, EntryStatus,
    EntryTotal, EntryTransaction, RelatedAmounts, RelatedParty, ReportAccount, ReportBalance, ReportEntry, ReportKind, ReportPage,
    ReportTotals, ReturnNote,
};
use crate::{
    Error, ReasonCode,
    camt053::Direction,
    pain001::{AccountId, read_account},
    value::{amount, count, decimal, flag, moment_or_day, text, texts, time},
    xml::{
        Element,
        envelope::{self, Enveloped},
    },
};
use jiff::{Timestamp, civil::Date};
use money::Currency;

/// The versions that are read. Compared: the schemas of 02, 04 and 08. Between 02 and 04 the names of parties moved into `Pty`, charges into `Rcrd` and a
/// transaction got an amount of its own; between 04 and 08 statuses became a choice. All forms are read in every version.
pub(super) const VERSIONS: [&str; 21] = [
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.03",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.04",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.05",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.06",
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.07",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.02",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.03",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.04",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.05",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.06",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.07",
    "urn:iso:std:iso:20022:tech:xsd:camt.052.001.08",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.02",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.03",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.04",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.05",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.06",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.07",
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08",
];

impl AccountReports {
    /// Reads a `camt.052`, `camt.053` or `camt.054`, also behind a header or in an envelope.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_enveloped(&envelope::read(bytes, &VERSIONS)?)
    }

    /// Reads one whose XML was read already.
    pub fn from_enveloped(enveloped: &Enveloped) -> Result<Self, Error> {
        Self::from_message(&enveloped.message)
    }

    pub(super) fn from_message(message: &Element) -> Result<Self, Error> {
        let kind = kind_of(message)?;
        let header = message.one("GrpHdr")?;
        let page = header.optional("MsgPgntn")?.map(read_page).transpose()?;
        let read = |report| {
            let mut report = read_report(report)?;
            report.page = report.page.or_else(|| page.clone());
            Ok(report)
        };
        let reports = message.all(kind.elements().1).map(read).collect::<Result<Vec<_>, Error>>()?;
        if reports.is_empty() {
            return Err(Error::Missing { parent: message.name().to_owned(), element: kind.elements().1 });
        }
        Ok(Self { kind, message_id: header.text_of("MsgId")?.to_owned(), created: time(header.one("CreDtTm")?)?, page, reports })
    }
}

/// Which of the three messages it is.
pub(super) fn kind_of(message: &Element) -> Result<ReportKind, Error> {
    let kinds = [ReportKind::Intraday, ReportKind::Statement, ReportKind::Notification];
    let kind = kinds.into_iter().find(|kind| kind.elements().0 == message.name());
    kind.ok_or_else(|| Error::value(message.name(), "an account report, a statement or a notification"))
}

pub(super) fn read_report(element: &Element) -> Result<AccountReport, Error> {
    let page = ["RptPgntn", "StmtPgntn", "NtfctnPgntn"].into_iter().find_map(|name| element.all(name).next());
    let sequence = |name| element.optional(name)?.map(number).transpose();
    Ok(AccountReport {
        id: element.text_of("Id")?.to_owned(),
        page: page.map(read_page).transpose()?,
        electronic_sequence: sequence("ElctrncSeqNb")?,
        legal_sequence: sequence("LglSeqNb")?,
        created: element.optional("CreDtTm")?.map(time).transpose()?,
        period: element.optional("FrToDt")?.map(read_period).transpose()?,
        copy: text(element, "CpyDplctInd")?,
        account: read_report_account(element.one("Acct")?)?,
        balances: element.all("Bal").map(read_balance).collect::<Result<_, _>>()?,
        totals: element.optional("TxsSummry")?.map(read_totals).transpose()?.unwrap_or_default(),
        entries: element.all("Ntry").map(read_entry).collect::<Result<_, _>>()?,
    })
}

pub(super) fn read_page(element: &Element) -> Result<ReportPage, Error> {
    Ok(ReportPage { number: count(element.one("PgNb")?)?, is_last: flag(element.one("LastPgInd")?)? })
}

fn read_period(element: &Element) -> Result<(Timestamp, Timestamp), Error> {
    Ok((time(element.one("FrDtTm")?)?, time(element.one("ToDtTm")?)?))
}

/// `Number`: a decimal without decimals.
fn number(element: &Element) -> Result<u64, Error> {
    let value = decimal(element)?.normalize();
    u64::try_from(value).ok().filter(|_| value.scale() == 0).ok_or_else(|| Error::value(element.name(), "a whole number"))
}

fn read_report_account(element: &Element) -> Result<ReportAccount, Error> {
    let owner = element.optional("Ownr")?.map(party_name).transpose()?.flatten();
    let institution = element.optional("Svcr")?.map(|servicer| servicer.optional("FinInstnId")).transpose()?.flatten();
    let of_bank = |name| institution.map(|institution| text(institution, name)).transpose().map(Option::flatten);
    let servicer_bic = of_bank("BICFI")?.or(of_bank("BIC")?);
    let servicer_name = of_bank("Nm")?;
    let id = if element.optional("Id")?.is_some() { Some(read_account(element)?) } else { None };
    Ok(ReportAccount { id, currency: currency(element, "Ccy")?, owner, servicer_bic, servicer_name })
}

fn read_balance(element: &Element) -> Result<ReportBalance, Error> {
    let kind = element.one("Tp")?;
    let (date, moment) = moment_or_day(element.one("Dt")?)?;
    Ok(ReportBalance {
        kind: choice(kind.one("CdOrPrtry")?)?,
        subtype: kind.optional("SubTp")?.map(choice).transpose()?,
        amount: amount(element.one("Amt")?)?,
        direction: direction(element.one("CdtDbtInd")?)?,
        date,
        moment,
    })
}

fn read_totals(element: &Element) -> Result<ReportTotals, Error> {
    let total = |name| element.optional(name)?.map(read_total).transpose();
    Ok(ReportTotals {
        all: total("TtlNtries")?,
        credits: total("TtlCdtNtries")?,
        debits: total("TtlDbtNtries")?,
        per_code: element.all("TtlNtriesPerBkTxCd").map(read_code_total).collect::<Result<_, _>>()?,
    })
}

fn read_code_total(element: &Element) -> Result<CodeTotal, Error> {
    let total = |name| element.optional(name)?.map(read_total).transpose();
    Ok(CodeTotal {
        code: read_code(element, "BkTxCd")?,
        all: read_total(element)?,
        credits: total("CdtNtries")?,
        debits: total("DbtNtries")?,
        is_forecast: element.optional("FcstInd")?.map(flag).transpose()?.unwrap_or(false),
    })
}

fn read_total(element: &Element) -> Result<EntryTotal, Error> {
    let net = match (element.optional("TtlNetNtry")?, element.optional("TtlNetNtryAmt")?) {
        (Some(net), _) => Some((decimal(net.one("Amt")?)?, direction(net.one("CdtDbtInd")?)?)),
        (None, Some(net)) => Some((decimal(net)?, element.optional("CdtDbtInd")?.map(direction).transpose()?.unwrap_or(Direction::Credit))),
        (None, None) => None,
    };
    Ok(EntryTotal {
        count: element.optional("NbOfNtries")?.map(count).transpose()?,
        sum: element.optional("Sum")?.map(decimal).transpose()?,
        net: net.map(|(value, side)| if side == Direction::Debit { -value } else { value }),
    })
}

pub(super) fn read_entry(element: &Element) -> Result<ReportEntry, Error> {
    let date = |name| -> Result<Option<Date>, Error> { Ok(element.optional(name)?.map(moment_or_day).transpose()?.map(|(day, _)| day)) };
    let status = element.one("Sts")?;
    let status = if status.children().is_empty() { status.text()?.to_owned() } else { choice(status)? };
    Ok(ReportEntry {
        reference: text(element, "NtryRef")?,
        amount: amount(element.one("Amt")?)?,
        direction: direction(element.one("CdtDbtInd")?)?,
        is_reversal: element.optional("RvslInd")?.map(flag).transpose()?.unwrap_or(false),
        status: EntryStatus::from_code(&status),
        booked: date("BookgDt")?,
        booked_at: element.optional("BookgDt")?.map(moment_or_day).transpose()?.and_then(|(_, moment)| moment),
        value_date: date("ValDt")?,
        bank_reference: text(element, "AcctSvcrRef")?,
        code: read_code(element, "BkTxCd")?,
        amounts: read_amounts(element)?,
        charges: read_charges(element)?,
        batches: element.all("NtryDtls").map(read_batch).collect::<Result<_, _>>()?,
        additional: text(element, "AddtlNtryInf")?,
    })
}

fn read_batch(element: &Element) -> Result<EntryBatch, Error> {
    let none = Element::new("Btch");
    let batch = element.optional("Btch")?.unwrap_or(&none);
    Ok(EntryBatch {
        message_id: text(batch, "MsgId")?,
        payment_id: text(batch, "PmtInfId")?,
        stated_count: batch.optional("NbOfTxs")?.map(count).transpose()?,
        stated_total: batch.optional("TtlAmt")?.map(amount).transpose()?,
        direction: batch.optional("CdtDbtInd")?.map(direction).transpose()?,
        transactions: element.all("TxDtls").map(read_transaction).collect::<Result<_, _>>()?,
    })
}

fn read_transaction(element: &Element) -> Result<EntryTransaction, Error> {
    let none = Element::new("RltdPties");
    let parties = element.optional("RltdPties")?.unwrap_or(&none);
    let amounts = read_amounts(element)?;
    let own = element.optional("Amt")?.map(amount).transpose()?;
    let remittance = element.optional("RmtInf")?;
    let lines = remittance.into_iter().flat_map(|remittance| remittance.all("Ustrd"));
    let structured = remittance.into_iter().flat_map(|remittance| remittance.all("Strd"));
    let references = structured.flat_map(|strd| strd.all("CdtrRefInf")).flat_map(|info| info.all("Ref"));
    Ok(EntryTransaction {
        references: element.optional("Refs")?.map(read_references).transpose()?.unwrap_or_default(),
        amount: own.or(amounts.transaction.as_ref().map(|transaction| transaction.amount)),
        direction: element.optional("CdtDbtInd")?.map(direction).transpose()?,
        code: read_code(element, "BkTxCd")?,
        amounts,
        charges: read_charges(element)?,
        debtor: read_party(parties, "Dbtr", "DbtrAcct")?,
        ultimate_debtor: parties.optional("UltmtDbtr")?.map(party_name).transpose()?.flatten(),
        creditor: read_party(parties, "Cdtr", "CdtrAcct")?,
        remittance: texts(lines)?,
        creditor_references: texts(references)?,
        returned: element.optional("RtrInf")?.map(read_return).transpose()?,
        additional: text(element, "AddtlTxInf")?,
    })
}

fn read_references(element: &Element) -> Result<EntryReferences, Error> {
    Ok(EntryReferences {
        message_id: text(element, "MsgId")?,
        bank_reference: text(element, "AcctSvcrRef")?,
        payment_id: text(element, "PmtInfId")?,
        instruction_id: text(element, "InstrId")?,
        end_to_end_id: text(element, "EndToEndId")?.filter(|id| id != crate::pain002::NOT_PROVIDED),
        uetr: text(element, "UETR")?,
        transaction_id: text(element, "TxId")?,
        clearing_reference: text(element, "ClrSysRef")?,
    })
}

fn read_party(parties: &Element, name: &'static str, account: &'static str) -> Result<RelatedParty, Error> {
    // An account without a number, such as one named by a proxy alone, is no reason to lose the booking.
    let account: Option<AccountId> = match parties.optional(account)? {
        Some(account) if account.optional("Id")?.is_some() => Some(read_account(account)?),
        _ => None,
    };
    Ok(RelatedParty { name: parties.optional(name)?.map(party_name).transpose()?.flatten(), account })
}

/// A party's name, also inside `Pty`, and a bank's inside `Agt`.
fn party_name(party: &Element) -> Result<Option<String>, Error> {
    if let Some(agent) = party.optional("Agt")? {
        return agent.optional("FinInstnId")?.map(|institution| text(institution, "Nm")).transpose().map(Option::flatten);
    }
    text(party.optional("Pty")?.unwrap_or(party), "Nm")
}

fn read_return(element: &Element) -> Result<ReturnNote, Error> {
    Ok(ReturnNote {
        reason: element.optional("Rsn")?.map(read_reason).transpose()?,
        original_code: read_code(element, "OrgnlBkTxCd")?,
        originator: element.optional("Orgtr")?.map(party_name).transpose()?.flatten(),
        additional: texts(element.all("AddtlInf"))?,
    })
}

/// A choice of `Cd` and `Prtry` as a reason.
pub(crate) fn read_reason(element: &Element) -> Result<ReasonCode, Error> {
    match (element.optional_text("Cd")?, element.optional_text("Prtry")?) {
        (Some(code), None) => Ok(ReasonCode::from_code(code)),
        (None, Some(own)) => Ok(ReasonCode::Proprietary(own.to_owned())),
        _ => Err(Error::value(element.name(), "either Cd or Prtry")),
    }
}

fn read_code(element: &Element, name: &'static str) -> Result<BankTransactionCode, Error> {
    let Some(code) = element.optional(name)? else { return Ok(BankTransactionCode::default()) };
    let domain = code.optional("Domn")?;
    let family = domain.map(|domain| domain.optional("Fmly")).transpose()?.flatten();
    let own = code.optional("Prtry")?;
    let part = |parent: Option<&Element>, name| parent.map(|parent| text(parent, name)).transpose().map(Option::flatten);
    Ok(BankTransactionCode {
        domain: part(domain, "Cd")?,
        family: part(family, "Cd")?,
        subfamily: part(family, "SubFmlyCd")?,
        proprietary: part(own, "Cd")?,
        issuer: part(own, "Issr")?,
    })
}

fn read_amounts(element: &Element) -> Result<RelatedAmounts, Error> {
    let Some(details) = element.optional("AmtDtls")? else { return Ok(RelatedAmounts::default()) };
    let part = |name| details.optional(name)?.map(read_conversion).transpose();
    Ok(RelatedAmounts { instructed: part("InstdAmt")?, transaction: part("TxAmt")?, counter_value: part("CntrValAmt")? })
}

fn read_conversion(element: &Element) -> Result<AmountConversion, Error> {
    let none = Element::new("CcyXchg");
    let exchange = element.optional("CcyXchg")?.unwrap_or(&none);
    Ok(AmountConversion {
        amount: amount(element.one("Amt")?)?,
        source: currency(exchange, "SrcCcy")?,
        target: currency(exchange, "TrgtCcy")?,
        unit: currency(exchange, "UnitCcy")?,
        rate: exchange.optional("XchgRate")?.map(decimal).transpose()?,
    })
}

/// The records of all `Chrgs`; in older versions each `Chrgs` is a record itself.
fn read_charges(element: &Element) -> Result<Vec<EntryCharge>, Error> {
    let mut charges = Vec::new();
    for group in element.all("Chrgs") {
        let before = charges.len();
        for record in group.all("Rcrd") {
            charges.push(read_charge(record, "Amt")?);
        }
        if charges.len() == before {
            charges.push(read_charge(group, if group.optional("Amt")?.is_some() { "Amt" } else { "TtlChrgsAndTaxAmt" })?);
        }
    }
    Ok(charges)
}

fn read_charge(element: &Element, money: &'static str) -> Result<EntryCharge, Error> {
    let kind = element.optional("Tp")?.map(|kind| match kind.optional("Prtry")? {
        Some(own) if !own.children().is_empty() => text(own, "Id"),
        _ => choice(kind).map(Some),
    });
    Ok(EntryCharge {
        amount: amount(element.one(money)?)?,
        direction: element.optional("CdtDbtInd")?.map(direction).transpose()?,
        is_included: element.optional("ChrgInclInd")?.map(flag).transpose()?,
        kind: kind.transpose()?.flatten(),
    })
}

fn direction(element: &Element) -> Result<Direction, Error> {
    match element.text()? {
        "CRDT" => Ok(Direction::Credit),
        "DBIT" => Ok(Direction::Debit),
        _ => Err(Error::value(element.name(), "CRDT or DBIT")),
    }
}

fn currency(element: &Element, name: &'static str) -> Result<Option<Currency>, Error> {
    let code = element.optional_text(name)?;
    code.map(|code| Currency::try_new(code).map_err(|_| Error::value(name, "an ISO 4217 code"))).transpose()
}

/// The text of a choice of `Cd` and `Prtry`.
pub(crate) fn choice(element: &Element) -> Result<String, Error> {
    Ok(element.optional_text("Cd")?.map_or_else(|| element.text_of("Prtry"), Ok)?.to_owned())
}
