//! What a proposal would do: shown with every balance before and after, and refused where it can't work.
use crate::fixture::{BOOK, Fixture, databases, gift_of, new_id};
use api::{
    ledger::{AccountState, LimitWindow},
    support::{
        AccountAct, AccountChange, Adjustment, AdjustmentTransfer, GetProposalRequest, LimitChange, ListProposalsRequest, Proposal,
        ProposalPreview, ProposeRequest, ProposeResponse, Reversal, propose_request::Act,
    },
};
use identity::Role;
use testbed::Fault;
use tonic::{Code, Status};

fn moved(debit: &str, credit: &str, amount: i64) -> Act {
    let transfer = AdjustmentTransfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount };
    Act::Adjustment(Adjustment { transfers: vec![transfer] })
}

async fn proposed(fixture: &Fixture, request_id: &str, act: Act) -> Result<ProposeResponse, Status> {
    let request = ProposeRequest { request_id: request_id.to_owned(), act: Some(act), ..Default::default() };
    Ok(fixture.support().propose(fixture.by("sue", Role::Support, request)).await?.into_inner())
}

async fn preview(fixture: &Fixture, proposal: &Proposal) -> Option<ProposalPreview> {
    let request = GetProposalRequest { book: BOOK.to_owned(), proposal_id: proposal.proposal_id.clone() };
    fixture.support().get_proposal(fixture.by("ann", Role::Finance, request)).await.unwrap().into_inner().preview
}

/// The accounts with their balances before and after.
fn balances(preview: &ProposalPreview) -> Vec<(&str, i64, i64)> {
    preview.accounts.iter().map(|shown| (shown.account.as_str(), shown.balance_before, shown.balance_after)).collect()
}

async fn proposals(fixture: &Fixture) -> usize {
    let request = fixture.by("ann", Role::Finance, ListProposalsRequest::default());
    fixture.support().list_proposals(request).await.unwrap().into_inner().proposals.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_balance_is_shown_before_and_after_and_again_for_the_approver() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 100).await;
        let answer = proposed(&fixture, &new_id(), moved("viewer/ada/coins", "viewer/bob/coins", 30)).await.unwrap();
        let (proposal, first) = (answer.proposal.unwrap(), answer.preview.unwrap());
        assert_eq!(balances(&first), [("viewer/ada/coins", 100, 70), ("viewer/bob/coins", 0, 30)]);
        assert_eq!((first.refusal.as_str(), fixture.coins("ada").await, fixture.coins("bob").await), ("", 100, 0), "nothing moved");
        fixture.give("ada", 5).await;
        assert_eq!(balances(&preview(&fixture, &proposal).await.unwrap())[0], ("viewer/ada/coins", 105, 75), "computed anew");
        // What happened since may make it impossible, and the approver sees that before deciding.
        fixture.bed.post("gift", "viewer/ada/coins", "house/coins/redeemed", 100).await;
        let now = preview(&fixture, &proposal).await.unwrap();
        assert_eq!((now.refusal.as_str(), now.accounts.len()), ("INSUFFICIENT_FUNDS", 0));
        assert_eq!(now.refusal_message, "30 coins needed, 5 coins available in viewer/ada/coins");
        assert!(fixture.approve("ann", &proposal).await.is_ok());
        assert_eq!(preview(&fixture, &proposal).await, None, "it is decided");
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cant_work_is_refused_with_its_numbers_and_nothing_is_proposed() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let posting_id = fixture.give("ada", 20).await;
        let id = new_id();
        let overdrawn = moved("viewer/ada/coins", "viewer/bob/coins", 30);
        let refused = proposed(&fixture, &id, overdrawn.clone()).await.unwrap_err();
        assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (Code::FailedPrecondition, Some("INSUFFICIENT_FUNDS")));
        assert!(refused.message().contains("30 coins needed, 20 coins available in viewer/ada/coins"), "{}", refused.message());
        assert_eq!(rpc::facts(&refused)["available"], "20");
        assert_eq!(proposals(&fixture).await, 0);
        fixture.give("ada", 10).await;
        let answer = proposed(&fixture, &id, overdrawn.clone()).await.unwrap();
        assert!(!answer.replayed, "a refusal leaves the id free");
        fixture.bed.post("gift", "viewer/ada/coins", "house/coins/redeemed", 30).await;
        assert!(proposed(&fixture, &id, overdrawn).await.unwrap().replayed, "a proposal keeps its answer");
        let reversal = Act::Reversal(Reversal { posting_id });
        let refused = proposed(&fixture, &new_id(), reversal).await.unwrap_err();
        assert_eq!(rpc::reason(&refused).as_deref(), Some("INSUFFICIENT_FUNDS"), "{refused:?}");
        let frozen = Act::AccountChange(AccountChange { account: "viewer/ada/coins".to_owned(), act: AccountAct::Freeze.into() });
        let freeze = fixture.propose("sue", frozen).await;
        fixture.approve("ann", &freeze).await.unwrap();
        let refused = proposed(&fixture, &new_id(), gift_of("ada", 1)).await.unwrap_err();
        assert_eq!(rpc::reason(&refused).as_deref(), Some("ACCOUNT_FROZEN"), "{refused:?}");
        assert_eq!(proposals(&fixture).await, 2);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_and_a_limit_are_shown_before_and_after() {
    let databases = databases();
    let fixture = Fixture::start(&databases.all[0]).await;
    fixture.give("ada", 20).await;
    let account = || "viewer/ada/coins".to_owned();
    let freeze = Act::AccountChange(AccountChange { account: account(), act: AccountAct::Freeze.into() });
    let shown = proposed(&fixture, &new_id(), freeze).await.unwrap().preview.unwrap();
    let states: Vec<_> = shown.accounts.iter().map(|shown| (shown.state_before(), shown.state_after(), shown.balance_after)).collect();
    assert_eq!(states, [(AccountState::Open, AccountState::Frozen, 20)]);
    let limit = |max_amount| {
        let (account, time_zone) = (account(), "UTC".to_owned());
        Act::LimitChange(LimitChange { account, window: LimitWindow::Day.into(), time_zone, max_amount })
    };
    let first = proposed(&fixture, &new_id(), limit(70)).await.unwrap();
    let limits = |preview: Option<ProposalPreview>| {
        preview.unwrap().accounts.iter().map(|shown| (shown.limit_before, shown.limit_after)).collect::<Vec<_>>()
    };
    assert_eq!(limits(first.preview), [(0, 70)]);
    fixture.approve("ann", &first.proposal.unwrap()).await.unwrap();
    assert_eq!(limits(proposed(&fixture, &new_id(), limit(0)).await.unwrap().preview), [(70, 0)]);
    let unknown = Act::AccountChange(AccountChange { account: "viewer/nobody/coins".to_owned(), act: AccountAct::Freeze.into() });
    assert_eq!(proposed(&fixture, &new_id(), unknown).await.unwrap().preview.unwrap().refusal, "ACCOUNT_UNKNOWN");
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_ledger_a_proposal_is_taken_and_has_no_preview() {
    let databases = databases();
    let fixture = Fixture::start(&databases.all[0]).await;
    fixture.bed.fault.fail(Fault::Down);
    let answer = proposed(&fixture, &new_id(), gift_of("ada", 1)).await.unwrap();
    assert_eq!(answer.preview, None);
    assert_eq!(proposals(&fixture).await, 1);
    fixture.bed.fault.fail(Fault::None);
    assert!(preview(&fixture, &answer.proposal.unwrap()).await.is_some());
    fixture.stop().await;
}
