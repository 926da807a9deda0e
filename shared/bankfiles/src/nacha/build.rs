//! New files of credits: payouts to persons (PPD) and companies (CCD), and prenotes.
//!
//! Every value is checked when it is added, so that a payment that no bank would take is refused before there is a file. Whether a day is a
//! banking day, and which amounts settle on the same day, are facts with a date: they are the caller's.

use super::change_codes::AchAccount;
use super::error::AchInvalid;
use super::layout::{AchLayout, AchLineEnd};
use super::model::{
    AMOUNT_CENTS_MAX, AchAddenda, AchBatch, AchBatchControl, AchBatchHeader, AchDetail, AchEntry, AchFile, AchFileHeader, AchOriginator,
    ServiceClass,
};
use super::routing::is_routing_number;
use super::transaction::{AccountKind, AchDirection, EntryPurpose, TransactionCode};
use jiff::civil::{Date, DateTime};

/// The highest number of an entry under one originating bank: seven digits of the trace number.
pub const SEQUENCE_MAX: u32 = 9_999_999;
/// Beginnings of descriptions that mean something else: wages, reversals, and debits for goods (Nacha; the first and last since
/// 2026-03-20).
const RESERVED_DESCRIPTIONS: [&str; 3] = ["PAYROLL", "REVERSAL", "PURCHASE"];

/// Data of a new file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchFileTerms {
    /// Routing number that the file goes to, nine digits.
    pub destination: String,
    /// Ten characters that the bank assigned to us; a routing number of nine digits gets a blank before it.
    pub origin: String,
    /// At most 23 characters.
    pub destination_name: String,
    /// At most 23 characters.
    pub origin_name: String,
    /// At most 8 characters.
    pub reference: String,
    /// Time of creation on the bank's clock.
    pub created: DateTime,
    /// Which file of the day to the same destination it is; see [`file_modifier`].
    pub modifier: char,
    /// Between lines.
    pub line_end: AchLineEnd,
    /// The originating bank's routing number, nine digits.
    pub odfi: String,
    /// Number of the first entry, 1 to [`SEQUENCE_MAX`]. A day's files must not give a number twice: returns name nothing else.
    pub first_sequence: u32,
}

/// Class of a batch of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreditClass {
    /// PPD: to natural persons.
    Ppd,
    /// CCD: to companies.
    Ccd,
}

/// Data of a new batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchBatchTerms {
    /// To whom it pays.
    pub class: CreditClass,
    /// Shown to receivers, 1 to 16 characters.
    pub company_name: String,
    /// At most 20 characters.
    pub discretionary: String,
    /// As registered with the bank, 1 to 10 characters.
    pub company_id: String,
    /// Shown to receivers, 1 to 10 characters, such as `PAYOUT`. Earnings of creators are not wages, so it is not `PAYROLL`.
    pub description: String,
    /// At most 6 characters; `SD1300` and the like ask for settlement on the same day.
    pub descriptive_date: String,
    /// The banking day on which it is to settle; not before the day of creation.
    pub effective: Date,
    /// The account of ours that pays, where the bank wants balanced files: the batch then debits it with the sum. Else `None`.
    pub offset: Option<AchOffset>,
}

/// The debit that balances a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchOffset {
    /// Our account.
    pub account: AchAccount,
    /// 1 to 22 characters.
    pub name: String,
    /// At most 15 characters.
    pub identification: String,
}

/// What a credit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreditKind {
    /// Money: 1 to [`AMOUNT_CENTS_MAX`] cents.
    Payment {
        /// In cents.
        cents: i64,
    },
    /// A test of the account without money.
    Prenote,
}

/// A credit to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchCredit {
    /// The receiver's account, checking or savings.
    pub account: AchAccount,
    /// Money, or a test of the account.
    pub kind: CreditKind,
    /// Our reference, at most 15 characters.
    pub identification: String,
    /// The receiver's name, 1 to 22 characters.
    pub name: String,
    /// At most 2 characters.
    pub discretionary: String,
    /// Information for the receiver, 1 to 80 characters, in an addenda record.
    pub information: Option<String>,
}

/// The modifier of a day's file, counted from 0: A to Z, then 0 to 9. `None` after the 36th.
#[must_use]
pub fn file_modifier(nth: usize) -> Option<char> {
    ('A'..='Z').chain('0'..='9').nth(nth)
}

/// Builds a file batch by batch. A batch that is refused leaves the builder as it was.
#[derive(Debug, Clone)]
pub struct AchFileBuilder {
    file: AchFile,
    created: Date,
    odfi: String,
    next_sequence: u32,
}

impl AchFileBuilder {
    /// Starts a file. Refuses values that don't fit their fields.
    pub fn try_new(terms: &AchFileTerms) -> Result<Self, AchInvalid> {
        let place = "file";
        routing_number(place, "immediate destination", &terms.destination)?;
        routing_number(place, "originating DFI", &terms.odfi)?;
        if terms.origin.len() != 9 {
            text(place, "immediate origin", &terms.origin, 10, true)?;
        }
        if !matches!(terms.origin.len(), 9 | 10) {
            return Err(AchInvalid::new(place, "immediate origin", "must be 9 or 10 characters"));
        }
        text(place, "immediate destination name", &terms.destination_name, 23, false)?;
        text(place, "immediate origin name", &terms.origin_name, 23, false)?;
        text(place, "reference code", &terms.reference, 8, false)?;
        if !terms.modifier.is_ascii_uppercase() && !terms.modifier.is_ascii_digit() {
            return Err(AchInvalid::new(place, "file id modifier", "must be a letter A to Z or a digit"));
        }
        if !(1..=SEQUENCE_MAX).contains(&terms.first_sequence) {
            return Err(AchInvalid::new(place, "first sequence number", format!("must be 1 to {SEQUENCE_MAX}")));
        }
        let created = terms.created.date();
        let header = AchFileHeader {
            destination: format!(" {}", terms.destination),
            origin: format!("{:>10}", terms.origin),
            created_date: date(place, "file creation date", created)?,
            created_time: terms.created.strftime("%H%M").to_string(),
            modifier: terms.modifier,
            destination_name: terms.destination_name.clone(),
            origin_name: terms.origin_name.clone(),
            reference: terms.reference.clone(),
        };
        let layout = AchLayout::standard(terms.line_end);
        let file = AchFile { header, batches: Vec::new(), layout, control_reserved: String::new() };
        Ok(Self { file, created, odfi: terms.odfi[..8].to_owned(), next_sequence: terms.first_sequence })
    }

    /// Adds a batch. Its entries are in the order of the credits, and their trace numbers ascend: keep each with its payment.
    pub fn add_batch(&mut self, terms: &AchBatchTerms, credits: &[AchCredit]) -> Result<&AchBatch, AchInvalid> {
        let number = self.file.batches.len() + 1;
        let place = format!("batch {number}");
        if credits.is_empty() {
            return Err(AchInvalid::new(&place, "credits", "must be at least one"));
        }
        let header = self.header(terms, &place, number)?;
        let mut entries = Vec::with_capacity(credits.len() + 1);
        let mut sum = 0_i64;
        for (index, credit) in credits.iter().enumerate() {
            let entry = self.credit(credit, &format!("{place}, entry {}", index + 1), index)?;
            sum = sum.saturating_add(entry.amount_cents);
            entries.push(entry);
        }
        if sum > super::TOTAL_CENTS_MAX {
            return Err(AchInvalid::new(&place, "total of credits", "must be at most twelve digits of cents"));
        }
        // A batch of prenotes has nothing to balance.
        if let Some(offset) = terms.offset.as_ref().filter(|_| sum > 0) {
            let place = format!("{place}, entry {}", entries.len() + 1);
            entries.push(self.offset(offset, sum, &place, entries.len())?);
        }
        let used = u32::try_from(entries.len()).map_err(|_| AchInvalid::new(&place, "credits", "are too many for a batch"))?;
        let control = AchBatchControl { company_id: header.company_id.clone(), ..AchBatchControl::default() };
        let batches = &mut self.file.batches;
        batches.push(AchBatch { header, entries, control });
        self.next_sequence += used;
        Ok(&batches[number - 1])
    }

    /// Number that the next file's first entry may have.
    #[must_use]
    pub const fn next_sequence(&self) -> u32 {
        self.next_sequence
    }

    /// The file, for [`super::write`]. Refuses a file without batches.
    pub fn build(self) -> Result<AchFile, AchInvalid> {
        if self.file.batches.is_empty() {
            return Err(AchInvalid::new("file", "batches", "must be at least one"));
        }
        Ok(self.file)
    }

    fn header(&self, terms: &AchBatchTerms, place: &str, number: usize) -> Result<AchBatchHeader, AchInvalid> {
        for (field, value, width) in [("company name", &terms.company_name, 16), ("company entry description", &terms.description, 10)] {
            text(place, field, value, width, true)?;
            if value.bytes().all(|byte| byte == b'0') {
                return Err(AchInvalid::new(place, field, "must not be zeros"));
            }
        }
        let description = terms.description.to_ascii_uppercase();
        if let Some(reserved) = RESERVED_DESCRIPTIONS.into_iter().find(|reserved| description.starts_with(reserved)) {
            return Err(AchInvalid::new(
                place,
                "company entry description",
                format!("must not begin with {reserved}, which is not for payouts"),
            ));
        }
        text(place, "company identification", &terms.company_id, 10, true)?;
        text(place, "company discretionary data", &terms.discretionary, 20, false)?;
        text(place, "company descriptive date", &terms.descriptive_date, 6, false)?;
        let effective_date = date(place, "effective entry date", terms.effective)?;
        if terms.effective < self.created {
            return Err(AchInvalid::new(place, "effective entry date", "must not be before the day of creation"));
        }
        Ok(AchBatchHeader {
            service_class: if terms.offset.is_some() { ServiceClass::Mixed } else { ServiceClass::Credits },
            originator: AchOriginator::Company {
                name: terms.company_name.clone(),
                discretionary: terms.discretionary.clone(),
                descriptive_date: terms.descriptive_date.clone(),
            },
            company_id: terms.company_id.clone(),
            sec: if terms.class == CreditClass::Ppd { "PPD" } else { "CCD" }.to_owned(),
            description: terms.description.clone(),
            effective_date,
            settlement_day: String::new(),
            originator_status: '1',
            odfi: self.odfi.clone(),
            number: u32::try_from(number).map_err(|_| AchInvalid::new(place, "batch number", "must be seven digits"))?,
        })
    }

    fn credit(&self, credit: &AchCredit, place: &str, index: usize) -> Result<AchEntry, AchInvalid> {
        let (amount_cents, purpose) = match credit.kind {
            CreditKind::Payment { cents } if (1..=AMOUNT_CENTS_MAX).contains(&cents) => (cents, EntryPurpose::Live),
            CreditKind::Payment { cents } => {
                return Err(AchInvalid::new(place, "amount", format!("must be 1 to {AMOUNT_CENTS_MAX} cents, not {cents}")));
            }
            CreditKind::Prenote => (0, EntryPurpose::Prenote),
        };
        let transaction_code = account(place, &credit.account, AchDirection::Credit, purpose)?;
        let detail = detail(place, &credit.identification, &credit.name, &credit.discretionary)?;
        let mut addenda = Vec::new();
        if let Some(information) = &credit.information {
            text(place, "payment related information", information, 80, true)?;
            addenda.push(AchAddenda::Payment { type_code: 5, information: information.clone(), sequence: 1 });
        }
        let AchAccount { routing_number, account_number, .. } = credit.account.clone();
        Ok(AchEntry { transaction_code, routing_number, account_number, amount_cents, detail, trace: self.trace(place, index)?, addenda })
    }

    fn offset(&self, offset: &AchOffset, cents: i64, place: &str, index: usize) -> Result<AchEntry, AchInvalid> {
        if cents > AMOUNT_CENTS_MAX {
            return Err(AchInvalid::new(place, "amount", "must be at most ten digits of cents: make several batches"));
        }
        let transaction_code = account(place, &offset.account, AchDirection::Debit, EntryPurpose::Live)?;
        let AchAccount { routing_number, account_number, .. } = offset.account.clone();
        let detail = detail(place, &offset.identification, &offset.name, "")?;
        let trace = self.trace(place, index)?;
        Ok(AchEntry { transaction_code, routing_number, account_number, amount_cents: cents, detail, trace, addenda: Vec::new() })
    }

    fn trace(&self, place: &str, index: usize) -> Result<String, AchInvalid> {
        let sequence = u32::try_from(index).ok().and_then(|index| self.next_sequence.checked_add(index));
        let sequence = sequence.filter(|sequence| *sequence <= SEQUENCE_MAX);
        let sequence = sequence.ok_or_else(|| AchInvalid::new(place, "trace number", format!("must end in at most {SEQUENCE_MAX}")))?;
        Ok(format!("{}{sequence:07}", self.odfi))
    }
}

fn detail(place: &str, identification: &str, name: &str, discretionary: &str) -> Result<AchDetail, AchInvalid> {
    text(place, "identification number", identification, 15, false)?;
    text(place, "name", name, 22, true)?;
    text(place, "discretionary data", discretionary, 2, false)?;
    Ok(AchDetail::Domestic { identification: identification.to_owned(), name: name.to_owned(), discretionary: discretionary.to_owned() })
}

fn account(place: &str, account: &AchAccount, direction: AchDirection, purpose: EntryPurpose) -> Result<TransactionCode, AchInvalid> {
    routing_number(place, "routing number", &account.routing_number)?;
    let number = &account.account_number;
    if number.is_empty() || number.len() > 17 || !number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(AchInvalid::new(place, "account number", "must be 1 to 17 letters, digits and hyphens"));
    }
    if number.bytes().all(|byte| byte == b'0') {
        return Err(AchInvalid::new(place, "account number", "must not be zeros"));
    }
    if !matches!(account.kind, AccountKind::Checking | AccountKind::Savings) {
        return Err(AchInvalid::new(place, "account", "must be a checking or savings account"));
    }
    TransactionCode::new(account.kind, direction, purpose).ok_or_else(|| AchInvalid::new(place, "transaction code", "must exist"))
}

fn routing_number(place: &str, field: &str, number: &str) -> Result<(), AchInvalid> {
    let must = "must be nine digits of which the last is the right check digit";
    is_routing_number(number).then_some(()).ok_or_else(|| AchInvalid::new(place, field, must))
}

/// Checks a text. Blanks around it would be lost, or make it look empty.
fn text(place: &str, field: &str, text: &str, width: usize, required: bool) -> Result<(), AchInvalid> {
    let must = if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        "must be printable ASCII characters; write other letters without accents".to_owned()
    } else if text.len() > width {
        format!("must be at most {width} characters, not {}", text.len())
    } else if required && text.is_empty() {
        "must not be empty".to_owned()
    } else if text.starts_with(' ') || text.ends_with(' ') {
        "must not begin or end with a blank".to_owned()
    } else {
        return Ok(());
    };
    Err(AchInvalid::new(place, field, must))
}

fn date(place: &str, field: &str, date: Date) -> Result<String, AchInvalid> {
    if !(2000..2100).contains(&date.year()) {
        return Err(AchInvalid::new(place, field, "must be in the years 2000 to 2099, which two digits of the year mean"));
    }
    Ok(date.strftime("%y%m%d").to_string())
}

#[cfg(test)]
mod tests;
