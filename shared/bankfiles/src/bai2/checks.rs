//! Compares what was read with the totals and counts that the file states.

use super::{
    Bai2Account,
    records::{Bai2Record, amount},
};
use crate::statement::Findings;
use std::collections::HashMap;

mod repeats;
mod tally;

pub(super) use repeats::Bai2Repeats;
pub(super) use tally::Bai2Tally;

use tally::Bai2SideSum;

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

/// Checks that no code is reported twice, that the opening ledger balance with totals or entries gives the closing one, and that entries agree
/// with totals.
pub(super) fn account_balances(account: &Bai2Account, tally: &Bai2Tally, findings: &mut Findings) {
    repeated_codes(account, findings);
    ledger(account, tally, findings);
    details(account, "100", "credit", tally.credits, findings);
    details(account, "400", "debit", tally.debits, findings);
}

/// Reports codes that record 03 has more than once, each only once.
fn repeated_codes(account: &Bai2Account, findings: &mut Findings) {
    let mut seen: HashMap<&str, Bai2Reported> = HashMap::new();
    for summary in &account.summaries {
        let Some(amount) = summary.amount_minor else { continue };
        let reported = seen.entry(&summary.code).or_insert(Bai2Reported { amount, times: 0, differs: false });
        reported.times += 1;
        reported.differs |= reported.amount != amount;
    }
    let mut repeated: Vec<_> = seen.into_iter().filter(|(_, reported)| reported.times > 1).collect();
    repeated.sort_unstable_by_key(|(code, _)| *code);
    for (code, reported) in repeated {
        let times = reported.times;
        if reported.differs {
            let what = format!(
                "type code {code} of the account (03) is reported {times} times with different amounts, so nothing was checked with it"
            );
            findings.money(account.line, what);
        } else {
            findings.other(account.line, format!("type code {code} of the account (03) is reported {times} times with the same amount"));
        }
    }
}

/// How often an account reports a code, and its first amount.
struct Bai2Reported {
    amount: i64,
    times: usize,
    differs: bool,
}

/// Opening ledger balance and movements must give the closing one. Where a bank leaves out a total, the entries of its side stand for it.
fn ledger(account: &Bai2Account, tally: &Bai2Tally, findings: &mut Findings) {
    let [opening, closing, credits, debits] = ["010", "015", "100", "400"].map(|code| account.reported(code));
    let (Some(opening), Some(closing)) = (opening, closing) else {
        if tally.entries > 0 {
            let missing = match (opening, closing) {
                (None, None) => "one opening (010) and one closing ledger balance (015)",
                (None, _) => "one opening ledger balance (010)",
                _ => "one closing ledger balance (015)",
            };
            findings.other(account.line, format!("the account doesn't state {missing}, so its entries can't be checked against balances"));
        }
        return;
    };
    let added = credits.map_or(tally.credits.sum, i128::from);
    let taken = debits.map_or(tally.debits.sum, i128::from);
    let expected = i128::from(opening) + added - taken;
    if expected == i128::from(closing) {
        return;
    }
    let part = |total: Option<i64>, stated: &'static str, listed: &'static str| if total.is_some() { stated } else { listed };
    let credited = part(credits, "total credits (100)", "the credit entries, without a total (100),");
    let debited = part(debits, "total debits (400)", "the debit entries, without a total (400),");
    let what = format!(
        "opening ledger (010), {credited} and {debited} give a closing ledger balance of {expected}, but the account states {closing} (015)"
    );
    if tally.entries > 0 || credits.is_some() || debits.is_some() {
        findings.money(account.line, what);
    } else {
        // Balances alone are a report of their own: what happened between them is elsewhere.
        findings.other(account.line, "the account has two ledger balances (010, 015), but neither totals nor entries between them");
    }
}

/// Compares the entries of one side with the total that the account states. A bank may report totals alone, or only some of the entries.
fn details(account: &Bai2Account, code: &str, noun: &str, Bai2SideSum { sum: found, count }: Bai2SideSum, findings: &mut Findings) {
    let Some(total) = account.summaries.iter().find(|summary| summary.code == code) else { return };
    let Some(stated) = account.reported(code) else { return };
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
