//! Every error of a gift, and what the caller is answered.
use crate::{
    domain::{GiftRefusal, Malformed, Sending},
    wire::NotAGiftPosting,
};
use chart::Unit;
use ledger_client::{LedgerReason, NotPosted};
use tonic::{Code, Status};

/// The message for a LIVE book whose catalogue in force is the built-in one.
const NO_LIST: &str = "this LIVE book has no gifts of its own yet, so nothing was sent; its operator names a catalogue (gift.catalogue)";

/// The message for a refusal because of an account that is not the sender's.
const NOT_NOW: &str = "this creator can't receive gifts now; no coins were taken";

/// Why a gift wasn't sent, or isn't known to be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a gift at all.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Malformed(Vec<Malformed>),
    /// Our own rule said no, now or at the first attempt.
    #[error("{}", .refusal.reason())]
    Refused {
        /// The rule that was broken.
        refusal: GiftRefusal,
        /// Catalogue number as sent.
        gift_id: i64,
    },
    /// A LIVE book has no gifts to list: the catalogue in force is the built-in one.
    #[error("the built-in catalogue is for TEST books")]
    ListBuiltIn,
    /// The end of a streak that can't exist: its sender has no account of coins. Nothing was written.
    #[error("a user without an account of coins has no streak")]
    StreakUnknown,
    /// More ends of streaks than a viewer may send in an hour. Nothing was written.
    #[error("too many ends of streaks")]
    TooManyEnds(Box<Status>),
    /// A tap past the end of its streak.
    #[error("the streak ended")]
    StreakEnded {
        /// Number of taps that count, as reported by the ledger.
        cap: String,
        /// As sent.
        repeat_count: i32,
    },
    /// Not enough coins.
    #[error("not enough coins")]
    InsufficientFunds {
        /// Coins it takes.
        needed: String,
        /// Coins there are.
        available: String,
    },
    /// The ledger refused because of an account that is not the sender's. Whose it is, what state it is in and what limits it has is none of the sender's
    /// business, so all of these rules have one answer.
    #[error("{}: not because of the sender's account", .reason.name())]
    CreatorUnavailable {
        /// The rule that refused; the sender is not shown it.
        reason: LedgerReason,
        /// The creator of the gift.
        creator_id: String,
    },
    /// The ledger did not post it, or the outcome is unknown.
    #[error(transparent)]
    Ledger(#[from] NotPosted),
    /// The ledger's answer is not a gift's posting.
    #[error(transparent)]
    Unreadable(#[from] NotAGiftPosting),
}

impl Error {
    /// The ledger's refusal as an error of a gift.
    #[must_use]
    pub fn of_gift(not_posted: NotPosted, sending: &Sending<'_>) -> Self {
        let not_posted = not_posted.for_user(sending.sender, NOT_NOW);
        let Some(refusal) = not_posted.refusal() else { return Self::Ledger(not_posted) };
        let own = |refusal| Self::Refused { refusal, gift_id: sending.gift_id };
        if refusal.is_of_another(sending.sender) {
            return Self::CreatorUnavailable { reason: refusal.reason.clone(), creator_id: sending.creator.to_owned() };
        }
        match &refusal.reason {
            LedgerReason::Callers(reason) if reason == GiftRefusal::ListBuiltIn.reason() => own(GiftRefusal::ListBuiltIn),
            LedgerReason::Callers(reason) if reason == GiftRefusal::GiftUnknown.reason() => own(GiftRefusal::GiftUnknown),
            LedgerReason::Callers(reason) if reason == GiftRefusal::GiftNotStreakable.reason() => own(GiftRefusal::GiftNotStreakable),
            LedgerReason::GuardCapped => {
                Self::StreakEnded { cap: refusal.fact("cap"), repeat_count: sending.tap.map_or(0, |tap| tap.repeat_count) }
            }
            LedgerReason::InsufficientFunds => {
                Self::InsufficientFunds { needed: refusal.fact("needed"), available: refusal.fact("available") }
            }
            _ => Self::Ledger(not_posted),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed(malformed) => {
                let mut wrong = rpc::Violations::default();
                malformed.iter().for_each(|Malformed { field, why }| wrong.add(rpc::malformed(field, why)));
                wrong.into_status()
            }
            Error::StreakUnknown => {
                let message = "there are no taps to end, because a user without an account of coins can't have sent one; nothing was written, don't resend it";
                rpc::refused(Code::NotFound, "STREAK_UNKNOWN", message.to_owned(), &[])
            }
            Error::TooManyEnds(status) => *status,
            Error::Refused { refusal, gift_id } => {
                let why = match refusal {
                    GiftRefusal::ListBuiltIn => NO_LIST,
                    GiftRefusal::GiftUnknown => "no such gift is on sale",
                    GiftRefusal::GiftNotStreakable => "this gift is sent one by one, without a streak",
                };
                let code = match refusal {
                    GiftRefusal::GiftUnknown => Code::NotFound,
                    GiftRefusal::ListBuiltIn | GiftRefusal::GiftNotStreakable => Code::FailedPrecondition,
                };
                rpc::refused(code, refusal.reason(), why.to_owned(), &[("gift_id", gift_id.to_string())])
            }
            Error::ListBuiltIn => rpc::refused(Code::FailedPrecondition, GiftRefusal::ListBuiltIn.reason(), NO_LIST.to_owned(), &[]),
            Error::StreakEnded { cap, repeat_count } => {
                let why = format!("the streak ended at {cap} taps, this is tap {repeat_count}");
                rpc::refused(Code::FailedPrecondition, "STREAK_ENDED", why, &[("cap", cap), ("repeat_count", repeat_count.to_string())])
            }
            Error::InsufficientFunds { needed, available } => {
                let why = format!("{} needed, {available} available", Unit::Coin.fact_text(&needed));
                rpc::refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", why, &[("needed", needed), ("available", available)])
            }
            Error::CreatorUnavailable { reason: _, creator_id } => {
                rpc::refused(Code::FailedPrecondition, "CREATOR_UNAVAILABLE", NOT_NOW.to_owned(), &[("creator_id", creator_id)])
            }
            Error::Ledger(not_posted) => not_posted.into(),
            Error::Unreadable(_) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
