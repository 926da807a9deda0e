//! Owners who close their own wallets: what would happen is shown first, nothing is done before their time is over, and until then they or staff stop it.

use api::ledger::AccountState;
use api::purchase::{
    CancelWalletClosureRequest, ClosureFate, GetWalletClosureRequest, GetWalletClosureResponse, ListWalletChangesRequest, RefundStarter,
    RequestWalletClosureRequest, WalletChange, WalletChangeState, WalletClosure,
};
use identity::Role;
use purchase::tables::RequestPlace;
use testbed::Storage;
use tonic::Status;

use super::{book, bought_in_the_app, bought_on_the_web, recognised, same_when_read_again, world};
use crate::fixture::{BOOK, Fixture, new_id, reason};
use crate::lots::{catch_up, gift, ties};
use crate::refunding::{hours, settle_from};
use crate::stripe::world::PRODUCT;

/// Paid back or forfeited, after fourteen days.
const FORTNIGHT: &str = "rule = \"refund\"\nnot_refundable = \"forfeit\"\n\
    [[waiting]]\nmarket = \"*\"\nfrom = \"2026-01-01\"\ndays = 14\nsource = \"a test\"";
/// The hour at which these are over.
const OVER: u64 = 14 * 24 + 1;

impl Fixture {
    async fn outlook(&self, user: &str) -> GetWalletClosureResponse {
        self.client().get_wallet_closure(self.from(user, GetWalletClosureRequest::default())).await.unwrap().into_inner()
    }

    async fn ask_with(&self, id: &str, user: &str) -> Result<(WalletClosure, bool), Status> {
        let message = RequestWalletClosureRequest { request_id: id.to_owned(), ..Default::default() };
        let answer = self.client().request_wallet_closure(self.from(user, message)).await?.into_inner();
        Ok((answer.closure.unwrap(), answer.replayed))
    }

    async fn ask(&self, user: &str) -> Result<WalletClosure, Status> {
        self.ask_with(&new_id(), user).await.map(|(closure, _)| closure)
    }

    async fn cancel_with(&self, (id, user): (&str, &str), change_id: &str) -> Result<(WalletClosure, bool), Status> {
        let message = CancelWalletClosureRequest { request_id: id.to_owned(), change_id: change_id.to_owned(), ..Default::default() };
        let answer = self.client().cancel_wallet_closure(self.from(user, message)).await?.into_inner();
        Ok((answer.closure.unwrap(), answer.replayed))
    }

    /// The same as staff see it.
    async fn for_staff(&self, of: &WalletClosure) -> WalletChange {
        self.change(&WalletChange { change_id: of.change_id.clone(), ..WalletChange::default() }).await
    }

    async fn refund_count(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM refund_order").fetch_one(&self.pool().await).await.unwrap()
    }
}

/// What the audits find in changes of wallets, in refunds, and in the requests that both were answered with.
async fn audited(fixture: &Fixture) -> Vec<String> {
    let (store, book, first) = (fixture.service.store(), book(), RequestPlace::default());
    let mut found = Vec::new();
    for change in store.audited_wallet_changes(&book, None, 100).await.unwrap() {
        found.extend(store.wallet_change_fault(&change).await.unwrap());
    }
    for request in store.wallet_requests(&book, &first, 1_000).await.unwrap().0 {
        found.extend(store.wallet_request_fault(&book, &request).await.unwrap());
    }
    for order in store.audited_refund_orders(&book, None, 100).await.unwrap() {
        found.extend(store.refund_order_fault(&order).await.unwrap());
    }
    for request in store.refund_requests(&book, &first, 1_000).await.unwrap().0 {
        found.extend(store.refund_request_fault(&book, &request).await.unwrap());
    }
    found
}

fn seconds(of: Option<prost_types::Timestamp>) -> i64 {
    of.map_or(0, |time| time.seconds)
}

#[tokio::test]
async fn an_owner_sees_what_would_happen_and_is_paid_back_after_the_time_and_not_before() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORTNIGHT).await;
        let fixture = &world.fixture;
        let purchase_id = bought_on_the_web(&world, "ann").await;
        gift(fixture, "ann", "cleo", 40).await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
        catch_up(fixture).await;
        let outlook = fixture.outlook("ann").await;
        // What was given is spent first, so what was given after that is there: 5, and 30 of 70 coins for 74 cents.
        assert_eq!((outlook.coin_balance, outlook.owed_coins, outlook.forfeited_coins, outlook.obstacles.len()), (35, 0, 5, 0));
        let refunds: Vec<(&str, i64)> = outlook.refunds.iter().map(|one| (one.currency_code.as_str(), one.minor_units)).collect();
        assert_eq!((refunds, outlook.needs_approval, outlook.open), (vec![("USD", 31)], false, None));
        let paid = outlook.shares.iter().find(|share| share.fate() == ClosureFate::Refund).unwrap();
        assert_eq!((paid.purchase_id.as_str(), paid.coins), (purchase_id.as_str(), 30));
        let id = new_id();
        let (asked, replayed) = fixture.ask_with(&id, "ann").await.unwrap();
        assert_eq!((asked.state(), asked.by_owner, asked.cancellable, replayed), (WalletChangeState::Approved, true, true, false));
        assert_eq!(seconds(asked.wait_end_time) - seconds(asked.create_time), 14 * 86_400);
        assert!(seconds(asked.wait_end_time) >= seconds(outlook.wait_end_time), "no shorter than was shown");
        assert_eq!(fixture.ask_with(&id, "ann").await.unwrap(), (asked.clone(), true));
        let open = fixture.outlook("ann").await;
        assert_eq!((open.open.unwrap(), open.obstacles[0].reason.as_str()), (asked.clone(), "WALLET_CHANGE_OPEN"));
        let list = fixture.with_role("sue", Role::Support, BOOK, ListWalletChangesRequest::default());
        let listed = fixture.client().list_wallet_changes(list).await.unwrap().into_inner().changes;
        assert_eq!((listed[0].asked_by.as_str(), listed[0].wait_end_time), ("ann", asked.wait_end_time), "staff see it");
        // Coins can be spent meanwhile, and none be bought.
        assert_eq!(reason(world.create("ann", &new_id(), PRODUCT).await), "WALLET_CHANGE_OPEN");
        for hour in [1, OVER - 2] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            assert_eq!((fixture.coins("ann").await, fixture.refund_count().await), (35, 0), "not after {hour} hours");
        }
        settle_from(fixture, OVER).await;
        settle_from(fixture, OVER + 10).await;
        let done = fixture.for_staff(&asked).await;
        assert_eq!((done.state(), done.note.as_str(), done.decided_by.as_str()), (WalletChangeState::Done, "", ""));
        assert_eq!(fixture.wallet("ann").await.account_state(), AccountState::Closed);
        assert_eq!(-fixture.balance("house/processor_receivable/USD").await, 74 - 31);
        let refund = &fixture.shown("ann", &purchase_id).await.refunds[0];
        assert_eq!((refund.amount.as_ref().unwrap().minor_units, refund.started_by()), (31, RefundStarter::User));
        assert_eq!(fixture.outlook("ann").await.obstacles[0].reason, "WALLET_NOT_OPEN");
        ties(fixture, &["ann"]).await;
        recognised(fixture).await;
        same_when_read_again(fixture).await;
        assert_eq!(audited(fixture).await, [""; 0]);
        fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn who_asked_takes_it_back_in_time_and_staff_stop_it() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORTNIGHT).await;
        let fixture = &world.fixture;
        for user in ["ann", "bob"] {
            fixture.bed.post("campaign", "house/coins/issued", &format!("viewer/{user}/coins"), 5).await;
        }
        catch_up(fixture).await;
        let (asked, id) = (fixture.ask("ann").await.unwrap(), new_id());
        assert_eq!(reason(fixture.cancel_with((&new_id(), "bob"), &asked.change_id).await), "WALLET_CHANGE_UNKNOWN");
        assert_eq!(reason(fixture.cancel_with((&new_id(), "ann"), &new_id()).await), "WALLET_CHANGE_UNKNOWN");
        let (back, replayed) = fixture.cancel_with((&id, "ann"), &asked.change_id).await.unwrap();
        assert_eq!((back.state(), back.cancellable, replayed), (WalletChangeState::Rejected, false, false));
        assert_eq!(fixture.cancel_with((&id, "ann"), &asked.change_id).await.unwrap(), (back, true));
        assert_eq!(reason(fixture.cancel_with((&id, "ann"), &new_id()).await), "REQUEST_ID_REUSED");
        assert_eq!(reason(fixture.cancel_with((&new_id(), "ann"), &asked.change_id).await), "WALLET_CHANGE_DECIDED");
        assert_eq!(fixture.for_staff(&asked).await.decided_by, "ann");
        // Again, and staff stop it.
        let again = fixture.ask("ann").await.unwrap();
        let shown = fixture.for_staff(&again).await;
        assert_eq!(fixture.reject_change("sue", &shown).await.unwrap().decided_by, "sue");
        assert_eq!(reason(fixture.cancel_with((&new_id(), "ann"), &again.change_id).await), "WALLET_CHANGE_DECIDED");
        // Neither is done; and what staff began is no owner's to stop.
        let by_staff = fixture.close("sue", "bob").await.unwrap();
        assert_eq!(reason(fixture.cancel_with((&new_id(), "bob"), &by_staff.change_id).await), "WALLET_CHANGE_UNKNOWN");
        let open = fixture.outlook("bob").await.open.unwrap();
        assert_eq!((open.by_owner, open.cancellable, open.wait_end_time), (false, false, None));
        settle_from(fixture, OVER).await;
        assert_eq!((fixture.coins("ann").await, fixture.wallet("ann").await.account_state()), (5, AccountState::Open));
        let many = futures::future::join_all((0..20).map(|_| fixture.ask("ann"))).await;
        assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 1, "twenty at once make one: {many:?}");
        assert_eq!(audited(fixture).await, [""; 0]);
        fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn above_the_amount_of_one_person_staff_approve_and_shorten_no_time() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORTNIGHT).await;
        let fixture = &world.fixture;
        bought_in_the_app(fixture, "ann").await;
        assert!(fixture.outlook("ann").await.needs_approval, "99 cents, and one person decides about 50");
        let asked = fixture.ask("ann").await.unwrap();
        assert_eq!((asked.state(), asked.cancellable), (WalletChangeState::Asked, true));
        settle_from(fixture, OVER).await;
        assert_eq!(fixture.coins("ann").await, 70, "nobody approved it");
        let shown = fixture.for_staff(&asked).await;
        fixture.approve_change("tom", &shown).await.unwrap();
        assert!(fixture.outlook("ann").await.open.unwrap().cancellable, "still");
        fixture.service.sweep(hours(OVER - 2)).await.unwrap();
        assert_eq!(fixture.coins("ann").await, 70, "its owner's time is not over");
        settle_from(fixture, OVER).await;
        let done = fixture.for_staff(&asked).await;
        assert_eq!((done.state(), done.decided_by.as_str(), done.postings[0].coins), (WalletChangeState::Done, "tom", 70));
        assert_eq!(audited(fixture).await, [""; 0]);
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn what_is_in_the_way_is_named_in_an_owners_words_and_nothing_is_kept() {
    let rules = "rule = \"wait\"\n[[waiting]]\nmarket = \"DE\"\nfrom = \"2026-01-01\"\ndays = 1\nsource = \"a test\"";
    let world = world(Storage::sqlite(), rules).await;
    let fixture = &world.fixture;
    let named = GetWalletClosureRequest { user_id: "bob".to_owned(), ..Default::default() };
    assert_eq!(reason(fixture.client().get_wallet_closure(fixture.from("ann", named)).await), "PERMISSION_DENIED");
    let message = RequestWalletClosureRequest { request_id: new_id(), user_id: "bob".to_owned(), ..Default::default() };
    for (who, role) in [("ann", Role::Viewer), ("sue", Role::Finance), ("sue", Role::Support)] {
        let refused = fixture.client().request_wallet_closure(fixture.with_role(who, role, BOOK, message.clone())).await;
        assert_eq!(reason(refused), "PERMISSION_DENIED", "{who}");
    }
    assert_eq!(reason(fixture.ask_with("1", "ann").await), "MALFORMED");
    assert_eq!(reason(fixture.cancel_with((&new_id(), "ann"), "x").await), "MALFORMED");
    bought_in_the_app(fixture, "ann").await;
    for (user, coins) in [("bob", 5), ("cleo", 1), ("emma", 1)] {
        fixture.bed.post("campaign", "house/coins/issued", &format!("viewer/{user}/coins"), coins).await;
    }
    fixture.bed.post("refund.granted", "viewer/cleo/debt", "house/coins/issued", 3).await;
    fixture.set_coins_state("dora", AccountState::Frozen).await.unwrap();
    catch_up(fixture).await;
    world.checkout("bob").await;
    for (user, expected) in [
        ("nobody", "WALLET_UNKNOWN"),
        ("dora", "WALLET_NOT_OPEN"),
        ("cleo", "COINS_OWED"),
        ("bob", "WALLET_BUSY"),
        ("ann", "WALLET_MARKET_WAITS"),
        ("emma", "WALLET_CLOSURE_BY_STAFF"),
    ] {
        let refused = fixture.ask(user).await.unwrap_err();
        let shown = &fixture.outlook(user).await.obstacles[0];
        assert_eq!((rpc::reason(&refused).as_deref(), shown.reason.as_str()), (Some(expected), expected), "{user}");
        assert!(refused.message().contains(&shown.message), "{refused:?}");
        for word in ["wallet_rules", "operator", "adjustment", "proposal"] {
            assert!(!refused.message().contains(word), "{word} is no owner's: {refused:?}");
        }
    }
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM wallet_change").fetch_one(&fixture.pool().await).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_row_whose_time_somebody_changed_is_not_carried_out() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORTNIGHT).await;
        let fixture = &world.fixture;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
        catch_up(fixture).await;
        let asked = fixture.ask("ann").await.unwrap();
        let sql = "UPDATE wallet_change SET waits_until_ms = 0, next_attempt_at_ms = 0";
        sqlx::query(sql).execute(&fixture.pool().await).await.unwrap();
        settle_from(fixture, 1).await;
        let waits = fixture.for_staff(&asked).await;
        assert_eq!((waits.state(), fixture.coins("ann").await), (WalletChangeState::Approved, 5));
        assert!(waits.note.contains("not what was asked for"), "{waits:?}");
        assert_eq!(audited(fixture).await, ["its owner asked for it, and has no time to take it back"]);
    }
}
