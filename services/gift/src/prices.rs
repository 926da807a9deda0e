//! A catalogue as it was served, with the rate of diamonds: what a gift may have cost. Recorded as a text that is hashed, and read back by auditors.
use crate::{
    catalogue::GiftCatalogue,
    domain::{self, BASIS_POINTS, COST_COINS_MAX, Offer, QUANTITY_MAX, REPEAT_COUNT_MAX},
};
use money::Coins;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceListDocument {
    version: String,
    diamonds_per_coin_bps: u32,
    gifts: Vec<PricedGift>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PricedGift {
    id: i64,
    name: String,
    cost_coins: i64,
    streakable: bool,
    withdrawn: bool,
}

/// A catalogue with its rate, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCatalogue {
    /// SHA-256 of `content`, in hexadecimal.
    pub hash: String,
    /// JSON; gifts by number, so that equal catalogues are equal texts.
    pub content: String,
}

impl RecordedCatalogue {
    /// The recorded form of the catalogue in force. `rate` is diamonds per coin in basis points.
    #[must_use]
    pub fn of(catalogue: &GiftCatalogue, rate: u32) -> Self {
        let mut gifts: Vec<PricedGift> = catalogue
            .gifts()
            .map(|gift| PricedGift {
                id: gift.id,
                name: gift.name.clone(),
                cost_coins: gift.offer.cost.get(),
                streakable: gift.offer.streakable,
                withdrawn: gift.withdrawn,
            })
            .collect();
        gifts.sort_by_key(|gift| gift.id);
        let document = PriceListDocument { version: catalogue.version().to_owned(), diamonds_per_coin_bps: rate, gifts };
        let content = serde_json::to_string(&document).expect("texts and numbers are JSON");
        Self { hash: hash(&content), content }
    }
}

fn hash(content: &str) -> String {
    hex::encode(Sha256::digest(content))
}

/// Why a recorded catalogue can't be one that was served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedCatalogue {
    /// The text does not match its hash.
    #[error("its content is not what its hash says")]
    Hash,
    /// The text matches its hash, but is not a catalogue.
    #[error("its content is no catalogue: {0}")]
    Content(String),
}

/// The prices of one catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    rate: u32,
    /// The gifts that can be sent.
    offers: BTreeMap<i64, Offer>,
    /// The names of all gifts, withdrawn ones included.
    names: BTreeMap<i64, String>,
}

impl PriceList {
    /// Reads a recorded catalogue.
    pub fn read(recorded: &RecordedCatalogue) -> Result<Self, DamagedCatalogue> {
        if hash(&recorded.content) != recorded.hash {
            return Err(DamagedCatalogue::Hash);
        }
        let no = |why: String| Err(DamagedCatalogue::Content(why));
        let document: PriceListDocument = match serde_json::from_str(&recorded.content) {
            Ok(document) => document,
            Err(error) => return no(error.to_string()),
        };
        if document.diamonds_per_coin_bps > BASIS_POINTS {
            return no(format!("diamonds_per_coin_bps is {}", document.diamonds_per_coin_bps));
        }
        let names = document.gifts.iter().map(|gift| (gift.id, gift.name.clone())).collect();
        let mut offers = BTreeMap::new();
        for gift in document.gifts.into_iter().filter(|gift| !gift.withdrawn) {
            let cost = Coins::try_new(gift.cost_coins).ok().filter(|_| (1..=COST_COINS_MAX).contains(&gift.cost_coins));
            let Some(cost) = cost else { return no(format!("gift {} costs {}", gift.id, gift.cost_coins)) };
            offers.insert(gift.id, Offer { cost, streakable: gift.streakable });
        }
        Ok(Self { rate: document.diamonds_per_coin_bps, offers, names })
    }

    /// The name of a gift.
    #[must_use]
    pub fn name(&self, gift_id: i64) -> Option<&str> {
        self.names.get(&gift_id).map(String::as_str)
    }

    /// Whether this list explains what was posted for a gift.
    #[must_use]
    pub fn explains(&self, gift: &PostedGift) -> bool {
        let Some(offer) = self.offers.get(&gift.gift_id) else { return false };
        if !(1..=QUANTITY_MAX).contains(&gift.quantity) {
            return false;
        }
        let price = domain::price(offer.cost, gift.quantity, self.rate);
        let (coins, diamonds) = (price.coins.get(), price.diamonds.get());
        match gift.repeat_count {
            None => (gift.coins, gift.diamonds) == (coins, diamonds),
            // Only the taps not charged before were charged: at least one, at most all.
            Some(count) => {
                let taps = gift.coins / coins;
                let charged = gift.coins == taps.saturating_mul(coins) && gift.diamonds == taps.saturating_mul(diamonds);
                offer.streakable && count <= REPEAT_COUNT_MAX && (1..=i64::from(count)).contains(&taps) && charged
            }
        }
    }
}

/// A gift as the journal has it: the request, and the amounts charged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostedGift {
    /// Catalogue number.
    pub gift_id: i64,
    /// How many, or how many per tap.
    pub quantity: i32,
    /// Taps so far, in a streak.
    pub repeat_count: Option<i32>,
    /// The creator named in the request.
    pub creator: String,
    /// The sender named in the request; none where it was the caller.
    pub sender: Option<String>,
    /// Coins charged.
    pub coins: i64,
    /// Diamonds the creator got.
    pub diamonds: i64,
}

impl PostedGift {
    /// Reads the request behind a posting (`wire::fields`), without the amounts; `find` gives the value of its field with a name. None if it is not a gift's.
    #[must_use]
    pub fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let quantity = find("quantity").map_or(Some(1), |value| value.parse().ok())?;
        let repeat_count = match find("streak.repeat_count") {
            Some(value) => Some(value.parse().ok()?),
            None => None,
        };
        Some(Self {
            gift_id: find("gift_id")?.parse().ok()?,
            quantity,
            repeat_count,
            creator: find("creator_id")?.to_owned(),
            sender: find("user_id").map(str::to_owned),
            coins: 0,
            diamonds: 0,
        })
    }
}

#[cfg(test)]
mod tests;
