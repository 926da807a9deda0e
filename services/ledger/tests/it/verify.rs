//! Planted damage is found, and the first bad event named.
use crate::book::{buy, config, databases, gift, new_id, posted, start};
use db::{Database, Migration};
use sqlx::{AnyPool, AssertSqlSafe};

/// The ledger's tables, opened behind its back.
async fn behind(database: &Database) -> AnyPool {
    let migrations = [Migration { version: 1, sql: include_str!("../../migrations/0001_ledger.sql") }];
    database.open("ledger", &migrations).await.unwrap()
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
