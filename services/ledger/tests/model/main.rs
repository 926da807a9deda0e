//! The model test: random operations over the public RPCs, with lost answers, duplicates, restarts, rivals and a store that fails, against a
//! book kept in plain maps. One seed decides everything; a failure prints it.
//!
//! `LARGESSE_MODEL_SEED=n` runs that seed alone, `LARGESSE_MODEL_SEEDS=n` so many on SQLite and a quarter of it on PostgreSQL, and
//! `LARGESSE_MODEL_FROM=n` begins with that one.
// The contract grows: messages are made with the fields that a test is about.
#![allow(clippy::unwrap_used, clippy::needless_update)]

mod ask;
mod book;
mod chart;
mod dice;
mod explain;
#[path = "../it/injected.rs"]
mod injected;
mod reads;
mod run;
mod world;

use db::Database;
use ledger::Config;
use run::Run;
use world::World;

/// Seeds of a usual run, on SQLite.
const SEEDS: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text}")))
}

/// The seeds of this run; `part`: one of so many.
fn seeds(part: u64) -> Vec<u64> {
    match number("LARGESSE_MODEL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let (from, count) = (number("LARGESSE_MODEL_FROM").unwrap_or(1), number("LARGESSE_MODEL_SEEDS").unwrap_or(SEEDS));
            (from..from + count.div_ceil(part)).collect()
        }
    }
}

/// Tells how to repeat a seed that fails.
struct Telling(u64, &'static str);

impl Drop for Telling {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, test) = self;
            eprintln!("seed {seed} failed; again: LARGESSE_MODEL_SEED={seed} cargo test --release -p ledger --test model {test}");
        }
    }
}

/// Some seeds run with so little memory that everything is evicted and written behind all the time.
fn config(seed: u64) -> Config {
    // No lease: the fence alone has to do.
    let usual = Config { lease_ms: 0, ..Config::default() };
    if seed.is_multiple_of(3) { Config { cache_max: 8, dirty_max: 4, replay_max: 5, ids_max: 8, ..usual } } else { usual }
}

async fn run(seed: u64, database: Database, keys: &std::path::Path, test: &'static str) {
    let _telling = Telling(seed, test);
    Run::start(World::new(database, config(seed), keys), seed).await.all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seed_is_explained_on_sqlite() {
    for seed in seeds(1) {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        run(seed, database, dir.path(), "sqlite").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seed_is_explained_on_postgres() {
    let cluster = pgtest::Cluster::start().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let database = Database::parse(&cluster.create_database().unwrap()).unwrap();
    for seed in seeds(4) {
        run(seed, database.clone(), keys.path(), "postgres").await;
    }
}
