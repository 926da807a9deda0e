//! Follows apps' books and posts the treasury book's side of what they move at banks.
//!
//! Postings never cross books. What an app's book has at a bank is a claim on treasury, and each posting that moves it gets a twin. How far the twins of an account
//! go is nowhere but in the treasury book: each twin says which posting it accounts for, and moves a guard from the one before. So whatever crashes in between, and
//! however many processes follow, none is lost and none is posted twice.
//!
//! - `reading`: what the ledger says of claims and their twins. `announcing`: payouts that reconciliation should know. `settling`: payouts that were reserved.
use crate::{
    domain::{ClaimAccount, ClaimMove, Structure, TwinPosition},
    error::Error,
    meters, postings,
    postings::Twin,
    treasury::Treasury,
};
use chart::Account;
use ledger_client::{LedgerReason, NotPosted};
use money::{BookName, id_time_ms, time::unix_ms};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

mod announcing;
mod reading;
mod settling;

pub(crate) use reading::ClaimPage;

/// How often accounts are looked for that apps' books have opened since.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Batches of one account in a round, so that a long history does not hold up the other accounts.
const BATCHES_MAX: usize = 20;
/// Age up to which a twin's id carries its posting's time: a day less than the ledger accepts.
const ID_AGE_MAX_MS: i64 = 6 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// An account that is followed.
#[derive(Debug)]
struct FollowedClaim {
    claim: ClaimAccount,
    /// `None`: not read from the ledger since the start, or since an answer was not what was expected.
    position: Option<TwinPosition>,
    /// Whether the last id was refused, which is final: the next one needs another.
    refused: bool,
}

/// The accounts of all apps' books that claim money.
pub struct TwinFollower {
    treasury: Treasury,
    followed: BTreeMap<(BookName, String), FollowedClaim>,
    /// The structure's revision and the time when accounts were last looked for.
    looked: Option<(i64, SystemTime)>,
}

impl TwinFollower {
    /// Begins where the treasury book ends.
    pub(crate) const fn new(treasury: Treasury) -> Self {
        Self { treasury, followed: BTreeMap::new(), looked: None }
    }

    /// Runs until `shutdown`, with this pause between two rounds.
    pub async fn run(mut self, pause: Duration, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "twins of an app's book are missing; they are retried");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Posts the twins that are missing, and returns how many. An account that fails does not stop the others; the first error is returned.
    pub async fn round(&mut self) -> Result<usize, Error> {
        if self.treasury.ledger.book(&self.treasury.book).await?.is_none() {
            return Ok(0);
        }
        let structure = self.treasury.structure(None).await?;
        self.look(&structure).await?;
        let mut failed = self.treasury.follow_reservations().await.err();
        let mut posted = 0;
        for followed in self.followed.values_mut() {
            match follow(&self.treasury, &structure, followed).await {
                Ok(count) => posted += count,
                Err(error) => {
                    meters::twin_failed(&followed.claim.app);
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(posted), Err)
    }

    /// Finds accounts that are new, after a change of the structure or a while.
    async fn look(&mut self, structure: &Structure) -> Result<(), Error> {
        let now = (self.treasury.clock)();
        let due = |(revision, at): (i64, SystemTime)| {
            revision != structure.revision || now.duration_since(at).is_ok_and(|since| since >= LOOK_EVERY)
        };
        if !self.looked.is_none_or(due) {
            return Ok(());
        }
        for claim in self.treasury.claims_in(structure, &self.treasury.app_books().await?).await? {
            let key = (claim.app.clone(), claim.name.clone());
            self.followed.entry(key).or_insert(FollowedClaim { claim, position: None, refused: false });
        }
        self.looked = Some((structure.revision, now));
        Ok(())
    }
}

impl Treasury {
    /// The books that claim money: all others of the treasury book's mode. Test money is never real money's twin.
    pub(crate) async fn app_books(&self) -> Result<Vec<BookName>, Error> {
        let Some(kind) = self.ledger.book(&self.book).await? else { return Ok(Vec::new()) };
        Ok(self.ledger.books_of(kind).await?.into_iter().filter(|book| *book != self.book).collect())
    }

    /// The accounts of these books that a physical account stands for.
    async fn claims_in(&self, structure: &Structure, apps: &[BookName]) -> Result<Vec<ClaimAccount>, Error> {
        let mut found = Vec::new();
        for (name, physical) in structure.claim_accounts() {
            let Some(account) = Account::parse(&name) else { continue };
            for app in apps {
                if self.ledger.has_account(app, account).await? {
                    found.push(ClaimAccount { app: app.clone(), name: name.clone(), physical: physical.clone() });
                }
            }
        }
        Ok(found)
    }
}

/// Posts an account's missing twins, in order.
async fn follow(treasury: &Treasury, structure: &Structure, followed: &mut FollowedClaim) -> Result<usize, Error> {
    let mut posted = 0;
    for _ in 0..BATCHES_MAX {
        let from = match followed.position {
            Some(position) => position,
            None => treasury.twin_position(&followed.claim, i64::MAX).await?,
        };
        followed.position = Some(from);
        let ClaimPage { moves, more, .. } = treasury.claim_moves(&followed.claim.app, &followed.claim.name, from).await?;
        let Some(last) = moves.last() else { return Ok(posted) };
        // Until all answers are there, only the ledger knows the position.
        followed.position = None;
        let reached = TwinPosition { seq: last.seq, claimed: last.claimed, booked_ms: last.booked_ms };
        match post(treasury, structure, followed, from, &moves).await? {
            true => posted += moves.len(),
            // Another process posted some of them.
            false => return Ok(posted),
        }
        followed.position = Some(reached);
        if !more {
            break;
        }
    }
    Ok(posted)
}

/// Posts these moves' twins. False: another twin came before one of them, so the position must be read again.
async fn post(
    treasury: &Treasury,
    structure: &Structure,
    followed: &mut FollowedClaim,
    from: TwinPosition,
    moves: &[ClaimMove],
) -> Result<bool, Error> {
    let claim = &followed.claim;
    let leaf = structure.covering_leaf(&claim.key()).ok_or_else(|| Error::Twin(format!("{} has no leaf", claim.physical.id)))?;
    let now_ms = unix_ms((treasury.clock)());
    let payouts = treasury.settled_payouts(claim, moves).await?;
    treasury.announce_payouts(claim, moves, &payouts).await?;
    let mut after_seq = from.seq;
    let mut posts = Vec::with_capacity(moves.len());
    for moved in moves {
        let leaf = match payouts.get(&moved.posting) {
            Some(payout_id) => treasury.settled_from(structure, claim, moved, payout_id).await?.unwrap_or(leaf),
            None => leaf,
        };
        let at_ms = if followed.refused { now_ms } else { id_ms(moved.posting, now_ms) };
        let id = chart::id::twin(moved.posting, &claim.app, &claim.name, at_ms);
        posts.push(postings::twin(&Twin { id, claim, moved, leaf, after_seq }).in_batch());
        after_seq = moved.seq;
    }
    let outcomes = treasury.ledger.post_batch(&treasury.book, posts).await?;
    for (outcome, moved) in outcomes.into_iter().zip(moves) {
        if let Err(not_posted) = outcome {
            followed.refused = not_posted.refusal().is_some();
            return if is_behind(&not_posted) { Ok(false) } else { Err(not_posted.into()) };
        }
        meters::twin_posted(&claim.app, Duration::from_millis(u64::try_from(now_ms.saturating_sub(moved.booked_ms)).unwrap_or(0)));
    }
    followed.refused = false;
    Ok(true)
}

/// Whether the guard was past the posting before: its twin is there already.
fn is_behind(not_posted: &NotPosted) -> bool {
    not_posted.refusal().is_some_and(|refusal| refusal.reason == LedgerReason::GuardMismatch)
}

/// The time that a twin's id carries, in Unix milliseconds: 0, the posting's own, unless that is too old or none. Then the day's, so that processes which begin at
/// the same posting use the same id.
fn id_ms(posting: Uuid, now_ms: i64) -> i64 {
    let own = id_time_ms(posting).and_then(|own_ms| i64::try_from(own_ms).ok());
    match own.filter(|own_ms| *own_ms > now_ms.saturating_sub(ID_AGE_MAX_MS)) {
        Some(_) => 0,
        None => now_ms - now_ms.rem_euclid(DAY_MS),
    }
}
