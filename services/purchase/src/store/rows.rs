//! A row of the table `purchase` and back, and ids as all tables have them.

use ledger_client::BalanceSeq;
use money::{BookName, Coins, Currency, Money, UserKey};
use sqlx::Row;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::Error;
use crate::domain::{Credit, Purchase, PurchaseState, ReceiptValue, SoldAs, StoreKind};

/// `state` in the table.
pub(super) const VERIFIED: i64 = 1;
/// `state` in the table.
pub(super) const CREDITED: i64 = 2;
/// `state` in the table.
pub(super) const SUSPENDED: i64 = 3;

/// `state` in the table.
pub(super) const BLOCKED: i64 = 4;

/// A damaged row must be reported, not guessed around: every value is checked as it is read.
pub(super) fn purchase(row: &AnyRow) -> Result<Purchase, Error> {
    columns(row).map_err(|error| match error {
        Error::Database(error) => db::in_row(row, "purchase", "purchase_id", error).into(),
        damaged @ Error::Damaged { .. } => damaged,
    })
}

fn columns(row: &AnyRow) -> Result<Purchase, Error> {
    let purchase_id: String = row.try_get("purchase_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: purchase_id.clone(), column };
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let currency = Currency::try_new(&text("currency")?).map_err(|_| damaged("currency"))?;
    let money = |column: &'static str| -> Result<Money, Error> { Money::try_new(currency, number(column)?).map_err(|_| damaged(column)) };
    let state = match number("state")? {
        VERIFIED => PurchaseState::Verified,
        CREDITED => PurchaseState::Credited(Credit {
            posting_id: text("posting_id")?,
            coin_balance: Coins::try_new(number("coin_balance")?).map_err(|_| damaged("coin_balance"))?,
            balance_seq: BalanceSeq::new(number("balance_seq")?),
        }),
        SUSPENDED => PurchaseState::Suspended { posting_id: text("posting_id")? },
        BLOCKED => PurchaseState::Blocked,
        _ => return Err(damaged("state")),
    };
    Ok(Purchase {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("book"))?,
        purchase_id: Uuid::try_parse(&purchase_id).map_err(|_| damaged("purchase_id"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("user_id"))?,
        request_id: Uuid::try_parse(&text("request_id")?).map_err(|_| damaged("request_id"))?,
        state,
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store"))?,
        environment: text("environment")?,
        bundle_id: text("bundle_id")?,
        transaction_id: text("transaction_id")?,
        product_id: text("product_id")?,
        quantity: i32::try_from(number("quantity")?).map_err(|_| damaged("quantity"))?,
        value: ReceiptValue {
            coins: Coins::try_new(number("coins")?).map_err(|_| damaged("coins"))?,
            price: money("price_minor_units")?,
            tax: money("tax_minor_units")?,
            commission: money("commission_minor_units")?,
        },
        purchased_at_ms: number("purchased_at_ms")?,
        created_at_ms: number("created_at_ms")?,
        attempt: number("attempt")?,
        attempt_at_ms: number("attempt_at_ms")?,
        tries: number("tries")?,
        blocked_by: text("blocked_by")?,
        waits_since_ms: number("waits_since_ms")?,
        stated_price: text("stated_price")?,
        sold: SoldAs {
            market: text("market")?,
            entity: text("entity")?,
            bonus: Coins::try_new(number("bonus_coins")?).map_err(|_| damaged("bonus_coins"))?,
        },
    })
}
