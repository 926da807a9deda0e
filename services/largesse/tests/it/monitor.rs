//! The monitor of a running installation: healthy while all is well, and with the right check failed for each kind of damage.
use crate::{options, signed, signed_for};
use api::ledger::{AccountState, PostPendingRequest, PostRequest, RequestField, SetAccountStateRequest, Transfer};
use api::monitor::{
    CheckOutcome, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, HealthCheck, monitor_service_client::MonitorServiceClient,
};
use demo::{
    installation::{Installation, authorised, explained},
    shop::Shop,
};
use identity::Service;
use identity::{BookScope, Role};
use money::BookName;
use runtime::{Options, Runtime};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tonic::Code;
use uuid::Uuid;

/// Audit runs start every tenth of a second; beside other tests each takes a while.
const PATIENCE: Duration = Duration::from_secs(120);

async fn health(fixture: &Runtime) -> GetHealthOfMoneyResponse {
    let mut monitor = MonitorServiceClient::new(fixture.transport_for(Service::Monitor).unwrap());
    // With access to all books, so that the answer includes the installation's checks.
    let ask = signed_for(fixture, Role::Service, BookScope::All, GetHealthOfMoneyRequest::default());
    monitor.get_health_of_money(ask).await.unwrap().into_inner()
}

/// Polls until a check has this outcome; returns its detail.
async fn until(fixture: &Runtime, name: &str, outcome: CheckOutcome) -> String {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let found = health(fixture).await;
        let checks = found.books.iter().flat_map(|book| &book.checks).chain(&found.checks);
        if let Some(check) = checks.clone().find(|check| check.name == name && check.outcome() == outcome) {
            let held = |check: &HealthCheck| [CheckOutcome::Passed, CheckOutcome::NotCompared].contains(&check.outcome());
            let all = found.books.iter().all(|book| book.healthy) && found.checks.iter().all(held);
            assert_eq!(found.healthy, all, "{found:?}");
            assert!(!found.healthy || outcome == CheckOutcome::Passed, "{found:?}");
            return check.detail.clone();
        }
        tokio::task::yield_now().await;
    }
    panic!("{name} never was {outcome:?}: {:?}", health(fixture).await);
}

/// Polls until everything was compared and no check fails.
pub async fn until_green(fixture: &Runtime) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if health(fixture).await.healthy {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("never healthy: {:?}", health(fixture).await);
}

async fn behind(dir: &Path, file: &str, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(dir.join(file)).connect().await.unwrap();
    assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0, "{sql}");
    connection.close().await.unwrap();
}

async fn start(dir: &Path) -> Runtime {
    let mut given: Options = options(dir);
    given.settings.monitor.every_ms = 100;
    let fixture = Runtime::start(given).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 500).await.unwrap();
    // A staff action, so that the audit log has lines.
    let token = installation.token("sue", Role::Support).unwrap();
    let look = api::purchase::GetWalletRequest { user_id: "u1".into(), ..Default::default() };
    installation.purchase().get_wallet(explained(look, &token, "ticket 4711").unwrap()).await.unwrap();
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_house_is_healthy_and_each_damage_fails_its_own_check() {
    let damages: [(&str, &str, &str, &str); 7] = [
        ("journal", "ledger.db", "UPDATE \"commit\" SET hash = zeroblob(32) WHERE commit_no = 1", "hash differs"),
        (
            "rows",
            "ledger.db",
            "UPDATE account SET credits_posted = credits_posted + 1 WHERE name = 'viewer/u1/coins'",
            "not what this event left",
        ),
        ("payouts", "payout.db", PAYOUT, "in transit"),
        ("purchases", "purchase.db", PURCHASE, "1 purchases are credited and 0 postings"),
        ("unknown_outcomes", "purchase.db", UNKNOWN, "purchase verified"),
        ("acts", "support.db", "UPDATE act SET subject = 'eve' WHERE seq = 1", "does not follow from the line before it"),
        ("trial_balance", "ledger.db", "UPDATE account SET name = 'viewer/u1/debt' WHERE name = 'viewer/u1/coins'", "sum up"),
    ];
    for (check, file, sql, said) in damages {
        let dir = tempfile::tempdir().unwrap();
        let fixture = start(dir.path()).await;
        until(&fixture, "payouts", CheckOutcome::Passed).await;
        // The journal is read once and the audit log once a minute: damage to what was read already is found only by a new process, from the beginning.
        if ["journal", "acts"].contains(&check) {
            fixture.shutdown().await;
            behind(dir.path(), file, sql).await;
            let mut given = options(dir.path());
            given.settings.monitor.every_ms = 100;
            let fixture = Runtime::start(given).await.unwrap();
            let why = until(&fixture, check, CheckOutcome::Failed).await;
            assert!(why.contains(said), "{why}");
            continue;
        }
        behind(dir.path(), file, sql).await;
        let why = until(&fixture, check, CheckOutcome::Failed).await;
        assert!(why.contains(said), "{check}: {why}");
        fixture.shutdown().await;
    }
}

/// An old purchase that is credited, but whose posting is not in the ledger.
const PURCHASE: &str = "INSERT INTO purchase (book, purchase_id, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity,
    coins, currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, attempt, next_attempt_at_ms, posting_id,
    coin_balance, balance_seq, attempt_at_ms) SELECT book, '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6', user_id, request_id, 2, store, environment, bundle_id, 'other',
    product_id, quantity, coins, currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, attempt,
    next_attempt_at_ms, '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6', coin_balance, balance_seq, attempt_at_ms FROM purchase LIMIT 1";

/// The row of a purchase whose service crashed between the posting and its own row, and never resumed.
const UNKNOWN: &str = "UPDATE purchase SET state = 1, posting_id = '', created_at_ms = 1, next_attempt_at_ms = 9000000000000000000";

async fn problems(dir: &Path) -> Vec<String> {
    let database = db::Database::parse(&format!("sqlite:{}", dir.display())).unwrap();
    let mut report = monitor::audit::audit(&database, None).await.unwrap();
    report.books.remove(0).problems
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fell_between_a_posting_and_its_row_is_told_from_one_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = start(dir.path()).await;
    fixture.shutdown().await;
    behind(dir.path(), "purchase.db", UNKNOWN).await;
    assert_eq!(problems(dir.path()).await, Vec::<String>::new(), "its posting has the id that follows from the row");
    // Under another attempt's id, the posting would belong to another purchase.
    behind(dir.path(), "purchase.db", "UPDATE purchase SET attempt = attempt + 1").await;
    let wrong = problems(dir.path()).await;
    assert!(!wrong.is_empty() && wrong.iter().all(|why| why.contains("issues coins for no credited purchase")), "{wrong:?}");
    behind(dir.path(), "purchase.db", "DELETE FROM purchase").await;
    assert_eq!(problems(dir.path()).await, wrong, "nor without its row");

    // A payout whose row says held, and whose hold is not in the ledger.
    behind(dir.path(), "payout.db", PAYOUT).await;
    behind(
        dir.path(),
        "payout.db",
        "UPDATE payout SET phase = 'held', state = 'held', hold_posting_id = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6'",
    )
    .await;
    let wrong = problems(dir.path()).await;
    assert!(wrong.iter().any(|why| why.contains("which the ledger does not have")), "{wrong:?}");
}

/// The id of the payout below.
const PAYOUT_ID: Uuid = Uuid::from_u128(0x0193_6f5e_7c3b_7000_9000_a1b2_c3d4_e5f6);

/// A payout that is in flight, but has no posting in the ledger.
const PAYOUT: &str =
    "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms, attempts,
    sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no, submit_posting_id,
    final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms) VALUES ('demo', '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6', 'u1', '01936f5e-7c3b-7000-9000-a1b2c3d4e5f7',
    '01936f5e-7c3b-7000-9000-a1b2c3d4e5f8', 'USD', 100, 'us-rtp', 'accepted', 'accepted', 1, 9000000000000000000, 0, 1, 1, 1, 1,
    '01936f5e-7c3b-7000-9000-a1b2c3d4e5f9', '', '', '', '', 0, '', '', 0, '', 1, 0)";

#[tokio::test(flavor = "multi_thread")]
async fn a_book_nobody_has_is_unknown_and_users_are_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = start(dir.path()).await;
    let mut monitor = MonitorServiceClient::new(fixture.transport_for(Service::Monitor).unwrap());
    let ask = |book: &str| GetHealthOfMoneyRequest { book: book.to_owned() };
    for role in [Role::Viewer, Role::Creator] {
        let status = monitor.get_health_of_money(signed(&fixture, role, ask(""))).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let elsewhere = monitor.get_health_of_money(signed(&fixture, Role::Auditor, ask("other"))).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::PermissionDenied);
    until(&fixture, "journal", CheckOutcome::Passed).await;
    let one = monitor.get_health_of_money(signed(&fixture, Role::Auditor, ask("demo"))).await.unwrap().into_inner();
    assert_eq!(one.books.iter().map(|book| book.book.as_str()).collect::<Vec<_>>(), ["demo"]);
    // The installation's checks are only for callers who may see all of it.
    assert!(one.checks.is_empty());
    fixture.shutdown().await;
}

/// Moves a dollar as two members of staff.
async fn moved(of: &Installation, debit: &str, credit: &str) {
    demo::story::books::post(of, "ticket 4711", debit.to_owned(), credit.to_owned(), 100).await.unwrap();
}

/// Holds a dollar and submits it, as payout does; returns the postings' ids and the hold's number.
async fn submitted(of: &Installation, payout_id: Uuid, debit: &str, credit: &str) -> (String, String, i64) {
    let token = of.token("payout", Role::Service).unwrap();
    let transfer =
        Transfer { debit_account: debit.into(), credit_account: credit.into(), amount: 100, pending: true, ..Transfer::default() };
    let request_id = Uuid::now_v7().to_string();
    let hold = PostRequest { request_id, kind: "payout.hold".into(), transfers: vec![transfer], ..PostRequest::default() };
    let held = of.ledger().post(authorised(hold, &token).unwrap()).await.unwrap().into_inner().posting.unwrap();
    let transfer_no = held.transfers[0].transfer_no;
    let request_fields = vec![RequestField { name: "payout_id".into(), value: payout_id.to_string() }];
    let request_id = Uuid::now_v7().to_string();
    let submit = PostPendingRequest { request_id, transfer_no, kind: "payout.submit".into(), request_fields, ..Default::default() };
    let posted = of.ledger().post_pending(authorised(submit, &token).unwrap()).await.unwrap().into_inner().posting.unwrap();
    (held.posting_id, posted.posting_id, transfer_no)
}

/// An account was closed while its payout was at the bank, which earlier versions allowed; the bank rejected it, and staff moved the money by hand.
#[tokio::test(flavor = "multi_thread")]
async fn money_moved_by_hand_from_under_a_payout_has_a_way_back_to_green() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = start(dir.path()).await;
    let by = |fixture: &Runtime| Installation::inside(fixture, BookName::try_new("demo").unwrap()).unwrap();
    let (payable, transit, accrued) = ("creator/u1/payable/USD", "house/in_transit/USD", "house/accrued_creator_liability/USD");
    let installation = by(&fixture);
    moved(&installation, accrued, payable).await;
    let (held, submitted, transfer_no) = submitted(&installation, PAYOUT_ID, payable, transit).await;
    let request_id = Uuid::now_v7().to_string();
    let close = SetAccountStateRequest { request_id, account: payable.into(), state: AccountState::Closed.into(), ..Default::default() };
    let mut close = authorised(close, &installation.token("support", Role::Service).unwrap()).unwrap();
    let approver = installation.token("ann", Role::Finance).unwrap();
    close.metadata_mut().insert(rpc::APPROVER, format!("Bearer {approver}").parse().unwrap());
    installation.ledger().set_account_state(close).await.unwrap();
    moved(&installation, transit, accrued).await;
    fixture.shutdown().await;
    behind(dir.path(), "payout.db", PAYOUT).await;
    let mut connection = SqliteConnectOptions::new().filename(dir.path().join("payout.db")).connect().await.unwrap();
    let stuck = sqlx::query(
        "UPDATE payout SET phase = 'returning', due_at_ms = 0, hold_posting_id = $1, submit_posting_id = $2, hold_transfer_no = $3",
    )
    .bind(held)
    .bind(submitted)
    .bind(transfer_no);
    assert_eq!(stuck.execute(&mut connection).await.unwrap().rows_affected(), 1);
    connection.close().await.unwrap();

    let mut given = options(dir.path());
    given.settings.monitor.every_ms = 100;
    let fixture = Runtime::start(given).await.unwrap();
    let begun = Instant::now();
    // The payout ends although its account is closed; the money was moved twice, and the check fails.
    while !until(&fixture, "payouts", CheckOutcome::Failed)
        .await
        .contains("-100 USD are in transit, the payouts submitted and not finished are 0")
    {
        assert!(begun.elapsed() < PATIENCE, "the payout never ended");
    }
    moved(&by(&fixture), "house/suspense/USD", transit).await;
    until(&fixture, "payouts", CheckOutcome::Passed).await;
    fixture.shutdown().await;
    assert_eq!(problems(dir.path()).await, Vec::<String>::new());
}
