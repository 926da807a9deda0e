//! Money that rules move between physical accounts. A rule moves once for each of its days; what it moves is a sweep, set aside on its account until the bank has
//! debited it, then on its way, then on its leaf.
//!
//! No transfer is sent from here. The payout service, which has the banks, instructs them of sweeps between its accounts and says what they answer; of others
//! staff do. The debit and the credit are recognised in the banks' statements by the sweep's end-to-end id, or said by staff.
//!
//! - [`steps`]: what happens to a sweep after that. `watch`: what the service does by itself.
pub mod steps;
mod watch;

use crate::{
    domain::sweep::{
        SweepFacts, SweepMove,
        check::{SweepBan, SweepRefusal, ends, refused},
        record::{AccountSweep, SweepPlace, SweepState},
        returned,
        rule::{SweepRule, SweepTime, SweepWindow},
    },
    error::Error,
    movements::{Asked, Decided, OpenTurn, TRIES_MAX, Turn},
    postings,
    treasury::{Treasury, day},
};
use jiff::{Timestamp, civil::Date};
use money::time::{moment_us, unix_ms, unix_us};
use rails::{CalendarGap, HolidayCalendars};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a run did about a rule, or about a sweep that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SweepDecision {
    /// It moves this; in a plan, it would.
    Swept(SweepMove),
    /// It moved for this day before.
    Done,
    /// Nothing has to move.
    Nothing,
    /// It is not due.
    NotDue(SweepTime),
    /// A rule forbids it.
    Refused(SweepRefusal),
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepOutcome {
    /// The rule.
    pub rule: String,
    /// The sweep that goes back; `None`: the rule itself.
    pub returns: Option<Uuid>,
    /// What was done.
    pub decision: SweepDecision,
    /// The sweep that was made, now or before.
    pub sweep: Option<AccountSweep>,
    /// When the time of it ends; if it is not due, when it is due next.
    pub next: Option<Timestamp>,
}

/// What is to be decided: a rule on a day, or a sweep that goes back.
struct Candidate<'a> {
    rule_id: &'a str,
    rule: &'a SweepRule,
    returns: Option<&'a AccountSweep>,
}

/// Whether money moves, or a run only says what would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepRun<'a> {
    /// It moves, asked for by this subject.
    By(&'a str),
    /// It does not.
    Plan,
}

impl Treasury {
    /// Goes through what goes back and then through all rules, in their order. A rule that is refused stops no other.
    pub async fn run_sweeps(&self, run: SweepRun<'_>) -> Result<Vec<SweepOutcome>, Error> {
        self.settle_sweeps().await?;
        let now = moment_us(unix_us((self.clock)()));
        let mut outcomes = Vec::new();
        // The day is later in some zones than in UTC; the rule's own day decides.
        let latest = day((self.clock)()).tomorrow().map_err(|_| Error::Overflow)?;
        for sweep in self.store.sweeps_to_return(self.book.as_str(), latest).await? {
            let dated = self.terms.sweeps.iter().find(|rule| rule.id == sweep.rule);
            let outcome = match dated.and_then(|rule| rule.on(sweep.day)) {
                Some(rule) => self.decide_sweep(&Candidate { rule_id: &sweep.rule, rule, returns: Some(&sweep) }, run, now).await?,
                None => {
                    let why = "is not in the settings any more, so nothing says when its money goes back; put its row back";
                    outcome(&sweep.rule, Some(&sweep), SweepDecision::Refused(refused(SweepBan::Rule, &sweep.rule, why)))
                }
            };
            outcomes.push(outcome);
        }
        let terms = std::sync::Arc::clone(&self.terms);
        for dated in &terms.sweeps {
            let Some(rule) = dated.on(day((self.clock)())) else { continue };
            outcomes.push(self.decide_sweep(&Candidate { rule_id: &dated.id, rule, returns: None }, run, now).await?);
        }
        Ok(outcomes)
    }

    /// Sweeps, the newest first, below a number.
    pub async fn sweeps(&self, below: i64, rows_max: i64) -> Result<Vec<AccountSweep>, Error> {
        Ok(self.store.sweeps(self.book.as_str(), below, rows_max).await?)
    }

    async fn decide_sweep(&self, candidate: &Candidate<'_>, run: SweepRun<'_>, now: Timestamp) -> Result<SweepOutcome, Error> {
        let window = match candidate.window(now) {
            Ok(window) => window,
            Err(gap) => {
                let refusal = refused(SweepBan::Calendar, candidate.rule_id, format!("has no answer of its calendar: {gap}"));
                return Ok(outcome(candidate.rule_id, candidate.returns, SweepDecision::Refused(refusal)));
            }
        };
        let because = |decision| SweepOutcome { next: Some(window.next), ..outcome(candidate.rule_id, candidate.returns, decision) };
        if window.time != SweepTime::Due {
            return Ok(because(SweepDecision::NotDue(window.time)));
        }
        let by = if let SweepRun::By(by) = run { by } else { "" };
        let ask = Asked { key: candidate.key(window.day), fields: BTreeMap::new(), by };
        for _ in 0..TRIES_MAX {
            let turn = match self.turn(&ask).await? {
                Turn::Open(turn) => turn,
                Turn::Found(rows) => {
                    let id = rows.first().map(|row| row.movement.posting_key).unwrap_or_default();
                    return Ok(SweepOutcome { sweep: self.store.sweep(self.book.as_str(), id).await?, ..because(SweepDecision::Done) });
                }
            };
            let moved = match self.moved(candidate, &turn).await? {
                Ok(Some(moved)) => moved,
                Ok(None) => return Ok(because(SweepDecision::Nothing)),
                Err(refusal) => return Ok(because(SweepDecision::Refused(refusal))),
            };
            if run == SweepRun::Plan {
                return Ok(because(SweepDecision::Swept(moved)));
            }
            let sweep = self.begun(candidate, &turn, &ask, window.day, &moved)?;
            let drafts = vec![postings::sweeps::sending(sweep.id, &sweep)];
            match self.carry_out(&turn, &ask, Decided { drafts, sweep: Some(sweep.clone()), ..Decided::default() }).await {
                Ok(Some(_)) => {
                    self.announce_sweep(&sweep).await?;
                    tracing::info!(rule = sweep.rule, sweep = %sweep.id, minor_units = sweep.amount, by, "a sweep was begun");
                    return Ok(SweepOutcome { sweep: Some(sweep), ..because(SweepDecision::Swept(moved)) });
                }
                Ok(None) => {}
                Err(Error::Ledger(not_posted)) if not_posted.refusal().is_some() => {
                    self.settle_sweeps().await?;
                    let refusal = refused(SweepBan::Ledger, candidate.rule_id, format!("was refused by the ledger: {not_posted}"));
                    return Ok(because(SweepDecision::Refused(refusal)));
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::MovementsBusy)
    }

    /// What a candidate moves on the balances of its turn.
    async fn moved(&self, candidate: &Candidate<'_>, turn: &OpenTurn) -> Result<Result<Option<SweepMove>, SweepRefusal>, Error> {
        let open = self.store.open_sweeps(self.book.as_str()).await?;
        // Of two calls, the second sees what the first has begun to take back.
        if candidate.returns.is_some_and(|sweep| open.iter().any(|back| back.returns == Some(sweep.id))) {
            return Ok(Ok(None));
        }
        let coming = coming(&open);
        let facts = self.sweep_facts(turn, &coming);
        Ok(match candidate.returns {
            Some(sweep) => returned(&facts, &sweep.to.leaf, &sweep.from.leaf, sweep.amount).map(Some),
            None => candidate.rule.wanted(&facts),
        })
    }

    fn sweep_facts<'a>(&'a self, turn: &'a OpenTurn, coming: &'a BTreeMap<String, i64>) -> SweepFacts<'a> {
        SweepFacts { structure: &turn.structure, view: &turn.view, terms: &self.terms, today: day(turn.now), coming }
    }

    /// The sweep of a move that is allowed.
    fn begun(
        &self,
        candidate: &Candidate<'_>,
        turn: &OpenTurn,
        ask: &Asked<'_>,
        day: Date,
        moved: &SweepMove,
    ) -> Result<AccountSweep, Error> {
        let none = BTreeMap::new();
        let facts = self.sweep_facts(turn, &none);
        let own = ends(&facts, &moved.from, &moved.to).map_err(|refusal| Error::FundsRefused {
            rule: refusal.ban.name(),
            id: refusal.id,
            why: refusal.why,
        })?;
        let goes_back = candidate.rule.overnight && candidate.returns.is_none();
        let return_day = goes_back.then(|| candidate.rule.return_day(&HolidayCalendars::default(), day)).transpose();
        let return_day = return_day.map_err(|gap| Error::FundsRefused {
            rule: SweepBan::Calendar.name(),
            id: candidate.rule_id.to_owned(),
            why: gap.to_string(),
        })?;
        let place = |leaf: &str, account: &crate::domain::PhysicalAccount| SweepPlace {
            account: account.id.clone(),
            account_entity: account.entity.clone(),
            leaf: leaf.to_owned(),
        };
        Ok(AccountSweep {
            id: turn.posting_key(self, ask, 0),
            number: turn.number(0),
            request_key: ask.key.clone(),
            rule: candidate.rule_id.to_owned(),
            day,
            from: place(&moved.from, own.from_account),
            to: place(&moved.to, own.to_account),
            entity: own.from.entity.clone(),
            currency: own.from_account.currency,
            amount: moved.amount,
            return_day,
            returns: candidate.returns.map(|sweep| sweep.id),
            state: SweepState::Planned,
            planned_at_ms: unix_ms(turn.now),
            planned_by: ask.by.to_owned(),
            evidence: String::new(),
            is_by_hand: false,
        })
    }
}

impl Candidate<'_> {
    /// The day of the rule, on which money that goes back is due from its own day on.
    fn window(&self, now: Timestamp) -> Result<SweepWindow, CalendarGap> {
        let calendars = HolidayCalendars::default();
        let Some(sweep) = self.returns else { return self.rule.window(&calendars, now) };
        let window = self.rule.return_window(&calendars, now)?;
        match sweep.return_day.filter(|day| window.time == SweepTime::Due && window.day < *day) {
            Some(day) => Ok(SweepWindow { time: SweepTime::Early, next: self.rule.return_opening(day)?, ..window }),
            None => Ok(window),
        }
    }

    fn key(&self, day: Date) -> String {
        match self.returns {
            Some(sweep) => format!("sweep-return/{}/{day}", sweep.id.hyphenated()),
            None => format!("sweep/{}/{day}", self.rule_id),
        }
    }
}

/// What sweeps that are not over bring, by physical account.
pub(crate) fn coming(open: &[AccountSweep]) -> BTreeMap<String, i64> {
    let mut coming: BTreeMap<String, i64> = BTreeMap::new();
    for sweep in open {
        let sum = coming.entry(sweep.to.account.clone()).or_default();
        *sum = sum.saturating_add(sweep.amount);
    }
    coming
}

fn outcome(rule: &str, returns: Option<&AccountSweep>, decision: SweepDecision) -> SweepOutcome {
    SweepOutcome { rule: rule.to_owned(), returns: returns.map(|sweep| sweep.id), decision, sweep: None, next: None }
}
