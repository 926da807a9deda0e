//! Google Play's earnings report: a line for each order and type, in the buyer's currency and in ours. The buyer's state and postal code are not read.

use crate::line::{ReportFormat, ReportLine, ReportLineKind, StoreReport};
use crate::table::{NamedCells, NamedColumns, rows, utf8};
use crate::{ReportFault, zip};

const NEEDED: [&str; 10] = [
    "Description",
    "Transaction Date",
    "Transaction Type",
    "Sku Id",
    "Buyer Country",
    "Buyer Currency",
    "Amount (Buyer Currency)",
    "Currency Conversion Rate",
    "Merchant Currency",
    "Amount (Merchant Currency)",
];
const ALSO: [&str; 16] = [
    "Transaction Time",
    "Tax Type",
    "Refund Type",
    "Product Title",
    "Product id",
    "Product Type",
    "Hardware",
    "Buyer State",
    "Buyer Postal Code",
    "Base Plan ID",
    "Offer ID",
    "Group ID",
    "First USD 1M Eligible",
    "Service Fee %",
    "Fee Description",
    "Promotion ID",
];
const KINDS: [(&str, ReportLineKind); 9] = [
    ("Charge", ReportLineKind::Sale),
    ("Charge refund", ReportLineKind::Refund),
    ("Google fee", ReportLineKind::Fee),
    ("Google fee refund", ReportLineKind::Fee),
    ("Tax", ReportLineKind::Tax),
    ("Tax refund", ReportLineKind::Tax),
    ("Withholding Tax", ReportLineKind::Withholding),
    ("Reserve", ReportLineKind::Reserve),
    ("Adjustment", ReportLineKind::Adjustment),
];
const DAY: &str = "%b %d, %Y";

pub(crate) fn earnings(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    if !zip::looks_like(bytes) {
        return read(bytes);
    }
    let files = zip::files(bytes)?;
    match files.as_slice() {
        [file] => read(&file.bytes),
        files => Err(ReportFault::of_file(format!("the archive must have one file, and has {}", files.len()))),
    }
}

fn read(bytes: &[u8]) -> Result<StoreReport, ReportFault> {
    let text = utf8(bytes)?;
    if !text.ends_with('\n') {
        return Err(ReportFault::of_file("the last line does not end: the file is cut off"));
    }
    let rows = rows(text, b',')?;
    let (header, rows) = rows.split_first().ok_or_else(|| ReportFault::of_file("the file has no header"))?;
    let columns = NamedColumns::read(header, &NEEDED, &ALSO)?;
    let lines = rows.iter().map(|row| line(&columns.cells(row)?)).collect::<Result<Vec<_>, _>>()?;
    Ok(StoreReport::of(ReportFormat::GoogleEarnings, lines))
}

fn line(cells: &NamedCells<'_>) -> Result<ReportLine, ReportFault> {
    let column = "Transaction Type";
    let kind = KINDS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(cells.text(column)));
    let kind = kind.ok_or_else(|| cells.wrong(column, "one of the types that this reader knows"))?.1;
    let (currency, proceeds_currency) = (cells.currency("Buyer Currency")?, cells.currency("Merchant Currency")?);
    let (amount, proceeds) = (cells.amount("Amount (Buyer Currency)")?, cells.amount("Amount (Merchant Currency)")?);
    cells.amount("Currency Conversion Rate")?;
    if currency == proceeds_currency && amount != proceeds {
        return Err(cells.wrong("Amount (Merchant Currency)", "the buyer's amount, where both are in one currency"));
    }
    let is_of_order = matches!(kind, ReportLineKind::Sale | ReportLineKind::Refund | ReportLineKind::Fee | ReportLineKind::Tax);
    let transaction_id = if is_of_order { cells.id("Description")? } else { String::new() };
    if is_of_order && transaction_id.is_empty() {
        return Err(cells.wrong("Description", "the number of an order"));
    }
    let quantity = match kind {
        ReportLineKind::Sale => 1,
        ReportLineKind::Refund => -1,
        _ => 0,
    };
    let market = if cells.text("Buyer Country").is_empty() { String::new() } else { cells.market("Buyer Country")? };
    let (line_no, happened_on) = (cells.line(), cells.day("Transaction Date", DAY)?);
    let product_id = cells.id("Sku Id")?;
    Ok(ReportLine {
        line_no,
        kind,
        transaction_id,
        product_id,
        market,
        quantity,
        amount,
        currency,
        proceeds,
        proceeds_currency,
        happened_on,
    })
}
