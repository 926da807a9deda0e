//! Unit tests of the stored form of an act.
use super::*;
use crate::domain::{AccountAct, AdjustmentLine};
use proptest::prelude::*;
use uuid::Uuid;

#[test]
fn what_is_stored_of_an_act_is_the_act() {
    for act in [
        ProposedAct::Adjustment(vec![AdjustmentLine {
            debit: "house/coins/issued".to_owned(),
            credit: "viewer/ada/coins".to_owned(),
            amount: 5,
        }]),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Freeze),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Thaw),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Close),
        ProposedAct::Reversal(Uuid::now_v7()),
    ] {
        assert_eq!(read(&write(&act)).unwrap(), act);
    }
    assert!(read(&[]).is_err());
}

#[test]
fn the_bytes_are_those_of_the_first_release() {
    let act = ProposedAct::Account("a".to_owned(), AccountAct::Close);
    let kept = Proposal {
        act: Some(api::support::proposal::Act::AccountChange(api::support::AccountChange {
            account: "a".to_owned(),
            act: api::support::AccountAct::Close.into(),
        })),
        ..Proposal::default()
    };
    assert_eq!(write(&act), kept.encode_to_vec());
}

proptest! {
    #[test]
    fn no_stored_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(&bytes);
    }
}
