//! Unit tests of `transaction`.
use super::*;

#[test]
fn codes_lead_to_their_parts_and_back() {
    let exist: Vec<u64> = (0..=120).filter(|code| TransactionCode::from_code(*code).is_some()).collect();
    let expected: Vec<u64> = [21..=24, 26..=29, 31..=34, 36..=39, 41..=44, 46..=49, 51..=56].into_iter().flatten().collect();
    assert_eq!(exist, expected);
    for code in exist {
        assert_eq!(u64::from(TransactionCode::from_code(code).unwrap().code()), code);
    }
}

#[test]
fn codes_mean_what_the_rules_say() {
    let parts = |code| TransactionCode::from_code(code).map(|code| (code.account(), code.direction(), code.purpose())).unwrap();
    assert_eq!(parts(22), (AccountKind::Checking, AchDirection::Credit, EntryPurpose::Live));
    assert_eq!(parts(33), (AccountKind::Savings, AchDirection::Credit, EntryPurpose::Prenote));
    assert_eq!(parts(47), (AccountKind::GeneralLedger, AchDirection::Debit, EntryPurpose::Live));
    assert_eq!(parts(55), (AccountKind::Loan, AchDirection::Debit, EntryPurpose::Live));
    assert_eq!(parts(56), (AccountKind::Loan, AchDirection::Debit, EntryPurpose::Answer));
    let answers = |code| TransactionCode::from_code(code).unwrap().answer().code();
    assert_eq!([22, 23, 27, 32, 37, 52, 55].map(answers), [21, 21, 26, 31, 36, 51, 56]);
    assert_eq!(TransactionCode::new(AccountKind::Loan, AchDirection::Debit, EntryPurpose::Prenote), None);
}
