//! Unit tests of what is read from a dry run.
use super::*;

fn account(name: &str, balance: i64, held: i64) -> Account {
    Account { account: name.to_owned(), unit: "USD".to_owned(), balance, available: balance - held, ..Account::default() }
}

fn transfer(amount: i64, debit: Account, credit: Account) -> PostedTransfer {
    PostedTransfer { amount, debit_after: Some(debit), credit_after: Some(credit), ..PostedTransfer::default() }
}

#[test]
fn an_account_of_several_transfers_is_shown_once_before_all_and_after_all() {
    let posting = Posting {
        transfers: vec![
            transfer(30, account("a", 70, 20), account("b", 30, 0)),
            transfer(10, account("b", 20, 0), account("a", 80, 20)),
            PostedTransfer { pending: true, ..transfer(5, account("c", 9, 5), account("d", 0, 0)) },
        ],
        ..Posting::default()
    };
    let shown = accounts_of(&posting);
    let numbers = |shown: &PreviewedAccount| [shown.balance_before, shown.balance_after, shown.available_before, shown.available_after];
    let found: Vec<(&str, [i64; 4])> = shown.iter().map(|shown| (shown.account.as_str(), numbers(shown))).collect();
    assert_eq!(
        found,
        [("a", [100, 80, 80, 60]), ("b", [0, 20, 0, 20]), ("c", [9, 9, 9, 4]), ("d", [0, 0, 0, 0])],
        "c only holds, d gets nothing yet"
    );
}
