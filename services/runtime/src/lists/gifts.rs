//! Generates a catalogue file: of gifts that a recording names, or that another installation lists.
use gift::GiftCatalogue;
use std::{collections::BTreeMap, fmt::Write as _};

/// Maximum length of a name in a catalogue, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// A gift of a list, by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGift {
    /// Display name.
    pub name: String,
    /// Price of one gift.
    pub cost_coins: i64,
    /// Whether it may be sent as a streak.
    pub streakable: bool,
}

/// The built-in gifts, by number.
#[must_use]
pub fn built_in_gifts() -> BTreeMap<i64, ListedGift> {
    let catalogue = GiftCatalogue::embedded();
    let listed = catalogue.on_sale().into_iter().map(|gift| {
        let (name, cost_coins) = (gift.name.clone(), gift.offer.cost.get());
        (gift.id, ListedGift { name, cost_coins, streakable: gift.offer.streakable })
    });
    listed.collect()
}

/// A catalogue file with these gifts.
#[must_use]
pub fn gifts_file(version: &str, gifts: &BTreeMap<i64, ListedGift>) -> String {
    let mut text = format!("version = \"{}\"\ngifts = [\n", quoted(version));
    for (id, gift) in gifts {
        let name = Some(quoted(&gift.name)).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| format!("Gift {id}"));
        let streakable = if gift.streakable { ", streakable = true" } else { "" };
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {{ id = {id}, name = \"{name}\", cost_coins = {}{streakable} }},", gift.cost_coins);
    }
    text.push_str("]\n");
    text
}

/// A text for use in quotes: cut to a name's maximum length, without invisible characters.
fn quoted(text: &str) -> String {
    let mut cut = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if cut.len() + letter.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        cut.push(letter);
    }
    cut.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests;
