//! The tables of coin lots, as the projection writes them. [`crate::lots`] says what is in them.

use std::collections::{BTreeMap, BTreeSet};

use ledger_client::JournalPlace;
use money::BookName;
use sqlx::{Any, AnyConnection, Row as _, any::AnyRow, query::Query};

use super::{Error, Store};
use crate::lots::lot::{BrokenCoins, Lot, LotOrigin, LotSums};
use crate::lots::read::{CoinEffect, CoinTransfer, holds_lots};
use crate::lots::working::{DayKey, HeldLot, LotOverflow, LotSpend, LotUse, WorkingLots};

/// Rows of one statement: with the widest table's columns far below what both engines take.
const ROWS: usize = 100;

/// Why rows of lots, or of what they earned, can't be read or summed.
#[derive(Debug, thiserror::Error)]
pub enum LotRowsError {
    /// The tables.
    #[error(transparent)]
    Store(#[from] Error),
    /// Sums beyond what can be stored.
    #[error(transparent)]
    Overflow(#[from] LotOverflow),
}

/// How far a book's journal was read into lots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotPlace {
    /// After which commit reading goes on.
    pub journal: JournalPlace,
    /// The last day whose revenue was planned; empty before the first.
    pub planned_day: String,
    /// The last breakage that the lots have.
    pub broken_no: i64,
}

/// The lot of a row.
pub(super) fn lot(row: &AnyRow) -> Result<Lot, Error> {
    let lot_no: i64 = row.try_get("lot_no")?;
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let origin = number("origin")?;
    let damaged = || Error::Damaged { purchase_id: format!("of lot {lot_no}"), column: "origin" };
    Ok(Lot {
        lot_no,
        user_id: text("user_id")?,
        posting_id: text("posting_id")?,
        purchase_id: text("purchase_id")?,
        origin: LotOrigin::ALL.into_iter().find(|known| known.number() == origin).ok_or_else(damaged)?,
        store: text("store")?,
        market: text("market")?,
        entity: text("entity")?,
        currency: text("currency")?,
        price: number("price_minor_units")?,
        tax: number("tax_minor_units")?,
        commission: number("commission_minor_units")?,
        coins: number("coins")?,
        bonus: number("bonus_coins")?,
        spent: number("spent_coins")?,
        removed: number("removed_coins")?,
        refunded: number("refunded_coins")?,
        forfeited: number("forfeited_coins")?,
        frozen: number("frozen_coins")?,
        suspended: number("suspended_coins")?,
        reversed: number("reversed")? == 1,
        issued_at_ms: number("issued_at_ms")?,
        broken: BrokenCoins {
            coins: number("broken_coins")?,
            at_ms: number("broken_at_ms")?,
            spent: number("broken_spent_coins")?,
            refunded: number("broken_refunded_coins")?,
            forfeited: number("broken_forfeited_coins")?,
        },
    })
}

/// What a posting took, as a row has it.
pub(super) fn spend(row: &AnyRow) -> Result<LotSpend, Error> {
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let used = number("use_kind")?;
    Ok(LotSpend {
        lot_no: number("lot_no")?,
        spend_no: number("spend_no")?,
        posting_id: row.try_get("posting_id")?,
        used: LotUse::ALL.into_iter().find(|known| known.number() == used).unwrap_or(LotUse::Removed),
        creator_id: row.try_get("creator_id")?,
        coins: number("coins")?,
        revenue: number("revenue_minor_units")?,
        commission: number("commission_minor_units")?,
        spent_at_ms: number("spent_at_ms")?,
    })
}

/// `($1, $2), ($3, $4)` for rows of so many columns.
fn rows_of(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `$2, $3, $4` for so many values after the first.
fn listed(values: usize) -> String {
    (2..values + 2).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

type AnyQuery = Query<'static, Any, <Any as sqlx::Database>::Arguments>;

fn query(sql: String) -> AnyQuery {
    sqlx::query(sqlx::AssertSqlSafe(sql))
}

impl Store {
    /// How far a book's journal was read.
    pub(crate) async fn lot_place(&self, book: &BookName) -> Result<LotPlace, Error> {
        let query = sqlx::query("SELECT * FROM lot_cursor WHERE book = $1").bind(book.as_str());
        let Some(row) = query.fetch_optional(&self.pool).await? else { return Ok(LotPlace::default()) };
        let journal = JournalPlace { commit_no: row.try_get("commit_no")?, hash: row.try_get("commit_hash")?, seq: row.try_get("seq")? };
        Ok(LotPlace { journal, planned_day: row.try_get("planned_day")?, broken_no: row.try_get("broken_no")? })
    }

    /// What the accounts of these transfers hold, and what the postings took and brought that they reverse.
    pub(crate) async fn load_lots(&self, book: &BookName, transfers: &[CoinTransfer]) -> Result<WorkingLots, Error> {
        let mut connection = self.pool.acquire().await?;
        let mut working = WorkingLots::default();
        let accounts = transfers.iter().flat_map(|transfer| [&transfer.debit, &transfer.credit]).filter(|account| holds_lots(account));
        let accounts: Vec<&String> = accounts.collect::<BTreeSet<_>>().into_iter().collect();
        for accounts in accounts.chunks(ROWS) {
            let sql = format!(
                "SELECT h.account, h.spend_rank, h.lot_no AS held_lot_no, h.coins AS held, l.* FROM lot_holding h
                 LEFT JOIN coin_lot l ON l.book = h.book AND l.lot_no = h.lot_no WHERE h.book = $1 AND h.account IN ({})",
                listed(accounts.len())
            );
            let query = accounts.iter().fold(query(sql).bind(book.to_string()), |query, account| query.bind((*account).clone()));
            for row in query.fetch_all(&mut *connection).await? {
                let account = row.try_get("account")?;
                let key = HeldLot { rank: row.try_get("spend_rank")?, lot_no: row.try_get("held_lot_no")? };
                working.holdings.entry(account).or_default().insert(key, row.try_get("held")?);
                if key.lot_no != crate::lots::working::OVERDRAWN {
                    working.lots.insert(key.lot_no, lot(&row)?);
                }
            }
        }
        for giver in transfers.iter().filter(|transfer| transfer.effect == CoinEffect::GivesLots) {
            let sql = "SELECT * FROM coin_lot WHERE book = $1 AND user_id = $2";
            let query = sqlx::query(sql).bind(book.as_str()).bind(chart::account::owner(&giver.debit).unwrap_or_default());
            for row in query.fetch_all(&mut *connection).await? {
                let read = lot(&row)?;
                working.lots.entry(read.lot_no).or_insert(read);
            }
        }
        let reversed: BTreeSet<&String> = transfers.iter().flat_map(|transfer| &transfer.reverses).collect();
        for posting in reversed {
            load_posting(&mut connection, book, posting, &mut working).await?;
        }
        let debtors = transfers.iter().filter(|transfer| transfer.is_refund_back()).filter_map(|one| chart::account::owner(&one.credit));
        // Lots that become another's within the batch are that one's when such a refund is read.
        let givers = transfers.iter().filter(|transfer| transfer.effect == CoinEffect::GivesLots);
        let givers = givers.filter_map(|giver| chart::account::owner(&giver.debit));
        let debtors: BTreeSet<&str> = debtors.collect();
        let givers: BTreeSet<&str> = if debtors.is_empty() { BTreeSet::new() } else { givers.collect() };
        for user in debtors.union(&givers) {
            load_settled(&mut connection, book, user, &mut working).await?;
        }
        let paid_back = transfers.iter().filter(|transfer| transfer.is_of_purchase()).map(|transfer| &transfer.purchase_id);
        for purchase_id in paid_back.filter(|purchase_id| !purchase_id.is_empty()).collect::<BTreeSet<_>>() {
            let sql = "SELECT * FROM coin_lot WHERE book = $1 AND purchase_id = $2 AND purchase_id <> ''";
            let query = sqlx::query(sql).bind(book.as_str()).bind(purchase_id.as_str());
            for row in query.fetch_all(&mut *connection).await? {
                let read = lot(&row)?;
                working.lots.entry(read.lot_no).or_insert(read);
            }
        }
        Ok(working)
    }

    /// Stores what changed, if the journal was read up to `from` so far. False: it was not, and nothing is stored.
    pub(crate) async fn save_lots(
        &self,
        book: &BookName,
        from: &LotPlace,
        to: &JournalPlace,
        working: &WorkingLots,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        if !advance(&mut tx, book, from, to).await? {
            return Ok(false);
        }
        save_changed(&mut tx, book, working).await?;
        save_holdings(&mut tx, book, working).await?;
        save_spends(&mut tx, book, &working.new_spends).await?;
        save_days(&mut tx, book, &working.days).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets a book's lots and how far its journal was read, so that a running service reads it again; how many there were. What was posted of their
    /// revenue, and which of them are breakage, stays.
    pub async fn forget_lots(&self, book: &BookName) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        // First, so that a batch that is being stored comes before all of it or not at all.
        sqlx::query("DELETE FROM lot_cursor WHERE book = $1").bind(book.as_str()).execute(&mut *tx).await?;
        let lots = sqlx::query("DELETE FROM coin_lot WHERE book = $1").bind(book.as_str()).execute(&mut *tx).await?.rows_affected();
        for sql in
            ["DELETE FROM lot_holding WHERE book = $1", "DELETE FROM lot_spend WHERE book = $1", "DELETE FROM lot_day WHERE book = $1"]
        {
            sqlx::query(sql).bind(book.as_str()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(lots)
    }
}

/// The lots that a posting brought, what it took, and of which lots.
async fn load_posting(connection: &mut AnyConnection, book: &BookName, posting: &str, working: &mut WorkingLots) -> Result<(), Error> {
    for sql in [
        "SELECT * FROM coin_lot WHERE book = $1 AND posting_id = $2",
        "SELECT DISTINCT l.* FROM lot_spend s JOIN coin_lot l ON l.book = s.book AND l.lot_no = s.lot_no WHERE s.book = $1 AND s.posting_id = $2",
    ] {
        for row in sqlx::query(sql).bind(book.as_str()).bind(posting).fetch_all(&mut *connection).await? {
            let read = lot(&row)?;
            working.lots.entry(read.lot_no).or_insert(read);
        }
    }
    let sql = "SELECT * FROM lot_spend WHERE book = $1 AND posting_id = $2 ORDER BY lot_no, spend_no";
    for row in sqlx::query(sql).bind(book.as_str()).bind(posting).fetch_all(connection).await? {
        working.spends.push(spend(&row)?);
    }
    Ok(())
}

/// What paid for what a viewer owed, and the lots that did.
async fn load_settled(connection: &mut AnyConnection, book: &BookName, user: &str, working: &mut WorkingLots) -> Result<(), Error> {
    let sql = "SELECT s.* FROM lot_spend s JOIN coin_lot l ON l.book = s.book AND l.lot_no = s.lot_no
        WHERE s.book = $1 AND l.user_id = $2 AND s.use_kind = 4 ORDER BY s.lot_no, s.spend_no";
    for row in sqlx::query(sql).bind(book.as_str()).bind(user).fetch_all(&mut *connection).await? {
        let read = spend(&row)?;
        if !working.spends.iter().any(|there| (there.lot_no, there.spend_no) == (read.lot_no, read.spend_no)) {
            working.spends.push(read);
        }
    }
    let sql = "SELECT DISTINCT l.* FROM lot_spend s JOIN coin_lot l ON l.book = s.book AND l.lot_no = s.lot_no
        WHERE s.book = $1 AND l.user_id = $2 AND s.use_kind = 4";
    for row in sqlx::query(sql).bind(book.as_str()).bind(user).fetch_all(connection).await? {
        let read = lot(&row)?;
        working.lots.entry(read.lot_no).or_insert(read);
    }
    Ok(())
}

async fn advance(connection: &mut AnyConnection, book: &BookName, from: &LotPlace, to: &JournalPlace) -> Result<bool, Error> {
    let sql = match from.journal.commit_no {
        0 => {
            "INSERT INTO lot_cursor (book, commit_no, commit_hash, seq, planned_day) VALUES ($1, $2, $3, $4, '')
             ON CONFLICT (book) DO NOTHING"
        }
        _ => "UPDATE lot_cursor SET commit_no = $2, commit_hash = $3, seq = $4 WHERE book = $1 AND commit_no = $5 AND broken_no = $6",
    };
    let query = sqlx::query(sql).bind(book.as_str()).bind(to.commit_no).bind(to.hash.as_str()).bind(to.seq);
    let query = if from.journal.commit_no == 0 { query } else { query.bind(from.journal.commit_no).bind(from.broken_no) };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn save_changed(connection: &mut AnyConnection, book: &BookName, working: &WorkingLots) -> Result<(), Error> {
    let changed: Vec<&Lot> = working.changed_lots.iter().filter_map(|lot_no| working.lots.get(lot_no)).collect();
    for lots in changed.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO coin_lot (book, lot_no, user_id, posting_id, purchase_id, origin, store, market, entity, currency, price_minor_units,
                 tax_minor_units, commission_minor_units, coins, bonus_coins, spent_coins, removed_coins, reversed, refunded_coins, frozen_coins,
                 suspended_coins, forfeited_coins, issued_at_ms, broken_coins, broken_at_ms, broken_spent_coins, broken_refunded_coins,
                 broken_forfeited_coins)
             VALUES {}
             ON CONFLICT (book, lot_no) DO UPDATE SET user_id = excluded.user_id, spent_coins = excluded.spent_coins, removed_coins = excluded.removed_coins,
                 reversed = excluded.reversed, refunded_coins = excluded.refunded_coins, frozen_coins = excluded.frozen_coins,
                 suspended_coins = excluded.suspended_coins, forfeited_coins = excluded.forfeited_coins,
                 broken_coins = excluded.broken_coins, broken_at_ms = excluded.broken_at_ms, broken_spent_coins = excluded.broken_spent_coins,
                 broken_refunded_coins = excluded.broken_refunded_coins, broken_forfeited_coins = excluded.broken_forfeited_coins",
            rows_of(lots.len(), 28)
        );
        let bound = lots.iter().fold(query(sql), |query, lot| {
            let texts = [&lot.user_id, &lot.posting_id, &lot.purchase_id];
            let query = texts.into_iter().fold(query.bind(book.to_string()).bind(lot.lot_no), |query, text| query.bind(text.clone()));
            let texts = [&lot.store, &lot.market, &lot.entity, &lot.currency];
            let query = texts.into_iter().fold(query.bind(lot.origin.number()), |query, text| query.bind(text.clone()));
            let numbers =
                [lot.price, lot.tax, lot.commission, lot.coins, lot.bonus, lot.spent, lot.removed, i64::from(lot.reversed), lot.refunded];
            numbers
                .into_iter()
                .chain([lot.frozen, lot.suspended, lot.forfeited, lot.issued_at_ms])
                .chain([lot.broken.coins, lot.broken.at_ms, lot.broken.spent, lot.broken.refunded, lot.broken.forfeited])
                .fold(query, |query, number| query.bind(number))
        });
        bound.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn save_holdings(connection: &mut AnyConnection, book: &BookName, working: &WorkingLots) -> Result<(), Error> {
    let now = |(account, key): &(String, HeldLot)| working.holdings.get(account).and_then(|held| held.get(key)).copied().unwrap_or(0);
    let (gone, there): (Vec<_>, Vec<_>) = working.changed_holdings.iter().map(|key| (key, now(key))).partition(|(_, coins)| *coins == 0);
    for ((account, HeldLot { rank, lot_no }), _) in gone {
        let sql = "DELETE FROM lot_holding WHERE book = $1 AND account = $2 AND spend_rank = $3 AND lot_no = $4";
        sqlx::query(sql).bind(book.as_str()).bind(account.as_str()).bind(*rank).bind(*lot_no).execute(&mut *connection).await?;
    }
    for rows in there.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO lot_holding (book, account, spend_rank, lot_no, coins) VALUES {}
             ON CONFLICT (book, account, spend_rank, lot_no) DO UPDATE SET coins = excluded.coins",
            rows_of(rows.len(), 5)
        );
        let bound = rows.iter().fold(query(sql), |query, ((account, HeldLot { rank, lot_no }), coins)| {
            query.bind(book.to_string()).bind(account.clone()).bind(*rank).bind(*lot_no).bind(*coins)
        });
        bound.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn save_spends(connection: &mut AnyConnection, book: &BookName, spends: &[LotSpend]) -> Result<(), Error> {
    for spends in spends.chunks(ROWS) {
        let sql = format!(
            "INSERT INTO lot_spend (book, lot_no, spend_no, posting_id, use_kind, creator_id, coins, revenue_minor_units,
                 commission_minor_units, spent_at_ms) VALUES {}",
            rows_of(spends.len(), 10)
        );
        let bound = spends.iter().fold(query(sql), |query, spend| {
            let query = query.bind(book.to_string()).bind(spend.lot_no).bind(spend.spend_no).bind(spend.posting_id.clone());
            let query = query.bind(spend.used.number()).bind(spend.creator_id.clone()).bind(spend.coins);
            query.bind(spend.revenue).bind(spend.commission).bind(spend.spent_at_ms)
        });
        bound.execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn save_days(connection: &mut AnyConnection, book: &BookName, days: &BTreeMap<DayKey, LotSums>) -> Result<(), Error> {
    // Also those that come out as they were: how a journal is divided into batches must not show.
    for ((day, entity, market, currency), sums) in days {
        let query = sqlx::query(
            "INSERT INTO lot_day (book, day, entity, market, currency, sold_minor_units, prepaid_minor_units, revenue_minor_units,
                 commission_minor_units, paid_coins, bonus_coins, promotional_coins, unknown_coins, breakage_minor_units)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (book, day, entity, market, currency) DO UPDATE SET
                 sold_minor_units = lot_day.sold_minor_units + excluded.sold_minor_units,
                 prepaid_minor_units = lot_day.prepaid_minor_units + excluded.prepaid_minor_units,
                 revenue_minor_units = lot_day.revenue_minor_units + excluded.revenue_minor_units,
                 commission_minor_units = lot_day.commission_minor_units + excluded.commission_minor_units,
                 paid_coins = lot_day.paid_coins + excluded.paid_coins,
                 bonus_coins = lot_day.bonus_coins + excluded.bonus_coins,
                 promotional_coins = lot_day.promotional_coins + excluded.promotional_coins,
                 unknown_coins = lot_day.unknown_coins + excluded.unknown_coins,
                 breakage_minor_units = lot_day.breakage_minor_units + excluded.breakage_minor_units",
        );
        let query = query.bind(book.as_str()).bind(day.to_string()).bind(entity.as_str()).bind(market.as_str()).bind(currency.as_str());
        let query = query.bind(sums.sold).bind(sums.prepaid).bind(sums.revenue).bind(sums.commission);
        query
            .bind(sums.paid)
            .bind(sums.bonus)
            .bind(sums.promotional)
            .bind(sums.unknown)
            .bind(sums.breakage)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
