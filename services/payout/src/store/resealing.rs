//! Sealed rows that are not under the key in use, page by page, and whether there are any left.
use super::{Error, KEY_CHECK, Store, beneficiaries, book, messages, sent_payees, user, uuid};
use crate::{domain::PayoutKey, vault::Vault};

/// Rows of one step.
const PAGE: i64 = 100;
/// The row that is resealed when every other one is.
const ALL_RESEALED: i64 = 2;
/// The place to which that row is bound.
const ALL_PLACE: &str = "key_check 2";

/// The position of a walk through the rows of a table: the last key that was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResealingPlace {
    book: String,
    id: String,
    number: i64,
}

impl ResealingPlace {
    /// After the row with these two texts as its key.
    pub(super) fn at(first: String, second: String) -> Self {
        Self { book: first, id: second, number: 0 }
    }

    /// The two texts of the last key.
    pub(super) fn texts(&self) -> (String, String) {
        (self.book.clone(), self.id.clone())
    }
}

impl Store {
    /// Whether every row was found to be under the key in use.
    pub async fn all_resealed(&self, vault: &Vault) -> Result<bool, Error> {
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT sealed FROM key_check WHERE check_no = $1").bind(ALL_RESEALED).fetch_optional(self.pool()).await?;
        Ok(sealed.is_some_and(|sealed| matches!(vault.resealed(ALL_PLACE, &sealed), Ok(None))))
    }

    /// Records that every row is under the key in use.
    pub async fn note_all_resealed(&self, vault: &Vault) -> Result<(), Error> {
        let sealed = vault.seal(ALL_PLACE, KEY_CHECK)?;
        let sql = "INSERT INTO key_check (check_no, sealed) VALUES ($1, $2) ON CONFLICT (check_no) DO UPDATE SET sealed = $2";
        sqlx::query(sql).bind(ALL_RESEALED).bind(sealed).execute(self.pool()).await?;
        let kept: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM key_check WHERE check_no = 1").fetch_one(self.pool()).await?;
        if let Some(sealed) = vault.resealed("key_check", &kept)? {
            sqlx::query("UPDATE key_check SET sealed = $1 WHERE check_no = 1 AND sealed = $2")
                .bind(sealed)
                .bind(kept)
                .execute(self.pool())
                .await?;
        }
        Ok(())
    }

    /// Reseals a page of beneficiaries after `after`. Returns how many; `None` at the end.
    pub async fn reseal_beneficiaries(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT book, beneficiary_id, user_id, sealed FROM beneficiary WHERE book > $1 OR (book = $1 AND beneficiary_id > $2)
            ORDER BY book, beneficiary_id LIMIT $3";
        let query = sqlx::query_as(sql).bind(after.book.as_str()).bind(after.id.as_str()).bind(PAGE);
        let page: Vec<(String, String, String, Vec<u8>)> = query.fetch_all(self.pool()).await?;
        let Some((last_book, last_id, ..)) = page.last() else { return Ok(None) };
        *after = ResealingPlace { book: last_book.clone(), id: last_id.clone(), number: 0 };
        let mut resealed = 0;
        for (in_book, id, owner, sealed) in page {
            let place = beneficiaries::sealed_for(&book(&in_book)?, &user(&owner)?, uuid(&id)?);
            let Some(anew) = vault.resealed(&place, &sealed)? else { continue };
            // If it was erased or changed meanwhile, this matches no row.
            let sql = "UPDATE beneficiary SET sealed = $1 WHERE book = $2 AND beneficiary_id = $3 AND sealed = $4";
            let query = sqlx::query(sql).bind(anew).bind(in_book).bind(id).bind(sealed);
            resealed += query.execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }

    /// The same for messages to and from banks.
    pub async fn reseal_messages(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT book, payout_id, message_no, sealed FROM bank_message
            WHERE book > $1 OR (book = $1 AND payout_id > $2) OR (book = $1 AND payout_id = $2 AND message_no > $3)
            ORDER BY book, payout_id, message_no LIMIT $4";
        let query = sqlx::query_as(sql).bind(after.book.as_str()).bind(after.id.as_str()).bind(after.number).bind(PAGE);
        let page: Vec<(String, String, i64, Vec<u8>)> = query.fetch_all(self.pool()).await?;
        let Some((last_book, last_id, last_number, _)) = page.last() else { return Ok(None) };
        *after = ResealingPlace { book: last_book.clone(), id: last_id.clone(), number: *last_number };
        let mut resealed = 0;
        for (in_book, id, number, sealed) in page {
            let place = messages::sealed_for(&PayoutKey { book: book(&in_book)?, payout_id: uuid(&id)? });
            let Some(anew) = vault.resealed(&place, &sealed)? else { continue };
            let sql = "UPDATE bank_message SET sealed = $1 WHERE book = $2 AND payout_id = $3 AND message_no = $4 AND sealed = $5";
            let query = sqlx::query(sql).bind(anew).bind(in_book).bind(id).bind(number).bind(sealed);
            resealed += query.execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }

    /// The same for payees as they were sent.
    pub async fn reseal_sent_payees(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT book, payout_id, attempt_no, sealed FROM sent_payee
            WHERE book > $1 OR (book = $1 AND payout_id > $2) OR (book = $1 AND payout_id = $2 AND attempt_no > $3)
            ORDER BY book, payout_id, attempt_no LIMIT $4";
        let query = sqlx::query_as(sql).bind(after.book.as_str()).bind(after.id.as_str()).bind(after.number).bind(PAGE);
        let page: Vec<(String, String, i64, Vec<u8>)> = query.fetch_all(self.pool()).await?;
        let Some((last_book, last_id, last_number, _)) = page.last() else { return Ok(None) };
        *after = ResealingPlace { book: last_book.clone(), id: last_id.clone(), number: *last_number };
        let mut resealed = 0;
        for (in_book, id, number, sealed) in page {
            let place = sent_payees::sealed_for(&PayoutKey { book: book(&in_book)?, payout_id: uuid(&id)? }, number);
            let Some(anew) = vault.resealed(&place, &sealed)? else { continue };
            let sql = "UPDATE sent_payee SET sealed = $1 WHERE book = $2 AND payout_id = $3 AND attempt_no = $4 AND sealed = $5";
            let query = sqlx::query(sql).bind(anew).bind(in_book).bind(id).bind(number).bind(sealed);
            resealed += query.execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }
}
