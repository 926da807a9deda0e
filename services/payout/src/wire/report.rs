//! Reports of payouts.

use super::malformed;
use crate::{
    domain::{
        evidence::{REASON_CODE_CHARS_MAX, plain},
        report::{LineKey, LineSums, ReportDimension},
        wallet::{WalletBaseline, WalletLevel},
    },
    report::{INSTANT_MS_MAX, PERIOD_DAYS_MAX, ReportRequest, ReportedPeriod},
};
use api::payout as pb;
use money::BookName;
use rpc::{Violations, wire::TimeRange};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeSet;
use tonic::Status;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The period to report on.
pub fn asked(book: Result<BookName, Status>, request: &pb::GetPayoutReportRequest) -> Result<ReportRequest, Status> {
    let mut wrong = Violations::default();
    let book = wrong.take(book);
    for (field, time) in [("created_from", &request.created_from), ("created_until", &request.created_until)] {
        if time.is_none() {
            wrong.add(malformed(field, "must be given").into());
        }
    }
    let created = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
    let both = request.created_from.is_some() && request.created_until.is_some();
    if let Some(TimeRange { from_ms, until_ms }) = created.filter(|_| both)
        && !(1..=PERIOD_DAYS_MAX * DAY_MS).contains(&(until_ms - from_ms))
    {
        wrong.add(malformed("created_until", format!("must be later than created_from, by at most {PERIOD_DAYS_MAX} days")).into());
    }
    let by = wrong.take(dimensions(&request.by));
    let instant = match request.instant_ms_max {
        0 => Some(INSTANT_MS_MAX),
        set => u64::try_from(set).ok().filter(|_| set <= DAY_MS),
    };
    if instant.is_none() {
        wrong.add(malformed("instant_ms_max", format!("must be 0 to {DAY_MS}")).into());
    }
    let (Some(book), Some(created), Some(by), Some(instant_ms_max)) = (book, created, by, instant) else {
        return Err(wrong.into_status());
    };
    wrong.check()?;
    Ok(ReportRequest { book, created, by, instant_ms_max })
}

fn dimensions(by: &[i32]) -> Result<BTreeSet<ReportDimension>, Status> {
    let mut found = BTreeSet::new();
    for dimension in by {
        let dimension = match pb::ReportDimension::try_from(*dimension) {
            Ok(pb::ReportDimension::Rail) => ReportDimension::Rail,
            Ok(pb::ReportDimension::Bank) => ReportDimension::Bank,
            Ok(pb::ReportDimension::Country) => ReportDimension::Country,
            Ok(pb::ReportDimension::Day) => ReportDimension::Day,
            Ok(pb::ReportDimension::Unspecified) | Err(_) => {
                return Err(malformed("by", "must be REPORT_DIMENSION_RAIL, _BANK, _COUNTRY or _DAY").into());
            }
        };
        if !found.insert(dimension) {
            return Err(malformed("by", "must name each dimension at most once").into());
        }
    }
    Ok(found)
}

/// The report as callers see it.
#[must_use]
pub fn report(period: &ReportedPeriod) -> pb::GetPayoutReportResponse {
    let total = |currency: &money::Currency| LineKey {
        currency: *currency,
        rail: String::new(),
        bank: String::new(),
        country: String::new(),
        day: String::new(),
    };
    let report = &period.report;
    pb::GetPayoutReportResponse {
        lines: report.lines().iter().map(|(key, sums)| line(key, sums)).collect(),
        totals: report.totals().iter().map(|(currency, sums)| line(&total(currency), sums)).collect(),
        wallets: period.wallets.iter().map(|(baseline, levels)| comparison(baseline, levels.as_ref())).collect(),
    }
}

fn line(key: &LineKey, sums: &LineSums) -> pb::PayoutReportLine {
    let rejects = sums
        .rejects()
        .into_iter()
        .map(|(code, payouts)| pb::RejectedPayouts { reason_code: plain(code, REASON_CODE_CHARS_MAX), payouts: count(payouts) });
    pb::PayoutReportLine {
        currency_code: key.currency.code().to_owned(),
        rail: key.rail.clone(),
        bank: key.bank.clone(),
        country: key.country.clone(),
        day: key.day.clone(),
        payouts: count(sums.payouts),
        amount_minor_units: sums.amount,
        paid_payouts: count(sums.paid),
        paid_minor_units: sums.paid_amount,
        cost_minor_units: sums.cost,
        account_time_p50_ms: count(sums.account_time_ms(0.5)),
        account_time_p99_ms: count(sums.account_time_ms(0.99)),
        instant_payouts: count(sums.instant),
        instant_share: sums.instant_share().map_or_else(String::new, |share| format!("{share:.4}")),
        rejects: rejects.collect(),
        returned_payouts: count(sums.returned),
        returned_minor_units: sums.returned_amount,
        unknown_payouts: count(sums.unknown),
    }
}

fn comparison(baseline: &WalletBaseline, levels: Option<&[WalletLevel; 3]>) -> pb::WalletComparison {
    let (wallet, bank) = (baseline.wallet(), baseline.bank());
    let digits = wallet.currency.minor_digits();
    pb::WalletComparison {
        wallet: wallet.id.clone(),
        name: wallet.name.clone(),
        currency_code: wallet.currency.code().to_owned(),
        payouts: count(baseline.payouts),
        amount_minor_units: baseline.minor_units,
        left_out_payouts: count(baseline.left_out),
        levels: levels.into_iter().flatten().map(|level| self::level(level, digits)).collect(),
        sources: vec![wallet.origin.source.clone(), bank.origin.source.clone()],
        wallet_confidence: wallet.origin.confidence.clone(),
        bank_confidence: bank.origin.confidence.clone(),
        as_of: wallet.origin.as_of.to_string(),
    }
}

/// One level; amounts are rounded to the minor unit, halves up, only here.
fn level(level: &WalletLevel, digits: u32) -> pb::WalletCostLevel {
    let money = |amount: Decimal| {
        let rounded = amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
        format!("{rounded:.places$}", places = digits as usize)
    };
    let [fee, withdrawal, spread] = level.wallet.map(money);
    let [items, monthly, returns, checks] = level.bank.map(money);
    pb::WalletCostLevel {
        level: level.level.to_owned(),
        wallet_fee: fee,
        wallet_withdrawal: withdrawal,
        wallet_spread: spread,
        wallet_total: money(level.wallet_total()),
        bank_items: items,
        bank_monthly: monthly,
        bank_returns: returns,
        bank_checks: checks,
        bank_total: money(level.bank_total()),
        times_cheaper: level.times_cheaper.map_or_else(String::new, |times| format!("{times:.2}")),
        wallet_days: level.days.normalize().to_string(),
        times_faster: level.times_faster.map_or_else(String::new, |times| format!("{times:.1}")),
        ten_times_from_minor_units: level.ten_times.map_or(0, |range| range.from),
        ten_times_until_minor_units: level.ten_times.and_then(|range| range.until).unwrap_or(0),
    }
}

fn count(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
