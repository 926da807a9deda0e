//! Compares every row of a service with its posting, and every posting with its row: user, amount, unit and account of both sides.
//!
//! Rows are read after the journal was followed: each row is written before its posting, so a posting without a row belongs to nobody.
use super::{
    JoinedRows, REPORTED_MAX, ReadFault,
    answered::{self, AnsweredRows},
    claims::{self, Claim, RowsOf},
    damaged,
    differences::{Followed, differing, lacking},
    exists,
    journal::{JournalFold, PostingSeen},
    reservations, seqs, sheets,
};
use books::store::{Book, Store};
use db::Database;
use identity::Service;
use money::BookName;
use purchase::tables::{BreakagePlace, SettlementPlace, SettlementPosting};
use std::collections::BTreeSet;
use treasury::tables::RowCursor;
use uuid::Uuid;

/// Rows per read.
const PAGE: i64 = 500;

/// A book whose rows are compared with its journal.
#[derive(Clone, Copy)]
pub(super) struct AuditedBook<'a> {
    pub store: &'a dyn Store,
    pub book: &'a Book,
    /// The name of `book`, as rows have it.
    pub name: &'a BookName,
}

impl<'a> AuditedBook<'a> {
    /// The book, with how far its journal was followed.
    fn followed(self, journal: &'a JournalFold) -> Followed<'a> {
        let Self { store, book, name } = self;
        Followed { store, book, name, last_seq: journal.last_seq, moves: &journal.moves }
    }
}

/// The result of a comparison.
struct Joined {
    /// Postings that rows account for.
    rows: usize,
    problems: Vec<String>,
}

/// A comparison in progress.
struct Join<'a> {
    journal: &'a JournalFold,
    of: RowsOf,
    recorded: BTreeSet<Uuid>,
    /// Postings claimed by rows that do not record yet whether they exist.
    open: BTreeSet<Uuid>,
    /// Claims of postings that may have been made after the journal was followed.
    younger: Vec<Claim>,
    lacking: Vec<String>,
    differing: Vec<(Claim, Uuid, PostingSeen)>,
}

impl<'a> Join<'a> {
    fn new(journal: &'a JournalFold, of: RowsOf) -> Self {
        Self {
            journal,
            of,
            recorded: BTreeSet::new(),
            open: BTreeSet::new(),
            younger: Vec::new(),
            lacking: Vec::new(),
            differing: Vec::new(),
        }
    }

    fn claim(&mut self, claim: Claim) {
        let Some(id) = claim.id else { return self.lacking.push(lacking(&claim)) };
        if claim.recorded && !self.recorded.insert(id) {
            return self.lacking.push(lacking(&claim));
        }
        match self.journal.joined(self.of).get(&id) {
            Some(seen) => {
                if !claim.moves.iter().any(|moves| self.journal.moves.of_row(moves) == seen.moves) {
                    self.differing.push((claim.clone(), id, *seen));
                }
                if !claim.recorded {
                    self.open.insert(id);
                }
            }
            None if claim.recorded => self.younger.push(claim),
            None => {}
        }
    }

    async fn end(mut self, store: &dyn Store, book: &Book) -> Result<Joined, ReadFault> {
        let there = seqs(store, book, self.younger.iter().filter_map(|claim| claim.id).collect()).await?;
        let absent = |claim: &&Claim| claim.id.and_then(|id| there.get(&id)).is_none_or(|seq| *seq <= self.journal.last_seq);
        self.lacking.extend(self.younger.iter().filter(absent).map(lacking));
        let mut problems = Vec::new();
        let count = self.lacking.len() + self.differing.len();
        for (claim, id, seen) in self.differing.iter().take(REPORTED_MAX) {
            problems.push(differing(store, book, claim, *id, seen.seq).await?);
        }
        problems.append(&mut self.lacking);
        let (recorded, open) = (&self.recorded, &self.open);
        let unclaimed = self.journal.joined(self.of).iter().filter(|(id, _)| !recorded.contains(*id) && !open.contains(*id));
        let unclaimed: Vec<String> =
            unclaimed.map(|(id, seen)| format!("event {}, posting {id}, {}", seen.seq, self.of.unclaimed())).collect();
        let count = count + unclaimed.len();
        problems.extend(unclaimed);
        problems.truncate(REPORTED_MAX);
        problems.extend((count > REPORTED_MAX).then(|| format!("and {} more", count - REPORTED_MAX)));
        Ok(Joined { rows: self.recorded.len(), problems })
    }
}

/// Joins all services whose tables are here: the counts of rows, the services whose tables are missing, and the problems.
pub(super) async fn all(
    database: &Database,
    journal: &JournalFold,
    audited: AuditedBook<'_>,
) -> Result<(JoinedRows, Vec<&'static str>, Vec<String>), ReadFault> {
    let (mut rows, mut absent, mut problems) = (JoinedRows::default(), Vec::new(), Vec::new());
    for service in [Service::Purchase, Service::Earnings, Service::Payout, Service::Support, Service::Treasury] {
        if !exists(database, service).await? {
            // Most books, and many installations, have nothing of treasury.
            if service != Service::Treasury || !journal.joined(RowsOf::Treasury).is_empty() || !journal.reservations.seen.is_empty() {
                absent.push(service.as_str());
            }
            continue;
        }
        let (joined, count) = match service {
            Service::Purchase => (purchases(&purchase::tables::Store::open(database).await?, journal, audited).await, &mut rows.purchases),
            Service::Earnings => {
                (conversions(&earnings::tables::Store::open(database).await?, journal, audited).await, &mut rows.conversions)
            }
            Service::Payout => {
                (payouts(&payout::tables::Store::inspect(database).await?, journal, audited).await, &mut rows.payout_postings)
            }
            Service::Support => (proposals(&support::tables::Store::open(database).await?, journal, audited).await, &mut rows.proposals),
            _ => (of_treasury(&treasury::tables::Store::open(database).await?, journal, audited).await, &mut rows.treasury_postings),
        };
        let joined = match joined {
            Ok(joined) => joined,
            Err(fault) => {
                // The other services' rows are compared all the same.
                problems.push(damaged::row(&fault).ok_or(fault)?);
                *count = Some(0);
                continue;
            }
        };
        *count = Some(joined.rows);
        problems.extend(joined.problems);
    }
    problems.extend(sheets::all(database, audited.name).await?);
    Ok((rows, absent, problems))
}

/// Purchases: the verified ones are read first, since they may become credited meanwhile.
async fn purchases(tables: &purchase::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let mut join = Join::new(journal, RowsOf::Purchases);
    for verified in [true, false] {
        let mut after = None;
        loop {
            let page = if verified { tables.verified(audited.name, after).await? } else { tables.credited(audited.name, after).await? };
            let Some(last) = page.last() else { break };
            after = Some(last.purchase_id);
            page.iter().filter_map(claims::of_purchase).for_each(|claim| join.claim(claim));
        }
    }
    let purchases = join.end(audited.store, audited.book).await?;
    let refunds = refunds(tables, journal, audited).await?;
    let emptied = wallets(tables, journal, audited).await?;
    let settled = settlements(tables, journal, audited).await?;
    let earned = revenue(tables, journal, audited).await?;
    let problems = [purchases.problems, refunds.problems, emptied.problems, settled.problems, earned.problems].concat();
    Ok(Joined { rows: purchases.rows + refunds.rows + emptied.rows + settled.rows + earned.rows, problems })
}

/// What days earned.
async fn revenue(tables: &purchase::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Revenue), None);
    loop {
        let page = tables.audited_revenue(audited.name, after.as_ref(), PAGE).await?;
        page.iter().filter_map(claims::of_revenue).for_each(|claim| join.claim(claim));
        let Some(last) = page.into_iter().next_back() else { break };
        after = Some(last.of.0);
    }
    let mut joined = join.end(audited.store, audited.book).await?;
    let (mut from, mut faults) = (Some(BreakagePlace::default()), Vec::new());
    while let Some(place) = from.filter(|_| faults.len() < REPORTED_MAX) {
        let (found, next) = tables.breakage_faults(audited.name, place, PAGE).await?;
        faults.extend(found);
        from = next;
    }
    faults.truncate(REPORTED_MAX);
    joined.problems.extend(faults);
    Ok(joined)
}

/// What closures and merges of wallets posted.
async fn wallets(tables: &purchase::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Wallets), None);
    loop {
        let page = tables.audited_wallets(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.of.change_id, last.of.posting_no));
        page.iter().filter_map(claims::of_wallet).for_each(|claim| join.claim(claim));
    }
    let joined = join.end(audited.store, audited.book).await?;
    let (rows, problems) = answered::joined(AnsweredRows::WalletChanges, tables, audited.name).await?;
    Ok(Joined { rows: joined.rows + rows, problems: [joined.problems, problems].concat() })
}

/// What was settled by stores' reports.
async fn settlements(tables: &purchase::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Settlements), None);
    loop {
        let page = tables.audited_settlements(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        let SettlementPosting { settlement_id, edition, currency, .. } = last.of;
        after = Some(SettlementPlace { settlement_id, edition, currency });
        page.iter().filter_map(claims::of_store_settlement).for_each(|claim| join.claim(claim));
    }
    join.end(audited.store, audited.book).await
}

/// What everything claims that was paid back of a purchase or withdrawn for it; nothing without the purchase.
pub(super) async fn of_refunded(tables: &purchase::tables::Store, book: &BookName, purchase_id: Uuid) -> Result<Vec<Claim>, ReadFault> {
    let Some(purchase) = tables.purchase(book, purchase_id).await? else { return Ok(Vec::new()) };
    let steps = tables.refund_steps(book, purchase_id).await?;
    let disputes = tables.audited_disputes(book, purchase_id).await?;
    let holds = tables.coin_holds(book, purchase_id).await?;
    let paid_back = steps.iter().flat_map(|step| claims::of_refund(&purchase, step)).chain(holds.iter().flat_map(claims::of_hold));
    let all = paid_back.chain(disputes.iter().filter_map(|step| claims::of_dispute(&purchase, step)));
    let all = all.chain(claims::unfounded(&steps, &disputes, &holds));
    // All of them have one name, by which their postings find them: a copied row would name the posting of another.
    let mut named = BTreeSet::new();
    let is_copied = |claim: &Claim, named: &mut BTreeSet<Uuid>| claim.recorded && claim.id.is_some_and(|id| !named.insert(id));
    Ok(all.map(|claim| if is_copied(&claim, &mut named) { Claim { id: None, ..claim } } else { claim }).collect())
}

/// Refunds, and coins that paid for debts.
async fn refunds(tables: &purchase::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Refunds), None);
    loop {
        let page = tables.refunded_purchases(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for purchase_id in page {
            of_refunded(tables, audited.name, purchase_id).await?.into_iter().for_each(|claim| join.claim(claim));
        }
    }
    let mut after = None;
    loop {
        let page = tables.audited_debts(audited.name, after.as_ref().map(|(user, change_no)| (user, *change_no)), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.of.user.clone(), last.of.change_no));
        page.iter().filter_map(claims::of_settlement).for_each(|claim| join.claim(claim));
    }
    let joined = join.end(audited.store, audited.book).await?;
    let (rows, problems) = answered::joined(AnsweredRows::Refunds, tables, audited.name).await?;
    Ok(Joined { rows: joined.rows + rows, problems: [joined.problems, problems].concat() })
}

/// Accepted quotes and their conversions.
async fn conversions(tables: &earnings::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Conversions), None);
    loop {
        let page = tables.accepted(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        page.iter().filter_map(|quote| claims::of_quote(audited.name, quote)).for_each(|claim| join.claim(claim));
    }
    join.end(audited.store, audited.book).await
}

/// Payouts and their holds, submissions and ends, and what came back of them.
async fn payouts(tables: &payout::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Payouts), None);
    loop {
        let page = tables.moving(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.payout_id);
        let ids: Vec<Uuid> = page.iter().map(|payout| payout.payout_id).collect();
        let returns = tables.returns_of(audited.name, &ids).await?;
        let recalls = tables.recalls_of_all(audited.name, &ids).await?;
        claims::of_payouts(&page, &returns, &recalls).into_iter().flat_map(|(_, claims)| claims).for_each(|claim| join.claim(claim));
        let reserved = tables.reserved_money(audited.name, &ids).await?;
        reserved.values().flat_map(claims::of_reserved).for_each(|claim| join.claim(claim));
    }
    join.end(audited.store, audited.book).await
}

/// Approved proposals, and their adjustments and reversals.
async fn proposals(tables: &support::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut after) = (Join::new(journal, RowsOf::Proposals), 0);
    loop {
        let page = tables.carried_out(audited.name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        page.iter().filter_map(claims::of_proposal).for_each(|claim| join.claim(claim));
    }
    join.end(audited.store, audited.book).await
}

/// Everything that treasury decided, and its postings.
async fn of_treasury(tables: &treasury::tables::Store, journal: &JournalFold, audited: AuditedBook<'_>) -> Result<Joined, ReadFault> {
    let (mut join, mut from) = (Join::new(journal, RowsOf::Treasury), Some(RowCursor::default()));
    while let Some(cursor) = from {
        let (rows, next) = tables.row_postings(audited.name, &cursor, PAGE).await?;
        rows.into_iter().map(claims::of_treasury).for_each(|claim| join.claim(claim));
        from = next;
    }
    let joined = join.end(audited.store, audited.book).await?;
    let (rows, problems) = reservations::joined(tables, &journal.reservations, audited.followed(journal)).await?;
    Ok(Joined { rows: joined.rows + rows, problems: [joined.problems, problems].concat() })
}
