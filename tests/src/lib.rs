//! What the end-to-end tests share: the checks of the tidy test, and the targets of the fuzz test.
pub mod fuzz;
pub mod tidy;
