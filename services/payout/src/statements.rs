//! The bank's own books, read once a day: whatever the bank answered, its statement shows which money left. A debit that our records do not have is
//! kept beside its payout, and the audit fails until it is cleared. No money is moved because of it.

use crate::{
    domain::statement::{compare, named},
    payouts::Payouts,
};
use iso20022::{camt053::Statement, pain001::Party};
use money::{
    Currency,
    time::{millis, unix_ms},
};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

/// Time between two tries of a statement that could not be read.
const RETRY: Duration = Duration::from_secs(600);

/// Runs until shutdown; returns at once where there is no bank.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let Some((_, bank)) = &payouts.bank else { return };
    let currencies: BTreeSet<Currency> = bank.rails.iter().map(|rail| rail.rail.currency()).collect();
    let interval = payouts.config.statement_interval;
    loop {
        let mut rest = interval;
        for currency in &currencies {
            let Some(due) = shutdown.run_until_cancelled(payouts.read_statement(*currency)).await else { return };
            rest = rest.min(due.unwrap_or_else(|why| {
                let currency = currency.code();
                tracing::warn!(currency, why, "the bank's statement could not be read; retrying in ten minutes at the latest");
                RETRY
            }));
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
            return;
        }
    }
}

impl Payouts {
    /// Reads the account's statement if it is due; returns the time until the next one.
    async fn read_statement(&self, currency: Currency) -> Result<Duration, String> {
        let Some((bank, options)) = &self.bank else { return Ok(RETRY) };
        let (interval, now_ms) = (self.config.statement_interval, unix_ms(SystemTime::now()));
        let read_at_ms = self.store.statement_read_at_ms(currency).await.map_err(|error| error.to_string())?;
        let age_ms = read_at_ms.map(|read_at_ms| now_ms.saturating_sub(read_at_ms)).filter(|age_ms| *age_ms >= 0);
        if let Some(age_ms) = age_ms.filter(|age_ms| *age_ms < millis(interval)) {
            return Ok(Duration::from_millis((millis(interval) - age_ms).unsigned_abs()));
        }
        let statement = bank.statement(currency).await?;
        let ours = options.rails.iter().any(|rail| {
            rail.rail.currency() == currency
                && Party::with_account(&options.debtor_name, &rail.debtor).account.as_ref() == Some(&statement.account)
        });
        if !ours || statement.currency != currency {
            return Err("it is of another account".to_owned());
        }
        if !statement.adds_up() {
            return Err("its entries do not add up from its opening to its closing balance".to_owned());
        }
        self.compare_statement(&statement, now_ms).await.map_err(|error| error.to_string())?;
        Ok(interval)
    }

    async fn compare_statement(&self, statement: &Statement, now_ms: i64) -> Result<(), crate::store::Error> {
        let recorded = self.store.recorded(&named(&statement.entries)).await?;
        let findings = compare(&statement.entries, &recorded);
        let unexpected: Vec<_> = findings.iter().filter(|finding| finding.unexpected.minor_units() > 0).collect();
        for finding in &unexpected {
            let (payout_id, minor_units) = (finding.payout_id, finding.unexpected.minor_units());
            tracing::error!(%payout_id, minor_units, "the bank's statement shows a debit that our records do not have");
        }
        self.store.keep_statement(statement.currency, &statement.statement_id, &findings, now_ms).await?;
        unexpected.iter().for_each(|finding| self.tell(finding.payout_id));
        Ok(())
    }
}
