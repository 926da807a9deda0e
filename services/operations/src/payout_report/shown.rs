//! How a report of payouts is written.

use crate::OperationFault;
use api::payout::{GetPayoutReportResponse, PayoutReportLine, RejectedPayouts, WalletComparison, WalletCostLevel};
use money::Currency;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Columns of the lines.
const LINE_COLUMNS: [&str; 18] = [
    "currency",
    "rail",
    "bank",
    "country",
    "day",
    "payouts",
    "amount_minor_units",
    "paid_payouts",
    "paid_minor_units",
    "cost_minor_units",
    "account_time_p50_ms",
    "account_time_p99_ms",
    "instant_payouts",
    "instant_share",
    "rejects",
    "returned_payouts",
    "returned_minor_units",
    "unknown_payouts",
];
/// Columns of the comparison with wallets.
const WALLET_COLUMNS: [&str; 19] = [
    "wallet",
    "currency",
    "payouts",
    "amount_minor_units",
    "left_out_payouts",
    "level",
    "wallet_fee",
    "wallet_withdrawal",
    "wallet_spread",
    "wallet_total",
    "bank_items",
    "bank_monthly",
    "bank_returns",
    "bank_checks",
    "bank_total",
    "times_cheaper",
    "wallet_days",
    "times_faster",
    "ten_times_from_minor_units",
];

/// A cell that a spreadsheet shows as it is. One that begins like a formula would be computed, and could send data elsewhere, so it gets an apostrophe in front,
/// which spreadsheets take for "this is text".
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<String, OperationFault> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(columns)?;
    for row in rows {
        csv.write_record(row.iter().map(|text| cell(text)))?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

/// The lines as CSV, with a header.
pub fn lines_csv(report: &GetPayoutReportResponse) -> Result<String, OperationFault> {
    let row = |line: &PayoutReportLine| {
        let texts = [&line.currency_code, &line.rail, &line.bank, &line.country, &line.day].map(String::clone);
        let before = [
            line.payouts,
            line.amount_minor_units,
            line.paid_payouts,
            line.paid_minor_units,
            line.cost_minor_units,
            line.account_time_p50_ms,
            line.account_time_p99_ms,
            line.instant_payouts,
        ];
        let after = [line.returned_payouts, line.returned_minor_units, line.unknown_payouts].map(|count| count.to_string());
        let mut row = texts.to_vec();
        row.extend(before.map(|count| count.to_string()));
        row.extend([line.instant_share.clone(), rejects(line)]);
        row.extend(after);
        row
    };
    table(&LINE_COLUMNS, report.lines.iter().map(row))
}

/// The comparison with wallets as CSV, with a header; one row per wallet and level.
pub fn wallets_csv(report: &GetPayoutReportResponse) -> Result<String, OperationFault> {
    let row = |wallet: &WalletComparison, level: &WalletCostLevel| {
        let mut row = vec![wallet.wallet.clone(), wallet.currency_code.clone()];
        row.extend([wallet.payouts, wallet.amount_minor_units, wallet.left_out_payouts].map(|count| count.to_string()));
        let texts = [
            &level.level,
            &level.wallet_fee,
            &level.wallet_withdrawal,
            &level.wallet_spread,
            &level.wallet_total,
            &level.bank_items,
            &level.bank_monthly,
            &level.bank_returns,
            &level.bank_checks,
            &level.bank_total,
            &level.times_cheaper,
            &level.wallet_days,
            &level.times_faster,
        ];
        row.extend(texts.map(String::clone));
        row.push(level.ten_times_from_minor_units.to_string());
        row
    };
    table(&WALLET_COLUMNS, report.wallets.iter().flat_map(|wallet| wallet.levels.iter().map(move |level| row(wallet, level))))
}

fn rejects(line: &PayoutReportLine) -> String {
    let one = |reject: &RejectedPayouts| format!("{}:{}", reject.reason_code, reject.payouts);
    line.rejects.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The whole report as JSON.
#[must_use]
pub fn json(report: &GetPayoutReportResponse) -> Value {
    json!({
        "lines": report.lines.iter().map(line_json).collect::<Vec<_>>(),
        "totals": report.totals.iter().map(line_json).collect::<Vec<_>>(),
        "wallets": report.wallets.iter().map(wallet_json).collect::<Vec<_>>(),
    })
}

fn line_json(line: &PayoutReportLine) -> Value {
    let rejects = line.rejects.iter().map(|reject| json!({ "reason_code": reject.reason_code, "payouts": reject.payouts }));
    json!({
        "currency": line.currency_code,
        "rail": line.rail,
        "bank": line.bank,
        "country": line.country,
        "day": line.day,
        "payouts": line.payouts,
        "amount_minor_units": line.amount_minor_units,
        "paid_payouts": line.paid_payouts,
        "paid_minor_units": line.paid_minor_units,
        "cost_minor_units": line.cost_minor_units,
        "account_time_p50_ms": line.account_time_p50_ms,
        "account_time_p99_ms": line.account_time_p99_ms,
        "instant_payouts": line.instant_payouts,
        "instant_share": line.instant_share,
        "rejects": rejects.collect::<Vec<_>>(),
        "returned_payouts": line.returned_payouts,
        "returned_minor_units": line.returned_minor_units,
        "unknown_payouts": line.unknown_payouts,
    })
}

fn wallet_json(wallet: &WalletComparison) -> Value {
    let level = |level: &WalletCostLevel| {
        json!({
            "level": level.level,
            "wallet_fee": level.wallet_fee,
            "wallet_withdrawal": level.wallet_withdrawal,
            "wallet_spread": level.wallet_spread,
            "wallet_total": level.wallet_total,
            "bank_items": level.bank_items,
            "bank_monthly": level.bank_monthly,
            "bank_returns": level.bank_returns,
            "bank_checks": level.bank_checks,
            "bank_total": level.bank_total,
            "times_cheaper": level.times_cheaper,
            "wallet_days": level.wallet_days,
            "times_faster": level.times_faster,
            "ten_times_from_minor_units": level.ten_times_from_minor_units,
            "ten_times_until_minor_units": level.ten_times_until_minor_units,
        })
    };
    json!({
        "wallet": wallet.wallet,
        "name": wallet.name,
        "currency": wallet.currency_code,
        "payouts": wallet.payouts,
        "amount_minor_units": wallet.amount_minor_units,
        "left_out_payouts": wallet.left_out_payouts,
        "levels": wallet.levels.iter().map(level).collect::<Vec<_>>(),
        "sources": wallet.sources,
        "wallet_confidence": wallet.wallet_confidence,
        "bank_confidence": wallet.bank_confidence,
        "as_of": wallet.as_of,
    })
}

/// The report for people. A total has no dimensions, so it stands last and is called so.
#[must_use]
pub fn lines(report: &GetPayoutReportResponse) -> String {
    if report.lines.is_empty() {
        return "no payouts were requested in this period\n".to_owned();
    }
    let mut text = String::new();
    for line in &report.lines {
        let dimensions = [&line.rail, &line.bank, &line.country, &line.day];
        let named: Vec<&str> = dimensions.into_iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        text += &line_text(line, &named.join(" "));
    }
    if report.lines != report.totals {
        for total in &report.totals {
            text += &line_text(total, "total");
        }
    }
    for wallet in &report.wallets {
        text += &wallet_text(wallet);
    }
    text
}

fn line_text(line: &PayoutReportLine, name: &str) -> String {
    let of = |minor_units: i64| amount(&line.currency_code, minor_units);
    let mut text = format!("{} {name}\n", line.currency_code);
    let mut add = |label: &str, value: String| writeln!(text, "  {label:<22} {value}").expect("a text takes more");
    add("requested", format!("{} payouts, {}", line.payouts, of(line.amount_minor_units)));
    add("paid", format!("{}, {}", line.paid_payouts, of(line.paid_minor_units)));
    add("expected cost", of(line.cost_minor_units));
    if line.paid_payouts > 0 {
        add("request to account", format!("p50 {} ms, p99 {} ms", line.account_time_p50_ms, line.account_time_p99_ms));
        add("instant", format!("{} of {} ({})", line.instant_payouts, line.paid_payouts, line.instant_share));
    }
    add("rejected", if line.rejects.is_empty() { "none".to_owned() } else { rejects(line) });
    add("returned", format!("{}, {}", line.returned_payouts, of(line.returned_minor_units)));
    add("unknown now", line.unknown_payouts.to_string());
    text
}

fn wallet_text(wallet: &WalletComparison) -> String {
    let of = |minor_units: i64| amount(&wallet.currency_code, minor_units);
    let mut text = format!(
        "beside {} ({}): {} payouts, {}; {} left out, their rail's cost is not known\n",
        wallet.wallet,
        wallet.name,
        wallet.payouts,
        of(wallet.amount_minor_units),
        wallet.left_out_payouts
    );
    for level in &wallet.levels {
        let WalletCostLevel { level: name, wallet_fee, wallet_withdrawal, wallet_spread, wallet_total, .. } = level;
        let WalletCostLevel { bank_items, bank_monthly, bank_returns, bank_checks, bank_total, wallet_days, .. } = level;
        let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let cheap = match (level.ten_times_from_minor_units, level.ten_times_until_minor_units) {
            (0, _) => "at no amount".to_owned(),
            (from, 0) => format!("from {}", of(from)),
            (from, until) => format!("from {} to {}", of(from), of(until)),
        };
        let rows = [
            format!("wallet {wallet_total} = fee {wallet_fee} + withdrawal {wallet_withdrawal} + spread {wallet_spread}"),
            format!("bank {bank_total} = items {bank_items} + monthly {bank_monthly} + returns {bank_returns} + checks {bank_checks}"),
            format!(
                "{} times cheaper, {} times faster than {wallet_days} days",
                or_none(&level.times_cheaper),
                or_none(&level.times_faster)
            ),
            format!("a tenth of the wallet's cost {cheap}"),
        ];
        for (at, row) in rows.iter().enumerate() {
            writeln!(text, "  {:<9} {row}", if at == 0 { name } else { "" }).expect("a text takes more");
        }
    }
    let confidence =
        [("wallet", &wallet.wallet_confidence), ("bank", &wallet.bank_confidence)].map(|(side, grade)| format!("{side} {grade}"));
    writeln!(text, "  figures of {}, confidence {}: {}", wallet.as_of, confidence.join(", "), wallet.sources.join("; "))
        .expect("a text takes more");
    text
}

/// An amount in currency units, or in minor units if the currency is not known.
fn amount(currency: &str, minor_units: i64) -> String {
    let digits = Currency::try_new(currency).map_or(0, |currency| currency.minor_digits());
    let unit = 10_i64.pow(digits);
    let (whole, rest) = (minor_units / unit, (minor_units % unit).abs());
    if digits == 0 { format!("{whole} {currency}") } else { format!("{whole}.{rest:0width$} {currency}", width = digits as usize) }
}

#[cfg(test)]
mod tests;
