//! What is decided and not known to be posted: the call that decided it was lost, or the ledger's answer was.
use super::{Error, Store, cases, migration::imported, receipts::receipt};
use crate::domain::{bank::Adjustment, migration::ImportedAccount, receipt::BankReceipt};
use chart::Account;
use sqlx::Row as _;
use std::collections::BTreeMap;

/// What counts as open, and since when, of each kind.
const OPEN: [(&str, &str); 6] = [
    ("movement", "SELECT COUNT(*), MIN(decided_at_ms) FROM movement WHERE book = $1 AND state = 'decided'"),
    ("receipt", "SELECT COUNT(*), MIN(NULLIF(decided_at_ms, 0)) FROM receipt WHERE book = $1 AND is_booked = 0"),
    (
        "entry",
        "SELECT COUNT(*), MIN(CASE WHEN since_ms = 0 THEN planned_at_ms ELSE since_ms END) FROM entry_booking WHERE book = $1 AND posted_at_ms = 0",
    ),
    ("adjustment", "SELECT COUNT(*), MIN(approved_at_ms) FROM case_adjustment WHERE book = $1 AND state = 'approved'"),
    (
        "old_account",
        "SELECT COUNT(*), MIN(r.applied_at_ms) FROM old_account o JOIN import_run r ON r.book = o.book AND r.plan_hash = o.plan_hash
            WHERE o.book = $1 AND o.state = 'planned'",
    ),
    ("old_move", "SELECT COUNT(*), MIN(NULLIF(decided_at_ms, 0)) FROM old_account_move WHERE book = $1 AND is_booked = 0"),
];

/// Leaves to which money may still come, or come back, and why.
const AWAITED: [(&str, &str); 3] = [
    (
        "a payout has reserved money of it, and is not over",
        "SELECT DISTINCT leaf_id FROM funds_reservation WHERE book = $1
            AND state IN ('reserved', 'submitting', 'in_transit', 'voiding', 'returning', 'blocking', 'blocked', 'unblocking')",
    ),
    (
        "a sweep has set money of it aside, and may be cancelled",
        "SELECT DISTINCT from_leaf AS leaf_id FROM sweep WHERE book = $1 AND state IN ('planned', 'instructing', 'sent', 'cancelling')",
    ),
    ("a receipt for it is not posted yet", "SELECT DISTINCT leaf_id FROM receipt WHERE book = $1 AND is_booked = 0"),
];

/// Postings of a kind that are decided and not known to be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenPostings {
    /// What they are of.
    pub of: &'static str,
    /// How many there are.
    pub count: u64,
    /// When the oldest of them was decided, in Unix milliseconds. `None` if there are none.
    pub since_ms: Option<i64>,
}

impl Store {
    /// What is open, of every kind.
    pub async fn open_postings(&self, book: &str) -> Result<Vec<OpenPostings>, Error> {
        let mut found = Vec::with_capacity(OPEN.len());
        for (of, sql) in OPEN {
            let row = sqlx::query(sql).bind(book.to_owned()).fetch_one(&self.pool).await?;
            found.push(OpenPostings { of, count: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0), since_ms: row.try_get(1)? });
        }
        Ok(found)
    }

    /// Leaves to which money may still come, or come back, each with why.
    pub async fn awaited(&self, book: &str) -> Result<BTreeMap<String, &'static str>, Error> {
        let mut awaited = BTreeMap::new();
        for (why, sql) in AWAITED {
            for row in sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await? {
                awaited.insert(row.try_get("leaf_id")?, why);
            }
        }
        let sql = "SELECT t.debit_account, t.credit_account FROM movement m JOIN movement_transfer t
            ON t.book = m.book AND t.movement_no = m.movement_no WHERE m.book = $1 AND m.state = 'decided'";
        for row in sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await? {
            for column in ["debit_account", "credit_account"] {
                let name: String = row.try_get(column)?;
                if let Some(leaf) = Account::parse(&name).and_then(|account| Some(account.bank_account()?.as_str().to_owned())) {
                    awaited.insert(leaf, "a movement of its money is not posted yet");
                }
            }
        }
        let sql = "SELECT * FROM case_adjustment WHERE book = $1 AND state = 'approved'";
        for row in sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await? {
            let leaves = cases::adjustment(&row)?.transfers.into_iter().flat_map(|transfer| [transfer.debit, transfer.credit]);
            awaited.extend(leaves.map(|leaf| (leaf, "an adjustment of its money is approved and not posted yet")));
        }
        Ok(awaited)
    }

    /// Receipts that are not known to be posted, with their ids after this text.
    pub async fn open_receipts(&self, book: &str, after: &str, rows_max: i64) -> Result<Vec<BankReceipt>, Error> {
        let sql = "SELECT * FROM receipt WHERE book = $1 AND is_booked = 0 AND receipt_id > $2 ORDER BY receipt_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.to_owned()).bind(after.to_owned()).bind(rows_max);
        query.fetch_all(&self.pool).await?.iter().map(receipt).collect()
    }

    /// Adjustments that two people approved and that are not known to be posted, with their ids after this text.
    pub async fn open_adjustments(&self, book: &str, after: &str, rows_max: i64) -> Result<Vec<Adjustment>, Error> {
        let sql =
            "SELECT * FROM case_adjustment WHERE book = $1 AND state = 'approved' AND adjustment_id > $2 ORDER BY adjustment_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.to_owned()).bind(after.to_owned()).bind(rows_max);
        query.fetch_all(&self.pool).await?.iter().map(cases::adjustment).collect()
    }

    /// Physical accounts with entries whose bookings are not known to be posted.
    pub async fn accounts_with_open_entries(&self, book: &str) -> Result<Vec<String>, Error> {
        let sql = "SELECT DISTINCT account_id FROM entry_booking WHERE book = $1 AND posted_at_ms = 0 ORDER BY account_id";
        let rows = sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("account_id")?)).collect()
    }

    /// Old accounts whose openings are not known to be booked, each with when its plan was applied, in Unix milliseconds.
    pub async fn planned_openings(&self, book: &str) -> Result<Vec<(ImportedAccount, i64)>, Error> {
        let sql = "SELECT o.*, r.applied_at_ms FROM old_account o JOIN import_run r ON r.book = o.book AND r.plan_hash = o.plan_hash
            WHERE o.book = $1 AND o.state = 'planned' ORDER BY o.account_id";
        let rows = sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((imported(row)?, row.try_get("applied_at_ms")?))).collect()
    }
}
