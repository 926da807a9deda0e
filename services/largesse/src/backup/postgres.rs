//! PostgreSQL: a dump of all schemas in one snapshot, by `pg_dump`, which must be at hand and as new as the server.
use super::{Copied, Fault, OWNERS, heads, tables};
use db::Database;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// The dump, in PostgreSQL's own compressed form.
const DUMP: &str = "postgres.dump";

pub async fn dump(database: &Database, to: &Path) -> Result<Copied, Fault> {
    let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?);
    let heads = heads(database).await?;
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to.join(DUMP));
    for service in OWNERS {
        command.args(["--schema", tables(service)]);
    }
    command.args(["--dbname", &url]);
    run(command, password, "pg_dump").await?;
    Ok(Copied { files: vec![DUMP.to_owned()], heads })
}

/// All or nothing; what is there already makes it fail.
pub async fn load(database: &Database, from: &Path) -> Result<(), Fault> {
    let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?);
    let mut command = Command::new("pg_restore");
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", &url]).arg(from.join(DUMP));
    run(command, password, "pg_restore").await
}

/// An address without its password, and the password: what is on a command line everybody on the machine can read.
fn split_password(url: &str) -> (String, Option<String>) {
    let parts = || {
        let (scheme, rest) = url.split_once("://")?;
        let (user, place) = rest.split_once('@').filter(|(user, _)| !user.contains(['/', '?']))?;
        let (user, password) = user.split_once(':')?;
        Some((format!("{scheme}://{user}@{place}"), percent_encoding::percent_decode_str(password).decode_utf8().ok()?.into_owned()))
    };
    parts().map_or_else(|| (url.to_owned(), None), |(url, password)| (url, Some(password)))
}

async fn run(mut command: Command, password: Option<String>, name: &str) -> Result<(), Fault> {
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
        ] {
            assert_eq!(split_password(url), (without.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
