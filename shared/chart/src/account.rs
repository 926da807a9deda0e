//! Accounts and their names. A name says its owner, unit and whether the account may go below zero.
use crate::{AccountClass, Unit};
use money::{Currency, UserKey};
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

/// The purposes of the company's accounts in a currency. The last part of a name before the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// What app stores owe us.
    StoreReceivable,
    /// Commission paid to a channel for coins that are not spent yet.
    PrepaidCommission,
    /// What coins sold and not spent yet will be worth as revenue.
    DeferredRevenue,
    /// Coins sold and spent.
    Revenue,
    /// Tax on sales that we remit.
    TaxPayable,
    /// What card processors owe us.
    ProcessorReceivable,
    /// What card processors charge.
    ProcessorFee,
    /// Money at our banks.
    BankCash,
    /// The difference between a channel's expected and received settlement.
    SettlementDifference,
    /// What creators earned, as a cost.
    CreatorCost,
    /// Earned by creators and not converted.
    AccruedCreatorLiability,
    /// Withheld from creators for the tax office.
    WithholdingPayable,
    /// Fees that creators pay us.
    FeeIncome,
    /// Submitted to a bank, whose decision is pending.
    InTransit,
    /// The company's money that is not in this book.
    Treasury,
    /// What disputes cost.
    DisputeFee,
    /// What banks charge for returned payments.
    ReturnCharge,
    /// Between two currencies of one exchange.
    FxPosition,
    /// Returned money whose account is closed; staff decide.
    Suspense,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 19] = [
        Self::StoreReceivable,
        Self::PrepaidCommission,
        Self::DeferredRevenue,
        Self::Revenue,
        Self::TaxPayable,
        Self::ProcessorReceivable,
        Self::ProcessorFee,
        Self::BankCash,
        Self::SettlementDifference,
        Self::CreatorCost,
        Self::AccruedCreatorLiability,
        Self::WithholdingPayable,
        Self::FeeIncome,
        Self::InTransit,
        Self::Treasury,
        Self::DisputeFee,
        Self::ReturnCharge,
        Self::FxPosition,
        Self::Suspense,
    ];

    /// The spelling in names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StoreReceivable => "store_receivable",
            Self::PrepaidCommission => "prepaid_commission",
            Self::DeferredRevenue => "deferred_revenue",
            Self::Revenue => "revenue",
            Self::TaxPayable => "tax_payable",
            Self::ProcessorReceivable => "processor_receivable",
            Self::ProcessorFee => "processor_fee",
            Self::BankCash => "bank_cash",
            Self::SettlementDifference => "settlement_difference",
            Self::CreatorCost => "creator_cost",
            Self::AccruedCreatorLiability => "accrued_creator_liability",
            Self::WithholdingPayable => "withholding_payable",
            Self::FeeIncome => "fee_income",
            Self::InTransit => "in_transit",
            Self::Treasury => "treasury",
            Self::DisputeFee => "dispute_fee",
            Self::ReturnCharge => "return_charge",
            Self::FxPosition => "fx_position",
            Self::Suspense => "suspense",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

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
    /// The company's own, in a currency.
    House(Purpose, Currency),
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

    /// The account of that name; `None` for a name the chart does not know.
    #[must_use]
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.split('/');
        let path = (parts.next()?, parts.next()?, parts.next()?, parts.next());
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
            | Self::CoinsSuspense
            | Self::House(Purpose::Suspense, _) => true,
            Self::ViewerDebt(_)
            | Self::CoinsIssued
            | Self::CoinsRedeemed
            | Self::DiamondsIssued
            | Self::DiamondsRedeemed
            | Self::House(..) => false,
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
            | Self::House(..) => None,
        }
    }

    /// Whether money in it is in flight to a bank. Such a hold has no expiry: released by a clock, the money would be both paid and still
    /// available.
    #[must_use]
    pub const fn is_in_transit(&self) -> bool {
        matches!(self, Self::House(Purpose::InTransit, _))
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

#[cfg(test)]
mod tests;
