//! The report of fees and commissions: the accounting days of a period, asked of a running treasury service, and shown as lines or as JSON.
use crate::{OperationFault, accounting::AccountingCaller};
use accounting::{
    fees::{FeeClass, FeeKey, FeePeriod, FeeRecord, FeeSums, Fees},
    table::decimal,
};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The longest period, in days: each is a call.
pub const DAYS_MAX: i32 = 400;

/// Whether a report can be asked for such a period.
#[must_use]
pub fn is_period(from: Date, until: Date) -> bool {
    from.until(until).is_ok_and(|span| (1..=DAYS_MAX).contains(&span.get_days()))
}

/// Asks for every accounting day from one on and before another.
pub async fn ask(caller: &AccountingCaller<'_>, from: Date, until: Date) -> Result<(FeePeriod, Fees), OperationFault> {
    if !is_period(from, until) {
        return Err(format!("{until} is not 1 to {DAYS_MAX} days after {from}").into());
    }
    let (book, entity) = (caller.book.to_owned(), caller.entity.to_owned());
    let (mut period, mut fees) = (FeePeriod { book, entity, from, until, closed: true }, Fees::default());
    let mut day = from;
    while day < until {
        let read = caller.day(day).await?;
        fees.add(&read.lines);
        period.closed &= read.closed;
        day = day.tomorrow()?;
    }
    Ok((period, fees))
}

/// The report for people.
#[must_use]
pub fn lines(period: &FeePeriod, fees: &Fees) -> String {
    let FeePeriod { book, entity, from, until, .. } = period;
    let mut text = format!("{book}, entity {entity}, from {from} until before {until}: {}\n", period.status());
    let rows = fees.rows();
    if rows.is_empty() {
        text += "no fees or commissions were booked in this period\n";
    }
    for (record, key, sums) in rows {
        let FeeKey { currency, class, account, kind } = key;
        let name = match record {
            FeeRecord::Line => format!("    {kind}"),
            FeeRecord::AccountTotal => format!("  {account}"),
            FeeRecord::ClassTotal => format!("{} {}", currency.code(), words(class)),
        };
        let [debits, credits, net] = [sums.debits, sums.credits, sums.net()].map(|amount| decimal(amount, currency));
        writeln!(text, "{name:<48} debits {debits:>14}  credits {credits:>14}  net {net:>14}").expect("a text takes more");
    }
    text
}

const fn words(class: FeeClass) -> &'static str {
    match class {
        FeeClass::Cost => "costs",
        FeeClass::Income => "income",
        FeeClass::Balance => "prepaid, accrued, withheld or to be recovered",
    }
}

/// The report as JSON: the rows of the CSV by the names of its columns, totals apart.
#[must_use]
pub fn json(period: &FeePeriod, fees: &Fees) -> Value {
    let rows = fees.rows();
    let of = |wanted: FeeRecord| rows.iter().filter(move |(record, ..)| *record == wanted).map(|(_, key, sums)| row(key, *sums));
    json!({
        "book": period.book,
        "entity": period.entity,
        "from": period.from.to_string(),
        "until": period.until.to_string(),
        "status": period.status(),
        "lines": of(FeeRecord::Line).collect::<Vec<_>>(),
        "account_totals": of(FeeRecord::AccountTotal).collect::<Vec<_>>(),
        "totals": of(FeeRecord::ClassTotal).collect::<Vec<_>>(),
    })
}

fn row(key: &FeeKey, sums: FeeSums) -> Value {
    let FeeKey { currency, class, account, kind } = key;
    let minor_units = |amount: i128| i64::try_from(amount).map_or_else(|_| json!(amount.to_string()), |amount| json!(amount));
    json!({
        "class": class.name(), "account": account, "kind": kind, "currency": currency.code(),
        "debits_minor_units": minor_units(sums.debits), "credits_minor_units": minor_units(sums.credits),
        "net_minor_units": minor_units(sums.net()),
        "debits": decimal(sums.debits, *currency), "credits": decimal(sums.credits, *currency), "net": decimal(sums.net(), *currency),
    })
}
