//! What the pretend banks and stores of a sandbox can be told to do, by name: one table for `largesse trigger` and for the console's page. For TEST books only.
//!
//! - [`Scenario`]: a name, its effect and what it takes. [`all`] lists them, [`find`] finds one. `payments` and `stores` are the tables, of `deeds`.
//! - [`ScenarioTerms`]: what the caller gives. [`SandboxAddresses`]: where the counterparts listen, on this machine only.
//! - [`ScenarioCall`]: a request that results, as `requests` makes it; [`send`] sends it. [`PretendSale`]: coins sold without an app.
mod addresses;
mod deeds;
mod names;
mod payments;
mod requests;
mod sale;
mod scenario;
mod sending;
mod stores;
mod terms;

#[cfg(test)]
mod tests;

pub use addresses::SandboxAddresses;
pub use deeds::PretendStore;
pub use names::{all, find};
pub use sale::PretendSale;
pub use scenario::Scenario;
pub use sending::{CallMethod, NotSent, ScenarioCall, client, send};
pub use terms::ScenarioTerms;
