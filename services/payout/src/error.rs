//! Every error of a call, and what its caller is answered.

use crate::{store, vault};
use iso20022::rail::text::RailTextFault;
use ledger_client::NotPosted;
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The key failed.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

/// This service's rules, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayoutRefusal {
    /// Not a valid IBAN.
    #[error("not a valid IBAN")]
    IbanInvalid,
    /// Not a valid ABA routing number.
    #[error("not a valid ABA routing number")]
    RoutingNumberInvalid,
    /// Not an account number.
    #[error("an account number has 4 to 17 digits")]
    AccountNumberInvalid,
    /// No rail to that country.
    #[error("no rail reaches accounts of this country")]
    CountryUnsupported,
    /// The holder's name is not allowed on the rail to that account. Nothing was recorded.
    #[error("the holder's name: {0}; nothing was recorded, resend the name as the bank has it within that limit")]
    HolderNameInvalid(RailTextFault),
    /// The same for an account that was recorded before this check existed. Nothing is paid.
    #[error("the holder's name of this beneficiary: {0}; nothing is paid, record the account again with a name within that limit")]
    HolderNameRecorded(RailTextFault),
    /// The ledger has no such book.
    #[error("no such book")]
    BookUnknown,
    /// No such beneficiary of this user.
    #[error("no such beneficiary")]
    BeneficiaryUnknown,
    /// No rail pays that currency to that account in this book.
    #[error("no rail pays this currency to this account in this book")]
    CurrencyUnsupported,
    /// Above the rail's limit.
    #[error("above the rail's limit")]
    AmountTooLarge,
}

impl PayoutRefusal {
    /// The table of codes and reasons.
    fn table(self) -> (Code, &'static str) {
        match self {
            Self::IbanInvalid => (Code::InvalidArgument, "IBAN_INVALID"),
            Self::RoutingNumberInvalid => (Code::InvalidArgument, "ROUTING_NUMBER_INVALID"),
            Self::AccountNumberInvalid => (Code::InvalidArgument, "ACCOUNT_NUMBER_INVALID"),
            Self::CountryUnsupported => (Code::FailedPrecondition, "COUNTRY_UNSUPPORTED"),
            Self::HolderNameInvalid(_) => (Code::InvalidArgument, "HOLDER_NAME_INVALID"),
            Self::HolderNameRecorded(_) => (Code::FailedPrecondition, "HOLDER_NAME_INVALID"),
            Self::BookUnknown => (Code::NotFound, "BOOK_UNKNOWN"),
            Self::BeneficiaryUnknown => (Code::NotFound, "BENEFICIARY_UNKNOWN"),
            Self::CurrencyUnsupported => (Code::FailedPrecondition, "CURRENCY_UNSUPPORTED"),
            Self::AmountTooLarge => (Code::FailedPrecondition, "AMOUNT_TOO_LARGE"),
        }
    }

    /// The refusal as kept under its request id, so that a retry gets the same.
    #[must_use]
    pub fn kept(self) -> StickyRefusal {
        let (code, reason) = self.table();
        let facts = match self {
            Self::HolderNameInvalid(fault) | Self::HolderNameRecorded(fault) => {
                vec![("rail", fault.rail().name().to_owned()), ("chars_max", fault.rail().name_chars_max().to_string())]
            }
            Self::IbanInvalid
            | Self::RoutingNumberInvalid
            | Self::AccountNumberInvalid
            | Self::CountryUnsupported
            | Self::BookUnknown
            | Self::BeneficiaryUnknown
            | Self::CurrencyUnsupported
            | Self::AmountTooLarge => Vec::new(),
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
            Error::Kept(refusal) => refusal.status(),
            Error::LedgerAway(not_posted) => not_posted.into(),
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
            Error::Store(error) if error.is_passing() => rpc::errors::database_unreachable(&error),
            Error::Store(error) => rpc::internal(&error),
            Error::Vault(error) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
