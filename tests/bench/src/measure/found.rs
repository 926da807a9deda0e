//! Find on a book with millions of events, and what it costs to look for what is not there.
//!
//! Each answer is checked: the posting, account or user that was asked for, or nothing.

use super::{
    fill::{accepted, fill},
    findings::{BenchFindings, MeasuredRound},
    place::BenchPlace,
    server,
    stage::connect,
};
use crate::{
    load::{
        closed::ledger_client,
        creators::{CENTS_EACH, CreatorCalls},
        crowd::BenchCrowd,
        sample::{LatencySample, SampleEnd},
        users::{BenchUsers, creator_name},
    },
    options::{BookSize, Options},
    plan::{BenchRow, BenchSlice, EXPLAIN_PAYOUT, FIND_ACCOUNT, FIND_NOTHING, FIND_POSTING, FIND_USER},
};
use api::{
    ledger::{ListEntriesRequest, PostBatchResponse},
    monitor::{ExplainCaseRequest, FindRequest, GetHealthOfMoneyRequest, ThingKind, monitor_service_client::MonitorServiceClient},
    payout::payout_service_client::PayoutServiceClient,
};
use chart::{Account, Owner};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use runtime::command::UntypedError;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tonic::transport::Channel;
use uuid::Uuid;

/// Ids that were looked up in the ledger before, of creators drawn at random.
const IDS: usize = 1_000;
/// Gifts behind the payout that is explained, and gifts of a batch.
const FUNDING_GIFTS: u64 = 10_000;
const BATCH: u64 = 1_000;
/// How long the audit may take to read the book, beside which nothing is measured, and how often it is asked.
const AUDIT_MAX: Duration = Duration::from_secs(1_800);
const AUDIT_DELAY: Duration = Duration::from_millis(500);

/// Measures Find, and removes the temporary files.
pub(crate) async fn run(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let place = BenchPlace::open(options, Some(&BookSize { dir: None, ..options.stored.clone() })).await?;
    let (mut place, kept) = (place.clone(), place);
    let ended = find(options, &mut place, findings, tell).await;
    ended.and(kept.close().await)
}

async fn find(options: &Options, place: &mut BenchPlace, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    fill(place, &options.stored, &[], tell).await?;
    place.services = server::FOUND;
    let house = place.serve(&[]).await?;
    let channel = connect(&house, 1).await?.remove(0);
    let crowd = options.stored.crowd();
    let finder = Finder { users: Arc::new(BenchUsers::try_new(&place.dir, place.book.clone(), crowd)?), crowd, channel };
    let calls = CreatorCalls::try_new(&place.dir, finder.users.clone())?;
    let payout = finder.funded_payout(&calls).await?;
    tell("find: the audit reads the book");
    finder.audited().await?;
    let mut rng = StdRng::seed_from_u64(0x66696e64);
    let postings = finder.postings(&mut rng).await?;
    for round in 0..=options.rounds {
        tell(&format!("find: round {round} of {}", options.rounds));
        for slice in BenchRow::Find.slices() {
            let sample = if *slice == EXPLAIN_PAYOUT {
                finder.explain(&payout, options.slice).await?
            } else {
                finder.measure(*slice, &postings, &mut rng, options.slice).await?
            };
            // The first round is only for warming up.
            if round > 0 {
                let measured = MeasuredRound { sample, server_us: None, client_us: None, database_us: None };
                findings.add(BenchRow::Find, *slice, measured);
            }
        }
    }
    house.end().await
}

/// Who looks for things.
struct Finder {
    users: Arc<BenchUsers>,
    crowd: BenchCrowd,
    channel: Channel,
}

impl Finder {
    /// Waits until the audit has read every event.
    async fn audited(&self) -> Result<(), UntypedError> {
        let (mut client, started) = (MonitorServiceClient::new(self.channel.clone()), Instant::now());
        loop {
            let health = client.get_health_of_money(self.users.signed(GetHealthOfMoneyRequest::default())).await;
            let books = match health {
                Ok(health) => health.into_inner().books,
                // The audit has not found the book yet.
                Err(status) if status.code() == tonic::Code::NotFound => Vec::new(),
                Err(status) => return Err(status.into()),
            };
            if books.iter().any(|book| book.checked_seq > 0 && book.events_behind == 0) {
                return Ok(());
            }
            if started.elapsed() > AUDIT_MAX {
                return Err(format!("the audit has not read the book within {AUDIT_MAX:?}").into());
            }
            tokio::time::sleep(AUDIT_DELAY).await;
        }
    }

    /// A payout of money that came out of so many gifts.
    async fn funded_payout(&self, calls: &CreatorCalls) -> Result<String, UntypedError> {
        // Nobody else gives to this one.
        let creator = self.crowd.creators;
        let mut ledger = ledger_client(&self.channel);
        for _ in 0..FUNDING_GIFTS / BATCH {
            all_accepted(ledger.post_batch(calls.gifts_to(creator, BATCH)?).await?.into_inner())?;
        }
        let diamonds = i64::try_from(FUNDING_GIFTS)?;
        all_accepted(ledger.post_batch(calls.conversions(creator..creator + 1, diamonds, CENTS_EACH)).await?.into_inner())?;
        let mut payouts = PayoutServiceClient::new(self.channel.clone());
        let account = payouts.create_beneficiary(calls.beneficiary(creator)).await?.into_inner().beneficiary;
        let account = account.ok_or("a bank account was answered without itself")?.beneficiary_id;
        let payout = payouts.request_payout(calls.payout(creator, account)).await?.into_inner().payout;
        Ok(payout.ok_or("a payout was answered without itself")?.payout_id)
    }

    /// Asks for the first page of where a payout's money came from.
    async fn explain(&self, payout: &str, time: Duration) -> Result<LatencySample, UntypedError> {
        let mut client = MonitorServiceClient::new(self.channel.clone());
        let (mut sample, end) = (LatencySample::start(), SampleEnd::after(time));
        while end.more(1) {
            let asked = ExplainCaseRequest { id: payout.to_owned(), kind: ThingKind::Payout.into(), ..ExplainCaseRequest::default() };
            let request = self.users.signed(asked);
            let started = Instant::now();
            let page = client.explain_case(request).await?.into_inner();
            sample.record(1, started.elapsed());
            if page.steps.is_empty() || page.next_page_token.is_empty() {
                return Err(format!("the payout's first page has {} steps, and no other follows", page.steps.len()).into());
            }
        }
        Ok(sample.finish())
    }

    fn creator(&self, rng: &mut StdRng) -> String {
        creator_name(rng.random_range(0..self.crowd.creators))
    }

    /// Ids of gifts to creators drawn at random.
    async fn postings(&self, rng: &mut StdRng) -> Result<Vec<String>, UntypedError> {
        let (mut ledger, mut ids) = (ledger_client(&self.channel), Vec::with_capacity(IDS));
        for _ in 0..IDS {
            let account = diamonds(&self.creator(rng))?;
            let asked = ListEntriesRequest { account, page_size: 1, oldest_first: true, ..ListEntriesRequest::default() };
            let entries = ledger.list_entries(self.users.signed(asked)).await?.into_inner().entries;
            ids.push(entries.into_iter().next().ok_or("a creator has no gift")?.posting_id);
        }
        Ok(ids)
    }

    /// Looks for one thing after the other.
    async fn measure(
        &self,
        slice: BenchSlice,
        postings: &[String],
        rng: &mut StdRng,
        time: Duration,
    ) -> Result<LatencySample, UntypedError> {
        let mut client = MonitorServiceClient::new(self.channel.clone());
        let (mut sample, end) = (LatencySample::start(), SampleEnd::after(time));
        while end.more(1) {
            let (text, kinds) = match slice.name {
                name if name == FIND_POSTING.name => {
                    (postings[rng.random_range(0..postings.len())].clone(), &[ThingKind::Posting, ThingKind::Gift][..])
                }
                name if name == FIND_ACCOUNT.name => (diamonds(&self.creator(rng))?, &[ThingKind::Account][..]),
                name if name == FIND_USER.name => (self.creator(rng), &[ThingKind::User][..]),
                name if name == FIND_NOTHING.name => (Uuid::now_v7().to_string(), &[][..]),
                name => return Err(format!("{name} is not measured here").into()),
            };
            let request = self.users.signed(FindRequest { text: text.clone(), ..FindRequest::default() });
            let started = Instant::now();
            let found = client.find(request).await?.into_inner().things;
            sample.record(1, started.elapsed());
            let right = if kinds.is_empty() {
                found.is_empty()
            } else {
                found.iter().any(|thing| kinds.contains(&thing.kind()) && thing.id == text)
            };
            if !right {
                return Err(format!("{}: {text} was found as {found:?}", slice.name).into());
            }
        }
        Ok(sample.finish())
    }
}

fn all_accepted(answer: PostBatchResponse) -> Result<(), UntypedError> {
    let refused = answer.outcomes.into_iter().find(|outcome| !accepted(outcome));
    refused.map_or(Ok(()), |refused| Err(format!("a posting was refused: {refused:?}").into()))
}

/// The account of a creator's diamonds.
fn diamonds(creator: &str) -> Result<String, UntypedError> {
    Ok(Account::CreatorDiamonds(Owner::try_new(creator).ok_or("a creator's name is not a user key")?).name())
}
