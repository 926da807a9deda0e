//! What the bank does with a payment, and the names that select it.

use serde::Deserialize;

/// The creditor's name begins with this where it selects a behaviour: `Sandbox reject:11500`.
const NAME_PREFIX: &str = "Sandbox ";

/// What happens to a payment. [`ApiBehaviour::effect`] describes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiBehaviour {
    /// Executed at once.
    Settle,
    /// Executed on the first query.
    SettleLater,
    /// Refused with the answer, with a code of five digits.
    Refuse(String),
    /// Taken, then rejected with a code: five digits, or one of ISO 20022.
    Reject(String),
    /// Not taken, never answered.
    Silent,
    /// Executed, never answered.
    SilentExecuted,
    /// Executed, no answer, connection cut.
    Cut,
    /// Not taken, no answer, connection cut.
    Lose,
    /// Executed, answered after this many milliseconds, or after the configured delay.
    Late(Option<u64>),
    /// Executed, answered with invalid data.
    Garbage,
    /// Waits for the bank until a scenario decides.
    Pending,
    /// Waits for compliance until a scenario decides.
    ComplianceReview,
    /// Executed, but the callback says REJECTED.
    Contradict,
    /// Executed, and the answer calls it a duplicate though it is none.
    DuplicateRequest,
    /// ACH: completed, and returned with this code after the first query.
    Return(String),
    /// Executed, and answered only once its callbacks were delivered.
    CallbackFirst,
    /// Executed; a callback that says REJECTED, signed with a stranger's key, comes first.
    CallbackForged,
    /// Executed; a signed callback about a payment that is nobody's comes first.
    CallbackForeign,
    /// Only for waiting payments, by a scenario: cancelled.
    Cancel,
}

/// One name of every behaviour, as [`ApiBehaviour::parse`] reads it.
pub const API_BEHAVIOURS: [&str; 19] = [
    "settle",
    "settle_later",
    "refuse:10101",
    "reject:11500",
    "silent",
    "silent_executed",
    "cut",
    "lose",
    "late",
    "garbage",
    "pending",
    "compliance_review",
    "contradict",
    "duplicate_request",
    "return:R03",
    "callback_first",
    "callback_forged",
    "callback_foreign",
    "cancel",
];

impl ApiBehaviour {
    /// What the bank does with such a payment, in words.
    #[must_use]
    pub fn effect(&self) -> String {
        match self {
            Self::Settle => "executes it at once, and says so when asked and by callbacks".to_owned(),
            Self::SettleLater => "keeps it in PROCESSING; executes it when asked for it".to_owned(),
            Self::Refuse(code) => format!("does not take it, answers 400 with {code}"),
            Self::Reject(code) => format!("takes it, does not execute it: REJECTED with {code}"),
            Self::Silent => "does not take it and never answers".to_owned(),
            Self::SilentExecuted => "executes it and never answers".to_owned(),
            Self::Cut => "executes it and cuts the connection without an answer".to_owned(),
            Self::Lose => "does not take it and cuts the connection".to_owned(),
            Self::Late(None) => "executes it and answers later than the payer waits".to_owned(),
            Self::Late(Some(delay_ms)) => format!("executes it and answers after {delay_ms} ms"),
            Self::Garbage => "executes it and answers with something that is no JSON".to_owned(),
            Self::Pending => "keeps it in PROCESSING, PENDING_JPM_REVIEW, until a scenario decides".to_owned(),
            Self::ComplianceReview => "keeps it in PROCESSING, PENDING_COMPLIANCE_REVIEW, until a scenario decides".to_owned(),
            Self::Contradict => "executes it; callbacks say REJECTED, queries COMPLETED".to_owned(),
            Self::DuplicateRequest => "executes it and calls it a duplicate, though it is the first".to_owned(),
            Self::Return(code) => {
                format!("ACH: COMPLETED until it was asked for once, then RETURNED with {code} and credited; else executes it")
            }
            Self::CallbackFirst => "executes it; the answer comes after the callbacks".to_owned(),
            Self::CallbackForged => "executes it; a callback that no key of the bank signed comes first and says REJECTED".to_owned(),
            Self::CallbackForeign => "executes it; a callback about a payment that is nobody's comes first".to_owned(),
            Self::Cancel => "cancels a payment that waits; by scenarios only".to_owned(),
        }
    }

    /// Its name, and behind a colon the code or the delay.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, detail) = text.split_once(':').map_or((text, None), |(name, detail)| (name, Some(detail)));
        let is_code = |code: &str| (1..=10).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_number = |code: &str| code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit());
        let is_return = |code: &str| bankfiles::nacha::return_code(code).is_some();
        Some(match (name, detail) {
            ("settle", None) => Self::Settle,
            ("settle_later", None) => Self::SettleLater,
            ("refuse", Some(code)) if is_number(code) => Self::Refuse(code.to_owned()),
            ("reject", Some(code)) if is_code(code) => Self::Reject(code.to_owned()),
            ("silent", None) => Self::Silent,
            ("silent_executed", None) => Self::SilentExecuted,
            ("cut", None) => Self::Cut,
            ("lose", None) => Self::Lose,
            ("late", None) => Self::Late(None),
            ("late", Some(delay_ms)) => Self::Late(Some(delay_ms.parse().ok()?)),
            ("garbage", None) => Self::Garbage,
            ("pending", None) => Self::Pending,
            ("compliance_review", None) => Self::ComplianceReview,
            ("contradict", None) => Self::Contradict,
            ("duplicate_request", None) => Self::DuplicateRequest,
            ("return", Some(code)) if is_return(code) => Self::Return(code.to_owned()),
            ("callback_first", None) => Self::CallbackFirst,
            ("callback_forged", None) => Self::CallbackForged,
            ("callback_foreign", None) => Self::CallbackForeign,
            ("cancel", None) => Self::Cancel,
            _ => return None,
        })
    }

    /// The behaviour that a creditor's name selects.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        name.strip_prefix(NAME_PREFIX).and_then(Self::parse).filter(|named| *named != Self::Cancel).unwrap_or(Self::Settle)
    }
}

/// The body of `POST /scenarios`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiScenarioRequest {
    /// The scenario is for this payment.
    pub end_to_end_id: Option<String>,
    /// The scenario is for payments to a creditor of this name.
    pub holder: Option<String>,
    /// Name of the behaviour.
    pub behaviour: String,
    /// For this many requests; absent: all.
    pub times: Option<u32>,
}

/// A scenario as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct ApiScenario {
    pub target: &'static str,
    pub value: String,
    pub behaviour: String,
    pub remaining: i64,
}

impl ApiScenarioRequest {
    /// Decodes the body; `None` for an unknown name or if the target is not exactly one.
    pub fn decode(self) -> Option<ApiScenario> {
        let (target, value) = match (self.end_to_end_id, self.holder) {
            (Some(id), None) => ("end_to_end_id", id),
            (None, Some(holder)) => ("holder", holder),
            _ => return None,
        };
        let fits = (1..=140).contains(&value.chars().count()) && !value.contains('\0');
        ApiBehaviour::parse(&self.behaviour).filter(|_| fits)?;
        Some(ApiScenario { target, value, behaviour: self.behaviour, remaining: self.times.map_or(-1, i64::from) })
    }
}

#[cfg(test)]
mod tests;
