//! Which users an act is about: everybody whose account it names, and everybody whose money a proposal would move.
use crate::fixture::{Fixture, databases, gift_of, told};
use api::{
    ledger::GetAccountRequest,
    support::{
        Adjustment, AdjustmentTransfer, ListActsRequest, ListProposalsRequest, ListProposalsResponse, ProposalState, ProposeRequest,
        Reversal, propose_request::Act,
    },
};
use identity::Role;
use money::UserKey;
use std::collections::BTreeSet;
use support::store::Store;
use uuid::Uuid;

/// The calls recorded about a user, oldest first, without the call that asked for this list.
async fn calls(fixture: &Fixture, user: &str) -> Vec<(String, String)> {
    let ask = ListActsRequest { user_id: user.to_owned(), ..Default::default() };
    let acts = fixture.support().list_acts(fixture.by("aud", Role::Auditor, ask)).await.unwrap().into_inner().acts;
    let begun = acts.into_iter().rev().filter(|act| act.outcome.is_empty() && !act.rpc.ends_with("/ListActs"));
    begun.map(|act| (act.subject, act.rpc.rsplit('/').next().unwrap().to_owned())).collect()
}

fn named(calls: &[(&str, &str)]) -> Vec<(String, String)> {
    calls.iter().map(|(who, what)| ((*who).to_owned(), (*what).to_owned())).collect()
}

fn reversal(posting_id: &str) -> Act {
    Act::Reversal(Reversal { posting_id: posting_id.to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_acts_show_approvals_and_reversals_of_her_postings() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let given = fixture.propose("sue", gift_of("ada", 50)).await;
        fixture.approve("ann", &given).await.unwrap();
        let posting = fixture.give("ada", 7).await;
        let undone = fixture.propose("sue", reversal(&posting)).await;
        fixture.approve("ben", &undone).await.unwrap();
        let other = fixture.propose("sue", gift_of("bob", 1)).await;
        fixture.reject(("ann", Role::Finance), &other).await.unwrap();
        assert_eq!(calls(&fixture, "ada").await, named(&[("sue", "Propose"), ("ann", "Approve"), ("sue", "Propose"), ("ben", "Approve")]));
        assert_eq!(calls(&fixture, "bob").await, named(&[("sue", "Propose"), ("ann", "Reject")]));
        assert_eq!(calls(&fixture, "cyd").await, Vec::new());
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_about_two_users_is_listed_as_both_ones() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 9).await;
        let transfer =
            AdjustmentTransfer { debit_account: "viewer/ada/coins".to_owned(), credit_account: "viewer/bob/coins".to_owned(), amount: 9 };
        let moved = fixture.propose("sue", Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
        fixture.approve("ann", &moved).await.unwrap();
        for user in ["ada", "bob"] {
            assert_eq!(calls(&fixture, user).await, named(&[("sue", "Propose"), ("ann", "Approve")]), "{user}");
        }
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_is_not_proposed() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let propose = async |act: Act| {
            let request = ProposeRequest { request_id: crate::fixture::new_id(), act: Some(act), ..Default::default() };
            told(fixture.support().propose(fixture.by("sue", Role::Support, request)).await).map(|_| "proposed")
        };
        let adjustment = |debit: &str, credit: &str| {
            let transfer = AdjustmentTransfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount: 5 };
            Act::Adjustment(Adjustment { transfers: vec![transfer] })
        };
        let malformed = Err("MALFORMED".to_owned());
        assert_eq!(propose(adjustment("house/nonsense", "viewer/gil/coins")).await, malformed);
        assert_eq!(propose(adjustment("house/bank_cash/USD", "viewer/gil/coins")).await, malformed, "two units");
        assert_eq!(propose(adjustment("viewer/gil/coins", "viewer/gil/coins")).await, malformed);
        assert_eq!(propose(reversal(&Uuid::now_v7().to_string())).await, Err("POSTING_UNKNOWN".to_owned()));
        assert_eq!(propose(adjustment("house/coins/issued", "viewer/gil/coins")).await, Ok("proposed"));
        fixture.stop().await;
    }
}

/// One page of the proposals that somebody of support lists.
async fn listed(fixture: &Fixture, ask: ListProposalsRequest) -> Result<ListProposalsResponse, String> {
    told(fixture.support().list_proposals(fixture.unexplained("sam", Role::Support, ask)).await)
}

/// The ids of what is listed of a user or an account.
async fn ids(fixture: &Fixture, user: &str, account: &str) -> Vec<String> {
    let ask = ListProposalsRequest { user_id: user.to_owned(), account: account.to_owned(), ..Default::default() };
    listed(fixture, ask).await.unwrap().proposals.into_iter().map(|proposal| proposal.proposal_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_listed_by_user_and_by_account() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let posting = fixture.give("ada", 9).await;
        let transfer = |debit: &str, credit: &str| {
            let transfer = AdjustmentTransfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount: 1 };
            Act::Adjustment(Adjustment { transfers: vec![transfer] })
        };
        let mut made = Vec::new();
        let money = transfer("house/bank_cash/USD", "house/fee_income/USD");
        for act in [gift_of("ada", 5), transfer("viewer/ada/coins", "viewer/bob/coins"), money, reversal(&posting)] {
            made.push(fixture.propose("sue", act).await.proposal_id);
        }
        let [given, moved, money, undone] = made.iter().map(String::as_str).collect::<Vec<_>>()[..] else { unreachable!() };
        assert_eq!(ids(&fixture, "ada", "").await, [undone, moved, given]);
        assert_eq!(ids(&fixture, "bob", "").await, [moved]);
        assert_eq!(ids(&fixture, "", "viewer/ada/coins").await, [moved, given], "a reversal names no account");
        assert_eq!(ids(&fixture, "", "house/coins/issued").await, [given]);
        assert_eq!(ids(&fixture, "", "house/fee_income/USD").await, [money]);
        assert_eq!(ids(&fixture, "bob", "viewer/ada/coins").await, [moved]);
        assert_eq!(ids(&fixture, "cyd", "").await, Vec::<String>::new());
        assert_eq!(ids(&fixture, "bob", "house/coins/issued").await, Vec::<String>::new());
        let open = ListProposalsRequest { user_id: "ada".to_owned(), state: ProposalState::Done.into(), ..Default::default() };
        assert!(listed(&fixture, open).await.unwrap().proposals.is_empty(), "with the other filters");
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_one_users_proposals_is_none_of_anothers() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let mut made = Vec::new();
        for coins in 1..=5 {
            made.insert(0, fixture.propose("sue", gift_of("ada", coins)).await.proposal_id);
            fixture.propose("sue", gift_of("bob", coins)).await;
        }
        let mut ask = ListProposalsRequest { user_id: "ada".to_owned(), page_size: 2, ..Default::default() };
        let mut found = Vec::new();
        loop {
            let page = listed(&fixture, ask.clone()).await.unwrap();
            assert!(page.proposals.len() <= 2);
            found.extend(page.proposals.into_iter().map(|proposal| proposal.proposal_id));
            if page.next_page_token.is_empty() {
                break;
            }
            ask.page_token = page.next_page_token;
            for (user, account) in [("bob", ""), ("", ""), ("", "viewer/ada/coins"), ("ada", "viewer/ada/coins")] {
                let other = ListProposalsRequest { user_id: user.to_owned(), account: account.to_owned(), ..ask.clone() };
                assert_eq!(listed(&fixture, other).await.unwrap_err(), "PAGE_TOKEN", "{user} {account}");
            }
        }
        assert_eq!(found, made);
        for (user, account) in [("ada lovelace", ""), ("", "house/nonsense"), ("", "ada")] {
            let ask = ListProposalsRequest { user_id: user.to_owned(), account: account.to_owned(), ..Default::default() };
            assert_eq!(listed(&fixture, ask).await.unwrap_err(), "MALFORMED", "{user} {account}");
        }
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_id_proposed_something_else_is_about_no_proposal() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let request = ProposeRequest { request_id: crate::fixture::new_id(), act: Some(gift_of("ada", 5)), ..Default::default() };
        let other = ProposeRequest { act: Some(gift_of("cyd", 5)), ..request.clone() };
        let answer = fixture.support().propose(fixture.by("sue", Role::Support, request)).await.unwrap().into_inner();
        let refused = told(fixture.support().propose(fixture.by("sue", Role::Support, other)).await);
        assert_eq!(refused.unwrap_err(), "REQUEST_ID_REUSED");
        assert_eq!(ids(&fixture, "", "viewer/cyd/coins").await, Vec::<String>::new());
        assert_eq!(ids(&fixture, "", "viewer/ada/coins").await, [answer.proposal.unwrap().proposal_id]);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_refused_is_about_no_proposal_that_its_id_made_later() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 1).await;
        fixture.give("bob", 30).await;
        let request_id = crate::fixture::new_id();
        let moved = |from: &str| {
            let (debit_account, credit_account) = (format!("viewer/{from}/coins"), "viewer/eve/coins".to_owned());
            let act = Act::Adjustment(Adjustment { transfers: vec![AdjustmentTransfer { debit_account, credit_account, amount: 30 }] });
            let request = ProposeRequest { request_id: request_id.clone(), act: Some(act), ..Default::default() };
            fixture.by("sue", Role::Support, request)
        };
        let refused = told(fixture.support().propose(moved("ada")).await);
        assert_eq!(refused.unwrap_err(), "INSUFFICIENT_FUNDS");
        let answer = told(fixture.support().propose(moved("bob")).await).unwrap();
        let id = answer.proposal.unwrap().proposal_id;
        assert_eq!(ids(&fixture, "", "viewer/ada/coins").await, Vec::<String>::new());
        assert_eq!(ids(&fixture, "", "viewer/bob/coins").await, [id.as_str()]);
        assert_eq!(ids(&fixture, "", "viewer/eve/coins").await, [id]);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_user_the_record_keeps_user_keys_and_no_words() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 9).await;
        let account = "viewer/ada/coins";
        // A text that is no account's name is not stored beside the line, even if it names a user.
        for named in [account, "viewer/ada/coins of Ada Lovelace"] {
            let look = GetAccountRequest { account: named.to_owned(), ..Default::default() };
            let _ = fixture.books().get_account(fixture.by("sue", Role::Support, look)).await;
        }
        let by_account = async || {
            let ask = ListActsRequest { account: account.to_owned(), ..Default::default() };
            let acts = fixture.support().list_acts(fixture.by("aud", Role::Auditor, ask)).await.unwrap().into_inner().acts;
            let looks = acts.into_iter().filter(|act| act.rpc.ends_with("/GetAccount"));
            looks.map(|act| (act.erased, act.reason, act.request_json)).collect::<Vec<_>>()
        };
        let before = by_account().await;
        let words = before.iter().any(|(_, reason, request)| !reason.is_empty() && request.contains(account));
        assert!(words && before.len() == 2 && before.iter().all(|(erased, ..)| !erased), "its beginning and its end: {before:?}");
        let store = Store::open(database).await.unwrap();
        assert!(store.erase("demo", "ada", &BTreeSet::new()).await.unwrap() > 0);
        // It still finds that somebody read the account; the reason and the request are erased.
        assert_eq!(by_account().await, vec![(true, String::new(), String::new()); 2]);
        let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
        let accounts: Vec<(String,)> = sqlx::query_as("SELECT account FROM act_account").fetch_all(&pool).await.unwrap();
        assert!(accounts.iter().any(|(kept,)| kept == account));
        assert!(accounts.iter().all(|(kept,)| chart::form(kept).is_some()), "{accounts:?}");
        let users: Vec<(String,)> =
            sqlx::query_as("SELECT user_id FROM act_user UNION SELECT user_id FROM proposal_user UNION SELECT user_id FROM act")
                .fetch_all(&pool)
                .await
                .unwrap();
        assert!(users.iter().all(|(kept,)| kept.is_empty() || UserKey::is_valid(kept)), "{users:?}");
        pool.close().await;
        fixture.stop().await;
    }
}
