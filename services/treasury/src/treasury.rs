//! The use cases: the order of their steps.
use crate::{
    config::Config,
    document,
    domain::{
        Change, LeafState, LeafSums, Plan, PlanFacts, Problem, Rule, Structure, StructureFile, forecast::FundingWindow,
        migration::forbidden::forbidden, plan, terms::TreasuryTerms,
    },
    error::Error,
    intake::failing::FailingSources,
    meters,
    reserving::queue::ReservationQueue,
    store::{Application, Applied, Store},
};
use api::ledger::TrialBalanceLine;
use chart::{Account, HouseId, Purpose};
use jiff::civil::Date;
use ledger_client::{LedgerClient, TrialRead};
use money::{
    BookName,
    time::{Clock, utc_day_at},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};
use tokio::sync::Semaphore;

/// Banks' files that may be coming as streams at once in a process: each takes disk space.
const UPLOADS_AT_ONCE: usize = 2;

/// The service behind the RPCs.
#[derive(Clone)]
pub struct Treasury {
    pub(crate) store: Store,
    pub(crate) ledger: LedgerClient,
    pub(crate) book: BookName,
    pub(crate) region: String,
    pub(crate) client_money_markets: Arc<BTreeSet<String>>,
    pub(crate) terms: Arc<TreasuryTerms>,
    pub(crate) funding: Arc<[FundingWindow]>,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    /// Reservations that this process is asked for, and decides together.
    pub(crate) reserving: Arc<ReservationQueue>,
    /// Sources of statements that fail, in this process.
    pub(crate) failing: FailingSources,
    /// Places for banks' files that come as streams, in this process.
    pub(crate) uploading: Arc<Semaphore>,
}

/// The treasury book's balances, at one moment.
#[derive(Debug, Default)]
pub struct Balances {
    /// By leaf.
    pub leaves: BTreeMap<String, LeafSums>,
    /// What is at the bank, by physical account.
    pub cash: BTreeMap<String, i64>,
    /// Sequence number of the last event that they include.
    pub seq: i64,
}

/// What applying a plan did.
#[derive(Debug, Clone, Copy)]
pub struct ApplyOutcome {
    /// The revision and the number of changes.
    pub applied: Applied,
    /// Whether an earlier call had applied it.
    pub replayed: bool,
}

impl Treasury {
    /// Over these tables and this ledger.
    pub(crate) fn new(
        store: Store,
        ledger: LedgerClient,
        config: &Config,
        book: BookName,
        agreed: (TreasuryTerms, Vec<FundingWindow>),
        clock: Clock,
    ) -> Self {
        let markets = config.client_money_markets.iter().cloned().collect();
        let (client_money_markets, terms, funding) = (Arc::new(markets), Arc::new(agreed.0), agreed.1.into());
        let (region, config) = (config.region.clone(), Arc::new(config.clone()));
        Self {
            store,
            ledger,
            book,
            region,
            client_money_markets,
            terms,
            funding,
            config,
            clock,
            reserving: Arc::default(),
            failing: FailingSources::default(),
            uploading: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
        }
    }

    /// What a file would change, and the hash of that.
    pub async fn plan(&self, file: &str) -> Result<(Plan, String), Error> {
        let wanted = document::read(file).map_err(Error::File)?;
        let structure = self.store.structure(self.book.as_str(), None).await?;
        let (balances, old) = (self.balances(&structure).await?, self.store.old_accounts(self.book.as_str()).await?);
        let facts = PlanFacts { today: day((self.clock)()), sums: &balances.leaves, client_money_markets: &self.client_money_markets };
        let mut planned = plan::plan(&structure, &wanted, &facts);
        if let Ok(plan) = &planned {
            let mut problems = forbidden(plan, &wanted, &old);
            problems.extend(self.awaited(plan, &wanted).await?);
            if !problems.is_empty() {
                planned = Err(problems);
            }
        }
        let plan = planned.inspect_err(|problems| meters::refused(problems)).map_err(Error::Refused)?;
        let hash = plan.hash(file);
        Ok((plan, hash))
    }

    /// Entries that close a leaf to which money may still come, or come back: a closed leaf gives nothing any more.
    async fn awaited(&self, plan: &Plan, file: &StructureFile) -> Result<Vec<Problem>, Error> {
        let closed = plan.changes.iter().filter_map(|change| match change {
            Change::SetState { id, state: LeafState::Closed, .. } => Some(id),
            _ => None,
        });
        let closed: BTreeSet<&String> = closed.collect();
        if closed.is_empty() {
            return Ok(Vec::new());
        }
        let awaited = self.store.awaited(self.book.as_str()).await?.into_iter().filter(|(leaf, _)| closed.contains(leaf));
        let problem = |(id, why): (String, &str)| Problem {
            line: file.line_of(&id),
            rule: Rule::Money,
            why: format!("can't be closed: {why}, and its money may come to the leaf"),
            id,
        };
        Ok(awaited.map(problem).collect())
    }

    /// Makes the changes of the plan with this hash, once.
    pub async fn apply(&self, file: &str, hash: &str, by: &str) -> Result<ApplyOutcome, Error> {
        let (book, file_hash) = (self.book.as_str(), plan::file_hash(file));
        if let Some(applied) = self.store.applied(book, hash, &file_hash).await? {
            return Ok(ApplyOutcome { applied, replayed: true });
        }
        let (plan, now_hash) = self.plan(file).await?;
        if now_hash != hash {
            return self.by_other_call(hash, &file_hash).await;
        }
        let change_count = i64::try_from(plan.changes.len()).unwrap_or(i64::MAX);
        if change_count == 0 {
            return Ok(ApplyOutcome { applied: Applied { revision: plan.base, change_count }, replayed: false });
        }
        // Before the structure: accounts without a book would have no balances, a book without accounts has none.
        self.ledger.ensure_book(&self.book, &self.region).await?;
        let application = Application { book, hash, file_hash: &file_hash, by, at: (self.clock)() };
        if self.store.apply(&plan, application).await? {
            meters::applied(&plan);
            tracing::info!(revision = plan.base + 1, changes = change_count, by, "the structure was changed");
            return Ok(ApplyOutcome { applied: Applied { revision: plan.base + 1, change_count }, replayed: false });
        }
        self.by_other_call(hash, &file_hash).await
    }

    /// Another call changed the structure meanwhile; perhaps with the same plan.
    async fn by_other_call(&self, hash: &str, file_hash: &str) -> Result<ApplyOutcome, Error> {
        match self.store.applied(self.book.as_str(), hash, file_hash).await? {
            Some(applied) => Ok(ApplyOutcome { applied, replayed: true }),
            None => Err(Error::PlanChanged),
        }
    }

    /// The structure as it is, or was on a day.
    pub async fn structure(&self, on: Option<Date>) -> Result<Arc<Structure>, Error> {
        Ok(self.store.structure(self.book.as_str(), on).await?)
    }

    /// What is in the leaves and at the banks. Nothing, where the book is not there yet.
    pub async fn balances(&self, structure: &Structure) -> Result<Balances, Error> {
        let (lines, seq) = match self.ledger.trial_balance(&self.book).await? {
            TrialRead::NoBook => return Ok(Balances::default()),
            TrialRead::Changing => return Err(Error::BalancesChanging),
            TrialRead::Lines(lines, seq) => (lines, seq),
        };
        balances_of(structure, &lines, seq)
    }
}

/// What is in the leaves and at the banks, by these lines of the trial balance.
pub(crate) fn balances_of(structure: &Structure, lines: &[TrialBalanceLine], seq: i64) -> Result<Balances, Error> {
    let by_name: BTreeMap<&str, _> = lines.iter().map(|line| (line.accounts.as_str(), line)).collect();
    let mut balances = Balances { seq, ..Balances::default() };
    for node in structure.nodes.values().filter(|node| node.leaf().is_some()) {
        let Some(root) = structure.root(&node.id) else { continue };
        let name = account_name(&node.entity, &node.id, Purpose::VirtualAccount, root.currency);
        let Some(line) = name.as_deref().and_then(|name| by_name.get(name)) else { continue };
        let booked = line.credits_posted.checked_sub(line.debits_posted).ok_or(Error::Overflow)?;
        let sums = LeafSums { booked, pending_debits: line.debits_pending, pending_credits: line.credits_pending };
        balances.leaves.insert(node.id.clone(), sums);
    }
    for account in structure.accounts.values() {
        let name = account_name(&account.entity, &account.id, Purpose::PhysicalCash, account.currency);
        let Some(line) = name.as_deref().and_then(|name| by_name.get(name)) else { continue };
        let cash = line.debits_posted.checked_sub(line.credits_posted).ok_or(Error::Overflow)?;
        balances.cash.insert(account.id.clone(), cash);
    }
    Ok(balances)
}

/// The name of a leaf's or physical account's ledger account; `None` for ids that no structure has.
pub(crate) fn account_name(entity: &str, id: &str, purpose: Purpose, currency: money::Currency) -> Option<String> {
    Some(Account::of_bank_account(HouseId::try_new(entity)?, HouseId::try_new(id)?, purpose, currency).name())
}

/// The day of a moment, in UTC.
pub(crate) fn day(at: SystemTime) -> Date {
    utc_day_at(at)
}
