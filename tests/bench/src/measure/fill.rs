//! Fills a book through the ledger: coins for every viewer, then gifts, the first of them one to every creator in turn.

use super::{child::ServerProcess, findings::BookFill, place::BenchPlace, stage::connect};
use crate::{
    load::{closed::ledger_client, crowd::GiftPairs, users::BenchUsers},
    options::BookSize,
    plan::{EVEN, GiftMix, PeopleDraw},
};
use api::ledger::{PostBatchOutcome, PostBatchRequest, PostRequest, post_batch_outcome::Outcome};
use runtime::command::UntypedError;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use tonic::{Code, Request, transport::Channel};
use uuid::Uuid;

/// Batches in flight: one being committed, one waiting, and two being encoded.
const BATCHES_AT_ONCE: usize = 4;
/// Gifts per batch.
const GIFTS: u64 = 1_000;
/// Viewers who get coins in one posting; a posting's maximum of transfers.
const VIEWERS_PER_POSTING: u64 = 64;
/// Viewers who get coins in one batch.
const VIEWERS: u64 = 100 * VIEWERS_PER_POSTING;
/// How often, and how far apart, a batch is retried when the ledger is overloaded.
const TRIES_MAX: usize = 100;
const TRY_DELAY: Duration = Duration::from_millis(100);
/// Progress is reported once per this many batches.
const TOLD_EVERY: u64 = 500;

type BatchSource = dyn Fn(u64) -> Result<Vec<PostRequest>, UntypedError> + Send + Sync;

/// Fills the book at `place`, served with these settings (`KEY=VALUE`), and marks it as filled.
pub(crate) async fn fill(
    place: &mut BenchPlace,
    size: &BookSize,
    settings: &[String],
    tell: &impl Fn(&str),
) -> Result<BookFill, UntypedError> {
    tell(&format!("stored: filling {} with {} accounts and {} transfers", place.address, size.accounts, size.transfers));
    let started = Instant::now();
    let house = place.serve(settings).await?;
    let crowd = size.crowd();
    let users = Arc::new(BenchUsers::try_new(&place.dir, place.book.clone(), crowd)?);
    fund(&house, &users, tell).await?;
    let gifts = size.gifts();
    let posts = {
        let users = users.clone();
        move |batch: u64| {
            // After the first gift to each creator, the draw is skewed as on a real platform.
            let mut pairs = GiftPairs::new(crowd, GiftMix { creators: usize::MAX, draw: PeopleDraw::Skewed, ..EVEN }, batch);
            let gifts = batch * GIFTS..((batch + 1) * GIFTS).min(gifts);
            gifts
                .map(|gift| {
                    let (viewer, creator) = if gift < crowd.creators { (gift % crowd.viewers, gift) } else { pairs.next() };
                    users.posting(viewer, creator, Uuid::now_v7())
                })
                .collect()
        }
    };
    batches(&house, &users, gifts.div_ceil(GIFTS), Arc::new(posts), &|done| tell(&format!("stored: {} of {gifts} gifts", done * GIFTS)))
        .await?;
    let took = started.elapsed();
    let peak_memory_kib = house.peak_memory_kib();
    house.end().await?;
    place.note_filled(size)?;
    Ok(BookFill { transfers: crowd.viewers + 2 * gifts, took, peak_memory_kib })
}

/// Gives every viewer coins.
pub(crate) async fn fund(house: &ServerProcess, users: &Arc<BenchUsers>, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let viewers = users.crowd.viewers;
    let posts = {
        let users = users.clone();
        move |batch: u64| {
            let batch = batch * VIEWERS..((batch + 1) * VIEWERS).min(viewers);
            let postings = batch.clone().step_by(VIEWERS_PER_POSTING as usize);
            Ok(postings.map(|from| users.coins(from..(from + VIEWERS_PER_POSTING).min(batch.end))).collect())
        }
    };
    let told = |done| tell(&format!("{} of {viewers} viewers have coins", done * VIEWERS));
    batches(house, users, viewers.div_ceil(VIEWERS), Arc::new(posts), &told).await
}

/// Posts this many batches, a few concurrently.
async fn batches(
    house: &ServerProcess,
    users: &Arc<BenchUsers>,
    count: u64,
    posts: Arc<BatchSource>,
    tell: &impl Fn(u64),
) -> Result<(), UntypedError> {
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    let (done, mut batches_done) = tokio::sync::mpsc::channel(BATCHES_AT_ONCE);
    for channel in connect(house, BATCHES_AT_ONCE).await? {
        let (users, posts, next, done) = (users.clone(), posts.clone(), next.clone(), done.clone());
        workers.spawn(async move {
            loop {
                let batch = next.fetch_add(1, Ordering::Relaxed);
                if batch >= count {
                    return Ok::<(), UntypedError>(());
                }
                post(&channel, &users, posts(batch)?).await?;
                // The receiver is closed when another worker has failed.
                done.send(batch + 1).await.ok();
            }
        });
    }
    drop(done);
    let mut finished = 0;
    while batches_done.recv().await.is_some() {
        finished += 1;
        if finished % TOLD_EVERY == 0 {
            tell(finished);
        }
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn post(channel: &Channel, users: &BenchUsers, posts: Vec<PostRequest>) -> Result<(), UntypedError> {
    let mut ledger = ledger_client(channel);
    let request: PostBatchRequest = users.batch(posts).into_inner();
    for _ in 0..TRIES_MAX {
        let signed: Request<PostBatchRequest> = users.signed(request.clone());
        match ledger.post_batch(signed).await {
            Ok(answer) => {
                let refused = answer.into_inner().outcomes.into_iter().find(|outcome| !accepted(outcome));
                return refused.map_or(Ok(()), |refused| Err(format!("a posting was refused: {refused:?}").into()));
            }
            // Nothing was executed, or a retry with the same ids returns what was.
            Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => tokio::time::sleep(TRY_DELAY).await,
            Err(status) => return Err(status.into()),
        }
    }
    Err("the ledger was overloaded for too long".into())
}

/// Whether a posting of a batch was accepted.
pub(crate) fn accepted(outcome: &PostBatchOutcome) -> bool {
    matches!(outcome.outcome, Some(Outcome::Accepted(_)))
}
