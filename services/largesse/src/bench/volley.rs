//! Open loops: calls are sent when their time has come, whether or not earlier ones were answered, as a crowd of strangers would. A latency counts
//! from the time a call was meant to be sent, so that a server that stalls can't hide it by keeping its callers waiting.

use super::Fault;
use super::load::{Gifts, ITEMS_MAX, Sample, microseconds, record};
use super::users::Call;
use api::gift::gift_service_client::GiftServiceClient;
use hdrhistogram::Histogram;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::task::TaskTracker;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// Calls unanswered at once. Far above what the house takes, and a bound on this process's memory: what would exceed it is not sent, and counted.
const UNANSWERED_MAX: usize = 32_768;
/// What a house says that is too full; nothing happened.
const OVERLOADED: [&str; 1] = ["OVERLOADED"];
/// How often a call whose outcome is unknown is sent again, and when.
const TRIES_MAX: usize = 100;
const TRY_DELAY: Duration = Duration::from_millis(100);

/// What became of the calls.
#[derive(Debug, Clone)]
pub(super) struct Volley {
    /// Calls that were meant to be sent.
    pub meant: u64,
    /// How long that took, by intention.
    pub meant_for: Duration,
    /// Those that were not, because too many were unanswered.
    pub unsent: u64,
    /// Those that were told that the house is full, and when to come back.
    pub overloaded: u64,
    /// Those that were told anything else, each kind counted.
    pub otherwise: BTreeMap<String, u64>,
    /// Of those, the ones that turned out to be accepted when they were sent again.
    pub resolved: u64,
    /// How much later than meant calls were sent.
    pub late: Histogram<u64>,
    /// The most memory the server had meanwhile, in KiB, where the system says.
    pub server_memory_kib: Option<u64>,
}

impl Volley {
    fn new(pace: Pace) -> Self {
        Self {
            meant: pace.count(),
            meant_for: pace.due(pace.count()),
            unsent: 0,
            overloaded: 0,
            otherwise: BTreeMap::new(),
            resolved: 0,
            late: microseconds(),
            server_memory_kib: None,
        }
    }

    /// How many got an answer that no overload explains.
    pub fn told_otherwise(&self) -> u64 {
        self.otherwise.values().sum()
    }

    /// How many of those meant were not accepted at once.
    pub fn not_accepted(&self) -> u64 {
        self.unsent + self.overloaded + self.told_otherwise()
    }

    pub fn add(&mut self, other: &Self) {
        self.meant += other.meant;
        self.meant_for += other.meant_for;
        self.unsent += other.unsent;
        self.overloaded += other.overloaded;
        for (kind, count) in &other.otherwise {
            *self.otherwise.entry(kind.clone()).or_default() += count;
        }
        self.resolved += other.resolved;
        self.late += &other.late;
        self.server_memory_kib = self.server_memory_kib.max(other.server_memory_kib);
    }
}

/// When calls are to be sent: evenly, for a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    per_second: f64,
    time: Duration,
}

impl Pace {
    pub fn new(per_second: f64, time: Duration) -> Self {
        Self { per_second: per_second.max(1.0), time }
    }

    fn count(self) -> u64 {
        ((self.per_second * self.time.as_secs_f64()) as u64).clamp(1, ITEMS_MAX)
    }

    fn due(self, at: u64) -> Duration {
        Duration::from_secs_f64(at as f64 / self.per_second)
    }
}

/// What an answer means for the caller.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Overloaded,
    /// A rule's answer, and not what an overload should say.
    Refused(String),
    /// It may have happened: ask again.
    Unknown(String),
}

/// When to come back, if that is what the status says: the house is full and nothing happened.
pub(super) fn overloaded(status: &Status) -> Option<Duration> {
    let full = status.code() == Code::Unavailable && rpc::reason(status).is_some_and(|reason| OVERLOADED.contains(&reason.as_str()));
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    delay.filter(|delay| full && !delay.is_zero())
}

fn told(status: &Status) -> Told {
    let reason = rpc::reason(status);
    let kind = format!("{:?} {}", status.code(), reason.as_deref().unwrap_or("without a reason"));
    let unavailable = status.code() == Code::Unavailable;
    match reason.as_deref() {
        Some(reason) if unavailable && OVERLOADED.contains(&reason) => {
            if overloaded(status).is_some() {
                Told::Overloaded
            } else {
                Told::Refused(format!("{kind} without RetryInfo"))
            }
        }
        Some(_) if !unavailable && !matches!(status.code(), Code::DeadlineExceeded | Code::Internal | Code::Cancelled) => {
            Told::Refused(kind)
        }
        Some(_) | None => Told::Unknown(kind),
    }
}

/// What the calls write down when they are answered.
struct Tally {
    sample: Sample,
    volley: Volley,
    unknown: Vec<Call>,
}

type SharedTally = Arc<Mutex<Tally>>;

fn lock(tally: &SharedTally) -> MutexGuard<'_, Tally> {
    // Nothing panics while it is held; if something did, counts are whole all the same.
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends at this pace over `sources` in turn and waits for every answer. What may or may not have happened is asked for again until it is known, so
/// that accepted gifts can be counted.
pub(super) async fn run(sources: Vec<Gifts>, pace: Pace) -> Result<Sample, Fault> {
    let again = sources.first().map(|source| (source.client.clone(), source.bare)).ok_or("an open loop needs a connection")?;
    let tally = Arc::new(Mutex::new(Tally { sample: Sample::start(), volley: Volley::new(pace), unknown: Vec::new() }));
    let calls = TaskTracker::new();
    let (sent, counted, runtime) = (calls.clone(), tally.clone(), tokio::runtime::Handle::current());
    // A thread of its own: the runtime's clock ticks in milliseconds, and its threads are busy.
    let sender = tokio::task::spawn_blocking(move || {
        let _entered = runtime.enter();
        send(sources, pace, &sent, &counted);
    });
    sender.await?;
    calls.close();
    calls.wait().await;
    let unknown = {
        let mut tally = lock(&tally);
        tally.sample = tally.sample.clone().finish();
        std::mem::take(&mut tally.unknown)
    };
    let resolved = resolve(again, unknown).await?;
    let tally = lock(&tally);
    let volley = Volley { resolved, ..tally.volley.clone() };
    let mut sample = tally.sample.clone();
    sample.volley = Some(volley);
    Ok(sample)
}

fn send(mut sources: Vec<Gifts>, pace: Pace, calls: &TaskTracker, tally: &SharedTally) {
    let begun = Instant::now();
    let many = sources.len() as u64;
    let (mut late, mut unsent) = (microseconds(), 0);
    for at in 0..pace.count() {
        let due = begun + pace.due(at);
        let wait = due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        record(&mut late, due.elapsed());
        if calls.len() >= UNANSWERED_MAX {
            unsent += 1;
            continue;
        }
        let source = &mut sources[usize::try_from(at % many).expect("fewer connections than that")];
        let (client, bare, call, tally) = (source.client.clone(), source.bare, source.requests.call(), tally.clone());
        calls.spawn(async move { answered(client, call, bare, due, &tally).await });
    }
    let mut tally = lock(tally);
    (tally.volley.late, tally.volley.unsent) = (late, unsent);
}

async fn answered(mut client: GiftServiceClient<Channel>, call: Call, bare: bool, due: Instant, tally: &SharedTally) {
    let answer = client.send_gift(call.clone().request(bare)).await;
    let took = due.elapsed();
    let mut tally = lock(tally);
    match answer.map_err(|status| told(&status)) {
        Ok(_) => tally.sample.record(1, took),
        Err(Told::Overloaded) => tally.volley.overloaded += 1,
        Err(Told::Refused(kind)) => *tally.volley.otherwise.entry(kind).or_default() += 1,
        Err(Told::Unknown(kind)) => {
            *tally.volley.otherwise.entry(kind).or_default() += 1;
            tally.unknown.push(call);
        }
    }
}

/// How many of these calls are accepted, now that the same ids are sent again one after the other.
async fn resolve((mut client, bare): (GiftServiceClient<Channel>, bool), unknown: Vec<Call>) -> Result<u64, Fault> {
    let mut accepted = 0;
    for call in unknown {
        let mut tries = 0;
        loop {
            match client.send_gift(call.clone().request(bare)).await {
                Ok(_) => {
                    accepted += 1;
                    break;
                }
                Err(status) if matches!(told(&status), Told::Refused(_)) => break,
                Err(status) if tries == TRIES_MAX => return Err(format!("a gift's outcome can't be had: {status}").into()),
                Err(_) => tokio::time::sleep(TRY_DELAY).await,
            }
            tries += 1;
        }
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests;
