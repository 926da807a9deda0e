//! Options of the payout service.
//!
//! - `bank`: a bank, its accounts and rails. `route`: the choice of rails. `review`: screening, approval and limits. `run`: how fast runs are paid.
//!   `returns`: what comes after a payout was paid.
//! - `entity`: names of legal entities on whose behalf is paid. `api`: what only banks that speak JSON need. `nacha`: what only banks that take ACH files need. `callback`: what proves that a callback is from a bank.
//!   `address`: where banks may be.

mod address;
mod api;
mod bank;
mod callback;
mod entity;
mod nacha;
mod returns;
mod review;
mod route;
mod run;

pub use api::{ApiBankConfig, SandboxApiAccess};
pub use bank::{BankAccountConfig, BankBooksKind, BankConfig, BankProtocol, BankRailConfig, CallbackProof};
pub use callback::CALLBACK_HEADERS;
pub use entity::EntityConfig;
pub use nacha::NachaBankConfig;
pub use returns::ReturnsConfig;
pub use review::{ApprovalConfig, ReviewConfig, ScreeningConfig, ScreeningListConfig, TierConfig, TierLimitConfig};
pub use route::{CostPolicy, ParticipantsFile, PolicyCap, RailPreference, RouteConfig, RouteFacts};

pub use run::{PORTION, RunConfig};

use crate::domain::{RetryPolicy, payee_check::UncheckedPayees, shared::PAYMENTS_MAX};
use money::{Currency, time::millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// The upper bound of most durations here: a longer one is a typing error.
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Options of the payout service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// File with the key that encrypts bank accounts and names: 32 bytes in base64, readable by its owner only. If the key is lost, all recorded bank accounts
    /// are lost.
    pub key_file: PathBuf,
    /// Creates the key file when it is missing. For sandboxes: elsewhere a typing error would create a second key.
    #[serde(skip)]
    pub create_key: bool,
    /// The banks that pay. A sandbox adds its pretend bank. A book whose kind no bank serves has its payouts refused with CURRENCY_UNSUPPORTED.
    pub banks: Vec<BankConfig>,
    /// The choice of rails.
    pub route: RouteConfig,
    /// Returns and recalls.
    pub returns: ReturnsConfig,
    /// Delays and limits of polling and sending.
    pub policy: PolicyConfig,
    /// How fast runs of payouts are paid.
    pub runs: RunConfig,
    /// Payouts processed at once in this process. Default 64: each uses a database connection for milliseconds and a connection to the bank for seconds.
    pub in_flight_max: usize,
    /// Whether payouts reserve what they take with treasury, on the leaf of the structure that covers their book's claims, before they are submitted. Without money
    /// there, or without an answer, they wait. A bank account that the structure does not have needs no reservation. Unless set, they do where this process has
    /// the treasury service, or knows its address (`peers.treasury`).
    pub reserve_at_treasury: Option<bool>,
    /// Names of the legal entities whose leaves pay from bank accounts of another one: its banks name that one as debtor, and the leaf's entity as ultimate debtor.
    /// A payout of an entity without a name waits.
    pub entities: Vec<EntityConfig>,
    /// How many payments go into one message at most, to banks with the protocol `iso20022` that have no bound of their own. Default 1: each payment has a message of
    /// its own. With more, a message goes as soon as the one before is answered, with what waits by then for the same account, currency and rail; at most
    /// `in_flight_max` payments wait.
    pub message_payments_max: usize,
    /// How long the worker sleeps at most, in milliseconds. A watcher sees another process's changes after this time at the latest. Default one second.
    #[serde(rename = "poll_delay_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub poll_delay: Duration,
    /// How long a handler or worker may process a payout before another may take it over, in milliseconds. If a process crashes, its payouts are delayed by
    /// this time. Default 15 seconds; while a payment is being sent, the rail's time-out is added.
    #[serde(rename = "lease_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub lease: Duration,
    /// Heartbeat interval of a watch of an unchanged payout, in milliseconds. Default ten seconds, below the idle time-outs of load balancers.
    #[serde(rename = "watch_heartbeat_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub watch_heartbeat: Duration,
    /// How long a watch lasts at most, in milliseconds; it also ends when the caller's token expires. Default an hour. The caller may then start another
    /// watch.
    #[serde(rename = "watch_age_max_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub watch_age_max: Duration,
    /// Milliseconds between two reads of the bank's statement, which is searched for debits that are missing in our records. Default a day, as banks issue one
    /// statement a day.
    #[serde(rename = "statement_interval_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub statement_interval: Duration,
    /// Bank accounts that one user may record. Default 50. If a user already has more, they are kept.
    pub beneficiaries_max: u32,
    /// How long a bank account without payouts is kept, in seconds. Default 400 days, so that somebody who is paid once a year still finds it. A bank account
    /// with payouts is kept until its owner deletes it.
    #[serde(rename = "beneficiary_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub beneficiary_retention: Duration,
    /// How long a bank account with payouts is kept after its owner deleted it, in seconds. Default ten years: so long US law requires records of payments that
    /// were screened against sanctions lists (31 CFR 501.601, ten years since 12 March 2025; as of November 2026, confidence K: from general knowledge, to be
    /// confirmed by your counsel). It is not erased while a payout to it is in flight.
    #[serde(rename = "deleted_beneficiary_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub deleted_beneficiary_retention: Duration,
    /// What becomes of payouts to bank accounts of which no bank can say whose they are: `allow`, or `review` of the first payout. Default `allow`.
    pub payee_unchecked: UncheckedPayees,
    /// How long after a failed question a bank is asked again whose an account is, in milliseconds; every other question waits four times as long as the one before,
    /// a day at the most. Default a minute.
    #[serde(rename = "payee_retry_delay_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub payee_retry_delay: Duration,
    /// How often a bank is asked whose an account is that gives no answer. Default 6, which with the default delay takes some six hours.
    pub payee_tries_max: u32,
    /// Sanctions lists.
    pub screening: ScreeningConfig,
    /// Approval, limits, and the wait of first payouts.
    pub review: ReviewConfig,
}

/// Delays and limits of retries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PolicyConfig {
    /// First delay between two tries, in milliseconds.
    #[serde(rename = "retry_delay_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub retry_delay: Duration,
    /// Longest delay between two tries, in milliseconds.
    #[serde(rename = "retry_delay_max_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub retry_delay_max: Duration,
    /// How far the bank's clock may differ from ours, in milliseconds; this time is added to the bank's finality window.
    #[serde(rename = "clock_skew_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub clock_skew: Duration,
    /// How many times one payout is sent at most before the money is given back.
    pub sends_max: i64,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            retry_delay: Duration::from_millis(250),
            retry_delay_max: Duration::from_secs(30),
            clock_skew: Duration::from_secs(5),
            sends_max: 3,
        }
    }
}

impl PolicyConfig {
    /// As the domain's rules use it.
    #[must_use]
    pub fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy {
            retry_delay_ms: millis(self.retry_delay),
            retry_delay_max_ms: millis(self.retry_delay_max),
            clock_skew_ms: millis(self.clock_skew),
            sends_max: self.sends_max,
        }
    }
}

/// Why options are refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPayoutOption {
    /// The bank of TEST books must be on this machine.
    #[error("the TEST bank must be at http://127.0.0.1:PORT or http://[::1]:PORT, not {0}: TEST books never reach a real one")]
    NotLoopback(String),
    /// Our name can't be used on a rail.
    #[error("our name at the bank {bank}, over {rail}: it must {must}")]
    DebtorName {
        /// The bank's name.
        bank: String,
        /// The rail's id.
        rail: String,
        /// What a name must.
        must: String,
    },
    /// The bank of LIVE books must be reached over TLS.
    #[error("a bank of LIVE books must be at https://HOST/, and not on this machine, not at {0}: a pretend bank never pays for them")]
    NotRemote(String),
    /// Two banks with one name.
    #[error("two banks are called {0}: payouts name their bank by it")]
    BankTwice(String),
    /// No such rail.
    #[error("there is no rail {0}; `largesse rails list` shows all")]
    RailUnknown(String),
    /// A rail that the bank's protocol has no words for.
    #[error(
        "the bank {bank} offers {rail}, which the protocol api does not carry; take the rail out, or use a bank that speaks another protocol"
    )]
    RailNotCarried {
        /// The bank's name.
        bank: String,
        /// The rail's id.
        rail: String,
    },
    /// A rail that ACH files are not for.
    #[error(
        "the bank {bank} offers {rail}, which is not paid with ACH files; take the rail out, or use a bank that speaks another protocol"
    )]
    RailNotAch {
        /// The bank's name.
        bank: String,
        /// The rail's id.
        rail: String,
    },
    /// A rail without an account that could pay over it.
    #[error("the bank {bank} offers {rail}, and has no account in a currency that it pays")]
    NoAccount {
        /// The bank's name.
        bank: String,
        /// The rail's id.
        rail: String,
    },
    /// An account that can't be one.
    #[error("bank account {id}: {faults}")]
    BankAccount {
        /// The account's id.
        id: String,
        /// What is wrong with its address.
        faults: String,
    },
    /// A file of authorities that can't be used.
    #[error("a bank's callback_ca: {0}")]
    CallbackCa(String),
    /// A file that can't be used.
    #[error("{}: {problem}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The problem.
        problem: String,
    },
    /// A value out of range.
    #[error("{name} must be {bounds}")]
    Range {
        /// The option.
        name: &'static str,
        /// The values allowed.
        bounds: &'static str,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self::new(PathBuf::new())
    }
}

impl Config {
    /// For the sandbox: a key of its own beside the data, the pretend bank with an account for each of these currencies, rails that time out after two
    /// seconds so that people can watch, and the name of the entity `acme`.
    #[must_use]
    pub fn sandbox(key_file: PathBuf, bank_url: String, accounts: Vec<(Currency, String)>) -> Self {
        let (banks, entities) = (vec![BankConfig::sandbox(bank_url, accounts)], vec![EntityConfig::sandbox()]);
        Self { key_file, create_key: true, banks, entities, ..Self::new(PathBuf::new()) }
    }

    /// Adds the sandbox's pretend ACH bank, over which ACH is paid from then on, in files; the bank that pays with messages no longer offers it.
    #[must_use]
    pub fn with_sandbox_ach(mut self, url: String, routing_number: &str, address: String) -> Self {
        for bank in &mut self.banks {
            bank.rails.retain(|rail| !bank::ACH_RAILS.contains(&rail.rail.as_str()));
        }
        self.banks.push(BankConfig::sandbox_ach(url, routing_number, address));
        self
    }

    /// Adds the sandbox's pretend bank that speaks JSON, over which wallets are paid from then on: the one that pays with messages has no words for them.
    #[must_use]
    pub fn with_sandbox_api(mut self, access: SandboxApiAccess) -> Self {
        for bank in &mut self.banks {
            bank.rails.retain(|rail| !bank::WALLET_RAILS.contains(&rail.rail.as_str()));
        }
        self.banks.push(BankConfig::sandbox_api(access));
        self
    }

    /// No bank, the key in that file, defaults.
    #[must_use]
    pub fn new(key_file: PathBuf) -> Self {
        Self {
            key_file,
            create_key: false,
            banks: Vec::new(),
            route: RouteConfig::default(),
            returns: ReturnsConfig::default(),
            policy: PolicyConfig::default(),
            runs: RunConfig::default(),
            in_flight_max: 64,
            reserve_at_treasury: None,
            entities: Vec::new(),
            message_payments_max: 1,
            poll_delay: Duration::from_secs(1),
            lease: Duration::from_secs(15),
            watch_heartbeat: Duration::from_secs(10),
            watch_age_max: Duration::from_secs(3_600),
            statement_interval: 24 * HOUR,
            beneficiaries_max: 50,
            beneficiary_retention: 400 * DAY,
            deleted_beneficiary_retention: 3_653 * DAY,
            payee_unchecked: UncheckedPayees::Allow,
            payee_retry_delay: Duration::from_secs(60),
            payee_tries_max: 6,
            screening: ScreeningConfig::default(),
            review: ReviewConfig::default(),
        }
    }

    /// How many payments go into one message to this bank at most.
    #[must_use]
    pub fn payments_max_of(&self, bank: &BankConfig) -> usize {
        if bank.message_payments_max == 0 { self.message_payments_max } else { bank.message_payments_max }
    }

    /// Whether it names the key file.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.key_file.as_os_str().is_empty()
    }

    /// Refuses invalid options before anything starts.
    pub fn check(&self) -> Result<(), InvalidPayoutOption> {
        let within = |duration: Duration, least_ms, longest: Duration| (Duration::from_millis(least_ms)..=longest).contains(&duration);
        let policy = &self.policy;
        let rules = [
            ("in_flight_max", (1..=10_000).contains(&self.in_flight_max), "1 to 10,000"),
            ("message_payments_max", (1..=PAYMENTS_MAX).contains(&self.message_payments_max), "1 to 1,000"),
            ("poll_delay_ms", within(self.poll_delay, 1, HOUR), "1 to 3,600,000"),
            // A step with too little time fails each time, and its payout is stuck.
            ("lease_ms", within(self.lease, 100, HOUR), "100 to 3,600,000"),
            ("policy.retry_delay_ms", within(policy.retry_delay, 1, HOUR), "1 to 3,600,000"),
            ("policy.retry_delay_max_ms", within(policy.retry_delay_max, 1, 24 * HOUR), "1 to 86,400,000"),
            ("policy.retry_delay_max_ms", policy.retry_delay_max >= policy.retry_delay, "retry_delay_ms or more"),
            ("policy.clock_skew_ms", policy.clock_skew <= HOUR, "0 to 3,600,000"),
            ("returns.recall_expiry_s", within(self.returns.recall_expiry, 1_000, 3_660 * DAY), "1 second to ten years"),
            ("returns.recall_ask_delay_max_ms", within(self.returns.recall_ask_delay_max, 1, DAY), "1 to 86,400,000"),
            ("policy.sends_max", (1..=99).contains(&policy.sends_max), "1 to 99"),
            ("watch_heartbeat_ms", within(self.watch_heartbeat, 1, HOUR), "1 to 3,600,000"),
            ("watch_age_max_ms", within(self.watch_age_max, 1, 24 * HOUR), "1 to 86,400,000"),
            ("statement_interval_ms", within(self.statement_interval, 1, 7 * 24 * HOUR), "1 to 604,800,000"),
            ("runs.items_per_second", self.runs.items_per_second <= 100_000, "0 to 100,000"),
            ("runs.in_flight_per_bank_max", (1..=100_000).contains(&self.runs.in_flight_per_bank_max), "1 to 100,000"),
            ("runs.approval_expiry_s", self.runs.approval_expiry <= 366 * DAY, "0 to 31,622,400"),
            ("payee_retry_delay_ms", within(self.payee_retry_delay, 1, 24 * HOUR), "1 to 86,400,000"),
            ("payee_tries_max", (1..=100).contains(&self.payee_tries_max), "1 to 100"),
            ("beneficiaries_max", (1..=10_000).contains(&self.beneficiaries_max), "1 to 10,000"),
            ("beneficiary_retention_s", (DAY..=10_000 * DAY).contains(&self.beneficiary_retention), "86,400 to 864,000,000"),
            (
                "deleted_beneficiary_retention_s",
                (DAY..=20_000 * DAY).contains(&self.deleted_beneficiary_retention),
                "86,400 to 1,728,000,000",
            ),
        ];
        if let Some((name, _, bounds)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return Err(InvalidPayoutOption::Range { name, bounds });
        }
        self.check_entities()?;
        self.screening.check()?;
        self.review.check()?;
        let facts = self.route.read()?;
        let mut names = std::collections::BTreeSet::new();
        if let Some(bank) = self.banks.iter().find(|bank| !names.insert(bank.name.as_str())) {
            return Err(InvalidPayoutOption::BankTwice(bank.name.clone()));
        }
        self.banks.iter().try_for_each(|bank| bank.check(&facts.book))
    }
}

#[cfg(test)]
mod tests;
