//! Files of an ACH bank for us: fetched, stored, and confirmed only then, so that none is lost; then read like its callbacks.

use super::booking::return_reference;
use crate::{
    ach::files::sha256,
    banks::{
        Bank,
        connector::{AchCorrection, AchReturn},
        nacha::NachaBank,
    },
    callbacks::reading::Heeded,
    domain::returns::BankCredit,
    drive::now_ms,
    error::Error,
    payouts::Payouts,
    store::statements::StatementAccount,
};
use money::Money;

/// Files fetched in one round.
const ROUND_MAX: usize = 16;

impl Payouts {
    /// Fetches the files that banks have for us. True: there are more.
    pub(crate) async fn fetch_ach_mail(&self) -> Result<bool, Error> {
        let mut more = false;
        for bank in self.banks.all() {
            if let Some(files) = bank.files() {
                more |= self.fetch_mail(bank, files).await?;
            }
        }
        Ok(more)
    }

    async fn fetch_mail(&self, bank: &Bank, files: &NachaBank) -> Result<bool, Error> {
        for _ in 0..ROUND_MAX {
            let mail = match files.mail().await {
                Ok(Some(mail)) => mail,
                Ok(None) => return Ok(false),
                Err(why) => {
                    tracing::warn!(bank = bank.name, why, "the bank's returns can't be fetched; trying again");
                    return Ok(false);
                }
            };
            // A file that comes twice has the same bytes, and is kept and read once.
            let digest = sha256(&mail.content);
            let is_new = self.store.keep_callback(&self.vault, &bank.name, &digest, &mail.content, now_ms()).await?;
            if is_new {
                self.news.notify_waiters();
            }
            if let Err(why) = files.confirm(&mail.name).await {
                tracing::warn!(
                    bank = bank.name,
                    file_name = mail.name,
                    why,
                    "a file of returns is stored and not confirmed; it comes again"
                );
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An entry comes back: its reason is kept, and the money is announced until a statement books it.
    pub(crate) async fn heed_ach_return(&self, bank: &Bank, back: &AchReturn) -> Result<Heeded, Error> {
        let Some(entry) = self.store.ach_entry(&bank.name, &back.trace).await? else {
            tracing::warn!(bank = bank.name, trace = back.trace, code = back.code, "an ACH return names no payment of ours");
            return Ok(Heeded::Now(format!("{}: a payment that is not ours", back.trace)));
        };
        self.store.note_return_code(&bank.name, &entry.trace, &back.code).await?;
        let account = bank.accounts.iter().find(|account| account.id == entry.bank_account);
        let amount = account.and_then(|account| Money::try_new(account.currency, back.cents).ok());
        let (Some(account), Some(amount)) = (account, amount) else {
            return Ok(Heeded::Now(format!("{}: of another account", back.trace)));
        };
        let account = StatementAccount { bank: bank.name.clone(), bank_account: account.id.clone(), currency: account.currency };
        let credit = BankCredit {
            place: 0,
            bank_reference: return_reference(&entry.trace),
            end_to_end_id: entry.end_to_end_id.clone(),
            amount,
            charge_minor_units: 0,
            is_return: true,
            code: back.code.clone(),
            value_date: String::new(),
            booked_at_ms: 0,
        };
        self.keep_credits(&account, std::slice::from_ref(&credit), false).await?;
        Ok(Heeded::Now(format!("{}: {amount} comes back ({})", back.trace, back.code)))
    }

    /// The account of an entry that was paid is to be corrected.
    pub(crate) async fn heed_ach_correction(&self, bank: &Bank, correction: &AchCorrection) -> Result<Heeded, Error> {
        let Some(entry) = self.store.ach_entry(&bank.name, &correction.trace).await? else {
            tracing::warn!(
                bank = bank.name,
                trace = correction.trace,
                code = correction.code,
                "a notification of change names no payment of ours"
            );
            return Ok(Heeded::Now(format!("{}: a payment that is not ours", correction.trace)));
        };
        Ok(Heeded::Now(self.correct_beneficiary(&entry, correction).await?))
    }
}
