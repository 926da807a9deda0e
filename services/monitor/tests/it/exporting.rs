//! ExportJournal: the file that the command writes, from a running monitor, whole or known not to be.
use crate::viewers::{BOOK, Monitor, config, start};
use api::{
    ledger::BookMode,
    monitor::{ExportJournalRequest, ExportJournalResponse, ExportedJournal},
};
use identity::Role;
use monitor::{
    audit,
    export::{ExportRange, HEADER, JournalPages},
};
use prost_types::Timestamp;
use sha2::{Digest as _, Sha256};
use testbed::{LedgerClock, Testbed, TestbedOptions, both};
use tokio::sync::watch;
use tonic::{Status, Streaming};

const OPTIONS: TestbedOptions = TestbedOptions { books: &[(BOOK, BookMode::Test), ("other", BookMode::Test)], recorded: false };
const SECOND_US: i64 = 1_000_000;

async fn asked(bed: &Testbed, monitor: &Monitor, request: ExportJournalRequest) -> Result<Streaming<ExportJournalResponse>, Status> {
    monitor.client.clone().export_journal(bed.by("fay", Role::Finance, request)).await.map(tonic::Response::into_inner)
}

fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_default()
}

/// The whole file, and what its last message says.
async fn file(mut parts: Streaming<ExportJournalResponse>) -> (String, ExportedJournal) {
    let mut content = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        content.extend(part.content);
        if let Some(exported) = part.exported {
            assert!(parts.message().await.unwrap().is_none(), "nothing follows");
            assert_eq!(exported.sha256, hex::encode(Sha256::digest(&content)));
            let text = String::from_utf8(content).unwrap();
            assert_eq!(usize::try_from(exported.rows).unwrap(), text.lines().count() - 1);
            return (text, exported);
        }
    }
    panic!("the last message is missing");
}

async fn whole(bed: &Testbed, monitor: &Monitor, request: ExportJournalRequest) -> String {
    file(asked(bed, monitor, request).await.unwrap()).await.0
}

/// What a command writes that reads the tables.
async fn from_tables(bed: &Testbed) -> String {
    let store = audit::open(&bed.database).await.unwrap();
    let book = store.books().await.unwrap().into_iter().find(|book| book.name == BOOK).unwrap();
    let mut pages = JournalPages::begin(store, book, ExportRange::default()).await.unwrap();
    let mut text = String::new();
    while let Some(page) = pages.next().await.unwrap() {
        text.push_str(std::str::from_utf8(&page).unwrap());
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_the_commands_and_periods_add_up() {
    for storage in both() {
        let (clock, now) = watch::channel(money::time::now_ms() * 1_000);
        let bed = Testbed::at(storage, OPTIONS, LedgerClock::Manual(now)).await;
        let monitor = start(&bed, config()).await;
        let request = ExportJournalRequest { book: BOOK.to_owned(), ..Default::default() };
        assert_eq!(whole(&bed, &monitor, request.clone()).await.trim_end(), HEADER.join(","), "an empty book has a file");
        for user in ["ann", "bob", "ann"] {
            bed.post("purchase.apple", "house/coins/issued", &format!("viewer/{user}/coins"), 100).await;
            clock.send_modify(|now| *now += SECOND_US);
        }
        let text = whole(&bed, &monitor, request.clone()).await;
        assert_eq!((text.lines().count(), &text), (4, &from_tables(&bed).await));
        let between = *clock.borrow() - SECOND_US - SECOND_US / 2;
        let at = Timestamp { seconds: between / SECOND_US, nanos: i32::try_from(between % SECOND_US * 1_000).unwrap() };
        let before = whole(&bed, &monitor, ExportJournalRequest { until: Some(at), ..request.clone() }).await;
        let after = whole(&bed, &monitor, ExportJournalRequest { from: Some(at), ..request.clone() }).await;
        let rows: Vec<&str> = before.lines().skip(1).chain(after.lines().skip(1)).collect();
        assert_eq!((before.lines().count(), rows), (3, text.lines().skip(1).collect()));
        let of_bob = ExportJournalRequest { account: "viewer/bob/coins".to_owned(), fields: true, ..request };
        let of_bob = whole(&bed, &monitor, of_bob).await;
        assert!(of_bob.lines().next().unwrap().ends_with(",only,amount_decimal,fields"), "{of_bob}");
        assert!(of_bob.lines().count() == 2 && of_bob.contains("viewer/bob/coins,100,\"{\"\"kind\"\":\"\"purchase.apple\"\""), "{of_bob}");
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_at_most_two_are_made_at_once() {
    for storage in both() {
        let bed = Testbed::on(storage, OPTIONS).await;
        let monitor = start(&bed, config()).await;
        bed.post("purchase.apple", "house/coins/issued", "viewer/ann/coins", 100).await;
        let request = ExportJournalRequest { book: BOOK.to_owned(), ..Default::default() };
        let second = |seconds| Some(Timestamp { seconds, nanos: 0 });
        for (wrong, why) in [
            (ExportJournalRequest { book: "no-such".to_owned(), ..request.clone() }, "PERMISSION_DENIED"),
            (ExportJournalRequest { account: "viewer/anna/coins".to_owned(), ..request.clone() }, "ACCOUNT_UNKNOWN"),
            (ExportJournalRequest { account: "x".repeat(300), ..request.clone() }, "MALFORMED"),
            (ExportJournalRequest { from: second(20), until: second(20), ..request.clone() }, "MALFORMED"),
            (ExportJournalRequest { from: second(i64::MAX), ..request.clone() }, "MALFORMED"),
        ] {
            assert_eq!(reason(&asked(&bed, &monitor, wrong).await.unwrap_err()), why);
        }
        let mut unread = Vec::new();
        for _ in 0..2 {
            unread.push(asked(&bed, &monitor, request.clone()).await.unwrap());
        }
        assert_eq!(reason(&asked(&bed, &monitor, request.clone()).await.unwrap_err()), "TOO_MANY_EXPORTS");
        for parts in unread {
            assert_eq!(file(parts).await.1.rows, 1);
        }
        assert_eq!(whole(&bed, &monitor, request).await.lines().count(), 2);
        bed.ledger.shutdown().await;
    }
}
