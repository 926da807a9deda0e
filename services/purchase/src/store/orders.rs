//! The table `store_order`: orders that we make ourselves.

use db::text;
use money::{BookName, Coins, Currency, Money, UserKey};
use sqlx::{AnyConnection, Row, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::domain::{Channel, ReceiptValue, StoreKind};
use crate::orders::order::{CREATE, Order, OrderState};
use crate::orders::paying::{OrderPaying, PayMethod};

/// Orders of one page of [`Store::orders_of_user`].
const USER_PAGE_MAX: i64 = 200;
/// After so long a store that was asked for a session has answered, or its answer is lost, in milliseconds: more than any store's time-out.
const ASKED_WITHIN_MS: i64 = 60_000;

pub(super) fn read(row: &AnyRow) -> Result<Order, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let order_id = text("order_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: order_id.clone(), column };
    let currency = Currency::try_new(&text("currency")?).map_err(|_| damaged("currency"))?;
    let money = |column: &'static str| Money::try_new(currency, number(column)?).map_err(|_| damaged(column));
    let state = number("state")?;
    let purchase_id = text("purchase_id")?;
    let purchase_id = if purchase_id.is_empty() { None } else { Some(Uuid::try_parse(&purchase_id).map_err(|_| damaged("purchase_id"))?) };
    Ok(Order {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("book"))?,
        order_id: Uuid::try_parse(&order_id).map_err(|_| damaged("order_id"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("user_id"))?,
        request_id: Uuid::try_parse(&text("request_id")?).map_err(|_| damaged("request_id"))?,
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store"))?,
        environment: text("environment")?,
        merchant: text("merchant")?,
        product_id: text("product_id")?,
        market: text("market")?,
        entity: text("entity")?,
        bonus: Coins::try_new(number("bonus_coins")?).map_err(|_| damaged("bonus_coins"))?,
        channel: Channel::from_name(&text("channel")?).ok_or_else(|| damaged("channel"))?,
        value: ReceiptValue {
            coins: Coins::try_new(number("coins")?).map_err(|_| damaged("coins"))?,
            price: money("price_minor_units")?,
            tax: money("tax_minor_units")?,
            commission: Money::try_new(currency, 0).map_err(|_| damaged("currency"))?,
        },
        paying: OrderPaying {
            method: PayMethod::from_name(&text("pay_method")?).ok_or_else(|| damaged("pay_method"))?,
            payer_id: text("payer_id")?,
            payer_address: text("payer_address")?,
        },
        authenticate: number("authenticate")? == 1,
        success_url: text("success_url")?,
        cancel_url: text("cancel_url")?,
        state: OrderState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("state"))?,
        session_id: text("session_id")?,
        pay_url: text("pay_url")?,
        transaction_id: text("transaction_id")?,
        purchase_id,
        note: text("note")?,
        created_at_ms: number("created_at_ms")?,
        expires_at_ms: number("expires_at_ms")?,
        asked_at_ms: number("asked_at_ms")?,
        tries: number("tries")?,
    })
}

/// Keeps a new order.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &Order, next_check_at_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO store_order (book, order_id, user_id, request_id, store, environment, merchant, product_id, market, channel, coins,
             currency, price_minor_units, tax_minor_units, authenticate, success_url, cancel_url, state, session_id, pay_url,
             transaction_id, purchase_id, note, created_at_ms, expires_at_ms, asked_at_ms, next_check_at_ms, tries, entity, bonus_coins,
             pay_method, payer_id, payer_address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, '', '', '', '', '', $18, $19, 0, $20, 0, $21, $22,
             $23, $24, $25)",
    )
    .bind(new.book.as_str())
    .bind(text(new.order_id))
    .bind(new.user.as_str())
    .bind(text(new.request_id))
    .bind(new.store.as_str())
    .bind(new.environment.as_str())
    .bind(new.merchant.as_str())
    .bind(new.product_id.as_str())
    .bind(new.market.as_str())
    .bind(new.channel.as_str())
    .bind(new.value.coins.get())
    .bind(new.value.price.currency().code().to_owned())
    .bind(new.value.price.minor_units())
    .bind(new.value.tax.minor_units())
    .bind(i64::from(new.authenticate))
    .bind(new.success_url.as_str())
    .bind(new.cancel_url.as_str())
    .bind(new.created_at_ms)
    .bind(new.expires_at_ms)
    .bind(next_check_at_ms)
    .bind(new.entity.as_str())
    .bind(new.bonus.get())
    .bind(new.paying.method.name())
    .bind(new.paying.payer_id.as_str())
    .bind(new.paying.payer_address.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// The order of a request.
pub(crate) async fn of_request(
    connection: &mut AnyConnection,
    book: &BookName,
    user: &UserKey,
    request_id: Uuid,
) -> Result<Option<Order>, Error> {
    let query = sqlx::query("SELECT * FROM store_order WHERE book = $1 AND user_id = $2 AND request_id = $3");
    let row = query.bind(book.as_str()).bind(user.as_str()).bind(text(request_id)).fetch_optional(connection).await?;
    row.as_ref().map(read).transpose()
}

/// How many other orders of a user can still be paid and are not, or may soon be. Those that lack their session long after the store was asked can't be paid; if one gets it
/// later, they are counted then. Until the transaction ends no other one counts those of this user: two would both find room for their own.
pub(crate) async fn payable_beside(connection: &mut AnyConnection, of: &Order, now_ms: i64) -> Result<i64, Error> {
    // A transaction that writes is alone in SQLite.
    if connection.backend_name() != "SQLite" {
        let lock = "SELECT CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT)";
        let name = format!("largesse/purchase/orders/{}/{}", of.book, of.user);
        sqlx::query(lock).bind(name).execute(&mut *connection).await?;
    }
    let sql = "SELECT COUNT(*) FROM store_order WHERE book = $1 AND user_id = $2 AND order_id <> $3 AND state = 1 AND expires_at_ms > $4
        AND (session_id <> '' OR created_at_ms > $5 OR asked_at_ms > $5)";
    let query = sqlx::query_scalar(sql).bind(of.book.as_str()).bind(of.user.as_str()).bind(text(of.order_id)).bind(now_ms);
    Ok(query.bind(now_ms.saturating_sub(ASKED_WITHIN_MS)).fetch_one(connection).await?)
}

/// Makes an order paid by this purchase and payment. False: it is paid already, by these or by others.
pub(crate) async fn pay(
    connection: &mut AnyConnection,
    of: &Order,
    purchase_id: Uuid,
    transaction_id: &str,
    session_id: &str,
) -> Result<bool, Error> {
    let updated = sqlx::query(
        "UPDATE store_order SET state = $3, purchase_id = $4, transaction_id = $5,
             session_id = CASE WHEN session_id = '' THEN $6 ELSE session_id END, note = ''
         WHERE book = $1 AND order_id = $2 AND purchase_id = ''",
    )
    .bind(of.book.as_str())
    .bind(text(of.order_id))
    .bind(OrderState::Paid.number())
    .bind(text(purchase_id))
    .bind(transaction_id)
    .bind(session_id)
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}

impl Store {
    /// One order.
    pub(crate) async fn order(&self, book: &BookName, order_id: Uuid) -> Result<Option<Order>, Error> {
        let query = sqlx::query("SELECT * FROM store_order WHERE book = $1 AND order_id = $2");
        let row = query.bind(book.as_str()).bind(text(order_id)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// A user's orders, oldest first, after this one when given; at most 200. For showing them to their owner.
    pub async fn orders_of_user(&self, book: &BookName, user: &UserKey, after: Option<Uuid>) -> Result<Vec<Order>, Error> {
        let sql = "SELECT * FROM store_order WHERE book = $1 AND user_id = $2 AND order_id > $3 ORDER BY order_id LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(text(after.unwrap_or(Uuid::nil()))).bind(USER_PAGE_MAX);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// Notes that the store is about to be asked for the session. False, and nothing is noted: the user has `open_max` others.
    pub(crate) async fn asking(&self, of: &Order, open_max: u32, now_ms: i64) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if payable_beside(&mut tx, of, now_ms).await? >= i64::from(open_max) {
            return Ok(false);
        }
        let query = sqlx::query("UPDATE store_order SET asked_at_ms = $3 WHERE book = $1 AND order_id = $2");
        query.bind(of.book.as_str()).bind(text(of.order_id)).bind(now_ms).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes the store's session; the first stays.
    pub(crate) async fn opened(&self, of: &Order, session_id: &str, pay_url: &str) -> Result<(), Error> {
        let sql = "UPDATE store_order SET session_id = $3, pay_url = $4 WHERE book = $1 AND order_id = $2 AND session_id = ''";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.order_id)).bind(session_id).bind(pay_url);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Moves an order that has not ended; false if it has.
    pub(crate) async fn move_order(&self, of: &Order, state: OrderState, note: &str) -> Result<bool, Error> {
        // A payment that is on its way is not stopped by what was said before it began.
        let from = if state == OrderState::Expired { "state = 1" } else { "state IN (1, 2)" };
        let sql = format!("UPDATE store_order SET state = $3, note = $4 WHERE book = $1 AND order_id = $2 AND {from}");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(of.book.as_str()).bind(text(of.order_id)).bind(state.number()).bind(note);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Notes on an order what a person has to look at. One that is paid stays paid.
    pub(crate) async fn flag_order(&self, of: &Order, note: &str) -> Result<(), Error> {
        let sql = "UPDATE store_order SET note = $3, state = CASE WHEN state = 3 THEN 3 ELSE 6 END WHERE book = $1 AND order_id = $2";
        sqlx::query(sql).bind(of.book.as_str()).bind(text(of.order_id)).bind(note).execute(&self.pool).await?;
        Ok(())
    }

    /// Orders that the store is to be asked about: of each user the one asked about least, then the next of each. Who has many unpaid orders keeps nobody else's waiting.
    pub(crate) async fn due_orders(&self, now_ms: i64, count_max: i64) -> Result<Vec<Order>, Error> {
        let sql = "SELECT * FROM (SELECT o.*, ROW_NUMBER() OVER (PARTITION BY book, user_id ORDER BY tries, next_check_at_ms) AS place
                FROM store_order o WHERE state IN (1, 2) AND next_check_at_ms <= $1) due
            ORDER BY place, tries, next_check_at_ms LIMIT $2";
        self.due_rows("store_order", sql, now_ms, count_max, read).await
    }

    /// Sets when the store is asked about an order next; `asked`: it was asked just now.
    pub(crate) async fn check_order_at(&self, of: &Order, at_ms: i64, asked: bool) -> Result<(), Error> {
        let sql = "UPDATE store_order SET next_check_at_ms = $3, tries = tries + $4 WHERE book = $1 AND order_id = $2 AND state IN (1, 2)";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.order_id)).bind(at_ms).bind(i64::from(asked));
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Deletes orders that nobody paid and that ended before this, each with the answer to its request; at most `count_max`. How many there were.
    pub(crate) async fn forget_orders(&self, before_ms: i64, count_max: i64) -> Result<usize, Error> {
        let sql =
            "SELECT * FROM store_order WHERE state IN (4, 5) AND purchase_id = '' AND expires_at_ms < $1 ORDER BY expires_at_ms LIMIT $2";
        let ended = sqlx::query(sql).bind(before_ms).bind(count_max).fetch_all(&self.pool).await?;
        let ended: Vec<Order> = ended.iter().map(read).collect::<Result<_, _>>()?;
        let mut tx = self.begin().await?;
        for order in &ended {
            // What was paid late stays.
            let sql = "DELETE FROM store_order WHERE book = $1 AND order_id = $2 AND state IN (4, 5) AND purchase_id = ''";
            let query = sqlx::query(sql).bind(order.book.as_str()).bind(text(order.order_id));
            if query.execute(&mut *tx).await?.rows_affected() == 1 {
                let sql = "DELETE FROM request WHERE book = $1 AND subject = $2 AND rpc = $3 AND request_id = $4";
                let query = sqlx::query(sql).bind(order.book.as_str()).bind(order.user.as_str()).bind(CREATE);
                query.bind(text(order.request_id)).execute(&mut *tx).await?;
                // It counted for limits while it could be paid.
                let query = sqlx::query("DELETE FROM spending WHERE book = $1 AND spending_id = $2 AND purchase_id = ''");
                query.bind(order.book.as_str()).bind(text(order.order_id)).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        Ok(ended.len())
    }

    /// How many orders wait for a person, and how many for the store; of neither an age is given, because a buyer may take a day.
    pub(super) async fn open_orders(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let count = async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&self.pool).await;
        let flagged = count("SELECT COUNT(*) FROM store_order WHERE state = 6").await?;
        let open = count("SELECT COUNT(*) FROM store_order WHERE state IN (1, 2)").await?;
        let counted = |state, count: i64| UnfinishedCount { what: "store_order", state, count: count.unsigned_abs(), since_ms: None };
        Ok(vec![counted("open", open), counted("flagged", flagged)])
    }
}
