//! Attackers, one kind each. Every one is bounded in connections and in frames per second, and stops by itself.
use super::raw::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, NO_FLAGS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, RawConnection, SETTINGS,
    WINDOW_UPDATE, block, call, frame, message,
};
use futures::future::BoxFuture;
use holding::{
    calls_without_a_request, connections_that_only_stand, half_sent_gifts, half_sent_health, half_sent_items, half_sent_reflection,
    receipts_without_a_request,
};
use messages::{dripping_body, forged_tokens, message_longer_than_said, message_too_long, strange_deadlines_and_encodings};
use notifying::{forged_callbacks, forged_notifications, half_sent_notifications, held_callbacks};
use runtime::command::UntypedError;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// Connections of an attacker who sends much on each, and of one who sends nothing.
const BUSY: usize = 4;
const IDLE: usize = 200;
/// Frames or calls in one burst of a connection, and the pause after it.
const TURN: u32 = 50;
const REST: Duration = Duration::from_millis(20);
const SOON: Duration = Duration::from_millis(2);

const SEND_GIFT: &str = "/largesse.gift.v1.GiftService/SendGift";
const SEND_GIFTS: &str = "/largesse.gift.v1.GiftService/SendGifts";
const LIST_GIFTS: &str = "/largesse.gift.v1.GiftService/ListGifts";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

mod holding;
mod messages;
mod notifying;

/// The target of an attack, and its duration.
#[derive(Clone)]
pub struct HarmTarget {
    /// The gRPC listener.
    pub address: SocketAddr,
    /// The HTTP listener, where stores and banks call.
    pub http: SocketAddr,
    /// A viewer's valid token.
    pub token: Arc<str>,
    /// When to stop.
    pub until: Instant,
    /// Connections of an attacker who holds resources.
    pub holders: usize,
}

/// What an attacker observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HarmSeen {
    /// Actions of the attacker, such as frames or calls.
    pub done: u64,
    /// Connections that the server ended.
    pub ended: u64,
    /// Streams that the server reset.
    pub resets: u64,
    /// Calls that got an answer.
    pub answers: u64,
}

impl HarmSeen {
    fn of(raw: &RawConnection, done: u64) -> Self {
        Self { done, ended: u64::from(raw.over), resets: raw.resets, answers: raw.answers }
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            ended: self.ended + other.ended,
            resets: self.resets + other.resets,
            answers: self.answers + other.answers,
        }
    }
}

/// The required reaction of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedHarm {
    /// Their calls are answered or reset, or their unauthenticated connection is ended first.
    AnsweredOrEnded,
    /// The server ends the connection.
    Ended,
    /// The server answers or resets each call and keeps the connection.
    Answered,
    /// The server tolerates it.
    Borne,
}

/// One kind of attack.
#[derive(Clone, Copy)]
pub struct HarmScenario {
    /// Its key in the report.
    pub name: &'static str,
    /// The required reaction.
    pub expected: ExpectedHarm,
    run: fn(HarmTarget) -> BoxFuture<'static, Result<HarmSeen, UntypedError>>,
}

impl HarmScenario {
    /// Attacks until the target's time is over.
    pub async fn run(&self, target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        (self.run)(target).await
    }
}

macro_rules! scenario {
    ($name:ident, $expected:ident) => {
        HarmScenario { name: stringify!($name), expected: ExpectedHarm::$expected, run: |target| Box::pin($name(target)) }
    };
}

/// All attacks.
pub const SCENARIOS: [HarmScenario; 37] = [
    scenario!(silent_connections, Ended),
    scenario!(half_a_preface, Ended),
    scenario!(not_http2, Ended),
    scenario!(dripping_http1_headers, Ended),
    scenario!(connections_that_come_and_go, Borne),
    scenario!(settings_flood, Borne),
    scenario!(ping_flood, Borne),
    scenario!(priority_flood, Borne),
    scenario!(rapid_reset, Ended),
    scenario!(continuation_flood, Ended),
    scenario!(headers_too_large, Answered),
    scenario!(streams_without_end, Answered),
    scenario!(more_streams_than_allowed, Answered),
    scenario!(empty_data_flood, Borne),
    scenario!(window_overflow, Ended),
    scenario!(frames_where_they_may_not_be, Ended),
    scenario!(frames_too_long, Ended),
    scenario!(answers_that_are_never_read, Borne),
    scenario!(a_stream_that_is_never_read, Borne),
    scenario!(forged_tokens, Answered),
    scenario!(message_longer_than_said, Answered),
    scenario!(message_too_long, Answered),
    scenario!(dripping_body, Answered),
    scenario!(strange_deadlines_and_encodings, Answered),
    scenario!(reflection_flood, Borne),
    scenario!(a_viewer_without_measure, Answered),
    scenario!(half_sent_health, AnsweredOrEnded),
    scenario!(half_sent_reflection, AnsweredOrEnded),
    scenario!(half_sent_gifts, AnsweredOrEnded),
    scenario!(half_sent_items, AnsweredOrEnded),
    scenario!(calls_without_a_request, AnsweredOrEnded),
    scenario!(receipts_without_a_request, AnsweredOrEnded),
    scenario!(connections_that_only_stand, Borne),
    scenario!(half_sent_notifications, AnsweredOrEnded),
    scenario!(held_callbacks, AnsweredOrEnded),
    scenario!(forged_notifications, Answered),
    scenario!(forged_callbacks, Answered),
];

/// Runs one attack on this many connections, repeatedly until the time is over.
async fn crowd<F>(target: HarmTarget, connections: usize, one: fn(HarmTarget) -> F) -> Result<HarmSeen, UntypedError>
where
    F: Future<Output = Result<HarmSeen, UntypedError>> + Send + 'static,
{
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let target = target.clone();
        all.spawn(async move {
            let mut seen = HarmSeen::default();
            while Instant::now() < target.until {
                // A refused connection counts as an ended one.
                match one(target.clone()).await {
                    Ok(more) => seen = seen.and(more),
                    Err(_) => seen.ended += 1,
                }
                tokio::time::sleep(REST).await;
            }
            seen
        });
    }
    let mut seen = HarmSeen::default();
    while let Some(more) = all.join_next().await {
        seen = seen.and(more?);
    }
    Ok(seen)
}

/// Sends the frames that `make` returns, by number, until the connection or the time ends.
async fn flood(target: HarmTarget, settings: &'static [(u16, u32)], make: fn(u32, &str) -> Vec<u8>) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawConnection::greeted(target.address, settings).await?;
    let mut done = 0;
    while !raw.over && Instant::now() < target.until {
        let mut bytes = Vec::new();
        for _ in 0..TURN {
            bytes.extend(make(done, &target.token));
            done += 1;
        }
        raw.write(&bytes).await?;
        raw.listen(SOON).await;
        tokio::time::sleep(REST).await;
    }
    Ok(HarmSeen::of(&raw, u64::from(done)))
}

/// Opens a connection, sends `first` and keeps the connection open.
async fn hold(target: HarmTarget, first: &'static [u8]) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawConnection::silent(target.address).await?;
    raw.write(first).await?;
    while !raw.over && Instant::now() < target.until {
        raw.listen(Duration::from_millis(100)).await;
    }
    Ok(HarmSeen::of(&raw, 1))
}

/// Client streams have odd numbers.
const fn odd(number: u32) -> u32 {
    number * 2 + 1
}

async fn silent_connections(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, IDLE, |target| hold(target, b"")).await
}

async fn half_a_preface(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, IDLE, |target| hold(target, b"PRI * HTTP/2.0\r\n")).await
}

async fn not_http2(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, BUSY, |target| hold(target, &[0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])).await
}

async fn dripping_http1_headers(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawConnection::silent(target.address).await?;
        raw.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n").await?;
        let mut done = 0;
        while !raw.over && Instant::now() < target.until {
            raw.write(b"x: y\r\n").await?;
            raw.listen(SOON).await;
            tokio::time::sleep(REST).await;
            done += 1;
        }
        Ok(HarmSeen::of(&raw, done))
    }
    crowd(target, BUSY, one).await
}

async fn connections_that_come_and_go(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut done = 0;
        while Instant::now() < target.until && done < u64::from(TURN) {
            RawConnection::greeted(target.address, &[]).await?;
            done += 1;
        }
        Ok(HarmSeen { done, ..HarmSeen::default() })
    }
    crowd(target, BUSY, one).await
}

async fn settings_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, BUSY, |target| flood(target, &[], |_, _| frame(SETTINGS, NO_FLAGS, 0, &[0, 4, 0, 0, 255, 255]))).await
}

async fn ping_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, BUSY, |target| flood(target, &[], |_, _| frame(PING, NO_FLAGS, 0, &[7; 8]))).await
}

async fn priority_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, BUSY, |target| flood(target, &[], |number, _| frame(PRIORITY, NO_FLAGS, odd(number), &[0, 0, 0, 0, 16]))).await
}

async fn rapid_reset(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFT, token, &[]));
            bytes.extend(frame(RST_STREAM, NO_FLAGS, odd(number), &[0, 0, 0, 8]));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn continuation_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| match number {
            0 => frame(HEADERS, NO_FLAGS, 1, &call(SEND_GIFT, token, &[])),
            _ => frame(CONTINUATION, NO_FLAGS, 1, &block(&[("x-more", "of the same, again and again")])),
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn headers_too_large(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            let large = "x".repeat(700);
            let fields: Vec<(String, &str)> = (0..30).map(|at| (format!("x-{at}"), large.as_str())).collect();
            let more: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let block = call(SEND_GIFT, token, &more);
            let (first, rest) = block.split_at(16_000);
            let mut bytes = frame(HEADERS, END_STREAM, odd(number), first);
            bytes.extend(frame(CONTINUATION, END_HEADERS, odd(number), rest));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn streams_without_end(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        // Begins calls whose bodies are never sent.
        flood(target, &[], |number, token| match number {
            0..1_000 => frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFT, token, &[("grpc-timeout", "500m")])),
            _ => frame(PING, NO_FLAGS, 0, &[1; 8]),
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn more_streams_than_allowed(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFTS, token, &[]))).await
    }
    crowd(target, BUSY, one).await
}

async fn empty_data_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| match number {
            0 => frame(HEADERS, END_HEADERS, 1, &call(SEND_GIFTS, token, &[])),
            _ => frame(DATA, NO_FLAGS, 1, &[]),
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn window_overflow(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    crowd(target, BUSY, |target| flood(target, &[], |_, _| frame(WINDOW_UPDATE, NO_FLAGS, 0, &[0x7f, 255, 255, 255]))).await
}

async fn frames_where_they_may_not_be(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, _| match number % 3 {
            0 => frame(DATA, NO_FLAGS, 0, b"data of no stream"),
            1 => frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]),
            _ => frame(SETTINGS, NO_FLAGS, 3, &[0, 4, 0, 0, 0]),
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn frames_too_long(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawConnection::greeted(target.address, &[]).await?;
        raw.frame(HEADERS, END_HEADERS, 1, &call(SEND_GIFT, &target.token, &[])).await?;
        // A megabyte in one frame, which exceeds the agreed size.
        raw.frame(DATA, NO_FLAGS, 1, &vec![0; 1 << 20]).await?;
        while !raw.over && Instant::now() < target.until {
            raw.listen(Duration::from_millis(100)).await;
        }
        Ok(HarmSeen::of(&raw, 1))
    }
    crowd(target, BUSY, one).await
}

async fn answers_that_are_never_read(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        // A window of zero: the server can't send its answers.
        let mut raw = RawConnection::greeted(target.address, &[(4, 0)]).await?;
        let mut done = 0;
        while !raw.over && Instant::now() < target.until && done < 500 {
            raw.frame(HEADERS, END_HEADERS, odd(done), &call(LIST_GIFTS, &target.token, &[])).await?;
            raw.frame(DATA, END_STREAM, odd(done), &message(&[])).await?;
            done += 1;
        }
        while !raw.over && Instant::now() < target.until {
            raw.listen(Duration::from_millis(100)).await;
        }
        Ok(HarmSeen::of(&raw, u64::from(done)))
    }
    crowd(target, BUSY, one).await
}

async fn a_stream_that_is_never_read(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        // Each item is malformed and gets an answer, but no answer is read.
        let mut raw = RawConnection::greeted(target.address, &[(4, 0)]).await?;
        raw.frame(HEADERS, END_HEADERS, 1, &call(SEND_GIFTS, &target.token, &[])).await?;
        let mut done = 0;
        while !raw.over && Instant::now() < target.until {
            raw.frame(DATA, NO_FLAGS, 1, &message(&[]).repeat(20)).await?;
            raw.listen(SOON).await;
            tokio::time::sleep(REST).await;
            done += 20;
        }
        Ok(HarmSeen::of(&raw, done))
    }
    crowd(target, BUSY, one).await
}

async fn reflection_flood(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, _| {
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(REFLECTION, "", &[]));
            // list_services = "*"
            bytes.extend(frame(DATA, END_STREAM, odd(number), &message(&[0x3a, 1, b'*'])));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}

async fn a_viewer_without_measure(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(LIST_GIFTS, token, &[]));
            bytes.extend(frame(DATA, END_STREAM, odd(number), &message(&[])));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}
