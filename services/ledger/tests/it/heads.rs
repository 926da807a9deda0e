//! Heads written outside the database reveal a chain that was rewritten or cut short, even if it is consistent in itself.
use crate::{
    book::{buy, config, databases, gift, new_id, posted, start},
    verify::{behind, rewrite},
};
use books::{heads, verify::VerifyReport};
use db::Database;
use ledger::Config;
use std::path::Path;

fn keeping(dir: &Path) -> Config {
    Config { heads_dir: Some(dir.to_owned()), ..config() }
}

/// Six commits in three process lives, each recording its head when it stops: two accounts and a purchase, three accounts and a gift (7), gifts up to 11. A process
/// also writes a head soon after its start, of whichever commits there are then.
async fn live(database: &Database, dir: &Path) {
    for life in 0..3 {
        let (ledger, book) = start(database, keeping(dir)).await;
        if life == 0 {
            posted(book.submit(buy("u1", 100)).await);
        }
        for _ in 0..2 - usize::from(life == 0) {
            posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
        }
        drop(book);
        ledger.shutdown().await;
    }
}

async fn check(database: &Database, dir: &Path) -> VerifyReport {
    let store = books::store::open_store(database).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    books::verify::verify_against(&*store, &book, Some(dir)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_chain_is_found_and_its_first_events_named() {
    for database in &databases().all {
        let dir = tempfile::tempdir().unwrap();
        live(database, dir.path()).await;
        let report = check(database, dir.path()).await;
        assert!(report.heads.is_some_and(|heads| (3..=6).contains(&heads)) && report.problem.is_none(), "{report:?}");
        rewrite(database, 8).await;
        let store = books::store::open_store(database).await.unwrap();
        let book = store.books().await.unwrap().remove(0);
        // In itself it is consistent.
        assert_eq!(books::verify::verify(&*store, &book).await.unwrap().problem, None);
        let report = check(database, dir.path()).await;
        let problem = report.problem.unwrap();
        assert_eq!((problem.seq, report.heads), (8, None), "{}", problem.what);
        assert!(problem.what.contains("rewritten"), "{}", problem.what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_cut_short_is_found() {
    for database in &databases().all {
        let dir = tempfile::tempdir().unwrap();
        live(database, dir.path()).await;
        let store = books::store::open_store(database).await.unwrap();
        let book = store.books().await.unwrap().remove(0);
        let head = store.head(book.key).await.unwrap().unwrap();
        drop(store);
        // Without its last commit; the rows of accounts are set back to match.
        let pool = behind(database).await;
        let end = head.last_seq;
        for cut in [
            format!("DELETE FROM \"commit\" WHERE commit_no = {}", head.commit_no),
            format!("DELETE FROM event WHERE seq = {end}"),
            format!("DELETE FROM transfer WHERE no >= {end} * 64"),
        ] {
            assert!(sqlx::query(sqlx::AssertSqlSafe(cut)).execute(&pool).await.unwrap().rows_affected() > 0);
        }
        pool.close().await;
        let report = check(database, dir.path()).await;
        let problem = report.problem.unwrap();
        assert_eq!(problem.seq, end, "{}", problem.what);
        assert!(problem.what.contains("cut short"), "{}", problem.what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_of_heads_are_told_and_nothing_more() {
    let databases = databases();
    let database = &databases.all[0];
    let dir = tempfile::tempdir().unwrap();
    live(database, dir.path()).await;
    let file = heads::file_of(dir.path(), "demo");
    let good = std::fs::read_to_string(&file).unwrap();
    let (line, lines) = (good.lines().next().unwrap(), good.lines().count());
    let after = format!("line {}", lines + 1);
    let hostile: [(Vec<u8>, &str); 8] = [
        (b"\n".to_vec(), "line 1"),
        (b"head1 nonsense\n".to_vec(), "line 1"),
        (vec![b'a'; 1 << 20], "line 1: it is too long"),
        (vec![0xff, 0xfe, b'\n'], "line 1: it is not text"),
        ([good.as_bytes(), b"\0\0\0\n"].concat(), &after),
        (format!("{good}\n").into_bytes(), &after),
        (format!("{}\n", line.replace(" demo ", " other ")).into_bytes(), "another book"),
        (format!("{}\n", line.replace(" TEST ", " LIVE ")).into_bytes(), "another book or mode"),
    ];
    for (content, told) in hostile {
        std::fs::write(&file, &content).unwrap();
        let problem = check(database, dir.path()).await.problem.unwrap();
        assert!(problem.seq == 0 && problem.what.contains(told), "{problem:?}");
    }
    // A line that is just being written is not reported as damage; nor is one that is repeated or late.
    std::fs::write(&file, format!("{good}{good}{}", &line[..30])).unwrap();
    assert_eq!(check(database, dir.path()).await.heads, Some(i64::try_from(2 * lines).unwrap()));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(check(database, dir.path()).await.heads, None);
    std::fs::create_dir(&file).unwrap();
    assert!(check(database, dir.path()).await.problem.unwrap().what.contains("not a file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_does_not_stop_the_ledger() {
    let databases = databases();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("not-a-directory");
    std::fs::write(&file, "").unwrap();
    let (ledger, book) = start(&databases.all[0], Config { heads_every_ms: 1, ..keeping(&file) }).await;
    posted(book.submit(buy("u1", 100)).await);
    posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
    drop(book);
    ledger.shutdown().await;
    assert_eq!(std::fs::read(&file).unwrap(), b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_written_while_the_ledger_runs() {
    let databases = databases();
    let dir = tempfile::tempdir().unwrap();
    let (ledger, book) = start(&databases.all[0], Config { heads_every_ms: 1, ..keeping(dir.path()) }).await;
    posted(book.submit(buy("u1", 100)).await);
    let head = ledger.store().head(book.row.key).await.unwrap().unwrap();
    let file = heads::file_of(dir.path(), "demo");
    let written = || std::fs::read_to_string(&file).ok().and_then(|text| heads::Head::parse(text.lines().last()?).ok());
    while written().is_none_or(|there| there.commit_no < head.commit_no) {
        tokio::task::yield_now().await;
    }
    assert_eq!(written().unwrap().hash, head.hash);
}
