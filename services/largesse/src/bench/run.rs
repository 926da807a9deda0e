//! One run: servers up, rounds, servers down, proof.

use super::Fault;
use super::{
    Options, Report,
    child::{self, Child},
    disk, echo, house,
    load::{self, Caller, End, Sample},
    new_book,
    plan::{Group, Slice, Work},
    proof,
    report::Measured,
    users::{Requests, Users},
};
use db::Database;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tonic::transport::{Channel, Endpoint};

/// Flow control windows of the client, in bytes: HTTP/2's 64 KiB stalls a connection that carries hundreds of calls. The same for both servers.
const WINDOW_BYTES: u32 = 1 << 20;
/// Before a group is measured, each of its measurements runs this long: caches fill, connections open, batches find their size.
const WARM_UP: Duration = Duration::from_millis(300);

/// Both servers, and who calls them.
struct Bench {
    echo: Child,
    house: Child,
    users: Arc<Users>,
    /// On the disk that the database is on, where that is this machine's.
    disk: PathBuf,
    accepted: u64,
}

/// Measures what `options` say. `tell` hears about progress.
pub async fn run(options: Options, tell: impl Fn(&str)) -> Result<Report, Fault> {
    // Keys, and the database if none is named. On a disk and not in memory, or a commit would cost nothing.
    let dir = tempfile::Builder::new().prefix("largesse-bench-").tempdir_in(&options.work_dir)?;
    let address = options.database.clone().unwrap_or_else(|| format!("sqlite:{}", dir.path().display()));
    tell(&format!("database {address}, scratch directory {}", dir.path().display()));
    let database = Database::parse(&address)?;
    let book = new_book()?;
    let house = house::start(dir.path(), &address, &book).await?;
    let echo = echo::start().await?;
    let users = Arc::new(Users::try_new(dir.path(), book)?);
    let disk = database.sqlite_dir().unwrap_or(dir.path()).to_owned();
    let mut bench = Bench { echo, house, users, disk, accepted: 0 };
    bench.users.fund(&connect(&bench.house, 1).await?[0]).await?;

    let bytes_before = disk::ledger_bytes(&database).await?;
    let mut report = Report::new(&options, database.engine(), address);
    for group in &options.groups {
        bench.group(*group, &options, &mut report, &tell).await?;
    }
    report.server_peak_memory_kib = bench.house.peak_memory_kib();
    let bytes = disk::ledger_bytes(&database).await?.saturating_sub(bytes_before);
    // Killed and not stopped: what was acknowledged has to be there all the same.
    let Bench { echo, house, users, accepted, .. } = bench;
    house.end().await?;
    echo.end().await?;
    tell("verifying");
    let proof = proof::prove(&database, &users).await?;
    report.conclude(accepted, bytes, &proof);
    Ok(report)
}

impl Bench {
    async fn group(&mut self, group: Group, options: &Options, report: &mut Report, tell: &impl Fn(&str)) -> Result<(), Fault> {
        for slice in group.slices() {
            self.slice(*slice, WARM_UP.min(options.slice)).await?;
        }
        for round in 1..=options.rounds {
            tell(&format!("{}: round {round} of {}", group.as_str(), options.rounds));
            for slice in group.slices() {
                let measured = self.slice(*slice, options.slice).await?;
                report.add(group, *slice, measured);
            }
        }
        Ok(())
    }

    async fn slice(&mut self, slice: Slice, time: Duration) -> Result<Measured, Fault> {
        let server = if matches!(slice.work, Work::Echo { .. }) { &self.echo } else { &self.house };
        let work = self.prepare(slice, server).await?;
        let before = (server.processor_us(), child::processor_us("self"));
        let started = Instant::now();
        let sample = self.work(work, time).await.map_err(|error| format!("{}: {error}", slice.name))?;
        let spent = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
        let (server_us, client_us) = (spent(before.0, server.processor_us()), spent(before.1, child::processor_us("self")));
        tracing::debug!(slice = slice.name, items = sample.items, took = ?started.elapsed(), "measured");
        if !matches!(slice.work, Work::Echo { .. } | Work::Fdatasync) {
            self.accepted += sample.items;
        }
        Ok(Measured { sample, server_us, client_us })
    }

    /// Connects and makes the loops, outside of the time that is measured.
    async fn prepare(&self, slice: Slice, server: &Child) -> Result<Prepared, Fault> {
        let requests = |mix, worker| Requests::new(self.users.clone(), mix, worker);
        Ok(match slice.work {
            Work::Echo { connections, in_flight } => {
                let channels = connect(server, connections).await?;
                let mix = super::plan::EVEN;
                let caller = |at: usize| Caller::gift(&channels[at % connections], requests(mix, at), true);
                Prepared::Closed((0..in_flight).map(caller).collect())
            }
            Work::SendGift { connections, in_flight, mix } => {
                let channels = connect(server, connections).await?;
                let caller = |at: usize| Caller::gift(&channels[at % connections], requests(mix, at), false);
                Prepared::Closed((0..in_flight).map(caller).collect())
            }
            Work::SendGifts { connections, in_flight, mix } => {
                let channels = connect(server, connections).await?;
                let streams = channels.into_iter().enumerate().map(|(at, channel)| (channel, requests(mix, at)));
                Prepared::Streams { streams: streams.collect(), in_flight }
            }
            Work::PostBatch { connections, items, mix } => {
                let channels = connect(server, connections).await?;
                let caller = |at: usize| Caller::batch(&channels[at], requests(mix, at), items);
                Prepared::Closed((0..connections).map(caller).collect())
            }
            Work::Fdatasync => Prepared::Disk,
        })
    }

    async fn work(&self, work: Prepared, time: Duration) -> Result<Sample, Fault> {
        match work {
            Prepared::Closed(callers) => load::closed(callers, End::after(time)).await,
            Prepared::Streams { streams, in_flight } => load::streams(streams, in_flight, End::after(time)).await,
            Prepared::Disk => disk::fdatasync(&self.disk, time).await,
        }
    }
}

enum Prepared {
    Closed(Vec<Caller>),
    Streams { streams: Vec<(Channel, Requests)>, in_flight: usize },
    Disk,
}

/// So many connections of their own.
async fn connect(server: &Child, connections: usize) -> Result<Vec<Channel>, Fault> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address))?
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES);
    let mut channels = Vec::with_capacity(connections);
    for _ in 0..connections {
        channels.push(endpoint.connect().await?);
    }
    Ok(channels)
}
