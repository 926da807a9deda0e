//! Whether an account's day can be closed. A closed day never changes: what is found later is an event of its own day that points back.

use crate::{
    case::{Case, Outstanding},
    class::{CaseOwner, ClassGroup, ExceptionClass},
};
use bankfiles::text::as_text;
use jiff::civil::Date;
use money::{Currency, Money};
use serde::Serialize;

/// An account's day. Amounts are in minor units, negative for money that is owed.
#[derive(Debug, Clone, Copy)]
pub struct AccountDay<'a> {
    /// The account, as it is compared.
    pub account: &'a str,
    /// Its currency.
    pub currency: Currency,
    /// The day.
    pub day: Date,
    /// The bank's opening balance; `None` if no accepted statement says so.
    pub opening: Option<i64>,
    /// The bank's closing balance.
    pub closing: Option<i64>,
    /// What the booked entries come to.
    pub moved: i128,
    /// How many entries are neither explained nor in a case.
    pub unexplained: u64,
    /// The balance of the bank account in our books.
    pub books: i128,
    /// What the postings of explained entries that were not made yet add to it.
    pub to_post: i128,
    /// Cases of the account; those that are not open don't count.
    pub cases: &'a [Case],
    /// What did not come yet.
    pub outstanding: &'a [Outstanding],
}

/// A difference between books and bank that is known by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimingItem {
    /// The item's key, or where the entry stands.
    pub id: String,
    /// The class of its case; `None` for what is only outstanding.
    pub class: Option<ExceptionClass>,
    /// What our books have more than the bank because of it, in minor units.
    pub difference: i128,
    /// Its age in banking days.
    pub age_banking_days: u32,
    /// Who explains it.
    pub owner: CaseOwner,
}

/// Why a day can't be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "obstacle", rename_all = "snake_case")]
pub enum CloseObstacle {
    /// No accepted statement says how the day ends.
    #[error("no accepted statement has an opening and a closing balance of the day")]
    NoStatement,
    /// A file, a statement or the structure has to be put right first.
    #[error("{class:?}: {detail}")]
    StatementCase {
        /// Its class.
        class: ExceptionClass,
        /// What is wrong.
        detail: String,
    },
    /// The entries are not what the balances differ by.
    #[error("the opening balance and the entries come to {sum}, and the closing balance is {closing}")]
    DoesNotAddUp {
        /// Opening balance and entries, in minor units.
        sum: i128,
        /// The closing balance.
        closing: i64,
    },
    /// Entries that are neither explained nor in a case.
    #[error("{count} entries are neither explained nor in a case")]
    Unexplained {
        /// The number of such entries.
        count: u64,
    },
    /// Books and bank differ by something that has no name.
    #[error("books and bank differ by {found} minor units, and the named items come to {named}")]
    UnnamedDifference {
        /// Books, with the postings to be made, less the bank.
        found: i128,
        /// What the named items come to.
        named: i128,
    },
}

/// A day that can be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedDay {
    /// The account.
    pub account: String,
    /// The day.
    #[serde(serialize_with = "as_text")]
    pub day: Date,
    /// The bank's closing balance in minor units.
    pub closing: i64,
    /// The books' balance with all postings of explained entries.
    pub books: i128,
    /// Everything by which they differ; empty if they are equal.
    pub timing: Vec<TimingItem>,
}

/// The named differences between books and bank: open cases and outstanding items that the books and the bank do not both have.
#[must_use]
pub fn timing_items(cases: &[Case], outstanding: &[Outstanding], account: &str, currency: Currency) -> Vec<TimingItem> {
    let is_of =
        |found: Option<&str>, amount: Option<Money>| found == Some(account) && amount.is_some_and(|amount| amount.currency() == currency);
    let of_cases = cases.iter().filter(|case| case.is_open() && is_of(case.account.as_deref(), case.amount)).map(|case| TimingItem {
        id: case.places.first().map_or_else(
            || case.items.join(" "),
            |place| format!("file {} statement {} entry {}", place.file, place.statement, place.entry),
        ),
        class: Some(case.class),
        difference: case.difference,
        age_banking_days: case.age_banking_days,
        owner: case.owner,
    });
    let of_items = outstanding.iter().filter(|item| is_of(Some(&item.account), Some(item.amount))).map(|item| TimingItem {
        id: item.item.clone(),
        class: None,
        difference: item.difference,
        age_banking_days: item.age_banking_days,
        owner: item.owner,
    });
    of_cases.chain(of_items).filter(|item| item.difference != 0).collect()
}

/// Closes a day, or says everything that stops it.
///
/// # Errors
/// All obstacles, in the order in which they are to be removed.
pub fn close(day: &AccountDay<'_>) -> Result<ClosedDay, Vec<CloseObstacle>> {
    let mut obstacles = Vec::new();
    for case in day.cases.iter().filter(|case| stops(case, day)) {
        obstacles.push(CloseObstacle::StatementCase { class: case.class, detail: case.detail.clone() });
    }
    let balances = day.opening.zip(day.closing);
    match balances {
        None => obstacles.push(CloseObstacle::NoStatement),
        Some((opening, closing)) => {
            let sum = i128::from(opening) + day.moved;
            if sum != i128::from(closing) {
                obstacles.push(CloseObstacle::DoesNotAddUp { sum, closing });
            }
        }
    }
    if day.unexplained > 0 {
        obstacles.push(CloseObstacle::Unexplained { count: day.unexplained });
    }
    let timing = timing_items(day.cases, day.outstanding, day.account, day.currency);
    let closing = day.closing.unwrap_or_default();
    let books = day.books + day.to_post;
    let (found, named) = (books - i128::from(closing), timing.iter().map(|item| item.difference).sum::<i128>());
    if balances.is_some() && found != named {
        obstacles.push(CloseObstacle::UnnamedDifference { found, named });
    }
    if obstacles.is_empty() {
        Ok(ClosedDay { account: day.account.to_owned(), day: day.day, closing, books, timing })
    } else {
        Err(obstacles)
    }
}

/// Whether a case about files or structure stops the account's day. A repeated statement that was left out changes nothing.
fn stops(case: &Case, day: &AccountDay<'_>) -> bool {
    let is_of_files = matches!(case.class.group(), ClassGroup::Statement | ClassGroup::Structure);
    is_of_files && case.is_open() && case.account.as_deref().is_none_or(|account| account == day.account)
}
