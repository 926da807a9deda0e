//! Closed loops: so many calls at once, each followed by the next until the time or the count is over. Nothing is left unanswered: what was sent
//! is waited for, so that accepted gifts can be counted.

use super::Fault;
use super::users::Requests;
use super::volley::{Volley, overloaded};
use api::{
    gift::{SendGiftsRequest, gift_service_client::GiftServiceClient, send_gifts_response},
    ledger::{ledger_service_client::LedgerServiceClient, post_batch_outcome},
};
use hdrhistogram::Histogram;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, transport::Channel};

/// Items of one measurement, whatever time it has left: bounds the disk a run takes.
pub(super) const ITEMS_MAX: u64 = 2_000_000;
/// Longest latency told apart, in microseconds; longer ones count as this.
const LATENCY_US_MAX: u64 = 60_000_000;
/// A stream's latency is taken from every so many gifts, so that taking it costs the stream little.
const STREAM_SAMPLE: u64 = 16;

/// How often one gift may be refused by a house that is too full.
const REFUSED_MAX: u64 = 100;

/// What was measured.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub items: u64,
    pub elapsed: Duration,
    pub latency: Histogram<u64>,
    /// How often a closed loop was told that the house is full, and sent the same gift again.
    pub refused: u64,
    /// What became of the calls of an open loop.
    pub volley: Option<Volley>,
    started: Instant,
}

impl Sample {
    pub fn start() -> Self {
        Self { items: 0, elapsed: Duration::ZERO, latency: microseconds(), refused: 0, volley: None, started: Instant::now() }
    }

    pub fn record(&mut self, items: u64, took: Duration) {
        self.items += items;
        record(&mut self.latency, took);
    }

    pub fn finish(mut self) -> Self {
        self.elapsed = self.started.elapsed();
        self
    }

    fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.refused += other.refused;
        self.latency += &other.latency;
    }
}

/// An empty histogram of microseconds.
pub(super) fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("bounds and digits are constants that fit")
}

pub(super) fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX));
}

/// When a measurement is over.
#[derive(Clone)]
pub(super) struct End {
    at: Instant,
    items: Arc<AtomicU64>,
}

impl End {
    pub fn after(slice: Duration) -> Self {
        Self { at: Instant::now() + slice, items: Arc::default() }
    }

    /// Whether another `items` may be sent.
    pub fn more(&self, items: u64) -> bool {
        Instant::now() < self.at && self.items.fetch_add(items, Ordering::Relaxed) < ITEMS_MAX
    }
}

/// SendGift calls. The bare server is sent what the house is sent, less the token, which only the house looks at.
pub(super) struct Gifts {
    pub client: GiftServiceClient<Channel>,
    pub requests: Requests,
    pub bare: bool,
}

impl Gifts {
    pub fn new(channel: &Channel, requests: Requests, bare: bool) -> Self {
        Self { client: GiftServiceClient::new(channel.clone()), requests, bare }
    }
}

impl Gifts {
    /// Sends the next gift, again as long as the house says that it is full; how often it did. The time it took to be taken counts as latency.
    async fn patiently(&mut self) -> Result<u64, Fault> {
        let call = self.requests.call();
        for refused in 0..REFUSED_MAX {
            let Err(status) = self.client.send_gift(call.clone().request(self.bare)).await else { return Ok(refused) };
            let Some(delay) = overloaded(&status) else { return Err(status.into()) };
            tokio::time::sleep(delay).await;
        }
        Err("a gift was refused for too long by a house that is too full".into())
    }
}

/// One loop's calls.
pub(super) enum Caller {
    /// SendGift.
    Gift(Gifts),
    /// PostBatch.
    Batch { client: LedgerServiceClient<Channel>, requests: Requests, items: usize },
}

impl Caller {
    pub fn batch(channel: &Channel, requests: Requests, items: usize) -> Self {
        Self::Batch { client: ledger_client(channel), requests, items }
    }

    fn items(&self) -> u64 {
        match self {
            Self::Gift(_) => 1,
            Self::Batch { items, .. } => *items as u64,
        }
    }

    async fn run(mut self, end: End) -> Result<Sample, Fault> {
        let mut sample = Sample::start();
        while end.more(self.items()) {
            let started = Instant::now();
            match &mut self {
                Self::Gift(gifts) if gifts.bare => drop(gifts.client.send_gift(gifts.requests.call().request(true)).await?),
                Self::Gift(gifts) => sample.refused += gifts.patiently().await?,
                Self::Batch { client, requests, items } => {
                    let answer = client.post_batch(requests.batch(*items)?).await?.into_inner();
                    for outcome in answer.outcomes {
                        accepted(outcome.outcome)?;
                    }
                }
            }
            sample.record(self.items(), started.elapsed());
        }
        Ok(sample)
    }
}

/// A client that takes the answer to a full batch.
pub(super) fn ledger_client(channel: &Channel) -> LedgerServiceClient<Channel> {
    let client = LedgerServiceClient::new(channel.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
    client.max_encoding_message_size(rpc::MESSAGE_BYTES_MAX)
}

pub(super) fn accepted(outcome: Option<post_batch_outcome::Outcome>) -> Result<(), Fault> {
    match outcome {
        Some(post_batch_outcome::Outcome::Accepted(_)) => Ok(()),
        Some(post_batch_outcome::Outcome::Refused(refusal)) => Err(refusal.message.into()),
        None => Err("an item of a batch was not answered".into()),
    }
}

/// Runs loops at once. The first that fails fails the measurement: nothing here is meant to be refused.
pub(super) async fn closed(callers: Vec<Caller>, end: End) -> Result<Sample, Fault> {
    let loops: Vec<_> = callers.into_iter().map(|caller| caller.run(end.clone())).collect();
    together(loops).await
}

pub(super) async fn together<F>(loops: Vec<F>) -> Result<Sample, Fault>
where
    F: Future<Output = Result<Sample, Fault>> + Send + 'static,
{
    let mut all = Sample::start();
    let mut running: JoinSet<_> = loops.into_iter().collect();
    while let Some(ended) = running.join_next().await {
        all.add(&ended??);
    }
    Ok(all.finish())
}

/// Runs streams at once, each with at most `in_flight` gifts unanswered.
pub(super) async fn streams(streams: Vec<(Channel, Requests)>, in_flight: usize, end: End) -> Result<Sample, Fault> {
    let loops: Vec<_> = streams.into_iter().map(|(channel, requests)| stream(channel, requests, in_flight, end.clone())).collect();
    together(loops).await
}

async fn stream(channel: Channel, mut requests: Requests, in_flight: usize, end: End) -> Result<Sample, Fault> {
    let mut sample = Sample::start();
    let (sender, receiver) = mpsc::channel(in_flight);
    let mut sender = Some(sender);
    let mut sent: HashMap<String, Instant> = HashMap::new();
    let mut count = 0_u64;
    let mut next = |requests: &mut Requests, sent: &mut HashMap<String, Instant>| {
        let gift = requests.gift();
        count += 1;
        if count.is_multiple_of(STREAM_SAMPLE) {
            sent.insert(gift.request_id.clone(), Instant::now());
        }
        SendGiftsRequest { gift: Some(gift) }
    };
    for _ in 0..in_flight {
        if let Some(sender) = &sender {
            sender.send(next(&mut requests, &mut sent)).await?;
        }
    }
    let request: Request<ReceiverStream<SendGiftsRequest>> = requests.signed(ReceiverStream::new(receiver));
    let mut answers = GiftServiceClient::new(channel).send_gifts(request).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        match answer.outcome {
            Some(send_gifts_response::Outcome::Accepted(_)) => {}
            Some(send_gifts_response::Outcome::Refused(status)) => return Err(status.message.into()),
            None => return Err("a gift of a stream was not answered".into()),
        }
        sample.items += 1;
        if let Some(started) = sent.remove(&answer.request_id) {
            sample.record(0, started.elapsed());
        }
        if !end.more(1) {
            sender = None;
        }
        if let Some(sender) = &sender {
            sender.send(next(&mut requests, &mut sent)).await.map_err(|_| Status::aborted("the stream was closed early"))?;
        }
    }
    Ok(sample)
}
