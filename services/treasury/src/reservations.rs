//! What payouts of apps' books take of leaves: reserved before a payout is submitted, moved into transit when it is, and given back if it is not executed.
//!
//! A reservation and its hold are decided like a movement, so that no two spend the same money. Every later step is recorded before its posting, under an id
//! that follows from the step, so whatever crashes in between, whoever comes next finishes it. The app's book alone says whether a payout was submitted.
use crate::{
    domain::{
        StandardLeaf,
        reservation::{self, AskedReservation, GivenUpTo, GivingUpStep, LeafReservation, LeafReservationState},
    },
    error::Error,
    movements::{Asked, OpenTurn, TRIES_MAX},
    postings,
    treasury::{Treasury, day},
};
use api::ledger::RequestField;
use chart::PostingKind;
use ledger_client::{HoldPosting, LedgerReason, NotPosted, PostingDraft, is_final};
use money::{BookName, time::unix_ms};
use uuid::Uuid;

/// Reservations of one state that the follower takes up in a round.
const ROWS_MAX: i64 = 500;

impl Treasury {
    /// Gives up a reservation. One that is settled stays, and one that was given back before it was to be blocked.
    pub async fn release_funds(&self, asked: &AskedReservation, to: GivenUpTo) -> Result<LeafReservation, Error> {
        self.is_of_its_mode(&asked.app).await?;
        for _ in 0..TRIES_MAX {
            let Some(row) = self.store.reservation(&self.book, &asked.app, asked.reservation_id).await? else {
                let row = self.new_reservation(asked, LeafReservationState::Released);
                if self.store.record_reservation(&self.book, &row).await? {
                    return Ok(row);
                }
                continue;
            };
            let differing = asked.differing(&row.asked);
            if !differing.is_empty() {
                return Err(Error::RequestIdReused(differing));
            }
            let mut current = Some(row);
            while let Some(row) = current {
                current = match row.state.given_up(to) {
                    GivingUpStep::Over => return Ok(row),
                    GivingUpStep::Enters(state) => self.give_up(&row, state).await?,
                    GivingUpStep::Posts => self.finished(&row).await?,
                };
            }
        }
        Err(Error::MovementsBusy)
    }

    /// Whether money of this app's book is money of the treasury book: test money never is real money.
    pub(crate) async fn is_of_its_mode(&self, app: &BookName) -> Result<bool, Error> {
        let unknown = || Error::AppBookUnknown { book: app.to_string() };
        let kind = self.ledger.book(app).await?.filter(|_| *app != self.book).ok_or_else(unknown)?;
        Ok(self.ledger.book(&self.book).await? == Some(kind))
    }

    /// What became of a reservation that is asked for again; a hold is prolonged. `None`: another process advanced it meanwhile.
    pub(crate) async fn reserved_before(&self, asked: &AskedReservation, row: LeafReservation) -> Result<Option<LeafReservation>, Error> {
        let differing = asked.differing(&row.asked);
        if !differing.is_empty() {
            return Err(Error::RequestIdReused(differing));
        }
        match row.state {
            LeafReservationState::Reserved => {}
            // Given up by a process that was lost.
            LeafReservationState::Voiding | LeafReservationState::Returning | LeafReservationState::Unblocking => {
                return self.given_back(row).await;
            }
            _ => return Ok(Some(row)),
        }
        let expires_at_ms = self.new_reservation(asked, LeafReservationState::Reserved).expires_at_ms;
        let next = LeafReservation {
            asked: AskedReservation { intent: asked.intent, ..row.asked.clone() },
            expires_at_ms: expires_at_ms.max(row.expires_at_ms),
            ..row.clone()
        };
        if !self.store.advance_reservation(&self.book, &row, &next).await? {
            return Ok(None);
        }
        if self.hold_of(&next).await?.is_some() {
            return Ok(Some(next));
        }
        // The ledger had refused the hold, and the process that asked for it was lost.
        let released = self.entering(&next, LeafReservationState::Released);
        Ok(self.store.advance_reservation(&self.book, &next, &released).await?.then_some(released))
    }

    /// The reservation, if the leaf and the bank have the money, and the leaf of its account for what is in transit.
    pub(crate) fn allowed(
        &self,
        turn: &OpenTurn,
        ask: &Asked<'_>,
        asked: &AskedReservation,
    ) -> Result<Option<(LeafReservation, String)>, Error> {
        let structure = &turn.structure;
        let Some(physical) = structure.physical_of(asked) else { return Ok(None) };
        let key = crate::domain::ClaimKey { account: physical.id.clone(), app: asked.app.to_string() };
        let (Some(leaf), Some(transit)) = (structure.covering_leaf(&key), structure.in_transit_leaf(&physical.id)) else { return Ok(None) };
        let minimum = self.terms.bounds(&leaf.id, day(turn.now)).minimum;
        let checked = reservation::check(structure, &turn.view, minimum, physical, leaf, asked.amount.minor_units());
        checked.map_err(|(rule, id, why)| Error::FundsRefused { rule: rule.name(), id, why })?;
        let row = LeafReservation {
            account: physical.id.clone(),
            account_entity: physical.entity.clone(),
            leaf: leaf.id.clone(),
            leaf_entity: leaf.entity.clone(),
            hold_key: turn.posting_key(self, ask, 0),
            ..self.new_reservation(asked, LeafReservationState::Reserved)
        };
        Ok(Some((row, transit.id.clone())))
    }

    fn new_reservation(&self, asked: &AskedReservation, state: LeafReservationState) -> LeafReservation {
        let now_ms = unix_ms((self.clock)());
        LeafReservation {
            asked: asked.clone(),
            account: String::new(),
            account_entity: String::new(),
            leaf: String::new(),
            leaf_entity: String::new(),
            hold_key: Uuid::nil(),
            state,
            expires_at_ms: now_ms.saturating_add(i64::try_from(self.config.reservation_hold_ms).unwrap_or(i64::MAX)),
            changed_at_ms: now_ms,
            tries: 0,
            settled_by: None,
            back_on_unallocated: false,
        }
    }

    pub(crate) fn entering(&self, row: &LeafReservation, state: LeafReservationState) -> LeafReservation {
        LeafReservation { state, changed_at_ms: unix_ms((self.clock)()), tries: 0, ..row.clone() }
    }

    /// Records that a reservation enters a state; `None`: another process advanced it.
    async fn enter(&self, row: &LeafReservation, state: LeafReservationState) -> Result<Option<LeafReservation>, Error> {
        let next = self.entering(row, state);
        Ok(self.store.advance_reservation(&self.book, row, &next).await?.then_some(next))
    }

    /// As [`Self::enter`], of one that pays nobody. Where money that goes back goes to, is recorded with it: a closed leaf takes nothing, and gives nothing.
    async fn give_up(&self, row: &LeafReservation, mut state: LeafReservationState) -> Result<Option<LeafReservation>, Error> {
        if state == LeafReservationState::Blocking && self.structure(None).await?.blocked_leaf(&row.account).is_none() {
            let account = &row.account;
            tracing::warn!(account, "a leaf of the structure has the id of what is blocked: blocked money stays on the leaf that paid");
            state = LeafReservationState::Returning;
        }
        if !matches!(state, LeafReservationState::Returning | LeafReservationState::Unblocking) {
            return self.enter(row, state).await;
        }
        let back_on_unallocated = !self.structure(None).await?.is_in_use(&row.leaf);
        self.enter(&LeafReservation { back_on_unallocated, ..row.clone() }, state).await
    }

    /// Gives the leaf its money back, from whichever state. `None`: another process advanced it meanwhile.
    pub(crate) async fn given_back(&self, mut row: LeafReservation) -> Result<Option<LeafReservation>, Error> {
        loop {
            let next = match row.state.given_up(GivenUpTo::Leaf) {
                GivingUpStep::Over => return Ok(Some(row)),
                GivingUpStep::Enters(state) => self.give_up(&row, state).await?,
                GivingUpStep::Posts => self.finished(&row).await?,
            };
            let Some(next) = next else { return Ok(None) };
            row = next;
        }
    }

    /// Moves a reservation whose payout was submitted into transit. `None`: another process advanced it meanwhile.
    pub(crate) async fn put_in_transit(&self, row: &LeafReservation) -> Result<Option<LeafReservation>, Error> {
        match row.state {
            LeafReservationState::Reserved => match self.enter(row, LeafReservationState::Submitting).await? {
                Some(submitting) => self.finished(&submitting).await,
                None => Ok(None),
            },
            LeafReservationState::Submitting => self.finished(row).await,
            _ => Ok(Some(row.clone())),
        }
    }

    /// Makes the postings of a state that is left when they are in the ledger, and leaves it.
    async fn finished(&self, row: &LeafReservation) -> Result<Option<LeafReservation>, Error> {
        let [transit, blocked] = [StandardLeaf::InTransit, StandardLeaf::Blocked].map(|leaf| leaf.id(&row.account));
        let id = |kind| self.step_id(row, kind);
        let release = |transfer_no| postings::reservation_release(&self.book, id(PostingKind::TreasuryRelease), transfer_no);
        match row.state {
            LeafReservationState::Submitting => {
                let id = id(PostingKind::TreasurySubmit);
                self.post_step(row, id, postings::submitted(id, row, &transit)).await?;
                if let Some(transfer_no) = self.hold_of(row).await? {
                    self.release_hold(row, release(transfer_no)).await?;
                }
                self.enter(row, LeafReservationState::InTransit).await
            }
            LeafReservationState::Voiding => {
                if let Some(transfer_no) = self.hold_of(row).await? {
                    self.release_hold(row, release(transfer_no)).await?;
                }
                self.enter(row, LeafReservationState::Released).await
            }
            LeafReservationState::Returning => {
                let id = id(PostingKind::TreasuryReject);
                self.post_step(row, id, postings::rejected(id, row, &transit)).await?;
                self.enter(row, LeafReservationState::Released).await
            }
            LeafReservationState::Blocking => {
                let id = id(PostingKind::TreasuryBlock);
                self.post_step(row, id, postings::blocked(id, row, [&transit, &blocked])).await?;
                self.enter(row, LeafReservationState::Blocked).await
            }
            LeafReservationState::Unblocking => {
                let id = id(PostingKind::TreasuryUnblock);
                self.post_step(row, id, postings::unblocked(id, row, &blocked)).await?;
                self.enter(row, LeafReservationState::Released).await
            }
            LeafReservationState::Reserved
            | LeafReservationState::InTransit
            | LeafReservationState::Settled
            | LeafReservationState::Blocked
            | LeafReservationState::Released => Ok(Some(row.clone())),
        }
    }

    fn step_id(&self, row: &LeafReservation, kind: PostingKind) -> Uuid {
        // The app's book is part of it: the ids of two apps' payouts are two apps' own.
        let own = money::derive_id(row.asked.reservation_id, &[row.asked.app.as_str()]);
        chart::id::reservation_step(own, &self.book, kind, row.changed_at_ms, row.tries)
    }

    async fn post_step(&self, row: &LeafReservation, id: Uuid, draft: PostingDraft) -> Result<(), Error> {
        match self.ledger.post(&self.book, draft).await {
            Ok(_) => Ok(()),
            // Under another id, before a refusal.
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::GuardMismatch => Ok(()),
            Err(refused @ NotPosted::Refused(_)) => self.refused_step(row, chart::id::posted(id, self.book.as_str()), refused).await,
            Err(open) => Err(open.into()),
        }
    }

    async fn release_hold(&self, row: &LeafReservation, hold: HoldPosting<'_>) -> Result<(), Error> {
        let id = hold.id;
        let fields = vec![RequestField { name: "reservation_id".to_owned(), value: row.asked.reservation_id.to_string() }];
        match self.ledger.void_pending(hold, None, fields).await {
            Ok(_) => Ok(()),
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PendingResolved => Ok(()),
            Err(refused @ NotPosted::Refused(_)) => self.refused_step(row, chart::id::void_posted(id, self.book.as_str()), refused).await,
            Err(open) => Err(open.into()),
        }
    }

    /// What is refused under an id stays refused under it, so the next try has another one; unless another process has posted it since, as one may whose call came when
    /// the ledger did not find the id ahead of its clock any more.
    async fn refused_step(&self, row: &LeafReservation, posting: Uuid, refused: NotPosted) -> Result<(), Error> {
        if !is_final(&refused, row.changed_at_ms, unix_ms((self.clock)())) {
            return Err(refused.into());
        }
        match self.ledger.posting_by_id(&self.book, posting).await {
            Ok(_) => return Ok(()),
            Err(NotPosted::Refused(_)) => {}
            Err(open) => return Err(open.into()),
        }
        let again = LeafReservation { tries: row.tries + 1, ..self.entering(row, row.state) };
        self.store.advance_reservation(&self.book, row, &again).await?;
        Err(refused.into())
    }

    /// The transfer that holds a reservation's money; `None`: the ledger refused to hold it.
    async fn hold_of(&self, row: &LeafReservation) -> Result<Option<i64>, Error> {
        let posting = chart::id::posted(row.hold_key, self.book.as_str());
        for is_last in [false, true] {
            match self.ledger.posting_by_id(&self.book, posting).await {
                Ok(hold) => return Ok(hold.transfers.first().map(|transfer| transfer.transfer_no)),
                Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PostingUnknown => {}
                Err(not_posted) => return Err(not_posted.into()),
            }
            // Decided, and perhaps not posted yet.
            if !is_last {
                self.post_open().await?;
            }
        }
        Ok(None)
    }

    /// Moves what was submitted into transit, releases holds whose payouts were not, and finishes what a crash left. The first error is returned, and stops no
    /// other reservation.
    pub(crate) async fn follow_reservations(&self) -> Result<(), Error> {
        let mut failed = None;
        for state in [
            LeafReservationState::Reserved,
            LeafReservationState::Submitting,
            LeafReservationState::Voiding,
            LeafReservationState::Returning,
            LeafReservationState::Blocking,
            LeafReservationState::Unblocking,
        ] {
            for row in self.store.open_reservations(&self.book, state, ROWS_MAX).await? {
                if let Err(error) = self.follow_reservation(&row).await {
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn follow_reservation(&self, row: &LeafReservation) -> Result<(), Error> {
        if row.state != LeafReservationState::Reserved {
            self.finished(row).await?;
            return Ok(());
        }
        // Read before the app's book: what that does not have now was not submitted by the end of the hold, and the payout service submits nothing after it.
        let is_over = unix_ms((self.clock)()) > row.expires_at_ms;
        if self.is_submitted(row).await? {
            self.put_in_transit(row).await?;
        } else if is_over && let Some(released) = self.given_back(row.clone()).await? {
            let AskedReservation { app, payout_id, .. } = &released.asked;
            tracing::warn!(%app, %payout_id, leaf = released.leaf, "a payout was not submitted in time: its reservation is released");
        }
        Ok(())
    }

    /// Whether the app's book has the intent to pay.
    async fn is_submitted(&self, row: &LeafReservation) -> Result<bool, Error> {
        match self.ledger.posting_by_id(&row.asked.app, row.asked.intent).await {
            Ok(posting) => Ok(posting.kind == PostingKind::PayoutSubmit.name()),
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PostingUnknown => Ok(false),
            Err(not_posted) => Err(not_posted.into()),
        }
    }
}
