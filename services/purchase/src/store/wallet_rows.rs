//! Rows of `wallet_change` and `wallet_posting`, as they are read.

use money::{BookName, UserKey};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use super::Error;
use crate::wallet_changes::change::{WalletAct, WalletPosting};

/// What a change does.
pub(super) fn act(row: &AnyRow) -> Result<WalletAct, Error> {
    let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a wallet's change".to_owned(), column };
    match (row.try_get::<i64, _>("kind")?, row.try_get::<String, _>("into_user_id")?.as_str()) {
        (1, "") => Ok(WalletAct::Close),
        (2, user) => Ok(WalletAct::MergeInto(UserKey::try_new(user).map_err(|_| damaged("wallet_change.into_user_id"))?)),
        _ => Err(damaged("wallet_change.kind")),
    }
}

/// A posting of a row that has its change's columns too.
pub(super) fn posting(row: &AnyRow) -> Result<WalletPosting, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let change_id = text("change_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of wallet change {change_id}"), column };
    let coins = |column: &'static str| money::Coins::try_new(number(column)?).map(money::Coins::get).map_err(|_| damaged("wallet_posting"));
    Ok(WalletPosting {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("wallet_posting.book"))?,
        change_id: Uuid::try_parse(&change_id).map_err(|_| damaged("wallet_posting.change_id"))?,
        posting_no: number("posting_no")?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("wallet_change.user_id"))?,
        act: act(row)?,
        coins: coins("coins")?,
        debt: coins("debt_coins")?,
        debt_change_no: number("debt_change_no")?,
        into_debt_change_no: number("into_debt_change_no")?,
        attempt: number("attempt")?,
        planned_at_ms: number("planned_at_ms")?,
        posting_id: text("posting_id")?,
    })
}
