//! Postings by the list of who posts what, one for each of its rows: for the tests of whoever enforces the list or audits by it, which must forget no kind.
use chart::{
    Account, AccountClass, HouseId,
    posters::{Movement, PostingRule, RuleTransfers, Times, TransferRule},
};
use money::{Currency, UserKey};

/// A transfer of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleTransfer {
    /// The account debited.
    pub debit: String,
    /// The account credited.
    pub credit: String,
    /// The amount that it moves or holds.
    pub amount: i64,
    /// Its effect on the amount.
    pub movement: Movement,
}

/// An account of a class: this user's, or of this bank account of ours.
#[must_use]
pub fn account(class: AccountClass, user: &str, bank_account: &str) -> String {
    let (user, usd) = (UserKey::try_new(user).unwrap(), Currency::try_new("USD").unwrap());
    let bank_account = HouseId::try_new(bank_account).unwrap();
    match class {
        AccountClass::ViewerCoins => Account::viewer_coins(&user).name(),
        AccountClass::ViewerDebt => Account::viewer_debt(&user).name(),
        AccountClass::CreatorDiamonds => Account::creator_diamonds(&user).name(),
        AccountClass::CreatorPayable => Account::creator_payable(&user, usd).name(),
        AccountClass::AgencyDiamonds => format!("agency/{user}/diamonds"),
        AccountClass::AgencyPayable => format!("agency/{user}/payable/{usd}"),
        AccountClass::CoinsIssued => Account::CoinsIssued.name(),
        AccountClass::CoinsRedeemed => Account::CoinsRedeemed.name(),
        AccountClass::CoinsSuspense => Account::CoinsSuspense.name(),
        AccountClass::DiamondsIssued => Account::DiamondsIssued.name(),
        AccountClass::DiamondsRedeemed => Account::DiamondsRedeemed.name(),
        AccountClass::House(purpose) if purpose.is_per_bank_account() => {
            Account::of_bank_account(HouseId::MAIN, bank_account, purpose, usd).name()
        }
        AccountClass::House(purpose) => Account::house(purpose, usd).name(),
    }
}

/// The transfers of a posting that follows the rule, each of the rule's once; between any accounts where people decide.
#[must_use]
pub fn transfers(rule: &PostingRule, user: &str) -> Vec<SampleTransfer> {
    let RuleTransfers::Of(rules) = rule.transfers else {
        let (debit, credit) = (Account::CoinsIssued.name(), account(AccountClass::ViewerCoins, user, "one"));
        return vec![SampleTransfer { debit, credit, amount: 1, movement: Movement::Moves }];
    };
    let sample = |transfer: &TransferRule, credit: &AccountClass, amount| {
        let (debit, own) = (account(transfer.debit, user, "one"), account(*credit, user, "two"));
        // From an account to one of the same class: to another user's.
        let credit = if own == debit { account(*credit, &format!("{user}-two"), "two") } else { own };
        SampleTransfer { debit, credit, amount, movement: transfer.movement }
    };
    let mut all = Vec::new();
    for transfer in rules {
        // What may be any number of transfers goes to each of its accounts.
        let credits = if transfer.times == Times::Any { transfer.credit } else { &transfer.credit[..1] };
        all.extend(credits.iter().map(|credit| (transfer, credit, sample(transfer, credit, 1))));
    }
    let taken = all.iter().filter(|(transfer, ..)| Some(transfer.debit) == rule.balanced).count();
    let amount = |credit: &AccountClass| if Some(*credit) == rule.balanced { i64::try_from(taken).unwrap() } else { 1 };
    all.into_iter().map(|(transfer, credit, _)| sample(transfer, credit, amount(credit))).collect()
}
