//! Kinds of postings: what happened, who may say so, and which accounts it debits and credits. Kinds are stored with every posting, and metrics are counted
//! by them, so a name never changes.

/// Who posts. Services by the name of their service; everybody else is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Poster {
    /// GiftService.
    Gift,
    /// PurchaseService.
    Purchase,
    /// EarningsService.
    Earnings,
    /// PayoutService.
    Payout,
    /// SupportService, for two members of staff.
    Support,
}

/// What a posting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// A viewer's gift to a creator.
    Gift,
    /// Coins bought in Apple's store.
    PurchaseApple,
    /// A paid receipt waits for its wallet, so that the wallet is not closed meanwhile. Moves nothing.
    ReceiptWait,
    /// Diamonds turned into money.
    Conversion,
    /// A payout's money is held.
    PayoutHold,
    /// The hold is posted: the durable intent to send it to the bank.
    PayoutSubmit,
    /// The bank paid.
    PayoutSettle,
    /// The bank did not pay; the money goes back.
    PayoutReject,
    /// The bank did not pay, and the account that the money came from is closed; it waits for staff.
    PayoutSuspend,
    /// Money moved by two members of staff.
    Adjustment,
    /// A posting undone by two members of staff.
    Reversal,
}

/// What a posting of a kind may look like.
#[derive(Debug, Clone, Copy)]
pub struct PostingRule {
    /// The kind.
    pub kind: PostingKind,
    /// Who posts it.
    pub poster: Poster,
    /// Its transfers, debit | credit, as lines of the trial balance with `¤` for a currency. Empty: of SupportService, any accounts, because people decide;
    /// of others, none.
    pub transfers: &'static [(&'static str, &'static str)],
}

/// Who may post what.
pub const POSTING_RULES: [PostingRule; 11] = [
    PostingRule {
        kind: PostingKind::Gift,
        poster: Poster::Gift,
        transfers: &[("viewer/*/coins", "house/coins/redeemed"), ("house/diamonds/issued", "creator/*/diamonds")],
    },
    PostingRule {
        kind: PostingKind::PurchaseApple,
        poster: Poster::Purchase,
        transfers: &[
            ("house/coins/issued", "viewer/*/coins"),
            ("house/coins/issued", "house/coins/suspense"),
            ("house/store_receivable/¤", "house/deferred_revenue/¤"),
            ("house/prepaid_commission/¤", "house/deferred_revenue/¤"),
        ],
    },
    PostingRule { kind: PostingKind::ReceiptWait, poster: Poster::Purchase, transfers: &[] },
    PostingRule {
        kind: PostingKind::Conversion,
        poster: Poster::Earnings,
        transfers: &[
            ("creator/*/diamonds", "house/diamonds/redeemed"),
            ("house/creator_cost/¤", "house/accrued_creator_liability/¤"),
            ("house/accrued_creator_liability/¤", "creator/*/payable/¤"),
            ("house/accrued_creator_liability/¤", "house/withholding_payable/¤"),
            ("house/accrued_creator_liability/¤", "house/fee_income/¤"),
        ],
    },
    PostingRule { kind: PostingKind::PayoutHold, poster: Poster::Payout, transfers: &[("creator/*/payable/¤", "house/in_transit/¤")] },
    PostingRule { kind: PostingKind::PayoutSubmit, poster: Poster::Payout, transfers: &[("creator/*/payable/¤", "house/in_transit/¤")] },
    PostingRule { kind: PostingKind::PayoutSettle, poster: Poster::Payout, transfers: &[("house/in_transit/¤", "house/bank_cash/¤")] },
    PostingRule { kind: PostingKind::PayoutReject, poster: Poster::Payout, transfers: &[("house/in_transit/¤", "creator/*/payable/¤")] },
    PostingRule { kind: PostingKind::PayoutSuspend, poster: Poster::Payout, transfers: &[("house/in_transit/¤", "house/suspense/¤")] },
    PostingRule { kind: PostingKind::Adjustment, poster: Poster::Support, transfers: &[] },
    PostingRule { kind: PostingKind::Reversal, poster: Poster::Support, transfers: &[] },
];

/// What the kinds of all postings for purchases begin with, whatever the store.
pub const PURCHASE_PREFIX: &str = "purchase.";

impl PostingKind {
    /// Every kind, in the order of [`POSTING_RULES`].
    pub const ALL: [Self; 11] = [
        Self::Gift,
        Self::PurchaseApple,
        Self::ReceiptWait,
        Self::Conversion,
        Self::PayoutHold,
        Self::PayoutSubmit,
        Self::PayoutSettle,
        Self::PayoutReject,
        Self::PayoutSuspend,
        Self::Adjustment,
        Self::Reversal,
    ];

    /// As stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gift => "gift",
            Self::PurchaseApple => "purchase.apple",
            Self::ReceiptWait => "receipt.wait",
            Self::Conversion => "conversion",
            Self::PayoutHold => "payout.hold",
            Self::PayoutSubmit => "payout.submit",
            Self::PayoutSettle => "payout.settle",
            Self::PayoutReject => "payout.reject",
            Self::PayoutSuspend => "payout.suspend",
            Self::Adjustment => "adjustment",
            Self::Reversal => "reversal",
        }
    }

    /// The kind of that name; `None` for one that services of this release don't post. Books hold others too, of imports and older programs.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its rule.
    #[must_use]
    pub fn rule(self) -> &'static PostingRule {
        POSTING_RULES.iter().find(|rule| rule.kind == self).expect("a test finds a rule for every kind")
    }

    /// Whether a posting of this kind may move from `debit` to `credit`.
    #[must_use]
    pub fn allows(self, debit: &crate::Account<'_>, credit: &crate::Account<'_>) -> bool {
        let rule = self.rule();
        let line = |account: &crate::Account<'_>| match account.unit() {
            crate::Unit::Currency(currency) => account.group().replace(currency.code(), "¤"),
            crate::Unit::Coin | crate::Unit::Diamond => account.group(),
        };
        let (debit, credit) = (line(debit), line(credit));
        rule.poster == Poster::Support || rule.transfers.iter().any(|(from, to)| *from == debit && *to == credit)
    }
}

#[cfg(test)]
mod tests;
