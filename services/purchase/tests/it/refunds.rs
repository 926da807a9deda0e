//! Refunds that the App Store reports, from its notification to the books: in part, in whole, twice, in any order, taken back, and cut short.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::GetWalletRequest;
use money::BookName;
use purchase::refunds::step::{RefundStep, StepState};
use sandbox::store::StoreNotification;
use serde_json::json;
use testbed::Storage;
use uuid::Uuid;

use crate::dying::Dying;
use crate::fixture::{self, BOOK, Fixture, new_id, until};
use crate::listening::Listening;
use crate::lots::{catch_up, gift, rows, ties, today};
use crate::notified::{kept, sale};

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

pub fn hours(hours: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(hours * 3_600)
}

/// Sweeps and reads lots until nothing is left to do.
pub async fn settle(fixture: &Fixture) {
    for hour in 0..4 {
        fixture.service.sweep(hours(2 * hour)).await.unwrap();
        catch_up(fixture).await;
    }
    let notes: Vec<String> = sqlx::query_scalar("SELECT note FROM refund WHERE note <> ''").fetch_all(&fixture.pool().await).await.unwrap();
    assert!(notes.is_empty(), "{notes:?}");
}

/// 70 coins for 99 cents, of which the store keeps 29, and what the store says of them.
pub async fn bought(fixture: &Fixture, user: &str) -> (StoreNotification, Uuid) {
    let said = sale(fixture, user).await;
    let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
    let purchase = fixture.redeem(user, &new_id(), &receipt).await.unwrap().purchase.unwrap();
    (said, purchase.purchase_id.parse().unwrap())
}

pub fn about(said: &StoreNotification, kind: &str, milliunits: i32) -> StoreNotification {
    StoreNotification { notification_type: kind.to_owned(), refunded_milliunits: milliunits, ..said.clone() }
}

/// Says it as if so many milliseconds later.
pub async fn say_later(fixture: &Fixture, http: &Listening, said: &StoreNotification, later_ms: i64) {
    let mut claims = said.claims(&fixture.store, &new_id(), &said.transaction_id).unwrap();
    claims["signedDate"] = json!(claims["signedDate"].as_i64().unwrap() + later_ms);
    assert_eq!(http.payload(&fixture.store.sign(&claims).unwrap()).await, 200);
}

async fn owed(fixture: &Fixture, user: &str) -> i64 {
    let wallet = fixture.client().get_wallet(fixture.from(user, GetWalletRequest::default())).await.unwrap().into_inner();
    assert_eq!(fixture.balance(&format!("viewer/{user}/debt")).await, -wallet.debt_coins);
    wallet.debt_coins
}

/// Balances of what refunds change, in cents.
async fn money(fixture: &Fixture) -> [i64; 6] {
    let mut found = [0; 6];
    for (at, account) in
        ["store_receivable", "deferred_revenue", "prepaid_commission", "revenue", "contra_revenue", "commission_expense"].iter().enumerate()
    {
        found[at] = fixture.balance(&format!("house/{account}/USD")).await;
    }
    found
}

async fn steps(fixture: &Fixture, purchase_id: Uuid) -> Vec<RefundStep> {
    fixture.service.store().refund_steps(&book(), purchase_id).await.unwrap()
}

#[tokio::test]
async fn money_follows_coins_as_soon_as_the_lots_have_read_them_and_not_only_by_a_later_sweep() {
    let fixture = fixture::sqlite().await;
    let http = Listening::start(&fixture).await;
    let (said, purchase_id) = bought(&fixture, "ann").await;
    assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
    let is_at = async |state: StepState| steps(&fixture, purchase_id).await.last().is_some_and(|step| step.state == state);
    let pool = fixture.pool().await;
    let waits = "SELECT COUNT(*) FROM refund WHERE note = 'the coin lots are not read that far'";
    until(async || sqlx::query_scalar::<_, i64>(waits).fetch_one(&pool).await.unwrap() == 1).await;
    catch_up(&fixture).await;
    until(async || is_at(StepState::Done).await).await;
    assert_eq!(money(&fixture).await, [0; 6]);
}

#[tokio::test]
async fn a_purchase_shows_of_its_refunds_what_is_in_the_books() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (said, purchase_id) = bought(&fixture, "ann").await;
    let shown = async || {
        let shown = fixture.shown("ann", &purchase_id.to_string()).await;
        (shown.refunded.map(|money| money.minor_units), shown.refunded_coins)
    };
    fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
    assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
    fixture.service.sweep(hours(0)).await.unwrap();
    assert_eq!((steps(&fixture, purchase_id).await[0].state, shown().await), (StepState::Coins, (None, 0)), "planned, and not posted");
    fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
    fixture.service.sweep(hours(2)).await.unwrap();
    assert_eq!((fixture.coins("ann").await, shown().await), (0, (None, 70)), "its money follows");
    settle(&fixture).await;
    assert_eq!(shown().await, (Some(99), 70));
}

#[tokio::test]
async fn a_refund_takes_the_coins_of_its_purchase_and_what_was_spent_is_owed() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::on(storage).await;
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (said, purchase_id) = bought(&fixture, "ann").await;
        gift(&fixture, "ann", "cleo", 50).await;
        for _ in 0..2 {
            // Twice, as two notifications.
            assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
        }
        // Between its coins and its money, the ledger has deferred revenue of coins that are gone from lots, by name.
        fixture.service.sweep(hours(0)).await.unwrap();
        ties(&fixture, &["ann"]).await;
        let named = crate::lots::deferred(&fixture).await.unposted_refunds;
        let named: Vec<_> =
            named.into_iter().map(|one| (one.deferred.unwrap().minor_units, one.prepaid_commission.unwrap().minor_units)).collect();
        assert_eq!(named, [(28, 8)]);
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (0, 50));
        ties(&fixture, &["ann"]).await;
        assert!(crate::lots::deferred(&fixture).await.unposted_refunds.is_empty());
        // 20 of 70 coins were deferred: 28 of 99 cents, of which 8 were prepaid commission. Nothing is left of what the store owes.
        assert_eq!(money(&fixture).await, [0, 99 - 28, -(29 - 8), 0, -71, 21]);
        fixture.service.lots().recognise(&book(), today(), SystemTime::now()).await.unwrap();
        assert_eq!(money(&fixture).await, [0, 0, 0, 71, -71, 0], "what was earned and what was paid back of it");
        let found = steps(&fixture, purchase_id).await;
        assert_eq!(found.iter().map(|step| (step.coins, step.amount, step.state)).collect::<Vec<_>>(), [(70, 99, StepState::Done)]);
        // What comes to the wallet pays first.
        bought(&fixture, "ann").await;
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (20, 0));
        ties(&fixture, &["ann"]).await;
        // Taken back: what paid for the debt comes back too.
        say_later(&fixture, &http, &about(&said, "REFUND_REVERSED", 0), 5_000).await;
        say_later(&fixture, &http, &about(&said, "REFUND_REVERSED", 0), 6_000).await;
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (90, 0));
        ties(&fixture, &["ann"]).await;
        assert_eq!(money(&fixture).await, [-140, 28 + 99, -37, 71, 0, -21], "as before; rounding left a cent of commission to the day");
        let before = rows(&fixture).await;
        fixture.service.store().forget_lots(&book()).await.unwrap();
        catch_up(&fixture).await;
        assert_eq!(rows(&fixture).await, before, "read again, lots are the same");
        assert!(kept(&fixture).await.iter().all(|(_, state, _)| state.is_over()));
    }
}

#[tokio::test]
async fn other_lots_pay_for_what_was_spent_and_parts_add_up() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (first, first_id) = bought(&fixture, "ann").await;
    let (_, second_id) = bought(&fixture, "ann").await;
    gift(&fixture, "ann", "cleo", 60).await;
    // 31 of 70 coins and 44 of 99 cents; then more of it, which counts the first part again.
    for (milliunits, later_ms, left) in [(45_200, 0, 80 - 31), (100_000, 1_000_000, 80 - 70), (70_000, 500_000, 80 - 70)] {
        say_later(&fixture, &http, &about(&first, "REFUND", milliunits), later_ms).await;
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (left, 0), "{milliunits}");
        ties(&fixture, &["ann"]).await;
    }
    let parts: Vec<_> = steps(&fixture, first_id).await.iter().map(|step| (step.coins, step.amount)).collect();
    assert_eq!(parts, [(31, 44), (39, 55)], "an older statement that comes late changes nothing");
    let lot = async |id| fixture.service.store().lot_of(&book(), id).await.unwrap().unwrap();
    let (own, other) = (lot(first_id).await, lot(second_id).await);
    assert_eq!((own.spent, own.refunded, own.left()), (60, 10, 0));
    assert_eq!((other.spent, other.refunded, other.left()), (60, 0, 10), "60 coins that were spent and paid back");
    assert_eq!(money(&fixture).await[0], -70, "the store owes for the second purchase");
    // Half of it comes back.
    say_later(&fixture, &http, &about(&first, "REFUND", 50_000), 2_000_000).await;
    settle(&fixture).await;
    assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (45, 0));
    ties(&fixture, &["ann"]).await;
    assert_eq!(money(&fixture).await[0], -(70 + 35));
}

#[tokio::test]
async fn coins_that_several_refunds_of_a_purchase_took_of_another_come_back_to_it() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (first, _) = bought(&fixture, "ann").await;
    let (_, second_id) = bought(&fixture, "ann").await;
    gift(&fixture, "ann", "cleo", 70).await;
    let other = async || {
        let lot = fixture.service.store().lot_of(&book(), second_id).await.unwrap().unwrap();
        (lot.spent, lot.left())
    };
    // Two refunds, of which half of the second comes back, and a third one; then all of it comes back.
    for (kind, milliunits, later_ms, left) in [
        ("REFUND", 50_000, 0, 35),
        ("REFUND", 100_000, 1_000, 0),
        ("REFUND", 75_000, 2_000, 18),
        ("REFUND", 90_000, 3_000, 7),
        ("REFUND_REVERSED", 0, 4_000, 70),
        ("REFUND", 10_000, 5_000, 63),
        ("REFUND_REVERSED", 0, 6_000, 70),
    ] {
        say_later(&fixture, &http, &about(&first, kind, milliunits), later_ms).await;
        settle(&fixture).await;
        assert_eq!(other().await, (70 - left, left), "{kind} {milliunits}");
        ties(&fixture, &["ann"]).await;
    }
    assert_eq!(crate::lots::deferred(&fixture).await.lines.iter().map(|line| line.promotional_coins).sum::<i64>(), 0, "nothing was given");
}

#[tokio::test]
async fn a_refund_before_its_sale_waits_and_one_taken_back_before_it_came_takes_nothing() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let said = sale(&fixture, "ann").await;
    assert_eq!(http.say(&fixture, &about(&said, "REFUND", 30_000)).await, 200);
    settle(&fixture).await;
    let waiting = async || {
        let open = fixture.service.store().unfinished().await.unwrap();
        open.into_iter().find(|open| (open.what, open.state) == ("refund", "waits_for_sale")).unwrap().count
    };
    assert_eq!(waiting().await, 1);
    assert_eq!(http.say(&fixture, &said).await, 200);
    settle(&fixture).await;
    assert_eq!((fixture.coins("ann").await, waiting().await), (49, 0), "21 of 70 coins are taken back");
    let (other, other_id) = bought(&fixture, "bob").await;
    say_later(&fixture, &http, &about(&other, "REFUND_REVERSED", 0), 2_000).await;
    settle(&fixture).await;
    say_later(&fixture, &http, &about(&other, "REFUND", 0), 1_000).await;
    settle(&fixture).await;
    assert_eq!((fixture.coins("bob").await, steps(&fixture, other_id).await.len()), (70, 0));
    say_later(&fixture, &http, &about(&other, "REFUND_DECLINED", 0), 3_000).await;
    // More than all is all.
    say_later(&fixture, &http, &about(&other, "REFUND", 250_000), 4_000).await;
    settle(&fixture).await;
    assert_eq!((fixture.coins("bob").await, owed(&fixture, "bob").await), (0, 0));
    ties(&fixture, &["ann", "bob"]).await;
}

#[tokio::test]
async fn a_frozen_wallet_keeps_its_coins_until_it_is_thawed_and_coins_in_suspense_are_taken_from_there() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (said, purchase_id) = bought(&fixture, "ann").await;
    fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
    assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
    fixture.service.sweep(hours(0)).await.unwrap();
    assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (70, 0));
    assert_eq!(steps(&fixture, purchase_id).await[0].state, StepState::Coins);
    fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
    catch_up(&fixture).await;
    settle(&fixture).await;
    assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (0, 0));
    // Of a closed wallet: the coins never came, and are not owed.
    let closed = sale(&fixture, "bob").await;
    fixture.set_coins_state("bob", AccountState::Closed).await.unwrap();
    assert_eq!(http.say(&fixture, &closed).await, 200);
    fixture.service.sweep(hours(1)).await.unwrap();
    assert_eq!(fixture.balance("house/coins/suspense").await, 70);
    assert_eq!(http.say(&fixture, &about(&closed, "REFUND", 50_000)).await, 200);
    settle(&fixture).await;
    assert_eq!((fixture.balance("house/coins/suspense").await, fixture.balance("viewer/bob/debt").await), (35, 0));
    assert_eq!(money(&fixture).await[0], -35);
}

#[tokio::test]
async fn a_frozen_wallet_pays_what_is_owed_once_it_is_thawed() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::on(storage).await;
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (said, _) = bought(&fixture, "ann").await;
        gift(&fixture, "ann", "cleo", 50).await;
        assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
        settle(&fixture).await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 60).await;
        fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
        fixture.service.sweep(hours(12)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (60, 50));
        fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
        fixture.service.sweep(hours(24)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (10, 0));
        catch_up(&fixture).await;
        ties(&fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_refund_cut_off_between_any_two_writes_is_posted_once() {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (mut polls, mut ended, mut purchases) = (1, false, 0);
    while !ended {
        let (said, purchase_id) = bought(&fixture, "ann").await;
        purchases += 1;
        gift(&fixture, "ann", "cleo", 40).await;
        assert_eq!(http.say(&fixture, &about(&said, "REFUND", 0)).await, 200);
        // Reading, applying and posting coins; then money, of lots that are read by then.
        ended = Dying::after(polls, fixture.service.sweep(hours(1))).await;
        catch_up(&fixture).await;
        ended &= Dying::after(polls, fixture.service.sweep(hours(3))).await;
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (0, 40), "after {polls} polls");
        // So that the next one finds no debt.
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 40).await;
        assert_eq!(money(&fixture).await[0], 0, "after {polls} polls");
        let found = steps(&fixture, purchase_id).await;
        assert_eq!(found.iter().map(|step| (step.coins, step.state)).collect::<Vec<_>>(), [(70, StepState::Done)], "after {polls} polls");
        fixture.service.sweep(hours(48)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, owed(&fixture, "ann").await), (0, 0), "after {polls} polls");
        polls += 1 + polls / 8;
    }
    catch_up(&fixture).await;
    ties(&fixture, &["ann"]).await;
    let settlements = fixture.service.store().debt_settlements(&book(), None, 1_000).await.unwrap();
    assert_eq!(settlements.iter().map(|one| one.coins).sum::<i64>(), 40 * purchases);
}
