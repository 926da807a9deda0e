//! Price sheets in a whole house: those that somebody loaded are in the audit log, and one that somebody wrote into the table, or took away, is named by both audits.
use crate::{
    blocked::{by, verified},
    options,
};
use api::purchase::{LoadPriceSheetRequest, purchase_service_client::PurchaseServiceClient};
use db::Database;
use identity::{Role, Service};
use monitor::{CheckResult, audit::continuous::ContinuousAudit};
use runtime::Runtime;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use std::path::Path;

fn sheet(version: &str) -> String {
    format!(
        "version = \"{version}\"\n\n[[price]]\nproduct_id = \"coins.us.app.70\"\nmarket = \"US\"\nchannel = \"app_store\"\ncoins = 70\n\
         currency = \"USD\"\nprice = \"1.10\"\nvalid_from = \"2026-01-01\"\n"
    )
}

fn database(dir: &Path) -> Database {
    Database::parse(&format!("sqlite:{}", dir.display())).unwrap()
}

/// What both audits say of price sheets; the monitor's goes on from what it compared before.
async fn found(dir: &Path, monitor: &mut ContinuousAudit) -> [Vec<String>; 2] {
    let report = monitor::audit::audit(&database(dir), None).await.unwrap();
    let whole = report.books.into_iter().flat_map(|book| book.problems).filter(|problem| problem.contains("price sheet")).collect();
    monitor.look().await.unwrap();
    let checks = monitor.look().await.unwrap().books.into_values().flat_map(|book| book.checks);
    let failed = checks.filter_map(|(_, result)| match result {
        CheckResult::Failed(why) if why.contains("price sheet") => Some(why),
        _ => None,
    });
    [whole, failed.collect()]
}

async fn change(dir: &Path, sql: &str) {
    let mut connection = database(dir).sqlite_options("purchase").unwrap().unwrap().connect().await.unwrap();
    assert_eq!(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap().rows_affected(), 1, "{sql}");
}

async fn load(house: &Runtime, version: &str) {
    let mut purchases = PurchaseServiceClient::new(house.transport_for(Service::Purchase).unwrap());
    let message = LoadPriceSheetRequest { book: "demo".to_owned(), content: sheet(version) };
    purchases.load_price_sheet(by(house, "fay", Role::Finance, message)).await.unwrap();
}

/// The last sheet is taken away, as if it had never been; then all of them, before anybody else looks.
async fn are_missed(dir: &Path, mut monitor: ContinuousAudit) {
    for number in [2, 1] {
        change(dir, &format!("DELETE FROM price_sheet WHERE sheet_no = {number}")).await;
        let mut fresh = ContinuousAudit::new(database(dir), None, monitor::Config::default());
        for monitor in [&mut monitor, &mut fresh] {
            for found in found(dir, monitor).await {
                let lost = |problem: &String| problem.contains("loaded by fay: there is no sheet of these bytes any more");
                assert!(found.iter().any(lost), "{found:#?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_sheet_that_nobody_loaded_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let house = Runtime::start(options(dir.path())).await.unwrap();
    load(&house, "2026-12").await;
    load(&house, "2027-01").await;
    house.shutdown().await;
    verified(dir.path()).await;
    let mut monitor = ContinuousAudit::new(database(dir.path()), None, monitor::Config::default());
    assert_eq!(found(dir.path(), &mut monitor).await, [const { Vec::<String>::new() }; 2]);
    let (first, added) = ("WHERE sheet_no = 1", "price sheet 3");
    for (damage, repair, said) in [
        (
            format!(
                "INSERT INTO price_sheet SELECT book, 3, 'own', content_hash, content, effective_at_ms, loaded_by, loaded_at_ms FROM price_sheet {first}"
            ),
            "DELETE FROM price_sheet WHERE sheet_no = 3".to_owned(),
            format!("{added}, version own: version contradicts its bytes"),
        ),
        (
            format!("UPDATE price_sheet SET content = content || '#' {first}"),
            format!("UPDATE price_sheet SET content = rtrim(content, '#') {first}"),
            "price sheet 1, version 2026-12: content_hash contradicts its bytes".to_owned(),
        ),
        (
            format!("UPDATE price_sheet SET effective_at_ms = effective_at_ms - 1 {first}"),
            format!("UPDATE price_sheet SET effective_at_ms = effective_at_ms + 1 {first}"),
            "price sheet 1, version 2026-12: effective_at_ms contradicts its bytes".to_owned(),
        ),
        // The first one in force again, by its number or as if it had been loaded since.
        (
            format!("UPDATE price_sheet SET sheet_no = 3 {first}"),
            "UPDATE price_sheet SET sheet_no = 1 WHERE sheet_no = 3".to_owned(),
            "price sheet 2, version 2027-01: it does not follow number 0".to_owned(),
        ),
        (
            format!("UPDATE price_sheet SET loaded_at_ms = loaded_at_ms - 3600000, effective_at_ms = effective_at_ms - 3600000 {first}"),
            format!("UPDATE price_sheet SET loaded_at_ms = loaded_at_ms + 3600000, effective_at_ms = effective_at_ms + 3600000 {first}"),
            "price sheet 1, version 2026-12: the audit log has no LoadPriceSheet of these bytes by fay at that time".to_owned(),
        ),
        (
            format!("UPDATE price_sheet SET loaded_by = 'sam' {first}"),
            format!("UPDATE price_sheet SET loaded_by = 'fay' {first}"),
            "price sheet 1, version 2026-12: the audit log has no LoadPriceSheet of these bytes by sam".to_owned(),
        ),
    ] {
        change(dir.path(), &damage).await;
        for found in found(dir.path(), &mut monitor).await {
            assert!(found.iter().any(|problem| problem.contains(&said)), "{damage}: {found:#?}");
        }
        change(dir.path(), &repair).await;
    }
    // All of it as the service would write it: cheaper coins by a sheet of their own.
    let own = sheet("2027-02").replace("1.10", "0.01");
    let hash = hex::encode(Sha256::digest(own.as_bytes()));
    let sql = format!(
        "INSERT INTO price_sheet SELECT book, 3, '2027-02', '{hash}', '{own}', effective_at_ms, loaded_by, loaded_at_ms FROM price_sheet {first}"
    );
    change(dir.path(), &sql).await;
    for found in found(dir.path(), &mut monitor).await {
        assert!(
            found.iter().any(|problem| problem.contains(&format!("{added}, version 2027-02: the audit log has no LoadPriceSheet"))),
            "{found:#?}"
        );
    }
    change(dir.path(), "DELETE FROM price_sheet WHERE sheet_no = 3").await;
    assert_eq!(found(dir.path(), &mut monitor).await, [const { Vec::<String>::new() }; 2]);
    are_missed(dir.path(), monitor).await;
}
