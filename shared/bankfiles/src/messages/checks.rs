//! Whether a message adds up by its own counts and sums.

use super::reader::DocumentReader;
use iso20022::{
    Error,
    report::AccountReports,
    resolution::Resolution,
    returns::PaymentReturns,
    value::{Decimal, count, decimal},
    xml::{Element, envelope::Enveloped},
};
use std::collections::{BTreeMap, BTreeSet};

/// Checks what a message of this kind states about itself.
pub(super) fn check(enveloped: &Enveloped, family: &str, reader: &mut DocumentReader) {
    let message = &enveloped.message;
    match family {
        "pain.001" => initiation(message, reader),
        "pacs.008" => banks_totals(message, &TRANSFERS, reader),
        "pacs.004" => {
            banks_totals(message, &RETURNS, reader);
            returned_amounts(message, reader);
            decided(&PaymentReturns::from_enveloped(enveloped), reader);
        }
        "pain.002" | "pain.014" | "pacs.002" => report_counts(message, reader),
        "camt.055" | "camt.056" => requested(message, reader),
        "admi.002" => {}
        "camt.029" => {
            decided(&Resolution::from_enveloped(enveloped), reader);
        }
        _ => {
            let findings = match AccountReports::from_enveloped(enveloped) {
                Ok(reports) => reports.findings(),
                Err(error) => {
                    refused(&error, reader);
                    // A wrong date is no reason to leave the sums unchecked.
                    AccountReports::findings_without_dates(enveloped).unwrap_or_default()
                }
            };
            for finding in findings {
                reader.problem(&finding.path, finding.what, finding.touches_money);
            }
        }
    }
}

/// What the typed reader that product code uses makes of the message.
fn decided<T>(read: &Result<T, Error>, reader: &mut DocumentReader) {
    if let Err(error) = read {
        refused(error, reader);
    }
}

/// The error of a typed reader is a problem unless the table has already found one.
fn refused(error: &Error, reader: &mut DocumentReader) {
    if !reader.touches_money() {
        reader.problem("the document", error.to_string(), true);
    }
}

/// Where a list of transactions and what is stated of it are.
struct BankTotals {
    transactions: &'static str,
    amount: &'static str,
    total: &'static str,
}

const TRANSFERS: BankTotals = BankTotals { transactions: "CdtTrfTxInf", amount: "IntrBkSttlmAmt", total: "TtlIntrBkSttlmAmt" };
const RETURNS: BankTotals = BankTotals { transactions: "TxInf", amount: "RtrdIntrBkSttlmAmt", total: "TtlRtrdIntrBkSttlmAmt" };

fn initiation(message: &Element, reader: &mut DocumentReader) {
    let amount = |transfer: &Element| decimal(instructed(transfer)?).ok();
    let mut all = Vec::new();
    for (at, payment) in message.all("PmtInf").enumerate() {
        let transfers: Vec<&Element> = payment.all("CdtTrfTxInf").collect();
        totals(payment, &format!("PmtInf {}", at + 1), &transfers, amount, reader);
        all.extend(transfers);
    }
    if let Some(header) = child(message, "GrpHdr") {
        totals(header, "GrpHdr", &all, amount, reader);
    }
}

/// The amount that counts into a sum over instructed amounts; of an equivalent, the amount it is stated in.
fn instructed(transfer: &Element) -> Option<&Element> {
    let amounts = child(transfer, "Amt")?;
    child(amounts, "InstdAmt").or_else(|| child(child(amounts, "EqvtAmt")?, "Amt"))
}

fn banks_totals(message: &Element, names: &BankTotals, reader: &mut DocumentReader) {
    let transactions: Vec<&Element> = message.all(names.transactions).collect();
    let Some(header) = child(message, "GrpHdr") else { return };
    // A return of a whole group may name no payment.
    if transactions.is_empty() {
        return;
    }
    let amount = |transaction: &Element| decimal(child(transaction, names.amount)?).ok();
    totals(header, "GrpHdr", &transactions, amount, reader);
    let Some(total) = child(header, names.total) else { return };
    let currencies = || transactions.iter().filter_map(|transaction| child(transaction, names.amount)?.attribute_value("Ccy"));
    if currencies().any(|currency| Some(currency) != total.attribute_value("Ccy")) {
        reader.problem(&format!("GrpHdr/{}", names.total), "the transactions are in another currency".to_owned(), true);
    } else {
        compare(total, &format!("GrpHdr/{}", names.total), sum(&transactions, amount), reader);
    }
}

/// A part of a payment may come back, and never more than it; what is paid on top for the trouble is stated as such.
fn returned_amounts(message: &Element, reader: &mut DocumentReader) {
    for (at, transaction) in message.all("TxInf").enumerate() {
        let reference = || child(child(transaction, "OrgnlTxRef")?, "IntrBkSttlmAmt");
        let Some(original) = child(transaction, "OrgnlIntrBkSttlmAmt").or_else(reference) else { continue };
        let Some(returned) = child(transaction, "RtrdIntrBkSttlmAmt") else { continue };
        let currency = original.attribute_value("Ccy");
        if currency != returned.attribute_value("Ccy") {
            continue;
        }
        let compensation = child(transaction, "CompstnAmt").filter(|amount| amount.attribute_value("Ccy") == currency);
        let compensation = compensation.and_then(|amount| decimal(amount).ok()).unwrap_or_default();
        if let (Ok(original), Ok(returned)) = (decimal(original), decimal(returned))
            && original.checked_add(compensation).is_some_and(|most| returned > most)
        {
            let what = format!("{returned} came back of {original}");
            reader.problem(&format!("TxInf {}/RtrdIntrBkSttlmAmt", at + 1), what, true);
        }
    }
}

fn requested(message: &Element, reader: &mut DocumentReader) {
    let amount = |transaction: &Element| {
        let own = child(transaction, "OrgnlIntrBkSttlmAmt").or_else(|| child(transaction, "OrgnlInstdAmt"));
        let reference = || {
            let original = child(transaction, "OrgnlTxRef")?;
            child(original, "IntrBkSttlmAmt").or_else(|| instructed(original))
        };
        decimal(own.or_else(reference)?).ok()
    };
    let (mut all, mut is_listed) = (Vec::new(), true);
    for (at, underlying) in message.all("Undrlyg").enumerate() {
        let path = format!("Undrlyg {}", at + 1);
        let mut listed: Vec<&Element> = underlying.all("TxInf").collect();
        for (at, payment) in underlying.all("OrgnlPmtInfAndCxl").enumerate() {
            let transactions: Vec<&Element> = payment.all("TxInf").collect();
            if transactions.is_empty() {
                // The whole payment is meant, and only its sender has its transactions.
                is_listed = false;
            } else {
                totals(payment, &format!("{path}/OrgnlPmtInfAndCxl {}", at + 1), &transactions, amount, reader);
            }
            listed.extend(transactions);
        }
        match child(underlying, "OrgnlGrpInfAndCxl") {
            _ if listed.is_empty() => is_listed = false,
            Some(group) if is_listed => totals(group, &format!("{path}/OrgnlGrpInfAndCxl"), &listed, amount, reader),
            _ => {}
        }
        all.extend(listed);
    }
    if let Some(control) = child(message, "CtrlData").filter(|_| is_listed) {
        totals(control, "CtrlData", &all, amount, reader);
    }
}

/// Compares `NbOfTxs` and `CtrlSum` of an element with transactions.
fn totals(
    holder: &Element,
    path: &str,
    transactions: &[&Element],
    amount: impl Fn(&Element) -> Option<Decimal>,
    reader: &mut DocumentReader,
) {
    let number = transactions.len() as u64;
    if let Some(stated) = child(holder, "NbOfTxs").and_then(|stated| count(stated).ok())
        && stated != number
    {
        reader.problem(&format!("{path}/NbOfTxs"), format!("{stated} transactions are stated, there are {number}"), true);
    }
    if let Some(stated) = child(holder, "CtrlSum") {
        compare(stated, &format!("{path}/CtrlSum"), sum(transactions, amount), reader);
    }
}

/// Compares a stated sum with that of the transactions. One that can't be compared says no more about the amounts than none.
fn compare(stated: &Element, path: &str, sum: Option<Decimal>, reader: &mut DocumentReader) {
    let Ok(stated) = decimal(stated) else { return };
    match sum {
        Some(sum) if sum == stated => {}
        Some(sum) => reader.problem(path, format!("{stated} is stated, the transactions come to {sum}"), true),
        None => {
            let what = "the sum can't be checked: not every transaction has an amount that can be read, or they exceed any sum";
            reader.problem(path, what.to_owned(), true);
        }
    }
}

fn sum(transactions: &[&Element], amount: impl Fn(&Element) -> Option<Decimal>) -> Option<Decimal> {
    transactions.iter().try_fold(Decimal::ZERO, |sum, transaction| sum.checked_add(amount(transaction)?))
}

/// A report may tell of some transactions only, but not of more than there were.
fn report_counts(message: &Element, reader: &mut DocumentReader) {
    let originals: Vec<&Element> = message.all("OrgnlGrpInfAndSts").collect();
    let mut all: Vec<&Element> = message.all("TxInfAndSts").collect();
    for (at, payment) in message.all("OrgnlPmtInfAndSts").enumerate() {
        let transactions: Vec<&Element> = payment.all("TxInfAndSts").collect();
        counts(payment, &format!("OrgnlPmtInfAndSts {}", at + 1), &transactions, reader);
        all.extend(transactions);
    }
    statuses(message, &originals, reader);
    // With several originals it is not stated which transaction is of which.
    if let [original] = originals.as_slice() {
        counts(original, "OrgnlGrpInfAndSts", &all, reader);
    }
}

/// Every transaction has a status, or its payment or its message has one for it; else nothing is known of its money.
fn statuses(message: &Element, originals: &[&Element], reader: &mut DocumentReader) {
    let text = |holder: &Element, name| child(holder, name).and_then(|child| child.text().ok()).map(str::to_owned);
    let with_status = originals.iter().filter(|original| child(original, "GrpSts").is_some());
    let with_status: BTreeSet<String> = with_status.filter_map(|original| text(original, "OrgnlMsgId")).collect();
    let all_have = !originals.is_empty() && originals.iter().all(|original| child(original, "GrpSts").is_some());
    let is_covered = |transaction: &Element| {
        let of_message = || text(child(transaction, "OrgnlGrpInf")?, "OrgnlMsgId");
        child(transaction, "TxSts").is_some() || all_have || of_message().is_some_and(|id| with_status.contains(&id))
    };
    let mut missing = |place: String| {
        reader.problem(&place, "is missing, and no status of the payment or the message stands in for it".to_owned(), true);
    };
    for (at, _) in message.all("TxInfAndSts").enumerate().filter(|(_, transaction)| !is_covered(transaction)) {
        missing(format!("TxInfAndSts {}/TxSts", at + 1));
    }
    for (number, payment) in message.all("OrgnlPmtInfAndSts").enumerate() {
        if child(payment, "PmtInfSts").is_some() {
            continue;
        }
        let path = format!("OrgnlPmtInfAndSts {}", number + 1);
        if payment.all("TxInfAndSts").next().is_none() && payment.all("NbOfTxsPerSts").next().is_none() && !all_have {
            missing(format!("{path}/PmtInfSts"));
        }
        for (at, _) in payment.all("TxInfAndSts").enumerate().filter(|(_, transaction)| !is_covered(transaction)) {
            missing(format!("{path}/TxInfAndSts {}/TxSts", at + 1));
        }
    }
}

fn counts(holder: &Element, path: &str, transactions: &[&Element], reader: &mut DocumentReader) {
    let original = child(holder, "OrgnlNbOfTxs").and_then(|stated| count(stated).ok());
    let listed = transactions.len() as u64;
    if let Some(original) = original.filter(|original| listed > *original) {
        reader.problem(&format!("{path}/OrgnlNbOfTxs"), format!("{original} transactions are stated, {listed} are reported"), true);
    }
    let mut reported: BTreeMap<&str, u64> = BTreeMap::new();
    for status in transactions.iter().filter_map(|transaction| child(transaction, "TxSts")?.text().ok()) {
        *reported.entry(status).or_default() += 1;
    }
    let mut detailed: u64 = 0;
    for (at, counted) in holder.all("NbOfTxsPerSts").enumerate() {
        let Some(number) = child(counted, "DtldNbOfTxs").and_then(|number| count(number).ok()) else { continue };
        detailed = detailed.saturating_add(number);
        let status = child(counted, "DtldSts").and_then(|status| status.text().ok());
        let reported = status.and_then(|status| reported.get(status)).copied().unwrap_or_default();
        if reported > number {
            let what = format!("{number} transactions are stated with this status, {reported} are reported");
            reader.problem(&format!("{path}/NbOfTxsPerSts {}", at + 1), what, true);
        }
    }
    if let Some(original) = original.filter(|original| detailed > *original) {
        reader.problem(
            &format!("{path}/NbOfTxsPerSts"),
            format!("{original} transactions are stated, the statuses count {detailed}"),
            true,
        );
    }
}

fn child<'a>(element: &'a Element, name: &'static str) -> Option<&'a Element> {
    element.all(name).next()
}
