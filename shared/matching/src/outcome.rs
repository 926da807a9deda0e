//! What a line turned out to be, and why.

use crate::line::{EntryIdentity, LinePlace, LineStanding};
use bankfiles::text::{as_optional_text, as_text};
use money::Money;
use serde::Serialize;

/// The rule that decided. Rules are tried in this order, and the first hit decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchRule {
    /// 1: the bank's reference was seen before.
    BankReference,
    /// 2: the end-to-end id, our short reference, or the only id with such a beginning.
    EndToEndId,
    /// 3: an id that the bank or a clearing gave the payment.
    PaymentId,
    /// 4: an ACH batch by company, day and sum or by its declared id; an ACH return by the trace number of what came back.
    AchBatch,
}

/// What a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchEvidence {
    /// The field of the bank's file.
    pub field: &'static str,
    /// What it says, in the form in which it was compared.
    pub text: String,
}

/// The entry that a line repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlierEntry {
    /// Another line of this run.
    Line(LinePlace),
    /// An entry that the caller recorded before: its [`SeenEntry::id`].
    Recorded(String),
    /// The settlement that the caller recorded for the item with this key.
    SettlementOf(String),
}

/// What does not agree, in the order in which it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferingField {
    /// It was booked on another account.
    Account,
    /// It is in another currency.
    Currency,
    /// The money went the other way, and the bank does not call it a return.
    Direction,
    /// It is another amount.
    Amount,
}

/// Why a line is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmatchedKind {
    /// Money left and nothing says why.
    UnknownDebit,
    /// Money came and nothing says why.
    UnknownCredit,
    /// The bank charged something.
    BankCharge,
    /// The item was settled by another booking: the bank paid it twice.
    DuplicateDebit,
    /// The receipt was settled by another booking: it came twice.
    DuplicateCredit,
    /// The bank refused the payment, its money is back home, and now it was debited.
    RejectedButDebited,
    /// More came back than was paid.
    ReturnAbovePayment,
    /// Something came back of which we know no payment.
    ReturnOfUnknown,
    /// A return was taken back: the money left again.
    ReturnTakenBack,
    /// One statement has the entry twice, and its balance counts both.
    RepeatedInStatement,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum MatchOutcome {
    /// It is the booking of an item, in full.
    Settles {
        /// The item's key.
        item: String,
    },
    /// It is an entry that was there before. Nothing is booked from it.
    SameEntryAgain {
        /// The entry that it repeats.
        of: EarlierEntry,
    },
    /// It brings an item's money back, in full or in part. Never a second settlement.
    ReturnOf {
        /// The item's key.
        item: String,
        /// What came back.
        #[serde(serialize_with = "as_text")]
        amount: Money,
        /// What was kept, if the bank states charges.
        #[serde(serialize_with = "as_optional_text")]
        charge: Option<Money>,
        /// The bank's reason.
        code: Option<String>,
        /// The bank undid its own booking, instead of the payee's bank sending the money back.
        is_reversal: bool,
        /// It undoes a booking beyond the first: the item stays settled.
        undoes_duplicate: bool,
    },
    /// It is the one booking of a batch.
    BatchSettles {
        /// The batch's id.
        batch: String,
        /// Keys of its items, ascending.
        items: Vec<String>,
        /// Minor units by which it exceeds the sum of the items. Unless it is 0, nothing may be booked before a person has looked.
        difference: i128,
    },
    /// It names an item and does not agree with it. Nothing may be booked from it.
    Differs {
        /// The item's key.
        item: String,
        /// What does not agree.
        field: DifferingField,
        /// What was expected.
        expected: String,
        /// What the bank booked.
        found: String,
    },
    /// Several items fit. Nothing may be booked from it.
    Ambiguous {
        /// Keys of the items, or ids of the batches, ascending.
        candidates: Vec<String>,
    },
    /// It is none of the above.
    Unmatched {
        /// The reason, as a class that somebody has to work on.
        kind: UnmatchedKind,
        /// The item that it names, if any.
        item: Option<String>,
    },
}

impl MatchOutcome {
    /// Whether a person or a later rule must look at it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::Settles { .. } | Self::SameEntryAgain { .. } | Self::ReturnOf { .. } => false,
            Self::BatchSettles { difference, .. } => *difference != 0,
            Self::Differs { .. } | Self::Ambiguous { .. } | Self::Unmatched { .. } => true,
        }
    }
}

/// A line and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The line's place.
    pub place: LinePlace,
    /// Whether it counts: of a line that is information nothing is booked, whatever it matches.
    pub standing: LineStanding,
    /// What the line turned out to be.
    #[serde(flatten)]
    pub outcome: MatchOutcome,
    /// The rule that found it; `None` if no rule did.
    pub rule: Option<MatchRule>,
    /// The fields that said so.
    pub evidence: Vec<MatchEvidence>,
}

/// An entry that was recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenEntry {
    /// The caller's id of it.
    pub id: String,
    /// What it is recognised by.
    pub identity: EntryIdentity,
    /// Whether it was booked. What was only information then is matched when it is booked.
    pub standing: LineStanding,
}
