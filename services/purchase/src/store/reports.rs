//! The tables of stores' reports: their parts while they come, and their lines.

use jiff::civil::Date;
use money::{BookName, Currency};
use rust_decimal::Decimal;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use storereports::{PayoutStanding, ReportFormat, ReportLine, ReportLineKind, StatedPayout, StoreReport};

use super::settlements::of_key;
use super::{Error, Store};
use crate::domain::StoreKind;
use crate::settlements::report::{ReportPart, ReportState, StoredReport};
use crate::settlements::settlement::SettlementKey;

/// Rows that one statement inserts.
const ROWS_OF_INSERT: usize = 50;
/// `state` of a report: parts are missing.
const RECEIVING: i64 = 1;
/// `state` of a report: it counts.
const CURRENT: i64 = 2;

fn report(row: &AnyRow, received_bytes: i64) -> Result<StoredReport, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let sha256 = text("sha256")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of report {sha256}"), column };
    let state = match number("state")? {
        RECEIVING => ReportState::Receiving,
        CURRENT => ReportState::Current,
        3 => ReportState::Replaced,
        _ => return Err(damaged("store_report.state")),
    };
    Ok(StoredReport {
        key: SettlementKey {
            book: BookName::try_new(&text("book")?).map_err(|_| damaged("store_report.book"))?,
            store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store_report.store"))?,
            account: text("account")?,
            period: text("period")?,
        },
        part: text("part")?,
        format: ReportFormat::from_name(&text("format")?).ok_or_else(|| damaged("store_report.format"))?,
        size_bytes: number("size_bytes")?,
        received_bytes,
        state,
        line_count: number("line_count")?,
        sha256,
    })
}

fn standing(number: i64) -> Option<PayoutStanding> {
    [PayoutStanding::OnItsWay, PayoutStanding::Paid, PayoutStanding::Failed].into_iter().find(|standing| number_of(*standing) == number)
}

fn number_of(standing: PayoutStanding) -> i64 {
    match standing {
        PayoutStanding::OnItsWay => 1,
        PayoutStanding::Paid => 2,
        PayoutStanding::Failed => 3,
    }
}

/// A text that was written by this program, read back.
fn parsed<T: std::str::FromStr>(row: &AnyRow, column: &'static str) -> Result<T, Error> {
    let damaged = |_| Error::Damaged { purchase_id: "of a store's report".to_owned(), column };
    row.try_get::<String, _>(column)?.parse().map_err(damaged)
}

fn currency(row: &AnyRow, column: &'static str) -> Result<Currency, Error> {
    let damaged = |_| Error::Damaged { purchase_id: "of a store's report".to_owned(), column };
    Currency::try_new(&row.try_get::<String, _>(column)?).map_err(damaged)
}

fn line(row: &AnyRow) -> Result<ReportLine, Error> {
    let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a store's report".to_owned(), column };
    let kind: String = row.try_get("kind")?;
    Ok(ReportLine {
        line_no: row.try_get::<i64, _>("line_no")?.unsigned_abs(),
        kind: ReportLineKind::from_name(&kind).ok_or_else(|| damaged("store_report_line.kind"))?,
        transaction_id: row.try_get("transaction_id")?,
        product_id: row.try_get("product_id")?,
        market: row.try_get("market")?,
        quantity: row.try_get("quantity")?,
        amount: parsed::<Decimal>(row, "amount")?,
        currency: currency(row, "currency")?,
        proceeds: parsed::<Decimal>(row, "proceeds")?,
        proceeds_currency: currency(row, "proceeds_currency")?,
        happened_on: parsed::<Date>(row, "happened_on")?,
    })
}

fn payout(row: &AnyRow) -> Result<StatedPayout, Error> {
    let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a store's report".to_owned(), column };
    let optional = |column: &'static str| Ok::<bool, Error>(!row.try_get::<String, _>(column)?.is_empty());
    Ok(StatedPayout {
        currency: currency(row, "currency")?,
        amount: parsed(row, "amount")?,
        proceeds_currency: currency(row, "proceeds_currency")?,
        proceeds: parsed(row, "proceeds")?,
        rate: if optional("rate")? { Some(parsed(row, "rate")?) } else { None },
        standing: standing(row.try_get("standing")?).ok_or_else(|| damaged("store_report_payout.standing"))?,
        arrives_on: if optional("arrives_on")? { Some(parsed(row, "arrives_on")?) } else { None },
    })
}

async fn insert_lines(connection: &mut AnyConnection, of: &StoredReport, lines: &[ReportLine]) -> Result<(), Error> {
    const COLUMNS: usize = 14;
    for (chunk_no, chunk) in lines.chunks(ROWS_OF_INSERT).enumerate() {
        let row = |at: usize| {
            let places: Vec<String> = (1..=COLUMNS).map(|column| format!("${}", at * COLUMNS + column)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..chunk.len()).map(row).collect();
        let sql = format!(
            "INSERT INTO store_report_line (book, sha256, entry_no, line_no, kind, transaction_id, product_id, market, quantity, currency,
                 amount, proceeds_currency, proceeds, happened_on) VALUES {}",
            rows.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (at, line) in chunk.iter().enumerate() {
            let entry_no = i64::try_from(chunk_no * ROWS_OF_INSERT + at).unwrap_or(i64::MAX);
            query = query.bind(of.key.book.as_str().to_owned()).bind(of.sha256.clone()).bind(entry_no);
            query = query.bind(i64::try_from(line.line_no).unwrap_or(i64::MAX)).bind(line.kind.name()).bind(line.transaction_id.clone());
            query = query.bind(line.product_id.clone()).bind(line.market.clone()).bind(line.quantity);
            query = query.bind(line.currency.code().to_owned()).bind(line.amount.to_string());
            query = query.bind(line.proceeds_currency.code().to_owned()).bind(line.proceeds.to_string());
            query = query.bind(line.happened_on.to_string());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert_payouts(connection: &mut AnyConnection, of: &StoredReport, payouts: &[StatedPayout]) -> Result<(), Error> {
    for (payout_no, payout) in (1_i64..).zip(payouts) {
        let sql = "INSERT INTO store_report_payout (book, sha256, payout_no, currency, amount, proceeds_currency, proceeds, rate, standing,
                arrives_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(of.sha256.as_str()).bind(payout_no);
        let query = query.bind(payout.currency.code().to_owned()).bind(payout.amount.to_string());
        let query = query.bind(payout.proceeds_currency.code().to_owned()).bind(payout.proceeds.to_string());
        let query = query.bind(payout.rate.map(|rate| rate.to_string()).unwrap_or_default()).bind(number_of(payout.standing));
        query.bind(payout.arrives_on.map(|day| day.to_string()).unwrap_or_default()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Keeps a part of a report. One that is there stays as it is: the hash of the whole decides.
    pub(crate) async fn keep_report_part(&self, part: &ReportPart, by: &str, now_ms: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "INSERT INTO store_report (book, sha256, store, account, period, part, format, size_bytes, state, first_day, last_day,
                line_count, imported_by, begun_at_ms, imported_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, '', '', 0, $9, $10, 0) ON CONFLICT DO NOTHING";
        let (key, size_bytes) = (&part.key, part.size_bytes);
        let query = sqlx::query(sql).bind(key.book.as_str()).bind(part.sha256.as_str()).bind(key.store.as_str()).bind(key.account.as_str());
        let query = query.bind(key.period.as_str()).bind(part.part.as_str()).bind(part.format.name()).bind(size_bytes);
        query.bind(by).bind(now_ms).execute(&mut *tx).await?;
        // Locks the row: a report that another call takes meanwhile keeps no bytes.
        let sql = "UPDATE store_report SET state = 1 WHERE book = $1 AND sha256 = $2 AND state = 1";
        let locked = sqlx::query(sql).bind(key.book.as_str()).bind(part.sha256.as_str()).execute(&mut *tx).await?;
        if locked.rows_affected() != 1 {
            return Ok(());
        }
        let sql = "INSERT INTO store_report_part (book, sha256, offset_bytes, part) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(key.book.as_str()).bind(part.sha256.as_str()).bind(part.offset_bytes);
        query.bind(part.bytes.as_slice()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// A report by its hash.
    pub(crate) async fn store_report(&self, book: &BookName, sha256: &str) -> Result<Option<StoredReport>, Error> {
        let sql = "SELECT COALESCE(SUM(LENGTH(part)), 0) FROM store_report_part WHERE book = $1 AND sha256 = $2";
        let received: i64 = sqlx::query_scalar(sql).bind(book.as_str()).bind(sha256).fetch_one(&self.pool).await?;
        let query = sqlx::query("SELECT * FROM store_report WHERE book = $1 AND sha256 = $2").bind(book.as_str()).bind(sha256);
        query.fetch_optional(&self.pool).await?.as_ref().map(|row| report(row, received)).transpose()
    }

    /// The bytes of a report, as far as they are there.
    pub(crate) async fn report_bytes(&self, of: &StoredReport) -> Result<Vec<u8>, Error> {
        let sql = "SELECT part FROM store_report_part WHERE book = $1 AND sha256 = $2 ORDER BY offset_bytes";
        let mut bytes = Vec::new();
        for row in sqlx::query(sql).bind(of.key.book.as_str()).bind(of.sha256.as_str()).fetch_all(&self.pool).await? {
            bytes.extend(row.try_get::<Vec<u8>, _>("part")?);
        }
        Ok(bytes)
    }

    /// Takes a report that is whole: its lines count from now on, in place of those of an earlier one, and its period is due to be compared. The store pays
    /// this legal entity on this bank account. False: another call took it first.
    pub(crate) async fn take_report(
        &self,
        of: &StoredReport,
        read: &StoreReport,
        entity: &str,
        bank_account: &str,
        now_ms: i64,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let sql = "UPDATE store_report SET state = 2, first_day = $3, last_day = $4, line_count = $5, imported_at_ms = $6
            WHERE book = $1 AND sha256 = $2 AND state = 1";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(of.sha256.as_str()).bind(day(read.first_day)).bind(day(read.last_day));
        let query = query.bind(i64::try_from(read.lines.len()).unwrap_or(i64::MAX)).bind(now_ms);
        if query.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(false);
        }
        let sql = "UPDATE store_report SET state = 3 WHERE book = $1 AND store = $2 AND account = $3 AND period = $4 AND part = $5
            AND format = $6 AND state = 2 AND sha256 <> $7";
        let query = of_key(sqlx::query(sql), &of.key).bind(of.part.as_str()).bind(of.format.name()).bind(of.sha256.as_str());
        query.execute(&mut *tx).await?;
        let sql = "DELETE FROM store_report_part WHERE book = $1 AND sha256 = $2";
        sqlx::query(sql).bind(of.key.book.as_str()).bind(of.sha256.as_str()).execute(&mut *tx).await?;
        insert_lines(&mut tx, of, &read.lines).await?;
        insert_payouts(&mut tx, of, &read.payouts).await?;
        super::settlements::make_due(&mut tx, &of.key, entity, bank_account, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets a report that was refused.
    pub(crate) async fn forget_report(&self, of: &StoredReport) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        for sql in [
            "DELETE FROM store_report_part WHERE book = $1 AND sha256 = $2
                AND EXISTS (SELECT 1 FROM store_report r WHERE r.book = $1 AND r.sha256 = $2 AND r.state = 1)",
            "DELETE FROM store_report WHERE book = $1 AND sha256 = $2 AND state = 1",
        ] {
            sqlx::query(sql).bind(of.key.book.as_str()).bind(of.sha256.as_str()).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Everything that counts of a period: the formats of its reports, their lines and payouts, and their first and last day.
    pub(crate) async fn period_reports(&self, key: &SettlementKey) -> Result<PeriodReports, Error> {
        let sql =
            "SELECT * FROM store_report WHERE book = $1 AND store = $2 AND account = $3 AND period = $4 AND state = 2 ORDER BY sha256";
        let mut found = PeriodReports::default();
        for row in of_key(sqlx::query(sql), key).fetch_all(&self.pool).await? {
            found.formats.push(report(&row, 0)?.format);
            let sha256: String = row.try_get("sha256")?;
            for (column, is_first) in [("first_day", true), ("last_day", false)] {
                if !row.try_get::<String, _>(column)?.is_empty() {
                    let day = Some(parsed::<Date>(&row, column)?);
                    if is_first {
                        found.first_day = [found.first_day, day].into_iter().flatten().min();
                    } else {
                        found.last_day = found.last_day.max(day);
                    }
                }
            }
            let sql = "SELECT * FROM store_report_line WHERE book = $1 AND sha256 = $2 ORDER BY entry_no";
            for row in sqlx::query(sql).bind(key.book.as_str()).bind(sha256.as_str()).fetch_all(&self.pool).await? {
                found.lines.push(line(&row)?);
            }
            let sql = "SELECT * FROM store_report_payout WHERE book = $1 AND sha256 = $2 ORDER BY payout_no";
            for row in sqlx::query(sql).bind(key.book.as_str()).bind(sha256.as_str()).fetch_all(&self.pool).await? {
                found.payouts.push(payout(&row)?);
            }
        }
        Ok(found)
    }
}

/// What counts of a period.
#[derive(Debug, Default)]
pub(crate) struct PeriodReports {
    pub(crate) formats: Vec<ReportFormat>,
    pub(crate) lines: Vec<ReportLine>,
    pub(crate) payouts: Vec<StatedPayout>,
    pub(crate) first_day: Option<Date>,
    pub(crate) last_day: Option<Date>,
}
