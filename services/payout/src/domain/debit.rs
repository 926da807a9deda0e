//! A booked debit of a whole message that nothing explains: kept as an open item until a later statement or two people do.

use money::{Money, derive_id};
use uuid::Uuid;

money::named! {
    /// How it stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum DebitStanding {
        /// Nothing explains it.
        Open = "open",
        /// A later statement lists its payments, or they come to its sum by now.
        Explained = "explained",
        /// Two people have found what it is.
        Resolved = "resolved",
    }
}

money::named! {
    /// What it is, as people found it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum DebitOutcome {
        /// No candidate is in it that our records don't say is paid.
        OtherMoney = "other_money",
        /// Candidates are in it, and the difference is explained.
        ThesePayments = "these_payments",
    }
}

/// A booked debit that nothing explained when it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexplainedDebit {
    /// Derived from account and booking.
    pub debit_id: Uuid,
    /// Our name of the bank.
    pub bank: String,
    /// Our id of the account.
    pub bank_account: String,
    /// What was debited.
    pub amount: Money,
    /// The bank's reference of the booking; empty: none.
    pub bank_reference: String,
    /// Ids of messages and payments that the bank names with it.
    pub message_ids: Vec<String>,
    /// `Stmt/Id` of the statement that showed it first.
    pub statement_id: String,
    /// Unix milliseconds; 0: the statement does not say.
    pub booked_at_ms: i64,
    /// Unix milliseconds.
    pub found_at_ms: i64,
    /// How many payouts its message has.
    pub candidates: i64,
    /// How it stands.
    pub standing: DebitStanding,
    /// When it was explained or resolved, Unix milliseconds; 0: it is open.
    pub ended_at_ms: i64,
    /// What people found; none: nobody has found anything.
    pub finding: Option<DebitFinding>,
}

/// What people found of a debit: the first of them, and who agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebitFinding {
    /// What the debit is, as the first one found it.
    pub outcome: DebitOutcome,
    /// The evidence of the first one.
    pub evidence: String,
    /// The first one.
    pub proposed_by: String,
    /// The evidence of the second one; empty until then.
    pub confirmation: String,
    /// The second one; empty until then.
    pub decided_by: String,
}

/// What names a booking on an account: the bank's own reference or, of a bank without any, everything else that it says of it.
#[must_use]
pub fn debit_id(account: [&str; 3], reference: &str, ids: &[String], amount: Money, booked_at_ms: i64) -> Uuid {
    let [bank, bank_account, currency] = account;
    if !reference.is_empty() {
        return derive_id(Uuid::nil(), &["payout.unexplained_debit", bank, bank_account, currency, reference]);
    }
    let (ids, amount, booked_at_ms) = (ids.join(" "), amount.minor_units().to_string(), booked_at_ms.to_string());
    derive_id(Uuid::nil(), &["payout.unexplained_debit", bank, bank_account, currency, "", &ids, &amount, &booked_at_ms])
}
