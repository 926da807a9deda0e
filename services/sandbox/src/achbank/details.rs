//! The entries of booked sums in a statement: what most banks leave out.

use crate::vault::EntryDetail;
use iso20022::{
    Error,
    camt053::{NAMESPACE, Statement},
    value::amount_text,
    xml::{self, Element},
};
use money::{Currency, Money};

/// The statement as a message; with `details`, each sum lists its parts.
pub fn write(statement: &Statement, details: &[Vec<EntryDetail>], with_details: bool) -> Result<String, Error> {
    let text = statement.write()?;
    if !with_details {
        return Ok(text);
    }
    let document = xml::read(text.as_bytes(), NAMESPACE)?;
    let mut parts = details.iter();
    let message = document.one("BkToCstmrStmt")?;
    let mut written = Element::new("BkToCstmrStmt");
    for part in message.children() {
        written = written.with(if part.name() == "Stmt" { detailed(part, &mut parts, statement.currency) } else { part.clone() });
    }
    Ok(xml::write(written, NAMESPACE))
}

fn detailed<'a>(statement: &Element, details: &mut impl Iterator<Item = &'a Vec<EntryDetail>>, currency: Currency) -> Element {
    let mut written = Element::new("Stmt");
    for part in statement.children() {
        let entry = if part.name() == "Ntry" { details.next().filter(|details| !details.is_empty()) } else { None };
        written = written.with(entry.map_or_else(|| part.clone(), |details| with_parts(part, details, currency)));
    }
    written
}

/// `NtryDtls` goes before `AddtlNtryInf`, which our entries of sums always have.
fn with_parts(entry: &Element, details: &[EntryDetail], currency: Currency) -> Element {
    let mut written = Element::new("Ntry");
    for part in entry.children() {
        if part.name() == "AddtlNtryInf" {
            let transactions = details.iter().filter_map(|detail| transaction(detail, currency));
            let count = Element::new("Btch").with_leaf("NbOfTxs", details.len().to_string());
            written = written.with(Element::new("NtryDtls").with(count).with_all(transactions.collect::<Vec<_>>()));
        }
        written = written.with(part.clone());
    }
    written
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
