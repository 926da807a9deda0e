//! Receipts: which leaf the money that came belongs to, and what was announced.
use super::{
    LeafState, NumberForm, Registration, StandardLeaf, Structure, migration::ImportedAccount, migration::OldState,
    migration::planned_at_ms, number,
};
use jiff::civil::Date;
use money::{Currency, Money};
use std::collections::BTreeMap;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Characters of a payer's reference that are kept, as on a card's receipt: enough to find who pays to an old number in the bank's own statement.
const PAYER_CHARS_KEPT: usize = 4;

/// What a caller says came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The receipt's id.
    pub receipt_id: Uuid,
    /// The physical account, or old account, where the bank booked it.
    pub account: String,
    /// The number that the payer used, without blanks.
    pub number: String,
    /// What came.
    pub amount: Money,
    /// Its value date.
    pub value_date: Date,
    /// Who paid, masked.
    pub payer: String,
    /// The bank's reference.
    pub bank_reference: String,
}

money::named! {
    /// Why a receipt is on its leaf.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Allocation {
        /// The leaf has the number.
        Number = "number",
        /// The number is of an old account, whose leaf this is.
        OldNumber = "old_number",
        /// It is at the old account itself.
        OldAccount = "old_account",
        /// The number or its leaf is closed.
        ClosedNumber = "closed_number",
        /// No leaf of the account has the number.
        UnknownNumber = "unknown_number",
    }
}

/// A receipt with its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankReceipt {
    /// Its id.
    pub receipt_id: Uuid,
    /// Where the bank booked it.
    pub account: String,
    /// The legal entity of that account.
    pub cash_entity: String,
    /// The ledger's leaf that has the money: of an old account its single one.
    pub booked_on: String,
    /// The legal entity of that leaf.
    pub leaf_entity: String,
    /// The leaf of the structure that has the money, or will have it.
    pub leaf: String,
    /// Why it is there.
    pub allocation: Allocation,
    /// The old account whose number it used; empty for none.
    pub old_account: String,
    /// The number that the payer used.
    pub number: String,
    /// What came.
    pub amount: Money,
    /// Its value date.
    pub value_date: Date,
    /// Who paid, masked.
    pub payer: String,
    /// The bank's reference.
    pub bank_reference: String,
    /// What had announced it; empty: nothing had.
    pub expected_id: String,
    /// Whether it is posted.
    pub is_booked: bool,
    /// When it was decided, in Unix milliseconds; 0: a program did that records no time.
    pub decided_at_ms: i64,
}

/// What a caller announces. Its currency is the leaf's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The caller's id.
    pub expected_id: String,
    /// The leaf.
    pub leaf: String,
    /// The least that counts, in minor units.
    pub min: i64,
    /// The most that counts.
    pub max: i64,
    /// First value date that counts.
    pub from: Date,
    /// Last value date that counts.
    pub until: Date,
    /// What announces it.
    pub source: String,
}

/// A receipt that should come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The caller's id.
    pub expected_id: String,
    /// The leaf.
    pub leaf: String,
    /// The leaf's currency.
    pub currency: Currency,
    /// The least that counts, in minor units.
    pub min: i64,
    /// The most that counts.
    pub max: i64,
    /// First value date that counts.
    pub from: Date,
    /// Last value date that counts.
    pub until: Date,
    /// What announced it.
    pub source: String,
    /// The receipt that came; empty: none has.
    pub receipt_id: String,
}

/// Why a receipt can't be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unbookable {
    /// There is no such account.
    Account,
    /// The account has this other currency.
    Currency(Currency),
}

impl BankReceipt {
    /// When the id of its posting was made, in Unix milliseconds: the caller's own time, unless that is later than the decision.
    #[must_use]
    pub fn planned_at_ms(&self) -> i64 {
        planned_at_ms(self.receipt_id, self.decided_at_ms)
    }

    /// The fields in which a retry differs from what is recorded.
    #[must_use]
    pub fn differs_from(&self, incoming: &Incoming) -> Vec<String> {
        let Incoming { receipt_id: _, account, number, amount, value_date, payer, bank_reference } = incoming;
        let fields = [
            ("account", self.account == *account),
            ("number", self.number == *number),
            ("amount", self.amount == *amount),
            ("value_date", self.value_date == *value_date),
            ("payer_reference", self.payer == *payer),
            ("bank_reference", self.bank_reference == *bank_reference),
        ];
        fields.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()).collect()
    }
}

impl Expected {
    /// What was announced, on a leaf with this currency.
    #[must_use]
    pub fn of(announced: Announced, currency: Currency) -> Self {
        let Announced { expected_id, leaf, min, max, from, until, source } = announced;
        Self { expected_id, leaf, currency, min, max, from, until, source, receipt_id: String::new() }
    }

    /// Whether a receipt on its leaf is the one that was announced.
    #[must_use]
    pub fn fits(&self, receipt: &BankReceipt) -> bool {
        let (amount, day) = (receipt.amount, receipt.value_date);
        let in_range = (self.min..=self.max).contains(&amount.minor_units()) && (self.from..=self.until).contains(&day);
        self.leaf == receipt.leaf && self.currency == amount.currency() && in_range
    }
}

/// The last four characters of what a bank wrote of a payer; of a short text none.
#[must_use]
pub fn masked(payer: &str) -> String {
    let letters: Vec<char> = payer.trim().chars().collect();
    match letters.len() {
        0 => String::new(),
        size if size < 2 * PAYER_CHARS_KEPT => "…".to_owned(),
        size => std::iter::once('…').chain(letters[size - PAYER_CHARS_KEPT..].iter().copied()).collect(),
    }
}

/// Which leaf gets it.
pub fn allocate(structure: &Structure, old: &BTreeMap<String, ImportedAccount>, incoming: &Incoming) -> Result<BankReceipt, Unbookable> {
    if let Some(one) = old.get(&incoming.account).filter(|one| one.state != OldState::Planned) {
        if one.account.currency != incoming.amount.currency() {
            return Err(Unbookable::Currency(one.account.currency));
        }
        let account = &one.account;
        let to = ReceiptLeaf { allocation: Allocation::OldAccount, leaf: &account.leaf, old_account: &account.id };
        return Ok(booked(incoming, to, &account.entity, &account.id, &account.entity));
    }
    let root = structure.accounts.get(&incoming.account).ok_or(Unbookable::Account)?;
    if root.currency != incoming.amount.currency() {
        return Err(Unbookable::Currency(root.currency));
    }
    let unallocated = StandardLeaf::Unallocated.id(&root.id);
    let found = find(structure, old, incoming);
    let to = found.unwrap_or(ReceiptLeaf { allocation: Allocation::UnknownNumber, leaf: "", old_account: "" });
    let kept = matches!(to.allocation, Allocation::ClosedNumber | Allocation::UnknownNumber);
    let leaf = if kept { unallocated.as_str() } else { to.leaf };
    let entity = structure.nodes.get(leaf).map_or(root.entity.as_str(), |node| node.entity.as_str());
    Ok(booked(incoming, ReceiptLeaf { leaf, ..to }, &root.entity, leaf, entity))
}

/// A leaf, and why it is that.
#[derive(Debug, Clone, Copy)]
struct ReceiptLeaf<'a> {
    allocation: Allocation,
    leaf: &'a str,
    old_account: &'a str,
}

fn booked(incoming: &Incoming, to: ReceiptLeaf<'_>, cash_entity: &str, booked_on: &str, leaf_entity: &str) -> BankReceipt {
    let Incoming { receipt_id, account, number, amount, value_date, payer, bank_reference } = incoming.clone();
    BankReceipt {
        receipt_id,
        account,
        cash_entity: cash_entity.to_owned(),
        booked_on: booked_on.to_owned(),
        leaf_entity: leaf_entity.to_owned(),
        leaf: to.leaf.to_owned(),
        allocation: to.allocation,
        old_account: to.old_account.to_owned(),
        number,
        amount,
        value_date,
        payer,
        bank_reference,
        expected_id: String::new(),
        is_booked: false,
        decided_at_ms: 0,
    }
}

/// The leaf of this physical account that the number names: one that is registered first, then an old account's.
fn find<'a>(structure: &'a Structure, old: &'a BTreeMap<String, ImportedAccount>, incoming: &Incoming) -> Option<ReceiptLeaf<'a>> {
    if incoming.number.is_empty() {
        return None;
    }
    let is_here = |leaf: &str| structure.root(leaf).is_some_and(|root| root.id == incoming.account);
    let takes = |leaf: &str| {
        let state = structure.nodes.get(leaf).and_then(|node| node.leaf()).map(|leaf| leaf.state);
        matches!(state, Some(LeafState::Open | LeafState::PendingClose))
    };
    if let Some(registration) = registered(structure, &incoming.number).filter(|registration| is_here(&registration.leaf)) {
        let day = incoming.value_date;
        let is_used = registration.from <= day && registration.until.is_none_or(|until| until >= day);
        let allocation = if is_used && takes(&registration.leaf) { Allocation::Number } else { Allocation::ClosedNumber };
        return Some(ReceiptLeaf { allocation, leaf: &registration.leaf, old_account: "" });
    }
    let same = |one: &&ImportedAccount| one.account.number.replace(' ', "") == incoming.number && is_here(&one.account.leaf);
    let account = old.values().find(same)?;
    let is_used = account.state != OldState::Closed && takes(&account.account.leaf);
    let allocation = if is_used { Allocation::OldNumber } else { Allocation::ClosedNumber };
    Some(ReceiptLeaf { allocation, leaf: &account.account.leaf, old_account: &account.account.id })
}

/// The registration of a number: its own, or a dynamic one whose segments it begins with.
fn registered<'a>(structure: &'a Structure, number: &str) -> Option<&'a Registration> {
    if let Some(registration) = structure.numbers.get(number).filter(|registration| registration.form != NumberForm::Dynamic) {
        return Some(registration);
    }
    if !number::is_checked(number) {
        return None;
    }
    let cuts = number.rmatch_indices('-').map(|(at, _)| &number[..at]);
    let dynamic = |segments: &str| structure.numbers.get(segments).filter(|registration| registration.form == NumberForm::Dynamic);
    cuts.into_iter().find_map(dynamic)
}
