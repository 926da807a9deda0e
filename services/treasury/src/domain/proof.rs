//! The proof of the treasury book, at one position of it and of each app's book. Only what is named may differ.
use chart::PostingKind;
use money::{BookName, Currency};
use uuid::Uuid;

/// Why a posting is only in one of two books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimingCause {
    /// The app's book is ahead of its twins.
    TwinMissing,
    /// The structure has no physical account for the app's bank account.
    NoPhysicalAccount,
    /// Treasury booked it on a leaf, and the app's book claims nothing of it.
    TreasuryOnly,
}

/// A posting that is only in one of two books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneSidedPosting {
    /// Why the other book does not have it.
    pub cause: TimingCause,
    /// The book that has it.
    pub book: BookName,
    /// Its account there.
    pub account: String,
    /// The posting.
    pub posting: Uuid,
    /// Its sequence number there.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// The currency of the account.
    pub currency: Currency,
    /// What it added to the claim or leaf, in minor units; negative where it took away.
    pub amount: i64,
    /// When it was committed, in Unix milliseconds.
    pub booked_ms: i64,
}

/// A physical account: the money at the bank, and whose it is, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhysicalProof {
    /// Its id.
    pub id: String,
    /// Its currency.
    pub currency: Currency,
    /// Sum of all its leaves.
    pub leaves: i64,
    /// What the treasury book says is at the bank.
    pub cash: i64,
    /// What left other physical accounts for this one and has not come.
    pub between: i64,
}

/// What an app's book claims of a physical account, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimProof {
    /// The app's book.
    pub app: BookName,
    /// Its account of bank cash.
    pub account: String,
    /// The physical account, if the structure has one.
    pub physical: Option<String>,
    /// The leaf that covers it.
    pub leaf: Option<String>,
    /// The currency.
    pub currency: Currency,
    /// What the book claims.
    pub claimed: i64,
    /// What the twins add up to.
    pub twins: i64,
    /// The last posting that has a twin, by its sequence number in the app's book; 0: none has.
    pub twin_seq: i64,
    /// What was claimed there; `None`: the book has no such posting any more.
    pub claimed_there: Option<i64>,
    /// The sum of what is listed as items, where all of it is listed.
    pub listed: Option<i64>,
}

/// A leaf that covers claims, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverProof {
    /// The leaf.
    pub leaf: String,
    /// The currency.
    pub currency: Currency,
    /// What is booked on it.
    pub booked: i64,
    /// The claims that twins covered with it.
    pub covered: i64,
    /// The sum of what treasury booked on it besides twins, as far as it was read.
    pub others: i64,
    /// Kind and id of a posting by which people changed it.
    pub by_hand: Option<(String, Uuid)>,
}

/// Everything at these positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BooksProof {
    /// The last event of the treasury book that counts.
    pub treasury_seq: i64,
    /// The same of each app's book.
    pub apps: Vec<(BookName, i64)>,
    /// The physical accounts.
    pub physical: Vec<PhysicalProof>,
    /// The claims.
    pub claims: Vec<ClaimProof>,
    /// The leaves that cover claims.
    pub covers: Vec<CoverProof>,
    /// What is only in one of two books.
    pub items: Vec<OneSidedPosting>,
    /// Whether there are items that are not listed.
    pub more_items: bool,
    /// Accounts of leaves and cash with money that the structure does not have.
    pub strays: Vec<String>,
}

impl TimingCause {
    /// Who sees to it: the service itself, or people.
    #[must_use]
    pub const fn owner(self) -> &'static str {
        match self {
            Self::TwinMissing => "treasury",
            Self::NoPhysicalAccount | Self::TreasuryOnly => "finance",
        }
    }
}

impl PhysicalProof {
    /// What differs.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let Self { id, currency, leaves, cash, between } = self;
        let on_its_way = if *between == 0 { String::new() } else { format!(" with {between} between accounts") };
        (*leaves != cash.saturating_add(*between))
            .then(|| format!("the leaves of {id} add up to {leaves}, and its cash is {cash}{on_its_way}, in minor units of {currency}"))
    }
}

impl ClaimProof {
    /// The sum of the postings without a twin.
    #[must_use]
    pub fn items(&self) -> i64 {
        self.claimed.saturating_sub(self.claimed_there.unwrap_or_default())
    }

    /// What differs besides the items.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let Self { app, account, twins, twin_seq, claimed, .. } = self;
        let Some(there) = self.claimed_there else {
            return Some(format!("book {app} has no posting on {account} at event {twin_seq}, and the treasury book has its twin"));
        };
        if there != *twins {
            return Some(format!("the twins of {account} of book {app} add up to {twins}, and at event {twin_seq} it claims {there}"));
        }
        let items = self.items();
        let listed = self.listed.filter(|listed| *listed != items)?;
        Some(format!("{account} of book {app} claims {claimed}, and its postings without a twin add up to {listed} instead of {items}"))
    }
}

impl CoverProof {
    /// What differs besides the items.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let Self { leaf, booked, covered, others, .. } = self;
        let differs = booked.saturating_sub(*covered);
        if differs == 0 {
            return None;
        }
        if let Some((kind, posting)) = &self.by_hand {
            return Some(format!(
                "leaf {leaf} has {booked}, and covers claims of {covered}: posting {posting} of kind {kind} changed it by hand"
            ));
        }
        (differs != *others)
            .then(|| format!("leaf {leaf} has {booked}, and covers claims of {covered}; its other postings explain {others} of that"))
    }
}

impl BooksProof {
    /// Everything that differs and is not named.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let physical = self.physical.iter().filter_map(PhysicalProof::problem);
        let claims = self.claims.iter().filter_map(ClaimProof::problem);
        let strays = self.strays.iter().map(|account| format!("{account} has money, and the structure has no such account"));
        physical.chain(claims).chain(self.covers.iter().filter_map(CoverProof::problem)).chain(strays).collect()
    }
}

/// Whether people make postings of this kind, by two of them.
#[must_use]
pub fn is_by_hand(kind: &str) -> bool {
    [PostingKind::Adjustment, PostingKind::Reversal].iter().any(|by_hand| by_hand.name() == kind)
}

#[cfg(test)]
mod tests;
