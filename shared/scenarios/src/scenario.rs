//! One scenario.
use crate::deeds::Deed;

/// Something that can be had of a counterpart.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, such as `payout.returned`.
    pub name: &'static str,
    /// What happens, in a sentence without its full stop.
    pub effect: &'static str,
    /// What it takes, by the names of options.
    pub takes: &'static [&'static str],
    pub(crate) deed: Deed,
}
