//! A storm of refunds: purchases at five stores, half of their coins spent, a third of them paid back, and some of that taken back; what stores report of it comes
//! shuffled, doubled, or never. Afterwards coins, debts, lots, revenue and what stores owe are those of a recomputation that knows none of the code ([`model`]).
//!
//! `LARGESSE_STORM=100000` buys so many, in waves; `LARGESSE_STORM_SEED=n` repeats a storm.

mod model;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use api::ledger::{PostRequest, Transfer, WatchJournalRequest, journal_event::What};
use futures::{StreamExt as _, stream};
use money::BookName;
use purchase::domain::StoreKind;
use testbed::Storage;

use super::{Market, RefundPart, Report, Sale, SaleReports, setting};
use crate::fixture::{BOOK, Fixture, new_id};
use crate::lots::{Seeded, catch_up, rows, ties, today};
use crate::refunds::hours;
use model::{Balances, Books, Dealings};

/// Purchases of a storm, and at most so many in one wave of it.
const PURCHASES: u64 = 300;
const WAVE_MAX: u64 = 5_000;
/// Purchases for each viewer.
const PER_VIEWER: u64 = 4;
/// Calls and deliveries in flight.
const AT_ONCE: usize = 16;
/// Hours between two looks at what stores list.
const LOOKS_EVERY_H: u64 = 6;
/// Sweeps until all that stores said has come to its end.
const SWEEPS_MAX: usize = 40;

/// One sale, and what its store did with it.
struct DealtSale {
    sale: Sale,
    of: Dealings,
}

struct Storm {
    market: Market,
    dice: Seeded,
    dealt: Vec<DealtSale>,
    users: Vec<String>,
    hour: u64,
    seed: u64,
    began: Instant,
}

/// A gift for so many coins, if the ledger allows it.
async fn give(fixture: &Fixture, viewer: &str, coins: i64) {
    let transfer =
        |debit: String, credit: String| Transfer { debit_account: debit, credit_account: credit, amount: coins, ..Transfer::default() };
    let transfers = vec![
        transfer(format!("viewer/{viewer}/coins"), "house/coins/redeemed".to_owned()),
        transfer("house/diamonds/issued".to_owned(), "creator/cleo/diamonds".to_owned()),
    ];
    let post = PostRequest { book: BOOK.to_owned(), request_id: new_id(), kind: "gift".to_owned(), transfers, ..PostRequest::default() };
    if let Err(status) = fixture.bed.client().post(post).await {
        let reason = rpc::reason(&status).unwrap_or_default();
        assert!(matches!(reason.as_str(), "COINS_OWED" | "INSUFFICIENT_FUNDS"), "{status:?}");
    }
}

impl Storm {
    fn one_in(&mut self, of: u64) -> bool {
        self.dice.below(of) == 0
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, usize::try_from(self.dice.below(last as u64 + 1)).unwrap());
        }
    }

    /// What is delivered of these reports, and how often: some twice, and some never that sweeps find.
    fn disorder(&mut self, reports: Vec<Report>, is_found: impl Fn(&Report) -> bool) -> Vec<Report> {
        let mut delivered = Vec::new();
        for report in reports {
            if self.one_in(4) && is_found(&report) {
                continue;
            }
            if self.one_in(4) {
                delivered.push(report.clone());
            }
            delivered.push(report);
        }
        self.shuffle(&mut delivered);
        delivered
    }

    /// Has viewers buy, so many purchases each of the wave.
    async fn buy(&mut self, viewers: &[String], count: u64) {
        let mut wanted = Vec::new();
        for number in 0..count {
            let store = StoreKind::ALL[usize::try_from(number % 5).unwrap()];
            wanted.push((store, viewers[usize::try_from(self.dice.below(viewers.len() as u64)).unwrap()].clone()));
        }
        let market = &self.market;
        let bought = stream::iter(wanted).map(async |(store, user)| market.buy(store, &user).await);
        let bought: Vec<(Sale, SaleReports)> = bought.buffered(AT_ONCE).collect().await;
        let (sales, said): (Vec<Sale>, Vec<SaleReports>) = bought.into_iter().unzip();
        let sold = self.market.heard(said).await;
        let first = self.dealt.len();
        for sale in sales {
            let of = Dealings::new(sale.store);
            self.dealt.push(DealtSale { sale, of });
        }
        // Some are paid back before anybody here knows of them. Of those of WeChat Pay only a report says how much, and a person decides where it is late.
        let early: Vec<usize> =
            (first..self.dealt.len()).filter(|at| at % 10 == 3 && self.dealt[*at].of.store != StoreKind::Wechat).collect();
        let early = self.refund(early, |_| RefundPart::Third).await;
        // Google lists no sales: where its report is lost, the buyer calls.
        let mut reports = self.disorder(sold, |report| !matches!(report, Report::Google(_)));
        reports.extend(self.disorder(early, is_listed));
        self.shuffle(&mut reports);
        let callers: Vec<Sale> = self.dealt[first..].iter().map(|dealt| dealt.sale.clone()).filter(|_| self.dice.below(6) == 0).collect();
        self.deliver(reports).await;
        let market = &self.market;
        stream::iter(callers).map(async |sale| market.call(&sale).await.unwrap()).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
        self.settle().await;
    }

    async fn deliver(&self, reports: Vec<Report>) {
        let market = &self.market;
        let taken: Vec<bool> =
            stream::iter(reports).map(async |report| market.deliver(&report).await).buffer_unordered(AT_ONCE).collect().await;
        assert!(taken.iter().all(|taken| *taken), "LARGESSE_STORM_SEED={}: a report was not taken", self.seed);
    }

    /// Pays back of these sales; what stores say of it.
    async fn refund(&mut self, which: Vec<usize>, part: impl Fn(usize) -> RefundPart) -> Vec<Report> {
        let mut said = Vec::new();
        for at in which {
            let DealtSale { sale, of } = &mut self.dealt[at];
            let part = if of.thirds() < 2 { part(at) } else { RefundPart::Rest };
            said.push(self.market.refund(sale, part, of.thirds()).await);
            if part == RefundPart::Third { of.third() } else { of.rest() }
        }
        self.market.heard(said).await
    }

    /// Half of what each viewer has is spent.
    async fn give(&mut self, viewers: &[String]) {
        for viewer in viewers {
            let coins = self.market.fixture.coins(viewer).await;
            let spent = i64::try_from(self.dice.below(coins.unsigned_abs() + 1)).unwrap();
            for coins in [spent / 2, spent - spent / 2] {
                if coins > 0 {
                    give(&self.market.fixture, viewer, coins).await;
                }
            }
        }
    }

    /// A third of what was bought since is paid back: in thirds, all at once, or in thirds and then the rest.
    async fn refund_a_third(&mut self, first: usize, viewers: &[String]) {
        let chosen: Vec<usize> = (first..self.dealt.len()).filter(|_| self.dice.below(3) == 0).collect();
        let mut reports = Vec::new();
        for round in 0..3 {
            let open: Vec<usize> = chosen.iter().copied().filter(|at| !self.dealt[*at].of.is_whole() && self.dice.below(2) == 0).collect();
            reports.extend(self.refund(open, |at| if (at + round) % 3 == 0 { RefundPart::Rest } else { RefundPart::Third }).await);
        }
        let reports = self.disorder(reports, is_listed);
        // Viewers go on giving meanwhile.
        let half = reports.len() / 2;
        self.deliver(reports[..half].to_vec()).await;
        self.sweep().await;
        self.give(&viewers[..viewers.len() / 3]).await;
        self.deliver(reports[half..].to_vec()).await;
        self.settle().await;
    }

    /// One in so many of the refunds is taken back.
    async fn reverse(&mut self, first: usize, of: u64) {
        let mut said = Vec::new();
        for at in first..self.dealt.len() {
            if self.dealt[at].of.is_refunded() && self.one_in(of) {
                let DealtSale { sale, of } = &mut self.dealt[at];
                if let Some(one) = self.market.reverse(sale).await {
                    said.push(one);
                    of.reversed();
                }
            }
        }
        let reports = self.market.heard(said).await;
        let reports = self.disorder(reports, is_listed);
        self.deliver(reports).await;
        self.settle().await;
    }

    async fn sweep(&mut self) {
        self.hour += 1;
        self.market.fixture.service.sweep(hours(self.hour)).await.unwrap();
        self.market.fixture.service.sweep_orders(hours(self.hour)).await.unwrap();
        catch_up(&self.market.fixture).await;
    }

    /// Looks at what stores list, and sweeps until nothing is left to do.
    async fn settle(&mut self) {
        let pool = self.market.fixture.pool().await;
        let expected = i64::try_from(self.dealt.len()).unwrap();
        let mut quiet = 0;
        self.hour += LOOKS_EVERY_H;
        for _ in 0..SWEEPS_MAX {
            self.sweep().await;
            let sql = "SELECT (SELECT COUNT(*) FROM purchase WHERE state = 2), (SELECT COUNT(*) FROM store_event WHERE state IN (1, 4)),
                (SELECT COUNT(*) FROM refund_fact WHERE state <> 2), (SELECT COUNT(*) FROM refund WHERE state <> 3)";
            let found: (i64, i64, i64, i64) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
            quiet = if found == (expected, 0, 0, 0) { quiet + 1 } else { 0 };
            if quiet == 2 {
                return;
            }
        }
        let notes: Vec<(String, i64)> =
            sqlx::query_as("SELECT note, COUNT(*) FROM refund WHERE note <> '' GROUP BY note").fetch_all(&pool).await.unwrap();
        panic!("LARGESSE_STORM_SEED={}: what stores said never came to its end: {notes:?}", self.seed);
    }

    async fn wave(&mut self, number: u64, count: u64) {
        let viewers: Vec<String> = (0..count.div_ceil(PER_VIEWER)).map(|viewer| format!("w{number}v{viewer}")).collect();
        // A process that has not looked at any list yet, and a store whose history has nothing of before.
        self.market.restart().await;
        self.market.fixture.store.forget_history();
        self.hour = 0;
        let first = self.dealt.len();
        self.buy(&viewers, count * 4 / 5).await;
        self.note("bought");
        self.give(&viewers).await;
        self.refund_a_third(first, &viewers).await;
        self.note("refunded");
        self.reverse(first, 3).await;
        // Debtors buy again, and more is taken back of what they have paid for.
        self.buy(&viewers, count - count * 4 / 5).await;
        self.reverse(first, 3).await;
        self.give(&viewers).await;
        self.refund_a_third(first, &viewers).await;
        self.reverse(first, 3).await;
        self.note("reversed");
        self.users.extend(viewers);
    }

    fn note(&self, what: &str) {
        println!("{what}: {} purchases after {:.1} s", self.dealt.len(), self.began.elapsed().as_secs_f64());
    }

    /// The journal from its beginning, in the terms of the recomputation.
    async fn recomputed(&self, stores: &BTreeMap<String, StoreKind>) -> Books {
        let book = BookName::try_new(BOOK).unwrap();
        let until = self.market.fixture.service.lots().catch_up(&book).await.unwrap().journal.seq;
        let request = WatchJournalRequest { book: BOOK.to_owned(), from: None };
        let mut journal = self.market.fixture.bed.client().watch_journal(request).await.unwrap().into_inner();
        let mut books = Books::default();
        while let Some(message) = journal.message().await.unwrap() {
            for event in message.events {
                if let Some(What::Posting(posting)) = event.what
                    && let Err(why) = books.follow(&posting, stores)
                {
                    panic!("LARGESSE_STORM_SEED={}, event {}: {why}", self.seed, event.seq);
                }
            }
            if message.next_seq > until {
                break;
            }
        }
        books
    }

    /// Compares everything with the recomputation.
    async fn compare(&self) {
        let (fixture, again) = (&self.market.fixture, format!("LARGESSE_STORM_SEED={}", self.seed));
        catch_up(fixture).await;
        let (mut stores, mut purchases) = (BTreeMap::new(), Vec::new());
        for dealt in &self.dealt {
            let purchase = self.market.purchase_id(&dealt.sale).await;
            stores.insert(purchase.clone(), dealt.of.store);
            purchases.push(purchase);
        }
        let books = self.recomputed(&stores).await;
        let mut expected: BTreeMap<&str, Balances> = BTreeMap::new();
        for (dealt, purchase) in self.dealt.iter().zip(&purchases) {
            let lot = &books.lots[purchase];
            assert_eq!(books.taken_back(purchase), dealt.of.back().0, "{again}: {purchase} {:?}", dealt.of);
            expected.entry(lot.sold.currency).or_default().add(&dealt.of, lot);
        }
        let sql =
            "SELECT purchase_id, origin, spent_coins, refunded_coins, coins - spent_coins - removed_coins, frozen_coins FROM coin_lot";
        let found: Vec<(String, i64, i64, i64, i64, i64)> = sqlx::query_as(sql).fetch_all(&fixture.pool().await).await.unwrap();
        assert_eq!(found.len(), self.dealt.len(), "{again}: a lot for each purchase, and no other");
        for (purchase, origin, spent, refunded, left, frozen) in found {
            let lot = &books.lots[&purchase];
            assert_eq!((origin, spent, refunded, left, frozen), (1, lot.spent, lot.refunded, lot.left, 0), "{again}: lot of {purchase}");
        }
        let mut debts = 0;
        for user in &self.users {
            let debt = books.viewers.get(user).map_or(0, |viewer| viewer.debt);
            let there = (fixture.coins(user).await, -fixture.balance(&format!("viewer/{user}/debt")).await);
            assert_eq!(there, (books.coins(user), debt), "{again}: coins and debt of {user}");
            assert!(debt == 0 || there.0 == 0, "{again}: {user} owes and has coins");
            debts += debt;
        }
        let issued = -fixture.balance("house/coins/issued").await;
        assert_eq!(
            issued - fixture.balance("house/coins/redeemed").await,
            books.lots.values().map(|lot| lot.left).sum::<i64>() - debts,
            "{again}"
        );
        for (currency, expected) in expected {
            assert_eq!(balances(fixture, currency).await, expected, "{again}: {currency}");
        }
        println!("{} gifts' coins, {debts} coins owed by viewers", books.gifts);
    }
}

/// Of refunds, what the App Store and Google list, where a report is lost.
fn is_listed(report: &Report) -> bool {
    matches!(report, Report::Apple(_) | Report::Google(_))
}

async fn balances(fixture: &Fixture, currency: &str) -> Balances {
    let of = async |account: &str| fixture.balance(&format!("house/{account}/{currency}")).await;
    Balances {
        store_receivable: of("store_receivable").await,
        processor_receivable: of("processor_receivable").await,
        deferred_revenue: of("deferred_revenue").await,
        prepaid_commission: of("prepaid_commission").await,
        revenue: of("revenue").await,
        contra_revenue: of("contra_revenue").await,
        commission_expense: of("commission_expense").await,
        tax_payable: of("tax_payable").await,
    }
}

async fn storm(storage: Storage, purchases: u64) {
    let seed = setting("LARGESSE_STORM_SEED", 20_261_128);
    let mut market = Market::on(storage).await;
    let looks_every = Duration::from_secs(LOOKS_EVERY_H * 3_600);
    market.fixture.reconfigure(|config| (config.sweep_batch_max, config.lost_refunds_interval) = (10_000, looks_every)).await;
    market.restart().await;
    // As many as Google has on one: small pages are read elsewhere.
    market.fixture.google.as_ref().unwrap().list_by(1_000);
    let (dice, began) = (Seeded(seed), Instant::now());
    let mut storm = Storm { market, dice, dealt: Vec::new(), users: Vec::new(), hour: 0, seed, began };
    let (mut left, mut number) = (purchases, 0);
    while left > 0 {
        let count = left.min(WAVE_MAX);
        storm.wave(number, count).await;
        (left, number) = (left - count, number + 1);
    }
    let fixture = &storm.market.fixture;
    let users: Vec<&str> = storm.users.iter().map(String::as_str).collect();
    let book = BookName::try_new(BOOK).unwrap();
    catch_up(fixture).await;
    ties(fixture, &users).await;
    let before = rows(fixture).await;
    fixture.service.store().forget_lots(&book).await.unwrap();
    catch_up(fixture).await;
    assert!(rows(fixture).await == before, "LARGESSE_STORM_SEED={seed}: read again, lots differ");
    fixture.service.lots().recognise(&book, today(), SystemTime::now()).await.unwrap();
    storm.compare().await;
    storm.note("compared");
    storm.market.fixture.bed.verify_large().await;
}

#[tokio::test]
async fn a_storm_of_refunds_ends_as_a_recomputation_from_what_happened() {
    storm(Storage::sqlite(), setting("LARGESSE_STORM", PURCHASES)).await;
}

#[tokio::test]
async fn a_storm_of_refunds_ends_as_a_recomputation_from_what_happened_on_postgres() {
    storm(Storage::postgres(), setting("LARGESSE_STORM", PURCHASES).div_ceil(10)).await;
}
