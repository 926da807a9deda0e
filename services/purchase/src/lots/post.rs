//! Posts what each day earned. What is to be posted is planned first, by day, entity and currency, as the difference from what was planned before; the posting's
//! id follows from the plan. So a crash repeats a posting and never adds one, and reading the journal again posts differences only.

use std::time::SystemTime;

use jiff::civil::Date;
use ledger_client::takes_a_fresh_id;
use money::BookName;
use money::time::unix_ms;

use super::revenue::RevenuePosting;
use super::{Lots, LotsError};
use crate::postings;

impl Lots {
    /// Posts the revenue of the days up to `last`, which must be over; how many postings that were. Their ids carry the time `now`. One that the ledger does not take
    /// keeps no other waiting; then the first reason why is the error.
    pub async fn recognise(&self, book: &BookName, last: Date, now: SystemTime) -> Result<usize, LotsError> {
        let now_ms = unix_ms(now);
        let mut place = self.catch_up(book).await?;
        if place.journal.commit_no > 0 && place.planned_day < last.to_string() {
            place = self.break_lots(book, last).await?;
        }
        if place.journal.commit_no > 0 && place.planned_day < last.to_string() {
            self.store.plan_revenue(book, &place, last, now_ms).await?;
        }
        let (mut posted, mut first) = (0, None);
        for planned in self.store.planned_revenue(book).await? {
            match self.post(&planned, now_ms).await {
                Ok(is_posted) => posted += usize::from(is_posted),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(posted), Err)
    }

    /// Posts an edition. False: the ledger refused it for good, and the next run posts it under another id.
    async fn post(&self, planned: &RevenuePosting, now_ms: i64) -> Result<bool, LotsError> {
        match self.ledger.posting(&planned.book, postings::earned(planned)).await {
            Ok(posting) => {
                self.store.revenue_posted(planned, &posting.posting_id).await?;
                Ok(true)
            }
            Err(not_posted) if takes_a_fresh_id(&not_posted, planned.planned_at_ms, now_ms) => {
                let (day, currency) = (planned.day, planned.revenue.amount.currency());
                tracing::warn!(book = %planned.book, %day, %currency, ?not_posted, "a day's revenue was refused; it is posted again under another id");
                self.store.plan_again(planned, now_ms).await?;
                Ok(false)
            }
            Err(not_posted) => Err(not_posted.into()),
        }
    }
}
