//! Every measurement there is.

use super::{Draw, Mix, Slice, Work};

/// Creators who share the gifts, where not one gets all and the book is not large.
pub(crate) const CREATORS: usize = 100;

/// Gifts as they are meant: spread evenly, version 7 ids, sent by a service on behalf of the viewers.
pub(crate) const EVEN: Mix = Mix { creators: CREATORS, random_ids: false, own_tokens: false, draw: Draw::InTurn };
const HOT: Mix = Mix { creators: 1, ..EVEN };
const FEW: usize = 4;
const MANY: usize = 64;
/// Open loops have more calls in flight than one connection carries: a server's bound must be met before the connections'.
const OPEN: usize = 16;
const IN_FLIGHT: usize = 256;
const STREAM_IN_FLIGHT: usize = 512;
const BATCH_ITEMS: usize = 1_000;
const HALF_PERCENT: u32 = 50;
const QUARTER_PERCENT: u32 = 25;
const TWICE_PERCENT: u32 = 200;
/// An overload begins with an empty house; filling it up should be a small part.
const OVERLOAD_SLICES: u32 = 3;

const fn send_gift(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::SendGift { connections: FEW, in_flight: IN_FLIGHT, mix } }
}

const fn send_gift_64(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::SendGift { connections: MANY, in_flight: MANY, mix } }
}

/// What a house carries easily, so that what is missing was taken by others.
const fn honest(name: &'static str) -> Slice {
    Slice { name, work: Work::PacedSendGift { connections: FEW, percent: QUARTER_PERCENT, slices: 1 } }
}

const fn send_gifts(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::SendGifts { connections: FEW, in_flight: STREAM_IN_FLIGHT, mix } }
}

const fn post_batch(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::PostBatch { connections: FEW, items: BATCH_ITEMS, mix } }
}

const fn naive(name: &'static str, mix: Mix) -> Slice {
    Slice { name, work: Work::Naive { connections: MANY, mix } }
}

const fn stored(name: &'static str, draw: Draw) -> Slice {
    send_gifts(name, Mix { creators: usize::MAX, draw, ..EVEN })
}

pub(crate) const ECHO: Slice = Slice { name: "echo", work: Work::Echo { connections: FEW, in_flight: IN_FLIGHT } };
/// The peak that open loops are paced by.
pub(crate) const SEND_GIFT: Slice = send_gift("send_gift", EVEN);
pub(crate) const SEND_GIFT_HOT: Slice = send_gift("send_gift_hot", HOT);
pub(crate) const SEND_GIFT_RANDOM_IDS: Slice = send_gift("send_gift_random_ids", Mix { random_ids: true, ..EVEN });
pub(crate) const SEND_GIFT_OWN_TOKENS: Slice = send_gift("send_gift_own_tokens", Mix { own_tokens: true, ..EVEN });
pub(crate) const SEND_GIFTS: Slice = send_gifts("send_gifts", EVEN);
pub(crate) const SEND_GIFTS_HOT: Slice = send_gifts("send_gifts_hot", HOT);
pub(crate) const HONEST: Slice = honest("honest");
pub(crate) const HONEST_BESIDE_HARM: Slice = honest("honest_beside_harm");
pub(crate) const SEND_GIFT_WATCHED: Slice = send_gift("send_gift_watched", EVEN);
pub(crate) const SEND_GIFT_UNWATCHED: Slice = send_gift("send_gift_unwatched", EVEN);
pub(crate) const SEND_GIFTS_WATCHED: Slice = send_gifts("send_gifts_watched", EVEN);
pub(crate) const SEND_GIFTS_UNWATCHED: Slice = send_gifts("send_gifts_unwatched", EVEN);
pub(crate) const POST_BATCH: Slice = post_batch("post_batch", EVEN);
pub(crate) const POST_BATCH_HOT: Slice = post_batch("post_batch_hot", HOT);
pub(crate) const ECHO_64: Slice = Slice { name: "echo_64", work: Work::Echo { connections: MANY, in_flight: MANY } };
pub(crate) const SEND_GIFT_64: Slice = send_gift_64("send_gift_64", EVEN);
pub(crate) const SEND_GIFT_64_HOT: Slice = send_gift_64("send_gift_64_hot", HOT);
pub(crate) const FDATASYNC: Slice = Slice { name: "fdatasync", work: Work::Fdatasync };
pub(crate) const LONE_SEND_GIFT: Slice = Slice { name: "lone_send_gift", work: Work::SendGift { connections: 1, in_flight: 1, mix: EVEN } };
pub(crate) const ECHO_AT_HALF: Slice = Slice { name: "echo_at_half", work: Work::PacedEcho { connections: OPEN, percent: HALF_PERCENT } };
pub(crate) const SEND_GIFT_AT_HALF: Slice =
    Slice { name: "send_gift_at_half", work: Work::PacedSendGift { connections: OPEN, percent: HALF_PERCENT, slices: 1 } };
pub(crate) const SEND_GIFT_AT_TWICE: Slice =
    Slice { name: "send_gift_at_twice", work: Work::PacedSendGift { connections: OPEN, percent: TWICE_PERCENT, slices: OVERLOAD_SLICES } };
pub(crate) const STORED_EMPTY: Slice = send_gifts("send_gifts_empty_book", EVEN);
pub(crate) const STORED_SKEWED: Slice = stored("send_gifts_stored_skewed", Draw::Skewed);
pub(crate) const STORED_UNIFORM: Slice = stored("send_gifts_stored_uniform", Draw::Uniform);
pub(crate) const NAIVE_64: Slice = naive("postgres_naive", EVEN);
pub(crate) const NAIVE_64_HOT: Slice = naive("postgres_naive_hot", HOT);
