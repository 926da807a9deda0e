//! The house that is measured: ledger and gifts in a child process, as `largesse serve` runs them.

use super::Fault;
use super::child::Child;
use money::BookName;
use std::path::Path;

/// Starts it with a key under `data_dir` and `book` in `database`.
pub(super) async fn start(data_dir: &Path, database: &str, book: &BookName) -> Result<Child, Fault> {
    let data_dir = data_dir.to_str().ok_or("the path of the data directory is not UTF-8")?;
    let arguments = [
        "serve",
        "--sandbox",
        "--services",
        "ledger,gift",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        data_dir,
        "--database",
        database,
        "--book",
    ];
    Child::start(&[&arguments[..], &[book.as_str()]].concat()).await
}
