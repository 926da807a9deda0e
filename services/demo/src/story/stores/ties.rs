//! What the services say when everything is settled: purchases by store, the ledger's receivables by store, deferred revenue, debts, and the coins of lots and
//! wallets; each beside what a count of what was done comes to.
use super::{EndedCase, cases::price, name, paid_back, until};
use crate::{
    installation::{authorised, explained},
    story::{
        StoryTelling,
        books::{self, BookSums},
        buy,
        summary::{
            BuySummary, SummaryAmount,
            stores::{DeferredSummary, StoreCaseSummary, StoreSummary, StoresSummary, ViewerCoinsSummary},
        },
    },
};
use api::{
    ledger::{Entry, GetPostingRequest},
    purchase::{GetDeferredRevenueResponse, ListLotsRequest, Purchase, StoreKind},
    r#type::Money,
};
use chart::{
    Account, PostingKind, Purpose,
    account::{ALL_VIEWER_COINS, ALL_VIEWER_DEBT},
    kind::PURCHASE_PREFIX,
};
use identity::Role;
use runtime::command::UntypedError;
use std::collections::BTreeMap;

/// The stores and the currency in which the story buys there, in the order in which they are shown.
const STORES: [(StoreKind, &str); 5] = [
    (StoreKind::Apple, "USD"),
    (StoreKind::Google, "USD"),
    (StoreKind::Stripe, "USD"),
    (StoreKind::Alipay, "CNY"),
    (StoreKind::Wechat, "CNY"),
];
/// Currencies in which stores sell.
const CURRENCIES: [&str; 2] = ["USD", "CNY"];
/// What stores owe is in one of these.
const RECEIVABLES: [Purpose; 2] = [Purpose::StoreReceivable, Purpose::ProcessorReceivable];
/// Why single postings are read.
const WHY: &str = "demo: which store owes what";

/// Sums of one store, in minor units of its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct StoreCount {
    purchases: usize,
    bought: i64,
    coins: i64,
    refunded: i64,
    refunded_coins: i64,
    kept: i64,
    paid: i64,
}

/// The sums of the stores, by their names.
type StoreCounts = BTreeMap<&'static str, StoreCount>;

impl StoreCount {
    fn receivable(self) -> i64 {
        self.bought - self.refunded - self.kept - self.paid
    }
}

/// The account of what a store owes.
fn account(store: StoreKind, currency: &str) -> String {
    let is_app_store = matches!(store, StoreKind::Apple | StoreKind::Google);
    books::money_account(if is_app_store { Purpose::StoreReceivable } else { Purpose::ProcessorReceivable }, currency)
}

/// Waits until everything is posted, reads it all back, and compares.
pub(super) async fn ties(
    story: &mut StoryTelling,
    buy: &BuySummary,
    ended: &[EndedCase],
    cases: Vec<StoreCaseSummary>,
) -> Result<StoresSummary, UntypedError> {
    let buyers = ended.iter().map(|case| case.plan.user.to_owned());
    let users: Vec<String> = story.plan.buyers.iter().cloned().chain(buyers).collect();
    let counted = counted(buy, ended)?;
    let sums = settled(story, &counted).await?;
    let purchases = buy::purchases(story, users).await?;
    let by_store = by_store(&purchases);
    let issued = books::entries(&story.installation, &Account::CoinsIssued.name()).await?;
    let sales = issued.iter().filter(|entry| entry.kind.starts_with(PURCHASE_PREFIX)).count();
    story.same("purchases listed, and sales that issued coins in the ledger", purchases.len(), sales);
    let receivables = receivables(story, &sums, &purchases).await?;
    let mut stores = Vec::new();
    for (store, currency) in STORES {
        let of = |counts: &StoreCounts| counts.get(name(store)).copied().unwrap_or_default();
        let (ours, theirs) = (of(&counted), of(&by_store));
        let what = |what: &str| format!("{}: {what} as counted, and by its purchases", name(store));
        story.same(&what("purchases"), ours.purchases, theirs.purchases);
        story.same(&what("sum of prices"), ours.bought, theirs.bought);
        story.same(&what("coins bought"), ours.coins, theirs.coins);
        story.same(&what("sum of refunds"), ours.refunded, theirs.refunded);
        story.same(&what("coins refunded"), ours.refunded_coins, theirs.refunded_coins);
        let in_ledger = receivables.get(name(store)).copied().unwrap_or(0);
        story.same(&format!("{}: what it owes us as counted, and by the ledger", name(store)), ours.receivable(), in_ledger);
        let amount = |minor_units| SummaryAmount::try_new(currency, minor_units);
        stores.push(StoreSummary {
            store: name(store).to_owned(),
            purchases: theirs.purchases,
            bought: amount(theirs.bought)?,
            coins: theirs.coins,
            refunded: amount(theirs.refunded)?,
            refunded_coins: theirs.refunded_coins,
            kept: amount(ours.kept)?,
            paid: amount(ours.paid)?,
            receivable: amount(in_ledger)?,
        });
    }
    Ok(StoresSummary {
        cases,
        receivables: by_account(story, &sums, &stores)?,
        stores,
        deferred: deferred(story, &sums, buy, ended).await?,
        coins: coins(story, &sums, ended).await?,
        purchases: purchases.len(),
    })
}

/// What was done, by store.
fn counted(buy: &BuySummary, ended: &[EndedCase]) -> Result<StoreCounts, UntypedError> {
    let of_buy = StoreCount {
        purchases: buy.purchases,
        bought: buy.gross.iter().map(|amount| amount.minor_units).sum(),
        coins: buy.coins,
        kept: buy.commission.iter().map(|amount| amount.minor_units).sum(),
        paid: buy.store_settlement.iter().map(|amount| amount.minor_units).sum(),
        ..StoreCount::default()
    };
    let mut counted = StoreCounts::from([(name(StoreKind::Apple), of_buy)]);
    for case in ended {
        if let Some(package) = &case.top_up {
            let (price, apple) = (price(package)?.0, counted.entry(name(StoreKind::Apple)).or_default());
            apple.purchases += 1;
            apple.bought += price;
            apple.coins += package.coins;
            apple.kept += buy::commission(price);
        }
        let (count, of) = (case.count, counted.entry(name(case.plan.store)).or_default());
        of.purchases += 1;
        of.bought += count.price;
        of.coins += count.coins;
        of.refunded += count.refunded;
        of.refunded_coins += count.refunded_coins;
        of.kept += count.kept;
    }
    Ok(counted)
}

/// The trial balance once what stores owe is as it was counted, or after too long.
async fn settled(story: &StoryTelling, counted: &StoreCounts) -> Result<BookSums, UntypedError> {
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for (store, currency) in STORES {
        *expected.entry(account(store, currency)).or_default() += counted.get(name(store)).map_or(0, |count| count.receivable());
    }
    let holds = |sums: &BookSums| expected.iter().all(|(account, owed)| -sums.balance(account) == *owed);
    until(async || books::sums(&story.installation).await, holds).await
}

/// Purchases by store, as they are listed.
fn by_store(purchases: &[Purchase]) -> StoreCounts {
    let mut counts = StoreCounts::new();
    let minor_units = |money: &Option<Money>| money.as_ref().map_or(0, |money| money.minor_units);
    for purchase in purchases {
        let of = counts.entry(name(purchase.store_kind())).or_default();
        of.purchases += 1;
        of.bought += minor_units(&purchase.price);
        of.coins += purchase.coins;
        of.refunded += paid_back(purchase);
        of.refunded_coins += purchase.refunded_coins;
    }
    counts
}

/// What each store owes us, by the ledger's entries: each is of a purchase, of a refund or a dispute of one, or of what the App Store paid.
async fn receivables(story: &StoryTelling, sums: &BookSums, purchases: &[Purchase]) -> Result<BTreeMap<&'static str, i64>, UntypedError> {
    let by_posting: BTreeMap<&str, StoreKind> = purchases.iter().map(|one| (one.posting_id.as_str(), one.store_kind())).collect();
    let by_id: BTreeMap<&str, StoreKind> = purchases.iter().map(|one| (one.purchase_id.as_str(), one.store_kind())).collect();
    let mut owed: BTreeMap<&'static str, i64> = BTreeMap::new();
    for currency in CURRENCIES {
        for account in RECEIVABLES.map(|purpose| books::money_account(purpose, currency)) {
            if sums.line(&account).is_none() {
                continue;
            }
            for entry in books::entries(&story.installation, &account).await? {
                let store = if entry.kind.starts_with(PURCHASE_PREFIX) {
                    by_posting.get(entry.posting_id.as_str()).copied()
                } else if [PostingKind::RefundMoney, PostingKind::DisputeMoney].iter().any(|kind| kind.name() == entry.kind) {
                    by_id.get(purchase_of(story, &entry).await?.as_str()).copied()
                } else {
                    Some(StoreKind::Apple)
                };
                let store = store.ok_or_else(|| format!("posting {} of {account} is of no purchase that is listed", entry.posting_id))?;
                let transfer = entry.transfer.unwrap_or_default();
                let minor_units = if transfer.debit_account == account { transfer.amount } else { -transfer.amount };
                *owed.entry(name(store)).or_default() += minor_units;
            }
        }
    }
    Ok(owed)
}

/// The purchase that an entry's posting names.
async fn purchase_of(story: &StoryTelling, entry: &Entry) -> Result<String, UntypedError> {
    let token = story.installation.token("auditor", Role::Auditor)?;
    let request = GetPostingRequest { posting_id: entry.posting_id.clone(), ..Default::default() };
    let answer = story.installation.ledger().get_posting(explained(request, &token, WHY)?).await?.into_inner();
    let fields = answer.posting.unwrap_or_default().request_fields;
    Ok(fields.into_iter().find(|field| field.name == "purchase_id").map(|field| field.value).unwrap_or_default())
}

/// What the ledger has as owed by stores, by account; checked against the stores' lines.
fn by_account(story: &mut StoryTelling, sums: &BookSums, stores: &[StoreSummary]) -> Result<Vec<(String, SummaryAmount)>, UntypedError> {
    let mut by_account: BTreeMap<String, (&str, i64)> = BTreeMap::new();
    for ((store, currency), summary) in STORES.into_iter().zip(stores) {
        by_account.entry(account(store, currency)).or_insert((currency, 0)).1 += summary.receivable.minor_units;
    }
    let mut found = Vec::new();
    for (account, (currency, of_stores)) in by_account {
        let in_ledger = -sums.balance(&account);
        story.same(&format!("{account}, and what its stores owe us"), in_ledger, of_stores);
        found.push((account, SummaryAmount::try_new(currency, in_ledger)?));
    }
    Ok(found)
}

/// The ledger's deferred revenue, which is what coin lots have not earned, what they earned today, and what is about to be posted of refunds.
async fn deferred(
    story: &mut StoryTelling,
    sums: &BookSums,
    buy: &BuySummary,
    ended: &[EndedCase],
) -> Result<Vec<DeferredSummary>, UntypedError> {
    let answer = books::deferred(&story.installation).await?;
    let mut found = Vec::new();
    for currency in CURRENCIES {
        let in_currency = |amounts: &mut dyn Iterator<Item = &Money>| -> i64 {
            amounts.filter(|amount| amount.currency_code == currency).map(|amount| amount.minor_units).sum()
        };
        let lots = in_currency(&mut answer.lines.iter().filter_map(|line| line.deferred.as_ref()));
        let today = in_currency(&mut answer.unposted.iter().filter_map(|line| line.revenue.as_ref()));
        let refunds = in_currency(&mut answer.unposted_refunds.iter().filter_map(|line| line.deferred.as_ref()));
        let in_ledger = sums.balance(&books::money_account(Purpose::DeferredRevenue, currency));
        story.same(
            &format!("deferred revenue in {currency}, and what coin lots have not earned, earned today and paid back"),
            in_ledger,
            lots + today + refunds,
        );
        let mut counted: i64 = buy.gross.iter().filter(|amount| amount.currency == currency).map(|amount| amount.minor_units).sum();
        for case in ended {
            let top_up = case.top_up.as_ref().map(price).transpose()?;
            let of_case = if price(&case.package)?.1 == currency { case.count.deferred } else { 0 };
            counted += of_case + top_up.filter(|(_, of)| *of == currency).map_or(0, |(price, _)| price);
        }
        story.same(&format!("deferred revenue in {currency} as counted, and in the ledger"), counted, in_ledger);
        let amount = |minor_units| SummaryAmount::try_new(currency, minor_units);
        found.push(DeferredSummary {
            ledger: amount(in_ledger)?,
            lots: amount(lots)?,
            earned_today: amount(today)?,
            refunds_to_post: amount(refunds)?,
        });
    }
    Ok(found)
}

/// Coins in wallets and in lots, and what is owed; of everybody, and of each buyer of the cases.
async fn coins(story: &mut StoryTelling, sums: &BookSums, ended: &[EndedCase]) -> Result<ViewerCoinsSummary, UntypedError> {
    let in_lots = |answer: &GetDeferredRevenueResponse| -> i64 {
        answer.lines.iter().map(|line| line.paid_coins + line.bonus_coins + line.promotional_coins).sum()
    };
    let lots = in_lots(&books::deferred(&story.installation).await?);
    let (wallets, owed) = (sums.balance(ALL_VIEWER_COINS), -sums.balance(ALL_VIEWER_DEBT));
    story.same("coins in wallets by the ledger, and in coin lots", wallets, lots);
    let owed_by_wallets = ended.iter().map(|case| case.last.debt_coins).sum();
    story.same("coins owed by the ledger, and by the wallets of who had something paid back", owed, owed_by_wallets);
    let token = story.installation.token("lots", Role::Service)?;
    for case in ended {
        let request = ListLotsRequest { user_id: case.plan.user.to_owned(), page_size: 200, ..Default::default() };
        let listed = story.installation.purchase().list_lots(authorised(request, &token)?).await?.into_inner().lots;
        let left = listed.iter().map(|lot| lot.coins_left).sum();
        story.same(&format!("{}: coins in the wallet, and left of its lots", case.plan.user), case.last.coin_balance, left);
    }
    Ok(ViewerCoinsSummary { wallets, lots, owed, owed_by_wallets })
}
