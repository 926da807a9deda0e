//! What a crash between two steps leaves, and how it is repaired: the steps up to the crash are executed by hand.
use crate::fixture::{BOOK, Fixture, ask, both, take};
use api::earnings::{AcceptQuoteRequest, GetQuoteRequest, Quote};
use earnings::{
    domain::Acceptance,
    postings,
    store::{MIGRATIONS, Store},
    wire,
};
use identity::Role;
use money::BookName;
use uuid::Uuid;

async fn store(fixture: &Fixture) -> Store {
    Store::new(fixture.database.open("earnings", &MIGRATIONS).await.unwrap())
}

/// Records an acceptance as the service does before it calls the ledger, and posts the acceptance if `posted` is set. The running service takes no part in it.
async fn accept_and_crash(fixture: &Fixture, quote: &Quote, request: &AcceptQuoteRequest, posted: bool) {
    let (store, book) = (store(fixture).await, BookName::try_new(BOOK).unwrap());
    let quote = store.quote(&book, Uuid::try_parse(&quote.quote_id).unwrap()).await.unwrap().unwrap();
    let acceptance: Acceptance = wire::acceptance(Uuid::try_parse(&request.request_id).unwrap(), request);
    assert!(store.accepting(&book, quote.id, &acceptance, i64::MAX).await.unwrap());
    if posted {
        fixture.ledger().post(postings::conversion(&book, &quote, &acceptance).for_book(&book)).await.unwrap();
    }
}

async fn read(fixture: &Fixture, quote: &Quote) -> Quote {
    let get = GetQuoteRequest { quote_id: quote.quote_id.clone(), ..GetQuoteRequest::default() };
    fixture.earnings().get_quote(fixture.by("bob", Role::Creator, get)).await.unwrap().into_inner().quote.unwrap()
}

#[tokio::test]
async fn a_crash_after_the_posting_is_healed_by_a_read() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        accept_and_crash(&fixture, &quote, &take(&quote), true).await;
        fixture.later(3_600);
        assert!(!read(&fixture, &quote).await.posting_id.is_empty());
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "QUOTE_USED");
        assert_eq!(fixture.balance("creator/bob/payable/USD").await, 500);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_crash_on_either_side_of_the_posting_is_healed_by_a_retry_also_a_late_one() {
    for fixture in both().await {
        for posted in [true, false] {
            fixture.give("bob", 1_000).await;
            let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
            let request = take(&quote);
            accept_and_crash(&fixture, &quote, &request, posted).await;
            fixture.later(3_600);
            let answer = fixture.accept("bob", request).await.unwrap();
            assert_eq!((answer.replayed, answer.diamonds), (posted, 0));
            assert_eq!(read(&fixture, &quote).await, answer.quote.unwrap());
        }
        assert_eq!(fixture.balance("creator/bob/payable/USD").await, 1_000);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn another_acceptance_settles_the_one_that_a_crash_left_first() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        accept_and_crash(&fixture, &quote, &take(&quote), false).await;
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "QUOTE_USED");
        assert_eq!(fixture.balance("creator/bob/payable/USD").await, 500);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn an_acceptance_that_was_refused_leaves_the_quote_open() {
    for fixture in both().await {
        fixture.give("bob", 1_500).await;
        let (one, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let (two, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.accept("bob", take(&one)).await.unwrap();
        let poor = take(&two);
        assert_eq!(fixture.accept("bob", poor.clone()).await.unwrap_err(), "INSUFFICIENT_FUNDS");
        assert!(read(&fixture, &two).await.posting_id.is_empty());
        fixture.give("bob", 500).await;
        assert_eq!(fixture.accept("bob", poor).await.unwrap_err(), "INSUFFICIENT_FUNDS", "that id keeps its answer");
        assert_eq!(fixture.accept("bob", take(&two)).await.unwrap().diamonds, 0);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn an_acceptance_that_meets_a_closed_account_ends_and_moves_nothing() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let request = take(&quote);
        accept_and_crash(&fixture, &quote, &request, false).await;
        let account = "creator/bob/payable/USD".to_owned();
        let mut ledger = api::ledger::ledger_service_client::LedgerServiceClient::new(fixture.bed.ledger_as("support"));
        let open = api::ledger::OpenAccountsRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.to_owned(),
            accounts: vec![account.clone()],
        };
        ledger.open_accounts(open).await.unwrap();
        let state = api::ledger::AccountState::Closed.into();
        let close = api::ledger::SetAccountStateRequest { book: BOOK.to_owned(), request_id: Uuid::now_v7().to_string(), account, state };
        ledger.set_account_state(close).await.unwrap();
        // The run settles the lost outcome: refused for good, and the diamonds are where they were.
        assert_eq!(read(&fixture, &quote).await.posting_id, "");
        assert_eq!(fixture.accept("bob", request).await.unwrap_err(), "ACCOUNT_CLOSED");
        let book = BookName::try_new(BOOK).unwrap();
        let ended = store(&fixture).await.quote(&book, Uuid::try_parse(&quote.quote_id).unwrap()).await.unwrap().unwrap();
        assert_eq!(ended.state, earnings::domain::QuoteState::Open, "nothing is left unknown");
        assert_eq!(fixture.balance("creator/bob/diamonds").await, 1_000);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn an_acceptance_that_a_clock_put_off_which_was_ahead_is_settled_once_it_is_put_right() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        accept_and_crash(&fixture, &quote, &take(&quote), false).await;
        let (now, pool) = (std::time::SystemTime::now(), fixture.database.open("earnings", &MIGRATIONS).await.unwrap());
        let ahead = "UPDATE quote SET settle_at_ms = $1";
        let ahead_ms = money::time::unix_ms(now) + 14 * 3_600_000;
        assert_eq!(sqlx::query(ahead).bind(ahead_ms).execute(&pool).await.unwrap().rows_affected(), 1);
        assert_eq!(fixture.service.settle(now).await.unwrap(), 0, "it would wait for that time");
        assert_eq!(fixture.service.end_impossible_waits(now).await.unwrap(), [("quote", 1)]);
        assert_eq!(fixture.service.end_impossible_waits(now).await.unwrap(), []);
        assert_eq!(fixture.service.settle(now).await.unwrap(), 1);
        assert_eq!(fixture.balance("creator/bob/payable/USD").await, 500);
        fixture.verify().await;
    }
}
