//! Options of our accounts at Stripe.

use std::path::PathBuf;
use std::time::Duration;

use money::{BookName, Currency};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::BASIS_POINTS;

/// One account at Stripe, in live or in test mode. Its customers pay for the coins of one book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StripeAccount {
    /// The account's id, such as `acct_1032D82eZvKYlo2C`.
    pub account_id: String,
    /// The book whose coins are sold.
    pub book: String,
    /// File with the secret or restricted key. `sk_live_` and `rk_live_` are for LIVE books, `sk_test_` and `rk_test_` for TEST books.
    pub secret_key_file: PathBuf,
    /// File with the webhook's signing secrets (`whsec_`), one a line: two while one is replaced. No two accounts may share one.
    pub webhook_secret_file: PathBuf,
    /// Where Stripe's interface is.
    #[serde(default = "stripe_url")]
    pub api_url: String,
    /// PEM file with the CA certificates that may vouch for that address; the system's if absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Where buyers may be sent back to, such as `https://app.example.com`: scheme, host and port, without a path. Without any, every https:// address.
    #[serde(default)]
    pub return_origins: Vec<String>,
    /// Seconds within which an order can be paid. Stripe takes 30 minutes to 24 hours; the first minute is ours.
    #[serde(rename = "pay_within_s", default = "hour", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub pay_within: Duration,
    /// Tax that the prices include and that we remit, in basis points of the price without tax. 0 to 10,000.
    #[serde(default)]
    pub included_tax_basis_points: u32,
    /// Markets whose buyers the card's bank must authenticate (3-D Secure), also where Stripe would not ask for it.
    #[serde(default)]
    pub three_d_secure_markets: Vec<String>,
    /// Prices from which the same holds.
    #[serde(default)]
    pub three_d_secure_from: Vec<PriceFrom>,
}

/// A price in a currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFrom {
    /// ISO 4217.
    pub currency: String,
    /// The least price, in the currency's minor unit.
    pub minor_units: i64,
}

/// The account at the pretend card processor, for a TEST book. Set by the program in sandbox mode only.
#[derive(Clone, PartialEq)]
pub struct PretendStripe {
    /// The account, as it could be in a file; its files are not read.
    pub account: StripeAccount,
    /// The key, which is public.
    pub secret_key: String,
    /// The webhook's secrets, which are public as well.
    pub webhook_secrets: Vec<String>,
}

impl std::fmt::Debug for PretendStripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PretendStripe").field("account", &self.account).finish_non_exhaustive()
    }
}

fn stripe_url() -> String {
    "https://api.stripe.com".to_owned()
}

const fn hour() -> Duration {
    Duration::from_secs(3_600)
}

/// Stripe's bounds of a session's lifetime, in seconds; a minute more than the least, for the time that the call takes.
const PAY_WITHIN_S: std::ops::RangeInclusive<u64> = 1_860..=86_400;

impl StripeAccount {
    /// An account with the defaults of a file; its files don't exist yet.
    #[must_use]
    pub fn new(account_id: &str, book: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            book: book.to_owned(),
            secret_key_file: PathBuf::new(),
            webhook_secret_file: PathBuf::new(),
            api_url: stripe_url(),
            ca_file: None,
            return_origins: Vec::new(),
            pay_within: hour(),
            included_tax_basis_points: 0,
            three_d_secure_markets: Vec::new(),
            three_d_secure_from: Vec::new(),
        }
    }

    /// What is wrong with it, if anything.
    pub(super) fn fault(&self) -> Option<String> {
        let price = |from: &PriceFrom| from.minor_units >= 0 && Currency::try_new(&from.currency).is_ok();
        let rules = [
            (!self.account_id.is_empty() && BookName::try_new(&self.book).is_ok(), "each needs an account_id and a book"),
            (is_reachable(&self.api_url), "api_url must be an https:// address; http:// on this machine only"),
            (self.return_origins.iter().all(|text| is_origin(text)), "return_origins are scheme, host and port, without a path"),
            (PAY_WITHIN_S.contains(&self.pay_within.as_secs()), "pay_within_s is 1,860 to 86,400"),
            (self.included_tax_basis_points <= BASIS_POINTS, "included_tax_basis_points is 0 to 10,000"),
            (self.three_d_secure_from.iter().all(price), "three_d_secure_from has a currency of ISO 4217 and its minor units"),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map(|(_, rule)| format!("{}: {rule}", self.account_id))
    }
}

/// Whether it is scheme, host and port alone.
pub(super) fn is_origin(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == *text)
}

/// Keys are sent there, so nobody else may read along.
pub(super) fn is_reachable(address: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(address) else { return false };
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && local)
}
