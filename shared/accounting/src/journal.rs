//! A day's lines as debits and credits of the general ledger. In every currency the debits of an entity's day equal its credits.
use crate::{
    account::LedgerAccount,
    line::DayLineSums,
    mapping::{GlAccount, Mapping},
    table::{CsvFault, cell, decimal, write},
};
use jiff::civil::Date;
use money::Currency;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of a journal.
const JOURNAL_COLUMNS: [&str; 18] = [
    "record",
    "book",
    "entity",
    "company",
    "accounting_date",
    "status",
    "event_date",
    "late",
    "kind",
    "gl_code",
    "gl_name",
    "currency",
    "debit_minor_units",
    "credit_minor_units",
    "debit",
    "credit",
    "entries",
    "mapping_sha256",
];
/// Columns of the lines in coins and diamonds.
const MEMO_COLUMNS: [&str; 12] =
    ["record", "book", "entity", "accounting_date", "status", "event_date", "late", "kind", "account", "unit", "debit", "credit"];

/// A line of an entity's accounting day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// The ledger account, as the trial balance names it.
    pub account: String,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// Kind of the postings.
    pub kind: String,
    /// The day of the events themselves.
    pub event_day: Date,
    /// Debits, credits and their number.
    pub sums: DayLineSums,
}

/// A file's day: whose, which, and whether it can still change.
#[derive(Debug, Clone, Copy)]
pub struct DayTitle<'a> {
    /// The book.
    pub book: &'a str,
    /// The legal entity.
    pub entity: &'a str,
    /// The accounting day.
    pub day: Date,
    /// Whether the day is closed: the same export gives the same bytes for ever.
    pub closed: bool,
}

impl DayTitle<'_> {
    pub(crate) const fn status(&self) -> &'static str {
        if self.closed { "closed" } else { "open" }
    }
}

/// Why lines can't be given in terms of the general ledger.
#[derive(Debug, thiserror::Error)]
pub enum MappedFault {
    /// The mapping does not name the entity.
    #[error("the mapping has no [[entity]] with the id {0}; add it, nothing was written")]
    Entity(String),
    /// No rule covers these accounts.
    #[error("no rule of the mapping covers {}; add rules, or name an account for `suspense` (for lines between entities: `intercompany`), nothing was written", .0.join(", "))]
    Unmapped(Vec<String>),
    /// A line's unit is none that money has.
    #[error("{0} has the unit {1}, which this program does not know; nothing was written")]
    Unit(String, String),
    /// Debits and credits differ.
    #[error("the debits and credits of {0} differ by {1} minor units; nothing was written, and `largesse verify` says why")]
    Unbalanced(Currency, i128),
    /// A table can't be written.
    #[error(transparent)]
    Table(#[from] CsvFault),
}

/// What a line of a journal is about: currency, code of the account, kind of the postings, day of the events.
type GlLineKey<'a> = (Currency, &'a str, &'a str, Date);

/// A line's ledger account, which may be one in coins or diamonds, and where the general ledger has it.
pub(crate) struct MappedAccount<'a> {
    pub(crate) gl: &'a GlAccount,
    pub(crate) currency: Currency,
}

/// What names a line: its ledger account, and its unit.
#[derive(Clone, Copy)]
pub struct LineName<'a> {
    /// The ledger account.
    pub account: &'a str,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: &'a str,
}

/// The accounts that no rule covers, as `<entity> <account>`, also where the account for suspense takes them: what has to be added to a mapping.
pub fn without_rule<'a>(mapping: &Mapping, entity: &str, lines: impl Iterator<Item = LineName<'a>>) -> Vec<String> {
    named(entity, lines, |line| mapping.ruled(entity, line).is_some())
}

/// The accounts in money that are not covered.
fn named<'a>(entity: &str, lines: impl Iterator<Item = LineName<'a>>, is_covered: impl Fn(LedgerAccount) -> bool) -> Vec<String> {
    let uncovered = lines.filter(|LineName { account, unit }| {
        let line = LedgerAccount::parse(account, unit);
        !matches!(line, LedgerAccount::Memo(_)) && !is_covered(line)
    });
    let names: BTreeSet<&str> = uncovered.map(|line| line.account).collect();
    names.into_iter().map(|name| format!("{entity} {name}")).collect()
}

/// Where the general ledger has a line; `None` for coins and diamonds. Call it after [`checked`].
pub(crate) fn mapped<'a>(mapping: &'a Mapping, entity: &str, account: &str, unit: &str) -> Result<Option<MappedAccount<'a>>, MappedFault> {
    let line = LedgerAccount::parse(account, unit);
    let currency = match line {
        LedgerAccount::Memo(_) => return Ok(None),
        LedgerAccount::Money(_, currency) | LedgerAccount::Between(currency) => currency,
        LedgerAccount::Unknown => Currency::try_new(unit).map_err(|_| MappedFault::Unit(account.to_owned(), unit.to_owned()))?,
    };
    let gl = mapping.account(entity, line).ok_or_else(|| MappedFault::Unmapped(vec![format!("{entity} {account}")]))?;
    Ok(Some(MappedAccount { gl, currency }))
}

/// The code of an entity in the general ledger, if every line has an account there.
pub(crate) fn checked<'a, 'm>(
    mapping: &'m Mapping,
    entity: &str,
    lines: impl Iterator<Item = LineName<'a>>,
) -> Result<&'m str, MappedFault> {
    let company = mapping.company(entity).ok_or_else(|| MappedFault::Entity(entity.to_owned()))?;
    let uncovered = named(entity, lines, |line| mapping.account(entity, line).is_some());
    if uncovered.is_empty() { Ok(company) } else { Err(MappedFault::Unmapped(uncovered)) }
}

/// A day's journal as CSV: for each currency, account, kind and event day a line of its debits and a line of its credits, then the currency's totals.
pub fn journal_csv(title: DayTitle<'_>, mapping: &Mapping, lines: &[JournalLine]) -> Result<String, MappedFault> {
    let company = checked(mapping, title.entity, lines.iter().map(|line| LineName { account: &line.account, unit: &line.unit }))?;
    let mut sums: BTreeMap<GlLineKey<'_>, (i128, i128, i128)> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, &GlAccount> = BTreeMap::new();
    for line in lines {
        let Some(MappedAccount { gl, currency }) = mapped(mapping, title.entity, &line.account, &line.unit)? else { continue };
        accounts.insert(&gl.code, gl);
        let sum = sums.entry((currency, &gl.code, &line.kind, line.event_day)).or_default();
        *sum = (sum.0 + i128::from(line.sums.debits), sum.1 + i128::from(line.sums.credits), sum.2 + i128::from(line.sums.entries));
    }
    let mut totals: BTreeMap<Currency, (i128, i128, i128)> = BTreeMap::new();
    let mut rows = Vec::new();
    let front = |record: &str| {
        let (day, status) = (title.day.to_string(), title.status().to_owned());
        vec![record.to_owned(), title.book.to_owned(), title.entity.to_owned(), company.to_owned(), day, status]
    };
    let back = |currency: Currency, (debit, credit): (i128, i128), entries: i128| {
        let amounts = [debit.to_string(), credit.to_string(), decimal(debit, currency), decimal(credit, currency)];
        [vec![currency.code().to_owned()], amounts.to_vec(), vec![entries.to_string(), mapping.hash().to_owned()]].concat()
    };
    for ((currency, code, kind, event_day), (debits, credits, entries)) in sums {
        let total = totals.entry(currency).or_default();
        *total = (total.0 + debits, total.1 + credits, total.2 + entries);
        let name = accounts.get(code).map_or("", |account| account.name.as_str());
        for amounts in [(debits, 0), (0, credits)].into_iter().filter(|amounts| *amounts != (0, 0)) {
            let late = if event_day < title.day { "yes" } else { "no" };
            let middle = [event_day.to_string(), late.to_owned(), cell(kind), cell(code), cell(name)];
            rows.push([front("line"), middle.to_vec(), back(currency, amounts, entries)].concat());
        }
    }
    for (currency, (debits, credits, entries)) in totals {
        if debits != credits {
            return Err(MappedFault::Unbalanced(currency, debits - credits));
        }
        rows.push([front("total"), vec![String::new(); 5], back(currency, (debits, credits), entries)].concat());
    }
    Ok(write(&JOURNAL_COLUMNS, rows.into_iter())?)
}

/// A day's coins and diamonds as CSV. They are no money, so no general ledger has them; the file shows what the money lines of the day came from.
pub fn memo_csv(title: DayTitle<'_>, lines: &[JournalLine]) -> Result<String, MappedFault> {
    let memo = |line: &&JournalLine| matches!(LedgerAccount::parse(&line.account, &line.unit), LedgerAccount::Memo(_));
    let mut lines: Vec<&JournalLine> = lines.iter().filter(memo).collect();
    lines.sort_by_key(|line| (&line.unit, &line.account, &line.kind, line.event_day));
    let row = |record: &str, middle: [String; 4], unit: &str, sums: (i128, i128)| {
        let front = [record, title.book, title.entity].map(str::to_owned);
        let day = [title.day.to_string(), title.status().to_owned()];
        let back = [unit.to_owned(), sums.0.to_string(), sums.1.to_string()];
        [front.as_slice(), &day, &middle, &back].concat()
    };
    let mut totals: BTreeMap<&str, (i128, i128)> = BTreeMap::new();
    let mut rows = Vec::new();
    for line in lines {
        let sums = (i128::from(line.sums.debits), i128::from(line.sums.credits));
        let total = totals.entry(&line.unit).or_default();
        *total = (total.0 + sums.0, total.1 + sums.1);
        let late = if line.event_day < title.day { "yes" } else { "no" };
        rows.push(row("line", [line.event_day.to_string(), late.to_owned(), cell(&line.kind), cell(&line.account)], &line.unit, sums));
    }
    rows.extend(totals.into_iter().map(|(unit, sums)| row("total", [const { String::new() }; 4], unit, sums)));
    Ok(write(&MEMO_COLUMNS, rows.into_iter())?)
}

#[cfg(test)]
pub(crate) mod tests;
