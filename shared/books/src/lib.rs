//! What a book is, without a service around it: the rules, the bytes that are stored and hashed, where it is kept, and how it is read and verified.
//!
//! Readers of books (audits, exports, backups) depend on this and on no service. Nothing in here names a wire format or a caller. Map:
//! - [`domain`]: the rules, pure.
//! - [`codec`]: the canonical bytes that are stored and hashed.
//! - [`store`]: where a book is kept; SQLite and PostgreSQL.
//! - [`read`]: postings, statements and balances from a store.
//! - [`verify`]: is a book what its journal says?
//! - [`heads`]: heads of books as they are written outside the database; [`stamp`]: moments as text.
//! - [`installation`]: which installation tables and heads are of.
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
