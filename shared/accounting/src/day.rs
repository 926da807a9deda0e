//! The accounting day of an event. It depends on the event's own time, its place in the journal and the days that were closed before it, and on nothing else: so
//! every reading of the journal gives the same days, and no closed day ever changes.
use jiff::{Timestamp, civil::Date};
use money::time::utc_day;

/// The day of an event's own time, in UTC; never later than the day of its commit, because nothing is in the books before it is booked.
#[must_use]
pub fn event_day(effective: Timestamp, committed: Timestamp) -> Date {
    utc_day(effective.min(committed))
}

/// The day on which an event is posted in the accounts: its own day, unless that was closed when the event entered the journal; then the first open day.
/// `closed_through` is the last day that was closed at that moment. `None` where the calendar has no later day.
#[must_use]
pub fn accounting_day(event_day: Date, closed_through: Option<Date>) -> Option<Date> {
    match closed_through {
        Some(closed) if event_day <= closed => closed.tomorrow().ok(),
        _ => Some(event_day),
    }
}

#[cfg(test)]
mod tests;
