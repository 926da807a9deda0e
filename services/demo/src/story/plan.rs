//! Who gives what to whom: derived from a seed alone, so that a run can be repeated.
use super::facts::{self, STREAMERS, VIEWERS};
use api::gift::{Gift, SendGiftRequest, Streak};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use runtime::command::UntypedError;
use uuid::Uuid;

/// Viewers who buy coins and give.
pub const BUYERS: u32 = 300;
/// Creators who receive.
pub const CREATORS: u32 = 200;
/// Rooms; creators share them.
pub const ROOMS: u32 = 24;
/// Gifts; a streak counts as one.
pub const GIFTS: u32 = 2_400;
/// Costs in coins for which a streak of a one-coin gift may be chosen, and the percentage of them that are streaks.
const STREAK_TAPS: std::ops::RangeInclusive<u32> = 3..=30;
const STREAKS_PERCENT: u32 = 30;
/// Maximum taps that an app sends together.
const TAPS_AT_ONCE_MAX: u32 = 8;

/// One call to send a gift.
#[derive(Debug, Clone)]
pub struct PlannedCall {
    /// Index of the giver.
    pub buyer: usize,
    /// The request, the same at every attempt.
    pub request: SendGiftRequest,
    /// The coins that it is planned to charge.
    pub cost_coins: i64,
}

/// One gift: a call, or a streak of them in order.
#[derive(Debug, Clone)]
pub struct PlannedGift {
    /// Index of the giver.
    pub buyer: usize,
    /// Index of the receiver.
    pub creator: usize,
    /// Its total cost.
    pub cost_coins: i64,
    /// Its calls, in order.
    pub calls: Vec<PlannedCall>,
}

/// The whole story's gifts.
#[derive(Debug)]
pub struct StoryPlan {
    /// Names of the givers.
    pub buyers: Vec<String>,
    /// Names of the receivers.
    pub creators: Vec<String>,
    /// The gifts in the order in which they are sent.
    pub gifts: Vec<PlannedGift>,
}

impl StoryPlan {
    /// A plan over the gifts of a catalogue. Two plans of one seed differ only in the request ids.
    pub fn try_new(seed: u64, catalogue: &[Gift]) -> Result<Self, UntypedError> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut chosen = Vec::new();
        for place in 0..GIFTS {
            let cost = facts::cost_at((f64::from(place) + 0.5) / f64::from(GIFTS));
            chosen.push(choose(&mut rng, cost, catalogue)?);
        }
        // The most expensive first: they have to fit where there is still room.
        chosen.reverse();
        let costs: Vec<f64> = chosen.iter().map(|(_, _, cost)| f64::from(*cost)).collect();
        let buyers = deal(&mut rng, &costs, &facts::shares(BUYERS, &VIEWERS));
        let creators = deal(&mut rng, &costs, &facts::shares(CREATORS, &STREAMERS));
        let names = |kind: &str, count: u32| (1..=count).map(|number| format!("{kind}-{number:03}")).collect::<Vec<_>>();
        let mut plan = Self { buyers: names("viewer", BUYERS), creators: names("creator", CREATORS), gifts: Vec::new() };
        for (place, (gift_id, taps, cost)) in chosen.into_iter().enumerate() {
            let (buyer, creator) = (buyers[place], creators[place]);
            let mut request = SendGiftRequest {
                creator_id: plan.creators[creator].clone(),
                room_id: format!("room-{:02}", creator % usize::try_from(ROOMS)? + 1),
                gift_id,
                quantity: 1,
                ..Default::default()
            };
            let calls = match taps {
                None => {
                    request.request_id = Uuid::now_v7().to_string();
                    vec![PlannedCall { buyer, request, cost_coins: i64::from(cost) }]
                }
                Some(taps) => streak(&mut rng, buyer, &request, place, taps)?,
            };
            plan.gifts.push(PlannedGift { buyer, creator, cost_coins: i64::from(cost), calls });
        }
        plan.gifts.shuffle(&mut rng);
        Ok(plan)
    }

    /// The cost of each buyer's gifts.
    #[must_use]
    pub fn needs(&self) -> Vec<i64> {
        let mut needs = vec![0; self.buyers.len()];
        for gift in &self.gifts {
            needs[gift.buyer] += gift.cost_coins;
        }
        needs
    }

    /// The cost of all gifts.
    #[must_use]
    pub fn cost_coins(&self) -> i64 {
        self.gifts.iter().map(|gift| gift.cost_coins).sum()
    }
}

/// Chooses a gift of about this cost: its number, the taps if it is a streak, and the cost.
fn choose(rng: &mut StdRng, cost: f64, catalogue: &[Gift]) -> Result<(i64, Option<u32>, u32), UntypedError> {
    let far = |price: u32| (f64::from(price).ln() - cost.ln()).abs();
    let taps = STREAK_TAPS.min_by(|a, b| far(*a).total_cmp(&far(*b))).filter(|_| cost >= f64::from(*STREAK_TAPS.start()));
    let streak = taps.filter(|taps| taps < STREAK_TAPS.end()).filter(|_| rng.random_range(0..100) < STREAKS_PERCENT);
    let mut priced = Vec::new();
    for gift in catalogue {
        let price = u32::try_from(gift.cost_coins)?;
        if streak.is_none() || (gift.streakable && price == 1) {
            priced.push((price, gift.gift_id));
        }
    }
    let nearest = priced.iter().map(|(price, _)| *price).min_by(|a, b| far(*a).total_cmp(&far(*b))).ok_or("the catalogue is empty")?;
    priced.retain(|(price, _)| *price == nearest);
    let (price, gift_id) = priced[rng.random_range(0..priced.len())];
    Ok((gift_id, streak, price * streak.unwrap_or(1)))
}

/// The calls of a streak: taps sent a few at a time, each with the count so far, and the marker of its end, which charges nothing.
fn streak(rng: &mut StdRng, buyer: usize, request: &SendGiftRequest, group: usize, taps: u32) -> Result<Vec<PlannedCall>, UntypedError> {
    let mut calls = Vec::new();
    let mut call = |count: u32, new: u32, end: bool| -> Result<(), UntypedError> {
        let streak = Some(Streak { group_id: format!("streak-{group}"), repeat_count: i32::try_from(count)?, end });
        let request = SendGiftRequest { request_id: Uuid::now_v7().to_string(), streak, ..request.clone() };
        calls.push(PlannedCall { buyer, request, cost_coins: i64::from(new) });
        Ok(())
    };
    let mut count = 0;
    while count < taps {
        let new = rng.random_range(1..=TAPS_AT_ONCE_MAX).min(taps - count);
        count += new;
        call(count, new, false)?;
    }
    call(taps, 0, true)?;
    Ok(calls)
}

/// Assigns gifts, the most expensive first, so that each person's sum comes near their share. Everyone gets one of the cheapest.
fn deal(rng: &mut StdRng, costs: &[f64], shares: &[f64]) -> Vec<usize> {
    let total: f64 = costs.iter().sum();
    let mut room: Vec<f64> = shares.iter().map(|share| share * total).collect();
    let mut everyone: Vec<usize> = (0..shares.len()).collect();
    everyone.shuffle(rng);
    let free = costs.len().saturating_sub(everyone.len());
    for (cost, person) in costs[free..].iter().zip(&everyone) {
        room[*person] -= cost;
    }
    let mut dealt = Vec::with_capacity(costs.len());
    for cost in &costs[..free] {
        let fitting: f64 = room.iter().filter(|room| *room >= cost).sum();
        let mut point = rng.random_range(0.0..1.0) * fitting;
        let mut person = None;
        for (candidate, room) in room.iter().enumerate().filter(|(_, room)| *room >= cost) {
            person = Some(candidate);
            point -= room;
            if point < 0.0 {
                break;
            }
        }
        let largest = || (0..room.len()).max_by(|a, b| room[*a].total_cmp(&room[*b])).unwrap_or(0);
        let person = person.unwrap_or_else(largest);
        room[person] -= cost;
        dealt.push(person);
    }
    dealt.extend(everyone.into_iter().take(costs.len() - free));
    dealt
}

#[cfg(test)]
mod tests;
