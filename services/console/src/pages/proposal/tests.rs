//! Unit tests of what is shown of a proposal.
use super::*;
use crate::pages::samples::{MARKUP, assert_text};
use api::support::{Adjustment, AdjustmentTransfer};

fn account(balance: (i64, i64), available: (i64, i64)) -> PreviewedAccount {
    PreviewedAccount {
        account: "viewer/ada/coins".to_owned(),
        unit: "COIN".to_owned(),
        balance_before: balance.0,
        balance_after: balance.1,
        available_before: available.0,
        available_after: available.1,
        state_before: AccountState::Open.into(),
        state_after: AccountState::Open.into(),
        ..PreviewedAccount::default()
    }
}

#[test]
fn every_balance_is_shown_before_and_after() {
    let moved = change("demo", &account((1_000, 970), (900, 870)));
    assert_eq!((moved.before.as_str(), moved.after.as_str(), moved.available.as_str()), ("1,000 COIN", "970 COIN", "900 COIN → 870 COIN"));
    assert!(moved.changes && moved.other.is_empty());
    let still = change("demo", &account((5, 5), (5, 5)));
    assert!(!still.changes && still.available.is_empty());
    let frozen = change("demo", &PreviewedAccount { state_after: AccountState::Frozen.into(), ..account((5, 5), (5, 5)) });
    assert!(frozen.changes && frozen.other == "open → frozen", "{}", frozen.other);
    let limited = change("demo", &PreviewedAccount { limit_after: 70, ..account((5, 5), (5, 5)) });
    assert_eq!(limited.other, "no limit → limit 70 COIN");
}

#[test]
fn markup_in_every_field_is_text() {
    let text = MARKUP.to_owned();
    let transfer = AdjustmentTransfer { debit_account: text.clone(), credit_account: text.clone(), amount: 1 };
    let proposal = Proposal {
        proposal_id: text.clone(),
        state: ProposalState::Refused.into(),
        act: Some(Act::Adjustment(Adjustment { transfers: vec![transfer] })),
        proposed_by: text.clone(),
        proposal_reason: text.clone(),
        decided_by: text.clone(),
        decision_reason: text.clone(),
        result: text.clone(),
        hash: text.clone(),
        ..Proposal::default()
    };
    let named = PreviewedAccount { account: text.clone(), unit: text.clone(), ..PreviewedAccount::default() };
    let preview = ProposalPreview { accounts: vec![named], refusal: text.clone(), refusal_message: text.clone(), time: None };
    let page = ProposalPage {
        frame: PageFrame::bare("Proposal", None),
        outcome: outcome(&proposal),
        proposal: view(&proposal, "ann"),
        notice: Some(NoticeView { class: "bad", text: text.clone() }),
        preview: Some(previewed(MARKUP, &preview)),
        open: true,
        may_approve: true,
        may_reject: true,
        why_not: "",
        request_id: text,
    };
    assert_text(&page, 12);
}

#[test]
fn what_became_of_a_decision_is_said_in_words() {
    for reason in ["PROPOSAL_DECIDED", "PROPOSAL_EXPIRED", "SAME_PERSON", "PROPOSAL_CHANGED"] {
        let notice = notice(&rpc::errors::refused_as(Code::FailedPrecondition, reason, "no", &[])).unwrap();
        assert!(notice.text.contains("othing"), "{reason}: {}", notice.text);
    }
    assert_eq!(notice(&rpc::errors::refused_as(Code::Unavailable, "OUTCOME_UNKNOWN", "no", &[])).unwrap().class, "unknown");
    assert_eq!(notice(&Status::unavailable("nobody is there")), None);
    assert_eq!(notice(&rpc::errors::malformed("request_id", "must be a UUID")), None);
}
