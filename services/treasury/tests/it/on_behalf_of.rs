//! Payouts of an app whose leaf is of another legal entity than the bank account: they take that entity's own money, and what it lacks is lent first.
use crate::{
    fixture::Fixture,
    moves::{GROUP, terms},
    reason,
};
use api::{ledger::BookMode, treasury::FundsReservationState as State};
use testbed::Storage;

/// The app's claims are covered by a leaf of acme; the account is of main, and so is the other leaf.
fn structure() -> String {
    let leaf = |id: &str, entity: &str, more: &str| {
        format!("[[leaf]]\nid = \"{id}\"\nparent = \"us\"\nname = \"{id}\"\nentity = \"{entity}\"\nuses = [\"on_behalf_of\"]\n{more}")
    };
    format!("{GROUP}{}{}", leaf("acme-app", "acme", "claims = [\"app\"]\n"), leaf("main-own", "main", "claims = [\"app-two\"]\n"))
}

const DOLLARS: &str = "house/main/bank_cash/bank-usd/USD";

/// What both leaves have, what is in transit, and both sides of what acme owes main.
async fn sums(fixture: &Fixture) -> [i64; 5] {
    let proof = fixture.prove("").await;
    assert!(proof.ok, "{:?}", proof.problems);
    let mut sums = [0; 5];
    let accounts = [
        "house/acme/virtual_account/acme-app/USD",
        "house/main/virtual_account/main-own/USD",
        "house/main/virtual_account/bank-usd-in-transit/USD",
        "house/main/due_from/acme/USD",
        "house/acme/due_to/main/USD",
    ];
    for (sum, account) in sums.iter_mut().zip(accounts) {
        *sum = fixture.free(account).await.0;
    }
    sums
}

#[tokio::test]
async fn a_payout_of_another_entitys_leaf_takes_that_entitys_money_and_what_it_lacks_is_lent_first() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = Fixture::agreed((storage, BookMode::Test), terms(), 0).await;
        fixture.change(&structure()).await.unwrap();
        fixture.app_moves("app", DOLLARS, 500).await;
        fixture.app_moves("app-two", DOLLARS, 1_000).await;
        fixture.follower().round().await.unwrap();
        assert_eq!(sums(&fixture).await, [500, 1_000, 0, 0, 0]);

        // The bank has the money, and acme does not: nobody lends it in passing.
        let payout = fixture.payout(700).await;
        let short = fixture.reserve(&payout).await.unwrap_err();
        assert_eq!((reason(&short).as_str(), rpc::errors::facts(&short)["rule"].as_str()), ("FUNDS_REFUSED", "leaf_available"));
        fixture.moved("main-own", "acme-app", 300).await;
        assert_eq!(sums(&fixture).await, [800, 700, 0, -300, 300], "acme owes main");

        let reserved = fixture.reserve(&payout).await.unwrap().reservation.unwrap();
        assert_eq!((reserved.state(), reserved.leaf.as_str(), reserved.leaf_entity.as_str()), (State::Reserved, "acme-app", "acme"));
        fixture.submit(&payout).await;
        fixture.follower().round().await.unwrap();
        assert_eq!(sums(&fixture).await, [100, 700, 700, -300, 300], "the payout itself lends nothing");
        fixture.settle(&payout).await;
        fixture.follower().round().await.unwrap();
        assert_eq!(sums(&fixture).await, [100, 700, 0, -300, 300]);
    }
}
