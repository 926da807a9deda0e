//! One fuzz target under libFuzzer, which keeps an input that reaches code no earlier input reached. `make fuzz-guided` builds it with the coverage that this
//! needs, and without the tests, so that nobody else compiles libFuzzer.
//!
//! `LARGESSE_FUZZ_TARGET` names the target. `LARGESSE_FUZZ_SEEDS` names a directory into which its well-formed inputs are written first, for libFuzzer to read.
#![no_main]
#![allow(clippy::unwrap_used, reason = "a fuzzer that can not begin should stop there")]
use std::{path::PathBuf, sync::OnceLock};
use tests::fuzz::{TARGETS, Target, target};

static TARGET: OnceLock<Target> = OnceLock::new();

fn begin() {
    let name = std::env::var("LARGESSE_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = target(&name) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        println!("{}", names.join(" "));
        std::process::exit(i32::from(!name.is_empty()));
    };
    if let Some(seeds) = std::env::var_os("LARGESSE_FUZZ_SEEDS").map(PathBuf::from) {
        std::fs::create_dir_all(&seeds).unwrap();
        for (at, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(seeds.join(format!("seed-{at}")), seed).unwrap();
        }
    }
    let _first = TARGET.set(target);
}

libfuzzer_sys::fuzz_target!(init: begin(), |bytes: &[u8]| {
    (TARGET.get().unwrap().run)(bytes);
});
