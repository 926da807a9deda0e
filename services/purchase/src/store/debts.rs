//! The tables `viewer_debt` and `debt_settlement`: who owes coins, and what of it was paid with coins of their wallets.

use money::{BookName, Coins, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{Error, Store};
use crate::refunds::step::DebtSettlement;

/// A viewer who owes coins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Debtor {
    pub(crate) book: BookName,
    pub(crate) user: UserKey,
    pub(crate) tries: i64,
}

pub(super) fn settlement(row: &AnyRow) -> Result<DebtSettlement, Error> {
    let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a debt".to_owned(), column };
    let coins: i64 = row.try_get("coins")?;
    Ok(DebtSettlement {
        book: BookName::try_new(&row.try_get::<String, _>("book")?).map_err(|_| damaged("debt_settlement.book"))?,
        user: UserKey::try_new(&row.try_get::<String, _>("user_id")?).map_err(|_| damaged("debt_settlement.user_id"))?,
        change_no: row.try_get("change_no")?,
        coins: Coins::try_new(coins).map_err(|_| damaged("debt_settlement.coins"))?.get(),
        attempt: row.try_get("attempt")?,
        planned_at_ms: row.try_get("planned_at_ms")?,
        posting_id: row.try_get("posting_id")?,
    })
}

/// The debt of a viewer was changed for the `change_no`th time, or more often.
pub(super) async fn changed(connection: &mut AnyConnection, book: &BookName, user: &UserKey, change_no: i64) -> Result<(), Error> {
    let sql = "INSERT INTO viewer_debt (book, user_id, change_no, is_open, tries, next_attempt_at_ms) VALUES ($1, $2, $3, 1, 0, 0)
        ON CONFLICT (book, user_id) DO UPDATE SET change_no = excluded.change_no, is_open = 1, tries = 0, next_attempt_at_ms = 0
            WHERE viewer_debt.change_no < excluded.change_no";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(change_no).execute(connection).await?;
    Ok(())
}

/// Has the debt of a viewer be settled now who got coins, or whose coins are no longer held. `owes`: one that the ledger has may be unknown here.
pub(super) async fn wake(connection: &mut AnyConnection, book: &BookName, user: &UserKey, owes: bool) -> Result<(), Error> {
    if owes {
        let sql = "INSERT INTO viewer_debt (book, user_id, change_no, is_open, tries, next_attempt_at_ms) VALUES ($1, $2, 0, 1, 0, 0)
            ON CONFLICT (book, user_id) DO UPDATE SET is_open = 1, tries = 0, next_attempt_at_ms = 0";
        sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(connection).await?;
        return Ok(());
    }
    let sql = "UPDATE viewer_debt SET next_attempt_at_ms = 0, tries = 0 WHERE book = $1 AND user_id = $2 AND is_open = 1";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(connection).await?;
    Ok(())
}

impl Store {
    /// How often a viewer's debt was changed, as far as it is known here.
    pub(crate) async fn debt_change_no(&self, book: &BookName, user: &UserKey) -> Result<i64, Error> {
        let query = sqlx::query_scalar("SELECT change_no FROM viewer_debt WHERE book = $1 AND user_id = $2");
        Ok(query.bind(book.as_str()).bind(user.as_str()).fetch_optional(&self.pool).await?.unwrap_or(0))
    }

    /// The ledger says that a viewer's debt was changed so often.
    pub(crate) async fn debt_changed(&self, book: &BookName, user: &UserKey, change_no: i64) -> Result<(), Error> {
        changed(&mut *self.pool.acquire().await?, book, user, change_no).await
    }

    /// Viewers who owe coins and may have some, those with the fewest tries first.
    pub(crate) async fn due_debtors(&self, now_ms: i64, count_max: i64) -> Result<Vec<Debtor>, Error> {
        let sql = "SELECT * FROM viewer_debt WHERE is_open = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a debt".to_owned(), column };
        let read = |row: &AnyRow| {
            Ok(Debtor {
                book: BookName::try_new(&row.try_get::<String, _>("book")?).map_err(|_| damaged("viewer_debt.book"))?,
                user: UserKey::try_new(&row.try_get::<String, _>("user_id")?).map_err(|_| damaged("viewer_debt.user_id"))?,
                tries: row.try_get("tries")?,
            })
        };
        self.due_rows("viewer_debt", sql, now_ms, count_max, read).await
    }

    /// Postpones the next look at a debt.
    pub(crate) async fn put_off_debtor(&self, of: &Debtor, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE viewer_debt SET tries = tries + 1, next_attempt_at_ms = $3 WHERE book = $1 AND user_id = $2 AND is_open = 1";
        sqlx::query(sql).bind(of.book.as_str()).bind(of.user.as_str()).bind(next_attempt_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Coins that a viewer has of lots that are younger than the last refund that made a debt, also one of a viewer whose wallet was merged into this one's. A debt that
    /// no refund made came with an imported book, or is staff's: what was bought here is younger, or nothing says that it is not. True once the lots are read as far as
    /// the wallet.
    pub(crate) async fn coins_since_debt(&self, book: &BookName, user: &UserKey) -> Result<i64, Error> {
        let sql = "SELECT MAX(seq) FROM refund WHERE book = $1 AND user_id = $2 AND debt_coins > 0 AND is_back = 0";
        let mut seq: Option<i64> = None;
        for owner in self.identities(book, user).await? {
            let last: Option<i64> = sqlx::query_scalar(sql).bind(book.as_str()).bind(owner.as_str()).fetch_one(&self.pool).await?;
            seq = seq.max(last);
        }
        let sql = "SELECT * FROM coin_lot WHERE book = $1 AND user_id = $2 AND lot_no > $3 AND ($3 >= 0 OR purchase_id <> '')";
        let first = seq.map_or(-1, crate::lots::read::first_lot_after);
        let rows = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(first).fetch_all(&self.pool).await?;
        let mut left = rows.iter().map(|row| super::lots::lot(row).map(|lot| lot.left()));
        let left: i64 = left.try_fold(0_i64, |sum, left| Ok::<_, Error>(sum.saturating_add(left?)))?;
        // A settlement takes the oldest coins, whichever allowed it: those that it took of older lots were paid by as many of these.
        let sql =
            "SELECT CAST(COALESCE(SUM(s.coins), 0) AS BIGINT) FROM lot_spend s JOIN coin_lot l ON l.book = s.book AND l.lot_no = s.lot_no
            WHERE s.book = $1 AND l.user_id = $2 AND s.use_kind = 4 AND s.spend_no > $3
                AND NOT (l.lot_no > $3 AND ($3 >= 0 OR l.purchase_id <> ''))";
        let paid: i64 = sqlx::query_scalar(sql).bind(book.as_str()).bind(user.as_str()).bind(first).fetch_one(&self.pool).await?;
        Ok(left.saturating_sub(paid).max(0))
    }

    /// Nothing is owed any more, unless the debt was changed since.
    pub(crate) async fn close_debt(&self, of: &Debtor, change_no: i64) -> Result<(), Error> {
        let sql = "UPDATE viewer_debt SET is_open = 0 WHERE book = $1 AND user_id = $2 AND change_no = $3";
        sqlx::query(sql).bind(of.book.as_str()).bind(of.user.as_str()).bind(change_no).execute(&self.pool).await?;
        Ok(())
    }

    /// The settlement that is about to be posted, if there is one.
    pub(crate) async fn open_settlement(&self, of: &Debtor) -> Result<Option<DebtSettlement>, Error> {
        let sql = "SELECT * FROM debt_settlement WHERE book = $1 AND user_id = $2 AND state = 1 ORDER BY change_no LIMIT 1";
        let row = sqlx::query(sql).bind(of.book.as_str()).bind(of.user.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(settlement).transpose()
    }

    /// Writes down what is about to be posted. What another process planned stands.
    pub(crate) async fn plan_settlement(&self, new: &DebtSettlement) -> Result<(), Error> {
        let sql = "INSERT INTO debt_settlement (book, user_id, change_no, coins, attempt, planned_at_ms, state, posting_id)
            VALUES ($1, $2, $3, $4, 0, $5, 1, '') ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.book.as_str()).bind(new.user.as_str()).bind(new.change_no).bind(new.coins);
        query.bind(new.planned_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// The ledger refused it for good: it is dropped, and what is owed then is looked at again.
    pub(crate) async fn drop_settlement(&self, of: &DebtSettlement) -> Result<(), Error> {
        let sql = "DELETE FROM debt_settlement WHERE book = $1 AND user_id = $2 AND change_no = $3 AND state = 1 AND planned_at_ms = $4";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.user.as_str()).bind(of.change_no);
        query.bind(of.planned_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// It is posted.
    pub(crate) async fn settled(&self, of: &DebtSettlement, posting_id: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE debt_settlement SET state = 2, posting_id = $4 WHERE book = $1 AND user_id = $2 AND change_no = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.user.as_str()).bind(of.change_no).bind(posting_id);
        query.execute(&mut *tx).await?;
        changed(&mut tx, &of.book, &of.user, of.change_no).await?;
        Ok(tx.commit().await?)
    }

    /// The settlements of a book, in the order of users, after this one; at most `count_max`.
    pub async fn debt_settlements(
        &self,
        book: &BookName,
        after: Option<(&UserKey, i64)>,
        count_max: i64,
    ) -> Result<Vec<DebtSettlement>, Error> {
        let (user, change_no) = after.map_or(("", 0), |(user, change_no)| (user.as_str(), change_no));
        let sql = "SELECT * FROM debt_settlement WHERE book = $1 AND (user_id > $2 OR (user_id = $2 AND change_no > $3))
            ORDER BY user_id, change_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user).bind(change_no).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(settlement).collect()
    }
}
