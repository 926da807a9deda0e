//! Requests the payouts of approved runs, as fast as the options allow. Each item's request id follows from run and line, so a crash at any point leaves an item
//! that is requested again, and that RequestPayout recognises.

use super::checking::PayableLine;
use crate::{
    banks::Bank,
    beneficiaries::unseal,
    domain::run::{ItemPace, PayoutRun, RUN_PAGE, RunItem, RunItemState, RunState},
    error::Error,
    payouts::{PayoutRequest, Payouts},
    routes::PayoutBounds,
    store::{run_items, runs},
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
/// Items requested at the same time: each waits for the ledger's commit.
const AT_ONCE: usize = 48;

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

    /// Requests the next items of a run. True: it requested as many as it was allowed, and there may be more.
    async fn pay_run(&self, run: PayoutRun, pace: &mut ItemPace, now_ms: i64) -> Result<bool, Error> {
        let stale_ms = now_ms.saturating_sub(millis(self.config.lease));
        let limit = i64::try_from(RUN_PAGE).unwrap_or(i64::MAX);
        let items = self.store.startable(&run, stale_ms, limit).await?;
        if items.is_empty() {
            return self.end_run(run, now_ms).await;
        }
        let Some(kind) = self.ledger.book(&run.book).await? else { return Ok(false) };
        let items = self.with_room(&run, items, kind, now_ms).await?;
        let granted = pace.grant(now_ms, items.len());
        let mut claimed = Vec::new();
        let mut tx = self.store.begin().await?;
        for item in items.into_iter().take(granted) {
            let starting = RunItem { state: RunItemState::Starting, claimed_at_ms: now_ms, ..item.clone() };
            if run_items::advance(&mut tx, &run, &item, &starting).await? {
                claimed.push(starting);
            }
        }
        tx.commit().await?;
        let any = !claimed.is_empty();
        let started = stream::iter(claimed).map(|item| self.start_item(&run, item)).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        for failed in started.into_iter().filter_map(Result::err) {
            tracing::warn!(run_id = %run.run_id, %failed, "an item of a run is not requested yet; it is tried again after its lease");
        }
        Ok(any)
    }

    /// The items whose banks have room for them, at most as many as there is room for.
    async fn with_room(&self, run: &PayoutRun, items: Vec<RunItem>, kind: BookKind, now_ms: i64) -> Result<Vec<RunItem>, Error> {
        let most = i64::from(self.config.runs.in_flight_per_bank_max);
        let busy = self.store.busy_banks().await?;
        // A file takes any number, and what is in one waits for its banking day without keeping the bank busy.
        let of = |bank: &Bank| if bank.connector.files().is_some() { i64::MAX } else { most - busy.get(&bank.name).copied().unwrap_or(0) };
        let mut room: BTreeMap<String, i64> = self.banks.all().iter().map(|bank| (bank.name.clone(), of(bank))).collect();
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

    /// Requests an item's payout, and records the answer.
    async fn start_item(&self, run: &PayoutRun, item: RunItem) -> Result<(), Error> {
        let Some(line) = PayableLine::read(&item) else {
            return self.end_item(run, item, "MALFORMED: the line can't be read".to_owned()).await;
        };
        let request_id =
            RequestId::parse(&run.item_request_id(item.line_no).to_string()).map_err(|_| crate::store::Error::Row("request id"))?;
        let ask =
            PayoutRequest { book: run.book.clone(), user: line.user, request_id, beneficiary_id: line.beneficiary_id, amount: line.amount };
        match self.request(&ask, SystemTime::now()).await {
            Ok((payout, _)) => {
                let started = RunItem { state: RunItemState::Started, payout_id: payout.payout_id.to_string(), ..item.clone() };
                self.record_item(run, &item, &started).await
            }
            Err(Error::Kept(refusal)) => self.end_item(run, item, refusal.message().to_owned()).await,
            Err(error @ (Error::RequestIdTime(_) | Error::Refused(_) | Error::Reused(_))) => {
                self.end_item(run, item, error.to_string()).await
            }
            Err(error) => Err(error),
        }
    }

    async fn end_item(&self, run: &PayoutRun, item: RunItem, reason: String) -> Result<(), Error> {
        let refused = RunItem { state: RunItemState::Refused, reason, ..item.clone() };
        self.record_item(run, &item, &refused).await
    }

    /// Another process may have taken the item over meanwhile; it gets the same answer, and one of them records it.
    async fn record_item(&self, run: &PayoutRun, item: &RunItem, next: &RunItem) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        run_items::advance(&mut tx, run, item, next).await?;
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
