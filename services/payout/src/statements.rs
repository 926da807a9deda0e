//! The bank's own books, read once a day: whatever the bank answered, its statement shows which money left. A debit that our records do not have is
//! kept beside its payout, and the audit fails until it is cleared. No money is moved because of it.

use crate::banks::connector::BankStatement;
use crate::{
    banks::{Bank, PayingAccount},
    domain::statement::{as_if_not_executed, compare, named},
    payouts::Payouts,
    store::statements::StatementAccount,
};
use iso20022::camt053::StatementEntry;
use money::time::{millis, unix_ms};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

/// Time between two tries of a statement that could not be read.
const RETRY: Duration = Duration::from_secs(600);

/// Runs until shutdown; returns at once where there is no bank.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let account = |bank: &Bank, account: &PayingAccount| StatementAccount {
        bank: bank.name.clone(),
        bank_account: account.id.clone(),
        currency: account.currency,
    };
    let all = payouts.banks.all();
    let accounts: Vec<StatementAccount> = all.iter().flat_map(|bank| bank.accounts.iter().map(move |one| account(bank, one))).collect();
    if accounts.is_empty() {
        return;
    }
    let interval = payouts.config.statement_interval;
    loop {
        let mut rest = interval;
        for account in &accounts {
            let Some(due) = shutdown.run_until_cancelled(payouts.read_statement(account)).await else { return };
            rest = rest.min(due.unwrap_or_else(|why| {
                let (bank, currency) = (&account.bank, account.currency.code());
                tracing::warn!(bank, currency, why, "the bank's statement could not be read; retrying in ten minutes at the latest");
                RETRY
            }));
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            // A return was announced, which only a statement books.
            () = payouts.statements_wake.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

impl Payouts {
    /// Reads the account's statement if it is due; returns the time until the next one.
    async fn read_statement(&self, account: &StatementAccount) -> Result<Duration, String> {
        let Some(bank) = self.banks.all().iter().find(|bank| bank.name == account.bank) else { return Ok(RETRY) };
        // Only a statement settles what was paid with files, so such a bank's is read more often.
        let own = bank.files().map_or(Duration::MAX, |files| files.terms().statement);
        let (interval, now_ms) = (self.config.statement_interval.min(own), unix_ms(SystemTime::now()));
        let read_at_ms = self.store.statement_read_at_ms(account).await.map_err(|error| error.to_string())?;
        let age_ms = read_at_ms.map(|read_at_ms| now_ms.saturating_sub(read_at_ms)).filter(|age_ms| *age_ms >= 0);
        if let Some(age_ms) = age_ms.filter(|age_ms| *age_ms < millis(interval)) {
            return Ok(Duration::from_millis((millis(interval) - age_ms).unsigned_abs()));
        }
        self.read_statement_now(account).await?;
        Ok(interval)
    }

    /// Reads the account's statement, due or not.
    pub(crate) async fn read_statement_now(&self, account: &StatementAccount) -> Result<(), String> {
        let bank = self.banks.all().iter().find(|bank| bank.name == account.bank).ok_or("no such bank is configured")?;
        let now_ms = unix_ms(SystemTime::now());
        let read = bank.connector.statement(account.currency).await?;
        let statement = &read.statement;
        let ours = bank.accounts.iter().any(|one| {
            (&one.id, one.currency) == (&account.bank_account, account.currency) && bank.connector.is_account(statement, &one.address)
        });
        if !ours || statement.currency != account.currency {
            return Err("it is of another account".to_owned());
        }
        if !statement.adds_up() {
            return Err("its entries do not add up from its opening to its closing balance".to_owned());
        }
        match bank.files() {
            Some(_) => self.book_files(bank, account, &read, now_ms).await.map_err(|error| error.to_string())?,
            None => self.compare_statement(account, &read, now_ms).await.map_err(|error| error.to_string())?,
        }
        Ok(())
    }

    async fn compare_statement(&self, account: &StatementAccount, read: &BankStatement, now_ms: i64) -> Result<(), crate::store::Error> {
        let statement = &read.statement;
        let returns = self.keep_credits(account, &read.credits, true).await?;
        // Otherwise a return would hide a second debit of its payout.
        let found = self.single_bookings(account, read, now_ms).await?;
        // Before the statement counts as read.
        self.keep_unexplained(account, &found, now_ms).await?;
        let others = found.entries.into_iter().filter(|(place, _)| !returns.contains(place));
        let entries: Vec<StatementEntry> = others.map(|(_, entry)| entry).collect();
        let recorded = self.store.recorded(&named(&entries)).await?;
        let findings = compare(&entries, &recorded);
        let debited = compare(&entries, &as_if_not_executed(&recorded));
        let unexpected: Vec<_> = findings.iter().filter(|finding| finding.unexpected.minor_units() > 0).collect();
        for finding in &unexpected {
            let (payout_id, minor_units) = (finding.payout_id, finding.unexpected.minor_units());
            tracing::error!(%payout_id, minor_units, "the bank's statement shows a debit that our records do not have");
        }
        self.store.keep_statement(account, &statement.statement_id, &findings, &debited, now_ms).await?;
        unexpected.iter().for_each(|finding| self.tell(finding.payout_id));
        Ok(())
    }
}
