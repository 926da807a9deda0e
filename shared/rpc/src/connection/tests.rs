//! When a connection is asked to close.
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn bounds(unproven: u64, idle: u64, age: u64) -> ConnectionBounds {
    let s = Duration::from_secs;
    ConnectionBounds { unproven: s(unproven), idle: s(idle), age: s(age), ..ConnectionBounds::default() }
}

async fn lasted(connection: &ConnectionUse, bounds: ConnectionBounds) -> (u64, &'static str) {
    let begun = Instant::now();
    let why = connection.over(bounds).await;
    (begun.elapsed().as_secs(), why)
}

#[tokio::test(start_paused = true)]
async fn who_never_proves_anything_goes_after_seconds_whatever_is_in_flight() {
    let connection = ConnectionUse::new();
    let _open = connection.count_call();
    let (seconds, why) = lasted(&connection, bounds(10, 900, 3_600)).await;
    assert_eq!((seconds, why.contains("valid token")), (10, true), "{why}");
}

#[tokio::test(start_paused = true)]
async fn who_calls_stays_until_it_is_quiet_for_long() {
    let connection = ConnectionUse::new();
    connection.prove();
    let call = connection.count_call();
    let ends = tokio::spawn({
        let connection = connection.clone();
        async move { lasted(&connection, bounds(10, 100, 3_600)).await }
    });
    tokio::task::yield_now().await;
    tokio::time::advance(250 * SECOND).await;
    drop(call);
    let (seconds, why) = ends.await.unwrap();
    assert!((350..=351).contains(&seconds) && why.contains("no call was made"), "{seconds} s: {why}");
}

#[tokio::test(start_paused = true)]
async fn however_busy_it_is_it_has_an_age() {
    let connection = ConnectionUse::new();
    connection.prove();
    let _open = connection.count_call();
    let (seconds, why) = lasted(&connection, bounds(10, 100, 3_600)).await;
    assert_eq!((seconds, why.contains("maximum age")), (3_600, true), "{why}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_no_bound() {
    let connection = ConnectionUse::new();
    assert!(tokio::time::timeout(1_000_000 * SECOND, connection.over(bounds(0, 0, 0))).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn whose_calls_are_nearly_all_refused_is_asked_to_go_and_cut_off_if_it_goes_on() {
    let connection = ConnectionUse::new();
    connection.prove();
    let over = |connection: &Arc<ConnectionUse>| {
        let connection = connection.clone();
        tokio::spawn(async move { tokio::join!(lasted(&connection, bounds(10, 100, 3_600)), connection.hopeless()).0 })
    };
    // As many refused as executed, in any order, is no reason, however many there are.
    for _ in 0..10 * REFUSED_MAX {
        connection.count_refused();
        connection.count_executed();
        connection.count_executed();
    }
    let ended = over(&connection);
    (1..REFUSED_MAX).for_each(|_| connection.count_refused());
    tokio::task::yield_now().await;
    assert!(!connection.abused.is_cancelled() && !ended.is_finished());
    connection.count_refused();
    assert!(connection.abused.is_cancelled() && !connection.hopeless.is_cancelled());
    // What was sent before it could know is answered, however much is refused of that.
    let in_flight: Vec<_> = (0..3 * REFUSED_MAX).map(|_| connection.count_call()).collect();
    connection.end();
    (1..in_flight.len() + REFUSED_AFTER_MAX).for_each(|_| connection.count_refused());
    tokio::task::yield_now().await;
    assert!(!connection.hopeless.is_cancelled() && !ended.is_finished());
    connection.count_refused();
    let (seconds, why) = ended.await.unwrap();
    assert_eq!((seconds, why.contains("refused")), (0, true), "{why}");
}
