//! Builds statements from messages. A field in the wrong place is a problem, and what can be kept of it is kept.

use super::{
    Mt940Account, Mt940Kind, Mt940Statement, Mt940Streamed, balance, checks,
    fields::{Mt940Piece, Mt940Splitter, OpenField},
};
use crate::statement::{Findings, PART_BYTES_MAX, TextLine, WrittenLine, minor_digits};
use builder::Mt940Builder;

mod builder;

/// The most messages of a file that are read: even an empty one takes four kilobytes when it is printed.
const MESSAGES_MAX: usize = 50_000;
/// The most fields that are kept until it is known what a message is: its account, its currency and whether it is a statement. Banks write these first.
const HEAD_FIELDS_MAX: usize = 1_000;

/// A message of which it is not known yet what it is.
#[derive(Default)]
struct Mt940Head {
    envelope: Vec<WrittenLine>,
    fields: Vec<OpenField>,
    bytes: usize,
    block_opened: bool,
}

/// Where the reader is: in the head of a message, or among the fields of one.
pub(super) struct Mt940Reader<'g> {
    give: &'g mut dyn FnMut(Mt940Streamed),
    pub(super) findings: Findings,
    pub(super) with_problems: Vec<WrittenLine>,
    /// Whether fields with problems are kept. Of a file of any length they are not.
    keeps_problems: bool,
    splitter: Mt940Splitter,
    head: Mt940Head,
    open: Option<Mt940Builder>,
    /// The messages so far, without entries and texts, to be compared with each other at the end.
    statements: Vec<Mt940Statement>,
    messages: usize,
}

impl<'g> Mt940Reader<'g> {
    pub(super) fn new(give: &'g mut dyn FnMut(Mt940Streamed), findings: Findings, keeps_problems: bool) -> Self {
        Self {
            give,
            findings,
            with_problems: Vec::new(),
            keeps_problems,
            splitter: Mt940Splitter::default(),
            head: Mt940Head::default(),
            open: None,
            statements: Vec::new(),
            messages: 0,
        }
    }

    /// Reads the next line.
    pub(super) fn line(&mut self, line: TextLine<'_>) {
        let pieces = self.splitter.next(line);
        pieces.into_iter().for_each(|piece| self.piece(piece));
    }

    /// Reads the end of the file.
    pub(super) fn end(&mut self) {
        let pieces = self.splitter.over();
        pieces.into_iter().for_each(|piece| self.piece(piece));
        if self.statements.is_empty() {
            self.findings.money(1, "the file has no message; a field such as :20: was expected");
        }
        checks::sequence(&self.statements, &mut self.findings);
    }

    fn piece(&mut self, piece: Mt940Piece) {
        // Nothing is read after the last message that is.
        if self.messages > MESSAGES_MAX {
            return;
        }
        match piece {
            Mt940Piece::Envelope(line) => {
                self.head.bytes += line.text.len();
                if self.head.bytes <= PART_BYTES_MAX {
                    self.head.envelope.push(line);
                } else {
                    self.findings.money(line.line, "a message has too many lines before its first field; this one was not read");
                }
            }
            Mt940Piece::BlockOpened => self.head.block_opened = true,
            Mt940Piece::TooLong(line) => {
                self.findings.money(line, format!("the field has more than {PART_BYTES_MAX} bytes; this line of it was not read"));
            }
            Mt940Piece::Field(field) => self.field(field),
            Mt940Piece::End(ended) => self.message_end(ended),
        }
    }

    fn field(&mut self, field: OpenField) {
        if self.open.is_some() {
            return self.read_field(&field);
        }
        self.head.bytes += field.bytes;
        self.head.fields.push(field);
        if self.head.is_known() || self.head.fields.len() >= HEAD_FIELDS_MAX || self.head.bytes > PART_BYTES_MAX {
            self.begin();
        }
    }

    fn read_field(&mut self, field: &OpenField) {
        let Some(open) = &mut self.open else { return };
        let field = field.field();
        let problems_before = self.findings.count();
        if let Some(entry) = open.field(&field, &mut self.findings) {
            (self.give)(Mt940Streamed::Entry(Box::new(entry)));
        }
        if self.keeps_problems && self.findings.count() > problems_before {
            self.with_problems.push(WrittenLine { line: field.line, text: field.written() });
        }
    }

    /// Begins a message with what is known of it.
    fn begin(&mut self) {
        let head = std::mem::take(&mut self.head);
        self.messages += 1;
        let line = head.fields.first().map_or(1, |field| field.line);
        if self.messages > MESSAGES_MAX {
            let what = format!("the file has more than {MESSAGES_MAX} messages; nothing from this one on was read");
            return self.findings.first(line, what);
        }
        let statement = head.statement(line, &mut self.findings);
        let is_interim_by_fields = statement.kind == Mt940Kind::InterimReport && !head.in_envelope("942");
        self.open = Some(Mt940Builder::new(statement, head.block_opened, is_interim_by_fields));
        let mut fields = head.fields.into_iter();
        // What comes before the entries is there when the message is given out.
        let mut next = fields.next();
        while let Some(field) = next.take_if(|field| field.tag != "61") {
            self.read_field(&field);
            next = fields.next();
        }
        if let Some(open) = &self.open {
            (self.give)(Mt940Streamed::Begin(Box::new(open.statement.clone())));
        }
        next.into_iter().chain(fields).for_each(|field| self.read_field(&field));
    }

    fn message_end(&mut self, ended: bool) {
        if self.open.is_none() && !self.head.fields.is_empty() {
            self.begin();
        }
        let Some(open) = self.open.take() else {
            for line in std::mem::take(&mut self.head).envelope {
                self.findings.other(line.line, "the line belongs to no message");
                if self.keeps_problems {
                    self.with_problems.push(line);
                }
            }
            return;
        };
        let (last, statement) = open.end(ended, &mut self.findings);
        if let Some(entry) = last {
            (self.give)(Mt940Streamed::Entry(Box::new(entry)));
        }
        (self.give)(Mt940Streamed::End(Box::new(statement.clone())));
        self.statements.push(Mt940Statement { envelope: Vec::new(), text: None, forward_available: Vec::new(), ..statement });
    }
}

impl Mt940Head {
    /// Whether nothing that follows can change what the message is.
    fn is_known(&self) -> bool {
        let has_account = self.fields.iter().any(|field| matches!(field.tag.as_str(), "25" | "25P"));
        let has_currency = || self.fields.iter().any(|field| balance::currency_in(&field.field()).is_some());
        has_account && has_currency() && (self.in_envelope("940") || self.in_envelope("942") || self.has_balance())
    }

    fn statement(&self, line: usize, findings: &mut Findings) -> Mt940Statement {
        let first = |field: &OpenField| account(field.field().first());
        let account = self.fields.iter().find(|field| matches!(field.tag.as_str(), "25" | "25P")).map(first).unwrap_or_default();
        // Amounts of entries have no currency of their own, so it is looked up first.
        let named = self.fields.iter().find_map(|field| balance::currency_in(&field.field()).map(str::to_owned));
        let currency = named.or_else(|| account.currency.clone()).unwrap_or_default();
        let minor_digits = minor_digits(&currency);
        if minor_digits.is_none() {
            findings.money(line, "no field names a known ISO 4217 currency, so amounts without one can't be read");
        }
        let envelope = self.envelope.iter().map(|line| line.text.clone()).collect();
        Mt940Statement { line, kind: self.kind(), envelope, account, currency, minor_digits, ..Mt940Statement::default() }
    }

    /// By the envelope, or by fields that only an interim report has.
    fn kind(&self) -> Mt940Kind {
        let interim_field = || self.fields.iter().any(|field| matches!(field.tag.as_str(), "13" | "13D" | "34F" | "90C" | "90D"));
        let is_interim = self.in_envelope("942") || !self.in_envelope("940") && interim_field() && !self.has_balance();
        if is_interim { Mt940Kind::InterimReport } else { Mt940Kind::Statement }
    }

    fn in_envelope(&self, number: &str) -> bool {
        let blocks = [format!("{{2:I{number}"), format!("{{2:O{number}")];
        self.envelope.iter().any(|line| line.text == number || blocks.iter().any(|block| line.text.contains(block)))
    }

    fn has_balance(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.tag.as_str(), "60F" | "60M" | "62F" | "62M"))
    }
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
