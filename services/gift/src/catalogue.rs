//! The gifts there are: read from a versioned TOML file (`catalogue.toml` when none is named), and swappable at run time.
use crate::domain::{COST_COINS_MAX, Offer};
use money::Coins;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::{fs, io, ops::Range, path::Path, sync::Arc};
use tokio::sync::watch;
use toml::Spanned;

/// The catalogue built in.
const EMBEDDED: &str = include_str!("../catalogue.toml");
/// Longest display name.
const NAME_BYTES_MAX: usize = 100;
/// Longest version.
const VERSION_BYTES_MAX: usize = 64;

/// Why a catalogue can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such file, or not readable.
    #[error("gift catalogue {file}: {source}")]
    Unreadable {
        /// Its path.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Not TOML, or not our keys.
    #[error("gift catalogue {file}, line {line}: {why}")]
    Syntax {
        /// Its path.
        file: String,
        /// From 1.
        line: usize,
        /// What the parser said.
        why: String,
    },
    /// A value that can't be.
    #[error("gift catalogue {file}, line {line}, {key}: {why}")]
    Value {
        /// Its path.
        file: String,
        /// From 1.
        line: usize,
        /// The key, with the gift it belongs to.
        key: String,
        /// What it must be.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiftDocument {
    version: Spanned<String>,
    #[serde(default)]
    gifts: Vec<Spanned<GiftEntry>>,
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
}

impl GiftCatalogue {
    /// The one built in.
    #[must_use]
    pub fn embedded() -> Self {
        Self::parse("catalogue.toml (built in)", EMBEDDED).expect("a test reads it")
    }

    /// Reads a file. The error names file, line and key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(source) => Err(Error::Unreadable { file, source }),
        }
    }

    /// Reads a text; `file` only names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let document: GiftDocument = toml::from_str(text).map_err(|error| Error::Syntax {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, &span)),
            why: error.message().to_owned(),
        })?;
        let reader = Reader { file, text };
        let version = document.version.get_ref();
        if version.is_empty() || version.len() > VERSION_BYTES_MAX {
            return Err(reader.no(&document.version, "version".to_owned(), format!("must have 1 to {VERSION_BYTES_MAX} bytes")));
        }
        let mut gifts = FxHashMap::default();
        for entry in document.gifts {
            let span = entry.span();
            let gift = reader.gift(entry.into_inner())?;
            let id = gift.id;
            if gifts.insert(id, gift).is_some() {
                let entry = Spanned::new(span, ());
                return Err(reader.no(&entry, format!("gift {id}, id"), "is there twice".to_owned()));
            }
        }
        Ok(Self { version: version.clone(), gifts })
    }

    /// As in the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What can be sent under this number now.
    #[must_use]
    pub fn offer(&self, id: i64) -> Option<Offer> {
        self.gifts.get(&id).filter(|gift| !gift.withdrawn).map(|gift| gift.offer)
    }

    /// What can be sent now, by price, then number.
    #[must_use]
    pub fn on_sale(&self) -> Vec<&Gift> {
        let mut gifts: Vec<&Gift> = self.gifts.values().filter(|gift| !gift.withdrawn).collect();
        gifts.sort_by_key(|gift| (gift.offer.cost, gift.id));
        gifts
    }

    /// Puts a gift in, or in place of the one with its number.
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

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn gift(&self, entry: GiftEntry) -> Result<Gift, Error> {
        let id = *entry.id.get_ref();
        if id < 1 {
            return Err(self.no(&entry.id, format!("gift {id}, id"), "must be 1 or more".to_owned()));
        }
        let name = entry.name.get_ref();
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(self.no(&entry.name, format!("gift {id}, name"), format!("must have 1 to {NAME_BYTES_MAX} bytes")));
        }
        let cost = *entry.cost_coins.get_ref();
        let coins = Coins::try_new(cost).ok().filter(|_| (1..=COST_COINS_MAX).contains(&cost));
        let Some(cost) = coins else {
            return Err(self.no(&entry.cost_coins, format!("gift {id}, cost_coins"), format!("must be 1 to {COST_COINS_MAX}, not {cost}")));
        };
        let offer = Offer { cost, streakable: entry.streakable };
        Ok(Gift { id, name: entry.name.into_inner(), offer, withdrawn: entry.withdrawn })
    }

    fn no<T>(&self, at: &Spanned<T>, key: String, why: String) -> Error {
        Error::Value { file: self.file.to_owned(), line: line_of(self.text, &at.span()), key, why }
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
}

/// The catalogue in force. Cloned handles see the same one.
#[derive(Clone, Debug)]
pub struct Shelf(Arc<watch::Sender<Arc<GiftCatalogue>>>);

impl Shelf {
    /// Starts with this one.
    #[must_use]
    pub fn new(catalogue: GiftCatalogue) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(catalogue))))
    }

    /// The one in force now.
    #[must_use]
    pub fn current(&self) -> Arc<GiftCatalogue> {
        Arc::clone(&self.0.borrow())
    }

    /// What can be sent under this number now.
    #[must_use]
    pub fn offer(&self, id: i64) -> Option<Offer> {
        self.0.borrow().offer(id)
    }

    /// Puts another one in force, for every request decided from now on.
    pub fn replace(&self, catalogue: GiftCatalogue) {
        self.0.send_replace(Arc::new(catalogue));
    }
}

#[cfg(test)]
mod tests;
