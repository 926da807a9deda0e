//! Configuration in layers: one TOML file, the environment over it, flags over both, and a struct whose doc comments are the documentation.
//!
//! - [`keys`]: every option a struct has, read off its JSON schema: path, documentation, form, default.
//! - [`layers`]: which value was set where, and the struct they make; an error names file, line and key.
//! - [`template`]: the whole of it as a commented TOML file.
//! - [`secret`]: values that come from a file or the environment and are never printed.
//! - [`document`]: versioned lists, such as catalogues and rate cards.
//! - [`millis`] and [`seconds`]: durations as whole numbers, for keys that end in their unit.
pub mod document;
pub mod keys;
pub mod layers;
pub mod millis;
pub mod seconds;
pub mod secret;
pub mod template;

pub use keys::{SettingKey, SettingKind};
pub use layers::{Error, Layers, Origin, RetiredOption, SettingProblem};
pub use secret::Secret;
pub use template::template;
