//! Closed loops: a fixed number of concurrent calls, each followed by the next until the time or the count is over. Every call is waited for, so that accepted
//! gifts can be counted.

use super::{
    gifts::GiftSource,
    sample::{LatencySample, SampleEnd},
    users::GiftRequests,
};
use api::{
    gift::{SendGiftsRequest, gift_service_client::GiftServiceClient, send_gifts_response},
    ledger::{ledger_service_client::LedgerServiceClient, post_batch_outcome},
};
use runtime::command::UntypedError;
use std::{collections::HashMap, time::Instant};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status, transport::Channel};

/// A stream's latency is sampled once per this many gifts, so that sampling costs little.
const STREAM_SAMPLE: u64 = 16;

/// One loop's calls.
pub(crate) enum LoopCaller {
    /// SendGift.
    Gift(GiftSource),
    /// PostBatch.
    Batch { client: LedgerServiceClient<Channel>, requests: GiftRequests, items: usize },
}

impl LoopCaller {
    pub fn batch(channel: &Channel, requests: GiftRequests, items: usize) -> Self {
        Self::Batch { client: ledger_client(channel), requests, items }
    }

    fn items(&self) -> u64 {
        match self {
            Self::Gift(_) => 1,
            Self::Batch { items, .. } => *items as u64,
        }
    }

    async fn run(mut self, end: SampleEnd) -> Result<LatencySample, UntypedError> {
        let mut sample = LatencySample::start();
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

/// A client whose message limit allows the answer to a full batch.
pub(crate) fn ledger_client(channel: &Channel) -> LedgerServiceClient<Channel> {
    let client = LedgerServiceClient::new(channel.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
    client.max_encoding_message_size(rpc::MESSAGE_BYTES_MAX)
}

pub(crate) fn accepted(outcome: Option<post_batch_outcome::Outcome>) -> Result<(), UntypedError> {
    match outcome {
        Some(post_batch_outcome::Outcome::Accepted(_)) => Ok(()),
        Some(post_batch_outcome::Outcome::Refused(refusal)) => Err(refusal.message.into()),
        None => Err("an item of a batch was not answered".into()),
    }
}

/// Runs loops concurrently. The first failure fails the measurement: no refusal is expected here.
pub(crate) async fn closed(callers: Vec<LoopCaller>, end: SampleEnd) -> Result<LatencySample, UntypedError> {
    let loops: Vec<_> = callers.into_iter().map(|caller| caller.run(end.clone())).collect();
    together(loops).await
}

pub(crate) async fn together<F>(loops: Vec<F>) -> Result<LatencySample, UntypedError>
where
    F: Future<Output = Result<LatencySample, UntypedError>> + Send + 'static,
{
    let mut all = LatencySample::start();
    let mut running: JoinSet<_> = loops.into_iter().collect();
    while let Some(ended) = running.join_next().await {
        all.add(&ended??);
    }
    Ok(all.finish())
}

/// Runs streams concurrently, each with at most `in_flight` gifts unanswered.
pub(crate) async fn streams(
    streams: Vec<(Channel, GiftRequests)>,
    in_flight: usize,
    end: SampleEnd,
) -> Result<LatencySample, UntypedError> {
    let loops: Vec<_> = streams.into_iter().map(|(channel, requests)| stream(channel, requests, in_flight, end.clone())).collect();
    together(loops).await
}

async fn stream(channel: Channel, mut requests: GiftRequests, in_flight: usize, end: SampleEnd) -> Result<LatencySample, UntypedError> {
    let mut sample = LatencySample::start();
    let (sender, receiver) = mpsc::channel(in_flight);
    let mut sender = Some(sender);
    let mut sent: HashMap<String, Instant> = HashMap::new();
    let mut count = 0_u64;
    let mut next = |requests: &mut GiftRequests, sent: &mut HashMap<String, Instant>| {
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
