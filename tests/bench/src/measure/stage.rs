//! One measurement: preparation outside of its time, the timed work, and the processor time that it took.

use super::{
    backends::PostgresBackends,
    child::{self, ServerProcess},
    findings::MeasuredRound,
};
use crate::{
    load::{
        closed::{self, LoopCaller},
        disk,
        gifts::GiftSource,
        naive,
        open::{self, CallPace},
        sample::{LatencySample, SampleEnd},
        users::{BenchUsers, GiftRequests},
    },
    plan::{BenchSlice, BenchWork, EVEN},
};
use runtime::command::UntypedError;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tonic::transport::{Channel, Endpoint};

/// Flow control windows of the client, in bytes: HTTP/2's 64 KiB stalls a connection that carries hundreds of calls. The same for both servers.
const WINDOW_BYTES: u32 = 1 << 20;
/// Interval between readings of a server's memory in an open loop.
const MEMORY_INTERVAL: Duration = Duration::from_millis(50);

/// The environment of measurements.
pub(crate) struct BenchStage<'a> {
    /// The process that is called, if any.
    pub server: Option<&'a ServerProcess>,
    /// The callers.
    pub users: &'a Arc<BenchUsers>,
    /// PostgreSQL's processes, if they are on this machine.
    pub backends: Option<&'a PostgresBackends>,
    /// Directory on the disk that is measured.
    pub disk: &'a PathBuf,
    /// The latest measured SendGift calls per second.
    pub peak: f64,
    /// The tables of the naive implementation.
    pub naive: Option<&'a naive::NaiveTables>,
}

enum PreparedLoad {
    Closed(Vec<LoopCaller>),
    Streams { streams: Vec<(Channel, GiftRequests)>, in_flight: usize },
    Paced { sources: Vec<GiftSource>, pace: CallPace },
    Naive(Vec<naive::NaiveClient>),
    Disk(PathBuf),
}

impl BenchStage<'_> {
    /// Takes one measurement.
    pub async fn measure(&self, slice: BenchSlice, time: Duration) -> Result<MeasuredRound, UntypedError> {
        let named = |error: UntypedError| format!("{}: {error}", slice.name);
        let work = self.prepare(slice.work, time).await.map_err(named)?;
        let database = || self.backends.and_then(PostgresBackends::processor_us);
        let times = || (self.server.and_then(ServerProcess::processor_us), child::processor_us("self"), database());
        let before = times();
        let sample = self.work(work, time).await.map_err(named)?;
        let after = times();
        let spent = |before: Option<u64>, after: Option<u64>| Some(after?.saturating_sub(before?));
        tracing::debug!(slice = slice.name, items = sample.items, took = ?sample.elapsed, "measured");
        Ok(MeasuredRound {
            sample,
            server_us: spent(before.0, after.0),
            client_us: spent(before.1, after.1),
            database_us: spent(before.2, after.2),
        })
    }

    /// Connects and creates the loops.
    async fn prepare(&self, work: BenchWork, time: Duration) -> Result<PreparedLoad, UntypedError> {
        let requests = |mix, worker| GiftRequests::new(self.users.clone(), mix, worker);
        let gifts = |channels: &[Channel], at: usize, mix, bare| GiftSource::new(&channels[at % channels.len()], requests(mix, at), bare);
        Ok(match work {
            BenchWork::Echo { connections, in_flight } => {
                let channels = self.connect(connections).await?;
                PreparedLoad::Closed((0..in_flight).map(|at| LoopCaller::Gift(gifts(&channels, at, EVEN, true))).collect())
            }
            BenchWork::SendGift { connections, in_flight, mix } => {
                let channels = self.connect(connections).await?;
                PreparedLoad::Closed((0..in_flight).map(|at| LoopCaller::Gift(gifts(&channels, at, mix, false))).collect())
            }
            BenchWork::SendGifts { connections, in_flight, mix } => {
                let channels = self.connect(connections).await?;
                let streams = channels.into_iter().enumerate().map(|(at, channel)| (channel, requests(mix, at)));
                PreparedLoad::Streams { streams: streams.collect(), in_flight }
            }
            BenchWork::PostBatch { connections, items, mix } => {
                let channels = self.connect(connections).await?;
                PreparedLoad::Closed((0..connections).map(|at| LoopCaller::batch(&channels[at], requests(mix, at), items)).collect())
            }
            BenchWork::PacedEcho { connections, percent } => {
                let channels = self.connect(connections).await?;
                let sources = (0..connections).map(|at| gifts(&channels, at, EVEN, true)).collect();
                PreparedLoad::Paced { sources, pace: self.pace(percent, time) }
            }
            BenchWork::PacedSendGift { connections, percent, slices } => {
                let channels = self.connect(connections).await?;
                let sources = (0..connections).map(|at| gifts(&channels, at, EVEN, false)).collect();
                PreparedLoad::Paced { sources, pace: self.pace(percent, time * slices) }
            }
            BenchWork::Naive { connections, mix } => {
                let tables = self.naive.ok_or("its tables were not made")?;
                PreparedLoad::Naive(tables.clients(connections, mix).await?)
            }
            BenchWork::Fdatasync => PreparedLoad::Disk(self.disk.clone()),
            BenchWork::PacedPayouts { .. } | BenchWork::PayoutRun | BenchWork::PaymentsBehind { .. } | BenchWork::Find => {
                return Err("this is measured on a server of its own".into());
            }
        })
    }

    fn pace(&self, percent: u32, time: Duration) -> CallPace {
        CallPace::new(self.peak * f64::from(percent) / 100.0, time)
    }

    async fn work(&self, work: PreparedLoad, time: Duration) -> Result<LatencySample, UntypedError> {
        match work {
            PreparedLoad::Closed(callers) => closed::closed(callers, SampleEnd::after(time)).await,
            PreparedLoad::Streams { streams, in_flight } => closed::streams(streams, in_flight, SampleEnd::after(time)).await,
            PreparedLoad::Paced { sources, pace } => {
                let (running, mut memory) = (open::run(sources, pace), None);
                tokio::pin!(running);
                let mut sample = loop {
                    tokio::select! {
                        ended = &mut running => break ended?,
                        () = tokio::time::sleep(MEMORY_INTERVAL) => memory = memory.max(self.server.and_then(ServerProcess::memory_kib)),
                    }
                };
                if let Some(volley) = &mut sample.volley {
                    volley.server_memory_kib = memory.max(self.server.and_then(ServerProcess::memory_kib));
                }
                Ok(sample)
            }
            PreparedLoad::Naive(clients) => naive::run(clients, SampleEnd::after(time)).await,
            PreparedLoad::Disk(dir) => disk::fdatasync(&dir, time).await,
        }
    }

    async fn connect(&self, connections: usize) -> Result<Vec<Channel>, UntypedError> {
        connect(self.server.ok_or("no server to call")?, connections).await
    }
}

/// Opens this many new connections.
pub(crate) async fn connect(server: &ServerProcess, connections: usize) -> Result<Vec<Channel>, UntypedError> {
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
