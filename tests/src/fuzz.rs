//! Fuzz targets: one for every decoder of stored or received bytes. Each takes any bytes and panics when a property is violated.
//!
//! `tests/tests/fuzz.rs` runs each on its seeds and on some thousand mutations of them; `make fuzz TARGET=codec SECONDS=60` continues with one for longer. A
//! target is a plain function of bytes, so that a coverage-guided fuzzer can run it too.

mod answered;
mod banking;
mod bought;
mod listed;
mod notified;
mod targets;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// A decoder's target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, as given to `make fuzz`.
    pub name: &'static str,
    /// Panics when a property is violated.
    pub run: fn(&[u8]),
    /// Well-formed inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target, by name.
pub use targets::TARGETS;

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().find(|target| target.name == name).copied()
}

/// Maximum length of a mutated input.
const LENGTH_MAX: usize = 8_192;

/// Mutates seeds: bits flipped, parts cut, doubled, joined and overwritten. The same seed gives the same inputs.
pub struct Changes {
    rng: StdRng,
    seeds: Vec<Vec<u8>>,
}

/// Values that often break parsers.
const STUMBLES: [&[u8]; 12] = [
    b"\0",
    b"\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"-1",
    b"9223372036854775808",
    b"0",
    b"+",
    b" ",
    b"\n",
    b"<",
    b"&",
    b"\xf0\x9f\x8e\x81",
];

impl Changes {
    /// Mutations of these seeds.
    #[must_use]
    pub fn new(seed: u64, mut seeds: Vec<Vec<u8>>) -> Self {
        seeds.push(Vec::new());
        Self { rng: StdRng::seed_from_u64(seed), seeds }
    }

    fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.rng.random_range(0..end) }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        let mut bytes = self.seeds[at].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes.truncate(LENGTH_MAX);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (from, to) = (self.below(bytes.len()), self.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match self.below(6) {
            0 if !bytes.is_empty() => bytes[from] ^= 1 << self.below(8),
            1 => drop(bytes.drain(from..to)),
            2 => {
                let part = bytes[from..to].to_vec();
                bytes.splice(to..to, part);
            }
            3 => {
                let other = self.below(self.seeds.len());
                let start = self.below(self.seeds[other].len());
                let part = self.seeds[other][start..].to_vec();
                bytes.splice(from..to, part);
            }
            4 => {
                let stumble = STUMBLES[self.below(STUMBLES.len())];
                bytes.splice(from..from, stumble.iter().copied());
            }
            _ => {
                let byte = self.rng.random();
                bytes.insert(from, byte);
            }
        }
    }
}
