//! Money that treasury moves between leaves by itself: moves, interest of positions, and what a bank booked, divided.
use crate::{
    domain::{
        PhysicalAccount, StandardLeaf,
        moves::{AllowedMove, AskedMove},
        terms::Pair,
    },
    store::NewMovement,
};
use chart::{Account, HouseId, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::{Currency, Money};
use uuid::Uuid;

/// A move between two leaves; between legal entities, also what one of them owes the other from now on, or no longer.
#[must_use]
pub fn leaf_move(id: Uuid, asked: &AskedMove, allowed: &AllowedMove) -> PostingDraft {
    let AllowedMove { giver, receiver, lent, repaid } = allowed;
    let (currency, amount) = (asked.currency, |units| money(asked.currency, units));
    PostingDraft::new(PostingKind::TreasuryLeafMove, id)
        .money(leaf(giver, &asked.from, currency), leaf(receiver, &asked.to, currency), amount(asked.amount))
        .money(due(Purpose::DueFrom, giver, receiver, currency), due(Purpose::DueTo, receiver, giver, currency), amount(*lent))
        .money(due(Purpose::DueTo, giver, receiver, currency), due(Purpose::DueFrom, receiver, giver, currency), amount(*repaid))
}

/// Interest that a borrower owes from now on, beside what it was lent.
#[must_use]
pub fn position_interest(id: Uuid, pair: &Pair, interest: i64) -> PostingDraft {
    let Pair { lender, borrower, currency } = pair;
    PostingDraft::new(PostingKind::TreasuryInterest, id).money(
        due(Purpose::DueFrom, lender, borrower, *currency),
        due(Purpose::DueTo, borrower, lender, *currency),
        money(*currency, interest),
    )
}

/// What one leaf gets of the leaf for fees and interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion<'a> {
    /// The legal entity of the leaf.
    pub entity: &'a str,
    /// The leaf.
    pub leaf: &'a str,
    /// In minor units; below zero: it pays them.
    pub amount: i64,
}

/// A part of an allocation: between the account's leaf for fees and interest and as many other leaves as one posting takes.
#[must_use]
pub fn allocation(id: Uuid, account: &PhysicalAccount, portions: &[Portion<'_>]) -> PostingDraft {
    let currency = account.currency;
    let fees_id = StandardLeaf::FeesAndInterest.id(&account.id);
    let fees = leaf(&account.entity, &fees_id, currency);
    portions.iter().fold(PostingDraft::new(PostingKind::TreasuryAllocation, id), |draft, Portion { entity, leaf: id, amount }| {
        let other = leaf(entity, id, currency);
        let money = Money::try_new(currency, amount.saturating_abs()).expect("a share of an amount is an amount");
        if *amount < 0 { draft.money(other, fees, money) } else { draft.money(fees, other, money) }
    })
}

/// What was decided and recorded, from nothing but that.
pub(crate) fn recorded(movement: &NewMovement) -> PostingDraft {
    let draft = PostingDraft::new(movement.kind, movement.posting_key).field("request_key", &movement.request_key);
    let draft = draft.happened_at(movement.effective_at_ms);
    movement.transfers.iter().fold(draft, |draft, transfer| {
        let account = |name| Account::parse(name).expect("recorded from the chart");
        let amount = money(transfer.currency, transfer.minor_units);
        let (debit, credit) = (account(transfer.debit.as_str()), account(transfer.credit.as_str()));
        match movement.kind {
            PostingKind::TreasuryReserve => draft.hold(debit, credit, amount),
            _ => draft.money(debit, credit, amount),
        }
    })
}

/// The account of what another entity owes an entity, where interest is counted from.
pub(crate) fn due_from(pair: &Pair) -> Account<'_> {
    due(Purpose::DueFrom, &pair.lender, &pair.borrower, pair.currency)
}

fn leaf<'a>(entity: &'a str, leaf: &'a str, currency: Currency) -> Account<'a> {
    Account::of_bank_account(house(entity), house(leaf), Purpose::VirtualAccount, currency)
}

fn due<'a>(purpose: Purpose, of: &'a str, counterparty: &'a str, currency: Currency) -> Account<'a> {
    // One entity owes itself nothing, and the chart has no name for that of `main`; the amount is nothing then.
    Account::of_bank_account(house(of), house(counterparty), purpose, currency)
}

fn house(id: &str) -> HouseId<'_> {
    HouseId::try_new(id).expect("the structure and the settings take nothing else as an id")
}

fn money(currency: Currency, minor_units: i64) -> Money {
    Money::try_new(currency, minor_units).expect("what a leaf has is an amount")
}

#[cfg(test)]
mod tests;
