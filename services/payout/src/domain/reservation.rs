//! Reservations of a bank account's money: which account, how much, and how far each is.

use money::{BookName, Money};
use uuid::Uuid;

/// How the reason begins for which a payout waits for money at a bank account.
pub const LIQUIDITY: &str = "LIQUIDITY: ";

money::named! {
    /// How far a reservation is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ReservationState {
        /// The ledger refused it; the payout waits in the account's queue.
        Waiting = "waiting",
        /// It is being posted, and may have been.
        Asked = "asked",
        /// Posted.
        Reserved = "reserved",
        /// Posted, and given up.
        Released = "released",
        /// Given up before it was posted.
        Withdrawn = "withdrawn",
    }
}

/// One of our accounts at a bank, as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PayingSource {
    /// The legal entity.
    pub entity: String,
    /// The account's id.
    pub bank_account: String,
}

/// What an attempt of a payout reserves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// From 1: each account, and each amount, has one of its own.
    pub number: i64,
    /// The attempt for which it was first asked for. One over the same account may use it later.
    pub attempt_no: i64,
    /// The account that pays.
    pub source: PayingSource,
    /// What leaves it.
    pub amount: Money,
    /// How far it is.
    pub state: ReservationState,
    /// Names its posting. New after a refusal, which the ledger keeps under the old name.
    pub reserve_key: Uuid,
    /// Its posting; empty: not recorded.
    pub posting_id: String,
    /// How often the ledger refused it.
    pub tries: i64,
    /// Since when it waits for money, in Unix milliseconds; 0: it never did.
    pub waiting_since_ms: i64,
    /// When the payout was requested: the order of the queue.
    pub payout_created_at_ms: i64,
}

/// Money of a reservation that goes back to its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// Why, and which: one row for each cause.
    pub cause: String,
    /// The account.
    pub source: PayingSource,
    /// What is released, at most what was reserved.
    pub amount: Money,
    /// Names its posting. New after a refusal.
    pub release_key: Uuid,
    /// Its posting; empty: not recorded.
    pub posting_id: String,
    /// How often the ledger refused it.
    pub tries: i64,
}

/// What an attempt of a payout reserves with treasury, on the leaf that pays it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafHold {
    /// The book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// From 1: each account, each amount, and each that treasury has released, is followed by another.
    pub number: i64,
    /// The account that pays.
    pub source: PayingSource,
    /// What leaves it.
    pub amount: Money,
    /// The legal entity of the leaf that pays, where that is not the account's; empty: it is, or treasury has not said yes.
    pub on_behalf_of: String,
    /// Whether treasury holds nothing under it, and never will.
    pub released: bool,
}

impl LeafHold {
    /// The id by which treasury knows it.
    #[must_use]
    pub fn id(&self) -> Uuid {
        chart::id::payout_reservation(self.payout_id, self.number)
    }

    /// Whether it may be used for this account and amount.
    #[must_use]
    pub fn fits(&self, source: &PayingSource, amount: Money) -> bool {
        !self.released && (&self.source, self.amount) == (source, amount)
    }
}

impl Reservation {
    /// Whether it is for this account and amount.
    #[must_use]
    pub fn fits(&self, source: &PayingSource, amount: Money) -> bool {
        (&self.source, self.amount) == (source, amount)
    }

    /// The key of its next try.
    #[must_use]
    pub fn next_key(&self, now_ms: i64) -> Uuid {
        let name = format!("reserve.{}.{}", self.attempt_no, self.number);
        chart::id::payout_step_key(self.payout_id, &name, self.tries, now_ms)
    }

    /// The row that gives it up, unused.
    #[must_use]
    pub fn unused(&self, now_ms: i64) -> Release {
        self.release(format!("unused-{}", self.number), self.amount, now_ms)
    }

    /// The row that gives back a part of it, because that money came back.
    #[must_use]
    pub fn returned(&self, return_id: Uuid, amount: Money, now_ms: i64) -> Release {
        self.release(format!("return-{return_id}"), amount, now_ms)
    }

    fn release(&self, cause: String, amount: Money, now_ms: i64) -> Release {
        let release_key = chart::id::payout_step_key(self.payout_id, &cause, 0, now_ms);
        let (book, source) = (self.book.clone(), self.source.clone());
        Release { book, payout_id: self.payout_id, cause, source, amount, release_key, posting_id: String::new(), tries: 0 }
    }
}

impl Release {
    /// The key of its next try, after a refusal.
    #[must_use]
    pub fn next_key(&self, now_ms: i64) -> Uuid {
        chart::id::payout_step_key(self.payout_id, &self.cause, self.tries + 1, now_ms)
    }
}
