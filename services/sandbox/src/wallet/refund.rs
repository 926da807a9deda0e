//! Refunds of trades: by the seller's interface, under an id that the seller gave, or by people at the wallet.

use super::{
    Desk, now_ms,
    trade::{NothingDone, Trade, new_number},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Under which name refunds are stored, and what becomes of them.
const REFUND: &str = "refund";
const BECOME: &str = "refunds_become";

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundState {
    /// Paid back.
    Succeeded,
    /// On its way.
    Pending,
    /// Called off; nothing was paid back.
    Closed,
    /// The money has nowhere to go.
    Abnormal,
}

/// What becomes of refunds that sellers ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefundOutcome {
    /// Paid back at once.
    #[default]
    Succeeded,
    /// On their way until a command ends them.
    Pending,
    /// Refused.
    Refused,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletRefund {
    /// The seller's id, or one that the wallet made up.
    pub id: String,
    /// The wallet's id.
    pub number: String,
    /// The seller's id of the trade.
    pub trade: String,
    /// How much, in hundredths.
    pub fen: i64,
    /// How far it is.
    pub state: RefundState,
    /// When it came into that state, in Unix milliseconds.
    pub at_ms: i64,
}

/// What happened to a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TradeNews {
    /// It was paid, ended, or can no longer be refunded: its state says which.
    Moved,
    /// It was refunded just now.
    Refunded(WalletRefund),
    /// It could not be refunded: the money has nowhere to go.
    Abnormal(WalletRefund),
    /// The refund was called off.
    RefundClosed(WalletRefund),
}

impl WalletRefund {
    /// One that people at the wallet make.
    pub(crate) fn of(trade: &Trade, fen: i64, state: RefundState) -> Self {
        let number = new_number();
        Self { id: format!("R{number}"), number, trade: trade.id.clone(), fen, state, at_ms: now_ms() }
    }
}

impl Desk {
    pub(crate) async fn refund(&self, id: &str) -> Result<Option<WalletRefund>, sqlx::Error> {
        Ok(self.store.get(REFUND, id).await?.and_then(|refund| serde_json::from_value(refund).ok()))
    }

    /// Every refund, newest first.
    pub(crate) async fn refunds(&self) -> Result<Vec<WalletRefund>, sqlx::Error> {
        let all = self.store.all(REFUND).await?;
        Ok(all.into_iter().filter_map(|refund| serde_json::from_value(refund).ok()).collect())
    }

    pub(crate) async fn keep_refund(&self, refund: &WalletRefund) -> Result<(), sqlx::Error> {
        self.store.put(REFUND, &json!(refund)).await
    }

    pub(crate) async fn refunds_become(&self, outcome: RefundOutcome) -> Result<(), sqlx::Error> {
        self.store.set(BECOME, &json!(outcome).to_string()).await
    }

    /// The seller asks for a refund: the one of this id if it was asked for before. The flag: it is new.
    pub(crate) async fn ask_refund(
        &self,
        trade: &mut Trade,
        id: &str,
        fen: i64,
    ) -> Result<Result<(WalletRefund, bool), NothingDone>, sqlx::Error> {
        if let Some(known) = self.refund(id).await? {
            let is_same = known.trade == trade.id && known.fen == fen;
            return Ok(if is_same { Ok((known, false)) } else { Err("the id was used for another refund") });
        }
        let outcome = self.store.setting(BECOME).await?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let state = match outcome {
            RefundOutcome::Refused => return Ok(Err("refunds are refused")),
            RefundOutcome::Pending => RefundState::Pending,
            RefundOutcome::Succeeded => RefundState::Succeeded,
        };
        if !trade.may_refund(fen) {
            return Ok(Err("more than is left of what was paid, or too late"));
        }
        let refund = WalletRefund { id: id.to_owned(), ..WalletRefund::of(trade, fen, state) };
        self.keep_refund(&refund).await?;
        if state == RefundState::Succeeded {
            self.pay_back(trade, &refund).await?;
        }
        Ok(Ok((refund, true)))
    }

    /// A refund that is on its way, or has nowhere to go, comes to this state.
    pub(crate) async fn end_refund(&self, trade: &mut Trade, state: RefundState) -> Result<Result<WalletRefund, NothingDone>, sqlx::Error> {
        let is_open = |refund: &WalletRefund| {
            refund.trade == trade.id && matches!(refund.state, RefundState::Pending | RefundState::Abnormal) && refund.state != state
        };
        let Some(refund) = self.refunds().await?.into_iter().find(is_open) else { return Ok(Err("no refund of it is on its way")) };
        let refund = WalletRefund { state, at_ms: now_ms(), ..refund };
        self.keep_refund(&refund).await?;
        match state {
            RefundState::Succeeded => self.pay_back(trade, &refund).await?,
            RefundState::Pending => {}
            RefundState::Closed => self.happened(trade, TradeNews::RefundClosed(refund.clone())).await?,
            RefundState::Abnormal => self.happened(trade, TradeNews::Abnormal(refund.clone())).await?,
        }
        Ok(Ok(refund))
    }

    async fn pay_back(&self, trade: &mut Trade, refund: &WalletRefund) -> Result<(), sqlx::Error> {
        trade.refunded_fen += refund.fen;
        self.keep(trade).await?;
        self.happened(trade, TradeNews::Refunded(refund.clone())).await
    }
}
