//! The chapter of the stores as text.
use crate::story::summary::{
    grouped,
    stores::{DeferredSummary, StoreCaseSummary, StoresSummary},
};

/// A line or two for each purchase that was paid back, a table of the stores, and what ties them together.
pub(super) fn stores(stores: &StoresSummary) -> Vec<String> {
    let mut lines: Vec<String> = stores.cases.iter().flat_map(case).collect();
    lines.push(format!(
        "{:<11}{:>14}{:>9}{:>13}{:>7}{:>13}{:>14}{:>14}",
        "store", "bought", "coins", "paid back", "coins", "it keeps", "it paid us", "it owes us"
    ));
    lines.extend(stores.stores.iter().map(|store| {
        format!(
            "{:<11}{:>14}{:>9}{:>13}{:>7}{:>13}{:>14}{:>14}",
            store.store,
            store.bought.to_string(),
            grouped(store.coins),
            store.refunded.plain(),
            grouped(store.refunded_coins),
            store.kept.plain(),
            store.paid.plain(),
            store.receivable.plain()
        )
    }));
    let receivables: Vec<String> =
        stores.receivables.iter().map(|(account, amount)| format!("{} {}", chart::account::below_root(account), amount.plain())).collect();
    lines.push(format!("by the ledger: {}", receivables.join(", ")));
    lines.extend(stores.deferred.iter().map(deferred));
    let coins = &stores.coins;
    lines.push(format!("coins: {} in wallets = {} left in lots by the journal", grouped(coins.wallets), grouped(coins.lots)));
    lines.push(format!("coins owed: {} in the ledger = {} by the wallets", grouped(coins.owed), grouped(coins.owed_by_wallets)));
    lines
}

fn case(case: &StoreCaseSummary) -> Vec<String> {
    let StoreCaseSummary { store, price, coins, spent, how, refunded, refunded_coins, held, taken, owed, .. } = case;
    let (coins, spent, refunded_coins) = (grouped(*coins), grouped(*spent), grouped(*refunded_coins));
    let held = if *held > 0 { format!(", {} were held", grouped(*held)) } else { String::new() };
    let owed = if *owed > 0 { format!(", {} are owed", grouped(*owed)) } else { String::new() };
    let mut lines = vec![
        format!("{store:<11}{:>14} for {coins} coins, {spent} spent; {how}: {refunded}", price.to_string()),
        format!("  {refunded_coins} coins go back{held}: {} out of the wallet{owed}", grouped(*taken)),
    ];
    lines.extend(paid_later(case));
    lines
}

/// What became of what is owed.
fn paid_later(case: &StoreCaseSummary) -> Option<String> {
    let refused = format!("a gift is refused: {}", case.gift_refused);
    let left = grouped(case.owed_in_the_end);
    match (case.owed, case.topped_up, case.owed_in_the_end) {
        (0, ..) => None,
        (_, 0, _) => Some(format!("  {refused}")),
        (_, topped_up, 0) => Some(format!("  a top-up of {} paid all of it", grouped(topped_up))),
        (_, topped_up, _) => Some(format!(
            "  a top-up of {} paid {} of it; {left} are still owed, and {refused}",
            grouped(topped_up),
            grouped(case.paid_by_top_up)
        )),
    }
}

fn deferred(deferred: &DeferredSummary) -> String {
    let DeferredSummary { ledger, lots, earned_today, refunds_to_post } = deferred;
    format!(
        "deferred: {ledger} in the ledger = {} of lots + {} earned today + {} of refunds to post",
        lots.plain(),
        earned_today.plain(),
        refunds_to_post.plain()
    )
}
