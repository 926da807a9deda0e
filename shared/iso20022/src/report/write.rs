//! Account reports as a bank writes them: the versions 08 of `camt.052`, `camt.053` and `camt.054`.

use super::{
    AccountReport, AccountReports, AmountConversion, BankTransactionCode, EntryBatch, EntryCharge, EntryReferences, EntryTotal,
    EntryTransaction, RelatedAmounts, RelatedParty, ReportAccount, ReportBalance, ReportEntry, ReportKind, ReportPage, ReportTotals,
    ReturnNote,
};
use crate::{
    Error,
    camt053::Direction,
    codes::write_reason_code,
    pain001::write_account,
    value::{NAME_CHARS_MAX, REFERENCE_CHARS_MAX, amount_leaf, day_leaf, text_leaf, time_leaf},
    xml::{self, Element},
};

/// `Max500Text`.
const ADDITIONAL_CHARS_MAX: usize = 500;
/// `Max105Text`, the lines of a return.
const RETURN_CHARS_MAX: usize = 105;

impl AccountReports {
    /// Writes the message. Refuses what violates the schema, and totals by code (`TtlNtriesPerBkTxCd`), which are only read.
    pub fn write(&self) -> Result<String, Error> {
        let (message, report) = self.kind.elements();
        let namespace = match self.kind {
            ReportKind::Intraday => "urn:iso:std:iso:20022:tech:xsd:camt.052.001.08",
            ReportKind::Statement => "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08",
            ReportKind::Notification => "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08",
        };
        let mut header = Element::new("GrpHdr").with(reference("MsgId", &self.message_id)?).with(time_leaf("CreDtTm", self.created));
        if let Some(page) = &self.page {
            header = header.with(write_page("MsgPgntn", page));
        }
        if self.reports.is_empty() {
            return Err(Error::Missing { parent: message.to_owned(), element: report });
        }
        let reports = self.reports.iter().map(|one| write_report(report, one, self)).collect::<Result<Vec<_>, _>>()?;
        Ok(xml::write(Element::new(message).with(header).with_all(reports), namespace))
    }

    /// What comes before and after the entries of a message with one report, whose entries are written one by one: as many as there are, with
    /// [`ReportEntry::write_alone`]. Refuses a message with entries or with several reports.
    pub fn write_frame(&self) -> Result<(String, String), Error> {
        let (message, report) = self.kind.elements();
        if self.reports.len() != 1 || self.reports.iter().any(|one| !one.entries.is_empty()) {
            return Err(Error::value(message, "a message with one report, without its entries"));
        }
        let text = self.write()?;
        let end = text.rfind(&format!("</{report}>")).ok_or_else(|| Error::value(report, "written"))?;
        let (head, tail) = text.split_at(end);
        Ok((head.to_owned(), tail.to_owned()))
    }
}

impl ReportEntry {
    /// Writes an entry for the frame of a message. Refuses what violates the schema.
    pub fn write_alone(&self) -> Result<String, Error> {
        Ok(xml::write_part(&write_report_entry(self)?))
    }
}

fn reference(name: &str, text: &str) -> Result<Element, Error> {
    text_leaf(name, text, REFERENCE_CHARS_MAX)
}

/// Adds the children that there are.
fn with(mut element: Element, children: impl IntoIterator<Item = Option<Element>>) -> Element {
    for child in children.into_iter().flatten() {
        element = element.with(child);
    }
    element
}

/// Optional references, by element.
fn references<const N: usize>(texts: [(&str, &Option<String>); N]) -> Result<Vec<Option<Element>>, Error> {
    texts.into_iter().map(|(name, text)| text.as_deref().map(|text| reference(name, text)).transpose()).collect()
}

fn write_page(name: &str, page: &ReportPage) -> Element {
    let is_last = if page.is_last { "true" } else { "false" };
    Element::new(name).with_leaf("PgNb", page.number.to_string()).with_leaf("LastPgInd", is_last)
}

fn write_report(name: &str, report: &AccountReport, message: &AccountReports) -> Result<Element, Error> {
    if !report.totals.per_code.is_empty() {
        return Err(Error::value("TtlNtriesPerBkTxCd", "absent: totals by code are not written"));
    }
    if message.kind == ReportKind::Notification && !report.balances.is_empty() {
        return Err(Error::value("Bal", "absent from a notification"));
    }
    // A page of the message is read into every report without one of its own.
    let page = report.page.as_ref().filter(|page| message.page.as_ref() != Some(page));
    let number = |name, value: Option<u64>| value.map(|value| Element::leaf(name, value.to_string()));
    let period = report.period.map(|(from, to)| Element::new("FrToDt").with(time_leaf("FrDtTm", from)).with(time_leaf("ToDtTm", to)));
    let page_name = match message.kind {
        ReportKind::Intraday => "RptPgntn",
        ReportKind::Statement => "StmtPgntn",
        ReportKind::Notification => "NtfctnPgntn",
    };
    let head = [
        page.map(|page| write_page(page_name, page)),
        number("ElctrncSeqNb", report.electronic_sequence),
        number("LglSeqNb", report.legal_sequence),
        report.created.map(|created| time_leaf("CreDtTm", created)),
        period,
        report.copy.as_ref().map(|copy| Element::leaf("CpyDplctInd", copy)),
    ];
    Ok(with(Element::new(name).with(reference("Id", &report.id)?), head)
        .with(write_report_account(&report.account)?)
        .with_all(report.balances.iter().map(write_report_balance).collect::<Result<Vec<_>, _>>()?)
        .with_all(write_totals(&report.totals))
        .with_all(report.entries.iter().map(write_report_entry).collect::<Result<Vec<_>, _>>()?))
}

fn write_totals(totals: &ReportTotals) -> Option<Element> {
    let total = |name, total: &Option<EntryTotal>| total.as_ref().map(|total| write_total(name, total));
    let parts = [total("TtlNtries", &totals.all), total("TtlCdtNtries", &totals.credits), total("TtlDbtNtries", &totals.debits)];
    parts.iter().any(Option::is_some).then(|| with(Element::new("TxsSummry"), parts))
}

fn write_total(name: &str, total: &EntryTotal) -> Element {
    let net = total.net.map(|net| {
        let direction = if net.is_sign_negative() { Direction::Debit } else { Direction::Credit };
        Element::new("TtlNetNtry").with_leaf("Amt", net.abs().to_string()).with_leaf("CdtDbtInd", direction.code())
    });
    let leaf = |name, text: Option<String>| text.map(|text| Element::leaf(name, text));
    let (count, sum) = (total.count.map(|count| count.to_string()), total.sum.map(|sum| sum.to_string()));
    with(Element::new(name), [leaf("NbOfNtries", count), leaf("Sum", sum), net])
}

fn write_report_account(account: &ReportAccount) -> Result<Element, Error> {
    let id = account.id.as_ref().ok_or_else(|| Error::value("Acct", "an account with an Id"))?;
    // The type `Ccy` stands before a proxy in the schema, and own accounts are never named by one.
    let mut element = write_account("Acct", id)?;
    if let Some(currency) = account.currency {
        element = element.with_leaf("Ccy", currency.code());
    }
    if let Some(owner) = &account.owner {
        element = element.with(Element::new("Ownr").with(text_leaf("Nm", owner, NAME_CHARS_MAX)?));
    }
    let bic = account.servicer_bic.as_ref().map(|bic| text_leaf("BICFI", bic, 11)).transpose()?;
    let name = account.servicer_name.as_ref().map(|name| text_leaf("Nm", name, NAME_CHARS_MAX)).transpose()?;
    if bic.is_some() || name.is_some() {
        element = element.with(Element::new("Svcr").with(with(Element::new("FinInstnId"), [bic, name])));
    }
    Ok(element)
}

fn write_report_balance(balance: &ReportBalance) -> Result<Element, Error> {
    let kind = if balance.kind.len() == 4 { Element::leaf("Cd", &balance.kind) } else { reference("Prtry", &balance.kind)? };
    let mut kind = Element::new("Tp").with(Element::new("CdOrPrtry").with(kind));
    if let Some(subtype) = &balance.subtype {
        kind = kind.with(Element::new("SubTp").with(reference("Prtry", subtype)?));
    }
    let day = match balance.moment {
        Some(moment) => time_leaf("DtTm", moment),
        None => day_leaf("Dt", balance.date),
    };
    Ok(Element::new("Bal")
        .with(kind)
        .with(amount_leaf("Amt", balance.amount))
        .with_leaf("CdtDbtInd", balance.direction.code())
        .with(Element::new("Dt").with(day)))
}

fn write_report_entry(entry: &ReportEntry) -> Result<Element, Error> {
    let day = |name, date: Option<jiff::civil::Date>| date.map(|date| Element::new(name).with(day_leaf("Dt", date)));
    let mut element = with(Element::new("Ntry"), references([("NtryRef", &entry.reference)])?)
        .with(amount_leaf("Amt", entry.amount))
        .with_leaf("CdtDbtInd", entry.direction.code());
    if entry.is_reversal {
        element = element.with_leaf("RvslInd", "true");
    }
    element = element.with(Element::new("Sts").with_leaf("Cd", entry.status.code()));
    let booked = match entry.booked_at {
        Some(moment) => Some(Element::new("BookgDt").with(time_leaf("DtTm", moment))),
        None => day("BookgDt", entry.booked),
    };
    element = with(element, [booked, day("ValDt", entry.value_date)]);
    element = with(element, references([("AcctSvcrRef", &entry.bank_reference)])?).with(write_bank_code("BkTxCd", &entry.code)?);
    element = with(element, [write_amounts(&entry.amounts), write_charges(&entry.charges)?]);
    element = element.with_all(entry.batches.iter().map(write_batch).collect::<Result<Vec<_>, _>>()?);
    let additional = entry.additional.as_ref().map(|text| text_leaf("AddtlNtryInf", text, ADDITIONAL_CHARS_MAX)).transpose()?;
    Ok(with(element, [additional]))
}

fn write_bank_code(name: &str, code: &BankTransactionCode) -> Result<Element, Error> {
    let mut element = Element::new(name);
    match (&code.domain, &code.family, &code.subfamily) {
        (Some(domain), Some(family), Some(subfamily)) => {
            let family = Element::new("Fmly").with(text_leaf("Cd", family, 4)?).with(text_leaf("SubFmlyCd", subfamily, 4)?);
            element = element.with(Element::new("Domn").with(text_leaf("Cd", domain, 4)?).with(family));
        }
        (None, None, None) => {}
        _ => return Err(Error::value(name, "a domain with family and subfamily, or none of them")),
    }
    if let Some(own) = &code.proprietary {
        element = element.with(with(Element::new("Prtry").with(reference("Cd", own)?), references([("Issr", &code.issuer)])?));
    }
    Ok(element)
}

fn write_amounts(amounts: &RelatedAmounts) -> Option<Element> {
    let parts = [("InstdAmt", &amounts.instructed), ("TxAmt", &amounts.transaction), ("CntrValAmt", &amounts.counter_value)];
    let parts = parts.map(|(name, part)| part.as_ref().map(|part| write_conversion(name, part)));
    parts.iter().any(Option::is_some).then(|| with(Element::new("AmtDtls"), parts))
}

fn write_conversion(name: &str, part: &AmountConversion) -> Element {
    let mut element = Element::new(name).with(amount_leaf("Amt", part.amount));
    if let (Some(source), Some(rate)) = (part.source, part.rate) {
        let currency = |name, currency: Option<money::Currency>| currency.map(|currency| Element::leaf(name, currency.code()));
        let exchange = Element::new("CcyXchg").with_leaf("SrcCcy", source.code());
        let exchange = with(exchange, [currency("TrgtCcy", part.target), currency("UnitCcy", part.unit)]);
        element = element.with(exchange.with_leaf("XchgRate", rate.to_string()));
    }
    element
}

fn write_charges(charges: &[EntryCharge]) -> Result<Option<Element>, Error> {
    let mut element = Element::new("Chrgs");
    for charge in charges {
        let is_included = charge.is_included.map(|is| Element::leaf("ChrgInclInd", if is { "true" } else { "false" }));
        let side = charge.direction.map(|direction| Element::leaf("CdtDbtInd", direction.code()));
        let kind = charge
            .kind
            .as_ref()
            .map(|kind| -> Result<Element, Error> { Ok(Element::new("Tp").with(Element::new("Prtry").with(reference("Id", kind)?))) });
        let record = Element::new("Rcrd").with(amount_leaf("Amt", charge.amount));
        element = element.with(with(record, [side, is_included, kind.transpose()?]));
    }
    Ok((!charges.is_empty()).then_some(element))
}

fn write_batch(batch: &EntryBatch) -> Result<Element, Error> {
    let mut stated = with(Element::new("Btch"), references([("MsgId", &batch.message_id), ("PmtInfId", &batch.payment_id)])?);
    stated = with(
        stated,
        [
            batch.stated_count.map(|count| Element::leaf("NbOfTxs", count.to_string())),
            batch.stated_total.map(|total| amount_leaf("TtlAmt", total)),
            batch.direction.map(|direction| Element::leaf("CdtDbtInd", direction.code())),
        ],
    );
    let element = with(Element::new("NtryDtls"), [(!stated.children().is_empty()).then_some(stated)]);
    Ok(element.with_all(batch.transactions.iter().map(write_entry_transaction).collect::<Result<Vec<_>, _>>()?))
}

fn write_entry_transaction(transaction: &EntryTransaction) -> Result<Element, Error> {
    let code = (transaction.code != BankTransactionCode::default()).then(|| write_bank_code("BkTxCd", &transaction.code)).transpose()?;
    let parts = [
        write_references(&transaction.references)?,
        transaction.amount.map(|amount| amount_leaf("Amt", amount)),
        transaction.direction.map(|direction| Element::leaf("CdtDbtInd", direction.code())),
        write_amounts(&transaction.amounts),
        code,
        write_charges(&transaction.charges)?,
        write_parties(transaction)?,
        write_remittance(transaction)?,
        transaction.returned.as_ref().map(write_return).transpose()?,
        transaction.additional.as_ref().map(|text| text_leaf("AddtlTxInf", text, ADDITIONAL_CHARS_MAX)).transpose()?,
    ];
    Ok(with(Element::new("TxDtls"), parts))
}

fn write_references(refs: &EntryReferences) -> Result<Option<Element>, Error> {
    let texts = references([
        ("MsgId", &refs.message_id),
        ("AcctSvcrRef", &refs.bank_reference),
        ("PmtInfId", &refs.payment_id),
        ("InstrId", &refs.instruction_id),
        ("EndToEndId", &refs.end_to_end_id),
    ])?;
    let uetr = refs.uetr.as_ref().map(|uetr| text_leaf("UETR", uetr, REFERENCE_CHARS_MAX + 1)).transpose()?;
    let rest = references([("TxId", &refs.transaction_id), ("ClrSysRef", &refs.clearing_reference)])?;
    let element = with(with(with(Element::new("Refs"), texts), [uetr]), rest);
    Ok((!element.children().is_empty()).then_some(element))
}

fn write_parties(transaction: &EntryTransaction) -> Result<Option<Element>, Error> {
    let named = |element: &str, name: &Option<String>| -> Result<Option<Element>, Error> {
        let party =
            name.as_ref().map(|name| -> Result<Element, Error> { Ok(Element::new("Pty").with(text_leaf("Nm", name, NAME_CHARS_MAX)?)) });
        Ok(party.transpose()?.map(|party| Element::new(element).with(party)))
    };
    let account = |element: &str, party: &RelatedParty| party.account.as_ref().map(|id| write_account(element, id)).transpose();
    let EntryTransaction { debtor, ultimate_debtor, creditor, .. } = transaction;
    let parts = [
        named("Dbtr", &debtor.name)?,
        account("DbtrAcct", debtor)?,
        named("UltmtDbtr", ultimate_debtor)?,
        named("Cdtr", &creditor.name)?,
        account("CdtrAcct", creditor)?,
    ];
    let element = with(Element::new("RltdPties"), parts);
    Ok((!element.children().is_empty()).then_some(element))
}

fn write_remittance(transaction: &EntryTransaction) -> Result<Option<Element>, Error> {
    let mut element = Element::new("RmtInf");
    for line in &transaction.remittance {
        element = element.with(text_leaf("Ustrd", line, NAME_CHARS_MAX)?);
    }
    for text in &transaction.creditor_references {
        element = element.with(Element::new("Strd").with(Element::new("CdtrRefInf").with(reference("Ref", text)?)));
    }
    Ok((!element.children().is_empty()).then_some(element))
}

fn write_return(note: &ReturnNote) -> Result<Element, Error> {
    let original = (note.original_code != BankTransactionCode::default()).then(|| write_bank_code("OrgnlBkTxCd", &note.original_code));
    let originator = note
        .originator
        .as_ref()
        .map(|name| -> Result<Element, Error> { Ok(Element::new("Orgtr").with(text_leaf("Nm", name, NAME_CHARS_MAX)?)) });
    let reason = note.reason.as_ref().map(write_reason_code).transpose()?;
    let lines = note.additional.iter().map(|line| text_leaf("AddtlInf", line, RETURN_CHARS_MAX)).collect::<Result<Vec<_>, _>>()?;
    Ok(with(Element::new("RtrInf"), [original.transpose()?, originator.transpose()?, reason]).with_all(lines))
}

#[cfg(test)]
mod tests;
