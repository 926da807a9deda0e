//! Compares what was read with the totals and counts that the file states.

use super::{Bai2Account, Bai2CodeLevel, reader::amount, records::Bai2Record};
use crate::statement::{Findings, StatementSide};

/// What a trailer is compared with.
#[derive(Debug, Default)]
pub(super) struct Bai2Totals {
    /// Sum of amounts, or of the control totals of what is inside. Amounts of one file fit: each has 63 bits, and files are bounded.
    pub(super) sum: i128,
    /// An amount could not be read, so the sum says nothing.
    pub(super) unreadable: bool,
    /// Accounts of a group, groups of a file.
    pub(super) parts: usize,
    /// Physical records, continuations included.
    pub(super) records: usize,
}

impl Bai2Totals {
    /// Counts an amount, or reports why it can't be read.
    pub(super) fn count(
        &mut self,
        amount: Result<Option<i64>, &'static str>,
        what: impl FnOnce() -> String,
        record: &Bai2Record<'_>,
        findings: &mut Findings,
    ) -> Option<i64> {
        match amount {
            Ok(amount) => {
                self.sum += i128::from(amount.unwrap_or(0));
                amount
            }
            Err(why) => {
                self.unreadable = true;
                findings.money(record.line, format!("{} {why}", what()));
                None
            }
        }
    }

    /// Counts a part by the total that it states, so that one wrong total is reported once; or by its amounts.
    pub(super) fn add(&mut self, stated: Option<i64>, inside: &Self) {
        self.parts += 1;
        self.sum += stated.map_or(inside.sum, i128::from);
        self.unreadable |= stated.is_none() && inside.unreadable;
    }
}

/// Checks record 49; returns its control total.
pub(super) fn account_trailer(record: &Bai2Record<'_>, totals: &Bai2Totals, findings: &mut Findings) -> Option<i64> {
    let mut fields = record.fields();
    let stated = control_total("account trailer (49)", "the amounts of records 03, 16 and 88", fields.text(), record, totals, findings);
    count("account trailer (49)", "records", fields.text(), totals.records, record, findings);
    stated
}

/// Checks record 98; returns its control total.
pub(super) fn group_trailer(record: &Bai2Record<'_>, totals: &Bai2Totals, findings: &mut Findings) -> Option<i64> {
    let mut fields = record.fields();
    let stated = control_total("group trailer (98)", "the control totals of its accounts", fields.text(), record, totals, findings);
    count("group trailer (98)", "accounts", fields.text(), totals.parts, record, findings);
    count("group trailer (98)", "records", fields.text(), totals.records, record, findings);
    stated
}

/// Checks record 99; returns its control total.
pub(super) fn file_trailer(record: &Bai2Record<'_>, totals: &Bai2Totals, findings: &mut Findings) -> Option<i64> {
    let mut fields = record.fields();
    let stated = control_total("file trailer (99)", "the control totals of its groups", fields.text(), record, totals, findings);
    count("file trailer (99)", "groups", fields.text(), totals.parts, record, findings);
    count("file trailer (99)", "records", fields.text(), totals.records, record, findings);
    stated
}

fn control_total(
    trailer: &str,
    of: &str,
    text: &str,
    record: &Bai2Record<'_>,
    totals: &Bai2Totals,
    findings: &mut Findings,
) -> Option<i64> {
    match amount(text) {
        Ok(Some(stated)) => {
            if !totals.unreadable && i128::from(stated) != totals.sum {
                findings.money(record.line, format!("the {trailer} states a control total of {stated}, but {of} add up to {}", totals.sum));
            }
            Some(stated)
        }
        Ok(None) => {
            findings.money(record.line, format!("the {trailer} states no control total; {of} add up to {}", totals.sum));
            None
        }
        Err(why) => {
            findings.money(record.line, format!("the control total of the {trailer} {why}"));
            None
        }
    }
}

fn count(trailer: &str, noun: &str, text: &str, found: usize, record: &Bai2Record<'_>, findings: &mut Findings) {
    match text.parse::<usize>() {
        Ok(stated) if stated == found => {}
        Ok(stated) => findings.money(record.line, format!("the {trailer} states {stated} {noun}, but {found} were found")),
        Err(_) => findings.money(record.line, format!("the {trailer} must state a number of {noun}; {found} were found")),
    }
}

/// Checks that the opening ledger balance and the totals give the closing one, and that entries agree with the totals.
pub(super) fn account_balances(account: &Bai2Account, findings: &mut Findings) {
    let [opening, closing, credits, debits] = ["010", "015", "100", "400"].map(|code| account.reported(code));
    if let (Some(opening), Some(closing), Some(credits), Some(debits)) = (opening, closing, credits, debits) {
        let expected = i128::from(opening) + i128::from(credits) - i128::from(debits);
        if expected != i128::from(closing) {
            let what = "opening ledger (010), total credits (100) and total debits (400) give a closing ledger balance";
            findings.money(account.line, format!("{what} of {expected}, but the account states {closing} (015)"));
        }
    }
    details(account, "100", "credit", StatementSide::adds, findings);
    details(account, "400", "debit", |side| !side.adds(), findings);
}

/// Compares the entries of one side with the total that the account states. A bank may report totals alone, or only some of the entries.
fn details(account: &Bai2Account, code: &str, noun: &str, is_on: fn(StatementSide) -> bool, findings: &mut Findings) {
    let Some(total) = account.summaries.iter().find(|summary| summary.code == code) else { return };
    let Some(stated) = account.reported(code) else { return };
    // A total among the entries has a problem of its own.
    let is_total = |code: &str| super::type_code(code).is_some_and(|known| known.level != Bai2CodeLevel::Detail);
    let entries = || account.entries.iter().filter(|entry| entry.side.is_some_and(is_on) && !is_total(&entry.code));
    let (found, count) = (entries().filter_map(|entry| entry.amount_minor).map(i128::from).sum::<i128>(), entries().count());
    let complete = total.item_count.map(|stated| u64::try_from(count).is_ok_and(|count| count == stated));
    if found == i128::from(stated) && complete != Some(false) {
        return;
    }
    let items = total.item_count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
    let what = format!("total {noun}s ({code}) are {stated} in {items} entries; {count} {noun} entries with {found} in total are listed");
    // More than the total, or another sum of the same number, can't be. Fewer can: then the rest is not in this file.
    let impossible = found > i128::from(stated)
        || complete == Some(true)
        || total.item_count.is_some_and(|stated| u64::try_from(count).is_ok_and(|count| count > stated || count > 0 && count < stated));
    if impossible {
        findings.money(account.line, what);
    } else {
        findings.other(account.line, what);
    }
}
