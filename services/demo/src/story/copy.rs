//! A copy of the ledger, and one changed byte in it. The copy is always an SQLite file: the journal's canonical bytes are the same on both engines, so it can
//! be checked there as well, and no permission to create databases on a server is needed.
use db::Database;
use runtime::command::UntypedError;
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
    TypeInfo as _, postgres::PgRow, sqlite::SqliteConnectOptions,
};
use std::path::Path;

/// Every table of the ledger, except the lease, which belongs to a process, and the list of applied migrations, of which the copy has its own.
const TABLES: &str = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'ledger' \
                      AND table_name NOT IN ('lease', 'migration', 'program_format') ORDER BY 1";

/// Copies the ledger as of one moment into `dir`, while it runs.
pub async fn copy(database: &Database, dir: &Path) -> Result<Database, UntypedError> {
    let file = dir.join("ledger.db");
    let target = Database::parse(&format!("sqlite:{}", dir.display()))?;
    if let Some(options) = database.sqlite_options("ledger")? {
        let mut source = options.connect().await?;
        let path = file.to_str().ok_or("a path that is text")?;
        sqlx::query("VACUUM INTO ?").bind(path).execute(&mut source).await?;
        source.close().await?;
    } else {
        drop(books::store::open_store(&target).await?);
        let options = database.postgres_options("ledger")?.ok_or("a database is SQLite or PostgreSQL")?;
        let mut source = options.connect().await?;
        let mut copy = open(&file).await?;
        carry_over(&mut source, &mut copy).await?;
        source.close().await?;
        copy.close().await?;
    }
    Ok(target)
}

async fn open(file: &Path) -> Result<SqliteConnection, UntypedError> {
    Ok(SqliteConnectOptions::new().filename(file).connect().await?)
}

/// Copies all rows, from one snapshot.
async fn carry_over(source: &mut PgConnection, copy: &mut SqliteConnection) -> Result<(), UntypedError> {
    // Both connections are closed afterwards, also after an error.
    source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    copy.execute("BEGIN").await?;
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *source).await?;
    for table in &tables {
        let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM \"{table}\""))).fetch_all(&mut *source).await?;
        for row in &rows {
            insert(copy, table, row).await?;
        }
    }
    copy.execute("COMMIT").await?;
    Ok(())
}

async fn insert(to: &mut SqliteConnection, table: &str, row: &PgRow) -> Result<(), UntypedError> {
    let names: Vec<String> = row.columns().iter().map(|column| format!("\"{}\"", column.name())).collect();
    let places = vec!["?"; names.len()].join(", ");
    let mut query = sqlx::query(AssertSqlSafe(format!("INSERT INTO \"{table}\" ({}) VALUES ({places})", names.join(", "))));
    for (at, column) in row.columns().iter().enumerate() {
        query = match column.type_info().name() {
            "INT8" => query.bind(row.try_get::<Option<i64>, _>(at)?),
            "TEXT" => query.bind(row.try_get::<Option<String>, _>(at)?),
            "BYTEA" => query.bind(row.try_get::<Option<Vec<u8>>, _>(at)?),
            other => return Err(format!("{table}.{}: a column of type {other}", column.name()).into()),
        };
    }
    query.execute(to).await?;
    Ok(())
}

/// Flips the lowest bit of the byte in the middle of one event.
pub async fn change(copy: &Database, book: &str, seq: i64) -> Result<(), UntypedError> {
    let dir = copy.sqlite_dir().ok_or("the copy is an SQLite file")?;
    let mut connection = open(&dir.join("ledger.db")).await?;
    let key: i64 = sqlx::query_scalar("SELECT book FROM book WHERE name = ?").bind(book).fetch_one(&mut connection).await?;
    let mut body: Vec<u8> =
        sqlx::query_scalar("SELECT body FROM event WHERE book = ? AND seq = ?").bind(key).bind(seq).fetch_one(&mut connection).await?;
    let middle = body.len() / 2;
    *body.get_mut(middle).ok_or("an event has bytes")? ^= 1;
    let changed = sqlx::query("UPDATE event SET body = ? WHERE book = ? AND seq = ?").bind(body).bind(key).bind(seq);
    if changed.execute(&mut connection).await?.rows_affected() != 1 {
        return Err("the copy has no such event".into());
    }
    connection.close().await?;
    Ok(())
}
