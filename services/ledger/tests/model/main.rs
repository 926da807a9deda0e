//! The model test: random operations over the public RPCs, with lost answers, duplicates, restarts, rivals and a failing store, compared with a book
//! kept in plain maps. One seed decides everything; a failure prints it.
//!
//! `LARGESSE_MODEL_SEED=n` runs that seed alone, `LARGESSE_MODEL_SEEDS=n` runs n seeds on SQLite and a quarter as many on PostgreSQL, and
//! `LARGESSE_MODEL_FROM=n` begins with that one.
// The contract grows: messages are built from the fields that a test is about, and defaults.
#![allow(clippy::unwrap_used, clippy::needless_update)]

mod ask;
mod book;
mod chart;
mod dice;
mod explain;
#[path = "../it/injected.rs"]
mod injected;
mod journal;
mod met;
mod reads;
mod run;
mod world;

use db::Database;
use ledger::Config;
use met::Met;
use run::Run;
use std::{path::Path, sync::Arc};
use world::World;

/// Seeds of a usual run, on SQLite.
const SEEDS: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text}")))
}

/// The seeds of this run; `part`: one in this many.
fn seeds(part: u64) -> Vec<u64> {
    match number("LARGESSE_MODEL_SEED") {
        Some(seed) => vec![seed],
        None => {
            let (from, count) = (number("LARGESSE_MODEL_FROM").unwrap_or(1), number("LARGESSE_MODEL_SEEDS").unwrap_or(SEEDS));
            (from..from + count.div_ceil(part)).collect()
        }
    }
}

/// Prints how to repeat a seed that fails.
struct Telling(u64, &'static str);

impl Drop for Telling {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, test) = self;
            eprintln!("seed {seed} failed; again: LARGESSE_MODEL_SEED={seed} cargo test --release -p ledger --test model {test}");
        }
    }
}

/// Most seeds run with so little memory that everything is evicted, written behind and read back all the time.
fn config(seed: u64) -> Config {
    // No lease: the fence alone has to be enough.
    let logged_max = [0, 2, 1_000][usize::try_from(seed / 4 % 3).unwrap()];
    let usual = Config { lease_ms: 0, logged_max, ..Config::default() };
    match seed % 4 {
        0 => Config { cache_max: 8, dirty_max: 4, replay_max: 5, ids_max: 8, ..usual },
        1 => Config { cache_max: 1, dirty_max: 12, replay_max: 1_000, ids_max: 16, ..usual },
        2 => Config { cache_max: 3, dirty_max: 6, replay_max: 20, ids_max: 1_000, ..usual },
        _ => usual,
    }
}

async fn run(telling: &Telling, database: Database, keys: &Path, met: &Arc<Met>) {
    let seed = telling.0;
    Run::start(World::new(database, config(seed), keys), seed, met.clone()).await.all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seed_is_explained_on_sqlite() {
    let met = Arc::new(Met::default());
    for seed in seeds(1) {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        run(&Telling(seed, "sqlite"), database, dir.path(), &met).await;
    }
    met.all(seeds(1).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seed_is_explained_on_postgres() {
    let cluster = pgtest::Cluster::start().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let database = Database::parse(&cluster.create_database().unwrap()).unwrap();
    let met = Arc::new(Met::default());
    for seed in seeds(4) {
        run(&Telling(seed, "postgres"), database.clone(), keys.path(), &met).await;
    }
    met.all(seeds(4).len());
}
