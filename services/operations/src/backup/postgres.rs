//! PostgreSQL: a dump of all schemas in one snapshot, by `pg_dump`, which must be installed and at least as new as the server.
use super::{CopiedFiles, CopyManifest, DUMP, OperationFault, STORES, files};
use db::Database;
use sqlx::{Connection as _, PgConnection};
use std::{collections::BTreeMap, path::Path, process::Stdio};
use tokio::process::Command;

/// SQLSTATE of a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

const HAS_CITUS: &str = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')";

/// Each node of a cluster returns its rows as of the moment when it is queried.
const SEVERAL_MOMENTS: &str = "the tables may be spread over the nodes of a Citus cluster, and each was read at a different moment: only a backup that \
                               was taken while nothing was posted is consistent";

pub async fn dump(database: &Database, to: &Path) -> Result<CopiedFiles, OperationFault> {
    let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?)?;
    let mut connection = database.connect_postgres().await?.ok_or("not a PostgreSQL server")?;
    let heads = heads(&mut connection, &database.shown()).await?;
    let spread: bool = sqlx::query_scalar(HAS_CITUS).fetch_one(&mut connection).await?;
    connection.close().await?;
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to.join(DUMP));
    for (_, tables) in STORES {
        command.args(["--schema", tables]);
    }
    command.args(["--dbname", &url]);
    run(command, password, "pg_dump").await?;
    Ok(CopiedFiles { files: vec![DUMP.to_owned()], heads, caution: spread.then_some(SEVERAL_MOMENTS) })
}

/// Each book's last commit, read without opening the store: the backup program may be newer than the running ones and must not run migrations. One query per
/// book, because that is one index step, and a cluster's node can answer it alone.
async fn heads(connection: &mut PgConnection, shown: &str) -> Result<BTreeMap<String, (i64, String)>, OperationFault> {
    let books = sqlx::query_as("SELECT book, name FROM ledger.book").fetch_all(&mut *connection).await;
    let books: Vec<(i64, String)> = books.map_err(|error| match error.as_database_error().and_then(|told| told.code()).as_deref() {
        Some(UNDEFINED_TABLE) => OperationFault::from(format!("there is no ledger in {shown}; nothing was backed up")),
        _ => error.into(),
    })?;
    let mut heads = BTreeMap::new();
    for (book, name) in books {
        let sql = "SELECT commit_no, encode(hash, 'hex') FROM ledger.\"commit\" WHERE book = $1 ORDER BY commit_no DESC LIMIT 1";
        if let Some(head) = sqlx::query_as(sql).bind(book).fetch_optional(&mut *connection).await? {
            heads.insert(name, head);
        }
    }
    Ok(heads)
}

/// Loads the dump, all or nothing; fails if anything of it exists already.
pub async fn load(database: &Database, from: &Path, manifest: &CopyManifest) -> Result<(), OperationFault> {
    // Loaded from a private directory, so that the file loaded is the file checked.
    let own = tempfile::tempdir()?;
    let dump = own.path().join(DUMP);
    let put = files::put(&from.join(DUMP), &dump)?;
    if manifest.files.get(DUMP) != Some(&put) {
        return Err(format!("{DUMP}: was changed while it was copied: its SHA-256 was {put}; nothing was loaded").into());
    }
    let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?)?;
    let mut command = Command::new("pg_restore");
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", &url]).arg(&dump);
    run(command, password, "pg_restore").await
}

/// Splits an address into the part without the password and the password: everybody on the machine can read command lines.
fn split_password(url: &str) -> Result<(String, Option<String>), OperationFault> {
    let decoded = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8();
        text.map(std::borrow::Cow::into_owned).map_err(|_| "the password in the database's address is not UTF-8; give it by PGPASSFILE")
    };
    let Some((scheme, rest)) = url.split_once("://") else { return Ok((url.to_owned(), None)) };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let mut password = None;
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, secret)) => {
                password = Some(decoded(secret)?);
                format!("{user}@{host}")
            }
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let Some((path, query)) = rest.split_once('?') else { return Ok((format!("{scheme}://{authority}{rest}"), password)) };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("password", secret)) => password = Some(decoded(secret)?),
            // An option of the driver, which the PostgreSQL programs don't know.
            Some(("statement-cache-capacity", _)) => {}
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{scheme}://{authority}{path}{query}"), password))
}

async fn run(mut command: Command, password: Option<String>, name: &str) -> Result<(), OperationFault> {
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command.kill_on_drop(true);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().await;
    let output = ended.map_err(|error| format!("{name}: {error}; PostgreSQL's client programs must be on the path"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    if words.contains("already exists") {
        return Err("this database already has tables of Largesse; nothing was written".into());
    }
    let words = words.replace(&format!("{name}: "), "");
    Err(format!("{name}: {}", words.lines().next().unwrap_or("failed without a word")).into())
}

#[cfg(test)]
mod tests {
    use super::split_password;

    #[test]
    fn a_password_is_not_on_the_command_line() {
        for (url, without, password) in [
            ("postgres://u:p%40ss@h:5432/d?sslmode=require", "postgres://u@h:5432/d?sslmode=require", Some("p@ss")),
            ("postgresql://u@h/d", "postgresql://u@h/d", None),
            ("postgres://h/d?user=a:b@c", "postgres://h/d?user=a:b@c", None),
            ("postgres://u:@h/d", "postgres://u@h/d", Some("")),
            ("postgres://u:p@ss@h/d", "postgres://u@h/d", Some("p@ss")),
            ("postgres://h/d?user=u&password=se%3Dcret&sslmode=require", "postgres://h/d?user=u&sslmode=require", Some("se=cret")),
            ("postgres://u@localhost/d?host=/tmp/a@b:c", "postgres://u@localhost/d?host=/tmp/a@b:c", None),
            ("postgres://u@h/d?password=x", "postgres://u@h/d", Some("x")),
        ] {
            assert_eq!(split_password(url).unwrap(), (without.to_owned(), password.map(str::to_owned)), "{url}");
        }
        assert!(split_password("postgres://u:%ff@h/d").is_err());
    }
}
