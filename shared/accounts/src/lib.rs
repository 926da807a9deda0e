//! Bank accounts and payment addresses that payouts go to: parsed, checked, normalised, masked. Pure and synchronous; no lists of banks.
//!
//! - [`address`]: [`PayoutAddress`], one variant per kind: the only way in and out of texts.
//! - [`AccountType`]: what sort of account at a bank it is.
//! - [`fields`]: the fields of addresses and everything that is wrong with given ones.
//! - [`iban`], [`us`], [`uk`], [`domestic`]: accounts at banks.
//! - [`alias`]: telephone numbers, e-mail addresses, tax ids and other names for accounts.
//! - [`modulus`]: the UK modulus check over a table that the operator loads.
//! - [`check_digits`]: the algorithms of check digits, on compact texts.
//! - [`rules`]: what is dated configuration: lengths, telephone plans, the UK table.
//! - [`rails`]: what each rail needs. [`holder`]: names and postal addresses of holders, with dated limits per rail.
//! - [`kana`]: names in the characters that Japanese banks exchange.
//! - [`countries`]: ISO 3166 codes, and those that SEPA reaches.
//! - [`hidden`]: texts that `Debug` never prints.
//!
//! A check passes what is well formed. Whether the account exists and whose it is, only its bank can say.

mod account_type;
pub mod address;
pub mod alias;
pub mod check_digits;
pub mod countries;
pub mod domestic;
pub mod fields;
pub mod hidden;
pub mod holder;
pub mod iban;
pub mod kana;
pub mod modulus;
pub mod rails;
pub mod rules;
pub mod uk;
pub mod us;

pub use account_type::AccountType;
pub use address::{PayoutAddress, kinds::AddressKind};
pub use alias::{Alias, AliasType};
pub use fields::{AddressField, FieldFault, FieldFaults};
pub use hidden::HiddenText;
pub use modulus::ModulusTable;
pub use rules::AddressRules;
