//! The tables of settlements: what a store's reports come to, what they cover, what differs, and what is posted. [`crate::settlements`] says what is in them.

use db::text;
use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use money::{BookName, Currency};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::domain::StoreKind;
use crate::settlements::own::OwnPart;
use crate::settlements::settlement::{
    DifferenceKind, SettledAmounts, SettlementDifference, SettlementKey, SettlementPosting, SettlementState, StoreSettlement,
};

/// A settlement's postings of one edition, to be planned.
pub(crate) struct PlannedEdition {
    pub(crate) amounts: BTreeMap<Currency, SettledAmounts>,
    /// Until when the money should come; `None`: none is announced.
    pub(crate) arrives_by: Option<Date>,
    /// The currency in which the store pays.
    pub(crate) pays_in: Currency,
}

fn damage(id: &str) -> impl Fn(&'static str) -> Error {
    let id = id.to_owned();
    move |column| Error::Damaged { purchase_id: format!("of settlement {id}"), column }
}

fn settlement(row: &AnyRow) -> Result<StoreSettlement, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let id = text("settlement_id")?;
    let damaged = damage(&id);
    let (state, pays_in) = (number("state")?, text("proceeds_currency")?);
    let pays_in = if pays_in.is_empty() { None } else { Some(Currency::try_new(&pays_in).map_err(|_| damaged("proceeds_currency"))?) };
    Ok(StoreSettlement {
        key: SettlementKey {
            book: BookName::try_new(&text("book")?).map_err(|_| damaged("book"))?,
            store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store"))?,
            account: text("account")?,
            period: text("period")?,
        },
        settlement_id: Uuid::try_parse(&id).map_err(|_| damaged("settlement_id"))?,
        entity: text("entity")?,
        bank_account: text("bank_account")?,
        state: SettlementState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("state"))?,
        note: text("note")?,
        proceeds_currency: pays_in,
        paid: number("paid_minor_units")?,
        carried_from: text("carried_from")?,
        carried_in: number("carried_in_minor_units")?,
        carried_out: number("carried_out_minor_units")?,
        has_unexplained: number("has_unexplained")? == 1,
        differences_hash: text("differences_hash")?,
        proposed: (text("proposed_by")?, text("proposed_hash")?),
        approved: (text("approved_by")?, text("approved_hash")?),
        edition: number("edition")?,
        version: number("version")?,
        created_at_ms: number("created_at_ms")?,
        tries: number("tries")?,
    })
}

pub(super) fn posting(row: &AnyRow) -> Result<SettlementPosting, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let id = text("settlement_id")?;
    let damaged = damage(&id);
    let currency = Currency::try_new(&text("currency")?).map_err(|_| damaged("currency"))?;
    let mut amounts = [0; SettledAmounts::NAMES.len()];
    for (amount, name) in amounts.iter_mut().zip(SettledAmounts::NAMES) {
        *amount = row.try_get(format!("{name}_minor_units").as_str())?;
    }
    let amounts = Some(SettledAmounts::from_all(amounts)).filter(|amounts| amounts.is_sound(currency));
    let arrives_by = text("arrives_by")?;
    Ok(SettlementPosting {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("book"))?,
        settlement_id: Uuid::try_parse(&id).map_err(|_| damaged("settlement_id"))?,
        edition: number("edition")?,
        currency,
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("store"))?,
        entity: text("entity")?,
        bank_account: text("bank_account")?,
        amounts: amounts.ok_or_else(|| damaged("an amount of settlement_posting"))?,
        attempt: number("attempt")?,
        planned_at_ms: number("planned_at_ms")?,
        posting_id: text("posting_id")?,
        arrives_by: if arrives_by.is_empty() { None } else { Some(arrives_by.parse().map_err(|_| damaged("arrives_by"))?) },
        is_announced: number("is_announced")? == 1,
        tries: number("tries")?,
    })
}

fn difference(row: &AnyRow) -> Result<SettlementDifference, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let id = text("settlement_id")?;
    let damaged = damage(&id);
    let kind = text("kind")?;
    let decimal = |column: &'static str| text(column)?.parse().map_err(|_| damaged(column));
    Ok(SettlementDifference {
        kind: DifferenceKind::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(|| damaged("kind"))?,
        currency: Currency::try_new(&text("currency")?).map_err(|_| damaged("currency"))?,
        amount: decimal("amount")?,
        expected: decimal("expected")?,
        reported: decimal("reported")?,
        transaction_id: text("transaction_id")?,
        product_id: text("product_id")?,
        market: text("market")?,
        line_no: row.try_get::<i64, _>("line_no")?.unsigned_abs(),
        note: text("note")?,
    })
}

/// Has a period be compared, because a report of it came.
pub(super) async fn make_due(
    connection: &mut AnyConnection,
    key: &SettlementKey,
    entity: &str,
    bank_account: &str,
    now_ms: i64,
) -> Result<(), Error> {
    let sql = "INSERT INTO store_settlement (book, store, account, period, settlement_id, entity, bank_account, state, note,
            proceeds_currency, paid_minor_units, carried_from, carried_in_minor_units, carried_out_minor_units, has_unexplained,
            differences_hash, proposed_by, proposed_hash, approved_by, approved_hash, edition, version, created_at_ms, tries,
            next_attempt_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, '', '', 0, '', 0, 0, 0, '', '', '', '', '', 0, 0, $8, 0, 0)
        ON CONFLICT (book, store, account, period) DO UPDATE
            SET state = 1, version = store_settlement.version + 1, tries = 0, next_attempt_at_ms = 0";
    let query = of_key(sqlx::query(sql), key).bind(text(Uuid::now_v7())).bind(entity).bind(bank_account).bind(now_ms);
    query.execute(connection).await?;
    Ok(())
}

async fn insert_differences(connection: &mut AnyConnection, of: &StoreSettlement, found: &[SettlementDifference]) -> Result<(), Error> {
    let sql = "DELETE FROM settlement_difference WHERE book = $1 AND settlement_id = $2";
    sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).execute(&mut *connection).await?;
    for (difference_no, one) in (1_i64..).zip(found) {
        let sql = "INSERT INTO settlement_difference (book, settlement_id, difference_no, kind, currency, amount, expected, reported,
                transaction_id, product_id, market, line_no, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).bind(difference_no);
        let query = query.bind(one.kind.name()).bind(one.currency.code().to_owned()).bind(one.amount.to_string());
        let query = query.bind(one.expected.to_string()).bind(one.reported.to_string()).bind(one.transaction_id.as_str());
        let query = query.bind(one.product_id.as_str()).bind(one.market.as_str()).bind(i64::try_from(one.line_no).unwrap_or(i64::MAX));
        query.bind(one.note.as_str()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Records which parts a settlement covers. False: another settlement covers one of them.
async fn cover(connection: &mut AnyConnection, of: &StoreSettlement, covered: &[OwnPart]) -> Result<bool, Error> {
    let sql = "DELETE FROM settled_part WHERE book = $1 AND settlement_id = $2";
    sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).execute(&mut *connection).await?;
    for part in covered {
        let sql = "INSERT INTO settled_part (book, purchase_id, step_no, settlement_id, currency, expected_minor_units)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let query =
            sqlx::query(sql).bind(of.key.book.as_str()).bind(text(part.purchase_id)).bind(part.step_no).bind(text(of.settlement_id));
        let query = query.bind(part.currency.code().to_owned()).bind(part.expected());
        if query.execute(&mut *connection).await?.rows_affected() != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn plan(connection: &mut AnyConnection, of: &StoreSettlement, edition: &PlannedEdition, now_ms: i64) -> Result<(), Error> {
    for (currency, amounts) in &edition.amounts {
        let sql = "INSERT INTO settlement_posting (book, settlement_id, edition, currency, store, entity, bank_account, fee_minor_units,
                fee_tax_minor_units, contra_minor_units, withheld_minor_units, reserved_minor_units, exchanged_minor_units,
                in_transit_minor_units, claimed_minor_units, difference_minor_units, state, attempt, planned_at_ms, posting_id, arrives_by,
                is_announced, note, tries, next_attempt_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1, 0, $17, '', $18, $19, '', 0, 0)";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).bind(of.edition + 1);
        let query = query.bind(currency.code().to_owned()).bind(of.key.store.as_str()).bind(of.entity.as_str());
        let query = amounts.all().into_iter().fold(query.bind(of.bank_account.as_str()), sqlx::query::Query::bind);
        let comes = *currency == edition.pays_in && amounts.in_transit.saturating_add(amounts.claimed) > 0;
        let arrives_by = edition.arrives_by.filter(|_| comes);
        let query = query.bind(now_ms).bind(arrives_by.map(|day| day.to_string()).unwrap_or_default());
        query.bind(i64::from(arrives_by.is_none())).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// The settlement of a period.
    pub(crate) async fn settlement_of(&self, key: &SettlementKey) -> Result<Option<StoreSettlement>, Error> {
        let sql = "SELECT * FROM store_settlement WHERE book = $1 AND store = $2 AND account = $3 AND period = $4";
        of_key(sqlx::query(sql), key).fetch_optional(&self.pool).await?.as_ref().map(settlement).transpose()
    }

    /// A settlement by its id.
    pub async fn settlement(&self, book: &BookName, settlement_id: Uuid) -> Result<Option<StoreSettlement>, Error> {
        let query = sqlx::query("SELECT * FROM store_settlement WHERE book = $1 AND settlement_id = $2");
        query.bind(book.as_str()).bind(text(settlement_id)).fetch_optional(&self.pool).await?.as_ref().map(settlement).transpose()
    }

    /// Settlements of a book, newest first, before this one when given; of one store, or of all where it is empty.
    pub(crate) async fn settlements(
        &self,
        book: &BookName,
        store: &str,
        before: Option<Uuid>,
        count_max: i64,
    ) -> Result<Vec<StoreSettlement>, Error> {
        let sql = "SELECT * FROM store_settlement WHERE book = $1 AND settlement_id < $2 AND ($3 = '' OR store = $3)
            ORDER BY settlement_id DESC LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(before.unwrap_or(Uuid::max()))).bind(store).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(settlement).collect()
    }

    /// What differs in a settlement, from after this number, at most `count_max`.
    pub async fn settlement_differences(
        &self,
        of: &StoreSettlement,
        after: i64,
        count_max: i64,
    ) -> Result<Vec<(i64, SettlementDifference)>, Error> {
        let sql = "SELECT * FROM settlement_difference WHERE book = $1 AND settlement_id = $2 AND difference_no > $3
            ORDER BY difference_no LIMIT $4";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).bind(after).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| Ok((row.try_get("difference_no")?, difference(row)?))).collect()
    }

    /// Settlements that are due to be compared.
    pub(crate) async fn due_settlements(&self, now_ms: i64, count_max: i64) -> Result<Vec<StoreSettlement>, Error> {
        let sql = "SELECT * FROM store_settlement WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, created_at_ms LIMIT $2";
        self.due_rows("store_settlement", sql, now_ms, count_max, settlement).await
    }

    /// Notes what a settlement waits for, and looks at it again later.
    pub(crate) async fn put_off_settlement(&self, of: &StoreSettlement, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE store_settlement SET note = $3, tries = tries + 1, next_attempt_at_ms = $4
            WHERE book = $1 AND settlement_id = $2 AND version = $5";
        let query = sqlx::query(sql).bind(of.key.book.as_str()).bind(text(of.settlement_id)).bind(note).bind(next_attempt_at_ms);
        query.bind(of.version).execute(&self.pool).await?;
        Ok(())
    }

    /// What the periods of this account before this one left for a later period: the last of them that was settled, with what it left. Nothing where that has gone to
    /// another one.
    pub(crate) async fn carried_before(&self, key: &SettlementKey) -> Result<Option<(String, i64)>, Error> {
        let sql = "SELECT period, carried_out_minor_units FROM store_settlement s
            WHERE book = $1 AND store = $2 AND account = $3 AND period <> $4 AND state = 2 AND carried_out_minor_units <> 0
                AND created_at_ms <= (SELECT created_at_ms FROM store_settlement WHERE book = $1 AND store = $2 AND account = $3 AND period = $4)
                AND NOT EXISTS (SELECT 1 FROM store_settlement t WHERE t.book = $1 AND t.store = $2 AND t.account = $3
                    AND t.carried_from = s.period AND t.period <> $4)
            ORDER BY created_at_ms DESC, settlement_id DESC LIMIT 1";
        let query = sqlx::query_as(sql).bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str());
        Ok(query.bind(key.period.as_str()).fetch_optional(&self.pool).await?)
    }

    /// What a settlement left for a later period, where a later one has taken it.
    pub(crate) async fn carried_on(&self, key: &SettlementKey) -> Result<Option<i64>, Error> {
        let sql = "SELECT carried_in_minor_units FROM store_settlement
            WHERE book = $1 AND store = $2 AND account = $3 AND carried_from = $4 AND edition > 0";
        let query = sqlx::query_scalar(sql).bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str());
        Ok(query.bind(key.period.as_str()).fetch_optional(&self.pool).await?)
    }

    /// Records what a comparison came to, and plans the postings that follow. False: another process compared first, or a part is covered by another settlement.
    pub(crate) async fn keep_comparison(
        &self,
        new: &StoreSettlement,
        covered: &[OwnPart],
        found: &[SettlementDifference],
        edition: Option<&PlannedEdition>,
        now_ms: i64,
        next_attempt_at_ms: i64,
    ) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE store_settlement SET state = $3, note = $4, proceeds_currency = $5, paid_minor_units = $6, carried_from = $7,
                carried_in_minor_units = $8, carried_out_minor_units = $9, has_unexplained = $10, differences_hash = $11, edition = $12,
                tries = tries + 1, next_attempt_at_ms = $13, version = version + 1
            WHERE book = $1 AND settlement_id = $2 AND version = $14";
        let pays_in = new.proceeds_currency.map_or_else(String::new, |currency| currency.code().to_owned());
        let editions = new.edition + i64::from(edition.is_some());
        let query = sqlx::query(sql).bind(new.key.book.as_str()).bind(text(new.settlement_id)).bind(new.state.number());
        let query = query.bind(new.note.as_str()).bind(pays_in).bind(new.paid).bind(new.carried_from.as_str()).bind(new.carried_in);
        let query = query.bind(new.carried_out).bind(i64::from(new.has_unexplained)).bind(new.differences_hash.as_str()).bind(editions);
        let query = query.bind(next_attempt_at_ms).bind(new.version);
        if query.execute(&mut *tx).await?.rows_affected() != 1 || !cover(&mut tx, new, covered).await? {
            return Ok(false);
        }
        insert_differences(&mut tx, new, found).await?;
        if let Some(edition) = edition {
            plan(&mut tx, new, edition, now_ms).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Records who proposed, or approved, to settle with these differences. False: it was compared again meanwhile.
    pub(crate) async fn decide_settlement(&self, of: &StoreSettlement, by: &str, is_approval: bool) -> Result<bool, Error> {
        let column = if is_approval { "approved" } else { "proposed" };
        let sql = format!(
            "UPDATE store_settlement SET {column}_by = $3, {column}_hash = $4, version = version + 1, next_attempt_at_ms = 0
             WHERE book = $1 AND settlement_id = $2 AND version = $5"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(of.key.book.as_str()).bind(text(of.settlement_id)).bind(by);
        Ok(query.bind(of.differences_hash.as_str()).bind(of.version).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// Every posting of a settlement, posted or not.
    pub async fn settlement_postings(&self, book: &BookName, settlement_id: Uuid) -> Result<Vec<SettlementPosting>, Error> {
        let sql = "SELECT * FROM settlement_posting WHERE book = $1 AND settlement_id = $2 ORDER BY edition, currency";
        sqlx::query(sql).bind(book.as_str()).bind(text(settlement_id)).fetch_all(&self.pool).await?.iter().map(posting).collect()
    }

    /// Postings that are due to be made or announced.
    pub(crate) async fn due_settlement_postings(&self, now_ms: i64, count_max: i64) -> Result<Vec<SettlementPosting>, Error> {
        let sql = "SELECT * FROM settlement_posting WHERE (state = 1 OR is_announced = 0) AND next_attempt_at_ms <= $1
            ORDER BY tries, planned_at_ms, edition LIMIT $2";
        self.due_rows("settlement_posting", sql, now_ms, count_max, posting).await
    }

    /// Records the posting of an edition.
    pub(crate) async fn settlement_posted(&self, of: &SettlementPosting, posting_id: &str) -> Result<(), Error> {
        let sql = "UPDATE settlement_posting SET state = 2, posting_id = $5, note = '', tries = 0, next_attempt_at_ms = 0
            WHERE book = $1 AND settlement_id = $2 AND edition = $3 AND currency = $4 AND state = 1";
        of_posting(sqlx::query(sql), of).bind(posting_id).execute(&self.pool).await?;
        Ok(())
    }

    /// Gives a posting another id, because the ledger finally refused this attempt's.
    pub(crate) async fn plan_settlement_again(&self, of: &SettlementPosting, now_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE settlement_posting SET attempt = attempt + 1, planned_at_ms = $5
            WHERE book = $1 AND settlement_id = $2 AND edition = $3 AND currency = $4 AND state = 1 AND attempt = $6";
        of_posting(sqlx::query(sql), of).bind(now_ms).bind(of.attempt).execute(&self.pool).await?;
        Ok(())
    }

    /// Postpones a posting or its announcement, with the reason.
    pub(crate) async fn put_off_settlement_posting(&self, of: &SettlementPosting, note: &str, at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE settlement_posting SET tries = tries + 1, note = $5, next_attempt_at_ms = $6
            WHERE book = $1 AND settlement_id = $2 AND edition = $3 AND currency = $4";
        of_posting(sqlx::query(sql), of).bind(note).bind(at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Records that treasury knows of a receipt.
    pub(crate) async fn settlement_announced(&self, of: &SettlementPosting) -> Result<(), Error> {
        let sql = "UPDATE settlement_posting SET is_announced = 1, note = ''
            WHERE book = $1 AND settlement_id = $2 AND edition = $3 AND currency = $4";
        of_posting(sqlx::query(sql), of).execute(&self.pool).await?;
        Ok(())
    }

    /// Which settlements cover the parts of these purchases.
    pub(super) async fn covered_by(&self, book: &BookName, purchases: &[Uuid]) -> Result<HashMap<(Uuid, i64), Uuid>, Error> {
        let places: Vec<String> = (0..purchases.len()).map(|at| format!("${}", at + 2)).collect();
        let sql = format!("SELECT * FROM settled_part WHERE book = $1 AND purchase_id IN ({})", places.join(", "));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
        let rows = purchases.iter().fold(query, |query, id| query.bind(text(*id))).fetch_all(&self.pool).await?;
        let id = |row: &AnyRow, column: &'static str| {
            let damaged = |_| Error::Damaged { purchase_id: "of a settled part".to_owned(), column };
            Uuid::try_parse(&row.try_get::<String, _>(column)?).map_err(damaged)
        };
        rows.iter().map(|row| Ok(((id(row, "purchase_id")?, row.try_get("step_no")?), id(row, "settlement_id")?))).collect()
    }

    /// Settlements that wait, and postings and announcements that are not made.
    pub(super) async fn open_settlements(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let mut open = Vec::new();
        for (state, sql) in [
            ("waits", "SELECT COUNT(*), MIN(created_at_ms) FROM store_settlement WHERE state = 1"),
            ("not_posted", "SELECT COUNT(*), MIN(planned_at_ms) FROM settlement_posting WHERE state = 1"),
            ("not_announced", "SELECT COUNT(*), MIN(planned_at_ms) FROM settlement_posting WHERE is_announced = 0"),
        ] {
            let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
            open.push(UnfinishedCount { what: "settlement", state, count: count.unsigned_abs(), since_ms });
        }
        Ok(open)
    }
}

type AnyQuery<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn of_posting<'q>(query: AnyQuery<'q>, of: &'q SettlementPosting) -> AnyQuery<'q> {
    let query = query.bind(of.book.as_str()).bind(text(of.settlement_id)).bind(of.edition);
    query.bind(of.currency.code().to_owned())
}

/// Binds the four parts of a key.
pub(super) fn of_key<'q>(query: AnyQuery<'q>, key: &'q SettlementKey) -> AnyQuery<'q> {
    query.bind(key.book.as_str()).bind(key.store.as_str()).bind(key.account.as_str()).bind(key.period.as_str())
}
