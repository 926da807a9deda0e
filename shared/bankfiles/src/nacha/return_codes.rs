//! Return reason codes: what each means for an entry of ours, who has to act, and what the person who was to be paid is told.
//!
//! The codes are Nacha's. Time limits are as its rules are commonly cited in 2025 and 2026; texts are ours.

mod table;
mod texts;

use serde::Serialize;

/// What a return reason code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReturnCode {
    /// `R01` and so on.
    pub code: &'static str,
    /// What happened, for staff.
    pub meaning: &'static str,
    /// Until when a bank may send it.
    pub window: ReturnWindow,
    /// Who sends it.
    pub sender: ReturnSender,
    /// Whether a credit, such as a payout, can get it.
    pub concerns_credits: bool,
    /// Who has to act when a credit gets it.
    pub owner: ReturnOwner,
    /// Whether the same payment may be sent again.
    pub retry: ReturnRetry,
    /// What its owner does next.
    pub next_step: &'static str,
    /// What the person who was to be paid is told. Reveals neither a suspicion nor anything about another person.
    pub words: &'static str,
}

/// Until when a return may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnWindow {
    /// Banking days after the entry settled.
    BankingDays(u8),
    /// Calendar days after the entry settled.
    CalendarDays(u8),
    /// The operator refuses it in its next file.
    NextFile,
    /// Promptly after the receiver refused the money: no number of days.
    Promptly,
    /// Banking days after the return settled.
    AfterReturn(u8),
    /// Banking days after the dishonoured return settled.
    AfterDishonour(u8),
    /// As the banks agree; no limit in the rules.
    Undefined,
    /// The rules give none for it.
    Unstated,
}

/// Who sends a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnSender {
    /// The receiving bank (RDFI).
    ReceivingBank,
    /// The ACH operator.
    Operator,
    /// Either of them.
    ReceivingBankOrOperator,
    /// Our own bank (ODFI): it disputes a return.
    OriginatingBank,
    /// A federal agency, of enrolments.
    Agency,
    /// The gateway of an international payment.
    Gateway,
    /// The receiving bank or the gateway.
    ReceivingBankOrGateway,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnOwner {
    /// The person paid: the account or its data is wrong.
    Creator,
    /// Our operations: the file, the calendar or our data is wrong.
    Operations,
    /// Our compliance staff.
    Compliance,
    /// The banks.
    Bank,
    /// Nobody: credits don't get it.
    Nobody,
}

/// Whether the same payment may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnRetry {
    /// No; a new payment needs other data or a decision.
    Never,
    /// Yes, after what was wrong is corrected.
    Corrected,
    /// Debits only.
    DebitsOnly,
    /// Later, or over another rail.
    LaterOrOtherRail,
    /// The question doesn't arise: it answers a return or a request of ours.
    NotApplicable,
}

/// The meaning of a code such as `R03`; `None` if there is no such code.
#[must_use]
pub fn return_code(code: &str) -> Option<ReturnCode> {
    table::FACTS.iter().find(|facts| facts.0 == code).map(joined)
}

/// All codes, ascending.
pub fn return_codes() -> impl Iterator<Item = ReturnCode> {
    table::FACTS.iter().map(joined)
}

fn joined(facts: &table::ReturnFacts) -> ReturnCode {
    let (code, window, sender, owner, retry, meaning) = *facts;
    let (next_step, words) = texts::of(code);
    ReturnCode { code, meaning, window, sender, concerns_credits: owner != ReturnOwner::Nobody, owner, retry, next_step, words }
}

#[cfg(test)]
mod tests;
