//! Takes changes of wallets step by step to their end. Each step is recorded, and may be repeated.

use std::time::SystemTime;

use api::ledger::AccountState;
use chart::{Account, GuardKey};
use db::requests::SentFields;
use ledger_client::{BalanceSeq, LedgerReason, NotPosted, ViewerWallet};
use money::time::unix_ms;
use money::{RequestId, UserKey};

use super::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
use super::judge::LotFate;
use super::refusal::WalletRefusal;
use crate::domain::Purchase;
use crate::error::Error;
use crate::postings;
use crate::purchases::Purchases;
use crate::refund_orders::order::{RefundOrderState, RefundStarter};
use crate::refund_orders::refusal::RefundRefusal;
use crate::refund_orders::{RefundAsk, RefundCaller};
use crate::retry::soon_ms;

/// Steps of a change in one run: paid back, posted, closed, and once more for coins that came meanwhile.
const STEPS_MAX: usize = 6;

/// What a step came to.
enum ChangeStep {
    /// The next one may be taken at once.
    Taken,
    /// Not yet, for this reason.
    Waits(String),
    /// Never, for this reason.
    Ends(String),
}

/// A row that is not what people asked for and approved: nothing is posted of it, and the audit names it too.
fn stays(change: &WalletChange, why: &str) -> ChangeStep {
    tracing::error!(change_id = %change.change_id, why, "a wallet is not closed or merged: its row is not what was asked for and approved");
    ChangeStep::Waits(format!("it is not what was asked for and approved: {why}"))
}

impl Purchases {
    /// Takes wallets that are closed or merged further, at most `count_max`.
    pub(crate) async fn change_wallets(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        for change in self.store.due_wallet_changes(unix_ms(now), count_max).await? {
            // Whatever made it due: until then its owner can take it back.
            if change.waits_until_ms > unix_ms(now) {
                self.store.put_off_wallet_change(&change, "its owner can still take it back", change.waits_until_ms).await?;
                continue;
            }
            let mut at = change;
            for _ in 0..STEPS_MAX {
                // The ids of postings carry the time at which they are planned, which the ledger compares with its clock: that is the present, whatever is due.
                let step = match self.take_step(&at, SystemTime::now()).await {
                    Ok(step) => step,
                    Err(error) => ChangeStep::Waits(error.of_row("wallet_change")?),
                };
                let now_ms = unix_ms(now);
                match step {
                    ChangeStep::Taken => {}
                    ChangeStep::Waits(why) => {
                        tracing::info!(change_id = %at.change_id, why, "a wallet is not closed or merged yet");
                        self.store.put_off_wallet_change(&at, &why, now_ms.saturating_add(soon_ms(at.tries))).await?;
                        break;
                    }
                    ChangeStep::Ends(why) => {
                        // As it is by now: a posting that was refused is planned no more. What another process took further meanwhile, perhaps to its end, goes on.
                        let dropped = (WalletChangeState::Posting, WalletChangeState::Approved);
                        let is_as_it_was = |found: &WalletChange| (found.state, found.tries) == (at.state, at.tries);
                        let by_now = self.store.wallet_change(&at.book, at.change_id).await?;
                        if let Some(by_now) = by_now.filter(|found| is_as_it_was(found) || (at.state, found.state) == dropped) {
                            tracing::warn!(change_id = %at.change_id, why, "a wallet can't be closed or merged; a person decides");
                            self.store.advance_wallet_change(&by_now, WalletChangeState::Stopped, &why, now_ms).await?;
                        }
                        break;
                    }
                }
                match self.store.wallet_change(&at.book, at.change_id).await? {
                    Some(next) if !next.state.is_over() => at = next,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    async fn take_step(&self, change: &WalletChange, now: SystemTime) -> Result<ChangeStep, Error> {
        match change.state {
            WalletChangeState::Approved => self.empty_wallet(change, now).await,
            WalletChangeState::Posting => self.post_change(change).await,
            WalletChangeState::Closing => self.close_wallet(change, now).await,
            WalletChangeState::Asked | WalletChangeState::Done | WalletChangeState::Rejected | WalletChangeState::Stopped => {
                Ok(ChangeStep::Waits(String::new()))
            }
        }
    }

    /// Has paid back what is to be paid back, and plans what is posted of the rest.
    async fn empty_wallet(&self, change: &WalletChange, now: SystemTime) -> Result<ChangeStep, Error> {
        if let Some(why) = self.store.wallet_change_forgery(change).await? {
            return Ok(stays(change, &why));
        }
        let judged_at = match change.act {
            WalletAct::Close => match self.pay_back(change, now).await? {
                Ok(seq) => Some(seq),
                Err(other) => return Ok(other),
            },
            WalletAct::MergeInto(_) => None,
        };
        if let Some(obstacle) = self.wallet_obstacle(&change.book, &change.user, change.act.into_user().is_some()).await? {
            return Ok(match obstacle {
                WalletRefusal::NotOpen { state: "closed", .. } | WalletRefusal::Unknown(_) => ChangeStep::Ends(obstacle.message()),
                _ => ChangeStep::Waits(obstacle.message()),
            });
        }
        if let Some(new) = self.plan_change(change, judged_at, now).await? {
            self.store.plan_wallet_posting(change, &new).await?;
        } else {
            self.store.advance_wallet_change(change, WalletChangeState::Closing, "", unix_ms(now)).await?;
        }
        Ok(ChangeStep::Taken)
    }

    /// What is posted as the wallet is now; `None`: nothing. A merge posts once in any case, so that the lots follow. `judged_at`: the only state of the wallet of which
    /// coins may be forfeited; coins that came since may have to be paid back.
    async fn plan_change(
        &self,
        change: &WalletChange,
        judged_at: Option<BalanceSeq>,
        now: SystemTime,
    ) -> Result<Option<WalletPosting>, Error> {
        let (book, user) = (&change.book, &change.user);
        // First: if a debt changes after it, the ledger refuses the posting.
        let debt_change_no = self.store.debt_change_no(book, user).await?;
        let into_debt_change_no = match change.act.into_user() {
            Some(into) => self.store.debt_change_no(book, into).await?,
            None => 0,
        };
        let posting_no = self.store.next_wallet_posting(change).await?;
        let ViewerWallet { balance, .. } = self.ledger.viewer_wallet(book, user).await?;
        if judged_at.is_some_and(|seq| seq != balance.seq) {
            return Err(WalletRefusal::LotsBehind.into());
        }
        let debt = if change.act.into_user().is_some() { balance.debt.get() } else { 0 };
        let is_owed_something = balance.available().get() > 0 || debt > 0;
        let is_first_merge = change.act.into_user().is_some() && posting_no == 1;
        Ok((is_owed_something || is_first_merge).then(|| WalletPosting {
            book: book.clone(),
            change_id: change.change_id,
            posting_no,
            user: user.clone(),
            act: change.act.clone(),
            coins: balance.available().get(),
            debt,
            debt_change_no,
            into_debt_change_no,
            attempt: change.tries,
            planned_at_ms: unix_ms(now),
            posting_id: String::new(),
        }))
    }

    async fn post_change(&self, change: &WalletChange) -> Result<ChangeStep, Error> {
        let Some(planned) = self.store.planned_wallet_posting(change).await? else {
            // Another process recorded or dropped it just now, or it never was.
            let by_now = self.store.wallet_change(&change.book, change.change_id).await?;
            let is_as_it_was = by_now.is_some_and(|found| (found.state, found.tries) == (change.state, change.tries));
            return Ok(if is_as_it_was { ChangeStep::Ends("its posting is not there".to_owned()) } else { ChangeStep::Taken });
        };
        if let Some(why) = self.store.wallet_change_forgery(change).await? {
            return Ok(stays(change, &why));
        }
        let not_posted = match self.ledger.posting(&change.book, postings::emptied(&planned)).await {
            Ok(posting) => {
                self.store.wallet_posted(change, &planned, &posting.posting_id, unix_ms(SystemTime::now())).await?;
                return Ok(ChangeStep::Taken);
            }
            Err(not_posted) => not_posted,
        };
        // One that the ledger finds ahead of its clock may still be posted by another call with its id.
        let is_final = ledger_client::is_final(&not_posted, planned.planned_at_ms, unix_ms(SystemTime::now()));
        let Some(refusal) = not_posted.refusal().filter(|_| is_final) else { return Ok(ChangeStep::Waits(not_posted.to_string())) };
        let guard = refusal.fact("guard");
        if refusal.reason == LedgerReason::GuardMismatch && guard == GuardKey::wallet(change.change_id, planned.posting_no).as_str() {
            return Ok(ChangeStep::Ends("it was posted under another id, which is not recorded".to_owned()));
        }
        for user in [Some(&change.user), change.act.into_user()].into_iter().flatten() {
            if refusal.reason == LedgerReason::GuardMismatch
                && guard == GuardKey::debt(user).as_str()
                && let Ok(actual) = refusal.fact("actual").parse()
            {
                self.store.debt_changed(&change.book, user, actual).await?;
            }
        }
        // Nothing was posted and nothing will be under this id: what the wallet has then is planned anew.
        self.store.drop_wallet_posting(change, &planned, &not_posted.to_string()).await?;
        match refusal.reason {
            LedgerReason::GuardMismatch | LedgerReason::InsufficientFunds | LedgerReason::RequestIdTime => Ok(ChangeStep::Taken),
            LedgerReason::AccountClosed => Ok(ChangeStep::Ends(not_posted.to_string())),
            _ => {
                let at = self.store.wallet_change(&change.book, change.change_id).await?;
                let next = unix_ms(SystemTime::now()).saturating_add(soon_ms(change.tries));
                self.store.put_off_wallet_change(at.as_ref().unwrap_or(change), &not_posted.to_string(), next).await?;
                Ok(ChangeStep::Waits(not_posted.to_string()))
            }
        }
    }

    /// Has the ledger close the wallet, which it does if nothing is in it, held, on its way to it or owed by its owner.
    async fn close_wallet(&self, change: &WalletChange, now: SystemTime) -> Result<ChangeStep, Error> {
        let account = Account::viewer_coins(&change.user).name();
        match self.ledger.set_account_state(&change.book, change.close_request(unix_ms(now)), &account, AccountState::Closed).await {
            Ok(()) => {
                self.store.advance_wallet_change(change, WalletChangeState::Done, "", unix_ms(now)).await?;
                tracing::info!(change_id = %change.change_id, "a wallet was closed");
                Ok(ChangeStep::Taken)
            }
            Err(NotPosted::Refused(refusal)) if matches!(refusal.reason, LedgerReason::AccountNotEmpty | LedgerReason::CoinsOwed) => {
                // Coins came meanwhile, or are owed: as at the beginning.
                self.store.advance_wallet_change(change, WalletChangeState::Approved, &refusal.to_string(), unix_ms(now)).await?;
                Ok(ChangeStep::Taken)
            }
            Err(not_closed) => Ok(ChangeStep::Waits(not_closed.to_string())),
        }
    }

    /// Starts the refunds that the rules of the change's day say, once each, and waits for their end. Then the rest of what the wallet had in this state is forfeited.
    async fn pay_back(&self, change: &WalletChange, now: SystemTime) -> Result<Result<BalanceSeq, ChangeStep>, Error> {
        let judged = match self.judge_wallet(&change.book, &change.user, change.created_at_ms).await {
            Ok(judged) => judged,
            Err(Error::Wallet(refusal @ WalletRefusal::MarketWaits { .. })) => return Ok(Err(ChangeStep::Ends(refusal.message()))),
            Err(Error::Wallet(refusal)) => return Ok(Err(ChangeStep::Waits(refusal.message()))),
            Err(other) => return Err(other),
        };
        // Coins may have come since one person asked.
        if change.decided_by.is_empty() && self.needs_another(&judged) {
            let why = "the wallet has more by now than one person may decide about; ask again, so that another approves";
            return Ok(Err(ChangeStep::Ends(why.to_owned())));
        }
        for lot in judged.lots {
            let LotFate::PaidBack(purchase, amount) = lot.fate else { continue };
            match self.pay_one_back(change, &purchase, amount, now).await? {
                ChangeStep::Taken => {}
                other => return Ok(Err(other)),
            }
        }
        Ok(Ok(judged.seq))
    }

    async fn pay_one_back(
        &self,
        change: &WalletChange,
        of: &Purchase,
        amount: Option<money::Money>,
        now: SystemTime,
    ) -> Result<ChangeStep, Error> {
        let request_id = change.refund_request(of.purchase_id);
        let by = RefundCaller {
            book: change.book.clone(),
            subject: change.asked_by.clone(),
            person: change.asked_by.clone(),
            request_id: RequestId::parse(&request_id.hyphenated().to_string()).expect("a derived id is a UUID"),
            rpc: "RefundPurchase",
            // Not the amount: coins may be spent before it is repeated, and what was asked for first counts.
            fields: SentFields::new().with("change_id", change.change_id).with("purchase_id", of.purchase_id),
        };
        let started_by = if change.is_by_owner() { RefundStarter::Buyer } else { RefundStarter::Staff };
        let ask = |amount| RefundAsk { started_by, by_right: false, amount, is_approved: true };
        let mut started = self.start_refund(&by, of, ask(amount), now).await;
        if let (Err(Error::Refund(RefundRefusal::Exceeds { minor_units_max })), Some(asked)) = (&started, amount) {
            // Rounded down once less: what is left of the price.
            match money::Money::try_new(asked.currency(), *minor_units_max) {
                Ok(left) if left.minor_units() > 0 => started = self.start_refund(&by, of, ask(Some(left)), now).await,
                _ => return Ok(ChangeStep::Taken),
            }
        }
        match started {
            Ok((order, _)) => Ok(match order.state {
                RefundOrderState::Succeeded => ChangeStep::Taken,
                RefundOrderState::Failed | RefundOrderState::Rejected | RefundOrderState::Ended => {
                    ChangeStep::Ends(format!("refund {} of a purchase was not paid back; the wallet stays open", order.refund_id))
                }
                RefundOrderState::Asked
                | RefundOrderState::Approved
                | RefundOrderState::Sent
                | RefundOrderState::Unknown
                | RefundOrderState::Abnormal => ChangeStep::Waits(format!("refund {} has not ended", order.refund_id)),
            }),
            Err(Error::Refund(refusal)) => Ok(ChangeStep::Waits(tonic::Status::from(refusal).message().to_owned())),
            Err(other) => Err(other),
        }
    }

    /// Who has what a user had, for a refund of it; `None`: that is not known before a merge is posted.
    pub(crate) async fn owner_of_coins(&self, book: &money::BookName, user: &UserKey) -> Result<Option<UserKey>, Error> {
        match self.store.wallet_owner(book, user).await? {
            crate::store::wallet_changes::WalletOwner::Is(user) => Ok(Some(user)),
            crate::store::wallet_changes::WalletOwner::Moving => Ok(None),
        }
    }
}
