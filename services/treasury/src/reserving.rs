//! Reservations that are asked for at the same time are decided together: on one reading of the balances, in one transaction, and with one batch of holds. Nothing
//! waits for more to come: while some are decided, others gather, and are the next.
//!
//! Each keeps its own id, row, hold and answer, as if it had been decided alone after the ones before it.
//!
//! - [`queue`]: the calls that wait.
pub(crate) mod queue;

use crate::{
    domain::reservation::{AskedReservation, LeafReservation, LeafReservationState},
    error::Error,
    movements::{Asked, TRIES_MAX},
    postings,
    store::NewMovement,
    treasury::Treasury,
};
use ledger_client::NotPosted;
use queue::{Reserved, WaitingCall};
use std::collections::BTreeMap;
use tokio::sync::oneshot::error::TryRecvError;

impl Treasury {
    /// Holds what a payout takes, once for each id; and whether an earlier call had recorded it. `None`: no physical account stands for the bank account.
    pub async fn reserve_funds(&self, asked: &AskedReservation, by: &str) -> Result<Reserved, Error> {
        if !self.is_of_its_mode(&asked.app).await? {
            return Ok((None, false));
        }
        for _ in 0..TRIES_MAX {
            let mut answered = self.reserving.join(asked, by);
            let turn = tokio::select! {
                biased;
                answer = &mut answered => match answer {
                    Ok(answer) => return answer,
                    // The call that decided it was dropped, or failed: what it recorded is found again.
                    Err(_) => continue,
                },
                turn = self.reserving.turn.lock() => turn,
            };
            loop {
                match answered.try_recv() {
                    Ok(answer) => return answer,
                    Err(TryRecvError::Closed) => break,
                    Err(TryRecvError::Empty) => self.decide_together(self.reserving.take()).await?,
                }
            }
            drop(turn);
        }
        Err(Error::MovementsBusy)
    }

    /// Decides these calls and answers each. An error is of what all of them need: then none of those left is answered.
    async fn decide_together(&self, mut calls: Vec<WaitingCall>) -> Result<(), Error> {
        for _ in 0..TRIES_MAX {
            calls = self.without_known(calls).await?;
            if calls.is_empty() {
                return Ok(());
            }
            let mut turn = self.open_turn().await?;
            let last = turn.last_number();
            let (mut decided, mut rows, mut allowed) = (Vec::<NewMovement>::new(), Vec::new(), Vec::new());
            let mut again = Vec::new();
            for call in calls {
                let key = format!("reserve/{}/{}", call.asked.app, call.asked.reservation_id.hyphenated());
                let ask = Asked { key, fields: BTreeMap::new(), by: &call.by };
                match self.allowed(&turn, &ask, &call.asked) {
                    Ok(Some((row, transit))) => {
                        decided.push(self.hold_part(&turn, &ask, postings::reservation_hold(row.hold_key, &row, &transit)));
                        turn.reserved(&row);
                        rows.push(row);
                        allowed.push(call);
                    }
                    Ok(None) => drop(call.answer.send(Ok((None, false)))),
                    // Another process may have decided it after it was looked for: then what it lacks is what it holds itself.
                    Err(refused) => match self.store.reservation(&self.book, &call.asked.app, call.asked.reservation_id).await? {
                        Some(_) => again.push(call),
                        None => drop(call.answer.send(Err(refused))),
                    },
                }
            }
            if !self.store.decide_reservations(&self.book, last, decided.iter().zip(&rows)).await? {
                // Others came first.
                allowed.append(&mut again);
                calls = allowed;
                continue;
            }
            let posted = self.post_together(last, decided).await?;
            for ((call, row), refused) in allowed.into_iter().zip(rows).zip(posted) {
                let answer = self.answer(row, refused).await;
                drop(call.answer.send(answer));
            }
            calls = again;
        }
        for call in calls {
            drop(call.answer.send(Err(Error::MovementsBusy)));
        }
        Ok(())
    }

    async fn answer(&self, row: LeafReservation, refused: Option<NotPosted>) -> Result<Reserved, Error> {
        match refused {
            None => Ok((Some(row), false)),
            Some(refused) => {
                self.store.advance_reservation(&self.book, &row, &self.entering(&row, LeafReservationState::Released)).await?;
                Err(Error::Ledger(refused))
            }
        }
    }

    /// Answers the calls whose reservation was recorded before, and those that the structure has no account for; returns the others.
    async fn without_known(&self, calls: Vec<WaitingCall>) -> Result<Vec<WaitingCall>, Error> {
        let structure = self.structure(None).await?;
        let mut open = Vec::new();
        for call in calls {
            let before = self.store.reservation(&self.book, &call.asked.app, call.asked.reservation_id).await?;
            match before {
                Some(row) => match self.reserved_before(&call.asked, row).await {
                    Ok(Some(row)) => drop(call.answer.send(Ok((Some(row), true)))),
                    Ok(None) => open.push(call),
                    Err(error) => drop(call.answer.send(Err(error))),
                },
                None if structure.physical_of(&call.asked).is_none() => drop(call.answer.send(Ok((None, false)))),
                None => open.push(call),
            }
        }
        Ok(open)
    }
}
