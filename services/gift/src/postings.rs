//! The only place that says which accounts a gift debits and credits.
use crate::domain::{Charge, Price, Sending};
use api::ledger::RequestField;
use chart::{Account, Owner, PostingKind};
use ledger_client::PostingDraft;
use money::{BookName, RequestId};

/// A gift: coins of the viewer are spent, and diamonds are issued to the creator; in a streak, for each tap not charged yet. `fields` are compared on a
/// retry, as sent; `charge` is the decision of this attempt. A gift that can't be sent moves nothing, and its refusal is kept.
#[must_use]
pub fn gift(book: &BookName, id: RequestId, fields: Vec<RequestField>, sending: &Sending<'_>, charge: Charge) -> PostingDraft {
    let id = chart::id::gift(id.uuid(), book, sending.sender);
    let post = PostingDraft::new(PostingKind::Gift, id).fields(fields);
    match charge {
        Charge::Once(price) => transfers(post, sending, price),
        Charge::PerTap { price, guard, advance_to } => transfers(post, sending, price).advance(guard, advance_to),
        Charge::End { guard, cap_at } => post.cap(guard, cap_at),
        Charge::Refuse(refusal) => post.refuse(refusal.reason(), format!("gift_id={}", sending.gift_id)),
    }
}

fn transfers(post: PostingDraft, sending: &Sending<'_>, price: Price) -> PostingDraft {
    let owner = |user| Owner::try_new(user).expect("checked when the gift was read");
    post.coins(Account::ViewerCoins(owner(sending.sender)), Account::CoinsRedeemed, price.coins).diamonds(
        Account::DiamondsIssued,
        Account::CreatorDiamonds(owner(sending.creator)),
        price.diamonds,
    )
}

#[cfg(test)]
mod tests;
