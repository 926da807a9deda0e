//! Recorded live gift events, sent again as the apps that made them would: coins bought first, then every gift under an id that follows
//! from the event, so that doing it again charges nothing.
use crate::{
    installation::{Installation, authorised},
    shop::Shop,
};
use api::{
    earnings::GetEarningsRequest,
    gift::{Gift, ListGiftsRequest, SendGiftRequest, Streak},
    purchase::GetWalletRequest,
};
use futures::{StreamExt, TryStreamExt};
use identity::Role;
use money::UserKey;
use runtime::command::UntypedError;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};
use uuid::Uuid;

/// Senders whose events are sent at the same time; one sender's go in file order.
const SENDERS_AT_ONCE: usize = 64;
/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// One line of a recording. Other fields are passed over.
#[derive(Debug, Clone, Deserialize)]
pub struct RecordedEvent {
    /// Unique id of the message.
    pub msg: String,
    /// Live room.
    pub room: String,
    /// Who gave.
    pub from_user: String,
    /// Who received.
    pub to_user: String,
    /// Catalogue number.
    pub gift_id: i64,
    /// Names the streak; 0 for none.
    pub group_id: i64,
    /// Taps so far in the streak; how many gifts without one.
    pub repeat_count: i32,
    /// 1: the streak is over. A display marker, worth nothing.
    pub repeat_end: i32,
    /// Whether the gift may be streaked.
    pub combo: bool,
}

/// What a replay did.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayReport {
    /// Lines in the file.
    pub events: usize,
    /// Coins charged by this run.
    pub charged_coins: i64,
    /// Postings of this run that charged something.
    pub postings: i64,
    /// Events that had been answered before this run, or twice in it.
    pub replayed: i64,
    /// Events that charged nothing: end markers, and taps that were charged already.
    pub free: i64,
    /// Coins bought by this run.
    pub bought_coins: i64,
    /// Refusals by reason.
    pub refused: BTreeMap<String, i64>,
    /// Coins that each sender's recorded gifts cost in this run.
    pub senders: BTreeMap<String, i64>,
    /// Diamonds that each creator has now.
    pub creators: BTreeMap<String, i64>,
    /// Coins that each sender has left now.
    pub wallets: BTreeMap<String, i64>,
}

/// Reads a recording whole. A line that is none is an error that names it, before anything is sent.
pub fn read(path: &Path) -> Result<Vec<RecordedEvent>, UntypedError> {
    let name = path.display();
    let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{name}: {size} bytes, more than {FILE_BYTES_MAX}").into());
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| parse(line).map_err(|error| format!("{name}:{number}: {error}").into())).collect()
}

/// One line of a recording.
pub fn parse(line: &str) -> Result<RecordedEvent, UntypedError> {
    let event: RecordedEvent = serde_json::from_str(line)?;
    for key in [&event.from_user, &event.to_user, &event.room] {
        UserKey::try_new(key)?;
    }
    if event.msg.is_empty() {
        return Err("msg is empty".into());
    }
    if event.repeat_count < 1 {
        return Err("repeat_count is below 1".into());
    }
    Ok(event)
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

/// What each sender's events cost at most: every streak up to its last tap, whatever the order.
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
pub async fn run(installation: &Installation, events: &[RecordedEvent]) -> Result<ReplayReport, UntypedError> {
    let token = installation.token("replay", Role::Viewer)?;
    let gifts = installation.gift().list_gifts(authorised(ListGiftsRequest::default(), &token)?).await?.into_inner().gifts;
    let prices: HashMap<i64, i64> = gifts.into_iter().map(|Gift { gift_id, cost_coins, .. }| (gift_id, cost_coins)).collect();
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
    let mut report = ReplayReport { events: events.len(), ..ReplayReport::default() };
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
                // A refusal is an answer; anything else means that nobody knows, and the run has to be repeated.
                let reason = rpc::reason(&status).filter(|_| status.code() == tonic::Code::FailedPrecondition).ok_or(status)?;
                *report.refused.entry(reason).or_default() += 1;
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
