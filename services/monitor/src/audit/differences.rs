//! How a row and a posting differ, in words.
use super::{
    ReadFault,
    claims::Claim,
    moves::{Moves, MovesFold},
};
use books::{
    domain::event::{Body, Transfer},
    store::{Book, Store},
};
use money::BookName;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The ledger's side of the comparison, and the moves of its postings.
#[derive(Clone, Copy)]
pub(super) struct Followed<'a> {
    pub store: &'a dyn Store,
    pub book: &'a Book,
    pub name: &'a BookName,
    /// The sequence number up to which the journal was followed.
    pub last_seq: i64,
    pub moves: &'a MovesFold,
}

/// The problem of a row that differs from the posting that it names.
pub(super) async fn differing(store: &dyn Store, book: &Book, claim: &Claim, id: Uuid, seq: i64) -> Result<String, ReadFault> {
    let posted = shown(store, book, id).await?;
    Ok(format!("{} says {}; event {seq}, posting {id}, which it names, is {posted}", claim.row, said(claim)))
}

/// What a row says was moved.
fn said(claim: &Claim) -> String {
    let moves: Vec<String> = claim.moves.iter().map(Moves::shown).collect();
    if moves.is_empty() { "nothing yet".to_owned() } else { moves.join(", or ") }
}

/// The problem of a row that names no posting of its own.
pub(super) fn lacking(claim: &Claim) -> String {
    match claim.id {
        Some(id) => format!("{} names posting {id}, which the ledger does not have, or another row names too", claim.row),
        None => format!("{} says {} and names no posting of its own", claim.row, said(claim)),
    }
}

/// What a posting moved, as shown to people.
async fn shown(store: &dyn Store, book: &Book, id: Uuid) -> Result<String, ReadFault> {
    let Some(event) = store.event_by_id(book.key, id).await? else { return Ok("no longer there".to_owned()) };
    let Body::Posting(posting) = &event.body else { return Ok("no posting".to_owned()) };
    if let Some(source) = posting.reverses {
        return Ok(format!("{} of posting {source}", posting.kind));
    }
    let keys: Vec<i64> = event.transfers.iter().flat_map(|one| [one.debit, one.credit]).collect();
    let accounts = store.accounts_by_key(book.key, &keys).await?;
    let names: BTreeMap<i64, String> = accounts.into_iter().map(|account| (account.key, account.name.to_string())).collect();
    let name = |key: &i64| names.get(key).cloned().unwrap_or_else(|| format!("account {key}"));
    let moved = |one: &Transfer| format!("{} from {} to {}", one.amount, name(&one.debit), name(&one.credit));
    let moved: Vec<String> = event.transfers.iter().map(moved).collect();
    Ok(format!("{} of {}", posting.kind, moved.join(", ")))
}
