//! Who may owe coins: known in memory, so that gifts of all others cost nothing more.

use super::{
    chart::{self, Account, AccountClass, GuardFamily, Owner},
    request::NewTransfer,
    state::BookState,
};

/// The account of what a viewer owes whose coins an account has; `None` for any other account.
#[must_use]
pub fn debt_beside(account: &str) -> Option<String> {
    match Account::parse(account) {
        Some(Account::ViewerCoins(user)) => Some(Account::ViewerDebt(user).name()),
        _ => None,
    }
}

impl BookState {
    /// Remembers whose debt the guard counts the changes of, if it is one of those.
    #[inline]
    pub fn note_debtor(&mut self, guard: &str) {
        if let Some(user) = guard.strip_prefix(GuardFamily::Debt.prefix()) {
            self.debtors.insert(user.to_owned());
        }
    }

    /// The account of what a viewer owes who spends coins by a transfer; `None` where nobody spends, or the viewer never owed any. Costs next to nothing for those.
    #[inline]
    #[must_use]
    pub fn debt_of_spender(&self, transfer: &NewTransfer) -> Option<String> {
        if self.debtors.is_empty() {
            return None;
        }
        let (debit, credit) = (transfer.accounts.debit(), transfer.accounts.credit());
        if debit.form.class != AccountClass::ViewerCoins || credit.form.class != AccountClass::CoinsRedeemed {
            return None;
        }
        let user = chart::account::owner(&debit.text).filter(|user| self.debtors.contains(*user))?;
        Owner::try_new(user).map(|user| Account::ViewerDebt(user).name())
    }
}
