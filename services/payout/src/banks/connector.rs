//! What every bank can do, whatever it speaks. A connector writes and reads one bank's messages and keeps no state: which payments were sent, and what is
//! proved of them, is in the payout's row.

use crate::{
    config::{EntityConfig, InvalidPayoutOption},
    domain::{BankAnswer, evidence::SentPayment, payee::PayeeDetails, payee_check::PayeeAnswer, recall::RecallReply, returns::BankCredit},
};
use accounts::PayoutAddress;
use bankfiles::nacha::AccountChange;
use iso20022::camt053::Statement;
use jiff::{Timestamp, tz::TimeZone};
use matching::BankLine;
use money::{Currency, Money};
use std::{fmt, time::Duration};

/// A payment to be written as one bank's message. Has no `Debug`: it names a person and an account.
#[derive(Clone)]
pub struct PaymentOrder<'a> {
    /// The message's own id.
    pub message_id: String,
    /// `EndToEndId`.
    pub end_to_end_id: &'a str,
    /// A reference of at most 15 characters, for rails that carry no longer one.
    pub reference: &'a str,
    /// A version 4 UUID in lower case (`UETR`).
    pub uetr: String,
    /// The amount that the receiver gets.
    pub amount: Money,
    /// Id of the rail.
    pub rail: &'a str,
    /// The zone of the rail's days.
    pub zone: TimeZone,
    /// When the message is written; a bank refuses one that is older than its finality window.
    pub created: Timestamp,
    /// Our name, as the receiver sees it.
    pub debtor_name: &'a str,
    /// The account that pays.
    pub debtor: &'a PayoutAddress,
    /// The legal entity on whose behalf the account pays, where that is not its owner.
    pub on_behalf_of: Option<&'a EntityConfig>,
    /// Who is paid.
    pub payee: &'a PayeeDetails,
    /// The text that the receiver reads beside the amount.
    pub remittance: &'a str,
}

/// An answer as received, for the log, and what it means.
#[derive(Debug)]
pub struct ReceivedAnswer {
    /// HTTP status; 0 when there was none.
    pub http_status: u16,
    /// The body as far as it was received, or why there is none.
    pub body: Vec<u8>,
    /// What it means.
    pub answer: BankAnswer,
    /// It is a message of an unsupported version, so its content is lost.
    pub unread_version: bool,
}

/// A statement, and the credits in it that bring money back, or may.
#[derive(Debug, Clone)]
pub struct BankStatement {
    /// Every entry.
    pub statement: Statement,
    /// The booked credits that name a payment; their places are those of the statement's entries.
    pub credits: Vec<BankCredit>,
    /// The booked debits that are the sum of several payments.
    pub batches: Vec<BookedBatch>,
    /// Its lines for the matching rules, from a bank that books payments as sums; else none.
    pub lines: Vec<BankLine>,
}

/// A booked debit that is the sum of several payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedBatch {
    /// The place of its entry in the statement.
    pub place: usize,
    /// The bank's reference of the booking; empty: it gives none.
    pub reference: String,
    /// Ids under which its payments were ordered: of the message, and of the payment in it.
    pub ids: Vec<String>,
    /// The payments that the bank lists in it: `EndToEndId` and amount, which come to its sum. Empty: it lists none, or not all.
    pub listed: Vec<(String, Money)>,
}

/// A payment that is to come back.
#[derive(Debug, Clone)]
pub struct RecallOrder<'a> {
    /// Id of the recall, at most 35 characters; repeated if it is sent again.
    pub recall_id: &'a str,
    /// When it is written.
    pub created: Timestamp,
    /// Our name.
    pub debtor_name: &'a str,
    /// The payment's `EndToEndId`.
    pub end_to_end_id: &'a str,
    /// The message with which it was sent.
    pub message_id: &'a str,
    /// What was paid.
    pub amount: Money,
    /// Why: `ExternalCancellationReason1Code`.
    pub code: &'a str,
}

/// An ACH entry that came back, as a file of returns has it. The statement books the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchReturn {
    /// Trace number of our entry.
    pub trace: String,
    /// Why, such as `R03`.
    pub code: String,
    /// What comes back, in cents.
    pub cents: i64,
}

/// A notification of change of an ACH entry that was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchCorrection {
    /// Trace number of our entry.
    pub trace: String,
    /// What it corrects, such as `C01`.
    pub code: String,
    /// What is right, or why that can't be read. Personal.
    pub change: Result<AccountChange, String>,
}

/// What a bank's callback is about. It says where to look, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackNews {
    /// A payment's status, by its `EndToEndId`.
    Payment(String),
    /// A payment came back, by its `EndToEndId`; a statement says how much.
    Returned(String),
    /// A recall was answered, by its id.
    Recall(String),
    /// A credit on one of our accounts, with the account's number.
    Credit(String, BankCredit),
    /// An ACH entry comes back.
    AchReturn(AchReturn),
    /// The account of an ACH entry is to be corrected.
    AchCorrection(AchCorrection),
}

/// Why a bank can't be spoken to as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum UnusableBank {
    /// An invalid option.
    #[error(transparent)]
    Option(#[from] InvalidPayoutOption),
    /// The HTTP client can't be built.
    #[error("the bank's HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why a payment can't be written as a message: always our own fault, since its fields were checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnwritableOrder(pub String);

/// A bank's protocol.
#[tonic::async_trait]
pub trait BankConnector: Send + Sync + fmt::Debug {
    /// Writes a payment as this bank's message.
    fn message(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder>;

    /// Writes a transfer between two of our own accounts as this bank's message; the payee is the account that receives.
    fn own_transfer(&self, _order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        Err(UnwritableOrder("no transfers between own accounts are sent over this bank's protocol".to_owned()))
    }

    /// Prepares what a sending needs, such as access to the bank. An error says why there is none; then nothing is sent, and nothing of the payment has left
    /// this machine.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// Sends a message. Every result without a report about this payment is [`BankAnswer::Lost`] or [`BankAnswer::NotTaken`]; a refused connection is lost: the status request that
    /// follows costs little, and being wrong about what left this machine would cost a second payment.
    async fn send(&self, subject: SentPayment<'_>, message: String, time_out: Duration) -> ReceivedAnswer;

    /// Requests the status of a payment.
    async fn ask(&self, subject: SentPayment<'_>) -> ReceivedAnswer;

    /// The statement of our account in this currency; or why there is none.
    async fn statement(&self, currency: Currency) -> Result<BankStatement, String>;

    /// Asks for a payment back. The same recall may be sent again.
    async fn recall(&self, _order: &RecallOrder<'_>) -> RecallReply {
        RecallReply::Unsupported
    }

    /// Asks what became of a recall of this payment.
    async fn recall_status(&self, _recall_id: &str, _end_to_end_id: &str) -> RecallReply {
        RecallReply::Unsupported
    }

    /// Asks whether the payee's account belongs to the payee, and waits so long at most. No answer is [`PayeeAnswer::Failed`];
    /// a protocol without such a question is [`PayeeAnswer::NotPossible`].
    async fn verify_payee(&self, _payee: &PayeeDetails, _time_out: Duration) -> PayeeAnswer {
        PayeeAnswer::NotPossible
    }

    /// Reads a callback whose signature was checked; or why it can't be read.
    fn callback(&self, _body: &[u8]) -> Result<Vec<CallbackNews>, String> {
        Err("no callbacks of this bank are read".to_owned())
    }

    /// Tells a pretend bank where its callbacks go, instead of what it was told under this name before; or why it could not be told.
    async fn register_callbacks(&self, url: &str, name: &str) -> Result<(), String>;

    /// Whether a statement's account is this one of ours.
    fn is_account(&self, statement: &Statement, address: &PayoutAddress) -> bool;

    /// The content by which answers are compared: everything but what every answer has of its own, such as its id and time.
    fn content(&self, http_status: u16, body: &[u8]) -> String;
}
