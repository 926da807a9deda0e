//! Names of entries and cases that stay the same however often, and in whichever format, an entry comes.
use matching::{BankLine, StatementPart};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The key of an entry: by the bank's reference where it has one, else by where it stands. `occurrences` counts the entries of a file that are alike: a statement
/// may have one twice.
pub(super) fn entry_key(account: &str, part: &StatementPart, line: &BankLine, occurrences: &mut BTreeMap<String, usize>) -> String {
    let (amount, direction) = (line.amount.to_string(), line.direction_word());
    let day = part.day.map(|day| day.to_string()).unwrap_or_default();
    let (entry, detail, number) = (line.place.entry.to_string(), line.place.detail.to_string(), line.reference_part.to_string());
    let about: Vec<&str> = match &line.bank_reference {
        Some(reference) => vec![account, "reference", reference, &number, &amount, direction],
        None => vec![account, "place", &day, &entry, &detail, &amount, direction],
    };
    let key = case_id(&about);
    let times = occurrences.entry(format!("{key} {}", part.statement)).or_default();
    *times += 1;
    if *times == 1 { key } else { case_id(&[about.as_slice(), &[times.to_string().as_str()]].concat()) }
}

/// The id of a case about these things: half of a SHA-256, in hexadecimal digits.
pub(super) fn case_id(about: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in about {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}
