//! A page of A4: what stands where, in points from the lower left corner.
use super::text;
use pdf_writer::{Content, Name, Str};

/// A4.
pub(super) const WIDTH: f32 = 595.0;
/// See [`WIDTH`].
pub(super) const HEIGHT: f32 = 842.0;
/// The fonts' names on a page.
pub(super) const REGULAR: Name<'static> = Name(b"F1");
/// See [`REGULAR`].
pub(super) const BOLD: Name<'static> = Name(b"F2");

const LEFT: f32 = 42.0;
const RIGHT: f32 = WIDTH - 42.0;
const TOP: f32 = HEIGHT - 54.0;
/// Where a page's table ends; its sums, the closing balance and the foot are below.
const BOTTOM: f32 = 112.0;
const ROW: f32 = 24.0;
const LINE: f32 = 14.0;
/// Left edges of booking, value date and entry; right edges of debit, credit and balance.
const BOOKED: f32 = LEFT + 4.0;
const VALUE: f32 = LEFT + 66.0;
const ENTRY: f32 = LEFT + 126.0;
const DEBIT: f32 = RIGHT - 156.0;
const CREDIT: f32 = RIGHT - 80.0;
const BALANCE: f32 = RIGHT - 4.0;
const ENTRY_WIDTH: f32 = DEBIT - ENTRY - 62.0;
/// What the head of a page takes: of the first with the facts.
const FIRST_HEAD: f32 = 150.0;
const HEAD: f32 = 84.0;

/// How much wider bold letters are; digits are not.
const BOLD_LETTERS: f32 = 1.07;

const DARK: [f32; 3] = [0.12, 0.16, 0.22];
const GREY: [f32; 3] = [0.42, 0.46, 0.52];
const PALE: [f32; 3] = [0.94, 0.95, 0.97];
const RULE: [f32; 3] = [0.80, 0.83, 0.87];

/// The texts of a row.
#[derive(Debug, Default)]
pub(super) struct RowTexts {
    pub(super) booked: String,
    pub(super) value: String,
    pub(super) what: String,
    pub(super) note: String,
    pub(super) debit: String,
    pub(super) credit: String,
    pub(super) balance: String,
}

/// A text's look.
#[derive(Clone, Copy)]
struct Look {
    font: Name<'static>,
    size: f32,
    colour: [f32; 3],
}

const BODY: Look = Look { font: REGULAR, size: 9.0, colour: DARK };
const NOTE: Look = Look { font: REGULAR, size: 7.0, colour: GREY };
const STRONG: Look = Look { font: BOLD, size: 9.0, colour: DARK };
const LABEL: Look = Look { font: REGULAR, size: 8.0, colour: GREY };
const HEADING: Look = Look { font: BOLD, size: 15.0, colour: DARK };
const COLUMN: Look = Look { font: BOLD, size: 8.0, colour: GREY };

/// How many pages so many entries take.
pub(super) fn pages(entries: usize) -> usize {
    let fitting = |head: f32| {
        let rows = (TOP - head - BOTTOM) / ROW;
        // A small number above zero.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let rows = rows as usize;
        rows
    };
    1 + entries.saturating_sub(fitting(FIRST_HEAD)).div_ceil(fitting(HEAD))
}

/// A page that is being filled from the top.
pub(super) struct Page {
    content: Content,
    y: f32,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { content: Content::new(), y: TOP }
    }

    /// Whether another entry would not fit.
    pub(super) fn is_full(&self) -> bool {
        self.y - ROW < BOTTOM
    }

    pub(super) fn title(&mut self, heading: &str, name: &str) {
        self.left(LEFT, self.y, heading, HEADING);
        self.left(LEFT, self.y - 17.0, &text::cut(name, 10.0, RIGHT - LEFT), Look { size: 10.0, ..LABEL });
        self.y -= 44.0;
    }

    /// Two columns of labels and values.
    pub(super) fn facts(&mut self, left: &[(&str, String); 4], right: &[(&str, String); 4]) {
        let top = self.y;
        for (at, (label, value)) in left.iter().enumerate() {
            let y = top - LINE * text::number(at);
            self.left(LEFT, y, label, LABEL);
            self.left(LEFT + 52.0, y, &text::cut(value, 9.0, 210.0), BODY);
        }
        for (at, (label, value)) in right.iter().enumerate() {
            let y = top - LINE * text::number(at);
            self.left(RIGHT - 220.0, y, label, LABEL);
            let look = if matches!(at, 0 | 3) { STRONG } else { BODY };
            self.right(BALANCE, y, value, look);
        }
        self.y = TOP - FIRST_HEAD + 40.0;
    }

    pub(super) fn column_heads(&mut self, row: &RowTexts) {
        self.band(self.y - 6.0, 18.0);
        self.left(BOOKED, self.y, &row.booked, COLUMN);
        self.left(VALUE, self.y, &row.value, COLUMN);
        self.left(ENTRY, self.y, &row.what, COLUMN);
        self.right(DEBIT, self.y, &row.debit, COLUMN);
        self.right(CREDIT, self.y, &row.credit, COLUMN);
        self.right(BALANCE, self.y, &row.balance, COLUMN);
        self.y -= 20.0;
    }

    /// The balance before a page's entries.
    pub(super) fn balance_row(&mut self, row: &RowTexts) {
        self.left(ENTRY, self.y, &row.what, STRONG);
        self.right(BALANCE, self.y, &row.balance, STRONG);
        self.rule(self.y - 7.0);
        self.y -= 20.0;
    }

    pub(super) fn entry(&mut self, row: &RowTexts) {
        self.left(BOOKED, self.y, &row.booked, BODY);
        self.left(VALUE, self.y, &row.value, BODY);
        self.left(ENTRY, self.y, &text::cut(&row.what, BODY.size, ENTRY_WIDTH), BODY);
        self.left(ENTRY, self.y - 9.0, &text::cut(&row.note, NOTE.size, RIGHT - ENTRY - 8.0), NOTE);
        self.right(DEBIT, self.y, &row.debit, BODY);
        self.right(CREDIT, self.y, &row.credit, BODY);
        self.right(BALANCE, self.y, &row.balance, BODY);
        self.rule(self.y - 14.0);
        self.y -= ROW;
    }

    /// The sums of the page.
    pub(super) fn sum_row(&mut self, row: &RowTexts) {
        self.sums(row, BODY);
    }

    /// The sums of the day, after those of its last page.
    pub(super) fn closing_row(&mut self, row: &RowTexts) {
        self.band(self.y - 7.0, 20.0);
        self.sums(row, STRONG);
    }

    fn sums(&mut self, row: &RowTexts, look: Look) {
        self.left(ENTRY, self.y, &row.what, look);
        self.right(DEBIT, self.y, &row.debit, look);
        self.right(CREDIT, self.y, &row.credit, look);
        self.right(BALANCE, self.y, &row.balance, look);
        self.y -= 22.0;
    }

    pub(super) fn foot(&mut self, note: &str, page: usize, pages: usize) {
        self.rule(50.0);
        self.left(LEFT, 38.0, note, NOTE);
        self.right(RIGHT, 38.0, &format!("Page {page} of {pages}"), Look { size: 8.0, ..LABEL });
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.content.finish().to_vec()
    }

    fn left(&mut self, x: f32, y: f32, shown: &str, look: Look) {
        if shown.is_empty() {
            return;
        }
        let [red, green, blue] = look.colour;
        self.content.begin_text().set_font(look.font, look.size).set_fill_rgb(red, green, blue);
        self.content.next_line(x, y).show(Str(&text::encode(shown))).end_text();
    }

    fn right(&mut self, edge: f32, y: f32, shown: &str, look: Look) {
        let is_wide = look.font.0 == BOLD.0 && shown.chars().any(char::is_alphabetic);
        let wider = if is_wide { BOLD_LETTERS } else { 1.0 };
        self.left(edge - text::width(shown, look.size) * wider, y, shown, look);
    }

    fn rule(&mut self, y: f32) {
        let [red, green, blue] = RULE;
        self.content.set_stroke_rgb(red, green, blue).set_line_width(0.5).move_to(LEFT, y).line_to(RIGHT, y).stroke();
    }

    fn band(&mut self, y: f32, height: f32) {
        let [red, green, blue] = PALE;
        self.content.set_fill_rgb(red, green, blue).rect(LEFT, y, RIGHT - LEFT, height).fill_nonzero();
    }
}

/// An IBAN in groups of four, as people read it; other numbers as they are.
pub(super) fn grouped(number: &str) -> String {
    if crate::domain::number::virtual_iban(number).is_err() {
        return number.to_owned();
    }
    let letters: Vec<char> = number.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// An amount with commas between its thousands.
pub(super) fn thousands(amount: &str) -> String {
    let (sign, rest) = amount.strip_prefix('-').map_or(("", amount), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let digits: Vec<char> = whole.chars().rev().collect();
    let groups: Vec<String> = digits.chunks(3).map(|group| group.iter().rev().collect()).collect();
    let whole = groups.into_iter().rev().collect::<Vec<_>>().join(",");
    match part {
        Some(part) => format!("{sign}{whole}.{part}"),
        None => format!("{sign}{whole}"),
    }
}
