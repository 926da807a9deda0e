//! Whatever the ledger answers, staff get a helpful message and no internal details; and only the treasury's book is the treasury's.
use crate::{
    TREE,
    fixture::{Fixture, both},
    migration::{file, tree},
    receipts::came,
};
use api::{ledger::BookMode, treasury::ListVirtualAccountsRequest};
use identity::Role;
use ledger_client::LedgerReason;
use testbed::{Fault, Storage, insides};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_staff_in_good_words() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let plan = fixture.plan(TREE).await.unwrap();
    for reason in LedgerReason::ALL.into_iter().filter(|reason| *reason != LedgerReason::BookUnknown) {
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        insides::check("treasury", &reason, &fixture.plan(TREE).await.unwrap_err(), &[]);
        insides::check("treasury", &reason, &fixture.apply(TREE, &plan.hash).await.unwrap_err(), &[]);
        insides::check("treasury", &reason, &fixture.page(ListVirtualAccountsRequest::default()).await.unwrap_err(), &[]);
    }
    fixture.bed.fault.fail(Fault::None);
    assert_eq!(fixture.list("").await, [], "nothing was changed by the failed calls");
}

#[tokio::test]
async fn every_reason_reaches_who_imports_accounts_and_books_receipts_and_nothing_of_a_receipt_stays() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    fixture.change(&tree()).await.unwrap();
    let file = file(3);
    let plan = fixture.plan_migration(&file).await.unwrap();
    for reason in LedgerReason::ALL.into_iter().filter(|reason| *reason != LedgerReason::BookUnknown) {
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        insides::check("treasury", &reason, &fixture.apply_migration(&file, &plan.hash).await.unwrap_err(), &[]);
        insides::check("treasury", &reason, &fixture.received(came("central", "", 5)).await.unwrap_err(), &[]);
        insides::check("treasury", &reason, &fixture.old_moved(&testbed::new_id(), &[]).await.unwrap_err(), &[]);
    }
    fixture.bed.fault.fail(Fault::None);
    let applied = fixture.apply_migration(&file, &plan.hash).await.unwrap();
    assert_eq!((applied.opened_count, applied.replayed), (3, false), "no failed call imported anything");
    assert!(!fixture.ledger().await.contains_key("house/main/physical_cash/central/USD"), "no receipt was booked");
}

#[tokio::test]
async fn another_book_is_not_the_treasurys() {
    for fixture in both().await {
        let mut request = fixture.bed.unexplained(
            "fay",
            Role::Finance,
            &["app"],
            ListVirtualAccountsRequest { book: "app".to_owned(), ..Default::default() },
        );
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        let status = fixture.client().list_virtual_accounts(request).await.unwrap_err();
        assert_eq!(rpc::reason(&status).unwrap(), "BOOK_UNKNOWN");
        assert!(status.message().contains("which is treasury"), "{}", status.message());
    }
}
