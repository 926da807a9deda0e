//! COST: what the payouts cost and how long they took, as finance reads it (`largesse report payouts`), beside e-wallets.
use super::{
    StoryTelling,
    fates::FATES,
    summary::{LevelSummary, PayoutSummary, RailSummary, ReportSummary, SummaryAmount, WalletSummary},
};
use crate::installation::explained;
use api::payout::{GetPayoutReportRequest, PayoutReportLine, ReportDimension, WalletComparison, WalletCostLevel};
use identity::Role;
use runtime::command::UntypedError;
use std::time::Duration;

/// The period of the report: of a bank's monthly price it takes a day's part.
const PERIOD: Duration = Duration::from_secs(24 * 3600);

/// Asks for the report of the day that began with the demo, and compares it with the payouts themselves.
pub async fn cost(story: &mut StoryTelling, paid: &[PayoutSummary]) -> Result<ReportSummary, UntypedError> {
    let token = story.installation.token("finance", Role::Finance)?;
    let begin_ms = money::time::unix_ms(story.began);
    let request = GetPayoutReportRequest {
        created_from: Some(rpc::wire::timestamp_ms(begin_ms)),
        created_until: Some(rpc::wire::timestamp_ms(begin_ms + i64::try_from(PERIOD.as_millis())?)),
        by: vec![ReportDimension::Rail.into()],
        ..Default::default()
    };
    let request = explained(request, &token, "demo: what the payouts cost")?;
    let report = story.installation.payout().get_payout_report(request).await?.into_inner();
    story.same("payouts, and payouts in the report", count(FATES.len())?, report.lines.iter().map(|line| line.payouts).sum());
    let settled = paid.iter().filter(|paid| paid.state.starts_with("settled")).count();
    story.same("settled payouts, and paid ones in the report", count(settled)?, report.lines.iter().map(|line| line.paid_payouts).sum());
    for total in &report.totals {
        let currency = &total.currency_code;
        let returned = paid.iter().map(|paid| &paid.returned).filter(|back| back.currency == *currency).map(|back| back.minor_units).sum();
        story.same(&format!("{currency} that came back, and in the report"), returned, total.returned_minor_units);
    }
    story.expect("the report has a comparison with e-wallets", !report.wallets.is_empty(), "none");
    story.bar.inc(1);
    Ok(ReportSummary {
        rails: report.lines.iter().map(rail).collect::<Result<_, _>>()?,
        wallets: report.wallets.iter().map(wallet).collect::<Result<_, _>>()?,
    })
}

fn count(number: usize) -> Result<i64, UntypedError> {
    Ok(i64::try_from(number)?)
}

fn rail(line: &PayoutReportLine) -> Result<RailSummary, UntypedError> {
    let amount = |minor_units| SummaryAmount::try_new(&line.currency_code, minor_units);
    Ok(RailSummary {
        rail: line.rail.clone(),
        payouts: line.payouts,
        paid: line.paid_payouts,
        paid_amount: amount(line.paid_minor_units)?,
        cost: amount(line.cost_minor_units)?,
        account_time_p50_ms: line.account_time_p50_ms,
        account_time_p99_ms: line.account_time_p99_ms,
        instant_share: line.instant_share.clone(),
        rejected: line.rejects.iter().map(|reject| (reject.reason_code.clone(), reject.payouts)).collect(),
        returned: amount(line.returned_minor_units)?,
    })
}

fn wallet(wallet: &WalletComparison) -> Result<WalletSummary, UntypedError> {
    let level = |level: &WalletCostLevel| {
        Ok::<_, UntypedError>(LevelSummary {
            level: level.level.clone(),
            wallet_total: level.wallet_total.clone(),
            bank_total: level.bank_total.clone(),
            times_cheaper: level.times_cheaper.clone(),
            wallet_days: level.wallet_days.clone(),
            times_faster: level.times_faster.clone(),
            ten_times_from: SummaryAmount::try_new(&wallet.currency_code, level.ten_times_from_minor_units)?,
            ten_times_until: SummaryAmount::try_new(&wallet.currency_code, level.ten_times_until_minor_units)?,
        })
    };
    Ok(WalletSummary {
        name: wallet.name.clone(),
        payouts: wallet.payouts,
        amount: SummaryAmount::try_new(&wallet.currency_code, wallet.amount_minor_units)?,
        levels: wallet.levels.iter().map(level).collect::<Result<_, _>>()?,
        wallet_confidence: wallet.wallet_confidence.clone(),
        bank_confidence: wallet.bank_confidence.clone(),
        as_of: wallet.as_of.clone(),
    })
}
