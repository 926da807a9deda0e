//! Who calls and what they may do: roles, signed tokens and the one table of access.
//!
//! - [`principal`]: roles, books and the verified caller.
//! - [`keys`]: the installation's Ed25519 key files.
//! - [`token`]: [`Issuer`] signs tokens, [`Verifier`] checks them. The algorithm is pinned to EdDSA.
//! - [`access`]: [`access::TABLE`] says for every RPC who may call it and on whose data.
pub mod access;
pub mod error;
pub mod keys;
pub mod principal;
pub mod token;

pub use error::Error;
pub use principal::{Books, Principal, Role};
pub use token::{Grant, Issuer, Verifier, expires_at};
