//! Banks' files that come as streams: of any size, in little memory, and nothing of one that is not whole.
use crate::{
    bank::{Entry, entry, parts, statement},
    fixture::{BOOK, Fixture},
    reason,
};
use api::{
    ledger::BookMode,
    treasury::{ImportState, ImportStatementResponse, ImportStatementStreamRequest},
};
use futures::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use std::{fs, iter, path::Path, time::Duration};
use testbed::Storage;
use tonic::{Code, Status};
use treasury::Config;

/// Bytes of a comment between two entries.
const COMMENT_BYTES: usize = 64 << 10;
/// What a process may take in addition while a file of forty mebibytes comes and is matched.
const PEAK_BYTES_MAX: u64 = 32 << 20;

/// Both engines, each with an installation with the account in euros.
async fn both(config: &Config) -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for tables in [Storage::sqlite(), Storage::postgres()] {
        let fixture = Fixture::agreed((tables, BookMode::Test), config.clone(), 0).await;
        fixture.with_euros(1_000).await;
        fixtures.push(fixture);
    }
    fixtures
}

/// The messages of a file that comes in these pieces, which need never be in memory together.
fn messages(
    pieces: impl Iterator<Item = Vec<u8>> + Clone + Send + 'static,
) -> impl Iterator<Item = ImportStatementStreamRequest> + Send + 'static {
    let (mut digest, mut size_bytes) = (Sha256::new(), 0);
    for piece in pieces.clone() {
        digest.update(&piece);
        size_bytes += i64::try_from(piece.len()).unwrap();
    }
    let sha256 = hex::encode(digest.finalize());
    let head = ImportStatementStreamRequest { book: BOOK.to_owned(), sha256, size_bytes, ..Default::default() };
    let mut next = 0;
    let parts = pieces.map(move |part| {
        let offset_bytes = next;
        next += i64::try_from(part.len()).unwrap();
        ImportStatementStreamRequest { offset_bytes, part, ..Default::default() }
    });
    iter::once(head).chain(parts)
}

/// The messages of a file, with parts of so many bytes.
fn cut(bytes: &str, part_bytes: usize) -> Vec<ImportStatementStreamRequest> {
    let parts: Vec<Vec<u8>> = bytes.as_bytes().chunks(part_bytes).map(<[u8]>::to_vec).collect();
    messages(parts.into_iter()).collect()
}

impl Fixture {
    /// Sends a stream.
    pub async fn upload(
        &self,
        messages: impl Stream<Item = ImportStatementStreamRequest> + Send + 'static,
    ) -> Result<ImportStatementResponse, Status> {
        let answer = self.client().import_statement_stream(self.by(messages)).await?;
        Ok(answer.into_inner().imported.unwrap())
    }

    /// Sends a whole file, and waits for the answer as long as for that of any other call.
    pub async fn upload_file(&self, bytes: &str) -> Result<ImportStatementResponse, Status> {
        let mut request = self.by(stream::iter(cut(bytes, 1_000)));
        request.set_timeout(Duration::from_secs(10));
        Ok(self.client().import_statement_stream(request).await?.into_inner().imported.unwrap())
    }
}

/// A statement with these entries, and so many comments before each of them, piece by piece.
fn long(text: &str, comments: usize) -> impl Iterator<Item = Vec<u8>> + Clone + Send + 'static {
    let comment = format!("<!--{}-->", "x".repeat(COMMENT_BYTES)).into_bytes();
    let mut parts = text.split("<Ntry>").map(str::to_owned).collect::<Vec<_>>().into_iter();
    let first = parts.next().unwrap().into_bytes();
    let rest =
        parts.flat_map(move |part| iter::repeat_n(comment.clone(), comments).chain(iter::once(format!("<Ntry>{part}").into_bytes())));
    iter::once(first).chain(rest)
}

/// Entries that no two statements have alike.
fn entries(first: i64, count: i64) -> Vec<Entry> {
    let one = |at: i64| entry(Box::leak(format!("A{at}").into_boxed_str()), 100 + at, &format!("FROM-{at}"));
    (first..first + count).map(one).collect()
}

fn sum(entries: &[Entry]) -> i64 {
    entries.iter().map(|entry| entry.minor).sum()
}

/// The most memory that this process had at once, in bytes.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Counts the most memory from now on.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn names(dir: &Path) -> usize {
    fs::read_dir(dir).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_file_of_forty_mebibytes_comes_in_little_memory_and_is_known_however_it_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config { spool_dir: Some(dir.path().join("spool")), ..Config::default() };
    for fixture in both(&config).await {
        // As many entries first, so that what stays in memory for the first file is there.
        let (first, second) = (entries(0, 40), entries(40, 40));
        let small = statement(1, &fixture.day(-2), 1_000, &first);
        assert_eq!(fixture.upload_file(&small).await.unwrap().state(), ImportState::Taken);
        let text = statement(2, &fixture.day(-1), 1_000 + sum(&first), &second);
        let booked = sum(&first) + sum(&second);
        let file = long(&text, 16);
        let size: i64 = file.clone().map(|piece| i64::try_from(piece.len()).unwrap()).sum();
        assert!(size > 40 << 20, "{size}");
        forget_peak();
        let before = peak_bytes();
        let taken = fixture.upload(stream::iter(messages(file.clone()))).await.unwrap();
        let more = peak_bytes() - before;
        assert!(more < PEAK_BYTES_MAX, "{more} bytes more for a file of {size}");
        assert_eq!((taken.state(), taken.received_bytes, taken.statements[0].entry_count), (ImportState::Taken, size, 40));
        assert_eq!(fixture.has("bank-eur-unallocated").await, booked);
        // Its name is enough, and another day's file makes no difference to it.
        let head = messages(file).next().unwrap();
        let again = fixture.upload(stream::iter([head]).chain(stream::pending())).await.unwrap();
        assert_eq!((again.state(), again.received_bytes), (ImportState::Known, size));
        assert_eq!(fixture.has("bank-eur-unallocated").await, booked);
        // The same bytes in the other way.
        assert_eq!(fixture.import(small.as_bytes()).await.unwrap().state(), ImportState::Known);
        let third = statement(3, &fixture.day(0), 1_000 + booked, &[entry("B1", 5, "Y")]);
        assert_eq!(fixture.import(third.as_bytes()).await.unwrap().state(), ImportState::Taken);
        assert_eq!(fixture.upload_file(&third).await.unwrap().state(), ImportState::Known);
        assert_eq!(names(&dir.path().join("spool")), 0);
    }
}

/// Streams that bring no file, each with the reason of its refusal.
fn hostile(good: &str) -> Vec<(&'static str, Vec<ImportStatementStreamRequest>, &'static str)> {
    let messages = cut(good, 500);
    let (head, rest) = messages.split_first().unwrap();
    let with = |change: fn(&mut ImportStatementStreamRequest)| {
        let mut head = head.clone();
        change(&mut head);
        iter::once(head).chain(rest.iter().cloned()).collect::<Vec<_>>()
    };
    let of = |others: &[ImportStatementStreamRequest]| iter::once(head.clone()).chain(others.iter().cloned()).collect::<Vec<_>>();
    let changed = |at: usize, change: fn(&mut ImportStatementStreamRequest)| {
        let mut all = messages.clone();
        change(&mut all[at]);
        all
    };
    let mut swapped = messages.clone();
    swapped.swap(1, 2);
    let mut twice = messages.clone();
    twice.insert(1, messages[1].clone());
    let end = ImportStatementStreamRequest { offset_bytes: head.size_bytes, part: vec![b' '], ..Default::default() };
    let unreadable = cut("nothing that a bank would send", 7);
    vec![
        ("nothing", Vec::new(), "MALFORMED"),
        ("no name", rest.to_vec(), "MALFORMED"),
        ("no hash", with(|head| head.sha256 = "abc".to_owned()), "MALFORMED"),
        ("no size", with(|head| head.size_bytes = 0), "MALFORMED"),
        ("a negative size", with(|head| head.size_bytes = i64::MIN), "MALFORMED"),
        ("more than is taken", with(|head| head.size_bytes = (512 << 20) + 1), "MALFORMED"),
        ("a part at once", with(|head| head.part = vec![1]), "MALFORMED"),
        ("a name and nothing else", vec![head.clone()], "MALFORMED"),
        ("cut short", of(&rest[..rest.len() - 1]), "MALFORMED"),
        ("less than announced", with(|head| head.size_bytes += 1), "MALFORMED"),
        ("more than announced", with(|head| head.size_bytes -= 1), "MALFORMED"),
        ("more at the end", [messages.clone(), vec![end]].concat(), "MALFORMED"),
        ("out of order", swapped, "MALFORMED"),
        ("a part twice", twice, "MALFORMED"),
        ("a hole", [messages[..2].to_vec(), messages[3..].to_vec()].concat(), "MALFORMED"),
        ("a negative place", changed(1, |part| part.offset_bytes = -1), "MALFORMED"),
        ("an empty part", changed(2, |part| part.part = Vec::new()), "MALFORMED"),
        ("a large part", changed(1, |part| part.part = vec![b' '; (1 << 20) + 1]), "MALFORMED"),
        ("a second name", of(std::slice::from_ref(head)), "MALFORMED"),
        ("another file's hash", with(|head| head.sha256 = "0".repeat(64)), "STATEMENT_REFUSED"),
        ("other bytes", changed(1, |part| part.part[0] ^= 1), "STATEMENT_REFUSED"),
        ("no statement", unreadable, "STATEMENT_REFUSED"),
    ]
}

#[tokio::test]
async fn nothing_is_kept_of_a_stream_that_is_not_the_file_it_announces() {
    for fixture in both(&Config::default()).await {
        let good = statement(1, &fixture.day(-1), 1_000, &entries(0, 3));
        let store = fixture.store().await;
        for (what, messages, expected) in hostile(&good) {
            let hashes: Vec<String> = messages.iter().map(|message| message.sha256.clone()).collect();
            let refused = fixture.upload(stream::iter(messages)).await.unwrap_err();
            assert_eq!(reason(&refused), expected, "{what}: {}", refused.message());
            for hash in hashes {
                assert_eq!(store.bank_file(BOOK, &hash).await.unwrap(), None, "{what}");
            }
        }
        let elsewhere: Vec<_> =
            cut(&good, 500).into_iter().map(|head| ImportStatementStreamRequest { book: "app".to_owned(), ..head }).collect();
        assert!(fixture.upload(stream::iter(elsewhere)).await.is_err());
        assert_eq!((fixture.cases().await.len(), fixture.has("bank-eur-unallocated").await), (0, 0));
        // Parts of something else that came under the file's hash before are not taken for its own.
        let file = long(&good, 4);
        let mut forged = parts(&file.clone().flatten().collect::<Vec<_>>()).remove(0);
        forged.part[9] ^= 1;
        let kept = fixture.client().import_statement(fixture.by(forged)).await.unwrap().into_inner();
        assert_eq!(kept.state(), ImportState::Receiving);
        assert_eq!(fixture.upload(stream::iter(messages(file))).await.unwrap().state(), ImportState::Taken);
    }
}

#[tokio::test]
async fn a_stream_that_stops_is_ended_and_one_that_is_broken_off_leaves_its_place() {
    let idle = Config { statement_idle_ms: 50, ..Config::default() };
    for fixture in both(&idle).await {
        let good = statement(1, &fixture.day(-1), 1_000, &entries(0, 3));
        for some in [0, 1, 2] {
            let begun: Vec<_> = cut(&good, 500).into_iter().take(some).collect();
            let late = fixture.upload(stream::iter(begun).chain(stream::pending())).await.unwrap_err();
            assert_eq!((late.code(), reason(&late).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"), "{some} messages");
        }
        assert_eq!(fixture.cases().await.len(), 0);
        assert_eq!(fixture.upload_file(&good).await.unwrap().state(), ImportState::Taken);
    }
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    fixture.with_euros(1_000).await;
    let good = statement(1, &fixture.day(-1), 1_000, &entries(0, 3));
    let begun = || stream::iter(cut(&good, 500).into_iter().take(2)).chain(stream::pending());
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let (mut client, request) = (fixture.client(), fixture.by(begun()));
        waiting.push(tokio::spawn(async move { client.import_statement_stream(request).await.map(drop) }));
    }
    // Both places are taken, sooner or later.
    while reason(&fixture.upload(stream::iter(Vec::new())).await.unwrap_err()) != "OVERLOADED" {
        tokio::task::yield_now().await;
    }
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    loop {
        match fixture.upload_file(&good).await {
            Ok(taken) => break assert_eq!(taken.state(), ImportState::Taken),
            Err(busy) => assert_eq!(reason(&busy), "OVERLOADED"),
        }
        tokio::task::yield_now().await;
    }
}
