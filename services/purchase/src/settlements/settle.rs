//! Compares what is due, and plans what follows.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use jiff::ToSpan as _;
use jiff::civil::Date;
use money::time::unix_ms;
use money::{Currency, time::day_start};
use sha2::{Digest as _, Sha256};
use storereports::ReportFormat;

use super::compare::{self, NotComparable, PeriodComparison, PeriodOutcome};
use super::settlement::{DifferenceKind, SettledAmounts, SettlementDifference, SettlementState, StoreSettlement};
use crate::domain::StoreKind;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::sheets::day;
use crate::store::{PeriodReports, PlannedEdition};

/// How long before a period sales are looked for that no report has named yet. A store reports a sale in the month after it at the latest, and is asked about one that it
/// left out within a quarter.
const LOOK_BACK_DAYS: i32 = 120;

impl Purchases {
    /// Compares the periods that are due, and posts and announces what follows; at most `count_max` of each.
    pub(crate) async fn settle_reports(&self, now: SystemTime, count_max: i64) -> Result<(), Error> {
        // The ids of postings carry the time at which they are planned, which the ledger compares with its clock: that is the present, whatever is due.
        let planned_at = SystemTime::now();
        self.compare_due(now, planned_at, count_max).await?;
        self.post_settlements(now, planned_at, count_max).await
    }

    pub(super) async fn compare_due(&self, now: SystemTime, planned_at: SystemTime, count_max: i64) -> Result<(), Error> {
        for settlement in self.store.due_settlements(unix_ms(now), count_max).await? {
            let next_attempt_at_ms = unix_ms(now).saturating_add(put_off_ms(settlement.tries));
            let note = match self.compare(&settlement, planned_at, next_attempt_at_ms).await {
                Ok(note) => note,
                Err(error) => Some(error.of_row("store_settlement")?),
            };
            if let Some(note) = note {
                self.store.put_off_settlement(&settlement, &note, next_attempt_at_ms).await?;
            }
        }
        Ok(())
    }

    /// Compares a period's reports with our sales and refunds, and plans what follows; or says what it waits for.
    async fn compare(&self, of: &StoreSettlement, now: SystemTime, next_attempt_at_ms: i64) -> Result<Option<String>, Error> {
        let reports = self.store.period_reports(&of.key).await?;
        let account = self.settlements.account(&of.key.book, of.key.store, &of.key.account);
        let has_fund_flow = account.is_some_and(|account| account.has_fund_flow(&of.key.period));
        if let Some(missing) = missing(of.key.store, &reports.formats, has_fund_flow) {
            return Ok(Some(missing.to_owned()));
        }
        let carried = self.store.carried_before(&of.key).await?.unwrap_or_default();
        let compared = match self.compared(of, &reports, carried.1).await? {
            Ok(compared) => compared,
            Err(not) => return Ok(Some(not.to_string())),
        };
        if self.store.carried_on(&of.key).await?.is_some_and(|taken| taken != compared.carried_out) {
            return Ok(Some("a later period has taken what this one left, and the reports leave another amount now".to_owned()));
        }
        let has_unexplained = compared.differences.iter().any(|one| one.kind.is_unexplained());
        let differences_hash = hash(&compared.differences);
        let may_settle = of.may_settle(&differences_hash, has_unexplained);
        let edition = if may_settle { self.edition(of, &compared, now).await? } else { None };
        let new = StoreSettlement {
            state: if may_settle { SettlementState::Settled } else { SettlementState::Open },
            note: if may_settle { String::new() } else { "two people settle with what the reports do not explain".to_owned() },
            proceeds_currency: compared.proceeds_currency,
            paid: compared.paid,
            carried_from: carried.0,
            carried_in: carried.1,
            carried_out: compared.carried_out,
            has_unexplained,
            differences_hash,
            ..of.clone()
        };
        let (covered, found) = (&compared.covered, &compared.differences);
        let is_first = self.store.keep_comparison(&new, covered, found, edition.as_ref(), unix_ms(now), next_attempt_at_ms).await?;
        if !is_first {
            tracing::info!(settlement_id = %of.settlement_id, "another process compared the same period");
        }
        Ok(None)
    }

    async fn compared(
        &self,
        of: &StoreSettlement,
        reports: &PeriodReports,
        carried_in: i64,
    ) -> Result<Result<PeriodOutcome, NotComparable>, Error> {
        let by_sums = of.key.store == StoreKind::Apple;
        let mut transactions: Vec<&str> =
            if by_sums { Vec::new() } else { reports.lines.iter().map(|line| line.transaction_id.as_str()).collect() };
        transactions.sort_unstable();
        transactions.dedup();
        let by_transaction =
            if by_sums { HashMap::new() } else { self.store.parts_by_transaction(&of.key.book, of.key.store, &transactions).await? };
        let last_sale = by_transaction.values().flatten().map(|part| part.at_ms).max();
        let time = |date: Date| day_start(date).as_millisecond();
        let first_ms = reports.first_day.map_or(0, |first| time(first.saturating_sub(LOOK_BACK_DAYS.days())));
        // A report by transactions covers what came before the last of them; one by sums covers days.
        let until_ms = if by_sums {
            reports.last_day.map_or(0, |last| time(last.saturating_add(1.day())))
        } else {
            last_sale.map_or(0, |last| last + 1)
        };
        let open = self.store.open_parts(&of.key.book, of.key.store, of.settlement_id, first_ms, until_ms).await?;
        let comparison = PeriodComparison {
            settlement_id: of.settlement_id,
            entity: &of.entity,
            lines: &reports.lines,
            payouts: &reports.payouts,
            by_transaction: &by_transaction,
            open: &open,
            carried_in,
            keeps_balance: reports.formats.contains(&ReportFormat::WechatFundFlow),
        };
        Ok(if by_sums { compare::by_sums(&comparison) } else { compare::by_transactions(&comparison) })
    }

    /// What is to be posted beyond earlier editions; `None`: nothing.
    async fn edition(&self, of: &StoreSettlement, compared: &PeriodOutcome, now: SystemTime) -> Result<Option<PlannedEdition>, Error> {
        let mut amounts: BTreeMap<Currency, SettledAmounts> = compared.amounts.clone();
        for posted in self.store.settlement_postings(&of.key.book, of.settlement_id).await? {
            let left = amounts.entry(posted.currency).or_default();
            let damaged = crate::store::Error::Damaged { purchase_id: of.settlement_id.to_string(), column: "settlement_posting" };
            *left = left.less(posted.amounts).ok_or(damaged)?;
        }
        amounts.retain(|_, amounts| *amounts != SettledAmounts::default());
        let pays_in = compared.proceeds_currency.expect("a comparison says in which currency the store pays");
        let account = self.settlements.account(&of.key.book, of.key.store, &of.key.account).filter(|account| !account.leaf.is_empty());
        let arrives_by = account.map(|account| {
            let from = compared.arrives_on.unwrap_or_else(|| day(unix_ms(now)));
            from.saturating_add(i64::from(account.arrives_within_days).days())
        });
        Ok((!amounts.is_empty()).then_some(PlannedEdition { amounts, arrives_by, pays_in }))
    }
}

/// What of a store's reports a period lacks.
fn missing(store: StoreKind, formats: &[ReportFormat], has_fund_flow: bool) -> Option<&'static str> {
    let lacks = |format| !formats.contains(&format);
    match store {
        StoreKind::Apple if lacks(ReportFormat::AppleSummary) => Some("the payment summary has not come"),
        StoreKind::Apple if lacks(ReportFormat::AppleDetail) => Some("no finance detail report has come"),
        StoreKind::Wechat if has_fund_flow && lacks(ReportFormat::WechatFundFlow) => Some("the fund flow bill has not come"),
        _ => None,
    }
}

/// What people decide about: that nothing else may be settled by their decision.
fn hash(differences: &[SettlementDifference]) -> String {
    let mut hash = Sha256::new();
    for one in differences.iter().filter(|one| one.kind != DifferenceKind::MissingAtStore) {
        let fields = [
            one.kind.name(),
            one.currency.code(),
            &one.amount.normalize().to_string(),
            &one.reported.normalize().to_string(),
            &one.transaction_id,
            &one.product_id,
            &one.market,
        ];
        for field in fields {
            hash.update(u64::try_from(field.len()).unwrap_or(0).to_le_bytes());
            hash.update(field.as_bytes());
        }
    }
    hex::encode(hash.finalize())
}
