//! Whatever the ledger answers, a creator gets a helpful message and no internal details; and no acceptance that may be posted is lost.
use crate::house::{House, ask, both, take};
use api::earnings::{GetEarningsRequest, GetQuoteRequest, Quote};
use earnings::store::{MIGRATIONS, Store};
use identity::Role;
use ledger_client::LedgerReason;
use std::time::{Duration, SystemTime};
use testbed::{Fault, Storage, insides};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_creator_in_good_words() {
    let house = House::start(Storage::sqlite(), None).await;
    house.give("bob", 100_000).await;
    for reason in LedgerReason::ALL {
        house.bed.fault.fail(Fault::None);
        let (quote, _) = house.quote("bob", ask(1_000, "USD")).await.unwrap();
        house.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let told = house.earnings().accept_quote(house.by("bob", Role::Creator, take(&quote))).await.unwrap_err();
        insides::check("earnings", &reason, &told, &[LedgerReason::GuardMismatch, LedgerReason::InsufficientFunds]);
        if reason != LedgerReason::AccountUnknown {
            let told = house.earnings().get_earnings(house.by("bob", Role::Creator, GetEarningsRequest::default())).await.unwrap_err();
            insides::check("earnings", &reason, &told, &[LedgerReason::GuardMismatch, LedgerReason::InsufficientFunds]);
        }
    }
}

async fn unfinished(house: &House) -> u64 {
    let store = Store::new(house.database.open("earnings", &MIGRATIONS).await.unwrap());
    store.unfinished().await.unwrap().iter().map(|open| open.count).sum()
}

async fn read(house: &House, quote: &Quote) -> Result<Quote, String> {
    let get = GetQuoteRequest { quote_id: quote.quote_id.clone(), ..GetQuoteRequest::default() };
    testbed::reason(house.earnings().get_quote(house.by("bob", Role::Creator, get)).await).map(|answer| answer.quote.unwrap())
}

fn turned_away() -> Fault {
    Fault::Answer(rpc::overload(Duration::from_millis(100)))
}

#[tokio::test]
async fn a_retry_that_is_turned_away_does_not_forget_an_acceptance_that_was_posted() {
    for house in both().await {
        house.give("bob", 1_000).await;
        let (quote, _) = house.quote("bob", ask(1_000, "USD")).await.unwrap();
        let request = take(&quote);
        house.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(house.accept("bob", request.clone()).await.unwrap_err(), "OUTCOME_UNKNOWN");
        house.bed.fault.fail(turned_away());
        assert_eq!(house.accept("bob", request.clone()).await.unwrap_err(), "OUTCOME_UNKNOWN", "nobody may say that nothing happened");
        assert_eq!(read(&house, &quote).await.unwrap_err(), "OUTCOME_UNKNOWN");
        assert_eq!(unfinished(&house).await, 1, "it stays visible until it is settled");
        house.bed.fault.fail(Fault::None);
        let used = read(&house, &quote).await.unwrap();
        assert!(!used.posting_id.is_empty(), "{used:?}");
        assert_eq!(house.accept("bob", take(&quote)).await.unwrap_err(), "QUOTE_USED");
        assert!(house.accept("bob", request).await.unwrap().replayed);
        assert_eq!((unfinished(&house).await, house.balance("creator/bob/payable/USD").await), (0, 500));
        house.verify().await;
    }
}

#[tokio::test]
async fn an_only_attempt_that_is_turned_away_leaves_nothing_behind() {
    for house in both().await {
        house.give("bob", 1_000).await;
        let (quote, _) = house.quote("bob", ask(1_000, "USD")).await.unwrap();
        house.bed.fault.fail(turned_away());
        assert_eq!(house.accept("bob", take(&quote)).await.unwrap_err(), "OVERLOADED");
        assert_eq!(unfinished(&house).await, 0);
        house.bed.fault.fail(Fault::None);
        assert_eq!(house.service.settle(SystemTime::now() + Duration::from_secs(86_400)).await.unwrap(), 0, "nobody converts by himself");
        assert_eq!(house.balance("creator/bob/payable/USD").await, 0);
        assert_eq!(house.accept("bob", take(&quote)).await.unwrap().diamonds, 0);
        house.verify().await;
    }
}

#[tokio::test]
async fn the_worker_settles_what_nobody_retries() {
    for house in both().await {
        house.give("bob", 3_000).await;
        let mut quotes = Vec::new();
        for fault in [Fault::AnswerLost, Fault::Down] {
            let (quote, _) = house.quote("bob", ask(1_000, "USD")).await.unwrap();
            house.bed.fault.fail(fault);
            assert_eq!(house.accept("bob", take(&quote)).await.unwrap_err(), "OUTCOME_UNKNOWN");
            house.bed.fault.fail(Fault::None);
            quotes.push(quote);
        }
        let soon = SystemTime::now();
        assert_eq!(house.service.settle(soon).await.unwrap(), 0, "left to its call for a while");
        let later = soon + Duration::from_secs(3_600);
        house.bed.fault.fail(turned_away());
        assert_eq!(house.service.settle(later).await.unwrap(), 0);
        house.bed.fault.fail(Fault::None);
        let latest = later + Duration::from_secs(3_600);
        assert_eq!((house.service.settle(latest).await.unwrap(), house.service.settle(latest).await.unwrap()), (2, 0));
        assert_eq!((unfinished(&house).await, house.balance("creator/bob/payable/USD").await), (0, 1_000));
        for quote in quotes {
            assert!(!read(&house, &quote).await.unwrap().posting_id.is_empty());
        }
        house.verify().await;
    }
}

#[tokio::test]
async fn a_refusal_that_the_worker_hears_opens_the_quote_again() {
    let house = House::start(Storage::sqlite(), None).await;
    house.give("bob", 1_000).await;
    let (quote, _) = house.quote("bob", ask(1_000, "USD")).await.unwrap();
    house.bed.fault.fail(Fault::Down);
    assert_eq!(house.accept("bob", take(&quote)).await.unwrap_err(), "OUTCOME_UNKNOWN");
    house.bed.fault.fail(Fault::None);
    house.bed.post("adjustment", "creator/bob/diamonds", "house/diamonds/redeemed", 500).await;
    assert_eq!(house.service.settle(SystemTime::now() + Duration::from_secs(3_600)).await.unwrap(), 1);
    assert_eq!(unfinished(&house).await, 0);
    assert!(read(&house, &quote).await.unwrap().posting_id.is_empty());
    house.give("bob", 500).await;
    assert_eq!(house.accept("bob", take(&quote)).await.unwrap().diamonds, 0);
    house.verify().await;
}
