//! Money in suspense is shown with its age until it is worked to zero, and is no fault of the books.
use api::ledger::BookMode;
use monitor::{CheckResult, audit::continuous::ContinuousAudit};
use testbed::{Testbed, TestbedOptions, both};

const BOOK: &str = "demo";

/// The check, and what each unit has.
async fn looked(monitor: &mut ContinuousAudit) -> (CheckResult, Vec<(String, i128, bool)>) {
    let found = monitor.look().await.unwrap().books.remove(BOOK).unwrap();
    let check = found.checks.into_iter().find(|(name, _)| *name == "suspense").unwrap().1;
    let sums = found.suspense.unwrap().into_iter().map(|sum| (sum.unit, sum.amount, sum.since.is_some()));
    (check, sums.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_suspense_is_shown_until_somebody_moves_it_and_the_book_stays_green() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        let row = |unit: &str, amount, aged| (unit.to_owned(), amount, aged);
        assert_eq!(looked(&mut monitor).await, (CheckResult::Passed, vec![row("COIN", 0, false)]), "shown before anything happens");
        bed.post("payout.suspend", "house/in_transit/USD", "house/suspense/USD", 500).await;
        bed.post("purchase.apple", "house/coins/issued", "house/coins/suspense", 90).await;
        let (check, sums) = looked(&mut monitor).await;
        let CheckResult::Noted(told) = &check else { panic!("{check:?}") };
        assert!(check.is_healthy() && told.contains("500 USD since 20") && told.contains("90 COIN since 20"), "{told}");
        assert_eq!(sums, [row("USD", 500, true), row("COIN", 90, true)]);
        // Read again from the beginning, as after a restart: the same, and the same age.
        let mut restarted = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        assert_eq!(looked(&mut restarted).await, (check, sums));
        bed.post("adjustment", "house/suspense/USD", "creator/bob/payable/USD", 500).await;
        bed.post("adjustment", "house/coins/suspense", "viewer/ada/coins", 90).await;
        assert_eq!(looked(&mut monitor).await, (CheckResult::Passed, vec![row("USD", 0, false), row("COIN", 0, false)]));
        bed.ledger.shutdown().await;
    }
}
