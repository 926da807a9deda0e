//! Unit tests of `nacha`: what files say, and what is refused.
use super::{
    acknowledgement::{SentFile, read as acknowledged},
    file::{FiledEntry, NewFile, build},
    *,
};
use bankfiles::nacha::{
    self, AccountChange, AchLayout, AchLineEnd,
    answers::{AchReturnReason, AnswerTerms, answer_batch, change_entry, return_entry},
};
use serde_json::json;

fn terms() -> NachaBankConfig {
    NachaBankConfig {
        routing_number: "021000021".to_owned(),
        company_id: "1234567890".to_owned(),
        company_name: "LARGESSE".to_owned(),
        ..NachaBankConfig::default()
    }
}

fn entry(trace: &str, cents: i64) -> FiledEntry {
    FiledEntry {
        trace: trace.to_owned(),
        routing_number: "121000248".to_owned(),
        account_number: "9000000001".to_owned(),
        savings: cents == 70,
        cents,
        name: "Ana Muller".to_owned(),
        is_company: false,
        on_behalf_of: String::new(),
    }
}

fn new_file() -> NewFile {
    NewFile { created: "2026-11-25T09:00".parse().unwrap(), modifier: 'A', effective: "2026-11-25".parse().unwrap() }
}

#[test]
fn a_file_has_the_trace_numbers_of_its_payments_in_ascending_order_and_is_the_same_each_time() {
    let entries = [entry("021000020000009", 70), entry("021000020000004", 500)];
    let bytes = build(&terms(), &new_file(), &entries).unwrap();
    assert_eq!(build(&terms(), &new_file(), &[entries[1].clone(), entries[0].clone()]).unwrap(), bytes);
    let read = nacha::read(&bytes).unwrap();
    let written: Vec<(&str, i64, u8)> =
        read.batches[0].entries.iter().map(|one| (one.trace.as_str(), one.amount_cents, one.transaction_code.code())).collect();
    assert_eq!(written, [("021000020000004", 500, 22), ("021000020000009", 70, 32)]);
    assert_eq!((read.batches.len(), read.totals().credit_cents, read.header.modifier), (1, 570, 'A'));
}

#[test]
fn companies_are_paid_in_a_file_of_their_own_as_ccd() {
    let company = FiledEntry { is_company: true, name: "Muller Inc".to_owned(), ..entry("021000020000004", 500) };
    let sec = |entries: &[FiledEntry]| nacha::read(&build(&terms(), &new_file(), entries).unwrap()).unwrap().batches[0].header.sec.clone();
    assert_eq!((sec(&[entry("021000020000009", 70)]).as_str(), sec(std::slice::from_ref(&company)).as_str()), ("PPD", "CCD"));
    assert!(build(&terms(), &new_file(), &[entry("021000020000009", 70), company]).unwrap_err().contains("either persons or companies"));
    // As programs kept entries that did not ask.
    let kept = serde_json::to_value(entry("021000020000009", 70)).unwrap();
    assert!(kept.get("is_company").is_none() && serde_json::from_value::<FiledEntry>(kept).unwrap() == entry("021000020000009", 70));
}

#[test]
fn a_file_on_behalf_of_a_company_has_its_name_and_the_id_of_the_accounts_owner() {
    let own = entry("021000020000009", 70);
    let of_acme = FiledEntry { on_behalf_of: "ACME STREAMING L".to_owned(), ..entry("021000020000004", 500) };
    let header = |entries: &[FiledEntry]| {
        let header = nacha::read(&build(&terms(), &new_file(), entries).unwrap()).unwrap().batches[0].header.clone();
        let nacha::AchOriginator::Company { name: company_name, .. } = header.originator else { panic!("a domestic file") };
        (company_name, header.company_id)
    };
    assert_eq!(header(std::slice::from_ref(&own)), ("LARGESSE".to_owned(), "1234567890".to_owned()));
    assert_eq!(header(std::slice::from_ref(&of_acme)), ("ACME STREAMING L".to_owned(), "1234567890".to_owned()));
    assert!(build(&terms(), &new_file(), &[own, of_acme]).unwrap_err().contains("on behalf of one company"));
}

#[test]
fn an_acknowledgement_accepts_or_refuses_the_whole_file_or_is_of_another_one() {
    let sent = SentFile { name: "one.ach".to_owned(), sha256: "ab".repeat(32), entries: 2, cents: 570 };
    let accepted = json!({"file": "one.ach", "sha256": sent.sha256, "status": "accepted", "entries": 2, "credit_cents": 570});
    let with = |key: &str, value: serde_json::Value| {
        let mut changed = accepted.clone();
        changed[key] = value;
        acknowledged(changed.to_string().as_bytes(), &sent)
    };
    assert_eq!(with("entries", json!(2)), Ok(FileVerdict::Accepted));
    // A part of a file, or of its money, is never accepted.
    for (key, value) in
        [("entries", json!(1)), ("entries", json!(null)), ("credit_cents", json!(500)), ("file", json!("two.ach")), ("sha256", json!("00"))]
    {
        assert!(matches!(with(key, value.clone()), Ok(FileVerdict::Foreign(_))), "{key} {value}");
    }
    let problems = json!([{"place": "batch 1", "what": "is wrong"}]);
    let rejected = json!({"file": "one.ach", "sha256": sent.sha256, "status": "rejected", "problems": problems});
    assert_eq!(acknowledged(rejected.to_string().as_bytes(), &sent), Ok(FileVerdict::Rejected("batch 1: is wrong".to_owned())));
    for unknown in ["", "{}", "[]", "accepted"] {
        assert!(acknowledged(unknown.as_bytes(), &sent).is_err(), "{unknown}");
    }
    assert!(with("status", json!("partially accepted")).is_err());
}

/// A file of a return and, in a batch of its own, a correction.
fn answers() -> Vec<u8> {
    let sent = nacha::read(&build(&terms(), &new_file(), &[entry("021000020000004", 500), entry("021000020000009", 70)]).unwrap()).unwrap();
    let batch = &sent.batches[0];
    let of = |sequence| AnswerTerms { odfi: "021000021".to_owned(), sequence };
    let reason = AchReturnReason { code: "R03".to_owned(), date_of_death: None, information: String::new() };
    let returned = return_entry(&batch.entries[0], &reason, &of(1)).unwrap();
    let change = AccountChange { account_number: Some("7700001234".to_owned()), ..AccountChange::default() };
    let changed = change_entry(&batch.entries[1], "C01", &change, &of(2)).unwrap();
    let batches = vec![answer_batch(&batch.header, vec![returned], 1).unwrap(), answer_batch(&batch.header, vec![changed], 2).unwrap()];
    nacha::write(&nacha::AchFile { batches, layout: AchLayout::standard(AchLineEnd::Lf), ..sent }).unwrap()
}

#[test]
fn returns_and_corrections_are_read_and_a_wrong_hash_refuses_the_whole_file() {
    let bytes = answers();
    let news = answers::read(&bytes).unwrap();
    let [CallbackNews::AchReturn(back), CallbackNews::AchCorrection(correction)] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!((back.trace.as_str(), back.code.as_str(), back.cents), ("021000020000004", "R03", 500));
    assert_eq!((correction.trace.as_str(), correction.code.as_str()), ("021000020000009", "C01"));
    assert_eq!(correction.change.as_ref().unwrap().account_number.as_deref(), Some("7700001234"));
    // The entry hash of the first batch's control.
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let control = lines.iter().position(|line| line.starts_with('8')).unwrap();
    lines[control].replace_range(10..20, "0000000001");
    let why = answers::read(lines.join("\n").as_bytes()).unwrap_err();
    assert!(why.starts_with("the file is refused whole"), "{why}");
    // Payments of ours are no answers.
    assert!(answers::read(&build(&terms(), &new_file(), &[entry("021000020000004", 500)]).unwrap()).is_err());
}
