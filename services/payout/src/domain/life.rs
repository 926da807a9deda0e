//! A payout's public states and internal phases, their stored names, and which of them are final.

money::named! {
    /// A payout's public state (`PayoutState`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum PayoutState {
        /// Recorded; the hold is being placed.
        Requested = "requested",
        /// The money is held.
        Held = "held",
        /// The intent is durable; the message is in flight.
        Submitted = "submitted",
        /// The bank has it and has not decided.
        Accepted = "accepted",
        /// The bank's answer was lost.
        OutcomeUnknown = "outcome_unknown",
        /// Paid. Final.
        Settled = "settled",
        /// Refused by the bank; the money is back. Final.
        Rejected = "rejected",
        /// Held, while checks and people decide.
        InReview = "in_review",
        /// Held, until a rail opens or there is money to pay from.
        Queued = "queued",
        /// Paid, over a rail on which the receiving bank may still send it back as a matter of course.
        SettledReturnable = "settled_returnable",
        /// Cancelled before it was sent; the money is back. Final.
        Cancelled = "cancelled",
    }
}

money::named! {
    /// A payout's internal phase, which decides the next step.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum PayoutPhase {
        /// Next step: hold.
        Requested = "requested",
        /// The ledger refused the hold; this payout is not visible to anybody. Final.
        Refused = "refused",
        /// Next step: post the hold as the intent to submit.
        Held = "held",
        /// Next step: send.
        Intent = "intent",
        /// Being sent, or the sender crashed: only the bank knows.
        Sent = "sent",
        /// Next step: poll; the bank is processing it.
        Accepted = "accepted",
        /// Next step: poll; nothing is known.
        Unknown = "unknown",
        /// The bank paid. Next step: post it.
        Settling = "settling",
        /// The bank did not pay. Next step: give the money back.
        Returning = "returning",
        /// The bank did not pay, and the creator's account is closed. Next step: put the money in suspense.
        Suspending = "suspending",
        /// Final.
        Settled = "settled",
        /// Final.
        Rejected = "rejected",
        /// Next step: checks; waits for people.
        Review = "review",
        /// Next step: the same as after the hold, when it is due.
        Queued = "queued",
        /// Paid, and may come back as a matter of course until it is due.
        Returnable = "returnable",
        /// Somebody cancelled it. Next step: release the hold.
        Cancelling = "cancelling",
        /// Final.
        Cancelled = "cancelled",
        /// The person paid is on a sanctions list. Next step: put the money into blocked funds.
        Blocking = "blocking",
        /// The money is blocked by law. Final, but for a licence.
        Blocked = "blocked",
        /// Two people have recorded a licence. Next step: give the blocked money back.
        Unblocking = "unblocking",
        /// Final.
        Unblocked = "unblocked",
    }
}

impl PayoutState {
    /// The states in which a payout is in flight.
    pub const IN_FLIGHT: [Self; 7] =
        [Self::Requested, Self::Held, Self::InReview, Self::Queued, Self::Submitted, Self::Accepted, Self::OutcomeUnknown];

    /// Whether no other state follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Rejected | Self::Cancelled)
    }
}

impl PayoutPhase {
    /// Whether nothing remains to be done.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Settled | Self::Rejected | Self::Cancelled | Self::Blocked | Self::Unblocked)
    }

    /// Whether the hold is in place and nothing was submitted: the payout can be cancelled, and is not visible to any bank.
    #[must_use]
    pub fn is_before_submission(self) -> bool {
        matches!(self, Self::Held | Self::Review | Self::Queued)
    }

    /// The phase after the posting that ends this one. `returnable`: the rail's payments may still come back as a matter of course. None: no posting ends it.
    #[must_use]
    pub fn after_posting(self, returnable: bool) -> Option<Self> {
        match self {
            Self::Requested => Some(Self::Held),
            Self::Held | Self::Queued => Some(Self::Intent),
            Self::Settling if returnable => Some(Self::Returnable),
            Self::Settling => Some(Self::Settled),
            Self::Returning | Self::Suspending => Some(Self::Rejected),
            Self::Cancelling => Some(Self::Cancelled),
            Self::Blocking => Some(Self::Blocked),
            Self::Unblocking => Some(Self::Unblocked),
            Self::Refused
            | Self::Intent
            | Self::Sent
            | Self::Accepted
            | Self::Unknown
            | Self::Settled
            | Self::Rejected
            | Self::Review
            | Self::Returnable
            | Self::Cancelled
            | Self::Blocked
            | Self::Unblocked => None,
        }
    }

    /// The phase after the ledger has refused this one's posting, because the creator's account is closed for ever. None: it is tried again.
    #[must_use]
    pub fn after_closing(self) -> Option<Self> {
        (self == Self::Returning).then_some(Self::Suspending)
    }

    /// The public state on entering the phase. None: unchanged, since the money has not moved yet.
    #[must_use]
    pub fn shown(self) -> Option<PayoutState> {
        match self {
            Self::Requested => Some(PayoutState::Requested),
            Self::Held => Some(PayoutState::Held),
            Self::Intent | Self::Sent => Some(PayoutState::Submitted),
            Self::Accepted => Some(PayoutState::Accepted),
            Self::Unknown => Some(PayoutState::OutcomeUnknown),
            Self::Settled => Some(PayoutState::Settled),
            Self::Rejected | Self::Unblocked => Some(PayoutState::Rejected),
            // The person paid is not told why somebody looks at it, nor that it is blocked.
            Self::Review | Self::Blocking | Self::Blocked | Self::Unblocking => Some(PayoutState::InReview),
            Self::Queued => Some(PayoutState::Queued),
            Self::Returnable => Some(PayoutState::SettledReturnable),
            Self::Cancelled => Some(PayoutState::Cancelled),
            Self::Refused | Self::Settling | Self::Returning | Self::Suspending | Self::Cancelling => None,
        }
    }
}
