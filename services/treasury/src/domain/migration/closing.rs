//! When an old account may be closed.
use super::{Date, ImportedAccount, OldState, Span};

/// The first day on which an account may be closed, if nothing comes until then.
#[must_use]
pub fn quiet_date(account: &ImportedAccount, quiet_days: i32) -> Date {
    let since = account.receipts.last.map_or(account.imported, |last| last.max(account.imported));
    since.checked_add(Span::new().days(quiet_days)).unwrap_or(Date::MAX)
}

/// Why an account with this balance can't be closed on a day; `None`: it can. Mandates don't keep it open: whoever collects by one gets a refusal by the bank,
/// and the report lists them.
#[must_use]
pub fn hindrance(account: &ImportedAccount, balance: i64, quiet_days: i32, today: Date) -> Option<String> {
    let quiet = quiet_date(account, quiet_days);
    match account.state {
        OldState::Planned => Some("its opening balance is not booked yet".to_owned()),
        OldState::Closed => None,
        OldState::Open if balance != 0 => Some(format!("it has {balance} minor units: move them first")),
        OldState::Open if quiet > today => Some(format!("{quiet} is the first day after {quiet_days} days without a receipt")),
        OldState::Open => None,
    }
}
