//! Payee verification by our banks: which of them is asked about an account, by the records of its rails.

use super::{Bank, Banks};
use crate::domain::{payee::PayeeDetails, payee_check::PayeeAnswer};
use chart::BookKind;
use futures::{FutureExt as _, future::BoxFuture};
use jiff::Timestamp;
use ledger_client::LedgerClient;
use money::{BookName, Currency};
use rails::record::PayeeCheck;
use std::sync::Arc;

/// Whose account is to be verified.
#[derive(Clone, Copy)]
pub struct PayeeQuestion<'a> {
    /// The beneficiary's book, which says whether a real bank may be asked.
    pub book: &'a BookName,
    /// The currency in which the account is paid.
    pub currency: Currency,
    /// Account and holder.
    pub payee: &'a PayeeDetails,
    /// Now: the records of rails are dated.
    pub at: Timestamp,
}

/// Somebody who knows whose an account is: the banks ([`BankVerifier`]). Without one, every verification is not possible.
pub trait PayeeVerifier: Send + Sync {
    /// Asks whose the account is. Changes nothing, so it may be asked again.
    fn ask<'a>(&'a self, question: PayeeQuestion<'a>) -> BoxFuture<'a, PayeeAnswer>;
}

/// Asks that of our banks which pays the account over a rail that compares names. A bank that is paused, fails or does not answer in time is asked again later
/// (`payee_tries_max`); `payee_unchecked` decides of payouts meanwhile, and in the end.
pub struct BankVerifier {
    banks: Banks,
    ledger: LedgerClient,
}

impl Banks {
    /// The verifier; none if no bank is to be asked.
    #[must_use]
    pub fn verifier(&self, ledger: &LedgerClient) -> Option<Arc<dyn PayeeVerifier>> {
        let asks = self.all.iter().any(|bank| !bank.payee_time_out.is_zero());
        asks.then(|| Arc::new(BankVerifier { banks: self.clone(), ledger: ledger.clone() }) as Arc<dyn PayeeVerifier>)
    }

    /// The first bank that can be asked about an account, one in use before one that is paused: it has a rail that pays it and looks its holder up. What is merely optional on a rail, such as
    /// a prenote, is a payment of its own and no answer to a question.
    #[must_use]
    pub fn verifying(&self, kind: BookKind, currency: Currency, payee: &PayeeDetails, at: Timestamp) -> Option<&Bank> {
        let country = payee.country().unwrap_or_default();
        let compares = |rail: &str| {
            self.facts.book.record_at(rail, at).is_some_and(|record| {
                matches!(record.payee_check, PayeeCheck::Lookup | PayeeCheck::Mandatory)
                    && record.currencies.contains(&currency)
                    && record.kinds.contains(&payee.kind())
                    && record.pays_in(country)
            })
        };
        let able = self.all.iter().filter(|bank| {
            bank.kind == kind
                && !bank.payee_time_out.is_zero()
                && bank.account(currency).is_some()
                && bank.rails.keys().any(|rail| compares(rail))
        });
        able.min_by_key(|bank| bank.paused.is_some())
    }
}

impl PayeeVerifier for BankVerifier {
    fn ask<'a>(&'a self, question: PayeeQuestion<'a>) -> BoxFuture<'a, PayeeAnswer> {
        async move {
            let kind = match self.ledger.book(question.book).await {
                Ok(Some(kind)) => kind,
                Ok(None) => return PayeeAnswer::NotPossible,
                Err(not_posted) => {
                    tracing::warn!(?not_posted, "a payee can't be verified while the ledger does not say what book it is; asking again");
                    return PayeeAnswer::Later;
                }
            };
            match self.banks.verifying(kind, question.currency, question.payee, question.at) {
                Some(bank) if bank.paused.is_some() => PayeeAnswer::Failed,
                Some(bank) => bank.connector.verify_payee(question.payee, bank.payee_time_out).await,
                None => PayeeAnswer::NotPossible,
            }
        }
        .boxed()
    }
}
