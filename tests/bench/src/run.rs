//! One run: measures every requested row in order, and makes the report.
use crate::{
    measure::{findings::BenchFindings, found, hostile, payouts, small, stored, viewed, watched},
    options::Options,
    plan::BenchRow,
    report::BenchReport,
};
use db::Database;
use runtime::command::UntypedError;

/// Measures according to `options`. `tell` receives progress messages.
pub async fn run(options: Options, tell: impl Fn(&str)) -> Result<BenchReport, UntypedError> {
    let database = options.database.as_deref().map(Database::parse).transpose()?;
    let mut findings = BenchFindings::default();
    let rows: Vec<BenchRow> = options.rows.iter().copied().filter(|row| !row.has_houses_of_its_own()).collect();
    if !rows.is_empty() {
        small::run(&options, &rows, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Stored) {
        stored::run(&options, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Hostile) {
        hostile::run(&options, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Telemetry) {
        watched::run(&options, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Viewers) {
        viewed::run(&options, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Find) {
        found::run(&options, &mut findings, &tell).await?;
    }
    if options.rows.contains(&BenchRow::Payouts) {
        payouts::one_by_one(&options, &mut findings, &tell).await?;
    }
    for row in [BenchRow::PayoutRun, BenchRow::PayoutRunBulk] {
        if options.rows.contains(&row) {
            payouts::in_a_run(&options, row, &mut findings, &tell).await?;
        }
    }
    Ok(BenchReport::new(&options, database.map_or(db::Engine::Sqlite, |database| database.engine()), findings))
}
