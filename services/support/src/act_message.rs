//! A proposed action as a protobuf message: requests send it, answers show it, and the table stores it. The table stores the contract's own message, so a field
//! added to the contract is stored too, and a reserved one stays readable.
use crate::domain::{AccountAct, AdjustmentLine, LimitedTime, MalformedAct, ProposedAct};
use api::{
    ledger::LimitWindow,
    support::{self as pb, AccountChange, Adjustment, AdjustmentTransfer, LimitChange, Reversal, proposal::Act},
};
use uuid::Uuid;

/// Converts the proposed action to a message.
#[must_use]
pub fn write(act: &ProposedAct) -> Act {
    match act {
        ProposedAct::Adjustment(lines) => {
            let transfer = |line: &AdjustmentLine| AdjustmentTransfer {
                debit_account: line.debit.clone(),
                credit_account: line.credit.clone(),
                amount: line.amount,
            };
            Act::Adjustment(Adjustment { transfers: lines.iter().map(transfer).collect() })
        }
        ProposedAct::Account(account, act) => Act::AccountChange(AccountChange { account: account.clone(), act: account_act(*act).into() }),
        ProposedAct::Reversal(posting) => Act::Reversal(Reversal { posting_id: posting.hyphenated().to_string() }),
        ProposedAct::Limit(limit) => Act::LimitChange(LimitChange {
            account: limit.account.clone(),
            window: window(limit.window).into(),
            time_zone: limit.zone.clone(),
            max_amount: limit.max,
        }),
    }
}

/// Converts a limit's window to its message value.
#[must_use]
pub fn window(window: LimitedTime) -> LimitWindow {
    match window {
        LimitedTime::Hour => LimitWindow::Hour,
        LimitedTime::Day => LimitWindow::Day,
        LimitedTime::Month => LimitWindow::Month,
    }
}

/// Converts an account action to its message value.
#[must_use]
pub fn account_act(act: AccountAct) -> pb::AccountAct {
    match act {
        AccountAct::Freeze => pb::AccountAct::Freeze,
        AccountAct::Thaw => pb::AccountAct::Thaw,
        AccountAct::Close => pb::AccountAct::Close,
    }
}

/// The act of a message, or which field of it makes no sense.
pub fn read(message: Act) -> Result<ProposedAct, Vec<MalformedAct>> {
    match message {
        Act::Adjustment(Adjustment { transfers }) => {
            let line =
                |sent: AdjustmentTransfer| AdjustmentLine { debit: sent.debit_account, credit: sent.credit_account, amount: sent.amount };
            ProposedAct::adjustment(transfers.into_iter().map(line).collect())
        }
        Act::AccountChange(change) => {
            let act = match change.act() {
                pb::AccountAct::Freeze => Some(AccountAct::Freeze),
                pb::AccountAct::Thaw => Some(AccountAct::Thaw),
                pb::AccountAct::Close => Some(AccountAct::Close),
                pb::AccountAct::Unspecified => None,
            };
            ProposedAct::account(change.account, act)
        }
        Act::Reversal(Reversal { posting_id }) => {
            let posting = Uuid::try_parse(&posting_id);
            posting.map(ProposedAct::Reversal).map_err(|_| vec![MalformedAct::new("reversal.posting_id", "must be a UUID")])
        }
        Act::LimitChange(change) => {
            let window = match change.window() {
                LimitWindow::Hour => Some(LimitedTime::Hour),
                LimitWindow::Day => Some(LimitedTime::Day),
                LimitWindow::Month => Some(LimitedTime::Month),
                LimitWindow::Unspecified => None,
            };
            ProposedAct::limit(change.account, window, change.time_zone, change.max_amount)
        }
    }
}
