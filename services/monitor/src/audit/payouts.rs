//! Checks that open holds equal payouts held and not submitted, and that money in transit equals payouts submitted and not finished.
//!
//! A service may have crashed between a posting and its own row, and on a running installation some payouts are always between the two. So where a payout's row
//! leaves open whether its next posting exists, that posting is looked up in the ledger by the id that it would have: both sides then describe one moment.
use super::{ReadFault, claims::payout_postings, debits, seqs};
use books::{
    domain::chart::Unit,
    read::TrialBalanceLine,
    store::{Book, Store},
};
use chart::Account;
use money::BookName;
use payout::tables::{Payout, PayoutKey, PayoutPhase};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Problems that are listed one by one.
const REPORTED_MAX: usize = 20;

/// The ledger's side, up to an event.
pub(super) struct LedgerMoment<'a> {
    pub store: &'a dyn Store,
    pub book: &'a Book,
    /// The last event in it. Must be the journal's last at the time of the first reading of payouts, or a later one.
    pub last_seq: i64,
    pub lines: BTreeMap<(Unit, String), TrialBalanceLine>,
    /// What imported postings left in transit, by currency: payouts of another installation, which have no row here.
    pub imported: BTreeMap<String, i128>,
}

/// Payouts in flight at a time before the moment.
pub(super) struct PayoutsBefore(BTreeMap<Uuid, Payout>);

/// Reads the payouts in flight, before the ledger's side is read.
pub(super) async fn before(tables: &payout::tables::Store, book: &BookName) -> Result<PayoutsBefore, ReadFault> {
    Ok(PayoutsBefore(tables.under_way(book).await?))
}

/// Sums by currency code, in minor units.
#[derive(Default)]
struct PayoutsUnderWay {
    held: BTreeMap<String, i128>,
    in_transit: BTreeMap<String, i128>,
}

/// Where the payouts disagree with the ledger's accounts in transit.
pub(super) async fn problems(
    tables: &payout::tables::Store,
    before: PayoutsBefore,
    moment: &LedgerMoment<'_>,
    book: &BookName,
) -> Result<Vec<String>, ReadFault> {
    let mut now = tables.under_way(book).await?;
    for payout_id in before.0.keys() {
        // It ended meanwhile, and may have been in flight at the moment.
        if !now.contains_key(payout_id) {
            let place = PayoutKey { book: book.clone(), payout_id: *payout_id };
            now.extend(tables.payout(&place).await?.map(|payout| (*payout_id, payout)));
        }
    }
    let (under_way, mut problems) = at(moment, &before.0, now).await?;
    problems.extend(debits::problems(tables, book).await?);
    let mut currencies: BTreeSet<String> = under_way.held.keys().chain(under_way.in_transit.keys()).cloned().collect();
    let mut ledger: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for ((unit, group), line) in &moment.lines {
        // Of every legal entity.
        if let Unit::Currency(currency) = unit
            && Account::parse(group).is_some_and(|account| account.is_in_transit())
        {
            currencies.insert(currency.to_string());
            let sums = ledger.entry(currency.to_string()).or_default();
            sums.0 += line.credits_pending;
            sums.1 += line.credits_posted - line.debits_posted;
        }
    }
    for currency in currencies {
        let (held, in_transit) = ledger.get(&currency).copied().unwrap_or_default();
        let of = |sums: &BTreeMap<String, i128>| sums.get(&currency).copied().unwrap_or(0);
        let (ours, submitted) = (of(&under_way.held), of(&under_way.in_transit));
        if held != ours {
            problems.push(format!("the ledger holds {held} {currency} for payouts, the payouts held and not submitted are {ours}"));
        }
        let imported = of(&moment.imported);
        let difference = in_transit - imported - submitted;
        if difference != 0 {
            let whereof = if imported == 0 { String::new() } else { format!(", of which {imported} were imported") };
            problems.push(format!(
                "{in_transit} {currency} are in transit{whereof}, the payouts submitted and not finished are {submitted}; where an adjustment moved the \
                 difference of {difference} by hand, another one moves it back"
            ));
        }
    }
    Ok(problems)
}

/// Whether it was certainly in transit between two readings: it was submitted at the first, and is not ending at the second.
fn steady(before: Option<&Payout>, now: &Payout) -> bool {
    let submitted =
        |payout: &Payout| matches!(payout.phase, PayoutPhase::Intent | PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown);
    before.is_some_and(submitted) && submitted(now)
}

/// The state of the payouts at the moment, according to their postings; and those whose rows name a posting that does not exist.
async fn at(
    moment: &LedgerMoment<'_>,
    before: &BTreeMap<Uuid, Payout>,
    now: BTreeMap<Uuid, Payout>,
) -> Result<(PayoutsUnderWay, Vec<String>), ReadFault> {
    let mut sums = PayoutsUnderWay::default();
    let mut add = |payout: &Payout, held: bool| {
        let side = if held { &mut sums.held } else { &mut sums.in_transit };
        *side.entry(payout.amount.currency().code().to_owned()).or_default() += i128::from(payout.amount.minor_units());
    };
    let mut doubtful = Vec::new();
    for (payout_id, payout) in now {
        if steady(before.get(&payout_id), &payout) { add(&payout, false) } else { doubtful.push(payout) }
    }
    let ids = doubtful.iter().flat_map(payout_postings).filter_map(|(id, _)| id).collect();
    let seqs = seqs(moment.store, moment.book, ids).await?;
    let mut problems = Vec::new();
    for payout in &doubtful {
        let there = |(id, _): (Option<Uuid>, bool)| id.and_then(|id| seqs.get(&id)).is_some_and(|seq| *seq <= moment.last_seq);
        match payout_postings(payout).map(there) {
            [true, false, false] => add(payout, true),
            [_, true, false] => add(payout, false),
            // Ended, or cancelled before it was submitted.
            [_, true, true] | [true, false, true] | [false, false, _] => {}
        }
        let recorded = [&payout.hold_posting_id, &payout.submit_posting_id, &payout.final_posting_id];
        let missing = recorded.into_iter().find(|id| Uuid::try_parse(id).is_ok_and(|id| !seqs.contains_key(&id)));
        if let Some(id) = missing.filter(|_| problems.len() < REPORTED_MAX) {
            problems.push(format!("payout {} names posting {id}, which the ledger does not have", payout.payout_id));
        }
    }
    Ok((sums, problems))
}
