//! The reference recording: what it charges when sent once, twice, shuffled, split, and on both databases.
use crate::fleets::{assert_sound, binary, databases};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The recording, if the reference data are available.
fn recording() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    let file = Path::new(&data).join("gifts/live_gift_trace.jsonl");
    assert!(file.exists(), "{} is not there", file.display());
    Some(file)
}

fn replay(file: &Path, database: &str, data_dir: &Path, split: bool) -> Value {
    let mut command = Command::new(binary());
    command.args(["replay", "--json", "--database", database, "--data-dir"]).arg(data_dir).arg(file);
    if split {
        command.arg("--split");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The expected result, computed from the file alone: coins by sender and diamonds by creator, each streak up to its last tap.
fn implied(file: &Path) -> (Value, Value, i64) {
    let mut taps = std::collections::BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let int = |name: &str| event[name].as_i64().unwrap();
        let streak = event["combo"].as_bool().unwrap() && int("group_id") != 0;
        let group = if streak { int("group_id").to_string() } else { text("msg") };
        let count = if streak && int("repeat_end") == 1 { 0 } else { int("repeat_count") };
        let key = (text("from_user"), text("to_user"), text("room"), int("gift_id"), group);
        let most: &mut (i64, i64) = taps.entry(key).or_default();
        *most = (most.0.max(count), int("diamond_count"));
    }
    let (mut senders, mut creators) = (serde_json::Map::new(), serde_json::Map::new());
    let mut total = 0;
    for ((sender, creator, ..), (count, price)) in taps {
        for (map, key) in [(&mut senders, sender), (&mut creators, creator)] {
            let sum = map.get(&key).and_then(Value::as_i64).unwrap_or(0) + count * price;
            map.insert(key, sum.into());
        }
        total += count * price;
    }
    (senders.into(), creators.into(), total)
}

/// Writes every line twice, in an order unrelated to the original.
fn shuffled(file: &Path, to: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines: Vec<&str> = text.lines().chain(text.lines()).collect();
    // Fisher and Yates with a fixed congruential generator: the same order in every run.
    let mut random = 20_231_113_u64;
    for at in (1..lines.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        lines.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
    }
    std::fs::write(to, lines.join("\n")).unwrap();
}

fn charged(report: &Value) -> (i64, i64) {
    (report["charged_coins"].as_i64().unwrap(), report["postings"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_charges_236_coins_in_38_postings_and_again_nothing() {
    let Some(file) = recording() else { return };
    let (senders, creators, total) = implied(&file);
    assert_eq!(total, 236);
    let databases = databases();
    for (database, split) in [(&databases.sqlite, false), (&databases.postgres, false)] {
        let dir = databases.dir.path();
        let first = replay(&file, database, dir, split);
        assert_eq!(charged(&first), (236, 38), "{first}");
        assert_eq!((&first["senders"], &first["creators"]), (&senders, &creators));
        let second = replay(&file, database, dir, split);
        assert_eq!((charged(&second), second["bought_coins"].as_i64()), ((0, 0), Some(0)), "{second}");
        assert_eq!((&second["creators"], &second["wallets"]), (&first["creators"], &first["wallets"]));
        assert_sound(database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apart_it_charges_the_same() {
    let Some(file) = recording() else { return };
    let databases = databases();
    // Two installations, so each has heads and keys of its own.
    for (database, data_dir) in [(&databases.sqlite, databases.dir.path()), (&databases.postgres, &databases.dir.path().join("apart"))] {
        let report = replay(&file, database, data_dir, true);
        assert_eq!(charged(&report), (236, 38), "{report}");
        assert_eq!(report["creators"], implied(&file).1);
        assert_sound(database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shuffled_and_doubled_it_charges_236_coins() {
    let Some(file) = recording() else { return };
    let (senders, creators, _) = implied(&file);
    let databases = databases();
    let disorder = databases.dir.path().join("shuffled.jsonl");
    shuffled(&file, &disorder);
    for database in [&databases.sqlite, &databases.postgres] {
        let report = replay(&disorder, database, databases.dir.path(), false);
        assert_eq!(charged(&report).0, 236, "{report}");
        assert_eq!((&report["senders"], &report["creators"]), (&senders, &creators));
        assert!(report["refused"].as_object().unwrap().is_empty(), "{report}");
        assert_sound(database).await;
    }
}

/// Recordings begin in the middle of a broadcast: with ends of streaks whose taps came before. This one is our own, so it runs without the reference data.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_streak_that_began_before_the_recording_is_free() {
    let databases = databases();
    let file = databases.dir.path().join("middle.jsonl");
    let event = |id: &str, sender: &str, group: i64, count: i64, end: i64| {
        let event = serde_json::json!({
            "msg": id, "room": "r1", "from_user": sender, "to_user": "c1", "gift_id": 5655, "gift_name": "Rose", "gift_type": 1,
            "diamond_count": 1, "combo": true, "group_id": group, "repeat_count": count, "repeat_end": end
        });
        event.to_string()
    };
    // The first sender has no account of coins at all; the second has one, and not this streak.
    let events = [event("m1", "u1", 7, 4, 1), event("m2", "u2", 8, 2, 0), event("m3", "u2", 8, 2, 1), event("m4", "u2", 9, 3, 1)];
    std::fs::write(&file, events.join("\n")).unwrap();
    let report = replay(&file, &databases.sqlite, databases.dir.path(), false);
    assert_eq!((charged(&report), report["free"].as_i64()), ((2, 1), Some(3)), "{report}");
    assert!(report["refused"].as_object().unwrap().is_empty(), "{report}");
    assert_sound(&databases.sqlite).await;
}
