//! Data of earlier versions opens, migrates, passes verification and continues to work: `tests/old/<day>` has a data directory and a `pg_dump` of that day's
//! version, after its demo. In the directory of the first day a payout is still with a bank that never answered, and an account is about to be frozen by two people.
use crate::fleets::{binary, options};
use api::payout::{ListPayoutsRequest, Payout, PayoutState, WatchPayoutRequest};
use demo::{
    fleet::{Fleet, Options},
    installation::{Installation, authorised},
};
use identity::{Role, Service};
use money::BookName;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};
use testbed::lying_line::LyingLine;

/// The book of the first day's directory.
const BOOK: &str = "demo-1795708193";
/// The creator whose payout is with the bank.
const CREATOR: &str = "creator-003";
/// How long a payout without an answer may take to end, once the bank is reachable again: on each of two rails it is sent three times, and each sending is
/// known to be lost only after the finality window that is stated to us.
const END_MAX: Duration = Duration::from_secs(300);

/// The days from which there are data, and what the demo's books of the directory and of the dump are called.
const DAYS: [(&str, &str, &str); 2] = [("2026-11-26", "1795708193", "1795708209"), ("2026-11-28", "1795901011", "1795901097")];
/// Books of the demo that it had by the later day: other apps', and treasury's.
const LATER_BOOKS: [&str; 4] = ["chat", "games", "live", "treasury"];

fn old(day: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("old").join(day).join(name)
}

fn unpack(day: &str, into: &Path) {
    let unpacked = Command::new("tar").arg("-xzf").arg(old(day, "sqlite.tar.gz")).arg("-C").arg(into).status().unwrap();
    assert!(unpacked.success());
}

fn load(day: &str, cluster: &pgtest::Cluster, database: &str) {
    let mut plain = Command::new("gzip").arg("-dc").arg(old(day, "postgres.sql.gz")).stdout(Stdio::piped()).spawn().unwrap();
    // The client's programs may be in another directory than the server's.
    let path = format!("{}:{}", cluster.programs().display(), std::env::var("PATH").unwrap_or_default());
    let psql = Command::new("psql")
        .env("PATH", path)
        .args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--dbname", database])
        .stdin(plain.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(plain.wait().unwrap().success() && psql.status.success(), "{psql:?}");
}

fn largesse(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

/// The output of `verify`, which must say that it passed.
fn green(database: &str, book: &str) -> String {
    let output = largesse(&["verify", "--database", database]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && printed.contains(&format!("{book}: passed")),
        "{printed} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

fn migrated(database: &str) {
    let output = largesse(&["migrate", "--database", database]);
    assert!(output.status.success(), "{output:?}");
}

async fn payouts(installation: &Installation) -> Vec<Payout> {
    let token = installation.token(CREATOR, Role::Creator).unwrap();
    let list = authorised(ListPayoutsRequest { page_size: 10, ..Default::default() }, &token).unwrap();
    installation.payout().list_payouts(list).await.unwrap().into_inner().payouts
}

/// Waits until the bank's silence is resolved; returns the payout's last state.
async fn ended(installation: &Installation, payout_id: String) -> PayoutState {
    let token = installation.token(CREATOR, Role::Creator).unwrap();
    let watch = WatchPayoutRequest { payout_id, ..Default::default() };
    let mut watch = installation.payout().watch_payout(authorised(watch, &token).unwrap()).await.unwrap().into_inner();
    let mut last = PayoutState::Unspecified;
    while let Some(now) = watch.message().await.unwrap() {
        last = now.payout.map_or(last, |payout| payout.state());
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_data_directory_goes_on_and_a_payout_of_then_ends() {
    let dir = tempfile::tempdir().unwrap();
    unpack(DAYS[0].0, dir.path());
    let database = format!("sqlite:{}", dir.path().display());
    migrated(&database);
    let printed = green(&database, BOOK);
    assert!(printed.contains("3784 events and 6562 transfers") && printed.contains("370 purchases credited"), "{printed}");

    let line = LyingLine::truthful().await;
    let fleet = Options {
        book: BOOK.to_owned(),
        environment: [("CLOCK_SKEW_MS", "0"), ("RETRY_DELAY_MAX_MS", "500")]
            .map(|(name, value)| (format!("LARGESSE_PAYOUT_POLICY_{name}"), value.to_owned()))
            .to_vec(),
        bank_line: Some(line.url.clone()),
        ..options(dir.path(), database.clone(), &Service::ALL)
    };
    let fleet = Fleet::start(fleet).await.unwrap();
    line.connect(fleet.http_url("bank").unwrap());
    let installation = Installation::of_fleet(&fleet, BookName::try_new(BOOK).unwrap()).unwrap();
    let in_flight =
        payouts(&installation).await.into_iter().find(|payout| ![PayoutState::Settled, PayoutState::Rejected].contains(&payout.state()));
    if let Some(payout) = in_flight {
        let state = tokio::time::timeout(END_MAX, ended(&installation, payout.payout_id)).await.unwrap();
        assert_eq!(state, PayoutState::Rejected);
    }
    let states: Vec<PayoutState> = payouts(&installation).await.iter().map(Payout::state).collect();
    assert_eq!(states, [PayoutState::Rejected, PayoutState::Rejected]);
    fleet.stop().await.unwrap();
    green(&database, BOOK);
}

#[test]
fn earlier_dumps_are_loaded_migrated_and_green() {
    let cluster = pgtest::Cluster::start().unwrap();
    for (day, _, number) in DAYS {
        let database = cluster.create_database().unwrap();
        load(day, &cluster, &database);
        migrated(&database);
        let printed = green(&database, &format!("demo-{number}"));
        assert!(printed.contains(if day == "2026-11-26" { "370 purchases credited" } else { "369 purchases credited" }), "{printed}");
        assert!(printed.matches(": passed").count() == if day == "2026-11-26" { 1 } else { 1 + LATER_BOOKS.len() }, "{printed}");
    }
}

#[test]
fn a_data_directory_with_treasury_lots_and_settlements_is_migrated_and_green() {
    let dir = tempfile::tempdir().unwrap();
    let (day, number, _) = DAYS[1];
    unpack(day, dir.path());
    let database = format!("sqlite:{}", dir.path().display());
    migrated(&database);
    let printed = green(&database, &format!("demo-{number}"));
    for line in ["369 purchases credited", "38 postings are what their payouts say", "12 conversions are what their quotes say"] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    for book in LATER_BOOKS {
        assert!(printed.contains(&format!("{book}-{number}: passed")), "{book}: {printed}");
    }
}
