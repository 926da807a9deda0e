//! What types of entries (`:61:`) and German business codes (`:86:`) mean. The lists are dated files beside this one.

use std::{collections::HashMap, sync::LazyLock};

type Meanings = HashMap<&'static str, &'static str>;

static TRANSACTION_TYPES: LazyLock<Meanings> = LazyLock::new(|| meanings(include_str!("transaction_types.csv")));
static BUSINESS_CODES: LazyLock<Meanings> = LazyLock::new(|| meanings(include_str!("business_codes.csv")));

fn meanings(list: &'static str) -> Meanings {
    list.lines().filter(|row| !row.starts_with('#')).filter_map(|row| row.split_once(',')).collect()
}

/// The meaning of the three characters after N or F in `:61:`; after S they are the number of a SWIFT message.
#[must_use]
pub fn transaction_type(code: &str) -> Option<&'static str> {
    TRANSACTION_TYPES.get(code).copied()
}

/// The meaning of the three digits at the start of a German `:86:` (Geschäftsvorfallcode).
#[must_use]
pub fn business_code(code: &str) -> Option<&'static str> {
    BUSINESS_CODES.get(code).copied()
}

#[cfg(test)]
pub(super) fn listed() -> [(usize, usize); 2] {
    let rows = |list: &str| list.lines().filter(|row| !row.starts_with('#')).count();
    [
        (TRANSACTION_TYPES.len(), rows(include_str!("transaction_types.csv"))),
        (BUSINESS_CODES.len(), rows(include_str!("business_codes.csv"))),
    ]
}
