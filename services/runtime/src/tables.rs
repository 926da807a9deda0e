//! Migrates the tables of a service without starting it.
use db::Database;
use identity::Service;

/// Migrates the tables of `service` and says what was done.
pub async fn migrate(service: Service, database: &Database) -> Result<&'static str, Box<dyn std::error::Error + Send + Sync>> {
    match service {
        // Opening the store migrates it.
        Service::Ledger => drop(books::store::open_store(database).await?),
        Service::Support => drop(support::store::Store::open(database).await?),
        Service::Purchase => drop(purchase::Store::open(database).await?),
        Service::Earnings => earnings::migrate(database).await?,
        Service::Gift => drop(gift::store::Store::open(database).await?),
        Service::Payout => drop(payout::store::Store::inspect(database).await?),
        Service::Treasury => drop(treasury::store::Store::open(database).await?),
        Service::Monitor => drop(monitor::tables::Store::open(database).await?),
        Service::Sandbox => return Ok("is migrated when it starts"),
    }
    Ok("up to date")
}
