//! Which limits apply to whom, and the refusals.
use super::*;
use crate::errors::{facts, reason};
use identity::BookScope;
use money::UserKey;
use tonic::Code;
use tonic_types::StatusExt as _;

fn principal(role: Role, subject: &str, app: &str) -> Principal {
    Principal {
        subject: UserKey::try_new(subject).unwrap(),
        role,
        app: app.to_owned(),
        books: BookScope::All,
        issuer: "test".into(),
        expires_at: std::time::SystemTime::now(),
        auth_time: None,
    }
}

fn quotas(config: Config) -> Arc<Quotas> {
    assert_eq!(config.problems(), []);
    Quotas::new(&config)
}

fn taken(allowance: &Allowance, most: u32) -> u32 {
    (0..most).take_while(|_| allowance.take(1).is_ok()).count() as u32
}

#[test]
fn each_identity_has_its_own_burst_and_is_told_when_to_come_again() {
    let quotas = quotas(Config { user_per_second: 1, user_burst: 5, ..Config::default() });
    let ann = quotas.allowance(&principal(Role::Viewer, "ann", "a"));
    assert_eq!(taken(&ann, 100), 5);
    let status = ann.take(1).unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")));
    assert_eq!((facts(&status)["of"].as_str(), facts(&status)["per_second"].as_str()), ("user", "1"));
    let wait = status.get_details_retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
    // The same person over another connection, and in another role of a user.
    assert!(quotas.allowance(&principal(Role::Viewer, "ann", "a")).take(1).is_err());
    assert!(quotas.allowance(&principal(Role::Creator, "ann", "a")).take(1).is_err());
    // Other people.
    assert_eq!(taken(&quotas.allowance(&principal(Role::Viewer, "bob", "a")), 100), 5);
    assert_eq!(taken(&quotas.allowance(&principal(Role::Viewer, "ann", "b")), 100), 5);
}

#[test]
fn items_of_a_stream_count_one_by_one_and_more_than_ever_fits_is_refused() {
    let quotas = quotas(Config { user_per_second: 1, user_burst: 5, ..Config::default() });
    let ann = quotas.allowance(&principal(Role::Viewer, "ann", ""));
    ann.take(0).unwrap();
    assert!(ann.take(6).is_err());
    ann.take(5).unwrap();
    assert!(ann.take(1).is_err());
}

#[test]
fn an_apps_users_share_its_allowance_and_services_have_none_unless_told() {
    let config = Config { app_per_second: 1, app_burst: 6, user_per_second: 1, user_burst: 4, ..Config::default() };
    let quotas = quotas(config);
    assert_eq!(taken(&quotas.allowance(&principal(Role::Viewer, "ann", "a")), 100), 4);
    assert_eq!(taken(&quotas.allowance(&principal(Role::Viewer, "bob", "a")), 100), 2);
    assert_eq!(taken(&quotas.allowance(&principal(Role::Viewer, "bob", "b")), 100), 4);
    assert_eq!(taken(&quotas.allowance(&principal(Role::Service, "gift", "a")), 10_000), 10_000);
}

#[test]
fn a_rate_without_a_burst_is_no_setting() {
    let config = Config { user_burst: 0, app_burst: 7, ..Config::default() };
    let wrong: Vec<&str> = config.problems().into_iter().map(|(option, _)| option).collect();
    assert_eq!(wrong, ["user_burst", "app_burst"]);
}

#[test]
fn streams_that_stay_open_are_counted_until_they_end() {
    let quotas = quotas(Config { user_streams: 3, ..Config::NONE });
    let ann = quotas.allowance(&principal(Role::Viewer, "ann", "a"));
    let mut seats: Vec<CallerSeat> = (0..3).map(|_| ann.sit(SeatKind::Stream).unwrap()).collect();
    // Over any connection and in any role.
    let again = quotas.allowance(&principal(Role::Creator, "ann", "a"));
    let status = again.sit(SeatKind::Stream).unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")));
    assert_eq!((facts(&status)["of"].as_str(), facts(&status)["streams_max"].as_str()), ("user", "3"));
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    // Others have their own seats, and services no limit.
    drop(quotas.allowance(&principal(Role::Viewer, "bob", "a")).sit(SeatKind::Stream).unwrap());
    let gift = quotas.allowance(&principal(Role::Service, "gift", ""));
    let _many: Vec<CallerSeat> = (0..100).map(|_| gift.sit(SeatKind::Stream).unwrap()).collect();
    seats.pop();
    seats.push(again.sit(SeatKind::Stream).unwrap());
    assert!(ann.sit(SeatKind::Stream).is_err());
    seats.clear();
    assert_eq!(quotas.held.holders(), 0, "who holds nothing is not remembered");
}

#[test]
fn who_is_refused_by_the_apps_bound_has_taken_nothing_of_its_own_and_the_other_way_round() {
    // So slow that nothing refills while the test runs.
    let slow = |user_burst, app_burst| Config { user_per_second: 1, user_burst, app_per_second: 1, app_burst, ..Config::NONE };
    let quotas = quotas(slow(100, 40));
    let (ann, bob) = (principal(Role::Viewer, "ann", "a"), principal(Role::Viewer, "bob", "a"));
    let allowance = quotas.allowance(&ann);
    allowance.take(40).unwrap();
    let refused = allowance.take(40).unwrap_err();
    assert_eq!(facts(&refused)["of"], "app");
    (0..100).for_each(|_| drop(quotas.allowance(&ann).take(30).unwrap_err()));
    assert!(left(&quotas, &ann) >= 60, "{} of her own", left(&quotas, &ann));

    let quotas = self::quotas(slow(10, 100));
    quotas.allowance(&ann).take(10).unwrap();
    (0..100).for_each(|_| drop(quotas.allowance(&ann).take(10).unwrap_err()));
    // The app's allowance that she was refused is left for others.
    (0..9).for_each(|_| quotas.allowance(&principal(Role::Viewer, &format!("u{}", next()), "a")).take(10).unwrap());
    assert!(quotas.allowance(&bob).take(10).is_err(), "ninety and her ten are all there are");
}

/// A new number at each call.
fn next() -> u32 {
    static LAST: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// How many calls a caller may still make, whatever the app's limit says.
fn left(quotas: &Arc<Quotas>, who: &Principal) -> u32 {
    let bounds = quotas.allowance(who).0.unwrap();
    let (group, key) = bounds.own().unwrap();
    (0..=100).rev().find(|items| group.open(key, *items).is_ok()).unwrap()
}

#[test]
fn what_was_not_done_is_given_back() {
    let quotas = quotas(Config { staff_per_second: 1, staff_burst: 5, ..Config::NONE });
    let sue = quotas.allowance(&principal(Role::Support, "sue", ""));
    sue.take(5).unwrap();
    assert!(sue.take(1).is_err());
    sue.give_back(2);
    sue.take(2).unwrap();
    assert!(sue.take(1).is_err());
}

#[test]
fn a_call_that_one_limit_refuses_takes_nothing_of_the_other() {
    let quotas = quotas(Config { user_per_second: 1, user_burst: 5, user_kept_per_hour: 2, ..Config::NONE });
    let ann = quotas.allowance(&principal(Role::Viewer, "ann", "a"));
    ann.take_call(Some("Buy")).unwrap();
    ann.take_call(Some("Buy")).unwrap();
    for _ in 0..10 {
        assert_eq!(facts(&ann.take_call(Some("Buy")).unwrap_err())["per_hour"], "2");
    }
    ann.take(3).unwrap();
    for _ in 0..10 {
        let status = ann.take_call(Some("Sell")).unwrap_err();
        assert!(!facts(&status).contains_key("per_hour"), "{status:?}");
    }
    // A server that is too busy executes nothing either.
    ann.give_call_back(Some("Buy"));
    ann.take_call(Some("Buy")).unwrap();
    ann.give_back(2);
    ann.take_call(Some("Sell")).unwrap();
    ann.take_call(Some("Sell")).unwrap();
}

#[test]
fn who_has_everything_again_is_forgotten() {
    let quotas = quotas(Config { user_per_second: u32::MAX, user_burst: 1, ..Config::NONE });
    let ann = quotas.allowance(&principal(Role::Viewer, "ann", "a"));
    while ann.take(1).is_err() {}
    let buckets = &quotas.users.as_ref().unwrap().buckets;
    while buckets.count() > 0 {
        buckets.forget_full();
    }
}

#[test]
fn calls_in_flight_are_counted_of_an_identity_and_of_an_address() {
    let quotas = quotas(Config { user_calls: 3, user_streams: 1, address_calls: 5, ..Config::NONE });
    let (ann, bob) = (principal(Role::Viewer, "ann", "a"), principal(Role::Creator, "bob", "a"));
    let call = |who: &Principal| quotas.allowance(who).sit(SeatKind::Call);
    let mut held: Vec<CallerSeat> = (0..3).map(|_| call(&ann).unwrap()).collect();
    let status = call(&ann).unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")));
    assert_eq!((facts(&status)["of"].as_str(), facts(&status)["in_flight_max"].as_str()), ("user", "3"));
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    // Others, and her streams, have their own seats.
    drop(call(&bob).unwrap());
    drop(quotas.allowance(&ann).sit(SeatKind::Stream).unwrap());
    held.pop();
    held.push(call(&ann).unwrap());

    let here = quotas.address("192.0.2.1".parse().unwrap());
    let at_address: Vec<CallerSeat> = (0..5).map(|_| quotas.sit_at(here, Role::Viewer).unwrap()).collect();
    assert_eq!(facts(&quotas.sit_at(here, Role::Creator).unwrap_err())["of"], "address");
    // Staff and services are not kept out by the users at their address.
    drop(quotas.sit_at(here, Role::Service).unwrap());
    drop(quotas.sit_at(quotas.address("192.0.2.2".parse().unwrap()), Role::Viewer).unwrap());
    drop((held, at_address));
    assert_eq!(quotas.held.holders(), 0, "who holds nothing is not remembered");
}

#[test]
fn who_says_nothing_of_itself_is_bounded_by_its_address() {
    let quotas = quotas(Config { open_per_second: 1, open_burst: 4, open_calls: 2, open_streams: 1, ..Config::NONE });
    let (here, there) = (quotas.address("2001:db8::1".parse().unwrap()), quotas.address("2001:db8:1::1".parse().unwrap()));
    let _calls: Vec<CallerSeat> = (0..2).map(|_| quotas.sit_unknown(here, SeatKind::Call).unwrap()).collect();
    assert_eq!(facts(&quotas.sit_unknown(here, SeatKind::Call).unwrap_err())["in_flight_max"], "2");
    let _stream = quotas.sit_unknown(here, SeatKind::Stream).unwrap();
    assert_eq!(facts(&quotas.sit_unknown(here, SeatKind::Stream).unwrap_err())["streams_max"], "1");
    drop(quotas.sit_unknown(there, SeatKind::Stream).unwrap());
    assert_eq!((0..100).filter(|_| quotas.take_open(here).is_ok()).count(), 4);
    assert_eq!(facts(&quotas.take_open(here).unwrap_err())["of"], "address");
    quotas.take_open(there).unwrap();
}
