//! What buyers and the wallet's staff do, on command.

use super::{
    Desk,
    keys::WalletKey,
    now_ms,
    refund::{RefundOutcome, RefundState, TradeNews, WalletRefund},
    report,
    trade::{NothingDone, Trade, TradeState},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The body of `POST /commands`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalletCommand {
    /// `pay`, `finish`, `close`, `refund`, `refund_abnormal`, `refund_closed`, `refund_settled`, `refund_called_off`, `refund_stuck`, `refunds_become`, `say`,
    /// `repeat`, `rotate`, `key_mode`, `fault`, `bill`, `withdraw` or `close_day`.
    pub command: String,
    /// The seller's id of the trade that it is about, or the wallet's number of it.
    pub trade: String,
    /// In hundredths. `withdraw`: so much goes to the seller's bank. `refund`: so much of it; all that is left if absent. `pay`: the wallet says that this was paid.
    pub amount: Option<i64>,
    /// `pay`: in this currency.
    pub currency: Option<String>,
    /// `pay`: through this app.
    pub app: Option<String>,
    /// `pay`: to this seller.
    pub seller: Option<String>,
    /// `say`: what a query answers from now on, whatever happened; the truth if absent.
    pub state: Option<TradeState>,
    /// `refunds_become`: what becomes of refunds that the seller asks for from now on.
    pub outcome: RefundOutcome,
    /// `repeat`: the event to report once more.
    pub event: String,
    /// `fault`: see [`FAULTS`]. `bill`: see [`super::bills::BILL_FAULTS`].
    pub fault: String,
    /// `fault`: for how many requests. `bill`: for how many bills.
    pub times: u32,
    /// `key_mode`: see [`KEY_MODES`].
    pub mode: String,
    /// `bill`: of this day only, such as `2026-11-28`.
    pub day: String,
}

/// Faults that requests may meet: not reached; refused for their number; an error; done, and the answer lost; done, and the answer signed by a stranger; no answer
/// of the wallet's form.
pub const FAULTS: [&str; 6] = ["down", "429", "500", "cut", "forged", "garbage"];

/// By what the wallet signs: its public key, as from the start; its certificate; either, while it changes from one to the other: answers by what the request asks for, and
/// reports by one or the other; a certificate that has ended.
pub const KEY_MODES: [&str; 4] = ["public_key", "certificate", "changing", "ended"];

/// The fault that is set.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
struct WalletFault {
    fault: String,
    times: u32,
}

/// Under which names settings are stored.
const FAULT: &str = "fault";
const KEY: &str = "key";
const KEY_MODE: &str = "key_mode";
pub(crate) const TRADE: &str = "trade";

impl Desk {
    /// Does what is commanded; the trade after it, or why nothing was done.
    pub(crate) async fn command(&self, command: &WalletCommand) -> Result<Result<Value, NothingDone>, sqlx::Error> {
        let _one_at_a_time = self.lock.lock().await;
        match command.command.as_str() {
            "repeat" => {
                let repeated = self.store.repeat(&command.event).await?;
                self.queued.notify_one();
                return Ok(if repeated { Ok(json!({})) } else { Err("no such event") });
            }
            "rotate" => {
                self.store.set(KEY, "next").await?;
                return Ok(Ok(json!({})));
            }
            "key_mode" if KEY_MODES.contains(&command.mode.as_str()) => {
                self.store.set(KEY_MODE, &command.mode).await?;
                return Ok(Ok(json!({})));
            }
            "fault" if FAULTS.contains(&command.fault.as_str()) => {
                let fault = json!(WalletFault { fault: command.fault.clone(), times: command.times });
                self.store.set(FAULT, &fault.to_string()).await?;
                return Ok(Ok(fault));
            }
            "bill" | "close_day" | "withdraw" => return self.command_bills(command).await,
            "refunds_become" => {
                self.refunds_become(command.outcome).await?;
                return Ok(Ok(json!({})));
            }
            _ => {}
        }
        let Some(mut trade) = self.named(&command.trade).await? else { return Ok(Err("no such trade, command or fault")) };
        let ends_as = match command.command.as_str() {
            "refund_settled" => Some(RefundState::Succeeded),
            "refund_called_off" => Some(RefundState::Closed),
            "refund_stuck" => Some(RefundState::Abnormal),
            _ => None,
        };
        if let Some(state) = ends_as {
            return Ok(self.end_refund(&mut trade, state).await?.map(|refund| json!(refund)));
        }
        let news = match act(&mut trade, command) {
            Ok(news) => news,
            Err(why) => return Ok(Err(why)),
        };
        self.keep(&trade).await?;
        if let Some(news) = news {
            if let TradeNews::Refunded(refund) = &news {
                self.keep_refund(refund).await?;
            }
            self.happened(&trade, news).await?;
        }
        Ok(Ok(json!(trade)))
    }

    pub(crate) async fn trade(&self, id: &str) -> Result<Option<Trade>, sqlx::Error> {
        Ok(self.store.get(TRADE, id).await?.and_then(|trade| serde_json::from_value(trade).ok()))
    }

    /// The trade of the seller's id or of the wallet's own number.
    async fn named(&self, name: &str) -> Result<Option<Trade>, sqlx::Error> {
        if let Some(trade) = self.trade(name).await? {
            return Ok(Some(trade));
        }
        let trades = self.store.all(TRADE).await?.into_iter().filter_map(|trade| serde_json::from_value::<Trade>(trade).ok());
        Ok(trades.into_iter().find(|trade| trade.number == name))
    }

    pub(crate) async fn keep(&self, trade: &Trade) -> Result<(), sqlx::Error> {
        self.store.put(TRADE, &json!(trade)).await
    }

    /// By what the wallet signs.
    pub(crate) async fn key_mode(&self) -> Result<String, sqlx::Error> {
        Ok(self.store.setting(KEY_MODE).await?.unwrap_or_default())
    }

    /// The key that signs an answer; `by_certificate`: to a request that wants it signed by certificate.
    pub(crate) async fn answering_key(&self, by_certificate: bool) -> Result<WalletKey, sqlx::Error> {
        match self.key_mode().await?.as_str() {
            "certificate" => Ok(WalletKey::Certified),
            "ended" => Ok(WalletKey::Ended),
            "changing" if by_certificate => Ok(WalletKey::Certified),
            _ => self.public_key().await,
        }
    }

    /// The key that signs a report: while the wallet changes, one or the other, whatever requests want.
    pub(crate) async fn reporting_key(&self, event_id: &str) -> Result<WalletKey, sqlx::Error> {
        self.answering_key(event_id.bytes().fold(0, u8::wrapping_add) % 2 == 0).await
    }

    async fn public_key(&self) -> Result<WalletKey, sqlx::Error> {
        Ok(if self.store.setting(KEY).await?.is_some() { WalletKey::Next } else { WalletKey::First })
    }

    /// The fault of the next request; uses up one of its times.
    pub(crate) async fn take_fault(&self) -> Result<String, sqlx::Error> {
        let _one_at_a_time = self.lock.lock().await;
        let fault = self.store.setting(FAULT).await?.and_then(|text| serde_json::from_str::<WalletFault>(&text).ok()).unwrap_or_default();
        if fault.times == 0 {
            return Ok(String::new());
        }
        let left = json!(WalletFault { times: fault.times - 1, ..fault.clone() });
        self.store.set(FAULT, &left.to_string()).await?;
        Ok(fault.fault)
    }

    /// Makes an event, to be reported or, on command, lost.
    pub(crate) async fn happened(&self, trade: &Trade, news: TradeNews) -> Result<(), sqlx::Error> {
        let mut event = (self.brand.event)(trade, &news);
        event["url"] = json!(trade.notify_url);
        let lost = report::lose_one(self).await?;
        self.store.add_event(&event, lost, now_ms()).await?;
        self.queued.notify_one();
        Ok(())
    }
}

/// Changes a trade; what the seller is to know.
fn act(trade: &mut Trade, command: &WalletCommand) -> Result<Option<TradeNews>, NothingDone> {
    match command.command.as_str() {
        "pay" => pay(trade, command),
        "finish" if trade.state == TradeState::Paid => {
            trade.state = TradeState::Finished;
            Ok(Some(TradeNews::Moved))
        }
        "close" => close(trade),
        "refund" => refund(trade, command.amount.unwrap_or(trade.fen - trade.refunded_fen)),
        "refund_abnormal" | "refund_closed" if trade.state == TradeState::Paid => {
            let amount = command.amount.unwrap_or(trade.fen);
            let of_state = |state| WalletRefund::of(trade, amount, state);
            let abnormal = command.command == "refund_abnormal";
            Ok(Some(if abnormal {
                TradeNews::Abnormal(of_state(RefundState::Abnormal))
            } else {
                TradeNews::RefundClosed(of_state(RefundState::Closed))
            }))
        }
        "say" => {
            trade.query_says = command.state;
            Ok(None)
        }
        _ => Err("no such command, or not of a trade in this state"),
    }
}

fn pay(trade: &mut Trade, command: &WalletCommand) -> Result<Option<TradeNews>, NothingDone> {
    if trade.state != TradeState::Unpaid || now_ms() >= trade.expires_at_ms {
        return Err("it can't be paid any more");
    }
    trade.fen = command.amount.unwrap_or(trade.fen);
    for (field, said) in [(&mut trade.currency, &command.currency), (&mut trade.app, &command.app), (&mut trade.seller, &command.seller)] {
        if let Some(said) = said {
            field.clone_from(said);
        }
    }
    trade.state = TradeState::Paid;
    trade.paid_at_ms = now_ms();
    Ok(Some(TradeNews::Moved))
}

/// Ends a trade that nobody has paid.
pub(crate) fn close(trade: &mut Trade) -> Result<Option<TradeNews>, NothingDone> {
    if trade.state != TradeState::Unpaid {
        return Err("only an unpaid trade can be closed");
    }
    trade.state = TradeState::Closed;
    Ok(Some(TradeNews::Moved))
}

fn refund(trade: &mut Trade, amount: i64) -> Result<Option<TradeNews>, NothingDone> {
    if !trade.may_refund(amount) {
        return Err("more than is left of what was paid, or too late");
    }
    trade.refunded_fen += amount;
    Ok(Some(TradeNews::Refunded(WalletRefund::of(trade, amount, RefundState::Succeeded))))
}
