//! Hundreds of books in one process: few connections, and a fair share for each.
use crate::book::{buy, config, databases, gift, new_id, posted};
use books::{store::Mode, store::open_store};
use db::Database;
use futures::future::join_all;
use ledger::{Ledger, book::BookHandle};
use money::BookName;
use sqlx::{Connection as _, PgConnection};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};
use tokio::sync::Barrier;

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
        let first = head(&busy).await;

        let progress: Arc<Vec<AtomicUsize>> = Arc::new((0..BOOKS).map(|_| AtomicUsize::new(0)).collect());
        // They begin together: a book whose task the runtime starts late has not been treated unfairly by the ledger.
        let start = Arc::new(Barrier::new(BOOKS - 1));
        let quiet = books.iter().enumerate().skip(1).map(|(at, book)| {
            let (book, progress, start) = (book.clone(), progress.clone(), start.clone());
            tokio::spawn(async move {
                start.wait().await;
                for _ in 0..EACH {
                    posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
                    progress[at].fetch_add(1, SeqCst);
                }
                // The progress of the slowest other book when this one was done, apart from those whose turn it is: how long one commit takes is the
                // database's doing, and it may stop a session for as long as the others need for all of theirs.
                let mut others: Vec<usize> = progress.iter().skip(1).map(|done| done.load(SeqCst)).collect();
                others.sort_unstable();
                others[CONNECTIONS_MAX]
            })
        });
        let slowest_at_first_end = join_all(quiet.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).min().unwrap();
        let (files, sessions) = (open_files() - before, sessions(database).await);
        let commits = usize::try_from(head(&busy).await - first).unwrap();
        enough.store(true, SeqCst);
        let busy_done: usize = join_all(callers).await.into_iter().map(Result::unwrap).sum();

        println!(
            "{slowest_at_first_end} of {EACH} done by the slowest book when the first was; the busy one: {commits} commits, {busy_done} gifts"
        );
        assert!(slowest_at_first_end >= EACH / 4, "a quiet book had {slowest_at_first_end} of {EACH} answers when another was done");
        assert!(commits <= EACH * 8, "the busy book had {commits} commits while each other had {EACH}");
        assert!(commits >= EACH / 2, "the busy book had only {commits} commits while each other had {EACH}");
        assert!(sessions <= CONNECTIONS_MAX, "{sessions} sessions");
        assert!(files <= CONNECTIONS_MAX * 3, "{files} files are open");
        drop((books, busy));
        ledger.shutdown().await;
    }
}
