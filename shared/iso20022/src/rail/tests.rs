//! Unit tests of `rail`.
use super::*;
use crate::{AbaAccount, Iban};

#[test]
fn accounts_find_their_rail() {
    let aba = BankAccount::Aba(AbaAccount::try_new("021000021", "12345").unwrap());
    let german = BankAccount::Iban(Iban::try_new("DE46910579234762349724").unwrap());
    let brazilian = BankAccount::Iban(Iban::try_new("BR1800360305000010009795493C1").unwrap());
    assert_eq!(Rail::to(&aba), Some(Rail::UsRtp));
    assert_eq!(Rail::to(&german), Some(Rail::SepaInstant));
    assert_eq!(Rail::to(&brazilian), None);
    let vatican = BankAccount::Iban(Iban::try_new("VA59001123000012345678").unwrap());
    assert_eq!(Rail::to(&vatican), Some(Rail::SepaInstant));
}

#[test]
fn names_lead_back() {
    for rail in Rail::ALL {
        assert_eq!(Rail::from_name(rail.name()), Some(rail));
    }
    assert_eq!((Rail::UsRtp.currency().code(), Rail::SepaInstant.currency().code()), ("USD", "EUR"));
}
