//! Open loops: calls are sent when they are due, whether or not earlier ones were answered, as independent users would. Latency counts from the time a call was
//! due, so that a stalled server can't hide it by keeping its callers waiting.

use super::{
    gifts::{GiftSource, OVERLOADED, overloaded},
    sample::{CallVolley, ITEMS_MAX, LatencySample, microseconds, record},
    users::GiftCall,
};
use api::gift::gift_service_client::GiftServiceClient;
use runtime::command::UntypedError;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio_util::task::TaskTracker;
use tonic::{Code, Status, transport::Channel};

/// Maximum unanswered calls. Far above the server's limit, and a bound on this process's memory: further calls are not sent, only counted.
const UNANSWERED_MAX: usize = 32_768;
/// How often, and how far apart, a call whose outcome is unknown is retried.
const TRIES_MAX: usize = 100;
const TRY_DELAY: Duration = Duration::from_millis(100);

/// When calls are due: evenly, for a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallPace {
    per_second: f64,
    time: Duration,
}

impl CallPace {
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

/// The meaning of an answer for the caller.
#[derive(Debug, PartialEq, Eq)]
enum AnswerMeaning {
    Overloaded,
    /// A refusal by a rule, which overload does not explain.
    Refused(String),
    /// It may have been executed: retry.
    Unknown(String),
}

fn told(status: &Status) -> AnswerMeaning {
    let reason = rpc::reason(status);
    let kind = format!("{:?} {}", status.code(), reason.as_deref().unwrap_or("without a reason"));
    let unavailable = status.code() == Code::Unavailable;
    match reason.as_deref() {
        Some(reason) if unavailable && OVERLOADED.contains(&reason) => {
            if overloaded(status).is_some() {
                AnswerMeaning::Overloaded
            } else {
                AnswerMeaning::Refused(format!("{kind} without RetryInfo"))
            }
        }
        Some(_) if !unavailable && !matches!(status.code(), Code::DeadlineExceeded | Code::Internal | Code::Cancelled) => {
            AnswerMeaning::Refused(kind)
        }
        Some(_) | None => AnswerMeaning::Unknown(kind),
    }
}

/// Results that the calls add when they are answered.
struct VolleyTally {
    sample: LatencySample,
    volley: CallVolley,
    unknown: Vec<GiftCall>,
}

type SharedTally = Arc<Mutex<VolleyTally>>;

fn lock(tally: &SharedTally) -> MutexGuard<'_, VolleyTally> {
    // No code panics while holding the lock; if some did, the counts are still consistent.
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends at this pace over `sources` in turn and waits for every answer. Calls with an unknown outcome are retried until it is known, so that accepted gifts
/// can be counted.
pub(crate) async fn run(sources: Vec<GiftSource>, pace: CallPace) -> Result<LatencySample, UntypedError> {
    let (client, bare) = sources.first().map(|source| (source.client.clone(), source.bare)).ok_or("an open loop needs a connection")?;
    let tally = Arc::new(Mutex::new(VolleyTally {
        sample: LatencySample::start(),
        volley: CallVolley::new(pace.count(), pace.due(pace.count())),
        unknown: Vec::new(),
    }));
    let calls = TaskTracker::new();
    let (sent, counted, runtime) = (calls.clone(), tally.clone(), tokio::runtime::Handle::current());
    // A dedicated thread: the runtime's clock ticks in milliseconds, and its threads are busy.
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
    let resolved = resolve(client, bare, unknown).await?;
    let tally = lock(&tally);
    let volley = CallVolley { resolved, ..tally.volley.clone() };
    let mut sample = tally.sample.clone();
    sample.volley = Some(volley);
    Ok(sample)
}

fn send(mut sources: Vec<GiftSource>, pace: CallPace, calls: &TaskTracker, tally: &SharedTally) {
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

async fn answered(mut client: GiftServiceClient<Channel>, call: GiftCall, bare: bool, due: Instant, tally: &SharedTally) {
    let answer = client.send_gift(call.clone().request(bare)).await;
    let took = due.elapsed();
    let mut tally = lock(tally);
    match answer.map_err(|status| told(&status)) {
        Ok(_) => tally.sample.record(1, took),
        Err(AnswerMeaning::Overloaded) => tally.volley.overloaded += 1,
        Err(AnswerMeaning::Refused(kind)) => *tally.volley.otherwise.entry(kind).or_default() += 1,
        Err(AnswerMeaning::Unknown(kind)) => {
            *tally.volley.otherwise.entry(kind).or_default() += 1;
            tally.unknown.push(call);
        }
    }
}

/// How many of these calls are accepted when the same ids are retried one after the other.
async fn resolve(mut client: GiftServiceClient<Channel>, bare: bool, unknown: Vec<GiftCall>) -> Result<u64, UntypedError> {
    let mut accepted = 0;
    for call in unknown {
        let mut tries = 0;
        loop {
            match client.send_gift(call.clone().request(bare)).await {
                Ok(_) => {
                    accepted += 1;
                    break;
                }
                Err(status) if matches!(told(&status), AnswerMeaning::Refused(_)) => break,
                Err(status) if tries == TRIES_MAX => return Err(format!("a gift's outcome is unavailable: {status}").into()),
                Err(_) => tokio::time::sleep(TRY_DELAY).await,
            }
            tries += 1;
        }
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests;
