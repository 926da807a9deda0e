//! Money blocked by law: two people record a licence, and it goes back to the creator.

use super::{
    ReviewRefusal,
    decide::{StaffCaller, begin, finish},
};
use crate::{
    domain::{Payout, PayoutKey, PayoutPhase},
    drive::now_ms,
    error::Error,
    liquidity::{GivenUp, ReservationStep},
    payouts::Payouts,
    postings,
    store::{
        payouts,
        reviews::{self, BlockedRow},
    },
};
use db::requests::SentFields;
use ledger_client::LedgerReason;
use money::time::unix_ms;
use std::time::SystemTime;
use uuid::Uuid;

/// The RPC's name in the table of requests.
const RPC: &str = "UnblockPayout";

/// A licence for blocked money.
#[derive(Debug, Clone)]
pub struct BlockedLicence {
    /// Who records it.
    pub by: StaffCaller,
    /// The payout.
    pub payout_id: Uuid,
    /// Its number.
    pub number: String,
    /// Its day, such as `2027-01-15`.
    pub date: String,
}

/// The payout, whose blocked money goes to suspense from now on: the creator's account is closed, and stays so. Its stored reason alone says that;
/// [`goes_to_suspense`] reads it.
fn to_suspense(payout: Payout) -> Payout {
    Payout { blocked_by: LedgerReason::AccountClosed.name().to_owned(), ..payout }
}

fn goes_to_suspense(payout: &Payout) -> bool {
    payout.blocked_by == LedgerReason::AccountClosed.name()
}

impl Payouts {
    /// Records a licence, or confirms the one that another person recorded: then the money goes back. True when the request was answered before.
    pub async fn unblock_payout(&self, licence: &BlockedLicence, now: SystemTime) -> Result<bool, Error> {
        let by = &licence.by;
        let payout_key = PayoutKey { book: by.book.clone(), payout_id: licence.payout_id };
        let fields = SentFields::new()
            .with("payout_id", licence.payout_id)
            .with("licence_number", &licence.number)
            .with("licence_date", &licence.date);
        let key = by.key(RPC);
        let mut tx = self.store.begin().await?;
        if begin(&mut tx, key, &fields, now).await? {
            return Ok(true);
        }
        let payout = payouts::get(&mut tx, &payout_key).await?.ok_or(ReviewRefusal::NotBlocked)?;
        let row = reviews::blocked_of(&mut tx, &payout_key).await?.ok_or(ReviewRefusal::NotBlocked)?;
        if payout.phase != PayoutPhase::Blocked || !row.unblocked_by.is_empty() {
            return Err(ReviewRefusal::NotBlocked.into());
        }
        let same = (&row.licence_number, &row.licence_date) == (&licence.number, &licence.date);
        let mine = row.licence_by == by.subject.as_str();
        let recorded = BlockedRow {
            licence_number: licence.number.clone(),
            licence_date: licence.date.clone(),
            licence_by: by.subject.to_string(),
            ..row.clone()
        };
        let next = match (row.licence_by.is_empty(), mine, same) {
            // The first one; whoever recorded it may correct it.
            (true, ..) | (false, true, false) => recorded,
            (false, true, true) => return Err(ReviewRefusal::SecondPersonNeeded.into()),
            (false, false, false) => return Err(ReviewRefusal::LicenceDiffers.into()),
            (false, false, true) if by.subject == payout.user => return Err(ReviewRefusal::SecondPersonNeeded.into()),
            (false, false, true) => BlockedRow { unblocked_by: by.subject.to_string(), ..row },
        };
        reviews::save_licence(&mut tx, &by.book, &next).await?;
        if !next.unblocked_by.is_empty() {
            let unblocking = payout.enter(PayoutPhase::Unblocking, unix_ms(now));
            // Nobody else writes a blocked payout.
            if payouts::update(&mut tx, unblocking, None).await?.is_none() {
                return Err(Error::HoldUnknown);
            }
        }
        finish(&mut tx, key, now).await?;
        tx.commit().await?;
        self.tell(licence.payout_id);
        self.wake.notify_one();
        Ok(false)
    }

    /// Gives blocked money back; to suspense if the creator's account is closed.
    pub(crate) async fn unblock(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        if let GivenUp::Later(not_posted) = self.free_blocked(&payout).await? {
            return self.give_up_later(payout, &not_posted).await;
        }
        let closed = goes_to_suspense(&payout);
        let draft = if closed { postings::unblocking_to_suspense(&payout) } else { postings::unblocking(&payout) };
        match self.ledger.posting(&payout.book, draft).await {
            Ok(posting) => {
                let mut next = payout.clone().enter(PayoutPhase::Unblocked, now_ms());
                next.unblock_posting_id = posting.posting_id;
                next.final_at_ms = now_ms();
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) if !closed && not_posted.is_closed(&postings::payable(&payout).name()) => {
                let mut next = to_suspense(payout.clone().with_fresh_key(now_ms()));
                next.due_at_ms = now_ms();
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }

    /// Posts all of the hold of a payout whose payee is listed, so that its money can be blocked. The submission is found if a worker had posted it before.
    pub(crate) async fn take_for_blocking(&self, payout: Payout) -> Result<Option<Payout>, Error> {
        let payout = match self.hold_for_blocking(payout).await? {
            ReservationStep::Go(payout) => payout,
            ReservationStep::Stop(saved) => return Ok(saved),
        };
        let (hold, fields) = (postings::submission(&payout), postings::submission_fields(&payout));
        match self.ledger.post_pending(hold, fields).await {
            Ok(posting) => {
                let next = Payout { submit_posting_id: posting.posting_id, due_at_ms: now_ms(), ..payout.clone() };
                self.keep(&payout, next, String::new()).await
            }
            Err(not_posted) => self.later(payout, not_posted).await,
        }
    }
}
