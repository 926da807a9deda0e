//! Figures of charts: the same sums as the ticks that viewers see, also after a restart.
use crate::viewers::{BOOK, Monitor, Sums, config, expected, journal, postings, start, viewer};
use api::{
    ledger::{BookMode, VerifyBookRequest},
    monitor::{FigureMeasure, FigureStep, GetFiguresRequest, GetFiguresResponse},
};
use identity::Role;
use monitor::{Config, tables::Store};
use prost_types::Timestamp;
use testbed::{LedgerClock, Storage, Testbed, TestbedOptions, both, reason};
use tokio::sync::watch as time;
use tonic::Status;

const OPTIONS: TestbedOptions = TestbedOptions { books: &[(BOOK, BookMode::Test), ("other", BookMode::Test)], recorded: false };

/// A ledger at half past the next hour.
async fn bed(storage: Storage) -> (Testbed, time::Sender<i64>) {
    let hour_s = money::time::now_ms() / 1_000 / 3_600 * 3_600;
    let (clock, now) = time::channel((hour_s + 5_400) * 1_000_000);
    (Testbed::at(storage, OPTIONS, LedgerClock::Manual(now)).await, clock)
}

fn at(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

fn asked(measure: FigureMeasure, step: FigureStep, (from, to): (i64, i64)) -> GetFiguresRequest {
    GetFiguresRequest { measure: measure.into(), step: step.into(), from: at(from), to: at(to), ..Default::default() }
}

async fn figures(bed: &Testbed, monitor: &Monitor, request: GetFiguresRequest) -> Result<GetFiguresResponse, Status> {
    let request = bed.unexplained("fay", Role::Finance, &[BOOK], request);
    monitor.client.clone().get_figures(request).await.map(tonic::Response::into_inner)
}

/// The figures of all measures as sums.
async fn read(bed: &Testbed, monitor: &Monitor, step: FigureStep, range: (i64, i64)) -> Sums {
    let mut sums = Sums::new();
    for (measure, index) in
        [(FigureMeasure::Postings, 0), (FigureMeasure::Moved, 0), (FigureMeasure::Held, 1), (FigureMeasure::Released, 2)]
    {
        for series in figures(bed, monitor, asked(measure, step, range)).await.unwrap().series {
            assert_eq!(series.unit.is_empty(), measure == FigureMeasure::Postings);
            for point in series.points {
                let name = (point.time.unwrap().seconds, series.kind.clone(), series.unit.clone());
                sums.entry(name).or_default()[index] += point.value;
            }
        }
    }
    sums
}

/// The same sums in longer steps.
fn stepped(sums: &Sums, length_s: i64) -> Sums {
    let mut longer = Sums::new();
    for ((second, kind, unit), amounts) in sums {
        let name = (second / length_s * length_s, kind.clone(), unit.clone());
        longer.entry(name).or_default().iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
    }
    longer
}

async fn business(bed: &Testbed, clock: &time::Sender<i64>) {
    for amount in 1..=6 {
        bed.post("purchase.apple", "house/coins/issued", "viewer/fan/coins", amount * 100).await;
        bed.post("gift", "viewer/fan/coins", "house/coins/redeemed", amount).await;
        // In all more than half an hour, so that the hour changes.
        clock.send_modify(|now| *now += 400_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_the_sums_of_ticks_and_hours_outlast_a_restart() {
    for storage in both() {
        let (bed, clock) = bed(storage).await;
        let begun = *clock.borrow() / 1_000_000;
        let hours = (begun - 3_600, begun + 36_000);
        let monitor = start(&bed, config()).await;
        let mut all = viewer(&bed, &monitor, "").await;
        business(&bed, &clock).await;
        let wanted = expected(&journal(&bed).await);
        let total = i64::try_from(wanted.keys().filter(|(.., unit)| unit.is_empty()).count()).unwrap();
        all.until(wanted.iter().filter(|((.., unit), _)| unit.is_empty()).map(|(_, [count, ..])| count).sum()).await;
        assert!(total > 6 && all.sums() == wanted);
        // Of seconds a quarter of an hour is kept.
        let last = wanted.keys().last().unwrap().0;
        let kept: Sums = wanted.iter().filter(|((second, ..), _)| *second > last - 900).map(|(name, sums)| (name.clone(), *sums)).collect();
        assert_eq!(read(&bed, &monitor, FigureStep::Second, (last - 1_400, last + 100)).await, kept);
        assert_eq!(read(&bed, &monitor, FigureStep::Minute, hours).await, stepped(&wanted, 60));
        let by_hour = stepped(&wanted, 3_600);
        assert!(by_hour.keys().any(|(hour, ..)| *hour > begun), "the hour has changed");
        assert_eq!(read(&bed, &monitor, FigureStep::Hour, hours).await, by_hour);
        // They continue into the stream.
        let answer = figures(&bed, &monitor, asked(FigureMeasure::Postings, FigureStep::Second, (last - 10, last + 1))).await.unwrap();
        assert_eq!((answer.cursor, answer.complete_from_time), (all.cursor(), at(last - 899)));
        let verified = bed.client().verify_book(VerifyBookRequest { book: BOOK.to_owned() }).await.unwrap().into_inner();
        assert_eq!((answer.head_seq, answer.head_hash), (verified.events, verified.head_hash), "the head of the chain");
        monitor.shutdown.cancel();
        // Two at once count the same hours, after one that has stopped; one of them stores nothing.
        let (again, idle) = (start(&bed, config()).await, start(&bed, Config { figures_write_ms: 3_600_000, ..config() }).await);
        for monitor in [&again, &idle] {
            let mut next = viewer(&bed, monitor, &all.cursor()).await;
            business(&bed, &clock).await;
            let events = journal(&bed).await;
            next.until(postings(&events) - all.postings()).await;
            let by_hour = stepped(&expected(&events), 3_600);
            assert_eq!(read(&bed, monitor, FigureStep::Hour, hours).await, by_hour);
            let minutes = figures(&bed, monitor, asked(FigureMeasure::Postings, FigureStep::Minute, (begun, begun + 60))).await.unwrap();
            assert!(minutes.series.is_empty(), "the minutes of before are not there: {minutes:?}");
            assert!(minutes.complete_from_time.unwrap().seconds > last, "and that is said: {minutes:?}");
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_of_another_journal_are_counted_again() {
    for storage in both() {
        let (bed, clock) = bed(storage).await;
        let begun = *clock.borrow() / 1_000_000;
        let store = Store::open(&bed.database).await.unwrap();
        let book = money::BookName::try_new(BOOK).unwrap();
        business(&bed, &clock).await;
        let events = journal(&bed).await;
        // As if the ledger were restored from a backup, and the monitor's tables not.
        let (mut place, _) = store.figure_place(&book).await.unwrap();
        (place.journal.commit_no, place.journal.hash) = (3, "ab".repeat(32));
        let mut hours = monitor::payments::figures::TallyBySteps::new();
        hours.entry(begun / 3_600 * 3_600).or_default().add_postings("gift", 1_000);
        assert!(store.save_figures(&book, &place, &hours).await.unwrap());
        let monitor = start(&bed, config()).await;
        let by_hour = stepped(&expected(&events), 3_600);
        loop {
            let found = read(&bed, &monitor, FigureStep::Hour, (begun - 3_600, begun + 36_000)).await;
            if found == by_hour {
                break;
            }
            tokio::task::yield_now().await;
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_counted_less_far_does_not_replace_what_has_been_counted_further() {
    for storage in both() {
        let store = Store::open(&storage.database).await.unwrap();
        let book = money::BookName::try_new(BOOK).unwrap();
        let hours = |postings| {
            let mut hours = monitor::payments::figures::TallyBySteps::new();
            hours.entry(3_600).or_default().add_postings("gift", postings);
            hours
        };
        let (mut place, empty) = store.figure_place(&book).await.unwrap();
        assert!(empty.is_empty() && place == monitor::tables::FigurePlace::default());
        (place.journal.commit_no, place.committed_us) = (5, Some(3_700_000_000));
        assert!(store.save_figures(&book, &place, &hours(7)).await.unwrap());
        place.journal.commit_no = 4;
        assert!(!store.save_figures(&book, &place, &hours(6)).await.unwrap());
        let (found, last_hour) = store.figure_place(&book).await.unwrap();
        assert_eq!((found.journal.commit_no, last_hour), (5, hours(7)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_can_not_be_are_refused() {
    let (bed, _clock) = bed(Storage::sqlite()).await;
    let monitor = start(&bed, config()).await;
    let good = asked(FigureMeasure::Postings, FigureStep::Second, (1_000, 2_500));
    assert!(figures(&bed, &monitor, good.clone()).await.unwrap().series.is_empty());
    let other = |change: fn(&mut GetFiguresRequest)| {
        let mut request = good.clone();
        change(&mut request);
        request
    };
    for request in [
        other(|request| request.measure = 0),
        other(|request| request.measure = 99),
        other(|request| request.step = 0),
        other(|request| request.from = None),
        other(|request| request.to = None),
        other(|request| request.to = request.from),
        other(|request| request.to = Some(Timestamp { seconds: 2_500, nanos: 1 })),
        other(|request| request.to = Some(Timestamp { seconds: i64::MAX, nanos: 0 })),
        other(|request| request.from = Some(Timestamp { seconds: i64::MIN, nanos: 0 })),
        other(|request| request.from = Some(Timestamp { seconds: 1_000, nanos: -1 })),
        other(|request| request.kinds = vec![String::new()]),
    ] {
        assert_eq!(rpc::reason(&figures(&bed, &monitor, request.clone()).await.unwrap_err()).as_deref(), Some("MALFORMED"), "{request:?}");
    }
    let elsewhere = other(|request| request.book = "other".to_owned());
    assert_eq!(rpc::reason(&figures(&bed, &monitor, elsewhere).await.unwrap_err()).as_deref(), Some("PERMISSION_DENIED"));
    let unknown = bed.unexplained("svc", Role::Service, &["nowhere"], good.clone());
    assert_eq!(reason(monitor.client.clone().get_figures(unknown).await).unwrap_err(), "BOOK_UNKNOWN");
    let viewer = bed.by("u1", Role::Viewer, good);
    assert_eq!(reason(monitor.client.clone().get_figures(viewer).await).unwrap_err(), "PERMISSION_DENIED");
    bed.ledger.shutdown().await;
}
