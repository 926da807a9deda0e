//! The body of `POST /scenarios`, and the accounts that select a behaviour.

use super::behaviour::Behaviour;
use serde::Deserialize;

/// An account that selects a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MagicAccount {
    /// Account number at any US bank.
    pub account_number: &'static str,
    /// IBAN.
    pub iban: &'static str,
    /// The behaviour, as [`Behaviour::parse`] reads it.
    pub behaviour: &'static str,
}

const fn magic(account_number: &'static str, iban: &'static str, behaviour: &'static str) -> MagicAccount {
    MagicAccount { account_number, iban, behaviour }
}

/// All accounts that select a behaviour.
pub const MAGIC: [MagicAccount; 10] = [
    magic("9000000001", "DE08500105170900000001", "settle"),
    magic("9000000002", "DE78500105170900000002", "settle_later"),
    magic("9000000003", "DE51500105170900000003", "reject:AC04"),
    magic("9000000004", "DE24500105170900000004", "cut"),
    magic("9000000005", "DE94500105170900000005", "late"),
    magic("9000000006", "DE67500105170900000006", "silent"),
    magic("9000000007", "DE40500105170900000007", "silent_executed"),
    magic("9000000008", "DE13500105170900000008", "pending"),
    magic("9000000009", "DE83500105170900000009", "lose_once"),
    magic("9000000010", "DE56500105170900000010", "garbage"),
];

/// The behaviour of a payment by its receiving account, or, whatever the account, by its holder's name: `Sandbox reject:AC04`. Returns the text that
/// [`Behaviour::parse`] reads.
#[must_use]
pub fn behaviour_of(number: &str, holder: &str) -> String {
    let named = holder.strip_prefix(NAME_PREFIX).filter(|text| Behaviour::parse(text).is_some());
    let magic = || MAGIC.iter().find(|magic| magic.account_number == number || magic.iban == number).map(|magic| magic.behaviour);
    named.or_else(magic).unwrap_or("settle").to_owned()
}

/// What a holder's name begins with to select a behaviour.
pub const NAME_PREFIX: &str = "Sandbox ";

/// As a scenario's account: payments to any account that has no scenario of its own.
pub const ANY_ACCOUNT: &str = "*";

/// The body of `POST /scenarios`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioRequest {
    /// The scenario is for this payment.
    pub end_to_end_id: Option<String>,
    /// The scenario is for payments to this account, or with [`ANY_ACCOUNT`] to any.
    pub account: Option<String>,
    /// Name of the behaviour.
    pub behaviour: String,
    /// For behaviours with a reason code.
    pub code: Option<String>,
    /// For `return_part` and `fee`: the amount.
    pub minor_units: Option<u64>,
    /// For `late` and returns: the delay.
    pub delay_ms: Option<u64>,
    /// For this many attempts; absent: all.
    pub times: Option<u32>,
}

/// A scenario as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct BankScenario {
    pub target: &'static str,
    pub value: String,
    pub behaviour: String,
    pub remaining: i64,
}

impl ScenarioRequest {
    /// Decodes the body; `None` for an unknown name or if the target is not exactly one.
    pub fn decode(self) -> Option<BankScenario> {
        let (target, value) = match (self.end_to_end_id, self.account) {
            (Some(id), None) => ("end_to_end_id", id),
            (None, Some(account)) => ("account", account),
            _ => return None,
        };
        let parts = [Some(self.behaviour), self.code, self.minor_units.map(|amount| amount.to_string())];
        let mut behaviour = parts.into_iter().flatten().collect::<Vec<_>>().join(":");
        if let Some(delay_ms) = self.delay_ms {
            behaviour = format!("{behaviour}{}{delay_ms}", if behaviour == "late" { ':' } else { '@' });
        }
        Behaviour::parse(&behaviour)?;
        Some(BankScenario { target, value, behaviour, remaining: self.times.map_or(-1, i64::from) })
    }
}

#[cfg(test)]
mod tests;
