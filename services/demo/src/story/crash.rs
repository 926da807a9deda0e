//! The ledger's process crashes with calls unanswered, is restarted, and every call is retried under its own id.
//!
//! The calls go through a [`Relay`] that loses their answers. The first of them are certainly committed: the ledger is polled until it has charged them. The
//! last are certainly not: the ledger is stopped (SIGSTOP) before they are sent, and then killed. The outcome of those in between is left to chance. How many
//! calls had been committed is counted afterwards.
use super::{
    StoryTelling, books,
    calls::{self, AnsweredCall},
    plan::PlannedCall,
    relay::Relay,
    summary::CrashSummary,
};
use crate::installation::{Installation, authorised};
use api::gift::ListGiftsRequest;
use futures::{StreamExt as _, TryStreamExt as _};
use identity::Service;
use runtime::command::UntypedError;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::{process::Command, task::JoinSet, time::timeout};
use tonic::Status;

/// Calls unanswered when the process crashes; how many of them are committed before the others are sent, and how many are sent when it is already stopped.
pub const CALLS: usize = 160;
const CALLS_COMMITTED: usize = 40;
const CALLS_STOPPED: usize = 40;
/// The floor for [`CALLS`].
const UNANSWERED_MIN: usize = 64;
/// How long the ledger runs at most, in milliseconds, with the calls that are left to chance.
const RUN_MS_MAX: u64 = 4;
/// How long the first calls may take to be committed.
const COMMIT_MAX: Duration = Duration::from_secs(20);
/// How long the calls to a stopped process get to leave this process.
const LEAVE_DELAY: Duration = Duration::from_millis(200);
/// How long the ledger stays down: longer than the gift service retries what was certainly not executed; after a quick restart, every call made while the
/// ledger was stopped would succeed.
const AWAY: Duration = Duration::from_millis(500);

type CallsInFlight = JoinSet<Result<api::gift::SendGiftResponse, Status>>;

/// Kills and restarts the ledger's process under these calls.
pub async fn crash(story: &mut StoryTelling, calls: Vec<PlannedCall>) -> Result<(CrashSummary, Vec<AnsweredCall>), UntypedError> {
    let process_id = story.fleet.process_id(Service::Ledger)?.ok_or("the ledger's process runs")?;
    let before = charged(story).await?;
    let relay = Relay::start(story.fleet.url(Service::Gift)?.trim_start_matches("http://").to_owned()).await?;
    let urls = BTreeMap::from([(Service::Gift, relay.url())]);
    let far = Installation::at(&urls, story.fleet.data_dir(), story.installation.book.clone(), String::new(), String::new())?;
    // Connects before answers are withheld: the connection's greeting is an answer too.
    far.gift().list_gifts(authorised(ListGiftsRequest::default(), &story.tokens[0])?).await?;
    relay.withhold();
    let mut under_way = CallsInFlight::new();
    let (committed, rest) = calls.split_at(CALLS_COMMITTED);
    let (running, stopped) = rest.split_at(CALLS - CALLS_COMMITTED - CALLS_STOPPED);
    launch(story, &far, committed, &mut under_way)?;
    let goal = before + committed.iter().map(|call| call.cost_coins).sum::<i64>();
    let commit = async {
        while charged(story).await? < goal {}
        Ok::<_, UntypedError>(())
    };
    timeout(COMMIT_MAX, commit).await.map_err(|_| "the first calls were not committed in time")??;
    launch(story, &far, running, &mut under_way)?;
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..=RUN_MS_MAX))).await;
    signal("-STOP", process_id).await?;
    launch(story, &far, stopped, &mut under_way)?;
    tokio::time::sleep(LEAVE_DELAY).await;
    let answered = std::iter::from_fn(|| under_way.try_join_next()).count();
    let unanswered = calls.len() - answered;
    story.fleet.kill(Service::Ledger).await?;
    drop(relay);
    while let Some(ended) = under_way.join_next().await {
        if !ended?.is_err_and(|status| calls::is_open(&status)) {
            return Err("a call was answered although its answer was lost".into());
        }
    }
    tokio::time::sleep(AWAY).await;
    let restarting = Instant::now();
    story.fleet.restart(Service::Ledger).await?;
    let down = restarting.elapsed();
    let committed_coins = charged(story).await? - before;
    let at: &StoryTelling = story;
    let retried = futures::stream::iter(calls).map(|call| async move { calls::answered(at, &call).await });
    let retried: Vec<AnsweredCall> = retried.buffer_unordered(calls::CALLS_AT_ONCE).try_collect().await?;
    let committed: Vec<&AnsweredCall> = retried.iter().filter(|sent| sent.answer.replayed).collect();
    let (count, coins) = (committed.len(), committed.iter().map(|sent| sent.answer.cost_coins).sum::<i64>());
    story.expect("at least 64 calls are unanswered when the ledger dies", unanswered >= UNANSWERED_MIN, &unanswered.to_string());
    story.expect("some of the unanswered calls had been committed, some had not", count > 0 && count < retried.len(), &count.to_string());
    story.same("coins of the calls answered as replayed, and coins the killed ledger had charged", coins, committed_coins);
    let total = retried.iter().map(|sent| sent.answer.cost_coins).sum::<i64>();
    let after = charged(story).await? - before;
    story.same("coins of all unanswered calls, and coins charged for them", total, after);
    let crash = CrashSummary {
        process_id,
        unanswered,
        had_been_committed: count,
        had_not_been_committed: retried.len() - count,
        coins: after,
        restart_ms: u64::try_from(down.as_millis())?,
    };
    Ok((crash, retried))
}

/// Coins charged so far, according to the ledger.
async fn charged(story: &StoryTelling) -> Result<i64, UntypedError> {
    Ok(books::sums(&story.installation).await?.balance(&chart::Account::CoinsRedeemed.name()))
}

fn launch(story: &StoryTelling, far: &Installation, calls: &[PlannedCall], under_way: &mut CallsInFlight) -> Result<(), UntypedError> {
    for call in calls {
        let request = authorised(call.request.clone(), &story.tokens[call.buyer])?;
        let mut gifts = far.gift();
        under_way.spawn(async move { gifts.send_gift(request).await.map(tonic::Response::into_inner) });
    }
    Ok(())
}

async fn signal(name: &str, process_id: u32) -> Result<(), UntypedError> {
    let status = Command::new("kill").args([name, &process_id.to_string()]).status().await?;
    if status.success() { Ok(()) } else { Err(format!("kill {name} {process_id}: {status}").into()) }
}
