//! How migrations are written.
use crate::structure::money_text;
use api::treasury::{
    ApplyMigrationResponse, CloseOldAccountsResponse, GetMigrationReportResponse, MigrationSummary, MigrationTotal,
    MoveOldBalancesResponse, OldAccount, OldAccountState, PlanMigrationResponse,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// Accounts with mandates or receipts that a report for people names: a screen. The JSON has all.
const NAMED_MAX: usize = 20;

/// A plan, with its sums and how to apply it.
#[must_use]
pub fn plan_text(plan: &PlanMigrationResponse, file: &str) -> String {
    if plan.account_count == 0 {
        return "no accounts: all of the file were imported before\n".to_owned();
    }
    let mut text = format!("{} to import, for the structure's revision {}:\n", counted(plan.account_count), plan.revision);
    text += &totals_text(&plan.totals);
    let _ = writeln!(text, "hash {0}\nto import them: largesse treasury migrate apply {file} --plan {0}", plan.hash);
    text
}

fn counted(accounts: i64) -> String {
    if accounts == 1 { "1 account".to_owned() } else { format!("{accounts} accounts") }
}

fn totals_text(totals: &[MigrationTotal]) -> String {
    let mut text = String::new();
    for total in totals {
        let MigrationTotal { currency_code, account_count, balance_minor_units, monthly_cost_minor_units } = total;
        let _ = write!(text, "  {currency_code}  {}, {}", counted(*account_count), money_text(*balance_minor_units, currency_code));
        if *monthly_cost_minor_units > 0 {
            let _ = write!(text, ", which cost {} a month", money_text(*monthly_cost_minor_units, currency_code));
        }
        text.push('\n');
    }
    text
}

fn totals_json(totals: &[MigrationTotal]) -> Value {
    let total = |total: &MigrationTotal| {
        json!({
            "currency_code": total.currency_code,
            "account_count": total.account_count,
            "balance_minor_units": total.balance_minor_units,
            "monthly_cost_minor_units": total.monthly_cost_minor_units,
        })
    };
    Value::Array(totals.iter().map(total).collect())
}

/// A plan as JSON.
#[must_use]
pub fn plan_json(plan: &PlanMigrationResponse) -> Value {
    let (hash, revision, account_count) = (&plan.hash, plan.revision, plan.account_count);
    json!({ "hash": hash, "revision": revision, "account_count": account_count, "totals": totals_json(&plan.totals) })
}

/// What was imported, in a line.
#[must_use]
pub fn applied_text(applied: &ApplyMigrationResponse) -> String {
    let ApplyMigrationResponse { account_count, opened_count, replayed } = applied;
    let before = if *replayed { "this plan was applied before" } else { "imported" };
    format!("{before}: {}; opened now: {opened_count}\n", counted(*account_count))
}

/// The same as JSON.
#[must_use]
pub fn applied_json(applied: &ApplyMigrationResponse) -> Value {
    json!({ "account_count": applied.account_count, "opened_count": applied.opened_count, "replayed": applied.replayed })
}

/// What was moved.
#[must_use]
pub fn moved_text(moved: &MoveOldBalancesResponse) -> String {
    match (moved.totals.is_empty(), moved.replayed) {
        (true, _) => "nothing to move\n".to_owned(),
        (false, true) => format!("this request was booked before:\n{}", totals_text(&moved.totals)),
        (false, false) => format!("moved:\n{}", totals_text(&moved.totals)),
    }
}

/// The same as JSON.
#[must_use]
pub fn moved_json(moved: &MoveOldBalancesResponse) -> Value {
    json!({ "totals": totals_json(&moved.totals), "replayed": moved.replayed })
}

/// What was closed, and why others were not.
#[must_use]
pub fn closed_text(closed: &CloseOldAccountsResponse) -> String {
    let mut text = format!("closed: {}\n", counted(closed.closed_count));
    for kept in closed.kept.iter().take(NAMED_MAX) {
        let _ = writeln!(text, "  {} stays open: {}", kept.id, kept.why);
    }
    if closed.kept.len() > NAMED_MAX {
        let _ = writeln!(text, "  and {} more", closed.kept.len() - NAMED_MAX);
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn closed_json(closed: &CloseOldAccountsResponse) -> Value {
    let kept: Vec<Value> = closed.kept.iter().map(|kept| json!({ "id": kept.id, "why": kept.why })).collect();
    json!({ "closed_count": closed.closed_count, "kept": kept })
}

/// How far the migration is: sums by currency, then the accounts that still need somebody.
#[must_use]
pub fn report_text(report: &GetMigrationReportResponse) -> String {
    if report.accounts.is_empty() {
        return "no old accounts were imported\n".to_owned();
    }
    let mut text = String::new();
    for summary in &report.summaries {
        text += &summary_text(summary);
    }
    let open = report.accounts.iter().filter(|account| account.state() != OldAccountState::Closed);
    let busy: Vec<&OldAccount> = open.filter(|account| account.receipt_count > 0 || !account.mandates.is_empty()).collect();
    if !busy.is_empty() {
        let _ = writeln!(text, "open accounts with receipts or mandates ({} quiet days close one):", report.quiet_days);
    }
    for account in busy.iter().take(NAMED_MAX) {
        text += &account_text(account);
    }
    if busy.len() > NAMED_MAX {
        let _ = writeln!(text, "  and {} more; --json names all", busy.len() - NAMED_MAX);
    }
    text
}

fn summary_text(summary: &MigrationSummary) -> String {
    let code = &summary.currency_code;
    let amount = |minor_units| money_text(minor_units, code);
    let cost_after = match summary.cost_source.as_str() {
        "" => "not known: the setting treasury.bank_costs has none".to_owned(),
        source => format!("{} ({source})", amount(summary.cost_after_minor_units)),
    };
    format!(
        "{code}  before: {} with {}, which cost {} a month\n     now: {} open with {}, which cost {} a month; {} were moved\n     after: {} physical with {} leaves, which cost {cost_after} a month\n     receipts on old numbers: {}, {}; mandates on open accounts: {}\n",
        counted(summary.old_accounts),
        amount(summary.opening_minor_units),
        amount(summary.cost_before_minor_units),
        summary.old_accounts_open,
        amount(summary.balance_minor_units),
        amount(summary.cost_open_minor_units),
        amount(summary.moved_minor_units),
        summary.physical_accounts,
        summary.leaves,
        summary.receipt_count,
        amount(summary.receipt_minor_units),
        summary.mandate_count,
    )
}

fn account_text(account: &OldAccount) -> String {
    let mut text = format!("  {}  {}  to {}", account.id, account.name, account.leaf);
    if account.receipt_count > 0 {
        let amount = money_text(account.receipt_minor_units, &account.currency_code);
        let (count, day, payer) = (account.receipt_count, &account.last_receipt_date, &account.last_payer);
        let _ = write!(text, ", {count} receipts of {amount} {}, the last on {day} by {payer}", account.currency_code);
    }
    if !account.mandates.is_empty() {
        let _ = write!(text, ", mandates {}", account.mandates.join(" "));
    }
    text.push('\n');
    text
}

/// The report as JSON, with every account.
#[must_use]
pub fn report_json(report: &GetMigrationReportResponse) -> Value {
    let summary = |one: &MigrationSummary| {
        json!({
            "currency_code": one.currency_code,
            "old_accounts": one.old_accounts,
            "old_accounts_open": one.old_accounts_open,
            "physical_accounts": one.physical_accounts,
            "leaves": one.leaves,
            "opening_minor_units": one.opening_minor_units,
            "balance_minor_units": one.balance_minor_units,
            "moved_minor_units": one.moved_minor_units,
            "receipt_count": one.receipt_count,
            "receipt_minor_units": one.receipt_minor_units,
            "cost_before_minor_units": one.cost_before_minor_units,
            "cost_open_minor_units": one.cost_open_minor_units,
            "cost_after_minor_units": one.cost_after_minor_units,
            "cost_source": one.cost_source,
            "mandate_count": one.mandate_count,
        })
    };
    let account = |one: &OldAccount| {
        json!({
            "id": one.id,
            "name": one.name,
            "bank": one.bank,
            "number": one.number,
            "currency_code": one.currency_code,
            "leaf": one.leaf,
            "state": one.state().as_str_name().trim_start_matches("OLD_ACCOUNT_STATE_").to_lowercase(),
            "opening_minor_units": one.opening_minor_units,
            "statement": one.statement,
            "statement_date": one.statement_date,
            "balance_minor_units": one.balance_minor_units,
            "receipt_count": one.receipt_count,
            "receipt_minor_units": one.receipt_minor_units,
            "last_receipt_date": one.last_receipt_date,
            "last_payer": one.last_payer,
            "mandates": one.mandates,
            "monthly_cost_minor_units": one.monthly_cost_minor_units,
            "quiet_date": one.quiet_date,
        })
    };
    json!({
        "summaries": report.summaries.iter().map(summary).collect::<Vec<_>>(),
        "quiet_days": report.quiet_days,
        "accounts": report.accounts.iter().map(account).collect::<Vec<_>>(),
    })
}
