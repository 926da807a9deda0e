//! What moves between accounts of the company, by filter: listed, and as it happens.
use crate::{
    posted::{Planted, post},
    viewers::{config, start, watch},
    watched::{Watched, asked},
};
use api::{
    ledger::BookMode,
    monitor::{ListPaymentsRequest, ListPaymentsResponse, PaymentKind, WatchPaymentsRequest},
};
use identity::Role;
use rpc::reason;
use testbed::{Testbed, TestbedOptions, both};
use tonic::Status;
use uuid::Uuid;

const BOOK: &str = "demo";
const LIABILITY: &str = "house/accrued_creator_liability/USD";
const COST: &str = "house/creator_cost/USD";

async fn moved(bed: &Testbed, kind: &str, transfers: &[(&str, &str, i64)]) -> String {
    let moved = transfers.iter().map(|(debit, credit, amount)| ((*debit).to_owned(), (*credit).to_owned(), *amount)).collect();
    post(bed, Planted { book: BOOK, kind, id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await.posting_id
}

async fn list(bed: &Watched, request: ListPaymentsRequest) -> Result<ListPaymentsResponse, Status> {
    bed.monitor().list_payments(asked(bed, ("sue", Role::Support), &[BOOK], request)).await.map(tonic::Response::into_inner)
}

fn of(account: &str) -> ListPaymentsRequest {
    ListPaymentsRequest { kinds: vec![PaymentKind::House.into()], account: account.to_owned(), ..ListPaymentsRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_between_the_companys_accounts_are_listed_among_those_of_users() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        let mut between = Vec::new();
        for number in 1..=6 {
            // As a gift does: the company's accounts move with a user's.
            let gift = [("house/coins/issued", "viewer/ann/coins", 2), (COST, LIABILITY, 1)];
            moved(&bed, "bench.coins", &gift).await;
            moved(&bed, "bench.house", &[(LIABILITY, "creator/star/payable/USD", 1)]).await;
            between.push(moved(&bed, if number % 2 == 0 { "bench.house" } else { "bench.sweep" }, &[(COST, LIABILITY, number * 10)]).await);
        }
        between.push(moved(&bed, "bench.house", &[(LIABILITY, COST, -7)]).await);
        between.reverse();
        let bed = Watched::over(bed).await;
        for page_size in [0, 1, 2, 200] {
            for account in [COST, LIABILITY] {
                let (mut request, mut found) = (ListPaymentsRequest { page_size, ..of(account) }, Vec::new());
                loop {
                    let page = list(&bed, request.clone()).await.unwrap();
                    found.extend(page.payments);
                    request.page_token = page.next_page_token;
                    if request.page_token.is_empty() {
                        break;
                    }
                }
                let ids: Vec<&String> = found.iter().map(|payment| &payment.payment_id).collect();
                assert_eq!(ids, between.iter().collect::<Vec<_>>(), "{account}, pages of {page_size}");
                assert!(found.iter().all(|payment| payment.kind() == PaymentKind::House && payment.user_id.is_empty()), "{found:?}");
                let (first, second) = (&found[0], &found[1]);
                assert_eq!((&*first.state, &*first.debit_account, &*first.credit_account), ("held", LIABILITY, COST));
                assert_eq!((second.minor_units, &*second.currency, &*second.through, &*second.state), (60, "USD", "bench.house", "posted"));
            }
        }
        let count = async |request: ListPaymentsRequest| list(&bed, request).await.unwrap().payments.len();
        assert_eq!(count(ListPaymentsRequest { states: vec!["held".to_owned()], ..of(COST) }).await, 1);
        assert_eq!(count(ListPaymentsRequest { through: vec!["bench.sweep".to_owned()], ..of(COST) }).await, 3);
        assert_eq!(count(ListPaymentsRequest { unit: "USD".to_owned(), amount_min: 40, ..of(COST) }).await, 3);
        assert_eq!(count(ListPaymentsRequest { unit: "EUR".to_owned(), ..of(COST) }).await, 0);
        assert_eq!(count(of("house/coins/issued")).await, 0, "every entry is a user's");
        let all = ListPaymentsRequest { kinds: vec![PaymentKind::House.into(), PaymentKind::Payout.into()], ..of(COST) };
        for (request, why) in [
            (of(""), "MALFORMED"),
            (of("viewer/ann/coins"), "MALFORMED"),
            (of("house/no/such/account"), "MALFORMED"),
            (of("house/bank_cash/EUR"), "ACCOUNT_UNKNOWN"),
            (all, "MALFORMED"),
            (ListPaymentsRequest { user_id: "ann".to_owned(), ..of(COST) }, "MALFORMED"),
            (ListPaymentsRequest { page_token: "forged".to_owned(), ..of(COST) }, "PAGE_TOKEN"),
        ] {
            let refused = list(&bed, request.clone()).await.unwrap_err();
            assert_eq!(reason(&refused).as_deref(), Some(why), "{request:?}: {refused:?}");
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_of_the_companys_accounts_sees_what_moves_between_them_and_nothing_else() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        let monitor = start(&bed, config()).await;
        let house_only = WatchPaymentsRequest { house_only: true, ..WatchPaymentsRequest::default() };
        let mut viewer = watch(&bed, &monitor, house_only).await.unwrap();
        let mut wanted = Vec::new();
        for _ in 0..3 {
            moved(&bed, "bench.coins", &[("house/coins/issued", "viewer/ann/coins", 2), (COST, LIABILITY, 1)]).await;
            wanted.push(moved(&bed, "bench.house", &[(COST, LIABILITY, 10)]).await);
        }
        viewer.until(3).await;
        let rows: Vec<_> = viewer.messages.iter().flat_map(|message| &message.rows).collect();
        assert!(rows.iter().all(|row| row.house_only && row.kind == "bench.house"), "{rows:?}");
        assert_eq!(rows.iter().map(|row| &row.posting_id).collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
        let sums: i64 = viewer.sums().iter().filter(|((.., unit), _)| unit == "USD").map(|(_, [moved, ..])| moved).sum();
        assert_eq!(sums, 30, "the gifts' own entries are not counted");
        monitor.shutdown.cancel();
        bed.ledger.shutdown().await;
    }
}
