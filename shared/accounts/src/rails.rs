//! What each rail needs to pay an account: the kinds of addresses it takes, and the fields it asks for.

use crate::{
    AddressField, AddressKind, PayoutAddress,
    countries::is_in_sepa,
    rules::{
        DEFAULTS_AS_OF,
        SourceConfidence::{self, General, Primary, Secondary},
    },
};
use jiff::civil::Date;

/// A kind of address that a rail takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailTake {
    /// The kind.
    pub kind: AddressKind,
    /// Optional fields of the kind that the rail needs.
    pub fields: &'static [AddressField],
    /// What the rail needs besides the address.
    pub besides: &'static [AddressField],
    /// Which accounts of this kind it reaches.
    pub reach: RailReach,
}

/// Accounts of a kind that a rail reaches, as far as an address says. Whether the bank takes part, only a directory of participants says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RailReach {
    /// All.
    All,
    /// Those of SEPA's countries.
    Sepa,
    /// Those of the United Kingdom.
    Uk,
}

/// A rail and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailNeeds {
    /// Its name in configuration.
    pub rail: &'static str,
    /// Any of these.
    pub takes: &'static [RailTake],
    /// The day for which this was found.
    pub as_of: Date,
    /// The document or interface that says so; `general` for none.
    pub source: &'static str,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

use AddressField as F;

const fn take(kind: AddressKind, besides: &'static [AddressField]) -> RailTake {
    RailTake { kind, fields: &[], besides, reach: RailReach::All }
}

const fn row(rail: &'static str, takes: &'static [RailTake], found: NeedsSource) -> RailNeeds {
    let NeedsSource { source, confidence } = found;
    RailNeeds { rail, takes, as_of: DEFAULTS_AS_OF, source, confidence }
}

/// Where a rail's needs were found.
#[derive(Clone, Copy)]
struct NeedsSource {
    source: &'static str,
    confidence: SourceConfidence,
}

const GENERAL: NeedsSource = NeedsSource { source: "general", confidence: General };
const NACHA: NeedsSource = NeedsSource { source: "ACH entry detail", confidence: Primary };
const EPC: NeedsSource = NeedsSource { source: "EPC rulebooks of 2025 as providers describe them", confidence: Secondary };
const AIRWALLEX: NeedsSource = NeedsSource { source: "Airwallex payout documentation", confidence: Secondary };
const PIX: NeedsSource = NeedsSource { source: "Pix DICT API", confidence: Primary };
const PAYPAL: NeedsSource = NeedsSource { source: "PayPal payouts documentation", confidence: Secondary };

const NAME: &[AddressField] = &[F::HolderName];
const US: RailTake = take(AddressKind::UsAccount, NAME);
const ACH: RailTake = RailTake { fields: &[F::AccountType], ..US };
const WIRE: RailTake = take(AddressKind::UsAccount, &[F::HolderName, F::Town, F::Country]);
const SEPA: RailTake = RailTake { reach: RailReach::Sepa, ..take(AddressKind::Iban, NAME) };
const UK: &[RailTake] = &[take(AddressKind::UkAccount, NAME), RailTake { reach: RailReach::Uk, ..take(AddressKind::Iban, NAME) }];
const CA: RailTake = take(AddressKind::CanadianAccount, NAME);

/// The rails' needs as of [`DEFAULTS_AS_OF`].
pub const DEFAULT_RAIL_NEEDS: [RailNeeds; 20] = [
    row("us-rtp", &[US], GENERAL),
    row("us-fednow", &[US], GENERAL),
    row("us-ach-same-day", &[ACH], NACHA),
    row("us-ach", &[ACH], NACHA),
    row("us-fedwire", &[WIRE], GENERAL),
    row("sepa-instant", &[SEPA], EPC),
    row("sepa-ct", &[SEPA], EPC),
    row("gb-fps", UK, GENERAL),
    row("gb-bacs", UK, GENERAL),
    row("br-pix", &[take(AddressKind::PixKey, &[]), take(AddressKind::PixAccount, &[F::HolderName, F::TaxId])], PIX),
    row("mx-spei", &[take(AddressKind::Clabe, NAME)], GENERAL),
    row(
        "sg-fast",
        &[
            take(AddressKind::SingaporeAccount, &[F::HolderName, F::PurposeCode]),
            take(AddressKind::PayNow, &[F::HolderName, F::PurposeCode]),
        ],
        AIRWALLEX,
    ),
    row("hk-fps", &[take(AddressKind::HongKongAccount, NAME), take(AddressKind::FpsProxy, NAME)], AIRWALLEX),
    row("in-imps", &[take(AddressKind::IndianAccount, NAME)], GENERAL),
    row("in-upi", &[take(AddressKind::Upi, &[])], GENERAL),
    row("jp-zengin", &[take(AddressKind::Zengin, &[F::HolderNameKana])], GENERAL),
    row("au-npp", &[take(AddressKind::AustralianAccount, NAME), take(AddressKind::PayId, NAME)], GENERAL),
    row("ca-interac", &[take(AddressKind::Interac, &[]), CA], GENERAL),
    row("ca-eft", &[CA], GENERAL),
    row("ewallet-paypal", &[take(AddressKind::Wallet, &[])], PAYPAL),
];

impl RailNeeds {
    fn take(&self, address: &PayoutAddress) -> Option<&'static RailTake> {
        let reaches = |take: &RailTake| match take.reach {
            RailReach::All => true,
            RailReach::Sepa => address.country().is_some_and(is_in_sepa),
            RailReach::Uk => address.country() == Some("GB"),
        };
        self.takes.iter().find(|take| take.kind == address.kind() && reaches(take))
    }

    /// The fields that the address lacks for this rail: none if it satisfies the rail. `None` if the rail does not reach such an address at
    /// all.
    #[must_use]
    pub fn missing(&self, address: &PayoutAddress) -> Option<Vec<AddressField>> {
        let take = self.take(address)?;
        Some(take.fields.iter().copied().filter(|field| address.value(*field).is_none()).collect())
    }

    /// What the rail asks for besides this address. `None` if it does not reach the address.
    #[must_use]
    pub fn besides(&self, address: &PayoutAddress) -> Option<&'static [AddressField]> {
        self.take(address).map(|take| take.besides)
    }
}

/// The rails whose needs the address satisfies.
pub fn satisfied<'a>(needs: &'a [RailNeeds], address: &'a PayoutAddress) -> impl Iterator<Item = &'a RailNeeds> {
    needs.iter().filter(|needs| needs.missing(address).is_some_and(|missing| missing.is_empty()))
}

#[cfg(test)]
mod tests;
