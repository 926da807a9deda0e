//! Migrations: protobuf to domain and back.
use crate::{
    domain::migration::{ImportedAccount, MigrationPlan, OldMove, OldState, OldTotal, closing, summary::Summary},
    error::Error,
    migration::{Closing, MigrationReport},
};
use api::treasury::{
    CloseOldAccountsResponse, GetMigrationReportRequest, GetMigrationReportResponse, MigrationSummary, MigrationTotal,
    MoveOldBalancesResponse, OldAccount as OldAccountMessage, OldAccountKept, OldAccountState, PlanMigrationResponse, PlannedOldAccount,
};
use money::{BookName, Currency, Money, RequestId};
use rpc::{
    Violations,
    page::{PageSizes, PagedList},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Accounts that an answer to a plan or a closing shows: two screens of a careful reader.
const SHOWN_MAX: usize = 1_000;
/// Ids of accounts in one request: with them it has 64 KiB at most.
const IDS_MAX: usize = 1_000;
/// Accounts of a page of the report: a screen, and what fits into an answer with fifty mandates each.
const PAGES: PageSizes = PageSizes { default: 100, max: 500 };

/// A plan as its answer.
pub fn plan(plan: &MigrationPlan, hash: String) -> Result<PlanMigrationResponse, Error> {
    let totals = plan.totals().ok_or(Error::Overflow)?.into_iter().map(|(currency, sums)| total(currency, sums)).collect();
    let shown = plan.accounts.iter().take(SHOWN_MAX).map(|account| PlannedOldAccount {
        id: account.id.clone(),
        leaf: account.leaf.clone(),
        balance: Money::try_new(account.currency, account.balance).ok().map(rpc::wire::money),
    });
    let (revision, account_count) = (plan.revision, i64::try_from(plan.accounts.len()).unwrap_or(i64::MAX));
    Ok(PlanMigrationResponse { hash, revision, account_count, totals, accounts: shown.collect() })
}

fn total(currency: Currency, sums: OldTotal) -> MigrationTotal {
    MigrationTotal {
        currency_code: currency.code().to_owned(),
        account_count: sums.accounts,
        balance_minor_units: sums.balance,
        monthly_cost_minor_units: sums.monthly_cost,
    }
}

/// What a request moved, by currency.
pub fn moved(moves: &[OldMove], replayed: bool) -> Result<MoveOldBalancesResponse, Error> {
    let mut totals: BTreeMap<Currency, OldTotal> = BTreeMap::new();
    for one in moves {
        totals.entry(one.amount.currency()).or_default().add(one.amount.minor_units(), 0).ok_or(Error::Overflow)?;
    }
    Ok(MoveOldBalancesResponse { totals: totals.into_iter().map(|(currency, sums)| total(currency, sums)).collect(), replayed })
}

/// The id of a request.
pub fn request_id(text: &str) -> Result<Uuid, Error> {
    RequestId::parse(text).map(RequestId::uuid).map_err(|_| malformed("request_id", "must be a UUID"))
}

/// Ids of old accounts, not too many.
pub fn account_ids(ids: &[String]) -> Result<&[String], Error> {
    if ids.len() > IDS_MAX || ids.iter().any(|id| !crate::domain::node::is_id(id)) {
        return Err(malformed(
            "account_ids",
            &format!("must be at most {IDS_MAX}, each with 1 to 32 of the characters a to z, 0 to 9 and -"),
        ));
    }
    Ok(ids)
}

pub(super) fn malformed(field: &str, must: &str) -> Error {
    Error::Violations(Box::new(rpc::malformed(field, must)))
}

/// What an attempt to close accounts did.
#[must_use]
pub fn closed(closing: Closing) -> CloseOldAccountsResponse {
    let kept = closing.kept.into_iter().take(SHOWN_MAX).map(|(id, why)| OldAccountKept { id, why });
    CloseOldAccountsResponse { closed_count: closing.closed, kept: kept.collect() }
}

/// The page of a report that is asked for.
pub struct MigrationPage {
    paged: PagedList,
    size: usize,
    /// The position after which it begins.
    after: Option<i64>,
}

/// Reads the page that a report asks for.
pub fn report_page(book: &BookName, request: &GetMigrationReportRequest, accounts: usize) -> Result<MigrationPage, Error> {
    let mut wrong = Violations::default();
    let size = wrong.take(PAGES.read(request.page_size).map_err(|error| rpc::malformed("page_size", &error.to_string())));
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    // Positions are those of so many accounts: an import between two pages would move them.
    let paged = PagedList::new("GetMigrationReport", book.as_str(), &[&accounts.to_string()]);
    let after = paged.position(&request.page_token).map_err(|_| Error::PageToken)?;
    Ok(MigrationPage { paged, size: size.unwrap_or_default(), after })
}

/// A page of the report.
#[must_use]
pub fn report(report: &MigrationReport, page: MigrationPage) -> GetMigrationReportResponse {
    let MigrationPage { paged, size, after } = page;
    let rows = report.accounts.values().zip(1_i64..).filter(|(_, at)| after.is_none_or(|after| *at > after));
    let rows = rows.take(size + 1).map(|(one, at)| (account(one, report), at));
    let (accounts, next_page_token) = paged.cut_to_fit(rows.collect(), size);
    let summaries = report.summaries.iter().map(|(currency, sum)| summary(*currency, sum)).collect();
    GetMigrationReportResponse { summaries, quiet_days: report.quiet_days, accounts, next_page_token }
}

fn summary(currency: Currency, sum: &Summary) -> MigrationSummary {
    MigrationSummary {
        currency_code: currency.code().to_owned(),
        old_accounts: sum.accounts,
        old_accounts_open: sum.open,
        physical_accounts: sum.physical,
        leaves: sum.leaves,
        opening_minor_units: sum.opening,
        balance_minor_units: sum.balance,
        moved_minor_units: sum.moved,
        receipt_count: sum.receipts,
        receipt_minor_units: sum.received,
        cost_before_minor_units: sum.cost_before,
        cost_open_minor_units: sum.cost_open,
        cost_after_minor_units: sum.cost_after,
        cost_source: sum.cost_source.clone(),
        mandate_count: sum.mandates,
    }
}

fn account(one: &ImportedAccount, report: &MigrationReport) -> OldAccountMessage {
    let account = &one.account;
    OldAccountMessage {
        id: account.id.clone(),
        name: account.name.clone(),
        bank: account.bank.clone(),
        number: account.number.clone(),
        currency_code: account.currency.code().to_owned(),
        leaf: account.leaf.clone(),
        state: state(one.state).into(),
        opening_minor_units: account.balance,
        statement: account.statement.clone(),
        statement_date: account.statement_day.to_string(),
        balance_minor_units: report.balances.get(&account.id).copied().unwrap_or_default(),
        receipt_count: one.receipts.count,
        receipt_minor_units: one.receipts.sum,
        last_receipt_date: one.receipts.last.map(|day| day.to_string()).unwrap_or_default(),
        last_payer: one.receipts.payer.clone(),
        mandates: account.mandates.clone(),
        monthly_cost_minor_units: account.monthly_cost,
        quiet_date: closing::quiet_date(one, report.quiet_days).to_string(),
    }
}

fn state(state: OldState) -> OldAccountState {
    match state {
        OldState::Planned => OldAccountState::Planned,
        OldState::Open => OldAccountState::Open,
        OldState::Closed => OldAccountState::Closed,
    }
}
