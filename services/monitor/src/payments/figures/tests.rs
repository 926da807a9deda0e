//! Unit tests of the sums of steps.
use super::*;
use ledger_client::JournalPlace;

/// A slice with one posting in each of these seconds.
fn slice(seconds: &[i64]) -> PaymentSlice {
    let mut tallies = TallyBySteps::new();
    for second in seconds {
        tallies.entry(*second).or_default().add_postings("gift", 1);
    }
    let committed_us = seconds.last().map(|second| second * 1_000_000);
    PaymentSlice {
        after: JournalPlace::default(),
        place: JournalPlace::default(),
        seconds: tallies,
        house_seconds: TallyBySteps::new(),
        rows: Vec::new(),
        committed_us,
    }
}

fn postings(steps: &TallyBySteps) -> Vec<(i64, i64)> {
    steps.iter().map(|(step, tally)| (*step, tally.kinds().map(|(_, count)| count.postings).sum())).collect()
}

#[test]
fn a_posting_is_in_its_second_its_minute_and_its_hour() {
    let mut figures = PaymentFigures::after(None, TallyBySteps::new());
    figures.add(&slice(&[3_599, 3_600]));
    figures.add(&slice(&[3_600, 3_661]));
    let of = |length| postings(&figures.steps(length, 0, 10_000).0);
    assert_eq!(of(StepLength::Second), [(3_599, 1), (3_600, 2), (3_661, 1)]);
    assert_eq!(of(StepLength::Minute), [(3_540, 1), (3_600, 2), (3_660, 1)]);
    assert_eq!(of(StepLength::Hour), [(0, 1), (3_600, 3)]);
    assert_eq!(postings(&figures.steps(StepLength::Second, 3_600, 3_661).0), [(3_600, 2)], "the end is not included");
}

#[test]
fn memory_is_bounded_and_says_from_when_on_it_is_complete() {
    let mut figures = PaymentFigures::after(None, TallyBySteps::new());
    for second in (0..95_000).step_by(5) {
        figures.add(&slice(&[second]));
    }
    let (seconds, complete_from_s) = figures.steps(StepLength::Second, 0, i64::MAX);
    assert_eq!((seconds.len(), complete_from_s), (180, 94_096));
    let (minutes, complete_from_s) = figures.steps(StepLength::Minute, 0, i64::MAX);
    assert_eq!((minutes.len(), complete_from_s), (1_440, (1_583 - 1_439) * 60));
    // Begun in the middle of a step, that step is not complete.
    let figures = PaymentFigures::after(Some(90_500_000), TallyBySteps::new());
    let from = |length| figures.steps(length, 0, 1).1;
    assert_eq!((from(StepLength::Second), from(StepLength::Minute), from(StepLength::Hour)), (91, 120, 0));
}

#[test]
fn hours_go_to_the_table_whole_and_the_last_one_stays() {
    let mut figures = PaymentFigures::after(None, TallyBySteps::new());
    figures.add(&slice(&[10, 3_700]));
    let (hours, changes) = figures.unsaved();
    assert_eq!(postings(&hours), [(0, 1), (3_600, 1)]);
    figures.saved(changes);
    assert!(!figures.is_changed());
    figures.add(&slice(&[3_701]));
    let (hours, changes) = figures.unsaved();
    assert_eq!(postings(&hours), [(3_600, 2)], "all of the hour, and only that one");
    // What comes while they are stored is stored the next time.
    figures.add(&slice(&[3_702]));
    figures.saved(changes);
    assert_eq!(postings(&figures.unsaved().0), [(3_600, 3)]);
}
