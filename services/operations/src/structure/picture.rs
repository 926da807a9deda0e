//! The trees as a picture: SVG, a row for each item, its balance at the right, and its share of its physical account as a bar. As wide as its longest name,
//! so that none is cut.
use super::money_text;
use api::treasury::{FundsClass, LeafState, VirtualAccount, VirtualAccountKind};
use std::{collections::BTreeMap, fmt::Write as _};

#[cfg(test)]
mod tests;

/// Height of a row, in pixels.
const ROW: i64 = 26;
/// How much a child is to the right of its parent, in pixels.
const STEP: i64 = 22;
/// Space around everything, in pixels.
const EDGE: i64 = 24;
/// Height of the title, in pixels.
const TITLE: i64 = 44;
/// Width of a character of names and amounts, in pixels: no letter of a proportional font of 13 pixels is wider on average.
const LETTER: i64 = 8;
/// Width of the bars, in pixels.
const BARS: i64 = 140;
/// The heading of the last column, which is at least as wide.
const REMARKS: &str = "remarks";

/// Where columns begin or end, in pixels.
struct Columns {
    /// Where balances end.
    balance: i64,
    /// Where bars begin.
    bars: i64,
    /// Where remarks begin.
    remarks: i64,
    /// The whole width.
    width: i64,
}

/// All items with their balances, as a listing has them.
#[must_use]
pub fn picture_svg(listed: &[VirtualAccount]) -> String {
    let roots: BTreeMap<&str, i64> = listed
        .iter()
        .filter(|one| one.kind() == VirtualAccountKind::Physical)
        .map(|one| (one.id.as_str(), one.balance.map_or(0, |balance| balance.booked_minor_units)))
        .collect();
    let columns = columns(listed);
    let height = EDGE + TITLE + ROW * i64::try_from(listed.len()).unwrap_or(i64::MAX / ROW) + EDGE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{height}\" viewBox=\"0 0 {0} {height}\" \
         font-family=\"Inter, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif\" font-size=\"13\" fill=\"#1d2733\">\n\
         <rect width=\"{0}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        columns.width
    );
    let leaves = listed.iter().filter(|one| one.kind() == VirtualAccountKind::Leaf).count();
    let head = format!("{}, {}", counted(roots.len(), "physical account", "physical accounts"), counted(leaves, "leaf", "leaves"));
    let y = EDGE + 14;
    let _ = writeln!(svg, "<text x=\"{EDGE}\" y=\"{y}\" font-size=\"17\" font-weight=\"600\">{head}</text>");
    let heading = |svg: &mut String, x: i64, anchor: &str, text: &str| {
        let y = EDGE + TITLE - 8;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"11\" fill=\"#6b7785\">{text}</text>");
    };
    heading(&mut svg, columns.balance, "end", "balance");
    heading(&mut svg, columns.bars, "start", "share of its account");
    heading(&mut svg, columns.remarks, "start", REMARKS);
    // The row of the last item of each depth, from which lines to its children go down.
    let mut above: Vec<i64> = Vec::new();
    for (one, at) in listed.iter().zip(0_i64..) {
        let depth = usize::try_from(one.depth).unwrap_or_default();
        above.truncate(depth);
        row(&mut svg, one, at, &columns);
        branch(&mut svg, one, at, above.last().copied());
        bar(&mut svg, one, at, &columns, roots.get(one.physical_account.as_str()).copied().unwrap_or_default());
        above.push(at);
    }
    svg + "</svg>\n"
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn columns(listed: &[VirtualAccount]) -> Columns {
    let widest = |width: &dyn Fn(&VirtualAccount) -> i64| listed.iter().map(width).max().unwrap_or_default();
    let names = widest(&|one| left(one) + 18 + width(&one.name) + 16 + width(&one.id));
    let balances = widest(&|one| width(&balance(one))).max(width("balance"));
    let remarks = widest(&|one| width(&remark(one))).max(width(REMARKS));
    let balance = names + 24 + balances;
    Columns { balance, bars: balance + 24, remarks: balance + 24 + BARS + 24, width: balance + 24 + BARS + 24 + remarks + EDGE }
}

/// Pixels of a text. Letters of east Asian scripts are as wide as two.
fn width(text: &str) -> i64 {
    text.chars().map(|letter| if letter >= '\u{1100}' { 2 * LETTER } else { LETTER }).sum()
}

fn left(one: &VirtualAccount) -> i64 {
    EDGE + 8 + STEP * i64::from(one.depth)
}

fn top(at: i64) -> i64 {
    EDGE + TITLE + ROW * at
}

fn balance(one: &VirtualAccount) -> String {
    one.balance.map_or_else(String::new, |sums| spaced(&money_text(sums.booked_minor_units, &one.currency_code)))
}

/// An amount with a thin space between groups of three digits.
fn spaced(amount: &str) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |digits| ("\u{2212}", digits));
    let (whole, part) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let grouped: String = whole
        .chars()
        .enumerate()
        .flat_map(|(at, digit)| {
            let is_group = at > 0 && (whole.len() - at).is_multiple_of(3);
            is_group.then_some('\u{2009}').into_iter().chain(std::iter::once(digit))
        })
        .collect();
    format!("{sign}{grouped}{part}")
}

/// What is unusual about an item.
fn remark(one: &VirtualAccount) -> String {
    let mut remarks = Vec::new();
    if let Some(sums) = one.balance.filter(|_| one.kind() == VirtualAccountKind::Physical) {
        let cash = spaced(&money_text(sums.cash_minor_units, &one.currency_code));
        let differs = if sums.cash_minor_units == sums.booked_minor_units { "" } else { ", WHICH DIFFERS" };
        remarks.push(format!("{cash} {} at the bank{differs}", one.currency_code));
    }
    match one.funds_class() {
        FundsClass::Client => remarks.push("client funds".to_owned()),
        FundsClass::Blocked => remarks.push("blocked funds".to_owned()),
        FundsClass::Own | FundsClass::Unspecified => {}
    }
    match one.state() {
        LeafState::PendingOpen => remarks.push("to be opened".to_owned()),
        LeafState::PendingClose => remarks.push("to be closed".to_owned()),
        LeafState::Closed => remarks.push("closed".to_owned()),
        LeafState::Open | LeafState::Unspecified => {}
    }
    remarks.join(", ")
}

fn colour(one: &VirtualAccount) -> &'static str {
    match one.funds_class() {
        FundsClass::Client => "#c07a12",
        FundsClass::Blocked => "#b03a3a",
        FundsClass::Own | FundsClass::Unspecified => "#2f6fa8",
    }
}

fn row(svg: &mut String, one: &VirtualAccount, at: i64, columns: &Columns) {
    let (y, text_y, x) = (top(at), top(at) + 17, left(one));
    if one.depth == 0 {
        let width = columns.width - 2 * EDGE;
        let _ = writeln!(svg, "<rect x=\"{EDGE}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" rx=\"5\" fill=\"#e8eef5\"/>");
    } else if at % 2 == 0 {
        let width = columns.width - 2 * EDGE;
        let _ = writeln!(svg, "<rect x=\"{EDGE}\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\" fill=\"#f8fafc\"/>");
    }
    let weight = if one.kind() == VirtualAccountKind::Leaf { 400 } else { 600 };
    let ink = if one.standard.is_empty() { "#1d2733" } else { "#6b7785" };
    if one.kind() == VirtualAccountKind::Leaf {
        let _ = writeln!(svg, "<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{}\"/>", x + 4, y + ROW / 2, colour(one));
    }
    let name = escaped(&one.name);
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{text_y}\" font-weight=\"{weight}\" fill=\"{ink}\">{name}<tspan dx=\"10\" font-size=\"11\" font-weight=\"400\" fill=\"#8a94a0\">{}</tspan></text>",
        x + 16,
        escaped(&one.id)
    );
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{text_y}\" text-anchor=\"end\" font-weight=\"{weight}\" fill=\"{ink}\" style=\"font-variant-numeric: tabular-nums\">{}</text>",
        columns.balance,
        balance(one)
    );
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{text_y}\" fill=\"#6b7785\">{}</text>", columns.remarks, escaped(&remark(one)));
}

/// The line from an item's parent to it.
fn branch(svg: &mut String, one: &VirtualAccount, at: i64, parent: Option<i64>) {
    let Some(parent) = parent else { return };
    let (x, from, to) = (left(one) - STEP + 6, top(parent) + ROW - 5, top(at) + ROW / 2);
    let _ = writeln!(svg, "<path d=\"M{x} {from}V{to}H{}\" fill=\"none\" stroke=\"#c3ccd6\"/>", left(one) - 2);
}

/// An item's share of its physical account; nothing for one that has no more than nothing.
fn bar(svg: &mut String, one: &VirtualAccount, at: i64, columns: &Columns, root: i64) {
    let booked = one.balance.map_or(0, |balance| balance.booked_minor_units);
    if booked <= 0 || root <= 0 {
        return;
    }
    let share = i128::from(booked.min(root)) * i128::from(BARS) / i128::from(root);
    let width = i64::try_from(share).unwrap_or(BARS).max(2);
    let opacity = if one.kind() == VirtualAccountKind::Leaf { "0.85" } else { "0.35" };
    let (x, y, fill) = (columns.bars, top(at) + 8, colour(one));
    let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"10\" rx=\"3\" fill=\"{fill}\" opacity=\"{opacity}\"/>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
