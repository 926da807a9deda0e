//! Payouts over the pretend bank: one by one in an open loop, and many in a run. Bank and services share a process, which is killed before the books are
//! compared.

use super::{
    child::ServerProcess,
    fill::fund,
    findings::{BenchFindings, MeasuredRound, PayoutFacts},
    paid::{self, PaidTimes},
    place::BenchPlace,
    server,
    side::BenchSide,
    stage::connect,
};
use crate::{
    load::{
        creators::{CENTS_EACH, CreatorCalls, LINES, USD, bank_cash},
        crowd::BenchCrowd,
        disk,
        gifts::overloaded,
        sample::LatencySample,
    },
    options::Options,
    plan::{BenchRow, BenchWork, FDATASYNC, PAYOUT_OWN_TIME, PAYOUT_RUN, PAYOUT_RUN_BULK, SEND_GIFT},
};
use api::payout::{PayoutRunState, payout_service_client::PayoutServiceClient};
use db::Database;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use runtime::command::UntypedError;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};
use tokio::task::JoinSet;
use tonic::{Request, Response, Status, transport::Channel};
use uuid::Uuid;

/// Creators who share the payouts of the open loop.
const CREATORS: u64 = 100;
/// Creators who get their money in one batch.
const BATCH: u64 = 500;
/// Bank accounts recorded at the same time.
const AT_ONCE: usize = 64;
/// How often a call may be refused by an overloaded server.
const REFUSED_MAX: usize = 100;
/// Interval between two looks at how many payouts are settled: one read of one account.
const LOOK: Duration = Duration::from_millis(50);
/// Interval between two looks at how far a run's lines are checked.
const RUN_LOOK: Duration = Duration::from_millis(500);
/// A run that makes no progress for so long never ends.
const STUCK: Duration = Duration::from_secs(120);
/// Settings of the row with many payments in a message.
const BULK: [&str; 2] = ["payout.message_payments_max=500", "payout.in_flight_max=1000"];

/// A server that pays, with creators who have money and bank accounts.
struct PayingSide {
    side: BenchSide,
    calls: CreatorCalls,
    beneficiaries: Vec<String>,
    channel: Channel,
}

/// Measures payouts one by one.
pub(crate) async fn one_by_one(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let mut place = BenchPlace::open(options, None).await?;
    place.services = server::PAYOUTS;
    let ended = paced(options, place.clone(), findings, tell).await;
    ended.and(place.close().await)
}

/// Measures a run, with one payment in a message or with many.
pub(crate) async fn in_a_run(
    options: &Options,
    row: BenchRow,
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    let mut place = BenchPlace::open(options, None).await?;
    place.services = server::PAYOUTS;
    let ended = run(options, (place.clone(), row), findings, tell).await;
    ended.and(place.close().await)
}

async fn paced(options: &Options, place: BenchPlace, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let creators = CREATORS.min(options.payouts);
    let cents = CENTS_EACH * i64::try_from(options.payouts.div_ceil(creators))?;
    let paying = PayingSide::start(place, (creators, cents), &[], tell).await?;
    let BenchWork::PacedPayouts { per_second } = PAYOUT_OWN_TIME.work else { return Err("not a pace".into()) };
    tell(&format!("payouts: {} payouts, {per_second} a second", options.payouts));
    let mut synced = disk::fdatasync(&paying.side.place.dir, options.slice).await?;
    let before = paying.side.house.processor_us();
    let started = Instant::now();
    let due_ms = paying.volley(options.payouts, per_second).await?;
    paying.settled(options.payouts).await?;
    let elapsed = started.elapsed();
    let server_us = spent(before, &paying.side.house);
    paying.recorded().await?;
    let after = disk::fdatasync(&paying.side.place.dir, options.slice).await?;
    synced.add(&after);
    synced.elapsed += after.elapsed;
    findings.add(BenchRow::Payouts, FDATASYNC, MeasuredRound { sample: synced, server_us: None, client_us: None, database_us: None });
    let whole = options.payouts.is_multiple_of(creators);
    let (facts, times) = paying.end((BenchRow::Payouts, options.payouts), whole, tell).await?;
    let own = times.iter().map(|(id, times)| times.settled_at_ms - due_ms.get(id).unwrap_or(&times.created_at_ms) - times.at_bank_ms);
    let sample = sample(own, elapsed);
    findings.add(BenchRow::Payouts, PAYOUT_OWN_TIME, MeasuredRound { sample, server_us, client_us: None, database_us: None });
    findings.payouts.push(facts);
    Ok(())
}

async fn run(
    options: &Options,
    (place, row): (BenchPlace, BenchRow),
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    let (count, name) = (options.run_creators, row.as_str());
    // No pace, and no more in flight than the worker drives anyway.
    let single: &[&str] = &["payout.runs.items_per_second=0", "payout.runs.in_flight_per_bank_max=1000"];
    // What waits for a message is in flight.
    let bulk: &[&str] = if row == BenchRow::PayoutRunBulk { &BULK } else { &[] };
    let settings: Vec<String> = single.iter().chain(bulk).map(|setting| (*setting).to_owned()).collect();
    let mut paying = PayingSide::start(place, (count, CENTS_EACH), &settings, tell).await?;
    tell(&format!("{name}: gifts, to compare with"));
    paying.side.measure(SEND_GIFT, options.slice).await?;
    for _ in 0..options.rounds {
        let gifts = paying.side.measure(SEND_GIFT, options.slice).await?;
        findings.add(row, SEND_GIFT, gifts);
    }
    tell(&format!("{name}: {count} lines to store and check"));
    let (id, checking) = (Uuid::now_v7(), Instant::now());
    let approvable = paying.checked(id).await?;
    let checked_in = checking.elapsed();
    tell(&format!("{name}: approved"));
    let before = paying.side.house.processor_us();
    let started = Instant::now();
    paying.calls.approve(&paying.channel, &approvable).await?;
    paying.settled(count).await?;
    let elapsed = started.elapsed();
    let server_us = spent(before, &paying.side.house);
    paying.reached(id, PayoutRunState::Done).await?;
    let (facts, times) = paying.end((row, count), true, tell).await?;
    let sample = sample(times.values().map(|times| times.settled_at_ms - times.created_at_ms), elapsed);
    findings.payouts.push(PayoutFacts { checked_in, ..facts });
    // The same of all rounds: a run is too long to be repeated.
    for _ in 0..options.rounds {
        let round = MeasuredRound { sample: sample.clone(), server_us, client_us: None, database_us: None };
        findings.add(row, if row == BenchRow::PayoutRunBulk { PAYOUT_RUN_BULK } else { PAYOUT_RUN }, round);
    }
    Ok(())
}

fn spent(before: Option<u64>, house: &ServerProcess) -> Option<u64> {
    Some(house.processor_us()?.saturating_sub(before?))
}

/// Of times in milliseconds. A time below one counts as one microsecond.
fn sample(times_ms: impl Iterator<Item = i64>, elapsed: Duration) -> LatencySample {
    let mut sample = LatencySample::start();
    for time_ms in times_ms {
        sample.record(1, Duration::from_millis(u64::try_from(time_ms).unwrap_or(0)).max(Duration::from_micros(1)));
    }
    sample.elapsed = elapsed;
    sample
}

/// Calls until the server is not overloaded.
async fn patiently<T, A>(
    request: impl Fn() -> Request<T>,
    call: impl AsyncFn(Request<T>) -> Result<Response<A>, Status>,
) -> Result<A, UntypedError> {
    for _ in 0..REFUSED_MAX {
        match call(request()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => match overloaded(&status) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(status.into()),
            },
        }
    }
    Err("a call was refused for too long by an overloaded server".into())
}

impl PayingSide {
    /// Starts a server at `place`, and gives so many creators so many cents and a bank account each.
    async fn start(
        place: BenchPlace,
        (creators, cents): (u64, i64),
        settings: &[String],
        tell: &impl Fn(&str),
    ) -> Result<Self, UntypedError> {
        let crowd = BenchCrowd { creators, ..BenchCrowd::SMALL };
        let mut side = BenchSide::start(place, crowd, settings).await?;
        fund(&side.house, &side.users, &|_| {}).await?;
        let calls = CreatorCalls::try_new(&side.place.dir, side.users.clone())?;
        let channel = connect(&side.house, 1).await?.remove(0);
        tell(&format!("{creators} creators earn money and record a bank account each"));
        let earned = stream::iter((0..creators).step_by(usize::try_from(BATCH)?))
            .map(|first| earn(&channel, &calls, first..(first + BATCH).min(creators), cents));
        earned.buffer_unordered(2).try_collect::<Vec<()>>().await?;
        side.accepted += creators;
        let recorded = stream::iter(0..creators).map(|creator| {
            let (calls, channel) = (&calls, channel.clone());
            async move {
                let client = PayoutServiceClient::new(channel);
                let answer = patiently(|| calls.beneficiary(creator), async |request| client.clone().create_beneficiary(request).await);
                Ok::<_, UntypedError>(answer.await?.beneficiary.ok_or("a bank account was answered without itself")?.beneficiary_id)
            }
        });
        let beneficiaries = recorded.buffered(AT_ONCE).try_collect().await?;
        Ok(Self { side, calls, beneficiaries, channel })
    }

    /// Requests payouts when they are due, whether or not earlier ones were answered; returns when each was due, in Unix milliseconds by its id at the bank.
    async fn volley(&self, count: u64, per_second: u32) -> Result<BTreeMap<String, i64>, UntypedError> {
        let (started, mut calls) = (tokio::time::Instant::now(), JoinSet::new());
        for at in 0..count {
            tokio::time::sleep_until(started + Duration::from_secs(at) / per_second).await;
            let due_ms = money::time::unix_ms(SystemTime::now());
            let creator = at % self.beneficiaries.len() as u64;
            let beneficiary_id = self.beneficiaries[usize::try_from(creator)?].clone();
            let (channel, request) = (self.channel.clone(), self.calls.payout(creator, beneficiary_id));
            calls.spawn(async move {
                let answer = PayoutServiceClient::new(channel).request_payout(request).await?.into_inner();
                Ok::<_, Status>((answer.payout.unwrap_or_default().end_to_end_id, due_ms))
            });
        }
        let mut due = BTreeMap::new();
        while let Some(answer) = calls.join_next().await {
            let (id, due_ms) = answer??;
            due.insert(id, due_ms);
        }
        Ok(due)
    }

    /// Returns when so many payouts are settled in the ledger.
    async fn settled(&self, count: u64) -> Result<(), UntypedError> {
        let (wanted, mut last, mut moved) = (CENTS_EACH * i64::try_from(count)?, 0, Instant::now());
        loop {
            let paid = self.side.users.credited(&self.channel, bank_cash().name()).await?;
            if paid >= wanted {
                return Ok(());
            }
            if paid > last {
                (last, moved) = (paid, Instant::now());
            }
            if moved.elapsed() > STUCK {
                return Err(format!("only {paid} of {wanted} cents were paid, and no more for {} s", STUCK.as_secs()).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Returns when every payout's row says what the ledger has: the row is written after the posting.
    async fn recorded(&self) -> Result<(), UntypedError> {
        let (database, started) = (Database::parse(&self.side.place.address)?, Instant::now());
        while let Some((phase, count, _)) = paid::unsettled(&database).await?.first() {
            if started.elapsed() > STUCK {
                return Err(format!("{count} payouts stay {phase}").into());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Sends all lines; returns the run once it can be approved.
    async fn checked(&self, id: Uuid) -> Result<api::payout::PayoutRun, UntypedError> {
        for (page, lines) in self.beneficiaries.chunks(LINES).enumerate() {
            self.calls.page(&self.channel, id, page * LINES, lines).await?;
        }
        self.reached(id, PayoutRunState::AwaitingApproval).await
    }

    /// Waits until the run is in that state. An empty page completes it, or only tells how far it is.
    async fn reached(&self, id: Uuid, state: PayoutRunState) -> Result<api::payout::PayoutRun, UntypedError> {
        let (mut checked, mut moved) = (0, Instant::now());
        loop {
            let run = self.calls.page(&self.channel, id, self.beneficiaries.len(), &[]).await?;
            match run.state() {
                now if now == state => return Ok(run),
                PayoutRunState::Refused => return Err(format!("the run was refused: {:?}", run.faults.first()).into()),
                _ if moved.elapsed() > STUCK => return Err(format!("the run is {:?} and makes no progress", run.state()).into()),
                _ => {}
            }
            if run.lines_checked > checked {
                (checked, moved) = (run.lines_checked, Instant::now());
            }
            tokio::time::sleep(RUN_LOOK).await;
        }
    }

    /// Reads the bank's statement, kills the server, and compares the books. `whole`: the creators were paid all that they had.
    async fn end(
        self,
        (row, settled): (BenchRow, u64),
        whole: bool,
        tell: &impl Fn(&str),
    ) -> Result<(PayoutFacts, BTreeMap<String, PaidTimes>), UntypedError> {
        tell(&format!("{}: comparing the books", row.as_str()));
        let bank = self.side.house.bank.ok_or("the server has no bank")?;
        let statement = paid::statement(&format!("http://{bank}"), USD).await?;
        let peak_memory_kib = self.side.house.peak_memory_kib();
        let gifts = self.side.problem().await?;
        let BenchSide { place, house, users, .. } = self.side;
        house.end().await?;
        let (problem, times) = paid::compare((&place, &users), settled, whole, &statement).await?;
        let facts = PayoutFacts { row, settled, checked_in: Duration::ZERO, peak_memory_kib, problem: gifts.or(problem) };
        Ok((facts, times))
    }
}

/// Gives creators a gift and converts a part of it to so many cents each.
async fn earn(channel: &Channel, calls: &CreatorCalls, creators: std::ops::Range<u64>, cents: i64) -> Result<(), UntypedError> {
    use crate::load::closed::{accepted, ledger_client};
    let mut ledger = ledger_client(channel);
    for request in [calls.gifts(creators.clone())?, calls.conversions(creators, 1, cents)] {
        for outcome in ledger.post_batch(request).await?.into_inner().outcomes {
            accepted(outcome.outcome)?;
        }
    }
    Ok(())
}
