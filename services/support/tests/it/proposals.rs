//! Four eyes: a proposal is approved by another person, once, and carried out once.
use crate::fixture::{Fixture, databases, gift_of, new_id, told};
use api::{
    ledger::{
        GetAccountRequest, Guard, LimitWindow, PostRequest, ReverseRequest, SetAccountStateRequest, SetDebitLimitRequest, guard::Operation,
    },
    support::{
        AccountAct, AccountChange, Adjustment, AdjustmentTransfer, ApproveRequest, GetProposalRequest, LimitChange, ListActsRequest,
        ListProposalsRequest, Proposal, ProposalState, ProposeRequest, RejectRequest, Reversal, propose_request,
    },
};
use identity::Role;
use prost_types::Timestamp;
use testbed::Fault;
use tonic::Response;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_until_another_approves_and_then_once() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposal = fixture.propose("sue", gift_of("ada", 50)).await;
        assert_eq!(
            (proposal.state(), proposal.proposed_by.as_str(), proposal.proposal_reason.as_str()),
            (ProposalState::Open, "sue", "ticket 4711")
        );
        assert_eq!(fixture.coins("ada").await, 0);
        assert_eq!(fixture.approve("sue", &proposal).await, Err("SAME_PERSON".to_owned()), "in any role");
        assert_eq!(fixture.coins("ada").await, 0);
        let done = fixture.approve("ann", &proposal).await.unwrap();
        assert_eq!((done.state(), done.decided_by.as_str()), (ProposalState::Done, "ann"));
        assert!(!done.result.is_empty());
        assert_eq!(fixture.coins("ada").await, 50);
        assert_eq!(fixture.approve("ann", &proposal).await.unwrap(), done, "a retry");
        assert_eq!(fixture.approve("ben", &proposal).await.unwrap(), done, "and a third");
        assert_eq!(fixture.coins("ada").await, 50);
        assert_eq!(fixture.reject(("ann", Role::Finance), &proposal).await, Err("PROPOSAL_DECIDED".to_owned()));
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_frozen_and_postings_reversed_by_two() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let posting_id = fixture.give("ada", 50).await;
        let account = "viewer/ada/coins".to_owned();
        let change = |act: AccountAct| propose_request::Act::AccountChange(AccountChange { account: account.clone(), act: act.into() });
        let freeze = fixture.propose("sue", change(AccountAct::Freeze)).await;
        let reversal = propose_request::Act::Reversal(Reversal { posting_id });
        let early = fixture.propose("sue", reversal.clone()).await;
        assert_eq!(fixture.approve("ann", &freeze).await.unwrap().state(), ProposalState::Done);
        let refused = fixture.approve("ann", &early).await.unwrap();
        assert_eq!((refused.state(), refused.result.as_str()), (ProposalState::Refused, "ACCOUNT_FROZEN"));
        assert_eq!(fixture.approve("ann", &early).await, Err("PROPOSAL_DECIDED".to_owned()));
        let thaw = fixture.propose("sue", change(AccountAct::Thaw)).await;
        assert_eq!(fixture.approve("ann", &thaw).await.unwrap().state(), ProposalState::Done);
        let again = fixture.propose("sue", reversal).await;
        assert_eq!(fixture.approve("ann", &again).await.unwrap().state(), ProposalState::Done);
        assert_eq!(fixture.coins("ada").await, 0);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_is_refused_by_what_the_ledger_itself_sees_and_suspense_is_worked_to_zero_by_two() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let change = |account: &str| {
            propose_request::Act::AccountChange(AccountChange { account: account.to_owned(), act: AccountAct::Close.into() })
        };
        fixture.give("ada", 50).await;
        let counted = PostRequest {
            request_id: new_id(),
            kind: "test".to_owned(),
            guards: vec![Guard { key: "in_flight/viewer/bob/coins".to_owned(), operation: Some(Operation::Add(1)) }],
            ..PostRequest::default()
        };
        fixture.give("bob", 1).await;
        fixture.bed.post("gift", "viewer/bob/coins", "house/coins/redeemed", 1).await;
        fixture.bed.post("adjustment", "viewer/cleo/debt", "house/coins/issued", 5).await;
        fixture.bed.post("adjustment", "house/coins/issued", "viewer/cleo/debt", 5).await;
        fixture.bed.client().post(PostRequest { book: crate::fixture::BOOK.to_owned(), ..counted }).await.unwrap();
        for (account, reason) in [
            ("viewer/ada/coins", "ACCOUNT_NOT_EMPTY"),
            ("viewer/bob/coins", "ACCOUNT_IN_FLIGHT"),
            ("house/coins/redeemed", "HOUSE_ACCOUNT"),
            // Cleo owed and has paid: the account is empty, and the next refund needs it.
            ("viewer/cleo/debt", "HOUSE_ACCOUNT"),
        ] {
            let proposal = fixture.propose("sue", change(account)).await;
            let refused = fixture.approve("ann", &proposal).await.unwrap();
            assert_eq!((refused.state(), refused.result.as_str()), (ProposalState::Refused, reason), "{account}");
        }

        fixture.bed.post("payout.suspend", "house/in_transit/USD", "house/suspense/USD", 500).await;
        let moved = |amount| {
            let (debit_account, credit_account) = ("house/suspense/USD".to_owned(), "creator/bob/payable/USD".to_owned());
            let transfer = AdjustmentTransfer { debit_account, credit_account, amount };
            propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] })
        };
        let proposal = fixture.propose("sue", moved(500)).await;
        let again = fixture.propose("sue", moved(1)).await;
        assert_eq!(fixture.approve("ann", &proposal).await.unwrap().state(), ProposalState::Done);
        assert_eq!(fixture.bed.balance("house/suspense/USD").await, 0);
        let proposal = again;
        assert_eq!(fixture.approve("ann", &proposal).await.unwrap().result, "INSUFFICIENT_FUNDS", "it can't be moved twice");
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_of_a_bank_account_is_proposed_by_one_and_approved_by_another() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let [spendable, committed] = ["spendable", "committed"].map(|side| format!("house/main/bank_{side}/other/USD"));
        let transfer = AdjustmentTransfer { debit_account: committed.clone(), credit_account: spendable.clone(), amount: 1_000 };
        let top_up = fixture.propose("sue", propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
        assert_eq!(fixture.approve("sue", &top_up).await, Err("SAME_PERSON".to_owned()));
        assert_eq!(fixture.bed.balance(&spendable).await, 0);
        assert_eq!(fixture.approve("ann", &top_up).await.unwrap().state(), ProposalState::Done);
        assert_eq!((fixture.bed.balance(&spendable).await, fixture.bed.balance(&committed).await.abs()), (1_000, 1_000));
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_of_staff_gets_round_the_second_pair_of_eyes() {
    let databases = databases();
    let fixture = Fixture::start(&databases.all[0]).await;
    for role in [Role::Support, Role::Finance, Role::Auditor, Role::Admin, Role::Viewer, Role::Creator] {
        let mut books = fixture.books();
        let denied = Err("PERMISSION_DENIED".to_owned());
        assert_eq!(told(books.post(fixture.by("eve", role, PostRequest::default())).await).map(drop), denied, "{role}");
        assert_eq!(told(books.reverse(fixture.by("eve", role, ReverseRequest::default())).await).map(drop), denied, "{role}");
        assert_eq!(
            told(books.set_account_state(fixture.by("eve", role, SetAccountStateRequest::default())).await).map(drop),
            denied,
            "{role}"
        );
    }
    for (role, may) in [(Role::Support, false), (Role::Auditor, false), (Role::Service, false), (Role::Finance, true), (Role::Admin, true)]
    {
        let proposal = fixture.propose("sue", gift_of("ada", 1)).await;
        let request = ApproveRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        let approved = told(fixture.support().approve(fixture.by("eve", role, request)).await);
        assert_eq!(approved.is_ok(), may, "{role}: {approved:?}");
    }
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_has_an_id_of_its_own() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (own, other) = (fixture.propose("sue", gift_of("ada", 1)).await, fixture.propose("sue", gift_of("ada", 2)).await);
        let asked = |request_id: &str, proposal: &Proposal| ApproveRequest {
            request_id: request_id.to_owned(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        let approve = |by: &'static str, request| {
            let (mut support, request) = (fixture.support(), fixture.by(by, Role::Finance, request));
            async move { support.approve(request).await.map(Response::into_inner) }
        };
        let id = new_id();
        // A refusal keeps nothing under the id.
        assert_eq!(rpc::reason(&approve("sue", asked(&id, &own)).await.unwrap_err()).as_deref(), Some("SAME_PERSON"));
        let first = approve("ann", asked(&id, &own)).await.unwrap();
        assert_eq!((first.replayed, first.proposal.as_ref().unwrap().state()), (false, ProposalState::Done));
        let again = approve("ann", asked(&id, &own)).await.unwrap();
        assert_eq!((again.replayed, again.proposal), (true, first.proposal.clone()));
        assert_eq!(rpc::reason(&approve("ann", asked(&id, &other)).await.unwrap_err()).as_deref(), Some("REQUEST_ID_REUSED"));
        // Another id finds it done; another person's id is another id.
        let found = approve("ann", asked(&new_id(), &own)).await.unwrap();
        assert_eq!((found.replayed, found.proposal), (false, first.proposal));
        assert!(!approve("eve", asked(&id, &other)).await.unwrap().replayed);
        assert_eq!(fixture.coins("ada").await, 3);
        let status = approve("ann", asked("x", &Proposal { proposal_id: "y".to_owned(), ..own.clone() })).await.unwrap_err();
        assert_eq!(rpc::violations(&status).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["request_id", "proposal_id"]);
        let third = fixture.propose("sue", gift_of("ada", 4)).await;
        let reject = |request_id: String| {
            let request = RejectRequest { request_id, proposal_id: third.proposal_id.clone(), ..Default::default() };
            let (mut support, request) = (fixture.support(), fixture.by("ann", Role::Finance, request));
            async move { support.reject(request).await.map(Response::into_inner) }
        };
        // An id that approved may reject: ids are of one RPC.
        assert!(!reject(id.clone()).await.unwrap().replayed);
        assert!(reject(id).await.unwrap().replayed);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_and_actions_are_listed_by_time() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (first, last) = (fixture.propose("sue", gift_of("ada", 1)).await, fixture.propose("sue", gift_of("ada", 2)).await);
        let proposals = async |from: Option<Timestamp>, until: Option<Timestamp>| {
            let request = ListProposalsRequest { proposed_from: from, proposed_until: until, ..Default::default() };
            fixture.support().list_proposals(fixture.by("sue", Role::Support, request)).await.unwrap().into_inner().proposals
        };
        let since = proposals(last.propose_time, None).await;
        assert!(since.iter().all(|proposal| at(&proposal.propose_time) >= at(&last.propose_time)) && since.contains(&last));
        assert_eq!(proposals(first.propose_time, last.propose_time).await.len() + since.len(), 2);
        assert_eq!(proposals(None, first.propose_time).await, []);
        let acts = async |from: Option<Timestamp>, until: Option<Timestamp>| {
            let request = ListActsRequest { recorded_from: from, recorded_until: until, ..Default::default() };
            fixture.support().list_acts(fixture.by("max", Role::Auditor, request)).await.unwrap().into_inner().acts
        };
        let all = acts(None, None).await;
        let (newest, oldest) = (all[0].time, all[all.len() - 1].time);
        assert!(acts(newest, None).await.iter().all(|act| at(&act.time) >= at(&newest)));
        assert_eq!(acts(None, oldest).await, []);
        assert!(acts(oldest, None).await.len() >= all.len());
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_taken_back_by_whoever_made_it_or_turned_down() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let own = fixture.propose("sue", gift_of("ada", 1)).await;
        assert_eq!(fixture.reject(("eve", Role::Support), &own).await, Err("PERMISSION_DENIED".to_owned()));
        assert_eq!(fixture.reject(("sue", Role::Support), &own).await.unwrap().state(), ProposalState::Rejected);
        assert_eq!(fixture.approve("ann", &own).await, Err("PROPOSAL_DECIDED".to_owned()));
        let other = fixture.propose("sue", gift_of("ada", 1)).await;
        let down = fixture.reject(("ann", Role::Finance), &other).await.unwrap();
        assert_eq!((down.state(), down.decided_by.as_str()), (ProposalState::Rejected, "ann"));
        assert_eq!(fixture.reject(("ann", Role::Finance), &other).await.unwrap(), down, "a retry");
        assert_eq!(fixture.coins("ada").await, 0);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_the_same_proposal_and_other_fields_are_named() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let request = ProposeRequest { request_id: new_id(), act: Some(gift_of("ada", 5)), ..Default::default() };
        let send = async |request: ProposeRequest| fixture.support().propose(fixture.by("sue", Role::Support, request)).await;
        let first = send(request.clone()).await.unwrap().into_inner();
        let again = send(request.clone()).await.unwrap().into_inner();
        assert_eq!((first.proposal.clone(), first.replayed, again.replayed), (again.proposal, false, true));
        let other = send(ProposeRequest { act: Some(gift_of("ada", 6)), ..request.clone() }).await.unwrap_err();
        assert_eq!(rpc::reason(&other).as_deref(), Some("REQUEST_ID_REUSED"));
        assert_eq!(rpc::facts(&other)["differing"], "adjustment.transfers.0.amount");
        let another = fixture.support().propose(fixture.by("sam", Role::Support, request)).await.unwrap().into_inner();
        assert_ne!(another.proposal.unwrap().proposal_id, first.proposal.unwrap().proposal_id, "another person's id");
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_listed_once_each_and_done_once() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposals = futures::future::join_all((0..30).map(|_| fixture.propose("sue", gift_of("ada", 1)))).await;
        // Several people approve each at the same moment.
        let approvals = proposals.iter().flat_map(|proposal| ["ann", "ben", "cat"].map(|by| fixture.approve(by, proposal)));
        for approved in futures::future::join_all(approvals).await {
            assert_eq!(approved.unwrap().state(), ProposalState::Done);
        }
        assert_eq!(fixture.coins("ada").await, 30);
        let mut listed = Vec::new();
        let mut request = ListProposalsRequest { page_size: 7, ..Default::default() };
        loop {
            let page = fixture.support().list_proposals(fixture.by("aud", Role::Auditor, request.clone())).await.unwrap().into_inner();
            listed.extend(page.proposals.into_iter().map(|proposal| proposal.proposal_id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let mut made: Vec<String> = proposals.into_iter().map(|proposal| proposal.proposal_id).collect();
        made.sort();
        listed.sort();
        assert_eq!(listed, made);
        let open = ListProposalsRequest { state: ProposalState::Open.into(), ..Default::default() };
        assert!(fixture.support().list_proposals(fixture.by("aud", Role::Auditor, open)).await.unwrap().into_inner().proposals.is_empty());
        fixture.stop().await;
    }
}

/// The tables, and a proposal as they store it.
async fn kept(database: &db::Database, proposal: &Proposal) -> (support::store::Store, support::domain::Proposal) {
    let store = support::store::Store::open(database).await.unwrap();
    let book = money::BookName::try_new(crate::fixture::BOOK).unwrap();
    let kept = store.proposal(&book, proposal.proposal_id.parse().unwrap()).await.unwrap().unwrap();
    (store, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fallen_process_approved_waits_for_a_person_and_what_it_did_is_found_by_the_next_one() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (done, left) = (fixture.propose("sue", gift_of("ada", 50)).await, fixture.propose("sue", gift_of("ada", 7)).await);
        let ann = money::UserKey::try_new("ann").unwrap();
        for proposal in [&done, &left] {
            let (store, kept) = kept(database, proposal).await;
            // A minute ago: it is no longer left to the call that approved it.
            let decided = kept.proposed_at_ms - 60_000;
            assert!(store.decide(&kept, support::domain::ProposalState::Approved, &ann, "ticket 4711", decided).await.unwrap());
        }
        // The ledger had done one of them before the process fell.
        let (_, approved) = kept(database, &done).await;
        let support::domain::ProposedAct::Adjustment(lines) = &approved.act else { panic!("{approved:?}") };
        let ledger = ledger_client::LedgerClient::new(fixture.bed.ledger_as("support"));
        ledger.post(&approved.book, support::postings::adjustment(&approved, lines)).await.unwrap();
        let another = fixture.another().await;
        let state = async |proposal: &Proposal| {
            let request = GetProposalRequest { proposal_id: proposal.proposal_id.clone(), ..Default::default() };
            another.clone().get_proposal(fixture.by("aud", Role::Auditor, request)).await.unwrap().into_inner().proposal.unwrap().state()
        };
        while state(&done).await == ProposalState::Approved {
            tokio::task::yield_now().await;
        }
        assert_eq!((state(&done).await, state(&left).await), (ProposalState::Done, ProposalState::Approved));
        assert_eq!(fixture.coins("ada").await, 50, "nobody's token came with the other");
        assert_eq!(fixture.approve("sue", &left).await, Err("SAME_PERSON".to_owned()));
        assert_eq!(fixture.approve("ben", &left).await.unwrap().decided_by, "ann", "who decided stays");
        assert_eq!((state(&left).await, fixture.coins("ada").await), (ProposalState::Done, 57));
        fixture.stop().await;
    }
}

/// The sweeper goes on with an approval whose answer was lost, as long as the process lives.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_the_ledger_could_not_take_is_carried_out_with_the_approvers_token() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposal = fixture.propose("sue", gift_of("ada", 50)).await;
        fixture.bed.fault.fail(Fault::Answer(testbed::insides::answer(&ledger_client::LedgerReason::Overloaded)));
        assert_eq!(fixture.approve("ann", &proposal).await, Err("OUTCOME_UNKNOWN".to_owned()));
        fixture.bed.fault.fail(Fault::None);
        assert_eq!((fixture.sweep_after(0).await, fixture.coins("ada").await), (0, 0), "it is left to the call for ten seconds");
        assert_eq!((fixture.sweep_after(11).await, fixture.coins("ada").await), (0, 50));
        fixture.stop().await;
    }
}

/// What can't mend by itself is tried less and less often, and what is approved later is not behind it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_does_not_take_is_put_off_longer_each_time_and_keeps_nothing_else_waiting() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let ann = money::UserKey::try_new("ann").unwrap();
        // More than one run takes, approved by a process that fell: nobody's token is there any more.
        let mut stuck = Vec::new();
        for _ in 0..101 {
            stuck.push(fixture.propose("sue", gift_of("ada", 1)).await);
        }
        for proposal in &stuck {
            let (store, kept) = kept(database, proposal).await;
            assert!(store.decide(&kept, support::domain::ProposalState::Approved, &ann, "ticket 4711", 1).await.unwrap());
        }
        fixture.bed.fault.fail(Fault::Answer(testbed::insides::answer(&ledger_client::LedgerReason::Overloaded)));
        let honest = fixture.propose("sue", gift_of("bob", 5)).await;
        assert_eq!(fixture.approve("ann", &honest).await, Err("OUTCOME_UNKNOWN".to_owned()));
        fixture.bed.fault.fail(Fault::None);
        let now_ms = money::time::now_ms();
        assert_eq!(fixture.sweep_since(now_ms, 11).await, 100);
        assert_eq!(fixture.sweep_since(now_ms, 12).await, 1, "those tried a second ago are not due");
        assert_eq!(fixture.coins("bob").await, 5, "and the honest one was done");
        let mut tried = Vec::new();
        for minute in [1, 2, 4, 5] {
            let (mut of_minute, mut run) = (0, fixture.sweep_since(now_ms, minute * 60).await);
            while run > 0 {
                of_minute += run;
                run = fixture.sweep_since(now_ms, minute * 60).await;
            }
            tried.push(of_minute);
        }
        assert_eq!(tried, [101, 101, 101, 0], "tries after each of these minutes");
        assert_eq!(fixture.coins("ada").await, 0);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_itself_lets_nobody_approve_their_own() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposal = fixture.propose("sue", gift_of("ada", 50)).await;
        let (store, kept) = kept(database, &proposal).await;
        let sue = money::UserKey::try_new("sue").unwrap();
        assert!(!store.decide(&kept, support::domain::ProposalState::Approved, &sue, "ticket 4711", 1).await.unwrap());
        fixture.stop().await;
    }
}

/// A request that one member of finance sends to the ledger directly.
fn direct(account: &str) -> SetDebitLimitRequest {
    let (request_id, window) = (new_id(), LimitWindow::Hour.into());
    SetDebitLimitRequest {
        request_id,
        account: account.to_owned(),
        window,
        time_zone: "UTC".to_owned(),
        max_amount: 1,
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_stops_a_book_is_set_and_lifted_by_two() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.bed.post("gift", "house/diamonds/issued", "creator/bob/diamonds", 5).await;
        let account = "house/diamonds/issued";
        let alone = fixture.books().set_debit_limit(fixture.by("eve", Role::Finance, direct(account))).await;
        assert_eq!(told(alone).map(drop), Err("PERMISSION_DENIED".to_owned()));
        let limit = |window: LimitWindow, zone: &str, max_amount| {
            let (account, time_zone) = (account.to_owned(), zone.to_owned());
            propose_request::Act::LimitChange(LimitChange { account, window: window.into(), time_zone, max_amount })
        };
        let malformed = [(LimitWindow::Unspecified, "UTC", 1), (LimitWindow::Day, "", 1), (LimitWindow::Day, "UTC", -1)];
        for (window, zone, max) in malformed {
            let request = ProposeRequest { request_id: new_id(), act: Some(limit(window, zone, max)), ..Default::default() };
            let refused = told(fixture.support().propose(fixture.by("sue", Role::Support, request)).await);
            assert_eq!(refused.map(drop), Err("MALFORMED".to_owned()), "{window:?} {zone:?} {max}");
        }
        let set = fixture.propose("sue", limit(LimitWindow::Day, "Europe/Berlin", 7)).await;
        let leaves = async || {
            let request = GetAccountRequest { account: account.to_owned(), ..Default::default() };
            let limits =
                fixture.books().get_account(fixture.by("sue", Role::Support, request)).await.unwrap().into_inner().account.unwrap().limits;
            limits.iter().map(|limit| (limit.window(), limit.max_amount)).collect::<Vec<_>>()
        };
        assert_eq!(leaves().await, [], "nothing happens until another approves");
        assert_eq!(fixture.approve("sue", &set).await, Err("SAME_PERSON".to_owned()));
        assert_eq!(fixture.approve("ann", &set).await.unwrap().state(), ProposalState::Done);
        assert_eq!(leaves().await, [(LimitWindow::Day, 7)]);
        let lifted = fixture.propose("sue", limit(LimitWindow::Day, "", 0)).await;
        assert_eq!(fixture.approve("ann", &lifted).await.unwrap().state(), ProposalState::Done);
        assert_eq!(leaves().await, []);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_another_service_is_not_reversed_by_hand() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 50).await;
        let propose = async |posting_id: &str| {
            let act = propose_request::Act::Reversal(Reversal { posting_id: posting_id.to_owned() });
            let request = ProposeRequest { request_id: new_id(), act: Some(act), ..Default::default() };
            fixture.support().propose(fixture.by("sue", Role::Support, request)).await
        };
        for (kind, debit, credit) in [
            ("payout.settle", "house/in_transit/USD", "house/bank_cash/USD"),
            ("payout.reject", "house/in_transit/USD", "creator/bob/payable/USD"),
            ("purchase.apple", "house/coins/issued", "viewer/ada/coins"),
            ("conversion", "house/accrued_creator_liability/USD", "creator/bob/payable/USD"),
        ] {
            let posting = fixture.bed.post(kind, debit, credit, 5).await;
            let refused = propose(&posting).await.unwrap_err();
            assert_eq!(rpc::reason(&refused).as_deref(), Some("NOT_REVERSIBLE"), "{kind}");
            assert_eq!(rpc::facts(&refused)["kind"], kind);
            // Proposed while the ledger was unavailable, or by an earlier version: it is checked again before it is carried out.
            fixture.bed.fault.fail(Fault::Answer(testbed::insides::answer(&ledger_client::LedgerReason::Overloaded)));
            let blind = propose(&posting).await.unwrap().into_inner().proposal.unwrap();
            fixture.bed.fault.fail(Fault::None);
            let done = fixture.approve("ann", &blind).await.unwrap();
            assert_eq!((done.state(), done.result.as_str()), (ProposalState::Refused, "NOT_REVERSIBLE"), "{kind}");
        }
        let gift = fixture.bed.post("gift", "viewer/ada/coins", "house/coins/redeemed", 5).await;
        let undone = propose(&gift).await.unwrap().into_inner().proposal.unwrap();
        assert_eq!(fixture.approve("ann", &undone).await.unwrap().state(), ProposalState::Done);
        fixture.stop().await;
    }
}

/// Orders moments.
fn at(time: &Option<Timestamp>) -> Option<(i64, i32)> {
    time.as_ref().map(|time| (time.seconds, time.nanos))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_a_clock_put_off_which_was_ahead_is_carried_out_once_it_is_put_right() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposal = fixture.propose("sue", gift_of("ada", 50)).await;
        fixture.bed.fault.fail(Fault::Answer(testbed::insides::answer(&ledger_client::LedgerReason::Overloaded)));
        assert_eq!(fixture.approve("ann", &proposal).await, Err("OUTCOME_UNKNOWN".to_owned()));
        fixture.bed.fault.fail(Fault::None);
        let (now_ms, pool) = (money::time::now_ms(), fixture.database.open("support", &support::store::MIGRATIONS).await.unwrap());
        let ahead = sqlx::query("UPDATE proposal SET due_at_ms = $1");
        assert_eq!(ahead.bind(now_ms + 14 * 3_600_000).execute(&pool).await.unwrap().rows_affected(), 1);
        assert_eq!((fixture.sweep_since(now_ms, 11).await, fixture.coins("ada").await), (0, 0), "it would wait for that time");
        assert_eq!(fixture.service.end_impossible_waits(now_ms).await.unwrap(), [("proposal", 1)]);
        assert_eq!((fixture.sweep_since(now_ms, 11).await, fixture.coins("ada").await), (0, 50));
        fixture.stop().await;
    }
}
