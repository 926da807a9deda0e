//! One try to pay: over one rail, by one bank, from one account there, under ids of its own. A fallback is a new attempt.

use money::derive_id;
use uuid::Uuid;

/// The longest short reference, in characters: what ACH keeps of an id.
pub const REFERENCE_CHARS_MAX: usize = 15;

money::named! {
    /// Who bears what a payout costs.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum CostBearer {
        /// We do.
        House = "house",
        /// The person paid: the cost is taken off the amount, once it is paid.
        Creator = "creator",
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: i64,
    /// Id of the rail's records.
    pub rail: String,
    /// Name of our bank.
    pub bank: String,
    /// The legal entity whose account pays. The same for all attempts of a payout: its money is in transit there.
    pub entity: String,
    /// Id of the account that pays, at the bank.
    pub bank_account: String,
    /// A reference of at most 15 characters for rails that carry no longer one, unique for the account for ever; empty before the first sending of payouts that
    /// an older program made.
    pub reference: String,
    /// What it is expected to cost, in minor units of the payout's currency; 0 if that is not known in it.
    pub cost_minor_units: i64,
    /// When the rail takes it, in Unix milliseconds.
    pub starts_at_ms: i64,
    /// When the money is expected to be there, in Unix milliseconds; 0: not computed, by an older program.
    pub expected_at_ms: i64,
}

impl Attempt {
    /// The attempt of a payout that an older program made: over this rail, by the one bank that it knew.
    #[must_use]
    pub fn of_before(rail: String) -> Self {
        Self {
            number: 1,
            rail,
            bank: String::new(),
            entity: String::new(),
            bank_account: String::new(),
            reference: String::new(),
            cost_minor_units: 0,
            starts_at_ms: 0,
            expected_at_ms: 0,
        }
    }

    /// `EndToEndId`: 32 hexadecimal digits. The first attempt's is the payout's id; a later one's follows from it and the attempt's number.
    #[must_use]
    pub fn end_to_end_id(&self, payout_id: Uuid) -> String {
        let id = if self.number == 1 { payout_id } else { derive_id(payout_id, &["payout.attempt", &self.number.to_string()]) };
        id.simple().to_string()
    }

    /// `UETR`: a version 4 UUID made of the same bits.
    #[must_use]
    pub fn uetr(&self, payout_id: Uuid) -> String {
        let id = Uuid::try_parse(&self.end_to_end_id(payout_id)).unwrap_or(payout_id);
        uuid::Builder::from_random_bytes(*id.as_bytes()).into_uuid().to_string()
    }
}

/// The most entries that one originating bank can number for us: seven digits of a trace number, none of which is given twice.
const TRACES_MAX: i64 = 9_999_999;

/// How an account's references of 15 characters are made from its counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceNumbering {
    /// Short references with this beginning.
    Prefix(String),
    /// ACH trace numbers: the first eight digits of the originating bank's routing number, then the counter.
    Trace(String),
}

impl ReferenceNumbering {
    /// Trace numbers of the bank with this routing number.
    #[must_use]
    pub fn of_bank(routing_number: &str) -> Self {
        Self::Trace(routing_number.chars().take(8).collect())
    }

    /// The reference with this number, from 1. None: there are no more.
    #[must_use]
    pub fn reference(&self, number: i64) -> Option<String> {
        match self {
            Self::Prefix(prefix) => Some(short_reference(prefix, number)),
            Self::Trace(bank) => (1..=TRACES_MAX).contains(&number).then(|| format!("{bank}{number:07}")),
        }
    }
}

/// The short reference with this number: letters and digits, always 15 of them, so that none is the beginning of another. `prefix` names the installation and
/// the account, 1 to 5 of `A` to `Z` and `0` to `9`.
#[must_use]
pub fn short_reference(prefix: &str, number: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut rest = number.unsigned_abs();
    let mut text = vec![b'0'; REFERENCE_CHARS_MAX - prefix.len()];
    for place in text.iter_mut().rev() {
        *place = DIGITS[usize::try_from(rest % 36).expect("below 36")];
        rest /= 36;
    }
    format!("{prefix}{}", String::from_utf8_lossy(&text))
}

#[cfg(test)]
mod tests;
