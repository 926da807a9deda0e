//! Totals that a bank states of its entries, against the entries.

use super::{AccountReport, BankTransactionCode, EntryTotal, ReportEntry, ReportFinding};
use crate::camt053::Direction;
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

impl AccountReport {
    /// Compares all stated totals with the entries. A report on pages states the totals of all of them, and is not compared.
    pub(super) fn check_totals(&self, path: &str, findings: &mut Vec<ReportFinding>) {
        if self.page.as_ref().is_some_and(|page| page.number > 1 || !page.is_last) {
            return;
        }
        let mut compare = |element: &str, stated: Option<&EntryTotal>, sums: EntrySums| {
            if let Some(what) = stated.and_then(|stated| sums.difference(stated)) {
                findings.push(ReportFinding { path: format!("{path}/TxsSummry/{element}"), what, touches_money: true });
            }
        };
        let mut sums = SidedSums::NONE;
        self.entries.iter().for_each(|entry| sums.add(entry));
        compare("TtlNtries", self.totals.all.as_ref(), sums.all);
        compare("TtlCdtNtries", self.totals.credits.as_ref(), sums.credits);
        compare("TtlDbtNtries", self.totals.debits.as_ref(), sums.debits);
        if self.totals.per_code.is_empty() {
            return;
        }
        let mut by_code: HashMap<CodeParts<'_>, SidedSums> = HashMap::new();
        for entry in &self.entries {
            for code in counted_under(&entry.code) {
                by_code.entry(code).or_insert(SidedSums::NONE).add(entry);
            }
        }
        for (at, stated) in self.totals.per_code.iter().enumerate().filter(|(_, stated)| !stated.is_forecast) {
            let sums = by_code.get(&parts(&stated.code)).copied().unwrap_or(SidedSums::NONE);
            let element = format!("TtlNtriesPerBkTxCd {}", at + 1);
            compare(&element, Some(&stated.all), sums.all);
            compare(&format!("{element}/CdtNtries"), stated.credits.as_ref(), sums.credits);
            compare(&format!("{element}/DbtNtries"), stated.debits.as_ref(), sums.debits);
        }
    }
}
