//! What the bank does with a payment, and what it does afterwards.

use iso20022::ReasonCode;

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
    /// Executed, and left out of the answer, which names only the others of its message.
    Unreported,
    /// Executed; comes back.
    Return(PlannedReturn),
    /// Executed, and a fee of so many minor units is booked beside it.
    Fee(i64),
    /// Executed; what happens when it is recalled.
    Recalled(RecallAnswer),
    /// Executed; what happens to its callbacks.
    Callback(CallbackTrick),
}

/// A return to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedReturn {
    /// The reason code that the bank gives with it.
    pub code: ReasonCode,
    /// How much; all if absent.
    pub minor_units: Option<i64>,
    /// When, in milliseconds after the payment; absent: on the first query, or after the configured delay.
    pub after_ms: Option<u64>,
}

/// What the other bank says to a recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecallAnswer {
    /// The money comes back.
    Accept,
    /// It does not, for this reason.
    Refuse(ReasonCode),
    /// Nothing.
    Never,
}

/// What goes wrong with callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackTrick {
    /// Each comes twice.
    Twice,
    /// The last one comes first.
    Disorder,
    /// They come before the answer to the payment.
    First,
    /// One with a false status and a false signature comes before them.
    Forged,
    /// One about another customer's payment comes too.
    Foreign,
}

const TRICKS: [(CallbackTrick, &str); 5] = [
    (CallbackTrick::Twice, "callback_twice"),
    (CallbackTrick::Disorder, "callback_disorder"),
    (CallbackTrick::First, "callback_first"),
    (CallbackTrick::Forged, "callback_forged"),
    (CallbackTrick::Foreign, "callback_foreign"),
];

/// The behaviours that no account has, as [`Behaviour::parse`] reads them.
pub const NOT_BY_ACCOUNT: [&str; 14] = [
    "reject_executed:AC04",
    "lose",
    "unreported",
    "return:AC04",
    "return_part:AC04:100",
    "fee:25",
    "recall_accept",
    "recall_refuse:CUST",
    "recall_silent",
    "callback_twice",
    "callback_disorder",
    "callback_first",
    "callback_forged",
    "callback_foreign",
];

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
            Self::Unreported => "executes it, and leaves it out of the answer to its message; tells its status when asked".to_owned(),
            Self::Return(planned) => returned(planned),
            Self::Fee(minor_units) => format!("executes it, and books a fee of {minor_units} minor units as an entry of its own"),
            Self::Recalled(RecallAnswer::Accept) => "executes it; when recalled, gives the money back".to_owned(),
            Self::Recalled(RecallAnswer::Refuse(code)) => format!("executes it; when recalled, refuses with {}", code.code()),
            Self::Recalled(RecallAnswer::Never) => "executes it; when recalled, never answers".to_owned(),
            Self::Callback(CallbackTrick::Twice) => "executes it, and sends each of its callbacks twice".to_owned(),
            Self::Callback(CallbackTrick::Disorder) => {
                "executes it, answers ACSP, and sends its callbacks in the wrong order: the booking, ACSC, ACSP".to_owned()
            }
            Self::Callback(CallbackTrick::First) => "executes it, and answers only when its callbacks are delivered".to_owned(),
            Self::Callback(CallbackTrick::Forged) => {
                "executes it; before its callbacks comes one that says RJCT, signed with a key that is not the bank's".to_owned()
            }
            Self::Callback(CallbackTrick::Foreign) => {
                "executes it; with its callbacks comes a signed one about a payment of somebody else".to_owned()
            }
        }
    }

    /// Its name, and behind colons a reason code, an amount in minor units or the delay of a late answer; behind `@` a return's delay in milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, detail) = text.split_once(':').map_or((text, None), |(name, detail)| (name, Some(detail)));
        match (name, detail) {
            ("settle", None) => Some(Self::Settle),
            ("settle_later", None) => Some(Self::SettleLater),
            ("reject", Some(detail)) => code(detail).map(Self::Reject),
            ("reject_executed", Some(detail)) => code(detail).map(Self::RejectExecuted),
            ("cut", None) => Some(Self::Cut),
            ("late", None) => Some(Self::Late(None)),
            ("late", Some(delay_ms)) => delay_ms.parse().ok().map(|delay_ms| Self::Late(Some(delay_ms))),
            ("silent", None) => Some(Self::Silent),
            ("silent_executed", None) => Some(Self::SilentExecuted),
            ("pending", None) => Some(Self::Pending),
            ("lose", None) => Some(Self::Lose),
            ("lose_once", None) => Some(Self::LoseOnce),
            ("garbage", None) => Some(Self::Garbage),
            ("unreported", None) => Some(Self::Unreported),
            ("return" | "return_part", Some(detail)) => planned(name, detail).map(Self::Return),
            ("fee", Some(detail)) => amount(detail).map(Self::Fee),
            ("recall_accept", None) => Some(Self::Recalled(RecallAnswer::Accept)),
            ("recall_refuse", Some(detail)) => code(detail).map(RecallAnswer::Refuse).map(Self::Recalled),
            ("recall_silent", None) => Some(Self::Recalled(RecallAnswer::Never)),
            (name, None) => TRICKS.iter().find(|(_, known)| *known == name).map(|(trick, _)| Self::Callback(*trick)),
            _ => None,
        }
    }
}

fn returned(planned: &PlannedReturn) -> String {
    let when =
        planned.after_ms.map_or_else(|| "after the first query or some seconds".to_owned(), |after_ms| format!("after {after_ms} ms"));
    match planned.minor_units {
        None => format!("executes it; {when} all of it comes back with {}", planned.code.code()),
        Some(part) => format!("executes it; {when} {part} minor units of it come back with {}, less a charge", planned.code.code()),
    }
}

fn code(text: &str) -> Option<ReasonCode> {
    let fits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| ReasonCode::from_code(text))
}

fn amount(text: &str) -> Option<i64> {
    text.parse().ok().filter(|amount| (1..=money::AMOUNT_MAX).contains(amount))
}

fn planned(name: &str, detail: &str) -> Option<PlannedReturn> {
    let (detail, after_ms) = match detail.split_once('@') {
        Some((detail, after_ms)) => (detail, Some(after_ms.parse().ok()?)),
        None => (detail, None),
    };
    let (reason, minor_units) = match (name, detail.split_once(':')) {
        ("return", None) => (detail, None),
        ("return_part", Some((reason, part))) => (reason, Some(amount(part)?)),
        _ => return None,
    };
    Some(PlannedReturn { code: code(reason)?, minor_units, after_ms })
}

#[cfg(test)]
mod tests;
