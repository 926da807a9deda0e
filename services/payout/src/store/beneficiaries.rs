//! The table of beneficiaries.

use super::{Error, PageStart, Store, currency, read_group::RowKey, user, uuid};
use crate::domain::payee_check::PayeeStanding;
use accounts::AddressKind;
use db::sets::{self, SetValue};
use money::{BookName, Currency, UserKey};
use sqlx::{AnyConnection, Row, any::AnyRow};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A bank account to pay to, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beneficiary {
    /// Derived from the request's id.
    pub beneficiary_id: Uuid,
    /// The user it belongs to.
    pub user: UserKey,
    /// Kind of the account.
    pub kind: AddressKind,
    /// ISO 3166 alpha-2; empty for a wallet whose country is not known.
    pub country: String,
    /// The currency in which the account is paid.
    pub currency: Currency,
    /// For display.
    pub masked_account: String,
    /// For display.
    pub masked_holder_name: String,
    /// Keyed digest of the account's canonical text; empty in a row of an older program that was not digested yet.
    pub account_digest: String,
    /// What the bank says of the holder's name.
    pub payee_check: PayeeStanding,
    /// How often a bank was asked about that in vain.
    pub payee_tries: i64,
    /// When it is asked again while the check is pending, Unix milliseconds.
    pub payee_due_at_ms: i64,
    /// Account and holder, for the vault.
    pub sealed: Vec<u8>,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds; 0: not deleted.
    pub deleted_at_ms: i64,
    /// Code of the last correction by the bank that holds the account, such as `C01`; empty: there was none.
    pub correction_code: String,
    /// When that was applied, Unix milliseconds; 0: there was none.
    pub corrected_at_ms: i64,
}

/// The place to which a beneficiary's sealed data is bound.
pub(crate) fn sealed_for(book: &BookName, user: &UserKey, id: Uuid) -> String {
    format!("beneficiary {book} {user} {id}")
}

impl Beneficiary {
    /// Whether its owner has deleted it.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.deleted_at_ms != 0
    }

    /// Whether a bank was asked about the holder's name, gave no answer, and is asked again.
    #[must_use]
    pub fn is_asked_again(&self) -> bool {
        self.payee_check == PayeeStanding::Pending && self.payee_tries > 0
    }
}

const COLUMNS: &str =
    "beneficiary_id, user_id, kind, country, currency, rail, masked_account, masked_holder_name, account_digest, payee_check, sealed,
    created_at_ms, deleted_at_ms, correction_code, corrected_at_ms, payee_tries, payee_due_at_ms";

fn read(row: &AnyRow) -> Result<Beneficiary, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    // Older programs had no column for the kind, and one kind for each rail.
    let kind = match (text("kind")?.as_str(), text("rail")?.as_str()) {
        ("", "sepa-instant") => Some(AddressKind::Iban),
        ("", "us-rtp") => Some(AddressKind::UsAccount),
        (name, _) => AddressKind::from_name(name),
    };
    Ok(Beneficiary {
        beneficiary_id: uuid(&text("beneficiary_id")?)?,
        user: user(&text("user_id")?)?,
        kind: kind.ok_or(Error::Row("kind of account"))?,
        country: text("country")?,
        currency: currency(&text("currency")?)?,
        masked_account: text("masked_account")?,
        masked_holder_name: text("masked_holder_name")?,
        account_digest: text("account_digest")?,
        payee_check: PayeeStanding::from_name(&text("payee_check")?).ok_or(Error::Row("payee check"))?,
        payee_tries: row.try_get("payee_tries")?,
        payee_due_at_ms: row.try_get("payee_due_at_ms")?,
        sealed: row.try_get("sealed")?,
        created_at_ms: row.try_get("created_at_ms")?,
        deleted_at_ms: row.try_get("deleted_at_ms")?,
        correction_code: text("correction_code")?,
        corrected_at_ms: row.try_get("corrected_at_ms")?,
    })
}

/// Stores a beneficiary; an existing one is left unchanged.
pub async fn insert(tx: &mut AnyConnection, book: &BookName, beneficiary: &Beneficiary) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO beneficiary (book, beneficiary_id, user_id, country, currency, rail, masked_account, masked_holder_name, sealed,
             created_at_ms, kind, account_digest, payee_check, payee_tries, payee_due_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
    )
    .bind(book.as_str().to_owned())
    .bind(beneficiary.beneficiary_id.to_string())
    .bind(beneficiary.user.as_str().to_owned())
    .bind(beneficiary.country.clone())
    .bind(beneficiary.currency.code().to_owned())
    .bind(String::new())
    .bind(beneficiary.masked_account.clone())
    .bind(beneficiary.masked_holder_name.clone())
    .bind(beneficiary.sealed.clone())
    .bind(beneficiary.created_at_ms)
    .bind(beneficiary.kind.name())
    .bind(beneficiary.account_digest.clone())
    .bind(beneficiary.payee_check.name())
    .bind(beneficiary.payee_tries)
    .bind(beneficiary.payee_due_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks it against erasure until the transaction ends.
pub async fn hold(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<(), Error> {
    sqlx::query("UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND beneficiary_id = $2")
        .bind(book.as_str().to_owned())
        .bind(id.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// Those of these ids that there are, each locked against erasure until the transaction ends.
pub async fn hold_all(tx: &mut AnyConnection, book: &BookName, ids: &BTreeSet<Uuid>) -> Result<HashMap<Uuid, Beneficiary>, Error> {
    let rows: Vec<[SetValue; 2]> = ids.iter().map(|id| [book.as_str().into(), id.to_string().into()]).collect();
    let sql = format!(
        "UPDATE beneficiary SET created_at_ms = beneficiary.created_at_ms FROM (VALUES {{rows}}) AS v
         WHERE beneficiary.book = v.column1 AND beneficiary.beneficiary_id = v.column2 RETURNING {COLUMNS}"
    );
    let held = sets::returned(tx, &sql, &rows).await?;
    held.iter().map(|row| read(row).map(|found| (found.beneficiary_id, found))).collect()
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<Option<Beneficiary>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM beneficiary WHERE book = $1 AND beneficiary_id = $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned()).bind(id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Those of these ids of books that there are.
pub(super) async fn get_all(connection: &mut AnyConnection, keys: &BTreeSet<RowKey>) -> Result<HashMap<RowKey, Beneficiary>, Error> {
    let rows: Vec<_> = keys.iter().map(RowKey::columns).collect();
    let sql = format!(
        "SELECT book, {COLUMNS} FROM (VALUES {{rows}}) AS v CROSS JOIN beneficiary
         WHERE beneficiary.book = v.column1 AND beneficiary.beneficiary_id = v.column2"
    );
    let found = sets::returned(connection, &sql, &rows).await?;
    found.iter().map(|row| Ok((RowKey::of(row, "beneficiary_id")?, read(row)?))).collect()
}

/// Marks one as deleted at a time; one that is already deleted keeps its time.
pub async fn mark_deleted(tx: &mut AnyConnection, book: &BookName, id: Uuid, at_ms: i64) -> Result<(), Error> {
    sqlx::query("UPDATE beneficiary SET deleted_at_ms = $3 WHERE book = $1 AND beneficiary_id = $2 AND deleted_at_ms = 0")
        .bind(book.as_str().to_owned())
        .bind(id.to_string())
        .bind(at_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Marks the name that the bank gave as confirmed.
pub async fn mark_confirmed(tx: &mut AnyConnection, book: &BookName, id: Uuid, at_ms: i64) -> Result<(), Error> {
    let sql = "UPDATE beneficiary SET payee_check = $4, payee_checked_at_ms = $3
        WHERE book = $1 AND beneficiary_id = $2 AND payee_check = $5";
    sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(id.to_string())
        .bind(at_ms)
        .bind(PayeeStanding::Confirmed.name())
        .bind(PayeeStanding::CloseMatch.name())
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes a corrected account over `before`: what is sealed, masked and digested of it, and by which code. False: it changed meanwhile, and nothing was written.
pub async fn correct(tx: &mut AnyConnection, book: &BookName, before: &Beneficiary, after: &Beneficiary) -> Result<bool, Error> {
    let sql = "UPDATE beneficiary SET sealed = $3, masked_account = $4, account_digest = $5, correction_code = $6, corrected_at_ms = $7
        WHERE book = $1 AND beneficiary_id = $2 AND sealed = $8";
    let query = sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(before.beneficiary_id.to_string())
        .bind(after.sealed.clone())
        .bind(after.masked_account.clone())
        .bind(after.account_digest.clone())
        .bind(after.correction_code.clone())
        .bind(after.corrected_at_ms)
        .bind(before.sealed.clone());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// How many beneficiaries a user has that are not deleted.
pub async fn count(tx: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<i64, Error> {
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM beneficiary WHERE book = $1 AND user_id = $2 AND deleted_at_ms = 0");
    Ok(query.bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).fetch_one(tx).await?)
}

impl Store {
    /// Deletes at most `count_max` bank accounts that were recorded before `before_ms` and have no payouts; returns how many. Each is locked before it
    /// is checked once more, so that a payout being requested is seen, or finds no account.
    pub async fn forget_beneficiaries(&self, before_ms: i64, count_max: i64) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let unnamed = "SELECT book, beneficiary_id FROM beneficiary WHERE created_at_ms < $1 AND NOT EXISTS
            (SELECT 1 FROM payout WHERE payout.book = beneficiary.book AND payout.beneficiary_id = beneficiary.beneficiary_id)
            ORDER BY created_at_ms LIMIT $2";
        let found: Vec<(String, String)> = sqlx::query_as(unnamed).bind(before_ms).bind(count_max).fetch_all(&mut *tx).await?;
        let mut forgotten = 0;
        for (book, id) in found {
            let held = "UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND beneficiary_id = $2";
            sqlx::query(held).bind(book.clone()).bind(id.clone()).execute(&mut *tx).await?;
            let sql = "DELETE FROM beneficiary WHERE book = $1 AND beneficiary_id = $2
                AND NOT EXISTS (SELECT 1 FROM payout WHERE payout.book = $1 AND payout.beneficiary_id = $2)";
            forgotten += sqlx::query(sql).bind(book).bind(id).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(forgotten)
    }

    /// Erases at most `count_max` beneficiaries that were deleted before `before_ms` and have payouts, all of them final; returns how many. Those without
    /// payouts end by [`Self::forget_beneficiaries`]. A payout can't come in between: none is requested to a deleted one.
    pub async fn erase_deleted(&self, before_ms: i64, count_max: i64) -> Result<u64, Error> {
        let sql = "DELETE FROM beneficiary WHERE (book, beneficiary_id) IN (
            SELECT book, beneficiary_id FROM beneficiary WHERE deleted_at_ms > 0 AND deleted_at_ms < $1
            AND EXISTS (SELECT 1 FROM payout WHERE payout.book = beneficiary.book AND payout.beneficiary_id = beneficiary.beneficiary_id)
            AND NOT EXISTS (SELECT 1 FROM payout WHERE payout.book = beneficiary.book AND payout.beneficiary_id = beneficiary.beneficiary_id
                AND phase NOT IN ('refused', 'settled', 'rejected', 'cancelled', 'unblocked'))
            ORDER BY deleted_at_ms LIMIT $2)";
        Ok(sqlx::query(sql).bind(before_ms).bind(count_max).execute(self.pool()).await?.rows_affected())
    }

    /// One by its id.
    pub async fn beneficiary(&self, book: &BookName, id: Uuid) -> Result<Option<Beneficiary>, Error> {
        self.beneficiary_rows.read(RowKey { book: book.clone(), id }).await
    }

    /// A user's beneficiaries, newest first, deleted ones included: everything that is known of the user.
    pub async fn beneficiaries(&self, book: &BookName, user: &UserKey, after: PageStart, limit: i64) -> Result<Vec<Beneficiary>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM beneficiary
             WHERE book = $1 AND user_id = $2 AND (created_at_ms < $3 OR (created_at_ms = $3 AND beneficiary_id < $4))
             ORDER BY created_at_ms DESC, beneficiary_id DESC LIMIT $5"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(book.as_str().to_owned())
            .bind(user.as_str().to_owned())
            .bind(after.created_at_ms)
            .bind(after.id.to_string())
            .bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }
}

// Listing, and finding by account.
impl Store {
    /// A user's beneficiaries that are not deleted, newest first.
    pub async fn usable_beneficiaries(
        &self,
        book: &BookName,
        user: &UserKey,
        after: PageStart,
        limit: i64,
    ) -> Result<Vec<Beneficiary>, Error> {
        self.page("user_id = $2 AND deleted_at_ms = 0", book, user.as_str(), after, limit).await
    }

    /// Every beneficiary with the account of this digest, newest first, deleted ones included.
    pub async fn found_beneficiaries(
        &self,
        book: &BookName,
        account_digest: &str,
        after: PageStart,
        limit: i64,
    ) -> Result<Vec<Beneficiary>, Error> {
        self.page("account_digest = $2", book, account_digest, after, limit).await
    }

    async fn page(
        &self,
        filter: &'static str,
        book: &BookName,
        value: &str,
        after: PageStart,
        limit: i64,
    ) -> Result<Vec<Beneficiary>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM beneficiary
             WHERE book = $1 AND {filter} AND (created_at_ms < $3 OR (created_at_ms = $3 AND beneficiary_id < $4))
             ORDER BY created_at_ms DESC, beneficiary_id DESC LIMIT $5"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(book.as_str().to_owned())
            .bind(value.to_owned())
            .bind(after.created_at_ms)
            .bind(after.id.to_string())
            .bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Ids of a user's beneficiaries with the account of this digest that are not deleted, newest first. None for an empty digest.
    pub async fn same_account(&self, book: &BookName, user: &UserKey, account_digest: &str, limit: i64) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT beneficiary_id FROM beneficiary
            WHERE book = $1 AND account_digest = $2 AND user_id = $3 AND deleted_at_ms = 0 AND account_digest <> ''
            ORDER BY created_at_ms DESC, beneficiary_id DESC LIMIT $4";
        let query = sqlx::query_scalar(sql)
            .bind(book.as_str().to_owned())
            .bind(account_digest.to_owned())
            .bind(user.as_str().to_owned())
            .bind(limit);
        let ids: Vec<String> = query.fetch_all(self.pool()).await?;
        ids.iter().map(|id| uuid(id)).collect()
    }

    /// Rows of all books without a digest of their account, newest first.
    pub async fn undigested_beneficiaries(&self, after: PageStart, limit: i64) -> Result<Vec<(BookName, Beneficiary)>, Error> {
        self.anywhere("account_digest = ''", after, limit).await
    }

    /// Rows of all books whose payee is to be verified now and that are not deleted, the longest due first.
    pub async fn waiting_beneficiaries(&self, now_ms: i64, limit: i64) -> Result<Vec<(BookName, Beneficiary)>, Error> {
        let sql = format!(
            "SELECT book, {COLUMNS} FROM beneficiary WHERE payee_check = 'pending' AND payee_due_at_ms <= $1 AND deleted_at_ms = 0
             ORDER BY payee_due_at_ms, beneficiary_id LIMIT $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now_ms).bind(limit).fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((super::book(&row.try_get::<String, _>("book")?)?, read(row)?))).collect()
    }

    /// Records that nobody answered about a payee that waits, and when it is asked about again; nothing if somebody else was first.
    pub async fn postpone_payee_check(&self, book: &BookName, row: &Beneficiary, tries: i64, due_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE beneficiary SET payee_tries = $3, payee_due_at_ms = $4
            WHERE book = $1 AND beneficiary_id = $2 AND payee_check = 'pending' AND payee_tries = $5";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(row.beneficiary_id.to_string());
        query.bind(tries).bind(due_at_ms).bind(row.payee_tries).execute(self.pool()).await?;
        Ok(())
    }

    async fn anywhere(&self, filter: &'static str, after: PageStart, limit: i64) -> Result<Vec<(BookName, Beneficiary)>, Error> {
        let sql = format!(
            "SELECT book, {COLUMNS} FROM beneficiary
             WHERE {filter} AND (created_at_ms < $1 OR (created_at_ms = $1 AND beneficiary_id < $2))
             ORDER BY created_at_ms DESC, beneficiary_id DESC LIMIT $3"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after.created_at_ms).bind(after.id.to_string()).bind(limit);
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((super::book(&row.try_get::<String, _>("book")?)?, read(row)?))).collect()
    }

    /// Records the digest of a row that has none; returns 1, or 0 if it is not there any more.
    pub async fn digest_account(&self, book: &BookName, id: Uuid, account_digest: &str) -> Result<u64, Error> {
        let sql = "UPDATE beneficiary SET account_digest = $3 WHERE book = $1 AND beneficiary_id = $2 AND account_digest = ''";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(id.to_string()).bind(account_digest.to_owned());
        Ok(query.execute(self.pool()).await?.rows_affected())
    }

    /// Records the answer about a payee, unless another came first or the row was sealed anew meanwhile; returns whether it did.
    pub async fn record_payee_check(
        &self,
        book: &BookName,
        row: &Beneficiary,
        standing: PayeeStanding,
        sealed: &[u8],
        at_ms: i64,
    ) -> Result<bool, Error> {
        let sql = "UPDATE beneficiary SET payee_check = $3, sealed = $4, payee_checked_at_ms = $5
            WHERE book = $1 AND beneficiary_id = $2 AND payee_check = $6 AND sealed = $7";
        let query = sqlx::query(sql)
            .bind(book.as_str().to_owned())
            .bind(row.beneficiary_id.to_string())
            .bind(standing.name())
            .bind(sealed.to_vec())
            .bind(at_ms)
            .bind(PayeeStanding::Pending.name())
            .bind(row.sealed.clone());
        Ok(query.execute(self.pool()).await?.rows_affected() == 1)
    }
}
