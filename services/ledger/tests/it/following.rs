//! An audit that follows a book: damage is found as it is read, and a book that is being written is never reported as damaged.
use crate::{
    book::{buy, config, databases, gift, new_id, posted, start},
    verify::{DAMAGES, behind, build, fix, keep, plant, rewrite},
};
use books::{
    store::{Book, Store},
    verify::{BookProblem, follow::Follower},
};
use ledger::Config;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Damage to the journal itself, and not to data derived from it.
fn of_journal(damage: &[&str]) -> bool {
    let tables = ["transfer", "event", "\"commit\""];
    let beside = ["last_key", "replay_from", "321 * 64", "WHERE last_seq = 320", "DELETE FROM \"commit\"\""];
    damage
        .iter()
        .all(|statement| tables.iter().any(|table| statement.contains(table)) && !beside.iter().any(|word| statement.contains(word)))
        && *damage != ["DELETE FROM \"commit\""]
}

/// Damage to accounts' counters or identity.
const OF_ACCOUNTS: [&str; 5] = [
    "UPDATE account SET credits_posted = credits_posted + 1 WHERE name = 'creator/c1/diamonds'",
    "UPDATE account SET debits_pending = 0 WHERE name = 'viewer/u1/coins'",
    "UPDATE account SET name = 'viewer/c1/debt' WHERE name = 'creator/c1/diamonds'",
    "UPDATE account SET key = 99 WHERE name = 'creator/c1/diamonds'",
    "DELETE FROM account WHERE name = 'house/coins/issued'",
];

async fn to_the_end(follower: &mut Follower, store: &dyn Store) -> Option<BookProblem> {
    loop {
        // Small steps, so that there are several.
        let step = follower.step(store, 50, &mut |_| {}).await.unwrap();
        if step.problem.is_some() || step.behind == 0 {
            return step.problem;
        }
    }
}

async fn beside(follower: &mut Follower, store: &dyn Store) -> Option<BookProblem> {
    let rows = follower.compare_rows(store, 1_000).await.unwrap();
    rows.or(follower.compare_sums(store, &mut |_| {}).await.unwrap())
}

async fn opened(database: &db::Database) -> (Arc<dyn Store>, Book) {
    let store = books::store::open_store(database).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    (store, book)
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_the_journal_is_named_by_its_first_event_each_time() {
    for database in &databases().all {
        build(database).await;
        let (store, book) = opened(database).await;
        let pool = behind(database).await;
        keep(&pool).await;
        let mut planted = 0;
        for (damage, seq) in DAMAGES.iter().filter(|(damage, _)| of_journal(damage)) {
            plant(&pool, damage).await;
            let mut follower = Follower::new(book.clone());
            let found = to_the_end(&mut follower, &*store).await.unwrap_or_else(|| panic!("not found: {damage:?}"));
            assert_eq!(found.seq, *seq, "{damage:?}: {}", found.what);
            assert_eq!(to_the_end(&mut follower, &*store).await, Some(found), "{damage:?}: forgotten");
            fix(&pool, damage).await;
            planted += 1;
        }
        assert!(planted > 20, "only {planted} were planted");
        let mut follower = Follower::new(book.clone());
        assert_eq!(to_the_end(&mut follower, &*store).await, None);
        assert_eq!(beside(&mut follower, &*store).await, None);
        let (lines, last_seq) = books::read::trial_balance(&*store, book.key).await.unwrap();
        assert_eq!((follower.trial_balance(), follower.last_seq()), (lines, last_seq));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_accounts_is_found_and_found_again_until_it_is_mended() {
    for database in &databases().all {
        build(database).await;
        let (store, book) = opened(database).await;
        let mut follower = Follower::new(book);
        assert_eq!(to_the_end(&mut follower, &*store).await, None);
        let pool = behind(database).await;
        keep(&pool).await;
        for damage in OF_ACCOUNTS {
            plant(&pool, &[damage]).await;
            let found = beside(&mut follower, &*store).await;
            assert!(found.is_some(), "not found: {damage}");
            assert_eq!(beside(&mut follower, &*store).await, found, "{damage}: forgotten");
            fix(&pool, &[damage]).await;
            assert_eq!(beside(&mut follower, &*store).await, None, "{damage}: still reported after it was fixed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_changes_behind_whoever_has_read_it_is_found() {
    for damage in ["DELETE FROM \"commit\" WHERE last_seq = 320", "DELETE FROM \"commit\"", "rewrite"] {
        for database in &databases().all {
            build(database).await;
            let (store, book) = opened(database).await;
            let mut follower = Follower::new(book);
            assert_eq!(to_the_end(&mut follower, &*store).await, None);
            match damage {
                "rewrite" => rewrite(database, 8).await,
                statement => plant(&behind(database).await, &[statement]).await,
            }
            let found = follower.step(&*store, 1_000, &mut |_| {}).await.unwrap().problem.unwrap_or_else(|| panic!("not found: {damage}"));
            assert!(found.what.contains("not the one that was there before"), "{found:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_goes_on_is_followed_without_a_complaint() {
    for database in &databases().all {
        // Rows are written in every commit, so that some row is always newer than the part that was followed.
        let (ledger, book) = start(database, Config { dirty_max: 1, replay_max: 1, logged_max: 3, ..config() }).await;
        posted(book.submit(buy("u1", 1 << 50)).await);
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (book, stop) = (book.clone(), stop.clone());
                tokio::spawn(async move {
                    let mut round = 0;
                    while !stop.load(Ordering::Relaxed) {
                        round += 1;
                        posted(book.submit(gift(new_id(), "u1", &format!("w{writer}r{}", round % 100), 1)).await);
                    }
                })
            })
            .collect();
        let mut follower = Follower::new(book.row.clone());
        let (mut seen, mut rounds) = (0, 0);
        while rounds < 20 || seen < 500 {
            assert!(!writers.iter().any(tokio::task::JoinHandle::is_finished), "a writer crashed");
            let step = follower.step(&**ledger.store(), 200, &mut |_| seen += 1).await.unwrap();
            assert_eq!(step.problem, None);
            assert_eq!(beside(&mut follower, &**ledger.store()).await, None);
            rounds += 1;
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(to_the_end(&mut follower, &**ledger.store()).await, None);
        let head = ledger.store().head(book.row.key).await.unwrap().unwrap();
        assert_eq!((follower.last_seq(), follower.time()), (head.last_seq, head.time));
    }
}
