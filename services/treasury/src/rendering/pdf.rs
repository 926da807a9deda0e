//! A page for people (PDF): the account, the balances, the entries with the sums of each page, and the sums of the day.
//!
//! - `layout`: where what stands. [`text`]: letters and their widths.
//!
//! The fonts are two of the fourteen that every reader has, so nothing is embedded; they have the letters of Western Europe (Windows-1252).
mod layout;
mod text;

use super::{RenderedLine, amount};
use crate::domain::statement::{DayStatement, LineKind, LineOther, StatementLine, StatementTotal};
use layout::{Page, RowTexts};
use money::time::moment_us;
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref, TextStr};

/// The most entries of a file: it is put together in memory, and nobody reads more than 600 pages.
pub(super) const ENTRIES_MAX: i64 = 15_000;

/// What the fonts can't show.
pub(super) const LOSSES: [&str; 1] =
    ["The fonts have the letters of Western Europe: others are shown by their Latin base letter, or as a question mark."];

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const REGULAR: Ref = Ref::new(3);
const BOLD: Ref = Ref::new(4);
const INFORMATION: Ref = Ref::new(5);

/// A file that is being written.
pub(super) struct PdfStatement {
    statement: DayStatement,
    digits: u32,
    pdf: Pdf,
    pages: Vec<Ref>,
    page: Page,
    page_count: usize,
    debits: i64,
    credits: i64,
    balance: i64,
}

impl PdfStatement {
    pub(super) fn new(statement: &DayStatement) -> Self {
        let entries = statement.credits.count.saturating_add(statement.debits.count);
        let page_count = layout::pages(usize::try_from(entries).unwrap_or(usize::MAX));
        let mut file = Self {
            statement: statement.clone(),
            digits: statement.account.currency.minor_digits(),
            pdf: Pdf::new(),
            pages: Vec::new(),
            page: Page::new(),
            page_count,
            debits: 0,
            credits: 0,
            balance: statement.opening,
        };
        file.first();
        file
    }

    /// Adds an entry, on a new page if it does not fit.
    pub(super) fn line(&mut self, line: RenderedLine<'_>) {
        if self.page.is_full() {
            self.end_page(true);
            self.page.title(&self.heading(), &self.statement.account.name);
            self.columns();
            let brought = RowTexts { what: "Brought forward".to_owned(), balance: self.text(self.balance), ..RowTexts::default() };
            self.page.balance_row(&brought);
        }
        let RenderedLine { line, details, balance } = line;
        let amount = self.text(line.change.saturating_abs());
        let (debit, credit) = if line.is_credit() { (String::new(), amount) } else { (amount, String::new()) };
        let time = moment_us(line.booked_us).strftime("%H:%M:%S").to_string();
        let mut notes = vec![whose(line, &self.statement)];
        notes.extend(details.end_to_end_id.as_ref().map(|id| format!("Ref. {id}")));
        notes.extend(details.return_reason.as_ref().map(|reason| format!("reason {reason}")));
        self.page.entry(&RowTexts {
            booked: time,
            value: line.value_date.to_string(),
            what: what(line),
            note: notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join(", "),
            debit,
            credit,
            balance: self.text(balance),
        });
        // Bounded by the statement's own sums, which were checked.
        self.debits = self.debits.saturating_add(if line.is_credit() { 0 } else { line.change.saturating_abs() });
        self.credits = self.credits.saturating_add(line.change.max(0));
        self.balance = balance;
    }

    /// The whole file.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.end_page(false);
        let mut pdf = std::mem::replace(&mut self.pdf, Pdf::new());
        pdf.catalog(CATALOG).pages(PAGES).lang(TextStr("en"));
        let count = i32::try_from(self.pages.len()).unwrap_or(i32::MAX);
        pdf.pages(PAGES).kids(self.pages.iter().copied()).count(count);
        for (font, name) in [(REGULAR, "Helvetica"), (BOLD, "Helvetica-Bold")] {
            pdf.type1_font(font).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        let title = format!("Statement {} of {} for {}", self.statement.number, self.statement.account.node, self.statement.day);
        pdf.document_info(INFORMATION).title(TextStr(&title)).producer(TextStr("Largesse"));
        pdf.finish()
    }

    /// The head of the first page.
    fn first(&mut self) {
        let heading = self.heading();
        let account = &self.statement.account;
        self.page.title(&heading, &account.name);
        let (closing, opening) = (self.statement.closing, self.statement.opening);
        let total = |total: StatementTotal| format!("{} ({})", self.text(total.minor_units), total.count);
        let left = [
            ("Account", layout::grouped(&account.number)),
            ("Holder", account.entity.clone()),
            ("Bank", format!("{} ({})", account.bank, account.branch)),
            ("Currency", account.currency.code().to_owned()),
        ];
        let right = [
            ("Opening balance", self.text(opening)),
            ("Credits", total(self.statement.credits)),
            ("Debits", total(self.statement.debits)),
            ("Closing balance", self.text(closing)),
        ];
        self.page.facts(&left, &right);
        self.columns();
        let opening = RowTexts { what: "Opening balance".to_owned(), balance: self.text(opening), ..RowTexts::default() };
        self.page.balance_row(&opening);
    }

    fn heading(&self) -> String {
        format!("Account statement no. {} of {}", self.statement.number, self.statement.day)
    }

    fn columns(&mut self) {
        let row = RowTexts {
            booked: "Booked (UTC)".to_owned(),
            value: "Value date".to_owned(),
            what: "Entry".to_owned(),
            note: String::new(),
            debit: "Debit".to_owned(),
            credit: "Credit".to_owned(),
            balance: "Balance".to_owned(),
        };
        self.page.column_heads(&row);
    }

    fn end_page(&mut self, goes_on: bool) {
        let page_sums = RowTexts {
            what: format!("Sum of page {}", self.pages.len() + 1),
            debit: self.text(self.debits),
            credit: self.text(self.credits),
            balance: self.text(self.balance),
            ..RowTexts::default()
        };
        self.page.sum_row(&page_sums);
        (self.debits, self.credits) = (0, 0);
        if !goes_on {
            let sums = RowTexts {
                what: "Closing balance".to_owned(),
                debit: self.text(self.statement.debits.minor_units),
                credit: self.text(self.statement.credits.minor_units),
                balance: self.text(self.statement.closing),
                ..RowTexts::default()
            };
            self.page.closing_row(&sums);
        }
        let hash = self.statement.hash.get(..16).unwrap_or_default();
        self.page.foot(&format!("{}, content {hash}", self.statement.account.node), self.pages.len() + 1, self.page_count);
        let page = Ref::new(6 + 2 * i32::try_from(self.pages.len()).unwrap_or(i32::MAX / 4));
        let content = Ref::new(page.get() + 1);
        let mut written = self.pdf.page(page);
        written.parent(PAGES).media_box(Rect::new(0.0, 0.0, layout::WIDTH, layout::HEIGHT)).contents(content);
        let mut resources = written.resources();
        resources.fonts().pair(layout::REGULAR, REGULAR).pair(layout::BOLD, BOLD);
        resources.finish();
        written.finish();
        let bytes = std::mem::replace(&mut self.page, Page::new()).into_bytes();
        self.pdf.stream(content, &bytes);
        self.pages.push(page);
    }

    fn text(&self, minor_units: i64) -> String {
        layout::thousands(&amount::text(minor_units, self.digits, '.'))
    }
}

/// An entry in words.
fn what(line: &StatementLine) -> String {
    let is_credit = line.is_credit();
    let words = match line.line_kind() {
        LineKind::Payment => {
            if is_credit {
                "Payment received"
            } else {
                "Payment sent"
            }
        }
        LineKind::Return => {
            if is_credit {
                "Payment returned"
            } else {
                "Return sent"
            }
        }
        LineKind::Fee => "Bank fee",
        LineKind::Interest => "Interest",
        LineKind::Internal => match (&line.other, is_credit) {
            (LineOther::Structure, true) => "Account added to this group",
            (LineOther::Structure, false) => "Account removed from this group",
            (_, true) => "Internal transfer in",
            (_, false) => "Internal transfer out",
        },
    };
    words.to_owned()
}

/// Between whom, as far as the title does not say it.
fn whose(line: &StatementLine, statement: &DayStatement) -> String {
    let own = if line.member == statement.account.node { "" } else { line.member.as_str() };
    let other = match &line.other {
        LineOther::Leaf(leaf) => leaf.as_str(),
        LineOther::Bank(_) | LineOther::Account | LineOther::Structure => "",
    };
    match (own, other, line.is_credit()) {
        ("", other, true) if !other.is_empty() => format!("from {other}"),
        ("", other, false) if !other.is_empty() => format!("to {other}"),
        (own, "", _) => own.to_owned(),
        (own, other, true) => format!("{own} from {other}"),
        (own, other, false) => format!("{own} to {other}"),
    }
}

#[cfg(test)]
mod tests;
