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
    /// File with the gift catalogue; by default the built-in one.
    pub catalogue: Option<PathBuf>,
    /// Diamonds that a creator gets per coin, in basis points, at most 10,000. The default 10,000 is one diamond per coin. Rounded down per gift or tap.
    pub diamonds_per_coin_bps: u32,
    /// Whether SendGift calls that arrive while a ledger call is in flight share the next ledger call. Default on: it makes a single call no slower, and under
    /// load the ledger gets batches.
    pub batch_unary: bool,
    /// The same for the items of SendGifts streams. Default on.
    pub batch_streams: bool,
    /// Maximum gifts in one ledger call. Default 512: with more, encoding a call takes processor time from the commit for which the call waits.
    pub batch_items_max: usize,
    /// Maximum bytes in one ledger call. Default 256 KiB.
    pub batch_bytes_max: usize,
    /// Ledger calls in flight at once per book. Default 4: one is being committed, one waits for the next commit, one is being encoded, and the answer of one
    /// is being read. So the cores have work while the disk is slow.
    pub batches_in_flight_max: usize,
    /// Gifts that must wait, per call in flight, before another call is started. Default 64: for fewer gifts a separate commit does not pay.
    pub batch_worth: usize,
    /// Gifts that may wait for a ledger call per book; further gifts are refused with OVERLOADED. Default 16,384.
    pub waiting_max: usize,
    /// Items of one SendGifts stream in flight at once; further items stay unread in the connection. Default 1,024.
    pub stream_in_flight_max: usize,
    /// How long a SendGifts stream stays open, in milliseconds. Default an hour. The caller then opens another, which may be at another process.
    #[serde(rename = "stream_age_max_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub stream_age_max: Duration,
    /// End markers of streaks that one viewer may send in an hour; 0: no limit. End markers cost the viewer nothing, but each is stored for ever. Default
    /// 1,200: one every three seconds.
    pub end_markers_per_hour: u32,
    /// How long the ledger may take for a batch, in milliseconds; after that the outcome is unknown. Default 10 s.
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
