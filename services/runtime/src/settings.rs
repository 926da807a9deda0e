//! Every service's own options, in one place.

/// Options of all services; those that are not set have their documented defaults.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The ledger's options.
    pub ledger: ledger::Config,
    /// The gift service's options.
    pub gift: gift::Config,
    /// The purchase service's options. In a sandbox, bundles of TEST books and the pretend store's root are added at the start.
    pub purchase: purchase::Config,
    /// The earnings service's options.
    pub earnings: earnings::Config,
    /// The payout service's options. Without a key file a sandbox uses a key beside the data and the pretend bank; otherwise payouts do not start.
    pub payout: payout::Config,
    /// The treasury service's options.
    pub treasury: treasury::Config,
    /// The monitor's options.
    pub monitor: monitor::Config,
    /// The console's options. In a sandbox its address and its login are supplied at the start where they are not set.
    pub console: console::Config,
    /// The pretend login's options.
    pub login: sandbox::login::Config,
    /// The pretend bank's options.
    pub bank: sandbox::bank::Config,
}
