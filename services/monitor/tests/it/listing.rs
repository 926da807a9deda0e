//! Purchases and payouts in one list: newest first, each once, whatever the page and the filter.
use crate::{
    posted::change,
    viewers::{BOOK, Monitor, config, start},
};
use api::{
    ledger::BookMode,
    monitor::{ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentKind},
};
use identity::Role;
use prost_types::Timestamp;
use testbed::{Storage, Testbed, TestbedOptions, both, reason};
use tonic::Status;
use uuid::Uuid;

const OPTIONS: TestbedOptions = TestbedOptions { books: &[(BOOK, BookMode::Test), ("other", BookMode::Test)], recorded: false };
const BEGIN_MS: i64 = 1_764_000_000_000;

/// An id of this time; those of one time are in the order of their numbers.
fn id(unix_ms: i64, number: u16) -> Uuid {
    let ms = u128::try_from(unix_ms).unwrap();
    Uuid::from_u128((ms << 80) | (0x7 << 76) | (0x2 << 62) | u128::from(number))
}

async fn purchase(bed: &Testbed, book: &str, purchase_id: Uuid, (user, state): (&str, i64)) {
    let sql = format!(
        "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins,
             currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq,
             next_attempt_at_ms, attempt)
         VALUES ('{purchase_id}', '{book}', '{user}', '{purchase_id}', {state}, 'stripe', 'test', 'acct', 'pi_{purchase_id}', 'coins.70', 1, 70, 'USD', 74, 7, 0, 1, 1,
             '', 70, 1, 0, 0)"
    );
    assert_eq!(change(&bed.database, "purchase", &sql).await, 1);
}

/// The values of a payout's row.
fn payout(payout_id: Uuid, created_at_ms: i64, (user, phase, state): (&str, &str, &str)) -> String {
    format!(
        "('{BOOK}', '{payout_id}', '{user}', '{payout_id}', '{payout_id}', 'USD', 500, 'us-rtp', '{phase}', '{state}', 1, 0, 0, 0, 0, 0, 0, '{payout_id}', '', '', '',
             '', 0, '', '', 0, '', {created_at_ms}, 0)"
    )
}

async fn pay(bed: &Testbed, payouts: &[String]) {
    let sql = format!(
        "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms,
             attempts, sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no,
             submit_posting_id, final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms)
         VALUES {}",
        payouts.join(", ")
    );
    assert_eq!(change(&bed.database, "payout", &sql).await, u64::try_from(payouts.len()).unwrap());
}

async fn list(bed: &Testbed, monitor: &Monitor, request: ListPaymentsRequest) -> Result<ListPaymentsResponse, Status> {
    monitor.client.clone().list_payments(bed.by("sue", Role::Support, request)).await.map(tonic::Response::into_inner)
}

/// All pages of a list.
async fn all(bed: &Testbed, monitor: &Monitor, request: &ListPaymentsRequest) -> Vec<Payment> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = list(bed, monitor, ListPaymentsRequest { page_token, ..request.clone() }).await.unwrap();
        assert!(request.page_size == 0 || page.payments.len() <= usize::try_from(request.page_size).unwrap());
        found.extend(page.payments);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

fn ids(found: &[Payment]) -> Vec<&str> {
    found.iter().map(|payment| payment.payment_id.as_str()).collect()
}

/// Purchases and payouts in turn, two of each at most times; a payout's id may have another time than the payout.
async fn filled(storage: Storage) -> (Testbed, Monitor, Vec<(i64, Uuid)>) {
    let bed = Testbed::on(storage, OPTIONS).await;
    let monitor = start(&bed, config()).await;
    assert_eq!(
        list(&bed, &monitor, ListPaymentsRequest::default()).await.unwrap(),
        ListPaymentsResponse::default(),
        "no service has tables"
    );
    drop(purchase::tables::Store::open(&bed.database).await.unwrap());
    drop(payout::tables::Store::inspect(&bed.database).await.unwrap());
    let mut rows = Vec::new();
    for at in 0..8_u16 {
        let unix_ms = BEGIN_MS + i64::from(at / 3) * 1_000;
        let (bought, paid, other) = (id(unix_ms, at * 3), id(unix_ms, at * 3 + 1), id(unix_ms - 5_000, at * 3 + 2));
        purchase(&bed, BOOK, bought, (if at % 2 == 0 { "ann" } else { "bob" }, i64::from(at % 4) + 1)).await;
        let (settled, held) = (("ann", "settled", "settled"), ("star", if at == 0 { "refused" } else { "held" }, "held"));
        pay(&bed, &[payout(paid, unix_ms, settled), payout(other, unix_ms, held)]).await;
        rows.extend([(unix_ms, bought), (unix_ms, paid), (unix_ms, other)]);
    }
    purchase(&bed, "other", id(BEGIN_MS, 900), ("ann", 1)).await;
    // Tables that were not there are looked for from time to time.
    while list(&bed, &monitor, ListPaymentsRequest::default()).await.unwrap() == ListPaymentsResponse::default() {
        tokio::task::yield_now().await;
    }
    rows.sort_unstable_by(|one, other| other.cmp(one));
    (bed, monitor, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_payment_is_listed_once_newest_first_and_filters_keep_what_they_say() {
    for storage in both() {
        let (bed, monitor, rows) = filled(storage).await;
        let wanted: Vec<String> = rows.iter().map(|(_, id)| id.to_string()).collect();
        for page_size in [0, 1, 2, 3, 5, 24, 25, 1_000] {
            let found = all(&bed, &monitor, &ListPaymentsRequest { page_size, ..Default::default() }).await;
            assert_eq!(ids(&found), wanted, "pages of {page_size}");
        }
        let one = |page_size| ListPaymentsRequest { page_size, ..Default::default() };
        let of_kind = ListPaymentsRequest { kinds: vec![PaymentKind::Purchase.into()], ..one(3) };
        let purchases = all(&bed, &monitor, &of_kind).await;
        assert!(purchases.len() == 8 && purchases.iter().all(|payment| payment.kind() == PaymentKind::Purchase && payment.coins == 70));
        let of_user = all(&bed, &monitor, &ListPaymentsRequest { user_id: "ann".to_owned(), ..one(3) }).await;
        assert!(of_user.len() == 12 && of_user.iter().all(|payment| payment.user_id == "ann"), "{of_user:?}");
        let states = vec!["blocked".to_owned(), "refused".to_owned()];
        let in_state = all(&bed, &monitor, &ListPaymentsRequest { states, ..one(1) }).await;
        let kinds: Vec<_> = in_state.iter().map(|payment| (payment.kind(), payment.state.as_str())).collect();
        let blocked = (PaymentKind::Purchase, "blocked");
        assert_eq!(kinds, [blocked, blocked, (PaymentKind::Payout, "refused")]);
        let time = |ms: i64| Some(Timestamp { seconds: (BEGIN_MS + ms) / 1_000, nanos: 0 });
        let of_time = all(&bed, &monitor, &ListPaymentsRequest { from: time(1_000), to: time(2_000), ..one(2) }).await;
        assert!(of_time.len() == 9 && of_time.iter().all(|payment| payment.time == time(1_000)), "{of_time:?}");
        let through = |name: &str| ListPaymentsRequest { through: vec![name.to_owned()], ..one(5) };
        let of_rail = all(&bed, &monitor, &through("us-rtp")).await;
        assert!(of_rail.len() == 16 && of_rail.iter().all(|payment| payment.kind() == PaymentKind::Payout), "{of_rail:?}");
        assert!(all(&bed, &monitor, &through("no-such-rail")).await.is_empty());
        let least = |unit: &str, amount_min| ListPaymentsRequest { unit: unit.to_owned(), amount_min, ..one(3) };
        for (unit, amount_min, count) in [
            ("USD", 0, 24),
            ("USD", 74, 24),
            ("USD", 75, 16),
            ("USD", 500, 16),
            ("USD", 501, 0),
            ("COIN", 0, 8),
            ("COIN", 70, 8),
            ("COIN", 71, 0),
            ("EUR", 0, 0),
        ] {
            let found = all(&bed, &monitor, &least(unit, amount_min)).await;
            assert_eq!(found.len(), count, "{amount_min} {unit}: {found:?}");
        }
        let account = |account: &str| ListPaymentsRequest { account: account.to_owned(), ..one(3) };
        let coins = all(&bed, &monitor, &account("viewer/ann/coins")).await;
        assert!(
            coins.len() == 4 && coins.iter().all(|payment| payment.kind() == PaymentKind::Purchase && payment.user_id == "ann"),
            "{coins:?}"
        );
        let payable = all(&bed, &monitor, &ListPaymentsRequest { user_id: "ann".to_owned(), ..account("creator/ann/payable/USD") }).await;
        assert!(
            payable.len() == 8 && payable.iter().all(|payment| payment.kind() == PaymentKind::Payout && payment.user_id == "ann"),
            "{payable:?}"
        );
        let none = ListPaymentsRequest { kinds: vec![PaymentKind::Payout.into()], ..account("viewer/ann/coins") };
        for nothing in [account("creator/ann/payable/EUR"), account("viewer/nobody/coins"), none] {
            assert!(all(&bed, &monitor, &nothing).await.is_empty(), "{nothing:?}");
        }
        let payment = in_state.last().unwrap();
        assert_eq!((payment.currency.as_str(), payment.minor_units, payment.through.as_str()), ("USD", 500, "us-rtp"));
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_keeps_nothing_examines_a_part_and_comes_to_an_end() {
    let (bed, monitor, rows) = filled(Storage::sqlite()).await;
    let last = rows.last().unwrap().0;
    let older = |at: i64| payout(id(last - 10_000 - at, 1), last - 10_000 - at, ("bulk", "settled", "settled"));
    pay(&bed, &(0..2_200).map(older).collect::<Vec<_>>()).await;
    let none = ListPaymentsRequest { states: vec!["rejected".to_owned()], ..Default::default() };
    let first = list(&bed, &monitor, none.clone()).await.unwrap();
    assert!(first.payments.is_empty() && !first.next_page_token.is_empty(), "2,000 were examined");
    assert!(all(&bed, &monitor, &none).await.is_empty());
    // An account's payments are found by its user: those of others are not examined.
    let of_ann = ListPaymentsRequest { account: "viewer/ann/coins".to_owned(), ..Default::default() };
    let newest = |at: i64| payout(id(BEGIN_MS + 60_000 + at, 2), BEGIN_MS + 60_000 + at, ("bulk", "settled", "settled"));
    pay(&bed, &(0..2_200).map(newest).collect::<Vec<_>>()).await;
    let found = list(&bed, &monitor, of_ann).await.unwrap();
    assert!(found.payments.len() == 4 && found.next_page_token.is_empty(), "{found:?}");
    let large = ListPaymentsRequest { unit: "USD".to_owned(), amount_min: 501, ..Default::default() };
    let first = list(&bed, &monitor, large).await.unwrap();
    assert!(first.payments.is_empty() && !first.next_page_token.is_empty(), "2,000 were examined");
    let bulk = all(&bed, &monitor, &ListPaymentsRequest { user_id: "bulk".to_owned(), page_size: 200, ..Default::default() }).await;
    assert_eq!(bulk.len(), 4_400);
    bed.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_listed_is_refused() {
    let (bed, monitor, _) = filled(Storage::sqlite()).await;
    let page = list(&bed, &monitor, ListPaymentsRequest { page_size: 1, ..Default::default() }).await.unwrap();
    let token = page.next_page_token;
    let of = |page_token: &str| ListPaymentsRequest { page_token: page_token.to_owned(), ..Default::default() };
    for (request, wanted) in [
        (ListPaymentsRequest { user_id: "ann".to_owned(), ..of(&token) }, "PAGE_TOKEN"),
        (of("forged"), "PAGE_TOKEN"),
        (of(&token[1..]), "PAGE_TOKEN"),
        (ListPaymentsRequest { page_size: -1, ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { kinds: vec![0], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { kinds: vec![9], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { user_id: "no user".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { states: vec!["held".to_owned(); 33], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { through: vec!["us-rtp".to_owned(); 33], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { through: vec![String::new()], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { through: vec!["us-rtp".to_owned()], ..of(&token) }, "PAGE_TOKEN"),
        (ListPaymentsRequest { states: vec![String::new()], ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { unit: "USD".to_owned(), ..of(&token) }, "PAGE_TOKEN"),
        (ListPaymentsRequest { unit: "USD".to_owned(), amount_min: 1, ..of(&token) }, "PAGE_TOKEN"),
        (ListPaymentsRequest { account: "viewer/ann/coins".to_owned(), ..of(&token) }, "PAGE_TOKEN"),
        (ListPaymentsRequest { amount_min: 1, ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { unit: "USD".to_owned(), amount_min: -1, ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { unit: "DIAMOND".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { unit: "usd".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { account: "house/coins/issued".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { account: "creator/ann/diamonds".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { account: "viewer/no user/coins".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { account: "viewer/ann/coins".to_owned(), user_id: "bob".to_owned(), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { from: Some(Timestamp { seconds: i64::MAX, nanos: 0 }), ..of("") }, "MALFORMED"),
        (ListPaymentsRequest { book: "other".to_owned(), ..of("") }, "PERMISSION_DENIED"),
    ] {
        let refused = list(&bed, &monitor, request.clone()).await.unwrap_err();
        assert_eq!(rpc::reason(&refused).as_deref(), Some(wanted), "{request:?}");
    }
    let viewer = monitor.client.clone().list_payments(bed.by("ann", Role::Viewer, of(""))).await;
    assert_eq!(reason(viewer).unwrap_err(), "PERMISSION_DENIED");
    let unexplained = bed.unexplained("sue", Role::Support, &[BOOK], of(""));
    assert_eq!(reason(monitor.client.clone().list_payments(unexplained).await).unwrap_err(), "REASON_REQUIRED");
    bed.ledger.shutdown().await;
}
