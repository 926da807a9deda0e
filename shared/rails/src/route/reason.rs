//! Why a rail is not the one.

use crate::{calendar::CalendarGap, cap::LowestCap, reach::Reachability, record::BeneficiaryKind};
use jiff::{Timestamp, civil::Date};
use money::Currency;
use rust_decimal::Decimal;
use std::{collections::BTreeSet, fmt};

/// A reason. The variants are in the order in which reasons of one rail are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyNot {
    /// No record is valid any more.
    Withdrawn {
        /// Last day of the last record.
        until: Option<Date>,
    },
    /// The next record is valid later.
    NotYet {
        /// Its first day.
        from: Date,
    },
    /// The rail doesn't pay beneficiaries of this kind.
    WrongKind {
        /// The kind asked for.
        kind: BeneficiaryKind,
    },
    /// The rail doesn't pay in this country.
    WrongCountry {
        /// The country asked for.
        country: String,
    },
    /// The rail doesn't pay in this currency.
    WrongCurrency {
        /// The currency asked for.
        currency: Currency,
    },
    /// Our bank doesn't offer the rail.
    NotOffered,
    /// Nothing is sent over it now.
    Paused {
        /// The reason, as somebody gave it.
        why: String,
    },
    /// The rail doesn't reach the payee's bank or provider, or nobody knows.
    NotReachable {
        /// What the list of participants says.
        reachability: Reachability,
    },
    /// The amount is above the lowest cap.
    AboveCap {
        /// That cap and whose it is.
        cap: LowestCap,
    },
    /// A cap is stated in another currency and applies to what is worth as much: whether the amount is above it can't be said.
    CapNotJudged {
        /// That cap and whose it is.
        cap: LowestCap,
        /// Currency of the payment.
        currency: Currency,
    },
    /// The beneficiary lacks fields.
    FieldMissing {
        /// Fields that would complete a set.
        fields: BTreeSet<String>,
    },
    /// A holiday calendar can't say when the rail works.
    Calendar {
        /// What it can't say.
        gap: CalendarGap,
    },
    /// The rail is closed, and opens later than the chosen one takes the payment.
    ClosedUntil {
        /// When it opens.
        opens: Timestamp,
    },
    /// Another rail is instant at this moment.
    NotInstant {
        /// When the money would usually have been there.
        expected: Timestamp,
    },
    /// The money would be there later.
    Slower {
        /// When it would usually be there.
        expected: Timestamp,
        /// When at the latest.
        latest: Timestamp,
        /// When it usually is over the chosen rail.
        chosen: Timestamp,
    },
    /// It usually takes as long, and the latest time at which the money must be there is later.
    LaterAtLatest {
        /// When the money must be there.
        latest: Timestamp,
        /// When it must be over the chosen rail.
        chosen: Timestamp,
    },
    /// It costs more.
    Dearer {
        /// What it costs as a rule, in units of the payment's currency.
        cost: Decimal,
        /// What the chosen rail costs.
        chosen: Decimal,
    },
    /// What it costs is not known in the payment's currency.
    CostUnknown {
        /// What the chosen rail costs.
        chosen: Decimal,
    },
    /// Nothing that is known differs; the chosen rail's id comes first.
    LaterInOrder {
        /// Both cost the same; otherwise neither cost is known in the payment's currency.
        costs_known: bool,
    },
}

fn reachability(f: &mut fmt::Formatter<'_>, found: &Reachability) -> fmt::Result {
    match found {
        Reachability::Reached { edition, .. } => write!(f, "reachable by the list of {edition}"),
        Reachability::NotListed { edition } => write!(f, "not reachable: the payee's bank is not in the list of {edition}"),
        Reachability::SendsOnly { edition } => write!(f, "not reachable: by the list of {edition}, the payee's bank only sends"),
        Reachability::OtherDays { from: Some(from), until: Some(until), edition } => {
            write!(f, "not reachable: by the list of {edition}, the payee's bank takes part from {from} to {until}")
        }
        Reachability::OtherDays { from: Some(from), until: None, edition } => {
            write!(f, "not reachable: by the list of {edition}, the payee's bank takes part from {from}")
        }
        Reachability::OtherDays { from: None, until, edition } => {
            let until = until.map(|until| until.to_string()).unwrap_or_default();
            write!(f, "not reachable: by the list of {edition}, the payee's bank took part until {until}")
        }
        Reachability::NoList => f.write_str("not known to be reachable: no list of the rail's participants is loaded"),
        Reachability::NoKey => f.write_str("not known to be reachable: the payee's bank is not known"),
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawn { until: Some(until) } => write!(f, "withdrawn: its last record was valid until {until}"),
            Self::Withdrawn { until: None } => f.write_str("withdrawn: it has no record"),
            Self::NotYet { from } => write!(f, "not valid before {from}"),
            Self::WrongKind { kind } => write!(f, "does not pay a {}", kind.word()),
            Self::WrongCountry { country } => write!(f, "does not pay in {}", money::text::shown(country)),
            Self::WrongCurrency { currency } => write!(f, "does not pay {currency}"),
            Self::NotOffered => f.write_str("not offered by our bank"),
            Self::Paused { why } => write!(f, "paused: {}", money::text::shown(why)),
            Self::NotReachable { reachability: found } => reachability(f, found),
            Self::AboveCap { cap } => write!(f, "the amount is above the cap of {} ({})", cap.amount, cap.owner),
            Self::CapNotJudged { cap: LowestCap { owner, amount }, currency } => write!(
                f,
                "the cap of {amount} or equivalent ({owner}) can't be judged in {currency}; give the rail's {owner} caps one in {currency}"
            ),
            Self::FieldMissing { fields } => {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                write!(f, "the beneficiary lacks {}", fields.join(", "))
            }
            Self::Calendar { gap } => write!(f, "{gap}"),
            Self::ClosedUntil { opens } => write!(f, "closed until {opens}"),
            Self::NotInstant { expected } => write!(f, "not instant: the money would be there at {expected}"),
            Self::Slower { expected, latest, chosen } => {
                write!(f, "slower: the money would be there at {expected} (at the latest {latest}) instead of {chosen}")
            }
            Self::LaterAtLatest { latest, chosen } => {
                write!(f, "may be slower: the money would be there at the latest at {latest} instead of {chosen}")
            }
            Self::Dearer { cost, chosen } => write!(f, "dearer: {cost} instead of {chosen}"),
            Self::CostUnknown { chosen } => write!(f, "its cost in this currency is not known; the chosen rail costs {chosen}"),
            Self::LaterInOrder { costs_known: true } => f.write_str("equal in time and cost; the chosen rail comes first by its id"),
            Self::LaterInOrder { costs_known: false } => {
                f.write_str("equal in time, and neither cost is known; the chosen rail comes first by its id")
            }
        }
    }
}
