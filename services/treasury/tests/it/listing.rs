//! Lists: balances rolled up, pages, and the trees of past days.
use crate::{
    CASH, COSTS, CREATORS, TREE, costs,
    fixture::{Fixture, both},
};
use api::treasury::{FundsClass, LeafState, ListVirtualAccountsRequest, VirtualAccount, VirtualAccountKind};

/// Depth, id, booked and cash of each item.
fn seen(listed: &[VirtualAccount]) -> Vec<(i32, &str, i64, i64)> {
    let sums = |one: &VirtualAccount| one.balance.map(|balance| (balance.booked_minor_units, balance.cash_minor_units)).unwrap();
    listed.iter().map(|one| (one.depth, one.id.as_str(), sums(one).0, sums(one).1)).collect()
}

#[tokio::test]
async fn balances_are_the_ledgers_and_every_node_sums_what_is_below_it() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.adjust(CASH, "house/main/virtual_account/bank-usd-unallocated/USD", 10_000).await;
        fixture.adjust("house/main/virtual_account/bank-usd-unallocated/USD", CREATORS, 7_000).await;
        fixture.adjust("house/main/virtual_account/bank-usd-unallocated/USD", COSTS, 500).await;
        fixture.adjust("house/main/virtual_account/bank-usd-fees/USD", CASH, 25).await;
        let listed = fixture.list("").await;
        assert_eq!(
            seen(&listed),
            [
                (0, "bank-usd", 9_975, 9_975),
                (1, "bank-usd-blocked", 0, 0),
                (1, "bank-usd-fees", -25, 0),
                (1, "bank-usd-in-transit", 0, 0),
                (1, "bank-usd-incoming", 0, 0),
                (1, "bank-usd-rounding", 0, 0),
                (1, "bank-usd-suspense", 0, 0),
                (1, "bank-usd-unallocated", 2_500, 0),
                (1, "us", 7_500, 0),
                (2, "us-costs", 500, 0),
                (2, "us-creators", 7_000, 0),
            ]
        );
        let of = |id: &str| listed.iter().find(|one| one.id == id).unwrap();
        let costs = of("us-costs");
        assert_eq!((costs.entity.as_str(), costs.parent.as_str(), costs.physical_account.as_str()), ("acme", "us", "bank-usd"));
        assert_eq!((costs.kind(), costs.state(), costs.funds_class()), (VirtualAccountKind::Leaf, LeafState::Open, FundsClass::Own));
        assert_eq!((costs.numbers.as_slice(), costs.number_count), (["DE89370400440532013000".to_owned()].as_slice(), 1));
        assert_eq!((costs.uses.as_slice(), costs.currency_code.as_str()), (["sweep".to_owned()].as_slice(), "USD"));
        assert_eq!(
            (of("us").level.as_str(), of("us").state(), of("us").kind()),
            ("market", LeafState::Unspecified, VirtualAccountKind::Summary)
        );
        assert_eq!(of("bank-usd-suspense").standard, "suspense");
        assert_eq!(of("us-creators").funds_class(), FundsClass::Client);
    }
}

#[tokio::test]
async fn a_move_is_dated_and_the_days_before_keep_the_old_tree() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.days_later(3);
        fixture.change(&costs("bank-usd", "pending_close")).await.unwrap();
        let place = async |fixture: &Fixture, on: &str| {
            let listed = fixture.list(on).await;
            listed.iter().find(|one| one.id == "us-costs").map(|one| (one.parent.clone(), one.depth, one.state()))
        };
        let us = || Some(("us".to_owned(), 2, LeafState::Open));
        assert_eq!(place(&fixture, "").await, Some(("bank-usd".to_owned(), 1, LeafState::PendingClose)));
        assert_eq!(place(&fixture, &fixture.day(0)).await, Some(("bank-usd".to_owned(), 1, LeafState::PendingClose)));
        assert_eq!(place(&fixture, &fixture.day(-1)).await, us());
        assert_eq!(place(&fixture, &fixture.day(-3)).await, us());
        assert_eq!(fixture.list(&fixture.day(-4)).await, [], "there was nothing");
        // Nothing may be dated before the last change, or the history of a day would change later.
        let early = format!("effective = \"{}\"\n{}", fixture.day(-1), costs("us", "pending_close"));
        assert_eq!(rpc::errors::facts(&fixture.plan(&early).await.unwrap_err())["rule"], "effective");
        // Two moves on one day: the later one stays.
        fixture.change(&costs("us", "pending_close")).await.unwrap();
        assert_eq!(place(&fixture, &fixture.day(0)).await, Some(("us".to_owned(), 2, LeafState::PendingClose)));
    }
}

#[tokio::test]
async fn a_past_day_has_the_balances_of_its_end_under_the_tree_of_its_end() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.adjust(CASH, "house/main/virtual_account/bank-usd-unallocated/USD", 10_000).await;
        fixture.adjust("house/main/virtual_account/bank-usd-unallocated/USD", COSTS, 500).await;
        fixture.adjust(COSTS, CREATORS, 200).await;
        fixture.days_later(3);
        fixture.change(&costs("bank-usd", "open")).await.unwrap();
        // Nothing was posted since, so the days in between have what the first of them had.
        for ago in [-1, -3] {
            let listed = fixture.list(&fixture.day(ago)).await;
            let rows = seen(&listed);
            assert_eq!((rows[0], rows[7]), ((0, "bank-usd", 10_000, 10_000), (1, "bank-usd-unallocated", 9_500, 0)));
            assert_eq!(rows[8..], [(1, "us", 500, 0), (2, "us-costs", 300, 0), (2, "us-creators", 200, 0)]);
        }
        let listed = fixture.list(&fixture.day(0)).await;
        assert_eq!(seen(&listed)[8..], [(1, "us", 200, 0), (2, "us-creators", 200, 0), (1, "us-costs", 300, 0)], "{listed:?}");
        // What comes later is read from where the reading was left.
        fixture.adjust(COSTS, CREATORS, 100).await;
        let listed = fixture.list(&fixture.day(-2)).await;
        assert_eq!(seen(&listed)[8..], [(1, "us", 500, 0), (2, "us-costs", 200, 0), (2, "us-creators", 300, 0)]);
        assert_eq!(fixture.list(&fixture.day(-4)).await, [], "there was nothing");
    }
}

/// As after a restore of the ledger from an older copy: what was kept is of a journal that does not exist any more.
#[tokio::test(flavor = "multi_thread")]
async fn closings_of_another_journal_are_read_from_the_beginning() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.adjust(CASH, "house/main/virtual_account/bank-usd-unallocated/USD", 10_000).await;
        let after = ledger_client::JournalPlace { commit_no: 2, hash: "ab".repeat(32), seq: 0 };
        let position = treasury::store::ClosingPosition { after, committed_us: 0 };
        let wrong = (CASH.to_owned(), fixture.day(0).parse().unwrap());
        let batch = treasury::store::ClosingBatch { closings: [(wrong, (-77, 1))].into(), position };
        fixture.store().await.write_closings(crate::fixture::BOOK, &batch).await.unwrap();
        let today = || ListVirtualAccountsRequest { on_date: fixture.day(0), ..Default::default() };
        let behind = fixture.page(today()).await.unwrap_err();
        assert_eq!((rpc::reason(&behind).unwrap().as_str(), behind.code()), ("CLOSINGS_BEHIND", tonic::Code::Unavailable));
        let stop = tokio_util::sync::CancellationToken::new();
        let following = tokio::spawn(fixture.second_service().await.follow_closings(stop.clone()));
        let listed = async {
            loop {
                if let Ok(page) = fixture.page(today()).await {
                    return page.virtual_accounts;
                }
            }
        };
        let listed = tokio::time::timeout(std::time::Duration::from_secs(60), listed).await.unwrap();
        assert_eq!(seen(&listed)[0], (0, "bank-usd", 10_000, 10_000));
        stop.cancel();
        following.await.unwrap();
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_begin_again_after_a_change() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        let second = TREE.replace("bank-usd", "bank-two").replace("us-c", "two-c").replace("\"us\"", "\"two\"").replace("000123", "111123");
        let second = &second[..second.find("[[leaf.number]]").unwrap()];
        fixture.change(second).await.unwrap();
        let whole = fixture.list("").await;
        assert_eq!(whole.len(), 22);
        let page = async |size: i32, token: &str, account: &str| {
            let request = ListVirtualAccountsRequest {
                page_size: size,
                page_token: token.to_owned(),
                physical_account: account.to_owned(),
                ..Default::default()
            };
            fixture.page(request).await
        };
        let (mut all, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let answer = page(5, &token, "").await.unwrap();
            all.extend(answer.virtual_accounts);
            (token, pages) = (answer.next_page_token, pages + 1);
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((pages, &all), (5, &whole));
        let one = page(0, "", "bank-usd").await.unwrap();
        assert_eq!((one.virtual_accounts.len(), one.next_page_token.as_str()), (11, ""));
        assert!(one.virtual_accounts.iter().all(|item| item.physical_account == "bank-usd"));
        assert_eq!(page(0, "", "nowhere").await.unwrap().virtual_accounts, []);
        let token = page(5, "", "").await.unwrap().next_page_token;
        let wrong = |answer: Result<api::treasury::ListVirtualAccountsResponse, tonic::Status>| rpc::reason(&answer.unwrap_err()).unwrap();
        assert_eq!(wrong(page(5, &token, "bank-usd").await), "PAGE_TOKEN", "of another list");
        fixture.change(&costs("us", "pending_close")).await.unwrap();
        assert_eq!(wrong(page(5, &token, "").await), "PAGE_TOKEN", "positions are those of a revision");
        assert_eq!(wrong(page(-1, "", "").await), "MALFORMED");
        assert_eq!(wrong(page(0, "", "No Id").await), "MALFORMED");
        let day = ListVirtualAccountsRequest { on_date: "yesterday".to_owned(), ..Default::default() };
        assert_eq!(wrong(fixture.page(day).await), "MALFORMED");
    }
}

#[tokio::test]
async fn what_another_process_changes_is_listed_at_once() {
    for fixture in both().await {
        let mut second = fixture.second().await;
        fixture.change(TREE).await.unwrap();
        for name in ["Stars", "Hosts"] {
            fixture.change(&TREE.replace("\"Creators\"", &format!("\"{name}\""))).await.unwrap();
            let request = ListVirtualAccountsRequest { book: crate::fixture::BOOK.to_owned(), ..Default::default() };
            let listed = second.list_virtual_accounts(fixture.by(request)).await.unwrap().into_inner().virtual_accounts;
            assert_eq!(listed.iter().find(|one| one.id == "us-creators").unwrap().name, name);
        }
    }
}
