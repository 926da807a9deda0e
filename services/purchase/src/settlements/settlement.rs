//! A settlement: what it moves, what it names, and whether people have to decide. No I/O, no clock.

use chart::id::PlannedAttempt;
use jiff::civil::Date;
use money::{BookName, Currency};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::domain::StoreKind;
use crate::lots::revenue::SignedMoney;

/// What a settlement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementKey {
    /// The book.
    pub book: BookName,
    /// The store.
    pub store: StoreKind,
    /// Our account at the store, as in the configuration.
    pub account: String,
    /// The period, as whoever imports its reports names it: a month, a day, or a payout's id.
    pub period: String,
}

/// How far a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlementState {
    /// To be compared, or waiting for reports or people.
    Open,
    /// What it comes to is posted, or is being posted.
    Settled,
}

impl SettlementState {
    /// All states.
    pub const ALL: [Self; 2] = [Self::Open, Self::Settled];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::Settled => 2,
        }
    }
}

/// Minor units that leave what a store owes us, by where they go; less than nothing where they come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettledAmounts {
    /// Commission beyond the expected one; of a processor its fee.
    pub fee: i64,
    /// Tax on a fee, which we get back.
    pub fee_tax: i64,
    /// Tax beyond the expected one, and coupons: less revenue.
    pub contra: i64,
    /// Tax withheld from us.
    pub withheld: i64,
    /// Held back by the store.
    pub reserved: i64,
    /// Into another currency; less than nothing in the currency in which the store pays.
    pub exchanged: i64,
    /// Paid by the store, and not at the bank.
    pub in_transit: i64,
    /// At the bank.
    pub claimed: i64,
    /// Not explained.
    pub difference: i64,
}

impl SettledAmounts {
    /// Names of the columns, in the order of [`SettledAmounts::all`].
    pub const NAMES: [&str; 9] = ["fee", "fee_tax", "contra", "withheld", "reserved", "exchanged", "in_transit", "claimed", "difference"];

    /// Each of them.
    #[must_use]
    pub fn all(self) -> [i64; 9] {
        let Self { fee, fee_tax, contra, withheld, reserved, exchanged, in_transit, claimed, difference } = self;
        [fee, fee_tax, contra, withheld, reserved, exchanged, in_transit, claimed, difference]
    }

    /// From [`SettledAmounts::all`].
    #[must_use]
    pub fn from_all([fee, fee_tax, contra, withheld, reserved, exchanged, in_transit, claimed, difference]: [i64; 9]) -> Self {
        Self { fee, fee_tax, contra, withheld, reserved, exchanged, in_transit, claimed, difference }
    }

    /// What is left of this after another; `None` beyond what can be represented.
    #[must_use]
    pub fn less(self, other: Self) -> Option<Self> {
        let mut left = self.all();
        for (left, other) in left.iter_mut().zip(other.all()) {
            *left = left.checked_sub(other)?;
        }
        Some(Self::from_all(left))
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.less(Self::default().less(other)?)
    }

    /// Whether postings can have each of them, and all together.
    #[must_use]
    pub fn is_sound(self, currency: Currency) -> bool {
        let total = self.all().into_iter().try_fold(0_i64, i64::checked_add);
        self.all()
            .into_iter()
            .map(Some)
            .chain([total])
            .all(|minor| minor.is_some_and(|minor| SignedMoney::try_new(currency, minor).is_ok()))
    }
}

/// Why a store's report and our books differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The store kept another commission than the price sheet has.
    Commission,
    /// The store remitted other tax than we expected.
    Tax,
    /// A coupon of ours.
    Coupon,
    /// Tax was withheld from us.
    Withholding,
    /// Exchanged into the currency in which the store pays.
    Exchange,
    /// Held back, or released.
    Reserve,
    /// Ours, and no line of the store's.
    MissingAtStore,
    /// A line of the store's, and none of ours.
    MissingHere,
    /// A line of the store's that another settlement covers.
    Repeated,
    /// Another amount than was sold or paid back here.
    Amount,
    /// Anything that the store added or took.
    Adjustment,
    /// Less than nothing was due, or it came back: a later period gets it.
    Carried,
}

impl DifferenceKind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Commission,
        Self::Tax,
        Self::Coupon,
        Self::Withholding,
        Self::Exchange,
        Self::Reserve,
        Self::MissingAtStore,
        Self::MissingHere,
        Self::Repeated,
        Self::Amount,
        Self::Adjustment,
        Self::Carried,
    ];

    /// The spelling in tables. Stored, so never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commission => "commission",
            Self::Tax => "tax",
            Self::Coupon => "coupon",
            Self::Withholding => "withholding",
            Self::Exchange => "exchange",
            Self::Reserve => "reserve",
            Self::MissingAtStore => "missing_at_store",
            Self::MissingHere => "missing_here",
            Self::Repeated => "repeated",
            Self::Amount => "amount",
            Self::Adjustment => "adjustment",
            Self::Carried => "carried",
        }
    }

    /// Whether nothing explains it, so that two people decide.
    #[must_use]
    pub fn is_unexplained(self) -> bool {
        matches!(self, Self::MissingHere | Self::Repeated | Self::Amount | Self::Adjustment)
    }
}

/// A difference by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementDifference {
    /// What kind of difference it is.
    pub kind: DifferenceKind,
    /// Of the amounts.
    pub currency: Currency,
    /// What we get less than expected; less than nothing where we get more.
    pub amount: Decimal,
    /// What we expected.
    pub expected: Decimal,
    /// What the store says.
    pub reported: Decimal,
    /// The store's id of the sale; empty where it is about none.
    pub transaction_id: String,
    /// The product; empty where it is about none.
    pub product_id: String,
    /// The market; empty where it is about none.
    pub market: String,
    /// The line of the report; 0 where it is about none.
    pub line_no: u64,
    /// The same for people.
    pub note: String,
}

/// A settlement as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettlement {
    /// What it is about.
    pub key: SettlementKey,
    /// Its id.
    pub settlement_id: Uuid,
    /// The legal entity that is paid.
    pub entity: String,
    /// The bank account that is paid.
    pub bank_account: String,
    /// How far it is.
    pub state: SettlementState,
    /// What it waits for; empty for nothing.
    pub note: String,
    /// The currency in which the store pays; `None` before it was compared.
    pub proceeds_currency: Option<Currency>,
    /// What the store pays, in minor units.
    pub paid: i64,
    /// The earlier period that left something for this one; empty: none did.
    pub carried_from: String,
    /// What it left.
    pub carried_in: i64,
    /// What this one leaves for a later one.
    pub carried_out: i64,
    /// Whether some differences are not explained.
    pub has_unexplained: bool,
    /// The hash of all differences.
    pub differences_hash: String,
    /// Who proposed to settle with them, and their hash then; empty: nobody.
    pub proposed: (String, String),
    /// Who approved that, and their hash then; empty: nobody.
    pub approved: (String, String),
    /// How many editions were posted.
    pub edition: i64,
    /// How often it was compared.
    pub version: i64,
    /// When its first report came, in Unix milliseconds.
    pub created_at_ms: i64,
    /// How often it was compared in vain since its last report.
    pub tries: i64,
}

impl StoreSettlement {
    /// Whether it may be posted with these differences.
    #[must_use]
    pub fn may_settle(&self, differences_hash: &str, has_unexplained: bool) -> bool {
        !has_unexplained || (self.approved.1 == differences_hash && !self.approved.0.is_empty())
    }
}

/// An edition of a settlement in a currency, as it is posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementPosting {
    /// The book.
    pub book: BookName,
    /// The settlement.
    pub settlement_id: Uuid,
    /// 1 and up; those after the first are differences.
    pub edition: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// The store.
    pub store: StoreKind,
    /// The legal entity.
    pub entity: String,
    /// The bank account.
    pub bank_account: String,
    /// What it moves.
    pub amounts: SettledAmounts,
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// The posting; empty before it is made.
    pub posting_id: String,
    /// Until when the money should come; `None`: none comes.
    pub arrives_by: Option<Date>,
    /// Whether treasury knows, or is not to know.
    pub is_announced: bool,
    /// How often it was posted or announced in vain.
    pub tries: i64,
}

impl SettlementPosting {
    /// The request id of its posting.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.edition, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::store_settlement(&self.book, self.settlement_id, self.currency.code(), planned)
    }

    /// What should come to the bank by it, in minor units.
    #[must_use]
    pub fn arriving(&self) -> i64 {
        self.amounts.in_transit.saturating_add(self.amounts.claimed)
    }
}
