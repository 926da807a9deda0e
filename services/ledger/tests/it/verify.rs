//! Planted damage is found, and the first bad event named; a book that is being written is not reported as damaged.
use crate::book::{buy, config, databases, gift, new_id, post, posted, start, transfer};
use books::{
    codec,
    domain::{
        account::{AccountState, Side},
        event::{Body, Event, Posting, Transfer, TransferKind, transfer_no},
        request::{AccountName, Action, BookRequest, Guard, GuardOperation, NewTransfer, RequestFields},
        standing::Settling,
    },
    store::{Batch, Book, Commit, Store, StoredEvent},
    verify::follow::Follower,
};
use db::Database;
use ledger::Config;
use sqlx::{AnyPool, AssertSqlSafe};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The ledger's tables, opened without the ledger.
pub async fn behind(database: &Database) -> AnyPool {
    database.open("ledger", &books::store::sqlite::MIGRATIONS).await.unwrap()
}

/// Changes the kind of the posting at `seq` and makes everything after it consistent again, as a knowledgeable attacker could.
pub async fn rewrite(database: &Database, seq: i64) {
    let store = books::store::open_store(database).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    let pool = behind(database).await;
    let (mut previous, mut last_seq) = ([0; 32], 0);
    for commit in store.commits(book.key, 1, 1_000).await.unwrap() {
        let mut digests = Vec::new();
        for mut stored in store.events(book.key, last_seq + 1, commit.last_seq - last_seq).await.unwrap() {
            if stored.event.seq == seq {
                let Body::Posting(posting) = &mut stored.event.body else { panic!("no posting") };
                posting.kind = "another".to_owned();
                stored.body = codec::encode(&stored.event.body);
            }
            let digest = codec::digest(&stored.event, &stored.body);
            let query = sqlx::query("UPDATE event SET body = $1, checksum = $2 WHERE seq = $3").bind(stored.body);
            query.bind(codec::checksum(&digest)).bind(stored.event.seq).execute(&pool).await.unwrap();
            digests.push(digest);
        }
        let Commit { commit_no, epoch, time, .. } = commit;
        last_seq = commit.last_seq;
        let fields = codec::CommitFields { book: &book.name, commit_no, epoch, last_seq, time };
        previous = codec::commit_hash(&previous, &fields, &digests);
        let query = sqlx::query("UPDATE \"commit\" SET hash = $1 WHERE commit_no = $2").bind(previous.to_vec()).bind(commit_no);
        query.execute(&pool).await.unwrap();
    }
    pool.close().await;
}

fn tap(to: i64) -> BookRequest {
    let guards = vec![Guard { key: "streak/u1".to_owned(), operation: GuardOperation::AdvanceTo(to) }];
    let transfers = vec![transfer("viewer/u1/coins", "house/coins/redeemed", 1)];
    BookRequest { kind: "tap".to_owned(), action: Action::Post { transfers, guards, refusal: None }, ..post(new_id(), Vec::new()) }
}

fn hold(coins: i64) -> BookRequest {
    post(new_id(), vec![NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", coins) }])
}

fn set_state(account: &str, state: AccountState) -> BookRequest {
    let account = AccountName::parse(account.to_owned()).unwrap();
    BookRequest {
        fields: RequestFields::default(),
        kind: String::new(),
        action: Action::SetState { account, state },
        ..post(new_id(), Vec::new())
    }
}

/// A book with everything in it. Events 1 and 2 open accounts, 3 is a purchase, 4 to 6 open accounts, 7 to 12 are gifts, each with its commit; 13 and
/// 14 are taps of a streak, 15 and 16 hold, 17 posts a part of 15, 18 freezes and 19 thaws the creator, 20 to 319 are gifts in one
/// commit, and 320 is the last.
pub async fn build(database: &Database) {
    // A restart has little to replay, so account rows are of many ages.
    let (ledger, book) = start(database, Config { replay_max: 5, logged_max: 2, ..config() }).await;
    posted(book.submit(buy("u1", 100_000)).await);
    for coins in 10..16 {
        posted(book.submit(gift(new_id(), "u1", "c1", coins)).await);
    }
    posted(book.submit(tap(1)).await);
    posted(book.submit(tap(2)).await);
    let (held, _) = posted(book.submit(hold(50)).await);
    posted(book.submit(hold(60)).await);
    let amount = Some(money::Amount::try_new(20).unwrap());
    let action = Action::PostPending { transfer_no: held.transfers[0].transfer.no, amount };
    posted(book.submit(BookRequest { action, ..post(new_id(), Vec::new()) }).await);
    for state in [AccountState::Frozen, AccountState::Open] {
        book.submit(set_state("creator/c1/diamonds", state)).await.unwrap();
    }
    for outcome in book.submit_many((0..300).map(|_| gift(new_id(), "u1", "c1", 1)).collect()).await.unwrap() {
        posted(outcome);
    }
    posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
    drop(book);
    ledger.shutdown().await;
}

/// Manipulations of the tables, and the event that must be named for each.
pub const DAMAGES: &[(&[&str], i64)] = &[
    // A changed amount, side, counter, chain of entries.
    (&["UPDATE transfer SET amount = amount + 1 WHERE no = 8 * 64"], 8),
    (&["UPDATE transfer SET c_credits_posted = c_credits_posted + 1 WHERE no = 8 * 64 + 1"], 8),
    (&["UPDATE transfer SET debit = 2, credit = 1 WHERE no = 8 * 64"], 8),
    (&["UPDATE transfer SET debit_prev = 0 WHERE no = 9 * 64"], 9),
    (&["UPDATE transfer SET kind = 1 WHERE no = 9 * 64"], 9),
    (&["UPDATE transfer SET kind = 77 WHERE no = 9 * 64"], 9),
    // Changed metadata.
    (&["UPDATE event SET body = (SELECT body FROM event AS other WHERE seq = 9) WHERE seq = 8"], 8),
    (&["UPDATE event SET body = (SELECT id FROM event AS other WHERE seq = 9) WHERE seq = 8"], 8),
    (&["UPDATE event SET checksum = checksum + 1 WHERE seq = 8"], 8),
    // A removed row.
    (&["DELETE FROM transfer WHERE no = 8 * 64 + 1"], 8),
    (&["DELETE FROM transfer WHERE no = 8 * 64"], 8),
    (&["DELETE FROM event WHERE seq = 8"], 8),
    (&["DELETE FROM \"commit\" WHERE commit_no = 3"], 8),
    (&["DELETE FROM \"commit\" WHERE last_seq = 319"], 20),
    (&["DELETE FROM \"commit\" WHERE last_seq = 320"], 320),
    (&["DELETE FROM \"commit\""], 1),
    // An added one.
    (
        &[
            "INSERT INTO transfer SELECT book, 321 * 64, debit, credit, amount, kind, pending_no, d_debits_posted, d_credits_posted, d_debits_pending, \
         d_credits_pending, c_debits_posted, c_credits_posted, c_debits_pending, c_credits_pending, debit_prev, credit_prev FROM transfer \
         WHERE no = 8 * 64",
        ],
        321,
    ),
    (&["UPDATE event SET seq = 321 WHERE seq = 320"], 320),
    (&["UPDATE transfer SET no = 8 * 64 + 2 WHERE no = 319 * 64 + 1"], 8),
    // A swapped pair: two transfers, two bodies, two events whole.
    (
        &[
            "UPDATE transfer SET no = -1 WHERE no = 8 * 64",
            "UPDATE transfer SET no = 8 * 64 WHERE no = 8 * 64 + 1",
            "UPDATE transfer SET no = 8 * 64 + 1 WHERE no = -1",
        ],
        8,
    ),
    (&["UPDATE event SET seq = -1 WHERE seq = 8", "UPDATE event SET seq = 8 WHERE seq = 9", "UPDATE event SET seq = 9 WHERE seq = -1"], 8),
    (
        &[
            "UPDATE event SET seq = -1 WHERE seq = 8",
            "UPDATE event SET seq = 8 WHERE seq = 9",
            "UPDATE event SET seq = 9 WHERE seq = -1",
            "UPDATE transfer SET no = -no WHERE no IN (8 * 64, 8 * 64 + 1)",
            "UPDATE transfer SET no = no - 64 WHERE no IN (9 * 64, 9 * 64 + 1)",
            "UPDATE transfer SET no = 64 - no WHERE no < 0",
        ],
        8,
    ),
    // A commit's own row: what its hash covers, and what it does not.
    (&["UPDATE \"commit\" SET time = time + 1 WHERE commit_no = 3"], 8),
    (&["UPDATE \"commit\" SET epoch = epoch + 1 WHERE commit_no = 3"], 8),
    (&["UPDATE \"commit\" SET last_seq = last_seq + 1 WHERE commit_no = 3"], 8),
    (&["UPDATE \"commit\" SET hash = (SELECT hash FROM \"commit\" AS other WHERE commit_no = 2) WHERE commit_no = 3"], 8),
    (&["UPDATE \"commit\" SET last_key = last_key + 1 WHERE commit_no = 3"], 8),
    (&["UPDATE \"commit\" SET replay_from = 1000000 WHERE commit_no = 3"], 8),
    // A wrong snapshot: an account's row. The purchase's account was written by a later commit, the creator's when it was thawed.
    (&["UPDATE account SET credits_posted = credits_posted + 1 WHERE name = 'creator/c1/diamonds'"], -1),
    (&["UPDATE account SET debits_pending = 0 WHERE name = 'viewer/u1/coins'"], -1),
    (&["UPDATE account SET entries = entries + 1 WHERE name = 'viewer/u1/coins'"], -1),
    (&["UPDATE account SET state = 2 WHERE name = 'creator/c1/diamonds'"], -1),
    (&["UPDATE account SET seq = 12 WHERE name = 'creator/c1/diamonds'"], 12),
    (&["UPDATE account SET seq = 1000 WHERE name = 'creator/c1/diamonds'"], 1_000),
    (&["UPDATE account SET name = 'creator/c2/diamonds' WHERE name = 'creator/c1/diamonds'"], -1),
    (&["UPDATE account SET key = 99 WHERE name = 'creator/c1/diamonds'"], -1),
    (&["DELETE FROM account WHERE name = 'house/coins/issued'"], 3),
    (&["UPDATE \"commit\" SET replay_from = 321 * 64 WHERE last_seq = 320"], -1),
    // A guard.
    (&["UPDATE guard SET value = value - 1"], 14),
    (&["UPDATE guard SET cap = 2"], 14),
    (&["DELETE FROM guard"], 14),
    (&["INSERT INTO guard SELECT book, 'streak/u2', 1, NULL FROM guard"], 0),
    (&["UPDATE guard SET key = 'streak/u2'"], 0),
    // A hold, open or resolved.
    (&["UPDATE hold SET amount = amount + 1 WHERE resolved_seq = 0"], 16),
    (&["UPDATE hold SET resolved_seq = 17 WHERE resolved_seq = 0"], 16),
    (&["UPDATE hold SET resolved_seq = 0 WHERE resolved_seq = 17"], 17),
    (&["UPDATE hold SET expired = 1 WHERE resolved_seq = 17"], 17),
    (&["UPDATE hold SET expire_time = 1 WHERE resolved_seq = 0"], 16),
    (&["DELETE FROM hold WHERE resolved_seq = 17"], 17),
    (&["DELETE FROM hold WHERE resolved_seq = 0"], 16),
    (&["INSERT INTO hold SELECT book, 3 * 64, debit, credit, amount, 0, NULL, 0 FROM hold WHERE resolved_seq = 0"], 0),
    // A checkpoint.
    (&["UPDATE checkpoint SET credits_posted = credits_posted + 1 WHERE account = 2"], -1),
    (&["UPDATE checkpoint SET entry_no = entry_no + 1 WHERE account = 2"], -1),
    (&["DELETE FROM checkpoint WHERE account = 2"], -1),
    (
        &[
            "INSERT INTO checkpoint SELECT book, account, 8 * 64, entry_no, time, debits_posted, credits_posted, debits_pending, credits_pending \
        FROM checkpoint WHERE account = 2",
        ],
        8,
    ),
];

const TABLES: [&str; 7] = ["commit", "event", "transfer", "account", "guard", "hold", "checkpoint"];

async fn run(pool: &AnyPool, sql: String) -> u64 {
    sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap().rows_affected()
}

/// Saves copies of the tables, for [`fix`].
pub async fn keep(pool: &AnyPool) {
    for table in TABLES {
        run(pool, format!("CREATE TABLE sound_{table} AS SELECT * FROM \"{table}\"")).await;
    }
}

/// Executes a manipulation of the tables.
pub async fn plant(pool: &AnyPool, damage: &[&str]) {
    for statement in damage {
        assert!(run(pool, (*statement).to_owned()).await > 0, "{statement}");
    }
}

/// Restores the tables that a manipulation touched.
pub async fn fix(pool: &AnyPool, damage: &[&str]) {
    for table in TABLES.iter().filter(|table| damage.iter().any(|statement| statement.contains(*table))) {
        run(pool, format!("DELETE FROM \"{table}\"")).await;
        run(pool, format!("INSERT INTO \"{table}\" SELECT * FROM sound_{table}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_named_by_its_first_event() {
    for database in &databases().all {
        build(database).await;
        let store = books::store::open_store(database).await.unwrap();
        let book = store.books().await.unwrap().remove(0);
        let problem = async || books::verify::verify(&*store, &book).await.unwrap().problem;
        assert_eq!(problem().await, None);
        let pool = behind(database).await;
        keep(&pool).await;
        for (damage, seq) in DAMAGES {
            plant(&pool, damage).await;
            let found = problem().await.unwrap_or_else(|| panic!("not found: {damage:?}"));
            assert!(found.seq == *seq || (*seq == -1 && found.seq > 0), "{damage:?}: event {}, {}", found.seq, found.what);
            fix(&pool, damage).await;
        }
        assert_eq!(problem().await, None);
    }
}

/// Appends a commit of one posting whose only transfer is from one of these accounts to the other. Otherwise it is as the writer would have made it:
/// counters, entries, digest and hash follow from the state before. Only a rule about the accounts themselves can detect it.
async fn forge(store: &dyn Store, book: &Book, debit: &str, credit: &str) -> i64 {
    let head = store.head(book.key).await.unwrap().unwrap();
    let mut keys = Vec::new();
    for name in [debit, credit] {
        keys.push(store.accounts_by_name(book.key, &[name.to_owned()]).await.unwrap()[0].key);
    }
    let accounts = books::read::trail::accounts(store, book.key, &keys).await.unwrap();
    let account = |key: i64| accounts.iter().find(|account| account.key == key).unwrap();
    let (seq, amount) = (head.last_seq + 1, 7);
    let no = transfer_no(seq, 0);
    let (before, debit_prev) = (account(keys[0]).counters, account(keys[0]).last_transfer);
    let debit_after = before.moved(Side::Debit, amount, 0).unwrap();
    // An account on both sides is credited after it was debited.
    let (before, credit_prev) =
        if keys[0] == keys[1] { (debit_after, no) } else { (account(keys[1]).counters, account(keys[1]).last_transfer) };
    let credit_after = before.moved(Side::Credit, amount, 0).unwrap();
    let transfer = Transfer {
        no,
        debit: keys[0],
        credit: keys[1],
        amount,
        kind: TransferKind::Posted,
        pending_no: 0,
        debit_after,
        credit_after,
        debit_prev,
        credit_prev,
    };
    let posting = Posting { kind: "forged".to_owned(), ..Posting::default() };
    let event = Event { seq, id: new_id(), body: Body::Posting(posting), transfers: vec![transfer] };
    let body = codec::encode(&event.body);
    let digest = codec::digest(&event, &body);
    let (commit_no, epoch, time) = (head.commit_no + 1, head.epoch + 1, head.time);
    let fields = codec::CommitFields { book: &book.name, commit_no, epoch, last_seq: seq, time };
    let hash = codec::commit_hash(&head.hash, &fields, &[digest]);
    let batch = Batch {
        book: book.key,
        commit: Commit { commit_no, epoch, last_seq: seq, hash, ..head },
        events: vec![StoredEvent { event, body, checksum: codec::checksum(&digest) }],
        refusals: Vec::new(),
        guards: Vec::new(),
        holds: Vec::new(),
        opened: Vec::new(),
        checkpoints: Vec::new(),
        limits: Vec::new(),
        flushed: Vec::new(),
        logged: Vec::new(),
        settled: Settling::default(),
    };
    store.commit(&Arc::new(batch)).await.unwrap();
    seq
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_across_units_or_to_its_own_account_is_named_however_well_it_is_forged() {
    for (debit, credit, why) in [
        // A control: the forged commit itself has no flaw.
        ("viewer/u1/coins", "house/coins/redeemed", None),
        ("viewer/u1/coins", "creator/c1/diamonds", Some("it mixes units")),
        ("house/diamonds/issued", "house/coins/redeemed", Some("it mixes units")),
        ("viewer/u1/coins", "viewer/u1/coins", Some("has one account on both sides")),
        ("house/coins/issued", "house/coins/issued", Some("has one account on both sides")),
    ] {
        for database in &databases().all {
            build(database).await;
            let store = books::store::open_store(database).await.unwrap();
            let book = store.books().await.unwrap().remove(0);
            let seq = forge(&*store, &book, debit, credit).await;
            let found = books::verify::verify(&*store, &book).await.unwrap().problem;
            let followed = Follower::new(book.clone()).step(&*store, i64::MAX, &mut |_| {}).await.unwrap().problem;
            for found in [found, followed] {
                let named = found.as_ref().map(|problem| problem.seq);
                assert_eq!(named, why.map(|_| seq), "{debit} to {credit}: {found:?}");
                let told = found.map_or_else(String::new, |problem| problem.what);
                assert!(told.contains(why.unwrap_or_default()), "{debit} to {credit}: {told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_goes_on_is_healthy_all_the_while() {
    for database in &databases().all {
        // Rows are written in every commit, so that some row is always newer than the part that was replayed.
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
                        let guards = (0..3)
                            .map(|n| Guard { key: format!("{writer}/{}", round % 50 + n), operation: GuardOperation::AdvanceTo(round) });
                        let transfers = vec![transfer("viewer/u1/coins", &format!("viewer/w{writer}r{}/coins", round % 100), 1)];
                        let action = Action::Post { transfers, guards: guards.collect(), refusal: None };
                        posted(book.submit(BookRequest { action, ..post(new_id(), Vec::new()) }).await);
                        let (held, _) = posted(book.submit(hold(1)).await);
                        let transfer_no = held.transfers[0].transfer.no;
                        // Some holds stay open.
                        if round % 3 != 0 {
                            posted(
                                book.submit(BookRequest {
                                    action: Action::VoidPending { transfer_no, guards: Vec::new() },
                                    ..post(new_id(), Vec::new())
                                })
                                .await,
                            );
                        }
                        book.submit(set_state(&format!("viewer/w{writer}r1/coins"), AccountState::Open)).await.unwrap();
                    }
                    round
                })
            })
            .collect();
        let mut moved = 0;
        while moved < 3 {
            assert!(!writers.iter().any(tokio::task::JoinHandle::is_finished), "a writer crashed");
            let before = ledger.store().head(book.row.key).await.unwrap().unwrap().commit_no;
            let report = books::verify::verify(&**ledger.store(), &book.row).await.unwrap();
            assert_eq!(report.problem, None);
            moved += i32::from(ledger.store().head(book.row.key).await.unwrap().unwrap().commit_no > before);
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            assert!(writer.await.unwrap() > 0);
        }
        let report = books::verify::verify(&**ledger.store(), &book.row).await.unwrap();
        assert_eq!(report.problem, None);
    }
}
