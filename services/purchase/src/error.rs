//! Answers to callers: one closed enum, one table to code and reason.

use crate::domain::refusal::ReceiptRefusal;
use crate::limits::refusal::LimitRefusal;
use crate::lots::LotsError;
use crate::meters;
use crate::orders::refusal::OrderRefusal;
use crate::price_lists::refusal::SheetRefusal;
use crate::refund_orders::refusal::RefundRefusal;
use crate::settlements::refusal::DecisionRefusal;
use crate::settlements::report::ReportRefusal;
use crate::store::lots::LotRowsError;
use crate::stores::receipt::RefusedReceipt;
use crate::wallet_changes::refusal::WalletRefusal;
use ledger_client::{LedgerReason, NotPosted};
use rpc::StickyRefusal;
use tonic::{Code, Status};

impl RefusedReceipt {
    /// The refusal as kept under its request id, and sent.
    pub(crate) fn kept(&self) -> StickyRefusal {
        let code = match self.refusal {
            ReceiptRefusal::ProductUnknown => Code::NotFound,
            _ => Code::FailedPrecondition,
        };
        let facts: Vec<_> = self.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        StickyRefusal::new(code, self.refusal.reason(), self.message.clone(), &facts)
    }
}

/// Every error of a handler.
#[derive(Debug)]
pub enum Error {
    /// A field does not have its required form.
    Malformed {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The id was used with other fields.
    RequestIdReused {
        /// The fields that differ.
        differing: Vec<String>,
    },
    /// The receipt was refused.
    Refused(RefusedReceipt),
    /// The receipt is the store's, and its buyer has not paid yet. The refusal is not kept: the coins follow the payment.
    Pending,
    /// The store could not be asked about the receipt, for this reason, which callers are not given. The refusal is not kept.
    StoreUnavailable(String),
    /// A LIVE book, and the packages in force are the built-in ones, which are for TEST books. The refusal is not kept: the receipt was paid for.
    ListBuiltIn,
    /// No packages for this market.
    MarketUnknown(String),
    /// The ledger has no such book.
    BookUnknown(String),
    /// Staff asked about a user of whom nothing is known.
    UserUnknown(String),
    /// No such purchase, or not the caller's.
    PurchaseUnknown(String),
    /// The purchase has no lot of coins, or not yet.
    LotUnknown(uuid::Uuid),
    /// The store reported no such event in this book.
    StoreEventUnknown(String),
    /// The event is over, or is read by the program itself.
    StoreEventNotWaiting {
        /// The event.
        event_id: String,
        /// Its state.
        state: &'static str,
    },
    /// Coin lots can't be read.
    Lots(LotsError),
    /// The page token is not from this list.
    PageToken,
    /// The ledger refused a read or, under this attempt's id, a credit.
    Ledger(NotPosted),
    /// The receipt was verified and stored; its credit is pending.
    CreditUncertain,
    /// The receipt is valid and its coins are in suspense, because the wallet is closed. Final.
    Suspended {
        /// The id of the purchase.
        purchase_id: uuid::Uuid,
        /// The coins of the purchase.
        coins: money::Coins,
    },
    /// The ledger will never accept the sale: nothing was issued, and staff decide.
    Blocked {
        /// The stored purchase.
        purchase_id: uuid::Uuid,
        /// The ledger's refusal, as the purchase shows it.
        why: String,
    },
    /// Coins are not sold to the user now.
    Limit(LimitRefusal),
    /// A price sheet is not loaded.
    Sheet(SheetRefusal),
    /// A store's report is not taken.
    Report(ReportRefusal),
    /// A settlement is not decided.
    Settlement(DecisionRefusal),
    /// There is no checkout.
    Order(OrderRefusal),
    /// A refund is not started, or not decided.
    Refund(RefundRefusal),
    /// A wallet is not closed or merged, or that is not decided.
    Wallet(WalletRefusal),
    /// The database failed, or a row in it is damaged.
    Store(crate::store::Error),
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Error {
        Error::Store(error)
    }
}

impl From<LotsError> for Error {
    fn from(error: LotsError) -> Error {
        match error {
            LotsError::Store(error) => Error::Store(error),
            LotsError::Ledger(not_posted) => Error::Ledger(not_posted),
            other @ (LotsError::Overflow(_) | LotsError::Changing) => Error::Lots(other),
        }
    }
}

impl From<LotRowsError> for Error {
    fn from(error: LotRowsError) -> Error {
        LotsError::from(error).into()
    }
}

impl From<NotPosted> for Error {
    fn from(not_posted: NotPosted) -> Error {
        Error::Ledger(not_posted)
    }
}

impl From<RefusedReceipt> for Error {
    fn from(refused: RefusedReceipt) -> Error {
        Error::Refused(refused)
    }
}

impl From<ReportRefusal> for Error {
    fn from(refusal: ReportRefusal) -> Error {
        Error::Report(refusal)
    }
}

impl From<DecisionRefusal> for Error {
    fn from(refusal: DecisionRefusal) -> Error {
        Error::Settlement(refusal)
    }
}

impl From<OrderRefusal> for Error {
    fn from(refusal: OrderRefusal) -> Error {
        Error::Order(refusal)
    }
}

impl From<RefundRefusal> for Error {
    fn from(refusal: RefundRefusal) -> Error {
        Error::Refund(refusal)
    }
}

impl From<WalletRefusal> for Error {
    fn from(refusal: WalletRefusal) -> Error {
        Error::Wallet(refusal)
    }
}

fn event_unknown(event_id: String) -> Status {
    let message = "no store reported such an event in this book".to_owned();
    rpc::refused(Code::NotFound, "STORE_EVENT_UNKNOWN", message, &[("event_id", event_id)])
}

fn event_not_waiting(event_id: String, state: &str) -> Status {
    let message = "the event does not wait for a person: it is over, or the program reads it; nothing was changed".to_owned();
    let facts = [("event_id", event_id), ("state", state.to_owned())];
    rpc::refused(Code::FailedPrecondition, "STORE_EVENT_NOT_WAITING", message, &facts)
}

impl Error {
    /// Why a row of a sweep is not taken further, for people. An error where the tables can't be read at all: only that ends a sweep. What is damaged is counted, and
    /// waits.
    pub(crate) fn of_row(self, table: &'static str) -> Result<String, Error> {
        let Error::Store(error) = self else { return Ok(Status::from(self).message().to_owned()) };
        let Some(damage) = error.damage() else { return Err(Error::Store(error)) };
        meters::damaged(table, &damage);
        Ok(damage)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        match error {
            Error::Malformed { field, why } => rpc::malformed(field, &why),
            Error::RequestIdReused { differing } => rpc::errors::request_id_reused(&differing),
            Error::Refused(refused) => refused.kept().status(),
            Error::Pending => {
                let message = "the buyer has not paid the store yet; the purchase was stored, and its coins are credited once that has happened, without \
                               another request";
                rpc::refused(Code::FailedPrecondition, "PURCHASE_PENDING", message.to_owned(), &[])
            }
            Error::StoreUnavailable(why) => {
                tracing::warn!(why, "a receipt could not be checked because its store can't be asked");
                let message = "the store could not be asked about the receipt; nothing was done, retry the same request";
                rpc::refused(Code::Unavailable, "STORE_UNAVAILABLE", message.to_owned(), &[])
            }
            Error::ListBuiltIn => {
                let message = "this LIVE book has no coin packages of its own yet, so nothing was done; its operator names a list (purchase.packages), and \
                               the same request is good after that";
                rpc::refused(Code::FailedPrecondition, "LIST_BUILT_IN", message.to_owned(), &[])
            }
            Error::MarketUnknown(market) => {
                let message = "no coin packages are sold in this market".to_owned();
                rpc::refused(Code::NotFound, "MARKET_UNKNOWN", message, &[("market", market)])
            }
            Error::BookUnknown(book) => rpc::refused(Code::NotFound, "BOOK_UNKNOWN", "no such book".to_owned(), &[("book", book)]),
            Error::UserUnknown(user) => rpc::errors::user_unknown(&user),
            Error::PurchaseUnknown(id) => {
                rpc::refused(Code::NotFound, "PURCHASE_UNKNOWN", "no such purchase".to_owned(), &[("purchase_id", id)])
            }
            Error::LotUnknown(purchase_id) => {
                let message =
                    "the coins of this purchase were not issued, or the ledger's journal is not read that far yet; ask again later";
                rpc::refused(Code::NotFound, "LOT_UNKNOWN", message.to_owned(), &[("purchase_id", purchase_id.to_string())])
            }
            Error::StoreEventUnknown(event_id) => event_unknown(event_id),
            Error::StoreEventNotWaiting { event_id, state } => event_not_waiting(event_id, state),
            Error::Lots(LotsError::Changing) => rpc::refused(Code::Unavailable, "OVERLOADED", LotsError::Changing.to_string(), &[]),
            Error::Lots(error) => rpc::internal(&error),
            Error::PageToken => rpc::errors::page_token(),
            Error::Ledger(not_posted) => not_posted.into(),
            Error::CreditUncertain => {
                rpc::outcome_unknown("the receipt was verified and stored; crediting is pending, retry the same request")
            }
            Error::Suspended { purchase_id, coins } => {
                let coins = coins.get().to_string();
                let message = format!(
                    "the wallet is closed: the receipt was verified and stored, and its {coins} coins are in suspense until support decides; do not resubmit it"
                );
                let facts = [("purchase_id", purchase_id.to_string()), ("coins", coins)];
                rpc::refused(Code::FailedPrecondition, "ACCOUNT_CLOSED", message, &facts)
            }
            Error::Blocked { purchase_id, why } => {
                let message = "the receipt was verified and stored, but its coins can't be booked and were not issued; support decides, do not resubmit it";
                // For wallets, the contract uses the ledger's own reason.
                let is_overflow = LedgerReason::of_blocked_by(&why) == Some(LedgerReason::Overflow);
                let reason = if is_overflow { "OVERFLOW" } else { "PURCHASE_BLOCKED" };
                let facts = [("purchase_id", purchase_id.to_string()), ("blocked_by", why)];
                rpc::refused(Code::FailedPrecondition, reason, message.to_owned(), &facts)
            }
            Error::Limit(refusal) => refusal.into(),
            Error::Sheet(refusal) => refusal.into(),
            Error::Report(refusal) => refusal.into(),
            Error::Settlement(refusal) => refusal.into(),
            Error::Order(refusal) => refusal.into(),
            Error::Refund(refusal) => refusal.into(),
            Error::Wallet(refusal) => refusal.into(),
            Error::Store(error) if error.is_passing() => rpc::errors::database_unreachable(&error),
            Error::Store(error) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
