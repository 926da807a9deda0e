//! Files of comma-separated values that a spreadsheet can open: the same rows always give the same bytes.
use money::Currency;

/// Why a file can't be written.
#[derive(Debug, thiserror::Error)]
#[error("a table can't be written: {0}")]
pub struct CsvFault(String);

/// A cell that a spreadsheet shows as it is. One that begins like a formula would be computed, and could send data elsewhere, so it gets an apostrophe in front,
/// which spreadsheets take for "this is text". Numbers of this crate need none: they are digits after at most one minus.
#[must_use]
pub fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

/// An amount of minor units as decimal text: `-12.50`, `7` for a currency without a minor unit.
#[must_use]
pub fn decimal(minor_units: i128, currency: Currency) -> String {
    let digits = usize::try_from(currency.minor_digits()).unwrap_or_default();
    let sign = if minor_units < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", minor_units.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let point = if digits == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The rows under a header.
pub(crate) fn write(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<String, CsvFault> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(columns).map_err(|error| CsvFault(error.to_string()))?;
    for row in rows {
        csv.write_record(&row).map_err(|error| CsvFault(error.to_string()))?;
    }
    let bytes = csv.into_inner().map_err(|error| CsvFault(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| CsvFault(error.to_string()))
}

#[cfg(test)]
mod tests;
