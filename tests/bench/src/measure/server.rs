//! The server that is measured: ledger and gifts, and for payouts also these and the pretend bank, in a child process, as `largesse serve` runs them.

use super::child::ServerProcess;
use money::BookName;
use runtime::command::UntypedError;
use std::path::{Path, PathBuf};

/// The services of gifts.
pub(crate) const GIFTS: &str = "ledger,gift";
/// The services of payouts, beside gifts.
pub(crate) const PAYOUTS: &str = "ledger,gift,payout,sandbox";

/// The services of gifts, and what shows them.
pub(crate) const VIEWED: &str = "ledger,gift,support,monitor";

/// All services whose things can be found.
pub(crate) const FOUND: &str = "ledger,gift,purchase,earnings,payout,treasury,support,monitor,sandbox";

/// The services of gifts, and those that stores and banks call.
pub(crate) const CALLED: &str = "ledger,gift,purchase,payout,sandbox";

/// Starts these services with a key under `data_dir` and `book` in `database`, and with further settings (`KEY=VALUE`).
pub(crate) async fn start(
    (data_dir, services): (&Path, &str),
    database: &str,
    book: &BookName,
    settings: &[String],
) -> Result<ServerProcess, UntypedError> {
    let data_dir = data_dir.to_str().ok_or("the path of the data directory is not UTF-8")?;
    let mut arguments = vec![
        "serve",
        "--sandbox",
        "--services",
        services,
        "--listen",
        "127.0.0.1:0",
        "--bank-listen",
        "127.0.0.1:0",
        "--store-listen",
        "127.0.0.1:0",
        "--login-listen",
        "127.0.0.1:0",
        "--data-dir",
        data_dir,
        "--database",
        database,
        "--book",
        book.as_str(),
    ];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    ServerProcess::start(&largesse()?, &arguments).await
}

/// The production binary, beside this one.
fn largesse() -> Result<PathBuf, UntypedError> {
    let binary = std::env::current_exe()?.with_file_name("largesse");
    match binary.is_file() {
        true => Ok(binary),
        false => Err(format!("{} does not exist: build it with `cargo build --release -p largesse`", binary.display()).into()),
    }
}
