//! An orderly stop leaves one file per service: no write-ahead log that a copy of the files could miss.
use crate::fleets::{assert_sound, fund, options, partly};
use demo::fleet::Fleet;
use identity::Service;

const SERVICES: [Service; 4] = [Service::Ledger, Service::Support, Service::Gift, Service::Earnings];

fn beside(dir: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains(".db")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_leaves_no_write_ahead_log_and_what_it_answered_is_in_the_files() {
    for split in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", dir.path().display());
        let started = demo::fleet::Options { split, ..options(dir.path(), database.clone(), &SERVICES) };
        let fleet = Fleet::start(started).await.unwrap();
        fund(&partly(&fleet, &SERVICES), "u1", 500).await;
        assert!(beside(dir.path()).contains(&"ledger.db-wal".to_owned()), "{:?}", beside(dir.path()));
        fleet.stop().await.unwrap();
        let left: Vec<String> = beside(dir.path()).into_iter().filter(|name| !name.ends_with(".db")).collect();
        assert_eq!(left, [""; 0], "split: {split}");
        let report = assert_sound(&database).await;
        assert_eq!(report.books[0].coins.issued, 500);
    }
}
