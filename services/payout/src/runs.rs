//! Runs of payouts: created in pages, checked as a whole, approved by another person or rejected, and then paid item by item.
//!
//! - [`checking`]: collects and checks the lines. [`paying`]: requests the items' payouts. [`refusal`]: why a call is refused.

pub mod checking;
pub mod paying;
pub mod refusal;

pub use refusal::RunRefusal;

use crate::{
    cancel::CancelRequest,
    domain::{
        PayoutKey,
        run::{PayoutRun, RUN_LINES_MAX, RUN_PAGE, RunItem, RunItemState, RunState, chained_hash},
    },
    error::Error,
    payouts::Payouts,
    store::{
        run_items::{self, ListedItems, RunSumKey},
        runs,
    },
};
use money::{
    BookName, Money, RequestId, UserKey, derive_id,
    time::{millis, unix_ms},
};
use std::{collections::BTreeMap, time::SystemTime};
use uuid::Uuid;

/// Tries against other writers of a run's row.
const TRIES_MAX: usize = 16;
/// Runs that expire in one round; the next round is a moment later.
const EXPIRED_MAX: i64 = 100;

/// A page of lines, or all creators above a threshold.
#[derive(Debug, Clone)]
pub struct RunPage {
    /// The book.
    pub book: BookName,
    /// Who creates the run: the subject of the request id.
    pub subject: UserKey,
    /// Names the run; the same for all its pages.
    pub request_id: RequestId,
    /// Number of the first line, from 1.
    pub first_line_no: i64,
    /// The lines as they were sent, at most [`RUN_PAGE`]; `reason` says what is malformed in one.
    pub lines: Vec<RunItem>,
    /// No more lines follow.
    pub complete: bool,
    /// All creators with at least this much instead.
    pub above: Option<Money>,
}

/// An act on a run.
#[derive(Debug, Clone)]
pub struct RunAct {
    /// The book.
    pub book: BookName,
    /// The run.
    pub run_id: Uuid,
    /// Who acts.
    pub subject: UserKey,
    /// The client's id.
    pub request_id: RequestId,
}

/// Counts and sums of a run by state.
pub type RunSums = BTreeMap<RunSumKey, (i64, i128)>;

impl Payouts {
    /// Stores a page of a run. True when it had been stored before.
    pub async fn create_run(&self, page: &RunPage, now: SystemTime) -> Result<(PayoutRun, bool), Error> {
        for _ in 0..TRIES_MAX {
            if let Some((run, replayed)) = self.store_page(page, now).await? {
                self.runs_due.notify_one();
                return Ok((run, replayed));
            }
        }
        Err(Error::HoldUnknown)
    }

    /// `None`: another page of the run was stored meanwhile.
    async fn store_page(&self, page: &RunPage, now: SystemTime) -> Result<Option<(PayoutRun, bool)>, Error> {
        let now_ms = unix_ms(now);
        let run_id = derive_id(page.request_id.uuid(), &["payout.run", page.book.as_str(), page.subject.as_str()]);
        let mut tx = self.store.begin().await?;
        let known = runs::get(&mut tx, &page.book, run_id).await?;
        let was_there = known.is_some();
        let run = match known {
            Some(run) => run,
            None => {
                let timely = money::IdTimeBounds::default().check(page.request_id.uuid(), now_ms.unsigned_abs());
                timely.map_err(Error::RequestIdTime)?;
                let run = new_run(page, run_id, now_ms);
                if !runs::insert(&mut tx, &run).await? {
                    return Ok(None);
                }
                run
            }
        };
        if run.above != page.above {
            return Err(Error::Reused(vec!["creators_above".to_owned()]));
        }
        if run.above.is_some() {
            tx.commit().await?;
            return Ok(Some((run, was_there)));
        }
        let count = i64::try_from(page.lines.len()).unwrap_or(i64::MAX);
        let last = page.first_line_no.saturating_add(count) - 1;
        let stored_before = was_there && last <= run.lines && (count > 0 || run.state != RunState::Open);
        if stored_before {
            let stored = run_items::page(&mut tx, &run, page.first_line_no - 1, count).await?;
            let same = |(sent, kept): (&RunItem, &RunItem)| {
                (&sent.user, &sent.beneficiary_id, &sent.currency, sent.minor_units)
                    == (&kept.user, &kept.beneficiary_id, &kept.currency, kept.minor_units)
            };
            if !page.lines.iter().zip(&stored).all(same) {
                return Err(Error::Reused(vec!["lines".to_owned()]));
            }
            if !(page.complete && run.state == RunState::Open) {
                return Ok(Some((run, true)));
            }
        }
        if run.state != RunState::Open {
            return Err(RunRefusal::Complete.into());
        }
        let mut next = run.clone();
        if !stored_before {
            if page.first_line_no != run.lines + 1 {
                return Err(RunRefusal::LinesMissing { lines: run.lines }.into());
            }
            if last > RUN_LINES_MAX {
                return Err(RunRefusal::TooLong.into());
            }
            run_items::insert(&mut tx, &run, &page.lines).await?;
            next.lines = last;
        }
        if page.complete {
            next.state = RunState::Checking;
        }
        let Some(saved) = runs::update(&mut tx, &next).await? else { return Ok(None) };
        tx.commit().await?;
        Ok(Some((saved, stored_before)))
    }

    /// A run.
    pub async fn run(&self, book: &BookName, run_id: Uuid) -> Result<PayoutRun, Error> {
        Ok(self.store.run(book, run_id).await?.ok_or(RunRefusal::Unknown)?)
    }

    /// Counts and sums of a run's items, read in pages.
    pub async fn run_sums(&self, run: &PayoutRun) -> Result<RunSums, Error> {
        let (mut sums, mut after) = (RunSums::new(), 0);
        loop {
            let listed = ListedItems { after, state: None, payout_state: "", limit: i64::try_from(RUN_PAGE).unwrap_or(i64::MAX) };
            let page = self.store.listed_items(&run.book, run.run_id, listed).await?;
            let Some((last, _)) = page.last() else { return Ok(sums) };
            after = last.line_no;
            for (item, payout_state) in page {
                let state = if item.state == RunItemState::Starting { RunItemState::Pending } else { item.state };
                let sum = sums.entry((state, payout_state, item.currency)).or_default();
                *sum = (sum.0 + 1, sum.1 + i128::from(item.minor_units));
            }
        }
    }

    /// Approves a run whose lines have this hash. True when this person had approved it before.
    pub async fn approve_run(&self, act: &RunAct, lines_hash: &str, now: SystemTime) -> Result<(PayoutRun, bool), Error> {
        let run = self.run(&act.book, act.run_id).await?;
        if run.created_by == act.subject.as_str() {
            return Err(RunRefusal::Own.into());
        }
        let approved = run.approved_by == act.subject.as_str() && matches!(run.state, RunState::Running | RunState::Done);
        if approved && run.lines_hash == lines_hash {
            return Ok((run, true));
        }
        if run.state != RunState::AwaitingApproval {
            return Err(RunRefusal::NotReady { state: run.state.name() }.into());
        }
        if self.has_expired(&run, unix_ms(now)) {
            return Err(RunRefusal::NotReady { state: RunState::Expired.name() }.into());
        }
        // Of the lines as they are stored now, not as they were when they were checked.
        if run.lines_hash != lines_hash || self.stored_hash(&run).await? != lines_hash {
            return Err(RunRefusal::Changed.into());
        }
        let next = PayoutRun { state: RunState::Running, approved_by: act.subject.to_string(), approved_at_ms: unix_ms(now), ..run };
        let mut tx = self.store.begin().await?;
        let Some(saved) = runs::update(&mut tx, &next).await? else { return Err(Error::HoldUnknown) };
        tx.commit().await?;
        self.runs_due.notify_one();
        Ok((saved, false))
    }

    /// Rejects a run that was not approved. True when this person had rejected it before.
    pub async fn reject_run(&self, act: &RunAct, now: SystemTime) -> Result<(PayoutRun, bool), Error> {
        for _ in 0..TRIES_MAX {
            let run = self.run(&act.book, act.run_id).await?;
            if run.state == RunState::Rejected && run.rejected_by == act.subject.as_str() {
                return Ok((run, true));
            }
            if !matches!(run.state, RunState::Open | RunState::Checking | RunState::AwaitingApproval) {
                return Err(RunRefusal::NotReady { state: run.state.name() }.into());
            }
            let rejected_by = act.subject.to_string();
            let next = PayoutRun { state: RunState::Rejected, rejected_by, ended_at_ms: unix_ms(now), ..run };
            let mut tx = self.store.begin().await?;
            if let Some(saved) = runs::update(&mut tx, &next).await? {
                tx.commit().await?;
                return Ok((saved, false));
            }
            tx.rollback().await?;
        }
        Err(Error::HoldUnknown)
    }

    fn has_expired(&self, run: &PayoutRun, now_ms: i64) -> bool {
        run.expires_at_ms(millis(self.config.runs.approval_expiry)).is_some_and(|at_ms| at_ms <= now_ms)
    }

    /// Ends runs for whose approval the time has passed, as of `now_ms`; returns how many. One that is approved at the same moment is paid or expires, not both: each
    /// write compares the version that was read.
    pub async fn expire_runs(&self, now_ms: i64) -> Result<u64, Error> {
        let expiry_ms = millis(self.config.runs.approval_expiry);
        if expiry_ms == 0 {
            return Ok(0);
        }
        let mut expired = 0;
        for run in self.store.waiting_runs(now_ms.saturating_sub(expiry_ms), EXPIRED_MAX).await? {
            if !self.has_expired(&run, now_ms) {
                continue;
            }
            let mut tx = self.store.begin().await?;
            let next = PayoutRun { state: RunState::Expired, ended_at_ms: now_ms, ..run };
            expired += u64::from(runs::update(&mut tx, &next).await?.is_some());
            tx.commit().await?;
        }
        Ok(expired)
    }

    async fn stored_hash(&self, run: &PayoutRun) -> Result<String, Error> {
        let (mut hash, mut after) = (String::new(), 0);
        let mut tx = self.store.begin().await?;
        loop {
            let page = run_items::page(&mut tx, run, after, i64::try_from(RUN_PAGE).unwrap_or(i64::MAX)).await?;
            let Some(last) = page.last() else { break };
            after = last.line_no;
            hash = page.iter().fold(hash, |before, item| chained_hash(&before, item));
        }
        tx.rollback().await?;
        Ok(hash)
    }

    /// Cancels an item: at once if its payout was not requested, else its payout.
    pub async fn cancel_run_item(&self, act: &RunAct, line_no: i64, now: SystemTime) -> Result<(), Error> {
        let run = self.run(&act.book, act.run_id).await?;
        for _ in 0..TRIES_MAX {
            let item = self.store.run_item(&run, line_no).await?.ok_or(RunRefusal::ItemUnknown)?;
            match item.state {
                RunItemState::Cancelled => return Ok(()),
                RunItemState::Refused => return Err(RunRefusal::ItemEnded { state: "refused" }.into()),
                // It may or may not be held by now.
                RunItemState::Starting => return Err(Error::HoldUnknown),
                RunItemState::Started => {
                    let payout_id = Uuid::try_parse(&item.payout_id).map_err(|_| crate::store::Error::Row("payout id"))?;
                    let payout_key = PayoutKey { book: act.book.clone(), payout_id };
                    let cancel = CancelRequest { payout_key, subject: act.subject.clone(), request_id: act.request_id };
                    return self.cancel(&cancel, now).await.map(|_| ());
                }
                RunItemState::Pending => {
                    let cancelled = RunItem { state: RunItemState::Cancelled, ..item.clone() };
                    let mut tx = self.store.begin().await?;
                    if run_items::advance(&mut tx, &run, &item, &cancelled).await? {
                        tx.commit().await?;
                        return Ok(());
                    }
                    tx.rollback().await?;
                }
            }
        }
        Err(Error::HoldUnknown)
    }
}

fn new_run(page: &RunPage, run_id: Uuid, now_ms: i64) -> PayoutRun {
    PayoutRun {
        book: page.book.clone(),
        run_id,
        request_id: page.request_id.uuid(),
        created_by: page.subject.to_string(),
        state: if page.above.is_some() { RunState::Checking } else { RunState::Open },
        above: page.above,
        collected_to: String::new(),
        collected: page.above.is_none(),
        lines: 0,
        checked: 0,
        faults: 0,
        problem: String::new(),
        lines_hash: String::new(),
        approved_by: String::new(),
        approved_at_ms: 0,
        rejected_by: String::new(),
        checked_at_ms: 0,
        created_at_ms: now_ms,
        ended_at_ms: 0,
        version: 1,
    }
}
