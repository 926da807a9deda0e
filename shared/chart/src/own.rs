//! Operators' own services that post: rows of the settings, `[[ledger.posters]]`. Without a row a service's token posts nothing.
use crate::{
    AccountClass, GuardFamily, Poster, PostingKind, Unit,
    pattern::{AccountPattern, PatternUnit},
    posters::{BrokenRule, RuledTransfer},
};
use money::UserKey;
use std::{collections::BTreeMap, sync::Arc};

/// Names of Largesse's processes and services, which post as their own rows allow or not at all.
const HOUSE_NAMES: [&str; 4] = ["largesse", "ledger", "monitor", "sandbox"];
/// Longest kind, in bytes; the ledger's own limit.
const KIND_BYTES_MAX: usize = 64;

/// The transfers that an operator's service may post under a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPoster {
    service: UserKey,
    kind: String,
    debit: AccountPattern,
    credit: AccountPattern,
    allow_debt: bool,
}

/// An error in a row: the key, and why it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct InvalidPoster {
    /// The key of the row.
    pub key: &'static str,
    /// What it must be.
    pub why: String,
}

fn wrong(key: &'static str, why: impl Into<String>) -> InvalidPoster {
    InvalidPoster { key, why: why.into() }
}

fn pattern(key: &'static str, text: &str) -> Result<AccountPattern, InvalidPoster> {
    let example = "viewer/*/coins, house/coins/issued, creator/*/payable/* or house/bank_cash/USD";
    AccountPattern::parse(text).ok_or_else(|| wrong(key, format!("{text:?} is no pattern of accounts, such as {example}")))
}

impl OwnPoster {
    /// Parses a row. `allow_debt`: whether its transfers may take accounts of users below zero.
    pub fn try_new(service: &str, kind: &str, debit: &str, credit: &str, allow_debt: bool) -> Result<Self, InvalidPoster> {
        let named = UserKey::try_new(service).map_err(|error| wrong("service", error.to_string()))?;
        if Poster::parse(service).is_some() || HOUSE_NAMES.contains(&service) {
            return Err(wrong("service", format!("{service} is one of Largesse's and has its rows already; give yours another name")));
        }
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
        if kind.is_empty() || kind.len() > KIND_BYTES_MAX || !kind.bytes().all(fits) {
            return Err(wrong("kind", format!("{kind:?} must match [a-z0-9_.]{{1,64}}")));
        }
        if PostingKind::parse(kind).is_some() || kind.starts_with(crate::kind::PURCHASE_PREFIX) {
            return Err(wrong(
                "kind",
                format!("{kind} is posted by a service of Largesse, whose tables it is compared with; name another"),
            ));
        }
        let (debit_pattern, credit_pattern) = (pattern("debit", debit)?, pattern("credit", credit)?);
        let meets = match (debit_pattern.unit, credit_pattern.unit) {
            (PatternUnit::AnyCurrency, unit) | (unit, PatternUnit::AnyCurrency) => unit == PatternUnit::AnyCurrency || is_currency(unit),
            (one, other) => one == other,
        };
        if !meets {
            return Err(wrong("credit", format!("{credit} does not count what {debit} counts, so no transfer can be between them")));
        }
        let same = debit_pattern == credit_pattern && !has_owner(debit_pattern.class);
        if same && matches!(debit_pattern.unit, PatternUnit::Fixed(_)) {
            return Err(wrong("credit", format!("{credit} is the account that gives; a transfer is between two")));
        }
        Ok(Self { service: named, kind: kind.to_owned(), debit: debit_pattern, credit: credit_pattern, allow_debt })
    }

    /// The subject of its token.
    #[must_use]
    pub const fn service(&self) -> &UserKey {
        &self.service
    }

    fn covers(&self, transfer: &RuledTransfer) -> bool {
        self.debit.holds(transfer.debit, transfer.unit) && self.credit.holds(transfer.credit, transfer.unit)
    }
}

const fn has_owner(class: AccountClass) -> bool {
    use AccountClass::{AgencyDiamonds, AgencyPayable, CreatorDiamonds, CreatorPayable, ViewerCoins, ViewerDebt};
    matches!(class, ViewerCoins | ViewerDebt | CreatorDiamonds | AgencyDiamonds | CreatorPayable | AgencyPayable)
}

const fn is_currency(unit: PatternUnit) -> bool {
    matches!(unit, PatternUnit::Fixed(Unit::Currency(_)))
}

/// All rows, by service. Clones share them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPosters(Arc<BTreeMap<UserKey, Vec<OwnPoster>>>);

impl FromIterator<OwnPoster> for OwnPosters {
    fn from_iter<I: IntoIterator<Item = OwnPoster>>(rows: I) -> Self {
        let mut by_service: BTreeMap<UserKey, Vec<OwnPoster>> = BTreeMap::new();
        for row in rows {
            by_service.entry(row.service.clone()).or_default().push(row);
        }
        Self(Arc::new(by_service))
    }
}

impl OwnPosters {
    /// Whether a service has a row.
    #[must_use]
    pub fn has(&self, service: &UserKey) -> bool {
        self.0.contains_key(service)
    }

    /// Whether a service, or any of them if none is given, has a row with this kind.
    #[must_use]
    pub fn posts(&self, service: Option<&UserKey>, kind: &str) -> bool {
        self.rows(service).any(|row| row.kind == kind)
    }

    /// Whether that service, or any of them, may post these transfers under this kind. `debt`: whether a transfer, from 0, may take an account below zero.
    pub fn check(
        &self,
        service: Option<&UserKey>,
        kind: &str,
        transfers: impl Iterator<Item = (RuledTransfer, bool)>,
    ) -> Result<(), BrokenRule> {
        for (at, (transfer, debt)) in transfers.enumerate() {
            let mut rows = self.rows(service).filter(|row| row.kind == kind && row.covers(&transfer));
            if !rows.any(|row| row.allow_debt || !debt) {
                return Err(BrokenRule::Transfer(at));
            }
        }
        Ok(())
    }

    /// Whether operators' services may set a guard: those of Largesse's services are reserved.
    #[must_use]
    pub fn may_set(key: &str) -> bool {
        GuardFamily::of(key).is_none()
    }

    fn rows<'a>(&'a self, service: Option<&'a UserKey>) -> impl Iterator<Item = &'a OwnPoster> + 'a {
        let of_one = service.and_then(|service| self.0.get(service));
        let of_all = self.0.values().filter(move |_| service.is_none());
        of_one.into_iter().chain(of_all).flatten()
    }
}

#[cfg(test)]
mod tests;
