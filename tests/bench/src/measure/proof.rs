//! Proves that every accepted gift is in the ledger, once: reads the stored book itself, after the server that wrote it was killed.

use crate::load::users::BenchUsers;
use books::{domain::chart::Unit, read, verify};
use db::Database;
use runtime::command::UntypedError;

/// The state of the stored book.
#[derive(Debug)]
pub(crate) struct BookProof {
    /// Gifts according to the trial balance.
    pub gifts: u64,
    /// The result of verifying the journal.
    pub verified: verify::VerifyReport,
}

impl BookProof {
    /// The problem, if there is one.
    pub fn problem(&self, accepted: u64) -> Option<String> {
        if let Some(problem) = &self.verified.problem {
            return Some(format!("event {}: {}", problem.seq, problem.what));
        }
        (self.gifts != accepted).then(|| format!("{accepted} gifts were accepted and the trial balance shows {}", self.gifts))
    }
}

pub(crate) async fn prove(database: &Database, users: &BenchUsers) -> Result<BookProof, UntypedError> {
    let store = books::store::open_store(database).await?;
    let books = store.books().await?;
    let book = books.iter().find(|book| book.name == users.book.as_str()).ok_or("the book is gone")?;
    let (lines, _) = read::trial_balance(&*store, book.key).await?;
    let redeemed = lines.get(&(Unit::Coin, chart::Account::CoinsRedeemed.name())).map_or(0, |line| line.credits_posted);
    let cost = i128::from(users.cost_coins());
    if redeemed % cost != 0 {
        return Err(format!("{redeemed} coins were redeemed, which no number of gifts at {cost} amounts to").into());
    }
    let verified = verify::verify(&*store, book).await?;
    Ok(BookProof { gifts: u64::try_from(redeemed / cost)?, verified })
}
