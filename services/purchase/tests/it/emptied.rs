//! Wallets that are closed, and wallets that are merged into another of the same person.

mod closing;
mod dormant;
mod left;
mod limited;
mod merging;
mod owned;
mod refusing;

use api::purchase::{
    ApproveWalletChangeRequest, CloseWalletRequest, GetWalletChangeRequest, GetWalletRequest, GetWalletResponse, MergeWalletsRequest,
    RejectWalletChangeRequest, WalletChange,
};
use identity::Role;
use money::BookName;
use testbed::Storage;
use tonic::Status;

use crate::fixture::{BOOK, Fixture, new_id};
use crate::listening::Listening;
use crate::lots::{catch_up, rows, today};
use crate::refunding::{hours, options};
use crate::stripe::world::World;

pub fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// An installation with this rule for every market, where one member of staff decides up to half a dollar. Nothing runs beside calls.
pub async fn world(storage: Storage, rule: &str) -> World {
    let path = storage.dir.path().join("wallets.toml");
    let mut world = World::on(storage).await;
    let row = format!("version = \"1\"\n[[closure]]\nmarket = \"*\"\nfrom = \"2026-01-01\"\nsource = \"a test\"\n{rule}\n");
    std::fs::write(&path, row).unwrap();
    world.fixture.reconfigure(|config| (config.refunds, config.wallet_rules) = (options(), Some(path))).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    world
}

/// 70 coins for 74 cents on the web, of which 7 are tax; the purchase's id.
pub async fn bought_on_the_web(world: &World, user: &str) -> String {
    let made = world.checkout(user).await;
    world.act("pay", &made).await;
    world.fixture.service.sweep_orders(hours(2)).await.unwrap();
    catch_up(&world.fixture).await;
    world.get(user, &made.checkout_id).await.unwrap().purchase_id
}

/// 70 coins for 99 cents in the app, of which the store keeps 29; the purchase's id.
pub async fn bought_in_the_app(fixture: &Fixture, user: &str) -> String {
    let purchase = fixture.redeem(user, &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap();
    catch_up(fixture).await;
    purchase.purchase_id
}

impl Fixture {
    pub async fn close_with(&self, (staff, id): (&str, &str), user: &str) -> Result<(WalletChange, bool), Status> {
        let message = CloseWalletRequest { request_id: id.to_owned(), user_id: user.to_owned(), ..Default::default() };
        let answer = self.client().close_wallet(self.with_role(staff, Role::Finance, BOOK, message)).await?.into_inner();
        Ok((answer.change.unwrap(), answer.replayed))
    }

    pub async fn close(&self, staff: &str, user: &str) -> Result<WalletChange, Status> {
        self.close_with((staff, &new_id()), user).await.map(|(change, _)| change)
    }

    pub async fn merge(&self, staff: &str, user: &str, into: &str) -> Result<WalletChange, Status> {
        let message =
            MergeWalletsRequest { request_id: new_id(), user_id: user.to_owned(), into_user_id: into.to_owned(), ..Default::default() };
        let request = self.with_role(staff, Role::Finance, BOOK, message);
        Ok(self.client().merge_wallets(request).await?.into_inner().change.unwrap())
    }

    pub async fn approve_change(&self, staff: &str, change: &WalletChange) -> Result<WalletChange, Status> {
        let message = ApproveWalletChangeRequest { request_id: new_id(), change_id: change.change_id.clone(), ..Default::default() };
        let request = self.with_role(staff, Role::Finance, BOOK, message);
        Ok(self.client().approve_wallet_change(request).await?.into_inner().change.unwrap())
    }

    pub async fn reject_change(&self, staff: &str, change: &WalletChange) -> Result<WalletChange, Status> {
        let message = RejectWalletChangeRequest { request_id: new_id(), change_id: change.change_id.clone(), ..Default::default() };
        let request = self.with_role(staff, Role::Finance, BOOK, message);
        Ok(self.client().reject_wallet_change(request).await?.into_inner().change.unwrap())
    }

    pub async fn change(&self, change: &WalletChange) -> WalletChange {
        let message = GetWalletChangeRequest { change_id: change.change_id.clone(), ..Default::default() };
        let request = self.with_role("sue", Role::Support, BOOK, message);
        self.client().get_wallet_change(request).await.unwrap().into_inner().change.unwrap()
    }

    pub async fn wallet(&self, user: &str) -> GetWalletResponse {
        self.client().get_wallet(self.from(user, GetWalletRequest::default())).await.unwrap().into_inner()
    }
}

/// Balances of the company in dollars, each credits less debits.
pub async fn house(fixture: &Fixture, accounts: &[&str]) -> Vec<i64> {
    let mut found = Vec::new();
    for account in accounts {
        found.push(fixture.balance(&format!("house/{account}/USD")).await);
    }
    found
}

/// Posts what the day of the test earned; how many postings that were.
pub async fn recognised(fixture: &Fixture) -> usize {
    fixture.service.lots().recognise(&book(), today(), std::time::SystemTime::now()).await.unwrap()
}

/// The lots, read again from the journal's beginning, are what they were, and nothing is earned a second time.
pub async fn same_when_read_again(fixture: &Fixture) {
    let before = rows(fixture).await;
    fixture.service.store().forget_lots(&book()).await.unwrap();
    assert_eq!(recognised(fixture).await, 0, "nothing differs");
    assert_eq!(rows(fixture).await, before);
}
