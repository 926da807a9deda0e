//! All measurements.

use super::{BenchSlice, BenchWork, GiftMix, PeopleDraw};

/// Creators who share the gifts in small books, except where one creator gets all.
pub(crate) const CREATORS: usize = 100;

/// The regular mix: spread evenly, version 7 ids, sent by a service on behalf of the viewers.
pub(crate) const EVEN: GiftMix = GiftMix { creators: CREATORS, random_ids: false, own_tokens: false, draw: PeopleDraw::InTurn };
const HOT: GiftMix = GiftMix { creators: 1, ..EVEN };
const FEW: usize = 4;
const MANY: usize = 64;
/// Connections of open loops, which have more calls in flight than one connection carries: the server's bound must be reached before the connections'.
const OPEN: usize = 16;
const IN_FLIGHT: usize = 256;
const STREAM_IN_FLIGHT: usize = 512;
const BATCH_ITEMS: usize = 1_000;
const HALF_PERCENT: u32 = 50;
const QUARTER_PERCENT: u32 = 25;
const TWICE_PERCENT: u32 = 200;
/// An overload begins with an idle server; filling its queues should be a small part of the time.
const OVERLOAD_SLICES: u32 = 3;

const fn send_gift(name: &'static str, mix: GiftMix) -> BenchSlice {
    BenchSlice { name, work: BenchWork::SendGift { connections: FEW, in_flight: IN_FLIGHT, mix } }
}

const fn send_gift_64(name: &'static str, mix: GiftMix) -> BenchSlice {
    BenchSlice { name, work: BenchWork::SendGift { connections: MANY, in_flight: MANY, mix } }
}

/// An honest load that the server handles easily, so that any loss is due to the attackers.
const fn honest(name: &'static str) -> BenchSlice {
    BenchSlice { name, work: BenchWork::PacedSendGift { connections: FEW, percent: QUARTER_PERCENT, slices: 1 } }
}

const fn send_gifts(name: &'static str, mix: GiftMix) -> BenchSlice {
    BenchSlice { name, work: BenchWork::SendGifts { connections: FEW, in_flight: STREAM_IN_FLIGHT, mix } }
}

const fn post_batch(name: &'static str, mix: GiftMix) -> BenchSlice {
    BenchSlice { name, work: BenchWork::PostBatch { connections: FEW, items: BATCH_ITEMS, mix } }
}

const fn find(name: &'static str) -> BenchSlice {
    BenchSlice { name, work: BenchWork::Find }
}

const fn naive(name: &'static str, mix: GiftMix) -> BenchSlice {
    BenchSlice { name, work: BenchWork::Naive { connections: MANY, mix } }
}

const fn stored(name: &'static str, draw: PeopleDraw) -> BenchSlice {
    send_gifts(name, GiftMix { creators: usize::MAX, draw, ..EVEN })
}

pub(crate) const ECHO: BenchSlice = BenchSlice { name: "echo", work: BenchWork::Echo { connections: FEW, in_flight: IN_FLIGHT } };
/// The measurement of the peak by which open loops are paced.
pub(crate) const SEND_GIFT: BenchSlice = send_gift("send_gift", EVEN);
pub(crate) const SEND_GIFT_HOT: BenchSlice = send_gift("send_gift_hot", HOT);
pub(crate) const SEND_GIFT_RANDOM_IDS: BenchSlice = send_gift("send_gift_random_ids", GiftMix { random_ids: true, ..EVEN });
pub(crate) const SEND_GIFT_OWN_TOKENS: BenchSlice = send_gift("send_gift_own_tokens", GiftMix { own_tokens: true, ..EVEN });
pub(crate) const SEND_GIFTS: BenchSlice = send_gifts("send_gifts", EVEN);
pub(crate) const SEND_GIFTS_HOT: BenchSlice = send_gifts("send_gifts_hot", HOT);
pub(crate) const HONEST: BenchSlice = honest("honest");
pub(crate) const HONEST_BESIDE_HARM: BenchSlice = honest("honest_beside_harm");
pub(crate) const SEND_GIFT_WATCHED: BenchSlice = send_gift("send_gift_watched", EVEN);
pub(crate) const SEND_GIFT_UNWATCHED: BenchSlice = send_gift("send_gift_unwatched", EVEN);
pub(crate) const SEND_GIFTS_WATCHED: BenchSlice = send_gifts("send_gifts_watched", EVEN);
pub(crate) const SEND_GIFTS_UNWATCHED: BenchSlice = send_gifts("send_gifts_unwatched", EVEN);
/// How many look at the payments at once.
pub(crate) const VIEWERS: usize = 50;
pub(crate) const SEND_GIFTS_VIEWED: BenchSlice = send_gifts("send_gifts_viewed", EVEN);
pub(crate) const SEND_GIFTS_UNVIEWED: BenchSlice = send_gifts("send_gifts_unviewed", EVEN);
/// The age of payments when a viewer gets them.
pub(crate) const PAYMENTS_BEHIND: BenchSlice = BenchSlice { name: "payments_behind", work: BenchWork::PaymentsBehind { viewers: VIEWERS } };
pub(crate) const FIND_POSTING: BenchSlice = find("find_posting");
pub(crate) const FIND_ACCOUNT: BenchSlice = find("find_account");
pub(crate) const FIND_USER: BenchSlice = find("find_user");
/// Looks in every table.
pub(crate) const FIND_NOTHING: BenchSlice = find("find_nothing");
/// The first page of where its money came from.
pub(crate) const EXPLAIN_PAYOUT: BenchSlice = find("explain_payout_of_10000_gifts");
pub(crate) const POST_BATCH: BenchSlice = post_batch("post_batch", EVEN);
pub(crate) const POST_BATCH_HOT: BenchSlice = post_batch("post_batch_hot", HOT);
pub(crate) const ECHO_64: BenchSlice = BenchSlice { name: "echo_64", work: BenchWork::Echo { connections: MANY, in_flight: MANY } };
pub(crate) const SEND_GIFT_64: BenchSlice = send_gift_64("send_gift_64", EVEN);
pub(crate) const SEND_GIFT_64_HOT: BenchSlice = send_gift_64("send_gift_64_hot", HOT);
pub(crate) const FDATASYNC: BenchSlice = BenchSlice { name: "fdatasync", work: BenchWork::Fdatasync };
pub(crate) const LONE_SEND_GIFT: BenchSlice =
    BenchSlice { name: "lone_send_gift", work: BenchWork::SendGift { connections: 1, in_flight: 1, mix: EVEN } };
pub(crate) const ECHO_AT_HALF: BenchSlice =
    BenchSlice { name: "echo_at_half", work: BenchWork::PacedEcho { connections: OPEN, percent: HALF_PERCENT } };
pub(crate) const SEND_GIFT_AT_HALF: BenchSlice =
    BenchSlice { name: "send_gift_at_half", work: BenchWork::PacedSendGift { connections: OPEN, percent: HALF_PERCENT, slices: 1 } };
pub(crate) const SEND_GIFT_AT_TWICE: BenchSlice = BenchSlice {
    name: "send_gift_at_twice",
    work: BenchWork::PacedSendGift { connections: OPEN, percent: TWICE_PERCENT, slices: OVERLOAD_SLICES },
};
/// The measurement of payouts, one by one.
pub(crate) const PAYOUT_OWN_TIME: BenchSlice = BenchSlice { name: "payout_own_time", work: BenchWork::PacedPayouts { per_second: 20 } };
/// The measurement of a run of payouts.
pub(crate) const PAYOUT_RUN: BenchSlice = BenchSlice { name: "payout_run", work: BenchWork::PayoutRun };
/// The same, with many payments in a message.
pub(crate) const PAYOUT_RUN_BULK: BenchSlice = BenchSlice { name: "payout_run_bulk", work: BenchWork::PayoutRun };
pub(crate) const STORED_EMPTY: BenchSlice = send_gifts("send_gifts_empty_book", EVEN);
pub(crate) const STORED_SKEWED: BenchSlice = stored("send_gifts_stored_skewed", PeopleDraw::Skewed);
pub(crate) const STORED_UNIFORM: BenchSlice = stored("send_gifts_stored_uniform", PeopleDraw::Uniform);
pub(crate) const NAIVE_64: BenchSlice = naive("postgres_naive", EVEN);
pub(crate) const NAIVE_64_HOT: BenchSlice = naive("postgres_naive_hot", HOT);
