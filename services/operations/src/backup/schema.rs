//! Checks that the tables of a restored backup are exactly what migrations make: a trigger or a view that somebody added to a backup would stay active in the
//! restored installation.
use super::{CopyManifest, OperationFault, STORES};
use db::{Database, Engine};
use identity::Service;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Objects of an SQLite file: kind, name, and the statement that creates it.
const OBJECTS: &str = "SELECT type, name, COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
/// Objects in a schema of PostgreSQL other than tables, their indexes and constraints.
const FOREIGN: &str = "SELECT what FROM (
    SELECT 'trigger ' || t.tgname || ' on ' || c.relname AS what, c.relnamespace AS space FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal
    UNION ALL SELECT 'rule ' || r.rulename || ' on ' || c.relname, c.relnamespace FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relkind <> 'v'
    UNION ALL SELECT 'view ' || relname, relnamespace FROM pg_class WHERE relkind IN ('v', 'm', 'f')
    UNION ALL SELECT 'function ' || proname, pronamespace FROM pg_proc
    UNION ALL SELECT 'policy ' || p.polname || ' on ' || c.relname, c.relnamespace FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    ) found JOIN pg_namespace n ON n.oid = found.space WHERE n.nspname = $1 ORDER BY what LIMIT 1";
const COLUMNS: &str = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = $1";

/// Tables with the names of their columns.
type TableColumns = BTreeMap<String, BTreeSet<String>>;

/// Refuses objects in a backup that no migration makes, before anything opens its tables: a trigger would become active.
pub async fn nothing_besides(database: &Database, manifest: &CopyManifest) -> Result<(), OperationFault> {
    for (_, tables) in STORES {
        let found = match database.engine() {
            Engine::Sqlite if manifest.files.contains_key(&format!("{tables}.db")) => besides(&file(database, tables)?).await?,
            Engine::Sqlite => None,
            Engine::Postgres => {
                let mut server = database.connect_postgres().await?.ok_or("not a PostgreSQL server")?;
                let found: Option<String> = sqlx::query_scalar(FOREIGN).bind(tables).fetch_optional(&mut server).await?;
                server.close().await?;
                found
            }
        };
        if let Some(what) = found {
            return Err(format!("the tables of {tables} have a {what}, which no migration makes").into());
        }
    }
    Ok(())
}

async fn besides(file: &Path) -> Result<Option<String>, OperationFault> {
    let mut file = SqliteConnectOptions::new().filename(file).create_if_missing(false).connect().await?;
    let found = objects(&mut file).await?;
    file.close().await?;
    let plain = |kind: &str, sql: &str| match kind {
        "table" => !sql.trim_start().to_ascii_uppercase().starts_with("CREATE VIRTUAL"),
        "index" => true,
        _ => false,
    };
    Ok(found.into_iter().find(|(kind, _, sql)| !plain(kind, sql)).map(|(kind, name, _)| format!("{kind} {name}")))
}

async fn objects(file: &mut SqliteConnection) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    sqlx::query_as(OBJECTS).fetch_all(file).await
}

/// Migrates the tables of a backup and compares them with freshly made ones. The pretend bank's tables are only checked by [`nothing_besides`].
pub async fn as_migrated(database: &Database, manifest: &CopyManifest, scratch: &Path) -> Result<(), OperationFault> {
    let fresh = Database::parse(&format!("sqlite:{}", scratch.display()))?;
    for (service, _) in STORES.into_iter().filter(|(service, _)| *service != Service::Sandbox) {
        let here = match database.engine() {
            Engine::Sqlite => manifest.files.contains_key(&format!("{service}.db")),
            Engine::Postgres => monitor::audit::exists(database, service).await?,
        };
        if !here {
            continue;
        }
        opened(database, service).await?;
        opened(&fresh, service).await?;
        let wanted = tables_of(&fresh, service).await?;
        let found = tables_of(database, service).await?;
        if let Some(what) = difference(&wanted, &found) {
            return Err(format!("the tables of {service} are not what migrations make: {what}").into());
        }
        if database.engine() == Engine::Sqlite
            && let Some(what) = other_statement(&fresh, database, service).await?
        {
            return Err(format!("the tables of {service} are not what migrations make: {what}").into());
        }
    }
    Ok(())
}

/// Opens a service's tables as the service would, with its migrations.
async fn opened(database: &Database, service: Service) -> Result<(), OperationFault> {
    match service {
        Service::Ledger => drop(books::store::open_store(database).await?),
        Service::Support => drop(support::tables::Store::open(database).await?),
        Service::Purchase => drop(purchase::tables::Store::open(database).await?),
        Service::Earnings => drop(earnings::tables::Store::open(database).await?),
        Service::Payout => drop(payout::tables::Store::inspect(database).await?),
        Service::Gift => drop(gift::tables::Store::open(database).await?),
        Service::Treasury => drop(treasury::tables::Store::open(database).await?),
        Service::Monitor => drop(monitor::tables::Store::open(database).await?),
        Service::Sandbox => {}
    }
    Ok(())
}

async fn tables_of(database: &Database, service: Service) -> Result<TableColumns, OperationFault> {
    let pairs: Vec<(String, String)> = match database.engine() {
        Engine::Sqlite => {
            let mut file =
                SqliteConnectOptions::new().filename(file(database, service.as_str())?).create_if_missing(false).connect().await?;
            let columns = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_xinfo(t.name) c
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
            let found = sqlx::query_as(columns).fetch_all(&mut file).await?;
            file.close().await?;
            found
        }
        Engine::Postgres => {
            let mut server = database.connect_postgres().await?.ok_or("not a PostgreSQL server")?;
            let found = sqlx::query_as(COLUMNS).bind(service.as_str()).fetch_all(&mut server).await?;
            server.close().await?;
            found
        }
    };
    let mut by_table = TableColumns::new();
    for (table, column) in pairs {
        by_table.entry(table).or_default().insert(column);
    }
    Ok(by_table)
}

/// The first table or column that is in one and not in the other.
fn difference(wanted: &TableColumns, found: &TableColumns) -> Option<String> {
    for (table, columns) in wanted {
        let Some(there) = found.get(table) else { return Some(format!("table {table} is missing")) };
        if let Some(column) = columns.symmetric_difference(there).next() {
            let what = if there.contains(column) { "is too much" } else { "is missing" };
            return Some(format!("column {table}.{column} {what}"));
        }
    }
    found.keys().find(|table| !wanted.contains_key(*table)).map(|table| format!("table {table} is too much"))
}

/// A table or an index of SQLite whose statement differs from the migration's: with a default, a check or a condition added.
async fn other_statement(fresh: &Database, database: &Database, service: Service) -> Result<Option<String>, OperationFault> {
    let mut sides = Vec::new();
    for side in [fresh, database] {
        let mut file = SqliteConnectOptions::new().filename(file(side, service.as_str())?).create_if_missing(false).connect().await?;
        sides.push(objects(&mut file).await?.into_iter().map(|(kind, name, sql)| ((kind, name), sql)).collect::<BTreeMap<_, _>>());
        file.close().await?;
    }
    let (wanted, found) = (&sides[0], &sides[1]);
    let differs = |key: &&(String, String)| wanted.get(*key) != found.get(*key);
    Ok(wanted.keys().chain(found.keys()).find(differs).map(|(kind, name)| format!("{kind} {name} was made by another statement")))
}

fn file(database: &Database, tables: &str) -> Result<std::path::PathBuf, OperationFault> {
    let dir = database.sqlite_dir().ok_or("an SQLite database is a directory")?;
    Ok(dir.join(format!("{tables}.db")))
}
