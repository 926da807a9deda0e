//! The fees and commissions of a period: what stores, processors and banks take, what creators pay us for payouts, and where the balance sheet has such amounts
//! that are paid, owed or withheld and no cost yet.
use crate::{
    account::LedgerAccount,
    journal::JournalLine,
    line::DayLineSums,
    table::{CsvFault, decimal, write},
};
use chart::{AccountClass, Purpose};
use jiff::civil::Date;
use money::Currency;
use std::collections::BTreeMap;

money::named! {
    /// What an account of fees is. Only sums within one class mean something: a fee that is accrued is a cost once, and owed once.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub enum FeeClass {
        /// A cost of ours.
        Cost = "cost",
        /// Paid to us.
        Income = "income",
        /// Prepaid, accrued, withheld, or to be recovered.
        Balance = "balance",
    }
}

money::named! {
    /// What a row is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FeeRecord {
        /// One kind of postings in one account.
        Line = "line",
        /// All kinds in one account.
        AccountTotal = "account_total",
        /// All accounts of a class in one currency.
        ClassTotal = "total",
    }
}

/// The purposes of the accounts with fees and commissions.
const FEE_PURPOSES: [(Purpose, FeeClass); 12] = [
    (Purpose::CommissionExpense, FeeClass::Cost),
    (Purpose::ProcessorFee, FeeClass::Cost),
    (Purpose::DisputeFee, FeeClass::Cost),
    (Purpose::ReturnCharge, FeeClass::Cost),
    (Purpose::PayoutCost, FeeClass::Cost),
    (Purpose::RecallCost, FeeClass::Cost),
    (Purpose::FeeIncome, FeeClass::Income),
    (Purpose::PrepaidCommission, FeeClass::Balance),
    (Purpose::AccruedBankFees, FeeClass::Balance),
    (Purpose::InputTax, FeeClass::Balance),
    (Purpose::WithholdingRecoverable, FeeClass::Balance),
    (Purpose::WithholdingPayable, FeeClass::Balance),
];

/// Columns of the report.
const FEE_COLUMNS: [&str; 16] = [
    "record",
    "book",
    "entity",
    "from",
    "until",
    "status",
    "class",
    "account",
    "kind",
    "currency",
    "debits_minor_units",
    "credits_minor_units",
    "net_minor_units",
    "debits",
    "credits",
    "net",
];

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeePeriod {
    /// The book.
    pub book: String,
    /// The legal entity.
    pub entity: String,
    /// First accounting day.
    pub from: Date,
    /// First accounting day after the period.
    pub until: Date,
    /// Whether every day is closed, so that the report stays as it is.
    pub closed: bool,
}

/// What one line of a report is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeKey {
    /// The currency.
    pub currency: Currency,
    /// What the account is.
    pub class: FeeClass,
    /// The ledger account, as the trial balance names it; empty for the total of a class.
    pub account: String,
    /// Kind of the postings; empty for the total of an account or a class.
    pub kind: String,
}

/// Debits and credits of a line, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeeSums {
    /// Sum of debits.
    pub debits: i128,
    /// Sum of credits.
    pub credits: i128,
}

/// A period's fees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fees {
    sums: BTreeMap<FeeKey, FeeSums>,
}

impl FeeSums {
    /// Debits less credits: positive for a cost and for what is prepaid or to be recovered, negative for income and what is owed.
    #[must_use]
    pub const fn net(&self) -> i128 {
        self.debits - self.credits
    }
}

impl FeePeriod {
    /// `closed`, or `open` where more may follow.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        if self.closed { "closed" } else { "open" }
    }
}

impl Fees {
    /// Adds the lines of a day; those of other accounts are passed over.
    pub fn add(&mut self, lines: &[JournalLine]) {
        for line in lines {
            let LedgerAccount::Money(AccountClass::House(purpose), currency) = LedgerAccount::parse(&line.account, &line.unit) else {
                continue;
            };
            let Some((_, class)) = FEE_PURPOSES.iter().find(|(of, _)| *of == purpose) else { continue };
            let DayLineSums { debits, credits, .. } = line.sums;
            let (account, kind) = (line.account.clone(), line.kind.clone());
            let sums = self.sums.entry(FeeKey { currency, class: *class, account, kind }).or_default();
            sums.debits += i128::from(debits);
            sums.credits += i128::from(credits);
        }
    }

    /// The rows: by currency and class each account's lines and then its total, and the class's total after its last account.
    #[must_use]
    pub fn rows(&self) -> Vec<(FeeRecord, FeeKey, FeeSums)> {
        let mut rows = Vec::new();
        let mut lines = self.sums.iter().peekable();
        let (mut account, mut class) = (FeeSums::default(), FeeSums::default());
        while let Some((key, sums)) = lines.next() {
            rows.push((FeeRecord::Line, key.clone(), *sums));
            for total in [&mut account, &mut class] {
                total.debits += sums.debits;
                total.credits += sums.credits;
            }
            let next = lines.peek().map(|(next, _)| (next.currency, next.class, next.account.as_str()));
            if next != Some((key.currency, key.class, key.account.as_str())) {
                let of_account = FeeKey { kind: String::new(), ..key.clone() };
                rows.push((FeeRecord::AccountTotal, of_account, std::mem::take(&mut account)));
            }
            if next.map(|(currency, class, _)| (currency, class)) != Some((key.currency, key.class)) {
                let of_class = FeeKey { account: String::new(), kind: String::new(), ..key.clone() };
                rows.push((FeeRecord::ClassTotal, of_class, std::mem::take(&mut class)));
            }
        }
        rows
    }
}

/// The report as CSV: a row for each line, account and class, with a header.
pub fn fees_csv(period: &FeePeriod, fees: &Fees) -> Result<String, CsvFault> {
    let row = |(record, key, sums): (FeeRecord, FeeKey, FeeSums)| {
        let FeeKey { currency, class, account, kind } = key;
        let (from, until) = (period.from.to_string(), period.until.to_string());
        let front = [record.name(), &period.book, &period.entity, &from, &until, period.status(), class.name(), &account, &kind];
        let amounts = [sums.debits, sums.credits, sums.net()];
        let mut row: Vec<String> = front.map(str::to_owned).to_vec();
        row.push(currency.code().to_owned());
        row.extend(amounts.map(|amount| amount.to_string()));
        row.extend(amounts.map(|amount| decimal(amount, currency)));
        row
    };
    write(&FEE_COLUMNS, fees.rows().into_iter().map(row))
}

#[cfg(test)]
mod tests;
