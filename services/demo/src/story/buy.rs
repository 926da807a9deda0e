//! BUY: viewers buy coins in the pretend store; the store pays us; a receipt that somebody else redeemed buys nothing.
use super::{
    StoryTelling,
    bank::{CURRENCIES, OurAccount},
    books,
    summary::{BuySummary, SummaryAmount},
};
use crate::{installation::explained, shop::Shop};
use api::purchase::{ListPurchasesRequest, Purchase, PurchaseState};
use chart::{Account, Purpose};
use futures::{StreamExt as _, TryStreamExt as _};
use identity::Role;
use runtime::command::UntypedError;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Buyers served at the same time.
const BUYERS_AT_ONCE: usize = 32;
/// What the treasury adds to our euro account, in minor units: payouts in a currency in which nobody bought coins need other funds.
const EURO_FUNDING: i64 = 5_000_000;
/// The part of a price that app stores keep, in percent, as `purchase.store_commission_basis_points` is by default.
const COMMISSION_PERCENT: i64 = 30;

/// What app stores keep of a price, in minor units.
pub fn commission(price: i64) -> i64 {
    price * COMMISSION_PERCENT / 100
}

/// Buys everybody's coins.
pub async fn buy(story: &mut StoryTelling) -> Result<BuySummary, UntypedError> {
    open_accounts(story).await?;
    let shop = Shop::open(&story.installation).await?;
    let needs: Vec<(String, i64)> = story.plan.buyers.iter().cloned().zip(story.plan.needs()).collect();
    let (shop_ref, bar) = (&shop, &story.bar);
    let bought = futures::stream::iter(needs).map(|(buyer, coins)| async move {
        let bought = shop_ref.buy(&buyer, coins).await;
        bar.inc(1);
        bought
    });
    let bought: Vec<Vec<Purchase>> = bought.buffer_unordered(BUYERS_AT_ONCE).try_collect().await?;
    let counted = bought.iter().map(Vec::len).sum::<usize>() + 1;
    let stolen = steal(story, &shop).await?;
    let purchases = purchases(story, story.plan.buyers.clone()).await?;
    story.same("purchases", counted, purchases.len());
    let coins: i64 = purchases.iter().map(|purchase| purchase.coins).sum();
    let sums = books::sums(&story.installation).await?;
    story.same("coins of all purchases and coins issued", coins, -sums.balance(&Account::CoinsIssued.name()));
    let (mut gross, mut kept): (BTreeMap<String, i64>, BTreeMap<String, i64>) = Default::default();
    for price in purchases.iter().filter_map(|purchase| purchase.price.as_ref()) {
        *gross.entry(price.currency_code.clone()).or_default() += price.minor_units;
        *kept.entry(price.currency_code.clone()).or_default() += commission(price.minor_units);
    }
    for (currency, minor_units) in &gross {
        let account = books::money_account(Purpose::DeferredRevenue, currency);
        story.same(&format!("gross and deferred revenue in {currency}"), *minor_units, sums.balance(&account));
    }
    let settled = settle(story, &sums).await?;
    Ok(BuySummary {
        buyers: story.plan.buyers.len(),
        purchases: purchases.len(),
        gross: SummaryAmount::list(gross)?,
        commission: SummaryAmount::list(kept)?,
        coins,
        replayed_receipt_refused: stolen,
        store_settlement: settled,
        treasury_funding: SummaryAmount::try_new("EUR", EURO_FUNDING)?,
    })
}

/// Posts what the bank held for us before the story as the treasury's money.
async fn open_accounts(story: &StoryTelling) -> Result<(), UntypedError> {
    for account in OurAccount::all() {
        let there = story.bank.balance(account).await?;
        if there > 0 {
            fund(story, account, there).await?;
        }
    }
    Ok(())
}

async fn fund(story: &StoryTelling, account: OurAccount, minor_units: i64) -> Result<(), UntypedError> {
    let treasury = books::money_account(Purpose::Treasury, account.currency);
    books::post(&story.installation, "treasury.funding", account.cash(), treasury, minor_units).await
}

/// A receipt is redeemed by its buyer, then presented by somebody else. Returns the reason of the refusal.
async fn steal(story: &mut StoryTelling, shop: &Shop) -> Result<String, UntypedError> {
    let (buyer, thief) = (story.plan.buyers[0].clone(), story.plan.buyers[1].clone());
    let receipt = shop.sell(&buyer, shop.smallest(), 1).await?;
    shop.redeem(&buyer, &receipt).await??;
    let reason = match shop.redeem(&thief, &receipt).await? {
        Ok(_) => "none: it was credited".to_owned(),
        Err(status) => rpc::reason(&status).unwrap_or_else(|| status.to_string()),
    };
    story.expect("a receipt presented by another user is refused with RECEIPT_OTHER_ACCOUNT", reason == "RECEIPT_OTHER_ACCOUNT", &reason);
    Ok(reason)
}

/// Every credited purchase of these users, as support sees it.
pub async fn purchases(story: &StoryTelling, users: Vec<String>) -> Result<Vec<Purchase>, UntypedError> {
    let token = story.installation.token("support", Role::Support)?;
    let lists = futures::stream::iter(users).map(|user_id| {
        let (token, installation) = (&token, &story.installation);
        async move {
            let request = ListPurchasesRequest { user_id, page_size: 200, ..Default::default() };
            let page = installation.purchase().list_purchases(explained(request, token, "demo: who bought what")?).await?.into_inner();
            if page.next_page_token.is_empty() {
                Ok(page.purchases)
            } else {
                Err(UntypedError::from("a buyer has more purchases than a page"))
            }
        }
    });
    let lists: Vec<Vec<Purchase>> = lists.buffer_unordered(BUYERS_AT_ONCE).try_collect().await?;
    Ok(lists.into_iter().flatten().filter(|purchase| purchase.state() == PurchaseState::Credited).collect())
}

/// The store pays what it owes us, and the treasury tops up our euros.
async fn settle(story: &StoryTelling, sums: &books::BookSums) -> Result<Vec<SummaryAmount>, UntypedError> {
    let mut settled = BTreeMap::new();
    for currency in CURRENCIES {
        let receivable = books::money_account(Purpose::StoreReceivable, currency);
        let owed = -sums.balance(&receivable);
        if owed > 0 {
            story.bank.deposit(currency, owed, &format!("app store {}", Uuid::now_v7())).await?;
            books::post(&story.installation, "store.settlement", books::money_account(Purpose::BankCash, currency), receivable, owed)
                .await?;
            settled.insert(currency.to_owned(), owed);
        }
    }
    story.bank.deposit("EUR", EURO_FUNDING, &format!("treasury {}", Uuid::now_v7())).await?;
    fund(story, OurAccount::main("EUR"), EURO_FUNDING).await?;
    SummaryAmount::list(settled)
}
