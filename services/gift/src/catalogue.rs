//! The gift catalogue: read from a versioned TOML file (`catalogue.toml` when none is named), and replaceable at run time.
use crate::domain::{COST_COINS_MAX, Offer};
use money::Coins;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use std::{path::Path, sync::Arc};
use tokio::sync::watch;
use toml::Spanned;

/// The built-in catalogue, as a file.
pub const EMBEDDED: &str = include_str!("../catalogue.toml");
/// Longest display name.
const NAME_BYTES_MAX: usize = 100;
/// The name of the file in errors.
const WHAT: &str = "gift catalogue";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiftDocument {
    version: Spanned<String>,
    #[serde(default)]
    gifts: Vec<Spanned<GiftEntry>>,
}

impl VersionedDocument for GiftDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiftEntry {
    id: Spanned<i64>,
    name: Spanned<String>,
    cost_coins: Spanned<i64>,
    #[serde(default)]
    streakable: bool,
    #[serde(default)]
    withdrawn: bool,
}

/// One gift, on sale or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    /// GiftCatalogue number.
    pub id: i64,
    /// Display name.
    pub name: String,
    /// Price and kind.
    pub offer: Offer,
    /// True: can't be sent any more.
    pub withdrawn: bool,
}

/// All gifts of one version.
#[derive(Clone, Debug)]
pub struct GiftCatalogue {
    version: String,
    gifts: FxHashMap<i64, Gift>,
    built_in: bool,
}

impl GiftCatalogue {
    /// The built-in catalogue.
    #[must_use]
    pub fn embedded() -> Self {
        let read = Self::read_entries(&DocumentText::new(WHAT, "catalogue.toml (built in)", EMBEDDED));
        Self { built_in: true, ..read.expect("a test reads it") }
    }

    /// Reads a file. The error names file, line and key.
    pub fn load(path: &Path) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::read(WHAT, path)?)
    }

    /// Reads a text; `file` only names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::new(WHAT, file, text))
    }

    /// A copy of the built-in catalogue still counts as built in, whatever its version is called.
    fn read(text: &DocumentText) -> Result<Self, DocumentError> {
        let read = Self::read_entries(text)?;
        Ok(Self { built_in: read.gifts == Self::embedded().gifts, ..read })
    }

    fn read_entries(text: &DocumentText) -> Result<Self, DocumentError> {
        let document: GiftDocument = text.parse()?;
        let mut gifts = FxHashMap::default();
        for entry in document.gifts {
            let span = entry.span();
            let gift = gift(text, entry.into_inner())?;
            let id = gift.id;
            if gifts.insert(id, gift).is_some() {
                return Err(text.invalid(span, format!("gift {id}, id: is there twice")));
            }
        }
        Ok(Self { version: document.version.into_inner(), gifts, built_in: false })
    }

    /// The version, as in the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether this is the built-in catalogue, which is for TEST books.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// The offer under this number, if it can be sent now.
    #[must_use]
    pub fn offer(&self, id: i64) -> Option<Offer> {
        self.gifts.get(&id).filter(|gift| !gift.withdrawn).map(|gift| gift.offer)
    }

    /// The gifts that can be sent now, by price, then number.
    #[must_use]
    pub fn on_sale(&self) -> Vec<&Gift> {
        let mut gifts: Vec<&Gift> = self.gifts.values().filter(|gift| !gift.withdrawn).collect();
        gifts.sort_by_key(|gift| (gift.offer.cost, gift.id));
        gifts
    }

    /// All gifts, also withdrawn ones, in no order.
    pub(crate) fn gifts(&self) -> impl Iterator<Item = &Gift> {
        self.gifts.values()
    }

    /// Adds a gift, or replaces the one with its number.
    pub fn put(&mut self, gift: Gift) {
        self.gifts.insert(gift.id, gift);
    }

    /// Takes a gift off sale; false when there is none.
    pub fn withdraw(&mut self, id: i64) -> bool {
        self.gifts.get_mut(&id).is_some_and(|gift| {
            gift.withdrawn = true;
            true
        })
    }
}

fn gift(text: &DocumentText, entry: GiftEntry) -> Result<Gift, DocumentError> {
    let id = *entry.id.get_ref();
    if id < 1 {
        return Err(text.invalid(entry.id.span(), format!("gift {id}, id: must be 1 or more")));
    }
    let name = entry.name.get_ref();
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(text.invalid(entry.name.span(), format!("gift {id}, name: must have 1 to {NAME_BYTES_MAX} bytes")));
    }
    let cost = *entry.cost_coins.get_ref();
    let coins = Coins::try_new(cost).ok().filter(|_| (1..=COST_COINS_MAX).contains(&cost));
    let Some(cost) = coins else {
        let why = format!("gift {id}, cost_coins: must be 1 to {COST_COINS_MAX}, not {cost}");
        return Err(text.invalid(entry.cost_coins.span(), why));
    };
    let offer = Offer { cost, streakable: entry.streakable };
    Ok(Gift { id, name: entry.name.into_inner(), offer, withdrawn: entry.withdrawn })
}

/// The catalogue in force. Cloned handles see the same one.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<watch::Sender<Arc<GiftCatalogue>>>);

impl Shelf {
    /// Starts with this catalogue.
    #[must_use]
    pub fn new(catalogue: GiftCatalogue) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(catalogue))))
    }

    /// The catalogue in force now.
    #[must_use]
    pub fn current(&self) -> Arc<GiftCatalogue> {
        Arc::clone(&self.0.borrow())
    }

    /// The offer under this number, if it can be sent now.
    #[must_use]
    pub fn offer(&self, id: i64) -> Option<Offer> {
        self.0.borrow().offer(id)
    }

    /// Whether the catalogue in force is for TEST books only.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.0.borrow().is_built_in()
    }

    /// Puts another catalogue in force, for every request decided from now on. The caller has recorded it already.
    pub(crate) fn replace(&self, catalogue: GiftCatalogue) {
        self.0.send_replace(Arc::new(catalogue));
    }
}

#[cfg(test)]
mod tests;
