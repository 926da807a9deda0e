//! Which accounts a purchase debits and credits; nowhere else.

use chart::{Account, PostingKind, Purpose};
use ledger_client::PostingDraft;

use crate::domain::Purchase;

/// A store sale: coins are issued to the viewer, and what the store owes us and what it kept are revenue still to be earned. The store remits the tax, which is a
/// memo. A debt of the viewer is not settled from it yet. The fields are the stored purchase's, so that a retry and the sweeper send the same.
#[must_use]
pub fn sale(purchase: &Purchase) -> PostingDraft {
    let value = &purchase.value;
    let house = |purpose| Account::house(purpose, value.price.currency());
    PostingDraft::new(PostingKind::PurchaseApple, purchase.credit_id())
        .coins(Account::CoinsIssued, Account::viewer_coins(&purchase.user), value.coins)
        .money(house(Purpose::StoreReceivable), house(Purpose::DeferredRevenue), value.receivable())
        .money(house(Purpose::PrepaidCommission), house(Purpose::DeferredRevenue), value.commission)
        .field("purchase_id", purchase.purchase_id)
        .field("user_id", &purchase.user)
        .field("environment", &purchase.environment)
        .field("transaction_id", &purchase.transaction_id)
        .field("product_id", &purchase.product_id)
        .field("quantity", purchase.quantity)
        .field("tax_minor_units", value.tax.minor_units())
        .happened_at(purchase.purchased_at_ms)
}

#[cfg(test)]
mod tests;
