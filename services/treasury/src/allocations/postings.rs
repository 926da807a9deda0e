//! The only place that says which accounts an allocation debits and credits.
use crate::domain::{PhysicalAccount, StandardLeaf};
use chart::{Account, HouseId, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::{Currency, Money};
use uuid::Uuid;

/// What one leaf gets of the leaf for fees and interest, or pays into it where the amount is below zero: entity, leaf, amount.
pub type Portion<'a> = (&'a str, &'a str, i64);

/// A part of an allocation: between the account's leaf for fees and interest and as many other leaves as one posting takes.
#[must_use]
pub fn allocation(id: Uuid, account: &PhysicalAccount, portions: &[Portion<'_>]) -> PostingDraft {
    let currency = account.currency;
    let fees_id = StandardLeaf::FeesAndInterest.id(&account.id);
    let fees = leaf(&account.entity, &fees_id, currency);
    portions.iter().fold(PostingDraft::new(PostingKind::TreasuryAllocation, id), |draft, (entity, id, amount)| {
        let other = leaf(entity, id, currency);
        let money = Money::try_new(currency, amount.saturating_abs()).expect("a share of an amount is an amount");
        if *amount < 0 { draft.money(other, fees, money) } else { draft.money(fees, other, money) }
    })
}

fn leaf<'a>(entity: &'a str, leaf: &'a str, currency: Currency) -> Account<'a> {
    let house = |id| HouseId::try_new(id).expect("the structure takes nothing else as an id");
    Account::of_bank_account(house(entity), house(leaf), Purpose::VirtualAccount, currency)
}
