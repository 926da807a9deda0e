//! The report of unclaimed property, to protobuf.

use api::purchase::EscheatLine;
use api::r#type::Money;

use crate::escheat::{DormantKey, DormantSums};
use crate::wallet_changes::rules::MarketDormancy;

/// A line, with the rule of its market.
pub(crate) fn line(key: &DormantKey, sums: &DormantSums, rule: Option<&MarketDormancy>) -> EscheatLine {
    let DormantKey { entity, market, currency, years } = key;
    let amount = |minor_units: i64| (!currency.is_empty()).then(|| Money { currency_code: currency.clone(), minor_units });
    let lots = sums.lots;
    let dormant_after_years = rule.map_or(0, |rule| rule.years);
    EscheatLine {
        entity: entity.clone(),
        market: market.clone(),
        inactive_years: *years,
        owners: sums.owners,
        paid_coins: lots.paid,
        bonus_coins: lots.bonus,
        promotional_coins: lots.promotional,
        deferred: amount(lots.sold.saturating_sub(lots.revenue).saturating_sub(lots.breakage)),
        prepaid_commission: amount(lots.prepaid.saturating_sub(lots.commission)),
        dormant_after_years,
        dormant: dormant_after_years > 0 && *years >= dormant_after_years,
        rule_source: rule.map_or_else(String::new, |rule| rule.source.clone()),
    }
}
