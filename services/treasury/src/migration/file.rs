//! Reads migration files: CSV in UTF-8 with a header. A row is an old account; the last row of each currency has the id `total`. An error names the line.
//!
//! ```csv
//! id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates
//! paris-1,FR7630006000011234567890189,A bank,TESTFRPP,EUR,main,Paris,own,fr-costs,1250.00,2026-331,2026-11-27,15.00,price list 2026,RENT-7;POWER-2
//! total,1,,,EUR,,,,,1250.00,,,,,
//! ```
use crate::{
    document::StructureFault,
    domain::{
        FundsClass,
        file::FILE_BYTES_MAX,
        migration::{MigrationFile, OldAccount, WantedOldAccount, WantedTotal},
        node::is_id,
    },
};
use csv::StringRecord;
use jiff::civil::Date;
use money::{Currency, text::is_plain};

#[cfg(test)]
mod tests;

/// The columns; a header has each once, in any order.
pub const COLUMNS: [&str; 15] = [
    "id",
    "number",
    "bank",
    "branch",
    "currency",
    "entity",
    "name",
    "funds",
    "leaf",
    "balance",
    "statement",
    "statement_date",
    "monthly_cost",
    "cost_source",
    "mandates",
];
/// The id of rows with sums.
pub(super) const TOTAL: &str = "total";
/// Longest text for people, in characters: `Max140Text` of ISO 20022.
const TEXT_CHARS_MAX: usize = 140;
/// Longest number, branch, statement or mandate, in characters: `Max35Text` of ISO 20022.
const REFERENCE_CHARS_MAX: usize = 35;
/// Most mandates of an account: more belong into a list that is checked apart.
const MANDATES_MAX: usize = 50;
/// Faults that one answer names.
const FAULTS_MAX: usize = 64;

/// Reads a file; or everything that is wrong with its form.
pub fn read(text: &str) -> Result<MigrationFile, Vec<StructureFault>> {
    if text.len() > FILE_BYTES_MAX {
        let why =
            format!("the file has {} bytes, and at most {FILE_BYTES_MAX} are read: divide it, each part with sums of its own", text.len());
        return Err(vec![StructureFault { line: 1, why }]);
    }
    // Spreadsheets write a byte order mark, and two characters at the end of a line, of which the reader would count one for the next line.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![fault(1, format!("the header can't be read: {error}"))])?.clone();
    let places = places(&header).map_err(|why| vec![fault(1, why)])?;
    let (mut file, mut rows) = (MigrationFile::default(), Rows { places, line: 1, record: StringRecord::new(), faults: Vec::new() });
    loop {
        match reader.read_record(&mut rows.record) {
            Ok(false) => break,
            Ok(true) => rows.read(&mut file),
            Err(error) => {
                rows.faults.push(fault(rows.line + 1, format!("the row can't be read: {error}")));
                break;
            }
        }
        if rows.faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if file.accounts.is_empty() && rows.faults.is_empty() {
        rows.faults.push(fault(1, "the file has no accounts".to_owned()));
    }
    if rows.faults.is_empty() { Ok(file) } else { Err(rows.faults) }
}

fn fault(line: usize, why: String) -> StructureFault {
    StructureFault { line, why }
}

/// Where each column is.
fn places(header: &StringRecord) -> Result<[usize; COLUMNS.len()], String> {
    if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!("the column {:?} is not known: the columns are {}", money::text::shown(unknown), COLUMNS.join(", ")));
    }
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut found = header.iter().enumerate().filter(|(_, name)| *name == column);
        *place = match (found.next(), found.next()) {
            (Some((at, _)), None) => at,
            (None, _) => return Err(format!("the column {column} is missing")),
            (Some(_), Some(_)) => return Err(format!("the column {column} is there twice")),
        };
    }
    Ok(places)
}

/// The row that is being read, and what is wrong so far.
struct Rows {
    places: [usize; COLUMNS.len()],
    line: usize,
    record: StringRecord,
    faults: Vec<StructureFault>,
}

impl Rows {
    fn read(&mut self, file: &mut MigrationFile) {
        let line = self.record.position().map_or(0, csv::Position::line);
        self.line = usize::try_from(line).unwrap_or(usize::MAX);
        if self.record.len() != COLUMNS.len() {
            let (has, wanted) = (self.record.len(), COLUMNS.len());
            self.faults.push(fault(self.line, format!("the row has {has} cells, and the header {wanted}")));
            return;
        }
        let before = self.faults.len();
        if self.cell("id") == TOTAL {
            let total = self.total();
            file.totals.extend(total.filter(|_| self.faults.len() == before));
        } else {
            let account = self.account();
            let line = self.line;
            file.accounts.extend(account.filter(|_| self.faults.len() == before).map(|account| WantedOldAccount { line, account }));
        }
    }

    fn cell(&self, column: &str) -> String {
        let place = COLUMNS.iter().position(|name| *name == column).map(|at| self.places[at]);
        place.and_then(|at| self.record.get(at)).unwrap_or_default().to_owned()
    }

    fn fault(&mut self, column: &str, why: &str) {
        self.faults.push(fault(self.line, format!("{column} {why}")));
    }

    /// A text of so many characters that no spreadsheet runs; an empty one where it is wrong.
    fn text(&mut self, column: &str, chars_max: usize) -> String {
        let cell = self.cell(column);
        self.check_text(column, &cell, chars_max);
        cell
    }

    fn check_text(&mut self, column: &str, text: &str, chars_max: usize) {
        if text.trim() != text || !is_plain(text) || !(1..=chars_max).contains(&text.chars().count()) {
            self.fault(column, &format!("must have 1 to {chars_max} characters, none of them hidden, and no blanks around them"));
        } else if text.starts_with(['=', '+', '-', '@']) {
            self.fault(column, "must not begin with =, +, - or @: a spreadsheet would run it as a formula");
        }
    }

    fn id(&mut self, column: &str) -> String {
        let cell = self.cell(column);
        if !is_id(&cell) {
            self.fault(column, "must have 1 to 32 of the characters a to z, 0 to 9 and -");
        }
        cell
    }

    fn currency(&mut self) -> Option<Currency> {
        let currency = Currency::try_new(&self.cell("currency")).ok();
        if currency.is_none() {
            self.fault("currency", "must be an ISO 4217 code in use, in upper case");
        }
        currency
    }

    fn amount(&mut self, column: &str, currency: Currency) -> Option<i64> {
        let amount = minor_units(&self.cell(column), currency);
        if amount.is_none() {
            let digits = currency.minor_digits();
            self.fault(column, &format!("must be an amount such as 1250 or -0.5, with a point and at most {digits} digits after it"));
        }
        amount
    }

    fn total(&mut self) -> Option<WantedTotal> {
        let filled =
            ["bank", "branch", "entity", "name", "funds", "leaf", "statement", "statement_date", "monthly_cost", "cost_source", "mandates"];
        if let Some(column) = filled.into_iter().find(|column| !self.cell(column).is_empty()) {
            self.fault(column, "must be empty in a row with a sum");
        }
        let count = self.cell("number").parse().ok();
        if count.is_none() {
            self.fault("number", "must be the number of the currency's accounts in a row with a sum");
        }
        let currency = self.currency()?;
        Some(WantedTotal { line: self.line, currency, count: count?, sum: self.amount("balance", currency)? })
    }

    fn account(&mut self) -> Option<OldAccount> {
        let currency = self.currency();
        let funds = FundsClass::from_name(&self.cell("funds"));
        if funds.is_none() {
            self.fault("funds", &format!("must be one of {}", FundsClass::ALL.map(FundsClass::name).join(", ")));
        }
        let day = self.cell("statement_date");
        let statement_day = day.parse::<Date>().ok().filter(|_| day.len() == "2026-11-27".len());
        if statement_day.is_none() {
            self.fault("statement_date", "must be a day such as 2026-11-27");
        }
        let mandates: Vec<String> = self.cell("mandates").split(';').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        for mandate in &mandates {
            self.check_text("mandates", mandate, REFERENCE_CHARS_MAX);
        }
        if mandates.len() > MANDATES_MAX {
            self.fault("mandates", &format!("must be at most {MANDATES_MAX}, with ; between them"));
        }
        let account = OldAccount {
            id: self.id("id"),
            number: self.text("number", REFERENCE_CHARS_MAX),
            bank: self.text("bank", TEXT_CHARS_MAX),
            branch: self.text("branch", REFERENCE_CHARS_MAX),
            currency: currency?,
            entity: self.id("entity"),
            name: self.text("name", TEXT_CHARS_MAX),
            funds: funds?,
            leaf: self.id("leaf"),
            balance: self.amount("balance", currency?)?,
            statement: self.text("statement", REFERENCE_CHARS_MAX),
            statement_day: statement_day?,
            monthly_cost: self.amount("monthly_cost", currency?)?,
            cost_source: self.text("cost_source", TEXT_CHARS_MAX),
            mandates,
        };
        Some(account)
    }
}

/// An amount in minor units: digits, and a point with at most as many digits as the currency has.
pub(super) fn minor_units(text: &str, currency: Currency) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').map_or((digits, ""), |(whole, part)| (whole, part));
    let places = usize::try_from(currency.minor_digits()).ok()?;
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        !whole.is_empty() && all_digits(whole) && all_digits(part) && part.len() <= places && (part.is_empty() != digits.contains('.'));
    if !is_number {
        return None;
    }
    format!("{sign}{whole}{part:0<places$}").parse().ok()
}
