//! Starts each service with what it needs, and adds its routes.
use crate::{Error, wiring::Wiring};
use identity::Service;

mod console;
mod earnings;
mod gift;
mod ledger;
mod monitor;
mod payout;
mod purchase;
mod sandbox;
mod support;
mod treasury;

pub(super) use console::{console, console_base};
pub(super) use payout::{knows_treasury, reserves_at_treasury};
pub use payout::{payout_key_file, payout_key_ids, rotate_payout_key};
pub use purchase::sandbox_bundle;
pub use sandbox::store_directory;

/// Starts `service` and adds it to the wiring.
pub(super) async fn start(service: Service, wiring: &mut Wiring) -> Result<(), Error> {
    let started = match service {
        Service::Ledger => ledger::start(wiring).await,
        Service::Support => support::start(wiring).await,
        Service::Sandbox => sandbox::start(wiring).await,
        Service::Purchase => purchase::start(wiring).await,
        Service::Gift => gift::start(wiring).await,
        Service::Earnings => earnings::start(wiring).await,
        Service::Payout => payout::start(wiring).await,
        Service::Treasury => treasury::start(wiring).await,
        Service::Monitor => monitor::start(wiring).await,
    };
    started.map_err(|source| Error::Start { service, source })
}
