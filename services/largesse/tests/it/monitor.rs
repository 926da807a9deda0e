//! The monitor of a running house: green while all is well, and red with the right check for each kind of damage.
use crate::{options, signed};
use api::monitor::{CheckOutcome, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, monitor_service_client::MonitorServiceClient};
use identity::Role;
use largesse::{
    house::{House, Options, Service},
    installation::Installation,
    shop::Shop,
};
use money::BookName;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tonic::Code;

/// Looks come every tenth of a second.
const PATIENCE: Duration = Duration::from_secs(20);

async fn health(house: &House) -> GetHealthOfMoneyResponse {
    let mut monitor = MonitorServiceClient::new(house.transport_for(Service::Monitor).unwrap());
    monitor.get_health_of_money(signed(house, Role::Service, GetHealthOfMoneyRequest::default())).await.unwrap().into_inner()
}

/// Looks until a check has come to this; what it says then.
async fn until(house: &House, name: &str, outcome: CheckOutcome) -> String {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let found = health(house).await;
        let checks = found.books.iter().flat_map(|book| &book.checks);
        if let Some(check) = checks.clone().find(|check| check.name == name && check.outcome() == outcome) {
            assert_eq!(found.green, outcome == CheckOutcome::Held && found.books.iter().all(|book| book.green), "{found:?}");
            return check.detail.clone();
        }
        tokio::task::yield_now().await;
    }
    panic!("{name} never came to {outcome:?}: {:?}", health(house).await);
}

async fn behind(dir: &Path, file: &str, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(dir.join(file)).connect().await.unwrap();
    assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0, "{sql}");
    connection.close().await.unwrap();
}

async fn start(dir: &Path) -> House {
    let mut given: Options = options(dir);
    given.settings.monitor.every_ms = 100;
    let house = House::start(given).await.unwrap();
    let installation = Installation::inside(&house, BookName::try_new("demo").unwrap()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 500).await.unwrap();
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_house_is_green_and_each_damage_fails_its_own_check() {
    let damages: [(&str, &str, &str, &str); 4] = [
        ("journal", "ledger.db", "UPDATE \"commit\" SET hash = zeroblob(32) WHERE commit_no = 1", "hash differs"),
        (
            "rows",
            "ledger.db",
            "UPDATE account SET credits_posted = credits_posted + 1 WHERE name = 'viewer/u1/coins'",
            "not what this event left",
        ),
        ("payouts", "payout.db", PAYOUT, "in transit"),
        ("trial_balance", "ledger.db", "UPDATE account SET name = 'viewer/u1/debt' WHERE name = 'viewer/u1/coins'", "sum up"),
    ];
    for (check, file, sql, said) in damages {
        let dir = tempfile::tempdir().unwrap();
        let house = start(dir.path()).await;
        until(&house, "payouts", CheckOutcome::Held).await;
        // A journal is read once: what is damaged behind its reader's back is found by who reads it from the beginning.
        if check == "journal" {
            house.shutdown().await;
            behind(dir.path(), file, sql).await;
            let mut given = options(dir.path());
            given.settings.monitor.every_ms = 100;
            let house = House::start(given).await.unwrap();
            let why = until(&house, check, CheckOutcome::Failed).await;
            assert!(why.contains(said), "{why}");
            continue;
        }
        behind(dir.path(), file, sql).await;
        let why = until(&house, check, CheckOutcome::Failed).await;
        assert!(why.contains(said), "{check}: {why}");
        house.shutdown().await;
    }
}

/// A payout that is on its way, and of which the ledger knows nothing.
const PAYOUT: &str =
    "INSERT INTO payout VALUES ('demo', '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6', 'u1', '01936f5e-7c3b-7000-9000-a1b2c3d4e5f7',
    '01936f5e-7c3b-7000-9000-a1b2c3d4e5f8', 'USD', 100, 'us-rtp', 'accepted', 'accepted', 1, 9000000000000000000, 0, 1, 1, 1, 1,
    '01936f5e-7c3b-7000-9000-a1b2c3d4e5f9', '', '', '', '', 0, '', '', 0, '', 1, 0)";

#[tokio::test(flavor = "multi_thread")]
async fn a_book_nobody_has_is_unknown_and_users_are_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let house = start(dir.path()).await;
    let mut monitor = MonitorServiceClient::new(house.transport_for(Service::Monitor).unwrap());
    let ask = |book: &str| GetHealthOfMoneyRequest { book: book.to_owned() };
    for role in [Role::Viewer, Role::Creator] {
        let status = monitor.get_health_of_money(signed(&house, role, ask(""))).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let elsewhere = monitor.get_health_of_money(signed(&house, Role::Auditor, ask("other"))).await.unwrap_err();
    assert_eq!(elsewhere.code(), Code::PermissionDenied);
    until(&house, "journal", CheckOutcome::Held).await;
    let one = monitor.get_health_of_money(signed(&house, Role::Auditor, ask("demo"))).await.unwrap().into_inner();
    assert_eq!(one.books.iter().map(|book| book.book.as_str()).collect::<Vec<_>>(), ["demo"]);
    // What is of the whole installation is for those who may see all of it.
    assert!(one.checks.is_empty());
    house.shutdown().await;
}
