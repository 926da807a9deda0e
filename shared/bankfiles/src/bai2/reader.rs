//! Builds a file from its records. A record in the wrong place is a problem, and what can be kept of it is kept.

use super::{
    Bai2Account, Bai2AsOf, Bai2File, Bai2Group, Bai2GroupStatus, Bai2Streamed,
    checks::{self, Bai2Repeats, Bai2Tally, Bai2Totals},
    records::{Bai2Fields, Bai2Record, Bai2Sizes, CutLine, OpenRecord},
};
use crate::statement::{Findings, PART_BYTES_MAX, TextLine, WrittenLine, day};

mod amounts;

/// The currency of a file that names none.
const DEFAULT_CURRENCY: &str = "USD";
const VERSION: &str = "2";

/// The most accounts of a file that are read: what each reports is kept to the end.
const ACCOUNTS_MAX: usize = 250_000;

/// Where the reader is: at most one group and one account are open, and of the file there is one record.
pub(super) struct Bai2Reader<'g> {
    give: &'g mut dyn FnMut(Bai2Streamed),
    pub(super) findings: Findings,
    pub(super) file: Bai2File,
    /// Whether records with problems are kept. Of a file of any length they are not.
    keeps_problems: bool,
    pending: Option<OpenRecord>,
    sizes: Bai2Sizes,
    group: Option<(Bai2Group, Bai2Totals)>,
    account: Option<(Bai2Account, Bai2Totals, Bai2Tally)>,
    repeats: Bai2Repeats,
    accounts: usize,
    totals: Bai2Totals,
    /// Line of the last record.
    line: usize,
    header_read: bool,
    trailer_read: bool,
    rest_reported: bool,
}

impl<'g> Bai2Reader<'g> {
    pub(super) fn new(give: &'g mut dyn FnMut(Bai2Streamed), findings: Findings, keeps_problems: bool) -> Self {
        Self {
            give,
            findings,
            file: Bai2File::default(),
            keeps_problems,
            pending: None,
            sizes: Bai2Sizes::default(),
            group: None,
            account: None,
            repeats: Bai2Repeats::default(),
            accounts: 0,
            totals: Bai2Totals::default(),
            line: 1,
            header_read: false,
            trailer_read: false,
            rest_reported: false,
        }
    }

    /// Reads the next physical line.
    pub(super) fn line(&mut self, line: TextLine<'_>) {
        self.sizes.line(line, &mut self.findings);
        // Some transfers leave control characters such as SUB (the end of a file on old systems) behind.
        let written = line.text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if written.is_empty() {
            return;
        }
        let Some(cut) = CutLine::of(written) else {
            self.findings.money(line.number, "the line doesn't begin with a record code of two digits and a comma");
            return self.keep(|| WrittenLine { line: line.number, text: written.to_owned() });
        };
        match (cut.code, &mut self.pending) {
            ("88", Some(open)) => {
                if !open.continued(written) {
                    self.findings
                        .money(line.number, format!("the record has more than {PART_BYTES_MAX} bytes; this line of it was not read"));
                }
            }
            ("88", None) => {
                self.findings.money(line.number, "a continuation (88) has no record before it");
                self.keep(|| WrittenLine { line: line.number, text: written.to_owned() });
            }
            _ => {
                let before = self.pending.replace(OpenRecord::new(line.number, written));
                before.iter().for_each(|open| self.record(&open.record()));
            }
        }
    }

    fn keep(&mut self, written: impl FnOnce() -> WrittenLine) {
        if self.keeps_problems {
            self.file.with_problems.push(written());
        }
    }

    fn record(&mut self, record: &Bai2Record<'_>) {
        self.line = record.line;
        let problems_before = self.findings.count();
        self.place(record);
        if self.findings.count() > problems_before {
            self.keep(|| record.as_written());
        }
    }

    fn place(&mut self, record: &Bai2Record<'_>) {
        if self.trailer_read {
            if !self.rest_reported {
                self.findings
                    .money(record.line, format!("record {} follows the file trailer (99); nothing after it was read", record.code));
                self.rest_reported = true;
            } else {
                self.keep(|| record.as_written());
            }
            return;
        }
        // An entry's text may end a record without a slash.
        if !record.closed && record.code != "16" {
            self.findings.other(record.line, format!("record {} doesn't end with a slash", record.code));
        }
        self.totals.records += record.lines();
        if !self.header_read && record.code != "01" {
            self.findings.money(record.line, format!("the file begins with record {}; a file header (01) was expected", record.code));
            self.header_read = true;
        }
        match record.code {
            "01" => self.header(record),
            "02" => self.open_group(record),
            "03" => self.open_account(record),
            "16" => self.entry(record),
            "49" => self.close_account(record),
            "98" => self.close_group(record),
            "99" => self.close_file(record),
            code => {
                self.findings.money(record.line, format!("record code {code} is unknown; 01, 02, 03, 16, 49, 88, 98 or 99 was expected"));
                self.count_inside(record);
            }
        }
    }

    /// Counts a record for the group and the account that are open.
    fn count_inside(&mut self, record: &Bai2Record<'_>) {
        if let Some((_, totals)) = &mut self.group {
            totals.records += record.lines();
        }
        if let Some((_, totals, _)) = &mut self.account {
            totals.records += record.lines();
        }
    }

    fn misplaced(&mut self, record: &Bai2Record<'_>, why: &str) {
        self.findings.money(record.line, format!("record {} {why}; it was not read", record.code));
        self.count_inside(record);
    }

    fn header(&mut self, record: &Bai2Record<'_>) {
        if self.header_read {
            return self.misplaced(record, "is a second file header");
        }
        self.header_read = true;
        let mut fields = record.fields();
        let (sender, receiver) = (fields.text().to_owned(), fields.text().to_owned());
        let created = self.date(&mut fields, record, "creation date");
        let created_time = self.time(&mut fields, record);
        let file_id = fields.text().to_owned();
        let record_length = self.size(&mut fields, record, "physical record length");
        let block_size = self.size(&mut fields, record, "block size");
        let version = fields.text().to_owned();
        if version != VERSION {
            // A file of another version has other fields, so what was read from them may be wrong.
            self.findings.money(record.line, "the file header (01) states another version than 2, the only one that is read");
        }
        let with_problems = std::mem::take(&mut self.file.with_problems);
        self.file = Bai2File {
            sender,
            receiver,
            created,
            created_time,
            file_id,
            record_length,
            block_size,
            version,
            with_problems,
            ..Bai2File::default()
        };
    }

    fn date(&mut self, fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>, what: &str) -> Option<jiff::civil::Date> {
        let text = fields.text();
        let date = day(text);
        if date.is_none() {
            self.findings.other(record.line, format!("{what} of record {} must be a day, YYMMDD", record.code));
        }
        date
    }

    fn time(&mut self, fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>) -> String {
        let text = fields.text();
        if !text.is_empty() && !amounts::is_time(text) {
            self.findings.other(record.line, format!("the time of record {} must be HHMM, 2400 or 9999", record.code));
        }
        text.to_owned()
    }

    fn size(&mut self, fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>, what: &str) -> Option<u32> {
        let text = fields.text();
        let size = text.parse().ok().filter(|size| *size > 0);
        if size.is_none() && !text.is_empty() {
            self.findings.other(record.line, format!("{what} of the file header (01) must be a positive number"));
        }
        size
    }

    fn open_group(&mut self, record: &Bai2Record<'_>) {
        self.leave_group(record.line, "a group header (02)");
        let mut fields = record.fields();
        let (receiver, originator) = (fields.text().to_owned(), fields.text().to_owned());
        let status = match fields.text() {
            "1" => Bai2GroupStatus::Update,
            "2" => Bai2GroupStatus::Deletion,
            "3" => Bai2GroupStatus::Correction,
            "4" => Bai2GroupStatus::Test,
            _ => {
                self.findings.money(record.line, "the group status of record 02 must be 1, 2, 3 or 4; whether the group counts is unknown");
                Bai2GroupStatus::Unknown
            }
        };
        let as_of = self.date(&mut fields, record, "as-of date");
        let as_of_time = self.time(&mut fields, record);
        let currency = amounts::currency_or(fields.text(), DEFAULT_CURRENCY);
        let as_of_modifier = match fields.text() {
            "" => None,
            "1" => Some(Bai2AsOf::InterimPreviousDay),
            "2" => Some(Bai2AsOf::FinalPreviousDay),
            "3" => Some(Bai2AsOf::InterimSameDay),
            "4" => Some(Bai2AsOf::FinalSameDay),
            _ => {
                self.findings.other(record.line, "the as-of date modifier of record 02 must be empty, 1, 2, 3 or 4");
                None
            }
        };
        let line = record.line;
        let group = Bai2Group { line, receiver, originator, status, as_of, as_of_time, currency, as_of_modifier, ..Bai2Group::default() };
        (self.give)(Bai2Streamed::Group(Box::new(group.clone())));
        self.group = Some((group, Bai2Totals { records: record.lines(), ..Bai2Totals::default() }));
    }

    fn open_account(&mut self, record: &Bai2Record<'_>) {
        self.leave_account(record.line, "an account (03)");
        self.accounts += 1;
        if self.accounts > ACCOUNTS_MAX {
            let what = format!("the file has more than {ACCOUNTS_MAX} accounts; nothing from this one on was read");
            self.findings.first(record.line, what);
            (self.trailer_read, self.rest_reported) = (true, true);
            return;
        }
        if self.group.is_none() {
            self.findings.money(record.line, "an account (03) stands outside of a group; a group header (02) was expected before it");
            let group = Bai2Group { line: record.line, currency: DEFAULT_CURRENCY.to_owned(), ..Bai2Group::default() };
            (self.give)(Bai2Streamed::Group(Box::new(group.clone())));
            self.group = Some((group, Bai2Totals::default()));
        }
        let Some((group, group_totals)) = &mut self.group else { return };
        group_totals.records += record.lines();
        let mut totals = Bai2Totals { records: record.lines(), ..Bai2Totals::default() };
        let account = amounts::account(record, group, &mut totals, &mut self.findings);
        (self.give)(Bai2Streamed::Account(Box::new(account.clone())));
        self.account = Some((account, totals, self.repeats.tally()));
    }

    fn entry(&mut self, record: &Bai2Record<'_>) {
        let Some((_, totals, tally)) = &mut self.account else {
            return self.misplaced(record, "stands outside of an account (03)");
        };
        totals.records += record.lines();
        let booked = self.group.as_mut().and_then(|(group, totals)| {
            totals.records += record.lines();
            group.as_of
        });
        let entry = amounts::entry(record, booked, totals, &mut self.findings);
        self.repeats.count(&entry, tally);
        (self.give)(Bai2Streamed::Entry(Box::new(entry)));
    }

    fn close_account(&mut self, record: &Bai2Record<'_>) {
        if self.account.is_none() {
            return self.misplaced(record, "ends an account, but none is open");
        }
        self.count_inside(record);
        let Some((mut account, totals, tally)) = self.account.take() else { return };
        account.control_total = checks::account_trailer(record, &totals, &mut self.findings);
        self.end_account(account, &totals, tally);
    }

    fn end_account(&mut self, account: Bai2Account, totals: &Bai2Totals, tally: Bai2Tally) {
        checks::account_balances(&account, &tally, &mut self.findings);
        (self.give)(Bai2Streamed::AccountEnd(account.control_total));
        if let Some((group, group_totals)) = &mut self.group {
            group_totals.add(account.control_total, totals);
            self.repeats.account(group, account, tally, &mut self.findings);
        }
    }

    fn close_group(&mut self, record: &Bai2Record<'_>) {
        self.leave_account(record.line, "a group trailer (98)");
        if self.group.is_none() {
            return self.misplaced(record, "ends a group, but none is open");
        }
        self.count_inside(record);
        let Some((_, totals)) = self.group.take() else { return };
        let control_total = checks::group_trailer(record, &totals, &mut self.findings);
        self.totals.add(control_total, &totals);
        (self.give)(Bai2Streamed::GroupEnd(control_total));
    }

    fn close_file(&mut self, record: &Bai2Record<'_>) {
        self.leave_group(record.line, "the file trailer (99)");
        self.trailer_read = true;
        self.file.control_total = checks::file_trailer(record, &self.totals, &mut self.findings);
    }

    fn leave_account(&mut self, line: usize, by: &str) {
        if let Some((account, totals, tally)) = self.account.take() {
            self.findings.money(line, format!("{by} follows before the account of line {} was ended by a trailer (49)", account.line));
            self.end_account(account, &totals, tally);
        }
    }

    fn leave_group(&mut self, line: usize, by: &str) {
        self.leave_account(line, by);
        if let Some((group, totals)) = self.group.take() {
            self.findings.money(line, format!("{by} follows before the group of line {} was ended by a trailer (98)", group.line));
            self.totals.add(None, &totals);
            (self.give)(Bai2Streamed::GroupEnd(None));
        }
    }

    /// Reads the end: whatever is still open ends with the file.
    pub(super) fn end(&mut self) {
        let last = self.pending.take();
        last.iter().for_each(|open| self.record(&open.record()));
        self.sizes.end(&mut self.findings);
        self.leave_group(self.line, "the end of the file");
        if !self.header_read {
            self.findings.money(1, "the file has no records; a file header (01) was expected");
        } else if !self.trailer_read {
            self.findings.money(self.line, "the file ends without a file trailer (99): its end may be missing");
        }
    }
}
