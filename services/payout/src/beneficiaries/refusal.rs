//! Why a beneficiary is not recorded. Nothing of this is kept under the request's id, so a corrected request may use the same one.

use super::given::path;
use accounts::{AddressField, AddressKind};
use rpc::errors::FieldViolation;
use tonic::{Code, Status};

/// A field of the request and what it must be. The value is never repeated: it is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayeeFieldFault {
    /// The field's path in the request: `iban`, `uk_account.sort_code`, `postal_address.town`.
    pub path: String,
    /// What it must, to be read after the path: `must be six digits`.
    pub must: String,
}

impl PayeeFieldFault {
    /// A fault of the field at a path.
    pub(crate) fn new(path: impl Into<String>, must: impl std::fmt::Display) -> Self {
        Self { path: path.into(), must: format!("must {must}") }
    }
}

/// Why a beneficiary is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeneficiaryRefusal {
    /// These fields are invalid; at least one.
    #[error("{}", sentences(.faults))]
    Fields {
        /// The kind of the account, which decides the reason.
        kind: AddressKind,
        /// Everything that is wrong, the account's own fields first.
        faults: Vec<PayeeFieldFault>,
    },
    /// No rail pays to such an account.
    #[error("no rail reaches accounts of this country")]
    CountryUnsupported,
    /// No rail to the account carries the name.
    #[error(
        "the holder's name must {must}, and no other rail to this account accepts more; nothing was recorded, resend the name as the bank has it"
    )]
    HolderName {
        /// The field with the name: `holder_name` or `holder_name_kana`.
        field: &'static str,
        /// The rail with the widest limit.
        rail: String,
        /// The longest name that it carries, in characters.
        chars_max: usize,
        /// What the name must; names the rail.
        must: String,
    },
}

fn sentences(faults: &[PayeeFieldFault]) -> String {
    let sentences: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.path, fault.must)).collect();
    format!("{}; nothing was recorded", rpc::errors::named(&sentences).join("; "))
}

/// The reason of invalid fields. Kinds of the first contract have reasons of their own for the fields of that contract.
fn reason_of(kind: AddressKind, faults: &[PayeeFieldFault]) -> &'static str {
    let wrong = |field| faults.iter().any(|fault| fault.path == path(kind, field));
    match kind {
        AddressKind::Iban if wrong(AddressField::Iban) => "IBAN_INVALID",
        AddressKind::UsAccount if wrong(AddressField::RoutingNumber) => "ROUTING_NUMBER_INVALID",
        AddressKind::UsAccount if wrong(AddressField::AccountNumber) => "ACCOUNT_NUMBER_INVALID",
        _ => "ADDRESS_INVALID",
    }
}

impl BeneficiaryRefusal {
    /// The invalid fields; none if the refusal is about something else.
    #[must_use]
    pub fn faults(&self) -> &[PayeeFieldFault] {
        match self {
            Self::Fields { faults, .. } => faults,
            Self::CountryUnsupported | Self::HolderName { .. } => &[],
        }
    }

    /// What the caller is answered.
    #[must_use]
    pub fn status(&self) -> Status {
        let message = self.to_string();
        match self {
            Self::Fields { kind, faults } => {
                let fields = faults.iter().map(|fault| FieldViolation::new(&fault.path, &fault.must)).collect();
                let names: Vec<String> = faults.iter().map(|fault| fault.path.clone()).collect();
                let facts = [("fields", rpc::errors::named(&names).join(","))];
                rpc::errors::refused_fields(reason_of(*kind, faults), &message, &facts, fields)
            }
            Self::CountryUnsupported => rpc::refused(Code::FailedPrecondition, "COUNTRY_UNSUPPORTED", message, &[]),
            Self::HolderName { field, rail, chars_max, must } => {
                let facts = [("rail", rail.clone()), ("chars_max", chars_max.to_string())];
                let fields = vec![FieldViolation::new(*field, format!("must {must}"))];
                rpc::errors::refused_fields("HOLDER_NAME_INVALID", &message, &facts, fields)
            }
        }
    }
}
