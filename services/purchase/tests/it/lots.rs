//! Coin lots from the journal: whose coins, of which purchase, spent on what; read again, cut short, and in the books.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use api::ledger::{PostRequest, ReverseRequest, Transfer};
use api::purchase::{
    GetDeferredRevenueRequest, GetDeferredRevenueResponse, GetLotFundingRequest, GetPurchaseRequest, GetWalletRequest, ListLotsRequest,
    LotOrigin,
};
use identity::Role;
use jiff::civil::Date;
use money::BookName;
use purchase::lots::revenue::last_day_over;
use sandbox::store::StorePurchase;
use sqlx::Row as _;

use crate::fixture::{self, BOOK, Fixture, new_id, reason, seventy};

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// A gift for a creator; its posting's id.
pub async fn gift(fixture: &Fixture, viewer: &str, creator: &str, coins: i64) -> String {
    let transfer =
        |debit: String, credit: String| Transfer { debit_account: debit, credit_account: credit, amount: coins, ..Transfer::default() };
    let post = PostRequest {
        book: BOOK.to_owned(),
        request_id: new_id(),
        kind: "gift".to_owned(),
        transfers: vec![
            transfer(format!("viewer/{viewer}/coins"), "house/coins/redeemed".to_owned()),
            transfer("house/diamonds/issued".to_owned(), format!("creator/{creator}/diamonds")),
        ],
        ..PostRequest::default()
    };
    fixture.bed.client().post(post).await.unwrap().into_inner().posting.unwrap().posting_id
}

async fn reverse(fixture: &Fixture, posting_id: &str) {
    let message = ReverseRequest {
        book: BOOK.to_owned(),
        request_id: new_id(),
        posting_id: posting_id.to_owned(),
        kind: "reversal".to_owned(),
        ..Default::default()
    };
    fixture.bed.client().reverse(message).await.unwrap();
}

async fn buy(fixture: &Fixture, user: &str, product_id: &str) -> String {
    let bought = StorePurchase { product_id: product_id.to_owned(), ..seventy() };
    let receipt = fixture.store.sell(&bought).unwrap().signed_transaction;
    fixture.redeem(user, &new_id(), &receipt).await.unwrap().purchase.unwrap().purchase_id
}

fn staff<T>(fixture: &Fixture, message: T) -> tonic::Request<T> {
    fixture.with_role("helper", Role::Support, BOOK, message)
}

pub async fn catch_up(fixture: &Fixture) {
    fixture.service.lots().catch_up(&book()).await.unwrap();
}

/// Every row of the projection's tables, without how far it was read.
pub async fn rows(fixture: &Fixture) -> Vec<String> {
    rows_in(&fixture.pool().await).await
}

/// The same over an open pool: opening one waits for whoever writes.
pub async fn rows_in(pool: &sqlx::AnyPool) -> Vec<String> {
    let mut connection = pool.acquire().await.unwrap();
    let texts = |row: &sqlx::any::AnyRow| {
        let one = |at: usize| row.try_get::<String, _>(at).unwrap_or_else(|_| row.get::<i64, _>(at).to_string());
        (0..row.len()).map(one).collect::<Vec<_>>().join("|")
    };
    let mut rows = Vec::new();
    for sql in [
        "SELECT * FROM coin_lot ORDER BY lot_no",
        "SELECT * FROM lot_holding ORDER BY account, spend_rank, lot_no",
        "SELECT * FROM lot_spend ORDER BY lot_no, spend_no",
        "SELECT * FROM lot_day ORDER BY day, entity, market, currency",
    ] {
        rows.extend(sqlx::query(sql).fetch_all(&mut *connection).await.unwrap().iter().map(texts));
    }
    rows
}

pub async fn deferred(fixture: &Fixture) -> GetDeferredRevenueResponse {
    deferred_until(fixture, "").await
}

async fn deferred_until(fixture: &Fixture, day: &str) -> GetDeferredRevenueResponse {
    let request =
        fixture.with_role("finance", Role::Finance, BOOK, GetDeferredRevenueRequest { day: day.to_owned(), ..Default::default() });
    fixture.client().get_deferred_revenue(request).await.unwrap().into_inner()
}

/// The ledger's deferred revenue is what lots have not earned, and what they earned and was not posted; and the coins in wallets are those of lots.
pub async fn ties(fixture: &Fixture, users: &[&str]) {
    ties_until(fixture, users, "").await;
}

/// The same at the end of a day, which may be to come; empty: now.
pub async fn ties_until(fixture: &Fixture, users: &[&str], day: &str) {
    let answer = deferred_until(fixture, day).await;
    let mut by_currency: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for line in &answer.lines {
        for (at, money) in [&line.deferred, &line.prepaid_commission].into_iter().enumerate() {
            let Some(money) = money else { continue };
            let sums = by_currency.entry(money.currency_code.clone()).or_default();
            if at == 0 { sums.0 += money.minor_units } else { sums.1 += money.minor_units }
        }
    }
    for line in &answer.unposted {
        let (revenue, commission) = (line.revenue.clone().unwrap(), line.commission.clone().unwrap());
        let sums = by_currency.entry(revenue.currency_code).or_default();
        *sums = (sums.0 + revenue.minor_units, sums.1 + commission.minor_units);
    }
    for refund in &answer.unposted_refunds {
        let (deferred, commission) = (refund.deferred.clone().unwrap(), refund.prepaid_commission.clone().unwrap());
        let sums = by_currency.entry(deferred.currency_code).or_default();
        *sums = (sums.0 + deferred.minor_units, sums.1 + commission.minor_units);
    }
    for (currency, (revenue, commission)) in by_currency {
        assert_eq!(fixture.balance(&format!("house/deferred_revenue/{currency}")).await, revenue, "{currency}");
        assert_eq!(fixture.balance(&format!("house/prepaid_commission/{currency}")).await, -commission, "{currency}");
    }
    let (mut in_wallets, mut in_lots) = (0, 0);
    for user in users {
        let wallet = fixture.client().get_wallet(fixture.from(user, GetWalletRequest::default())).await.unwrap().into_inner();
        assert_eq!(wallet.paid_coins + wallet.bonus_coins + wallet.promotional_coins, wallet.coin_balance, "{user}");
        in_wallets += wallet.coin_balance;
    }
    answer.lines.iter().for_each(|line| in_lots += line.paid_coins + line.bonus_coins + line.promotional_coins);
    assert_eq!(in_wallets, in_lots);
}

/// The day on which a test runs, as if it were over: nothing else happens on it.
pub fn today() -> Date {
    last_day_over(SystemTime::now() + Duration::from_secs(86_400 + 900))
}

#[tokio::test]
async fn a_purchase_says_what_it_funded_and_what_is_left_of_it() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let first = buy(&fixture, "ann", "coins.us.app.70").await;
        let second = buy(&fixture, "ann", "coins.jp.app.700").await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
        let funding = |purchase_id: &str, page_size, page_token: &str| GetLotFundingRequest {
            purchase_id: purchase_id.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
            ..Default::default()
        };
        assert_eq!(reason(fixture.client().get_lot_funding(staff(&fixture, funding(&first, 0, ""))).await), "LOT_UNKNOWN");
        let (small, large) = (gift(&fixture, "ann", "cleo", 35).await, gift(&fixture, "ann", "dora", 50).await);
        catch_up(&fixture).await;
        ties(&fixture, &["ann"]).await;
        let page = fixture.client().get_lot_funding(staff(&fixture, funding(&first, 1, ""))).await.unwrap().into_inner();
        let rest = fixture.client().get_lot_funding(staff(&fixture, funding(&first, 5, &page.next_page_token))).await.unwrap().into_inner();
        let said = [page.funding, rest.funding].concat();
        let said: Vec<_> = said
            .iter()
            .map(|one| (one.posting_id.as_str(), one.creator_id.as_str(), one.coins, one.revenue.clone().unwrap().minor_units))
            .collect();
        assert_eq!(said, [(small.as_str(), "cleo", 30, 42), (large.as_str(), "dora", 40, 57)], "after five given coins; 99 in all");
        let lots = fixture.client().list_lots(staff(&fixture, ListLotsRequest { user_id: "ann".to_owned(), ..Default::default() })).await;
        let lots = lots.unwrap().into_inner().lots;
        let said: Vec<_> = lots.iter().map(|lot| (lot.origin(), lot.coins_spent, lot.coins_left, lot.purchase_id.as_str())).collect();
        let expected =
            [(LotOrigin::Promotional, 5, 0, ""), (LotOrigin::Bought, 10, 690, second.as_str()), (LotOrigin::Bought, 70, 0, first.as_str())];
        assert_eq!(said, expected, "newest first");
        let get = GetPurchaseRequest { purchase_id: second.clone(), ..Default::default() };
        let lot = fixture.client().get_purchase(fixture.from("ann", get)).await.unwrap().into_inner().lot.unwrap();
        assert_eq!((lot.coins_left, lot.market.as_str(), lot.entity.as_str()), (690, "JP", "main"));
        let viewer = fixture.from("ann", ListLotsRequest { user_id: "ann".to_owned(), ..Default::default() });
        assert_eq!(reason(fixture.client().list_lots(viewer).await), "PERMISSION_DENIED");
        reverse(&fixture, &large).await;
        catch_up(&fixture).await;
        ties(&fixture, &["ann"]).await;
        assert_eq!(fixture.service.store().lot_of(&book(), first.parse().unwrap()).await.unwrap().unwrap().left(), 40);
    }
}

/// Numbers that look random and are the same for a seed.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test]
async fn lots_tie_with_balances_and_reading_them_again_gives_the_same_rows() {
    const USERS: [&str; 3] = ["ann", "bob", "eve"];
    let fixture = fixture::sqlite().await;
    let mut seeded = Seeded(20_261_128);
    for step in 0..60 {
        let user = USERS[usize::try_from(seeded.below(3)).unwrap()];
        let coins = fixture.coins(user).await;
        match seeded.below(6) {
            0 => drop(buy(&fixture, user, "coins.us.app.70").await),
            1 => drop(buy(&fixture, user, "coins.jp.app.70").await),
            2 => drop(fixture.bed.post("campaign", "house/coins/issued", &format!("viewer/{user}/coins"), 9).await),
            _ if coins > 0 => {
                let spent = 1 + i64::try_from(seeded.below(coins.unsigned_abs())).unwrap();
                let posting_id = gift(&fixture, user, "cleo", spent).await;
                if seeded.below(5) == 0 {
                    reverse(&fixture, &posting_id).await;
                }
            }
            _ => {}
        }
        // Batches of any size.
        if seeded.below(7) == 0 {
            catch_up(&fixture).await;
            ties(&fixture, &USERS).await;
        }
        assert!(fixture.coins(user).await >= 0, "step {step}");
    }
    catch_up(&fixture).await;
    ties(&fixture, &USERS).await;
    let before: Vec<String> = rows(&fixture).await;
    assert!(fixture.service.store().forget_lots(&book()).await.unwrap() > 10);
    assert!(rows(&fixture).await.is_empty());
    catch_up(&fixture).await;
    assert_eq!(rows(&fixture).await, before);
}

/// How many runs may pass a moment without being cut off there.
const TRIES_MAX: usize = 200;

#[tokio::test]
async fn a_crash_between_any_two_writes_reads_each_event_once() {
    let fixture = fixture::sqlite().await;
    for creator in ["cleo", "dora", "fay"] {
        buy(&fixture, "ann", "coins.us.app.70").await;
        gift(&fixture, "ann", creator, 40).await;
    }
    catch_up(&fixture).await;
    let whole = rows(&fixture).await;
    let recognised = |fixture: &Fixture| {
        let lots = fixture.service.lots().clone();
        async move { lots.recognise(&book(), today(), SystemTime::now()).await }
    };
    let mut polls = 0;
    loop {
        fixture.service.store().forget_lots(&book()).await.unwrap();
        let done = testbed::crash(recognised(&fixture), polls).await;
        let lots = rows(&fixture).await;
        assert!(lots.is_empty() || lots == whole, "after {polls} polls: {lots:?}");
        catch_up(&fixture).await;
        assert_eq!(rows(&fixture).await, whole, "after {polls} polls");
        if done.is_some() {
            break;
        }
        polls += 1;
    }
    // Dropped with the events read and nothing said of the day, however few polls that takes here.
    let (mut is_left, pool) = (false, fixture.pool().await);
    for _ in 0..TRIES_MAX {
        fixture.service.store().forget_lots(&book()).await.unwrap();
        is_left = testbed::crash_at(recognised(&fixture), async || rows_in(&pool).await == whole).await.is_none();
        catch_up(&fixture).await;
        assert_eq!(rows(&fixture).await, whole);
        if is_left {
            break;
        }
    }
    assert!(is_left, "the events were never read without the day's revenue");
    recognised(&fixture).await.unwrap();
    ties(&fixture, &["ann"]).await;
    assert_eq!(fixture.balance("house/revenue/USD").await, 99 + 70, "120 of 210 coins for 99 each");
    let editions = fixture.service.store().revenue_editions(&book()).await.unwrap();
    assert_eq!(editions.len(), 1, "however often it was cut short");
}

#[tokio::test]
async fn a_day_is_posted_once_it_is_over_and_reading_again_posts_differences_only() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let purchase_id = buy(&fixture, "ann", "coins.us.app.70").await;
        gift(&fixture, "ann", "cleo", 35).await;
        let lots = fixture.service.lots();
        assert_eq!(lots.recognise(&book(), last_day_over(SystemTime::now()), SystemTime::now()).await.unwrap(), 0, "the day is not over");
        ties(&fixture, &["ann"]).await;
        assert_eq!(deferred(&fixture).await.unposted.len(), 1);
        assert_eq!(lots.recognise(&book(), today(), SystemTime::now()).await.unwrap(), 1);
        let balances = async || {
            let mut found = Vec::new();
            for account in ["revenue", "deferred_revenue", "commission_expense", "prepaid_commission"] {
                found.push(fixture.balance(&format!("house/{account}/USD")).await);
            }
            found
        };
        assert_eq!(balances().await, [49, 50, -14, -15], "99 for 70 coins, of which the store keeps 29");
        assert!(deferred(&fixture).await.unposted.is_empty());
        ties(&fixture, &["ann"]).await;
        fixture.service.store().forget_lots(&book()).await.unwrap();
        assert_eq!(lots.recognise(&book(), today(), SystemTime::now()).await.unwrap(), 0, "nothing differs");
        // The purchase turns out to have been cheaper: what was posted too much goes back.
        let sql = "UPDATE purchase SET price_minor_units = 79 WHERE purchase_id = $1";
        sqlx::query(sql).bind(&purchase_id).execute(&fixture.pool().await).await.unwrap();
        fixture.service.store().forget_lots(&book()).await.unwrap();
        assert_eq!(lots.recognise(&book(), today(), SystemTime::now()).await.unwrap(), 1);
        assert_eq!(balances().await[..2], [39, 60]);
        let editions = fixture.service.store().revenue_editions(&book()).await.unwrap();
        let said: Vec<_> = editions.iter().map(|(one, posting)| (one.edition, one.revenue.minor_units(), posting.is_empty())).collect();
        assert_eq!(said, [(1, 49, false), (2, -10, false)]);
    }
}

#[tokio::test]
async fn coins_of_an_unknown_purchase_have_a_lot_of_unknown_price() {
    let fixture = fixture::sqlite().await;
    fixture.bed.post("purchase.other", "house/coins/issued", "viewer/ann/coins", 12).await;
    catch_up(&fixture).await;
    let line = deferred(&fixture).await.lines.pop().unwrap();
    assert_eq!((line.unknown_coins, line.paid_coins, line.deferred), (12, 12, None));
}
