//! Options of the gift service.
use crate::domain::BASIS_POINTS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// Most items the ledger accepts in one batch.
const BATCH_ITEMS_LIMIT: usize = 1_000;
/// Bytes of a batch above which a message could become too large for the ledger's 4 MiB.
const BATCH_BYTES_LIMIT: usize = 2 << 20;

/// The longest that a stream may stay open: a caller whose rights are withdrawn should not be able to continue for days.
const STREAM_AGE_LIMIT: Duration = Duration::from_secs(86_400);

/// Options of the gift service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A catalogue file in place of the built-in one.
    pub catalogue: Option<PathBuf>,
    /// Diamonds a creator gets per coin, in basis points: 10,000 (the default) is one for one. At most 10,000; rounded down per gift or tap.
    pub diamonds_per_coin_bps: u32,
    /// Lets unary SendGift calls share ledger calls while one is in flight. Default on: a single call is no slower, and under load batches form.
    pub batch_unary: bool,
    /// The same for items of SendGifts streams. Default on.
    pub batch_streams: bool,
    /// Most gifts in one ledger call. Default 512: with more, encoding a call keeps a core from the commit that the call waits for.
    pub batch_items_max: usize,
    /// Most bytes in one ledger call. Default 256 KiB.
    pub batch_bytes_max: usize,
    /// Ledger calls in flight at once per book. Default 4: one being committed, one waiting to be next, and on either side one being encoded or read,
    /// so that a slow disk does not leave the cores idle.
    pub batches_in_flight_max: usize,
    /// Gifts that must wait, per call in flight, before another call is started. Default 64: fewer are not worth a commit of their own.
    pub batch_worth: usize,
    /// Gifts waiting for a ledger call per book, above which OVERLOADED is answered. Default 16,384.
    pub waiting_max: usize,
    /// Items of one SendGifts stream in flight at once; further ones stay unread in the connection. Default 1,024.
    pub stream_in_flight_max: usize,
    /// How long a SendGifts stream stays open, in milliseconds. Default an hour: then its caller opens another, on any process that accepts it.
    #[serde(rename = "stream_age_max_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub stream_age_max: Duration,
    /// End markers of streaks that one viewer may send in an hour; 0: no bound. They cost nothing and are kept for ever. Default 1,200: one every three
    /// seconds.
    pub end_markers_per_hour: u32,
    /// How long the ledger may take for a batch, in milliseconds. Default 10 s; then the outcome is unknown.
    #[serde(rename = "post_timeout_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub post_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            catalogue: None,
            diamonds_per_coin_bps: BASIS_POINTS,
            batch_unary: true,
            batch_streams: true,
            batch_items_max: 512,
            batch_bytes_max: 256 << 10,
            batches_in_flight_max: 4,
            batch_worth: 64,
            waiting_max: 16_384,
            stream_in_flight_max: 1_024,
            stream_age_max: Duration::from_secs(3_600),
            end_markers_per_hour: 1_200,
            post_timeout: Duration::from_secs(10),
        }
    }
}

/// An option that is out of its bounds.
#[derive(Debug, thiserror::Error)]
#[error("gift.{option} must be {bounds}")]
pub struct InvalidGiftOption {
    option: &'static str,
    bounds: &'static str,
}

impl Config {
    /// Refuses options that can't work, before anything starts.
    pub fn check(&self) -> Result<(), InvalidGiftOption> {
        let no = |option, bounds| Err(InvalidGiftOption { option, bounds });
        if self.diamonds_per_coin_bps > BASIS_POINTS {
            return no("diamonds_per_coin_bps", "0 to 10000");
        }
        if !(1..=BATCH_ITEMS_LIMIT).contains(&self.batch_items_max) {
            return no("batch_items_max", "1 to 1000");
        }
        if !(4_096..=BATCH_BYTES_LIMIT).contains(&self.batch_bytes_max) {
            return no("batch_bytes_max", "4096 to 2097152");
        }
        if self.batches_in_flight_max == 0 || self.waiting_max == 0 || self.stream_in_flight_max == 0 {
            return no("batches_in_flight_max, waiting_max and stream_in_flight_max", "1 or more");
        }
        if self.stream_age_max.is_zero() || self.stream_age_max > STREAM_AGE_LIMIT {
            return no("stream_age_max_ms", "1 to 86400000");
        }
        if self.post_timeout.is_zero() {
            return no("post_timeout", "more than 0");
        }
        Ok(())
    }
}
