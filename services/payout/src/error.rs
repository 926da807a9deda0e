//! Every error of a call, and what its caller is answered.

use crate::{
    beneficiaries::refusal::BeneficiaryRefusal,
    domain::{
        payee_check::PayeeStanding,
        report::{LINES_MAX, ReportLimit},
    },
    review::refusal::ReviewRefusal,
    store, vault,
};
use ledger_client::NotPosted;
use rails::LowestCap;
use rpc::StickyRefusal;
use tonic::{Code, Status};
use uuid::Uuid;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field does not have its required form.
    #[error("{field}: {why}")]
    Malformed {
        /// The name of the field.
        field: &'static str,
        /// What the field must be.
        why: String,
    },
    /// A page token of another list, or an invalid one.
    #[error("the page token belongs to another list")]
    PageToken,
    /// The request id was used for something else.
    #[error("the request id was used before with other fields")]
    Reused(Vec<String>),
    /// The id's own time is ahead of the clock, or so old that an earlier answer may have been deleted. Not kept.
    #[error("request_id carries a time too far from now")]
    RequestIdTime(money::UntimelyId),
    /// Refused by one of this service's rules.
    #[error(transparent)]
    Refused(#[from] PayoutRefusal),
    /// Refused by a rule of runs. Not kept.
    #[error(transparent)]
    Run(#[from] crate::runs::refusal::RunRefusal),
    /// An account that is not recorded, or can't be one. Not kept.
    #[error(transparent)]
    Beneficiary(#[from] BeneficiaryRefusal),
    /// What people found of a file, refused. Not kept.
    #[error(transparent)]
    File(#[from] crate::ach::refusal::FileRefusal),
    /// What people found of a debit is refused.
    #[error(transparent)]
    Debit(#[from] crate::debits::refusal::DebitRefusal),
    /// A decision of the staff that is refused. Not kept.
    #[error(transparent)]
    Review(#[from] ReviewRefusal),
    /// The verification of the payee has another result than a close match. Not kept.
    #[error("the payee check is {}", .0.name())]
    NothingToConfirm(PayeeStanding),
    /// The bank's name for the holder is not the one that is confirmed. Not kept.
    #[error("the bank's name for the holder is another one")]
    PayeeNameDiffers,
    /// Refused by this service's rules or the ledger's, now or before under this id.
    #[error("{}", .0.message())]
    Kept(StickyRefusal),
    /// The ledger could not be reached.
    #[error(transparent)]
    LedgerAway(#[from] NotPosted),
    /// The payout is recorded and will be processed, but whether its hold was placed is not known here. Never "nothing happened".
    #[error("the payout is recorded, its hold is not known yet")]
    HoldUnknown,
    /// The user has the maximum number of recorded bank accounts. Not kept.
    #[error("{0} bank accounts are recorded, which is the maximum")]
    BeneficiaryLimit(u32),
    /// No such payout of this user.
    #[error("no such payout")]
    PayoutUnknown(Uuid),
    /// Nothing is known of this user, whom a member of staff named.
    #[error("nothing is known of user {0}")]
    UserUnknown(String),
    /// The user has no standing order in this currency.
    #[error("no such standing order")]
    OrderUnknown,
    /// A report would exceed a limit.
    #[error(transparent)]
    Report(#[from] ReportLimit),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The key failed.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

/// This service's rules, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayoutRefusal {
    /// No rail to the account carries the holder's name, which was recorded before this was checked. Nothing is paid.
    #[error("the holder's name of this beneficiary must {must}; nothing is paid, record the account again with a name within that limit")]
    HolderNameRecorded {
        /// The rail that came nearest.
        rail: String,
        /// Its longest name, in characters.
        chars_max: usize,
        /// What a name must.
        must: String,
    },
    /// It is not paid, or all of it came back; nothing is asked for. Not kept.
    #[error("this payout can't be recalled: it is {state}; the bank was not asked")]
    NotRecallable {
        /// Its state, or that it came back.
        state: &'static str,
    },
    /// An earlier recall is open, or was accepted. Not kept.
    #[error("an earlier recall of this payout is open or was accepted; the bank was not asked again")]
    RecallOpen {
        /// That recall.
        recall_id: Uuid,
    },
    /// The ledger has no such book.
    #[error("no such book")]
    BookUnknown,
    /// No such beneficiary of this user.
    #[error("no such beneficiary")]
    BeneficiaryUnknown,
    /// A part of a beneficiary that its owner did not give.
    #[error("the owner of this beneficiary did not give this part of it ({part})")]
    PartEmpty {
        /// The part.
        part: &'static str,
    },
    /// The bank gave a name that is close to the given one, and its owner has not confirmed it.
    #[error(
        "the bank has another name for this account, close to the given one; nothing was held: confirm it with ConfirmBeneficiary, or record the account again"
    )]
    PayeeUnconfirmed,
    /// No rail pays that currency to that account in this book.
    #[error("no rail pays this currency to this account in this book")]
    CurrencyUnsupported,
    /// Above the caps of every rail that could pay it.
    #[error("above the cap of {rail}{}; nothing was held: ask for less, or for several payouts", cap.map_or_else(String::new, |cap| format!(", {} ({})", cap.amount, cap.owner)))]
    AmountTooLarge {
        /// The rail that came nearest.
        rail: String,
        /// Its lowest cap.
        cap: Option<LowestCap>,
    },
    /// Every rail that pays this currency to that account is refused for a reason that may pass.
    #[error("no rail can pay this now: {why}; nothing was held; try again later, or complete the beneficiary")]
    NoRail {
        /// The rail that came nearest, and its reasons.
        why: String,
    },
    /// The cost that the person paid bears is as large as the amount.
    #[error("a payout costs {cost_minor_units} minor units, which is not less than the amount; nothing was held: ask for more")]
    AmountTooSmall {
        /// The cost.
        cost_minor_units: i64,
    },
    /// It was submitted or has ended.
    #[error("the payout is {state}: only one that was not sent to a bank can be cancelled; nothing was changed")]
    NotCancellable {
        /// Its state.
        state: &'static str,
    },
}

impl PayoutRefusal {
    /// The table of codes and reasons.
    fn table(&self) -> (Code, &'static str) {
        match self {
            Self::HolderNameRecorded { .. } => (Code::FailedPrecondition, "HOLDER_NAME_INVALID"),
            Self::BookUnknown => (Code::NotFound, "BOOK_UNKNOWN"),
            Self::BeneficiaryUnknown => (Code::NotFound, "BENEFICIARY_UNKNOWN"),
            Self::PartEmpty { .. } => (Code::NotFound, "PART_EMPTY"),
            Self::PayeeUnconfirmed => (Code::FailedPrecondition, "PAYEE_UNCONFIRMED"),
            Self::CurrencyUnsupported => (Code::FailedPrecondition, "CURRENCY_UNSUPPORTED"),
            Self::AmountTooLarge { .. } => (Code::FailedPrecondition, "AMOUNT_TOO_LARGE"),
            Self::NoRail { .. } => (Code::FailedPrecondition, "NO_RAIL"),
            Self::AmountTooSmall { .. } => (Code::FailedPrecondition, "AMOUNT_TOO_SMALL"),
            Self::NotRecallable { .. } => (Code::FailedPrecondition, "NOT_RECALLABLE"),
            Self::RecallOpen { .. } => (Code::FailedPrecondition, "RECALL_OPEN"),
            Self::NotCancellable { .. } => (Code::FailedPrecondition, "NOT_CANCELLABLE"),
        }
    }

    /// Its reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.table().1
    }

    /// The refusal as kept under its request id, so that a retry gets the same.
    #[must_use]
    pub fn kept(self) -> StickyRefusal {
        let (code, reason) = self.table();
        let facts = match &self {
            Self::AmountTooLarge { rail, cap } => {
                let cap = cap.map(|cap| [("cap", cap.amount.to_string()), ("cap_of", cap.owner.to_string())]);
                std::iter::once(("rail", rail.clone())).chain(cap.into_iter().flatten()).collect()
            }
            Self::NoRail { why } => vec![("why", why.clone())],
            Self::AmountTooSmall { cost_minor_units } => vec![("cost_minor_units", cost_minor_units.to_string())],
            Self::RecallOpen { recall_id } => vec![("recall_id", recall_id.to_string())],
            Self::NotRecallable { state } | Self::NotCancellable { state } => vec![("state", (*state).to_owned())],
            Self::HolderNameRecorded { rail, chars_max, .. } => vec![("rail", rail.clone()), ("chars_max", chars_max.to_string())],
            Self::PartEmpty { part } => vec![("part", (*part).to_owned())],
            Self::BookUnknown | Self::BeneficiaryUnknown | Self::PayeeUnconfirmed | Self::CurrencyUnsupported => Vec::new(),
        };
        StickyRefusal::new(code, reason, self.to_string(), &facts)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed { field, why } => rpc::malformed(field, &why),
            Error::PageToken => rpc::errors::page_token(),
            Error::Reused(differing) => rpc::errors::request_id_reused(&differing),
            Error::RequestIdTime(untimely) => rpc::errors::request_id_time(&untimely),
            Error::Refused(refusal) => refusal.kept().status(),
            Error::Beneficiary(refusal) => refusal.status(),
            Error::Review(refusal) => refusal.status(),
            Error::Run(refusal) => refusal.status(),
            Error::File(refusal) => refusal.status(),
            Error::Debit(refusal) => refusal.status(),
            Error::NothingToConfirm(standing) => {
                let message =
                    "the bank has not given a name that is close to the holder's, so there is nothing to confirm; nothing was changed";
                let facts = [("payee_check", standing.name().to_owned())];
                rpc::refused(Code::FailedPrecondition, "NOTHING_TO_CONFIRM", message.to_owned(), &facts)
            }
            Error::PayeeNameDiffers => {
                let message =
                    "the bank has given another name for the holder; nothing was changed, list the beneficiary again and show that name";
                rpc::refused(Code::FailedPrecondition, "PAYEE_NAME_DIFFERS", message.to_owned(), &[])
            }
            Error::Kept(refusal) => refusal.status(),
            Error::LedgerAway(not_posted) => not_posted.into(),
            Error::UserUnknown(user) => rpc::errors::user_unknown(&user),
            Error::HoldUnknown => {
                rpc::outcome_unknown("the payout is recorded and its hold is being placed; retry the same request to see")
            }
            Error::BeneficiaryLimit(max) => {
                let message = "the maximum number of bank accounts is recorded; nothing was recorded, pay to one of them. Those never paid to are deleted in time";
                rpc::refused(Code::FailedPrecondition, "BENEFICIARY_LIMIT", message.to_owned(), &[("beneficiaries_max", max.to_string())])
            }
            Error::PayoutUnknown(id) => {
                rpc::refused(Code::NotFound, "PAYOUT_UNKNOWN", "no such payout".to_owned(), &[("payout_id", id.to_string())])
            }
            Error::OrderUnknown => rpc::refused(Code::NotFound, "STANDING_ORDER_UNKNOWN", "no such standing order".to_owned(), &[]),
            Error::Report(limit) => {
                let (bound, max) = match limit {
                    ReportLimit::Lines => ("lines", LINES_MAX.to_string()),
                    ReportLimit::Payouts(max) => ("payouts", max.to_string()),
                    ReportLimit::Sum => ("sum", i64::MAX.to_string()),
                };
                let message =
                    format!("the report would have {limit}; nothing was changed: ask for a shorter period, or for fewer dimensions");
                rpc::refused(Code::FailedPrecondition, "REPORT_TOO_LARGE", message, &[("bound", bound.to_owned()), ("max", max)])
            }
            Error::Store(error) if error.is_passing() => rpc::errors::database_unreachable(&error),
            Error::Store(error) => rpc::internal(&error),
            Error::Vault(error) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
