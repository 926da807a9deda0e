//! The rows.

use super::{GuardUse, Movement, Poster, PostingAct, PostingRule, RuleTransfers, Times, TransferRule};
use crate::{AccountClass, GuardFamily, PostingKind, Purpose};
use AccountClass::{
    CoinsIssued, CoinsRedeemed, CoinsSuspense, CreatorDiamonds, CreatorPayable, DiamondsIssued, DiamondsRedeemed, ViewerCoins, ViewerDebt,
};
use RuleTransfers::{Decided, Of};
use Times::{Any, AtMostOnce, Once};

const IN_TRANSIT: AccountClass = AccountClass::House(Purpose::InTransit);
const BANK_CASH: AccountClass = AccountClass::House(Purpose::BankCash);
const SUSPENSE: AccountClass = AccountClass::House(Purpose::Suspense);
const BLOCKED: AccountClass = AccountClass::House(Purpose::BlockedFunds);
const SPENDABLE: AccountClass = AccountClass::House(Purpose::BankSpendable);
const COMMITTED: AccountClass = AccountClass::House(Purpose::BankCommitted);
const CASH: AccountClass = AccountClass::House(Purpose::PhysicalCash);
const LEAF: AccountClass = AccountClass::House(Purpose::VirtualAccount);
const CLAIM: AccountClass = AccountClass::House(Purpose::AppClaim);
const COVER: AccountClass = AccountClass::House(Purpose::ClaimCover);
const PHYSICAL_CASH: AccountClass = AccountClass::House(Purpose::PhysicalCash);
const VIRTUAL: AccountClass = AccountClass::House(Purpose::VirtualAccount);
const ACCRUED: AccountClass = AccountClass::House(Purpose::AccruedCreatorLiability);
const DUE_FROM: AccountClass = AccountClass::House(Purpose::DueFrom);
const DUE_TO: AccountClass = AccountClass::House(Purpose::DueTo);
const BETWEEN: AccountClass = AccountClass::House(Purpose::BetweenAccounts);
const COMMISSION: AccountClass = AccountClass::House(Purpose::CommissionExpense);
const DEFERRED: &[AccountClass] = &[AccountClass::House(Purpose::DeferredRevenue)];
const REVENUE: AccountClass = AccountClass::House(Purpose::Revenue);
const BREAKAGE: AccountClass = AccountClass::House(Purpose::BreakageRevenue);
const CONTRA_REVENUE: AccountClass = AccountClass::House(Purpose::ContraRevenue);
const PREPAID: AccountClass = AccountClass::House(Purpose::PrepaidCommission);
const OF_STORE: AccountClass = AccountClass::House(Purpose::StoreReceivable);
const OF_PROCESSOR: AccountClass = AccountClass::House(Purpose::ProcessorReceivable);
const DISPUTED: AccountClass = AccountClass::House(Purpose::DisputedAmounts);
const DISPUTE_FEE: AccountClass = AccountClass::House(Purpose::DisputeFee);

const FX_POSITION: AccountClass = AccountClass::House(Purpose::FxPosition);
const WITHHELD: AccountClass = AccountClass::House(Purpose::WithholdingRecoverable);
const STORE_RESERVE: AccountClass = AccountClass::House(Purpose::StoreReserve);
const STORE_IN_TRANSIT: AccountClass = AccountClass::House(Purpose::StoreInTransit);
const SETTLEMENT_DIFFERENCE: AccountClass = AccountClass::House(Purpose::SettlementDifference);
/// Where what a store owes us goes to by its report, and comes back from where a corrected one says less.
const SETTLED: &[AccountClass] = &[
    COMMISSION,
    AccountClass::House(Purpose::ProcessorFee),
    AccountClass::House(Purpose::InputTax),
    CONTRA_REVENUE,
    WITHHELD,
    STORE_RESERVE,
    STORE_IN_TRANSIT,
    BANK_CASH,
    SETTLEMENT_DIFFERENCE,
];

const fn moved(debit: AccountClass, credit: &'static [AccountClass], times: Times) -> TransferRule {
    TransferRule { debit, credit, movement: Movement::Moves, times }
}

/// A rule for a kind that is posted by Post, sets no guard, leaves nothing balanced and compares no amounts.
const fn posted(kind: PostingKind, poster: Poster, transfers: &'static [TransferRule]) -> PostingRule {
    PostingRule { kind, poster, act: PostingAct::Post, transfers: Of(transfers), balanced: None, at_most: None, guards: &[] }
}

/// The end of a payout: the money in transit goes to these accounts.
const fn payout_end(kind: PostingKind, transfers: &'static [TransferRule]) -> PostingRule {
    PostingRule { guards: &[(GuardFamily::InFlight, GuardUse::Lowers)], ..posted(kind, Poster::Payout, transfers) }
}

/// A leaf's money with what covers the app's claim.
const LEAF_AND_COVER: &[TransferRule] = &[moved(LEAF, &[LEAF], Once), moved(COVER, &[COVER], Once)];

/// A step of a payout's reservation.
const fn reserved(kind: PostingKind) -> PostingRule {
    PostingRule { guards: &[(GuardFamily::Reservation, GuardUse::Sets)], ..posted(kind, Poster::Treasury, LEAF_AND_COVER) }
}

/// Coins, what the store owes for them, and what it kept.
const STORE_SALE: &[TransferRule] =
    &[moved(CoinsIssued, &[ViewerCoins, CoinsSuspense], Once), moved(OF_STORE, DEFERRED, AtMostOnce), moved(PREPAID, DEFERRED, AtMostOnce)];

/// A sale by a store that remits what it takes.
const fn store_sale(kind: PostingKind) -> PostingRule {
    let guards = &[(GuardFamily::Receipt, GuardUse::Raises), (GuardFamily::InFlight, GuardUse::Lowers)];
    PostingRule { guards, ..posted(kind, Poster::Purchase, STORE_SALE) }
}

/// A change of what a viewer owes: each follows the one before.
const fn of_debt(kind: PostingKind, transfers: &'static [TransferRule]) -> PostingRule {
    let guards = &[(GuardFamily::Refund, GuardUse::Sets), (GuardFamily::Debt, GuardUse::Sets)];
    PostingRule { guards, ..posted(kind, Poster::Purchase, transfers) }
}

/// A settlement of what a store owes us; each edition once.
const fn settled(kind: PostingKind, transfers: &'static [TransferRule]) -> PostingRule {
    PostingRule { guards: &[(GuardFamily::Settlement, GuardUse::Sets)], ..posted(kind, Poster::Purchase, transfers) }
}

/// Coins that are held for a refund.
const HELD_COINS: &[TransferRule] = &[TransferRule { movement: Movement::Resolves, ..moved(ViewerCoins, &[CoinsIssued], Once) }];

/// All rules. One row for each kind.
pub const POSTING_RULES: [PostingRule; 53] = [
    PostingRule {
        // No creator's rate is above one diamond for a coin.
        at_most: Some((DiamondsIssued, ViewerCoins)),
        guards: &[(GuardFamily::Streak, GuardUse::Advances)],
        ..posted(
            PostingKind::Gift,
            Poster::Gift,
            // A gift without its coins would create diamonds from nothing; a cheap gift may be worth no diamond.
            &[moved(ViewerCoins, &[CoinsRedeemed], Once), moved(DiamondsIssued, &[CreatorDiamonds], AtMostOnce)],
        )
    },
    store_sale(PostingKind::PurchaseApple),
    store_sale(PostingKind::PurchaseGoogle),
    PostingRule {
        guards: &[(GuardFamily::Receipt, GuardUse::Raises), (GuardFamily::InFlight, GuardUse::Lowers)],
        ..posted(
            PostingKind::PurchaseWeb,
            Poster::Purchase,
            &[
                moved(CoinsIssued, &[ViewerCoins, CoinsSuspense], Once),
                moved(AccountClass::House(Purpose::ProcessorReceivable), DEFERRED, AtMostOnce),
                moved(AccountClass::House(Purpose::ProcessorReceivable), &[AccountClass::House(Purpose::TaxPayable)], AtMostOnce),
            ],
        )
    },
    PostingRule {
        guards: &[(GuardFamily::Receipt, GuardUse::Sets), (GuardFamily::InFlight, GuardUse::Raises)],
        ..posted(PostingKind::ReceiptWait, Poster::Purchase, &[])
    },
    posted(
        PostingKind::RevenueDay,
        Poster::Purchase,
        // Backwards where a later edition of a day earns less.
        &[
            moved(AccountClass::House(Purpose::DeferredRevenue), &[REVENUE], AtMostOnce),
            moved(REVENUE, DEFERRED, AtMostOnce),
            moved(AccountClass::House(Purpose::DeferredRevenue), &[BREAKAGE], AtMostOnce),
            moved(BREAKAGE, DEFERRED, AtMostOnce),
            moved(COMMISSION, &[PREPAID], AtMostOnce),
            moved(PREPAID, &[COMMISSION], AtMostOnce),
        ],
    ),
    of_debt(
        PostingKind::RefundGranted,
        &[
            moved(ViewerCoins, &[CoinsIssued], AtMostOnce),
            moved(CoinsSuspense, &[CoinsIssued], AtMostOnce),
            moved(ViewerDebt, &[CoinsIssued], AtMostOnce),
        ],
    ),
    of_debt(
        PostingKind::RefundReversed,
        &[moved(CoinsIssued, &[ViewerCoins, CoinsSuspense], AtMostOnce), moved(CoinsIssued, &[ViewerDebt], AtMostOnce)],
    ),
    of_debt(
        PostingKind::RefundMoney,
        // Backwards for a refund that is taken back.
        &[
            moved(AccountClass::House(Purpose::DeferredRevenue), &[OF_STORE, OF_PROCESSOR, PREPAID], Any),
            moved(CONTRA_REVENUE, &[OF_STORE, OF_PROCESSOR, COMMISSION], Any),
            moved(AccountClass::House(Purpose::TaxPayable), &[OF_PROCESSOR], AtMostOnce),
            moved(OF_STORE, &[AccountClass::House(Purpose::DeferredRevenue), CONTRA_REVENUE], Any),
            moved(
                OF_PROCESSOR,
                &[AccountClass::House(Purpose::DeferredRevenue), CONTRA_REVENUE, AccountClass::House(Purpose::TaxPayable), DISPUTED],
                Any,
            ),
            // What a dispute that was lost takes was withdrawn before.
            moved(DISPUTED, &[OF_PROCESSOR], AtMostOnce),
            moved(PREPAID, DEFERRED, AtMostOnce),
            moved(COMMISSION, &[CONTRA_REVENUE], AtMostOnce),
        ],
    ),
    of_debt(PostingKind::RefundAsked, &[TransferRule { movement: Movement::Holds, ..moved(ViewerCoins, &[CoinsIssued], Once) }]),
    PostingRule { act: PostingAct::PostHold, ..posted(PostingKind::RefundTaken, Poster::Purchase, HELD_COINS) },
    PostingRule { act: PostingAct::VoidHold, ..posted(PostingKind::RefundReleased, Poster::Purchase, HELD_COINS) },
    of_debt(
        PostingKind::DisputeMoney,
        // Backwards where the processor gives back.
        &[
            moved(DISPUTED, &[OF_PROCESSOR], AtMostOnce),
            moved(DISPUTE_FEE, &[OF_PROCESSOR], AtMostOnce),
            moved(OF_PROCESSOR, &[DISPUTED, DISPUTE_FEE], Any),
        ],
    ),
    of_debt(PostingKind::DebtSettle, &[moved(ViewerCoins, &[ViewerDebt], Once)]),
    PostingRule {
        guards: &[(GuardFamily::Wallet, GuardUse::Sets)],
        ..posted(PostingKind::WalletForfeited, Poster::Purchase, &[moved(ViewerCoins, &[CoinsIssued], Once)])
    },
    PostingRule {
        guards: &[(GuardFamily::Wallet, GuardUse::Sets), (GuardFamily::Debt, GuardUse::Sets)],
        // What the first viewer owes, the second owes.
        ..posted(
            PostingKind::WalletMerged,
            Poster::Purchase,
            &[moved(ViewerCoins, &[ViewerCoins], AtMostOnce), moved(ViewerDebt, &[ViewerDebt], AtMostOnce)],
        )
    },
    settled(
        PostingKind::StoreSettle,
        &[
            moved(OF_STORE, SETTLED, Any),
            moved(FX_POSITION, SETTLED, Any),
            moved(FX_POSITION, &[OF_STORE], Any),
            moved(OF_STORE, &[FX_POSITION], Any),
            moved(COMMISSION, &[OF_STORE, FX_POSITION], Any),
            moved(CONTRA_REVENUE, &[OF_STORE, FX_POSITION], Any),
            moved(WITHHELD, &[OF_STORE, FX_POSITION], Any),
            moved(STORE_RESERVE, &[OF_STORE, FX_POSITION], Any),
            moved(STORE_IN_TRANSIT, &[OF_STORE, FX_POSITION], Any),
            moved(BANK_CASH, &[OF_STORE, FX_POSITION], Any),
            moved(SETTLEMENT_DIFFERENCE, &[OF_STORE, FX_POSITION], Any),
        ],
    ),
    settled(
        PostingKind::ProcessorSettle,
        &[
            moved(OF_PROCESSOR, SETTLED, Any),
            moved(FX_POSITION, SETTLED, Any),
            moved(FX_POSITION, &[OF_PROCESSOR], Any),
            moved(OF_PROCESSOR, &[FX_POSITION], Any),
            moved(AccountClass::House(Purpose::ProcessorFee), &[OF_PROCESSOR, FX_POSITION], Any),
            moved(AccountClass::House(Purpose::InputTax), &[OF_PROCESSOR, FX_POSITION], Any),
            moved(CONTRA_REVENUE, &[OF_PROCESSOR, FX_POSITION], Any),
            moved(WITHHELD, &[OF_PROCESSOR, FX_POSITION], Any),
            moved(STORE_RESERVE, &[OF_PROCESSOR, FX_POSITION], Any),
            moved(STORE_IN_TRANSIT, &[OF_PROCESSOR, FX_POSITION], Any),
            moved(BANK_CASH, &[OF_PROCESSOR, FX_POSITION], Any),
            moved(SETTLEMENT_DIFFERENCE, &[OF_PROCESSOR, FX_POSITION], Any),
        ],
    ),
    PostingRule {
        balanced: Some(ACCRUED),
        guards: &[(GuardFamily::Quote, GuardUse::Sets)],
        ..posted(
            PostingKind::Conversion,
            Poster::Earnings,
            &[
                moved(CreatorDiamonds, &[DiamondsRedeemed], Once),
                moved(AccountClass::House(Purpose::CreatorCost), &[ACCRUED], AtMostOnce),
                moved(ACCRUED, &[CreatorPayable], AtMostOnce),
                moved(ACCRUED, &[AccountClass::House(Purpose::WithholdingPayable)], AtMostOnce),
                moved(ACCRUED, &[AccountClass::House(Purpose::FeeIncome)], AtMostOnce),
            ],
        )
    },
    PostingRule {
        guards: &[(GuardFamily::InFlight, GuardUse::Raises)],
        ..posted(
            PostingKind::PayoutHold,
            Poster::Payout,
            &[TransferRule { movement: Movement::Holds, ..moved(CreatorPayable, &[IN_TRANSIT], Once) }],
        )
    },
    PostingRule {
        act: PostingAct::PostHold,
        ..posted(
            PostingKind::PayoutSubmit,
            Poster::Payout,
            &[TransferRule { movement: Movement::Resolves, ..moved(CreatorPayable, &[IN_TRANSIT], Once) }],
        )
    },
    payout_end(
        PostingKind::PayoutSettle,
        &[
            moved(IN_TRANSIT, &[BANK_CASH], Once),
            // Where the creator bears the cost; where we do, it is accrued until the bank bills it.
            moved(IN_TRANSIT, &[AccountClass::House(Purpose::FeeIncome)], AtMostOnce),
            moved(AccountClass::House(Purpose::PayoutCost), &[AccountClass::House(Purpose::AccruedBankFees)], AtMostOnce),
        ],
    ),
    payout_end(PostingKind::PayoutReject, &[moved(IN_TRANSIT, &[CreatorPayable], Once)]),
    payout_end(PostingKind::PayoutSuspend, &[moved(IN_TRANSIT, &[SUSPENSE], Once)]),
    PostingRule {
        act: PostingAct::VoidHold,
        ..payout_end(
            PostingKind::PayoutCancel,
            &[TransferRule { movement: Movement::Resolves, ..moved(CreatorPayable, &[IN_TRANSIT], Once) }],
        )
    },
    payout_end(PostingKind::PayoutBlock, &[moved(IN_TRANSIT, &[BLOCKED], Once)]),
    posted(PostingKind::PayoutUnblock, Poster::Payout, &[moved(BLOCKED, &[CreatorPayable, SUSPENSE], Once)]),
    posted(
        PostingKind::PayoutReturn,
        Poster::Payout,
        &[
            moved(BANK_CASH, &[CreatorPayable, SUSPENSE], Once),
            // What the returning bank kept, where we bear it.
            moved(AccountClass::House(Purpose::ReturnCharge), &[CreatorPayable, SUSPENSE], AtMostOnce),
        ],
    ),
    posted(
        PostingKind::PayoutRecallFee,
        Poster::Payout,
        // Ours, or the creator's who asked for the recall.
        &[moved(AccountClass::House(Purpose::RecallCost), &[BANK_CASH], AtMostOnce), moved(CreatorPayable, &[BANK_CASH], AtMostOnce)],
    ),
    posted(PostingKind::PayoutReserve, Poster::Payout, &[moved(SPENDABLE, &[COMMITTED], Once)]),
    posted(PostingKind::PayoutRelease, Poster::Payout, &[moved(COMMITTED, &[SPENDABLE], Once)]),
    PostingRule {
        guards: &[(GuardFamily::Twin, GuardUse::Sets)],
        ..posted(
            PostingKind::TreasuryTwin,
            Poster::Treasury,
            // Money that came, or money that left; each with what the app's book claims.
            &[
                moved(CASH, &[LEAF], AtMostOnce),
                moved(CLAIM, &[COVER], AtMostOnce),
                moved(LEAF, &[CASH], AtMostOnce),
                moved(COVER, &[CLAIM], AtMostOnce),
            ],
        )
    },
    posted(PostingKind::TreasuryReserve, Poster::Treasury, &[TransferRule { movement: Movement::Holds, ..moved(LEAF, &[LEAF], Once) }]),
    PostingRule {
        act: PostingAct::VoidHold,
        ..posted(
            PostingKind::TreasuryRelease,
            Poster::Treasury,
            &[TransferRule { movement: Movement::Resolves, ..moved(LEAF, &[LEAF], Once) }],
        )
    },
    // What covers the app's claim goes with the money, so that a leaf always has what it covers.
    reserved(PostingKind::TreasurySubmit),
    reserved(PostingKind::TreasuryReject),
    reserved(PostingKind::TreasuryBlock),
    reserved(PostingKind::TreasuryUnblock),
    posted(
        PostingKind::TreasuryLeafMove,
        Poster::Treasury,
        // Both sides of a loan, or of its repayment, are one transfer, so that the positions of the group add up to nothing.
        &[moved(LEAF, &[LEAF], Once), moved(DUE_FROM, &[DUE_TO], AtMostOnce), moved(DUE_TO, &[DUE_FROM], AtMostOnce)],
    ),
    posted(PostingKind::TreasuryInterest, Poster::Treasury, &[moved(DUE_FROM, &[DUE_TO], Once)]),
    posted(PostingKind::TreasuryAllocation, Poster::Treasury, &[moved(LEAF, &[LEAF], Any)]),
    posted(PostingKind::TreasurySweep, Poster::Treasury, &[moved(LEAF, &[LEAF], Once)]),
    // Each changes both accounts at once, so that the leaves of each are its cash and what is on its way to it at every moment.
    posted(PostingKind::TreasurySweepDebit, Poster::Treasury, &[moved(LEAF, &[CASH], Once), moved(BETWEEN, &[LEAF], Once)]),
    posted(PostingKind::TreasurySweepCredit, Poster::Treasury, &[moved(CASH, &[BETWEEN], Once), moved(LEAF, &[LEAF], Once)]),
    // A correction takes back what was booked before, and books the entry as what it turned out to be.
    posted(PostingKind::TreasuryEntry, Poster::Treasury, &[moved(CASH, &[LEAF], Any), moved(LEAF, &[CASH], Any)]),
    posted(PostingKind::TreasuryAdjustment, Poster::Treasury, &[moved(CASH, &[LEAF], Any), moved(LEAF, &[LEAF, CASH], Any)]),
    posted(PostingKind::TreasuryWriteOff, Poster::Treasury, &[moved(LEAF, &[LEAF, CASH], Any)]),
    posted(PostingKind::TreasuryMigration, Poster::Treasury, &[moved(PHYSICAL_CASH, &[VIRTUAL], Once)]),
    posted(
        PostingKind::TreasuryMove,
        Poster::Treasury,
        // Without either of them one account's leaves would not be its cash.
        &[moved(VIRTUAL, &[PHYSICAL_CASH], Once), moved(PHYSICAL_CASH, &[VIRTUAL], Once)],
    ),
    posted(PostingKind::TreasuryReceipt, Poster::Treasury, &[moved(PHYSICAL_CASH, &[VIRTUAL], Once)]),
    PostingRule { transfers: Decided, ..posted(PostingKind::Adjustment, Poster::Support, &[]) },
    PostingRule { transfers: Decided, act: PostingAct::Reverse, ..posted(PostingKind::Reversal, Poster::Support, &[]) },
    posted(PostingKind::BenchCoins, Poster::Bench, &[moved(CoinsIssued, &[ViewerCoins], Any)]),
];
