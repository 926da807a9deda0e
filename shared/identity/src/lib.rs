//! Who calls and what they may do: roles, signed tokens and the one table of access.
//!
//! - [`principal`]: roles, books and the verified caller.
//! - `algorithm`: what may sign.
//! - [`keys`]: the installation's Ed25519 key files.
//! - [`token`]: [`Issuer`] signs the installation's tokens.
//! - [`issuers`]: whose tokens are trusted, and what each issuer may say.
//! - [`subject`]: how an issuer's `sub` becomes the key that a user has here.
//! - `jwks`: issuers' key sets, in files or at an address.
//! - [`verifier`]: [`Verifier`] checks tokens. A key is used with its own algorithm only.
//! - [`Service`]: the services there are, and what each needs of the others.
//! - [`crypto`]: the signatures, by ring.
//! - [`access`]: [`access::TABLE`] says for every RPC who may call it and on whose data.
pub mod access;
mod algorithm;
pub mod crypto;
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
