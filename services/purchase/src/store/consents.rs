//! The tables `refund_consent`, `app_download` and `download_consent`: whether users consent to stores being answered about their purchases.

use std::collections::BTreeSet;

use money::{BookName, UserKey};
use sqlx::{AnyConnection, Row as _};

use super::{Error, Store, questions, spending};
use crate::domain::Purchase;
use crate::domain::event::StoreEvent;
use crate::questions::consent::{ConsentSetter, RefundConsent};
use crate::store::wallet_changes::{WalletOwner, wallet_owner};

/// Most changes of one user that are kept: the last one counts, and the others only say what was asked when.
const CHANGES_MAX: i64 = 100;
/// Who bought in a download of an app.
const DOWNLOADED: &str = "SELECT user_id FROM app_download WHERE book = $1 AND bundle_id = $2 AND app_transaction_id = $3 ORDER BY user_id";
/// How often a change is tried whose number another one took.
const TRIES_MAX: usize = 20;

/// The consent of a user as it was set last; `None` if it never was.
pub(crate) async fn consent(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<Option<RefundConsent>, Error> {
    let sql = "SELECT * FROM refund_consent WHERE book = $1 AND user_id = $2 ORDER BY change_no DESC LIMIT 1";
    let found = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).fetch_optional(connection).await?;
    let Some(row) = found else { return Ok(None) };
    let set_by: String = row.try_get("set_by")?;
    let damaged = || Error::Damaged { purchase_id: format!("of user {user}"), column: "refund_consent.set_by" };
    Ok(Some(RefundConsent {
        consents: row.try_get::<i64, _>("consents")? == 1,
        terms: row.try_get("terms")?,
        set_by: ConsentSetter::ALL.into_iter().find(|known| known.word() == set_by).ok_or_else(damaged)?,
        set_at_ms: row.try_get("set_at_ms")?,
    }))
}

/// Adds a change to a user's consent, if it is one; the oldest of too many goes.
pub(crate) async fn set(connection: &mut AnyConnection, book: &BookName, user: &UserKey, to: &RefundConsent) -> Result<(), Error> {
    let stands = consent(connection, book, user).await?;
    if stands.is_some_and(|stands| (stands.consents, &stands.terms, stands.set_by) == (to.consents, &to.terms, to.set_by)) {
        return Ok(());
    }
    for _ in 0..TRIES_MAX {
        let sql = "SELECT MAX(change_no) FROM refund_consent WHERE book = $1 AND user_id = $2";
        let last: Option<i64> = sqlx::query_scalar(sql).bind(book.as_str()).bind(user.as_str()).fetch_one(&mut *connection).await?;
        let inserted = sqlx::query(
            "INSERT INTO refund_consent (book, user_id, change_no, consents, terms, set_by, set_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(book.as_str())
        .bind(user.as_str())
        .bind(last.unwrap_or(0) + 1)
        .bind(i64::from(to.consents))
        .bind(to.terms.as_str())
        .bind(to.set_by.word())
        .bind(to.set_at_ms)
        .execute(&mut *connection)
        .await?;
        if inserted.rows_affected() == 1 {
            let sql = "DELETE FROM refund_consent WHERE book = $1 AND user_id = $2 AND change_no <= $3";
            let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(last.unwrap_or(0) + 1 - CHANGES_MAX);
            query.execute(&mut *connection).await?;
            if to.consents {
                questions::wake(connection, book, user).await?;
            }
            return Ok(());
        }
    }
    Err(Error::Database(sqlx::Error::RowNotFound))
}

/// A parent withdraws the consent of a user: to answers about the user's purchases, and to selling coins to the user.
async fn withdraw(connection: &mut AnyConnection, book: &BookName, user: &UserKey, at_ms: i64) -> Result<(), Error> {
    // First: a call that sets the user's consent has this row before it writes.
    spending::consent_withdrawn(connection, book, user, at_ms).await?;
    set(connection, book, user, &RefundConsent { consents: false, terms: String::new(), set_by: ConsentSetter::Store, set_at_ms: at_ms })
        .await
}

/// Since when consent is withdrawn in a download, which from now on is so at least since then; 0: it is not. A first purchase in it and a withdrawal that come at once
/// wait for each other here, so that the later finds the earlier.
async fn withdrawn_in(
    connection: &mut AnyConnection,
    book: &BookName,
    bundle_id: &str,
    app_transaction_id: &str,
    at_ms: i64,
) -> Result<i64, Error> {
    let sql = "INSERT INTO download_consent (book, bundle_id, app_transaction_id, withdrawn_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (book, bundle_id, app_transaction_id) DO UPDATE SET withdrawn_at_ms =
             CASE WHEN excluded.withdrawn_at_ms > 0 THEN excluded.withdrawn_at_ms ELSE download_consent.withdrawn_at_ms END";
    let query = sqlx::query(sql).bind(book.as_str()).bind(bundle_id).bind(app_transaction_id).bind(at_ms);
    query.execute(&mut *connection).await?;
    let sql = "SELECT withdrawn_at_ms FROM download_consent WHERE book = $1 AND bundle_id = $2 AND app_transaction_id = $3";
    Ok(sqlx::query_scalar(sql).bind(book.as_str()).bind(bundle_id).bind(app_transaction_id).fetch_one(connection).await?)
}

/// A parent of this user consents again: who buys for the first time in a download in which the user bought is not withdrawn from.
pub(crate) async fn consented_again(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<(), Error> {
    let sql =
        "UPDATE download_consent SET withdrawn_at_ms = 0 WHERE book = $1 AND withdrawn_at_ms > 0 AND EXISTS (SELECT 1 FROM app_download d
        WHERE d.book = download_consent.book AND d.bundle_id = download_consent.bundle_id
            AND d.app_transaction_id = download_consent.app_transaction_id AND d.user_id = $2)";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(connection).await?;
    Ok(())
}

/// Remembers in which download of the app a user bought. If a parent withdrew consent in it before, the user's is withdrawn with the first purchase.
pub(crate) async fn remember_download(connection: &mut AnyConnection, of: &Purchase, app_transaction_id: &str) -> Result<(), Error> {
    let sql = "INSERT INTO app_download (book, bundle_id, app_transaction_id, user_id, since_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.bundle_id.as_str()).bind(app_transaction_id).bind(of.user.as_str());
    if query.bind(of.created_at_ms).execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(());
    }
    let withdrawn_at_ms = withdrawn_in(connection, &of.book, &of.bundle_id, app_transaction_id, 0).await?;
    if withdrawn_at_ms == 0 {
        return Ok(());
    }
    withdraw(connection, &of.book, &of.user, withdrawn_at_ms).await?;
    match wallet_owner(connection, &of.book, &of.user).await? {
        WalletOwner::Is(owner) if owner != of.user => withdraw(connection, &of.book, &owner, withdrawn_at_ms).await,
        WalletOwner::Is(_) | WalletOwner::Moving => Ok(()),
    }
}

impl Store {
    /// The consent of a user as it was set last; `None` if it never was.
    pub(crate) async fn consent_of(&self, book: &BookName, user: &UserKey) -> Result<Option<RefundConsent>, Error> {
        consent(&mut *self.pool.acquire().await?, book, user).await
    }

    /// Every change of a user's consent, the first one first: whether the user consents, to which text, set by whom, and when, in Unix milliseconds.
    pub async fn consents_of(&self, book: &BookName, user: &UserKey) -> Result<Vec<(bool, String, String, i64)>, Error> {
        let sql = "SELECT consents, terms, set_by, set_at_ms FROM refund_consent WHERE book = $1 AND user_id = $2 ORDER BY change_no";
        let query = sqlx::query_as::<_, (i64, String, String, i64)>(sql).bind(book.as_str()).bind(user.as_str());
        let rows = query.fetch_all(&self.pool).await?.into_iter();
        Ok(rows.map(|(consents, terms, set_by, set_at_ms)| (consents == 1, terms, set_by, set_at_ms)).collect())
    }

    /// Keeps the notification that consent for an app was withdrawn in this download of it, and withdraws that of all who bought there, or will. False: it was
    /// delivered before.
    pub(crate) async fn keep_rescinded(&self, event: &StoreEvent, app_transaction_id: &str, received_at_ms: i64) -> Result<bool, Error> {
        let damaged = |_| Error::Damaged { purchase_id: format!("of download {app_transaction_id}"), column: "app_download.user_id" };
        let query = sqlx::query_scalar(DOWNLOADED).bind(event.book.as_str()).bind(event.bundle_id.as_str()).bind(app_transaction_id);
        let mut owners = BTreeSet::new();
        let bought_in_it: Vec<String> = query.fetch_all(&self.pool).await?;
        for user in &bought_in_it {
            // A wallet into which it was merged is the same person's.
            if let WalletOwner::Is(owner) = self.wallet_owner(&event.book, &UserKey::try_new(user).map_err(damaged)?).await? {
                owners.insert(owner.to_string());
            }
        }
        let mut tx = self.begin().await?;
        if !super::events::insert(&mut tx, event, received_at_ms).await? {
            return Ok(false);
        }
        withdrawn_in(&mut tx, &event.book, &event.bundle_id, app_transaction_id, received_at_ms).await?;
        let query = sqlx::query_scalar(DOWNLOADED).bind(event.book.as_str()).bind(event.bundle_id.as_str()).bind(app_transaction_id);
        let mut users: BTreeSet<String> = query.fetch_all(&mut *tx).await?.into_iter().collect();
        let bought = users.len();
        users.append(&mut owners);
        for user in &users {
            withdraw(&mut tx, &event.book, &UserKey::try_new(user).map_err(damaged)?, received_at_ms).await?;
        }
        // Without names: they are in the table, until their users are erased.
        let note = format!(
            "download {app_transaction_id}: consent of {bought} users withdrawn, and of whoever buys in it for the first time later; no coins are sold to them here, and to keep them from giving gifts, freeze their wallets"
        );
        let sql = "UPDATE store_event SET note = $3 WHERE store = $1 AND event_id = $2";
        sqlx::query(sql).bind(event.store.as_str()).bind(event.event_id.as_str()).bind(note).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }
}
