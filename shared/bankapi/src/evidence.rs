//! What the bank's words about a payment prove: one table, by status, sub-status and kind of payment.

use crate::{ApiException, ApiPaymentType};

/// What somebody has to look after, while the payment stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiCase {
    /// The bank waits for us: to approve, to add something.
    ClientAction,
    /// The bank's compliance looks at it, which can take days. No other rail meanwhile.
    ComplianceReview,
    /// The bank suspects fraud.
    FraudReview,
    /// Our account has too little money.
    Funding,
}

/// What a status proves about a payment. Money may be given back only after [`Self::Rejected`] and [`Self::Cancelled`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiEvidence {
    /// The bank has it and has not decided.
    Pending,
    /// As [`Self::Pending`], and it does not go on by itself: open a case.
    NeedsUs(ApiCase),
    /// With the payee's bank, final.
    Settled,
    /// ACH: sent and settled as far as anybody will ever say; it can still come back.
    SettledReturnable,
    /// The clearing has it. No proof of payment and none against it.
    SentToClearing,
    /// Not executed. The exceptions are the reasons, in the bank's order; there may be none.
    Rejected(Vec<ApiException>),
    /// Cancelled before it was executed.
    Cancelled,
    /// It was executed and came back. How much and when, the statement says.
    Returned(Vec<ApiException>),
    /// Proves nothing: unknown words, words that don't go together, or another kind of payment than ours. Why, in words.
    Unclear(String),
}

/// What a row of the table says, before the kind of payment is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowMeaning {
    Pending,
    NeedsUs(ApiCase),
    /// `COMPLETED_BY_JPM`: settled for wires, sent for ACH; for others the bank did its part.
    Completed,
    /// `DELIVERED_TO_RECIPIENT`: settled, except that ACH is never final.
    Delivered,
    SentToClearing,
    Rejected,
    Cancelled,
    Returned,
}

/// Status, sub-status (empty: none was given) and what they mean together. A pair that is not here means nothing.
const TABLE: [(&str, &str, RowMeaning); 29] = [
    ("RECEIVED", "RECEIVED", RowMeaning::Pending),
    ("ACCEPTED", "ACCEPTED", RowMeaning::Pending),
    ("PROCESSING", "PROCESSING_BY_JPM", RowMeaning::Pending),
    ("PROCESSING", "PENDING_CLIENT_ACTION", RowMeaning::NeedsUs(ApiCase::ClientAction)),
    ("PROCESSING", "PENDING_COMPLIANCE_REVIEW", RowMeaning::NeedsUs(ApiCase::ComplianceReview)),
    ("PROCESSING", "PENDING_FRAUD_REVIEW", RowMeaning::NeedsUs(ApiCase::FraudReview)),
    ("PROCESSING", "PENDING_FUNDING_REVIEW", RowMeaning::NeedsUs(ApiCase::Funding)),
    ("PROCESSING", "PENDING_JPM_REVIEW", RowMeaning::Pending),
    ("PROCESSING", "SCHEDULED", RowMeaning::Pending),
    ("PROCESSING", "PENDING_POSTING", RowMeaning::Pending),
    ("CANCELED", "CANCELED", RowMeaning::Cancelled),
    ("REJECTED", "REJECTED", RowMeaning::Rejected),
    ("REJECTED", "REJECTED_BY_JPM", RowMeaning::Rejected),
    ("COMPLETED", "COMPLETED_BY_JPM", RowMeaning::Completed),
    ("COMPLETED", "SENT_TO_CLEARING", RowMeaning::SentToClearing),
    ("COMPLETED", "DELIVERED_TO_RECIPIENT", RowMeaning::Delivered),
    ("RETURNED", "RETURNED", RowMeaning::Returned),
    // The first version has no sub-status, and in the second it is optional.
    ("RECEIVED", "", RowMeaning::Pending),
    ("ACCEPTED", "", RowMeaning::Pending),
    ("PROCESSING", "", RowMeaning::Pending),
    ("CANCELED", "", RowMeaning::Cancelled),
    ("REJECTED", "", RowMeaning::Rejected),
    ("COMPLETED", "", RowMeaning::Completed),
    ("RETURNED", "", RowMeaning::Returned),
    // Only in the first version.
    ("PENDING", "", RowMeaning::Pending),
    ("PENDING_POSTING", "", RowMeaning::Pending),
    ("HOLD", "", RowMeaning::Pending),
    ("CLEARED", "", RowMeaning::Pending),
    // A page of 2024 shows it as the first callback of the second version.
    ("PENDING", "PENDING", RowMeaning::Pending),
];

/// Every pair of words that is known: status and sub-status, empty where none is given. For documentation and tests.
pub fn known_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(status, sub_status, _)| (*status, *sub_status))
}

/// What a status proves about a payment that we sent as `sent_as`. A wallet's or an instant payment's `COMPLETED_BY_JPM` is no proof that the payee has it:
/// the booked debit will be.
#[must_use]
pub fn evidence(status: &str, sub_status: Option<&str>, exceptions: &[ApiException], sent_as: ApiPaymentType) -> ApiEvidence {
    let sub = sub_status.unwrap_or_default();
    let Some((_, _, meaning)) = TABLE.iter().find(|(known, known_sub, _)| (*known, *known_sub) == (status, sub)) else {
        let shown = money::text::shown(status).into_owned();
        let with = sub_status.map(|sub| format!(" with {}", money::text::shown(sub))).unwrap_or_default();
        return ApiEvidence::Unclear(format!("the status {shown}{with} is not known"));
    };
    let is_ach = sent_as == ApiPaymentType::Ach;
    match meaning {
        RowMeaning::Pending => ApiEvidence::Pending,
        RowMeaning::NeedsUs(case) => ApiEvidence::NeedsUs(*case),
        RowMeaning::Completed | RowMeaning::Delivered if is_ach => ApiEvidence::SettledReturnable,
        RowMeaning::Delivered => ApiEvidence::Settled,
        RowMeaning::Completed if sent_as == ApiPaymentType::Wire && !sub.is_empty() => ApiEvidence::Settled,
        RowMeaning::Completed | RowMeaning::SentToClearing => ApiEvidence::SentToClearing,
        RowMeaning::Rejected => ApiEvidence::Rejected(exceptions.to_vec()),
        RowMeaning::Cancelled => ApiEvidence::Cancelled,
        RowMeaning::Returned => ApiEvidence::Returned(exceptions.to_vec()),
    }
}

#[cfg(test)]
mod tests;
