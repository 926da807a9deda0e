//! The dated figures of e-wallets and of banks' other prices, read from their file.

use crate::domain::wallet::{BankPrices, FigureOrigin, Leveled, WalletFee, WalletRecord};
use jiff::civil::Date;
use money::Currency;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The built-in figures.
pub const BUILT_IN: &str = include_str!("../data/wallets.toml");
/// Lowest and highest of any figure: no price is negative, and none has more digits than can be computed with.
const FIGURE_MAX: i64 = 1_000_000;

/// All records of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletFigures {
    wallets: Vec<WalletRecord>,
    banks: Vec<BankPrices>,
}

/// What is wrong with a file of figures. Nothing of it can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("figures of wallets: {0}; nothing of the file is used")]
pub struct InvalidWalletFigures(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    wallet: Vec<WrittenWallet>,
    bank: Vec<WrittenBank>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWallet {
    id: String,
    name: String,
    currency: String,
    valid_from: String,
    fee: WrittenLevels<WrittenFee>,
    withdrawal: WrittenLevels<WrittenFee>,
    spread_basis_points: WrittenLevels<Decimal>,
    days: WrittenLevels<Decimal>,
    source: String,
    confidence: String,
    as_of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBank {
    id: String,
    currency: String,
    valid_from: String,
    monthly: WrittenLevels<Decimal>,
    returned: WrittenLevels<Decimal>,
    check: WrittenLevels<Decimal>,
    source: String,
    confidence: String,
    as_of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLevels<T> {
    low: T,
    typical: T,
    high: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct WrittenFee {
    fixed: Decimal,
    basis_points: Decimal,
    least: Decimal,
    most: Option<Decimal>,
}

impl WalletFigures {
    /// The built-in figures.
    #[must_use]
    pub fn built_in() -> Self {
        Self::read(BUILT_IN).expect("a test reads the built-in figures")
    }

    /// Reads a file.
    pub fn read(text: &str) -> Result<Self, InvalidWalletFigures> {
        let written: WrittenFile = settings::document::parse(text).map_err(|fault| InvalidWalletFigures(fault.to_string()))?;
        let wallets = written.wallet.into_iter().map(wallet).collect::<Result<_, _>>()?;
        Ok(Self { wallets, banks: written.bank.into_iter().map(bank).collect::<Result<_, _>>()? })
    }

    /// The records that apply on a day: of each wallet with its currency's bank prices, the latest.
    #[must_use]
    pub fn on(&self, day: Date) -> Vec<(WalletRecord, BankPrices)> {
        let mut found: Vec<(WalletRecord, BankPrices)> = Vec::new();
        for wallet in self.wallets.iter().filter(|wallet| wallet.valid_from <= day) {
            let banks = self.banks.iter().filter(|bank| bank.currency == wallet.currency && bank.valid_from <= day);
            let Some(bank) = banks.max_by_key(|bank| bank.valid_from) else { continue };
            match found.iter_mut().find(|(known, _)| known.id == wallet.id) {
                Some(known) if known.0.valid_from < wallet.valid_from => *known = (wallet.clone(), bank.clone()),
                Some(_) => {}
                None => found.push((wallet.clone(), bank.clone())),
            }
        }
        found
    }
}

fn wallet(written: WrittenWallet) -> Result<WalletRecord, InvalidWalletFigures> {
    let id = written.id.clone();
    let fee = |levels: WrittenLevels<WrittenFee>| -> Result<Leveled<WalletFee>, InvalidWalletFigures> {
        Ok(Leveled { low: fee(&id, levels.low)?, typical: fee(&id, levels.typical)?, high: fee(&id, levels.high)? })
    };
    Ok(WalletRecord {
        name: written.name,
        currency: currency(&id, &written.currency)?,
        valid_from: date(&id, &written.valid_from)?,
        fee: fee(written.fee)?,
        withdrawal: fee(written.withdrawal)?,
        spread_basis_points: ascending(&id, "spread_basis_points", written.spread_basis_points)?,
        days: ascending(&id, "days", written.days)?,
        origin: origin(&id, written.source, written.confidence, &written.as_of)?,
        id: written.id,
    })
}

fn bank(written: WrittenBank) -> Result<BankPrices, InvalidWalletFigures> {
    let id = written.id;
    Ok(BankPrices {
        currency: currency(&id, &written.currency)?,
        valid_from: date(&id, &written.valid_from)?,
        monthly: ascending(&id, "monthly", written.monthly)?,
        returned: ascending(&id, "returned", written.returned)?,
        check: ascending(&id, "check", written.check)?,
        origin: origin(&id, written.source, written.confidence, &written.as_of)?,
        id,
    })
}

fn fee(id: &str, written: WrittenFee) -> Result<WalletFee, InvalidWalletFigures> {
    let WrittenFee { fixed, basis_points, least, most } = written;
    for figure in [Some(fixed), Some(basis_points), Some(least), most].into_iter().flatten() {
        in_range(id, "a fee", figure)?;
    }
    if most.is_some_and(|most| most < least || most < fixed) || (basis_points.is_zero() && least > fixed) {
        return Err(InvalidWalletFigures(format!("{id}: a fee's bounds exclude each other")));
    }
    Ok(WalletFee { fixed, basis_points, least, most })
}

fn ascending(id: &str, field: &str, levels: WrittenLevels<Decimal>) -> Result<Leveled<Decimal>, InvalidWalletFigures> {
    let WrittenLevels { low, typical, high } = levels;
    for figure in [low, typical, high] {
        in_range(id, field, figure)?;
    }
    if low > typical || typical > high {
        return Err(InvalidWalletFigures(format!("{id}: {field} must ascend from low to high")));
    }
    Ok(Leveled { low, typical, high })
}

fn in_range(id: &str, field: &str, figure: Decimal) -> Result<(), InvalidWalletFigures> {
    let fits = figure >= Decimal::ZERO && figure <= Decimal::from(FIGURE_MAX) && figure.scale() <= 6;
    if fits { Ok(()) } else { Err(InvalidWalletFigures(format!("{id}: {field} must be 0 to {FIGURE_MAX} with at most 6 decimal places"))) }
}

fn currency(id: &str, text: &str) -> Result<Currency, InvalidWalletFigures> {
    Currency::try_new(text).map_err(|error| InvalidWalletFigures(format!("{id}: {error}")))
}

fn date(id: &str, text: &str) -> Result<Date, InvalidWalletFigures> {
    text.parse().map_err(|_| InvalidWalletFigures(format!("{id}: a date must be a day such as 2026-11-27")))
}

fn origin(id: &str, source: String, confidence: String, as_of: &str) -> Result<FigureOrigin, InvalidWalletFigures> {
    if !["P", "S", "K"].contains(&confidence.as_str()) || source.is_empty() {
        return Err(InvalidWalletFigures(format!("{id}: the confidence must be P, S or K, and the source must be given")));
    }
    Ok(FigureOrigin { source, confidence, as_of: date(id, as_of)? })
}

#[cfg(test)]
mod tests;
