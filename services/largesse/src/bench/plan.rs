//! What is measured, and which comparisons are made of it.

use clap::ValueEnum;

/// Measurements that take turns with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Group {
    /// SendGift, 256 in flight on 4 connections.
    Unary,
    /// SendGifts on 4 streams.
    Streams,
    /// PostBatch of 1,000 gift postings straight to the ledger.
    Batch,
    /// 64 connections with one call in flight each.
    Connections,
    /// One SendGift at a time.
    Lone,
}

impl Group {
    /// Every group, in the order they are measured.
    pub const ALL: [Self; 5] = [Self::Unary, Self::Streams, Self::Batch, Self::Connections, Self::Lone];

    /// Its key in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::Streams => "streams",
            Self::Batch => "batch",
            Self::Connections => "connections",
            Self::Lone => "lone",
        }
    }

    /// Its measurements, in the order they take turns.
    pub fn slices(self) -> &'static [Slice] {
        match self {
            Self::Unary => &[ECHO, SEND_GIFT, SEND_GIFT_HOT, SEND_GIFT_RANDOM_IDS, SEND_GIFT_OWN_TOKENS],
            Self::Streams => &[ECHO, SEND_GIFTS, SEND_GIFTS_HOT],
            Self::Batch => &[ECHO, POST_BATCH, POST_BATCH_HOT],
            Self::Connections => &[ECHO_64, SEND_GIFT_64, SEND_GIFT_64_HOT],
            Self::Lone => &[FDATASYNC, LONE_SEND_GIFT],
        }
    }

    /// Its comparisons.
    pub fn comparisons(self) -> &'static [Comparison] {
        match self {
            Self::Unary => &[
                Comparison { key: "ratio_send_gift_unary_to_echo", of: SEND_GIFT, to: ECHO, by: By::Rate, sqlite_floor: Some(0.25) },
                Comparison {
                    key: "ratio_hot_to_uniform_send_gift_unary",
                    of: SEND_GIFT_HOT,
                    to: SEND_GIFT,
                    by: By::Rate,
                    sqlite_floor: None,
                },
                Comparison { key: "ratio_random_ids_to_v7", of: SEND_GIFT_RANDOM_IDS, to: SEND_GIFT, by: By::Rate, sqlite_floor: None },
                Comparison {
                    key: "ratio_own_tokens_to_one_token",
                    of: SEND_GIFT_OWN_TOKENS,
                    to: SEND_GIFT,
                    by: By::Rate,
                    sqlite_floor: None,
                },
            ],
            Self::Streams => &[
                Comparison { key: "ratio_send_gifts_stream_to_echo", of: SEND_GIFTS, to: ECHO, by: By::Rate, sqlite_floor: Some(1.0) },
                Comparison {
                    key: "ratio_hot_to_uniform_send_gifts_stream",
                    of: SEND_GIFTS_HOT,
                    to: SEND_GIFTS,
                    by: By::Rate,
                    sqlite_floor: None,
                },
            ],
            Self::Batch => &[
                Comparison { key: "ratio_post_batch_to_echo", of: POST_BATCH, to: ECHO, by: By::Rate, sqlite_floor: None },
                Comparison { key: "ratio_hot_to_uniform_post_batch", of: POST_BATCH_HOT, to: POST_BATCH, by: By::Rate, sqlite_floor: None },
            ],
            Self::Connections => &[
                Comparison {
                    key: "ratio_send_gift_64_connections_to_echo",
                    of: SEND_GIFT_64,
                    to: ECHO_64,
                    by: By::Rate,
                    sqlite_floor: None,
                },
                Comparison {
                    key: "ratio_hot_to_uniform_64_connections",
                    of: SEND_GIFT_64_HOT,
                    to: SEND_GIFT_64,
                    by: By::Rate,
                    sqlite_floor: None,
                },
            ],
            Self::Lone => &[Comparison {
                key: "ratio_lone_send_gift_to_fdatasync",
                of: LONE_SEND_GIFT,
                to: FDATASYNC,
                by: By::Median,
                sqlite_floor: None,
            }],
        }
    }
}

/// What two measurements are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Items per second: more is better.
    Rate,
    /// Median latency: less is better.
    Median,
}

/// One number of the report.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    /// Its key.
    pub key: &'static str,
    /// What is compared.
    pub of: Slice,
    /// With what.
    pub to: Slice,
    /// By what.
    pub by: By,
    /// What it must reach on SQLite.
    pub sqlite_floor: Option<f64>,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    /// Its key in the report.
    pub name: &'static str,
    /// What is done.
    pub work: Work,
}

/// What a measurement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Calls to the bare server.
    Echo {
        /// Connections.
        connections: usize,
        /// Calls at once, over all of them.
        in_flight: usize,
    },
    /// SendGift calls.
    SendGift {
        /// Connections.
        connections: usize,
        /// Calls at once, over all of them.
        in_flight: usize,
        /// Whose gifts to whom.
        mix: Mix,
    },
    /// SendGifts, one stream per connection.
    SendGifts {
        /// Connections.
        connections: usize,
        /// Gifts at once, per stream.
        in_flight: usize,
        /// Whose gifts to whom.
        mix: Mix,
    },
    /// PostBatch calls to the ledger.
    PostBatch {
        /// Connections, with one call at a time each.
        connections: usize,
        /// Postings per call.
        items: usize,
        /// Whose gifts to whom.
        mix: Mix,
    },
    /// Appends of one block, each made durable.
    Fdatasync,
}

/// Whose gifts to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mix {
    /// Creators who share the gifts evenly.
    pub creators: usize,
    /// Version 4 request ids instead of version 7.
    pub random_ids: bool,
    /// Each viewer calls with a token of its own, instead of a service on behalf of all.
    pub own_tokens: bool,
}

/// Creators who share the gifts, where not one gets all.
pub const CREATORS: usize = 100;

/// Gifts as they are meant: spread evenly, version 7 ids, sent by a service on behalf of the viewers.
pub const EVEN: Mix = Mix { creators: CREATORS, random_ids: false, own_tokens: false };
const HOT: Mix = Mix { creators: 1, ..EVEN };
const FEW: usize = 4;
const MANY: usize = 64;
const IN_FLIGHT: usize = 256;
const STREAM_IN_FLIGHT: usize = 512;
const BATCH_ITEMS: usize = 1_000;

const fn send_gift(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::SendGift { connections: FEW, in_flight: IN_FLIGHT, mix } }
}

const ECHO: Slice = Slice { name: "echo", work: Work::Echo { connections: FEW, in_flight: IN_FLIGHT } };
const SEND_GIFT: Slice = send_gift("send_gift", EVEN);
const SEND_GIFT_HOT: Slice = send_gift("send_gift_hot", HOT);
const SEND_GIFT_RANDOM_IDS: Slice = send_gift("send_gift_random_ids", Mix { random_ids: true, ..EVEN });
const SEND_GIFT_OWN_TOKENS: Slice = send_gift("send_gift_own_tokens", Mix { own_tokens: true, ..EVEN });
const SEND_GIFTS: Slice = Slice { name: "send_gifts", work: Work::SendGifts { connections: FEW, in_flight: STREAM_IN_FLIGHT, mix: EVEN } };
const SEND_GIFTS_HOT: Slice =
    Slice { name: "send_gifts_hot", work: Work::SendGifts { connections: FEW, in_flight: STREAM_IN_FLIGHT, mix: HOT } };
const POST_BATCH: Slice = Slice { name: "post_batch", work: Work::PostBatch { connections: FEW, items: BATCH_ITEMS, mix: EVEN } };
const POST_BATCH_HOT: Slice = Slice { name: "post_batch_hot", work: Work::PostBatch { connections: FEW, items: BATCH_ITEMS, mix: HOT } };
const ECHO_64: Slice = Slice { name: "echo_64", work: Work::Echo { connections: MANY, in_flight: MANY } };
const SEND_GIFT_64: Slice = Slice { name: "send_gift_64", work: Work::SendGift { connections: MANY, in_flight: MANY, mix: EVEN } };
const SEND_GIFT_64_HOT: Slice = Slice { name: "send_gift_64_hot", work: Work::SendGift { connections: MANY, in_flight: MANY, mix: HOT } };
const FDATASYNC: Slice = Slice { name: "fdatasync", work: Work::Fdatasync };
const LONE_SEND_GIFT: Slice = Slice { name: "lone_send_gift", work: Work::SendGift { connections: 1, in_flight: 1, mix: EVEN } };

#[cfg(test)]
mod tests;
