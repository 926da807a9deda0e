//! Attackers at the HTTP listener, who call in the name of stores and banks: by bodies that do not come, and by forged ones.
use super::{BUSY, HarmSeen, HarmTarget, REST, crowd};
use runtime::command::UntypedError;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const STORE: &str = "/webhooks/store/apple";
/// The pretend bank, whose callbacks are signed.
const BANK: &str = "/webhooks/bank/sandbox";
/// The longest callback of a bank that is taken.
const LONGEST: usize = 512 * 1024;
/// How long a write may take: a peer that does not read must not block it for ever.
const WRITE_MAX: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(100);
const ANSWER: &[u8] = b"HTTP/1.1 ";

/// A connection of a client without manners.
struct RawCalls {
    stream: TcpStream,
    over: bool,
    answers: u64,
}

impl RawCalls {
    async fn open(address: SocketAddr) -> Result<Self, UntypedError> {
        Ok(Self { stream: TcpStream::connect(address).await?, over: false, answers: 0 })
    }

    async fn write(&mut self, bytes: &[u8]) {
        if !matches!(timeout(WRITE_MAX, self.stream.write_all(bytes)).await, Ok(Ok(()))) {
            // The answer that came before the peer stopped reading still counts.
            self.listen(LOOK).await;
            self.over = true;
        }
    }

    /// Counts the answers that arrive within this time.
    async fn listen(&mut self, within: Duration) {
        let mut buffer = [0; 4 * 1024];
        while !self.over {
            match timeout(within, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => self.over = true,
                Ok(Ok(length)) => self.answers += buffer[..length].windows(ANSWER.len()).filter(|part| *part == ANSWER).count() as u64,
                Err(_) => return,
            }
        }
    }

    fn seen(&self, done: u64) -> HarmSeen {
        HarmSeen { done, ended: u64::from(self.over), resets: 0, answers: self.answers }
    }
}

fn head(path: &str, headers: &str, bytes: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {bytes}\r\n\r\n")
}

/// Sends a call whose body has `first` bytes and then one more now and then, but never all.
async fn held(target: HarmTarget, path: &str, first: usize) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawCalls::open(target.http).await?;
    raw.write(head(path, "", LONGEST / 2).as_bytes()).await;
    raw.write(&vec![b' '; first]).await;
    let mut done = 1;
    while !raw.over && raw.answers == 0 && Instant::now() < target.until {
        raw.write(b" ").await;
        raw.listen(LOOK).await;
        done += 1;
    }
    Ok(raw.seen(done))
}

/// Sends calls that nobody signed, one after another on the same connection.
async fn forged(target: HarmTarget, path: &str, headers: fn(u64) -> String, body: fn(u64) -> String) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawCalls::open(target.http).await?;
    let mut done = 0;
    while !raw.over && Instant::now() < target.until {
        let body = body(done);
        raw.write(head(path, &headers(done), body.len()).as_bytes()).await;
        raw.write(body.as_bytes()).await;
        let answers = raw.answers;
        while !raw.over && raw.answers == answers && Instant::now() < target.until {
            raw.listen(Duration::from_millis(2)).await;
        }
        done += 1;
    }
    Ok(raw.seen(done))
}

pub(super) async fn half_sent_notifications(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    let holders = target.holders;
    crowd(target, holders, |target| held(target, STORE, 1_000)).await
}

pub(super) async fn held_callbacks(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawCalls::open(target.http).await?;
        raw.write(head(BANK, "", LONGEST).as_bytes()).await;
        raw.write(&vec![b' '; LONGEST - 1]).await;
        while !raw.over && raw.answers == 0 && Instant::now() < target.until {
            raw.listen(LOOK).await;
        }
        Ok(raw.seen(1))
    }
    let holders = target.holders;
    crowd(target, holders, one).await
}

pub(super) async fn forged_notifications(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        // Another signature each time, by a key of nobody.
        let body = |number: u64| {
            let signed = format!(
                "eyJhbGciOiJFUzI1NiIsIng1YyI6WyJNSUk9Il19.eyJub3RpZmljYXRpb25UeXBlIjoiUkVGVU5EIn0.{}",
                format!("{number:08}").repeat(8)
            );
            format!("{{\"signedPayload\":\"{signed}\"}}")
        };
        forged(target, STORE, |_| String::new(), body).await
    }
    crowd(target, BUSY * 4, one).await
}

pub(super) async fn forged_callbacks(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        // An invented key each time: the bank's keys might be read for each.
        let headers = |number: u64| format!("key-id: k{number}\r\nsignature: {}\r\n", "A".repeat(96));
        let seen = forged(target, BANK, headers, |number| format!("<Document>{number}</Document>")).await;
        tokio::time::sleep(REST).await;
        seen
    }
    crowd(target, BUSY * 4, one).await
}
