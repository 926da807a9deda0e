//! Whether a report adds up: balances, stated totals, batches and their transactions.

use super::{
    AccountReport, AccountReports, EntryBatch, EntryCharge, ReportBalance, ReportEntry, ReportFinding, ReportKind, totals::EntryTally,
};
use crate::camt053::Direction;
use money::Currency;
use std::collections::HashMap;

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

impl AccountReports {
    /// Everything that does not add up.
    #[must_use]
    pub fn findings(&self) -> Vec<ReportFinding> {
        let mut findings = Vec::new();
        let mut seen = HashMap::new();
        for (at, report) in self.reports.iter().enumerate() {
            let element = self.kind.elements().1;
            let path = format!("{element} {}", at + 1);
            let page = report.page.as_ref().map(|page| page.number);
            let key = (&report.id, report.electronic_sequence, report.legal_sequence, page, &report.account.id);
            if let Some(before) = seen.insert(key, at + 1) {
                let what = format!("the id, number and account are those of {element} {before}: its entries are there twice");
                findings.push(ReportFinding { path: path.clone(), what, touches_money: true });
            }
            report.check(&EntryTally::of(report), self.kind, &path, &mut findings);
            for (at, entry) in report.entries.iter().enumerate() {
                entry.check(&format!("{path}/Ntry {}", at + 1), &mut findings);
            }
        }
        findings
    }
}

impl AccountReport {
    /// Compares opening balance plus booked entries with the closing balance. A page of several starts and ends with interim balances.
    #[must_use]
    pub fn closing_check(&self) -> ClosingCheck {
        self.closing_check_with(&EntryTally::of(self))
    }

    fn closing_check_with(&self, tally: &EntryTally) -> ClosingCheck {
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
        let currency = opening.amount.currency();
        if closing.amount.currency() != currency || tally.booked_in.iter().any(|booked| *booked != currency) {
            return ClosingCheck::Unclear;
        }
        match closing.signed_minor_units() - opening.signed_minor_units() - tally.moved {
            0 => ClosingCheck::Agrees,
            _ if !tally.is_clear => ClosingCheck::Unclear,
            by => ClosingCheck::Differs { by },
        }
    }

    /// Compares what the report states with what its entries come to. The entries themselves are checked one by one.
    pub(super) fn check(&self, tally: &EntryTally, kind: ReportKind, path: &str, findings: &mut Vec<ReportFinding>) {
        let mut add = |path: String, what: String, touches_money| findings.push(ReportFinding { path, what, touches_money });
        match self.closing_check_with(tally) {
            ClosingCheck::Agrees => {}
            ClosingCheck::Differs { by } => add(
                format!("{path}/Bal"),
                format!("the closing balance differs by {by} minor units from the opening balance plus the booked entries"),
                true,
            ),
            // Only a statement promises balances.
            ClosingCheck::NotStated => {
                if kind == ReportKind::Statement {
                    add(format!("{path}/Bal"), self.missing_balance(), true);
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
        self.check_currency(tally, path, findings);
        self.check_totals(tally, path, findings);
    }

    /// The account's currency against those of its balances and entries.
    fn check_currency(&self, tally: &EntryTally, path: &str, findings: &mut Vec<ReportFinding>) {
        let Some(currency) = self.account.currency else { return };
        let balances = self.balances.iter().filter(|balance| balance.amount.currency() != currency).count();
        let entries = tally.of_others;
        if balances + entries > 0 {
            findings.push(ReportFinding {
                path: format!("{path}/Acct/Ccy"),
                what: format!("the account is in {}, {balances} balances and {entries} entries are not", currency.code()),
                // A copy must not be booked again.
                touches_money: self.copy.is_none(),
            });
        }
    }

    /// Why the balances can't be compared with the entries.
    fn missing_balance(&self) -> String {
        match self.page.as_ref().filter(|page| page.number > 1 || !page.is_last) {
            Some(page) => format!(
                "page {} of several has no balance to start or to end with (an intermediate page has interim ones): the entries can't be checked",
                page.number
            ),
            None => "no opening or no closing booked balance: the entries can't be checked".to_owned(),
        }
    }
}

fn first<'a>(balances: &[&'a ReportBalance]) -> Vec<&'a ReportBalance> {
    balances.first().copied().into_iter().collect()
}

fn last<'a>(balances: &[&'a ReportBalance]) -> Vec<&'a ReportBalance> {
    balances.last().copied().into_iter().collect()
}

impl ReportEntry {
    pub(super) fn check(&self, path: &str, findings: &mut Vec<ReportFinding>) {
        for (at, batch) in self.batches.iter().enumerate() {
            batch.check(self, &format!("{path}/NtryDtls {}", at + 1), findings);
        }
        let details = || self.batches.iter().flat_map(|batch| &batch.transactions);
        let number = details().count();
        let currency = self.amount.currency();
        let missing = details().filter(|detail| detail.amount_in(currency).is_none()).count();
        // The amount of a single transaction is the entry's.
        if number > 1 && missing > 0 {
            let what = format!("{missing} of {number} transactions have no amount in the entry's currency: they can't be compared with it");
            findings.push(ReportFinding { path: format!("{path}/NtryDtls"), what, touches_money: true });
        }
        // A batch that states its count without listing all of it has nothing to be compared.
        let all_listed = self.batches.iter().all(|batch| batch.stated_count.is_none_or(|count| count == batch.transactions.len() as u64));
        if number == 0 || missing > 0 || !all_listed {
            return;
        }
        let signed = |direction: Option<Direction>, money| direction.unwrap_or(self.direction).signed(money);
        let sum: i128 = details().filter_map(|detail| Some(signed(detail.direction, detail.amount_in(currency)?))).sum();
        let booked = self.direction.signed(self.amount);
        let own = charged(&self.charges, currency);
        let inside: i128 = details().map(|detail| charged(&detail.charges, currency)).sum();
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
        if self.direction.is_some_and(|direction| direction != entry.direction) {
            add("CdtDbtInd", "the batch is on the other side than its entry".to_owned());
        }
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
