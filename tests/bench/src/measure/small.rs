//! Rows that share one small book and one server: starts the servers, runs the rounds, stops the servers, proves the book.
use super::{
    backends::PostgresBackends,
    child::ServerProcess,
    echo,
    fill::fund,
    findings::{BenchFindings, MeasuredRound},
    proof, server,
    stage::BenchStage,
};
use crate::{
    load::{
        crowd::BenchCrowd,
        disk, naive,
        users::{BenchUsers, new_book},
    },
    options::Options,
    plan::{BenchRow, BenchSlice, BenchWork, SEND_GIFT},
};
use db::Database;
use runtime::command::UntypedError;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Each measurement of a row first runs this long as warm-up: caches fill, connections open, batches find their size.
const WARM_UP: Duration = Duration::from_millis(300);

/// Both servers, and their callers.
struct SmallBook {
    echo: ServerProcess,
    house: ServerProcess,
    users: Arc<BenchUsers>,
    backends: Option<PostgresBackends>,
    /// Directory on the database's disk, if that is on this machine.
    disk: PathBuf,
    naive: Option<naive::NaiveTables>,
    /// The latest measured SendGift calls per second.
    peak: f64,
    /// Gifts accepted by our server.
    accepted: u64,
    /// Gifts accepted by the naive implementation.
    naive_accepted: u64,
}

/// Measures all rows that need no large book.
pub(crate) async fn run(
    options: &Options,
    rows: &[BenchRow],
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    // For keys, and the database if none is named. On a disk and not in memory, or a commit would cost nothing.
    let dir = tempfile::Builder::new().prefix("largesse-bench-").tempdir_in(&options.work_dir)?;
    let address = options.database.clone().unwrap_or_else(|| format!("sqlite:{}", dir.path().display()));
    tell(&format!("scratch directory {}", dir.path().display()));
    let database = Database::parse(&address)?;
    let book = new_book()?;
    let house = server::start((dir.path(), server::GIFTS), &address, &book, &[]).await?;
    let echo = echo::start().await?;
    let crowd = BenchCrowd::SMALL;
    let users = Arc::new(BenchUsers::try_new(dir.path(), book, crowd)?.with_own_tokens(dir.path())?);
    let disk = database.sqlite_dir().unwrap_or(dir.path()).to_owned();
    let backends = PostgresBackends::connect(&database).await?;
    fund(&house, &users, &|_| {}).await?;
    let naive = match rows.contains(&BenchRow::Naive) {
        true => Some(naive::NaiveTables::make(&database, crowd, users.cost_coins()).await?),
        false => None,
    };
    let mut bench = SmallBook { echo, house, users, backends, disk, naive, peak: 0.0, accepted: 0, naive_accepted: 0 };
    let bytes_before = disk::ledger_bytes(&database).await?;
    let measured = bench.rows(rows, options, findings, tell).await;
    let SmallBook { echo, house, users, accepted, naive, naive_accepted, .. } = bench;
    // Before an error of the measurements is returned, so that the tables are dropped in any case.
    let dropped = match naive {
        Some(naive) => naive.drop(naive_accepted).await,
        None => Ok(()),
    };
    measured.and(dropped)?;
    findings.server_peak_memory_kib = house.peak_memory_kib();
    let bytes = disk::ledger_bytes(&database).await?.saturating_sub(bytes_before);
    // Killed and not stopped: acknowledged gifts must survive that.
    house.end().await?;
    echo.end().await?;
    tell("verifying");
    let proof = proof::prove(&database, &users).await?;
    (findings.accepted, findings.bytes, findings.proof) = (accepted, bytes, Some(proof));
    Ok(())
}

impl SmallBook {
    async fn rows(
        &mut self,
        rows: &[BenchRow],
        options: &Options,
        findings: &mut BenchFindings,
        tell: &impl Fn(&str),
    ) -> Result<(), UntypedError> {
        for row in rows {
            for slice in row.slices() {
                self.slice(*slice, WARM_UP.min(options.slice)).await?;
            }
            for round in 1..=options.rounds {
                tell(&format!("{}: round {round} of {}", row.as_str(), options.rounds));
                for slice in row.slices() {
                    let measured = self.slice(*slice, options.slice).await?;
                    findings.add(*row, *slice, measured);
                }
            }
        }
        Ok(())
    }

    async fn slice(&mut self, slice: BenchSlice, time: Duration) -> Result<MeasuredRound, UntypedError> {
        let server = match slice.work {
            BenchWork::Echo { .. } | BenchWork::PacedEcho { .. } => Some(&self.echo),
            BenchWork::SendGift { .. } | BenchWork::SendGifts { .. } | BenchWork::PostBatch { .. } | BenchWork::PacedSendGift { .. } => {
                Some(&self.house)
            }
            BenchWork::Naive { .. } | BenchWork::Fdatasync => None,
            BenchWork::PacedPayouts { .. } | BenchWork::PayoutRun | BenchWork::PaymentsBehind { .. } | BenchWork::Find => None,
        };
        let stage = BenchStage {
            server,
            users: &self.users,
            backends: self.backends.as_ref(),
            disk: &self.disk,
            peak: self.peak,
            naive: self.naive.as_ref(),
        };
        let measured = stage.measure(slice, time).await?;
        if slice == SEND_GIFT {
            self.peak = measured.rate();
        }
        if slice.work.is_ours() {
            self.accepted += measured.sample.items + measured.sample.volley.as_ref().map_or(0, |volley| volley.resolved);
        }
        if matches!(slice.work, BenchWork::Naive { .. }) {
            self.naive_accepted += measured.sample.items;
        }
        Ok(measured)
    }
}
