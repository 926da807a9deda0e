//! Which measurements are compared, and by which figure. The goals are in `floors`.

use super::{BenchRow, BenchSlice, slices::*};

/// The figure by which two measurements are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedBy {
    /// Items per second: more is better.
    Rate,
    /// Median latency: less is better.
    Median,
    /// The 99th percentile of latency: less is better.
    P99,
}

/// One number of the report.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    /// Its key in the report.
    pub key: &'static str,
    /// The measurement that is compared.
    pub of: BenchSlice,
    /// The measurement it is compared with.
    pub to: BenchSlice,
    /// A measurement that is added to the latter.
    pub plus: Option<BenchSlice>,
    /// The figure that is compared.
    pub by: ComparedBy,
}

const fn rate(key: &'static str, of: BenchSlice, to: BenchSlice) -> Comparison {
    Comparison { key, of, to, plus: None, by: ComparedBy::Rate }
}

const fn latency(key: &'static str, of: BenchSlice, to: BenchSlice, by: ComparedBy) -> Comparison {
    Comparison { key, of, to, plus: None, by }
}

impl BenchRow {
    /// Its comparisons.
    pub fn comparisons(self) -> &'static [Comparison] {
        match self {
            Self::Unary => {
                const {
                    &[
                        rate("ratio_send_gift_unary_to_echo", SEND_GIFT, ECHO),
                        rate("ratio_hot_to_uniform_send_gift_unary", SEND_GIFT_HOT, SEND_GIFT),
                        rate("ratio_random_ids_to_v7", SEND_GIFT_RANDOM_IDS, SEND_GIFT),
                        rate("ratio_own_tokens_to_one_token", SEND_GIFT_OWN_TOKENS, SEND_GIFT),
                    ]
                }
            }
            Self::Streams => {
                const {
                    &[
                        rate("ratio_send_gifts_stream_to_echo", SEND_GIFTS, ECHO),
                        rate("ratio_hot_to_uniform_send_gifts_stream", SEND_GIFTS_HOT, SEND_GIFTS),
                    ]
                }
            }
            Self::Batch => {
                const {
                    &[
                        rate("ratio_post_batch_to_echo", POST_BATCH, ECHO),
                        rate("ratio_hot_to_uniform_post_batch", POST_BATCH_HOT, POST_BATCH),
                    ]
                }
            }
            Self::Connections => {
                const {
                    &[
                        rate("ratio_send_gift_64_connections_to_echo", SEND_GIFT_64, ECHO_64),
                        rate("ratio_hot_to_uniform_64_connections", SEND_GIFT_64_HOT, SEND_GIFT_64),
                    ]
                }
            }
            Self::Lone => const { &[latency("ratio_lone_send_gift_to_fdatasync", LONE_SEND_GIFT, FDATASYNC, ComparedBy::Median)] },
            Self::Half => {
                const {
                    &[Comparison {
                        key: "ratio_p99_at_half_of_peak_to_echo_and_fdatasync",
                        of: SEND_GIFT_AT_HALF,
                        to: ECHO_AT_HALF,
                        plus: Some(FDATASYNC),
                        by: ComparedBy::P99,
                    }]
                }
            }
            Self::Overload => const { &[rate("ratio_goodput_at_twice_the_peak_to_peak", SEND_GIFT_AT_TWICE, SEND_GIFT)] },
            _ => self.beside_another(),
        }
    }

    /// Comparisons of rows that compare one server or database with another.
    fn beside_another(self) -> &'static [Comparison] {
        match self {
            Self::Stored => {
                const {
                    &[
                        rate("ratio_stored_skewed_to_empty_book", STORED_SKEWED, STORED_EMPTY),
                        rate("ratio_stored_uniform_to_empty_book", STORED_UNIFORM, STORED_EMPTY),
                    ]
                }
            }
            Self::Telemetry => {
                const {
                    &[
                        rate("ratio_telemetry_send_gift_unary", SEND_GIFT_WATCHED, SEND_GIFT_UNWATCHED),
                        rate("ratio_telemetry_send_gifts_stream", SEND_GIFTS_WATCHED, SEND_GIFTS_UNWATCHED),
                    ]
                }
            }
            Self::Viewers => const { &[rate("ratio_viewed_send_gifts_stream", SEND_GIFTS_VIEWED, SEND_GIFTS_UNVIEWED)] },
            Self::Hostile => const { &[rate("ratio_hostile_goodput", HONEST_BESIDE_HARM, HONEST)] },
            Self::Payouts => const { &[latency("ratio_p99_payout_own_time_to_fdatasync", PAYOUT_OWN_TIME, FDATASYNC, ComparedBy::P99)] },
            Self::PayoutRun => const { &[rate("ratio_payout_run_to_send_gift_unary", PAYOUT_RUN, SEND_GIFT)] },
            Self::PayoutRunBulk => const { &[rate("ratio_payout_run_bulk_to_send_gift_unary", PAYOUT_RUN_BULK, SEND_GIFT)] },
            Self::Naive => {
                const {
                    &[
                        rate("ratio_send_gift_64_connections_to_naive", SEND_GIFT_64, NAIVE_64),
                        rate("ratio_hot_send_gift_64_connections_to_naive", SEND_GIFT_64_HOT, NAIVE_64_HOT),
                        latency("ratio_p99_send_gift_64_connections_to_naive", SEND_GIFT_64, NAIVE_64, ComparedBy::P99),
                        latency("ratio_p99_hot_send_gift_64_connections_to_naive", SEND_GIFT_64_HOT, NAIVE_64_HOT, ComparedBy::P99),
                    ]
                }
            }
            _ => &[],
        }
    }
}
