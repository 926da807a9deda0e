//! How a `pain.001` asks for a payment rail: one dated table from a rail's id to codes and back, and the form of its execution time.
//!
//! - [`text`]: the names and remittance lines that a rail accepts.
//!
//! Rails are named by the ids of the rails book, such as `br-pix`. Few rails have codes of their own in ISO's external lists; where they have none, a
//! service level says how fast, and a proprietary local instrument names the rail. Banks agree their own codes with customers: an operator replaces rows.

pub mod text;

use crate::pain001::{ExecutionTime, PaymentType, TypeCode};
use accounts::rules::{
    DEFAULTS_AS_OF,
    SourceConfidence::{self, General, Primary, Secondary},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::borrow::Cow;

/// Which form of [`ExecutionTime`] a rail takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionForm {
    /// `Dt`.
    Day,
    /// `DtTm`.
    Moment,
}

/// How a rail is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailCodes {
    /// Its id in the rails book.
    pub rail: Cow<'static, str>,
    /// `SvcLvl/Cd`.
    pub service_level: Cow<'static, str>,
    /// `LclInstrm`, if it has one.
    pub local_instrument: Option<RailInstrument>,
    /// Other codes of `LclInstrm/Cd` that mean the rail too, such as `CCD` beside `PPD`. Read, never written.
    pub also: Cow<'static, [&'static str]>,
    /// What its execution time is written as.
    pub execution: ExecutionForm,
    /// The document or sample that says so; `general` for none.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
    /// The day for which this was found.
    pub as_of: Date,
}

/// A rail's local instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RailInstrument {
    /// A code of the external list.
    Code(Cow<'static, str>),
    /// Agreed with the bank.
    Own(Cow<'static, str>),
}

impl RailInstrument {
    fn type_code(&self) -> TypeCode {
        match self {
            Self::Code(code) => TypeCode::Code(code.clone().into_owned()),
            Self::Own(code) => TypeCode::Own(code.clone().into_owned()),
        }
    }
}

impl RailCodes {
    /// `PmtTpInf` of a payment over this rail.
    #[must_use]
    pub fn payment_type(&self) -> PaymentType {
        PaymentType {
            service_level: Some(TypeCode::Code(self.service_level.clone().into_owned())),
            local_instrument: self.local_instrument.as_ref().map(RailInstrument::type_code),
            category_purpose: None,
        }
    }

    /// The execution time of a payment that is to be executed at once. `zone` is the rail's: its day begins and ends with that zone's clocks, and a payment
    /// that names a day of another calendar is early or late for some hours.
    #[must_use]
    pub fn at_once(&self, now: Timestamp, zone: &TimeZone) -> ExecutionTime {
        match self.execution {
            ExecutionForm::Day => ExecutionTime::Day(zone.to_datetime(now).date()),
            ExecutionForm::Moment => ExecutionTime::Moment(now),
        }
    }

    fn is_asked_by(&self, kind: &PaymentType) -> bool {
        let level = kind.service_level.as_ref().is_some_and(|level| level.as_str() == self.service_level);
        let own = self.local_instrument.as_ref().map(RailInstrument::type_code);
        let also = || matches!(&kind.local_instrument, Some(TypeCode::Code(code)) if self.also.contains(&code.as_str()));
        level && (kind.local_instrument == own || also())
    }
}

/// The codes of every rail.
#[derive(Debug, Clone)]
pub struct RailTable(Vec<RailCodes>);

impl Default for RailTable {
    /// The codes as of [`DEFAULTS_AS_OF`].
    fn default() -> Self {
        Self(default_codes())
    }
}

impl RailTable {
    /// Replaces rows of the default table, or adds rails to it. Refuses codes by which two rails would be asked for.
    pub fn with(rows: Vec<RailCodes>) -> Result<Self, crate::Error> {
        let mut table = Self::default();
        for row in rows {
            table.0.retain(|known| known.rail != row.rail);
            table.0.push(row);
        }
        let is_ambiguous = |row: &RailCodes| table.0.iter().filter(|other| other.is_asked_by(&row.payment_type())).count() != 1;
        if table.0.iter().any(is_ambiguous) {
            return Err(crate::Error::value("the table of rails", "one in which every payment type asks for one rail"));
        }
        Ok(table)
    }

    /// The codes of a rail.
    #[must_use]
    pub fn codes(&self, rail: &str) -> Option<&RailCodes> {
        self.0.iter().find(|row| row.rail == rail)
    }

    /// The rail that a payment type asks for; `None` if no rail has such codes.
    #[must_use]
    pub fn rail(&self, kind: &PaymentType) -> Option<&str> {
        self.0.iter().find(|row| row.is_asked_by(kind)).map(|row| row.rail.as_ref())
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = &RailCodes> {
        self.0.iter()
    }
}

/// Where a rail's codes were found.
#[derive(Clone, Copy)]
struct CodesSource {
    source: &'static str,
    confidence: SourceConfidence,
}

const LISTS: CodesSource = CodesSource { source: "ISO 20022 external code lists, 2Q2026", confidence: Primary };
const SAMPLES: CodesSource = CodesSource { source: "sample messages of banks; the lists have no code for the rail", confidence: Secondary };
const GENERAL: CodesSource = CodesSource { source: "general", confidence: General };

/// `Cd`.
const fn code(code: &'static str) -> Option<RailInstrument> {
    Some(RailInstrument::Code(Cow::Borrowed(code)))
}

/// `Prtry`.
const fn own(code: &'static str) -> Option<RailInstrument> {
    Some(RailInstrument::Own(Cow::Borrowed(code)))
}

fn row(
    rail: &'static str,
    service_level: &'static str,
    local_instrument: Option<RailInstrument>,
    execution: ExecutionForm,
    found: CodesSource,
) -> RailCodes {
    let CodesSource { source, confidence } = found;
    RailCodes {
        rail: Cow::Borrowed(rail),
        service_level: Cow::Borrowed(service_level),
        local_instrument,
        also: Cow::Borrowed(&[]),
        execution,
        source: Cow::Borrowed(source),
        confidence,
        as_of: DEFAULTS_AS_OF,
    }
}

/// Service levels: `URNS` urgent, net settlement in real time; `URGP` urgent, gross settlement; `NURG` not urgent; `SDVA` value on the same day; `INST`
/// instant; `SEPA`.
fn default_codes() -> Vec<RailCodes> {
    use ExecutionForm::{Day, Moment};
    let ach = |row: RailCodes| RailCodes { also: Cow::Borrowed(&["CCD", "CTX"]), ..row };
    vec![
        row("us-rtp", "URNS", own("rtp"), Day, SAMPLES),
        row("us-fednow", "URNS", own("fednow"), Day, GENERAL),
        row("us-fedwire", "URGP", own("fedwire"), Day, GENERAL),
        ach(row("us-ach-same-day", "SDVA", code("PPD"), Day, GENERAL)),
        ach(row("us-ach", "NURG", code("PPD"), Day, SAMPLES)),
        row("sepa-instant", "SEPA", code("INST"), Moment, LISTS),
        row("sepa-ct", "SEPA", None, Day, LISTS),
        // Banks' samples ask for Faster Payments by the level alone.
        row("gb-fps", "URGP", None, Day, SAMPLES),
        row("gb-bacs", "NURG", own("bacs"), Day, GENERAL),
        row("br-pix", "INST", own("pix"), Moment, GENERAL),
        row("mx-spei", "URGP", own("spei"), Day, GENERAL),
        row("sg-fast", "INST", own("fast"), Moment, GENERAL),
        row("hk-fps", "INST", own("hk-fps"), Moment, GENERAL),
        row("in-imps", "INST", code("IMPS"), Moment, LISTS),
        row("in-upi", "INST", code("IUPI"), Moment, LISTS),
        row("jp-zengin", "NURG", own("zengin"), Day, GENERAL),
        row("au-npp", "INST", own("npp"), Moment, GENERAL),
        row("ca-interac", "INST", own("interac"), Moment, GENERAL),
        row("ca-eft", "NURG", own("eft"), Day, GENERAL),
    ]
}

#[cfg(test)]
mod tests;
