//! A book's payouts in the order of their time, for reports. Pages are read one after the other, so a payout that changes meanwhile is read as it was or as it is,
//! and never twice: its time never changes.

use super::{Error, Store, currency, uuid};
use crate::domain::{PayoutState, report::ReportedPayout};
use money::BookName;
use rpc::wire::TimeRange;
use uuid::Uuid;

/// Payouts read in one query.
pub const PAGE_ROWS: i64 = 4_000;

type ReportRow = (String, i64, String, i64, String, String, String, String, String, i64, i64, String, i64);

/// Where a page of a report's payouts begins: after this payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportPosition {
    /// When it was requested, Unix milliseconds.
    pub created_at_ms: i64,
    /// Its id.
    pub payout_id: Uuid,
}

impl Store {
    /// The next payouts of a book that were requested in a period, at most [`PAGE_ROWS`], oldest first, and where the following page begins; none after the
    /// last. Refused ones never were.
    pub async fn reported(
        &self,
        book: &BookName,
        created: TimeRange,
        after: Option<ReportPosition>,
    ) -> Result<(Vec<ReportedPayout>, Option<ReportPosition>), Error> {
        let first = ReportPosition { created_at_ms: created.from_ms, payout_id: Uuid::nil() };
        let after = after.unwrap_or(first);
        let sql = "SELECT p.payout_id, p.created_at_ms, p.currency, p.minor_units, p.rail, p.bank, p.bank_account, p.state, COALESCE(b.country, ''),
                 p.cost_minor_units, p.final_at_ms, p.reason_code, p.returned_minor_units
             FROM payout p LEFT JOIN beneficiary b ON b.book = p.book AND b.beneficiary_id = p.beneficiary_id
             WHERE p.book = $1 AND (p.created_at_ms, p.payout_id) > ($2, $3) AND p.created_at_ms < $4 AND p.phase <> 'refused'
             ORDER BY p.created_at_ms, p.payout_id LIMIT $5";
        let query = sqlx::query_as(sql).bind(book.as_str().to_owned()).bind(after.created_at_ms).bind(after.payout_id.to_string());
        let rows: Vec<ReportRow> = query.bind(created.until_ms).bind(PAGE_ROWS).fetch_all(self.pool()).await?;
        let last = match rows.last() {
            Some(row) if i64::try_from(rows.len()).is_ok_and(|rows| rows == PAGE_ROWS) => {
                Some(ReportPosition { created_at_ms: row.1, payout_id: uuid(&row.0)? })
            }
            _ => None,
        };
        Ok((rows.into_iter().map(reported).collect::<Result<_, _>>()?, last))
    }
}

fn reported(row: ReportRow) -> Result<ReportedPayout, Error> {
    let (payout_id, created_at_ms, code, minor_units, rail, bank, bank_account, state, country, cost, final_at_ms, reason_code, returned) =
        row;
    let invalid = |what| Error::Payout { payout_id: payout_id.clone(), what };
    Ok(ReportedPayout {
        currency: currency(&code).map_err(|_| invalid("currency"))?,
        minor_units,
        rail,
        bank,
        bank_account,
        country,
        state: PayoutState::from_name(&state).ok_or_else(|| invalid("state"))?,
        cost_minor_units: cost,
        created_at_ms,
        final_at_ms,
        reason_code,
        returned_minor_units: returned,
    })
}
