//! Dry run of an import: the ledger judges each posting on the book as it is, and this module adds what the earlier postings of the file would have moved.
use super::ImportTarget;
use crate::OperationFault;
use api::ledger::{Account, GetAccountRequest, PostRefusal, PostRequest, PostResponse, post_batch_outcome::Outcome};
use ledger_client::LedgerReason;
use std::collections::HashMap;
use tonic::Code;

/// An account that must not go below zero.
struct TrialAccount {
    available: i64,
    limited: bool,
}

/// The accounts that must not go below zero, with the balances that they would have.
#[derive(Default)]
pub(super) struct TrialBook {
    accounts: HashMap<String, Option<TrialAccount>>,
}

impl TrialBook {
    /// The outcome of a posting after the earlier ones, given the ledger's outcome for it alone.
    pub async fn judge(&mut self, target: &mut ImportTarget, post: &PostRequest, alone: Outcome) -> Result<Outcome, OperationFault> {
        match &alone {
            Outcome::Accepted(accepted) if !accepted.replayed => {}
            // The refusal that depends on earlier postings.
            Outcome::Refused(refused) if refused.reason == LedgerReason::InsufficientFunds.name() => {}
            Outcome::Accepted(_) | Outcome::Refused(_) => return Ok(alone),
        }
        for transfer in &post.transfers {
            for name in [&transfer.debit_account, &transfer.credit_account] {
                if !self.accounts.contains_key(name) {
                    let found = look(target, name).await?;
                    self.accounts.insert(name.clone(), found);
                }
            }
        }
        Ok(match self.short(post) {
            Some((account, needed, available)) => Outcome::Refused(PostRefusal {
                code: Code::FailedPrecondition as i32,
                reason: LedgerReason::InsufficientFunds.name().to_owned(),
                message: format!("{needed} needed, {available} available in {account} after the postings before it in the file"),
                ..PostRefusal::default()
            }),
            None => {
                self.moved(post);
                Outcome::Accepted(PostResponse::default())
            }
        })
    }

    /// The first account that would go below zero.
    fn short<'a>(&self, post: &'a PostRequest) -> Option<(&'a str, i64, i64)> {
        let mut moved: HashMap<&str, i64> = HashMap::new();
        for transfer in &post.transfers {
            if let Some(Some(account)) = self.accounts.get(&transfer.debit_account) {
                let before = account.available.saturating_add(moved.get(transfer.debit_account.as_str()).copied().unwrap_or(0));
                if before < transfer.amount {
                    return Some((&transfer.debit_account, transfer.amount, before));
                }
            }
            *moved.entry(&transfer.debit_account).or_default() -= transfer.amount;
            *moved.entry(&transfer.credit_account).or_default() += transfer.amount;
        }
        None
    }

    fn moved(&mut self, post: &PostRequest) {
        let mut add = |name: &String, amount: i64| {
            if let Some(Some(account)) = self.accounts.get_mut(name) {
                account.available = account.available.saturating_add(amount);
            }
        };
        for transfer in &post.transfers {
            add(&transfer.debit_account, -transfer.amount);
            add(&transfer.credit_account, transfer.amount);
        }
    }

    /// A warning about what the dry run can't predict.
    pub fn note(&self) -> Option<String> {
        let limited = self.accounts.values().flatten().filter(|account| account.limited).count();
        let why = "what they let through was judged for each posting alone";
        (limited > 0).then(|| format!("{limited} of the accounts have debit limits: {why}, so more may be refused when it is imported"))
    }
}

/// The account's current state; `None` for one that may go below zero.
async fn look(target: &mut ImportTarget, name: &str) -> Result<Option<TrialAccount>, OperationFault> {
    if !chart::form(name).is_some_and(|form| form.debits_must_not_exceed_credits) {
        return Ok(None);
    }
    let request = target.authorised(GetAccountRequest { book: target.book.clone(), account: name.to_owned() })?;
    match target.client.get_account(request).await {
        Ok(answer) => {
            let Account { available, limits, .. } = answer.into_inner().account.unwrap_or_default();
            Ok(Some(TrialAccount { available, limited: !limits.is_empty() }))
        }
        Err(status) => match ledger_client::classify(status.clone()).refusal() {
            Some(refusal) if refusal.reason == LedgerReason::AccountUnknown => Ok(Some(TrialAccount { available: 0, limited: false })),
            _ => Err(super::answered(&status).into()),
        },
    }
}
