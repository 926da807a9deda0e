//! Planted damage is found, and the first bad event named.
use crate::book::{buy, config, databases, gift, new_id, posted, start};
use db::{Database, Migration};
use ledger::{codec, domain::event::Body, store::Commit};
use sqlx::{AnyPool, AssertSqlSafe};

/// The ledger's tables, opened behind its back.
pub async fn behind(database: &Database) -> AnyPool {
    let migrations = [Migration { version: 1, sql: include_str!("../../migrations/0001_ledger.sql") }];
    database.open("ledger", &migrations).await.unwrap()
}

/// Changes the kind of the posting at `seq` and makes everything after it consistent again: what somebody could do who knows how.
pub async fn rewrite(database: &Database, seq: i64) {
    let store = ledger::open_store(database).await.unwrap();
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

async fn problem(database: &Database) -> Option<(i64, String)> {
    let (ledger, book) = start(database, config()).await;
    let report = ledger::verify::verify(&**ledger.store(), &book.row).await.unwrap();
    report.problem.map(|problem| (problem.seq, problem.what))
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_named_by_its_first_event() {
    let damages = [
        // Events are two accounts and a purchase, three accounts and a gift (7), then a gift each: 8 is the second.
        ("UPDATE transfer SET amount = amount + 1 WHERE no = 8 * 64", 8),
        ("UPDATE transfer SET c_credits_posted = c_credits_posted + 1 WHERE no = 8 * 64 + 1", 8),
        ("UPDATE transfer SET debit = 2, credit = 1 WHERE no = 8 * 64", 8),
        ("DELETE FROM transfer WHERE no = 8 * 64 + 1", 8),
        ("DELETE FROM event WHERE seq = 8", 8),
        ("UPDATE event SET checksum = checksum + 1 WHERE seq = 8", 8),
        ("UPDATE event SET body = (SELECT body FROM event AS other WHERE seq = 3) WHERE seq = 8", 8),
        ("DELETE FROM \"commit\" WHERE commit_no = 3", 8),
        ("UPDATE account SET credits_posted = credits_posted + 1 WHERE name = 'creator/c1/diamonds'", 7),
    ];
    let databases = databases();
    for (damage, seq) in damages {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        let postgres = Database::parse(&databases.cluster.create_database().unwrap()).unwrap();
        for database in [sqlite, postgres] {
            let (ledger, book) = start(&database, config()).await;
            posted(book.submit(buy("u1", 100)).await);
            for _ in 0..5 {
                posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
            }
            drop(book);
            ledger.shutdown().await;
            assert_eq!(problem(&database).await, None);
            let pool = behind(&database).await;
            let changed = sqlx::query(AssertSqlSafe(damage)).execute(&pool).await.unwrap().rows_affected();
            pool.close().await;
            assert!(changed > 0, "{damage}");
            let found = problem(&database).await;
            assert_eq!(found.as_ref().map(|(seq, _)| *seq), Some(seq), "{damage}: {found:?}");
        }
    }
}
