//! What a newer list changes, row by row.

use std::collections::BTreeMap;

use super::PackageCatalogue;
use crate::domain::{Package, PriceChannel};
use crate::sheets::{DatedRate, SheetPrice};

/// Every row that a newer list adds, withdraws or changes, as lines for people.
#[must_use]
pub fn diff(old: &PackageCatalogue, new: &PackageCatalogue) -> Vec<String> {
    let (old, new) = (rows(old), rows(new));
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let line = |key: &String| match (old.get(key), new.get(key)) {
        (Some(before), Some(after)) if before == after => None,
        (Some(before), Some(after)) => Some(format!("changed {key}: {before} -> {after}")),
        (None, Some(after)) => Some(format!("added   {key}: {after}")),
        (Some(before), None) => Some(format!("removed {key}: {before}")),
        (None, None) => None,
    };
    keys.into_iter().filter_map(line).collect()
}

fn rows(of: &PackageCatalogue) -> BTreeMap<String, String> {
    let packages = of.packages().iter().map(|package| (format!("package {}", package.product_id), sold(package, 0)));
    let prices =
        of.sheet().prices.iter().map(|row| (price_key(row), format!("{}, sold by {}", sold(&row.package, row.bonus.get()), row.entity)));
    let rates = [("tax", &of.sheet().taxes), ("commission", &of.sheet().commissions)];
    let rates = rates.into_iter().flat_map(|(what, rows)| rows.iter().map(move |row| (rate_key(what, row), rate(row))));
    packages.chain(prices).chain(rates).collect()
}

fn price_key(row: &SheetPrice) -> String {
    let book = row.book.as_ref().map_or_else(String::new, |book| format!(" in {book}"));
    let (package, channel) = (&row.package, row.channel.as_str());
    format!("price {} {} {channel}{book} from {}", package.product_id, package.market, row.valid_from)
}

fn sold(package: &Package, bonus: i64) -> String {
    let bonus = if bonus == 0 { String::new() } else { format!(" ({bonus} of them a bonus)") };
    let withdrawn = if package.withdrawn { ", withdrawn" } else { "" };
    format!("{} coins{bonus} for {} in {} by {}{withdrawn}", package.coins.get(), package.price, package.market, package.channel.as_str())
}

fn rate_key(what: &str, row: &DatedRate) -> String {
    format!("{what} {} {} from {}", row.market, row.channel.map_or("any channel", PriceChannel::as_str), row.valid_from)
}

fn rate(row: &DatedRate) -> String {
    format!("{} basis points ({})", row.basis_points, row.source)
}
