//! The ids under which services post. Each is derived from what caused the posting, so that a retry, a worker and an auditor find the same one; the scopes
//! are part of every book and never change.
use money::{BookName, derive_id};
use uuid::{Builder, Uuid};

/// A sender's gift.
#[must_use]
pub fn gift(request_id: Uuid, book: &BookName, sender: &str) -> Uuid {
    derive_id(request_id, &["gift.SendGift", book.as_str(), sender])
}

/// A creator's acceptance of a quote.
#[must_use]
pub fn conversion(request_id: Uuid, book: &BookName, user: &str) -> Uuid {
    derive_id(request_id, &["earnings.AcceptQuote", book.as_str(), user])
}

/// The quote made for a creator's request.
#[must_use]
pub fn quote(request_id: Uuid, book: &BookName, user: &str) -> Uuid {
    derive_id(request_id, &["earnings.CreateQuote", book.as_str(), user])
}

/// An attempt at issuing a purchase's coins. `begun_at_ms` is when the attempt was begun, in Unix milliseconds; 0: with the purchase itself. The id carries
/// that time, because the ledger accepts no unknown id that is older than a week.
#[must_use]
pub fn purchase_credit(purchase_id: Uuid, attempt: i64, begun_at_ms: i64) -> Uuid {
    let source = if begun_at_ms == 0 { purchase_id } else { at_time(purchase_id, begun_at_ms) };
    derive_id(source, &["RedeemPurchase", &attempt.to_string()])
}

/// The posting that counts a purchase as waiting for its wallet, since this time in Unix milliseconds.
#[must_use]
pub fn receipt_wait(purchase_id: Uuid, since_ms: i64) -> Uuid {
    derive_id(at_time(purchase_id, since_ms), &["receipt.wait"])
}

/// An attempt at a posting that is planned before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedAttempt {
    /// The number of what is posted: an edition, or a step.
    pub number: i64,
    /// Refusals before this attempt, which the ledger keeps.
    pub attempt: i64,
    /// When this attempt was planned, in Unix milliseconds, which the id carries.
    pub planned_at_ms: i64,
}

impl PlannedAttempt {
    fn texts(self) -> [String; 2] {
        [self.number.to_string(), self.attempt.to_string()]
    }
}

/// An edition of the revenue of a day, such as `2026-11-27`, in the accounts of an entity and a currency.
#[must_use]
pub fn revenue_day(book: &BookName, day: &str, entity: &str, currency: &str, planned: PlannedAttempt) -> Uuid {
    let [edition, attempt] = planned.texts();
    let own = derive_id(Uuid::nil(), &["purchase.revenue", book.as_str(), day, entity, currency, &edition, &attempt]);
    at_time(own, planned.planned_at_ms)
}

/// A posting of a purchase's refunds: its number counts the changes of what was paid back.
#[must_use]
pub fn refund(book: &BookName, purchase_id: Uuid, kind: crate::PostingKind, planned: PlannedAttempt) -> Uuid {
    let ([step_no, attempt], of) = (planned.texts(), purchase_id.hyphenated().to_string());
    at_time(derive_id(Uuid::nil(), &["purchase.refund", book.as_str(), &of, kind.name(), &step_no, &attempt]), planned.planned_at_ms)
}

/// What a viewer's coins pay of the viewer's debt, as the change of this number.
#[must_use]
pub fn debt_settlement(book: &BookName, user: &str, planned: PlannedAttempt) -> Uuid {
    let [change_no, attempt] = planned.texts();
    at_time(derive_id(Uuid::nil(), &["purchase.debt", book.as_str(), user, &change_no, &attempt]), planned.planned_at_ms)
}

/// An edition of a store's settlement in a currency.
#[must_use]
pub fn store_settlement(book: &BookName, settlement_id: Uuid, currency: &str, planned: PlannedAttempt) -> Uuid {
    let ([edition, attempt], of) = (planned.texts(), settlement_id.hyphenated().to_string());
    let own = derive_id(Uuid::nil(), &["purchase.settlement", book.as_str(), &of, currency, &edition, &attempt]);
    at_time(own, planned.planned_at_ms)
}

/// A posting of a wallet's closure or merge: the one of this number.
#[must_use]
pub fn wallet_change(book: &BookName, change_id: Uuid, kind: crate::PostingKind, planned: PlannedAttempt) -> Uuid {
    let ([posting_no, attempt], of) = (planned.texts(), change_id.hyphenated().to_string());
    at_time(derive_id(Uuid::nil(), &["purchase.wallet", book.as_str(), &of, kind.name(), &posting_no, &attempt]), planned.planned_at_ms)
}

/// The request by which a wallet that was emptied is closed, at this time in Unix milliseconds.
#[must_use]
pub fn wallet_close(book: &BookName, change_id: Uuid, tries: i64, at_ms: i64) -> Uuid {
    let of = change_id.hyphenated().to_string();
    at_time(derive_id(Uuid::nil(), &["purchase.wallet_close", book.as_str(), &of, &tries.to_string()]), at_ms)
}

/// The payout made for a creator's request.
#[must_use]
pub fn payout(request_id: Uuid, book: &BookName, user: &str) -> Uuid {
    derive_id(request_id, &["RequestPayout", book.as_str(), user])
}

/// The posting that holds a payout's money.
#[must_use]
pub fn payout_hold(payout_id: Uuid) -> Uuid {
    derive_id(payout_id, &["payout.hold"])
}

/// The key from which the ids of a payout step's postings are derived: `version` is that of the row at the start of the step, which grows with every write,
/// and `now_ms` is the time of that. The key carries that time, because the ledger accepts no unknown id that is older than a week.
#[must_use]
pub fn payout_step_key(payout_id: Uuid, phase: &str, version: i64, now_ms: i64) -> Uuid {
    at_time(derive_id(payout_id, &["payout.step", phase, &version.to_string()]), now_ms)
}

/// A later step of a payout: `step_key` is fresh for every step, so that a payout that takes weeks does not use an id that the ledger rejects as too old.
#[must_use]
pub fn payout_step(step_key: Uuid, kind: crate::PostingKind) -> Uuid {
    derive_id(step_key, &[kind.name()])
}

/// The treasury book's twin of what a posting of an app's book moved on one account: `posting` is that posting's id. `at_ms`: the time that the id carries, in Unix
/// milliseconds, where that must not be the posting's own, because the ledger accepts no unknown id that is older than a week; 0: the posting's own.
#[must_use]
pub fn twin(posting: Uuid, book: &BookName, account: &str, at_ms: i64) -> Uuid {
    let source = if at_ms == 0 { posting } else { at_time(posting, at_ms) };
    derive_id(source, &["treasury.Twin", book.as_str(), account, &posting.hyphenated().to_string()])
}

/// A posting that treasury decided to make: the key of the request that caused it, its number, and when it was decided.
#[must_use]
pub fn treasury_movement(book: &BookName, request_key: &str, movement_no: i64, decided_at_ms: i64) -> Uuid {
    at_time(derive_id(Uuid::nil(), &["treasury.movement", book.as_str(), request_key, &movement_no.to_string()]), decided_at_ms)
}

/// A step of a payout's reservation after its hold: `begun_at_ms` is when the step was begun, in Unix milliseconds, which the id carries. `tries` counts refusals, which
/// the ledger keeps.
#[must_use]
pub fn reservation_step(reservation: Uuid, book: &BookName, kind: crate::PostingKind, begun_at_ms: i64, tries: i64) -> Uuid {
    let own = reservation.hyphenated().to_string();
    at_time(derive_id(Uuid::nil(), &["treasury.reservation", book.as_str(), &own, kind.name(), &tries.to_string()]), begun_at_ms)
}

/// A payout's reservation with treasury: the one of this number.
#[must_use]
pub fn payout_reservation(payout_id: Uuid, number: i64) -> Uuid {
    derive_id(payout_id, &["payout.ReserveFunds", &number.to_string()])
}

/// The opening balance of an old bank account that is imported, by an attempt that was begun at this time in Unix milliseconds.
#[must_use]
pub fn migration_opening(book: &BookName, account: &str, begun_at_ms: i64) -> Uuid {
    at_time(derive_id(Uuid::nil(), &["treasury.migration", book.as_str(), account]), begun_at_ms)
}

/// The arrival of an old bank account's balance, by the request that said so.
#[must_use]
pub fn old_balance_move(request_id: Uuid, book: &BookName, account: &str) -> Uuid {
    derive_id(request_id, &["treasury.MoveOldBalances", book.as_str(), account])
}

/// A receipt at one of our bank accounts.
#[must_use]
pub fn bank_receipt(receipt_id: Uuid, book: &BookName) -> Uuid {
    derive_id(receipt_id, &["treasury.RecordReceipt", book.as_str()])
}

/// What two members of staff approved. With the time of the approval, because a proposal may be a week old by then.
#[must_use]
pub fn approval(proposal_id: Uuid, book: &BookName, decided_at_ms: i64) -> Uuid {
    let source = at_time(proposal_id, decided_at_ms);
    derive_id(source, &["support.Approve", book.as_str(), &proposal_id.hyphenated().to_string()])
}

/// The booking of a statement's entry in the treasury book. `entry` is the digest of account, statement and entry, `generation` counts what it was booked as, and
/// `planned_at_ms` is when that was decided, in Unix milliseconds: the ledger accepts no unknown id that is older than a week.
#[must_use]
pub fn statement_entry(entry: Uuid, book: &BookName, generation: i64, planned_at_ms: i64) -> Uuid {
    derive_id(at_time(entry, planned_at_ms), &["treasury.entry", book.as_str(), &entry.hyphenated().to_string(), &generation.to_string()])
}

/// What two members of staff approved of a case of a statement, at this time in Unix milliseconds.
#[must_use]
pub fn case_adjustment(adjustment_id: Uuid, book: &BookName, decided_at_ms: i64) -> Uuid {
    let source = at_time(adjustment_id, decided_at_ms);
    derive_id(source, &["treasury.ApproveAdjustment", book.as_str(), &adjustment_id.hyphenated().to_string()])
}

/// The id of the posting that a service gets for a `Post` with this request id, if it is posted: for finding it in the journal. Services' ids are not scoped
/// by the service, so there is no subject in it.
#[must_use]
pub fn posted(request_id: Uuid, book: &str) -> Uuid {
    derive_id(request_id, &[POST, book, ""])
}

/// As [`posted`], for a `PostPending`.
#[must_use]
pub fn pending_posted(request_id: Uuid, book: &str) -> Uuid {
    derive_id(request_id, &[POST_PENDING, book, ""])
}

/// As [`posted`], for a `VoidPending`.
#[must_use]
pub fn void_posted(request_id: Uuid, book: &str) -> Uuid {
    derive_id(request_id, &[VOID_PENDING, book, ""])
}

/// As [`posted`], for a `Reverse`.
#[must_use]
pub fn reversed(request_id: Uuid, book: &str) -> Uuid {
    derive_id(request_id, &[REVERSE, book, ""])
}

/// The ledger's scope of postings made with a request id.
pub const POST: &str = "ledger.Post";
/// The ledger's scope of a hold that is posted with a request id.
pub const POST_PENDING: &str = "ledger.PostPending";
/// The ledger's scope of a hold that is released with a request id.
pub const VOID_PENDING: &str = "ledger.VoidPending";
/// The ledger's scope of a reversal made with a request id.
pub const REVERSE: &str = "ledger.Reverse";

/// A version 7 id of this time with the random bits of `id`.
fn at_time(id: Uuid, time_ms: i64) -> Uuid {
    let random = id.as_bytes().last_chunk::<10>().expect("an id has sixteen bytes");
    Builder::from_unix_timestamp_millis(u64::try_from(time_ms).unwrap_or(0), random).into_uuid()
}

#[cfg(test)]
mod tests;
