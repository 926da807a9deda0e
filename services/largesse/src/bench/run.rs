//! One run: servers up, rounds, servers down, proof.

use super::Fault;
use super::{
    Options, Report,
    backends::Backends,
    child::Child,
    crowd::Crowd,
    disk, echo, hostile, house,
    measure::Stage,
    naive, new_book,
    plan::{Row, SEND_GIFT, Slice, Work},
    proof,
    report::Measured,
    stored,
    users::Users,
    watched,
};
use db::Database;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Before a row is measured, each of its measurements runs this long: caches fill, connections open, batches find their size.
const WARM_UP: Duration = Duration::from_millis(300);

/// Both servers, and who calls them.
struct Bench {
    echo: Child,
    house: Child,
    users: Arc<Users>,
    backends: Option<Backends>,
    /// On the disk that the database is on, where that is this machine's.
    disk: PathBuf,
    naive: Option<naive::Tables>,
    /// SendGift calls per second that the house was last seen to answer.
    peak: f64,
    /// Gifts of ours.
    accepted: u64,
    /// Gifts without us.
    naive_accepted: u64,
}

/// Measures what `options` say. `tell` hears about progress.
pub async fn run(options: Options, tell: impl Fn(&str)) -> Result<Report, Fault> {
    let database = options.database.as_deref().map(Database::parse).transpose()?;
    let mut report = Report::new(&options, database.map_or(db::Engine::Sqlite, |database| database.engine()));
    let rows: Vec<Row> = options.rows.iter().copied().filter(|row| !row.has_houses_of_its_own()).collect();
    if !rows.is_empty() {
        small_book(&options, &rows, &mut report, &tell).await?;
    }
    if options.rows.contains(&Row::Stored) {
        stored::run(&options, &mut report, &tell).await?;
    }
    if options.rows.contains(&Row::Hostile) {
        hostile::run(&options, &mut report, &tell).await?;
    }
    if options.rows.contains(&Row::Telemetry) {
        watched::run(&options, &mut report, &tell).await?;
    }
    Ok(report)
}

/// Everything that needs no large book.
async fn small_book(options: &Options, rows: &[Row], report: &mut Report, tell: &impl Fn(&str)) -> Result<(), Fault> {
    // Keys, and the database if none is named. On a disk and not in memory, or a commit would cost nothing.
    let dir = tempfile::Builder::new().prefix("largesse-bench-").tempdir_in(&options.work_dir)?;
    let address = options.database.clone().unwrap_or_else(|| format!("sqlite:{}", dir.path().display()));
    tell(&format!("scratch directory {}", dir.path().display()));
    let database = Database::parse(&address)?;
    let book = new_book()?;
    let house = house::start(dir.path(), &address, &book, &[]).await?;
    let echo = echo::start().await?;
    let crowd = Crowd::SMALL;
    let users = Arc::new(Users::try_new(dir.path(), book, crowd)?.with_own_tokens(dir.path())?);
    let disk = database.sqlite_dir().unwrap_or(dir.path()).to_owned();
    let backends = Backends::connect(&database).await?;
    stored::fund(&house, &users, &|_| {}).await?;
    let naive = match rows.contains(&Row::Naive) {
        true => Some(naive::Tables::make(&database, crowd, users.cost_coins()).await?),
        false => None,
    };
    let mut bench = Bench { echo, house, users, backends, disk, naive, peak: 0.0, accepted: 0, naive_accepted: 0 };
    let bytes_before = disk::ledger_bytes(&database).await?;
    let measured = bench.rows(rows, options, report, tell).await;
    let Bench { echo, house, users, accepted, naive, naive_accepted, .. } = bench;
    // Before the measurements' own fault is told: its tables are not to stay.
    let dropped = match naive {
        Some(naive) => naive.drop(naive_accepted).await,
        None => Ok(()),
    };
    measured.and(dropped)?;
    report.server_peak_memory_kib = house.peak_memory_kib();
    let bytes = disk::ledger_bytes(&database).await?.saturating_sub(bytes_before);
    // Killed and not stopped: what was acknowledged has to be there all the same.
    house.end().await?;
    echo.end().await?;
    tell("verifying");
    let proof = proof::prove(&database, &users).await?;
    report.conclude(accepted, bytes, &proof);
    Ok(())
}

impl Bench {
    async fn rows(&mut self, rows: &[Row], options: &Options, report: &mut Report, tell: &impl Fn(&str)) -> Result<(), Fault> {
        for row in rows {
            for slice in row.slices() {
                self.slice(*slice, WARM_UP.min(options.slice)).await?;
            }
            for round in 1..=options.rounds {
                tell(&format!("{}: round {round} of {}", row.as_str(), options.rounds));
                for slice in row.slices() {
                    let measured = self.slice(*slice, options.slice).await?;
                    report.add(*row, *slice, measured);
                }
            }
        }
        Ok(())
    }

    async fn slice(&mut self, slice: Slice, time: Duration) -> Result<Measured, Fault> {
        let server = match slice.work {
            Work::Echo { .. } | Work::PacedEcho { .. } => Some(&self.echo),
            Work::SendGift { .. } | Work::SendGifts { .. } | Work::PostBatch { .. } | Work::PacedSendGift { .. } => Some(&self.house),
            Work::Naive { .. } | Work::Fdatasync => None,
        };
        let stage = Stage {
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
        if matches!(slice.work, Work::Naive { .. }) {
            self.naive_accepted += measured.sample.items;
        }
        Ok(measured)
    }
}
