//! Kinds of postings: what happened. Kinds are stored with every posting, and metrics are counted by them, so a name never changes. Who posts a kind, and
//! between which accounts, is in [`crate::posters`].

/// What a posting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// A viewer's gift to a creator.
    Gift,
    /// Coins bought in Apple's store.
    PurchaseApple,
    /// Coins bought at Google Play.
    PurchaseGoogle,
    /// Coins bought on our own page, paid to us through a card processor or a wallet.
    PurchaseWeb,
    /// A paid receipt waits for its wallet, so that the wallet is not closed meanwhile. Moves nothing.
    ReceiptWait,
    /// What was earned of sales by the coins that were spent on a day.
    RevenueDay,
    /// A store paid a buyer back: coins go back, those that are not there as debt.
    RefundGranted,
    /// A store took a refund back: the coins come back.
    RefundReversed,
    /// What a refund does to revenue, deferred revenue, tax and what the store owes us.
    RefundMoney,
    /// Coins of a purchase are held while it is not decided whether they are taken back.
    RefundAsked,
    /// Held coins are taken back: what they were held for was granted.
    RefundTaken,
    /// Held coins are released.
    RefundReleased,
    /// What a card processor withdraws for a payment that its buyer disputes, with its fee, or gives back.
    DisputeMoney,
    /// Coins of a viewer who owes some pay for the debt.
    DebtSettle,
    /// Coins of a wallet that is being closed are taken away: nobody gets them, and what was deferred of their price is breakage.
    WalletForfeited,
    /// Everything that a viewer has and owes becomes another viewer's, who is the same person.
    WalletMerged,
    /// What an app store owes us is settled by its report.
    StoreSettle,
    /// What a card processor or a wallet owes us is settled by its report.
    ProcessorSettle,
    /// Diamonds turned into money.
    Conversion,
    /// A payout's money is held.
    PayoutHold,
    /// The hold is posted: the durable intent to send it to the bank.
    PayoutSubmit,
    /// The bank paid.
    PayoutSettle,
    /// The bank did not pay; the money is returned.
    PayoutReject,
    /// The bank did not pay, and the account of the money is closed; it waits for staff.
    PayoutSuspend,
    /// A payout was cancelled before it was sent; the hold is released.
    PayoutCancel,
    /// The person paid is on a sanctions list: the money is blocked.
    PayoutBlock,
    /// Two people recorded a licence for blocked money: it goes back to the creator.
    PayoutUnblock,
    /// Money of a settled payout came back.
    PayoutReturn,
    /// A bank charges for a recall.
    PayoutRecallFee,
    /// A payout reserves money of the bank account that pays it.
    PayoutReserve,
    /// A payout that was not executed, or whose money came back, gives up its reservation.
    PayoutRelease,
    /// The treasury book's side of an app's posting that moved money at the bank.
    TreasuryTwin,
    /// A payout's money is held on the leaf that pays it, before the payout is submitted.
    TreasuryReserve,
    /// The hold is released: its payout was not submitted, or what it held is in transit by now.
    TreasuryRelease,
    /// A payout with a reservation was submitted: its money goes from the leaf into transit.
    TreasurySubmit,
    /// A payout in transit was not executed: its money goes back to the leaf.
    TreasuryReject,
    /// The payee of a payout in transit is on a sanctions list: its money is blocked.
    TreasuryBlock,
    /// A licence frees blocked money: it goes back to the leaf.
    TreasuryUnblock,
    /// Money moved from one leaf of a physical bank account to another; between legal entities, also the loan or the repayment that this is.
    TreasuryLeafMove,
    /// Interest on what one legal entity of the group owes another.
    TreasuryInterest,
    /// Interest or fees of a physical bank account, divided among its leaves.
    TreasuryAllocation,
    /// Money is set aside on its account for another of our physical accounts, or given back because it was not sent.
    TreasurySweep,
    /// Money left a physical account for another of ours.
    TreasurySweepDebit,
    /// Money of another of our physical accounts arrived.
    TreasurySweepCredit,
    /// What a bank's statement shows and nobody ordered: its fee, money from an unknown payer, a debit that nobody can explain.
    TreasuryEntry,
    /// Two members of staff explained a case of a bank's statement.
    TreasuryAdjustment,
    /// Two members of staff gave up money of a case: a leaf bears the loss.
    TreasuryWriteOff,
    /// An old bank account's balance is imported into the treasury's book.
    TreasuryMigration,
    /// An old bank account's balance arrived at the physical account of its leaf.
    TreasuryMove,
    /// Money came to one of our bank accounts.
    TreasuryReceipt,
    /// Money moved by two members of staff.
    Adjustment,
    /// A posting reversed by two members of staff.
    Reversal,
    /// Coins for the viewers of `largesse bench`, in TEST books.
    BenchCoins,
}

/// The prefix of the kinds of all postings for purchases, whatever the store.
pub const PURCHASE_PREFIX: &str = "purchase.";

impl PostingKind {
    /// Every kind, in the order of [`crate::posters::POSTING_RULES`].
    pub const ALL: [Self; 53] = [
        Self::Gift,
        Self::PurchaseApple,
        Self::PurchaseGoogle,
        Self::PurchaseWeb,
        Self::ReceiptWait,
        Self::RevenueDay,
        Self::RefundGranted,
        Self::RefundReversed,
        Self::RefundMoney,
        Self::RefundAsked,
        Self::RefundTaken,
        Self::RefundReleased,
        Self::DisputeMoney,
        Self::DebtSettle,
        Self::WalletForfeited,
        Self::WalletMerged,
        Self::StoreSettle,
        Self::ProcessorSettle,
        Self::Conversion,
        Self::PayoutHold,
        Self::PayoutSubmit,
        Self::PayoutSettle,
        Self::PayoutReject,
        Self::PayoutSuspend,
        Self::PayoutCancel,
        Self::PayoutBlock,
        Self::PayoutUnblock,
        Self::PayoutReturn,
        Self::PayoutRecallFee,
        Self::PayoutReserve,
        Self::PayoutRelease,
        Self::TreasuryTwin,
        Self::TreasuryReserve,
        Self::TreasuryRelease,
        Self::TreasurySubmit,
        Self::TreasuryReject,
        Self::TreasuryBlock,
        Self::TreasuryUnblock,
        Self::TreasuryLeafMove,
        Self::TreasuryInterest,
        Self::TreasuryAllocation,
        Self::TreasurySweep,
        Self::TreasurySweepDebit,
        Self::TreasurySweepCredit,
        Self::TreasuryEntry,
        Self::TreasuryAdjustment,
        Self::TreasuryWriteOff,
        Self::TreasuryMigration,
        Self::TreasuryMove,
        Self::TreasuryReceipt,
        Self::Adjustment,
        Self::Reversal,
        Self::BenchCoins,
    ];

    /// The name that is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gift => "gift",
            Self::PurchaseApple => "purchase.apple",
            Self::PurchaseGoogle => "purchase.google",
            Self::PurchaseWeb => "purchase.web",
            Self::ReceiptWait => "receipt.wait",
            Self::RevenueDay => "revenue.day",
            Self::RefundGranted => "refund.granted",
            Self::RefundReversed => "refund.reversed",
            Self::RefundMoney => "refund.money",
            Self::RefundAsked => "refund.asked",
            Self::RefundTaken => "refund.taken",
            Self::RefundReleased => "refund.released",
            Self::DisputeMoney => "dispute.money",
            Self::DebtSettle => "debt.settle",
            Self::WalletForfeited => "wallet.forfeited",
            Self::WalletMerged => "wallet.merged",
            Self::StoreSettle => "store.settle",
            Self::ProcessorSettle => "processor.settle",
            Self::Conversion => "conversion",
            Self::PayoutHold => "payout.hold",
            Self::PayoutSubmit => "payout.submit",
            Self::PayoutSettle => "payout.settle",
            Self::PayoutReject => "payout.reject",
            Self::PayoutSuspend => "payout.suspend",
            Self::PayoutCancel => "payout.cancel",
            Self::PayoutBlock => "payout.block",
            Self::PayoutUnblock => "payout.unblock",
            Self::PayoutReturn => "payout.return",
            Self::PayoutRecallFee => "payout.recall_fee",
            Self::PayoutReserve => "payout.reserve",
            Self::PayoutRelease => "payout.release",
            Self::TreasuryTwin => "treasury.twin",
            Self::TreasuryReserve => "treasury.reserve",
            Self::TreasuryRelease => "treasury.release",
            Self::TreasurySubmit => "treasury.submit",
            Self::TreasuryReject => "treasury.reject",
            Self::TreasuryBlock => "treasury.block",
            Self::TreasuryUnblock => "treasury.unblock",
            Self::TreasuryLeafMove => "treasury.leaf_move",
            Self::TreasuryInterest => "treasury.interest",
            Self::TreasuryAllocation => "treasury.allocation",
            Self::TreasurySweep => "treasury.sweep",
            Self::TreasurySweepDebit => "treasury.sweep_debit",
            Self::TreasurySweepCredit => "treasury.sweep_credit",
            Self::TreasuryEntry => "treasury.entry",
            Self::TreasuryAdjustment => "treasury.adjustment",
            Self::TreasuryWriteOff => "treasury.write_off",
            Self::TreasuryMigration => "treasury.migration",
            Self::TreasuryMove => "treasury.move",
            Self::TreasuryReceipt => "treasury.receipt",
            Self::Adjustment => "adjustment",
            Self::Reversal => "reversal",
            Self::BenchCoins => "bench.coins",
        }
    }

    /// The kind of that name; `None` for one that services of this release don't post. Books have others too, from imports and older programs.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests;
