//! Clearings money is paid over, and how a `pain.001` asks for one.

use crate::{BankAccount, xml::Element};
use money::Currency;

/// A clearing that pays in seconds at any hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rail {
    /// RTP of The Clearing House: USD to accounts named by ABA routing number.
    UsRtp,
    /// SEPA Instant Credit Transfer (EPC004): EUR to IBANs.
    SepaInstant,
}

/// Countries whose accounts SEPA schemes reach (EPC409-09), by IBAN prefix.
const SEPA_COUNTRIES: [&str; 41] = [
    "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM",
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

    /// As configuration and contracts name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsRtp => "us-rtp",
            Self::SepaInstant => "sepa-instant",
        }
    }

    /// The other way around.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rail| rail.name() == name)
    }

    /// The only currency it carries.
    #[must_use]
    pub fn currency(self) -> Currency {
        let code = match self {
            Self::UsRtp => "USD",
            Self::SepaInstant => "EUR",
        };
        Currency::try_new(code).expect("both codes are in ISO 4217")
    }

    /// `PmtTpInf`: service level and local instrument.
    pub(crate) fn payment_type(self) -> Element {
        let (level, instrument) = match self {
            // URNS: urgent, net settlement. RTP has no code in the external list, banks take the proprietary `rtp`.
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
