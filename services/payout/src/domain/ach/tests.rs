//! Unit tests of `ach`: what a file proves, and when it is closed.
use super::*;
use crate::domain::{
    ach::steps::{FileVerdict, UploadAnswer},
    attempt::ReferenceNumbering,
};
use jiff::Zoned;
use rails::RailBook;

pub(crate) fn file(state: FileState) -> PaymentFile {
    PaymentFile {
        bank: "ach".to_owned(),
        file_name: "a.ach".to_owned(),
        bank_account: "ach".to_owned(),
        rail: "us-ach".to_owned(),
        sha256: String::new(),
        modifier: 'A',
        created_on: "2026-11-25".parse().unwrap(),
        effective: "2026-11-25".parse().unwrap(),
        company_id: "1".to_owned(),
        entries: 1,
        cents: 1,
        state,
        taken: false,
        tries: 1,
        due_at_ms: 0,
        why: String::new(),
        answer: String::new(),
        booked_by: String::new(),
        built_at_ms: 0,
        version: 1,
    }
}

#[test]
fn only_a_booking_settles_and_only_a_refusal_gives_back() {
    for state in FileState::ALL {
        assert_eq!(FileState::from_name(state.name()), Some(state));
        let proved = match answer_of(Some(&file(state))) {
            Some(BankAnswer::Named(said)) => Some(said.outcome),
            _ => None,
        };
        let expected = match state {
            FileState::Built | FileState::Sent => None,
            FileState::Accepted => Some(StatusOutcome::Pending),
            FileState::Rejected => Some(StatusOutcome::Rejected),
            FileState::Booked => Some(StatusOutcome::Settled),
            FileState::Doubtful => Some(StatusOutcome::Unclear),
        };
        assert_eq!(proved, expected, "{state:?}");
    }
    assert_eq!(answer_of(None), None, "a payment that waits for its file stays as it is");
    let lost = PaymentFile { why: "no answer in time".to_owned(), ..file(FileState::Sent) };
    assert_eq!(answer_of(Some(&lost)), Some(BankAnswer::Lost("no answer in time".to_owned())));
    assert_eq!(answer_of(Some(&PaymentFile { taken: true, ..lost })), None, "what the bank has is not lost");
}

#[test]
fn a_file_is_closed_when_it_was_collected_or_before_the_cut_off_of_its_first_payment() {
    let at = |text: &str| format!("{text}[America/New_York]").parse::<Zoned>().unwrap().timestamp();
    let book = RailBook::built_in();
    let closes = |first: &str, lead| {
        let record = book.record_at("us-ach-same-day", at(first)).unwrap();
        closes_at(record, book.calendars(), at(first), Duration::from_secs(90 * 60), lead).unwrap()
    };
    assert_eq!(closes("2026-11-25T11:00", 0), at("2026-11-25T12:30"));
    assert_eq!(closes("2026-11-25T14:00", 0), at("2026-11-25T14:40"));
    assert_eq!(closes("2026-11-25T14:00", 30), at("2026-11-25T14:10"));
    // Too late for the window: the next one counts.
    assert_eq!(closes("2026-11-25T14:50", 0), at("2026-11-25T16:20"));
}

#[test]
fn a_busy_day_does_not_use_up_its_modifiers() {
    let collect = Duration::from_millis(500);
    let times: Vec<Duration> = (0..36).map(|files| collected_for(collect, files)).collect();
    assert_eq!((times[0], times[5], times[6], times[35]), (collect, collect, 4 * collect, 1024 * collect));
    assert!(times.iter().sum::<Duration>() > Duration::from_secs(3_600), "payments without a pause fill more than an hour");
    let hours = Duration::from_secs(3 * 3_600);
    assert_eq!((collected_for(hours, 35), collected_for(Duration::ZERO, 35)), (hours, Duration::ZERO));
}

#[test]
fn trace_numbers_end_and_are_never_given_twice() {
    let numbering = ReferenceNumbering::of_bank("021000021");
    assert_eq!(numbering.reference(1).as_deref(), Some("021000020000001"));
    assert_eq!(numbering.reference(9_999_999).as_deref(), Some("021000029999999"));
    assert_eq!((numbering.reference(10_000_000), numbering.reference(0)), (None, None));
    assert_eq!(ReferenceNumbering::Prefix("SUSD".to_owned()).reference(36).as_deref(), Some("SUSD00000000010"));
}

#[test]
fn a_refusal_of_a_file_that_is_in_doubt_gives_nothing_back() {
    let refused = |state| file(state).acknowledged("{}".to_owned(), FileVerdict::Rejected("batch 1".to_owned()));
    assert_eq!(refused(FileState::Sent).state, FileState::Rejected);
    let contradicted = refused(FileState::Doubtful);
    assert_eq!((contradicted.state, contradicted.is_in_doubt()), (FileState::Doubtful, true));
    assert!(matches!(answer_of(Some(&contradicted)), Some(BankAnswer::Named(said)) if said.outcome == StatusOutcome::Unclear));
    // What its statement books ends the doubt, and so does an acceptance.
    assert_eq!(contradicted.clone().booked("B-1".to_owned(), "{}".to_owned()).state, FileState::Booked);
    assert_eq!(contradicted.acknowledged("{}".to_owned(), FileVerdict::Accepted).state, FileState::Accepted);
}

#[test]
fn an_upload_leaves_what_the_bank_says_of_it() {
    let after = |answer| file(FileState::Sent).uploaded(answer);
    let (taken, lost) = (after(UploadAnswer::Taken), after(UploadAnswer::Lost("cut".to_owned())));
    assert_eq!((taken.state, taken.taken, taken.why.as_str()), (FileState::Sent, true, ""));
    assert_eq!((lost.state, lost.taken, lost.why.as_str()), (FileState::Sent, false, "cut"));
    assert_eq!(after(UploadAnswer::NameTaken).state, FileState::Doubtful);
}
