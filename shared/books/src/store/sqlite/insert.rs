//! `INSERT`s and `UPDATE`s of many rows in a few fixed sizes, so that each is prepared once. Unused rows of a size are filled with NULLs, which
//! the statement skips.

use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type, sqlite::SqliteArguments};
use std::sync::Arc;

/// Numbers of rows of one statement.
const SIZES: [usize; 17] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 3072];

/// The same for tables that seldom have many.
const COARSE: [usize; 5] = [4, 32, 256, 1024, 3072];

/// SQLite's default limit of parameters in one statement.
const PARAMETERS_MAX: usize = 32_766;

/// The smallest size that fits so many rows, else the largest; 0 for none.
pub(super) fn size_for(rows: usize) -> usize {
    if rows == 0 { 0 } else { SIZES.into_iter().find(|size| *size >= rows).unwrap_or(SIZES[SIZES.len() - 1]) }
}

/// As [`size_for`] with fewer sizes, for tables of which a batch has few rows: statement lists exist in all their combinations.
pub(super) fn coarse_size_for(rows: usize, max: usize) -> usize {
    if rows == 0 { 0 } else { COARSE.into_iter().find(|size| *size >= rows).unwrap_or(max).min(max) }
}

/// The values bound to a list of statements, all copied.
pub(super) struct Values(SqliteArguments);

impl Values {
    /// With capacity for so many values.
    pub(super) fn with_room(count: usize) -> Self {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(count, 0);
        Self(arguments)
    }

    pub(super) fn bind<'v, T: Encode<'v, Sqlite> + Type<Sqlite>>(mut self, value: T) -> Self {
        self.0.add(value).expect("integers, texts and bytes have a spelling");
        self
    }

    /// Binds rows for one statement of a size that fits them; nothing for size 0.
    pub(super) fn rows<T>(self, insert: &Insert, size: usize, book: i64, rows: &[T], bind: impl Fn(Self, &T) -> Self) -> Self {
        if size == 0 {
            return self;
        }
        let values = rows.iter().fold(self.bind(book), bind);
        let free = (size - rows.len()) * insert.count;
        (0..free).fold(values, |values, _| values.bind(None::<i64>))
    }

    /// Runs a list of statements with these values.
    pub(super) async fn run(self, writer: &mut SqliteConnection, sql: Arc<str>) -> Result<(), sqlx::Error> {
        sqlx::query_with(AssertSqlSafe(sql), self.0).execute(writer).await.map(drop)
    }
}

/// The statements of one table. The book is bound once, not for each row. The first column is never NULL.
pub(super) struct Insert {
    before: String,
    count: usize,
    after: String,
    sql: [Arc<str>; SIZES.len()],
}

impl Insert {
    pub(super) fn new(into: &'static str, columns: &'static str, then: &'static str) -> Self {
        Self::made(columns, format!("INSERT INTO {into} (book, {columns})"), then.to_owned())
    }

    /// Updates existing rows to rows with a higher value in the last column; the first two columns of the table are its key.
    pub(super) fn update(table: &'static str, columns: &'static str) -> Self {
        let names: Vec<&str> = columns.split(", ").collect();
        let value = |column: usize| format!("{} = new.column{}", names[column], column + 1);
        let (key, last) = (names[0], names.len() - 1);
        let set = (1..names.len()).map(value).collect::<Vec<_>>().join(", ");
        let newer = format!("{table}.{key} = new.column1 AND {table}.{} < new.column{}", names[last], last + 1);
        Self::made(columns, format!("UPDATE {table} SET {set} FROM ("), format!(") AS new WHERE {table}.book = new.book AND {newer}"))
    }

    fn made(columns: &str, before: String, after: String) -> Self {
        let count = columns.split(',').count();
        let mut made = Self { before, count, after, sql: SIZES.map(|_| Arc::from("")) };
        made.sql = SIZES.map(|size| made.sql(size).into());
        made
    }

    /// The statement for so many rows.
    pub(super) fn sql(&self, size: usize) -> String {
        let Self { before, count, after, .. } = self;
        let row = format!("({})", vec!["?"; *count].join(","));
        let rows = vec![row.as_str(); size].join(",");
        format!("{before} SELECT ? AS book, * FROM (VALUES {rows}) WHERE column1 IS NOT NULL {after}")
    }

    /// The most rows of one statement.
    pub(super) fn rows_max(&self) -> usize {
        SIZES.into_iter().rev().find(|size| size * self.count < PARAMETERS_MAX).unwrap_or(1)
    }

    /// Writes all rows, in as few statements as possible.
    pub(super) async fn run<T: Sync>(
        &self,
        writer: &mut SqliteConnection,
        book: i64,
        rows: &[T],
        bind: impl Fn(Values, &T) -> Values + Send + Sync + Copy,
    ) -> Result<(), sqlx::Error> {
        for now in rows.chunks(self.rows_max()) {
            let size = size_for(now.len());
            let at = SIZES.iter().position(|there| *there == size).expect("one of them");
            Values::with_room(self.values(size)).rows(self, size, book, now, bind).run(writer, self.sql[at].clone()).await?;
        }
        Ok(())
    }

    /// How many values a statement of so many rows has.
    pub(super) fn values(&self, size: usize) -> usize {
        1 + size * self.count
    }
}

#[cfg(test)]
mod tests;
