//! What needs a person is listed, the oldest first, according to the caller's role and books, each with its runbook.
use crate::{
    finding::propose,
    posted::change,
    things::{BOOK, TREASURY, id, planted},
    watched::{Watched, asked},
};
use api::monitor::{ActivityState, ListActivityRequest, ListWorkRequest, ListWorkResponse, WorkKind};
use identity::Role;
use std::collections::BTreeSet;
use testbed::{Storage, both};
use tonic::Status;

async fn work(bed: &Watched, role: Role, books: &[&str], request: ListWorkRequest) -> Result<ListWorkResponse, Status> {
    Ok(bed.monitor().list_work(asked(bed, ("sam", role), books, request)).await?.into_inner())
}

/// As planted, and something of each kind needs a person.
async fn with_work(storage: Storage) -> Watched {
    let (bed, _) = planted(storage).await;
    drop(support::tables::Store::open(&bed.database).await.unwrap());
    drop(earnings::tables::Store::open(&bed.database).await.unwrap());
    // What is planted has a merge that waits for a second person.
    assert_eq!(change(&bed.database, "purchase", "UPDATE wallet_change SET state = 6 WHERE state = 1").await, 1);
    let bed = Watched::over(bed).await;
    let nothing = work(&bed, Role::Admin, &[BOOK, TREASURY], ListWorkRequest::default()).await.unwrap();
    assert_eq!(nothing, ListWorkResponse::default(), "everything that is planted is over");
    let quote = id(18);
    propose(&bed, &id(17), (7_000, i64::MAX)).await;
    propose(&bed, &id(16), (7_001, 7_002)).await;
    let quote = format!(
        "INSERT INTO quote (book, quote_id, user_id, diamonds, currency, rate, rate_date, rate_card_version, gross_minor_units, withholding_minor_units,
         fee_minor_units, net_minor_units, created_at_ms, expire_at_ms, accept_request_id, accept_user_named, posting_id)
         VALUES ('demo', '{quote}', 'star', 60, 'USD', '0.005', '2026-11-01', 'v1', 30, 0, 0, 30, 3000, 4000, '{quote}', '', '')"
    );
    for (service, sql) in [
        ("purchase", format!("UPDATE purchase SET state = 1, created_at_ms = 2000, posting_id = '' WHERE purchase_id = '{}'", id(1))),
        ("payout", "UPDATE payout SET state = 'outcome_unknown', phase = 'unknown', created_at_ms = 1000".to_owned()),
        ("treasury", "UPDATE bank_case SET state = 'open', resolution = '', found_at_ms = 9000".to_owned()),
        ("earnings", quote),
    ] {
        assert_eq!(change(&bed.database, service, &sql).await, 1, "{sql}");
    }
    bed
}

const fn of_kind(kind: WorkKind) -> ListWorkRequest {
    ListWorkRequest { book: String::new(), kind: kind as i32, page_size: 0, page_token: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_a_person_is_listed_the_oldest_first_with_its_runbook() {
    for storage in both() {
        let bed = with_work(storage).await;
        let all = work(&bed, Role::Admin, &[BOOK, TREASURY], ListWorkRequest::default()).await.unwrap().items;
        let shown: Vec<(WorkKind, String, &str)> =
            all.iter().map(|item| (item.kind(), item.id.clone(), item.runbook.rsplit('/').next().unwrap())).collect();
        let case = "01936f5e7c3b70009000a1b2c3d4e514".to_owned();
        let expected = [
            (WorkKind::UnknownOutcome, id(8), "payout-outcome-unknown.md"),
            (WorkKind::UncreditedReceipt, id(1), "purchase-not-credited.md"),
            (WorkKind::UnknownOutcome, id(18), "conversion-not-recorded.md"),
            (WorkKind::OpenProposal, id(17), "proposals-open.md"),
            (WorkKind::OpenCase, case, "bank-cases-open.md"),
        ];
        assert_eq!(shown, expected);
        assert!(all.iter().all(|item| std::path::Path::new("../..").join(&item.runbook).exists()), "{all:#?}");
        let amounts: Vec<Option<i64>> = all.iter().map(|item| item.amount.as_ref().map(|amount| amount.amount)).collect();
        assert_eq!(amounts, [Some(500), Some(74), Some(60), None, Some(4_990)]);
        for size in [1, 2, 4] {
            let (mut paged, mut page_token) = (Vec::new(), String::new());
            loop {
                let request = ListWorkRequest { page_size: size, page_token, ..ListWorkRequest::default() };
                let page = work(&bed, Role::Admin, &[BOOK, TREASURY], request).await.unwrap();
                paged.extend(page.items);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(paged, all, "by {size}");
        }
        assert_eq!(work(&bed, Role::Admin, &[BOOK, TREASURY], of_kind(WorkKind::UnknownOutcome)).await.unwrap().items.len(), 2);
        assert_eq!(work(&bed, Role::Admin, &[TREASURY], ListWorkRequest::default()).await.unwrap().items, all[4..]);
        let kinds = async |role| {
            let items = work(&bed, role, &[BOOK, TREASURY], ListWorkRequest::default()).await.unwrap().items;
            items.iter().map(|item| item.kind().as_str_name()).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(
            (kinds(Role::Support).await, kinds(Role::Service).await, kinds(Role::Finance).await),
            (3, 3, 4),
            "no cases; no proposals; all"
        );
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_stays_is_work_and_what_is_no_page_of_work_is_refused() {
    for storage in both() {
        let bed = with_work(storage).await;
        // The bank has decided: only a posting is missing. And what is younger than that it needs somebody.
        assert_eq!(change(&bed.database, "payout", "UPDATE payout SET phase = 'settling'").await, 1);
        let stuck = work(&bed, Role::Admin, &[BOOK], of_kind(WorkKind::StuckPayout)).await.unwrap().items;
        assert_eq!((stuck.len(), stuck[0].runbook.as_str(), stuck[0].user_id.as_str()), (1, "deploy/runbooks/payout-stuck.md", "star"));
        assert_eq!(change(&bed.database, "payout", &format!("UPDATE payout SET created_at_ms = {}", money::time::now_ms())).await, 1);
        assert!(work(&bed, Role::Admin, &[BOOK], of_kind(WorkKind::StuckPayout)).await.unwrap().items.is_empty());
        for (request, books, reason) in [
            (ListWorkRequest { kind: 99, ..ListWorkRequest::default() }, &[BOOK][..], "MALFORMED"),
            (ListWorkRequest { page_size: -1, ..ListWorkRequest::default() }, &[BOOK], "MALFORMED"),
            (ListWorkRequest { page_token: "<b>".to_owned(), ..ListWorkRequest::default() }, &[BOOK], "PAGE_TOKEN"),
            (ListWorkRequest { book: TREASURY.to_owned(), ..ListWorkRequest::default() }, &[BOOK], "PERMISSION_DENIED"),
        ] {
            let refused = work(&bed, Role::Admin, books, request.clone()).await.unwrap_err();
            assert_eq!(rpc::reason(&refused).as_deref(), Some(reason), "{request:?}");
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_decision_is_listed_whoever_asked_for_it() {
    for storage in both() {
        let bed = with_work(storage).await;
        let [review, run, refund, wallet] = [31, 32, 33, 34].map(id);
        let payout = id(8);
        for (service, sql) in [
            (
                "payout",
                format!(
                    "INSERT INTO payout_review (book, review_id, payout_id, kind, state, finding, created_at_ms)
                     VALUES ('demo', '{review}', '{payout}', 'approval', 'open', '', 11000),
                         ('demo', '{}', '{payout}', 'screening', 'passed', '', 11000)",
                    id(35)
                ),
            ),
            (
                "payout",
                format!(
                    "INSERT INTO payout_run (book, run_id, request_id, created_by, state, above_currency, above_minor_units, line_count, created_at_ms)
                     VALUES ('demo', '{run}', '{run}', 'fay', 'awaiting_approval', '', 0, 7, 12000), ('demo', '{}', '{run}', 'fay', 'running', '', 0, 7, 12000)",
                    id(36)
                ),
            ),
            (
                "purchase",
                format!(
                    "INSERT INTO refund_order (book, refund_id, purchase_id, user_id, started_by, asked_by, request_id, currency, amount_minor_units, state,
                         decided_by, store_refund_id, note, created_at_ms, decided_at_ms, sent_at_ms, ended_at_ms, tries, next_attempt_at_ms)
                     VALUES ('demo', '{refund}', '{}', 'ann', 2, 'sam', '{refund}', 'USD', 199, 1, '', '', '', 13000, 0, 0, 0, 0, 0)",
                    id(37)
                ),
            ),
            (
                "purchase",
                format!(
                    "INSERT INTO wallet_change (book, change_id, kind, user_id, into_user_id, asked_by, request_id, state, decided_by, note, created_at_ms,
                         decided_at_ms, ended_at_ms, tries, next_attempt_at_ms)
                     VALUES ('demo', '{wallet}', 1, 'ann', '', 'sam', '{wallet}', 1, '', '', 14000, 0, 0, 0, 0)"
                ),
            ),
        ] {
            assert!(change(&bed.database, service, &sql).await > 0, "{sql}");
        }
        let waiting = work(&bed, Role::Admin, &[BOOK], of_kind(WorkKind::WaitingDecision)).await.unwrap().items;
        let shown: Vec<(&str, &str, &str)> =
            waiting.iter().map(|item| (item.thing_kind().as_str_name(), item.id.as_str(), item.state.as_str())).collect();
        let expected = [
            ("THING_KIND_PAYOUT", payout.as_str(), "approval"),
            ("THING_KIND_PAYOUT_RUN", run.as_str(), "awaiting_approval"),
            ("THING_KIND_REFUND", refund.as_str(), "asked"),
            ("THING_KIND_WALLET_CHANGE", wallet.as_str(), "asked"),
        ];
        assert_eq!(shown, expected);
        assert_eq!(waiting[2].amount.as_ref().map(|amount| (amount.unit.as_str(), amount.amount)), Some(("USD", 199)));
        assert!(waiting.iter().all(|item| std::path::Path::new("../..").join(&item.runbook).exists()), "{waiting:#?}");
        let all = work(&bed, Role::Admin, &[BOOK], ListWorkRequest::default()).await.unwrap().items;
        let page = work(&bed, Role::Admin, &[BOOK], ListWorkRequest { page_size: 1, ..of_kind(WorkKind::WaitingDecision) }).await.unwrap();
        assert_eq!((page.items.as_slice(), page.next_page_token.is_empty()), (&waiting[..1], false));
        let rest = ListWorkRequest { page_token: page.next_page_token, page_size: 1, ..of_kind(WorkKind::WaitingDecision) };
        assert_eq!(work(&bed, Role::Admin, &[BOOK], rest).await.unwrap().items, waiting[1..2]);
        assert_eq!(all[all.len() - 4..], waiting, "among the rest by their age");
        assert!(work(&bed, Role::Admin, &[TREASURY], of_kind(WorkKind::WaitingDecision)).await.unwrap().items.is_empty());
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_in_suspense_are_work_until_staff_gave_them_to_somebody() {
    for storage in both() {
        let bed = with_work(storage).await;
        let purchase = id(1);
        let lot = format!(
            "INSERT INTO coin_lot (book, lot_no, user_id, posting_id, purchase_id, origin, store, market, entity, currency, price_minor_units, tax_minor_units,
                 commission_minor_units, coins, bonus_coins, spent_coins, removed_coins, reversed, issued_at_ms, suspended_coins)
             VALUES ('demo', 64, 'ann', '{purchase}', '{purchase}', 1, 'stripe', 'US', 'main', 'USD', 74, 7, 0, 70, 0, 0, 70, 0, 2500, 70),
                 ('demo', 128, 'ann', '{purchase}', '', 2, '', '', '', '', 0, 0, 0, 5, 0, 0, 0, 0, 2400, 5)"
        );
        let suspended = format!("UPDATE purchase SET state = 3, posting_id = '{purchase}' WHERE purchase_id = '{purchase}'");
        for sql in [lot, suspended] {
            assert!(change(&bed.database, "purchase", &sql).await > 0, "{sql}");
        }
        let waiting = work(&bed, Role::Support, &[BOOK], of_kind(WorkKind::UncreditedReceipt)).await.unwrap().items;
        let shown: Vec<(&str, &str, &str)> =
            waiting.iter().map(|item| (item.id.as_str(), item.state.as_str(), item.runbook.as_str())).collect();
        assert_eq!(shown, [(purchase.as_str(), "suspended", "deploy/runbooks/money-in-suspense.md")]);
        assert_eq!((waiting[0].user_id.as_str(), waiting[0].since_time.map(|time| time.nanos)), ("ann", Some(500_000_000)));
        let request = ListActivityRequest { user_id: "ann".to_owned(), page_size: 200, ..ListActivityRequest::default() };
        let lines = bed.monitor().list_activity(asked(&bed, ("sam", Role::Support), &[BOOK], request)).await.unwrap().into_inner().lines;
        let line =
            lines.iter().find(|line| line.case_id == purchase && line.case_state == "suspended").expect("it is in the user's activity");
        assert_eq!((line.state(), line.amount.as_ref().map(|amount| amount.amount)), (ActivityState::Blocked, Some(70)));
        // An adjustment of staff takes them out.
        assert_eq!(change(&bed.database, "purchase", "UPDATE coin_lot SET suspended_coins = 0 WHERE lot_no = 64").await, 1);
        assert!(work(&bed, Role::Support, &[BOOK], of_kind(WorkKind::UncreditedReceipt)).await.unwrap().items.is_empty());
        bed.ledger.shutdown().await;
    }
}
