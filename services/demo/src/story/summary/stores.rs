//! What was bought in which store and paid back, and what the services say of it in the end.
use super::SummaryAmount;
use serde::Serialize;

/// One purchase and its refund.
#[derive(Debug, Serialize)]
pub struct StoreCaseSummary {
    pub store: String,
    pub price: SummaryAmount,
    pub coins: i64,
    /// Coins that were spent before the refund.
    pub spent: i64,
    /// How it was paid back, in a few words.
    pub how: String,
    pub refunded: SummaryAmount,
    /// Coins that went back for it.
    pub refunded_coins: i64,
    /// Coins that were held before it was decided.
    pub held: i64,
    /// Those that went back out of the wallet.
    pub taken: i64,
    /// Those that were owed, since they were spent.
    pub owed: i64,
    /// Coins that were bought after that, and how many of them paid for what was owed.
    pub topped_up: i64,
    pub paid_by_top_up: i64,
    pub owed_in_the_end: i64,
    /// The reason with which a gift was refused because coins were owed; empty: none were.
    pub gift_refused: String,
}

/// One store, over all purchases of the book.
#[derive(Debug, Serialize)]
pub struct StoreSummary {
    pub store: String,
    pub purchases: usize,
    pub bought: SummaryAmount,
    pub coins: i64,
    pub refunded: SummaryAmount,
    pub refunded_coins: i64,
    /// What the store keeps of it, and charges.
    pub kept: SummaryAmount,
    /// What it paid us.
    pub paid: SummaryAmount,
    /// What it owes us by the ledger; below zero, we owe it.
    pub receivable: SummaryAmount,
}

/// Deferred revenue of a currency, according to both sides.
#[derive(Debug, Serialize)]
pub struct DeferredSummary {
    pub ledger: SummaryAmount,
    /// What coin lots have not earned.
    pub lots: SummaryAmount,
    /// What today's gifts earned; it is posted as revenue when the day is over.
    pub earned_today: SummaryAmount,
    /// What refunds took out of lots and is about to be posted.
    pub refunds_to_post: SummaryAmount,
}

/// Coins of all viewers, according to all sides.
#[derive(Debug, Serialize)]
pub struct ViewerCoinsSummary {
    /// In wallets, by the ledger.
    pub wallets: i64,
    /// In coin lots.
    pub lots: i64,
    /// Owed, by the ledger.
    pub owed: i64,
    /// Owed, by the purchase service.
    pub owed_by_wallets: i64,
}

/// All stores.
#[derive(Debug, Serialize)]
pub struct StoresSummary {
    pub cases: Vec<StoreCaseSummary>,
    pub stores: Vec<StoreSummary>,
    /// What the ledger has as owed by stores, by account.
    pub receivables: Vec<(String, SummaryAmount)>,
    pub deferred: Vec<DeferredSummary>,
    pub coins: ViewerCoinsSummary,
    /// Purchases of the book.
    pub purchases: usize,
}
