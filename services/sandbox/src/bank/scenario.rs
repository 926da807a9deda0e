//! What the bank does with a payment, and the accounts that select it.

use iso20022::ReasonCode;
use serde::Deserialize;

/// What happens to a payment. [`Behaviour::effect`] describes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Executed, ACSC.
    Settle,
    /// ACSP; executed on the first query.
    SettleLater,
    /// RJCT with this code.
    Reject(ReasonCode),
    /// Executed, but answered with RJCT and this code: a false answer that only the statement reveals.
    RejectExecuted(ReasonCode),
    /// Executed, no answer, connection cut.
    Cut,
    /// Executed, answered after this many milliseconds, or after the configured delay.
    Late(Option<u64>),
    /// Not executed, never answered.
    Silent,
    /// Executed, never answered.
    SilentExecuted,
    /// PDNG until a scenario decides.
    Pending,
    /// Not executed, connection cut.
    Lose,
    /// Lost the first time, settled the next.
    LoseOnce,
    /// Executed, answered with invalid data.
    Garbage,
}

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

/// The behaviours that no account has, as [`Behaviour::parse`] reads them.
pub const BY_SCENARIO_ONLY: [&str; 2] = ["reject_executed:AC04", "lose"];

impl Behaviour {
    /// What the bank does with such a payment, in words.
    #[must_use]
    pub fn effect(&self) -> String {
        let coded = |code: &ReasonCode| format!("{} ({})", code.code(), code.words());
        match self {
            Self::Settle => "executes it, answers ACSC".to_owned(),
            Self::SettleLater => "answers ACSP; executes it when asked for its status, then ACSC".to_owned(),
            Self::Reject(code) => format!("does not execute it, answers RJCT with {}", coded(code)),
            Self::RejectExecuted(code) => {
                format!("executes it, and answers RJCT with {} all the same; only the statement shows it", coded(code))
            }
            Self::Cut => "executes it, cuts the connection without an answer".to_owned(),
            Self::Late(None) => "executes it, answers ACSC later than the payer waits".to_owned(),
            Self::Late(Some(delay_ms)) => format!("executes it, answers ACSC after {delay_ms} ms"),
            Self::Silent => "never answers, never executes it, however often it is sent".to_owned(),
            Self::SilentExecuted => "executes it, never answers".to_owned(),
            Self::Pending => "answers PDNG until a scenario for its EndToEndId settles or rejects it".to_owned(),
            Self::Lose => "does not execute it and cuts the connection, however often it is sent".to_owned(),
            Self::LoseOnce => "loses it the first time and cuts the connection; executes it when it is sent again".to_owned(),
            Self::Garbage => "executes it, answers with something that is no message".to_owned(),
        }
    }

    /// Its name, and behind a colon the code of a rejection or the delay of a late answer.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, detail) = text.split_once(':').map_or((text, None), |(name, detail)| (name, Some(detail)));
        match (name, detail) {
            ("settle", None) => Some(Self::Settle),
            ("settle_later", None) => Some(Self::SettleLater),
            ("reject", Some(code)) if (1..=4).contains(&code.len()) => Some(Self::Reject(ReasonCode::from_code(code))),
            ("reject_executed", Some(code)) if (1..=4).contains(&code.len()) => Some(Self::RejectExecuted(ReasonCode::from_code(code))),
            ("cut", None) => Some(Self::Cut),
            ("late", None) => Some(Self::Late(None)),
            ("late", Some(delay_ms)) => delay_ms.parse().ok().map(|delay_ms| Self::Late(Some(delay_ms))),
            ("silent", None) => Some(Self::Silent),
            ("silent_executed", None) => Some(Self::SilentExecuted),
            ("pending", None) => Some(Self::Pending),
            ("lose", None) => Some(Self::Lose),
            ("lose_once", None) => Some(Self::LoseOnce),
            ("garbage", None) => Some(Self::Garbage),
            _ => None,
        }
    }

    /// The behaviour of a receiving account.
    #[must_use]
    pub fn of_account(number: &str) -> Self {
        let magic = MAGIC.iter().find(|magic| magic.account_number == number || magic.iban == number);
        magic.and_then(|magic| Self::parse(magic.behaviour)).unwrap_or(Self::Settle)
    }
}

/// The body of `POST /scenarios`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioRequest {
    /// The scenario is for this payment.
    pub end_to_end_id: Option<String>,
    /// The scenario is for payments to this account.
    pub account: Option<String>,
    /// Name of the behaviour.
    pub behaviour: String,
    /// For `reject` and `reject_executed`: the reason code.
    pub code: Option<String>,
    /// For `late`: the delay.
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
        let behaviour = match (self.behaviour.as_str(), self.code, self.delay_ms) {
            (name @ ("reject" | "reject_executed"), Some(code), None) => format!("{name}:{code}"),
            ("late", None, Some(delay_ms)) => format!("late:{delay_ms}"),
            (name, None, None) => name.to_owned(),
            _ => return None,
        };
        Behaviour::parse(&behaviour)?;
        Some(BankScenario { target, value, behaviour, remaining: self.times.map_or(-1, i64::from) })
    }
}

#[cfg(test)]
mod tests;
