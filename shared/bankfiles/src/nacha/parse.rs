//! From records to a file. Every count, hash and total that the file states is compared with its entries.

use super::entry::read_entry;
use super::error::{AchProblems, AchRefusal};
use super::layout::{AchLayout, AchPadding};
use super::lines::{AchLines, AchRecord, cut, padding_of};
use super::model::{AchBatch, AchBatchControl, AchBatchHeader, AchEntry, AchFile, AchFileHeader, AchOriginator, AchTotals, ServiceClass};
use super::transaction::AchDirection;

/// Reads a file. Problems of controls are collected; a record that can't be read ends the reading.
pub fn read(bytes: &[u8]) -> Result<AchFile, AchRefusal> {
    let lines = cut(bytes)?;
    let mut reader = AchReader { records: &lines.records, next: 0, problems: AchProblems::default() };
    match reader.file(&lines) {
        Ok(file) => {
            reader.problems.refusal()?;
            Ok(file)
        }
        Err(last) => {
            reader.problems.append(last);
            Err(reader.problems.into())
        }
    }
}

struct AchReader<'a> {
    records: &'a [AchRecord<'a>],
    next: usize,
    problems: AchProblems,
}

impl<'a> AchReader<'a> {
    fn file(&mut self, lines: &AchLines<'_>) -> Result<AchFile, AchProblems> {
        let header = file_header(&self.take("1")?)?;
        let mut batches: Vec<AchBatch> = Vec::new();
        while self.peek() == '5' {
            let last_number = batches.last().map(|batch| batch.header.number);
            batches.push(self.batch(last_number)?);
        }
        let control = self.take("5 or 9")?;
        if let Some(after) = self.records.get(self.next) {
            return Err(AchProblems::one(
                &format!("line {}", after.line),
                format!("is {} after the file control", record_name(after.kind())),
            ));
        }
        let stated_blocks = control.number("block count", 8, 13)?;
        let padding = padding_of(self.records.len(), lines.padding, stated_blocks);
        let control_reserved = control.text(56, 94);
        let layout = AchLayout {
            line_end: lines.line_end,
            // Without a way of counting that fits, the file is refused below.
            padding: padding.unwrap_or(AchPadding::Full),
            tail: lines.tail.to_owned(),
        };
        let file = AchFile { header, batches, layout, control_reserved };
        if padding.is_none() {
            let blocks = (self.records.len() + lines.padding).div_ceil(10);
            self.unequal(&control, "block count", stated_blocks, blocks as u64);
        }
        self.file_control(&control, &file)?;
        Ok(file)
    }

    fn file_control(&mut self, control: &AchRecord<'_>, file: &AchFile) -> Result<(), AchProblems> {
        self.unequal(control, "batch count", control.number("batch count", 2, 7)?, file.batches.len() as u64);
        let stated = StatedSums {
            records: control.number("entry and addenda count", 14, 21)?,
            hash: control.number("entry hash", 22, 31)?,
            debit_cents: control.cents("total of debits", 32, 43)?,
            credit_cents: control.cents("total of credits", 44, 55)?,
        };
        self.compare(control, &stated, file.totals());
        Ok(())
    }

    fn batch(&mut self, last_number: Option<u32>) -> Result<AchBatch, AchProblems> {
        let record = self.take("5")?;
        let header = batch_header(&record)?;
        if last_number.is_some_and(|last| header.number <= last) {
            self.problems.add(&record.place(), "batch number is not above that of the batch before".to_owned());
        }
        let mut entries: Vec<AchEntry> = Vec::new();
        while self.peek() == '6' {
            let record = self.take("6")?;
            let begin = self.next;
            while self.peek() == '7' {
                self.next += 1;
            }
            let entry = read_entry(&header, &record, &self.records[begin..self.next], &mut self.problems)?;
            self.check_entry(&record, &header, entries.last(), &entry);
            entries.push(entry);
        }
        let control = self.take(if entries.is_empty() { "6" } else { "6, 7 or 8" })?;
        let mut batch = AchBatch { header, entries, control: AchBatchControl::default() };
        batch.control = self.batch_control(&control, &batch)?;
        Ok(batch)
    }

    fn check_entry(&mut self, record: &AchRecord<'_>, header: &AchBatchHeader, last: Option<&AchEntry>, entry: &AchEntry) {
        let answers = |entry: &AchEntry| entry.returned().is_some() || entry.change().is_some();
        // The answering bank numbers returns, sometimes out of order; nothing is found by these numbers.
        if last.is_some_and(|last| !answers(last) && !answers(entry) && entry.trace <= last.trace) {
            self.problems.add(&record.place(), "trace number is not above that of the entry before".to_owned());
        }
        let allowed = match header.service_class {
            ServiceClass::Mixed => return,
            ServiceClass::Credits => AchDirection::Credit,
            ServiceClass::Debits => AchDirection::Debit,
        };
        if entry.transaction_code.direction() != allowed {
            let (code, class) = (entry.transaction_code.code(), header.service_class.code());
            self.problems.add(&record.place(), format!("transaction code {code} is not allowed in a batch of service class {class}"));
        }
    }

    fn batch_control(&mut self, control: &AchRecord<'_>, batch: &AchBatch) -> Result<AchBatchControl, AchProblems> {
        let header = &batch.header;
        let class = control.number("service class code", 2, 4)?;
        self.unequal(control, "service class code", class, u64::from(header.service_class.code()));
        let stated = StatedSums {
            records: control.number("entry and addenda count", 5, 10)?,
            hash: control.number("entry hash", 11, 20)?,
            debit_cents: control.cents("total of debits", 21, 32)?,
            credit_cents: control.cents("total of credits", 33, 44)?,
        };
        self.compare(control, &stated, batch.totals());
        let company_id = control.text(45, 54);
        if !company_id.is_empty() && company_id != header.company_id {
            self.problems.add(&control.place(), "company identification is not that of the batch header".to_owned());
        }
        if control.raw(80, 87) != header.odfi {
            self.problems.add(&control.place(), "originating DFI is not that of the batch header".to_owned());
        }
        self.unequal(control, "batch number", control.number("batch number", 88, 94)?, u64::from(header.number));
        Ok(AchBatchControl { company_id, authentication: control.text(55, 73), reserved: control.text(74, 79) })
    }

    fn compare(&mut self, control: &AchRecord<'_>, stated: &StatedSums, counted: AchTotals) {
        self.unequal(control, "entry and addenda count", stated.records, counted.records as u64);
        self.unequal(control, "entry hash", stated.hash, counted.hash);
        for (field, stated, counted) in
            [("total of debits", stated.debit_cents, counted.debit_cents), ("total of credits", stated.credit_cents, counted.credit_cents)]
        {
            if stated != counted {
                self.problems.add(&control.place(), format!("{field} states {stated} cents; its entries make {counted}"));
            }
        }
    }

    fn unequal(&mut self, control: &AchRecord<'_>, field: &str, stated: u64, counted: u64) {
        if stated != counted {
            self.problems.add(&control.place(), format!("{field} states {stated}; it must be {counted}"));
        }
    }

    /// The next record's type, a blank after the last one.
    fn peek(&self) -> char {
        self.records.get(self.next).map_or(' ', AchRecord::kind)
    }

    /// The next record, which must be of one of the types.
    fn take(&mut self, expected: &str) -> Result<AchRecord<'a>, AchProblems> {
        let must = || format!("where record {expected} must be");
        let Some(record) = self.records.get(self.next) else {
            let last = self.records.last().map_or(0, |record| record.line);
            return Err(AchProblems::one(&format!("after line {last}"), format!("the file ends {}: it was cut off", must())));
        };
        // The type that ends a part is the last one named.
        if !expected.ends_with(record.kind()) {
            return Err(AchProblems::one(
                &record.place(),
                format!("is {} {}: records are in the wrong order", record_name(record.kind()), must()),
            ));
        }
        self.next += 1;
        Ok(*record)
    }
}

/// What a control record states.
struct StatedSums {
    records: u64,
    hash: u64,
    debit_cents: i64,
    credit_cents: i64,
}

fn record_name(kind: char) -> String {
    let name = match kind {
        '1' => "a file header",
        '5' => "a batch header",
        '6' => "an entry",
        '7' => "an addenda record",
        '8' => "a batch control",
        '9' => "a file control",
        _ => "no known record",
    };
    if kind.is_ascii_digit() { format!("{name} (record {kind})") } else { name.to_owned() }
}

fn file_header(record: &AchRecord<'_>) -> Result<AchFileHeader, AchProblems> {
    record.expect("priority code", 2, 3, "01")?;
    record.expect("record size", 35, 37, "094")?;
    record.expect("blocking factor", 38, 39, "10")?;
    record.expect("format code", 40, 40, "1")?;
    let modifier = record.char(34);
    if !modifier.is_ascii_uppercase() && !modifier.is_ascii_digit() {
        return Err(record.problem("file id modifier", 34, 34, "must be a letter A to Z or a digit"));
    }
    Ok(AchFileHeader {
        destination: record.text(4, 13),
        origin: record.text(14, 23),
        created_date: record.digits("file creation date", 24, 29)?,
        created_time: record.text(30, 33),
        modifier,
        destination_name: record.text(41, 63),
        origin_name: record.text(64, 86),
        reference: record.text(87, 94),
    })
}

fn batch_header(record: &AchRecord<'_>) -> Result<AchBatchHeader, AchProblems> {
    let class = record.number("service class code", 2, 4)?;
    let sec = record.text(51, 53);
    if class == 280 || sec == "ADV" {
        return Err(record.problem("service class and entry class", 2, 53, "are of accounting advices (ADV), which are not read"));
    }
    let must = "must be 200, 220 or 225";
    let service_class = ServiceClass::from_code(class).ok_or_else(|| record.problem("service class code", 2, 4, must))?;
    let originator = if sec == "IAT" || record.raw(5, 10) == "IATCOR" {
        AchOriginator::International {
            indicator: record.text(5, 20),
            exchange: record.text(21, 22),
            reference_kind: record.text(23, 23),
            reference: record.text(24, 38),
            destination_country: record.text(39, 40),
            originating_currency: record.text(64, 66),
            destination_currency: record.text(67, 69),
        }
    } else {
        AchOriginator::Company { name: record.text(5, 20), discretionary: record.text(21, 40), descriptive_date: record.text(64, 69) }
    };
    Ok(AchBatchHeader {
        service_class,
        originator,
        company_id: record.text(41, 50),
        sec,
        description: record.text(54, 63),
        effective_date: record.text(70, 75),
        settlement_day: record.text(76, 78),
        originator_status: record.char(79),
        odfi: record.digits("originating DFI", 80, 87)?,
        // Seven digits fit.
        number: u32::try_from(record.number("batch number", 88, 94)?).unwrap_or(u32::MAX),
    })
}
