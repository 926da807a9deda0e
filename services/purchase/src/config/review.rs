//! Options for the questions of stores about refunds.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stores are answered that ask about a purchase before they decide whether it is paid back. The windows are those of App Store Server API 1.19 and of Google's
/// announcement of 2026-07-06.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RefundReview {
    /// Seconds after its notification within which the App Store takes an answer.
    #[serde(rename = "apple_window_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub apple_window: Duration,
    /// Seconds after its notification within which Google takes an answer.
    #[serde(rename = "google_window_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub google_window: Duration,
    /// Whether stores are answered what we would like: to decline, to pay back all or a part. `false`: only what was spent. Google wants it and gets "neutral".
    pub states_preference: bool,
    /// From this part of a purchase's coins spent, in thousandths of a percent, we would like the refund declined.
    pub decline_from_milliunits: u32,
    /// Up to this part of a purchase's coins spent, in thousandths of a percent, we would like all of it paid back.
    pub grant_up_to_milliunits: u32,
    /// Whether users can try what coins are for before they buy any.
    pub sample_content_provided: bool,
    /// The most gifts of a purchase that are listed for Google, 0 to 1,000: time and number of coins of each, nothing else.
    pub usage_events_max: u32,
}

impl Default for RefundReview {
    fn default() -> Self {
        Self {
            apple_window: Duration::from_secs(12 * 3_600),
            google_window: Duration::from_secs(24 * 3_600),
            states_preference: true,
            decline_from_milliunits: 100_000,
            grant_up_to_milliunits: 0,
            sample_content_provided: false,
            usage_events_max: 100,
        }
    }
}

impl RefundReview {
    /// The option that is wrong, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let within = |window: Duration| (600..=30 * 86_400).contains(&window.as_secs());
        if !within(self.apple_window) || !within(self.google_window) {
            return Some(("refund_review", "windows: 600 to 2,592,000 seconds".to_owned()));
        }
        if self.grant_up_to_milliunits >= self.decline_from_milliunits || self.decline_from_milliunits > 100_000 {
            return Some(("refund_review", "grant_up_to_milliunits below decline_from_milliunits, and that at most 100,000".to_owned()));
        }
        (self.usage_events_max > 1_000).then(|| ("refund_review", "usage_events_max: 0 to 1,000".to_owned()))
    }
}
