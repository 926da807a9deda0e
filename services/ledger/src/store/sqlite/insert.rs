//! `INSERT`s of many rows in a few fixed sizes, so that each is prepared once. What is left free of a size is filled with rows of nothing, which the
//! statement leaves out.

use sqlx::{Arguments as _, AssertSqlSafe, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use std::sync::Arc;

/// Every value is bound by copy.
pub(super) type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Rows of one statement.
const SIZES: [usize; 17] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 3072];

/// SQLite's bound of one statement, if nobody compiled it with another.
const PARAMETERS_MAX: usize = 32_766;

/// The smallest size that so many rows fit into; none for none.
pub(super) fn size_for(rows: usize) -> usize {
    if rows == 0 { 0 } else { SIZES.into_iter().find(|size| *size >= rows).unwrap_or(SIZES[SIZES.len() - 1]) }
}

/// Arguments with room for so many.
pub(super) fn room(count: usize) -> SqliteArguments {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(count, 0);
    arguments
}

/// Into one table. The book is bound once, not for each row. The first column is never NULL.
pub(super) struct Insert {
    into: &'static str,
    columns: &'static str,
    count: usize,
    then: &'static str,
    sql: [Arc<str>; SIZES.len()],
}

impl Insert {
    pub(super) fn new(into: &'static str, columns: &'static str, then: &'static str) -> Self {
        let count = columns.split(',').count();
        let mut made = Self { into, columns, count, then, sql: SIZES.map(|_| Arc::from("")) };
        made.sql = SIZES.map(|size| made.sql(size).into());
        made
    }

    /// The statement for so many rows.
    pub(super) fn sql(&self, size: usize) -> String {
        let Self { into, columns, count, then, .. } = self;
        let row = format!("({})", vec!["?"; *count].join(","));
        let rows = vec![row.as_str(); size].join(",");
        format!("INSERT INTO {into} (book, {columns}) SELECT ?, * FROM (VALUES {rows}) WHERE column1 IS NOT NULL {then}")
    }

    /// The most rows of one statement.
    pub(super) fn rows_max(&self) -> usize {
        SIZES.into_iter().rev().find(|size| size * self.count < PARAMETERS_MAX).unwrap_or(1)
    }

    /// All rows, in as few statements as can be.
    pub(super) async fn run<T: Sync>(
        &self,
        writer: &mut SqliteConnection,
        book: i64,
        rows: &[T],
        bind: impl Fn(Bound, &T) -> Bound + Send + Sync + Copy,
    ) -> Result<(), sqlx::Error> {
        for now in rows.chunks(self.rows_max()) {
            let size = size_for(now.len());
            let at = SIZES.iter().position(|there| *there == size).expect("one of them");
            let query = sqlx::query_with(AssertSqlSafe(self.sql[at].clone()), room(1 + size * self.count));
            bind_rows(query, book, now, (self, bind)).execute(&mut *writer).await?;
        }
        Ok(())
    }
}

/// Binds rows for one statement of their size; nothing for none.
pub(super) fn bind_rows<T>(query: Bound, book: i64, rows: &[T], (insert, bind): (&Insert, impl Fn(Bound, &T) -> Bound)) -> Bound {
    if rows.is_empty() {
        return query;
    }
    let query = rows.iter().fold(query.bind(book), bind);
    let free = (size_for(rows.len()) - rows.len()) * insert.count;
    (0..free).fold(query, |query, _| query.bind(None::<i64>))
}

#[cfg(test)]
mod tests;
