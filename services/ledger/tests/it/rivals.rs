//! Two ledgers on one book: the fence puts their commits into one order, with or without a lease.
use crate::book::{assert_sound, balance, book_name, buy, config, databases, gift, new_id, posted, start};
use ledger::{Config, Error};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lease_the_fence_alone_makes_one_order() {
    for database in &databases().all {
        let (ledger, one) = start(database, config()).await;
        let (_other, two) = start(database, config()).await;
        posted(one.submit(buy("u1", 10_000)).await);
        let mut lost = 0;
        let workers = [one.clone(), two].into_iter().map(|book| {
            tokio::spawn(async move {
                let (mut done, mut lost) = (0, 0);
                for _ in 0..150 {
                    let id = new_id();
                    // The loser is answered that nothing happened, and retries with the same id.
                    loop {
                        match book.submit(gift(id, "u1", "c1", 1)).await {
                            Ok(_) => break,
                            Err(Error::NotTheWriter(_)) => lost += 1,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    done += 1;
                }
                (done, lost)
            })
        });
        let mut done = 0;
        for worker in futures::future::join_all(workers).await {
            let (d, l) = worker.unwrap();
            (done, lost) = (done + d, lost + l);
        }
        assert_eq!(done, 300);
        assert!(lost > 0, "they never met");
        drop(one);
        let (reader, book) = start(database, config()).await;
        // A writer sees the other's commits after its own first commit.
        posted(book.submit(buy("u9", 1)).await);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 9_700);
        assert_eq!(balance(&book, "creator/c1/diamonds").await, 300);
        assert_sound(&reader, &book).await;
        drop(ledger);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_names_its_owner_and_passes_on() {
    for database in &databases().all {
        // Renewed also where the machine has much else to do.
        let leased = Config { lease_ms: 6_000, ..config() };
        let (first, one) = start(database, leased.clone()).await;
        let (_second, two) = start(database, leased).await;
        posted(one.submit(buy("u1", 10)).await);
        match two.submit(buy("u1", 10)).await {
            Err(Error::NotTheWriter(owner)) => assert!(owner.starts_with("process "), "{owner}"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(two.account("viewer/u1/coins").await, Err(Error::NotTheWriter(_))));
        drop(one);
        first.shutdown().await;
        // The second takes over by itself; every earlier attempt is refused with the reason and changes nothing.
        let id = new_id();
        loop {
            match two.submit(gift(id, "u1", "c1", 4)).await {
                Ok(_) => break,
                Err(Error::NotTheWriter(_)) => tokio::task::yield_now().await,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(balance(&two, "viewer/u1/coins").await, 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_after_the_end_takes_no_lease() {
    for database in &databases().all {
        let leased = Config { lease_ms: 60_000, ..config() };
        let (first, one) = start(database, leased.clone()).await;
        posted(one.submit(buy("u1", 10)).await);
        drop(one);
        first.shutdown().await;
        // A service of the process that has not ended yet finds no book, whose writer would look for a lease.
        assert!(matches!(first.book(&book_name()).await, Err(Error::Stopping)));
        assert!(!first.is_writer());
        // Its successor writes at once.
        let (_second, two) = start(database, leased).await;
        posted(two.submit(gift(new_id(), "u1", "c1", 4)).await);
        assert_eq!(balance(&two, "viewer/u1/coins").await, 6);
        assert!(matches!(first.book(&book_name()).await, Err(Error::Stopping)) && !first.is_writer());
    }
}
