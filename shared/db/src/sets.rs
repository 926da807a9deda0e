//! Statements over many rows: what each of them costs beside its rows, above all the way to the database's thread and back, is paid once.
//!
//! A statement is prepared once for each number of rows, so sets are cut into portions of few sizes. Rows of `VALUES` have the columns `column1`, `column2` and so
//! on, on SQLite and on PostgreSQL alike.

use sqlx::{
    Any, AnyConnection,
    any::{AnyArguments, AnyRow},
    query::Query,
};

/// Rows of one statement, the most first. SQLite takes 32,766 parameters, and the widest row here has 40.
const PORTIONS: [usize; 4] = [64, 16, 4, 1];

/// How a statement names the set that it joins. An update begins to with `FROM`, a query joins its table with `CROSS JOIN`, which SQLite carries out in this order.
const SET: &str = "(VALUES {rows}) AS v";

/// A row's parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    /// `TEXT`.
    Text(String),
    /// `BIGINT`.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for SetValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SetValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for SetValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<u8>> for SetValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// The set in portions of these sizes, the last of which is 1, in its order.
fn portions<'a, T>(mut rows: &'a [T], sizes: &'static [usize]) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
    std::iter::from_fn(move || {
        let size = sizes.iter().copied().find(|size| *size <= rows.len())?;
        let (portion, rest) = rows.split_at(size);
        rows = rest;
        Some(portion)
    })
}

/// The sizes of a statement's portions. On PostgreSQL, a join with a set names no shard of a cluster, so only plain inserts are of many rows.
fn sizes(tx: &AnyConnection, statement: &str) -> &'static [usize] {
    if is_sqlite(tx) || !statement.contains(SET) { &PORTIONS } else { &[1] }
}

fn is_sqlite(tx: &AnyConnection) -> bool {
    tx.backend_name() == "SQLite"
}

/// `($1, $2), ($3, $4)`: so many rows of so many parameters. SQLite looks for each numbered parameter among all of them, and counts those without a number.
fn places(rows: usize, columns: usize, are_numbered: bool) -> String {
    let place = |at: usize| if are_numbered { format!("${at}") } else { "?".to_owned() };
    let row = |row: usize| {
        let of_row: Vec<String> = (1..=columns).map(|column| place(row * columns + column)).collect();
        format!("({})", of_row.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// The statement over so many rows. Over one it joins nothing: its parameters stand where the columns of the set would.
fn written(statement: &str, rows: usize, columns: usize, are_numbered: bool) -> String {
    if rows > 1 || !statement.contains(SET) {
        return statement.replace("{rows}", &places(rows, columns, are_numbered));
    }
    let alone = statement.replace(&format!("{SET} CROSS JOIN "), "").replace(&format!("FROM {SET}"), "");
    (1..=columns).rev().fold(alone, |text, column| text.replace(&format!("v.column{column}"), &format!("${column}")))
}

fn bound<const COLUMNS: usize>(sql: String, portion: &[[SetValue; COLUMNS]]) -> Query<'static, Any, AnyArguments> {
    portion.iter().flatten().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, value| match value.clone() {
        SetValue::Text(text) => query.bind(text),
        SetValue::Number(number) => query.bind(number),
        SetValue::Bytes(bytes) => query.bind(bytes),
    })
}

/// Carries out a statement over all rows; `{rows}` in it stands for them, once, and it has no other parameters. Returns what it returns, without order between the portions' rows.
pub async fn returned<const COLUMNS: usize>(
    tx: &mut AnyConnection,
    statement: &str,
    rows: &[[SetValue; COLUMNS]],
) -> Result<Vec<AnyRow>, sqlx::Error> {
    let mut all = Vec::new();
    for portion in portions(rows, sizes(tx, statement)) {
        let sql = written(statement, portion.len(), COLUMNS, !is_sqlite(tx));
        all.extend(bound(sql, portion).fetch_all(&mut *tx).await?);
    }
    Ok(all)
}

/// The same of a statement that returns nothing: how many rows it changed.
pub async fn changed<const COLUMNS: usize>(
    tx: &mut AnyConnection,
    statement: &str,
    rows: &[[SetValue; COLUMNS]],
) -> Result<u64, sqlx::Error> {
    let mut count = 0;
    for portion in portions(rows, sizes(tx, statement)) {
        let sql = written(statement, portion.len(), COLUMNS, !is_sqlite(tx));
        count += bound(sql, portion).execute(&mut *tx).await?.rows_affected();
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
