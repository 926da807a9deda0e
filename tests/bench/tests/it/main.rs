//! Short runs of the benchmark are complete and consistent. Speed is not checked.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use tokio::process::Command;

/// Runs it as briefly as possible; returns its output, and whether it succeeded.
async fn bench(arguments: &[&str], dir: &Path) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse-bench"));
    command.args(["--seconds", "0.1", "--alternations", "1", "--work-dir"]).arg(dir).args(arguments);
    let output = command.env_remove("RUST_LOG").kill_on_drop(true).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn report(arguments: &[&str], dir: &Path) -> Value {
    let (ok, printed, error) = bench(&[arguments, &["--json"]].concat(), dir).await;
    assert!(ok, "{error}");
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["problem"], Value::Null);
    report
}

/// Checks that every comparison of the report is a positive ratio of two measurements that the report shows.
fn compares(report: &Value, count: usize) {
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), count, "{comparisons:#?}");
    let rows = report["measured"].as_object().unwrap();
    for comparison in comparisons {
        let key = comparison["key"].as_str().unwrap();
        assert!(report[key].as_f64().unwrap() > 0.0, "{key}");
        for side in ["of", "to"] {
            let name = comparison[side].as_str().unwrap();
            assert!(rows.values().any(|row| row[name]["p999_us"].as_u64().is_some_and(|p999| p999 > 0)), "{key}: {name}");
        }
    }
}

#[tokio::test]
async fn every_row_is_measured_on_sqlite_and_every_accepted_gift_is_found_after_the_kill() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(&[], dir.path()).await;
    compares(&report, 15);
    assert!(report["gifts_accepted"].as_u64().unwrap() > 0);
    assert_eq!(report["gifts_accepted"], report["gifts_in_trial_balance"]);
    assert_eq!(report["verify"]["ok"], true);
    assert!(report["bytes_on_disk_per_gift"].as_f64().unwrap() > 0.0);
    let open = |row: &str, slice: &str| report["measured"][row][slice]["open_loop"].clone();
    for open in [open("half", "send_gift_at_half"), open("half", "echo_at_half"), open("overload", "send_gift_at_twice")] {
        assert!(open["meant"].as_u64().unwrap() > 0, "{open}");
    }
    assert_eq!(report["overload_told_otherwise"], 0.0, "{}", open("overload", "send_gift_at_twice"));
    assert!(report["overload_server_memory_mib"].as_f64().unwrap() > 0.0);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_kept_book_is_filled_once_restarted_and_found_whole_again() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let kept = kept.to_str().unwrap();
    let small = ["--rows", "stored", "--stored-accounts", "3000", "--stored-transfers", "8000", "--stored-dir", kept];
    let first = report(&small, dir.path()).await;
    compares(&first, 2);
    assert_eq!((first["stored"]["accounts"].as_u64(), first["stored"]["transfers"].as_u64()), (Some(3_000), Some(8_000)));
    assert_eq!(first["stored"]["fill"]["transfers"].as_u64(), Some(8_000));
    assert!(first["stored_restart_to_first_posting_s"].as_f64().unwrap() > 0.0);
    assert!(first["stored_peak_memory_mib"].as_f64().unwrap() > 0.0);

    let again = report(&small, dir.path()).await;
    assert_eq!(again["stored"]["fill"], Value::Null);
    let grown = 8_000 + 2 * first["stored"]["gifts_accepted"].as_u64().unwrap();
    assert_eq!(again["stored"]["transfers"].as_u64(), Some(grown));
    let (ok, _, error) = bench(&["--rows", "stored", "--stored-transfers", "20000000", "--stored-dir", kept], dir.path()).await;
    assert!(!ok && error.contains("3000 accounts and 8000 transfers on SQLite"), "{error}");
}

#[tokio::test]
async fn on_postgres_the_naive_baseline_runs_beside_us_and_nothing_of_it_or_of_the_stored_book_stays() {
    let cluster = pgtest::Cluster::start().unwrap();
    let (database, dir) = (cluster.create_database().unwrap(), tempfile::tempdir().unwrap());
    let small = ["--stored", "--stored-accounts", "500", "--stored-transfers", "2000", "--baseline", "postgres-naive"];
    let report = report(&[&["--rows", "lone", "--database", &database], &small[..]].concat(), dir.path()).await;
    compares(&report, 1 + 2 + 4);
    assert_eq!(report["gifts_accepted"], report["gifts_in_trial_balance"]);
    let naive = &report["measured"]["naive"]["postgres_naive"];
    assert!(naive["database_processor_us_each"].as_f64().is_some_and(|us| us > 0.0), "{naive}");
    let nothing_left = "DO $$ BEGIN ASSERT (SELECT COUNT(*) FROM pg_database WHERE datname LIKE 'largesse_bench%') = 0; END $$";
    cluster.execute(nothing_left).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// A few payouts one by one and in a run, of which every book must know.
async fn pays(arguments: &[&str], dir: &Path) {
    let few = ["--rows", "payouts,payout_run,payout_run_bulk", "--payouts", "30", "--run-creators", "60"];
    let report = report(&[&few, arguments].concat(), dir).await;
    compares(&report, 3);
    let facts = report["payouts"].as_array().unwrap();
    let seen: Vec<_> = facts.iter().map(|facts| (facts["row"].as_str().unwrap(), facts["settled"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("payouts", 30), ("payout_run", 60), ("payout_run_bulk", 60)]);
    assert!(facts.iter().all(|facts| facts["problem"].is_null() && facts["peak_memory_kib"].as_u64().is_some_and(|kib| kib > 0)));
    assert!(report["payout_own_time_p99_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0);
}

#[tokio::test]
async fn payouts_are_the_same_in_all_books_on_sqlite() {
    pays(&[], tempfile::tempdir().unwrap().path()).await;
}

#[tokio::test]
async fn payouts_are_the_same_in_all_books_on_postgres() {
    let cluster = pgtest::Cluster::start().unwrap();
    let database = cluster.create_database().unwrap();
    pays(&["--database", &database], tempfile::tempdir().unwrap().path()).await;
}

#[tokio::test]
async fn every_viewer_is_sent_every_gift_that_was_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let report = report(&["--rows", "viewers"], dir.path()).await;
    compares(&report, 1);
    assert!(report["payments_behind_p99_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_in_the_book_is_found_and_what_is_not_there_is_not() {
    let cluster = pgtest::Cluster::start().unwrap();
    let database = cluster.create_database().unwrap();
    for on in [&[][..], &["--database", &database]] {
        let dir = tempfile::tempdir().unwrap();
        let few = ["--rows", "find", "--stored-accounts", "50", "--stored-transfers", "400"];
        let report = report(&[&few, on].concat(), dir.path()).await;
        let measured = report["measured"]["find"].as_object().unwrap();
        assert!(measured.len() == 5 && measured.values().all(|of| of["p99_us"].as_u64().is_some_and(|us| us > 0)), "{measured:?}");
        assert!(["find_p99_ms", "explain_first_page_p99_ms"].iter().all(|key| report[*key].as_f64().unwrap() > 0.0));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn what_can_not_be_measured_is_refused_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (&["--baseline", "postgres-naive"][..], "--database postgres://"),
        (&["--stored", "--stored-accounts", "1000", "--stored-transfers", "1000"], "--stored-transfers must be 1600 or more"),
    ] {
        let (ok, printed, error) = bench(arguments, dir.path()).await;
        assert!(!ok && printed.is_empty() && error.contains(word), "{error}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn people_read_the_value_what_it_is_compared_with_the_ratio_and_the_goal() {
    let dir = tempfile::tempdir().unwrap();
    let (ok, printed, error) = bench(&["--only", "lone"], dir.path()).await;
    assert!(ok, "{error}");
    let line = printed.lines().find(|line| line.starts_with("ratio_lone_send_gift_to_fdatasync ")).unwrap();
    assert!(line.contains(" µs") && line.contains("ceiling 3: "), "{line}");
    assert!(printed.contains("all of them in the ledger once after a kill"), "{printed}");
}
