//! What a payout of an app's book reserves on a leaf: held, then in transit, then paid, given back, or blocked until a licence frees it.
use super::{FundsUse, LeafSums, Node, PhysicalAccount, StandardLeaf, Structure, claim::house_account, moves::BookView};
use chart::Purpose;
use money::{BookName, Money};
use uuid::Uuid;

money::named! {
    /// How far a reservation is. The states in between are left as soon as their postings are in the ledger.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum LeafReservationState {
        /// The money is held on the leaf.
        Reserved = "reserved",
        /// The app's book has the intent; the money is being moved into transit.
        Submitting = "submitting",
        /// It is in transit.
        InTransit = "in_transit",
        /// The bank paid; the twin of that takes it out of transit.
        Settled = "settled",
        /// Given up before it was submitted; the hold is being released.
        Voiding = "voiding",
        /// Given up in transit; the money is being moved back to the leaf.
        Returning = "returning",
        /// The leaf has it back.
        Released = "released",
        /// Its payee is on a sanctions list; the money is being moved from transit to what is blocked.
        Blocking = "blocking",
        /// It is blocked.
        Blocked = "blocked",
        /// A licence frees it; the money is being moved back to the leaf.
        Unblocking = "unblocking",
    }
}

impl LeafReservationState {
    /// Whether the payout may still take the money.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Reserved | Self::Submitting | Self::InTransit)
    }

    /// What comes next of a reservation that pays nobody. What the leaf has back, or gets back, stays there.
    #[must_use]
    pub const fn given_up(self, to: GivenUpTo) -> GivingUpStep {
        match (self, to) {
            (Self::Settled | Self::Released, _) | (Self::Blocked, GivenUpTo::Blocked) => GivingUpStep::Over,
            (Self::Submitting | Self::Voiding | Self::Returning | Self::Blocking | Self::Unblocking, _) => GivingUpStep::Posts,
            (Self::Reserved, GivenUpTo::Leaf) => GivingUpStep::Enters(Self::Voiding),
            (Self::InTransit, GivenUpTo::Leaf) => GivingUpStep::Enters(Self::Returning),
            (Self::Blocked, GivenUpTo::Leaf) => GivingUpStep::Enters(Self::Unblocking),
            // It is submitted before it is blocked, so that the app's book has the amount in transit, too.
            (Self::Reserved, GivenUpTo::Blocked) => GivingUpStep::Enters(Self::Submitting),
            (Self::InTransit, GivenUpTo::Blocked) => GivingUpStep::Enters(Self::Blocking),
        }
    }
}

/// A reservation as the payout service asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedReservation {
    /// The app's book.
    pub app: BookName,
    /// Its id.
    pub reservation_id: Uuid,
    /// The payout.
    pub payout_id: Uuid,
    /// The legal entity that pays.
    pub entity: String,
    /// The bank account that pays.
    pub bank_account: String,
    /// What leaves it.
    pub amount: Money,
    /// The posting that submits the payout.
    pub intent: Uuid,
}

/// A reservation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafReservation {
    /// What was asked for; of one that was given up before, without bank account, and with an amount of nothing.
    pub asked: AskedReservation,
    /// The physical account that pays.
    pub account: String,
    /// Its legal entity.
    pub account_entity: String,
    /// The leaf that pays.
    pub leaf: String,
    /// Its legal entity.
    pub leaf_entity: String,
    /// The request id of the hold.
    pub hold_key: Uuid,
    /// How far it is.
    pub state: LeafReservationState,
    /// Until when the intent is waited for, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// When the state was entered, in Unix milliseconds.
    pub changed_at_ms: i64,
    /// How often the ledger refused the state's postings.
    pub tries: i64,
    /// The posting of the app's book that settled the payout.
    pub settled_by: Option<Uuid>,
    /// Whether the money goes back to the account's leaf for what nobody knows where to put, because the leaf that paid is closed.
    pub back_on_unallocated: bool,
}

impl LeafReservation {
    /// The leaf that has the money back, or gets it back, and its legal entity.
    #[must_use]
    pub fn back_on(&self) -> (&str, String) {
        match self.back_on_unallocated {
            true => (&self.account_entity, StandardLeaf::Unallocated.id(&self.account)),
            false => (&self.leaf_entity, self.leaf.clone()),
        }
    }
}

/// What becomes of the money of a reservation that pays nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenUpTo {
    /// The leaf has it back.
    Leaf,
    /// It is blocked by law.
    Blocked,
}

/// What comes next of a reservation that pays nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivingUpStep {
    /// Nothing.
    Over,
    /// It enters this state.
    Enters(LeafReservationState),
    /// The postings of its state are made, and it is left.
    Posts,
}

/// The rules of a reservation, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationRule {
    /// Blocked money pays nobody, and clients' money nobody whom another legal entity owes.
    Funds,
    /// The leaf has that much that is not held.
    LeafAvailable,
    /// The physical account has that much that is not on its way out.
    PhysicalAvailable,
}

impl ReservationRule {
    /// The spelling in refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Funds => "funds",
            Self::LeafAvailable => "leaf_available",
            Self::PhysicalAvailable => "physical_available",
        }
    }
}

/// Why nothing is reserved: the rule, what breaks it, and what is wrong.
pub type ReservationRefusal = (ReservationRule, String, String);

impl AskedReservation {
    /// The fields in which it differs from another one with its id; the intent may differ.
    #[must_use]
    pub fn differing(&self, before: &Self) -> Vec<String> {
        let fields = [
            ("payout_id", self.payout_id == before.payout_id),
            ("entity", self.entity == before.entity),
            ("bank_account", self.bank_account == before.bank_account),
            ("amount", self.amount == before.amount),
        ];
        fields.into_iter().filter(|(_, same)| !same).map(|(name, _)| name.to_owned()).collect()
    }
}

impl Structure {
    /// The physical account that a bank account of an app's book stands for.
    #[must_use]
    pub fn physical_of(&self, asked: &AskedReservation) -> Option<&PhysicalAccount> {
        let currency = asked.amount.currency();
        let of = |account: &&PhysicalAccount| account.currency == currency && account.entity == asked.entity;
        let named = |account: &PhysicalAccount| {
            let own = house_account(&asked.entity, &asked.bank_account, Purpose::BankCash, account).map(|own| own.name());
            own.is_some_and(|own| super::claim::claim_names(account).contains(&own))
        };
        self.accounts.values().filter(of).find(|account| named(account))
    }

    /// The leaf of a physical account for what is blocked by law; `None`: another leaf has its id, or the account is unknown.
    #[must_use]
    pub fn blocked_leaf(&self, account: &str) -> Option<&Node> {
        self.nodes.get(&StandardLeaf::Blocked.id(account)).filter(|node| node.standard() == Some(StandardLeaf::Blocked))
    }

    /// The leaf of a physical account for what is instructed and not booked by the bank.
    #[must_use]
    pub fn in_transit_leaf(&self, account: &str) -> Option<&Node> {
        self.nodes.get(&StandardLeaf::InTransit.id(account))
    }
}

/// Whether a leaf may pay that much, and has it, at the bank as well.
pub fn check(
    structure: &Structure,
    view: &BookView,
    minimum: i64,
    account: &PhysicalAccount,
    leaf: &Node,
    amount: i64,
) -> Result<(), ReservationRefusal> {
    let refused = |rule, id: &str, why: String| Err((rule, id.to_owned(), why));
    let class = leaf.leaf().map(|leaf| leaf.funds);
    let on_behalf = leaf.entity != account.entity;
    if class.is_none_or(|class| class == super::FundsClass::Blocked || (on_behalf && !class.permits(FundsUse::OnBehalfOf))) {
        let why = "holds funds that may not pay this; give the claims of this app another leaf".to_owned();
        return refused(ReservationRule::Funds, &leaf.id, why);
    }
    let LeafSums { booked, pending_debits, .. } = view.leaves.get(&leaf.id).copied().unwrap_or_default();
    let free = i128::from(booked) - i128::from(pending_debits) - i128::from(minimum);
    if free < i128::from(amount) {
        let why = format!(
            "has {free} minor units for payouts (booked {booked}, held {pending_debits}, minimum {minimum}), and {amount} are needed"
        );
        return refused(ReservationRule::LeafAvailable, &leaf.id, why);
    }
    let at_bank = i128::from(view.at_bank(structure, &account.id));
    if at_bank < i128::from(amount) {
        let why = format!("has {at_bank} minor units at the bank that are not on their way out, and {amount} are needed; fund it first");
        return refused(ReservationRule::PhysicalAvailable, &account.id, why);
    }
    Ok(())
}
