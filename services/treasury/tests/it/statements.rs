//! Statements: issued once, without holes, and what they say is what the book has.
mod files;
mod formats;
mod moves;
mod world;

use crate::{CASH, COSTS, CREATORS, TREE};
use api::treasury::{GetStatementRequest, IssueStatementRequest, ListStatementsRequest, StatementKind};
use std::collections::BTreeSet;
use world::{Booking, UNALLOCATED, both, line, reason, request, start};

#[tokio::test]
async fn a_day_that_is_over_is_issued_by_the_first_who_asks_and_never_changes() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, UNALLOCATED, 10_000)).await;
        fixture.book(Booking::of(UNALLOCATED, COSTS, 700)).await;
        fixture.book(Booking::of(COSTS, CASH, 250)).await;
        fixture.days_later(2);
        let day = fixture.day(-2);
        let (statement, entries) = fixture.statement("us-costs", &day).await.unwrap();
        assert_eq!((statement.number, statement.kind(), statement.day.as_str()), (1, StatementKind::Leaf, day.as_str()));
        assert_eq!((statement.opening_minor_units, statement.closing_minor_units), (0, 450));
        let sides = [statement.credits.unwrap(), statement.debits.unwrap()].map(|total| (total.count, total.sum_minor_units));
        assert_eq!(sides, [(1, 700), (1, 250)]);
        assert_eq!((statement.account_number.as_str(), statement.entity.as_str()), ("DE89370400440532013000", "acme"));
        assert_eq!((statement.bank.as_str(), statement.branch.as_str(), statement.currency_code.as_str()), ("A bank", "TESTUS33", "USD"));
        assert_eq!(
            entries.iter().map(line).collect::<Vec<_>>(),
            [("us-costs", 700, "bank-usd-unallocated"), ("us-costs", -250, "bank-usd")]
        );
        assert_eq!(entries.iter().map(|entry| entry.balance_minor_units).collect::<Vec<_>>(), [700, 450]);
        assert_eq!(statement.position, entries[1].seq);
        assert_eq!(statement.hash.len(), 64);
        // A later day without entries has a statement too, so that its number and balances follow.
        let (quiet, none) = fixture.statement("us-costs", &fixture.day(-1)).await.unwrap();
        assert_eq!((quiet.number, quiet.opening_minor_units, quiet.closing_minor_units, none.len()), (2, 450, 450, 0));
        assert_eq!(fixture.statement("us-costs", &day).await.unwrap(), (statement.clone(), entries));
        let issue = IssueStatementRequest { node_id: "us-costs".to_owned(), day, ..Default::default() };
        let issued = fixture.client().issue_statement(fixture.by(issue)).await.unwrap().into_inner().statement.unwrap();
        assert_eq!(issued, statement);
    }
}

#[tokio::test]
async fn the_leaves_entries_without_their_pairs_are_the_banks_line_for_line() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, UNALLOCATED, 10_000)).await;
        fixture.book(Booking::of(UNALLOCATED, CREATORS, 7_000)).await;
        fixture.book(Booking { second: Some((UNALLOCATED, COSTS, 500)), ..Booking::of(CREATORS, CASH, 1_200) }).await;
        fixture.book(Booking::of("house/main/virtual_account/bank-usd-fees/USD", CASH, 25)).await;
        fixture.days_later(1);
        let day = fixture.day(-1);
        let (physical, bank) = fixture.statement("bank-usd", &day).await.unwrap();
        assert_eq!((physical.kind(), physical.account_number.as_str()), (StatementKind::Physical, "000123456789"));
        assert_eq!(bank.iter().map(|entry| line(entry).1).collect::<Vec<_>>(), [10_000, -1_200, -25]);
        let (mut leaves, mut closing) = (Vec::new(), 0);
        for listed in fixture.list("").await.iter().filter(|one| one.kind() == api::treasury::VirtualAccountKind::Leaf) {
            let (statement, entries) = fixture.statement(&listed.id, &day).await.unwrap();
            closing += statement.closing_minor_units;
            leaves.extend(entries);
        }
        assert_eq!(closing, physical.closing_minor_units);
        leaves.sort_by_key(|entry| (entry.transfer_no, entry.is_credit));
        let (outside, pairs): (Vec<_>, Vec<_>) = leaves.iter().partition(|entry| entry.other_node_id == "bank-usd");
        let key =
            |entry: &api::treasury::StatementEntry| (entry.transfer_no, entry.posting_id.clone(), line(entry).1, entry.value_date.clone());
        assert_eq!(outside.iter().map(|entry| key(entry)).collect::<Vec<_>>(), bank.iter().map(key).collect::<Vec<_>>());
        assert_eq!(pairs.len(), 4);
        for pair in pairs.chunks(2) {
            assert_eq!((pair[0].transfer_no, line(pair[0]).1), (pair[1].transfer_no, -line(pair[1]).1));
        }
        // A summary node has the entries of its leaves; what moved between two of them is a pair, and other moves are not.
        fixture.book(Booking::of(CREATORS, COSTS, 40)).await;
        fixture.days_later(1);
        let (summary, entries) = fixture.statement("us", &fixture.day(-1)).await.unwrap();
        assert_eq!(
            (summary.kind(), summary.number, summary.opening_minor_units, summary.closing_minor_units),
            (StatementKind::Summary, 2, 6_300, 6_300)
        );
        assert_eq!(entries.iter().map(line).collect::<Vec<_>>(), [("us-creators", -40, "us-costs"), ("us-costs", 40, "us-creators")]);
        assert!(entries.iter().all(|entry| entry.is_internal));
        let (first, before) = fixture.statement("us", &day).await.unwrap();
        assert_eq!((first.closing_minor_units, first.credits.unwrap().count, before.len()), (6_300, 2, 3));
        assert!(before.iter().all(|entry| !entry.is_internal));
    }
}

#[tokio::test]
async fn a_late_item_is_of_today_with_an_earlier_value_date_and_holds_are_no_entries() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, CREATORS, 5_000)).await;
        let held = fixture.book(Booking { is_hold: true, ..Booking::of(CREATORS, UNALLOCATED, 900) }).await;
        fixture.days_later(1);
        let day = fixture.day(-1);
        let before = fixture.statement("us-creators", &day).await.unwrap();
        assert_eq!(before.1.iter().map(line).collect::<Vec<_>>(), [("us-creators", 5_000, "bank-usd")]);
        fixture.book(Booking { effective_days: -1, ..Booking::of(CREATORS, CASH, 30) }).await;
        fixture.void(held).await;
        let so_far = fixture.statement("us-creators", &fixture.day(0)).await.unwrap();
        assert_eq!((so_far.0.number, so_far.0.opening_minor_units, so_far.0.closing_minor_units), (0, 5_000, 4_970));
        assert_eq!((so_far.0.hash.as_str(), so_far.0.issue_time), ("", None));
        fixture.days_later(1);
        let (statement, entries) = fixture.statement("us-creators", &fixture.day(-1)).await.unwrap();
        assert_eq!((statement.number, statement.closing_minor_units), (2, 4_970));
        assert_eq!(entries.iter().map(|entry| (line(entry).1, entry.value_date.as_str())).collect::<Vec<_>>(), [(-30, day.as_str())]);
        assert_eq!(fixture.statement("us-creators", &day).await.unwrap(), before, "what was issued stays");
    }
}

#[tokio::test]
async fn numbers_have_no_holes_however_many_ask_at_once() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, CREATORS, 5_000)).await;
        fixture.days_later(3);
        let second = fixture.second().await;
        let calls = (0..12).map(|at: i64| {
            let mut client = if at % 2 == 0 { fixture.client() } else { second.clone() };
            let request = fixture.by(request("us", &fixture.day(-1 - at % 3)));
            async move { client.get_statement(request).await.unwrap().into_inner().statement.unwrap() }
        });
        let answers = futures::future::join_all(calls).await;
        let numbered: BTreeSet<(i64, String, String)> = answers.into_iter().map(|one| (one.number, one.day, one.hash)).collect();
        assert_eq!(
            numbered.iter().map(|one| (one.0, one.1.clone())).collect::<Vec<_>>(),
            [(1, fixture.day(-3)), (2, fixture.day(-2)), (3, fixture.day(-1))]
        );
        let list = ListStatementsRequest { node_id: "us".to_owned(), page_size: 2, ..Default::default() };
        let first = fixture.client().list_statements(fixture.by(list.clone())).await.unwrap().into_inner();
        assert_eq!(first.statements.iter().map(|one| one.number).collect::<Vec<_>>(), [3, 2]);
        let list = ListStatementsRequest { page_token: first.next_page_token, ..list };
        let last = fixture.client().list_statements(fixture.by(list)).await.unwrap().into_inner();
        assert_eq!((last.statements.iter().map(|one| one.number).collect::<Vec<_>>(), last.next_page_token.as_str()), (vec![1], ""));
    }
}

#[tokio::test]
async fn pages_of_a_statement_are_the_whole_of_it() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, CREATORS, 5_000)).await;
        for amount in 1..=30 {
            fixture.book(Booking { second: Some((COSTS, CREATORS, 2 * amount)), ..Booking::of(CREATORS, COSTS, 10 * amount) }).await;
        }
        fixture.days_later(1);
        let (statement, whole) = fixture.statement("us", &fixture.day(-1)).await.unwrap();
        assert_eq!((whole.len(), statement.closing_minor_units), (121, 5_000));
        for size in [1, 7, 120] {
            let (mut all, mut token) = (Vec::new(), String::new());
            loop {
                let ask = GetStatementRequest { page_size: size, page_token: token, ..request("us", &fixture.day(-1)) };
                let page = fixture.client().get_statement(fixture.by(ask)).await.unwrap().into_inner();
                assert_eq!(page.statement, Some(statement.clone()));
                all.extend(page.entries);
                token = page.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(all, whole, "{size}");
        }
    }
}

#[tokio::test]
async fn what_has_no_statement_is_refused_with_its_reason() {
    let fixture = start(testbed::Storage::sqlite()).await;
    fixture.change(TREE).await.unwrap();
    for (node, day, wanted) in [
        ("us", "yesterday", "MALFORMED"),
        ("No Id", "2026-11-27", "MALFORMED"),
        ("nobody", "2026-11-27", "NODE_UNKNOWN"),
        ("us", &fixture.day(1), "DAY_OPEN"),
        ("us", &fixture.day(-1), "DAY_BEFORE_FIRST"),
        ("bank-usd", &fixture.day(-1), "DAY_BEFORE_FIRST"),
    ] {
        assert_eq!(reason(&fixture.statement(node, day).await.unwrap_err()), wanted, "{node} {day}");
    }
    let issue = IssueStatementRequest { node_id: "us".to_owned(), day: fixture.day(0), ..Default::default() };
    assert_eq!(reason(&fixture.client().issue_statement(fixture.by(issue)).await.unwrap_err()), "DAY_OPEN");
    let wrong = GetStatementRequest { page_token: "AAAA".to_owned(), ..request("us", &fixture.day(0)) };
    assert_eq!(reason(&fixture.client().get_statement(fixture.by(wrong)).await.unwrap_err()), "PAGE_TOKEN");
}
