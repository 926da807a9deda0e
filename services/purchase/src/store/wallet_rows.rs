//! Rows of `wallet_change` and `wallet_posting`, as they are read, and what they say of a wallet.

use money::{BookName, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

use super::Error;
use crate::wallet_changes::change::{WalletAct, WalletPosting};

/// Whether a change does something to its wallet, or did: one that posted stays one of these, also where it waits again or was stopped after it.
pub(super) const HAPPENED: &str = "(state IN (3, 4, 5) OR (state IN (2, 7) AND EXISTS (SELECT 1 FROM wallet_posting p
    WHERE p.book = wallet_change.book AND p.change_id = wallet_change.change_id AND p.state = 2)))";

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

/// Whether a user has a wallet that was not closed or merged, and is not while the transaction lasts: a change of it waits at its row.
pub(super) async fn stays(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<bool, Error> {
    let sql = "UPDATE wallet_change SET tries = tries WHERE book = $1 AND user_id = $2 AND state IN (1, 2, 3, 4)";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(&mut *connection).await?;
    let sql = format!("SELECT COUNT(*) FROM wallet_change WHERE book = $1 AND user_id = $2 AND kind = 2 AND {HAPPENED}");
    let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str());
    Ok(query.fetch_one(connection).await? == 0)
}
