//! The use cases of old accounts: the order of their steps. Every posting is decided in a row before it is sent, and sent again under the same id after an
//! interruption.
//!
//! - [`file`]: migration files. [`balances`]: their balances out of banks' statements.
use crate::{
    config::QuietDays,
    domain::{
        bank::is_due,
        migration::{
            ImportedAccount, MigrationPlan, OldMove, OldState, check, closing,
            summary::{self, Summary},
        },
        plan,
    },
    error::Error,
    postings,
    store::{DecidedMove, MigrationRun},
    treasury::{Treasury, account_name, day},
};
use chart::Purpose;
use jiff::civil::Date;
use ledger_client::{NotPosted, PostingDraft, TrialRead, is_final, takes_a_fresh_id};
use money::{Currency, Money, time};
use std::collections::BTreeMap;
use uuid::Uuid;

pub mod balances;
pub mod file;

/// Postings that are sent to the ledger at once: what is lost of an interrupted call's work is at most the marking of these.
const BATCH_MAX: usize = 200;

/// What applying a migration plan did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigrationOutcome {
    /// Accounts that the plan imported.
    pub accounts: i64,
    /// Openings that this call booked.
    pub opened: i64,
    /// Whether an earlier call had applied the plan.
    pub replayed: bool,
}

/// What an attempt to close old accounts did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closing {
    /// Accounts that were closed.
    pub closed: i64,
    /// Those that stay open, each with why.
    pub kept: Vec<(String, String)>,
}

/// How far the migration is.
#[derive(Debug, Clone)]
pub struct MigrationReport {
    /// By currency.
    pub summaries: BTreeMap<Currency, Summary>,
    /// The old accounts.
    pub accounts: BTreeMap<String, ImportedAccount>,
    /// What is still in each.
    pub balances: BTreeMap<String, i64>,
    /// Days without a receipt after which one may be closed.
    pub quiet_days: i32,
}

impl Treasury {
    /// What a migration file would import, and the hash of that.
    pub async fn plan_migration(&self, text: &str) -> Result<(MigrationPlan, String), Error> {
        let wanted = file::read(text).map_err(Error::MigrationFile)?;
        let book = self.book.as_str();
        let (structure, known) = (self.store.structure(book, None).await?, self.store.old_accounts(book).await?);
        let plan = check::check(&structure, &wanted, &known, self.today()).map_err(Error::MigrationRefused)?;
        let hash = plan.hash(text);
        Ok((plan, hash))
    }

    /// Imports the accounts of the plan with this hash, once, and books the openings that are not booked yet.
    pub async fn apply_migration(&self, text: &str, hash: &str, by: &str) -> Result<MigrationOutcome, Error> {
        let (book, file_hash) = (self.book.as_str(), plan::file_hash(text));
        if let Some(accounts) = self.store.migration_run(book, hash, &file_hash).await? {
            return Ok(MigrationOutcome { accounts, opened: self.open(false).await?, replayed: true });
        }
        let (plan, now_hash) = self.plan_migration(text).await?;
        let is_same = now_hash == hash;
        if is_same && plan.accounts.is_empty() {
            return Ok(MigrationOutcome { accounts: 0, opened: self.open(false).await?, replayed: false });
        }
        if is_same {
            self.ledger.ensure_book(&self.book, &self.region).await?;
            let (at_ms, day) = (time::unix_ms((self.clock)()), self.today().to_string());
            let run = MigrationRun { book, hash, file_hash: &file_hash, by, at_ms, day: &day };
            if self.store.import(run, &plan.accounts).await? {
                tracing::info!(accounts = plan.accounts.len(), by, "old accounts were imported");
                let accounts = i64::try_from(plan.accounts.len()).unwrap_or(i64::MAX);
                return Ok(MigrationOutcome { accounts, opened: self.open(false).await?, replayed: false });
            }
        }
        // Another call imported something meanwhile; perhaps this plan.
        let accounts = self.store.migration_run(book, hash, &file_hash).await?.ok_or(Error::PlanChanged)?;
        Ok(MigrationOutcome { accounts, opened: self.open(false).await?, replayed: true })
    }

    /// Books the openings of all accounts that have none yet, or those that are due to be tried without being asked; returns how many.
    pub(crate) async fn open(&self, only_due: bool) -> Result<i64, Error> {
        let now_ms = time::unix_ms((self.clock)());
        let mut planned = self.store.planned_openings(self.book.as_str()).await?;
        planned.retain(|(one, since_ms)| !only_due || is_due(*since_ms, one.begun_at_ms, now_ms));
        let opening =
            |one: &ImportedAccount, begun_at_ms| Some(postings::opening(&self.book, &one.account, one.account.opening()?, begun_at_ms));
        let mut opened = 0;
        for chunk in planned.chunks(BATCH_MAX) {
            let (mut booked, mut failed) = (Vec::new(), None);
            let drafts = chunk.iter().filter_map(|(one, _)| Some((one, opening(one, one.begun_at_ms)?)));
            let (accounts, posts): (Vec<_>, Vec<_>) = drafts.map(|(one, draft)| (one, draft.in_batch())).unzip();
            booked.extend(chunk.iter().filter(|(one, _)| one.account.opening().is_none()).map(|(one, _)| one.account.id.as_str()));
            if !accounts.is_empty() {
                for (one, outcome) in accounts.into_iter().zip(self.ledger.post_batch(&self.book, posts).await?) {
                    match self.opened_now(one, outcome.map(drop), |begun_at_ms| opening(one, begun_at_ms)).await {
                        Ok(()) => booked.push(&one.account.id),
                        Err(error) => failed = failed.or(Some(error)),
                    }
                }
            }
            self.store.opened(self.book.as_str(), &booked).await?;
            opened += i64::try_from(booked.len()).unwrap_or(i64::MAX);
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(opened)
    }

    /// Whether an opening is booked. One that was refused for good, as after an account was frozen or a week has passed, is tried again under another id.
    async fn opened_now(
        &self,
        one: &ImportedAccount,
        outcome: Result<(), NotPosted>,
        opening: impl Fn(i64) -> Option<PostingDraft> + Send,
    ) -> Result<(), Error> {
        let now_ms = time::unix_ms((self.clock)());
        match outcome {
            Err(not_posted) if takes_a_fresh_id(&not_posted, one.begun_at_ms, now_ms) => {
                if !self.store.begin_opening(self.book.as_str(), &one.account.id, one.begun_at_ms, now_ms).await? {
                    return Err(Error::BalancesChanging);
                }
                if let Some(draft) = opening(now_ms) {
                    self.ledger.post(&self.book, draft).await?;
                }
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    /// Books that what these old accounts have, or all of them if there are none named, arrived at the physical accounts of their leaves.
    pub async fn move_old_balances(&self, request_id: Uuid, wanted: &[String]) -> Result<(Vec<OldMove>, bool), Error> {
        let book = self.book.as_str();
        let known = self.known(wanted).await?;
        let replayed = !self.store.moves_of(book, request_id).await?.is_empty();
        // Before the balances are read: what is decided is not in them yet.
        self.book_moves(Some(request_id)).await?;
        if !replayed {
            let structure = self.structure(None).await?;
            let balances = self.old_balances(&known).await?;
            let mut moves = Vec::new();
            for one in known.values().filter(|one| is_wanted(wanted, one) && one.state == OldState::Open) {
                let account = &one.account;
                let balance = balances.get(&account.id).copied().unwrap_or_default();
                let Some(root) = structure.root(&account.leaf).filter(|_| balance > 0) else { continue };
                let moved = OldMove {
                    request_id,
                    account_id: account.id.clone(),
                    entity: account.entity.clone(),
                    amount: Money::try_new(account.currency, balance).map_err(|_| Error::Overflow)?,
                    leaf: account.leaf.clone(),
                    cash_account: root.id.clone(),
                    cash_entity: root.entity.clone(),
                    decided_at_ms: time::unix_ms((self.clock)()),
                };
                moves.push(DecidedMove { moved, moves_before: one.moves });
            }
            if !self.store.decide_moves(book, &moves).await? {
                return Err(Error::BalancesChanging);
            }
            self.book_moves(Some(request_id)).await?;
        }
        Ok((self.store.moves_of(book, request_id).await?, replayed))
    }

    /// Posts all moves that are decided. One that the ledger refused for good is forgotten, which is an error only of the request that asked for it.
    pub(crate) async fn book_moves(&self, own: Option<Uuid>) -> Result<(), Error> {
        let book = self.book.as_str();
        let decided = self.store.unbooked_moves(book).await?;
        for chunk in decided.chunks(BATCH_MAX) {
            let posts = chunk.iter().map(|moved| postings::arrival(&self.book, moved).in_batch()).collect();
            let (mut booked, mut refused, mut failed) = (Vec::new(), Vec::new(), None);
            for (moved, outcome) in chunk.iter().zip(self.ledger.post_batch(&self.book, posts).await?) {
                match outcome {
                    Ok(_) => booked.push(moved),
                    Err(error) if is_final(&error, moved.planned_at_ms(), time::unix_ms((self.clock)())) => {
                        tracing::warn!(account = moved.account_id, %error, "the move of an old account's balance was refused");
                        refused.push(moved);
                        failed = failed.or((own == Some(moved.request_id)).then_some(error));
                    }
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            self.store.booked_moves(book, &booked).await?;
            self.store.forget_moves(book, &refused).await?;
            if let Some(error) = failed {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Closes the old accounts that can be closed, of these or of all.
    pub async fn close_old_accounts(&self, wanted: &[String]) -> Result<Closing, Error> {
        let known = self.known(wanted).await?;
        let (balances, quiet_days, today) = (self.old_balances(&known).await?, self.quiet_days(), self.today());
        let mut closing = Closing::default();
        for one in known.values().filter(|one| is_wanted(wanted, one) && one.state != OldState::Closed) {
            let balance = balances.get(&one.account.id).copied().unwrap_or_default();
            match closing::hindrance(one, balance, quiet_days, today) {
                Some(why) => closing.kept.push((one.account.id.clone(), why)),
                None if self.store.close_old(self.book.as_str(), one).await? => closing.closed += 1,
                None => closing.kept.push((one.account.id.clone(), "it was changed meanwhile".to_owned())),
            }
        }
        Ok(closing)
    }

    /// How far the migration is.
    pub async fn migration_report(&self) -> Result<MigrationReport, Error> {
        let (structure, accounts) = (self.structure(None).await?, self.known(&[]).await?);
        let balances = self.old_balances(&accounts).await?;
        let summaries = summary::summarise(&accounts, &balances, &structure, &self.config.bank_costs, self.today());
        let summaries = summaries.ok_or(Error::Overflow)?;
        Ok(MigrationReport { summaries, accounts, balances, quiet_days: self.quiet_days() })
    }

    pub(crate) fn today(&self) -> Date {
        day((self.clock)())
    }

    fn quiet_days(&self) -> i32 {
        QuietDays::at(&self.config.migration_quiet_days, self.today())
    }

    /// All old accounts; refuses ids of none.
    async fn known(&self, wanted: &[String]) -> Result<BTreeMap<String, ImportedAccount>, Error> {
        let known = self.store.old_accounts(self.book.as_str()).await?;
        match wanted.iter().find(|id| !known.contains_key(*id)) {
            Some(unknown) => Err(Error::OldAccountUnknown { account: unknown.clone() }),
            None => Ok(known),
        }
    }

    /// What the treasury book says is in each old account.
    async fn old_balances(&self, known: &BTreeMap<String, ImportedAccount>) -> Result<BTreeMap<String, i64>, Error> {
        let lines = match self.ledger.trial_balance(&self.book).await? {
            TrialRead::NoBook => return Ok(BTreeMap::new()),
            TrialRead::Changing => return Err(Error::BalancesChanging),
            TrialRead::Lines(lines, _) => lines,
        };
        let by_name: BTreeMap<&str, _> = lines.iter().map(|line| (line.accounts.as_str(), line)).collect();
        let mut balances = BTreeMap::new();
        for account in known.values().map(|one| &one.account) {
            let name = account_name(&account.entity, &account.id, Purpose::VirtualAccount, account.currency);
            let Some(line) = name.as_deref().and_then(|name| by_name.get(name)) else { continue };
            balances.insert(account.id.clone(), line.credits_posted.checked_sub(line.debits_posted).ok_or(Error::Overflow)?);
        }
        Ok(balances)
    }
}

fn is_wanted(wanted: &[String], one: &ImportedAccount) -> bool {
    wanted.is_empty() || wanted.contains(&one.account.id)
}
