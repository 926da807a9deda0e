//! What is measured, and which comparisons are made.

use clap::ValueEnum;

mod comparisons;
mod slices;

pub use comparisons::{ComparedBy, Comparison};
pub(crate) use slices::*;

/// Rows of the report, whose measurements alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum BenchRow {
    /// SendGift, 256 in flight on 4 connections.
    Unary,
    /// SendGifts on 4 streams.
    Streams,
    /// PostBatch of 1,000 gift postings, sent directly to the ledger.
    Batch,
    /// 64 connections with one call in flight each.
    Connections,
    /// One SendGift at a time.
    Lone,
    /// SendGift in an open loop at half of the peak.
    Half,
    /// SendGift in an open loop at twice the peak.
    Overload,
    /// SendGifts on a book with many accounts and transfers; `--stored` adds this row too.
    Stored,
    /// SendGift and SendGifts with telemetry at its default sampling, compared with a server without any.
    Telemetry,
    /// SendGift at a quarter of the peak, while simulated attackers use one kind of attack after another.
    Hostile,
    /// SendGifts while a monitor shows every payment to 50 viewers, compared with a server without one.
    Viewers,
    /// MonitorService.Find of postings, accounts, users and what is not there, one after the other, in a book of the size of `--stored-transfers`; and the first
    /// page of ExplainCase of a payout that 10,000 gifts paid for.
    Find,
    /// RequestPayout in an open loop of 20 a second, to settled at the pretend bank: our own time.
    Payouts,
    /// A run of payouts to many creators, compared with SendGift on the same server.
    #[value(name = "payout_run")]
    PayoutRun,
    /// The same, with many payments in a message.
    #[value(name = "payout_run_bulk")]
    PayoutRunBulk,
    /// One PostgreSQL transaction per gift without our services; `--baseline postgres-naive` adds this row too.
    Naive,
}

impl BenchRow {
    /// The rows that are measured by default, in this order.
    pub const STANDARD: [Self; 8] =
        [Self::Unary, Self::Streams, Self::Batch, Self::Connections, Self::Lone, Self::Half, Self::Overload, Self::Telemetry];

    /// Its key in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::Streams => "streams",
            Self::Batch => "batch",
            Self::Connections => "connections",
            Self::Lone => "lone",
            Self::Half => "half",
            Self::Overload => "overload",
            Self::Stored => "stored",
            Self::Telemetry => "telemetry",
            Self::Hostile => "hostile",
            Self::Viewers => "viewers",
            Self::Find => "find",
            Self::Payouts => "payouts",
            Self::PayoutRun => "payout_run",
            Self::PayoutRunBulk => "payout_run_bulk",
            Self::Naive => "naive",
        }
    }

    /// Whether it needs servers other than the one that all other rows share.
    pub fn has_houses_of_its_own(self) -> bool {
        matches!(
            self,
            Self::Stored
                | Self::Telemetry
                | Self::Hostile
                | Self::Viewers
                | Self::Find
                | Self::Payouts
                | Self::PayoutRun
                | Self::PayoutRunBulk
        )
    }

    /// Its measurements, in the order of alternation. Open loops are paced by the last measured peak, so that one is first.
    pub fn slices(self) -> &'static [BenchSlice] {
        match self {
            Self::Unary => &[ECHO, SEND_GIFT, SEND_GIFT_HOT, SEND_GIFT_RANDOM_IDS, SEND_GIFT_OWN_TOKENS],
            Self::Streams => &[ECHO, SEND_GIFTS, SEND_GIFTS_HOT],
            Self::Batch => &[ECHO, POST_BATCH, POST_BATCH_HOT],
            Self::Connections => &[ECHO_64, SEND_GIFT_64, SEND_GIFT_64_HOT],
            Self::Lone => &[FDATASYNC, LONE_SEND_GIFT],
            Self::Half => &[SEND_GIFT, FDATASYNC, ECHO_AT_HALF, SEND_GIFT_AT_HALF],
            Self::Overload => &[SEND_GIFT, SEND_GIFT_AT_TWICE],
            Self::Stored => &[STORED_EMPTY, STORED_SKEWED, STORED_UNIFORM],
            Self::Telemetry => &[SEND_GIFT_WATCHED, SEND_GIFT_UNWATCHED, SEND_GIFTS_WATCHED, SEND_GIFTS_UNWATCHED],
            Self::Hostile => &[SEND_GIFT, HONEST, HONEST_BESIDE_HARM],
            Self::Viewers => &[SEND_GIFTS_VIEWED, SEND_GIFTS_UNVIEWED, PAYMENTS_BEHIND],
            Self::Find => &[FIND_POSTING, FIND_ACCOUNT, FIND_USER, FIND_NOTHING, EXPLAIN_PAYOUT],
            Self::Payouts => &[FDATASYNC, PAYOUT_OWN_TIME],
            Self::PayoutRun => &[SEND_GIFT, PAYOUT_RUN],
            Self::PayoutRunBulk => &[SEND_GIFT, PAYOUT_RUN_BULK],
            Self::Naive => &[NAIVE_64, NAIVE_64_HOT, SEND_GIFT_64, SEND_GIFT_64_HOT],
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BenchSlice {
    /// Its key in the report.
    pub name: &'static str,
    /// The work that is measured.
    pub work: BenchWork,
}

/// The work of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BenchWork {
    /// Calls to the bare server.
    Echo {
        /// Number of connections.
        connections: usize,
        /// Concurrent calls, over all connections.
        in_flight: usize,
    },
    /// SendGift calls.
    SendGift {
        /// Number of connections.
        connections: usize,
        /// Concurrent calls, over all connections.
        in_flight: usize,
        /// Senders and receivers.
        mix: GiftMix,
    },
    /// SendGifts, one stream per connection.
    SendGifts {
        /// Number of connections.
        connections: usize,
        /// Unanswered gifts per stream.
        in_flight: usize,
        /// Senders and receivers.
        mix: GiftMix,
    },
    /// PostBatch calls to the ledger.
    PostBatch {
        /// Connections, with one call at a time each.
        connections: usize,
        /// Postings per call.
        items: usize,
        /// Senders and receivers.
        mix: GiftMix,
    },
    /// Calls to the bare server, sent when they are due whether or not earlier ones were answered.
    PacedEcho {
        /// Number of connections.
        connections: usize,
        /// Calls per second as a share of the last measured [`SEND_GIFT`], in percent.
        percent: u32,
    },
    /// SendGift calls, sent when they are due whether or not earlier ones were answered.
    PacedSendGift {
        /// Number of connections.
        connections: usize,
        /// Calls per second as a share of the last measured [`SEND_GIFT`], in percent.
        percent: u32,
        /// Its duration as a multiple of other measurements'.
        slices: u32,
    },
    /// One PostgreSQL transaction per gift, without any of our services.
    Naive {
        /// Connections to the database, with one transaction at a time each.
        connections: usize,
        /// Senders and receivers.
        mix: GiftMix,
    },
    /// Appends of one block, each synced to disk.
    Fdatasync,
    /// RequestPayout calls, so many a second; the latency is our own time from a request to its settlement, without the bank's.
    PacedPayouts {
        /// Calls per second.
        per_second: u32,
    },
    /// An approved run of payouts, to its last settlement.
    PayoutRun,
    /// Payments that viewers were sent; the latency is from the commit until a viewer has it.
    PaymentsBehind {
        /// Streams of payments.
        viewers: usize,
    },
    /// MonitorService.Find or ExplainCase, one call at a time.
    Find,
}

impl BenchWork {
    /// Whether its accepted gifts must be in the ledger.
    pub fn is_ours(self) -> bool {
        match self {
            Self::SendGift { .. } | Self::SendGifts { .. } | Self::PostBatch { .. } | Self::PacedSendGift { .. } => true,
            Self::Echo { .. } | Self::PacedEcho { .. } | Self::Naive { .. } | Self::Fdatasync => false,
            Self::PacedPayouts { .. } | Self::PayoutRun | Self::PaymentsBehind { .. } | Self::Find => false,
        }
    }
}

/// Senders and receivers of gifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GiftMix {
    /// Maximum number of creators who share the gifts.
    pub creators: usize,
    /// Version 4 request ids instead of version 7.
    pub random_ids: bool,
    /// Each viewer calls with its own token, instead of a service on behalf of all.
    pub own_tokens: bool,
    /// How people are drawn.
    pub draw: PeopleDraw,
}

/// How people are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PeopleDraw {
    /// Everyone in turn.
    InTurn,
    /// Uniformly at random.
    Uniform,
    /// A few give and receive most, as on real platforms.
    Skewed,
}

#[cfg(test)]
mod tests;
