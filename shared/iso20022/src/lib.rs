//! ISO 20022 messages between us and a bank, pure and synchronous: bytes in, values out, and back.
//!
//! - [`pain001`]: customer credit transfer initiation, `pain.001.001.09` ("pay this").
//! - [`pain002`]: payment status report, `pain.002.001.10` ("this is what became of it").
//! - [`camt053`]: statement of an account, `camt.053.001.08`.
//! - [`codes`]: the external status and reason codes, with the common ones in words.
//! - [`account`]: IBAN, ABA routing and account numbers, checked before they are ever sent.
//! - [`rail`]: which clearing an account and currency is paid over and how a message says so.
//! - [`xml`]: the only parser and writer; hostile input meets its limits there.
//! - [`value`]: texts, times and amounts as the schemas spell them.
//!
//! What is written here validates against the official schemas; what is read may hold any other valid element, which is passed over.

pub mod account;
pub mod camt053;
pub mod codes;
mod error;
pub mod pain001;
pub mod pain002;
pub mod rail;
pub mod value;
pub mod xml;

pub use account::{AbaAccount, BankAccount, Iban};
pub use codes::{ReasonCode, StatusOutcome, TransactionStatus};
pub use error::Error;
pub use rail::Rail;
