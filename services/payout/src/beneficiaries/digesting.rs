//! Rows of older programs get the digest of their account, by which staff find who shares it. Runs at every start and then with the other rounds.

use super::sealed::unseal;
use crate::{error::Error, payouts::Payouts, store::PageStart};

/// Rows of one step.
const PAGE: i64 = 100;

impl Payouts {
    /// Digests the accounts of all rows that have no digest; returns how many. A row that can't be read is left, and the log names it.
    pub async fn digest_accounts(&self) -> Result<u64, Error> {
        let (mut digested, mut after) = (0, PageStart::NEWEST);
        loop {
            let page = self.store.undigested_beneficiaries(after, PAGE).await?;
            let Some((_, last)) = page.last() else { return Ok(digested) };
            after = PageStart { created_at_ms: last.created_at_ms, id: last.beneficiary_id };
            for (book, row) in page {
                match unseal(&self.vault, &book, &row) {
                    Ok(details) => {
                        let digest = self.vault.digest(&details.address.canonical());
                        digested += self.store.digest_account(&book, row.beneficiary_id, &digest).await?;
                    }
                    Err(error) => {
                        tracing::warn!(beneficiary_id = %row.beneficiary_id, %error, "a beneficiary can't be read, so it is not found by its account");
                    }
                }
            }
        }
    }
}
