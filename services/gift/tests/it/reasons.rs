//! Whatever the ledger answers, a viewer gets a helpful message and no internal details.
use crate::fixture::{Fixture, rose, tap};
use gift::Config;
use ledger_client::LedgerReason;
use testbed::{Fault, insides};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_viewer_in_good_words() {
    for batched in [true, false] {
        let fixture = Fixture::start(Config { batch_unary: batched, ..Config::default() }).await;
        fixture.fund("ann", 10).await;
        for reason in LedgerReason::ALL {
            fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
            for request in [rose(), tap("g", 1, false)] {
                let told = fixture.send("ann", request).await.unwrap_err();
                insides::check("gift", &reason, &told, &[LedgerReason::GuardCapped, LedgerReason::InsufficientFunds]);
            }
        }
    }
}
