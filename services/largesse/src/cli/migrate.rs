//! `largesse migrate`: migrates the tables of services and exits.
//!
//! Services do the same when they start. Run it before a rollout, so that the new version finds its tables; the old one can still use them.
use crate::cli::settings::DatabaseArgument;
use clap::Args;
use db::Database;
use identity::Service;
use operations::citus;
use runtime::command::CommandResult;
use runtime::tables;
use std::process::ExitCode;

/// Options of `largesse migrate`.
#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// Services whose tables to migrate; by default all.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub services: Vec<Service>,
    /// After migrating, distributes the tables over a Citus cluster, with all rows of a book on one node. The database must have the Citus extension.
    /// Repeating the command changes nothing.
    #[arg(long, conflicts_with = "services")]
    pub citus: bool,
}

/// Runs the migrations and prints what was done.
pub async fn run(address: String, services: Vec<Service>, citus: bool) -> CommandResult {
    let database = Database::parse(&address)?;
    if citus {
        citus::check(&database).await?;
    }
    let services = if services.is_empty() { Service::ALL.to_vec() } else { services };
    for service in services {
        println!("{service}: {}", tables::migrate(service, &database).await?);
    }
    if citus {
        for done in citus::distribute(&database).await? {
            println!("{}: {}", done.table, done.told);
        }
    }
    Ok(ExitCode::SUCCESS)
}
