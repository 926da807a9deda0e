//! False answers to commits: something between the ledger and its database, or a node behind it, reports an error for a commit that was executed.
use crate::book::{assert_sound, balance, buy, config, gift, new_id, posted, start};
use db::Database;
use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The beginning of a commit's statement, and of no other.
const COMMIT: &[u8] = b"WITH fence AS";

/// The severity and code to answer the next commit with, once it is executed.
type FalseAnswer = Arc<Mutex<Option<(&'static str, &'static str)>>>;

/// Forwards everything between clients of `from` and the server at `to`, except the answer to one commit.
fn relay(from: &Path, to: &Path, lie: FalseAnswer) {
    let (listener, to) = (UnixListener::bind(from).unwrap(), to.to_owned());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (client, server) = (client.into_split(), UnixStream::connect(&to).await.unwrap().into_split());
            let commits = Arc::new(AtomicBool::new(false));
            tokio::spawn(requests(client.0, server.1, commits.clone()));
            tokio::spawn(answers(server.0, client.1, commits, lie.clone()));
        }
    });
}

/// Notes whether this connection ever prepared a commit.
async fn requests(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, commits: Arc<AtomicBool>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = client.read(&mut buffer).await {
        if buffer[..count].windows(COMMIT.len()).any(|window| window == COMMIT) {
            commits.store(true, SeqCst);
        }
        if server.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    // When a client disconnects, its server session ends too.
    drop(server);
}

/// Message by message: a letter, a length that counts itself, the rest.
async fn answers(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, commits: Arc<AtomicBool>, lie: FalseAnswer) {
    loop {
        let mut head = [0; 5];
        if server.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        server.read_exact(&mut body).await.unwrap();
        let mut message = [&head[..], &body].concat();
        if head[0] == b'C' && body.starts_with(b"INSERT") && commits.load(SeqCst) {
            let told = lie.lock().unwrap().take();
            message = told.map_or(message, |(severity, code)| error(severity, code));
        }
        if client.write_all(&message).await.is_err() {
            return;
        }
    }
}

fn error(severity: &str, code: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{code}\0Ma false answer\0\0");
    [b"E", &(u32::try_from(fields.len()).unwrap() + 4).to_be_bytes()[..], fields.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_done_is_not_taken_for_failed_whatever_is_answered() {
    let (cluster, dir) = (pgtest::Cluster::start().unwrap(), tempfile::tempdir().unwrap());
    let lie = FalseAnswer::default();
    relay(&dir.path().join(".s.PGSQL.5432"), &cluster.socket(), lie.clone());
    let address = cluster.create_database().unwrap();
    let (before, _) = address.split_once("?host=").unwrap();
    let database = Database::parse(&format!("{before}?host={}&sslmode=disable", dir.path().display())).unwrap();
    let (ledger, book) = start(&database, config()).await;
    posted(book.submit(buy("u1", 100)).await);
    let answers = [
        ("ERROR", "XX000"),
        ("ERROR", "58030"),
        ("ERROR", "40003"),
        ("ERROR", "0A000"),
        ("ERROR", "57014"),
        ("FATAL", "57P01"),
        ("FATAL", "40001"),
        ("PANIC", "53100"),
    ];
    for (spent, answer) in (1..).zip(answers) {
        *lie.lock().unwrap() = Some(answer);
        let id = new_id();
        let (_, replayed) = posted(book.submit(gift(id, "u1", "c1", 1)).await);
        assert!(!replayed && lie.lock().unwrap().is_none(), "{answer:?}");
        assert!(posted(book.submit(gift(id, "u1", "c1", 1)).await).1, "{answer:?}");
        assert_eq!(balance(&book, "creator/c1/diamonds").await, spent, "{answer:?}");
    }
    assert_sound(&ledger, &book).await;
}
