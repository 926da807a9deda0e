//! A copy taken while gifts are sent and coins are bought: elsewhere it is a sound installation whose journal is the beginning of the original's.
use crate::{
    fleets::{assert_sound, binary, book, databases, fund, options},
    load::{Load, fund_users},
};
use db::Database;
use largesse::{audit, fleet::Fleet, house::Service, installation::Installation, shop::Shop};
use std::{
    path::Path,
    process::{Command, Output},
};

const USERS: usize = 4;

fn run(command: &str, database: &str, flag: &str, dir: &Path) -> Output {
    Command::new(binary()).args([command, "--database", database, flag]).arg(dir).env_remove("RUST_LOG").output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every event's bytes and every commit's hash, up to this commit.
async fn journal(database: &str, until: i64) -> Vec<(i64, Vec<u8>)> {
    let store = audit::open(&Database::parse(database).unwrap()).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    let (mut lines, mut from) = (Vec::new(), 1);
    loop {
        let commits = store.commits(book.key, from, 500).await.unwrap();
        let Some(last) = commits.last() else { break };
        from = last.commit_no + 1;
        lines.extend(commits.iter().filter(|commit| commit.commit_no <= until).map(|commit| (commit.last_seq, commit.hash.to_vec())));
    }
    let end = lines.last().map_or(0, |(seq, _)| *seq);
    let mut seq = 1;
    while seq <= end {
        let events = store.events(book.key, seq, 500.min(end - seq + 1)).await.unwrap();
        seq = events.last().unwrap().event.seq + 1;
        lines.extend(events.into_iter().map(|stored| (stored.event.seq, stored.body)));
    }
    lines
}

async fn last_commit(database: &str) -> i64 {
    let store = audit::open(&Database::parse(database).unwrap()).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    store.head(book.key).await.unwrap().unwrap().commit_no
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_load_is_sound_elsewhere_and_its_journal_is_the_originals_beginning() {
    let databases = databases();
    for (database, elsewhere) in [
        (databases.sqlite.clone(), format!("sqlite:{}", databases.dir.path().join("elsewhere").display())),
        (databases.postgres.clone(), databases.cluster.create_database().unwrap()),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        let fleet = Fleet::start(options(&dir.path().join("data"), database.clone(), &Service::ALL)).await.unwrap();
        let installation = Installation::of_fleet(&fleet, book()).unwrap();
        fund_users(&installation, USERS).await;
        let load = Load::start(std::slice::from_ref(&installation), USERS, usize::MAX);
        let shop = Shop::open(&installation).await.unwrap();
        let buying = tokio::spawn({
            let (load, installation) = (load.clone(), installation.clone());
            async move {
                while !load.is_over() {
                    shop.buy("buyer", 100).await.unwrap();
                    fund(&installation, "other", 1).await;
                }
            }
        });
        load.progress(USERS * 10).await;
        let made = run("backup", &database, "--to", &copy);
        assert!(made.status.success(), "{}", told(&made));
        load.progress(USERS * 10).await;
        load.end().await;
        buying.await.unwrap();
        fleet.stop().await.unwrap();

        let restored = run("restore", &elsewhere, "--from", &copy);
        assert!(restored.status.success(), "{}", told(&restored));
        assert!(told(&restored).contains("green"), "{}", told(&restored));
        let verified = Command::new(binary()).args(["verify", "--database", &elsewhere]).output().unwrap();
        assert!(verified.status.success(), "{}", told(&verified));
        let end = last_commit(&elsewhere).await;
        assert!(end > 0 && end < last_commit(&database).await, "the copy was taken while the journal grew");
        assert!(journal(&elsewhere, end).await == journal(&database, end).await, "the copy's journal is not the original's beginning");

        // It is an installation: it goes on, and what was under way finishes.
        let fleet = Fleet::start(options(&dir.path().join("new"), elsewhere.clone(), &[Service::Ledger, Service::Support])).await.unwrap();
        let again = crate::fleets::partly(&fleet, &[Service::Ledger]);
        fund(&again, "u0", 1).await;
        fleet.stop().await.unwrap();
        assert_sound(&elsewhere).await;
        refused(&copy, &database, &elsewhere, dir.path()).await;
    }
}

/// Nothing is overwritten, and what is not the copy is not put anywhere.
async fn refused(copy: &Path, database: &str, elsewhere: &str, dir: &Path) {
    let again = run("backup", database, "--to", copy);
    assert_eq!(again.status.code(), Some(1));
    assert!(told(&again).contains("not empty"), "{}", told(&again));
    let over = run("restore", elsewhere, "--from", copy);
    assert_eq!(over.status.code(), Some(1), "{}", told(&over));
    let manifest = copy.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let target = format!("sqlite:{}", dir.join("target").display());
    for (damaged, said) in [
        (text.replace("\"format\": 1", "\"format\": 9"), "form 9"),
        ("{".to_owned(), "manifest"),
        (text.replacen(": \"", ": \"../", 1), ""),
    ] {
        std::fs::write(&manifest, damaged).unwrap();
        let output = run("restore", &target, "--from", copy);
        assert!(!output.status.success() && told(&output).contains(said), "{said}: {}", told(&output));
    }
    std::fs::write(&manifest, text).unwrap();
    // A byte that fell over in the largest file.
    let file =
        std::fs::read_dir(copy).unwrap().map(|entry| entry.unwrap().path()).max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let output = run("restore", &target, "--from", copy);
    assert!(!output.status.success() && told(&output).contains("SHA-256"), "{}", told(&output));
    std::fs::remove_file(manifest).unwrap();
    let output = run("restore", &target, "--from", copy);
    assert!(!output.status.success() && told(&output).contains("not whole"), "{}", told(&output));
}
