//! A sweep that was decided, and how far it is.
use jiff::civil::Date;
use money::Currency;
use uuid::Uuid;

money::named! {
    /// How far a sweep is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SweepState {
        /// Its money is set aside, and nobody has said that the bank was instructed.
        Planned = "planned",
        /// The payout service instructs the bank, or has, and asks what became of it.
        Instructing = "instructing",
        /// The bank was instructed.
        Sent = "sent",
        /// Its money is about to go back: from here on no bank is instructed.
        Cancelling = "cancelling",
        /// The giving account was debited.
        Debited = "debited",
        /// The receiving account was credited.
        Credited = "credited",
        /// The same, and the money went back since.
        Reversed = "reversed",
        /// It was not sent, and its money is back on its leaf.
        Cancelled = "cancelled",
        /// The ledger refused it, so nothing was set aside.
        Refused = "refused",
    }
}

/// What happens next to a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepStep {
    /// Somebody instructed the bank.
    Send,
    /// The bank debited the giving account.
    Debit,
    /// The bank credited the receiving account.
    Credit,
    /// The bank was not instructed, or has refused.
    Cancel,
}

/// One end of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepPlace {
    /// The physical account.
    pub account: String,
    /// The legal entity that the bank knows as its holder.
    pub account_entity: String,
    /// The leaf.
    pub leaf: String,
}

/// A sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSweep {
    /// Its id: the request id of its first posting.
    pub id: Uuid,
    /// The number of its first movement.
    pub number: i64,
    /// What it was asked for under, once for each rule and day.
    pub request_key: String,
    /// The rule.
    pub rule: String,
    /// The business day of the rule on which it was decided.
    pub day: Date,
    /// Where the money leaves.
    pub from: SweepPlace,
    /// Where it goes.
    pub to: SweepPlace,
    /// The legal entity of both leaves.
    pub entity: String,
    /// The currency of both accounts.
    pub currency: Currency,
    /// How much, in minor units.
    pub amount: i64,
    /// The day on which it goes back; `None`: it stays.
    pub return_day: Option<Date>,
    /// The sweep that this one takes back; `None`: it takes none back.
    pub returns: Option<Uuid>,
    /// How far it is.
    pub state: SweepState,
    /// When it was decided, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// Who asked for it.
    pub planned_by: String,
    /// What shows that the bank was instructed, or refused; empty: nobody has given any.
    pub evidence: String,
    /// Whether staff may have instructed the bank, because no program did when it was decided.
    pub is_by_hand: bool,
}

impl SweepState {
    /// Whether something must still happen at a bank.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Instructing | Self::Sent | Self::Cancelling | Self::Debited)
    }
}

impl SweepStep {
    /// What a sweep is after the step.
    #[must_use]
    pub const fn makes(self) -> SweepState {
        match self {
            Self::Send => SweepState::Sent,
            Self::Debit => SweepState::Debited,
            Self::Credit => SweepState::Credited,
            Self::Cancel => SweepState::Cancelled,
        }
    }

    /// Whether it may happen to a sweep in this state. Money that is debited is on its way and can't be cancelled; it is credited only once it was debited.
    #[must_use]
    pub const fn follows(self, state: SweepState) -> bool {
        match self {
            Self::Send => matches!(state, SweepState::Planned | SweepState::Instructing),
            Self::Debit | Self::Cancel => {
                matches!(state, SweepState::Planned | SweepState::Instructing | SweepState::Sent | SweepState::Cancelling)
            }
            Self::Credit => matches!(state, SweepState::Debited),
        }
    }

    /// Whether it has happened to a sweep in this state.
    #[must_use]
    pub const fn is_done(self, state: SweepState) -> bool {
        match self {
            Self::Send => matches!(state, SweepState::Sent | SweepState::Debited | SweepState::Credited | SweepState::Reversed),
            Self::Debit => matches!(state, SweepState::Debited | SweepState::Credited | SweepState::Reversed),
            Self::Credit => matches!(state, SweepState::Credited | SweepState::Reversed),
            Self::Cancel => matches!(state, SweepState::Cancelled),
        }
    }
}

impl AccountSweep {
    /// What the transfer between the banks must carry, so that its entries are recognised: the id without hyphens.
    #[must_use]
    pub fn end_to_end_id(&self) -> String {
        self.id.simple().to_string()
    }

    /// The keys of what is announced of it: the debit of the giving account, and the credit of the receiving one.
    #[must_use]
    pub fn item_keys(&self) -> [String; 2] {
        ["out", "in"].map(|way| format!("sweep/{}/{way}", self.id.hyphenated()))
    }
}
