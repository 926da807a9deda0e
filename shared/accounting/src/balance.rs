//! The trial balance in terms of the general ledger: what every account has at the end of an accounting day.
use crate::{
    journal::{DayTitle, LineName, MappedAccount, MappedFault, checked, mapped},
    mapping::{GlAccount, Mapping},
    table::{cell, decimal, write},
};
use money::Currency;
use std::collections::BTreeMap;

/// Columns of a trial balance.
const BALANCE_COLUMNS: [&str; 17] = [
    "record",
    "book",
    "entity",
    "company",
    "as_of",
    "status",
    "gl_code",
    "gl_name",
    "type",
    "currency",
    "debits_minor_units",
    "credits_minor_units",
    "debit_balance_minor_units",
    "credit_balance_minor_units",
    "debit_balance",
    "credit_balance",
    "mapping_sha256",
];

/// What a ledger account has at the end of a day, all debits and credits of all days before included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceLine {
    /// The ledger account, as the trial balance names it.
    pub account: String,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// Sum of debits.
    pub debits: i64,
    /// Sum of credits.
    pub credits: i64,
}

/// Sums of an account of the general ledger.
#[derive(Debug, Clone, Copy, Default)]
struct GlSums {
    debits: i128,
    credits: i128,
    debit_balance: i128,
    credit_balance: i128,
}

/// A trial balance as CSV: a line for each currency and account, on the side where its balance is, then the currency's totals, whose two sides are equal.
pub fn trial_balance_csv(title: DayTitle<'_>, mapping: &Mapping, lines: &[BalanceLine]) -> Result<String, MappedFault> {
    let company = checked(mapping, title.entity, lines.iter().map(|line| LineName { account: &line.account, unit: &line.unit }))?;
    let mut sums: BTreeMap<(Currency, &str), (&GlAccount, GlSums)> = BTreeMap::new();
    for line in lines {
        let Some(MappedAccount { gl, currency }) = mapped(mapping, title.entity, &line.account, &line.unit)? else { continue };
        let (_, sum) = sums.entry((currency, &gl.code)).or_insert((gl, GlSums::default()));
        sum.debits += i128::from(line.debits);
        sum.credits += i128::from(line.credits);
    }
    let row = |record: &str, names: [String; 3], currency: Currency, sums: GlSums| {
        let front = [record, title.book, title.entity, company].map(str::to_owned);
        let day = [title.day.to_string(), title.status().to_owned()];
        let amounts = [sums.debits, sums.credits, sums.debit_balance, sums.credit_balance].map(|amount| amount.to_string());
        let text = [decimal(sums.debit_balance, currency), decimal(sums.credit_balance, currency), mapping.hash().to_owned()];
        [front.as_slice(), &day, &names, &[currency.code().to_owned()], &amounts, &text].concat()
    };
    let mut totals: BTreeMap<Currency, GlSums> = BTreeMap::new();
    let mut rows = Vec::new();
    for ((currency, _), (gl, mut sum)) in sums {
        let balance = sum.debits - sum.credits;
        (sum.debit_balance, sum.credit_balance) = (balance.max(0), (-balance).max(0));
        let total = totals.entry(currency).or_default();
        total.debits += sum.debits;
        total.credits += sum.credits;
        total.debit_balance += sum.debit_balance;
        total.credit_balance += sum.credit_balance;
        rows.push(row("line", [cell(&gl.code), cell(&gl.name), gl.gl_type.name().to_owned()], currency, sum));
    }
    for (currency, total) in totals {
        if total.debit_balance != total.credit_balance {
            return Err(MappedFault::Unbalanced(currency, total.debit_balance - total.credit_balance));
        }
        rows.push(row("total", [const { String::new() }; 3], currency, total));
    }
    Ok(write(&BALANCE_COLUMNS, rows.into_iter())?)
}

#[cfg(test)]
mod tests;
