//! Totals that a bank states of its entries, against the entries.

use super::{AccountReport, BankTransactionCode, EntryStatus, EntryTotal, ReportEntry, ReportFinding};
use crate::camt053::Direction;
use money::Currency;
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

/// What a number of entries come to. `None` where a sum is beyond the range of numbers.
#[derive(Debug, Clone, Copy)]
struct EntrySums {
    count: u64,
    credits: Option<Decimal>,
    debits: Option<Decimal>,
}

impl EntrySums {
    const NONE: Self = Self { count: 0, credits: Some(Decimal::ZERO), debits: Some(Decimal::ZERO) };

    fn add(&mut self, entry: &ReportEntry) {
        self.count += 1;
        let side = match entry.direction {
            Direction::Credit => &mut self.credits,
            Direction::Debit => &mut self.debits,
        };
        *side = side.and_then(|sum| sum.checked_add(entry.amount.to_decimal()));
    }

    /// What differs between a stated total and these entries.
    fn difference(&self, stated: &EntryTotal) -> Option<String> {
        let count = self.count;
        if let Some(stated) = stated.count.filter(|stated| *stated != count) {
            return Some(format!("{stated} entries are stated, there are {count}"));
        }
        let (credits, debits) = (self.credits?, self.debits?);
        let sum = credits.checked_add(debits)?;
        if let Some(stated) = stated.sum.filter(|stated| *stated != sum) {
            return Some(format!("a sum of {stated} is stated, the entries come to {sum}"));
        }
        let net = credits.checked_sub(debits)?;
        let stated = stated.net.filter(|stated| *stated != net)?;
        Some(format!("a net sum of {stated} is stated, the entries come to {net}"))
    }
}

/// Entries of both directions, and of each.
#[derive(Debug, Clone, Copy)]
struct SidedSums {
    all: EntrySums,
    credits: EntrySums,
    debits: EntrySums,
}

impl SidedSums {
    const NONE: Self = Self { all: EntrySums::NONE, credits: EntrySums::NONE, debits: EntrySums::NONE };

    fn add(&mut self, entry: &ReportEntry) {
        self.all.add(entry);
        match entry.direction {
            Direction::Credit => self.credits.add(entry),
            Direction::Debit => self.debits.add(entry),
        }
    }
}

/// A bank transaction code, whole or without its last parts.
type CodeParts<'a> = [Option<&'a str>; 5];

fn parts(code: &BankTransactionCode) -> CodeParts<'_> {
    [&code.domain, &code.family, &code.subfamily, &code.proprietary, &code.issuer].map(|part| part.as_deref())
}

/// Every code under which a bank may count an entry with this one.
fn counted_under(code: &BankTransactionCode) -> HashSet<CodeParts<'_>> {
    let [domain, family, subfamily, proprietary, issuer] = parts(code);
    let standard = [[None; 3], [domain, None, None], [domain, family, None], [domain, family, subfamily]];
    let own = [[None; 2], [proprietary, None], [proprietary, issuer]];
    standard.into_iter().flat_map(|[a, b, c]| own.map(|[d, e]| [a, b, c, d, e])).collect()
}

/// A bank transaction code as a key.
fn key(parts: CodeParts<'_>) -> String {
    parts.map(|part| part.map_or_else(|| "-".to_owned(), |part| format!("+{part}"))).join("\n")
}

/// What the entries of a report come to, counted one by one.
#[derive(Debug, Clone)]
pub(super) struct EntryTally {
    sums: SidedSums,
    /// Only the codes of which the report states totals.
    by_code: HashMap<String, SidedSums>,
    /// Sum of the booked entries in minor units, whatever their currency.
    pub(super) moved: i128,
    /// The currencies of the booked entries.
    pub(super) booked_in: HashSet<Currency>,
    /// Whether it is known of every entry whether it counts.
    pub(super) is_clear: bool,
    /// The account's currency, and how many entries are in another.
    currency: Option<Currency>,
    pub(super) of_others: usize,
}

impl EntryTally {
    /// No entry yet of a report, of which everything else is known.
    pub(super) fn new(report: &AccountReport) -> Self {
        let stated = report.totals.per_code.iter().map(|stated| (key(parts(&stated.code)), SidedSums::NONE));
        Self {
            sums: SidedSums::NONE,
            by_code: stated.collect(),
            moved: 0,
            booked_in: HashSet::new(),
            is_clear: true,
            currency: report.account.currency,
            of_others: 0,
        }
    }

    /// All entries of a report that has them.
    pub(super) fn of(report: &AccountReport) -> Self {
        let mut tally = Self::new(report);
        report.entries.iter().for_each(|entry| tally.add(entry));
        tally
    }

    /// The next entry.
    pub(super) fn add(&mut self, entry: &ReportEntry) {
        self.sums.add(entry);
        if entry.status == EntryStatus::Booked {
            self.moved += entry.direction.signed(entry.amount);
            self.booked_in.insert(entry.amount.currency());
        }
        self.is_clear &= !matches!(entry.status, EntryStatus::Future | EntryStatus::Other(_));
        self.of_others += usize::from(self.currency.is_some_and(|currency| currency != entry.amount.currency()));
        if !self.by_code.is_empty() {
            for code in counted_under(&entry.code) {
                if let Some(sums) = self.by_code.get_mut(&key(code)) {
                    sums.add(entry);
                }
            }
        }
    }
}

impl AccountReport {
    /// Compares all stated totals with the entries. A report on pages states the totals of all of them, and is not compared.
    pub(super) fn check_totals(&self, tally: &EntryTally, path: &str, findings: &mut Vec<ReportFinding>) {
        if self.page.as_ref().is_some_and(|page| page.number > 1 || !page.is_last) {
            return;
        }
        let mut compare = |element: &str, stated: Option<&EntryTotal>, sums: EntrySums| {
            if let Some(what) = stated.and_then(|stated| sums.difference(stated)) {
                findings.push(ReportFinding { path: format!("{path}/TxsSummry/{element}"), what, touches_money: true });
            }
        };
        compare("TtlNtries", self.totals.all.as_ref(), tally.sums.all);
        compare("TtlCdtNtries", self.totals.credits.as_ref(), tally.sums.credits);
        compare("TtlDbtNtries", self.totals.debits.as_ref(), tally.sums.debits);
        for (at, stated) in self.totals.per_code.iter().enumerate().filter(|(_, stated)| !stated.is_forecast) {
            let sums = tally.by_code.get(&key(parts(&stated.code))).copied().unwrap_or(SidedSums::NONE);
            let element = format!("TtlNtriesPerBkTxCd {}", at + 1);
            compare(&element, Some(&stated.all), sums.all);
            compare(&format!("{element}/CdtNtries"), stated.credits.as_ref(), sums.credits);
            compare(&format!("{element}/DbtNtries"), stated.debits.as_ref(), sums.debits);
        }
    }
}
