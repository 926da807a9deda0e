//! GIFT: every gift is sent, and the ledger's process crashes halfway. Then the results are read from the ledger.
use super::{
    StoryTelling, books,
    calls::{AnsweredCall, CALLS_AT_ONCE, answered},
    crash,
    facts::{self, Concentration},
    plan::{PlannedCall, PlannedGift},
    summary::{ConcentrationSummary, CostSummary, GiftSummary},
};
use chart::Account;
use futures::{StreamExt as _, TryStreamExt as _};
use hdrhistogram::Histogram;
use runtime::command::UntypedError;
use std::{collections::BTreeMap, time::Duration};

/// Diamonds received, by creator, according to the ledger.
pub type ReceivedDiamonds = BTreeMap<String, i64>;

/// Sends every gift.
pub async fn gift(story: &mut StoryTelling) -> Result<(GiftSummary, ReceivedDiamonds), UntypedError> {
    let gifts = story.plan.gifts.clone();
    let (first, rest) = gifts.split_at(gifts.len() / 2);
    let (wave, last) = rest.split_at(crash::CALLS);
    let mut sent = send_all(story, first.iter().map(|gift| gift.calls.clone()).collect()).await?;
    // Streaks are in progress when the process crashes, and continue after it.
    let begun = |gift: &PlannedGift| usize::from(gift.calls.len() > 1);
    sent.extend(send_all(story, wave.iter().map(|gift| gift.calls[..begun(gift)].to_vec()).collect()).await?);
    let (crash, retried) = crash::crash(story, wave.iter().map(|gift| gift.calls[begun(gift)].clone()).collect()).await?;
    let after = wave.iter().map(|gift| gift.calls[begun(gift) + 1..].to_vec());
    sent.extend(send_all(story, after.chain(last.iter().map(|gift| gift.calls.clone())).collect()).await?);
    let mut took = Histogram::<u64>::new(3)?;
    for one in &sent {
        took.record(u64::try_from(one.took.as_micros())?)?;
    }
    let millis = |quantile: f64| Duration::from_micros(took.value_at_quantile(quantile)).as_secs_f64() * 1000.0;
    let (p50, p99) = (millis(0.5), millis(0.99));
    sent.extend(retried);
    let wrong = sent.iter().filter(|sent| sent.answer.cost_coins != sent.planned_coins).count();
    story.expect("every call charges what its gift costs", wrong == 0, &format!("{wrong} do not"));
    let charging = sent.iter().filter(|sent| sent.planned_coins > 0).count();
    let streaks = gifts.iter().filter(|gift| gift.calls.len() > 1).count();
    let (gifts, calls) = (gifts.len(), sent.len());
    let asked = ask(story, charging).await?;
    let gift = GiftSummary {
        gifts,
        streaks,
        calls,
        rooms: super::plan::ROOMS,
        creators: asked.received.len(),
        senders: asked.senders,
        postings: asked.postings,
        coins: asked.coins,
        cost: asked.cost,
        top_creators: share(asked.received.values(), &facts::STREAMERS),
        top_senders: share(asked.given.values(), &facts::VIEWERS),
        top_creator_percent: percent(asked.received.values().max().copied().unwrap_or(0), asked.coins),
        latency_p50_ms: p50,
        latency_p99_ms: p99,
        calls_at_once: CALLS_AT_ONCE,
        crash,
    };
    Ok((gift, asked.received))
}

/// Sends lists of calls: each list in order, the lists concurrently.
async fn send_all(story: &StoryTelling, lists: Vec<Vec<PlannedCall>>) -> Result<Vec<AnsweredCall>, UntypedError> {
    let work = futures::stream::iter(lists).map(|calls| async move {
        let mut sent = Vec::with_capacity(calls.len());
        for call in calls {
            sent.push(answered(story, &call).await?);
        }
        Ok::<_, UntypedError>(sent)
    });
    Ok(work.buffer_unordered(CALLS_AT_ONCE).try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
}

/// The ledger's answers.
struct LedgerAnswers {
    postings: usize,
    senders: usize,
    coins: i64,
    given: ReceivedDiamonds,
    received: ReceivedDiamonds,
    cost: CostSummary,
}

/// Reads every charge and every diamond from the journal's entries, and compares them with the plan.
async fn ask(story: &mut StoryTelling, charging: usize) -> Result<LedgerAnswers, UntypedError> {
    let charges = books::entries(&story.installation, &Account::CoinsRedeemed.name()).await?;
    let diamonds = books::entries(&story.installation, &Account::DiamondsIssued.name()).await?;
    let sums = books::sums(&story.installation).await?;
    let coins = sums.balance(&Account::CoinsRedeemed.name());
    let planned = story.plan.cost_coins();
    story.same("coins of all gifts sent and coins charged in the ledger", planned, coins);
    story.same("calls that charge and postings in the ledger", charging, charges.len());
    let transfers = |entries: &[api::ledger::Entry]| entries.iter().filter_map(|entry| entry.transfer.clone()).collect::<Vec<_>>();
    let owner = |account: &str| chart::account::owner(account).unwrap_or_default().to_owned();
    let (mut given, mut received) = (ReceivedDiamonds::new(), ReceivedDiamonds::new());
    let mut costs = Vec::new();
    for transfer in transfers(&charges) {
        *given.entry(owner(&transfer.debit_account)).or_default() += transfer.amount;
        costs.push(transfer.amount);
    }
    for transfer in transfers(&diamonds) {
        *received.entry(owner(&transfer.credit_account)).or_default() += transfer.amount;
    }
    story.same("coins charged and their entries", coins, costs.iter().sum());
    story.same("diamonds received and diamonds issued", received.values().sum(), -sums.balance(&Account::DiamondsIssued.name()));
    costs.sort_unstable();
    let at = |percent: usize| costs.get(costs.len() * percent / 100).copied().unwrap_or(0);
    let cost = CostSummary { median: at(50), p90: at(90), p95: at(95), p99: at(99), max: costs.last().copied().unwrap_or(0) };
    Ok(LedgerAnswers { postings: charges.len(), senders: given.len(), coins, given, received, cost })
}

/// A part in percent of the whole.
#[must_use]
pub fn percent(part: i64, whole: i64) -> f64 {
    let number = |amount: i64| u32::try_from(amount).map_or(f64::from(u32::MAX), f64::from);
    if whole == 0 { 0.0 } else { 100.0 * number(part) / number(whole) }
}

/// How concentrated amounts are, compared with the dataset.
fn share<'a>(amounts: impl Iterator<Item = &'a i64>, dataset: &Concentration) -> ConcentrationSummary {
    let mut amounts: Vec<i64> = amounts.copied().collect();
    amounts.sort_unstable_by(|a, b| b.cmp(a));
    let total: i64 = amounts.iter().sum();
    let top = |part: usize| percent(amounts[..(amounts.len() * part).div_ceil(100)].iter().sum(), total);
    let below: f64 = amounts
        .iter()
        .rev()
        .scan(0, |sum, amount| Some(std::mem::replace(sum, *sum + amount) * 2 + amount))
        .map(|double| percent(double, total))
        .sum();
    let people = u32::try_from(amounts.len()).map_or(1.0, f64::from);
    let [(_, top1), _, (_, top10)] = dataset.top;
    ConcentrationSummary {
        top1_percent: top(1),
        top10_percent: top(10),
        gini: 1.0 - below / 100.0 / people,
        dataset_top1_percent: top1 * 100.0,
        dataset_top10_percent: top10 * 100.0,
        dataset_gini: dataset.gini,
    }
}
