//! The demo's whole story, run on real processes: coins bought, gifts sent, a crash, earnings converted and paid, and the proof.
//!
//! The demo is a client like any other: it calls the services over TCP and opens no store. Its own counters are only compared with the results of queries.
//!
//! - [`settings`]: how the installation is configured. [`leaves`]: the names in it. [`facts`], [`plan`], [`fates`]: what is sent and paid, the gifts
//!   derived from a seed.
//! - [`buy`], [`gift`], [`crash`], [`stores`], [`cash`], [`pay`], [`cost`], [`accounts`] with [`banking_day`], [`prove`]: the parts, in order.
//! - [`bank`], [`books`], [`calls`], [`relay`], [`copy`], [`review`], [`outcome`]: what the parts use.
//! - [`summary`], [`tell`], [`attempts`]: what is printed.
use crate::{
    fleet::{self, Fleet},
    installation::{Installation, authorised},
};
use api::gift::ListGiftsRequest;
use bank::BankClient;
use futures::{FutureExt as _, future::LocalBoxFuture};
use identity::Role;
use identity::Service;
use indicatif::{ProgressBar, ProgressStyle};
use money::BookName;
use plan::StoryPlan;
use runtime::command::UntypedError;
use std::{
    fmt,
    path::PathBuf,
    time::{Instant, SystemTime},
};
use summary::StorySummary;

pub mod accounts;
pub mod attempts;
pub mod bank;
pub mod banking_day;
pub mod books;
pub mod buy;
pub mod calls;
pub mod cash;
pub mod copy;
pub mod cost;
pub mod crash;
pub mod facts;
pub mod fates;
pub mod gift;
pub mod leaves;
pub mod outcome;
pub mod pay;
pub mod plan;
pub mod prove;
pub mod relay;
pub mod review;
pub mod settings;
pub mod stores;
pub mod summary;
pub mod tell;

/// The options of a story.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `largesse` binary.
    pub binary: PathBuf,
    /// `sqlite:DIR` or `postgres://…`.
    pub database: String,
    /// For keys, certificates and logs.
    pub data_dir: PathBuf,
    /// A TEST book that has not been used.
    pub book: BookName,
    /// A process for each service.
    pub split: bool,
    /// Whether to leave it running.
    pub keep: bool,
    /// Whether the data directory is there after the end, with the files that are named.
    pub stays: bool,
    /// The seed of the plan.
    pub seed: u64,
    /// Whether to show the progress, on a terminal.
    pub progress: bool,
}

/// A story in progress.
pub struct StoryTelling {
    options: Options,
    fleet: Fleet,
    installation: Installation,
    bank: BankClient,
    plan: StoryPlan,
    /// One token per buyer.
    tokens: Vec<String>,
    bar: ProgressBar,
    /// When it started.
    began: SystemTime,
    missing: Vec<String>,
}

impl StoryTelling {
    /// Records an expected outcome that did not happen.
    fn expect(&mut self, what: &str, holds: bool, found: &str) {
        if !holds {
            self.missing.push(format!("{what}; found: {found}"));
        }
    }

    /// Records two numbers that should be equal and are not.
    fn same<T: PartialEq + fmt::Display>(&mut self, what: &str, one: T, other: T) {
        if one != other {
            self.missing.push(format!("{what}: {one} and {other}"));
        }
    }

    async fn start(options: Options) -> Result<Self, UntypedError> {
        let bar = if options.progress { ProgressBar::new(0) } else { ProgressBar::hidden() };
        bar.set_style(ProgressStyle::with_template("{msg:22} {wide_bar} {percent:>3} %")?);
        bar.set_message("starting the services");
        let began = SystemTime::now();
        let settings = settings::write(&options.data_dir, &leaves::treasury_book(&options.book))?.display().to_string();
        let fleet = Fleet::start(fleet::Options {
            binary: options.binary.clone(),
            database: options.database.clone(),
            data_dir: options.data_dir.clone(),
            book: options.book.to_string(),
            split: options.split,
            services: Service::ALL.to_vec(),
            environment: vec![(runtime::config::FILE_VARIABLE.to_owned(), settings)],
            bank_line: None,
        })
        .await?;
        let installation = Installation::of_fleet(&fleet, options.book.clone())?;
        let token = installation.token("demo", Role::Viewer)?;
        let catalogue = installation.gift().list_gifts(authorised(ListGiftsRequest::default(), &token)?).await?.into_inner().gifts;
        let plan = StoryPlan::try_new(options.seed, &catalogue)?;
        let tokens = plan.buyers.iter().map(|buyer| installation.token(buyer, Role::Viewer)).collect::<Result<_, _>>()?;
        let calls: usize = plan.gifts.iter().map(|gift| gift.calls.len()).sum();
        // Each case of the stores, each conversion and payout, the report, the structure and the proof count as much as a call.
        bar.set_length(u64::try_from(plan.buyers.len() + calls + stores::cases_count() + 2 * fates::FATES.len() + 3)?);
        let bank = BankClient::new(installation.bank_url.clone());
        Ok(Self { options, fleet, installation, bank, plan, tokens, bar, began, missing: Vec::new() })
    }

    async fn tell(&mut self, started: Instant) -> Result<StorySummary, UntypedError> {
        self.bar.set_message("BUY   coins");
        let buy = buy::buy(self).await.map_err(during("BUY"))?;
        self.bar.set_message("GIFT  and a crash");
        let (gift, received) = gift::gift(self).await.map_err(during("GIFT"))?;
        self.bar.set_message("STORES and refunds");
        let stores = stores::stores(self, &buy).await.map_err(during("STORES"))?;
        self.bar.set_message("CASH  diamonds");
        let cash = cash::cash(self, &received).await.map_err(during("CASH"))?;
        self.bar.set_message("PAY   creators");
        let pay = pay::pay(self, &cash).await.map_err(during("PAY"))?;
        self.bar.set_message("COST  of the payouts");
        let cost = cost::cost(self, &pay).await.map_err(during("COST"))?;
        self.bar.set_message("TREASURY accounts");
        let treasury = accounts::accounts(self).await.map_err(during("TREASURY"))?;
        self.bar.set_message("PROVE the books");
        let prove = prove::prove(self, &stores, &pay).await.map_err(during("PROVE"))?;
        let r#try = attempts::attempts(self, &pay)?;
        Ok(StorySummary {
            seed: self.options.seed,
            database: shown(&self.options.database),
            book: self.options.book.to_string(),
            split: self.options.split,
            seconds: started.elapsed().as_secs_f64(),
            missing: self.missing.clone(),
            buy,
            gift,
            stores,
            cash,
            pay,
            cost,
            treasury,
            prove,
            r#try,
        })
    }
}

fn during(part: &'static str) -> impl Fn(UntypedError) -> UntypedError {
    move |fault| format!("{part}: {fault}").into()
}

/// A database's address without a password.
#[must_use]
pub fn shown(database: &str) -> String {
    db::Database::parse(database).map_or_else(|error| error.to_string(), |database| database.shown())
}

/// Runs the whole story. The processes are stopped at the end, also after an error, unless they are to be kept.
/// `None` when `interrupted` completed first.
pub fn run<'a>(options: Options, interrupted: LocalBoxFuture<'a, ()>) -> LocalBoxFuture<'a, Result<Option<StorySummary>, UntypedError>> {
    // Boxed, so that it is compiled in this crate and not in the binary.
    whole(options, interrupted).boxed_local()
}

async fn whole(options: Options, mut interrupted: LocalBoxFuture<'_, ()>) -> Result<Option<StorySummary>, UntypedError> {
    let started = Instant::now();
    // A signal comes first: what fails at the same moment may fail because of it.
    let mut story = tokio::select! {
        biased;
        () = &mut interrupted => return Ok(None),
        story = StoryTelling::start(options) => story?,
    };
    let told = tokio::select! {
        biased;
        () = &mut interrupted => Ok(None),
        told = story.tell(started) => told.map(Some),
    };
    story.bar.finish_and_clear();
    let well = told.as_ref().is_ok_and(|told| told.as_ref().is_some_and(|summary| summary.missing.is_empty()));
    if story.options.keep && well {
        story.fleet.leave_running();
    } else {
        story.fleet.stop().await?;
    }
    told
}
