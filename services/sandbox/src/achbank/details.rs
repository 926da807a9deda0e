//! The entries of an ACH bank's statement: its own references, and the parts of booked sums, which most banks leave out.

use crate::vault::EntryDetail;
use iso20022::{
    Error,
    camt053::{NAMESPACE, Statement},
    value::amount_text,
    xml::{self, Element},
};
use money::{Currency, Money};

/// Beginning of the text of entries that bring an ACH entry back.
pub const RETURN_TEXT: &str = "ACH return ";

/// The statement as a message; with `details`, each sum lists its parts. Every entry has the bank's own reference, and those of returns the code of returns.
pub fn write(statement: &Statement, details: &[Vec<EntryDetail>], with_details: bool) -> Result<String, Error> {
    let document = xml::read(statement.write()?.as_bytes(), NAMESPACE)?;
    let mut parts = details.iter();
    let message = document.one("BkToCstmrStmt")?;
    let mut written = Element::new("BkToCstmrStmt");
    for part in message.children() {
        let is_statement = part.name() == "Stmt";
        written = written.with(if is_statement { detailed(part, &mut parts, statement.currency, with_details)? } else { part.clone() });
    }
    Ok(xml::write(written, NAMESPACE))
}

fn detailed<'a>(
    statement: &Element,
    details: &mut impl Iterator<Item = &'a Vec<EntryDetail>>,
    currency: Currency,
    with_details: bool,
) -> Result<Element, Error> {
    let mut written = Element::new("Stmt");
    for part in statement.children() {
        if part.name() == "Ntry" {
            let parts = details.next().filter(|_| with_details).map(Vec::as_slice).unwrap_or_default();
            written = written.with(entry(part, parts, currency)?);
        } else {
            written = written.with(part.clone());
        }
    }
    Ok(written)
}

/// `AcctSvcrRef` goes before `BkTxCd`, and `NtryDtls` before `AddtlNtryInf`, which our entries always have.
fn entry(entry: &Element, details: &[EntryDetail], currency: Currency) -> Result<Element, Error> {
    let is_return = entry.optional_text("AddtlNtryInf")?.is_some_and(|text| text.starts_with(RETURN_TEXT));
    let mut written = Element::new("Ntry");
    for part in entry.children() {
        if part.name() == "BkTxCd" {
            if let Some(number) = entry.optional_text("NtryRef")? {
                written = written.with_leaf("AcctSvcrRef", format!("ACH{number}"));
            }
            if is_return {
                let family = Element::new("Fmly").with_leaf("Cd", "RRCT").with_leaf("SubFmlyCd", "RRTN");
                written = written.with(Element::new("BkTxCd").with(Element::new("Domn").with_leaf("Cd", "PMNT").with(family)));
                continue;
            }
        }
        if part.name() == "AddtlNtryInf" && !details.is_empty() {
            let transactions = details.iter().filter_map(|detail| transaction(detail, currency));
            let count = Element::new("Btch").with_leaf("NbOfTxs", details.len().to_string());
            written = written.with(Element::new("NtryDtls").with(count).with_all(transactions.collect::<Vec<_>>()));
        }
        written = written.with(part.clone());
    }
    Ok(written)
}

fn transaction(detail: &EntryDetail, currency: Currency) -> Option<Element> {
    let amount = Money::try_new(currency, detail.minor_units).ok()?;
    let mut references = Element::new("Refs");
    references = references.with_leaf("AcctSvcrRef", detail.reference.as_str());
    if !detail.end_to_end_id.is_empty() {
        references = references.with_leaf("EndToEndId", detail.end_to_end_id.as_str());
    }
    let amount = Element::leaf("Amt", amount_text(amount)).attribute("Ccy", currency.code());
    Some(Element::new("TxDtls").with(references).with(amount).with_leaf("CdtDbtInd", "DBIT"))
}
