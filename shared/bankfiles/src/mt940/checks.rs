//! Compares a statement with its own balances, and statements of one account with each other.

use super::{Mt940Account, Mt940Balance, Mt940Entry, Mt940Kind, Mt940Statement};
use crate::statement::{Findings, StatementSide};
use std::collections::HashMap;

/// A BIC with a branch.
const BIC_CHARS: usize = 11;
const HEAD_OFFICE: &str = "XXX";
/// The shortest IBAN, Norway's.
const IBAN_CHARS_MIN: usize = 15;

/// What the entries of a message come to, counted as they are read. A sum is `None` once an amount of it can't be read, which is a problem of its own.
#[derive(Debug)]
pub(super) struct Mt940Tally {
    entries: usize,
    without_reference: bool,
    /// Of those that are booked.
    change: Option<i128>,
    debits: (u64, Option<i128>),
    credits: (u64, Option<i128>),
}

impl Default for Mt940Tally {
    fn default() -> Self {
        Self { entries: 0, without_reference: false, change: Some(0), debits: (0, Some(0)), credits: (0, Some(0)) }
    }
}

impl Mt940Tally {
    /// Counts an entry.
    pub(super) fn count(&mut self, entry: &Mt940Entry) {
        self.entries += 1;
        self.without_reference |= entry.customer_reference.is_empty();
        let amount = entry.amount_minor.map(i128::from);
        if !entry.expected {
            self.change = self.change.zip(entry.amount_minor).map(|(sum, amount)| sum + entry.side.change(amount));
        }
        let (count, sum) = if entry.side.adds() { &mut self.credits } else { &mut self.debits };
        *count += 1;
        *sum = sum.zip(amount).map(|(sum, amount)| sum + amount);
    }
}

/// Checks one message.
pub(super) fn statement(statement: &Mt940Statement, tally: &Mt940Tally, findings: &mut Findings) {
    let line = statement.line;
    if statement.reference.is_empty() {
        findings.other(line, "the message has no reference (:20:)");
    }
    if statement.account.written.is_empty() {
        findings.money(line, "the message has no account (:25:), so whose money this is remains unknown");
    }
    if statement.number.is_none() {
        findings.other(line, "the message has no statement number (:28C:), so a missing one can't be noticed");
    }
    if tally.without_reference {
        findings.other(line, "entries of the message have no customer's reference, not even NONREF");
    }
    match statement.kind {
        Mt940Kind::Statement => balances(statement, tally, findings),
        Mt940Kind::InterimReport => {
            total(statement, StatementSide::Debit, tally.debits.0, tally.debits.1, findings);
            total(statement, StatementSide::Credit, tally.credits.0, tally.credits.1, findings);
        }
    }
}

/// Opening balance and entries must give the closing balance.
fn balances(statement: &Mt940Statement, tally: &Mt940Tally, findings: &mut Findings) {
    if statement.opening.is_none() {
        findings.money(statement.line, "the statement has no opening balance (:60F: or :60M:)");
    }
    if statement.closing.is_none() {
        findings.money(statement.line, "the statement has no closing balance (:62F: or :62M:): its end may be missing");
    }
    let (Some(opening), Some(closing)) = (&statement.opening, &statement.closing) else { return };
    if opening.date.zip(closing.date).is_some_and(|(opening, closing)| closing < opening) {
        findings.other(closing.line, "the closing balance is of an earlier day than the opening balance");
    }
    // A balance or an entry that could not be read has a problem of its own.
    let (Some(from), Some(to), Some(change)) = (opening.amount_minor, closing.amount_minor, tally.change) else { return };
    let expected = i128::from(from) + change;
    if expected != i128::from(to) {
        findings.money(
            closing.line,
            format!(
                "opening balance {from} and {} entries ({change:+}) give {expected}, but the closing balance is {to}: {:+} is unexplained",
                tally.entries,
                i128::from(to) - expected
            ),
        );
    }
}

/// Checks number and sum of one side's entries in an interim report.
fn total(statement: &Mt940Statement, side: StatementSide, count: u64, found: Option<i128>, findings: &mut Findings) {
    let (tag, noun) = if side.adds() { ("90C", "credit") } else { ("90D", "debit") };
    let total = if side.adds() { &statement.credits } else { &statement.debits }.as_ref();
    // A total in another currency has a problem of its own.
    let Some(total) = total.filter(|total| total.currency == statement.currency) else { return };
    let (Some(found), Some(stated)) = (found, total.amount_minor) else { return };
    let right_count = total.count.is_none_or(|stated| stated == count);
    if right_count && found == i128::from(stated) {
        return;
    }
    let stated_count = total.count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string());
    let what = format!(":{tag}: states {stated_count} {noun} entries of {stated} in total, but {count} of {found} in total are listed");
    // Entries below a limit are counted there without being listed.
    let limited = statement
        .floor_limits
        .iter()
        .any(|limit| limit.side.is_none_or(|limited| limited.adds() == side.adds()) && limit.amount_minor != Some(0));
    if limited && found <= i128::from(stated) && total.count.is_none_or(|stated| stated >= count) {
        findings.other(total.line, what);
    } else {
        findings.money(total.line, what);
    }
}

/// What the next message of an account must continue.
struct Mt940Previous<'a> {
    number: Option<u64>,
    sequence: Option<u64>,
    closing: Option<&'a Mt940Balance>,
    line: usize,
}

/// Checks that pages and statements of an account follow each other without a gap, and that none is there twice.
pub(super) fn sequence(statements: &[Mt940Statement], findings: &mut Findings) {
    let mut previous: HashMap<(String, &str, &str), Mt940Previous<'_>> = HashMap::new();
    let statements = || statements.iter().filter(|statement| statement.kind == Mt940Kind::Statement);
    let banks = banks(statements());
    for statement in statements() {
        let account = (bank(statement, &banks), statement.account.number.as_str(), statement.currency.as_str());
        let before = previous.get(&account);
        if let Some(before) = before {
            follows(before, statement, findings);
        } else if is_page(statement.opening.as_ref()) {
            let what = "the statement begins with an intermediate balance (:60M:), but the page before it is not in the file";
            findings.money(statement.line, what);
        }
        let (number, sequence) = (statement.number, statement.sequence);
        previous.insert(account, Mt940Previous { number, sequence, closing: statement.closing.as_ref(), line: statement.line });
    }
    let mut open: Vec<_> = previous.into_values().filter(|last| is_page(last.closing)).collect();
    open.sort_by_key(|last| last.line);
    for last in open {
        findings.money(last.line, "the statement ends with an intermediate balance (:62M:), but no page after it is in the file");
    }
}

/// The banks that a number is of. Several banks may have accounts of the same number, unless it is an IBAN.
fn banks<'a>(statements: impl Iterator<Item = &'a Mt940Statement>) -> HashMap<&'a str, Mt940Banks> {
    let mut banks: HashMap<&str, Mt940Banks> = HashMap::new();
    for account in statements.map(|statement| &statement.account) {
        let Some(bank) = named_bank(account) else { continue };
        let known = banks.entry(&account.number).or_insert_with(|| Mt940Banks { first: bank.clone(), several: false });
        known.several |= known.first != bank;
    }
    banks
}

/// The first bank named with a number, and whether there are others.
struct Mt940Banks {
    first: String,
    several: bool,
}

/// What tells accounts of one number apart: nothing if all of them are of one bank, as far as the file names it.
fn bank(statement: &Mt940Statement, banks: &HashMap<&str, Mt940Banks>) -> String {
    let several = banks.get(statement.account.number.as_str()).is_some_and(|banks| banks.several);
    if several { named_bank(&statement.account).unwrap_or_default() } else { String::new() }
}

/// The bank in capitals, without punctuation and without the branch of a head office; `None` if the number names its bank itself.
fn named_bank(account: &Mt940Account) -> Option<String> {
    let bank = account.bank.as_deref().filter(|_| !is_iban(&account.number))?;
    let mut code: String = bank.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    if code.len() == BIC_CHARS && code.ends_with(HEAD_OFFICE) {
        code.truncate(BIC_CHARS - HEAD_OFFICE.len());
    }
    Some(code).filter(|code| !code.is_empty())
}

/// A country, two check digits and a number of at least eleven characters.
fn is_iban(number: &str) -> bool {
    let (Some(country), Some(check)) = (number.get(..2), number.get(2..4)) else { return false };
    country.bytes().all(|byte| byte.is_ascii_uppercase())
        && check.bytes().all(|byte| byte.is_ascii_digit())
        && number.len() >= IBAN_CHARS_MIN
}

fn is_page(balance: Option<&Mt940Balance>) -> bool {
    balance.is_some_and(|balance| balance.tag.ends_with('M'))
}

fn follows(before: &Mt940Previous<'_>, statement: &Mt940Statement, findings: &mut Findings) {
    let line = statement.line;
    // Banks that don't number write 0.
    let numbers = before.number.zip(statement.number).filter(|(before, now)| (*before, *now) != (0, 0));
    if let Some((number_before, number)) = numbers {
        let (page_before, page) = (before.sequence.unwrap_or(1), statement.sequence.unwrap_or(1));
        if number == number_before {
            if page == page_before {
                findings.money(line, format!("statement {number}, page {page} is in the file twice: also in line {}", before.line));
            } else if page_before.checked_add(1) != Some(page) {
                findings.money(
                    line,
                    format!("page {page} of statement {number} follows page {page_before}: a page is missing or out of order"),
                );
            }
        } else if number_before.checked_add(1) == Some(number) || number == 1 {
            if page != 1 && page != 0 {
                findings.money(line, format!("statement {number} begins with page {page}: an earlier page is missing"));
            }
        } else {
            let why = if number > number_before { "is missing" } else { "is missing or out of order" };
            findings.money(line, format!("statement {number} follows statement {number_before} of the same account: a statement {why}"));
        }
        if is_page(statement.opening.as_ref()) != (number == number_before) {
            let expected = if number == number_before { ":60M:, as it continues a statement" } else { ":60F:, as it begins a statement" };
            findings.other(line, format!("the opening balance must be {expected}"));
        }
        if is_page(before.closing) != (number == number_before) {
            findings.other(before.line, "the closing balance must be :62M: if a page of the same statement follows, :62F: otherwise");
        }
    }
    let closing = before.closing.and_then(|balance| balance.amount_minor);
    let opening = statement.opening.as_ref().and_then(|balance| balance.amount_minor);
    if let (Some(closing), Some(opening)) = (closing, opening)
        && closing != opening
    {
        findings.money(
            line,
            format!("the opening balance is {opening}, but the account's statement of line {} closed with {closing}", before.line),
        );
    }
}
