//! Two people settle with what a store's reports do not explain.

use std::time::SystemTime;

use money::BookName;
use uuid::Uuid;

use super::SETTLED_MAX;
use super::refusal::DecisionRefusal;
use super::settlement::{SettlementState, StoreSettlement};
use crate::error::Error;
use crate::purchases::Purchases;

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AcceptedDifferences {
    pub(crate) settlement: StoreSettlement,
    /// Another person had proposed it, so that it is settled.
    pub(crate) is_approved: bool,
}

impl Purchases {
    /// Records that somebody proposes to settle with these differences, or, if another person had proposed that, settles.
    pub(crate) async fn accept_differences(
        &self,
        book: &BookName,
        settlement_id: Uuid,
        differences_hash: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<AcceptedDifferences, Error> {
        let found = self.store.settlement(book, settlement_id).await?.ok_or(DecisionRefusal::Unknown(settlement_id))?;
        if found.differences_hash != differences_hash {
            return Err(DecisionRefusal::Changed.into());
        }
        if found.approved.1 == differences_hash {
            return Ok(AcceptedDifferences { settlement: found, is_approved: true });
        }
        if found.state != SettlementState::Open || !found.has_unexplained {
            return Err(DecisionRefusal::NotOpen.into());
        }
        let is_proposed = found.proposed.1 == differences_hash;
        if is_proposed && found.proposed.0 == by {
            return Ok(AcceptedDifferences { settlement: found, is_approved: false });
        }
        if !self.store.decide_settlement(&found, by, is_proposed).await? {
            return Err(DecisionRefusal::Changed.into());
        }
        if is_proposed {
            self.settle_reports(now, SETTLED_MAX).await?;
        }
        let settlement = self.store.settlement(book, settlement_id).await?.ok_or(DecisionRefusal::Unknown(settlement_id))?;
        Ok(AcceptedDifferences { settlement, is_approved: is_proposed })
    }
}
