//! The only place that says which accounts treasury's own movements debit and credit.
use crate::domain::{
    moves::{AllowedMove, AskedMove},
    terms::Pair,
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
        .money(due(Purpose::DueFrom, (giver, receiver), currency), due(Purpose::DueTo, (receiver, giver), currency), amount(*lent))
        .money(due(Purpose::DueTo, (giver, receiver), currency), due(Purpose::DueFrom, (receiver, giver), currency), amount(*repaid))
}

/// Interest that a borrower owes from now on, beside what it was lent.
#[must_use]
pub fn position_interest(id: Uuid, pair: &Pair, interest: i64) -> PostingDraft {
    let Pair { lender, borrower, currency } = pair;
    PostingDraft::new(PostingKind::TreasuryInterest, id).money(
        due(Purpose::DueFrom, (lender, borrower), *currency),
        due(Purpose::DueTo, (borrower, lender), *currency),
        money(*currency, interest),
    )
}

/// The account of what another entity owes an entity, where interest is counted from.
pub(crate) fn due_from(pair: &Pair) -> Account<'_> {
    due(Purpose::DueFrom, (&pair.lender, &pair.borrower), pair.currency)
}

fn leaf<'a>(entity: &'a str, leaf: &'a str, currency: Currency) -> Account<'a> {
    Account::of_bank_account(house(entity), house(leaf), Purpose::VirtualAccount, currency)
}

fn due<'a>(purpose: Purpose, (of, counterparty): (&'a str, &'a str), currency: Currency) -> Account<'a> {
    // One entity owes itself nothing, and the chart has no name for that of `main`; the amount is nothing then.
    Account::of_bank_account(house(of), house(counterparty), purpose, currency)
}

fn house(id: &str) -> HouseId<'_> {
    HouseId::try_new(id).expect("the structure and the settings take nothing else as an id")
}

fn money(currency: Currency, minor_units: i64) -> Money {
    Money::try_new(currency, minor_units).expect("what a leaf has is an amount")
}
