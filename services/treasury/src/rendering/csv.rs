//! Comma-separated values (RFC 4180): a row for the opening balance, one for each entry, one for the sums and one for the closing balance. Spreadsheets take a
//! cell that begins with `=`, `+`, `-` or `@` for a formula, so texts that do begin with an apostrophe.
use super::{RenderedLine, amount};
use crate::domain::statement::DayStatement;
use money::time::moment_us;

/// The columns.
const COLUMNS: [&str; 16] = [
    "row",
    "account",
    "currency",
    "booked",
    "value_date",
    "kind",
    "debit",
    "credit",
    "balance",
    "node",
    "other_node",
    "internal",
    "end_to_end_id",
    "return_reason",
    "posting_id",
    "transfer_no",
];

/// A file that is being written.
pub(super) struct CsvStatement {
    statement: DayStatement,
    digits: u32,
}

impl CsvStatement {
    pub(super) fn new(statement: &DayStatement) -> Self {
        Self { statement: statement.clone(), digits: statement.account.currency.minor_digits() }
    }

    pub(super) fn head(&self) -> String {
        let columns = row(COLUMNS.map(str::to_owned));
        let opening = self.row("opening", &self.statement.day.to_string(), [String::new(), String::new()], self.statement.opening);
        format!("{columns}{opening}")
    }

    pub(super) fn line(&self, line: RenderedLine<'_>) -> String {
        let RenderedLine { line, details, balance } = line;
        let booked = format!("{:.6}", moment_us(line.booked_us));
        let amount = amount::text(line.change.saturating_abs(), self.digits, '.');
        let (debit, credit) = if line.is_credit() { (String::new(), amount) } else { (amount, String::new()) };
        row([
            "entry".to_owned(),
            plain(&self.statement.account.number),
            self.statement.account.currency.code().to_owned(),
            booked,
            line.value_date.to_string(),
            plain(&line.kind),
            debit,
            credit,
            amount::text(balance, self.digits, '.'),
            plain(&line.member),
            plain(line.other.id()),
            if line.is_internal { "yes" } else { "no" }.to_owned(),
            plain(details.end_to_end_id.as_deref().unwrap_or_default()),
            plain(details.return_reason.as_deref().unwrap_or_default()),
            plain(&line.posting_id),
            if line.transfer_no > 0 { line.transfer_no.to_string() } else { String::new() },
        ])
    }

    pub(super) fn end(&self) -> String {
        let sum = |total: crate::domain::statement::StatementTotal| amount::text(total.minor_units, self.digits, '.');
        let (day, statement) = (self.statement.day.to_string(), &self.statement);
        let total = self.row("total", &day, [sum(statement.debits), sum(statement.credits)], statement.closing);
        let closing = self.row("closing", &day, [String::new(), String::new()], statement.closing);
        format!("{total}{closing}")
    }

    /// A row of the statement as a whole.
    fn row(&self, kind: &str, day: &str, [debit, credit]: [String; 2], balance: i64) -> String {
        let account = &self.statement.account;
        let mut cells: [String; COLUMNS.len()] = Default::default();
        cells[0] = kind.to_owned();
        cells[1] = plain(&account.number);
        cells[2] = account.currency.code().to_owned();
        cells[3] = day.to_owned();
        cells[5] = plain(&account.name);
        (cells[6], cells[7]) = (debit, credit);
        cells[8] = amount::text(balance, self.digits, '.');
        cells[9] = plain(&account.node);
        row(cells)
    }
}

/// A text that no spreadsheet takes for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

fn row(cells: [String; COLUMNS.len()]) -> String {
    let quoted = |cell: &String| {
        if cell.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    format!("{}\r\n", cells.iter().map(quoted).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, plain, row};

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_row() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(plain(text), format!("'{text}"));
        }
        assert_eq!(plain("us-costs"), "us-costs");
        let mut cells: [String; COLUMNS.len()] = Default::default();
        cells[0] = "a \"b\", c\nd".to_owned();
        assert_eq!(row(cells), "\"a \"\"b\"\", c\nd\",,,,,,,,,,,,,,,\r\n");
    }
}
