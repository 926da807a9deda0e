//! How senders and receivers of gifts are drawn: in turn, uniformly, or skewed towards a few.
//!
//! The skew is that of 72,646 gifts on a real platform (KuaiLive): the top 1, 5 and 10 percent of viewers gave 0.599, 0.849 and 0.927 of all (Gini 0.942),
//! those of creators received 0.534, 0.812 and 0.907 (Gini 0.930). A lognormal spread comes within 0.06 of each of them: if a share `s` of all comes from the
//! top `p`, then `s = N(N⁻¹(p) + sigma)`, where `N` is the normal distribution. So the person drawn by one normal number `z` has rank `N(z - sigma)`, and no
//! table of ten million weights is needed.

use crate::plan::{CREATORS, GiftMix, PeopleDraw};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Spread of coins given by viewers.
const VIEWERS_SIGMA: f64 = 2.65;
/// Spread of coins received by creators.
const CREATORS_SIGMA: f64 = 2.5;
/// A prime: ranks times it, modulo the number of people, put the busiest people far from each other, as if they had joined at different times.
const SCATTER: u64 = 2_654_435_761;
/// A prime, so that the numbers of viewers and creators don't advance in step.
const STRIDE: u64 = 7_919;

/// The number of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BenchCrowd {
    pub viewers: u64,
    pub creators: u64,
}

impl BenchCrowd {
    /// For small books.
    pub const SMALL: Self = Self { viewers: 1_000, creators: CREATORS as u64 };
}

/// Endless pairs of a viewer and a creator, as numbers from 0.
pub(crate) struct GiftPairs {
    crowd: BenchCrowd,
    draw: PeopleDraw,
    next: u64,
    rng: StdRng,
}

impl GiftPairs {
    /// `worker`: concurrent workers start at different pairs.
    pub fn new(crowd: BenchCrowd, mix: GiftMix, worker: u64) -> Self {
        let creators = crowd.creators.min(mix.creators as u64);
        Self { crowd: BenchCrowd { creators, ..crowd }, draw: mix.draw, next: worker * STRIDE, rng: StdRng::seed_from_u64(worker) }
    }

    pub fn next(&mut self) -> (u64, u64) {
        let BenchCrowd { viewers, creators } = self.crowd;
        match self.draw {
            PeopleDraw::InTurn => {
                self.next += 1;
                (self.next % viewers, self.next % creators)
            }
            PeopleDraw::Uniform => (self.rng.random_range(0..viewers), self.rng.random_range(0..creators)),
            PeopleDraw::Skewed => {
                let (viewer, creator) = self.normals();
                (person(viewer - VIEWERS_SIGMA, viewers), person(creator - CREATORS_SIGMA, creators))
            }
        }
    }

    /// Draws two independent normal numbers (Box and Muller).
    fn normals(&mut self) -> (f64, f64) {
        // The logarithm of 0 is undefined: (0, 1] instead of [0, 1).
        let (radius, angle) = (1.0 - self.rng.random_range(0.0..1.0_f64), self.rng.random_range(0.0..std::f64::consts::TAU));
        let radius = (-2.0 * radius.ln()).sqrt();
        (radius * angle.cos(), radius * angle.sin())
    }
}

/// Maps the normally distributed `z` to a rank, and returns the person with this rank.
fn person(z: f64, people: u64) -> u64 {
    let rank = (normal(z) * people as f64) as u64;
    u64::try_from(u128::from(rank.min(people - 1)) * u128::from(SCATTER) % u128::from(people)).expect("less than a u64 of people")
}

/// The normal distribution below `z`, by formula 26.2.17 of Abramowitz and Stegun: the error is at most 7.5e-8, which is less than one person of ten million.
fn normal(z: f64) -> f64 {
    const STEEP: f64 = 0.231_641_9;
    const TERMS: [f64; 5] = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + STEEP * z.abs());
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let tail = density * TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (if z < 0.0 { tail } else { 1.0 - tail }).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
