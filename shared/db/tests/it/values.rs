//! The column types that services may use, through `sqlx::Any`.

use db::Migration;

use crate::engines;

const MIGRATIONS: [Migration; 1] =
    [Migration::expand(1, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT NOT NULL, body {blob}, amount BIGINT NOT NULL)")];

#[tokio::test]
async fn bytes_texts_and_numbers_come_back_as_sent() {
    for fresh in engines::both() {
        let pool = fresh.database.open("things", &MIGRATIONS).await.unwrap();
        let bytes: Vec<u8> = (0..=255).collect();
        for (id, body) in [(1_i64, Some(bytes.clone())), (2, None), (3, Some(Vec::new()))] {
            sqlx::query("INSERT INTO thing (id, name, body, amount) VALUES ($1, $2, $3, $4)")
                .bind(id)
                .bind("ünï 'quoted'")
                .bind(body)
                .bind(i64::MAX)
                .execute(&pool)
                .await
                .unwrap();
        }
        let rows: Vec<(i64, String, Option<Vec<u8>>, i64)> =
            sqlx::query_as("SELECT id, name, body, amount FROM thing ORDER BY id").fetch_all(&pool).await.unwrap();
        let name = "ünï 'quoted'".to_owned();
        assert_eq!(rows[0], (1, name.clone(), Some(bytes.clone()), i64::MAX));
        assert_eq!(rows[1], (2, name.clone(), None, i64::MAX));
        assert_eq!(rows[2], (3, name, Some(Vec::new()), i64::MAX));
        let found: i64 = sqlx::query_scalar("SELECT id FROM thing WHERE body = $1").bind(bytes).fetch_one(&pool).await.unwrap();
        assert_eq!(found, 1);
    }
}

#[tokio::test]
async fn returning_and_conflicts_work_the_same() {
    for fresh in engines::both() {
        let pool = fresh.database.open("things", &MIGRATIONS).await.unwrap();
        let insert = "INSERT INTO thing (id, name, body, amount) VALUES (1, $1, NULL, $2)
             ON CONFLICT (id) DO UPDATE SET amount = thing.amount + excluded.amount RETURNING amount";
        for expected in [5_i64, 10] {
            let amount: i64 = sqlx::query_scalar(insert).bind("a").bind(5_i64).fetch_one(&pool).await.unwrap();
            assert_eq!(amount, expected);
        }
    }
}

#[tokio::test]
async fn writers_that_read_first_wait_for_each_other() {
    for fresh in engines::both() {
        let pool = fresh.database.open("things", &MIGRATIONS).await.unwrap();
        sqlx::query("INSERT INTO thing (id, name, amount) VALUES (1, 'a', 0)").execute(&pool).await.unwrap();
        let writers: Vec<_> = (0..16)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let mut tx = db::begin(&pool).await.unwrap();
                    let name: String = sqlx::query_scalar("SELECT name FROM thing WHERE id = 1").fetch_one(&mut *tx).await.unwrap();
                    assert_eq!(name, "a");
                    sqlx::query("UPDATE thing SET amount = amount + 1 WHERE id = 1").execute(&mut *tx).await.unwrap();
                    tx.commit().await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let amount: i64 = sqlx::query_scalar("SELECT amount FROM thing").fetch_one(&pool).await.unwrap();
        assert_eq!(amount, 16);
    }
}
