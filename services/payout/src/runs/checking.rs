//! Collects a run's lines from creators, and checks every line before anything is held. A page at a time, so that memory is bounded and a crash costs one page.

use crate::{
    beneficiaries::unseal,
    domain::{
        CostBearer,
        payee_check::PayeeStanding,
        run::{PayoutRun, RUN_LINES_MAX, RUN_PAGE, RunItem, RunItemState, RunState, chained_hash},
    },
    error::{Error, PayoutRefusal},
    payouts::Payouts,
    routes::{PayoutBounds, why_none},
    store::{PageStart, run_items, runs},
};
use chart::BookKind;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use money::{Currency, Money, UserKey};
use uuid::Uuid;

/// Lines checked, and creators looked up, at the same time: each waits for a few reads.
const AT_ONCE: usize = 8;
/// Beneficiaries of one creator among which the newest usable one is looked for.
const BENEFICIARIES_READ_MAX: i64 = 50;

fn page_rows() -> i64 {
    i64::try_from(RUN_PAGE).unwrap_or(i64::MAX)
}

impl Payouts {
    /// Checks the next page of a run, or collects it. False: another process has advanced the run.
    pub(crate) async fn check_run(&self, run: PayoutRun, now_ms: i64) -> Result<bool, Error> {
        let Some(kind) = self.ledger.book(&run.book).await? else { return Err(PayoutRefusal::BookUnknown.into()) };
        if !run.collected {
            return self.collect(run).await;
        }
        let page = run_items::page(&mut *self.store.reader().await?, &run, run.checked, page_rows()).await?;
        let mut next = run.clone();
        let checked = &run;
        let checks = stream::iter(page.clone()).map(|item| async move { self.fault(checked, &item, kind, now_ms).await }).buffered(AT_ONCE);
        let faults: Vec<Option<String>> = checks.try_collect().await?;
        let mut tx = self.store.begin().await?;
        for (item, fault) in page.iter().zip(&faults) {
            next.lines_hash = chained_hash(&next.lines_hash, item);
            next.checked = item.line_no;
            if let Some(why) = fault {
                next.faults += 1;
                run_items::set_fault(&mut tx, &run, item.line_no, why).await?;
            }
        }
        if next.checked >= next.lines {
            if next.lines == 0 && next.problem.is_empty() {
                "the run has no lines".clone_into(&mut next.problem);
            }
            let bad = next.faults > 0 || !next.problem.is_empty();
            next.state = if bad { RunState::Refused } else { RunState::AwaitingApproval };
            next.checked_at_ms = now_ms;
        }
        if runs::update(&mut tx, &next).await?.is_none() {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds the lines of the next creators above the threshold.
    async fn collect(&self, run: PayoutRun) -> Result<bool, Error> {
        let Some(above) = run.above else { return Err(crate::store::Error::Row("source of a run").into()) };
        let users = self.store.payees_after(&run.book, above.currency().code(), &run.collected_to, page_rows()).await?;
        let collected = &run;
        let found =
            stream::iter(users.clone()).map(|user| async move { self.payable_line(collected, &user, above).await }).buffered(AT_ONCE);
        let found: Vec<Option<RunItem>> = found.try_collect().await?;
        let numbered = (run.lines + 1..).zip(found.into_iter().flatten());
        let lines: Vec<RunItem> = numbered.map(|(line_no, item)| RunItem { line_no, ..item }).collect();
        let mut next = run.clone();
        match users.last() {
            Some(last) => next.collected_to.clone_from(last),
            None => next.collected = true,
        }
        next.lines = lines.last().map_or(run.lines, |item| item.line_no);
        let mut tx = self.store.begin().await?;
        if next.lines > RUN_LINES_MAX {
            next.state = RunState::Refused;
            next.problem = format!("more than {RUN_LINES_MAX} creators are above the threshold; raise it");
            next.lines = run.lines;
        } else {
            run_items::insert(&mut tx, &run, &lines).await?;
        }
        if runs::update(&mut tx, &next).await?.is_none() {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The line that pays a creator all that is payable, if that is enough and there is a beneficiary for it.
    async fn payable_line(&self, run: &PayoutRun, user: &str, above: Money) -> Result<Option<RunItem>, Error> {
        let user = UserKey::try_new(user).map_err(|_| crate::store::Error::Row("user key"))?;
        let rows = self.store.usable_beneficiaries(&run.book, &user, PageStart::NEWEST, BENEFICIARIES_READ_MAX).await?;
        let confirmed = |standing| matches!(standing, PayeeStanding::Match | PayeeStanding::Confirmed | PayeeStanding::NotPossible);
        let newest = rows.iter().find(|row| row.currency == above.currency() && (confirmed(row.payee_check) || row.is_asked_again()));
        let Some(beneficiary) = newest else { return Ok(None) };
        let payable = self.ledger.creator_payable(&run.book, &user, above.currency()).await?;
        if payable.frozen || payable.available.minor_units() < above.minor_units() {
            return Ok(None);
        }
        Ok(Some(RunItem {
            line_no: 0,
            user: user.to_string(),
            beneficiary_id: beneficiary.beneficiary_id.to_string(),
            currency: above.currency().code().to_owned(),
            minor_units: payable.available.minor_units(),
            state: RunItemState::Pending,
            claimed_at_ms: 0,
            payout_id: String::new(),
            reason: String::new(),
        }))
    }

    /// Why a line can't be paid; none if it can, as of now.
    async fn fault(&self, run: &PayoutRun, item: &RunItem, kind: BookKind, now_ms: i64) -> Result<Option<String>, Error> {
        if !item.reason.is_empty() {
            return Ok(Some(item.reason.clone()));
        }
        let Some(line) = PayableLine::read(item) else { return Ok(Some("MALFORMED: the line can't be read".to_owned())) };
        let beneficiary = self.store.beneficiary(&run.book, line.beneficiary_id).await?;
        let beneficiary = beneficiary.filter(|found| found.user == line.user && !found.is_deleted());
        let Some(beneficiary) = beneficiary else { return Ok(Some(worded(&PayoutRefusal::BeneficiaryUnknown))) };
        if beneficiary.currency != line.amount.currency() {
            return Ok(Some(worded(&PayoutRefusal::CurrencyUnsupported)));
        }
        if let Some(other) = self.store.run_line_twice(run, item).await? {
            return Ok(Some(format!("LINE_TWICE: line {other} pays the same beneficiary")));
        }
        let payee = unseal(&self.vault, &run.book, &beneficiary)?;
        let options = self.options(&payee, line.amount, PayoutBounds { kind, entity: None, rails_tried: "" }, now_ms);
        if options.choice.chosen.is_none() {
            return Ok(Some(worded(&why_none(&options))));
        }
        if options.bearer == CostBearer::Creator && options.cost_minor_units >= line.amount.minor_units() {
            return Ok(Some(worded(&PayoutRefusal::AmountTooSmall { cost_minor_units: options.cost_minor_units })));
        }
        let payable = self.ledger.creator_payable(&run.book, &line.user, line.amount.currency()).await?;
        if payable.frozen {
            return Ok(Some("ACCOUNT_FROZEN: the creator's account is frozen".to_owned()));
        }
        let total = self.store.run_user_total(run, item).await?;
        if total > i128::from(payable.available.minor_units()) {
            return Ok(Some("INSUFFICIENT_FUNDS: the run pays more than the creator has".to_owned()));
        }
        Ok(None)
    }
}

/// A refusal, in one text.
fn worded(refusal: &PayoutRefusal) -> String {
    format!("{}: {refusal}", refusal.reason())
}

/// A line whose texts have their form.
pub(crate) struct PayableLine {
    /// The creator.
    pub user: UserKey,
    /// The beneficiary.
    pub beneficiary_id: Uuid,
    /// The amount.
    pub amount: Money,
}

impl PayableLine {
    /// `None`: a field of it is malformed.
    pub(crate) fn read(item: &RunItem) -> Option<Self> {
        let currency = Currency::try_new(&item.currency).ok()?;
        let amount = Money::try_new(currency, item.minor_units).ok().filter(|amount| amount.minor_units() > 0)?;
        Some(Self { user: UserKey::try_new(&item.user).ok()?, beneficiary_id: Uuid::try_parse(&item.beneficiary_id).ok()?, amount })
    }
}
