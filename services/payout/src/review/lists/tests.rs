//! Unit tests of `lists`: lists as files, invented.
use super::*;
use std::time::Duration;

const ID: Uuid = Uuid::from_u128(7);

fn primary(entries: &[(u32, &str)]) -> String {
    let line = |(id, name): &(u32, &str)| format!("{id},\"{name}\",\"individual\",\"PROG-A\",{}-0- \r\n", "-0- ,".repeat(7));
    let lines: String = entries.iter().map(line).collect();
    format!("{lines}\u{1a}")
}

fn config(dir: &Path, entries: &[(u32, &str)]) -> ScreeningConfig {
    std::fs::write(dir.join("sdn.csv"), primary(entries)).unwrap();
    for name in ["alt.csv", "add.csv", "sdn_comments.csv"] {
        std::fs::write(dir.join(name), "\u{1a}").unwrap();
    }
    let list = ScreeningListConfig {
        name: "TEST".to_owned(),
        edition: "2026-11-27".to_owned(),
        primary_file: dir.join("sdn.csv"),
        alternate_file: dir.join("alt.csv"),
        address_file: dir.join("add.csv"),
        comments_file: dir.join("sdn_comments.csv"),
        ..ScreeningListConfig::default()
    };
    ScreeningConfig { lists: vec![list], ..ScreeningConfig::default() }
}

/// A day on which a policy is in force.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_900_000)
}

fn digest(text: &str) -> String {
    format!("digest of {text}")
}

fn found(lists: &ScreeningLists, name: &str, cleared: &[ClearedHit]) -> Vec<u32> {
    lists.screen(ID, name, cleared, digest).map(|finding| finding.hits.iter().map(|hit| hit.entry).collect()).unwrap_or_default()
}

fn cleared_all(finding: &ScreeningFinding) -> Vec<ClearedHit> {
    let cleared = |hit: &OpenHit| ClearedHit {
        list: hit.list.clone(),
        entry: hit.entry,
        entry_digest: hit.entry_digest.clone(),
        subject_digest: finding.subject_digest.clone(),
    };
    finding.hits.iter().map(cleared).collect()
}

#[test]
fn without_a_list_nobody_is_found() {
    assert_eq!(ScreeningLists::default().screen(ID, "Mirosh Quenbar", &[], digest), None);
}

#[test]
fn a_cleared_hit_is_no_hit_until_name_or_entry_change() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path(), &[(101, "QUENBAR, Mirosh"), (102, "TESTOVAR, Zelm")]);
    let lists = ScreeningLists::read(&config, now()).unwrap();
    let finding = lists.screen(ID, "Mirosh Quenbar", &[], digest).unwrap();
    let cleared = cleared_all(&finding);
    assert_eq!((found(&lists, "Mirosh Quenbar", &[]), found(&lists, "Mirosh Quenbar", &cleared)), (vec![101], vec![]));
    assert_eq!(found(&lists, "Mirosh  Quenbar", &cleared), [101], "another text is another name");
    assert_eq!(found(&lists, "Zelm Testovar", &cleared), [102]);
    let elsewhere: Vec<ClearedHit> = cleared.iter().cloned().map(|hit| ClearedHit { list: "OTHER".to_owned(), ..hit }).collect();
    assert_eq!(found(&lists, "Mirosh Quenbar", &elsewhere), [101], "another list is another list");

    std::fs::write(dir.path().join("sdn.csv"), primary(&[(101, "QUENBAR, Mirosh"), (102, "TESTOVAR, Zelma"), (103, "NEWMAN, Oz")]))
        .unwrap();
    assert!(lists.reload(now()).is_empty());
    assert_eq!(found(&lists, "Mirosh Quenbar", &cleared), Vec::<u32>::new(), "a later edition with the same entry");
    std::fs::write(dir.path().join("sdn.csv"), primary(&[(101, "QUENBAR, Mirosh Al"), (102, "TESTOVAR, Zelma"), (103, "NEWMAN, Oz")]))
        .unwrap();
    assert!(lists.reload(now()).is_empty());
    assert_eq!(found(&lists, "Mirosh Quenbar", &cleared), [101], "the entry has changed");
}

#[test]
fn a_name_that_cannot_be_compared_is_held_until_somebody_has_looked() {
    let dir = tempfile::tempdir().unwrap();
    let lists = ScreeningLists::read(&config(dir.path(), &[(101, "QUENBAR, Mirosh")]), now()).unwrap();
    for name in ["山田太郎", "?", " ", "", &"x".repeat(10_000)] {
        let finding = lists.screen(ID, name, &[], digest).unwrap();
        assert_eq!(finding.hits.iter().map(|hit| hit.entry).collect::<Vec<_>>(), [0], "{name:.9}");
        assert_eq!(found(&lists, name, &cleared_all(&finding)), Vec::<u32>::new());
    }
}

#[test]
fn an_edition_that_is_broken_missing_or_shrunk_leaves_the_last_one_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let entries: Vec<(u32, &str)> = (101..121).map(|id| (id, "QUENBAR, Mirosh")).collect();
    let lists = ScreeningLists::read(&config(dir.path(), &entries), now()).unwrap();
    let before = lists.current()[0].edition();
    let file = dir.path().join("sdn.csv");
    for broken in [String::new(), "101,\"QUENBAR".to_owned(), primary(&entries[..10])] {
        std::fs::write(&file, &broken).unwrap();
        assert_eq!(lists.reload(now()).len(), 1, "{broken:.20}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(lists.reload(now()).len(), 1, "a missing file is named");
    assert_eq!(lists.current()[0].edition(), before);
    assert!(
        ScreeningLists::read(&ScreeningConfig { lists: vec![lists.current()[0].config.clone()], ..Default::default() }, now()).is_err()
    );
}
