//! Runs every fuzz target on its seeds and on some thousand mutations of them. Each run is the same, unless LARGESSE_FUZZ_SEED sets another seed;
//! LARGESSE_FUZZ_TARGET and LARGESSE_FUZZ_SECONDS continue with one target for longer.
#![allow(clippy::unwrap_used)]
use std::time::{Duration, Instant};
use tests::fuzz::{Changes, TARGETS, target};

const INPUTS: usize = 4_000;
/// All targets together take less than ten seconds, also in a slow build.
const TIME_MAX: Duration = Duration::from_millis(600);

#[test]
fn no_decoder_falls_over_changed_seeds() {
    let seed = std::env::var("LARGESSE_FUZZ_SEED").ok().map_or(1, |text| text.parse().unwrap());
    println!("LARGESSE_FUZZ_SEED={seed}");
    let only = std::env::var("LARGESSE_FUZZ_TARGET").ok().map(|name| target(&name).unwrap_or_else(|| panic!("no target {name}")).name);
    let seconds = std::env::var("LARGESSE_FUZZ_SECONDS").ok().map(|text| Duration::from_secs(text.parse().unwrap()));
    let (inputs_max, time_max) = seconds.map_or((INPUTS, TIME_MAX), |time| (usize::MAX, time));
    for target in TARGETS.into_iter().filter(|target| only.is_none_or(|only| only == target.name)) {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let mut changes = Changes::new(seed, seeds.clone());
        let started = Instant::now();
        let inputs = seeds.into_iter().chain((0..inputs_max).map(|_| changes.input()));
        for (at, input) in inputs.take_while(|_| started.elapsed() < time_max).enumerate() {
            let ran = std::panic::catch_unwind(|| (target.run)(&input));
            assert!(ran.is_ok(), "{} crashed on input {at} of seed {seed}: {:?}", target.name, String::from_utf8_lossy(&input));
        }
    }
}
