//! The table of what payouts reserve with treasury.

use super::{Error, Store, book as read_book, money as read_money, read_group::RowKey, uuid};
use crate::domain::{
    PayoutKey,
    reservation::{LeafHold, PayingSource},
};
use db::sets;
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::{BTreeSet, HashMap};

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

/// All of each of these payouts, the first one first.
pub(super) async fn of_all(connection: &mut AnyConnection, keys: &BTreeSet<RowKey>) -> Result<HashMap<RowKey, Vec<LeafHold>>, Error> {
    let rows: Vec<_> = keys.iter().map(RowKey::columns).collect();
    let sql = "SELECT payout_leaf_hold.* FROM (VALUES {rows}) AS v CROSS JOIN payout_leaf_hold
         WHERE payout_leaf_hold.book = v.column1 AND payout_leaf_hold.payout_id = v.column2 ORDER BY hold_no";
    let mut found: HashMap<RowKey, Vec<LeafHold>> = HashMap::new();
    for row in sets::returned(connection, sql, &rows).await? {
        found.entry(RowKey::of(&row, "payout_id")?).or_default().push(read(&row)?);
    }
    Ok(found)
}

impl Store {
    /// All of a payout, the first one first.
    pub async fn leaf_holds(&self, payout_key: &PayoutKey) -> Result<Vec<LeafHold>, Error> {
        Ok(self.leaf_hold_rows.read(payout_key.into()).await?.unwrap_or_default())
    }
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
