//! The tables of ACH files and their entries.

use super::{Error, Store, book as read_book, resealing::ResealingPlace, uuid};
use crate::{
    domain::ach::{FileState, GivenPayment, PaymentFile},
    vault::Vault,
};
use ::money::{BookName, UserKey};
use jiff::civil::Date;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

/// Values looked up in one query.
const VALUES_READ_MAX: usize = 500;
/// Rows of one step of resealing.
const PAGE: i64 = 20;

pub(super) const FILE: &str = "SELECT bank, file_name, bank_account, rail, sha256, modifier, created_on, effective_date, company_id, entries, cents, state, taken, tries,
    due_at_ms, why, answer, booked_by, built_at_ms, version FROM ach_file";
const ENTRY: &str = "SELECT bank, trace, bank_account, rail, book, payout_id, attempt_no, end_to_end_id, cents, file_name, return_code, given_at_ms FROM ach_entry";

/// The place to which a file's bytes are bound.
fn sealed_for(bank: &str, file_name: &str) -> String {
    format!("ach_file {bank} {file_name}")
}

/// A row as read: its columns in the order of the query.
type ChangeRow = (String, String, String, String, String, i64, Vec<u8>);

/// The place to which a notification's data is bound.
fn change_sealed_for(bank: &str, trace: &str, code: &str) -> String {
    format!("ach_change {bank} {trace} {code}")
}

/// A notification of change as it is kept. Has no `Debug`: its data is an account, or a name.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptChange {
    /// Our bank's name.
    pub bank: String,
    /// Trace number of our entry.
    pub trace: String,
    /// `C01` and so on.
    pub code: String,
    /// The payout's book.
    pub book: BookName,
    /// The payout that the entry paid.
    pub payout_id: Uuid,
    /// The beneficiary has what it says; else people decide.
    pub is_applied: bool,
    /// Why it was not applied; empty if it was.
    pub why: String,
    /// What it says is right, as JSON; empty once it was erased.
    pub data: String,
    /// When it came, in Unix milliseconds.
    pub received_at_ms: i64,
}

pub(super) fn read_file(row: &AnyRow) -> Result<PaymentFile, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    let day = |name: &'static str| text(name)?.parse::<Date>().map_err(|_| Error::Row(name));
    Ok(PaymentFile {
        bank: text("bank")?,
        file_name: text("file_name")?,
        bank_account: text("bank_account")?,
        rail: text("rail")?,
        sha256: text("sha256")?,
        modifier: text("modifier")?.chars().next().ok_or(Error::Row("modifier"))?,
        created_on: day("created_on")?,
        effective: day("effective_date")?,
        company_id: text("company_id")?,
        entries: number("entries")?,
        cents: number("cents")?,
        state: FileState::from_name(&text("state")?).ok_or(Error::Row("state of a file"))?,
        taken: number("taken")? != 0,
        tries: number("tries")?,
        due_at_ms: number("due_at_ms")?,
        why: text("why")?,
        answer: text("answer")?,
        booked_by: text("booked_by")?,
        built_at_ms: number("built_at_ms")?,
        version: number("version")?,
    })
}

fn read_entry(row: &AnyRow) -> Result<GivenPayment, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    Ok(GivenPayment {
        bank: text("bank")?,
        trace: text("trace")?,
        bank_account: text("bank_account")?,
        rail: text("rail")?,
        book: read_book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        attempt_no: number("attempt_no")?,
        end_to_end_id: text("end_to_end_id")?,
        cents: number("cents")?,
        file_name: text("file_name")?,
        return_code: text("return_code")?,
        given_at_ms: number("given_at_ms")?,
    })
}

/// Gives a payment to the bank's next file; one that was given is left as it is.
pub async fn give(tx: &mut AnyConnection, entry: &GivenPayment) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO ach_entry (bank, trace, bank_account, rail, book, payout_id, attempt_no, end_to_end_id, cents, file_name, return_code, given_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', $10) ON CONFLICT (bank, trace) DO NOTHING",
    )
    .bind(entry.bank.clone())
    .bind(entry.trace.clone())
    .bind(entry.bank_account.clone())
    .bind(entry.rail.clone())
    .bind(entry.book.as_str().to_owned())
    .bind(entry.payout_id.to_string())
    .bind(entry.attempt_no)
    .bind(entry.end_to_end_id.clone())
    .bind(entry.cents)
    .bind(entry.given_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes `file` over the version that was read: what the bank did with it. `None`: another writer was first, and nothing changed.
pub async fn update_file(tx: &mut AnyConnection, mut file: PaymentFile) -> Result<Option<PaymentFile>, Error> {
    let updated = sqlx::query(
        "UPDATE ach_file SET version = version + 1, state = $4, taken = $5, tries = $6, due_at_ms = $7, why = $8, answer = $9, booked_by = $10
         WHERE bank = $1 AND file_name = $2 AND version = $3",
    )
    .bind(file.bank.clone())
    .bind(file.file_name.clone())
    .bind(file.version)
    .bind(file.state.name())
    .bind(i64::from(file.taken))
    .bind(file.tries)
    .bind(file.due_at_ms)
    .bind(file.why.clone())
    .bind(file.answer.clone())
    .bind(file.booked_by.clone())
    .execute(tx)
    .await?;
    file.version += 1;
    Ok((updated.rows_affected() == 1).then_some(file))
}

/// Makes every payout of a file due now that waits for its bank. A worker that has read the file before finds its row changed, and reads the file again.
pub async fn hasten_payouts(tx: &mut AnyConnection, file: &PaymentFile, now_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE payout SET due_at_ms = $3, version = version + 1 WHERE phase IN ('sent', 'accepted', 'unknown') AND (book, payout_id, attempt_no) IN
             (SELECT book, payout_id, attempt_no FROM ach_entry WHERE bank = $1 AND file_name = $2)",
    )
    .bind(file.bank.clone())
    .bind(file.file_name.clone())
    .bind(now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Erases what files and notifications of change say of a user. A file names many people; once the bank has decided about it, its bytes and the bank's words are not
/// needed any more, and its hash and what it paid stay.
pub async fn erase(tx: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<(), Error> {
    let files = "UPDATE ach_file SET sealed = $3, answer = '', why = '' WHERE state NOT IN ('built', 'sent') AND (bank, file_name) IN
        (SELECT ach_entry.bank, ach_entry.file_name FROM ach_entry JOIN payout
         ON payout.book = ach_entry.book AND payout.payout_id = ach_entry.payout_id WHERE ach_entry.book = $1 AND payout.user_id = $2)";
    let changes = "UPDATE ach_change SET sealed = $3 WHERE book = $1 AND payout_id IN (SELECT payout_id FROM payout WHERE book = $1 AND user_id = $2)";
    for sql in [files, changes] {
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(user.as_str().to_owned());
        query.bind(Vec::<u8>::new()).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Keeps a notification of change. False: it is there already.
pub async fn keep_change(tx: &mut AnyConnection, vault: &Vault, change: &KeptChange) -> Result<bool, Error> {
    let sealed = vault.seal(&change_sealed_for(&change.bank, &change.trace, &change.code), change.data.as_bytes())?;
    let kept = sqlx::query(
        "INSERT INTO ach_change (bank, trace, code, book, payout_id, state, why, received_at_ms, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (bank, trace, code) DO NOTHING",
    )
    .bind(change.bank.clone())
    .bind(change.trace.clone())
    .bind(change.code.clone())
    .bind(change.book.as_str().to_owned())
    .bind(change.payout_id.to_string())
    .bind(if change.is_applied { "applied" } else { "kept" })
    .bind(change.why.clone())
    .bind(change.received_at_ms)
    .bind(sealed)
    .execute(tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

impl Store {
    /// The notifications of change of a payout's entries, the first one first, opened.
    pub async fn changes_of(&self, vault: &Vault, book: &BookName, payout_id: Uuid) -> Result<Vec<KeptChange>, Error> {
        let sql = "SELECT bank, trace, code, state, why, received_at_ms, sealed FROM ach_change WHERE book = $1 AND payout_id = $2
             ORDER BY received_at_ms, trace, code";
        let query = sqlx::query_as(sql).bind(book.as_str().to_owned()).bind(payout_id.to_string());
        let rows: Vec<ChangeRow> = query.fetch_all(self.pool()).await?;
        let open = |(bank, trace, code, state, why, received_at_ms, sealed): ChangeRow| {
            let plain = if sealed.is_empty() { Vec::new() } else { vault.unseal(&change_sealed_for(&bank, &trace, &code), &sealed)? };
            let data = String::from_utf8(plain).map_err(|_| Error::Row("notification of change"))?;
            Ok(KeptChange { bank, trace, code, book: book.clone(), payout_id, is_applied: state == "applied", why, data, received_at_ms })
        };
        rows.into_iter().map(open).collect()
    }

    /// The rails of a bank with payments that are in no file yet: since when the first one waits, in Unix milliseconds, and how many they are.
    pub async fn unfiled_rails(&self, bank: &str) -> Result<Vec<(String, i64, i64)>, Error> {
        let sql = "SELECT rail, MIN(given_at_ms), COUNT(*) FROM ach_entry WHERE bank = $1 AND file_name = '' GROUP BY rail ORDER BY rail";
        Ok(sqlx::query_as(sql).bind(bank.to_owned()).fetch_all(self.pool()).await?)
    }

    /// Payments of a rail that are in no file yet, in the order of their numbers.
    pub async fn unfiled_entries(&self, bank: &str, rail: &str, limit: i64) -> Result<Vec<GivenPayment>, Error> {
        let sql = format!("{ENTRY} WHERE bank = $1 AND file_name = '' AND rail = $2 ORDER BY trace LIMIT $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned()).bind(rail.to_owned()).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read_entry).collect()
    }

    /// How many files of a bank were made on a day.
    pub async fn files_of_day(&self, bank: &str, day: Date) -> Result<i64, Error> {
        let sql = "SELECT COUNT(*) FROM ach_file WHERE bank = $1 AND created_on = $2";
        Ok(sqlx::query_scalar(sql).bind(bank.to_owned()).bind(day.to_string()).fetch_one(self.pool()).await?)
    }

    /// Stores a file with the payments that it has, all or nothing. False: another process was first with one of them, or with the day's modifier, and nothing
    /// was stored.
    pub async fn keep_file(&self, vault: &Vault, file: &PaymentFile, content: &[u8], traces: &[String]) -> Result<bool, Error> {
        let sealed = vault.seal(&sealed_for(&file.bank, &file.file_name), content)?;
        let mut tx = self.begin().await?;
        let inserted = sqlx::query(
            "INSERT INTO ach_file (bank, file_name, bank_account, rail, sha256, modifier, created_on, effective_date, company_id, entries, cents, state, taken,
                 tries, due_at_ms, why, answer, booked_by, built_at_ms, version, sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, $13, '', '', '', $14, 1, $15) ON CONFLICT DO NOTHING",
        )
        .bind(file.bank.clone())
        .bind(file.file_name.clone())
        .bind(file.bank_account.clone())
        .bind(file.rail.clone())
        .bind(file.sha256.clone())
        .bind(file.modifier.to_string())
        .bind(file.created_on.to_string())
        .bind(file.effective.to_string())
        .bind(file.company_id.clone())
        .bind(file.entries)
        .bind(file.cents)
        .bind(file.state.name())
        .bind(file.due_at_ms)
        .bind(file.built_at_ms)
        .bind(sealed)
        .execute(&mut *tx)
        .await?;
        if inserted.rows_affected() != 1 {
            tx.rollback().await?;
            return Ok(false);
        }
        for trace in traces {
            let sql = "UPDATE ach_entry SET file_name = $3 WHERE bank = $1 AND trace = $2 AND file_name = ''";
            let taken = sqlx::query(sql).bind(file.bank.clone()).bind(trace.clone()).bind(file.file_name.clone()).execute(&mut *tx).await?;
            if taken.rows_affected() != 1 {
                tx.rollback().await?;
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Files of a bank that are to be sent or asked for, longest waiting first.
    pub async fn due_files(&self, bank: &str, now_ms: i64, limit: i64) -> Result<Vec<PaymentFile>, Error> {
        let sql = format!("{FILE} WHERE bank = $1 AND state IN ('built', 'sent') AND due_at_ms <= $2 ORDER BY due_at_ms LIMIT $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned()).bind(now_ms).bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read_file).collect()
    }

    /// As [`update_file`], in a transaction of its own.
    pub async fn save_file(&self, file: PaymentFile) -> Result<Option<PaymentFile>, Error> {
        let mut tx = self.begin().await?;
        let saved = update_file(&mut tx, file).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Records what the bank did with a file, and makes its payouts due. `None`: another writer was first.
    pub async fn decide_file(&self, file: PaymentFile, now_ms: i64) -> Result<Option<PaymentFile>, Error> {
        let mut tx = self.begin().await?;
        let Some(saved) = update_file(&mut tx, file).await? else { return Ok(None) };
        hasten_payouts(&mut tx, &saved, now_ms).await?;
        tx.commit().await?;
        Ok(Some(saved))
    }

    /// The bytes of a file. Empty: they were erased.
    pub async fn file_content(&self, vault: &Vault, file: &PaymentFile) -> Result<Vec<u8>, Error> {
        let sql = "SELECT sealed FROM ach_file WHERE bank = $1 AND file_name = $2";
        let sealed: Vec<u8> = sqlx::query_scalar(sql).bind(file.bank.clone()).bind(file.file_name.clone()).fetch_one(self.pool()).await?;
        if sealed.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vault.unseal(&sealed_for(&file.bank, &file.file_name), &sealed)?)
    }

    /// A payment by its trace number.
    pub async fn ach_entry(&self, bank: &str, trace: &str) -> Result<Option<GivenPayment>, Error> {
        let sql = format!("{ENTRY} WHERE bank = $1 AND trace = $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned()).bind(trace.to_owned());
        query.fetch_optional(self.pool()).await?.as_ref().map(read_entry).transpose()
    }

    /// A file by its name.
    pub async fn ach_file(&self, bank: &str, file_name: &str) -> Result<Option<PaymentFile>, Error> {
        let sql = format!("{FILE} WHERE bank = $1 AND file_name = $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned()).bind(file_name.to_owned());
        query.fetch_optional(self.pool()).await?.as_ref().map(read_file).transpose()
    }

    /// Every file of a bank, the first one first.
    pub async fn ach_files(&self, bank: &str) -> Result<Vec<PaymentFile>, Error> {
        let sql = format!("{FILE} WHERE bank = $1 ORDER BY built_at_ms, file_name");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned());
        query.fetch_all(self.pool()).await?.iter().map(read_file).collect()
    }

    /// Files that no statement has booked yet and whose sending was begun.
    pub async fn unbooked_files(&self, bank: &str) -> Result<Vec<PaymentFile>, Error> {
        let sql = format!("{FILE} WHERE bank = $1 AND state IN ('sent', 'accepted', 'doubtful') ORDER BY built_at_ms, file_name");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned());
        query.fetch_all(self.pool()).await?.iter().map(read_file).collect()
    }

    /// Files of a bank whose `column`, one of ours, has one of these values.
    async fn files_by(&self, bank: &str, column: &'static str, values: &[String]) -> Result<Vec<PaymentFile>, Error> {
        let mut found = Vec::new();
        for values in values.chunks(VALUES_READ_MAX) {
            let sql = format!("{FILE} WHERE bank = $1 AND {column} IN ({})", places(values.len()));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned());
            for value in values {
                query = query.bind(value.clone());
            }
            for row in query.fetch_all(self.pool()).await? {
                found.push(read_file(&row)?);
            }
        }
        Ok(found)
    }

    /// Files with these names.
    pub async fn files_named(&self, bank: &str, names: &[String]) -> Result<Vec<PaymentFile>, Error> {
        self.files_by(bank, "file_name", names).await
    }

    /// Files that were booked under these references.
    pub async fn files_booked_by(&self, bank: &str, references: &[String]) -> Result<Vec<PaymentFile>, Error> {
        self.files_by(bank, "booked_by", references).await
    }

    /// The payments of a file, in the order of their numbers.
    pub async fn entries_of(&self, file: &PaymentFile) -> Result<Vec<GivenPayment>, Error> {
        let sql = format!("{ENTRY} WHERE bank = $1 AND file_name = $2 ORDER BY trace");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(file.bank.clone()).bind(file.file_name.clone());
        query.fetch_all(self.pool()).await?.iter().map(read_entry).collect()
    }

    /// Payments with these trace numbers.
    pub async fn entries_traced(&self, bank: &str, traces: &[String]) -> Result<Vec<GivenPayment>, Error> {
        let mut found = Vec::new();
        for traces in traces.chunks(VALUES_READ_MAX) {
            let sql = format!("{ENTRY} WHERE bank = $1 AND trace IN ({})", places(traces.len()));
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(bank.to_owned());
            for trace in traces {
                query = query.bind(trace.clone());
            }
            for row in query.fetch_all(self.pool()).await? {
                found.push(read_entry(&row)?);
            }
        }
        Ok(found)
    }

    /// Records why a payment comes back, as a file of returns says.
    pub async fn note_return_code(&self, bank: &str, trace: &str, code: &str) -> Result<(), Error> {
        let sql = "UPDATE ach_entry SET return_code = $3 WHERE bank = $1 AND trace = $2";
        sqlx::query(sql).bind(bank.to_owned()).bind(trace.to_owned()).bind(code.to_owned()).execute(self.pool()).await?;
        Ok(())
    }

    /// Reseals a page of notifications of change after `after`. Returns how many; `None` at the end.
    pub async fn reseal_changes(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT bank, trace, code, sealed FROM ach_change WHERE bank > $1 OR (bank = $1 AND trace || ' ' || code > $2)
            ORDER BY bank, trace || ' ' || code LIMIT $3";
        let (of_bank, after_id) = after.texts();
        let query = sqlx::query_as(sql).bind(of_bank).bind(after_id).bind(PAGE);
        let page: Vec<(String, String, String, Vec<u8>)> = query.fetch_all(self.pool()).await?;
        let Some((last_bank, last_trace, last_code, _)) = page.last() else { return Ok(None) };
        *after = ResealingPlace::at(last_bank.clone(), format!("{last_trace} {last_code}"));
        let mut resealed = 0;
        for (bank, trace, code, sealed) in page.into_iter().filter(|(.., sealed)| !sealed.is_empty()) {
            let Some(anew) = vault.resealed(&change_sealed_for(&bank, &trace, &code), &sealed)? else { continue };
            let sql = "UPDATE ach_change SET sealed = $1 WHERE bank = $2 AND trace = $3 AND code = $4 AND sealed = $5";
            let query = sqlx::query(sql).bind(anew).bind(bank).bind(trace).bind(code).bind(sealed);
            resealed += query.execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }

    /// Reseals a page of files after `after`. Returns how many; `None` at the end.
    pub async fn reseal_files(&self, vault: &Vault, after: &mut ResealingPlace) -> Result<Option<u64>, Error> {
        let sql = "SELECT bank, file_name, sealed FROM ach_file WHERE bank > $1 OR (bank = $1 AND file_name > $2) ORDER BY bank, file_name LIMIT $3";
        let (of_bank, after_name) = after.texts();
        let page: Vec<(String, String, Vec<u8>)> =
            sqlx::query_as(sql).bind(of_bank).bind(after_name).bind(PAGE).fetch_all(self.pool()).await?;
        let Some((last_bank, last_name, _)) = page.last() else { return Ok(None) };
        *after = ResealingPlace::at(last_bank.clone(), last_name.clone());
        let mut resealed = 0;
        for (bank, name, sealed) in page {
            if sealed.is_empty() {
                continue;
            }
            let Some(anew) = vault.resealed(&sealed_for(&bank, &name), &sealed)? else { continue };
            let sql = "UPDATE ach_file SET sealed = $1 WHERE bank = $2 AND file_name = $3 AND sealed = $4";
            resealed += sqlx::query(sql).bind(anew).bind(bank).bind(name).bind(sealed).execute(self.pool()).await?.rows_affected();
        }
        Ok(Some(resealed))
    }
}

fn places(count: usize) -> String {
    (2..).take(count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}
