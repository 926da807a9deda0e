//! Coins that their owners leave for long: breakage once, by the rule of their market and day, and nothing else is earned by them.

use jiff::{ToSpan as _, civil::Date};
use std::time::SystemTime;
use testbed::Storage;

use super::{book, bought_in_the_app, bought_on_the_web, house, recognised, same_when_read_again, world};
use crate::fixture::Fixture;
use crate::lots::{catch_up, gift, rows, ties_until, today};
use crate::refunding::{money, settle_from};

/// After a year in the market of the app's purchases, after two in all others.
const RULES: &str = "rule = \"forfeit\"\n[[breakage]]\nmarket = \"*\"\nfrom = \"2026-01-01\"\nmonths = 24\nsource = \"an example\"\n\
    [[breakage]]\nmarket = \"US\"\nfrom = \"2026-01-01\"\nmonths = 12\nsource = \"another\"";
const MONEY: [&str; 6] = ["revenue", "breakage_revenue", "deferred_revenue", "contra_revenue", "commission_expense", "prepaid_commission"];

/// Posts what the days up to this one earned, as if it were over; how many postings that were.
async fn recognised_until(fixture: &Fixture, last: Date) -> usize {
    fixture.service.lots().recognise(&book(), last, SystemTime::now()).await.unwrap()
}

/// Which lots are breakage: their number among all, the day, the coins and the months.
async fn broken(fixture: &Fixture) -> Vec<(i64, String, i64, i64)> {
    let sql = "SELECT breakage_no, day, coins, months FROM lot_breakage ORDER BY breakage_no";
    sqlx::query_as(sql).fetch_all(&fixture.pool().await).await.unwrap()
}

#[tokio::test]
async fn what_is_left_for_long_is_breakage_once_and_earns_nothing_when_it_is_spent_or_paid_back() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, RULES).await;
        let fixture = &world.fixture;
        let web = bought_on_the_web(&world, "ann").await;
        bought_in_the_app(fixture, "bob").await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/bob/coins", 5).await;
        gift(fixture, "ann", "cleo", 20).await;
        catch_up(fixture).await;
        assert_eq!(recognised(fixture).await, 1);
        // By hand: 20 of 70 coins earned 19 of 67 cents without tax.
        assert_eq!(house(fixture, &MONEY).await, [19, 0, 147, 0, 0, -29]);
        let (day, eve) = (today() + 12.months(), today() + 12.months() - 1.day());
        assert_eq!((recognised_until(fixture, eve).await, broken(fixture).await), (0, vec![]), "a day too early");
        let both = tokio::join!(recognised_until(fixture, day), recognised_until(fixture, day));
        assert!(both.0 + both.1 >= 1, "{both:?}");
        let markets: Vec<(String, i64)> = sqlx::query_as("SELECT market, broken_coins FROM coin_lot WHERE origin = 1 ORDER BY lot_no")
            .fetch_all(&fixture.pool().await)
            .await
            .unwrap();
        let is_due = |at: usize| markets[at].0 == "US";
        let due: Vec<i64> = [50, 70].into_iter().enumerate().filter(|(at, _)| is_due(*at)).map(|(_, coins)| coins).collect();
        assert_eq!(
            broken(fixture).await.iter().map(|row| (row.2, row.3)).collect::<Vec<_>>(),
            due.iter().map(|coins| (*coins, 12)).collect::<Vec<_>>()
        );
        // The others after two years; all that was deferred is kept then, with what the store keeps of it.
        let later = today() + 24.months();
        recognised_until(fixture, later).await;
        assert_eq!(house(fixture, &MONEY).await, [19, 147, 0, 0, -29, 0]);
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (50, 75), "nobody loses coins by it");
        ties_until(fixture, &["ann", "bob"], &later.to_string()).await;
        // What is spent of them earns nothing, and what is paid back is contra-revenue to the cent: 37 of 74, with 3 of the tax.
        gift(fixture, "ann", "cleo", 30).await;
        gift(fixture, "bob", "cleo", 40).await;
        fixture.refund_by("sue", &web, money("USD", 37)).await.unwrap();
        settle_from(fixture, 1).await;
        assert_eq!(recognised_until(fixture, later + 1.day()).await, 0);
        assert_eq!(house(fixture, &MONEY).await, [19, 147, 0, -34, -29, 0]);
        ties_until(fixture, &["ann", "bob"], &later.to_string()).await;
        same_when_read_again(fixture).await;
        let before = (rows(fixture).await, broken(fixture).await);
        fixture.service.store().forget_lots(&book()).await.unwrap();
        assert_eq!(recognised_until(fixture, later + 30.days()).await, 0, "decided once, whenever it is read");
        assert_eq!((rows(fixture).await, broken(fixture).await), before);
        fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn a_rebuild_finds_lots_as_they_were_when_they_became_breakage() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, RULES).await;
        let fixture = &world.fixture;
        let mut last = today();
        // Each time something is left, is breakage, and is spent in part after that.
        for user in ["ann", "bob", "cleo", "dan"] {
            bought_in_the_app(fixture, user).await;
            gift(fixture, user, "star", 10).await;
            catch_up(fixture).await;
            last += 24.months();
            recognised_until(fixture, last).await;
            gift(fixture, user, "star", 25).await;
        }
        catch_up(fixture).await;
        let found = broken(fixture).await;
        assert_eq!(found.iter().map(|row| (row.0, row.2)).collect::<Vec<_>>(), [(1, 60), (2, 60), (3, 60), (4, 60)]);
        let before = rows(fixture).await;
        fixture.service.store().forget_lots(&book()).await.unwrap();
        // Wherever it is cut off.
        let mut polls = 1;
        while testbed::crash(fixture.service.lots().catch_up(&book()), polls).await.is_none() {
            polls += 1 + polls / 3;
        }
        assert_eq!(rows(fixture).await, before);
        // What was given on this day, after a later one was planned, is posted now; of 99 cents 14 were earned of each lot before, and of the others 85 are kept, once.
        recognised_until(fixture, last).await;
        assert_eq!(house(fixture, &MONEY).await, [56, 340, 0, 0, -116, 0]);
        assert_eq!((broken(fixture).await, recognised_until(fixture, last).await), (found, 0));
        ties_until(fixture, &["ann", "bob", "cleo", "dan"], &last.to_string()).await;
    }
}

#[tokio::test]
async fn nothing_is_breakage_without_a_rule_or_before_it_begins_or_while_it_is_held() {
    let world = world(Storage::sqlite(), &RULES.replace("2026-01-01", "2090-01-01")).await;
    let fixture = &world.fixture;
    bought_in_the_app(fixture, "ann").await;
    catch_up(fixture).await;
    let day: Date = "2089-12-31".parse().unwrap();
    assert_eq!((recognised_until(fixture, day).await, broken(fixture).await), (0, vec![]));
    sqlx::query("UPDATE coin_lot SET frozen_coins = 1").execute(&fixture.pool().await).await.unwrap();
    assert_eq!((recognised_until(fixture, day + 1.day()).await, broken(fixture).await), (0, vec![]));
    sqlx::query("UPDATE coin_lot SET frozen_coins = 0").execute(&fixture.pool().await).await.unwrap();
    assert_eq!((recognised_until(fixture, day + 2.days()).await, broken(fixture).await.len()), (1, 1));
}
