//! Recorded live gift events, sent again as the original apps would: coins are bought first, then every gift is sent under an id derived from the event, so
//! that a second replay charges nothing.
mod recording;

pub use recording::{RecordedEvent, Recording, parse, read, recorded_gifts};

use crate::{
    installation::{Installation, authorised},
    shop::Shop,
};
use api::{
    earnings::GetEarningsRequest,
    gift::{Gift, ListGiftsRequest, SendGiftRequest, Streak},
    purchase::GetWalletRequest,
};
use futures::{FutureExt as _, StreamExt, TryStreamExt, future::LocalBoxFuture};
use identity::Role;
use runtime::{
    command::UntypedError,
    lists::{ListedGift, built_in_gifts, gifts_file},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use tonic::Code;
use uuid::Uuid;

/// Senders whose events are sent at the same time; one sender's go in file order.
const SENDERS_AT_ONCE: usize = 64;
/// The version of a catalogue made from a recording.
const CATALOGUE_VERSION: &str = "recorded";

/// The result of a replay.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Events that were sent.
    pub events: usize,
    /// Lines of the file that were skipped because they can't be sent.
    pub skipped: usize,
    /// Coins charged by this run.
    pub charged_coins: i64,
    /// Postings of this run that charged something.
    pub postings: i64,
    /// Events that were answered before this run, or twice in it.
    pub replayed: i64,
    /// Events that charged nothing: end markers, and taps that were charged already.
    pub free: i64,
    /// Coins bought by this run.
    pub bought_coins: i64,
    /// Refusals by reason.
    pub refused: BTreeMap<String, i64>,
    /// Gifts that are not in the installation's catalogue.
    pub unknown_gifts: Vec<i64>,
    /// The catalogue file to load there (`gift.catalogue`): the current gifts and the unknown ones. Empty when none is unknown.
    pub catalogue: String,
    /// Coins that each sender's recorded gifts cost in this run.
    pub senders: BTreeMap<String, i64>,
    /// Each creator's current diamonds.
    pub creators: BTreeMap<String, i64>,
    /// Each sender's current coins.
    pub wallets: BTreeMap<String, i64>,
}

impl RecordedEvent {
    fn request(&self) -> SendGiftRequest {
        // The same event has the same id in every run.
        let request_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("largesse replay/{}/{}", self.room, self.msg).as_bytes()).to_string();
        let streak = (self.combo && self.group_id != 0).then(|| Streak {
            group_id: self.group_id.to_string(),
            repeat_count: self.repeat_count,
            end: self.repeat_end != 0,
        });
        SendGiftRequest {
            request_id,
            room_id: self.room.clone(),
            creator_id: self.to_user.clone(),
            gift_id: self.gift_id,
            quantity: if streak.is_some() { 1 } else { self.repeat_count },
            streak,
            ..Default::default()
        }
    }
}

/// The maximum cost of each sender's events: every streak up to its last tap, in any order.
fn costs(events: &[RecordedEvent], prices: &HashMap<i64, i64>) -> BTreeMap<String, i64> {
    let mut taps: HashMap<(&str, &str, &str, i64, i64), i64> = HashMap::new();
    let mut costs: BTreeMap<String, i64> = BTreeMap::new();
    let mut seen: HashMap<(&str, &str), ()> = HashMap::new();
    for event in events {
        let price = prices.get(&event.gift_id).copied().unwrap_or(0);
        let cost = costs.entry(event.from_user.clone()).or_default();
        let count = i64::from(event.repeat_count);
        if seen.insert((&event.room, &event.msg), ()).is_some() {
            continue;
        }
        if !event.combo || event.group_id == 0 {
            *cost += price * count;
        } else if event.repeat_end == 0 {
            let key = (event.from_user.as_str(), event.room.as_str(), event.to_user.as_str(), event.gift_id, event.group_id);
            let charged = taps.entry(key).or_default();
            *cost += price * (count - *charged).max(0);
            *charged = count.max(*charged);
        }
    }
    costs
}

/// Buys the senders their coins and sends every event.
pub fn run<'a>(installation: &'a Installation, events: &'a [RecordedEvent]) -> LocalBoxFuture<'a, Result<ReplayReport, UntypedError>> {
    // Boxed, so that it is compiled in this crate and not in the binary.
    send(installation, events).boxed_local()
}

async fn send(installation: &Installation, events: &[RecordedEvent]) -> Result<ReplayReport, UntypedError> {
    let token = installation.token("replay", Role::Viewer)?;
    let gifts = installation.gift().list_gifts(authorised(ListGiftsRequest::default(), &token)?).await?.into_inner().gifts;
    let prices: HashMap<i64, i64> = gifts.iter().map(|gift| (gift.gift_id, gift.cost_coins)).collect();
    let costs = costs(events, &prices);
    let shop = Shop::open(installation).await?;
    let mut by_sender: BTreeMap<&str, Vec<&RecordedEvent>> = BTreeMap::new();
    for event in events {
        by_sender.entry(&event.from_user).or_default().push(event);
    }
    let work = futures::stream::iter(by_sender).map(|(sender, events)| {
        let (shop, needed) = (&shop, costs[sender]);
        async move { replay_sender(installation, shop, sender, needed, &events).await }
    });
    let reports: Vec<ReplayReport> = work.buffer_unordered(SENDERS_AT_ONCE).try_collect().await?;
    let mut report = ReplayReport { events: events.len(), ..lacking(gifts, events)? };
    for part in reports {
        report.charged_coins += part.charged_coins;
        report.postings += part.postings;
        report.replayed += part.replayed;
        report.free += part.free;
        report.bought_coins += part.bought_coins;
        part.refused.into_iter().for_each(|(reason, count)| *report.refused.entry(reason).or_default() += count);
        report.senders.extend(part.senders);
        report.wallets.extend(part.wallets);
    }
    for event in events {
        if !report.creators.contains_key(&event.to_user) {
            let token = installation.token(&event.to_user, Role::Creator)?;
            let request = authorised(GetEarningsRequest::default(), &token)?;
            let diamonds = installation.earnings().get_earnings(request).await?.into_inner().diamonds;
            report.creators.insert(event.to_user.clone(), diamonds);
        }
    }
    Ok(report)
}

/// A catalogue file for an installation that replays these events: the built-in catalogue with the prices and gifts that the recording names. Two prices for
/// one gift are an error.
pub fn catalogue(events: &[RecordedEvent]) -> Result<String, UntypedError> {
    let mut listed = built_in_gifts();
    for (id, gift) in recorded_gifts(events)? {
        let known = listed.get(&id);
        let streakable = gift.streakable || known.is_some_and(|known| known.streakable);
        let name = known.map_or(gift.name, |known| known.name.clone());
        listed.insert(id, ListedGift { name, streakable, ..gift });
    }
    Ok(gifts_file(CATALOGUE_VERSION, &listed))
}

/// The gifts that the installation's catalogue lacks, and a catalogue file that includes them.
fn lacking(gifts: Vec<Gift>, events: &[RecordedEvent]) -> Result<ReplayReport, UntypedError> {
    let listed = |gift: Gift| (gift.gift_id, ListedGift { name: gift.name, cost_coins: gift.cost_coins, streakable: gift.streakable });
    let mut listed: BTreeMap<i64, ListedGift> = gifts.into_iter().map(listed).collect();
    let unknown: Vec<RecordedEvent> = events.iter().filter(|event| !listed.contains_key(&event.gift_id)).cloned().collect();
    let mut unknown_gifts: Vec<i64> = unknown.iter().map(|event| event.gift_id).collect();
    unknown_gifts.sort_unstable();
    unknown_gifts.dedup();
    let recorded = recorded_gifts(&unknown)?;
    let catalogue = if recorded.is_empty() {
        String::new()
    } else {
        listed.extend(recorded);
        gifts_file(CATALOGUE_VERSION, &listed)
    };
    Ok(ReplayReport { unknown_gifts, catalogue, ..ReplayReport::default() })
}

async fn replay_sender(
    installation: &Installation,
    shop: &Shop,
    sender: &str,
    needed: i64,
    events: &[&RecordedEvent],
) -> Result<ReplayReport, UntypedError> {
    let bought_coins = shop.ensure_bought(sender, needed).await?.iter().map(|purchase| purchase.coins).sum();
    let mut report = ReplayReport { bought_coins, ..ReplayReport::default() };
    let token = installation.token(sender, Role::Viewer)?;
    let mut gifts = installation.gift();
    for event in events {
        match gifts.send_gift(authorised(event.request(), &token)?).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                match (answer.replayed, answer.cost_coins) {
                    (true, _) => report.replayed += 1,
                    (false, 0) => report.free += 1,
                    (false, coins) => {
                        report.charged_coins += coins;
                        report.postings += 1;
                    }
                }
            }
            Err(status) => {
                // A refusal is final (a `*_UNKNOWN` is NOT_FOUND); after any other error the outcome is unknown, and the run has to be repeated.
                let final_code = matches!(status.code(), Code::FailedPrecondition | Code::InvalidArgument | Code::NotFound);
                let reason = rpc::reason(&status).filter(|_| final_code).ok_or_else(|| {
                    let what = status.message();
                    format!("{}: {what}; events before it are charged, and a second run does not charge them again", event.place)
                })?;
                // The end of a streak of somebody who never had coins: it charges nothing, and nothing is stored for it.
                if reason == "STREAK_UNKNOWN" {
                    report.free += 1;
                } else {
                    *report.refused.entry(reason).or_default() += 1;
                }
            }
        }
    }
    let wallet = installation.purchase().get_wallet(authorised(GetWalletRequest::default(), &token)?).await?.into_inner();
    report.senders.insert(sender.to_owned(), report.charged_coins);
    report.wallets.insert(sender.to_owned(), wallet.coin_balance);
    Ok(report)
}

#[cfg(test)]
mod tests;
