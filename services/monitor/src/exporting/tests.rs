//! Exports that nobody reads to their end.
use super::*;
use crate::{audit, export::ExportRange};
use api::ledger::BookMode;
use futures::StreamExt as _;
use std::sync::Arc;
use testbed::{Storage, Testbed, TestbedOptions};
use tokio::sync::Semaphore;

const OPTIONS: TestbedOptions = TestbedOptions { books: &[("demo", BookMode::Test)], recorded: false };
const LONG: Duration = Duration::from_secs(3_600);

/// A book with more postings than the export has in one message, and the one place for exports.
struct World {
    bed: Testbed,
    places: Arc<Semaphore>,
}

impl World {
    async fn open() -> Self {
        let bed = Testbed::on(Storage::sqlite(), OPTIONS).await;
        for _ in 0..3 {
            bed.post("purchase.apple", "house/coins/issued", "viewer/ann/coins", 100).await;
        }
        Self { bed, places: Arc::new(Semaphore::new(1)) }
    }

    async fn export(&self, expires: Instant, reader: Duration) -> ExportJournalStream {
        let store = audit::open(&self.bed.database).await.unwrap();
        let book = store.books().await.unwrap().into_iter().find(|book| book.name == "demo").unwrap();
        let pages = JournalPages::begin(store, book, ExportRange::default()).await.unwrap();
        messages(pages, ExportPatience { expires, reader }, self.places.clone().try_acquire_owned().unwrap())
    }

    /// Ends when the export's place is free, so nothing is made any more.
    async fn free(&self) {
        drop(self.places.acquire().await.unwrap());
    }
}

/// The reason with which a stream ends, after messages none of which says that the file is complete.
async fn end(mut stream: ExportJournalStream) -> Option<String> {
    while let Some(message) = stream.next().await {
        match message {
            Ok(message) => assert_eq!(message.exported, None),
            Err(status) => return rpc::reason(&status),
        }
    }
    None
}

#[tokio::test]
async fn an_export_ends_with_its_token_and_with_a_reader_that_takes_nothing() {
    let world = World::open().await;
    let expired = world.export(Instant::now(), LONG).await;
    assert_eq!(end(expired).await.as_deref(), Some("UNAUTHENTICATED"));
    world.free().await;
    let slow = world.export(Instant::now() + LONG, Duration::from_millis(1)).await;
    world.free().await;
    assert_eq!(end(slow).await.as_deref(), Some("EXPORT_TOO_SLOW"));
}

#[tokio::test]
async fn an_export_that_is_dropped_gives_its_place_back() {
    let world = World::open().await;
    let mut stream = world.export(Instant::now() + LONG, LONG).await;
    stream.next().await.unwrap().unwrap();
    drop(stream);
    world.free().await;
    let mut stream = world.export(Instant::now() + LONG, LONG).await;
    let mut last = None;
    while let Some(message) = stream.next().await {
        last = message.unwrap().exported;
    }
    assert_eq!(last.unwrap().rows, 3);
}
