//! Reservations with treasury: what a payout takes is held on the leaf that pays it before the payout is submitted, and given back once it is proved that nothing was
//! paid. Treasury finds the submission in the ledger by itself, and so the settlement.
//!
//! Treasury is asked again each time before the submission, which prolongs the hold: so a payout that was held up never is submitted on a hold that treasury has
//! released meanwhile.
//!
//! - [`desk`]: the way to treasury.

pub mod desk;

use crate::{
    config::EntityConfig,
    domain::{
        Payout, PayoutPhase,
        reservation::{LIQUIDITY, LeafHold, PayingSource},
    },
    error::Error,
    liquidity::{GivenUp, ReservationStep, source},
    payouts::Payouts,
    store::{leaf_holds, payouts},
};
use api::treasury::{FundsReservationState, ReleaseFundsRequest, ReserveFundsRequest};
use chart::PostingKind;
use jiff::{Timestamp, civil::Date};
use ledger_client::NotPosted;
use money::{
    Money,
    time::{unix_ms, utc_day},
};
use std::time::{Instant, SystemTime};
use tonic::{Code, Status};

/// How many reservations of a payout one step may find released before it leaves the rest to the next.
const HOLDS_MAX: usize = 3;

fn today() -> Date {
    utc_day(Timestamp::now())
}

impl Payouts {
    /// Reserves with treasury what `next`, the payout with the attempt that is about to be made, takes. `payout` is the row as read.
    pub(crate) async fn hold_on_leaf(&self, payout: Payout, next: &Payout) -> Result<ReservationStep, Error> {
        if self.config.reserve_at_treasury != Some(true) {
            return Ok(ReservationStep::Go(payout));
        }
        let (mut payout, source, amount) = (payout, source(next), next.amount_sent());
        let account = (payout.book.clone(), source.clone(), amount.currency());
        for _ in 0..HOLDS_MAX {
            let rows = self.store.leaf_holds(&payout.key()).await?;
            // The rail, and with it the account, or the amount has changed since.
            for row in rows.iter().filter(|row| !row.released && !row.fits(&source, amount)) {
                if let GivenUp::Later(not_posted) = self.give_up_hold(row, false).await? {
                    return Ok(ReservationStep::Stop(self.give_up_later(payout, &not_posted).await?));
                }
            }
            let row = match rows.iter().find(|row| row.fits(&source, amount)) {
                Some(row) => row.clone(),
                None if self.treasury.is_uncovered(&account, Instant::now()) => return Ok(ReservationStep::Go(payout)),
                None => {
                    let number = rows.last().map_or(1, |last| last.number + 1);
                    match self.new_hold(payout, number, &source, amount).await? {
                        Some((saved, row)) => {
                            payout = saved;
                            row
                        }
                        None => return Ok(ReservationStep::Stop(None)),
                    }
                }
            };
            match self.ask_treasury(&payout, &row).await {
                Ok((FundsReservationState::NotCovered, _)) => {
                    self.record_released(&row).await?;
                    self.treasury.said_uncovered(account, Instant::now());
                    return Ok(ReservationStep::Go(payout));
                }
                Ok((FundsReservationState::Released | FundsReservationState::Blocked, _)) => self.record_released(&row).await?,
                Ok((_, leaf_entity)) => return self.cleared_for(payout, &row, &leaf_entity).await,
                Err(status) => return Ok(ReservationStep::Stop(self.wait_for_treasury(payout, &status).await?)),
            }
        }
        Ok(ReservationStep::Stop(self.wait_for_treasury(payout, &Status::unavailable("it released each hold")).await?))
    }

    /// Reserves with treasury what is about to be blocked, so that it leaves the leaf for what is blocked. What treasury can't hold, because the leaf has not that much, stays
    /// on the leaf: the law blocks the payout all the same.
    pub(crate) async fn hold_for_blocking(&self, payout: Payout) -> Result<ReservationStep, Error> {
        if self.config.reserve_at_treasury != Some(true) {
            return Ok(ReservationStep::Go(payout));
        }
        let (mut payout, source, amount) = (payout.clone(), source(&payout), payout.amount_sent());
        for _ in 0..HOLDS_MAX {
            let rows = self.store.leaf_holds(&payout.key()).await?;
            let row = match rows.iter().find(|row| row.fits(&source, amount)) {
                Some(row) => row.clone(),
                None => match self.new_hold(payout, rows.last().map_or(1, |last| last.number + 1), &source, amount).await? {
                    Some((saved, row)) => {
                        payout = saved;
                        row
                    }
                    None => return Ok(ReservationStep::Stop(None)),
                },
            };
            match self.ask_treasury(&payout, &row).await {
                Ok((FundsReservationState::NotCovered, _)) => {
                    self.record_released(&row).await?;
                    return Ok(ReservationStep::Go(payout));
                }
                Ok((FundsReservationState::Released | FundsReservationState::Blocked, _)) => self.record_released(&row).await?,
                Ok(_) => return Ok(ReservationStep::Go(payout)),
                Err(status) if rpc::errors::facts(&status).contains_key("rule") => {
                    tracing::warn!(payout_id = %payout.payout_id, %status, "treasury can't set blocked money aside: it stays on the leaf");
                    return match self.give_up_hold(&row, false).await? {
                        GivenUp::Done => Ok(ReservationStep::Go(payout)),
                        GivenUp::Later(not_posted) => Ok(ReservationStep::Stop(self.give_up_later(payout, &not_posted).await?)),
                    };
                }
                Err(status) => {
                    tracing::warn!(payout_id = %payout.payout_id, %status, "treasury has not set blocked money aside; trying again");
                    let silent = NotPosted::lost("treasury does not answer");
                    return Ok(ReservationStep::Stop(self.give_up_later(payout, &silent).await?));
                }
            }
        }
        Ok(ReservationStep::Go(payout))
    }

    /// Records what treasury is about to be asked for, with the payout's version in one transaction: a payout that was cancelled meanwhile reserves nothing any
    /// more.
    async fn new_hold(
        &self,
        payout: Payout,
        number: i64,
        source: &PayingSource,
        amount: Money,
    ) -> Result<Option<(Payout, LeafHold)>, Error> {
        let mut tx = self.store.begin().await?;
        let Some(payout) = payouts::update(&mut tx, payout, None).await? else { return Ok(None) };
        let row = LeafHold {
            book: payout.book.clone(),
            payout_id: payout.payout_id,
            number,
            source: source.clone(),
            amount,
            on_behalf_of: String::new(),
            released: false,
        };
        leaf_holds::insert(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(Some((payout, row)))
    }

    async fn ask_treasury(&self, payout: &Payout, row: &LeafHold) -> Result<(FundsReservationState, String), Status> {
        let intent = match payout.submit_posting_id.as_str() {
            // The next posting, whether or not an earlier try has made it.
            "" => chart::id::pending_posted(payout.step_id(PostingKind::PayoutSubmit), payout.book.as_str()).to_string(),
            posted => posted.to_owned(),
        };
        let request = ReserveFundsRequest {
            book: row.book.to_string(),
            reservation_id: row.id().to_string(),
            payout_id: row.payout_id.to_string(),
            entity: row.source.entity.clone(),
            bank_account: row.source.bank_account.clone(),
            amount: Some(rpc::wire::money(row.amount)),
            intent_posting_id: intent,
        };
        let answer = self.treasury.client()?.reserve_funds(request).await?.into_inner();
        let reservation = answer.reservation.unwrap_or_default();
        Ok((reservation.state(), reservation.leaf_entity))
    }

    /// Treasury has reserved it: on whose leaf is recorded before the payout is submitted, so that every message names that entity.
    async fn cleared_for(&self, payout: Payout, row: &LeafHold, leaf_entity: &str) -> Result<ReservationStep, Error> {
        let entity = if leaf_entity == row.source.entity { "" } else { leaf_entity };
        if row.on_behalf_of != entity {
            let mut tx = self.store.begin().await?;
            leaf_holds::pays_for(&mut tx, row, entity).await?;
            tx.commit().await?;
        }
        if entity.is_empty() || self.config.entity_on(entity, today()).is_some() {
            return Ok(ReservationStep::Go(payout));
        }
        let why = format!("{LIQUIDITY}the leaf that pays it is of {entity}, which has no name in payout.entities");
        Ok(ReservationStep::Stop(self.wait_because(payout, why).await?))
    }

    /// The legal entity on whose behalf a payout leaves the account, if it is not the account's owner; the id of one that has no name now.
    pub(crate) async fn pays_for(&self, payout: &Payout) -> Result<Result<Option<EntityConfig>, String>, Error> {
        let (source, amount) = (source(payout), payout.amount_sent());
        let rows = self.store.leaf_holds(&payout.key()).await?;
        let Some(row) = rows.into_iter().find(|row| row.fits(&source, amount) && !row.on_behalf_of.is_empty()) else { return Ok(Ok(None)) };
        Ok(self.config.entity_on(&row.on_behalf_of, today()).cloned().map(Some).ok_or(row.on_behalf_of))
    }

    /// The payout waits: nothing is submitted or sent until treasury has said yes.
    async fn wait_for_treasury(&self, payout: Payout, status: &Status) -> Result<Option<Payout>, Error> {
        tracing::warn!(payout_id = %payout.payout_id, %status, "treasury has not reserved the money of a payout; trying again");
        let facts = rpc::errors::facts(status);
        let why = match (facts.get("id"), facts.get("rule"), rpc::reason(status), status.code()) {
            // A rule of treasury's, such as that the leaf has the money.
            (Some(id), Some(rule), ..) => format!("{LIQUIDITY}{id} can't pay it at treasury ({rule})"),
            (.., Some(reason), Code::FailedPrecondition | Code::PermissionDenied | Code::AlreadyExists | Code::InvalidArgument) => {
                format!("{LIQUIDITY}treasury refuses it ({reason})")
            }
            _ => format!("{LIQUIDITY}treasury does not answer"),
        };
        self.wait_because(payout, why).await
    }

    async fn wait_because(&self, payout: Payout, why: String) -> Result<Option<Payout>, Error> {
        let due_at_ms = payout.clone().again(unix_ms(SystemTime::now()), &self.policy).due_at_ms;
        let mut tx = self.store.begin().await?;
        let saved = self.queued(&mut tx, &payout, why, due_at_ms).await?;
        tx.commit().await?;
        self.tell(payout.payout_id);
        Ok(saved)
    }

    /// Gives up what a payout has reserved with treasury, because it is proved that nothing was paid with it: the leaf has it back, or it is blocked.
    pub(crate) async fn give_up_holds(&self, payout: &Payout) -> Result<GivenUp, Error> {
        let rows = self.store.leaf_holds(&payout.key()).await?;
        let blocked = payout.phase == PayoutPhase::Blocking;
        for row in rows.iter().filter(|row| !row.released) {
            if let GivenUp::Later(not_posted) = self.give_up_hold(row, blocked).await? {
                return Ok(GivenUp::Later(not_posted));
            }
        }
        Ok(GivenUp::Done)
    }

    /// Has treasury free what it blocked of a payout. Treasury knows which of its reservations were blocked; the others stay as they are.
    pub(crate) async fn free_blocked(&self, payout: &Payout) -> Result<GivenUp, Error> {
        for row in self.store.leaf_holds(&payout.key()).await? {
            if let GivenUp::Later(not_posted) = self.give_up_hold(&row, false).await? {
                return Ok(GivenUp::Later(not_posted));
            }
        }
        Ok(GivenUp::Done)
    }

    async fn give_up_hold(&self, row: &LeafHold, blocked: bool) -> Result<GivenUp, Error> {
        let request = ReleaseFundsRequest {
            book: row.book.to_string(),
            reservation_id: row.id().to_string(),
            payout_id: row.payout_id.to_string(),
            entity: row.source.entity.clone(),
            bank_account: row.source.bank_account.clone(),
            amount: Some(rpc::wire::money(row.amount)),
            blocked,
        };
        let asked = match self.treasury.client() {
            Ok(mut client) => client.release_funds(request).await.map(|_| ()),
            Err(status) => Err(status),
        };
        match asked {
            Ok(()) => self.record_released(row).await.map(|()| GivenUp::Done),
            Err(status) => {
                tracing::warn!(payout_id = %row.payout_id, %status, "treasury has not released the money of a payout; trying again");
                Ok(GivenUp::Later(NotPosted::lost("treasury did not release the payout's money")))
            }
        }
    }

    async fn record_released(&self, row: &LeafHold) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        leaf_holds::release(&mut tx, row).await?;
        tx.commit().await?;
        Ok(())
    }
}
