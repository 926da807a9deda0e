//! The table `store_sweep`: how far stores were asked for what their notifications lost.

use money::BookName;
use sqlx::Row as _;
use uuid::Uuid;

use super::{Error, Store, events};
use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;

/// A list of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SweptList {
    /// What it said.
    Notifications,
    /// What it paid back.
    Refunds,
}

impl SweptList {
    fn word(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::Refunds => "refunds",
        }
    }
}

/// Where a sweep of a list is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SweptPlace {
    /// The span that is read, or was read last, in Unix milliseconds.
    pub(crate) from_ms: i64,
    /// Its end.
    pub(crate) until_ms: i64,
    /// Where its next page begins; empty: it was read to its end.
    pub(crate) page_token: String,
    /// The purchase after which the next one is asked about; empty: the first.
    pub(crate) after_purchase_id: String,
}

impl Store {
    /// Where the sweep of a list is; `None` before its first page.
    pub(crate) async fn sweep_place(&self, store: StoreKind, bundle_id: &str, list: SweptList) -> Result<Option<SweptPlace>, Error> {
        let sql = "SELECT * FROM store_sweep WHERE store = $1 AND bundle_id = $2 AND list = $3";
        let found = sqlx::query(sql).bind(store.as_str()).bind(bundle_id).bind(list.word()).fetch_optional(&self.pool).await?;
        let Some(row) = found else { return Ok(None) };
        Ok(Some(SweptPlace {
            from_ms: row.try_get("from_ms")?,
            until_ms: row.try_get("until_ms")?,
            page_token: row.try_get("page_token")?,
            after_purchase_id: row.try_get("after_purchase_id")?,
        }))
    }

    /// Records where the sweep of a list is. Of two processes the last one counts: what both read is kept once.
    pub(crate) async fn sweep_reached(&self, store: StoreKind, bundle_id: &str, list: SweptList, place: &SweptPlace) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO store_sweep (store, bundle_id, list, from_ms, until_ms, page_token, after_purchase_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (store, bundle_id, list) DO UPDATE SET from_ms = excluded.from_ms, until_ms = excluded.until_ms,
                 page_token = excluded.page_token, after_purchase_id = excluded.after_purchase_id",
        )
        .bind(store.as_str())
        .bind(bundle_id)
        .bind(list.word())
        .bind(place.from_ms)
        .bind(place.until_ms)
        .bind(place.page_token.as_str())
        .bind(place.after_purchase_id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Purchases of an app in the order of their ids, after this one, at most `count_max`: the id of each, and its transaction. Nothing else is read, so that a damaged one
    /// ends no look.
    pub(crate) async fn sold_in(
        &self,
        book: &BookName,
        store: StoreKind,
        bundle_id: &str,
        after: &str,
        count_max: i64,
    ) -> Result<Vec<(String, String)>, Error> {
        let sql = "SELECT purchase_id, transaction_id FROM purchase WHERE book = $1 AND store = $2 AND bundle_id = $3 AND purchase_id > $4
            ORDER BY purchase_id LIMIT $5";
        let query = sqlx::query_as(sql).bind(book.as_str()).bind(store.as_str()).bind(bundle_id).bind(after).bind(count_max);
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// Keeps a refund that a store lists, unless a notification said it, or was said to be taken back since. True: its notification was lost.
    pub(crate) async fn keep_listed(&self, event: &StoreEvent, received_at_ms: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        // A notification about the same transaction waits until this ends, or is there.
        events::alone(&mut tx, event).await?;
        let sql = "SELECT COUNT(*) FROM store_event WHERE store = $1 AND book = $2 AND transaction_id = $3 AND kind = $4 AND bundle_id = $5
             AND signed_at_ms >= $6";
        let query = sqlx::query_scalar(sql).bind(event.store.as_str()).bind(event.book.as_str()).bind(event.transaction_id.as_str());
        let query = query.bind(event.kind.as_str()).bind(event.bundle_id.as_str()).bind(event.signed_at_ms);
        let said: i64 = query.fetch_one(&mut *tx).await?;
        let sql = "SELECT COUNT(*) FROM refund_fact WHERE store = $1 AND environment = $2 AND bundle_id = $3 AND transaction_id = $4
             AND said_at_ms >= $5";
        let query = sqlx::query_scalar(sql).bind(event.store.as_str()).bind(event.environment.as_str()).bind(event.bundle_id.as_str());
        let known: i64 = query.bind(event.transaction_id.as_str()).bind(event.signed_at_ms).fetch_one(&mut *tx).await?;
        let is_lost = said + known == 0 && events::insert(&mut tx, event, received_at_ms).await?;
        tx.commit().await?;
        Ok(is_lost)
    }
}

/// The smallest id of a purchase that was recorded at this time, in Unix milliseconds: ids begin with their time.
pub(crate) fn first_id_at(at_ms: i64) -> String {
    let millis = u64::try_from(at_ms).unwrap_or(0) & 0xffff_ffff_ffff;
    Uuid::from_u128(u128::from(millis) << 80).hyphenated().to_string()
}
