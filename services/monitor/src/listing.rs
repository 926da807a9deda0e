//! Purchases and payouts as one list, newest first, read from the tables of their services.
//!
//! Each is read by an index in the order of the list, so a page costs what it shows. A filter that keeps few of them does not change that: a page examines a bounded number, and may be
//! short.
use crate::{audit::ReadFault, explain::StoryTables};
use chart::Unit;
use money::{BookName, Currency, UserKey};
use payout::tables::{PageStart, Payout, PayoutPhase};
use purchase::tables::{Purchase, PurchaseState};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Payments that one page examines.
const EXAMINED_MAX: usize = 2_000;
/// Payments that one query reads at least, so that a filter that keeps few of them does not make many queries.
const READ_MIN: usize = 100;

/// What a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A purchase of coins.
    Purchase,
    /// A payout of money.
    Payout,
}

/// A payment's place in the list: its time in Unix milliseconds, and its id.
pub type ListedPosition = (i64, Uuid);

/// A purchase or a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPayment {
    /// Purchase or payout.
    pub kind: ListedKind,
    /// Its place.
    pub position: ListedPosition,
    /// Who bought, or is paid.
    pub user: UserKey,
    /// Its state, as its service names it.
    pub state: &'static str,
    /// Code of the currency.
    pub currency: String,
    /// Price, or what is paid.
    pub minor_units: i64,
    /// Coins of a purchase.
    pub coins: i64,
    /// The store, or the rail.
    pub through: String,
}

/// What to list.
#[derive(Debug, Clone)]
pub struct ListingFilter {
    /// The book.
    pub book: BookName,
    /// The kinds; none: all.
    pub kinds: BTreeSet<ListedKind>,
    /// Only this user's.
    pub user: Option<UserKey>,
    /// The states; none: any.
    pub states: BTreeSet<String>,
    /// The stores or rails; none: any.
    pub through: BTreeSet<String>,
    /// From the first of these times to before the second, in Unix milliseconds.
    pub range: (i64, i64),
    /// The unit, and the smallest amount in it.
    pub least: Option<(Unit, i64)>,
    /// Only what an account of the user gets or gives.
    pub account: Option<PaymentAccount>,
}

/// An account of a user that purchases or payouts move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentAccount {
    /// The coins, which purchases bring.
    Coins,
    /// What is payable in a currency, which payouts take.
    Payable(Currency),
}

impl PaymentAccount {
    const fn kind(self) -> ListedKind {
        match self {
            Self::Coins => ListedKind::Purchase,
            Self::Payable(_) => ListedKind::Payout,
        }
    }

    fn keeps(self, row: &ListedPayment) -> bool {
        match self {
            Self::Coins => true,
            Self::Payable(currency) => row.currency == currency.code(),
        }
    }
}

impl ListingFilter {
    fn wants(&self, kind: ListedKind) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind)) && self.account.is_none_or(|account| account.kind() == kind)
    }

    fn keeps(&self, row: &ListedPayment) -> bool {
        let has = |names: &BTreeSet<String>, name: &str| names.is_empty() || names.contains(name);
        has(&self.states, row.state)
            && has(&self.through, &row.through)
            && self.least.is_none_or(|(unit, least)| row.amount_in(unit).is_some_and(|amount| amount >= least))
            && self.account.is_none_or(|account| account.keeps(row))
    }
}

impl ListedPayment {
    /// What it moves in a unit; nothing if it moves none of it.
    fn amount_in(&self, unit: Unit) -> Option<i64> {
        match (unit, self.kind) {
            (Unit::Coin, ListedKind::Purchase) => Some(self.coins),
            (Unit::Currency(currency), _) => (self.currency == currency.code()).then_some(self.minor_units),
            (Unit::Coin, ListedKind::Payout) | (Unit::Diamond, _) => None,
        }
    }
}

/// A page, and where the next one begins, if there may be one.
pub type ListedPage = (Vec<ListedPayment>, Option<ListedPosition>);

/// Payments older than a position, at most so many.
pub(crate) async fn list_page(
    tables: &StoryTables,
    filter: &ListingFilter,
    after: Option<ListedPosition>,
    size: usize,
) -> Result<ListedPage, ReadFault> {
    let mut at = after.unwrap_or((filter.range.1, Uuid::nil()));
    let (mut found, mut examined) = (Vec::new(), 0);
    let count = size.max(READ_MIN);
    loop {
        let rows = read(tables, filter, at, count).await?;
        let is_last = rows.len() < count;
        for row in rows {
            (at, examined) = (row.position, examined + 1);
            if filter.keeps(&row) {
                found.push(row);
            }
            if found.len() == size || examined == EXAMINED_MAX {
                return Ok((found, Some(at)));
            }
        }
        if is_last {
            return Ok((found, None));
        }
    }
}

/// The newest payments older than a position.
async fn read(tables: &StoryTables, filter: &ListingFilter, before: ListedPosition, count: usize) -> Result<Vec<ListedPayment>, ReadFault> {
    let (limit, user, from_ms) = (i64::try_from(count).unwrap_or(i64::MAX), filter.user.as_ref(), filter.range.0);
    let mut rows = Vec::new();
    if filter.wants(ListedKind::Purchase)
        && let Some(tables) = &tables.purchase
    {
        let (from, until) = (first_id(from_ms), before_id(before));
        rows.extend(tables.newest_purchases(&filter.book, user, from, until, limit).await?.into_iter().map(of_purchase));
    }
    if filter.wants(ListedKind::Payout)
        && let Some(tables) = &tables.payout
    {
        let after = PageStart { created_at_ms: before.0, id: before.1 };
        rows.extend(tables.newest_payouts(&filter.book, user, after, from_ms, limit).await?.into_iter().map(of_payout));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.position));
    // Of each kind these are the newest, so of both together as many are.
    rows.truncate(count);
    Ok(rows)
}

/// The smallest id of a time. Ids begin with their milliseconds, in 48 bits.
fn first_id(unix_ms: i64) -> Uuid {
    let ms = u128::try_from(unix_ms).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(ms << 80)
}

/// The id before which the purchases older than a position are.
fn before_id((unix_ms, id): ListedPosition) -> Uuid {
    id.clamp(first_id(unix_ms), first_id(unix_ms.saturating_add(1)))
}

/// The milliseconds that an id begins with.
fn time_of(id: Uuid) -> i64 {
    i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX)
}

fn of_purchase(of: Purchase) -> ListedPayment {
    let state = match of.state {
        PurchaseState::Verified => "verified",
        PurchaseState::Credited(_) => "credited",
        PurchaseState::Suspended { .. } => "suspended",
        PurchaseState::Blocked => "blocked",
    };
    ListedPayment {
        kind: ListedKind::Purchase,
        position: (time_of(of.purchase_id), of.purchase_id),
        user: of.user,
        state,
        currency: of.value.price.currency().code().to_owned(),
        minor_units: of.value.price.minor_units(),
        coins: of.value.coins.get(),
        through: of.store.as_str().to_owned(),
    }
}

/// One whose hold was refused never was, and says so.
fn of_payout(of: Payout) -> ListedPayment {
    ListedPayment {
        kind: ListedKind::Payout,
        position: (of.created_at_ms, of.payout_id),
        user: of.user,
        state: if of.phase == PayoutPhase::Refused { "refused" } else { of.state.name() },
        currency: of.amount.currency().code().to_owned(),
        minor_units: of.amount.minor_units(),
        coins: 0,
        through: of.attempt.rail,
    }
}
