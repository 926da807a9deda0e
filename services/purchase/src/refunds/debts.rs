//! Coins that come to a wallet pay for what its owner owes.

use std::time::SystemTime;

use ledger_client::LedgerReason;
use money::Coins;
use money::time::unix_ms;

use super::ATTEMPTS_MAX;
use super::step::DebtSettlement;
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::store::Debtor;

impl Purchases {
    pub(super) async fn settle_debts(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for debtor in self.store.due_debtors(unix_ms(now), count_max).await? {
            if let Err(error) = self.settle_debt(&debtor, planned_at).await {
                let why = error.of_row("viewer_debt")?;
                tracing::warn!(why, "coins don't pay for a debt yet; trying again");
            }
            self.store.put_off_debtor(&debtor, unix_ms(now).saturating_add(put_off_ms(debtor.tries))).await?;
        }
        Ok(())
    }

    /// Lets the coins of a wallet pay for its owner's debt, as many as there are.
    async fn settle_debt(&self, of: &Debtor, now: SystemTime) -> Result<(), Error> {
        for _ in 0..ATTEMPTS_MAX {
            let planned = match self.store.open_settlement(of).await? {
                Some(planned) => planned,
                None => {
                    let Some(new) = self.settlement(of, now).await? else { return Ok(()) };
                    self.store.plan_settlement(&new).await?;
                    // Another process may have planned one first: what is in the table is posted.
                    continue;
                }
            };
            match self.ledger.posting(&of.book, postings::settled(&planned)).await {
                Ok(posting) => self.store.settled(&planned, &posting.posting_id).await?,
                Err(not_posted) => {
                    // One that the ledger finds ahead of its clock may still be posted by another call with its id.
                    let is_final = ledger_client::is_final(&not_posted, planned.planned_at_ms, unix_ms(now));
                    let Some(refusal) = not_posted.refusal().filter(|_| is_final) else { return Err(Error::Ledger(not_posted)) };
                    if refusal.reason == LedgerReason::GuardMismatch
                        && let Ok(actual) = refusal.fact("actual").parse()
                    {
                        self.store.debt_changed(&of.book, &of.user, actual).await?;
                    }
                    self.store.drop_settlement(&planned).await?;
                    if !matches!(refusal.reason, LedgerReason::GuardMismatch | LedgerReason::InsufficientFunds) {
                        return Err(Error::Ledger(not_posted));
                    }
                }
            }
        }
        Ok(())
    }

    /// What the wallet can pay of the debt now; `None`: nothing, or the coin lots don't say yet which coins may.
    async fn settlement(&self, of: &Debtor, now: SystemTime) -> Result<Option<DebtSettlement>, Error> {
        // First: if the debt changes after it, the ledger refuses the posting.
        let change_no = self.store.debt_change_no(&of.book, &of.user).await?;
        let balance = self.ledger.viewer_wallet(&of.book, &of.user).await?.balance;
        if balance.debt == Coins::ZERO {
            self.store.close_debt(of, change_no).await?;
            return Ok(None);
        }
        let mut there = balance.available().get();
        if !self.holds.other_lots_pay {
            if self.store.lot_place(&of.book).await?.journal.seq < balance.seq.get() {
                return Ok(None);
            }
            there = there.min(self.store.coins_since_debt(&of.book, &of.user).await?);
        }
        let coins = balance.debt.get().min(there);
        Ok((coins > 0).then(|| DebtSettlement {
            book: of.book.clone(),
            user: of.user.clone(),
            change_no: change_no + 1,
            coins,
            attempt: 0,
            planned_at_ms: unix_ms(now),
            posting_id: String::new(),
        }))
    }
}
