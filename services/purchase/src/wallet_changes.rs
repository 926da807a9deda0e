//! Use cases: wallets that are closed, and wallets that are merged into another of the same person. The order of steps is what makes a crash at any point harmless.
//!
//! A change: in one transaction register the request id, keep the change and record the answer. `drive` does the rest: it has coins paid back that a market's rule
//! says are (refunds as [`crate::refund_orders`] starts them, one for each purchase), waits until the coin lots have read that, posts what is left as forfeited or
//! moves it, and has the ledger close the wallet. Each posting is recorded before it is sent. Coins that come meanwhile are posted by one posting more; the ledger closes
//! no wallet that has something. Of a wallet one change at a time has not ended.
//!
//! What was deferred of forfeited coins is breakage of the day on which the coin lots read the posting, by the same postings as revenue ([`crate::lots::revenue`]). Lots of
//! a merged wallet become the other viewer's, with their prices and dates; so do debts. What is paid back later of a purchase is taken from who has its coins by then.
//!
//! Its owner may ask for a closure as well, where the market's rules say for how long that can be taken back: until then nothing is done by it. A second person, where one
//! is needed, is a member of staff.
//!
//! - [`change`]: a change and its postings. [`rules`]: what becomes of coins, by market and day. `judge`: of those of one wallet. [`refusal`]: why there is no change.
//!   `drive`: the steps. `owner`: what owners ask.

pub mod change;
mod drive;
pub(crate) mod judge;
pub(crate) mod owner;
pub mod refusal;
pub mod rules;

use std::time::SystemTime;

use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::time::unix_ms;
use money::{BookName, RequestId, UserKey};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::{spending, wallet_changes as table};
use change::{WalletAct, WalletChange, WalletChangeState};
use refusal::WalletRefusal;

/// Who does something to a change, under which id.
#[derive(Debug, Clone)]
pub(crate) struct WalletCaller {
    /// The book.
    pub(crate) book: BookName,
    /// The member of staff, or the owner.
    pub(crate) person: UserKey,
    /// The client's id.
    pub(crate) request_id: RequestId,
    /// The RPC.
    pub(crate) rpc: &'static str,
    /// What the caller sent.
    pub(crate) fields: SentFields,
}

impl WalletCaller {
    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.person, rpc: self.rpc, request_id: &self.request_id }
    }
}

/// On which terms a change begins.
#[derive(Debug, Clone, Copy, Default)]
struct ChangeTerms {
    /// Whether another person has to approve.
    needs_another: bool,
    /// Until when its owner can take it back, in Unix milliseconds; 0: staff ask.
    waits_until_ms: i64,
}

/// A decision about a change that waits for a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalletVerdict {
    Approve,
    Reject,
}

impl Purchases {
    /// Begins to close or merge a wallet, once. The flag: it was answered before.
    pub(crate) async fn change_wallet(
        &self,
        by: &WalletCaller,
        user: &UserKey,
        act: WalletAct,
        now: SystemTime,
    ) -> Result<(WalletChange, bool), Error> {
        // Before the transaction, which no call may hold open; what was answered before is answered again, whatever holds now.
        let judged = self.may_change_wallet(by, user, &act, now).await;
        let terms = judged.map(|needs_another| ChangeTerms { needs_another, ..ChangeTerms::default() });
        self.begin_change(by, user, act, terms, now).await
    }

    /// Keeps a change on these terms, if it may begin, or answers again.
    async fn begin_change(
        &self,
        by: &WalletCaller,
        user: &UserKey,
        act: WalletAct,
        terms: Result<ChangeTerms, Error>,
        now: SystemTime,
    ) -> Result<(WalletChange, bool), Error> {
        let mut tx = self.store.begin().await?;
        if let Some(kept) = answered(&mut tx, by, now).await? {
            return Ok((kept, true));
        }
        let ChangeTerms { needs_another, waits_until_ms } = terms?;
        // Or two merges that cross would each find nothing of the other.
        spending::lock_both(&mut tx, &by.book, [user, act.into_user().unwrap_or(user)]).await?;
        for user in [Some(user), act.into_user()].into_iter().flatten() {
            if let Some(open) = table::open_of(&mut tx, &by.book, user).await? {
                return Err(WalletRefusal::Open(open.change_id).into());
            }
        }
        let new = WalletChange {
            book: by.book.clone(),
            change_id: Uuid::now_v7(),
            user: user.clone(),
            act,
            asked_by: by.person.clone(),
            request_id: by.request_id.uuid(),
            state: if needs_another { WalletChangeState::Asked } else { WalletChangeState::Approved },
            decided_by: String::new(),
            note: String::new(),
            created_at_ms: unix_ms(now),
            decided_at_ms: 0,
            ended_at_ms: 0,
            tries: 0,
            waits_until_ms,
        };
        // It decides between rivals.
        if !table::insert(&mut tx, &new).await? {
            let open = table::open_of(&mut tx, &by.book, user).await?;
            return Err(WalletRefusal::Open(open.map_or(Uuid::nil(), |open| open.change_id)).into());
        }
        self.answer_change(tx, by, &new, now).await?;
        Ok((new, false))
    }

    /// Whether another person has to approve; or why the wallet can't be closed or merged.
    async fn may_change_wallet(&self, by: &WalletCaller, user: &UserKey, act: &WalletAct, now: SystemTime) -> Result<bool, Error> {
        if self.is_own_wallet(by, [Some(user), act.into_user()]).await? {
            return Err(WalletRefusal::SamePerson.into());
        }
        if let Some(obstacle) = self.wallet_obstacle(&by.book, user, act.into_user().is_some()).await? {
            return Err(obstacle.into());
        }
        if let Some(into) = act.into_user() {
            if !self.ledger.has_wallet(&by.book, into).await? {
                return Err(WalletRefusal::Unknown(into.to_string()).into());
            }
            let state = self.ledger.viewer_wallet(&by.book, into).await?.state;
            if let Some(state) = judge::not_open(state) {
                return Err(WalletRefusal::NotOpen { user_id: into.to_string(), state }.into());
            }
            return Ok(true);
        }
        let judged = self.judge_wallet(&by.book, user, unix_ms(now)).await?;
        Ok(self.needs_another(&judged))
    }

    /// Whether one of these wallets is the caller's, or the caller's was merged into it.
    async fn is_own_wallet(&self, by: &WalletCaller, wallets: [Option<&UserKey>; 2]) -> Result<bool, Error> {
        for user in wallets.into_iter().flatten() {
            if self.store.identities(&by.book, user).await?.contains(&by.person) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Approves a change that waits for a second person, or rejects it; rejecting also takes back one of which nothing is posted. The flag: it was answered before.
    pub(crate) async fn decide_wallet_change(
        &self,
        by: &WalletCaller,
        change_id: Uuid,
        verdict: WalletVerdict,
        now: SystemTime,
    ) -> Result<(WalletChange, bool), Error> {
        // Before the transaction, in which no other connection may be waited for. Whose wallets a change is about never changes.
        let is_own = match self.store.wallet_change(&by.book, change_id).await? {
            Some(change) => self.is_own_wallet(by, [Some(&change.user), change.act.into_user()]).await?,
            None => false,
        };
        let mut tx = self.store.begin().await?;
        if let Some(kept) = answered(&mut tx, by, now).await? {
            return Ok((kept, true));
        }
        let found = table::get(&mut tx, &by.book, change_id).await?;
        let change = found.ok_or_else(|| WalletRefusal::ChangeUnknown(change_id.to_string()))?;
        let is_party = is_own || change.asked_by == by.person;
        let state = match (verdict, change.state) {
            (WalletVerdict::Approve, WalletChangeState::Asked) if is_party => return Err(WalletRefusal::SamePerson.into()),
            (WalletVerdict::Approve, WalletChangeState::Asked) => WalletChangeState::Approved,
            (WalletVerdict::Reject, WalletChangeState::Asked | WalletChangeState::Approved) => WalletChangeState::Rejected,
            _ => return Err(WalletRefusal::Decided.into()),
        };
        // It decides between rivals.
        if !table::decide(&mut tx, &change, state, &by.person, unix_ms(now)).await? {
            return Err(WalletRefusal::Decided.into());
        }
        let change = table::get(&mut tx, &by.book, change_id).await?.unwrap_or(change);
        self.answer_change(tx, by, &change, now).await?;
        Ok((change, false))
    }

    /// Records the answer and has the change go on at once.
    async fn answer_change(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Any>,
        by: &WalletCaller,
        change: &WalletChange,
        now: SystemTime,
    ) -> Result<(), Error> {
        let outcome = KeptAnswer { bytes: change.change_id.as_bytes().to_vec(), refusal: false };
        requests::finish(&mut tx, by.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        tracing::info!(change_id = %change.change_id, state = ?change.state, "a wallet is to be closed or merged, or that was decided");
        self.news.notify_one();
        Ok(())
    }
}

/// The change that a request was answered with before; `None`: the request is new.
async fn answered(connection: &mut AnyConnection, by: &WalletCaller, now: SystemTime) -> Result<Option<WalletChange>, Error> {
    let standing = requests::begin(connection, by.key(), &by.fields, now).await.map_err(crate::store::Error::from)?;
    match standing {
        RequestStanding::Reused { differing } => Err(Error::RequestIdReused { differing }),
        RequestStanding::Replay(outcome) => {
            let damaged = || crate::store::Error::Damaged { purchase_id: by.request_id.to_string(), column: "outcome" };
            let change_id = Uuid::from_slice(&outcome.bytes).map_err(|_| damaged())?;
            Ok(Some(table::get(connection, &by.book, change_id).await?.ok_or_else(damaged)?))
        }
        RequestStanding::New | RequestStanding::Unfinished { .. } => Ok(None),
    }
}
