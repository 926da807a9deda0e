//! The table of what payouts reserve with treasury.

use super::{Error, book as read_book, money as read_money, payouts::PayoutKey, uuid};
use crate::domain::reservation::{LeafHold, PayingSource};
use sqlx::{AnyConnection, Row, any::AnyRow};

const ASKED: &str = "asked";
const RELEASED: &str = "released";

fn read(row: &AnyRow) -> Result<LeafHold, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    Ok(LeafHold {
        book: read_book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        number: number("hold_no")?,
        source: PayingSource { entity: text("entity")?, bank_account: text("bank_account")? },
        amount: read_money(&text("currency")?, number("minor_units")?)?,
        on_behalf_of: text("on_behalf_of")?,
        released: match text("state")?.as_str() {
            ASKED => false,
            RELEASED => true,
            _ => return Err(Error::Row("state of a reservation with treasury")),
        },
    })
}

/// All of a payout, the first one first.
pub async fn of(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Vec<LeafHold>, Error> {
    let query = sqlx::query("SELECT * FROM payout_leaf_hold WHERE book = $1 AND payout_id = $2 ORDER BY hold_no");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_all(tx).await?.iter().map(read).collect()
}

/// Stores one that treasury is about to be asked for.
pub async fn insert(tx: &mut AnyConnection, row: &LeafHold) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payout_leaf_hold (book, payout_id, hold_no, entity, bank_account, currency, minor_units, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.book.as_str().to_owned())
    .bind(row.payout_id.to_string())
    .bind(row.number)
    .bind(row.source.entity.clone())
    .bind(row.source.bank_account.clone())
    .bind(row.amount.currency().code().to_owned())
    .bind(row.amount.minor_units())
    .bind(ASKED)
    .execute(tx)
    .await?;
    Ok(())
}

/// Records whose leaf pays.
pub async fn pays_for(tx: &mut AnyConnection, row: &LeafHold, entity: &str) -> Result<(), Error> {
    let query = sqlx::query("UPDATE payout_leaf_hold SET on_behalf_of = $4 WHERE book = $1 AND payout_id = $2 AND hold_no = $3");
    let query = query.bind(row.book.as_str().to_owned()).bind(row.payout_id.to_string()).bind(row.number);
    query.bind(entity.to_owned()).execute(tx).await?;
    Ok(())
}

/// Records that treasury holds nothing under it.
pub async fn release(tx: &mut AnyConnection, row: &LeafHold) -> Result<(), Error> {
    let query = sqlx::query("UPDATE payout_leaf_hold SET state = $4 WHERE book = $1 AND payout_id = $2 AND hold_no = $3");
    let query = query.bind(row.book.as_str().to_owned()).bind(row.payout_id.to_string()).bind(row.number);
    query.bind(RELEASED).execute(tx).await?;
    Ok(())
}
