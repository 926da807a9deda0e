//! Every service's own options, in one place.

/// Options of all services; what is not touched has its documented default.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The ledger's.
    pub ledger: ledger::Config,
    /// The gift service's.
    pub gift: gift::Config,
    /// The purchase service's. In a sandbox, bundles of TEST books and the pretend store's root are added at the start.
    pub purchase: purchase::Config,
    /// The earnings service's.
    pub earnings: earnings::Config,
    /// The payout service's. Without a key file: in a sandbox a key beside the data and the pretend bank; elsewhere payouts do not start.
    pub payout: payout::Config,
    /// The monitor's.
    pub monitor: monitor::Config,
    /// The pretend bank's.
    pub bank: sandbox::bank::Config,
}
