//! What the unit tests of postings share: an account, and what a posting comes to.
use crate::domain::PhysicalAccount;
use ledger_client::PostingDraft;
use money::Currency;
use std::collections::BTreeMap;

pub(super) fn account() -> PhysicalAccount {
    PhysicalAccount {
        id: "bank-usd".to_owned(),
        name: "Operating".to_owned(),
        bank: "A bank".to_owned(),
        branch: "TESTUS33".to_owned(),
        currency: usd(),
        entity: "main".to_owned(),
        number: "000123456789".to_owned(),
        number_root: String::new(),
        client_money: false,
    }
}

pub(super) fn usd() -> Currency {
    Currency::try_new("USD").unwrap()
}

/// What each account gets or gives; the posting has to follow the rule of its kind.
pub(super) fn sums(draft: &PostingDraft) -> BTreeMap<String, i64> {
    assert_eq!(draft.broken_rule(), None);
    let mut sums = BTreeMap::new();
    for transfer in draft.transfers() {
        *sums.entry(transfer.debit_account.clone()).or_default() -= transfer.amount;
        *sums.entry(transfer.credit_account.clone()).or_default() += transfer.amount;
    }
    sums
}
