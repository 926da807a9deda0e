//! What Alipay and WeChat Pay have in common: both sell in yuan, know an order by an id that we give, and sign with RSA and SHA-256.

pub mod proving;

use std::path::Path;
use std::time::Duration;

use bankapi::{RsaCheckingKey, RsaSigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chart::BookKind;
use jiff::tz::{Offset, TimeZone};
use money::{BookName, Currency, Money, Rounding};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::domain::{OutOfRange, Package, ReceiptValue};
use crate::orders::order::{self, Order, PaymentFacts, PaymentStanding};

/// How long one call may take. A buyer waits for the first.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes; real ones have a few KiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The currency of both in China. Other currencies go through other contracts and interfaces.
pub(crate) const YUAN: &str = "CNY";
/// An order is not opened within this time before its end, in milliseconds: nobody could pay it in time.
const OPEN_LEAST_MS: i64 = 60_000;
/// Both write times in Beijing's: eight hours ahead, without daylight saving.
const BEIJING: TimeZone = TimeZone::fixed(Offset::constant(8));

/// Why an account can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("purchase.{section}: {path}: {source}")]
    File {
        /// The section of the options.
        section: &'static str,
        /// The file.
        path: String,
        /// The error.
        source: std::io::Error,
    },
    /// A key or an option of an account can't be used. Never says what a key is.
    #[error("purchase.{section}: {account_id}: {what}")]
    Account {
        /// The section of the options.
        section: &'static str,
        /// The account.
        account_id: String,
        /// What is wrong.
        what: String,
    },
    /// The CA file can't be used.
    #[error("purchase: {0}")]
    Roots(#[from] http_client::UnusableRoots),
    /// The client can't be made.
    #[error("purchase: {0}")]
    Client(#[from] reqwest::Error),
}

/// An account, while it is made ready.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming<'a> {
    pub(crate) section: &'static str,
    pub(crate) account_id: &'a str,
}

impl Naming<'_> {
    pub(crate) fn no(self, what: impl ToString) -> Error {
        Error::Account { section: self.section, account_id: self.account_id.to_owned(), what: what.to_string() }
    }

    pub(crate) fn read(self, path: &Path) -> Result<String, Error> {
        std::fs::read_to_string(path).map_err(|source| Error::File { section: self.section, path: path.display().to_string(), source })
    }

    pub(crate) fn signing_key(self, pem: &str) -> Result<RsaSigningKey, Error> {
        RsaSigningKey::from_pem(pem.as_bytes()).map_err(|error| self.no(format!("private_key_file: {error}")))
    }

    pub(crate) fn checking_keys(self, option: &str, pem: &str) -> Result<Vec<RsaCheckingKey>, Error> {
        RsaCheckingKey::all_from_pem(pem.as_bytes()).map_err(|error| self.no(format!("{option}: {error}")))
    }

    pub(crate) fn book(self, name: &str) -> Result<BookName, Error> {
        BookName::try_new(name).map_err(|_| self.no("it needs a book"))
    }

    pub(crate) fn client(self, url: &str, ca: Option<&Path>) -> Result<reqwest::Client, Error> {
        let builder = if url.starts_with("http://") { http_client::local() } else { http_client::builder(ca.unwrap_or(Path::new("")))? };
        Ok(builder.timeout(CALL_TIMEOUT).build()?)
    }
}

/// The kind of book that an account is for.
pub(crate) fn kind(live: bool) -> BookKind {
    if live { BookKind::Live } else { BookKind::Test }
}

/// What a package in yuan is worth. The tax in it is ours to remit.
pub(crate) fn value(package: &Package, tax_basis_points: u32) -> Result<ReceiptValue, OutOfRange> {
    if package.price.currency().code() != YUAN {
        return Err(OutOfRange);
    }
    order::value(package, tax_basis_points)
}

/// What a wallet has of an order. It states the amount once something was paid; before that there is nothing to compare.
pub(crate) fn of_order(facts: PaymentFacts, order: &Order) -> PaymentFacts {
    let is_stated = facts.standing == PaymentStanding::Paid || facts.amount.is_some();
    if is_stated { facts } else { PaymentFacts { amount: Some(order.value.price), ..facts } }
}

/// The id of an order at a wallet: at most 32 letters and digits.
pub(crate) fn out_trade_no(order_id: Uuid) -> String {
    order_id.simple().to_string()
}

/// The order of such an id; `None` where it can't be one of ours.
pub(crate) fn order_id(out_trade_no: &str) -> Option<Uuid> {
    Uuid::try_parse(out_trade_no).ok().filter(|id| self::out_trade_no(*id) == out_trade_no)
}

/// Whether there is time left to pay an order that is opened now.
pub(crate) fn may_open(expires_at_ms: i64, now_ms: i64) -> bool {
    expires_at_ms - now_ms >= OPEN_LEAST_MS
}

/// What the buyer reads about what is paid.
pub(crate) fn subject(value: &ReceiptValue) -> String {
    format!("{} coins", value.coins.get())
}

/// An amount of hundredths of a yuan.
pub(crate) fn fen(amount: i64) -> Option<Money> {
    Money::try_new(Currency::try_new(YUAN).ok()?, amount).ok().filter(|_| amount >= 0)
}

/// An amount in yuan such as `44.80`, exactly; `None` for anything else.
pub(crate) fn yuan(text: &str) -> Option<Money> {
    let is_plain = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount: Decimal = text.parse().ok().filter(|_| is_plain)?;
    let money = Money::from_decimal(Currency::try_new(YUAN).ok()?, amount, Rounding::Down).ok()?;
    (money.to_decimal() == amount).then_some(money)
}

/// A time as Alipay writes it.
pub(crate) fn beijing(at_ms: i64) -> String {
    zoned(at_ms, "%Y-%m-%d %H:%M:%S")
}

/// A time as WeChat Pay writes it (RFC 3339).
pub(crate) fn beijing_rfc3339(at_ms: i64) -> String {
    zoned(at_ms, "%Y-%m-%dT%H:%M:%S+08:00")
}

fn zoned(at_ms: i64, format: &str) -> String {
    money::time::moment_ms(at_ms).to_zoned(BEIJING).strftime(format).to_string()
}

/// The time, in Unix milliseconds, that Alipay writes so.
pub(crate) fn from_beijing(text: &str) -> Option<i64> {
    let local: jiff::civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(BEIJING).ok()?.timestamp().as_millisecond())
}

/// The time, in Unix milliseconds, that WeChat Pay writes so.
pub(crate) fn from_rfc3339(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}

/// A signature in base64. It fails only if the system has no randomness.
pub(crate) fn signed(key: &RsaSigningKey, text: &str) -> Result<String, String> {
    Ok(STANDARD.encode(key.sign(text.as_bytes()).map_err(|error| error.to_string())?))
}

/// Whether one of these keys made a signature in base64.
pub(crate) fn is_signed<'a>(mut keys: impl Iterator<Item = &'a RsaCheckingKey>, text: &[u8], signature: &str) -> bool {
    STANDARD.decode(signature).is_ok_and(|signature| keys.any(|key| key.accepts(text, &signature)))
}

/// Words of a store, for people: without characters that nobody sees.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|letter| !money::text::is_hidden(*letter)).take(200).collect()
}

#[cfg(test)]
mod tests;
