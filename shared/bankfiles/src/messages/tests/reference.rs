//! Against messages that banks and schemes have published.
use super::super::*;
use std::path::{Path, PathBuf};

fn root() -> Option<PathBuf> {
    let root = std::env::var("LARGESSE_REFERENCE_DATA").ok();
    if root.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    root.map(PathBuf::from)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "xml")).collect()
}

/// Every number of minor units below a value.
fn amounts(value: &Value) -> usize {
    match value {
        Value::Object(content) => usize::from(content.contains_key("minor_units")) + content.values().map(amounts).sum::<usize>(),
        Value::Array(list) => list.iter().map(amounts).sum(),
        _ => 0,
    }
}

#[test]
fn reference_every_bank_sample_and_statement_is_read_soundly() {
    let Some(root) = root() else { return };
    let mut read = 0;
    for path in files(&root.join("bank/samples")).into_iter().chain(files(&root.join("reconciliation/fixtures/camt"))) {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(looks_like(&bytes), "{name}");
        let reading = reading(&bytes);
        println!("{name}: {} {:?}", reading.format, reading.problems);
        assert!(reading.is_sound(), "{name}: {:?}", reading.problems);
        // Every amount with a currency is in what was read.
        let text = String::from_utf8(bytes).unwrap();
        let stated = text.split("Ccy=\"").count() - 1;
        assert_eq!(amounts(&reading.content), stated, "{name}");
        read += 1;
    }
    assert!(read >= 36, "{read} files");
}

#[test]
fn reference_a_statement_with_a_changed_amount_is_not_sound() {
    let Some(root) = root() else { return };
    let path = root.join("reconciliation/fixtures/camt/largesse-physical.camt.053.001.08.xml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(reading(text.as_bytes()).is_sound());
    let changed = text.replacen(">125.50<", ">125.51<", 2);
    assert!(!reading(changed.as_bytes()).is_sound());
}
