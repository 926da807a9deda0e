//! What needs a person, the oldest first: read from the tables when it is asked for, and from the results of the last audit run.
use crate::{
    audit::ReadFault,
    explain::{
        StoryScope, StoryTables, StoryTeller, change_thing, refund_thing, run_thing,
        seek::ExplainedThing,
        summaries::{IdKind, ThingSummary},
        tellers,
    },
    health::{CheckResult, ChecksByName, Health},
};
use identity::Role;
use money::{BookName, Money, derive_id, time::unix_ms};
use payout::tables::{PayoutKey, PayoutPhase, PayoutState};
use treasury::tables::KeptCase;
use uuid::Uuid;

/// What a person is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkClass {
    FailedCheck,
    UnknownOutcome,
    StuckPayout,
    UncreditedReceipt,
    OpenProposal,
    OpenCase,
    WaitingDecision,
}

/// Runs of all books that are looked through for those that wait; each is made by a person, and one that nobody decides ends by itself.
const RUNS_MAX: i64 = 1_000;
/// The state of a run that a second person has to approve.
const AWAITING_APPROVAL: &str = "awaiting_approval";

/// How many times longer a payout may stay with a bank that has confirmed it than in any other state.
const ACCEPTED_TIMES: i64 = 4;

/// The place of an item in the list: since when, in Unix milliseconds, and its id. Checks come first, with no time.
pub(crate) type WorkPosition = (i64, Uuid);

/// Something that needs a person.
#[derive(Debug, Clone)]
pub(crate) struct WorkFound {
    pub(crate) class: WorkClass,
    pub(crate) book: String,
    pub(crate) id: String,
    pub(crate) thing: Option<IdKind>,
    pub(crate) told: String,
    pub(crate) state: String,
    pub(crate) amount: Option<(String, i64)>,
    pub(crate) user: String,
    pub(crate) since_ms: Option<i64>,
    pub(crate) runbook: &'static str,
    pub(crate) position: WorkPosition,
}

/// What a request asks for.
pub(crate) struct WorkAsked {
    pub(crate) scope: StoryScope,
    /// Only of this class.
    pub(crate) class: Option<WorkClass>,
    pub(crate) role: Role,
    /// Whether checks of the installation are shown.
    pub(crate) whole: bool,
    pub(crate) after: Option<WorkPosition>,
    /// The most rows read of each kind.
    pub(crate) rows: i64,
    /// How long an outcome may be unknown, or a payout stay in a state, before it needs a person.
    pub(crate) patience_ms: i64,
    pub(crate) now_ms: i64,
}

impl WorkAsked {
    fn wants(&self, class: WorkClass, kind: IdKind) -> bool {
        self.class.is_none_or(|asked| asked == class) && kind.is_for(self.role)
    }

    /// What has not moved since this time needs a person.
    fn before_ms(&self, times: i64) -> i64 {
        self.now_ms.saturating_sub(self.patience_ms.saturating_mul(times))
    }
}

/// The items after the position, in their order; more than `rows` of them if the list continues.
pub(crate) async fn work(tables: &StoryTables, health: &Health, asked: &WorkAsked) -> Result<Vec<WorkFound>, ReadFault> {
    let tellers = tellers(tables, &asked.scope).await?;
    let mut listed: Vec<WorkListed> = failed_checks(health, asked).into_iter().map(|check| WorkListed::Check(Box::new(check))).collect();
    for (at, teller) in tellers.iter().enumerate() {
        let mut things = Vec::new();
        stuck_payouts(teller, asked, &mut things).await?;
        purchases_and_quotes(teller, asked, &mut things).await?;
        proposals_and_cases(teller, asked, &mut things).await?;
        payouts_undecided(teller, asked, &mut things).await?;
        refunds_and_wallets_undecided(teller, asked, &mut things).await?;
        listed.extend(things.into_iter().map(|thing| WorkListed::Thing(at, Box::new(thing))));
    }
    listed.retain(|item| asked.after.is_none_or(|after| item.position() > after));
    listed.sort_by(|a, b| (a.position(), a.book(&tellers)).cmp(&(b.position(), b.book(&tellers))));
    // A summary may read several tables: only of what may be shown.
    listed.truncate(usize::try_from(asked.rows).unwrap_or(usize::MAX));
    let mut found = Vec::new();
    for item in listed {
        found.push(match item {
            WorkListed::Check(check) => *check,
            WorkListed::Thing(at, thing) => thing.found(&tellers[at]).await?,
        });
    }
    Ok(found)
}

/// An item before it has a summary.
enum WorkListed {
    Check(Box<WorkFound>),
    /// Of the teller with this index.
    Thing(usize, Box<WorkThing>),
}

impl WorkListed {
    fn position(&self) -> WorkPosition {
        match self {
            Self::Check(check) => check.position,
            Self::Thing(_, thing) => (thing.since_ms, thing.id),
        }
    }

    fn book<'a>(&'a self, tellers: &'a [StoryTeller]) -> &'a str {
        match self {
            Self::Check(check) => &check.book,
            Self::Thing(at, _) => tellers[*at].name.as_str(),
        }
    }
}

fn failed_checks(health: &Health, asked: &WorkAsked) -> Vec<WorkFound> {
    if asked.class.is_some_and(|class| class != WorkClass::FailedCheck) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut failed = |book: &str, checks: &ChecksByName| {
        for (name, check) in checks {
            let CheckResult::Failed(why) = &check.outcome else { continue };
            found.push(WorkFound {
                class: WorkClass::FailedCheck,
                book: book.to_owned(),
                id: (*name).to_owned(),
                thing: None,
                told: why.clone(),
                state: String::new(),
                amount: None,
                user: String::new(),
                since_ms: check.held_at.map(unix_ms),
                runbook: if *name == "unknown_outcomes" { "outcomes-unknown" } else { "money-audit-failed" },
                position: (i64::MIN, derive_id(Uuid::nil(), &["monitor.check", book, name])),
            });
        }
    };
    if asked.whole {
        failed("", &health.checks);
    }
    for (name, book) in &health.books {
        if BookName::try_new(name).is_ok_and(|name| asked.scope.books.covers(&name)) {
            failed(name, &book.checks);
        }
    }
    found
}

/// What its summary is made from.
enum WorkSource {
    Thing(ExplainedThing),
    Case(Box<KeptCase>),
}

/// A thing of the list, before it has a summary.
struct WorkThing {
    source: WorkSource,
    class: WorkClass,
    state: String,
    amount: Option<(String, i64)>,
    since_ms: i64,
    id: Uuid,
    runbook: &'static str,
}

impl WorkThing {
    async fn found(self, teller: &StoryTeller) -> Result<WorkFound, ReadFault> {
        let Self { source, class, state, amount, since_ms, id, runbook } = self;
        let summary = match &source {
            WorkSource::Thing(thing) => teller.summary(thing).await?,
            WorkSource::Case(case) => teller.case_summary(case),
        };
        let ThingSummary { kind, id: text, book, told, users, .. } = summary;
        let user = users.into_iter().next().unwrap_or_default();
        let (thing, since, position) = (Some(kind), Some(since_ms), (since_ms, id));
        Ok(WorkFound { class, book, id: text, thing, told, state, amount, user, since_ms: since, runbook, position })
    }
}

fn of_money(amount: Money) -> Option<(String, i64)> {
    Some((amount.currency().code().to_owned(), amount.minor_units()))
}

/// Whether the bank has decided, so that only a posting is missing, whatever the payout's state shows.
fn is_decided(phase: PayoutPhase) -> bool {
    matches!(phase, PayoutPhase::Settling | PayoutPhase::Returning | PayoutPhase::Suspending)
}

async fn stuck_payouts(teller: &StoryTeller, asked: &WorkAsked, found: &mut Vec<WorkThing>) -> Result<(), ReadFault> {
    let Some(tables) = &teller.payout else { return Ok(()) };
    let unknown = asked.wants(WorkClass::UnknownOutcome, IdKind::Payout);
    let stuck = asked.wants(WorkClass::StuckPayout, IdKind::Payout);
    if !unknown && !stuck {
        return Ok(());
    }
    for state in [PayoutState::OutcomeUnknown, PayoutState::Requested, PayoutState::Held, PayoutState::Submitted, PayoutState::Accepted] {
        let times = if state == PayoutState::Accepted { ACCEPTED_TIMES } else { 1 };
        if state != PayoutState::OutcomeUnknown && !stuck {
            break;
        }
        let before_ms = asked.before_ms(times);
        // By the query, so that those of one class don't fill the page of another's.
        let decided = if state == PayoutState::OutcomeUnknown && unknown != stuck { Some(stuck) } else { None };
        for payout in tables.in_flight_since(&teller.name, state, decided, before_ms, asked.after, asked.rows).await? {
            let is_unknown = state == PayoutState::OutcomeUnknown && !is_decided(payout.phase);
            let (class, runbook) =
                if is_unknown { (WorkClass::UnknownOutcome, "payout-outcome-unknown") } else { (WorkClass::StuckPayout, "payout-stuck") };
            if !asked.wants(class, IdKind::Payout) {
                continue;
            }
            let (amount, since_ms, id) = (of_money(payout.amount), payout.created_at_ms, payout.payout_id);
            let source = WorkSource::Thing(ExplainedThing::Payout(payout.into()));
            found.push(WorkThing { source, class, state: state.name().to_owned(), amount, since_ms, id, runbook });
        }
    }
    Ok(())
}

async fn purchases_and_quotes(teller: &StoryTeller, asked: &WorkAsked, found: &mut Vec<WorkThing>) -> Result<(), ReadFault> {
    let (before_ms, after, rows) = (asked.before_ms(1), asked.after, asked.rows);
    if let (Some(tables), true) = (&teller.purchase, asked.wants(WorkClass::UncreditedReceipt, IdKind::Purchase)) {
        for purchase in tables.uncredited(&teller.name, before_ms, after, rows).await? {
            let state = if purchase.state == purchase::tables::PurchaseState::Blocked { "blocked" } else { "verified" };
            let thing = WorkThing {
                class: WorkClass::UncreditedReceipt,
                state: state.to_owned(),
                amount: of_money(purchase.value.price),
                since_ms: purchase.created_at_ms,
                id: purchase.purchase_id,
                runbook: "purchase-not-credited",
                source: WorkSource::Thing(ExplainedThing::Purchase(purchase.into())),
            };
            found.push(thing);
        }
    }
    if let (Some(tables), true) = (&teller.purchase, asked.wants(WorkClass::UncreditedReceipt, IdKind::Purchase)) {
        for (since_ms, purchase) in tables.suspended(&teller.name, after, rows).await? {
            let thing = WorkThing {
                class: WorkClass::UncreditedReceipt,
                state: "suspended".to_owned(),
                amount: of_money(purchase.value.price),
                since_ms,
                id: purchase.purchase_id,
                runbook: "money-in-suspense",
                source: WorkSource::Thing(ExplainedThing::Purchase(purchase.into())),
            };
            found.push(thing);
        }
    }
    if let (Some(tables), true) = (&teller.earnings, asked.wants(WorkClass::UnknownOutcome, IdKind::Quote)) {
        for quote in tables.accepting_since(&teller.name, before_ms, after, rows).await? {
            let thing = WorkThing {
                class: WorkClass::UnknownOutcome,
                state: "accepting".to_owned(),
                amount: Some((chart::Unit::Diamond.to_string(), quote.diamonds.get())),
                since_ms: quote.create_time.as_millisecond(),
                id: quote.id,
                runbook: "conversion-not-recorded",
                source: WorkSource::Thing(ExplainedThing::Quote(quote.into())),
            };
            found.push(thing);
        }
    }
    Ok(())
}

async fn proposals_and_cases(teller: &StoryTeller, asked: &WorkAsked, found: &mut Vec<WorkThing>) -> Result<(), ReadFault> {
    if let (Some(tables), true) = (&teller.support, asked.wants(WorkClass::OpenProposal, IdKind::Proposal)) {
        for proposal in tables.open_proposals(&teller.name, asked.now_ms, asked.after, asked.rows).await? {
            let thing = WorkThing {
                class: WorkClass::OpenProposal,
                state: "open".to_owned(),
                amount: None,
                since_ms: proposal.proposed_at_ms,
                id: proposal.id,
                runbook: "proposals-open",
                source: WorkSource::Thing(ExplainedThing::Proposal(proposal.into())),
            };
            found.push(thing);
        }
    }
    if let (Some(tables), true) = (&teller.treasury, asked.wants(WorkClass::OpenCase, IdKind::Case)) {
        for case in tables.open_cases(teller.name.as_str(), asked.after, asked.rows).await? {
            let id = Uuid::try_parse(&case.found.id)?;
            let amount = (case.found.amount != 0).then(|| (case.account.1.clone(), case.found.amount));
            let (state, since_ms) = (case.state.name().to_owned(), case.found_at_ms);
            let (class, source) = (WorkClass::OpenCase, WorkSource::Case(Box::new(case)));
            found.push(WorkThing { source, class, state, amount, since_ms, id, runbook: "bank-cases-open" });
        }
    }
    Ok(())
}

/// Reviews of payouts, each as its payout, and runs of them.
async fn payouts_undecided(teller: &StoryTeller, asked: &WorkAsked, found: &mut Vec<WorkThing>) -> Result<(), ReadFault> {
    let (class, after, rows) = (WorkClass::WaitingDecision, asked.after, asked.rows);
    let Some(tables) = &teller.payout else { return Ok(()) };
    if asked.wants(class, IdKind::Payout) {
        for review in tables.open_reviews(&teller.name, after, rows).await? {
            let payout = tables.payout(&PayoutKey { book: teller.name.clone(), payout_id: review.payout_id }).await?;
            let Some(payout) = payout else { continue };
            let (amount, state) = (of_money(payout.amount), review.kind.name().to_owned());
            let source = WorkSource::Thing(ExplainedThing::Payout(payout.into()));
            let (since_ms, id) = (review.created_at_ms, review.review_id);
            found.push(WorkThing { source, class, state, amount, since_ms, id, runbook: "payout-states" });
        }
    }
    if asked.wants(class, IdKind::PayoutRun) {
        let waiting = tables.waiting_runs(asked.now_ms, RUNS_MAX).await?;
        for run in waiting.into_iter().filter(|run| run.book == teller.name && run.state.name() == AWAITING_APPROVAL) {
            let (state, since_ms, id) = (run.state.name().to_owned(), run.created_at_ms, run.run_id);
            let source = WorkSource::Thing(run_thing(&run));
            found.push(WorkThing { source, class, state, amount: None, since_ms, id, runbook: "payout-states" });
        }
    }
    Ok(())
}

async fn refunds_and_wallets_undecided(teller: &StoryTeller, asked: &WorkAsked, found: &mut Vec<WorkThing>) -> Result<(), ReadFault> {
    let (class, after, rows) = (WorkClass::WaitingDecision, asked.after, asked.rows);
    let Some(tables) = &teller.purchase else { return Ok(()) };
    let state = || "asked".to_owned();
    if asked.wants(class, IdKind::Refund) {
        for order in tables.undecided_refunds(&teller.name, after, rows).await? {
            let (amount, since_ms, id) = (of_money(order.amount), order.created_at_ms, order.refund_id);
            let source = WorkSource::Thing(refund_thing(&order));
            found.push(WorkThing { source, class, state: state(), amount, since_ms, id, runbook: "refunds-need-people" });
        }
    }
    if asked.wants(class, IdKind::WalletChange) {
        for change in tables.undecided_wallet_changes(&teller.name, after, rows).await? {
            let (since_ms, id) = (change.created_at_ms, change.change_id);
            let source = WorkSource::Thing(change_thing(&change));
            found.push(WorkThing { source, class, state: state(), amount: None, since_ms, id, runbook: "wallet-changes" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
