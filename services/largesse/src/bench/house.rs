//! The house that is measured: ledger and gifts in a child process, as `largesse serve` runs them.

use super::Fault;
use super::child::Child;
use money::BookName;
use std::path::Path;

/// Starts it with a key under `data_dir` and `book` in `database`. `cache_mib`: what its cache of the
/// book's accounts may take, if not what it takes by itself.
pub(super) async fn start(data_dir: &Path, database: &str, book: &BookName, cache_mib: Option<u32>) -> Result<Child, Fault> {
    let data_dir = data_dir.to_str().ok_or("the path of the data directory is not UTF-8")?;
    let mut arguments = vec![
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
        book.as_str(),
    ];
    let cache_mib = cache_mib.map(|mib| mib.to_string());
    if let Some(mib) = &cache_mib {
        arguments.extend(["--ledger-cache-mib", mib]);
    }
    Child::start(&arguments).await
}
