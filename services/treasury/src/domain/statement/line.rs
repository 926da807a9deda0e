//! One entry of a statement, whatever it is written as.
use chart::{Account, Purpose};
use jiff::civil::Date;

/// What an entry is, as far as formats have codes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Money came from or went to somebody outside.
    Payment,
    /// A payment came back.
    Return,
    /// The bank charged.
    Fee,
    /// The bank paid or charged interest.
    Interest,
    /// Between leaves, or by the structure.
    Internal,
}

/// The other side of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOther {
    /// A leaf.
    Leaf(String),
    /// A physical account: the bank.
    Bank(String),
    /// Another account of the treasury book.
    Account,
    /// None: a leaf came below the node, or left it.
    Structure,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The leaf or physical account whose entry it is.
    pub member: String,
    /// The posting's place in the journal; 0 for a leaf that came or left.
    pub seq: i64,
    /// The transfer's number in the book; for a leaf that came or left, its number among those.
    pub transfer_no: i64,
    /// The posting's id; empty for a leaf that came or left.
    pub posting_id: String,
    /// The posting's kind.
    pub kind: String,
    /// What it does to the balance, in minor units; never 0.
    pub change: i64,
    /// When it was booked, in microseconds since the Unix epoch.
    pub booked_us: i64,
    /// The day from which it counts.
    pub value_date: Date,
    /// The other side.
    pub other: LineOther,
    /// Whether the other side is in the same statement.
    pub is_internal: bool,
    /// Whether it is the bank's too: of a physical account, or of a leaf against one.
    pub is_at_bank: bool,
}

/// What a posting says besides its amounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineDetails {
    /// The payment's end-to-end id.
    pub end_to_end_id: Option<String>,
    /// Why it came back.
    pub return_reason: Option<String>,
}

impl LineOther {
    /// From the name of a ledger account.
    #[must_use]
    pub fn of_account(name: &str) -> Self {
        match Account::parse(name) {
            Some(Account::EntityHouse(house)) => match (house.purpose(), house.bank_account()) {
                (Purpose::VirtualAccount, Some(leaf)) => Self::Leaf(leaf.as_str().to_owned()),
                (Purpose::PhysicalCash, Some(account)) => Self::Bank(account.as_str().to_owned()),
                _ => Self::Account,
            },
            _ => Self::Account,
        }
    }

    /// The id of a leaf or physical account; empty for the others.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Leaf(id) | Self::Bank(id) => id,
            Self::Account | Self::Structure => "",
        }
    }
}

impl StatementLine {
    /// Its place in the statement: transfers in the order of the book, of a pair the debit first.
    #[must_use]
    pub const fn place(&self) -> i64 {
        place(self.transfer_no, self.change > 0)
    }

    /// Whether money came in.
    #[must_use]
    pub const fn is_credit(&self) -> bool {
        self.change > 0
    }

    /// What it is, from the words of its kind: kinds are named by the services that post them.
    #[must_use]
    pub fn line_kind(&self) -> LineKind {
        let has = |words: &[&str]| self.kind.split(['.', '_']).any(|word| words.contains(&word));
        match &self.other {
            LineOther::Structure => LineKind::Internal,
            LineOther::Leaf(_) if !self.is_at_bank && !has(&["fee", "fees", "interest"]) => LineKind::Internal,
            _ if has(&["return", "returned"]) => LineKind::Return,
            _ if has(&["fee", "fees", "charge", "charges"]) => LineKind::Fee,
            _ if has(&["interest"]) => LineKind::Interest,
            _ => LineKind::Payment,
        }
    }

    /// A line of the canonical form, which the statement's hash covers. Names of places are ids without blanks.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { member, transfer_no, posting_id, kind, change, booked_us, value_date, other, .. } = self;
        format!("{transfer_no} {member} {posting_id} {kind} {change} {booked_us} {value_date} {}\n", other.id())
    }
}

/// See [`StatementLine::place`]. A transfer's number has bits to spare: it is a sequence number and six bits.
#[must_use]
pub const fn place(transfer_no: i64, is_credit: bool) -> i64 {
    (transfer_no << 1) | is_credit as i64
}
