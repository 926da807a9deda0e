//! From a file to bytes. Every value is checked against its field first, and what was written is read back before it is handed out.

use super::error::AchInvalid;
use super::lines::{FILE_BYTES_MAX, LINE};
use super::model::{
    AMOUNT_CENTS_MAX, AchAddenda, AchAnswer, AchBatch, AchDetail, AchEntry, AchFile, AchOriginator, AchTotals, TOTAL_CENTS_MAX,
};
use super::routing::is_digits;

/// Writes a file with the counts, hashes and totals of its entries. Refuses values that don't fit their fields, and anything that could not
/// be read back, such as trace numbers out of order.
pub fn write(file: &AchFile) -> Result<Vec<u8>, AchInvalid> {
    let bytes = render(file)?;
    let read = super::parse::read(&bytes).map_err(|refusal| {
        let problem = refusal.problems.into_iter().next();
        let (place, what) = problem.map_or_else(Default::default, |problem| (problem.place, problem.what));
        AchInvalid::new(&place, "record", format!("would not be read: {what}"))
    })?;
    if read != *file {
        return Err(AchInvalid::new(
            "file",
            "content",
            "must be read back as it was written; a text belongs to another field, or blanks end it",
        ));
    }
    Ok(bytes)
}

fn render(file: &AchFile) -> Result<Vec<u8>, AchInvalid> {
    let records = file.records();
    let (padding, blocks) = file.layout.padding.lines_and_blocks(records);
    if records.saturating_add(padding).saturating_mul(LINE + file.layout.line_end.text().len()) > FILE_BYTES_MAX {
        return Err(AchInvalid::new("file", "size", format!("must be at most {FILE_BYTES_MAX} bytes: make several files")));
    }
    let mut lines = vec![file_header(file)?];
    for (index, batch) in file.batches.iter().enumerate() {
        render_batch(batch, &format!("batch {}", index + 1), &mut lines)?;
    }
    let totals = file.totals();
    let mut line = AchLineBuilder::new("file control", '9');
    line.number("batch count", 6, file.batches.len() as u64)?;
    line.number("block count", 6, blocks as u64)?;
    line.totals(8, &totals)?;
    line.text("reserved", 39, &file.control_reserved)?;
    lines.push(line.text);
    lines.extend(std::iter::repeat_n("9".repeat(LINE), padding));
    let mut text = lines.join(file.layout.line_end.text());
    if !file.layout.tail.chars().all(|c| matches!(c, ' ' | '\n' | '\r' | '\u{1A}')) {
        return Err(AchInvalid::new("file", "tail", "must be line ends, blanks or the character 1A"));
    }
    text.push_str(&file.layout.tail);
    Ok(text.into_bytes())
}

fn file_header(file: &AchFile) -> Result<String, AchInvalid> {
    let header = &file.header;
    let mut line = AchLineBuilder::new("file header", '1');
    line.text.push_str("01");
    line.text("immediate destination", 10, &header.destination)?;
    line.text("immediate origin", 10, &header.origin)?;
    line.digits("file creation date", 6, &header.created_date)?;
    line.text("file creation time", 4, &header.created_time)?;
    line.char("file id modifier", header.modifier)?;
    line.text.push_str("094101");
    line.text("immediate destination name", 23, &header.destination_name)?;
    line.text("immediate origin name", 23, &header.origin_name)?;
    line.text("reference code", 8, &header.reference)?;
    Ok(line.text)
}

fn render_batch(batch: &AchBatch, place: &str, lines: &mut Vec<String>) -> Result<(), AchInvalid> {
    let header = &batch.header;
    let mut line = AchLineBuilder::new(place, '5');
    line.number("service class code", 3, u64::from(header.service_class.code()))?;
    let middle: [(&str, usize, &str); 2] = match &header.originator {
        AchOriginator::Company { name, discretionary, descriptive_date } => {
            line.text("company name", 16, name)?;
            line.text("company discretionary data", 20, discretionary)?;
            [("company descriptive date", 6, descriptive_date), ("", 0, "")]
        }
        AchOriginator::International {
            indicator,
            exchange,
            reference_kind,
            reference,
            destination_country,
            originating_currency,
            destination_currency,
        } => {
            line.text("IAT indicator", 16, indicator)?;
            line.text("foreign exchange indicator", 2, exchange)?;
            line.text("foreign exchange reference indicator", 1, reference_kind)?;
            line.text("foreign exchange reference", 15, reference)?;
            line.text("destination country", 2, destination_country)?;
            [("originating currency", 3, originating_currency), ("destination currency", 3, destination_currency)]
        }
    };
    line.text("company identification", 10, &header.company_id)?;
    line.text("standard entry class", 3, &header.sec)?;
    line.text("company entry description", 10, &header.description)?;
    for (field, width, text) in middle {
        line.text(field, width, text)?;
    }
    line.text("effective entry date", 6, &header.effective_date)?;
    line.text("settlement date", 3, &header.settlement_day)?;
    line.char("originator status code", header.originator_status)?;
    line.digits("originating DFI", 8, &header.odfi)?;
    line.number("batch number", 7, u64::from(header.number))?;
    lines.push(line.text);
    for (index, entry) in batch.entries.iter().enumerate() {
        render_entry(entry, &format!("{place}, entry {}", index + 1), lines)?;
    }
    let mut line = AchLineBuilder::new(place, '8');
    line.number("service class code", 3, u64::from(header.service_class.code()))?;
    line.totals(6, &batch.totals())?;
    line.text("company identification", 10, &batch.control.company_id)?;
    line.text("message authentication code", 19, &batch.control.authentication)?;
    line.text("reserved", 6, &batch.control.reserved)?;
    line.digits("originating DFI", 8, &header.odfi)?;
    line.number("batch number", 7, u64::from(header.number))?;
    lines.push(line.text);
    Ok(())
}

fn render_entry(entry: &AchEntry, place: &str, lines: &mut Vec<String>) -> Result<(), AchInvalid> {
    let mut line = AchLineBuilder::new(place, '6');
    line.number("transaction code", 2, u64::from(entry.transaction_code.code()))?;
    line.digits("routing number", 9, &entry.routing_number)?;
    match &entry.detail {
        AchDetail::Domestic { identification, name, discretionary } => {
            line.text("account number", 17, &entry.account_number)?;
            line.cents("amount", 10, entry.amount_cents, AMOUNT_CENTS_MAX)?;
            line.text("identification number", 15, identification)?;
            line.text("name", 22, name)?;
            line.text("discretionary data", 2, discretionary)?;
        }
        AchDetail::International { addenda_stated, screening, reserved, reserved_end } => {
            line.number("number of addenda", 4, u64::from(*addenda_stated))?;
            line.text("reserved", 13, reserved)?;
            line.cents("amount", 10, entry.amount_cents, AMOUNT_CENTS_MAX)?;
            line.text("account number", 35, &entry.account_number)?;
            line.text("reserved", 2, reserved_end)?;
            line.text("screening indicators", 2, screening)?;
        }
    }
    line.number("addenda record indicator", 1, u64::from(!entry.addenda.is_empty()))?;
    line.digits("trace number", 15, &entry.trace)?;
    lines.push(line.text);
    for addenda in &entry.addenda {
        lines.push(render_addenda(addenda, &entry.trace[8..], place)?);
    }
    Ok(())
}

fn render_addenda(addenda: &AchAddenda, entry_sequence: &str, place: &str) -> Result<String, AchInvalid> {
    let mut line = AchLineBuilder::new(place, '7');
    match addenda {
        AchAddenda::Payment { type_code, information, sequence } => {
            line.number("addenda type code", 2, u64::from(*type_code))?;
            line.text("payment related information", 80, information)?;
            line.number("addenda sequence number", 4, u64::from(*sequence))?;
            line.digits("entry detail sequence number", 7, entry_sequence)?;
        }
        AchAddenda::Change(answer) => render_answer(&mut line, "98", answer)?,
        AchAddenda::Return(answer) => render_answer(&mut line, "99", answer)?,
        AchAddenda::International(addenda) => {
            line.number("addenda type code", 2, u64::from(addenda.type_code()))?;
            for (from, to, text) in addenda.fields() {
                line.text("field of an IAT addenda record", to + 1 - from, text)?;
            }
            if let super::iat::IatAddenda::CorrespondentBank { sequence, .. } = addenda {
                line.blanks_to(83);
                line.number("addenda sequence number", 4, u64::from(*sequence))?;
            }
            line.blanks_to(87);
            line.digits("entry detail sequence number", 7, entry_sequence)?;
        }
        AchAddenda::Other { type_code, text } => {
            line.text("addenda type code", 2, type_code)?;
            // Kept as it is in the file, blanks at the end as well.
            line.text("addenda", 91, text.trim_end_matches(' '))?;
        }
    }
    Ok(line.text)
}

fn render_answer(line: &mut AchLineBuilder<'_>, type_code: &str, answer: &AchAnswer) -> Result<(), AchInvalid> {
    line.digits("addenda type code", 2, type_code)?;
    line.text("return reason or change code", 3, &answer.code)?;
    line.text("original trace number", 15, &answer.original_trace)?;
    line.text("date of death", 6, &answer.date)?;
    line.text("original receiving DFI", 8, &answer.original_rdfi)?;
    line.text("addenda information or corrected data", 44, &answer.information)?;
    line.text("trace number", 15, &answer.trace)
}

/// A line under construction.
struct AchLineBuilder<'a> {
    place: &'a str,
    text: String,
}

impl<'a> AchLineBuilder<'a> {
    fn new(place: &'a str, kind: char) -> Self {
        let mut text = String::with_capacity(LINE);
        text.push(kind);
        Self { place, text }
    }

    fn refuse(&self, field: &str, must: impl Into<String>) -> AchInvalid {
        AchInvalid::new(self.place, field, must)
    }

    fn text(&mut self, field: &str, width: usize, text: &str) -> Result<(), AchInvalid> {
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(self.refuse(field, "must be printable ASCII characters"));
        }
        if text.len() > width {
            return Err(self.refuse(field, format!("must be at most {width} characters, not {}", text.len())));
        }
        if text.ends_with(' ') {
            return Err(self.refuse(field, "must not end in a blank"));
        }
        self.text.push_str(text);
        self.blanks_to(self.text.len() + width - text.len());
        Ok(())
    }

    fn char(&mut self, field: &str, c: char) -> Result<(), AchInvalid> {
        if !matches!(c, ' '..='~') {
            return Err(self.refuse(field, "must be a printable ASCII character"));
        }
        self.text.push(c);
        Ok(())
    }

    fn digits(&mut self, field: &str, width: usize, text: &str) -> Result<(), AchInvalid> {
        if !is_digits(text, width) {
            return Err(self.refuse(field, format!("must be {width} digits")));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn number(&mut self, field: &str, width: usize, number: u64) -> Result<(), AchInvalid> {
        let digits = format!("{number:0width$}");
        if digits.len() > width {
            return Err(self.refuse(field, format!("must be at most {width} digits, not {number}")));
        }
        self.text.push_str(&digits);
        Ok(())
    }

    fn cents(&mut self, field: &str, width: usize, cents: i64, max: i64) -> Result<(), AchInvalid> {
        let number = u64::try_from(cents).ok().filter(|_| cents <= max);
        let number = number.ok_or_else(|| self.refuse(field, format!("must be 0 to {max} cents, not {cents}")))?;
        self.number(field, width, number)
    }

    /// Count, hash and totals, in the order that both control records have.
    fn totals(&mut self, count_width: usize, totals: &AchTotals) -> Result<(), AchInvalid> {
        self.number("entry and addenda count", count_width, totals.records as u64)?;
        self.number("entry hash", 10, totals.hash)?;
        self.cents("total of debits", 12, totals.debit_cents, TOTAL_CENTS_MAX)?;
        self.cents("total of credits", 12, totals.credit_cents, TOTAL_CENTS_MAX)
    }

    fn blanks_to(&mut self, end: usize) {
        while self.text.len() < end {
            self.text.push(' ');
        }
    }
}
