//! The proof as its answer.
use crate::domain::{
    node::is_id,
    proof::{BooksProof, ClaimProof, CoverProof, OneSidedPosting, PhysicalProof, TimingCause},
};
use api::treasury::{
    BookPosition, ClaimProof as ClaimMessage, CoverProof as CoverMessage, PhysicalProof as PhysicalMessage, ProveBooksRequest,
    ProveBooksResponse, TimingCause as CauseMessage, TimingItem as ItemMessage,
};
use money::BookName;
use tonic::Status;

/// The one physical account that a request asks for; empty: all.
pub fn physical_account(request: &ProveBooksRequest) -> Result<&str, Status> {
    match request.physical_account.as_str() {
        account if account.is_empty() || is_id(account) => Ok(account),
        _ => Err(rpc::malformed("physical_account", "must have 1 to 32 of the characters a to z, 0 to 9 and -")),
    }
}

/// A proof, and the time now, in Unix milliseconds.
#[must_use]
pub fn proof(proof: BooksProof, book: &BookName, now_ms: i64) -> ProveBooksResponse {
    let problems = proof.problems();
    let position = |book: &BookName, seq: i64| BookPosition { book: book.to_string(), seq };
    ProveBooksResponse {
        ok: problems.is_empty(),
        treasury: Some(position(book, proof.treasury_seq)),
        apps: proof.apps.iter().map(|(book, seq)| position(book, *seq)).collect(),
        physical_accounts: proof.physical.iter().map(physical).collect(),
        claims: proof.claims.iter().map(claim).collect(),
        covers: proof.covers.iter().map(cover).collect(),
        items: proof.items.into_iter().map(|one| item(one, now_ms)).collect(),
        more_items: proof.more_items,
        problems,
    }
}

fn physical(proof: &PhysicalProof) -> PhysicalMessage {
    PhysicalMessage {
        physical_account: proof.id.clone(),
        currency_code: proof.currency.code().to_owned(),
        leaves_minor_units: proof.leaves,
        cash_minor_units: proof.cash,
        between_accounts_minor_units: proof.between,
        ok: proof.problem().is_none(),
    }
}

fn claim(proof: &ClaimProof) -> ClaimMessage {
    ClaimMessage {
        app_book: proof.app.to_string(),
        account: proof.account.clone(),
        physical_account: proof.physical.clone().unwrap_or_default(),
        currency_code: proof.currency.code().to_owned(),
        leaf: proof.leaf.clone().unwrap_or_default(),
        claimed_minor_units: proof.claimed,
        twins_minor_units: proof.twins,
        twin_seq: proof.twin_seq,
        items_minor_units: proof.items(),
        ok: proof.problem().is_none(),
    }
}

fn cover(proof: &CoverProof) -> CoverMessage {
    CoverMessage {
        leaf: proof.leaf.clone(),
        currency_code: proof.currency.code().to_owned(),
        booked_minor_units: proof.booked,
        covered_minor_units: proof.covered,
        items_minor_units: proof.others,
        ok: proof.problem().is_none(),
    }
}

fn item(item: OneSidedPosting, now_ms: i64) -> ItemMessage {
    let cause = match item.cause {
        TimingCause::TwinMissing => CauseMessage::TwinMissing,
        TimingCause::NoPhysicalAccount => CauseMessage::NoPhysicalAccount,
        TimingCause::TreasuryOnly => CauseMessage::TreasuryOnly,
    };
    ItemMessage {
        cause: cause.into(),
        book: item.book.to_string(),
        account: item.account,
        posting_id: item.posting.hyphenated().to_string(),
        seq: item.seq,
        kind: item.kind,
        currency_code: item.currency.code().to_owned(),
        amount_minor_units: item.amount,
        commit_time: Some(rpc::wire::timestamp_ms(item.booked_ms)),
        age_s: now_ms.saturating_sub(item.booked_ms).max(0) / 1_000,
        owner: item.cause.owner().to_owned(),
    }
}
