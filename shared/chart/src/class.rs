//! What accounts are for: an account's name without its owner and currency. The rows of [`crate::posters`] use these.
use crate::Purpose;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountClass {
    /// Coins that viewers can spend.
    ViewerCoins,
    /// Coins that viewers owe.
    ViewerDebt,
    /// Diamonds that creators received.
    CreatorDiamonds,
    /// Diamonds that agencies received.
    AgencyDiamonds,
    /// Money that creators can have paid out.
    CreatorPayable,
    /// Money that agencies can have paid out.
    AgencyPayable,
    /// Coins brought into circulation.
    CoinsIssued,
    /// Coins spent.
    CoinsRedeemed,
    /// Coins sold to closed wallets.
    CoinsSuspense,
    /// Diamonds brought into circulation.
    DiamondsIssued,
    /// Diamonds converted.
    DiamondsRedeemed,
    /// The company's own, in any currency.
    House(Purpose),
}
