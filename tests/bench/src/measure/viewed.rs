//! Live payments: streams of gifts while fifty viewers follow every payment of the book, compared with a server without a monitor.
//!
//! Every viewer has to be sent every gift that was accepted, in the same seconds as the others; otherwise the run fails.

use super::{
    fill::fund,
    findings::{BenchFindings, MeasuredRound},
    place::BenchPlace,
    server,
    side::BenchSide,
    stage::connect,
};
use crate::{
    load::{crowd::BenchCrowd, sample::LatencySample},
    options::Options,
    plan::{BenchRow, PAYMENTS_BEHIND, SEND_GIFTS_UNVIEWED, SEND_GIFTS_VIEWED, VIEWERS},
};
use api::monitor::{WatchPaymentsRequest, WatchPaymentsResponse, monitor_service_client::MonitorServiceClient};
use chart::PostingKind;
use runtime::command::UntypedError;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tonic::Streaming;

/// Connections that the viewers share.
const CONNECTIONS: usize = 4;
/// How long after the load the viewers may be sent what is left of it.
const CAUGHT_UP_MAX: Duration = Duration::from_secs(60);

/// Measures live payments, and removes the temporary files.
pub(crate) async fn run(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let (alone, mut viewed) = (BenchPlace::open(options, None).await?, BenchPlace::open(options, None).await?);
    viewed.services = server::VIEWED;
    let (alone_place, viewed_place) = (alone.clone(), viewed.clone());
    let ended = both(options, alone, viewed, findings, tell).await;
    let closed = (alone_place.close().await, viewed_place.close().await);
    ended.and(closed.0).and(closed.1)
}

async fn both(
    options: &Options,
    alone: BenchPlace,
    viewed: BenchPlace,
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    let mut alone = BenchSide::start(alone, BenchCrowd::SMALL, &[]).await?;
    let mut viewed = BenchSide::start(viewed, BenchCrowd::SMALL, &[]).await?;
    for side in [&alone, &viewed] {
        fund(&side.house, &side.users, &|_| {}).await?;
    }
    for round in 0..=options.rounds {
        // The first round is only for warming up.
        tell(&format!("viewers: round {round} of {}", options.rounds));
        let ((with, behind), without) = if round % 2 == 0 {
            let with = measure(&mut viewed, options.slice).await?;
            (with, alone.measure(SEND_GIFTS_UNVIEWED, options.slice).await?)
        } else {
            let without = alone.measure(SEND_GIFTS_UNVIEWED, options.slice).await?;
            (measure(&mut viewed, options.slice).await?, without)
        };
        if round > 0 {
            findings.add(BenchRow::Viewers, SEND_GIFTS_VIEWED, with);
            findings.add(BenchRow::Viewers, SEND_GIFTS_UNVIEWED, without);
            findings.add(BenchRow::Viewers, PAYMENTS_BEHIND, behind);
        }
    }
    let problem = viewed.problem().await?.or(alone.problem().await?);
    viewed.house.end().await?;
    alone.house.end().await?;
    problem.map_or(Ok(()), |problem| Err(problem.into()))
}

/// Gifts while all viewers look on; and how old rows were when a viewer got them.
async fn measure(side: &mut BenchSide, time: Duration) -> Result<(MeasuredRound, MeasuredRound), UntypedError> {
    let (ended, accepted) = watch::channel(None);
    let channels = connect(&side.house, CONNECTIONS).await?;
    let mut viewers = JoinSet::new();
    for at in 0..VIEWERS {
        let mut client = MonitorServiceClient::new(channels[at % CONNECTIONS].clone());
        let request = WatchPaymentsRequest {
            book: side.place.book.to_string(),
            kinds: vec![PostingKind::Gift.name().to_owned()],
            ..WatchPaymentsRequest::default()
        };
        let stream = client.watch_payments(side.users.signed(request)).await?.into_inner();
        viewers.spawn(view(stream, accepted.clone()));
    }
    let (before, mut behind) = (side.accepted, LatencySample::start());
    let measured = side.measure(SEND_GIFTS_VIEWED, time).await?;
    ended.send_replace(Some(side.accepted - before));
    let mut seconds = None;
    let late = |_| format!("a viewer was not sent every gift within {CAUGHT_UP_MAX:?} after the load");
    while let Some(seen) = timeout(CAUGHT_UP_MAX, viewers.join_next()).await.map_err(late)? {
        let seen = seen??;
        behind.add(&seen.behind);
        let same = seconds.get_or_insert_with(|| seen.seconds.clone());
        if *same != seen.seconds {
            return Err(format!("two viewers were sent {same:?} and {:?}, gifts by second", seen.seconds).into());
        }
    }
    let behind = MeasuredRound { sample: behind.finish(), server_us: None, client_us: None, database_us: None };
    Ok((measured, behind))
}

/// What a viewer was sent.
struct ViewerSeen {
    /// Gifts by second.
    seconds: BTreeMap<i64, u64>,
    gifts: u64,
    /// Age of the rows, since their commit.
    behind: LatencySample,
}

/// Looks on until every gift that was accepted has been counted.
async fn view(
    mut stream: Streaming<WatchPaymentsResponse>,
    mut accepted: watch::Receiver<Option<u64>>,
) -> Result<ViewerSeen, UntypedError> {
    let mut seen = ViewerSeen { seconds: BTreeMap::new(), gifts: 0, behind: LatencySample::start() };
    loop {
        let of_all = *accepted.borrow();
        match of_all {
            Some(all) if seen.gifts == all => return Ok(seen),
            Some(all) if seen.gifts > all => {
                return Err(format!("a viewer was sent {} gifts, and {all} were accepted", seen.gifts).into());
            }
            Some(_) | None => {}
        }
        tokio::select! {
            message = stream.message() => seen.take(&message?.ok_or("a stream of payments ended")?)?,
            changed = accepted.changed(), if of_all.is_none() => changed?,
        }
    }
}

impl ViewerSeen {
    fn take(&mut self, message: &WatchPaymentsResponse) -> Result<(), UntypedError> {
        for tick in &message.ticks {
            let gifts: i64 = tick.counts.iter().map(|count| count.postings).sum();
            let gifts = u64::try_from(gifts)?;
            *self.seconds.entry(tick.second.ok_or("a tick has no second")?.seconds).or_default() += gifts;
            self.gifts += gifts;
        }
        let now = SystemTime::now();
        for row in &message.rows {
            let committed = SystemTime::try_from(row.commit_time.ok_or("a row has no commit time")?)?;
            self.behind.record(1, now.duration_since(committed).unwrap_or_default());
        }
        Ok(())
    }
}
