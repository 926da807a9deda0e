//! Whose an account is. The answer is chosen by the name that is asked about: `Sandbox vop:close Anna Muller` is close to the account's name, Anna Muller;
//! `Sandbox vop:none` is another holder's; `Sandbox vop:unknown` can't be compared; `Sandbox vop:silent` is never answered. Every other name is the account's.

use super::scenario::NAME_PREFIX;
use serde::{Deserialize, Serialize};

/// A question, in the form of the EPC's Verification of Payee scheme; fields that decide nothing here are not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayeeVerification {
    party: NamedParty,
    party_account: PartyAccount,
}

#[derive(Debug, Deserialize)]
struct NamedParty {
    name: String,
}

#[derive(Debug, Deserialize)]
struct PartyAccount {
    iban: Option<String>,
    other: Option<OtherAccount>,
}

#[derive(Debug, Deserialize)]
struct OtherAccount {
    identification: String,
}

/// The answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayeeVerified {
    /// `MTCH`, `CMTC`, `NMTC` or `NOAP`.
    pub party_name_match: &'static str,
    /// With `CMTC`: the account's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_name: Option<String>,
}

impl PayeeVerification {
    /// Whether exactly one account is named.
    pub fn names_an_account(&self) -> bool {
        let other = self.party_account.other.as_ref().map(|other| &other.identification);
        self.party_account.iban.iter().chain(other).filter(|number| !number.is_empty()).count() == 1
    }

    /// The answer; none: it is never given.
    pub fn answer(&self) -> Option<PayeeVerified> {
        let says = |party_name_match, name: Option<&str>| PayeeVerified { party_name_match, matched_name: name.map(str::to_owned) };
        let chosen = self.party.name.strip_prefix(NAME_PREFIX).and_then(|rest| rest.strip_prefix("vop:"));
        match chosen.map(|rest| rest.split_once(' ').unwrap_or((rest, ""))) {
            Some(("close", name)) if !name.is_empty() => Some(says("CMTC", Some(name))),
            Some(("none", _)) => Some(says("NMTC", None)),
            Some(("unknown", _)) => Some(says("NOAP", None)),
            Some(("silent", _)) => None,
            _ => Some(says("MTCH", None)),
        }
    }
}
