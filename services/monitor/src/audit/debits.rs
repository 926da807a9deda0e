//! Checks for debits of the bank's account that a payout should not have caused, as shown by the bank's statement, whatever the bank answered.
use super::ReadFault;
use money::BookName;
use payout::tables::{Store, UnexpectedDebit};

/// Problems that are listed one by one.
const REPORTED_MAX: usize = 20;

/// The debits that statements showed and that were not cleared.
pub(super) async fn problems(tables: &Store, book: &BookName) -> Result<Vec<String>, ReadFault> {
    let debits = tables.unexpected_debits(book).await?;
    let told = |debit: &UnexpectedDebit| {
        format!(
            "the bank's statement {} shows a debit of {} {} for payout {} that our records do not have",
            debit.statement_id,
            debit.amount.minor_units(),
            debit.amount.currency(),
            debit.payout_id
        )
    };
    let mut problems: Vec<String> = debits.iter().take(REPORTED_MAX).map(told).collect();
    if debits.len() > REPORTED_MAX {
        problems.push(format!("and {} more payouts with such debits", debits.len() - REPORTED_MAX));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests;
