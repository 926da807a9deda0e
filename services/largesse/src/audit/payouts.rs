//! Open holds are payouts held and not submitted; money in transit is payouts submitted and not finished.
use super::Fault;
use ledger::{domain::chart::Unit, read::Line};
use money::BookName;
use std::collections::{BTreeMap, BTreeSet};

/// What of the payouts does not join up with the ledger's accounts in transit.
pub(super) async fn problems(
    tables: &payout::store::Store,
    lines: &BTreeMap<(Unit, String), Line>,
    book: &BookName,
) -> Result<Vec<String>, Fault> {
    let under_way = tables.under_way(book).await?;
    let mut currencies: BTreeSet<String> = under_way.held.keys().chain(under_way.in_transit.keys()).cloned().collect();
    let mut ledger: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for ((unit, group), line) in lines {
        if let (Unit::Currency(currency), Some("in_transit")) = (unit, group.split('/').nth(1)) {
            currencies.insert(currency.to_string());
            ledger.insert(currency.to_string(), (line.credits_pending, line.credits_posted - line.debits_posted));
        }
    }
    let mut problems = Vec::new();
    for currency in currencies {
        let (held, in_transit) = ledger.get(&currency).copied().unwrap_or_default();
        let of = |sums: &BTreeMap<String, i128>| sums.get(&currency).copied().unwrap_or(0);
        // A payout that is recorded and whose hold's answer is not may be held already, or not yet.
        let (least, most) = (of(&under_way.held), of(&under_way.held) + of(&under_way.requested));
        if !(least..=most).contains(&held) {
            problems
                .push(format!("the ledger holds {held} {currency} for payouts, the payouts held and not submitted are {least} to {most}"));
        }
        let submitted = of(&under_way.in_transit);
        if in_transit != submitted {
            problems.push(format!("{in_transit} {currency} are in transit, the payouts submitted and not finished are {submitted}"));
        }
    }
    Ok(problems)
}
