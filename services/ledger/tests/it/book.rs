//! A book to test with, requests to it, and its ordinary behaviour.
use books::{
    domain::{
        account::AccountState,
        request::{AccountName, Action, BookRequest, CallerRefusal, Guard, GuardOperation, NewTransfer, RequestFields},
    },
    read::{EntryListing, NamedPosting},
    store::Mode,
    store::open_store,
};
use db::Database;
use ledger::{
    Config, Error, Ledger,
    answer::{AnswerResult, BookAnswer},
    book::BookHandle,
};
use money::{Amount, BookName, derive_id};
use std::sync::Arc;
use uuid::Uuid;

/// Databases to run a test on, kept alive by the values stored beside them.
pub struct Databases {
    pub all: Vec<Database>,
    _dir: tempfile::TempDir,
    _cluster: pgtest::Cluster,
}

pub fn databases() -> Databases {
    let dir = tempfile::tempdir().unwrap();
    let cluster = pgtest::Cluster::start().unwrap();
    let sqlite = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let postgres = Database::parse(&cluster.create_database().unwrap()).unwrap();
    Databases { all: vec![sqlite, postgres], _dir: dir, _cluster: cluster }
}

/// No lease: the fence alone has to be enough.
pub fn config() -> Config {
    Config { lease_ms: 0, ..Config::default() }
}

pub fn book_name() -> BookName {
    BookName::try_new("demo").unwrap()
}

pub async fn start(database: &Database, config: Config) -> (Arc<Ledger>, Arc<BookHandle>) {
    let ledger = Ledger::start(open_store(database).await.unwrap(), config).await.unwrap();
    ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
    let book = ledger.book(&book_name()).await.unwrap();
    (ledger, book)
}

pub fn transfer(debit: &str, credit: &str, amount: i64) -> NewTransfer {
    let name = |text: &str| AccountName::parse(text.to_owned()).unwrap();
    let amount = Amount::try_new(amount).unwrap();
    NewTransfer::try_new(name(debit), name(credit), amount).unwrap()
}

/// A new id as a gift service would derive it.
pub fn new_id() -> Uuid {
    derive_id(Uuid::now_v7(), &["test"])
}

pub fn post(id: Uuid, transfers: Vec<NewTransfer>) -> BookRequest {
    let fields = transfers
        .iter()
        .zip(0..)
        .map(|(t, at)| (format!("t{at}"), format!("{} {} {}", t.accounts.debit().text, t.accounts.credit().text, t.amount.get())));
    let fields = RequestFields::new(fields.collect());
    let action = Action::Post { transfers, guards: Vec::new(), refusal: None };
    BookRequest::new(id, fields, "test".to_owned(), action)
}

pub fn buy(user: &str, coins: i64) -> BookRequest {
    post(new_id(), vec![transfer("house/coins/issued", &format!("viewer/{user}/coins"), coins)])
}

pub fn gift(id: Uuid, user: &str, creator: &str, coins: i64) -> BookRequest {
    let coin_leg = transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", coins);
    post(id, vec![coin_leg, transfer("house/diamonds/issued", &format!("creator/{creator}/diamonds"), coins)])
}

pub fn posted(outcome: AnswerResult) -> (NamedPosting, bool) {
    match outcome.unwrap() {
        BookAnswer::Posted { posted, replayed } => (*posted, replayed),
        BookAnswer::Done => panic!("no posting"),
    }
}

pub fn reason(outcome: AnswerResult) -> String {
    match outcome {
        Err(Error::Refused(told)) => told.reason,
        other => panic!("not refused: {other:?}"),
    }
}

pub async fn balance(book: &BookHandle, account: &str) -> i64 {
    book.account(account).await.map_or(0, |account| account.counters.balance())
}

pub async fn assert_sound(ledger: &Ledger, book: &BookHandle) {
    let report = books::verify::verify(&**ledger.store(), &book.row).await.unwrap();
    assert_eq!(report.problem, None);
    let (lines, _) = books::read::trial_balance(&**ledger.store(), book.row.key).await.unwrap();
    let mut sums = std::collections::HashMap::new();
    for ((unit, _), line) in lines {
        *sums.entry(unit).or_insert(0) += line.debits_posted - line.credits_posted;
    }
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_answer_also_after_a_restart() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        let id = new_id();
        let (first, replayed) = posted(book.submit(gift(id, "u1", "c1", 30)).await);
        assert!(!replayed);
        posted(book.submit(gift(new_id(), "u1", "c1", 5)).await);
        let (again, replayed) = posted(book.submit(gift(id, "u1", "c1", 30)).await);
        assert!(replayed);
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        match book.submit(gift(id, "u1", "c2", 31)).await {
            Err(Error::RequestIdReused { differing }) => assert_eq!(differing, ["t0", "t1"]),
            other => panic!("{other:?}"),
        }
        drop(book);
        ledger.shutdown().await;

        let (ledger, book) = start(database, config()).await;
        let (again, replayed) = posted(book.submit(gift(id, "u1", "c1", 30)).await);
        assert!(replayed);
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "creator/c1/diamonds").await), (65, 35));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_without_a_time_are_exact_too() {
    for database in &databases().all {
        let (_ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        let id = derive_id(Uuid::from_u128(77), &["no time in it"]);
        assert!(!posted(book.submit(gift(id, "u1", "c1", 30)).await).1);
        assert!(posted(book.submit(gift(id, "u1", "c1", 30)).await).1);
        let old = uuid::Builder::from_unix_timestamp_millis(1_000, &[7; 10]).into_uuid();
        assert!(matches!(book.submit(gift(old, "u1", "c1", 1)).await, Err(Error::RequestIdTime(_))));
        let ahead = u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap() + 3_600_000;
        let ahead = uuid::Builder::from_unix_timestamp_millis(ahead, &[7; 10]).into_uuid();
        assert!(matches!(book.submit(gift(ahead, "u1", "c1", 1)).await, Err(Error::RequestIdTime(_))));
        assert_eq!(balance(&book, "viewer/u1/coins").await, 70);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stays_the_answer() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 10)).await);
        let (poor, unknown) = (new_id(), new_id());
        let told_no = || {
            let refusal = Some(CallerRefusal { reason: "GIFT_UNKNOWN".to_owned(), detail: "gift 7".to_owned() });
            let action = Action::Post { transfers: Vec::new(), guards: Vec::new(), refusal };
            BookRequest::new(unknown, RequestFields::default(), "gift".to_owned(), action)
        };
        assert_eq!(reason(book.submit(gift(poor, "u1", "c1", 11)).await), "INSUFFICIENT_FUNDS");
        assert_eq!(reason(book.submit(told_no()).await), "GIFT_UNKNOWN");
        posted(book.submit(buy("u1", 10)).await);
        assert_eq!(reason(book.submit(gift(poor, "u1", "c1", 11)).await), "INSUFFICIENT_FUNDS");
        drop(book);
        ledger.shutdown().await;
        let (_ledger, book) = start(database, config()).await;
        assert_eq!(reason(book.submit(gift(poor, "u1", "c1", 11)).await), "INSUFFICIENT_FUNDS");
        assert_eq!(reason(book.submit(told_no()).await), "GIFT_UNKNOWN");
        posted(book.submit(gift(new_id(), "u1", "c1", 11)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_refusals_are_forgotten_and_young_ones_kept() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        let ids = [new_id(), new_id(), new_id()];
        for id in ids {
            reason(book.submit(gift(id, "poor", "c1", 1)).await);
        }
        let store = ledger.store();
        let known = store.ids(book.row.key, &ids).await.unwrap();
        assert_eq!(known.len(), 3);
        let times = known.iter().map(|(_, known)| match known {
            books::store::IdMeaning::Refusal(row) => row.time,
            books::store::IdMeaning::Event(seq) => panic!("event {seq}"),
        });
        let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
        assert_eq!(store.forget_refusals(book.row.key, first, 10).await.unwrap(), 0);
        assert_eq!(store.forget_refusals(book.row.key, last, 1).await.unwrap(), 1);
        assert_eq!(store.ids(book.row.key, &ids).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_memory_forgot_is_read_again() {
    for database in &databases().all {
        // So small that accounts, guards and ids are evicted all the time and every commit logs old accounts.
        let small = Config { cache_max: 8, dirty_max: 4, replay_max: 5, ids_max: 8, ..config() };
        let (ledger, book) = start(database, small.clone()).await;
        let mut ids = Vec::new();
        for round in 0..3 {
            for user in 0..20 {
                let user = format!("u{user}");
                posted(book.submit(buy(&user, 10)).await);
                let id = new_id();
                ids.push((id, user.clone()));
                posted(book.submit(gift(id, &user, "star", 3)).await);
                let taps = |to| {
                    let guards = vec![Guard { key: format!("streak/{user}"), operation: GuardOperation::AdvanceTo(to) }];
                    let transfers = vec![transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", 1)];
                    let action = Action::Post { transfers, guards, refusal: None };
                    BookRequest::new(new_id(), RequestFields::default(), "tap".to_owned(), action)
                };
                posted(book.submit(taps(round + 1)).await);
                posted(book.submit(taps(round)).await);
            }
        }
        for (id, user) in &ids {
            assert!(posted(book.submit(gift(*id, user, "star", 3)).await).1);
        }
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, small).await;
        for user in 0..20 {
            assert_eq!(balance(&book, &format!("viewer/u{user}/coins")).await, 30 - 9 - 3);
        }
        assert_eq!(balance(&book, "creator/star/diamonds").await, 180);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_are_all_answered_exactly_once() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 1_000)).await);
        let calls = (0..400).map(|n| {
            let book = book.clone();
            // Every id twice.
            let id = derive_id(Uuid::from_u128(n / 2 + 1), &["twice"]);
            tokio::spawn(async move { posted(book.submit(gift(id, "u1", "c1", 5)).await).1 })
        });
        let replayed = futures::future::join_all(calls).await.into_iter().filter(|replayed| *replayed.as_ref().unwrap()).count();
        assert_eq!(replayed, 200);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 0);
        let outcomes = book.submit_many(vec![gift(new_id(), "u1", "c1", 1), buy("u2", 3)]).await.unwrap();
        let mut outcomes = outcomes.into_iter();
        assert_eq!(reason(outcomes.next().unwrap()), "INSUFFICIENT_FUNDS");
        posted(outcomes.next().unwrap());
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_states_and_reversals_survive_a_restart() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        let (bought, _) = posted(book.submit(buy("u1", 100)).await);
        let hold = NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", 60) };
        let (held, _) = posted(book.submit(post(new_id(), vec![hold])).await);
        let freeze = |state| {
            let account = AccountName::parse("viewer/u1/coins".to_owned()).unwrap();
            BookRequest::new(new_id(), RequestFields::default(), String::new(), Action::SetState { account, state })
        };
        book.submit(freeze(AccountState::Frozen)).await.unwrap();
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, config()).await;
        assert_eq!(reason(book.submit(gift(new_id(), "u1", "c1", 1)).await), "ACCOUNT_FROZEN");
        book.submit(freeze(AccountState::Open)).await.unwrap();
        assert_eq!(reason(book.submit(gift(new_id(), "u1", "c1", 41)).await), "INSUFFICIENT_FUNDS");
        let void = || BookRequest {
            action: Action::VoidPending { transfer_no: held.transfers[0].transfer.no, guards: Vec::new() },
            ..post(new_id(), Vec::new())
        };
        posted(book.submit(void()).await);
        assert_eq!(reason(book.submit(void()).await), "PENDING_RESOLVED");
        let reverse = || BookRequest { action: Action::Reverse { posting: bought.id, allow_debt: false }, ..post(new_id(), Vec::new()) };
        posted(book.submit(reverse()).await);
        assert_eq!(reason(book.submit(reverse()).await), "ALREADY_REVERSED");
        assert_eq!(balance(&book, "viewer/u1/coins").await, 0);
        let (entries, next) = book.entries("viewer/u1/coins", &EntryListing { limit: 2, ..EntryListing::default() }).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.balance_after).collect::<Vec<_>>(), [0, 100]);
        let (entries, next) =
            book.entries("viewer/u1/coins", &EntryListing { place: next, limit: 9, ..EntryListing::default() }).await.unwrap();
        assert_eq!((entries.iter().map(|entry| entry.balance_after).collect::<Vec<_>>(), next), (vec![100, 100], 0));
        assert_sound(&ledger, &book).await;
    }
}
