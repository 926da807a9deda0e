//! The JSON of a bank's payment API, modelled after J.P. Morgan's Global Payments v2. Its public description has gaps and contradicts its pages, so this is a
//! model of it and no claim to conform. Pure and synchronous: no network, no clock, no randomness.
//!
//! - [`payment`]: from an [`ApiPayment`] to the body of `POST /payments`.
//! - [`answer`]: what the answers to that request and to queries prove. [`status`]: one payment as the bank describes it,
//!   with [`exception`]s.
//! - [`evidence`]: one table from the bank's status words to what follows for a payout.
//! - [`callback`]: events that the bank pushes, in every shape that it has had.
//! - [`oauth`]: the form that asks for an access token with a signed assertion (RFC 7523), and the bank's side of it.
//! - [`verify`]: who signed a callback: nobody (mutual TLS), a detached signature, or a JWS. [`keys`]: the keys for it.
//! - [`json`]: the only parser, which limits size and depth and refuses names that are given twice.
//!
//! Words that are not known are kept and prove nothing ([`ApiEvidence::Unclear`]).

pub mod answer;
pub mod callback;
pub mod evidence;
pub mod exception;
pub mod json;
pub mod keys;
pub mod oauth;
pub mod payment;
pub mod status;
pub mod verify;
pub mod words;

pub use answer::{ErrorVerdict, InitiationAnswer, QueryAnswer, read_initiation, read_query};
pub use callback::{BankCallback, CallbackShape, read_callback};
pub use evidence::{ApiCase, ApiEvidence};
pub use exception::ApiException;
pub use json::ApiReadError;
pub use keys::{BankKeySet, P256SigningKey, RsaCheckingKey, RsaSigningKey};
pub use payment::{ApiPayment, ApiRules};
pub use status::{ApiStatus, SentApiPayment, StatusOrder};
pub use verify::{CallbackHeaders, CallbackVerifier, UnverifiedCallback};
pub use words::ApiPaymentType;

/// The first status of a payment that the bank has taken.
pub const RECEIVED: &str = "RECEIVED";
/// The status of a payment that the bank has done its part of; on most rails not the end.
pub const COMPLETED: &str = "COMPLETED";
/// The status of a payment that came back.
pub const RETURNED: &str = "RETURNED";
/// The name of ISO 20022's lists in the context of an exception.
pub const ISO_CODES: &str = "ISO20022";
