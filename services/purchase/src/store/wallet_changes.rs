//! The tables `wallet_change` and `wallet_posting`: wallets that are closed or merged, and what that posts.

use money::{BookName, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::lots::lot;
use super::wallet_rows::{HAPPENED, act, posting};
use super::{Error, Store, debts, spending};
use crate::lots::Lot;
use crate::lots::working::OVERDRAWN;
use crate::wallet_changes::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
use db::text;

/// Merges that are followed from one wallet to the one that has its coins now, at most: each closes a wallet.
const MERGES_MAX: usize = 64;
/// Changes that a wallet's owner is shown, at most.
const SHOWN_MAX: i64 = 20;

pub(super) fn change(row: &AnyRow) -> Result<WalletChange, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let change_id = text("change_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of wallet change {change_id}"), column };
    let state = number("state")?;
    Ok(WalletChange {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("wallet_change.book"))?,
        change_id: Uuid::try_parse(&change_id).map_err(|_| damaged("wallet_change.change_id"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("wallet_change.user_id"))?,
        act: act(row)?,
        asked_by: UserKey::try_new(&text("asked_by")?).map_err(|_| damaged("wallet_change.asked_by"))?,
        request_id: Uuid::try_parse(&text("request_id")?).map_err(|_| damaged("wallet_change.request_id"))?,
        state: WalletChangeState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("wallet_change.state"))?,
        decided_by: text("decided_by")?,
        note: text("note")?,
        created_at_ms: number("created_at_ms")?,
        decided_at_ms: number("decided_at_ms")?,
        ended_at_ms: number("ended_at_ms")?,
        tries: number("tries")?,
        waits_until_ms: number("waits_until_ms")?,
    })
}

/// Keeps a new change. False: one of the same wallet has not ended.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &WalletChange) -> Result<bool, Error> {
    let sql = "INSERT INTO wallet_change (book, change_id, kind, user_id, into_user_id, asked_by, request_id, state, decided_by, note, created_at_ms,
             decided_at_ms, ended_at_ms, tries, next_attempt_at_ms, waits_until_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', $9, 0, 0, 0, $10, $10) ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(new.book.as_str()).bind(text(new.change_id)).bind(new.act.number()).bind(new.user.as_str());
    let query = query.bind(new.act.into_user().map(UserKey::as_str).unwrap_or_default()).bind(new.asked_by.as_str());
    let query = query.bind(text(new.request_id)).bind(new.state.number()).bind(new.created_at_ms);
    let query = query.bind(new.waits_until_ms);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// One change.
pub(crate) async fn get(connection: &mut AnyConnection, book: &BookName, change_id: Uuid) -> Result<Option<WalletChange>, Error> {
    let query = sqlx::query("SELECT * FROM wallet_change WHERE book = $1 AND change_id = $2").bind(book.as_str()).bind(text(change_id));
    query.fetch_optional(connection).await?.as_ref().map(change).transpose()
}

/// The change of a wallet that has not ended, or of which it is to get everything.
pub(crate) async fn open_of(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<Option<WalletChange>, Error> {
    let sql = "SELECT * FROM wallet_change WHERE book = $1 AND (user_id = $2 OR (into_user_id = $2 AND into_user_id <> ''))
        AND state IN (1, 2, 3, 4) ORDER BY change_id LIMIT 1";
    let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str());
    query.fetch_optional(connection).await?.as_ref().map(change).transpose()
}

/// Notes what the second person decided, who shortens no time in which the owner can take it back, or that somebody took it back of which nothing is posted. False: it is too late.
pub(crate) async fn decide(
    connection: &mut AnyConnection,
    of: &WalletChange,
    state: WalletChangeState,
    by: &UserKey,
    now_ms: i64,
) -> Result<bool, Error> {
    let sql =
        "UPDATE wallet_change SET state = $3, decided_by = $4, decided_at_ms = $5, ended_at_ms = $6, tries = 0, next_attempt_at_ms = waits_until_ms
        WHERE book = $1 AND change_id = $2 AND state = $7
            AND NOT EXISTS (SELECT 1 FROM wallet_posting p WHERE p.book = $1 AND p.change_id = $2)";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.change_id)).bind(state.number()).bind(by.as_str()).bind(now_ms);
    let query = query.bind(if state.is_over() { now_ms } else { 0 }).bind(of.state.number());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Takes a change from one state to the next. False: another process did.
async fn advance(
    connection: &mut AnyConnection,
    of: &WalletChange,
    state: WalletChangeState,
    note: &str,
    now_ms: i64,
) -> Result<bool, Error> {
    let sql = "UPDATE wallet_change SET state = $3, note = $4, ended_at_ms = $5, tries = tries + 1, next_attempt_at_ms = 0
        WHERE book = $1 AND change_id = $2 AND state = $6";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.change_id)).bind(state.number()).bind(note);
    let query = query.bind(if state.is_over() { now_ms } else { 0 }).bind(of.state.number());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// What of these users' wallets has not ended, and how much of it; `None`: nothing.
async fn wallet_business(connection: &mut AnyConnection, book: &BookName, users: &[UserKey]) -> Result<Option<(&'static str, i64)>, Error> {
    for user in users {
        for (what, sql) in [
            ("holds", "SELECT COUNT(*) FROM coin_hold WHERE book = $1 AND user_id = $2 AND state < 6"),
            ("refunds", "SELECT COUNT(*) FROM refund_order WHERE book = $1 AND user_id = $2 AND state IN (1, 2, 3, 4, 7)"),
            ("refunds", "SELECT COUNT(*) FROM refund WHERE book = $1 AND user_id = $2 AND state < 3"),
            (
                "refunds",
                "SELECT COUNT(*) FROM refund_fact f JOIN purchase p ON p.store = f.store AND p.bundle_id = f.bundle_id
                    AND p.transaction_id = f.transaction_id AND p.book = f.book
                 WHERE f.state = 1 AND f.state <> 2 AND p.book = $1 AND p.user_id = $2",
            ),
            ("checkouts", "SELECT COUNT(*) FROM store_order WHERE book = $1 AND user_id = $2 AND state IN (1, 2)"),
            ("receipts", "SELECT COUNT(*) FROM purchase WHERE book = $1 AND user_id = $2 AND state = 1"),
            // Not paid yet: the store says within days whether it ever is.
            ("receipts", "SELECT COUNT(*) FROM receipt_token WHERE book = $1 AND user_id = $2 AND user_id <> '' AND state = 1"),
        ] {
            let count: i64 = sqlx::query_scalar(sql).bind(book.as_str()).bind(user.as_str()).fetch_one(&mut *connection).await?;
            if count > 0 {
                return Ok(Some((what, count)));
            }
        }
    }
    Ok(None)
}

/// Which changes are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangeFilter<'a> {
    /// Only of this user's wallet, and of those merged into it; of all where absent.
    pub(crate) user: Option<&'a UserKey>,
    /// Only those in this state.
    pub(crate) state: Option<WalletChangeState>,
}

/// Who has what once was in a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WalletOwner {
    /// This user.
    Is(UserKey),
    /// It is not known before a merge is posted.
    Moving,
}

/// Who has by now what this user had: another, after merges.
pub(crate) async fn wallet_owner(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<WalletOwner, Error> {
    let mut owner = user.clone();
    for _ in 0..MERGES_MAX {
        let sql = format!(
            "SELECT * FROM wallet_change WHERE book = $1 AND user_id = $2 AND kind = 2 AND {HAPPENED} ORDER BY change_id DESC LIMIT 1"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(owner.as_str());
        let row = query.fetch_optional(&mut *connection).await?;
        match row.as_ref().map(change).transpose()? {
            Some(merge) if merge.state == WalletChangeState::Posting => return Ok(WalletOwner::Moving),
            Some(WalletChange { act: WalletAct::MergeInto(into), .. }) => owner = into,
            _ => break,
        }
    }
    Ok(WalletOwner::Is(owner))
}

impl Store {
    /// One change.
    pub async fn wallet_change(&self, book: &BookName, change_id: Uuid) -> Result<Option<WalletChange>, Error> {
        get(&mut *self.pool.acquire().await?, book, change_id).await
    }

    /// A page of changes, newest first.
    pub(crate) async fn wallet_changes(
        &self,
        book: &BookName,
        filter: ChangeFilter<'_>,
        before: Option<Uuid>,
        count_max: i64,
    ) -> Result<Vec<WalletChange>, Error> {
        let (user, state) = (filter.user.map(UserKey::as_str).unwrap_or_default(), filter.state.map_or(0, WalletChangeState::number));
        let sql = "SELECT * FROM wallet_change WHERE book = $1 AND change_id < $2
            AND ($3 = '' OR user_id = $3 OR into_user_id = $3) AND ($4 = 0 OR state = $4) ORDER BY change_id DESC LIMIT $5";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(before.unwrap_or(Uuid::max()))).bind(user).bind(state);
        query.bind(count_max).fetch_all(&self.pool).await?.iter().map(change).collect()
    }

    /// What happened to a user's wallet, the newest first: what is being done with it, or was, and what was merged into it.
    pub async fn changes_of_wallet(&self, book: &BookName, user: &UserKey) -> Result<Vec<WalletChange>, Error> {
        let mut found = Vec::new();
        for of in ["user_id = $2", "into_user_id = $2 AND into_user_id <> ''"] {
            let sql = format!("SELECT * FROM wallet_change WHERE book = $1 AND {of} AND {HAPPENED} ORDER BY change_id DESC LIMIT $3");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str()).bind(SHOWN_MAX);
            for row in &query.fetch_all(&self.pool).await? {
                found.push(change(row)?);
            }
        }
        found.sort_by_key(|change| std::cmp::Reverse(change.change_id));
        Ok(found)
    }

    /// Who has by now what this user had: another, after merges.
    pub(crate) async fn wallet_owner(&self, book: &BookName, user: &UserKey) -> Result<WalletOwner, Error> {
        wallet_owner(&mut *self.pool.acquire().await?, book, user).await
    }

    /// The user, and those whose wallets were merged into the user's.
    pub(crate) async fn identities(&self, book: &BookName, user: &UserKey) -> Result<Vec<UserKey>, Error> {
        let mut found = vec![user.clone()];
        let mut at = 0;
        while let Some(into) = found.get(at).filter(|_| at < MERGES_MAX) {
            let sql =
                format!("SELECT user_id FROM wallet_change WHERE book = $1 AND into_user_id = $2 AND into_user_id <> '' AND {HAPPENED}");
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(into.as_str());
            let users: Vec<String> = query.fetch_all(&self.pool).await?;
            for user in users {
                let damaged = |_| Error::Damaged { purchase_id: "of a wallet's change".to_owned(), column: "wallet_change.user_id" };
                let user = UserKey::try_new(&user).map_err(damaged)?;
                if !found.contains(&user) {
                    found.push(user);
                }
            }
            at += 1;
        }
        Ok(found)
    }

    /// What of a wallet has not ended, and how much of it; `None`: nothing.
    pub(crate) async fn wallet_business(&self, book: &BookName, user: &UserKey) -> Result<Option<(&'static str, i64)>, Error> {
        let users = self.identities(book, user).await?;
        wallet_business(&mut *self.pool.acquire().await?, book, &users).await
    }

    /// The lots of which a user's wallet has coins, with how many; at most `count_max`.
    pub(crate) async fn lots_in_wallet(&self, book: &BookName, user: &UserKey, count_max: i64) -> Result<Vec<(Lot, i64)>, Error> {
        let sql = "SELECT h.coins AS held, l.* FROM lot_holding h JOIN coin_lot l ON l.book = h.book AND l.lot_no = h.lot_no
            WHERE h.book = $1 AND h.account = $2 AND h.lot_no <> $3 ORDER BY h.spend_rank, h.lot_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(chart::Account::viewer_coins(user).name()).bind(OVERDRAWN);
        query.bind(count_max).fetch_all(&self.pool).await?.iter().map(|row| Ok((lot(row)?, row.try_get("held")?))).collect()
    }

    /// Changes that are due, those with the fewest tries first.
    pub(crate) async fn due_wallet_changes(&self, now_ms: i64, count_max: i64) -> Result<Vec<WalletChange>, Error> {
        let sql =
            "SELECT * FROM wallet_change WHERE state IN (2, 3, 4) AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        self.due_rows("wallet_change", sql, now_ms, count_max, change).await
    }

    /// Notes why a change waits, and until when.
    pub(crate) async fn put_off_wallet_change(&self, of: &WalletChange, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE wallet_change SET tries = tries + 1, note = $3, next_attempt_at_ms = $4
            WHERE book = $1 AND change_id = $2 AND state = $5";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.change_id)).bind(note).bind(next_attempt_at_ms);
        query.bind(of.state.number()).execute(&self.pool).await?;
        Ok(())
    }

    /// Takes a change to a state in which nothing is to be posted. False: another process was first.
    pub(crate) async fn advance_wallet_change(
        &self,
        of: &WalletChange,
        state: WalletChangeState,
        note: &str,
        now_ms: i64,
    ) -> Result<bool, Error> {
        advance(&mut *self.pool.acquire().await?, of, state, note, now_ms).await
    }

    /// The number of the next posting of a change.
    pub(crate) async fn next_wallet_posting(&self, of: &WalletChange) -> Result<i64, Error> {
        let sql = "SELECT COUNT(*) FROM wallet_posting WHERE book = $1 AND change_id = $2";
        let count: i64 = sqlx::query_scalar(sql).bind(of.book.as_str()).bind(text(of.change_id)).fetch_one(&self.pool).await?;
        Ok(count + 1)
    }

    /// Records what is about to be posted. False: another process was first.
    pub(crate) async fn plan_wallet_posting(&self, of: &WalletChange, new: &WalletPosting) -> Result<bool, Error> {
        let users = self.identities(&of.book, &of.user).await?;
        let mut tx = self.begin().await?;
        if !advance(&mut tx, of, WalletChangeState::Posting, "", 0).await? {
            return Ok(false);
        }
        // What was planned of the wallet since it was looked at; what is planned after this waits at the row, see `wallet_rows::stays`.
        if wallet_business(&mut tx, &of.book, &users).await?.is_some() {
            return Ok(false);
        }
        let sql =
            "INSERT INTO wallet_posting (book, change_id, posting_no, coins, debt_coins, debt_change_no, into_debt_change_no, attempt,
                planned_at_ms, state, posting_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, '') ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(new.book.as_str()).bind(text(new.change_id)).bind(new.posting_no).bind(new.coins).bind(new.debt);
        let query = query.bind(new.debt_change_no).bind(new.into_debt_change_no).bind(new.attempt).bind(new.planned_at_ms);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The posting that is to be made, if there is one.
    pub(crate) async fn planned_wallet_posting(&self, of: &WalletChange) -> Result<Option<WalletPosting>, Error> {
        let sql = "SELECT p.*, c.kind, c.user_id, c.into_user_id FROM wallet_posting p
            JOIN wallet_change c ON c.book = p.book AND c.change_id = p.change_id
            WHERE p.book = $1 AND p.change_id = $2 AND p.state = 1 ORDER BY p.posting_no LIMIT 1";
        let row = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.change_id)).fetch_optional(&self.pool).await?;
        row.as_ref().map(posting).transpose()
    }

    /// What a change posts, in order.
    pub async fn wallet_postings(&self, book: &BookName, change_id: Uuid) -> Result<Vec<WalletPosting>, Error> {
        let sql = "SELECT p.*, c.kind, c.user_id, c.into_user_id FROM wallet_posting p
            JOIN wallet_change c ON c.book = p.book AND c.change_id = p.change_id
            WHERE p.book = $1 AND p.change_id = $2 ORDER BY p.posting_no";
        sqlx::query(sql).bind(book.as_str()).bind(text(change_id)).fetch_all(&self.pool).await?.iter().map(posting).collect()
    }

    /// It is posted: what is left is to close the wallet. Coins that came to another pay what its owner owes, whom the limits of the first limit too.
    pub(crate) async fn wallet_posted(
        &self,
        of: &WalletChange,
        posted: &WalletPosting,
        posting_id: &str,
        now_ms: i64,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql =
            "UPDATE wallet_posting SET state = 2, posting_id = $4 WHERE book = $1 AND change_id = $2 AND posting_no = $3 AND state = 1";
        let query = sqlx::query(sql).bind(posted.book.as_str()).bind(text(posted.change_id)).bind(posted.posting_no).bind(posting_id);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            // Another process has recorded it, and the change may be at a later posting by now.
            return Ok(());
        }
        advance(&mut tx, of, WalletChangeState::Closing, "", 0).await?;
        if let Some(into) = posted.act.into_user() {
            if posted.debt > 0 {
                debts::changed(&mut tx, &posted.book, &posted.user, posted.debt_change_no + 1).await?;
                debts::changed(&mut tx, &posted.book, into, posted.into_debt_change_no + 1).await?;
            }
            debts::wake(&mut tx, &posted.book, into, false).await?;
            spending::merged(&mut tx, &posted.book, &posted.user, into, now_ms).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The ledger refused it for good: it is planned again, as the wallet is then.
    pub(crate) async fn drop_wallet_posting(&self, of: &WalletChange, refused: &WalletPosting, why: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM wallet_posting WHERE book = $1 AND change_id = $2 AND posting_no = $3 AND state = 1 AND planned_at_ms = $4";
        let query = sqlx::query(sql).bind(refused.book.as_str()).bind(text(refused.change_id)).bind(refused.posting_no);
        if query.bind(refused.planned_at_ms).execute(&mut *tx).await?.rows_affected() == 1 {
            advance(&mut tx, of, WalletChangeState::Approved, why, 0).await?;
        }
        Ok(tx.commit().await?)
    }

    /// How many changes wait for a second person or for the end of their time, or are being done.
    pub(super) async fn open_wallet_changes(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let mut open = Vec::new();
        // What waits for the end of its owner's time is as old as that: 0 before it.
        let began = "CASE WHEN state <> 1 AND waits_until_ms > created_at_ms THEN waits_until_ms ELSE created_at_ms END";
        for (name, states) in [("waits_for_approval", "1"), ("approved", "2"), ("posting", "3"), ("closing", "4")] {
            let sql = format!("SELECT COUNT(*), MIN({began}) FROM wallet_change WHERE state IN (1, 2, 3, 4) AND state = {states}");
            let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&self.pool).await?;
            open.push(UnfinishedCount { what: "wallet_change", state: name, count: count.unsigned_abs(), since_ms });
        }
        Ok(open)
    }
}
