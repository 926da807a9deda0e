//! What should happen on accounts.
use super::{Error, Store, files::day_text, optional_date, text};
use crate::domain::bank::{BankItem, ClosedAs, ItemClosing, ItemReferences};
use iso20022::camt053::Direction;
use jiff::civil::Date;
use reconciliation::{BooksState, ItemKind};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::time::SystemTime;

/// Between texts of a list.
pub(super) const SEPARATOR: &str = "\n";

const KINDS: [(ItemKind, &str); 9] = [
    (ItemKind::Instant, "instant"),
    (ItemKind::Ach, "ach"),
    (ItemKind::CreditTransfer, "credit_transfer"),
    (ItemKind::Wire, "wire"),
    (ItemKind::Processor, "processor"),
    (ItemKind::Store, "store"),
    (ItemKind::Receipt, "receipt"),
    (ItemKind::Charge, "charge"),
    (ItemKind::Internal, "internal"),
];

const STATES: [(Option<BooksState>, &str); 5] = [
    (Some(BooksState::Submitted), "submitted"),
    (Some(BooksState::Accepted), "accepted"),
    (Some(BooksState::Unknown), "unknown"),
    (Some(BooksState::Settled), "settled"),
    (None, "rejected"),
];

/// The kind of that name.
#[must_use]
pub fn kind_of(name: &str) -> Option<ItemKind> {
    KINDS.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind)
}

/// The state of that name; the inner `None` is `rejected`.
#[must_use]
pub fn state_of(name: &str) -> Option<Option<BooksState>> {
    STATES.into_iter().find(|(_, known)| *known == name).map(|(state, _)| state)
}

fn kind_name(kind: ItemKind) -> &'static str {
    KINDS.into_iter().find(|(known, _)| *known == kind).map_or("instant", |(_, name)| name)
}

fn state_name(state: Option<BooksState>) -> &'static str {
    STATES.into_iter().find(|(known, _)| *known == state).map_or("submitted", |(_, name)| name)
}

/// The spelling of a direction in tables.
pub(super) const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Credit => "credit",
        Direction::Debit => "debit",
    }
}

/// The direction of that name.
pub(super) fn direction_of(row: &AnyRow) -> Result<Direction, Error> {
    match text(row, "direction")?.as_str() {
        "credit" => Ok(Direction::Credit),
        "debit" => Ok(Direction::Debit),
        other => Err(Error::Row("direction", other.to_owned())),
    }
}

impl Store {
    /// The items with these keys.
    pub async fn items_of(&self, book: &str, keys: &[String]) -> Result<Vec<BankItem>, Error> {
        let mut items = Vec::new();
        for key in keys {
            let query = sqlx::query("SELECT * FROM expected_item WHERE book = $1 AND item_key = $2");
            if let Some(row) = query.bind(book.to_owned()).bind(key.clone()).fetch_optional(&self.pool).await? {
                items.push(item(&row)?);
            }
        }
        Ok(items)
    }

    /// The items of an account that no closed day has, and those that one had since a day: money that came back may be of them.
    pub async fn items(&self, book: &str, account: &str, since: Option<Date>) -> Result<Vec<BankItem>, Error> {
        let query = sqlx::query(
            "SELECT * FROM expected_item WHERE book = $1 AND account_id = $2 AND (closed_day = '' OR closed_day >= $3) ORDER BY item_key",
        );
        let query = query.bind(book.to_owned()).bind(account.to_owned()).bind(day_text(since));
        query.fetch_all(&self.pool).await?.iter().map(item).collect()
    }

    /// Records items, or what is known of them by now. All or none.
    pub async fn expect(&self, book: &str, items: &[BankItem], now: SystemTime) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        for item in items {
            let sql = "INSERT INTO expected_item (book, item_key, account_id, direction, kind, books_state, end_to_end_id, short_reference,
                payment_ids, trace, since_date, final_date, value_date, settlement, descriptor_text, amount, amount_most, returned_in_books,
                announced_at_ms, closed_as, closed_day, closed_in_books, closed_returned, closed_duplicates)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, '', '', 0, 0, 0)
                ON CONFLICT (book, item_key) DO UPDATE SET books_state = excluded.books_state, end_to_end_id = excluded.end_to_end_id,
                short_reference = excluded.short_reference, payment_ids = excluded.payment_ids, trace = excluded.trace,
                since_date = excluded.since_date, final_date = excluded.final_date, value_date = excluded.value_date,
                settlement = excluded.settlement, descriptor_text = excluded.descriptor_text, returned_in_books = excluded.returned_in_books";
            let references = &item.references;
            let [since, last, value] = item.days.map(day_text);
            let payment_ids = references.payment_ids.join(SEPARATOR);
            let texts = [
                book,
                &item.key,
                &item.account,
                direction_name(item.direction),
                kind_name(item.kind),
                state_name(item.state),
                &references.end_to_end_id,
                &references.short_reference,
                &payment_ids,
                &references.trace,
                &since,
                &last,
                &value,
                &references.settlement,
                &references.descriptor,
            ];
            let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
            let query = query.bind(item.amounts.0).bind(item.amounts.1).bind(item.returned_in_books);
            query.bind(money::time::unix_ms(now)).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Writes how an item was when a day was closed.
pub(super) async fn close_item(tx: &mut AnyConnection, book: &str, day: Date, item: &BankItem) -> Result<(), Error> {
    let query = sqlx::query(
        "UPDATE expected_item SET closed_as = $3, closed_day = CASE WHEN closed_day = '' THEN $4 ELSE closed_day END, closed_in_books = $5,
         closed_returned = $6, closed_duplicates = $7 WHERE book = $1 AND item_key = $2",
    );
    let closing = &item.closing;
    let closed_as = match closing.closed {
        Some(ClosedAs::Settled) => "settled",
        Some(ClosedAs::Case) => "case",
        None => "",
    };
    let query = query.bind(book.to_owned()).bind(item.key.clone()).bind(closed_as.to_owned());
    let query = query.bind(if closing.closed.is_some() { day.to_string() } else { String::new() }).bind(i64::from(closing.in_books));
    query.bind(closing.returned).bind(closing.duplicates).execute(tx).await?;
    Ok(())
}

fn item(row: &AnyRow) -> Result<BankItem, Error> {
    let (kind, state, closed_as) = (text(row, "kind")?, text(row, "books_state")?, text(row, "closed_as")?);
    let closed = match closed_as.as_str() {
        "" => None,
        "settled" => Some(ClosedAs::Settled),
        "case" => Some(ClosedAs::Case),
        other => return Err(Error::Row("closed_as", other.to_owned())),
    };
    let payment_ids = text(row, "payment_ids")?;
    Ok(BankItem {
        key: text(row, "item_key")?,
        account: text(row, "account_id")?,
        direction: direction_of(row)?,
        amounts: (row.try_get("amount")?, row.try_get("amount_most")?),
        kind: kind_of(&kind).ok_or(Error::Row("kind", kind))?,
        state: state_of(&state).ok_or(Error::Row("books_state", state))?,
        references: ItemReferences {
            end_to_end_id: text(row, "end_to_end_id")?,
            short_reference: text(row, "short_reference")?,
            payment_ids: payment_ids.split(SEPARATOR).filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            trace: text(row, "trace")?,
            settlement: text(row, "settlement")?,
            descriptor: text(row, "descriptor_text")?,
        },
        days: [optional_date(row, "since_date")?, optional_date(row, "final_date")?, optional_date(row, "value_date")?],
        returned_in_books: row.try_get("returned_in_books")?,
        closing: ItemClosing {
            closed,
            in_books: row.try_get::<i64, _>("closed_in_books")? != 0,
            returned: row.try_get("closed_returned")?,
            duplicates: row.try_get("closed_duplicates")?,
        },
    })
}
