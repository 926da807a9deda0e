//! The legal entities on whose behalf payouts are made, as banks are told them.

use super::{BankProtocol, Config, InvalidPayoutOption};
use crate::domain::ach::is_filed_text;
use chart::HouseId;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Longest name: SEPA carries no longer one of an ultimate debtor.
const NAME_CHARS_MAX: usize = 70;
/// Longest id in the JSON of a payment API.
const REGISTRATION_CHARS_MAX: usize = 35;

/// A legal entity that has leaves at treasury under a bank account of another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EntityConfig {
    /// Its id, as the structure at treasury names it: 1 to 32 of a-z, 0-9 and hyphens.
    pub id: String,
    /// Its name, as banks and receivers see it: 1 to 70 printable characters of ASCII. ACH files have room for the first 16.
    pub name: String,
    /// An id under which it is registered, such as an LEI: at most 35 printable characters of ASCII. Banks with the protocol `api` need one.
    pub registration: String,
    /// The first day of this row, in UTC, such as "2026-11-27"; empty: always. Of several rows of an entity the newest that has begun counts.
    pub from: String,
}

impl EntityConfig {
    /// The invented company whose leaves pay from the accounts of a sandbox's entity `main`.
    pub(super) fn sandbox() -> Self {
        Self { id: "acme".to_owned(), name: "Acme Sandbox Ltd".to_owned(), registration: "SANDBOX-ACME".to_owned(), from: String::new() }
    }

    fn begins(&self) -> Option<Date> {
        if self.from.is_empty() { Some(Date::MIN) } else { self.from.parse().ok() }
    }
}

impl Config {
    /// How an entity is named on a day; none: nobody has configured it.
    #[must_use]
    pub fn entity_on(&self, id: &str, on: Date) -> Option<&EntityConfig> {
        let begun = self.entities.iter().filter(|row| row.id == id && row.begins().is_some_and(|from| from <= on));
        begun.max_by_key(|row| row.begins())
    }

    pub(super) fn check_entities(&self) -> Result<(), InvalidPayoutOption> {
        let wrong = |name, bounds| Err(InvalidPayoutOption::Range { name, bounds });
        let by_api = self.banks.iter().any(|bank| bank.protocol == BankProtocol::Api);
        let mut rows = BTreeSet::new();
        for row in &self.entities {
            if HouseId::try_new(&row.id).is_none() {
                return wrong("an entity's id", "1 to 32 of a-z, 0-9 and hyphens");
            }
            if !is_filed_text(&row.name) || !(1..=NAME_CHARS_MAX).contains(&row.name.len()) {
                return wrong("an entity's name", "1 to 70 printable characters of ASCII without blanks at its ends");
            }
            let registered = is_filed_text(&row.registration) && row.registration.len() <= REGISTRATION_CHARS_MAX;
            if !registered || (by_api && row.registration.is_empty()) {
                return wrong(
                    "an entity's registration",
                    "at most 35 printable characters of ASCII, and given if a bank has the protocol api",
                );
            }
            let Some(from) = row.begins() else { return wrong("an entity's from", "a day such as 2026-11-27, or empty") };
            if !rows.insert((&row.id, from)) {
                return wrong("entities", "different in their ids or their days");
            }
        }
        Ok(())
    }
}
