//! Every file of an operator that can be checked before its service reads it: the lists, and the rules of markets, of which none are built in.
use super::ListKind;
use purchase::{limits::rules::SpendingRules, wallet_changes::rules::WalletRules};
use settings::document::DocumentError;
use std::{path::Path, str::FromStr};

/// What such a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckedFile {
    /// What is sold, sent or quoted.
    List(ListKind),
    /// Who may buy coins, and for how much.
    SpendingRules,
    /// What becomes of coins that are left in wallets.
    WalletRules,
}

/// A file that its service would read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRows {
    /// What was found.
    pub found: String,
    /// Whether these are entries that are built in.
    pub built_in: bool,
}

/// A number of rows, with their noun.
fn rows(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

impl CheckedFile {
    /// Reads a file as the service would.
    pub fn read(self, file: &Path) -> Result<CheckedRows, DocumentError> {
        let found = match self {
            Self::List(kind) => {
                let list = kind.read(file)?;
                return Ok(CheckedRows { found: list.to_string(), built_in: list.built_in });
            }
            Self::SpendingRules => {
                let rules = SpendingRules::load(file)?;
                let (count, markets) = rules.counts();
                format!("version {}, {} of {}", rules.version(), rows(count, "rule"), rows(markets, "market"))
            }
            Self::WalletRules => {
                let rules = WalletRules::load(file)?;
                let [closures, dormancies, breakages, waitings] = rules.counts().map(|count| rows(count, "rule"));
                format!(
                    "version {}, {closures} of closures, {dormancies} of dormancy, {breakages} of breakage, {waitings} of waiting",
                    rules.version()
                )
            }
        };
        Ok(CheckedRows { found, built_in: false })
    }
}

impl FromStr for CheckedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "spending_rules" => Ok(Self::SpendingRules),
            "wallet_rules" => Ok(Self::WalletRules),
            _ => text.parse().map(Self::List).map_err(|_| "it must be gifts, packages, rates, spending_rules or wallet_rules".to_owned()),
        }
    }
}
