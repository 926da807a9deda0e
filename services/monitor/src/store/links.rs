//! Which person users are. The same statements on SQLite and PostgreSQL.
use super::Store;
use money::{BookName, UserKey};
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction, any::AnyRow};

/// Users that may be linked to one person: apps that a person has, in all their regions.
pub const LINKS_MAX: i64 = 64;

/// A user of a book, and the person they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedUser {
    /// The book.
    pub book: String,
    /// The user there.
    pub user: String,
    /// The person.
    pub person: String,
    /// Which service said so.
    pub linked_by: String,
    /// When, in milliseconds since the Unix epoch.
    pub linked_at_ms: i64,
}

/// What became of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It is there, since now or before.
    Linked(LinkedUser),
    /// The user is another person, as was said before.
    OtherPerson,
    /// The person has as many users as there may be.
    Full,
}

const COLUMNS: &str = "book, user_id, person_id, linked_by, linked_at_ms";

impl Store {
    /// Links a user to a person. Saying it again changes nothing, and answers with the link as it was made.
    pub async fn link(&self, wanted: &LinkedUser) -> Result<LinkOutcome, sqlx::Error> {
        let LinkedUser { book, user, person, linked_by, linked_at_ms } = wanted;
        let mut tx = db::begin(&self.pool).await?;
        // Written before anything is read: a transaction that does so waits for another one, and sees what that wrote.
        let sql = "INSERT INTO person_link (book, user_id, person_id, linked_by, linked_at_ms) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (book, user_id) DO NOTHING";
        let insert = sqlx::query(sql).bind(book).bind(user).bind(person).bind(linked_by).bind(*linked_at_ms);
        let is_new = insert.execute(&mut *tx).await?.rows_affected() > 0;
        let sql = format!("SELECT {COLUMNS} FROM person_link WHERE book = $1 AND user_id = $2");
        let kept = linked(&sqlx::query(AssertSqlSafe(sql)).bind(book).bind(user).fetch_one(&mut *tx).await?)?;
        if kept.person != *person {
            return Ok(LinkOutcome::OtherPerson);
        }
        if !is_new {
            return Ok(LinkOutcome::Linked(kept));
        }
        let count = sqlx::query("SELECT COUNT(*) FROM person_link WHERE person_id = $1").bind(person).fetch_one(&mut *tx).await?;
        if count.try_get::<i64, _>(0)? > LINKS_MAX {
            return Ok(LinkOutcome::Full);
        }
        changed(&mut tx, &kept, true).await?;
        tx.commit().await?;
        Ok(LinkOutcome::Linked(kept))
    }

    /// Takes a link back, as this service says at this time. False: there was none.
    pub async fn unlink(&self, book: &BookName, user: &UserKey, by: &str, at_ms: i64) -> Result<bool, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let sql = format!("DELETE FROM person_link WHERE book = $1 AND user_id = $2 RETURNING {COLUMNS}");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str()).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(false) };
        changed(&mut tx, &LinkedUser { linked_by: by.to_owned(), linked_at_ms: at_ms, ..linked(&row)? }, false).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The links of a key in all books, ordered: of the users that are this person, and of this user to persons.
    pub async fn links_of(&self, key: &UserKey) -> Result<Vec<LinkedUser>, sqlx::Error> {
        let of = |column: &str| format!("SELECT {COLUMNS} FROM person_link WHERE {column} = $1");
        let sql = format!("{} UNION {} ORDER BY book, user_id LIMIT $2", of("person_id"), of("user_id"));
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(key.as_str()).bind(2 * LINKS_MAX).fetch_all(&self.pool).await?;
        rows.iter().map(linked).collect()
    }

    /// Which person a user of a book is.
    pub async fn person_of(&self, book: &BookName, user: &UserKey) -> Result<Option<LinkedUser>, sqlx::Error> {
        let sql = format!("SELECT {COLUMNS} FROM person_link WHERE book = $1 AND user_id = $2");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str()).fetch_optional(&self.pool).await?;
        row.as_ref().map(linked).transpose()
    }

    /// What was said of a user, the earliest first: when, whether it was said or taken back, and of which person.
    pub async fn link_changes(&self, book: &BookName, user: &UserKey) -> Result<Vec<(i64, bool, String)>, sqlx::Error> {
        let sql = "SELECT changed_at_ms, is_linked, person_id FROM person_link_change WHERE book = $1 AND user_id = $2 ORDER BY change_no";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? != 0, row.try_get(2)?))).collect()
    }

    /// Erases what was said of a user of a book, and of users of the same book that they are this person. Returns how many rows.
    pub async fn erase_links(&self, book: &BookName, user: &UserKey) -> Result<u64, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let mut erased = 0;
        for table in ["person_link", "person_link_change"] {
            let sql = format!("DELETE FROM {table} WHERE book = $1 AND (user_id = $2 OR person_id = $2)");
            let deleted = sqlx::query(AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str()).execute(&mut *tx).await?;
            erased += deleted.rows_affected();
        }
        tx.commit().await?;
        Ok(erased)
    }
}

/// Adds to the history of a user.
async fn changed(tx: &mut Transaction<'static, Any>, of: &LinkedUser, is_linked: bool) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO person_link_change (book, user_id, change_no, person_id, is_linked, changed_by, changed_at_ms)
        SELECT $1, $2, COALESCE(MAX(change_no), 0) + 1, $3, $4, $5, $6 FROM person_link_change WHERE book = $1 AND user_id = $2";
    let insert = sqlx::query(sql).bind(&of.book).bind(&of.user).bind(&of.person).bind(i64::from(is_linked));
    insert.bind(&of.linked_by).bind(of.linked_at_ms).execute(&mut **tx).await?;
    Ok(())
}

fn linked(row: &AnyRow) -> Result<LinkedUser, sqlx::Error> {
    Ok(LinkedUser {
        book: row.try_get("book")?,
        user: row.try_get("user_id")?,
        person: row.try_get("person_id")?,
        linked_by: row.try_get("linked_by")?,
        linked_at_ms: row.try_get("linked_at_ms")?,
    })
}
