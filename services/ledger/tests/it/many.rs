//! Hundreds of books in one process: few connections, and a fair share for each.
use crate::book::{buy, config, databases, gift, new_id, posted};
use books::{store::Mode, store::open_store};
use db::Database;
use futures::future::join_all;
use ledger::{Ledger, book::BookHandle};
use money::BookName;
use sqlx::{Connection as _, PgConnection};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};
use tokio::sync::Notify;

const BOOKS: usize = 300;
/// Postings of each quiet book, one at a time.
const EACH: usize = 8;
/// Calls in flight on the busy one.
const BUSY_CALLS: usize = 256;
/// Connections of a process, whatever the number of its books. On SQLite each has two files open, plus those of a checkpoint and of the heads.
const CONNECTIONS_MAX: usize = 16;

async fn open(ledger: &Ledger, at: usize) -> Arc<BookHandle> {
    let name = BookName::try_new(&format!("b{at}")).unwrap();
    ledger.create_book(&name, Mode::Test, "test").await.unwrap();
    ledger.book(&name).await.unwrap()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// The server's sessions for the ledger.
async fn sessions(database: &Database) -> usize {
    let Some(url) = database.postgres_url() else { return 0 };
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name LIKE 'largesse ledger%'";
    usize::try_from(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.unwrap()).unwrap()
}

/// How far the quiet books are. It counts from the moment at which all of them have had an answer: before it, how soon the runtime starts a book's task decides,
/// and a book that it starts late has not been treated unfairly by the ledger.
struct Turns {
    answers: Vec<AtomicUsize>,
    /// The answers of each at that moment.
    began: OnceLock<Vec<usize>>,
    all_began: Notify,
    /// What the slowest had when the first had [`EACH`], apart from those whose turn it is: how long one commit takes is the database's doing, and it may stop
    /// a session for as long as the others need for all of theirs.
    slowest: OnceLock<usize>,
}

impl Default for Turns {
    fn default() -> Self {
        let answers = (1..BOOKS).map(|_| AtomicUsize::new(0)).collect();
        Self { answers, began: OnceLock::new(), all_began: Notify::new(), slowest: OnceLock::new() }
    }
}

impl Turns {
    fn seen(&self) -> Vec<usize> {
        self.answers.iter().map(|done| done.load(SeqCst)).collect()
    }

    /// One more answer for this book.
    fn note(&self, at: usize) {
        self.answers[at].fetch_add(1, SeqCst);
        if self.began.get().is_none() {
            let seen = self.seen();
            if seen.iter().all(|done| *done > 0) && self.began.set(seen).is_ok() {
                self.all_began.notify_one();
            }
        }
    }

    /// Whether this book has had its share since.
    fn is_over(&self, at: usize) -> bool {
        let Some(began) = self.began.get() else { return false };
        let mut since: Vec<usize> = self.seen().iter().zip(began).map(|(done, began)| done - began).collect();
        if since[at] < EACH {
            return false;
        }
        since.sort_unstable();
        self.slowest.get_or_init(|| since[CONNECTIONS_MAX]);
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_books_share_few_connections_and_take_turns() {
    let databases = databases();
    // Counted once before both stores: files of the first that are still open for the second count too, and late closing subtracts nothing.
    let before = open_files();
    for database in &databases.all {
        let ledger = Ledger::start(open_store(database).await.unwrap(), config()).await.unwrap();
        let books = join_all((0..BOOKS).map(|at| open(&ledger, at))).await;
        join_all(books.iter().map(|book| async { posted(book.submit(buy("u1", 1_000_000)).await) })).await;

        // One book has hundreds of calls in flight at all times.
        let (busy, enough) = (books[0].clone(), Arc::new(AtomicBool::new(false)));
        let callers = (0..BUSY_CALLS).map(|_| {
            let (busy, enough) = (busy.clone(), enough.clone());
            tokio::spawn(async move {
                let mut done = 0;
                while !enough.load(SeqCst) {
                    posted(busy.submit(gift(new_id(), "u1", "star", 1)).await);
                    done += 1;
                }
                done
            })
        });
        let callers: Vec<_> = callers.collect();
        let head = async |book: &BookHandle| ledger.store().head(book.row.key).await.unwrap().map_or(0, |head| head.commit_no);

        let turns = Arc::new(Turns::default());
        let quiet = books.iter().enumerate().skip(1).map(|(at, book)| {
            let (book, turns) = (book.clone(), turns.clone());
            tokio::spawn(async move {
                while !turns.is_over(at - 1) {
                    posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
                    turns.note(at - 1);
                }
            })
        });
        let quiet = join_all(quiet.collect::<Vec<_>>());
        let counted = async {
            turns.all_began.notified().await;
            head(&busy).await
        };
        let (first, ended) = tokio::join!(counted, quiet);
        ended.into_iter().for_each(Result::unwrap);
        let slowest_at_first_end = *turns.slowest.get().unwrap();
        let (files, sessions) = (open_files() - before, sessions(database).await);
        let commits = usize::try_from(head(&busy).await - first).unwrap();
        enough.store(true, SeqCst);
        let busy_done: usize = join_all(callers).await.into_iter().map(Result::unwrap).sum();

        println!(
            "{slowest_at_first_end} of {EACH} done by the slowest book when the first was; the busy one: {commits} commits, {busy_done} gifts"
        );
        assert!(slowest_at_first_end >= EACH / 2, "a quiet book had {slowest_at_first_end} of {EACH} answers when another was done");
        assert!(commits <= EACH * 8, "the busy book had {commits} commits while each other had {EACH}");
        assert!(commits >= EACH / 2, "the busy book had only {commits} commits while each other had {EACH}");
        assert!(sessions <= CONNECTIONS_MAX, "{sessions} sessions");
        assert!(files <= CONNECTIONS_MAX * 3, "{files} files are open");
        drop((books, busy));
        ledger.shutdown().await;
    }
}
