//! The report of a book's payouts: reads the payouts of a period page by page and adds them up. The sums are in [`crate::domain::report`], the comparison with
//! e-wallets in [`crate::domain::wallet`].

use crate::{
    domain::{
        report::{PayoutReport, ReportDimension, ReportLimit},
        wallet::{WalletBaseline, WalletLevel},
    },
    error::{Error, PayoutRefusal},
    payouts::Payouts,
    wallets::WalletFigures,
};
use money::{
    BookName,
    time::{moment_ms, utc_day},
};
use rpc::wire::TimeRange;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Most payouts of one report: its sums need little memory, but the call has a deadline.
pub const PAYOUTS_MAX: u64 = 2_000_000;
/// Longest period of a report, in days.
pub const PERIOD_DAYS_MAX: i64 = 400;
/// Within which time of the request a payout's money must be there to count as instant, if the request does not say it, in milliseconds.
pub const INSTANT_MS_MAX: u64 = 20_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What to report on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// The name of the book.
    pub book: BookName,
    /// The time of the requests for payouts, bounded on both sides.
    pub created: TimeRange,
    /// What lines are divided by.
    pub by: BTreeSet<ReportDimension>,
    /// Within which time of the request a payout's money must be there to count as instant, in milliseconds.
    pub instant_ms_max: u64,
}

/// A report, and the same payouts beside e-wallets.
#[derive(Debug, Clone)]
pub struct ReportedPeriod {
    /// The sums.
    pub report: PayoutReport,
    /// Every wallet whose currency is that of paid payouts, with its three levels; none of them if no payout could be compared.
    pub wallets: Vec<(WalletBaseline, Option<[WalletLevel; 3]>)>,
}

impl Payouts {
    /// Adds up the payouts of a period.
    pub async fn report(&self, request: &ReportRequest) -> Result<ReportedPeriod, Error> {
        self.ledger.book(&request.book).await?.ok_or(PayoutRefusal::BookUnknown)?;
        let mut report = PayoutReport::new(request.by.clone(), request.instant_ms_max);
        let last_day = utc_day(moment_ms(request.created.until_ms - 1));
        let figures = WalletFigures::built_in().on(last_day);
        let mut baselines: Vec<WalletBaseline> = figures.into_iter().map(|(wallet, bank)| WalletBaseline::new(wallet, bank)).collect();
        let (mut after, mut count) = (None, 0_u64);
        loop {
            let (page, next) = self.store.reported(&request.book, request.created, after).await?;
            count += page.len() as u64;
            if count > PAYOUTS_MAX {
                return Err(ReportLimit::Payouts(PAYOUTS_MAX).into());
            }
            for payout in &page {
                report.add(payout)?;
                let record = self.banks.facts().book.record_at(&payout.rail, moment_ms(payout.created_at_ms));
                for baseline in &mut baselines {
                    baseline.add(payout, record.and_then(|record| record.cost.as_ref()));
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let days = Decimal::from(request.created.until_ms - request.created.from_ms).checked_div(Decimal::from(DAY_MS)).unwrap_or_default();
        let compared = baselines.into_iter().filter_map(|baseline| {
            let total = report.totals().get(&baseline.wallet().currency).filter(|total| total.paid > 0)?;
            let levels = baseline.levels(days, total.account_time_ms(0.5));
            Some((baseline, levels))
        });
        let wallets = compared.collect();
        Ok(ReportedPeriod { report, wallets })
    }
}
