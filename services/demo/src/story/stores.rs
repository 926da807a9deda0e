//! STORES: coins are bought through all five stores, each pays some of it back, and in the end the ledger, the coin lots, the wallets and a count of what was done
//! say the same.
//!
//! - `cases`: what is bought and what becomes of it. `buying`: how it is bought. `refunding`: how it is paid back. `ties`: what all services say of it in the end.
mod buying;
mod cases;
mod refunding;
mod ties;

use super::{
    StoryTelling,
    summary::{
        BuySummary, SummaryAmount,
        stores::{StoreCaseSummary, StoresSummary},
    },
};
use crate::{
    installation::{Installation, authorised},
    stores::StoreClient,
};
use api::{
    gift::{ListGiftsRequest, SendGiftRequest},
    ledger::AccountState,
    purchase::{
        CoinPackage, GetPurchaseRequest, GetPurchaseResponse, GetWalletRequest, GetWalletResponse, ListCoinPackagesRequest, Purchase,
        StoreKind,
    },
};
use cases::{BuyingPlan, CASES, CaseCount, RefundedBy, price};
use identity::{Role, Service};
use runtime::command::UntypedError;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long each step of a purchase or a refund may take, and the pause between two looks.
const STEP_MAX: Duration = Duration::from_secs(60);
const LOOK_DELAY: Duration = Duration::from_millis(25);
/// Who gets the gifts, and where.
const CREATOR: &str = "creator-of-buyers";
const ROOM: &str = "room-of-buyers";
/// Markets in which the cases buy.
const MARKETS: [&str; 2] = ["US", "CN"];
/// Why a gift is refused whose sender owes coins.
const OWED: &str = "COINS_OWED";

/// What all cases use.
struct BuyingDesk<'a> {
    installation: &'a Installation,
    stores: StoreClient,
    packages: Vec<CoinPackage>,
    /// A gift for one coin.
    gift_id: i64,
}

/// A case when nothing more happens to it.
struct EndedCase {
    plan: &'static BuyingPlan,
    package: CoinPackage,
    /// Bought after the refund, in the App Store.
    top_up: Option<CoinPackage>,
    /// What should come of it.
    count: CaseCount,
    /// Coins that were held while it was not decided.
    held: i64,
    /// Right after its refund.
    wallet: GetWalletResponse,
    /// In the end.
    last: GetWalletResponse,
    /// The reason of the refusal of a gift, where coins are owed.
    gift_refused: String,
}

impl BuyingDesk<'_> {
    fn token(&self, user: &str) -> Result<String, UntypedError> {
        self.installation.token(user, Role::Viewer)
    }

    fn package(&self, product_id: &str) -> Result<CoinPackage, UntypedError> {
        let found = self.packages.iter().find(|package| package.product_id == product_id);
        Ok(found.cloned().ok_or_else(|| format!("{product_id} is not on sale"))?)
    }

    async fn wallet(&self, user: &str) -> Result<GetWalletResponse, UntypedError> {
        let request = authorised(GetWalletRequest::default(), &self.token(user)?)?;
        Ok(self.installation.purchase().get_wallet(request).await?.into_inner())
    }

    async fn purchase(&self, user: &str, purchase_id: &str) -> Result<GetPurchaseResponse, UntypedError> {
        let request = GetPurchaseRequest { purchase_id: purchase_id.to_owned(), ..Default::default() };
        Ok(self.installation.purchase().get_purchase(authorised(request, &self.token(user)?)?).await?.into_inner())
    }

    /// Sends a gift of so many coins; the refusal, if it is refused.
    async fn spend(&self, user: &str, coins: i64) -> Result<Result<(), tonic::Status>, UntypedError> {
        let request = SendGiftRequest {
            request_id: Uuid::now_v7().to_string(),
            creator_id: CREATOR.to_owned(),
            room_id: ROOM.to_owned(),
            gift_id: self.gift_id,
            quantity: i32::try_from(coins)?,
            ..Default::default()
        };
        Ok(self.installation.gift().send_gift(authorised(request, &self.token(user)?)?).await.map(drop))
    }
}

/// What of a purchase is paid back in the books, in minor units.
fn paid_back(purchase: &Purchase) -> i64 {
    purchase.refunded.as_ref().map_or(0, |money| money.minor_units)
}

/// Asks until the answer is as it is to be, or for too long; returns the last answer.
async fn until<T>(mut ask: impl AsyncFnMut() -> Result<T, UntypedError>, holds: impl Fn(&T) -> bool) -> Result<T, UntypedError> {
    let end = Instant::now() + STEP_MAX;
    loop {
        let found = ask().await?;
        if holds(&found) || Instant::now() > end {
            return Ok(found);
        }
        tokio::time::sleep(LOOK_DELAY).await;
    }
}

/// How many purchases are paid back.
pub fn cases_count() -> usize {
    CASES.len()
}

/// Buys, has paid back, and compares.
pub async fn stores(story: &mut StoryTelling, buy: &BuySummary) -> Result<StoresSummary, UntypedError> {
    let installation = story.installation.clone();
    let desk = open(story, &installation).await?;
    let (desk_ref, bar) = (&desk, &story.bar);
    let work = CASES.iter().map(|plan| async move {
        let ended = case(desk_ref, plan).await.map_err(|fault| UntypedError::from(format!("{}: {fault}", plan.user)));
        bar.inc(1);
        ended
    });
    let ended = futures::future::try_join_all(work).await?;
    for case in &ended {
        check(story, case);
    }
    let cases = ended.iter().map(summary).collect::<Result<_, _>>()?;
    ties::ties(story, buy, &ended, cases).await
}

async fn open<'a>(story: &StoryTelling, installation: &'a Installation) -> Result<BuyingDesk<'a>, UntypedError> {
    let token = installation.token("shop", Role::Viewer)?;
    let mut packages = Vec::new();
    for market in MARKETS {
        let request = ListCoinPackagesRequest { market: market.to_owned(), ..Default::default() };
        packages.extend(installation.purchase().list_coin_packages(authorised(request, &token)?).await?.into_inner().packages);
    }
    let gifts = installation.gift().list_gifts(authorised(ListGiftsRequest::default(), &token)?).await?.into_inner().gifts;
    let gift_id = gifts.iter().find(|gift| gift.cost_coins == 1).ok_or("no gift costs one coin")?.gift_id;
    let stores = StoreClient::try_new(installation, &story.fleet.http_url_of(Service::Purchase)?)?;
    stores.register().await?;
    Ok(BuyingDesk { installation, stores, packages, gift_id })
}

/// One case from the purchase to the end.
async fn case(desk: &BuyingDesk<'_>, plan: &'static BuyingPlan) -> Result<EndedCase, UntypedError> {
    let package = desk.package(plan.product_id)?;
    let top_up = plan.top_up.map(|product_id| desk.package(product_id)).transpose()?;
    let count = plan.count(&package)?;
    let sale = buying::buy(desk, plan, &package).await?;
    if plan.spent > 0 {
        desk.spend(plan.user, plan.spent).await??;
    }
    // A buyer may withdraw once the coin lots know what was bought.
    let is_read = |found: &GetPurchaseResponse| found.lot.as_ref().is_some_and(|lot| lot.coins_spent == plan.spent);
    until(async || desk.purchase(plan.user, &sale.purchase_id).await, is_read).await?;
    let held = refunding::refund(desk, plan, &sale, price(&package)?.1, &count).await?;
    // Its money is posted after its coins.
    let is_refunded = |found: &GetPurchaseResponse| {
        found.purchase.as_ref().is_some_and(|one| (one.refunded_coins, paid_back(one)) == (count.refunded_coins, count.refunded))
    };
    until(async || desk.purchase(plan.user, &sale.purchase_id).await, is_refunded).await?;
    let wallet = desk.wallet(plan.user).await?;
    if let Some(package) = &top_up {
        refunding::top_up(desk, plan, package, count.owed).await?;
    }
    let is_over = |wallet: &GetWalletResponse| plan.refunded_by != RefundedBy::Closure || wallet.account_state() == AccountState::Closed;
    let last = until(async || desk.wallet(plan.user).await, is_over).await?;
    let refused = if last.debt_coins > 0 { desk.spend(plan.user, 1).await?.err() } else { None };
    let gift_refused = refused.map(|status| rpc::reason(&status).unwrap_or_else(|| status.to_string())).unwrap_or_default();
    Ok(EndedCase { plan, package, top_up, count, held, wallet, last, gift_refused })
}

impl EndedCase {
    /// Coins of the top-up, and how many of them pay for what is owed.
    fn topped_up(&self) -> (i64, i64) {
        let coins = self.top_up.as_ref().map_or(0, |package| package.coins);
        (coins, coins.min(self.count.owed))
    }
}

/// Compares a case with its plan.
fn check(story: &mut StoryTelling, case: &EndedCase) {
    let (user, count, (topped_up, paid)) = (case.plan.user, case.count, case.topped_up());
    let left = count.coins - case.plan.spent - count.taken;
    for (what, ours, theirs) in [
        ("coins after the refund", left, case.wallet.coin_balance),
        ("coins owed after the refund", count.owed, case.wallet.debt_coins),
        ("coins in the end", left + topped_up - paid, case.last.coin_balance),
        ("coins owed in the end", count.owed - paid, case.last.debt_coins),
        ("coins held in the end", 0, case.last.held_coins),
        ("coins held in the dispute", if case.plan.refunded_by == RefundedBy::Bank { count.taken } else { 0 }, case.held),
    ] {
        story.same(&format!("{user}: {what}, and in the wallet"), ours, theirs);
    }
    if case.plan.refunded_by == RefundedBy::Closure {
        let state = case.last.account_state();
        story.expect(&format!("{user}: the wallet is closed"), state == AccountState::Closed, state.as_str_name());
    }
    if case.last.debt_coins > 0 {
        story.expect(&format!("{user}: a gift of who owes coins is refused with {OWED}"), case.gift_refused == OWED, &case.gift_refused);
    }
}

fn summary(case: &EndedCase) -> Result<StoreCaseSummary, UntypedError> {
    let (plan, count, (topped_up, paid)) = (case.plan, case.count, case.topped_up());
    let (_, currency) = price(&case.package)?;
    Ok(StoreCaseSummary {
        store: name(plan.store).to_owned(),
        price: SummaryAmount::try_new(currency, count.price)?,
        coins: count.coins,
        spent: plan.spent,
        how: how(plan),
        refunded: SummaryAmount::try_new(currency, count.refunded)?,
        refunded_coins: count.refunded_coins,
        held: case.held,
        taken: count.refunded_coins - case.wallet.debt_coins,
        owed: case.wallet.debt_coins,
        topped_up,
        paid_by_top_up: paid,
        owed_in_the_end: case.last.debt_coins,
        gift_refused: case.gift_refused.clone(),
    })
}

/// What became of a purchase, in a few words.
fn how(plan: &BuyingPlan) -> String {
    match plan.refunded_by {
        RefundedBy::AppStore(milliunits) => format!("the App Store refunded {} %", milliunits / 1_000),
        RefundedBy::GooglePlay(pieces) => format!("Google voided {pieces} of {} pieces", plan.quantity),
        RefundedBy::Staff(_) => "staff refunded, two people".to_owned(),
        RefundedBy::Buyer(Some(_)) => "the buyer withdrew from a part".to_owned(),
        RefundedBy::Buyer(None) => "the buyer withdrew".to_owned(),
        RefundedBy::Bank => "a dispute was lost".to_owned(),
        RefundedBy::Closure => "paid by a code; the owner closed the wallet".to_owned(),
    }
}

/// A store's name for people.
fn name(store: StoreKind) -> &'static str {
    match store {
        StoreKind::Apple => "App Store",
        StoreKind::Google => "Google Play",
        StoreKind::Stripe => "Stripe",
        StoreKind::Alipay => "Alipay",
        StoreKind::Wechat => "WeChat Pay",
        StoreKind::Unspecified => "no store",
    }
}
