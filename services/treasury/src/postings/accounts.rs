//! Old bank accounts that are migrated, and receipts.
use crate::domain::{
    migration::{OldAccount, OldMove},
    receipt::BankReceipt,
};
use chart::{Account, HouseId, PostingKind, Purpose, id};
use ledger_client::PostingDraft;
use money::{BookName, Currency, Money};

#[cfg(test)]
mod tests;

/// The opening balance of an old account: its money at its bank, and a single leaf of the same id that says whose it is.
#[must_use]
pub fn opening(book: &BookName, account: &OldAccount, amount: Money, begun_at_ms: i64) -> PostingDraft {
    let place = Place { entity: &account.entity, id: &account.id, currency: account.currency };
    PostingDraft::new(PostingKind::TreasuryMigration, id::migration_opening(book, &account.id, begun_at_ms))
        .money(place.cash(), place.leaf(), amount)
        .field("account", &account.id)
        .field("statement", &account.statement)
}

/// What was in an old account arrived at the physical account of its leaf: both change in one posting, so that each one's leaves are its cash at every moment.
#[must_use]
pub fn arrival(book: &BookName, moved: &OldMove) -> PostingDraft {
    let OldMove { request_id, account_id, entity, amount, leaf, cash_account, cash_entity, .. } = moved;
    let currency = amount.currency();
    let old = Place { entity, id: account_id, currency };
    let (leaf, cash) = (Place { entity, id: leaf, currency }, Place { entity: cash_entity, id: cash_account, currency });
    PostingDraft::new(PostingKind::TreasuryMove, id::old_balance_move(*request_id, book, account_id))
        .money(old.leaf(), old.cash(), *amount)
        .money(cash.cash(), leaf.leaf(), *amount)
        .field("account", account_id)
}

/// What came to a physical account, or to an old one.
#[must_use]
pub fn receipt(book: &BookName, receipt: &BankReceipt) -> PostingDraft {
    let currency = receipt.amount.currency();
    let cash = Place { entity: &receipt.cash_entity, id: &receipt.account, currency };
    let leaf = Place { entity: &receipt.leaf_entity, id: &receipt.booked_on, currency };
    PostingDraft::new(PostingKind::TreasuryReceipt, id::bank_receipt(receipt.receipt_id, book))
        .money(cash.cash(), leaf.leaf(), receipt.amount)
        .field("receipt_id", receipt.receipt_id)
}

/// A physical account or a leaf, as its ledger account names it.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    entity: &'a str,
    id: &'a str,
    currency: Currency,
}

impl<'a> Place<'a> {
    fn cash(self) -> Account<'a> {
        self.account(Purpose::PhysicalCash)
    }

    fn leaf(self) -> Account<'a> {
        self.account(Purpose::VirtualAccount)
    }

    fn account(self, purpose: Purpose) -> Account<'a> {
        let id = |text| HouseId::try_new(text).expect("ids were checked before they were stored");
        Account::of_bank_account(id(self.entity), id(self.id), purpose, self.currency)
    }
}
