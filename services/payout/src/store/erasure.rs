//! Erasure of a user's personal data. Payouts themselves are kept: they are money that moved, under a name that means nothing outside of the app.

use super::{Error, Store, ach};
use money::{BookName, UserKey};
use serde::Serialize;

/// Counts of what was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Bank accounts with their holders' names.
    pub beneficiaries: u64,
    /// Messages to and from banks.
    pub messages: u64,
    /// Payouts from which the bank's texts were erased.
    pub payouts: u64,
}

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseRefused {
    /// A payout needs its beneficiary until it is final.
    #[error("{0} payouts of the user are in flight; erase once they are final")]
    UnderWay(i64),
    /// The tables failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Erases a user's personal data, all or nothing. Repeating it changes nothing.
    pub async fn erase(&self, book: &BookName, user: &UserKey) -> Result<Erased, EraseRefused> {
        let mut tx = self.begin().await?;
        // Locked until the end: a payout being requested locks its beneficiary too, so it is seen below, or finds none.
        run(&mut tx, "UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND user_id = $2", book, user).await?;
        let under_way: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM payout WHERE book = $1 AND user_id = $2 AND phase NOT IN ('refused', 'settled', 'rejected', 'cancelled', 'unblocked')",
        )
        .bind(book.as_str().to_owned())
        .bind(user.as_str().to_owned())
        .fetch_one(&mut *tx)
        .await
        .map_err(Error::from)?;
        if under_way > 0 {
            return Err(EraseRefused::UnderWay(under_way));
        }
        let erased = Erased {
            beneficiaries: run(&mut tx, "DELETE FROM beneficiary WHERE book = $1 AND user_id = $2", book, user).await?,
            messages: run(
                &mut tx,
                "DELETE FROM bank_message WHERE book = $1 AND payout_id IN (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)",
                book,
                user,
            )
            .await?,
            payouts: run(&mut tx, "UPDATE payout SET reason = '' WHERE book = $1 AND user_id = $2 AND reason <> ''", book, user).await?,
        };
        let payees =
            "DELETE FROM sent_payee WHERE book = $1 AND payout_id IN (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
        run(&mut tx, payees, book, user).await?;
        let notes = "UPDATE payout_step SET note = '' WHERE book = $1 AND payout_id IN
            (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
        run(&mut tx, notes, book, user).await?;
        run(&mut tx, "DELETE FROM standing_order WHERE book = $1 AND user_id = $2", book, user).await?;
        let recalls = "UPDATE payout_recall SET note = '' WHERE book = $1 AND payout_id IN
            (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
        run(&mut tx, recalls, book, user).await?;
        let attempts = "UPDATE payout_attempt SET reason = '' WHERE book = $1 AND payout_id IN
            (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
        run(&mut tx, attempts, book, user).await?;
        ach::erase(&mut tx, book, user).await?;
        // Digests of names and accounts, which only this service's key could match; a retry from before would record them again.
        run(&mut tx, "DELETE FROM request WHERE book = $1 AND subject = $2 AND rpc IN ('CreateBeneficiary', 'DeleteBeneficiary', 'ConfirmBeneficiary')", book, user).await?;
        tx.commit().await.map_err(Error::from)?;
        Ok(erased)
    }
}

async fn run(tx: &mut sqlx::AnyConnection, sql: &'static str, book: &BookName, user: &UserKey) -> Result<u64, Error> {
    let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(user.as_str().to_owned());
    Ok(query.execute(tx).await?.rows_affected())
}
