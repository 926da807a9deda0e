//! Whether a report adds up: balances, stated totals, batches and their transactions.

use super::{AccountReport, AccountReports, EntryBatch, EntryCharge, EntryStatus, EntryTotal, ReportBalance, ReportEntry, ReportKind};
use crate::camt053::Direction;
use money::Currency;
use rust_decimal::Decimal;

/// Opening balance plus booked entries against the closing balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosingCheck {
    /// They agree.
    Agrees,
    /// They don't.
    Differs {
        /// Stated closing balance less the computed one, in minor units.
        by: i128,
    },
    /// The report has no opening or no closing balance.
    NotStated,
    /// Several balances of one kind, entries in other currencies than the account's, or a difference beside entries of which it is not known whether they
    /// count (`FUTR` and codes that are not in the list).
    Unclear,
}

/// Something in a report that does not add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFinding {
    /// The element's path below the message, such as `Stmt 1/Ntry 3/NtryDtls 1`; counted from 1.
    pub path: String,
    /// What does not add up. Amounts and counts, never names or accounts.
    pub what: String,
    /// Whether an amount may be wrong because of it.
    pub touches_money: bool,
}

impl AccountReports {
    /// Everything that does not add up.
    #[must_use]
    pub fn findings(&self) -> Vec<ReportFinding> {
        let mut findings = Vec::new();
        for (at, report) in self.reports.iter().enumerate() {
            let path = format!("{} {}", self.kind.elements().1, at + 1);
            report.check(self.kind, &path, &mut findings);
        }
        findings
    }
}

impl AccountReport {
    /// Compares opening balance plus booked entries with the closing balance. A page of several starts and ends with interim balances.
    #[must_use]
    pub fn closing_check(&self) -> ClosingCheck {
        let of = |kind: &str| self.balances.iter().filter(|balance| balance.kind == kind && balance.subtype.is_none()).collect::<Vec<_>>();
        let is_first = self.page.as_ref().is_none_or(|page| page.number <= 1);
        let is_last = self.page.as_ref().is_none_or(|page| page.is_last);
        let interim = of("ITBD");
        let opening = if is_first {
            [of("OPBD"), of("PRCD")].into_iter().find(|found| !found.is_empty()).unwrap_or_default()
        } else {
            first(&interim)
        };
        let closing = if is_last { of("CLBD") } else { last(&interim) };
        let (opening, closing) = match (opening.as_slice(), closing.as_slice()) {
            ([], _) | (_, []) => return ClosingCheck::NotStated,
            ([opening], [closing]) => (*opening, *closing),
            _ => return ClosingCheck::Unclear,
        };
        let booked = || self.entries.iter().filter(|entry| entry.status == EntryStatus::Booked);
        let currency = opening.amount.currency();
        if closing.amount.currency() != currency || booked().any(|entry| entry.amount.currency() != currency) {
            return ClosingCheck::Unclear;
        }
        let moved: i128 = booked().map(|entry| entry.direction.signed(entry.amount)).sum();
        match closing.signed_minor_units() - opening.signed_minor_units() - moved {
            0 => ClosingCheck::Agrees,
            _ if self.entries.iter().any(|entry| matches!(entry.status, EntryStatus::Future | EntryStatus::Other(_))) => {
                ClosingCheck::Unclear
            }
            by => ClosingCheck::Differs { by },
        }
    }

    fn check(&self, kind: ReportKind, path: &str, findings: &mut Vec<ReportFinding>) {
        let mut add = |path: String, what: String, touches_money| findings.push(ReportFinding { path, what, touches_money });
        match self.closing_check() {
            ClosingCheck::Agrees => {}
            ClosingCheck::Differs { by } => add(
                format!("{path}/Bal"),
                format!("the closing balance differs by {by} minor units from the opening balance plus the booked entries"),
                true,
            ),
            // Only a statement promises balances.
            ClosingCheck::NotStated => {
                if kind == ReportKind::Statement {
                    add(format!("{path}/Bal"), "no opening or no closing booked balance: the entries can't be checked".to_owned(), false);
                }
            }
            ClosingCheck::Unclear => {
                add(
                    format!("{path}/Bal"),
                    "several balances of a kind, several currencies or entries of an unclear status: the closing balance can't be checked"
                        .to_owned(),
                    true,
                );
            }
        }
        let totals = [
            ("TtlNtries", &self.totals.all, None),
            ("TtlCdtNtries", &self.totals.credits, Some(Direction::Credit)),
            ("TtlDbtNtries", &self.totals.debits, Some(Direction::Debit)),
        ];
        for (element, stated, direction) in totals {
            if let Some(stated) = stated
                && let Some(what) = self.total_difference(stated, direction)
            {
                add(format!("{path}/TxsSummry/{element}"), what, true);
            }
        }
        for (at, entry) in self.entries.iter().enumerate() {
            entry.check(&format!("{path}/Ntry {}", at + 1), findings);
        }
    }

    /// What differs between a stated total and the entries of a direction. A report on pages states the totals of all of them, and is not compared.
    fn total_difference(&self, stated: &EntryTotal, direction: Option<Direction>) -> Option<String> {
        if self.page.as_ref().is_some_and(|page| page.number > 1 || !page.is_last) {
            return None;
        }
        let of_direction = || self.entries.iter().filter(|entry| direction.is_none_or(|direction| direction == entry.direction));
        let count = of_direction().count() as u64;
        if let Some(stated) = stated.count.filter(|stated| *stated != count) {
            return Some(format!("{stated} entries are stated, there are {count}"));
        }
        let sum = of_direction().try_fold(Decimal::ZERO, |sum, entry| sum.checked_add(entry.amount.to_decimal()))?;
        if let Some(stated) = stated.sum.filter(|stated| *stated != sum) {
            return Some(format!("a sum of {stated} is stated, the entries come to {sum}"));
        }
        let net = of_direction().try_fold(Decimal::ZERO, |net, entry| match entry.direction {
            Direction::Credit => net.checked_add(entry.amount.to_decimal()),
            Direction::Debit => net.checked_sub(entry.amount.to_decimal()),
        })?;
        let stated = stated.net.filter(|stated| *stated != net)?;
        Some(format!("a net sum of {stated} is stated, the entries come to {net}"))
    }
}

fn first<'a>(balances: &[&'a ReportBalance]) -> Vec<&'a ReportBalance> {
    balances.first().copied().into_iter().collect()
}

fn last<'a>(balances: &[&'a ReportBalance]) -> Vec<&'a ReportBalance> {
    balances.last().copied().into_iter().collect()
}

impl ReportEntry {
    fn check(&self, path: &str, findings: &mut Vec<ReportFinding>) {
        for (at, batch) in self.batches.iter().enumerate() {
            batch.check(self, &format!("{path}/NtryDtls {}", at + 1), findings);
        }
        let details = || self.batches.iter().flat_map(|batch| &batch.transactions);
        let number = details().count();
        let all_stated = number > 0 && details().all(|detail| detail.amount.is_some());
        // A batch that states its count without listing all of it has nothing to be compared.
        let all_listed = self.batches.iter().all(|batch| batch.stated_count.is_none_or(|count| count == batch.transactions.len() as u64));
        if !all_stated
            || !all_listed
            || !details().all(|detail| detail.amount.is_some_and(|money| money.currency() == self.amount.currency()))
        {
            return;
        }
        let signed = |direction: Option<Direction>, money| direction.unwrap_or(self.direction).signed(money);
        let sum: i128 = details().filter_map(|detail| Some(signed(detail.direction, detail.amount?))).sum();
        let booked = self.direction.signed(self.amount);
        let own = charged(&self.charges, self.amount.currency());
        let inside: i128 = details().map(|detail| charged(&detail.charges, self.amount.currency())).sum();
        // Whether a bank takes charges out of the entry or out of each transaction differs; either explains the difference.
        if [0, own, inside, own + inside].into_iter().any(|charges| sum + charges == booked) {
            return;
        }
        findings.push(ReportFinding {
            path: format!("{path}/NtryDtls"),
            what: format!("the transactions come to {sum} minor units, the entry is {booked}: the entry was booked"),
            // With one transaction the entry's amount is the booked one all the same; with several it is unknown whose amount differs.
            touches_money: number > 1,
        });
    }
}

/// Charges of a currency with their sign.
fn charged(charges: &[EntryCharge], currency: Currency) -> i128 {
    let of_currency = charges.iter().filter(|charge| charge.amount.currency() == currency);
    of_currency.map(|charge| charge.direction.unwrap_or(Direction::Debit).signed(charge.amount)).sum()
}

impl EntryBatch {
    fn check(&self, entry: &ReportEntry, path: &str, findings: &mut Vec<ReportFinding>) {
        let listed = self.transactions.len() as u64;
        let mut add = |element: &str, what: String| {
            findings.push(ReportFinding { path: format!("{path}/Btch/{element}"), what, touches_money: true });
        };
        // A batch without its transactions is one booking of many payments, and is expanded by whoever sent them.
        if let Some(stated) = self.stated_count.filter(|stated| listed > 0 && *stated != listed) {
            add("NbOfTxs", format!("{stated} transactions are stated, there are {listed}"));
        }
        let Some(total) = self.stated_total else { return };
        let side = self.direction.unwrap_or(entry.direction);
        if listed > 0 && self.transactions.iter().all(|detail| detail.amount.is_some_and(|money| money.currency() == total.currency())) {
            let sum: i128 =
                self.transactions.iter().filter_map(|detail| Some(detail.direction.unwrap_or(side).signed(detail.amount?))).sum();
            if sum != side.signed(total) {
                add("TtlAmt", format!("a total of {} minor units is stated, the transactions come to {sum}", side.signed(total)));
            }
        } else if listed == 0
            && entry.batches.len() == 1
            && entry.charges.is_empty()
            && total.currency() == entry.amount.currency()
            && total != entry.amount
        {
            add("TtlAmt", "the batch's total differs from the entry's amount".to_owned());
        }
    }
}
