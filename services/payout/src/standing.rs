//! Standing orders of creators: set, read, deleted, and carried out at their moments. A moment is stored, with its amount, before its payout is requested, and the
//! payout's request id follows from order and moment: so each moment pays at most once, whatever crashes. Moments that were missed while nothing ran are not made up
//! for, except the newest.

use crate::{
    domain::standing::{StandingAmount, StandingMoment, StandingOrder, StandingState},
    error::{Error, PayoutRefusal},
    payouts::{PayoutRequest, Payouts},
    store::{beneficiaries, standing},
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::{
    BookName, Currency, Money, RequestId, UserKey, derive_id,
    time::{moment_ms, unix_ms},
};
use std::{sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;

/// Names of the RPCs in the table of requests.
const SET: &str = "SetStandingOrder";
const DELETE: &str = "DeleteStandingOrder";
/// Orders carried out in one round.
const DUE_MAX: i64 = 100;

/// Carries out orders until `shutdown`.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut rounds = tokio::time::interval(payouts.config.poll_delay);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(rounds.tick()).await.is_some() {
        if let Some(Err(error)) = shutdown.run_until_cancelled(payouts.carry_out_orders(SystemTime::now())).await {
            tracing::error!(%error, "due standing orders can't be read; trying again");
        }
    }
}

impl Payouts {
    /// Sets an order; `id` is the client's. `order.order_id` and `order.next_due_ms` are computed here. True when it had been answered before.
    pub async fn set_order(&self, order: &StandingOrder, id: &RequestId, now: SystemTime) -> Result<bool, Error> {
        let key = RequestKey { book: &order.book, subject: &order.user, rpc: SET, request_id: id };
        let fields = SentFields::new()
            .with("terms.beneficiary_id", order.beneficiary_id)
            .with("terms.currency_code", order.currency)
            .with("terms.amount", order.amount.text())
            .with("terms.day", order.schedule.rhythm_text())
            .with("terms.time_of_day", order.schedule.time_text())
            .with("terms.time_zone", &order.schedule.zone_name);
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &fields, now).await? {
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => return Ok(true),
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        let found = beneficiaries::get(&mut tx, &order.book, order.beneficiary_id).await?;
        let found = found.filter(|found| found.user == order.user && !found.is_deleted()).ok_or(PayoutRefusal::BeneficiaryUnknown)?;
        if found.currency != order.currency {
            return Err(PayoutRefusal::CurrencyUnsupported.into());
        }
        let order_id = derive_id(id.uuid(), &["standing.order", order.book.as_str(), order.user.as_str()]);
        let next_due_ms = order.schedule.next_after(moment_ms(unix_ms(now))).as_millisecond();
        standing::set(&mut tx, &StandingOrder { order_id, next_due_ms, ..order.clone() }).await?;
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Deletes the user's order in a currency, if there is one. True when it had been answered before.
    pub async fn delete_order(
        &self,
        book: &BookName,
        user: &UserKey,
        currency: Currency,
        id: &RequestId,
        now: SystemTime,
    ) -> Result<bool, Error> {
        let key = RequestKey { book, subject: user, rpc: DELETE, request_id: id };
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &SentFields::new().with("currency_code", currency), now).await? {
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => return Ok(true),
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        standing::delete(&mut tx, book, user, currency).await?;
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Carries out the orders that are due as of `now`, each at its newest moment.
    pub async fn carry_out_orders(&self, now: SystemTime) -> Result<(), Error> {
        for order in self.store.due_orders(unix_ms(now), DUE_MAX).await? {
            if let Err(error) = self.carry_out(&order, now).await {
                // It stays due.
                tracing::warn!(order_id = %order.order_id, %error, "a standing order is not carried out yet; trying again");
            }
        }
        Ok(())
    }

    async fn carry_out(&self, order: &StandingOrder, now: SystemTime) -> Result<(), Error> {
        let now_ms = unix_ms(now);
        let newest = order.schedule.newest(moment_ms(order.next_due_ms), moment_ms(now_ms));
        let payable = match order.amount {
            StandingAmount::Fixed(minor_units) => minor_units,
            StandingAmount::Above(kept) => {
                let payable = self.ledger.creator_payable(&order.book, &order.user, order.currency).await?;
                payable.available.minor_units().saturating_sub(kept).max(0)
            }
        };
        let state = if payable > 0 { StandingState::Asked } else { StandingState::NothingToPay };
        let asked = StandingMoment {
            order_id: order.order_id,
            moment_ms: newest.as_millisecond(),
            asked_at_ms: now_ms,
            minor_units: payable,
            state,
            payout_id: String::new(),
            reason: String::new(),
        };
        let mut tx = self.store.begin().await?;
        let Some(mut moment) = standing::begin_moment(&mut tx, order, &asked).await? else { return Ok(()) };
        tx.commit().await?;
        if moment.state == StandingState::Asked {
            self.request_standing(order, &mut moment, now).await?;
        }
        let next_due_ms = order.schedule.next_after(newest).as_millisecond();
        let mut tx = self.store.begin().await?;
        standing::end_moment(&mut tx, order, &moment, next_due_ms).await?;
        Ok(tx.commit().await?)
    }

    /// Requests the payout of a moment; an error: its outcome is open, and it is requested again.
    async fn request_standing(&self, order: &StandingOrder, moment: &mut StandingMoment, now: SystemTime) -> Result<(), Error> {
        let request_id = RequestId::parse(&moment.request_id().to_string()).map_err(|_| crate::store::Error::Row("request id"))?;
        let amount = Money::try_new(order.currency, moment.minor_units).map_err(|_| crate::store::Error::Row("amount"))?;
        let ask =
            PayoutRequest { book: order.book.clone(), user: order.user.clone(), request_id, beneficiary_id: order.beneficiary_id, amount };
        let reason = match self.request(&ask, now).await {
            Ok((payout, _)) => {
                (moment.state, moment.payout_id) = (StandingState::Requested, payout.payout_id.to_string());
                return Ok(());
            }
            Err(Error::Kept(refusal)) => refusal.message().to_owned(),
            Err(error @ (Error::RequestIdTime(_) | Error::Refused(_) | Error::Reused(_))) => error.to_string(),
            Err(error) => return Err(error),
        };
        (moment.state, moment.reason) = (StandingState::Refused, reason);
        Ok(())
    }
}
