//! Backups taken while gifts are sent, coins are bought and creators are paid: each verifies in place, and restored elsewhere it is an installation whose
//! journal is a prefix of the original's.
use crate::{
    fleets::{Databases, assert_sound, binary, book, databases, fund, options, share_identity},
    load::{Load, fund_users, pace},
};
use api::gift::SendGiftRequest;
use db::Database;
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use monitor::audit;
use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

const USERS: usize = 4;
/// Backups in one run: each catches services between other postings and rows.
const COPIES: usize = 3;
/// Between two calls of one caller.
const PAUSE: Duration = Duration::from_millis(20);

fn run(databases: &Databases, arguments: &[&str], dir: &Path) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(binary());
    command.args(arguments).arg(dir).env_remove("RUST_LOG");
    command.env("PATH", format!("{}:{path}", databases.cluster.programs().display())).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn assert_done(output: &Output) -> String {
    let told = told(output);
    assert!(output.status.success(), "{told}");
    told
}

/// Every event's bytes and every commit's hash, up to this commit.
pub async fn journal(database: &str, until: i64) -> Vec<(i64, Vec<u8>)> {
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

pub async fn last_commit(database: &str) -> i64 {
    let store = audit::open(&Database::parse(database).unwrap()).await.unwrap();
    let book = store.books().await.unwrap().remove(0);
    store.head(book.key).await.unwrap().unwrap().commit_no
}

/// Coins bought, gifts sent, diamonds converted and paid out, repeatedly, and not faster than the journal is verified.
fn live(installation: &Installation, load: &Arc<Load>) -> Vec<JoinHandle<()>> {
    let buyers = (0..3).map(|buyer| {
        let (load, installation) = (load.clone(), installation.clone());
        tokio::spawn(async move {
            let (shop, mut ticks) = (Shop::open(&installation).await.unwrap(), pace(PAUSE).unwrap());
            while !load.is_over() {
                ticks.tick().await;
                shop.buy(&format!("b{buyer}"), 100).await.unwrap();
            }
        })
    });
    let (over, paid) = (load.clone(), installation.clone());
    let paying = tokio::spawn(async move {
        let shop = Shop::open(&paid).await.unwrap();
        while !over.is_over() {
            shop.buy("giver", 1_000).await.unwrap();
            let gift = SendGiftRequest {
                request_id: Uuid::now_v7().to_string(),
                room_id: "r".into(),
                creator_id: "c1".into(),
                gift_id: 5879,
                quantity: 20,
                ..Default::default()
            };
            let token = paid.token("giver", Role::Viewer).unwrap();
            paid.gift().send_gift(authorised(gift, &token).unwrap()).await.unwrap();
            crate::hops::payout::settled(&paid, |request| request).await;
        }
    });
    buyers.chain([paying]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_load_is_sound_elsewhere_and_its_journal_is_the_originals_beginning() {
    let databases = databases();
    for (database, elsewhere) in [
        (databases.sqlite.clone(), format!("sqlite:{}", databases.dir.path().join("elsewhere").display())),
        (databases.postgres.clone(), databases.cluster.create_database().unwrap()),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut generous = options(&dir.path().join("data"), database.clone(), &Service::ALL);
        // A few users produce the load of many, so they need higher limits.
        generous.environment.extend(
            [("LARGESSE_QUOTAS_USER_KEPT_PER_HOUR", "0"), ("LARGESSE_PAYOUT_BENEFICIARIES_MAX", "10000")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let fleet = Fleet::start(generous).await.unwrap();
        let installation = Installation::of_fleet(&fleet, book()).unwrap();
        fund_users(&installation, USERS).await;
        let load = Load::paced(std::slice::from_ref(&installation), USERS, PAUSE);
        let living = live(&installation, &load);
        let copy = |number: usize| dir.path().join(format!("copy{number}"));
        for number in 0..COPIES {
            load.progress(USERS * 10).await;
            assert_done(&run(&databases, &["backup", "--database", &database, "--to"], &copy(number)));
            // The operations in flight must not be reported as problems.
            assert_done(&run(&databases, &["verify", "--json", "--database"], Path::new(&database)));
        }
        load.progress(USERS * 10).await;
        load.end().await;
        for life in living {
            life.await.unwrap();
        }
        fleet.stop().await.unwrap();

        // A backup of SQLite's files can be verified in place, and is not changed by that.
        for number in (0..COPIES).filter(|_| database.starts_with("sqlite")) {
            let report = assert_sound(&format!("sqlite:{}", copy(number).display())).await;
            assert!(report.books[0].not_compared.is_empty(), "{report:?}");
        }
        let restored = assert_done(&run(&databases, &["restore", "--database", &elsewhere, "--from"], &copy(COPIES - 1)));
        assert!(restored.contains("passed"), "{restored}");
        let end = last_commit(&elsewhere).await;
        assert!(end > 0 && end < last_commit(&database).await, "the copy was taken while the journal grew");
        assert!(journal(&elsewhere, end).await == journal(&database, end).await, "the copy's journal is not the original's beginning");

        // It is an installation: it continues, and what was in flight finishes.
        share_identity(&dir.path().join("data"), &dir.path().join("new"));
        let fleet = Fleet::start(options(&dir.path().join("new"), elsewhere.clone(), &[Service::Ledger, Service::Support])).await.unwrap();
        let again = crate::fleets::partly(&fleet, &[Service::Ledger]);
        fund(&again, "u0", 1).await;
        fleet.stop().await.unwrap();
        assert_sound(&elsewhere).await;
        refused(&databases, &copy(0), &database, &elsewhere).await;
    }
}

/// Nothing is overwritten, and a damaged backup is not restored.
async fn refused(databases: &Databases, copy: &Path, database: &str, elsewhere: &str) {
    let refused = |arguments: &[&str], said: &str| {
        let output = run(databases, arguments, copy);
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(told(&output).contains(said), "{said}: {}", told(&output));
    };
    refused(&["backup", "--database", database, "--to"], "not empty");
    let nowhere = format!("sqlite:{}", copy.with_extension("nowhere").display());
    refused(&["backup", "--database", &nowhere, "--to"], "no ledger in it");
    assert!(!copy.with_extension("nowhere").exists(), "a directory was made where nothing is");
    if let Some(dir) = database.strip_prefix("sqlite:") {
        let inside = run(databases, &["backup", "--database", database, "--to"], &Path::new(dir).join("inside"));
        assert!(told(&inside).contains("lies in the directory"), "{}", told(&inside));
    }
    refused(&["restore", "--database", elsewhere, "--from"], if elsewhere.starts_with("sqlite") { "not empty" } else { "already has" });
    let target = tempfile::tempdir().unwrap();
    let target = format!("sqlite:{}", target.path().join("new").display());
    let (manifest, into) = (copy.join("manifest.json"), ["restore", "--database", &target, "--from"]);
    let text = std::fs::read_to_string(&manifest).unwrap();
    let file = text.split('"').find(|word| word.ends_with(".db") || word.ends_with(".dump")).unwrap().to_owned();
    for (damaged, said) in [
        (text.replace("\"format\": 1", "\"format\": 9"), "of format 9"),
        ("{".to_owned(), "manifest.json"),
        (text.replace(&file, &format!("../{file}")), "outside of it"),
        (text.replace("\"begin_time\"", "\"begun\""), "unknown field"),
        (text.replace("\"files\": {", "\"files\": {}, \"old\": {"), "unknown field"),
    ] {
        std::fs::write(&manifest, damaged).unwrap();
        refused(&into, said);
    }
    std::fs::write(&manifest, text).unwrap();
    // One bit is flipped.
    let mut bytes = std::fs::read(copy.join(&file)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(copy.join(&file), bytes).unwrap();
    refused(&into, "SHA-256");
    if elsewhere.starts_with("sqlite") {
        let damaged = run(databases, &["verify", "--database"], Path::new(&format!("sqlite:{}", copy.display())));
        assert!(damaged.status.code() == Some(1) && told(&damaged).contains("SHA-256"), "{}", told(&damaged));
    }
    std::fs::remove_file(copy.join(&file)).unwrap();
    refused(&into, &file);
    std::fs::remove_file(manifest).unwrap();
    refused(&into, "not whole");
    assert!(!Path::new(target.trim_start_matches("sqlite:")).exists(), "something was put there");
}
