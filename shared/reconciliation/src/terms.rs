//! What a run goes by: the day, the calendars, the tolerances and the structure of accounts.

use crate::{age::BankingDays, rule::Tolerances};
use jiff::civil::Date;
use matching::account_key;
use rails::HolidayCalendars;
use std::collections::HashMap;

/// The most lines that may need more than a look: they are in memory until all lines came, with up to 2 KB each. With more, the items are likely those of other
/// days or accounts.
pub const OPEN_LINES_MAX: usize = 100_000;

/// A physical account and the virtual ones that its money is divided into. Statements of virtual accounts are compared and not matched: their entries are those of
/// the physical account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DividedAccount {
    /// The account at the bank.
    pub account: String,
    /// All of its virtual accounts.
    pub leaves: Vec<String>,
}

/// Everything that a run goes by beside files and items.
#[derive(Debug)]
pub struct RunTerms<'c> {
    /// The day that ages are counted to. Nothing can have been booked later.
    pub today: Date,
    /// How far amounts may differ.
    pub tolerances: Tolerances,
    /// Accounts that are divided into virtual ones.
    pub structure: Vec<DividedAccount>,
    /// How many lines may be kept until all lines came; [`OPEN_LINES_MAX`] unless memory is scarcer.
    pub open_lines_max: usize,
    usual: BankingDays<'c>,
    calendars: &'c HolidayCalendars,
    of_accounts: HashMap<String, BankingDays<'c>>,
}

impl<'c> RunTerms<'c> {
    /// No tolerance and no virtual accounts. Without a calendar, every day is a banking day.
    #[must_use]
    pub fn new(today: Date, calendars: &'c HolidayCalendars, calendar: Option<&str>) -> Self {
        Self {
            today,
            tolerances: Tolerances::default(),
            structure: Vec::new(),
            open_lines_max: OPEN_LINES_MAX,
            usual: BankingDays::new(calendars, calendar),
            calendars,
            of_accounts: HashMap::new(),
        }
    }

    /// Gives an account a calendar of its own.
    pub fn set_calendar(&mut self, account: &str, calendar: &str) {
        self.of_accounts.insert(account_key(account), BankingDays::new(self.calendars, Some(calendar)));
    }

    /// Adds a physical account with its virtual ones.
    pub fn add_structure(&mut self, account: &str, leaves: &[&str]) {
        let leaves = leaves.iter().map(|leaf| account_key(leaf)).collect();
        self.structure.push(DividedAccount { account: account_key(account), leaves });
    }

    /// The banking days of an account.
    #[must_use]
    pub fn days(&self, account: Option<&str>) -> &BankingDays<'c> {
        account.and_then(|account| self.of_accounts.get(account)).unwrap_or(&self.usual)
    }

    pub(crate) fn is_leaf(&self, account: Option<&str>) -> bool {
        account.is_some_and(|account| self.structure.iter().any(|physical| physical.leaves.iter().any(|leaf| leaf == account)))
    }
}
