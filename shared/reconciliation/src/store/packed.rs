//! An item in 64 bytes.

use crate::item::{BooksState, ItemKind};
use jiff::civil::{Date, date};
use matching::{ItemStanding, LinePlace};

/// Days are counted from here.
const FIRST_DAY: Date = date(2000, 1, 1);

/// A day in two bytes, until 2179; other days are as good as not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackedDay(u16);

impl PackedDay {
    const NONE: Self = Self(u16::MAX);

    pub(super) fn of(day: Option<Date>) -> Self {
        let days = day.and_then(|day| u16::try_from((day - FIRST_DAY).get_days()).ok());
        days.map_or(Self::NONE, Self)
    }

    pub(crate) fn day(self) -> Option<Date> {
        let days = jiff::Span::new().days(i64::from(self.0));
        (self != Self::NONE).then(|| FIRST_DAY.checked_add(days).ok()).flatten()
    }
}

/// Where a line stands, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackedPlace([u32; 4]);

impl PackedPlace {
    pub(crate) const NONE: Self = Self([u32::MAX; 4]);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    pub(crate) fn place(self) -> LinePlace {
        let [file, statement, entry, detail] = self.0.map(|number| number as usize);
        LinePlace { file, statement, entry, detail }
    }
}

impl From<LinePlace> for PackedPlace {
    fn from(place: LinePlace) -> Self {
        Self([place.file, place.statement, place.entry, place.detail].map(|number| u32::try_from(number).unwrap_or(u32::MAX - 1)))
    }
}

/// What happened to an item so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemStatus {
    /// Nothing.
    Free,
    /// A booking of an earlier run, or of this one, settled it.
    Settled,
    /// A case names it, so that it is not missing.
    InCase,
    /// A case about another account or currency names it: where it is expected, it is still missing from the balance.
    InCaseElsewhere,
    /// The bank refused it.
    Rejected,
}

impl ItemStatus {
    pub(super) fn of(standing: ItemStanding) -> Self {
        match standing {
            ItemStanding::Open => Self::Free,
            ItemStanding::Settled => Self::Settled,
            ItemStanding::Rejected => Self::Rejected,
        }
    }
}

/// An item without its texts.
#[derive(Debug, Clone)]
pub(crate) struct PackedItem {
    /// Where its texts begin, the key first.
    pub(super) start: u32,
    pub(super) key_bytes: u16,
    pub(super) text_bytes: u16,
    pub(crate) series: u16,
    /// The smallest and the largest amount, in minor units.
    pub(crate) least: i64,
    pub(crate) most: i64,
    pub(crate) window: [PackedDay; 2],
    pub(crate) since: PackedDay,
    pub(crate) final_day: PackedDay,
    pub(crate) value_date: PackedDay,
    pub(crate) is_credit: bool,
    pub(crate) kind: ItemKind,
    pub(crate) state: BooksState,
    pub(crate) standing: ItemStanding,
    pub(crate) status: ItemStatus,
    /// The line that settled it in this run.
    pub(crate) taken_by: PackedPlace,
}

impl PackedItem {
    /// The day from which its age counts.
    pub(crate) fn begun(&self) -> Option<Date> {
        self.since.day().or_else(|| self.window[0].day())
    }

    /// The last day on which a receipt is expected.
    pub(crate) fn last_day(&self) -> Option<Date> {
        self.window[1].day().or_else(|| self.value_date.day()).or_else(|| self.since.day())
    }

    /// The day on which it is likeliest to be booked.
    pub(crate) fn likely_day(&self) -> Option<Date> {
        self.value_date.day().or_else(|| self.window[0].day()).or_else(|| self.since.day())
    }
}
