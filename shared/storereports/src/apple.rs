//! The App Store's finance detail report and payment summary.

use crate::ReportFault;
use crate::line::{PayoutStanding, ReportFormat, ReportLine, ReportLineKind, StatedPayout, StoreReport};
use crate::table::{self, NamedCells, NamedColumns, ReportTableRow, rows, same, utf8};
use jiff::civil::Date;
use rust_decimal::Decimal;

const NEEDED: [&str; 11] = [
    "Start Date",
    "End Date",
    "Vendor Identifier",
    "Quantity",
    "Partner Share",
    "Extended Partner Share",
    "Partner Share Currency",
    "Sales or Return",
    "Country Of Sale",
    "Customer Price",
    "Customer Currency",
];
const ALSO: [&str; 11] = [
    "UPC",
    "ISRC/ISBN",
    "Apple Identifier",
    "Artist/Show/Developer/Author",
    "Title",
    "Label/Studio/Network/Developer/Publisher",
    "Grid",
    "Product Type Identifier",
    "ISAN/Other Identifier",
    "Pre-order Flag",
    "Promo Code",
];
/// The lines that end a detail report.
const TOTALS: [&str; 3] = ["Total_Rows", "Total_Amount", "Total_Units"];
const DAY: &str = "%m/%d/%Y";

/// A fiscal month's sums by product, country and price; it names no transactions.
pub(crate) fn detail(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    let rows = rows(utf8(bytes)?, b'\t')?;
    let mut rows = rows.iter();
    let header = rows.next().ok_or_else(|| ReportFault::of_file("the file has no header"))?;
    let columns = NamedColumns::read(header, &NEEDED, &ALSO)?;
    let (mut lines, mut last_day, mut stated) = (Vec::new(), None::<Date>, [false; TOTALS.len()]);
    let (mut amount, mut units) = (Decimal::ZERO, 0_i64);
    for row in rows {
        if let Some((at, total)) = TOTALS.into_iter().enumerate().find(|(_, total)| row.cell(0) == *total) {
            let found = match total {
                "Total_Rows" => Decimal::from(lines.len()),
                "Total_Amount" => amount,
                _ => Decimal::from(units),
            };
            let number = table::amount(row.cell(1)).ok_or_else(|| ReportFault::new(row.line, total, "must be a number"))?;
            same(row.line, total, number, found)?;
            stated[at] = true;
            continue;
        }
        if stated.contains(&true) {
            return Err(ReportFault::new(row.line, "", "comes after the totals"));
        }
        let cells = columns.cells(row)?;
        let line = sold(&cells)?;
        amount += line.amount;
        units = units.saturating_add(line.quantity);
        last_day = last_day.max(Some(cells.day("End Date", DAY)?));
        lines.push(line);
    }
    if let Some(at) = stated.iter().position(|stated| !stated) {
        return Err(ReportFault::new(0, TOTALS[at], "is missing: the file is cut off"));
    }
    Ok(StoreReport { last_day, ..StoreReport::of(ReportFormat::AppleDetail, lines) })
}

fn sold(cells: &NamedCells<'_>) -> Result<ReportLine, ReportFault> {
    let (quantity, share) = (cells.integer("Quantity")?, cells.amount("Partner Share")?);
    let amount = cells.amount("Extended Partner Share")?;
    if share.abs() * Decimal::from(quantity.abs()) != amount.abs() {
        return Err(cells.wrong("Extended Partner Share", &format!("{quantity} times the partner share {share}")));
    }
    let kind = match (cells.text("Sales or Return"), quantity) {
        ("S", 0..) => ReportLineKind::Sale,
        ("R", ..=0) => ReportLineKind::Refund,
        _ => return Err(cells.wrong("Sales or Return", "S with a quantity above zero, or R with one below")),
    };
    if (kind == ReportLineKind::Sale) != (amount >= Decimal::ZERO) && !amount.is_zero() {
        return Err(cells.wrong("Extended Partner Share", "above zero of sales, and below of returns"));
    }
    // What buyers paid decides nothing here, and must be understood all the same.
    cells.amount("Customer Price")?;
    cells.currency("Customer Currency")?;
    let currency = cells.currency("Partner Share Currency")?;
    Ok(ReportLine {
        line_no: cells.line(),
        kind,
        transaction_id: String::new(),
        product_id: cells.id("Vendor Identifier")?,
        market: cells.market("Country Of Sale")?,
        quantity,
        amount,
        currency,
        proceeds: amount,
        proceeds_currency: currency,
        happened_on: cells.day("Start Date", DAY)?,
    })
}

const OF_SUMMARY: [&str; 10] = [
    "Region (Currency)",
    "Units Sold",
    "Earned",
    "Pre-Tax Subtotal",
    "Input Tax",
    "Adjustments",
    "Withholding Tax",
    "Total Owed",
    "Exchange Rate",
    "Proceeds",
];
const BANK_CURRENCY: &str = "Bank Account Currency";

/// What is paid for a fiscal month, by currency: what was added and withheld, the rate, and what goes to the bank.
pub(crate) fn summary(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    let rows = rows(utf8(bytes)?, b',')?;
    let month = rows.first().and_then(title).ok_or_else(|| ReportFault::new(1, "", "must name a month, such as (November, 2026)"))?;
    let at = rows.iter().position(|row| row.cell(0) == OF_SUMMARY[0]).ok_or_else(|| ReportFault::new(0, OF_SUMMARY[0], "is missing"))?;
    let needed: Vec<&str> = OF_SUMMARY.into_iter().chain([BANK_CURRENCY]).collect();
    let columns = NamedColumns::read(&rows[at], &needed, &[])?;
    let (mut report, mut total, mut is_whole) = (StoreReport::of(ReportFormat::AppleSummary, Vec::new()), Decimal::ZERO, false);
    (report.first_day, report.last_day) = (Some(month), Some(month.last_of_month()));
    for row in &rows[at + 1..] {
        if row.cell(0) == "Total" {
            let stated = table::amount(row.cell(1)).ok_or_else(|| ReportFault::new(row.line, "Total", "must be an amount"))?;
            same(row.line, "Total", stated, total)?;
            is_whole = true;
            continue;
        }
        let cells = columns.cells(row)?;
        let payout = paid(&cells, month, &mut report.lines)?;
        total += payout.proceeds;
        if report.payouts.iter().any(|other| other.currency == payout.currency && other.proceeds_currency != payout.proceeds_currency) {
            return Err(cells.wrong(BANK_CURRENCY, "one for each currency of sales"));
        }
        report.payouts.push(payout);
    }
    if is_whole { Ok(report) } else { Err(ReportFault::new(0, "Total", "is missing: the file is cut off")) }
}

/// The first day of the month that a title names in brackets.
fn title(row: &ReportTableRow) -> Option<Date> {
    let text: Vec<&str> = (0..row.count()).map(|at| row.cell(at)).collect();
    let text = text.join(", ");
    let (_, month) = text.rsplit_once('(')?;
    let month = month.split_once(')')?.0.split_whitespace().collect::<Vec<_>>().join(" ");
    table::day(&format!("{month} 1"), "%B, %Y %d")
}

fn paid(cells: &NamedCells<'_>, month: Date, lines: &mut Vec<ReportLine>) -> Result<StatedPayout, ReportFault> {
    let region = cells.text(OF_SUMMARY[0]);
    let code = region.rsplit_once('(').and_then(|(_, code)| code.strip_suffix(')')).unwrap_or_default();
    let currency = money::Currency::try_new(code).map_err(|_| cells.wrong(OF_SUMMARY[0], "a region with its currency in brackets"))?;
    let (earned, subtotal) = (cells.amount("Earned")?, cells.amount("Pre-Tax Subtotal")?);
    let (tax, adjusted, withheld) = (cells.amount("Input Tax")?, cells.amount("Adjustments")?, cells.amount("Withholding Tax")?);
    let owed = cells.amount("Total Owed")?;
    cells.integer("Units Sold")?;
    same(cells.line(), "Pre-Tax Subtotal", subtotal, earned)?;
    same(cells.line(), "Total Owed", owed, earned + tax + adjusted + withheld)?;
    let (rate, proceeds, bank) = (cells.amount("Exchange Rate")?, cells.amount("Proceeds")?, cells.currency(BANK_CURRENCY)?);
    if bank == currency && proceeds != owed {
        return Err(cells.wrong("Proceeds", "what is owed, where it is paid in the same currency"));
    }
    for (kind, amount) in [(ReportLineKind::Tax, tax), (ReportLineKind::Adjustment, adjusted), (ReportLineKind::Withholding, withheld)] {
        if !amount.is_zero() {
            lines.push(ReportLine {
                line_no: cells.line(),
                kind,
                transaction_id: String::new(),
                product_id: String::new(),
                market: String::new(),
                quantity: 0,
                amount,
                currency,
                proceeds: amount,
                proceeds_currency: currency,
                happened_on: month,
            });
        }
    }
    let standing = PayoutStanding::Paid;
    let rate = (bank != currency).then_some(rate);
    Ok(StatedPayout { currency, amount: owed, proceeds_currency: bank, proceeds, rate, standing, arrives_on: None })
}
