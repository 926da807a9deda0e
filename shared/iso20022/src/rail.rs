//! The clearings that money is paid over, how a `pain.001` asks for one, and whose calendar their days follow.
//!
//! - [`text`]: the names and remittance lines that a rail accepts.

pub mod text;

use crate::{BankAccount, xml::Element};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::Currency;

/// A clearing that pays in seconds at any hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rail {
    /// RTP of The Clearing House: USD to accounts named by ABA routing number.
    UsRtp,
    /// SEPA Instant Credit Transfer (EPC004): EUR to IBANs.
    SepaInstant,
}

/// When a bank is to execute a payment (`ReqdExctnDt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionTime {
    /// `Dt`: on that day of the rail's calendar.
    Day(Date),
    /// `DtTm`: at that time.
    Moment(Timestamp),
}

/// Countries whose accounts SEPA schemes reach (EPC409-09), by IBAN prefix.
const SEPA_COUNTRIES: [&str; 42] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA",
];

impl Rail {
    /// Every rail.
    pub const ALL: [Self; 2] = [Self::UsRtp, Self::SepaInstant];

    /// The rail that reaches the account, if any.
    #[must_use]
    pub fn to(account: &BankAccount) -> Option<Self> {
        match account {
            BankAccount::Aba(_) => Some(Self::UsRtp),
            BankAccount::Iban(iban) if SEPA_COUNTRIES.contains(&iban.country()) => Some(Self::SepaInstant),
            BankAccount::Iban(_) => None,
        }
    }

    /// The name in configuration and contracts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsRtp => "us-rtp",
            Self::SepaInstant => "sepa-instant",
        }
    }

    /// The rail of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.name() == name)
    }

    /// The only currency it pays.
    #[must_use]
    pub fn currency(self) -> Currency {
        let code = match self {
            Self::UsRtp => "USD",
            Self::SepaInstant => "EUR",
        };
        Currency::try_new(code).expect("both codes are in ISO 4217")
    }

    /// The time zone (IANA) whose calendar the rail's days follow, as of November 2026: RTP's operator uses New York's time, TARGET and with it SEPA that of
    /// Frankfurt. A payment that names a day of another calendar is early or late for half of the evening.
    #[must_use]
    pub const fn zone_name(self) -> &'static str {
        match self {
            Self::UsRtp => "America/New_York",
            Self::SepaInstant => "Europe/Berlin",
        }
    }

    /// That zone, from the compiled-in table of zones.
    #[must_use]
    pub fn zone(self) -> TimeZone {
        TimeZone::get(self.zone_name()).expect("both zones are in the table that comes with the program")
    }

    /// The execution time of a payment that is to be executed at once. According to the samples of both rails, RTP takes a day, SEPA Instant a time.
    #[must_use]
    pub fn at_once(self, now: Timestamp, zone: &TimeZone) -> ExecutionTime {
        match self {
            Self::UsRtp => ExecutionTime::Day(zone.to_datetime(now).date()),
            Self::SepaInstant => ExecutionTime::Moment(now),
        }
    }

    /// `PmtTpInf`: service level and local instrument.
    pub(crate) fn payment_type(self) -> Element {
        let (level, instrument) = match self {
            // URNS: urgent, net settlement. RTP has no code in the external list, banks use the proprietary `rtp`.
            Self::UsRtp => ("URNS", Element::leaf("Prtry", "rtp")),
            Self::SepaInstant => ("SEPA", Element::leaf("Cd", "INST")),
        };
        Element::new("PmtTpInf").with(Element::new("SvcLvl").with_leaf("Cd", level)).with(Element::new("LclInstrm").with(instrument))
    }

    /// The rail a `PmtTpInf` asks for.
    pub(crate) fn from_codes(service_level: Option<&str>, local_instrument: Option<&str>) -> Option<Self> {
        match (service_level, local_instrument) {
            (Some("URNS"), Some("rtp")) => Some(Self::UsRtp),
            (Some("SEPA"), Some("INST")) => Some(Self::SepaInstant),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
