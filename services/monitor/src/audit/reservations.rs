//! What follows the holds of payouts' reservations, compared with the rows of reservations in both directions. Their rows keep no ids of these postings: each sets a
//! guard that names its reservation and its kind, which the ledger lets happen once, and the one that releases a hold names the hold.
//!
//! A posting must be what the row says that it names. A row must have the hold and the guards that its state says; since its hold moves what all of them move, a row
//! that was changed differs from its hold.
use super::{
    REPORTED_MAX, ReadFault,
    claims::Claim,
    differences::{self, Followed},
    moves::Moves,
};
use crate::health::CheckResult;
use books::domain::{
    event::{Body, Event, Posting, TransferKind},
    request::GuardOperation,
};
use chart::{GuardKey, PostingKind};
use money::BookName;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use treasury::tables::{RESERVATION_STEPS, RowReservation, Store, held_for};
use uuid::Uuid;

/// Rows per read of the whole audit.
const PAGE: i64 = 500;
/// Postings compared in one run of the monitor.
const POSTINGS_MAX: usize = 1_000;
/// Rows compared in one run of the monitor.
const ROWS_MAX: i64 = 100;
/// How often a row that differs is read again by the whole audit, beside an installation that works on it.
const READS_MAX: usize = 5;

/// An app's book, and the id of its reservation.
type ReservationKey = (BookName, Uuid);

/// A posting after a hold.
#[derive(Debug, Clone)]
pub(super) struct StepSeen {
    seq: i64,
    posting: Uuid,
    kind: PostingKind,
    moves: u64,
    /// Whose it is; `None`: it does not say so, or not by the guard that makes it the only one.
    of: Option<ReservationKey>,
    /// The payout that it names.
    payout_id: Option<Uuid>,
    /// The hold that it releases.
    hold: Option<Uuid>,
}

/// The postings after holds, while the journal is followed.
#[derive(Debug, Default)]
pub(super) struct ReservationFold {
    /// Open holds by the number of their transfer: the posting, and whose it is.
    holds: BTreeMap<i64, (Uuid, Option<ReservationKey>)>,
    /// What is to be compared.
    pub seen: VecDeque<StepSeen>,
}

/// Whose step a posting is, by its fields and its guard.
fn guarded(posting: &Posting, kind: PostingKind) -> Option<ReservationKey> {
    let app = BookName::try_new(posting.field("app_book")?).ok()?;
    let id = Uuid::try_parse(posting.field("reservation_id")?).ok()?;
    let key = GuardKey::reservation(&app, id, kind);
    let once = GuardOperation::CompareAndSet { expected: 0, next: 1 };
    let sets = posting.guards.iter().any(|set| set.guard.key == key.as_str() && set.guard.operation == once);
    sets.then_some((app, id))
}

impl ReservationFold {
    /// Adds the next posting of the journal that was not imported, with its moves number.
    pub fn event(&mut self, event: &Event, moves: u64) {
        let Body::Posting(posting) = &event.body else { return };
        let Some(kind) = PostingKind::parse(&posting.kind) else { return };
        let (seq, id) = (event.seq, event.id);
        let step = StepSeen { seq, posting: id, kind, moves, of: None, payout_id: None, hold: None };
        match kind {
            PostingKind::TreasuryReserve => {
                let of = posting.field("request_key").and_then(held_for);
                let held = event.transfers.iter().filter(|transfer| transfer.kind == TransferKind::Pending);
                self.holds.extend(held.map(|transfer| (transfer.no, (id, of.clone()))));
            }
            PostingKind::TreasuryRelease => {
                let released = event.transfers.first().and_then(|transfer| self.holds.remove(&transfer.pending_no));
                let (hold, of) = released.map_or((None, None), |(hold, of)| (Some(hold), of));
                self.seen.push_back(StepSeen { of, hold, ..step });
            }
            kind if RESERVATION_STEPS.contains(&kind) => {
                let payout_id = posting.field("payout_id").and_then(|id| Uuid::try_parse(id).ok());
                self.seen.push_back(StepSeen { of: guarded(posting, kind), payout_id, ..step });
            }
            _ => {}
        }
    }
}

/// What the row says that the posting moves; `None`: nothing.
fn said(step: &StepSeen, row: &RowReservation) -> Option<Moves> {
    if step.kind != PostingKind::TreasuryRelease {
        let draft = row.steps.iter().find(|draft| draft.kind() == step.kind)?;
        return (step.payout_id == Some(row.payout_id)).then(|| Moves::of(draft));
    }
    let (hold, draft) = row.hold.as_ref()?;
    let Moves::Transfers(_, held) = Moves::of(draft) else { return None };
    let released = held.into_iter().map(|(debit, credit, amount, _)| (debit, credit, amount, TransferKind::VoidOfPending));
    (step.hold == Some(*hold)).then(|| Moves::Transfers(step.kind, released.collect()))
}

/// How a posting differs from what the row says that it names.
async fn unlike(step: &StepSeen, row: Option<&RowReservation>, side: Followed<'_>) -> Result<Option<String>, ReadFault> {
    let Some((row, moves)) = row.and_then(|row| Some((row, said(step, row)?))) else {
        return Ok(Some(format!("event {}, posting {}, was decided in no row of treasury", step.seq, step.posting)));
    };
    if side.moves.of_row(&moves) == step.moves {
        return Ok(None);
    }
    let claim = Claim { row: row.row(), id: Some(step.posting), recorded: true, moves: vec![moves] };
    Ok(Some(differences::differing(side.store, side.book, &claim, step.posting, step.seq).await?))
}

/// How rows differ from what the ledger has of them, by row.
async fn differing(rows: &[RowReservation], side: Followed<'_>) -> Result<BTreeMap<ReservationKey, String>, ReadFault> {
    let guard = |row: &RowReservation, kind| GuardKey::reservation(&row.app, row.reservation_id, kind).into_string();
    let keys: Vec<String> = rows.iter().flat_map(|row| RESERVATION_STEPS.map(|kind| guard(row, kind))).collect();
    let set = side.store.guards(side.book.key, &keys).await?;
    let set: BTreeSet<String> = set.into_iter().filter(|(_, state)| state.value > 0).map(|(key, _)| key).collect();
    let mut found = BTreeMap::new();
    for row in rows {
        let posted: Vec<PostingKind> = RESERVATION_STEPS.into_iter().filter(|kind| set.contains(&guard(row, *kind))).collect();
        let why = match unheld(row, side).await? {
            None if !row.may_have(&posted) => {
                let names: Vec<&str> = posted.iter().map(|kind| kind.name()).collect();
                let names = if names.is_empty() { "none of its steps".to_owned() } else { names.join(", ") };
                Some(format!("{} is {}, and the ledger has {names}", row.row(), row.state()))
            }
            why => why,
        };
        found.extend(why.map(|why| ((row.app.clone(), row.reservation_id), why)));
    }
    Ok(found)
}

/// How the ledger's hold differs from the one of the row.
async fn unheld(row: &RowReservation, side: Followed<'_>) -> Result<Option<String>, ReadFault> {
    let Some((id, draft)) = &row.hold else { return Ok(None) };
    let event = side.store.event_by_id(side.book.key, *id).await?;
    let Some(event) = event else {
        let claim = Claim { row: row.row(), id: Some(*id), recorded: true, moves: Vec::new() };
        return Ok((!row.may_hold(None)).then(|| differences::lacking(&claim)));
    };
    // One past the followed part of the journal is compared in a later run; its accounts are perhaps not known yet.
    if event.seq > side.last_seq {
        return Ok(None);
    }
    let moves = Moves::of(draft);
    if side.moves.of_event(&event) != Some(side.moves.of_row(&moves)) {
        let claim = Claim { row: row.row(), id: Some(*id), recorded: true, moves: vec![moves] };
        return Ok(Some(differences::differing(side.store, side.book, &claim, *id, event.seq).await?));
    }
    if let Body::Posting(posting) = &event.body
        && posting.field("request_key").and_then(held_for) != Some((row.app.clone(), row.reservation_id))
    {
        let claim = Claim { row: row.row(), id: Some(*id), recorded: true, moves: Vec::new() };
        return Ok(Some(differences::lacking(&claim)));
    }
    let numbers: Vec<i64> = event.transfers.iter().map(|transfer| transfer.no).collect();
    let holds = side.store.holds(side.book.key, &numbers).await?;
    let is_open = holds.iter().all(|hold| hold.resolved_seq == 0);
    let is = if is_open { "open" } else { "released" };
    Ok((!row.may_hold(Some(is_open))).then(|| format!("{} is {}, and its hold at event {} is {is}", row.row(), row.state(), event.seq)))
}

/// Compares all rows with all postings: how many postings rows account for, and the problems.
pub(super) async fn joined(tables: &Store, fold: &ReservationFold, side: Followed<'_>) -> Result<(usize, Vec<String>), ReadFault> {
    let mut steps: BTreeMap<Option<ReservationKey>, Vec<&StepSeen>> = BTreeMap::new();
    for step in &fold.seen {
        steps.entry(step.of.clone()).or_default().push(step);
    }
    let (mut count, mut problems, mut after) = (0, Vec::new(), None::<ReservationKey>);
    loop {
        let rows = tables.row_reservations(side.name, after.as_ref().map(|(app, id)| (app, *id)), PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = Some((last.app.clone(), last.reservation_id));
        for row in &rows {
            for step in steps.remove(&Some((row.app.clone(), row.reservation_id))).into_iter().flatten() {
                count += 1;
                problems.extend(unlike(step, Some(row), side).await?);
            }
        }
        for ((app, id), mut why) in differing(&rows, side).await? {
            let mut is_sure = false;
            for _ in 0..READS_MAX {
                let again: Vec<_> = tables.row_reservation(side.name, &app, id).await?.into_iter().collect();
                let Some((_, still)) = differing(&again, side).await?.pop_first() else { break };
                // The same twice: nobody is working on it.
                is_sure = still == why;
                if is_sure {
                    break;
                }
                why = still;
            }
            problems.extend(is_sure.then_some(why));
        }
    }
    for step in steps.into_values().flatten() {
        problems.extend(unlike(step, None, side).await?);
    }
    let more = problems.len().saturating_sub(REPORTED_MAX);
    problems.truncate(REPORTED_MAX);
    problems.extend((more > 0).then(|| format!("and {more} more")));
    Ok((count, problems))
}

/// The same for the monitor: some in each run, as the journal grows.
#[derive(Debug, Default)]
pub(super) struct RollingReservations {
    /// The postings, and those that are still to be compared.
    pub fold: ReservationFold,
    after: Option<ReservationKey>,
    /// What differed in the last run: postings, and rows.
    postings: Vec<StepSeen>,
    rows: BTreeSet<ReservationKey>,
}

impl RollingReservations {
    /// Compares what differed in the last run, and some more.
    pub async fn compare(&mut self, tables: &Store, side: Followed<'_>) -> Result<CheckResult, ReadFault> {
        let (mut sure, mut postings) = (Vec::new(), Vec::new());
        // Replaced only when all of it was read, so that what differed is not forgotten where a read fails.
        for step in self.postings.clone() {
            if let Some(why) = of_step(&step, tables, side).await? {
                sure.push(why);
                postings.push(step);
            }
        }
        let mut before = Vec::new();
        for (app, id) in &self.rows {
            before.extend(tables.row_reservation(side.name, app, *id).await?);
        }
        let found = differing(&before, side).await?;
        (self.postings, self.rows) = (postings, found.keys().cloned().collect());
        sure.extend(found.into_values());
        let mut again = false;
        for _ in 0..POSTINGS_MAX {
            let Some(step) = self.fold.seen.front().cloned() else { break };
            if of_step(&step, tables, side).await?.is_some() {
                again = true;
                self.postings.push(step);
            }
            self.fold.seen.pop_front();
        }
        let page = tables.row_reservations(side.name, self.after.as_ref().map(|(app, id)| (app, *id)), ROWS_MAX).await?;
        for key in differing(&page, side).await?.into_keys() {
            again |= self.rows.insert(key);
        }
        let is_last = i64::try_from(page.len()).is_ok_and(|count| count < ROWS_MAX);
        self.after = page.into_iter().next_back().filter(|_| !is_last).map(|row| (row.app, row.reservation_id));
        if !sure.is_empty() {
            let more = sure.len().saturating_sub(REPORTED_MAX);
            sure.truncate(REPORTED_MAX);
            sure.extend((more > 0).then(|| format!("and {more} more")));
            return Ok(CheckResult::Failed(sure.join("; ")));
        }
        Ok(match self.fold.seen.len() {
            _ if again => CheckResult::Pending("some reservations are being checked again".to_owned()),
            0 => CheckResult::Passed,
            count => CheckResult::Pending(format!("{count} steps of reservations are still to be compared with their rows")),
        })
    }
}

async fn of_step(step: &StepSeen, tables: &Store, side: Followed<'_>) -> Result<Option<String>, ReadFault> {
    let row = match &step.of {
        Some((app, id)) => tables.row_reservation(side.name, app, *id).await?,
        None => None,
    };
    unlike(step, row.as_ref(), side).await
}
