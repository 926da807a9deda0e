//! Measures one run: a statement of so many numbers with 2 % planted exceptions against their items. Prints entries a second from opened file to decided entries,
//! and the most memory that the process had.
//!
//! `cargo run --release -p reconciliation --example reconcile_million -- 1000000`

#[path = "../tests/it/generator.rs"]
#[allow(dead_code, clippy::unwrap_used)] // It is the tests', which use more of it.
mod generator;

use generator::{TODAY, planned, write_statement};
use reconciliation::{Explained, ItemStore, OpenFile, RunTerms, reconcile};
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    time::Instant,
};

const SEED: u64 = 1;
const NUMBERS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: u64 = env::args().nth(1).map_or(Ok(NUMBERS), |text| text.parse())?;
    let path = env::temp_dir().join(format!("reconcile_million_{}.xml", std::process::id()));
    let mut out = BufWriter::new(File::create(&path)?);
    write_statement(&mut out, SEED, 0..numbers)?;
    out.flush()?;
    drop(out);
    let result = measured(numbers, &path);
    fs::remove_file(&path)?;
    result
}

fn measured(numbers: u64, path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let bytes = fs::metadata(path)?.len();
    let mut planted: BTreeMap<_, u64> = BTreeMap::new();
    let mut store = ItemStore::new();
    for number in 0..numbers {
        let plan = planned(SEED, number);
        plan.items.iter().try_for_each(|item| store.push(item))?;
        plan.class.into_iter().for_each(|class| *planted.entry(class).or_default() += 1);
    }
    let store = store.ready()?;
    println!("{} items; statement of {} MiB", store.len(), bytes >> 20);
    println!("memory with the items: {}", peak_memory());
    let rails = rails::RailBook::built_in();
    let terms = RunTerms::new(TODAY, rails.calendars(), Some("EU-TARGET"));
    let open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(File::open(path)?)) };
    let files: [&OpenFile<'_>; 1] = [&open];
    let (mut explained, mut wrong) = (0_u64, 0_u64);
    let (begun, cpu_begun) = (Instant::now(), cpu_seconds());
    let found = reconcile(&files, &terms, store, &[], &mut |line| {
        explained += 1;
        wrong += u64::from(!matches!(line.explained, Explained::Settles { difference: 0, .. }));
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let entries: u64 = found.reconciled.sums.values().map(|sums| sums.lines).sum();
    let mut classes: BTreeMap<_, u64> = BTreeMap::new();
    found.reconciled.cases.iter().for_each(|case| *classes.entry(case.class).or_default() += 1);
    println!("{entries} entries in {seconds:.1} s: {:.0} entries/s", entries as f64 / seconds);
    if let Some(cpu) = cpu_seconds().zip(cpu_begun).map(|(now, begun)| now - begun) {
        println!("{cpu:.1} s of one processor: {:.0} entries/s on a machine that does nothing else", entries as f64 / cpu);
    }
    println!("{explained} explained, {wrong} of them other than in full; {} cases", found.reconciled.cases.len());
    println!("every planted class as often as planted: {}", classes == planted);
    println!("peak memory: {}", peak_memory());
    Ok(())
}

/// Seconds that this thread ran, as Linux counts them.
fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// The most memory that this process had, as Linux counts it.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
