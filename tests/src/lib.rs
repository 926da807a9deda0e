//! What the end-to-end tests share: the checks of the tidy test.
pub mod tidy;
