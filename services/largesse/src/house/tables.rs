//! Bringing the tables of a service up to date without starting it.
use crate::house::Service;
use db::Database;

/// Migrates the tables of `service`. False: it has none.
pub async fn migrate(service: Service, database: &Database) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    match service {
        // Opening the store migrates it.
        Service::Ledger => drop(ledger::open_store(database).await?),
        Service::Purchase => drop(purchase::Store::open(database).await?),
        Service::Earnings => earnings::migrate(database).await?,
        // Its state is in the ledger.
        Service::Gift => return Ok(false),
        // Its tables are play, and made when it plays.
        Service::Sandbox => return Ok(false),
        Service::Payout => return Ok(false),
    }
    Ok(true)
}
