//! What is posted for a match or a case, as data: names of accounts and amounts. Which accounts of a ledger they are is the caller's knowledge.

use crate::{class::ExceptionClass, item::ItemKind};
use bankfiles::text::as_text;
use iso20022::camt053::Direction;
use money::Money;
use serde::Serialize;

/// The books of a payment: the app's, and the treasury's, which has the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PostingBook {
    /// The app's.
    App,
    /// The treasury's.
    Treasury,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProposedPosting {
    /// The book; a posting never crosses books.
    pub book: PostingBook,
    /// The debited account.
    pub debit: &'static str,
    /// The credited account.
    pub credit: &'static str,
    /// The amount that moves from the credited to the debited account.
    #[serde(serialize_with = "as_text")]
    pub amount: Money,
    /// Why, for whoever reads the journal.
    pub reason: &'static str,
}

const CASH: &str = "cash";
const CLAIM: &str = "claim";
const IN_TRANSIT: &str = "in transit";
const SUSPENSE: &str = "suspense";
const UNALLOCATED: &str = "unallocated";
const INCOMING: &str = "incoming";
const LEAF: &str = "leaf";
const FEES_AND_INTEREST: &str = "fees and interest";
const BANK_CHARGES: &str = "bank charges";
const RECEIVABLE: &str = "receivable";
const CREATOR_PAYABLE: &str = "creator payable";
const RETURN_CHARGE: &str = "return charge";
const ROUNDING: &str = "rounding";

/// Postings of one event.
#[derive(Debug, Default)]
struct PostingList(Vec<ProposedPosting>);

impl PostingList {
    fn add(mut self, book: PostingBook, pair: [&'static str; 2], amount: Option<Money>, reason: &'static str) -> Self {
        if let Some(amount) = amount.filter(|amount| amount.minor_units() > 0) {
            self.0.push(ProposedPosting { book, debit: pair[0], credit: pair[1], amount, reason });
        }
        self
    }
}

use PostingBook::{App, Treasury};

/// What the booking of an item posts where the books do not have it yet; `amount` is what was expected, `difference` what was booked beyond it.
pub(crate) fn settled(kind: ItemKind, direction: Direction, amount: Money, difference: i64) -> Vec<ProposedPosting> {
    let list = PostingList::default();
    let beyond = money(amount, difference.abs());
    let reason = "settled at the bank";
    let list = match (kind, direction) {
        (ItemKind::Charge, Direction::Debit) => list
            .add(Treasury, [FEES_AND_INTEREST, CASH], Some(amount), "agreed charge of the bank")
            .add(App, [BANK_CHARGES, CLAIM], Some(amount), "agreed charge of the bank"),
        // It is the treasury's own until it is divided among leaves, so no app's claim grows with it.
        (ItemKind::Charge, Direction::Credit) => list.add(Treasury, [CASH, FEES_AND_INTEREST], Some(amount), "agreed interest of the bank"),
        (ItemKind::Internal, Direction::Debit) => list.add(Treasury, [IN_TRANSIT, CASH], Some(amount), "left for another account of ours"),
        (ItemKind::Internal, Direction::Credit) => list.add(Treasury, [CASH, INCOMING], Some(amount), "came from another account of ours"),
        (_, Direction::Debit) => {
            list.add(Treasury, [IN_TRANSIT, CASH], Some(amount), reason).add(App, [IN_TRANSIT, CLAIM], Some(amount), reason)
        }
        (kind, Direction::Credit) => {
            list.add(Treasury, [CASH, LEAF], Some(amount), "received").add(App, [CLAIM, receivable(kind)], Some(amount), "received")
        }
    };
    // A difference within the tolerance has an account of its own. More out or less in is a loss.
    let is_loss = (difference > 0) == (direction == Direction::Debit);
    let pair = if is_loss { [ROUNDING, CASH] } else { [CASH, ROUNDING] };
    list.add(Treasury, pair, beyond, "difference within the tolerance").0
}

const fn receivable(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Processor => "processor payout in transit",
        ItemKind::Store => "store receivable",
        _ => RECEIVABLE,
    }
}

fn money(like: Money, minor_units: i64) -> Option<Money> {
    Money::try_new(like.currency(), minor_units).ok()
}

/// What a case is about, as far as postings follow from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseAmounts {
    /// What was booked.
    pub booked: Money,
    pub direction: Direction,
    /// What was expected, in the same currency.
    pub expected: Option<Money>,
    pub kind: ItemKind,
}

/// What a case posts once it is agreed. Nothing where an answer of the bank or of a person decides first.
pub(crate) fn of_case(class: ExceptionClass, amounts: CaseAmounts) -> Vec<ProposedPosting> {
    let CaseAmounts { booked, direction, expected, kind } = amounts;
    let list = PostingList::default();
    let is_debit = direction == Direction::Debit;
    let unexplained = if is_debit { [SUSPENSE, CASH] } else { [CASH, UNALLOCATED] };
    let less = |one: Option<Money>, other: Option<Money>| one.zip(other).and_then(|(one, other)| one.checked_sub(other));
    match class {
        ExceptionClass::UnknownDebit
        | ExceptionClass::UnknownCredit
        | ExceptionClass::DuplicateDebit
        | ExceptionClass::CurrencyMismatch
        | ExceptionClass::ReferenceMismatch => list.add(Treasury, unexplained, Some(booked), "not explained yet").0,
        ExceptionClass::RejectedButDebited => {
            list.add(Treasury, [SUSPENSE, CASH], Some(booked), "claim on the bank: refused and debited").0
        }
        ExceptionClass::UnderAmount if is_debit => {
            list.add(Treasury, [IN_TRANSIT, CASH], Some(booked), "the debited part")
                .add(App, [IN_TRANSIT, CLAIM], Some(booked), "the debited part")
                .0
        }
        ExceptionClass::OverAmount if is_debit => {
            let excess = less(Some(booked), expected);
            list.add(Treasury, [IN_TRANSIT, CASH], expected, "the ordered part").add(Treasury, [SUSPENSE, CASH], excess, "the excess").0
        }
        ExceptionClass::UnderAmount => {
            let short = less(expected, Some(booked));
            list.add(Treasury, [CASH, LEAF], Some(booked), "the received part")
                .add(App, [CLAIM, receivable(kind)], Some(booked), "the received part")
                .add(App, [SUSPENSE, receivable(kind)], short, "what is missing")
                .0
        }
        ExceptionClass::OverAmount => {
            let excess = less(Some(booked), expected);
            list.add(Treasury, [CASH, LEAF], expected, "the expected part").add(Treasury, [CASH, UNALLOCATED], excess, "the excess").0
        }
        ExceptionClass::FeeNetted => fee_netted(amounts),
        ExceptionClass::SplitMismatch => list.add(Treasury, [LEAF, LEAF], Some(booked), "divided as the bank did").0,
        ExceptionClass::SettledThenReturned | ExceptionClass::ReturnDiffers if !is_debit => {
            let kept = less(expected, Some(booked));
            list.add(Treasury, [CASH, UNALLOCATED], Some(booked), "came back")
                .add(Treasury, [UNALLOCATED, LEAF], Some(booked), "came back")
                .add(App, [CLAIM, CREATOR_PAYABLE], Some(booked), "came back")
                .add(App, [RETURN_CHARGE, CREATOR_PAYABLE], kept, "kept on the way back")
                .0
        }
        // A receipt that was taken back.
        ExceptionClass::SettledThenReturned | ExceptionClass::ReturnDiffers => {
            list.add(Treasury, [LEAF, CASH], Some(booked), "taken back").add(App, [receivable(kind), CLAIM], Some(booked), "taken back").0
        }
        ExceptionClass::DebitedNotKnownSettled => settled(kind, direction, booked, 0),
        ExceptionClass::DuplicateStatement
        | ExceptionClass::Gap
        | ExceptionClass::Totals
        | ExceptionClass::VirtualNePhysical
        | ExceptionClass::LostInBank
        | ExceptionClass::SentNotDebited
        | ExceptionClass::ReceiptExpected
        | ExceptionClass::LateValue => Vec::new(),
    }
}

fn fee_netted(amounts: CaseAmounts) -> Vec<ProposedPosting> {
    let CaseAmounts { booked, direction, expected, kind } = amounts;
    let (list, reason) = (PostingList::default(), "fee that the bank states");
    let fee = expected.and_then(|expected| {
        let (more, less) = if direction == Direction::Debit { (booked, expected) } else { (expected, booked) };
        more.checked_sub(less)
    });
    if direction == Direction::Debit {
        return list
            .add(Treasury, [IN_TRANSIT, CASH], expected, "settled at the bank")
            .add(App, [IN_TRANSIT, CLAIM], expected, "settled at the bank")
            .add(Treasury, [FEES_AND_INTEREST, CASH], fee, reason)
            .add(App, [BANK_CHARGES, CLAIM], fee, reason)
            .0;
    }
    list.add(Treasury, [CASH, LEAF], Some(booked), "received")
        .add(App, [CLAIM, receivable(kind)], Some(booked), "received")
        .add(App, [BANK_CHARGES, receivable(kind)], fee, reason)
        .0
}
