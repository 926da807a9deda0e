//! A book with millions of accounts and transfers: its speed compared with an empty one, its recovery time after a kill, and its memory.
//!
//! Each book has its own server and its own database, so that neither's cache or files help the other. Both servers run at the same time and are called in
//! turn.
//!
//! - `fill`: fills the book, through the ledger itself.

use super::{
    fill::{self, accepted, fund},
    findings::{BenchFindings, RestartTimes, StoredFacts},
    place::BenchPlace,
    side::BenchSide,
    stage::connect,
};
use crate::{
    load::{closed::ledger_client, crowd::BenchCrowd, disk},
    options::Options,
    plan::{BenchRow, STORED_EMPTY, STORED_SKEWED, STORED_UNIFORM},
};
use db::Database;
use runtime::command::UntypedError;
use std::time::{Duration, Instant};
use tonic::Code;

/// Mebibytes of the ledger's cache of the book's accounts.
const CACHE_MIB: u32 = 256;
/// Warm-up before the measurements, so that the cache holds the busy accounts: of the empty book, this many measurements' time,
const WARM_UP_SLICES: u32 = 5;
/// and of the filled book this many gifts, about four for each account that fits, or this long.
const WARM_UP_GIFTS: u64 = 3_000_000;
const WARM_UP_MAX: Duration = Duration::from_secs(100);
/// Pause before a refused posting is retried after a restart.
const RETRY_DELAY: Duration = Duration::from_millis(2);
/// Maximum time of a restart.
const RESTART_MAX: Duration = Duration::from_secs(120);

fn cache() -> Vec<String> {
    vec![format!("ledger.cache_mib={CACHE_MIB}")]
}

/// Measures the stored book, and removes what it has made unless it is to be kept.
pub(crate) async fn run(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let full = BenchPlace::open(options, Some(&options.stored)).await?;
    let empty = match BenchPlace::open(options, None).await {
        Ok(empty) => empty,
        Err(error) => {
            full.close().await?;
            return Err(error);
        }
    };
    let (full_place, empty_place) = (full.clone(), empty.clone());
    let ended = both(options, full, empty, findings, tell).await;
    // In any case, so that a database of gigabytes is not left behind.
    let closed = (full_place.close().await, empty_place.close().await);
    ended.and(closed.0).and(closed.1)
}

async fn both(
    options: &Options,
    mut full: BenchPlace,
    empty: BenchPlace,
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    let fill = match full.filled {
        true => None,
        false => Some(fill::fill(&mut full, &options.stored, &cache(), tell).await?),
    };
    tell("stored: starting both houses");
    let crowd = options.stored.crowd();
    let mut full = BenchSide::start(full, crowd, &cache()).await?;
    let mut empty = BenchSide::start(empty, BenchCrowd::SMALL, &cache()).await?;
    fund(&empty.house, &empty.users, &|_| {}).await?;
    let bytes = disk::ledger_bytes(&Database::parse(&full.place.address)?).await?;
    let transfers = crowd.viewers + 2 * full.before;
    tell("stored: warming up");
    empty.measure(STORED_EMPTY, options.slice * WARM_UP_SLICES).await?;
    let started = Instant::now();
    while full.accepted < WARM_UP_GIFTS.min(4 * options.stored.accounts) && started.elapsed() < WARM_UP_MAX {
        full.measure(STORED_SKEWED, options.slice * WARM_UP_SLICES).await?;
    }
    for round in 1..=options.rounds {
        tell(&format!("stored: round {round} of {}", options.rounds));
        findings.add(BenchRow::Stored, STORED_SKEWED, full.measure(STORED_SKEWED, options.slice).await?);
        findings.add(BenchRow::Stored, STORED_EMPTY, empty.measure(STORED_EMPTY, options.slice).await?);
    }
    // Last, and not in turn with the others: accounts that are rarely used would evict the busy ones from the cache.
    for round in 1..=options.rounds {
        tell(&format!("stored: everybody alike {round} of {}", options.rounds));
        findings.add(BenchRow::Stored, STORED_UNIFORM, full.measure(STORED_UNIFORM, options.slice).await?);
    }
    let mut restarts = Vec::new();
    for round in 1..=options.rounds {
        tell(&format!("stored: restart {round} of {}", options.rounds));
        // A restart must recover the latest changes, here of accounts drawn uniformly.
        full.measure(STORED_UNIFORM, options.slice).await?;
        let restart;
        (full, restart) = full.restart().await?;
        restarts.push(restart);
    }
    let problem = full.problem().await?.or(empty.problem().await?);
    let peak_memory_kib = full.peak_memory_kib.max(full.house.peak_memory_kib());
    let accepted = full.accepted;
    full.house.end().await?;
    empty.house.end().await?;
    let (accounts, cache_mib) = (options.stored.accounts, CACHE_MIB);
    findings.stored = Some(StoredFacts { accounts, transfers, cache_mib, fill, bytes, restarts, peak_memory_kib, accepted, problem });
    Ok(())
}

impl BenchSide {
    /// Kills the server, restarts it, and waits until it has accepted a posting.
    async fn restart(mut self) -> Result<(Self, RestartTimes), UntypedError> {
        self.peak_memory_kib = self.peak_memory_kib.max(self.house.peak_memory_kib());
        self.house.end().await?;
        let started = Instant::now();
        self.house = self.place.serve(&self.settings).await?;
        let ready = started.elapsed();
        let mut ledger = ledger_client(&connect(&self.house, 1).await?[0]);
        let post = self.users.posting(0, 0, uuid::Uuid::now_v7())?;
        let mut excuse = None;
        loop {
            match ledger.post_batch(self.users.batch(vec![post.clone()])).await {
                Ok(answer) if answer.get_ref().outcomes.iter().all(accepted) => break,
                Ok(answer) => return Err(format!("the first posting after a restart was refused: {answer:?}").into()),
                Err(status) if status.code() == Code::Unavailable && started.elapsed() < RESTART_MAX => {
                    excuse = Some(status.message().to_owned());
                    tokio::time::sleep(RETRY_DELAY).await;
                }
                Err(status) => return Err(status.into()),
            }
        }
        self.accepted += 1;
        Ok((self, RestartTimes { ready, first_posting: started.elapsed(), excuse }))
    }
}
