//! Coins that are held while a refund is on its way or a payment is disputed: of their own purchase only, until it is decided, and not for ever.

use std::time::{Duration, SystemTime};

use api::ledger::ledger_service_client::LedgerServiceClient;
use api::ledger::{AccountState, LimitWindow, PostRequest, SetDebitLimitRequest, Transfer};
use api::purchase::GetWalletRequest;
use money::{BookName, UserKey};
use purchase::refunds::hold::{CoinHold, HoldState};
use serde_json::json;

use super::refunds::{news, say, standing};
use super::world::World;
use crate::dying::Dying;
use crate::fixture::{BOOK, Fixture, new_id, until};
use crate::lots::{catch_up, gift, rows, ties};
use crate::refunds::settle;

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// Coins that are held, and that can be spent.
pub async fn held(fixture: &Fixture, user: &str) -> (i64, i64) {
    let wallet = fixture.client().get_wallet(fixture.from(user, GetWalletRequest::default())).await.unwrap().into_inner();
    (wallet.held_coins, wallet.spendable_coins)
}

async fn holds(fixture: &Fixture) -> Vec<CoinHold> {
    let mut found = Vec::new();
    for purchase_id in fixture.service.store().refunded_purchases(&book(), None, 1_000).await.unwrap() {
        found.extend(fixture.service.store().coin_holds(&book(), purchase_id).await.unwrap());
    }
    found
}

/// A gift for so many coins, as the ledger answers it.
async fn spending(fixture: &Fixture, user: &str, coins: i64) -> Result<(), tonic::Status> {
    let (debit_account, credit_account) = (format!("viewer/{user}/coins"), "house/coins/redeemed".to_owned());
    let transfers = vec![Transfer { debit_account, credit_account, amount: coins, ..Transfer::default() }];
    let post = PostRequest { book: BOOK.to_owned(), request_id: new_id(), kind: "gift".to_owned(), transfers, ..PostRequest::default() };
    fixture.bed.client().post(post).await.map(drop)
}

async fn counted(fixture: &Fixture, state: &str) -> u64 {
    let open = fixture.service.store().unfinished().await.unwrap();
    open.iter().find(|open| (open.what, open.state) == ("coin_hold", state)).unwrap().count
}

/// Two purchases of 70 coins, of which 40 of the first are spent.
async fn bought_twice(world: &World, seen: &mut usize) -> api::purchase::CreateCheckoutResponse {
    let first = world.checkout("ann").await;
    world.act("pay", &first).await;
    say(world, &news(world, seen).await).await;
    let second = world.checkout("ann").await;
    world.act("pay", &second).await;
    say(world, &news(world, seen).await).await;
    gift(&world.fixture, "ann", "cleo", 40).await;
    first
}

#[tokio::test]
async fn what_is_held_is_taken_as_soon_as_the_lots_have_read_it_and_not_only_by_a_later_sweep() {
    let world = World::sqlite().await;
    world.deliver(json!({})).await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    world.until_coins("ann", 70).await;
    gift(&world.fixture, "ann", "cleo", 40).await;
    world.act("dispute", &made).await;
    until(async || held(&world.fixture, "ann").await == (30, 0)).await;
    world.act("dispute_lost", &made).await;
    let purchase_id = world.get("ann", &made.checkout_id).await.unwrap().purchase_id.parse().unwrap();
    let steps = async || world.fixture.service.store().refund_steps(&book(), purchase_id).await.unwrap();
    until(async || steps().await.len() == 1).await;
    catch_up(&world.fixture).await;
    until(async || standing(&world).await.1 == 40).await;
    catch_up(&world.fixture).await;
    until(async || standing(&world).await == (0, 40, -1_500, 0)).await;
    ties(&world.fixture, &["ann"]).await;
}

#[tokio::test]
async fn a_refund_on_its_way_holds_what_is_left_of_its_purchase_and_gifts_take_other_coins() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut seen = 0;
        let made = bought_twice(&world, &mut seen).await;
        world.act("refund_pending", &made).await;
        let asked = news(&world, &mut seen).await;
        say(&world, asked.iter().rev().chain(&asked)).await;
        // First as many as the purchase had, then what is left of it.
        assert_eq!(held(&world.fixture, "ann").await, (30, 70));
        let found: Vec<_> = holds(&world.fixture).await.iter().map(|hold| (hold.wanted, hold.coins, hold.state)).collect();
        assert_eq!(found, [(70, 70, HoldState::Over), (30, 30, HoldState::Counted)]);
        gift(&world.fixture, "ann", "cleo", 70).await;
        catch_up(&world.fixture).await;
        let lots = world.fixture.service.store().lots_of(&book(), &UserKey::try_new("ann").unwrap(), None, 10).await.unwrap();
        assert_eq!(lots.iter().map(|lot| (lot.spent, lot.frozen)).collect::<Vec<_>>(), [(70, 0), (40, 30)], "newest first");
        assert_eq!(held(&world.fixture, "ann").await, (30, 0));
        world.act("refund_settled", &made).await;
        let granted = news(&world, &mut seen).await;
        say(&world, granted.iter().chain(&granted)).await;
        assert_eq!((held(&world.fixture, "ann").await, standing(&world).await), ((0, 0), (0, 40, 74, 7)));
        let before = rows(&world.fixture).await;
        world.fixture.service.store().forget_lots(&book()).await.unwrap();
        catch_up(&world.fixture).await;
        assert_eq!(rows(&world.fixture).await, before, "read again, lots are the same");
        assert_eq!((counted(&world.fixture, "held").await, counted(&world.fixture, "not_posted").await), (0, 0));
    }
}

#[tokio::test]
async fn a_refund_that_fails_and_a_dispute_that_is_won_release_the_coins() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let made = bought_twice(&world, &mut seen).await;
    for (begins, ends) in [("refund_pending", "refund_failed"), ("dispute", "dispute_won")] {
        world.act(begins, &made).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!(held(&world.fixture, "ann").await, (30, 70), "{begins}");
        world.act(ends, &made).await;
        let ended = news(&world, &mut seen).await;
        say(&world, ended.iter().chain(&ended)).await;
        assert_eq!(held(&world.fixture, "ann").await, (0, 100), "{ends}");
    }
    // One of two is granted: its part is taken, and the other part stays held.
    world.command(json!({"command": "refund_pending", "session": World::session(&made), "amount": 20})).await;
    world.command(json!({"command": "refund_pending", "session": World::session(&made), "amount": 12})).await;
    say(&world, &news(&world, &mut seen).await).await;
    assert_eq!(held(&world.fixture, "ann").await, (30, 70), "of 32 of 74 cents");
    world.act("refund_settled", &made).await;
    say(&world, &news(&world, &mut seen).await).await;
    let (coins, debt, ..) = standing(&world).await;
    assert_eq!((coins + held(&world.fixture, "ann").await.1 + debt, debt), (held(&world.fixture, "ann").await.1 + coins, 0));
    let (still, spendable) = held(&world.fixture, "ann").await;
    assert_eq!(still + spendable, coins);
    assert!((11..=19).contains(&still), "{still}");
    // The dispute is lost: it takes what is held, and what was spent is paid by the other purchase.
    world.act("dispute", &made).await;
    world.act("dispute_lost", &made).await;
    say(&world, &news(&world, &mut seen).await).await;
    assert_eq!((held(&world.fixture, "ann").await, standing(&world).await.1), ((0, 30), 0), "40 of 70 coins of the other are left but 10");
}

#[tokio::test]
async fn a_lot_that_gave_for_a_refund_and_then_for_its_debt_gets_both_back() {
    for world in World::both().await {
        world.fixture.stop_background();
        let (mut seen, mut made) = (0, Vec::new());
        for _ in 0..2 {
            let one = world.checkout("ann").await;
            world.act("pay", &one).await;
            say(&world, &news(&world, &mut seen).await).await;
            made.push(one);
        }
        gift(&world.fixture, "ann", "cleo", 70).await;
        // While half of the second is held, the first is paid back: the free half of the second goes, and the rest is owed.
        world.command(json!({"command": "refund_pending", "session": World::session(&made[1]), "amount": 37})).await;
        say(&world, &news(&world, &mut seen).await).await;
        world.act("refund", &made[0]).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((held(&world.fixture, "ann").await, standing(&world).await.1), ((35, 0), 35));
        // What was held pays for the debt once it is free.
        world.act("refund_failed", &made[1]).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (0, 0));
        world.act("refund_failed", &made[0]).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (70, 0));
        let lots = world.fixture.service.store().lots_of(&book(), &UserKey::try_new("ann").unwrap(), None, 10).await.unwrap();
        assert_eq!(lots.iter().map(|lot| (lot.spent, lot.left())).collect::<Vec<_>>(), [(0, 70), (70, 0)], "newest first");
        let before = rows(&world.fixture).await;
        world.fixture.service.store().forget_lots(&book()).await.unwrap();
        catch_up(&world.fixture).await;
        assert_eq!(rows(&world.fixture).await, before, "read again, lots are the same");
    }
}

#[tokio::test]
async fn a_hold_ends_at_its_date_with_a_case_and_is_not_placed_again() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let made = bought_twice(&world, &mut seen).await;
    world.act("refund_pending", &made).await;
    let asked = news(&world, &mut seen).await;
    say(&world, &asked).await;
    assert_eq!((held(&world.fixture, "ann").await.0, counted(&world.fixture, "ended_undecided").await), (30, 0));
    world.fixture.service.sweep(SystemTime::now() + Duration::from_secs(46 * 86_400)).await.unwrap();
    assert_eq!((held(&world.fixture, "ann").await, counted(&world.fixture, "ended_undecided").await), ((0, 100), 1));
    let mut again = asked[0].clone();
    again["id"] = json!("evt_again");
    again["created"] = json!(again["created"].as_i64().unwrap() + 10);
    say(&world, [&again]).await;
    assert_eq!(held(&world.fixture, "ann").await, (0, 100));
    world.act("refund_settled", &made).await;
    let mut granted = news(&world, &mut seen).await;
    granted[0]["created"] = json!(granted[0]["created"].as_i64().unwrap() + 20);
    say(&world, &granted).await;
    assert_eq!((held(&world.fixture, "ann").await, standing(&world).await.1), ((0, 30), 0), "it is taken all the same");
}

#[tokio::test]
async fn where_other_lots_do_not_pay_the_rest_is_owed_until_coins_come() {
    let mut world = World::sqlite().await;
    world.fixture.reconfigure(|config| config.other_lots_pay = false).await;
    world.restart().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let made = bought_twice(&world, &mut seen).await;
    world.act("refund", &made).await;
    say(&world, &news(&world, &mut seen).await).await;
    assert_eq!(standing(&world).await.0, 70, "the other purchase's");
    assert_eq!((standing(&world).await.1, held(&world.fixture, "ann").await), (40, (0, 0)), "nothing is spent while coins are owed");
    let post = spending(&world.fixture, "ann", 1).await.unwrap_err();
    assert_eq!(rpc::reason(&post).as_deref(), Some("COINS_OWED"));
    let third = world.checkout("ann").await;
    world.act("pay", &third).await;
    say(&world, &news(&world, &mut seen).await).await;
    assert_eq!((standing(&world).await.0, standing(&world).await.1, held(&world.fixture, "ann").await), (100, 0, (0, 100)));
}

#[tokio::test]
async fn a_frozen_wallet_is_held_once_it_is_thawed() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let made = bought_twice(&world, &mut seen).await;
    world.fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
    world.act("refund_pending", &made).await;
    for event in news(&world, &mut seen).await {
        assert_eq!(world.say(&event).await, 200);
    }
    world.fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert_eq!((held(&world.fixture, "ann").await, counted(&world.fixture, "not_posted").await), ((0, 0), 1));
    world.fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
    settle(&world.fixture).await;
    assert_eq!(held(&world.fixture, "ann").await, (30, 70));
}

pub async fn limited(fixture: &Fixture, account: &str, max_amount: i64) {
    let limit = SetDebitLimitRequest {
        book: BOOK.to_owned(),
        request_id: new_id(),
        account: account.to_owned(),
        window: LimitWindow::Day.into(),
        time_zone: "UTC".to_owned(),
        max_amount,
    };
    LedgerServiceClient::new(fixture.bed.ledger_as("support")).set_debit_limit(limit).await.unwrap();
}

pub async fn paid(world: &World, seen: &mut usize) -> api::purchase::CreateCheckoutResponse {
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    say(world, &news(world, seen).await).await;
    made
}

#[tokio::test]
async fn no_debit_limit_keeps_coins_from_being_held_taken_back_or_paying_a_debt() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut seen = 0;
        let (first, second) = (paid(&world, &mut seen).await, paid(&world, &mut seen).await);
        gift(&world.fixture, "ann", "cleo", 40).await;
        limited(&world.fixture, "viewer/ann/coins", 1).await;
        assert_eq!(rpc::reason(&spending(&world.fixture, "ann", 1).await.unwrap_err()).as_deref(), Some("LIMIT_EXCEEDED"));
        world.act("refund_pending", &first).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!(held(&world.fixture, "ann").await.0, 30);
        world.act("refund_settled", &first).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (30, 0));
        world.act("refund", &second).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (0, 40));
        paid(&world, &mut seen).await;
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (30, 0), "the debt is paid");
    }
}

#[tokio::test]
async fn a_hold_cut_off_between_any_two_writes_is_placed_and_taken_once() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let later = |hours: u64| SystemTime::now() + Duration::from_secs(hours * 3_600);
    let (mut seen, mut polls, mut ended, mut rounds) = (0, 1, false, 0);
    while !ended {
        let made = world.checkout("ann").await;
        world.act("pay", &made).await;
        say(&world, &news(&world, &mut seen).await).await;
        gift(&world.fixture, "ann", "cleo", 40).await;
        rounds += 1;
        // Taken in one round, released in the next.
        let is_taken = rounds % 2 == 0;
        ended = true;
        for command in ["refund_pending", if is_taken { "refund_settled" } else { "refund_failed" }] {
            world.act(command, &made).await;
            for event in news(&world, &mut seen).await {
                assert_eq!(world.say(&event).await, 200);
            }
            for hour in [1, 3, 5, 7] {
                ended &= Dying::after(polls, world.fixture.service.sweep(later(hour))).await;
                catch_up(&world.fixture).await;
            }
        }
        for hour in (9..24).step_by(2) {
            world.fixture.service.sweep(later(hour)).await.unwrap();
            catch_up(&world.fixture).await;
        }
        settle(&world.fixture).await;
        let expected = if is_taken { (0, 40) } else { (30, 0) };
        assert_eq!((standing(&world).await.0, standing(&world).await.1), expected, "after {polls} polls");
        assert_eq!(held(&world.fixture, "ann").await.0, 0, "after {polls} polls");
        // So that the next one finds the same.
        match is_taken {
            true => drop(world.fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 40).await),
            false => drop(gift(&world.fixture, "ann", "cleo", 30).await),
        }
        world.fixture.service.sweep(later(48)).await.unwrap();
        assert_eq!((standing(&world).await.0, standing(&world).await.1), (0, 0), "after {polls} polls");
        polls += 1 + polls / 4;
    }
    catch_up(&world.fixture).await;
    ties(&world.fixture, &["ann"]).await;
    let open = holds(&world.fixture).await.iter().filter(|hold| hold.state != HoldState::Over).count();
    assert_eq!(open, 0);
}
