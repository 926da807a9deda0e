//! What the rows of this service say was posted, for audits that compare them with the journal.
//!
//! The transfers follow from a row alone, by the functions that make the requests to the ledger; twins have no rows, and are proved against apps' books instead. `reserved`:
//! what follows the holds of reservations, whose ids are in no row.
//! A row with a value that no program of ours writes is an error that names the row.
use crate::{
    domain::{
        PhysicalAccount, Structure,
        bank::{Adjustment, AdjustmentKind, EntryBooking},
        migration::{ImportedAccount, OldMove, OldState},
        receipt::BankReceipt,
    },
    postings,
    store::{Error, MovementRow, MovementState, Store},
};
use chart::{HouseId, PostingKind, id};
use ledger_client::PostingDraft;
use money::{BookName, Money};
use uuid::Uuid;

mod reserved;

pub use reserved::{RESERVATION_STEPS, RowReservation, held_for};

/// Rows whose postings name them by the same field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowGroup {
    /// The movements that were asked for under one key.
    Movements(String),
    /// A receipt.
    Receipt(Uuid),
    /// An old account: its opening and the moves of its balance.
    OldAccount(String),
    /// All bookings of an entry of a bank's statement.
    Entry {
        /// The physical account's id.
        account: String,
        /// The entry's key.
        entry: String,
    },
    /// What two people decided of a case.
    Adjustment(Uuid),
}

/// A posting that a row says exists, or that may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPosting {
    /// The row with the others of its group.
    pub group: RowGroup,
    /// The row, as shown to people.
    pub row: String,
    /// The posting's id in the journal.
    pub id: Uuid,
    /// Whether the row says that the posting exists; otherwise it may exist.
    pub is_recorded: bool,
    /// The posting's kind.
    pub kind: PostingKind,
    /// Debited account, credited account and amount in minor units of each transfer. Those of a reservation only hold it.
    pub transfers: Vec<(String, String, i64)>,
}

/// How far an audit has read: the tables one after another, each in the order of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowCursor {
    /// Movements after this number.
    Movements(i64),
    /// Receipts after this id.
    Receipts(String),
    /// Old accounts after this id.
    OldAccounts(String),
    /// Bookings of entries after this account and key.
    Entries(String, String),
    /// Adjustments after this id.
    Adjustments(String),
}

impl Default for RowCursor {
    fn default() -> Self {
        Self::Movements(0)
    }
}

/// The kinds of postings that a row of this service must be there for.
pub const KINDS: [PostingKind; 13] = [
    PostingKind::TreasurySweep,
    PostingKind::TreasurySweepDebit,
    PostingKind::TreasurySweepCredit,
    PostingKind::TreasuryReserve,
    PostingKind::TreasuryLeafMove,
    PostingKind::TreasuryInterest,
    PostingKind::TreasuryAllocation,
    PostingKind::TreasuryEntry,
    PostingKind::TreasuryAdjustment,
    PostingKind::TreasuryWriteOff,
    PostingKind::TreasuryMigration,
    PostingKind::TreasuryMove,
    PostingKind::TreasuryReceipt,
];

/// The group that a posting of one of [`KINDS`] names in its fields; `None`: it names none. `field` gives the value of its field with a name.
#[must_use]
pub fn named<'a>(kind: &str, field: impl Fn(&str) -> Option<&'a str>) -> Option<RowGroup> {
    let field = |name: &str| field(name).map(str::to_owned);
    let id = |name: &str| field(name).and_then(|value| Uuid::try_parse(&value).ok());
    Some(match PostingKind::parse(kind)? {
        PostingKind::TreasuryReserve
        | PostingKind::TreasurySweep
        | PostingKind::TreasurySweepDebit
        | PostingKind::TreasurySweepCredit
        | PostingKind::TreasuryLeafMove
        | PostingKind::TreasuryInterest
        | PostingKind::TreasuryAllocation => RowGroup::Movements(field("request_key")?),
        PostingKind::TreasuryEntry => RowGroup::Entry { account: field("account")?, entry: field("entry")? },
        PostingKind::TreasuryAdjustment | PostingKind::TreasuryWriteOff => RowGroup::Adjustment(id("adjustment_id")?),
        PostingKind::TreasuryMigration | PostingKind::TreasuryMove => RowGroup::OldAccount(field("account")?),
        PostingKind::TreasuryReceipt => RowGroup::Receipt(id("receipt_id")?),
        _ => return None,
    })
}

impl Store {
    /// What the rows of a group say; nothing where it has no rows.
    pub async fn postings_of(&self, book: &BookName, group: &RowGroup) -> Result<Vec<RowPosting>, Error> {
        Ok(match group {
            RowGroup::Movements(key) => self.movements_of(book, key).await?.iter().filter_map(|row| of_movement(book, row)).collect(),
            RowGroup::Receipt(receipt_id) => match self.receipt(book.as_str(), *receipt_id).await? {
                Some(row) => vec![of_receipt(book, &row)?],
                None => Vec::new(),
            },
            RowGroup::OldAccount(account) => {
                let opened = self.old_account(book, account).await?;
                let moves = self.moves_between(book, account, account).await?;
                of_old_accounts(book, opened.as_slice(), &moves)?
            }
            RowGroup::Entry { account, entry } => {
                let structure = self.structure(book.as_str(), None).await?;
                let bookings = self.bookings_between(book, account, entry, entry).await?;
                of_entries(book, &structure, account, bookings.values())?
            }
            RowGroup::Adjustment(adjustment_id) => match self.adjustment_of(book, *adjustment_id).await? {
                Some((row, account)) => {
                    let structure = self.structure(book.as_str(), None).await?;
                    of_adjustment(book, &structure, &account, &row)?.into_iter().collect()
                }
                None => Vec::new(),
            },
        })
    }

    /// What the next rows say, at least `rows_max` of one table if it has as many, and where to continue; `None`: those were the last.
    pub async fn row_postings(
        &self,
        book: &BookName,
        from: &RowCursor,
        rows_max: i64,
    ) -> Result<(Vec<RowPosting>, Option<RowCursor>), Error> {
        let more = |count: usize| i64::try_from(count).is_ok_and(|count| count >= rows_max);
        match from {
            RowCursor::Movements(after) => {
                let rows = self.movements_after(book, *after, rows_max).await?;
                let next = rows.last().filter(|_| more(rows.len())).map(|row| RowCursor::Movements(row.movement_no));
                let found = rows.iter().filter_map(|row| of_movement(book, row)).collect();
                Ok((found, Some(next.unwrap_or(RowCursor::Receipts(String::new())))))
            }
            RowCursor::Receipts(after) => {
                let rows = self.receipts_after(book, after, rows_max).await?;
                let next = rows.last().filter(|_| more(rows.len())).map(|row| RowCursor::Receipts(row.receipt_id.hyphenated().to_string()));
                let found = rows.iter().map(|row| of_receipt(book, row)).collect::<Result<_, _>>()?;
                Ok((found, Some(next.unwrap_or(RowCursor::OldAccounts(String::new())))))
            }
            RowCursor::OldAccounts(after) => {
                let rows = self.old_accounts_after(book, after, rows_max).await?;
                let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                    return Ok((Vec::new(), Some(RowCursor::Entries(String::new(), String::new()))));
                };
                let moves = self.moves_between(book, &first.account.id, &last.account.id).await?;
                let next = more(rows.len()).then(|| RowCursor::OldAccounts(last.account.id.clone()));
                Ok((of_old_accounts(book, &rows, &moves)?, Some(next.unwrap_or(RowCursor::Entries(String::new(), String::new())))))
            }
            RowCursor::Entries(account, entry) => self.entry_postings(book, account, entry, rows_max).await,
            RowCursor::Adjustments(after) => {
                let rows = self.adjustments_after(book, after, rows_max).await?;
                let structure = self.structure(book.as_str(), None).await?;
                let next = rows.last().filter(|_| more(rows.len())).map(|(row, _)| RowCursor::Adjustments(row.id.simple().to_string()));
                let found = rows.iter().filter_map(|(row, account)| of_adjustment(book, &structure, account, row).transpose());
                Ok((found.collect::<Result<_, _>>()?, next))
            }
        }
    }

    async fn entry_postings(
        &self,
        book: &BookName,
        after_account: &str,
        after_entry: &str,
        rows_max: i64,
    ) -> Result<(Vec<RowPosting>, Option<RowCursor>), Error> {
        let keys = self.booked_entries_after(book, after_account, after_entry, rows_max).await?;
        let structure = self.structure(book.as_str(), None).await?;
        let mut found = Vec::new();
        for of_account in keys.chunk_by(|one, other| one.0 == other.0) {
            let [(account, first), ..] = of_account else { continue };
            let last = of_account.last().map_or(first, |(_, last)| last);
            let bookings = self.bookings_between(book, account, first, last).await?;
            found.extend(of_entries(book, &structure, account, bookings.values())?);
        }
        let next = keys.last().filter(|_| i64::try_from(keys.len()).is_ok_and(|count| count >= rows_max));
        let next = next.map(|(account, entry)| RowCursor::Entries(account.clone(), entry.clone()));
        Ok((found, Some(next.unwrap_or(RowCursor::Adjustments(String::new())))))
    }
}

fn of_movement(book: &BookName, row: &MovementRow) -> Option<RowPosting> {
    let movement = &row.movement;
    let is_recorded = match row.state {
        MovementState::Refused => return None,
        MovementState::Decided => false,
        MovementState::Posted => true,
    };
    Some(RowPosting {
        group: RowGroup::Movements(movement.request_key.clone()),
        row: format!("movement {}", row.movement_no),
        id: id::posted(movement.posting_key, book.as_str()),
        is_recorded,
        kind: movement.kind,
        transfers: movement.transfers.iter().map(|one| (one.debit.clone(), one.credit.clone(), one.minor_units)).collect(),
    })
}

fn of_receipt(book: &BookName, row: &BankReceipt) -> Result<RowPosting, Error> {
    are_ids("receipt", &[&row.cash_entity, &row.account, &row.leaf_entity, &row.booked_on])?;
    let request_id = id::bank_receipt(row.receipt_id, book);
    let shown = format!("receipt {}", row.receipt_id.hyphenated());
    Ok(of_draft(book, RowGroup::Receipt(row.receipt_id), shown, request_id, row.is_booked, &postings::receipt(book, row)))
}

/// The openings of old accounts, and the moves of their balances.
fn of_old_accounts(book: &BookName, accounts: &[ImportedAccount], moves: &[(OldMove, bool)]) -> Result<Vec<RowPosting>, Error> {
    let mut found = Vec::new();
    for one in accounts {
        let account = &one.account;
        let Some(amount) = account.opening() else { continue };
        are_ids("old account", &[&account.entity, &account.id])?;
        let request_id = id::migration_opening(book, &account.id, one.begun_at_ms);
        let group = RowGroup::OldAccount(account.id.clone());
        let (row, draft) = (format!("old account {}", account.id), postings::opening(book, account, amount, one.begun_at_ms));
        found.push(of_draft(book, group, row, request_id, one.state != OldState::Planned, &draft));
    }
    for (moved, is_booked) in moves {
        are_ids("move of an old account", &[&moved.entity, &moved.account_id, &moved.leaf, &moved.cash_entity, &moved.cash_account])?;
        let request_id = id::old_balance_move(moved.request_id, book, &moved.account_id);
        let row = format!("move {} of old account {}", moved.request_id.hyphenated(), moved.account_id);
        let group = RowGroup::OldAccount(moved.account_id.clone());
        found.push(of_draft(book, group, row, request_id, *is_booked, &postings::arrival(book, moved)));
    }
    Ok(found)
}

/// All generations of the bookings of an account's entries.
fn of_entries<'a>(
    book: &BookName,
    structure: &Structure,
    account_id: &str,
    bookings: impl Iterator<Item = &'a Vec<EntryBooking>>,
) -> Result<Vec<RowPosting>, Error> {
    let mut found = Vec::new();
    for of_entry in bookings {
        for row in of_entry {
            let account = account_of(structure, account_id)?;
            let before = of_entry.iter().find(|one| one.generation + 1 == row.generation).and_then(|before| before.booking);
            for booking in before.iter().chain(&row.booking) {
                is_amount(account, booking.amount)?;
            }
            let entry = Uuid::try_parse(&row.entry_key).map_err(|_| Error::Row("entry_key", row.entry_key.clone()))?;
            let request_id = id::statement_entry(entry, book, row.generation, row.planned_at_ms);
            let group = RowGroup::Entry { account: account_id.to_owned(), entry: row.entry_key.clone() };
            let shown = format!("booking {} of entry {} of {account_id}", row.generation, row.entry_key);
            let draft = postings::entry_booking(account, &row.entry_key, request_id, before, row.booking);
            found.push(of_draft(book, group, shown, request_id, row.posted, &draft));
        }
    }
    Ok(found)
}

/// What two people approved; nothing before that, or where it never happens.
fn of_adjustment(book: &BookName, structure: &Structure, account_id: &str, row: &Adjustment) -> Result<Option<RowPosting>, Error> {
    let is_recorded = match row.state.as_str() {
        "posted" => true,
        "approved" => false,
        _ => return Ok(None),
    };
    let account = account_of(structure, account_id)?;
    for transfer in &row.transfers {
        is_amount(account, transfer.amount)?;
        let leaves = [&transfer.debit, &transfer.credit].into_iter().filter(|leaf| !leaf.is_empty());
        are_ids("adjustment", &leaves.map(String::as_str).collect::<Vec<_>>())?;
    }
    let leaves = structure.nodes.iter().map(|(id, node)| (id.as_str(), node)).collect();
    let request_id = id::case_adjustment(row.id, book, row.approved.1);
    let draft = match row.kind {
        AdjustmentKind::Adjustment => postings::case_adjustment(account, &leaves, row.id, request_id, &row.transfers),
        AdjustmentKind::WriteOff => postings::case_write_off(account, &leaves, row.id, request_id, &row.transfers),
    };
    let shown = format!("adjustment {}", row.id.simple());
    Ok(Some(of_draft(book, RowGroup::Adjustment(row.id), shown, request_id, is_recorded, &draft)))
}

/// A posting as its request says it: the row's name, the request's id, and whether it is recorded.
fn of_draft(book: &BookName, group: RowGroup, row: String, request_id: Uuid, is_recorded: bool, draft: &PostingDraft) -> RowPosting {
    let transfers = draft.transfers().iter().map(|one| (one.debit_account.clone(), one.credit_account.clone(), one.amount)).collect();
    RowPosting { group, row, id: id::posted(request_id, book.as_str()), is_recorded, kind: draft.kind(), transfers }
}

fn account_of<'a>(structure: &'a Structure, id: &str) -> Result<&'a PhysicalAccount, Error> {
    structure.accounts.get(id).ok_or_else(|| Error::Row("account_id", id.to_owned()))
}

fn are_ids(what: &'static str, ids: &[&str]) -> Result<(), Error> {
    match ids.iter().find(|id| HouseId::try_new(id).is_none()) {
        Some(id) => Err(Error::Row(what, (*id).to_owned())),
        None => Ok(()),
    }
}

fn is_amount(account: &PhysicalAccount, amount: i64) -> Result<(), Error> {
    Money::try_new(account.currency, amount).map(|_| ()).map_err(|_| Error::Row("amount", amount.to_string()))
}
