//! Accounts and their names. A name says its owner, unit and whether the account may go below zero.
//!
//! - `house`: the company's own accounts in money: what they are for, whose, and at which bank.
pub(crate) mod house;

pub use house::{HouseAccount, HouseId, Purpose, UNALLOCATED};

use crate::{AccountClass, Unit};
use money::{BookName, Currency, UserKey};
use std::fmt;

/// An example of an account's name, for error messages.
pub const NAME_EXAMPLE: &str = "viewer/<user>/coins";
/// The lines of the trial balance that sum all viewers' coins, and all their debts.
pub const ALL_VIEWER_COINS: &str = "viewer/*/coins";
/// See [`ALL_VIEWER_COINS`].
pub const ALL_VIEWER_DEBT: &str = "viewer/*/debt";
/// The first parts of the names of users' accounts.
const USER_ROOTS: [&str; 3] = ["viewer", "creator", "agency"];
/// The first part of the names of the company's own accounts.
const HOUSE: &str = "house";

/// A user in an account's name: the text of a [`UserKey`], borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner<'a>(&'a str);

impl<'a> Owner<'a> {
    /// `None` where the text is not a user key.
    #[must_use]
    pub fn try_new(text: &'a str) -> Option<Self> {
        UserKey::is_valid(text).then_some(Self(text))
    }

    /// The user key.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl<'a> From<&'a UserKey> for Owner<'a> {
    fn from(user: &'a UserKey) -> Self {
        Self(user.as_str())
    }
}

/// An account of the chart. Borrows its owner: accounts are named once for every transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account<'a> {
    /// Coins that a viewer can spend.
    ViewerCoins(Owner<'a>),
    /// Coins that a viewer owes; grows by debits.
    ViewerDebt(Owner<'a>),
    /// Diamonds that a creator received and has not converted.
    CreatorDiamonds(Owner<'a>),
    /// Diamonds that an agency received and has not converted.
    AgencyDiamonds(Owner<'a>),
    /// Money that a creator can have paid out.
    CreatorPayable(Owner<'a>, Currency),
    /// Money that an agency can have paid out.
    AgencyPayable(Owner<'a>, Currency),
    /// Coins brought into circulation.
    CoinsIssued,
    /// Coins spent.
    CoinsRedeemed,
    /// Coins sold to a wallet that is closed; staff decide.
    CoinsSuspense,
    /// Diamonds brought into circulation.
    DiamondsIssued,
    /// Diamonds converted.
    DiamondsRedeemed,
    /// The company's own, in a currency: of the legal entity and the bank account that are called `main`, as all were before there were others.
    House(Purpose, Currency),
    /// The same, of another legal entity or bank account.
    EntityHouse(HouseAccount<'a>),
}

/// The properties that follow from an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountForm {
    /// Its unit.
    pub unit: Unit,
    /// Whether debits beyond its credits are refused.
    pub debits_must_not_exceed_credits: bool,
    /// What it is for, regardless of its owner.
    pub class: AccountClass,
}

impl<'a> Account<'a> {
    /// Coins that a viewer can spend.
    #[must_use]
    pub fn viewer_coins(user: &'a UserKey) -> Self {
        Self::ViewerCoins(user.into())
    }

    /// Coins that a viewer owes.
    #[must_use]
    pub fn viewer_debt(user: &'a UserKey) -> Self {
        Self::ViewerDebt(user.into())
    }

    /// Diamonds that a creator received.
    #[must_use]
    pub fn creator_diamonds(user: &'a UserKey) -> Self {
        Self::CreatorDiamonds(user.into())
    }

    /// Money that a creator can have paid out.
    #[must_use]
    pub fn creator_payable(user: &'a UserKey, currency: Currency) -> Self {
        Self::CreatorPayable(user.into(), currency)
    }

    /// The company's account for a purpose.
    #[must_use]
    pub const fn house(purpose: Purpose, currency: Currency) -> Self {
        Self::House(purpose, currency)
    }

    /// The account of a legal entity for a purpose, which must not be one that is kept for each bank account.
    #[must_use]
    pub fn of_entity(entity: HouseId<'a>, purpose: Purpose, currency: Currency) -> Self {
        assert!(!purpose.is_per_bank_account(), "{purpose:?} is kept for each bank account");
        if entity.is_main() {
            return Self::House(purpose, currency);
        }
        Self::EntityHouse(HouseAccount { entity, purpose, bank_account: None, currency })
    }

    /// The account of a legal entity's bank account for a purpose, which must be one that is kept for each bank account.
    #[must_use]
    pub fn of_bank_account(entity: HouseId<'a>, bank_account: HouseId<'a>, purpose: Purpose, currency: Currency) -> Self {
        assert!(purpose.is_per_bank_account(), "{purpose:?} is not kept for each bank account");
        if entity.is_main() && bank_account.is_main() {
            return Self::House(purpose, currency);
        }
        Self::EntityHouse(HouseAccount { entity, purpose, bank_account: Some(bank_account), currency })
    }

    /// The account of that name; `None` for a name the chart does not know.
    #[must_use]
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.split('/');
        let path = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        if let (HOUSE, entity, purpose, Some(fourth)) = path {
            return HouseAccount::parse(entity, purpose, fourth, parts.next()).filter(|_| parts.next().is_none()).map(Self::EntityHouse);
        }
        if parts.next().is_some() {
            return None;
        }
        let currency = |code: &str| Currency::try_new(code).ok();
        match path {
            ("viewer", user, "coins", None) => Owner::try_new(user).map(Self::ViewerCoins),
            ("viewer", user, "debt", None) => Owner::try_new(user).map(Self::ViewerDebt),
            ("creator", user, "diamonds", None) => Owner::try_new(user).map(Self::CreatorDiamonds),
            ("agency", user, "diamonds", None) => Owner::try_new(user).map(Self::AgencyDiamonds),
            ("creator", user, "payable", Some(code)) => Some(Self::CreatorPayable(Owner::try_new(user)?, currency(code)?)),
            ("agency", user, "payable", Some(code)) => Some(Self::AgencyPayable(Owner::try_new(user)?, currency(code)?)),
            (HOUSE, "coins", "issued", None) => Some(Self::CoinsIssued),
            (HOUSE, "coins", "redeemed", None) => Some(Self::CoinsRedeemed),
            (HOUSE, "coins", "suspense", None) => Some(Self::CoinsSuspense),
            (HOUSE, "diamonds", "issued", None) => Some(Self::DiamondsIssued),
            (HOUSE, "diamonds", "redeemed", None) => Some(Self::DiamondsRedeemed),
            (HOUSE, purpose, code, None) => Some(Self::House(Purpose::parse(purpose)?, currency(code)?)),
            _ => None,
        }
    }

    /// Its unit.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        match self {
            Self::ViewerCoins(_) | Self::ViewerDebt(_) | Self::CoinsIssued | Self::CoinsRedeemed | Self::CoinsSuspense => Unit::Coin,
            Self::CreatorDiamonds(_) | Self::AgencyDiamonds(_) | Self::DiamondsIssued | Self::DiamondsRedeemed => Unit::Diamond,
            Self::CreatorPayable(_, currency) | Self::AgencyPayable(_, currency) | Self::House(_, currency) => Unit::Currency(*currency),
            Self::EntityHouse(house) => Unit::Currency(house.currency),
        }
    }

    /// What it is for, without owner and currency.
    #[must_use]
    pub const fn class(&self) -> AccountClass {
        match self {
            Self::ViewerCoins(_) => AccountClass::ViewerCoins,
            Self::ViewerDebt(_) => AccountClass::ViewerDebt,
            Self::CreatorDiamonds(_) => AccountClass::CreatorDiamonds,
            Self::AgencyDiamonds(_) => AccountClass::AgencyDiamonds,
            Self::CreatorPayable(..) => AccountClass::CreatorPayable,
            Self::AgencyPayable(..) => AccountClass::AgencyPayable,
            Self::CoinsIssued => AccountClass::CoinsIssued,
            Self::CoinsRedeemed => AccountClass::CoinsRedeemed,
            Self::CoinsSuspense => AccountClass::CoinsSuspense,
            Self::DiamondsIssued => AccountClass::DiamondsIssued,
            Self::DiamondsRedeemed => AccountClass::DiamondsRedeemed,
            Self::House(purpose, _) => AccountClass::House(*purpose),
            Self::EntityHouse(house) => AccountClass::House(house.purpose),
        }
    }

    /// Unit and floor. Accounts that users can spend from never go below zero, nor do suspense accounts: they hold other people's money.
    #[must_use]
    pub const fn form(&self) -> AccountForm {
        let debits_must_not_exceed_credits = match self {
            Self::ViewerCoins(_)
            | Self::CreatorDiamonds(_)
            | Self::AgencyDiamonds(_)
            | Self::CreatorPayable(..)
            | Self::AgencyPayable(..)
            | Self::CoinsSuspense => true,
            Self::House(purpose, _) => purpose.has_floor(),
            Self::EntityHouse(house) => house.purpose.has_floor(),
            Self::ViewerDebt(_) | Self::CoinsIssued | Self::CoinsRedeemed | Self::DiamondsIssued | Self::DiamondsRedeemed => false,
        };
        AccountForm { unit: self.unit(), debits_must_not_exceed_credits, class: self.class() }
    }

    /// Its owner; `None` for the company's own.
    #[must_use]
    pub const fn owner(&self) -> Option<&'a str> {
        match self {
            Self::ViewerCoins(owner)
            | Self::ViewerDebt(owner)
            | Self::CreatorDiamonds(owner)
            | Self::AgencyDiamonds(owner)
            | Self::CreatorPayable(owner, _)
            | Self::AgencyPayable(owner, _) => Some(owner.as_str()),
            Self::CoinsIssued
            | Self::CoinsRedeemed
            | Self::CoinsSuspense
            | Self::DiamondsIssued
            | Self::DiamondsRedeemed
            | Self::House(..)
            | Self::EntityHouse(_) => None,
        }
    }

    /// Whether money in it is in flight to a bank. Such a hold has no expiry: released by a clock, the money would be both paid and still
    /// available.
    #[must_use]
    pub const fn is_in_transit(&self) -> bool {
        matches!(self.purpose(), Some(Purpose::InTransit))
    }

    /// What it is for, if it is the company's own in a currency; whichever entity it belongs to.
    #[must_use]
    pub const fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::House(purpose, _) => Some(*purpose),
            Self::EntityHouse(house) => Some(house.purpose),
            _ => None,
        }
    }

    /// The legal entity that it belongs to; `None` if it is not the company's own in a currency.
    #[must_use]
    pub const fn entity(&self) -> Option<HouseId<'a>> {
        match self {
            Self::House(..) => Some(HouseId::MAIN),
            Self::EntityHouse(house) => Some(house.entity),
            _ => None,
        }
    }

    /// The bank account, leaf or counterparty in its name, if the purpose is kept for each of them and it is not the one called `main` of `main`.
    #[must_use]
    pub const fn bank_account(&self) -> Option<HouseId<'a>> {
        match self {
            Self::EntityHouse(house) => house.bank_account,
            _ => None,
        }
    }

    /// Its name. One allocation; names are made for every transfer of a gift.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::ViewerCoins(owner) => joined(&["viewer/", owner.0, "/coins"]),
            Self::ViewerDebt(owner) => joined(&["viewer/", owner.0, "/debt"]),
            Self::CreatorDiamonds(owner) => joined(&["creator/", owner.0, "/diamonds"]),
            Self::AgencyDiamonds(owner) => joined(&["agency/", owner.0, "/diamonds"]),
            Self::CreatorPayable(owner, currency) => joined(&["creator/", owner.0, "/payable/", currency.code()]),
            Self::AgencyPayable(owner, currency) => joined(&["agency/", owner.0, "/payable/", currency.code()]),
            Self::CoinsIssued => "house/coins/issued".to_owned(),
            Self::CoinsRedeemed => "house/coins/redeemed".to_owned(),
            Self::CoinsSuspense => "house/coins/suspense".to_owned(),
            Self::DiamondsIssued => "house/diamonds/issued".to_owned(),
            Self::DiamondsRedeemed => "house/diamonds/redeemed".to_owned(),
            Self::House(purpose, currency) => joined(&["house/", purpose.name(), "/", currency.code()]),
            Self::EntityHouse(house) => house.name(),
        }
    }

    /// The line of the trial balance that includes it: its name with the user replaced by `*`.
    #[must_use]
    pub fn group(&self) -> String {
        group(&self.name())
    }
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn joined(parts: &[&str]) -> String {
    let mut name = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| name.push_str(part));
    name
}

/// The properties of an account by its name; `None` for a name the chart does not know.
#[must_use]
pub fn form(name: &str) -> Option<AccountForm> {
    Account::parse(name).map(|account| account.form())
}

/// A name with its user replaced by `*`: the lines of the trial balance. Works for any text, since books of newer programs may have further names.
#[must_use]
pub fn group(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 && parts[0] != HOUSE {
        parts[1] = "*";
    }
    parts.join("/")
}

/// An app's book in the place of an entity, in the names of the treasury book's accounts: the book's name, or where that is longer than an id, its beginning and
/// a digest of all of it.
#[must_use]
pub fn claimant(book: &BookName) -> String {
    const BEGINNING: usize = 19;
    let name = book.as_str();
    if HouseId::try_new(name).is_some() {
        return name.to_owned();
    }
    let digest = money::derive_id(uuid::Uuid::nil(), &["treasury.claimant", name]).simple().to_string();
    format!("{}-{}", name.get(..BEGINNING).unwrap_or(name), digest.get(digest.len() - 12..).unwrap_or(&digest))
}

/// Whether a name is one of the company's own accounts, including ones that this program's chart does not know.
#[must_use]
pub fn is_house(name: &str) -> bool {
    name.split('/').next() == Some(HOUSE)
}

/// Whether a text that people typed may name one of this user's accounts: any with the user in second place except the company's.
#[must_use]
pub fn may_belong_to(name: &str, user: &str) -> bool {
    !is_house(name) && name.split('/').nth(1) == Some(user)
}

/// The user in an account's name: `ada` of `viewer/ada/coins`, even if this program's chart does not know the rest of the name.
#[must_use]
pub fn owner(name: &str) -> Option<&str> {
    let mut parts = name.split('/');
    let (root, user) = (parts.next()?, parts.next()?);
    (USER_ROOTS.contains(&root) && UserKey::is_valid(user)).then_some(user)
}

/// A name without its first part, for lists whose accounts all begin alike: `bank_cash/USD` of `house/bank_cash/USD`.
#[must_use]
pub fn below_root(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, rest)| rest)
}

/// An amount in this account, among a refusal's facts, as people read it; as it is, where the chart has no such account or it is no number.
#[must_use]
pub fn fact_text(name: &str, amount: &str) -> String {
    form(name).map_or_else(|| amount.to_owned(), |form| form.unit.fact_text(amount))
}

#[cfg(test)]
mod tests;
