//! What becomes of the coins of a wallet that is closed, and what stands against closing it.

use api::ledger::AccountState;
use ledger_client::BalanceSeq;
use money::{BookName, Coins, Currency, Money, UserKey};
use uuid::Uuid;

use super::refusal::WalletRefusal;
use super::rules::ClosureRule;
use crate::domain::Purchase;
use crate::error::Error;
use crate::lots::{Lot, LotOrigin};
use crate::purchases::Purchases;
use crate::refunds::fact::PaidBack;
use crate::sheets;

/// Lots of which one wallet that is closed may have coins.
const LOTS_MAX: usize = 2_000;

/// What becomes of a lot's coins in a wallet.
#[derive(Debug, Clone)]
pub(crate) enum LotFate {
    /// The store pays them back: so much of the purchase, or all that is left where it pays back no parts.
    PaidBack(Box<Purchase>, Option<Money>),
    /// They are forfeited.
    Forfeited,
}

/// Coins of a lot in a wallet.
#[derive(Debug, Clone)]
pub(crate) struct JudgedLot {
    /// The purchase that brought them; empty where none did.
    pub(crate) purchase_id: String,
    /// The market; empty where it is not known.
    pub(crate) market: String,
    /// Coins of the lot that the wallet still holds.
    pub(crate) coins: i64,
    /// What becomes of them.
    pub(crate) fate: LotFate,
}

/// A wallet whose owner's coins are known by lots.
#[derive(Debug)]
pub(super) struct JudgedWallet {
    /// Those of each lot, in spending order.
    pub(super) lots: Vec<JudgedLot>,
    /// What they are worth together, by currency.
    pub(super) worth: Vec<(Currency, i64)>,
    /// Whether some of them have an unknown price.
    pub(super) has_unknown: bool,
    /// The state of the wallet of which that is true.
    pub(super) seq: BalanceSeq,
}

impl Purchases {
    /// What stands against emptying a wallet, if anything does.
    pub(super) async fn wallet_obstacle(&self, book: &BookName, user: &UserKey, owing: bool) -> Result<Option<WalletRefusal>, Error> {
        if !self.ledger.has_wallet(book, user).await? {
            return Ok(Some(WalletRefusal::Unknown(user.to_string())));
        }
        let wallet = self.ledger.viewer_wallet(book, user).await?;
        if let Some(state) = not_open(wallet.state) {
            return Ok(Some(WalletRefusal::NotOpen { user_id: user.to_string(), state }));
        }
        if !owing && wallet.balance.debt > Coins::ZERO {
            return Ok(Some(WalletRefusal::Owes { coins: wallet.balance.debt.get() }));
        }
        if let Some((what, count)) = self.store.wallet_business(book, user).await? {
            return Ok(Some(WalletRefusal::Busy { what, count }));
        }
        // Those of which no row is known, as in an imported book.
        let held = wallet.balance.held.get();
        Ok((held > 0).then_some(WalletRefusal::Busy { what: "holds", count: held }))
    }

    /// What becomes of the coins of a wallet that is closed, by the rules of a day, in Unix milliseconds.
    pub(super) async fn judge_wallet(&self, book: &BookName, user: &UserKey, on_ms: i64) -> Result<JudgedWallet, Error> {
        let seq = self.ledger.viewer_wallet(book, user).await?.balance.seq;
        if self.store.lot_place(book).await?.journal.seq < seq.get() {
            return Err(WalletRefusal::LotsBehind.into());
        }
        let count_max = i64::try_from(LOTS_MAX + 1).unwrap_or(i64::MAX);
        let held = self.store.lots_in_wallet(book, user, count_max).await?;
        if held.len() > LOTS_MAX {
            return Err(WalletRefusal::TooManyLots { lots_max: LOTS_MAX }.into());
        }
        let mut judged = JudgedWallet { lots: Vec::new(), worth: Vec::new(), has_unknown: false, seq };
        for (lot, coins) in &held {
            judged.has_unknown |= lot.origin == LotOrigin::Unknown;
            judged.count(lot, *coins);
            let fate = self.fate(book, lot, *coins, on_ms).await?;
            judged.lots.push(JudgedLot { purchase_id: lot.purchase_id.clone(), market: lot.market.clone(), coins: *coins, fate });
        }
        Ok(judged)
    }

    /// Whether one person may not decide about as much.
    pub(super) fn needs_another(&self, judged: &JudgedWallet) -> bool {
        let is_beyond = |(currency, worth): &(Currency, i64)| *worth > self.refund_options.one_person_max(*currency);
        judged.has_unknown || judged.worth.iter().any(is_beyond)
    }

    async fn fate(&self, book: &BookName, lot: &Lot, coins: i64, on_ms: i64) -> Result<LotFate, Error> {
        // What was given has no price, whatever the market.
        if lot.origin == LotOrigin::Promotional {
            return Ok(LotFate::Forfeited);
        }
        let waits = || Error::from(WalletRefusal::MarketWaits { market: lot.market.clone(), purchase_id: lot.purchase_id.clone() });
        let (rule, otherwise) = self.wallet_rules.closure(&lot.market, sheets::day(on_ms));
        match rule {
            ClosureRule::Wait => return Err(waits()),
            ClosureRule::Forfeit => return Ok(LotFate::Forfeited),
            ClosureRule::Refund => {}
        }
        let purchase = match Uuid::try_parse(&lot.purchase_id) {
            Ok(purchase_id) => self.store.purchase(book, purchase_id).await?,
            Err(_) => None,
        };
        if let Some(purchase) = purchase
            && let Some(account) = self.stores.refunding(&purchase)
        {
            if account.takes_parts() {
                let price = purchase.value.price;
                let worth = PaidBack::new(coins, lot.coins).of(price.minor_units());
                // A part that is worth less than the smallest unit is not paid back by anybody.
                return Ok(match Money::try_new(price.currency(), worth) {
                    Ok(amount) if worth > 0 => LotFate::PaidBack(Box::new(purchase), Some(amount)),
                    _ => LotFate::Forfeited,
                });
            }
            if coins == lot.coins {
                return Ok(LotFate::PaidBack(Box::new(purchase), None));
            }
        }
        if otherwise == ClosureRule::Forfeit { Ok(LotFate::Forfeited) } else { Err(waits()) }
    }
}

impl JudgedWallet {
    /// Counts what so many coins of a lot are worth, at the price that was paid.
    fn count(&mut self, lot: &Lot, coins: i64) {
        let Ok(currency) = Currency::try_new(&lot.currency) else { return };
        let worth = PaidBack::new(coins, lot.coins).of(lot.price);
        match self.worth.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, sum)) => *sum = sum.saturating_add(worth),
            None => self.worth.push((currency, worth)),
        }
    }
}

/// How an account is that takes and gives nothing; `None`: it is open.
pub(super) fn not_open(state: AccountState) -> Option<&'static str> {
    match state {
        AccountState::Open | AccountState::Unspecified => None,
        AccountState::Frozen => Some("frozen"),
        AccountState::Closed => Some("closed"),
    }
}
