//! Who calls and what they may do: roles, signed tokens and the one table of access.
//!
//! - [`principal`]: roles, books and the verified caller.
//! - `algorithm`: the algorithms that tokens may be signed with.
//! - [`keys`]: the installation's Ed25519 key files.
//! - [`token`]: [`Issuer`] signs the installation's tokens.
//! - [`issuers`]: the issuers whose tokens are trusted, and what each of them may claim.
//! - [`subject`]: how an issuer's `sub` becomes a user's key.
//! - `jwks`: issuers' key sets, in files or at an address.
//! - [`verifier`]: [`Verifier`] checks tokens. A key is used with its own algorithm only. [`verifier::login`]: the ID tokens of people who sign in.
//! - [`Service`]: the services, and the others that each of them needs.
//! - [`crypto`]: the signatures, by ring.
//! - [`access`]: [`access::TABLE`] says for every RPC who may call it and on whose data.
pub mod access;
mod algorithm;
pub mod crypto;
pub mod decoders;
pub mod error;
pub mod issuers;
mod jwks;
pub mod keys;
pub mod principal;
mod services;
pub mod subject;
pub mod token;
pub mod verifier;

pub use error::Error;
pub use principal::{BookScope, Principal, Role};
pub use services::Service;
pub use token::{Grant, Issuer, expires_at};
pub use verifier::Verifier;
