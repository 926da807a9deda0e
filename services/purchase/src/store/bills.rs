//! The table `store_bill`: the days of which a wallet's bill is to be read, or was. What a bill is compared with is read here too.

use std::collections::{HashMap, HashSet};

use futures::FutureExt as _;
use jiff::civil::Date;
use money::BookName;
use money::time::day_start;
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::newest::newest;
use super::{Error, Store};
use crate::domain::StoreKind;
use crate::meters;
use crate::sheets::day;
use crate::stores::billing::BilledAccount;

/// Ids that one statement asks for.
const ASKED_MAX: usize = 200;
/// No day is later.
const LAST_DAY: &str = "9999-12-31";
/// `state` of a bill: it is to be fetched.
const OPEN: i64 = 1;

/// A day's bill that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenBill {
    pub(crate) of: BilledAccount,
    pub(crate) day: Date,
    pub(crate) tries: i64,
}

/// How a bill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BillEnd {
    /// It was read.
    Read,
    /// The wallet has none.
    Absent,
    /// The wallet keeps it no longer.
    Gone,
}

/// A day's bill, as staff are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptBill {
    pub(crate) of: BilledAccount,
    pub(crate) day: Date,
    /// How it ended; `None`: it has not.
    pub(crate) end: Option<BillEnd>,
    pub(crate) read: ReadBill,
    pub(crate) tries: i64,
    pub(crate) note: String,
    pub(crate) created_at_ms: i64,
    /// 0: it has not.
    pub(crate) ended_at_ms: i64,
}

impl KeptBill {
    /// Where it is in the list: bills of a day are in the order of digests, because accounts are too long for a place.
    pub(crate) fn place(&self) -> (i64, Uuid) {
        let digest = Sha256::digest(format!("{}/{}", self.of.store.as_str(), self.of.account));
        (day_start(self.day).as_millisecond(), Uuid::from_slice(&digest[..16]).expect("16 bytes"))
    }
}

/// Which bills are listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BillFilter {
    /// Only this wallet's; any where absent.
    pub(crate) store: Option<StoreKind>,
    /// Only those that ended so, or have not; any where absent.
    pub(crate) end: Option<Option<BillEnd>>,
}

impl BillEnd {
    /// All of them.
    const ALL: [Self; 3] = [Self::Read, Self::Absent, Self::Gone];

    /// The number in the table; never changed.
    fn number(self) -> i64 {
        match self {
            Self::Read => 2,
            Self::Absent => 3,
            Self::Gone => 4,
        }
    }
}

/// What was read of a bill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReadBill {
    /// SHA-256 of its bytes, in hexadecimal digits; empty: there were none.
    pub(crate) sha256: String,
    /// Its bytes.
    pub(crate) size_bytes: i64,
    /// Payments and refunds in it.
    pub(crate) trades: i64,
    /// Those that no notification had said.
    pub(crate) found: i64,
}

/// What was said of a refund, or of all of a payment together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SaidRefund {
    /// The wallet's or our id of it.
    pub(crate) fact_id: String,
    /// So much, in minor units.
    pub(crate) part: i64,
    /// It was paid back.
    pub(crate) is_granted: bool,
    /// It is a fact of its own.
    pub(crate) is_fact: bool,
}

/// `status` of what was paid back.
const GRANTED: i64 = 2;

fn read(row: &AnyRow) -> Result<OpenBill, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let day = text("day")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of the bill of {day}"), column };
    let of = BilledAccount {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("store_bill.book"))?,
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store_bill.store"))?,
        account: text("account")?,
    };
    Ok(OpenBill { of, day: day.parse().map_err(|_| damaged("store_bill.day"))?, tries: row.try_get("tries")? })
}

fn kept(row: &AnyRow) -> Result<KeptBill, Error> {
    let OpenBill { of, day, tries } = read(row)?;
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let state = number("state")?;
    let damaged = || Error::Damaged { purchase_id: format!("of the bill of {day}"), column: "store_bill.state" };
    let end = BillEnd::ALL.into_iter().find(|end| end.number() == state);
    if end.is_none() && state != OPEN {
        return Err(damaged());
    }
    let read =
        ReadBill { sha256: row.try_get("sha256")?, size_bytes: number("size_bytes")?, trades: number("trades")?, found: number("found")? };
    let (created_at_ms, ended_at_ms) = (number("created_at_ms")?, number("ended_at_ms")?);
    Ok(KeptBill { of, day, end, read, tries, note: row.try_get("note")?, created_at_ms, ended_at_ms })
}

/// A statement with the places of these many ids, from the fourth on.
fn with_places(sql: &str, count: usize) -> AssertSqlSafe<String> {
    let places: Vec<String> = (0..count).map(|at| format!("${}", at + 4)).collect();
    AssertSqlSafe(sql.replace("{}", &places.join(", ")))
}

impl Store {
    /// The last day until this one of which a bill was ever to be read. A row whose day can't be read, or is still to come, keeps no other bill from being expected.
    pub(crate) async fn last_bill(&self, of: &BilledAccount, today: Date) -> Result<Option<Date>, Error> {
        let sql = "SELECT MAX(day) FROM store_bill WHERE book = $1 AND store = $2 AND account = $3 AND day <= $4";
        let query = sqlx::query_scalar::<_, Option<String>>(sql).bind(of.book.as_str()).bind(of.store.as_str()).bind(of.account.as_str());
        let last = query.bind(today.to_string()).fetch_one(&self.pool).await?;
        let damaged = || Error::Damaged { purchase_id: format!("of the bills of {}", of.account), column: "store_bill.day" };
        let read = last.map(|day| day.parse::<Date>().map_err(|_| damaged()));
        read.transpose().or_else(|damage| {
            meters::damaged("store_bill", &damage.to_string());
            Ok(None)
        })
    }

    /// Notes that the bill of a day is to be read from this time on, in Unix milliseconds; once.
    pub(crate) async fn expect_bill(&self, of: &BilledAccount, day: Date, from_ms: i64, now_ms: i64) -> Result<(), Error> {
        let sql =
            "INSERT INTO store_bill (book, store, account, day, state, sha256, size_bytes, trades, found, note, tries, next_attempt_at_ms,
                created_at_ms, ended_at_ms) VALUES ($1, $2, $3, $4, 1, '', 0, 0, 0, '', 0, $5, $6, 0) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.store.as_str()).bind(of.account.as_str()).bind(day.to_string());
        query.bind(from_ms).bind(now_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Bills of an account that are due, the oldest day first.
    pub(crate) async fn due_bills(&self, of: &BilledAccount, now_ms: i64, count_max: i64) -> Result<Vec<OpenBill>, Error> {
        let sql = "SELECT * FROM store_bill WHERE book = $1 AND store = $2 AND account = $3 AND state = 1 AND next_attempt_at_ms <= $4
            ORDER BY tries, day LIMIT $5";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.store.as_str()).bind(of.account.as_str()).bind(now_ms).bind(count_max);
        let (due, damaged) = super::due::readable(&query.fetch_all(&self.pool).await?, read)?;
        damaged.iter().for_each(|damage| meters::damaged("store_bill", damage));
        Ok(due)
    }

    /// Notes how many trades of a bill no notification had said, where the bill is looked at again.
    pub(crate) async fn found_in_bill(&self, of: &OpenBill, found: i64) -> Result<(), Error> {
        let sql = "UPDATE store_bill SET found = found + $5 WHERE book = $1 AND store = $2 AND account = $3 AND day = $4 AND state = 1";
        let key = &of.of;
        let query = sqlx::query(sql).bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str()).bind(of.day.to_string());
        query.bind(found).execute(&self.pool).await?;
        Ok(())
    }

    /// Postpones a bill, with the reason. `tried`: another attempt begins.
    pub(crate) async fn put_off_bill(&self, of: &OpenBill, note: &str, next_attempt_at_ms: i64, tried: bool) -> Result<(), Error> {
        let sql = "UPDATE store_bill SET note = $5, next_attempt_at_ms = $6, tries = tries + $7
            WHERE book = $1 AND store = $2 AND account = $3 AND day = $4 AND state = 1";
        let key = &of.of;
        let query = sqlx::query(sql).bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str()).bind(of.day.to_string());
        query.bind(note).bind(next_attempt_at_ms).bind(i64::from(tried)).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends a bill; the first end stays.
    pub(crate) async fn end_bill(&self, of: &OpenBill, end: BillEnd, note: &str, read: &ReadBill, now_ms: i64) -> Result<(), Error> {
        let sql =
            "UPDATE store_bill SET state = $5, note = $6, sha256 = $7, size_bytes = $8, trades = $9, found = found + $10, ended_at_ms = $11
            WHERE book = $1 AND store = $2 AND account = $3 AND day = $4 AND state = 1";
        let key = &of.of;
        let query = sqlx::query(sql).bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str()).bind(of.day.to_string());
        let query = query.bind(end.number()).bind(note).bind(read.sha256.as_str()).bind(read.size_bytes).bind(read.trades);
        query.bind(read.found).bind(now_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Those of these transactions of which there is a purchase.
    pub(crate) async fn sold_transactions(&self, of: &BilledAccount, transactions: &[&str]) -> Result<HashSet<String>, Error> {
        let mut sold = HashSet::new();
        for chunk in transactions.chunks(ASKED_MAX) {
            let sql = "SELECT transaction_id FROM purchase WHERE book = $1 AND store = $2 AND bundle_id = $3 AND transaction_id IN ({})";
            let query = sqlx::query_scalar::<_, String>(with_places(sql, chunk.len())).bind(of.book.as_str().to_owned());
            let query = query.bind(of.store.as_str()).bind(of.account.clone());
            sold.extend(chunk.iter().fold(query, |query, id| query.bind((*id).to_owned())).fetch_all(&self.pool).await?);
        }
        Ok(sold)
    }

    /// What was said of the refunds of these transactions, by transaction.
    pub(crate) async fn said_of(&self, of: &BilledAccount, transactions: &[&str]) -> Result<HashMap<String, Vec<SaidRefund>>, Error> {
        let mut said: HashMap<String, Vec<SaidRefund>> = HashMap::new();
        for chunk in transactions.chunks(ASKED_MAX) {
            // Environments are named for the table's key, which begins with store and environment.
            let sql = "SELECT * FROM refund_fact WHERE book = $1 AND store = $2 AND environment IN ('live', 'test') AND bundle_id = $3
                AND transaction_id IN ({})";
            let query = sqlx::query(with_places(sql, chunk.len())).bind(of.book.as_str().to_owned()).bind(of.store.as_str());
            let query = query.bind(of.account.clone());
            for row in chunk.iter().fold(query, |query, id| query.bind((*id).to_owned())).fetch_all(&self.pool).await? {
                let (fact_id, part) = (row.try_get("fact_id")?, row.try_get("part")?);
                let is_granted = row.try_get::<i64, _>("status")? == GRANTED;
                said.entry(row.try_get("transaction_id")?).or_default().push(SaidRefund { fact_id, part, is_granted, is_fact: true });
            }
            // Refunds of ours, of which the wallet may have said no more than the sum that they came to.
            let sql = "SELECT p.transaction_id, r.store_refund_id, r.amount_minor_units FROM purchase p
                JOIN refund_order r ON r.book = p.book AND r.purchase_id = p.purchase_id
                WHERE p.book = $1 AND p.store = $2 AND p.bundle_id = $3 AND r.state = 5 AND r.store_refund_id <> '' AND p.transaction_id IN ({})";
            let query = sqlx::query_as::<_, (String, String, i64)>(with_places(sql, chunk.len())).bind(of.book.as_str().to_owned());
            let query = query.bind(of.store.as_str()).bind(of.account.clone());
            for (transaction_id, fact_id, part) in
                chunk.iter().fold(query, |query, id| query.bind((*id).to_owned())).fetch_all(&self.pool).await?
            {
                let known = said.entry(transaction_id).or_default();
                match known.iter_mut().find(|one| one.fact_id == fact_id) {
                    Some(one) if one.part == 0 => (one.part, one.is_fact) = (part, false),
                    Some(_) => {}
                    None => known.push(SaidRefund { fact_id, part, is_granted: true, is_fact: false }),
                }
            }
        }
        Ok(said)
    }

    /// Bills of a book, the newest day first, after this place; at most `count_max`.
    pub(crate) async fn kept_bills(
        &self,
        book: &BookName,
        filter: BillFilter,
        after: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<KeptBill>, Error> {
        let state = filter.end.map_or(0, |end| end.map_or(OPEN, BillEnd::number));
        let between = move |from_ms: i64, until_ms: i64, count_max: i64| {
            async move {
            let sql = "SELECT * FROM store_bill WHERE book = $1 AND (store = $2 OR $2 = '') AND (state = $3 OR $3 = 0) AND day >= $4 AND day <= $5
                ORDER BY day DESC LIMIT $6";
            let query = sqlx::query(sql).bind(book.as_str()).bind(filter.store.map_or("", StoreKind::as_str)).bind(state);
            let query = query.bind(if from_ms == i64::MIN { String::new() } else { day(from_ms).to_string() });
            let query = query.bind(if until_ms == i64::MAX { LAST_DAY.to_owned() } else { day(until_ms).to_string() });
            let (kept, damaged) = super::due::readable(&query.bind(count_max).fetch_all(&self.pool).await?, kept)?;
            damaged.iter().for_each(|damage| meters::damaged("store_bill", damage));
            Ok(kept)
            }
            .boxed()
        };
        newest(after, count_max, between, KeptBill::place).await
    }

    /// How many bills are to be read, and since when the oldest is.
    pub(super) async fn open_bills(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM store_bill WHERE state = $1";
        let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).bind(OPEN).fetch_one(&self.pool).await?;
        Ok(vec![UnfinishedCount { what: "store_bill", state: "open", count: count.unsigned_abs(), since_ms }])
    }
}
