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

/// Checks what a message of this kind states about itself.
pub(super) fn check(enveloped: &Enveloped, family: &str, reader: &mut DocumentReader) {
    let message = &enveloped.message;
    match family {
        "pain.001" => initiation(message, reader),
        "pacs.008" => banks_totals(message, &TRANSFERS, reader),
        "pacs.004" => {
            banks_totals(message, &RETURNS, reader);
            decided(PaymentReturns::from_enveloped(enveloped), reader);
        }
        "pain.002" | "pain.014" | "pacs.002" => report_counts(message, reader),
        "camt.055" | "camt.056" => requested(message, reader),
        "admi.002" => {}
        "camt.029" => {
            decided(Resolution::from_enveloped(enveloped), reader);
        }
        _ => {
            let Some(reports) = decided(AccountReports::from_enveloped(enveloped), reader) else { return };
            for finding in reports.findings() {
                reader.problem(&finding.path, finding.what, finding.touches_money);
            }
        }
    }
}

/// What the typed reader that product code uses makes of the message. Its error is a problem unless the table has already found one.
fn decided<T>(read: Result<T, Error>, reader: &mut DocumentReader) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            if !reader.touches_money() {
                reader.problem("the document", error.to_string(), true);
            }
            None
        }
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
    // The sum is over instructed amounts; of an equivalent, the amount it is stated in.
    let amount = |transfer: &Element| {
        let amounts = child(transfer, "Amt")?;
        let element = child(amounts, "InstdAmt").or_else(|| child(child(amounts, "EqvtAmt")?, "Amt"))?;
        decimal(element).ok()
    };
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
    } else if let (Ok(stated), Some(sum)) = (decimal(total), sum(&transactions, amount))
        && stated != sum
    {
        reader.problem(&format!("GrpHdr/{}", names.total), format!("{stated} is stated, the transactions come to {sum}"), true);
    }
}

fn requested(message: &Element, reader: &mut DocumentReader) {
    let amount = |transaction: &Element| {
        let element = child(transaction, "OrgnlIntrBkSttlmAmt").or_else(|| child(transaction, "OrgnlInstdAmt"))?;
        decimal(element).ok()
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

/// Compares `NbOfTxs` and `CtrlSum` of an element with transactions. A sum over transactions without amounts is not compared.
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
    if let Some(stated) = child(holder, "CtrlSum").and_then(|stated| decimal(stated).ok())
        && let Some(sum) = sum(transactions, amount)
        && stated != sum
    {
        reader.problem(&format!("{path}/CtrlSum"), format!("{stated} is stated, the transactions come to {sum}"), true);
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
    // With several originals it is not stated which transaction is of which.
    if let [original] = originals.as_slice() {
        counts(original, "OrgnlGrpInfAndSts", &all, reader);
    }
}

fn counts(holder: &Element, path: &str, transactions: &[&Element], reader: &mut DocumentReader) {
    let original = child(holder, "OrgnlNbOfTxs").and_then(|stated| count(stated).ok());
    let listed = transactions.len() as u64;
    if let Some(original) = original.filter(|original| listed > *original) {
        reader.problem(&format!("{path}/OrgnlNbOfTxs"), format!("{original} transactions are stated, {listed} are reported"), true);
    }
    let mut detailed: u64 = 0;
    for (at, counted) in holder.all("NbOfTxsPerSts").enumerate() {
        let Some(number) = child(counted, "DtldNbOfTxs").and_then(|number| count(number).ok()) else { continue };
        detailed = detailed.saturating_add(number);
        let status = child(counted, "DtldSts").and_then(|status| status.text().ok());
        let of_status = |transaction: &&&Element| child(transaction, "TxSts").and_then(|own| own.text().ok()) == status;
        let reported = transactions.iter().filter(of_status).count() as u64;
        if status.is_some() && reported > number {
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
