//! Unit tests that lines written by earlier versions are read correctly.
use super::*;
use crate::domain::{AccountAct, AdjustmentLine, ProposalState, ProposedAct};
use money::{BookName, UserKey};
use uuid::Uuid;

fn proposal(act: ProposedAct) -> Proposal {
    Proposal {
        id: Uuid::from_u128(1),
        book: BookName::try_new("demo").unwrap(),
        number: 1,
        state: ProposalState::Open,
        act,
        proposed_by: UserKey::try_new("sue").unwrap(),
        proposal_reason: String::new(),
        proposed_at_ms: 0,
        expire_at_ms: 0,
        decided_by: String::new(),
        decision_reason: String::new(),
        decided_at_ms: 0,
        result: String::new(),
    }
}

#[test]
fn a_line_without_a_hash_says_what_was_asked_for() {
    let line = |amount| AdjustmentLine { debit: "house/coins/issued".to_owned(), credit: "viewer/ada/coins".to_owned(), amount };
    let posting = Uuid::from_u128(7);
    let adjustment = r#"{"requestId":"x","adjustment":{"transfers":[{"debitAccount":"house/coins/issued","creditAccount":"viewer/ada/coins","amount":"7"}]}}"#;
    let close = r#"{"accountChange":{"account":"viewer/ada/coins","act":"ACCOUNT_ACT_CLOSE"}}"#;
    let reversal = format!(r#"{{"reversal":{{"postingId":"{posting}"}}}}"#);
    for (json, act, expected) in [
        (adjustment, ProposedAct::Adjustment(vec![line(7)]), Some(true)),
        (adjustment, ProposedAct::Adjustment(vec![line(99)]), Some(false)),
        (adjustment, ProposedAct::Adjustment(vec![line(7), line(7)]), Some(false)),
        (close, ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Close), Some(true)),
        (close, ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Thaw), Some(false)),
        (&reversal, ProposedAct::Reversal(posting), Some(true)),
        (&reversal, ProposedAct::Reversal(Uuid::nil()), Some(false)),
        ("", ProposedAct::Reversal(posting), None),
        (&adjustment[..60], ProposedAct::Adjustment(vec![line(7)]), None),
    ] {
        assert_eq!(asked_for(json, &proposal(act.clone())), expected, "{json} {act:?}");
    }
}

#[test]
fn whatever_matters_of_a_proposal_is_in_its_hash() {
    let one = proposal(ProposedAct::Reversal(Uuid::from_u128(7)));
    let others = [
        Proposal { act: ProposedAct::Reversal(Uuid::from_u128(8)), ..one.clone() },
        Proposal { proposed_by: UserKey::try_new("tom").unwrap(), ..one.clone() },
        Proposal { book: BookName::try_new("other").unwrap(), ..one.clone() },
        Proposal { id: Uuid::from_u128(2), ..one.clone() },
    ];
    for other in others {
        assert_ne!(hash_of(&one), hash_of(&other), "{other:?}");
    }
    assert_eq!(hash_of(&one), hash_of(&Proposal { proposal_reason: "erased".to_owned(), ..one.clone() }));
}
