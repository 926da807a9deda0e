//! ISO 20022 messages between us and a bank, pure and synchronous: bytes in, values out, and back.
//!
//! - [`pain001`]: customer credit transfer initiation, `pain.001.001.09` ("pay this"), to accounts of every kind that crate `accounts` has.
//! - [`pain002`]: payment status report, `pain.002.001.10` ("this is the status").
//! - [`camt053`]: statement of an account, `camt.053.001.08`.
//! - [`codes`]: the external status and reason codes, with texts for the common ones; [`codes::handling`]: what follows from each code of the lists.
//! - [`report`]: account reports, statements and notifications, `camt.052`, `camt.053` and `camt.054`, in one model.
//! - [`cancellation`]: requests to call payments back, `camt.055`.
//! - [`returns`]: payments that came back, `pacs.004`. [`resolution`]: answers to requests for cancellation, `camt.029`.
//! - [`rail`]: how a message asks for a payment rail, and the texts that rails accept.
//! - [`xml`]: the only parser and writer; it limits hostile input. [`xml::envelope`]: messages behind headers and in envelopes.
//! - [`value`]: texts, times and amounts in the schemas' formats.
//!
//! Written messages validate against the official schemas; messages that are read may have any other valid element, which is
//! skipped.

pub mod camt053;
pub mod cancellation;
pub mod codes;
mod error;
pub mod pain001;
pub mod pain002;
pub mod rail;
pub mod report;
pub mod resolution;
pub mod returns;
pub mod value;
pub mod xml;

pub use codes::{ReasonCode, StatusOutcome, TransactionStatus};
pub use error::Error;
