//! End markers of streaks charge nothing: without coins a sender writes none, and nobody can write without bound.
use crate::fixture::{Fixture, rose, tap};
use api::ledger::ledger_service_client::LedgerServiceClient;
use gift::Config;
use identity::Role;
use tonic::Code;

/// The number of the journal's last event.
async fn journal_seq(fixture: &Fixture) -> i64 {
    let request = fixture.by("gift", Role::Service, api::ledger::GetTrialBalanceRequest::default());
    let told = LedgerServiceClient::new(fixture.bed.ledger_transport()).get_trial_balance(request).await.unwrap().into_inner();
    told.seq
}

#[tokio::test]
async fn the_end_of_a_streak_of_somebody_without_coins_writes_nothing() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 10).await;
    let before = journal_seq(&fixture).await;
    for at in 0..20 {
        let status = fixture.send("eve", tap(&format!("g{at}"), 3, true)).await.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::NotFound, Some("STREAK_UNKNOWN")), "{status:?}");
    }
    assert_eq!(journal_seq(&fixture).await, before);
    // Once she has coins, the same end is accepted, also before its taps.
    let end = tap("g0", 3, true);
    fixture.no("eve", end.clone()).await;
    fixture.fund("eve", 10).await;
    fixture.send("eve", end).await.unwrap();
    assert_eq!(fixture.send("eve", tap("g0", 2, false)).await.unwrap().cost_coins, 2);
    assert_eq!(fixture.no("eve", tap("g0", 4, false)).await, "STREAK_ENDED");
    fixture.verify().await;
}

#[tokio::test]
async fn ends_of_streaks_are_bounded_by_the_hour_and_gifts_are_not() {
    let fixture = Fixture::start(Config { end_markers_per_hour: 3, ..Config::default() }).await;
    fixture.fund("ann", 100).await;
    fixture.fund("bob2", 100).await;
    for at in 0..3 {
        fixture.send("ann", tap(&format!("g{at}"), 1, true)).await.unwrap();
    }
    let before = journal_seq(&fixture).await;
    let status = fixture.send("ann", tap("g4", 1, true)).await.unwrap_err();
    assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")), "{status:?}");
    assert_eq!(rpc::facts(&status)["per_hour"], "3");
    assert_eq!(journal_seq(&fixture).await, before);
    fixture.send("ann", rose()).await.unwrap();
    fixture.send("ann", tap("g4", 1, false)).await.unwrap();
    fixture.send("bob2", tap("g4", 1, true)).await.unwrap();
    fixture.verify().await;
}
