//! The only place that says which accounts a conversion debits and credits.
use crate::domain::{Acceptance, Quote};
use chart::{Account, GuardKey, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::{BookName, UserKey, time::rfc3339};
use uuid::Uuid;

/// A conversion, exactly as quoted, once: diamonds are taken out of circulation, their cost is recognised now, and the accrued amount goes to the
/// creator, the tax office and us.
#[must_use]
pub fn conversion(book: &BookName, quote: &Quote, acceptance: &Acceptance) -> PostingDraft {
    let amounts = quote.amounts;
    let currency = amounts.gross.currency();
    let house = |purpose| Account::house(purpose, currency);
    let accrued = house(Purpose::AccruedCreatorLiability);
    draft(book, &quote.user, acceptance, quote.id)
        .diamonds(Account::creator_diamonds(&quote.user), Account::DiamondsRedeemed, quote.diamonds)
        .money(house(Purpose::CreatorCost), accrued, amounts.gross)
        .money(accrued, Account::creator_payable(&quote.user, currency), amounts.net)
        .money(accrued, house(Purpose::WithholdingPayable), amounts.withholding)
        .money(accrued, house(Purpose::FeeIncome), amounts.fee)
        .once(GuardKey::quote(quote.id))
}

/// Moves nothing: the quote expired before it was accepted. Kept under the id, so that an id that was accepted in time keeps that answer.
#[must_use]
pub fn expired(book: &BookName, quote: &Quote, acceptance: &Acceptance) -> PostingDraft {
    let detail = format!("expire_time={}", rfc3339(quote.expire_time));
    draft(book, &quote.user, acceptance, quote.id).refuse("QUOTE_EXPIRED", detail)
}

/// Moves nothing: there is no such quote for `user`. An id that accepted another quote keeps its answer.
#[must_use]
pub fn unknown(book: &BookName, user: &UserKey, acceptance: &Acceptance, quote_id: Uuid) -> PostingDraft {
    draft(book, user, acceptance, quote_id).refuse("QUOTE_UNKNOWN", String::new())
}

/// A draft with the fields that the creator sent.
fn draft(book: &BookName, user: &UserKey, acceptance: &Acceptance, quote_id: Uuid) -> PostingDraft {
    let id = chart::id::conversion(acceptance.request_id, book, user.as_str());
    let draft = PostingDraft::new(PostingKind::Conversion, id).field("quote_id", quote_id.hyphenated());
    if acceptance.user_named.is_empty() { draft } else { draft.field("user_id", &acceptance.user_named) }
}

#[cfg(test)]
mod tests;
