//! Books without a service around them: the rules, the bytes that are stored and hashed, the stores, and how books are read and verified.
//!
//! Readers of books (audits, exports, backups) depend on this and on no service. Nothing in here names a wire format or a caller. Map:
//! - [`domain`]: the rules, pure.
//! - [`codec`]: the canonical bytes that are stored and hashed.
//! - [`store`]: the stores of books: SQLite and PostgreSQL.
//! - [`read`]: postings, statements and balances from a store.
//! - [`verify`]: does a book match its journal?
//! - [`heads`]: heads of books as they are written outside the database; [`stamp`]: timestamps as text.
//! - [`installation`]: the installation that tables and heads belong to.
//! - [`decoders`]: decoders of stored bytes, for fuzzing.

pub mod codec;
pub mod decoders;
pub mod domain;
pub mod heads;
pub mod installation;
pub mod read;
pub mod stamp;
pub mod store;
pub mod verify;
