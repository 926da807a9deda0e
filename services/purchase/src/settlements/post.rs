//! Posts the editions of settlements, and announces to treasury what should come to the bank.

use std::time::SystemTime;

use api::treasury::ExpectReceiptRequest;
use jiff::ToSpan as _;
use ledger_client::takes_a_fresh_id;
use money::time::unix_ms;
use tonic::{Code, Status};

use super::settlement::SettlementPosting;
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::sheets::day;

/// How long before the report a receipt may have come, in days: money is sometimes quicker than what explains it.
const EARLIER_DAYS: i32 = 10;
/// The longest time that treasury takes for a receipt, in days, with those.
const WITHIN_DAYS_MAX: i32 = 400;

impl Purchases {
    pub(super) async fn post_settlements(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for posting in self.store.due_settlement_postings(unix_ms(now), count_max).await? {
            let done = match self.post_and_announce(&posting, planned_at).await {
                Ok(done) => done,
                Err(error) => Some(error.of_row("settlement_posting")?),
            };
            if let Some(why) = done {
                tracing::warn!(settlement_id = %posting.settlement_id, edition = posting.edition, why, "a settlement is not posted or announced yet");
                let at_ms = unix_ms(now).saturating_add(put_off_ms(posting.tries));
                self.store.put_off_settlement_posting(&posting, &why, at_ms).await?;
            }
        }
        Ok(())
    }

    /// Does what is left to do of an edition, or says why not yet.
    async fn post_and_announce(&self, of: &SettlementPosting, now: SystemTime) -> Result<Option<String>, Error> {
        let done = if of.posting_id.is_empty() { self.post_settlement(of, now).await? } else { None };
        match done {
            None if !of.is_announced => self.announce(of).await,
            done => Ok(done),
        }
    }

    /// Posts an edition, or says why not yet.
    async fn post_settlement(&self, of: &SettlementPosting, now: SystemTime) -> Result<Option<String>, Error> {
        let draft = postings::reported(of);
        if draft.transfers().is_empty() {
            self.store.settlement_posted(of, "").await?;
            return Ok(None);
        }
        let not_posted = match self.ledger.posting(&of.book, draft).await {
            Ok(posting) => {
                self.store.settlement_posted(of, &posting.posting_id).await?;
                return Ok(None);
            }
            Err(not_posted) => not_posted,
        };
        if takes_a_fresh_id(&not_posted, of.planned_at_ms, unix_ms(now)) {
            self.store.plan_settlement_again(of, unix_ms(now)).await?;
        }
        Ok(Some(not_posted.to_string()))
    }

    /// Announces what should come, or says why not yet.
    async fn announce(&self, of: &SettlementPosting) -> Result<Option<String>, Error> {
        let settlement = self.store.settlement(&of.book, of.settlement_id).await?;
        let missing =
            || crate::store::Error::Damaged { purchase_id: of.settlement_id.to_string(), column: "settlement_posting.settlement_id" };
        let key = settlement.ok_or_else(missing)?.key;
        let account = self.settlements.account(&key.book, key.store, &key.account).filter(|account| !account.leaf.is_empty());
        let (Some(account), Some(until)) = (account, of.arrives_by) else {
            // Nobody is to know: the configuration has no leaf any more.
            self.store.settlement_announced(of).await?;
            return Ok(None);
        };
        let Some(mut treasury) = self.settlements.treasury.get().cloned() else { return Ok(Some("treasury is not known here".to_owned())) };
        let from = day(of.planned_at_ms).saturating_sub(EARLIER_DAYS.days());
        let request = ExpectReceiptRequest {
            book: account.treasury_book.clone(),
            expected_id: format!("settlement:{}:{}", of.settlement_id.simple(), of.edition),
            leaf: account.leaf.clone(),
            min_minor_units: of.arriving(),
            max_minor_units: of.arriving(),
            from_date: from.to_string(),
            until_date: until.min(from.saturating_add(WITHIN_DAYS_MAX.days())).to_string(),
            source: format!("settlement of {} {}", key.store.as_str(), key.period),
        };
        match treasury.expect_receipt(request).await {
            Ok(_) => {
                self.store.settlement_announced(of).await?;
                Ok(None)
            }
            Err(status) => {
                tracing::warn!(settlement_id = %of.settlement_id, %status, "treasury does not know yet what should come; trying again");
                Ok(Some(why_not_announced(&status)))
            }
        }
    }
}

/// What is stored of treasury's answer: what it refuses by a rule, and nothing of how it was reached.
fn why_not_announced(status: &Status) -> String {
    match (rpc::reason(status), status.code()) {
        (
            Some(reason),
            Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::PermissionDenied,
        ) => {
            format!("treasury refuses it ({reason})")
        }
        _ => "treasury does not answer".to_owned(),
    }
}

#[cfg(test)]
mod tests;
