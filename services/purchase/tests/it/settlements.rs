//! What stores owe us against the reports that the pretend stores make of what they sold and refunded: receivables go to zero to the unit, whatever differs has a name,
//! and a report that comes twice, is corrected or is cut off is settled once.

use std::time::{Duration, SystemTime};

use api::purchase::{
    AcceptStoreDifferencesRequest, AcceptStoreDifferencesResponse, GetStoreSettlementRequest, GetStoreSettlementResponse,
    ImportStoreReportRequest, ImportStoreReportResponse, ListStoreSettlementsRequest, StoreReportFormat, StoreReportState, StoreSettlement,
    StoreSettlementState,
};
use identity::Role;
use purchase::SettlementAccount;
use purchase::domain::StoreKind;
use sandbox::google::{SoldProduct, earnings::EarningsOrder};
use sandbox::store::{FinanceOrder, StoreNotification};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use testbed::Storage;
use tonic::Status;

use crate::dying::Dying;
use crate::fixture::{self, BOOK, BUNDLE, Fixture, new_id, reason, seventy};
use crate::listening::Listening;
use crate::notified::sale;
use crate::refunds::settle;
use crate::stripe::world::World;

const PART_BYTES: usize = 192 << 10;

fn account(store: StoreKind) -> SettlementAccount {
    SettlementAccount::new(store, "ours", BOOK)
}

async fn configure(fixture: &mut Fixture, account: SettlementAccount) {
    fixture.reconfigure(|config| config.settlements = vec![account]).await;
    fixture.stop_background();
}

fn parts(format: StoreReportFormat, (period, part): (&str, &str), bytes: &[u8]) -> Vec<ImportStoreReportRequest> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let request = |(at, content): (usize, &[u8])| ImportStoreReportRequest {
        format: format.into(),
        account: "ours".to_owned(),
        period: period.to_owned(),
        report_part: part.to_owned(),
        sha256: sha256.clone(),
        size_bytes: i64::try_from(bytes.len()).unwrap(),
        offset_bytes: i64::try_from(at * PART_BYTES).unwrap(),
        content: content.to_vec(),
        ..Default::default()
    };
    bytes.chunks(PART_BYTES).enumerate().map(request).collect()
}

async fn import(fixture: &Fixture, format: StoreReportFormat, period: &str, bytes: &[u8]) -> Result<ImportStoreReportResponse, Status> {
    let mut answer = ImportStoreReportResponse::default();
    for request in parts(format, (period, ""), bytes) {
        answer = fixture.client().import_store_report(fixture.with_role("fin", Role::Finance, BOOK, request)).await?.into_inner();
    }
    Ok(answer)
}

async fn get(fixture: &Fixture, of: &StoreSettlement) -> GetStoreSettlementResponse {
    let message = GetStoreSettlementRequest { settlement_id: of.settlement_id.clone(), page_size: 200, ..Default::default() };
    fixture.client().get_store_settlement(fixture.with_role("fin", Role::Finance, BOOK, message)).await.unwrap().into_inner()
}

async fn differences(fixture: &Fixture, of: &StoreSettlement) -> Vec<(String, String)> {
    let found = get(fixture, of).await.differences;
    found.into_iter().map(|one| (one.kind, format!("{} {}", one.amount, one.currency_code))).collect()
}

async fn accept(fixture: &Fixture, by: &str, of: &StoreSettlement) -> Result<AcceptStoreDifferencesResponse, Status> {
    let (settlement_id, differences_hash) = (of.settlement_id.clone(), of.differences_hash.clone());
    let message = AcceptStoreDifferencesRequest { settlement_id, differences_hash, ..Default::default() };
    let answer = fixture.client().accept_store_differences(fixture.with_role(by, Role::Finance, BOOK, message)).await;
    answer.map(tonic::Response::into_inner)
}

/// Debits less credits of accounts of the house.
async fn held(fixture: &Fixture, accounts: &[&str]) -> Vec<i64> {
    let mut found = Vec::new();
    for account in accounts {
        found.push(-fixture.balance(&format!("house/{account}")).await);
    }
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, amount)| ((*kind).to_owned(), (*amount).to_owned())).collect()
}

/// Has the service hear of everything that happened at the pretend Stripe, and settle it.
async fn hear(world: &World) {
    for event in world.events().await {
        assert_eq!(world.say(&event).await, 200);
    }
    let later = SystemTime::now() + Duration::from_secs(3_600);
    world.fixture.service.sweep_orders(later).await.unwrap();
    settle(&world.fixture).await;
}

/// The balance transactions of the newest payout, as a file, with the payout's id.
async fn payout_file(world: &World) -> (String, Vec<u8>) {
    let newest = world.api("balance_transactions?limit=1").await["data"][0].clone();
    let payout = newest["payout"].as_str().unwrap().to_owned();
    let list = world.api(&format!("balance_transactions?limit=100&payout={payout}")).await;
    (payout, list.to_string().into_bytes())
}

const OF_STRIPE: [&str; 6] = [
    "processor_receivable/USD",
    "processor_fee/USD",
    "input_tax/USD",
    "store_in_transit/USD",
    "bank_cash/USD",
    "settlement_difference/USD",
];

#[tokio::test]
async fn a_payout_of_stripe_is_in_transit_until_it_is_at_the_bank() {
    for mut world in World::both().await {
        configure(&mut world.fixture, account(StoreKind::Stripe)).await;
        world.restart().await;
        world.fixture.stop_background();
        let (first, second) = (world.checkout("ann").await, world.checkout("bob").await);
        world.act("pay", &first).await;
        world.act("pay", &second).await;
        world.command(json!({"command": "refund", "session": World::session(&first), "amount": 30})).await;
        hear(&world).await;
        assert_eq!(held(&world.fixture, &OF_STRIPE).await, [118, 0, 0, 0, 0, 0]);
        world.command(json!({"command": "pay_out", "status": "in_transit"})).await;
        let (payout, file) = payout_file(&world).await;
        let format = StoreReportFormat::StripePayout;
        let taken = import(&world.fixture, format, &payout, &file).await.unwrap();
        let settlement = taken.settlement.clone().unwrap();
        assert_eq!((taken.state(), taken.line_count, taken.replayed), (StoreReportState::Taken, 7, false));
        assert_eq!((settlement.state(), settlement.waits_for.as_str()), (StoreSettlementState::Settled, ""));
        assert_eq!(differences(&world.fixture, &settlement).await, pairs(&[]));
        assert_eq!(held(&world.fixture, &OF_STRIPE).await, [0, 64, 4, 50, 0, 0]);
        // Again: nothing. Under another period or name: refused.
        let again = import(&world.fixture, format, &payout, &file).await.unwrap();
        assert_eq!((again.replayed, again.settlement.unwrap()), (true, settlement.clone()));
        assert_eq!(reason(import(&world.fixture, format, "po_other", &file).await), "REPORT_DIFFERS");
        world.command(json!({"command": "move_payout", "payout": payout, "status": "paid"})).await;
        let (_, file) = payout_file(&world).await;
        assert_eq!(reason(import(&world.fixture, format, "po_other", &file).await), "REPORT_PERIOD");
        let paid = import(&world.fixture, format, &payout, &file).await.unwrap();
        assert_eq!((paid.replayed, paid.settlement.unwrap().settlement_id), (false, settlement.settlement_id.clone()));
        assert_eq!(held(&world.fixture, &OF_STRIPE).await, [0, 64, 4, 0, 50, 0]);
        let postings = get(&world.fixture, &settlement).await.postings;
        assert_eq!(postings.iter().map(|one| (one.edition, one.posting_id.is_empty())).collect::<Vec<_>>(), [(1, false), (2, false)]);
        world.fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn what_stripe_does_not_explain_is_settled_by_two_people() {
    for mut world in World::both().await {
        configure(&mut world.fixture, account(StoreKind::Stripe)).await;
        world.restart().await;
        world.fixture.stop_background();
        let (left_out, sold) = (world.checkout("carol").await, world.checkout("dave").await);
        world.act("pay", &left_out).await;
        world.act("pay", &sold).await;
        hear(&world).await;
        let fixture = &world.fixture;
        let session = World::session(&left_out);
        let ordered =
            json!({"command": "pay_out", "session": session, "strange": 40, "reserve": 5, "withheld": 3, "currency": "eur", "rate": 9_000});
        world.command(ordered).await;
        let (payout, file) = payout_file(&world).await;
        let open = import(fixture, StoreReportFormat::StripePayout, &payout, &file).await.unwrap().settlement.unwrap();
        assert_eq!((open.state(), open.has_unexplained), (StoreSettlementState::Open, true));
        assert_eq!(held(fixture, &["processor_receivable/USD", "bank_cash/EUR"]).await, [148, 0], "nothing is posted");
        let expected =
            [("withholding", "0.03 EUR"), ("reserve", "0.05 EUR"), ("missing_here", "-0.4 USD"), ("missing_at_store", "0.74 USD")];
        assert_eq!(differences(fixture, &open).await, pairs(&expected));
        // One person twice is not two.
        for _ in 0..2 {
            assert!(!accept(fixture, "fin-1", &open).await.unwrap().approved);
        }
        let other = StoreSettlement { differences_hash: "0".repeat(64), ..open.clone() };
        assert_eq!(reason(accept(fixture, "fin-2", &other).await), "SETTLEMENT_CHANGED");
        let approved = accept(fixture, "fin-2", &open).await.unwrap();
        assert_eq!((approved.approved, approved.settlement.unwrap().state()), (true, StoreSettlementState::Settled));
        let usd = ["processor_receivable/USD", "fx_position/USD", "settlement_difference/USD"];
        // What was left out stays owed.
        assert_eq!(held(fixture, &usd).await, [74, 114, -40]);
        let eur =
            ["fx_position/EUR", "processor_fee/EUR", "input_tax/EUR", "store_reserve/EUR", "withholding_recoverable/EUR", "bank_cash/EUR"];
        assert_eq!(held(fixture, &eur).await, [-102, 32, 2, 5, 3, 60]);
        assert!(accept(fixture, "fin-3", &open).await.unwrap().approved, "it is settled already");
        // The next payout has it, and nothing is left.
        world.command(json!({"command": "pay_out"})).await;
        let (payout, file) = payout_file(&world).await;
        import(fixture, StoreReportFormat::StripePayout, &payout, &file).await.unwrap();
        assert_eq!(held(fixture, &["processor_receivable/USD", "bank_cash/USD"]).await, [0, 40]);
        let message = ListStoreSettlementsRequest { page_size: 1, ..Default::default() };
        let page = fixture.client().list_store_settlements(fixture.with_role("fin", Role::Finance, BOOK, message)).await.unwrap();
        let page = page.into_inner();
        assert_eq!((page.settlements[0].period.as_str(), page.next_page_token.is_empty()), (payout.as_str(), false));
        fixture.bed.verify().await;
    }
}

/// 70 coins at Google Play, for 99 cents of which Google keeps 29.
async fn bought(fixture: &Fixture, user: &str) -> SoldProduct {
    let sale = sandbox::google::PlaySale {
        package_name: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        quantity: 1,
        obfuscated_account_id: Some(fixture.token_of(user).await),
        pending: false,
        test: true,
        no_order: false,
    };
    let sold = fixture.google.as_ref().unwrap().sell(sale).await.unwrap();
    fixture.redeem_google(user, &new_id(), &sold).await.unwrap();
    sold
}

fn month(fee: i64) -> EarningsOrder {
    EarningsOrder { package_name: BUNDLE.to_owned(), price: 99, fee, ..EarningsOrder::default() }
}

fn order(sold: &SoldProduct) -> String {
    sold.order_id.clone().unwrap()
}

async fn earned(fixture: &Fixture, period: &str, asked: &EarningsOrder) -> StoreSettlement {
    let file = fixture.google.as_ref().unwrap().earnings(asked).await.unwrap();
    import(fixture, StoreReportFormat::GoogleEarnings, period, &file).await.unwrap().settlement.unwrap()
}

const OF_GOOGLE: [&str; 3] = ["store_receivable/USD", "bank_cash/USD", "settlement_difference/USD"];

#[tokio::test]
async fn a_negative_month_of_google_is_taken_off_the_next_ones() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let mut fixture = fixture::with_google(storage).await;
        configure(&mut fixture, account(StoreKind::Google)).await;
        let first = bought(&fixture, "ann").await;
        let settlement = earned(&fixture, "2026-08", &month(15)).await;
        assert_eq!(differences(&fixture, &settlement).await, pairs(&[("commission", "-0.14 USD")]));
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 84, 0]);
        fixture.google.as_ref().unwrap().refund(&first.purchase_token, None).await.unwrap();
        settle(&fixture).await;
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [-70, 84, 0]);
        let charged_before = vec![order(&first)];
        let negative = earned(&fixture, "2026-09", &EarningsOrder { charged_before, ..month(15) }).await;
        assert_eq!(differences(&fixture, &negative).await, pairs(&[("commission", "0.14 USD"), ("carried", "-0.84 USD")]));
        assert_eq!((negative.paid.unwrap().minor_units, negative.carried_out.unwrap().minor_units), (0, -84));
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [-84, 84, 0]);
        let second = bought(&fixture, "ann").await;
        earned(&fixture, "2026-10", &EarningsOrder { left_out: vec![order(&first)], ..month(29) }).await;
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [-14, 84, 0]);
        bought(&fixture, "ann").await;
        let left_out = vec![order(&first), order(&second)];
        let last = earned(&fixture, "2026-11", &EarningsOrder { left_out: left_out.clone(), ..month(29) }).await;
        assert_eq!((last.paid.unwrap().minor_units, last.carried_in.unwrap().minor_units), (56, -14));
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 140, 0]);
        assert_eq!(held(&fixture, &["commission_expense/USD", "prepaid_commission/USD"]).await, [0, 58]);
        // The same order in another month waits for people, and a corrected month takes it back.
        let twice = EarningsOrder { left_out: left_out[..1].to_vec(), ..month(29) };
        let repeated = earned(&fixture, "2026-12", &twice).await;
        assert_eq!((repeated.state(), repeated.has_unexplained), (StoreSettlementState::Open, true));
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 140, 0]);
        bought(&fixture, "bob").await;
        let third = fixture.google.as_ref().unwrap();
        let corrected = EarningsOrder { left_out: all_orders(third).await[..3].to_vec(), reserve: 10, ..month(29) };
        let corrected = earned(&fixture, "2026-12", &corrected).await;
        assert_eq!((corrected.state(), corrected.paid.unwrap().minor_units), (StoreSettlementState::Settled, 60));
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 200, 0]);
        assert_eq!(held(&fixture, &["store_reserve/USD"]).await, [10]);
        fixture.bed.verify().await;
    }
}

/// Orders in the order in which this test made them.
async fn all_orders(play: &sandbox::google::SandboxGooglePlay) -> Vec<String> {
    play.orders().await.unwrap()
}

#[tokio::test]
async fn a_fiscal_month_of_apple_is_settled_by_sums_and_a_corrected_one_by_what_differs() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let mut fixture = fixture::on(storage).await;
        configure(&mut fixture, account(StoreKind::Apple)).await;
        for user in ["ann", "bob", "carol"] {
            let sold = fixture.store.sell(&seventy()).unwrap();
            fixture.redeem(user, &new_id(), &sold.signed_transaction).await.unwrap();
        }
        let accounts = [
            "store_receivable/USD",
            "commission_expense/USD",
            "withholding_recoverable/USD",
            "fx_position/USD",
            "fx_position/EUR",
            "bank_cash/EUR",
        ];
        assert_eq!(held(&fixture, &accounts).await, [210, 0, 0, 0, 0, 0]);
        let asked =
            FinanceOrder { share: 68, left_out: 1, withheld: 10, bank_currency: "EUR".to_owned(), rate: 9_000, ..Default::default() };
        let reports = fixture.store.finance(&asked);
        let waits = import(&fixture, StoreReportFormat::AppleDetail, "2026-11", reports.detail.as_bytes()).await.unwrap();
        assert_eq!(waits.settlement.unwrap().waits_for, "the payment summary has not come");
        let settled = import(&fixture, StoreReportFormat::AppleSummary, "2026-11", reports.summary.as_bytes()).await.unwrap();
        let settled = settled.settlement.unwrap();
        assert_eq!(settled.state(), StoreSettlementState::Settled, "{}", settled.waits_for);
        let expected = [("withholding", "0.1 USD"), ("commission", "0.04 USD"), ("exchange", "0.004 EUR"), ("missing_at_store", "0.7 USD")];
        assert_eq!(differences(&fixture, &settled).await, pairs(&expected));
        assert_eq!(held(&fixture, &accounts).await, [70, 4, 10, 126, -113, 113]);
        // Corrected: the third piece is there, and the share is as expected.
        let reports = fixture.store.finance(&FinanceOrder { share: 70, left_out: 0, ..asked.clone() });
        for (format, report) in [(StoreReportFormat::AppleDetail, &reports.detail), (StoreReportFormat::AppleSummary, &reports.summary)] {
            import(&fixture, format, "2026-11", report.as_bytes()).await.unwrap();
        }
        // Between the two, the older summary did not agree with the lines, so nothing was posted.
        assert_eq!(held(&fixture, &accounts).await, [0, 0, 10, 200, -180, 180]);
        let editions: Vec<_> = get(&fixture, &settled).await.postings.iter().map(|one| (one.edition, one.currency_code.clone())).collect();
        assert_eq!(editions, [(1, "EUR".to_owned()), (1, "USD".to_owned()), (2, "EUR".to_owned()), (2, "USD".to_owned())]);
        fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn refunds_and_strange_products_of_apple_are_named() {
    let mut fixture = fixture::sqlite().await;
    configure(&mut fixture, account(StoreKind::Apple)).await;
    let http = Listening::start(&fixture).await;
    let said = sale(&fixture, "ann").await;
    let said = StoreNotification { transaction_id: String::new(), ..said };
    let signed = fixture.store.notification(&said).unwrap();
    assert_eq!(http.payload(&signed.signed_payload).await, 200);
    settle(&fixture).await;
    let refund = StoreNotification { notification_type: "REFUND".to_owned(), transaction_id: signed.transaction_id, ..said };
    assert_eq!(http.payload(&fixture.store.notification(&refund).unwrap().signed_payload).await, 200);
    settle(&fixture).await;
    let sold = fixture.store.sell(&seventy()).unwrap();
    fixture.redeem("bob", &new_id(), &sold.signed_transaction).await.unwrap();
    let reports = fixture.store.finance(&FinanceOrder { share: 70, strange: 2, adjusted: 5, ..Default::default() });
    import(&fixture, StoreReportFormat::AppleDetail, "2026-11", reports.detail.as_bytes()).await.unwrap();
    let open = import(&fixture, StoreReportFormat::AppleSummary, "2026-11", reports.summary.as_bytes()).await.unwrap().settlement.unwrap();
    assert_eq!(differences(&fixture, &open).await, pairs(&[("adjustment", "0.05 USD"), ("missing_here", "-1.4 USD")]));
    accept(&fixture, "fin-1", &open).await.unwrap();
    assert!(accept(&fixture, "fin-2", &open).await.unwrap().approved);
    assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 205, -135]);
}

#[tokio::test]
async fn an_import_cut_off_between_any_two_writes_and_two_at_once_settle_once() {
    let mut fixture = fixture::with_google(Storage::sqlite()).await;
    let account = SettlementAccount { leaf: "sales".to_owned(), treasury_book: "treasury".to_owned(), ..account(StoreKind::Google) };
    configure(&mut fixture, account).await;
    let play = fixture.google.clone().unwrap();
    let (mut polls, mut ended, mut months) = (1, false, 0);
    while !ended {
        let left_out = all_orders(&play).await;
        bought(&fixture, "ann").await;
        months += 1;
        let (file, period) = (play.earnings(&EarningsOrder { left_out, ..month(29) }).await.unwrap(), format!("m{months}"));
        ended = Dying::after(polls, import(&fixture, StoreReportFormat::GoogleEarnings, &period, &file)).await;
        let both = tokio::join!(
            import(&fixture, StoreReportFormat::GoogleEarnings, &period, &file),
            import(&fixture, StoreReportFormat::GoogleEarnings, &period, &file)
        );
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        fixture.service.sweep(SystemTime::now() + Duration::from_secs(3_600)).await.unwrap();
        assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 70 * months, 0], "after {polls} polls");
        polls += 1 + polls / 4;
    }
    // Treasury is not known here: the announcements wait, and say so.
    let notes: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT note FROM settlement_posting").fetch_all(&fixture.pool().await).await.unwrap();
    assert_eq!(notes, ["treasury is not known here"]);
    let open = fixture.service.store().unfinished().await.unwrap();
    let waiting = open.into_iter().find(|open| (open.what, open.state) == ("settlement", "not_announced")).unwrap().count;
    assert_eq!(i64::try_from(waiting).unwrap(), months);
    fixture.bed.verify().await;
}

#[tokio::test]
async fn a_report_that_many_import_at_once_is_taken_once_and_refused_to_nobody() {
    let mut fixture = fixture::with_google(Storage::sqlite()).await;
    configure(&mut fixture, account(StoreKind::Google)).await;
    let play = fixture.google.clone().unwrap();
    for round in 0..24 {
        let left_out = all_orders(&play).await;
        bought(&fixture, "ann").await;
        let file = play.earnings(&EarningsOrder { left_out, ..month(29) }).await.unwrap();
        let period = format!("m{round}");
        let many = (0..8).map(|_| import(&fixture, StoreReportFormat::GoogleEarnings, &period, &file));
        let answers: Vec<ImportStoreReportResponse> = futures::future::join_all(many).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.received_bytes == i64::try_from(file.len()).unwrap()), "{answers:?}");
    }
    assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 70 * 24, 0]);
}

#[tokio::test]
async fn bad_reports_are_refused_and_leave_nothing() {
    let mut fixture = fixture::with_google(Storage::sqlite()).await;
    configure(&mut fixture, account(StoreKind::Google)).await;
    bought(&fixture, "ann").await;
    let format = StoreReportFormat::GoogleEarnings;
    let file = fixture.google.as_ref().unwrap().earnings(&month(29)).await.unwrap();
    let cut = &file[..file.len() - 1];
    assert_eq!(reason(import(&fixture, format, "2026-11", cut).await), "REPORT_UNREADABLE");
    assert_eq!(reason(import(&fixture, StoreReportFormat::StripePayout, "2026-11", &file).await), "STORE_ACCOUNT_UNKNOWN");
    let mut lying = parts(format, ("2026-11", ""), &file).remove(0);
    lying.sha256 = "0".repeat(64);
    let send = async |request| fixture.client().import_store_report(fixture.with_role("fin", Role::Finance, BOOK, request)).await;
    assert_eq!(reason(send(lying.clone()).await), "REPORT_HASH");
    for request in [
        ImportStoreReportRequest::default(),
        ImportStoreReportRequest { size_bytes: i64::MAX, ..lying.clone() },
        ImportStoreReportRequest { offset_bytes: -1, ..lying.clone() },
        ImportStoreReportRequest { offset_bytes: 7, ..lying.clone() },
        ImportStoreReportRequest { period: "../etc".to_owned(), ..lying.clone() },
        ImportStoreReportRequest { content: Vec::new(), ..lying },
    ] {
        assert_eq!(reason(send(request).await), "MALFORMED");
    }
    let pool = fixture.pool().await;
    for table in ["store_report", "store_report_part", "store_settlement"] {
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"))).fetch_one(&pool).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    // In several parts, in any order, the last of them twice.
    let mut long = file.clone();
    let comment = vec![b' '; 60_000];
    let end = long.len() - 2;
    long.splice(end.., u16::try_from(comment.len()).unwrap().to_le_bytes());
    long.extend(comment);
    let taken = import(&fixture, format, "2026-11", &long).await.unwrap();
    assert_eq!((taken.state(), taken.line_count), (StoreReportState::Taken, 2));
    assert_eq!(held(&fixture, &OF_GOOGLE).await, [0, 70, 0]);
}
