//! The services, and the others that each of them needs.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A service by name. Ordered as they start: each after those it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The only place where money moves.
    Ledger,
    /// The audit log, and actions that need two members of staff.
    Support,
    /// Simulated stores and a simulated bank, over HTTP.
    Sandbox,
    /// Purchases of coins.
    Purchase,
    /// Gifts sent.
    Gift,
    /// Conversion of earnings into money.
    Earnings,
    /// Payouts of money.
    Payout,
    /// Physical bank accounts and their virtual ones.
    Treasury,
    /// Whether the ledger audit passes.
    Monitor,
}

impl Service {
    /// Every service, in the order they start.
    pub const ALL: [Self; 9] = [
        Self::Ledger,
        Self::Support,
        Self::Sandbox,
        Self::Purchase,
        Self::Gift,
        Self::Earnings,
        Self::Payout,
        Self::Treasury,
        Self::Monitor,
    ];

    /// The name given to `--services`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Support => "support",
            Self::Sandbox => "sandbox",
            Self::Purchase => "purchase",
            Self::Gift => "gift",
            Self::Earnings => "earnings",
            Self::Payout => "payout",
            Self::Treasury => "treasury",
            Self::Monitor => "monitor",
        }
    }

    /// The gRPC service's full name; the sandbox speaks HTTP only.
    pub fn grpc_name(self) -> Option<&'static str> {
        match self {
            Self::Ledger => Some("largesse.ledger.v1.LedgerService"),
            Self::Support => Some("largesse.support.v1.SupportService"),
            Self::Sandbox => None,
            Self::Purchase => Some("largesse.purchase.v1.PurchaseService"),
            Self::Gift => Some("largesse.gift.v1.GiftService"),
            Self::Earnings => Some("largesse.earnings.v1.EarningsService"),
            Self::Payout => Some("largesse.payout.v1.PayoutService"),
            Self::Treasury => Some("largesse.treasury.v1.TreasuryService"),
            Self::Monitor => Some("largesse.monitor.v1.MonitorService"),
        }
    }

    /// The services it calls over gRPC.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::Ledger | Self::Sandbox | Self::Monitor => &[],
            Self::Support | Self::Purchase | Self::Gift | Self::Earnings | Self::Payout | Self::Treasury => &[Self::Ledger],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|service| service.as_str() == text).ok_or_else(|| format!("one of {}", known()))
    }
}
