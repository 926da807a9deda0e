//! Options of the payout service.

use crate::domain::RetryPolicy;
use iso20022::{BankAccount, Rail};
use jiff::tz::TimeZone;
use money::time::millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, path::PathBuf, time::Duration};

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
    /// The bank of TEST books. LIVE books have no bank yet, and their payouts are refused with CURRENCY_UNSUPPORTED.
    #[serde(skip)]
    pub test_bank: Option<BankConfig>,
    /// Delays and limits of polling and sending.
    pub policy: PolicyConfig,
    /// Payouts processed at once in this process. Default 64: each uses a database connection for milliseconds and a connection to the bank for seconds.
    pub in_flight_max: usize,
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
    /// Time zones in which the dates of payments are counted, one for each rail.
    pub zones: RailZones,
    /// Bank accounts that one user may record. Default 50. If a user already has more, they are kept.
    pub beneficiaries_max: u32,
    /// How long a bank account without payouts is kept, in seconds. Default 400 days, so that somebody who is paid once a year still finds it. A bank account
    /// with payouts is kept for ever.
    #[serde(rename = "beneficiary_retention_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub beneficiary_retention: Duration,
}

/// Time zones in which the dates of payments are counted, by their IANA names, one for each rail. The defaults are right as of November 2026; change one if
/// its rail changes its time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RailZones {
    /// RTP, whose payment messages contain a date.
    pub us_rtp: String,
    /// SEPA Instant, whose payment messages contain a date and time, so the zone has no effect yet.
    pub sepa_instant: String,
}

impl Default for RailZones {
    fn default() -> Self {
        Self { us_rtp: Rail::UsRtp.zone_name().to_owned(), sepa_instant: Rail::SepaInstant.zone_name().to_owned() }
    }
}

impl RailZones {
    /// The rail's time zone, if it exists.
    #[must_use]
    pub fn zone(&self, rail: Rail) -> Option<TimeZone> {
        let name = match rail {
            Rail::UsRtp => &self.us_rtp,
            Rail::SepaInstant => &self.sepa_instant,
        };
        TimeZone::get(name).ok()
    }
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

/// A bank and our accounts there.
#[derive(Debug, Clone)]
pub struct BankConfig {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Our name, as the receiver sees it.
    pub debtor_name: String,
    /// The rails on which it accepts payments.
    pub rails: Vec<RailConfig>,
}

impl BankConfig {
    fn check(&self) -> Result<(), InvalidPayoutOption> {
        check_loopback(&self.url)?;
        for rail in &self.rails {
            rail.rail.check_name(&self.debtor_name)?;
            if rail.time_out.is_zero() || rail.time_out > HOUR {
                return Err(InvalidPayoutOption::Range { name: "a rail's time-out", bounds: "above zero, an hour at most" });
            }
            if rail.minor_units_max < 1 {
                return Err(InvalidPayoutOption::Range { name: "a rail's largest payment", bounds: "1 or more minor units" });
            }
        }
        Ok(())
    }
}

/// Options of one rail.
#[derive(Debug, Clone)]
pub struct RailConfig {
    /// The rail that the account is for.
    pub rail: Rail,
    /// Our account that pays.
    pub debtor: BankAccount,
    /// How long the rail takes at most to decide; the status of an unanswered payment is requested from then on.
    pub time_out: Duration,
    /// Largest payment, in minor units.
    pub minor_units_max: i64,
}

/// Why options are refused.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPayoutOption {
    /// The bank of TEST books must be on this machine.
    #[error("the TEST bank must be at http://127.0.0.1:PORT or http://[::1]:PORT, not {0}: TEST books never reach a real one")]
    NotLoopback(String),
    /// Our name can't be used on a rail.
    #[error("our name at the bank: {0}")]
    DebtorName(#[from] iso20022::rail::text::RailTextFault),
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
    /// For the sandbox: a key of its own beside the data, the pretend bank, and rails that time out after two seconds so that people can watch.
    /// `debtors` are our accounts at that bank, one for each rail to be used.
    #[must_use]
    pub fn sandbox(key_file: PathBuf, bank_url: String, debtors: Vec<(Rail, BankAccount)>) -> Self {
        let time_out = Duration::from_secs(2);
        let rail = |(rail, debtor)| RailConfig { rail, debtor, time_out, minor_units_max: minor_units_max(rail) };
        let rails = debtors.into_iter().map(rail).collect();
        Self {
            key_file,
            create_key: true,
            test_bank: Some(BankConfig { url: bank_url, debtor_name: "Largesse Sandbox".to_owned(), rails }),
            ..Self::new(PathBuf::new())
        }
    }

    /// No bank, the key in that file, defaults.
    #[must_use]
    pub fn new(key_file: PathBuf) -> Self {
        Self {
            key_file,
            create_key: false,
            test_bank: None,
            policy: PolicyConfig::default(),
            in_flight_max: 64,
            poll_delay: Duration::from_secs(1),
            lease: Duration::from_secs(15),
            watch_heartbeat: Duration::from_secs(10),
            watch_age_max: Duration::from_secs(3_600),
            statement_interval: 24 * HOUR,
            zones: RailZones::default(),
            beneficiaries_max: 50,
            beneficiary_retention: 400 * DAY,
        }
    }

    /// Whether it names the key file.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.key_file.as_os_str().is_empty()
    }

    /// Refuses invalid options before anything starts.
    pub fn check(&self) -> Result<(), InvalidPayoutOption> {
        let known_zone = |rail| self.zones.zone(rail).is_some();
        let within = |duration: Duration, least_ms, longest: Duration| (Duration::from_millis(least_ms)..=longest).contains(&duration);
        let (policy, zone) = (&self.policy, "the IANA name of a time zone, such as America/New_York");
        let rules = [
            ("in_flight_max", (1..=10_000).contains(&self.in_flight_max), "1 to 10,000"),
            ("poll_delay_ms", within(self.poll_delay, 1, HOUR), "1 to 3,600,000"),
            // A step with too little time fails each time, and its payout is stuck.
            ("lease_ms", within(self.lease, 100, HOUR), "100 to 3,600,000"),
            ("policy.retry_delay_ms", within(policy.retry_delay, 1, HOUR), "1 to 3,600,000"),
            ("policy.retry_delay_max_ms", within(policy.retry_delay_max, 1, 24 * HOUR), "1 to 86,400,000"),
            ("policy.retry_delay_max_ms", policy.retry_delay_max >= policy.retry_delay, "retry_delay_ms or more"),
            ("policy.clock_skew_ms", policy.clock_skew <= HOUR, "0 to 3,600,000"),
            ("policy.sends_max", (1..=99).contains(&policy.sends_max), "1 to 99"),
            ("watch_heartbeat_ms", within(self.watch_heartbeat, 1, HOUR), "1 to 3,600,000"),
            ("watch_age_max_ms", within(self.watch_age_max, 1, 24 * HOUR), "1 to 86,400,000"),
            ("statement_interval_ms", within(self.statement_interval, 1, 7 * 24 * HOUR), "1 to 604,800,000"),
            ("beneficiaries_max", (1..=10_000).contains(&self.beneficiaries_max), "1 to 10,000"),
            ("beneficiary_retention_s", (DAY..=10_000 * DAY).contains(&self.beneficiary_retention), "86,400 to 864,000,000"),
            ("zones.us_rtp", known_zone(Rail::UsRtp), zone),
            ("zones.sepa_instant", known_zone(Rail::SepaInstant), zone),
        ];
        if let Some((name, _, bounds)) = rules.into_iter().find(|(_, fits, _)| !fits) {
            return Err(InvalidPayoutOption::Range { name, bounds });
        }
        self.test_bank.as_ref().map_or(Ok(()), BankConfig::check)
    }
}

/// Requires a literal loopback address: a name could be made to point elsewhere.
fn check_loopback(url: &str) -> Result<(), InvalidPayoutOption> {
    let wrong = || InvalidPayoutOption::NotLoopback(url.to_owned());
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let plain = parsed.scheme() == "http" && parsed.username().is_empty() && parsed.path() == "/";
    if loopback && plain { Ok(()) } else { Err(wrong()) }
}

/// RTP accepts 10 million dollars (since February 2025); SEPA Instant dropped its limit of 100,000 euros in October 2025, so its value is the maximum
/// of the scheme's amount field.
fn minor_units_max(rail: Rail) -> i64 {
    match rail {
        Rail::UsRtp => 1_000_000_000,
        Rail::SepaInstant => 99_999_999_999,
    }
}

#[cfg(test)]
mod tests;
