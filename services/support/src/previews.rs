//! What a proposal would do: the ledger's dry run, for those who propose and for those who decide.
use crate::{
    domain::{AccountAct, Proposal, ProposalState, ProposedAct},
    postings,
    proposals::{Proposals, account_state},
};
use api::{
    ledger::{Account, PostedTransfer, Posting},
    support::{PreviewedAccount, ProposalPreview},
};
use ledger_client::NotPosted;
use rpc::wire::timestamp_ms;

impl Proposals {
    /// What a proposal that can still be decided would do now. `None` where the ledger does not answer: then nothing is known of it, which is no refusal.
    pub async fn preview(&self, proposal: &Proposal, now_ms: i64) -> Option<ProposalPreview> {
        if proposal.state != ProposalState::Open || proposal.expired(now_ms) {
            return None;
        }
        let previewed = match &proposal.act {
            ProposedAct::Adjustment(_) | ProposedAct::Reversal(_) => {
                self.dry_run(proposal, now_ms).await.map(|posting| accounts_of(&posting))
            }
            ProposedAct::Account(account, act) => self.changed(proposal, account, |_, shown| set_state(shown, *act)).await,
            ProposedAct::Limit(limit) => {
                let window = crate::act_message::window(limit.window);
                let change = |account: &Account, mut shown: PreviewedAccount| {
                    let in_force = account.limits.iter().find(|known| known.window() == window);
                    shown.limit_before = in_force.map_or(0, |known| known.max_amount);
                    shown.limit_after = limit.max;
                    shown
                };
                self.changed(proposal, &limit.account, change).await
            }
        };
        let preview = ProposalPreview { time: Some(timestamp_ms(now_ms)), ..ProposalPreview::default() };
        match previewed {
            Ok(accounts) => Some(ProposalPreview { accounts, ..preview }),
            Err(NotPosted::Refused(refusal)) => {
                let (refusal, refusal_message) = (refusal.reason.name().to_owned(), refusal.to_string());
                Some(ProposalPreview { refusal, refusal_message, ..preview })
            }
            Err(NotPosted::NotExecuted(..) | NotPosted::Unknown(_)) => None,
        }
    }

    /// What the ledger would answer to the proposal's posting, as if it were decided now. Of a proposal that posts nothing the answer is not known.
    pub(crate) async fn dry_run(&self, proposal: &Proposal, now_ms: i64) -> Result<Posting, NotPosted> {
        let (book, decided) = (&proposal.book, Proposal { decided_at_ms: now_ms, ..proposal.clone() });
        match &proposal.act {
            ProposedAct::Adjustment(lines) => self.ledger.dry_run(book, postings::adjustment(&decided, lines)).await,
            ProposedAct::Reversal(posting) => self.ledger.dry_run_reversal(book, postings::approval_id(&decided), *posting).await,
            ProposedAct::Account(..) | ProposedAct::Limit(_) => Err(NotPosted::lost("only postings have a dry run")),
        }
    }

    /// An account whose state or limit would change, of which no posting is made.
    async fn changed(
        &self,
        proposal: &Proposal,
        account: &str,
        change: impl FnOnce(&Account, PreviewedAccount) -> PreviewedAccount,
    ) -> Result<Vec<PreviewedAccount>, NotPosted> {
        let found = self.ledger.account_named(&proposal.book, account).await?;
        Ok(vec![change(&found, standing(&found))])
    }
}

/// The account with the same before and after.
fn standing(account: &Account) -> PreviewedAccount {
    PreviewedAccount {
        account: account.account.clone(),
        unit: account.unit.clone(),
        balance_before: account.balance,
        balance_after: account.balance,
        available_before: account.available,
        available_after: account.available,
        state_before: account.state,
        state_after: account.state,
        ..PreviewedAccount::default()
    }
}

fn set_state(shown: PreviewedAccount, act: AccountAct) -> PreviewedAccount {
    PreviewedAccount { state_after: account_state(act).into(), ..shown }
}

/// Every account of a posting, before its first transfer and after its last.
fn accounts_of(posting: &Posting) -> Vec<PreviewedAccount> {
    let mut accounts: Vec<PreviewedAccount> = Vec::new();
    for transfer in &posting.transfers {
        for (after, sign) in [(&transfer.debit_after, -1), (&transfer.credit_after, 1)] {
            let Some(after) = after else { continue };
            match accounts.iter_mut().find(|known| known.account == after.account) {
                Some(known) => (known.balance_after, known.available_after) = (after.balance, after.available),
                None => accounts.push(first(transfer, after, sign)),
            }
        }
    }
    accounts
}

/// An account at its first transfer: what it had before is what it has after without the transfer.
fn first(transfer: &PostedTransfer, after: &Account, sign: i64) -> PreviewedAccount {
    let moved = if transfer.pending || transfer.released { 0 } else { sign * transfer.amount };
    // A hold takes from what is available of the account that gives, and gives the other nothing yet.
    let freed = match (transfer.pending, sign) {
        (true, -1) => -transfer.amount,
        (true, _) => 0,
        (false, _) => moved,
    };
    PreviewedAccount {
        balance_before: after.balance.saturating_sub(moved),
        available_before: after.available.saturating_sub(freed),
        ..standing(after)
    }
}

#[cfg(test)]
mod tests;
