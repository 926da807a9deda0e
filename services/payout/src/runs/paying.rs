//! Requests the payouts of approved runs, as fast as the options allow. Each item's request id follows from run and line, so a crash at any point leaves an item
//! that is requested again, and that RequestPayout recognises.

use super::checking::PayableLine;
use crate::{
    banks::Bank,
    beneficiaries::unseal,
    config::PORTION,
    domain::run::{ItemPace, PayoutRun, RUN_PAGE, RunItem, RunItemState, RunState},
    error::Error,
    payouts::{PayoutRequest, Payouts},
    routes::PayoutBounds,
    store::{
        run_items::{self, RunItemAdvance},
        runs,
    },
};
use chart::BookKind;
use futures::{StreamExt as _, stream};
use money::{RequestId, time::millis, time::unix_ms};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::SystemTime,
};
use tokio_util::sync::CancellationToken;

/// Runs looked at in one round.
const RUNS_MAX: i64 = 100;
/// So many of those at the same time: each waits for the ledger's commit.
const AT_ONCE: usize = 2;

/// Advances runs until `shutdown`.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut pace = ItemPace::new(payouts.config.runs.items_per_second, unix_ms(SystemTime::now()));
    loop {
        let Some(advanced) = shutdown.run_until_cancelled(payouts.advance_runs(&mut pace)).await else { return };
        let pause = match advanced {
            Ok(true) => continue,
            Ok(false) => payouts.config.poll_delay,
            Err(error) => {
                tracing::error!(%error, "runs of payouts can't be advanced; trying again");
                payouts.config.poll_delay
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = payouts.runs_due.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Payouts {
    /// One round over all runs that have something to do. True: there is more to do at once.
    pub async fn advance_runs(&self, pace: &mut ItemPace) -> Result<bool, Error> {
        let mut more = false;
        self.expire_runs(unix_ms(SystemTime::now())).await?;
        for run in self.store.active_runs(RUNS_MAX).await? {
            let (run_id, now_ms) = (run.run_id, unix_ms(SystemTime::now()));
            let advanced = match run.state {
                RunState::Checking => self.check_run(run, now_ms).await,
                RunState::Running => self.pay_run(run, pace, now_ms).await,
                RunState::Open
                | RunState::Refused
                | RunState::AwaitingApproval
                | RunState::Done
                | RunState::Rejected
                | RunState::Expired => Ok(false),
            };
            match advanced {
                Ok(advanced) => more |= advanced,
                // One run that fails must not keep the others waiting.
                Err(error) => tracing::error!(%run_id, %error, "a run's step failed; trying again"),
            }
        }
        Ok(more)
    }

    /// Requests the next items of a run. True: it requested as many as the pace allowed, or a whole portion, and there may be more. After fewer, for which banks had room, it
    /// waits until more payouts have ended: a round costs the same few statements and commits, however few items it requests.
    async fn pay_run(&self, run: PayoutRun, pace: &mut ItemPace, now_ms: i64) -> Result<bool, Error> {
        let stale_ms = now_ms.saturating_sub(millis(self.config.lease));
        let room = self.room().await?;
        let page = i64::try_from(RUN_PAGE).unwrap_or(i64::MAX);
        // Of a single bank no more are read than it has room for; one, to see whether any is left.
        let limit = match self.banks.all() {
            [only] => room.get(&only.name).copied().unwrap_or(0).clamp(1, page),
            _ => page,
        };
        let items = self.store.startable(&run, stale_ms, limit).await?;
        if items.is_empty() {
            return self.end_run(run, now_ms).await;
        }
        let Some(kind) = self.ledger.book(&run.book).await? else { return Ok(false) };
        let items = self.with_room(&run, items, room, kind, now_ms).await?;
        let available = items.len();
        let granted = pace.grant(now_ms, available);
        let claims = items.into_iter().take(granted);
        let claims: Vec<_> =
            claims.map(|item| (RunItem { state: RunItemState::Starting, claimed_at_ms: now_ms, ..item.clone() }, item)).collect();
        if claims.is_empty() {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let pairs: Vec<_> = claims.iter().map(|(next, before)| RunItemAdvance { before, next }).collect();
        let written = run_items::advance_all(&mut tx, &run, &pairs).await?;
        tx.commit().await?;
        let claimed: Vec<RunItem> =
            claims.into_iter().map(|(starting, _)| starting).filter(|item| written.contains(&item.line_no)).collect();
        let started = claimed.chunks(PORTION).map(|items| self.start_items(&run, items));
        let started: Vec<_> = stream::iter(started.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        for failed in started.into_iter().filter_map(Result::err) {
            tracing::warn!(run_id = %run.run_id, %failed, "items of a run are not requested yet; they are tried again after their lease");
        }
        Ok(!claimed.is_empty() && (granted < available || claimed.len() >= self.config.runs.portion()))
    }

    /// How many more payouts may be in flight at each bank.
    async fn room(&self) -> Result<BTreeMap<String, i64>, Error> {
        let busy = self.store.busy_banks().await?;
        let most = i64::from(self.config.runs.in_flight_per_bank_max);
        // A file takes any number, and what is in one waits for its banking day without keeping the bank busy.
        let of = |bank: &Bank| if bank.files().is_some() { i64::MAX } else { most - busy.get(&bank.name).copied().unwrap_or(0) };
        Ok(self.banks.all().iter().map(|bank| (bank.name.clone(), of(bank))).collect())
    }

    /// The items whose banks have room for them, at most as many as there is room for.
    async fn with_room(
        &self,
        run: &PayoutRun,
        items: Vec<RunItem>,
        mut room: BTreeMap<String, i64>,
        kind: BookKind,
        now_ms: i64,
    ) -> Result<Vec<RunItem>, Error> {
        let most = i64::from(self.config.runs.in_flight_per_bank_max);
        let mut chosen = Vec::new();
        for item in items {
            if room.values().all(|left| *left <= 0) {
                break;
            }
            // Where no bank pays it, requesting it says so.
            let Some(bank) = self.bank_of(run, &item, kind, now_ms).await? else {
                chosen.push(item);
                continue;
            };
            let left = room.entry(bank).or_insert(most);
            if *left > 0 {
                *left -= 1;
                chosen.push(item);
            }
        }
        Ok(chosen)
    }

    /// The bank that would pay an item now.
    async fn bank_of(&self, run: &PayoutRun, item: &RunItem, kind: BookKind, now_ms: i64) -> Result<Option<String>, Error> {
        if let [only] = self.banks.all() {
            return Ok(Some(only.name.clone()));
        }
        let Some(line) = PayableLine::read(item) else { return Ok(None) };
        let Some(beneficiary) = self.store.beneficiary(&run.book, line.beneficiary_id).await? else { return Ok(None) };
        let payee = unseal(&self.vault, &run.book, &beneficiary)?;
        let options = self.options(&payee, line.amount, PayoutBounds { kind, entity: None, rails_tried: "" }, now_ms);
        Ok(options.choice.chosen.map(|route| route.bank))
    }

    /// Requests the payouts of items, and records the answers.
    async fn start_items(&self, run: &PayoutRun, items: &[RunItem]) -> Result<(), Error> {
        let (mut asks, mut asked, mut answered) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            let Some(line) = PayableLine::read(item) else {
                answered.push((item, refused(item, "MALFORMED: the line can't be read".to_owned())));
                continue;
            };
            let request_id =
                RequestId::parse(&run.item_request_id(item.line_no).to_string()).map_err(|_| crate::store::Error::Row("request id"))?;
            let (user, beneficiary_id, amount) = (line.user, line.beneficiary_id, line.amount);
            asks.push(PayoutRequest { book: run.book.clone(), user, request_id, beneficiary_id, amount });
            asked.push(item);
        }
        let answers = match self.request_all(&asks, SystemTime::now()).await {
            Ok(answers) => answers,
            // One that can't even be registered must not keep the others from it.
            Err(_) => stream::iter(&asks).then(|ask| self.request(ask, SystemTime::now())).collect().await,
        };
        for (item, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok((payout, _)) => {
                    let payout_id = payout.payout_id.to_string();
                    answered.push((item, RunItem { state: RunItemState::Started, payout_id, ..item.clone() }));
                }
                Err(Error::Kept(refusal)) => answered.push((item, refused(item, refusal.message().to_owned()))),
                Err(error @ (Error::RequestIdTime(_) | Error::Refused(_) | Error::Reused(_))) => {
                    answered.push((item, refused(item, error.to_string())));
                }
                Err(failed) => {
                    tracing::warn!(run_id = %run.run_id, line_no = item.line_no, %failed, "an item of a run is not requested yet; it is tried after its lease");
                }
            }
        }
        // Another process may have taken an item over meanwhile; it gets the same answer, and one of them records it.
        let mut tx = self.store.begin().await?;
        let advances: Vec<_> = answered.iter().map(|(before, next)| RunItemAdvance { before, next }).collect();
        run_items::advance_all(&mut tx, run, &advances).await?;
        Ok(tx.commit().await?)
    }

    async fn end_run(&self, run: PayoutRun, now_ms: i64) -> Result<bool, Error> {
        // What ended stays so: lines that were seen ended are not read again, however long the last one waits.
        let waiting = || self.runs_waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let from = waiting().get(&run.run_id).map_or(1, |line| *line);
        if let Some(line) = self.store.first_unended(&run, from).await? {
            waiting().insert(run.run_id, line);
            return Ok(false);
        }
        waiting().remove(&run.run_id);
        let mut tx = self.store.begin().await?;
        let done = PayoutRun { state: RunState::Done, ended_at_ms: now_ms, ..run };
        runs::update(&mut tx, &done).await?;
        tx.commit().await?;
        Ok(false)
    }
}

fn refused(item: &RunItem, reason: String) -> RunItem {
    RunItem { state: RunItemState::Refused, reason, ..item.clone() }
}
