//! What reconciliation keeps: files, items, entries and what the treasury book has of them, cases and their adjustments.
use super::StandardLeaf;
use crate::spool::FileBytes;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use matching::SeenEntry;
use money::time::CLOCKS_DIFFER_MS;
use reconciliation::{BooksState, CaseOwner, ExceptionClass, ItemKind};
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A bank's file that was taken.
#[derive(Debug, Clone)]
pub struct BankFile {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
    /// Its bytes.
    pub bytes: FileBytes,
    /// Numbers of its statements with which a day was closed.
    pub frozen: Vec<usize>,
}

/// How an item was when the day of its entry was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemClosing {
    /// `None`: no closed day has it.
    pub closed: Option<ClosedAs>,
    /// Whether the books had it on the bank account then.
    pub in_books: bool,
    /// What closed days brought back of it, in minor units.
    pub returned: i64,
    /// How often closed days have it beyond the first time.
    pub duplicates: i64,
}

/// What an item was on a closed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedAs {
    /// An entry settled it.
    Settled,
    /// A case named it.
    Case,
}

/// Something that should happen once on a physical account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankItem {
    /// Its key, unique for ever.
    pub key: String,
    /// The physical account's id.
    pub account: String,
    /// Where the money goes.
    pub direction: Direction,
    /// The smallest and the largest amount that is expected, in minor units.
    pub amounts: (i64, i64),
    /// What kind of money it is.
    pub kind: ItemKind,
    /// What the books say of it; `None`: it was refused, and its money is back home.
    pub state: Option<BooksState>,
    /// What it is recognised by.
    pub references: ItemReferences,
    /// The days of its sending, of its last chance and of its value.
    pub days: [Option<Date>; 3],
    /// What came back and is in the books, in minor units.
    pub returned_in_books: i64,
    /// Written when a day is closed.
    pub closing: ItemClosing,
}

/// What a bank may call an item; empty texts say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemReferences {
    /// The end-to-end id.
    pub end_to_end_id: String,
    /// A reference of at most 15 characters.
    pub short_reference: String,
    /// Ids of banks and clearings.
    pub payment_ids: Vec<String>,
    /// The trace number of an ACH entry.
    pub trace: String,
    /// The id of a processor's or store's payout.
    pub settlement: String,
    /// What a processor or store writes.
    pub descriptor: String,
}

impl BankItem {
    /// Its smallest amount with the sign of its effect on the account.
    #[must_use]
    pub fn signed(&self) -> i64 {
        match self.direction {
            Direction::Credit => self.amounts.0,
            Direction::Debit => -self.amounts.0,
        }
    }

    /// Whether it asks for the same money as another one of its key.
    #[must_use]
    pub fn is_same_money(&self, other: &Self) -> bool {
        (&self.account, self.direction, self.amounts, self.kind) == (&other.account, other.direction, other.amounts, other.kind)
    }
}

/// One side of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingSide {
    /// The money at the bank.
    Cash,
    /// A standard leaf of the account.
    Leaf(StandardLeaf),
}

impl BookingSide {
    /// The spelling in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Leaf(leaf) => leaf.name(),
        }
    }

    /// The side of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "cash" { Some(Self::Cash) } else { StandardLeaf::from_name(name).map(Self::Leaf) }
    }
}

/// What the treasury book has of an entry that nobody ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafBooking {
    /// The debited side.
    pub debit: BookingSide,
    /// The credited side.
    pub credit: BookingSide,
    /// In minor units.
    pub amount: i64,
}

impl LeafBooking {
    /// What it adds to the money at the bank.
    #[must_use]
    pub fn cash_effect(&self) -> i64 {
        match (self.debit, self.credit) {
            (BookingSide::Cash, _) => self.amount,
            (_, BookingSide::Cash) => -self.amount,
            (BookingSide::Leaf(_), BookingSide::Leaf(_)) => 0,
        }
    }

    /// The booking that takes it back.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { debit: self.credit, credit: self.debit, amount: self.amount }
    }
}

/// A generation of an entry's booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryBooking {
    /// The entry.
    pub entry_key: String,
    /// From 1; a higher one takes the one before back.
    pub generation: i64,
    /// `None`: it is booked as nothing any more.
    pub booking: Option<LeafBooking>,
    /// When the id of its posting was made, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// When it was decided, in Unix milliseconds: `planned_at_ms` of its first id.
    pub since_ms: i64,
    /// Whether the ledger has it.
    pub posted: bool,
}

/// Whether it is time to post again without being asked what was decided at one time and got its current id at another, in Unix milliseconds: after a refusal, each
/// wait is as long as all before it together, and at most a day. What has its time from a clock that was ahead waits for nothing.
#[must_use]
pub fn is_due(since_ms: i64, planned_at_ms: i64, now_ms: i64) -> bool {
    let waited_ms = planned_at_ms.saturating_sub(since_ms).min(DAY_MS);
    now_ms.saturating_sub(planned_at_ms) >= waited_ms || planned_at_ms > now_ms.saturating_add(CLOCKS_DIFFER_MS)
}

/// What an entry turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryResult {
    /// It settles items.
    Settles,
    /// It brings a second booking back.
    UndoesDuplicate,
    /// A case is about it.
    InCase,
}

impl EntryResult {
    /// The spelling in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settles => "settles",
            Self::UndoesDuplicate => "undoes_duplicate",
            Self::InCase => "case",
        }
    }
}

/// A field of a bank's file, or a fact, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptEvidence {
    /// The field.
    pub field: String,
    /// What it says.
    pub text: String,
}

/// A posting that would follow from a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPosting {
    /// `app` or `treasury`.
    pub book: String,
    /// The debited account in words.
    pub debit: String,
    /// The credited account in words.
    pub credit: String,
    /// In minor units.
    pub amount: i64,
    /// What it does for the case, in words.
    pub why: String,
}

/// A booked entry and what it turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// Digest of account, statement and entry: 32 hexadecimal digits.
    pub key: String,
    /// The day of its statement.
    pub day: Date,
    /// The file that it was read from, and statement, entry and detail in it.
    pub place: (String, [usize; 3]),
    /// Where the money went.
    pub direction: Direction,
    /// In minor units.
    pub amount: i64,
    /// What the bank calls it, and the number of the payment under that name.
    pub reference: (String, usize),
    /// The stated end-to-end id; empty: none.
    pub end_to_end_id: String,
    /// What it turned out to be.
    pub result: EntryResult,
    /// The rule that decided, 1 to 7; 0: none.
    pub rule: u8,
    /// What that rests on.
    pub evidence: Vec<KeptEvidence>,
    /// The items that it is about.
    pub items: Vec<String>,
    /// What the treasury book should have of it, if nobody else posts it.
    pub booking: Option<LeafBooking>,
}

/// An entry of a closed day.
#[derive(Debug, Clone)]
pub struct ClosedEntry {
    /// Its key.
    pub key: String,
    /// What it is recognised by, if the bank gave it a reference.
    pub seen: Option<SeenEntry>,
}

money::named! {
    /// Whether a case needs work.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum CaseState {
        /// It does.
        Open = "open",
        /// It is to be seen only, or was explained by a person.
        Explained = "explained",
        /// Later facts or two people resolved it.
        Resolved = "resolved",
    }
}

/// A case as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCase {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// What is wrong.
    pub class: ExceptionClass,
    /// What it is about, in minor units; 0 of a file.
    pub amount: i64,
    /// What the books have more than the bank because of it, without what the treasury book has of its entries.
    pub difference: i64,
    /// Keys of its entries.
    pub entry_keys: Vec<String>,
    /// Keys of its items.
    pub items: Vec<String>,
    /// The file that it is about as a whole; empty: none.
    pub file_hash: String,
    /// The day from which its age counts.
    pub since: Date,
    /// What differs.
    pub detail: String,
    /// The rule that led to it; 0: none.
    pub rule: u8,
    /// What it rests on.
    pub evidence: Vec<KeptEvidence>,
    /// What would be posted.
    pub postings: Vec<KeptPosting>,
    /// An item that may be the right one; empty: none.
    pub proposed_item: String,
    /// Nothing has to be done.
    pub is_noted: bool,
}

/// A case as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCase {
    /// As it was found last.
    pub found: FoundCase,
    /// The physical account's id, and its currency's code.
    pub account: (String, String),
    /// Whether it needs work.
    pub state: CaseState,
    /// How it was explained or resolved; empty while it is open.
    pub resolution: String,
    /// Who is responsible; empty: nobody.
    pub assignee: String,
    /// When it was found first, in Unix milliseconds.
    pub found_at_ms: i64,
    /// The day with which its entries were closed.
    pub closed_day: Option<Date>,
}

impl KeptCase {
    /// Whether it is about a file or statement as a whole.
    #[must_use]
    pub fn is_of_file(&self) -> bool {
        matches!(self.found.class.group(), reconciliation::ClassGroup::Statement | reconciliation::ClassGroup::Structure)
    }
}

/// What two people decide about a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentKind {
    /// The entry is booked as what it turned out to be.
    Adjustment,
    /// A leaf bears a loss.
    WriteOff,
}

impl AdjustmentKind {
    /// The spelling in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adjustment => "adjustment",
            Self::WriteOff => "write_off",
        }
    }

    /// What a case that it resolved is said to be.
    #[must_use]
    pub const fn resolution(self) -> &'static str {
        match self {
            Self::Adjustment => "adjusted",
            Self::WriteOff => "written_off",
        }
    }
}

/// A transfer of an adjustment; an empty leaf is the money at the bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentTransfer {
    /// The debited leaf.
    pub debit: String,
    /// The credited leaf.
    pub credit: String,
    /// In minor units.
    pub amount: i64,
}

/// What transfers add to the money at the bank; `None` if that can't be counted.
#[must_use]
pub fn cash_effect(transfers: &[AdjustmentTransfer]) -> Option<i64> {
    transfers.iter().try_fold(0_i64, |sum, transfer| match (transfer.debit.is_empty(), transfer.credit.is_empty()) {
        (true, false) => sum.checked_add(transfer.amount),
        (false, true) => sum.checked_sub(transfer.amount),
        (true, true) | (false, false) => Some(sum),
    })
}

/// A proposal for a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Its id.
    pub id: uuid::Uuid,
    /// The case's id.
    pub case_id: String,
    /// Whether a leaf bears a loss.
    pub kind: AdjustmentKind,
    /// What is posted.
    pub transfers: Vec<AdjustmentTransfer>,
    /// `proposed`, `replaced`, `approved` or `posted`.
    pub state: String,
    /// Who proposed it, and when in Unix milliseconds.
    pub proposed: (String, i64),
    /// Who approved it, and when; empty and 0: nobody.
    pub approved: (String, i64),
}

/// The spelling of an owner.
#[must_use]
pub const fn owner_name(owner: CaseOwner) -> &'static str {
    match owner {
        CaseOwner::Payments => "payments",
        CaseOwner::Treasury => "treasury",
        CaseOwner::Security => "security",
        CaseOwner::System => "system",
    }
}

/// The class of that code.
#[must_use]
pub fn class_of(code: &str) -> Option<ExceptionClass> {
    ExceptionClass::ALL.into_iter().find(|class| class.code() == code)
}

#[cfg(test)]
mod tests;
