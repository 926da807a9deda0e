//! Statistics of real gifts, as published for the KuaiLive dataset (72,646 gifts of 23,772 viewers to 35,370 streamers on Kuaishou). The plan is made to follow
//! them, and the summary shows both.

/// Quantiles of the cost of one gift: this share of gifts costs at most so many coins.
pub const COST_QUANTILES: [(f64, f64); 5] = [(0.0, 1.0), (0.5, 2.0), (0.9, 88.0), (0.95, 298.0), (0.99, 1488.2)];
/// The most expensive gift of the dataset.
pub const COST_MAX: f64 = 56_246.0;
/// Above the last quantile costs decrease as a power law. This exponent meets the dataset's mean (82.7) and its maximum.
const TAIL_EXPONENT: f64 = 1.74;

/// Shares of all coins by the top 1, 5 and 10 percent of people.
#[derive(Debug, Clone, Copy)]
pub struct Concentration {
    /// Shares of the top 1 %, 5 % and 10 %.
    pub top: [(f64, f64); 3],
    /// Gini coefficient over all.
    pub gini: f64,
}

/// Viewers, by coins given.
pub const VIEWERS: Concentration = Concentration { top: [(0.01, 0.5986), (0.05, 0.8493), (0.10, 0.9270)], gini: 0.942 };
/// Streamers, by coins received.
pub const STREAMERS: Concentration = Concentration { top: [(0.01, 0.5339), (0.05, 0.8122), (0.10, 0.9075)], gini: 0.930 };

/// The cost of the gift at this quantile. Between the known quantiles it grows evenly in its logarithm.
#[must_use]
pub fn cost_at(share: f64) -> f64 {
    for pair in COST_QUANTILES.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        if share <= to {
            return low * (high / low).powf((share - from) / (to - from));
        }
    }
    let (from, low) = COST_QUANTILES[COST_QUANTILES.len() - 1];
    (low * ((1.0 - from) / (1.0 - share)).powf(TAIL_EXPONENT.recip())).min(COST_MAX)
}

/// Each person's share, the largest first, so that the top shares of `people` equal the dataset's. Within a group it decreases evenly.
#[must_use]
pub fn shares(people: u32, concentration: &Concentration) -> Vec<f64> {
    let mut shares = Vec::new();
    let (mut before, mut given) = (0, 0.0);
    for (part, share) in concentration.top.into_iter().chain([(1.0, 1.0)]) {
        let end = (1..=people).find(|count| f64::from(*count) >= part * f64::from(people)).unwrap_or(people);
        let size = f64::from(end - before);
        let weight = |place: u32| if size > 1.0 { 1.5 - f64::from(place) / (size - 1.0) } else { 1.0 };
        let total: f64 = (0..end - before).map(weight).sum();
        shares.extend((0..end - before).map(|place| (share - given) * weight(place) / total));
        (before, given) = (end, share);
    }
    shares
}
