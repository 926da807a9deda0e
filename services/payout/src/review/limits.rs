//! How much is known of a creator, and from which amount a payout is approved: set by a service, and decided by two people.

use super::{
    ReviewRefusal,
    decide::{StaffCaller, begin, finish},
};
use crate::{
    error::Error,
    payouts::Payouts,
    store::thresholds::{self, ThresholdRow},
};
use db::requests::SentFields;
use money::{Currency, Money, UserKey, derive_id, time::unix_ms};
use std::time::SystemTime;
use uuid::Uuid;

/// The RPCs' names in the table of requests.
const SET_TIER: &str = "SetPayoutTier";
const PROPOSE: &str = "ProposePayoutThreshold";
const APPROVE: &str = "ApprovePayoutThreshold";

impl Payouts {
    /// Sets a creator's tier; true when the request was answered before.
    pub async fn set_tier(&self, by: &StaffCaller, user: &UserKey, tier: &str, now: SystemTime) -> Result<bool, Error> {
        let key = by.key(SET_TIER);
        let fields = SentFields::new().with("user_id", user).with("tier", tier);
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            return Ok(true);
        }
        if !self.config.review.tiers.iter().any(|known| known.name == tier) {
            return Err(ReviewRefusal::TierUnknown.into());
        }
        thresholds::set_tier(&mut tx, &by.book, user, tier, &by.subject, unix_ms(now)).await?;
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// The highest threshold that can be decided on.
    fn bound(&self, currency: Currency) -> i64 {
        let of_currency = self.config.review.approvals.iter().find(|known| known.currency == currency.code());
        of_currency.map_or(0, |config| config.minor_units_max)
    }

    fn check_bound(&self, threshold: Money) -> Result<(), ReviewRefusal> {
        let minor_units_max = self.bound(threshold.currency());
        if threshold.minor_units() > minor_units_max { Err(ReviewRefusal::ThresholdAboveBound { minor_units_max }) } else { Ok(()) }
    }

    /// Proposes a threshold; with whether the request was answered before.
    pub async fn propose_threshold(&self, by: &StaffCaller, threshold: Money, now: SystemTime) -> Result<(ThresholdRow, bool), Error> {
        let key = by.key(PROPOSE);
        let fields =
            SentFields::new().with("threshold.currency_code", threshold.currency()).with("threshold.minor_units", threshold.minor_units());
        let threshold_id = derive_id(by.request_id.uuid(), &[PROPOSE, by.book.as_str(), by.subject.as_str()]);
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            let kept = thresholds::get(&mut tx, &by.book, threshold_id).await?;
            return Ok((kept.ok_or(crate::store::Error::Row("threshold"))?, true));
        }
        self.check_bound(threshold)?;
        let row = ThresholdRow {
            threshold_id,
            threshold,
            proposed_by: by.subject.to_string(),
            proposed_at_ms: unix_ms(now),
            approved_by: String::new(),
            approved_at_ms: 0,
        };
        thresholds::insert(&mut tx, &by.book, &row).await?;
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok((row, false))
    }

    /// Puts a proposed threshold in force; with whether the request was answered before.
    pub async fn approve_threshold(&self, by: &StaffCaller, id: Uuid, now: SystemTime) -> Result<(ThresholdRow, bool), Error> {
        let key = by.key(APPROVE);
        let fields = SentFields::new().with("threshold_id", id);
        let mut tx = self.store.begin().await?;
        let replayed = begin(&mut tx, key, &fields, now).await?;
        let row = thresholds::get(&mut tx, &by.book, id).await?.ok_or(ReviewRefusal::ThresholdUnknown)?;
        if replayed {
            return Ok((row, true));
        }
        self.check_bound(row.threshold)?;
        if row.proposed_by == by.subject.as_str() {
            return Err(ReviewRefusal::SecondPersonNeeded.into());
        }
        thresholds::approve(&mut tx, &by.book, id, &by.subject, unix_ms(now)).await?;
        let row = thresholds::get(&mut tx, &by.book, id).await?.ok_or(ReviewRefusal::ThresholdUnknown)?;
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok((row, false))
    }
}
