//! Whatever the ledger answers, a creator gets a helpful message and no internal details; and no acceptance that may be posted is lost.
use crate::fixture::{BOOK, Fixture, ask, both, take};
use api::{
    earnings::{GetEarningsRequest, GetQuoteRequest, Quote},
    ledger::{AccountState, SetAccountStateRequest, ledger_service_client::LedgerServiceClient},
};
use earnings::store::{MIGRATIONS, Store};
use identity::Role;
use ledger_client::LedgerReason;
use std::time::{Duration, SystemTime};
use testbed::{
    Fault, Storage,
    insides::{self, ReasonWalk},
};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_creator_in_good_words() {
    let fixture = Fixture::start(Storage::sqlite(), None).await;
    fixture.give("bob", 100_000).await;
    let translated = [LedgerReason::GuardMismatch, LedgerReason::InsufficientFunds];
    let walk = ReasonWalk {
        rpc: "earnings/AcceptQuote",
        fault: &fixture.bed.fault,
        translated: &translated,
        answers_refusals: false,
        for_staff: false,
    };
    walk.through(async |fault| {
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.bed.fault.fail(fault);
        fixture.earnings().accept_quote(fixture.by("bob", Role::Creator, take(&quote))).await
    })
    .await;
    for reason in LedgerReason::ALL {
        fixture.bed.fault.fail(Fault::None);
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let told = fixture.earnings().accept_quote(fixture.by("bob", Role::Creator, take(&quote))).await.unwrap_err();
        insides::check("earnings", &reason, &told, &translated);
        if reason != LedgerReason::AccountUnknown {
            let told = fixture.earnings().get_earnings(fixture.by("bob", Role::Creator, GetEarningsRequest::default())).await.unwrap_err();
            insides::check("earnings", &reason, &told, &translated);
        }
    }
}

async fn unfinished(fixture: &Fixture) -> u64 {
    let store = Store::new(fixture.database.open("earnings", &MIGRATIONS).await.unwrap());
    store.unfinished().await.unwrap().iter().map(|open| open.count).sum()
}

async fn read(fixture: &Fixture, quote: &Quote) -> Result<Quote, String> {
    let get = GetQuoteRequest { quote_id: quote.quote_id.clone(), ..GetQuoteRequest::default() };
    testbed::reason(fixture.earnings().get_quote(fixture.by("bob", Role::Creator, get)).await).map(|answer| answer.quote.unwrap())
}

fn turned_away() -> Fault {
    Fault::Answer(rpc::overload(Duration::from_millis(100)))
}

#[tokio::test]
async fn a_retry_that_is_turned_away_does_not_forget_an_acceptance_that_was_posted() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let request = take(&quote);
        fixture.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(fixture.accept("bob", request.clone()).await.unwrap_err(), "OUTCOME_UNKNOWN");
        fixture.bed.fault.fail(turned_away());
        assert_eq!(fixture.accept("bob", request.clone()).await.unwrap_err(), "OUTCOME_UNKNOWN", "nobody may say that nothing happened");
        assert_eq!(read(&fixture, &quote).await.unwrap_err(), "OUTCOME_UNKNOWN");
        assert_eq!(unfinished(&fixture).await, 1, "it stays visible until it is settled");
        fixture.bed.fault.fail(Fault::None);
        let used = read(&fixture, &quote).await.unwrap();
        assert!(!used.posting_id.is_empty(), "{used:?}");
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "QUOTE_USED");
        assert!(fixture.accept("bob", request).await.unwrap().replayed);
        assert_eq!((unfinished(&fixture).await, fixture.balance("creator/bob/payable/USD").await), (0, 500));
        fixture.verify().await;
    }
}

#[tokio::test]
async fn an_only_attempt_that_is_turned_away_leaves_nothing_behind() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.bed.fault.fail(turned_away());
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "OVERLOADED");
        assert_eq!(unfinished(&fixture).await, 0);
        fixture.bed.fault.fail(Fault::None);
        assert_eq!(fixture.service.settle(SystemTime::now() + Duration::from_secs(86_400)).await.unwrap(), 0, "nobody converts by himself");
        assert_eq!(fixture.balance("creator/bob/payable/USD").await, 0);
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap().diamonds, 0);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn the_worker_settles_what_nobody_retries() {
    for fixture in both().await {
        fixture.give("bob", 3_000).await;
        let mut quotes = Vec::new();
        for fault in [Fault::AnswerLost, Fault::Down] {
            let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
            fixture.bed.fault.fail(fault);
            assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "OUTCOME_UNKNOWN");
            fixture.bed.fault.fail(Fault::None);
            quotes.push(quote);
        }
        let soon = SystemTime::now();
        assert_eq!(fixture.service.settle(soon).await.unwrap(), 0, "left to its call for a while");
        let later = soon + Duration::from_secs(3_600);
        fixture.bed.fault.fail(turned_away());
        assert_eq!(fixture.service.settle(later).await.unwrap(), 0);
        fixture.bed.fault.fail(Fault::None);
        let latest = later + Duration::from_secs(3_600);
        assert_eq!((fixture.service.settle(latest).await.unwrap(), fixture.service.settle(latest).await.unwrap()), (2, 0));
        assert_eq!((unfinished(&fixture).await, fixture.balance("creator/bob/payable/USD").await), (0, 1_000));
        for quote in quotes {
            assert!(!read(&fixture, &quote).await.unwrap().posting_id.is_empty());
        }
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_refusal_that_the_worker_hears_opens_the_quote_again() {
    let fixture = Fixture::start(Storage::sqlite(), None).await;
    fixture.give("bob", 1_000).await;
    let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
    fixture.bed.fault.fail(Fault::Down);
    assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "OUTCOME_UNKNOWN");
    fixture.bed.fault.fail(Fault::None);
    fixture.bed.post("adjustment", "creator/bob/diamonds", "house/diamonds/redeemed", 500).await;
    assert_eq!(fixture.service.settle(SystemTime::now() + Duration::from_secs(3_600)).await.unwrap(), 1);
    assert_eq!(unfinished(&fixture).await, 0);
    assert!(read(&fixture, &quote).await.unwrap().posting_id.is_empty());
    fixture.give("bob", 500).await;
    assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap().diamonds, 0);
    fixture.verify().await;
}

#[tokio::test]
async fn a_creator_does_not_learn_that_an_account_of_the_company_is_frozen() {
    for fixture in both().await {
        fixture.give("bob", 3_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.accept("bob", take(&quote)).await.unwrap();
        let set = async |state: AccountState| {
            let (book, account) = (BOOK.to_owned(), "house/accrued_creator_liability/USD".to_owned());
            let set = SetAccountStateRequest { book, request_id: testbed::new_id(), account, state: state.into() };
            LedgerServiceClient::new(fixture.bed.ledger_as("support")).set_account_state(set).await.unwrap();
        };
        set(AccountState::Frozen).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let request = take(&quote);
        for _ in 0..2 {
            let answer = fixture.earnings().accept_quote(fixture.by("bob", Role::Creator, request.clone())).await.unwrap_err();
            assert_eq!(answer.message(), "ACCOUNT_FROZEN: this can't be converted now; no diamonds were taken");
            assert!(rpc::facts(&answer).is_empty() && !String::from_utf8_lossy(answer.details()).contains("house/"), "{answer:?}");
        }
        assert_eq!((unfinished(&fixture).await, fixture.balance("creator/bob/diamonds").await), (0, 2_000));
        set(AccountState::Open).await;
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap().diamonds, 1_000, "with a new id, once it is thawed");
        fixture.verify().await;
    }
}
