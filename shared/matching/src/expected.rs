//! What should happen on accounts: payments that we ordered and receipts that were announced.

mod table;

pub use table::{ReadRow, TABLE_BYTES_MAX, TABLE_ROWS_MAX, TableProblem, TableRows, exact_amount, read_table};

use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::Money;

/// How far an item is in our own books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ItemStanding {
    /// Sent or announced, and no booked entry for it was recorded.
    #[default]
    Open,
    /// A booked entry for it was recorded: another one is a duplicate.
    Settled,
    /// The bank refused it and its money is back home: a booked entry contradicts that.
    Rejected,
}

/// The batch in which an item was sent. All items of a batch name it with the same values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExpectedBatch {
    /// The declared id: of the message, of the payment in it, or of the file.
    pub id: String,
    /// ACH company id, as the bank writes it.
    pub company_id: Option<String>,
    /// ACH effective entry date.
    pub effective_date: Option<Date>,
    /// The sum of all items of the batch, as it was sent.
    pub total: Money,
}

/// Something that should happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedItem {
    /// The caller's key, unique among the items.
    pub key: String,
    /// The account in the form of [`crate::account_key`].
    pub account: String,
    /// Where the money goes.
    pub direction: Direction,
    /// The amount, without a sign.
    pub amount: Money,
    /// Our end-to-end id, in any spelling.
    pub end_to_end_id: Option<String>,
    /// Our reference of at most 15 characters, for rails without room for the id. Unique for an account, for ever.
    pub short_reference: Option<String>,
    /// Ids that the bank or a clearing answered with: its payment id, clearing reference, IMAD or OMAD, an end-to-end id of PIX, a clave de rastreo.
    pub payment_ids: Vec<String>,
    /// Trace number of its ACH entry, 15 digits.
    pub trace: Option<String>,
    /// The batch in which it was sent.
    pub batch: Option<ExpectedBatch>,
    /// First and last day on which it may be booked. Binds weak evidence only: a full id decides whatever the day.
    pub window: Option<(Date, Date)>,
    /// How far it is.
    pub standing: ItemStanding,
    /// What came back before, in minor units.
    pub returned_minor_units: i64,
    /// How often it was booked beyond the first time, as recorded before, less what was undone since. Money that comes back undoes these first.
    pub duplicates: u32,
}

impl ExpectedItem {
    /// An open item with nothing to recognise it by.
    #[must_use]
    pub fn new(key: &str, account: &str, direction: Direction, amount: Money) -> Self {
        Self {
            key: key.to_owned(),
            account: crate::account_key(account),
            direction,
            amount,
            end_to_end_id: None,
            short_reference: None,
            payment_ids: Vec::new(),
            trace: None,
            batch: None,
            window: None,
            standing: ItemStanding::Open,
            returned_minor_units: 0,
            duplicates: 0,
        }
    }
}
