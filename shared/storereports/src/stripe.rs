//! The balance transactions of a payout of Stripe's: `GET /v1/balance_transactions?payout=…&expand[]=data.source`, all pages in one list. Amounts are in the smallest
//! unit as Stripe counts it.

use crate::line::{PayoutStanding, ReportFormat, ReportLine, ReportLineKind, StatedPayout, StoreReport};
use crate::{LINES_MAX, ReportFault, UNPACKED_BYTES_MAX};
use jiff::{Timestamp, civil::Date};
use money::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

/// Currencies that Stripe counts in whole units, and in thousandths; all others in hundredths. As of November 2026, from its page "Supported currencies".
const ZERO_DECIMAL: [&str; 15] = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Largest amount, in smallest units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 255;

#[derive(Deserialize)]
struct TransactionList {
    object: String,
    data: Vec<BalanceTransaction>,
    has_more: bool,
}

#[derive(Deserialize)]
struct BalanceTransaction {
    id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    exchange_rate: Option<serde_json::Number>,
    fee: i64,
    #[serde(default)]
    fee_details: Vec<FeeDetail>,
    net: i64,
    #[serde(default)]
    source: Value,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
}

#[derive(Deserialize)]
struct FeeDetail {
    amount: i64,
    #[serde(rename = "type")]
    kind: String,
}

/// What a type of transactions is about; `None`: the payout itself.
fn kind_of(name: &str) -> Option<Option<ReportLineKind>> {
    Some(match name {
        "charge" | "payment" => Some(ReportLineKind::Sale),
        "refund" | "payment_refund" | "refund_failure" | "payment_failure_refund" => Some(ReportLineKind::Refund),
        "stripe_fee" | "network_cost" => Some(ReportLineKind::Fee),
        "tax_fee" => Some(ReportLineKind::FeeTax),
        "tax_withholding" => Some(ReportLineKind::Withholding),
        "reserve_transaction" | "reserved_funds" | "risk_reserved_funds" | "reserve_hold" | "reserve_release" => {
            Some(ReportLineKind::Reserve)
        }
        "adjustment" => Some(ReportLineKind::Adjustment),
        "payout" | "payout_failure" | "payout_cancel" => None,
        _ => return None,
    })
}

pub(crate) fn payout(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    if bytes.len() > UNPACKED_BYTES_MAX {
        return Err(ReportFault::of_file("the list is too large"));
    }
    let list: TransactionList = serde_json::from_slice(bytes).map_err(|error| {
        ReportFault::new(u64::try_from(error.line()).unwrap_or(0), "", format!("is no list of balance transactions: {error}"))
    })?;
    if list.object != "list" || list.has_more {
        return Err(ReportFault::new(0, "has_more", "must be false in one list: pages are missing"));
    }
    if list.data.len() > LINES_MAX {
        return Err(ReportFault::of_file(format!("the list has more than {LINES_MAX} transactions")));
    }
    let (mut lines, mut paid, mut ids) = (Vec::new(), Vec::new(), std::collections::HashSet::new());
    for (line_no, transaction) in (1..).zip(&list.data) {
        if !ids.insert(transaction.id.as_str()) {
            return Err(ReportFault::new(line_no, "id", format!("{} is there twice", short(&transaction.id))));
        }
        match kind_of(&transaction.kind) {
            None => return Err(ReportFault::new(line_no, "type", format!("`{}` is not known to this reader", short(&transaction.kind)))),
            Some(None) => paid.push((line_no, transaction)),
            Some(Some(kind)) => read(line_no, kind, transaction, &mut lines)?,
        }
    }
    let [(line_no, transaction)] = paid.as_slice() else {
        return Err(ReportFault::new(0, "type", format!("one transaction must be the payout itself, and {} are", paid.len())));
    };
    let stated = stated(*line_no, transaction, &lines)?;
    let period = text(&transaction.source, "id");
    Ok(StoreReport { period, payouts: vec![stated], ..StoreReport::of(ReportFormat::StripePayout, lines) })
}

fn short(text: &str) -> String {
    money::text::shown(&text.chars().take(40).collect::<String>()).into_owned()
}

/// A field of a source, or the id that stands for it where it is not expanded.
fn text(source: &Value, field: &str) -> String {
    let value = if source.is_string() && field == "id" { source } else { &source[field] };
    let value = value.as_str().or_else(|| value["id"].as_str()).unwrap_or_default();
    value.chars().take(ID_BYTES_MAX).collect()
}

fn currency(line_no: u64, code: &str) -> Result<Currency, ReportFault> {
    Currency::try_new(&code.to_uppercase()).map_err(|_| ReportFault::new(line_no, "currency", format!("`{}` is not known", short(code))))
}

fn decimal(line_no: u64, of: Currency, amount: i64) -> Result<Decimal, ReportFault> {
    if amount.checked_abs().is_none_or(|amount| amount > AMOUNT_MAX) {
        return Err(ReportFault::new(line_no, "amount", "is beyond what can be booked"));
    }
    let digits = match of.code() {
        code if ZERO_DECIMAL.contains(&code) => 0,
        code if THREE_DECIMAL.contains(&code) => 3,
        _ => 2,
    };
    Ok(Decimal::new(amount, digits))
}

fn day(line_no: u64, field: &str, seconds: i64) -> Result<Date, ReportFault> {
    let at = Timestamp::from_second(seconds).ok().map(money::time::utc_day);
    at.filter(|day| (2_000..3_000).contains(&day.year())).ok_or_else(|| ReportFault::new(line_no, field, "must be a time in Unix seconds"))
}

/// The transaction's amount, and beside it its fee and the tax on that.
fn read(line_no: u64, kind: ReportLineKind, transaction: &BalanceTransaction, lines: &mut Vec<ReportLine>) -> Result<(), ReportFault> {
    let pays_in = currency(line_no, &transaction.currency)?;
    let proceeds = decimal(line_no, pays_in, transaction.amount)?;
    if transaction.amount.checked_sub(transaction.fee) != Some(transaction.net) {
        return Err(ReportFault::new(line_no, "net", "must be the amount less the fee"));
    }
    let details = transaction.fee_details.iter().try_fold(0_i64, |sum, fee| sum.checked_add(fee.amount));
    if details != Some(transaction.fee) {
        return Err(ReportFault::new(line_no, "fee_details", "must add up to the fee"));
    }
    let (amount, sold_in) = presented(line_no, kind, transaction, proceeds, pays_in)?;
    let (id, happened_on) = (of_payment(&transaction.source), day(line_no, "created", transaction.created)?);
    let line =
        ReportLine { proceeds, proceeds_currency: pays_in, ..ReportLine::of_payment(line_no, kind, id, amount, sold_in, happened_on) };
    let taxes = transaction.fee_details.iter().filter(|fee| fee.kind == "tax").try_fold(0_i64, |sum, fee| sum.checked_add(fee.amount));
    let tax = taxes.unwrap_or_default();
    for (kind, charged) in [(ReportLineKind::Fee, transaction.fee.saturating_sub(tax)), (ReportLineKind::FeeTax, tax)] {
        if charged != 0 {
            let charged = -decimal(line_no, pays_in, charged)?;
            let fee = ReportLine { kind, quantity: 0, amount: charged, currency: pays_in, proceeds: charged, ..line.clone() };
            lines.push(fee);
        }
    }
    lines.push(line);
    Ok(())
}

/// What the buyer paid or got back, in the buyer's currency: the source says it where it is expanded.
fn presented(
    line_no: u64,
    kind: ReportLineKind,
    transaction: &BalanceTransaction,
    proceeds: Decimal,
    pays_in: Currency,
) -> Result<(Decimal, Currency), ReportFault> {
    let source = &transaction.source;
    let is_of_buyer = matches!(kind, ReportLineKind::Sale | ReportLineKind::Refund);
    let stated = source["amount"].as_i64().zip(source["currency"].as_str()).filter(|_| is_of_buyer);
    let Some((amount, code)) = stated else {
        if is_of_buyer && transaction.exchange_rate.is_some() {
            return Err(ReportFault::new(line_no, "source", "must be expanded, because the amount was exchanged"));
        }
        return Ok((proceeds, pays_in));
    };
    let sold_in = currency(line_no, code)?;
    let amount = decimal(line_no, sold_in, amount)?;
    let amount = if proceeds < Decimal::ZERO { -amount } else { amount };
    if sold_in == pays_in && amount != proceeds {
        return Err(ReportFault::new(line_no, "source", "has another amount than the transaction in the same currency"));
    }
    Ok((amount, sold_in))
}

/// Stripe's id of the payment, as sales have it; where it is not known, that of the source.
fn of_payment(source: &Value) -> String {
    let payment = text(source, "payment_intent");
    if payment.is_empty() { text(source, "id") } else { payment }
}

fn stated(line_no: u64, transaction: &BalanceTransaction, lines: &[ReportLine]) -> Result<StatedPayout, ReportFault> {
    let pays_in = currency(line_no, &transaction.currency)?;
    if let Some(other) = lines.iter().find(|line| line.proceeds_currency != pays_in) {
        return Err(ReportFault::new(other.line_no, "currency", format!("must be the payout's, {pays_in}")));
    }
    let proceeds = decimal(line_no, pays_in, transaction.amount)?;
    let found: Decimal = lines.iter().map(|line| line.proceeds).sum();
    crate::table::same(line_no, "amount", -proceeds, found)?;
    let source = &transaction.source;
    let standing = match source["status"].as_str() {
        Some("paid") => PayoutStanding::Paid,
        Some("pending" | "in_transit") | None => PayoutStanding::OnItsWay,
        Some("failed" | "canceled") => PayoutStanding::Failed,
        Some(other) => return Err(ReportFault::new(line_no, "source.status", format!("`{}` is not known to this reader", short(other)))),
    };
    let arrives_on = source["arrival_date"].as_i64().map(|at| day(line_no, "source.arrival_date", at)).transpose()?;
    Ok(StatedPayout {
        currency: pays_in,
        amount: -proceeds,
        proceeds_currency: pays_in,
        proceeds: -proceeds,
        rate: None,
        standing,
        arrives_on,
    })
}
