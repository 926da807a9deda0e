//! What owners ask about closing their own wallets: what would become of their coins, and that it be done, or not after all.

use std::time::SystemTime;

use money::time::unix_ms;
use money::{BookName, UserKey};
use uuid::Uuid;

use super::change::{WalletAct, WalletChange, WalletChangeState};
use super::judge::{JudgedLot, JudgedWallet};
use super::refusal::WalletRefusal;
use super::{ChangeTerms, WalletCaller, answered};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::sheets;
use crate::store::wallet_changes as table;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// What would become of a wallet if its owner closed it now.
#[derive(Debug, Default)]
pub(crate) struct ClosureOutlook {
    /// Coins in it, with those on hold.
    pub(crate) coins: i64,
    /// Coins that its owner owes.
    pub(crate) owed: i64,
    /// What would become of them, by lot; empty where that is not known.
    pub(crate) lots: Vec<JudgedLot>,
    /// What stands in the way, in the order of reasons.
    pub(crate) obstacles: Vec<WalletRefusal>,
    /// Whether a member of staff would have to approve it.
    pub(crate) needs_another: bool,
    /// Until when it could be taken back, in Unix milliseconds; `None`: that is not known.
    pub(crate) waits_until_ms: Option<i64>,
    /// The closure that has not ended.
    pub(crate) open: Option<WalletChange>,
}

/// An obstacle, or the error that is none.
fn obstacle(error: Error) -> Result<WalletRefusal, Error> {
    match error {
        // It ends by itself, and what is shown without it would be wrong.
        Error::Wallet(refusal @ WalletRefusal::LotsBehind) => Err(refusal.into()),
        Error::Wallet(refusal) => Ok(refusal),
        other => Err(other),
    }
}

impl Purchases {
    /// What would become of a wallet that its owner closes.
    pub(crate) async fn closure_outlook(&self, book: &BookName, user: &UserKey, now: SystemTime) -> Result<ClosureOutlook, Error> {
        let mut outlook = ClosureOutlook::default();
        let found = self.wallet_obstacle(book, user, false).await?;
        let is_known = !matches!(found, Some(WalletRefusal::Unknown(_)));
        outlook.obstacles.extend(found);
        if !is_known {
            return Ok(outlook);
        }
        let wallet = self.ledger.viewer_wallet(book, user).await?;
        (outlook.coins, outlook.owed) = (wallet.balance.coins.get(), wallet.balance.debt.get());
        match self.judge_wallet(book, user, unix_ms(now)).await {
            Ok(judged) => {
                outlook.needs_another = self.needs_another(&judged);
                match self.owners_time(&judged, unix_ms(now)) {
                    Ok(until_ms) => outlook.waits_until_ms = Some(until_ms),
                    Err(refusal) => outlook.obstacles.push(refusal),
                }
                outlook.lots = judged.lots;
            }
            Err(error) => outlook.obstacles.push(obstacle(error)?),
        }
        let open = table::open_of(&mut *self.store.pool.acquire().await.map_err(crate::store::Error::from)?, book, user).await?;
        outlook.obstacles.extend(open.iter().map(|open| WalletRefusal::Open(open.change_id)));
        outlook.open = open.filter(|open| open.act == WalletAct::Close && open.user == *user);
        Ok(outlook)
    }

    /// Begins to close the caller's own wallet, once. The flag: it was answered before.
    pub(crate) async fn ask_closure(&self, by: &WalletCaller, now: SystemTime) -> Result<(WalletChange, bool), Error> {
        // Before the transaction, as where staff ask.
        let terms = self.may_close_own(by, now).await;
        self.begin_change(by, &by.person, WalletAct::Close, terms, now).await
    }

    async fn may_close_own(&self, by: &WalletCaller, now: SystemTime) -> Result<ChangeTerms, Error> {
        if let Some(obstacle) = self.wallet_obstacle(&by.book, &by.person, false).await? {
            return Err(obstacle.into());
        }
        let judged = self.judge_wallet(&by.book, &by.person, unix_ms(now)).await?;
        let waits_until_ms = self.owners_time(&judged, unix_ms(now))?;
        Ok(ChangeTerms { needs_another: self.needs_another(&judged), waits_until_ms })
    }

    /// Until when an owner who asks at this time, in Unix milliseconds, can take it back: the longest time of the markets in which the coins of the wallet were sold.
    fn owners_time(&self, judged: &JudgedWallet, at_ms: i64) -> Result<i64, WalletRefusal> {
        let mut markets: Vec<&str> = judged.lots.iter().map(|lot| lot.market.as_str()).filter(|market| !market.is_empty()).collect();
        if markets.is_empty() {
            markets.push("");
        }
        let mut longest = 0;
        for market in markets {
            let days = self.wallet_rules.waiting(market, sheets::day(at_ms));
            longest = longest.max(days.ok_or_else(|| WalletRefusal::ByStaff { market: market.to_owned() })?);
        }
        Ok(at_ms.saturating_add(i64::from(longest).saturating_mul(DAY_MS)))
    }

    /// Takes back the closure that the caller asked for, once. The flag: it was answered before.
    pub(crate) async fn take_back_closure(
        &self,
        by: &WalletCaller,
        change_id: Uuid,
        now: SystemTime,
    ) -> Result<(WalletChange, bool), Error> {
        let mut tx = self.store.begin().await?;
        if let Some(kept) = answered(&mut tx, by, now).await? {
            return Ok((kept, true));
        }
        let found = table::get(&mut tx, &by.book, change_id).await?.filter(|change| change.is_by_owner() && change.user == by.person);
        let change = found.ok_or_else(|| WalletRefusal::ChangeUnknown(change_id.to_string()))?;
        // The row decides between rivals, such as a member of staff.
        let (rejected, now_ms) = (WalletChangeState::Rejected, unix_ms(now));
        if !change.is_cancellable(now_ms) || !table::decide(&mut tx, &change, rejected, &by.person, now_ms).await? {
            return Err(WalletRefusal::Decided.into());
        }
        let change = table::get(&mut tx, &by.book, change_id).await?.unwrap_or(change);
        self.answer_change(tx, by, &change, now).await?;
        Ok((change, false))
    }
}
