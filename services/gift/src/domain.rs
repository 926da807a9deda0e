//! The rules of a gift: what a request may contain, and what it costs. No async, no wire, no clock.
use chart::{GuardKey, guard::Streak};
use ledger_client::BalanceSeq;
use money::{Coins, Diamonds};

/// Most gifts in one request, and per tap of a streak.
pub const QUANTITY_MAX: i32 = 1_000_000;
/// Most taps in one streak.
pub const REPEAT_COUNT_MAX: i32 = 1_000_000;
/// Price of the most expensive gift. Times [`QUANTITY_MAX`] it is still below 2^53, so that a price never overflows; only a streak's total can, and the
/// ledger refuses that.
pub const COST_COINS_MAX: i64 = 1_000_000_000;
/// 100 %, in basis points.
pub const BASIS_POINTS: u32 = 10_000;

/// Longest room, group and user keys.
const KEY_BYTES_MAX: usize = 64;

/// A request that is not a valid gift: which field, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Malformed {
    /// The field's name as sent.
    pub field: &'static str,
    /// What it must be.
    pub why: &'static str,
}

/// A requested gift, checked. Borrows from the request: this is the hot path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending<'a> {
    /// Who pays.
    pub sender: &'a str,
    /// Where it is shown.
    pub room: &'a str,
    /// Who gets the diamonds.
    pub creator: &'a str,
    /// Catalogue number.
    pub gift_id: i64,
    /// How many, or how many per tap; 1 to [`QUANTITY_MAX`].
    pub quantity: i32,
    /// A tap of a streak, or its end.
    pub tap: Option<Tap<'a>>,
}

/// The position in a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap<'a> {
    /// The streak's own id.
    pub group: &'a str,
    /// Taps so far, 1 to [`REPEAT_COUNT_MAX`].
    pub repeat_count: i32,
    /// Later taps do not count.
    pub end: bool,
}

impl<'a> Sending<'a> {
    /// Checks everything that doesn't need the catalogue. `quantity` 0 means 1.
    /// Fails with everything that is wrong.
    pub fn try_new(sending: Self) -> Result<Self, Vec<Malformed>> {
        // No room is made where nothing is wrong.
        let mut wrong = Vec::new();
        let mut no = |field, why| wrong.push(Malformed { field, why });
        if !is_key(sending.room) {
            no("room_id", "must match [A-Za-z0-9_-]{1,64}");
        }
        if !is_key(sending.creator) {
            no("creator_id", "must match [A-Za-z0-9_-]{1,64}");
        }
        if sending.creator == sending.sender {
            no("creator_id", "must not be the sender");
        }
        if sending.gift_id < 1 {
            no("gift_id", "must be 1 or more");
        }
        if !(0..=QUANTITY_MAX).contains(&sending.quantity) {
            no("quantity", "must be 0 (meaning 1) to 1000000");
        }
        if let Some(tap) = sending.tap {
            if !is_key(tap.group) {
                no("streak.group_id", "must match [A-Za-z0-9_-]{1,64}");
            }
            if !(1..=REPEAT_COUNT_MAX).contains(&tap.repeat_count) {
                no("streak.repeat_count", "must be 1 to 1000000");
            }
        }
        if wrong.is_empty() { Ok(Self { quantity: sending.quantity.max(1), ..sending }) } else { Err(wrong) }
    }
}

fn is_key(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() <= KEY_BYTES_MAX && text.bytes().all(fits)
}

/// The catalogue's price and kind of one gift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Price of one.
    pub cost: Coins,
    /// True where taps may be counted up.
    pub streakable: bool,
}

/// This service's own reason for a refusal. Recorded by the ledger under the request's id, so that a retry gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiftRefusal {
    /// A LIVE book, and the catalogue in force is the built-in one, which is for TEST books.
    ListBuiltIn,
    /// Not in the catalogue, or withdrawn.
    GiftUnknown,
    /// A streak of a gift that can only be sent singly.
    GiftNotStreakable,
}

impl GiftRefusal {
    /// The stable reason.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::ListBuiltIn => "LIST_BUILT_IN",
            Self::GiftUnknown => "GIFT_UNKNOWN",
            Self::GiftNotStreakable => "GIFT_NOT_STREAKABLE",
        }
    }
}

/// What to request from the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Charge {
    /// Charge once.
    Once(Price),
    /// Charge this much per tap that the streak hasn't been charged for yet.
    PerTap {
        /// Per tap.
        price: Price,
        /// The streak's counter.
        guard: GuardKey,
        /// The value to which the counter is advanced.
        advance_to: i64,
    },
    /// Charge nothing and cap the streak's counter.
    End {
        /// The streak's counter.
        guard: GuardKey,
        /// The cap of the counter.
        cap_at: i64,
    },
    /// Charge nothing and keep the refusal.
    Refuse(GiftRefusal),
}

/// The viewer's cost and the creator's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// At least 1.
    pub coins: Coins,
    /// Coins at the creator's rate, rounded down to whole diamonds (per tap, in a streak); the company keeps the remainder by not issuing it.
    pub diamonds: Diamonds,
}

/// Prices a gift. `rate` is diamonds per coin in basis points, at most [`BASIS_POINTS`].
#[must_use]
pub fn charge(sending: &Sending<'_>, offer: Option<Offer>, rate: u32) -> Charge {
    let Some(offer) = offer else { return Charge::Refuse(GiftRefusal::GiftUnknown) };
    if sending.tap.is_some() && !offer.streakable {
        return Charge::Refuse(GiftRefusal::GiftNotStreakable);
    }
    let price = price(offer.cost, sending.quantity, rate);
    match sending.tap {
        None => Charge::Once(price),
        Some(tap) if tap.end => Charge::End { guard: guard_key(sending, tap.group), cap_at: tap.repeat_count.into() },
        Some(tap) => Charge::PerTap { price, guard: guard_key(sending, tap.group), advance_to: tap.repeat_count.into() },
    }
}

/// The price of `quantity` gifts at this cost: the only place where coins and diamonds of a gift are computed.
pub(crate) fn price(cost: Coins, quantity: i32, rate: u32) -> Price {
    assert!(rate <= BASIS_POINTS, "checked when the configuration was read");
    let coins = cost.checked_mul(quantity.into()).expect("COST_COINS_MAX x QUANTITY_MAX is below 2^53");
    let exact = i128::from(coins.get()) * i128::from(rate) / i128::from(BASIS_POINTS);
    let diamonds = i64::try_from(exact).ok().and_then(|diamonds| Diamonds::try_new(diamonds).ok());
    Price { coins, diamonds: diamonds.expect("never more than the coins") }
}

fn guard_key(sending: &Sending<'_>, group: &str) -> GuardKey {
    let Sending { sender, room, creator, gift_id, .. } = *sending;
    GuardKey::streak(Streak { sender, room, creator, gift_id, group })
}

/// The receipt of a gift, taken from the ledger's posting only, so that a replay gives the first answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GiftReceipt {
    /// The gift's posting in the ledger.
    pub posting_id: String,
    /// Coins charged.
    pub cost: Coins,
    /// Diamonds the creator got.
    pub diamonds: Diamonds,
    /// The sender's coins right after it. None when nothing was charged.
    pub after: Option<CoinsAfter>,
    /// True when the id had been answered before.
    pub replayed: bool,
}

/// A viewer's coins right after a gift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinsAfter {
    /// The remaining coins.
    pub coins: Coins,
    /// The position of this state among the account's states.
    pub seq: BalanceSeq,
}

#[cfg(test)]
mod tests;
