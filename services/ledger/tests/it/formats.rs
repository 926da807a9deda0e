//! A book that a newer program wrote to is not touched.
use crate::{
    book::{buy, config, databases, gift, new_id, posted, start},
    verify::behind,
};
use books::store;
use ledger::Error;

#[tokio::test(flavor = "multi_thread")]
async fn a_book_with_newer_commits_is_refused_and_not_written_to() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        assert_eq!(ledger.too_new(), None);
        let pool = behind(database).await;
        let newer = async |by: i64| {
            sqlx::query("UPDATE \"commit\" SET format = format + $1").bind(by).execute(&pool).await.unwrap();
        };
        newer(1).await;
        drop(book);
        ledger.shutdown().await;

        let (ledger, book) = start(database, config()).await;
        let why = ledger.too_new().unwrap();
        assert!(why.starts_with("book demo: commit 1 is of format ") && why.contains("this program knows up to"), "{why}");
        let count = async || sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM \"commit\"").fetch_one(&pool).await.unwrap();
        let before = count().await;
        match book.submit(gift(new_id(), "u1", "c1", 10)).await {
            Err(Error::TooNew(told)) => assert!(why.ends_with(&told), "{told}"),
            other => panic!("{other:?}"),
        }
        let error = tonic::Status::from(book.submit(buy("u1", 100)).await.unwrap_err());
        assert_eq!((error.code(), rpc::reason(&error).as_deref()), (tonic::Code::Unavailable, Some("FORMAT_TOO_NEW")));
        assert!(matches!(book.account("viewer/u1/coins").await, Err(Error::TooNew(_))));
        assert_eq!(count().await, before);
        let unread = books::verify::verify(&**ledger.store(), &book.row).await;
        assert!(matches!(unread, Err(store::Error::TooNew { commit_no: 1, .. })), "{unread:?}");
        drop(book);
        ledger.shutdown().await;

        // The program that can read it continues where it was.
        newer(-1).await;
        let (_ledger, book) = start(database, config()).await;
        posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_finds_a_newer_programs_commit_stops_writing() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        // A newer program writes the next commit; this one is second with its number and reloads the book.
        let pool = behind(database).await;
        let sql = "INSERT INTO \"commit\" SELECT book, commit_no + 1, epoch + 1, last_seq, last_key, time, format + 1, hash, replay_from FROM \"commit\"";
        sqlx::query(sql).execute(&pool).await.unwrap();
        assert!(matches!(book.submit(buy("u1", 1)).await, Err(Error::NotTheWriter(_))));
        assert!(matches!(book.submit(buy("u1", 1)).await, Err(Error::TooNew(_))));
        assert!(ledger.too_new().is_some());
    }
}
