//! By what payees are checked.

use super::rules::PayeeRules;
use crate::banks::payees::PayeeVerifier;
use std::sync::Arc;

/// What use cases of beneficiaries need besides tables and keys.
#[derive(Default)]
pub struct PayeeDesk {
    /// What payees are checked by.
    pub rules: PayeeRules,
    /// Who knows whose an account is, if anybody.
    pub verifier: Option<Arc<dyn PayeeVerifier>>,
}
