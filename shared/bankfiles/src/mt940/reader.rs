//! Builds statements from messages. A field in the wrong place is a problem, and what can be kept of it is kept.

use super::{
    Mt940Account, Mt940Balance, Mt940File, Mt940Kind, Mt940Statement, Mt940Total, balance, checks, details, entry,
    fields::{Mt940Field, Mt940Message, messages},
};
use crate::statement::{Findings, WrittenLine, digits, full_year, minor_digits, text_lines};
use jiff::civil::DateTime;

/// The most messages of a file that are read: even an empty one takes four kilobytes when it is printed.
const MESSAGES_MAX: usize = 50_000;
/// Fields that a message may have once.
const ONCE: [&str; 15] = ["20", "21", "25", "25P", "28", "28C", "60F", "60M", "62F", "62M", "64", "13", "13D", "90C", "90D"];
/// SWIFT's `5n` of a statement's number.
const NUMBER_CHARS_MAX: usize = 5;

/// Reads a whole file.
pub(super) fn file(text: &str, findings: &mut Findings) -> Mt940File {
    let lines = text_lines(text);
    let mut file = Mt940File::default();
    let messages = messages(&lines);
    if let Some(message) = messages.get(MESSAGES_MAX) {
        let line = message.fields.first().map_or(1, |field| field.line);
        let what = format!("the file has {} messages; from this one on they were not read: at most {MESSAGES_MAX} are", messages.len());
        findings.money(line, what);
    }
    for message in messages.into_iter().take(MESSAGES_MAX) {
        if message.fields.is_empty() {
            for line in &message.envelope {
                findings.other(line.number, "the line belongs to no message");
                file.with_problems.push(WrittenLine { line: line.number, text: line.text.to_owned() });
            }
            continue;
        }
        let statement = statement(&message, &mut file.with_problems, findings);
        checks::statement(&statement, findings);
        file.statements.push(statement);
    }
    if file.statements.is_empty() {
        findings.money(1, "the file has no message; a field such as :20: was expected");
    }
    checks::sequence(&file.statements, findings);
    file
}

/// A statement while it is built.
struct Mt940Builder<'m, 'f> {
    statement: Mt940Statement,
    with_problems: &'m mut Vec<WrittenLine>,
    findings: &'f mut Findings,
    /// Whether an `:86:` belongs to the last entry.
    at_entry: bool,
    /// Tags of fields that may be there once.
    seen: Vec<String>,
}

fn statement(message: &Mt940Message<'_>, with_problems: &mut Vec<WrittenLine>, findings: &mut Findings) -> Mt940Statement {
    let line = message.fields.first().map_or(1, |field| field.line);
    let account =
        message.fields.iter().find(|field| matches!(field.tag, "25" | "25P")).map(|field| account(field.first())).unwrap_or_default();
    // Amounts of entries have no currency of their own, so it is looked up first.
    let named = message.fields.iter().find_map(balance::currency_in).map(str::to_owned);
    let currency = named.or_else(|| account.currency.clone()).unwrap_or_default();
    let minor_digits = minor_digits(&currency);
    if minor_digits.is_none() {
        findings.money(line, "no field names a known ISO 4217 currency, so amounts without one can't be read");
    }
    let envelope = message.envelope.iter().map(|line| line.text.to_owned()).collect();
    let statement = Mt940Statement { line, kind: kind(message), envelope, account, currency, minor_digits, ..Mt940Statement::default() };
    let mut builder = Mt940Builder { statement, with_problems, findings, at_entry: false, seen: Vec::new() };
    for field in &message.fields {
        builder.field(field);
    }
    if message.block_opened && !message.ended {
        let last = message.fields.last().map_or(line, |field| field.line);
        builder.findings.money(last, "SWIFT's block 4 is not ended by -}: the end of the message may be missing");
    }
    builder.statement
}

/// By the envelope, or by fields that only an interim report has.
fn kind(message: &Mt940Message<'_>) -> Mt940Kind {
    let in_envelope = |number: &str| {
        let blocks = [format!("{{2:I{number}"), format!("{{2:O{number}")];
        message.envelope.iter().any(|line| line.text == number || blocks.iter().any(|block| line.text.contains(block)))
    };
    let interim_field = || message.fields.iter().any(|field| matches!(field.tag, "13" | "13D" | "34F" | "90C" | "90D"));
    let balance = || message.fields.iter().any(|field| matches!(field.tag, "60F" | "60M" | "62F" | "62M"));
    if in_envelope("942") || !in_envelope("940") && interim_field() && !balance() { Mt940Kind::InterimReport } else { Mt940Kind::Statement }
}

fn account(written: &str) -> Mt940Account {
    // A currency may have a slash of its own before it.
    let after = |text: &str| text.trim().len() == 3 && minor_digits(&text.trim().to_ascii_uppercase()).is_some();
    let (without, apart) = match written.rsplit_once('/') {
        Some((account, currency)) if after(currency) => (account, Some(currency.trim().to_ascii_uppercase())),
        _ => (written, None),
    };
    let (bank, rest) = without.rsplit_once('/').map_or((None, without), |(bank, rest)| (Some(bank.trim().to_owned()), rest));
    let mut number: String = rest.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    // Three letters after a digit are a currency's code. Only an IBAN of a country with letters in its numbers could end in one by chance.
    let split = number.len().saturating_sub(3);
    let digit_before = split > 0 && number.as_bytes().get(split - 1).is_some_and(u8::is_ascii_digit);
    let appended = number.get(split..).filter(|end| apart.is_none() && digit_before && minor_digits(end).is_some()).map(str::to_owned);
    if appended.is_some() {
        number.truncate(split);
    }
    if let Some(iban) = number.strip_prefix("IBAN") {
        number = iban.to_owned();
    }
    Mt940Account { written: written.to_owned(), bank, number, currency: apart.or(appended) }
}

impl Mt940Builder<'_, '_> {
    fn field(&mut self, field: &Mt940Field<'_>) {
        let problems_before = self.findings.count();
        if field.tag != "86" {
            self.at_entry = false;
        }
        if self.once(field) {
            self.place(field);
        }
        if self.findings.count() > problems_before {
            self.with_problems.push(WrittenLine { line: field.line, text: field.written() });
        }
    }

    fn place(&mut self, field: &Mt940Field<'_>) {
        match field.tag {
            "20" => self.statement.reference = field.first().to_owned(),
            "21" => self.statement.related_reference = Some(field.first().to_owned()),
            "25" | "25P" => {
                if field.first().is_empty() {
                    self.findings.money(field.line, ":25: has no account, so whose money this is remains unknown");
                }
            }
            "28" | "28C" => self.number(field),
            "60F" | "60M" => self.statement.opening = self.balance(field),
            "61" => self.entry(field),
            "62F" | "62M" => self.statement.closing = self.balance(field),
            "64" => self.statement.closing_available = self.balance(field),
            "65" => {
                let balance = self.balance(field);
                self.statement.forward_available.extend(balance);
            }
            "86" => self.details(field),
            "34F" => {
                let limit = balance::floor_limit(field, self.findings);
                self.same_currency(field, limit.as_ref().map(|limit| limit.currency.as_str()));
                self.statement.floor_limits.extend(limit);
            }
            "13" | "13D" => self.reported_at(field),
            "90D" => self.statement.debits = self.total(field),
            "90C" => self.statement.credits = self.total(field),
            tag => {
                self.findings.other(field.line, format!("field :{tag}: is no field of an MT940 or MT942; it was kept as it is"));
            }
        }
    }

    /// Whether a field may be read: most may be there only once. Both forms of a tag, such as 60F and 60M, are the same field.
    fn once(&mut self, field: &Mt940Field<'_>) -> bool {
        if !ONCE.contains(&field.tag) {
            return true;
        }
        let name =
            if matches!(field.tag, "90C" | "90D") { field.tag } else { field.tag.trim_end_matches(|c: char| c.is_ascii_uppercase()) };
        if self.seen.iter().any(|seen| seen == name) {
            self.findings.money(field.line, format!("field :{}: is there again; only the first was read", field.tag));
            return false;
        }
        self.seen.push(name.to_owned());
        true
    }

    fn number(&mut self, field: &Mt940Field<'_>) {
        let (number, sequence) = field.first().split_once('/').map_or((field.first(), None), |(number, page)| (number, Some(page)));
        self.statement.number = plain_number(number);
        self.statement.sequence = sequence.and_then(plain_number);
        if self.statement.number.is_none() || sequence.is_some() && self.statement.sequence.is_none() {
            self.findings.other(field.line, format!(":{}: must be a statement number, and a page number after a slash", field.tag));
        } else if number.len() > NUMBER_CHARS_MAX || sequence.is_some_and(|page| page.len() > NUMBER_CHARS_MAX) {
            self.findings.other(field.line, format!(":{}: has a number of more than {NUMBER_CHARS_MAX} digits", field.tag));
        }
    }

    fn balance(&mut self, field: &Mt940Field<'_>) -> Option<Mt940Balance> {
        let balance = balance::balance(field, self.findings);
        self.same_currency(field, balance.as_ref().map(|balance| balance.currency.as_str()));
        balance
    }

    fn total(&mut self, field: &Mt940Field<'_>) -> Option<Mt940Total> {
        let total = balance::total(field, self.findings);
        self.same_currency(field, total.as_ref().map(|total| total.currency.as_str()));
        total
    }

    /// Amounts of two currencies can't be compared, and entries have none of their own.
    fn same_currency(&mut self, field: &Mt940Field<'_>, found: Option<&str>) {
        let expected = &self.statement.currency;
        if found.is_some_and(|found| found != expected) {
            let first = match self.statement.kind {
                Mt940Kind::Statement => "the statement's first balance",
                Mt940Kind::InterimReport => "the report's first limit or total",
            };
            self.findings.money(field.line, format!("the currency of :{}: is not that of {first} ({expected})", field.tag));
        }
    }

    fn entry(&mut self, field: &Mt940Field<'_>) {
        if let Some(entry) = entry::entry(field, &self.statement.currency, self.statement.minor_digits, self.findings) {
            self.statement.entries.push(entry);
            self.at_entry = true;
        }
    }

    fn details(&mut self, field: &Mt940Field<'_>) {
        if let Some(line) = field.repeated.first() {
            self.findings.other(*line, ":86: is there again; its lines were added to the :86: before it");
        }
        let last = self.statement.entries.last_mut().filter(|_| self.at_entry);
        match last {
            Some(entry) => entry.details = Some(details::details(field, self.findings)),
            None if self.statement.text.is_none() => self.statement.text = Some(field.lines.join("\n")),
            None => {
                self.findings.other(field.line, "the statement has more than one :86: that belongs to no entry; only the first was read");
            }
        }
    }

    fn reported_at(&mut self, field: &Mt940Field<'_>) {
        let text = field.first();
        let moment = text.get(..10).and_then(moment);
        let offset = text.get(10..).unwrap_or_default();
        let offset_fits = offset.is_empty() || offset.starts_with(['+', '-']) && digits(offset.get(1..).unwrap_or_default(), 4).is_some();
        if moment.is_none() || !offset_fits {
            self.findings.other(field.line, format!(":{}: must be YYMMDDHHMM and a distance from UTC, such as +0100", field.tag));
        }
        self.statement.reported_at = moment;
        self.statement.reported_offset = offset.to_owned();
    }
}

/// Reads digits alone.
fn plain_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads `YYMMDDHHMM`.
fn moment(text: &str) -> Option<DateTime> {
    let date = digits(text.get(..6)?, 6)?;
    let time = digits(text.get(6..)?, 4)?;
    let small = |number: u32| i8::try_from(number).ok();
    let year = full_year(i16::try_from(date / 10_000).ok()?);
    DateTime::new(year, small(date / 100 % 100)?, small(date % 100)?, small(time / 100)?, small(time % 100)?, 0, 0).ok()
}
