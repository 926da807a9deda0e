//! Coins that their owners leave: where a rule of the market says so, what is deferred of a lot of which nothing was taken for some months is breakage, once. The coins
//! stay in the wallet, and earn nothing else.
//!
//! Which lots these are is decided at a place of the journal, and kept with it. So reading the journal again finds each of them in the state in which it was, and decides
//! nothing again.

use jiff::{ToSpan as _, civil::Date};
use money::BookName;
use money::time::day_start;

use super::lot::Lot;
use super::{Lots, LotsError};
use crate::sheets::day;
use crate::store::lots::LotPlace;

/// A lot of which something may be taken at any time, and when it last was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftLot {
    /// The lot.
    pub(crate) lot: Lot,
    /// When something was taken of it last, in Unix milliseconds; 0: never.
    pub(crate) last_used_ms: i64,
}

/// A lot that is breakage, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokenLot {
    /// The lot.
    pub(crate) lot: Lot,
    /// Months without use after which it is.
    pub(crate) months: i32,
    /// Where that is laid down.
    pub(crate) source: String,
}

/// The last millisecond of a day.
pub(crate) fn end_ms(of: Date) -> i64 {
    day_start(of.saturating_add(1.day())).as_millisecond() - 1
}

impl Lots {
    /// Has the lots become breakage of a day of which nothing was taken for as long as the rules of that day say. Where the lots are then.
    pub(super) async fn break_lots(&self, book: &BookName, on: Date) -> Result<LotPlace, LotsError> {
        let Some(latest) = self.rules.left_since(on) else { return Ok(self.store.lot_place(book).await?) };
        let (mut after, mut broken) = (0, 0);
        loop {
            // First: what is read after it is compared with it when it is stored.
            let place = self.store.lot_place(book).await?;
            if place.planned_day >= on.to_string() {
                return Ok(place);
            }
            let (left, next) = self.store.left_lots(book, after, end_ms(latest)).await?;
            let due: Vec<BrokenLot> = left.into_iter().filter_map(|left| self.breaks(left, on)).collect();
            if !due.is_empty() && !self.store.break_lots(book, &place, on, end_ms(on), &due).await? {
                continue;
            }
            broken += due.len();
            match next {
                Some(lot_no) => after = lot_no,
                None => break,
            }
        }
        if broken > 0 {
            tracing::info!(%book, day = %on, broken, "what is deferred of lots that were left for long is breakage");
        }
        Ok(self.store.lot_place(book).await?)
    }

    /// A lot, if the rule of its market says that it is breakage of a day.
    fn breaks(&self, left: LeftLot, on: Date) -> Option<BrokenLot> {
        let rule = self.rules.breakage(&left.lot.market, on)?;
        let last_used = day(left.last_used_ms.max(left.lot.issued_at_ms));
        let is_left = last_used <= on.saturating_sub(rule.months.months());
        is_left.then(|| BrokenLot { lot: left.lot, months: rule.months, source: rule.source.clone() })
    }

    /// Has the lots what was decided at places that are read; where they are, and at which event the reading has to stop next.
    pub(super) async fn broken_so_far(&self, book: &BookName) -> Result<(LotPlace, Option<i64>), LotsError> {
        loop {
            let place = self.store.lot_place(book).await?;
            match self.store.next_breakage(book, &place).await? {
                Some(seq) if seq <= place.journal.seq => {
                    self.store.break_again(book, &place).await?;
                }
                stop => return Ok((place, stop)),
            }
        }
    }
}
